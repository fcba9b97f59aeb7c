//! The metrics server behind the API server, and autoscalers that live by it.

use bottle::api::kinds::{api_service, deployment, event, horizontal_pod_autoscaler, pod};
use bottle::api::object::Key;
use bottle::api::{Kind, Object, Request, Status, metrics};
use bottle::cluster::World;
use bottle::cluster::boot::{Scenario, settle};
use bottle::cluster::fact::Fact;
use bottle::cluster::input::{Input, Name};
use bottle::cluster::outside::Said;
use bottle::cluster::wire::{Message, OUTSIDE, Reply, User};
use bottle::sim::{Duration, Simulation, Trace};
use serde_json::Value;
use std::rc::Rc;

/// A cluster with somebody who asks.
struct Harbour {
    world: World,
    trace: Trace<Fact>,
    asked: u64,
}

impl Harbour {
    fn new() -> Self {
        let (world, trace) = settle(&Scenario::named("three-ships").expect("the scenario"), 7);
        Self { world, trace, asked: OUTSIDE }
    }

    fn with_server() -> Self {
        let mut harbour = Self::new();
        harbour.apply(example("metrics-server"));
        harbour.run(60);
        harbour
    }

    fn apply(&mut self, text: &str) {
        self.input(&Input::Apply { text: text.to_owned(), dry_run: false, create_namespaces: false });
    }

    fn input(&mut self, input: &Input) {
        self.world.input(input, &mut self.trace);
    }

    fn run(&mut self, seconds: u64) {
        let to = self.world.now() + Duration::from_secs(seconds);
        while self.world.next_at().is_some_and(|at| at <= to) {
            self.world.step(&mut self.trace);
        }
        self.world.advance(to);
    }

    fn ask(&mut self, request: Request) -> Result<Vec<Object>, Rc<Status>> {
        self.asked += 1;
        let user = User::new("kubernetes-admin", &["system:masters", "system:authenticated"]);
        let message = Message::Request { id: self.asked, user, request: Rc::new(request) };
        self.world.send_from_outside(message, &mut self.trace);
        loop {
            let Said::Outside(id, Message::Response { outcome, .. }) = self.world.step_outside(&mut self.trace) else {
                continue;
            };
            assert_eq!(id, self.asked);
            return outcome.map(|reply| match reply {
                Reply::List { items, .. } => items.to_vec(),
                Reply::Object { object, .. } => vec![object],
                other => panic!("{other:?}"),
            });
        }
    }

    fn list(&mut self, kind: &'static Kind) -> Result<Vec<Object>, Rc<Status>> {
        self.ask(Request::list(kind, ""))
    }

    fn get(&mut self, kind: &'static Kind, namespace: &str, name: &str) -> Value {
        self.ask(Request::get(kind, &Key::new(namespace, name))).expect("the object")[0].to_value()
    }

    fn available(&mut self) -> (String, String, String) {
        let service = self.get(&api_service::KIND, "", metrics::API_SERVICE);
        let condition = &service["status"]["conditions"][0];
        let text = |field: &str| condition[field].as_str().unwrap_or_default().to_owned();
        (text("status"), text("reason"), text("message"))
    }

    fn condition(&mut self, kind: &str) -> Value {
        let scaler = self.get(&horizontal_pod_autoscaler::KIND, "default", "busy");
        let conditions = scaler["status"]["conditions"].as_array().cloned().unwrap_or_default();
        conditions.into_iter().find(|condition| condition["type"] == kind).unwrap_or_default()
    }

    fn replicas(&mut self) -> Value {
        self.replicas_of("busy")
    }

    fn replicas_of(&mut self, name: &str) -> Value {
        self.get(&deployment::KIND, "default", name)["spec"]["replicas"].clone()
    }
}

fn example(name: &str) -> &'static str {
    bottle::examples::find(name).expect("the example").text()
}

fn scale(namespace: &str, name: &str, replicas: i32) -> Input {
    let object = Name {
        api_version: "apps/v1".into(),
        kind: "Deployment".into(),
        namespace: namespace.into(),
        name: name.into(),
    };
    Input::Scale { object, replicas }
}

const NOT_FOUND: &str = "the HPA was unable to compute the replica count: failed to get cpu utilization: unable to get \
                         metrics for resource cpu: unable to fetch metrics from resource metrics API: the server could \
                         not find the requested resource (get pods.metrics.k8s.io)";

