//! Two runs at one moment, side by side: which objects, placements and states differ.

use super::Objects;
use crate::api::kinds::KINDS;
use crate::api::kinds::pod::Pod;
use crate::api::object::{Object, Ref};
use crate::sim::{Sorted, SortedSet};

/// Kinds that differ in every run and tell nothing.
const NOISE: [&str; 4] = ["Event", "Lease", "EndpointSlice", "Endpoints"];

/// A difference: the object, and what is said of it here and there (empty: it is not there).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Difference {
    /// Which object.
    pub object: Ref,
    /// How it is in the shown run.
    pub here: String,
    /// How it is in the other one.
    pub there: String,
}

/// What differs between two runs, in the order of kinds and names.
#[must_use]
pub fn compare(here: &dyn Objects, there: &dyn Objects) -> Vec<Difference> {
    let mut found = Vec::new();
    for kind in KINDS.iter().filter(|kind| !NOISE.contains(&kind.kind)) {
        let all = |run: &dyn Objects| -> Sorted<Ref, String> {
            run.objects(kind).into_iter().map(|object| (object.reference(), told(object))).collect()
        };
        let (ours, theirs) = (all(here), all(there));
        let names: SortedSet<&Ref> = ours.keys().chain(theirs.keys()).collect();
        for name in names {
            let text = |run: &Sorted<Ref, String>| run.get(name).cloned().unwrap_or_default();
            let (here, there) = (text(&ours), text(&theirs));
            if here != there {
                found.push(Difference { object: name.clone(), here, there });
            }
        }
    }
    found
}

/// What tells two versions of an object apart: of a pod where it is and how, of others what is wanted.
fn told(object: &Object) -> String {
    if let Some(pod) = object.get::<Pod>() {
        let node = pod.node_name.as_deref().unwrap_or("–");
        return format!("{} · {node}", pod.phase());
    }
    let value = object.to_value();
    let spec = value.get("spec").or(value.get("data")).map(ToString::to_string).unwrap_or_default();
    match value.pointer("/spec/replicas") {
        Some(replicas) => format!("replicas {replicas} · {:08x}", sum(&spec)),
        None => format!("{:08x}", sum(&spec)),
    }
}

/// Events of one run that the other has not: reason, object and message. Of many alike one counts.
#[must_use]
pub fn events(here: &dyn Objects, there: &dyn Objects) -> Vec<String> {
    let all = |run: &dyn Objects| -> std::collections::BTreeSet<String> {
        let told = |object: &&Object| {
            let value = object.to_value();
            let text =
                |path: &str| value.pointer(path).and_then(serde_json::Value::as_str).unwrap_or_default().to_owned();
            let about = (text("/involvedObject/kind"), text("/involvedObject/name"));
            format!("{} {} {}: {}", text("/reason"), about.0, about.1, text("/message"))
        };
        run.objects(&crate::api::kinds::event::KIND).iter().map(told).collect()
    };
    all(here).difference(&all(there)).cloned().collect()
}

/// A short number for a text, so that different ones can be told apart.
fn sum(text: &str) -> u32 {
    text.bytes().fold(2_166_136_261, |hash: u32, byte| (hash ^ u32::from(byte)).wrapping_mul(16_777_619))
}
