//! Whose rights a container's first process has: what the pod says, else what its image says.
//!
//! Upstream: `kubelet_pods.go` (`convertContainerStatusUser`), `kuberuntime/security_context.go`; containerd's `oci.WithUser`
//! and `WithAdditionalGIDs`, which put the group itself first and add those of the image's `/etc/group`. Left out:
//! `supplementalGroupsPolicy: Strict`, user namespaces; images that are not listed here run as root.

use crate::cluster::machine::Engine;
use crate::cluster::runtime::images::Name;
use crate::sim::Order;
use k8s_openapi::api::core::v1::{Container, ContainerUser, LinuxContainerUser, PodSpec};

/// `USER` of well-known images, and the groups that their `/etc/group` gives it: repository, user, group, further groups.
const USERS: &[(&str, i64, i64, &[i64])] = &[
    ("docker.io/bitnami/nginx", 1001, 0, &[]),
    ("docker.io/curlimages/curl", 100, 101, &[]),
    ("docker.io/library/alpine", 0, 0, &[1, 2, 3, 4, 6, 10, 11, 20, 26, 27]),
    ("docker.io/library/bash", 0, 0, &[1, 2, 3, 4, 6, 10, 11, 20, 26, 27]),
    ("docker.io/library/busybox", 0, 0, &[10]),
    ("docker.io/nginxinc/nginx-unprivileged", 101, 101, &[]),
    ("docker.io/rancher/mirrored-pause", 65535, 65535, &[]),
    ("registry.k8s.io/coredns/coredns", 65532, 65532, &[]),
    ("registry.k8s.io/e2e-test-images/busybox", 0, 0, &[10]),
    ("registry.k8s.io/metrics-server/metrics-server", 65534, 65534, &[]),
    ("registry.k8s.io/pause", 65535, 65535, &[]),
    ("registry.k8s.io/prometheus-adapter/prometheus-adapter", 65534, 65534, &[]),
];

/// Whose rights a container that was created has; cri-dockerd does not tell.
pub fn of(spec: &PodSpec, container: &Container, engine: Engine) -> Option<ContainerUser> {
    if engine == Engine::CriDockerd {
        return None;
    }
    let (pod, own) = (spec.security_context.as_ref(), container.security_context.as_ref());
    let name = container.image.as_deref().and_then(Name::parse);
    let image = name.and_then(|name| USERS.iter().find(|(known, ..)| *known == name.repository));
    let wanted = own.and_then(|own| own.run_as_user).or_else(|| pod.and_then(|pod| pod.run_as_user));
    // Another user than the image's is one that its `/etc/passwd` does not know.
    let image = image.filter(|image| wanted.is_none_or(|wanted| wanted == image.1));
    let (uid, gid, further) = image.map_or((0, 0, &[][..]), |(_, uid, gid, further)| (*uid, *gid, *further));
    let given = own.and_then(|own| own.run_as_group).or_else(|| pod.and_then(|pod| pod.run_as_group));
    let gid = given.unwrap_or(gid);
    let mut groups = vec![gid];
    groups.extend(further);
    groups.extend(pod.and_then(|pod| pod.fs_group));
    groups.extend(pod.iter().flat_map(|pod| pod.supplemental_groups.iter().flatten()));
    groups.order();
    groups.dedup();
    let linux = LinuxContainerUser { gid, supplemental_groups: Some(groups), uid: wanted.unwrap_or(uid) };
    Some(ContainerUser { linux: Some(linux) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::json::decode_part;
    use serde_json::{Value, json};

    fn groups(image: &str, context: &Value, own: &Value) -> Option<(i64, i64, Vec<i64>)> {
        let spec =
            json!({"securityContext": context, "containers": [{"name": "c", "image": image, "securityContext": own}]});
        let spec: PodSpec = decode_part(&spec).expect("a spec");
        let linux = of(&spec, &spec.containers[0], Engine::Containerd)?.linux?;
        Some((linux.uid, linux.gid, linux.supplemental_groups.unwrap_or_default()))
    }

    #[test]
    fn images_have_users_and_pods_may_name_others() {
        let none = json!({});
        assert_eq!(groups("nginx", &none, &none), Some((0, 0, vec![0])));
        assert_eq!(groups("busybox:1.36", &none, &none), Some((0, 0, vec![0, 10])));
        assert_eq!(groups("registry.k8s.io/pause:3.10", &none, &none), Some((65535, 65535, vec![65535])));
        let context = json!({"runAsUser": 1000, "runAsGroup": 3000, "fsGroup": 2000, "supplementalGroups": [4000]});
        assert_eq!(groups("busybox", &context, &none), Some((1000, 3000, vec![2000, 3000, 4000])));
        assert_eq!(groups("nginx", &context, &json!({"runAsUser": 7})), Some((7, 3000, vec![2000, 3000, 4000])));
    }

    #[test]
    fn docker_does_not_tell() {
        let spec = PodSpec { containers: vec![Container::default()], ..PodSpec::default() };
        assert_eq!(of(&spec, &spec.containers[0], Engine::CriDockerd), None);
    }
}
