//! How the ratings read.

use reports::{
    chart::{self, Frame, Series, Unit},
    page::{Figure, Section, Table},
};

use super::{Ratings, Variance};
use crate::{
    alert::{Alert, Severity},
    formulas::rating_scale::Stars,
    words::{figure, fixed, number, percent, section},
};

const ID: &str = "ratings";
const GROUP: &str = "Recommendation";
const NAMES: [&str; 5] = ["1 star", "2 stars", "3 stars", "4 stars", "5 stars"];

/// The section of the ratings.
pub(super) fn section_of(ratings: &Ratings) -> Section {
    let mut readings = vec![reading_of_stars(&ratings.stars), reading_of_shape(ratings)];
    readings.extend(ratings.variance.as_ref().map(reading_of_variance));
    readings.extend(reading_of_constant(ratings));
    let mut figures = vec![figure_of_stars(&ratings.stars)];
    if ratings.years.len() > 1 {
        figures.extend(figures_of_years(ratings));
    }
    figures.extend(ratings.variance.as_ref().map(figure_of_variance));
    let mut section = section(ID, "Ratings", readings, figures).in_group(GROUP).with_table(table(ratings));
    if !ratings.constant.is_empty() {
        section = section.with_table(table_of_constant(ratings));
    }
    section.with_note(
        "Shape: polarity is the share of one and five stars, 40 % if all stars were alike; positive imbalance is four and \
         five stars as a share of all but three, 50 % in balance (Schoenmueller, Netzer and Stahl 2020). The bimodality \
         coefficient is (skewness² + 1) / kurtosis with corrections for the number of ratings; above 5/9 = 0.556 there are \
         two peaks, or one at an end (Pfister et al. 2013). It is called a J where five stars are most frequent and one \
         star more frequent than two by more than chance. Variance: r = μ + b(user) + b(product) + e with random terms, by \
         the method of moments (Gao and Owen 2017); shares below 0 by chance are shown as 0.",
    )
}

fn share(part: u64, stars: &Stars) -> f64 {
    part as f64 / stars.iter().sum::<u64>().max(1) as f64
}

fn reading_of_stars(stars: &Stars) -> String {
    let (most, count) = (0..5).map(|star| (star, stars[star])).max_by_key(|(_, count)| *count).unwrap_or((4, stars[4]));
    format!(
        "{} of the reviews give {}. {} give four or five stars, {} one or two.",
        percent(share(count, stars), 1),
        NAMES[most],
        percent(share(stars[3] + stars[4], stars), 1),
        percent(share(stars[0] + stars[1], stars), 1)
    )
}

fn reading_of_shape(ratings: &Ratings) -> String {
    let shape = &ratings.shape;
    let form = if shape.is_j {
        "The distribution is a J: most are delighted, some are angry, and few in between bother to write. Its mean says \
         little about a product; the share of low ratings says more."
    } else if shape.top_share > 0.5 {
        "The distribution leans to the upper end, without a second peak at one star: those who did not like what they got \
         have mostly not written, or there are few of them."
    } else {
        "The distribution is not a J: the stars between the ends are used as well."
    };
    let bimodality = shape.bimodality.map_or_else(String::new, |value| {
        let side = if value > 5.0 / 9.0 { "above" } else { "not above" };
        format!(", and the bimodality coefficient {} is {side} the 0.556 of an even spread", fixed(value, 3))
    });
    format!("{form} {} are at one of the two ends{bimodality}.", percent(shape.polarity, 1))
}

fn reading_of_variance(variance: &Variance) -> String {
    let Variance { user_share, item_share, rest_share, .. } = variance;
    let decides = if *user_share > 1.5 * item_share {
        "Who rates matters more than what is rated, so a product's mean depends on who came to rate it."
    } else if *item_share > 1.5 * user_share {
        "What is rated matters more than who rates, so a product's mean carries over to other users."
    } else {
        "Who rates and what is rated matter about equally."
    };
    format!(
        "Of the variance of the ratings, {} belongs to users (some are kinder than others), {} to products (some are \
         better), and {} to neither: taste, mood and chance, of which a recommender can learn the taste. {decides}",
        percent(*user_share, 1),
        percent(*item_share, 1),
        percent(*rest_share, 1)
    )
}

fn reading_of_constant(ratings: &Ratings) -> Option<String> {
    let size = ratings.constant.iter().find(|size| size.least_reviews == 5).or(ratings.constant.first())?;
    Some(format!(
        "{} of the {} users with at least {} reviews gave the same rating each time ({}); by chance it would be {}. Their \
         ratings tell which products they had, and not which they liked better.",
        number(size.constant),
        number(size.users),
        size.least_reviews,
        percent(size.share(), 1),
        percent(size.expected_share, 1)
    ))
}

fn figure_of_stars(stars: &Stars) -> Figure {
    let frame = Frame {
        title: "Reviews by rating",
        description: "Number of reviews with one to five stars.",
        x: "rating",
        y: "reviews",
    };
    let values = stars.map(|count| count as f64);
    figure(
        frame.title,
        chart::bars(&frame, &NAMES.map(str::to_owned), &[Series { name: "reviews", values: &values }], Unit::Count),
    )
}

