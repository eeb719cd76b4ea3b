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

use self::{audit::Audit, fleet::Fleet, shop::Shop};
use crate::figures::{Figures, tell};

/// Publishes that many made reviews and measures the live path on them.
pub fn measure(reviews: u64, figures: &mut Figures) -> anyhow::Result<()> {
    let broker =
        std::env::var("KAFKA_URL").context("KAFKA_URL is not set; run: eval \"$(scripts/services.sh up kafka)\"")?;
    let shop = Shop::publish(reviews)?;
    let mut audit = Audit::default();

    latencies(&shop, &broker, figures, &mut audit)?;
    rates(&shop, &broker, figures, &mut audit)?;
    let (streams, memory) = many::measure(&shop, &broker)?;
    let restart = restart::measure(&shop, &broker)?;
    tell(audit.row());
    figures.add("lost", audit.lost as f64, "events");
    figures.add("doubled", audit.doubled as f64, "events");
    figures.add("streams", streams as f64, "streams, each updated");
    figures.add("streams_rss_mb", memory, "MB");
    figures.add("worker_restart_s", restart, "s");
    Ok(())
}

fn latencies(shop: &Shop, broker: &str, figures: &mut Figures, audit: &mut Audit) -> anyhow::Result<()> {
    tell(format!("{:<34}{:>10}{:>12}{:>12}", "", "p50", "p99", "slowest"));
    tell(broker::latencies(broker)?.row("broker alone, sent -> received"));
    for (name, bus) in [("kafka", Some(broker)), ("embedded", None)] {
        let copy = shop.copy()?;
        let (latencies, sent) = freshness::measure(&copy, shop, bus)?;
        tell(latencies.row(&format!("{name}, posted -> on the stream")));
        if bus.is_some() {
            figures.add("kafka_post_to_page_p50_ms", latencies.quantile(0.5), "ms");
        }
        figures.add(format!("{name}_post_to_page_p99_ms"), latencies.quantile(0.99), "ms");
        audit.add(&Audit::of(&copy.url, &sent)?);
    }
    Ok(())
}

fn rates(shop: &Shop, broker: &str, figures: &mut Figures, audit: &mut Audit) -> anyhow::Result<()> {
    for (name, bus, asked) in [("kafka", Some(broker), 10_000), ("embedded", None, 40_000)] {
        let copy = shop.copy()?;
        let fleet = Fleet::start(&copy.url, bus);
        let (reached, sent) = sustained::measure(&fleet, shop, asked)?;
        drop(fleet);
        tell(format!("{name}: {asked} events/s asked for, {reached:.0} held"));
        figures.add(format!("{name}_events_per_s"), reached, "events/s");
        audit.add(&Audit::of(&copy.url, &sent)?);
    }
    Ok(())
}
