//! What several controllers need: owners, pods, and small arithmetic. Pure functions.

pub mod claim;
pub mod hash;
pub mod history;
pub mod pods;
pub mod serving;

use crate::api::document::Document;
use crate::api::meta::moment;
use crate::api::{Object, Ref};
use crate::cluster::client::controller::Reconcile;
use crate::sim::{Duration, Time};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time as MetaTime};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use std::collections::BTreeMap;

/// No labels.
pub static NONE: BTreeMap<String, String> = BTreeMap::new();

/// The labels of an object.
#[must_use]
pub fn labels(meta: &ObjectMeta) -> &BTreeMap<String, String> {
    meta.labels.as_ref().unwrap_or(&NONE)
}

/// An annotation.
#[must_use]
pub fn annotation<'a>(meta: &'a ObjectMeta, name: &str) -> Option<&'a str> {
    meta.annotations.as_ref()?.get(name).map(String::as_str)
}

/// The whole number at a path of a tree.
#[must_use]
pub fn integer(tree: &Document, path: &str) -> Option<i64> {
    tree.at(path)?.as_i64()
}

/// A counter as Go writes it: zero is left out.
#[must_use]
pub fn count(n: usize) -> Option<i32> {
    i32::try_from(n).ok().filter(|n| *n != 0)
}

/// The same for a number that already is one.
#[must_use]
pub fn some(n: i32) -> Option<i32> {
    (n != 0).then_some(n)
}

/// When an object was created.
#[must_use]
pub fn created(object: &Object) -> Option<Time> {
    object.meta().creation_timestamp.as_ref().map(moment)
}

/// Time left until `at + wait`; zero when it is over.
#[must_use]
pub fn left(at: Option<&MetaTime>, wait: Duration, now: Time) -> Duration {
    at.map_or(Duration::ZERO, |at| (moment(at) + wait).since(now))
}

/// A number or a percentage of `total` (upstream: `intstr.GetScaledValueFromIntOrPercent`).
#[must_use]
pub fn scaled(value: Option<&IntOrString>, total: i32, up: bool) -> i32 {
    match value {
        None => 0,
        Some(IntOrString::Int(n)) => *n,
        Some(IntOrString::String(text)) => {
            let percent: i64 = text.trim_end_matches('%').parse().unwrap_or(0);
            let product = percent * i64::from(total);
            let part = if up { (product + 99).div_euclid(100) } else { product.div_euclid(100) };
            i32::try_from(part).unwrap_or(i32::MAX)
        }
    }
}

/// The moment and the object that a reconcile is about, from its key.
#[must_use]
pub fn subject<'a>(reconcile: &Reconcile<'a>, key: &Ref) -> Option<&'a Object> {
    reconcile.lookup(key.kind, &key.key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_round_as_asked() {
        let quarter = IntOrString::String("25%".to_owned());
        assert_eq!(scaled(Some(&quarter), 10, true), 3);
        assert_eq!(scaled(Some(&quarter), 10, false), 2);
        assert_eq!(scaled(Some(&IntOrString::Int(4)), 10, false), 4);
    }
}
