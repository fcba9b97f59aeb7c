//! The controllers: one file each, one line in [`CONTROLLERS`].
//!
//! `kube-controller-manager` is one process with many loops that have nothing to do with each other. Each follows some
//! kinds, compares what is with what should be, and asks the API server for the difference:
//!
//! ```text
//!   Deployment ── deployment ──▶ ReplicaSet ── replicaset ──▶ Pod ── scheduler, kubelet …
//!   StatefulSet, DaemonSet ── statefulset, daemonset ──▶ ControllerRevision, Pod
//!   Pod with an ephemeral volume ── ephemeral ──▶ PersistentVolumeClaim ── persistentvolume ──▶ PersistentVolume
//!   Pod with a claim, on a node ── attachdetach ──▶ VolumeAttachment, what the node has attached
//!   Service ── endpointslice, endpoints ──▶ addresses of ready pods;  Endpoints ── endpointslicemirroring ──▶ slices
//!   Namespace ── serviceaccount, rootca ──▶ what every namespace has;  namespace ──▶ its end
//!   ServiceAccount ── serviceaccounttoken ──▶ its Secrets with a token
//!   Node ── nodeipam ──▶ its part of the pod network
//!   Node ── nodelifecycle ──▶ conditions, taints ── tainteviction ──▶ evicted pods;  podgc ──▶ the rest
//!   CronJob ── cronjob ──▶ Job ── job ──▶ Pod;  ttlafterfinished ──▶ its end;  disruption ──▶ how many pods may go
//!   anything owned ── garbagecollector ──▶ gone with its owner
//! ```
//!
//! A controller here is a descriptor and a pure function `reconcile(key, caches)` that records requests; everything else
//! (queues, workers, back-off, events, the hold until its own writes are seen) is the runner's, in
//! [`client`](super::client). What each one leaves out stands at the head of its file. All of them lead by
//! one lease.

#![expect(clippy::unnecessary_wraps, reason = "a descriptor wants one signature, and many controllers cannot fail")]

pub mod attachdetach;
pub mod certificates;
pub mod clusterroleaggregation;
pub mod cronjob;
pub mod daemonset;
pub mod deployment;
pub mod disruption;
pub mod endpoints;
pub mod endpointslice;
pub mod endpointslicemirroring;
pub mod ephemeral;
pub mod expand;
pub mod garbagecollector;
pub mod job;
pub mod namespace;
mod nodeipam;
pub mod nodelifecycle;
pub mod persistentvolume;
pub mod podautoscaler;
pub mod podgc;
mod policystatus;
pub mod replicaset;
pub mod replicationcontroller;
pub mod resourcequota;
pub mod rootca;
pub mod serviceaccount;
pub mod serviceaccounttoken;
pub mod shared;
pub mod statefulset;
pub mod tainteviction;
pub mod ttl;
mod ttlafterfinished;
pub mod volumeprotection;

use super::client::controller::Controller;
use super::client::runner::Runner;

/// All controllers of `kube-controller-manager`, in the order in which the runner serves them.
pub static CONTROLLERS: &[&Controller] = &[
    &deployment::CONTROLLER,
    &replicaset::CONTROLLER,
    &replicationcontroller::CONTROLLER,
    &job::CONTROLLER,
    &cronjob::CONTROLLER,
    &ttl::CONTROLLER,
    &ttlafterfinished::CONTROLLER,
    &disruption::CONTROLLER,
    &clusterroleaggregation::CONTROLLER,
    &resourcequota::CONTROLLER,
    &certificates::CONTROLLER,
    &certificates::CLEANER,
    &statefulset::CONTROLLER,
    &daemonset::CONTROLLER,
    &podautoscaler::CONTROLLER,
    &namespace::CONTROLLER,
    &serviceaccount::CONTROLLER,
    &serviceaccounttoken::CONTROLLER,
    &rootca::CONTROLLER,
    &endpointslice::CONTROLLER,
    &endpoints::CONTROLLER,
    &endpointslicemirroring::CONTROLLER,
    &garbagecollector::CONTROLLER,
    &nodeipam::CONTROLLER,
    &nodelifecycle::CONTROLLER,
    &tainteviction::CONTROLLER,
    &podgc::CONTROLLER,
    &policystatus::CONTROLLER,
    &persistentvolume::CONTROLLER,
    &ephemeral::CONTROLLER,
    &attachdetach::CONTROLLER,
    &expand::CONTROLLER,
    &volumeprotection::CLAIMS,
    &volumeprotection::VOLUMES,
    &volumeprotection::CLASSES,
];

/// The process that runs them all: `ControllerManager::new(CONTROLLERS)`.
pub type ControllerManager = Runner;
