//! The contract that every stage fulfils, and its type-erased form for the orchestrator's registry.

use std::{fmt::Display, ops::RangeInclusive};

use schemars::{JsonSchema, Schema, schema_for};
use serde::{
    Serialize,
    de::{DeserializeOwned, Error},
};
use serde_json::Value;

use crate::{Context, Port};

/// One step of the pipeline: reads artifacts, writes artifacts.
///
/// A stage is a pure function of its parameters and inputs: the same bytes in give the same bytes
/// out, whatever the thread count. It may also write to a store; then [`Stage::is_in_place`] tells
/// whether that effect still stands, because a cached artifact alone cannot.
pub trait Stage {
    /// The word for it in `pipeline.yaml`; also the name of its folder and package.
    const NAME: &'static str;
    /// What it does, in one sentence for `--help` and reports.
    const SUMMARY: &'static str;
    /// What it reads.
    const INPUTS: &'static [Port];
    /// What it writes; each port must have been written when `run` returns.
    const OUTPUTS: &'static [Port];
    /// Its parameters: `#[serde(deny_unknown_fields)]`, every one with a default where one makes sense.
    type Params: DeserializeOwned + Serialize + JsonSchema;

    /// Does the work.
    ///
    /// Files go to `context.output(port)`; progress and summary figures to the context.
    fn run(params: &Self::Params, context: &Context) -> anyhow::Result<()>;

    /// Names of files outside the pipeline that decide the output (such as the review files of
    /// `load`), expanded from patterns. Their content goes into the fingerprint.
    fn sources(_params: &Self::Params) -> anyhow::Result<Vec<std::path::PathBuf>> {
        Ok(Vec::new())
    }

    /// Whether what the run with this fingerprint wrote outside its artifact is still there.
    fn is_in_place(_params: &Self::Params, _fingerprint: &str) -> anyhow::Result<bool> {
        Ok(true)
    }
}

/// A parameter that does not fit: the serde message names the field, its place is known to the caller.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct ParameterError {
    /// Path of the faulty parameter below `params`, such as `filters.user`; empty for the whole.
    pub path: String,
    /// What was wanted and what was found.
    pub message: String,
}

/// A stage without its types, as the registry lists it.
#[derive(Clone)]
pub struct StageEntry {
    /// [`Stage::NAME`].
    pub name: &'static str,
    /// [`Stage::SUMMARY`].
    pub summary: &'static str,
    /// [`Stage::INPUTS`].
    pub inputs: &'static [Port],
    /// [`Stage::OUTPUTS`].
    pub outputs: &'static [Port],
    /// JSON schema of the parameters.
    pub schema: fn() -> Schema,
    /// Checks the parameters and fills in the defaults.
    pub canonical: fn(Value) -> Result<Value, ParameterError>,
    /// [`Stage::sources`] for canonical parameters.
    pub sources: fn(&Value) -> anyhow::Result<Vec<std::path::PathBuf>>,
    /// [`Stage::is_in_place`] for canonical parameters.
    pub is_in_place: fn(&Value, &str) -> anyhow::Result<bool>,
    /// [`Stage::run`] for canonical parameters.
    pub run: fn(&Value, &Context) -> anyhow::Result<()>,
}

impl StageEntry {
    /// The entry of stage `S`.
    pub fn of<S: Stage>() -> Self {
        Self {
            name: S::NAME,
            summary: S::SUMMARY,
            inputs: S::INPUTS,
            outputs: S::OUTPUTS,
            schema: || schema_for!(S::Params),
            canonical: |value| {
                let params = parse::<S>(value)?;
                serde_json::to_value(params)
                    .map_err(|error| ParameterError { path: String::new(), message: error.to_string() })
            },
            sources: |value| S::sources(&parse::<S>(value.clone())?),
            is_in_place: |value, fingerprint| S::is_in_place(&parse::<S>(value.clone())?, fingerprint),
            run: |value, context| S::run(&parse::<S>(value.clone())?, context),
        }
    }
}

/// A parameter's value, if it lies in its range; else an error that names the range.
///
/// For `#[serde(deserialize_with)]` of parameters, so that a value out of range is found before anything runs.
pub fn within<T: PartialOrd + Display, E: Error>(value: T, range: RangeInclusive<T>) -> Result<T, E> {
    if range.contains(&value) {
        Ok(value)
    } else {
        Err(E::custom(format_args!("expected {} to {}, found {value}", range.start(), range.end())))
    }
}

fn parse<S: Stage>(value: Value) -> Result<S::Params, ParameterError> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let path = error.path().to_string();
        ParameterError { path: if path == "." { String::new() } else { path }, message: error.into_inner().to_string() }
    })
}
