//! The files as a whole: reproducible, counted, and the bundled sample up to date.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    io::Read,
    path::Path,
};

use flate2::read::GzDecoder;
use synthetic::{Error, Layout, Settings, write};

fn lines(path: &Path) -> Vec<Vec<u8>> {
    let mut bytes = Vec::new();
    let file = File::open(path).expect("the generator wrote the file");
    GzDecoder::new(file).read_to_end(&mut bytes).expect("the file is gz");
    assert_eq!(bytes.pop(), Some(b'\n'));
    bytes.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect()
}

fn small(layout: Layout) -> Settings {
    Settings { layout, users: 60, items: 50, reviews: 900, dirty_ratio: 0.2, seed: 5, text_words: None }
}

/// The command of `data/README.md` still makes the files that stand in `data/`.
#[test]
fn the_bundled_sample_is_what_the_generator_makes() {
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings::default();
    write(folder.path(), &settings).unwrap();
    let bundled = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data");
    let layout = settings.layout;
    for name in [layout.reviews_file(), layout.products_file(), layout.truth_file()] {
        let (made, kept) = (fs::read(folder.path().join(name)).unwrap(), fs::read(bundled.join(name)).unwrap());
        assert!(made == kept, "data/{name} differs from what the generator makes; run the command of data/README.md");
    }
}

#[test]
fn counts_are_those_of_the_lines() {
    for layout in Layout::ALL {
        let folder = tempfile::tempdir().unwrap();
        let truth = write(folder.path(), &small(layout)).unwrap();
        for (file, truth) in [(layout.reviews_file(), &truth.reviews), (layout.products_file(), &truth.products)] {
            let lines = lines(&folder.path().join(file));
            assert_eq!(lines.len() as u64, truth.lines, "{layout} {file}");
            assert_eq!(truth.rows, truth.sound + truth.duplicates + truth.rejects);
            assert_eq!(truth.lines, truth.rows + truth.empty_lines);
            assert_eq!(truth.rejects, truth.rejects_by_reason.values().sum::<u64>());
            let full: Vec<&Vec<u8>> = lines.iter().filter(|line| !line.trim_ascii().is_empty()).collect();
            assert_eq!(full.len() as u64, truth.rows);
            let reject_lines: BTreeSet<u64> = truth.faulty_lines.iter().map(|line| line.line).collect();
            let sound = (1..).zip(&lines).filter(|(number, _)| !reject_lines.contains(number));
            let distinct: BTreeSet<&Vec<u8>> = sound.map(|(_, line)| line).collect();
            assert_eq!(distinct.len() as u64, truth.sound, "sound lines of {layout} {file} are distinct");
        }
        assert_eq!(truth.reviews.sound, 900);
        assert_eq!(truth.products.sound, 50);
        assert_eq!(truth.reviews.rejects_by_reason.len(), 9, "every kind of fault is there");
    }
}

#[test]
fn faulty_lines_stand_where_the_truth_says() {
    let folder = tempfile::tempdir().unwrap();
    let layout = Layout::Amazon2023;
    let truth = write(folder.path(), &small(layout)).unwrap();
    let lines = lines(&folder.path().join(layout.reviews_file()));
    for fault in &truth.reviews.faulty_lines {
        let place = fault.line as usize - 1;
        let before: usize = lines[..place].iter().map(|line| line.len() + 1).sum();
        assert_eq!(before as u64, fault.byte_offset);
        let is_utf8 = std::str::from_utf8(&lines[place]).is_ok();
        assert_eq!(is_utf8, fault.reason != "bad-utf8", "line {}", fault.line);
        if fault.reason == "duplicate" {
            assert!(lines[..place].contains(&lines[place]), "line {}", fault.line);
        }
    }
}

#[test]
fn another_seed_makes_other_files() {
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let settings = small(Layout::Amazon2018);
    write(one.path(), &settings).unwrap();
    write(other.path(), &Settings { seed: 6, ..settings }).unwrap();
    let read = |folder: &Path| fs::read(folder.join("sample-reviews.json.gz")).unwrap();
    assert_ne!(read(one.path()), read(other.path()));
}

#[test]
fn long_texts_compress_like_real_ones() {
    let folder = tempfile::tempdir().unwrap();
    let settings =
        Settings { users: 2000, reviews: 4000, dirty_ratio: 0.002, text_words: Some(60), ..small(Layout::Amazon2018) };
    let truth = write(folder.path(), &settings).unwrap();
    assert_eq!(truth.reviews.sound, 4000);
    let path = folder.path().join("sample-reviews.json.gz");
    let plain: usize = lines(&path).iter().map(|line| line.len() + 1).sum();
    let ratio = plain as f64 / fs::metadata(&path).unwrap().len() as f64;
    // Review files of real shops: about 3 to 1.
    assert!((2.7..3.4).contains(&ratio), "{ratio}");
}

#[test]
fn impossible_settings_are_refused_with_what_would_do() {
    let folder = tempfile::tempdir().unwrap();
    let message = |settings: Settings| write(folder.path(), &settings).unwrap_err().to_string();
    let base = small(Layout::Amazon2018);
    assert_eq!(
        message(Settings { users: 0, ..base.clone() }),
        "make data: setting `users`: expected at least 1, found 0"
    );
    assert_eq!(
        message(Settings { reviews: 3001, ..base.clone() }),
        "make data: setting `reviews`: expected at most users x items = 3000, found 3001"
    );
    assert_eq!(
        message(Settings { dirty_ratio: 0.6, ..base }),
        "make data: setting `dirty_ratio`: expected 0 to 0.5, found 0.6"
    );
    assert_eq!(
        message(Settings { text_words: Some(0), ..small(Layout::Amazon2018) }),
        "make data: setting `text_words`: expected at least 1, found 0"
    );
    let unknown = "amazon-2019".parse::<Layout>().unwrap_err();
    assert!(matches!(unknown, Error::UnknownLayout { .. }), "{unknown}");
}
