//! Events as JSON, one object a line, for programs.

use std::io::Write;

use super::{Event, Observer};

/// Writes each event as one line of JSON.
pub struct JsonLines<W>(pub W);

impl<W: Write> Observer for JsonLines<W> {
    fn observe(&mut self, event: &Event) {
        if matches!(event, Event::Log { .. }) {
            crate::logging::forward(event);
            return;
        }
        let line = serde_json::to_string(event).expect("events are plain data");
        // A reader that has gone is no reason to stop the run.
        let _ = writeln!(self.0, "{line}").and_then(|()| self.0.flush());
    }
}
