//! Opening a bus by URL.

use std::{collections::BTreeMap, sync::Arc};

use crate::{Bus, Error, embedded::Embedded, kafka::Kafka};

/// Settings of the Kafka client by librdkafka's names, such as `security.protocol`, `sasl.username` and
/// `ssl.ca.location`; they may hold secrets and are never shown. An embedded log has none.
pub type Options = BTreeMap<String, String>;

/// Opens the bus that a URL names.
///
/// - `embedded:PATH`: a durable log in an SQLite file, for the threads of this one process; made if it is missing.
/// - `kafka://HOST:PORT[,HOST:PORT...]`: brokers of a Kafka cluster.
///
/// Kafka is asked for its brokers first: an unreachable one is [`Error::Unreachable`] within seconds.
pub async fn open(url: &str, options: &Options) -> Result<Arc<dyn Bus>, Error> {
    match url.split_once(':') {
        Some(("embedded", path)) if !options.is_empty() => Err(Error::Url {
            url: url.to_owned(),
            problem: format!("the embedded log `{path}` has no options; leave them out"),
        }),
        Some(("embedded", path)) => Ok(Arc::new(Embedded::open(url, path.strip_prefix("//").unwrap_or(path))?)),
        Some(("kafka", brokers)) => Ok(Arc::new(Kafka::open(url, brokers.trim_start_matches("//"), options).await?)),
        _ => Err(Error::Url { url: url.to_owned(), problem: "it begins with no known kind of bus".to_owned() }),
    }
}
