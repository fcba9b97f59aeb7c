//! The controllers: one file each, one line in [`CONTROLLERS`].

#![expect(clippy::unnecessary_wraps, reason = "a descriptor wants one signature, and many controllers cannot fail")]

pub mod deployment;
pub mod endpoints;
pub mod endpointslice;
pub mod garbagecollector;
pub mod namespace;
pub mod nodelifecycle;
pub mod podgc;
pub mod replicaset;
pub mod replicationcontroller;
pub mod rootca;
pub mod serviceaccount;
pub mod shared;
pub mod tainteviction;

use super::client::controller::Controller;
use super::client::runner::Runner;

/// All controllers of `kube-controller-manager`, in the order in which the runner serves them.
pub static CONTROLLERS: &[&Controller] = &[
    &deployment::CONTROLLER,
    &replicaset::CONTROLLER,
    &replicationcontroller::CONTROLLER,
    &namespace::CONTROLLER,
    &serviceaccount::CONTROLLER,
    &rootca::CONTROLLER,
    &endpointslice::CONTROLLER,
    &endpoints::CONTROLLER,
    &garbagecollector::CONTROLLER,
    &nodelifecycle::CONTROLLER,
    &tainteviction::CONTROLLER,
    &podgc::CONTROLLER,
];

/// The process that runs them all: `ControllerManager::new(CONTROLLERS)`.
pub type ControllerManager = Runner;
