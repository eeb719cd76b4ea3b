//! What every request has at hand: the store, the bus, the open streams, and the model that is live.

use std::sync::Arc;
use std::time::Duration;

use storage::Store;
use streaming::{Bus, Place};
use tokio::time::timeout;

use crate::failure::Failure;
use crate::hub::Hub;
use crate::live::{LiveModel, LiveModels};

/// How long the answer to a form waits for its event to show.
const PATIENCE: Duration = Duration::from_secs(2);

/// Everything that requests and the live worker share.
pub(crate) struct Site {
    /// Where everything is read from and written to.
    pub store: Arc<dyn Store>,
    /// Where events go and updates come from.
    pub bus: Arc<dyn Bus>,
    /// The pages that are open on this node.
    pub hub: Hub,
    models: LiveModels,
}

impl Site {
    /// A site on a store and a bus; the model is loaded by the first request that needs it.
    pub fn new(store: Arc<dyn Store>, bus: Arc<dyn Bus>, refresh: Duration) -> Self {
        Self { models: LiveModels::new(Arc::clone(&store), refresh), hub: Hub::default(), store, bus }
    }

    /// The live model. A request takes it once and uses it to its end, so that it sees one version.
    pub async fn live(&self) -> Result<Arc<LiveModel>, Failure> {
        self.models.current().await
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
