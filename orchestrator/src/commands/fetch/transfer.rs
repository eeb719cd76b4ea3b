//! One file from a server to the disk, however often the connection breaks on the way.
//!
//! What came is kept and only the rest is asked for, as long as the server vouches that it is of the
//! same version (`If-Range`); a file that changed begins anew. Attempts are counted as long as they
//! bring nothing new, so a bad line ends well and a dead one soon.

use std::{path::Path, thread, time::Duration};

use ureq::Agent;

use super::{
    answer::Answer,
    client::client,
    failure::FetchError,
    part::{Part, Version},
    progress::Progress,
};
use crate::output::figures;

/// Bytes that are read at once.
const BUFFER_BYTES: usize = 256 << 10;
/// The longest pause that grows by itself.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);
/// The longest pause that a server may ask for.
const LONGEST_RETRY_AFTER: Duration = Duration::from_mins(10);

/// How patient a transfer is.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// How many attempts in a row may bring nothing new after the first one.
    pub retries: u32,
    /// The first pause; each further one is twice as long.
    pub pause: Duration,
    /// How long a connection may be silent.
    pub stall: Duration,
}

impl Patience {
    /// The pause after so many attempts in a row that brought nothing new; none if it is not worth it.
    fn pause(&self, failures: u32, wanted: Option<Duration>) -> Option<Duration> {
        if failures > self.retries || wanted.is_some_and(|wanted| wanted > LONGEST_RETRY_AFTER) {
            return None;
        }
        let doubled = 2_u32.saturating_pow(failures.saturating_sub(1));
        Some(wanted.unwrap_or_else(|| self.pause.saturating_mul(doubled).min(LONGEST_PAUSE.max(self.pause))))
    }
}

/// Why an attempt did not bring the whole file.
enum Trouble {
    /// Another attempt may help.
    Passing { error: FetchError, after: Option<Duration> },
    /// None will.
    Lasting(FetchError),
}

impl From<FetchError> for Trouble {
    fn from(error: FetchError) -> Self {
        Self::Lasting(error)
    }
}

fn passing(error: FetchError) -> Trouble {
    Trouble::Passing { error, after: None }
}

/// Fetches `url` into the part of `target`, which is then complete but not yet checked.
pub fn transfer(url: &str, target: &Path, patience: &Patience, progress: &Progress) -> Result<Part, FetchError> {
    let mut transfer = Transfer { url, part: Part::open(target, url)?, attempts: 0, progress };
    match transfer.complete(patience) {
        Ok(()) => Ok(transfer.part),
        // Nothing came: nothing is left behind.
        Err(error) if transfer.part.length() == 0 => transfer.part.discard().and(Err(error)),
        Err(error) => Err(error),
    }
}

struct Transfer<'a> {
    url: &'a str,
    part: Part,
    /// Attempts in a row that brought nothing new, the present one included.
    attempts: u32,
    progress: &'a Progress,
}

