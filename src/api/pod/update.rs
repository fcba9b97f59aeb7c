//! What may change in a pod (upstream: `ValidatePodUpdate`, `ValidatePodStatusUpdate`): hardly anything in its spec,
//! and in its status nothing that would undo what has happened.

use super::super::check::Errors;
use super::super::names;
use super::super::path::Path;
use super::super::status::FieldError;
use super::go_struct;
use super::validation::{self, annotations, container, scheduling};
use crate::api::check;
use crate::api::kinds::pod::Pod;
use crate::api::kinds::serialize;
use crate::api::object::Typed;
use k8s_openapi::api::core::v1::{
    Affinity, Container, ContainerStatus, NodeAffinity, NodeSelectorTerm, PodSpec, Toleration,
};
use std::collections::BTreeMap;

const SPEC: Path = Path::new("spec");

/// All errors of an update: of the spec, if it has changed, and of the status.
#[must_use]
pub fn validate(new: &Pod, old: &Pod) -> Errors {
    // What has not changed was found possible when it was stored. Status updates share the spec, so this costs nothing.
    let same_annotations = new.metadata.annotations == old.metadata.annotations;
    let mut out = if same_annotations && new.has_spec_of(old) { Vec::new() } else { spec(new, old) };
    status(&mut out, new, old);
    out
}

/// All errors of an update by the subresource `ephemeralcontainers` (`ValidatePodEphemeralContainersUpdate`): they may only
/// be added.
#[must_use]
pub fn ephemeral(new: &Pod, old: &Pod) -> Errors {
    if old.metadata.annotations.as_ref().is_some_and(|all| all.contains_key(annotations::MIRROR)) {
        return vec![FieldError::forbidden("[]", "static pods do not support ephemeral containers")];
    }
    let mut out = validation::metadata_and_spec(new);
    changed_annotations(&mut out, new, old);
    let after = new.spec.ephemeral_containers.as_deref().unwrap_or_default();
    for before in old.spec.ephemeral_containers.iter().flatten() {
        let name = &before.name;
        let what = match after.iter().find(|container| container.name == *name) {
            Some(same) if same == before => continue,
            Some(other) => {
                let difference = go_struct::difference("EphemeralContainer", &serialize(before), &serialize(other));
                format!("changed\n{difference}")
            }
            None => "removed\n".to_owned(),
        };
        let text = format!("existing ephemeral containers \"{name}\" may not be {what}");
        out.push(FieldError::forbidden(SPEC.field("ephemeralContainers"), text));
    }
    out
}

fn spec(new: &Pod, old: &Pod) -> Errors {
    let mut out = validation::metadata_and_spec(new);
    changed_annotations(&mut out, new, old);
    let empty: &[Container] = &[];
    let init = |pod: &Pod| -> Vec<Container> { pod.spec.init_containers.as_deref().unwrap_or(empty).to_vec() };
    let lists = [
        ("containers", new.spec.containers.clone(), old.spec.containers.len()),
        ("initContainers", init(new), init(old).len()),
    ];
    for (field, containers, before) in lists {
        let path = SPEC.field(field);
        if containers.len() != before {
            out.push(FieldError::forbidden(path, "pod updates may not add or remove containers"));
            return out;
        }
        for (index, found) in containers.iter().enumerate() {
            let path = path.index(index);
            check::required(&mut out, &path.field("image"), found.image.as_deref().unwrap_or_default());
            container::trimmed_image(&mut out, &path, found.image.as_deref());
        }
    }
    if !active_deadline(&mut out, new, old) {
        return out;
    }
    only_added_tolerations(&mut out, new, old);
    only_deleted_gates(&mut out, new, old);
    if new.has_spec_of(old) {
        return out;
    }
    let mut munged = (*new.spec).clone();
    forgive(&mut out, &mut munged, &old.spec);
    if munged != *old.spec || new.node_name != old.node_name || new.token_suffix != old.token_suffix {
        let munged = Pod { spec: munged.into(), ..new.clone() };
        let text = go_struct::difference("PodSpec", &old.to_value()["spec"], &munged.to_value()["spec"]);
        out.push(FieldError::forbidden("spec", format!("{REFUSAL}\n{text}")));
    }
    out
}

/// The refusal of any other change.
pub const REFUSAL: &str = "pod updates may not change fields other than `spec.containers[*].image`,\
                           `spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only \
                           additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set \
                           to 1 if it was previously negative)";

