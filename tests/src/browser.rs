//! A real headless Chromium, driven through the WebDriver protocol by `chromedriver`.

use std::{
    env,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

/// Key under which WebDriver puts an element's id (W3C WebDriver, section 11).
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// A browser window; closed when dropped.
pub struct Browser {
    driver: Child,
    session: String,
    agent: ureq::Agent,
    profile: tempfile::TempDir,
}

impl Browser {
    /// Starts a browser, or none where chromedriver is not installed.
    ///
    /// # Panics
    /// If it is missing although `REQUIRE_SERVICES=1` says that it must be there, or does not start.
    pub fn start() -> Option<Self> {
        let driver = Command::new("chromedriver").arg("--port=0").stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
        let Ok(mut driver) = driver else {
            assert_ne!(
                env::var("REQUIRE_SERVICES").as_deref(),
                Ok("1"),
                "chromedriver is missing; run scripts/test.sh"
            );
            println!("skipped: chromedriver is not installed");
            return None;
        };
        let output = driver.stdout.take().expect("standard output is piped");
        let mut lines = BufReader::new(output).lines().map_while(Result::ok);
        let port = lines
            .find_map(|line| {
                line.split_once("successfully on port ").map(|(_, port)| port.trim_end_matches('.').to_owned())
            })
            .expect("chromedriver tells its port");
        std::thread::spawn(move || lines.for_each(drop));
        let profile = tempfile::tempdir().expect("a temporary folder");
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_mins(2)))
            .build()
            .into();
        let mut browser = Self { driver, session: format!("http://127.0.0.1:{port}/session"), agent, profile };
        let answer = browser.post("", &capabilities(browser.profile.path()));
        browser.session = format!("{}/{}", browser.session, answer["sessionId"].as_str().expect("a new session"));
        Some(browser)
    }

    fn post(&self, path: &str, body: &Value) -> Value {
        self.try_post(path, body).unwrap_or_else(|answer| panic!("{path}: {answer}"))
    }

    /// The answer's value, or the whole answer if it is an error.
    fn try_post(&self, path: &str, body: &Value) -> Result<Value, Value> {
        let mut response =
            self.agent.post(format!("{}{path}", self.session)).send_json(body).expect("chromedriver answers");
        let text = response.body_mut().read_to_string().expect("chromedriver answers with text");
        let answer: Value = serde_json::from_str(&text).expect("chromedriver answers with JSON");
        if response.status().is_success() { Ok(answer["value"].clone()) } else { Err(answer) }
    }

    fn element(&self, selector: &str) -> String {
        let found = self.post("/element", &json!({"using": "css selector", "value": selector}));
        found[ELEMENT].as_str().expect("an element has an id").to_owned()
    }

    /// Sets the size of the window in pixels.
    pub fn resize(&self, width: u32, height: u32) {
        self.post("/window/rect", &json!({"width": width, "height": height}));
    }

    /// Shows pages as a screen of a width does, light or dark; narrow ones as a phone.
    pub fn emulate(&self, width: u32, is_dark: bool) {
        let size = json!({"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600});
        self.devtools("Emulation.setDeviceMetricsOverride", &size);
        let scheme = if is_dark { "dark" } else { "light" };
        let features = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        self.devtools("Emulation.setEmulatedMedia", &features);
    }

    fn devtools(&self, command: &str, parameters: &Value) -> Value {
        self.post("/goog/cdp/execute", &json!({"cmd": command, "params": parameters}))
    }

    /// Puts the focus on the first element that a CSS selector finds and presses keys there, one after another.
    ///
    /// # Panics
    /// If the element cannot have the focus.
    pub fn press(&self, selector: &str, keys: &[char]) {
        let body = format!(
            "const target = document.querySelector({selector:?}); target.focus(); return document.activeElement === target"
        );
        assert_eq!(self.script(&body), true, "{selector} cannot be reached by keyboard");
        let strokes = keys.iter().flat_map(|key| ["keyDown", "keyUp"].map(|kind| json!({"type": kind, "value": key})));
        let strokes: Vec<Value> = strokes.collect();
        self.post("/actions", &json!({"actions": [{"type": "key", "id": "keyboard", "actions": strokes}]}));
    }

    /// The page as a PDF, in base64.
    ///
    /// # Panics
    /// If the page cannot be printed.
    pub fn print(&self) -> String {
        self.post("/print", &json!({})).as_str().expect("a PDF in base64").to_owned()
    }

    /// Addresses that were asked for since the last call, as the browser's own log has them; none of `data:`.
    pub fn requests(&self) -> Vec<String> {
        let entries = self.post("/se/log", &json!({"type": "performance"}));
        let messages = entries.as_array().into_iter().flatten().filter_map(|entry| entry["message"].as_str());
        let events = messages.filter_map(|message| serde_json::from_str::<Value>(message).ok());
        let sent = events.filter(|event| event["message"]["method"] == "Network.requestWillBeSent");
        let urls = sent.filter_map(|event| event["message"]["params"]["request"]["url"].as_str().map(str::to_owned));
        urls.filter(|url| !url.starts_with("data:")).collect()
    }

    /// What the console said since the last call: errors of scripts, and what a security policy refused.
    pub fn complaints(&self) -> Vec<String> {
        let entries = self.post("/se/log", &json!({"type": "browser"}));
        entries.as_array().into_iter().flatten().map(ToString::to_string).collect()
    }

    /// Opens a page and waits until it is loaded.
    pub fn open(&self, url: &str) {
        self.post("/url", &json!({"url": url}));
    }

    /// Clicks on the first element that a CSS selector finds, and waits for the page that it leads to.
    ///
    /// # Panics
    /// If no other page has come after half a minute.
    pub fn follow(&self, selector: &str) {
        let element = self.element(selector);
        // The click alone may return before a form's answer has come, so the old page is marked.
        self.script("window.isLeft = true");
        self.post(&format!("/element/{element}/click"), &json!({}));
        let body = "return document.readyState === 'complete' && !window.isLeft";
        let arrived = json!({"script": body, "args": []});
        let started = Instant::now();
        // Between two pages there is nothing to run a script in; that is an error of the driver.
        while self.try_post("/execute/sync", &arrived) != Ok(Value::Bool(true)) {
            assert!(started.elapsed() < Duration::from_secs(30), "no page followed a click on {selector}");
        }
    }

    /// Types into the first element that a CSS selector finds.
    pub fn fill(&self, selector: &str, text: &str) {
        let element = self.element(selector);
        self.post(&format!("/element/{element}/value"), &json!({"text": text}));
    }

    /// What a JavaScript function body returns.
    pub fn script(&self, body: &str) -> Value {
        self.post("/execute/sync", &json!({"script": body, "args": []}))
    }

    /// Waits until the promise that an expression gives is kept.
    ///
    /// # Panics
    /// If that takes longer than half a minute.
    pub fn wait(&self, promise: &str) {
        let body =
            format!("const done = arguments[arguments.length - 1]; Promise.resolve({promise}).then(() => done());");
        self.post("/execute/async", &json!({"script": body, "args": []}));
    }

    /// Texts of all elements that a CSS selector finds.
    pub fn texts(&self, selector: &str) -> Vec<String> {
        let body = format!(
            "return [...document.querySelectorAll({selector:?})].map(e => (e.innerText ?? e.textContent).trim())"
        );
        let values = self.script(&body);
        values.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
    }

    /// Addresses that the page loaded from anywhere but the server that it came from.
    pub fn foreign_requests(&self) -> Vec<String> {
        let body = "return performance.getEntriesByType('resource').map(e => e.name)
            .filter(name => !name.startsWith('data:') && !name.startsWith(location.origin))";
        let values = self.script(body);
        values.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
    }

    /// How many pixels the page is wider than the window.
    pub fn overflow(&self) -> i64 {
        let body = "return document.documentElement.scrollWidth - document.documentElement.clientWidth";
        self.script(body).as_i64().unwrap_or_default()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.agent.delete(self.session.as_str()).call();
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

fn capabilities(profile: &Path) -> Value {
    let profile = format!("--user-data-dir={}", profile.display());
    let arguments = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--disable-dev-shm-usage",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        &profile,
    ];
    let mut options = json!({"args": arguments});
    if let Ok(program) = env::var("CHROMIUM") {
        options["binary"] = program.into();
    }
    let logs = json!({"performance": "ALL", "browser": "WARNING"});
    json!({"capabilities": {"alwaysMatch": {
        "browserName": "chrome", "goog:chromeOptions": options, "goog:loggingPrefs": logs,
    }}})
}
