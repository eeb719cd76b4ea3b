//! Progress as log lines: one when a stage starts, one when it ends.

use super::{Event, Observer, figures};

/// Logs each event that a person who reads a log wants to see.
pub struct Lines;

impl Observer for Lines {
    fn observe(&mut self, event: &Event) {
        match event {
            Event::RunStarted { pipeline, stages, jobs } => {
                tracing::info!(pipeline, stages = stages.len(), jobs, "run of pipeline {pipeline} starts");
            }
            Event::StageStarted { stage, reasons, .. } => {
                let why: Vec<String> = reasons.iter().map(ToString::to_string).collect();
                tracing::info!(stage, "stage {stage} starts: {}", why.join("; "));
            }
            Event::StageFinished { stage, duration_ms, cpu_ms, peak_memory_bytes, .. } => {
                let (time, cpu) = (figures::milliseconds(*duration_ms), figures::milliseconds(*cpu_ms));
                let memory = figures::bytes(*peak_memory_bytes);
                tracing::info!(
                    stage,
                    duration_ms,
                    cpu_ms,
                    peak_memory_bytes,
                    "stage {stage} done in {time}, processor {cpu}, peak memory {memory}"
                );
            }
            Event::StageCached { stage, .. } => tracing::info!(stage, "stage {stage} is up to date"),
            Event::StageFailed { stage, duration_ms, .. } => {
                let time = figures::milliseconds(*duration_ms);
                tracing::error!(stage, duration_ms, "stage {stage} failed after {time}");
            }
            Event::StageSkipped { stage, because } => tracing::warn!(stage, "stage {stage} skipped: {because}"),
            Event::Log { .. } => crate::logging::forward(event),
            Event::StageProgress { .. } | Event::RunFinished(_) => {}
        }
    }
}
