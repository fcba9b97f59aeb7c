//! `DaemonSet` and `ControllerRevision`.
//!
//! Upstream: `pkg/apis/apps/v1/defaults.go`, `pkg/apis/apps/validation/validation.go`, and the strategies in
//! `pkg/registry/apps`.

use super::stateful_sets::{collisions, not_negative, shown_strategy};
use super::{field, selector};
use crate::api::check::{self, Errors};
use crate::api::count;
use crate::api::document::Document;
use crate::api::object::Object;
use crate::api::pod::{template, validation};
use crate::api::selector::Selector;
use crate::api::status::Fault;
use crate::api::tree::At;
use k8s_openapi::api::core::v1::PodTemplateSpec;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use serde_json::Value;

/// The defaults of a `DaemonSet` (`SetDefaults_DaemonSet`).
pub fn default_daemon_set(set: &mut Document) {
    template::default_in(set, "spec.template");
    set.set_default("spec.updateStrategy.type", "RollingUpdate".into());
    if set.text("spec.updateStrategy.type") == "RollingUpdate" {
        set.set_default("spec.updateStrategy.rollingUpdate.maxUnavailable", 1.into());
        set.set_default("spec.updateStrategy.rollingUpdate.maxSurge", 0.into());
    }
    set.set_default("spec.revisionHistoryLimit", 10.into());
}

/// The annotation in which the number of a template is kept, since `apps/v1` has no field for it.
const TEMPLATE_GENERATION: &str = "deprecated.daemonset.template.generation";

/// Numbers the templates of a `DaemonSet` (the strategy's `PrepareForCreate`, `PrepareForUpdate`).
pub fn number_template(new: &mut Object, old: Option<&Object>) {
    let before = old.map(|old| {
        let number = old.meta().annotations.as_ref().and_then(|map| map.get(TEMPLATE_GENERATION)?.parse().ok());
        (number.unwrap_or(0_i64), field(old, "spec").field("template").value.clone())
    });
    let changed = |before: &Value| field(new, "spec").field("template").value != before;
    let number = before.map_or(1, |(number, before)| number + i64::from(changed(&before)));
    let annotations = new.meta_mut().annotations.get_or_insert_default();
    annotations.insert(TEMPLATE_GENERATION.to_owned(), number.to_string());
}

/// All errors of a `DaemonSet` (`ValidateDaemonSet`).
#[must_use]
pub fn validate_daemon_set(object: &Object) -> Errors {
    let mut out = Vec::new();
    let spec = field(object, "spec");
    let at = spec.field("selector");
    selector(&mut out, &at);
    let found: Option<LabelSelector> = at.part();
    let template = spec.field("template");
    let pods: PodTemplateSpec = template.part().unwrap_or_default();
    labels_match(&mut out, &template, found.as_ref(), &pods);
    if let Some(found) = found.as_ref().filter(|found| template::is_empty(found)) {
        let detail = "empty selector is invalid for daemonset";
        out.push(check::invalid_as(&at.path, check::shown_selector(found), detail));
    }
    validation::template(&mut out, &template.path, &pods);
    let policy = template.field("spec.restartPolicy");
    if policy.text() != "Always" {
        out.push(policy.not_supported(&["Always"]));
    }
    let deadline = template.field("spec.activeDeadlineSeconds");
    if deadline.given() {
        out.push(deadline.forbidden("activeDeadlineSeconds in DaemonSet is not Supported"));
    }
    not_negative(&mut out, &spec, &["minReadySeconds"]);
    daemon_strategy(&mut out, &spec.field("updateStrategy"));
    not_negative(&mut out, &spec, &["revisionHistoryLimit"]);
    out
}

/// The selector must select the template's labels.
pub(super) fn labels_match(out: &mut Errors, template: &At, selector: Option<&LabelSelector>, pods: &PodTemplateSpec) {
    let labels = pods.metadata.as_ref().and_then(|metadata| metadata.labels.as_ref());
    let matches = |found: Selector| found.matches(labels.unwrap_or(&std::collections::BTreeMap::new()));
    if Selector::from_object(selector).is_ok_and(|found| !matches(found)) {
        let shown = check::shown_labels(labels).to_string();
        let at = template.field("metadata.labels");
        out.push(check::invalid_as(&at.path, shown, "`selector` does not match template `labels`"));
    }
}

