//! What every request has at hand: the store, the bus, the open streams, and the model that is live.

use std::sync::Arc;
use std::time::Duration;

use storage::{LiveList, Store};
use streaming::{Bus, Place};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use crate::failure::Failure;
use crate::hub::{self, Hub};
use crate::known::Known;
use crate::lane::LIST;
use crate::live::{LiveModel, LiveModels};
use crate::metrics::Metrics;
use crate::node::Node;
use crate::recommend::best_for;
use crate::strangers::StandIns;
use crate::topics::{Topics, Update};

/// How long the answer to a form waits for its event to show.
const PATIENCE: Duration = Duration::from_secs(2);
/// How often the bus and the active model are looked at while nobody asks.
const EVERY: Duration = Duration::from_secs(1);

/// Everything that requests and the live worker share.
pub(crate) struct Site {
    /// Where everything is read from and written to.
    pub store: Arc<dyn Store>,
    /// Where events go and updates come from.
    pub bus: Arc<dyn Bus>,
    /// Where on the bus.
    pub topics: Topics,
    /// The pages that are open on this node.
    pub hub: Hub,
    /// What has happened so far.
    pub metrics: Metrics,
    /// Name of this node's worker in its group.
    pub worker: Option<String>,
    models: LiveModels,
    /// Whether the bus answers.
    answers: watch::Sender<bool>,
}

impl Site {
    /// A site on a store and a bus; the model is loaded by the first request that needs it.
    pub fn new(store: Arc<dyn Store>, bus: Arc<dyn Bus>, node: &Node, refresh: Duration) -> Self {
        Self {
            models: LiveModels::new(Arc::clone(&store), refresh),
            topics: node.topics(),
            worker: node.name(),
            hub: Hub::default(),
            metrics: Metrics::default(),
            answers: watch::Sender::new(true),
            store,
            bus,
        }
    }

    /// The live model. A request takes it once and uses it to its end, so that it sees one version.
    pub async fn live(&self) -> Result<Arc<LiveModel>, Failure> {
        self.models.current().await
    }

    /// Tells when another model or another state of the catalogue is live.
    pub fn model_changes(&self) -> watch::Receiver<()> {
        self.models.changes()
    }

    /// Whether the bus answered when it was last asked.
    pub fn is_live(&self) -> bool {
        *self.answers.borrow()
    }

    /// Tells when the bus goes away or comes back.
    pub fn live_changes(&self) -> watch::Receiver<bool> {
        self.answers.subscribe()
    }

    /// The log of events as the store names it.
    pub async fn log(&self) -> Result<String, Failure> {
        Ok(format!("{}/{}", self.bus.identity().await?, self.topics.events))
    }

    /// Events that no worker has applied yet.
    pub async fn lag(&self) -> Result<u64, Failure> {
        let (ends, next) = (self.bus.ends(&self.topics.events).await?, self.store.offsets(&self.log().await?).await?);
        let next = |partition: u32| next.get(&partition).copied().unwrap_or(0);
        Ok((0..).zip(ends).map(|(partition, end)| end.saturating_sub(next(partition))).sum())
    }

    /// The user's list of the live model, at the place of the one that the store keeps; none if the store
    /// keeps none: then nothing has happened that an open page has not seen.
    pub async fn list_now(&self, user: &str) -> Option<Update> {
        let (kept, live) = (self.store.live_list(user).await.ok()??, self.live().await.ok()?);
        let known = Known::load(self.store.as_ref(), user).await.ok()?;
        let version = live.version.version.clone();
        let stand_ins = StandIns::of(self.store.as_ref(), &live, [&known]).await.ok()?;
        let best = tokio::task::spawn_blocking(move || best_for(&live, &[&known], &stand_ins, LIST)).await.ok()?;
        let (items, grounds) = best.into_iter().next()?;
        Some(Update { list: LiveList { version, items, ..kept }, grounds: Some(grounds) })
    }

    /// Waits until an event of the user shows in what is read from the store; not for ever.
    pub async fn shown(&self, user: &str, place: Place) {
        let mut updates = self.hub.subscribe(user);
        let shown = async {
            loop {
                let kept = self.store.live_list(user).await.ok().flatten();
                if kept.is_some_and(|list| list.partition == place.partition && list.offset >= place.offset) {
                    return;
                }
                if updates.changed().await.is_err() {
                    return;
                }
            }
        };
        if timeout(PATIENCE, shown).await.is_err() {
            tracing::warn!("an event waits for a live worker; does one run?");
        }
        drop(updates);
        self.hub.left(user);
    }
}

/// Looks again and again whether the bus answers, and tells the open pages.
pub(crate) async fn watch_bus(site: Arc<Site>) {
    loop {
        let answer = site.bus.ping().await;
        let is_up = answer.is_ok();
        let has_changed = site.answers.send_if_modified(|before| std::mem::replace(before, is_up) != is_up);
        match answer {
            Err(error) if has_changed => {
                site.metrics.errors.add(1);
                tracing::warn!(error = &error as &dyn std::error::Error, "the bus is away; pages are told");
            }
            Ok(()) if has_changed => {
                tracing::info!("the bus is back");
                hub::catch_up(&site).await;
            }
            _ => {}
        }
        sleep(EVERY).await;
    }
}

/// Looks again and again for a newer model, so that open pages follow it without a request.
pub(crate) async fn watch_models(site: Arc<Site>) {
    loop {
        sleep(EVERY).await;
        // Whoever needs a model that is not there is told; here nobody does.
        drop(site.live().await);
    }
}
