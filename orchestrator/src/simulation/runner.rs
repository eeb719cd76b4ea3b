//! The replay itself: each event at its time, each shopper's in order, several shoppers at once.
//!
//! Shoppers are dealt out to threads, and a thread does one thing after the other: ask for the list, note
//! where the product stands in it, post the event. Before a shopper's next list is asked for, the last
//! event must have reached it. So which lists are measured does not depend on how the threads run.

use std::{
    collections::HashSet,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

use super::{
    failure::SimulationError,
    open_pages::{OpenPages, Posted},
    popular::{Popular, rank},
    replay::{Deed, Replay, Shopper, Step},
    site::{Fault, Place, Receipt, Site},
};

/// Shoppers who act at the same time at most.
pub const AT_ONCE: usize = 16;
/// Most events of one post.
const BATCH: usize = 1_000;
/// How often the progress is told.
const TELL: Duration = Duration::from_secs(5);
/// How long a thread sleeps before it looks whether it is to stop.
const NAP: Duration = Duration::from_millis(50);

/// When events happen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pace {
    /// So many a second.
    Rate(f64),
    /// At their own times, so many times as fast.
    SpeedUp(f64),
}

impl Pace {
    /// When an event is due: its number, and the seconds since the first one.
    fn seconds(self, number: u32, since_first: i64) -> f64 {
        match self {
            Self::Rate(rate) => f64::from(number) / rate,
            Self::SpeedUp(factor) => since_first as f64 / factor,
        }
    }
}

/// How to replay.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// Length of the lists that are looked at.
    pub k: usize,
    /// When events happen.
    pub pace: Pace,
    /// Whether events keep their times; else they happen now.
    pub keeps_times: bool,
}

/// What is to be known of an event that was measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Measured {
    /// Number of the event in the replay.
    pub step: u32,
    /// Whose it is.
    pub shopper: u32,
    /// How many events of the shopper the site had.
    pub before: u32,
    /// Where the product stood in the shopper's list.
    pub rank: Option<u32>,
    /// Where it stood among the most rated products.
    pub popular: Option<u32>,
}

/// How many events came to which end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Counts {
    /// Taken by the site as new.
    pub accepted: u64,
    /// Known to the site already.
    pub duplicates: u64,
    /// Of products that the site does not have.
    pub unknown_products: u64,
    /// Refused for another reason.
    pub rejected: u64,
}

impl Counts {
    /// All of them.
    pub fn total(&self) -> u64 {
        self.accepted + self.duplicates + self.unknown_products + self.rejected
    }

    fn add(&mut self, other: &Self) {
        self.accepted += other.accepted;
        self.duplicates += other.duplicates;
        self.unknown_products += other.unknown_products;
        self.rejected += other.rejected;
    }

    fn refuse(&mut self, fault: &Fault) {
        let count = if fault.field == "item" { &mut self.unknown_products } else { &mut self.rejected };
        *count += 1;
    }
}

/// What happened.
#[derive(Debug, Default)]
pub struct Course {
    /// Events of the time before.
    pub history: Counts,
    /// Events of the replay.
    pub events: Counts,
    /// Accepted events of products that the shopper has already: no page would show them.
    pub repeated: u64,
    /// Lists that had not followed the event before in time; they count as they were.
    pub late: u64,
    /// Those that were measured, in the order of the replay.
    pub measured: Vec<Measured>,
    /// Milliseconds until a list was there.
    pub list_ms: Vec<f64>,
    /// Milliseconds until an event was taken.
    pub post_ms: Vec<f64>,
    /// Milliseconds until an open page knew of an event.
    pub page_ms: Vec<f64>,
    /// How long it took, without the time before.
    pub seconds: f64,
    /// Why it ended early, if a failure ended it.
    pub failure: Option<SimulationError>,
    posted: Vec<Posted>,
}

impl Course {
    fn add(&mut self, other: Self) {
        self.history.add(&other.history);
        self.events.add(&other.events);
        self.repeated += other.repeated;
        self.late += other.late;
        self.measured.extend(other.measured);
        self.list_ms.extend(other.list_ms);
        self.post_ms.extend(other.post_ms);
        self.posted.extend(other.posted);
    }
}

/// What all threads share.
struct Stage<'a> {
    site: &'a Site,
    replay: &'a Replay,
    settings: &'a Settings,
    popular: Popular<'a>,
    is_stopped: &'a (dyn Fn() -> bool + Sync),
    has_failed: AtomicBool,
    failure: Mutex<Option<SimulationError>>,
    done: AtomicU64,
    hits: AtomicU64,
}

impl Stage<'_> {
    fn is_over(&self) -> bool {
        self.has_failed.load(Ordering::Acquire) || (self.is_stopped)()
    }

    /// Keeps the first failure and ends all threads.
    fn fail(&self, error: SimulationError) {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
        self.has_failed.store(true, Ordering::Release);
    }

    /// False if it is over before the time has come.
    fn wait_until(&self, due: Instant) -> bool {
        while !self.is_over() {
            let left = due.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return true;
            }
            thread::sleep(left.min(NAP));
        }
        false
    }
}

