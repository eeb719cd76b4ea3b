//! How it reads.

use reports::{
    chart::{self, Band, Chart, Frame, Interval, Scale, Series, Unit},
    page::{Section, Table},
};

use super::{Purchases, RatingGroup, Trust, VoteGroup, Votes};
use crate::{
    alert::{Alert, Severity},
    words::{MISSING, figure, fixed, number, percent, section, small_percent},
};

/// A difference of means from which on it matters, in stars.
const CLEAR: f64 = 0.2;

/// Groups with fewer reviews are not named in sentences.
const FEW: u64 = 30;

pub fn sections(trust: &Trust) -> Vec<Section> {
    let nothing = |id, title, text: &str| section(id, title, vec![text.to_owned()], Vec::new());
    let verified = trust.verified.as_ref().map_or_else(
        || nothing("verified", "Verified purchases", "No review tells whether its purchase is verified."),
        verified_section,
    );
    let votes = trust.votes.as_ref().map_or_else(
        || nothing("helpfulness", "Helpful votes", "No review tells how many readers found it helpful."),
        votes_section,
    );
    vec![verified, votes, length_and_age(trust)]
}

fn mean(value: Option<f64>) -> String {
    value.map_or_else(|| MISSING.to_owned(), |value| fixed(value, 2))
}

fn ends(interval: Option<[f64; 2]>, decimals: usize) -> String {
    interval.map_or_else(
        || MISSING.to_owned(),
        |[low, high]| format!("{} to {}", fixed(low, decimals), fixed(high, decimals)),
    )
}

fn share_voted(group: &VoteGroup) -> f64 {
    group.voted as f64 / group.reviews.max(1) as f64
}

fn verified_section(verified: &Purchases) -> Section {
    let groups = [&verified.verified, &verified.unverified];
    let told = groups[0].reviews + groups[1].reviews;
    let mut readings = vec![format!(
        "{} of the reviews that tell are of verified purchases. They give {} stars on average, the others {}.",
        percent(groups[0].reviews as f64 / told as f64, 1),
        mean(groups[0].mean),
        mean(groups[1].mean)
    )];
    readings.extend(difference_reading(verified));
    let mut figures = vec![figure("Stars of verified and other reviews", stars_chart(verified))];
    let intervals: Vec<Interval<'_>> = groups.iter().filter_map(|group| interval(group)).collect();
    if intervals.len() == 2 {
        let frame = Frame {
            title: "Mean rating",
            description: "Mean rating with its 95 % interval; the line is the mean of all that tell.",
            x: "mean rating",
            y: "reviews",
        };
        let sum: f64 = groups.iter().map(|group| group.mean.unwrap_or_default() * group.reviews as f64).sum();
        let chart = chart::intervals(&frame, &intervals, sum / told as f64, Unit::Fixed(2));
        figures.push(figure("Mean rating with its 95 % interval", chart));
    }
    let mut table =
        Table::new("Verified or not", &["reviews", "#number", "#mean rating", "#95 % interval", "#deviation"]);
    for group in groups {
        let (name, reviews) = (group.group.clone(), number(group.reviews));
        table.push([name, reviews, mean(group.mean), ends(group.interval, 3), mean(group.deviation)]);
    }
    let difference = verified.difference.map_or_else(|| MISSING.to_owned(), |difference| fixed(difference, 3));
    table.push(["difference".to_owned(), String::new(), difference, ends(verified.interval, 3), String::new()]);
    section("verified", "Verified purchases", readings, figures).with_table(table).with_note(
        "Interval of the difference by Welch's t, which allows for different spreads. Reviews of one user or product hang \
         together, so the interval is rather too narrow.",
    )
}

fn difference_reading(verified: &Purchases) -> Option<String> {
    let (difference, [low, high]) = (verified.difference?, verified.interval?);
    if low <= 0.0 && high >= 0.0 {
        return Some("The difference may be chance: its 95 % interval holds zero.".to_owned());
    }
    let size = match verified.effect_size.map_or(0.0, f64::abs) {
        size if size < 0.2 => "little",
        size if size < 0.5 => "not much",
        size if size < 0.8 => "much",
        _ => "very much",
    };
    Some(format!(
        "Verified buyers give {} stars {} (95 % interval of the difference {} to {}). That is more than chance, and {size} \
         beside the spread of the ratings ({} standard deviations).",
        fixed(difference.abs(), 2),
        if difference > 0.0 { "more" } else { "less" },
        fixed(low, 2),
        fixed(high, 2),
        fixed(verified.effect_size.unwrap_or_default().abs(), 2)
    ))
}

