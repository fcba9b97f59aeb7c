//! A container's environment: plain values, fields of the pod, resources, keys of `ConfigMap`s and `Secret`s.
//!
//! Upstream: `pkg/kubelet/kubelet_pods.go` (`makeEnvironmentVariables`), `pkg/fieldpath` and `pkg/api/v1/resource`.

use super::config::{Objects, Source, data, keys};
use super::worker::{Worker, container};
use crate::api::quantity::Quantity;
use crate::cluster::machine::Machine;
use crate::sim::Duration;
use k8s_openapi::api::core::v1::{Container, EnvVarSource};
use std::rc::Rc;

/// A variable: name and value.
pub type Variable = (Rc<str>, Rc<str>);

/// A container's environment.
///
/// # Errors
/// The text of `CreateContainerConfigError`, when something that it names is not there.
pub fn environment(
    worker: &Worker,
    container: &Container,
    links: &[Variable],
    (objects, machine): (&Objects, &Machine),
) -> Result<Vec<Variable>, String> {
    let namespace = worker.pod.namespace();
    let mut env: Vec<Variable> = Vec::new();
    for from in container.env_from.as_deref().unwrap_or_default() {
        let prefix = from.prefix.as_deref().unwrap_or("");
        let map = from.config_map_ref.as_ref().map(|map| (false, &map.name, map.optional));
        let secret = from.secret_ref.as_ref().map(|secret| (true, &secret.name, secret.optional));
        let Some((secret, name, optional)) = map.or(secret) else { continue };
        let source = Source::of(secret, namespace, name);
        match objects.get(&source) {
            Some(object) => keys(object).iter().for_each(|key| {
                set(&mut env, &format!("{prefix}{key}"), &data(object, key).unwrap_or_default());
            }),
            None if optional == Some(true) => {}
            None => return Err(source.not_found()),
        }
    }
    for variable in container.env.as_deref().unwrap_or_default() {
        let value = match (&variable.value, &variable.value_from) {
            (Some(value), _) => Some(expand(value, &[&env, links].concat()).to_string()),
            (None, Some(from)) => value_from(worker, container, from, (objects, machine))?,
            (None, None) => Some(String::new()),
        };
        if let Some(value) = value {
            set(&mut env, &variable.name, &value);
        }
    }
    // What is given wins over what services say.
    for (name, value) in links {
        if !env.iter().any(|(known, _)| known == name) {
            env.push((name.clone(), value.clone()));
        }
    }
    Ok(env)
}

fn set(env: &mut Vec<Variable>, name: &str, value: &str) {
    env.retain(|(other, _)| &**other != name);
    env.push((name.into(), value.into()));
}

fn value_from(
    worker: &Worker,
    own: &Container,
    from: &EnvVarSource,
    (objects, machine): (&Objects, &Machine),
) -> Result<Option<String>, String> {
    if from.file_key_ref.is_some() {
        return Err("variables from files (fileKeyRef) are not simulated".to_owned());
    }
    let namespace = worker.pod.namespace();
    let map = from.config_map_key_ref.as_ref().map(|map| (false, &map.name, &map.key, map.optional));
    let secret = from.secret_key_ref.as_ref().map(|secret| (true, &secret.name, &secret.key, secret.optional));
    if let Some((secret, name, key, optional)) = map.or(secret) {
        let value = objects.value(&Source::of(secret, namespace, name), key);
        return if optional == Some(true) { Ok(value.ok()) } else { value.map(Some) };
    }
    if let Some(field) = &from.field_ref {
        return Ok(Some(field_value(worker, machine, &field.field_path)));
    }
    let Some(resource) = &from.resource_field_ref else { return Ok(Some(String::new())) };
    let spec = worker.spec();
    let named = resource
        .container_name
        .as_deref()
        .and_then(|name| (0..worker.slots.len()).map(|slot| container(&spec, slot)).find(|c| c.name == name));
    Ok(Some(resource_value(
        named.as_deref().unwrap_or(own),
        machine,
        &resource.resource,
        resource.divisor.as_ref().map(|divisor| divisor.0.as_str()),
    )))
}