/// A shopper as the site knows them.
#[derive(Default)]
struct Known<'a> {
    has: HashSet<&'a str>,
    events: u32,
    /// The last event, until its effect is waited for.
    last: Option<Place>,
}

/// One thread with its shoppers: every `AT_ONCE`th.
struct Worker<'a> {
    stage: &'a Stage<'a>,
    number: usize,
    known: Vec<Known<'a>>,
    course: Course,
}

/// Replays everything; `is_stopped` tells when to end early.
pub fn run(site: &Site, replay: &Replay, settings: &Settings, is_stopped: &(dyn Fn() -> bool + Sync)) -> Course {
    let stage = Stage {
        site,
        replay,
        settings,
        popular: Popular::new(site, settings.k, longest(replay)),
        is_stopped,
        has_failed: AtomicBool::new(false),
        failure: Mutex::default(),
        done: AtomicU64::new(0),
        hits: AtomicU64::new(0),
    };
    let mut workers: Vec<Worker> = (0..AT_ONCE.min(replay.shoppers.len())).map(|at| Worker::new(&stage, at)).collect();
    each(&stage, &mut workers, Worker::post_history, |_| {});
    let pages = if stage.is_over() { Ok(OpenPages::default()) } else { OpenPages::open(site, replay) };
    let pages = pages.unwrap_or_else(|error| {
        stage.fail(error);
        OpenPages::default()
    });
    let started = Instant::now();
    each(&stage, &mut workers, |worker| worker.replay(started, &pages), tell);
    let mut course = Course { seconds: started.elapsed().as_secs_f64(), ..Course::default() };
    for worker in workers {
        course.add(worker.course);
    }
    course.measured.sort_unstable_by_key(|measured| measured.step);
    course.page_ms = pages.latencies(&course.posted);
    course.failure = stage.failure.into_inner().unwrap_or_else(PoisonError::into_inner);
    course
}

