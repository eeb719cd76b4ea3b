//! Starting and ending the server.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use rocket::config::{Config, Ident, LogLevel};
use rocket::data::{Limits, ToByteUnit};
use rocket::error::ErrorKind;
use rocket::fairing::AdHoc;
use rocket::{Build, Rocket};
use storage::Store;

use crate::{Error, api, assets, failure, pages, security, site::Site};

/// How long an answer may at most rely on the version that was active when it was last looked up.
const REFRESH: Duration = Duration::from_secs(1);

/// Where to serve what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// URL of the store: `sqlite://PATH` or `mongodb://HOST:PORT/DATABASE`.
    pub store: String,
    /// Address to listen on; only this machine can reach the default, 127.0.0.1.
    pub address: IpAddr,
    /// Port to listen on; 0 lets the system choose one.
    pub port: u16,
}

impl Default for Settings {
    fn default() -> Self {
        Self { store: "sqlite://.cache/store.db".to_owned(), address: IpAddr::V4(Ipv4Addr::LOCALHOST), port: 8000 }
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
    let address = SocketAddr::new(settings.address, settings.port);
    let announce = AdHoc::on_liftoff("announce", |rocket| {
        Box::pin(async move {
            let address = SocketAddr::new(rocket.config().address, rocket.config().port);
            tracing::info!(%address, "serving http://{address}, Ctrl-C ends it");
        })
    });
    match build(store, &settings, REFRESH).attach(announce).launch().await {
        Ok(_) => Ok(()),
        Err(error) => Err(launch_error(&error, address)),
    }
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
pub fn build(store: Arc<dyn Store>, settings: &Settings, refresh: Duration) -> Rocket<Build> {
    rocket::custom(config(settings))
        .manage(Site::new(store, refresh))
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
