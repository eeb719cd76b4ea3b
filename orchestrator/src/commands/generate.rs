//! `generate`: review files from the project's own generator.

use synthetic::Settings;

use crate::{Error, arguments::GenerateArguments, exit::Exit, output::figures::count, write_output};

/// Runs `orchestrator generate`.
pub fn generate(arguments: &GenerateArguments) -> Result<Exit, Error> {
    let GenerateArguments { layout, users, items, reviews, dirty_ratio, seed, text_words, folder } = arguments;
    let (layout, users, items, reviews) = (*layout, *users, *items, *reviews);
    let (dirty_ratio, seed, text_words) = (*dirty_ratio, *seed, *text_words);
    let settings = Settings { layout, users, items, reviews, dirty_ratio, seed, text_words };
    let truth = synthetic::write(folder, &settings).map_err(anyhow::Error::new)?;
    for file in [&truth.reviews, &truth.products] {
        let path = folder.join(&file.file);
        let (rows, faulty) = (count(file.rows), count(file.rejects + file.duplicates));
        write_output(&format!("{}: {rows} rows, {faulty} of them faulty or repeated\n", path.display()));
    }
    write_output(&format!("{}: what is in them\n", folder.join(layout.truth_file()).display()));
    Ok(Exit::Done)
}
