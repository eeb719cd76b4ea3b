//! `simulate`: shoppers against a running site, from reviews of the pipeline or made up.

use std::{fs, path::PathBuf};

use pipeline::{Kind, read_json};
use serde::Deserialize;

use super::{interrupts::Interrupts, open};
use crate::{
    Error,
    arguments::SimulateArguments,
    cache::Cache,
    configuration::{did_you_mean, list_of},
    exit::Exit,
    output::{figures::count, quoted, settings_text},
    plan::Plan,
    registry::Registry,
    simulation::{
        AT_ONCE, Choice, Made, Outcome, Pace, Ran, Replay, Settings, Site, Table, from_interactions, from_reviews,
        html, run, shoppers, text,
    },
    write_output,
};

/// Events a second if nobody says so: slow enough to follow on an open page.
const RATE: f64 = 20.0;
/// Made-up shoppers if nobody says so, and what they do.
const SHOPPERS: usize = 20;
const EVENTS: usize = 500;
/// Most products that made-up shoppers choose from.
const CATALOGUE: usize = 5_000;
/// The stages that split and load, and what they write.
const PREPROCESS: &str = "preprocess";
const LOAD: &str = "load";
const PUBLISH: &str = "publish";
const TEST: &str = "test";
const HISTORY: &str = "history";
const REVIEWS: &str = "reviews";

/// Runs `orchestrator simulate`.
pub fn simulate(arguments: &SimulateArguments, registry: &Registry) -> Result<Exit, Error> {
    let site = Site::at(&arguments.to, AT_ONCE).map_err(Error::Arguments)?;
    let served = site.served()?;
    let (replay, published) = if arguments.synthetic {
        (made(arguments, &site)?, None)
    } else {
        let source = Source::open(arguments, registry)?;
        (source.replay(arguments)?, source.published())
    };
    let pace = match (arguments.speed_up, arguments.rate) {
        (Some(factor), _) => Pace::SpeedUp(factor),
        (None, rate) => Pace::Rate(rate.unwrap_or(RATE)),
    };
    let settings = Settings { k: arguments.k.into(), pace, keeps_times: arguments.keep_times };
    announce(&site, &replay)?;
    let interrupts = Interrupts::watch();
    let course = run(&site, &replay, &settings, &|| interrupts.asked());
    let outcome = Outcome::new(&Ran {
        replay: &replay,
        settings: &settings,
        course: &course,
        site: site.base(),
        served: &served,
        published: published.as_deref().filter(|published| *published != served.version),
        seed: arguments.seed,
        is_interrupted: interrupts.asked(),
    });
    show(arguments, &outcome)?;
    match course.failure {
        Some(failure) => Err(failure.into()),
        None if interrupts.asked() => Ok(Exit::Interrupted),
        None => Ok(Exit::Done),
    }
}

/// Says what begins, and whose page to open.
fn announce(site: &Site, replay: &Replay) -> Result<(), Error> {
    let Some(shopper) = replay.busiest() else {
        return Err(Error::Arguments(format!("there is nothing to replay: {} is empty", replay.source)));
    };
    let (events, users) = (count(replay.steps.len() as u64), count(replay.shoppers.len() as u64));
    let page = site.page(&shopper.key);
    tracing::info!("replaying {events} events of {users} users: {}; open {page} beside it", replay.source);
    Ok(())
}

/// Writes report and figures.
fn show(arguments: &SimulateArguments, outcome: &Outcome) -> Result<(), Error> {
    if let Some(file) = &arguments.report {
        let page = html(outcome).map_err(anyhow::Error::new)?;
        fs::write(file, page).map_err(Error::cache("write", file))?;
    }
    if arguments.json {
        let line = serde_json::to_string(outcome).expect("figures are plain data");
        write_output(&format!("{line}\n"));
        return Ok(());
    }
    write_output(&text(outcome));
    if let Some(file) = &arguments.report {
        write_output(&format!("\nreport: {}\n", file.display()));
    }
    Ok(())
}

fn made(arguments: &SimulateArguments, site: &Site) -> Result<Replay, Error> {
    let products = site.products(CATALOGUE)?;
    if products.is_empty() {
        return Err(Error::Arguments(format!("{} has no products to choose from; load some", site.base())));
    }
    let users = arguments.users.map_or(SHOPPERS, |users| users as usize);
    let events = arguments.events.map_or(EVENTS.max(users), |events| events as usize);
    let prefix = arguments.prefix.clone().unwrap_or_else(|| "shopper-".to_owned());
    Ok(shoppers(&products, &Made { users: users.min(events), events, seed: arguments.seed, prefix }))
}

/// An output of a stage.
struct Source {
    plan: Plan,
    cache: Cache,
    /// Position of the stage.
    stage: usize,
    port: String,
}

impl Source {
    fn open(arguments: &SimulateArguments, registry: &Registry) -> Result<Self, Error> {
        let (plan, names, cache) = open(&arguments.pipeline, registry)?;
        if let Some(name) = names.first() {
            let message =
                format!("simulate takes no stage, found `{name}`; --from {name}.PORT replays an output of it");
            return Err(Error::Arguments(message));
        }
        let (stage, port) = match &arguments.from {
            Some(text) => named(&plan, text)?,
            None => unseen(&plan)?,
        };
        Ok(Self { plan, cache, stage, port })
    }

