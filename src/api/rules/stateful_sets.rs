//! `StatefulSet`.
//!
//! Upstream: `pkg/apis/apps/v1/defaults.go`, `pkg/apis/apps/validation/validation.go`, and the strategy in
//! `pkg/registry/apps/statefulset`.

use super::{default_field, field, items_mut, selector, shown_struct};
use crate::api::check::{self, Errors};
use crate::api::document::Document;
use crate::api::kinds::persistent_volume_claim;
use crate::api::object::Object;
use crate::api::pod::template;
use crate::api::selector::Selector;
use crate::api::status::FieldError;
use crate::api::tree::At;
use crate::api::{count, names};
use k8s_openapi::api::core::v1::{PersistentVolumeClaimVolumeSource, PodTemplateSpec, Volume};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use serde_json::{Value, json};

/// Numbers that must not be negative, by name.
pub(super) fn not_negative(out: &mut Errors, of: &At, names: &[&str]) {
    for name in names {
        let at = of.field(name);
        check::not_negative(out, &at.path, at.number());
    }
}

/// The defaults of a `StatefulSet` (`SetDefaults_StatefulSet`) and of its templates of claims.
pub fn default_stateful_set(set: &mut Document) {
    template::default_in(set, "spec.template");
    set.set_default("spec.serviceName", "".into());
    set.set_default("spec.podManagementPolicy", "OrderedReady".into());
    if set.text("spec.updateStrategy.type").is_empty() {
        set.set("spec.updateStrategy.type", "RollingUpdate".into());
        set.set_default("spec.updateStrategy.rollingUpdate", json!({}));
    }
    let rolls = set.text("spec.updateStrategy.type") == "RollingUpdate";
    if rolls && set.at("spec.updateStrategy.rollingUpdate").is_some() {
        set.set_default("spec.updateStrategy.rollingUpdate.partition", 0.into());
    }
    for moment in ["whenDeleted", "whenScaled"] {
        set.set_default(&format!("spec.persistentVolumeClaimRetentionPolicy.{moment}"), "Retain".into());
    }
    set.set_default("spec.replicas", 1.into());
    set.set_default("spec.revisionHistoryLimit", 10.into());
    let Some(spec) = set.field_mut("spec") else { return };
    for claim in items_mut(spec, "volumeClaimTemplates") {
        default_field(claim, "kind", "PersistentVolumeClaim");
        default_field(claim, "apiVersion", "v1");
        for part in ["metadata", "spec", "status"] {
            default_field(claim, part, json!({}));
        }
        default_field(&mut claim["spec"], "volumeMode", "Filesystem");
        default_field(&mut claim["status"], "phase", "Pending");
    }
}

/// `maxUnavailable` is behind a feature gate that is off: it is dropped unless it was there before
/// (`dropStatefulSetDisabledFields`).
pub fn drop_unavailable(new: &mut Object, old: Option<&Object>) {
    const PATH: &str = "spec.updateStrategy.rollingUpdate.maxUnavailable";
    if old.and_then(Object::document).is_some_and(|old| old.at(PATH).is_some()) {
        return;
    }
    let spec = new.document_mut().and_then(|set| set.field_mut("spec"));
    let rolling = spec.and_then(|spec| spec.pointer_mut("/updateStrategy/rollingUpdate")?.as_object_mut());
    if let Some(rolling) = rolling {
        rolling.remove("maxUnavailable");
    }
}

/// What an update of a `StatefulSet` does not look at again.
#[derive(Clone, Copy, Default)]
struct Tolerance {
    service_name: bool,
    templates: bool,
}

/// All errors of a `StatefulSet` (`ValidateStatefulSet`).
#[must_use]
pub fn validate_stateful_set(object: &Object) -> Errors {
    stateful_set(object, Tolerance::default())
}

