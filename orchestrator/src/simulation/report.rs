//! What a simulation found, as one HTML file.

use reports::{
    Error, Template,
    chart::{Frame, Interval, Line, Scale, Series, Unit, bars, horizontal_bars, intervals, lines},
    format::{fixed, number},
    page::{Cell, Fact, Figure, Page, Section, Table},
    render,
};

use super::{
    outcome::{Comparison, Group, Latency, Outcome},
    statistics::Estimate,
    text::{left_out, plain, points, share, total_rows},
};

/// Names of what is compared.
const SITE: &str = "site";
const POPULAR: &str = "most rated";

/// The report.
pub fn html(outcome: &Outcome) -> Result<String, Error> {
    let sections =
        vec![quality(outcome), by_events_before(outcome), over_time(outcome), waiting(outcome), replayed(outcome)];
    let page = Page {
        title: "What was on the page when the next event came".to_owned(),
        lead: format!(
            "{} events of {} users against {}: {}.",
            number(outcome.measured),
            number(outcome.users),
            outcome.site,
            outcome.source
        ),
        origin: format!(
            "Made by orchestrator simulate with seed {}. The same seed, model and store give the same figures, but for \
             times",
            outcome.seed
        ),
        facts: facts(outcome),
        sections,
    };
    render(Template::Simulation, &page)
}

fn facts(outcome: &Outcome) -> Vec<Fact> {
    let Outcome { k, all, latency_ms, .. } = outcome;
    let figure = |name: &str, figures: &Comparison, write: fn(Estimate) -> String| {
        let (site, popular) = (cell(&write(figures.site)), cell(&write(figures.popular)));
        Fact::new(&format!("{name}@{k}"), site.text, format!("{}; {POPULAR}: {}", site.note, popular.text))
    };
    let page = &latency_ms.page;
    vec![
        figure("hit rate", &all.hit_rate, share),
        figure("MRR", &all.mrr, plain),
        Fact::new(
            "from click to page",
            format!("{} ms", fixed(page.p50, 1)),
            format!("99 of 100 within {} ms, {} events", fixed(page.p99, 1), number(page.count)),
        ),
        Fact::new("events a second", fixed(outcome.events_per_s, 1), format!("{} s long", fixed(outcome.seconds, 0))),
    ]
}

fn verdict(difference: Estimate, k: usize) -> String {
    let Estimate { value, low, high } = difference;
    let points = |value: f64| fixed(value * 100.0, 1);
    if !value.is_finite() {
        return "No event was measured, so there is nothing to compare.".to_owned();
    }
    if !(low.is_finite() && high.is_finite()) {
        return "One user is too few to say how far chance explains the difference.".to_owned();
    }
    let range = format!("{} points, from {} to {} with 95 % confidence", points(value), points(low), points(high));
    if low > 0.0 {
        format!("Of the products chosen next, more were on the site's page of {k} than among the most rated: {range}.")
    } else if high < 0.0 {
        format!("The most rated products held more of what was chosen next than the site's page of {k}: {range}.")
    } else {
        format!(
            "Whether the site's page of {k} or the most rated products hold more of what is chosen next is not \
                 certain: {range}."
        )
    }
}

fn quality(outcome: &Outcome) -> Section {
    let Outcome { k, all, .. } = outcome;
    let columns = ["figure", "#site", "#most rated", "#difference"];
    let mut table = Table::new("With 95 % intervals", &columns);
    for row in total_rows(outcome) {
        table.push_cells(row.iter().map(|text| cell(text)).collect());
    }
    table.wide = true;
    let mut readings = vec![verdict(all.hit_rate.difference, *k)];
    readings.extend(outcome.notes.iter().cloned());
    section("quality", "Was it on the page?", readings).with_table(table)
}

fn by_events_before(outcome: &Outcome) -> Section {
    let groups = &outcome.by_events_before;
    let names: Vec<String> = groups.iter().map(|group| group.name.clone()).collect();
    let [site, popular] = values(groups);
    let series = [Series { name: SITE, values: &site }, Series { name: POPULAR, values: &popular }];
    let title = format!("Hit rate@{} by events before", outcome.k);
    let frame = Frame {
        title: &title,
        description: "How often the next product was on the page, by number of events that the site had of the user.",
        x: "events that the site had of the user",
        y: "",
    };
    let bars = Figure::new(title.as_str(), bars(&frame, &names, &series, Unit::Percent));
    let title = "The site's hit rate with 95 % intervals".to_owned();
    let frame = Frame { title: &title, x: "hit rate; the line is that of all events", ..frame };
    let rows: Vec<Interval> = groups.iter().zip(&names).map(|(group, name)| interval(name, group)).collect();
    let ranges = Figure::new(title.as_str(), intervals(&frame, &rows, outcome.all.hit_rate.site.value, Unit::Percent));
    let text = "What the site had of a user when the event came: nothing (0), one event, and so on. A recommender \
                that learns from events should do better from left to right, as long as users do not differ otherwise.";
    let mut section = section("history", "By what the site knew", vec![text.to_owned()]);
    section.figures = vec![bars, ranges];
    section.with_table(groups_table("events before", groups))
}

