//! The service account controller: every namespace has a service account `default`.
//!
//! Upstream: `pkg/controller/serviceaccount/serviceaccounts_controller.go`.

use super::shared::subject;
use crate::api::document::Document;
use crate::api::kinds::{named, namespace, service_account};
use crate::api::{Key, Object, ObjectRef, Ref, Request};
use crate::cluster::client::controller::{Controller, Reconcile, Tolerate, Watch, Write};
use k8s_openapi::api::core::v1::Namespace;

const NAME: &str = "default";

/// The controller.
pub static CONTROLLER: Controller = Controller {
    name: "service-account-controller",
    account: "service-account-controller",
    workers: 1,
    watches: &[
        Watch::of(&namespace::KIND),
        Watch::mapped(&service_account::KIND, |wake, old, new| {
            if let (Some(gone), None) = (old, new)
                && gone.name() == NAME
            {
                wake.key(ObjectRef::new(&namespace::KIND, "", gone.namespace()));
            }
        }),
    ],
    period: None,
    retries: 0,
    reconcile,
    failed: None,
};

fn reconcile(key: &Ref, reconcile: &mut Reconcile) -> Result<(), String> {
    let Some(namespace) = subject(reconcile, key) else { return Ok(()) };
    let account = Key::new(namespace.name(), NAME);
    if is_active(namespace) && reconcile.lookup(&service_account::KIND, &account).is_none() {
        let account = Document::new(&service_account::KIND, named(namespace.name(), NAME));
        let request = Request::create(Object::from_document(account));
        reconcile.write(Write::new(request).tolerating(Tolerate::AlreadyExists));
    }
    Ok(())
}

/// Whether a namespace takes new content.
fn is_active(object: &Object) -> bool {
    let status = object.get().and_then(|namespace: &Namespace| namespace.status.as_ref());
    status.and_then(|status| status.phase.as_deref()) == Some("Active") && !object.is_terminating()
}
