//! How it reads.

use reports::{
    chart::{self, Chart, Frame, Series, Unit},
    page::{Section, Table},
};

use super::{Leakage, Order};
use crate::{
    alert::{Alert, Severity},
    words::{MISSING, date, figure, number, percent, section as page_section, share, small_percent},
};

pub fn absent() -> Section {
    let text = "What was learned from and what is tested on are not connected, so leaks cannot be looked for (inputs: \
                {train: preprocess.train, validation: preprocess.validation, test: preprocess.test, user_index: \
                preprocess.user_index, item_index: preprocess.item_index}).";
    page_section("leakage", "Leakage", vec![text.to_owned()], Vec::new())
}

pub fn section(leakage: &Leakage) -> Section {
    let test = &leakage.test;
    let pairs = leakage.shared.train_test + leakage.shared.train_validation + leakage.shared.validation_test;
    let mut readings = vec![if pairs == 0 {
        "No pair of user and product is in two parts: nothing that is asked for in a test was learned before."
            .to_owned()
    } else {
        format!(
            "{} pairs of user and product are in two parts: a model has seen the answer, and the test flatters it.",
            number(pairs)
        )
    }];
    if test.rows > 0 {
        readings.push(order_reading(test));
        readings.push(format!(
            "{} of the rows of train are later than the first test row{}. {} of the test rows are of products that train \
             knows from their future alone.",
            small_percent(share(test.train_rows_after, leakage.parts[0].rows)),
            leakage.split.as_ref().map_or_else(String::new, |split| format!(" (split {split})")),
            small_percent(share(test.of_future_items, test.rows))
        ));
    }
    let figures = if test.rows + leakage.validation.rows > 0 {
        vec![figure("Rows that look into the future", chart(leakage))]
    } else {
        Vec::new()
    };
    page_section("leakage", "Leakage", readings, figures)
        .with_table(parts(leakage))
        .with_table(checks(leakage))
        .with_note(
            "A split that is not by time always lets a model learn from other users' future: then figures say how well it \
             fills gaps, and not how well it foretells. Where times are days, rows of the same day have no order.",
        )
}

fn order_reading(test: &Order) -> String {
    if test.before_train == 0 {
        let same = match test.same_time {
            0 => String::new(),
            rows => {
                format!(" {} are at the same time as the last one, so that their order is not known.", number(rows))
            }
        };
        return format!("No test row is before the last training row of its user.{same}");
    }
    format!(
        "{} of the test rows of users that train knows ({}) are before the last training row of their user: the model has \
         seen what the user did afterwards.",
        number(test.before_train),
        small_percent(share(test.before_train, test.of_known_users))
    )
}

fn chart(leakage: &Leakage) -> Chart {
    let frame = Frame {
        title: "Rows that look into the future",
        description: "Share of the rows of validation and test that are before the last training row of their user, at the \
                      same time as it, and before the first training row of their product.",
        x: "share of rows",
        y: "rows",
    };
    let names = ["before the user's last", "at the same time", "before the product"].map(str::to_owned);
    let of = |order: &Order| {
        [
            share(order.before_train, order.rows),
            share(order.same_time, order.rows),
            share(order.of_future_items, order.rows),
        ]
    };
    let (validation, test) = (of(&leakage.validation), of(&leakage.test));
    let series = [Series { name: "validation", values: &validation }, Series { name: "test", values: &test }];
    chart::horizontal_bars(&frame, &names, &series, Unit::Percent)
}

fn parts(leakage: &Leakage) -> Table {
    let mut table = Table::new("Parts of the split", &["part", "#rows", "#share", "from", "to"]);
    let all: u64 = leakage.parts.iter().map(|part| part.rows).sum();
    let day = |time: Option<i64>| time.map_or_else(|| MISSING.to_owned(), date);
    for (name, part) in ["train", "validation", "test"].into_iter().zip(leakage.parts) {
        table.push([
            name.to_owned(),
            number(part.rows),
            percent(share(part.rows, all), 1),
            day(part.first),
            day(part.last),
        ]);
    }
    table
}

fn checks(leakage: &Leakage) -> Table {
    let mut table = Table::new("Checks", &["what", "#validation", "#test"]);
    let (validation, test, shared) = (&leakage.validation, &leakage.test, &leakage.shared);
    let mut push = |what: &str, values: [u64; 2]| {
        table.push([what.to_owned()].into_iter().chain(values.map(number)));
    };
    push("pairs that train has, too", [shared.train_validation, shared.train_test]);
    push("pairs that validation has, too", [0, shared.validation_test]);
    push(
        "rows of users whom train does not have",
        [validation.rows - validation.of_known_users, test.rows - test.of_known_users],
    );
    push("rows before the user's last training row", [validation.before_train, test.before_train]);
    push("rows at the same time as it", [validation.same_time, test.same_time]);
    push(
        "rows of products that train does not have",
        [validation.rows - validation.of_known_items, test.rows - test.of_known_items],
    );
    push("rows before the product's first training row", [validation.of_future_items, test.of_future_items]);
    push("training rows later than the part's first row", [validation.train_rows_after, test.train_rows_after]);
    table
}

pub fn alerts(leakage: &Leakage) -> Vec<Alert> {
    let mut alerts = Vec::new();
    let tested = &leakage.test;
    let mut push = |severity, id: &str, title: &str, value: f64, text: String, suggestion: Option<&str>| {
        let alert = Alert::new(severity, "leakage", id, title, value, text).with_number(small_percent(value));
        alerts.push(match suggestion {
            Some(yaml) => alert.suggest(yaml),
            None => alert,
        });
    };
    let temporal = "preprocess:\n  params:\n    split: temporal";
    let is_temporal = leakage.split.as_deref() == Some("temporal");
    let by_time = Some(temporal).filter(|_| !is_temporal);
    let leaked = share(leakage.shared.train_test + leakage.shared.validation_test, tested.rows);
    if leaked > 0.0 {
        let text = format!(
            "{} of the test rows ask for a pair of user and product that was learned from. Their answers are known; let the \
             stage divide the data.",
            small_percent(leaked)
        );
        push(Severity::Serious, "pairs-in-two-parts", "Test rows that were learned from", leaked, text, Some(temporal));
    }
    let before = share(tested.before_train, tested.of_known_users);
    if before >= 0.01 {
        let text = format!(
            "{} of the test rows are before the last training row of their user. A split by time tests on what came later.",
            small_percent(before)
        );
        let severity = if before >= 0.1 { Severity::Serious } else { Severity::Warning };
        push(severity, "test-before-train", "Test rows before training rows", before, text, by_time);
    }
    let future = share(tested.of_future_items, tested.rows);
    if future >= 0.01 {
        let text = format!(
            "{} of the test rows are of products whose first training row is later: when the test happened, no one could \
             have known them.",
            small_percent(future)
        );
        push(Severity::Warning, "items-from-the-future", "Products from the future", future, text, by_time);
    }
    let later = share(tested.train_rows_after, leakage.parts[0].rows);
    if later >= 0.1 && !is_temporal {
        let text = format!(
            "{} of the training rows are later than the first test row, as the split is not by time. Figures of such tests \
             compare models, but promise more than a shop will see.",
            small_percent(later)
        );
        push(Severity::Info, "training-after-test", "Training rows from after the test", later, text, by_time);
    }
    alerts
}
