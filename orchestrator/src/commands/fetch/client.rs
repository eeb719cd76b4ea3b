//! The HTTP client, with proxies and certificates from the environment.

use std::{env, fs, path::PathBuf, time::Duration};

use ureq::{
    Agent,
    tls::{PemItem, RootCerts, TlsConfig, parse_pem},
};

use super::failure::FetchError;

/// Names a file of the certificates to trust instead of the built-in ones, as it does for OpenSSL: for
/// networks whose proxy opens encrypted connections.
const CERTIFICATES: &str = "SSL_CERT_FILE";

/// A client that takes a connection for broken which is silent for `stall`. Status codes are no errors.
pub fn client(stall: Duration) -> Result<Agent, FetchError> {
    let config = Agent::config_builder()
        .http_status_as_error(false)
        .timeout_connect(Some(stall))
        .timeout_recv_response(Some(stall))
        .timeout_per_read(Some(stall))
        .tls_config(TlsConfig::builder().root_certs(roots()?).build())
        .user_agent(concat!("orchestrator/", env!("CARGO_PKG_VERSION")));
    Ok(config.build().into())
}

fn roots() -> Result<RootCerts, FetchError> {
    let Some(path) = env::var_os(CERTIFICATES).filter(|path| !path.is_empty()).map(PathBuf::from) else {
        return Ok(RootCerts::WebPki);
    };
    let pem = fs::read(&path).map_err(FetchError::io("read the certificates of SSL_CERT_FILE in", &path))?;
    let certificate = |item| match item {
        Ok(PemItem::Certificate(certificate)) => Some(certificate),
        _ => None,
    };
    Ok(parse_pem(&pem).filter_map(certificate).collect::<Vec<_>>().into())
}
