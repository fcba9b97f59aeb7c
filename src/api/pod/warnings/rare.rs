//! What few pods are warned of.

use super::super::super::path::Path;
use super::super::super::quantity::Quantity;
use crate::api::kinds::{persistent_volume_claim as claims, serialize};
use crate::api::service::warnings::ip_warning;
use crate::api::tree::At;
use k8s_openapi::api::core::v1::{ContainerPort, KeyToPath, PodSpec, ProjectedVolumeSource, Volume};

/// Files of one volume of which one hides another, and what a claim for the volume is warned of.
pub fn volume(out: &mut Vec<String>, path: &Path, volume: &Volume) {
    let mut files = Vec::new();
    let mut owner = String::new();
    if let Some(map) = &volume.config_map {
        owner = format!("ConfigMap {:?}", map.name);
        keys(&mut files, "", map.items.as_deref());
    } else if let Some(secret) = &volume.secret {
        owner = format!("Secret {:?}", secret.secret_name.as_deref().unwrap_or_default());
        keys(&mut files, "", secret.items.as_deref());
    } else if let Some(downward) = &volume.downward_api {
        "DownwardAPI".clone_into(&mut owner);
        files.extend(downward.items.iter().flatten().map(|file| (file.path.clone(), String::new())));
    } else if let Some(projected) = &volume.projected {
        "Projected".clone_into(&mut owner);
        projections(out, &mut files, &volume.name, projected);
    }
    for (index, (path, source)) in files.iter().enumerate() {
        for (other, of) in files[..index].iter().filter(|(other, _)| overlap(path, other)) {
            let name = &volume.name;
            out.push(format!("volume {name:?} ({owner}): overlapping paths: {path:?}{source} with {other:?}{of}"));
        }
    }
    if let Some(template) = volume.ephemeral.as_ref().and_then(|source| source.volume_claim_template.as_ref()) {
        let spec = serialize(&template.spec);
        let path = path.field("ephemeral.volumeClaimTemplate.spec");
        out.extend(claims::fractions(&At::new(Some(&spec), path), &path));
    }
}

/// Paths of files, each with what comes behind it in a text.
type Files = Vec<(String, String)>;

fn keys(files: &mut Files, source: &str, items: Option<&[KeyToPath]>) {
    files.extend(items.into_iter().flatten().map(|item| (item.path.clone(), source.to_owned())));
}

fn projections(out: &mut Vec<String>, files: &mut Files, name: &str, projected: &ProjectedVolumeSource) {
    for source in projected.sources.iter().flatten() {
        if let Some(map) = &source.config_map {
            keys(files, &format!(" (ConfigMap {:?})", map.name), map.items.as_deref());
        } else if let Some(secret) = &source.secret {
            keys(files, &format!(" (Secret {:?})", secret.name), secret.items.as_deref());
        } else if let Some(downward) = &source.downward_api {
            let of = " (DownwardAPI)";
            files.extend(downward.items.iter().flatten().map(|file| (file.path.clone(), of.to_owned())));
        } else if let Some(token) = &source.service_account_token {
            files.push((token.path.clone(), " (ServiceAccountToken)".to_owned()));
        } else if let Some(bundle) = &source.cluster_trust_bundle {
            let name = bundle.name.as_ref().or(bundle.signer_name.as_ref()).cloned().unwrap_or_default();
            files.push((bundle.path.clone(), format!(" (ClusterTrustBundle {name:?})")));
        } else if source.pod_certificate.is_none() {
            out.push(format!("volume {name:?} (Projected) has no sources provided"));
        }
    }
}

