//! The active model in memory, replaced as a whole when another one is published.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use recommender::{ModelData, Recommender};
use storage::{Facets, ModelVersion, Product, ProductQuery, Store};
use tokio::sync::watch;

use crate::catalogue::Catalogue;
use crate::failure::Failure;
use crate::remembered::Remembered;
use crate::strangers::Strangers;

/// The model file that holds the item keys, one a line; line number = item index.
const VOCABULARY: &str = "vocabulary/items.txt";
/// How many categories and brands the forms can offer.
const FACETS: u64 = 200;
/// How many products and users the home page shows.
const HOME: u64 = 12;
/// How long a model that could not be loaded is left alone.
const RETRY: Duration = Duration::from_secs(10);

/// Everything that is kept in memory for one version of the model and one state of the catalogue.
pub(crate) struct LiveModel {
    /// What was published.
    pub version: ModelVersion,
    /// Scores items from a history.
    pub recommender: Box<dyn Recommender>,
    /// What preferences are compared with, one entry an item of the model.
    pub catalogue: Catalogue,
    /// Items that it does not know and that users have done something with.
    pub strangers: Strangers,
    products: Remembered<Arc<Product>>,
    /// Commonest categories and brands of the shop.
    pub facets: Facets,
    /// Most rated products, for the home page.
    pub popular: Vec<Product>,
    /// Users with most reviews, for the home page.
    pub active_users: Vec<String>,
    generation: Option<String>,
    keys: Vec<String>,
    indices: HashMap<String, u32>,
}

impl LiveModel {
    /// The item index of an asin, if the model knows it.
    pub fn index(&self, asin: &str) -> Option<u32> {
        self.indices.get(asin).copied()
    }

    /// Those of the products that exist, without their descriptions: lists are short and change often. Some
    /// seconds old where they were asked for a moment ago.
    pub async fn products(
        &self,
        store: &dyn Store,
        asins: &BTreeSet<&str>,
    ) -> Result<HashMap<String, Arc<Product>>, storage::Error> {
        let (mut found, missing) = self.products.get(asins.iter().copied());
        if !missing.is_empty() {
            let read = store.products(&missing).await?;
            let read: HashMap<String, Arc<Product>> =
                read.into_iter().map(|product| (product.asin.clone(), Arc::new(brief(product)))).collect();
            self.products.put(read.iter());
            found.extend(read);
        }
        Ok(found)
    }

    /// Forgets what is remembered of products that have changed.
    pub fn forget<'k>(&self, asins: impl Iterator<Item = &'k str> + Clone) {
        self.strangers.forget(asins.clone());
        self.products.forget(asins);
    }

    /// The asin of an item index of this model.
    pub fn key(&self, item: u32) -> &str {
        &self.keys[item as usize]
    }
}

fn brief(product: Product) -> Product {
    Product { description: None, ..product }
}

