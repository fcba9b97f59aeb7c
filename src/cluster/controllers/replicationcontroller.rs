//! The ReplicationController controller: the ReplicaSet's, for the older kind.
//!
//! Upstream: `pkg/controller/replication/replication_controller.go`, which wraps the ReplicaSet controller in the same way.
//! Its status does not count ending pods.

use super::replicaset::{failed, reconcile, wake_by_pod};
use crate::api::kinds::{pod, replication_controller};
use crate::cluster::client::controller::{Controller, Watch};

/// The controller.
pub static CONTROLLER: Controller = Controller {
    name: "replication-controller",
    account: "replication-controller",
    workers: 5,
    watches: &[
        Watch::of(&replication_controller::KIND),
        Watch::mapped(&pod::KIND, |wake, old, new| wake_by_pod(wake, &replication_controller::KIND, old, new)),
    ],
    period: None,
    retries: 0,
    reconcile,
    failed: Some(failed),
};
