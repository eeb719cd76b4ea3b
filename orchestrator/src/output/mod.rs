//! What people and programs read of a run: progress as it goes, and a summary at its end.

mod bars;
mod event;
pub mod figures;
mod json;
mod lines;
mod shell;
mod summary;
mod table;

pub use bars::Bars;
pub use event::{Event, Observer};
pub use json::JsonLines;
pub use lines::Lines;
pub use shell::{quoted, settings_text};
pub use summary::Summary;
pub use table::{Align, table};
