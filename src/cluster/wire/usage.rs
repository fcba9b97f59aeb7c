//! What containers use, as kubelets report it.

use crate::api::Key;
use crate::sim::Time;
use std::rc::Rc;

/// What one container uses.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Amount {
    /// The container's name.
    pub container: Rc<str>,
    /// Since when it runs.
    pub since: Time,
    /// Thousandths of a processor.
    pub cpu_milli: i64,
    /// Bytes of memory.
    pub memory_bytes: i64,
}

/// What a node and its pods use at a moment.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Usage {
    /// The node.
    pub node: Rc<str>,
    /// When it was measured.
    pub at: Time,
    /// The whole machine: thousandths of a processor, bytes of memory.
    pub whole: (i64, i64),
    /// By pod, what its containers use.
    pub pods: Rc<[(Key, Rc<[Amount]>)]>,
}
