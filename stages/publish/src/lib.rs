//! The `publish` stage: makes a model the one that the web app serves.
//!
//! Everything is written under a version of its own first, and one last step makes that version the
//! active one. Whatever breaks before it leaves readers with the version they had. Nothing is
//! computed here that the model itself does not say, and live events are none of its business.

mod catalogue;
mod error;
mod lists;
mod model;
mod params;

pub use params::Params;
use pipeline::{Context, Kind, Port, Stage, read_interactions, read_json, read_keys, read_model, write_json};
use recommender::{Interactions, ModelData, Recommender};
use serde::Serialize;
use storage::{ModelVersion, Store, block_on};

use crate::{error::Error, lists::Lists};

/// Writes lists, model and reports to the store and activates them as one version.
///
/// Reads `model`, `user_index`, `item_index`, `train`, `validation`, `test` (together the history of
/// each user), `metrics`, `reports`, and for a store without a catalogue `reviews` and `items`.
/// Writes to the store: similar items of every item, the list of every user, the model's files, the
/// file `vocabulary/items.txt` (item keys, one a line, in the order of indices), the reports under
/// the names of their stages; then it activates the version, whose name is the fingerprint of the
/// run. Writes `receipt` (JSON): version and counts.
///
/// Products and reviews that `load` wrote stay as they are. A store that no load has written gets
/// them from the inputs. One run at a time may publish to a store: a run removes the rests of others.
///
/// Parameters: see [`Params`].
///
/// ```yaml
/// publish:
///   inputs: {model: hybrid.model, reports: [eda-report.report, evaluate.report]}
///   params: {store: "sqlite://.cache/store.db", k: 50, similar: 20}
/// ```
pub struct Publish;

/// What was published.
#[derive(Serialize)]
struct Receipt<'a> {
    version: &'a str,
    store: &'a str,
    catalogue: &'a str,
    model: &'a str,
    algorithm: &'a str,
    users: u64,
    users_with_list: u64,
    items: u64,
    items_with_similar: u64,
    reports: usize,
}

/// What is to be published.
struct Inputs {
    stage: String,
    data: ModelData,
    model: Box<dyn Recommender>,
    users: Vec<String>,
    items: Vec<String>,
    history: Interactions,
    vocabulary: String,
    metrics: serde_json::Value,
}

impl Stage for Publish {
    const NAME: &'static str = "publish";
    const SUMMARY: &'static str = "Writes lists, model and reports to the store and makes them the active version";
    const INPUTS: &'static [Port] = &[
        Port::one("model", Kind::Model),
        Port::optional("items", Kind::Items),
        Port::one("reviews", Kind::Reviews),
        Port::optional("texts", Kind::ReviewTexts),
        Port::one("user_index", Kind::UserIndex),
        Port::one("item_index", Kind::ItemIndex),
        Port::one("train", Kind::Interactions),
        Port::one("validation", Kind::Interactions),
        Port::one("test", Kind::Interactions),
        Port::one("metrics", Kind::Metrics),
        Port::many("reports", Kind::Report),
    ];
    const OUTPUTS: &'static [Port] = &[Port::one("receipt", Kind::Receipt)];
    type Params = Params;

    fn run(params: &Params, context: &Context) -> anyhow::Result<()> {
        let store = block_on(storage::open(&params.store))?;
        block_on(store.ping())?;
        let inputs = Inputs::read(context)?;
        let version = context.fingerprint();
        let before = block_on(store.active())?.map(|active| active.version);
        let catalogue = catalogue::ensure(store.as_ref(), context)?;
        let lists = Lists {
            store: store.as_ref(),
            version,
            model: inputs.model.as_ref(),
            users: &inputs.users,
            items: &inputs.items,
            history: &inputs.history,
        };
        let receipt = Receipt {
            version,
            store: store.location(),
            catalogue: &catalogue,
            model: &inputs.stage,
            algorithm: inputs.model.algorithm(),
            users: inputs.users.len() as u64,
            items: inputs.items.len() as u64,
            items_with_similar: lists.similar(params, context)?,
            users_with_list: lists.recommendations(params, context)?,
            reports: model::write_reports(store.as_ref(), version, context)?,
        };
        model::write(store.as_ref(), version, &inputs.data, &inputs.vocabulary)?;
        activate(store.as_ref(), params, before, &inputs.version(context, &receipt))?;
        summarise(context, &receipt);
        write_json(context.output("receipt")?, &receipt)?;
        Ok(())
    }

    fn is_in_place(params: &Params, fingerprint: &str) -> anyhow::Result<bool> {
        let store = block_on(storage::open(&params.store))?;
        // An older version may still be there, but pages show the active one: publish it again.
        let is_active = block_on(store.active())?.is_some_and(|active| active.version == fingerprint);
        Ok(is_active && block_on(store.loaded())?.is_some())
    }
}

impl Inputs {
    fn read(context: &Context) -> anyhow::Result<Self> {
        let users = read_keys(context.input("user_index")?, Kind::UserIndex)?;
        let items = read_keys(context.input("item_index")?, Kind::ItemIndex)?;
        let part = |port: &str| anyhow::Ok(read_interactions(context.input(port)?, users.len(), items.len())?);
        // Ties as the site has them, which knows keys only: the list does not change until something happens.
        let history = part("train")?.merged(&part("validation")?).merged(&part("test")?).with_ties_by_item();
        let data = read_model(context.input("model")?)?;
        let model = recommender::load(&data)?;
        let stage = context.inputs("model").first().map(|input| input.stage.clone()).unwrap_or_default();
        if model.item_count() != items.len() {
            return Err(Error::WrongItems { model: stage, expected: items.len(), found: model.item_count() }.into());
        }
        let vocabulary = model::vocabulary(&items)?;
        let metrics = read_json(context.input("metrics")?)?;
        Ok(Self { stage, data, model, users, items, history, vocabulary, metrics })
    }

    fn version(&self, context: &Context, receipt: &Receipt) -> ModelVersion {
        ModelVersion {
            version: receipt.version.to_owned(),
            pipeline: context.pipeline().to_owned(),
            model: self.stage.clone(),
            algorithm: receipt.algorithm.to_owned(),
            items: receipt.items,
            users: receipt.users_with_list,
            metrics: self.metrics.clone(),
        }
    }
}

/// Makes the version the active one and removes those that are not to be kept.
fn activate(
    store: &dyn Store,
    params: &Params,
    before: Option<String>,
    version: &ModelVersion,
) -> Result<(), storage::Error> {
    block_on(store.activate(version))?;
    let mut kept = vec![version.version.clone()];
    if params.keep_versions > 1 {
        kept.extend(before.filter(|before| *before != version.version));
    }
    block_on(store.keep_versions(&kept))
}

fn summarise(context: &Context, receipt: &Receipt) {
    context.summary("version", receipt.version);
    context.summary("store", receipt.store);
    context.summary("model", receipt.model);
    context.summary("users_with_list", receipt.users_with_list);
    context.summary("items_with_similar", receipt.items_with_similar);
    context.summary("reports", receipt.reports as u64);
}
