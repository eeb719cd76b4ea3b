//! Users' rankings: where the held-out items stand, and the list that is shown.

use super::{Catalogue, UserEvaluation, catalogue::Lists, segments::UserSegment};
use crate::{
    Interaction, Interactions, Recommender, Scored,
    metrics::{RatingErrors, RelevantRanks},
    top_k,
};

/// Metrics of accuracy at each k, in the order of [`accuracy`].
pub(super) const ACCURACY: [&str; 7] = ["precision", "recall", "f1", "hit_rate", "ndcg", "map", "mrr"];

/// What the evaluation of one user gives before it is summed up.
pub(super) struct Ranking {
    user: u32,
    pub(super) list: Vec<Scored>,
    /// The values of all users' metrics; not a number where one is not defined.
    pub(super) values: Vec<f64>,
    pub(super) segment: UserSegment,
    /// The accuracy at finding held-out items of the head and of the tail alone; none without such.
    pub(super) by_items: [Option<Vec<f64>>; 2],
    /// Errors of predicted ratings of head and of tail items.
    pub(super) errors: [RatingErrors; 2],
}

impl Ranking {
    pub(super) fn into_user(self) -> UserEvaluation {
        let values = self.values.into_iter().map(|value| value as f32).collect();
        UserEvaluation { user: self.user, list: self.list, values }
    }
}

/// Ranks for some users after others; each thread has its own, with its own buffers.
pub(super) struct Ranker<'a> {
    model: &'a dyn Recommender,
    ks: &'a [u32],
    catalogue: Option<&'a Catalogue>,
    lists: Option<Lists<'a>>,
    longest: usize,
    scores: Vec<f32>,
}

/// The items of a user that ranking asks about, each in its order and once.
struct Wanted {
    user: u32,
    seen: Vec<u32>,
    /// Held out and not seen.
    relevant: Vec<u32>,
}

impl<'a> Ranker<'a> {
    pub(super) fn new(model: &'a dyn Recommender, ks: &'a [u32], catalogue: Option<&'a Catalogue>) -> Self {
        Self {
            model,
            ks,
            catalogue,
            lists: catalogue.map(Lists::new),
            longest: ks.iter().copied().max().unwrap_or(0) as usize,
            scores: Vec::new(),
        }
    }

    /// Ranks for users who are scored together; those whose history leaves nothing to predict are left out.
    pub(super) fn rank(&mut self, users: &[u32], history: &Interactions, held_out: &Interactions) -> Vec<Ranking> {
        let wanted = |user: &u32| Wanted::new(*user, history.history(*user), held_out.history(*user));
        let wanted: Vec<Wanted> = users.iter().filter_map(wanted).collect();
        let histories: Vec<&[Interaction]> = wanted.iter().map(|wanted| history.history(wanted.user)).collect();
        let items = self.model.item_count();
        let mut scores = std::mem::take(&mut self.scores);
        scores.resize(wanted.len() * items, 0.0);
        self.model.score_many(&histories, &mut scores);
        let rows = scores.chunks_exact_mut(items.max(1));
        let ranked = wanted.iter().zip(rows).map(|(wanted, scores)| {
            self.rank_one(wanted, (history.history(wanted.user), held_out.history(wanted.user)), scores)
        });
        let rankings = ranked.collect();
        self.scores = scores;
        rankings
    }

    fn rank_one(
        &mut self,
        wanted: &Wanted,
        (history, held_out): (&[Interaction], &[Interaction]),
        scores: &mut [f32],
    ) -> Ranking {
        for item in &wanted.seen {
            if let Some(score) = scores.get_mut(*item as usize) {
                *score = f32::NEG_INFINITY;
            }
        }
        let list = top_k(scores, self.longest, |_| false);
        let hits = hits(&list, &wanted.relevant);
        let mut values = self.accuracy(&hits, &wanted.relevant, scores);
        if let Some(lists) = &mut self.lists {
            lists.describe(history, &list, self.ks, &mut values);
        }
        let (by_items, errors) = (self.by_items(&hits, &wanted.relevant), self.errors(history, held_out));
        let segment = self.catalogue.map_or(UserSegment::default(), |catalogue| catalogue.user_segment(history.len()));
        Ranking { user: wanted.user, list, values, segment, by_items, errors }
    }

    /// Values at each k, and the reciprocal rank in the whole ranking.
    fn accuracy(&self, hits: &[(u32, u32)], relevant: &[u32], scores: &[f32]) -> Vec<f64> {
        let ranks = RelevantRanks::new(hits.iter().map(|(rank, _)| *rank).collect(), relevant.len());
        let first = hits.first().map(|(rank, _)| *rank).or_else(|| rank_of_best(relevant, scores));
        let reciprocal = first.map_or(0.0, |rank| 1.0 / f64::from(rank));
        accuracy(&ranks, self.ks).chain([reciprocal]).collect()
    }

