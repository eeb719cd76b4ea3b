//! What every algorithm promises, checked for each of them on random interactions.

#![expect(clippy::unwrap_used, reason = "what cannot be built fails the test")]

use std::collections::BTreeMap;

use proptest::prelude::*;
use recommender::{
    Algorithm, Fit, Interaction, Interactions, ModelData, Recommender,
    algorithms::{
        content_tfidf::{ContentTfidf, ItemFeatures, ItemText, Parameters},
        hybrid::{Blend, Hybrid, Part},
    },
    evaluation::evaluate,
    load, top_k,
};

const USERS: u32 = 12;
const ITEMS: u32 = 15;
const ALGORITHMS: &[&str] = &[
    "popularity",
    "transition",
    "graph-filter",
    "item-knn",
    "user-knn",
    "ease",
    "slim",
    "slist",
    "rp3beta",
    "als",
    "svd",
    "embedding",
    "biased-mf",
];

fn algorithm(name: &str) -> Algorithm {
    let parameters = match name {
        "als" => serde_json::json!({ "algorithm": name, "factors": 9, "iterations": 3 }),
        "svd" => serde_json::json!({ "algorithm": name, "factors": 7, "history_decay": 3.0 }),
        "embedding" => serde_json::json!({ "algorithm": name, "factors": 6, "iterations": 2, "negatives": 9 }),
        "biased-mf" => serde_json::json!({ "algorithm": name, "factors": 5, "iterations": 3 }),
        "item-knn" => serde_json::json!({ "algorithm": name, "neighbors": 6, "history_decay": 2.0 }),
        "slim" => {
            serde_json::json!({ "algorithm": name, "neighbors": 8, "l2": 2.0, "use_ratings": true, "consistency": 0.5 })
        }
        "slist" => serde_json::json!({ "algorithm": name, "regularization": 2.0, "max_items": 12 }),
        "ease" => serde_json::json!({ "algorithm": name, "regularization": 2.0, "neighbors": 7 }),
        _ => serde_json::json!({ "algorithm": name }),
    };
    serde_json::from_value(parameters).unwrap()
}

fn content(steps: u32) -> ContentTfidf {
    let words = ["red", "blue", "guitar", "drum", "string"];
    let title = |item: u32| match item {
        14 => String::new(),
        _ => [item % 5, item % 3, item % 4].map(|word| words[word as usize]).join(" "),
    };
    let texts: Vec<ItemText> = (0..ITEMS).map(|item| ItemText { title: title(item), ..ItemText::default() }).collect();
    let values = (0..ITEMS).flat_map(|item| [item as f32, (item % 2) as f32]).collect();
    let parameters = Parameters { feature_weight: 0.3, max_df_ratio: 1.0, steps, ..Parameters::default() };
    ContentTfidf::fit(&parameters, &texts, Some(&ItemFeatures { width: 2, values }), None).unwrap()
}

/// Every recommender of the crate, by name.
fn all_models(train: &Interactions) -> Vec<(String, Box<dyn Recommender>)> {
    let mut models: Vec<(String, Box<dyn Recommender>)> = [1, 2]
        .map(|steps| (format!("content-tfidf in {steps}"), Box::new(content(steps)) as Box<dyn Recommender>))
        .into();
    models.extend(ALGORITHMS.iter().map(|name| ((*name).to_owned(), algorithm(name).fit(train).unwrap())));
    let mut parts = vec![Part { name: "content".to_owned(), model: Box::new(content(1)), scale: 0.2 }];
    for (name, scale) in [("popularity", 3.0), ("item-knn", 0.5), ("als", 0.3)] {
        parts.push(Part { name: name.to_owned(), model: algorithm(name).fit(train).unwrap(), scale });
    }
    let blend = Blend { boundaries: vec![3], shares: vec![vec![0.2, 0.0, 0.5, 0.3], vec![0.1, 0.1, 0.8, 0.0]] };
    models.push(("hybrid".to_owned(), Box::new(Hybrid::new(parts, blend).unwrap())));
    models
}

fn scores(model: &dyn Recommender, history: &[Interaction]) -> Vec<f32> {
    let mut scores = vec![f32::NAN; model.item_count()];
    model.score(history, &mut scores);
    scores
}

