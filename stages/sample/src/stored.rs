//! A sample straight from a store, by asin: only the chosen products' reviews are read, through the key.
//!
//! The store tells how many reviews every product has, so the choice, the totals and the distribution of
//! reviews a product are proved as always. Of ratings, times and texts only the sample is known: they are
//! estimated with intervals, without a truth beside them. Texts stay in the store: `part` and `row` of the
//! written table are empty.

use anyhow::{Context as _, ensure};
use pipeline::{Context, Kind, TableReader, TableWriter};
use polars::{df, frame::DataFrame};
use storage::{Review, ReviewCount, ReviewRange, Store, block_on};

use crate::{
    Params, Proof,
    census::Census,
    hashing::Hasher,
    layout::{Categories, Layout},
    proof::prove,
    review::{COLUMNS, Decoder},
    selection::Selection,
    table::GroupWriter,
    tally::Tally,
};

/// Products that are listed by one call.
const LISTED: u64 = 10_000;
/// Reviews that are read by one call.
const READ: u64 = 5000;

/// Writes the sample and gives its proof.
pub(crate) fn draw(params: &Params, url: &str, context: &Context) -> anyhow::Result<Proof> {
    let store = block_on(storage::open(url))?;
    block_on(store.ping())?;
    let location = store.location().to_owned();
    let generation = block_on(store.loaded())?.with_context(|| {
        format!("sample from store {location}: it holds no finished load; run `load` into it first")
    })?;
    let source = Source { store: &*store, generation };
    let mut census = Census::default();
    let mut hasher = Hasher::new(params.seed);
    source.each_product(|product| {
        census.add_product(hasher.item(&product.asin), product.reviews);
        Ok(())
    })?;
    let mut selection = Selection::new(params, &census, |_| Ok(()))?;
    let probability = selection.strata[0].probability;
    let written = source.write(&selection, &mut hasher, context)?;
    ensure!(
        written > 0,
        "sample from store {location}: rate {} with seed {} keeps none of {} products; raise `rate`, or set `size`",
        params.rate,
        params.seed,
        census.items.len()
    );
    let reader = TableReader::open(context.output("reviews")?, Kind::Reviews)?;
    let each_batch = |take: &mut dyn FnMut(&[crate::review::Review])| -> anyhow::Result<()> {
        let mut decoder = Decoder::new(params.unit, params.seed);
        for batch in reader.batches(&COLUMNS) {
            take(&decoder.decode(&batch?)?);
        }
        Ok(())
    };
    each_batch(&mut |reviews| census.add_sampled(reviews))?;
    let layout = Layout::new(&census, Categories::default(), params.unit);
    let mut tally = Tally::new(params.unit, &census, &layout, Some(probability));
    each_batch(&mut |reviews| {
        for review in reviews {
            if let (Some(user), Some(item)) = (census.users.index(review.user), census.items.index(review.item)) {
                tally.add(review, user, item, &selection.decide(review, user, item));
            }
        }
    })?;
    ensure!(
        tally.rows == written,
        "sample from store {location}: {written} reviews were written, {} of them of chosen products; this is a fault of \
         the program",
        tally.rows
    );
    tally.finish(|_| probability);
    tally.forget_rows();
    selection.count_kept(&census);
    prove(params, &selection, &tally, None, None)
}

/// One load in a store.
struct Source<'a> {
    store: &'a dyn Store,
    generation: String,
}

impl Source<'_> {
    /// Every product with its number of reviews, in the order of the keys.
    fn each_product(&self, mut take: impl FnMut(&ReviewCount) -> anyhow::Result<()>) -> anyhow::Result<()> {
        let mut after: Option<String> = None;
        loop {
            let page = block_on(self.store.review_counts(&self.generation, after.as_deref(), LISTED))?;
            page.iter().try_for_each(&mut take)?;
            let is_last = (page.len() as u64) < LISTED;
            after = page.into_iter().last().map(|product| product.asin);
            if is_last {
                return Ok(());
            }
        }
    }

    /// Writes the reviews of the chosen products; how many these are.
    fn write(&self, selection: &Selection, hasher: &mut Hasher, context: &Context) -> anyhow::Result<u64> {
        let mut writer = GroupWriter { writer: TableWriter::create(context, "reviews", Kind::Reviews)?, waiting: None };
        let mut written = 0;
        self.each_product(|product| {
            if selection.is_kept(hasher.item(&product.asin)) {
                written += self.write_product(&product.asin, &mut writer)?;
                context.progress(written, None, "rows");
            }
            Ok(())
        })?;
        writer.finish()?;
        Ok(written)
    }

    fn write_product(&self, asin: &str, writer: &mut GroupWriter) -> anyhow::Result<u64> {
        let mut range = ReviewRange { first: asin.to_owned(), last: asin.to_owned(), after: None };
        let mut written = 0;
        loop {
            let page = block_on(self.store.reviews_by_key(&self.generation, &range, READ))?;
            written += page.len() as u64;
            if !page.is_empty() {
                writer.write(frame(&page)?)?;
            }
            let is_last = (page.len() as u64) < READ;
            range.after = page.last().map(Review::key);
            if is_last {
                return Ok(written);
            }
        }
    }
}

/// Reviews as rows of the table between stages.
fn frame(reviews: &[Review]) -> anyhow::Result<DataFrame> {
    let length = |review: &Review| review.text.as_ref().map(|text| text.chars().count() as u32);
    Ok(df!(
        "user" => reviews.iter().map(|review| review.user.as_str()).collect::<Vec<_>>(),
        "item" => reviews.iter().map(|review| review.asin.as_str()).collect::<Vec<_>>(),
        "rating" => reviews.iter().map(|review| review.rating).collect::<Vec<_>>(),
        "time" => reviews.iter().map(|review| review.time).collect::<Vec<_>>(),
        "verified" => reviews.iter().map(|review| review.verified).collect::<Vec<_>>(),
        "helpful_votes" => reviews.iter().map(|review| review.helpful_votes).collect::<Vec<_>>(),
        "text_length" => reviews.iter().map(length).collect::<Vec<_>>(),
        "part" => vec![None::<u32>; reviews.len()],
        "row" => vec![None::<u32>; reviews.len()],
    )?)
}
