//! One path from a user to a list of recommendations with reasons, for pages and API.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use recommender::{Evidence, Explanation, Interaction};
use serde::{Deserialize, Serialize};
use storage::{Cause, LiveList, Preferences, Product, Recommended, Store};

use crate::failure::Failure;
use crate::history::{Action, History, Told};
use crate::known::Known;
use crate::live::LiveModel;
use crate::ranking::{Taste, rank};
use crate::strangers::{STAND_INS, StandIns};

/// Items of the history that are named as reasons for a recommended one.
const CAUSES: usize = 3;
/// Users who are scored together: their scores fit into the caches.
const TOGETHER: usize = 16;

/// Where a list comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Source {
    /// Published with the model: nothing has happened since.
    Stored,
    /// Scored for this request.
    Live,
}

/// Why an item is in a list.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub(crate) enum Reason {
    /// The user did something with an item that speaks for this one.
    BecauseOf {
        /// Key of that item.
        asin: String,
        /// Its title.
        title: Option<String>,
        /// What the user did with it.
        action: Action,
        /// Its share of all that the history says for the recommended item, above 0, at most 1.
        share: f32,
    },
    /// It is of a preferred brand.
    Brand {
        /// The brand.
        value: String,
    },
    /// It is in a preferred category.
    Category {
        /// The category.
        value: String,
    },
    /// Many customers chose it.
    Popular,
}

/// A recommended product.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Suggestion {
    /// What is recommended.
    #[serde(flatten)]
    pub product: Arc<Product>,
    /// Higher is better; comparable within one list only.
    pub score: f32,
    /// Why, the strongest first.
    pub reasons: Vec<Reason>,
}

/// A list with its origin and what it rests on.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Suggestions {
    /// Where it comes from.
    pub source: Source,
    /// Best first.
    pub items: Vec<Suggestion>,
    /// What the user did.
    pub history: History,
    /// What the user wants.
    pub preferences: Preferences,
}

/// An item before its product is looked up.
struct Pick {
    asin: String,
    score: f32,
    causes: Vec<Cause>,
    popular: bool,
}

/// What reasons are told from, apart from the list.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Grounds {
    /// What was done with the items that are causes.
    actions: BTreeMap<String, Action>,
    /// What the user wants.
    preferences: Preferences,
}

impl Grounds {
    fn of(history: &History, preferences: &Preferences, picks: &[Pick]) -> Self {
        let causes: HashSet<&str> =
            picks.iter().flat_map(|pick| &pick.causes).map(|cause| cause.asin.as_str()).collect();
        let entries = history.entries.iter().filter(|entry| causes.contains(entry.asin.as_str()));
        let actions = entries.map(|entry| (entry.asin.clone(), entry.action)).collect();
        Self { actions, preferences: preferences.clone() }
    }
}

/// The best `k` items for a user at this moment.
///
/// A user without events and preferences gets the list that came with the model, if there is one
/// of that length; everybody else's is scored from the history. Items of [`History::settled`] and
/// excluded ones are left out of both.
pub(crate) async fn recommend(
    store: &dyn Store,
    live: &Arc<LiveModel>,
    user: &str,
    k: usize,
) -> Result<Suggestions, Failure> {
    let known = Known::load(store, user).await?;
    let history = known.history();
    let stored = if known.is_untouched() { stored_picks(store, live, user, &history, k).await? } else { None };
    let (source, picks) = if let Some(picks) = stored {
        (Source::Stored, picks)
    } else {
        let stand_ins = StandIns::of(store, live, [&known]).await?;
        (Source::Live, score(live, &history, &known.preferences, stand_ins, k).await?)
    };
    let preferences = known.preferences;
    let grounds = Grounds::of(&history, &preferences, &picks);
    let items = complete(store, live, picks, &grounds).await?;
    Ok(Suggestions { source, items, history, preferences })
}

/// The best `k` items for what is known of each user, and what their reasons are told from: what a live
/// worker keeps and tells. Takes milliseconds where the model is large.
pub(crate) fn best_for(
    live: &LiveModel,
    users: &[&Known],
    stand_ins: &StandIns,
    k: usize,
) -> Vec<(Vec<Recommended>, Grounds)> {
    let mut best = Vec::with_capacity(users.len());
    for users in users.chunks(TOGETHER) {
        let histories: Vec<History> = users.iter().map(|known| known.history()).collect();
        let asked: Vec<Asked> =
            histories.iter().zip(users).map(|(history, known)| (history, &known.preferences)).collect();
        let lists = picks(live, &asked, stand_ins, k).into_iter().zip(asked);
        best.extend(lists.map(|(picks, (history, preferences))| {
            let grounds = Grounds::of(history, preferences, &picks);
            let kept = |pick: Pick| Recommended { asin: pick.asin, score: pick.score, causes: pick.causes };
            (picks.into_iter().map(kept).collect(), grounds)
        }));
    }
    best
}

