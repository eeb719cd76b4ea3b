//! The messages of one partition, from events to lists in the store.
//!
//! A lane holds what its worker remembers of the partition: where to go on, and its users. Lanes share no
//! user, as all messages of a user go to one partition, so several can be applied at the same time.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rocket::futures::future::try_join_all;
use storage::{EventRecord, LiveBatch, LiveList, Preferences, UserPreferences};
use streaming::{Message, Place, Received};

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

/// Length of the lists that are kept and sent.
pub(crate) const LIST: usize = 12;
/// Users who are scored faster one after the other than by other threads.
const FEW: usize = 8;

/// What all lanes of a worker share.
pub(crate) struct Context<'a> {
    /// The node that the worker belongs to.
    pub site: &'a Site,
    /// Name of the log in the store.
    pub log: String,
}

impl<'a> Context<'a> {
    /// Asks the bus who it is.
    pub async fn new(site: &'a Site) -> Result<Self, Failure> {
        Ok(Self { site, log: site.log().await? })
    }
}

/// One partition as a worker knows it.
pub(crate) struct Lane {
    partition: u32,
    /// Where to go on.
    next: u64,
    /// Where it has gone back to: what does not come then is not there any more.
    back: Option<u64>,
    states: States,
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
pub(crate) enum Outcome {
    /// All is in the store: what to tell.
    Applied(Vec<Update>),
    /// Messages before it are missing, from this place on.
    Gap(Place),
}

impl Lane {
    /// A partition that is applied up to this offset.
    pub fn new(partition: u32, next: u64) -> Self {
        Self { partition, next, back: None, states: States::default() }
    }

    /// How much is remembered of its users, in entries.
    pub fn remembered(&self) -> usize {
        self.states.size()
    }

    /// Forgets its users: the store knows them.
    pub fn forget(&mut self) {
        self.states = States::default();
    }

    /// Applies messages of this partition, in the order of their offsets.
    pub async fn apply(&mut self, context: &Context<'_>, messages: &[Received]) -> Result<Outcome, Failure> {
        loop {
            if let Some(outcome) = self.apply_once(context, messages).await? {
                return Ok(outcome);
            }
            // Another worker has been here meanwhile: it has gone on from there.
            self.look_again(context).await?;
        }
    }

    async fn look_again(&mut self, Context { site, log }: &Context<'_>) -> Result<(), Failure> {
        self.next = site.store.offsets(log).await?.get(&self.partition).copied().unwrap_or(0);
        self.forget();
        Ok(())
    }

    /// None if the store is not where this lane thinks.
    async fn apply_once(&mut self, context: &Context<'_>, messages: &[Received]) -> Result<Option<Outcome>, Failure> {
        let Context { site, log } = context;
        let (before, new) = messages.split_at(messages.partition_point(|message| message.place.offset < self.next));
        let mut updates = told_before(site, before).await?;
        let (Some(first), Some(last)) = (new.first(), new.last()) else { return Ok(Some(Outcome::Applied(updates))) };
        if first.place.offset > self.next {
            if self.back != Some(self.next) {
                self.look_again(context).await?;
                if first.place.offset > self.next {
                    self.back = Some(self.next);
                    return Ok(Some(Outcome::Gap(Place { partition: self.partition, offset: self.next })));
                }
                return Ok(None);
            }
            self.forget();
        }
        let (from, next) = (first.place.offset, last.place.offset + 1);
        let sorted = sort(site, new).await?;
        bury(site, &sorted.dead).await?;
        let (new, gains) = self.lists(site, &sorted).await?;
        let (lists, grounds): (Vec<LiveList>, Vec<Grounds>) = new.into_iter().unzip();
        let events: Vec<EventRecord> = sorted.new.into_values().flatten().collect();
        let count = events.len();
        let preferences = sorted.wishes.into_iter();
        let preferences = preferences.map(|(user, preferences)| UserPreferences { user, preferences }).collect();
        let (log, partition, (activity, pairs)) = (log.clone(), self.partition, gains.into_parts());
        let batch = LiveBatch { log, partition, from, next, events, preferences, lists, activity, pairs };
        if !site.store.apply(&batch).await? {
            return Ok(None);
        }
        self.next = next;
        site.metrics.applied.add(count);
        let new = batch.lists.into_iter().zip(grounds);
        updates.extend(new.map(|(list, grounds)| Update { list, grounds: Some(grounds) }));
        Ok(Some(Outcome::Applied(updates)))
    }

