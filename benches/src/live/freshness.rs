//! How long it takes from an event's post until its list has come over the user's stream.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use serde_json::Value;
use storage::block_on;
use streaming::{Place, Start};
use tests::{Streams, Update};

use super::{
    fleet::Fleet,
    schedule::{self, Post, Sent},
    shop::{Copy, Shop},
};
use crate::figures::tell;

const EVENTS_PER_S: u32 = 500;
const SECONDS: usize = 30;
/// Events before those that count, for what is done once: the first write, the first list.
const WARM_UP: usize = 1_000;
/// Users with an open stream each: one who does something every two seconds is busy enough.
const USERS: usize = 1_000;
/// Connections that post; each event takes the next that is free.
const CONNECTIONS: usize = 16;
/// How long an update is waited for.
const PATIENCE: Duration = Duration::from_secs(20);

/// Durations in milliseconds, sorted.
pub struct Latencies(Vec<f64>);

impl Latencies {
    pub fn new(mut milliseconds: Vec<f64>) -> Self {
        milliseconds.sort_by(f64::total_cmp);
        Self(milliseconds)
    }

    /// What this share of them stays within.
    pub fn quantile(&self, share: f64) -> f64 {
        self.0.get(((self.0.len().max(1) - 1) as f64 * share).round() as usize).copied().unwrap_or(f64::NAN)
    }

    /// For people.
    pub fn row(&self, name: &str) -> String {
        let [p50, p99, most] = [0.5, 0.99, 1.0].map(|share| self.quantile(share));
        format!("{name:<34}{p50:>7.2} ms{p99:>9.2} ms{most:>9.2} ms")
    }
}

/// Latencies of single events of users with open streams, and all events that were sent.
pub fn measure(copy: &Copy, shop: &Shop, broker: Option<&str>) -> anyhow::Result<(Latencies, Vec<Sent>)> {
    let fleet = Fleet::start(&copy.url, broker);
    let users = &shop.users[..USERS.min(shop.users.len())];
    let streams = Streams::open(fleet.web.authority(), users);
    let (mut sent, _) = round(&fleet, shop, users, 0, WARM_UP)?;
    fleet.wait_until_applied(WARM_UP)?;
    let (counted, begin) = round(&fleet, shop, users, WARM_UP, EVENTS_PER_S as usize * SECONDS)?;
    let updates = until_all_are_shown(&fleet, &streams, copy, users, WARM_UP + counted.len())?;
    tell(fleet.cost(WARM_UP + counted.len()));
    let places = block_on(places(fleet, WARM_UP + counted.len()))?;
    let latencies = latencies(&counted, begin, users, &updates, &places)?;
    sent.extend(counted);
    Ok((latencies, sent))
}

fn round(
    fleet: &Fleet,
    shop: &Shop,
    users: &[String],
    first: usize,
    count: usize,
) -> anyhow::Result<(Vec<Sent>, Instant)> {
    let events = schedule::events(shop, users, first, count, EVENTS_PER_S);
    let (sent, posts): (Vec<Sent>, Vec<Post>) = events
        .into_iter()
        .map(|(sent, body)| (Post { due: sent.due, body }, sent))
        .map(|(post, sent)| (sent, post))
        .unzip();
    let begin = schedule::post(&fleet.web, &posts, CONNECTIONS)?;
    Ok((sent, begin))
}

/// Updates up to those that show the newest list of each user.
fn until_all_are_shown(
    fleet: &Fleet,
    streams: &Streams,
    copy: &Copy,
    users: &[String],
    events: usize,
) -> anyhow::Result<Vec<Update>> {
    fleet.wait_until_applied(events)?;
    let mut open: BTreeSet<(usize, u32, u64)> = block_on(async {
        let store = storage::open(&copy.url).await?;
        let mut newest = BTreeSet::new();
        for (index, user) in users.iter().enumerate() {
            let list = store.live_list(user).await?.with_context(|| format!("no list of `{user}` after an event"))?;
            newest.insert((index, list.partition, list.offset));
        }
        anyhow::Ok(newest)
    })?;
    let mut updates = Vec::new();
    while !open.is_empty() {
        let update = streams.next(PATIENCE).with_context(|| format!("{} streams miss their last list", open.len()))?;
        open.remove(&(update.stream, update.partition, update.offset));
        updates.push(update);
    }
    Ok(updates)
}

/// Where the events lie in the log, by id.
async fn places(fleet: Fleet, events: usize) -> anyhow::Result<BTreeMap<String, Place>> {
    let (bus, topic) = fleet.into_bus().await?;
    let mut reader = bus.follow(&topic, Start::Oldest).await?;
    let mut places = BTreeMap::new();
    while places.len() < events {
        for message in reader.receive(1_000).await? {
            let event: Value = serde_json::from_slice(&message.payload)?;
            let id = event["event_id"].as_str().context("an event in the log has no id")?;
            places.insert(id.to_owned(), message.place);
        }
    }
    Ok(places)
}

/// From the moment at which an event was due to the first list of its user that was made after it.
fn latencies(
    sent: &[Sent],
    begin: Instant,
    users: &[String],
    updates: &[Update],
    places: &BTreeMap<String, Place>,
) -> anyhow::Result<Latencies> {
    let mut by_user: BTreeMap<&str, Vec<&Update>> = BTreeMap::new();
    for update in updates {
        by_user.entry(&users[update.stream]).or_default().push(update);
    }
    let mut found = Vec::with_capacity(sent.len());
    for event in sent {
        let place = places.get(&event.id).with_context(|| format!("event `{}` is not in the log", event.id))?;
        let covers = |update: &&&Update| update.partition == place.partition && update.offset >= place.offset;
        let shown = by_user.get(event.user.as_str()).and_then(|updates| updates.iter().find(covers));
        let shown = shown.with_context(|| format!("event `{}` was never shown", event.id))?;
        let due = begin + event.due;
        ensure!(shown.at >= due, "event `{}` was shown before it was sent", event.id);
        found.push((shown.at - due).as_secs_f64() * 1e3);
    }
    Ok(Latencies::new(found))
}
