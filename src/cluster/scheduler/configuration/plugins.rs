//! Which plugins run where: a profile's sets laid over the default ones, and spread over the extension points.
//! Upstream: `pkg/scheduler/apis/config/v1/default_plugins.go` (`mergePlugins`), `framework/runtime/framework.go`
//! (`NewFramework`, `expandMultiPointPlugins`).

use super::super::args::Args;
use super::super::framework::{Entry, Point, Profile};
use super::super::plugins::PLUGINS;
use super::{plugin_args, validation};
use crate::sim::Sorted;
use serde_json::{Map, Value};

/// Plugins with the weights that were given to them.
#[derive(Clone, Default)]
struct Set {
    enabled: Vec<(String, i64)>,
    disabled: Vec<String>,
}

impl Set {
    fn read(value: &Value) -> Self {
        let name = |plugin: &Value| plugin["name"].as_str().unwrap_or_default().to_owned();
        let list = |field: &str| value[field].as_array().map(Vec::as_slice).unwrap_or_default();
        let weighted = |plugin: &Value| (name(plugin), plugin["weight"].as_i64().unwrap_or(0));
        Self {
            enabled: list("enabled").iter().map(weighted).collect(),
            disabled: list("disabled").iter().map(name).collect(),
        }
    }

    fn disables(&self, name: &str) -> bool {
        self.disabled.iter().any(|disabled| disabled == name)
    }

    fn place(&self, name: &str) -> Option<usize> {
        self.enabled.iter().rposition(|(enabled, _)| enabled == name)
    }

    /// The default set as the profile changes it. A default plugin that is enabled again keeps its place.
    fn over(self, defaults: Vec<(String, i64)>) -> Self {
        let mut enabled = Vec::new();
        let mut replaced = Vec::new();
        if !self.disables("*") {
            for (name, weight) in defaults.into_iter().filter(|(name, _)| !self.disables(name)) {
                let own = self.place(&name);
                enabled.push(own.map_or((name, weight), |place| self.enabled[place].clone()));
                replaced.extend(own);
            }
        }
        let others = self.enabled.iter().enumerate().filter(|(place, _)| !replaced.contains(place));
        enabled.extend(others.map(|(_, plugin)| plugin.clone()));
        Self { enabled, disabled: self.disabled }
    }
}

/// In which order upstream fills the points, with the names that it gives them in files and in errors.
const ORDER: [(Point, &str, &str); 12] = [
    (Point::PreFilter, "preFilter", "PreFilterPlugin"),
    (Point::Filter, "filter", "FilterPlugin"),
    (Point::PostFilter, "postFilter", "PostFilterPlugin"),
    (Point::Reserve, "reserve", "ReservePlugin"),
    (Point::PreScore, "preScore", "PreScorePlugin"),
    (Point::Score, "score", "ScorePlugin"),
    (Point::PreBind, "preBind", "PreBindPlugin"),
    (Point::Bind, "bind", "BindPlugin"),
    (Point::PostBind, "postBind", "PostBindPlugin"),
    (Point::Permit, "permit", "PermitPlugin"),
    (Point::PreEnqueue, "preEnqueue", "PreEnqueuePlugin"),
    (Point::QueueSort, "queueSort", "QueueSortPlugin"),
];

fn known(name: &str) -> Option<&'static Entry> {
    PLUGINS.iter().find(|entry| entry.plugin.name() == name)
}

