//! How it reads.

use reports::{
    bins::doubling_label,
    chart::{self, Chart, Frame, Series, Unit},
    page::{Section, Table},
};

use super::{Comparison, State};
use crate::{
    alert::{Alert, Severity},
    words::{date, figure, fixed, number, percent, section as page_section, small_percent, small_share},
};

pub fn absent() -> Section {
    let text = "There is nothing to compare the reviews with: connect what came before (inputs: {raw: load.reviews}) or \
                after (inputs: {train: preprocess.train, validation: preprocess.validation, test: preprocess.test, \
                user_index: preprocess.user_index, item_index: preprocess.item_index}).";
    page_section("comparison", "Raw, sample and preprocessed", vec![text.to_owned()], Vec::new())
}

/// The name of a state for readers.
fn title(state: &State) -> &str {
    match state.name.as_str() {
        "raw" => "before sampling",
        "reviews" => "described here",
        other => other,
    }
}

pub fn section(comparison: &Comparison) -> Section {
    let states = &comparison.states;
    let readings = states.windows(2).map(|pair| reading(&pair[0], &pair[1])).collect();
    let mut figures: Vec<_> =
        states.iter().map(|state| figure(&format!("Stars {}", title(state)), stars(state))).collect();
    figures.push(figure(
        "Users by reviews",
        spread(comparison, |state| &state.users_by_rows, "reviews of a user", "users"),
    ));
    figures.push(figure(
        "Products by reviews",
        spread(comparison, |state| &state.items_by_rows, "reviews of a product", "products"),
    ));
    page_section("comparison", "Raw, sample and preprocessed", readings, figures).with_table(table(comparison)).with_note(
        "Preprocessed are train, validation and test together. Density counts a repeated pair of user and product as often \
         as it is there; preprocessing leaves one of each.",
    )
}

fn reading(before: &State, after: &State) -> String {
    let step = if after.name == "preprocessed" { "Preprocessing" } else { "Sampling" };
    if is_same(before, after) {
        return format!("{step} left the data as it was.");
    }
    let shift = after.mean_rating - before.mean_rating;
    let mean = if shift.abs() < 0.005 {
        "The mean rating stays the same".to_owned()
    } else {
        format!("The mean rating goes from {} to {}", fixed(before.mean_rating, 2), fixed(after.mean_rating, 2))
    };
    let [was, is] = [before, after].map(|state| fixed(state.rows_a_user[2], 0));
    let median =
        if was == is { format!("still has {is} reviews") } else { format!("has {is} reviews instead of {was}") };
    format!(
        "{step} kept {} of the reviews, {} of the users and {} of the products. {mean}, and the median user {median}.",
        small_share(after.rows, before.rows),
        small_share(after.users, before.users),
        small_share(after.items, before.items)
    )
}

fn is_same(before: &State, after: &State) -> bool {
    let sizes = |state: &State| (state.rows, state.users, state.items, state.stars);
    sizes(before) == sizes(after)
}

fn stars(state: &State) -> Chart {
    let frame = Frame { title: "Stars", description: "Share of the reviews by stars.", x: "stars", y: "reviews" };
    let names: Vec<String> = (1..=5).map(|stars: u32| stars.to_string()).collect();
    let values = state.stars.map(|rows| rows as f64 / state.rows as f64);
    chart::bars(&frame, &names, &[Series { name: "reviews", values: &values }], Unit::Percent)
}

/// Shares of users or items by rows, a bar a state.
fn spread(comparison: &Comparison, bins: fn(&State) -> &Vec<u64>, x: &str, y: &str) -> Chart {
    let frame = Frame { title: x, description: "Share by number of reviews in each state; bins double.", x, y };
    let count = comparison.states.iter().map(|state| bins(state).len()).max().unwrap_or_default();
    let names: Vec<String> = (1..=count).map(doubling_label).collect();
    let values: Vec<Vec<f64>> = comparison
        .states
        .iter()
        .map(|state| {
            let all = bins(state).iter().sum::<u64>().max(1) as f64;
            (0..count).map(|bin| bins(state).get(bin).map_or(0.0, |units| *units as f64 / all)).collect()
        })
        .collect();
    let series: Vec<Series<'_>> =
        comparison.states.iter().zip(&values).map(|(state, values)| Series { name: title(state), values }).collect();
    chart::bars(&frame, &names, &series, Unit::Percent)
}

fn table(comparison: &Comparison) -> Table {
    let names: Vec<String> = comparison.states.iter().map(|state| format!("#{}", title(state))).collect();
    let columns: Vec<&str> = std::iter::once("").chain(names.iter().map(String::as_str)).collect();
    let mut table = Table::new("Side by side", &columns);
    let mut push = |what: &str, of: &dyn Fn(&State) -> String| {
        table.push(std::iter::once(what.to_owned()).chain(comparison.states.iter().map(of)));
    };
    push("reviews", &|state| number(state.rows));
    push("users", &|state| number(state.users));
    push("products", &|state| number(state.items));
    push("density", &|state| small_percent(state.density));
    push("mean rating", &|state| fixed(state.mean_rating, 3));
    push("deviation of ratings", &|state| fixed(state.rating_deviation, 3));
    push("5 stars", &|state| percent(state.five_stars, 1));
    push("Gini of users", &|state| fixed(state.gini_of_users, 3));
    push("Gini of products", &|state| fixed(state.gini_of_items, 3));
    for (place, level) in ["5 %", "25 %", "median", "75 %", "95 %", "99 %", "most"].into_iter().enumerate() {
        push(&format!("reviews of a user, {level}"), &|state| fixed(state.rows_a_user[place], 0));
    }
    for (place, level) in ["5 %", "25 %", "median", "75 %", "95 %", "99 %", "most"].into_iter().enumerate() {
        push(&format!("reviews of a product, {level}"), &|state| fixed(state.rows_an_item[place], 0));
    }
    push("first", &|state| date(state.first));
    push("last", &|state| date(state.last));
    table.wide = true;
    table
}

pub fn alerts(comparison: &Comparison) -> Vec<Alert> {
    let mut alerts = Vec::new();
    for pair in comparison.states.windows(2) {
        let (before, after) = (&pair[0], &pair[1]);
        let kept = after.rows as f64 / before.rows as f64;
        if after.name != "preprocessed" {
            continue;
        }
        if kept < 0.2 {
            let text = format!(
                "Preprocessing kept {} of the reviews and {} of the users: figures of the models are about these few. Lower \
                 bounds keep more, and leave users with less to learn from.",
                small_percent(kept),
                small_share(after.users, before.users)
            );
            let yaml = "preprocess:\n  params:\n    min_user_interactions: 2\n    min_item_interactions: 2";
            let alert = Alert::new(
                Severity::Warning,
                "comparison",
                "few-rows-kept",
                "Few reviews are learned from",
                kept,
                text,
            );
            alerts.push(alert.with_number(small_percent(kept)).suggest(yaml));
        }
        let shift = after.mean_rating - before.mean_rating;
        if shift.abs() >= 0.1 {
            let text = format!(
                "The mean rating goes from {} to {} by preprocessing: busy users rate differently, or low ratings were left \
                 out. What is learned holds for those who stayed.",
                fixed(before.mean_rating, 2),
                fixed(after.mean_rating, 2)
            );
            let alert = Alert::new(
                Severity::Info,
                "comparison",
                "mean-shifts",
                "Preprocessing shifts the ratings",
                shift,
                text,
            );
            alerts.push(alert.with_number(format!("{} stars", fixed(shift, 2))));
        }
    }
    alerts
}
