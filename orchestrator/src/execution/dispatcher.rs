//! The dispatcher: the one owner of what has run, what runs and what can run next.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::mpsc::{self, Receiver, Sender},
    thread::{self, Scope},
    time::{Duration, Instant},
};

use super::{
    child::{Told, kill_group},
    decision::{Decider, resolve},
    failure::Failure,
    job::{Finished, Job, Report},
};
use crate::{
    Error,
    cache::{Cache, LastRun, Record, SourceHashes, State},
    logging::LogFormat,
    output::{Event, Observer},
    plan::Plan,
};

/// How a plan is run.
pub struct Options {
    /// Positions of the stages to run, with all that they need.
    pub selected: BTreeSet<usize>,
    /// Positions of the stages that run whatever is there.
    pub forced: BTreeSet<usize>,
    /// How many stages may run at the same time.
    pub jobs: usize,
    /// Processor threads to share among them.
    pub threads: usize,
    /// How stages write their log.
    pub log_format: LogFormat,
    /// Whether the stages' last runs and their links become those of this run.
    pub remember: bool,
}

/// How a run went.
pub struct RunResult {
    /// The selected stages, in the order of the plan.
    pub stages: Vec<StageResult>,
    /// How long it took.
    pub duration: Duration,
    /// Whether the user stopped it.
    pub interrupted: bool,
}

/// How one stage went.
pub struct StageResult {
    /// Its position in the plan.
    pub position: usize,
    /// How it went.
    pub outcome: Outcome,
}

/// How one stage went.
pub enum Outcome {
    /// It ran.
    Ran(String, Record),
    /// Its artifact was there.
    Cached(String, Record),
    /// It failed.
    Failed(Failure),
    /// Something that it needs failed.
    Skipped,
}

impl Outcome {
    /// Hash of the fingerprint and record, where there is an artifact.
    pub fn artifact(&self) -> Option<(&str, &Record)> {
        match self {
            Self::Ran(hash, record) | Self::Cached(hash, record) => Some((hash, record)),
            Self::Failed(_) | Self::Skipped => None,
        }
    }
}

/// Something that the dispatcher hears of.
pub enum Signal {
    /// A job's report.
    Job(usize, Report),
    /// The user wants to stop.
    Interrupt,
}

struct Running {
    process: Option<u32>,
    started: Instant,
    deadline: Option<Instant>,
    timed_out: bool,
}

struct Dispatcher<'a> {
    plan: &'a Plan,
    options: &'a Options,
    cache: &'a Cache,
    sources: &'a SourceHashes,
    before: &'a State,
    sender: Sender<Signal>,
    observer: &'a mut dyn Observer,
    running: BTreeMap<usize, Running>,
    outcomes: BTreeMap<usize, Outcome>,
    finished: Vec<(usize, LastRun)>,
    interrupted: bool,
}

/// Runs the selected stages of a plan. The lock of the cache must be held.
///
/// `signals` makes the channel's sender known to whoever may interrupt the run.
pub fn run(
    plan: &Plan,
    options: &Options,
    cache: &Cache,
    observer: &mut dyn Observer,
    signals: impl FnOnce(Sender<Signal>),
) -> Result<RunResult, Error> {
    let (sources, mut state) = (SourceHashes::open(cache), State::open(cache));
    let (sender, receiver) = mpsc::channel();
    signals(sender.clone());
    let started = Instant::now();
    let mut dispatcher = Dispatcher {
        plan,
        options,
        cache,
        sources: &sources,
        before: &state,
        sender,
        observer,
        running: BTreeMap::new(),
        outcomes: BTreeMap::new(),
        finished: Vec::new(),
        interrupted: false,
    };
    thread::scope(|scope| dispatcher.work(scope, &receiver));
    let Dispatcher { outcomes, finished, interrupted, .. } = dispatcher;
    for (position, last) in finished.into_iter().filter(|_| options.remember) {
        let name = &plan.stages[position].name;
        cache.link_latest(&plan.name, name, &last.hash)?;
        state.set(&plan.name, name, last);
    }
    if options.remember {
        state.save(cache)?;
        sources.save(cache)?;
    }
    let stages = outcomes.into_iter().map(|(position, outcome)| StageResult { position, outcome }).collect();
    Ok(RunResult { stages, duration: started.elapsed(), interrupted })
}

