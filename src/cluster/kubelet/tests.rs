//! What a kubelet does over time, in a whole world: real API server, scheduler and controllers.

mod anew;
mod upstream;

use crate::api::kinds::{self, pod::Pod};
use crate::api::{Key, Object};
use crate::cluster::History;
use crate::cluster::boot::{Scenario, boot};
use crate::cluster::fact::Fact;
use crate::cluster::input::{Input, Name};
use crate::sim::{Duration, Time};
use k8s_openapi::api::core::v1::{ContainerStatus, Event};

struct Harbour(History);

impl Harbour {
    fn with(manifest: &str) -> Self {
        let scenario = Scenario::named("three-ships").expect("the scenario exists");
        let mut harbour = Self(boot(&scenario, 7));
        harbour.input(Input::Apply { text: manifest.to_owned(), dry_run: false, create_namespaces: false });
        harbour
    }

    fn input(&mut self, input: Input) {
        self.0.input(input);
    }

    fn until(&mut self, seconds: i64) {
        self.0.run_until(Time::from_secs(seconds));
    }

    fn object(&self, name: &str) -> Option<&Object> {
        self.0.world().object(&kinds::pod::KIND, &Key::new("default", name))
    }

    fn pod(&self, name: &str) -> &Pod {
        self.object(name).and_then(|object| object.get::<Pod>()).expect("the pod exists")
    }

    fn container(&self, name: &str) -> &ContainerStatus {
        &self.pod(name).status.container_statuses.as_ref().expect("has statuses")[0]
    }

    /// Events about a pod: reason, message, count.
    fn events(&self, name: &str) -> Vec<(String, String, i32)> {
        let mut events: Vec<&Event> =
            self.0.world().objects(&kinds::event::KIND).filter_map(|object| object.get::<Event>()).collect();
        events.retain(|event| event.involved_object.name.as_deref() == Some(name));
        events.sort_by_key(|event| event.first_timestamp.as_ref().map(|time| time.0));
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        events.iter().map(|event| (text(&event.reason), text(&event.message), event.count.unwrap_or(1))).collect()
    }

    fn facts<T>(&self, pick: impl Fn(Time, &Fact) -> Option<T>) -> Vec<T> {
        let trace = self.0.trace();
        trace.range(0, trace.head()).filter_map(|record| pick(record.at, &record.fact)).collect()
    }

    /// When a pod's containers were started, in milliseconds.
    fn starts(&self, name: &str) -> Vec<i64> {
        self.facts(|at, fact| match fact {
            Fact::ContainerStarted { pod, .. } if &*pod.key.name == name => Some(at.as_millis()),
            _ => None,
        })
    }

    fn ends(&self, name: &str) -> Vec<(i64, i32)> {
        self.facts(|at, fact| match fact {
            Fact::ContainerExited { pod, code, .. } if &*pod.key.name == name => Some((at.as_millis(), *code)),
            _ => None,
        })
    }
}

fn one(name: &str, container: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}}}\nspec:\n  containers:\n  - {{name: c, {container}}}\n"
    )
}

fn reason(status: &ContainerStatus) -> &str {
    let waiting = status.state.as_ref().and_then(|state| state.waiting.as_ref());
    waiting.and_then(|waiting| waiting.reason.as_deref()).unwrap_or_default()
}

#[test]
fn a_pod_becomes_ready_and_says_so_field_for_field() {
    let mut harbour = Harbour::with(&one("web", "image: 'nginx:1.27', readinessProbe: {httpGet: {path: /, port: 80}}"));
    harbour.until(30);
    let pod = harbour.pod("web");
    assert_eq!((pod.phase(), pod.is_ready()), ("Running", true));
    let kinds: Vec<_> = pod.status.conditions.iter().flatten().map(|c| (c.type_.as_str(), c.status.as_str())).collect();
    let expected = ["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"];
    assert_eq!(kinds, expected.map(|kind| (kind, "True")));
    let status = harbour.container("web");
    assert_eq!(status.image, "docker.io/library/nginx:1.27");
    assert!(status.image_id.starts_with("docker.io/library/nginx@sha256:"));
    assert!(status.container_id.as_ref().is_some_and(|id| id.len() == "containerd://".len() + 64));
    let ip = pod.status.pod_ip.as_deref().unwrap_or_default();
    assert!(ip.starts_with("10.244."), "{ip}");
    let events = harbour.events("web");
    let reasons: Vec<&str> = events.iter().map(|(reason, ..)| reason.as_str()).collect();
    assert_eq!(reasons, ["Scheduled", "Pulling", "Pulled", "Created", "Started"]);
    assert!(events[2].1.starts_with("Successfully pulled image \"nginx:1.27\" in 2."), "{events:?}");
}