fn stateful_set(object: &Object, tolerance: Tolerance) -> Errors {
    let mut out = Vec::new();
    let spec = field(object, "spec");
    let policy = spec.field("podManagementPolicy");
    if !matches!(policy.text(), "OrderedReady" | "Parallel") {
        out.push(policy.invalid("must be 'OrderedReady' or 'Parallel'"));
    }
    stateful_strategy(&mut out, &spec.field("updateStrategy"));
    let retention = spec.field("persistentVolumeClaimRetentionPolicy");
    for moment in ["whenDeleted", "whenScaled"] {
        let at = retention.field(moment);
        if at.given() && !matches!(at.text(), "Retain" | "Delete") {
            out.push(at.not_supported(&["Delete", "Retain"]));
        }
    }
    not_negative(&mut out, &spec, &["replicas", "minReadySeconds", "ordinals.start"]);
    let service = spec.field("serviceName");
    if !service.is_empty() && !tolerance.service_name {
        service.complain(&mut out, names::dns1123_label(service.text()));
    }
    let at = spec.field("selector");
    let found: Option<LabelSelector> = at.part();
    match &found {
        None => out.push(at.required("")),
        Some(found) => {
            selector(&mut out, &at);
            if template::is_empty(found) {
                let detail = "empty selector is invalid for statefulset";
                out.push(check::invalid_as(&at.path, check::shown_selector(found), detail));
            }
        }
    }
    let template = spec.field("template");
    let mut pods: PodTemplateSpec = template.part().unwrap_or_default();
    match Selector::from_object(found.as_ref()) {
        Err(_) => {
            out.push(check::invalid_as(&at.path, found.as_ref().map(check::shown_selector).unwrap_or_default(), ""));
        }
        Ok(_) if tolerance.templates => {}
        Ok(found) => {
            add_claims(&mut pods, &spec.field("volumeClaimTemplates"));
            template::matching(&mut out, &template.path, &found, Some(&pods), "StatefulSet");
        }
    }
    if !tolerance.templates {
        claims(&mut out, &spec.field("volumeClaimTemplates"));
    }
    out
}

/// The volumes that the pods will have: claims made for them take the place of volumes of the same name.
fn add_claims(pods: &mut PodTemplateSpec, claims: &At) {
    let volumes = pods.spec.get_or_insert_default().volumes.get_or_insert_default();
    for claim in claims.items() {
        let name = claim.field("metadata.name").text().to_owned();
        let source = PersistentVolumeClaimVolumeSource { claim_name: name.clone(), ..Default::default() };
        let volume = Volume { name, persistent_volume_claim: Some(source), ..Volume::default() };
        match volumes.iter_mut().find(|known| known.name == volume.name) {
            Some(known) => *known = volume,
            None => volumes.push(volume),
        }
    }
}

/// The claims' specs, each with its place before its errors.
fn claims(out: &mut Errors, claims: &At) {
    for claim in claims.items() {
        let kind = &persistent_volume_claim::KIND;
        let Ok(object) = (kind.decode)(claim.value.clone()) else { continue };
        out.extend(
            (kind.validate)(&object)
                .into_iter()
                .map(|error| FieldError { field: format!("{}.{}", claim.path, error.field), ..error }),
        );
    }
}

fn stateful_strategy(out: &mut Errors, at: &At) {
    let rolling = at.field("rollingUpdate");
    match at.field("type").text() {
        "" => out.push(at.required("")),
        "OnDelete" if rolling.given() => {
            let shown = shown_struct(
                rolling.value,
                &[("partition", "Partition", "0"), ("maxUnavailable", "MaxUnavailable", "null")],
            );
            out.push(check::invalid_as(&rolling.path, shown, "only allowed for updateStrategy 'RollingUpdate'"));
        }
        "OnDelete" => {}
        "RollingUpdate" => {
            not_negative(out, &rolling, &["partition"]);
            let unavailable = rolling.field("maxUnavailable");
            if unavailable.given() {
                count::check(out, &unavailable.path, unavailable.value);
                if count::number(unavailable.value) == 0 {
                    out.push(unavailable.invalid("cannot be 0"));
                }
                count::at_most_all(out, &unavailable.path, unavailable.value);
            }
        }
        _ => out.push(check::invalid_as(&at.path, shown_strategy(at), "must be 'RollingUpdate' or 'OnDelete'")),
    }
}

