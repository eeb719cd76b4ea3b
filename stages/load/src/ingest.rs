//! The first pass: from files to rows that wait in a sorter, to texts, and to rejects.
//!
//! Readers decompress files, several at once, and cut them into blocks; workers parse blocks and
//! compress their texts; one collector puts the blocks of each file back into order. So the number of
//! threads changes nothing but the time. A reader may send a block only for a credit, and gets it back
//! when the collector has kept the block: what is in memory is bounded whatever thread is late.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
        mpsc::{self, Receiver, Sender, SyncSender},
    },
    thread::{self, Scope},
};

use pipeline::{Context, EncodedTexts, TextBlock, TextCompression, TextsPart};

use crate::{
    Error,
    account::Account,
    block::{ParsedBlock, parse},
    input::{self, Block, ReadOptions, SourceFile},
    parse::{RowParser, mapped::Mapping},
    rejects::Rejects,
    repairs::Repairs,
    sorter::Sorter,
};

/// Blocks on their way, for each thread.
const CREDITS_PER_THREAD: usize = 4;

/// The files of one parameter and how to understand them.
pub struct Source<'a> {
    /// The files.
    pub files: &'a [SourceFile],
    /// What a row means.
    pub parser: &'a dyn RowParser,
    /// Which columns are wanted.
    pub mapping: &'a Mapping,
    /// How the files are written.
    pub options: &'a ReadOptions,
    /// The folder for the texts of the rows, if they have any.
    pub texts: Option<&'a Path>,
    /// What to take in place of rejected rows.
    pub repairs: &'a Repairs,
    /// How these are compressed.
    pub compression: TextCompression,
}

/// How far the reading is, in bytes on disk.
pub struct Progress<'a> {
    /// Where to tell it.
    pub context: &'a Context,
    /// Bytes read.
    pub done: Arc<AtomicU64>,
    /// Bytes in all.
    pub total: u64,
}

/// Reads all rows of `source` into `sorter` and their texts into a folder, and what is wrong with the
/// others into `rejects`.
pub fn ingest(
    source: &Source,
    sorter: &mut Sorter,
    account: &mut Account,
    rejects: &mut Rejects,
    progress: &Progress,
) -> Result<(), Error> {
    let threads = rayon::current_num_threads();
    // Decompression is about half of the work, so one reader keeps two threads busy.
    let readers = source.files.len().min(threads.div_ceil(2));
    let (credit_sender, credits) = mpsc::sync_channel(CREDITS_PER_THREAD * threads);
    let credits = Arc::new(Mutex::new(credits));
    let (job_sender, jobs) = mpsc::sync_channel(CREDITS_PER_THREAD * threads);
    let jobs = Arc::new(Mutex::new(jobs));
    let (found_sender, found) = mpsc::channel();
    for _ in 0..CREDITS_PER_THREAD * threads {
        // The channel has room for all of them.
        let _ = credit_sender.send(());
    }
    let next_file = AtomicUsize::new(0);
    let next_file = &next_file;
    thread::scope(|scope| {
        for _ in 0..readers {
            let reader =
                Reader { jobs: job_sender.clone(), credits: Arc::clone(&credits), found: found_sender.clone() };
            spawn(scope, "load-read", move || reader.read_files(source, next_file, &progress.done))?;
        }
        for _ in 0..threads {
            let (jobs, found) = (Arc::clone(&jobs), found_sender.clone());
            spawn(scope, "load-parse", move || work(&jobs, source, &found))?;
        }
        // Only threads hold these ends now: a channel closes when its last thread ends, and threads end
        // when nobody is at the other end any more, also after an error.
        drop((job_sender, jobs, found_sender, credits));
        let mut collector = Collector::new(source, sorter, account, rejects, progress);
        collector.collect(&found, &credit_sender)
    })
}

/// Starts a thread whose name tells in a debugger what it does.
fn spawn<'scope>(
    scope: &'scope Scope<'scope, '_>,
    name: &str,
    run: impl FnOnce() + Send + 'scope,
) -> Result<(), Error> {
    let started = thread::Builder::new().name(name.to_owned()).spawn_scoped(scope, run);
    started.map(|_| ()).map_err(|source| Error::Thread { source })
}

/// A block on its way to a worker.
struct Job {
    file: u32,
    sequence: u64,
    block: Block,
}

/// What the collector hears of.
enum Found {
    Block {
        file: u32,
        sequence: u64,
        block: Box<(ParsedBlock, EncodedTexts)>,
    },
    /// A file was read to its end.
    End {
        file: u32,
        blocks: u64,
    },
    Failure(Error),
}

/// A thread that reads files.
struct Reader {
    jobs: SyncSender<Job>,
    credits: Arc<Mutex<Receiver<()>>>,
    found: Sender<Found>,
}