#[test]
fn a_crashing_container_is_started_at_once_then_after_10_20_40_seconds() {
    let mut harbour = Harbour::with(&one("crash", "image: 'busybox:1.36', command: [sh, -c, 'sleep 1; exit 3']"));
    harbour.until(200);
    let (starts, ends) = (harbour.starts("crash"), harbour.ends("crash"));
    assert!(starts.len() >= 5 && ends.iter().all(|(_, code)| *code == 3));
    let waits: Vec<i64> = starts[1..].iter().zip(&ends).map(|(start, (end, _))| (start - end) / 1000).collect();
    // The first restart waits for the next look only; then the waits double, and each may be half as long again.
    for (wait, (least, most)) in waits.iter().zip([(0, 2), (10, 17), (20, 32), (40, 62)]) {
        assert!((least..=most).contains(wait), "{waits:?}");
    }
    let status = harbour.container("crash");
    assert_eq!(reason(status), "CrashLoopBackOff");
    assert!(status.restart_count >= 4);
    let last = status.last_state.as_ref().and_then(|state| state.terminated.as_ref()).expect("it has ended");
    assert_eq!((last.exit_code, last.reason.as_deref()), (3, Some("Error")));
    let text = "Back-off restarting failed container c in pod crash_default(";
    assert!(
        harbour.events("crash").iter().any(|(reason, message, _)| reason == "BackOff" && message.starts_with(text))
    );
}

#[test]
fn an_image_that_does_not_exist_is_asked_for_with_growing_waits() {
    let mut harbour = Harbour::with(&one("nopull", "image: 'nginx:doesnotexist'"));
    let mut reasons = std::collections::BTreeSet::new();
    for second in 1..100 {
        harbour.until(second);
        reasons.insert(reason(harbour.container("nopull")).to_owned());
    }
    assert_eq!(reasons.into_iter().collect::<Vec<_>>(), ["ContainerCreating", "ErrImagePull", "ImagePullBackOff"]);
    let pulls = harbour.facts(|at, fact| match fact {
        Fact::Pulling { container, .. } if &**container == "c" => Some(at.as_secs()),
        _ => None,
    });
    let gaps: Vec<i64> = pulls.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(gaps[0] >= 10 && gaps[1] >= 20 && gaps[1] > gaps[0], "{gaps:?}");
    let events = harbour.events("nopull");
    let said = |reason: &str, start: &str| events.iter().any(|(r, m, _)| r == reason && m.starts_with(start));
    assert!(said(
        "Failed",
        "Failed to pull image \"nginx:doesnotexist\": rpc error: code = NotFound desc = failed to pull and unpack image"
    ));
    assert!(said("Failed", "Error: ErrImagePull") && said("Failed", "Error: ImagePullBackOff"));
    assert!(said("BackOff", "Back-off pulling image \"nginx:doesnotexist\""));
}