#[test]
fn without_the_add_on_nobody_knows_what_is_used() {
    let mut harbour = Harbour::new();
    harbour.apply(example("autoscaler"));
    harbour.run(60);
    let refused = harbour.list(&metrics::NODE).expect_err("no server");
    assert_eq!((refused.code, &*refused.message), (404, "the server could not find the requested resource"));
    let condition = harbour.condition("ScalingActive");
    assert_eq!((&condition["reason"], &condition["message"]), (&"FailedGetResourceMetric".into(), &NOT_FOUND.into()));
    assert_eq!(harbour.replicas(), 1);
    let events = harbour.list(&event::KIND).expect("events");
    let said: Vec<String> =
        events.iter().map(|event| event.to_value()["reason"].as_str().unwrap_or("").to_owned()).collect();
    assert!(said.contains(&"FailedComputeMetricsReplicas".to_owned()));
}

#[test]
fn the_add_on_is_ready_after_two_scrapes_and_tells_what_is_used() {
    let mut harbour = Harbour::new();
    harbour.apply(example("metrics-server"));
    harbour.run(2);
    let (status, reason, message) = harbour.available();
    let said =
        "endpointslices for service/metrics-server in \"kube-system\" have no addresses with port name \"https\"";
    assert_eq!((&*status, &*reason, &*message), ("False", "MissingEndpoints", said));
    let refused = harbour.list(&metrics::POD).expect_err("nobody answers yet");
    assert_eq!((refused.code, refused.reason), (503, "ServiceUnavailable"));
    harbour.run(13);
    // It runs, but has scraped once at most.
    assert_eq!(harbour.available().0, "False");
    harbour.run(45);
    assert_eq!(harbour.available(), ("True".to_owned(), "Passed".to_owned(), "all checks passed".to_owned()));
    let nodes = harbour.list(&metrics::NODE).expect("metrics");
    assert_eq!(nodes.iter().map(Object::name).collect::<Vec<_>>(), ["control-plane", "node-1", "node-2", "node-3"]);
    let now = harbour.world.now();
    let (at, window) = metrics::times(&nodes[0]).expect("times");
    assert!(now.since(at) <= Duration::from_secs(16) && window.as_secs() == 15, "{window:?}");
    let pods = harbour.list(&metrics::POD).expect("metrics");
    let coredns: Vec<&Object> = pods.iter().filter(|pod| pod.name().starts_with("coredns")).collect();
    assert_eq!(coredns.len(), 2);
    let memory: i64 = pods.iter().filter_map(|pod| metrics::used(pod, "", "memory")).map(|used| used.value()).sum();
    let whole: i64 = nodes.iter().filter_map(|node| metrics::used(node, "", "memory")).map(|used| used.value()).sum();
    // What the operating systems need comes on top; pages round down.
    assert!(whole >= memory + 4 * (400 << 20) && whole < memory + 4 * (401 << 20), "{whole} {memory}");
}

#[test]
fn a_young_pod_counts_from_its_second_scrape_on() {
    let mut harbour = Harbour::with_server();
    harbour.apply(
        "apiVersion: v1\nkind: Pod\nmetadata: {name: young}\nspec: {containers: [{name: c, image: nginx:1.27}]}\n",
    );
    let key = Key::new("default", "young");
    harbour.run(1);
    let started = |harbour: &mut Harbour| harbour.get(&pod::KIND, "default", "young")["status"]["phase"] == "Running";
    while !started(&mut harbour) {
        harbour.run(1);
    }
    let refused = harbour.ask(Request::get(&metrics::POD, &key)).expect_err("not yet");
    assert_eq!(&*refused.message, "pods.metrics.k8s.io \"default/young\" not found");
    harbour.run(31);
    let told = harbour.get(&metrics::POD, "default", "young");
    assert_eq!(told["containers"][0]["name"], "c");
}