/// A field of a pod; all labels or annotations one a line. Upstream: `fieldpath.ExtractFieldPathAsString`.
pub fn field_value(worker: &Worker, machine: &Machine, path: &str) -> String {
    let meta = worker.pod.meta();
    let spec = worker.spec();
    let entry = |prefix: &str| path.strip_prefix(prefix).and_then(|rest| rest.strip_suffix("']")).map(str::to_owned);
    let of = |map: &Option<std::collections::BTreeMap<String, String>>, key: String| {
        map.as_ref().and_then(|map| map.get(&key).cloned())
    };
    let value = match path {
        "metadata.name" => meta.name.clone(),
        "metadata.namespace" => meta.namespace.clone(),
        "metadata.uid" => meta.uid.clone(),
        "metadata.labels" => Some(listed(meta.labels.as_ref())),
        "metadata.annotations" => Some(listed(meta.annotations.as_ref())),
        "spec.nodeName" => Some(machine.name.to_string()),
        "spec.serviceAccountName" => spec.service_account_name.clone(),
        "status.hostIP" | "status.hostIPs" => Some(machine.ip.to_string()),
        "status.podIP" | "status.podIPs" => worker.ip.as_ref().map(ToString::to_string),
        _ => entry("metadata.labels['")
            .and_then(|key| of(&meta.labels, key))
            .or_else(|| entry("metadata.annotations['").and_then(|key| of(&meta.annotations, key))),
    };
    value.unwrap_or_default()
}

/// Upstream: `fieldpath.FormatMap`.
fn listed(map: Option<&std::collections::BTreeMap<String, String>>) -> String {
    let lines: Vec<String> = map.into_iter().flatten().map(|(key, value)| format!("{key}={value:?}")).collect();
    lines.join("\n")
}

/// A request or limit, divided and rounded up. What is not limited is limited by the node.
pub fn resource_value(container: &Container, machine: &Machine, name: &str, divisor: Option<&str>) -> String {
    let (side, resource) = name.split_once('.').unwrap_or(("limits", name));
    let resources = container.resources.as_ref();
    let given = match side {
        "requests" => resources.and_then(|resources| resources.requests.as_ref()?.get(resource)),
        _ => resources.and_then(|resources| resources.limits.as_ref()?.get(resource)),
    };
    let parsed = given.and_then(|quantity| Quantity::parse(&quantity.0).ok()).map(|quantity| quantity.nano_value());
    let node = match (side, resource) {
        ("requests", _) => 0,
        (_, "cpu") => i128::from(machine.cpu_milli) * 1_000_000,
        _ => i128::from(super::admit::allocatable(machine).memory) * 1_000_000_000,
    };
    let divisor = divisor
        .and_then(|text| Quantity::parse(text).ok())
        .map(|quantity| quantity.nano_value())
        .filter(|nano| *nano > 0);
    let divisor = divisor.unwrap_or(1_000_000_000);
    ((parsed.unwrap_or(node) + divisor - 1) / divisor).to_string()
}

/// Replaces `$(NAME)` by the variable's value; what is not known stays as it is, `$$` is a `$`.
/// Upstream: `third_party/forked/golang/expansion`.
#[must_use]
pub fn expand(text: &str, env: &[Variable]) -> Rc<str> {
    if !text.contains('$') {
        return text.into();
    }
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            out.push('$');
            rest = after;
        } else if let Some((name, after)) = rest.strip_prefix('(').and_then(|rest| rest.split_once(')')) {
            match env.iter().find(|(known, _)| &**known == name) {
                Some((_, value)) => out.push_str(value),
                None => out.extend(["$(", name, ")"]),
            }
            rest = after;
        } else {
            out.push('$');
        }
    }
    out.push_str(rest);
    out.into()
}

/// A duration as Go prints it: `10s`, `1m20s`, `1.204s`, `850ms`.
#[must_use]
pub fn go_duration(duration: Duration) -> String {
    let (seconds, millis) = (duration.as_secs(), duration.subsec_millis());
    if seconds == 0 {
        return if millis == 0 { "0s".to_owned() } else { format!("{millis}ms") };
    }
    let part = if millis == 0 { String::new() } else { format!(".{millis:03}").trim_end_matches('0').to_owned() };
    let (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match (hours, minutes) {
        (0, 0) => format!("{rest}{part}s"),
        (0, _) => format!("{minutes}m{rest}{part}s"),
        _ => format!("{hours}h{minutes}m{rest}{part}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_to_variables_are_expanded_as_upstream_does() {
        let env = [("A".into(), "1".into()), ("B_C".into(), "two".into())];
        for (text, expected) in [
            ("$(A)-$(B_C)", "1-two"),
            ("$(X) $A", "$(X) $A"),
            ("$$(A)", "$(A)"),
            ("cost: 5$", "cost: 5$"),
            ("$(A", "$(A"),
        ] {
            assert_eq!(&*expand(text, &env), expected, "{text}");
        }
    }

    #[test]
    fn durations_are_printed_as_go_does() {
        for (millis, expected) in [
            (850, "850ms"),
            (10_000, "10s"),
            (80_000, "1m20s"),
            (300_000, "5m0s"),
            (1_204, "1.204s"),
            (61_500, "1m1.5s"),
        ] {
            assert_eq!(go_duration(Duration::from_millis(millis)), expected);
        }
    }
}
