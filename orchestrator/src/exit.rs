//! The exit codes of the program, in one place.

use std::process::ExitCode;

/// How the program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// All done.
    Done,
    /// A stage failed, or something else did while work went on.
    Failed,
    /// The pipeline file or the command line is wrong; nothing was done.
    BadPipeline,
    /// A service, such as the store, cannot be reached.
    Unreachable,
    /// Stopped by Ctrl-C or a request to terminate.
    Interrupted,
}

/// The codes for the end of `--help`.
pub const EXIT_CODES: &str = "Exit codes:
  0    done
  1    a stage failed
  2    the pipeline file or the arguments are wrong; nothing was run
  3    a service such as the store cannot be reached
  130  interrupted";

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::BadPipeline => 2,
            Exit::Unreachable => 3,
            Exit::Interrupted => 130,
        })
    }
}
