//! The plan of trials: copies of a stage with other parameters, each followed by an `evaluate` of its
//! model on validation. Test rows are not connected to anything that a trial runs.

use std::collections::BTreeMap;

use pipeline::{Arity, Kind, StageEntry, fingerprint::Fingerprint};
use serde_json::{Value, json};

use crate::{
    Error,
    plan::{Connection, Origins, Output, Plan, PlannedStage, Work},
    registry::Registry,
};

/// The stage that measures.
const EVALUATE: &str = "evaluate";

/// What is needed to make trials of one stage.
pub struct Template<'a> {
    plan: &'a Plan,
    /// The stage's position.
    pub position: usize,
    /// Its `evaluate`, without the model.
    evaluate: PlannedStage,
}

impl<'a> Template<'a> {
    /// A template for the stage at `position`, measured at list length `k`.
    pub fn new(plan: &'a Plan, position: usize, k: u32, registry: &Registry) -> Result<Self, Error> {
        let stage = &plan.stages[position];
        let found = registry.find(EVALUATE).expect("`evaluate` is a stage of this program");
        // Only the means count: what serves readers and tests of significance is kept small.
        let params = json!({"ks": [k], "split": "validation", "resamples": 100, "examples": 0, "costs": false});
        let params = (found.entry.canonical)(params).map_err(|error| Error::Arguments(error.to_string()))?;
        let splitter = splitter(plan, position)?;
        let outputs = found.entry.outputs.iter().map(|port| Output { name: port.name.to_owned(), kind: port.kind });
        let evaluate = PlannedStage {
            name: format!("{}@validation", stage.name),
            place: stage.place,
            params,
            origins: Origins::default(),
            inputs: inputs(plan, splitter, &found.entry),
            outputs: outputs.collect(),
            sources: Vec::new(),
            timeout: None,
            work: Work::Registered(Box::new(found.entry.clone()), found.code.clone()),
        };
        Ok(Self { plan, position, evaluate })
    }

    /// The stage with other parameters.
    pub fn stage(&self, params: Value) -> PlannedStage {
        PlannedStage { params, ..self.plan.stages[self.position].clone() }
    }

    /// Everything that must be there before a trial: what the stage and its `evaluate` read.
    pub fn upstream(&self) -> Vec<usize> {
        let mut wanted = self.plan.stages[self.position].upstream();
        wanted.extend(self.evaluate.upstream());
        for position in (0..self.plan.stages.len()).rev().filter(|position| *position != self.position) {
            if wanted.contains(&position) {
                wanted.extend(self.plan.stages[position].upstream());
            }
        }
        wanted.into_iter().collect()
    }

    /// The plan with these stages and an `evaluate` behind each; positions of both, pair by pair.
    pub fn plan(&self, stages: Vec<PlannedStage>) -> (Plan, Vec<(usize, usize)>) {
        let mut plan = self.plan.clone();
        let mut positions = Vec::with_capacity(stages.len());
        for stage in stages {
            let model = Connection { stage: plan.stages.len(), port: model_port(&stage).to_owned() };
            positions.push((model.stage, model.stage + 1));
            plan.stages.push(stage);
            let mut evaluate = self.evaluate.clone();
            evaluate.inputs.insert("models".to_owned(), vec![model]);
            plan.stages.push(evaluate);
        }
        (plan, positions)
    }

    /// The `evaluate` without the model.
    pub fn evaluate(&self) -> &PlannedStage {
        &self.evaluate
    }
}

/// Hash of everything that decides a trial: both fingerprints, the model's place in that of `evaluate`
/// being taken by the fingerprint that makes it.
pub fn key(stage: &Fingerprint, evaluate: &Fingerprint) -> String {
    blake3::hash(format!("{}{}", stage.hash(), evaluate.hash()).as_bytes()).to_hex()[..32].to_owned()
}

/// Name of the output that is a model.
fn model_port(stage: &PlannedStage) -> &str {
    stage.outputs.iter().find(|output| output.kind == Kind::Model).map_or("model", |output| &output.name)
}

/// The stage, among those that a stage reads from, that gives its training and validation rows.
fn splitter(plan: &Plan, position: usize) -> Result<usize, Error> {
    let has = |upstream: &usize, port: &str| {
        let outputs = &plan.stages[*upstream].outputs;
        outputs.iter().any(|output| output.name == port && output.kind == Kind::Interactions)
    };
    let found: Vec<usize> = plan.stages[position]
        .upstream()
        .into_iter()
        .filter(|upstream| has(upstream, "train") && has(upstream, "validation"))
        .collect();
    match found.as_slice() {
        [one] => Ok(*one),
        _ => Err(Error::Arguments(format!(
            "cannot tune `{}`: expected that it reads from one stage that writes `train` and `validation`, found {}",
            plan.stages[position].name,
            found.len()
        ))),
    }
}

/// What `evaluate` reads beside the model and the test rows: outputs of the same name and kind, of the
/// stage that splits or else of the only one that has one.
fn inputs(plan: &Plan, splitter: usize, entry: &StageEntry) -> BTreeMap<String, Vec<Connection>> {
    let ports = entry.inputs.iter().filter(|port| port.arity == Arity::One && port.name != "test");
    let connection = |name: &str, kind: Kind| {
        let fits = |position: &usize| {
            plan.stages[*position].outputs.iter().any(|output| output.name == name && output.kind == kind)
        };
        let others: Vec<usize> = (0..plan.stages.len()).filter(fits).collect();
        let only = others.first().copied().filter(|_| others.len() == 1);
        let stage = Some(splitter).filter(fits).or(only)?;
        Some(vec![Connection { stage, port: name.to_owned() }])
    };
    ports.filter_map(|port| Some((port.name.to_owned(), connection(port.name, port.kind)?))).collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::plan::compile_untuned;

    #[test]
    fn no_trial_is_connected_to_test_rows() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let registry = Registry::standard();
        for file in ["pipeline.yaml", "pipelines/split-leave-one-out.yaml", "pipelines/split-given.yaml"] {
            let plan = compile_untuned(&root.join(file), &[], &registry).unwrap();
            let is_trained =
                |stage: &PlannedStage| stage.stage().starts_with("train-c") && stage.origins.like.is_none();
            let mut count = 0;
            for position in (0..plan.stages.len()).filter(|position| is_trained(&plan.stages[*position])) {
                let template = Template::new(&plan, position, 10, &registry).unwrap();
                let (trials, pairs) = template.plan(vec![template.stage(plan.stages[position].params.clone())]);
                let run: Vec<usize> = template.upstream().into_iter().chain([pairs[0].0, pairs[0].1]).collect();
                for stage in run.iter().map(|position| &trials.stages[*position]) {
                    let connections: Vec<&Connection> = stage.inputs.values().flatten().collect();
                    let reads = |kind: Kind, port: &str| {
                        let outputs = |one: &&Connection| trials.stages[one.stage].outputs.iter();
                        connections.iter().any(|one| {
                            one.port == port && outputs(one).any(|output| output.name == port && output.kind == kind)
                        })
                    };
                    assert!(!reads(Kind::Interactions, "test"), "{file}: {}", stage.name);
                    assert!(stage.stage() != EVALUATE || stage.params["split"] == "validation", "{file}");
                }
                let evaluate = &trials.stages[pairs[0].1];
                let read: Vec<&str> = evaluate.inputs.keys().map(String::as_str).collect();
                for port in ["models", "train", "validation", "user_index", "item_index"] {
                    assert!(read.contains(&port), "{file}: {read:?}");
                }
                count += 1;
            }
            assert!(count >= 2, "{file}");
        }
    }
}
