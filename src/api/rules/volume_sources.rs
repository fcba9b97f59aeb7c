//! Where volumes come from, as pods and `PersistentVolume`s say it: the sources that few use, and of volumes all.
//!
//! Upstream: `pkg/apis/core/validation/validation.go`, from `validateISCSIVolumeSource` to `validateCSIPersistentVolumeSource`.

use crate::api::check::{self, Errors};
use crate::api::names;
use crate::api::path::Path;
use crate::api::status::FieldError;
use crate::api::tree::At;

/// What each source must have, and the name that errors have for the source.
const REQUIRED: &[(&str, &str, &[&str])] = &[
    ("hostPath", "hostPath", &["path"]),
    ("gcePersistentDisk", "persistentDisk", &["pdName"]),
    ("awsElasticBlockStore", "awsElasticBlockStore", &["volumeID"]),
    ("glusterfs", "glusterfs", &["endpoints", "path"]),
    ("nfs", "nfs", &["server", "path"]),
    ("rbd", "rbd", &["monitors", "image"]),
    ("cephfs", "cephfs", &["monitors"]),
    ("iscsi", "iscsi", &["targetPortal"]),
    ("cinder", "cinder", &["volumeID"]),
    ("flexVolume", "flexVolume", &["driver"]),
    ("azureFile", "azureFile", &["secretName", "shareName"]),
    ("vsphereVolume", "vsphereVolume", &["volumePath"]),
    ("photonPersistentDisk", "photonPersistentDisk", &["pdID"]),
    ("portworxVolume", "portworxVolume", &["volumeID"]),
    ("azureDisk", "azureDisk", &["diskName", "diskURI"]),
    ("scaleIO", "scaleIO", &["gateway", "system", "volumeName"]),
    ("local", "local", &["path"]),
];

/// All errors of the source of this name. `volume`: the map that it stands in; `persistent`: the name of the
/// `PersistentVolume` whose it is, if it is one's.
pub fn check(out: &mut Errors, volume: &At, name: &str, persistent: Option<&str>) {
    let (shown, required) = REQUIRED
        .iter()
        .find(|(known, ..)| *known == name)
        .map_or((name, &[][..]), |(_, shown, fields)| (*shown, *fields));
    let path = volume.path.field(shown);
    let source = At::new(volume.value.get(name), path);
    for field in required {
        let at = source.field(field);
        out.extend(at.is_empty().then(|| at.required("")));
    }
    match name {
        "hostPath" | "local" => host_path(out, &source),
        "gcePersistentDisk" | "awsElasticBlockStore" => {
            within(out, &source.field("partition"), 0..=255, names::out_of_range(1, 255));
        }
        "glusterfs" if persistent.is_some() => endpoints_namespace(out, &source.field("endpointsNamespace")),
        "nfs" if !source.field("path").text().starts_with('/') => {
            out.push(source.field("path").invalid("must be an absolute path"));
        }
        "quobyte" => quobyte(out, &source),
        "iscsi" => iscsi(out, &source, volume, persistent),
        "cinder" | "storageos" => {
            if name == "storageos" {
                storage_os(out, &source);
            }
            secret(out, &source.field("secretRef"), persistent.is_some());
        }
        "fc" => fibre_channel(out, &source),
        "flexVolume" => flex_options(out, &source.field("options")),
        "flocker" => flocker(out, &source),
        "azureFile" if persistent.is_some() => {
            let namespace = source.field("secretNamespace");
            out.extend((namespace.given() && namespace.is_empty()).then(|| namespace.required("")));
        }
        "azureDisk" => azure_disk(out, &source),
        "csi" => csi(out, &source),
        _ => {}
    }
}

fn within(out: &mut Errors, at: &At, range: std::ops::RangeInclusive<i64>, detail: String) {
    if !range.contains(&at.number()) {
        out.push(at.invalid(detail));
    }
}

