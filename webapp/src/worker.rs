//! The live worker: from events to new lists, each event once.
//!
//! A batch of messages is applied partition by partition: events, lists and the offset to go on at are
//! written in one step, so a message that comes again changes nothing. The update is sent after that; for
//! messages that come again it is sent again, as nobody knows whether it was. Offsets in the store are the
//! truth; those that the bus keeps only say where to begin reading, and where they are ahead of the store
//! (it can lose its last moment with the power, the bus does not) the worker goes back.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use rocket::Shutdown;
use rocket::futures::future::{BoxFuture, FutureExt, try_join_all};
use storage::{EventRecord, LiveBatch, LiveList, Preferences, UserPreferences};
use streaming::{Member, Message, Place, Received, last_places};
use tokio::runtime::Builder;
use tokio::time::{Instant, sleep_until};

use crate::activity::Gains;
use crate::events::{Deed, parse};
use crate::failure::Failure;
use crate::known::Known;
use crate::live::LiveModel;
use crate::metrics::now_ms;
use crate::products::{self, Described};
use crate::recommend::{Grounds, best_for};
use crate::site::Site;
use crate::states::States;
use crate::strangers::StandIns;
use crate::topics::{DeadLetter, Update};

/// Messages that are handled together at most: where many wait, one list follows many of a user's events.
const MOST: usize = 131_072;
/// Length of the lists that are kept and sent.
pub(crate) const LIST: usize = 12;
/// Users who are scored faster one after the other than by other threads.
const FEW: usize = 8;
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
    site: &'a Site,
    /// Name of the log in the store.
    log: String,
    /// Where to go on in each partition, as far as this worker knows.
    next: BTreeMap<u32, u64>,
    /// Where it has gone back to in each partition: what does not come then is not there any more.
    back: BTreeMap<u32, u64>,
    states: States,
    /// The updates of the batch before.
    told: Told,
}

/// What the messages of a partition hold.
#[derive(Default)]
struct Sorted {
    /// Events that are not known yet, by user, each id once.
    new: BTreeMap<String, Vec<EventRecord>>,
    /// The newest preferences of users who have others now.
    wishes: BTreeMap<String, Preferences>,
    /// Where the last message of each user lies.
    last: BTreeMap<String, Place>,
    /// Products that are new or have changed.
    products: Vec<Described>,
    dead: Vec<DeadLetter>,
}

/// A new list, and what its reasons are told from.
type Scored = (LiveList, Grounds);

/// How a batch went.
enum Outcome {
    Applied(Vec<Update>),
    /// Another worker has been here meanwhile.
    Elsewhere,
    /// Messages before it are missing.
    Gap(Place),
}

impl<'a> Worker<'a> {
    async fn new(site: &'a Site) -> Result<Self, Failure> {
        let log = site.log().await?;
        let next = site.store.offsets(&log).await?;
        Ok(Self { site, log, next, back: BTreeMap::new(), states: States::default(), told: Told::default() })
    }

    /// Applies messages and tells of the lists; gives the places that need not come again.
    async fn handle(&mut self, member: &mut dyn Member, messages: Vec<Received>) -> Result<Vec<Place>, Failure> {
        let mut by_partition: BTreeMap<u32, Vec<Received>> = BTreeMap::new();
        for message in messages {
            by_partition.entry(message.place.partition).or_default().push(message);
        }
        let (mut done, mut updates) = (Vec::new(), Vec::new());
        for (partition, messages) in by_partition {
            loop {
                match self.apply(partition, &messages).await? {
                    Outcome::Applied(more) => {
                        updates.extend(more);
                        done.extend(last_places(&messages));
                        for message in &messages {
                            self.site.metrics.freshness.since(message.time_ms);
                        }
                        break;
                    }
                    Outcome::Elsewhere => self.look_again(partition).await?,
                    Outcome::Gap(place) => {
                        tracing::warn!(partition, offset = place.offset, "going back to what the store has not seen");
                        member.rewind(place).await?;
                        break;
                    }
                }
            }
        }
        self.tell(&updates).await?;
        Ok(done)
    }

    /// Sends updates when those before them are safe, without waiting for it.
    async fn tell(&mut self, updates: &[Update]) -> Result<(), Failure> {
        self.told.take().wait().await?;
        let (bus, topic) = (Arc::clone(&self.site.bus), self.site.topics.updates.clone());
        let messages: Vec<Message> = updates.iter().map(message).collect();
        let mut sending = async move { bus.send(&topic, messages).await }.boxed();
        // Hands them over; that they are safe is waited for later.
        match (&mut sending).now_or_never() {
            Some(sent) => drop(sent?),
            None => self.told = Told(Some(sending)),
        }
        self.site.metrics.updates.add(updates.len());
        Ok(())
    }

