//! Chapters about the reviews themselves: values, times, texts, votes.

use std::collections::BTreeMap;

use reports::{
    bins::month_label,
    chart::{self, Frame, Line, Scale, Series, Svg, Unit},
    format::{MISSING, fixed, number, percent},
    page::{Figure, Section, Table},
};

use crate::statistics::{Lengths, Statistics};

pub(crate) fn missing(statistics: &Statistics) -> Section {
    let columns: Vec<String> = ["user", "item", "rating", "time"]
        .into_iter()
        .map(str::to_owned)
        .chain(statistics.missing.iter().map(|missing| missing.column.clone()))
        .collect();
    let shares: Vec<f64> = [0.0; 4].into_iter().chain(statistics.missing.iter().map(|missing| missing.share)).collect();
    let frame = Frame {
        title: "Missing values",
        description: "Share of rows without a value, a bar a column.",
        ..Frame::default()
    };
    let svg = chart::horizontal_bars(&frame, &columns, &[Series { name: "missing", values: &shares }], Unit::Percent);
    let worst = statistics.missing.iter().filter(|missing| missing.rows > 0).max_by(|a, b| a.share.total_cmp(&b.share));
    let reading = match worst {
        None => "Every row has a value in every column.".to_owned(),
        Some(worst) => format!(
            "The column {} is empty most often: in {} rows, {}. User, item, rating and time are never empty, as rows \
             without them are rejected when files are loaded.",
            worst.column,
            number(worst.rows),
            percent(worst.share, 1)
        ),
    };
    let mut table = Table::new("Rows without a value", &["column", "#rows", "#share"]);
    for missing in &statistics.missing {
        table.push([missing.column.clone(), number(missing.rows), percent(missing.share, 2)]);
    }
    section("missing", "Missing values", vec![reading], vec![figure("Share of rows without a value", svg)])
        .with_table(table)
        .with_note(
            "A text of nothing but spaces counts as missing. Files often leave out helpful votes when there are none.",
        )
}

pub(crate) fn ratings(statistics: &Statistics) -> Section {
    let all = statistics.overview.reviews.max(1) as f64;
    let labels: Vec<String> = statistics.ratings.iter().map(|(stars, _)| stars_label(*stars)).collect();
    let counts: Vec<f64> = statistics.ratings.iter().map(|(_, rows)| *rows as f64).collect();
    let frame = Frame { title: "Ratings", description: "Reviews by stars.", x: "stars", y: "reviews" };
    let svg = chart::bars(&frame, &labels, &[Series { name: "reviews", values: &counts }], Unit::Count);
    let mode = statistics.ratings.iter().max_by_key(|(_, rows)| *rows).copied().unwrap_or_default();
    let good: u64 = statistics.ratings.iter().filter(|(stars, _)| *stars >= 4.0).map(|(_, rows)| rows).sum();
    let reading = if statistics.ratings.len() == 1 {
        format!("All reviews give {} stars: the ratings say nothing about what users prefer.", stars_label(mode.0))
    } else {
        format!(
            "The most frequent rating is {} stars ({} of the reviews), and {} give 4 stars or more; the mean is {}.",
            stars_label(mode.0),
            percent(mode.1 as f64 / all, 1),
            percent(good as f64 / all, 1),
            fixed(statistics.overview.mean_rating, 2)
        )
    };
    let mut table = Table::new("Reviews by rating", &["stars", "#reviews", "#share"]);
    for (stars, rows) in &statistics.ratings {
        table.push([stars_label(*stars), number(*rows), percent(*rows as f64 / all, 1)]);
    }
    section("ratings", "Ratings", vec![reading], vec![figure("Reviews by stars", svg)]).with_table(table)
}

