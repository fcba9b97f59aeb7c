//! `metrics.k8s.io/v1beta1`: what pods and nodes use; `custom.metrics.k8s.io/v1beta2` and `external.metrics.k8s.io/v1beta1`:
//! by what else something is measured. No kinds of the API server's own: servers behind it answer, while there are some
//! (upstream: `k8s.io/metrics/pkg/apis`, `metrics-server/pkg/api`, `custom-metrics-apiserver/pkg/apiserver`).

use super::document::Document;
use super::kinds::document_text;
use super::meta::timestamp;
use super::quantity::{Format, Quantity};
use super::{Column, Kind, Object, Target, json};
use crate::sim::{Duration, Time};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::{Value, json};

/// The group.
pub const GROUP: &str = "metrics.k8s.io";
/// The `APIService` that says who answers.
pub const API_SERVICE: &str = "v1beta1.metrics.k8s.io";
const VERBS: &[&str] = &["get", "list"];

/// `NodeMetrics`.
pub static NODE: Kind = Kind {
    decode: |value| Document::read(&NODE, value).map(Object::from_document),
    columns: &[Column::NAME, CPU, MEMORY, WINDOW],
    ..Kind { version: "v1beta1", verbs: VERBS, ..Kind::tree(GROUP, "NodeMetrics", "nodes", "node") }.cluster()
};

/// `PodMetrics`.
pub static POD: Kind = Kind {
    version: "v1beta1",
    verbs: VERBS,
    decode: |value| Document::read(&POD, value).map(Object::from_document),
    columns: &[Column::NAME, CPU, MEMORY, WINDOW],
    ..Kind::tree(GROUP, "PodMetrics", "pods", "")
};

/// What a pod or another object is measured by. The name of such an object is the rest of its path: the resource, the
/// object's name (`*`: those that the labels select) and the metric, or `metrics` and the metric of a namespace.
pub static CUSTOM: Kind = custom("");
/// What is measured outside the cluster: the name is the metric's.
pub static EXTERNAL: Kind = external("");

const fn custom(plural: &'static str) -> Kind {
    Kind { version: "v1beta2", verbs: &["get"], ..Kind::tree("custom.metrics.k8s.io", "MetricValueList", plural, "") }
}

const fn external(plural: &'static str) -> Kind {
    let kind = Kind::tree("external.metrics.k8s.io", "ExternalMetricValueList", plural, "");
    Kind { version: "v1beta1", verbs: &["get"], ..kind }
}

/// The groups of [`CUSTOM`] and [`EXTERNAL`].
pub static OTHER_GROUPS: &[&str] = &[CUSTOM.group, EXTERNAL.group];

/// By the name of the `APIService`: what is in discovery while its server answers, and while it does not (a kind without a
/// name and without verbs).
pub static SERVED: [(&str, &[&Kind], &[&Kind]); 3] = [
    (API_SERVICE, &[&NODE, &POD], &[&Kind { version: "v1beta1", verbs: &[], ..Kind::tree(GROUP, "", "", "") }]),
    (
        "v1beta2.custom.metrics.k8s.io",
        &[
            &custom("namespaces/cpu_usage"),
            &custom("namespaces/memory_working_set_bytes"),
            &custom("pods/cpu_usage"),
            &custom("pods/memory_working_set_bytes"),
        ],
        &[&Kind { verbs: &[], kind: "", ..custom("") }],
    ),
    (
        "v1beta1.external.metrics.k8s.io",
        &[&external("cpu_usage"), &external("memory_working_set_bytes")],
        &[&Kind { verbs: &[], kind: "", ..external("") }],
    ),
];

/// What a path in one of [`OTHER_GROUPS`] is about: group and version, namespace, and what follows.
#[must_use]
pub fn target((group, version): (&str, &str), namespace: &str, rest: &[&str]) -> Option<Target> {
    let kind = [&CUSTOM, &EXTERNAL].into_iter().find(|kind| (kind.group, kind.version) == (group, version))?;
    let fits = if *kind == CUSTOM { matches!(rest.len(), 2 | 3) } else { rest.len() == 1 };
    fits.then(|| Target::new(kind, namespace, &rest.join("/")))
}

/// What one has to be allowed in order to ask for one of these: verb, resource, name and subresource.
#[must_use]
pub fn asked<'a>(kind: &Kind, name: &'a str) -> (&'static str, &'a str, &'a str, &'a str) {
    match name.split('/').collect::<Vec<_>>()[..] {
        [resource, of, metric] if *kind == CUSTOM => ("get", resource, of, metric),
        [resource, metric] if *kind == CUSTOM => ("get", resource, metric, ""),
        _ => ("list", name, "", ""),
    }
}

/// Values of a metric, as the answer has them: those of [`CUSTOM`] or of [`EXTERNAL`].
#[must_use]
pub fn values(kind: &'static Kind, items: Vec<Value>) -> Object {
    let mut document = Document::new(kind, ObjectMeta::default());
    document.set("items", items.into());
    Object::from_document(document)
}

const CPU: Column =
    Column::text("cpu", |object, _| total(object, "cpu").map_or_else(String::new, |all| all.to_string()));
const MEMORY: Column =
    Column::text("memory", |object, _| total(object, "memory").map_or_else(String::new, |all| all.to_string()));
const WINDOW: Column = Column::text("Window", |object, _| document_text(object, "window").to_owned());

