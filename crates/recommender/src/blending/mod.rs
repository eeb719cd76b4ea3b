//! Learning how far each of several recommenders counts, by what users held out.
//!
//! Every recommender scores every user once. What could come to the top of any blend, the union of the
//! best items of each, is kept with all raw scores in a compact table ([`Candidates`]); weights are then
//! tried on that table alone ([`refine`]), thousands of them in the time of one full ranking.
//!
//! Raw scores, divided by one number a recommender ([`scales`]), keep how sure a recommender is of this
//! user; scores brought to a common range a user do not, and blend worse.

mod candidates;
mod refine;

pub use candidates::{Candidates, UserCandidates, scales};
pub use refine::{Refined, refine};
