use serde_json::{Value, json};

use super::*;
use crate::Severity;

fn eda(alerts: &[Alert], chapters: &Value) -> Eda {
    let reproduction = json!({
        "version": "1.0.0", "pipeline": "shop", "stage": "eda-report",
        "parameters": {"top": 20, "redact": false, "seed": 42, "past_share": 0.9},
        "inputs": [{"port": "reviews", "from": "load.reviews", "blake3": "0123456789abcdef"}],
    });
    let eda = json!({"schema_version": 1, "reproduction": reproduction, "alerts": alerts, "chapters": chapters});
    serde_json::from_value(eda).unwrap()
}

fn alert(id: &str, title: &str, value: f64) -> Alert {
    Alert::new(Severity::Warning, "tail", id, title, value, "what it means")
}

/// Compares figures as a chapter, whatever its fields; they are text, as their order counts.
fn chapter(before: &str, after: &str) -> Difference {
    let mut found = Difference::default();
    let [before, after] = [before, after].map(|text| serde_json::from_str(text).unwrap());
    walk::compare("long_tail", &before, &after, &mut found);
    found
}

#[test]
fn equal_reports_do_not_differ() {
    let one = eda(&[alert("a", "A", 1.0)], &json!({}));
    assert!(Difference::new(&one, &one).is_empty());
    assert!(Difference::new(&one, &one).html("a", "b").unwrap().contains("Both reports say the same"));
}

#[test]
fn findings_come_go_and_change() {
    let before =
        eda(&[alert("gone", "Gone", 1.0), alert("same", "Same", 2.0), alert("moved", "3 users", 3.0)], &json!({}));
    let after =
        eda(&[alert("same", "Same", 2.0), alert("moved", "4 users", 4.0), alert("new", "New", 5.0)], &json!({}));
    let found = Difference::new(&before, &after);
    let rows: Vec<(&str, &str)> = found.alerts.iter().map(|change| (change.state(), change.title())).collect();
    assert_eq!(rows, [("new", "New"), ("gone", "Gone"), ("changed", "4 users")]);
}

#[test]
fn settings_and_inputs_are_named() {
    let before = eda(&[], &json!({}));
    let mut after = before.clone();
    after.reproduction.parameters.top = 10;
    "fedcba9876543210".clone_into(&mut after.reproduction.inputs[0].blake3);
    let found = Difference::new(&before, &after);
    let rows: Vec<String> =
        found.settings.iter().map(|change| format!("{}: {} -> {}", change.name, change.before, change.after)).collect();
    assert_eq!(rows, ["top: 20 -> 10", "input reviews: load.reviews (0123456789ab) -> load.reviews (fedcba987654)"]);
}

#[test]
fn entries_are_matched_by_what_they_begin_with() {
    let found = chapter(
        r#"{"columns": [{"name": "rating", "mean": 4.0, "missing": 0}, {"name": "time", "mean": 1.0, "missing": 0}]}"#,
        r#"{"columns": [{"name": "time", "mean": 1.0, "missing": 0}, {"name": "rating", "mean": 5.0, "missing": 0},
            {"name": "words", "mean": 2.0, "missing": 0}]}"#,
    );
    let figures: Vec<(&str, Option<f64>)> =
        found.figures.iter().map(|figure| (figure.name.as_str(), figure.change())).collect();
    assert_eq!(figures, [("columns: rating: mean", Some(0.25))]);
    assert_eq!((found.listings[0].new.join(" "), found.listings[0].gone.len()), ("words".to_owned(), 0));
}

#[test]
fn counts_by_class_are_a_distribution() {
    let found = chapter(
        r#"{"years": [{"year": 2013, "reviews": 50, "mean": 4.0}, {"year": 2014, "reviews": 50, "mean": 4.5}],
            "votes": [["1", 3], ["2", 1]]}"#,
        r#"{"years": [{"year": 2014, "reviews": 25, "mean": 3.5}, {"year": 2015, "reviews": 75, "mean": 4.0}],
            "votes": [["1", 6], ["2", 2]]}"#,
    );
    assert_eq!(found.distributions.len(), 1, "equal shares are no difference");
    let distribution = &found.distributions[0];
    assert_eq!((distribution.name.as_str(), distribution.totals()), ("years: reviews", [100, 100]));
    // 50 rows of 2013 and 25 of 2014 would have to move to 2015.
    assert!((distribution.total_variation - 0.75).abs() < 1e-12, "{distribution:?}");
    let names: Vec<&str> = distribution.classes.iter().map(|class| class.name.as_str()).collect();
    assert_eq!(names, ["2013", "2014", "2015"]);
    let figures: Vec<&str> = found.figures.iter().map(|figure| figure.name.as_str()).collect();
    assert_eq!(figures, ["years: 2014: mean"]);
}

