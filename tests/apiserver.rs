//! The REST contract: the API server and etcd on a kernel of their own, and a client that writes down what it hears.

use bottle::api::kinds::{self, named};
use bottle::api::object::{Key, Object};
use bottle::api::request::{Body, DeleteOptions, FieldValidation, PatchType, Propagation};
use bottle::api::{Kind, Options, Request, Target, Verb};
use bottle::cluster::fact::{Fact, Gate};
use bottle::cluster::wire::{Address, Change, Event, Message, Reply, User, WatchEvent};
use bottle::cluster::{Cx, timing};
use bottle::sim::Duration;
use bottle::sim::rng::Rng;
use k8s_openapi::api::core::v1::{ConfigMap, Namespace};
use serde_json::{Value, json};
use std::rc::Rc;

mod bench;

use bench::{Bench, create, service_account};

fn config(name: &str, value: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "labels": {"is": value}}, "data": {"k": value}})
}

fn pod(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name},
           "spec": {"containers": [{"name": "c", "image": "nginx"}]}})
}

const CONFIG: &Kind = &kinds::config_map::KIND;
const POD: &Kind = &kinds::pod::KIND;
const NAMESPACE: &Kind = &kinds::namespace::KIND;

fn bind(name: &str, node: &str) -> Request {
    let document = json!({"apiVersion": "v1", "kind": "Binding", "metadata": {"name": name}, "target": {"kind": "Node", "name": node}});
    let target = Target::sub(POD, &Key::new("default", name), "binding");
    Request { verb: Verb::Create, target, options: Options::default(), body: Body::Document(Rc::new(document)) }
}

fn delete(kind: &'static Kind, namespace: &str, name: &str) -> Request {
    Request::delete(kind, &Key::new(namespace, name), DeleteOptions::default())
}

#[test]
fn a_server_that_starts_makes_sure_of_what_must_be_there() {
    let mut bench = Bench::new();
    let (names, ..) = bench.list(NAMESPACE, Options::default());
    assert_eq!(names, ["default", "kube-node-lease", "kube-public", "kube-system"]);
    let service = bench.get(&kinds::service::KIND, "default", "kubernetes").to_value();
    assert_eq!(service["spec"]["clusterIP"], "10.96.0.1");
    let class = bench.get(&kinds::priority_class::KIND, "", "system-node-critical").to_value();
    assert_eq!(class["value"], 2_000_001_000);
}

#[test]
fn a_new_object_gets_what_only_the_server_can_give() {
    let mut bench = Bench::new();
    let object = bench.create(config("c", "1"));
    assert_eq!(object.uid().len(), 36);
    assert!(object.revision() > 1);
    assert!(object.meta().creation_timestamp.is_some());
    assert_eq!(bench.get(CONFIG, "default", "c"), object);
    let status = bench.refused(create(config("c", "2")));
    assert_eq!((status.code, status.message.as_str()), (409, "configmaps \"c\" already exists"));
    assert_eq!(bench.refused(Request::get(CONFIG, &Key::new("default", "x"))).message, "configmaps \"x\" not found");
}

#[test]
fn generated_names_have_five_letters_and_never_collide() {
    let mut bench = Bench::new();
    let mut names: Vec<String> = Vec::new();
    for _ in 0..50 {
        let document = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"generateName": "web-"}});
        names.push(bench.create(document).name().to_owned());
    }
    assert!(names.iter().all(|name| name.len() == 9 && name.starts_with("web-")), "{names:?}");
    names.sort();
    names.dedup();
    assert_eq!(names.len(), 50);
}

#[test]
fn of_two_writers_one_loses_and_is_told() {
    let mut bench = Bench::new();
    let first = bench.create(config("c", "1"));
    let mut mine = first.clone();
    mine.get_mut::<ConfigMap>().expect("a config map").data = None;
    let mine = bench.object(Request::update(mine));
    assert!(mine.revision() > first.revision());
    let status = bench.refused(Request::update(first.clone()));
    assert_eq!((status.code, status.reason), (409, "Conflict"));
    assert_eq!(
        status.message,
        "Operation cannot be fulfilled on configmaps \"c\": the object has been modified; please apply your changes to \
         the latest version and try again"
    );
    // Both at once, from the same revision: exactly one wins.
    let change = |value: &str| {
        let mut object = mine.clone();
        let data = [("k".to_owned(), value.to_owned())].into();
        object.get_mut::<ConfigMap>().expect("a config map").data = Some(data);
        Request::update(object)
    };
    let (a, b) = (bench.send(change("a")), bench.send(change("b")));
    let outcomes = [bench.answer_to(a).is_ok(), bench.answer_to(b).is_ok()];
    assert_eq!(outcomes, [true, false]);
}

