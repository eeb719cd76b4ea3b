//! Chapters about users and products.

use reports::{
    chart::{self, Frame, Line, Scale, Series, Unit},
    format::{MISSING, fixed, number, percent},
    page::{Cell, Figure, Section, Table},
};

use crate::{
    metadata::Group,
    quality_sections::{figure, section},
    statistics::{Coverage, Statistics, Top},
};

/// Mean, median and largest number of reviews, of users and of products.
pub(crate) fn reviews_each(statistics: &Statistics) -> Figure {
    let of = |get: fn(&crate::tail::Tail) -> f64| [get(&statistics.users), get(&statistics.items)];
    let (mean, median, largest) = (of(|tail| tail.mean), of(|tail| tail.median as f64), of(|tail| tail.largest as f64));
    let frame =
        Frame { title: "Reviews each", description: "Median, mean and largest number of reviews.", ..Frame::default() };
    let categories = ["median", "mean", "largest"].map(str::to_owned);
    let users = [median[0], mean[0], largest[0]];
    let products = [median[1], mean[1], largest[1]];
    let series = [Series { name: "a user", values: &users }, Series { name: "a product", values: &products }];
    figure("Reviews each", chart::horizontal_bars(&frame, &categories, &series, Unit::Fixed(1)))
}

pub(crate) fn long_tail(statistics: &Statistics) -> Section {
    let (users, items) = (&statistics.users, &statistics.items);
    let readings = vec![
        format!(
            "The most reviewed 20 % of the products have {} of the reviews, and the top 1 % {}. The Gini coefficient is {} \
             for products and {} for users (0: all equal; near 1: a few have nearly all).",
            percent(items.top_shares[2], 1),
            percent(items.top_shares[0], 1),
            fixed(items.gini, 2),
            fixed(users.gini, 2)
        ),
        if items.gini > 0.6 {
            "Reviews gather on few products. A list of the best known ones will look good in a simple test; what counts is \
             whether a model does better than that."
                .to_owned()
        } else {
            "Reviews are spread over many products, so a list of the best known ones says little about single users."
                .to_owned()
        },
    ];
    let mut table = Table::new(
        "Concentration",
        &["", "#median", "#largest", "#once", "#top 1 %", "#top 10 %", "#top 20 %", "#Gini"],
    );
    for (name, tail) in [("users", users), ("products", items)] {
        let shares = tail.top_shares.map(|share| percent(share, 1));
        let [one, ten, twenty] = shares;
        table.push([
            name.to_owned(),
            number(tail.median),
            number(tail.largest),
            percent(tail.once, 1),
            one,
            ten,
            twenty,
            fixed(tail.gini, 3),
        ]);
    }
    table.wide = true;
    section("long-tail", "Long tail", readings, vec![rank_figure(statistics), lorenz_figure(statistics)])
        .with_table(table)
}

fn rank_figure(statistics: &Statistics) -> Figure {
    let points = |ranks: &[(u64, u64)]| -> Vec<(f64, f64)> {
        ranks.iter().map(|(rank, reviews)| (*rank as f64, *reviews as f64)).collect()
    };
    let (users, items) = (points(&statistics.users.ranks), points(&statistics.items.ranks));
    let frame = Frame {
        title: "Reviews by rank",
        description: "Reviews of the most frequent, second most frequent and so on; both axes logarithmic.",
        x: "rank (logarithmic)",
        y: "reviews",
    };
    let lines = [
        Line { name: "products", points: &items, dashed: false },
        Line { name: "users", points: &users, dashed: false },
    ];
    figure("Reviews by rank", chart::lines(&frame, (Scale::Log, Unit::Count), (Scale::Log, Unit::Count), &lines))
}

fn lorenz_figure(statistics: &Statistics) -> Figure {
    let frame = Frame {
        title: "Lorenz curve",
        description: "Share of reviews that the least frequent share of users or products has; the diagonal is equality.",
        x: "share of users or products, least frequent first",
        y: "reviews",
    };
    let lines = [
        Line { name: "products", points: &statistics.items.lorenz, dashed: false },
        Line { name: "users", points: &statistics.users.lorenz, dashed: false },
        Line { name: "all equal", points: &[(0.0, 0.0), (1.0, 1.0)], dashed: true },
    ];
    figure("Lorenz curve", chart::lines(&frame, (Scale::Linear, Unit::Percent), (Scale::Linear, Unit::Percent), &lines))
}

pub(crate) fn top_products(statistics: &Statistics) -> Section {
    let mut table = Table::new("Products with most reviews", &["product", "brand", "#reviews", "#mean rating"]);
    for top in &statistics.top_items {
        let title = top.title.clone().unwrap_or_else(|| top.key.clone());
        let note = if top.title.is_some() { top.key.clone() } else { String::new() };
        let text = |text: String| Cell { text, ..Cell::default() };
        table.push_cells(vec![
            Cell { text: title, note, ..Cell::default() },
            text(top.brand.clone().unwrap_or_else(|| MISSING.to_owned())),
            text(number(top.reviews)),
            text(fixed(top.mean_rating, 2)),
        ]);
    }
    table.wide = true;
    let name = |top: &Top| top.title.clone().unwrap_or_else(|| top.key.clone());
    section(
        "products",
        "Top products",
        vec![reading_of_top(statistics, &statistics.top_items, "product", name)],
        vec![top_chart(&statistics.top_items, "Products with most reviews", name)],
    )
    .with_table(table)
}