#[test]
fn what_is_only_in_one_report_is_told() {
    let found = chapter(r#"{"alpha": null, "fit": {"p": 1.0}}"#, r#"{"alpha": 2.0, "fit": null}"#);
    assert_eq!((found.figures[0].before, found.figures[0].after), (None, Some(2.0)));
    assert_eq!((found.wordings[0].before.as_str(), found.wordings[0].after.as_str()), ("there", "not there"));
}

#[test]
fn curves_are_not_compared_point_by_point() {
    let found = chapter(
        r#"{"tail": {"gini": 0.5, "ranks": [[1, 10], [2, 5]], "lorenz": [[0.0, 0.0], [1.0, 1.0]]}}"#,
        r#"{"tail": {"gini": 0.6, "ranks": [[1, 12], [3, 5]], "lorenz": [[0.0, 0.1], [1.0, 1.0]]}}"#,
    );
    assert_eq!((found.figures.len(), found.distributions.len(), found.listings.len()), (1, 0, 0));
}

#[test]
fn the_most_changed_figures_are_shown_in_the_order_of_the_report() {
    let found = chapter(r#"{"a": 1.0, "b": 1.0, "c": 1.0}"#, r#"{"a": 3.0, "b": 1.1, "c": 2.0}"#);
    let (shown, left_out) = found.most_changed("long tail", 2);
    let names: Vec<&str> = shown.iter().map(|figure| figure.name.as_str()).collect();
    assert_eq!((names.as_slice(), left_out), (["a", "c"].as_slice(), 1));
}

#[test]
fn the_page_escapes_what_comes_from_data() {
    let mut found = chapter(r#"{"top": ["<script>"]}"#, r#"{"top": ["b"]}"#);
    found.alerts.push(AlertChange { before: None, after: Some(alert("x", "<b>", 1.0)) });
    let html = found.html("<i>", "after").unwrap();
    for wanted in ["&lt;script&gt;", "&lt;b&gt;", "&lt;i&gt;", "id=\"lists\"", "id=\"alerts\""] {
        assert!(html.contains(wanted), "{wanted}");
    }
}

#[test]
fn tables_are_compared_by_the_names_of_rows_and_columns() {
    let found = chapter(
        r#"{"numbers": ["a", "b"], "categories": ["c"], "pearson": [[1.0, 0.5], [0.5, 1.0]], "eta": [[0.1, 0.2]]}"#,
        r#"{"numbers": ["b", "x", "a"], "categories": ["c"], "eta": [[0.3, 0.9, 0.1]],
            "pearson": [[1.0, 0.9, 0.7], [0.9, 1.0, 0.9], [0.7, 0.9, 1.0]]}"#,
    );
    let figures: Vec<(&str, Option<f64>)> =
        found.figures.iter().map(|figure| (figure.name.as_str(), figure.after)).collect();
    assert_eq!(figures, [("pearson: b, a", Some(0.7)), ("eta: c, b", Some(0.3))]);
}

#[test]
fn stars_and_days_are_classes_by_place() {
    let found = chapter(
        r#"{"stars": [1, 0, 0, 0, 3], "weekdays": [1, 1]}"#,
        r#"{"stars": [2, 0, 0, 0, 2], "weekdays": [2, 2]}"#,
    );
    let names: Vec<(&str, f64)> = found
        .distributions
        .iter()
        .map(|distribution| (distribution.name.as_str(), distribution.total_variation))
        .collect();
    assert_eq!(names, [("stars", 0.25)]);
}

#[test]
fn bins_are_compared_where_they_have_the_same_edges() {
    let one = r#"{"bins": [[0.0, 1.0, 3], [1.0, 2.0, 1]]}"#;
    let found = chapter(one, r#"{"bins": [[0.0, 1.0, 1], [1.0, 2.0, 1]]}"#);
    assert!((found.distributions[0].total_variation - 0.25).abs() < 1e-12, "{found:?}");
    assert_eq!(chapter(one, r#"{"bins": [[0.0, 5.0, 3], [5.0, 9.0, 1]]}"#), Difference::default());
}

#[test]
fn times_read_as_days() {
    let found = chapter(r#"{"first": 86400, "span": 86400}"#, r#"{"first": 172800, "span": 172800}"#);
    let block = &found.blocks(9)[0];
    assert_eq!(block.rows[0], ["first", "1970-01-02", "1970-01-03", "+1 days"]);
    assert_eq!(block.rows[1], ["span", "86,400", "172,800", "+100.0 %"]);
}
