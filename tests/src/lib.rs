//! What the end-to-end tests share: where things are, running the program, talking to its server.

mod browser;
mod program;
mod real_data;
mod report;
mod server;
mod services;
mod streams;

pub use browser::Browser;
pub use program::{Outcome, Program, binary};
pub use real_data::{RealData, real_data, real_data_folder};
pub use report::assert_report_is_whole;
pub use server::{Poster, Server};
pub use services::{Broker, free_port, kafka_url, mongodb_url, topic_prefix};
pub use streams::{Streams, Update};

use std::path::PathBuf;

/// The root of the workspace.
pub fn workspace_root() -> PathBuf {
    let manifest = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().map_or_else(|| manifest.clone(), std::path::Path::to_path_buf)
}