#[test]
fn a_failing_liveness_probe_restarts_and_a_failing_readiness_probe_does_not() {
    let live = "image: 'busybox:1.36', args: [/bin/sh, -c, 'touch /tmp/healthy; sleep 30; rm -f /tmp/healthy; sleep 600'], \
                livenessProbe: {exec: {command: [cat, /tmp/healthy]}, initialDelaySeconds: 5, periodSeconds: 5}";
    let unready = "image: 'registry.k8s.io/pause:3.10', readinessProbe: {tcpSocket: {port: 8080}, periodSeconds: 1}";
    let mut harbour = Harbour::with(&[one("live", live), one("unready", unready)].join("---\n"));
    harbour.until(40);
    assert_eq!((harbour.container("live").restart_count, harbour.container("live").ready), (0, true));
    harbour.until(100);
    assert_eq!((harbour.container("live").restart_count, harbour.container("live").ready), (1, true));
    // A shell with process number 1 does not hear SIGTERM.
    assert_eq!(harbour.ends("live").first().map(|(_, code)| *code), Some(137));
    let events = harbour.events("live");
    assert!(
        events.iter().any(|(r, m, _)| r == "Killing" && m == "Container c failed liveness probe, will be restarted")
    );
    assert!(
        events
            .iter()
            .any(|(r, m, n)| r == "Unhealthy" && m.starts_with("Liveness probe failed: cat: can't open") && *n == 3)
    );
    let status = harbour.container("unready");
    assert_eq!((status.ready, status.restart_count, status.started), (false, 0, Some(true)));
    let refused = |(r, m, _): &(String, String, i32)| {
        r == "Unhealthy" && m.starts_with("Readiness probe failed: dial tcp 10.244.")
    };
    assert!(harbour.events("unready").iter().any(refused));
}

#[test]
fn a_startup_probe_holds_the_others_back() {
    let slow = "image: 'busybox:1.36', command: [sh, -c, 'sleep 12; touch /tmp/up; sleep 900'], \
                startupProbe: {exec: {command: [cat, /tmp/up]}, periodSeconds: 5, failureThreshold: 6}, \
                livenessProbe: {exec: {command: [cat, /tmp/up]}, periodSeconds: 2, failureThreshold: 1}";
    let mut harbour = Harbour::with(&one("slow", slow));
    harbour.until(10);
    let status = harbour.container("slow");
    assert_eq!((status.started, status.ready, status.restart_count), (Some(false), false, 0));
    harbour.until(30);
    let status = harbour.container("slow");
    assert_eq!((status.started, status.ready, status.restart_count), (Some(true), true, 0));
}

#[test]
fn init_containers_run_one_after_another_before_the_others() {
    let manifest = "apiVersion: v1\nkind: Pod\nmetadata: {name: init}\nspec:\n  initContainers:\n  \
                    - {name: a, image: 'busybox:1.36', command: [sleep, '4']}\n  \
                    - {name: b, image: 'busybox:1.36', command: [sleep, '3']}\n  \
                    containers:\n  - {name: c, image: 'registry.k8s.io/pause:3.10'}\n";
    let mut harbour = Harbour::with(manifest);
    harbour.until(4);
    let pod = harbour.pod("init");
    assert_eq!(pod.phase(), "Pending");
    let initialized = pod.condition("Initialized").expect("there is a condition");
    assert_eq!(initialized.message.as_deref(), Some("containers with incomplete status: [a b]"));
    assert_eq!(reason(harbour.container("init")), "PodInitializing");
    harbour.until(20);
    assert!(harbour.pod("init").is_ready());
    let starts = harbour.starts("init");
    assert!(starts[1] - starts[0] >= 4_000 && starts[2] - starts[1] >= 3_000, "{starts:?}");
}

#[test]
fn ending_a_pod_is_graceful_and_the_object_goes_last() {
    let polite = one("polite", "image: 'nginx:1.27'");
    let deaf = one("deaf", "image: 'busybox:1.36', command: [sleep, '3600']")
        .replace("spec:", "spec:\n  terminationGracePeriodSeconds: 7");
    let mut harbour = Harbour::with(&[polite, deaf].join("---\n"));
    harbour.until(30);
    for name in ["polite", "deaf"] {
        let object =
            Name { api_version: "v1".into(), kind: "Pod".into(), namespace: "default".into(), name: name.into() };
        harbour.input(Input::Delete { object });
    }
    harbour.until(34);
    assert!(harbour.object("polite").is_none());
    assert!(harbour.object("deaf").is_some_and(Object::is_terminating));
    harbour.until(40);
    assert!(harbour.object("deaf").is_none());
    assert_eq!(harbour.ends("polite").first().map(|(_, code)| *code), Some(0));
    let (at, code) = harbour.ends("deaf")[0];
    assert_eq!(code, 137);
    assert!((37_000..38_000).contains(&at), "{at}");
}

