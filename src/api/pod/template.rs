//! What the workloads that contain a pod template have in common.
//!
//! Upstream: `pkg/apis/apps/validation/validation.go` (`ValidatePodTemplateSpecForReplicaSet`) and the twin for
//! replication controllers in `pkg/apis/core/validation/validation.go`.

use super::super::check::{self, Errors};
use super::super::document::Document;
use super::super::kinds::serialize;
use super::super::names;
use super::super::object::Object;
use super::super::path::Path;
use super::super::selector::Selector;
use super::super::status::FieldError;
use super::{defaults, validation, warnings};
use k8s_openapi::api::core::v1::{PodSpec, PodTemplateSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};

/// Replicas, selector and template of a `ReplicaSet` or Deployment; `path` is that of the spec.
/// `None` as selector: none was given.
pub fn selected(out: &mut Errors, path: &Path, selector: Option<&LabelSelector>, template: Option<&PodTemplateSpec>) {
    let selector_path = path.field("selector");
    check::label_selector(out, &selector_path, selector);
    match selector {
        None => out.push(FieldError::required(selector_path, "")),
        Some(selector) if is_empty(selector) => {
            let detail = "empty selector is invalid for deployment";
            out.push(check::invalid_as(&selector_path, check::shown_selector(selector), detail));
        }
        Some(_) => {}
    }
    if let Ok(found) = Selector::from_object(selector) {
        matching(out, &path.field("template"), &found, template, "ReplicaSet");
    } else {
        let shown = selector.map_or_else(|| "null".to_owned(), check::shown_selector);
        out.push(check::invalid_as(&selector_path, shown, "invalid label selector"));
    }
}

/// Whether the selector has no condition.
#[must_use]
pub fn is_empty(selector: &LabelSelector) -> bool {
    selector.match_labels.iter().flatten().next().is_none()
        && selector.match_expressions.iter().flatten().next().is_none()
}

/// A template that the selector must select, of pods that run for ever. `owner` is named in one of the errors.
pub fn matching(out: &mut Errors, path: &Path, selector: &Selector, template: Option<&PodTemplateSpec>, owner: &str) {
    let Some(template) = template else {
        out.push(FieldError::required(path, ""));
        return;
    };
    let labels = template.metadata.as_ref().and_then(|metadata| metadata.labels.as_ref());
    if !selector.is_everything() && !selector.matches(labels.unwrap_or(&std::collections::BTreeMap::new())) {
        let shown = check::shown_labels(labels).to_string();
        let detail = "`selector` does not match template `labels`";
        out.push(check::invalid_as(&path.field("metadata.labels"), shown, detail));
    }
    validation::template(out, path, template);
    let spec = template.spec.as_ref();
    let policy = spec.and_then(|spec| spec.restart_policy.as_deref()).unwrap_or_default();
    if policy != "Always" {
        out.push(FieldError::not_supported(path.field("spec.restartPolicy"), policy, &["Always"]));
    }
    if spec.is_some_and(|spec| spec.active_deadline_seconds.is_some()) {
        let detail = format!("activeDeadlineSeconds in {owner} is not Supported");
        out.push(FieldError::forbidden(path.field("spec.activeDeadlineSeconds"), detail));
    }
}

/// What the server warns of when a workload is created (upstream: the strategies' `WarningsOnCreate`).
#[must_use]
pub fn warnings(name: &str, template: Option<&PodTemplateSpec>) -> Vec<String> {
    let mut texts = Vec::new();
    let complaints = names::dns1123_label(name);
    if !complaints.is_empty() {
        texts.push(format!(
            "metadata.name: this is used in Pod names and hostnames, which can result in surprising behavior; a DNS \
             label is recommended: [{}]",
            complaints.join(" ")
        ));
    }
    if let Some(template) = template {
        let (no_metadata, no_spec) = (ObjectMeta::default(), PodSpec::default());
        let metadata = template.metadata.as_ref().unwrap_or(&no_metadata);
        let spec = template.spec.as_ref().unwrap_or(&no_spec);
        texts.extend(warnings::of_template(&Path::new("spec.template"), metadata, spec));
    }
    texts
}

/// Completes the template at a path of an object that is kept as a tree.
pub fn default_in(document: &mut Document, path: &str) {
    let mut template: PodTemplateSpec = document.part(path).unwrap_or_default();
    template.metadata.get_or_insert_default();
    defaults::spec(template.spec.get_or_insert_default());
    document.set(path, serialize(&template));
}

/// The template at a path of an object that is kept as a tree.
#[must_use]
pub fn read(object: &Object, path: &str) -> PodTemplateSpec {
    object.document().and_then(|document| document.part(path)).unwrap_or_default()
}

/// What the server warns of in a template, at a path of an object that is kept as a tree.
#[must_use]
pub fn warnings_in(object: &Object, path: &str) -> Vec<String> {
    let PodTemplateSpec { metadata, spec } = read(object, path);
    warnings::of_template(&Path::new(path), &metadata.unwrap_or_default(), &spec.unwrap_or_default())
}