    async fn look_again(&mut self, partition: u32) -> Result<(), Failure> {
        self.next = self.site.store.offsets(&self.log).await?;
        self.states.forget(partition);
        Ok(())
    }

    async fn apply(&mut self, partition: u32, messages: &[Received]) -> Result<Outcome, Failure> {
        let next = self.next.get(&partition).copied().unwrap_or(0);
        let (before, new) = messages.split_at(messages.partition_point(|message| message.place.offset < next));
        let mut updates = self.told_before(before).await?;
        let (Some(first), Some(last)) = (new.first(), new.last()) else { return Ok(Outcome::Applied(updates)) };
        if first.place.offset > next {
            if self.back.get(&partition) != Some(&next) {
                // The partition may have been another worker's meanwhile: it has gone on from there.
                self.look_again(partition).await?;
                let next = self.next.get(&partition).copied().unwrap_or(0);
                if first.place.offset > next {
                    self.back.insert(partition, next);
                    return Ok(Outcome::Gap(Place { partition, offset: next }));
                }
                return Ok(Outcome::Elsewhere);
            }
            self.states.forget(partition);
        }
        let (from, next) = (first.place.offset, last.place.offset + 1);
        let sorted = self.sort(new).await?;
        self.bury(&sorted.dead).await?;
        let (new, gains) = self.lists(partition, &sorted).await?;
        let (lists, grounds): (Vec<LiveList>, Vec<Grounds>) = new.into_iter().unzip();
        let events: Vec<EventRecord> = sorted.new.into_values().flatten().collect();
        let count = events.len();
        let preferences = sorted.wishes.into_iter();
        let preferences = preferences.map(|(user, preferences)| UserPreferences { user, preferences }).collect();
        let log = self.log.clone();
        let (activity, pairs) = gains.into_parts();
        let batch = LiveBatch { log, partition, from, next, events, preferences, lists, activity, pairs };
        if !self.site.store.apply(&batch).await? {
            return Ok(Outcome::Elsewhere);
        }
        self.next.insert(partition, next);
        self.site.metrics.applied.add(count);
        let new = batch.lists.into_iter().zip(grounds);
        updates.extend(new.map(|(list, grounds)| Update { list, grounds: Some(grounds) }));
        Ok(Outcome::Applied(updates))
    }

    async fn sort(&self, messages: &[Received]) -> Result<Sorted, Failure> {
        let mut sorted = Sorted::default();
        let mut records = Vec::with_capacity(messages.len());
        for message in messages {
            match parse(message) {
                Ok(Deed::Done(record)) => records.push((record, message.place)),
                Ok(Deed::Wished(wished)) => {
                    sorted.last.insert(wished.user.clone(), message.place);
                    sorted.wishes.insert(wished.user, wished.preferences);
                }
                Ok(Deed::Described(user, product)) => {
                    sorted.last.insert(user, message.place);
                    sorted.products.push(product);
                }
                Err(reason) => sorted.dead.push(dead_letter(message, reason)),
            }
        }
        self.put_products(messages, &mut sorted).await?;
        let ids: Vec<String> = records.iter().map(|(record, _)| record.id.clone()).collect();
        let mut known: BTreeSet<String> = self.site.store.known_events(&ids).await?;
        for (record, place) in records {
            let last = sorted.last.entry(record.user.clone()).or_insert(place);
            *last = place.max(*last);
            if known.insert(record.id.clone()) {
                sorted.new.entry(record.user.clone()).or_default().push(record);
            } else {
                self.site.metrics.duplicates.add(1);
            }
        }
        Ok(sorted)
    }

    /// Writes products before anything is scored; that may come again and then changes nothing.
    async fn put_products(&self, messages: &[Received], sorted: &mut Sorted) -> Result<(), Failure> {
        let store = self.site.store.as_ref();
        if sorted.products.is_empty() || products::put(store, &sorted.products).await? {
            if let Ok(live) = self.site.live().await {
                live.forget(sorted.products.iter().map(|product| product.asin.as_str()));
            }
            return Ok(());
        }
        let described = messages.iter().filter(|message| matches!(parse(message), Ok(Deed::Described(..))));
        let reason = "no catalogue is loaded that the product could go into";
        sorted.dead.extend(described.map(|message| dead_letter(message, reason.to_owned())));
        Ok(())
    }

