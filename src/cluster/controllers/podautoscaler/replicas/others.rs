//! What metrics of pods, of other objects and from outside the cluster want.
//!
//! Upstream: `replica_calculator.go` (`GetMetricReplicas`, `GetObject…`, `GetExternal…`), `horizontal.go`
//! (`computeStatusFor…`) and `metrics/client.go`.

use super::{Asked, Failure, Proposal, Samples, average, ceil, is_within, milli, ratio, selector_of, told_by};
use crate::api::kinds::pod::{self, Pod};
use crate::api::meta::moment;
use crate::api::quantity::Quantity;
use crate::api::selector::Selector;
use crate::api::{Object, Status, Target, json, metrics};
use crate::cluster::client::controller::Reconcile;
use crate::cluster::controllers::podautoscaler::Look;
use crate::cluster::controllers::shared::labels;
use crate::cluster::timing;
use crate::sim::{Duration, Sorted};
use k8s_openapi::api::autoscaling::v1::Scale;
use serde_json::{Value, json};

/// What has to be asked for a metric: of what, and which labels it is to have.
pub(super) fn question(look: &Look, spec: &Value, target: &Scale) -> Option<(Target, String)> {
    let namespace = look.object.namespace();
    let metric = |source: &str| text(&spec[source]["metric"]["name"]).to_owned();
    let (kind, name, labels) = match text(&spec["type"]) {
        "Pods" => (&metrics::CUSTOM, format!("pods/*/{}", metric("pods")), selector_of(target).to_owned()),
        "Object" => {
            let object = &spec["object"]["describedObject"];
            let kind = super::super::kind_of(super::super::group(text(&object["apiVersion"])), text(&object["kind"]));
            let name = match (text(&object["kind"]), kind) {
                ("Namespace", _) => format!("metrics/{}", metric("object")),
                (_, Some(kind)) => format!("{}/{}/{}", kind.resource(), text(&object["name"]), metric("object")),
                (_, None) => return None,
            };
            (&metrics::CUSTOM, name, String::new())
        }
        "External" => {
            let selector = Selector::from_value(&spec["external"]["metric"]["selector"]);
            (&metrics::EXTERNAL, metric("external"), selector.map(|labels| labels.to_string()).unwrap_or_default())
        }
        _ => return None,
    };
    Some((Target::new(kind, namespace, &name), labels))
}

/// What the metrics API has answered.
fn values<'a>(reconcile: &mut Reconcile<'a>, look: &Look, spec: &Value, target: &Scale) -> Result<&'a [Value], String> {
    let object = &spec["object"]["describedObject"];
    let Some((asked, labels)) = question(look, spec, target) else {
        let group = super::super::group(text(&object["apiVersion"]));
        return Err(format!("no matches for kind {:?} in group {group:?}", text(&object["kind"])));
    };
    let external = *asked.object.kind == metrics::EXTERNAL;
    let api = if external { "external" } else { "custom" };
    let told = match reconcile.ask_metric(&asked, &labels) {
        Some(Ok(told)) => told.document().map(|document| document.list("items")).unwrap_or_default(),
        Some(Err(status)) => {
            let resource = || format!("{}.{}", asked.object.key.name, metrics::EXTERNAL.group);
            let why = if external { told_by(status, &resource()) } else { refused(status) };
            return Err(format!("unable to fetch metrics from {api} metrics API: {why}"));
        }
        None => &[],
    };
    if told.is_empty() {
        return Err(format!("no metrics returned from {api} metrics API"));
    }
    Ok(told)
}

/// The client of custom metrics looks at discovery first, which does not name versions for which nobody answers (upstream:
/// `metrics/pkg/client/custom_metrics/discovery.go`).
fn refused(status: &Status) -> String {
    let group = metrics::CUSTOM.group;
    match status.code {
        404 if status.message == Status::no_such_path().message => {
            format!("no custom metrics API ({group}) registered")
        }
        503 => "no known available metric versions found".to_owned(),
        _ => status.message.clone(),
    }
}

