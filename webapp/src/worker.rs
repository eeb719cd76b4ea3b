//! The live worker: from events to new lists, each event once.
//!
//! A batch of messages is applied partition by partition: events, lists and the offset to go on at are
//! written in one step, so a message that comes again changes nothing. The update is sent after that; for
//! messages that come again it is sent again, as nobody knows whether it was. Offsets in the store are the
//! truth; those that the bus keeps only say where to begin reading.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use rocket::futures::{StreamExt, TryStreamExt, stream};
use storage::{EventRecord, LiveBatch, LiveList, Preferences, UserPreferences};
use streaming::{Member, Message, Place, Received, last_places};

use crate::events::{Deed, parse};
use crate::failure::Failure;
use crate::live::LiveModel;
use crate::recommend::{News, recommend_after};
use crate::site::Site;
use crate::topics::{DEAD, DeadLetter, EVENTS, GROUP, UPDATES, Update};

/// Messages that are handled together at most.
const MOST: usize = 1_000;
/// Length of the lists that are kept and sent.
pub(crate) const LIST: usize = 12;
/// Users who are scored at the same time.
const AT_ONCE: usize = 4;
/// How long to wait after a failure.
const PAUSE: Duration = Duration::from_millis(500);

/// Works until the task is dropped; failures are logged and tried again.
pub(crate) async fn work(site: Arc<Site>) {
    loop {
        if let Err(failure) = member(&site).await {
            tracing::error!("the live worker begins again: {}", failure.message);
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn member(site: &Site) -> Result<(), Failure> {
    let mut member = site.bus.join(EVENTS, GROUP).await?;
    let mut worker = Worker::new(site).await?;
    loop {
        let messages = member.receive(MOST).await?;
        worker.handle(&messages).await?;
        commit(member.as_mut(), &messages).await;
    }
}

/// What is not committed comes again and changes nothing.
async fn commit(member: &mut dyn Member, messages: &[Received]) {
    if let Err(error) = member.commit(&last_places(messages)).await {
        tracing::warn!(error = &error as &dyn std::error::Error, "failed to commit");
    }
}

struct Worker<'a> {
    site: &'a Site,
    /// Name of the log in the store.
    log: String,
    /// Where to go on in each partition, as far as this worker knows.
    next: BTreeMap<u32, u64>,
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
    dead: Vec<DeadLetter>,
}

impl<'a> Worker<'a> {
    async fn new(site: &'a Site) -> Result<Self, Failure> {
        let log = format!("{}/{EVENTS}", site.bus.identity().await?);
        let next = site.store.offsets(&log).await?;
        Ok(Self { site, log, next })
    }

    async fn handle(&mut self, messages: &[Received]) -> Result<(), Failure> {
        let mut by_partition: BTreeMap<u32, Vec<&Received>> = BTreeMap::new();
        for message in messages {
            by_partition.entry(message.place.partition).or_default().push(message);
        }
        for (partition, messages) in by_partition {
            while !self.apply(partition, &messages).await? {
                self.next = self.site.store.offsets(&self.log).await?;
            }
        }
        Ok(())
    }

    /// False if another worker has been here meanwhile.
    async fn apply(&mut self, partition: u32, messages: &[&Received]) -> Result<bool, Failure> {
        let next = self.next.get(&partition).copied().unwrap_or(0);
        let (before, new): (Vec<&Received>, Vec<&Received>) =
            messages.iter().copied().partition(|message| message.place.offset < next);
        self.tell_again(&before).await?;
        let (Some(first), Some(last)) = (new.first(), new.last()) else { return Ok(true) };
        let (from, next) = (first.place.offset, last.place.offset + 1);
        let sorted = self.sort(&new).await?;
        self.bury(&sorted.dead).await?;
        let lists = self.lists(&sorted).await?;
        let updates = updates(&lists);
        let events = sorted.new.into_values().flatten().collect();
        let preferences = sorted.wishes.into_iter();
        let preferences = preferences.map(|(user, preferences)| UserPreferences { user, preferences }).collect();
        let batch = LiveBatch { log: self.log.clone(), partition, from, next, events, preferences, lists };
        if !self.site.store.apply(&batch).await? {
            return Ok(false);
        }
        self.next.insert(partition, next);
        self.site.bus.send(UPDATES, updates).await?;
        Ok(true)
    }

    async fn sort(&self, messages: &[&Received]) -> Result<Sorted, Failure> {
        let mut sorted = Sorted::default();
        let mut records = Vec::with_capacity(messages.len());
        for message in messages {
            match parse(message) {
                Ok(Deed::Done(record)) => records.push((record, message.place)),
                Ok(Deed::Wished(wished)) => {
                    sorted.last.insert(wished.user.clone(), message.place);
                    sorted.wishes.insert(wished.user, wished.preferences);
                }
                Err(reason) => sorted.dead.push(dead_letter(message, reason)),
            }
        }
        let ids: Vec<String> = records.iter().map(|(record, _)| record.id.clone()).collect();
        let mut known: BTreeSet<String> = self.site.store.known_events(&ids).await?;
        for (record, place) in records {
            let last = sorted.last.entry(record.user.clone()).or_insert(place);
            *last = place.max(*last);
            if known.insert(record.id.clone()) {
                sorted.new.entry(record.user.clone()).or_default().push(record);
            }
        }
        Ok(sorted)
    }

    /// The list of each user of the messages; none while no model is published.
    async fn lists(&self, sorted: &Sorted) -> Result<Vec<LiveList>, Failure> {
        let Ok(live) = self.site.live().await else { return Ok(Vec::new()) };
        let users: Vec<(String, Place)> = sorted.last.iter().map(|(user, place)| (user.clone(), *place)).collect();
        let lists = stream::iter(users).map(|(user, place)| self.list(&live, sorted, user, place));
        lists.buffered(AT_ONCE).try_collect().await
    }

    async fn list(
        &self,
        live: &Arc<LiveModel>,
        sorted: &Sorted,
        user: String,
        Place { partition, offset }: Place,
    ) -> Result<LiveList, Failure> {
        let none = Vec::new();
        let news = News { events: sorted.new.get(&user).unwrap_or(&none), preferences: sorted.wishes.get(&user) };
        let items = recommend_after(self.site.store.as_ref(), live, &user, &news, LIST).await?;
        Ok(LiveList { user, version: live.version.version.clone(), partition, offset, items })
    }

    /// Sends the lists of these messages' users once more.
    async fn tell_again(&self, messages: &[&Received]) -> Result<(), Failure> {
        let users: BTreeSet<&str> = messages.iter().map(|message| message.key.as_str()).collect();
        let mut lists = Vec::new();
        for user in users {
            lists.extend(self.site.store.live_list(user).await?);
        }
        self.site.bus.send(UPDATES, updates(&lists)).await?;
        Ok(())
    }

    async fn bury(&self, letters: &[DeadLetter]) -> Result<(), Failure> {
        let message = |letter: &DeadLetter| Message {
            key: format!("{}-{}", letter.partition, letter.offset),
            payload: serde_json::to_vec(letter).expect("a letter is made of texts and numbers"),
        };
        if let Some(letter) = letters.first() {
            tracing::warn!(count = letters.len(), reason = letter.reason, "events that cannot be taken go to {DEAD}");
            self.site.bus.send(DEAD, letters.iter().map(message).collect()).await?;
        }
        Ok(())
    }
}

fn dead_letter(message: &Received, reason: String) -> DeadLetter {
    let Place { partition, offset } = message.place;
    DeadLetter { reason, partition, offset, payload: String::from_utf8_lossy(&message.payload).into_owned() }
}

fn updates(lists: &[LiveList]) -> Vec<Message> {
    let message = |list: &LiveList| Message {
        key: list.user.clone(),
        payload: serde_json::to_vec(&Update { list: list.clone() }).expect("scores of a list are finite"),
    };
    lists.iter().map(message).collect()
}
