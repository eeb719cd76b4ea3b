//! The site and the REST API: shows products, takes in events and preferences, recommends.
//!
//! Serves from the store alone: products and reviews as `load` wrote them, the model that `publish`
//! made active. A list is scored from what the user did up to this very request, so an event or a
//! changed preference shows on the next page, also for a user never seen before. Pages live in
//! `pages/`, the API in `api/`; both share one path to a recommendation (`recommend.rs`) and one
//! place where an event comes in (`events.rs`). Deliberately not here: training, and any account or
//! password (a cookie says as whom the demo is looked at).

mod activity;
mod api;
mod assets;
mod catalogue;
mod dead_letters;
mod error;
mod events;
mod explain;
mod failure;
mod history;
mod html;
mod hub;
mod input;
mod known;
mod lane;
mod live;
mod metrics;
mod neighbours;
mod node;
mod pages;
mod preferences;
mod products;
mod ranking;
mod recommend;
mod remembered;
mod security;
mod serve;
mod site;
mod states;
mod strangers;
mod topics;
mod trending;
mod views;
mod visitor;
mod worker;

pub use dead_letters::{list as list_dead_letters, replay as replay_dead_letters};
pub use error::Error;
pub use node::{Node, Role};
pub use serve::{Settings, build, serve};