#[test]
fn a_kubelet_that_starts_again_finds_its_containers_running() {
    let mut harbour = Harbour::with(&one("web", "image: 'nginx:1.27'"));
    harbour.until(20);
    let before = harbour.container("web").clone();
    let node = harbour.pod("web").node().unwrap_or_default().to_owned();
    harbour.input(Input::Kubelet { node: node.clone(), stop: true });
    harbour.until(40);
    harbour.input(Input::Kubelet { node, stop: false });
    harbour.until(60);
    assert_eq!(harbour.container("web"), &before);
    assert_eq!(harbour.starts("web").len(), 1);
}

#[test]
fn pods_that_end_succeed_or_fail_as_their_policy_says() {
    let pod = |name: &str, policy: &str, code: u8| {
        one(name, &format!("image: 'busybox:1.36', command: [sh, -c, 'sleep 1; exit {code}']"))
            .replace("spec:", &format!("spec:\n  restartPolicy: {policy}"))
    };
    let mut harbour = Harbour::with(
        &[pod("done", "Never", 0), pod("broken", "Never", 2), pod("again", "OnFailure", 2)].join("---\n"),
    );
    harbour.until(30);
    assert_eq!(harbour.pod("done").phase(), "Succeeded");
    assert_eq!(harbour.pod("done").condition("Ready").and_then(|c| c.reason.clone()).as_deref(), Some("PodCompleted"));
    assert_eq!(harbour.pod("broken").phase(), "Failed");
    assert_eq!(harbour.pod("again").phase(), "Running");
    assert!(harbour.container("again").restart_count >= 1);
}

#[test]
fn what_a_pod_names_has_to_exist() {
    let env = one("env", "image: 'nginx:1.27', envFrom: [{configMapRef: {name: nope}}]");
    let volume = format!(
        "{}  volumes: [{{name: v, secret: {{secretName: gone}}}}]\n",
        one("volume", "image: 'nginx:1.27', volumeMounts: [{name: v, mountPath: /v}]")
    );
    let mut harbour = Harbour::with(&[env, volume].join("---\n"));
    harbour.until(30);
    let status = harbour.container("env");
    let message = status.state.as_ref().and_then(|state| state.waiting.as_ref()?.message.clone());
    assert_eq!(
        (reason(status), message.as_deref()),
        ("CreateContainerConfigError", Some("configmap \"nope\" not found"))
    );
    assert_eq!(reason(harbour.container("volume")), "ContainerCreating");
    let text = "MountVolume.SetUp failed for volume \"v\" : secret \"gone\" not found";
    assert!(
        harbour
            .events("volume")
            .iter()
            .any(|(reason, message, count)| reason == "FailedMount" && message == text && *count >= 4)
    );
    let there = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: nope}\ndata: {A: b}\n---\n\
                 apiVersion: v1\nkind: Secret\nmetadata: {name: gone}\nstringData: {a: b}\n";
    harbour.input(Input::Apply { text: there.to_owned(), dry_run: false, create_namespaces: false });
    harbour.until(90);
    assert!(harbour.pod("env").is_ready() && harbour.pod("volume").is_ready());
}

#[test]
fn a_node_without_room_refuses_what_names_it() {
    let manifest = one("big", "image: 'nginx:1.27', resources: {requests: {cpu: '64'}}")
        .replace("spec:", "spec:\n  nodeName: node-1");
    let mut harbour = Harbour::with(&manifest);
    harbour.until(10);
    let pod = harbour.pod("big");
    assert_eq!((pod.phase(), pod.status.reason.as_deref()), ("Failed", Some("OutOfcpu")));
    let text = "Pod was rejected: Node didn't have enough resource: cpu, requested: 64000, used: 0, capacity: 4000";
    assert_eq!(pod.status.message.as_deref(), Some(text));
}