/// A strategy as Go prints it, whose types have no JSON names.
pub(super) fn shown_strategy(at: &At) -> String {
    let rolling = at.field("rollingUpdate");
    let fields: &[_] =
        &[("partition", "Partition", "0"), ("maxUnavailable", "MaxUnavailable", "null"), ("maxSurge", "MaxSurge", "0")];
    let inner = if !rolling.given() {
        "null".to_owned()
    } else if rolling.field("partition").given() {
        shown_struct(rolling.value, &fields[..2])
    } else {
        shown_struct(rolling.value, &fields[1..])
    };
    format!("{{\"Type\":{},\"RollingUpdate\":{inner}}}", json!(at.field("type").text()))
}

const MAY_CHANGE: [&str; 7] = [
    "replicas",
    "ordinals",
    "template",
    "updateStrategy",
    "revisionHistoryLimit",
    "persistentVolumeClaimRetentionPolicy",
    "minReadySeconds",
];

/// All errors of an update of a `StatefulSet` (`ValidateStatefulSetUpdate`).
#[must_use]
pub fn update_stateful_set(new: &Object, old: &Object) -> Errors {
    let (spec, before) = (field(new, "spec"), field(old, "spec"));
    if spec.value == before.value {
        return stateful_status(new, old);
    }
    let old_is_wrong = !stateful_set(old, Tolerance { service_name: true, templates: false }).is_empty();
    let mut out = stateful_set(new, Tolerance { service_name: true, templates: old_is_wrong });
    let without = |value: &Value| {
        let mut fields = value.as_object().cloned().unwrap_or_default();
        fields.retain(|name, _| !MAY_CHANGE.contains(&name.as_str()));
        fields
    };
    if without(spec.value) != without(before.value) {
        let detail = "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', \
                      'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and \
                      'minReadySeconds' are forbidden";
        out.push(spec.forbidden(detail));
    }
    out
}

/// Upstream: `ValidateStatefulSetStatusUpdate`.
fn stateful_status(new: &Object, old: &Object) -> Errors {
    let mut out = Vec::new();
    let status = field(new, "status");
    let counts = ["readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas"];
    not_negative(&mut out, &status, &["replicas"]);
    not_negative(&mut out, &status, &counts);
    not_negative(&mut out, &status, &["observedGeneration", "collisionCount"]);
    let all = status.field("replicas").number();
    for name in counts {
        let at = status.field(name);
        if at.number() > all {
            out.push(FieldError::invalid(at.path, at.number(), "cannot be greater than status.replicas"));
        }
    }
    let (available, ready) = (status.field("availableReplicas"), status.field("readyReplicas"));
    if available.number() > ready.number() {
        let detail = "cannot be greater than status.readyReplicas";
        out.push(FieldError::invalid(available.path, available.number(), detail));
    }
    collisions(&mut out, &status, old);
    out
}

/// How often a name was taken is never forgotten.
pub(super) fn collisions(out: &mut Errors, status: &At, old: &Object) {
    let (after, before) = (status.field("collisionCount"), field(old, "status"));
    if after.number() < before.field("collisionCount").number() {
        out.push(FieldError::invalid(after.path, after.number(), "cannot be decremented"));
    }
}

