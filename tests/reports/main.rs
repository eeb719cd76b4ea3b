//! A report that has one of everything, in a real Chromium: read, searched and used by keyboard.

mod page;

use std::fs;

use tests::{Browser, assert_report_is_whole};

/// Keys of WebDriver (section 17.4.2).
const ENTER: char = '\u{E007}';
const ESCAPE: char = '\u{E00C}';
const RIGHT: char = '\u{E014}';

/// The report in a folder of its own, and its address.
fn written() -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("report.html");
    fs::write(&path, page::exploration().render().expect("the report renders")).expect("the folder can be written");
    let url = format!("file://{}", path.display());
    (folder, url)
}

#[test]
fn one_of_everything_is_whole_and_small() {
    let html = page::exploration().render().unwrap();
    assert!(html.len() < 300_000, "{} bytes", html.len());
    let Some(browser) = Browser::start() else { return };
    let (_folder, url) = written();
    assert_report_is_whole(&browser, &url);
}

#[test]
fn without_the_script_everything_is_there_and_nothing_is_dead() {
    let Some(browser) = Browser::start() else { return };
    let (folder, _) = written();
    let html = fs::read_to_string(folder.path().join("report.html")).unwrap();
    let (start, rest) = html.split_once("<script>").expect("one script");
    let without = folder.path().join("without.html");
    fs::write(&without, format!("{start}{}", rest.split_once("</script>").unwrap().1)).unwrap();
    browser.emulate(390, false);
    browser.open(&format!("file://{}", without.display()));
    for selector in [".theme", ".copy", ".search"] {
        let shown = format!("return document.querySelector({selector:?}).checkVisibility()");
        assert_eq!(browser.script(&shown), false, "{selector} would do nothing");
    }
    assert_eq!(browser.script("return document.querySelectorAll('svg.chart title').length > 100"), true, "tooltips");
    assert_eq!(browser.overflow(), 0);
}

#[test]
fn it_can_be_used_by_keyboard_alone() {
    let Some(browser) = Browser::start() else { return };
    let (_folder, url) = written();
    for width in [1280, 390] {
        browser.emulate(width, false);
        browser.open(&url);
        colours_change(&browser);
        columns_are_found(&browser);
        a_suggestion_is_copied(&browser);
        a_chart_tells_its_numbers(&browser);
        a_table_is_sorted(&browser);
        the_contents_open_and_close(&browser);
        assert_eq!(browser.complaints(), [""; 0], "what the console says");
    }
}

fn background(browser: &Browser) -> String {
    browser.script("return getComputedStyle(document.body).backgroundColor").to_string()
}

fn colours_change(browser: &Browser) {
    let light = background(browser);
    browser.press(".theme", &[ENTER]);
    let dark = background(browser);
    assert_ne!(dark, light, "the button changes nothing");
    assert_eq!(browser.script("return document.querySelector('.theme').ariaPressed"), "true");
    browser.press(".theme", &[ENTER]);
    assert_eq!(background(browser), light, "the button leads back");
}

fn columns_are_found(browser: &Browser) {
    let shown = |browser: &Browser| browser.texts(".column:not([hidden]) h3");
    assert_eq!(shown(browser).len(), 5);
    browser.press("#column-search", &['k', 'E', 'y']);
    assert_eq!(shown(browser), ["user", "item"], "by type");
    assert_eq!(browser.texts(".search output"), ["2 of 5"]);
    browser.press("#column-search", &[ESCAPE, 'z', 'e', 'r', 'o']);
    assert_eq!(shown(browser), ["helpful_votes_of_the_review"], "by alert");
    browser.press("#column-search", &[ESCAPE]);
    assert_eq!(shown(browser).len(), 5, "all are back");
    browser.press("#column-rating summary", &[ENTER]);
    assert_eq!(browser.script("return document.querySelector('#column-rating .chart').checkVisibility()"), true);
}

fn a_suggestion_is_copied(browser: &Browser) {
    let wanted = browser.script("return document.querySelector('.suggestion pre').textContent");
    assert_eq!(wanted, "preprocess:\n  params:\n    min_user_interactions: 5", "the gravest comes first");
    browser.press(".copy", &[ENTER]);
    browser.wait(
        "new Promise(kept => { const look = () => document.querySelector('.copy').textContent === 'Copy' ? setTimeout(look, 20) : kept(); look(); })",
    );
    assert_eq!(browser.script("return getSelection().toString()"), wanted, "it is selected at least");
}

fn a_chart_tells_its_numbers(browser: &Browser) {
    browser.press("#distributions .chart", &[RIGHT, RIGHT]);
    assert_eq!(browser.texts(".tip"), ["1, not verified: 30,000"]);
    let inside = "const box = document.querySelector('.tip').getBoundingClientRect();
        return box.left >= 0 && box.right <= document.documentElement.clientWidth && box.top >= 0";
    assert_eq!(browser.script(inside), true, "the tooltip stands in the window");
    browser.press("#distributions .data summary", &[ENTER]);
    let table = browser.texts("#distributions .data[open] tbody tr:first-child");
    assert!(table[0].contains("30,000"), "{table:?}");
}

fn a_table_is_sorted(browser: &Browser) {
    let first = |browser: &Browser| browser.texts("#distributions .tables tbody tr:first-child td:nth-child(2)");
    browser.press("#distributions .tables th:nth-child(2) button", &[ENTER]);
    assert_eq!(first(browser), ["1,000"]);
    assert_eq!(browser.script("return document.querySelector('.tables th[aria-sort]').ariaSort"), "ascending");
    browser.press("#distributions .tables th:nth-child(2) button", &[ENTER]);
    assert_eq!(first(browser), ["8,000"]);
}

fn the_contents_open_and_close(browser: &Browser) {
    browser.press(".toc summary", &[ENTER]);
    assert!(browser.texts(".toc[open] .panel a").contains(&"Long tail".to_owned()));
    browser.press(".toc a[href='#time']", &[ENTER]);
    browser.wait(
        "new Promise(kept => { const look = () => document.querySelector('.here').textContent === 'Time' ? kept() : setTimeout(look, 20); look(); })",
    );
    assert!(browser.texts(".toc[open]").is_empty(), "a link closes the contents");
    browser.press(".toc summary", &[ENTER, ESCAPE]);
    assert!(browser.texts(".toc[open]").is_empty(), "Escape closes the contents");
}
