//! Starting and ending a node.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rocket::config::{Config, Ident, LogLevel};
use rocket::data::{Limits, ToByteUnit};
use rocket::error::ErrorKind;
use rocket::fairing::AdHoc;
use rocket::{Build, Orbit, Rocket, Shutdown, fairing, routes};
use storage::Store;
use streaming::Bus;

use crate::node::{Node, Role};
use crate::{Error, api, assets, failure, hub, metrics, pages, security, site, site::Site, worker};

/// How long an answer may at most rely on the version that was active when it was last looked up.
const REFRESH: Duration = Duration::from_secs(1);

/// Threads that wait for disks and brokers, or score lists, at most.
const BLOCKING: usize = 32;

/// What to serve where.
#[derive(Clone, PartialEq, Eq)]
pub struct Settings {
    /// URL of the store: `sqlite://PATH` or `mongodb://HOST:PORT/DATABASE`.
    pub store: String,
    /// Where to listen, and the bus.
    pub node: Node,
    /// What this node does.
    pub role: Role,
}

/// Shows only the kind of the store: its URL may hold a password.
impl fmt::Debug for Settings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = self.store.split_once("://").map_or("", |(kind, _)| kind);
        let Self { node, role, .. } = self;
        write!(formatter, "Settings {{ store: {kind}://..., node: {node:?}, role: {role:?} }}")
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self { store: "sqlite://.cache/store.db".to_owned(), node: Node::default(), role: Role::default() }
    }
}

/// Serves until Ctrl-C or a termination signal, with threads of its own.
///
/// Logs the address when ready. Everything is logged through `tracing` under the target `webapp`;
/// the web framework logs for itself under `rocket`, which a subscriber does well to leave out.
pub fn serve(settings: Settings) -> Result<(), Error> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        // Each has memory of its own; what takes its turn waits.
        .max_blocking_threads(BLOCKING)
        .thread_name("webapp")
        .build()
        .map_err(|source| Error::Threads { source })?;
    let result = runtime.block_on(run(settings));
    runtime.shutdown_timeout(REFRESH);
    result
}

async fn run(settings: Settings) -> Result<(), Error> {
    let store = storage::open(&settings.store).await?;
    let bus = settings.node.open_bus(&settings.store).await?;
    let ready = AdHoc::on_liftoff("ready", |rocket| Box::pin(announce(rocket)));
    match build(store, bus, &settings, REFRESH).attach(ready).launch().await {
        Ok(_) => Ok(()),
        Err(error) => Err(launch_error(&error, settings.node.socket())),
    }
}

/// Starts what goes on beside requests; it ends with the server's threads.
fn start(site: Arc<Site>, role: Role, end: Shutdown) {
    if role != Role::Pages
        && let Err(error) = worker::start(Arc::clone(&site), end)
    {
        tracing::error!(error = &error as &dyn std::error::Error, "failed to start the live worker");
    }
    if role != Role::Worker {
        tokio::spawn(hub::follow(Arc::clone(&site)));
        tokio::spawn(site::watch_models(Arc::clone(&site)));
    }
    tokio::spawn(site::watch_bus(site));
}

/// Makes the topics that are missing; without them nothing can be served live.
async fn make_topics(rocket: Rocket<Build>, node: Node) -> fairing::Result {
    let Some(site) = rocket.state::<Arc<Site>>() else { return Err(rocket) };
    match site.topics.ensure(site.bus.as_ref(), node.shape()).await {
        Ok(()) => Ok(rocket),
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "failed to make the topics");
            Err(rocket)
        }
    }
}

/// Loads the model before the first request needs it, and says where to look.
async fn announce(rocket: &Rocket<Orbit>) {
    if let Some(site) = rocket.state::<Arc<Site>>()
        && let Err(failure) = site.live().await
    {
        tracing::warn!("{}", failure.message);
    }
    let address = SocketAddr::new(rocket.config().address, rocket.config().port);
    tracing::info!(%address, "serving http://{address}, Ctrl-C ends it");
}

fn launch_error(error: &rocket::Error, address: SocketAddr) -> Error {
    match error.kind() {
        ErrorKind::Bind(source) | ErrorKind::Io(source) => {
            Error::Bind { address, source: std::io::Error::new(source.kind(), source.to_string()) }
        }
        other => Error::Server { message: other.to_string() },
    }
}

/// The site as a Rocket instance, not yet listening: for [`serve`] and for tests.
///
/// `refresh` is how long an answer may rely on the active version that was looked up last. Only
/// `settings` decides where to listen: neither `Rocket.toml` nor the environment is read.
pub fn build(store: Arc<dyn Store>, bus: Arc<dyn Bus>, settings: &Settings, refresh: Duration) -> Rocket<Build> {
    let site = Arc::new(Site::new(store, bus, &settings.node, refresh));
    let (live, role, node) = (Arc::clone(&site), settings.role, settings.node.clone());
    let rocket = rocket::custom(config(&settings.node))
        .manage(site)
        .attach(AdHoc::try_on_ignite("topics", |rocket| make_topics(rocket, node)))
        .attach(AdHoc::on_liftoff("live", move |rocket| {
            let end = rocket.shutdown();
            Box::pin(async move { start(live, role, end) })
        }))
        .attach(security::Headers)
        .mount("/", routes![metrics::metrics, api::health])
        .register("/", failure::catchers());
    match role {
        Role::Worker => rocket,
        Role::Both | Role::Pages => {
            rocket.mount("/", pages::routes()).mount("/assets", assets::routes()).mount("/api/v1", api::routes())
        }
    }
}

fn config(node: &Node) -> Config {
    Config {
        address: node.address,
        port: node.port,
        log_level: LogLevel::Off,
        cli_colors: false,
        ident: Ident::none(),
        ip_header: None,
        limits: Limits::new().limit("form", 64.kibibytes()).limit("json", 1.mebibytes()),
        ..Config::release_default()
    }
}
