//! The servers that tests need, and names on them that no other test has.

use std::{
    env, fs,
    net::{Ipv4Addr, TcpListener},
    os::unix,
    path::{Path, PathBuf},
    process::Command,
    sync::atomic::{AtomicU32, Ordering},
    time::{SystemTime, UNIX_EPOCH},
};

use crate::workspace_root;

/// The URL of a database of that name on the MongoDB server that `MONGODB_URL` names.
///
/// # Panics
/// If there is none although `REQUIRE_SERVICES=1` says that it must be there.
pub fn mongodb_url(database: &str) -> Option<String> {
    let url = needed("MONGODB_URL")?;
    let server = url.strip_prefix("mongodb://")?.split('/').next()?;
    Some(format!("mongodb://{server}/{database}"))
}

/// The URL of the Kafka broker that `KAFKA_URL` names.
///
/// # Panics
/// If there is none although `REQUIRE_SERVICES=1` says that it must be there.
pub fn kafka_url() -> Option<String> {
    needed("KAFKA_URL")
}

fn needed(variable: &str) -> Option<String> {
    let value = env::var(variable).ok();
    assert!(
        value.is_some() || env::var("REQUIRE_SERVICES").as_deref() != Ok("1"),
        "{variable} is not set; run the tests through scripts/test.sh"
    );
    if value.is_none() {
        println!("skipped: {variable} is not set; run: eval \"$(scripts/services.sh up)\"");
    }
    value
}

/// What no other topics on a broker begin with.
///
/// # Panics
/// If the clock stands before 1970.
pub fn topic_prefix(name: &str) -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is later than 1970");
    format!("{name}-{}-{}-", since.as_millis(), COUNT.fetch_add(1, Ordering::Relaxed))
}

/// A port that nobody listens on at this moment.
///
/// # Panics
/// If the system has none.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("the system has a free port");
    listener.local_addr().expect("a listener has an address").port()
}

/// A Kafka broker of one test's own, which may be stopped; stopped when dropped.
pub struct Broker {
    folder: PathBuf,
}

impl Broker {
    /// A broker with its data in this folder, not started yet; none where there is no Kafka at all.
    ///
    /// # Panics
    /// As [`kafka_url`].
    pub fn in_folder(folder: &Path) -> Option<Self> {
        kafka_url()?;
        let home = folder.join("kafka");
        fs::create_dir_all(&home).expect("the folder can be written");
        // The program itself is taken from where the shared broker has it, if it is there.
        let installed = installed().join("kafka/lib");
        if installed.is_dir() {
            unix::fs::symlink(installed, home.join("lib")).expect("a link can be made");
        }
        Some(Self { folder: folder.to_owned() })
    }

    /// Starts it, at the same address each time; its URL.
    ///
    /// # Panics
    /// If it does not start.
    pub fn start(&self) -> String {
        let said = self.services("up");
        let url = said.split('\'').nth(1);
        url.unwrap_or_else(|| panic!("no address in `{said}`")).to_owned()
    }

    /// Stops it; its data stays.
    ///
    /// # Panics
    /// If it does not stop.
    pub fn stop(&self) {
        self.services("down");
    }

    fn services(&self, verb: &str) -> String {
        let mut command = Command::new(workspace_root().join("scripts/services.sh"));
        let output = command.args([verb, "kafka"]).env("SERVICES_CACHE", &self.folder).output().expect("bash is there");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        let mut command = Command::new(workspace_root().join("scripts/services.sh"));
        let _ = command.args(["down", "kafka"]).env("SERVICES_CACHE", &self.folder).output();
    }
}

/// The folder that `scripts/services.sh` installs into by default.
fn installed() -> PathBuf {
    let home = || env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
    let cache = env::var_os("XDG_CACHE_HOME").map(PathBuf::from).or_else(home).unwrap_or_default();
    env::var_os("SERVICES_CACHE").map_or_else(|| cache.join("recommender-services"), PathBuf::from)
}
