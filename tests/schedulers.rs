//! Schedulers with configurations, in the whole cluster: restarted with a file, two side by side, refused files.

use bottle::api::kinds::event::KIND as EVENTS;
use bottle::api::kinds::pod::{KIND as PODS, Pod};
use bottle::cluster::History;
use bottle::cluster::boot::{Scenario, boot};
use bottle::cluster::fact::Fact;
use bottle::cluster::input::Input;
use bottle::i18n::Language;
use bottle::scene::caption;
use bottle::sim::Time;
use k8s_openapi::api::core::v1::Event;

const HEAD: &str = "apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\n";

fn cluster() -> History {
    boot(&Scenario::named("three-ships").expect("a scenario"), 7)
}

fn scheduler(history: &mut History, name: &str, rest: &str) {
    history.input(Input::Scheduler { name: name.to_owned(), config: format!("{HEAD}{rest}") });
}

fn pod(name: &str, scheduler: &str, cpu: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}}}\nspec:\n  schedulerName: {scheduler}\n  containers:\n  - \
         {{name: c, image: nginx, resources: {{requests: {{cpu: {cpu}}}}}}}\n---\n"
    )
}

fn apply(history: &mut History, text: String) {
    history.input(Input::Apply { text, dry_run: false, create_namespaces: false });
}

/// The node of each pod of the namespace `default`, in order of their names; empty: none yet.
fn nodes(history: &History) -> Vec<(String, String)> {
    let objects = history.world().objects(&PODS).filter(|object| object.namespace() == "default");
    let node = |pod: &Pod| pod.node().unwrap_or_default().to_owned();
    let mut nodes: Vec<_> = objects.filter_map(|o| Some((o.name().to_owned(), node(o.get::<Pod>()?)))).collect();
    nodes.sort();
    nodes
}

fn events(history: &History, reason: &str) -> Vec<Event> {
    let events = history.world().objects(&EVENTS).filter_map(|object| object.get::<Event>());
    events.filter(|event| event.reason.as_deref() == Some(reason)).cloned().collect()
}

#[test]
fn each_scheduler_takes_the_pods_of_its_profiles() {
    let mut history = cluster();
    scheduler(&mut history, "second", "profiles: [{schedulerName: packing}]\n");
    apply(
        &mut history,
        pod("a", "default-scheduler", "100m") + &pod("b", "packing", "100m") + &pod("c", "nobody", "100m"),
    );
    history.run_until(Time::from_secs(5));
    let placed: Vec<bool> = nodes(&history).iter().map(|(_, node)| !node.is_empty()).collect();
    assert_eq!(placed, [true, true, false]);
    let said = events(&history, "Scheduled");
    let by = |event: &Event| (event.reporting_component.clone(), event.action.clone());
    let of_b = said.iter().find(|event| event.involved_object.name.as_deref() == Some("b")).map(by);
    assert_eq!(of_b, Some((Some("packing".to_owned()), Some("Binding".to_owned()))));
    assert!(said.iter().all(|event| event.event_time.is_some() && event.count.is_none()));
    assert_eq!(history.world().scheduler_configuration("second").map(|text| text.contains("packing")), Some(true));
}

#[test]
fn a_strategy_changes_where_pods_go() {
    let place = |strategy: &str| {
        let mut history = cluster();
        let args = format!("{{scoringStrategy: {{type: {strategy}}}}}");
        let plugins = "{score: {disabled: [{name: PodTopologySpread}, {name: NodeResourcesBalancedAllocation}, {name: ImageLocality}]}}";
        let profile =
            format!("profiles:\n- plugins: {plugins}\n  pluginConfig: [{{name: NodeResourcesFit, args: {args}}}]\n");
        scheduler(&mut history, "", &profile);
        history.run_until(Time::from_secs(2));
        for (second, name) in [(3, "a"), (6, "b"), (9, "c")] {
            apply(&mut history, pod(name, "default-scheduler", "500m"));
            history.run_until(Time::from_secs(second));
        }
        let mut used: Vec<String> = nodes(&history).into_iter().map(|(_, node)| node).collect();
        assert!(used.iter().all(|node| !node.is_empty()), "{used:?}");
        used.sort();
        used.dedup();
        used.len()
    };
    assert_eq!((place("MostAllocated"), place("LeastAllocated")), (1, 3));
}

#[test]
fn of_two_schedulers_for_the_same_pods_one_is_refused_and_nothing_is_lost() {
    let mut history = cluster();
    scheduler(&mut history, "rival", "");
    history.run_until(Time::from_secs(2));
    let before = history.trace().head();
    apply(&mut history, (0..12).map(|n| pod(&format!("p{n:02}"), "default-scheduler", "10m")).collect());
    history.run_until(Time::from_secs(60));
    assert!(nodes(&history).iter().all(|(_, node)| !node.is_empty()));
    assert_eq!(nodes(&history).len(), 12);
    let conflicts = history.trace().range(before, history.trace().head());
    let conflicts = conflicts.filter(|record| matches!(&record.fact, Fact::Answered { code: 409, .. })).count();
    assert!(conflicts > 0, "they never met");
    assert!(history.world().view().queue.is_empty(), "a pod is still queued: {:?}", history.world().view().queue);
}

