//! The processes of the live path: one with the embedded bus, or a web node and a worker on a broker.

use std::sync::Arc;

use streaming::{Bus, Options};
use tests::{Server, free_port, topic_prefix};

/// Running processes, their store and their bus; killed when dropped.
pub struct Fleet {
    /// Where events are posted and streams are open.
    pub web: Server,
    worker: Option<Server>,
    /// The arguments that all processes share.
    shared: Vec<String>,
    bus: String,
    prefix: String,
}

impl Fleet {
    /// Starts the processes: on the broker of that URL, or one process with a log beside its store.
    pub fn start(store: &str, broker: Option<&str>) -> Self {
        let prefix = topic_prefix("bench");
        let beside = || format!("embedded:{}-events", store.trim_start_matches("sqlite://"));
        let bus = broker.map_or_else(beside, str::to_owned);
        let shared = ["--store", store, "--bus", &bus, "--topic-prefix", &prefix].map(str::to_owned).to_vec();
        let (web, worker) = if broker.is_some() {
            let web = Server::run("webapp", with("serve", &shared).chain(["--no-worker"]));
            (web, Some(Server::run_at(free_port(), "webapp", with("worker", &shared))))
        } else {
            (Server::run("webapp", with("serve", &shared)), None)
        };
        Self { web, worker, shared, bus, prefix }
    }

    /// The process that applies events.
    pub fn worker(&self) -> &Server {
        self.worker.as_ref().unwrap_or(&self.web)
    }

    /// Kills the worker's process; gives what starts it anew in its place.
    pub fn kill_worker(&mut self) -> impl FnOnce(&mut Self) + use<> {
        let port = self.worker.take().map_or(0, |worker| worker.port());
        move |fleet| fleet.worker = Some(Server::run_at(port, "webapp", with("worker", &fleet.shared)))
    }

    /// Waits until so many events have been applied since the processes began.
    pub fn wait_until_applied(&self, events: usize) -> anyhow::Result<()> {
        let applied = self.worker().wait_for_metric("recommender_events_applied_total", |count| count >= events as u64);
        anyhow::ensure!(applied == events as u64, "{events} events were sent, {applied} were applied");
        Ok(())
    }

    /// For people: the processor time of each process since it began, over so many events.
    pub fn cost(&self, events: usize) -> String {
        let of = |name: &str, server: &Server| {
            let seconds = server.processor_seconds().unwrap_or(f64::NAN);
            format!("{name} {:.0} µs", seconds * 1e6 / events as f64)
        };
        let worker = self.worker.as_ref().map(|worker| format!(", {}", of("worker", worker)));
        format!("  processor time an event: {}{}", of("web node", &self.web), worker.unwrap_or_default())
    }

    /// Ends the processes and opens their bus, which an embedded one would keep for itself.
    pub async fn into_bus(self) -> anyhow::Result<(Arc<dyn Bus>, String)> {
        let Self { bus, prefix, web, worker, .. } = self;
        drop((web, worker));
        Ok((streaming::open(&bus, &Options::new()).await?, format!("{prefix}events")))
    }
}

fn with<'a>(command: &'a str, shared: &'a [String]) -> impl Iterator<Item = &'a str> {
    std::iter::once(command).chain(shared.iter().map(String::as_str))
}
