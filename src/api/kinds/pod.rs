//! `Pod`: the smallest thing that runs.
//!
//! A pod is kept as metadata + *shared* spec + what differs between pods of one template + status. All pods of a
//! template share one allocation of their spec: a naive typed pod costs 9 KB in Wasm, and there may be 150,000.

use super::{Kind, Object, Typed, serialize};
use k8s_openapi::api::core::v1 as core;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::Value;
use std::rc::Rc;

/// A pod.
#[derive(Clone, PartialEq, Debug, Default)]
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
    decode: |value| {
        serde_json::from_value(value).map(|pod| Object::new(Pod::from_core(pod))).map_err(|error| error.to_string())
    },
    ..Kind::plain()
};

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
