//! How the long tail reads.

use reports::{
    chart::{self, Frame, Line, Scale, Unit},
    format::p_value,
    page::{Figure, Section, Table},
};

use super::{LongTail, Tail};
use crate::{
    alert::{Alert, Severity},
    formulas::power_law::Fits,
    words::{MISSING, figure, fixed, number, percent, section},
};

const ID: &str = "long-tail";
const GROUP: &str = "Recommendation";
/// With fewer units in the tail, laws cannot be told apart.
const ENOUGH: u64 = 50;
/// Deviation above which a log-normal is as straight as a power law over any counts that occur.
const STRAIGHT: f64 = 50.0;
/// Probability below which the better law is called better.
const SURE: f64 = 0.05;

/// The section of the long tail.
pub(super) fn section_of(tail: &LongTail) -> Section {
    let readings = vec![
        reading_of_shares(tail),
        reading_of_head(&tail.items),
        format!("Products: {}", reading_of_laws(&tail.items, "products")),
        format!("Users: {}", reading_of_laws(&tail.users, "users")),
    ];
    let mut figures = vec![lorenz_figure(tail)];
    for (name, title, tail) in [("products", "Products by rank", &tail.items), ("users", "Users by rank", &tail.users)]
    {
        if tail.units > 1 {
            figures.push(rank_figure(title, name, tail));
        }
    }
    let mut section = section(ID, "Long tail", readings, figures).in_group(GROUP).with_table(share_table(tail));
    if [&tail.items, &tail.users].iter().any(|tail| tail.from_smallest.is_some()) {
        section = section.with_table(law_table(tail));
    }
    section.with_note(
        "Power law: P(x) = x^−α / ζ(α, start), discrete, by maximum likelihood; it starts where the Kolmogorov-Smirnov \
         distance to the reviews is smallest (Clauset, Shalizi and Newman 2009). The log-normal is discrete as well, and \
         fitted to the same tail. The ratio of likelihoods is tested by Vuong's test, which says which of the two is nearer \
         to the data, not whether either is true; the bootstrap test of a power law by itself is not made. A start chosen \
         by the data flatters the power law a little. Where μ and σ are missing, the log-normal that fits best is as \
         straight as the power law.",
    )
}

fn reading_of_shares(tail: &LongTail) -> String {
    let (users, items) = (&tail.users, &tail.items);
    format!(
        "The most reviewed 20 % of the products have {} of the reviews, the top 10 % {} and the top 1 % {}. The Gini \
         coefficient is {} for products and {} for users (0: all have equally many; near 1: a few have nearly all).",
        percent(items.top_20_percent, 1),
        percent(items.top_10_percent, 1),
        percent(items.top_1_percent, 1),
        fixed(items.gini, 2),
        fixed(users.gini, 2)
    )
}

fn reading_of_head(items: &Tail) -> String {
    let half = format!("{} of {} products have half of all reviews. ", number(items.half), number(items.units));
    half + if items.gini > 0.6 {
        "A list of the best known products will look good in a simple test; what counts is whether a model does better \
         than that, and better in the tail."
    } else {
        "Reviews are spread over many products, so a list of the best known ones says little about single users."
    }
}

fn reading_of_laws(tail: &Tail, what: &str) -> String {
    let Some(fits) = &tail.from_best else {
        return format!("all {what} have equally many reviews, so there is no tail to describe.");
    };
    let part = fits.units as f64 / tail.units.max(1) as f64;
    let scope = format!(
        "a power law fits best from {} reviews on, which {} {what} have ({}); its exponent is {} ± {}",
        number(u64::from(fits.start)),
        number(fits.units),
        percent(part, 1),
        fixed(fits.power_law.alpha, 2),
        fixed(fits.power_law.alpha_error, 2)
    );
    let p = p_value(fits.vuong_p);
    if fits.units < ENOUGH {
        return format!("{scope}. That is too few to tell a power law from another curve.");
    }
    if fits.vuong_p >= SURE {
        return format!(
            "{scope}. A log-normal describes that tail about as well (p = {p}), so the data do not say which of the two it \
             is; neither is proved by a straight line on logarithmic axes."
        );
    }
    if fits.log_likelihood_ratio < 0.0 {
        format!(
            "{scope}. A log-normal describes that tail better (p = {p}): the curve bends, and the largest are smaller than a \
             power law would have them."
        )
    } else {
        format!(
            "{scope}. It describes that tail better than a log-normal does (p = {p}). That is no proof of a power law, but \
             the first {what} are not outliers: larger ones are to be expected as the data grow."
        )
    }
}

fn lorenz_figure(tail: &LongTail) -> Figure {
    let frame = Frame {
        title: "Lorenz curve",
        description: "Share of the reviews that the least frequent share of users or products has; the diagonal is equality.",
        x: "share of users or products, least frequent first",
        y: "reviews",
    };
    let lines = [
        Line { name: "products", points: &tail.items.lorenz, dashed: false },
        Line { name: "users", points: &tail.users.lorenz, dashed: false },
        Line { name: "all equal", points: &[(0.0, 0.0), (1.0, 1.0)], dashed: true },
    ];
    let axis = (Scale::Linear, Unit::Percent);
    figure(frame.title, chart::lines(&frame, axis, axis, &lines))
}

