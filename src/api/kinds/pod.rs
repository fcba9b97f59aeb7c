//! `Pod`: the smallest thing that runs.
//!
//! A pod is kept as metadata + *shared* spec + what differs between pods of one template + status. All pods of a
//! template share one allocation of their spec: a naive typed pod costs 9 KB in Wasm, and there may be 150,000.

use super::{Column, Kind, Object, Typed, serialize};
use crate::api::pod::{defaults, label_keys, printing, status, update, validation, warnings};
use crate::api::table::none_if_empty;
use k8s_openapi::api::core::v1 as core;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::Value;
use std::borrow::Cow;
use std::rc::Rc;

/// A pod.
#[derive(Clone, Debug, Default)]
pub struct Pod {
    /// Metadata.
    pub metadata: ObjectMeta,
    /// The spec without the parts below: `node_name` is always `None` in it, and the token volume that admission
    /// adds is called [`TOKEN_VOLUME`] without its suffix. Change it through [`Rc::make_mut`].
    pub spec: Rc<core::PodSpec>,
    /// `spec.nodeName`.
    pub node_name: Option<Rc<str>>,
    /// The random suffix of the token volume's name.
    pub token_suffix: Option<Rc<str>>,
    /// Status.
    pub status: core::PodStatus,
}

/// The name of the token volume without its suffix.
pub const TOKEN_VOLUME: &str = "kube-api-access-";

/// Pods of one template share their spec, so comparing the places comes first.
impl PartialEq for Pod {
    fn eq(&self, other: &Self) -> bool {
        self.status == other.status && self.metadata == other.metadata && self.has_spec_of(other)
    }
}

impl Pod {
    /// A pod from the `k8s-openapi` type.
    #[must_use]
    pub fn from_core(pod: core::Pod) -> Self {
        let mut spec = pod.spec.unwrap_or_default();
        let node_name = spec.node_name.take().filter(|name| !name.is_empty()).map(Rc::from);
        let token_suffix = take_suffix(&mut spec);
        Self {
            metadata: pod.metadata,
            spec: Rc::new(spec),
            node_name,
            token_suffix,
            status: pod.status.unwrap_or_default(),
        }
    }

    /// The names of the claims that its volumes use; `name`: its own, from which those of ephemeral volumes are made.
    pub fn claims<'a>(&'a self, name: &'a str) -> impl Iterator<Item = Cow<'a, str>> {
        self.spec.volumes.iter().flatten().filter_map(move |volume| match &volume.persistent_volume_claim {
            Some(source) => Some(Cow::Borrowed(source.claim_name.as_str())),
            None => volume.ephemeral.as_ref().map(|_| Cow::Owned(format!("{name}-{}", volume.name))),
        })
    }

    /// The `k8s-openapi` type.
    #[must_use]
    pub fn to_core(&self) -> core::Pod {
        let mut spec = (*self.spec).clone();
        spec.node_name = self.node_name.as_deref().map(str::to_owned);
        if let Some(suffix) = &self.token_suffix {
            rename_token(&mut spec, TOKEN_VOLUME, &format!("{TOKEN_VOLUME}{suffix}"));
        }
        core::Pod { metadata: self.metadata.clone(), spec: Some(spec), status: Some(self.status.clone()) }
    }

    /// Whether the specs are equal, node name included.
    #[must_use]
    pub fn has_spec_of(&self, other: &Self) -> bool {
        self.node_name == other.node_name
            && self.token_suffix == other.token_suffix
            && (Rc::ptr_eq(&self.spec, &other.spec) || self.spec == other.spec)
    }

    /// The first of its addresses, empty without any.
    #[must_use]
    pub fn ip(&self) -> String {
        let first = self.status.pod_ips.as_deref().unwrap_or_default().first().map(|ip| ip.ip.as_str());
        first.or(self.status.pod_ip.as_deref()).unwrap_or_default().to_owned()
    }

    /// The node that it is bound to.
    #[must_use]
    pub fn node(&self) -> Option<&str> {
        self.node_name.as_deref()
    }

