//! Differences to a real kubelet that were found by comparing function by function.

use super::*;
use crate::api::kinds::node;
use k8s_openapi::api::core::v1::Node;

pub(super) fn with(text: &str, field: &str) -> String {
    text.replacen("spec:", &format!("spec:\n  {field}"), 1)
}

pub(super) fn apply(harbour: &mut Harbour, text: &str) {
    harbour.input(Input::Apply { text: text.to_owned(), dry_run: false, create_namespaces: false });
}

pub(super) fn delete(harbour: &mut Harbour, name: &str) {
    let object = Name { api_version: "v1".into(), kind: "Pod".into(), namespace: "default".into(), name: name.into() };
    harbour.input(Input::Delete { object });
}

/// Runs on from a second, by milliseconds, until something has happened.
fn until_fact(harbour: &mut Harbour, from: i64, what: impl Fn(&Fact) -> bool) {
    let mut now = Time::from_secs(from);
    while harbour.facts(|_, fact| what(fact).then_some(())).is_empty() {
        now = now + Duration::from_millis(1);
        harbour.0.run_until(now);
    }
}

pub(super) fn said(harbour: &Harbour, pod: &str, reason: &str) -> Vec<(String, i32)> {
    let all = harbour.events(pod).into_iter().filter(|(said, ..)| said == reason);
    all.map(|(_, message, count)| (message, count)).collect()
}

#[test]
fn a_status_tells_of_users_of_the_pod_as_a_whole_and_of_containers_by_name() {
    let pod = one("two", "image: 'nginx:1.27', resources: {requests: {cpu: 100m}, limits: {memory: 64Mi}}")
        + "  - {name: a, image: 'busybox:1.36', command: [sleep, '999'], resources: {requests: {cpu: 50m}}}\n";
    let mut harbour = Harbour::with(&pod);
    harbour.until(30);
    let status = &harbour.pod("two").status;
    let names: Vec<&str> = status.container_statuses.iter().flatten().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["a", "c"], "in the order of their names, not of the spec");
    let groups = |index: usize| {
        let user = status.container_statuses.as_ref()?[index].user.clone()?.linux?;
        Some((user.uid, user.supplemental_groups.unwrap_or_default()))
    };
    assert_eq!((groups(0), groups(1)), (Some((0, vec![0, 10])), Some((0, vec![0]))));
    let whole = crate::api::json::encode(status);
    assert_eq!(whole["allocatedResources"], serde_json::json!({"cpu": "150m", "memory": "64Mi"}));
    assert_eq!(whole["resources"]["limits"], serde_json::json!({"memory": "64Mi"}));
    assert_eq!(whole["resources"]["requests"], whole["allocatedResources"]);
}

#[test]
fn another_image_replaces_what_runs_and_does_not_wait_for_the_one_before() {
    let pod = |image: &str| one("web", &format!("image: '{image}'"));
    let mut harbour = Harbour::with(&pod("nginx:1.27"));
    harbour.until(20);
    apply(&mut harbour, &pod("nginx:1.28"));
    harbour.until(40);
    let status = harbour.container("web");
    assert_eq!((status.restart_count, status.image.as_str()), (1, "docker.io/library/nginx:1.28"));
    let text = "Container c definition changed, will be restarted".to_owned();
    assert_eq!(said(&harbour, "web", "Killing"), [(text, 1)]);
    apply(&mut harbour, &pod("nginx:no-such"));
    harbour.until(110);
    assert_eq!(reason(harbour.container("web")), "ImagePullBackOff");
    apply(&mut harbour, &pod("nginx:1.27"));
    harbour.until(118);
    assert!(harbour.container("web").ready, "the back-off belongs to the other image");
}

#[test]
fn containers_of_one_image_that_is_not_there_wait_together() {
    let pod = one("twins", "image: 'nginx:no-such'") + "  - {name: d, image: 'nginx:no-such'}\n";
    let mut harbour = Harbour::with(&pod);
    harbour.until(8);
    assert_eq!(said(&harbour, "twins", "Pulling"), [("Pulling image \"nginx:no-such\"".to_owned(), 1)]);
}

#[test]
fn a_condemned_container_of_a_pod_that_never_restarts_ends_its_pod() {
    let probe = "livenessProbe: {periodSeconds: 1, failureThreshold: 1, exec: {command: ['false']}}";
    let pod = with(&one("once", &format!("image: 'nginx:1.27', {probe}")), "restartPolicy: Never");
    let mut harbour = Harbour::with(&pod);
    harbour.until(30);
    assert_eq!(said(&harbour, "once", "Killing"), [("Stopping container c".to_owned(), 1)]);
    assert_eq!((harbour.pod("once").phase(), harbour.container("once").restart_count), ("Succeeded", 0));
    // Beside another container it is killed alone, and nobody promises that it comes back.
    let pod = pod.replace("once", "pair") + "  - {name: d, image: 'nginx:1.27'}\n";
    apply(&mut harbour, &pod);
    harbour.until(60);
    assert_eq!(said(&harbour, "pair", "Killing"), [("Container c failed liveness probe".to_owned(), 1)]);
    assert_eq!(harbour.pod("pair").phase(), "Running");
}

