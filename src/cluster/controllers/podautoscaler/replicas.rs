//! How many pods one metric wants.
//!
//! Upstream: `pkg/controller/podautoscaler/replica_calculator.go`. Usage divided by the target, times the pods that
//! count. Pods that have just begun or are not ready are left out (of the processor's time they tell nothing yet); if
//! there are such, or pods without a sample, the answer is computed again with what they would use at worst, and dropped
//! if it then points the other way.

mod others;

use super::Look;
use crate::api::kinds::pod::{self, Pod};
use crate::api::meta::moment;
use crate::api::pod::amounts;
use crate::api::quantity::Quantity;
use crate::api::selector::Selector;
use crate::api::{Object, Status, metrics};
use crate::cluster::client::controller::Reconcile;
use crate::cluster::controllers::shared::labels;
use crate::cluster::timing;
use crate::sim::{Duration, Sorted, SortedSet, Time};
use k8s_openapi::api::autoscaling::v1::Scale;
use serde_json::{Value, json};

/// By pod, an amount in thousandths, when it was measured and over which time.
type Samples = Sorted<String, (i64, (Time, Duration))>;
/// Usage by pod, divided by the target.
type Ratio<'a> = dyn Fn(&Sorted<String, i64>) -> Result<f64, String> + 'a;

/// What a metric wants.
pub(super) struct Proposal {
    pub(super) replicas: i64,
    pub(super) metric: String,
    pub(super) status: Value,
}

/// Why a metric says nothing.
pub(super) struct Failure {
    pub(super) reason: &'static str,
    pub(super) what: String,
    pub(super) why: String,
}

/// Asks one metric (upstream: `computeReplicasForMetric`).
pub(super) fn of_metric(
    reconcile: &mut Reconcile,
    look: &Look,
    spec: &Value,
    (current, target): (i64, &Scale),
) -> Result<Proposal, Failure> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    match spec["type"].as_str().unwrap_or_default() {
        kind @ ("Resource" | "ContainerResource") => {
            let (field, of_container) =
                if kind == "Resource" { ("resource", false) } else { ("containerResource", true) };
            let source = &spec[field];
            let (resource, container) = (text(&source["name"]), text(&source["container"]));
            let part = if of_container { format!("{container} container") } else { format!("{resource} resource") };
            let reason = if of_container { "FailedGetContainerResourceMetric" } else { "FailedGetResourceMetric" };
            let failure = |why| Failure { reason, what: format!("failed to get {part} metric value"), why };
            let asked = Asked { resource: &resource, container: &container, source, current };
            let (replicas, metric, value) = asked.of_pods(reconcile, look, target).map_err(failure)?;
            let mut shown = json!({"name": resource, "current": value});
            if of_container {
                shown["container"] = container.into();
            }
            Ok(Proposal { replicas, metric, status: json!({"type": kind, field: shown}) })
        }
        "Pods" | "Object" | "External" => others::of_metric(reconcile, look, spec, (current, target)),
        other => {
            let why = format!("unknown metric source type {other:?}");
            Err(Failure { reason: "InvalidMetricSourceType", what: why.clone(), why })
        }
    }
}

/// Whether some metrics API has still to answer; each is asked once for all metrics.
pub(super) fn awaits(reconcile: &mut Reconcile, look: &Look, target: &Scale) -> bool {
    let mut open = false;
    for spec in look.document.list("spec.metrics") {
        open |= match spec["type"].as_str() {
            Some("Resource" | "ContainerResource") => {
                reconcile.ask_all(&metrics::POD, look.object.namespace(), selector_of(target)).is_none()
            }
            _ => others::question(look, spec, target)
                .is_some_and(|(target, labels)| reconcile.ask_metric(&target, &labels).is_none()),
        };
    }
    open
}

/// The pods that a scale selects.
pub(super) fn selector_of(target: &Scale) -> &str {
    target.status.as_ref().and_then(|status| status.selector.as_deref()).unwrap_or_default()
}