    /// The list of each user of the messages, none while no model is published; and what they teach about
    /// items.
    async fn lists(&mut self, partition: u32, sorted: &Sorted) -> Result<(Vec<Scored>, Gains), Failure> {
        let live = self.site.live().await.ok();
        self.states.follow(live.as_ref());
        let mut gains = Gains::default();
        let now = now_ms();
        self.states.remember(self.site.store.as_ref(), partition, sorted.last.keys()).await?;
        let mut users = Vec::with_capacity(sorted.last.len());
        for (user, place) in &sorted.last {
            let events = sorted.new.get(user).map_or(&[][..], Vec::as_slice);
            let learn = |known: &mut Known| {
                gains.add(known.events(), events, now);
                known.learn(events, sorted.wishes.get(user));
            };
            users.push((user.clone(), *place, self.states.change(partition, user, learn)));
        }
        let Some(live) = live else { return Ok((Vec::new(), gains)) };
        let known = users.iter().map(|(_, _, known)| known.as_ref());
        let stand_ins = StandIns::of(self.site.store.as_ref(), &live, known).await?;
        Ok((score(&live, users, stand_ins).await?, gains))
    }

    /// The lists that users of these messages have already.
    async fn told_before(&self, messages: &[Received]) -> Result<Vec<Update>, Failure> {
        let users: BTreeSet<String> =
            messages.iter().filter_map(|message| parse(message).ok()).map(Deed::user).collect();
        let mut updates = Vec::new();
        for user in users {
            let kept = self.site.store.live_list(&user).await?;
            updates.extend(kept.map(|list| Update { list, grounds: None }));
        }
        Ok(updates)
    }

    async fn bury(&self, letters: &[DeadLetter]) -> Result<(), Failure> {
        let message = |letter: &DeadLetter| Message {
            key: format!("{}-{}", letter.partition, letter.offset),
            payload: serde_json::to_vec(letter).expect("a letter is made of texts and numbers"),
        };
        if let Some(letter) = letters.first() {
            let dead = &self.site.topics.dead;
            tracing::warn!(count = letters.len(), reason = letter.reason, "events that cannot be taken go to {dead}");
            self.site.bus.send(dead, letters.iter().map(message).collect()).await?;
            self.site.metrics.dead.add(letters.len());
        }
        Ok(())
    }
}

/// Lists for what is known of each user; of many on as many threads as there are processors.
async fn score(
    live: &Arc<LiveModel>,
    users: Vec<(String, Place, Arc<Known>)>,
    stand_ins: StandIns,
) -> Result<Vec<Scored>, Failure> {
    let scored = |(user, Place { partition, offset }, known): (String, Place, Arc<Known>),
                  live: &LiveModel,
                  stand_ins: &StandIns| {
        let (items, grounds) = best_for(live, &known, stand_ins, LIST);
        (LiveList { user, version: live.version.version.clone(), partition, offset, items }, grounds)
    };
    if users.len() <= FEW {
        return Ok(users.into_iter().map(|user| scored(user, live, &stand_ins)).collect());
    }
    let stand_ins = Arc::new(stand_ins);
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let share = users.len().div_ceil(threads);
    let mut users = users.into_iter();
    let mut tasks = Vec::new();
    while users.len() > 0 {
        let (live, stand_ins) = (Arc::clone(live), Arc::clone(&stand_ins));
        let part: Vec<_> = users.by_ref().take(share).collect();
        tasks.push(tokio::task::spawn_blocking(move || {
            part.into_iter().map(|user| scored(user, &live, &stand_ins)).collect::<Vec<Scored>>()
        }));
    }
    let lists = try_join_all(tasks).await.map_err(|error| Failure::internal("score items", &error))?;
    Ok(lists.into_iter().flatten().collect())
}

fn dead_letter(message: &Received, reason: String) -> DeadLetter {
    let Place { partition, offset } = message.place;
    let payload = String::from_utf8_lossy(&message.payload).into_owned();
    DeadLetter { reason, partition, offset, key: message.key.clone(), payload }
}

fn message(update: &Update) -> Message {
    let payload = serde_json::to_vec(update).expect("scores of a list are finite");
    Message { key: update.list.user.clone(), payload }
}
