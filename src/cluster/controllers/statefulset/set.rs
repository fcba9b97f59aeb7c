//! A StatefulSet as its controller reads it, and what it asks of its pods.
//!
//! Upstream: `pkg/controller/statefulset/stateful_set_utils.go`.

use crate::api::document::Document;
use crate::api::kinds::pod::Pod;
use crate::api::{Object, json};
use crate::cluster::controllers::shared::history::REVISION;
use crate::cluster::controllers::shared::pods::{from_template, until_available};
use crate::cluster::controllers::shared::{integer, labels};
use crate::sim::{Duration, Time};
use k8s_openapi::api::core::v1::{PersistentVolumeClaimVolumeSource, PodTemplateSpec, Volume};
use serde_json::Value;
use std::rc::Rc;

/// The label of a pod that holds its name, so that a Service can select one pod.
pub const POD_NAME: &str = "statefulset.kubernetes.io/pod-name";
const POD_INDEX: &str = "apps.kubernetes.io/pod-index";

/// A StatefulSet.
#[derive(Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "the fields of a spec, not states")]
pub struct Set<'a> {
    /// The object.
    pub object: &'a Object,
    /// The same as a tree.
    pub tree: &'a Document,
    /// How many pods it wants.
    pub replicas: i64,
    /// The first ordinal.
    pub start: i64,
    /// Whether one pod is waited for before the next (`OrderedReady`).
    pub ordered: bool,
    /// Whether an update replaces pods by itself.
    pub rolling: bool,
    /// How many of the first pods an update leaves as they are.
    pub partition: i64,
    /// How long a pod must be ready to be available.
    pub min_ready: Duration,
    /// Whether the claims go with the set.
    pub deletes_with_set: bool,
    /// Whether the claims of a pod go when it is scaled away.
    pub deletes_when_scaled: bool,
}

impl<'a> Set<'a> {
    /// Reads a StatefulSet.
    #[must_use]
    pub fn read(object: &'a Object) -> Option<Self> {
        let tree = object.document()?;
        let deletes = |when: &str| tree.text(&format!("spec.persistentVolumeClaimRetentionPolicy.{when}")) == "Delete";
        let min_ready = integer(tree, "spec.minReadySeconds").unwrap_or(0);
        Some(Self {
            object,
            tree,
            replicas: integer(tree, "spec.replicas").unwrap_or(1),
            start: integer(tree, "spec.ordinals.start").unwrap_or(0),
            ordered: tree.text("spec.podManagementPolicy") != "Parallel",
            rolling: tree.text("spec.updateStrategy.type") != "OnDelete",
            partition: integer(tree, "spec.updateStrategy.rollingUpdate.partition").unwrap_or(0),
            min_ready: Duration::from_secs(u64::try_from(min_ready).unwrap_or(0)),
            deletes_with_set: deletes("whenDeleted"),
            deletes_when_scaled: deletes("whenScaled"),
        })
    }

    /// The name of the pod with an ordinal.
    #[must_use]
    pub fn pod_name(&self, ordinal: i64) -> String {
        format!("{}-{ordinal}", self.object.name())
    }

    /// The ordinal of one of its pods.
    #[must_use]
    pub fn ordinal(&self, pod: &Object) -> Option<i64> {
        ordinal(self.object.name(), pod.name())
    }

    /// Whether it wants a pod with this ordinal.
    #[must_use]
    pub fn wants(&self, ordinal: i64) -> bool {
        (self.start..self.start + self.replicas).contains(&ordinal)
    }

