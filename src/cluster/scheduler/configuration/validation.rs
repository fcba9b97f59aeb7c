//! Whether the values are allowed. Upstream: `pkg/scheduler/apis/config/validation/validation.go`.

use super::plugin_args;
use crate::api::check::{self, Errors};
use crate::api::names;
use crate::api::path::Path;
use crate::api::status::FieldError;
use crate::sim::SortedSet;
use serde_json::Value;

/// Plugins that once were.
const REMOVED: [&str; 4] = ["AzureDiskLimits", "CinderLimits", "EBSLimits", "GCEPDLimits"];
const VERSION: &str = "v1";
const POINTS: [&str; 12] = [
    "preEnqueue",
    "queueSort",
    "preFilter",
    "filter",
    "postFilter",
    "preScore",
    "score",
    "reserve",
    "permit",
    "preBind",
    "bind",
    "postBind",
];

/// Checks a file.
///
/// # Errors
/// All that is wrong, as an aggregate prints it.
pub fn validate(file: &Value) -> Result<(), String> {
    let mut out = Vec::new();
    if let Some(burst) = file["clientConnection"]["burst"].as_i64().filter(|burst| *burst < 0) {
        out.push(FieldError::invalid("clientConnection.burst", burst, "must be non-negative"));
    }
    let (election, lock) = (&file["leaderElection"], &file["leaderElection"]["resourceLock"]);
    if let Some(lock) = lock.as_str().filter(|lock| *lock != "leases" && !lock.is_empty())
        && election["leaderElect"] != false
    {
        let path = "leaderElection.resourceLock";
        out.push(FieldError::invalid(path, lock, "resourceLock value must be \"leases\""));
    }
    if let Some(parallelism) = file["parallelism"].as_i64().filter(|number| *number <= 0) {
        let detail = "should be an integer value greater than zero";
        out.push(FieldError::invalid("parallelism", parallelism, detail));
    }
    profiles(&mut out, file["profiles"].as_array().map(Vec::as_slice).unwrap_or_default());
    percentage(&mut out, &Path::new("percentageOfNodesToScore"), &file["percentageOfNodesToScore"]);
    let initial = file["podInitialBackoffSeconds"].as_i64().unwrap_or(1);
    let most = file["podMaxBackoffSeconds"].as_i64().unwrap_or(10);
    if initial <= 0 {
        out.push(FieldError::invalid("podInitialBackoffSeconds", initial, "must be greater than 0"));
    }
    if most < initial {
        let detail = "must be greater than or equal to PodInitialBackoffSeconds";
        out.push(FieldError::invalid("podMaxBackoffSeconds", most, detail));
    }
    extenders(&mut out, file["extenders"].as_array().map(Vec::as_slice).unwrap_or_default());
    aggregate(&out)
}

/// Upstream: `utilerrors.Aggregate`: one error alone, several in brackets, none twice.
///
/// # Errors
/// When there are any.
pub fn aggregate(errors: &Errors) -> Result<(), String> {
    let mut seen = SortedSet::new();
    let texts: Vec<String> = errors.iter().map(ToString::to_string).filter(|text| seen.insert(text.clone())).collect();
    match texts.as_slice() {
        [] => Ok(()),
        [one] => Err(one.clone()),
        many => Err(format!("[{}]", many.join(", "))),
    }
}

fn percentage(out: &mut Errors, path: &Path, value: &Value) {
    if let Some(number) = value.as_i64().filter(|number| !(0..=100).contains(number)) {
        out.push(FieldError::invalid(path, number, "not in valid range [0-100]"));
    }
}

fn name_of(value: &Value) -> &str {
    value["name"].as_str().unwrap_or_default()
}

