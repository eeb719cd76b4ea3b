//! What every back end must do, as cases that run on SQLite and on a real MongoDB.
//!
//! `MONGODB_URL` says where MongoDB is (`scripts/services.sh up mongo` prints it). Without it that half
//! is skipped and says so; with `REQUIRE_SERVICES=1` a skip is a failure. Each case has a file or
//! database of its own. What a case returns must be equal on both back ends.

#[cfg(test)]
mod contract {
    mod activity;
    mod agreement;
    mod batches;
    mod catalogue;
    mod harness;
    mod keys;
    mod live;
    mod loads;
    mod older;
    mod opening;
    mod published;
    mod search;
}
