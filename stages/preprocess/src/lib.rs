//! The `preprocess` stage: from reviews to index tables, leakage-free splits and item features.
//!
//! In order: reviews of the same user and item become one, ratings below `min_rating` go, the k-core
//! filter leaves users and items with enough interactions, and what is left is divided into train,
//! validation and test. What a model may learn from (medians, scalers, popularity, price bands)
//! comes from train and from product metadata alone. Not done here: cleaning of rows (`load`) and
//! learning of any kind (`train-*`).

mod error;
mod features;
mod k_core;
mod params;
mod ratings;
mod reviews;
mod split;
mod statistics;

pub use params::{Params, Repeated, Split};
use pipeline::{Context, Kind, Port, Stage, write_interactions, write_json, write_keys};
use recommender::{Interaction, Interactions};

use crate::{
    error::Error,
    features::{Features, Metadata, Training, titled},
    k_core::Graph,
    ratings::Ratings,
    split::{Assignment, Part},
    statistics::{Filtering, Size, SplitSizes, Statistics},
};

/// Filters interactions, gives users and items their indices, and divides into train, validation and test.
///
/// Reads `reviews`, for the features `items`, and for `split: given` the reviews of `test`. Writes
/// `user_index` and `item_index` (keys in sorted order), `train`, `validation` and `test` (weight =
/// rating), `history` (train and validation: what a model is fitted to when all choices are made),
/// `item_features` (one row an item; names and scalers in the file's metadata) and `statistics`
/// (counts after every step).
///
/// The k-core filter looks at all interactions, before the split, as the published 5-core data sets
/// do: it uses the degree of users and items, nothing else, of later interactions. Users and items
/// can therefore lose all their training interactions to the split; they stay in the index, and
/// `statistics` counts them as cold, as it does the other products of the catalogue that `cold_items`
/// lets in.
///
/// Parameters: see [`Params`].
///
/// ```yaml
/// preprocess:
///   params: {min_user_interactions: 5, min_item_interactions: 5, split: leave-last-out, seed: 42}
/// ```
pub struct Preprocess;

impl Stage for Preprocess {
    const NAME: &'static str = "preprocess";
    const SUMMARY: &'static str =
        "Filters interactions, indexes users and items, and divides into train, validation and test";
    const INPUTS: &'static [Port] = &[
        Port::one("reviews", Kind::Reviews),
        Port::optional("test", Kind::Reviews),
        Port::optional("items", Kind::Items),
    ];
    const OUTPUTS: &'static [Port] = &[
        Port::one("user_index", Kind::UserIndex),
        Port::one("item_index", Kind::ItemIndex),
        Port::one("train", Kind::Interactions),
        Port::one("validation", Kind::Interactions),
        Port::one("test", Kind::Interactions),
        Port::one("history", Kind::Interactions),
        Port::one("item_features", Kind::ItemFeatures),
        Port::one("statistics", Kind::Statistics),
    ];
    type Params = Params;

    fn run(params: &Params, context: &Context) -> anyhow::Result<()> {
        check_split(params, context)?;
        let (mut ratings, filtering) = filtered(reviews::read(context)?, params)?;
        if params.cold_items {
            ratings = ratings.with_items(titled(context.optional_input("items").ok_or(Error::NoCatalogue)?)?);
        }
        let assignment = split::split(&mut ratings, params);
        let [train, validation, test] =
            [Part::Train, Part::Validation, Part::Test].map(|part| interactions(&ratings, &assignment, part));
        if train.is_empty() {
            return Err(empty_train(params, &validation, &test).into());
        }
        let metadata = context.optional_input("items").map(|path| Metadata::read(path, &ratings.items)).transpose()?;
        let training = Training::new(ratings.items.len(), &ratings.entries, &assignment.parts);
        let features = Features::new(&training, metadata.as_ref(), params);
        let sizes = SplitSizes::new(assignment.cuts, &train, &validation, &test);
        summarise(context, &filtering, &sizes);

        write_keys(context, "user_index", Kind::UserIndex, &ratings.users)?;
        write_keys(context, "item_index", Kind::ItemIndex, &ratings.items)?;
        write_interactions(context, "train", &train)?;
        write_interactions(context, "validation", &validation)?;
        write_interactions(context, "test", &test)?;
        write_interactions(context, "history", &train.merged(&validation))?;
        features::write(context.output("item_features")?, context.stage(), ratings.items.len(), &features)?;
        let statistics = Statistics::new(params, filtering, sizes, &features);
        write_json(context.output("statistics")?, &statistics)?;
        Ok(())
    }
}

