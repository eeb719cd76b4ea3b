//! The site and the API against a real SQLite store with a small fitted model.

mod api;
mod live;
mod pages;
mod security;
mod shop;
