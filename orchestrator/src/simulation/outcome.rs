//! What a simulation found, in figures: the same for the table, the report and `--json`.

use serde::Serialize;

use super::{
    replay::{Known, Replay},
    runner::{Counts, Course, Measured, Pace, Settings},
    site::Served,
    statistics::{Estimate, mean, quantile, share},
};

/// Groups by number of events before: first and last number of each.
const GROUPS: [(u32, u32); 6] = [(0, 0), (1, 1), (2, 2), (3, 5), (6, 10), (11, u32::MAX)];
/// Most parts of the time axis.
const WINDOWS: usize = 12;
/// Fewest events of a part of the time axis.
const WINDOW: usize = 50;
/// Share of the wanted pace below which the replay was too slow.
const SLOW: f64 = 0.9;

/// What was replayed, against what.
pub struct Ran<'a> {
    /// What was to happen.
    pub replay: &'a Replay,
    /// How.
    pub settings: &'a Settings,
    /// What happened.
    pub course: &'a Course,
    /// Address of the site.
    pub site: &'a str,
    /// What it serves.
    pub served: &'a Served,
    /// What the pipeline published last, if that is another model.
    pub published: Option<&'a str>,
    /// Decides who takes part.
    pub seed: u64,
    /// Whether Ctrl-C ended it.
    pub is_interrupted: bool,
}

/// Figures of the site, of the most rated products, and of the difference on the same events.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// The site's own lists.
    pub site: Estimate,
    /// Its most rated products that the user does not have.
    pub popular: Estimate,
    /// Site less popular.
    pub difference: Estimate,
}

/// Figures of a group of events.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Group {
    /// Which: `3–5` events before, or `1–120` of the replay.
    pub name: String,
    /// Events in it.
    pub events: u64,
    /// Users in it.
    pub users: u64,
    /// Share of the events whose product was on the page.
    pub hit_rate: Comparison,
    /// Mean of 1 / rank; 0 for a product that was not on the page.
    pub mrr: Comparison,
}

/// How long something took, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Latency {
    /// How often it was measured.
    pub count: u64,
    /// Half of them took no longer.
    pub p50: f64,
    /// Of ten nine.
    pub p90: f64,
    /// Of a hundred 99.
    pub p99: f64,
    /// The slowest.
    pub max: f64,
}

/// All waiting times.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Latencies {
    /// Asking for a list.
    pub list: Latency,
    /// From a post to its answer.
    pub post: Latency,
    /// From a post to the open page that knows of it.
    pub page: Latency,
}

/// What a simulation found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outcome {
    /// Address of the site.
    pub site: String,
    /// What was published.
    pub version: String,
    /// The stage that made the model.
    pub model: String,
    /// Where the events come from.
    pub source: String,
    /// Decides who takes part.
    pub seed: u64,
    /// Length of the lists.
    pub k: usize,
    /// Whether it ended before its end.
    pub is_complete: bool,
    /// Users who took part.
    pub users: u64,
    /// Events that were to be replayed.
    pub planned: u64,
    /// What users did before.
    pub history: Counts,
    /// The events of the replay.
    pub events: Counts,
    /// Accepted events of products that their user had already.
    pub repeated: u64,
    /// Events that were measured.
    pub measured: u64,
    /// Lists that did not follow in time.
    pub late: u64,
    /// How long the replay took.
    pub seconds: f64,
    /// Events a second.
    pub events_per_s: f64,
    /// Of all events.
    pub all: Group,
    /// By what the site knew of the user.
    pub by_events_before: Vec<Group>,
    /// In the course of the replay.
    pub over_time: Vec<Group>,
    /// Waiting times.
    pub latency_ms: Latencies,
    /// What to be careful about.
    pub notes: Vec<String>,
}