impl Reader {
    /// Reads files until none is left or nobody listens.
    fn read_files(&self, source: &Source, next_file: &AtomicUsize, done: &Arc<AtomicU64>) {
        loop {
            let number = next_file.fetch_add(1, Ordering::Relaxed);
            let Some(file) = source.files.get(number) else { return };
            let file_number = number as u32;
            let mut sequence = 0;
            let mut send = |block| {
                let has_credit = self.credits.lock().unwrap_or_else(PoisonError::into_inner).recv().is_ok();
                let job = Job { file: file_number, sequence, block };
                sequence += 1;
                has_credit && self.jobs.send(job).is_ok()
            };
            let end = match input::read(file, file_number, source.mapping, source.options, &mut send, done) {
                Ok(true) => Found::End { file: file_number, blocks: sequence },
                Ok(false) => return,
                Err(error) => Found::Failure(error),
            };
            if self.found.send(end).is_err() {
                return;
            }
        }
    }
}

/// Parses blocks until there are no more.
fn work(jobs: &Mutex<Receiver<Job>>, source: &Source, found: &Sender<Found>) {
    let mut texts = TextBlock::new(source.compression);
    loop {
        let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(Job { file, sequence, block }) = job else { return };
        let block = parse(&block, source, &mut texts);
        let answer = match texts.encode() {
            Ok(texts) => Found::Block { file, sequence, block: Box::new((block, texts)) },
            Err(error) => Found::Failure(error.into()),
        };
        if found.send(answer).is_err() {
            return;
        }
    }
}

/// A file that is being read.
#[derive(Default)]
struct FileState {
    /// Number of the next block in order.
    next: u64,
    /// Blocks that came before their turn.
    waiting: BTreeMap<u64, Box<(ParsedBlock, EncodedTexts)>>,
    /// Number of blocks, once it is known.
    blocks: Option<u64>,
    texts: Option<TextsPart>,
}

struct Collector<'a> {
    source: &'a Source<'a>,
    sorter: &'a mut Sorter,
    account: &'a mut Account,
    rejects: &'a mut Rejects,
    progress: &'a Progress<'a>,
    files: BTreeMap<u32, FileState>,
}

impl<'a> Collector<'a> {
    fn new(
        source: &'a Source,
        sorter: &'a mut Sorter,
        account: &'a mut Account,
        rejects: &'a mut Rejects,
        progress: &'a Progress,
    ) -> Self {
        Self { source, sorter, account, rejects, progress, files: BTreeMap::new() }
    }

    fn collect(&mut self, found: &Receiver<Found>, credits: &SyncSender<()>) -> Result<(), Error> {
        for found in found {
            let number = match found {
                Found::Failure(error) => return Err(error),
                Found::End { file, blocks } => {
                    self.file(file)?.blocks = Some(blocks);
                    file
                }
                Found::Block { file, sequence, block } => {
                    self.file(file)?.waiting.insert(sequence, block);
                    file
                }
            };
            self.keep_ready(number, credits)?;
            let done = self.progress.done.load(Ordering::Relaxed);
            self.progress.context.progress(done, Some(self.progress.total), "bytes");
        }
        Ok(())
    }

    fn file(&mut self, number: u32) -> Result<&mut FileState, Error> {
        if !self.files.contains_key(&number) {
            let stage = self.progress.context.stage();
            let texts = self.source.texts.map(|folder| TextsPart::create(folder, number, stage)).transpose()?;
            self.files.insert(number, FileState { texts, ..FileState::default() });
        }
        Ok(self.files.entry(number).or_default())
    }

    /// Keeps the blocks of a file whose turn it is, and ends the file after its last one.
    fn keep_ready(&mut self, number: u32, credits: &SyncSender<()>) -> Result<(), Error> {
        let Some(mut file) = self.files.remove(&number) else { return Ok(()) };
        while let Some(block) = file.waiting.remove(&file.next) {
            let (block, texts) = *block;
            let first_row = file.texts.as_mut().map_or(Ok(0), |part| part.append(texts))?;
            self.keep(block, first_row)?;
            file.next += 1;
            // Readers that have gone need no credit.
            let _ = credits.send(());
        }
        if file.blocks == Some(file.next) {
            file.texts.map_or(Ok(0), TextsPart::finish)?;
        } else {
            self.files.insert(number, file);
        }
        Ok(())
    }

    fn keep(&mut self, block: ParsedBlock, first_row: u32) -> Result<(), Error> {
        self.account.rows_in += block.rows;
        self.account.repaired += block.repaired;
        self.account.empty_lines += block.empty_lines;
        for ((key, payload), row) in block.sound().zip(first_row..) {
            // Rows with texts tell where these stand.
            let row = row.to_le_bytes();
            let payload = if self.source.texts.is_some() { [&row, payload] } else { [payload, &[]] };
            self.sorter.push(key, payload)?;
        }
        for reject in block.rejects {
            self.account.reject(&reject);
            self.rejects.push(&reject)?;
        }
        self.account.check_early()
    }
}