/// client-go says what was asked, where the answer has no words of its own (`NewGenericServerResponse`).
fn told_by(status: &Status, resource: &str) -> String {
    match status.code {
        404 | 503 => format!("{} (get {resource})", status.message),
        _ => status.message.clone(),
    }
}

/// A question about what pods use.
struct Asked<'a> {
    resource: &'a str,
    container: &'a str,
    source: &'a Value,
    current: i64,
}

/// The pods, by what is known of them.
#[derive(Default)]
struct Groups {
    used: Sorted<String, i64>,
    unready: SortedSet<String>,
    missing: SortedSet<String>,
}

impl Asked<'_> {
    fn of_pods(&self, reconcile: &mut Reconcile, look: &Look, target: &Scale) -> Result<(i64, String, Value), String> {
        let resource = self.resource;
        let goal = &self.source["target"];
        let raw = goal["averageValue"].as_str();
        let what = if raw.is_some() { "usage" } else { "utilization" };
        let fail = |why: String| format!("failed to get {resource} {what}: {why}");
        let selector_text = selector_of(target);
        let selector = Selector::parse(selector_text).map_err(fail)?;
        let pods = reconcile.cache(&pod::KIND).in_namespace(look.object.namespace());
        let pods: Vec<&Object> = pods.filter(|pod| selector.matches(labels(pod.meta()))).collect();
        let samples = self.samples(reconcile, look, selector_text).map_err(fail)?;
        let groups = self.groups(look, &pods, &samples).map_err(fail)?;
        if let Some(raw) = raw {
            let goal = Quantity::parse(raw).map_or(0, |quantity| quantity.milli_value());
            let ratio = |used: &Sorted<String, i64>| Ok(ratio(average(used), goal));
            let replicas = self.decide(look, &groups, &ratio, &|_| goal)?;
            let value = json!({"averageValue": milli(average(&groups.used))});
            return Ok((replicas, format!("{resource} resource"), value));
        }
        let Some(goal) = goal["averageUtilization"].as_i64() else {
            return Err("invalid resource metric source: neither an average utilization target nor an average value \
                        (usage) target was set"
                .to_owned());
        };
        let requests = self.requests(&pods).map_err(fail)?;
        let utilization = |used: &Sorted<String, i64>| utilization(used, &requests);
        let (percent, average) = utilization(&groups.used).map_err(fail)?;
        let of = |used: &Sorted<String, i64>| utilization(used).map(|(percent, _)| ratio(percent, goal));
        let worst = |pod: &str| requests.get(pod).map_or(0, |request| request * goal.max(100) / 100);
        let replicas = self.decide(look, &groups, &of, &worst).map_err(fail)?;
        let value = json!({"averageUtilization": percent, "averageValue": milli(average)});
        let kind = if self.container.is_empty() { "resource" } else { "container resource" };
        Ok((replicas, format!("{resource} {kind} utilization (percentage of request)"), value))
    }

    /// What the metrics API says of the pods (upstream: `metrics/client.go`, `GetResourceMetric`).
    fn samples(&self, reconcile: &mut Reconcile, look: &Look, selector: &str) -> Result<Samples, String> {
        let (namespace, resource) = (look.object.namespace(), self.resource);
        let fail = |why: String| format!("unable to get metrics for resource {resource}: {why}");
        let answer = reconcile.ask_all(&metrics::POD, namespace, selector).unwrap_or(Ok(&[]));
        let told = answer.map_err(|status| {
            fail(format!(
                "unable to fetch metrics from resource metrics API: {}",
                told_by(status, "pods.metrics.k8s.io")
            ))
        })?;
        if told.is_empty() {
            return Err(fail("no metrics returned from resource metrics API".to_owned()));
        }
        let mut samples = Samples::new();
        for pod in told {
            let name = pod.name().to_owned();
            let containers = pod.document().map(|document| document.list("containers")).unwrap_or_default();
            if !self.container.is_empty() && !containers.iter().any(|one| one["name"] == self.container) {
                let container = self.container;
                let why = format!("container {container} not present in metrics for pod {namespace}/{name}");
                return Err(fail(format!("failed to get container metrics: {why}")));
            }
            if let Some((amount, times)) = metrics::used(pod, self.container, resource).zip(metrics::times(pod)) {
                samples.insert(name, (amount.milli_value(), times));
            }
        }
        Ok(samples)
    }

    /// Upstream: `groupPods`.
    fn groups(&self, look: &Look, pods: &[&Object], samples: &Samples) -> Result<Groups, String> {
        let mut groups = Groups::default();
        if pods.is_empty() {
            return Err("no pods returned by selector while calculating replica count".to_owned());
        }
        for object in pods {
            let Some(pod) = object.get::<Pod>() else { continue };
            if object.is_terminating() || pod.phase() == "Failed" {
                continue;
            }
            let name = object.name().to_owned();
            let Some((amount, times)) = samples.get(&name).filter(|_| pod.phase() != "Pending") else {
                let group = if pod.phase() == "Pending" { &mut groups.unready } else { &mut groups.missing };
                group.insert(name);
                continue;
            };
            if self.resource == "cpu" && is_unready(pod, *times, look.now) {
                groups.unready.insert(name);
                continue;
            }
            groups.used.insert(name, *amount);
        }
        if groups.used.is_empty() {
            return Err("did not receive metrics for targeted pods (pods might be unready)".to_owned());
        }
        Ok(groups)
    }

    /// What each pod requests as a whole, or else its containers do (upstream: `calculateRequests`).
    fn requests(&self, pods: &[&Object]) -> Result<Sorted<String, i64>, String> {
        let mut requests = Sorted::new();
        for object in pods {
            let Some(pod) = object.get::<Pod>() else { continue };
            if self.container.is_empty() && amounts::has_own_requests(&pod.spec) {
                let all = amounts::requests(&pod.spec, true);
                let missing = || format!("missing pod-level request for {} in Pod {}", self.resource, object.name());
                let request = all.get(self.resource).ok_or_else(missing)?;
                requests.insert(object.name().to_owned(), request.milli_value());
                continue;
            }
            let sidecars = pod.spec.init_containers.iter().flatten();
            let sidecars = sidecars.filter(|container| container.restart_policy.as_deref() == Some("Always"));
            let mut sum = 0;
            for container in pod.spec.containers.iter().chain(sidecars) {
                if !self.container.is_empty() && container.name != self.container {
                    continue;
                }
                let wanted = container.resources.as_ref().and_then(|resources| resources.requests.as_ref());
                let Some(quantity) = wanted.and_then(|requests| requests.get(self.resource)) else {
                    let (resource, container, pod) = (self.resource, &container.name, object.name());
                    return Err(format!("missing request for {resource} in container {container} of Pod {pod}"));
                };
                sum += Quantity::parse(&quantity.0).map_or(0, |quantity| quantity.milli_value());
            }
            requests.insert(object.name().to_owned(), sum);
        }
        Ok(requests)
    }

    /// How many pods (upstream: `GetResourceReplicas`, `calcPlainMetricReplicas`).
    fn decide(&self, look: &Look, groups: &Groups, ratio: &Ratio, worst: &dyn Fn(&str) -> i64) -> Result<i64, String> {
        let first = ratio(&groups.used)?;
        let unready = !groups.unready.is_empty() && first > 1.0;
        if !unready && groups.missing.is_empty() {
            if is_within(look, first) {
                return Ok(self.current);
            }
            return Ok(ceil(first, groups.used.len()));
        }
        let mut used = groups.used.clone();
        if first < 1.0 {
            used.extend(groups.missing.iter().map(|pod| (pod.clone(), worst(pod))));
        } else if first > 1.0 {
            used.extend(groups.missing.iter().map(|pod| (pod.clone(), 0)));
        }
        if unready {
            used.extend(groups.unready.iter().map(|pod| (pod.clone(), 0)));
        }
        let again = ratio(&used)?;
        if is_within(look, again) || first < 1.0 && again > 1.0 || first > 1.0 && again < 1.0 {
            return Ok(self.current);
        }
        let wanted = ceil(again, used.len());
        let turns = again < 1.0 && wanted > self.current || again > 1.0 && wanted < self.current;
        Ok(if turns { self.current } else { wanted })
    }
}

