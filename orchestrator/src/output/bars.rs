//! Progress as bars on a terminal: one for each stage that runs, and a line for each that ended.

use std::{
    collections::BTreeMap,
    io::{self, Write as _},
    time::Duration,
};

use indicatif::{HumanBytes, HumanCount, MultiProgress, ProgressBar, ProgressStyle};

use super::{Event, Observer, figures};

/// Draws bars.
pub struct Bars {
    screen: MultiProgress,
    running: BTreeMap<String, ProgressBar>,
    width: usize,
}

impl Bars {
    /// Bars on a screen that the log shares.
    pub fn new(screen: MultiProgress) -> Self {
        Self { screen, running: BTreeMap::new(), width: 0 }
    }

    fn start(&mut self, stage: &str, message: String) {
        let style = ProgressStyle::with_template("{spinner} {prefix} {elapsed:>6}  {msg}");
        let bar = self.screen.add(ProgressBar::new_spinner());
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
        bar.set_prefix(format!("{stage:<width$}", width = self.width));
        bar.set_message(message);
        bar.enable_steady_tick(Duration::from_millis(120));
        self.running.insert(stage.to_owned(), bar);
    }

    fn progress(&self, stage: &str, done: u64, total: Option<u64>, unit: &str) {
        let Some(bar) = self.running.get(stage) else { return };
        let figure = |value: u64| {
            if unit == "bytes" { HumanBytes(value).to_string() } else { HumanCount(value).to_string() }
        };
        let unit = if unit == "bytes" { "" } else { unit };
        if let Some(total) = total {
            let style = ProgressStyle::with_template("{spinner} {prefix} {elapsed:>6}  {bar:24} {percent:>3} %  {msg}");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar.set_length(total);
            bar.set_position(done);
            bar.set_message(format!("{} of {} {unit}", figure(done), figure(total)));
        } else {
            bar.set_message(format!("{} {unit}", figure(done)));
        }
    }

    fn end(&mut self, stage: &str, mark: &str, text: &str) {
        if let Some(bar) = self.running.remove(stage) {
            bar.finish_and_clear();
        }
        // A screen that cannot be written to is no reason to stop the run.
        let _ = self.screen.println(format!("{mark} {stage:<width$}  {text}", width = self.width));
    }
}

impl Observer for Bars {
    fn observe(&mut self, event: &Event) {
        match event {
            Event::RunStarted { stages, .. } => {
                self.width = stages.iter().map(|stage| stage.chars().count()).max().unwrap_or_default();
            }
            Event::StageStarted { stage, reasons, .. } => {
                self.start(stage, reasons.first().map(ToString::to_string).unwrap_or_default());
            }
            Event::StageProgress { stage, done, total, unit } => self.progress(stage, *done, *total, unit),
            Event::StageFinished { stage, duration_ms, peak_memory_bytes, .. } => {
                let text = format!("{}, {}", figures::milliseconds(*duration_ms), figures::bytes(*peak_memory_bytes));
                self.end(stage, "✔", &text);
            }
            Event::StageCached { stage, .. } => self.end(stage, "=", "up to date"),
            Event::StageFailed { stage, duration_ms, .. } => {
                self.end(stage, "✘", &format!("failed after {}", figures::milliseconds(*duration_ms)));
            }
            Event::StageSkipped { stage, because } => self.end(stage, "-", &format!("skipped: {because}")),
            Event::Log { .. } => crate::logging::forward(event),
            // The cursor stands behind the last line that was printed; the summary begins a new one.
            Event::RunFinished(_) => self.screen.suspend(|| {
                let _ = writeln!(io::stderr());
            }),
        }
    }
}