    /// The templates of its claims: name and document.
    pub fn claim_templates(&self) -> impl Iterator<Item = (&'a str, &'a Value)> + use<'a> {
        let templates = self.tree.list("spec.volumeClaimTemplates").iter();
        templates.map(|template| (template["metadata"]["name"].as_str().unwrap_or_default(), template))
    }

    /// The name of the claim of a pod that a template makes.
    #[must_use]
    pub fn claim_name(&self, template: &str, ordinal: i64) -> String {
        format!("{template}-{}-{ordinal}", self.object.name())
    }

    /// A new pod of a revision's template (upstream: `newStatefulSetPod`).
    #[must_use]
    pub fn pod(&self, template: Option<&PodTemplateSpec>, revision: &str, ordinal: i64) -> Object {
        let mut object = from_template(template, self.object);
        let name = self.pod_name(ordinal);
        self.identify(&mut object, &name);
        let labels = object.meta_mut().labels.get_or_insert_default();
        labels.insert(REVISION.to_owned(), revision.to_owned());
        object.meta_mut().name = Some(name.clone());
        if let Some(pod) = object.get_mut::<Pod>() {
            let spec = Rc::make_mut(&mut pod.spec);
            spec.hostname = Some(name);
            spec.subdomain = Some(self.tree.text("spec.serviceName").to_owned()).filter(|name| !name.is_empty());
            spec.volumes = Some(self.volumes(ordinal, spec.volumes.take().unwrap_or_default()))
                .filter(|volumes| !volumes.is_empty());
        }
        object
    }

    /// The volumes of its claims, and those of the template that do not have the same names (upstream:
    /// `updateStorage`).
    fn volumes(&self, ordinal: i64, of_template: Vec<Volume>) -> Vec<Volume> {
        let volume = |(name, _): (&str, &Value)| Volume {
            name: name.to_owned(),
            persistent_volume_claim: Some(PersistentVolumeClaimVolumeSource {
                claim_name: self.claim_name(name, ordinal),
                read_only: None,
            }),
            ..Volume::default()
        };
        let claimed: Vec<Volume> = self.claim_templates().map(volume).collect();
        let others = of_template.into_iter().filter(|other| claimed.iter().all(|own| own.name != other.name));
        let others: Vec<Volume> = others.collect();
        claimed.into_iter().chain(others).collect()
    }

    /// Whether a pod has the label that names it (upstream: `identityMatches`).
    #[must_use]
    pub fn is_identified(&self, pod: &Object) -> bool {
        labels(pod.meta()).get(POD_NAME).is_some_and(|name| name == pod.name())
    }

    /// Gives a pod that label, and the one with its ordinal (upstream: `updateIdentity`).
    pub fn identify(&self, pod: &mut Object, name: &str) {
        let labels = pod.meta_mut().labels.get_or_insert_default();
        labels.insert(POD_NAME.to_owned(), name.to_owned());
        labels.extend(ordinal(self.object.name(), name).map(|n| (POD_INDEX.to_owned(), n.to_string())));
    }

    /// Whether a pod is running and ready (upstream: `isRunningAndReady`).
    #[must_use]
    pub fn is_ready(&self, pod: &Object) -> bool {
        pod.get::<Pod>().is_some_and(|pod| pod.phase() == "Running" && pod.is_ready())
    }

    /// … and has been so for long enough (upstream: `isRunningAndAvailable`).
    #[must_use]
    pub fn is_available(&self, pod: &Object, now: Time) -> bool {
        let since = |pod: &Pod| until_available(pod, self.min_ready, now).is_some_and(|left| left.is_zero());
        self.is_ready(pod) && pod.get().is_some_and(since)
    }
}

/// The revision that a pod was made from.
#[must_use]
pub fn revision(pod: &Object) -> &str {
    labels(pod.meta()).get(REVISION).map_or("", String::as_str)
}

/// The ordinal in the name of a pod of the set `parent`; `None`: it is not one of its pods (upstream:
/// `getParentNameAndOrdinal`).
#[must_use]
pub fn ordinal(parent: &str, pod: &str) -> Option<i64> {
    let (name, number) = pod.rsplit_once('-')?;
    let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    (digits && name == parent).then(|| number.parse::<i32>().ok().map(i64::from))?
}

/// A pod template from its JSON form.
#[must_use]
pub fn template(value: &Value) -> Option<PodTemplateSpec> {
    json::decode_part(value).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ordinal_is_the_last_number_of_the_name() {
        assert_eq!(ordinal("db", "db-10"), Some(10));
        assert_eq!(ordinal("db-1", "db-1-0"), Some(0));
        assert_eq!(ordinal("db", "db-1-0"), None);
        assert_eq!(ordinal("db", "db-x"), None);
        assert_eq!(ordinal("db", "db-99999999999"), None);
    }
}
