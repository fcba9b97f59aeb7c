//! What came of the recordings by area and kind: the numbers of the fidelity page.
//!
//! `make fidelity` writes them (`bottle verify PATHS --report assets/fidelity.json`); tests/recordings.rs compares the file with what
//! the recordings give, so that the page cannot say more than is so.

use crate::cluster::apiserver::ApiServer;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The version that was recorded.
const VERSION: &str = "v1.36.2";

/// Admission plugins that v1.36 enables by default (upstream: `kube-apiserver --help`, `--enable-admission-plugins`), and
/// `NodeRestriction`, which kubeadm adds.
const PLUGINS: &[&str] = &[
    "CertificateApproval",
    "CertificateSigning",
    "CertificateSubjectRestriction",
    "ClusterTrustBundleAttest",
    "DefaultIngressClass",
    "DefaultStorageClass",
    "DefaultTolerationSeconds",
    "JobValidation",
    "LimitRanger",
    "MutatingAdmissionPolicy",
    "MutatingAdmissionWebhook",
    "NamespaceLifecycle",
    "NodeDeclaredFeatureValidator",
    "NodeRestriction",
    "PersistentVolumeClaimResize",
    "PodGroupProtection",
    "PodGroupWorkloadExists",
    "PodResizeValidator",
    "PodSecurity",
    "PodTopologyLabels",
    "Priority",
    "ResourceQuota",
    "RuntimeClass",
    "ServiceAccount",
    "StorageObjectInUseProtection",
    "TaintNodesByCondition",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionWebhook",
];

/// How many cases passed, and of how many, by area and kind.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Account(BTreeMap<&'static str, BTreeMap<String, (usize, usize)>>);

impl Account {
    /// Counts a case.
    pub(super) fn count(&mut self, (area, kind): (&'static str, String), passed: bool) {
        let (good, all) = self.0.entry(area).or_default().entry(kind).or_default();
        *good += usize::from(passed);
        *all += 1;
    }

    /// By area and kind: how many passed, and of how many.
    pub fn rows(&self) -> impl Iterator<Item = (&'static str, &str, usize, usize)> {
        self.0
            .iter()
            .flat_map(|(area, kinds)| kinds.iter().map(|(kind, (good, all))| (*area, kind.as_str(), *good, *all)))
    }

    /// The page's data.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let (here, lacking): (Vec<&str>, Vec<&str>) =
            PLUGINS.iter().partition(|name| ApiServer::admission_plugins().any(|known| known == **name));
        let rows: Vec<Value> = self.rows().map(|(area, kind, good, all)| json!([area, kind, good, all])).collect();
        json!({"kubernetes": VERSION, "rows": rows, "admission": here, "admission_lacking": lacking})
    }
}

/// The area and the kind that a case of a recording is about.
pub(super) fn subject(value: &Value, case: &str) -> (&'static str, String) {
    if value["family"].is_string() {
        return ("controllers", value["family"].as_str().unwrap_or_default().to_owned());
    }
    let of_list = value.as_array().and_then(|cases| cases.iter().find(|one| one["name"] == case));
    let one = of_list.unwrap_or(value);
    if let Some(manifest) = one["manifest"].as_str() {
        return ("api", kind(manifest));
    }
    if one["items"].is_array() && one["steps"].is_array() {
        return ("scheduler", "sequences".to_owned());
    }
    if one["input"].is_object() {
        return ("scheduler", "cases".to_owned());
    }
    if case.starts_with("/api") {
        return ("discovery", "columns".to_owned());
    }
    ("discovery", "answers".to_owned())
}

/// The kind of a manifest's first document, if Kubernetes has it.
fn kind(manifest: &str) -> String {
    let named = manifest.lines().find_map(|line| {
        let line = line.trim().trim_matches(['{', '}', ',', ' ']);
        line.strip_prefix("kind:").or_else(|| line.strip_prefix("\"kind\":"))
    });
    let name = named.map(|name| name.trim().trim_matches(['"', '\'', ',']).to_owned()).unwrap_or_default();
    let is_built_in = crate::api::kinds::KINDS.iter().any(|known| known.kind == name);
    if is_built_in { name } else { "custom and unreadable".to_owned() }
}
