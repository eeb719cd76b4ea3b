//! A sample of the input table: two passes over its narrow columns, the second of which writes.

use std::path::PathBuf;

use anyhow::{Context as _, ensure};
use pipeline::{Context, Kind, TableReader, TableWriter};
use polars::{
    frame::DataFrame,
    prelude::{BooleanChunked, NewChunkedArray},
};

use crate::{
    Params, Proof, categories,
    census::Census,
    core_retention::EdgeWriter,
    layout::Layout,
    models::ModelRows,
    proof::prove,
    review::{COLUMNS, Decoder, Review},
    selection::Selection,
    tally::Tally,
};

/// Rows that are gathered before they are written as one group.
const GROUP_ROWS: usize = 128 * 1024;

/// Writes the sample and gives its proof.
pub(crate) fn draw(params: &Params, context: &Context) -> anyhow::Result<Proof> {
    let path = context.optional_input("reviews").context(
        "sample reviews: no input `reviews` is connected and no `store` is set; connect `reviews: load.reviews`, or set \
         `store` and `unit: asin`",
    )?;
    let reader = TableReader::open(path, Kind::Reviews)?;
    let mut census = Census::default();
    let progress = |done: u64| context.progress(done, Some(reader.rows() as u64 * 2), "rows");
    each_batch(params, &reader, |reviews| {
        census.add(reviews);
        progress(census.rows);
        Ok(())
    })?;
    let mut selection = Selection::new(params, &census, |take| {
        each_batch(params, &reader, |reviews| {
            reviews.iter().for_each(&mut *take);
            Ok(())
        })
    })?;
    let categories = match context.optional_input("items") {
        Some(path) => categories::read(path, params.seed, &census)?,
        None => categories::Categories::default(),
    };
    let layout = Layout::new(&census, categories, params.unit);
    let share = params.strata.is_none().then(|| selection.strata[0].probability);
    let mut tally = Tally::new(params.unit, &census, &layout, share);
    let edges = edges(context);
    let models = write_rows(params, context, &reader, &mut selection, &mut tally)?;
    tally.finish(|unit| selection.probability(unit));
    selection.count_kept(&census);
    ensure!(tally.rows > 0, empty(params, &census));
    let compared =
        if tally.is_whole() || params.model_rows == 0 { None } else { models.compare(params.unit, params.seed)? };
    prove(params, &selection, &tally, Some(&edges), compared)
}

fn edges(context: &Context) -> PathBuf {
    context.scratch().join("pairs")
}

fn empty(params: &Params, census: &Census) -> String {
    let (items, users, rows) = (census.items.len(), census.users.len(), census.rows);
    format!(
        "sample reviews: rate {} by `{}` with seed {} keeps none of {items} products, {users} users, {rows} rows; raise \
         `rate`, set `size`, or sample by `row`",
        params.rate,
        params.unit.name(),
        params.seed,
    )
}

/// All reviews in batches, in order.
fn each_batch(
    params: &Params,
    reader: &TableReader,
    mut take: impl FnMut(&[Review]) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut decoder = Decoder::new(params.unit, params.seed);
    for batch in reader.batches(&COLUMNS) {
        take(&decoder.decode(&batch?).context("read the columns of the reviews")?)?;
    }
    Ok(())
}

/// Decides about every row, counts it, and writes the kept ones in their order.
fn write_rows(
    params: &Params,
    context: &Context,
    reader: &TableReader,
    selection: &mut Selection,
    tally: &mut Tally<'_>,
) -> anyhow::Result<ModelRows> {
    let census = tally.census;
    let mut writer = GroupWriter { writer: TableWriter::create(context, "reviews", Kind::Reviews)?, waiting: None };
    let mut edges = EdgeWriter::create(&edges(context))?;
    let mut models = ModelRows::new(params.model_rows, census);
    let mut decoder = Decoder::new(params.unit, params.seed);
    let mut done = census.rows;
    for batch in reader.batches(&[]) {
        let batch = batch?;
        let reviews = decoder.decode(&batch).context("read the columns of the reviews")?;
        let mut mask = Vec::with_capacity(reviews.len());
        for review in &reviews {
            let (Some(user), Some(item)) = (census.users.index(review.user), census.items.index(review.item)) else {
                anyhow::bail!("sample reviews: the table changed while it was read; run the stage again");
            };
            let decision = selection.decide(review, user, item);
            tally.add(review, user, item, &decision);
            edges.add(user, item, decision.keep)?;
            models.add(review, decision.keep);
            if decision.keep {
                selection.count_row(review, item);
            }
            mask.push(decision.keep);
        }
        writer.write(batch.filter(&BooleanChunked::from_slice("keep".into(), &mask))?)?;
        done += reviews.len() as u64;
        context.progress(done, Some(census.rows * 2), "rows");
    }
    writer.finish()?;
    edges.finish()?;
    Ok(models)
}

/// Gathers rows to groups of a good size.
pub(crate) struct GroupWriter {
    pub(crate) writer: TableWriter,
    pub(crate) waiting: Option<DataFrame>,
}

impl GroupWriter {
    pub(crate) fn write(&mut self, rows: DataFrame) -> anyhow::Result<()> {
        let gathered = match self.waiting.take() {
            Some(waiting) => waiting.vstack(&rows)?,
            None => rows,
        };
        if gathered.height() >= GROUP_ROWS {
            self.writer.write(&gathered)?;
        } else {
            self.waiting = Some(gathered);
        }
        Ok(())
    }

    pub(crate) fn finish(mut self) -> anyhow::Result<()> {
        if let Some(waiting) = self.waiting.take().filter(|waiting| waiting.height() > 0) {
            self.writer.write(&waiting)?;
        }
        self.writer.finish()?;
        Ok(())
    }
}
