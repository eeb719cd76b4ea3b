//! The live path with real processes: web nodes, workers and a Kafka broker.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    time::Duration,
};

use serde_json::{Value, json};
use storage::{EventRecord, LiveList, Review, ReviewRange, block_on};
use tests::{Program, Server, Streams, free_port, kafka_url, mongodb_url, topic_prefix};

/// How long a list is waited for: longer than a broker keeps the partitions of a member that died.
const PATIENCE: Duration = Duration::from_mins(1);
/// More events than any user has here.
const ALL: u64 = 10_000;
/// Length of the lists that workers make.
const LIST: usize = 12;
/// Places of a published list that come with reasons.
const EXPLAINED: usize = 10;

/// Web nodes and workers on one store and one broker.
struct Fleet {
    shared: Vec<String>,
    nodes: Vec<Server>,
    workers: Vec<Server>,
}

impl Fleet {
    fn start(store: &str, broker: &str, nodes: usize, workers: usize) -> Self {
        let prefix = topic_prefix("live");
        let shared = ["--store", store, "--bus", broker, "--topic-prefix", &prefix].map(str::to_owned).to_vec();
        let mut fleet = Self { shared, nodes: Vec::new(), workers: Vec::new() };
        for _ in 0..nodes {
            let arguments = fleet.arguments("serve").chain(["--no-worker"]);
            let node = Server::run("webapp", arguments);
            fleet.nodes.push(node);
        }
        (0..workers).for_each(|_| fleet.add_worker());
        fleet
    }

    fn arguments<'a>(&'a self, command: &'a str) -> impl Iterator<Item = &'a str> {
        std::iter::once(command).chain(self.shared.iter().map(String::as_str))
    }

    fn add_worker(&mut self) {
        let worker = Server::run_at(free_port(), "webapp", self.arguments("worker"));
        self.workers.push(worker);
    }

    /// Posts events as one batch; all are new.
    fn post(&self, node: usize, events: &[Value]) {
        let (status, answer) = self.nodes[node].send("POST", "/api/v1/events", &Value::from(events));
        assert_eq!((status, &answer["accepted"]), (202, &Value::from(events.len())), "{answer}");
    }

    /// Waits until every event on the bus is applied.
    fn settle(&self) {
        self.nodes[0].wait_for_metric("recommender_worker_lag", |lag| lag == 0);
    }

    /// The first places of a user's list as a node answers.
    fn list(&self, node: usize, user: &str, k: usize) -> Vec<Value> {
        let (status, answer) = self.nodes[node].json(&format!("/api/v1/users/{user}/recommendations?k={k}"));
        assert_eq!(status, 200, "{answer}");
        answer["items"].as_array().expect("an answer has items").clone()
    }
}

/// Publishes the bundled sample. Nothing rare is left out: histories of the pipeline lack what it filters, those of
/// the site do not.
fn publish(cache: &Path, store: &str) {
    let store = format!("store={store}");
    let sets = ["--set", "min_interactions=1", "--set", &store];
    Program::with_cache(cache).run_well(["run", "pipeline.yaml"].into_iter().chain(sets));
}

/// All reviews of the store, by user.
fn reviews(store: &str) -> BTreeMap<String, Vec<Review>> {
    block_on(async {
        let store = storage::open(store).await.expect("the store opens");
        let generation = store.loaded().await.expect("the store answers").expect("the sample was loaded");
        let mut range = ReviewRange { last: "\u{10FFFF}".into(), ..ReviewRange::default() };
        let mut reviews: BTreeMap<String, Vec<Review>> = BTreeMap::new();
        loop {
            let page = store.reviews_by_key(&generation, &range, 5_000).await.expect("the load stands");
            let Some(last) = page.last() else { return reviews };
            range.after = Some(last.key());
            for review in page {
                reviews.entry(review.user.clone()).or_default().push(review);
            }
        }
    })
}

