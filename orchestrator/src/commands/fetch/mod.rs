//! `fetch`: the files of a public dump, whole and checked, and the command that loads them.
//!
//! A file gets its name only when all of it is there, safe on disk and checked; until then it is a
//! `.part`, from which the next call goes on. Several connections at once are not used: the sites
//! are a gift of universities.

mod answer;
mod checks;
mod client;
mod dump;
mod failure;
mod part;
mod progress;
mod transfer;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

pub use dump::Dump;
pub use failure::FetchError;

use crate::{
    Error,
    arguments::FetchArguments,
    configuration::{did_you_mean, list_of},
    exit::Exit,
    output::{figures, settings_text},
    write_output,
};
use checks::{Checked, Expected, check, is_sha256};
use progress::Progress;
use transfer::{Patience, transfer};

/// One file to fetch.
struct Wanted<'a> {
    /// The variable of the pipeline that takes it.
    variable: &'static str,
    url: String,
    path: PathBuf,
    sha256: Option<&'a str>,
}

/// Runs `orchestrator fetch`.
pub fn fetch(arguments: &FetchArguments) -> Result<Exit, Error> {
    let files = files(arguments)?;
    let FetchArguments { retries, retry_pause, stall_timeout, .. } = *arguments;
    let patience = Patience { retries, pause: retry_pause, stall: stall_timeout };
    let folder = folder(arguments);
    fs::create_dir_all(&folder).map_err(FetchError::io("create folder", &folder))?;
    for file in &files {
        let Checked { size_bytes, sha256 } = fetch_one(file, &patience)?;
        write_output(&format!("{}: {}, sha256 {sha256}\n", file.path.display(), figures::bytes(size_bytes)));
    }
    let paths: Vec<String> = files.iter().map(|file| file.path.display().to_string()).collect();
    let settings = settings_text(files.iter().zip(&paths).map(|(file, path)| (file.variable, path.as_str())));
    let command = format!("orchestrator run pipelines/{}.yaml{settings}", arguments.dump.name());
    write_output(&format!("to load, train and evaluate:\n  {command}\n"));
    Ok(Exit::Done)
}

/// Dumps have files of the same names, hence a folder for each.
fn folder(arguments: &FetchArguments) -> PathBuf {
    arguments.to.join(arguments.dump.name())
}

fn files(arguments: &FetchArguments) -> Result<Vec<Wanted<'_>>, Error> {
    let FetchArguments { dump, category, .. } = arguments;
    let known = dump.categories();
    if !known.contains(&category.as_str()) {
        let (name, hint) = (dump.name(), did_you_mean(category, known.iter().copied()));
        let list = list_of(known.iter().copied());
        let message = format!("there is no category `{category}` in {name}{hint}\ncategories: {list}");
        return Err(Error::Arguments(message));
    }
    let no_core = || {
        let name = dump.name();
        Error::Arguments(format!(
            "{name} has no 5-core files with texts: leave out --five-core and let the pipeline prune, as with --set min_interactions=5"
        ))
    };
    let reviews =
        if arguments.five_core { dump.five_core(category).ok_or_else(no_core)? } else { dump.reviews(category) };
    let metadata = (!arguments.no_metadata).then(|| ("metadata", dump.metadata(category)));
    let site = site(arguments)?;
    let mut checksums = checksums(arguments)?;
    let wanted = |(variable, file): (&'static str, String)| {
        let name = file.rsplit('/').next().unwrap_or(&file);
        let path = folder(arguments).join(name);
        Wanted { variable, url: format!("{site}/{file}"), sha256: checksums.remove(name), path }
    };
    let files: Vec<Wanted> = [("reviews", reviews)].into_iter().chain(metadata).map(wanted).collect();
    if let Some(name) = checksums.keys().next() {
        let names = files.iter().filter_map(|file| file.path.file_name()?.to_str());
        let message = format!("--sha256 {name}=...: this call does not fetch {name}, but {}", list_of(names));
        return Err(Error::Arguments(message));
    }
    Ok(files)
}

fn site(arguments: &FetchArguments) -> Result<&str, Error> {
    let Some(url) = arguments.base_url.as_deref() else { return Ok(arguments.dump.site()) };
    let parsed: Result<ureq::http::Uri, _> = url.parse();
    let is_fine = |uri: &ureq::http::Uri| {
        uri.host().is_some_and(|host| !host.is_empty()) && matches!(uri.scheme_str(), Some("http" | "https"))
    };
    if parsed.as_ref().is_ok_and(is_fine) {
        return Ok(url.trim_end_matches('/'));
    }
    let message = format!("--base-url {url}: expected an address such as {}", arguments.dump.site());
    Err(Error::Arguments(message))
}

fn checksums(arguments: &FetchArguments) -> Result<BTreeMap<&str, &str>, Error> {
    let one = |(name, value): &'_ (String, String)| format!("--sha256 {name}={value}: expected 64 hexadecimal digits");
    if let Some(wrong) = arguments.sha256.iter().find(|(_, value)| !is_sha256(value)) {
        return Err(Error::Arguments(one(wrong)));
    }
    Ok(arguments.sha256.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect())
}

fn fetch_one(file: &Wanted, patience: &Patience) -> Result<Checked, FetchError> {
    let (path, of_user) = (&file.path, file.sha256);
    if path.exists() {
        tracing::info!("{} is there already; it is checked only", path.display());
        let advice = "remove it and give the command again";
        return checked(path, path, Expected { of_server: &BTreeMap::new(), of_user, advice });
    }
    tracing::info!("fetching {} to {}", file.url, path.display());
    let progress = Progress::new(name_of(path));
    let part = transfer(&file.url, path, patience, &progress)?;
    drop(progress);
    let advice =
        "what came was removed: give the command again, and if that is of no use, the file is damaged on the server";
    let of_server = part.version().checksums.clone();
    match checked(&part.path(), path, Expected { of_server: &of_server, of_user, advice }) {
        Ok(checked) => part.finish().map(|()| checked),
        // A part that is complete and wrong cannot be gone on from.
        Err(error @ (FetchError::Checksum { .. } | FetchError::Gzip { .. })) => part.discard().and(Err(error)),
        Err(error) => Err(error),
    }
}

fn checked(path: &Path, target: &Path, expected: Expected) -> Result<Checked, FetchError> {
    let progress = Progress::new(format!("checking {}", name_of(target)));
    let total = fs::metadata(path).map_err(FetchError::io("open", path))?.len();
    check(path, expected, &|done| progress.at(done, Some(total)))
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
