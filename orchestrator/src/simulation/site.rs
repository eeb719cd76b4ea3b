//! A running site, asked through its REST API.
//!
//! A request that fails because the site is away for a moment is tried again: events have ids, so one that
//! was taken although its answer was lost changes nothing when it comes again.

use std::{
    fmt::Write as _,
    io::{self, BufRead, BufReader, Read},
    net::IpAddr,
    thread,
    time::{Duration, Instant},
};

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;
use ureq::{Agent, Body, BodyReader, http::Response, http::Uri};

use super::failure::SimulationError;

/// How long an answer may take.
const ANSWER: Duration = Duration::from_secs(30);
/// How long a list may take to follow an event.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often a request is sent at most.
const ATTEMPTS: u32 = 5;
/// Pause before the second attempt; it doubles.
const PAUSE: Duration = Duration::from_millis(250);
/// Largest answer that is read.
const MOST_BYTES: u64 = 16 << 20;
/// How much of a line of a stream is looked at.
const LINE_BYTES: u64 = 256;
/// Products of one page of the catalogue.
const PAGE: usize = 100;

/// Where an event lies in the log, as receipts and streams name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    partition: u32,
    offset: u64,
}

impl Place {
    fn parse(text: &str) -> Option<Self> {
        let (partition, offset) = text.trim().split_once('-')?;
        Some(Self { partition: partition.parse().ok()?, offset: offset.parse().ok()? })
    }

    /// Whether a list of this place knows of the event at the other one.
    pub fn covers(self, other: Self) -> bool {
        self.partition == other.partition && self.offset >= other.offset
    }
}

/// What a site serves.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Served {
    /// Name of what was published.
    pub version: String,
    /// Name of the stage that made the model.
    pub model: String,
}

/// What is needed of a product.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Product {
    /// Its key.
    pub asin: String,
    /// From general to special.
    #[serde(default)]
    pub categories: Vec<String>,
    /// Its brand.
    #[serde(default)]
    pub brand: Option<String>,
    /// How often it was rated.
    #[serde(default)]
    pub rating_count: u32,
}

#[derive(Deserialize)]
struct Listing<T> {
    items: Vec<T>,
}

/// What became of posted events.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Receipt {
    /// New ones.
    pub accepted: u64,
    /// Those whose id the site knew.
    pub duplicates: u64,
    #[serde(default)]
    places: Vec<String>,
    /// How long the answer took, if the first attempt brought it.
    #[serde(skip)]
    pub took: Option<Duration>,
}

impl Receipt {
    /// Where the event lies; none if it is not new.
    pub fn place(&self) -> Option<Place> {
        self.places.last().and_then(|place| Place::parse(place))
    }
}

/// An event that the site refuses.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Fault {
    /// Which of the events.
    pub index: usize,
    /// The faulty field; `item` for a product that the site does not know.
    pub field: String,
}

#[derive(Default, Deserialize)]
struct Refusal {
    #[serde(default)]
    message: String,
    #[serde(default)]
    details: Vec<Fault>,
}

#[derive(Default, Deserialize)]
struct Failed {
    #[serde(default)]
    error: Refusal,
}

/// A site.
#[derive(Clone)]
pub struct Site {
    agent: Agent,
    base: String,
}

impl Site {
    /// The site at an address, for so many requests at the same time; the message if that is no address.
    pub fn at(address: &str, at_once: usize) -> Result<Self, String> {
        let uri: Option<Uri> = address.parse().ok();
        let host = uri.as_ref().filter(|uri| matches!(uri.scheme_str(), Some("http" | "https"))).and_then(Uri::host);
        let Some(host) = host.filter(|host| !host.is_empty()) else {
            return Err(format!("--to {address}: expected an address such as http://127.0.0.1:8000"));
        };
        let mut config = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_connect(Some(PATIENCE))
            .timeout_global(Some(ANSWER))
            .max_idle_connections(at_once)
            .max_idle_connections_per_host(at_once)
            .user_agent(concat!("orchestrator/", env!("CARGO_PKG_VERSION")));
        let address_of_host = host.trim_matches(['[', ']']).parse::<IpAddr>();
        if host == "localhost" || address_of_host.is_ok_and(|host| host.is_loopback()) {
            // A proxy would look for the site on its own machine.
            config = config.proxy(None);
        }
        Ok(Self { agent: config.build().into(), base: address.trim_end_matches('/').to_owned() })
    }

    /// Its address.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The address of a user's page.
    pub fn page(&self, user: &str) -> String {
        format!("{}/users/{}", self.base, encoded(user))
    }