/// What the server warns of when a `StatefulSet` is made.
#[must_use]
pub fn warn_stateful_set(object: &Object) -> Vec<String> {
    let pods = template::read(object, "spec.template");
    let mut out = template::warnings(object.name(), Some(&pods));
    let spec = field(object, "spec");
    for claim in spec.field("volumeClaimTemplates").items() {
        out.extend(persistent_volume_claim::fractions(&claim.field("spec"), &claim.path));
    }
    if spec.field("revisionHistoryLimit").number() < 0 {
        let text = "a negative value retains all historical revisions; a value >= 0 is recommended";
        out.push(format!("spec.revisionHistoryLimit: {text}"));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::kinds::stateful_set::KIND;

    fn set(change: impl FnOnce(&mut Value)) -> Object {
        let mut value = json!({"metadata": {"name": "s", "namespace": "n"}, "spec": {"serviceName": "s",
            "selector": {"matchLabels": {"a": "b"}}, "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec":
                {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}],
            "template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i",
                "volumeMounts": [{"name": "data", "mountPath": "/d"}]}]}}}});
        change(&mut value["spec"]);
        let mut object = (KIND.decode)(value).expect("a set");
        (KIND.default)(&mut object);
        object
    }

    fn said(errors: &[FieldError]) -> Vec<String> {
        errors.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_set_gets_its_defaults_and_is_possible() {
        let object = set(|_| {});
        assert!(validate_stateful_set(&object).is_empty(), "{:?}", said(&validate_stateful_set(&object)));
        let spec = field(&object, "spec");
        let claim = spec.field("volumeClaimTemplates").items().next().map(|claim| claim.value.clone());
        assert_eq!(claim.expect("a claim")["status"], json!({"phase": "Pending"}));
        assert_eq!(
            spec.field("updateStrategy").value,
            &json!({"type": "RollingUpdate", "rollingUpdate": {"partition": 0}})
        );
    }

    #[test]
    fn all_errors_come_at_once() {
        let object = set(|spec| {
            spec["podManagementPolicy"] = "X".into();
            spec["updateStrategy"] = json!({"type": "OnDelete", "rollingUpdate": {"partition": 1}});
            spec["persistentVolumeClaimRetentionPolicy"] = json!({"whenScaled": "Never"});
            spec["replicas"] = (-1).into();
            spec["serviceName"] = "A.b".into();
            spec["selector"]["matchLabels"] = json!({"a": "c"});
            spec["template"]["spec"]["restartPolicy"] = "Never".into();
            spec["volumeClaimTemplates"][0]["spec"]["accessModes"] = json!([]);
        });
        let found = said(&validate_stateful_set(&object));
        let expected = [
            "spec.podManagementPolicy: Invalid value: \"X\": must be 'OrderedReady' or 'Parallel'",
            "spec.updateStrategy.rollingUpdate: Invalid value: {\"Partition\":1,\"MaxUnavailable\":null}: only allowed for \
             updateStrategy 'RollingUpdate'",
            "spec.persistentVolumeClaimRetentionPolicy.whenScaled: Unsupported value: \"Never\": supported values: \
             \"Delete\", \"Retain\"",
            "spec.replicas: Invalid value: -1: must be greater than or equal to 0",
        ];
        assert_eq!(found[..4], expected);
        assert!(found[4].starts_with("spec.serviceName: Invalid value: \"A.b\": a lowercase RFC 1123 label"));
        let expected = [
            "spec.template.metadata.labels: Invalid value: {\"a\":\"b\"}: `selector` does not match template `labels`",
            "spec.template.spec.restartPolicy: Unsupported value: \"Never\": supported values: \"Always\"",
            "spec.volumeClaimTemplates[0].spec.accessModes: Required value: at least 1 access mode is required",
        ];
        assert_eq!(found[5..], expected);
    }

    #[test]
    fn what_may_change_is_listed() {
        let (old, new) = (set(|_| {}), set(|spec| spec["replicas"] = 3.into()));
        assert!(update_stateful_set(&new, &old).is_empty());
        let new = set(|spec| spec["serviceName"] = "t".into());
        assert!(said(&update_stateful_set(&new, &old))[0].starts_with("spec: Forbidden: updates to statefulset spec"));
    }
}