/// Upstream: `ValidatePodSpecificAnnotationUpdates`.
fn changed_annotations(out: &mut Errors, new: &Pod, old: &Pod) {
    let path = Path::new("metadata.annotations");
    let none = BTreeMap::new();
    let after = new.metadata.annotations.as_ref().unwrap_or(&none);
    let before = old.metadata.annotations.as_ref().unwrap_or(&none);
    let mut refuse = |key: &str, what: &str| {
        if key.starts_with(annotations::APP_ARMOR) {
            out.push(FieldError::forbidden(path.key(key), format!("may not {what} AppArmor annotations")));
        }
        if key == annotations::MIRROR {
            out.push(FieldError::forbidden(path.key(key), format!("may not {what} mirror pod annotation")));
        }
    };
    for (key, value) in before {
        if after.get(key) != Some(value) {
            refuse(key, "remove or update");
        }
    }
    for key in after.keys().filter(|key| !before.contains_key(*key)) {
        refuse(key, "add");
    }
}

/// From nothing to a number, or to a smaller number. `false`: upstream stops here.
fn active_deadline(out: &mut Errors, new: &Pod, old: &Pod) -> bool {
    const MAX: i64 = i32::MAX as i64;
    let path = SPEC.field("activeDeadlineSeconds");
    match (new.spec.active_deadline_seconds, old.spec.active_deadline_seconds) {
        (Some(new), _) if !(0..=MAX).contains(&new) => {
            out.push(FieldError::invalid(path, new, names::out_of_range(0, MAX)));
            false
        }
        (Some(new), Some(old)) if old < new => {
            out.push(FieldError::invalid(path, new, "must be less than or equal to previous value"));
            false
        }
        (None, Some(_)) => {
            let detail = "must not update from a positive integer to nil value";
            out.push(check::invalid_as(&path, "null".to_owned(), detail));
            true
        }
        _ => true,
    }
}

/// Upstream: `validateOnlyAddedTolerations`.
fn only_added_tolerations(out: &mut Errors, new: &Pod, old: &Pod) {
    let path = SPEC.field("tolerations");
    let after = new.spec.tolerations.as_deref().unwrap_or_default();
    let before = old.spec.tolerations.as_deref().unwrap_or_default();
    let timeless = |toleration: &Toleration| Toleration { toleration_seconds: None, ..toleration.clone() };
    let kept = |toleration: &Toleration| after.iter().any(|found| timeless(found) == timeless(toleration));
    if after == before {
        return;
    }
    if before.iter().all(kept) {
        scheduling::tolerations(out, &path, after);
    } else {
        let detail = "existing toleration can not be modified except its tolerationSeconds";
        out.push(FieldError::forbidden(path, detail));
    }
}

/// Upstream: `validateOnlyDeletedSchedulingGates`.
fn only_deleted_gates(out: &mut Errors, new: &Pod, old: &Pod) {
    let before = old.spec.scheduling_gates.as_deref().unwrap_or_default();
    let path = SPEC.field("schedulingGates");
    for (index, gate) in new.spec.scheduling_gates.iter().flatten().enumerate() {
        if !before.contains(gate) {
            let path = path.index(index);
            let detail = format!("only deletion is allowed, but found new scheduling gate '{}'", gate.name);
            out.push(FieldError::forbidden(path.field("name"), detail));
        }
    }
}

/// Puts back what may be changed, after checking how it was changed.
fn forgive(out: &mut Errors, munged: &mut PodSpec, old: &PodSpec) {
    for (container, before) in munged.containers.iter_mut().zip(&old.containers) {
        container.image.clone_from(&before.image);
    }
    let init = munged.init_containers.iter_mut().flatten();
    for (container, before) in init.zip(old.init_containers.iter().flatten()) {
        container.image.clone_from(&before.image);
    }
    munged.active_deadline_seconds = old.active_deadline_seconds;
    munged.scheduling_gates.clone_from(&old.scheduling_gates);
    munged.tolerations.clone_from(&old.tolerations);
    let gated = old.scheduling_gates.as_ref().is_some_and(|gates| !gates.is_empty());
    if !gated {
        return;
    }
    // A pod that waits behind a gate may still be told where it may go, more narrowly.
    if munged.node_selector != old.node_selector {
        narrower_selector(out, munged, old);
        munged.node_selector.clone_from(&old.node_selector);
    }
    let nodes = |spec: &PodSpec| spec.affinity.as_ref().and_then(|affinity| affinity.node_affinity.clone());
    let (after, before) = (nodes(munged), nodes(old));
    if after != before {
        narrower_affinity(out, after.as_ref(), before.as_ref());
        let affinity = munged.affinity.get_or_insert_default();
        affinity.node_affinity = before;
        if old.affinity.is_none() && *affinity == Affinity::default() {
            munged.affinity = None;
        }
    }
}

