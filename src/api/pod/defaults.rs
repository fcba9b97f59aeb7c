//! What the server adds to a pod spec (upstream: `pkg/apis/core/v1/defaults.go`).

use super::validation::whole;
use crate::api::quantity;
use k8s_openapi::api::core::v1::{
    Container, DownwardAPIVolumeFile, EmptyDirVolumeSource, EnvVar, HTTPGetAction, LifecycleHandler,
    ObjectFieldSelector, PodSpec, Probe, ResourceFieldSelector, ResourceRequirements, Volume,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use std::collections::BTreeMap;

/// Mode of projected files: 0644.
const FILE_MODE: i32 = 0o644;

fn set(field: &mut Option<String>, value: &str) {
    if field.as_deref().unwrap_or_default().is_empty() {
        *field = Some(value.to_owned());
    }
}

/// Completes the spec of a pod: all of [`spec`] and what only pods get (`SetDefaults_Pod`).
pub fn pod(spec_of_pod: &mut PodSpec) {
    spec(spec_of_pod);
    let on_host = spec_of_pod.host_network == Some(true);
    for container in spec_of_pod.containers.iter_mut().chain(spec_of_pod.init_containers.iter_mut().flatten()) {
        requests_from_limits(container.resources.get_or_insert_default());
        for port in container.ports.iter_mut().flatten().filter(|port| on_host && port.host_port.unwrap_or(0) == 0) {
            port.host_port = Some(port.container_port).filter(|&number| number != 0);
        }
    }
    if spec_of_pod.resources.is_some() {
        whole::default(spec_of_pod);
    }
    spec_of_pod.enable_service_links.get_or_insert(true);
}

/// Completes the spec of a pod or template (`SetDefaults_PodSpec` and the defaults of all that it contains).
pub fn spec(spec: &mut PodSpec) {
    // The old name and the new one say the same (`Convert_v1_PodSpec_To_core_PodSpec`); the new one wins.
    if spec.service_account_name.is_none() {
        spec.service_account_name.clone_from(&spec.service_account);
    }
    spec.service_account.clone_from(&spec.service_account_name);
    set(&mut spec.dns_policy, "ClusterFirst");
    set(&mut spec.restart_policy, "Always");
    set(&mut spec.scheduler_name, "default-scheduler");
    spec.termination_grace_period_seconds.get_or_insert(30);
    // `Convert_v1_Pod_To_core_Pod` and the strategies: a negative grace period is read as one second.
    spec.termination_grace_period_seconds = spec.termination_grace_period_seconds.map(|s| if s < 0 { 1 } else { s });
    spec.security_context.get_or_insert_default();
    round_up(spec.overhead.as_mut());
    for container in spec.containers.iter_mut().chain(spec.init_containers.iter_mut().flatten()) {
        self::container(container);
    }
    for ephemeral in spec.ephemeral_containers.iter_mut().flatten() {
        set(&mut ephemeral.image_pull_policy, pull_policy(ephemeral.image.as_deref().unwrap_or_default()));
        set(&mut ephemeral.termination_message_path, "/dev/termination-log");
        set(&mut ephemeral.termination_message_policy, "File");
        ephemeral.resources.get_or_insert_default();
        ephemeral.env.iter_mut().flatten().for_each(env);
    }
    spec.volumes.iter_mut().flatten().for_each(volume);
}

fn container(container: &mut Container) {
    set(&mut container.image_pull_policy, pull_policy(container.image.as_deref().unwrap_or_default()));
    set(&mut container.termination_message_path, "/dev/termination-log");
    set(&mut container.termination_message_policy, "File");
    for port in container.ports.iter_mut().flatten() {
        set(&mut port.protocol, "TCP");
    }
    let resources = container.resources.get_or_insert_default();
    round_up(resources.limits.as_mut());
    round_up(resources.requests.as_mut());
    container.env.iter_mut().flatten().for_each(env);
    for probe in [&mut container.liveness_probe, &mut container.readiness_probe, &mut container.startup_probe] {
        probe.iter_mut().for_each(self::probe);
    }
    if let Some(lifecycle) = &mut container.lifecycle {
        lifecycle.post_start.iter_mut().chain(&mut lifecycle.pre_stop).for_each(handler);
    }
}

/// `Always` for the tag `latest` and for no tag at all, otherwise `IfNotPresent` (`SetDefaults_Container`).
fn pull_policy(image: &str) -> &'static str {
    let (name, digest) = image.split_once('@').map_or((image, false), |(name, _)| (name, true));
    let last = name.rsplit('/').next().unwrap_or(name);
    match last.split_once(':') {
        Some((_, "latest")) => "Always",
        Some(_) => "IfNotPresent",
        // A reference that cannot be parsed has no tag either, and is pulled only when it is missing.
        None if image.is_empty() || image.contains(|letter: char| letter.is_whitespace() || letter.is_uppercase()) => {
            "IfNotPresent"
        }
        None if digest => "IfNotPresent",
        None => "Always",
    }
}