#[test]
fn without_a_revision_the_last_writer_wins_and_a_patch_meets_the_newer_object() {
    let mut bench = Bench::new();
    bench.create(config("c", "1"));
    let key = Key::new("default", "c");
    let patch = |name: &str| {
        Request::patch(
            CONFIG,
            &key,
            PatchType::Merge,
            json!({"data": {name: "x"}, "metadata": {"labels": {"is": null}}}),
        )
    };
    let (a, b) = (bench.send(patch("a")), bench.send(patch("b")));
    assert!(bench.answer_to(a).is_ok() && bench.answer_to(b).is_ok());
    let value = bench.get(CONFIG, "default", "c").to_value();
    assert_eq!(value["data"], json!({"a": "x", "b": "x", "k": "1"}));
    let blind = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"z": "z"}});
    let target = Target::new(CONFIG, "default", "c");
    let body = Body::Document(Rc::new(blind));
    let object = bench.object(Request { verb: Verb::Update, target, options: Options::default(), body });
    assert_eq!(object.to_value()["data"], json!({"z": "z"}));
}

#[test]
fn an_update_that_changes_nothing_writes_nothing() {
    let mut bench = Bench::new();
    let object = bench.create(config("c", "1"));
    let before = bench.etcd.revision();
    assert_eq!(bench.object(Request::update(object.clone())).revision(), object.revision());
    let patch = json!({"data": {"k": "1"}});
    bench.object(Request::patch(CONFIG, &Key::new("default", "c"), PatchType::Strategic, patch));
    assert_eq!(bench.etcd.revision(), before);
}

#[test]
fn documents_are_checked_as_strictly_as_asked() {
    let mut bench = Bench::new();
    let document = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "dota": {}});
    let with = |field_validation| create(document.clone()).with(Options { field_validation, ..Options::default() });
    let status = bench.refused(with(FieldValidation::Strict));
    assert_eq!(status.code, 400);
    assert_eq!(
        status.message,
        "ConfigMap in version \"v1\" cannot be handled as a ConfigMap: strict decoding error: unknown field \"dota\""
    );
    match bench.ask(with(FieldValidation::Warn)) {
        Ok(Reply::Object { warnings, created: true, .. }) => {
            assert_eq!(*warnings, [Rc::from("unknown field \"dota\"")]);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_dry_run_goes_through_all_gates_and_stores_nothing() {
    let mut bench = Bench::new();
    let dry = || Options { dry_run: true, ..Options::default() };
    let before = bench.etcd.revision();
    let object = bench.object(create(config("c", "1")).with(dry()));
    assert_eq!(object.uid().len(), 36);
    assert_eq!(bench.etcd.revision(), before);
    assert_eq!(bench.refused(Request::get(CONFIG, &Key::new("default", "c"))).code, 404);
    bench.create(config("c", "1"));
    assert_eq!(bench.refused(create(config("c", "1")).with(dry())).code, 409);
    bench.ask(delete(CONFIG, "default", "c").with(dry())).expect("would be deleted");
    bench.get(CONFIG, "default", "c");
}

#[test]
fn a_bound_pod_goes_gracefully_and_an_unbound_one_at_once() {
    let mut bench = Bench::new();
    bench.create(pod("bound"));
    bench.create(pod("free"));
    bench.ask(bind("bound", "node-1")).expect("bound");
    let object = bench.object(delete(POD, "default", "bound"));
    assert_eq!(object.meta().deletion_grace_period_seconds, Some(30));
    assert_eq!(object.meta().generation, Some(2));
    // Only a shorter time may be asked for.
    let again = |seconds| {
        let options = DeleteOptions { grace_period_seconds: Some(seconds), ..DeleteOptions::default() };
        Request::delete(POD, &Key::new("default", "bound"), options)
    };
    let deadline = object.meta().deletion_timestamp.clone();
    assert_eq!(bench.object(again(60)).meta().deletion_timestamp, deadline);
    assert_eq!(bench.object(again(5)).meta().deletion_grace_period_seconds, Some(5));
    bench.object(again(0));
    assert_eq!(bench.refused(Request::get(POD, &Key::new("default", "bound"))).code, 404);
    bench.object(delete(POD, "default", "free"));
    assert_eq!(bench.refused(Request::get(POD, &Key::new("default", "free"))).code, 404);
}

#[test]
fn finalizers_keep_an_object_until_the_last_is_gone() {
    let mut bench = Bench::new();
    let mut document = config("c", "1");
    document["metadata"]["finalizers"] = json!(["example.com/keep"]);
    bench.create(document);
    let object = bench.object(delete(CONFIG, "default", "c"));
    assert!(object.is_terminating());
    let key = Key::new("default", "c");
    let add = json!({"metadata": {"finalizers": ["example.com/keep", "example.com/more"]}});
    let status = bench.refused(Request::patch(CONFIG, &key, PatchType::Merge, add));
    assert_eq!(
        status.message,
        "ConfigMap \"c\" is invalid: metadata.finalizers: Forbidden: no new finalizers can be added if the object is \
         being deleted, found new finalizers []string{\"example.com/more\"}"
    );
    let none = json!({"metadata": {"finalizers": null}});
    bench.object(Request::patch(CONFIG, &key, PatchType::Merge, none));
    assert_eq!(bench.refused(Request::get(CONFIG, &key)).code, 404);
}

#[test]
fn a_wish_about_dependents_becomes_a_finalizer() {
    let mut bench = Bench::new();
    bench.create(config("c", "1"));
    let options = DeleteOptions { propagation: Some(Propagation::Foreground), ..DeleteOptions::default() };
    let object = bench.object(Request::delete(CONFIG, &Key::new("default", "c"), options));
    assert_eq!(object.meta().finalizers.as_deref(), Some(&["foregroundDeletion".to_owned()][..]));
    assert_eq!(object.meta().deletion_grace_period_seconds, Some(0));
}

#[test]
fn preconditions_guard_a_deletion() {
    let mut bench = Bench::new();
    let object = bench.create(config("c", "1"));
    let with = |uid: &str| {
        let options = DeleteOptions { uid: Some(uid.into()), ..DeleteOptions::default() };
        Request::delete(CONFIG, &Key::new("default", "c"), options)
    };
    let status = bench.refused(with("other"));
    assert_eq!(status.code, 409);
    assert!(status.message.contains("Precondition failed: UID in precondition: other"), "{}", status.message);
    bench.ask(with(object.uid())).expect("deleted");
}

#[test]
fn a_namespace_terminates_takes_nothing_new_and_goes_when_it_is_finalized() {
    let mut bench = Bench::new();
    bench.create(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "blue"}}));
    let going = bench.object(delete(NAMESPACE, "", "blue"));
    assert_eq!(going.to_value()["status"]["phase"], "Terminating");
    let mut request = create(config("c", "1"));
    request.target = Target::new(CONFIG, "blue", "c");
    assert_eq!(
        bench.refused(request.clone()).message,
        "configmaps \"c\" is forbidden: unable to create new content in namespace blue because it is being terminated"
    );
    let mut done = going.clone();
    if let Some(spec) = done.get_mut::<Namespace>().and_then(|namespace| namespace.spec.as_mut()) {
        spec.finalizers = None;
    }
    let mut finalize = Request::update(done);
    finalize.target = Target::sub(NAMESPACE, &Key::new("", "blue"), "finalize");
    bench.ask(finalize).expect("finalized");
    assert_eq!(bench.refused(request).message, "namespaces \"blue\" not found");
    assert_eq!(
        bench.refused(delete(NAMESPACE, "", "default")).message,
        "namespaces \"default\" is forbidden: this namespace may not be deleted"
    );
}