fn any_interaction() -> impl Strategy<Value = (u32, Interaction)> {
    let weight = (1_u8..=5).prop_map(f32::from);
    (0..USERS, 0..ITEMS, weight, 0_u32..100)
        .prop_map(|(user, item, weight, time)| (user, Interaction { item, weight, time }))
}

fn any_interactions() -> impl Strategy<Value = Interactions> {
    proptest::collection::vec(any_interaction(), 1..80)
        .prop_map(|pairs| Interactions::from_pairs(USERS as usize, ITEMS as usize, &pairs))
}

type Files = BTreeMap<String, Vec<u8>>;

fn files_and_scores(train: &Interactions) -> Vec<(Files, Vec<f32>)> {
    let of = |(_, model): (String, Box<dyn Recommender>)| {
        (model.save().to_files(), scores(model.as_ref(), train.history(0)))
    };
    all_models(train).into_iter().map(of).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_number_of_threads_changes_neither_models_nor_scores_nor_metrics(train in any_interactions()) {
        let run = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                let model = algorithm("als").fit(&train).unwrap();
                let history = Interactions::from_pairs(USERS as usize, ITEMS as usize, &[]);
                (files_and_scores(&train), evaluate(model.as_ref(), &history, &train, &[1, 5]))
            })
        };
        prop_assert_eq!(run(1), run(4));
    }

    #[test]
    fn histories_scored_together_score_as_alone(train in any_interactions(), count in 1_usize..7) {
        // Strangers among them, and one asked twice.
        let users = [&[][..], train.history(0), train.history(1), train.history(2)];
        let histories: Vec<&[Interaction]> = users.into_iter().cycle().take(count).collect();
        for (name, model) in all_models(&train) {
            let mut rows = vec![f32::NAN; count * ITEMS as usize];
            model.score_many(&histories, &mut rows);
            for (history, row) in histories.iter().zip(rows.chunks_exact(ITEMS as usize)) {
                prop_assert_eq!(&scores(model.as_ref(), history)[..], row, "{}: depends on the others", name);
            }
        }
    }

    #[test]
    fn saved_models_score_as_before(train in any_interactions()) {
        for (name, model) in all_models(&train) {
            let data = model.save();
            let again = load(&ModelData::from_files(&data.to_files()).unwrap()).unwrap();
            prop_assert_eq!(again.algorithm(), model.algorithm());
            prop_assert_eq!(again.save(), data, "{}", name);
            for history in [&[][..], train.history(0), train.history(1)] {
                prop_assert_eq!(scores(again.as_ref(), history), scores(model.as_ref(), history), "{}", name);
                for item in 0..ITEMS {
                    prop_assert_eq!(again.similar(item, 3), model.similar(item, 3), "{}", name);
                    prop_assert_eq!(again.explain(item, history), model.explain(item, history), "{}", name);
                    prop_assert_eq!(again.predict_rating(history, item), model.predict_rating(history, item));
                }
            }
        }
    }

    #[test]
    fn scores_are_numbers_and_unknown_items_of_a_history_are_ignored(train in any_interactions(), odd in any::<f32>()) {
        for (name, model) in all_models(&train) {
            let history = train.history(0).to_vec();
            let known = scores(model.as_ref(), &history);
            prop_assert!(known.iter().all(|score| score.is_finite()), "{} {:?}", name, known);
            let unknown = [ITEMS, u32::MAX].map(|item| Interaction { item, weight: 5.0, time: 1 });
            let with_unknown: Vec<Interaction> = history.iter().copied().chain(unknown).collect();
            prop_assert_eq!(scores(model.as_ref(), &with_unknown), known, "{}", name);
            let strange = [Interaction { item: 0, weight: f32::NAN, time: 0 }, Interaction { item: 1, weight: odd, time: 0 }];
            let is_number = |score: &f32| !score.is_nan();
            prop_assert!(scores(model.as_ref(), &strange).iter().all(is_number), "{}", name);
        }
    }

    #[test]
    fn similar_items_and_reasons_keep_their_promises(train in any_interactions(), k in 0_usize..20) {
        for (name, model) in all_models(&train) {
            for item in 0..ITEMS + 2 {
                let similar = model.similar(item, k);
                prop_assert!(similar.len() <= k, "{}", name);
                prop_assert!(similar.iter().all(|scored| scored.item != item && scored.score.is_finite()), "{}", name);
                prop_assert!(similar.windows(2).all(|pair| pair[0].score >= pair[1].score), "{}", name);
                let history = train.history(0);
                if let Some(explanation) = model.explain(item, history).filter(|explanation| explanation.exact) {
                    let score = scores(model.as_ref(), history)[item as usize];
                    let tolerance = 1e-3 * score.abs().max(1.0);
                    prop_assert!((explanation.sum() - score).abs() < tolerance, "{} {} {:?}", name, score, explanation);
                }
                if let Some(recommender::Reason::BecauseOf { item: cause, share }) = model.reason(item, history) {
                    prop_assert!(history.iter().any(|entry| entry.item == cause) && cause != item, "{}", name);
                    prop_assert!(share > 0.0 && share <= 1.0, "{} {}", name, share);
                }
            }
        }
    }

    #[test]
    fn metrics_lie_within_0_and_1_and_lists_are_free_of_seen_items(
        history in any_interactions(),
        held_out in any_interactions(),
    ) {
        let model = algorithm("popularity").fit(&history).unwrap();
        let evaluation = evaluate(model.as_ref(), &history, &held_out, &[1, 3, 10]);
        prop_assert!(evaluation.values.values().all(|value| (0.0..=1.0).contains(value)), "{:?}", evaluation.values);
        for user in &evaluation.users {
            let seen: Vec<u32> = history.history(user.user).iter().map(|entry| entry.item).collect();
            prop_assert!(user.list.iter().all(|scored| !seen.contains(&scored.item)));
            prop_assert_eq!(user.values.len(), evaluation.metrics.len());
            let expected = top_k(&scores(model.as_ref(), &[]), 10, |item| seen.contains(&item));
            prop_assert_eq!(&user.list, &expected);
        }
    }
}

