//! The trials of one stage: run, kept, and the best of them found.

use std::{collections::BTreeMap, path::PathBuf};

use pipeline::{Kind, read_json};
use recommender::evaluation::Metrics;
use serde_json::Value;

use super::{
    log::{Log, Trial},
    search::{Point, Search},
    space::{Dimension, dimensions, get, set},
    trial::{Template, key},
};
use crate::{
    Error,
    cache::{Cache, Record, SourceHashes},
    execution::{Decider, Inputs, Options, Outcome, RunResult, resolve, run},
    logging::LogFormat,
    output::{Event, Observer},
    plan::{Connection, Plan, PlannedStage, Work},
    registry::Registry,
};

/// List length of metrics that have none in their name.
const K: u32 = 10;
/// Metrics of which less is better, without list lengths.
const LESS_IS_BETTER: [&str; 6] = ["rmse", "mae", "calibration", "gini", "popularity", "head_share"];

/// Where and how trials are run.
pub struct Machine<'a> {
    /// The cache, whose lock must be held.
    pub cache: &'a Cache,
    /// How many trials may run at the same time.
    pub jobs: usize,
    /// Processor threads to share among them.
    pub threads: usize,
    /// How stages write their log.
    pub log_format: LogFormat,
    /// What ends a trial when the user wants to stop.
    pub interrupts: &'a crate::commands::Interrupts,
}

/// One set of parameters and what it gave.
#[derive(Clone, Debug, PartialEq)]
pub struct Tried {
    /// The varied parameters by path.
    pub params: BTreeMap<String, Value>,
    /// The metric; none if it failed.
    pub value: Option<f64>,
    /// Why it failed.
    pub failure: String,
    /// How long fitting took.
    pub duration_ms: u64,
    /// Whether it was known from an earlier search.
    pub is_known: bool,
}

/// The search for the parameters of one stage.
pub struct Study<'a> {
    template: Template<'a>,
    plan: &'a Plan,
    registry: &'a Registry,
    machine: &'a Machine<'a>,
    space: Vec<Dimension>,
    log: Log,
    sources: SourceHashes,
    /// What ran before: fingerprint's hash and record by position.
    ready: BTreeMap<usize, (String, Record)>,
    /// Artifacts of this study by trial: they go when the trial has lost.
    made: Vec<(usize, String)>,
    /// All trials in their order.
    pub tried: Vec<Tried>,
    /// Position of the best one in `tried`; none if all failed.
    pub best: Option<usize>,
    /// Whether the user stopped it.
    pub is_interrupted: bool,
}

/// Positions of the stages that have something to vary, but for blends.
///
/// A blend learns from the validation rows that a trial would be judged by: the one that fits them most
/// closely would win.
pub fn tunable(plan: &Plan) -> Vec<usize> {
    let is_tunable = |position: &usize| {
        let stage = &plan.stages[*position];
        let is_model = stage.outputs.iter().any(|output| output.kind == Kind::Model);
        is_model
            && !is_blend(plan, stage)
            && stage.origins.like.is_none()
            && stage.origins.trials != Some(0)
            && !space(stage).is_empty()
    };
    (0..plan.stages.len()).filter(is_tunable).collect()
}

/// Whether a stage reads models.
fn is_blend(plan: &Plan, stage: &PlannedStage) -> bool {
    let is_model = |connection: &Connection| {
        let outputs = &plan.stages[connection.stage].outputs;
        outputs.iter().any(|output| output.name == connection.port && output.kind == Kind::Model)
    };
    stage.inputs.values().flatten().any(is_model)
}

fn space(stage: &PlannedStage) -> Vec<Dimension> {
    match &stage.work {
        Work::Registered(entry, _) => dimensions(&(entry.schema)().to_value(), &stage.params, &stage.origins.written),
        Work::Command => Vec::new(),
    }
}

impl<'a> Study<'a> {
    /// A study of the stage at `position` of a plan without tuned values.
    pub fn new(
        plan: &'a Plan,
        position: usize,
        registry: &'a Registry,
        machine: &'a Machine<'a>,
    ) -> Result<Self, Error> {
        let k = plan.tune.metric.split_once('@').and_then(|(_, k)| k.parse().ok()).unwrap_or(K);
        let stage = &plan.stages[position];
        let space = space(stage);
        let refused = match &stage.origins.like {
            Some(like) => Some(format!("its parameters are those of `{like}`; tune that")),
            None if is_blend(plan, stage) => Some("a blend learns from the rows that it would be judged by".to_owned()),
            None if space.is_empty() => {
                Some("its parameters declare no range, or the pipeline writes their values".to_owned())
            }
            None => None,
        };
        if let Some(reason) = refused {
            return Err(Error::Arguments(format!("cannot tune `{}`: {reason}", stage.name)));
        }
        Ok(Self {
            template: Template::new(plan, position, k, registry)?,
            plan,
            registry,
            machine,
            space,
            log: Log::open(machine.cache, &plan.name, &stage.name),
            sources: SourceHashes::open(machine.cache),
            ready: BTreeMap::new(),
            made: Vec::new(),
            tried: Vec::new(),
            best: None,
            is_interrupted: false,
        })
    }