fn host_path(out: &mut Errors, source: &At) {
    let place = source.field("path");
    if place.is_empty() {
        return;
    }
    check::no_backsteps(out, &place.path, place.text());
    let known = ["", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"];
    let sort = source.field("type");
    if !known.contains(&sort.text()) {
        out.push(sort.not_supported(&known));
    }
}

fn endpoints_namespace(out: &mut Errors, at: &At) {
    if at.given() && at.is_empty() {
        out.push(at.invalid("if the endpointnamespace is set, it must be a valid namespace name"));
    } else if at.given() {
        at.complain(out, names::dns1123_label(at.text()));
    }
}

fn quobyte(out: &mut Errors, source: &At) {
    let detail = "must be a host:port pair or multiple pairs separated by commas";
    let registry = source.field("registry");
    let is_pair = |pair: &&str| pair.rsplit_once(':').is_some_and(|(host, _)| !host.contains(':'));
    if registry.is_empty() {
        out.push(registry.required(detail));
    } else if source.field("tenant").len() >= 65 {
        let detail = "must be a UUID and may not exceed a length of 64 characters";
        out.push(source.field("tenant").required(detail));
    } else {
        let bad = registry.text().split(',').filter(|pair| !is_pair(pair)).count();
        (0..bad).for_each(|_| out.push(registry.invalid(detail)));
    }
    let volume = source.field("volume");
    out.extend(volume.is_empty().then(|| volume.required("")));
}

/// Upstream: `validateISCSIVolumeSource`, `validateISCSIPersistentVolumeSource`.
fn iscsi(out: &mut Errors, source: &At, volume: &At, persistent: Option<&str>) {
    let portal = source.field("targetPortal");
    let name = persistent.unwrap_or_else(|| volume.field("name").text());
    let initiator = source.field("initiatorName");
    let long = "Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is \
                specified.";
    let too_long = initiator.given() && name.len() + 1 + portal.len() > 64;
    if too_long && persistent.is_some() {
        out.push(FieldError::invalid(source.path.field("targetportal"), portal.text(), long));
    }
    let begins = if persistent.is_some() { "must be valid format" } else { BEGINS };
    let iqn = source.field("iqn");
    if iqn.is_empty() {
        out.push(iqn.required(""));
    } else {
        qualified(out, &iqn.path, iqn.text(), begins);
    }
    within(out, &source.field("lun"), 0..=255, names::out_of_range(0, 255));
    let chap = source.field("chapAuthDiscovery").flag() || source.field("chapAuthSession").flag();
    let reference = source.field("secretRef");
    if chap && !reference.given() {
        out.push(reference.required(""));
    }
    if persistent.is_some() {
        secret(out, &reference, false);
    }
    if initiator.given() {
        qualified(out, &source.path.field("initiatorname"), initiator.text(), begins);
    }
    if too_long && persistent.is_none() {
        out.push(FieldError::invalid(volume.path.field("name"), name, long));
    }
}

const BEGINS: &str = "must be valid format starting with iqn, eui, or naa";

/// A name such as `iqn.2015-02.example.com:test`.
fn qualified(out: &mut Errors, path: &Path, name: &str, begins: &str) {
    let alphanumeric =
        |text: &str, count: usize| text.len() == count && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let fits = if let Some(rest) = name.strip_prefix("iqn") {
        is_iqn(rest)
    } else if let Some(rest) = name.strip_prefix("eui") {
        rest.get(1..).is_some_and(|rest| alphanumeric(rest, 16))
    } else if let Some(rest) = name.strip_prefix("naa") {
        rest.get(1..).is_some_and(|rest| alphanumeric(rest, 32))
    } else {
        out.push(FieldError::invalid(path, name, begins));
        return;
    };
    if !fits {
        out.push(FieldError::invalid(path, name, "must be valid format"));
    }
}

/// `.YYYY-MM.authority:anything`.
fn is_iqn(rest: &str) -> bool {
    let Some((authority, unit)) = rest.split_once(':') else { return false };
    let bytes = authority.as_bytes();
    let dated = bytes.len() > 9
        && bytes[0] == b'.'
        && bytes[1..5].iter().chain(&bytes[6..8]).all(u8::is_ascii_digit)
        && (bytes[5], bytes[8]) == (b'-', b'.');
    let named = bytes.get(9..).unwrap_or_default();
    dated
        && named.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(byte))
        && !unit.is_empty()
        && !unit.contains(|letter: char| letter.is_whitespace() || ",;*&$|".contains(letter))
}

fn secret(out: &mut Errors, reference: &At, with_namespace: bool) {
    let fields: &[&str] = if with_namespace { &["name", "namespace"] } else { &["name"] };
    for field in fields.iter().filter(|_| reference.given()) {
        let at = reference.field(field);
        out.extend(at.is_empty().then(|| at.required("")));
    }
}

fn fibre_channel(out: &mut Errors, source: &At) {
    let (names_given, ids) = (source.field("targetWWNs"), source.field("wwids"));
    match (names_given.is_empty(), ids.is_empty()) {
        (true, true) => out.push(names_given.required("must specify either targetWWNs or wwids, but not both")),
        (false, false) => out.push(names_given.invalid("targetWWNs and wwids can not be specified simultaneously")),
        _ => {}
    }
    let lun = source.field("lun");
    if !names_given.is_empty() && !lun.given() {
        out.push(lun.required("lun is required if targetWWNs is specified"));
    } else if !names_given.is_empty() {
        within(out, &lun, 0..=255, names::out_of_range(0, 255));
    }
}

fn flex_options(out: &mut Errors, options: &At) {
    for (key, at) in options.entries() {
        let namespace = format!(".{}", key.split('/').next().unwrap_or(key).to_ascii_lowercase());
        if namespace.ends_with(".kubernetes.io") || namespace.ends_with(".k8s.io") {
            out.push(FieldError::invalid(at.path, key, "kubernetes.io and k8s.io namespaces are reserved"));
        }
    }
}

fn flocker(out: &mut Errors, source: &At) {
    let (name, id) = (source.field("datasetName"), source.field("datasetUUID"));
    match (name.is_empty(), id.is_empty()) {
        (true, true) => out.push(source.required("one of datasetName and datasetUUID is required")),
        (false, false) => {
            let detail = "datasetName and datasetUUID can not be specified simultaneously";
            out.push(FieldError::invalid(source.path, "resource", detail));
        }
        _ => {}
    }
    if name.text().contains('/') {
        out.push(name.invalid("must not contain '/'"));
    }
}

