//! Makes a data set: `generate LAYOUT USERS ITEMS REVIEWS DIRTY_RATIO SEED FOLDER`.

use std::{env, path::Path, process::ExitCode};

use synthetic::{Settings, write};

fn main() -> ExitCode {
    let words: Vec<String> = env::args().skip(1).collect();
    let Some((settings, folder)) = parse(&words) else {
        println!("usage: generate LAYOUT USERS ITEMS REVIEWS DIRTY_RATIO SEED FOLDER");
        return ExitCode::from(2);
    };
    match write(Path::new(&folder), &settings) {
        Ok(truth) => {
            println!("{} reviews, {} products in {folder}", truth.reviews.rows, truth.products.rows);
            ExitCode::SUCCESS
        }
        Err(error) => {
            println!("failed to {error}");
            ExitCode::FAILURE
        }
    }
}

fn parse(words: &[String]) -> Option<(Settings, String)> {
    let [layout, users, items, reviews, dirty_ratio, seed, folder] = words else { return None };
    let settings = Settings {
        layout: layout.parse().ok()?,
        users: users.parse().ok()?,
        items: items.parse().ok()?,
        reviews: reviews.parse().ok()?,
        dirty_ratio: dirty_ratio.parse().ok()?,
        seed: seed.parse().ok()?,
    };
    Some((settings, folder.clone()))
}
