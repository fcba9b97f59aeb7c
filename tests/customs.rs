//! Kinds that somebody adds, and rules in CEL, at a server.

mod bench;
mod common;

use bench::{Bench, create};
use bottle::api::custom;
use bottle::api::kinds::{config_map, custom_resource_definition, namespace};
use bottle::api::object::Key;
use bottle::api::request::{Body, DeleteOptions, PatchType};
use bottle::api::{Kind, Options, Request, Target, Verb};
use bottle::cluster::History;
use bottle::cluster::input::{Input, Name};
use bottle::cluster::wire::{Address, Reply};
use bottle::sim::Duration;
use serde_json::{Value, json};
use std::rc::Rc;

fn widgets() -> Value {
    let schema = |least: i64| {
        json!({"openAPIV3Schema": {"type": "object", "properties": {"spec": {"type": "object",
        "properties": {"size": {"type": "integer", "minimum": least}, "color": {"type": "string", "default": "red"}}}}}})
    };
    json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "widgets.example.com"},
        "spec": {"group": "example.com", "scope": "Namespaced", "names": {"plural": "widgets", "kind": "Widget", "shortNames": ["wd"]},
            "versions": [
                {"name": "v1", "served": true, "storage": true, "schema": schema(1), "subresources": {"status": {}},
                    "additionalPrinterColumns": [{"name": "Size", "type": "integer", "jsonPath": ".spec.size"}]},
                {"name": "v1beta1", "served": true, "storage": false, "schema": schema(3)}]}})
}

fn widget(kind: &'static Kind, name: &str, spec: &Value) -> Request {
    let document =
        json!({"apiVersion": kind.api_version(), "kind": "Widget", "metadata": {"name": name}, "spec": spec});
    let target = Target::new(kind, "default", name);
    Request { verb: Verb::Create, target, options: Options::default(), body: Body::Document(Rc::new(document)) }
}

#[test]
fn a_definition_makes_kinds_and_takes_them_away() {
    let mut bench = Bench::new();
    let definition = bench.create(widgets());
    let early = custom::kinds(&definition)[0];
    bench.run(Duration::from_secs(1));
    let stored = bench.get(&custom_resource_definition::KIND, "", "widgets.example.com").to_value();
    assert_eq!(stored["status"]["acceptedNames"]["listKind"], "WidgetList");
    let conditions: Vec<&Value> =
        stored["status"]["conditions"].as_array().expect("conditions").iter().map(|one| &one["type"]).collect();
    assert_eq!(conditions, ["NamesAccepted", "Established"]);
    let kinds: Vec<&'static Kind> = bench.server.custom_kinds().collect();
    assert_eq!(kinds.iter().map(|kind| kind.version).collect::<Vec<_>>(), ["v1", "v1beta1"]);
    assert!(std::ptr::eq(kinds[0], early), "the same words give the same kind");
    let made = bench.object(widget(kinds[1], "w", &json!({"size": 4, "other": 1})));
    assert_eq!(made.to_value()["apiVersion"], "example.com/v1beta1");
    let found = bench.get(kinds[0], "default", "w");
    assert_eq!(found.to_value()["spec"], json!({"size": 4, "color": "red"}));
    let cells: Vec<String> = kinds[0].columns.iter().map(|column| column.show(&found, bench.kernel.now())).collect();
    assert_eq!(cells, ["w", "4"]);
    let refused = bench.refused(widget(kinds[0], "x", &json!({"size": 0})));
    assert_eq!(
        refused.message,
        "Widget.example.com \"x\" is invalid: spec.size: Invalid value: 0: spec.size in body should be greater than or equal to 1"
    );
    let refused = bench.refused(widget(kinds[1], "x", &json!({"size": 2})));
    assert_eq!(
        refused.message,
        "Widget.example.com \"x\" is invalid: spec.size: Invalid value: 2: spec.size in body should be greater than or equal to 3",
        "each version has its own schema"
    );
    bench.object(widget(kinds[0], "x", &json!({"size": 2})));
    let patch =
        Request::patch(kinds[1], &Key::new("default", "x"), PatchType::Merge, json!({"spec": {"color": "blue"}}));
    assert!(bench.ask(patch).is_ok(), "what was so before and is left alone is let pass");
    bench
        .ask(Request::delete(&custom_resource_definition::KIND, &definition.key(), DeleteOptions::default()))
        .expect("deleted");
    bench.run(Duration::from_secs(1));
    assert_eq!(bench.refused(Request::list(kinds[0], "default")).code, 404);
    assert_eq!(bench.server.count(kinds[0]), 0);
}

