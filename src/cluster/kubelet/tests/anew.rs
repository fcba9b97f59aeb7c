//! Resources that change, sandboxes that are lost, probes that ask elsewhere.

use super::upstream::{delete, said, with};
use super::*;

/// Changes a running pod's first container to ask for this much of a core.
fn resize(harbour: &mut Harbour, name: &str, cpu: &str) {
    let object = Name { api_version: "v1".into(), kind: "Pod".into(), namespace: "default".into(), name: name.into() };
    let patch = format!("{{\"requests\": {{\"cpu\": \"{cpu}\"}}}}");
    harbour.input(Input::Resize { object, container: "c".into(), patch });
}

#[test]
fn who_waits_for_resources_gets_them_by_priority_and_every_wish_is_told_once() {
    let on = |name: &str, priority: &str, cpu: &str| {
        let pod = one(name, &format!("image: 'nginx:1.27', resources: {{requests: {{cpu: {cpu}}}}}"));
        with(&with(&pod, "nodeName: node-2"), priority)
    };
    let class = |name: &str, value: i32| {
        format!("apiVersion: scheduling.k8s.io/v1\nkind: PriorityClass\nmetadata: {{name: {name}}}\nvalue: {value}\n")
    };
    let high = on("high", "priorityClassName: high", "100m");
    let low = on("low", "terminationGracePeriodSeconds: 1", "100m");
    let big = on("big", "terminationGracePeriodSeconds: 1", "3");
    let mut harbour = Harbour::with(&[class("high", 1000), big, low, high].join("---\n"));
    harbour.until(20);
    for name in ["low", "high"] {
        resize(&mut harbour, name, "2500m");
        harbour.until(if name == "low" { 24 } else { 28 });
    }
    let pending = |harbour: &Harbour, name: &str| harbour.pod(name).condition("PodResizePending").cloned();
    let first = pending(&harbour, "low").expect("it has to wait");
    assert_eq!((first.reason.as_deref(), first.observed_generation), (Some("Deferred"), Some(2)));
    resize(&mut harbour, "low", "2600m");
    harbour.until(32);
    assert_eq!(pending(&harbour, "low").and_then(|one| one.observed_generation), Some(3));
    assert_eq!(said(&harbour, "low", "ResizeDeferred").len(), 2);
    delete(&mut harbour, "big");
    harbour.until(60);
    assert!(pending(&harbour, "high").is_none(), "who is worth more comes first");
    assert!(pending(&harbour, "low").is_some());
    assert_eq!(said(&harbour, "high", "ResizeCompleted").len(), 1);
}

#[test]
fn other_resources_end_the_wait_after_crashes() {
    let script = "image: 'busybox:1.36', command: [sh, -c, 'sleep 1; exit 3'], resources: {requests: {cpu: 100m}}";
    let mut harbour = Harbour::with(&with(&one("crash", script), "nodeName: node-2"));
    harbour.until(60);
    assert_eq!(reason(harbour.container("crash")), "CrashLoopBackOff");
    let before = harbour.starts("crash").len();
    resize(&mut harbour, "crash", "150m");
    harbour.until(63);
    assert_eq!(harbour.starts("crash").len(), before + 1, "with others it is another container");
}

#[test]
fn what_a_pod_asks_for_as_a_whole_counts_when_its_node_takes_it_on() {
    let whole = |name: &str| {
        let pod = with(&one(name, "image: 'nginx:1.27'"), "nodeName: node-2");
        with(&pod, "resources: {requests: {cpu: '3'}}")
    };
    let mut harbour = Harbour::with(&[whole("first"), whole("second")].join("---\n"));
    harbour.until(20);
    let failed: Vec<&str> =
        ["first", "second"].into_iter().filter(|name| harbour.pod(name).phase() == "Failed").collect();
    assert_eq!(failed.len(), 1);
    assert_eq!(harbour.pod(failed[0]).status.reason.as_deref(), Some("OutOfcpu"));
}

