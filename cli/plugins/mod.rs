//! Plugins of others: their files, and which of them the user has approved.

pub mod sealed;
pub mod trust;
