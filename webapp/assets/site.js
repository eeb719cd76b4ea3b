// The site works without this. It only smooths a few things over.

// A picture shows once it is there; until then, and if it never comes, the coloured tile below it does.
const settle = (image) => {
  if (image.naturalWidth > 0) image.classList.add("loaded");
  else image.remove();
};
for (const image of document.querySelectorAll(".picture img")) {
  if (image.complete) settle(image);
  else for (const event of ["load", "error"]) image.addEventListener(event, () => settle(image), { once: true });
}

// A form is sent once, however often its button is pressed.
addEventListener("submit", (event) => {
  if (event.target.dataset.sent) event.preventDefault();
  if (event.target.method === "post") event.target.dataset.sent = "yes";
});
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});

// On a narrow screen the filters make room for the results.
if (matchMedia("(max-width: 48rem)").matches) {
  for (const filters of document.querySelectorAll("details.filters")) filters.open = false;
}
