// The site works without this. It only smooths a few things over.

// A picture shows once it is there; until then, and if it never comes, the coloured tile below it does.
const settle = (image) => {
  if (image.naturalWidth > 0) image.classList.add("loaded");
  else image.remove();
};
const watch = (image) => {
  if (image.complete) settle(image);
  else for (const event of ["load", "error"]) image.addEventListener(event, () => settle(image), { once: true });
};
document.querySelectorAll(".picture img").forEach(watch);

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

// A list of recommendations follows what its user does, here or elsewhere.
const list = document.querySelector("[data-stream]");
if (list) {
  const state = document.querySelector("[data-live]");
  const say = (text) => {
    state.textContent = text;
    state.hidden = !text;
  };
  // Whether what is done shows at the moment: both the connection and what stands behind it can be away.
  const live = (is, text) => {
    state.dataset.live = is;
    say(text);
  };
  const asin = (card) => decodeURIComponent(card.querySelector("a").pathname.split("/").pop());
  const stream = new EventSource(list.dataset.stream);
  stream.addEventListener("open", () => live(true, ""));
  stream.addEventListener("error", () => live(false, "The connection is interrupted; the list is brought up to date when it is back."));
  stream.addEventListener("state", (event) => {
    if (JSON.parse(event.data).live) live(true, "Live again.");
    else live(false, "Not live at the moment: what is done now shows later, and nothing is lost.");
  });
  stream.addEventListener("failure", (event) => say(event.data));
  stream.addEventListener("recommendations", (event) => {
    const before = new Set([...list.children].map(asin));
    list.innerHTML = JSON.parse(event.data).cards;
    for (const card of list.children) if (!before.has(asin(card))) card.classList.add("new");
    for (const image of list.querySelectorAll(".picture img")) watch(image);
    say("The list has just followed what was done.");
  });
}
