//! How the audit reads.

use reports::{
    chart::{self, Frame, Series, Unit},
    page::{Cell, Section, Table},
};

use super::{FileAudit, LoadAudit, NearDuplicates};
use crate::{
    alert::{Alert, Severity},
    words::{MISSING, date, figure, number, section as page_section, small_percent, small_share, stars},
};

pub fn section(audit: &LoadAudit) -> Section {
    let files: Vec<(&str, &FileAudit)> = [("reviews", &audit.reviews), ("products", &audit.metadata)]
        .into_iter()
        .filter_map(|(name, file)| file.as_ref().map(|file| (name, file)))
        .collect();
    let mut readings: Vec<String> = files.iter().map(|(name, file)| reading(name, file)).collect();
    if files.is_empty() {
        readings.push(
            "What became of the rows of the files is not known here: connect the account of the stage load (inputs: \
             {account: load.account, rejects: load.rejects})."
                .to_owned(),
        );
    }
    readings.push(near_reading(&audit.near));
    let mut page = section_of(readings, &files);
    if !files.is_empty() {
        page.tables.push(accounts(&files));
    }
    if files.iter().any(|(_, file)| file.rejected > 0) {
        page.tables.push(reasons(&files));
    }
    if !audit.examples.is_empty() {
        page.tables.push(examples(audit));
    }
    if !audit.near.examples.is_empty() {
        page.tables.push(pairs(&audit.near));
    }
    page.with_note(
        "Exact duplicates are lines that equal an earlier one byte by byte; of several rows of a product the first \
         counts. Near duplicates stay in the table: they may be a change of mind, or the same review shown on several \
         variants of a product. Copies between users have a section of their own.",
    )
}

fn section_of(readings: Vec<String>, files: &[(&str, &FileAudit)]) -> Section {
    let dropped = files.iter().any(|(_, file)| file.rejected + file.duplicates > 0);
    let figures = if dropped { vec![figure("Where the rows went", fates(files))] } else { Vec::new() };
    page_section("load-audit", "Load audit", readings, figures)
}

fn reading(name: &str, file: &FileAudit) -> String {
    let kept = format!(
        "Of {} rows of {name}, {} were kept ({}).",
        number(file.rows_in),
        number(file.rows_kept),
        small_share(file.rows_kept, file.rows_in)
    );
    let duplicates = match file.duplicates {
        0 => "No row repeats another byte by byte.".to_owned(),
        rows => format!("{} repeat an earlier one and count once.", number(rows)),
    };
    let rejected = match file.reasons.iter().max_by_key(|reason| reason.rows).filter(|reason| reason.rows > 0) {
        None => "None was rejected.".to_owned(),
        Some(reason) if file.reasons.len() == 1 => {
            format!("{} were rejected, all as {}.", number(file.rejected), reason.code)
        }
        Some(reason) => {
            let (all, most) = (number(file.rejected), number(reason.rows));
            format!("{all} were rejected, most of them ({most}) as {}.", reason.code)
        }
    };
    let repaired = match file.repaired {
        0 => String::new(),
        rows => format!(" {} were taken after a repair.", number(rows)),
    };
    format!("{kept} {duplicates} {rejected}{repaired}")
}

fn near_reading(near: &NearDuplicates) -> String {
    let pairs = if near.same_pair == 0 {
        "Among the kept reviews, no user reviewed a product twice.".to_owned()
    } else {
        format!(
            "Among the kept reviews, {} ({}) are of a user and product that an earlier one has already; {} of them with \
             another rating.",
            number(near.same_pair),
            small_share(near.same_pair, near.rows),
            number(near.other_rating)
        )
    };
    match near.same_user_text.filter(|rows| *rows > 0) {
        None => pairs,
        Some(rows) => format!(
            "{pairs} {} ({}) have a text that their user wrote for another product already.",
            number(rows),
            small_share(rows, near.rows)
        ),
    }
}

fn fates(files: &[(&str, &FileAudit)]) -> chart::Chart {
    let frame = Frame {
        title: "Where the rows went",
        description: "Rows that were kept, that repeat another, and that were rejected, as shares of the rows read.",
        ..Frame::default()
    };
    let names: Vec<String> = files.iter().map(|(name, _)| (*name).to_owned()).collect();
    let of = |get: fn(&FileAudit) -> u64| -> Vec<f64> { files.iter().map(|(_, file)| get(file) as f64).collect() };
    let (kept, duplicates, rejected) =
        (of(|file| file.rows_kept), of(|file| file.duplicates), of(|file| file.rejected));
    let series = [("kept", &kept), ("duplicates", &duplicates), ("rejected", &rejected)];
    chart::share_bars(&frame, &names, &series.map(|(name, values)| Series { name, values }), Unit::Count)
}