    /// The stages that must have run before.
    pub fn upstream(&self) -> Vec<usize> {
        self.template.upstream()
    }

    /// Paths of the varied parameters.
    pub fn paths(&self) -> Vec<&str> {
        self.space.iter().map(|dimension| dimension.path.as_str()).collect()
    }

    /// The file of all trials.
    pub fn log(&self) -> PathBuf {
        self.log.path().to_owned()
    }

    /// The first and the best value.
    pub fn values(&self) -> (Option<f64>, Option<f64>) {
        let value = |at: usize| self.tried.get(at).and_then(|tried| tried.value);
        (value(0), self.best.and_then(value))
    }

    /// Searches, once what stands before has run as `before` says.
    pub fn search(&mut self, before: &RunResult) -> Result<(), Error> {
        let artifact = |position: usize, outcome: &Outcome| {
            outcome.artifact().map(|(hash, record)| (position, (hash.to_owned(), record.clone())))
        };
        self.ready = before.stages.iter().filter_map(|stage| artifact(stage.position, &stage.outcome)).collect();
        let space = self.space.clone();
        let stage = &self.plan.stages[self.template.position];
        let start: Point = space.iter().map(|dimension| get(&stage.params, &dimension.path)).collect();
        let trials = stage.origins.trials.unwrap_or(self.plan.tune.trials).max(1) as usize;
        let mut search = Search::new(&space, start, trials, self.plan.tune.seed);
        loop {
            let points = search.propose();
            if points.is_empty() {
                return Ok(());
            }
            let sign = if is_less_better(&self.plan.tune.metric) { -1.0 } else { 1.0 };
            let mut values = Vec::with_capacity(points.len());
            for group in points.chunks(2 * self.machine.jobs) {
                values.extend(self.try_all(group)?.into_iter().map(|value| value.map(|value| sign * value)));
                if self.is_interrupted {
                    return Ok(());
                }
            }
            search.learn(points, &values);
            self.best = search.best().map(|(at, _)| at);
            self.drop_losers()?;
        }
    }

    /// Tries some points at the same time; their values.
    fn try_all(&mut self, points: &[Point]) -> Result<Vec<Option<f64>>, Error> {
        let first = self.tried.len();
        let mut open: Vec<(usize, PlannedStage, String)> = Vec::new();
        for point in points {
            let names = self.space.iter().map(|dimension| dimension.path.clone());
            let params: BTreeMap<String, Value> = names.zip(point.iter().cloned()).collect();
            let at = self.tried.len();
            match self.stage(&params) {
                Ok(stage) => {
                    let key = self.key(&stage)?;
                    let known = self.log.get(&key).cloned();
                    let is_known = known.is_some();
                    self.tried.push(self.tried_of(known.as_ref(), params, is_known)?);
                    if !is_known {
                        open.push((at, stage, key));
                    }
                }
                Err(failure) => self.tried.push(Tried { failure, ..failed(params) }),
            }
        }
        if !open.is_empty() {
            self.run(open)?;
        }
        Ok(self.tried[first..].iter().map(|tried| tried.value).collect())
    }

    /// The stage with these parameters, or why it cannot have them.
    fn stage(&self, params: &BTreeMap<String, Value>) -> Result<PlannedStage, String> {
        let mut all = self.plan.stages[self.template.position].params.clone();
        for (path, value) in params {
            set(&mut all, path, value.clone());
        }
        let entry = self.registry.find(self.plan.stages[self.template.position].stage());
        let canonical = entry.map(|found| (found.entry.canonical)(all));
        match canonical {
            Some(Ok(params)) => Ok(self.template.stage(params)),
            Some(Err(error)) => Err(error.to_string()),
            None => Err("it is no stage of this program".to_owned()),
        }
    }

    fn key(&self, stage: &PlannedStage) -> Result<String, Error> {
        let cache = self.machine.cache;
        let decider = Decider { pipeline: &self.plan.name, cache, sources: &self.sources, last: None, forced: false };
        let inputs = |stage: &PlannedStage| -> Inputs {
            let found = resolve(
                stage,
                |position| self.plan.stages[position].known_as(),
                |position| self.ready.get(&position).map(|(hash, record)| (hash.as_str(), record)),
                |hash| cache.artifact(hash),
                |_| false,
            );
            // All that stands before has run.
            found.unwrap_or_default()
        };
        let evaluate = self.template.evaluate();
        let evaluate = decider.fingerprint(evaluate, &inputs(evaluate))?;
        Ok(key(&decider.fingerprint(stage, &inputs(stage))?, &evaluate))
    }

