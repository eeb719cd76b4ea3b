//! Memory of a web node with thousands of open streams, each of which gets a list.

use std::{collections::BTreeSet, time::Duration};

use anyhow::Context;
use tests::Streams;

use super::{
    fleet::Fleet,
    schedule::{self, Post},
    shop::Shop,
};

const STREAMS: usize = 2_000;
/// Events in a post.
const BATCH: usize = 100;
/// How long the next list is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// Streams that were updated, and the memory of their node afterwards in MB.
pub fn measure(shop: &Shop, broker: &str) -> anyhow::Result<(usize, f64)> {
    let copy = shop.copy()?;
    let fleet = Fleet::start(&copy.url, Some(broker));
    let users = &shop.users[..STREAMS.min(shop.users.len())];
    let streams = Streams::open(fleet.web.authority(), users);
    let bodies: Vec<String> =
        schedule::events(shop, users, 0, users.len(), 1_000).into_iter().map(|(_, body)| body).collect();
    let post = |bodies: &[String]| Post { due: Duration::ZERO, body: format!("[{}]", bodies.join(",")) };
    let posts: Vec<Post> = bodies.chunks(BATCH).map(post).collect();
    schedule::post(&fleet.web, &posts, 1)?;
    let mut updated = BTreeSet::new();
    while updated.len() < users.len() {
        let update = streams.next(PATIENCE);
        updated.insert(update.with_context(|| format!("only {} streams were updated", updated.len()))?.stream);
    }
    let memory = fleet.web.memory_bytes().context("the system does not tell the memory of a process")?;
    Ok((updated.len(), memory as f64 / 1e6))
}
