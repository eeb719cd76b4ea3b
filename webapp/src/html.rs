//! Pages from templates: embedded, strict, escaped.

use std::sync::LazyLock;

use handlebars::Handlebars;
use rocket::request::Request;
use rocket::response::content::RawHtml;
use rocket::response::{self, Responder};
use serde::Serialize;
use serde_json::{Value, json};

use crate::assets;
use crate::failure::Failure;
use crate::visitor::Visitor;

/// Every template by name.
const TEMPLATES: [(&str, &str); 11] = [
    ("layout", include_str!("../templates/layout.hbs")),
    ("card", include_str!("../templates/card.hbs")),
    ("cards", include_str!("../templates/cards.hbs")),
    ("picture", include_str!("../templates/picture.hbs")),
    ("paging", include_str!("../templates/paging.hbs")),
    ("home", include_str!("../templates/home.hbs")),
    ("search", include_str!("../templates/search.hbs")),
    ("product", include_str!("../templates/product.hbs")),
    ("user", include_str!("../templates/user.hbs")),
    ("reports", include_str!("../templates/reports.hbs")),
    ("failure", include_str!("../templates/failure.hbs")),
];

static REGISTRY: LazyLock<Handlebars<'static>> = LazyLock::new(|| {
    let mut registry = Handlebars::new();
    registry.set_strict_mode(true);
    for (name, template) in TEMPLATES {
        registry.register_template_string(name, template).expect("embedded templates parse, as a test asserts");
    }
    registry
});

/// A part of a page.
pub(crate) fn fragment<T: Serialize>(template: &str, content: &T) -> Result<String, Failure> {
    REGISTRY.render(template, content).map_err(|error| Failure::internal("render a part of a page", &error))
}

/// A page that is still to be rendered.
pub(crate) struct Page {
    template: &'static str,
    values: Value,
}

impl Page {
    /// A page of the site; templates find `content` as `page`.
    pub fn new<T: Serialize>(template: &'static str, title: &str, visitor: &Visitor, content: &T) -> Self {
        let user = visitor.user.as_ref().map(|user| json!({ "key": user, "href": user_href(user) }));
        let values = json!({ "title": title, "user": user, "query": "", "assets": assets::base(), "page": content });
        Self { template, values }
    }

    /// The same page with a text in the search field of its head.
    pub fn searching(mut self, text: Option<&str>) -> Self {
        self.values["query"] = json!(text.unwrap_or_default());
        self
    }
}

impl<'r> Responder<'r, 'static> for Page {
    fn respond_to(self, request: &'r Request<'_>) -> response::Result<'static> {
        match REGISTRY.render(self.template, &self.values) {
            Ok(html) => RawHtml(html).respond_to(request),
            // The page of a failure is a template too: if that fails, only the status is left.
            Err(error) if self.template == "failure" => {
                tracing::error!(%error, "failed to render the page of a failure");
                Err(rocket::http::Status::InternalServerError)
            }
            Err(error) => Failure::internal("render a page", &error).respond_to(request),
        }
    }
}

/// The address of a product's page.
pub(crate) fn product_href(asin: &str) -> String {
    format!("/products/{}", encoded(asin))
}

/// The address of a user's page.
pub(crate) fn user_href(user: &str) -> String {
    format!("/users/{}", encoded(user))
}

/// Where the site's own pages learn of changes of a list that they have already.
pub(crate) fn stream_href(user: &str, has: &str) -> String {
    let path = format!("/api/v1/users/{}/stream", encoded(user));
    with_query(&path, &[("cards", Some("true".to_owned())), ("after", Some(has.to_owned()))])
}

/// The address of a report.
pub(crate) fn report_href(name: &str) -> String {
    format!("/reports/{}", encoded(name))
}

/// `path?name=value&...` of those that have a value.
pub(crate) fn with_query(path: &str, parameters: &[(&str, Option<String>)]) -> String {
    let set = parameters.iter().filter_map(|(name, value)| Some(format!("{name}={}", encoded(value.as_ref()?))));
    let query = set.collect::<Vec<_>>().join("&");
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

fn encoded(text: &str) -> String {
    rocket::http::RawStr::new(text).percent_encode().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_template_parses() {
        assert!(TEMPLATES.iter().all(|(name, _)| REGISTRY.has_template(name)));
    }

    #[test]
    fn addresses_are_encoded() {
        assert_eq!(product_href("a/b?c#d"), "/products/a%2Fb%3Fc%23d");
        let query = with_query("/search", &[("q", Some("tea & \"x\"".into())), ("brand", None)]);
        assert_eq!(query, "/search?q=tea%20%26%20%22x%22");
    }
}