#[test]
fn binding_sets_the_node_once() {
    let mut bench = Bench::new();
    bench.create(pod("p"));
    assert!(matches!(bench.ask(bind("p", "node-1")), Ok(Reply::Done { .. })));
    let value = bench.get(POD, "default", "p").to_value();
    assert_eq!(value["spec"]["nodeName"], "node-1");
    assert_eq!(value["status"]["conditions"][0]["type"], "PodScheduled");
    assert_eq!(value["status"]["conditions"][0]["status"], "True");
    let status = bench.refused(bind("p", "node-2"));
    assert_eq!(status.code, 409);
    assert_eq!(
        status.message,
        "Operation cannot be fulfilled on pods/binding \"p\": pod p is already assigned to node \"node-1\""
    );
}

#[test]
fn a_watch_tells_what_enters_changes_and_leaves_its_selection() {
    let mut bench = Bench::new();
    let revision = bench.create(config("a", "red")).revision();
    let mut request = Request::watch(CONFIG, revision);
    request.options.label_selector = "is=red".into();
    let watch = bench.send(request);
    bench.answer_to(watch).expect("watching");
    bench.create(config("b", "red"));
    bench.create(config("c", "blue"));
    let key = Key::new("default", "a");
    let paint = |colour: &str| {
        let patch = json!({"metadata": {"labels": {"is": colour}}});
        Request::patch(CONFIG, &key, PatchType::Merge, patch)
    };
    bench.object(paint("blue"));
    bench.object(paint("red"));
    bench.ask(delete(CONFIG, "default", "b")).expect("deleted");
    bench.run(Duration::from_secs(1));
    assert_eq!(bench.told(watch), ["1 Created b", "2 Deleted a", "3 Created a", "4 Deleted b"]);
    let revisions: Vec<u64> = bench
        .seen
        .iter()
        .filter_map(|(.., event)| match event {
            WatchEvent::Change(_, object) => Some(object.revision()),
            _ => None,
        })
        .collect();
    assert!(revisions.windows(2).all(|pair| pair[0] < pair[1]), "{revisions:?}");
    bench.run(timing::BOOKMARK);
    assert_eq!(bench.told(watch).last().map(String::as_str), Some("5 bookmark"));
}

#[test]
fn a_watch_begins_with_what_was_missed_and_a_stopped_one_is_silent() {
    let mut bench = Bench::new();
    let revision = bench.create(config("a", "1")).revision();
    bench.create(config("b", "1"));
    let watch = bench.send(Request::watch(CONFIG, revision));
    bench.answer_to(watch).expect("watching");
    bench.run(Duration::from_secs(1));
    assert_eq!(bench.told(watch), ["1 Created b"]);
    // A second watch of the same kind by the same client replaces the first.
    let second = bench.send(Request::watch(CONFIG, 0));
    bench.answer_to(second).expect("watching");
    bench.create(config("c", "1"));
    bench.run(Duration::from_secs(1));
    assert_eq!(bench.told(watch), ["1 Created b"]);
    assert_eq!(bench.told(second), ["1 Created a", "1 Created b", "2 Created c"]);
    let stop = Event::Message { from: Address::User, message: Message::StopWatch { id: second } };
    Cx::new(&mut bench.kernel, &mut bench.trace, Address::User, None).send(Address::ApiServer, stop);
    bench.run(Duration::from_secs(1));
    assert_eq!(bench.server.watchers().count(), 0);
}