fn over_time(outcome: &Outcome) -> Section {
    let groups = &outcome.over_time;
    let ends = groups.iter().scan(0, |end, group| {
        *end += group.events;
        Some(*end as f64)
    });
    let ends: Vec<f64> = ends.collect();
    let [site, popular] = values(groups).map(|values| ends.iter().copied().zip(values).collect::<Vec<_>>());
    let title = format!("Hit rate@{} in the course of the replay", outcome.k);
    let frame = Frame {
        title: &title,
        description: "How often the next product was on the page, by number of the event.",
        x: "events so far",
        y: "",
    };
    let all =
        [Line { name: SITE, points: &site, dashed: false }, Line { name: POPULAR, points: &popular, dashed: false }];
    let svg = lines(&frame, (Scale::Linear, Unit::Count), (Scale::Linear, Unit::Percent), &all);
    let text =
        "The model stays as it was published; what changes is what the site knows of the users, and who they are.";
    let mut section = section("time", "In the course of the replay", vec![text.to_owned()]);
    section.figures = vec![Figure::new(title.as_str(), svg)];
    section.with_table(groups_table("measured events", groups))
}

fn waiting(outcome: &Outcome) -> Section {
    let latencies = &outcome.latency_ms;
    let all = [
        ("list asked for", &latencies.list),
        ("post to answer", &latencies.post),
        ("post to open page", &latencies.page),
    ];
    let mut table = Table::new("Milliseconds", &["from and to", "#times", "#p50", "#p90", "#p99", "#slowest"]);
    for (name, Latency { count, p50, p90, p99, max }) in all {
        let times = [p50, p90, p99, max].map(|value| fixed(*value, 1));
        table.push([name.to_owned(), number(*count)].into_iter().chain(times));
    }
    let title = "Milliseconds: half of the times, and 99 of 100".to_owned();
    let frame = Frame { title: &title, description: "Waiting times, half of them and 99 of 100.", x: "", y: "" };
    let names = all.map(|(name, _)| name.to_owned());
    let (half, most) = (all.map(|(_, latency)| latency.p50), all.map(|(_, latency)| latency.p99));
    let series = [Series { name: "p50", values: &half }, Series { name: "p99", values: &most }];
    let svg = horizontal_bars(&frame, &names, &series, Unit::Fixed(1));
    let text = "A user waits for the list when a page is opened; a shop waits for the answer to a post, which comes when \
                the event is safe; and an open page changes by itself when the new list has come over its stream. All \
                are measured here, where the shoppers are, at the pace of this replay.";
    let mut section = section("waiting", "Waiting times", vec![text.to_owned()]);
    section.figures = vec![Figure::new(title.as_str(), svg)];
    section.with_table(table)
}

fn replayed(outcome: &Outcome) -> Section {
    let mut table = Table::new("Events", &["what became of them", "#time before", "#replay"]);
    let (history, events) = (&outcome.history, &outcome.events);
    for (name, before, now) in [
        ("taken as new", history.accepted, events.accepted),
        ("on the site already", history.duplicates, events.duplicates),
        ("of unknown products", history.unknown_products, events.unknown_products),
        ("refused", history.rejected, events.rejected),
        ("all", history.total(), events.total()),
    ] {
        table.push([name.to_owned(), number(before), number(now)]);
    }
    let left_out = left_out(outcome);
    let left_out = if left_out.is_empty() {
        "All of them are measured.".to_owned()
    } else {
        format!("Not measured: {}.", left_out.join(", "))
    };
    let text = format!(
        "From {}: {} events of {} users were to be replayed. {left_out} The site serves model {}, version {}.",
        outcome.source,
        number(outcome.planned),
        number(outcome.users),
        outcome.model,
        outcome.version
    );
    section("replayed", "What was replayed", vec![text]).with_table(table)
}

fn section(id: &str, title: &str, readings: Vec<String>) -> Section {
    Section { id: id.to_owned(), title: title.to_owned(), readings, ..Section::default() }
}

fn interval<'a>(name: &'a str, group: &Group) -> Interval<'a> {
    let Estimate { value, low, high } = group.hit_rate.site;
    Interval { name, low, value, high }
}

/// Hit rates of the site and of the most rated products.
fn values(groups: &[Group]) -> [Vec<f64>; 2] {
    let of = |value: fn(&Comparison) -> f64| groups.iter().map(|group| value(&group.hit_rate)).collect();
    [of(|rates| rates.site.value), of(|rates| rates.popular.value)]
}

fn groups_table(name: &str, groups: &[Group]) -> Table {
    let columns = [name, "#events", "#users", "#site", "#most rated", "#points more", "#MRR, site", "#MRR, most rated"];
    let mut table = Table::new("Hit rate and MRR with 95 % intervals", &columns);
    for group in groups {
        let Comparison { site, popular, difference } = group.hit_rate;
        let figures =
            [share(site), share(popular), points(difference), plain(group.mrr.site), plain(group.mrr.popular)];
        let counts = [group.name.clone(), number(group.events), number(group.users)];
        table.push_cells(counts.iter().chain(&figures).map(|text| cell(text)).collect());
    }
    table.wide = true;
    table
}

/// A figure with its interval below it.
fn cell(text: &str) -> Cell {
    let (value, interval) = text.split_once(" (").unwrap_or((text, ""));
    Cell { text: value.to_owned(), note: interval.trim_end_matches(')').to_owned(), ..Cell::default() }
}