/// Runs the work of all threads; `tell` is called now and then meanwhile.
fn each<'a>(
    stage: &Stage<'a>,
    workers: &mut [Worker<'a>],
    work: impl Fn(&mut Worker<'a>) -> Result<(), SimulationError> + Sync,
    tell: impl Fn(&Stage<'a>),
) {
    let (sender, ended) = mpsc::channel::<()>();
    thread::scope(|scope| {
        for worker in workers {
            let (work, sender) = (&work, sender.clone());
            scope.spawn(move || {
                if let Err(error) = work(worker) {
                    stage.fail(error);
                }
                drop(sender);
            });
        }
        drop(sender);
        while ended.recv_timeout(TELL) == Err(mpsc::RecvTimeoutError::Timeout) {
            tell(stage);
        }
    });
}

fn tell(stage: &Stage<'_>) {
    let (done, hits) = (stage.done.load(Ordering::Relaxed), stage.hits.load(Ordering::Relaxed));
    tracing::info!(done, hits, "{done} of {} events, {hits} of them on the page before", stage.replay.steps.len());
}

/// Most products that a shopper can have.
fn longest(replay: &Replay) -> usize {
    let mut counts: Vec<usize> = replay.shoppers.iter().map(|shopper| shopper.before.len()).collect();
    replay.steps.iter().for_each(|step| counts[step.shopper as usize] += 1);
    counts.into_iter().max().unwrap_or_default()
}

impl<'a> Worker<'a> {
    fn new(stage: &'a Stage<'a>, number: usize) -> Self {
        let shoppers = stage.replay.shoppers.len();
        let known = (number..shoppers).step_by(AT_ONCE).map(|_| Known::default()).collect();
        Self { stage, number, known, course: Course::default() }
    }

    fn known(&mut self, shopper: u32) -> &mut Known<'a> {
        &mut self.known[shopper as usize / AT_ONCE]
    }

    /// Posts what this thread's shoppers did before, and waits until the lists know of it.
    fn post_history(&mut self) -> Result<(), SimulationError> {
        let replay = self.stage.replay;
        for (shopper, number) in replay.shoppers.iter().zip(0..).skip(self.number).step_by(AT_ONCE) {
            for deeds in shopper.before.chunks(BATCH) {
                if self.stage.is_over() {
                    return Ok(());
                }
                self.post_batch(number, deeds)?;
            }
        }
        // What is still under way would hold up the replay.
        for (shopper, number) in replay.shoppers.iter().zip(0..).skip(self.number).step_by(AT_ONCE) {
            if !self.stage.is_over() {
                self.await_last(shopper, number)?;
            }
        }
        Ok(())
    }

    /// Waits until a shopper's last event has reached the list.
    fn await_last(&mut self, shopper: &Shopper, number: u32) -> Result<(), SimulationError> {
        if let Some(place) = self.known(number).last.take()
            && !self.stage.site.shown(&shopper.key, place)?
        {
            self.course.late += 1;
        }
        Ok(())
    }

    /// Posts events together. The site takes all or none, so faulty ones are left out until it does.
    fn post_batch(&mut self, shopper: u32, deeds: &'a [Deed]) -> Result<(), SimulationError> {
        let Stage { site, replay, .. } = *self.stage;
        let mut deeds: Vec<&Deed> = deeds.iter().collect();
        while !deeds.is_empty() {
            let body = |deed: &&Deed| replay.event(&replay.shoppers[shopper as usize], deed, true);
            match site.post(&deeds.iter().map(body).collect::<Vec<Value>>())? {
                Ok(receipt) => {
                    self.course.history.accepted += receipt.accepted;
                    self.course.history.duplicates += receipt.duplicates;
                    let known = self.known(shopper);
                    known.events += deeds.len() as u32;
                    known.has.extend(deeds.iter().map(|deed| replay.item(deed)));
                    known.last = receipt.place().or(known.last);
                    return Ok(());
                }
                Err(faults) if faults.is_empty() => {
                    self.course.history.rejected += deeds.len() as u64;
                    return Ok(());
                }
                Err(faults) => {
                    for fault in &faults {
                        self.course.history.refuse(fault);
                    }
                    let wrong: HashSet<usize> = faults.iter().map(|fault| fault.index).collect();
                    let kept = deeds.into_iter().enumerate().filter(|(index, _)| !wrong.contains(index));
                    deeds = kept.map(|(_, deed)| deed).collect();
                }
            }
        }
        Ok(())
    }

    /// Does what this thread's shoppers do, each thing when its time has come.
    fn replay(&mut self, started: Instant, pages: &OpenPages) -> Result<(), SimulationError> {
        let Stage { replay, settings, .. } = *self.stage;
        let first = replay.steps.first().map_or(0, |step| step.deed.time);
        for (step, number) in replay.steps.iter().zip(0_u32..) {
            if step.shopper as usize % AT_ONCE != self.number {
                continue;
            }
            let seconds = settings.pace.seconds(number, step.deed.time - first);
            let due = Duration::try_from_secs_f64(seconds).ok().and_then(|after| started.checked_add(after));
            if !due.is_some_and(|due| self.stage.wait_until(due)) {
                return Ok(());
            }
            self.step(number, step, pages)?;
        }
        Ok(())
    }

    /// Test, then train: what is on the page, then the event.
    fn step(&mut self, number: u32, step: &'a Step, pages: &OpenPages) -> Result<(), SimulationError> {
        let stage = self.stage;
        let Stage { site, replay, settings, .. } = *stage;
        let (shopper, item, k) = (&replay.shoppers[step.shopper as usize], replay.item(&step.deed), settings.k);
        self.await_last(shopper, step.shopper)?;
        let Some((list, took)) = site.list(&shopper.key, k)? else {
            self.course.events.rejected += 1;
            stage.done.fetch_add(1, Ordering::Relaxed);
            return Ok(());
        };
        self.course.list_ms.push(milliseconds(took));
        let popular = stage.popular.now()?;
        let known = self.known(step.shopper);
        let measured = Measured {
            step: number,
            shopper: step.shopper,
            before: known.events,
            rank: list.iter().zip(1..).find(|(other, _)| *other == item).map(|(_, rank)| rank),
            popular: rank(&popular, item, &known.has, k),
        };
        let at = Instant::now();
        match site.post(&[replay.event(shopper, &step.deed, settings.keeps_times)])? {
            Ok(receipt) => {
                if let Some(place) = receipt.place().filter(|_| pages.is_open(step.shopper)) {
                    self.course.posted.push(Posted { shopper: step.shopper, place, at });
                }
                self.taken(&receipt, item, measured);
            }
            Err(faults) => self.course.events.refuse(&faults.into_iter().next().unwrap_or_default()),
        }
        stage.done.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    fn taken(&mut self, receipt: &Receipt, item: &'a str, measured: Measured) {
        self.course.events.accepted += receipt.accepted;
        self.course.events.duplicates += receipt.duplicates;
        self.course.post_ms.extend(receipt.took.map(milliseconds));
        let known = self.known(measured.shopper);
        let is_new = known.has.insert(item);
        known.events += 1;
        known.last = receipt.place().or(known.last);
        if receipt.accepted == 0 {
            return;
        }
        if is_new {
            self.stage.hits.fetch_add(u64::from(measured.rank.is_some()), Ordering::Relaxed);
            self.course.measured.push(measured);
        } else {
            self.course.repeated += 1;
        }
    }
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_due_by_number_or_by_their_times() {
        assert_eq!(format!("{}", Pace::Rate(20.0).seconds(50, 7)), "2.5");
        assert_eq!(format!("{}", Pace::SpeedUp(86_400.0).seconds(50, 3 * 86_400)), "3");
    }
}