#[test]
fn kubelets_that_sign_their_own_certificates_are_not_believed() {
    let mut harbour = Harbour::new();
    harbour.apply(&example("metrics-server").replace("        - --kubelet-insecure-tls\n", ""));
    harbour.run(90);
    assert_eq!(harbour.available().1, "MissingEndpoints");
    let pods = harbour.list(&pod::KIND).expect("pods");
    let server = pods.iter().find(|pod| pod.name().starts_with("metrics-server")).expect("its pod");
    let conditions = server.to_value()["status"]["conditions"].clone();
    let ready = conditions.as_array().into_iter().flatten().find(|condition| condition["type"] == "Ready").cloned();
    assert_eq!(ready.map(|ready| ready["status"].clone()), Some("False".into()));
    let lines = harbour.world.logs(&server.key(), "", false).expect("its log");
    let text: Vec<String> = lines.iter().map(|(_, line)| line.to_string()).collect();
    assert!(text[0].contains("x509: cannot validate certificate for 172.18.0.2"), "{text:?}");
}

#[test]
fn an_autoscaler_follows_what_the_add_on_tells() {
    let mut harbour = Harbour::with_server();
    harbour.apply(example("autoscaler"));
    harbour.run(120);
    // Each uses its limit, three times what is wanted: 3, 6 and no more.
    assert_eq!(harbour.replicas(), 6);
    let condition = harbour.condition("ScalingActive");
    assert_eq!(condition["reason"], "ValidMetricFound");
    assert_eq!(harbour.condition("ScalingLimited")["reason"], "TooManyReplicas");
    let scaler = harbour.get(&horizontal_pod_autoscaler::KIND, "default", "busy");
    let current = &scaler["status"]["currentMetrics"][0]["resource"]["current"];
    assert_eq!((&current["averageUtilization"], &current["averageValue"]), (&150.into(), &"300m".into()));
    // Without the add-on's pods the group is known, and nobody answers for it.
    harbour.input(&scale("kube-system", "metrics-server", 0));
    harbour.run(40);
    assert_eq!(harbour.available().1, "MissingEndpoints");
    let message = harbour.condition("ScalingActive")["message"].to_string();
    let end = "the server is currently unable to handle the request (get pods.metrics.k8s.io)\"";
    assert!(message.ends_with(end), "{message}");
    assert_eq!(harbour.replicas(), 6);
}

#[test]
fn a_kubelet_that_does_not_answer_is_left_out() {
    let mut harbour = Harbour::with_server();
    let server =
        harbour.list(&pod::KIND).expect("pods").into_iter().find(|pod| pod.name().starts_with("metrics-server"));
    let on = server.expect("its pod").to_value()["spec"]["nodeName"].clone();
    let other = if on == "node-1" { "node-2" } else { "node-1" };
    harbour.input(&Input::Kubelet { node: other.to_owned(), stop: true });
    harbour.run(35);
    let nodes = harbour.list(&metrics::NODE).expect("metrics");
    assert_eq!(nodes.len(), 3);
    assert!(nodes.iter().all(|node| node.name() != other));
}

fn scaler(name: &str, target: &str, metrics: &str) -> String {
    format!(
        "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {{name: {name}}}\nspec:\n  \
         scaleTargetRef: {{apiVersion: apps/v1, kind: Deployment, name: {target}}}\n  maxReplicas: 4\n  metrics: [{metrics}]\n"
    )
}

const WEB: &str = "apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: c, image: nginx:1.27, resources: {requests: {cpu: 100m}}}]}
";

impl Harbour {
    /// Why an autoscaler does not scale: reason and message.
    fn idle(&mut self, name: &str) -> (String, String) {
        let scaler = self.get(&horizontal_pod_autoscaler::KIND, "default", name);
        let conditions = scaler["status"]["conditions"].as_array().cloned().unwrap_or_default();
        let active = conditions.into_iter().find(|condition| condition["type"] == "ScalingActive").unwrap_or_default();
        assert_eq!(active["status"], "False", "{active}");
        let text = |field: &str| active[field].as_str().unwrap_or_default().to_owned();
        (text("reason"), text("message").replace("the HPA was unable to compute the replica count: ", ""))
    }

    /// All messages of events for a reason.
    fn said(&mut self, reason: &str) -> Vec<String> {
        let events = self.list(&event::KIND).expect("events");
        let said = events.iter().map(Object::to_value).filter(|event| event["reason"] == reason);
        said.map(|event| event["message"].as_str().unwrap_or_default().to_owned()).collect()
    }
}