#[test]
fn kubelets_hear_only_of_their_own_pods() {
    let mut bench = Bench::new();
    let watches: Vec<u64> = (0..3)
        .map(|n| {
            let user = User::new(&format!("system:node:node-{n}"), &["system:nodes"]);
            let mut request = Request::watch(POD, 0);
            request.options.field_selector = format!("spec.nodeName=node-{n}").into();
            bench.send_from(Address::Kubelet(format!("node-{n}").into()), &user, request)
        })
        .collect();
    bench.run(Duration::from_secs(1));
    bench.create(pod("p"));
    bench.ask(bind("p", "node-1")).expect("bound");
    bench.run(Duration::from_secs(1));
    let told: Vec<_> = watches.iter().map(|watch| bench.told(*watch)).collect();
    assert_eq!(told, [vec![], vec!["1 Created p".to_owned()], vec![]]);
}

#[test]
fn history_that_is_gone_is_said_to_be_gone() {
    let mut bench = Bench::new();
    let old = bench.create(config("c", "0")).revision();
    let key = Key::new("default", "c");
    for round in 0..150 {
        let patch = json!({"data": {"k": round.to_string()}});
        bench.object(Request::patch(CONFIG, &key, PatchType::Merge, patch));
    }
    bench.run(timing::WATCH_HISTORY + Duration::from_secs(1));
    bench.object(Request::patch(CONFIG, &key, PatchType::Merge, json!({"data": {"k": "last"}})));
    let status = bench.refused(Request::watch(CONFIG, old));
    assert_eq!((status.code, status.reason), (410, "Expired"));
    assert!(status.message.starts_with(&format!("too old resource version: {old} (")), "{}", status.message);
    // Ten minutes later etcd has forgotten it too.
    bench.run(timing::COMPACTION * 2);
    let page = Options { limit: 1, ..Options::default() };
    let (.., token) = bench.list(NAMESPACE, page.clone());
    bench.create(config("d", "0"));
    bench.run(timing::COMPACTION * 2 + Duration::from_secs(1));
    let status = bench.refused(Request::list(NAMESPACE, "").with(Options { continue_token: token, ..page }));
    assert_eq!((status.code, status.reason), (410, "Expired"));
}

#[test]
fn a_list_in_pages_shows_one_moment() {
    let mut bench = Bench::new();
    for name in ["a", "b", "c", "d", "e"] {
        bench.create(config(name, "1"));
    }
    let page = |token: Rc<str>| Options { limit: 2, continue_token: token, ..Options::default() };
    let (first, revision, token) = bench.list(CONFIG, page("".into()));
    bench.create(config("cc", "1"));
    bench.ask(delete(CONFIG, "default", "d")).expect("deleted");
    let (second, second_revision, token) = bench.list(CONFIG, page(token));
    let (third, _, end) = bench.list(CONFIG, page(token));
    assert_eq!((first, second, third), (vec!["a".into(), "b".into()], vec!["c".into(), "d".into()], vec!["e".into()]));
    assert_eq!((revision, &*end), (second_revision, ""));
}

#[test]
fn selectors_restrict_lists() {
    let mut bench = Bench::new();
    bench.create(config("a", "red"));
    bench.create(config("b", "blue"));
    let labels = |text: &str| Options { label_selector: text.into(), ..Options::default() };
    assert_eq!(bench.list(CONFIG, labels("is in (red, green)")).0, ["a"]);
    assert_eq!(bench.list(CONFIG, labels("is!=red")).0, ["b"]);
    let fields = |text: &str| Options { field_selector: text.into(), ..Options::default() };
    assert_eq!(bench.list(CONFIG, fields("metadata.name!=a")).0, ["b"]);
    let status = bench.refused(Request::list(CONFIG, "").with(fields("spec.colour=red")));
    assert_eq!((status.code, status.message.as_str()), (400, "field label not supported: spec.colour"));
}

