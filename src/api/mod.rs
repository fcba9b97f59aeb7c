//! The nouns: plain data and pure functions, no behaviour over time.

pub mod names;
pub mod quantity;
pub mod selector;
