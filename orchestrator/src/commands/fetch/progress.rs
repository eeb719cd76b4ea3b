//! How far a transfer is: a bar on a terminal, a line a tenth elsewhere.

use std::{
    cell::Cell,
    io::{self, IsTerminal},
};

use indicatif::{ProgressBar, ProgressStyle};

use crate::{logging, output::figures};

/// Tells how far one file is.
pub struct Progress {
    name: String,
    bar: Option<ProgressBar>,
    tenths: Cell<u64>,
}

impl Progress {
    /// No bytes yet of what `name` says.
    pub fn new(name: String) -> Self {
        let bar = io::stderr().is_terminal().then(|| {
            let style = ProgressStyle::with_template(
                "{spinner} {prefix}  {bar:24} {percent:>3} %  {bytes} of {total_bytes}, {binary_bytes_per_sec}, {eta} left",
            );
            let bar = logging::screen().add(ProgressBar::no_length());
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar.set_prefix(name.clone());
            bar
        });
        Self { name, bar, tenths: Cell::new(0) }
    }

    /// So many bytes of a total, if that is known.
    pub fn at(&self, done: u64, total: Option<u64>) {
        if let Some(bar) = &self.bar {
            if let Some(total) = total {
                bar.set_length(total);
            }
            bar.set_position(done);
            return;
        }
        let Some(total) = total.filter(|total| *total > 0) else { return };
        let tenths = 10 * done / total;
        // What begins anew is told anew.
        let before = self.tenths.replace(tenths);
        if tenths > before && tenths < 10 {
            let (done, of) = (figures::bytes(done), figures::bytes(total));
            tracing::info!("{}: {done} of {of} ({}0 %)", self.name, tenths);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