    /// `status.phase`, `Pending` when unset.
    #[must_use]
    pub fn phase(&self) -> &str {
        self.status.phase.as_deref().unwrap_or("Pending")
    }

    /// Whether it has ended for good: `Succeeded` or `Failed`.
    #[must_use]
    pub fn is_terminal(&self) -> bool {
        matches!(self.phase(), "Succeeded" | "Failed")
    }

    /// Whether the condition `Ready` is true.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.condition("Ready").is_some_and(|condition| condition.status == "True")
    }

    /// The condition of the given type.
    #[must_use]
    pub fn condition(&self, kind: &str) -> Option<&core::PodCondition> {
        self.status.conditions.as_deref().unwrap_or_default().iter().find(|condition| condition.type_ == kind)
    }
}

/// Takes the token volume's suffix out of the spec, so that specs of one template become equal.
fn take_suffix(spec: &mut core::PodSpec) -> Option<Rc<str>> {
    let volumes = spec.volumes.as_deref().unwrap_or_default();
    let token = volumes.iter().find(|volume| volume.projected.is_some() && volume.name.starts_with(TOKEN_VOLUME))?;
    let name = token.name.clone();
    let suffix = name.strip_prefix(TOKEN_VOLUME).filter(|suffix| !suffix.is_empty())?;
    rename_token(spec, &name, TOKEN_VOLUME);
    Some(suffix.into())
}

fn rename_token(spec: &mut core::PodSpec, from: &str, to: &str) {
    let volumes = spec.volumes.iter_mut().flatten().map(|volume| &mut volume.name);
    let containers = spec.containers.iter_mut().chain(spec.init_containers.iter_mut().flatten());
    let mounts = containers.flat_map(|c| c.volume_mounts.iter_mut().flatten()).map(|mount| &mut mount.name);
    for name in volumes.chain(mounts).filter(|name| *name == from) {
        to.clone_into(name);
    }
}

impl Typed for Pod {
    fn kind() -> &'static Kind {
        &KIND
    }
    fn meta(&self) -> &ObjectMeta {
        &self.metadata
    }
    fn meta_mut(&mut self) -> &mut ObjectMeta {
        &mut self.metadata
    }
    fn to_value(&self) -> Value {
        serialize(&self.to_core())
    }
}

/// The kind.
pub static KIND: Kind = Kind {
    kind: "Pod",
    plural: "pods",
    singular: "pod",
    short_names: &["po"],
    categories: &["all"],
    storage: "pods",
    subresources: &["status", "binding", "eviction", "ephemeralcontainers", "resize", "log", "exec"],
    generation: true,
    decode: |document| super::parse(document).map(|pod| Object::new(Pod::from_core(pod))),
    default: |object| {
        if let Some(pod) = object.get_mut::<Pod>() {
            defaults::pod(Rc::make_mut(&mut pod.spec));
        }
    },
    prepare_create: |object, now| {
        if let Some(pod) = object.get_mut::<Pod>() {
            label_keys::merge(pod);
            pod.status = status::of_new(&pod.spec, now);
        }
    },
    prepare_update: |new, old| {
        if let (Some(new), Some(old)) = (new.get_mut::<Pod>(), old.get::<Pod>()) {
            new.status.clone_from(&old.status);
        }
    },
    prepare_status,
    validate: |object| object.get::<Pod>().map(validation::create).unwrap_or_default(),
    validate_update: |new, old| match (new.get::<Pod>(), old.get::<Pod>()) {
        (Some(new), Some(old)) => update::validate(new, old),
        _ => Vec::new(),
    },
    warnings: |object| object.get::<Pod>().map(warnings::of_pod).unwrap_or_default(),
    spec_changed: |new, old| match (new.get::<Pod>(), old.get::<Pod>()) {
        (Some(new), Some(old)) => !new.has_spec_of(old),
        _ => false,
    },
    grace,
    field,
    columns: &[
        Column::NAME,
        Column::text("Ready", printing::ready),
        Column::text("Status", printing::status),
        Column::text("Restarts", printing::restarts),
        Column::AGE,
        Column::text("IP", |object, _| none_if_empty(object.get::<Pod>().map(Pod::ip).unwrap_or_default())).wide(),
        Column::text("Node", |object, _| none_if_empty(text(object, Pod::node))).wide(),
        Column::text("Nominated Node", |object, _| {
            none_if_empty(text(object, |pod| pod.status.nominated_node_name.as_deref()))
        })
        .wide(),
        Column::text("Readiness Gates", printing::gates).wide(),
    ],
    ..Kind::plain()
};

