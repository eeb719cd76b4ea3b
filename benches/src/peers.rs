//! The programs that this product is measured beside, installed once and run under measurement.
//!
//! Python packages live in virtual environments of their own, below the user's cache folder and
//! named after their pinned versions; Debian packages are installed only when this runs as root.

use std::{
    env,
    ffi::OsStr,
    fs,
    io::{Read, Seek},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Instant,
};

use anyhow::{Context, bail, ensure};
use wait4::Wait4;

/// What a program used, from its start to its end.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Usage {
    /// Wall seconds.
    pub seconds: f64,
    /// Seconds of processor time, of it and of the children that it waited for.
    pub cpu_seconds: f64,
    /// Peak resident memory of the largest process among them, in bytes.
    pub peak_bytes: u64,
}

/// A program that ended well.
#[derive(Clone, Debug)]
pub struct Finished {
    /// What it used.
    pub usage: Usage,
    /// What it printed.
    pub stdout: String,
}

/// A folder of that name in the user's cache (`$XDG_CACHE_HOME`, else `~/.cache`).
pub fn cache_folder(name: &str) -> anyhow::Result<PathBuf> {
    let base = env::var_os("XDG_CACHE_HOME").filter(|value| !value.is_empty()).map(PathBuf::from);
    let base = base.or_else(|| env::home_dir().map(|home| home.join(".cache")));
    let folder = base.context("find the cache folder: neither XDG_CACHE_HOME nor HOME is set")?.join(name);
    fs::create_dir_all(&folder).with_context(|| format!("create {}", folder.display()))?;
    Ok(folder)
}

/// The Python of a virtual environment in which exactly these packages are installed, each pinned
/// as `name==version`. The first call installs them; later ones find them.
pub fn python(packages: &[&str]) -> anyhow::Result<PathBuf> {
    for package in packages {
        ensure!(package.contains("=="), "pin the Python package `{package}` as name==version");
    }
    let folder = cache_folder("recommender-peers")?.join(packages.join("+").replace("==", "-"));
    let python = folder.join("bin/python");
    // Written last, so an installation that was cut short starts anew.
    let marker = folder.join("installed");
    if marker.exists() {
        return Ok(python);
    }
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("remove the unfinished {}", folder.display()))?;
    }
    let output = Command::new("python3").args(["-m", "venv"]).arg(&folder).output();
    let made = output.context("start python3: install python3 and python3-venv to measure Python peers")?;
    let said = String::from_utf8_lossy(&made.stderr);
    ensure!(made.status.success(), "python3 -m venv failed; install python3-venv: {}", said.trim());
    let mut install = Command::new(&python);
    install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]).args(packages);
    measure(&mut install).with_context(|| format!("install {} with pip", packages.join(" ")))?;
    fs::write(&marker, "").with_context(|| format!("write {}", marker.display()))?;
    Ok(python)
}

/// The path of a program, installed from a Debian package if it is absent and this runs as root.
pub fn program(name: &str, debian_package: &str) -> anyhow::Result<PathBuf> {
    if let Some(path) = find(name) {
        return Ok(path);
    }
    let mut install = Command::new("apt-get");
    install.args(["install", "--yes", "--quiet", debian_package]).env("DEBIAN_FRONTEND", "noninteractive");
    let installed = if rustix::process::geteuid().is_root() { measure(&mut install).err() } else { None };
    match (find(name), installed) {
        (Some(path), _) => Ok(path),
        (None, Some(error)) => Err(error.context(format!("`{name}` is not installed; get package {debian_package}"))),
        (None, None) => bail!("`{name}` is not installed; install it: apt-get install {debian_package}"),
    }
}

fn find(name: &str) -> Option<PathBuf> {
    let paths = env::var_os("PATH")?;
    env::split_paths(&paths).map(|folder| folder.join(name)).find(|path| path.is_file())
}

/// Runs a program to its end and tells what it used. Failure shows the end of what it said.
///
/// Standard output is kept, so it should be short or redirected by the caller's own means.
pub fn measure(command: &mut Command) -> anyhow::Result<Finished> {
    let name = Path::new(command.get_program()).file_name().unwrap_or(OsStr::new("")).to_string_lossy().into_owned();
    let mut errors = tempfile::tempfile().context("make a temporary file for messages")?;
    let stderr = errors.try_clone().context("share the file for messages")?;
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(stderr);
    let started = Instant::now();
    let mut child = command.spawn().with_context(|| format!("start {name}"))?;
    let mut stdout = Vec::new();
    let mut pipe = child.stdout.take().context("standard output of the child is a pipe")?;
    pipe.read_to_end(&mut stdout).with_context(|| format!("read what {name} prints"))?;
    let ended = child.wait4().with_context(|| format!("wait for {name}"))?;
    let seconds = started.elapsed().as_secs_f64();
    let stdout = String::from_utf8_lossy(&stdout).into_owned();
    if !ended.status.success() {
        let mut said = Vec::new();
        errors.rewind().and_then(|()| errors.read_to_end(&mut said)).context("read messages")?;
        let said = [String::from_utf8_lossy(&said).into_owned(), stdout].concat();
        let lines: Vec<&str> = said.lines().collect();
        bail!("{name} ended with {}:\n{}", ended.status, lines[lines.len().saturating_sub(20)..].join("\n"));
    }
    let cpu = ended.rusage.utime + ended.rusage.stime;
    let usage = Usage { seconds, cpu_seconds: cpu.as_secs_f64(), peak_bytes: ended.rusage.maxrss };
    Ok(Finished { usage, stdout })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_program_prints_and_uses_is_told() {
        let finished = measure(Command::new("sh").args(["-c", "echo one; echo two >&2"])).unwrap();
        assert_eq!(finished.stdout, "one\n");
        assert!(finished.usage.peak_bytes > 100_000, "{:?}", finished.usage);
    }

    #[test]
    fn failure_shows_what_was_said() {
        let error = measure(Command::new("sh").args(["-c", "echo bad luck >&2; exit 7"])).unwrap_err().to_string();
        assert!(error.contains("sh ended with exit status: 7") && error.contains("bad luck"), "{error}");
    }

    #[test]
    fn packages_must_be_pinned() {
        let error = python(&["duckdb"]).unwrap_err().to_string();
        assert!(error.contains("name==version"), "{error}");
    }
}