#[test]
fn what_a_pod_held_is_free_when_the_api_calls_it_succeeded() {
    let ship = |name: &str, run: &str| {
        one(name, &format!("image: 'busybox:1.36', command: [sleep, '{run}'], resources: {{requests: {{cpu: '3'}}}}"))
            .replace("spec:", "spec:\n  nodeSelector: {kubernetes.io/hostname: node-1}\n  restartPolicy: Never")
    };
    let mut harbour = Harbour::with(&[ship("first", "5"), ship("second", "5"), ship("third", "600")].join("---\n"));
    harbour.until(60);
    assert_eq!(
        ["first", "second", "third"].map(|name| harbour.pod(name).phase()),
        ["Succeeded", "Succeeded", "Running"]
    );
}

#[test]
fn the_kubelet_asks_once_for_an_object_to_go() {
    let mut harbour = Harbour::with(&one("web", "image: 'nginx:1.27'"));
    harbour.until(20);
    let object = Name { api_version: "v1".into(), kind: "Pod".into(), namespace: "default".into(), name: "web".into() };
    harbour.input(Input::Delete { object });
    harbour.until(40);
    assert!(harbour.object("web").is_none());
    let deletions = harbour.facts(|_, fact| match fact {
        Fact::Requested { verb: crate::api::Verb::Delete, target, .. } if &*target.object.key.name == "web" => Some(()),
        _ => None,
    });
    assert_eq!(deletions.len(), 2, "the person's and the kubelet's");
}

#[test]
fn a_volume_that_nobody_mounts_holds_nobody_up_and_a_missing_key_is_named() {
    let unused =
        format!("{}  volumes: [{{name: v, configMap: {{name: nope}}}}]\n", one("unused", "image: 'nginx:1.27'"));
    let keyless = format!(
        "{}  volumes: [{{name: v, configMap: {{name: there, items: [{{key: b, path: b}}]}}}}]\n",
        one("keyless", "image: 'nginx:1.27', volumeMounts: [{name: v, mountPath: /v}]")
    );
    let map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: there}\ndata: {a: b}\n".to_owned();
    let mut harbour = Harbour::with(&[map, unused, keyless].join("---\n"));
    harbour.until(20);
    assert!(harbour.pod("unused").is_ready());
    let text = "MountVolume.SetUp failed for volume \"v\" : configmap references non-existent config key: b";
    assert!(harbour.events("keyless").iter().any(|(reason, message, _)| reason == "FailedMount" && message == text));
}

#[test]
fn hooks_run_and_tell_when_they_fail() {
    let manifest = one(
        "hooks",
        "image: 'busybox:1.36', command: [sleep, '3600'], lifecycle: {postStart: {exec: {command: ['false']}}}",
    );
    let mut harbour = Harbour::with(&manifest);
    harbour.until(60);
    assert!(harbour.events("hooks").iter().any(|(reason, ..)| reason == "FailedPostStartHook"));
}

#[test]
fn a_quiet_cluster_stays_quiet() {
    let mut harbour = Harbour::with(&one("web", "image: 'nginx:1.27', readinessProbe: {httpGet: {path: /, port: 80}}"));
    harbour.until(60);
    let revision = harbour.object("web").map(Object::revision);
    harbour.0.run_until(Time::ZERO + Duration::from_mins(10));
    assert_eq!(harbour.object("web").map(Object::revision), revision);
}

#[test]
fn what_is_unknown_is_a_service_and_its_commands_succeed() {
    let probe =
        "readinessProbe: {exec: {command: [/usr/bin/calico, health]}}, livenessProbe: {httpGet: {path: /x, port: 9}}";
    let mut harbour = Harbour::with(&one("hello", &format!("image: 'someone/hello:1.0', {probe}")));
    harbour.until(60);
    assert!(harbour.pod("hello").is_ready());
    assert_eq!(harbour.container("hello").restart_count, 0);
}
