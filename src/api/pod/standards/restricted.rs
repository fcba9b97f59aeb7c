//! The checks that `restricted` adds.

use super::{Look, Violation, baseline, named, plural, quoted, set, setters};
use k8s_openapi::api::core::v1::Volume;

pub(super) fn privilege_escalation(look: &Look) -> Option<Violation> {
    if look.minor < 8 || (look.minor >= 25 && look.on_windows()) {
        return None;
    }
    let bad: Vec<&str> = look
        .contexts()
        .filter(|(_, context)| context.and_then(|context| context.allow_privilege_escalation) != Some(false))
        .map(|(name, _)| name)
        .collect();
    if bad.is_empty() {
        return None;
    }
    let detail = format!("{} must set securityContext.allowPrivilegeEscalation=false", named("container", &bad));
    Some(Violation::new("allowPrivilegeEscalation != false", detail))
}

pub(super) fn capabilities(look: &Look) -> Option<Violation> {
    if look.minor < 22 || (look.minor >= 25 && look.on_windows()) {
        return None;
    }
    let (mut keeps, mut adds, mut names) = (Vec::new(), Vec::new(), Vec::new());
    for (name, context) in look.contexts() {
        let own = context.and_then(|context| context.capabilities.as_ref());
        let dropped = own.and_then(|own| own.drop.as_ref()).into_iter().flatten().any(|name| name == "ALL");
        if !dropped {
            keeps.push(name);
        }
        let added = own.and_then(|own| own.add.as_ref()).into_iter().flatten();
        let before = names.len();
        names.extend(added.map(String::as_str).filter(|name| *name != "NET_BIND_SERVICE"));
        if names.len() > before {
            adds.push(name);
        }
    }
    let mut details = Vec::new();
    if !keeps.is_empty() {
        details.push(format!("{} must set securityContext.capabilities.drop=[\"ALL\"]", named("container", &keeps)));
    }
    if !adds.is_empty() {
        let (who, names) = (named("container", &adds), quoted(set(names)));
        details.push(format!("{who} must not include {names} in securityContext.capabilities.add"));
    }
    if details.is_empty() { None } else { Some(Violation::new("unrestricted capabilities", details.join("; "))) }
}

/// The sort of a volume that may not be used.
fn restricted_sort(volume: &Volume) -> Option<&'static str> {
    let allowed = volume.config_map.is_some()
        || volume.csi.is_some()
        || volume.downward_api.is_some()
        || volume.empty_dir.is_some()
        || volume.ephemeral.is_some()
        || volume.persistent_volume_claim.is_some()
        || volume.projected.is_some()
        || volume.secret.is_some();
    let sorts = [
        (volume.host_path.is_some(), "hostPath"),
        (volume.gce_persistent_disk.is_some(), "gcePersistentDisk"),
        (volume.aws_elastic_block_store.is_some(), "awsElasticBlockStore"),
        (volume.git_repo.is_some(), "gitRepo"),
        (volume.nfs.is_some(), "nfs"),
        (volume.iscsi.is_some(), "iscsi"),
        (volume.glusterfs.is_some(), "glusterfs"),
        (volume.rbd.is_some(), "rbd"),
        (volume.flex_volume.is_some(), "flexVolume"),
        (volume.cinder.is_some(), "cinder"),
        (volume.cephfs.is_some(), "cephfs"),
        (volume.flocker.is_some(), "flocker"),
        (volume.fc.is_some(), "fc"),
        (volume.azure_file.is_some(), "azureFile"),
        (volume.vsphere_volume.is_some(), "vsphereVolume"),
        (volume.quobyte.is_some(), "quobyte"),
        (volume.azure_disk.is_some(), "azureDisk"),
        (volume.portworx_volume.is_some(), "portworxVolume"),
        (volume.photon_persistent_disk.is_some(), "photonPersistentDisk"),
        (volume.scale_io.is_some(), "scaleIO"),
        (volume.storageos.is_some(), "storageos"),
    ];
    let sort = sorts.iter().find(|(used, _)| *used).map_or("unknown", |(_, sort)| sort);
    (!allowed).then_some(sort)
}

pub(super) fn volumes(look: &Look) -> Option<Violation> {
    let all = look.spec.volumes.iter().flatten();
    let bad: Vec<(&str, &str)> =
        all.filter_map(|volume| Some((volume.name.as_str(), restricted_sort(volume)?))).collect();
    if bad.is_empty() {
        return None;
    }
    let names: Vec<&str> = bad.iter().map(|(name, _)| *name).collect();
    let sorts = set(bad.iter().map(|(_, sort)| *sort));
    let verb = if bad.len() == 1 { "uses" } else { "use" };
    let (plural, shown) = (plural(sorts.len()), quoted(sorts.iter().copied()));
    let detail = format!("{} {verb} restricted volume type{plural} {shown}", named("volume", &names));
    Some(Violation::new("restricted volume types", detail))
}

pub(super) fn run_as_non_root(look: &Look) -> Option<Violation> {
    const REASON: &str = "runAsNonRoot != true";
    if look.has_own_users() {
        return None;
    }
    let own = look.spec.security_context.as_ref().and_then(|context| context.run_as_non_root);
    let bad = look.those(&|context| context.run_as_non_root == Some(false));
    let who = setters(own == Some(false), &bad);
    if !who.is_empty() {
        return Some(Violation::new(REASON, format!("{who} must not set securityContext.runAsNonRoot=false")));
    }
    let silent = look.contexts().filter(|(_, context)| context.is_none_or(|context| context.run_as_non_root.is_none()));
    let silent: Vec<&str> = silent.map(|(name, _)| name).collect();
    if own == Some(true) || silent.is_empty() {
        return None;
    }
    let detail = format!("pod or {} must set securityContext.runAsNonRoot=true", named("container", &silent));
    Some(Violation::new(REASON, detail))
}

pub(super) fn run_as_user(look: &Look) -> Option<Violation> {
    let own = look.spec.security_context.as_ref().and_then(|context| context.run_as_user) == Some(0);
    let who = setters(own, &look.those(&|context| context.run_as_user == Some(0)));
    if who.is_empty() || look.minor < 23 || look.has_own_users() {
        return None;
    }
    Some(Violation::new("runAsUser=0", format!("{who} must not set runAsUser=0")))
}

pub(super) fn seccomp(look: &Look) -> Option<Violation> {
    if look.minor < 19 || (look.minor >= 25 && look.on_windows()) {
        return None;
    }
    if let Some(violation) = baseline::seccomp(look) {
        return Some(violation);
    }
    let own = look.spec.security_context.as_ref().and_then(|context| context.seccomp_profile.as_ref());
    let silent = look.contexts().filter(|(_, context)| context.is_none_or(|context| context.seccomp_profile.is_none()));
    let silent: Vec<&str> = silent.map(|(name, _)| name).collect();
    if own.is_some() || silent.is_empty() {
        return None;
    }
    let detail = format!(
        "pod or {} must set securityContext.seccompProfile.type to \"RuntimeDefault\" or \"Localhost\"",
        named("container", &silent)
    );
    Some(Violation::new("seccompProfile", detail))
}
