//! Loads killed at random moments: the next run ends well and leaves what an undisturbed one leaves.
//!
//! The moments spread evenly over the time that a whole load takes, so the kills fall into reading,
//! sorting, writing, the commit and the store. `KILL_SEED` repeats the moments of an earlier run as
//! nearly as time allows.

use std::{
    collections::BTreeMap,
    env, fs,
    os::unix::process::CommandExt,
    path::PathBuf,
    process::{Child, Stdio},
    thread,
    time::{Duration, Instant, SystemTime},
};

use pipeline::fingerprint::hash_path;
use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng, SeedableRng},
};
use rustix::process::{Pid, Signal, kill_process_group};
use storage::{ReviewRange, block_on};
use synthetic::Settings;
use tests::Program;

/// Reviews of the file: enough for a load of about a second.
const REVIEWS: u64 = 200_000;

/// What a kill ends.
#[derive(Clone, Copy, Debug)]
enum Victim {
    /// The program and its stage, at once.
    All,
    /// The process of the stage; the program lives and tells of it.
    Stage,
    /// The program; its stage has to notice.
    Program,
}

/// A file to load, and what an undisturbed load of it leaves.
struct Bench {
    folder: tempfile::TempDir,
    has_store: bool,
    /// How long a whole run takes.
    duration: Duration,
    outputs: BTreeMap<String, String>,
    stored: Option<Stored>,
}

/// What readers of a store see: its generation, and a hash of all its reviews with their number.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Stored {
    generation: String,
    reviews: u64,
    hash: String,
}

impl Bench {
    fn new(has_store: bool) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let settings =
            Settings { users: 16_000, items: 4000, reviews: REVIEWS, dirty_ratio: 0.01, ..Settings::default() };
        synthetic::write(folder.path(), &settings).expect("the settings can be made");
        let at = |name: &str| folder.path().join(name).display().to_string();
        let mut params = format!(
            "      layout: amazon-2018\n      reviews: {}\n      metadata: {}\n      sort_buffer_bytes: 2000000\n",
            at(settings.layout.reviews_file()),
            at(settings.layout.products_file()),
        );
        if has_store {
            params.extend(["      store: sqlite://", &at("store.db"), "\n"]);
        }
        let text = format!("version: 1\nname: killed\nstages:\n  load:\n    params:\n{params}");
        fs::write(folder.path().join("load.yaml"), text).expect("the folder is new");
        let mut bench = Self { folder, has_store, duration: Duration::MAX, outputs: BTreeMap::new(), stored: None };
        // The first run warms the system's file cache; the shorter one counts, so that moments fall into the run.
        for _ in 0..2 {
            bench.forget(true);
            let started = Instant::now();
            bench.run_well();
            bench.duration = bench.duration.min(started.elapsed());
        }
        bench.outputs = bench.outputs();
        bench.stored = bench.stored();
        assert!(["reviews", "items", "rejects"].iter().all(|name| bench.outputs.contains_key(*name)));
        assert!(!has_store || bench.stored.as_ref().is_some_and(|stored| stored.reviews == REVIEWS));
        bench
    }

    fn cache(&self) -> PathBuf {
        self.folder.path().join("cache")
    }

    fn program(&self) -> Program {
        Program::with_cache(&self.cache())
    }

    fn pipeline(&self) -> PathBuf {
        self.folder.path().join("load.yaml")
    }

    fn run_well(&self) {
        self.program().run_well(["run".as_ref(), self.pipeline().as_os_str()]);
    }

    /// Removes the cache, and with `store_too` the store.
    fn forget(&self, store_too: bool) {
        let _ = fs::remove_dir_all(self.cache());
        for end in ["", "-wal", "-shm"] {
            if store_too {
                let _ = fs::remove_file(self.folder.path().join(format!("store.db{end}")));
            }
        }
    }

    /// Content hashes of what stands in the only artifact, computed anew from its bytes.
    fn outputs(&self) -> BTreeMap<String, String> {
        let (folder, record) = self.program().records().remove("load").expect("the run left an artifact");
        let outputs = record["outputs"].as_object().expect("a record lists outputs");
        let hash = |file: &str| hash_path(&folder.join(file)).expect("an output can be read");
        outputs
            .iter()
            .map(|(name, output)| (name.clone(), hash(output["file"].as_str().expect("an output names its file"))))
            .collect()
    }

    /// What the store shows, read as its readers do; none if it holds no load.
    fn stored(&self) -> Option<Stored> {
        let path = self.folder.path().join("store.db");
        if !self.has_store || !path.exists() {
            return None;
        }
        block_on(async {
            let store = storage::open(&format!("sqlite://{}", path.display())).await.expect("the store opens");
            let generation = store.loaded().await.expect("the store answers")?;
            let mut hasher = blake3::Hasher::new();
            let mut range = ReviewRange { first: String::new(), last: "\u{10FFFF}".into(), after: None };
            let mut count = 0;
            loop {
                let page = store.reviews_by_key(&generation, &range, 10_000).await.expect("the store answers");
                let Some(last) = page.last() else { break };
                count += page.len() as u64;
                range.after = Some(last.key());
                hasher.update(&serde_json::to_vec(&page).expect("reviews are JSON"));
            }
            Some(Stored { generation, reviews: count, hash: hasher.finalize().to_hex().to_string() })
        })
    }

    /// Starts a run as the leader of a process group.
    fn start(&self) -> Child {
        let mut command = self.program().command(["run".as_ref(), self.pipeline().as_os_str()]);
        command.process_group(0).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().expect("the program can be started")
    }

    /// Starts a run, kills it after `wait`, and tells whether there was still something to kill.
    fn disturb(&self, victim: Victim, wait: Duration) -> bool {
        let mut program = self.start();
        // The moment itself is what is tried here; there is no event to wait for.
        thread::sleep(wait);
        let lived = program.try_wait().expect("it is a child").is_none();
        if lived {
            kill(&program, victim);
        }
        program.wait().expect("it is a child");
        lived
    }

    /// The plain run after a kill, and what it must leave.
    fn assert_recovers(&self, what: &str) {
        self.run_well();
        assert_eq!(self.outputs(), self.outputs, "{what}: outputs differ");
        assert_eq!(self.stored(), self.stored, "{what}: the store differs");
        assert_eq!(self.left_over(), Vec::<PathBuf>::new(), "{what}: something is left over");
    }

    /// Files and folders of the cache that no finished run leaves there.
    fn left_over(&self) -> Vec<PathBuf> {
        let inside = |folder: PathBuf| {
            fs::read_dir(folder).into_iter().flatten().map(|entry| entry.expect("an entry of a readable folder").path())
        };
        let mut found: Vec<PathBuf> = inside(self.cache().join("tmp")).collect();
        found.extend(inside(self.cache().join("artifacts")).skip(1));
        found.extend(inside(self.cache().join("failed").join("killed")));
        let known = ["artifacts", "failed", "latest", "lock", "sources.json", "state.json", "tmp"];
        found.extend(inside(self.cache()).filter(|path| !known.iter().any(|name| path.ends_with(name))));
        found
    }
}

