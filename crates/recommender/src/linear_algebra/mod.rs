//! Dense linear algebra of well-kept code: the one door to `faer`.
//!
//! Results do not depend on the number of threads. Inner loops of the crate's own are in [`crate::dense`].

mod eigen;
mod inverse;

pub(crate) use eigen::Eigen;
pub(crate) use inverse::invert;