/// Asks such a metric (upstream: `computeStatusForObjectMetric`, `…PodsMetric`, `…ExternalMetric`).
pub(super) fn of_metric(
    reconcile: &mut Reconcile,
    look: &Look,
    spec: &Value,
    (current, target): (i64, &Scale),
) -> Result<Proposal, Failure> {
    let namespace = look.object.namespace();
    let (kind, field, reason) = match text(&spec["type"]) {
        "Pods" => ("Pods", "pods", "FailedGetPodsMetric"),
        "Object" => ("Object", "object", "FailedGetObjectMetric"),
        _ => ("External", "external", "FailedGetExternalMetric"),
    };
    let (source, goal) = (&spec[field], &spec[field]["target"]);
    let (metric, selector) = (text(&source["metric"]["name"]), go_selector(&source["metric"]["selector"]));
    // Of an object the type decides, outside the cluster the field that is there.
    let each = match kind {
        "Object" => goal["type"] == "AverageValue",
        _ => !goal["averageValue"].is_null(),
    };
    let goal = amount(if each { &goal["averageValue"] } else { &goal["value"] });
    let fail = |(what, why): (String, String)| Failure { reason, what, why };
    let told = values(reconcile, look, spec, target);
    let (replicas, value) = match kind {
        "Pods" => {
            let fail = |why| fail(("failed to get pods metric value".to_owned(), why));
            let told = told.map_err(|why| fail(format!("unable to get metric {metric}: {why}")))?;
            of_pods(reconcile, look, (told, source), (current, target, goal)).map_err(fail)?
        }
        "Object" => {
            let object = &source["describedObject"];
            let what = if each { format!(": failed to get {metric} object metric") } else { String::new() };
            let fail = |why| fail((format!("failed to get object metric value{what}"), why));
            let on = format!("{} on {namespace} {}", text(&object["kind"]), text(&object["name"]));
            let told = told.map_err(|why| fail(format!("unable to get metric {metric}: {on}/{why}")))?;
            of_whole(reconcile, look, (told, each), (current, target, goal)).map_err(fail)?
        }
        _ => {
            let part = if each { format!("{metric} external metric") } else { format!("external metric {metric}") };
            let fail = |why| fail((format!("failed to get {metric} external metric value: failed to get {part}"), why));
            let of = format!("unable to get external metric {namespace}/{metric}/{selector}");
            let told = told.map_err(|why| fail(format!("{of}: {why}")))?;
            of_whole(reconcile, look, (told, each), (current, target, goal)).map_err(fail)?
        }
    };
    let name = match kind {
        "Pods" => format!("pods metric {metric}"),
        "Object" if !each => format!("{} metric {metric}", text(&source["describedObject"]["kind"])),
        _ => format!("external metric {metric}({selector})"),
    };
    let mut status = json!({"metric": source["metric"], "current": value});
    if kind == "Object" {
        status["describedObject"] = source["describedObject"].clone();
    }
    Ok(Proposal { replicas, metric: name, status: json!({"type": kind, field: status}) })
}

/// Upstream: `GetMetricReplicas`: the average over the pods that count.
fn of_pods(
    reconcile: &mut Reconcile,
    look: &Look,
    (told, source): (&[Value], &Value),
    (current, target, goal): (i64, &Scale, i64),
) -> Result<(i64, Value), String> {
    let selector = Selector::parse(selector_of(target))?;
    let pods = reconcile.cache(&pod::KIND).in_namespace(look.object.namespace());
    let pods: Vec<&Object> = pods.filter(|pod| selector.matches(labels(pod.meta()))).collect();
    let sample = |told: &Value| {
        let at = json::decode_part(&told["timestamp"]).map(|at| moment(&at)).unwrap_or_default();
        let window = told["windowSeconds"].as_u64().map_or(timing::AUTOSCALE_METRIC_WINDOW, Duration::from_secs);
        (text(&told["describedObject"]["name"]).to_owned(), (amount(&told["value"]), (at, window)))
    };
    let samples: Samples = told.iter().map(sample).collect();
    let asked = Asked { resource: "", container: "", source, current };
    let groups = asked.groups(look, &pods, &samples)?;
    let of = |used: &Sorted<String, i64>| Ok(ratio(average(used), goal));
    let replicas = asked.decide(look, &groups, &of, &|_| goal)?;
    Ok((replicas, json!({"averageValue": milli(average(&groups.used))})))
}

/// One value for all pods together, or (`each`) to be divided among them (upstream: `GetObjectMetricReplicas`,
/// `GetObjectPerPodMetricReplicas`, `GetExternalMetricReplicas`, `GetExternalPerPodMetricReplicas`).
fn of_whole(
    reconcile: &Reconcile,
    look: &Look,
    (told, each): (&[Value], bool),
    (current, target, goal): (i64, &Scale, i64),
) -> Result<(i64, Value), String> {
    let value: i64 = told.iter().map(|told| amount(&told["value"])).sum();
    if each {
        let there = target.status.as_ref().map_or(0, |status| i64::from(status.replicas));
        let near = is_within(look, ratio(value, goal * there));
        let replicas = if near { there } else { ceil(ratio(value, goal), 1) };
        let average = if there == 0 { 0 } else { ceil(ratio(value, there), 1) };
        return Ok((replicas, json!({"averageValue": milli(average)})));
    }
    let shown = json!({"value": milli(value)});
    let of_goal = ratio(value, goal);
    if current == 0 {
        return Ok((ceil(of_goal, 1), shown));
    }
    if is_within(look, of_goal) {
        return Ok((current, shown));
    }
    let selector = Selector::parse(selector_of(target))?;
    let pods = reconcile.cache(&pod::KIND).in_namespace(look.object.namespace());
    let mut pods = pods.filter(|pod| selector.matches(labels(pod.meta()))).filter_map(Object::get::<Pod>).peekable();
    if pods.peek().is_none() {
        let why = "no pods returned by selector while calculating replica count";
        return Err(format!("unable to calculate ready pods: {why}"));
    }
    let ready = pods.filter(|pod| pod.phase() == "Running" && pod.is_ready()).count();
    Ok((ceil(of_goal, ready), shown))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// In thousandths.
fn amount(value: &Value) -> i64 {
    Quantity::parse(text(value)).map_or(0, |quantity| quantity.milli_value())
}

fn go_selector(selector: &Value) -> String {
    if selector.is_null() {
        return "nil".to_owned();
    }
    let labels = selector["matchLabels"].as_object().into_iter().flatten();
    let labels: Vec<String> = labels.map(|(name, value)| format!("{name}: {},", text(value))).collect();
    format!(
        "&LabelSelector{{MatchLabels:map[string]string{{{}}},MatchExpressions:[]LabelSelectorRequirement{{}},}}",
        labels.concat()
    )
}