fn azure_disk(out: &mut Errors, source: &At) {
    let known: [(&str, &[&str]); 2] =
        [("cachingMode", &["None", "ReadOnly", "ReadWrite"]), ("kind", &["Dedicated", "Managed", "Shared"])];
    for (field, known) in known {
        let at = source.field(field);
        if at.given() && !known.contains(&at.text()) {
            out.push(at.not_supported(known));
        }
    }
    let place = source.field("diskURI");
    let form = match source.field("kind").text() {
        "" => return,
        "Managed" if place.text().starts_with("/subscriptions/") => return,
        "Managed" => "/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}",
        _ if place.text().starts_with("https://") => return,
        _ => "https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd",
    };
    out.push(place.not_supported(&[form]));
}

fn storage_os(out: &mut Errors, source: &At) {
    let name = source.field("volumeName");
    if name.is_empty() {
        out.push(name.required(""));
    } else {
        name.complain(out, names::dns1123_label(name.text()));
    }
    let namespace = source.field("volumeNamespace");
    if !namespace.is_empty() {
        namespace.complain(out, names::dns1123_label(namespace.text()));
    }
}

/// Upstream: `validateCSIPersistentVolumeSource`.
fn csi(out: &mut Errors, source: &At) {
    driver_name(out, &source.field("driver"));
    let handle = source.field("volumeHandle");
    out.extend(handle.is_empty().then(|| handle.required("")));
    let secrets =
        ["controllerPublishSecretRef", "controllerExpandSecretRef", "nodePublishSecretRef", "nodeExpandSecretRef"];
    for reference in secrets {
        let reference = source.field(reference);
        if !reference.given() {
            continue;
        }
        for field in ["name", "namespace"] {
            let at = reference.field(field);
            if at.is_empty() {
                out.push(at.required(""));
            } else if field == "name" {
                at.complain(out, names::dns1123_subdomain(at.text()));
            } else {
                at.complain(out, names::dns1123_label(at.text()));
            }
        }
    }
}

/// Upstream: `ValidateCSIDriverName`.
fn driver_name(out: &mut Errors, driver: &At) {
    if driver.is_empty() {
        out.push(driver.required(""));
    }
    if driver.len() > names::LABEL_MAX {
        out.push(FieldError::too_long(driver.path, names::LABEL_MAX));
    }
    driver.complain(out, names::dns1123_subdomain(&driver.text().to_ascii_lowercase()));
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn said(name: &str, source: &Value, persistent: Option<&str>) -> Vec<String> {
        let volume = json!({"name": "v", name: source});
        let mut out = Vec::new();
        check(&mut out, &At::new(Some(&volume), Path::new("v")), name, persistent);
        out.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn each_source_says_what_it_lacks() {
        assert_eq!(said("rbd", &json!({}), None), ["v.rbd.monitors: Required value", "v.rbd.image: Required value"]);
        assert_eq!(said("gcePersistentDisk", &json!({"partition": 256}), None).len(), 2);
        assert_eq!(
            said("nfs", &json!({"server": "s", "path": "x"}), None),
            ["v.nfs.path: Invalid value: \"x\": must be an absolute path"]
        );
        assert_eq!(
            said("cinder", &json!({"volumeID": "i", "secretRef": {"name": "s"}}), Some("p")),
            ["v.cinder.secretRef.namespace: Required value"]
        );
        assert_eq!(
            said("flexVolume", &json!({"driver": "a/b", "options": {"a.K8s.io/x": "1", "k8s.iox": "2"}}), None),
            [
                "v.flexVolume.options[a.K8s.io/x]: Invalid value: \"a.K8s.io/x\": kubernetes.io and k8s.io namespaces are \
             reserved"
            ]
        );
        assert_eq!(
            said("fc", &json!({"targetWWNs": ["1"]}), None),
            ["v.fc.lun: Required value: lun is required if targetWWNs is specified"]
        );
        assert_eq!(said("hostPath", &json!({"path": "/a/../b", "type": "Folder"}), None).len(), 2);
        assert_eq!(
            said("csi", &json!({"driver": "D.x", "volumeHandle": "h", "nodePublishSecretRef": {}}), Some("p")),
            ["v.csi.nodePublishSecretRef.name: Required value", "v.csi.nodePublishSecretRef.namespace: Required value",]
        );
    }

    #[test]
    fn disks_of_a_storage_network_have_qualified_names() {
        let disk = |iqn: &str| said("iscsi", &json!({"targetPortal": "10.0.0.1:3260", "iqn": iqn, "lun": 0}), None);
        for good in ["iqn.2015-02.example.com:test", "eui.0123456789abcdef"] {
            assert_eq!(disk(good), [""; 0], "{good}");
        }
        assert_eq!(
            disk("iqn.2015-02.example.com"),
            ["v.iscsi.iqn: Invalid value: \"iqn.2015-02.example.com\": must be valid format"]
        );
        assert_eq!(disk("x"), [format!("v.iscsi.iqn: Invalid value: \"x\": {BEGINS}")]);
    }
}