#[test]
fn a_policy_refuses_warns_and_knows_where_it_applies() {
    let mut bench = Bench::new();
    bench.create(json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicy", "metadata": {"name": "p"},
        "spec": {"matchConstraints": {"resourceRules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["configmaps"]}]},
            "variables": [{"name": "keys", "expression": "object.?data.orValue({})"}],
            "validations": [{"expression": "variables.keys.all(k, k != 'bad')", "messageExpression": "'not in ' + request.namespace", "reason": "Forbidden"}]}}));
    let binding = |name: &str, action: &str| {
        json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": name}, "spec": {"policyName": "p", "validationActions": [action],
            "matchResources": {"objectSelector": {"matchExpressions": [{"key": "free", "operator": "DoesNotExist"}]}}}})
    };
    let config = |name: &str, labels: Value| {
        create(
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "labels": labels}, "data": {"bad": "1"}}),
        )
    };
    bench.create(binding("warns", "Warn"));
    let id = bench.send_from(
        Address::User,
        &bottle::cluster::wire::User::new("a", &["system:masters"]),
        config("a", json!({})),
    );
    match bench.answer_to(id) {
        Ok(Reply::Object { warnings, .. }) => {
            let text = "Validation failed for ValidatingAdmissionPolicy 'p' with binding 'warns': not in default";
            assert_eq!(warnings.iter().map(|text| &**text).collect::<Vec<_>>(), [text]);
        }
        other => panic!("{other:?}"),
    }
    bench.create(binding("denies", "Deny"));
    let refused = bench.refused(config("b", json!({})));
    assert_eq!((refused.code, refused.reason), (403, "Forbidden"));
    assert_eq!(
        refused.message,
        "configmaps \"b\" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'denies' denied request: not in default"
    );
    assert!(bench.ask(config("c", json!({"free": "yes"}))).is_ok());
}

/// A definition waits for its objects, and they for their own finalizers.
#[test]
fn a_definition_goes_after_its_objects() {
    let mut bench = Bench::new();
    let definition = bench.create(widgets());
    bench.run(Duration::from_secs(1));
    let kind = bench.server.custom_kinds().next().expect("a kind");
    let mut held = widget(kind, "held", &json!({"size": 1}));
    if let Body::Document(document) = &mut held.body {
        Rc::make_mut(document)["metadata"]["finalizers"] = json!(["example.com/hold"]);
    }
    bench.object(held);
    bench.object(widget(kind, "free", &json!({"size": 1})));
    bench
        .ask(Request::delete(&custom_resource_definition::KIND, &definition.key(), DeleteOptions::default()))
        .expect("deleted");
    bench.run(Duration::from_secs(1));
    let stored = bench.get(&custom_resource_definition::KIND, "", "widgets.example.com").to_value();
    assert_eq!(stored["metadata"]["finalizers"], json!(["customresourcecleanup.apiextensions.k8s.io"]));
    let conditions = stored["status"]["conditions"].as_array().expect("conditions");
    let terminating = conditions.iter().find(|condition| condition["type"] == "Terminating").expect("the condition");
    assert_eq!(
        (&terminating["status"], &terminating["reason"]),
        (&json!("True"), &json!("InstanceDeletionInProgress"))
    );
    assert_eq!(bench.list(kind, Options::default()).0, ["held"]);
    let offered = custom::offered(bench.server.custom_kinds().next().expect("a kind"));
    assert_eq!(offered, ["delete", "deletecollection", "get", "list", "watch"], "nothing new is made of it");
    let refused = bench.refused(widget(kind, "late", &json!({"size": 1})));
    assert_eq!(refused.message, "create not allowed while custom resource definition is terminating");
    assert_eq!(refused.code, 405);
    let free = json!({"metadata": {"finalizers": null}});
    bench.ask(Request::patch(kind, &Key::new("default", "held"), PatchType::Merge, free)).expect("let go");
    bench.run(Duration::from_secs(1));
    assert_eq!(bench.refused(Request::list(kind, "default")).code, 404);
    assert_eq!(bench.server.objects(&custom_resource_definition::KIND).count(), 0);
}

