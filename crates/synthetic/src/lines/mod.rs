//! The lines of the files, in the manner of the programs that wrote the real ones.

mod object;
pub mod product;
pub mod review;
