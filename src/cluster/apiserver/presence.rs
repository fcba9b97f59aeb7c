//! The lease by which a server says that it is there.
//!
//! Upstream: `pkg/controlplane/apiserver/server.go` (`APIServerIdentity`) and `component-helpers/apimachinery/lease`: a lease
//! in `kube-system`, renewed every 10 s.

use super::ApiServer;
use crate::api::json::encode;
use crate::api::kinds::{lease, named};
use crate::api::meta::micro_time;
use crate::api::request::PatchType;
use crate::api::{Key, Object, Request};
use crate::cluster::fact::{Call, Fact};
use crate::cluster::wire::{Event, Timer, User};
use crate::cluster::{Cx, timing};
use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use serde_json::json;
use std::rc::Rc;

/// The timer of the next renewal.
pub(super) const RENEW: &str = "apiserver/identity";
const NAMESPACE: &str = "kube-system";
/// Made of the machine's name; upstream hashes it.
const NAME: &str = "apiserver-crhb4zgoyyzv4ygz4mvsv7bfpq";
const SECONDS: i32 = 3600;

impl ApiServer {
    /// Makes or renews the lease, and plans the next time.
    pub(super) fn renew_identity(&mut self, cx: &mut Cx) {
        cx.because(None);
        cx.after(timing::IDENTITY_LEASE_RENEW, Event::Timer(Timer::new(RENEW)));
        if !self.is_ready() {
            return;
        }
        let key = Key::new(NAMESPACE, NAME);
        let now = micro_time(cx.now());
        let request = if self.cache.get(&lease::KIND, &key).is_some() {
            let patch = json!({"spec": {"renewTime": encode(&now)}});
            Request::patch(&lease::KIND, &key, PatchType::Merge, patch)
        } else {
            Request::create(identity(LeaseSpec { renew_time: Some(now), ..LeaseSpec::default() }))
        };
        let user = User::new("system:apiserver", &["system:masters"]);
        let call = Call { from: cx.me().clone(), id: self.next };
        let (verb, target) = (request.verb, request.target.clone());
        cx.note(Fact::Requested { call: call.clone(), verb, target, ambient: true });
        self.accept(cx, call, user, Rc::new(request));
    }
}

fn identity(spec: LeaseSpec) -> Object {
    let labels = [("apiserver.kubernetes.io/identity", "kube-apiserver"), ("kubernetes.io/hostname", "control-plane")];
    let mut metadata = named(NAMESPACE, NAME);
    // Where the other servers of a cluster would find this one (`UnknownVersionInteroperabilityProxy`).
    let peer = ("kubernetes.io/peer-advertise-address".to_owned(), "10.0.0.10:6443".to_owned());
    metadata.annotations = Some([peer].into());
    metadata.labels = Some(labels.map(|(name, value)| (name.to_owned(), value.to_owned())).into());
    let holder = format!("{NAME}_0");
    let spec = LeaseSpec { holder_identity: Some(holder), lease_duration_seconds: Some(SECONDS), ..spec };
    Object::new(Lease { metadata, spec: Some(spec) })
}
