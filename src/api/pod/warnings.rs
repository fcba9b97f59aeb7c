//! What the server accepts with a warning (upstream: `pkg/api/pod/warnings.go`).
//!
//! [`rare`] is what few pods are warned of.

use super::super::path::Path;
use super::super::quantity::Quantity;
use super::status::is_sidecar;
use super::validation::annotations::{APP_ARMOR, SECCOMP_CONTAINER, SECCOMP_POD, for_each_container};
use crate::api::kinds::pod::{Pod, TOKEN_VOLUME};
use crate::api::names;
use crate::sim::{Sorted, SortedSet};
use k8s_openapi::api::core::v1::{
    Affinity, Container, ContainerPort, NodeSelectorTerm, PodAffinityTerm, PodSpec, Volume, WeightedPodAffinityTerm,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

pub mod rare;

/// Warnings about a new pod.
#[must_use]
pub fn of_pod(pod: &Pod) -> Vec<String> {
    let mut out = Vec::new();
    let complaints = names::dns1123_label(pod.metadata.name.as_deref().unwrap_or_default());
    if !complaints.is_empty() {
        out.push(format!(
            "metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is \
             recommended: [{}]",
            complaints.join(" ")
        ));
    }
    if !is_plain(&pod.metadata, &pod.spec) {
        all(&mut out, [&Path::new("spec"), &Path::new("metadata.annotations")], &pod.metadata, &pod.spec);
    }
    out
}

/// Warnings about a template at `path`.
#[must_use]
pub fn of_template(path: &Path, metadata: &ObjectMeta, spec: &PodSpec) -> Vec<String> {
    if is_plain(metadata, spec) {
        return Vec::new();
    }
    of_special(path, metadata, spec)
}

#[inline(never)]
fn of_special(path: &Path, metadata: &ObjectMeta, spec: &PodSpec) -> Vec<String> {
    let mut out = Vec::new();
    let annotations = path.field("metadata.annotations");
    all(&mut out, [&path.field("spec"), &annotations], metadata, spec);
    let of_pod = spec.security_context.as_ref().and_then(|context| context.app_armor_profile.as_ref());
    for_each_container(path, spec, |_, container| {
        let context = container.security_context.as_ref();
        let profile = context.and_then(|context| context.app_armor_profile.as_ref()).or(of_pod);
        let key = format!("{APP_ARMOR}{}", container.name);
        if profile.is_none() && has(metadata, &key) {
            let text = "deprecated since v1.30; use the \"appArmorProfile\" field instead";
            out.push(format!("{}: {text}", annotations.key(&key)));
        }
    });
    out
}

/// Whether there is nothing that [`all`] looks at; so it is with most pods, those of the system among them.
fn is_plain(metadata: &ObjectMeta, spec: &PodSpec) -> bool {
    let old = |key: &String| key.contains("alpha.") || key.contains("beta.");
    let annotated = metadata.annotations.iter().flatten().any(|(key, _)| old(key));
    let selected = spec.node_selector.iter().flatten().any(|(key, _)| old(key));
    let plain_volume = |volume: &Volume| {
        let common = volume.host_path.is_some()
            || volume.config_map.is_some()
            || volume.secret.is_some()
            || volume.empty_dir.is_some()
            || volume.projected.is_some();
        common && !may_overlap(volume)
    };
    let plain_container = |container: &Container| {
        let amounts = container.resources.iter().flat_map(|resources| [&resources.limits, &resources.requests]);
        let mut amounts = amounts.flatten().flatten();
        amounts.all(|(name, amount)| name == "cpu" || !amount.0.contains(['m', '.', 'e', 'u', 'n']))
            && container.env.as_ref().is_none_or(|variables| variables.len() < 2)
    };
    let containers = || spec.init_containers.iter().flatten().chain(&spec.containers);
    let ports = || containers().flat_map(|container| container.ports.iter().flatten()).enumerate();
    let plain_port = |(index, port): (usize, &ContainerPort)| {
        let same = |other: &ContainerPort| {
            port.name == other.name && port.name.is_some()
                || (port.container_port, &port.protocol) == (other.container_port, &other.protocol)
        };
        port.host_ip.is_none() && !ports().take(index).any(|(_, other)| same(other))
    };
    !annotated
        && !selected
        && spec.affinity.is_none()
        && spec.topology_spread_constraints.is_none()
        && spec.dns_config.is_none()
        && spec.host_aliases.is_none()
        && spec.overhead.is_none()
        && spec.image_pull_secrets.is_none()
        && spec.volumes.iter().flatten().all(plain_volume)
        && containers().all(plain_container)
        && ports().all(plain_port)
}

fn has(metadata: &ObjectMeta, annotation: &str) -> bool {
    metadata.annotations.as_ref().is_some_and(|annotations| annotations.contains_key(annotation))
}

#[inline(never)]
fn all(out: &mut Vec<String>, [path, annotations]: [&Path; 2], metadata: &ObjectMeta, spec: &PodSpec) {
    labels(out, path, spec);
    deprecated_annotations(out, annotations, metadata);
    let volumes = path.field("volumes");
    for (index, found) in spec.volumes.iter().flatten().enumerate() {
        volume(out, &volumes.index(index), found);
        if may_overlap(found) {
            rare::volume(out, &volumes.index(index), found);
        }
    }
    if spec.dns_config.is_some() || spec.host_aliases.is_some() || spec.overhead.is_some() {
        rare::spec(out, path, spec);
    }
    repeated(out, path, spec);
    let of_pod = spec.security_context.as_ref().and_then(|context| context.seccomp_profile.as_ref());
    let seccomp = "non-functional in v1.27+; use the \"seccompProfile\" field instead";
    if of_pod.is_none() && has(metadata, SECCOMP_POD) {
        out.push(format!("{}: {seccomp}", annotations.key(SECCOMP_POD)));
    }
    for_each_container(path, spec, |path, found| {
        let profile = found.security_context.as_ref().and_then(|context| context.seccomp_profile.as_ref());
        if profile.is_none() && metadata.annotations.is_some() {
            let key = format!("{SECCOMP_CONTAINER}{}", found.name);
            if has(metadata, &key) {
                out.push(format!("{}: {seccomp}", annotations.key(&key)));
            }
        }
        container(out, path, found);
    });
    ports(out, path, spec);
    if let Some(affinity) = &spec.affinity {
        null_selectors(out, &path.field("affinity"), affinity);
    }
}

/// Upstream: `pkg/api/node/util.go`, `GetNodeLabelDeprecatedMessage`.
fn deprecated_label(key: &str) -> Option<String> {
    let (since, instead) = match key {
        "beta.kubernetes.io/arch" => (14, "kubernetes.io/arch"),
        "beta.kubernetes.io/os" => (14, "kubernetes.io/os"),
        "failure-domain.beta.kubernetes.io/region" => (17, "topology.kubernetes.io/region"),
        "failure-domain.beta.kubernetes.io/zone" => (17, "topology.kubernetes.io/zone"),
        "beta.kubernetes.io/instance-type" => (17, "node.kubernetes.io/instance-type"),
        _ => return None,
    };
    Some(format!("deprecated since v1.{since}; use \"{instead}\" instead"))
}

fn labels(out: &mut Vec<String>, path: &Path, spec: &PodSpec) {
    let selector = path.field("nodeSelector");
    for key in spec.node_selector.iter().flatten().map(|(key, _)| key) {
        if let Some(text) = deprecated_label(key) {
            out.push(format!("{}: {text}", selector.key(key)));
        }
    }
    if let Some(nodes) = spec.affinity.as_ref().and_then(|affinity| affinity.node_affinity.as_ref()) {
        let path = path.field("affinity.nodeAffinity");
        let required = path.field("requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms");
        let terms = nodes.required_during_scheduling_ignored_during_execution.iter();
        for (index, term) in terms.flat_map(|selector| &selector.node_selector_terms).enumerate() {
            node_term(out, &required.index(index), term, false);
        }
        let preferred = path.field("preferredDuringSchedulingIgnoredDuringExecution");
        let terms = nodes.preferred_during_scheduling_ignored_during_execution.iter().flatten();
        for (index, term) in terms.enumerate() {
            let path = preferred.index(index);
            node_term(out, &path.field("preference"), &term.preference, true);
        }
    }
    let constraints = path.field("topologySpreadConstraints");
    for (index, constraint) in spec.topology_spread_constraints.iter().flatten().enumerate() {
        let path = constraints.index(index);
        if let Some(text) = deprecated_label(&constraint.topology_key) {
            out.push(format!("{}: {} is {text}", path.field("topologyKey"), constraint.topology_key));
        }
        if constraint.label_selector.is_none() {
            out.push(format!("{}: a null labelSelector results in matching no pod", path.field("labelSelector")));
        }
    }
}

/// Upstream: `GetWarningsForNodeSelectorTerm`.
pub fn node_term(out: &mut Vec<String>, path: &Path, term: &NodeSelectorTerm, checks_values: bool) {
    let path = path.field("matchExpressions");
    for (index, expression) in term.match_expressions.iter().flatten().enumerate() {
        let path = path.index(index);
        if let Some(text) = deprecated_label(&expression.key) {
            out.push(format!("{}: {} is {text}", path.field("key"), expression.key));
        }
        for (index, value) in expression.values.iter().flatten().enumerate().filter(|_| checks_values) {
            let complaints = names::label_value(value).into_iter();
            let list = path.field("values");
            out.extend(complaints.map(|complaint| format!("{}: {value} is invalid, {complaint}", list.index(index))));
        }
    }
}

fn deprecated_annotations(out: &mut Vec<String>, path: &Path, metadata: &ObjectMeta) {
    let known = [
        ("scheduler.alpha.kubernetes.io/critical-pod", "v1.16+", "priorityClassName"),
        ("security.alpha.kubernetes.io/sysctls", "v1.11+", "sysctls"),
        ("security.alpha.kubernetes.io/unsafe-sysctls", "v1.11+", "sysctls"),
    ];
    for (key, since, field) in known.into_iter().filter(|(key, ..)| has(metadata, key)) {
        out.push(format!("{}: non-functional in {since}; use the \"{field}\" field instead", path.key(key)));
    }
}

fn volume(out: &mut Vec<String>, path: &Path, volume: &Volume) {
    let old = [
        ("photonPersistentDisk", volume.photon_persistent_disk.is_some(), "v1.11, non-functional in v1.16+"),
        ("gitRepo", volume.git_repo.is_some(), "v1.11"),
        ("scaleIO", volume.scale_io.is_some(), "v1.16, non-functional in v1.22+"),
        ("flocker", volume.flocker.is_some(), "v1.22, non-functional in v1.25+"),
        ("storageOS", volume.storageos.is_some(), "v1.22, non-functional in v1.25+"),
        ("quobyte", volume.quobyte.is_some(), "v1.22, non-functional in v1.25+"),
        ("glusterfs", volume.glusterfs.is_some(), "v1.25, non-functional in v1.26+"),
        ("cephfs", volume.cephfs.is_some(), "v1.28, non-functional in v1.31+"),
        ("rbd", volume.rbd.is_some(), "v1.28, non-functional in v1.31+"),
    ];
    for (field, _, since) in old.into_iter().filter(|(_, is_set, _)| *is_set) {
        // Upstream's sentence for git repositories may have more words since volumes of them are off by default.
        let more = if field == "gitRepo" { ", and disabled by default in v1.33+" } else { "" };
        out.push(format!("{}: deprecated in {since}{more}", path.field(field)));
    }
}

/// Whether [`rare::volume`] may have something to say. The server's own token volume is in order.
fn may_overlap(volume: &Volume) -> bool {
    let several = |items: Option<usize>| items.is_some_and(|items| items > 1);
    volume.ephemeral.is_some()
        || volume.downward_api.is_some()
        || (volume.projected.is_some() && !volume.name.starts_with(TOKEN_VOLUME))
        || several(volume.config_map.as_ref().and_then(|map| map.items.as_ref().map(Vec::len)))
        || several(volume.secret.as_ref().and_then(|secret| secret.items.as_ref().map(Vec::len)))
}

fn repeated(out: &mut Vec<String>, path: &Path, spec: &PodSpec) {
    let mut seen = SortedSet::new();
    let aliases = path.field("hostAliases");
    for (index, alias) in spec.host_aliases.iter().flatten().enumerate() {
        if !seen.insert(alias.ip.as_str()) {
            let path = aliases.index(index);
            out.push(format!("{}: duplicate ip {:?}", path.field("ip"), alias.ip));
        }
    }
    let mut seen = SortedSet::new();
    let secrets = path.field("imagePullSecrets");
    for (index, secret) in spec.image_pull_secrets.iter().flatten().enumerate() {
        let path = secrets.index(index);
        if !seen.insert(secret.name.as_str()) {
            out.push(format!("{}: duplicate name {:?}", path.field("name"), secret.name));
        }
        if secret.name.is_empty() {
            out.push(format!("{}: invalid empty name \"\"", path.field("name")));
        }
    }
}

fn container(out: &mut Vec<String>, path: &Path, container: &Container) {
    let resources = container.resources.as_ref();
    let limits = resources.and_then(|resources| resources.limits.as_ref());
    let requests = resources.and_then(|resources| resources.requests.as_ref());
    for name in ["memory", "ephemeral-storage"] {
        for (field, amounts) in [("resources.limits", limits), ("resources.requests", requests)] {
            let text = amounts.and_then(|amounts| amounts.get(name));
            let amount = text.and_then(|text| Quantity::try_from(text).ok());
            if let Some(amount) = amount.filter(|amount| amount.milli_value() % 1000 != 0) {
                let path = path.field(field);
                let text = amount.to_string();
                out.push(format!("{}: fractional byte value {text:?} is invalid, must be an integer", path.key(name)));
            }
        }
    }
    let mut seen = SortedSet::new();
    let variables = path.field("env");
    for (index, variable) in container.env.iter().flatten().enumerate() {
        if seen.insert(variable.name.as_str()) {
            continue;
        }
        // `X=$(X)more` builds upon the previous value; anything else hides it.
        let reference = format!("$({})", variable.name);
        let value = variable.value.as_deref().unwrap_or_default();
        if variable.value_from.is_some() || value == reference || !value.contains(&reference) {
            let text = "hides previous definition of";
            let name = &variable.name;
            out.push(format!("{}: {text} {name:?}, which may be dropped when using apply", variables.index(index)));
        }
    }
}

/// Ports that two definitions may mean.
fn ports(out: &mut Vec<String>, path: &Path, spec: &PodSpec) {
    let mut known: Sorted<(i32, &str), Vec<(String, &ContainerPort)>> = Sorted::new();
    let mut named: Sorted<&str, String> = Sorted::new();
    let starting = |container: &Container| {
        !is_sidecar(container) && spec.init_containers.iter().flatten().any(|init| std::ptr::eq(init, container))
    };
    for_each_container(path, spec, |path, container| {
        let path = path.field("ports");
        for (index, port) in container.ports.iter().flatten().enumerate() {
            let path = path.index(index);
            if port.host_ip.is_some() && port.host_port.unwrap_or(0) == 0 {
                out.push(rare::host_ip(&path, port));
            }
            if let Some(name) = port.name.as_deref().filter(|name| !name.is_empty() && !starting(container)) {
                if let Some(other) = named.get(name) {
                    let use_of = "services and probes that select ports by name will use";
                    out.push(format!("{path}: duplicate port name {name:?} with {other}, {use_of} {other}"));
                } else {
                    named.insert(name, path.to_string());
                }
            }
            let protocol = port.protocol.as_deref().unwrap_or_default();
            let others = known.get_or_default((port.container_port, protocol));
            for (other, found) in others.iter() {
                if let Some(how) = overlap(port, found) {
                    out.push(format!("{path}: {how} port definition with {other}"));
                }
            }
            others.push((path.to_string(), port));
        }
    });
}

fn overlap(a: &ContainerPort, b: &ContainerPort) -> Option<&'static str> {
    let place = |port: &ContainerPort| (port.host_ip.clone().unwrap_or_default(), port.host_port.unwrap_or(0));
    let ((ip_a, port_a), (ip_b, port_b)) = (place(a), place(b));
    if ip_a == ip_b && port_a == port_b {
        Some("duplicate")
    } else if port_a == 0 || port_b == 0 {
        Some("overlapping")
    } else {
        (port_a == port_b && ip_a.is_empty() != ip_b.is_empty()).then_some("dangerously ambiguous")
    }
}

