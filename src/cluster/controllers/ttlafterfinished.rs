//! The TTL controller: a finished Job with `ttlSecondsAfterFinished` goes when its time is over.
//!
//! Upstream: `pkg/controller/ttlafterfinished/ttlafterfinished_controller.go`. Before the deletion the Job is read from
//! the API server itself, because its time may have been changed.

use super::job::spec::{Job, at};
use super::shared::subject;
use crate::api::kinds::job;
use crate::api::request::{DeleteOptions, Propagation};
use crate::api::{Object, Ref, Request};
use crate::cluster::client::controller::{Controller, Reconcile, Tolerate, Watch, Write};
use crate::sim::{Duration, Time};
use serde_json::Value;

/// The controller.
pub static CONTROLLER: Controller = Controller {
    name: "ttl-after-finished-controller",
    account: "ttl-after-finished-controller",
    workers: 5,
    watches: &[Watch::of(&job::KIND)],
    period: None,
    retries: 0,
    reconcile,
    failed: None,
};

fn reconcile(key: &Ref, reconcile: &mut Reconcile) -> Result<(), String> {
    let now = reconcile.now();
    let Some(left) = subject(reconcile, key).and_then(|object| left(object, now)) else { return Ok(()) };
    if !left.is_zero() {
        reconcile.again_after(left);
        return Ok(());
    }
    let live = match reconcile.ask(&job::KIND, &key.key) {
        None => return Ok(()),
        Some(Err(status)) if status.code == 404 => return Ok(()),
        Some(Err(status)) => return Err(status.message.clone()),
        Some(Ok(live)) => live,
    };
    let left = self::left(live, now);
    if let Some(left) = left.filter(|left| !left.is_zero()) {
        reconcile.again_after(left);
    } else if left.is_some() {
        let options = DeleteOptions {
            propagation: Some(Propagation::Foreground),
            uid: Some(live.uid().into()),
            ..DeleteOptions::default()
        };
        let deletion = Request::delete(&job::KIND, &key.key, options);
        reconcile.write(Write::new(deletion).tolerating(Tolerate::NotFound));
    }
    Ok(())
}

/// How long a Job has still to stay; `None`: it does not go by itself.
fn left(object: &Object, now: Time) -> Option<Duration> {
    let job = Job::read(object).ok().filter(|_| !object.is_terminating())?;
    let ttl = job.document.at("spec.ttlSecondsAfterFinished").and_then(Value::as_u64)?;
    let ended = at(&job.end()?["lastTransitionTime"])?;
    Some((ended + Duration::from_secs(ttl)).since(now))
}