#[test]
fn in_another_sandbox_all_init_containers_run_again_one_after_another() {
    let inits = "initContainers:\n  - {name: a, image: 'busybox:1.36', command: [sh, -c, 'sleep 1']}\n  \
                 - {name: b, image: 'busybox:1.36', command: [sh, -c, 'sleep 1']}";
    let pod = with(&with(&one("web", "image: 'nginx:1.27'"), inits), "nodeName: node-2");
    let once = with(&with(&one("once", "image: 'nginx:1.27'"), "restartPolicy: Never"), "nodeName: node-2");
    let mut harbour = Harbour::with(&[pod, once].join("---\n"));
    harbour.until(30);
    let power = |on| Input::Fault { fault: "power".to_owned(), of: "node-2".to_owned(), on };
    harbour.input(power(true));
    harbour.until(40);
    harbour.input(power(false));
    harbour.until(90);
    let text = "Pod sandbox changed, it will be killed and re-created.".to_owned();
    assert_eq!(said(&harbour, "web", "SandboxChanged"), [(text, 1)]);
    let started = harbour.facts(|at, fact| match fact {
        Fact::ContainerStarted { pod, container, .. } if &*pod.key.name == "web" => {
            Some((container.to_string(), at.as_millis()))
        }
        _ => None,
    });
    let names: Vec<&str> = started.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["a", "b", "c", "a", "b", "c"]);
    assert!(started[4].1 - started[3].1 >= 1_000 && started[5].1 - started[4].1 >= 1_000, "{started:?}");
    let status = &harbour.pod("web").status;
    let inits = status.init_container_statuses.iter().flatten();
    let counts: Vec<i32> = inits.map(|one| one.restart_count).chain([harbour.container("web").restart_count]).collect();
    assert_eq!(counts, [1, 0, 1], "what was removed is not counted from");
    assert!(harbour.pod("web").is_ready());
    assert_eq!(harbour.pod("once").phase(), "Failed", "nothing of it is ever started again");
    assert!(said(&harbour, "once", "SandboxChanged").is_empty());
}

#[test]
fn probes_speak_what_they_are_told_and_ask_the_host_that_they_name() {
    let probed =
        |name: &str, probe: &str| one(name, &format!("image: 'nginx:1.27', readinessProbe: {{httpGet: {probe}}}"));
    let pods = [
        with(&probed("plain", "{port: 80}"), "nodeName: node-2"),
        with(&probed("tls", "{port: 80, scheme: HTTPS}"), "nodeName: node-2"),
        with(&probed("here", "{port: 80, host: 127.0.0.1}"), "nodeName: node-2"),
        with(&probed("far", "{port: 80, host: example.com}"), "nodeName: node-2"),
    ];
    let mut harbour = Harbour::with(&pods.join("---\n"));
    harbour.until(30);
    let why =
        |name: &str| said(&harbour, name, "Unhealthy").into_iter().map(|(text, _)| text).next().unwrap_or_default();
    assert!(harbour.pod("plain").is_ready());
    let ready = ["tls", "here", "far"].map(|name| harbour.pod(name).is_ready());
    assert_eq!(ready, [false; 3]);
    assert!(why("tls").ends_with(":80/\": http: server gave HTTP response to HTTPS client"), "{}", why("tls"));
    let refused =
        "Readiness probe failed: Get \"http://127.0.0.1:80/\": dial tcp 127.0.0.1:80: connect: connection refused";
    assert_eq!(why("here"), refused, "it is asked from the machine, not from within the pod");
    assert!(why("far").contains("errored") && why("far").ends_with("(example.com) is not simulated"), "{}", why("far"));
}

#[test]
fn a_variable_from_a_file_is_not_made_up() {
    let variable = "env: [{name: A, valueFrom: {fileKeyRef: {volumeName: v, path: a.env, key: A}}}]";
    let pod = one("web", &format!("image: 'nginx:1.27', {variable}")) + "  volumes: [{name: v, emptyDir: {}}]\n";
    let mut harbour = Harbour::with(&pod);
    harbour.until(20);
    assert_eq!(reason(harbour.container("web")), "CreateContainerConfigError");
    let text = "Error: variables from files (fileKeyRef) are not simulated";
    assert_eq!(said(&harbour, "web", "Failed")[0].0, text);
}

#[test]
fn a_pod_that_its_kubelet_drives_out_says_so_before_its_other_conditions() {
    let mut harbour = Harbour::with(&with(&one("store", "image: 'redis:7'"), "nodeName: node-2"));
    harbour.until(20);
    harbour.input(Input::Fault { fault: "memory".to_owned(), of: "node-2".to_owned(), on: true });
    harbour.until(60);
    let status = &harbour.pod("store").status;
    assert_eq!((status.phase.as_deref(), status.reason.as_deref()), (Some("Failed"), Some("Evicted")));
    let kinds: Vec<&str> = status.conditions.iter().flatten().map(|one| one.type_.as_str()).collect();
    let own = ["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"];
    assert_eq!(kinds, [&["DisruptionTarget"][..], &own].concat());
    let target = harbour.pod("store").condition("DisruptionTarget").expect("it says so");
    assert_eq!(target.reason.as_deref(), Some("TerminationByKubelet"));
}