fn figures_of_years(ratings: &Ratings) -> [Figure; 2] {
    let names: Vec<String> = ratings.years.iter().map(|year| year.year.to_string()).collect();
    let columns: Vec<Vec<f64>> =
        (0..5).map(|star| ratings.years.iter().map(|year| year.stars[star] as f64).collect()).collect();
    let series: Vec<Series<'_>> = NAMES.iter().zip(&columns).map(|(name, values)| Series { name, values }).collect();
    let counts = Frame {
        title: "Reviews by year and rating",
        description: "Number of reviews of each year, divided by stars.",
        x: "year",
        y: "reviews",
    };
    let shares = Frame {
        title: "Share of each rating by year",
        description: "Reviews of each year, divided by the share of the stars.",
        x: "share of the reviews",
        y: "year",
    };
    [
        figure(counts.title, chart::stacked_bars(&counts, &names, &series, Unit::Count)),
        figure(shares.title, chart::share_bars(&shares, &names, &series, Unit::Count)),
    ]
}

fn figure_of_variance(variance: &Variance) -> Figure {
    let frame = Frame {
        title: "What decides on a rating",
        description: "Shares of the variance of the ratings that belong to user, product, and neither.",
        x: "share of the variance",
        y: "",
    };
    let names = ["user", "product", "neither"].map(str::to_owned);
    let values = [variance.user_share, variance.item_share, variance.rest_share];
    figure(
        frame.title,
        chart::horizontal_bars(&frame, &names, &[Series { name: "share", values: &values }], Unit::Percent),
    )
}

fn table(ratings: &Ratings) -> Table {
    let mut table = Table::new("Shape and variance", &["figure", "#value"]);
    let shape = &ratings.shape;
    let mut push = |name: &str, value: String| table.push([name.to_owned(), value]);
    push("five stars", percent(shape.top_share, 1));
    push("one or five stars (polarity)", percent(shape.polarity, 1));
    push("positive imbalance", percent(shape.positive_imbalance, 1));
    push("bimodality coefficient", fixed(shape.bimodality.unwrap_or(f64::NAN), 3));
    push("one star over two, in standard errors", fixed(shape.low_end, 1));
    if let Some(variance) = &ratings.variance {
        push("variance of the ratings", fixed(variance.total, 3));
        push("share of users", percent(variance.user_share, 1));
        push("share of products", percent(variance.item_share, 1));
        push("share of neither", percent(variance.rest_share, 1));
        push("explained by means of users (R²)", percent(variance.user_explained, 1));
        push("explained by means of products (R²)", percent(variance.item_explained, 1));
        push("intraclass correlation of users", fixed(variance.user_intraclass.unwrap_or(f64::NAN), 3));
        push("intraclass correlation of products", fixed(variance.item_intraclass.unwrap_or(f64::NAN), 3));
    }
    table
}

fn table_of_constant(ratings: &Ratings) -> Table {
    let mut table = Table::new(
        "Users with the same rating each time",
        &["users with at least", "#users", "#same rating", "#share", "#by chance"],
    );
    for size in &ratings.constant {
        table.push([
            format!("{} reviews", size.least_reviews),
            number(size.users),
            number(size.constant),
            percent(size.share(), 1),
            percent(size.expected_share, 1),
        ]);
    }
    table
}

/// What calls for something to be done.
pub(super) fn alerts(ratings: &Ratings) -> Vec<Alert> {
    let mut alerts = Vec::new();
    let (shape, [_, _, _, four, five]) = (&ratings.shape, ratings.stars);
    if shape.top_share >= 0.6 {
        let text = format!(
            "{} of the reviews give five stars. Whoever predicts five stars is mostly right, so predicting stars proves \
             little: rank products instead, and count what was liked.{}",
            percent(shape.top_share, 1),
            if shape.is_j { " The distribution is a J with a second peak at one star." } else { "" }
        );
        let alert = Alert::new(
            Severity::Warning,
            ID,
            "mostly-five-stars",
            "Most ratings are five stars",
            shape.top_share,
            text,
        );
        let kept = share(four + five, &ratings.stars);
        let alert = alert.with_number(percent(shape.top_share, 1));
        alerts.push(if kept < 1.0 { alert.suggest("preprocess:\n  params: {min_rating: 4}") } else { alert });
    }
    if let Some(size) = ratings.constant.iter().find(|size| size.least_reviews == 5)
        && size.share() > 0.5
        && size.users >= 20
    {
        let text = format!(
            "{} of the {} users with five reviews or more gave the same rating each time ({}; {} by chance). A model of \
             ratings learns nothing of what they prefer; one of what goes together does.",
            number(size.constant),
            number(size.users),
            percent(size.share(), 1),
            percent(size.expected_share, 1)
        );
        alerts.push(
            Alert::new(
                Severity::Info,
                ID,
                "constant-raters",
                "Many users always give the same rating",
                size.share(),
                text,
            )
            .with_number(percent(size.share(), 1)),
        );
    }
    if let Some(variance) = &ratings.variance
        && variance.user_share > variance.item_share.max(0.4)
    {
        let text = format!(
            "{} of the variance of the ratings belongs to the user, whatever the product. A model of ratings has to take \
             each user's own mean into account.",
            percent(variance.user_share, 1)
        );
        alerts.push(
            Alert::new(
                Severity::Info,
                ID,
                "user-bias",
                "Users decide on ratings more than products",
                variance.user_share,
                text,
            )
            .with_number(percent(variance.user_share, 1))
            .suggest("biased-mf:\n  stage: train-cf\n  params: {algorithm: biased-mf}"),
        );
    }
    alerts
}