/// Nothing is measured finer than in thousandths (`SetDefaults_ResourceList`).
fn round_up(amounts: Option<&mut BTreeMap<String, Quantity>>) {
    for amount in amounts.into_iter().flat_map(BTreeMap::values_mut).filter(|amount| amount.0.ends_with(['n', 'u'])) {
        if let Ok(exact) = quantity::Quantity::parse(&amount.0) {
            amount.0 = quantity::Quantity::from_milli(exact.milli_value()).to_string();
        }
    }
}

fn requests_from_limits(resources: &mut ResourceRequirements) {
    if let Some(limits) = &resources.limits {
        let requests = resources.requests.get_or_insert_default();
        for (name, limit) in limits {
            requests.entry(name.clone()).or_insert_with(|| limit.clone());
        }
    }
}

fn env(variable: &mut EnvVar) {
    if let Some(source) = &mut variable.value_from {
        source.field_ref.iter_mut().for_each(field_reference);
        source.resource_field_ref.iter_mut().for_each(resource_reference);
    }
}

fn field_reference(reference: &mut ObjectFieldSelector) {
    set(&mut reference.api_version, "v1");
}

/// An absent divisor is the quantity zero, and is written so.
fn resource_reference(reference: &mut ResourceFieldSelector) {
    reference.divisor.get_or_insert_with(|| Quantity("0".to_owned()));
}

fn probe(probe: &mut Probe) {
    let numbers = [
        (&mut probe.timeout_seconds, 1),
        (&mut probe.period_seconds, 10),
        (&mut probe.success_threshold, 1),
        (&mut probe.failure_threshold, 3),
    ];
    for (number, default) in numbers {
        if number.unwrap_or(0) == 0 {
            *number = Some(default);
        }
    }
    probe.http_get.iter_mut().for_each(http_get);
    if let Some(grpc) = &mut probe.grpc {
        grpc.service.get_or_insert_default();
    }
}

fn handler(handler: &mut LifecycleHandler) {
    handler.http_get.iter_mut().for_each(http_get);
}

fn http_get(action: &mut HTTPGetAction) {
    set(&mut action.path, "/");
    set(&mut action.scheme, "HTTP");
}

fn volume(volume: &mut Volume) {
    if has_no_source(volume) {
        volume.empty_dir = Some(EmptyDirVolumeSource::default());
    }
    if let Some(source) = &mut volume.secret {
        source.default_mode.get_or_insert(FILE_MODE);
    }
    if let Some(source) = &mut volume.config_map {
        source.default_mode.get_or_insert(FILE_MODE);
    }
    if let Some(source) = &mut volume.downward_api {
        source.default_mode.get_or_insert(FILE_MODE);
        source.items.iter_mut().flatten().for_each(downward_file);
    }
    if let Some(source) = &mut volume.projected {
        source.default_mode.get_or_insert(FILE_MODE);
        for projection in source.sources.iter_mut().flatten() {
            let files = projection.downward_api.iter_mut().flat_map(|downward| downward.items.iter_mut().flatten());
            files.for_each(downward_file);
            if let Some(token) = &mut projection.service_account_token {
                token.expiration_seconds.get_or_insert(60 * 60);
            }
        }
    }
    if let Some(source) = &mut volume.host_path {
        source.type_.get_or_insert_default();
    }
    if let Some(source) = &mut volume.image {
        let policy = pull_policy(source.reference.as_deref().unwrap_or_default());
        set(&mut source.pull_policy, policy);
    }
    if let Some(template) = volume.ephemeral.as_mut().and_then(|source| source.volume_claim_template.as_mut()) {
        set(&mut template.spec.volume_mode, "Filesystem");
    }
    rare_sources(volume);
}