#[test]
fn every_container_hears_at_once_that_its_pod_ends_and_sidecars_go_last() {
    let side = "initContainers:\n  - {name: s, image: 'nginx:1.27', restartPolicy: Always, lifecycle: {preStop: {sleep: {seconds: 1}}}}";
    let main = "image: 'registry.k8s.io/pause:3.10', lifecycle: {preStop: {sleep: {seconds: 5}}}";
    let mut harbour = Harbour::with(&with(&one("crew", main), side));
    harbour.until(30);
    delete(&mut harbour, "crew");
    harbour.until(33);
    let texts: Vec<String> = said(&harbour, "crew", "Killing").into_iter().map(|(text, _)| text).collect();
    assert_eq!(texts.len(), 2, "{texts:?}");
    assert!(harbour.ends("crew").is_empty(), "one still sleeps, and the other waits for it");
    harbour.until(40);
    assert!(harbour.object("crew").is_none());
    let ends: Vec<i64> = harbour.ends("crew").into_iter().map(|(at, _)| at).collect();
    assert!(ends.len() == 2 && ends[0] >= 35_000 && ends[0] <= ends[1], "{ends:?}");
    assert!(said(&harbour, "crew", "FailedPreStopHook").is_empty(), "the image has no `sleep`, the kubelet has");
}

#[test]
fn a_hook_that_fails_is_told_in_the_words_of_upstream() {
    let exec = one("e", "image: 'nginx:1.27', lifecycle: {postStart: {exec: {command: ['false']}}}");
    let http = one("h", "image: 'nginx:1.27', lifecycle: {postStart: {httpGet: {path: /up, port: 9}}}");
    let mut harbour = Harbour::with(&[exec, http].join("---\n"));
    harbour.until(8);
    let message = |name: &str| {
        let texts = harbour.facts(|_, fact| match fact {
            Fact::StartFailed { pod, reason, message, .. } if &*pod.key.name == name => {
                assert_eq!(&**reason, "PostStartHookError");
                Some(message.to_string())
            }
            _ => None,
        });
        texts.into_iter().next().unwrap_or_default()
    };
    let end = "failed - error: command 'false' exited with 1: , message: \"\"";
    assert!(message("e").starts_with("Exec lifecycle hook ([false]) for Container \"c\" in Pod \"e_default("));
    assert!(message("e").ends_with(end), "{}", message("e"));
    assert!(message("h").starts_with("HTTP lifecycle hook (/up) for Container \"c\" in Pod \"h_default("));
    assert!(message("h").ends_with("connect: connection refused"), "{}", message("h"));
}

#[test]
fn probes_are_quiet_when_their_pod_ends_but_for_readiness() {
    let probes = "readinessProbe: {periodSeconds: 1, exec: {command: [cat, /tmp/up]}}, \
                  livenessProbe: {periodSeconds: 1, failureThreshold: 9, exec: {command: [cat, /tmp/up]}}";
    let lifecycle = "lifecycle: {preStop: {sleep: {seconds: 25}}}";
    let script = "command: [sh, -c, 'touch /tmp/up; sleep 32; rm /tmp/up; sleep 3600']";
    let mut harbour = Harbour::with(&one("web", &format!("image: 'busybox:1.36', {script}, {probes}, {lifecycle}")));
    harbour.until(30);
    assert!(harbour.pod("web").is_ready());
    delete(&mut harbour, "web");
    harbour.until(48);
    assert!(!harbour.pod("web").is_ready(), "what is not ready while it ends says so");
    let texts: Vec<String> = said(&harbour, "web", "Unhealthy").into_iter().map(|(text, _)| text).collect();
    assert!(!texts.is_empty() && texts.iter().all(|text| text.starts_with("Readiness")), "{texts:?}");
}

#[test]
fn what_was_ready_stays_ready_when_its_kubelet_starts_again() {
    let probe = "readinessProbe: {periodSeconds: 10, httpGet: {path: /, port: 80}}";
    let mut harbour = Harbour::with(&one("web", &format!("image: 'nginx:1.27', {probe}")));
    harbour.until(20);
    let (before, since) = (harbour.container("web").clone(), harbour.pod("web").condition("Ready").cloned());
    let node = harbour.pod("web").node().unwrap_or_default().to_owned();
    harbour.input(Input::Kubelet { node: node.clone(), stop: true });
    harbour.until(35);
    harbour.input(Input::Kubelet { node, stop: false });
    harbour.until(60);
    assert_eq!(harbour.container("web"), &before);
    assert_eq!(harbour.pod("web").condition("Ready").cloned(), since, "never not ready in between");
}