pub(crate) fn top_users(statistics: &Statistics) -> Section {
    let mut table = Table::new("Users with most reviews", &["user", "#reviews", "#mean rating"]);
    for top in &statistics.top_users {
        table.push([top.key.clone(), number(top.reviews), fixed(top.mean_rating, 2)]);
    }
    let name = |top: &Top| top.key.clone();
    section(
        "users",
        "Top users",
        vec![reading_of_top(statistics, &statistics.top_users, "user", name)],
        vec![top_chart(&statistics.top_users, "Users with most reviews", name)],
    )
    .with_table(table)
}

fn reading_of_top(statistics: &Statistics, tops: &[Top], what: &str, name: fn(&Top) -> String) -> String {
    let all = statistics.overview.reviews.max(1) as f64;
    let together: u64 = tops.iter().map(|top| top.reviews).sum();
    match tops {
        [] => String::new(),
        [only] => format!(
            "The most frequent {what}, {}, has {} of all reviews.",
            name(only),
            percent(only.reviews as f64 / all, 1)
        ),
        [first, ..] => format!(
            "The {} most frequent {what}s have {} of all reviews; the first, {}, has {}.",
            tops.len(),
            percent(together as f64 / all, 1),
            name(first),
            percent(first.reviews as f64 / all, 1)
        ),
    }
}

fn top_chart(tops: &[Top], title: &str, name: fn(&Top) -> String) -> Figure {
    let shown = &tops[..tops.len().min(12)];
    let names: Vec<String> = shown.iter().map(name).collect();
    let reviews: Vec<f64> = shown.iter().map(|top| top.reviews as f64).collect();
    let frame = Frame { title, description: "Number of reviews, the most first.", ..Frame::default() };
    figure(title, chart::horizontal_bars(&frame, &names, &[Series { name: "reviews", values: &reviews }], Unit::Count))
}

pub(crate) fn metadata(statistics: &Statistics) -> Section {
    let Some(coverage) = &statistics.metadata else {
        return section(
            "metadata",
            "Metadata",
            vec![
                "No metadata is connected. Connect the input items to see titles, brands, prices and categories here."
                    .to_owned(),
            ],
            Vec::new(),
        );
    };
    let items = statistics.overview.items;
    let mut readings = vec![format!(
        "{} of {} reviewed products ({}) have a row among the {} of the metadata.",
        number(coverage.joined),
        number(items),
        percent(coverage.joined as f64 / items.max(1) as f64, 1),
        number(coverage.rows)
    )];
    readings.extend(median_reading(coverage));
    let mut figures = vec![filled_figure(coverage, items)];
    if !coverage.prices.is_empty() {
        figures.push(price_figure(coverage));
    }
    for (title, groups) in [("Categories by reviews", &coverage.categories), ("Brands by reviews", &coverage.brands)] {
        if !groups.is_empty() {
            figures.push(group_figure(title, groups));
        }
    }
    let mut section = section("metadata", "Metadata", readings, figures);
    for (caption, groups, all) in [
        ("Categories", &coverage.categories, coverage.category_count),
        ("Brands", &coverage.brands, coverage.brand_count),
    ] {
        if !groups.is_empty() {
            section.tables.push(group_table(caption, groups, all));
        }
    }
    section.with_note("A product may be in several categories. Only products that have reviews are counted.")
}

fn median_reading(coverage: &Coverage) -> Option<String> {
    let (_, priced) = coverage.filled.iter().find(|(field, _)| field == "price")?;
    let median = coverage.median_price?;
    Some(format!("{} products have a price; half of them cost at most {}.", number(*priced), fixed(median, 2)))
}

fn filled_figure(coverage: &Coverage, items: u64) -> Figure {
    let fields: Vec<String> = std::iter::once("any row")
        .chain(coverage.filled.iter().map(|(field, _)| field.as_str()))
        .map(str::to_owned)
        .collect();
    let shares: Vec<f64> = std::iter::once(coverage.joined)
        .chain(coverage.filled.iter().map(|(_, count)| *count))
        .map(|count| count as f64 / items.max(1) as f64)
        .collect();
    let title = "Reviewed products that have";
    let frame = Frame { title, description: "Share of reviewed products that have each field.", ..Frame::default() };
    figure(
        title,
        chart::horizontal_bars(&frame, &fields, &[Series { name: "products", values: &shares }], Unit::Percent),
    )
}

fn price_figure(coverage: &Coverage) -> Figure {
    let labels: Vec<String> = coverage.prices.iter().map(|(label, _)| label.clone()).collect();
    let items: Vec<f64> = coverage.prices.iter().map(|(_, items)| *items as f64).collect();
    let frame = Frame { title: "Prices", description: "Products by price; bins double.", x: "price", y: "products" };
    figure("Prices", chart::bars(&frame, &labels, &[Series { name: "products", values: &items }], Unit::Count))
}

fn group_figure(title: &str, groups: &[(String, Group)]) -> Figure {
    let shown = &groups[..groups.len().min(12)];
    let names: Vec<String> = shown.iter().map(|(name, _)| name.clone()).collect();
    let reviews: Vec<f64> = shown.iter().map(|(_, group)| group.reviews as f64).collect();
    let frame = Frame { title, description: "Number of reviews, the most first.", ..Frame::default() };
    figure(title, chart::horizontal_bars(&frame, &names, &[Series { name: "reviews", values: &reviews }], Unit::Count))
}

fn group_table(caption: &str, groups: &[(String, Group)], all: u64) -> Table {
    let caption = format!("{caption}: {} of {}", number(groups.len() as u64), number(all));
    let mut table = Table::new(caption, &["name", "#products", "#reviews"]);
    for (name, group) in groups {
        table.push([name.clone(), number(group.items), number(group.reviews)]);
    }
    table
}