/// Upstream: `validateNodeSelectorMutation`.
fn narrower_selector(out: &mut Errors, new: &PodSpec, old: &PodSpec) {
    let path = SPEC.field("nodeSelector");
    let none = BTreeMap::new();
    let after = new.node_selector.as_ref().unwrap_or(&none);
    if old.node_selector.iter().flatten().any(|(key, value)| after.get(key) != Some(value)) {
        let shown = check::shown_labels(new.node_selector.as_ref()).to_string();
        let detail = "only additions to spec.nodeSelector are allowed (no mutations or deletions)";
        out.push(check::invalid_as(&path, shown, detail));
    }
}

/// Upstream: `validateNodeAffinityMutation`: required terms may only get more requirements.
fn narrower_affinity(out: &mut Errors, new: Option<&NodeAffinity>, old: Option<&NodeAffinity>) {
    const PATH: &str = "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms";
    let terms = |affinity: Option<&NodeAffinity>| -> Vec<NodeSelectorTerm> {
        let selector =
            affinity.and_then(|affinity| affinity.required_during_scheduling_ignored_during_execution.as_ref());
        selector.map(|selector| selector.node_selector_terms.clone()).unwrap_or_default()
    };
    let (after, before) = (terms(new), terms(old));
    if before.is_empty() {
        return;
    }
    let path = Path::new(PATH);
    if after.len() != before.len() {
        let shown = after.iter().map(shown_term).collect::<Vec<_>>().join(",");
        out.push(check::invalid_as(
            &path,
            if after.is_empty() { "null".to_owned() } else { format!("[{shown}]") },
            "no additions/deletions to non-empty NodeSelectorTerms list are allowed",
        ));
        return;
    }
    for (index, (after, before)) in after.iter().zip(&before).enumerate() {
        let empty = |term: &NodeSelectorTerm| {
            term.match_expressions.as_ref().is_none_or(Vec::is_empty)
                && term.match_fields.as_ref().is_none_or(Vec::is_empty)
        };
        let begins = |list: fn(&NodeSelectorTerm) -> &[_]| list(after).starts_with(list(before));
        let kept = begins(|term| term.match_expressions.as_deref().unwrap_or_default())
            && begins(|term| term.match_fields.as_deref().unwrap_or_default());
        if (empty(before) && !empty(after)) || !kept {
            let detail = "only additions are allowed (no mutations or deletions)";
            out.push(check::invalid_as(&path.index(index), shown_term(after), detail));
        }
    }
}

fn shown_term(term: &NodeSelectorTerm) -> String {
    go_struct::shown(&serialize(term), "NodeSelectorTerm")
}

/// Upstream: `ValidatePodStatusUpdate`.
fn status(out: &mut Errors, new: &Pod, old: &Pod) {
    const PATH: Path = Path::new("status");
    if new.status.conditions != old.status.conditions {
        let path = PATH.field("conditions");
        for (index, condition) in new.status.conditions.iter().flatten().enumerate() {
            let kind = condition.type_.as_str();
            if !matches!(kind, "PodScheduled" | "Ready" | "Initialized") {
                let path = path.index(index);
                check::complain(out, &path.field("Type"), kind, names::qualified_name(kind));
            }
        }
    }
    let (after, before) = (new.status.nominated_node_name.as_deref(), old.status.nominated_node_name.as_deref());
    if let Some(name) = after.filter(|name| after != before && !name.is_empty()) {
        let path = PATH.field("nominatedNodeName");
        check::complain(out, &path, name, names::dns1123_subdomain(name));
        if old.node_name.is_some() {
            out.push(FieldError::forbidden(path, "may not be set on pods that are already bound to a node"));
        }
    }
    let class = |pod: &Pod| pod.status.qos_class.clone().unwrap_or_default();
    check::immutable(out, &PATH.field("qosClass"), class(new) == class(old), || format!("{:?}", class(new)));
    let containers = [new.status.container_statuses.as_deref(), old.status.container_statuses.as_deref()];
    no_resurrection(out, &PATH.field("containerStatuses"), containers, &old.spec, &old.spec.containers);
    let containers = [new.status.init_container_statuses.as_deref(), old.status.init_container_statuses.as_deref()];
    let init = old.spec.init_containers.as_deref().unwrap_or_default();
    no_resurrection(out, &PATH.field("initContainerStatuses"), containers, &old.spec, init);
}

/// What has ended for good does not run again (`ValidateContainerStateTransition` and its twin for init containers).
fn no_resurrection(
    out: &mut Errors,
    path: &Path,
    [new, old]: [Option<&[ContainerStatus]>; 2],
    spec: &PodSpec,
    containers: &[Container],
) {
    let ended = |status: &ContainerStatus| {
        status.state.as_ref().and_then(|state| state.terminated.as_ref()).map(|terminated| terminated.exit_code)
    };
    for (index, status) in old.into_iter().flatten().enumerate() {
        let Some(code) = ended(status) else { continue };
        let now = new.into_iter().flatten().find(|found| found.name == status.name);
        let container = containers.iter().find(|container| container.name == status.name);
        let may_restart = container.is_some_and(|container| restarts(container, spec, code));
        if now.is_some_and(|now| ended(now).is_none()) && !may_restart {
            let path = path.index(index);
            out.push(FieldError::forbidden(path.field("state"), "may not be transitioned to non-terminated state"));
        }
    }
}

