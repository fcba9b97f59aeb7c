//! Files that are written for somebody: one that says what holds without a file, one with other weights.

use super::super::plugins::PLUGINS;
use super::decoding::{KIND, VERSION, decode};
use crate::api::manifest;
use serde_json::{Value, json};
use std::fmt::Write;

/// What holds without a file, as far as it is often changed: who rates nodes with which weight, and how full a node
/// should be.
#[must_use]
pub fn default_text() -> String {
    let rates = PLUGINS.iter().filter(|entry| entry.weight > 0);
    let mut weights = String::new();
    for entry in rates {
        let _ = writeln!(weights, "      - {{name: {}, weight: {}}}", entry.plugin.name(), entry.weight);
    }
    format!(
        "apiVersion: {VERSION}\nkind: {KIND}\nprofiles:\n- schedulerName: default-scheduler\n  plugins:\n    \
         multiPoint:\n      enabled:\n{weights}  pluginConfig:\n  - name: NodeResourcesFit\n    args:\n      \
         scoringStrategy:\n        type: LeastAllocated\n"
    )
}

/// A file (empty: none) with other weights in one profile. `None`: it is not a good one, or has no such profile.
#[must_use]
pub fn weighed(text: &str, profile: &str, weights: &[(&str, i64)]) -> Option<String> {
    let none = || Some(json!({"apiVersion": VERSION, "kind": KIND}));
    let mut file = if text.trim().is_empty() { none() } else { decode(text).ok() }?;
    let profiles = list(&mut file["profiles"]);
    if profiles.is_empty() {
        profiles.push(json!({"schedulerName": profile}));
    }
    let only = profiles.len() == 1;
    let is_own = |value: &&mut Value| value["schedulerName"] == profile || (only && value["schedulerName"].is_null());
    let plugins = &mut profiles.iter_mut().find(is_own)?["plugins"];
    for (plugin, weight) in weights {
        // What is said of one extension point counts before what is said of all.
        let names = |set: &Value| set["enabled"].as_array().is_some_and(|all| all.iter().any(|p| p["name"] == *plugin));
        let point = if names(&plugins["score"]) { "score" } else { "multiPoint" };
        let enabled = list(&mut plugins[point]["enabled"]);
        enabled.retain(|other| other["name"] != *plugin);
        enabled.push(json!({"name": plugin, "weight": weight}));
    }
    Some(manifest::write(&file))
}

/// A list, made if there is none.
fn list(value: &mut Value) -> &mut Vec<Value> {
    if !value.is_array() {
        *value = Value::Array(Vec::new());
    }
    // It has just been made one.
    value.as_array_mut().expect("a list")
}

#[cfg(test)]
mod tests {
    use super::super::super::framework::Point;
    use super::super::Configuration;
    use super::*;

    fn weights(configuration: &Configuration, profile: &str) -> Vec<(&'static str, i64)> {
        let profile = configuration.named(profile).expect("a profile");
        profile.at(Point::Score).iter().map(|entry| (entry.plugin.name(), entry.weight)).collect()
    }

    #[test]
    fn the_default_text_says_what_holds_without_it() {
        let written = Configuration::read(&default_text()).expect("a configuration");
        let (own, default) = (&written.profiles[0], &Configuration::default().profiles[0]);
        assert_eq!((&own.plugins, &own.points), (&default.plugins, &default.points));
        assert_eq!(own.args.strategy, default.args.strategy);
    }

    #[test]
    fn other_weights_keep_the_rest_of_a_file() {
        let bare = weighed("", "default-scheduler", &[("ImageLocality", 9)]).expect("a file");
        let bare = Configuration::read(&bare).expect("a configuration");
        let expected = weights(&Configuration::default(), "default-scheduler");
        let expected: Vec<_> =
            expected.into_iter().map(|(name, w)| (name, if name == "ImageLocality" { 9 } else { w })).collect();
        assert_eq!(weights(&bare, "default-scheduler"), expected);
        let text = "apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\n\
                    podInitialBackoffSeconds: 3\nprofiles:\n- schedulerName: a\n- schedulerName: b\n  plugins:\n    \
                    score: {enabled: [{name: NodeAffinity, weight: 4}]}\n";
        let changed = weighed(text, "b", &[("NodeAffinity", 7), ("ImageLocality", 2)]).expect("a file");
        let changed = Configuration::read(&changed).expect("a configuration");
        assert_eq!(changed.initial_backoff, crate::sim::Duration::from_secs(3));
        assert_eq!(weights(&changed, "a"), weights(&Configuration::default(), "default-scheduler"));
        let of_b = weights(&changed, "b");
        assert!(of_b.contains(&("NodeAffinity", 7)) && of_b.contains(&("ImageLocality", 2)), "{of_b:?}");
        assert_eq!(weighed(text, "c", &[("NodeAffinity", 7)]), None);
    }
}