#[test]
fn nobody_tells_of_other_metrics() {
    let mut harbour = Harbour::new();
    harbour.apply(WEB);
    let target = "target: {type: AverageValue, averageValue: \"5\"}";
    harbour.apply(&scaler("pods", "web", &format!("{{type: Pods, pods: {{metric: {{name: rate}}, {target}}}}}")));
    let object = "describedObject: {apiVersion: v1, kind: Service, name: web}";
    let object = format!("{{type: Object, object: {{metric: {{name: hits}}, {object}, {target}}}}}");
    harbour.apply(&scaler("object", "web", &object));
    let external = "{type: External, external: {metric: {name: queue, selector: {matchLabels: {a: b}}}, \
                    target: {type: Value, value: \"30\"}}}";
    harbour.apply(&scaler("external", "web", external));
    harbour.apply(&scaler("both", "web", &format!("{external}, {object}")));
    harbour.run(40);
    // All four select the same pods.
    let rivals = "pods by selector app=web are controlled by multiple HPAs: \
                  [default/both default/external default/object default/pods]";
    let ambiguous = ("AmbiguousSelector".to_owned(), rivals.to_owned());
    assert_eq!(harbour.idle("pods"), ambiguous);
    assert!(harbour.said("FailedComputeMetricsReplicas").contains(&rivals.to_owned()));
    for other in ["both", "object", "external"] {
        let object = Name {
            api_version: "autoscaling/v2".into(),
            kind: "HorizontalPodAutoscaler".into(),
            namespace: "default".into(),
            name: other.into(),
        };
        harbour.input(&Input::Delete { object });
    }
    harbour.run(20);
    let custom =
        "unable to fetch metrics from custom metrics API: no custom metrics API (custom.metrics.k8s.io) registered";
    assert_eq!(
        harbour.idle("pods"),
        ("FailedGetPodsMetric".to_owned(), format!("unable to get metric rate: {custom}"))
    );
    for (name, metrics) in [("one", object.as_str()), ("two", external)] {
        harbour.apply(&WEB.replace("web", name));
        harbour.apply(&scaler(name, name, metrics));
    }
    harbour.run(40);
    let why = format!("unable to get metric hits: Service on default web/{custom}");
    assert_eq!(harbour.idle("one"), ("FailedGetObjectMetric".to_owned(), why.clone()));
    let first = "invalid metrics (1 invalid out of 1), first error is: failed to get object metric value";
    let said = harbour.said("FailedComputeMetricsReplicas");
    assert!(said.contains(&format!("{first}: failed to get hits object metric: {why}")), "{said:?}");
    let why = "unable to get external metric default/queue/&LabelSelector{MatchLabels:map[string]string{a: b,},\
               MatchExpressions:[]LabelSelectorRequirement{},}: unable to fetch metrics from external metrics API: the \
               server could not find the requested resource (get queue.external.metrics.k8s.io)";
    assert_eq!(harbour.idle("two"), ("FailedGetExternalMetric".to_owned(), why.to_owned()));
}

#[test]
fn an_autoscaler_follows_what_an_adapter_tells() {
    let mut harbour = Harbour::new();
    harbour.apply(example("prometheus-adapter"));
    harbour.run(20);
    // Nobody has been scraped twice yet.
    let (reason, why) = harbour.idle("hungry");
    assert_eq!(reason, "FailedGetPodsMetric");
    assert_eq!(
        why,
        "unable to get metric cpu_usage: unable to fetch metrics from custom metrics API: no known available metric \
         versions found"
    );
    harbour.run(100);
    assert_eq!(harbour.replicas_of("hungry"), 3);
    let hungry = harbour.get(&horizontal_pod_autoscaler::KIND, "default", "hungry");
    let current = &hungry["status"]["currentMetrics"][0];
    assert_eq!(
        *current,
        serde_json::json!({"type": "Pods", "pods": {"metric": {"name": "cpu_usage"},
        "current": {"averageValue": "300m"}}})
    );
    assert!(
        harbour
            .said("SuccessfulRescale")
            .contains(&"New size: 3; reason: pods metric cpu_usage above target".to_owned())
    );
}