    /// What it serves. The first question to a site: it is asked once.
    pub fn served(&self) -> Result<Served, SimulationError> {
        let url = format!("{}/api/v1/models/active", self.base);
        let response = self.agent.get(&url).call().map_err(|source| self.unreachable(source))?;
        if response.status().as_u16() == 503 {
            let failed: Failed = decoded(&url, response, "JSON")?;
            return Err(SimulationError::NotReady { base: self.base.clone(), message: failed.error.message });
        }
        expect(&url, response, 200, "the model that is served")
    }

    /// Its products, most rated first, as many as wanted or as there are.
    pub fn products(&self, wanted: usize) -> Result<Vec<Product>, SimulationError> {
        let mut products: Vec<Product> = Vec::new();
        while products.len() < wanted {
            let (offset, limit) = (products.len(), PAGE.min(wanted - products.len()));
            let url = format!("{}/api/v1/products?offset={offset}&limit={limit}", self.base);
            let listing: Listing<Product> = expect(&url, self.get(&url)?, 200, "a list of products")?;
            let is_last = listing.items.len() < limit;
            products.extend(listing.items);
            if is_last {
                break;
            }
        }
        Ok(products)
    }

    /// Keys of what is on a user's page now, best first, and how long the answer took; none if the site
    /// takes no such user.
    pub fn list(&self, user: &str, k: usize) -> Result<Option<(Vec<String>, Duration)>, SimulationError> {
        #[derive(Deserialize)]
        struct Item {
            asin: String,
        }
        let url = format!("{}/api/v1/users/{}/recommendations?k={k}", self.base, encoded(user));
        let started = Instant::now();
        let response = self.get(&url)?;
        if response.status().as_u16() == 422 {
            return Ok(None);
        }
        let listing: Listing<Item> = expect(&url, response, 200, "a list of recommendations")?;
        Ok(Some((listing.items.into_iter().map(|item| item.asin).collect(), started.elapsed())))
    }

    /// Posts events: all of them are taken, or none and the faulty ones named.
    pub fn post(&self, events: &[Value]) -> Result<Result<Receipt, Vec<Fault>>, SimulationError> {
        let url = format!("{}/api/v1/events", self.base);
        let body = serde_json::to_vec(events).expect("events are made of texts and finite numbers");
        let mut sent = Instant::now();
        let mut attempts = 0;
        let response = self.tried(&url, || {
            (sent, attempts) = (Instant::now(), attempts + 1);
            self.agent.post(&url).header("Content-Type", "application/json").send(&body)
        })?;
        if response.status().as_u16() == 422 {
            let failed: Failed = decoded(&url, response, "the faults of the events")?;
            return Ok(Err(failed.error.details));
        }
        let mut receipt: Receipt = expect(&url, response, 202, "a receipt")?;
        receipt.took = (attempts == 1).then(|| sent.elapsed());
        if attempts > 1 {
            // A lost answer may have been that of the same events.
            (receipt.accepted, receipt.duplicates) = (receipt.accepted + receipt.duplicates, 0);
        }
        Ok(Ok(receipt))
    }

    /// A user's open page: the places of its lists, as they come.
    pub fn open_page(&self, user: &str) -> Result<OpenPage, SimulationError> {
        self.stream(user, None)
    }

