//! The autoscaler: so many pods that each uses about what is wanted.
//!
//! Upstream: `pkg/controller/podautoscaler/horizontal.go`. Every fifteen seconds, for each `HorizontalPodAutoscaler`: read
//! the target's scale, ask each metric how many pods it would have ([`replicas`]), take the largest answer, let the
//! behaviour hold it back ([`behavior`]), write the scale, and say in the status why.

mod behavior;
mod replicas;

use self::replicas::Proposal;
use super::shared::{labels, subject};
use crate::api::document::Document;
use crate::api::kinds::{KINDS, horizontal_pod_autoscaler, node, pod};
use crate::api::meta::timestamp;
use crate::api::selector::Selector;
use crate::api::{Body, Key, Kind, Object, Ref, Request, Status, Target, Verb};
use crate::cluster::client::controller::{Controller, Failed, Note, Reconcile, Saying, Wake, Watch, Write};
use crate::cluster::timing;
use k8s_openapi::api::autoscaling::v1::Scale;
use serde_json::{Map, Value, json};
use std::rc::Rc;

/// The controller.
pub static CONTROLLER: Controller = Controller {
    name: "horizontal-pod-autoscaler",
    account: "horizontal-pod-autoscaler",
    workers: 5,
    watches: &[
        Watch::mapped(&horizontal_pod_autoscaler::KIND, wake),
        Watch::mapped(&pod::KIND, |_, _, _| {}),
        Watch::mapped(&node::KIND, |_, _, _| {}),
    ],
    period: None,
    retries: 0,
    reconcile,
    failed: Some(failed),
};

fn wake(wake: &mut Wake, old: Option<&Object>, new: Option<&Object>) {
    match new.or(old) {
        Some(object) if new.is_some() => wake.key_after(object.reference(), timing::AUTOSCALE),
        Some(object) => {
            wake.memory().remove(&*selected(&object.key()));
            wake.memory().remove(&*asked(&object.key()));
            behavior::forget(wake.memory(), &object.key());
        }
        None => {}
    }
}

/// One look at an autoscaler.
struct Look<'a> {
    object: &'a Object,
    document: &'a Document,
    key: Key,
    status: Map<String, Value>,
    now: crate::sim::Time,
}

impl Look<'_> {
    fn number(&self, path: &str) -> Option<i64> {
        self.document.at(path).and_then(Value::as_i64)
    }

    /// Upstream: `setConditionInList`.
    fn set(&mut self, kind: &str, holds: bool, reason: &str, message: &str) {
        let status = if holds { "True" } else { "False" };
        let mut new = json!({"type": kind, "status": status, "reason": reason, "message": message,
            "lastTransitionTime": timestamp(self.now).0.to_string()});
        let list = self.status.entry("conditions").or_insert_with(|| json!([]));
        let Some(list) = list.as_array_mut() else { return };
        match list.iter_mut().find(|old| old["type"] == kind) {
            Some(old) => {
                if old["status"] == status {
                    new["lastTransitionTime"] = old["lastTransitionTime"].clone();
                }
                *old = new;
            }
            None => list.push(new),
        }
    }

    fn set_numbers(&mut self, current: i64, desired: i64, metrics: Vec<Value>) {
        if current == 0 {
            self.status.remove("currentReplicas");
        } else {
            self.status.insert("currentReplicas".to_owned(), current.into());
        }
        self.status.insert("desiredReplicas".to_owned(), desired.into());
        let metrics = if metrics.is_empty() { Value::Null } else { Value::Array(metrics) };
        self.status.insert("currentMetrics".to_owned(), metrics);
    }

    /// The autoscaler with the status that it is to have.
    fn changed(&self) -> Object {
        let mut object = self.object.clone();
        if let Some(document) = object.document_mut() {
            document.set("status", Value::Object(self.status.clone()));
        }
        object
    }

    /// Upstream: `updateStatusIfNeeded`.
    fn write(&self, reconcile: &mut Reconcile) {
        if self.document.at("status").and_then(Value::as_object) != Some(&self.status) {
            let write = Write::new(Request::update_status(self.changed()));
            reconcile.write(write.failing(Saying::warning(self.object, "FailedUpdateStatus", "{error}")));
        }
    }
}

