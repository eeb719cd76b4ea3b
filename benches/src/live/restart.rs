//! How long a killed worker is missed: from the start of the next one to its first list.

use std::time::{Duration, Instant};

use anyhow::Context;
use tests::Streams;

use super::{fleet::Fleet, schedule, shop::Shop};

/// How often a worker is killed; the slowest start counts.
const ROUNDS: usize = 3;
const PATIENCE: Duration = Duration::from_mins(1);

/// Seconds from the start of a worker's process until an event that waits for it has come to its page.
pub fn measure(shop: &Shop, broker: &str) -> anyhow::Result<f64> {
    let copy = shop.copy()?;
    let mut fleet = Fleet::start(&copy.url, Some(broker));
    let user = &shop.users[..1];
    let streams = Streams::open(fleet.web.authority(), user);
    let poster = fleet.web.poster();
    let mut events = schedule::events(shop, user, 0, ROUNDS + 1, 1).into_iter().map(|(_, body)| body);
    let mut post = || -> anyhow::Result<()> {
        let (status, answer) = poster.post(&events.next().context("there is an event a round")?)?;
        anyhow::ensure!(status == 202, "the event was refused: {answer}");
        Ok(())
    };
    let update = || streams.next(PATIENCE).context("no list came");
    post()?;
    update()?;
    let mut slowest = Duration::ZERO;
    for _ in 0..ROUNDS {
        let start = fleet.kill_worker();
        post()?;
        let started = Instant::now();
        start(&mut fleet);
        let shown = update()?.at;
        slowest = slowest.max(shown.saturating_duration_since(started));
    }
    Ok(slowest.as_secs_f64())
}
