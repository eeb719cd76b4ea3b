//! Looking at the demo as some user: sets and removes the cookie, asks for no password.

use rocket::form::Form;
use rocket::http::CookieJar;
use rocket::response::Redirect;
use rocket::{FromForm, post};

use crate::failure::Failure;
use crate::html::user_href;
use crate::input;
use crate::security::SameOrigin;
use crate::visitor;

#[derive(FromForm)]
pub(super) struct SignIn<'r> {
    user: &'r str,
}

#[post("/demo/user", data = "<form>")]
pub(super) fn sign_in(
    cookies: &CookieJar<'_>,
    form: Form<SignIn<'_>>,
    _origin: SameOrigin,
) -> Result<Redirect, Failure> {
    let SignIn { user } = form.into_inner();
    let user = input::key("user", user.trim())?;
    visitor::sign_in(cookies, user);
    Ok(Redirect::to(user_href(user)))
}

#[post("/demo/nobody")]
pub(super) fn sign_out(cookies: &CookieJar<'_>, _origin: SameOrigin) -> Redirect {
    visitor::sign_out(cookies);
    Redirect::to("/")
}
