//! Starting and ending the server.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use rocket::config::{Config, Ident, LogLevel};
use rocket::data::{Limits, ToByteUnit};
use rocket::error::ErrorKind;
use rocket::fairing::AdHoc;
use rocket::{Build, Orbit, Rocket, fairing};
use storage::Store;
use streaming::{Bus, Options};

use crate::topics::{self, Shape};
use crate::{Error, api, assets, failure, hub, pages, security, site::Site, worker};

/// How long an answer may at most rely on the version that was active when it was last looked up.
const REFRESH: Duration = Duration::from_secs(1);

/// Partitions and copies of topics that are not there yet.
const SHAPE: Shape = Shape { partitions: 8, replication: 1 };

/// Where to serve what.
#[derive(Clone, PartialEq, Eq)]
pub struct Settings {
    /// URL of the store: `sqlite://PATH` or `mongodb://HOST:PORT/DATABASE`.
    pub store: String,
    /// URL of the bus: `embedded:PATH` or `kafka://HOST:PORT`; if left out a log beside the store's file.
    pub bus: Option<String>,
    /// Address to listen on; only this machine can reach the default, 127.0.0.1.
    pub address: IpAddr,
    /// Port to listen on; 0 lets the system choose one.
    pub port: u16,
}

/// Shows only the kind of the store: its URL may hold a password.
impl fmt::Debug for Settings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = self.store.split_once("://").map_or("", |(kind, _)| kind);
        let Self { bus, address, port, .. } = self;
        write!(formatter, "Settings {{ store: {kind}://..., bus: {bus:?}, address: {address}, port: {port} }}")
    }
}

impl Default for Settings {
    fn default() -> Self {
        let store = "sqlite://.cache/store.db".to_owned();
        Self { store, bus: None, address: IpAddr::V4(Ipv4Addr::LOCALHOST), port: 8000 }
    }
}

/// Serves until Ctrl-C or a termination signal, with threads of its own.
///
/// Logs the address when ready. Everything is logged through `tracing` under the target `webapp`;
/// the web framework logs for itself under `rocket`, which a subscriber does well to leave out.
pub fn serve(settings: Settings) -> Result<(), Error> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_name("webapp")
        .build()
        .map_err(|source| Error::Threads { source })?;
    let result = runtime.block_on(run(settings));
    runtime.shutdown_timeout(REFRESH);
    result
}

async fn run(settings: Settings) -> Result<(), Error> {
    let store = storage::open(&settings.store).await?;
    let bus = settings.bus.clone().unwrap_or_else(|| log_beside(&settings.store));
    let bus = streaming::open(&bus, &Options::new()).await?;
    let address = SocketAddr::new(settings.address, settings.port);
    let ready = AdHoc::on_liftoff("ready", |rocket| Box::pin(announce(rocket)));
    match build(store, bus, &settings, REFRESH).attach(ready).launch().await {
        Ok(_) => Ok(()),
        Err(error) => Err(launch_error(&error, address)),
    }
}

/// The embedded log that goes with a store.
fn log_beside(store: &str) -> String {
    let path = store.strip_prefix("sqlite://").unwrap_or(".cache/store");
    format!("embedded:{path}-events")
}

/// Starts the live worker and the reader of its updates; they end with the server's threads.
async fn start(site: Arc<Site>) {
    tokio::spawn(worker::work(Arc::clone(&site)));
    tokio::spawn(hub::follow(site));
}

/// Makes the topics that are missing; without them nothing can be served live.
async fn make_topics(rocket: Rocket<Build>) -> fairing::Result {
    let Some(site) = rocket.state::<Arc<Site>>() else { return Err(rocket) };
    match topics::ensure(site.bus.as_ref(), SHAPE).await {
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
    let site = Arc::new(Site::new(store, bus, refresh));
    let live = Arc::clone(&site);
    rocket::custom(config(settings))
        .manage(site)
        .attach(AdHoc::try_on_ignite("topics", make_topics))
        .attach(AdHoc::on_liftoff("live", |_| Box::pin(start(live))))
        .attach(security::Headers)
        .mount("/", pages::routes())
        .mount("/assets", assets::routes())
        .mount("/api/v1", api::routes())
        .register("/", failure::catchers())
}

fn config(settings: &Settings) -> Config {
    Config {
        address: settings.address,
        port: settings.port,
        log_level: LogLevel::Off,
        cli_colors: false,
        ident: Ident::none(),
        ip_header: None,
        limits: Limits::new().limit("form", 64.kibibytes()).limit("json", 1.mebibytes()),
        ..Config::release_default()
    }
}
