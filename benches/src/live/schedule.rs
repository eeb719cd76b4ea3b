//! Posts that are due at moments fixed beforehand, whatever becomes of those before them.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

use anyhow::ensure;
use serde_json::json;
use tests::Server;

use super::shop::Shop;

/// Kinds of events in turn.
const KINDS: [&str; 4] = ["view", "cart", "view", "purchase"];
/// Far enough off for all threads to wait for it.
const LEAD: Duration = Duration::from_millis(50);

/// An event as it was sent.
pub struct Sent {
    /// Its id.
    pub id: String,
    /// Who did something.
    pub user: String,
    /// When it was to be posted, from the beginning.
    pub due: Duration,
}

/// A request that is due at a moment after the beginning.
pub struct Post {
    pub due: Duration,
    pub body: String,
}

/// The events of a stretch of users, in turn, evenly over time: those with numbers from `first` on.
pub fn events(shop: &Shop, users: &[String], first: usize, count: usize, per_second: u32) -> Vec<(Sent, String)> {
    let event = |number: usize| {
        let user = &users[number % users.len()];
        // A large step, so that the items of a user differ.
        let item = &shop.items[number.wrapping_mul(7_919) % shop.items.len()];
        let id = format!("sent-{}", first + number);
        let body = json!({"event_id": id, "user": user, "item": item, "kind": KINDS[number % KINDS.len()]});
        let due = Duration::from_secs_f64(number as f64 / f64::from(per_second));
        (Sent { id, user: user.clone(), due }, body.to_string())
    };
    (0..count).map(event).collect()
}

/// Posts over so many connections; gives the beginning. A post that finds none free is late.
pub fn post(server: &Server, posts: &[Post], connections: usize) -> anyhow::Result<Instant> {
    let next = AtomicUsize::new(0);
    let begin = Instant::now() + LEAD;
    thread::scope(|scope| {
        let threads: Vec<_> =
            (0..connections).map(|_| scope.spawn(|| post_some(server, posts, &next, begin))).collect();
        let joined =
            |thread: thread::ScopedJoinHandle<'_, anyhow::Result<()>>| thread.join().expect("a post does not panic");
        threads.into_iter().try_for_each(joined)
    })?;
    Ok(begin)
}

fn post_some(server: &Server, posts: &[Post], next: &AtomicUsize, begin: Instant) -> anyhow::Result<()> {
    let poster = server.poster();
    while let Some(post) = posts.get(next.fetch_add(1, Ordering::Relaxed)) {
        thread::sleep((begin + post.due).saturating_duration_since(Instant::now()));
        let (status, answer) = poster.post(&post.body)?;
        ensure!(status == 202 && answer.contains("\"duplicates\":0"), "a post was answered with {status}: {answer}");
    }
    Ok(())
}
