//! How it reads.

use reports::{
    chart::{self, Chart, Frame, Series, Unit},
    page::{Section, Table},
};

use super::{Lengths, WordOdds, Wording, Words};
use crate::{
    alert::{Alert, Severity},
    data::Language,
    words::{counted, figure, fixed, number, percent, section, small_share},
};

/// Share of reviews without words from which on it matters.
const MANY: f64 = 0.2;

pub fn absent() -> Section {
    let text = "The texts of the reviews are not connected (inputs: {texts: load.texts}).";
    section("texts", "Texts", vec![text.to_owned()], Vec::new())
}

pub fn sections(wording: &Wording) -> Vec<Section> {
    let mut sections = vec![lengths(wording), languages(wording)];
    sections.push(match &wording.terms {
        Some(words) => terms(words),
        None => {
            section("words", "Words", vec!["Words are left out, as the report is redacted.".to_owned()], Vec::new())
        }
    });
    sections
}

fn lengths(wording: &Wording) -> Section {
    let words = &wording.words;
    let reading = if words.texts == 0 {
        "No review has a text.".to_owned()
    } else {
        format!(
            "Half of the texts have at most {} words, one in twenty has more than {}, and the longest has {}.",
            number(u64::from(words.quantiles[2])),
            number(u64::from(words.quantiles[4])),
            number(u64::from(words.largest))
        )
    };
    let few = format!(
        "{} no text ({}), {} a text without a word ({}), and {} a single word ({}): a recommender that reads texts learns \
         nothing from them.",
        counted(wording.without, "review has", "reviews have"),
        small_share(wording.without, wording.reviews),
        number(wording.empty),
        small_share(wording.empty, wording.reviews),
        number(wording.one_word),
        small_share(wording.one_word, wording.reviews)
    );
    let mut figures = Vec::new();
    for (lengths, title) in [(words, "Words a text"), (&wording.title_words, "Words a title")] {
        if lengths.texts > 0 {
            figures.push(figure(title, histogram(lengths, title)));
        }
    }
    let columns = ["", "#number", "#mean", "#5 %", "#25 %", "#median", "#75 %", "#95 %", "#99 %", "#longest"];
    let mut table = Table::new("Words", &columns);
    for (name, lengths) in [("texts", words), ("titles", &wording.title_words)] {
        let mut cells = vec![name.to_owned(), number(lengths.texts), fixed(lengths.mean, 1)];
        cells.extend(lengths.quantiles.map(|words| number(u64::from(words))));
        cells.push(number(u64::from(lengths.largest)));
        table.push(cells);
    }
    table.wide = true;
    section("texts", "Texts", vec![reading, few], figures)
        .with_table(table)
        .with_note("Words are what spaces separate; the bins double in width.")
}

fn histogram(lengths: &Lengths, title: &str) -> Chart {
    let frame = Frame { title, description: "Texts by number of words; bins double.", x: "words", y: "texts" };
    let names: Vec<String> = lengths.bins.iter().map(|bin| bin.words.clone()).collect();
    let values: Vec<f64> = lengths.bins.iter().map(|bin| bin.texts as f64).collect();
    chart::bars(&frame, &names, &[Series { name: "texts", values: &values }], Unit::Count)
}

fn languages(wording: &Wording) -> Section {
    let texts: u64 = wording.languages.iter().map(|count| count.reviews).sum();
    let known = || wording.languages.iter().filter(|count| count.language != Language::Unknown);
    let unknown: u64 = texts - known().map(|count| count.reviews).sum::<u64>();
    let mut readings = match known().next() {
        None => vec!["No text is long enough to tell its language.".to_owned()],
        Some(first) => vec![format!(
            "Of the texts whose language can be guessed, {} are {}. {} of all texts are too short for a guess, or of another \
             language.",
            small_share(first.reviews, texts - unknown),
            first.language.name(),
            small_share(unknown, texts)
        )],
    };
    if let Some(second) = known().nth(1) {
        readings.push(format!(
            "Next is {} with {}; single texts may be mistaken.",
            second.language.name(),
            counted(second.reviews, "text", "texts")
        ));
    }
    let mut table = Table::new("Languages", &["language", "#texts", "#share", "#mean rating"]);
    for count in &wording.languages {
        table.push([
            count.language.name().to_owned(),
            number(count.reviews),
            small_share(count.reviews, texts),
            fixed(count.mean_rating, 2),
        ]);
    }
    let names: Vec<String> = wording.languages.iter().map(|count| count.language.name().to_owned()).collect();
    let values: Vec<f64> = wording.languages.iter().map(|count| count.reviews as f64).collect();
    let frame = Frame { title: "Languages", description: "Texts by guessed language.", x: "texts", y: "language" };
    let chart = chart::horizontal_bars(&frame, &names, &[Series { name: "texts", values: &values }], Unit::Count);
    let figures = if names.is_empty() { Vec::new() } else { vec![figure("Texts by language", chart)] };
    let page = section("languages", "Languages", readings, figures);
    let page = if names.is_empty() { page } else { page.with_table(table) };
    page.with_note("Guessed from the script and the most frequent small words of each language.")
}