/// Upstream: `ValidateDaemonSetUpdateStrategy`, `ValidateRollingUpdateDaemonSet`.
fn daemon_strategy(out: &mut Errors, at: &At) {
    let rolling = at.field("rollingUpdate");
    match at.field("type").text() {
        "OnDelete" => {}
        "RollingUpdate" if !rolling.given() => out.push(rolling.required("")),
        "RollingUpdate" => {
            let (unavailable, surge) = (rolling.field("maxUnavailable"), rolling.field("maxSurge"));
            for at in [&unavailable, &surge] {
                count::check(out, &at.path, at.value);
            }
            for at in [&unavailable, &surge] {
                count::at_most_all(out, &at.path, at.value);
            }
            match (count::number(unavailable.value) != 0, count::number(surge.value) != 0) {
                (true, true) => out.push(surge.invalid("may not be set when maxUnavailable is non-zero")),
                (false, false) => out.push(unavailable.required("cannot be 0 when maxSurge is 0")),
                _ => {}
            }
        }
        _ => {
            let mut error = at.not_supported(&["RollingUpdate", "OnDelete"]);
            error.fault = Fault::NotSupported(shown_strategy(at));
            out.push(error);
        }
    }
}

/// All errors of an update of a `DaemonSet`.
#[must_use]
pub fn update_daemon_set(new: &Object, old: &Object) -> Errors {
    let (spec, before) = (field(new, "spec"), field(old, "spec"));
    if spec.value == before.value {
        return daemon_status(new, old);
    }
    let mut out = validate_daemon_set(new);
    immutable_selector(&mut out, &spec, &before);
    out
}

/// A selector does not change.
pub(super) fn immutable_selector(out: &mut Errors, spec: &At, before: &At) {
    let (at, old) = (spec.field("selector"), before.field("selector"));
    let shown = || at.part().map_or_else(|| "null".to_owned(), |found: LabelSelector| check::shown_selector(&found));
    check::immutable(out, &at.path, at.value == old.value, shown);
}

/// Upstream: `ValidateDaemonSetStatusUpdate`.
fn daemon_status(new: &Object, old: &Object) -> Errors {
    let mut out = Vec::new();
    let status = field(new, "status");
    let counts = [
        "currentNumberScheduled",
        "numberMisscheduled",
        "desiredNumberScheduled",
        "numberReady",
        "observedGeneration",
        "updatedNumberScheduled",
        "numberAvailable",
        "numberUnavailable",
        "collisionCount",
    ];
    not_negative(&mut out, &status, &counts);
    collisions(&mut out, &status, old);
    out
}

/// All errors of a `ControllerRevision` (`ValidateControllerRevision`).
#[must_use]
pub fn validate_revision(object: &Object) -> Errors {
    let mut out = Vec::new();
    let (data, revision) = (field(object, "data"), field(object, "revision"));
    if !data.given() {
        out.push(data.required("data is mandatory"));
    }
    check::not_negative(&mut out, &revision.path, revision.number());
    out
}

/// All errors of an update of a `ControllerRevision`: its data is history.
#[must_use]
pub fn update_revision(new: &Object, old: &Object) -> Errors {
    let mut out = validate_revision(new);
    let (data, before) = (field(new, "data"), field(old, "data"));
    check::immutable(&mut out, &data.path, data.value == before.value, || data.value.to_string());
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::kinds::daemon_set::KIND;
    use serde_json::json;

    fn set(strategy: &Value, image: &str) -> Object {
        let value = json!({"metadata": {"name": "d", "namespace": "n"}, "spec": {"updateStrategy": strategy,
            "selector": {"matchLabels": {"a": "b"}}, "template": {"metadata": {"labels": {"a": "b"}},
                "spec": {"containers": [{"name": "c", "image": image}]}}}});
        let mut object = (KIND.decode)(value).expect("a set");
        (KIND.default)(&mut object);
        object
    }

    #[test]
    fn strategies_are_checked() {
        let said = |strategy: Value| {
            let errors = validate_daemon_set(&set(&strategy, "i"));
            errors.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert!(said(json!({})).is_empty());
        assert_eq!(
            said(json!({"type": "X"})),
            [
                r#"spec.updateStrategy: Unsupported value: {"Type":"X","RollingUpdate":null}: supported values: "RollingUpdate", "OnDelete""#
            ]
        );
        assert_eq!(
            said(json!({"rollingUpdate": {"maxSurge": 1}})),
            [
                "spec.updateStrategy.rollingUpdate.maxSurge: Invalid value: 1: may not be set when maxUnavailable is non-zero"
            ]
        );
        assert_eq!(
            said(json!({"rollingUpdate": {"maxUnavailable": "0%"}})),
            ["spec.updateStrategy.rollingUpdate.maxUnavailable: Required value: cannot be 0 when maxSurge is 0"]
        );
    }

    #[test]
    fn each_template_has_a_number() {
        let number =
            |object: &Object| object.meta().annotations.as_ref().and_then(|map| map.get(TEMPLATE_GENERATION).cloned());
        let (mut first, mut second) = (set(&json!({}), "a"), set(&json!({}), "b"));
        number_template(&mut first, None);
        assert_eq!(number(&first).as_deref(), Some("1"));
        number_template(&mut second, Some(&first));
        assert_eq!(number(&second).as_deref(), Some("2"));
        let mut third = set(&json!({"type": "OnDelete"}), "b");
        number_template(&mut third, Some(&second));
        assert_eq!(number(&third).as_deref(), Some("2"));
    }
}