fn interval(group: &RatingGroup) -> Option<Interval<'_>> {
    let [low, high] = group.interval?;
    Some(Interval { name: &group.group, low, value: group.mean?, high })
}

fn stars_chart(verified: &Purchases) -> Chart {
    let frame = Frame {
        title: "Stars of verified and other reviews",
        description: "Share of each number of stars.",
        ..Frame::default()
    };
    let names = ["verified", "not verified"].map(str::to_owned);
    let values: Vec<[f64; 2]> =
        (0..5).map(|star| [verified.stars_verified[star] as f64, verified.stars_unverified[star] as f64]).collect();
    let labels = ["1 star", "2 stars", "3 stars", "4 stars", "5 stars"];
    let series: Vec<Series<'_>> = labels.iter().zip(&values).map(|(name, values)| Series { name, values }).collect();
    chart::share_bars(&frame, &names, &series, Unit::Count)
}

fn votes_section(votes: &Votes) -> Section {
    let all: u64 = votes.by_rating.iter().map(|group| group.reviews).sum();
    let mut readings = vec![format!(
        "{} of the reviews were found helpful by someone. Those that tell a number have {} votes on average; the most is \
         {}.",
        small_percent(votes.voted as f64 / all.max(1) as f64),
        fixed(votes.mean, 1),
        number(u64::from(votes.largest))
    )];
    readings.extend(extremes(&votes.by_rating, "stars"));
    readings.extend(extremes(&votes.by_length, "characters"));
    let figures = vec![
        figure("Reviews with a helpful vote, by stars", shares(&votes.by_rating, "stars")),
        figure("Mean of ln(1 + votes), by stars", logs(&votes.by_rating, "stars")),
        figure("Reviews with a helpful vote, by length", shares(&votes.by_length, "characters of the text")),
        figure("Reviews with a helpful vote, by age", shares(&votes.by_age, "years before the last review")),
    ];
    let mut page = section("helpfulness", "Helpful votes", readings, figures);
    for (caption, heading, groups) in [
        ("Votes by stars", "stars", &votes.by_rating),
        ("Votes by length", "characters", &votes.by_length),
        ("Votes by age", "years", &votes.by_age),
    ] {
        page.tables.push(vote_table(caption, heading, groups));
    }
    page.with_note(
        "Files often leave out the number of votes where there is none. Shares are therefore of all reviews, whether they \
         tell or not; means are of those that tell. Old reviews had more time to gather votes, and a shop shows helpful \
         ones first, which brings them more.",
    )
}

/// The groups with the largest and the smallest share of voted reviews, where chance does not explain it.
fn extremes(groups: &[VoteGroup], of: &str) -> Option<String> {
    let solid = || groups.iter().filter(|group| group.reviews >= FEW);
    let most = solid().max_by(|a, b| share_voted(a).total_cmp(&share_voted(b)))?;
    let least = solid().min_by(|a, b| share_voted(a).total_cmp(&share_voted(b)))?;
    (most.voted_interval[0] > least.voted_interval[1]).then(|| {
        format!(
            "By {of}, of groups of {FEW} reviews or more: those with {} are found helpful most often ({}), those with {} least \
             often ({}).",
            most.group,
            small_percent(share_voted(most)),
            least.group,
            small_percent(share_voted(least))
        )
    })
}

fn shares(groups: &[VoteGroup], x: &str) -> Chart {
    let frame = Frame {
        title: "Reviews with a helpful vote",
        description: "Share of reviews that someone found helpful.",
        x,
        y: "with a vote",
    };
    let names: Vec<String> = groups.iter().map(|group| group.group.clone()).collect();
    let values: Vec<f64> = groups.iter().map(share_voted).collect();
    chart::bars(&frame, &names, &[Series { name: "with a vote", values: &values }], Unit::Percent)
}

fn logs(groups: &[VoteGroup], x: &str) -> Chart {
    let frame = Frame {
        title: "Mean of ln(1 + votes)",
        description: "Mean logarithm of one more than the votes, with its 95 % interval.",
        x,
        y: "mean of ln(1 + votes)",
    };
    let points: Vec<[f64; 4]> = groups
        .iter()
        .filter_map(|group| {
            let (x, mean) = (group.group.parse().ok()?, group.mean_log?);
            let [low, high] = group.mean_log_interval.unwrap_or([mean, mean]);
            Some([x, low, mean, high])
        })
        .collect();
    let band = Band { name: "mean", points: &points };
    chart::band(&frame, (Scale::Linear, Unit::Count), (Scale::Linear, Unit::Fixed(2)), &[band])
}