fn accounts(files: &[(&str, &FileAudit)]) -> Table {
    let mut table = Table::new(
        "Rows of the files",
        &["rows of", "#read", "#kept", "#duplicates", "#rejected", "#repaired", "#empty lines"],
    );
    for (name, file) in files {
        let counts = [file.rows_in, file.rows_kept, file.duplicates, file.rejected, file.repaired, file.empty_lines];
        let mut cells = vec![Cell { text: (*name).to_owned(), note: file.files.join(", "), ..Cell::default() }];
        cells.extend(counts.iter().map(|count| Cell { text: number(*count), ..Cell::default() }));
        table.push_cells(cells);
    }
    table.wide = true;
    table
}

fn reasons(files: &[(&str, &FileAudit)]) -> Table {
    let mut table = Table::new("Rejected rows by reason", &["rows of", "reason", "#rows", "#share"]);
    for (name, file) in files {
        for reason in &file.reasons {
            table.push([
                (*name).to_owned(),
                reason.code.clone(),
                number(reason.rows),
                small_share(reason.rows, file.rows_in),
            ]);
        }
    }
    table
}

fn examples(audit: &LoadAudit) -> Table {
    let mut table = Table::new("Rows that did not get through", &["reason", "where", "what was wrong"]);
    for row in &audit.examples {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let field = row.field.as_ref().map_or_else(String::new, |field| format!(" {field}"));
        let wrong = row.detail.clone().unwrap_or_else(|| MISSING.to_owned());
        table.push_cells(vec![
            Cell { text: row.reason.clone(), ..Cell::default() },
            Cell { text: format!("{}:{}{field}", row.file, row.line), ..Cell::default() },
            Cell { text: wrong, note: text(&row.raw), ..Cell::default() },
        ]);
    }
    table.wide = true;
    table
}

fn pairs(near: &NearDuplicates) -> Table {
    let mut table =
        Table::new("Most reviews of one product by one user", &["user", "product", "#reviews", "stars", "from", "to"]);
    for pair in &near.examples {
        let ratings: Vec<String> = pair.ratings.iter().map(|rating| stars(f64::from(*rating))).collect();
        let more = if pair.reviews > pair.ratings.len() as u64 { ", …" } else { "" };
        let day = |time: Option<&i64>| time.map_or_else(|| MISSING.to_owned(), |time| date(*time));
        table.push([
            pair.user.clone(),
            pair.item.clone(),
            number(pair.reviews),
            ratings.join(", ") + more,
            day(pair.times.first()),
            day(pair.times.last()),
        ]);
    }
    table.wide = true;
    table
}

pub fn alerts(audit: &LoadAudit) -> Vec<Alert> {
    let mut alerts = Vec::new();
    for (name, file) in [("reviews", &audit.reviews), ("products", &audit.metadata)] {
        let Some(file) = file else { continue };
        let of_all = |rows: u64| rows as f64 / file.rows_in.max(1) as f64;
        let rejected = of_all(file.rejected);
        if rejected >= 0.001 {
            let severity = if rejected >= 0.05 { Severity::Serious } else { Severity::Warning };
            let text = format!(
                "{} of the rows of {name} could not be used. Write them with `orchestrator rejects export PIPELINE faulty.jsonl`, repair them, and \
                 give the file back.",
                small_percent(rejected)
            );
            alerts.push(
                Alert::new(
                    severity,
                    "load-audit",
                    "rejected-rows",
                    &format!("Rejected rows of {name}"),
                    rejected,
                    text,
                )
                .with_number(small_percent(rejected))
                .suggest("load:\n  params:\n    repairs: faulty.jsonl"),
            );
        }
        let duplicates = of_all(file.duplicates);
        if duplicates >= 0.01 {
            let text = format!(
                "{} of the rows of {name} repeat another one and were dropped. Nothing is to be done here, but others who \
                 read the same files without this step count them twice.",
                small_percent(duplicates)
            );
            let title = format!("Duplicate rows of {name}");
            alerts.push(
                Alert::new(Severity::Info, "load-audit", "duplicate-lines", &title, duplicates, text)
                    .with_number(small_percent(duplicates)),
            );
        }
    }
    alerts
}