/// Upstream: `podutil.ContainerShouldRestart`.
fn restarts(container: &Container, spec: &PodSpec, code: i32) -> bool {
    for rule in container.restart_policy_rules.iter().flatten() {
        let Some(codes) = &rule.exit_codes else { continue };
        let listed = codes.values.as_ref().is_some_and(|values| values.contains(&code));
        if listed == (codes.operator == "In") {
            return true;
        }
    }
    match container.restart_policy.as_deref().or(spec.restart_policy.as_deref()) {
        Some("Never") => false,
        Some("OnFailure") => code != 0,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::kinds::pod::KIND;
    use serde_json::{Value, json};

    fn pod(spec: &Value, status: &Value) -> Pod {
        let document = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "a"},
            "spec": spec, "status": status});
        let mut object = (KIND.decode)(document).expect("a pod");
        (KIND.default)(&mut object);
        object.get::<Pod>().cloned().expect("a pod")
    }

    fn texts(new: &Pod, old: &Pod) -> Vec<String> {
        validate(new, old).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_image_may_change_and_little_else() {
        let of = |image: &str, args: &[&str]| {
            pod(&json!({"containers": [{"name": "c", "image": image, "args": args}]}), &json!({}))
        };
        let old = of("nginx:1", &[]);
        assert_eq!(texts(&of("nginx:2", &[]), &old), Vec::<String>::new());
        let said = texts(&of("nginx:1", &["-x"]), &old).join("");
        let difference = "   \"Command\": null,\n-   \"Args\": null,\n+   \"Args\": [\n+    \"-x\"\n+   ],\n";
        assert!(said.starts_with(&format!("spec: Forbidden: {REFUSAL}\n@@ -")) && said.contains(difference), "{said}");
        // Upstream looks at the image twice, too; the message shows it once.
        let mut padded = texts(&of(" nginx:1", &[]), &old);
        padded.dedup();
        assert_eq!(padded.len(), 1);
    }

    #[test]
    fn tolerations_can_only_be_added() {
        let of = |tolerations: Value| {
            pod(&json!({"containers": [{"name": "c", "image": "i:1"}], "tolerations": tolerations}), &json!({}))
        };
        let one = json!({"key": "a", "operator": "Exists"});
        let old = of(json!([one]));
        assert_eq!(texts(&of(json!([one, {"key": "b", "operator": "Exists"}])), &old), Vec::<String>::new());
        let refused =
            "spec.tolerations: Forbidden: existing toleration can not be modified except its tolerationSeconds";
        assert_eq!(texts(&of(json!([])), &old), [refused]);
    }

    #[test]
    fn the_dead_stay_dead_unless_they_may_restart() {
        let of = |policy: &str, state: Value| {
            let spec = json!({"restartPolicy": policy, "containers": [{"name": "c", "image": "i:1"}]});
            pod(
                &spec,
                &json!({"containerStatuses": [{"name": "c", "image": "", "imageID": "", "ready": false,
                "restartCount": 0, "state": state}]}),
            )
        };
        let (dead, alive) = (json!({"terminated": {"exitCode": 1}}), json!({"running": {}}));
        let refused = "status.containerStatuses[0].state: Forbidden: may not be transitioned to non-terminated state";
        assert_eq!(texts(&of("Never", alive.clone()), &of("Never", dead.clone())), [refused]);
        assert_eq!(texts(&of("OnFailure", alive), &of("OnFailure", dead)), Vec::<String>::new());
    }

    #[test]
    fn what_concerns_the_whole_object_is_told_of_an_empty_path_in_brackets() {
        let mut mirror = pod(&json!({"containers": [{"name": "c", "image": "i:1"}]}), &json!({}));
        let mark = (annotations::MIRROR.to_owned(), "x".to_owned());
        mirror.metadata.annotations.get_or_insert_default().extend([mark]);
        let told = |errors: Errors| errors.iter().map(ToString::to_string).collect::<Vec<_>>();
        let added = ["[]: Forbidden: static pods do not support ephemeral containers"];
        assert_eq!(told(ephemeral(&mirror, &mirror)), added);
        let resized = ["[]: Forbidden: static pods cannot be resized"];
        assert_eq!(told(super::super::resize::validate(&mirror, &mirror)), resized);
    }
}