/// A list that a live worker made, with products and reasons; the grounds are looked up if they did not
/// come with it.
pub(crate) async fn listed(
    store: &dyn Store,
    live: &LiveModel,
    list: &LiveList,
    grounds: Option<&Grounds>,
) -> Result<Vec<Suggestion>, Failure> {
    let picks: Vec<Pick> = list.items.iter().map(|item| stored_pick(item.clone(), live)).collect();
    if let Some(grounds) = grounds {
        return complete(store, live, picks, grounds).await;
    }
    let known = Known::load(store, &list.user).await?;
    let grounds = Grounds::of(&known.history(), &known.preferences, &picks);
    complete(store, live, picks, &grounds).await
}

/// The list that came with the model, if the user has one of that length.
async fn stored_picks(
    store: &dyn Store,
    live: &LiveModel,
    user: &str,
    history: &History,
    k: usize,
) -> Result<Option<Vec<Pick>>, Failure> {
    let stored = store.recommendations(&live.version.version, user).await?.unwrap_or_default();
    let settled = history.settled();
    let fresh = stored.into_iter().filter(|item| !settled.contains(item.asin.as_str()));
    let picks: Vec<Pick> = fresh.take(k).map(|item| stored_pick(item, live)).collect();
    Ok((picks.len() == k).then_some(picks))
}

fn stored_pick(item: Recommended, live: &LiveModel) -> Pick {
    let popular = live.index(&item.asin).is_some_and(|index| live.catalogue.is_popular(index));
    Pick { asin: item.asin, score: item.score, causes: item.causes, popular }
}

/// Scores off the threads that answer requests: a large model takes milliseconds.
async fn score(
    live: &Arc<LiveModel>,
    history: &History,
    preferences: &Preferences,
    stand_ins: StandIns,
    k: usize,
) -> Result<Vec<Pick>, Failure> {
    let (live, history, preferences) = (Arc::clone(live), history.clone(), preferences.clone());
    let scored = tokio::task::spawn_blocking(move || {
        picks(&live, &[(&history, &preferences)], &stand_ins, k).into_iter().next().unwrap_or_default()
    });
    scored.await.map_err(|error| Failure::internal("score items", &error))
}

/// What a list is made for.
type Asked<'a> = (&'a History, &'a Preferences);

/// The best `k` items for each, scored together.
fn picks(live: &LiveModel, asked: &[Asked], stand_ins: &StandIns, k: usize) -> Vec<Vec<Pick>> {
    let told: Vec<Told> = asked.iter().map(|(history, _)| history.told(live, stand_ins)).collect();
    let histories: Vec<&[Interaction]> = told.iter().map(|told| told.interactions.as_slice()).collect();
    let items = live.recommender.item_count();
    let mut scores = vec![0.0; asked.len() * items];
    live.recommender.score_many(&histories, &mut scores);
    let scores = scores.chunks_exact_mut(items.max(1));
    asked.iter().zip(&told).zip(scores).map(|((asked, told), scores)| picked(live, *asked, told, scores, k)).collect()
}

/// The best `k` items by these scores, with what speaks for them.
fn picked(live: &LiveModel, (history, preferences): Asked, told: &Told, scores: &mut [f32], k: usize) -> Vec<Pick> {
    let taste = Taste::new(preferences, |name| live.catalogue.name(name));
    let excluded = preferences.excluded_items.iter().map(String::as_str);
    let skip: HashSet<u32> =
        history.settled().into_iter().chain(excluded).filter_map(|asin| live.index(asin)).collect();
    let best = rank(live, scores, &taste, k, |item| skip.contains(&item));
    let mut explainer = live.recommender.explainer(&told.interactions);
    let pick = |scored: recommender::Scored| {
        let explanation = explainer(scored.item).map(Evidence::summed_up);
        let causes = explanation.as_ref().map(|explanation| causes(explanation, scored.item, live, told));
        let causes = causes.unwrap_or_default();
        let has_base = explanation.is_some_and(|explanation| explanation.base > 0.0);
        let popular = has_base || live.catalogue.is_popular(scored.item);
        Pick { asin: live.key(scored.item).to_owned(), score: scored.score, causes, popular }
    };
    best.into_iter().map(pick).collect()
}

