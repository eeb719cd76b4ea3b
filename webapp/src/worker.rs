//! The live worker: from events to new lists, each event once.
//!
//! A batch of messages is applied partition by partition (`lane`): events, lists and the offset to go on at
//! are written in one step, so a message that comes again changes nothing. The update is sent after that; for
//! messages that come again it is sent again, as nobody knows whether it was. Offsets in the store are the
//! truth; those that the bus keeps only say where to begin reading, and where they are ahead of the store
//! (it can lose its last moment with the power, the bus does not) the worker goes back.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use rocket::Shutdown;
use rocket::futures::future::{BoxFuture, FutureExt};
use rocket::futures::{StreamExt, stream};
use streaming::{Member, Message, Place, Received, last_places};
use tokio::runtime::Builder;
use tokio::time::{Instant, sleep_until};

use crate::failure::Failure;
use crate::lane::{Context, Lane, Outcome};
use crate::site::Site;
use crate::topics::Update;

/// Messages that are handled together at most: where many wait, one list follows many of a user's events.
const MOST: usize = 131_072;
/// Partitions that are applied at the same time: while one is written, the next is scored.
const AT_ONCE: usize = 2;
/// Entries of all users that are remembered at most, about 100 bytes each. A full memory starts afresh.
const REMEMBERED: usize = 800_000;
/// How often is committed while there is something.
const COMMIT_EVERY: Duration = Duration::from_millis(500);
/// How long to wait after a failure.
const PAUSE: Duration = Duration::from_millis(500);

/// Starts a worker on a thread and a runtime of its own: applying and scoring keep it busy, and no request
/// waits for it. It ends with the server.
pub(crate) fn start(site: Arc<Site>, end: Shutdown) -> std::io::Result<()> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let until_end = move || {
        runtime.block_on(async move {
            tokio::select! {
                () = work(site) => {}
                () = end => {}
            }
        });
    };
    std::thread::Builder::new().name("live-worker".to_owned()).spawn(until_end).map(drop)
}

/// Failures are logged and tried again.
async fn work(site: Arc<Site>) {
    loop {
        if let Err(failure) = member(&site).await {
            site.metrics.errors.add(1);
            tracing::error!("the live worker begins again: {}", failure.message);
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn member(site: &Site) -> Result<(), Failure> {
    let topics = &site.topics;
    let mut member = site.bus.join(&topics.events, &topics.group, site.worker.as_deref()).await?;
    let mut worker = Worker::new(site).await?;
    let mut done = Done::default();
    loop {
        let messages = tokio::select! {
            messages = member.receive(MOST) => messages?,
            () = sleep_until(done.due()), if !done.places.is_empty() => {
                worker.told.take().wait().await?;
                done.commit(member.as_mut()).await;
                continue;
            }
        };
        done.add(worker.handle(member.as_mut(), messages).await?);
    }
}

/// What has been applied and told, and not been committed: commits only say where to begin after a
/// restart, so one now and then is enough.
struct Done {
    places: BTreeMap<u32, Place>,
    committed: Instant,
}

impl Default for Done {
    fn default() -> Self {
        Self { places: BTreeMap::new(), committed: Instant::now() }
    }
}

impl Done {
    fn add(&mut self, places: Vec<Place>) {
        self.places.extend(places.into_iter().map(|place| (place.partition, place)));
    }

    fn due(&self) -> Instant {
        self.committed + COMMIT_EVERY
    }

    async fn commit(&mut self, member: &mut dyn Member) {
        let places: Vec<Place> = std::mem::take(&mut self.places).into_values().collect();
        // What is not committed comes again and changes nothing.
        if let Err(error) = member.commit(&places).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "failed to commit");
        }
        self.committed = Instant::now();
    }
}

/// Updates on their way to the bus, while the next events are applied.
#[derive(Default)]
struct Told(Option<BoxFuture<'static, Result<Vec<Place>, streaming::Error>>>);

impl Told {
    fn take(&mut self) -> Self {
        std::mem::take(self)
    }

    async fn wait(self) -> Result<(), Failure> {
        if let Some(sending) = self.0 {
            sending.await?;
        }
        Ok(())
    }
}

struct Worker<'a> {
    context: Context<'a>,
    lanes: BTreeMap<u32, Lane>,
    /// The updates of the partition before.
    told: Told,
}

impl<'a> Worker<'a> {
    async fn new(site: &'a Site) -> Result<Self, Failure> {
        let context = Context::new(site).await?;
        let next = site.store.offsets(&context.log).await?.into_iter();
        let lanes = next.map(|(partition, next)| (partition, Lane::new(partition, next))).collect();
        Ok(Self { context, lanes, told: Told::default() })
    }

    /// Applies messages and tells of the lists; gives the places that need not come again.
    async fn handle(&mut self, member: &mut dyn Member, messages: Vec<Received>) -> Result<Vec<Place>, Failure> {
        let mut by_partition: BTreeMap<u32, Vec<Received>> = BTreeMap::new();
        for message in messages {
            by_partition.entry(message.place.partition).or_default().push(message);
        }
        let Self { context, lanes, told } = self;
        if lanes.values().map(Lane::remembered).sum::<usize>() > REMEMBERED {
            lanes.values_mut().for_each(Lane::forget);
        }
        for partition in by_partition.keys() {
            lanes.entry(*partition).or_insert_with(|| Lane::new(*partition, 0));
        }
        let lanes = lanes.iter_mut().filter_map(|(partition, lane)| Some((lane, by_partition.remove(partition)?)));
        let context = &*context;
        let applying = lanes.map(|(lane, messages)| async move {
            let outcome = lane.apply(context, &messages).await?;
            Ok::<_, Failure>((outcome, messages))
        });
        let mut applied = stream::iter(applying).buffered(AT_ONCE);
        let mut done = Vec::new();
        while let Some(applied) = applied.next().await {
            let (outcome, messages) = applied?;
            match outcome {
                Outcome::Applied(updates) => {
                    tell(context.site, told, &updates).await?;
                    done.extend(last_places(&messages));
                    for message in &messages {
                        context.site.metrics.freshness.since(message.time_ms);
                    }
                }
                Outcome::Gap(place) => {
                    let Place { partition, offset } = place;
                    tracing::warn!(partition, offset, "going back to what the store has not seen");
                    member.rewind(place).await?;
                }
            }
        }
        Ok(done)
    }
}

/// Sends updates when those before them are safe, without waiting for it.
async fn tell(site: &Site, told: &mut Told, updates: &[Update]) -> Result<(), Failure> {
    told.take().wait().await?;
    let (bus, topic) = (Arc::clone(&site.bus), site.topics.updates.clone());
    let messages: Vec<Message> = updates.iter().map(message).collect();
    let mut sending = async move { bus.send(&topic, messages).await }.boxed();
    // Hands them over; that they are safe is waited for later.
    match (&mut sending).now_or_never() {
        Some(sent) => drop(sent?),
        None => *told = Told(Some(sending)),
    }
    site.metrics.updates.add(updates.len());
    Ok(())
}

fn message(update: &Update) -> Message {
    let payload = serde_json::to_vec(update).expect("scores of a list are finite");
    Message { key: update.list.user.clone(), payload }
}