#[test]
fn one_value_stands_for_all_pods_or_is_divided_among_them() {
    let mut harbour = Harbour::new();
    harbour.apply(example("prometheus-adapter"));
    harbour.run(120);
    // The three of the example use 900m together.
    let object = "describedObject: {apiVersion: v1, kind: Namespace, name: default}";
    let metrics = [
        (
            "whole",
            format!(
                "{{type: Object, object: {{metric: {{name: cpu_usage}}, {object}, target: {{type: Value, value: 300m}}}}}}"
            ),
        ),
        (
            "each",
            format!(
                "{{type: Object, object: {{metric: {{name: cpu_usage}}, {object}, target: {{type: AverageValue, averageValue: 450m}}}}}}"
            ),
        ),
        (
            "outside",
            "{type: External, external: {metric: {name: cpu_usage, selector: {matchLabels: {namespace: default}}}, \
                     target: {type: AverageValue, averageValue: 450m}}}"
                .to_owned(),
        ),
        (
            "unknown",
            "{type: Pods, pods: {metric: {name: rate}, target: {type: AverageValue, averageValue: 1}}}".to_owned(),
        ),
        (
            "service",
            "{type: Object, object: {metric: {name: cpu_usage}, describedObject: {apiVersion: v1, kind: Service, \
                     name: web}, target: {type: Value, value: 1}}}"
                .to_owned(),
        ),
    ];
    for (name, metric) in &metrics {
        harbour.apply(&WEB.replace("web", name));
        harbour.apply(&scaler(name, name, metric));
    }
    harbour.run(60);
    let replicas = metrics.each_ref().map(|(name, _)| harbour.replicas_of(name).as_i64());
    assert_eq!(replicas, [Some(4), Some(2), Some(2), Some(1), Some(1)]);
    let outside = harbour.get(&horizontal_pod_autoscaler::KIND, "default", "outside");
    let current = &outside["status"]["currentMetrics"][0]["external"]["current"];
    // All other pods use a thousandth each.
    let used: u64 = 900 + 10;
    assert_eq!(current["averageValue"], format!("{}m", used.div_ceil(2)), "{outside}");
    let known = "unable to fetch metrics from custom metrics API: the server could not find the metric";
    assert_eq!(harbour.idle("unknown").1, format!("unable to get metric rate: {known} rate for pods"));
    let why = format!("unable to get metric cpu_usage: Service on default web/{known} cpu_usage for services web");
    assert_eq!(harbour.idle("service").1, why);
}

/// An `APIService` whose server is not there: whoever asks its group is told so.
#[test]
fn a_registered_group_without_a_server_is_unavailable() {
    let mut harbour = Harbour::new();
    for (group, version) in [("external.metrics.k8s.io", "v1beta1"), ("custom.metrics.k8s.io", "v1beta2")] {
        harbour.apply(&format!(
            "apiVersion: apiregistration.k8s.io/v1\nkind: APIService\nmetadata: {{name: {version}.{group}}}\nspec: {{group: \
             {group}, version: {version}, groupPriorityMinimum: 100, versionPriority: 100, insecureSkipTLSVerify: true, \
             service: {{name: adapter, namespace: default}}}}\n"
        ));
    }
    harbour.apply(WEB);
    let external = "{type: External, external: {metric: {name: queue}, target: {type: Value, value: \"30\"}}}";
    harbour.apply(&scaler("web", "web", external));
    harbour.run(40);
    let why = harbour.idle("web").1;
    let end = "the server is currently unable to handle the request (get queue.external.metrics.k8s.io)";
    assert!(why.ends_with(end), "{why}");
    let service = harbour.get(&api_service::KIND, "", "v1beta1.external.metrics.k8s.io");
    let condition = &service["status"]["conditions"][0];
    assert_eq!(condition["message"], "service/adapter in \"default\" is not present");
    // A Service whose pods do not serve the group: it is asked and has no answer.
    harbour.apply(&WEB.replace("web", "adapter"));
    harbour.apply(
        "apiVersion: v1\nkind: Service\nmetadata: {name: adapter}\nspec: {selector: {app: adapter}, ports: [{port: 443, targetPort: 80}]}\n",
    );
    harbour.run(20);
    let service = harbour.get(&api_service::KIND, "", "v1beta1.external.metrics.k8s.io");
    let condition = &service["status"]["conditions"][0];
    assert_eq!(condition["reason"], "FailedDiscoveryCheck");
    let message = condition["message"].as_str().unwrap_or_default();
    assert!(message.starts_with("failing or missing response from https://10.96."), "{message}");
    assert!(message.ends_with(":443: connect: connection refused"), "{message}");
}
