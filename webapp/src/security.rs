//! What the browser is told to refuse, and requests of other sites that are refused.

use rocket::fairing::{Fairing, Info, Kind};
use rocket::http::{Header, Status};
use rocket::request::{FromRequest, Outcome, Request};
use rocket::response::Response;

/// Only this site's own scripts and styles run; pictures may come from the shop's host.
const POLICY: &str = "default-src 'self'; img-src 'self' https: data:; object-src 'none'; base-uri 'none'; \
                      form-action 'self'; frame-ancestors 'none'";

/// Adds the security headers to every answer that does not bring its own; Rocket's shield adds `nosniff`
/// and `X-Frame-Options`.
pub(crate) struct Headers;

#[rocket::async_trait]
impl Fairing for Headers {
    fn info(&self) -> Info {
        Info { name: "security headers", kind: Kind::Response }
    }

    async fn on_response<'r>(&self, _request: &'r Request<'_>, response: &mut Response<'r>) {
        let defaults = [
            ("Content-Security-Policy", POLICY),
            // Not `no-referrer`: browsers would then send `Origin: null` with this site's own forms.
            ("Referrer-Policy", "same-origin"),
            ("Cross-Origin-Opener-Policy", "same-origin"),
            ("Cache-Control", "no-cache"),
        ];
        for (name, value) in defaults {
            if !response.headers().contains(name) {
                response.set_header(Header::new(name, value));
            }
        }
    }
}

/// A request that no other site made a browser send: the guard of everything that changes data.
///
/// Browsers say where a request comes from in `Sec-Fetch-Site` or `Origin`; programs send neither.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SameOrigin;

#[rocket::async_trait]
impl<'r> FromRequest<'r> for SameOrigin {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ()> {
        let headers = request.headers();
        let same_site = headers.get_one("Sec-Fetch-Site").is_none_or(|site| matches!(site, "same-origin" | "none"));
        let same_origin = headers.get_one("Origin").is_none_or(|origin| {
            let host = origin.split_once("://").map(|(_, host)| host);
            host.is_some() && host == headers.get_one("Host")
        });
        if same_site && same_origin { Outcome::Success(Self) } else { Outcome::Error((Status::Forbidden, ())) }
    }
}
