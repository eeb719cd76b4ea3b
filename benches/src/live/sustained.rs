//! How many events a second go all the way: from the first post until the last is applied.

use std::time::{Duration, Instant};

use tests::Server;

use super::{
    fleet::Fleet,
    schedule::{self, Post, Sent},
    shop::Shop,
};
use crate::figures::tell;

const SECONDS: usize = 10;
/// Connections that post at the same time.
const CONNECTIONS: usize = 4;
/// Events in a post, in turn.
const BATCHES: [usize; 5] = [100, 250, 500, 750, 1_000];
/// How long before the worker's figures are asked for again: asking costs it time.
const PAUSE: Duration = Duration::from_millis(50);
/// Longest silence of a worker that has events to apply.
const PATIENCE: Duration = Duration::from_mins(1);

/// Asks for so many events a second of all users in turn; gives what was reached, and what was sent.
pub fn measure(fleet: &Fleet, shop: &Shop, asked: u32) -> anyhow::Result<(f64, Vec<Sent>)> {
    let events = schedule::events(shop, &shop.users, 0, asked as usize * SECONDS, asked);
    let count = events.len();
    let (sent, posts) = batches(events);
    let begin = schedule::post(&fleet.web, &posts, CONNECTIONS)?;
    wait_until_none_is_left(fleet.worker(), count)?;
    let seconds = begin.elapsed().as_secs_f64();
    tell(fleet.cost(count));
    Ok((count as f64 / seconds, sent))
}

fn batches(events: Vec<(Sent, String)>) -> (Vec<Sent>, Vec<Post>) {
    let (sent, bodies): (Vec<Sent>, Vec<String>) = events.into_iter().unzip();
    let (mut posts, mut from) = (Vec::new(), 0);
    for size in BATCHES.into_iter().cycle() {
        let to = (from + size).min(bodies.len());
        let Some(first) = sent.get(from) else { break };
        posts.push(Post { due: first.due, body: format!("[{}]", bodies[from..to].join(",")) });
        from = to;
    }
    (sent, posts)
}

/// Waits until all events are applied and none is left.
fn wait_until_none_is_left(worker: &Server, events: usize) -> anyhow::Result<()> {
    let (mut before, mut since) = (0, Instant::now());
    loop {
        let applied = worker.metric("recommender_events_applied_total").unwrap_or(0);
        if applied >= events as u64 && worker.metric("recommender_worker_lag") == Some(0) {
            anyhow::ensure!(applied == events as u64, "{events} events were sent, {applied} were applied");
            return Ok(());
        }
        if applied > before {
            (before, since) = (applied, Instant::now());
        }
        anyhow::ensure!(since.elapsed() < PATIENCE, "of {events} events only {applied} were applied");
        std::thread::sleep(PAUSE);
    }
}