#[test]
fn whoever_becomes_unready_is_asked_again_at_once() {
    let probe = "readinessProbe: {periodSeconds: 10, failureThreshold: 1, exec: {command: [cat, /tmp/up]}}";
    let script = "command: [sh, -c, 'touch /tmp/up; sleep 15; rm /tmp/up; sleep 3600']";
    let mut harbour = Harbour::with(&one("web", &format!("image: 'busybox:1.36', {script}, {probe}")));
    harbour.until(40);
    let asked = harbour.facts(|at, fact| match fact {
        Fact::Probed { ok: false, .. } => Some(at.as_millis()),
        _ => None,
    });
    assert!(asked.len() >= 3 && asked[1] - asked[0] < 100, "{asked:?}");
    assert!((9_900..10_100).contains(&(asked[2] - asked[1])), "and then in its rhythm: {asked:?}");
}

#[test]
fn a_pod_that_ends_before_it_began_failed_and_its_conditions_are_as_they_were() {
    let pod = with(&one("early", "image: 'nginx:no-such'"), "terminationGracePeriodSeconds: 1")
        .replace("metadata: {name: early}", "metadata: {name: early, finalizers: [example.com/hold]}");
    let mut harbour = Harbour::with(&pod);
    harbour.until(20);
    delete(&mut harbour, "early");
    harbour.until(30);
    let pod = harbour.pod("early");
    assert_eq!(pod.phase(), "Failed");
    let end = harbour.container("early").state.as_ref().and_then(|state| state.terminated.clone()).expect("it ended");
    assert_eq!((end.exit_code, end.reason.as_deref()), (137, Some("ContainerStatusUnknown")));
    assert_eq!(pod.condition("Ready").and_then(|one| one.reason.as_deref()), Some("ContainersNotReady"));
}

#[test]
fn a_kubelet_refuses_ports_sysctls_and_systems_that_it_has_not_got() {
    let on = |name: &str, container: &str, field: &str| with(&with(&one(name, container), field), "nodeName: node-2");
    let port = "image: 'nginx:1.27', ports: [{containerPort: 80, hostPort: 8080}]";
    let first = on("first", port, "terminationGracePeriodSeconds: 3");
    let second = on("second", port, "terminationGracePeriodSeconds: 3");
    let kernel = "securityContext: {sysctls: [{name: kernel.msgmax, value: '1'}]}";
    let kernel = on("kernel", "image: 'nginx:1.27'", kernel);
    let mut harbour = Harbour::with(&first);
    harbour.until(10);
    apply(&mut harbour, &[second, kernel].join("---\n"));
    harbour.until(20);
    let why = |name: &str| {
        let status = &harbour.pod(name).status;
        assert_eq!(status.phase.as_deref(), Some("Failed"));
        (status.reason.clone().unwrap_or_default(), status.message.clone().unwrap_or_default())
    };
    let text =
        "Pod was rejected: Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports";
    assert_eq!(why("second"), ("NodePorts".to_owned(), text.to_owned()));
    let text = "Pod was rejected: forbidden sysctl: \"kernel.msgmax\" not allowlisted";
    assert_eq!(why("kernel"), ("SysctlForbidden".to_owned(), text.to_owned()));
    assert!(harbour.pod("first").is_ready());
}

#[test]
fn a_secret_for_the_registry_that_is_not_there_is_named() {
    let pod = with(&one("web", "image: 'nginx:1.27'"), "imagePullSecrets: [{name: a}, {name: b}]");
    let secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\n".to_owned();
    let mut harbour = Harbour::with(&[secret, pod].join("---\n"));
    harbour.until(20);
    let text = "Unable to retrieve some image pull secrets (b); attempting to pull the image may not succeed.";
    assert_eq!(said(&harbour, "web", "FailedToRetrieveImagePullSecret")[0].0, text);
    assert!(harbour.pod("web").is_ready());
}

#[test]
fn a_node_tells_what_its_runtime_can_do() {
    let harbour = Harbour::with("");
    let key = Key::new("", "node-1");
    let object = harbour.0.world().object(&node::KIND, &key).expect("the node");
    let status = object.get::<Node>().and_then(|node| node.status.clone()).expect("its status");
    assert_eq!(status.features.and_then(|features| features.supplemental_groups_policy), Some(true));
    let handlers = status.runtime_handlers.unwrap_or_default();
    assert!(handlers.iter().any(|handler| handler.name.as_deref() == Some("runc")));
}

