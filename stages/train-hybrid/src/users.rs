//! Which users the weights are learned from.

use rand::{SeedableRng, seq::index};
use rand_chacha::ChaCha8Rng;
use recommender::{Interaction, Interactions};

use crate::params::Params;

/// The validation interactions of users with a history, without items that the history has; of at most
/// `max_users` users, drawn by the seed.
pub(crate) fn usable(params: &Params, train: &Interactions, validation: &Interactions) -> Interactions {
    let news = |user: u32| -> Vec<Interaction> {
        let history = train.history(user);
        let is_new = |entry: &&Interaction| !history.iter().any(|seen| seen.item == entry.item);
        validation.history(user).iter().filter(is_new).copied().collect()
    };
    let mut users: Vec<u32> = (0..validation.user_count() as u32)
        .filter(|user| !train.history(*user).is_empty() && !news(*user).is_empty())
        .collect();
    let most = params.max_users as usize;
    if users.len() > most {
        let mut random = ChaCha8Rng::seed_from_u64(params.seed);
        let mut places = index::sample(&mut random, users.len(), most).into_vec();
        places.sort_unstable();
        users = places.into_iter().map(|place| users[place]).collect();
    }
    let pairs: Vec<(u32, Interaction)> =
        users.into_iter().flat_map(|user| news(user).into_iter().map(move |entry| (user, entry))).collect();
    Interactions::from_pairs(validation.user_count(), validation.item_count(), &pairs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(cells: &[(u32, u32)]) -> Interactions {
        let entry = |item| Interaction { item, weight: 5.0, time: 0 };
        Interactions::from_pairs(4, 5, &cells.iter().map(|(user, item)| (*user, entry(*item))).collect::<Vec<_>>())
    }

    fn params(max_users: u32) -> Params {
        serde_json::from_value(serde_json::json!({ "max_users": max_users })).unwrap()
    }

    #[test]
    fn only_new_items_of_users_with_a_history_count() {
        let train = set(&[(0, 0), (1, 1), (3, 3)]);
        // User 0 repeats item 0, user 2 has no history, user 3 repeats its only item.
        let validation = set(&[(0, 0), (0, 2), (1, 4), (2, 2), (3, 3)]);
        assert_eq!(usable(&params(10), &train, &validation), set(&[(0, 2), (1, 4)]));
    }

    #[test]
    fn at_most_so_many_users_are_drawn() {
        let (train, validation) = (set(&[(0, 0), (1, 0), (2, 0), (3, 0)]), set(&[(0, 1), (1, 1), (2, 1), (3, 1)]));
        assert_eq!(usable(&params(2), &train, &validation).len(), 2);
        assert_eq!(usable(&params(2), &train, &validation), usable(&params(2), &train, &validation));
    }
}
