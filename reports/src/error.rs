//! What can go wrong with a report.

/// A template and its data do not fit.
#[derive(Debug, thiserror::Error)]
#[error("render report `{template}`")]
pub struct Error {
    /// Name of the template.
    pub template: &'static str,
    /// The engine's message, with line and field.
    #[source]
    pub source: Box<handlebars::RenderError>,
}
