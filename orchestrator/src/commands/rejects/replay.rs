//! `rejects replay`: repaired rows are checked, kept where the pipeline looks for them, and loaded.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    thread,
};

use load::{RejectedRow, read_rejects, read_repairs};
use serde_json::Value;

use super::Rejected;
use crate::{
    Error,
    arguments::RejectsOf,
    cache::State,
    commands::{preflight::check_sources, run::bring_up},
    execution::Options,
    exit::Exit,
    logging::LogFormat,
    output::figures::count,
    plan::{PlannedStage, compile},
    registry::Registry,
    write_output,
};

/// The parameter of `load` that names the file of repairs, and the variable of the pipelines for it.
const REPAIRS: &str = "repairs";

/// Rows of a file of repairs by file and line.
type Rows = BTreeMap<(String, u64), RejectedRow>;

/// Runs `rejects replay`.
pub fn replay(
    mut rejected: Rejected,
    file: &Path,
    of: &RejectsOf,
    registry: &Registry,
    log_format: LogFormat,
) -> Result<Exit, Error> {
    if rejected.stage().params.get(REPAIRS).is_none() {
        let message =
            format!("stage `{}` takes no repaired rows: it has no parameter `{REPAIRS}`", rejected.stage().name);
        return Err(Error::Arguments(message));
    }
    let (fresh, unchanged) = changed(file)?;
    let kept_at = repairs_of(rejected.stage()).map(PathBuf::from);
    let mut rows = match &kept_at {
        Some(path) if path.exists() => read(path)?,
        _ => Rows::new(),
    };
    check(&fresh, &rows, &rejected, file)?;
    let number = fresh.len() as u64;
    rows.extend(fresh);
    let advice = if let Some(path) = kept_at {
        write(&path, &rows)?;
        format!("the repaired rows are kept in {}", path.display())
    } else {
        use_for_this_run(&mut rejected, file, of, registry)
    };
    write_output(&format!(
        "{}: {} of {} rows are repaired\n",
        file.display(),
        count(number),
        count(number + unchanged)
    ));
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let selected = rejected.plan.with_upstream(&[rejected.stage().name.clone()])?;
    let options = Options { selected, forced: BTreeSet::new(), jobs: threads, threads, log_format, remember: true };
    check_sources(&rejected.plan, &options.selected)?;
    let exit = bring_up(&rejected.plan, &options, &rejected.cache, false)?;
    if exit == Exit::Done {
        write_output(&format!("{}\n{advice}\n", outcome(&rejected, rows.len() as u64)));
    }
    Ok(exit)
}

/// How many of the repaired rows the load took.
fn outcome(rejected: &Rejected, all: u64) -> String {
    let (plan, cache) = (&rejected.plan, &rejected.cache);
    let state = State::open(cache);
    let record = state.last(&plan.name, &rejected.stage().name).and_then(|last| cache.record(&last.hash).ok());
    let told = |name| record.as_ref().and_then(|record| record.summary.get(name)).and_then(Value::as_u64);
    let taken = told("repaired").unwrap_or_default() + told("metadata_repaired").unwrap_or_default();
    if taken == all {
        return format!("all {} repaired rows are taken", count(all));
    }
    let command = rejected.command("list");
    format!("{} of {} repaired rows are taken, the others are rejected again: {command}", count(taken), count(all))
}

/// The file of repairs that a stage reads, if it has one.
fn repairs_of(stage: &PlannedStage) -> Option<&str> {
    stage.params.get(REPAIRS).and_then(Value::as_str).filter(|path| !path.is_empty())
}

