//! A few users as they are: their history, what each model shows them, and why.

use recommender::{
    Interactions, Reason, Recommender,
    evaluation::{Catalogue, UserEvaluation},
};
use reports::evaluation::{Example, ExampleItem, ExampleList};

/// Places of each list that are shown.
const PLACES: usize = 5;

/// Interactions of the history that are shown, the newest.
const HISTORY: usize = 10;

/// The users of the examples, taken in turn from the cold, light and heavy ones: the middle ones of each
/// group in the order of users, so that nobody chose them.
pub fn choose(count: usize, users: &[u32], history: &Interactions, catalogue: &Catalogue) -> Vec<u32> {
    let mut groups: [Vec<u32>; 3] = Default::default();
    for user in users {
        groups[catalogue.user_segment(history.history(*user).len()) as usize].push(*user);
    }
    let mut chosen = Vec::new();
    for nth in 0..count.min(users.len()) {
        for group in groups.iter().filter(|group| nth < group.len()) {
            chosen.push(group[(group.len() / 2 + nth) % group.len()]);
        }
    }
    chosen.truncate(count);
    chosen
}

/// The examples without lists yet.
pub fn describe(
    users: &[u32],
    [history, held_out]: [&Interactions; 2],
    catalogue: &Catalogue,
    names: &[String],
) -> Vec<Example> {
    let name = |item: u32| names[item as usize].clone();
    let example = |user: &u32| {
        let entries = history.history(*user);
        Example {
            group: catalogue.user_segment(entries.len()).name().trim_end_matches('s').to_owned(),
            interactions: entries.len() as u64,
            history: entries.iter().rev().take(HISTORY).map(|entry| name(entry.item)).collect(),
            wanted: held_out.history(*user).iter().map(|entry| name(entry.item)).collect(),
            lists: Vec::new(),
        }
    };
    users.iter().map(example).collect()
}

/// The first places of one model's list for a user, with reasons.
pub fn list(
    name: &str,
    model: &dyn Recommender,
    user: &UserEvaluation,
    [history, held_out]: [&Interactions; 2],
    names: &[String],
) -> ExampleList {
    let (known, wanted) = (history.history(user.user), held_out.history(user.user));
    let item = |item: u32| ExampleItem {
        name: names[item as usize].clone(),
        is_hit: wanted.iter().any(|entry| entry.item == item),
        reason: match model.reason(item, known) {
            Some(Reason::BecauseOf { item, share }) => {
                format!("{:.0} % because of {}", share * 100.0, names[item as usize])
            }
            Some(Reason::Popular) => "popular".to_owned(),
            None => String::new(),
        },
    };
    let items = user.list.iter().take(PLACES).map(|scored| item(scored.item)).collect();
    ExampleList { model: name.to_owned(), items }
}