    fn tried_of(&self, trial: Option<&Trial>, params: BTreeMap<String, Value>, is_known: bool) -> Result<Tried, Error> {
        let Some(trial) = trial else { return Ok(failed(params)) };
        let metric = &self.plan.tune.metric;
        let value = trial.metrics.get(metric).copied();
        if value.is_none() && trial.failure.is_empty() {
            let names: Vec<&str> = trial.metrics.keys().map(String::as_str).collect();
            let message = format!("there is no metric `{metric}`; those of a trial are {}", names.join(", "));
            return Err(Error::Arguments(message));
        }
        Ok(Tried { params, value, failure: trial.failure.clone(), duration_ms: trial.duration_ms, is_known })
    }

    /// Runs the trials that are not known yet.
    fn run(&mut self, open: Vec<(usize, PlannedStage, String)>) -> Result<(), Error> {
        let stages = open.iter().map(|(_, stage, _)| stage.clone()).collect();
        let (plan, positions) = self.template.plan(stages);
        let mut selected: std::collections::BTreeSet<usize> = self.upstream().into_iter().collect();
        selected.extend(positions.iter().flat_map(|pair| [pair.0, pair.1]));
        let Machine { cache, jobs, threads, log_format, interrupts } = *self.machine;
        let options = Options { selected, forced: [].into(), jobs, threads, log_format, remember: false };
        let result = run(&plan, &options, cache, &mut Silent, |sender| interrupts.connect(sender))?;
        self.is_interrupted = result.interrupted || interrupts.asked();
        for ((at, stage, key), (model, evaluate)) in open.into_iter().zip(positions) {
            let trial = self.trial(key, &result, model, evaluate, at)?;
            let params = trial.params.clone();
            let tried = self.tried_of(Some(&trial), params, false)?;
            self.tell(&stage.name, at, &tried);
            self.tried[at] = tried;
            if !self.is_interrupted {
                self.log.add(trial)?;
            }
        }
        Ok(())
    }

    /// What a trial gave.
    fn trial(
        &mut self,
        key: String,
        result: &RunResult,
        model: usize,
        evaluate: usize,
        at: usize,
    ) -> Result<Trial, Error> {
        let outcome = |position| result.stages.iter().find(|stage| stage.position == position).map(|one| &one.outcome);
        let mut trial = Trial { key, params: self.tried[at].params.clone(), ..Trial::default() };
        for outcome in [model, evaluate].into_iter().filter_map(outcome) {
            if let Outcome::Failed(failure) = outcome {
                trial.failure = failure.messages().join(": ");
            }
            if let Outcome::Ran(hash, _) = outcome {
                self.made.push((at, hash.clone()));
            }
        }
        if let Some((_, record)) = outcome(model).and_then(Outcome::artifact) {
            (trial.duration_ms, trial.cpu_ms) = (record.duration_ms, record.cpu_ms);
            trial.peak_memory_bytes = record.peak_memory_bytes;
        }
        if let Some((hash, record)) = outcome(evaluate).and_then(Outcome::artifact) {
            let file = record.outputs.values().find(|output| output.kind == Kind::Metrics);
            let path = file.map(|output| self.machine.cache.artifact(hash).join(&output.file));
            let metrics = path.map(|path| read_json::<Metrics>(&path)).transpose()?;
            trial.metrics =
                metrics.and_then(|metrics| metrics.models.into_iter().next()).map(|one| one.values).unwrap_or_default();
        } else if trial.failure.is_empty() {
            "it was not run".clone_into(&mut trial.failure);
        }
        Ok(trial)
    }

    fn tell(&self, stage: &str, at: usize, tried: &Tried) {
        let metric = &self.plan.tune.metric;
        let params: Vec<String> = tried.params.iter().map(|(path, value)| format!("{path} {value}")).collect();
        let params = params.join(", ");
        match tried.value {
            Some(value) => {
                tracing::info!(stage, trial = at, "trial {at} of {stage}: {metric} {value:.4} with {params}");
            }
            None if self.is_interrupted => {}
            None => tracing::warn!(stage, trial = at, "trial {at} of {stage} failed with {params}: {}", tried.failure),
        }
    }

    /// Removes what trials wrote that are not the best so far.
    fn drop_losers(&mut self) -> Result<(), Error> {
        let best = self.best;
        let (kept, lost): (Vec<_>, Vec<_>) = self.made.drain(..).partition(|(at, _)| Some(*at) == best);
        self.made = kept;
        for (_, hash) in lost.into_iter().filter(|(_, hash)| self.machine.cache.record(hash).is_ok()) {
            self.machine.cache.remove(&hash)?;
        }
        Ok(())
    }
}

fn is_less_better(metric: &str) -> bool {
    LESS_IS_BETTER.contains(&metric.split('@').next().unwrap_or(metric))
}

fn failed(params: BTreeMap<String, Value>) -> Tried {
    Tried { params, value: None, failure: String::new(), duration_ms: 0, is_known: false }
}

/// Keeps to itself what happens in a trial: the study tells how it ended.
struct Silent;

impl Observer for Silent {
    fn observe(&mut self, _: &Event) {}
}
