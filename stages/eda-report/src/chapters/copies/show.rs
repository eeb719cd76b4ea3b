//! How it reads.

use reports::{
    chart::Frame,
    page::{Cell, Section, Table},
};

use super::{Cluster, Copies, CopyTotals};
use crate::{
    alert::{Alert, Severity},
    words::{MISSING, bin_figure, counted, date, fixed, number, section as page_section, small_percent},
};

pub fn section(copies: &Copies) -> Section {
    let share = |reviews: u64| small_percent(reviews as f64 / copies.texts.max(1) as f64);
    let CopyTotals { clusters, reviews, of_same_user, largest } = copies.exact;
    let mut readings = Vec::new();
    if clusters == 0 {
        readings.push(format!("No two texts of {} words or more are the same.", copies.shortest));
    } else {
        readings.push(format!(
            "{} reviews ({} of the texts of {} words or more) have the same words as another one; they make {}, the largest of \
             {} reviews.",
            number(reviews),
            share(reviews),
            copies.shortest,
            counted(clusters, "cluster", "clusters"),
            number(largest)
        ));
        readings.push(repetitions(of_same_user, reviews - clusters - of_same_user));
    }
    let more = copies.near.reviews.saturating_sub(reviews);
    if more > 0 {
        let copies = counted(more, "more review is a copy", "more reviews are copies");
        readings.push(format!("With texts that are nearly the same, {copies}."));
    }
    let mut figures = Vec::new();
    if copies.sizes.len() > 1 {
        let frame = Frame {
            title: "Clusters by size",
            description: "Clusters of reviews with the same words, by number of reviews; bins double.",
            x: "reviews in a cluster",
            y: "clusters",
        };
        let bins = copies.sizes.iter().map(|bin| (&bin.reviews, bin.clusters));
        figures.push(bin_figure("Clusters of copied text by size", &frame, bins));
    }
    let mut page = page_section("copied-text", "Copied text", readings, figures);
    page.tables.push(totals(copies));
    for (clusters, caption) in [
        (&copies.largest, "Largest clusters of the same words"),
        (&copies.largest_near, "Largest clusters of near copies"),
    ] {
        if !clusters.is_empty() {
            page.tables.push(table(clusters, caption));
        }
    }
    page.with_note(
        "Copies are found by a hash of the words; near copies by a signature of four parts over all sequences of three \
         words (MinHash), of which three have to agree: about nine tenths of the sequences are the same. Near copies of near \
         copies are one cluster.",
    )
}

/// Who repeats texts: the same user, or others.
fn repetitions(of_same_user: u64, of_others: u64) -> String {
    let same =
        "by a user who wrote the same before: often one review that a shop shows on several variants of a product.";
    let look = "deserves a look: bought reviews read like this, and so do accounts of one person.";
    match (of_same_user, of_others) {
        (_, 0) => format!("Every repetition is {same}"),
        (0, _) => format!("Every repetition is by another user than the first, which {look}"),
        _ => format!(
            "{} {same} {} by another user, which {look}",
            counted(of_same_user, "repetition is", "repetitions are"),
            counted(of_others, "is", "are"),
        ),
    }
}

fn totals(copies: &Copies) -> Table {
    let mut table = Table::new("Copied texts", &["", "#clusters", "#reviews", "#by the same user", "#largest"]);
    for (name, totals) in [("same words", &copies.exact), ("same or nearly", &copies.near)] {
        let counts = [totals.clusters, totals.reviews, totals.of_same_user, totals.largest];
        table.push([name.to_owned()].into_iter().chain(counts.map(number)));
    }
    table
}

fn table(clusters: &[Cluster], caption: &str) -> Table {
    let columns = ["text", "#words", "#reviews", "#users", "#products", "#mean rating", "from", "to"];
    let mut table = Table::new(caption, &columns);
    for cluster in clusters {
        let mut examples = cluster.examples.iter();
        let text = examples.next().cloned().unwrap_or_else(|| MISSING.to_owned());
        let mut cells = vec![Cell { text, note: examples.next().cloned().unwrap_or_default(), ..Cell::default() }];
        let rest = [
            number(u64::from(cluster.words)),
            number(cluster.reviews),
            number(cluster.users),
            number(cluster.items),
            fixed(cluster.mean_rating, 2),
            date(cluster.first),
            date(cluster.last),
        ];
        cells.extend(rest.map(|text| Cell { text, ..Cell::default() }));
        table.push_cells(cells);
    }
    table.wide = true;
    table
}

pub fn alerts(copies: &Copies) -> Vec<Alert> {
    let CopyTotals { clusters, reviews, of_same_user, .. } = copies.exact;
    let all = copies.texts.max(1) as f64;
    let (same, others) = (of_same_user as f64 / all, (reviews - clusters - of_same_user) as f64 / all);
    let mut alerts = Vec::new();
    if others >= 0.005 {
        let severity = if others >= 0.05 { Severity::Serious } else { Severity::Warning };
        let text = format!(
            "{} of the longer texts repeat the words of another user. Look at the largest clusters: bought reviews look like \
             this, and so do accounts of one person.",
            small_percent(others)
        );
        alerts.push(
            Alert::new(severity, "copied-text", "copied-text", "Texts copied from other users", others, text)
                .with_number(small_percent(others)),
        );
    }
    if same >= 0.02 {
        let text = format!(
            "{} of the longer texts were written by the same user before, mostly for variants of one product. These reviews \
             tie products together that nobody chose between: a split by time puts them on the same side.",
            small_percent(same)
        );
        alerts.push(
            Alert::new(Severity::Warning, "copied-text", "repeated-text", "Users repeat their own text", same, text)
                .with_number(small_percent(same))
                .suggest("preprocess:\n  params:\n    split: temporal"),
        );
    }
    alerts
}
