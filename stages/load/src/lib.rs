//! Stage `load`: from review and product files to clean, sorted tables, and into the store.
//!
//! Every row is taken, rejected with its place and reason, or counted as a duplicate; the sum is
//! checked. The form of the files is declared by `layout`, never guessed. Memory is bounded however
//! large the files are: rows go through an external sort. Text is not judged here (language, fake
//! reviews), and users with few reviews stay; that is the business of `preprocess`.

mod account;
mod assemble;
mod block;
mod catalogue;
mod codec;
mod error;
mod fault;
mod ingest;
mod input;
mod item;
mod params;
mod parse;
mod rejected;
mod rejects;
mod repairs;
mod review;
mod sorter;
mod tables;
mod text;

use std::{path::PathBuf, sync::Arc};

use pipeline::{Context, Kind, Port, Stage, write_json};
use serde::Serialize;

pub use error::Error;
pub use fault::Reason;
pub use params::{ItemColumns, Layout, Params, ReviewColumns, TimeUnit};
pub use rejected::{RejectedRow, read_rejects, row_hash};
pub use repairs::{RepairError, read_rows as read_repairs};

use account::{Account, Told};
use assemble::{ItemCounts, Outputs};
use catalogue::Catalogue;
use ingest::{Progress, Source, ingest};
use input::{ReadOptions, SourceFile, expand};
use parse::{ItemParser, ReviewParser};
use rejects::Rejects;
use repairs::Repairs;
use sorter::Sorter;
use tables::RejectTable;

/// Reads review and product files, rejects what is faulty, and writes tables and the store.
///
/// # Reads
/// Files named by `reviews` and `metadata`: `.json` and `.jsonl` (a row a line), with layout
/// `columns` also `.csv` and `.parquet`; text files also with `.gz`.
///
/// # Writes
/// - `reviews`: ids and numbers, sorted by item, user, time and place in the files.
/// - `texts`: titles and texts in the order of the files; `part` and `row` of `reviews` say where. Those of
///   duplicates are in it too, but no review refers to them.
/// - `items`: sorted by item; a row for each item with metadata, and a bare one (key only) for each
///   item that has reviews but no metadata, so that every item of `reviews` is in it.
/// - `rejects`: rows that were not taken with the codes of [`Reason`], in the order of the files,
///   reviews first; then the duplicates, in the order of the tables. `raw` of a duplicate is empty:
///   its `detail` names the row that was kept.
/// - `account` (JSON): for `reviews` and, where given, `metadata` the files, rows in, out, repaired and rejected,
///   duplicates, empty lines, and rejects by reason with up to three examples each.
/// - The store's products and reviews, if `store` is set. They count only when all are written.
///
/// A duplicate review is a line that is equal, byte by byte, to an earlier one; a duplicate product
/// is a further row of the same item, of which the first one wins. Empty lines are no rows: they are
/// counted and passed over. `rows_in = rows_out + rejects + duplicates` is checked.
///
/// A row that would be rejected and for which `repairs` has another text is read from that text
/// instead, as if the file had it; each entry of `repairs` must fit such a row, or the stage fails.
///
/// # Parameters
/// See [`Params`].
///
/// # Example
/// ```yaml
/// load:
///   params:
///     layout: amazon-2018
///     reviews: data/sample-reviews.json.gz
///     metadata: data/sample-products.json.gz
///     store: sqlite://.cache/store.db
/// ```
/// And with a mapping, for a file such as `user,movie,stars,seconds`:
/// ```yaml
/// load:
///   params:
///     layout: columns
///     reviews: ratings/*.csv
///     columns: {user: user, item: movie, rating: stars, time: seconds}
/// ```
pub struct Load;

impl Stage for Load {
    const NAME: &'static str = "load";
    const SUMMARY: &'static str =
        "Reads review and product files, rejects what is faulty, and writes tables and the store.";
    const INPUTS: &'static [Port] = &[];
    const OUTPUTS: &'static [Port] = &[
        Port::one("reviews", Kind::Reviews),
        Port::one("texts", Kind::ReviewTexts),
        Port::one("items", Kind::Items),
        Port::one("rejects", Kind::Rejects),
        Port::one("account", Kind::Statistics),
    ];
    type Params = Params;

    fn run(params: &Params, context: &Context) -> anyhow::Result<()> {
        Ok(run(params, context)?)
    }

    fn sources(params: &Params) -> anyhow::Result<Vec<PathBuf>> {
        params.check()?;
        let files = Files::find(params)?;
        let files = files.reviews.into_iter().chain(files.metadata).map(|file| file.path);
        Ok(files.chain(params.repairs().map(PathBuf::from)).collect())
    }

    fn is_in_place(params: &Params, fingerprint: &str) -> anyhow::Result<bool> {
        Ok(params.store().map_or(Ok(true), |url| Catalogue::is_loaded(url, fingerprint))?)
    }
}

/// The files of both parameters.
struct Files {
    reviews: Vec<SourceFile>,
    metadata: Vec<SourceFile>,
}

impl Files {
    fn find(params: &Params) -> Result<Self, Error> {
        let reviews = expand("reviews", &params.reviews, params.layout)?;
        let metadata = match params.metadata() {
            Some(pattern) => expand("metadata", pattern, params.layout)?,
            None => Vec::new(),
        };
        Ok(Self { reviews, metadata })
    }

    fn total_bytes(&self) -> u64 {
        self.reviews.iter().chain(&self.metadata).map(|file| file.size_bytes).sum()
    }
}