/// Whether a pod's sample tells nothing about the processor yet.
fn is_unready(pod: &Pod, (at, window): (Time, Duration), now: Time) -> bool {
    let start = pod.status.start_time.as_ref().map(moment);
    let (Some(start), Some(ready)) = (start, pod.condition("Ready")) else { return true };
    let since = ready.last_transition_time.as_ref().map(moment).unwrap_or_default();
    if start + timing::AUTOSCALE_CPU_START > now {
        return ready.status == "False" || at < since + window;
    }
    ready.status == "False" && start + timing::AUTOSCALE_FIRST_READY > since
}

fn average(used: &Sorted<String, i64>) -> i64 {
    let pods = i64::try_from(used.len()).unwrap_or(1).max(1);
    used.values().sum::<i64>() / pods
}

/// Percent of what is requested, and the average usage (upstream: `GetResourceUtilizationRatio`).
fn utilization(used: &Sorted<String, i64>, requests: &Sorted<String, i64>) -> Result<(i64, i64), String> {
    let known = used.iter().filter_map(|(pod, used)| Some((*used, *requests.get(pod)?)));
    let (sum, requested, pods) = known.fold((0, 0, 0), |(a, b, n), (used, request)| (a + used, b + request, n + 1));
    if requested == 0 {
        return Err("no metrics returned matched known pods".to_owned());
    }
    Ok((sum * 100 / requested, sum / pods))
}