/// The items of the user's own history that speak most for `item`: what those say that stand in for one of
/// them is what it says.
fn causes(explanation: &Explanation, item: u32, live: &LiveModel, told: &Told) -> Vec<Cause> {
    let mut causes: Vec<Cause> = Vec::new();
    for (cause, share) in explanation.causes(item, CAUSES * STAND_INS) {
        let asin = told.key(live, cause);
        match causes.iter_mut().find(|one| one.asin == asin) {
            Some(one) => one.share += share,
            None => causes.push(Cause { asin: asin.to_owned(), share }),
        }
    }
    causes.sort_by(|a, b| b.share.total_cmp(&a.share));
    causes.truncate(CAUSES);
    causes
}

/// Adds products and reasons to the picks with one look into the store at most.
async fn complete(
    store: &dyn Store,
    live: &LiveModel,
    picks: Vec<Pick>,
    grounds: &Grounds,
) -> Result<Vec<Suggestion>, Failure> {
    let causes = picks.iter().flat_map(|pick| &pick.causes);
    let wanted = picks.iter().map(|pick| pick.asin.as_str()).chain(causes.map(|cause| cause.asin.as_str()));
    let found = live.products(store, &wanted.collect()).await?;
    let suggestion = |pick: Pick| {
        let product = found.get(&pick.asin).cloned();
        let product = product.unwrap_or_else(|| Arc::new(Product { asin: pick.asin.clone(), ..Product::default() }));
        let reasons = reasons(&pick, &product, &found, grounds);
        Suggestion { product, score: pick.score, reasons }
    };
    Ok(picks.into_iter().map(suggestion).collect())
}

fn reasons(pick: &Pick, product: &Product, found: &HashMap<String, Arc<Product>>, grounds: &Grounds) -> Vec<Reason> {
    let mut reasons = Vec::new();
    let preferences = &grounds.preferences;
    for Cause { asin, share } in &pick.causes {
        reasons.push(Reason::BecauseOf {
            asin: asin.clone(),
            title: found.get(asin).and_then(|product| product.title.clone()),
            action: grounds.actions.get(asin).copied().unwrap_or(Action::Rated),
            share: *share,
        });
    }
    let same = |a: &str, b: &str| a.to_lowercase() == b.to_lowercase();
    if let Some(brand) = &product.brand
        && preferences.brands.iter().any(|liked| same(liked, brand))
    {
        reasons.push(Reason::Brand { value: brand.clone() });
    }
    let liked = |category: &&String| preferences.categories.iter().any(|liked| same(liked, category));
    if let Some(category) = product.categories.iter().rfind(liked) {
        reasons.push(Reason::Category { value: category.clone() });
    }
    if reasons.is_empty() && pick.popular {
        reasons.push(Reason::Popular);
    }
    reasons
}

/// The `k` products most like one, with their scores: as published, or from the model itself where
/// more are wanted than were published. For a product that the model does not know those that are described
/// most like it.
pub(crate) async fn similar_products(
    store: &dyn Store,
    live: &LiveModel,
    product: &Product,
    k: usize,
) -> Result<Vec<(Product, f32)>, Failure> {
    let asin = product.asin.as_str();
    let mut lists = store.similar(&live.version.version, asin).await?;
    if lists.len() < k {
        let own = match live.index(asin) {
            Some(item) => live.recommender.similar(item, k),
            None => live.catalogue.neighbours().nearest(product, k),
        };
        if own.len() > lists.len() {
            let recommended = |scored: recommender::Scored| Recommended {
                asin: live.key(scored.item).to_owned(),
                score: scored.score,
                causes: Vec::new(),
            };
            lists = own.into_iter().map(recommended).collect();
        }
    }
    lists.truncate(k);
    let asins: Vec<String> = lists.iter().map(|item| item.asin.clone()).collect();
    let mut products = store.products(&asins).await?.into_iter().peekable();
    let pair = |item: Recommended| Some((products.next_if(|product| product.asin == item.asin)?, item.score));
    Ok(lists.into_iter().filter_map(pair).collect())
}
