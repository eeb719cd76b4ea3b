//! Figures of the live path, in the text format of Prometheus (exposition format 0.0.4).

use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use rocket::http::ContentType;
use rocket::{State, get};

use crate::site::Site;

/// Upper bounds of the freshness histogram, in milliseconds.
const BOUNDS_MS: [u64; 12] = [1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 5_000, 30_000];

/// Something that only grows.
#[derive(Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    /// Counts so many more.
    pub fn add(&self, count: usize) {
        self.0.fetch_add(count as u64, Ordering::Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// How long something took, in buckets.
#[derive(Default)]
pub(crate) struct Histogram {
    /// One a bound, and one for what is above all bounds.
    buckets: [AtomicU64; BOUNDS_MS.len() + 1],
    sum_ms: AtomicU64,
}

impl Histogram {
    /// Counts something that began at this moment (Unix milliseconds) and has ended now.
    pub fn since(&self, begin_ms: i64) {
        let took = u64::try_from(now_ms() - begin_ms).unwrap_or(0);
        let bucket = BOUNDS_MS.iter().position(|bound| took <= *bound).unwrap_or(BOUNDS_MS.len());
        self.buckets[bucket].fetch_add(1, Ordering::Relaxed);
        self.sum_ms.fetch_add(took, Ordering::Relaxed);
    }

    fn write(&self, text: &mut String, name: &str) {
        let mut count = 0;
        for (bucket, bound) in self.buckets.iter().zip(BOUNDS_MS.map(Some).into_iter().chain([None])) {
            count += bucket.load(Ordering::Relaxed);
            let bound = bound.map_or_else(|| "+Inf".to_owned(), seconds);
            _ = writeln!(text, "{name}_bucket{{le=\"{bound}\"}} {count}");
        }
        _ = writeln!(text, "{name}_sum {}\n{name}_count {count}", seconds(self.sum_ms.load(Ordering::Relaxed)));
    }
}

/// Milliseconds as Prometheus wants them.
fn seconds(milliseconds: u64) -> String {
    (milliseconds as f64 / 1e3).to_string()
}

/// The clock in Unix milliseconds.
pub(crate) fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// What has happened on this node since it was started.
#[derive(Default)]
pub(crate) struct Metrics {
    /// Events that the bus took from this node.
    pub accepted: Counter,
    /// Events that the worker of this node applied.
    pub applied: Counter,
    /// Events that the worker met again.
    pub duplicates: Counter,
    /// Events that could not be taken.
    pub dead: Counter,
    /// Lists that the worker told.
    pub updates: Counter,
    /// Lists that went to open pages.
    pub streamed: Counter,
    /// Times that the live path failed and began again.
    pub errors: Counter,
    /// From the bus's taking of an event to its list in the store.
    pub freshness: Histogram,
}

impl Metrics {
    fn write(&self, text: &mut String) {
        let counters = [
            ("events_accepted", "Events that this node handed to the bus.", &self.accepted),
            ("events_applied", "Events that this worker applied.", &self.applied),
            ("events_duplicate", "Events that this worker met again; they changed nothing.", &self.duplicates),
            ("events_dead", "Events that could not be taken.", &self.dead),
            ("updates_sent", "Lists that this worker told.", &self.updates),
            ("updates_streamed", "Lists that this node sent to open pages.", &self.streamed),
            ("live_errors", "Times that the live path failed and began again.", &self.errors),
        ];
        for (name, help, counter) in counters {
            head(text, &format!("recommender_{name}_total"), "counter", help);
            _ = writeln!(text, "recommender_{name}_total {}", counter.get());
        }
        let name = "recommender_freshness_seconds";
        head(text, name, "histogram", "From the bus's taking of an event to its list in the store.");
        self.freshness.write(text, name);
    }
}

fn head(text: &mut String, name: &str, kind: &str, help: &str) {
    _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
}

fn gauge(text: &mut String, name: &str, help: &str, value: u64) {
    head(text, name, "gauge", help);
    _ = writeln!(text, "{name} {value}");
}

/// The figures of this node. What must be asked of a bus that is away is left out.
#[get("/metrics")]
pub(crate) async fn metrics(site: &State<Arc<Site>>) -> (ContentType, String) {
    let mut text = String::new();
    site.metrics.write(&mut text);
    gauge(&mut text, "recommender_open_streams", "Pages that follow a list.", site.hub.streams() as u64);
    let is_live = site.is_live();
    gauge(&mut text, "recommender_bus_up", "Whether the bus answers.", u64::from(is_live));
    if is_live && let Ok(lag) = site.lag().await {
        gauge(&mut text, "recommender_worker_lag", "Events that no worker has applied yet.", lag);
    }
    (ContentType::new("text", "plain").with_params([("version", "0.0.4"), ("charset", "utf-8")]), text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_add_up() {
        let histogram = Histogram::default();
        histogram.since(now_ms() + 10_000);
        histogram.since(now_ms() - 60_000);
        let mut text = String::new();
        histogram.write(&mut text, "x");
        assert!(text.starts_with("x_bucket{le=\"0.001\"} 1\n"), "{text}");
        assert!(text.contains("x_bucket{le=\"30\"} 1\nx_bucket{le=\"+Inf\"} 2\n"), "{text}");
        assert!(text.contains("x_sum 60") && text.ends_with("x_count 2\n"), "{text}");
    }
}
