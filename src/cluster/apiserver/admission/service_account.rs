//! `ServiceAccount`: every pod runs as somebody, and finds a token for the API server mounted
//! (upstream: `plugin/pkg/admission/serviceaccount/admission.go`).

use super::{Attributes, Plugin, account_secrets, attempted};
use crate::api::kinds::pod::{Pod, TOKEN_VOLUME};
use crate::api::kinds::service_account::KIND;
use crate::api::object::{Key, Object};
use crate::api::{Status, meta};
use k8s_openapi::api::core::v1::{
    ConfigMapProjection, Container, DownwardAPIProjection, DownwardAPIVolumeFile, KeyToPath, ObjectFieldSelector,
    PodSpec, ProjectedVolumeSource, ServiceAccountTokenProjection, Volume, VolumeMount, VolumeProjection,
};
use std::rc::Rc;

/// The plugin.
pub const PLUGIN: Plugin = Plugin { mutate, ..Plugin::named("ServiceAccount") };

const MOUNT_PATH: &str = "/var/run/secrets/kubernetes.io/serviceaccount";
/// An hour and seven seconds: the recognisable lifetime of tokens that are mounted by default.
const TOKEN_SECONDS: i64 = 3607;
const MIRROR: &str = "kubernetes.io/config.mirror";

fn mutate(request: &mut Attributes, object: &mut Object) -> Result<(), Status> {
    if !request.creates("Pod") {
        return Ok(());
    }
    let (kind, name) = (object.kind(), attempted(object).to_owned());
    let namespace = object.namespace().to_owned();
    let Some(pod) = object.get_mut::<Pod>() else { return Ok(()) };
    let mirror = pod.metadata.annotations.as_ref().is_some_and(|annotations| annotations.contains_key(MIRROR));
    if mirror {
        // The kubelet has started it already: it may only not reach for anybody's rights.
        return account_secrets::of_mirror(&pod.spec).map_or(Ok(()), |text| Err(Status::forbidden(kind, &name, text)));
    }
    let spec = Rc::make_mut(&mut pod.spec);
    let given = [&spec.service_account_name, &spec.service_account].into_iter().flatten().find(|name| !name.is_empty());
    let account_name = given.cloned().unwrap_or_else(|| "default".to_owned());
    let found = request.review.cache.get(&KIND, &Key::new(&namespace, &account_name));
    let Some(account) = found.and_then(Object::document) else {
        // The account of a new namespace is on its way.
        request.review.wait = account_name == "default";
        let text = format!(
            "error looking up service account {namespace}/{account_name}: serviceaccount \"{account_name}\" not found"
        );
        return Err(Status::forbidden(kind, &name, &text));
    };
    spec.service_account_name = Some(account_name.clone());
    spec.service_account = Some(account_name.clone());
    let wanted = spec
        .automount_service_account_token
        .or_else(|| account.at("automountServiceAccountToken")?.as_bool())
        .unwrap_or(true);
    if wanted && mount(spec) && pod.token_suffix.is_none() {
        pod.token_suffix = Some(meta::suffix(request.review.rng, 5).into());
    }
    if spec.image_pull_secrets.as_ref().is_none_or(Vec::is_empty) {
        spec.image_pull_secrets = account.part("imagePullSecrets");
    }
    let enforces = found.is_some_and(account_secrets::enforces);
    let refusal = enforces.then(|| account_secrets::not_of_account(spec, &account_name, account)).flatten();
    refusal.map_or(Ok(()), |text| Err(Status::forbidden(kind, &name, &text)))
}

/// Mounts the token into every container that has nothing at its path. Whether there now is a volume of ours.
fn mount(spec: &mut PodSpec) -> bool {
    let volumes = spec.volumes.as_deref().unwrap_or_default();
    let present = volumes.iter().any(|volume| volume.name.starts_with(TOKEN_VOLUME));
    let containers = spec.init_containers.iter_mut().flatten().chain(&mut spec.containers);
    let mut mounted = false;
    for container in containers.filter(|container| !has_mount(container)) {
        container.volume_mounts.get_or_insert_default().push(VolumeMount {
            name: TOKEN_VOLUME.to_owned(),
            read_only: Some(true),
            mount_path: MOUNT_PATH.to_owned(),
            ..VolumeMount::default()
        });
        mounted = true;
    }
    if mounted && !present {
        spec.volumes.get_or_insert_default().push(volume());
    }
    mounted
}

fn has_mount(container: &Container) -> bool {
    container.volume_mounts.iter().flatten().any(|mount| mount.mount_path == MOUNT_PATH)
}

/// A token that is renewed, the certificate of the cluster's authority, and the pod's namespace.
fn volume() -> Volume {
    let token = ServiceAccountTokenProjection {
        expiration_seconds: Some(TOKEN_SECONDS),
        path: "token".to_owned(),
        ..ServiceAccountTokenProjection::default()
    };
    let certificate = ConfigMapProjection {
        name: "kube-root-ca.crt".to_owned(),
        items: Some(vec![KeyToPath { key: "ca.crt".to_owned(), path: "ca.crt".to_owned(), mode: None }]),
        ..ConfigMapProjection::default()
    };
    let field = ObjectFieldSelector { api_version: Some("v1".to_owned()), field_path: "metadata.namespace".to_owned() };
    let namespace = DownwardAPIVolumeFile {
        path: "namespace".to_owned(),
        field_ref: Some(field),
        ..DownwardAPIVolumeFile::default()
    };
    let downward = DownwardAPIProjection { items: Some(vec![namespace]) };
    let sources = vec![
        VolumeProjection { service_account_token: Some(token), ..VolumeProjection::default() },
        VolumeProjection { config_map: Some(certificate), ..VolumeProjection::default() },
        VolumeProjection { downward_api: Some(downward), ..VolumeProjection::default() },
    ];
    Volume {
        name: TOKEN_VOLUME.to_owned(),
        projected: Some(ProjectedVolumeSource { default_mode: Some(0o644), sources: Some(sources) }),
        ..Volume::default()
    }
}