impl Transfer<'_> {
    fn complete(&mut self, patience: &Patience) -> Result<(), FetchError> {
        let agent = client(patience.stall)?;
        let mut furthest = self.part.length();
        while !self.part.is_complete() {
            let (error, after) = match self.attempt(&agent) {
                Ok(()) => break,
                Err(Trouble::Lasting(error)) => return Err(error),
                Err(Trouble::Passing { error, after }) => (error, after),
            };
            if self.part.length() > furthest {
                furthest = self.part.length();
                self.attempts = 1;
            }
            let Some(pause) = patience.pause(self.attempts, after) else { return Err(error) };
            let cause = std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string);
            let (attempt, of) = (self.attempts + 1, patience.retries + 1);
            tracing::warn!("{}: {cause}; attempt {attempt} of {of} in {}", self.url, figures::duration(pause));
            thread::sleep(pause);
        }
        Ok(())
    }

    fn attempt(&mut self, agent: &Agent) -> Result<(), Trouble> {
        self.attempts += 1;
        let mut request = agent.get(self.url).header("Accept-Encoding", "identity");
        let rest = self.part.version().validator().filter(|_| self.part.length() > 0);
        let is_rest = rest.is_some();
        if let Some(validator) = rest {
            let range = format!("bytes={}-", self.part.length());
            request = request.header("Range", range).header("If-Range", validator);
        }
        let response = request.call().map_err(|error| self.unreachable(error))?;
        match Answer::of(&response) {
            Answer::Whole(version) => self.begin(version)?,
            Answer::Rest { start, version } if is_rest => self.go_on(start, &version)?,
            Answer::NothingMore(total) if is_rest => return self.nothing_more(total),
            Answer::Later { status, after } => {
                return Err(Trouble::Passing { error: self.status(status), after });
            }
            Answer::Rest { .. } | Answer::NothingMore(_) | Answer::Refused(_) => {
                return Err(self.status(response.status().to_string()).into());
            }
        }
        self.receive(response.into_body().into_reader())
    }

    fn begin(&mut self, version: Version) -> Result<(), Trouble> {
        if self.part.length() > 0 {
            let has_changed = !version.may_equal(self.part.version());
            let why = if has_changed { "the file has changed on the server" } else { "the server cannot go on" };
            tracing::info!("{}: {why}; it begins anew", self.url);
        }
        Ok(self.part.begin(version)?)
    }

    fn go_on(&mut self, start: u64, version: &Version) -> Result<(), Trouble> {
        let length = self.part.length();
        if start == length && version.may_equal(self.part.version()) {
            tracing::info!("{}: goes on behind {}", self.url, figures::bytes(length));
            return Ok(());
        }
        let what = if start == length {
            "it sent the rest of another version than the one it was asked for".to_owned()
        } else {
            format!("it was asked for the bytes from {length} on and sent those from {start} on")
        };
        self.part.begin(Version::default())?;
        Err(passing(FetchError::Contradiction { url: self.url.to_owned(), what, kept: String::new() }))
    }

    fn nothing_more(&mut self, total: Option<u64>) -> Result<(), Trouble> {
        let length = self.part.length();
        if total == Some(length) {
            return Ok(());
        }
        self.part.begin(Version::default())?;
        let what = format!("it has nothing behind byte {length}");
        Err(passing(FetchError::Contradiction { url: self.url.to_owned(), what, kept: String::new() }))
    }

    fn receive(&mut self, mut body: impl std::io::Read) -> Result<(), Trouble> {
        let mut buffer = vec![0; BUFFER_BYTES];
        loop {
            self.progress.at(self.part.length(), self.part.version().total);
            match body.read(&mut buffer) {
                Ok(0) => break,
                Ok(length) => self.part.append(&buffer[..length])?,
                Err(source) => return Err(passing(self.cut(source))),
            }
        }
        match self.part.version().total {
            Some(total) if total > self.part.length() => {
                Err(passing(self.cut(std::io::Error::other("the connection was closed"))))
            }
            Some(total) if total < self.part.length() => {
                let what = format!("it tells of {total} bytes and sent {}", self.part.length());
                self.part.begin(Version::default())?;
                Err(passing(FetchError::Contradiction { url: self.url.to_owned(), what, kept: String::new() }))
            }
            _ => Ok(()),
        }
    }

    fn unreachable(&self, error: ureq::Error) -> Trouble {
        use ureq::Error::{ConnectProxyFailed, ConnectionFailed, HostNotFound, Io, Protocol, Timeout};
        let is_passing = match &error {
            // So is told that a certificate is not trusted.
            Io(error) => error.kind() != std::io::ErrorKind::InvalidData,
            Timeout(_) | HostNotFound | ConnectionFailed | ConnectProxyFailed(_) | Protocol(_) => true,
            _ => false,
        };
        let (attempts, kept, source) = (self.attempts_text(), self.kept(), Box::new(error));
        let error = FetchError::Unreachable { url: self.url.to_owned(), attempts, kept, source };
        if is_passing { passing(error) } else { error.into() }
    }

    fn status(&self, status: String) -> FetchError {
        let hint = match status.get(..3) {
            Some("404" | "410") => {
                "; the site may have moved: look for the file there and give what stands before its folders by --base-url"
            }
            Some("401" | "403") => "; it does not give this file to everyone",
            Some("407") => "; the proxy wants a name and password, as in HTTPS_PROXY=http://NAME:PASSWORD@HOST:PORT",
            Some("429" | "503") => "; ask again later",
            _ => "",
        };
        FetchError::Status { url: self.url.to_owned(), status, hint, kept: self.kept() }
    }

    fn cut(&self, source: std::io::Error) -> FetchError {
        let length = self.part.length();
        let place = match self.part.version().total {
            Some(total) => format!("at byte {length} of {total}"),
            None => format!("at byte {length}"),
        };
        FetchError::Cut { url: self.url.to_owned(), attempts: self.attempts_text(), place, kept: self.kept(), source }
    }

    fn attempts_text(&self) -> String {
        if self.attempts > 1 { format!(" in {} attempts in a row", self.attempts) } else { String::new() }
    }

    fn kept(&self) -> String {
        match self.part.length() {
            0 => String::new(),
            _ => format!("; what came so far is in {}, and the same command goes on", self.part.path().display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_end() {
        let patience = Patience { retries: 9, pause: Duration::from_secs(1), stall: Duration::from_mins(1) };
        let seconds = |failures, wanted: Option<u64>| {
            patience.pause(failures, wanted.map(Duration::from_secs)).map(|pause| pause.as_secs())
        };
        let pauses: Vec<_> = (1..=10).map(|failures| seconds(failures, None)).collect();
        let expected = [1, 2, 4, 8, 16, 32, 60, 60, 60].map(Some);
        assert_eq!(pauses, [&expected[..], &[None]].concat());
        assert_eq!(seconds(1, Some(90)), Some(90), "what the server asks for");
        assert_eq!(seconds(1, Some(601)), None, "more than ten minutes: the user is told");
    }
}
