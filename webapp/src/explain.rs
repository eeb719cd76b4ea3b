//! One score taken apart: what each item of the history adds to it.

use std::collections::HashMap;
use std::sync::Arc;

use serde::Serialize;
use storage::Store;

use crate::failure::Failure;
use crate::history::{Action, Told};
use crate::known::Known;
use crate::live::LiveModel;
use crate::strangers::StandIns;

/// A score and what it is made of.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Explanation {
    /// Key of the item that it is about.
    pub asin: String,
    /// The model's score, before preferences.
    pub score: f32,
    /// What the item gets whatever the history is.
    pub base: f32,
    /// Whether base and contributions add up to the score.
    pub exact: bool,
    /// One entry an item of the history that adds something, the largest first.
    pub contributions: Vec<Contribution>,
}

/// What one item of the history adds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Contribution {
    /// Item key.
    pub asin: String,
    /// Its title.
    pub title: Option<String>,
    /// What the user did with it.
    pub action: Action,
    /// What it adds, in the units of the score.
    pub value: f32,
}

/// Takes apart the score that an item has for a user at this moment. A model that cannot tell leaves the
/// whole score in the base.
pub(crate) async fn explain(
    store: &dyn Store,
    live: &Arc<LiveModel>,
    user: &str,
    asin: &str,
) -> Result<Explanation, Failure> {
    let unknown = || Failure::not_found(format!("The model knows no product with the key `{asin}`."));
    let item = live.index(asin).ok_or_else(unknown)?;
    let known = Known::load(store, user).await?;
    let stand_ins = StandIns::of(store, live, [&known]).await?;
    let history = known.history();
    let told = history.told(live, &stand_ins);
    let model = Arc::clone(live);
    let task = tokio::task::spawn_blocking(move || {
        let mut scores = vec![0.0; model.recommender.item_count()];
        model.recommender.score(&told.interactions, &mut scores);
        let explanation = model.recommender.explain(item, &told.interactions);
        (scores[item as usize], explanation, told)
    });
    let (total, explanation, told) = task.await.map_err(|error| Failure::internal("explain a score", &error))?;
    let (base, exact, parts) = match explanation {
        Some(explanation) => (explanation.base, explanation.exact, explanation.contributions),
        None => (total, false, Vec::new()),
    };
    let values = by_key(&parts, live, &told);
    let asins: Vec<String> = values.iter().map(|(asin, _)| asin.clone()).collect();
    let titles: HashMap<String, Option<String>> =
        store.products(&asins).await?.into_iter().map(|product| (product.asin, product.title)).collect();
    let contribution = |(asin, value): (String, f32)| Contribution {
        title: titles.get(&asin).cloned().flatten(),
        action: history.action(&asin).unwrap_or(Action::Rated),
        asin,
        value,
    };
    let contributions = values.into_iter().map(contribution).collect();
    Ok(Explanation { asin: asin.to_owned(), score: total, base, exact, contributions })
}

/// What each item of the user's own history adds, the largest first; what others add that stand in for it,
/// it adds itself.
fn by_key(parts: &[recommender::Contribution], live: &LiveModel, told: &Told) -> Vec<(String, f32)> {
    let mut values: Vec<(String, f32)> = Vec::with_capacity(parts.len());
    let mut places: HashMap<&str, usize> = HashMap::new();
    for part in parts {
        let key = told.key(live, part.item);
        let place = *places.entry(key).or_insert(values.len());
        match values.get_mut(place) {
            Some((_, value)) => *value += part.value,
            None => values.push((key.to_owned(), part.value)),
        }
    }
    values.sort_by(|a, b| b.1.total_cmp(&a.1));
    values
}
