//! `serve`: the web site over the store that a pipeline publishes to.

use serde_json::Value;
use webapp::{Role, Settings};

use crate::{
    Error,
    arguments::{ListenArguments, ServeArguments},
    exit::Exit,
    plan::{Plan, compile},
    registry::Registry,
};

/// The stage that fills the store.
const PUBLISH: &str = "publish";

/// Runs `orchestrator serve`.
pub fn serve(arguments: &ServeArguments, registry: &Registry) -> Result<Exit, Error> {
    let store = if let Some(store) = &arguments.store {
        store.clone()
    } else {
        let (file, _) = arguments.pipeline.split()?;
        store_of(&compile(&file, &arguments.pipeline.settings, registry)?)?
    };
    serve_store(store, &arguments.listen)
}

/// Serves the store that a plan publishes to, until Ctrl-C.
pub fn serve_plan(plan: &Plan, listen: &ListenArguments) -> Result<Exit, Error> {
    serve_store(store_of(plan)?, listen)
}

fn serve_store(store: String, listen: &ListenArguments) -> Result<Exit, Error> {
    let role = if listen.no_worker { Role::Pages } else { Role::Both };
    webapp::serve(Settings { store, node: listen.node.clone(), role }).map_err(anyhow::Error::new)?;
    Ok(Exit::Done)
}

/// The store that a plan publishes to.
pub fn store_of(plan: &Plan) -> Result<String, Error> {
    let publish = plan.stages.iter().find(|stage| stage.stage() == PUBLISH);
    let store = publish.and_then(|stage| stage.params.get("store")).and_then(Value::as_str);
    store.map(ToOwned::to_owned).ok_or_else(|| {
        let file = plan.file.display();
        Error::Arguments(format!("{file} has no stage `{PUBLISH}` with a `store`, so there is nothing to serve; name one with `serve --store URL`"))
    })
}
