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
use clap::ValueEnum;

use self::{audit::Audit, fleet::Fleet, shop::Shop};
use crate::figures::{Figures, tell};

/// What carries the events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Bus {
    /// A real broker.
    Kafka,
    /// The log in a file.
    Embedded,
}

impl Bus {
    fn name(self) -> &'static str {
        match self {
            Self::Kafka => "kafka",
            Self::Embedded => "embedded",
        }
    }

    /// The URL of the broker, if it is one.
    fn broker(self, url: &str) -> Option<&str> {
        (self == Self::Kafka).then_some(url)
    }

    /// More events a second than it can carry.
    fn asked(self) -> u32 {
        match self {
            Self::Kafka => 10_000,
            Self::Embedded => 40_000,
        }
    }
}

/// Publishes that many made reviews and measures the live path on them; with `only`, no more than latencies and
/// rates with that bus.
pub fn measure(reviews: u64, only: Option<Bus>, figures: &mut Figures) -> anyhow::Result<()> {
    let broker = if only == Some(Bus::Embedded) { String::new() } else { broker_url()? };
    let shop = Shop::publish(reviews)?;
    let mut audit = Audit::default();
    let buses = only.map_or_else(|| vec![Bus::Kafka, Bus::Embedded], |bus| vec![bus]);
    latencies(&shop, &broker, &buses, figures, &mut audit)?;
    rates(&shop, &broker, &buses, figures, &mut audit)?;
    let rest = only.is_none().then(|| anyhow::Ok((many::measure(&shop, &broker)?, restart::measure(&shop, &broker)?)));
    let rest = rest.transpose()?;
    tell(audit.row());
    figures.add("lost", audit.lost as f64, "events");
    figures.add("doubled", audit.doubled as f64, "events");
    if let Some(((streams, memory), restart)) = rest {
        figures.add("streams", streams as f64, "streams, each updated");
        figures.add("streams_rss_mb", memory, "MB");
        figures.add("worker_restart_s", restart, "s");
    }
    Ok(())
}

fn broker_url() -> anyhow::Result<String> {
    std::env::var("KAFKA_URL").context("KAFKA_URL is not set; run: eval \"$(scripts/services.sh up kafka)\"")
}

fn latencies(shop: &Shop, broker: &str, buses: &[Bus], figures: &mut Figures, audit: &mut Audit) -> anyhow::Result<()> {
    tell(format!("{:<34}{:>10}{:>12}{:>12}", "", "p50", "p99", "slowest"));
    for bus in buses {
        if *bus == Bus::Kafka {
            tell(broker::latencies(broker)?.row("broker alone, sent -> received"));
        }
        let (copy, name) = (shop.copy()?, bus.name());
        let (latencies, sent) = freshness::measure(&copy, shop, bus.broker(broker))?;
        tell(latencies.row(&format!("{name}, posted -> on the stream")));
        if *bus == Bus::Kafka {
            figures.add("kafka_post_to_page_p50_ms", latencies.quantile(0.5), "ms");
        }
        figures.add(format!("{name}_post_to_page_p99_ms"), latencies.quantile(0.99), "ms");
        audit.add(&Audit::of(&copy.url, &sent)?);
    }
    Ok(())
}

fn rates(shop: &Shop, broker: &str, buses: &[Bus], figures: &mut Figures, audit: &mut Audit) -> anyhow::Result<()> {
    for bus in buses {
        let (copy, name, asked) = (shop.copy()?, bus.name(), bus.asked());
        let fleet = Fleet::start(&copy.url, bus.broker(broker));
        let (reached, sent) = sustained::measure(&fleet, shop, asked)?;
        drop(fleet);
        tell(format!("{name}: {asked} events/s asked for, {reached:.0} held"));
        figures.add(format!("{name}_events_per_s"), reached, "events/s");
        audit.add(&Audit::of(&copy.url, &sent)?);
    }
    Ok(())
}
