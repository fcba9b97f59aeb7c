//! Field ownership and server-side apply: who owns what after which write, and what must hold after any.

use bottle::api::kinds;
use bottle::api::managed::{self, Applied, Entry, Writer};
use bottle::api::object::{Key, Object};
use bottle::api::request::{Body, PatchType};
use bottle::api::{Kind, Options, Request, Status, Target, Verb};
use bottle::cluster::wire::Reply;
use bottle::sim::Time;
use bottle::sim::rng::Rng;
use serde_json::{Value, json};
use std::rc::Rc;

mod bench;

use bench::{Bench, create};

const DEPLOYMENT: &Kind = &kinds::deployment::KIND;

fn deployment(name: &str, replicas: i32, image: &str) -> Value {
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "labels": {"app": name}},
        "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": name}},
            "template": {"metadata": {"labels": {"app": name}},
                "spec": {"containers": [{"name": "web", "image": image}]}}}})
}

fn apply(config: &Value, manager: &str, force: bool) -> Request {
    let name = config["metadata"]["name"].as_str().expect("a name");
    let target = Target::new(DEPLOYMENT, "default", name);
    let options = Options { field_manager: manager.into(), force, ..Options::default() };
    let body = Body::Patch(PatchType::Apply, Rc::new(config.clone()));
    Request { verb: Verb::Patch, target, options, body }
}

fn by(mut request: Request, manager: &str) -> Request {
    request.options.field_manager = manager.into();
    request
}

fn merge(name: &str, patch: Value, manager: &str) -> Request {
    by(Request::patch(DEPLOYMENT, &Key::new("default", name), PatchType::Merge, patch), manager)
}

/// The paths that a manager owns.
fn owned(object: &Object, manager: &str, applied: bool) -> Vec<String> {
    let entries = managed::of(object);
    let mine = entries.iter().filter(|entry| entry.manager == manager && entry.applied == applied);
    mine.flat_map(|entry| managed::paths(&entry.fields)).collect()
}

fn owns(object: &Object, manager: &str, applied: bool, path: &str) -> bool {
    owned(object, manager, applied).iter().any(|known| known == path)
}

fn refused(bench: &mut Bench, request: Request) -> Status {
    bench.refused(request)
}

#[test]
fn whoever_writes_a_field_owns_it() {
    let mut bench = Bench::new();
    let web = bench.object(by(create(deployment("web", 2, "nginx:1")), "kubectl-create"));
    assert!(owns(&web, "kubectl-create", false, ".spec.replicas"));
    // What the server filled in by defaulting was asked for, what it keeps to itself was not.
    assert!(owns(&web, "kubectl-create", false, ".spec.revisionHistoryLimit"));
    assert!(owned(&web, "kubectl-create", false).iter().all(|path| !path.starts_with(".metadata.uid")));
    let web = bench.object(merge("web", json!({"spec": {"replicas": 3}}), "kubectl-edit"));
    assert!(owns(&web, "kubectl-edit", false, ".spec.replicas"));
    assert!(!owns(&web, "kubectl-create", false, ".spec.replicas"));
    assert!(owns(&web, "kubectl-create", false, ".spec.template.spec.containers[name=\"web\"].image"));
    // What is taken away is nobody's.
    let web = bench.object(merge("web", json!({"metadata": {"labels": {"app": null}}}), "kubectl-label"));
    assert!(owned(&web, "kubectl-create", false).iter().all(|path| path != ".metadata.labels.app"));
}

#[test]
fn owners_are_the_same_however_long_ago_they_wrote() {
    let mut bench = Bench::new();
    bench.object(by(create(deployment("web", 1, "nginx:1")), "kubectl-create"));
    for n in 0..3 * managed::LONGEST {
        let (manager, field) = if n % 2 == 0 { ("even", "a") } else { ("odd", "b") };
        bench.object(merge("web", json!({"metadata": {"annotations": {field: n.to_string()}}}), manager));
    }
    let web = bench.get(DEPLOYMENT, "default", "web");
    assert!(
        owns(&web, "even", false, ".metadata.annotations.a") && owns(&web, "odd", false, ".metadata.annotations.b")
    );
    assert!(!owns(&web, "even", false, ".metadata.annotations.b"));
    assert!(owns(&web, "kubectl-create", false, ".spec.replicas"));
}