#[expect(clippy::cast_precision_loss, reason = "upstream divides in floating point; both are small")]
fn ratio(value: i64, goal: i64) -> f64 {
    value as f64 / goal as f64
}

#[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "upstream rounds in floating point")]
fn ceil(ratio: f64, pods: usize) -> i64 {
    (ratio * pods as f64).ceil() as i64
}

/// A tenth more or less is near enough, unless the behaviour says otherwise.
fn is_within(look: &Look, ratio: f64) -> bool {
    let tolerance = |path: &str| {
        let given = look.document.text(path);
        let milli = if given.is_empty() { 100 } else { Quantity::parse(given).map_or(100, |q| q.milli_value()) };
        self::ratio(milli, 1000)
    };
    let (up, down) = (tolerance("spec.behavior.scaleUp.tolerance"), tolerance("spec.behavior.scaleDown.tolerance"));
    (1.0 - down..=1.0 + up).contains(&ratio)
}

fn milli(value: i64) -> String {
    let text = if value % 1000 == 0 { (value / 1000).to_string() } else { format!("{value}m") };
    Quantity::canonical(&text).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::document::Document;
    use crate::api::kinds::horizontal_pod_autoscaler;
    use serde_json::Map;

    /// How many pods there are to be: `current` ones, what those with a sample use, how many are unready and without a
    /// sample; a hundred is wanted of each, which is also the worst that is assumed.
    fn decided(behavior: Value, current: i64, used: &[i64], (unready, missing): (usize, usize)) -> i64 {
        let mut document =
            Document::read(&horizontal_pod_autoscaler::KIND, json!({"metadata": {"name": "a"}})).expect("one");
        document.set("spec.behavior", behavior);
        let object = Object::from_document(document);
        let document = object.document().expect("a tree");
        let look = Look { object: &object, document, key: object.key(), status: Map::new(), now: Time::from_secs(0) };
        let names = |what: &str, count: usize| (0..count).map(|n| format!("{what}{n}")).collect::<SortedSet<_>>();
        let groups = Groups {
            used: used.iter().enumerate().map(|(n, amount)| (format!("p{n}"), *amount)).collect(),
            unready: names("u", unready),
            missing: names("m", missing),
        };
        let asked = Asked { resource: "cpu", container: "", source: &Value::Null, current };
        let ratio = |used: &Sorted<String, i64>| Ok(ratio(average(used), 100));
        asked.decide(&look, &groups, &ratio, &|_| 100).expect("a number")
    }

    #[test]
    fn a_tenth_is_near_enough_unless_the_behaviour_says_otherwise() {
        let plain = || json!({});
        assert_eq!(decided(plain(), 2, &[110, 110], (0, 0)), 2);
        assert_eq!(decided(plain(), 2, &[111, 111], (0, 0)), 3);
        assert_eq!(decided(plain(), 4, &[90; 4], (0, 0)), 4);
        assert_eq!(decided(plain(), 10, &[89; 10], (0, 0)), 9);
        let own = || json!({"scaleUp": {"tolerance": "500m"}, "scaleDown": {"tolerance": "0"}});
        assert_eq!(decided(own(), 2, &[150, 150], (0, 0)), 2);
        assert_eq!(decided(own(), 2, &[151, 151], (0, 0)), 4);
        assert_eq!(decided(own(), 100, &[99; 100], (0, 0)), 99);
    }

    #[test]
    fn pods_of_which_nothing_is_known_count_as_what_speaks_against_a_change() {
        // Up: the unready and those without a sample use nothing.
        assert_eq!(decided(json!({}), 2, &[300, 300], (0, 0)), 6);
        assert_eq!(decided(json!({}), 4, &[300, 300], (1, 1)), 6);
        assert_eq!(decided(json!({}), 4, &[150, 150], (1, 1)), 4, "it would turn");
        // Down: those without a sample use all that they may, the unready do not count.
        assert_eq!(decided(json!({}), 4, &[20, 20], (0, 2)), 3);
        assert_eq!(decided(json!({}), 4, &[20, 20], (2, 0)), 1);
        assert_eq!(decided(json!({}), 4, &[90, 90], (0, 2)), 4);
    }

    /// Whether a sample of fifteen seconds, taken so long after the start, tells nothing.
    fn unready(ready: &str, since: u64, at: u64) -> bool {
        let moment =
            |seconds: u64| crate::api::meta::timestamp(Time::from_secs(0) + Duration::from_secs(seconds)).0.to_string();
        let object = (pod::KIND.decode)(json!({"metadata": {"name": "p"}, "spec": {"containers": []},
            "status": {"startTime": moment(0), "conditions": [{"type": "Ready", "status": ready, "lastTransitionTime": moment(since)}]}}));
        let object = object.expect("a pod");
        let at = Time::from_secs(0) + Duration::from_secs(at);
        is_unready(object.get().expect("a pod"), (at, Duration::from_secs(15)), at)
    }

    #[test]
    fn a_young_pods_processor_counts_a_window_after_it_became_ready() {
        assert!(unready("False", 0, 100));
        assert!(unready("True", 90, 100));
        assert!(!unready("True", 85, 100));
        // After five minutes only those count as unready that have never been ready.
        assert!(unready("False", 10, 400));
        assert!(!unready("False", 200, 400));
        assert!(!unready("True", 395, 400));
    }

    #[test]
    fn what_a_pod_requests_as_a_whole_counts_before_what_its_containers_do() {
        let pod = |own: Value| {
            let containers = json!([{"name": "c", "resources": {"requests": {"cpu": "100m"}}}]);
            let spec = json!({"containers": containers, "resources": {"requests": own}});
            (pod::KIND.decode)(json!({"metadata": {"name": "p"}, "spec": spec})).expect("a pod")
        };
        let requested = |own: Value, resource: &str, container: &str| {
            let asked = Asked { resource, container, source: &Value::Null, current: 1 };
            asked.requests(&[&pod(own)]).map(|requests| requests.get("p").copied())
        };
        assert_eq!(requested(json!({}), "cpu", ""), Ok(Some(100)));
        assert_eq!(requested(json!({"cpu": "250m"}), "cpu", ""), Ok(Some(250)));
        assert_eq!(requested(json!({"cpu": "250m"}), "cpu", "c"), Ok(Some(100)), "a container is asked for");
        let missing = "missing pod-level request for memory in Pod p".to_owned();
        assert_eq!(requested(json!({"cpu": "250m"}), "memory", ""), Err(missing));
    }
}
