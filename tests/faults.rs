//! What goes wrong, what follows of it, and that everything heals.

mod common;

use bottle::api::kinds::{Kind, deployment, event, node, pod};
use bottle::api::object::Key;
use bottle::cluster::History;
use bottle::cluster::boot::{Scenario, boot};
use bottle::cluster::fact::Fact;
use bottle::cluster::input::{FAULTS, Input};
use bottle::sim::rng::Rng;
use bottle::sim::{Duration, Time};
use serde_json::Value;

fn fault(history: &mut History, fault: &str, of: &str, on: bool) {
    history.input(Input::Fault { fault: fault.to_owned(), of: of.to_owned(), on });
}

fn apply(history: &mut History, text: &str) {
    history.input(Input::Apply { text: text.to_owned(), dry_run: false, create_namespaces: false });
}

fn run(history: &mut History, seconds: u64) {
    let to = history.world().view().t + Duration::from_secs(seconds);
    history.seek(to);
}

fn object(history: &History, kind: &'static Kind, namespace: &str, name: &str) -> Value {
    history.world().object(kind, &Key::new(namespace, name)).map(bottle::api::Object::to_value).unwrap_or_default()
}

fn all(history: &History, kind: &'static Kind) -> Vec<Value> {
    history.world().objects(kind).map(bottle::api::Object::to_value).collect()
}

fn condition(object: &Value, name: &str) -> (String, String, String) {
    let conditions = object["status"]["conditions"].as_array().cloned().unwrap_or_default();
    let found = conditions.into_iter().find(|condition| condition["type"] == name).unwrap_or_default();
    let text = |field: &str| found[field].as_str().unwrap_or_default().to_owned();
    (text("status"), text("reason"), text("message"))
}

/// Whether an event of a reason with words in its message was written.
fn said(history: &History, reason: &str, words: &str) -> bool {
    let events = all(history, &event::KIND);
    events
        .iter()
        .any(|event| event["reason"] == reason && event["message"].as_str().unwrap_or_default().contains(words))
}

fn web(name: &str, replicas: u32, image: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}}}\nspec:\n  replicas: {replicas}\n  selector: {{matchLabels: \
         {{app: {name}}}}}\n  template:\n    metadata: {{labels: {{app: {name}}}}}\n    spec:\n      terminationGracePeriodSeconds: 2\n      \
         containers:\n      - {{name: web, image: '{image}'}}\n"
    )
}

fn ready(history: &History, name: &str) -> i64 {
    object(history, &deployment::KIND, "default", name)["status"]["readyReplicas"].as_i64().unwrap_or(0)
}

fn pods_on(history: &History, node: &str) -> Vec<Value> {
    let mut pods = all(history, &pod::KIND);
    pods.retain(|pod| pod["spec"]["nodeName"] == node && pod["metadata"]["namespace"] == "default");
    pods
}

#[test]
fn every_process_of_the_control_plane_can_stop_and_crash_and_the_work_is_done_afterwards() {
    let processes = [
        "etcd-0",
        "kube-apiserver",
        "kube-scheduler",
        "kube-controller-manager",
        "kubelet/node-1",
        "containerd/node-1",
    ];
    for (number, process) in processes.into_iter().enumerate() {
        let mut history = common::three_ships(number as u64);
        apply(&mut history, &web("before", 3, "nginx:1.27"));
        run(&mut history, 20);
        assert_eq!(ready(&history, "before"), 3, "{process}");
        fault(&mut history, "stop", process, true);
        assert!(history.world().view().stopped.iter().any(|stopped| stopped.to_string() == process));
        run(&mut history, 30);
        fault(&mut history, "stop", process, false);
        run(&mut history, 70);
        apply(&mut history, &web("after", 3, "nginx:1.27"));
        run(&mut history, 60);
        assert_eq!((ready(&history, "before"), ready(&history, "after")), (3, 3), "{process} was stopped");
        fault(&mut history, "crash", process, true);
        run(&mut history, 20);
        assert!(history.world().view().stopped.is_empty(), "{process} is started again by who looks after it");
        run(&mut history, 70);
        apply(&mut history, &web("then", 3, "nginx:1.27"));
        run(&mut history, 60);
        assert_eq!((ready(&history, "before"), ready(&history, "then")), (3, 3), "{process} has crashed");
    }
}

