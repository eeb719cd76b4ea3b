//! Shoppers against a running site: what was on the page when the next real event came.
//!
//! A `replay` is what shoppers did and will do: from `reviews` that the model has not seen, or made up by
//! `synthetic` from the site's own catalogue. The `runner` asks the `site` for each shopper's list, notes
//! where the product of the next event stands in it, and only then posts the event: test, then train.
//! `outcome` makes figures of that, `report` and `text` show them. The site is known by its REST API alone,
//! and no model is trained here.

mod failure;
mod open_pages;
mod outcome;
mod popular;
mod replay;
mod report;
mod reviews;
mod runner;
mod site;
mod statistics;
mod synthetic;
mod text;

pub use failure::SimulationError;
pub use outcome::{Outcome, Ran};
pub use replay::{Choice, Replay};
pub use report::html;
pub use reviews::{Table, from_interactions, from_reviews};
pub use runner::{AT_ONCE, Pace, Settings, run};
pub use site::Site;
pub use synthetic::{Made, shoppers};
pub use text::text;
