//! What objects with made-up names are called in the recordings.

use crate::api::Object;
use serde_json::Value;
use std::collections::BTreeMap;

/// Placeholders as in the recordings.
#[derive(Default)]
pub struct Names {
    pub real: BTreeMap<String, String>,
    pub replaced: BTreeMap<String, String>,
    counts: BTreeMap<String, usize>,
}

impl Names {
    /// Learns what an object is called in the recordings.
    pub fn learn(&mut self, object: &Object) {
        let owner = object.meta().owner_references.iter().flatten().find(|owner| owner.controller == Some(true));
        let kind = object.kind().kind;
        let base = |name: &str| self.replaced.get(name).cloned().unwrap_or_else(|| name.to_owned());
        let placeholder = match (kind, owner) {
            ("ReplicaSet", Some(owner)) => {
                let n = self.count(&format!("rs {}", owner.name));
                let name = format!("{}-<rs{n}>", owner.name);
                if let Some(hash) = object.meta().labels.as_ref().and_then(|labels| labels.get("pod-template-hash")) {
                    self.replaced.insert(hash.clone(), format!("<hash:{}-rs{n}>", owner.name));
                }
                name
            }
            ("Job", Some(owner))
                if owner.kind == "CronJob" && object.name().starts_with(&format!("{}-", owner.name)) =>
            {
                let n = self.count(&format!("cron {}", owner.name));
                format!("{}-<t{n}>", owner.name)
            }
            ("ControllerRevision", Some(owner)) => {
                let n = self.count(&format!("rev {}", owner.name));
                let hash = object.name().rsplit('-').next().unwrap_or_default();
                self.replaced.insert(hash.to_owned(), format!("<hash:{}-rev{n}>", owner.name));
                format!("{}-<rev{n}>", owner.name)
            }
            ("Pod", Some(owner)) if owner.kind == "DaemonSet" => {
                let spec = object.to_value();
                let required = "/spec/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution";
                let here = format!("{required}/nodeSelectorTerms/0/matchFields/0/values/0");
                let node = spec.pointer(&here).and_then(Value::as_str).unwrap_or_default();
                let n = self.count(&format!("ds {} {node}", owner.name));
                format!("{}-<{node}.{n}>", owner.name)
            }
            ("Pod", Some(owner)) if owner.kind == "StatefulSet" => object.name().to_owned(),
            ("Pod", Some(owner)) if object.meta().generate_name.is_some() => {
                // The pods of an Indexed Job are counted for each index.
                let prefix = object.meta().generate_name.as_deref().unwrap_or_default().trim_end_matches('-');
                let index = prefix.strip_prefix(&owner.name).filter(|_| owner.kind == "Job").unwrap_or_default();
                let base = base(&owner.name) + index;
                let n = self.count(&base);
                format!("{base}-<p{n}>")
            }
            ("EndpointSlice", Some(owner)) => {
                let n = self.count(&format!("es {}", owner.name));
                format!("{}-<es{n}>", owner.name)
            }
            ("Lease", _) if object.name().starts_with("apiserver-") => "apiserver-<id>".to_owned(),
            _ => object.name().to_owned(),
        };
        self.replaced.insert(object.uid().to_owned(), format!("<uid:{kind}/{placeholder}>"));
        if placeholder != object.name() {
            self.real.insert(placeholder.clone(), object.name().to_owned());
            self.replaced.insert(object.name().to_owned(), placeholder);
        }
    }

    fn count(&mut self, what: &str) -> usize {
        let n = self.counts.entry(what.to_owned()).or_default();
        *n += 1;
        *n
    }
}
