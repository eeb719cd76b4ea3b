//! As whom the demo is looked at: a cookie with a user key, no account, no password.

use std::convert::Infallible;

use rocket::http::{Cookie, CookieJar, SameSite};
use rocket::request::{FromRequest, Outcome, Request};

use crate::input;

const COOKIE: &str = "user";

/// The user that the visitor chose to be, if any.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Visitor {
    /// User key.
    pub user: Option<String>,
}

impl Visitor {
    /// Reads the cookie; a broken one counts as none.
    pub fn of(cookies: &CookieJar<'_>) -> Self {
        let user = cookies.get(COOKIE).map(|cookie| cookie.value().to_owned());
        Self { user: user.filter(|user| input::key("user", user).is_ok()) }
    }

    /// Whether the visitor is this user.
    pub fn is(&self, user: &str) -> bool {
        self.user.as_deref() == Some(user)
    }
}

/// From now on the visitor is this user, until the browser is closed.
pub(crate) fn sign_in(cookies: &CookieJar<'_>, user: &str) {
    cookies.add(Cookie::build((COOKIE, user.to_owned())).http_only(true).same_site(SameSite::Lax).path("/"));
}

/// From now on the visitor is nobody.
pub(crate) fn sign_out(cookies: &CookieJar<'_>) {
    cookies.remove(Cookie::build(COOKIE).path("/"));
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Visitor {
    type Error = Infallible;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, Infallible> {
        Outcome::Success(Self::of(request.cookies()))
    }
}
