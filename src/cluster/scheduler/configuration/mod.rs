//! `KubeSchedulerConfiguration`: the file from which the scheduler learns its profiles when it starts.
//!
//! A file is read as the real scheduler reads it (`cmd/kube-scheduler/app`): decoded strictly, defaulted, validated, and
//! then the profiles are made. Whatever is wrong at any step ends the start, with the real sentence.
//!
//! Of what it says count: the profiles with their plugins and the plugins' arguments, `percentageOfNodesToScore` and the
//! pods' back-off. The rest is checked and has no effect here: extenders are not called, nobody elects a leader, and the
//! connection is the simulation's.

mod decoding;
mod plugin_args;
mod plugins;
mod validation;
mod written;

pub use self::written::{default_text, weighed};

use super::framework::Profile;
use crate::cluster::timing;
use crate::sim::Duration;
use k8s_openapi::api::core::v1::PodSpec;
use serde_json::Value;
use std::rc::Rc;

/// A configuration as the scheduler uses it.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Configuration {
    /// The profiles, one for each `schedulerName`.
    pub profiles: Rc<[Profile]>,
    /// How long a pod backs off after its first failure,
    pub initial_backoff: Duration,
    /// and at most.
    pub max_backoff: Duration,
    /// The file; empty: there is none.
    pub text: Rc<str>,
}

impl Default for Configuration {
    fn default() -> Self {
        Self {
            profiles: [Profile::default()].into(),
            initial_backoff: timing::POD_BACKOFF,
            max_backoff: timing::POD_BACKOFF_MAX,
            text: "".into(),
        }
    }
}

impl Configuration {
    /// Reads a file; an empty one is as none.
    ///
    /// # Errors
    /// What the real scheduler says before it ends.
    pub fn read(text: &str) -> Result<Self, String> {
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        let mut file = decoding::decode(text)?;
        let no_profile = file["profiles"].as_array().is_none_or(Vec::is_empty);
        if no_profile {
            file["profiles"] = Value::Array(vec![Value::Object(serde_json::Map::new())]);
        }
        let only = file["profiles"].as_array().is_some_and(|profiles| profiles.len() == 1);
        if only && file["profiles"][0]["schedulerName"].is_null() {
            file["profiles"][0]["schedulerName"] = "default-scheduler".into();
        }
        validation::validate(&file)?;
        let general = &file["percentageOfNodesToScore"];
        let profile = |value: &Value| {
            let own = &value["percentageOfNodesToScore"];
            let mut profile = plugins::profile(value).map_err(|why| {
                let name = value["schedulerName"].as_str().unwrap_or_default();
                format!("initializing profiles: creating profile for scheduler name {name}: {why}")
            })?;
            let percentage = own.as_u64().or_else(|| general.as_u64()).unwrap_or(0);
            profile.percentage_of_nodes_to_score = u32::try_from(percentage).unwrap_or(0);
            Ok(profile)
        };
        let profiles = file["profiles"].as_array().into_iter().flatten().map(profile).collect::<Result<_, String>>()?;
        let seconds = |name: &str, default| file[name].as_u64().map_or(default, Duration::from_secs);
        Ok(Self {
            profiles,
            initial_backoff: seconds("podInitialBackoffSeconds", timing::POD_BACKOFF),
            max_backoff: seconds("podMaxBackoffSeconds", timing::POD_BACKOFF_MAX),
            text: text.into(),
        })
    }

    /// The profile for a `schedulerName`.
    #[must_use]
    pub fn named(&self, scheduler_name: &str) -> Option<&Profile> {
        self.profiles.iter().find(|profile| *profile.scheduler_name == *scheduler_name)
    }

    /// The profile that is responsible for a pod.
    #[must_use]
    pub fn of(&self, pod: &PodSpec) -> Option<&Profile> {
        self.named(pod.scheduler_name.as_deref().unwrap_or("default-scheduler"))
    }
}

#[cfg(test)]
mod tests {
    use super::super::framework::Point;
    use super::*;

    const HEAD: &str = "apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\n";

    fn read(rest: &str) -> Result<Configuration, String> {
        Configuration::read(&format!("{HEAD}{rest}"))
    }

    fn refusal(rest: &str) -> String {
        read(rest).expect_err("a refusal")
    }

