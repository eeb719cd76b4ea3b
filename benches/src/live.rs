//! The live path with real processes: from an event posted to the list on an open stream.
//!
//! Web node, worker, broker and load generator share this machine. Times count from the moment at which
//! an event was due, fixed beforehand, so that waiting for a busy server is never left out. Every part
//! has a copy of the published store and topics of its own, and ends with a look at what the store holds:
//! each event once.

mod audit;
mod broker;
mod fleet;
mod freshness;
mod many;
mod restart;
mod schedule;
mod shop;
mod sustained;

use anyhow::Context;

use self::{
    audit::Audit,
    fleet::Fleet,
    freshness::Latencies,
    shop::{Copy, Shop},
};
use crate::figures::{Figures, tell};

/// Publishes that many made reviews and measures the live path on them.
pub fn measure(reviews: u64, figures: &mut Figures) -> anyhow::Result<()> {
    let broker =
        std::env::var("KAFKA_URL").context("KAFKA_URL is not set; run: eval \"$(scripts/services.sh up kafka)\"")?;
    let shop = Shop::publish(reviews)?;
    let mut audit = Audit::default();

    let bare = broker::latencies(&broker)?;
    let kafka = fresh(&shop, Some(&broker), &mut audit)?;
    tell(format!("{:<34}{:>10}{:>12}{:>12}", "", "p50", "p99", "slowest"));
    tell(bare.row("broker alone, sent -> received"));
    tell(kafka.row("Kafka, posted -> on the stream"));
    figures.add("kafka_post_to_page_p50_ms", kafka.quantile(0.5), "ms");
    figures.add("kafka_post_to_page_p99_ms", kafka.quantile(0.99), "ms");
    let embedded = fresh(&shop, None, &mut audit)?;
    tell(embedded.row("embedded, posted -> on the stream"));
    figures.add("embedded_post_to_page_p99_ms", embedded.quantile(0.99), "ms");

    let rate = |bus, events_per_s| -> anyhow::Result<(f64, Audit)> {
        let copy = shop.copy()?;
        let fleet = Fleet::start(&copy.url, bus);
        let (reached, sent) = sustained::measure(&fleet, &shop, events_per_s)?;
        drop(fleet);
        Ok((reached, Audit::of(&copy.url, &sent)?))
    };
    for (name, bus, asked) in [("kafka", Some(broker.as_str()), 10_000), ("embedded", None, 40_000)] {
        let (reached, found) = rate(bus, asked)?;
        tell(format!("{name}: {asked} events/s asked for, {reached:.0} held"));
        figures.add(format!("{name}_events_per_s"), reached, "events/s");
        audit.add(&found);
    }

    let copy = shop.copy()?;
    let (streams, memory) = many::measure(&copy, &shop, &broker)?;
    let seconds = restart::measure(&shop, &broker)?;
    tell(audit.row());
    figures.add("lost", audit.lost as f64, "events");
    figures.add("doubled", audit.doubled as f64, "events");
    figures.add("streams", streams as f64, "streams, each updated");
    figures.add("streams_rss_mb", memory, "MB");
    figures.add("worker_restart_s", seconds, "s");
    Ok(())
}

/// Latencies on a copy of the store, which is then looked through.
fn fresh(shop: &Shop, bus: Option<&str>, audit: &mut Audit) -> anyhow::Result<Latencies> {
    let copy: Copy = shop.copy()?;
    let (latencies, sent) = freshness::measure(&copy, shop, bus)?;
    audit.add(&Audit::of(&copy.url, &sent)?);
    Ok(latencies)
}