/// Why a model could not be loaded.
#[derive(Debug, thiserror::Error)]
enum LoadError {
    #[error(transparent)]
    Store(#[from] storage::Error),
    #[error(transparent)]
    Model(#[from] recommender::Error),
    #[error("load model: file `{VOCABULARY}`: expected {expected}, found {found}")]
    Vocabulary { expected: String, found: String },
}

/// Holds the live model and follows the store.
pub(crate) struct LiveModels {
    store: Arc<dyn Store>,
    refresh: Duration,
    current: RwLock<Option<Arc<LiveModel>>>,
    changes: watch::Sender<()>,
    /// Held while the store is asked and a model loaded: by one request at a time.
    state: tokio::sync::Mutex<Checked>,
}

#[derive(Default)]
struct Checked {
    at: Option<Instant>,
    failed: Option<(String, Instant)>,
}

impl LiveModels {
    /// None loaded yet; asks the store again when the last answer is older than `refresh`.
    pub fn new(store: Arc<dyn Store>, refresh: Duration) -> Self {
        Self {
            store,
            refresh,
            current: RwLock::new(None),
            changes: watch::Sender::new(()),
            state: tokio::sync::Mutex::new(Checked::default()),
        }
    }

    /// The live model. While another request loads a newer one, the one before is given out.
    pub async fn current(&self) -> Result<Arc<LiveModel>, Failure> {
        let held = self.held();
        let mut state = match (&held, self.state.try_lock()) {
            (_, Ok(state)) => state,
            (Some(held), Err(_)) => return Ok(Arc::clone(held)),
            (None, Err(_)) => self.state.lock().await,
        };
        match self.held() {
            Some(held) if state.at.is_some_and(|at| at.elapsed() < self.refresh) => Ok(held),
            held => self.follow(held, &mut state).await,
        }
    }

    /// Tells when another model has taken the place of the one before.
    pub fn changes(&self) -> watch::Receiver<()> {
        self.changes.subscribe()
    }

    fn held(&self) -> Option<Arc<LiveModel>> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn follow(&self, held: Option<Arc<LiveModel>>, state: &mut Checked) -> Result<Arc<LiveModel>, Failure> {
        let (active, generation) = match self.look_up().await {
            Ok((Some(active), generation)) => (active, generation),
            Ok((None, _)) => return Err(Failure::no_model()),
            Err(error) => return held.ok_or_else(|| Failure::from(error)),
        };
        state.at = Some(Instant::now());
        if let Some(held) = &held
            && held.version == active
            && held.generation == generation
        {
            return Ok(Arc::clone(held));
        }
        if let Some((version, at)) = &state.failed
            && *version == active.version
            && at.elapsed() < RETRY
        {
            return held.ok_or_else(Failure::broken_model);
        }
        let version = active.version.clone();
        match load(&self.store, active, generation).await {
            Ok(model) => {
                tracing::info!(version, algorithm = model.version.algorithm, items = model.keys.len(), "loaded model");
                let model = Arc::new(model);
                *self.current.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&model));
                self.changes.send_replace(());
                state.failed = None;
                Ok(model)
            }
            Err(error) => {
                tracing::error!(version, error = &error as &dyn std::error::Error, "failed to load the active model");
                state.failed = Some((version, Instant::now()));
                held.ok_or_else(Failure::broken_model)
            }
        }
    }

    async fn look_up(&self) -> Result<(Option<ModelVersion>, Option<String>), storage::Error> {
        Ok((self.store.active().await?, self.store.loaded().await?))
    }
}

async fn load(
    store: &Arc<dyn Store>,
    version: ModelVersion,
    generation: Option<String>,
) -> Result<LiveModel, LoadError> {
    let mut files = store.model_files(&version.version).await?;
    let keys = vocabulary(&mut files)?;
    let recommender = recommender::load(&ModelData::from_files(&files)?)?;
    if keys.len() != recommender.item_count() {
        return Err(LoadError::Vocabulary {
            expected: format!("{} keys, as the model has items", recommender.item_count()),
            found: format!("{} keys", keys.len()),
        });
    }
    let catalogue = Catalogue::load(store.as_ref(), &keys).await?;
    let popular = store.search(&ProductQuery { limit: HOME, ..ProductQuery::default() }).await?.rows;
    Ok(LiveModel {
        recommender,
        catalogue,
        strangers: Strangers::default(),
        products: Remembered::default(),
        facets: store.facets(FACETS).await?,
        popular,
        active_users: store.active_users(HOME).await?,
        indices: keys.iter().enumerate().map(|(item, key)| (key.clone(), item as u32)).collect(),
        keys,
        generation,
        version,
    })
}

fn vocabulary(files: &mut BTreeMap<String, Vec<u8>>) -> Result<Vec<String>, LoadError> {
    let broken = |expected: &str, found: String| LoadError::Vocabulary { expected: expected.to_owned(), found };
    let bytes = files.remove(VOCABULARY).ok_or_else(|| broken("item keys, one a line", "no such file".to_owned()))?;
    let text = String::from_utf8(bytes).map_err(|error| broken("UTF-8", error.to_string()))?;
    Ok(text.lines().map(str::to_owned).collect())
}
