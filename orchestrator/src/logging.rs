//! Logs: `tracing` to standard error, above the progress bars where there are any.

use std::{
    io::{self, IsTerminal, Write},
    sync::OnceLock,
};

use clap::ValueEnum;
use indicatif::MultiProgress;
use tracing_subscriber::{EnvFilter, fmt::MakeWriter};

use crate::output::Event;

/// How logs are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

impl LogFormat {
    /// Its word on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Json => "json",
        }
    }
}

/// The screen that bars and log lines share; hidden where standard error is no terminal.
static SCREEN: OnceLock<MultiProgress> = OnceLock::new();

/// The screen that bars and log lines share.
pub fn screen() -> MultiProgress {
    SCREEN.get_or_init(MultiProgress::new).clone()
}

/// Starts logging; `RUST_LOG` overrides the level, which is `info` (without the web framework's own).
pub fn start(format: LogFormat) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info,rocket=off"));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(Screen).with_target(false);
    // Only the first start counts: tests start it more than once.
    let _ = match format {
        LogFormat::Text => builder.with_ansi(io::stderr().is_terminal()).try_init(),
        LogFormat::Json => builder.json().try_init(),
    };
}

/// Writes a line of a stage's log as it came; it has its time and level already.
pub fn forward(event: &Event) {
    if let Event::Log { stage, line } = event {
        // What a stage logs names it already; what a command prints does not.
        let is_named = line.starts_with('{') || line.contains("stage{name=");
        let prefix = if is_named { String::new() } else { format!("[{stage}] ") };
        let _ = writeln!(Screen.make_writer(), "{prefix}{line}");
    }
}

struct Screen;

impl<'a> MakeWriter<'a> for Screen {
    type Writer = ScreenWriter;

    fn make_writer(&'a self) -> ScreenWriter {
        ScreenWriter(Vec::new())
    }
}

/// Collects one log line and writes it at once, with the bars out of the way.
struct ScreenWriter(Vec<u8>);

impl Write for ScreenWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for ScreenWriter {
    fn drop(&mut self) {
        // There is nowhere to tell that the log cannot be written.
        let _ = screen().suspend(|| io::stderr().write_all(&self.0));
    }
}