fn null_selectors(out: &mut Vec<String>, path: &Path, affinity: &Affinity) {
    type Terms<'a> = (&'static str, Option<&'a Vec<PodAffinityTerm>>, Option<&'a Vec<WeightedPodAffinityTerm>>);
    let near = affinity.pod_affinity.as_ref();
    let far = affinity.pod_anti_affinity.as_ref();
    let lists: [Terms; 2] = [
        (
            "podAffinity",
            near.and_then(|near| near.required_during_scheduling_ignored_during_execution.as_ref()),
            near.and_then(|near| near.preferred_during_scheduling_ignored_during_execution.as_ref()),
        ),
        (
            "podAntiAffinity",
            far.and_then(|far| far.required_during_scheduling_ignored_during_execution.as_ref()),
            far.and_then(|far| far.preferred_during_scheduling_ignored_during_execution.as_ref()),
        ),
    ];
    let text = "a null labelSelector results in matching no pod";
    for (field, required, preferred) in lists {
        let path = path.field(field);
        let list = path.field("requiredDuringSchedulingIgnoredDuringExecution");
        for (index, term) in required.into_iter().flatten().enumerate() {
            if term.label_selector.is_none() {
                let path = list.index(index);
                out.push(format!("{}: {text}", path.field("labelSelector")));
            }
        }
        let list = path.field("preferredDuringSchedulingIgnoredDuringExecution");
        for (index, term) in preferred.into_iter().flatten().enumerate() {
            if term.pod_affinity_term.label_selector.is_none() {
                let path = list.index(index);
                out.push(format!("{}: {text}", path.field("podAffinityTerm.labelSelector")));
            }
        }
    }
}