#[test]
fn a_node_without_its_runtime_is_not_ready_after_half_a_minute_and_its_containers_run_on() {
    let mut history = common::three_ships(5);
    apply(&mut history, &web("web", 3, "nginx:1.27"));
    run(&mut history, 20);
    fault(&mut history, "stop", "containerd/node-1", true);
    run(&mut history, 55);
    let (status, reason, message) = condition(&object(&history, &node::KIND, "", "node-1"), "Ready");
    assert_eq!(
        (status.as_str(), reason.as_str(), message.as_str()),
        ("False", "KubeletNotReady", "container runtime is down")
    );
    run(&mut history, 180);
    let (_, _, message) = condition(&object(&history, &node::KIND, "", "node-1"), "Ready");
    assert!(
        message.starts_with("[container runtime is down, PLEG is not healthy: pleg was last seen active "),
        "{message}"
    );
    fault(&mut history, "stop", "containerd/node-1", false);
    run(&mut history, 30);
    assert_eq!(condition(&object(&history, &node::KIND, "", "node-1"), "Ready").0, "True");
    run(&mut history, 60);
    let restarts = |pod: &Value| pod["status"]["containerStatuses"][0]["restartCount"].as_i64().unwrap_or(-1);
    assert!(pods_on(&history, "node-1").iter().all(|pod| restarts(pod) == 0), "nothing was restarted");
    assert_eq!(ready(&history, "web"), 3);
}

#[test]
fn a_node_that_loses_its_power_comes_back_with_new_containers() {
    let mut history = common::three_ships(6);
    apply(&mut history, &web("web", 6, "nginx:1.27"));
    run(&mut history, 20);
    let before = pods_on(&history, "node-1").len();
    assert!(before > 0);
    fault(&mut history, "power", "node-1", true);
    run(&mut history, 70);
    assert_eq!(condition(&object(&history, &node::KIND, "", "node-1"), "Ready").0, "Unknown");
    fault(&mut history, "power", "node-1", false);
    run(&mut history, 60);
    assert_eq!(condition(&object(&history, &node::KIND, "", "node-1"), "Ready").0, "True");
    assert!(said(&history, "Rebooted", "Node node-1 has been rebooted, boot id: "));
    let pods = pods_on(&history, "node-1");
    assert_eq!(pods.len(), before, "nobody was evicted in so short a time");
    for pod in pods {
        let status = &pod["status"]["containerStatuses"][0];
        assert_eq!(status["restartCount"], 1, "{status}");
        assert_eq!(status["lastState"]["terminated"]["exitCode"], 255, "{status}");
        assert!(status["state"]["running"].is_object(), "{status}");
    }
    assert_eq!(ready(&history, "web"), 6);
}

#[test]
fn a_node_short_of_memory_evicts_what_has_asked_for_the_least_of_what_it_uses() {
    let mut history = common::three_ships(7);
    apply(&mut history, &web("web", 3, "redis:7"));
    run(&mut history, 20);
    fault(&mut history, "memory", "node-1", true);
    run(&mut history, 25);
    let node_1 = object(&history, &node::KIND, "", "node-1");
    let (status, reason, message) = condition(&node_1, "MemoryPressure");
    assert_eq!(
        (status.as_str(), reason.as_str(), message.as_str()),
        ("True", "KubeletHasInsufficientMemory", "kubelet has insufficient memory available")
    );
    let taints = node_1["spec"]["taints"].as_array().cloned().unwrap_or_default();
    assert!(taints.iter().any(|taint| taint["key"] == "node.kubernetes.io/memory-pressure"), "{taints:?}");
    assert!(said(&history, "NodeHasInsufficientMemory", "Node node-1 status is now: NodeHasInsufficientMemory"));
    assert!(said(&history, "EvictionThresholdMet", "Attempting to reclaim memory"));
    let evicted = pods_on(&history, "node-1")
        .into_iter()
        .find(|pod| pod["status"]["reason"] == "Evicted")
        .expect("one is evicted");
    let text = evicted["status"]["message"].as_str().unwrap_or_default();
    assert_eq!(evicted["status"]["phase"], "Failed");
    assert!(text.starts_with("The node was low on resource: memory. Threshold quantity: 100Mi, available: "), "{text}");
    assert!(
        text.contains("Container web was using ")
            && text.contains(", request is 0, has larger consumption of memory. "),
        "{text}"
    );
    let (status, reason, message) = condition(&evicted, "DisruptionTarget");
    assert_eq!((status.as_str(), reason.as_str(), message.as_str()), ("True", "TerminationByKubelet", text));
    fault(&mut history, "memory", "node-1", false);
    run(&mut history, 240);
    assert_eq!(condition(&object(&history, &node::KIND, "", "node-1"), "MemoryPressure").0, "True", "not yet");
    run(&mut history, 100);
    assert_eq!(condition(&object(&history, &node::KIND, "", "node-1"), "MemoryPressure").0, "False");
    assert_eq!(ready(&history, "web"), 3);
}

