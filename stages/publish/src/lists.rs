//! Computes the lists of users and items in parallel and writes them batch by batch.

use pipeline::Context;
use rayon::prelude::*;
use recommender::{Interaction, Interactions, Recommender, Scored, batch_size, top_k};
use storage::{Cause, Recommended, SimilarItems, Store, UserRecommendations, block_on};

use crate::Params;

/// Items of the history that are kept as reasons for a place.
const CAUSES: usize = 3;

/// Lists in memory at a time; also how many a store is given in one call.
const BATCH: usize = 1000;

/// What lists are made of.
pub struct Lists<'a> {
    /// Where they go.
    pub store: &'a dyn Store,
    /// The version that they belong to.
    pub version: &'a str,
    /// The model.
    pub model: &'a dyn Recommender,
    /// User keys by index.
    pub users: &'a [String],
    /// Item keys by index.
    pub items: &'a [String],
    /// Everything that is known of each user.
    pub history: &'a Interactions,
}

impl Lists<'_> {
    /// Writes a list for every user; the number of those that are not empty.
    pub fn recommendations(&self, params: &Params, context: &Context) -> anyhow::Result<u64> {
        let mut count = 0;
        for start in (0..self.users.len()).step_by(BATCH) {
            let end = self.users.len().min(start + BATCH);
            let users: Vec<u32> = (start as u32..end as u32).collect();
            let lists: Vec<UserRecommendations> = users
                .par_chunks(batch_size(self.items.len()))
                .flat_map_iter(|users| self.of_users(users, params))
                .collect();
            count += lists.iter().filter(|list| !list.items.is_empty()).count() as u64;
            block_on(self.store.put_recommendations(self.version, &lists))?;
            context.progress(end as u64, Some(self.users.len() as u64), "users");
        }
        Ok(count)
    }

    /// Writes the similar items of every item that has some; the number of such items.
    pub fn similar(&self, params: &Params, context: &Context) -> anyhow::Result<u64> {
        let mut count = 0;
        for start in (0..self.items.len()).step_by(BATCH) {
            let end = self.items.len().min(start + BATCH);
            let lists: Vec<SimilarItems> =
                (start..end).into_par_iter().filter_map(|item| self.of_item(item, params.similar as usize)).collect();
            count += lists.len() as u64;
            block_on(self.store.put_similar(self.version, &lists))?;
            context.progress(end as u64, Some(self.items.len() as u64), "items");
        }
        Ok(count)
    }

    fn of_users(&self, users: &[u32], params: &Params) -> Vec<UserRecommendations> {
        let histories: Vec<&[Interaction]> = users.iter().map(|user| self.history.history(*user)).collect();
        let mut scores = vec![0.0; users.len() * self.items.len()];
        self.model.score_many(&histories, &mut scores);
        let rows = users.iter().zip(scores.chunks_exact_mut(self.items.len().max(1)));
        rows.map(|(user, scores)| self.of_user(*user, params, scores)).collect()
    }

    fn of_user(&self, user: u32, params: &Params, scores: &mut [f32]) -> UserRecommendations {
        let history = self.history.history(user);
        for entry in history {
            scores[entry.item as usize] = f32::NEG_INFINITY;
        }
        let list = top_k(scores, params.k as usize, |_| false);
        let mut explainer = self.model.explainer(history);
        let items = list
            .into_iter()
            .enumerate()
            .map(|(place, scored)| {
                let is_explained = place < params.reasons as usize;
                let evidence = if is_explained { explainer(scored.item) } else { None };
                let causes =
                    evidence.map(|evidence| evidence.summed_up().causes(scored.item, CAUSES)).unwrap_or_default();
                let cause = |(item, share): (u32, f32)| Cause { asin: self.items[item as usize].clone(), share };
                Recommended { causes: causes.into_iter().map(cause).collect(), ..self.place(scored) }
            })
            .collect();
        UserRecommendations { user: self.users[user as usize].clone(), items }
    }

    fn of_item(&self, item: usize, k: usize) -> Option<SimilarItems> {
        let list = self.model.similar(item as u32, k).into_iter().filter(|scored| scored.score.is_finite());
        let items: Vec<Recommended> = list.map(|scored| self.place(scored)).collect();
        (!items.is_empty()).then(|| SimilarItems { asin: self.items[item].clone(), items })
    }

    fn place(&self, scored: Scored) -> Recommended {
        Recommended { asin: self.items[scored.item as usize].clone(), score: scored.score, causes: Vec::new() }
    }
}
