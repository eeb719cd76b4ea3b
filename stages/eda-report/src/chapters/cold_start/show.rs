//! How cold starts read.

use reports::{
    chart::{self, Frame, Series, Unit},
    page::{Figure, Section, Table},
};

use super::{ColdStart, Known, KnownBin};
use crate::{
    alert::{Alert, Severity},
    words::{date, figure, number, percent, section},
};

const ID: &str = "cold-start";
const GROUP: &str = "Recommendation";

/// The section of cold starts.
pub(super) fn section_of(cold: &ColdStart) -> Section {
    let mut readings = vec![reading_of_new(cold)];
    let mut figures = Vec::new();
    let mut tables = Vec::new();
    if let Some(later) = &cold.later {
        readings.push(reading_of_later(later));
        figures.push(known_figure("Later reviews by what is known", "earlier reviews", later));
        tables.push(known_table("Later reviews by what is known", "earlier reviews", later));
    }
    match &cold.test {
        Some(test) => {
            readings.push(reading_of_test(test));
            figures.push(known_figure("Test rows by what is known", "training rows", test));
            tables.push(below_table(test));
        }
        None => readings.push(
            "Connect train, validation, test, user_index and item_index of preprocess to see how many test rows have few \
             training rows."
                .to_owned(),
        ),
    }
    let mut section = section(ID, "Cold start", readings, figures).in_group(GROUP);
    section.tables = tables;
    section.with_note(
        "The date is the earliest with the share past_share of the reviews before it or on it (a parameter of this report). \
         Earlier reviews are those up to the date: what a model that was trained that day knows.",
    )
}

fn reading_of_new(cold: &ColdStart) -> String {
    let all = cold.past + cold.later.as_ref().map_or(0, |later| later.rows);
    if cold.later.is_none() {
        return format!(
            "The reviews cannot be divided by time: the latest moment, {}, has too many of them.",
            date(cold.date)
        );
    }
    format!(
        "Suppose a shop had trained its models on {}, with {} of all reviews behind it. {} of the users ({}) and {} of the \
         products ({}) were first seen later.",
        date(cold.date),
        percent(cold.past as f64 / all.max(1) as f64, 1),
        number(cold.new_users),
        percent(cold.new_users as f64 / cold.users.max(1) as f64, 1),
        number(cold.new_items),
        percent(cold.new_items as f64 / cold.items.max(1) as f64, 1)
    )
}

fn reading_of_later(later: &Known) -> String {
    let ((user, item), (few, _)) = (later.share_below(1), later.share_below(3));
    let advice = if user > 0.5 {
        "Most later reviews are by strangers: what a newcomer is shown matters more than how well regulars are modelled."
    } else if user > 0.1 {
        "Newcomers are a part worth caring for, beside those who are known."
    } else {
        "Nearly all who come later are known already."
    };
    format!(
        "Of the later reviews, {} are by users without any earlier one ({} with fewer than three), {} are of products \
         without any, and {} of both. {advice}",
        percent(user, 1),
        percent(few, 1),
        percent(item, 1),
        percent(later.both_new as f64 / later.rows as f64, 1)
    )
}

fn reading_of_test(test: &Known) -> String {
    let ((user, item), (few_user, few_item)) = (test.share_below(1), test.share_below(5));
    format!(
        "Of the {} test rows of the pipeline, {} have a user without training rows and {} a product without; {} and {} have \
         fewer than five of their user and of their product. Only the rest tests what models learned of single users and products.",
        number(test.rows),
        percent(user, 1),
        percent(item, 1),
        percent(few_user, 1),
        percent(few_item, 1)
    )
}

fn label(bin: &KnownBin) -> String {
    match bin.to {
        Some(to) if to == bin.from => to.to_string(),
        Some(to) => format!("{}–{to}", bin.from),
        None => format!("{}+", bin.from),
    }
}

fn known_figure(title: &str, what: &str, known: &Known) -> Figure {
    let description = format!("Share of the rows by how many {what} their user has, and their product.");
    let frame = Frame { title, description: &description, x: what, y: "share of the rows" };
    let names: Vec<String> = known.bins.iter().map(label).collect();
    let shares = |of: fn(&KnownBin) -> u64| -> Vec<f64> {
        known.bins.iter().map(|bin| of(bin) as f64 / known.rows.max(1) as f64).collect()
    };
    let (users, items) = (shares(|bin| bin.by_user), shares(|bin| bin.by_item));
    let series = [Series { name: "of the user", values: &users }, Series { name: "of the product", values: &items }];
    figure(title, chart::bars(&frame, &names, &series, Unit::Percent))
}

fn known_table(caption: &str, what: &str, known: &Known) -> Table {
    let mut table = Table::new(caption, &[what, "#by their user", "#share", "#by their product", "#share"]);
    for bin in &known.bins {
        table.push([
            label(bin),
            number(bin.by_user),
            percent(bin.by_user as f64 / known.rows as f64, 1),
            number(bin.by_item),
            percent(bin.by_item as f64 / known.rows as f64, 1),
        ]);
    }
    table
}

/// Test rows with fewer than n training rows.
fn below_table(test: &Known) -> Table {
    let mut table =
        Table::new("Test rows with few training rows", &["#fewer than", "#of their user", "#of their product"]);
    for bound in [1, 2, 3, 5, 10] {
        let (user, item) = test.share_below(bound);
        table.push([bound.to_string(), percent(user, 1), percent(item, 1)]);
    }
    table
}

/// What calls for something to be done.
pub(super) fn alerts(cold: &ColdStart) -> Vec<Alert> {
    let mut alerts = Vec::new();
    if let Some(later) = &cold.later {
        let (user, item) = later.share_below(1);
        if user > 0.3 {
            let text = format!(
                "{} of the reviews after {} are by users without any earlier one. Leave-last-out tests only users with a \
                 history; a split by time also tests what strangers are shown.",
                percent(user, 1),
                date(cold.date)
            );
            alerts.push(
                Alert::new(Severity::Warning, ID, "new-users", "Much that comes later is by new users", user, text)
                    .with_number(percent(user, 1))
                    .suggest("preprocess:\n  params: {split: temporal}"),
            );
        }
        if item > 0.1 {
            let text = format!(
                "{} of the reviews after {} are of products without any earlier one. Models of who bought what cannot \
                 recommend them; keep them in the catalogue for a content-based model.",
                percent(item, 1),
                date(cold.date)
            );
            alerts.push(
                Alert::new(Severity::Warning, ID, "new-products", "Many later reviews are of new products", item, text)
                    .with_number(percent(item, 1))
                    .suggest("preprocess:\n  params: {cold_items: true}"),
            );
        }
    }
    alerts.extend(cold.test.as_ref().and_then(test_alert));
    alerts
}

fn test_alert(known: &Known) -> Option<Alert> {
    let (user, _) = known.share_below(1);
    let severity = if user > 0.3 { Severity::Serious } else { Severity::Warning };
    let text = format!(
        "{} of the test rows have a user without training rows, so every model can but guess there and the comparison of \
         models is diluted.",
        percent(user, 1)
    );
    (user > 0.05).then(|| {
        Alert::new(severity, ID, "cold-test-users", "Test rows of unknown users", user, text)
            .with_number(percent(user, 1))
            .suggest("preprocess:\n  params: {split: leave-last-out, min_user_interactions: 3}")
    })
}