#[test]
fn a_node_with_a_full_disk_takes_nobody_and_evicts() {
    let mut history = common::three_ships(8);
    apply(&mut history, &web("web", 3, "redis:7"));
    run(&mut history, 20);
    fault(&mut history, "disk", "node-1", true);
    run(&mut history, 45);
    let node_1 = object(&history, &node::KIND, "", "node-1");
    let (status, reason, message) = condition(&node_1, "DiskPressure");
    assert_eq!(
        (status.as_str(), reason.as_str(), message.as_str()),
        ("True", "KubeletHasDiskPressure", "kubelet has disk pressure")
    );
    let evicted = pods_on(&history, "node-1")
        .into_iter()
        .find(|pod| pod["status"]["reason"] == "Evicted")
        .expect("one is evicted");
    let text = evicted["status"]["message"].as_str().unwrap_or_default();
    assert!(
        text.starts_with("The node was low on resource: ephemeral-storage. Threshold quantity: 10Gi, available: "),
        "{text}"
    );
    let own = "apiVersion: v1\nkind: Pod\nmetadata: {name: late}\nspec: {nodeName: node-1, containers: [{name: c, image: nginx}]}\n";
    apply(&mut history, own);
    run(&mut history, 5);
    let late = object(&history, &pod::KIND, "default", "late");
    assert_eq!(late["status"]["reason"], "Evicted");
    assert_eq!(late["status"]["message"], "Pod was rejected: The node had condition: [DiskPressure]. ");
    fault(&mut history, "disk", "node-1", false);
    run(&mut history, 330);
    assert_eq!(condition(&object(&history, &node::KIND, "", "node-1"), "DiskPressure").0, "False");
    assert_eq!(ready(&history, "web"), 3);
}

#[test]
fn a_kubelet_with_an_expired_certificate_is_not_heard() {
    let mut history = common::three_ships(9);
    fault(&mut history, "certificate", "kubelet/node-2", true);
    run(&mut history, 80);
    let (status, reason, message) = condition(&object(&history, &node::KIND, "", "node-2"), "Ready");
    assert_eq!(
        (status.as_str(), reason.as_str(), message.as_str()),
        ("Unknown", "NodeStatusUnknown", "Kubelet stopped posting node status.")
    );
    fault(&mut history, "certificate", "kubelet/node-2", false);
    run(&mut history, 40);
    assert_eq!(condition(&object(&history, &node::KIND, "", "node-2"), "Ready").0, "True");
}

#[test]
fn a_paused_controller_does_nothing_until_it_works_on() {
    let mut history = common::three_ships(10);
    fault(&mut history, "controller", "replicaset-controller", true);
    apply(&mut history, &web("web", 2, "nginx:1.27"));
    run(&mut history, 30);
    assert_eq!(all(&history, &pod::KIND).iter().filter(|pod| pod["metadata"]["namespace"] == "default").count(), 0);
    fault(&mut history, "controller", "replicaset-controller", false);
    run(&mut history, 30);
    assert_eq!(ready(&history, "web"), 2);
}

#[test]
fn slow_images_come_late_and_corrupt_registries_deliver_nothing() {
    let mut history = common::three_ships(11);
    fault(&mut history, "image", "redis:7", true);
    apply(&mut history, &web("slow", 1, "redis:7"));
    run(&mut history, 20);
    assert_eq!(ready(&history, "slow"), 0, "it would have come by now");
    run(&mut history, 60);
    assert_eq!(ready(&history, "slow"), 1);
    fault(&mut history, "registry", "docker.io", true);
    apply(&mut history, &web("bad", 1, "httpd:2.4"));
    run(&mut history, 30);
    assert_eq!(ready(&history, "bad"), 0);
    assert!(said(
        &history,
        "Failed",
        "Failed to pull image \"httpd:2.4\": rpc error: code = FailedPrecondition desc = failed to pull and unpack image"
    ));
    fault(&mut history, "registry", "docker.io", false);
    run(&mut history, 120);
    assert_eq!(ready(&history, "bad"), 1);
}

