//! The pass over all texts: pieces on all threads, put together in their order.

use anyhow::Context as _;
use pipeline::{Context, Text, TextPiece, TextsReader};
use polars::{error::PolarsResult, frame::DataFrame};
use rayon::prelude::*;

use super::{
    Language, NO_WORDS, Texts,
    language::{Scripts, Votes, table},
    scan::{count_words, mixed, scan},
    terms::{Terms, rating_group},
};
use crate::{
    Params,
    data::{Places, Reviews, reviews::NONE},
};

/// Pieces that are read before what they found is put together: each holds 15 MB until then. Fixed, so that threads
/// change nothing.
const WAVE: usize = 4;

/// Parts of a piece that are looked at by themselves: a few pieces alone would not keep all threads busy to the end.
const PARTS: usize = 4;

/// Texts of fewer words have no signature.
const SIGNED_WORDS: usize = 8;

/// Where texts are not to be shown, a word that fewer reviews have is not either: it may name someone.
const REDACTED_REVIEWS: u64 = 10;

/// What a text leaves with its review.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Facts {
    words: u16,
    title_words: u16,
    hash: u64,
    signature: u64,
    language: Language,
}

/// What a piece of the texts holds.
struct Found {
    /// Rows of the reviews and what is known of their texts.
    facts: Vec<(u32, Facts)>,
    terms: Terms,
    by_group: [u64; 3],
    samples: Vec<(u32, Text)>,
}

/// Reads all texts.
pub fn read(
    reader: TextsReader,
    places: Places,
    reviews: &Reviews,
    params: &Params,
    context: &Context,
) -> anyhow::Result<Texts> {
    let rows = reviews.len();
    let shown = if params.redact { Vec::new() } else { Texts::shown_rows(rows, params.seed) };
    let mut texts = Texts {
        words: vec![NO_WORDS; rows],
        title_words: vec![NO_WORDS; rows],
        hash: vec![0; rows],
        signature: vec![0; rows],
        language: vec![Language::None; rows],
        terms: Vec::new(),
        by_group: [0; 3],
        term_error: 0,
        samples: Vec::new(),
        reader,
        places,
        redact: params.redact,
    };
    let pieces = texts.reader.pieces();
    let total: u64 = pieces.iter().map(|piece| u64::from(piece.rows)).sum();
    let mut done = 0;
    let mut terms = Terms::of_all();
    for wave in pieces.chunks(WAVE) {
        let found: Vec<anyhow::Result<Vec<Found>>> =
            wave.par_iter().map(|piece| read_piece(&texts, *piece, &reviews.rating, &shown)).collect();
        for found in found {
            for found in found? {
                terms.add(&found.terms);
                texts.put(found);
            }
        }
        done += wave.iter().map(|piece| u64::from(piece.rows)).sum::<u64>();
        context.progress(done, Some(total), "texts");
    }
    (texts.terms, texts.term_error) = terms.most();
    if params.redact {
        texts.terms.retain(|term| term.all() >= REDACTED_REVIEWS);
    }
    texts.samples.sort_by_key(|(row, _)| *row);
    Ok(texts)
}

impl Texts {
    fn put(&mut self, found: Found) {
        for (row, facts) in found.facts {
            let row = row as usize;
            self.words[row] = facts.words;
            self.title_words[row] = facts.title_words;
            self.hash[row] = facts.hash;
            self.signature[row] = facts.signature;
            self.language[row] = facts.language;
        }
        for (sum, count) in self.by_group.iter_mut().zip(found.by_group) {
            *sum += count;
        }
        self.samples.extend(found.samples);
    }
}

fn read_piece(texts: &Texts, piece: TextPiece, ratings: &[f32], shown: &[u32]) -> anyhow::Result<Vec<Found>> {
    let batch = texts.reader.read(piece)?;
    let rows = texts.places.of(piece.part, piece.first_row, piece.rows as usize);
    let size = rows.len().div_ceil(PARTS).max(1);
    let parts: Vec<(i64, &[u32])> = (0..).step_by(size).zip(rows.chunks(size)).collect();
    let scan = |(first, rows): &(i64, &[u32])| scan_part(&batch.frame.slice(*first, rows.len()), rows, ratings, shown);
    let found: PolarsResult<Vec<Found>> = parts.par_iter().map(scan).collect();
    found.context("read the columns of the texts")
}

fn scan_part(frame: &DataFrame, rows: &[u32], ratings: &[f32], shown: &[u32]) -> PolarsResult<Found> {
    let facts = Vec::with_capacity(rows.len());
    let mut found = Found { facts, terms: Terms::of_piece(), by_group: [0; 3], samples: Vec::new() };
    let titles = frame.column("title")?.str()?.iter();
    let texts = frame.column("text")?.str()?.iter();
    for ((row, title), text) in rows.iter().zip(titles).zip(texts) {
        if *row == NONE {
            continue;
        }
        let mut facts = Facts { words: NO_WORDS, title_words: title.map_or(NO_WORDS, words), ..Facts::default() };
        if shown.binary_search(row).is_ok() {
            let owned = |text: Option<&str>| text.map(str::to_owned);
            found.samples.push((*row, Text { title: owned(title), text: owned(text) }));
        }
        if let Some(text) = text {
            let group = rating_group(ratings[*row as usize]);
            found.by_group[group] += 1;
            facts.words = words(text);
            found.terms.scan(text, &mut facts, *row, group);
        }
        found.facts.push((*row, facts));
    }
    Ok(found)
}

fn words(text: &str) -> u16 {
    count_words(text).min(usize::from(NO_WORDS) - 1) as u16
}

impl Terms {
    /// Counts the words of a text, and notes hash, signature and language.
    fn scan(&mut self, text: &str, facts: &mut Facts, row: u32, group: usize) {
        let (mut scripts, mut votes) = (Scripts::default(), Votes::default());
        let mut signature = Signature::default();
        let (mut hash, mut count) = (0_u64, 0);
        let table = table();
        let letters = scan(text, &mut scripts, |word| {
            hash = (hash.rotate_left(5) ^ word.hash).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            count += 1;
            signature.add(word.hash);
            votes.hear(table, word.hash);
            self.count(word.hash, word.text, row, group);
        });
        // 0 says that there is nothing to compare.
        facts.hash = if count == 0 { 0 } else { mixed(hash).max(1) };
        facts.signature = if count < SIGNED_WORDS { 0 } else { signature.finish() };
        facts.language = votes.guess(&scripts, letters);
    }
}

/// One-permutation `MinHash` with four bins over all sequences of three words.
#[derive(Default)]
struct Signature {
    last: [u64; 2],
    smallest: [u64; 4],
    words: usize,
}

impl Signature {
    #[inline]
    fn add(&mut self, word: u64) {
        let sequence = mixed(word ^ self.last[0].rotate_left(21) ^ self.last[1].rotate_left(42));
        self.last = [word, self.last[0]];
        self.words += 1;
        if self.words >= 3 {
            // Largest instead of smallest: 0 then stands for an empty bin.
            let bin = &mut self.smallest[(sequence & 3) as usize];
            *bin = (*bin).max(sequence >> 2);
        }
    }

    /// Sixteen bits of each bin; 0 where a bin is empty.
    fn finish(&self) -> u64 {
        self.smallest.iter().enumerate().fold(0, |signature, (bin, value)| {
            let bits = if *value == 0 { 0 } else { (mixed(*value) >> 48).max(1) };
            signature | bits << (16 * bin)
        })
    }
}