/// Makes a profile of what the file says of it.
///
/// # Errors
/// Why upstream cannot make it.
pub fn profile(value: &Value) -> Result<Profile, String> {
    let name = value["schedulerName"].as_str().unwrap_or_default();
    let defaults = PLUGINS.iter().map(|entry| (entry.plugin.name().to_owned(), entry.weight)).collect();
    let multi = Set::read(&value["plugins"]["multiPoint"]).over(defaults);
    let sets = ORDER.map(|(_, field, _)| Set::read(&value["plugins"][field]).over(Vec::new()));
    let needed = |name: &str| sets.iter().chain([&multi]).any(|set| set.place(name).is_some());
    let mut args = Map::new();
    for config in value["pluginConfig"].as_array().into_iter().flatten() {
        args.insert(config["name"].as_str().unwrap_or_default().to_owned(), config["args"].clone());
    }
    if needed("NodeResourcesFit") {
        let errors = plugin_args::fit(args.get("NodeResourcesFit").unwrap_or(&Value::Null));
        validation::aggregate(&errors).map_err(|why| format!("initializing plugin \"NodeResourcesFit\": {why}"))?;
    }
    for ((point, _, kind), set) in ORDER.iter().zip(&sets) {
        check(*point, kind, set)?;
    }
    let mut points = Sorted::new();
    for ((point, _, kind), set) in ORDER.iter().zip(&sets) {
        points.insert(*point, expand(*point, kind, set, &multi)?);
    }
    let count = |point: Point| points.get(&point).map_or(0, Vec::len);
    if count(Point::QueueSort) != 1 {
        let count = count(Point::QueueSort);
        return Err(format!(
            "only one queue sort plugin required for profile with scheduler name {name:?}, but got {count}"
        ));
    }
    if count(Point::Bind) == 0 {
        return Err(format!("at least one bind plugin is needed for profile with scheduler name {name:?}"));
    }
    let weights = sets[5].enabled.iter().chain(&multi.enabled);
    let weights: Vec<(&str, i64)> = weights.map(|(name, weight)| (name.as_str(), *weight)).collect();
    let entry = |name: &String| {
        let given = weights.iter().find(|(plugin, _)| plugin == name).map_or(0, |(_, weight)| *weight);
        let scores = |entry: &Entry| entry.points.contains(&Point::Score);
        known(name).map(|known| Entry { weight: if scores(known) { given.max(1) } else { 0 }, ..*known })
    };
    let lists = points.values().map(|names| names.iter().filter_map(entry).collect()).collect();
    let plugins = PLUGINS.iter().filter_map(|known| entry(&known.plugin.name().to_owned()));
    Ok(Profile {
        scheduler_name: name.into(),
        plugins: plugins.filter(|entry| needed(entry.plugin.name())).collect(),
        points: lists,
        args: Args::read(&Value::Object(args)).into(),
        percentage_of_nodes_to_score: 0,
    })
}

/// Upstream: `updatePluginList`.
fn check(point: Point, kind: &str, set: &Set) -> Result<(), String> {
    for (place, (name, _)) in set.enabled.iter().enumerate() {
        let entry = known(name).ok_or_else(|| format!("{kind} {name:?} does not exist"))?;
        if !entry.points.contains(&point) {
            return Err(format!("plugin {name:?} does not extend {kind} plugin"));
        }
        if set.enabled[..place].iter().any(|(other, _)| other == name) {
            return Err(format!("plugin {name:?} already registered as {kind:?}"));
        }
    }
    Ok(())
}

/// The plugins of one point: first those of `multiPoint` that are set here, too, as they are ordered here; then the
/// others of `multiPoint`; then those that are only set here.
fn expand(point: Point, kind: &str, set: &Set, multi: &Set) -> Result<Vec<String>, String> {
    let here: Vec<&String> = set.enabled.iter().map(|(name, _)| name).collect();
    if set.disables("*") {
        return Ok(here.into_iter().cloned().collect());
    }
    let (mut overriding, mut expanded): (Vec<&String>, Vec<&String>) = (Vec::new(), Vec::new());
    for (name, _) in &multi.enabled {
        let entry = known(name).ok_or_else(|| format!("{kind} {name:?} does not exist"))?;
        if !entry.points.contains(&point) || set.disables(name) {
            continue;
        }
        if here.contains(&name) {
            overriding.push(name);
        } else if expanded.contains(&name) {
            return Err(format!("plugin {name:?} already registered as {kind:?}"));
        } else {
            expanded.push(name);
        }
    }
    let (first, last): (Vec<&String>, Vec<&String>) = here.iter().partition(|name| overriding.contains(name));
    Ok(first.into_iter().chain(expanded).chain(last).cloned().collect())
}
