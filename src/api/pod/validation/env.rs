//! Environment variables and where their values come from.

use super::super::super::check::{self, Errors};
use super::super::super::names;
use super::super::super::path::Path;
use super::super::super::quantity::Quantity;
use super::super::super::status::FieldError;
use k8s_openapi::api::core::v1::{
    EnvFromSource, EnvVar, EnvVarSource, FileKeySelector, ObjectFieldSelector, PodSpec, ResourceFieldSelector,
};

/// Fields that a variable may show.
const FIELDS: [&str; 9] = [
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
];

/// Resources that a variable or file may show.
const RESOURCES: [&str; 6] = [
    "limits.cpu",
    "limits.ephemeral-storage",
    "limits.memory",
    "requests.cpu",
    "requests.ephemeral-storage",
    "requests.memory",
];

/// Variables (`ValidateEnv`).
pub fn variables(out: &mut Errors, path: &Path, variables: &[EnvVar]) {
    for (index, variable) in variables.iter().enumerate() {
        let path = path.index(index);
        let name = path.field("name");
        if variable.name.is_empty() {
            out.push(FieldError::required(name, ""));
        } else {
            check::complain(out, &name, &variable.name, names::environment_name(&variable.name));
        }
        if let Some(source) = &variable.value_from {
            let has_value = variable.value.as_ref().is_some_and(|value| !value.is_empty());
            value_from(out, &path.field("valueFrom"), source, has_value);
        }
    }
}

/// Upstream: `validateEnvVarValueFrom`.
fn value_from(out: &mut Errors, path: &Path, source: &EnvVarSource, has_value: bool) {
    if let Some(field) = &source.field_ref {
        field_ref(out, &path.field("fieldRef"), field, &FIELDS);
    }
    if let Some(resource) = &source.resource_field_ref {
        resource_ref(out, &path.field("resourceFieldRef"), resource, false);
    }
    if let Some(key) = &source.config_map_key_ref {
        key_ref(out, &path.field("configMapKeyRef"), &key.name, &key.key);
    }
    if let Some(key) = &source.secret_key_ref {
        key_ref(out, &path.field("secretKeyRef"), &key.name, &key.key);
    }
    if let Some(key) = &source.file_key_ref {
        file_key_ref(out, &path.field("fileKeyRef"), key);
    }
    let sources = [
        source.field_ref.is_some(),
        source.resource_field_ref.is_some(),
        source.config_map_key_ref.is_some(),
        source.secret_key_ref.is_some(),
        source.file_key_ref.is_some(),
    ];
    let complaint = match sources.iter().filter(|is_set| **is_set).count() {
        0 => "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`",
        _ if has_value => "may not be specified when `value` is not empty",
        1 => return,
        _ => "may not have more than one field specified at a time",
    };
    out.push(FieldError::invalid(path, "", complaint));
}

fn key_ref(out: &mut Errors, path: &Path, name: &str, key: &str) {
    check::complain(out, &path.field("name"), name, names::dns1123_subdomain(name));
    if key.is_empty() {
        out.push(FieldError::required(path.field("key"), ""));
    } else {
        check::complain(out, &path.field("key"), key, names::config_key(key));
    }
}

/// Upstream: `validateFileKeySelector`.
#[inline(never)]
fn file_key_ref(out: &mut Errors, path: &Path, selector: &FileKeySelector) {
    if selector.key.is_empty() {
        out.push(FieldError::required(path.field("key"), ""));
    } else {
        check::complain(out, &path.field("key"), &selector.key, names::environment_name(&selector.key));
    }
    if selector.volume_name.is_empty() {
        out.push(FieldError::required(path.field("volumeName"), ""));
    } else {
        let complaints = names::dns1123_label(&selector.volume_name);
        check::complain(out, &path.field("volumeName"), &selector.volume_name, complaints);
    }
    if selector.path.is_empty() {
        out.push(FieldError::required(path.field("path"), ""));
    } else {
        check::no_backsteps(out, &path.field("path"), &selector.path);
    }
}

/// A field of the pod (`validateObjectFieldSelector`).
pub fn field_ref(out: &mut Errors, path: &Path, selector: &ObjectFieldSelector, known: &[&str]) {
    let version = selector.api_version.as_deref().unwrap_or_default();
    if version.is_empty() {
        out.push(FieldError::required(path.field("apiVersion"), ""));
        return;
    }
    let field = selector.field_path.as_str();
    if field.is_empty() {
        out.push(FieldError::required(path.field("fieldPath"), ""));
        return;
    }
    let subscripted = subscript(field);
    let refusal = match subscripted {
        _ if version != "v1" => Some(format!("unsupported pod version: {version}")),
        Some(("metadata.annotations" | "metadata.labels", _)) => None,
        Some(_) => Some(format!("field label does not support subscript: {field}")),
        None if is_known_label(field) => None,
        None => Some(format!("field label not supported: {field}")),
    };
    if let Some(refusal) = refusal {
        let detail = format!("error converting fieldPath: {refusal}");
        out.push(FieldError::invalid(path.field("fieldPath"), field, detail));
        return;
    }
    match subscripted {
        Some(("metadata.annotations", key)) => {
            let key = key.to_ascii_lowercase();
            check::complain(out, path, &key, names::qualified_name(&key));
        }
        Some((_, key)) => check::complain(out, path, key, names::qualified_name(key)),
        None => {
            let field = if field == "spec.host" { "spec.nodeName" } else { field };
            if !known.contains(&field) {
                out.push(FieldError::not_supported(path.field("fieldPath"), field, known));
            }
        }
    }
}