impl Outcome {
    /// The figures of a replay.
    pub fn new(ran: &Ran<'_>) -> Self {
        let Ran { replay, settings, course, served, .. } = ran;
        let measured = &course.measured;
        let done = course.events.total();
        Self {
            site: ran.site.to_owned(),
            version: served.version.clone(),
            model: served.model.clone(),
            source: replay.source.clone(),
            seed: ran.seed,
            k: settings.k,
            is_complete: done == replay.steps.len() as u64,
            users: replay.shoppers.len() as u64,
            planned: replay.steps.len() as u64,
            history: course.history,
            events: course.events,
            repeated: course.repeated,
            measured: measured.len() as u64,
            late: course.late,
            seconds: course.seconds,
            events_per_s: if course.seconds > 0.0 { done as f64 / course.seconds } else { 0.0 },
            all: group("all".to_owned(), measured),
            by_events_before: by_events_before(measured),
            over_time: over_time(measured),
            latency_ms: Latencies {
                list: latency(&course.list_ms),
                post: latency(&course.post_ms),
                page: latency(&course.page_ms),
            },
            notes: notes(ran),
        }
    }
}

fn group(name: String, measured: &[Measured]) -> Group {
    let mut measured = measured.to_vec();
    measured.sort_by_key(|one| one.shopper);
    let users = measured.chunk_by(|a, b| a.shopper == b.shopper).count() as u64;
    let reciprocal = |rank: Option<u32>| rank.map_or(0.0, |rank| 1.0 / f64::from(rank));
    let hit = |rank: Option<u32>| f64::from(u8::from(rank.is_some()));
    Group {
        name,
        events: measured.len() as u64,
        users,
        hit_rate: Comparison {
            site: share(&of(&measured, |one| one.rank.is_some())),
            popular: share(&of(&measured, |one| one.popular.is_some())),
            difference: mean(&of(&measured, |one| hit(one.rank) - hit(one.popular))),
        },
        mrr: Comparison {
            site: within_0_and_1(mean(&of(&measured, |one| reciprocal(one.rank)))),
            popular: within_0_and_1(mean(&of(&measured, |one| reciprocal(one.popular)))),
            difference: mean(&of(&measured, |one| reciprocal(one.rank) - reciprocal(one.popular))),
        },
    }
}

fn of<T>(measured: &[Measured], value: impl Fn(&Measured) -> T) -> Vec<(u32, T)> {
    measured.iter().map(|one| (one.shopper, value(one))).collect()
}

fn within_0_and_1(estimate: Estimate) -> Estimate {
    Estimate {
        low: estimate.low.max(0.0).min(estimate.value),
        high: estimate.high.min(1.0).max(estimate.value),
        ..estimate
    }
}

fn by_events_before(measured: &[Measured]) -> Vec<Group> {
    let groups = GROUPS.into_iter().map(|(first, last)| {
        let name = match last {
            u32::MAX => format!("{first}+"),
            last if last == first => first.to_string(),
            last => format!("{first}–{last}"),
        };
        let own: Vec<Measured> = measured.iter().filter(|one| (first..=last).contains(&one.before)).copied().collect();
        group(name, &own)
    });
    groups.filter(|group| group.events > 0).collect()
}

/// Parts of equally many events, the last ones longer by one where they do not divide.
fn over_time(measured: &[Measured]) -> Vec<Group> {
    let windows = (measured.len() / WINDOW).clamp(1, WINDOWS);
    let at = |window: usize| window * measured.len() / windows;
    let parts = (0..windows).map(|window| (at(window), at(window + 1))).filter(|(from, to)| from < to);
    parts.map(|(from, to)| group(format!("{}–{to}", from + 1), &measured[from..to])).collect()
}

fn latency(values: &[f64]) -> Latency {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let [p50, p90, p99, max] = [0.5, 0.9, 0.99, 1.0].map(|share| quantile(&sorted, share));
    Latency { count: sorted.len() as u64, p50, p90, p99, max }
}