pub(crate) fn time(statistics: &Statistics) -> Section {
    let reviews: Vec<(f64, f64)> =
        statistics.months.iter().map(|month| (month.number as f64, month.reviews as f64)).collect();
    let frame = Frame { title: "Reviews over time", description: "Reviews a month.", x: "month", y: "reviews" };
    let line = Line { name: "reviews", points: &reviews, dashed: false };
    let over_time = chart::lines(&frame, (Scale::Months, Unit::Count), (Scale::Linear, Unit::Count), &[line]);
    let busiest = statistics.months.iter().max_by_key(|month| month.reviews);
    let reading = match (statistics.months.as_slice(), busiest) {
        ([only], _) => format!("All reviews are from {}.", only.label),
        (months, Some(busiest)) => format!(
            "{} months from {} to {}, {} of them without a review. The busiest was {} with {} reviews; half of all reviews \
             were written by {}.",
            number(months.len() as u64),
            months[0].label,
            months[months.len() - 1].label,
            number(months.iter().filter(|month| month.reviews == 0).count() as u64),
            busiest.label,
            number(busiest.reviews),
            half_time(statistics)
        ),
        _ => String::new(),
    };
    let figures = vec![figure("Reviews a month", over_time), figure("Mean rating by year", mean_by_year(statistics))];
    section("time", "Over time", vec![reading], figures)
}

/// The month in which half of the reviews have been written.
fn half_time(statistics: &Statistics) -> String {
    let half = statistics.overview.reviews.div_ceil(2);
    let mut seen = 0;
    let month = statistics.months.iter().find(|month| {
        seen += month.reviews;
        seen >= half
    });
    month.map_or_else(String::new, |month| month_label(month.number))
}

fn mean_by_year(statistics: &Statistics) -> Svg {
    let mut years: BTreeMap<i64, (f64, f64)> = BTreeMap::new();
    for month in &statistics.months {
        let year = years.entry(month.number.div_euclid(12)).or_default();
        year.0 += month.reviews as f64;
        year.1 += month.reviews as f64 * month.mean_rating.unwrap_or_default();
    }
    let labels: Vec<String> = years.keys().map(i64::to_string).collect();
    let means: Vec<f64> = years.values().map(|(rows, sum)| if *rows > 0.0 { sum / rows } else { f64::NAN }).collect();
    let frame =
        Frame { title: "Mean rating by year", description: "Mean rating by year.", x: "year", y: "mean rating" };
    chart::bars(&frame, &labels, &[Series { name: "mean rating", values: &means }], Unit::Fixed(2))
}

pub(crate) fn length(statistics: &Statistics) -> Section {
    let (words, characters) = (&statistics.words, &statistics.characters);
    let reading = if words.rows == 0 {
        "No review has a text.".to_owned()
    } else {
        format!(
            "Half of the texts have at most {} words ({} characters), one in ten has more than {} words, and the longest \
             has {}.",
            number(words.median),
            number(characters.median),
            number(words.p90),
            number(words.largest)
        )
    };
    let figures = vec![
        figure("Words a text", histogram(words, "words", "reviews", "Reviews by words of the text; bins double.")),
        figure(
            "Characters a text",
            histogram(characters, "characters", "reviews", "Reviews by characters of the text; bins double."),
        ),
    ];
    section("length", "Review length", vec![reading], figures)
        .with_note("Words are what spaces separate. Reviews without a text are left out; the bins double in width.")
}

pub(crate) fn helpfulness(statistics: &Statistics) -> Section {
    let votes = &statistics.helpful_votes;
    let labels: Vec<String> = statistics.votes_by_rating.iter().map(|(stars, ..)| stars_label(*stars)).collect();
    let means: Vec<f64> = statistics.votes_by_rating.iter().map(|(.., mean)| *mean).collect();
    let frame =
        Frame { title: "Votes by rating", description: "Mean helpful votes by stars.", x: "stars", y: "mean votes" };
    let by_rating = chart::bars(&frame, &labels, &[Series { name: "mean votes", values: &means }], Unit::Fixed(2));
    let extremes = |better: fn(f64, f64) -> bool| {
        statistics.votes_by_rating.iter().copied().reduce(|a, b| if better(b.2, a.2) { b } else { a })
    };
    let mut readings = vec![if votes.rows == 0 {
        "No review tells how many readers found it helpful.".to_owned()
    } else {
        format!(
            "{} reviews tell their helpful votes: {} on average, half have at most {}, and the most is {}.",
            number(votes.rows),
            fixed(votes.mean, 1),
            number(votes.median),
            number(votes.largest)
        )
    }];
    if let (Some(most), Some(least)) = (extremes(|a, b| a > b), extremes(|a, b| a < b))
        && most.2 > least.2
    {
        readings.push(format!(
            "Reviews with {} stars have most votes ({} on average), those with {} stars fewest ({}).",
            stars_label(most.0),
            fixed(most.2, 1),
            stars_label(least.0),
            fixed(least.2, 1)
        ));
    }
    let figures = vec![
        figure(
            "Helpful votes a review",
            histogram(votes, "helpful votes", "reviews", "Reviews by helpful votes; bins double."),
        ),
        figure("Mean helpful votes by rating", by_rating),
    ];
    section("helpfulness", "Helpfulness", readings, figures).with_note(
        "Only reviews whose row holds a number of votes count. Files that leave out zero make the mean too high.",
    )
}