/// Whether two paths are the same, or one is a directory in the other's way (upstream: `checkForOverlap`).
fn overlap(a: &str, b: &str) -> bool {
    let (short, long) = [a, b].map(|path| path.trim_end_matches('/')).into();
    let within = |outer: &str, inner: &str| {
        !outer.is_empty() && inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    a == b || within(short, long) || within(long, short)
}

/// An address of the host for a port that is none of the host's.
#[must_use]
pub fn host_ip(path: &Path, port: &ContainerPort) -> String {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    format!(
        "{path}: hostIP set without hostPort: {{Name:{} HostPort:0 ContainerPort:{} Protocol:{} HostIP:{}}}",
        text(&port.name),
        port.container_port,
        text(&port.protocol),
        text(&port.host_ip)
    )
}

/// Addresses in forms that newer servers refuse, and parts of bytes; `path` is that of the spec.
pub fn spec(out: &mut Vec<String>, path: &Path, spec: &PodSpec) {
    let servers = spec.dns_config.iter().flat_map(|config| config.nameservers.iter().flatten());
    let list = path.field("dnsConfig.nameservers");
    for (index, server) in servers.enumerate() {
        out.extend(ip_warning(&list.index(index), server));
    }
    let list = path.field("hostAliases");
    for (index, alias) in spec.host_aliases.iter().flatten().enumerate() {
        out.extend(ip_warning(&list.index(index).field("ip"), &alias.ip));
    }
    for name in ["memory", "ephemeral-storage"] {
        let amount = spec.overhead.as_ref().and_then(|overhead| Quantity::try_from(overhead.get(name)?).ok());
        if let Some(amount) = amount.filter(|amount| amount.milli_value() % 1000 != 0) {
            let path = path.field("overhead");
            out.push(format!("{}: fractional byte value \"{amount}\" is invalid, must be an integer", path.key(name)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn said(value: &Value) -> Vec<String> {
        let found: Volume = crate::api::json::decode_part(value).expect("a volume");
        let mut out = Vec::new();
        volume(&mut out, &Path::new("spec.volumes[0]"), &found);
        out
    }

    #[test]
    fn files_must_not_hide_each_other() {
        let items = |paths: &[&str]| -> Value { paths.iter().map(|path| json!({"key": "k", "path": path})).collect() };
        assert_eq!(
            said(&json!({"name": "v", "configMap": {"name": "m", "items": items(&["a/b", "c", "a"])}})),
            ["volume \"v\" (ConfigMap \"m\"): overlapping paths: \"a\" with \"a/b\""]
        );
        assert_eq!(said(&json!({"name": "v", "secret": {"secretName": "s", "items": items(&["ab", "a"])}})), [""; 0]);
        let sources =
            json!([{"serviceAccountToken": {"path": "t"}}, {"secret": {"name": "s", "items": items(&["t/x"])}}, {}]);
        assert_eq!(
            said(&json!({"name": "v", "projected": {"sources": sources}})),
            [
                "volume \"v\" (Projected) has no sources provided",
                "volume \"v\" (Projected): overlapping paths: \"t/x\" (Secret \"s\") with \"t\" (ServiceAccountToken)",
            ]
        );
    }

    #[test]
    fn paths_overlap_by_whole_names() {
        for (a, b, expected) in
            [("a", "a/", true), ("a", "ab", false), ("", "a", false), ("", "", true), ("a/b", "a", true)]
        {
            assert_eq!(overlap(a, b), expected, "{a} {b}");
        }
    }

    #[test]
    fn addresses_have_one_form() {
        let found = json!({"containers": [], "dnsConfig": {"nameservers": ["1.2.3.4", "05.06.07.08"]},
            "hostAliases": [{"ip": "::ffff:1.2.3.4"}], "overhead": {"memory": "1500m"}});
        let found: PodSpec = crate::api::json::decode_part(&found).expect("a spec");
        let mut out = Vec::new();
        spec(&mut out, &Path::new("spec"), &found);
        let begins =
            ["spec.dnsConfig.nameservers[1]: non-standard IP address \"05", "spec.hostAliases[0].ip: non", "spec.over"];
        assert_eq!(out.len(), 3);
        assert!(out.iter().zip(begins).all(|(text, begin)| text.starts_with(begin)), "{out:?}");
    }
}
