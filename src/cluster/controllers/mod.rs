//! The controllers: one file each, one line in [`CONTROLLERS`].

pub mod deployment;
pub mod replicaset;
pub mod replicationcontroller;
pub mod shared;

use super::client::controller::Controller;
use super::client::runner::Runner;

/// All controllers of `kube-controller-manager`, in the order in which the runner serves them.
pub static CONTROLLERS: &[&Controller] =
    &[&deployment::CONTROLLER, &replicaset::CONTROLLER, &replicationcontroller::CONTROLLER];

/// The process that runs them all: `ControllerManager::new(CONTROLLERS)`.
pub type ControllerManager = Runner;
