//! What the end-to-end tests share: where things are, running the program, talking to its server.

mod browser;
mod program;
mod real_data;
mod server;

pub use browser::Browser;
pub use program::{Outcome, Program, binary};
pub use real_data::{RealData, real_data, real_data_folder};
pub use server::Server;

use std::path::PathBuf;

/// The root of the workspace.
pub fn workspace_root() -> PathBuf {
    let manifest = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().map_or_else(|| manifest.clone(), std::path::Path::to_path_buf)
}

/// The URL of a database of that name on the MongoDB server that `MONGODB_URL` names.
///
/// # Panics
/// If there is none although `REQUIRE_SERVICES=1` says that it must be there.
pub fn mongodb_url(database: &str) -> Option<String> {
    let url = std::env::var("MONGODB_URL").ok().and_then(|url| {
        let server = url.strip_prefix("mongodb://")?.split('/').next()?;
        Some(format!("mongodb://{server}/{database}"))
    });
    assert!(
        url.is_some() || std::env::var("REQUIRE_SERVICES").as_deref() != Ok("1"),
        "MONGODB_URL is not set; run the tests through scripts/test.sh"
    );
    url
}
