//! What containers use, as kubelets report it.

use crate::sim::{Duration, Time};
use std::rc::Rc;

/// What one container uses.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Amount {
    /// The container's name.
    pub container: Rc<str>,
    /// Thousandths of a processor.
    pub cpu_milli: i64,
    /// Bytes of memory.
    pub memory_bytes: i64,
}

/// What the containers of one pod used at a moment.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Sample {
    /// When it was taken.
    pub at: Time,
    /// Over which time it is an average.
    pub window: Duration,
    /// By container.
    pub amounts: Rc<[Amount]>,
}