/// Lets the stage read the user's own file; what to do that it stays so.
fn use_for_this_run(rejected: &mut Rejected, file: &Path, of: &RejectsOf, registry: &Registry) -> String {
    let path = file.display().to_string();
    let mut settings = of.settings.clone();
    settings.push((REPAIRS.to_owned(), path.clone()));
    let stage = rejected.stage().name.clone();
    let pipeline = rejected.plan.file.display().to_string();
    // Only a pipeline that has the variable can be compiled with it.
    let plan = compile(&rejected.plan.file, &settings, registry).ok();
    let plan = plan.filter(|plan| plan.position(&stage).is_ok_and(|at| repairs_of(&plan.stages[at]) == Some(&path)));
    if let Some(plan) = plan {
        rejected.plan = plan;
        return format!(
            "without them further runs would reject the rows again: give them --set {REPAIRS}={path}, or write `{REPAIRS}: {path}` under `variables` in {pipeline}"
        );
    }
    rejected.plan.stages[rejected.position].params[REPAIRS] = Value::from(path.as_str());
    format!(
        "without them further runs would reject the rows again: write `{REPAIRS}: {path}` under `params` of stage `{stage}` in {pipeline}"
    )
}

/// The rows of a file that are not as they were rejected, and how many are.
fn changed(file: &Path) -> Result<(Rows, u64), Error> {
    let all = read(file)?;
    let number = all.len() as u64;
    let changed: Rows = all.into_iter().filter(|(_, row)| row.is_changed()).collect();
    if changed.is_empty() {
        let found = if number == 0 { "none".to_owned() } else { format!("{} as they were rejected", count(number)) };
        let message = format!("{}: expected repaired rows, found {found}; repair the text of `raw`", file.display());
        return Err(Error::Arguments(message));
    }
    let unchanged = number - changed.len() as u64;
    Ok((changed, unchanged))
}

fn read(file: &Path) -> Result<Rows, Error> {
    let mut rows = Rows::new();
    let mut twice = None;
    let read = read_repairs(file, |line, row| {
        let (name, at) = (row.file.clone(), row.line);
        if rows.insert((name.clone(), at), row).is_some() {
            twice.get_or_insert_with(|| {
                format!("{}:{line}: {name}:{at} is there already; remove one of them", file.display())
            });
        }
        Ok(())
    });
    read.map_err(anyhow::Error::new)?;
    match twice {
        Some(message) => Err(Error::Arguments(message)),
        None => Ok(rows),
    }
}

/// Refuses repairs of rows that are not among the rejects, nor repaired already.
fn check(fresh: &Rows, earlier: &Rows, rejected: &Rejected, file: &Path) -> Result<(), Error> {
    let fits = |row: &RejectedRow, other: &RejectedRow| row.original == other.original && other.is_repairable();
    let mut open: BTreeSet<&(String, u64)> = fresh
        .iter()
        .filter(|(place, row)| !earlier.get(place).is_some_and(|other| fits(row, other)))
        .map(|(place, _)| place)
        .collect();
    if !open.is_empty() {
        read_rejects(&rejected.path()?, |other| {
            let place = (other.file.clone(), other.line);
            if fresh.get(&place).is_some_and(|row| fits(row, &other)) {
                open.remove(&place);
            }
            !open.is_empty()
        })
        .map_err(anyhow::Error::new)?;
    }
    let Some((name, line)) = open.first() else { return Ok(()) };
    let command = rejected.command("export");
    let message = format!(
        "{}: {name}:{line} is none of the rejected rows that can be repaired, or its text is no longer the one that was \
         exported; export them again: {command} FILE",
        file.display()
    );
    Err(Error::Arguments(message))
}

/// Writes all repairs so that either the old or the new file is there whatever happens.
fn write(path: &Path, rows: &Rows) -> Result<(), Error> {
    let mut bytes = Vec::new();
    for row in rows.values() {
        serde_json::to_writer(&mut bytes, row).expect("a row is plain data");
        bytes.push(b'\n');
    }
    let mut fresh = path.as_os_str().to_owned();
    fresh.push(".new");
    let fresh = PathBuf::from(fresh);
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(Error::cache("create folder", folder))?;
    let mut file = fs::File::create(&fresh).map_err(Error::cache("create", &fresh))?;
    file.write_all(&bytes).and_then(|()| file.sync_all()).map_err(Error::cache("write", &fresh))?;
    fs::rename(&fresh, path).map_err(Error::cache("write", path))
}