fn run(params: &Params, context: &Context) -> Result<(), Error> {
    params.check()?;
    let files = Files::find(params)?;
    // A store that does not answer must show before hours of work, not after them.
    let mut catalogue = params.store().map(|url| Catalogue::open(url, context.fingerprint())).transpose()?;
    let mut sorters = Sorters::new(params, context);
    let mut rejects = RejectTable::create(context)?;
    let mut accounts = match read(params, context, &files, &mut sorters, &mut rejects) {
        Ok(accounts) => accounts,
        Err(error) => {
            // Whoever runs the stage keeps a whole table for its user; the error is what counts.
            let _ = rejects.finish();
            return Err(error);
        }
    };
    let mut outputs = Outputs { rejects: &mut rejects, catalogue: catalogue.as_mut(), context };
    let sorted = sorters.reviews.finish()?;
    assemble::reviews(sorted, &mut accounts.reviews, &mut sorters.items, &mut outputs)?;
    let counts = assemble::items(sorters.items.finish()?, accounts.metadata.as_mut(), &mut outputs)?;
    rejects.finish()?;
    accounts.tell(counts, context)?;
    write_json(context.output("account")?, &accounts.told())?;
    catalogue.map_or(Ok(()), Catalogue::finish)
}

struct Sorters {
    reviews: Sorter,
    items: Sorter,
}

impl Sorters {
    fn new(params: &Params, context: &Context) -> Self {
        let limit = params.sort_buffer_bytes;
        // Products are few beside reviews, and both wait at the same time.
        Self {
            reviews: Sorter::new(context.scratch(), "reviews", limit),
            items: Sorter::new(context.scratch(), "items", limit / 3),
        }
    }
}

struct Accounts {
    reviews: Account,
    metadata: Option<Account>,
}

/// The content of the output `account`.
#[derive(Serialize)]
struct ToldAccounts<'a> {
    reviews: Told<'a>,
    metadata: Option<Told<'a>>,
}

impl Accounts {
    fn told(&self) -> ToldAccounts<'_> {
        ToldAccounts { reviews: self.reviews.told(), metadata: self.metadata.as_ref().map(Account::told) }
    }

    /// Checks that no row got lost, and tells all figures.
    fn tell(&self, counts: ItemCounts, context: &Context) -> Result<(), Error> {
        self.reviews.check_sum()?;
        self.reviews.summarise("", context);
        context.summary("items", counts.items);
        context.summary("items_without_metadata", counts.without_metadata);
        if let Some(metadata) = &self.metadata {
            metadata.check_sum()?;
            metadata.summarise("metadata_", context);
            context.summary("items_without_reviews", counts.without_reviews);
        }
        Ok(())
    }
}

/// Reads all files; fails when too many rows are faulty.
fn read(
    params: &Params,
    context: &Context,
    files: &Files,
    sorters: &mut Sorters,
    rejects: &mut RejectTable,
) -> Result<Accounts, Error> {
    // Both at once: what is wrong with them must show before hours of work.
    let repairs = repairs_of(params, &files.reviews, &files.metadata)?;
    let metadata_repairs = repairs_of(params, &files.metadata, &files.reviews)?;
    let options = ReadOptions {
        delimiter: params.delimiter.as_bytes()[0],
        has_header: params.has_header,
        max_line_bytes: params.max_line_bytes,
    };
    let progress = Progress { context, done: Arc::default(), total: files.total_bytes() };
    let parser = ReviewParser::new(params);
    let compression = params.text_compression;
    let source = Source {
        files: &files.reviews,
        parser: &parser,
        mapping: parser.mapping(),
        options: &options,
        repairs: &repairs,
        texts: Some(context.output("texts")?),
        compression,
    };
    let mut reviews = Account::new("reviews", &files.reviews, params.max_reject_ratio);
    let mut rejected = Rejects::new(context.scratch());
    let ingested = ingest(&source, &mut sorters.reviews, &mut reviews, &mut rejected, &progress);
    keep_rejects(ingested, rejected, &reviews, rejects)?;
    repairs.check_used()?;
    reviews.check_ratio()?;
    if files.metadata.is_empty() {
        return Ok(Accounts { reviews, metadata: None });
    }
    let parser = ItemParser::new(params);
    let source = Source {
        files: &files.metadata,
        parser: &parser,
        mapping: parser.mapping(),
        options: &options,
        texts: None,
        repairs: &metadata_repairs,
        compression,
    };
    let mut metadata = Account::new("metadata", &files.metadata, params.max_reject_ratio);
    let mut rejected = Rejects::new(context.scratch());
    let ingested = ingest(&source, &mut sorters.items, &mut metadata, &mut rejected, &progress);
    keep_rejects(ingested, rejected, &metadata, rejects)?;
    metadata_repairs.check_used()?;
    metadata.check_ratio()?;
    Ok(Accounts { reviews, metadata: Some(metadata) })
}

/// The repairs of the files of one parameter; those of the other one are in the same file.
fn repairs_of(params: &Params, files: &[SourceFile], others: &[SourceFile]) -> Result<Repairs, Error> {
    Ok(params.repairs().map(|path| Repairs::read(path.as_ref(), files, others)).transpose()?.unwrap_or_default())
}

/// Writes what was rejected, also where the reading failed: it may well say why.
fn keep_rejects(
    ingested: Result<(), Error>,
    rejected: Rejects,
    account: &Account,
    table: &mut RejectTable,
) -> Result<(), Error> {
    let written = rejected.write(account, table);
    ingested.and(written)
}
