//! What the broker alone takes from sending to receiving, at the same rate: the floor of the live path.

use std::{
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use anyhow::Context;
use streaming::{Bus, Message, Options, Start, Topic};
use tests::topic_prefix;

use super::freshness::Latencies;

const PER_SECOND: u32 = 500;
const SECONDS: u32 = 10;
/// Before that, uncounted: a broker that has just been started compiles its code while it works, on the processors that
/// everything here shares, as one that serves a shop has done long ago.
const WARM_UP_SECONDS: u32 = 20;
const UNCOUNTED: u32 = PER_SECOND * WARM_UP_SECONDS;
const MESSAGES: u32 = UNCOUNTED + PER_SECOND * SECONDS;
/// As long as an event in JSON.
const BYTES: usize = 150;

/// From the moment at which a message is due until a reader has it.
pub fn latencies(url: &str) -> anyhow::Result<Latencies> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let topic = format!("{}bare", topic_prefix("bench"));
    let bus = runtime.block_on(async {
        let bus = streaming::open(url, &Options::new()).await?;
        let retention = Duration::from_hours(1);
        bus.ensure(&Topic { name: topic.clone(), partitions: 8, retention, replication: 1, durable: true }).await?;
        anyhow::Ok(bus)
    })?;
    let begin = Instant::now() + Duration::from_millis(500);
    let reader = runtime.spawn(receive(Arc::clone(&bus), topic.clone(), begin));
    for number in 0..MESSAGES {
        thread::sleep((begin + due(number)).saturating_duration_since(Instant::now()));
        let message = Message { key: number.to_string(), payload: payload(number) };
        let (bus, topic) = (Arc::clone(&bus), topic.clone());
        // An error shows as a message that never comes.
        runtime.spawn(async move { bus.send(&topic, vec![message]).await });
    }
    let reader = async { tokio::time::timeout(Duration::from_secs(30), reader).await };
    let found = runtime.block_on(reader).context("messages were lost")???;
    Ok(Latencies::new(found))
}

fn due(number: u32) -> Duration {
    Duration::from_secs(1) * number / PER_SECOND
}

fn payload(number: u32) -> Vec<u8> {
    format!("{number:>BYTES$}").into_bytes()
}

async fn receive(bus: Arc<dyn Bus>, topic: String, begin: Instant) -> anyhow::Result<Vec<f64>> {
    let mut reader = bus.follow(&topic, Start::Oldest).await?;
    let (mut received, mut found) = (0, Vec::new());
    while received < MESSAGES {
        for message in reader.receive(1_000).await? {
            let at = Instant::now();
            let number: u32 = message.key.parse()?;
            received += 1;
            if number >= UNCOUNTED {
                found.push(at.saturating_duration_since(begin + due(number)).as_secs_f64() * 1e3);
            }
        }
    }
    Ok(found)
}