fn downward_file(file: &mut DownwardAPIVolumeFile) {
    file.field_ref.iter_mut().for_each(field_reference);
    file.resource_field_ref.iter_mut().for_each(resource_reference);
}

fn rare_sources(volume: &mut Volume) {
    if let Some(source) = &mut volume.iscsi {
        set(&mut source.iscsi_interface, "default");
    }
    if let Some(source) = &mut volume.rbd {
        set(&mut source.pool, "rbd");
        set(&mut source.user, "admin");
        set(&mut source.keyring, "/etc/ceph/keyring");
    }
    if let Some(source) = &mut volume.azure_disk {
        set(&mut source.caching_mode, "ReadWrite");
        set(&mut source.kind, "Shared");
        set(&mut source.fs_type, "ext4");
        source.read_only.get_or_insert(false);
    }
    if let Some(source) = &mut volume.scale_io {
        set(&mut source.storage_mode, "ThinProvisioned");
        set(&mut source.fs_type, "xfs");
    }
}

/// A volume without any source is an empty directory (`SetDefaults_Volume`).
fn has_no_source(volume: &Volume) -> bool {
    *volume == Volume { name: volume.name.clone(), ..Volume::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tag_decides_how_an_image_is_pulled() {
        let cases = [
            ("nginx", "Always"),
            ("nginx:latest", "Always"),
            ("nginx:1.27", "IfNotPresent"),
            ("localhost:5000/nginx", "Always"),
            ("localhost:5000/nginx:1", "IfNotPresent"),
            ("nginx@sha256:aaaa", "IfNotPresent"),
            ("", "IfNotPresent"),
        ];
        for (image, policy) in cases {
            assert_eq!(pull_policy(image), policy, "{image}");
        }
    }

    #[test]
    fn a_template_gets_less_than_a_pod() {
        let limits = [("cpu".to_owned(), Quantity("1".to_owned()))].into();
        let resources = ResourceRequirements { limits: Some(limits), ..Default::default() };
        let container = Container { name: "c".to_owned(), resources: Some(resources), ..Container::default() };
        let template = PodSpec { containers: vec![container], ..PodSpec::default() };
        let (mut of_template, mut of_pod) = (template.clone(), template);
        spec(&mut of_template);
        pod(&mut of_pod);
        let requests = |spec: &PodSpec| spec.containers[0].resources.as_ref().and_then(|r| r.requests.clone());
        assert_eq!(requests(&of_template), None);
        assert_eq!(requests(&of_pod).map(|requests| requests.len()), Some(1));
        assert_eq!((of_template.enable_service_links, of_pod.enable_service_links), (None, Some(true)));
    }

    #[test]
    fn amounts_are_rounded_up_to_thousandths() {
        let text = |text: &str| Quantity(text.to_owned());
        let mut amounts =
            [("a".to_owned(), text("500u")), ("b".to_owned(), text("1500u")), ("c".to_owned(), text("2m"))].into();
        round_up(Some(&mut amounts));
        assert_eq!(amounts.values().map(|amount| amount.0.as_str()).collect::<Vec<_>>(), ["1m", "2m", "2m"]);
    }

    #[test]
    fn defaulting_twice_changes_nothing() {
        let volume = Volume { name: "v".to_owned(), ..Volume::default() };
        let mut once = PodSpec { volumes: Some(vec![volume]), host_network: Some(true), ..PodSpec::default() };
        pod(&mut once);
        let mut twice = once.clone();
        pod(&mut twice);
        assert_eq!(once, twice);
    }
}
