//! What interactions cost in memory, at a tenth of the largest dump: 233 million reviews of 2018.
//!
//! A file of made sequences goes through `load` and `preprocess` to a training stage whose model is
//! next to nothing, so that what its process holds is interactions. Formula for a model in training:
//! 12 bytes an interaction, 8 a user, and the model (in the head of each algorithm's file).

use std::{
    fs::File,
    io::{BufWriter, Write},
    path::Path,
};

use anyhow::Context;
use recommender::Interaction;

use super::real::Prepared;
use crate::figures::{Figures, add_stage};

/// A tenth of the interactions of the dump of 2018.
const INTERACTIONS: u64 = 23_300_000;

/// Stages that are reported.
const STAGES: &[&str] = &["load", "preprocess", "popularity"];

/// Loads, splits and trains on made sequences.
pub fn measure(figures: &mut Figures) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("sequences.txt");
    let output = File::create(&file).with_context(|| format!("create {}", file.display()))?;
    let users = write_sequences(&mut BufWriter::new(output), INTERACTIONS, 42)
        .with_context(|| format!("write {}", file.display()))?;
    let prepared = run(&file, folder.path())?;
    for stage in STAGES {
        add_stage(figures, &format!("scale_{stage}"), prepared.record(stage)?);
    }
    let peak = prepared.record("popularity")?["peak_memory_bytes"].as_f64().context("a record tells peak memory")?;
    let of_each = size_of::<Interaction>() as f64;
    figures.add("scale_interactions", INTERACTIONS as f64, "interactions");
    figures.add("scale_users", users as f64, "users");
    figures.add("interaction_bytes", of_each, "bytes each in memory");
    figures.add("scale_train_bytes_each", peak / INTERACTIONS as f64, "bytes an interaction, all of the process");
    figures.add("scale_train_all_gb", peak * 10.0 / 1e9, "GB, ten times the peak: 233 million interactions");
    Ok(())
}

fn run(file: &Path, folder: &Path) -> anyhow::Result<Prepared> {
    Prepared::run("train-scale", &folder.join("cache"), &[format!("data={}", file.display())])
}

/// Writes sequences of 1 to 9 items, 5 in the mean, with a fifteenth as many items as interactions, the
/// first ones most popular; the number of users. No user has an item twice.
fn write_sequences(output: &mut impl Write, interactions: u64, seed: u64) -> std::io::Result<u64> {
    let items = (interactions / 15).max(20);
    let mut state = seed;
    let (mut written, mut users) = (0, 0);
    let mut line: Vec<u64> = Vec::new();
    while written < interactions {
        let length = (1 + draw(&mut state) % 9).min(interactions - written);
        line.clear();
        while (line.len() as u64) < length {
            let place = (draw(&mut state) >> 11) as f64 / (1_u64 << 53) as f64;
            let item = (place.powi(3) * items as f64) as u64;
            if !line.contains(&item) {
                line.push(item);
            }
        }
        write!(output, "{users}")?;
        line.iter().try_for_each(|item| write!(output, " {item}"))?;
        writeln!(output)?;
        written += length;
        users += 1;
    }
    output.flush()?;
    Ok(users)
}

/// The next number of `SplitMix64`.
fn draw(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn sequences_hold_exactly_what_was_asked_for() {
        let mut text = Vec::new();
        let users = write_sequences(&mut text, 10_000, 7).unwrap();
        let text = String::from_utf8(text).unwrap();
        let lines: Vec<Vec<u64>> =
            text.lines().map(|line| line.split(' ').map(|word| word.parse().unwrap()).collect()).collect();
        assert_eq!(lines.len() as u64, users);
        assert_eq!(lines.iter().map(|line| line.len() - 1).sum::<usize>(), 10_000);
        for (user, line) in (0..).zip(&lines) {
            assert_eq!(line[0], user);
            assert_eq!(line[1..].iter().collect::<BTreeSet<_>>().len(), line.len() - 1, "twice in {line:?}");
            assert!(line[1..].iter().all(|item| *item < 10_000 / 15));
        }
    }
}
