//! What every bus does: one suite, run on the embedded log and on a real Kafka broker.
//!
//! `KAFKA_URL` names the broker; `scripts/services.sh env` prints it. Without one the Kafka half is skipped,
//! unless `REQUIRE_SERVICES` is set.

#![expect(clippy::unwrap_used, reason = "a step of a fixture that fails is a failed test")]

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use streaming::{
    Bus, Error, MOST_BYTES, Member, Message, Options, Place, Reader, Received, Start, Topic, last_places, open,
};
use tokio::{runtime::Runtime, time::timeout};

/// How long an answer may take before the test fails; a broker hands out partitions within seconds.
const PATIENCE: Duration = Duration::from_mins(1);
const PARTITIONS: u32 = 4;

/// A bus with a topic of its own.
struct Fixture {
    bus: Arc<dyn Bus>,
    topic: String,
}

impl Fixture {
    async fn new(url: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos();
        let topic = format!("contract-{since}-{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let bus = open(url, &Options::new()).await.unwrap();
        bus.ensure(&wanted(&topic, PARTITIONS)).await.unwrap();
        Self { bus, topic }
    }

    async fn send(&self, messages: impl IntoIterator<Item = (usize, usize)>) -> Vec<Place> {
        let message =
            |(key, number)| Message { key: format!("key-{key}"), payload: format!("{key} {number}").into_bytes() };
        self.bus.send(&self.topic, messages.into_iter().map(message).collect()).await.unwrap()
    }

    async fn join(&self, group: &str) -> Box<dyn Member> {
        self.bus.join(&self.topic, group, None).await.unwrap()
    }
}

fn wanted(name: &str, partitions: u32) -> Topic {
    Topic { name: name.to_owned(), partitions, retention: Duration::from_hours(1), replication: 1, durable: true }
}

/// Key and number of a message.
fn content(message: &Received) -> (usize, usize) {
    let text = std::str::from_utf8(&message.payload).unwrap();
    let (key, number) = text.split_once(' ').unwrap();
    assert_eq!(message.key, format!("key-{key}"));
    (key.parse().unwrap(), number.parse().unwrap())
}

/// Receives until there are so many.
async fn receive<R: Reader + ?Sized>(reader: &mut R, count: usize) -> Vec<Received> {
    let mut found = Vec::new();
    while found.len() < count {
        let more = timeout(PATIENCE, reader.receive(count - found.len())).await;
        let more = more.unwrap_or_else(|_| panic!("{} of {count} messages came", found.len())).unwrap();
        assert!(!more.is_empty() && more.len() <= count - found.len());
        found.extend(more);
    }
    found
}

fn numbers_by_key(messages: &[Received]) -> BTreeMap<usize, Vec<usize>> {
    let mut numbers: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (key, number) in messages.iter().map(content) {
        numbers.entry(key).or_default().push(number);
    }
    numbers
}

async fn messages_of_a_key_keep_their_order(url: &str) {
    let fixture = Fixture::new(url).await;
    let sent = fixture.send((0..40).flat_map(|number| (0..10).map(move |key| (key, number)))).await;
    assert_eq!(sent.len(), 400);
    let mut member = fixture.join("group").await;
    let found = receive(member.as_mut(), 400).await;
    assert_eq!(numbers_by_key(&found), (0..10).map(|key| (key, (0..40).collect())).collect());
    let places: BTreeSet<Place> = found.iter().map(|message| message.place).collect();
    assert_eq!(places, sent.iter().copied().collect(), "places are those that the sender was told");
    assert!(places.iter().map(|place| place.partition).collect::<BTreeSet<_>>().len() > 1, "keys are spread");
    for pair in found.windows(2).filter(|pair| pair[0].place.partition == pair[1].place.partition) {
        assert!(pair[0].place.offset < pair[1].place.offset);
    }
}

async fn a_group_goes_on_behind_what_it_committed(url: &str) {
    let fixture = Fixture::new(url).await;
    fixture.send((0..20).map(|number| (number % 5, number))).await;
    let mut member = fixture.join("group").await;
    let found = receive(member.as_mut(), 20).await;
    // Half of each partition is done.
    let mut done = Vec::new();
    let mut open = Vec::new();
    for partition in 0..PARTITIONS {
        let own: Vec<&Received> = found.iter().filter(|message| message.place.partition == partition).collect();
        done.extend(own.iter().take(own.len() / 2).map(|message| message.place));
        open.extend(own.iter().skip(own.len() / 2).map(|message| content(message)));
    }
    let last: Vec<Place> = (0..PARTITIONS)
        .filter_map(|partition| done.iter().rfind(|place| place.partition == partition).copied())
        .collect();
    member.commit(&last).await.unwrap();
    drop(member);

    let mut member = fixture.join("group").await;
    let again = receive(member.as_mut(), open.len()).await;
    let again_set: BTreeSet<_> = again.iter().map(content).collect();
    assert_eq!(again_set, open.iter().copied().collect(), "what was not committed comes again, nothing else");
    member.commit(&last_places(&again)).await.unwrap();
    fixture.send([(7, 100)]).await;
    assert_eq!(content(&receive(member.as_mut(), 1).await[0]), (7, 100));

    let mut other = fixture.join("another group").await;
    assert_eq!(receive(other.as_mut(), 21).await.len(), 21, "groups do not know of one another");
}

async fn members_share_the_partitions_and_take_over(url: &str) {
    let fixture = Fixture::new(url).await;
    let (mut first, mut second) = (fixture.join("group").await, fixture.join("group").await);
    // Messages go on coming until both members have some: a broker needs a moment to deal out partitions.
    let (mut of_first, mut of_second, mut sent) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for number in 0.. {
        assert!(number < 600, "the second member got nothing");
        fixture.send((0..10).map(|key| (key, number))).await;
        sent.extend((0..10).map(|key| (key, number)));
        for (member, found) in [(&mut first, &mut of_first), (&mut second, &mut of_second)] {
            if let Ok(more) = timeout(Duration::from_millis(100), member.receive(100)).await {
                let more = more.unwrap();
                found.extend(more.iter().map(content));
                member.commit(&last_places(&more)).await.unwrap();
            }
        }
        if !of_first.is_empty() && !of_second.is_empty() {
            break;
        }
    }
    drop(first);
    // The second gets what the first has left, and all that comes.
    fixture.send((0..10).map(|key| (key, 1_000))).await;
    sent.extend((0..10).map(|key| (key, 1_000)));
    while of_first.union(&of_second).count() < sent.len() {
        of_second.extend(receive(second.as_mut(), 1).await.iter().map(content));
    }
    assert!((0..10).all(|key| of_second.contains(&(key, 1_000))));
}

async fn a_member_goes_back_where_it_is_told(url: &str) {
    let fixture = Fixture::new(url).await;
    let places = fixture.send((0..10).map(|number| (3, number))).await;
    let mut member = fixture.join("group").await;
    assert_eq!(receive(member.as_mut(), 10).await.len(), 10);
    member.rewind(places[6]).await.unwrap();
    fixture.send([(3, 10)]).await;
    let again: Vec<_> = receive(member.as_mut(), 5).await.iter().map(content).collect();
    assert_eq!(again, [(3, 6), (3, 7), (3, 8), (3, 9), (3, 10)]);
}

async fn whoever_comes_back_under_a_name_goes_on_at_once(url: &str) {
    let fixture = Fixture::new(url).await;
    let mut lasting = fixture.bus.join(&fixture.topic, "group", Some("one")).await.unwrap();
    fixture.send([(1, 0)]).await;
    let found = receive(lasting.as_mut(), 1).await;
    lasting.commit(&last_places(&found)).await.unwrap();
    drop(lasting);
    fixture.send([(1, 1)]).await;
    let mut back = fixture.bus.join(&fixture.topic, "group", Some("one")).await.unwrap();
    assert_eq!(content(&receive(back.as_mut(), 1).await[0]), (1, 1));
}

async fn a_follower_sees_everything_from_where_it_starts(url: &str) {
    let fixture = Fixture::new(url).await;
    fixture.send((0..10).map(|key| (key, 0))).await;
    let mut late = fixture.bus.follow(&fixture.topic, Start::Now).await.unwrap();
    let mut whole = fixture.bus.follow(&fixture.topic, Start::Oldest).await.unwrap();
    let mut member = fixture.join("group").await;
    fixture.send((0..10).map(|key| (key, 1))).await;
    assert_eq!(numbers_by_key(&receive(late.as_mut(), 10).await), (0..10).map(|key| (key, vec![1])).collect());
    assert_eq!(numbers_by_key(&receive(whole.as_mut(), 20).await), (0..10).map(|key| (key, vec![0, 1])).collect());
    assert_eq!(receive(member.as_mut(), 20).await.len(), 20);
    let ends: u64 = fixture.bus.ends(&fixture.topic).await.unwrap().iter().sum();
    assert_eq!(ends, 20);
}

async fn a_receiver_that_gives_up_loses_nothing(url: &str) {
    let fixture = Fixture::new(url).await;
    let mut reader = fixture.bus.follow(&fixture.topic, Start::Oldest).await.unwrap();
    let mut found = Vec::new();
    for number in 0..40 {
        fixture.send([(1, number as usize)]).await;
        // Given up at once, in the middle, or not at all.
        if let Ok(more) = timeout(Duration::from_micros(number * 25), reader.receive(3)).await {
            found.extend(more.unwrap());
        }
    }
    found.extend(receive(reader.as_mut(), 40 - found.len()).await);
    assert_eq!(numbers_by_key(&found)[&1], (0..40).collect::<Vec<_>>());
}

async fn a_topic_is_made_once_and_must_be_there(url: &str) {
    let fixture = Fixture::new(url).await;
    fixture.bus.ensure(&wanted(&fixture.topic, 9)).await.unwrap();
    assert_eq!(fixture.bus.ends(&fixture.topic).await.unwrap(), [0; PARTITIONS as usize], "as it was made first");
    let Err(error) = fixture.bus.join("no-such-topic", "group", None).await else {
        panic!("joined a topic that is not there")
    };
    assert!(matches!(error, Error::NoTopic { .. }), "{error}");
    assert!(error.to_string().contains("no-such-topic"), "{error}");
}

async fn what_is_too_long_is_refused_before_it_is_sent(url: &str) {
    let fixture = Fixture::new(url).await;
    let message = |bytes| Message { key: "k".to_owned(), payload: vec![b'x'; bytes] };
    let error = fixture.bus.send(&fixture.topic, vec![message(1), message(MOST_BYTES + 1)]).await.unwrap_err();
    assert!(error.to_string().contains("at most 900000 bytes, found 900001"), "{error}");
    fixture.bus.send(&fixture.topic, vec![message(MOST_BYTES)]).await.unwrap();
    let mut reader = fixture.bus.follow(&fixture.topic, Start::Oldest).await.unwrap();
    assert_eq!(receive(reader.as_mut(), 1).await[0].payload.len(), MOST_BYTES);
}

async fn many_senders_at_once_lose_nothing(url: &str) {
    let fixture = Arc::new(Fixture::new(url).await);
    let senders: Vec<_> = (0..20)
        .map(|key| {
            let fixture = Arc::clone(&fixture);
            tokio::spawn(async move {
                for number in 0..25 {
                    fixture.send([(key, number)]).await;
                }
            })
        })
        .collect();
    let mut member = fixture.join("group").await;
    let found = receive(member.as_mut(), 500).await;
    for sender in senders {
        sender.await.unwrap();
    }
    assert_eq!(numbers_by_key(&found), (0..20).map(|key| (key, (0..25).collect())).collect());
}

#[test]
fn a_log_drops_what_is_older_than_its_topic_keeps() {
    let folder = tempfile::tempdir().unwrap();
    let topic = Topic { retention: Duration::from_millis(1), ..wanted("short", 1) };
    let message = |text: &str| vec![Message { key: "k".to_owned(), payload: text.as_bytes().to_vec() }];
    Runtime::new().unwrap().block_on(async {
        let bus = open(&log_url(folder.path()), &Options::new()).await.unwrap();
        bus.ensure(&topic).await.unwrap();
        let old = bus.send("short", message("old")).await.unwrap();
        drop(bus);
        // An open log looks for old messages with the first that it writes.
        let since = SystemTime::now();
        while since.elapsed().unwrap() < Duration::from_millis(2) {}
        let bus = open(&log_url(folder.path()), &Options::new()).await.unwrap();
        bus.send("short", message("looks")).await.unwrap();
        bus.send("short", message("new")).await.unwrap();
        let mut reader = bus.follow("short", Start::Oldest).await.unwrap();
        let mut found = receive(reader.as_mut(), 1).await;
        while found.last().unwrap().payload != b"new" {
            found.extend(receive(reader.as_mut(), 1).await);
        }
        assert!(found.iter().all(|message| message.place > old[0]), "{found:?}");
        assert_eq!(bus.ends("short").await.unwrap(), [3], "offsets go on");
    });
}

#[test]
fn the_published_schema_is_that_of_the_program() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("event.schema.json");
    let wanted = serde_json::to_string_pretty(&streaming::event_schema()).unwrap() + "\n";
    if std::env::var_os("INSTA_UPDATE").is_some_and(|update| update == "always") {
        std::fs::write(&path, &wanted).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap(), wanted, "write it again with INSTA_UPDATE=always");
}