#[test]
fn a_rule_starts_all_containers_of_a_pod_again_from_the_first_on() {
    let rule = "restartPolicy: Never, restartPolicyRules: [{action: RestartAllContainers, exitCodes: {operator: In, values: [42]}}]";
    let main = format!("image: 'busybox:1.36', command: [sh, -c, 'sleep 5; exit 42'], {rule}");
    let inits = "initContainers:\n  - {name: i, image: 'busybox:1.36', command: [sh, -c, 'sleep 2']}";
    let pod = with(&with(&one("all", &main), inits), "restartPolicy: Never")
        + "  - {name: d, image: 'busybox:1.36', command: [sleep, '3600']}\n";
    let mut harbour = Harbour::with(&pod);
    harbour.until(9);
    let restarting = |harbour: &Harbour| harbour.pod("all").condition("AllContainersRestarting").cloned();
    assert_eq!(restarting(&harbour).map(|one| one.status).as_deref(), Some("False"));
    harbour.until(18);
    let status = harbour.pod("all").status.clone();
    let all = status.init_container_statuses.iter().chain(&status.container_statuses).flatten();
    for one in all {
        let last = one.last_state.as_ref().and_then(|state| state.terminated.clone()).expect("it was removed");
        assert_eq!((one.restart_count, last.exit_code), (1, 137), "{}", one.name);
        assert_eq!(last.reason.as_deref(), Some("RestartingAllContainers"));
    }
    assert_eq!(harbour.starts("all").len(), 6, "each of three twice");
    assert_eq!(said(&harbour, "all", "Killing"), [("killing".to_owned(), 1)]);
    assert_eq!(harbour.pod("all").condition("Initialized").map(|one| one.status.as_str()), Some("True"));
}

#[test]
fn a_projected_volume_names_all_that_it_lacks_at_once() {
    let sources = "[{configMap: {name: a}}, {secret: {name: b}}]";
    let pod = one("p", "image: 'nginx:1.27', volumeMounts: [{name: v, mountPath: /v}]")
        + &format!("  volumes: [{{name: v, projected: {{sources: {sources}}}}}]\n");
    let mut harbour = Harbour::with(&pod);
    harbour.until(5);
    let text = "MountVolume.SetUp failed for volume \"v\" : [configmap \"a\" not found, secret \"b\" not found]";
    let said = said(&harbour, "p", "FailedMount");
    assert!(said.len() == 1 && said[0].0 == text, "{said:?}");
}

#[test]
fn a_pod_whose_deletion_etcd_left_half_done_is_deleted_by_its_kubelet() {
    let refused = "apiVersion: v1\nkind: Pod\nmetadata: {name: stray}\nspec:\n  nodeName: node-1\n  nodeSelector: {of: nobody}\n  \
                   containers:\n  - {name: c, image: 'nginx:1.27'}\n";
    let mut harbour = Harbour::with(refused);
    harbour.until(10);
    assert_eq!(harbour.pod("stray").phase(), "Failed");
    delete(&mut harbour, "stray");
    // What has ended needs no grace: it is marked, and then deleted in a second write. Between the two etcd stops.
    let mut now = Time::from_secs(10);
    while !harbour.object("stray").expect("still there").is_terminating() {
        now = now + Duration::from_micros(100);
        harbour.0.run_until(now);
    }
    let etcd = |on| Input::Fault { fault: "stop".into(), of: "etcd-0".into(), on };
    harbour.input(etcd(true));
    harbour.until(30);
    harbour.input(etcd(false));
    harbour.until(31);
    assert!(harbour.object("stray").is_some_and(Object::is_terminating));
    harbour.until(120);
    assert!(harbour.object("stray").is_none());
}

#[test]
fn what_the_runtime_had_not_answered_when_it_died_is_asked_again() {
    let mut harbour = Harbour::with(&one("web", "image: 'nginx:1.27'"));
    harbour.until(30);
    let node = harbour.pod("web").node().expect("bound").to_owned();
    delete(&mut harbour, "web");
    // Told to end, not ended yet.
    until_fact(&mut harbour, 30, |fact| matches!(fact, Fact::PodStopping { .. }));
    let crash = |of: String| Input::Fault { fault: "crash".into(), of, on: true };
    harbour.input(crash(format!("containerd/{node}")));
    assert!(harbour.ends("web").is_empty());
    harbour.until(60);
    assert!(harbour.object("web").is_none());
    assert_eq!(harbour.ends("web").len(), 1);
    // A container that was being made when the runtime died is made again, and runs once.
    apply(&mut harbour, &one("again", "image: 'nginx:1.27'"));
    until_fact(&mut harbour, 60, |fact| matches!(fact, Fact::SandboxReady { pod, .. } if &*pod.key.name == "again"));
    let node = harbour.pod("again").node().expect("bound").to_owned();
    harbour.input(crash(format!("containerd/{node}")));
    harbour.until(120);
    assert!(harbour.pod("again").is_ready());
    assert_eq!((harbour.starts("again").len(), harbour.ends("again").len()), (1, 0));
}
