//! What every request has at hand: the store and the model that is live.

use std::sync::Arc;
use std::time::Duration;

use storage::Store;

use crate::failure::Failure;
use crate::live::{LiveModel, LiveModels};

/// The store and the live model.
pub(crate) struct Site {
    /// Where everything is read from and written to.
    pub store: Arc<dyn Store>,
    models: LiveModels,
}

impl Site {
    /// A site on a store; the model is loaded by the first request that needs it.
    pub fn new(store: Arc<dyn Store>, refresh: Duration) -> Self {
        Self { models: LiveModels::new(Arc::clone(&store), refresh), store }
    }

    /// The live model. A request takes it once and uses it to its end, so that it sees one version.
    pub async fn live(&self) -> Result<Arc<LiveModel>, Failure> {
        self.models.current().await
    }
}
