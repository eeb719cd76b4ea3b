//! Statistics of columns, without any knowledge of reviews: definitions as pandas, numpy and scipy have them.

pub mod components;
pub mod contingency;
pub mod counts;
pub mod groups;
pub mod histogram;
pub mod inequality;
pub mod intervals;
pub mod kendall;
pub mod log_normal;
pub mod log_odds;
pub mod moments;
pub mod phi_k;
pub mod power_law;
pub mod quantiles;
pub mod ranks;
pub mod rating_scale;
pub mod sampling;
pub mod simplex;
pub mod stability;
pub mod variance_components;
