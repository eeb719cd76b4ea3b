//! A running web node or live worker, and requests to it.

use std::{
    ffi::OsStr,
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;
use tempfile::TempDir;

use crate::program::built;

/// How long a state is waited for; much longer than anything may take.
const PATIENCE: Duration = Duration::from_mins(1);
/// How long to wait before a state is looked at again.
const PAUSE: Duration = Duration::from_millis(5);

/// A server on a free port; killed when dropped.
pub struct Server {
    child: Child,
    /// The events of a log of its own.
    _log: Option<TempDir>,
    address: String,
    agent: ureq::Agent,
}

impl Server {
    /// Starts `orchestrator serve` over a store, with a live worker and a log of its own.
    ///
    /// # Panics
    /// As [`Self::run`].
    pub fn start(store: &str) -> Self {
        let log = TempDir::new().expect("a temporary folder");
        let bus = format!("embedded:{}", log.path().join("events.db").display());
        Self::launch(Some(log), 0, "orchestrator", ["serve", "--store", store, "--bus", &bus])
    }

    /// Starts a program that serves something, and waits until it says that it is ready.
    ///
    /// # Panics
    /// If it ends before it is ready; its own words are in the message.
    pub fn run<S: AsRef<OsStr>>(program: &str, arguments: impl IntoIterator<Item = S>) -> Self {
        Self::run_at(0, program, arguments)
    }

    /// As [`Self::run`], on this port: a worker's name in its group holds it.
    ///
    /// # Panics
    /// As [`Self::run`].
    pub fn run_at<S: AsRef<OsStr>>(port: u16, program: &str, arguments: impl IntoIterator<Item = S>) -> Self {
        Self::launch(None, port, program, arguments)
    }

    fn launch<S: AsRef<OsStr>>(
        log: Option<TempDir>,
        port: u16,
        program: &str,
        arguments: impl IntoIterator<Item = S>,
    ) -> Self {
        let mut child = Command::new(built(program))
            .args(arguments)
            .args(["--port", &port.to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program was built before");
        let errors = child.stderr.take().expect("standard error is piped");
        let mut said = String::new();
        let mut lines = BufReader::new(errors).lines();
        let address = loop {
            let Some(Ok(line)) = lines.next() else { panic!("the server ended before it was ready:\n{said}") };
            if let Some(start) = line.find("http://") {
                break line[start..].split([' ', ',']).next().unwrap_or_default().trim_end_matches('/').to_owned();
            }
            said.push_str(&line);
            said.push('\n');
        };
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, _log: log, address, agent: agent() }
    }

    /// `http://127.0.0.1:PORT` of the server, with a path.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.address)
    }

    /// `127.0.0.1:PORT` of the server.
    pub fn authority(&self) -> &str {
        self.address.trim_start_matches("http://")
    }

    /// The port that the server listens on.
    ///
    /// # Panics
    /// Never: the server has said its address.
    pub fn port(&self) -> u16 {
        let port = self.address.rsplit(':').next().and_then(|port| port.parse().ok());
        port.expect("an address ends in its port")
    }

    /// The memory that the server holds, where the system tells.
    pub fn memory_bytes(&self) -> Option<u64> {
        self.memory("VmRSS:")
    }

    /// The most memory that the server held at once, where the system tells.
    pub fn peak_memory_bytes(&self) -> Option<u64> {
        self.memory("VmHWM:")
    }

    /// The processor time that the server has used, where the system tells.
    pub fn processor_seconds(&self) -> Option<f64> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).ok()?;
        // After the name, which may hold anything: user and system time are the 12th and 13th, in hundredths.
        let mut fields = stat.rsplit(')').next()?.split_whitespace().skip(11);
        let mut ticks = || fields.next()?.parse::<f64>().ok();
        Some((ticks()? + ticks()?) / 100.0)
    }

    fn memory(&self, name: &str) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let line = status.lines().find(|line| line.starts_with(name))?;
        line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kibibytes| kibibytes * 1024)
    }

    /// A metric that is a whole number, in the text format of Prometheus; none where it is not told.
    ///
    /// # Panics
    /// If the server does not answer, or the value is no whole number.
    pub fn metric(&self, name: &str) -> Option<u64> {
        let (_, text) = self.page("/metrics");
        let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))?;
        Some(value.parse().unwrap_or_else(|error| panic!("{name} is `{value}`: {error}")))
    }

    /// Waits until a metric is as wanted, and gives its value.
    ///
    /// # Panics
    /// If it is not within a minute.
    pub fn wait_for_metric(&self, name: &str, is_wanted: impl Fn(u64) -> bool) -> u64 {
        let started = Instant::now();
        loop {
            let value = self.metric(name);
            if let Some(value) = value.filter(|value| is_wanted(*value)) {
                return value;
            }
            assert!(started.elapsed() < PATIENCE, "{name} is still {value:?}");
            std::thread::sleep(PAUSE);
        }
    }

    /// The newest list that live events have brought a user; waits for the first.
    ///
    /// # Panics
    /// If none comes within a minute.
    pub fn streamed(&self, user: &str) -> Value {
        let url = self.url(&format!("/api/v1/users/{user}/stream"));
        let response = self.agent.get(&url).call().expect("the server answers");
        let lines = BufReader::new(response.into_body().into_reader()).lines();
        let data = lines.map_while(Result::ok).find_map(|line| line.strip_prefix("data:").map(str::to_owned));
        serde_json::from_str(&data.expect("a list comes over the stream")).expect("a list is JSON")
    }

    /// Status and body of a page.
    ///
    /// # Panics
    /// If the server does not answer.
    pub fn page(&self, path: &str) -> (u16, String) {
        let mut response = self.agent.get(self.url(path)).call().expect("the server answers");
        let body = response.body_mut().read_to_string().expect("the answer is text");
        (response.status().as_u16(), body)
    }

    /// Status and JSON of an API resource.
    ///
    /// # Panics
    /// If the server does not answer with JSON.
    pub fn json(&self, path: &str) -> (u16, Value) {
        let (status, body) = self.page(path);
        (status, serde_json::from_str(&body).unwrap_or_else(|error| panic!("{path}: {error}: {body}")))
    }

    /// Sends JSON and gives status and JSON back.
    ///
    /// # Panics
    /// If the server does not answer with JSON.
    pub fn send(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let url = self.url(path);
        let request = if method == "PUT" { self.agent.put(url) } else { self.agent.post(url) };
        let mut response = request.send_json(body).expect("the server answers");
        let text = response.body_mut().read_to_string().expect("the answer is text");
        let value =
            if text.is_empty() { Value::Null } else { serde_json::from_str(&text).expect("the answer is JSON") };
        (response.status().as_u16(), value)
    }

    /// A connection of its own for posting events.
    pub fn poster(&self) -> Poster {
        Poster { agent: agent(), url: self.url("/api/v1/events") }
    }
}

/// Posts events one after the other over one connection that stays open.
pub struct Poster {
    agent: ureq::Agent,
    url: String,
}

impl Poster {
    /// Status and text of the answer to a body of JSON.
    pub fn post(&self, body: &str) -> Result<(u16, String), ureq::Error> {
        let mut response = self.agent.post(&self.url).content_type("application/json").send(body)?;
        let text = response.body_mut().read_to_string()?;
        Ok((response.status().as_u16(), text))
    }
}

fn agent() -> ureq::Agent {
    let configuration =
        ureq::Agent::config_builder().http_status_as_error(false).timeout_global(Some(PATIENCE)).build();
    configuration.into()
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