#[test]
fn nothing_to_learn_from_is_an_error_for_every_algorithm() {
    let empty = Interactions::from_pairs(2, 2, &[]);
    for name in ALGORITHMS {
        let error = algorithm(name).fit(&empty).err().unwrap().to_string();
        assert!(error.starts_with(&format!("fit {name}: the training interactions are empty")), "{error}");
    }
}

#[test]
fn parameters_outside_their_range_are_errors_that_name_them() {
    for (parameters, message) in [
        (r#"{"algorithm": "als", "factors": 0}"#, "use factors = 0 of als: expected a whole number from 1 to 1024"),
        (
            r#"{"algorithm": "als", "regularization": -1.0}"#,
            "use regularization = -1 of als: expected a number from 0.000000001 to 1000000",
        ),
        (
            r#"{"algorithm": "item-knn", "neighbors": 0}"#,
            "use neighbors = 0 of item-knn: expected a whole number from 1 to 10000",
        ),
        (
            r#"{"algorithm": "biased-mf", "iterations": 0}"#,
            "use iterations = 0 of biased-mf: expected a whole number from 1 to 1000",
        ),
    ] {
        let algorithm: Algorithm = serde_json::from_str(parameters).unwrap();
        let train = Interactions::from_pairs(1, 1, &[(0, Interaction { item: 0, weight: 5.0, time: 0 })]);
        assert_eq!(algorithm.fit(&train).err().unwrap().to_string(), message);
        assert_eq!(algorithm.check().unwrap_err().to_string(), message);
    }
}

#[test]
fn unknown_algorithms_and_parameters_are_errors_that_name_them() {
    for (parameters, part) in [
        (r#"{"algorithm": "als", "factor": 3}"#, "unknown field `factor`, expected one of `factors`"),
        (r#"{"algorithm": "popularity", "k": 3}"#, "unknown field `k`"),
        (r#"{"algorithm": "alss"}"#, "unknown variant `alss`, expected one of `popularity`"),
        (r#"{"factors": 3}"#, "missing field `algorithm`"),
        (r#"{"algorithm": "als", "factors": "many"}"#, "invalid type: string \"many\", expected u32"),
    ] {
        let message = serde_json::from_str::<Algorithm>(parameters).unwrap_err().to_string();
        assert!(message.contains(part), "{message}");
    }
    let mut data = algorithm("popularity")
        .fit(&Interactions::from_pairs(1, 1, &[(0, Interaction { item: 0, weight: 5.0, time: 0 })]))
        .unwrap()
        .save();
    data.algorithm = "oracle".to_owned();
    let message = load(&data).err().unwrap().to_string();
    assert!(
        message.contains("unknown algorithm `oracle`, expected one of popularity, transition, graph-filter"),
        "{message}"
    );
}