fn profiles(out: &mut Errors, profiles: &[Value]) {
    const PROFILES: Path = Path::new("profiles");
    for (index, profile) in profiles.iter().enumerate() {
        let path = PROFILES.index(index);
        let name = &profile["schedulerName"];
        check::required(out, &path.field("schedulerName"), name.as_str().unwrap_or_default());
        percentage(out, &path.field("percentageOfNodesToScore"), &profile["percentageOfNodesToScore"]);
        removed_plugins(out, &path.field("plugins"), &profile["plugins"]);
        plugin_config(out, &path.field("pluginConfig"), profile);
        if let Some(first) = profiles[..index].iter().rposition(|other| other["schedulerName"] == *name) {
            let first = PROFILES.index(first);
            out.push(FieldError::duplicate(path.field("schedulerName"), String::from(first.field("schedulerName"))));
        }
    }
    let sort = |profile: &Value| profile["plugins"]["queueSort"].clone();
    let first = profiles.first().map(sort).unwrap_or_default();
    let enabled = first["enabled"].as_array().map_or(0, Vec::len);
    if enabled > 1 {
        let path = "profiles[0].plugins.queueSort.Enabled";
        out.push(FieldError::invalid(path, enabled, "only one queue sort plugin can be enabled"));
    }
    for (index, profile) in profiles.iter().enumerate().filter(|(_, profile)| sort(profile) != first) {
        let path = PROFILES.index(index);
        let set = sort(profile);
        let list = |name: &str, weight: bool| -> Value {
            let shown = |plugin: &Value| {
                let weight = if weight { plugin["weight"].as_i64().unwrap_or(0) } else { 0 };
                serde_json::json!({"Name": name_of(plugin), "Weight": weight})
            };
            set[name].as_array().map_or(Value::Null, |plugins| plugins.iter().map(shown).collect())
        };
        let shown = format!("{{\"Enabled\":{},\"Disabled\":{}}}", list("enabled", true), list("disabled", false));
        out.push(check::invalid_as(&path.field("plugins.queueSort"), shown, "must be the same for all profiles"));
    }
}

fn removed(out: &mut Errors, path: &Path, name: &str) -> bool {
    let removed = REMOVED.contains(&name);
    if removed {
        let ours = "kubescheduler.config.k8s.io/v1";
        let detail = format!("was invalid in version {VERSION:?} (KubeSchedulerConfiguration is version {ours:?})");
        out.push(FieldError::invalid(path, name, detail));
    }
    removed
}

fn removed_plugins(out: &mut Errors, path: &Path, plugins: &Value) {
    for point in POINTS {
        let path = path.field(point);
        let path = path.field("enabled");
        for (index, plugin) in plugins[point]["enabled"].as_array().into_iter().flatten().enumerate() {
            removed(out, &path.index(index), name_of(plugin));
        }
    }
}

fn plugin_config(out: &mut Errors, path: &Path, profile: &Value) {
    let mut seen = SortedSet::new();
    for (index, config) in profile["pluginConfig"].as_array().into_iter().flatten().enumerate() {
        let path = path.index(index);
        let name = name_of(config);
        if !seen.insert(name) {
            out.push(FieldError::duplicate(path, name));
        }
        if !removed(out, &path, name) {
            plugin_args::check(out, &path.field("args"), name, &config["args"]);
        }
    }
}

fn extenders(out: &mut Errors, extenders: &[Value]) {
    const PATH: Path = Path::new("extenders");
    let text = |value: &Value, name: &str| value[name].as_str().unwrap_or_default().to_owned();
    let mut managed = SortedSet::new();
    for (index, extender) in extenders.iter().enumerate() {
        let path = PATH.index(index);
        let weight = extender["weight"].as_i64().unwrap_or(0);
        if !text(extender, "prioritizeVerb").is_empty() && weight <= 0 {
            out.push(FieldError::invalid(path.field("weight"), weight, "must have a positive weight applied to it"));
        }
        let path = path.field("managedResources");
        for (index, resource) in extender["managedResources"].as_array().into_iter().flatten().enumerate() {
            let path = path.index(index);
            let path = path.field("name");
            let name = name_of(resource);
            check::complain(out, &path, name, names::qualified_name(name));
            if names::qualified_name(name).is_empty() && (!name.contains('/') || name.contains("kubernetes.io/")) {
                out.push(FieldError::invalid(path, name, "is an invalid extended resource name"));
            }
            if !managed.insert(name) {
                out.push(FieldError::invalid(path, name, "duplicate extender managed resource name"));
            }
        }
    }
    let binders = extenders.iter().filter(|extender| !text(extender, "bindVerb").is_empty()).count();
    if binders > 1 {
        let found = format!("found {binders} extenders implementing bind");
        out.push(FieldError::invalid(PATH, found, "only one extender can implement bind"));
    }
}
