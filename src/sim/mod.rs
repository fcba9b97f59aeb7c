//! The kernel: time, chance, cause and memory. It knows nothing of what it simulates.
//!
//! Everything that happens is an *event*, delivered to an *address* at a *time*. Handling one may change the
//! receiver, schedule further events and note *facts*; nothing else. Events are ordered by (time, id), so the same
//! seed and the same inputs give the same run on every machine.
//!
//! - [`time`]: whole microseconds. There is no wall clock here.
//! - [`rng`]: one generator for each address, forked from the seed, so that a new draw in one place shifts no other.
//! - [`link`]: what the wire between two addresses does to a message: deliver after a while, or drop it.
//! - [`kernel`]: the queue and [`kernel::Cx`], the only thing a handler gets.
//! - [`trace`]: facts with their causes; "why" is a walk along them.
//! - [`history`]: inputs and snapshots; seek to any moment, fork from it.
//! - [`map`], [`set`], [`log`]: what a world is made of; a clone shares what has not changed since.
//! - [`order`]: sorting that is compiled once; [`sorted`], [`sorted_set`]: small maps and sets that need little code.
//! - [`hash`]: a 64-bit hash that is the same natively and in Wasm.

pub mod hash;
pub mod history;
pub mod kernel;
pub mod link;
pub mod log;
pub mod map;
pub mod order;
pub mod rng;
pub mod set;
pub mod sorted;
pub mod sorted_set;
pub mod time;
pub mod trace;

pub use history::Simulation;
pub use kernel::{Cx, Kernel};
pub use log::Log;
pub use map::Map;
pub use order::Order;
pub use set::Set;
pub use sorted::Sorted;
pub use sorted_set::SortedSet;
pub use std::time::Duration;
pub use time::Time;
pub use trace::{FactId, Record, Trace};
