//! What if? An attempt thought through again without a change is the attempt itself, and a change has the effect that it
//! really has when it is made.

use bottle::api::kinds;
use bottle::cluster::History;
use bottle::cluster::boot::{Scenario, boot};
use bottle::cluster::fact::{Attempt, AttemptResult, Fact};
use bottle::cluster::input::Input;
use bottle::cluster::what_if::{Edit, Thought};
use bottle::sim::{Duration, Simulation, Time};
use std::rc::Rc;

fn harbour(nodes: usize) -> History {
    boot(&Scenario::named("three-ships").expect("the scenario is there").with_workers(nodes), 42)
}

fn apply(history: &mut History, text: &str) {
    history.input(Input::Apply { text: text.to_owned(), dry_run: false, create_namespaces: false });
    let to = history.world().now() + Duration::from_secs(20);
    history.run_until(to);
}

fn example(name: &str) -> &'static str {
    bottle::examples::find(name).expect("the example is there").text()
}

fn attempts(history: &History) -> Vec<(Time, Rc<Attempt>)> {
    let all = history.trace().range(0, history.trace().head());
    let tried = all.filter_map(|record| match &record.fact {
        Fact::Attempted(attempt) => Some((record.at, attempt.clone())),
        _ => None,
    });
    tried.collect()
}

fn thought(history: &History, (at, attempt): &(Time, Rc<Attempt>)) -> Thought {
    history.fork(*at).thought(attempt).expect("the pod was there")
}

fn request(amount: &str) -> Edit {
    Edit::Request { container: "app".to_owned(), resource: "cpu".to_owned(), amount: amount.to_owned() }
}

#[test]
fn without_a_change_it_is_the_attempt_itself() {
    let mut history = harbour(3);
    for name in ["deployment", "too-big", "node-selector", "taints", "rolling-update"] {
        apply(&mut history, example(name));
    }
    let important = "
apiVersion: scheduling.k8s.io/v1
kind: PriorityClass
metadata: {name: high}
value: 1000
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: fill}
spec:
  replicas: 6
  selector: {matchLabels: {app: fill}}
  template:
    metadata: {labels: {app: fill}}
    spec: {containers: [{name: app, image: 'nginx:1.27', resources: {requests: {cpu: '1.5'}}}]}
";
    apply(&mut history, important);
    apply(
        &mut history,
        "
apiVersion: v1
kind: Pod
metadata: {name: urgent}
spec: {priorityClassName: high, containers: [{name: app, image: 'nginx:1.27', resources: {requests: {cpu: '2'}}}]}
",
    );
    let all = attempts(&history);
    assert!(all.len() > 10, "{}", all.len());
    assert!(
        all.iter().any(|(_, attempt)| attempt.candidates.len() > 1),
        "somebody could be preempted on several nodes"
    );
    for tried in &all {
        assert_eq!(thought(&history, tried).attempt(), *tried.1);
    }
}

#[test]
fn large_clusters_are_searched_from_the_same_place() {
    let mut history = harbour(130);
    apply(&mut history, example("deployment"));
    for tried in &attempts(&history) {
        assert!(tried.1.nodes.len() < 131);
        assert_eq!(thought(&history, tried).attempt(), *tried.1);
    }
}

#[test]
fn a_change_that_is_thought_has_the_effect_that_it_has_when_it_is_made() {
    let mut history = harbour(3);
    apply(&mut history, example("node-selector"));
    let last = attempts(&history).pop().expect("it was tried");
    assert_eq!(last.1.result, AttemptResult::Unschedulable);
    let node = "node-2".to_owned();
    let edit = Edit::Label { node, key: "disktype".to_owned(), value: Some("ssd".to_owned()) };
    let thought = thought(&history, &last).with(&edit).expect("a good label");
    let name = bottle::cluster::input::Name {
        api_version: "v1".to_owned(),
        kind: "Node".to_owned(),
        namespace: String::new(),
        name: "node-2".to_owned(),
    };
    let patch = r#"{"metadata":{"labels":{"disktype":"ssd"}}}"#.to_owned();
    history.input(Input::Patch { object: name, patch });
    let to = history.world().now() + Duration::from_secs(20);
    history.run_until(to);
    let really = attempts(&history).pop().expect("it was tried again").1;
    assert_eq!(really.result, AttemptResult::Chosen("node-2".into()));
    let expected = thought.attempt();
    assert_eq!((&expected.nodes, &expected.result), (&really.nodes, &really.result));
    assert_eq!(history.world().objects(&kinds::node::KIND).count(), 4);
}

#[test]
fn a_bad_change_is_refused_in_the_words_of_the_server() {
    let mut history = harbour(3);
    apply(&mut history, example("too-big"));
    let last = attempts(&history).pop().expect("it was tried");
    let thought = thought(&history, &last);
    assert!(thought.clone().with(&request("100m")).expect("an amount").fits());
    assert!(!thought.clone().with(&request("17")).expect("an amount").fits());
    let said = thought.clone().with(&request("much")).expect_err("no amount");
    assert!(said.contains("quantities must match the regular expression"), "{said}");
    let taint = Edit::Taint { node: "node-1".to_owned(), taint: "gpu=true:Never".to_owned(), on: true };
    let said = thought.with(&taint).expect_err("no effect");
    assert!(said.starts_with("Node \"node-1\" is invalid: metadata.taints[0].effect: Unsupported value"), "{said}");
}