/// What the store keeps of a user: events, and the newest list.
fn kept(store: &str, users: &[String]) -> BTreeMap<String, (Vec<EventRecord>, LiveList)> {
    block_on(async {
        let store = storage::open(store).await.expect("the store opens");
        let mut kept = BTreeMap::new();
        for user in users {
            let events = store.events_of_user(user, ALL).await.expect("the store answers");
            let list = store.live_list(user).await.expect("the store answers");
            kept.insert(user.clone(), (events, list.unwrap_or_else(|| panic!("{user} has no list"))));
        }
        kept
    })
}

fn keys(items: &[Value]) -> Vec<&str> {
    items.iter().filter_map(|item| item["asin"].as_str()).collect()
}

/// Asserts that two lists hold the same products for the same reasons; scores and shares up to the rounding of
/// sums, which differs where many users are scored together.
fn assert_same(one: &[Value], other: &[Value], whose: &str) {
    assert_eq!(keys(one), keys(other), "{whose}");
    for (one, other) in one.iter().zip(other) {
        assert!(is_near(&one["score"], &other["score"]), "{whose}: {} {}", one["score"], other["score"]);
        let (one, other) = (reasons(one), reasons(other));
        let is_same = |(one, other): (&Value, &Value)| {
            (&one["kind"], &one["asin"], &one["action"]) == (&other["kind"], &other["asin"], &other["action"])
                && is_near(&one["share"], &other["share"])
        };
        assert!(one.len() == other.len() && one.iter().zip(other).all(is_same), "{whose}: {one:?} {other:?}");
    }
}

fn reasons(item: &Value) -> &[Value] {
    item["reasons"].as_array().expect("an item has reasons")
}

fn is_near(one: &Value, other: &Value) -> bool {
    let (one, other) = (one.as_f64().unwrap_or(0.0), other.as_f64().unwrap_or(0.0));
    (one - other).abs() <= 1e-5 * one.abs().max(1.0)
}

/// Runs a case with a store of each kind.
fn on_each_store(name: &str, case: impl Fn(&str, &str)) {
    let Some(broker) = kafka_url() else { return };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let embedded = format!("sqlite://{}", folder.path().join("store.db").display());
    for store in std::iter::once(embedded).chain(mongodb_url(&format!("live_{name}"))) {
        publish(&folder.path().join("cache"), &store);
        case(&store, &broker);
    }
}

/// Users with a stream at each of two nodes.
const STREAMS: usize = 30;
/// Events of each user.
const ROUNDS: usize = 60;

/// Events of a round: one of each user of a node, the last one always a purchase.
fn round(users: &[String], items: &[String], number: usize) -> Vec<Value> {
    let kind = if number + 1 == ROUNDS { "purchase" } else { ["view", "cart", "view", "purchase"][number % 4] };
    let event = |(index, user): (usize, &String)| {
        let item = &items[(index * ROUNDS + number) % items.len()];
        json!({"event_id": format!("{user}-{number}"), "user": user, "item": item, "kind": kind})
    };
    users.iter().enumerate().map(event).collect()
}

