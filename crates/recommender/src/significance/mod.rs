//! How far chance explains figures of quality: intervals, paired tests, their correction, effect sizes.
//!
//! Users are the sample: another set of users of the same shop would have given other means. Intervals
//! come from the [`Bootstrap`] over users, p-values of differences from the paired t-test, corrected for
//! the number of comparisons by [`holm`]. Smucker, Allan and Carterette, "A Comparison of Statistical
//! Significance Tests for Information Retrieval Evaluation" (CIKM 2007) find t-test, bootstrap and
//! randomisation to agree, and advise against sign and Wilcoxon tests, which ask another question.

mod bootstrap;
mod paired;

pub use bootstrap::Bootstrap;
pub use paired::{Paired, holm, paired};