    /// The file of an output of the stage, if it has one of that name.
    fn file(&self, port: &str) -> Option<PathBuf> {
        file(&self.plan, &self.cache, self.stage, port)
    }

    /// The file of the output of a kind.
    fn file_of(&self, kind: Kind) -> Option<PathBuf> {
        let output = self.plan.stages[self.stage].outputs.iter().find(|output| output.kind == kind)?;
        self.file(&output.name)
    }

    fn replay(&self, arguments: &SimulateArguments) -> Result<Replay, Error> {
        let (stage, port) = (&self.plan.stages[self.stage], &self.port);
        let output = stage.outputs.iter().find(|output| output.name == *port);
        let kind = output.map_or(Kind::Any, |output| output.kind);
        let path = self.file(port).filter(|path| path.exists()).ok_or_else(|| self.has_not_run())?;
        let choice = Choice {
            users: arguments.users.map(|users| users as usize),
            events: arguments.events.map(|events| events as usize),
            seed: arguments.seed,
            prefix: arguments.prefix.clone().unwrap_or_else(|| "replay-".to_owned()),
        };
        let source = format!("{}.{port} of pipeline {}", stage.name, self.plan.name);
        if kind == Kind::Reviews {
            return Ok(from_reviews(source, &path, &choice)?);
        }
        let index = |kind: Kind| self.file_of(kind).filter(|path| path.exists());
        let (Some(users), Some(items), Kind::Interactions) = (index(Kind::UserIndex), index(Kind::ItemIndex), kind)
        else {
            let message = format!(
                "--from {}.{port}: expected reviews, or interactions with the indices of their users and items, found {}",
                stage.name,
                kind.name()
            );
            return Err(Error::Arguments(message));
        };
        let is_held_out = stage.stage() == PREPROCESS && port == TEST;
        let history = if is_held_out { self.file(HISTORY) } else { None };
        let table =
            Table { source, is_held_out, events: &path, history: history.as_deref(), users: &users, items: &items };
        Ok(from_interactions(table, &choice)?)
    }

    fn has_not_run(&self) -> Error {
        let (plan, stage) = (&self.plan, &self.plan.stages[self.stage].name);
        let settings = settings_text(plan.settings.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        let file = plan.file.display().to_string();
        let (file, cache) = (quoted(&file), self.cache.root().display());
        Error::Arguments(format!(
            "stage `{stage}` has not run in cache {cache}, so there is nothing to replay; run it first: orchestrator run \
             {file} {stage}{settings}, or use --synthetic"
        ))
    }

    /// The version that the pipeline published last.
    fn published(&self) -> Option<String> {
        #[derive(Deserialize)]
        struct Receipt {
            version: String,
        }
        let publish = self.plan.stages.iter().position(|stage| stage.stage() == PUBLISH)?;
        let file = file(&self.plan, &self.cache, publish, "receipt")?;
        read_json::<Receipt>(&file).ok().map(|receipt| receipt.version)
    }
}

fn file(plan: &Plan, cache: &Cache, stage: usize, port: &str) -> Option<PathBuf> {
    let stage = &plan.stages[stage];
    let output = stage.outputs.iter().find(|output| output.name == port)?;
    Some(cache.latest(&plan.name, &stage.name).join(output.file_name()))
}

/// The output that `STAGE.PORT` names.
fn named(plan: &Plan, text: &str) -> Result<(usize, String), Error> {
    let Some((stage, port)) = text.split_once('.') else {
        return Err(Error::Arguments(format!("--from {text}: expected STAGE.PORT such as preprocess.test")));
    };
    let position = plan.position(stage)?;
    let ports = || plan.stages[position].outputs.iter().map(|output| output.name.as_str());
    if ports().any(|other| other == port) {
        return Ok((position, port.to_owned()));
    }
    let hint = did_you_mean(port, ports());
    let message = format!("--from {text}: stage `{stage}` writes no `{port}`{hint}\nit writes {}", list_of(ports()));
    Err(Error::Arguments(message))
}

/// What no model has seen: the test part of the split. Without a split, all that was loaded.
fn unseen(plan: &Plan) -> Result<(usize, String), Error> {
    for (stage, port) in [(PREPROCESS, TEST), (LOAD, REVIEWS)] {
        let found: Vec<usize> =
            (0..plan.stages.len()).filter(|position| plan.stages[*position].stage() == stage).collect();
        match found.as_slice() {
            [] => {}
            [position] => return Ok((*position, port.to_owned())),
            several => {
                let names = list_of(several.iter().map(|position| plan.stages[*position].name.as_str()));
                let message = format!(
                    "{} has several stages {stage}: say which by --from STAGE.{port}, of {names}",
                    plan.file.display()
                );
                return Err(Error::Arguments(message));
            }
        }
    }
    let message = format!(
        "{} has neither a stage {PREPROCESS} nor {LOAD}: say what to replay by --from STAGE.PORT, or use --synthetic",
        plan.file.display()
    );
    Err(Error::Arguments(message))
}
