//! The HTML reports: templates, their parts, and charts.
//!
//! A report is one self-contained file: style, charts and one small script stand inside it, it asks no
//! network, is readable without the script, and everything from data is escaped. Stages compute; this
//! crate only shows. A new report is one line in [`Template`], its text in `templates/`, and nothing else.

pub mod bins;
pub mod chart;
pub mod eda;
mod error;
pub mod evaluation;
pub mod format;
pub mod page;
mod policy;

use std::sync::LazyLock;

use handlebars::{Context, Handlebars, Helper, HelperResult, Output, RenderContext, RenderErrorReason};
use serde::Serialize;

pub use error::Error;

/// Every report there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Template {
    /// What the data looks like; filled through [`eda::Exploration::render`].
    Eda,
    /// How good the models are; filled through [`evaluation::Evaluation::render`].
    Evaluation,
    /// What differs between two reports on data; filled with [`page::Page`].
    Difference,
    /// How faithful a sample is; filled with [`page::Page`].
    Sample,
    /// What was on the page when the next event came; filled with [`page::Page`].
    Simulation,
}

impl Template {
    /// Every report, in the order of the documentation.
    pub const ALL: [Self; 5] = [Self::Eda, Self::Evaluation, Self::Difference, Self::Sample, Self::Simulation];

    /// Name and text of the template.
    fn source(self) -> (&'static str, &'static str) {
        match self {
            Self::Eda => ("eda", include_str!("../templates/eda.hbs")),
            Self::Evaluation => ("evaluation", include_str!("../templates/evaluation.hbs")),
            Self::Difference => ("difference", include_str!("../templates/difference.hbs")),
            Self::Sample => ("sample", include_str!("../templates/sample.hbs")),
            Self::Simulation => ("simulation", include_str!("../templates/simulation.hbs")),
        }
    }
}

/// What the templates share.
const PARTIALS: [(&str, &str); 7] = [
    ("layout", include_str!("../templates/partials/layout.hbs")),
    ("figure", include_str!("../templates/partials/figure.hbs")),
    ("style", include_str!("../templates/partials/style.hbs")),
    ("column", include_str!("../templates/partials/column.hbs")),
    ("facts", include_str!("../templates/partials/facts.hbs")),
    ("section", include_str!("../templates/partials/section.hbs")),
    ("table", include_str!("../templates/partials/table.hbs")),
];

/// The script of every report, without indentation and comments.
static SCRIPT: LazyLock<String> = LazyLock::new(|| {
    let lines = include_str!("../templates/partials/script.js").lines().map(str::trim);
    lines.filter(|line| !line.is_empty() && !line.starts_with("//")).collect::<Vec<_>>().join("\n")
});

/// The report as one HTML file.
///
/// A field that the template names and `data` lacks is an error, never an empty place.
pub fn render(template: Template, data: &impl Serialize) -> Result<String, Error> {
    let name = template.source().0;
    REGISTRY.render(name, data).map_err(|source| Error { template: name, source: Box::new(source) })
}

/// A section as it stands in a report on data.
fn render_section(section: &page::Section) -> Result<String, Error> {
    let wrong = |source| Error { template: Template::Eda.source().0, source: Box::new(source) };
    REGISTRY.render("section", section).map_err(wrong)
}

static REGISTRY: LazyLock<Handlebars<'static>> = LazyLock::new(|| {
    let mut registry = Handlebars::new();
    registry.set_strict_mode(true);
    format::register(&mut registry);
    registry.register_helper("part", Box::new(part));
    policy::register(&mut registry);
    let script = ("script", SCRIPT.as_str());
    for (name, text) in PARTIALS.into_iter().chain([script]).chain(Template::ALL.map(Template::source)) {
        registry.register_template_string(name, text).expect("the test `every_template_is_valid` parses them all");
    }
    registry
});

/// `{{part "table" this}}`: another template for this value alone. A partial is given all that its page is made of, a
/// copy each time, which takes most of the time of a long page.
fn part(
    helper: &Helper<'_>,
    registry: &Handlebars<'_>,
    _: &Context,
    _: &mut RenderContext<'_, '_>,
    out: &mut dyn Output,
) -> HelperResult {
    let missing = |place| RenderErrorReason::ParamNotFoundForIndex("part", place);
    let name = helper.param(0).and_then(|name| name.value().as_str()).ok_or_else(|| missing(0))?;
    let data = helper.param(1).ok_or_else(|| missing(1))?;
    Ok(out.write(&registry.render(name, data.value())?)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_template_is_valid() {
        for template in Template::ALL {
            assert!(REGISTRY.has_template(template.source().0));
        }
    }

    #[test]
    fn a_missing_field_is_an_error_that_names_template_and_field() {
        let error = render(Template::Eda, &serde_json::json!({})).unwrap_err();
        assert_eq!(error.to_string(), "render report `eda`");
        let cause = std::error::Error::source(&error).unwrap().to_string();
        assert!(cause.contains("title"), "{cause}");
    }
}
