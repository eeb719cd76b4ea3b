//! A report that has one of everything, from formulas: every kind of chart, alerts, cards, long names.

use reports::{
    chart::{self, Band, Bin, Frame, Interval, Line, Point, Scale, Series, Spot, Unit, spark},
    eda::{Alert, Exploration, Severity},
    page::{ColumnCard, Fact, Figure, Page, Section, Table},
};

const COUNT: (Scale, Unit) = (Scale::Linear, Unit::Count);
const LOG: (Scale, Unit) = (Scale::Log, Unit::Count);

/// The report.
pub fn exploration() -> Exploration {
    let page = Page {
        title: "One of everything".to_owned(),
        lead: "A report from formulas, to look at and to test.".to_owned(),
        origin: "Made by a test".to_owned(),
        facts: vec![
            Fact::new("reviews", "1,234,567", "9.9 reviews each"),
            Fact::new("a value that is one long word", "AVERYLONGPRODUCTIDENTIFIERTHATNEVERENDS", ""),
            Fact::new("mean rating", "4.20", "± 1.10"),
        ],
        sections: vec![columns(), distributions(), tail(), comparisons(), time(), matrices()],
    };
    page.with_alerts(alerts())
}

fn alerts() -> Vec<Alert> {
    let alert = |severity, title: &str, number: &str, suggestion: &str, section: &str| Alert {
        severity,
        title: title.to_owned(),
        number: number.to_owned(),
        text: "What it means, in a sentence or two, for who has to decide whether something is to be done.".to_owned(),
        suggestion: suggestion.to_owned(),
        section: section.to_owned(),
    };
    vec![
        alert(Severity::Info, "Young data", "", "", "time"),
        alert(
            Severity::Serious,
            "Copied text",
            "12.3 %",
            "preprocess:\n  params:\n    min_user_interactions: 5",
            "tail",
        ),
        alert(
            Severity::Warning,
            "Test rows from before the split, in a title that needs two lines on a phone",
            "1,234",
            "preprocess:\n  params:\n    split: {by: time, validation: 2018-01-01, test: 2018-07-01, keep: the-longest-line-of-all}",
            "column-rating",
        ),
        alert(Severity::Warning, "No such chapter", "0.5", "", "nowhere"),
    ]
}

fn section(id: &str, title: &str, group: &str, figures: Vec<Figure>) -> Section {
    let readings = vec![format!("What the figures of {title} say.")];
    Section { id: id.to_owned(), title: title.to_owned(), readings, figures, ..Section::default() }.in_group(group)
}

fn frame<'a>(x: &'a str, y: &'a str) -> Frame<'a> {
    Frame { title: "A chart", description: "What it shows.", x, y }
}

fn columns() -> Section {
    let card = |name: &str, kind: &str, alert: &str| ColumnCard {
        id: format!("column-{name}"),
        name: name.to_owned(),
        kind: kind.to_owned(),
        alerts: if alert.is_empty() { Vec::new() } else { vec![alert.to_owned()] },
        spark: Some(spark(name, &(0..30).map(|bin| f64::from(bin * (30 - bin))).collect::<Vec<_>>())),
        facts: vec![
            Fact::new("missing", "0.0 %", ""),
            Fact::new("distinct", "123,456", ""),
            Fact::new("mean", "4.20", ""),
            Fact::new("most common", "a value of some length", "12 %"),
        ],
        figures: vec![Figure::new(format!("Values of {name}"), prices())],
        tables: vec![table(4)],
        ..ColumnCard::default()
    };
    let mut section = section("columns", "Columns", "Columns", Vec::new());
    section.cards = vec![
        card("user", "key", "high cardinality"),
        card("item", "key", ""),
        card("rating", "number", "skewed"),
        card("helpful_votes_of_the_review", "number", "mostly zero"),
        card("text", "text", ""),
    ];
    section
}

fn table(rows: u64) -> Table {
    let mut table = Table::new(format!("A table of {rows} rows"), &["name", "#reviews", "#share", "reading"]);
    for row in 0..rows {
        let count = 1_000 * (row * 7 % rows + 1);
        table.push([
            format!("row {row}"),
            reports::format::number(count),
            format!("{row}.5 %"),
            "as expected".to_owned(),
        ]);
    }
    table
}