#[test]
fn members_come_and_go_and_each_event_counts_once() {
    on_each_store("members", |store, broker| {
        let mut fleet = Fleet::start(store, broker, 2, 3);
        let items: BTreeSet<String> = reviews(store).into_values().flatten().map(|review| review.asin).collect();
        let items: Vec<String> = items.into_iter().collect();
        assert!(items.len() > ROUNDS, "{} items are too few", items.len());
        // Their names are new each time, as a MongoDB keeps those of earlier runs.
        let run = topic_prefix("user");
        let users = [0, 1].map(|node| (0..STREAMS).map(|index| format!("{run}{node}-{index}")).collect::<Vec<_>>());
        let streams = [0, 1].map(|node| Streams::open(fleet.nodes[node].authority(), &users[node]));
        for number in 0..ROUNDS {
            match number {
                20 => drop(fleet.workers.remove(0)),
                40 => fleet.add_worker(),
                _ => {}
            }
            // Users come in through the other node than the one that they look at, in turn.
            for group in [0, 1] {
                fleet.post((group + number) % 2, &round(&users[group], &items, number));
            }
        }
        fleet.settle();

        for group in [0, 1] {
            let kept = kept(store, &users[group]);
            for (user, (events, list)) in &kept {
                let ids: BTreeSet<&str> = events.iter().map(|event| event.id.as_str()).collect();
                let sent: BTreeSet<String> = (0..ROUNDS).map(|number| format!("{user}-{number}")).collect();
                assert_eq!(ids, sent.iter().map(String::as_str).collect(), "the events of {user}");
                assert_eq!(events.len(), ROUNDS, "an event of {user} is there twice");
                let last = events.iter().find(|event| event.id == format!("{user}-{}", ROUNDS - 1));
                let bought = &last.expect("all events are there").asin;
                assert!(list.items.iter().all(|item| item.asin != *bought), "{user} has bought {bought} already");
                let listed: Vec<&str> = list.items.iter().map(|item| item.asin.as_str()).collect();
                for node in [0, 1] {
                    assert_eq!(
                        listed,
                        keys(&fleet.list(node, user, LIST)),
                        "the list of {user} against all its events"
                    );
                }
            }
            assert_streams_end_with(&streams[group], &users[group], &kept);
        }
    });
}

/// Waits until each stream has brought the list that the store keeps.
fn assert_streams_end_with(streams: &Streams, users: &[String], kept: &BTreeMap<String, (Vec<EventRecord>, LiveList)>) {
    let place = |user: &String| (kept[user].1.partition, kept[user].1.offset);
    let mut open: BTreeSet<usize> = (0..users.len()).collect();
    while !open.is_empty() {
        let update = streams.next(PATIENCE);
        let update = update.unwrap_or_else(|| panic!("{} streams miss their last list", open.len()));
        let user = &users[update.stream];
        assert!((update.partition, update.offset) <= place(user), "{user} got a list that nobody keeps");
        if (update.partition, update.offset) == place(user) {
            open.remove(&update.stream);
        }
    }
    for (stream, user) in users.iter().enumerate() {
        let data: Value = serde_json::from_str(&streams.latest(stream)).expect("a list is JSON");
        let listed: Vec<&str> = kept[user].1.items.iter().map(|item| item.asin.as_str()).collect();
        assert_eq!(keys(data["items"].as_array().expect("a list has items")), listed, "the page of {user}");
    }
}

#[test]
fn a_history_means_the_same_whether_it_was_loaded_or_came_over_the_bus() {
    on_each_store("history", |store, broker| {
        let fleet = Fleet::start(store, broker, 1, 2);
        let reviews = reviews(store);
        let run = topic_prefix("twin");
        let mut events: Vec<Value> = reviews
            .values()
            .flatten()
            .map(|review| {
                let user = format!("{run}{}", review.user);
                json!({"user": user, "item": review.asin, "kind": "rating", "rating": review.rating,
                       "time_ms": review.time * 1_000})
            })
            .collect();
        // In the order in which it happened, as it would have come.
        events.sort_by_key(|event| event["time_ms"].as_i64());
        events.chunks(500).for_each(|batch| fleet.post(0, batch));
        fleet.settle();
        let mut with_reasons = 0;
        for user in reviews.keys() {
            let (loaded, came) = (fleet.list(0, user, EXPLAINED), fleet.list(0, &format!("{run}{user}"), EXPLAINED));
            assert_eq!(loaded.len(), EXPLAINED, "the list of {user}");
            assert_same(&loaded, &came, &format!("{user} and its twin"));
            with_reasons += usize::from(loaded.iter().any(|item| item["reasons"][0]["kind"] == "because-of"));
        }
        assert!(with_reasons * 2 > reviews.len(), "only {with_reasons} of {} lists name reasons", reviews.len());
    });
}
