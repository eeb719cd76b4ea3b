//! A running `orchestrator serve`, and requests to it.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    time::Duration,
};

use serde_json::Value;
use tempfile::TempDir;

use crate::program::binary;

/// A server over a store, on a free port; ended when dropped.
pub struct Server {
    child: Child,
    _log: TempDir,
    address: String,
    agent: ureq::Agent,
}

impl Server {
    /// Starts the server and waits until it says that it is ready.
    ///
    /// # Panics
    /// If it ends before it is ready; its own words are in the message.
    pub fn start(store: &str) -> Self {
        let log = TempDir::new().expect("a temporary folder");
        let bus = format!("embedded:{}", log.path().join("events.db").display());
        let mut child = Command::new(binary())
            .args(["serve", "--store", store, "--bus", &bus, "--port", "0"])
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
        let configuration = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_mins(1)))
            .build();
        Self { child, _log: log, address, agent: configuration.into() }
    }

    /// `http://127.0.0.1:PORT` of the server, with a path.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.address)
    }

    /// The most memory that the server held at once, where the system tells.
    pub fn peak_memory_bytes(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
        line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kibibytes| kibibytes * 1024)
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
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
