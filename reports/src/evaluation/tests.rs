//! The report as people read it.

use super::*;

fn named(values: &[(&str, f64)]) -> BTreeMap<String, f64> {
    values.iter().map(|(key, value)| ((*key).to_owned(), *value)).collect()
}

fn model(name: &str, algorithm: &str, values: &[(&str, f64)]) -> Model {
    let ndcg = values.iter().find(|(key, _)| *key == "ndcg@10").map_or(0.0, |(_, value)| *value);
    let group = |name: &str, users, value: f64| Segment {
        name: name.to_owned(),
        users,
        values: named(&[("ndcg@10", value), ("recall@10", value)]),
    };
    Model {
        name: name.to_owned(),
        algorithm: algorithm.to_owned(),
        values: named(values),
        intervals: [("ndcg@10".to_owned(), [ndcg - 0.01, ndcg + 0.01])].into(),
        segments: vec![group("cold users", 4, ndcg / 2.0), group("tail items", 2, ndcg / 4.0)],
        cost: Some(Cost {
            training_cpu_s: Some(1.5),
            training_peak_bytes: Some(3_000_000),
            size_bytes: 1_200,
            latency_ms: Some([ndcg, 2.0 * ndcg]),
        }),
    }
}

fn example() -> Evaluation {
    let item =
        |name: &str, is_hit, reason: &str| ExampleItem { name: name.to_owned(), is_hit, reason: reason.to_owned() };
    let list = |model: &str, items: Vec<ExampleItem>| ExampleList { model: model.to_owned(), items };
    Evaluation {
        title: "How good are the models?".to_owned(),
        pipeline: "demo".to_owned(),
        split: "test".to_owned(),
        users: 12_345,
        items: 678,
        ks: vec![5, 10],
        models: vec![
            model(
                "popularity",
                "popularity",
                &[("recall@10", 0.1), ("ndcg@10", 0.05), ("mrr", 0.04), ("gini@10", 0.9)],
            ),
            model("als <64>", "als", &[("recall@10", 0.184), ("ndcg@10", 0.1), ("mrr", 0.03), ("rmse", 0.9)]),
        ],
        differences: vec![Difference {
            metric: "ndcg@10".to_owned(),
            model: "popularity".to_owned(),
            difference: -0.05,
            interval: Some([-0.06, -0.04]),
            p_value: 0.0002,
            is_significant: true,
            effect: -0.31,
        }],
        seeds: vec![Seeds {
            algorithm: "als".to_owned(),
            models: vec!["als <64>".to_owned(), "als-2".to_owned()],
            values: [("ndcg@10".to_owned(), (0.1, 0.002))].into(),
        }],
        segments: "Cold users have little history.".to_owned(),
        diversity: "their categories".to_owned(),
        examples: vec![Example {
            group: "cold user".to_owned(),
            interactions: 2,
            history: vec!["A <b>guitar</b>".to_owned()],
            wanted: vec!["Strings".to_owned()],
            lists: vec![
                list("popularity", vec![item("Drum", false, "popular")]),
                list("als <64>", vec![item("Strings", true, "100 % because of A guitar"), item("Drum", false, "")]),
            ],
        }],
        histories: "Histories are the training rows.".to_owned(),
        caveats: vec!["Times have the resolution of a day.".to_owned()],
    }
}

#[test]
fn the_report_marks_the_best_and_gives_the_ratio() {
    let html = example().render().unwrap();
    assert!(html.contains("als &lt;64&gt;") && !html.contains("als <64>"));
    assert!(!html.contains("<b>guitar"));
    let (_, content) = html.split_once("<section id=\"leaderboard\"").unwrap();
    insta::assert_snapshot!(content.split_once("</main>").unwrap().0);
}

#[test]
fn without_baseline_or_models_the_page_still_stands() {
    let mut evaluation = example();
    evaluation.models.remove(0);
    let html = evaluation.render().unwrap();
    assert!(!html.contains("popularity baseline") && !html.contains("(best)"));
    let html = Evaluation::default().render().unwrap();
    assert!(!html.contains("NaN") && !html.contains("undefined\""));
    for absent in ["id=\"costs\"", "id=\"examples\"", "id=\"groups\"", "id=\"ratings\"", "id=\"lists\""] {
        assert!(!html.contains(absent), "{absent}");
    }
}

#[test]
fn the_file_needs_nothing_from_outside() {
    let html = example().render().unwrap();
    for outside in ["<script ", " src=", "@import", "url(", "<iframe"] {
        assert!(!html.contains(outside), "{outside}");
    }
    assert!(html.contains("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'"));
}
