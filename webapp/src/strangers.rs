//! Items that the model does not know, and the known ones that stand in for them.
//!
//! A product that came after the model was fitted tells it nothing. The products that are described most
//! like it do: what is done with a stranger counts as done with those, weaker, the less they are like it.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use recommender::Scored;
use storage::Store;

use crate::known::Known;
use crate::live::LiveModel;
use crate::remembered::Remembered;

/// Known items that stand in for a stranger.
pub(crate) const STAND_INS: usize = 3;
/// Strangers of one user that count: the newest.
pub(crate) const MOST_OF_USER: usize = 10;
/// Similar known items, the nearest first.
pub(crate) type Similar = Arc<[Scored]>;

/// The strangers that a model has met.
pub(crate) type Strangers = Remembered<Similar>;

/// What stands in for the strangers of some users.
#[derive(Clone, Default)]
pub(crate) struct StandIns(HashMap<String, Similar>);

impl StandIns {
    /// For the strangers of these users: with one look into the store, or none if there are none that are
    /// not remembered.
    pub async fn of(
        store: &dyn Store,
        live: &LiveModel,
        users: impl IntoIterator<Item = &Known>,
    ) -> Result<Self, storage::Error> {
        let strangers: BTreeSet<&str> = users.into_iter().flat_map(|known| known.strangers(live)).collect();
        if strangers.is_empty() {
            return Ok(Self::default());
        }
        let (mut found, missing) = live.strangers.get(strangers);
        if !missing.is_empty() {
            let products = store.products(&missing).await?;
            let similar = products.iter().map(|product| {
                (product.asin.clone(), Similar::from(live.catalogue.neighbours().nearest(product, STAND_INS)))
            });
            let mut similar: HashMap<String, Similar> = similar.collect();
            // One without a product has nobody to stand in, which is remembered too.
            similar.extend(
                missing
                    .into_iter()
                    .filter(|asin| !similar.contains_key(asin))
                    .map(|asin| (asin, Similar::default()))
                    .collect::<Vec<_>>(),
            );
            live.strangers.put(similar.iter());
            found.extend(similar);
        }
        Ok(Self(found))
    }

    /// The items that stand in for this one, the nearest first.
    pub fn get(&self, asin: &str) -> &[Scored] {
        self.0.get(asin).map_or(&[], |similar| similar)
    }

    /// Of known neighbours, for tests.
    #[cfg(test)]
    pub fn for_test(asin: &str, similar: &[(u32, f32)]) -> Self {
        let similar = similar.iter().map(|(item, score)| Scored { item: *item, score: *score }).collect();
        Self(HashMap::from([(asin.to_owned(), similar)]))
    }
}
