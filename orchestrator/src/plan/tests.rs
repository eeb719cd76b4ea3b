//! Plans and their faults, from text to text, over three made-up stages.

use std::fs;

use pipeline::{Context, Kind, Port, Stage, StageEntry};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Plan, compile, compile_untuned, describe, mermaid, pipeline_schema, text};
use crate::{
    Error,
    registry::{Registered, Registry},
};

#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ReadParams {
    /// The files.
    files: Vec<String>,
    /// How many rows at most.
    #[serde(default)]
    limit: Option<u32>,
}

struct Read;

impl Stage for Read {
    const NAME: &'static str = "read";
    const SUMMARY: &'static str = "Reads files";
    const INPUTS: &'static [Port] = &[];
    const OUTPUTS: &'static [Port] = &[Port::one("reviews", Kind::Reviews), Port::one("items", Kind::Items)];
    type Params = ReadParams;

    fn run(_params: &ReadParams, _context: &Context) -> anyhow::Result<()> {
        Ok(())
    }
}

#[derive(Clone, Copy, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum By {
    /// Whole users.
    User,
    /// Whole products.
    Product,
}

#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct ThinParams {
    /// What is kept as a whole.
    by: By,
    /// Share to keep.
    ratio: f64,
    /// Another choice.
    seed: u64,
}

impl Default for ThinParams {
    fn default() -> Self {
        Self { by: By::User, ratio: 0.5, seed: 1 }
    }
}

struct Thin;

impl Stage for Thin {
    const NAME: &'static str = "thin";
    const SUMMARY: &'static str = "Keeps a share";
    const INPUTS: &'static [Port] = &[Port::one("reviews", Kind::Reviews), Port::optional("items", Kind::Items)];
    const OUTPUTS: &'static [Port] = &[Port::one("reviews", Kind::Reviews), Port::one("report", Kind::Report)];
    type Params = ThinParams;

    fn run(_params: &ThinParams, _context: &Context) -> anyhow::Result<()> {
        Ok(())
    }
}

/// An enumeration of maps with a tag, as `train-cf` has it.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(tag = "algorithm", rename_all = "kebab-case", deny_unknown_fields)]
enum LearnParams {
    /// Counts.
    Popularity,
    /// Factors.
    Als {
        /// Their number.
        #[serde(default)]
        factors: u32,
    },
}

struct Learn;

impl Stage for Learn {
    const NAME: &'static str = "learn";
    const SUMMARY: &'static str = "Learns";
    const INPUTS: &'static [Port] = &[Port::one("reviews", Kind::Reviews), Port::many("models", Kind::Model)];
    const OUTPUTS: &'static [Port] = &[Port::one("model", Kind::Model)];
    type Params = LearnParams;

    fn run(_params: &LearnParams, _context: &Context) -> anyhow::Result<()> {
        Ok(())
    }
}

fn registry() -> Registry {
    let entries = [StageEntry::of::<Read>(), StageEntry::of::<Thin>(), StageEntry::of::<Learn>()];
    Registry::new(entries.map(|entry| Registered { entry, code: "c0".to_owned() }).into())
}

fn plan(yaml: &str, settings: &[(&str, &str)]) -> Result<Plan, Error> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pipeline.yaml");
    fs::write(&file, yaml).unwrap();
    let settings: Vec<_> = settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let mut plan = compile(&file, &settings, &registry());
    match &mut plan {
        Ok(plan) => plan.file = "pipeline.yaml".into(),
        Err(Error::Faults(faults)) => faults.file = "pipeline.yaml".into(),
        Err(_) => {}
    }
    plan
}

fn faults(yaml: &str) -> String {
    plan(yaml, &[]).err().expect("the file is wrong").to_string()
}

const GOOD: &str = r#"
version: 1
name: good
variables: {ratio: 0.25, pattern: "a.json", names: [a, b]}
stages:
  late: {run: "cat {inputs.reviews} {outputs.result}", inputs: {reviews: thin.reviews}, outputs: {result: model}}
  read: {params: {files: ["${pattern}"]}, timeout: 10m}
  thin: {inputs: {reviews: read.reviews}, params: {ratio: "${ratio}", seed: 7}}
  other: {stage: thin, inputs: {reviews: read.reviews, items: }}
  learn:
    inputs: {reviews: other.reviews, models: [late.result]}
    params: {algorithm: als, factors: 8}