fn rank_figure(title: &str, what: &str, tail: &Tail) -> Figure {
    let frame = Frame {
        title,
        description: "Reviews of the first, second and so on, with the two laws of the tail; both axes logarithmic.",
        x: "rank (logarithmic)",
        y: "reviews (logarithmic)",
    };
    let points: Vec<(f64, f64)> =
        tail.ranks.iter().map(|(rank, reviews)| (*rank as f64, f64::from(*reviews))).collect();
    // By rank ascending, and not beyond the first rank.
    let line = |of: fn(&super::LinePoint) -> f64| -> Vec<(f64, f64)> {
        let points = tail.lines.iter().rev().map(|point| (of(point), f64::from(point.reviews)));
        points.filter(|(rank, _)| *rank >= 1.0).collect()
    };
    let (power_law, log_normal) = (line(|point| point.power_law), line(|point| point.log_normal));
    let fits = [
        Line { name: "power law", points: &power_law, dashed: true },
        Line { name: "log-normal", points: &log_normal, dashed: true },
    ];
    let fits = if tail.lines.len() > 1 { &fits[..] } else { &[] };
    let axis = (Scale::Log, Unit::Count);
    figure(title, chart::fitted(&frame, axis, axis, &[Line { name: what, points: &points, dashed: false }], fits))
}

fn share_table(tail: &LongTail) -> Table {
    let headings = [
        "",
        "#how many",
        "#most reviews",
        "#one review",
        "#top 1 %",
        "#top 10 %",
        "#top 20 %",
        "#half of all",
        "#Gini",
    ];
    let mut table = Table::new("Concentration", &headings);
    for (name, tail) in [("products", &tail.items), ("users", &tail.users)] {
        table.push([
            name.to_owned(),
            number(tail.units),
            number(u64::from(tail.largest)),
            percent(tail.once, 1),
            percent(tail.top_1_percent, 1),
            percent(tail.top_10_percent, 1),
            percent(tail.top_20_percent, 1),
            number(tail.half),
            fixed(tail.gini, 3),
        ]);
    }
    table.wide = true;
    table
}

fn law_table(tail: &LongTail) -> Table {
    let headings =
        ["", "#from", "#units", "#exponent", "#± error", "#KS distance", "#μ", "#σ", "#ln ratio", "#p", "better"];
    let mut table = Table::new("Power law and log-normal", &headings);
    for (name, tail) in [("products", &tail.items), ("users", &tail.users)] {
        for (part, fits) in [("all", &tail.from_smallest), ("tail", &tail.from_best)] {
            if let Some(fits) = fits {
                table.push(law_row(&format!("{name}, {part}"), fits));
            }
        }
    }
    table.wide = true;
    table
}

fn law_row(name: &str, fits: &Fits) -> [String; 11] {
    let is_straight = fits.log_normal.sigma > STRAIGHT;
    let better = match (fits.vuong_p < SURE && fits.units >= ENOUGH, fits.log_likelihood_ratio < 0.0) {
        (false, _) => MISSING,
        (true, true) => "log-normal",
        (true, false) => "power law",
    };
    [
        name.to_owned(),
        number(u64::from(fits.start)),
        number(fits.units),
        fixed(fits.power_law.alpha, 3),
        fixed(fits.power_law.alpha_error, 3),
        fixed(fits.power_law.distance, 3),
        if is_straight { MISSING.to_owned() } else { fixed(fits.log_normal.mu, 2) },
        if is_straight { MISSING.to_owned() } else { fixed(fits.log_normal.sigma, 2) },
        fixed(fits.log_likelihood_ratio, 1),
        p_value(fits.vuong_p),
        better.to_owned(),
    ]
}

/// What calls for something to be done.
pub(super) fn alerts(tail: &LongTail) -> Vec<Alert> {
    let items = &tail.items;
    let mut alerts = Vec::new();
    if items.units >= 20 && (items.gini >= 0.7 || items.top_1_percent >= 0.3) {
        // Rounded up to whole percents, as the parameter is a share of the products.
        let head = ((items.half as f64 / items.units as f64 * 100.0).ceil() / 100.0).min(1.0);
        let text = format!(
            "{} of {} products have half of all reviews (Gini {}). Recommending what everybody buys will score well, so \
             look at the tail by itself: let the evaluation count these products as the head.",
            number(items.half),
            number(items.units),
            fixed(items.gini, 2)
        );
        alerts.push(
            Alert::new(Severity::Warning, ID, "few-products-lead", "Few products have most reviews", items.gini, text)
                .with_number(format!("Gini {}", fixed(items.gini, 2)))
                .suggest(format!("evaluate:\n  params: {{head_share: {head:.2}}}")),
        );
    }
    if tail.users.units >= 20 && tail.users.top_1_percent >= 0.2 {
        let text = format!(
            "The most active 1 % of the users wrote {} of the reviews. What is learned is mostly their taste; check that \
             they are people and not programs.",
            percent(tail.users.top_1_percent, 1)
        );
        alerts.push(
            Alert::new(
                Severity::Warning,
                ID,
                "few-users-lead",
                "Few users wrote most reviews",
                tail.users.top_1_percent,
                text,
            )
            .with_number(percent(tail.users.top_1_percent, 1)),
        );
    }
    alerts
}
