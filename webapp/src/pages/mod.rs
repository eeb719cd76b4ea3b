//! The pages for people. A page is a file here, its template, and its line in `routes`.

mod demo;
mod home;
mod products;
mod reports;
mod search;
mod users;

use rocket::{Route, routes};

pub(crate) use products::find as find_product;
pub(crate) use search::parameters as search_parameters;

/// The routes of the site.
pub(crate) fn routes() -> Vec<Route> {
    routes![
        home::home,
        search::search,
        products::product,
        products::event,
        users::user,
        users::set_preferences,
        users::exclude,
        demo::sign_in,
        demo::sign_out,
        reports::reports,
        reports::report,
    ]
}
