//! Reviews as the store keeps them.

use std::{collections::HashMap, path::Path};

use pipeline::{Context, Kind, TableReader, TextsReader};
use polars::frame::DataFrame;
use storage::{Review, Store, block_on};

use super::BATCH;
use crate::error::Error;

/// Numbers the reviews of the same item, user and time. Reviews stand together by item, so only one
/// item is in memory.
#[derive(Default)]
struct Ordinals {
    item: String,
    next: HashMap<(String, i64), u32>,
}

impl Ordinals {
    fn next(&mut self, item: &str, user: &str, time: i64) -> u32 {
        if self.item != item {
            item.clone_into(&mut self.item);
            self.next.clear();
        }
        let next = self.next.entry((user.to_owned(), time)).or_insert(0);
        *next += 1;
        *next - 1
    }
}

/// Writes all reviews, with their texts if these are connected.
pub fn write(store: &dyn Store, generation: &str, context: &Context) -> anyhow::Result<()> {
    let path = context.input("reviews")?;
    let table = TableReader::open(path, Kind::Reviews)?;
    let texts = context.optional_input("texts").map(TextsReader::open).transpose()?;
    let mut ordinals = Ordinals::default();
    let mut done = 0;
    for batch in table.batches(&[]) {
        let batch = batch?;
        let mut reviews = reviews(&batch, path, &mut ordinals)?;
        if let Some(texts) = &texts {
            add_texts(&mut reviews, &batch, texts)?;
        }
        for chunk in reviews.chunks(BATCH) {
            block_on(store.put_reviews(generation, chunk))?;
            done += chunk.len() as u64;
            context.progress(done, Some(table.rows() as u64), "reviews");
        }
    }
    Ok(())
}

/// Looks up the texts of a batch; a review that names none has none.
fn add_texts(reviews: &mut [Review], batch: &DataFrame, texts: &TextsReader) -> anyhow::Result<()> {
    let parts = batch.column("part")?.u32()?.iter();
    let rows = batch.column("row")?.u32()?.iter();
    let mut named = Vec::new();
    let mut places = Vec::new();
    for (review, place) in reviews.iter_mut().zip(parts.zip(rows)) {
        if let (Some(part), Some(row)) = place {
            named.push(review);
            places.push((part, row));
        }
    }
    for (review, text) in named.into_iter().zip(texts.gather(&places)?) {
        (review.title, review.text) = (text.title, text.text);
    }
    Ok(())
}

fn reviews(batch: &DataFrame, path: &Path, ordinals: &mut Ordinals) -> anyhow::Result<Vec<Review>> {
    let users = batch.column("user")?.str()?;
    let items = batch.column("item")?.str()?;
    let ratings = batch.column("rating")?.f32()?;
    let times = batch.column("time")?.i64()?;
    let verified = batch.column("verified")?.bool()?;
    let helpful_votes = batch.column("helpful_votes")?.u32()?;
    let mut review = |row: usize| {
        let none = |column| Error::NoValue { path: path.to_owned(), row, column };
        let asin = items.get(row).ok_or_else(|| none("item"))?;
        let user = users.get(row).ok_or_else(|| none("user"))?;
        let time = times.get(row).ok_or_else(|| none("time"))?;
        anyhow::Ok(Review {
            asin: asin.to_owned(),
            user: user.to_owned(),
            time,
            ordinal: ordinals.next(asin, user, time),
            rating: ratings.get(row).ok_or_else(|| none("rating"))?,
            title: None,
            text: None,
            verified: verified.get(row),
            helpful_votes: helpful_votes.get(row),
        })
    };
    (0..batch.height()).map(&mut review).collect()
}