impl<'a> Dispatcher<'a> {
    fn work<'scope>(&mut self, scope: &'scope Scope<'scope, '_>, receiver: &Receiver<Signal>)
    where
        'a: 'scope,
    {
        loop {
            self.skip_what_cannot_run();
            self.start_what_can_run(scope);
            if self.running.is_empty() {
                return;
            }
            match self.next_signal(receiver) {
                Some(Signal::Job(position, report)) => self.hear(position, report),
                Some(Signal::Interrupt) => self.interrupt(),
                None => self.stop_late_stages(),
            }
        }
    }

    fn next_signal(&self, receiver: &Receiver<Signal>) -> Option<Signal> {
        let deadline =
            self.running.values().filter(|running| !running.timed_out).filter_map(|running| running.deadline).min();
        match deadline {
            None => receiver.recv().ok(),
            // Nothing but the end of the time can come instead of a signal: this holds a sender itself.
            Some(deadline) => receiver.recv_timeout(deadline.saturating_duration_since(Instant::now())).ok(),
        }
    }

    fn name(&self, position: usize) -> &'a str {
        &self.plan.stages[position].name
    }

    fn open(&self) -> Vec<usize> {
        let is_open = |position: &usize| !self.outcomes.contains_key(position) && !self.running.contains_key(position);
        self.options.selected.iter().copied().filter(is_open).collect()
    }

    /// Skips every stage that needs one without artifact, or all that is open after an interruption.
    fn skip_what_cannot_run(&mut self) {
        for position in self.open() {
            let failed = self.plan.stages[position]
                .needed()
                .into_iter()
                .find(|upstream| self.outcomes.get(upstream).is_some_and(|outcome| outcome.artifact().is_none()));
            let because = match failed {
                Some(upstream) => self.name(upstream).to_owned(),
                None if self.interrupted => "the run was interrupted".to_owned(),
                None => continue,
            };
            self.observer.observe(&Event::StageSkipped { stage: self.name(position), because: &because });
            self.outcomes.insert(position, Outcome::Skipped);
        }
    }

    fn start_what_can_run<'scope>(&mut self, scope: &'scope Scope<'scope, '_>)
    where
        'a: 'scope,
    {
        let is_ready = |position: &usize| {
            self.plan.stages[*position].upstream().iter().all(|upstream| self.outcomes.contains_key(upstream))
        };
        let ready: Vec<usize> = self.open().into_iter().filter(is_ready).collect();
        let together = (self.running.len() + ready.len()).min(self.options.jobs);
        let free = self.options.jobs.saturating_sub(self.running.len());
        for position in ready.into_iter().take(free) {
            self.start(scope, position, (self.options.threads / together.max(1)).max(1));
        }
    }

    fn start<'scope>(&mut self, scope: &'scope Scope<'scope, '_>, position: usize, threads: usize)
    where
        'a: 'scope,
    {
        let (plan, cache, sources, before) = (self.plan, self.cache, self.sources, self.before);
        let stage = &plan.stages[position];
        let inputs = resolve(
            stage,
            |upstream| plan.stages[upstream].known_as(),
            |upstream| self.outcomes.get(&upstream)?.artifact(),
            |hash| cache.artifact(hash),
            // All that it reads from has ended.
            |port| stage.can_do_without(port),
        );
        let decider = Decider {
            pipeline: &plan.name,
            cache,
            sources,
            last: before.last(&plan.name, &stage.name),
            forced: self.options.forced.contains(&position),
        };
        // A stage starts only when all that it needs has an artifact with the ports of the plan.
        let inputs = inputs.unwrap_or_default();
        let job = Job { stage, inputs, decider, threads, log_format: self.options.log_format };
        let sender = self.sender.clone();
        self.running
            .insert(position, Running { process: None, started: Instant::now(), deadline: None, timed_out: false });
        scope.spawn(move || {
            // Nobody listens any more only when the run is over.
            job.run(&|report| drop(sender.send(Signal::Job(position, report))));
        });
    }

    fn hear(&mut self, position: usize, report: Report) {
        let name = self.name(position);
        match report {
            Report::Started { hash, reasons, process } => {
                self.observer.observe(&Event::StageStarted { stage: name, fingerprint: &hash, reasons: &reasons });
                let limit = self.plan.stages[position].timeout;
                let Some(running) = self.running.get_mut(&position) else { return };
                running.process = Some(process);
                running.started = Instant::now();
                running.deadline = limit.map(|limit| running.started + limit);
                if self.interrupted {
                    kill_group(process);
                }
            }
            Report::Told(Told::Message(message)) => {
                if let pipeline::Message::Progress { done, total, unit } = &message {
                    self.observer.observe(&Event::StageProgress { stage: name, done: *done, total: *total, unit });
                }
            }
            Report::Told(Told::Log(line)) => self.observer.observe(&Event::Log { stage: name, line: &line }),
            Report::Ended(result) => self.end(position, *result),
        }
    }

    fn end(&mut self, position: usize, result: Result<Finished, Failure>) {
        let Some(running) = self.running.remove(&position) else { return };
        let name = self.name(position);
        let outcome = match result {
            Ok(Finished { decision, record, ran }) => {
                let last = LastRun { hash: decision.hash.clone(), fingerprint: decision.fingerprint };
                self.finished.push((position, last));
                let event = if ran {
                    Event::finished(name, &decision.hash, &record)
                } else {
                    Event::cached(name, &decision.hash)
                };
                self.observer.observe(&event);
                if ran { Outcome::Ran(decision.hash, record) } else { Outcome::Cached(decision.hash, record) }
            }
            Err(failure) => {
                let failure = match (running.timed_out, self.plan.stages[position].timeout) {
                    _ if self.interrupted => Failure::Interrupted,
                    (true, Some(limit)) => Failure::TimedOut { limit },
                    _ => failure,
                };
                let duration_ms = running.started.elapsed().as_millis() as u64;
                let (chain, unreachable) = (failure.messages(), failure.is_unreachable());
                self.observer.observe(&Event::StageFailed { stage: name, chain: &chain, unreachable, duration_ms });
                Outcome::Failed(failure)
            }
        };
        self.outcomes.insert(position, outcome);
    }

    fn stop_late_stages(&mut self) {
        let now = Instant::now();
        for running in
            self.running.values_mut().filter(|running| running.deadline.is_some_and(|deadline| deadline <= now))
        {
            running.timed_out = true;
            running.process.into_iter().for_each(kill_group);
        }
    }

    fn interrupt(&mut self) {
        self.interrupted = true;
        self.running.values().filter_map(|running| running.process).for_each(kill_group);
    }
}