fn prices() -> chart::Chart {
    let bin =
        |bin: u32| Bin { from: f64::from(bin) * 5.0, to: f64::from(bin + 1) * 5.0, count: f64::from(bin * (40 - bin)) };
    chart::histogram(&frame("price in dollars", "products"), COUNT, &(0..40).map(bin).collect::<Vec<_>>(), Unit::Count)
}

fn names(prefix: &str, count: usize) -> Vec<String> {
    (0..count).map(|place| format!("{prefix}{place}")).collect()
}

fn wave(count: u32, scale: f64) -> Vec<f64> {
    (0..count).map(|place| scale * (1.5 + f64::from(place * 37 % 11) / 10.0)).collect()
}

fn distributions() -> Section {
    let (first, second, third) = (wave(5, 1e4), wave(5, 2e4), wave(5, 4e3));
    let series = [
        Series { name: "verified", values: &first },
        Series { name: "not verified", values: &second },
        Series { name: "not known", values: &third },
    ];
    let stars = ["1", "2", "3", "4", "5"].map(str::to_owned);
    let log = |bin: i32| Bin { from: 2f64.powi(bin - 1), to: 2f64.powi(bin), count: f64::from(20 - bin) * 1e3 };
    let log: Vec<Bin> = [Bin { from: 0.0, to: 0.5, count: 4e3 }].into_iter().chain((0..20).map(log)).collect();
    let figures = vec![
        Figure::new("Bars side by side", chart::bars(&frame("stars", "reviews"), &stars, &series, Unit::Count)),
        Figure::new("Bars on top", chart::stacked_bars(&frame("stars", "reviews"), &stars, &series, Unit::Count)),
        Figure::new("Shares", chart::share_bars(&frame("", ""), &stars, &series, Unit::Count)),
        Figure::new("Histogram", prices()),
        Figure::new("Histogram on a log axis", chart::histogram(&frame("votes", "reviews"), LOG, &log, Unit::Count)),
        Figure::new(
            "Long names",
            chart::bars(
                &frame("category", ""),
                &categories(),
                &[Series { name: "n", values: &wave(8, 0.01) }],
                Unit::Percent,
            ),
        ),
    ];
    section("distributions", "Distributions", "Ratings", figures).with_table(table(8)).with_note("How it was computed.")
}

fn categories() -> Vec<String> {
    [
        "Musical Instruments & Accessories",
        "Sports & Outdoors",
        "Office Products",
        "Clothing, Shoes and Jewelry",
        "Electronics",
        "Pet Supplies",
        "Grocery & Gourmet Food",
        "Toys",
    ]
    .map(str::to_owned)
    .into()
}

fn tail() -> Section {
    let ranks = || (0..60).map(|step| 1.2f64.powi(step).floor());
    let items: Vec<(f64, f64)> = ranks().map(|rank| (rank, 40_000.0 / rank.powf(0.9))).collect();
    let users: Vec<(f64, f64)> = ranks().map(|rank| (rank, 900.0 / (rank + 5.0).powf(0.5))).collect();
    let fit: Vec<(f64, f64)> = ranks().map(|rank| (rank, 60_000.0 / rank)).collect();
    let lorenz: Vec<(f64, f64)> = (0..=50).map(|step| f64::from(step) / 50.0).map(|x| (x, x.powi(3))).collect();
    let line = |name, points, dashed| Line { name, points, dashed };
    let lines = [line("products", &items, false), line("users", &users, false)];
    let fits = [line("power law, exponent 1.00", &fit, true), line("log-normal", &users, true)];
    let share = (Scale::Linear, Unit::Percent);
    let equal = [(0.0, 0.0), (1.0, 1.0)];
    let curves = [line("products", &lorenz, false), line("if all were equal", &equal, true)];
    let figures = vec![
        Figure::new("Reviews by rank", chart::lines(&frame("rank", "reviews"), LOG, LOG, &lines)),
        Figure::new("Fitted", chart::fitted(&frame("rank", "reviews"), LOG, LOG, &lines, &fits)),
        Figure::new(
            "Lorenz curve",
            chart::lines(&frame("share of products", "share of reviews"), share, share, &curves),
        ),
    ];
    section("tail", "Long tail", "Users and items", figures)
}