#[test]
fn a_wrong_file_changes_nothing_and_says_why() {
    let mut history = cluster();
    let before = history.trace().head();
    scheduler(&mut history, "", "parallelism: 0\n");
    let refused = history.trace().range(before, history.trace().head()).find_map(|record| match &record.fact {
        Fact::Answer { refused, .. } => {
            let said = caption::of_fact(&record.fact, Language::En).unwrap_or_default();
            assert!(said.starts_with("The scheduler does not start with this file: parallelism"), "{said}");
            refused.first().map(|(_, status)| status.message.clone())
        }
        _ => None,
    });
    assert_eq!(refused.as_deref(), Some("parallelism: Invalid value: 0: should be an integer value greater than zero"));
    assert_eq!(history.world().scheduler_configuration(""), Some(""));
    apply(&mut history, pod("a", "default-scheduler", "100m"));
    history.run_until(Time::from_secs(5));
    assert!(!nodes(&history)[0].1.is_empty());
}

#[test]
fn a_run_with_other_schedulers_is_the_same_when_it_is_gone_through_again() {
    let mut history = cluster();
    scheduler(&mut history, "second", "profiles: [{schedulerName: packing}]\n");
    apply(&mut history, pod("a", "packing", "100m"));
    history.run_until(Time::from_secs(4));
    scheduler(&mut history, "", "podInitialBackoffSeconds: 3\n");
    history.run_until(Time::from_secs(20));
    let end = history.world().hash();
    history.seek(Time::from_secs(1));
    history.seek(Time::from_secs(20));
    assert_eq!(history.world().hash(), end);
}

/// Of several best nodes one is drawn: by the seed, and by nothing else.
#[test]
fn ties_are_broken_by_the_seed() {
    let first = |seed: u64| {
        let mut history = boot(&Scenario::named("three-ships").expect("a scenario"), seed);
        apply(&mut history, pod("a", "default-scheduler", "100m"));
        history.run_until(Time::from_secs(5));
        nodes(&history).remove(0).1
    };
    let drawn: Vec<String> = (0..8).map(first).collect();
    assert_eq!(drawn, (0..8).map(first).collect::<Vec<_>>());
    assert!(drawn.iter().collect::<std::collections::BTreeSet<_>>().len() > 1, "{drawn:?}");
}

/// Three pods that fill the three ships and take their time to end, and one that matters more, with the given policy.
fn crowded(policy: &str) -> History {
    let mut history = cluster();
    let class = |name: &str, value: i32, policy: &str| {
        format!(
            "apiVersion: scheduling.k8s.io/v1\nkind: PriorityClass\nmetadata: {{name: {name}}}\nvalue: {value}\n\
             preemptionPolicy: {policy}\n---\n"
        )
    };
    apply(&mut history, class("low", 1, "PreemptLowerPriority") + &class("high", 1000, policy));
    let of_class = |name: &str, class: &str| {
        pod(name, "default-scheduler", "3")
            .replace("spec:\n", &format!("spec:\n  priorityClassName: {class}\n"))
            .replace("image: nginx", "image: busybox, command: [sleep, 1d]")
    };
    apply(&mut history, ["a", "b", "c"].map(|name| of_class(name, "low")).concat());
    history.run_until(Time::from_secs(20));
    assert!(nodes(&history).iter().all(|(_, node)| !node.is_empty()), "{:?}", nodes(&history));
    apply(&mut history, of_class("high", "high"));
    history
}

fn status_of(history: &History, name: &str) -> Option<(bool, Option<String>, Option<String>)> {
    let object = history.world().objects(&PODS).find(|object| object.name() == name)?;
    let pod = object.get::<Pod>()?;
    Some((object.is_terminating(), pod.status.nominated_node_name.clone(), pod.node().map(str::to_owned)))
}

#[test]
fn victims_end_gracefully_and_then_the_pod_gets_their_room() {
    let mut history = crowded("PreemptLowerPriority");
    history.run_until(Time::from_secs(22));
    let leaving: Vec<&str> =
        ["a", "b", "c"].into_iter().filter(|name| status_of(&history, name).is_some_and(|(ends, ..)| ends)).collect();
    let [victim] = leaving[..] else { panic!("{leaving:?} leave") };
    let (_, _, on) = status_of(&history, victim).expect("it takes its time");
    assert_eq!(status_of(&history, "high"), Some((false, on.clone(), None)), "nominated, not bound");
    let said = events(&history, "Preempted").into_iter().filter_map(|event| event.message).collect::<Vec<_>>();
    let uid = history.world().objects(&PODS).find(|object| object.name() == "high").map(|o| o.uid().to_owned());
    assert_eq!(
        said,
        [format!("Preempted by pod {} on node {}", uid.expect("it is there"), on.clone().expect("bound"))]
    );
    history.run_until(Time::from_secs(70));
    assert_eq!(status_of(&history, victim), None);
    assert_eq!(status_of(&history, "high").map(|(.., node)| node), Some(on));
}

#[test]
fn a_pod_that_may_not_preempt_waits() {
    let mut history = crowded("Never");
    history.run_until(Time::from_secs(60));
    assert_eq!(status_of(&history, "high"), Some((false, None, None)));
    let said = events(&history, "FailedScheduling").into_iter().find_map(|event| event.message);
    let said = said.expect("it is said why");
    assert!(said.ends_with("preemption: not eligible due to preemptionPolicy=Never."), "{said}");
}
