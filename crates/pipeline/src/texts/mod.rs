//! Titles and texts of reviews, apart from their ids and numbers.
//!
//! They are most of the bytes of a review file, and most stages never read them. So they stand in a
//! folder of their own, one Parquet file (a *part*) for each source file, in the order of its lines;
//! a row of the Reviews table names its text by part and row. A part may hold rows that no review
//! names: those of duplicates, which are found only after their text was written.

mod flusher;
mod pages;
mod reader;
mod writer;

pub use pages::{EncodedTexts, TextBlock, TextCompression};
pub use reader::{Text, TextBatch, TextPiece, TextsReader};
pub use writer::TextsPart;

/// Name of the file of a part.
fn file_name(part: u32) -> String {
    format!("{part:05}.parquet")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use proptest::prelude::*;

    use super::*;

    type Row = (Option<String>, Option<String>);

    fn write(folder: &Path, part: u32, compression: TextCompression, blocks: &[Vec<Row>]) {
        let mut writer = TextsPart::create(folder, part, "test").unwrap();
        let mut block = TextBlock::new(compression);
        let mut rows = 0;
        for texts in blocks {
            for (title, text) in texts {
                block.push(title.as_deref(), text.as_deref());
            }
            assert_eq!(writer.append(block.encode().unwrap()).unwrap(), rows);
            rows += texts.len() as u32;
        }
        assert_eq!(writer.finish().unwrap(), rows);
    }

    fn read(folder: &Path) -> Vec<(u32, u32, Row)> {
        let mut rows = Vec::new();
        for batch in TextsReader::open(folder).unwrap().batches() {
            let batch = batch.unwrap();
            let titles = batch.frame.column("title").unwrap().str().unwrap();
            let texts = batch.frame.column("text").unwrap().str().unwrap();
            for (offset, (title, text)) in titles.iter().zip(texts.iter()).enumerate() {
                let row = batch.first_row + offset as u32;
                rows.push((batch.part, row, (title.map(str::to_owned), text.map(str::to_owned))));
            }
        }
        rows
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn texts_come_back(
            parts in prop::collection::vec(
                prop::collection::vec(
                    prop::collection::vec((any::<Option<String>>(), prop::option::of("[a-z ]{0,300}")), 0..40), 0..4),
                1..4),
            is_compressed: bool,
            wanted in prop::collection::vec(any::<prop::sample::Index>(), 0..20),
        ) {
            let folder = tempfile::tempdir().unwrap();
            let mut expected = Vec::new();
            for (part, blocks) in parts.iter().enumerate() {
                let compression = if is_compressed { TextCompression::Zstd } else { TextCompression::None };
                write(folder.path(), part as u32, compression, blocks);
                let rows = blocks.iter().flatten().cloned().enumerate();
                expected.extend(rows.map(|(row, texts)| (part as u32, row as u32, texts)));
            }
            prop_assert_eq!(&read(folder.path()), &expected);
            if !expected.is_empty() {
                let wanted: Vec<_> = wanted.iter().map(|index| index.get(&expected)).collect();
                let places: Vec<(u32, u32)> = wanted.iter().map(|(part, row, _)| (*part, *row)).collect();
                let found = TextsReader::open(folder.path()).unwrap().gather(&places).unwrap();
                for ((_, _, (title, text)), found) in wanted.into_iter().zip(found) {
                    prop_assert_eq!((title, text), (&found.title, &found.text));
                }
            }
        }
    }

    #[test]
    fn many_row_groups_come_back() {
        let folder = tempfile::tempdir().unwrap();
        let text = |row: u32| (None, Some(format!("{row} {}", "x".repeat(100_000))));
        let blocks: Vec<Vec<Row>> = (0..600).map(|row| vec![text(row)]).collect();
        write(folder.path(), 0, TextCompression::None, &blocks);
        let reader = TextsReader::open(folder.path()).unwrap();
        assert!(reader.batches().count() > 2, "60 MB are more than one piece");
        for (piece, batch) in reader.pieces().into_iter().zip(reader.batches()) {
            let (read, batch) = (reader.read(piece).unwrap(), batch.unwrap());
            assert_eq!(
                (read.part, read.first_row, piece.rows as usize),
                (batch.part, batch.first_row, read.frame.height())
            );
            assert!(read.frame.equals_missing(&batch.frame));
        }
        let found = reader.gather(&[(0, 599), (0, 0), (0, 300), (0, 599)]).unwrap();
        let first = |text: &Text| text.text.as_deref().and_then(|text| text.split(' ').next().map(str::to_owned));
        let numbers: Vec<Option<String>> = found.iter().map(first).collect();
        assert_eq!(numbers, ["599", "0", "300", "599"].map(|number| Some(number.to_owned())));
        let message = reader.gather(&[(0, 600)]).err().map(|error| error.to_string()).unwrap();
        assert!(message.contains("row 600 of part 0"), "{message}");
    }
}