    fn by_items(&self, hits: &[(u32, u32)], relevant: &[u32]) -> [Option<Vec<f64>>; 2] {
        let Some(catalogue) = self.catalogue else { return [None, None] };
        [true, false].map(|is_head| {
            let wanted = relevant.iter().filter(|item| catalogue.is_head(**item) == is_head).count();
            let ranks = hits.iter().filter(|(_, item)| catalogue.is_head(*item) == is_head).map(|(rank, _)| *rank);
            (wanted > 0).then(|| accuracy(&RelevantRanks::new(ranks.collect(), wanted), self.ks).collect())
        })
    }

    fn errors(&self, history: &[Interaction], held_out: &[Interaction]) -> [RatingErrors; 2] {
        let mut errors = [RatingErrors::default(); 2];
        for entry in held_out {
            if let Some(predicted) = self.model.predict_rating(history, entry.item) {
                let is_tail = self.catalogue.is_some_and(|catalogue| !catalogue.is_head(entry.item));
                errors[usize::from(is_tail)].add(predicted, entry.weight);
            }
        }
        errors
    }
}

/// The values of [`ACCURACY`] at each k.
fn accuracy(ranks: &RelevantRanks, ks: &[u32]) -> impl Iterator<Item = f64> {
    ks.iter().flat_map(|k| {
        [
            ranks.precision_at_k(*k),
            ranks.recall_at_k(*k),
            ranks.f1_at_k(*k),
            ranks.hit_rate_at_k(*k),
            ranks.ndcg_at_k(*k),
            ranks.average_precision_at_k(*k),
            ranks.reciprocal_rank_at_k(*k),
        ]
    })
}

impl Wanted {
    /// None if the history leaves nothing to predict.
    fn new(user: u32, history: &[Interaction], held_out: &[Interaction]) -> Option<Self> {
        let (seen, mut relevant) = (sorted_items(history), sorted_items(held_out));
        relevant.retain(|item| seen.binary_search(item).is_err());
        (!relevant.is_empty()).then_some(Self { user, seen, relevant })
    }
}

/// The items of these interactions, in their order, each once.
fn sorted_items(entries: &[Interaction]) -> Vec<u32> {
    let mut items: Vec<u32> = entries.iter().map(|entry| entry.item).collect();
    items.sort_unstable();
    items.dedup();
    items
}

/// Rank of the best placed relevant item; none if none is ranked.
fn rank_of_best(relevant: &[u32], scores: &[f32]) -> Option<u32> {
    let score = |item: u32| scores[item as usize] + 0.0;
    let ranked = relevant.iter().copied().filter(|item| score(*item).is_finite());
    let best = ranked.min_by(|a, b| score(*b).total_cmp(&score(*a)).then(a.cmp(b)))?;
    Some(rank_of(best, scores))
}

/// Rank and item of the relevant items in a list, best first. `relevant` is sorted.
fn hits(list: &[Scored], relevant: &[u32]) -> Vec<(u32, u32)> {
    let ranked = (1..).zip(list.iter().map(|scored| scored.item));
    ranked.filter(|(_, item)| relevant.binary_search(item).is_ok()).collect()
}

/// Rank of an item of finite score from 1, in the order of [`top_k`].
///
/// Every item before it is ahead with an equal score, every one behind only with a higher one; both
/// counts are without branches, so that they are vectorised.
fn rank_of(item: u32, scores: &[f32]) -> u32 {
    let (before, after) = scores.split_at(item as usize);
    let score = after[0];
    let is_ranked = |other: f32| other <= f32::MAX;
    let equal = before.iter().map(|other| u32::from((*other >= score) & is_ranked(*other))).sum::<u32>();
    equal + after.iter().map(|other| u32::from((*other > score) & is_ranked(*other))).sum::<u32>() + 1
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_rank_is_the_place_in_the_whole_list(
            scores in proptest::collection::vec(prop_oneof![
                8 => (-3_i8..4).prop_map(f32::from),
                1 => Just(f32::NAN), 1 => Just(f32::INFINITY), 1 => Just(f32::NEG_INFINITY), 1 => Just(-0.0),
            ], 1..200),
        ) {
            for (rank, scored) in (1..).zip(top_k(&scores, scores.len(), |_| false)) {
                prop_assert_eq!(rank_of(scored.item, &scores), rank);
            }
        }
    }
}