pub(crate) fn correlations(statistics: &Statistics) -> Section {
    let found = &statistics.correlations;
    let map = |title: &str, values: &[Vec<Option<f64>>]| {
        let frame = Frame { title, description: "Correlation of each pair, from −1 to 1.", ..Frame::default() };
        figure(title, chart::heat_map(&frame, &found.names, values))
    };
    let mut pairs: Vec<(f64, &str, &str)> = Vec::new();
    for row in 0..found.names.len() {
        for column in 0..row {
            if let Some(rho) = found.spearman[row][column] {
                pairs.push((rho, &found.names[row], &found.names[column]));
            }
        }
    }
    pairs.sort_by(|a, b| b.0.abs().total_cmp(&a.0.abs()));
    let reading = match pairs.first() {
        None => "Nothing here varies together: there are too few rows, or all values are the same.".to_owned(),
        Some((rho, first, second)) => format!(
            "The strongest relation is between {} and {} (Spearman {}): {}.",
            meaning(second),
            meaning(first),
            fixed(*rho, 2),
            strength(*rho)
        ),
    };
    let rows = if found.rows == statistics.overview.reviews {
        "all rows".to_owned()
    } else {
        format!("{} rows, chosen by a hash of their place in the table", number(found.rows))
    };
    section(
        "correlations",
        "Correlations",
        vec![reading],
        vec![map("Pearson (linear)", &found.pearson), map("Spearman (of ranks)", &found.spearman)],
    )
    .with_note(&format!(
        "Over {rows}; each pair uses the rows that know both values, and {MISSING} stands where one does not vary. Words: of \
         the text; title: words of the title; votes: helpful votes; product and user: their number of reviews. Correlation \
         does not tell what causes what."
    ))
}

fn meaning(name: &str) -> &str {
    match name {
        "words" => "length of the text",
        "title" => "length of the title",
        "votes" => "helpful votes",
        "product" => "reviews of the product",
        "user" => "reviews of the user",
        other => other,
    }
}

fn strength(rho: f64) -> &'static str {
    match (rho.abs(), rho > 0.0) {
        (size, _) if size < 0.1 => "hardly any",
        (size, true) if size < 0.3 => "a weak one, both grow together",
        (size, false) if size < 0.3 => "a weak one, one grows as the other falls",
        (size, true) if size < 0.6 => "a clear one, both grow together",
        (size, false) if size < 0.6 => "a clear one, one grows as the other falls",
        (_, true) => "a strong one, both grow together",
        (_, false) => "a strong one, one grows as the other falls",
    }
}

/// Vertical bars of a distribution.
fn histogram(lengths: &Lengths, x: &str, y: &str, description: &str) -> Svg {
    let labels: Vec<String> = lengths.bins.iter().map(|(label, _)| label.clone()).collect();
    let rows: Vec<f64> = lengths.bins.iter().map(|(_, rows)| *rows as f64).collect();
    let frame = Frame { title: x, description, x, y };
    chart::bars(&frame, &labels, &[Series { name: y, values: &rows }], Unit::Count)
}

pub(crate) fn figure(title: &str, svg: Svg) -> Figure {
    Figure { title: title.to_owned(), svg }
}

pub(crate) fn section(id: &str, title: &str, readings: Vec<String>, figures: Vec<Figure>) -> Section {
    Section { id: id.to_owned(), title: title.to_owned(), readings, figures, ..Section::default() }
}

/// `4` or `4.5`.
fn stars_label(stars: f64) -> String {
    if stars.fract() > 0.0 { fixed(stars, 1) } else { fixed(stars, 0) }
}