fn reconcile(key: &Ref, reconcile: &mut Reconcile) -> Result<(), String> {
    let Some(object) = subject(reconcile, key) else { return Ok(()) };
    let Some(document) = object.document() else { return Ok(()) };
    let status = document.at("status").and_then(Value::as_object).cloned().unwrap_or_default();
    let mut look = Look { object, document, key: object.key(), status, now: reconcile.now() };
    let text = |path: &str| document.text(path);
    let reference = (text("spec.scaleTargetRef.apiVersion"), text("spec.scaleTargetRef.kind"));
    let name = text("spec.scaleTargetRef.name");
    let found = match kind_of(group(reference.0), reference.1) {
        None => Err(format!("no matches for kind {:?} in group {:?}", reference.1, group(reference.0))),
        Some(kind) if kind.scale.is_none() => Err(Status::no_such_path().message),
        Some(kind) => match reconcile.ask_scale(kind, &Key::new(object.namespace(), name)) {
            None => return Ok(()),
            Some(answer) => answer.map(|scale| (kind, scale)).map_err(|status| status.message.clone()),
        },
    };
    reconcile.again_after(timing::AUTOSCALE);
    match found {
        Err(why) => {
            reconcile.say(Saying::warning(object, "FailedGetScale", why.clone()));
            let message = format!("the HPA controller was unable to get the target's current scale: {why}");
            look.set("AbleToScale", false, "FailedGetScale", &message);
            look.write(reconcile);
        }
        Ok(target) => scale_target(reconcile, &mut look, target),
    }
    Ok(())
}

fn group(api_version: &str) -> &str {
    api_version.split_once('/').map_or("", |(group, _)| group)
}

/// Which version the reference names does not matter (upstream: `RESTMappings` of a group and a kind).
fn kind_of(group: &str, kind: &str) -> Option<&'static Kind> {
    KINDS.iter().copied().find(|known| known.kind == kind && known.group == group)
}

