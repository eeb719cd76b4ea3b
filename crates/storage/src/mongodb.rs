//! The MongoDB back end.
