//! The report: heading, key figures and the order of its chapters.

use reports::{
    format::{date, fixed, number, percent},
    page::{Fact, Page, Section},
};

use crate::{quality_sections as quality, statistics::Statistics, tail_sections as tails};

pub(crate) fn page(statistics: &Statistics, stage: &str, pipeline: &str) -> Page {
    let overview = &statistics.overview;
    let sections = [
        overview_section(statistics),
        quality::missing(statistics),
        quality::ratings(statistics),
        quality::time(statistics),
        tails::long_tail(statistics),
        quality::length(statistics),
        quality::helpfulness(statistics),
        quality::correlations(statistics),
        tails::top_products(statistics),
        tails::top_users(statistics),
        tails::metadata(statistics),
    ];
    Page {
        title: "What the reviews look like".to_owned(),
        lead: format!(
            "{} reviews of {} products by {} users, from {} to {}.",
            number(overview.reviews),
            number(overview.items),
            number(overview.users),
            date(overview.first),
            date(overview.last)
        ),
        origin: format!("Made by stage {stage} of pipeline {pipeline}"),
        facts: facts(statistics),
        sections: sections.into(),
    }
}

fn facts(statistics: &Statistics) -> Vec<Fact> {
    let overview = &statistics.overview;
    let years = (overview.last - overview.first) as f64 / (365.2425 * 86_400.0);
    vec![
        Fact::new("reviews", number(overview.reviews), ""),
        Fact::new("users", number(overview.users), format!("{} reviews each", fixed(statistics.users.mean, 1))),
        Fact::new("products", number(overview.items), format!("{} reviews each", fixed(statistics.items.mean, 1))),
        Fact::new("density", small_percent(overview.density), "of all pairs of user and product"),
        Fact::new("mean rating", fixed(overview.mean_rating, 2), format!("± {}", fixed(overview.rating_deviation, 2))),
        Fact::new(
            "time",
            format!("{} years", fixed(years, 1)),
            format!("{} to {}", date(overview.first), date(overview.last)),
        ),
        Fact::new(
            "repeated pairs",
            number(overview.duplicates),
            format!("{} of the reviews", small_percent(overview.duplicates as f64 / overview.reviews.max(1) as f64)),
        ),
        Fact::new(
            "verified",
            percent(overview.verified as f64 / overview.reviews.max(1) as f64, 1),
            "marked as purchases",
        ),
    ]
}

/// A share with enough decimals that a small one does not read as zero.
pub(crate) fn small_percent(share: f64) -> String {
    let size = share * 100.0;
    percent(share, if size >= 10.0 || size <= 0.0 { 1 } else { (1.0 - size.log10().floor()).clamp(1.0, 7.0) as usize })
}

fn overview_section(statistics: &Statistics) -> Section {
    let overview = &statistics.overview;
    let mut readings = vec![format!(
        "A user wrote {} reviews on average, and a product has {}. Of all possible pairs of user and product {} are \
         filled: the rest is what a recommender has to guess.",
        fixed(statistics.users.mean, 1),
        fixed(statistics.items.mean, 1),
        small_percent(overview.density)
    )];
    readings.push(format!(
        "Half of the users have at most {} reviews; {} of the users and {} of the products occur only once. {}",
        number(statistics.users.median),
        percent(statistics.users.once, 1),
        percent(statistics.items.once, 1),
        if statistics.users.median < 3 {
            "That is little to learn the taste of a typical user from."
        } else {
            "A typical user has told enough to learn from."
        }
    ));
    readings.push(if overview.duplicates == 0 {
        "No user reviewed a product twice.".to_owned()
    } else {
        format!("{} reviews repeat a user and product that another review already has.", number(overview.duplicates))
    });
    Section {
        id: "overview".to_owned(),
        title: "Overview".to_owned(),
        readings,
        figures: vec![tails::reviews_each(statistics)],
        ..Section::default()
    }
}