fn terms(words: &Words) -> Section {
    let list = |odds: &[WordOdds]| odds.iter().take(5).map(|odds| odds.word.clone()).collect::<Vec<_>>().join(", ");
    let reading = match (words.bad.is_empty(), words.good.is_empty()) {
        (true, true) => {
            "No word tells bad reviews from good ones by more than chance: there are too few texts, or all are \
                         of one kind."
                .to_owned()
        }
        (false, true) => format!("Bad reviews are told by {}.", list(&words.bad)),
        (true, false) => format!("Good reviews are told by {}.", list(&words.good)),
        (false, false) => {
            format!("Bad reviews are told by {}; good ones by {}.", list(&words.bad), list(&words.good))
        }
    };
    let reading = format!(
        "{reading} {} texts have fewer than 3 stars, {} have 4 or more.",
        number(words.bad_texts),
        number(words.good_texts)
    );
    let mut figures = Vec::new();
    for (odds, title) in [(&words.bad, "Words of bad reviews"), (&words.good, "Words of good reviews")] {
        if !odds.is_empty() {
            figures.push(figure(title, odds_chart(odds, title)));
        }
    }
    let mut page = section("words", "Words", vec![reading], figures);
    for (odds, caption) in [(&words.bad, "Words of bad reviews"), (&words.good, "Words of good reviews")] {
        if !odds.is_empty() {
            page.tables.push(odds_table(odds, caption, words));
        }
    }
    page.tables.push(odds_table(&words.frequent, "Words in most reviews", words));
    let missing = match words.uncounted_below {
        0 => String::new(),
        least => format!(" Words in fewer than about {} reviews may be missing.", number(least)),
    };
    page.with_note(&format!(
        "Log-odds ratio with an informative Dirichlet prior (Monroe, Colaresi and Quinn 2008), in standard errors; words \
         beyond 4 are listed. A word counts once a review. Reviews of 3 stars are in the prior only.{missing}"
    ))
}

fn odds_chart(odds: &[WordOdds], title: &str) -> Chart {
    let frame = Frame {
        title,
        description: "How clearly each word belongs to these reviews, in standard errors.",
        x: "standard errors",
        y: "word",
    };
    let shown = &odds[..odds.len().min(15)];
    let names: Vec<String> = shown.iter().map(|odds| odds.word.clone()).collect();
    let values: Vec<f64> = shown.iter().map(|odds| odds.z.abs()).collect();
    chart::horizontal_bars(&frame, &names, &[Series { name: "standard errors", values: &values }], Unit::Fixed(1))
}

fn odds_table(odds: &[WordOdds], caption: &str, words: &Words) -> Table {
    let columns = ["word", "#bad reviews", "#of all bad", "#good reviews", "#of all good", "#standard errors"];
    let mut table = Table::new(caption, &columns);
    for odds in odds {
        table.push([
            odds.word.clone(),
            number(odds.bad),
            percent(odds.bad as f64 / words.bad_texts.max(1) as f64, 1),
            number(odds.good),
            percent(odds.good as f64 / words.good_texts.max(1) as f64, 1),
            fixed(odds.z, 1),
        ]);
    }
    table
}

pub fn alerts(wording: &Wording) -> Vec<Alert> {
    let mut alerts = Vec::new();
    let bare = (wording.without + wording.empty + wording.one_word) as f64 / wording.reviews.max(1) as f64;
    if bare >= MANY {
        let text = format!(
            "{} of the reviews have no text or a single word. What is learned from texts holds for the others only.",
            percent(bare, 1)
        );
        alerts.push(
            Alert::new(Severity::Info, "texts", "few-words", "Reviews without words", bare, text)
                .with_number(percent(bare, 1)),
        );
    }
    let known: Vec<u64> = wording
        .languages
        .iter()
        .filter(|count| count.language != Language::Unknown)
        .map(|count| count.reviews)
        .collect();
    let others = known.iter().skip(1).sum::<u64>() as f64 / known.iter().sum::<u64>().max(1) as f64;
    if others >= 0.05 {
        let text = format!(
            "{} of the texts are of other languages than most. Words of different languages do not meet: texts say little \
             about which products are alike across them.",
            percent(others, 1)
        );
        alerts.push(
            Alert::new(Severity::Info, "languages", "several-languages", "Several languages", others, text)
                .with_number(percent(others, 1)),
        );
    }
    alerts
}
