//! A request that cannot be answered: JSON for the API, a page for people.

use rocket::http::Status;
use rocket::request::Request;
use rocket::response::{self, Responder};
use rocket::serde::json::Json;
use rocket::{Catcher, catch, catchers};
use serde::Serialize;

use crate::html::Page;
use crate::visitor::Visitor;

/// Why a request is not answered as asked; what the sender gets to know of it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Failure {
    /// HTTP status.
    pub status: Status,
    /// For programs, such as `not_found`.
    pub code: &'static str,
    /// For people: what was wanted, what was found, what to do.
    pub message: String,
    /// The part of the request that is wrong.
    pub field: Option<String>,
    /// Everything that is wrong, where there can be more than one thing.
    pub details: Vec<Detail>,
}

/// One of several things that are wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Detail {
    /// Number of the entry, from 0.
    pub index: usize,
    /// Its faulty field.
    pub field: String,
    /// What is wrong.
    pub message: String,
}

#[derive(Serialize)]
struct Body<'a> {
    error: ErrorBody<'a>,
}

#[derive(Serialize)]
struct ErrorBody<'a> {
    code: &'a str,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'a str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    details: &'a [Detail],
}

impl Failure {
    /// A failure of that status.
    pub fn new(status: Status, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), field: None, details: Vec::new() }
    }

    /// The thing asked for does not exist.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(Status::NotFound, "not_found", message)
    }

    /// A part of the request has a value that is not allowed.
    pub fn invalid(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { field: Some(field.into()), ..Self::new(Status::UnprocessableEntity, "invalid", message) }
    }

    /// Nothing was published yet.
    pub fn no_model() -> Self {
        let message = "No model is published yet. Run `orchestrator run pipeline.yaml`, then load this page again.";
        Self::new(Status::ServiceUnavailable, "no_model", message)
    }

    /// What was published cannot be used; the log says why.
    pub fn broken_model() -> Self {
        let message = "The published model cannot be loaded; the server's log says why. \
                       Run `orchestrator run --force publish` to publish it again.";
        Self::new(Status::ServiceUnavailable, "broken_model", message)
    }

    /// There is no catalogue that a product could go into.
    pub fn no_catalogue() -> Self {
        let message = "No catalogue is loaded yet. Run `orchestrator run pipeline.yaml`, then send the product again.";
        Self::new(Status::ServiceUnavailable, "no_catalogue", message)
    }

    /// The bus is away.
    pub fn no_bus() -> Self {
        let message = "Events cannot be taken at the moment; nothing is lost that was answered with 202. Try again.";
        Self::new(Status::ServiceUnavailable, "no_bus", message)
    }

    /// Something that should not happen; logged here, not told to the sender.
    pub fn internal(action: &str, error: &(dyn std::error::Error + 'static)) -> Self {
        tracing::error!(error, "failed to {action}");
        of_status(Status::InternalServerError)
    }
}

impl From<streaming::Error> for Failure {
    /// The bus is away: nothing was taken, the sender can try again.
    fn from(error: streaming::Error) -> Self {
        tracing::error!(error = &error as &dyn std::error::Error, "failed to use the bus");
        Self::no_bus()
    }
}

impl From<storage::Error> for Failure {
    fn from(error: storage::Error) -> Self {
        tracing::error!(error = &error as &dyn std::error::Error, "failed to use the store");
        if error.is_unreachable() {
            let message = "The store does not answer. Please try again in a moment.";
            return Self::new(Status::ServiceUnavailable, "store_unreachable", message);
        }
        of_status(Status::InternalServerError)
    }
}

/// Whether an answer to this request is read by a program.
fn is_api(request: &Request<'_>) -> bool {
    request.uri().path().starts_with("/api/")
}

impl<'r> Responder<'r, 'static> for Failure {
    fn respond_to(self, request: &'r Request<'_>) -> response::Result<'static> {
        let status = self.status;
        if is_api(request) {
            let error = ErrorBody {
                code: self.code,
                message: &self.message,
                field: self.field.as_deref(),
                details: &self.details,
            };
            return (status, Json(Body { error })).respond_to(request);
        }
        let title = match status.code {
            404 => "Not found",
            403 => "Not allowed",
            413 => "Too large",
            400 | 422 => "That did not work",
            503 => "Not ready yet",
            _ => "Something went wrong",
        };
        let content = serde_json::json!({
            "status": status.code, "heading": title, "message": in_quotes(&self.message), "no_model": self.code == "no_model",
        });
        let page = Page::new("failure", title, &Visitor::of(request.cookies()), &content);
        (status, page).respond_to(request)
    }
}

/// For people: quotation marks where messages for programs have backquotes.
fn in_quotes(message: &str) -> String {
    let mut marks = ['“', '”'].into_iter().cycle();
    message.chars().map(|letter| if letter == '`' { marks.next().unwrap_or('”') } else { letter }).collect()
}

/// What is said of a status when nothing more is known.
fn of_status(status: Status) -> Failure {
    let (code, message) = match status.code {
        400 => ("bad_request", "The request could not be read."),
        403 => ("cross_origin", "The request came from another site, so it was not carried out."),
        404 => ("not_found", "There is nothing at this address."),
        413 => ("too_large", "The request is larger than allowed: 64 KiB for forms, 1 MiB for JSON."),
        415 => ("unsupported_media_type", "The body must be sent as `application/json`."),
        422 => ("invalid", "A field is missing or has a value that is not allowed."),
        503 => ("unavailable", "The site is not ready. Please try again in a moment."),
        _ => ("internal", "Something went wrong on the server; its log says what."),
    };
    Failure::new(status, code, message)
}

#[catch(default)]
fn any(status: Status, _request: &Request<'_>) -> Failure {
    of_status(status)
}

/// Answers every failure that no route answered itself.
pub(crate) fn catchers() -> Vec<Catcher> {
    catchers![any]
}