#[test]
fn slow_and_cut_lines_and_wrong_clocks_delay_and_heal() {
    let mut history = common::three_ships(12);
    fault(&mut history, "slow", "kubelet/node-1", true);
    fault(&mut history, "clock", "node-2", true);
    run(&mut history, 60);
    assert_eq!(condition(&object(&history, &node::KIND, "", "node-1"), "Ready").0, "True", "slow is not dead");
    assert_eq!(
        condition(&object(&history, &node::KIND, "", "node-2"), "Ready").0,
        "True",
        "others judge by their own clocks"
    );
    let lease = object(&history, &bottle::api::kinds::lease::KIND, "kube-node-lease", "node-2");
    let ahead = lease["spec"]["renewTime"].as_str().unwrap_or_default().to_owned();
    let right = object(&history, &bottle::api::kinds::lease::KIND, "kube-node-lease", "node-3");
    assert!(ahead.as_str() > right["spec"]["renewTime"].as_str().unwrap_or_default());
    fault(&mut history, "slow", "kubelet/node-1", false);
    fault(&mut history, "clock", "node-2", false);
    fault(&mut history, "cut", "kube-scheduler", true);
    apply(&mut history, &web("web", 2, "nginx:1.27"));
    run(&mut history, 40);
    assert_eq!(ready(&history, "web"), 0, "nobody decides");
    fault(&mut history, "cut", "kube-scheduler", false);
    run(&mut history, 120);
    assert_eq!(ready(&history, "web"), 2);
}

#[test]
fn what_is_not_known_changes_nothing() {
    let mut history = common::three_ships(13);
    for (name, of) in [
        ("fly", "node-1"),
        ("power", "node-9"),
        ("stop", "nobody"),
        ("controller", "nobody"),
        ("certificate", "etcd-0"),
    ] {
        fault(&mut history, name, of, true);
        assert!(history.world().view().faults.is_empty() && history.world().view().stopped.is_empty(), "{name} {of}");
    }
}

/// What each fault may befall.
fn victims(fault: &str) -> &'static [&'static str] {
    match fault {
        "stop" | "crash" => &[
            "etcd-0",
            "kube-apiserver",
            "kube-scheduler",
            "kube-controller-manager",
            "kubelet/node-1",
            "containerd/node-2",
        ],
        "slow" | "cut" => &["kubelet/node-3", "kube-scheduler", "kube-controller-manager", "kube-apiserver"],
        "certificate" => &["kubelet/node-1", "kube-scheduler", "kube-controller-manager"],
        "controller" => &["deployment-controller", "replicaset-controller", "node-lifecycle-controller"],
        "image" => &["nginx:1.27"],
        "registry" => &["docker.io"],
        _ => &["node-1", "node-2", "node-3"],
    }
}

#[test]
fn after_the_last_repair_everything_is_as_it_should_be() {
    for seed in 0..4 {
        let mut rng = Rng::fork(seed, &"faults");
        let mut history = common::three_ships(seed);
        let pick = |rng: &mut Rng, many: usize| usize::try_from(rng.below(many as u64)).unwrap_or(0);
        for round in 0..14 {
            let name = FAULTS[pick(&mut rng, FAULTS.len())];
            let victims = victims(name);
            fault(&mut history, name, victims[pick(&mut rng, victims.len())], rng.chance(700));
            apply(
                &mut history,
                &web(&format!("web-{}", round % 3), 1 + u32::try_from(rng.below(4)).unwrap_or(1), "nginx:1.27"),
            );
            let wait = 1 + rng.below(40);
            run(&mut history, wait);
        }
        for name in FAULTS.into_iter().filter(|name| *name != "crash") {
            for of in victims(name) {
                fault(&mut history, name, of, false);
            }
        }
        run(&mut history, 900);
        let view = history.world().view();
        assert!(view.faults.is_empty() && view.stopped.is_empty(), "seed {seed}: {:?} {:?}", view.faults, view.stopped);
        for deployment in all(&history, &deployment::KIND) {
            let name = deployment["metadata"]["name"].as_str().unwrap_or_default();
            assert_eq!(
                deployment["status"]["readyReplicas"], deployment["spec"]["replicas"],
                "seed {seed}: {name}: {deployment}"
            );
        }
        for node in all(&history, &node::KIND) {
            for (name, wanted) in [("Ready", "True"), ("MemoryPressure", "False"), ("DiskPressure", "False")] {
                assert_eq!(condition(&node, name).0, wanted, "seed {seed}: {} {name}", node["metadata"]["name"]);
            }
        }
        assert!(view.t > Time::ZERO);
    }
}