#[test]
fn an_apply_owns_what_it_names_and_takes_back_what_it_names_no_more() {
    let mut bench = Bench::new();
    let mut config = deployment("web", 2, "nginx:1");
    config["metadata"]["annotations"] = json!({"note": "x"});
    let web = bench.object(apply(&config, "me", false));
    assert!(owns(&web, "me", true, ".spec.replicas") && owns(&web, "me", true, ".metadata.annotations.note"));
    assert!(!owns(&web, "me", true, ".spec.revisionHistoryLimit"), "defaults are nobody's");
    let again = bench.object(apply(&config, "me", false));
    assert_eq!(again.revision(), web.revision(), "the same apply changes nothing");
    config["metadata"].as_object_mut().expect("metadata").remove("annotations");
    let web = bench.object(apply(&config, "me", false));
    assert!(web.meta().annotations.as_ref().is_none_or(|annotations| !annotations.contains_key("note")));
    // What somebody else owns too stays.
    bench.object(apply(
        &json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
        "spec": {"replicas": 2}}),
        "other",
        false,
    ));
    config["spec"].as_object_mut().expect("a spec").remove("replicas");
    let web = bench.object(apply(&config, "me", false));
    assert_eq!(web.to_value()["spec"]["replicas"], 2);
    assert!(!owns(&web, "me", true, ".spec.replicas") && owns(&web, "other", true, ".spec.replicas"));
}

#[test]
fn an_apply_asks_before_it_takes_what_is_somebody_elses() {
    let mut bench = Bench::new();
    bench.object(by(create(deployment("web", 2, "nginx:1")), "kubectl-client-side-apply"));
    let config = deployment("web", 3, "nginx:1");
    let status = refused(&mut bench, apply(&config, "me", false));
    let expected =
        "Apply failed with 1 conflict: conflict with \"kubectl-client-side-apply\" using apps/v1: .spec.replicas";
    assert_eq!((status.code, status.reason, status.message.as_str()), (409, "Conflict", expected));
    let cause = &status.details.as_ref().expect("details").causes[0];
    assert_eq!((cause.reason, cause.field.as_str()), ("FieldManagerConflict", ".spec.replicas"));
    let several = deployment("web", 3, "nginx:2");
    let status = refused(&mut bench, apply(&several, "me", false));
    let expected = "Apply failed with 2 conflicts: conflicts with \"kubectl-client-side-apply\" using apps/v1:\n\
                    - .spec.replicas\n- .spec.template.spec.containers[name=\"web\"].image";
    assert_eq!(status.message, expected);
    let web = bench.object(apply(&config, "me", true));
    assert_eq!(web.to_value()["spec"]["replicas"], 3);
    assert!(owns(&web, "me", true, ".spec.replicas"));
    assert!(!owns(&web, "kubectl-client-side-apply", false, ".spec.replicas"));
    assert!(owns(&web, "kubectl-client-side-apply", false, ".spec.revisionHistoryLimit"));
}

#[test]
fn an_apply_is_refused_for_what_it_may_not_say() {
    let mut bench = Bench::new();
    let config = deployment("web", 1, "nginx:1");
    let status = refused(&mut bench, apply(&config, "", false));
    let expected =
        "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is required for apply patch";
    assert_eq!((status.code, status.message.as_str()), (422, expected));
    let mut unknown = config.clone();
    unknown["spec"]["foo"] = json!(1);
    let status = refused(&mut bench, apply(&unknown, "me", false));
    let expected = "failed to create typed patch object (default/web; apps/v1, Kind=Deployment): .spec.foo: field not \
                    declared in schema";
    assert_eq!((status.code, status.message.as_str()), (500, expected));
    let mut owners = config.clone();
    owners["metadata"]["managedFields"] = json!([]);
    assert_eq!(refused(&mut bench, apply(&owners, "me", false)).message, "metadata.managedFields must be nil");
}