/// The metrics of a pod: when they were measured, over which time, and by container what it uses: thousandths of a
/// processor and bytes.
#[must_use]
pub fn of_pod<'a>(
    metadata: ObjectMeta,
    times: (Time, Duration),
    containers: impl Iterator<Item = (&'a str, (i64, i64))>,
) -> Object {
    let containers: Vec<Value> =
        containers.map(|(name, amounts)| json!({"name": name, "usage": usage(amounts)})).collect();
    made(&POD, metadata, times, ("containers", containers.into()))
}

/// The metrics of a node.
#[must_use]
pub fn of_node(metadata: ObjectMeta, times: (Time, Duration), amounts: (i64, i64)) -> Object {
    made(&NODE, metadata, times, ("usage", usage(amounts)))
}

fn made(kind: &'static Kind, metadata: ObjectMeta, times: (Time, Duration), (field, value): (&str, Value)) -> Object {
    let mut document = Document::new(kind, metadata);
    document.set("timestamp", json::encode(&timestamp(times.0)));
    // Never as long as a minute.
    let (seconds, millis) = (times.1.as_secs(), times.1.subsec_millis());
    let text = format!("{seconds}.{millis:03}");
    document.set("window", format!("{}s", text.trim_end_matches('0').trim_end_matches('.')).into());
    document.set(field, value);
    Object::from_document(document)
}

/// Memory comes in whole pages.
fn usage((cpu_milli, memory): (i64, i64)) -> Value {
    let memory = Quantity::from_units(memory >> 12 << 12, Format::BinarySi);
    json!({"cpu": Quantity::from_milli(cpu_milli).to_string(), "memory": memory.to_string()})
}

/// What a pod's container (or with an empty name all of them), or a node, uses of a resource. `None`: it is not told.
#[must_use]
pub fn used(object: &Object, container: &str, resource: &str) -> Option<Quantity> {
    let document = object.document()?;
    let of = |usage: &Value| Quantity::parse(usage.get(resource)?.as_str()?).ok();
    let containers = document.list("containers");
    let mut ours = containers.iter().filter(|one| container.is_empty() || one["name"] == container).peekable();
    if ours.peek().is_none() {
        return document.at("usage").and_then(of);
    }
    ours.map(|one| of(&one["usage"])).reduce(|sum, next| {
        let (mut sum, next) = (sum?, next?);
        sum.add(&next);
        Some(sum)
    })?
}

fn total(object: &Object, resource: &str) -> Option<Quantity> {
    used(object, "", resource)
}

/// Whether a kind is one that another server answers for.
#[must_use]
pub fn is_elsewhere(kind: &Kind) -> bool {
    [GROUP, CUSTOM.group, EXTERNAL.group].contains(&kind.group)
}

/// When a sample was taken, and over which time.
#[must_use]
pub fn times(object: &Object) -> Option<(Time, Duration)> {
    let at = super::meta::moment(&json::decode_part(&document_text(object, "timestamp").into()).ok()?);
    let seconds = document_text(object, "window").trim_end_matches('s').parse().ok()?;
    Some((at, Duration::try_from_secs_f64(seconds).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::kinds::named;

    #[test]
    fn a_path_names_the_metric_and_what_is_measured() {
        let paths = [
            ("custom.metrics.k8s.io/v1beta2/namespaces/n/pods/*/cpu", ("get", "pods", "*", "cpu")),
            ("custom.metrics.k8s.io/v1beta2/namespaces/n/metrics/cpu", ("get", "metrics", "cpu", "")),
            ("custom.metrics.k8s.io/v1beta2/nodes/a/cpu", ("get", "nodes", "a", "cpu")),
            ("external.metrics.k8s.io/v1beta1/namespaces/n/queue", ("list", "queue", "", "")),
        ];
        for (path, wanted) in paths {
            let path = format!("/apis/{path}");
            let request = crate::api::Request::parse("GET", &path, "", "").expect("a path");
            assert_eq!(request.target.path(), path);
            let object = &request.target.object;
            assert_eq!(asked(object.kind, &object.key.name), wanted);
        }
        for path in ["custom.metrics.k8s.io/v1beta2/namespaces/n/pods/*/cpu/more", "custom.metrics.k8s.io/v1beta3/a/b"]
        {
            assert_eq!(
                crate::api::Request::parse("GET", &format!("/apis/{path}"), "", "").expect_err("none").code,
                404
            );
        }
    }

    #[test]
    fn what_is_measured_is_told_and_read() {
        let containers = [("a", (2, 8 << 20)), ("b", (1500, (1 << 20) + 5))];
        let at = Time::from_secs(60);
        let pod = of_pod(named("n", "p"), (at, Duration::from_millis(15_020)), containers.into_iter());
        let value = pod.to_value();
        assert_eq!((&value["kind"], &value["window"]), (&json!("PodMetrics"), &json!("15.02s")));
        assert_eq!(value["containers"][1], json!({"name": "b", "usage": {"cpu": "1500m", "memory": "1Mi"}}));
        assert_eq!(times(&pod), Some((at, Duration::from_millis(15_020))));
        let milli = |container: &str| used(&pod, container, "cpu").map(|quantity| quantity.milli_value());
        assert_eq!((milli(""), milli("a"), milli("c")), (Some(1502), Some(2), None));
        let cells: Vec<String> = POD.columns.iter().map(|column| column.show(&pod, at)).collect();
        assert_eq!(cells, ["p", "1502m", "9Mi", "15.02s"]);
        let node = of_node(named("", "n"), (at, Duration::from_secs(15)), (60, 400 << 20));
        assert_eq!(times(&node), Some((at, Duration::from_secs(15))));
        assert_eq!(used(&node, "", "memory").map(|quantity| quantity.value()), Some(400 << 20));
    }
}
