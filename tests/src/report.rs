//! What every report must be like, in a real browser: at desktop and phone width, light and dark.

use serde_json::Value;

use crate::Browser;

/// Widths of a desktop window and of a phone, in pixels.
const WIDTHS: [u32; 2] = [1280, 390];

/// Finds what is wrong with the page: a list of sentences.
const FAULTS: &str = "
const faults = [];
for (const section of document.querySelectorAll('main section')) {
  const heading = section.querySelector('h2');
  if (!heading) faults.push(`section ${section.id} has no heading`);
  else if (section.textContent.trim().length < heading.textContent.length + 10) faults.push(`section ${section.id} is empty`);
}
for (const figure of document.querySelectorAll('figure')) {
  const name = figure.querySelector('figcaption').textContent;
  const chart = figure.querySelector('svg.chart');
  if (!chart.getAttribute('aria-label')) faults.push(`${name} has no label`);
  if (!figure.querySelector('details.data td')) faults.push(`${name} has no table of its numbers`);
}
const ids = [...document.querySelectorAll('[id]')].map((element) => element.id);
for (const id of ids.filter((id, place) => ids.indexOf(id) !== place)) faults.push(`id ${id} stands twice`);
for (const link of document.querySelectorAll('a[href^=\"#\"]')) {
  if (!document.getElementById(link.hash.slice(1))) faults.push(`link ${link.hash} leads nowhere`);
}
for (const details of document.querySelectorAll('details.column')) details.open = true;
for (const chart of document.querySelectorAll('svg.chart')) {
  const name = chart.closest('figure').querySelector('figcaption').textContent;
  const frame = chart.getBoundingClientRect();
  const size = 12 * frame.width / chart.viewBox.baseVal.width;
  if (size < 9.5) faults.push(`${name} has letters of ${size.toFixed(1)} pixels`);
  const texts = [...chart.querySelectorAll('text')].map((text) => [text.textContent, text.getBoundingClientRect()]);
  texts.forEach(([text, box], place) => {
    if (box.left < frame.left - 2 || box.right > frame.right + 2 || box.top < frame.top - 2 || box.bottom > frame.bottom + 2) {
      faults.push(`${name}: ${text} stands out of the chart`);
    }
    for (const [other, its] of texts.slice(place + 1)) {
      const width = Math.min(box.right, its.right) - Math.max(box.left, its.left);
      const height = Math.min(box.bottom, its.bottom) - Math.max(box.top, its.top);
      if (width > 1 && height > 4) faults.push(`${name}: ${text} covers ${other}`);
    }
  });
}
return faults;";

/// Opens a report at the widths of a desktop and a phone and asserts that it is whole: nothing stands out of the
/// window or covers other text, no section is empty, every chart has the table of its numbers, links lead somewhere,
/// nothing is asked from anywhere, and it can be printed.
///
/// # Panics
/// If something is wrong with it.
pub fn assert_report_is_whole(browser: &Browser, url: &str) {
    for width in WIDTHS {
        browser.emulate(width, width == WIDTHS[1]);
        browser.requests();
        browser.complaints();
        browser.open(url);
        assert_eq!(browser.overflow(), 0, "{url} is wider than a window of {width} pixels");
        assert_eq!(browser.texts("h1").len(), 1, "{url} has one main heading");
        let faults = browser.script(FAULTS);
        let faults: Vec<&str> = faults.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        assert!(faults.is_empty(), "{url} at {width} pixels: {faults:#?}");
        assert_eq!(browser.overflow(), 0, "{url} with its cards open is wider than a window of {width} pixels");
        assert!(browser.print().len() > 10_000, "{url} prints almost nothing");
        assert_eq!(browser.requests(), [url], "what {url} asked for");
        assert!(browser.foreign_requests().is_empty(), "{url} asks others: {:?}", browser.foreign_requests());
        assert_eq!(browser.complaints(), [""; 0], "what the console says of {url}");
    }
    browser.emulate(WIDTHS[0], false);
}