    /// Waits until a user's list knows of an event; false if that takes too long.
    pub fn shown(&self, user: &str, place: Place) -> Result<bool, SimulationError> {
        let mut page = self.stream(user, Some(PATIENCE))?;
        // A stream that ends or is silent for too long has nothing to tell.
        while let Ok(Some(seen)) = page.next_place() {
            if seen.covers(place) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn stream(&self, user: &str, limit: Option<Duration>) -> Result<OpenPage, SimulationError> {
        let url = format!("{}/api/v1/users/{}/stream", self.base, encoded(user));
        let response = self.tried(&url, || self.agent.get(&url).config().timeout_global(limit).build().call())?;
        if response.status().as_u16() != 200 {
            return Err(wrong(&url, "a stream", response));
        }
        Ok(OpenPage { lines: BufReader::new(response.into_body().into_reader()) })
    }

    fn get(&self, url: &str) -> Result<Response<Body>, SimulationError> {
        self.tried(url, || self.agent.get(url).call())
    }

    fn tried(
        &self,
        url: &str,
        mut send: impl FnMut() -> Result<Response<Body>, ureq::Error>,
    ) -> Result<Response<Body>, SimulationError> {
        let mut pause = PAUSE;
        for attempt in 1.. {
            match send() {
                Ok(response) if response.status().as_u16() != 503 => return Ok(response),
                Ok(response) if attempt == ATTEMPTS => return Ok(response),
                Err(source) if attempt == ATTEMPTS => return Err(self.unreachable(source)),
                Ok(_) => tracing::debug!("{url}: the site is not ready; attempt {attempt}"),
                Err(error) => tracing::debug!("{url}: {error}; attempt {attempt}"),
            }
            thread::sleep(pause);
            pause *= 2;
        }
        unreachable!("the last attempt ends the loop")
    }

    fn unreachable(&self, source: ureq::Error) -> SimulationError {
        SimulationError::Unreachable { base: self.base.clone(), source: Box::new(source) }
    }
}

/// A page that stays open.
pub struct OpenPage {
    lines: BufReader<BodyReader<'static>>,
}

impl OpenPage {
    /// The place of the next list, when all of it has come; none when the stream ends.
    pub fn next_place(&mut self) -> io::Result<Option<Place>> {
        next_place(&mut self.lines)
    }
}

/// Reads one event with an id: only lists have one. Of a line no more is kept than is needed.
fn next_place(lines: &mut impl BufRead) -> io::Result<Option<Place>> {
    let (mut line, mut place) = (Vec::new(), None);
    loop {
        line.clear();
        if lines.by_ref().take(LINE_BYTES).read_until(b'\n', &mut line)? == 0 {
            return Ok(None);
        }
        if !line.ends_with(b"\n") {
            lines.skip_until(b'\n')?;
        }
        let text = String::from_utf8_lossy(&line);
        match text.trim_end().strip_prefix("id:") {
            Some(id) => place = Place::parse(id),
            None if text.trim_end().is_empty() && place.is_some() => return Ok(place),
            None => {}
        }
    }
}

fn expect<T: DeserializeOwned>(
    url: &str,
    response: Response<Body>,
    status: u16,
    expected: &'static str,
) -> Result<T, SimulationError> {
    if response.status().as_u16() == status {
        decoded(url, response, expected)
    } else {
        Err(wrong(url, expected, response))
    }
}

fn decoded<T: DeserializeOwned>(
    url: &str,
    mut response: Response<Body>,
    expected: &'static str,
) -> Result<T, SimulationError> {
    let failed = |found: String| SimulationError::Answer { url: url.to_owned(), expected, found };
    let bytes = response.body_mut().with_config().limit(MOST_BYTES).read_to_vec();
    let bytes = bytes.map_err(|error| failed(format!("broken off: {error}")))?;
    serde_json::from_slice(&bytes).map_err(|error| failed(format!("not in that form: {error}")))
}

fn wrong(url: &str, expected: &'static str, response: Response<Body>) -> SimulationError {
    let status = response.status();
    let failed: Failed = decoded(url, response, expected).unwrap_or_default();
    let found = format!("{status} {}", failed.error.message).trim_end().to_owned();
    SimulationError::Answer { url: url.to_owned(), expected, found }
}

/// A text as one part of a path (RFC 3986, section 2.3).
fn encoded(text: &str) -> String {
    let mut path = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            path.push(char::from(byte));
        } else {
            let _ = write!(path, "%{byte:02X}");
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_of_any_name_have_a_path() {
        let site = Site::at("http://127.0.0.1:1/", 1).unwrap();
        assert_eq!(site.page("a/ü?~"), "http://127.0.0.1:1/users/a%2F%C3%BC%3F~");
    }

    #[test]
    fn only_web_addresses_are_taken() {
        for wrong in ["", "localhost:8000", "ftp://host", "http://", "not an address"] {
            assert!(Site::at(wrong, 1).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_list_is_there_when_all_of_it_has_come() {
        let long = "x".repeat(100_000);
        let text = format!(
            "retry: 1000\n\n:\n\ndata: {long}\nevent: recommendations\nid: 3-17\n\n\
             event: state\ndata: {{}}\n\nid:3-18\ndata: 1\n\nid: 3-19\n"
        );
        let mut lines = BufReader::new(text.as_bytes());
        let mut next = || next_place(&mut lines).unwrap();
        assert_eq!(next(), Place::parse("3-17"));
        assert_eq!(next(), Place::parse("3-18"));
        assert_eq!(next(), None, "the last one was cut off");
    }

    #[test]
    fn a_later_place_of_the_partition_covers_an_earlier_one() {
        let place = |text| Place::parse(text).unwrap();
        assert!(place("3-17").covers(place("3-17")) && place("3-18").covers(place("3-17")));
        assert!(!place("3-16").covers(place("3-17")) && !place("2-18").covers(place("3-17")));
        assert_eq!(["", "3", "-", "3-x", "x-3", "3-1-2"].map(Place::parse), [None; 6]);
    }
}