#[test]
fn a_collection_is_deleted_one_by_one() {
    let mut bench = Bench::new();
    for name in ["a", "b", "c"] {
        bench.create(config(name, if name == "b" { "keep" } else { "go" }));
        bench.create(pod(name));
    }
    let all = |kind, labels: &str| Request {
        verb: Verb::DeleteCollection,
        target: Target::new(kind, "default", ""),
        options: Options { label_selector: labels.into(), ..Options::default() },
        body: Body::Empty,
    };
    match bench.ask(all(CONFIG, "is=go")) {
        Ok(Reply::Gone { items, revision, .. }) => {
            let names: Vec<&str> = items.iter().map(Object::name).collect();
            assert_eq!(names, ["a", "c"], "the answer is the list of what is gone");
            assert!(revision > 0);
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(bench.list(CONFIG, Options::default()).0, ["b"]);
    bench.ask(all(POD, "")).expect("deleted");
    assert!(bench.list(POD, Options::default()).0.is_empty());
}

#[test]
fn scale_reads_and_writes_one_number() {
    let mut bench = Bench::new();
    let deployment = bench.create(json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
        "spec": {"replicas": 2, "selector": {"matchLabels": {"app": "web"}}, "template": {
            "metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "c", "image": "nginx"}]}}},
    }));
    assert_eq!(deployment.meta().generation, Some(1));
    let mut request =
        Request::patch(deployment.kind(), &deployment.key(), PatchType::Merge, json!({"spec": {"replicas": 5}}));
    request.target.subresource = "scale";
    let scale = bench.object(request.clone()).to_value();
    assert_eq!((&scale["kind"], &scale["spec"]["replicas"]), (&json!("Scale"), &json!(5)));
    let stored = bench.get(deployment.kind(), "default", "web");
    assert_eq!(stored.to_value()["spec"]["replicas"], 5);
    request.body = Body::Patch(PatchType::Merge, Rc::new(json!({"spec": {"replicas": -1}})));
    let status = bench.refused(request);
    assert_eq!(
        status.message,
        "Scale.autoscaling \"web\" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0"
    );
}

#[test]
fn a_refused_write_shows_its_gate_and_leaves_no_trace_in_the_store() {
    let mut bench = Bench::new();
    let before = bench.etcd.revision();
    let facts = bench.trace.head();
    let mut request = create(config("c", "1"));
    request.target = Target::new(CONFIG, "nowhere", "c");
    assert_eq!(bench.refused(request).message, "namespaces \"nowhere\" not found");
    assert_eq!(bench.etcd.revision(), before);
    let gates: Vec<(Gate, bool)> = bench
        .trace
        .range(facts, bench.trace.head())
        .filter_map(|record| match &record.fact {
            Fact::Gate { gate, refused, .. } => Some((*gate, refused.is_some())),
            _ => None,
        })
        .collect();
    let passed = [Gate::Authentication, Gate::Authorization, Gate::Decoding].map(|gate| (gate, false));
    assert_eq!(gates[..3], passed);
    assert_eq!(gates[3..], [(Gate::Mutating, true)]);
}

#[test]
fn the_answer_to_a_write_is_caused_by_its_commit_and_that_by_its_gates() {
    let mut bench = Bench::new();
    bench.create(config("c", "1"));
    let answered =
        bench.trace.range(0, bench.trace.head()).rev().find(|record| matches!(record.fact, Fact::Answered { .. }));
    let answered = answered.expect("an answer");
    let causes: Vec<&Fact> = bench.trace.causes(answered.id).map(|record| &record.fact).collect();
    assert!(matches!(causes[0], Fact::Committed { change: Change::Created, .. }), "{:?}", causes[0]);
    assert!(matches!(causes[1], Fact::Gate { gate: Gate::Storage, refused: None, .. }), "{:?}", causes[1]);
    assert_eq!(causes.len(), 8);
}

#[test]
fn nobody_is_somebody() {
    let mut bench = Bench::new();
    let id = bench.send_from(Address::User, &User::new("", &[]), create(config("c", "1")));
    assert_eq!(bench.answer_to(id).expect_err("refused").code, 401);
    let id = bench.send_from(Address::User, &User::new("system:anonymous", &[]), Request::list(POD, ""));
    let status = bench.answer_to(id).expect_err("refused");
    assert_eq!(
        status.message,
        "pods is forbidden: User \"system:anonymous\" cannot list resource \"pods\" in API group \"\" at the cluster scope"
    );
}

#[test]
fn a_restarted_server_knows_everything_again() {
    let mut bench = Bench::new();
    bench.create(config("c", "1"));
    let watch = bench.send(Request::watch(CONFIG, 0));
    bench.answer_to(watch).expect("watching");
    bench.kernel.kill(&Address::ApiServer);
    bench.server = bench.server.restarted();
    bench.server.start(&mut Cx::new(&mut bench.kernel, &mut bench.trace, Address::ApiServer, None));
    assert_eq!(bench.list(CONFIG, Options::default()).0, ["c"]);
    assert_eq!(bench.server.watchers().count(), 0);
}

#[test]
fn a_restarted_etcd_is_followed_again() {
    let mut bench = Bench::new();
    bench.create(config("a", "1"));
    bench.kernel.kill(&Address::Etcd(0));
    bench.etcd = bench.etcd.restarted();
    bench.etcd.start(&mut Cx::new(&mut bench.kernel, &mut bench.trace, Address::Etcd(0), None));
    let lost = bench.send(create(config("b", "1")));
    bench.run(timing::ETCD_TIMEOUT * 3);
    let _ = bench.answer_to(lost);
    assert_eq!(bench.list(CONFIG, Options::default()).0, ["a", "b"]);
}

#[test]
fn unknown_names_are_not_confused_with_those_of_other_namespaces() {
    let mut bench = Bench::new();
    for namespace in ["a", "a-b"] {
        bench.create(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}));
        bench.object(Request::create(Object::new(ConfigMap {
            metadata: named(namespace, "c"),
            ..ConfigMap::default()
        })));
    }
    match bench.ask(Request::list(CONFIG, "a")) {
        Ok(Reply::List { items, .. }) => assert_eq!(items.len(), 1),
        other => panic!("{other:?}"),
    }
}

