//! The page: heading, key figures, findings, columns, and the chapters in their groups.

use reports::{
    eda::{self, Exploration},
    page::{Fact, Section, Table},
};

use crate::{
    Eda,
    alert::{Alert, Severity},
    words::{date, fixed, number, percent, section, small_percent},
};

/// The page of a report.
pub(crate) fn page(eda: &Eda) -> Exploration {
    let mut sections = eda.chapters.sections();
    sections.push(reproduction(eda));
    let lead = eda.chapters.overview.as_ref().map_or_else(String::new, |overview| {
        format!(
            "{} reviews of {} products by {} users, from {} to {}.",
            number(overview.reviews),
            number(overview.items),
            number(overview.users),
            date(overview.first),
            date(overview.last)
        )
    });
    Exploration {
        title: "What the reviews look like".to_owned(),
        lead,
        origin: format!("Made by stage {} of pipeline {}", eda.reproduction.stage, eda.reproduction.pipeline),
        facts: facts(eda),
        alerts: eda.alerts.iter().map(alert).collect(),
        sections,
    }
}

fn facts(eda: &Eda) -> Vec<Fact> {
    let Some(overview) = &eda.chapters.overview else { return Vec::new() };
    let years = (overview.last - overview.first) as f64 / (365.2425 * 86_400.0);
    let each = |count: u64| format!("{} reviews each", fixed(overview.reviews as f64 / count.max(1) as f64, 1));
    let share = |count: u64| count as f64 / overview.reviews.max(1) as f64;
    let mut facts = vec![
        Fact::new("reviews", number(overview.reviews), ""),
        Fact::new("users", number(overview.users), each(overview.users)),
        Fact::new("products", number(overview.items), each(overview.items)),
        Fact::new("density", small_percent(overview.density), "of all pairs of user and product"),
        Fact::new("mean rating", fixed(overview.mean_rating, 2), format!("± {}", fixed(overview.rating_deviation, 2))),
        Fact::new(
            "time",
            format!("{} years", fixed(years, 1)),
            format!("{} to {}", date(overview.first), date(overview.last)),
        ),
        Fact::new(
            "repeated pairs",
            number(overview.repeated_pairs),
            format!("{} of the reviews", small_percent(share(overview.repeated_pairs))),
        ),
    ];
    if overview.verified > 0 {
        facts.push(Fact::new("verified", percent(share(overview.verified), 1), "marked as purchases"));
    }
    facts
}

fn alert(alert: &Alert) -> eda::Alert {
    eda::Alert {
        severity: match alert.severity {
            Severity::Serious => eda::Severity::Serious,
            Severity::Warning => eda::Severity::Warning,
            Severity::Info => eda::Severity::Info,
        },
        title: alert.title.clone(),
        number: alert.number.clone(),
        text: alert.text.clone(),
        suggestion: alert.suggestion.clone().unwrap_or_default(),
        section: alert.chapter.clone(),
    }
}

/// What has to be the same for the same figures.
fn reproduction(eda: &Eda) -> Section {
    let of = &eda.reproduction;
    let mut made = Table::new("Made with", &["what", "value"]);
    made.push(["version", of.version.as_str()]);
    made.push(["pipeline", of.pipeline.as_str()]);
    made.push(["stage", of.stage.as_str()]);
    made.push(["layout of the figures", &number(u64::from(eda.schema_version))]);
    let parameters = serde_json::to_value(&of.parameters).unwrap_or_default();
    for (name, value) in parameters.as_object().into_iter().flatten() {
        made.push([name.clone(), value.to_string()]);
    }
    let mut inputs = Table::new("Inputs", &["input", "from", "BLAKE3"]);
    for input in &of.inputs {
        inputs.push([input.port.clone(), input.from.clone(), input.blake3.chars().take(16).collect()]);
    }
    let reading = "The same version, parameters and inputs give this report again, byte by byte. All figures stand in the \
                   output statistics as well, in the layout of eda.schema.json.";
    section("reproduction", "Reproduction", vec![reading.to_owned()], Vec::new())
        .in_group("Appendix")
        .with_table(made)
        .with_table(inputs)
}
