//! Some shoppers' pages stay open while events are posted: how long after the click does the page change?

use std::{
    collections::HashMap,
    sync::{Arc, Condvar, Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};

use super::{
    failure::SimulationError,
    replay::Replay,
    site::{OpenPage, Place, Site},
};

/// How many pages are open at most.
const MOST: usize = 50;
/// How long the last changes are waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// When an event was posted.
#[derive(Clone, Copy, Debug)]
pub struct Posted {
    /// By whom.
    pub shopper: u32,
    /// Where it lies.
    pub place: Place,
    /// Just before it went out.
    pub at: Instant,
}

type Changes = HashMap<u32, Vec<(Place, Instant)>>;

/// Pages that note when they change, each on a thread of its own that ends with the program.
#[derive(Default)]
pub struct OpenPages {
    changes: Arc<(Mutex<Changes>, Condvar)>,
    shoppers: Vec<u32>,
}

impl OpenPages {
    /// Opens the pages of the shoppers who act first.
    pub fn open(site: &Site, replay: &Replay) -> Result<Self, SimulationError> {
        let mut pages = Self::default();
        // Shoppers are in the order of their first steps.
        for (shopper, number) in replay.shoppers.iter().zip(0..).take(MOST) {
            let page = site.open_page(&shopper.key)?;
            pages.shoppers.push(number);
            let changes = Arc::clone(&pages.changes);
            thread::spawn(move || note(page, number, &changes));
        }
        Ok(pages)
    }

    /// Whether a shopper's page is open.
    pub fn is_open(&self, shopper: u32) -> bool {
        self.shoppers.contains(&shopper)
    }

    /// Milliseconds from each post to the page that knows of it; those that did not come are left out.
    pub fn latencies(&self, posted: &[Posted]) -> Vec<f64> {
        let (lock, news) = &*self.changes;
        let seen = lock.lock().unwrap_or_else(PoisonError::into_inner);
        let is_waiting = |seen: &mut Changes| latencies(posted, seen).len() < posted.len();
        let waited = news.wait_timeout_while(seen, PATIENCE, is_waiting);
        latencies(posted, &waited.unwrap_or_else(PoisonError::into_inner).0)
    }
}

fn note(mut page: OpenPage, shopper: u32, (changes, news): &(Mutex<Changes>, Condvar)) {
    while let Ok(Some(place)) = page.next_place() {
        let now = Instant::now();
        let mut changes = changes.lock().unwrap_or_else(PoisonError::into_inner);
        changes.entry(shopper).or_default().push((place, now));
        news.notify_all();
    }
}

fn latencies(posted: &[Posted], changes: &Changes) -> Vec<f64> {
    let one = |event: &Posted| {
        let seen = changes.get(&event.shopper)?.iter().find(|(place, _)| place.covers(event.place))?;
        Some(seen.1.saturating_duration_since(event.at).as_secs_f64() * 1000.0)
    };
    posted.iter().filter_map(one).collect()
}