#[test]
fn a_dry_run_of_an_apply_stores_nothing() {
    let mut bench = Bench::new();
    let mut request = apply(&deployment("web", 1, "nginx:1"), "me", false);
    request.options.dry_run = true;
    let web = bench.object(request);
    assert!(owns(&web, "me", true, ".spec.replicas"));
    assert_eq!(bench.refused(Request::get(DEPLOYMENT, &Key::new("default", "web"))).code, 404);
}

#[test]
fn a_client_may_hand_over_the_owners() {
    let mut bench = Bench::new();
    let web = bench.object(by(create(deployment("web", 2, "nginx:1")), "kubectl-client-side-apply"));
    let mut entries = managed::entries_value(managed::of(&web));
    entries[0]["manager"] = "kubectl".into();
    entries[0]["operation"] = "Apply".into();
    let patch = json!([{"op": "replace", "path": "/metadata/managedFields", "value": entries}]);
    let key = Key::new("default", "web");
    let web = bench.object(by(Request::patch(DEPLOYMENT, &key, PatchType::Json, patch), "kubectl"));
    assert!(owns(&web, "kubectl", true, ".spec.replicas"));
    // From then on what is not applied any more goes.
    let mut config = deployment("web", 2, "nginx:1");
    config["metadata"].as_object_mut().expect("metadata").remove("labels");
    let web = bench.object(apply(&config, "kubectl", false));
    assert!(web.meta().labels.as_ref().is_none_or(std::collections::BTreeMap::is_empty));
    // What is sent back as it was read changes nothing.
    let mut read = managed::to_value(&web);
    read["metadata"]["annotations"] = json!({"a": "b"});
    let target = Target::new(DEPLOYMENT, "default", "web");
    let body = Body::Document(Rc::new(read));
    let request = Request { verb: Verb::Update, target, options: Options::default(), body };
    let web = bench.object(by(request, "editor"));
    assert!(owns(&web, "editor", false, ".metadata.annotations.a") && owns(&web, "kubectl", true, ".spec.replicas"));
}

/// A configuration of some of the fields, lists among them.
fn random_config(rng: &mut Rng) -> Value {
    let mut config = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}});
    let word = |rng: &mut Rng| ["a", "b", "c"][usize::try_from(rng.below(3)).expect("small")];
    for _ in 0..rng.below(3) {
        config["metadata"]["labels"][word(rng)] = word(rng).into();
    }
    for _ in 0..rng.below(3) {
        let finalizer = format!("x/{}", word(rng));
        let list = &mut config["metadata"]["finalizers"];
        let known = list.as_array().cloned().unwrap_or_default();
        if !known.iter().any(|item| *item == finalizer.as_str()) {
            *list = known.into_iter().chain([finalizer.into()]).collect();
        }
    }
    if rng.chance(500) {
        config["spec"]["replicas"] = rng.below(4).into();
    }
    if rng.chance(300) {
        config["spec"]["selector"] = json!({"matchLabels": {"app": word(rng)}});
    }
    if rng.chance(300) {
        config["spec"]["strategy"]["type"] = ["Recreate", "RollingUpdate"][usize::from(rng.chance(500))].into();
    }
    let mut containers: Vec<Value> = Vec::new();
    for name in ["a", "b", "c"] {
        if rng.chance(400) {
            let mut container = json!({"name": name});
            if rng.chance(600) {
                container["image"] = word(rng).into();
            }
            if rng.chance(300) {
                container["args"] = json!([word(rng), word(rng)]);
            }
            if rng.chance(300) {
                container["ports"] = json!([{"containerPort": 80 + rng.below(2), "protocol": "TCP"}]);
            }
            containers.insert(usize::try_from(rng.below(containers.len() as u64 + 1)).expect("small"), container);
        }
    }
    if !containers.is_empty() {
        config["spec"]["template"]["spec"]["containers"] = containers.into();
    }
    config
}