fn vote_table(caption: &str, heading: &str, groups: &[VoteGroup]) -> Table {
    let columns = [heading, "#reviews", "#with a vote", "#95 % interval", "#mean votes", "#mean ln(1 + votes)"];
    let mut table = Table::new(caption, &columns);
    for group in groups {
        let [low, high] = group.voted_interval;
        table.push([
            group.group.clone(),
            number(group.reviews),
            small_percent(share_voted(group)),
            format!("{} to {}", percent(low, 1), percent(high, 1)),
            mean(group.mean),
            mean(group.mean_log),
        ]);
    }
    table
}

fn length_and_age(trust: &Trust) -> Section {
    let (mut readings, mut figures, mut tables) = (Vec::new(), Vec::new(), Vec::new());
    for (groups, what, heading, title) in [
        (&trust.rating_by_length, "characters of the text", "characters", "Mean rating by length of the text"),
        (&trust.rating_by_age, "years before the last review", "years", "Mean rating by age of the review"),
    ] {
        readings.extend(drift(groups, what));
        if groups.iter().filter(|group| group.interval.is_some()).count() > 1 {
            figures.push(figure(title, rating_chart(groups, what)));
        }
        if !groups.is_empty() {
            let mut table = Table::new(title, &[heading, "#reviews", "#mean rating", "#95 % interval"]);
            for group in groups {
                table.push([group.group.clone(), number(group.reviews), mean(group.mean), ends(group.interval, 2)]);
            }
            tables.push(table);
        }
    }
    if readings.is_empty() {
        let text = "Neither the length of the text nor the age of a review goes with the rating by more than chance.";
        readings.push(text.to_owned());
    }
    let mut page = section("length-and-age", "Length and age", readings, figures);
    page.tables = tables;
    page.with_note("Bins of lengths double. Age is counted from the last review of all; intervals are Student's.")
}

/// The groups with the best and the worst mean rating, where they are apart by more than chance.
fn drift(groups: &[RatingGroup], what: &str) -> Option<String> {
    let solid = || groups.iter().filter(|group| group.reviews >= FEW).filter_map(interval);
    let best = solid().max_by(|a, b| a.value.total_cmp(&b.value))?;
    let worst = solid().min_by(|a, b| a.value.total_cmp(&b.value))?;
    (best.low > worst.high).then(|| {
        format!(
            "By {what}, of groups of {FEW} reviews or more: ratings are best at {} ({} stars on average) and worst at {} ({}).",
            best.name,
            fixed(best.value, 2),
            worst.name,
            fixed(worst.value, 2)
        )
    })
}

fn rating_chart(groups: &[RatingGroup], what: &str) -> Chart {
    let frame = Frame {
        title: "Mean rating",
        description: "Mean rating with its 95 % interval; the line is the mean of all.",
        x: "mean rating",
        y: what,
    };
    let rows: Vec<Interval<'_>> = groups.iter().filter_map(interval).collect();
    let all: u64 = groups.iter().map(|group| group.reviews).sum();
    let sum: f64 = groups.iter().filter_map(|group| Some(group.mean? * group.reviews as f64)).sum();
    chart::intervals(&frame, &rows, sum / all.max(1) as f64, Unit::Fixed(2))
}

pub fn alerts(trust: &Trust) -> Vec<Alert> {
    let Some(verified) = &trust.verified else { return Vec::new() };
    let Some((difference, [low, high])) = verified.difference.zip(verified.interval) else { return Vec::new() };
    if (low <= 0.0 && high >= 0.0) || difference.abs() < CLEAR {
        return Vec::new();
    }
    let text = format!(
        "Verified reviews give {} stars on average, others {}. If the others are not to be trusted, learn from what was \
         liked (4 stars or more) instead of from the stars themselves: it depends on them less.",
        mean(verified.verified.mean),
        mean(verified.unverified.mean)
    );
    let title = "Verified and other reviews rate differently";
    let alert = Alert::new(Severity::Warning, "verified", "verified-differ", title, difference, text)
        .with_number(format!("{} stars", fixed(difference, 2)));
    vec![alert.suggest("preprocess:\n  params:\n    min_rating: 4")]
}