fn service(name: &str, spec: &Value) -> Value {
    let mut document = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": name},
                              "spec": {"type": "ClusterIP", "ports": [{"port": 80, "protocol": "TCP"}]}});
    document["spec"].as_object_mut().expect("a map").extend(spec.as_object().expect("a map").clone());
    document
}

#[test]
fn services_get_addresses_and_ports_that_nobody_has() {
    let mut bench = Bench::new();
    let first = bench.create(service("a", &json!({}))).to_value();
    let address = first["spec"]["clusterIP"].as_str().expect("an address").to_owned();
    assert!(address.starts_with("10.96."), "{address}");
    assert_eq!(first["spec"]["clusterIPs"], json!([address]));
    assert_eq!(first["spec"]["ipFamilyPolicy"], "SingleStack");
    let status = bench.refused(create(service("b", &json!({"clusterIP": address}))));
    assert_eq!(
        status.message,
        format!(
            "Service \"b\" is invalid: spec.clusterIPs: Invalid value: [\"{address}\"]: failed to allocate IP \
             {address}: provided IP is already allocated"
        )
    );
    let outside = bench.refused(create(service("b", &json!({"clusterIP": "10.1.1.1"}))));
    assert!(outside.message.ends_with("the provided network does not match the current range"), "{}", outside.message);
    assert_eq!(
        bench.create(service("dns", &json!({"clusterIP": "10.96.0.10"}))).to_value()["spec"]["clusterIP"],
        "10.96.0.10"
    );
    let ported =
        json!({"type": "NodePort", "ports": [{"name": "a", "port": 80, "nodePort": 30080}, {"name": "b", "port": 81}]});
    let ported = bench.create(service("n", &ported)).to_value();
    assert_eq!(ported["spec"]["ports"][0]["nodePort"], 30080);
    let given = ported["spec"]["ports"][1]["nodePort"].as_i64().expect("a port");
    assert!((30_086..=32_767).contains(&given), "{given}");
    let again = json!({"type": "NodePort", "ports": [{"port": 80, "nodePort": 30080}]});
    let status = bench.refused(create(service("m", &again)));
    assert!(
        status.message.ends_with("spec.ports[0].nodePort: Invalid value: 30080: provided port is already allocated")
    );
}

#[test]
fn two_services_that_ask_at_once_for_one_address_do_not_both_get_it() {
    let mut bench = Bench::new();
    let ask = |name: &str| create(service(name, &json!({"clusterIP": "10.96.3.3"})));
    let (a, b) = (bench.send(ask("a")), bench.send(ask("b")));
    assert_eq!([bench.answer_to(a).is_ok(), bench.answer_to(b).is_ok()], [true, false]);
}

#[test]
fn an_update_keeps_the_address_that_it_does_not_name() {
    let mut bench = Bench::new();
    let created = bench.create(service("a", &json!({"type": "NodePort"})));
    let target = Target::new(created.kind(), "default", "a");
    let body = Body::Document(Rc::new(service("a", &json!({"type": "NodePort", "selector": {"app": "x"}}))));
    let updated = bench.object(Request { verb: Verb::Update, target, options: Options::default(), body });
    let (created, updated) = (created.to_value(), updated.to_value());
    assert_eq!(updated["spec"]["clusterIP"], created["spec"]["clusterIP"]);
    assert_eq!(updated["spec"]["ports"], created["spec"]["ports"]);
    assert_eq!(updated["spec"]["selector"]["app"], "x");
}