fn writer(manager: &str, second: i64) -> Writer {
    Writer { manager: manager.into(), subresource: "", time: Time::from_secs(second), by_hand: true }
}

/// What somebody makes of an object by replacing or removing parts of it.
fn edited(old: &Value, rng: &mut Rng) -> Value {
    let mut new = old.clone();
    let other = random_config(rng);
    for part in ["metadata", "spec"].into_iter().filter(|_| rng.chance(500)) {
        match other.get(part) {
            Some(value) => new[part] = value.clone(),
            None => drop(new.as_object_mut().expect("an object").remove(part)),
        }
    }
    new
}

fn all_paths(entries: &[Entry]) -> Vec<String> {
    let mut paths: Vec<String> = entries.iter().flat_map(|entry| managed::paths(&entry.fields)).collect();
    paths.sort();
    paths.dedup();
    paths
}

/// After any writes: the same apply again changes nothing; what an applier names is as he says and his; every owned field
/// is there; and a field that somebody owned is gone only with his own apply, an update, or by force.
#[test]
fn whatever_is_applied_ownership_holds() {
    for seed in 0..60 {
        let mut rng = Rng::fork(seed, &"ownership");
        let mut live: Option<Value> = None;
        let mut entries: Vec<Entry> = Vec::new();
        for step in 0..20 {
            let manager = ["one", "two", "three"][usize::try_from(rng.below(3)).expect("small")];
            let config = random_config(&mut rng);
            let writer = writer(manager, step);
            if let Some(old) = live.as_ref().filter(|_| rng.chance(250)) {
                let new = edited(old, &mut rng);
                entries = managed::updated(entries, Some(old), &new, DEPLOYMENT, &writer);
                live = Some(new);
                check_owned_fields_exist(&entries, live.as_ref().expect("live"), seed);
                continue;
            }
            let force = rng.chance(500);
            let Ok(Applied { value, entries: after }) =
                managed::applied(live.as_ref(), entries.clone(), &config, DEPLOYMENT, (&writer, force))
            else {
                assert!(!force, "seed {seed}: forced applies have no conflicts");
                continue;
            };
            let again = managed::applied(Some(&value), after.clone(), &config, DEPLOYMENT, (&writer, false));
            assert_eq!(again, Ok(Applied { value: value.clone(), entries: after.clone() }), "seed {seed} step {step}");
            let mine = after.iter().find(|entry| entry.manager == manager && entry.applied);
            let mine = mine.map(|entry| managed::paths(&entry.fields)).unwrap_or_default();
            let named = managed::applied(None, Vec::new(), &config, DEPLOYMENT, (&writer, true)).expect("no conflict");
            assert_eq!(mine, all_paths(&named.entries), "seed {seed} step {step}: it owns what it names");
            check_owned_fields_exist(&after, &value, seed);
            if !force {
                let others = |entries: &[Entry]| -> Vec<Entry> {
                    entries.iter().filter(|entry| !(entry.manager == manager && entry.applied)).cloned().collect()
                };
                let kept = all_paths(&others(&after));
                let there = managed::paths(&managed::fields_of(&value, DEPLOYMENT));
                for path in all_paths(&others(&entries)).iter().filter(|path| !kept.contains(path)) {
                    // With an item of a list goes what is in it, whoever owns that.
                    assert!(!there.contains(path), "seed {seed}: {path} was somebody's and is nobody's");
                }
            }
            (live, entries) = (Some(value), after);
        }
    }
}

fn check_owned_fields_exist(entries: &[Entry], value: &Value, seed: u64) {
    let everything = managed::fields_of(value, DEPLOYMENT);
    for entry in entries {
        let missing = managed::paths(&managed::beyond(&entry.fields, &everything));
        assert!(missing.is_empty(), "seed {seed}: {} owns what is not there: {missing:?}", entry.manager);
    }
}