fn run(test: impl AsyncFnOnce(&str), url: &str) {
    Runtime::new().unwrap().block_on(test(url));
}

fn log_url(folder: &Path) -> String {
    format!("embedded:{}", folder.join("log.db").display())
}

fn kafka_url() -> Option<String> {
    let url = std::env::var("KAFKA_URL").ok();
    assert!(url.is_some() || std::env::var_os("REQUIRE_SERVICES").is_none(), "KAFKA_URL is not set");
    url
}

/// Each test on each bus.
macro_rules! contract {
    ($($test:ident)*) => {
        mod embedded {
            $(#[test]
            fn $test() {
                let folder = tempfile::tempdir().unwrap();
                super::run(super::$test, &super::log_url(folder.path()));
            })*
        }
        mod kafka {
            $(#[test]
            fn $test() {
                if let Some(url) = super::kafka_url() {
                    super::run(super::$test, &url);
                }
            })*
        }
    };
}

contract! {
    messages_of_a_key_keep_their_order
    a_group_goes_on_behind_what_it_committed
    members_share_the_partitions_and_take_over
    a_member_goes_back_where_it_is_told
    whoever_comes_back_under_a_name_goes_on_at_once
    a_follower_sees_everything_from_where_it_starts
    a_receiver_that_gives_up_loses_nothing
    a_topic_is_made_once_and_must_be_there
    what_is_too_long_is_refused_before_it_is_sent
    many_senders_at_once_lose_nothing
}
