//! How it reads.

use reports::{
    chart::Frame,
    page::{Section, Table},
};

use super::{Flagged, Suspicious, SuspiciousUser};
use crate::{
    alert::{Alert, Severity},
    words::{MISSING, bin_figure, counted, fixed, number, percent, section as page_section, small_percent, stars},
};

pub fn section(found: &Suspicious) -> Section {
    let limits = &found.thresholds;
    let mut readings = vec![if found.users == 0 {
        format!("No user has {} reviews or more, so none is looked at.", limits.reviews)
    } else {
        format!(
            "Looked at: {} of {} reviews or more. {}",
            counted(found.users, "user", "users"),
            limits.reviews,
            match found.several.users {
                0 => "None of them shows two signs of a machine or a paid writer.".to_owned(),
                users => format!(
                    "{} two signs or more of a machine or a paid writer, with {} of all reviews. That is a suspicion, not a \
                     proof: someone who moves house reviews a lot in a day, too.",
                    counted(users, "of them shows", "of them show"),
                    small_percent(share(found, &found.several))
                ),
            }
        )
    }];
    if found.burst.users > 0 {
        readings.push(format!(
            "{} wrote half of their reviews or more within a day, {} at least: the order of these is not the order of what \
             they bought.",
            counted(found.burst.users, "user", "users"),
            limits.burst_reviews
        ));
    }
    let mut page = page_section("suspicious-users", "Suspicious users", readings, figures(found));
    if found.users > 0 {
        page.tables.push(signs(found));
    }
    if !found.top.is_empty() {
        page.tables.push(users(&found.top));
    }
    page.with_note(&format!(
        "Burst: {} reviews or more within 24 hours, half of the user's at least (where times are days: on one day). Always \
         the same rating: {} reviews or more, all with one rating, where so many have a chance below {} % if everybody gives \
         it as often as all do. Same text: the same {} words or more on {} products or more.",
        limits.burst_reviews,
        limits.constant_reviews,
        fixed(limits.constant_chance * 100.0, 1),
        limits.same_text_words,
        limits.same_text_items
    ))
}

fn share(found: &Suspicious, flagged: &Flagged) -> f64 {
    flagged.reviews as f64 / found.all_reviews.max(1) as f64
}

fn figures(found: &Suspicious) -> Vec<reports::page::Figure> {
    if found.busiest_day.len() < 2 {
        return Vec::new();
    }
    let frame = Frame {
        title: "Busiest day",
        description: "Users by the most reviews that they wrote within 24 hours; bins double.",
        x: "most reviews within 24 hours",
        y: "users",
    };
    let bins = found.busiest_day.iter().map(|bin| (&bin.reviews, bin.users));
    vec![bin_figure("Most reviews of a user within a day", &frame, bins)]
}

fn signs(found: &Suspicious) -> Table {
    let mut table = Table::new("Signs", &["sign", "#users", "#share of users", "#reviews", "#share of all reviews"]);
    let mut push = |name: &str, flagged: &Flagged| {
        table.push([
            name.to_owned(),
            number(flagged.users),
            small_percent(flagged.users as f64 / found.users.max(1) as f64),
            number(flagged.reviews),
            small_percent(share(found, flagged)),
        ]);
    };
    push("burst", &found.burst);
    push("always the same rating", &found.constant);
    if let Some(same_text) = &found.same_text {
        push("same text on several products", same_text);
    }
    push("two signs or more", &found.several);
    table
}

fn users(top: &[SuspiciousUser]) -> Table {
    let columns = ["user", "#signs", "#reviews", "#most in a day", "always", "#mean rating", "#products of one text"];
    let mut table = Table::new("Users with most signs", &columns);
    for user in top {
        table.push([
            user.user.clone(),
            number(u64::from(user.signs)),
            number(user.reviews),
            number(user.most_in_a_day),
            user.always.map_or_else(|| MISSING.to_owned(), |rating| format!("{} stars", stars(f64::from(rating)))),
            fixed(user.mean_rating, 2),
            number(user.same_text_items),
        ]);
    }
    table.wide = true;
    table
}

pub fn alerts(found: &Suspicious) -> Vec<Alert> {
    let mut alerts = Vec::new();
    let several = share(found, &found.several);
    if several >= 0.005 {
        let text = format!(
            "{} of the reviews are by users with two signs or more of a machine or a paid writer, {} in all. Look at them \
             before trusting what is learned from them.",
            small_percent(several),
            number(found.several.users)
        );
        alerts.push(
            Alert::new(Severity::Warning, "suspicious-users", "suspicious-users", "Suspicious users", several, text)
                .with_number(small_percent(several)),
        );
    }
    let bursts = found.reviews_in_bursts as f64 / found.all_reviews.max(1) as f64;
    if bursts >= 0.05 {
        let text = format!(
            "{} of the reviews are of users who wrote most of theirs within a day. Which of these was the last is chance, so \
             a test on the last review of each user says little about them; a split by time keeps a day together.",
            percent(bursts, 1)
        );
        alerts.push(
            Alert::new(Severity::Warning, "suspicious-users", "bursts", "Reviews in bursts", bursts, text)
                .with_number(percent(bursts, 1))
                .suggest("preprocess:\n  params:\n    split: temporal"),
        );
    }
    alerts
}
