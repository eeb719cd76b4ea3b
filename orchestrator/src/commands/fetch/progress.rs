//! How far a transfer is: a bar on a terminal, a line every ten seconds elsewhere.

use std::{
    cell::Cell,
    io::{self, IsTerminal},
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressStyle};

use crate::{logging, output::figures};

/// Time between two lines.
const PAUSE: Duration = Duration::from_secs(10);

/// Tells how far one file is.
pub struct Progress {
    name: String,
    bar: Option<ProgressBar>,
    told: Cell<Instant>,
}

impl Progress {
    /// No bytes yet of what `name` says.
    pub fn new(name: String) -> Self {
        let bar = io::stderr().is_terminal().then(|| {
            let style = ProgressStyle::with_template(
                "{spinner} {prefix}  {bar:24} {percent:>3} %  {decimal_bytes} of {decimal_total_bytes}, {decimal_bytes_per_sec}, {eta} left",
            );
            let bar = logging::screen().add(ProgressBar::no_length());
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar.set_prefix(name.clone());
            bar
        });
        Self { name, bar, told: Cell::new(Instant::now()) }
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
        if self.told.get().elapsed() >= PAUSE {
            self.told.set(Instant::now());
            let of = total.map_or(String::new(), |total| format!(" of {}", figures::bytes(total)));
            tracing::info!("{}: {}{of}", self.name, figures::bytes(done));
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
