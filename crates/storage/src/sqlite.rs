//! The embedded SQLite back end.
