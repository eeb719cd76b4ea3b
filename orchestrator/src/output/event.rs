//! What happens during a run, as events; also the lines of `--json`.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value};

use super::Summary;
use crate::{
    cache::{OutputRecord, Record},
    execution::Reason,
};

/// Something that happened during a run.
#[derive(Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event<'a> {
    /// The run begins.
    RunStarted {
        /// Name of the pipeline.
        pipeline: &'a str,
        /// The selected stages in their order.
        stages: Vec<&'a str>,
        /// How many may run at the same time.
        jobs: usize,
    },
    /// A stage begins to run.
    StageStarted {
        /// The stage.
        stage: &'a str,
        /// Hash of its fingerprint.
        fingerprint: &'a str,
        /// Why it runs.
        reasons: &'a [Reason],
    },
    /// How far a stage is.
    StageProgress {
        /// The stage.
        stage: &'a str,
        /// Units done.
        done: u64,
        /// Units in all, where known.
        total: Option<u64>,
        /// What is counted.
        unit: &'a str,
    },
    /// A stage ended well.
    StageFinished {
        /// The stage.
        stage: &'a str,
        /// Hash of its fingerprint.
        fingerprint: &'a str,
        /// How long it ran.
        duration_ms: u64,
        /// Processor time over all threads.
        cpu_ms: u64,
        /// The most memory that it held at once.
        peak_memory_bytes: u64,
        /// Figures that it told.
        summary: &'a Map<String, Value>,
        /// What it wrote.
        outputs: &'a BTreeMap<String, OutputRecord>,
    },
    /// A stage had nothing to do.
    StageCached {
        /// The stage.
        stage: &'a str,
        /// Hash of its fingerprint.
        fingerprint: &'a str,
    },
    /// A stage failed.
    StageFailed {
        /// The stage.
        stage: &'a str,
        /// What happened, outermost message first.
        chain: &'a [String],
        /// Whether a service could not be reached.
        unreachable: bool,
        /// How long it ran.
        duration_ms: u64,
    },
    /// A stage was left out because of another.
    StageSkipped {
        /// The stage.
        stage: &'a str,
        /// The one before it that has no result.
        because: &'a str,
    },
    /// A line of a stage's log; not part of `--json`.
    Log {
        /// The stage.
        stage: &'a str,
        /// The line.
        line: &'a str,
    },
    /// The run ends.
    RunFinished(&'a Summary),
}

impl<'a> Event<'a> {
    /// The event of a stage that ran.
    pub fn finished(stage: &'a str, fingerprint: &'a str, record: &'a Record) -> Self {
        Self::StageFinished {
            stage,
            fingerprint,
            duration_ms: record.duration_ms,
            cpu_ms: record.cpu_ms,
            peak_memory_bytes: record.peak_memory_bytes,
            summary: &record.summary,
            outputs: &record.outputs,
        }
    }

    /// The event of a stage whose artifact was there.
    pub fn cached(stage: &'a str, fingerprint: &'a str) -> Self {
        Self::StageCached { stage, fingerprint }
    }
}

/// Someone who wants to know what happens.
pub trait Observer {
    /// Takes note of an event.
    fn observe(&mut self, event: &Event);
}
