//! The work on one stage, in a thread of its own: decide, run if needed, keep the result.

use std::{
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    sync::Mutex,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use pipeline::{Message, Task};
use serde_json::{Map, Value};

use super::{
    child::{Ended, StageProcess, Told, signal},
    decision::{Decider, Decision, Inputs, Standing},
    failure::Failure,
    reason::Reason,
};
use crate::{
    cache::{Cache, Record},
    logging::LogFormat,
    plan::PlannedStage,
};

/// What a job tells the dispatcher.
pub enum Report {
    /// The stage is out of date and begins to run.
    Started {
        /// Hash of its fingerprint.
        hash: String,
        /// Why it runs.
        reasons: Vec<Reason>,
        /// Its process id.
        process: u32,
    },
    /// How far it is, or a line of its log.
    Told(Told),
    /// It has ended.
    Ended(Box<Result<Finished, Failure>>),
}

/// What a stage that ended well gave.
pub struct Finished {
    /// The fingerprint, for the next comparison.
    pub decision: Decision,
    /// What it wrote.
    pub record: Record,
    /// Whether it ran or its artifact was there.
    pub ran: bool,
}

/// The work on one stage.
pub struct Job<'a> {
    /// The stage.
    pub stage: &'a PlannedStage,
    /// What it reads.
    pub inputs: Inputs,
    /// What decides whether it runs.
    pub decider: Decider<'a>,
    /// Its share of the processor.
    pub threads: usize,
    /// How its log is written.
    pub log_format: LogFormat,
}

impl Job<'_> {
    /// Does the work; the last report is [`Report::Ended`].
    pub fn run(self, report: &(dyn Fn(Report) + Sync)) {
        // A stage that panics while it is asked for its sources or effects must not stop the dispatcher.
        let result = catch_unwind(AssertUnwindSafe(|| self.finish(report))).unwrap_or_else(|_| {
            let chain = vec!["it panicked outside its process; the message is in the log".to_owned()];
            Err(Failure::Told { chain, unreachable: false })
        });
        report(Report::Ended(Box::new(result)));
    }

    fn finish(&self, report: &(dyn Fn(Report) + Sync)) -> Result<Finished, Failure> {
        let mut decision = self.decider.decide(self.stage, &self.inputs)?;
        let cache = self.decider.cache;
        let reasons = match &mut decision.standing {
            Standing::Cached(record) => {
                let record = (**record).clone();
                return Ok(Finished { decision, record, ran: false });
            }
            Standing::Stale(reasons) => std::mem::take(reasons),
        };
        let folder = cache.temporary()?;
        let result = self.run_in(&folder, &decision, reasons, report);
        self.keep_rejects(&folder.join("artifact"), result.is_ok());
        // What is left there is of no use; the next run removes what cannot be removed now.
        let _ = fs::remove_dir_all(&folder);
        Ok(Finished { record: result?, decision, ran: true })
    }

    /// What a failed stage rejected may say why it failed, so that is kept until it ends well.
    fn keep_rejects(&self, outputs: &Path, is_done: bool) {
        let (cache, pipeline, stage) = (self.decider.cache, self.decider.pipeline, &self.stage.name);
        let kept = if is_done {
            cache.forget_failed(pipeline, stage)
        } else {
            cache.keep_failed(pipeline, stage, outputs, &self.stage.outputs)
        };
        // How the stage itself ended is what counts.
        if let Err(error) = kept {
            tracing::warn!("cannot keep the rejected rows of stage {stage}: {error}");
        }
    }

    fn run_in(
        &self,
        folder: &Path,
        decision: &Decision,
        reasons: Vec<Reason>,
        report: &(dyn Fn(Report) + Sync),
    ) -> Result<Record, Failure> {
        let (outputs, scratch) = (folder.join("artifact"), folder.join("scratch"));
        for path in [&outputs, &scratch] {
            fs::create_dir_all(path).map_err(crate::Error::cache("create folder", path))?;
        }
        let started = Instant::now();
        let process = StageProcess::start(self.threads, self.log_format)?;
        report(Report::Started { hash: decision.hash.clone(), reasons, process: process.id() });
        let heard = Mutex::new(Heard::default());
        let ended = process.run(&self.task(decision, &outputs, &scratch), &|told| match told {
            Told::Message(message) => heard.lock().expect("no holder of the lock panics").hear(message, report),
            Told::Log(line) => report(Report::Told(Told::Log(line))),
        })?;
        let heard = heard.into_inner().expect("no holder of the lock panics");
        check(&ended, heard.failure)?;
        self.keep(decision, &outputs, heard.summary, started.elapsed(), &ended)
    }

    fn task(&self, decision: &Decision, outputs: &Path, scratch: &Path) -> Task {
        let inputs = self
            .inputs
            .iter()
            .map(|(port, resolved)| (port.clone(), resolved.iter().map(|one| one.input.clone()).collect()));
        let paths = self.stage.outputs.iter().map(|output| (output.name.clone(), outputs.join(output.file_name())));
        Task {
            name: self.stage.name.clone(),
            stage: self.stage.stage().to_owned(),
            pipeline: self.decider.pipeline.to_owned(),
            fingerprint: decision.hash.clone(),
            params: self.stage.params.clone(),
            inputs: inputs.collect(),
            outputs: paths.collect(),
            scratch: scratch.to_owned(),
        }
    }

    fn keep(
        &self,
        decision: &Decision,
        folder: &Path,
        summary: Map<String, Value>,
        duration: Duration,
        ended: &Ended,
    ) -> Result<Record, Failure> {
        let cache: &Cache = self.decider.cache;
        let outputs = Cache::measure(folder, &self.stage.outputs)?.map_err(|port| Failure::NotWritten { port })?;
        let record = Record {
            name: self.stage.name.clone(),
            outputs,
            summary,
            ended_at: SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs()),
            duration_ms: duration.as_millis() as u64,
            peak_memory_bytes: ended.usage.maxrss,
            cpu_ms: (ended.usage.utime + ended.usage.stime).as_millis() as u64,
        };
        cache.commit(folder, &decision.fingerprint, &record)?;
        Ok(record)
    }
}

/// What a stage told of itself.
#[derive(Default)]
struct Heard {
    summary: Map<String, Value>,
    failure: Option<Failure>,
}

impl Heard {
    fn hear(&mut self, message: Message, report: &(dyn Fn(Report) + Sync)) {
        match message {
            Message::Summary { name, value } => drop(self.summary.insert(name, value)),
            Message::Failure { chain, unreachable } => self.failure = Some(Failure::Told { chain, unreachable }),
            Message::Progress { .. } => report(Report::Told(Told::Message(message))),
        }
    }
}

/// Whether a process ended well.
fn check(ended: &Ended, told: Option<Failure>) -> Result<(), Failure> {
    if ended.status.success() && told.is_none() {
        return Ok(());
    }
    let log = ended.log.clone();
    Err(told.unwrap_or_else(|| match signal(ended.status) {
        Some(signal) => Failure::Killed { signal, peak_memory_bytes: ended.usage.maxrss, log },
        None => Failure::Crashed { code: ended.status.code().unwrap_or_default(), log },
    }))
}