/// Split `given` and a test part go together, and leave no room for a filter.
fn check_split(params: &Params, context: &Context) -> Result<(), Error> {
    let is_given = params.split == Split::Given;
    let expected = match (is_given, context.optional_input("test").is_some()) {
        (true, false) => "needs the input `test`; connect it to the reviews of the test file",
        (false, true) => "makes a test part of its own; set `split: given`, or leave the input `test` open",
        (true, true) if (params.min_user_interactions, params.min_item_interactions) != (1, 1) => {
            "takes the rows as they are; set `min_user_interactions` and `min_item_interactions` to 1"
        }
        _ => return Ok(()),
    };
    Err(Error::Given { split: params.split.name(), expected })
}

fn size(ratings: &Ratings) -> Size {
    Size { users: ratings.users.len(), items: ratings.items.len(), interactions: ratings.entries.len() }
}

/// One rating a user and item, none below `min_rating`, and only the k-core of them.
fn filtered(reviews: Ratings, params: &Params) -> Result<(Ratings, Filtering), Error> {
    let rows = reviews.entries.len();
    let mut ratings = reviews.merged(params.repeated);
    let merged = size(&ratings);
    if let Some(min_rating) = params.min_rating {
        let highest = ratings.entries.iter().map(|entry| entry.value).fold(f32::MIN, f32::max);
        ratings.entries.retain(|entry| entry.value >= min_rating);
        if ratings.entries.is_empty() {
            return Err(Error::NoRatingHighEnough { interactions: merged.interactions, min_rating, highest });
        }
    }
    let rated = ratings.entries.len();
    let (min_user, min_item) = (params.min_user_interactions, params.min_item_interactions);
    let graph = Graph::new(merged.users, merged.items, &ratings.entries);
    let kept = graph.core(min_user, min_item);
    if kept.is_empty() {
        return Err(Error::EmptyCore {
            rows,
            interactions: rated,
            users: merged.users,
            items: merged.items,
            min_user_interactions: min_user,
            min_item_interactions: min_item,
            largest: graph.largest_cap(min_user, min_item),
        });
    }
    let ratings = ratings.restricted(&kept.users, &kept.items);
    let core = size(&ratings);
    let filtering = Filtering {
        rows,
        merged,
        below_min_rating: merged.interactions - rated,
        core_rounds: kept.rounds,
        core,
        density: core.interactions as f64 / (core.users as f64 * core.items as f64),
    };
    Ok((ratings, filtering))
}

/// The interactions of one part; those of the same user and time keep the order of the split.
fn interactions(ratings: &Ratings, assignment: &Assignment, part: Part) -> Interactions {
    let pairs: Vec<(u32, Interaction)> = ratings
        .entries
        .iter()
        .zip(&assignment.parts)
        .filter(|(_, found)| **found == part)
        .map(|(entry, _)| {
            let time = Interaction::time_of(entry.time);
            (entry.user, Interaction { item: entry.item, weight: entry.value, time })
        })
        .collect();
    Interactions::from_pairs(ratings.users.len(), ratings.items.len(), &pairs)
}

fn empty_train(params: &Params, validation: &Interactions, test: &Interactions) -> Error {
    let (validation, test) = (validation.len(), test.len());
    Error::EmptyTrain { split: params.split.name(), interactions: validation + test, validation, test }
}

fn summarise(context: &Context, filtering: &Filtering, sizes: &SplitSizes) {
    let figures = [
        ("rows_in", filtering.rows),
        ("interactions_merged", filtering.merged.interactions),
        ("interactions_kept", filtering.core.interactions),
        ("users", filtering.core.users),
        ("items", filtering.core.items),
        ("train", sizes.train.interactions),
        ("validation", sizes.validation.interactions),
        ("test", sizes.test.interactions),
        ("cold_users", sizes.cold_users),
        ("cold_items", sizes.cold_items),
        ("test_of_cold_items", sizes.test.of_cold_items),
    ];
    for (name, value) in figures {
        context.summary(name, value);
    }
    if sizes.test.interactions == 0 {
        tracing::warn!(
            users = filtering.core.users,
            "the split left nothing for test, so `evaluate` will have nothing to measure; \
             leave-last-out needs users with three interactions, the other splits a test_ratio above 0"
        );
    }
}
