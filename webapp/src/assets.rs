//! Style sheet, script and icon: inside the program, under an address that changes with them.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::LazyLock;

use rocket::http::{ContentType, Header};
use rocket::{Responder, Route, get, routes};

const STYLE: &str = include_str!("../assets/site.css");
const SCRIPT: &str = include_str!("../assets/site.js");
const ICON: &str = include_str!("../assets/icon.svg");

/// Changes whenever an asset does, so that browsers may keep each for good.
static REVISION: LazyLock<String> = LazyLock::new(|| {
    let mut hasher = DefaultHasher::new();
    (STYLE, SCRIPT, ICON).hash(&mut hasher);
    format!("{:016x}", hasher.finish())
});

/// Where the assets of this build are.
pub(crate) fn base() -> String {
    format!("/assets/{}", *REVISION)
}

#[derive(Responder)]
struct Asset {
    content: &'static str,
    kind: ContentType,
    keep: Header<'static>,
}

#[get("/<revision>/<name>")]
fn asset(revision: &str, name: &str) -> Option<Asset> {
    if revision != *REVISION {
        return None;
    }
    let (content, kind) = match name {
        "site.css" => (STYLE, ContentType::CSS),
        "site.js" => (SCRIPT, ContentType::JavaScript),
        "icon.svg" => (ICON, ContentType::SVG),
        _ => return None,
    };
    Some(Asset { content, kind, keep: Header::new("Cache-Control", "public, max-age=31536000, immutable") })
}

/// The routes below `/assets`.
pub(crate) fn routes() -> Vec<Route> {
    routes![asset]
}
