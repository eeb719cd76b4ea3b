//! Where a node listens and which bus it is on: the flags that all commands of a node share.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use streaming::{Bus, Options};

use crate::Error;
use crate::topics::{Shape, Topics};

/// Where a node listens, and the bus that it shares with others.
#[derive(Args, Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Address to serve on; 127.0.0.1 is reached from this machine only.
    #[arg(long, default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    pub address: IpAddr,
    /// Port to serve on; 0 lets the system choose.
    #[arg(long, default_value_t = 8000)]
    pub port: u16,
    /// Bus that events go over: embedded:PATH for this process alone, or kafka://HOST:PORT [default:
    /// a log beside the store].
    #[arg(long, value_name = "URL")]
    pub bus: Option<String>,
    /// File of settings for Kafka, NAME=VALUE a line by librdkafka's names, such as security.protocol,
    /// sasl.username and sasl.password.
    #[arg(long, value_name = "FILE")]
    pub bus_options: Option<PathBuf>,
    /// Partitions of topics that are made: as many workers can share the work.
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub partitions: u32,
    /// Brokers that keep a copy of topics that are made.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    pub replication: u16,
    /// What the names of topics and of the workers' group begin with: one for each shop on a broker.
    #[arg(long, value_name = "TEXT", default_value = "", value_parser = prefix)]
    pub topic_prefix: String,
}

/// What a node does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Role {
    /// Shows pages and applies events.
    #[default]
    Both,
    /// Shows pages; workers elsewhere apply events.
    Pages,
    /// Applies events, and shows nothing but figures and whether it works.
    Worker,
}

impl Default for Node {
    fn default() -> Self {
        Self {
            address: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port: 8000,
            bus: None,
            bus_options: None,
            partitions: 8,
            replication: 1,
            topic_prefix: String::new(),
        }
    }
}

impl Node {
    /// Opens the bus; without a URL that is the embedded log beside the store.
    pub(crate) async fn open_bus(&self, store: &str) -> Result<Arc<dyn Bus>, Error> {
        let beside = || format!("embedded:{}-events", store.strip_prefix("sqlite://").unwrap_or(".cache/store"));
        let url = self.bus.clone().unwrap_or_else(beside);
        Ok(streaming::open(&url, &self.options()?).await?)
    }

    /// The settings of the file; errors show its lines' numbers, not what may be secret in them.
    fn options(&self) -> Result<Options, Error> {
        let Some(file) = &self.bus_options else { return Ok(Options::new()) };
        let text = fs::read_to_string(file)
            .map_err(|source| Error::Options { file: file.clone(), problem: source.to_string() })?;
        let mut options = Options::new();
        for (number, line) in (1..).zip(text.lines()) {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let Some((name, value)) = line.split_once('=') else {
                let problem = format!("line {number}: expected NAME=VALUE, found no `=`");
                return Err(Error::Options { file: file.clone(), problem });
            };
            options.insert(name.trim().to_owned(), value.trim().to_owned());
        }
        Ok(options)
    }

    pub(crate) fn topics(&self) -> Topics {
        Topics::new(&self.topic_prefix)
    }

    pub(crate) fn shape(&self) -> Shape {
        Shape { partitions: self.partitions, replication: self.replication }
    }

    pub(crate) fn socket(&self) -> SocketAddr {
        SocketAddr::new(self.address, self.port)
    }

    /// What a worker is called, the same after a restart: nobody else on this machine has the port.
    pub(crate) fn name(&self) -> Option<String> {
        let machine = rustix::system::uname();
        let machine = machine.nodename().to_string_lossy();
        (self.port != 0).then(|| format!("{machine}-{}", self.port))
    }
}

fn prefix(text: &str) -> Result<String, String> {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "._-".contains(letter);
    if text.len() <= 100 && text.chars().all(is_plain) {
        return Ok(text.to_owned());
    }
    Err("expected up to 100 letters, digits, `.`, `_` and `-`, such as `shop.`".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options_of(text: &str) -> Result<Options, String> {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), text).unwrap();
        let node = Node { bus_options: Some(file.path().to_owned()), ..Node::default() };
        node.options().map_err(|error| error.to_string())
    }

    #[test]
    fn options_are_names_and_values() {
        let options = options_of("# comment\n\n sasl.password = a=b \nsecurity.protocol=SASL_SSL\n").unwrap();
        assert_eq!(options["sasl.password"], "a=b");
        assert_eq!(options.len(), 2);
        assert!(options_of("sasl.password s3cret").unwrap_err().ends_with("line 1: expected NAME=VALUE, found no `=`"));
    }

    #[test]
    fn prefixes_are_what_topics_may_be_named() {
        assert_eq!(prefix("shop-1.").unwrap(), "shop-1.");
        assert!(prefix("a b").is_err() && prefix(&"a".repeat(101)).is_err());
    }
}