fn comparisons() -> Section {
    let names = categories();
    let rows: Vec<Interval<'_>> = names
        .iter()
        .enumerate()
        .map(|(place, name)| Interval {
            name,
            low: place as f64 - 3.0,
            value: place as f64 - 2.5,
            high: place as f64 - 1.0,
        })
        .collect();
    let points: Vec<Point<'_>> = names
        .iter()
        .enumerate()
        .map(|(place, name)| Point { name, cost: 1.5f64.powf(place as f64), quality: 0.1 + 0.02 * (place % 4) as f64 })
        .collect();
    let values = wave(8, 1_000.0);
    let other = wave(8, 300.0);
    let series = [Series { name: "raw", values: &values }, Series { name: "sample", values: &other }];
    let spots: Vec<Spot> = (0..15)
        .flat_map(|x| (2..10).map(move |y| Spot { x: 1.6f64.powi(x), y: f64::from(y) / 2.0, count: f64::from(x * y) }))
        .collect();
    let figures = vec![
        Figure::new("Long names", chart::horizontal_bars(&frame("reviews", ""), &names, &series[..1], Unit::Count)),
        Figure::new("Two series", chart::horizontal_bars(&frame("", ""), &names, &series, Unit::Fixed(2))),
        Figure::new("Intervals", chart::intervals(&frame("difference in stars", ""), &rows, 0.0, Unit::Fixed(2))),
        Figure::new(
            "Cost and quality",
            chart::pareto(&frame("milliseconds", "NDCG@10"), &points, Unit::Fixed(1), Unit::Fixed(3)),
        ),
        Figure::new(
            "Price and rating",
            chart::scatter(&frame("price", "mean rating"), LOG, (Scale::Linear, Unit::Fixed(1)), &spots),
        ),
    ];
    section("comparisons", "Comparisons", "Users and items", figures)
}

fn time() -> Section {
    let months: Vec<(f64, f64)> =
        (0..150).map(|month| (24_060.0 + f64::from(month), 1e4 * (1.0 + f64::from(month * 37 % 50)))).collect();
    let years = |shift: f64| -> Vec<[f64; 4]> {
        (0..14)
            .map(|year| (2004.0 + f64::from(year), 4.0 + shift + f64::from(year % 5) / 50.0))
            .map(|(year, mean)| [year, mean - 0.05, mean, mean + 0.05])
            .collect()
    };
    let (all, verified) = (years(0.0), years(0.12));
    let bands = [Band { name: "all", points: &all }, Band { name: "verified", points: &verified }];
    let line = Line { name: "reviews", points: &months, dashed: false };
    let figures = vec![
        Figure::new(
            "Reviews a month",
            chart::lines(&frame("month", "reviews"), (Scale::Months, Unit::Count), COUNT, &[line]),
        ),
        Figure::new(
            "Rating drift",
            chart::band(
                &frame("year", "mean rating"),
                (Scale::Linear, Unit::Year),
                (Scale::Linear, Unit::Fixed(2)),
                &bands,
            ),
        ),
    ];
    section("time", "Time", "Time", figures)
}

fn matrices() -> Section {
    let value = |row: usize, column: usize| Some(((row * 31 + column * 17) % 1000) as f64 + 1.0);
    let week = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"].map(str::to_owned);
    let hours: Vec<Vec<Option<f64>>> = (0..7).map(|row| (0..24).map(|column| value(row, column)).collect()).collect();
    let square =
        |size: usize| -> Vec<Vec<Option<f64>>> {
            (0..size)
                .map(|row| {
                    (0..size)
                        .map(|column| {
                            if row == column { Some(1.0) } else { Some(((row * column * 7) % 19) as f64 / 10.0 - 0.9) }
                        })
                        .collect()
                })
                .collect()
        };
    let names_of = names("column_name_", 10);
    let figures = vec![
        Figure::new("Correlations", chart::heat_map(&frame("", ""), &names_of, &square(10))),
        Figure::new("Few correlations", chart::heat_map(&frame("", ""), &names_of[..4], &square(4))),
        Figure::new("Hours", chart::matrix(&frame("hour", "weekday"), &week, &names("", 24), &hours, LOG)),
        Figure::new(
            "Categories",
            chart::matrix(&frame("category", "stars"), &names("", 5), &categories(), &hours, LOG),
        ),
    ];
    section("matrices", "Matrices", "Interactions", figures)
}
