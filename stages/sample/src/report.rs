//! The proof as a page to read: verdict first, then the five parts.

mod differences;
mod estimates;
mod models;
mod shape;
mod significance;

use pipeline::Context;
use reports::{
    Template,
    format::{fixed, number, p_value, percent},
    page::{Fact, Page, Section, Table},
};

use crate::{Proof, Stratum, Unit, Verdict, significance::LEVEL};

pub(crate) fn render(proof: &Proof, context: &Context) -> Result<String, reports::Error> {
    let mut sections = vec![verdict(proof)];
    if proof.verdict != Verdict::Whole {
        sections.push(differences::section(proof));
        sections.push(estimates::section(proof));
        sections.push(significance::section(proof));
    }
    sections.push(shape::section(proof));
    sections.extend(proof.models.as_ref().map(models::section));
    let page = Page {
        title: "How faithful is the sample?".to_owned(),
        lead: lead(proof),
        origin: format!("Made by stage {} of pipeline {}", context.name(), context.pipeline()),
        facts: facts(proof),
        sections,
    };
    reports::render(Template::Sample, &page)
}

/// The name of a variable or figure for people: `reviews_a_user` as `reviews a user`.
fn words(name: &str) -> String {
    name.replace("_core", "-core").replace("gini", "Gini coefficient").replace('_', " ")
}

/// A table of which every row is a list of texts.
fn table(caption: &str, columns: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> Table {
    let mut table = Table::new(caption, columns);
    rows.into_iter().for_each(|row| table.push(row));
    table.wide = true;
    table
}

fn lead(proof: &Proof) -> String {
    if proof.verdict == Verdict::Whole {
        return "The sample is the whole population: every distribution is the same, and there is nothing to prove."
            .to_owned();
    }
    let what = match (proof.unit, proof.size) {
        (Unit::UserItem, _) => format!(
            "those whose user and whose product are both kept, each with probability {}",
            percent(proof.rate.sqrt(), 2)
        ),
        (unit, Some(size)) => format!("those of {} {}s, with the smallest hashes", number(size), unit.noun()),
        (unit, None) => format!("whole {}s, each kept with probability {}", unit.noun(), percent(proof.rate, 2)),
    };
    let (rows, all) = (number(proof.sample.rows), number(proof.population.rows));
    let strata = if proof.strata.len() > 1 { ", by stratum" } else { "" };
    format!("{rows} of {all} reviews: {what}{strata} (unit {}, seed {}).", proof.unit.name(), proof.seed)
}

fn facts(proof: &Proof) -> Vec<Fact> {
    let of = |label: &str, sample: u64, population: u64| {
        let share = percent(sample as f64 / population.max(1) as f64, 1);
        Fact::new(label, number(sample), format!("of {}, {share}", number(population)))
    };
    let mut facts = vec![
        Fact::new("verdict", title(proof.verdict), short(proof)),
        of("reviews", proof.sample.rows, proof.population.rows),
        of("products", proof.sample.items, proof.population.items),
    ];
    let users = proof.sample.users.unwrap_or_default();
    facts.push(match proof.population.users {
        Some(population) => of("users", users, population),
        None => Fact::new("users", number(users), "how many there are in all was not read"),
    });
    facts
}

fn title(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Whole => "Whole",
        Verdict::Faithful => "Faithful",
        Verdict::Unproven => "Unproven",
        Verdict::Rejected => "Rejected",
    }
}

fn short(proof: &Proof) -> String {
    match proof.verdict {
        Verdict::Whole => "nothing was left out".to_owned(),
        Verdict::Faithful => "all bounds inside tolerance, no test rejects".to_owned(),
        Verdict::Unproven => "no test rejects, but bounds are too wide".to_owned(),
        Verdict::Rejected => format!("smallest corrected p-value {}", p_value(proof.smallest_p_value())),
    }
}

fn verdict(proof: &Proof) -> Section {
    let mut readings = vec![reading(proof)];
    if proof.verdict != Verdict::Whole {
        let known: Vec<bool> = proof.estimates.iter().filter_map(|estimate| estimate.inside).collect();
        let inside = known.iter().filter(|inside| **inside).count();
        readings.push(format!(
            "{inside} of {} intervals hold the true value; about 95 % should, and those of one sample hang together. {}",
            known.len(),
            by_design(proof.unit)
        ));
    }
    let tables = if proof.strata.len() > 1 { vec![strata(&proof.strata)] } else { Vec::new() };
    Section { id: "verdict".to_owned(), title: "Verdict".to_owned(), readings, tables, ..Section::default() }
}

fn reading(proof: &Proof) -> String {
    let judged = proof.effects.iter().filter(|effect| effect.within.is_some()).count();
    let outside: Vec<String> = proof
        .effects
        .iter()
        .filter(|effect| effect.within == Some(false))
        .map(|effect| format!("{} ({})", words(&effect.variable), effect.measure.title()))
        .collect();
    match proof.verdict {
        Verdict::Whole => "Nothing was left out, so there is nothing to prove.".to_owned(),
        Verdict::Faithful => format!(
            "The sample is faithful: the upper bounds of all {judged} distances lie inside their tolerances, and none of \
             {} tests rejects it at {} for all tests together.",
            proof.tests.len(),
            percent(LEVEL, 0)
        ),
        Verdict::Unproven => format!(
            "No test finds a difference that chance does not explain, but the sample is too small to show that every \
             distance is inside its tolerance. {}. A larger rate narrows the bounds.",
            if outside.is_empty() {
                "Fewer than half of the 64 groups have units".to_owned()
            } else {
                format!("Outside: {}", outside.join(", "))
            }
        ),
        Verdict::Rejected => {
            let mut variables: Vec<String> =
                proof.tests.iter().filter(|test| test.adjusted < LEVEL).map(|test| words(&test.variable)).collect();
            variables.dedup();
            variables.sort();
            variables.dedup();
            let size = if outside.is_empty() {
                "Yet all distances are inside their tolerances: the difference is real, but small.".to_owned()
            } else {
                format!("Distances outside their tolerances: {}.", outside.join(", "))
            };
            format!(
                "Chance does not explain the differences in {}. A fair sample is rejected in fewer than {} of cases, so try \
                 another seed once; if that is rejected too, the rows do not come as they should. {size}",
                variables.join(", "),
                percent(LEVEL, 0)
            )
        }
    }
}

/// What nobody should read off a sample by this unit.
fn by_design(unit: Unit) -> &'static str {
    match unit {
        Unit::User => {
            "By design, users keep all their reviews, and products lose some of theirs: read reviews a product, density \
             and the number of products only from the shape table, as changed."
        }
        Unit::Asin => {
            "By design, products keep all their reviews, and users lose some of theirs: do not train collaborative \
             filtering on it."
        }
        Unit::Row => {
            "By design, users and products both lose reviews: marginal distributions look perfect, and recommenders \
             trained on it are not those of the whole. Choose unit user for them."
        }
        Unit::UserItem => {
            "By design, users and products both lose reviews of those that are not kept, and the density of the table \
             stays as it is."
        }
    }
}

fn strata(strata: &[Stratum]) -> Table {
    let rows = strata.iter().map(|stratum| {
        let weight = if stratum.probability > 0.0 { fixed(stratum.weight, 3) } else { "–".to_owned() };
        vec![stratum.name.clone(), number(stratum.units), number(stratum.kept), percent(stratum.probability, 2), weight]
    });
    table("Strata", &["stratum", "#units", "#kept", "#probability", "#weight"], rows)
}