/// Two ways to the same place: an update's owners are those of the difference.
#[test]
fn an_update_that_changes_nothing_leaves_the_owners_alone() {
    let mut rng = Rng::fork(1, &"updates");
    for _ in 0..200 {
        let value = random_config(&mut rng);
        let entries = managed::updated(Vec::new(), None, &value, DEPLOYMENT, &writer("one", 1));
        let after = managed::updated(entries.clone(), Some(&value), &value, DEPLOYMENT, &writer("two", 2));
        assert_eq!(after, entries);
    }
}

#[test]
fn every_answer_over_the_same_object_names_the_same_owners() {
    let mut bench = Bench::new();
    let created = bench.object(by(create(deployment("web", 2, "nginx:1")), "kubectl-create"));
    let read = bench.get(DEPLOYMENT, "default", "web");
    let listed = match bench.ask(Request::list(DEPLOYMENT, "default")) {
        Ok(Reply::List { items, .. }) => items[0].clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(managed::of(&created), managed::of(&read));
    assert_eq!(managed::of(&listed), managed::of(&read));
    assert!(!managed::of(&read).is_empty());
}

#[test]
fn a_scale_is_applied_as_the_field_that_it_is() {
    let mut bench = Bench::new();
    bench.object(apply(&deployment("web", 2, "nginx"), "first", false));
    let scale = |replicas: Value, manager: &str, force: bool| {
        let config =
            json!({"apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": {"name": "web"}, "spec": replicas});
        let mut request = apply(&config, manager, force);
        request.target.subresource = "scale";
        request
    };
    let status = refused(&mut bench, scale(json!({"replicas": 5}), "hpa", false));
    assert_eq!(status.message, "Apply failed with 1 conflict: conflict with \"first\": .spec.replicas");
    let shown = bench.object(scale(json!({"replicas": 5}), "hpa", true)).to_value();
    assert_eq!((&shown["kind"], &shown["spec"]["replicas"]), (&json!("Scale"), &json!(5)));
    let stored = bench.get(DEPLOYMENT, "default", "web");
    assert_eq!(stored.to_value()["spec"]["replicas"], 5);
    assert_eq!(owned(&stored, "hpa", true), [".spec.replicas"]);
    assert!(!owns(&stored, "first", true, ".spec.replicas"));
    let entry = managed::of(&stored).into_iter().find(|entry| entry.manager == "hpa").expect("an entry");
    assert_eq!((entry.subresource.as_str(), entry.api_version.as_str()), ("scale", "apps/v1"));
    let status = refused(&mut bench, apply(&deployment("web", 3, "nginx"), "first", false));
    assert!(
        status.message.contains("conflict with \"hpa\" with subresource \"scale\": .spec.replicas"),
        "{}",
        status.message
    );
}

#[test]
fn of_more_than_ten_updaters_the_oldest_become_one() {
    let mut bench = Bench::new();
    bench.object(apply(&deployment("web", 1, "nginx"), "owner", false));
    for n in 0..14 {
        bench.run(bottle::sim::Duration::from_secs(2));
        bench.object(merge(
            "web",
            json!({"metadata": {"annotations": {format!("note-{n:02}"): "x"}}}),
            &format!("m{n:02}"),
        ));
    }
    let stored = bench.get(DEPLOYMENT, "default", "web");
    let updaters: Vec<String> =
        managed::of(&stored).into_iter().filter(|entry| !entry.applied).map(|entry| entry.manager).collect();
    assert_eq!(updaters.len(), 10, "{updaters:?}");
    assert!(updaters.contains(&"ancient-changes".to_owned()) && updaters.contains(&"m13".to_owned()));
    let ancient = owned(&stored, "ancient-changes", false);
    for n in 0..5 {
        assert!(ancient.contains(&format!(".metadata.annotations.note-{n:02}")), "{ancient:?}");
    }
    assert!(owns(&stored, "m05", false, ".metadata.annotations.note-05"));
}