#[test]
fn a_pod_finds_its_token_and_its_priority() {
    let mut bench = Bench::new();
    let mut document = pod("p");
    document["spec"]["priorityClassName"] = json!("system-cluster-critical");
    let value = bench.create(document).to_value();
    let spec = &value["spec"];
    let volume = spec["volumes"][0]["name"].as_str().expect("a name");
    assert!(volume.starts_with("kube-api-access-") && volume.len() == 21, "{volume}");
    assert_eq!(spec["containers"][0]["volumeMounts"][0]["name"], volume);
    assert_eq!(spec["volumes"][0]["projected"]["sources"][0]["serviceAccountToken"]["expirationSeconds"], 3607);
    assert_eq!((&spec["serviceAccountName"], &spec["priority"]), (&json!("default"), &json!(2_000_000_000)));
    let keys: Vec<_> = (0..2).map(|n| spec["tolerations"][n]["key"].as_str().expect("a key")).collect();
    assert_eq!(keys, ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"]);
    let mut document = pod("q");
    document["spec"]["priorityClassName"] = json!("nope");
    let status = bench.refused(create(document));
    assert_eq!(status.message, "pods \"q\" is forbidden: no PriorityClass with name nope was found");
    let mut document = pod("q");
    document["spec"]["serviceAccountName"] = json!("nope");
    assert_eq!(
        bench.refused(create(document)).message,
        "pods \"q\" is forbidden: error looking up service account default/nope: serviceaccount \"nope\" not found"
    );
}

#[test]
fn a_pod_in_a_new_namespace_waits_a_little_for_its_account() {
    let mut bench = Bench::new();
    bench.create(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "blue"}}));
    let mut request = create(pod("p"));
    request.target = Target::new(POD, "blue", "p");
    let early = bench.send(request.clone());
    bench.run(Duration::from_millis(300));
    assert!(bench.answers.is_empty());
    let mut account = create(service_account("default"));
    account.target = Target::new(&kinds::service_account::KIND, "blue", "default");
    bench.ask(account).expect("created");
    bench.answer_to(early).expect("created");
    bench.create(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "red"}}));
    request.target = Target::new(POD, "red", "p");
    assert_eq!(bench.refused(request).code, 403);
}

#[test]
fn kubelets_write_only_what_is_theirs() {
    let mut bench = Bench::new();
    let user = User::new("system:node:node-1", &["system:nodes"]);
    let from = || Address::Kubelet("node-1".into());
    let node = |name: &str| create(json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}}));
    let own = bench.send_from(from(), &user, node("node-1"));
    let value = match bench.answer_to(own) {
        Ok(Reply::Object { object, .. }) => object.to_value(),
        other => panic!("{other:?}"),
    };
    assert_eq!(value["spec"]["taints"], json!([{"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}]));
    let other = bench.send_from(from(), &user, node("node-2"));
    let status = bench.answer_to(other).expect_err("refused");
    assert_eq!(
        status.message,
        "nodes \"node-2\" is forbidden: node \"node-1\" is not allowed to modify node \"node-2\""
    );
    bench.create(pod("p"));
    let stranger = bench.send_from(from(), &user, delete(POD, "default", "p"));
    assert_eq!(bench.answer_to(stranger).expect_err("refused").code, 403);
}

#[test]
fn events_go_by_themselves_after_an_hour() {
    let mut bench = Bench::new();
    let event = |name: &str| {
        create(
            json!({"apiVersion": "v1", "kind": "Event", "metadata": {"name": name}, "reason": "Started", "type": "Normal",
                      "involvedObject": {"kind": "Pod", "namespace": "default", "name": "p"}}),
        )
    };
    bench.object(event("a"));
    bench.object(event("b"));
    let watch = bench.send(Request::watch(&kinds::event::KIND, 0));
    bench.answer_to(watch).expect("watching");
    bench.run(Duration::from_mins(59));
    assert_eq!(bench.list(&kinds::event::KIND, Options::default()).0, ["a", "b"]);
    bench.run(timing::EVENT_LEASE_REUSE * 3);
    assert!(bench.list(&kinds::event::KIND, Options::default()).0.is_empty());
    let gone: Vec<String> = bench.told(watch).into_iter().filter(|told| told.contains("Deleted")).collect();
    assert_eq!(gone.len(), 2, "{gone:?}");
}

/// Three clients write at random; a fourth only watches. At the end it must know exactly what a list shows, and no
/// object may ever have been told under a revision that is not greater than the one before.
#[test]
fn a_watcher_knows_what_a_list_shows_whatever_happens() {
    for seed in 0..20 {
        let mut rng = Rng::fork(seed, &"clients");
        let mut bench = Bench::new();
        let watch =
            bench.send_from(Address::Scheduler, &User::new("watcher", &["system:masters"]), Request::watch(CONFIG, 0));
        for _ in 0..120 {
            let name = format!("c{}", rng.below(4));
            let key = Key::new("default", &name);
            let request = match rng.below(6) {
                0 | 1 => create(config(&name, "new")),
                2 => Request::patch(CONFIG, &key, PatchType::Merge, json!({"data": {"k": rng.below(3).to_string()}})),
                3 => Request::patch(
                    CONFIG,
                    &key,
                    PatchType::Merge,
                    json!({"metadata": {"finalizers": ["example.com/keep"]}}),
                ),
                4 => Request::patch(CONFIG, &key, PatchType::Merge, json!({"metadata": {"finalizers": null}})),
                _ => delete(CONFIG, "default", &name),
            };
            bench.send(request);
            bench.run(Duration::from_micros(rng.below(3000)));
        }
        bench.run(Duration::from_secs(1));
        let mut known = std::collections::BTreeMap::new();
        let mut last = 0;
        for (_, _, _, event) in bench.seen.iter().filter(|(_, id, ..)| *id == watch) {
            let WatchEvent::Change(change, object) = event else { continue };
            assert!(object.revision() > last, "seed {seed}: {object:?} after {last}");
            last = object.revision();
            match change {
                Change::Deleted => assert!(known.remove(object.name()).is_some(), "seed {seed}: {object:?}"),
                Change::Created => {
                    assert!(known.insert(object.name().to_owned(), object.clone()).is_none(), "seed {seed}");
                }
                Change::Updated => {
                    assert!(known.insert(object.name().to_owned(), object.clone()).is_some(), "seed {seed}");
                }
            }
        }
        match bench.ask(Request::list(CONFIG, "")) {
            Ok(Reply::List { items, .. }) => assert!(items.iter().eq(known.values()), "seed {seed}"),
            other => panic!("{other:?}"),
        }
    }
}

/// A `PUT` of a whole document.
fn put(kind: &'static Kind, name: &str, subresource: &'static str, document: Value) -> Request {
    let target = Target::sub(kind, &Key::new("default", name), subresource);
    Request { verb: Verb::Update, target, options: Options::default(), body: Body::Document(Rc::new(document)) }
}

#[test]
fn a_put_replaces_the_whole_object_and_only_what_it_knew() {
    let mut bench = Bench::new();
    let created = bench.create(config("c", "1"));
    let mut document =
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"other": "2"}});
    let replaced = bench.object(put(CONFIG, "c", "", document.clone()));
    assert_eq!(replaced.uid(), created.uid());
    let value = replaced.to_value();
    assert_eq!((&value["metadata"]["labels"], &value["data"]), (&Value::Null, &json!({"other": "2"})));
    document["metadata"]["resourceVersion"] = json!(created.revision().to_string());
    let status = bench.refused(put(CONFIG, "c", "", document.clone()));
    assert_eq!(status.code, 409);
    assert_eq!(
        status.message,
        "Operation cannot be fulfilled on configmaps \"c\": the object has been modified; please apply your changes to the \
         latest version and try again"
    );
    document["metadata"]["resourceVersion"] = json!(replaced.revision().to_string());
    document["metadata"]["uid"] = json!("11111111-2222-3333-4444-555555555555");
    assert_eq!(bench.refused(put(CONFIG, "c", "", document.clone())).code, 409);
    let status = bench.refused(put(CONFIG, "d", "", document));
    assert_eq!((status.code, status.reason), (400, "BadRequest"));
    let status = bench.refused(put(CONFIG, "d", "", config("d", "1")));
    assert_eq!((status.code, status.message.as_str()), (404, "configmaps \"d\" not found"));
}