    /// The list of each user of the messages, none while no model is published; and what they teach about
    /// items.
    async fn lists(&mut self, site: &Site, sorted: &Sorted) -> Result<(Vec<Scored>, Gains), Failure> {
        let live = site.live().await.ok();
        self.states.follow(live.as_ref());
        let mut gains = Gains::default();
        let now = now_ms();
        self.states.remember(site.store.as_ref(), sorted.last.keys()).await?;
        let mut users = Vec::with_capacity(sorted.last.len());
        for (user, place) in &sorted.last {
            let events = sorted.new.get(user).map_or(&[][..], Vec::as_slice);
            let learn = |known: &mut Known| {
                gains.add(known.done(), events, now);
                known.learn(events, sorted.wishes.get(user));
            };
            users.push((user.clone(), *place, self.states.change(user, learn)));
        }
        let Some(live) = live else { return Ok((Vec::new(), gains)) };
        let known = users.iter().map(|(_, _, known)| known.as_ref());
        let stand_ins = StandIns::of(site.store.as_ref(), &live, known).await?;
        Ok((score(&live, users, stand_ins).await?, gains))
    }
}

/// The lists that users of these messages have already.
async fn told_before(site: &Site, messages: &[Received]) -> Result<Vec<Update>, Failure> {
    let users: BTreeSet<String> = messages.iter().filter_map(|message| parse(message).ok()).map(Deed::user).collect();
    let mut updates = Vec::new();
    for user in users {
        let kept = site.store.live_list(&user).await?;
        updates.extend(kept.map(|list| Update { list, grounds: None }));
    }
    Ok(updates)
}

async fn sort(site: &Site, messages: &[Received]) -> Result<Sorted, Failure> {
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
    put_products(site, messages, &mut sorted).await?;
    let ids: Vec<String> = records.iter().map(|(record, _)| record.id.clone()).collect();
    let mut known: BTreeSet<String> = site.store.known_events(&ids).await?;
    for (record, place) in records {
        let last = sorted.last.entry(record.user.clone()).or_insert(place);
        *last = place.max(*last);
        if known.insert(record.id.clone()) {
            sorted.new.entry(record.user.clone()).or_default().push(record);
        } else {
            site.metrics.duplicates.add(1);
        }
    }
    Ok(sorted)
}

/// Writes products before anything is scored; that may come again and then changes nothing.
async fn put_products(site: &Site, messages: &[Received], sorted: &mut Sorted) -> Result<(), Failure> {
    let store = site.store.as_ref();
    if sorted.products.is_empty() || products::put(store, &sorted.products).await? {
        if let Ok(live) = site.live().await {
            live.forget(sorted.products.iter().map(|product| product.asin.as_str()));
        }
        return Ok(());
    }
    let described = messages.iter().filter(|message| matches!(parse(message), Ok(Deed::Described(..))));
    let reason = "no catalogue is loaded that the product could go into";
    sorted.dead.extend(described.map(|message| dead_letter(message, reason.to_owned())));
    Ok(())
}

async fn bury(site: &Site, letters: &[DeadLetter]) -> Result<(), Failure> {
    let message = |letter: &DeadLetter| Message {
        key: format!("{}-{}", letter.partition, letter.offset),
        payload: serde_json::to_vec(letter).expect("a letter is made of texts and numbers"),
    };
    if let Some(letter) = letters.first() {
        let dead = &site.topics.dead;
        tracing::warn!(count = letters.len(), reason = letter.reason, "events that cannot be taken go to {dead}");
        site.bus.send(dead, letters.iter().map(message).collect()).await?;
        site.metrics.dead.add(letters.len());
    }
    Ok(())
}

/// Lists for what is known of each user; of many on as many threads as there are processors.
async fn score(
    live: &Arc<LiveModel>,
    users: Vec<(String, Place, Arc<Known>)>,
    stand_ins: StandIns,
) -> Result<Vec<Scored>, Failure> {
    let scored = |users: Vec<(String, Place, Arc<Known>)>, live: &LiveModel, stand_ins: &StandIns| {
        let known: Vec<&Known> = users.iter().map(|(_, _, known)| known.as_ref()).collect();
        let best = best_for(live, &known, stand_ins, LIST);
        let version = &live.version.version;
        let list = |((user, Place { partition, offset }, _), (items, grounds))| {
            (LiveList { user, version: version.clone(), partition, offset, items }, grounds)
        };
        users.into_iter().zip(best).map(list).collect::<Vec<Scored>>()
    };
    if users.len() <= FEW {
        return Ok(scored(users, live, &stand_ins));
    }
    let stand_ins = Arc::new(stand_ins);
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let share = users.len().div_ceil(threads);
    let mut users = users.into_iter();
    let mut tasks = Vec::new();
    while users.len() > 0 {
        let (live, stand_ins) = (Arc::clone(live), Arc::clone(&stand_ins));
        let part: Vec<_> = users.by_ref().take(share).collect();
        tasks.push(tokio::task::spawn_blocking(move || scored(part, &live, &stand_ins)));
    }
    let lists = try_join_all(tasks).await.map_err(|error| Failure::internal("score items", &error))?;
    Ok(lists.into_iter().flatten().collect())
}

fn dead_letter(message: &Received, reason: String) -> DeadLetter {
    let Place { partition, offset } = message.place;
    let payload = String::from_utf8_lossy(&message.payload).into_owned();
    DeadLetter { reason, partition, offset, key: message.key.clone(), payload }
}
