//! Writing the files, row by row.

use std::{
    fs::{self, File},
    io::{BufWriter, Write as _},
    path::{Path, PathBuf},
};

use flate2::{Compression, GzBuilder, write::GzEncoder};

use crate::{
    Error, FaultyLine, FileTruth, Settings, Truth,
    catalogue::Catalogue,
    dice::Dice,
    faults::Fault,
    lines::{
        product::{self, quoted_asin},
        review::ReviewLine,
    },
    prose::Prose,
    shopper,
    truth::LISTED_LINES,
};

const REVIEW_FAULTS_STREAM: u64 = (1 << 61) + 1;
const PRODUCT_FAULTS_STREAM: u64 = (1 << 61) + 2;

/// Writes reviews, products and the truth about them into `folder` and returns that truth.
///
/// The files are named as [`crate::Layout::reviews_file`], [`crate::Layout::products_file`] and
/// [`crate::Layout::truth_file`] say. Memory is in proportion to users and items, never to reviews.
/// Each file appears under its name only when it is complete.
pub fn write(folder: &Path, settings: &Settings) -> Result<Truth, Error> {
    settings.check()?;
    fs::create_dir_all(folder).map_err(Error::io(folder))?;
    let catalogue = Catalogue::new(settings);
    let products = write_products(folder, settings, &catalogue)?;
    let reviews = write_reviews(folder, settings, &catalogue)?;
    let truth = Truth { settings: settings.clone(), reviews, products };
    let path = folder.join(settings.layout.truth_file());
    let mut text = serde_json::to_string_pretty(&truth).unwrap_or_default();
    text.push('\n');
    fs::write(&path, text).map_err(Error::io(&path))?;
    Ok(truth)
}

fn write_products(folder: &Path, settings: &Settings, catalogue: &Catalogue) -> Result<FileTruth, Error> {
    let layout = settings.layout;
    let mut file = Lines::create(folder, layout.products_file())?;
    let mut faults = Faults::new(settings, PRODUCT_FAULTS_STREAM, &Fault::OF_PRODUCTS);
    let is_python = layout == crate::Layout::Amazon2014;
    for number in 0..settings.items {
        let line = product::write(layout, catalogue, number, Some(&quoted_asin(layout, catalogue, number)));
        file.sound(line.as_bytes())?;
        if let Some(fault) = faults.next(line.as_bytes()) {
            let spoil = |dice: &mut Dice| fault.spoil_product(layout, catalogue, number, dice);
            let bytes = faults.line(fault, spoil);
            file.faulty(&bytes, fault, is_python)?;
        }
    }
    file.finish()
}

fn write_reviews(folder: &Path, settings: &Settings, catalogue: &Catalogue) -> Result<FileTruth, Error> {
    let layout = settings.layout;
    let mut file = Lines::create(folder, layout.reviews_file())?;
    let mut faults = Faults::new(settings, REVIEW_FAULTS_STREAM, &Fault::OF_REVIEWS);
    let prose = settings.text_words.map(|words| Prose::new(settings.seed, words));
    for (user, count) in shopper::activity(settings).enumerate() {
        for review in shopper::reviews(settings, catalogue, prose.as_ref(), user as u32, count) {
            let line = ReviewLine::new(layout, settings.seed, catalogue, review);
            let text = line.write(layout);
            file.sound(text.as_bytes())?;
            if let Some(fault) = faults.next(text.as_bytes()) {
                let bytes = faults.line(fault, |dice| fault.spoil_review(layout, line, dice));
                file.faulty(&bytes, fault, false)?;
            }
        }
    }
    file.finish()
}

/// Decides which row is followed by a fault, and of which kind.
struct Faults {
    dice: Dice,
    ratio: f64,
    kinds: &'static [Fault],
    turn: usize,
    rows: u64,
    /// Some earlier sound lines, to be repeated far from where they stood.
    memory: Vec<Vec<u8>>,
}

impl Faults {
    fn new(settings: &Settings, stream: u64, kinds: &'static [Fault]) -> Self {
        let dice = Dice::new(settings.seed, stream);
        Self { dice, ratio: settings.dirty_ratio, kinds, turn: 0, rows: 0, memory: Vec::new() }
    }

    /// The fault that follows this sound line, if any.
    fn next(&mut self, line: &[u8]) -> Option<Fault> {
        if self.rows.is_multiple_of(499) && self.memory.len() < 64 {
            self.memory.push(line.to_vec());
        }
        self.rows += 1;
        if !self.dice.chance(self.ratio) {
            return None;
        }
        let fault = self.kinds[self.turn % self.kinds.len()];
        self.turn += 1;
        Some(fault)
    }

    fn line(&mut self, fault: Fault, spoil: impl FnOnce(&mut Dice) -> Vec<u8>) -> Vec<u8> {
        match fault {
            Fault::Duplicate => self.memory[self.dice.below(self.memory.len())].clone(),
            Fault::EmptyLine => self.dice.pick(&[b"".as_slice(), b"  ", b"\t"]).to_vec(),
            _ => spoil(&mut self.dice),
        }
    }
}

/// A compressed file of lines that is counted while it is written.
struct Lines {
    path: PathBuf,
    partial: PathBuf,
    encoder: GzEncoder<BufWriter<File>>,
    offset: u64,
    truth: FileTruth,
}

impl Lines {
    fn create(folder: &Path, name: &str) -> Result<Self, Error> {
        let partial = folder.join(format!("{name}.partial"));
        let file = File::create(&partial).map_err(Error::io(&partial))?;
        // No name and no time in the header: equal content gives equal bytes.
        let encoder = GzBuilder::new().mtime(0).write(BufWriter::new(file), Compression::default());
        let truth = FileTruth { file: name.to_owned(), ..FileTruth::default() };
        Ok(Self { path: folder.join(name), partial, encoder, offset: 0, truth })
    }

    fn line(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let written = self.encoder.write_all(bytes).and_then(|()| self.encoder.write_all(b"\n"));
        written.map_err(Error::io(&self.partial))?;
        self.truth.lines += 1;
        self.offset += bytes.len() as u64 + 1;
        Ok(())
    }

    fn sound(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.truth.rows += 1;
        self.truth.sound += 1;
        self.line(bytes)
    }

    fn faulty(&mut self, bytes: &[u8], fault: Fault, is_python: bool) -> Result<(), Error> {
        let reason = fault.reason(is_python).to_owned();
        match fault {
            Fault::EmptyLine => self.truth.empty_lines += 1,
            Fault::Duplicate => self.truth.duplicates += 1,
            _ => {
                self.truth.rejects += 1;
                *self.truth.rejects_by_reason.entry(reason.clone()).or_default() += 1;
            }
        }
        self.truth.rows += u64::from(fault != Fault::EmptyLine);
        if self.truth.faulty_lines.len() < LISTED_LINES {
            let (line, byte_offset) = (self.truth.lines + 1, self.offset);
            self.truth.faulty_lines.push(FaultyLine { line, byte_offset, reason });
        }
        self.line(bytes)
    }

    fn finish(self) -> Result<FileTruth, Error> {
        let written = self.encoder.finish().and_then(|mut buffer| buffer.flush());
        written.map_err(Error::io(&self.partial))?;
        fs::rename(&self.partial, &self.path).map_err(Error::io(&self.path))?;
        Ok(self.truth)
    }
}