#[test]
fn spec_and_status_of_a_workload_are_put_apart_and_an_impossible_status_is_refused() {
    let mut bench = Bench::new();
    let kind = &kinds::deployment::KIND;
    let document = |replicas: i32, status: &Value| {
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "status": status, "spec": {
            "replicas": replicas, "selector": {"matchLabels": {"app": "web"}}, "template": {
                "metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "c", "image": "nginx"}]}}}})
    };
    bench.create(document(1, &json!({})));
    let status = json!({"replicas": 2, "readyReplicas": 2, "availableReplicas": 1, "collisionCount": 3});
    let main = bench.object(put(kind, "web", "", document(2, &status))).to_value();
    assert_eq!((&main["spec"]["replicas"], &main["metadata"]["generation"]), (&json!(2), &json!(2)));
    assert_eq!(main["status"]["replicas"], Value::Null, "the status is its own subresource");
    let after = bench.object(put(kind, "web", "status", document(7, &status))).to_value();
    assert_eq!((&after["spec"]["replicas"], &after["metadata"]["generation"]), (&json!(2), &json!(2)));
    assert_eq!(after["status"]["readyReplicas"], 2);
    for (wrong, message) in [
        (
            json!({"replicas": -1, "collisionCount": 3}),
            "status.replicas: Invalid value: -1: must be greater than or equal to 0",
        ),
        (
            json!({"replicas": 1, "updatedReplicas": 2, "collisionCount": 3}),
            "status.updatedReplicas: Invalid value: 2: cannot be greater than status.replicas",
        ),
        (
            json!({"replicas": 2, "availableReplicas": 1, "collisionCount": 3}),
            "status.availableReplicas: Invalid value: 1: cannot be greater than readyReplicas",
        ),
        (json!({"replicas": 2}), "status.collisionCount: Invalid value: 0: cannot be decremented"),
    ] {
        let status = bench.refused(put(kind, "web", "status", document(2, &wrong)));
        assert_eq!(status.code, 422, "{message}");
        assert!(status.message.contains(message), "{}", status.message);
    }
}

#[test]
fn all_watches_share_one_event() {
    let mut bench = Bench::new();
    let watch = || Request {
        verb: Verb::Watch,
        target: Target::new(CONFIG, "default", ""),
        options: Options::default(),
        body: Body::Empty,
    };
    let user = User::new("kubernetes-admin", &["system:masters"]);
    for n in 0..5 {
        let id = bench.send_from(Address::Kubelet(format!("n{n}").into()), &user, watch());
        bench.answer_to(id).expect("a watch");
    }
    bench.batches();
    bench.create(config("a", "x"));
    bench.run(Duration::from_secs(1));
    let heard = bench.batches();
    assert_eq!(heard.len(), 5);
    assert!(heard.iter().all(|events| Rc::ptr_eq(events, &heard[0])), "one allocation for all");
}
