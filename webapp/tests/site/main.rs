//! The site and the API against a real SQLite store with a small fitted model.

#![expect(clippy::unwrap_used, reason = "a test fails by it, also outside of its own function")]

mod api;
mod dead_letters;
mod live;
mod metrics;
mod pages;
mod security;
mod serve;
mod shop;
mod stream;
mod trends;