fn notes(ran: &Ran<'_>) -> Vec<String> {
    let Ran { replay, course, settings, .. } = ran;
    let mut notes = Vec::new();
    match replay.known {
        Known::HeldOut => {}
        Known::Perhaps => notes.push(
            "The model that is served may have been fitted to these very events; then the figures are too good. Only \
             events that no model has seen, such as the test part of a split, tell how good it is."
                .to_owned(),
        ),
        Known::Made => notes.push(
            "The shoppers are made up: they like what their hidden tastes say. The figures show how fast the site \
             learns such tastes, not how good it is for people."
                .to_owned(),
        ),
    }
    if let Some(published) = ran.published {
        notes.push(format!(
            "The site serves version {}, the pipeline published {published} last: if the served model was fitted to these \
             events, the figures are too good.",
            ran.served.version
        ));
    }
    if course.events.duplicates > 0 {
        notes.push(format!(
            "{} events were on the site already; they changed nothing and are not measured. Another name for the \
             shoppers, such as --as again-, replays them as new users.",
            course.events.duplicates
        ));
    }
    if course.late > 0 {
        notes
            .push(format!("{} lists had not followed the event before in time; they count as they were.", course.late));
    }
    if let Pace::Rate(rate) = settings.pace
        && course.events.total() as f64 > 2.0 * rate
        && course.events.total() as f64 / course.seconds < SLOW * rate
    {
        notes.push(format!(
            "{rate} events a second were wanted, but shoppers wait for their lists, so there were fewer; waiting times are \
             those of the pace that was reached."
        ));
    }
    if ran.is_interrupted {
        notes.push("It was interrupted: the figures are those until then.".to_owned());
    }
    if course.failure.is_some() {
        notes.push("The site failed on the way: the figures are those until then.".to_owned());
    }
    notes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(step: u32, shopper: u32, before: u32, rank: Option<u32>, popular: Option<u32>) -> Measured {
        Measured { step, shopper, before, rank, popular }
    }

    fn figures(group: &Group) -> String {
        let Group { name, events, users, hit_rate, mrr } = group;
        let pair = |comparison: &Comparison| {
            format!("{:.4} {:.4} {:.4}", comparison.site.value, comparison.popular.value, comparison.difference.value)
        };
        format!("{name}: {events} of {users}, {}, {}", pair(hit_rate), pair(mrr))
    }

    #[test]
    fn hits_and_ranks_are_counted_by_hand() {
        let measured = [
            measured(0, 0, 0, Some(1), None),
            measured(1, 1, 0, None, Some(2)),
            measured(2, 0, 1, Some(4), Some(4)),
            measured(3, 0, 4, None, None),
            measured(4, 1, 12, Some(2), None),
        ];
        // Hits 3 and 2 of 5; 1 + 1/4 + 1/2 = 1.75 and 1/2 + 1/4 = 0.75, over 5.
        assert_eq!(figures(&group("all".into(), &measured)), "all: 5 of 2, 0.6000 0.4000 0.2000, 0.3500 0.1500 0.2000");
        let groups = by_events_before(&measured);
        let all: Vec<String> = groups.iter().map(figures).collect();
        assert_eq!(
            all,
            [
                "0: 2 of 2, 0.5000 0.5000 0.0000, 0.5000 0.2500 0.2500",
                "1: 1 of 1, 1.0000 1.0000 0.0000, 0.2500 0.2500 0.0000",
                "3–5: 1 of 1, 0.0000 0.0000 0.0000, 0.0000 0.0000 0.0000",
                "11+: 1 of 1, 1.0000 0.0000 1.0000, 0.5000 0.0000 0.5000",
            ]
        );
    }

    #[test]
    fn windows_share_the_events_and_leave_none_out() {
        let of = |count: u32| {
            let all: Vec<Measured> = (0..count).map(|step| measured(step, step % 7, step, None, None)).collect();
            over_time(&all)
        };
        let names = |groups: &[Group]| groups.iter().map(|group| group.name.clone()).collect::<Vec<_>>();
        assert_eq!(names(&of(0)), [""; 0]);
        assert_eq!(names(&of(99)), ["1–99"]);
        assert_eq!(names(&of(101)), ["1–50", "51–101"]);
        let many = of(1_000);
        assert_eq!((many.len(), many.iter().map(|group| group.events).sum::<u64>()), (WINDOWS, 1_000));
    }

    #[test]
    fn an_empty_replay_has_no_figures_and_says_so_in_json() {
        let group = group("all".to_owned(), &[]);
        let json = serde_json::to_value(&group).unwrap();
        assert_eq!((&json["events"], &json["hit_rate"]["site"]["value"]), (&0.into(), &serde_json::Value::Null));
    }
}