fn apply(history: &mut History, value: &Value) {
    history.input(Input::Apply { text: value.to_string(), dry_run: false, create_namespaces: false });
    run(history, 2);
}

fn run(history: &mut History, seconds: u64) {
    let to = history.world().view().t + Duration::from_secs(seconds);
    history.seek(to);
}

fn delete(history: &mut History, kind: &'static Kind, namespace: &str, name: &str) {
    let (api_version, kind) = (kind.api_version(), kind.kind.to_owned());
    let object = Name { api_version, kind, namespace: namespace.to_owned(), name: name.to_owned() };
    history.input(Input::Delete { object });
}

fn own(history: &History, kind: &'static Kind, name: &str) -> Value {
    let owner = history.world().object(kind, &Key::new("default", name)).expect("the owner");
    json!([{"apiVersion": kind.api_version(), "kind": kind.kind, "name": name, "uid": owner.uid()}])
}

/// A built-in object owns one of an added kind, and that one a built-in one.
#[test]
fn what_belongs_to_an_added_kind_is_collected() {
    let mut history = common::three_ships(1);
    apply(&mut history, &widgets());
    let kind = history.world().custom_kinds()[0];
    let map = |name: &str, owners: &Value| json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "ownerReferences": owners}});
    let widget = |owners: &Value| json!({"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "w", "ownerReferences": owners}, "spec": {"size": 1}});
    apply(&mut history, &map("top", &json!([])));
    let owners = own(&history, &config_map::KIND, "top");
    apply(&mut history, &widget(&owners));
    let owners = own(&history, kind, "w");
    apply(&mut history, &map("bottom", &owners));
    let there = |history: &History, kind: &'static Kind, name: &str| {
        history.world().object(kind, &Key::new("default", name)).is_some()
    };
    run(&mut history, 5);
    assert!(there(&history, kind, "w") && there(&history, &config_map::KIND, "bottom"), "their owners live");
    delete(&mut history, &config_map::KIND, "default", "top");
    run(&mut history, 5);
    assert!(!there(&history, kind, "w"), "its owner is gone");
    assert!(!there(&history, &config_map::KIND, "bottom"), "its owner is gone, too");
}

#[test]
fn a_namespace_waits_for_objects_of_added_kinds() {
    let mut history = common::three_ships(1);
    apply(&mut history, &widgets());
    let kind = history.world().custom_kinds()[0];
    apply(&mut history, &json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "team"}}));
    let widget = |name: &str, finalizers: Value| json!({"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": name, "namespace": "team", "finalizers": finalizers}, "spec": {"size": 1}});
    apply(&mut history, &widget("free", json!([])));
    apply(&mut history, &widget("held", json!(["example.com/hold"])));
    delete(&mut history, &namespace::KIND, "", "team");
    run(&mut history, 10);
    let found = history.world().object(&namespace::KIND, &Key::new("", "team")).expect("it waits").to_value();
    let message = |of: &str| {
        let conditions = found["status"]["conditions"].as_array().expect("conditions");
        conditions.iter().find(|one| one["type"] == of).map(|one| one["message"].clone()).unwrap_or_default()
    };
    assert_eq!(
        message("NamespaceContentRemaining"),
        "Some resources are remaining: widgets.example.com has 1 resource instances"
    );
    assert_eq!(
        message("NamespaceFinalizersRemaining"),
        "Some content in the namespace has finalizers remaining: example.com/hold in 1 resource instances"
    );
    assert_eq!(history.world().objects(kind).count(), 1);
    apply(&mut history, &widget("held", json!([])));
    run(&mut history, 20);
    assert!(history.world().object(&namespace::KIND, &Key::new("", "team")).is_none());
    // The kind is followed no more half a minute after its definition.
    delete(&mut history, &custom_resource_definition::KIND, "", "widgets.example.com");
    run(&mut history, 40);
    assert!(history.world().custom_kinds().is_empty());
}