"#;

/// Compiles with a file of tuned values.
fn with_tuned(yaml: &str, tuned: &str, untuned: bool) -> Result<Plan, Error> {
    let folder = tempfile::tempdir().unwrap();
    let (file, values) = (folder.path().join("pipeline.yaml"), folder.path().join("tuned.yaml"));
    fs::write(&file, format!("{yaml}tune: {{file: {}, trials: 7, metric: recall@20}}\n", values.display())).unwrap();
    fs::write(&values, tuned).unwrap();
    let mut plan = if untuned { compile_untuned } else { compile }(&file, &[], &registry());
    match &mut plan {
        Ok(plan) => (plan.file, plan.tune.file) = ("pipeline.yaml".into(), Some("tuned.yaml".into())),
        Err(Error::Faults(faults)) => faults.file = faults.file.file_name().unwrap().into(),
        Err(_) => {}
    }
    plan
}

#[test]
fn tuned_values_fill_what_the_file_does_not_write() {
    let tuned = "stages:\n  thin: {params: {ratio: 0.9, by: product}}\n  other: {params: {seed: 5}}\n";
    let plan = with_tuned(GOOD, tuned, false).unwrap();
    let params = |name: &str| plan.stages[plan.position(name).unwrap()].params.to_string();
    assert_eq!(params("thin"), r#"{"by":"product","ratio":0.25,"seed":7}"#, "`ratio` is written");
    assert_eq!(params("other"), r#"{"by":"user","ratio":0.5,"seed":5}"#);
    assert_eq!(plan.stages[plan.position("thin").unwrap()].origins.tuned, ["by"]);
    insta::assert_snapshot!("dag_tuned", text(&plan));
    assert_eq!((plan.tune.trials, plan.tune.metric.as_str(), plan.tune.on_run), (7, "recall@20", false));
    let untuned = with_tuned(GOOD, tuned, true).unwrap();
    assert!(untuned.stages.iter().all(|stage| stage.origins.tuned.is_empty()));
}

#[test]
fn faults_of_tuned_values_point_into_their_file() {
    let tuned = "stages:\n  thin: {params: {by: prodct, rato: 1}}\n  othr: {params: {seed: 5}}\n  learn:\n    parms: {}\n    params: {iterations: 3}\nstage: {}\n";
    insta::assert_snapshot!(
        "tuned_faults",
        with_tuned(GOOD, tuned, false).err().expect("the file is wrong").to_string()
    );
}

#[test]
fn a_stage_like_another_has_its_parameters() {
    let yaml = GOOD.replace("  learn:", "  again: {like: other, inputs: {reviews: thin.reviews}}\n  learn:");
    let plan = with_tuned(&yaml, "stages: {other: {params: {seed: 5}}}\n", false).unwrap();
    let again = &plan.stages[plan.position("again").unwrap()];
    assert_eq!((again.stage(), again.params["seed"].as_u64()), ("thin", Some(5)));
    assert_eq!((again.origins.like.as_deref(), again.known_as()), (Some("other"), "other"));
    let left_out = yaml.replace("  other: {", "  other: {when: '', ").replace("other.reviews", "thin.reviews");
    assert!(plan_of(&left_out).position("again").is_err(), "it goes with the other one");
    let wrong = yaml
        .replace("like: other", "like: othr")
        .replace("  learn:", "  more: {like: read, params: {limit: 1}}\n  learn:");
    insta::assert_snapshot!("like_faults", faults(&wrong));
}

fn plan_of(yaml: &str) -> Plan {
    plan(yaml, &[]).unwrap()
}

#[test]
fn an_input_is_not_connected_to_what_follows() {
    let yaml = "version: 1\nstages:\n  read: {params: {files: [a]}}\n  thin: {}\n  again: {like: thin, inputs: {reviews: thin.reviews}}\n";
    let plan = plan_of(yaml);
    let upstream: Vec<Vec<usize>> = plan.stages.iter().map(|stage| stage.upstream().into_iter().collect()).collect();
    assert_eq!(upstream[1], [0], "`again.reviews` would fit too, but reads from `thin`");
    // Its optional `items` come from the only stage that has some.
    assert_eq!(upstream[2], [0, 1]);
}

#[test]
fn a_parameter_whose_variable_is_nothing_is_not_written() {
    let yaml = GOOD.replace("variables: {", "variables: {seed: ~, ").replace("seed: 7", "seed: '${seed}'");
    let seed = |settings: &[(&str, &str)]| {
        let plan = plan(&yaml, settings).unwrap();
        let stage = &plan.stages[plan.position("thin").unwrap()];
        (stage.params["seed"].as_u64(), stage.origins.written.contains(&"seed".to_owned()))
    };
    assert_eq!(seed(&[]), (Some(1), false), "the default");
    assert_eq!(seed(&[("seed", "9")]), (Some(9), true));
}

#[test]
fn a_good_file_becomes_a_plan_in_an_order_that_can_run() {
    let plan = plan(GOOD, &[("ratio", "0.75"), ("pattern", "*.gz")]).unwrap();
    let names: Vec<&str> = plan.stages.iter().map(|stage| stage.name.as_str()).collect();
    assert_eq!(names, ["read", "thin", "late", "other", "learn"]);
    let params: Vec<String> = plan.stages.iter().map(|stage| stage.params.to_string()).collect();
    assert_eq!(params[0], r#"{"files":["*.gz"],"limit":null}"#);
    assert!(params[1].contains("0.75") && params[1].contains("\"user\""), "{}", params[1]);
    assert_eq!(plan.stages[0].timeout.map(|limit| limit.as_secs()), Some(600));
    let items = |position: usize| {
        plan.stages[position].inputs.get("items").map(|links| (links[0].stage, links[0].port.as_str()))
    };
    assert_eq!((items(1), items(3)), (Some((0, "items")), None));
}

#[test]
fn selections_follow_the_arrows() {
    let plan = plan(GOOD, &[]).unwrap();
    let names = |positions: std::collections::BTreeSet<usize>| {
        positions.into_iter().map(|position| plan.stages[position].name.clone()).collect::<Vec<_>>()
    };
    let up = plan.with_upstream(&["late".to_owned()]).unwrap();
    assert_eq!(names(up), ["read", "thin", "late"]);
    let down = plan.with_downstream(&["thin".to_owned()]).unwrap();
    assert_eq!(names(down), ["thin", "late", "learn"]);
    let error = plan.position("lern").unwrap_err().to_string();
    assert!(error.contains("did you mean `learn`?"), "{error}");
}

#[test]
fn a_plan_is_drawn_as_text_and_as_a_diagram() {
    let plan = plan(GOOD, &[]).unwrap();
    insta::assert_snapshot!("dag_text", text(&plan));
    insta::assert_snapshot!("dag_mermaid", mermaid(&plan));
}

#[test]
fn all_faults_are_told_at_once() {
    insta::assert_snapshot!(
        "many_faults",
        faults(
            r#"
version: 2
name: bad name
variabels: {}
variables: {seed: 1}
stages:
  raed: {params: {files: []}}
  read: {params: {file: [a], limit: many}, timeout: soon}
  read: {params: {}}
  thin: {params: {by: prodct, seed: "${sede}", ratio: "x"}, inputs: {review: read.reviews, items: read.itms}}
  learn: {params: {algorithm: asl}, inputs: {reviews: thin.report, models: [nothing.model, thin]}}
  mine: {run: "x {input.a} 'y", outputs: {r: modle}, param: 1}
"#
        )
    );
}

#[test]
fn a_missing_parameter_is_named() {
    insta::assert_snapshot!("missing_parameter", faults("version: 1\nstages:\n  read: {params: {limit: 3}}\n"));
}

#[test]
fn a_parameter_out_of_range_keeps_the_stages_own_words() {
    insta::assert_snapshot!(
        "own_words",
        faults("version: 1\nstages:\n  read:\n    params:\n      files: [a]\n      limit: -3\n")
    );
}

#[test]
fn a_parameter_of_another_variant_is_unknown() {
    insta::assert_snapshot!(
        "wrong_variant",
        faults(
            "version: 1\nstages:\n  read: {params: {files: []}}\n  m: {run: x, outputs: {m: model}}\n  learn: {params: {algorithm: als, factor: 3}, inputs: {models: m.m}}\n"
        )
    );
}

#[test]
fn an_input_with_several_candidates_lists_them() {
    insta::assert_snapshot!(
        "ambiguous",
        faults(
            "version: 1\nstages:\n  read: {params: {files: []}}\n  thin:\n  more: {stage: thin, inputs: {reviews: read.reviews}}\n"
        )
    );
}

#[test]
fn an_input_without_candidate_says_what_there_is() {
    insta::assert_snapshot!(
        "unconnected",
        faults(
            "version: 1\nstages:\n  read: {params: {files: []}}\n  m: {run: x, outputs: {m: model}}\n  learn: {params: {algorithm: popularity}}\n"
        )
    );
}

#[test]
fn a_stage_whose_condition_is_empty_is_left_out_of_lists_too() {
    let yaml = "version: 1\nvariables: {more: ''}\nstages:\n  read: {params: {files: []}}\n  m: {run: 'x {outputs.m}', outputs: {m: model}}\n  n: {run: 'x {outputs.n}', when: '${more}', outputs: {n: model}}\n  learn: {params: {algorithm: popularity}, inputs: {models: [m.m, n.n]}}\n";
    let names = |settings: &[(&str, &str)]| {
        let plan = plan(yaml, settings).unwrap();
        (plan.stages.len(), plan.stages.last().unwrap().inputs["models"].len())
    };
    assert_eq!(names(&[]), (3, 1));
    assert_eq!(names(&[("more", "yes")]), (4, 2));
}

#[test]
fn a_cycle_is_named_whole() {
    insta::assert_snapshot!(
        "cycle",
        faults(
            "version: 1\nstages:\n  read: {params: {files: []}}\n  a: {stage: thin, inputs: {reviews: c.reviews}}\n  b: {stage: thin, inputs: {reviews: a.reviews}}\n  c: {stage: thin, inputs: {reviews: b.reviews}}\n"
        )
    );
}

#[test]
fn text_that_is_no_yaml_is_one_fault() {
    insta::assert_snapshot!("no_yaml", faults("version: 1\nstages: {read: [}\n"));
    insta::assert_snapshot!("empty", faults(""));
}

#[test]
fn a_setting_must_name_a_variable() {
    let error = plan(GOOD, &[("ratios", "1"), ("ratio", "much")]).err().unwrap().to_string();
    insta::assert_snapshot!("settings", error);
}

#[test]
fn the_schema_knows_stages_and_commands() {
    let mut schema = pipeline_schema(&registry());
    schema.sort_all_objects();
    insta::assert_snapshot!("schema", format!("{schema:#}"));
}

#[test]
fn parameters_are_described_with_their_defaults() {
    let infos: Vec<String> = registry()
        .iter()
        .flat_map(|one| describe(&one.entry))
        .map(|info| format!("{} | {} | {:?} | {}", info.name, info.wanted, info.default, info.description))
        .collect();
    insta::assert_snapshot!("parameters", infos.join("\n"));
}

/// The files that come with the product, against the stages of the product.
#[test]
fn the_pipelines_of_the_product_are_right() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut files: Vec<_> = fs::read_dir(root.join("pipelines")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.push(root.join("pipeline.yaml"));
    for file in &files {
        let text = fs::read_to_string(file).unwrap();
        let is_split = file.file_name().is_some_and(|name| name.to_string_lossy().starts_with("split-"));
        let last = if is_split { "evaluate" } else { "publish" };
        let variable = ["metadata", "attributes"].into_iter().find(|name| text.contains(&format!("  {name}: ")));
        for metadata in ["", "meta.json.gz"] {
            let settings: Vec<_> = variable.map(|name| (name.to_owned(), metadata.to_owned())).into_iter().collect();
            let plan = compile(file, &settings, &Registry::standard()).unwrap_or_else(|error| panic!("{error}"));
            assert!(plan.stages.last().is_some_and(|stage| stage.name == last), "{}", file.display());
        }
    }
    assert!(files.len() >= 7);
}

#[test]
fn the_schema_of_pipeline_files_changes_only_on_purpose() {
    let mut schema = pipeline_schema(&Registry::standard());
    schema.sort_all_objects();
    insta::assert_snapshot!("product_schema", format!("{schema:#}"));
}
