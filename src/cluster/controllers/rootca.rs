//! The root CA publisher: every namespace has a config map `kube-root-ca.crt` with the certificate by which pods know the
//! API server.
//!
//! Upstream: `pkg/controller/certificates/rootcacertpublisher/publisher.go`. The certificate is one that was made for this
//! purpose and signs nothing: no connection here is encrypted.

use super::shared::{annotation, subject};
use crate::api::kinds::{config_map, named, namespace};
use crate::api::{Key, Object, ObjectRef, Ref, Request};
use crate::cluster::client::controller::{Controller, Reconcile, Tolerate, Wake, Watch, Write};
use k8s_openapi::api::core::v1::{ConfigMap, Namespace};
use std::collections::BTreeMap;

const NAME: &str = "kube-root-ca.crt";
const DESCRIPTION: &str = "kubernetes.io/description";
const WHAT_FOR: &str = "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints \
    such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of \
    Kubernetes clusters.";
/// The certificate.
pub const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----\n\
MIIBTjCB9aADAgECAhQYBrxoOhQUgJOYtcK4wcrZ4qIscjAKBggqhkjOPQQDAjAV\n\
MRMwEQYDVQQDDAprdWJlcm5ldGVzMB4XDTI2MDEwNTA4MDAwMFoXDTM2MDEwMzA4\n\
MDAwMFowFTETMBEGA1UEAwwKa3ViZXJuZXRlczBZMBMGByqGSM49AgEGCCqGSM49\n\
AwEHA0IABOUMLabliLxVk1+ZxKD7PAMSdg8gkSzC7TQCm5/WC0l7XlxNSft4ej+3\n\
da/Cxy6LA61/ynBl+CPveWkZNVwhCs+jIzAhMA8GA1UdEwEB/wQFMAMBAf8wDgYD\n\
VR0PAQH/BAQDAgKkMAoGCCqGSM49BAMCA0gAMEUCIQCkf1p4PNTauuuCNaQB13c/\n\
SnnRTn+c7cQoVprgWGhp9gIgaFQvVBd1sqAzkT4ra5F3AxIS1htILpTbtI9kKHcN\n\
9Qg=\n\
-----END CERTIFICATE-----\n";

/// The controller.
pub static CONTROLLER: Controller = Controller {
    name: "root-ca-cert-publisher",
    account: "root-ca-cert-publisher",
    workers: 1,
    watches: &[Watch::mapped(&namespace::KIND, wake_by_namespace), Watch::mapped(&config_map::KIND, wake_by_map)],
    period: None,
    retries: 0,
    reconcile,
    failed: None,
};

fn wake_by_namespace(wake: &mut Wake, _: Option<&Object>, new: Option<&Object>) {
    wake.objects(new.filter(|object| !is_ending(object)));
}

fn wake_by_map(wake: &mut Wake, old: Option<&Object>, new: Option<&Object>) {
    if let Some(map) = old.filter(|map| map.name() == NAME && new.is_none_or(|new| new != *map)) {
        wake.key(ObjectRef::new(&namespace::KIND, "", map.namespace()));
    }
}

fn is_ending(object: &Object) -> bool {
    let status = object.get().and_then(|namespace: &Namespace| namespace.status.as_ref());
    status.and_then(|status| status.phase.as_deref()) == Some("Terminating")
}

fn reconcile(key: &Ref, reconcile: &mut Reconcile) -> Result<(), String> {
    let Some(namespace) = subject(reconcile, key) else { return Ok(()) };
    let data = BTreeMap::from([("ca.crt".to_owned(), CERTIFICATE.to_owned())]);
    let place = Key::new(namespace.name(), NAME);
    let Some(present) = reconcile.lookup(&config_map::KIND, &place) else {
        let mut metadata = named(namespace.name(), NAME);
        metadata.annotations = Some(BTreeMap::from([(DESCRIPTION.to_owned(), WHAT_FOR.to_owned())]));
        let map = ConfigMap { metadata, data: Some(data), ..ConfigMap::default() };
        reconcile.write(Write::new(Request::create(Object::new(map))).tolerating(Tolerate::AlreadyExists));
        return Ok(());
    };
    let right = present.get().is_some_and(|map: &ConfigMap| map.data.as_ref() == Some(&data));
    if !right || annotation(present.meta(), DESCRIPTION).is_none_or(str::is_empty) {
        let mut object = present.clone();
        let annotations = object.meta_mut().annotations.get_or_insert_default();
        annotations.insert(DESCRIPTION.to_owned(), WHAT_FOR.to_owned());
        if let Some(map) = object.get_mut::<ConfigMap>() {
            map.data = Some(data);
        }
        reconcile.request(Request::update(object));
    }
    Ok(())
}