fn text(object: &Object, of: fn(&Pod) -> Option<&str>) -> String {
    object.get::<Pod>().and_then(of).unwrap_or_default().to_owned()
}

/// Upstream: `podStatusStrategy.PrepareForUpdate`. Owners are kept too: old kubelets spoilt them.
fn prepare_status(new: &mut Object, old: &Object) {
    let (Some(new), Some(old)) = (new.get_mut::<Pod>(), old.get::<Pod>()) else { return };
    new.spec = Rc::clone(&old.spec);
    new.node_name.clone_from(&old.node_name);
    new.token_suffix.clone_from(&old.token_suffix);
    new.metadata.owner_references.clone_from(&old.metadata.owner_references);
    if new.status.qos_class.is_none() {
        new.status.qos_class.clone_from(&old.status.qos_class);
    }
}

/// Upstream: `podStrategy.CheckGracefulDelete`: what no kubelet runs needs no time to end.
fn grace(object: &Object) -> Option<i64> {
    let pod = object.get::<Pod>()?;
    if pod.node_name.is_none() || pod.is_terminal() {
        return Some(0);
    }
    // A negative time means one second.
    Some(pod.spec.termination_grace_period_seconds.map_or(30, |seconds| if seconds < 0 { 1 } else { seconds }))
}

/// Upstream: `pkg/registry/core/pod/strategy.go`, `ToSelectableFields`.
fn field(object: &Object, path: &str) -> Option<String> {
    let pod = object.get::<Pod>()?;
    let text = |text: Option<&str>| Some(text.unwrap_or_default().to_owned());
    match path {
        "spec.nodeName" => text(pod.node()),
        "spec.restartPolicy" => text(pod.spec.restart_policy.as_deref()),
        "spec.schedulerName" => text(pod.spec.scheduler_name.as_deref()),
        "spec.serviceAccountName" => text(pod.spec.service_account_name.as_deref()),
        "spec.hostNetwork" => Some(pod.spec.host_network.unwrap_or(false).to_string()),
        "status.phase" => text(pod.status.phase.as_deref()),
        "status.podIP" => Some(pod.ip()),
        "status.nominatedNodeName" => text(pod.status.nominated_node_name.as_deref()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pods_of_one_template_have_equal_specs_and_keep_their_own_names() {
        let pod = |suffix: &str, node: &str| {
            let text = format!(
                r#"{{"metadata":{{"name":"p"}},"spec":{{"nodeName":"{node}","containers":[{{"name":"c","image":"nginx",
                "volumeMounts":[{{"name":"kube-api-access-{suffix}","mountPath":"/x"}}]}}],
                "volumes":[{{"name":"kube-api-access-{suffix}","projected":{{"sources":[]}}}}]}}}}"#
            );
            Pod::from_core(serde_json::from_str(&text).expect("a pod"))
        };
        let (a, b) = (pod("abcde", "node-1"), pod("fghij", "node-2"));
        assert_eq!(a.spec, b.spec);
        let value = Typed::to_value(&b);
        assert_eq!(value["spec"]["volumes"][0]["name"], "kube-api-access-fghij");
        assert_eq!(value["spec"]["containers"][0]["volumeMounts"][0]["name"], "kube-api-access-fghij");
        assert_eq!(value["spec"]["nodeName"], "node-2");
    }
}
