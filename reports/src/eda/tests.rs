//! The report as people read it.

use super::*;
use crate::{
    chart::{self, Frame, Series, Unit, spark},
    page::{ColumnCard, Figure},
};

fn figure() -> Figure {
    let frame = Frame { title: "Ratings", description: "Reviews by stars.", x: "stars", y: "reviews" };
    let categories = ["1", "5"].map(str::to_owned);
    Figure::new(
        "Ratings",
        chart::bars(&frame, &categories, &[Series { name: "reviews", values: &[2.0, 9.0] }], Unit::Count),
    )
}

fn alert(severity: Severity, title: &str) -> Alert {
    Alert {
        severity,
        title: title.to_owned(),
        number: "12.3 %".to_owned(),
        text: "Text that stands <twice>.".to_owned(),
        suggestion: "preprocess:\n  params:\n    min_user_interactions: 5".to_owned(),
        section: "ratings".to_owned(),
    }
}

fn example() -> Exploration {
    let section = Section {
        id: "ratings".to_owned(),
        title: "Ratings".to_owned(),
        readings: vec!["Most are high.".to_owned()],
        figures: vec![figure()],
        ..Section::default()
    };
    let column = ColumnCard {
        id: "column-rating".to_owned(),
        name: "rating".to_owned(),
        kind: "number".to_owned(),
        alerts: vec!["skewed".to_owned()],
        spark: Some(spark("rating", &[2.0, 9.0])),
        facts: vec![Fact::new("mean", "4.2", "")],
        figures: vec![figure()],
        ..ColumnCard::default()
    };
    let columns =
        Section { id: "columns".to_owned(), title: "Columns".to_owned(), cards: vec![column], ..Section::default() };
    Exploration {
        title: "What the data look like".to_owned(),
        lead: "11 reviews.".to_owned(),
        origin: "Made by a test".to_owned(),
        facts: vec![Fact::new("reviews", "11", "")],
        alerts: vec![alert(Severity::Info, "Young"), alert(Severity::Serious, "Copied text")],
        sections: vec![columns, section.in_group("Ratings")],
    }
}

#[test]
fn the_gravest_alert_comes_first() {
    let html = example().render().unwrap();
    let place = |text: &str| html.find(text).unwrap_or_else(|| panic!("no {text}"));
    assert!(place("Copied text") < place("Young"));
    assert!(html.contains("1 serious, 1 note") && html.contains("&lt;twice&gt;") && !html.contains("<twice>"));
    insta::assert_snapshot!(html.split_once("<main").unwrap().1.split_once("</main>").unwrap().0);
}

#[test]
fn every_figure_has_the_table_of_its_numbers() {
    let html = example().render().unwrap();
    assert_eq!(html.matches("<svg class=\"chart\"").count(), 2);
    assert_eq!(html.matches("<details class=\"data\">").count(), 2);
    assert!(html.contains("<th scope=\"row\">5<td>9"), "the numbers are there");
}

#[test]
fn what_is_not_there_leaves_no_empty_place() {
    let html = Exploration::default().render().unwrap();
    for absent in ["NaN", "<ul class=\"alerts\">", "class=\"search\"", "class=\"figures\"", "class=\"tables\""] {
        assert!(!html.contains(absent), "{absent}");
    }
    assert!(html.contains("Nothing in the data calls for something to be done."));
}