/// `metadata.labels['x']` as its two parts (`SplitMaybeSubscriptedPath`).
fn subscript(field: &str) -> Option<(&str, &str)> {
    field.strip_suffix("']")?.split_once("['").filter(|(path, _)| !path.is_empty())
}

/// Upstream: `podshelper.ConvertDownwardAPIFieldLabel`.
fn is_known_label(field: &str) -> bool {
    let others = [
        "metadata.annotations",
        "metadata.labels",
        "spec.restartPolicy",
        "spec.schedulerName",
        "status.phase",
        "spec.host",
    ];
    FIELDS.contains(&field) || others.contains(&field)
}

/// A resource of a container (`validateContainerResourceFieldSelector`).
#[inline(never)]
pub fn resource_ref(out: &mut Errors, path: &Path, selector: &ResourceFieldSelector, in_volume: bool) {
    let resource = selector.resource.as_str();
    let huge = resource.starts_with("requests.hugepages-") || resource.starts_with("limits.hugepages-");
    if in_volume && selector.container_name.as_deref().unwrap_or_default().is_empty() {
        out.push(FieldError::required(path.field("containerName"), ""));
    } else if resource.is_empty() {
        out.push(FieldError::required(path.field("resource"), ""));
    } else if !RESOURCES.contains(&resource) && !huge {
        out.push(FieldError::not_supported(path.field("resource"), resource, &RESOURCES));
    }
    let divisor = selector.divisor.as_ref().and_then(|divisor| Quantity::try_from(divisor).ok());
    let Some(divisor) = divisor.filter(|divisor| !divisor.is_zero()) else { return };
    let text = divisor.to_string();
    let sizes = ["1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei"];
    let kind = match resource {
        "limits.cpu" | "requests.cpu" => {
            if !["1m", "1"].contains(&text.as_str()) {
                let detail = "only divisor's values 1m and 1 are supported with the cpu resource";
                out.push(FieldError::invalid(path.field("divisor"), resource, detail));
            }
            return;
        }
        "limits.memory" | "requests.memory" => "memory",
        "limits.ephemeral-storage" | "requests.ephemeral-storage" => "local ephemeral storage",
        _ if huge => "hugepages",
        _ => return,
    };
    if !sizes.contains(&text.as_str()) {
        let detail = format!("only divisor's values {} are supported with the {kind} resource", sizes.join(", "));
        out.push(FieldError::invalid(path.field("divisor"), resource, detail));
    }
}

/// Variables from whole `ConfigMap`s and Secrets (`ValidateEnvFrom`).
#[inline(never)]
pub fn from(out: &mut Errors, path: &Path, sources: &[EnvFromSource]) {
    for (index, source) in sources.iter().enumerate() {
        let item = path.index(index);
        if let Some(prefix) = source.prefix.as_deref().filter(|prefix| !prefix.is_empty()) {
            check::complain(out, &item.field("prefix"), prefix, names::environment_name(prefix));
        }
        let sources = [
            ("configMapRef.name", source.config_map_ref.as_ref().map(|source| source.name.as_str())),
            ("secretRef.name", source.secret_ref.as_ref().map(|source| source.name.as_str())),
        ];
        for (field, name) in sources {
            match name {
                Some("") => out.push(FieldError::required(item.field(field), "")),
                Some(name) => {
                    check::complain(out, &item.field(field), name, names::as_prefix(name, names::dns1123_subdomain));
                }
                None => {}
            }
        }
        // Upstream names the list, not the item.
        match sources.iter().filter(|(_, name)| name.is_some()).count() {
            0 => {
                out.push(FieldError::invalid(path, "", "must specify one of: `configMapRef` or `secretRef`"));
            }
            1 => {}
            _ => out.push(FieldError::invalid(path, "", "may not have more than one field specified at a time")),
        }
    }
}

/// Whether [`file_volumes`] may have something to say.
#[must_use]
pub fn mentions_files(spec: &PodSpec) -> bool {
    let containers = spec.init_containers.iter().flatten().chain(&spec.containers);
    let mut sources =
        containers.flat_map(|container| container.env.iter().flatten()).filter_map(|one| one.value_from.as_ref());
    sources.any(|source| source.file_key_ref.is_some())
}

/// Variables from files must name a volume that is an empty directory (`validateFileKeyRefVolumes`).
#[inline(never)]
pub fn file_volumes(out: &mut Errors, path: &Path, spec: &PodSpec) {
    let init = spec.init_containers.as_deref().unwrap_or_default();
    let lists = [("initContainers", init), ("containers", spec.containers.as_slice())];
    for (field, containers) in lists {
        let path = path.field(field);
        for (index, container) in containers.iter().enumerate() {
            let path = path.index(index);
            let path = path.field("env");
            for (index, variable) in container.env.iter().flatten().enumerate() {
                let Some(key) = variable.value_from.as_ref().and_then(|source| source.file_key_ref.as_ref()) else {
                    continue;
                };
                let path = path.index(index);
                let path = path.field("valueFrom.fileKeyRef.volumeName");
                let name = key.volume_name.as_str();
                match spec.volumes.iter().flatten().rfind(|volume| volume.name == name) {
                    None => out.push(FieldError::not_found(path, name)),
                    Some(volume) if volume.empty_dir.is_none() => {
                        let detail = "referenced volume must be of type emptyDir";
                        out.push(FieldError::invalid(path, name, detail));
                    }
                    Some(_) => {}
                }
            }
        }
    }
}
