//! The second pass: from sorted rows to tables, without duplicates, and to the store.

use std::path::PathBuf;

use pipeline::Context;

use crate::{
    Error,
    account::Account,
    catalogue::Catalogue,
    codec::Encoder,
    fault::{Fault, Place, Reason, Reject},
    item::{Item, ItemPart, Ratings},
    review::StoredReview,
    sorter::{Sorted, Sorter},
    tables::{ItemTable, RejectTable, ReviewTable},
};

/// Progress is told after so many rows; asking the clock for each would cost more than the row.
const PROGRESS_ROWS: u64 = 4096;

/// Where rows go that are no longer needed elsewhere.
pub struct Outputs<'a> {
    /// Rejected and duplicate rows.
    pub rejects: &'a mut RejectTable,
    /// The store, if there is one.
    pub catalogue: Option<&'a mut Catalogue>,
    /// Where progress is told.
    pub context: &'a Context,
}

/// Rows of one item, user and time, of which equal ones are duplicates.
#[derive(Default)]
struct Group {
    item: String,
    user: String,
    time: i64,
    /// Hash and place of each distinct row.
    kept: Vec<([u8; 16], Place)>,
}

impl Group {
    /// The place of an equal row, if there was one; else the row becomes the next one of its group.
    fn seen(&mut self, stored: &StoredReview) -> Option<Place> {
        let review = &stored.review;
        if (self.item.as_str(), self.user.as_str(), self.time) != (&review.item, &review.user, review.time) {
            review.item.as_ref().clone_into(&mut self.item);
            review.user.as_ref().clone_into(&mut self.user);
            self.time = review.time;
            self.kept.clear();
        }
        let seen = self.kept.iter().find(|(digest, _)| *digest == stored.digest).map(|(_, place)| *place);
        if seen.is_none() {
            self.kept.push((stored.digest, stored.place));
        }
        seen
    }
}

/// Writes the Reviews table, and what reviews say of their items into `items`.
pub fn reviews(
    mut sorted: Sorted,
    account: &mut Account,
    items: &mut Sorter,
    outputs: &mut Outputs,
) -> Result<(), Error> {
    let expected = account.rows_in - account.rejects();
    let mut table = ReviewTable::create(outputs.context)?;
    let mut group = Group::default();
    let mut ratings = Ratings::default();
    while let Some((key, payload)) = sorted.next()? {
        let (row, payload) = payload.split_first_chunk().ok_or_else(|| damaged(outputs.context))?;
        let row = u32::from_le_bytes(*row);
        let stored = StoredReview::decode(key, payload).ok_or_else(|| damaged(outputs.context))?;
        if stored.review.item != group.item {
            push_ratings(&group.item, &mut ratings, items)?;
        }
        if let Some(first) = group.seen(&stored) {
            account.duplicates += 1;
            let detail = format!("the same line as {}:{}", account.file(first.file), first.line);
            push_duplicate(stored.place, detail, account, outputs)?;
            continue;
        }
        ratings.add(stored.review.rating);
        table.push(&stored.review, stored.place.file, row)?;
        account.rows_out += 1;
        if let Some(catalogue) = &mut outputs.catalogue {
            catalogue.review(&stored.review, group.kept.len() as u32 - 1)?;
        }
        if account.rows_out.is_multiple_of(PROGRESS_ROWS) {
            outputs.context.progress(account.rows_out + account.duplicates, Some(expected), "rows");
        }
    }
    push_ratings(&group.item, &mut ratings, items)?;
    account.rows_out = table.finish()? as u64;
    Ok(())
}

fn push_ratings(item: &str, ratings: &mut Ratings, items: &mut Sorter) -> Result<(), Error> {
    if ratings.count == 0 {
        return Ok(());
    }
    push_item(item, &ItemPart::Ratings(std::mem::take(ratings)), items)
}

fn push_item(item: &str, part: &ItemPart, items: &mut Sorter) -> Result<(), Error> {
    let (mut key, mut payload) = (Vec::new(), Encoder::default());
    part.push_key(item, &mut key);
    part.encode(item, &mut payload);
    items.push(&key, [&payload.bytes, &[]])
}

/// How items with and without metadata or reviews came together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ItemCounts {
    /// Rows of the Items table.
    pub items: u64,
    /// Of these, items that have reviews but no metadata.
    pub without_metadata: u64,
    /// Of these, items that have metadata but no reviews.
    pub without_reviews: u64,
}

/// What is known of the item at hand.
#[derive(Default)]
struct Gathered {
    key: String,
    ratings: Ratings,
    metadata: Option<(Place, Item)>,
}

/// Writes the Items table: a row for each item with metadata (the first row of it wins), and a bare
/// one for each item that has reviews only.
pub fn items(mut sorted: Sorted, account: Option<&mut Account>, outputs: &mut Outputs) -> Result<ItemCounts, Error> {
    let mut table = ItemTable::create(outputs.context)?;
    let mut counts = ItemCounts::default();
    let mut gathered = Gathered::default();
    let mut account = account;
    while let Some((_, bytes)) = sorted.next()? {
        let (key, part) = ItemPart::decode(bytes).ok_or_else(|| damaged(outputs.context))?;
        if key != gathered.key {
            let done = std::mem::take(&mut gathered);
            write_item(done, &mut table, &mut counts, outputs)?;
            key.clone_into(&mut gathered.key);
        }
        match part {
            ItemPart::Ratings(ratings) => gathered.ratings = ratings,
            ItemPart::Metadata(place, item) => {
                let Some(account) = account.as_deref_mut() else { continue };
                if let Some((first, _)) = &gathered.metadata {
                    account.duplicates += 1;
                    let detail = format!("another row of the item of {}:{}", account.file(first.file), first.line);
                    push_duplicate(place, detail, account, outputs)?;
                } else {
                    account.rows_out += 1;
                    gathered.metadata = Some((place, *item));
                }
            }
        }
    }
    write_item(gathered, &mut table, &mut counts, outputs)?;
    counts.items = table.finish()? as u64;
    Ok(counts)
}

fn write_item(
    gathered: Gathered,
    table: &mut ItemTable,
    counts: &mut ItemCounts,
    outputs: &mut Outputs,
) -> Result<(), Error> {
    // Keys are never empty: this is the state before the first row.
    if gathered.key.is_empty() {
        return Ok(());
    }
    counts.without_metadata += u64::from(gathered.metadata.is_none());
    counts.without_reviews += u64::from(gathered.ratings.count == 0);
    let bare = || Item { key: gathered.key, ..Item::default() };
    let item = gathered.metadata.map_or_else(bare, |(_, item)| item);
    table.push(&item)?;
    match &mut outputs.catalogue {
        Some(catalogue) => catalogue.product(item, gathered.ratings),
        None => Ok(()),
    }
}

fn push_duplicate(place: Place, detail: String, account: &Account, outputs: &mut Outputs) -> Result<(), Error> {
    // The row itself was not kept: `detail` tells where its equal stands.
    let reject = Reject { place, fault: Fault::of_row(Reason::Duplicate, detail), raw: Vec::new() };
    outputs.rejects.push(account.file(place.file), &reject)
}

fn damaged(context: &Context) -> Error {
    let path: PathBuf = context.scratch().to_owned();
    Error::Scratch { path }
}