    fn names(profile: &Profile, point: Point) -> Vec<&'static str> {
        profile.at(point).iter().map(|entry| entry.plugin.name()).collect()
    }

    #[test]
    fn nothing_said_is_the_default() {
        let empty = read("").expect("a configuration");
        let default = Configuration::default();
        assert_eq!((&empty.profiles, empty.initial_backoff), (&default.profiles, default.initial_backoff));
        let profile = &default.profiles[0];
        let at = |point| names(profile, point).join(" ");
        assert_eq!(at(Point::PreEnqueue), "SchedulingGates DynamicResources DefaultPreemption");
        assert_eq!(at(Point::QueueSort), "PrioritySort");
        assert_eq!(
            at(Point::PreFilter),
            "NodeAffinity NodePorts NodeResourcesFit VolumeRestrictions NodeVolumeLimits VolumeBinding VolumeZone \
             PodTopologySpread InterPodAffinity DynamicResources NodeDeclaredFeatures"
        );
        assert_eq!(
            at(Point::Filter),
            "NodeUnschedulable NodeName TaintToleration NodeAffinity NodePorts NodeResourcesFit VolumeRestrictions \
             NodeVolumeLimits VolumeBinding VolumeZone PodTopologySpread InterPodAffinity DynamicResources \
             NodeDeclaredFeatures"
        );
        assert_eq!(at(Point::PostFilter), "DynamicResources DefaultPreemption");
        let scores: Vec<String> = profile.at(Point::Score).iter().map(|entry| format!("{entry:?}")).collect();
        assert_eq!(
            scores.join(" "),
            "TaintToleration×3 NodeAffinity×2 NodeResourcesFit×1 VolumeBinding×1 PodTopologySpread×2 InterPodAffinity×2 \
             DynamicResources×2 NodeResourcesBalancedAllocation×1 ImageLocality×1"
        );
        assert_eq!(
            (at(Point::Reserve), at(Point::PreBind)),
            ("VolumeBinding DynamicResources".into(), "VolumeBinding DynamicResources".into())
        );
        assert_eq!(at(Point::Bind), "DefaultBinder");
    }

    #[test]
    fn profiles_differ_in_plugins_weights_and_arguments() {
        let text = "\
percentageOfNodesToScore: 30
podInitialBackoffSeconds: 2
podMaxBackoffSeconds: 20
profiles:
- schedulerName: default-scheduler
- schedulerName: packing
  percentageOfNodesToScore: 70
  plugins:
    multiPoint:
      disabled: [{name: ImageLocality}]
    score:
      disabled: [{name: PodTopologySpread}]
      enabled: [{name: NodeResourcesFit, weight: 7}]
    filter:
      disabled: [{name: '*'}]
      enabled: [{name: NodeResourcesFit}, {name: NodeName}]
  pluginConfig:
  - name: NodeResourcesFit
    args: {scoringStrategy: {type: MostAllocated}}
";
        let configuration = read(text).expect("a configuration");
        let [first, second] = &*configuration.profiles else { panic!("two profiles") };
        assert_eq!((first.percentage_of_nodes_to_score, second.percentage_of_nodes_to_score), (30, 70));
        assert_eq!(names(second, Point::Filter), ["NodeResourcesFit", "NodeName"]);
        let scores: Vec<_> = second.at(Point::Score).iter().map(|entry| (entry.plugin.name(), entry.weight)).collect();
        let expected = [
            ("NodeResourcesFit", 7),
            ("TaintToleration", 3),
            ("NodeAffinity", 2),
            ("VolumeBinding", 1),
            ("InterPodAffinity", 2),
            ("DynamicResources", 2),
            ("NodeResourcesBalancedAllocation", 1),
        ];
        assert_eq!(scores, expected);
        assert!(names(first, Point::Score).contains(&"ImageLocality"));
        assert_ne!(first.args, second.args);
        assert_eq!(
            (configuration.initial_backoff, configuration.max_backoff),
            (Duration::from_secs(2), Duration::from_secs(20))
        );
    }

    #[test]
    fn a_file_must_say_what_it_is() {
        let wrong =
            Configuration::read("kind: KubeSchedulerConfiguration\napiVersion: kubescheduler.config.k8s.io/v1beta3\n");
        assert_eq!(
            wrong.expect_err("a refusal"),
            "no kind \"KubeSchedulerConfiguration\" is registered for version \"kubescheduler.config.k8s.io/v1beta3\" in \
             scheme \"pkg/scheduler/apis/config/scheme/scheme.go:30\""
        );
        let missing = Configuration::read("profiles: []\n").expect_err("a refusal");
        assert!(missing.starts_with("Object 'Kind' is missing in"), "{missing}");
    }

    #[test]
    fn unknown_fields_and_wrong_types_are_refused() {
        assert_eq!(refusal("profile: []\n"), "strict decoding error: unknown field \"profile\"");
        assert!(refusal("parallelism: many\n").contains("cannot unmarshal string into Go struct field"));
        let args = "profiles:\n- pluginConfig:\n  - {name: NodeAffinity, args: {added: {}}}\n";
        assert_eq!(
            refusal(args),
            "strict decoding error: decoding .profiles[0].pluginConfig[0]: strict decoding error: decoding args for plugin \
             NodeAffinity: strict decoding error: unknown field \"added\""
        );
    }

    #[test]
    fn values_out_of_range_are_refused_all_at_once() {
        assert_eq!(
            refusal("parallelism: 0\npodInitialBackoffSeconds: 20\n"),
            "[parallelism: Invalid value: 0: should be an integer value greater than zero, podMaxBackoffSeconds: Invalid \
             value: 10: must be greater than or equal to PodInitialBackoffSeconds]"
        );
        let twice = "profiles: [{schedulerName: a}, {schedulerName: a}]\n";
        assert_eq!(refusal(twice), "profiles[1].schedulerName: Duplicate value: \"profiles[0].schedulerName\"");
        let weight = "profiles:\n- pluginConfig:\n  - {name: InterPodAffinity, args: {hardPodAffinityWeight: 101}}\n";
        assert_eq!(
            refusal(weight),
            "profiles[0].pluginConfig[0].args.hardPodAffinityWeight: Invalid value: 101: not in valid range [0, 100]"
        );
        let spread = "profiles:\n- pluginConfig:\n  - name: PodTopologySpread\n    args:\n      defaultConstraints: \
                      [{maxSkew: 1, topologyKey: zone, whenUnsatisfiable: Never}]\n";
        assert_eq!(
            refusal(spread),
            "[profiles[0].pluginConfig[0].args.defaultingType: Invalid value: \"System\": when .defaultConstraints are not \
             empty, profiles[0].pluginConfig[0].args.defaultConstraints[0].whenUnsatisfiable: Unsupported value: \"Never\": \
             supported values: \"DoNotSchedule\", \"ScheduleAnyway\"]"
        );
    }

    #[test]
    fn profiles_that_cannot_work_are_refused() {
        let profile = |plugins: &str| refusal(&format!("profiles:\n- plugins: {plugins}\n"));
        let head = "initializing profiles: creating profile for scheduler name default-scheduler: ";
        assert_eq!(profile("{filter: {enabled: [{name: X}]}}"), format!("{head}FilterPlugin \"X\" does not exist"));
        assert_eq!(
            profile("{score: {enabled: [{name: NodeName}]}}"),
            format!("{head}plugin \"NodeName\" does not extend ScorePlugin plugin")
        );
        assert_eq!(
            profile("{bind: {disabled: [{name: '*'}]}}"),
            format!("{head}at least one bind plugin is needed for profile with scheduler name \"default-scheduler\"")
        );
        assert_eq!(
            profile("{queueSort: {disabled: [{name: PrioritySort}]}}"),
            format!(
                "{head}only one queue sort plugin required for profile with scheduler name \"default-scheduler\", but got 0"
            )
        );
        let ratio = "profiles:\n- pluginConfig:\n  - name: NodeResourcesFit\n    args: {scoringStrategy: {type: \
                     RequestedToCapacityRatio, resources: [{name: cpu, weight: 101}]}}\n";
        assert_eq!(
            refusal(ratio),
            format!(
                "{head}initializing plugin \"NodeResourcesFit\": [scoringStrategy.resources[0].weight: Invalid value: 101: \
                 resource weight of cpu not in valid range (0, 100], scoringStrategy.requestedToCapacityRatio: Required \
                 value: must be specified when type is RequestedToCapacityRatio]"
            )
        );
    }
}