/// Upstream: `reconcileAutoscaler` once the scale is known.
fn scale_target(reconcile: &mut Reconcile, look: &mut Look, target: (&'static Kind, &Object)) {
    let Some(scale) = target.1.get::<Scale>() else { return };
    let current = i64::from(scale.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(0));
    let text = "the HPA controller was able to get the target's current scale";
    look.set("AbleToScale", true, "SucceededGetScale", text);
    behavior::begin(reconcile.memory, &look.key, current, look.now);
    let least = look.number("spec.minReplicas").unwrap_or(1);
    let most = look.number("spec.maxReplicas").unwrap_or(1);
    let (mut metrics, mut reason) = (Vec::new(), String::new());
    let desired = if current == 0 && least != 0 {
        let text = "scaling is disabled since the replica count of the target is zero";
        look.set("ScalingActive", false, "ScalingDisabled", text);
        0
    } else if current > most {
        "Current number of replicas above Spec.MaxReplicas".clone_into(&mut reason);
        most
    } else if current < least {
        "Current number of replicas below Spec.MinReplicas".clone_into(&mut reason);
        least
    } else {
        if replicas::awaits(reconcile, look, scale) {
            return;
        }
        let (proposal, statuses) = compute(reconcile, look, (current, scale));
        metrics = statuses;
        match proposal {
            Err(why) => {
                let desired = look.status.get("desiredReplicas").and_then(Value::as_i64).unwrap_or(0);
                look.set_numbers(current, desired, metrics);
                look.write(reconcile);
                reconcile.say(Saying::warning(look.object, "FailedComputeMetricsReplicas", why));
                return;
            }
            Ok((wanted, metric)) => {
                if wanted > current {
                    reason = format!("{metric} above target");
                } else if wanted < current {
                    "All metrics below target".clone_into(&mut reason);
                }
                behavior::normalize(reconcile.memory, look, (current, wanted), (least, most))
            }
        }
    };
    if desired != current {
        rescale(reconcile, look, target, ((current, desired, &reason), &metrics));
    }
    look.set_numbers(current, desired, metrics);
    look.write(reconcile);
}

/// Writes the scale, at the revision that was read: who has changed the target meanwhile is not overruled.
fn rescale(
    reconcile: &mut Reconcile,
    look: &mut Look,
    (kind, scale): (&'static Kind, &Object),
    ((from, to, reason), metrics): ((i64, i64, &str), &[Value]),
) {
    let mut body = scale.clone();
    if let Some(scale) = body.get_mut::<Scale>() {
        scale.spec.get_or_insert_default().replicas = i32::try_from(to).ok();
    }
    let request = Request {
        verb: Verb::Update,
        target: Target::sub(kind, &scale.key(), "scale"),
        options: crate::api::Options::default(),
        body: Body::Object(body),
    };
    let text = format!("New size: {to}; reason: {reason}");
    let write = Write::new(request)
        .saying(Saying::normal(look.object, "SuccessfulRescale", text.clone()))
        .failing(Saying::warning(look.object, "FailedRescale", format!("{text}; error: {{error}}")));
    reconcile.write(write);
    remember_refused(reconcile, look, (from, metrics));
    let text = format!("the HPA controller was able to update the target scale to {to}");
    look.set("AbleToScale", true, "SucceededRescale", &text);
    look.status.insert("lastScaleTime".to_owned(), timestamp(look.now).0.to_string().into());
    behavior::remember_scaling(reconcile.memory, look, from, to);
}

/// What the status says if the scale is not written: the present size, and what the metrics have shown.
fn remember_refused(reconcile: &mut Reconcile, look: &mut Look, (from, metrics): (i64, &[Value])) {
    let before = look.status.clone();
    let desired = before.get("desiredReplicas").and_then(Value::as_i64).unwrap_or(0);
    look.set_numbers(from, desired, metrics.to_vec());
    reconcile.memory.insert(asked(&look.key), Note::Object(look.changed()));
    look.status = before;
}

/// Behind the key of an autoscaler: what it is to be if the scale that it has asked for is refused.
fn asked(key: &Key) -> Rc<str> {
    format!("{key} asked").into()
}

/// The scale could not be written: it was not changed, and the status says so.
fn failed(key: &Ref, reconcile: &mut Reconcile, (request, error): Failed) {
    let Some(object) = subject(reconcile, key).filter(|_| request.target.subresource == "scale") else { return };
    let Some(document) = object.document() else { return };
    let status = |document: &Document| document.at("status").and_then(Value::as_object).cloned().unwrap_or_default();
    let seen = match reconcile.memory.remove(&asked(&object.key())) {
        Some(Note::Object(seen)) => seen,
        _ => object.clone(),
    };
    let Some(then) = seen.document() else { return };
    if then.at("spec.behavior").is_some() {
        behavior::take_back(reconcile.memory, &object.key());
    }
    let mut look = Look { object, document, key: object.key(), status: status(then), now: reconcile.now() };
    let text = format!("the HPA controller was unable to update the target scale: {}", error.message);
    look.set("AbleToScale", false, "FailedUpdateScale", &text);
    look.write(reconcile);
}

/// What is wrong with the pods that the target selects: reason, message, and what the condition says if that is not the
/// message (upstream: `validateAndParseSelector`, `hpasControllingPodsUnderSelector`).
fn selector(
    reconcile: &mut Reconcile,
    look: &Look,
    target: &Scale,
) -> Result<(), (&'static str, String, Option<&'static str>)> {
    let text = replicas::selector_of(target);
    if text.is_empty() {
        let missing = "the HPA target's scale is missing a selector";
        return Err(("SelectorRequired", "selector is required".to_owned(), Some(missing)));
    }
    let own = Selector::parse(text).map_err(|why| {
        let why = format!("couldn't convert selector into a corresponding internal selector object: {why}");
        ("InvalidSelector", why, None)
    })?;
    let namespace = look.object.namespace();
    reconcile.memory.insert(selected(&look.key), Note::Object(Object::new(target.clone())));
    let pods = reconcile.cache(&pod::KIND).in_namespace(namespace).map(|pod| labels(pod.meta()));
    let pods: Vec<_> = pods.filter(|pod| own.matches(pod)).collect();
    let rival = |(name, note): (&Rc<str>, &Note)| {
        let (Some(key), Note::Object(scale)) = (name.strip_suffix(SELECTED), note) else { return None };
        let other = Selector::parse(replicas::selector_of(scale.get::<Scale>()?)).ok()?;
        pods.iter().any(|pod| other.matches(pod)).then(|| key.to_owned())
    };
    let prefix: Rc<str> = format!("{namespace}/").into();
    let known = reconcile.memory.range(prefix.clone()..).take_while(|(name, _)| name.starts_with(&*prefix));
    let rivals: Vec<String> = known.filter_map(rival).collect();
    if rivals.len() > 1 {
        let why = format!("pods by selector {text} are controlled by multiple HPAs: [{}]", rivals.join(" "));
        return Err(("AmbiguousSelector", why, None));
    }
    Ok(())
}

/// Behind the key of an autoscaler: its target's scale, for what it selects.
const SELECTED: &str = " selected";

fn selected(key: &Key) -> Rc<str> {
    format!("{key}{SELECTED}").into()
}

/// What all metrics together want, and what each shows (upstream: `computeReplicasForMetrics`).
fn compute(
    reconcile: &mut Reconcile,
    look: &mut Look,
    target: (i64, &Scale),
) -> (Result<(i64, String), String>, Vec<Value>) {
    if let Err((reason, why, text)) = selector(reconcile, look, target.1) {
        look.set(
            "ScalingActive",
            false,
            if reason == "SelectorRequired" { "InvalidSelector" } else { reason },
            text.unwrap_or(&why),
        );
        reconcile.say(Saying::warning(look.object, reason, why.clone()));
        return (Err(why), Vec::new());
    }
    let specs = look.document.list("spec.metrics");
    let (mut best, mut statuses): (Option<Proposal>, Vec<Value>) = (None, Vec::new());
    let mut invalid: Vec<(&'static str, String, String)> = Vec::new();
    for spec in specs {
        match replicas::of_metric(reconcile, look, spec, target) {
            Ok(proposal) => {
                statuses.push(proposal.status.clone());
                if best.as_ref().is_none_or(|best| best.replicas == 0 || proposal.replicas > best.replicas) {
                    best = Some(proposal);
                }
            }
            Err(failure) => {
                reconcile.say(Saying::warning(look.object, failure.reason, failure.why.clone()));
                statuses.push(json!({"type": ""}));
                let wrapped = format!("{}: {}", failure.what, failure.why);
                invalid.push((failure.reason, failure.why, wrapped));
            }
        }
    }
    let wanted = best.as_ref().map_or(0, |best| best.replicas);
    if let Some((reason, why, wrapped)) = invalid.first().filter(|_| invalid.len() >= specs.len() || wanted < target.0)
    {
        let text = format!("the HPA was unable to compute the replica count: {why}");
        look.set("ScalingActive", false, reason, &text);
        let (failed, all) = (invalid.len(), specs.len());
        let why = format!("invalid metrics ({failed} invalid out of {all}), first error is: {wrapped}");
        return (Err(why), statuses);
    }
    let metric = best.map(|best| best.metric).unwrap_or_default();
    let text = format!("the HPA was able to successfully calculate a replica count from {metric}");
    look.set("ScalingActive", true, "ValidMetricFound", &text);
    (Ok((wanted, metric)), statuses)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::client::testing::{look, wants, wants_after};

    fn autoscaler(kind: &str) -> Object {
        let target = json!({"apiVersion": "apps/v1", "kind": kind, "name": "web"});
        let value = json!({"metadata": {"name": "web", "namespace": "n", "uid": "u"},
            "spec": {"scaleTargetRef": target, "maxReplicas": 3}});
        (horizontal_pod_autoscaler::KIND.decode)(value).expect("an autoscaler")
    }

    fn told(wanted: &[Request]) -> Vec<Value> {
        let condition = |request: &Request| match &request.body {
            Body::Object(object) => Some(object.to_value()["status"]["conditions"][0].clone()),
            _ => None,
        };
        wanted.iter().filter_map(condition).collect()
    }

    #[test]
    fn only_a_scale_that_could_not_be_written_is_told_of() {
        let autoscaler = autoscaler("Deployment");
        let refused = Status::internal("no");
        let after = |target: Target| {
            let request = Request { target, ..Request::update_status(autoscaler.clone()) };
            let all = std::slice::from_ref(&autoscaler);
            told(&wants_after(&CONTROLLER, all, &autoscaler.reference(), (&request, &refused)))
        };
        let deployment = &crate::api::kinds::deployment::KIND;
        let conditions = after(Target::sub(deployment, &Key::new("n", "web"), "scale"));
        assert_eq!(conditions.len(), 1);
        assert_eq!(conditions[0]["reason"], "FailedUpdateScale");
        assert!(after(Request::update_status(autoscaler.clone()).target).is_empty());
    }

    #[test]
    fn a_refused_scale_leaves_the_size_and_what_the_metrics_have_shown() {
        let autoscaler = autoscaler("Deployment");
        let scale =
            json!({"metadata": {"name": "web", "namespace": "n", "resourceVersion": "7"}, "spec": {"replicas": 2}});
        let scale = (crate::api::kinds::scale::KIND.decode)(scale).expect("a scale");
        let refused = Status::internal("no");
        let deployment = &crate::api::kinds::deployment::KIND;
        let all = std::slice::from_ref(&autoscaler);
        let wanted = look(all, crate::sim::Time::from_secs(60), |reconcile| {
            let now = reconcile.now();
            let document = autoscaler.document().expect("a tree");
            let mut look = Look { object: &autoscaler, document, key: autoscaler.key(), status: Map::new(), now };
            look.set("ScalingActive", true, "ValidMetricFound", "so");
            let metrics = [json!({"type": "Resource"})];
            rescale(reconcile, &mut look, (deployment, &scale), ((2, 3, "cpu above target"), &metrics));
            assert_eq!(look.status["conditions"][1]["reason"], "SucceededRescale");
            let request = Request {
                target: Target::sub(deployment, &Key::new("n", "web"), "scale"),
                ..Request::update_status(autoscaler.clone())
            };
            failed(&autoscaler.reference(), reconcile, (&request, &refused));
        });
        let bodies: Vec<Value> = wanted
            .iter()
            .map(|request| match &request.body {
                Body::Object(object) => object.to_value(),
                _ => Value::Null,
            })
            .collect();
        assert_eq!(bodies[0]["metadata"]["resourceVersion"], "7", "nobody else's change is overruled");
        let status = &bodies[1]["status"];
        assert_eq!(status["currentReplicas"], 2);
        assert_eq!(status["desiredReplicas"], 0);
        assert_eq!(status["currentMetrics"], json!([{"type": "Resource"}]));
        assert_eq!(status["lastScaleTime"], Value::Null);
        let reasons: Vec<&Value> =
            status["conditions"].as_array().expect("conditions").iter().map(|one| &one["reason"]).collect();
        assert_eq!(reasons, ["ValidMetricFound", "FailedUpdateScale"]);
    }

    #[test]
    fn a_target_that_has_no_scale_is_one_that_nobody_finds() {
        let conditions = |kind: &str| {
            let autoscaler = autoscaler(kind);
            told(&wants(&CONTROLLER, std::slice::from_ref(&autoscaler), &autoscaler.reference()))
        };
        let text = |why: &str| json!(format!("the HPA controller was unable to get the target's current scale: {why}"));
        assert_eq!(conditions("DaemonSet")[0]["message"], text("the server could not find the requested resource"));
        assert!(kind_of("apps", "Deployment").is_some() && kind_of("extensions", "Deployment").is_none());
        assert_eq!(conditions("Web")[0]["message"], text("no matches for kind \"Web\" in group \"apps\""));
    }
}