/// What etcd wrote while the line to the API server was broken is not missed when it is whole again.
#[test]
fn the_api_server_misses_nothing_of_a_line_that_breaks_for_moments() {
    let mut history = common::three_ships(14);
    apply(&mut history, &web("web", 6, "nginx:1.27"));
    for tick in 0..400_i64 {
        let at = history.world().view().t + Duration::from_millis(7);
        history.run_until(at);
        fault(&mut history, "cut", "kube-apiserver", tick % 3 == 0);
    }
    fault(&mut history, "cut", "kube-apiserver", false);
    run(&mut history, 90);
    let world = history.world();
    for record in history.trace().range(0, history.trace().len()) {
        let Fact::Committed { object, .. } = &record.fact else { continue };
        if matches!(object.kind.kind, "Pod" | "ReplicaSet" | "Deployment" | "ConfigMap") {
            let stored = world.versions(object.kind, &object.key).pop().and_then(|(_, object)| object);
            let shown = world.object(object.kind, &object.key);
            assert_eq!(
                stored.map(|stored| stored.revision()),
                shown.map(bottle::api::Object::revision),
                "{object} in etcd and as the API server shows it"
            );
        }
    }
    assert_eq!(ready(&history, "web"), 6);
}

/// The nodes of two zones whose `NoExecute` taint says that nobody hears of them, with its moment.
fn given_up(history: &History) -> Vec<(String, String)> {
    let taint = |node: &Value| {
        let taints = node["spec"]["taints"].as_array().cloned().unwrap_or_default();
        let found = taints
            .into_iter()
            .find(|taint| taint["effect"] == "NoExecute" && taint["key"] == "node.kubernetes.io/unreachable")?;
        Some((
            node["metadata"]["name"].as_str().unwrap_or_default().to_owned(),
            found["timeAdded"].as_str().unwrap_or_default().to_owned(),
        ))
    };
    all(history, &node::KIND).iter().filter_map(taint).collect()
}

fn two_zones(seed: u64) -> History {
    let mut scenario = Scenario::named("three-ships").expect("the scenario").with_workers(8);
    for (number, machine) in scenario.machines.iter_mut().filter(|machine| !machine.control_plane).enumerate() {
        let zone = if number < 4 { "east" } else { "west" };
        machine.labels.insert("topology.kubernetes.io/zone".to_owned(), zone.to_owned());
    }
    boot(&scenario, seed)
}

fn cut(history: &mut History, nodes: std::ops::RangeInclusive<u32>, cut: bool) {
    for number in nodes {
        history.input(Input::Network { node: format!("node-{number}"), cut });
    }
}

/// Of a zone that is lost as a whole one node after the other is given up; the other zone is not touched.
#[test]
fn a_zone_that_is_cut_off_is_given_up_node_by_node() {
    let mut history = two_zones(15);
    run(&mut history, 12);
    cut(&mut history, 1..=4, true);
    let mut times = Vec::new();
    for _ in 0..120 {
        run(&mut history, 1);
        times.push(given_up(&history).len());
    }
    assert_eq!(times[40], 0, "silence of 50 s is waited for");
    assert!(times.windows(2).all(|pair| pair[1] <= pair[0] + 1), "one at a time: {times:?}");
    let first = |count: usize| times.iter().position(|seen| *seen >= count).expect("it is given up");
    for count in 1..4 {
        assert!(first(count + 1) - first(count) >= 10, "one in ten seconds: {times:?}");
    }
    assert!(given_up(&history).iter().all(|(node, _)| node.as_str() <= "node-4"), "{:?}", given_up(&history));
    cut(&mut history, 1..=4, false);
    run(&mut history, 60);
    assert_eq!(given_up(&history), []);
}

/// If most of a small zone is lost nobody there is given up, and if all zones are the fault is nearer to the observer.
#[test]
fn a_zone_that_is_mostly_cut_off_is_given_time_and_so_is_a_cluster_that_is_cut_off_from_its_plane() {
    for cut_off in [1..=3, 1..=8] {
        let mut history = two_zones(16);
        // All have renewed their leases between the same two looks of the controller, so all are missed together.
        run(&mut history, 53);
        cut(&mut history, cut_off.clone(), true);
        let plane = |stop| Input::Kubelet { node: "control-plane".to_owned(), stop };
        if cut_off == (1..=8) {
            history.input(plane(true));
        }
        run(&mut history, 400);
        let unknown = all(&history, &node::KIND).iter().filter(|node| condition(node, "Ready").0 == "Unknown").count();
        assert!(unknown >= cut_off.clone().count(), "{unknown} are silent");
        assert_eq!(given_up(&history), [], "{cut_off:?}");
        cut(&mut history, cut_off.clone(), false);
        history.input(plane(false));
        // One that is lost alone is given up as ever.
        run(&mut history, 60);
        cut(&mut history, 5..=5, true);
        run(&mut history, 80);
        assert_eq!(given_up(&history).len(), 1, "{cut_off:?}");
    }
}