fn kill(program: &Child, victim: Victim) {
    let stages = children(program.id());
    if !matches!(victim, Victim::Stage) {
        signal(program.id(), Signal::KILL);
    }
    if !matches!(victim, Victim::Program) {
        for stage in stages {
            signal(stage, Signal::KILL);
        }
    }
}

/// Sends a signal to a process group.
fn signal(group: u32, signal: Signal) {
    let group = i32::try_from(group).ok().and_then(Pid::from_raw).expect("a process id");
    // What has just ended by itself is no error.
    let _ = kill_process_group(group, signal);
}

/// Process ids of the children of all threads of a process.
fn children(process: u32) -> Vec<u32> {
    let threads = fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten();
    let lists = threads.filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok());
    lists.flat_map(|list| list.split_whitespace().filter_map(|id| id.parse().ok()).collect::<Vec<u32>>()).collect()
}

/// Kills that many loads, each followed by a plain run.
fn try_kills(has_store: bool, kills: u32) {
    let nanos = SystemTime::UNIX_EPOCH.elapsed().expect("the clock is right").subsec_nanos();
    let seed =
        env::var("KILL_SEED").map_or_else(|_| u64::from(nanos), |seed| seed.parse().expect("KILL_SEED: a number"));
    let mut dice = ChaCha8Rng::seed_from_u64(seed);
    let bench = Bench::new(has_store);
    println!("KILL_SEED={seed}; a whole run takes {:?}", bench.duration);
    let mut hits = 0;
    for number in 0..kills {
        let victim = [Victim::All, Victim::Stage, Victim::Program][dice.next_u32() as usize % 3];
        let keeps_store = dice.next_u32() % 2 == 0;
        let wait = bench.duration.mul_f64(f64::from(dice.next_u32()) / f64::from(u32::MAX));
        bench.forget(!keeps_store);
        let hit = bench.disturb(victim, wait);
        hits += u32::from(hit);
        let what = format!("kill {number} of {victim:?} after {wait:?} (hit: {hit}, KILL_SEED={seed})");
        println!("{what}");
        // Readers see the whole load or, of a new store, none; never a part.
        let shown = bench.stored();
        assert!(shown == bench.stored || (shown.is_none() && !keeps_store), "{what}: readers see {shown:?}");
        bench.assert_recovers(&what);
    }
    assert!(hits * 4 >= kills, "only {hits} of {kills} runs still ran at their moment");
}

#[test]
fn a_load_killed_at_any_moment_is_made_good_by_the_next_run() {
    try_kills(false, 14);
}

#[test]
fn a_store_filled_by_a_killed_load_is_made_good_by_the_next_run() {
    try_kills(true, 6);
}

/// The system may let a stage sleep while its program dies and the next run starts.
#[test]
fn a_stage_that_outlives_its_program_does_not_disturb_the_next_run() {
    let bench = Bench::new(false);
    for share in [0.3, 0.5, 0.7] {
        bench.forget(false);
        let mut program = bench.start();
        // Moments well within the run: the stage is at work, and so is the next one when it wakes up.
        thread::sleep(bench.duration.mul_f64(share));
        let stages = children(program.id());
        for stage in &stages {
            signal(*stage, Signal::STOP);
        }
        signal(program.id(), Signal::KILL);
        program.wait().unwrap();
        let mut next = bench.start();
        thread::sleep(bench.duration.mul_f64(share));
        for stage in &stages {
            signal(*stage, Signal::CONT);
        }
        assert!(next.wait().unwrap().success(), "the run beside the stage of a dead one, {share} into it");
        bench.assert_recovers(&format!("{share} into the run"));
    }
}
