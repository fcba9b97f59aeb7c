//! A pod's life beyond the plain container: sidecars, rules for exit codes, logs, deadlines, gates, the node's network.

mod common;

use bottle::api::kinds::{event, job, pod};
use bottle::api::object::Key;
use bottle::cluster::History;
use bottle::cluster::fact::Fact;
use bottle::cluster::input::{Input, Name};
use bottle::sim::Duration;
use serde_json::Value;

fn apply(history: &mut History, text: &str) {
    history.input(Input::Apply { text: text.to_owned(), dry_run: false, create_namespaces: false });
}

fn run(history: &mut History, seconds: u64) {
    let to = history.world().view().t + Duration::from_secs(seconds);
    history.seek(to);
}

fn pods(history: &History) -> Vec<Value> {
    let all = history.world().objects(&pod::KIND).filter(|object| object.namespace() == "default");
    all.map(bottle::api::Object::to_value).collect()
}

fn status<'a>(pod: &'a Value, name: &str) -> &'a Value {
    let of = |list: &str| pod["status"][list].as_array().into_iter().flatten().find(|status| status["name"] == name);
    of("initContainerStatuses").or_else(|| of("containerStatuses")).unwrap_or(&Value::Null)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

const SIDECARS: &str = r#"
apiVersion: batch/v1
kind: Job
metadata: {name: cargo}
spec:
  template:
    spec:
      restartPolicy: Never
      terminationGracePeriodSeconds: 20
      initContainers:
      - name: first
        image: busybox
        restartPolicy: Always
        command: [sh, -c, "trap 'exit 0' TERM; sleep 4; touch /tmp/up; sleep 3600"]
        startupProbe: {periodSeconds: 1, failureThreshold: 30, exec: {command: [test, -f, /tmp/up]}}
      - {name: setup, image: busybox, command: [sleep, "1"]}
      - {name: second, image: busybox, restartPolicy: Always, command: [sh, -c, "trap 'sleep 2; exit 0' TERM; sleep 3600"]}
      containers:
      - {name: main, image: busybox, command: [sleep, "30"]}
"#;

#[test]
fn sidecars_start_in_order_hold_the_others_up_and_end_last_the_last_first() {
    let mut history = common::three_ships(1);
    apply(&mut history, SIDECARS);
    run(&mut history, 4);
    let waiting = pods(&history).remove(0);
    assert!(status(&waiting, "first")["state"]["running"].is_object(), "{waiting}");
    assert_eq!(status(&waiting, "first")["started"], false, "its startup probe has not succeeded");
    assert_eq!(status(&waiting, "setup")["state"]["waiting"]["reason"], "PodInitializing");
    run(&mut history, 16);
    let running = pods(&history).remove(0);
    for name in ["first", "second", "main"] {
        assert!(status(&running, name)["state"]["running"].is_object(), "{name}: {running}");
    }
    let started = |name: &str| text(&status(&running, name)["state"]["running"]["startedAt"]).to_owned();
    assert!(started("first") < started("second") && started("second") <= started("main"));
    let name = text(&running["metadata"]["name"]).to_owned();
    run(&mut history, 60);
    let ended = pods(&history).remove(0);
    assert_eq!(ended["status"]["phase"], "Succeeded", "{ended}");
    let finished = |name: &str| text(&status(&ended, name)["state"]["terminated"]["finishedAt"]).to_owned();
    assert!(finished("main") <= finished("second") && finished("second") <= finished("first"), "{ended}");
    let job = history.world().object(&job::KIND, &Key::new("default", "cargo")).expect("the job").to_value();
    assert_eq!(job["status"]["succeeded"], 1, "sidecars do not keep a Job from completing: {name}");
}

#[test]
fn a_sidecar_that_dies_is_started_again_and_ends_with_what_it_serves() {
    let mut history = common::three_ships(2);
    apply(&mut history, &SIDECARS.replace("\"30\"", "\"300\""));
    run(&mut history, 25);
    let name = text(&pods(&history)[0]["metadata"]["name"]).to_owned();
    crash(&mut history, &name, "second");
    run(&mut history, 20);
    let running = pods(&history).remove(0);
    assert_eq!(status(&running, "second")["restartCount"], 1, "{running}");
    assert!(["first", "second", "main"].iter().all(|name| status(&running, name)["state"]["running"].is_object()));
    crash(&mut history, &name, "main");
    run(&mut history, 20);
    let failed = pods(&history).into_iter().find(|pod| pod["metadata"]["name"] == name.as_str()).expect("the pod");
    assert_eq!(failed["status"]["phase"], "Failed", "its restart policy is Never, whatever its sidecars do");
    assert!(status(&failed, "first")["state"]["terminated"].is_object());
}

fn crash(history: &mut History, pod: &str, container: &str) {
    history.input(Input::Crash { namespace: "default".into(), pod: pod.into(), container: container.into() });
}

#[test]
fn rules_for_exit_codes_restart_what_its_pod_would_not() {
    let mut history = common::three_ships(3);
    let of = |name: &str, code: u8| {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}}}\nspec:\n  restartPolicy: Never\n  containers:\n  - name: c\n    image: \
             busybox\n    command: [sh, -c, 'sleep 2; exit {code}']\n    restartPolicy: Never\n    restartPolicyRules:\n    - action: \
             Restart\n      exitCodes: {{operator: In, values: [42]}}\n"
        )
    };
    apply(&mut history, &of("again", 42));
    apply(&mut history, &of("once", 7));
    run(&mut history, 40);
    let all = pods(&history);
    let restarts = |pod: &Value| status(pod, "c")["restartCount"].as_i64().unwrap_or(-1);
    assert!(restarts(&all[0]) > 0, "{}", all[0]);
    assert_eq!((all[1]["status"]["phase"].as_str(), restarts(&all[1])), (Some("Failed"), 0));
}

#[test]
fn logs_show_what_was_printed_and_those_of_the_incarnation_before() {
    let mut history = common::three_ships(4);
    let text = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers:\n  - name: c\n    image: busybox\n    command: [sh, -c, \
                'echo hello; echo hidden > /tmp/x; for i in 1 2; do echo line $i | cat; sleep 2; done; exit 1']\n  - {name: d, image: busybox, command: [sleep, \"999\"]}\n";
    apply(&mut history, text);
    run(&mut history, 3);
    let key = Key::new("default", "p");
    let lines = |history: &History, previous: bool| -> Vec<String> {
        let lines = history.world().logs(&key, "c", previous).expect("the container is there");
        lines.iter().map(|(_, line)| line.to_string()).collect()
    };
    let early = lines(&history, false);
    assert_eq!(early.first().map(String::as_str), Some("hello"));
    assert!(!early.iter().any(|line| line.contains("hidden")), "{early:?}");
    let error = |container: &str, previous: bool| history.world().logs(&key, container, previous).unwrap_err();
    assert_eq!(error("", false), "a container name must be specified for pod p, choose one of: [c d]");
    assert_eq!(error("x", false), "container x is not valid for pod p");
    assert_eq!(error("d", true), "previous terminated container \"d\" in pod \"p\" not found");
    assert!(history.world().logs(&Key::new("default", "none"), "", false).is_err());
    run(&mut history, 12);
    let previous = history.world().logs(&key, "c", true).expect("it has been restarted");
    let (first, last) = (previous.first().expect("a line").0, previous.last().expect("a line").0);
    assert!(previous.len() >= 2 && first < last, "{previous:?}");
}

#[test]
fn a_pod_of_the_nodes_network_has_the_nodes_address_and_a_deadline_ends_one() {
    let mut history = common::three_ships(5);
    apply(
        &mut history,
        "apiVersion: v1\nkind: Pod\nmetadata: {name: host}\nspec: {hostNetwork: true, containers: [{name: c, image: nginx}]}\n---\n\
         apiVersion: v1\nkind: Pod\nmetadata: {name: late}\nspec: {activeDeadlineSeconds: 10, terminationGracePeriodSeconds: 1, containers: \
         [{name: c, image: nginx}]}\n---\n\
         apiVersion: v1\nkind: Pod\nmetadata: {name: gated}\nspec: {readinessGates: [{conditionType: example.com/open}], containers: [{name: \
         c, image: nginx}]}\n",
    );
    run(&mut history, 30);
    let all = pods(&history);
    let of = |name: &str| all.iter().find(|pod| pod["metadata"]["name"] == name).expect("the pod");
    assert_eq!(of("host")["status"]["podIP"], of("host")["status"]["hostIP"]);
    assert_eq!(of("late")["status"]["phase"], "Failed");
    assert_eq!(of("late")["status"]["reason"], "DeadlineExceeded");
    let gated = of("gated")["status"]["conditions"].as_array().cloned().unwrap_or_default();
    let ready = gated.iter().find(|condition| condition["type"] == "Ready").expect("Ready");
    assert_eq!(ready["status"], "False");
    assert_eq!(ready["message"], "corresponding condition of pod readiness gate \"example.com/open\" does not exist.");
    let object =
        Name { api_version: "v1".into(), kind: "Pod".into(), namespace: "default".into(), name: "host".into() };
    history.input(Input::Delete { object });
    run(&mut history, 40);
    assert_eq!(pods(&history).len(), 2);
}

const STATIC: &str = "apiVersion: v1
kind: Pod
metadata: {name: web, labels: {app: web}}
spec: {containers: [{name: web, image: nginx:1.29}]}
";

fn place(history: &mut History, node: &str, text: &str) {
    history.input(Input::Manifest { node: node.to_owned(), name: "web.yaml".to_owned(), text: text.to_owned() });
}

fn delete(history: &mut History, namespace: &str, name: &str) {
    let object =
        Name { api_version: "v1".into(), kind: "Pod".into(), namespace: namespace.into(), name: name.to_owned() };
    history.input(Input::Delete { object });
}

#[test]
fn a_static_pod_runs_and_its_mirror_is_there_again_when_somebody_deletes_it() {
    let mut history = common::three_ships(1);
    place(&mut history, "node-1", STATIC);
    run(&mut history, 20);
    let pod = pods(&history).remove(0);
    let meta = &pod["metadata"];
    assert_eq!((text(&meta["name"]), text(&pod["spec"]["nodeName"])), ("web-node-1", "node-1"));
    assert_eq!(pod["status"]["phase"], "Running", "{pod}");
    let annotation = |pod: &Value, key: &str| {
        text(&pod["metadata"]["annotations"][format!("kubernetes.io/config.{key}")]).to_owned()
    };
    assert_eq!(annotation(&pod, "source"), "file");
    assert_eq!(annotation(&pod, "mirror"), annotation(&pod, "hash"));
    assert_eq!(annotation(&pod, "hash").len(), 32);
    assert!(annotation(&pod, "seen").starts_with("2026-01-05T09:00:0"), "{meta}");
    let owner = &meta["ownerReferences"][0];
    assert_eq!(
        (text(&owner["kind"]), text(&owner["name"]), &owner["controller"]),
        ("Node", "node-1", &Value::Bool(true))
    );
    let container = text(&status(&pod, "web")["containerID"]).to_owned();

    delete(&mut history, "default", "web-node-1");
    run(&mut history, 3);
    let again = pods(&history).remove(0);
    assert_ne!(again["metadata"]["uid"], meta["uid"], "another object");
    assert_eq!(text(&status(&again, "web")["containerID"]), container, "nothing has happened to what runs");
    assert_eq!(again["status"]["phase"], "Running");

    // A new content is another pod, which begins when the first has ended.
    place(&mut history, "node-1", &STATIC.replace("1.29", "1.28"));
    run(&mut history, 20);
    let other = pods(&history).remove(0);
    assert_eq!(pods(&history).len(), 1);
    assert_ne!(annotation(&other, "hash"), annotation(&again, "hash"));
    assert_eq!(other["spec"]["containers"][0]["image"], "nginx:1.28");
    assert_eq!(other["status"]["phase"], "Running", "{other}");

    // A broken file ends its pod when all files are read again; a removed one at once.
    place(&mut history, "node-1", "kind: Pod\nspec: [");
    run(&mut history, 25);
    assert!(pods(&history).is_empty(), "{:?}", pods(&history));
    place(&mut history, "node-1", STATIC);
    run(&mut history, 10);
    assert_eq!(pods(&history)[0]["status"]["phase"], "Running");
    place(&mut history, "node-1", "");
    run(&mut history, 5);
    assert!(pods(&history).is_empty(), "{:?}", pods(&history));
}

#[test]
fn a_static_pod_needs_no_api_server_survives_its_kubelet_and_names_nothing_of_the_api() {
    let mut history = common::three_ships(1);
    let fault = |of: &str, on: bool| Input::Fault { fault: "stop".into(), of: of.into(), on };
    history.input(fault("kube-apiserver", true));
    place(&mut history, "node-1", STATIC);
    run(&mut history, 20);
    let started = |history: &History| {
        let trace = history.trace();
        let started =
            |fact: &Fact| matches!(fact, Fact::ContainerStarted { pod, .. } if &*pod.key.name == "web-node-1");
        trace.range(0, trace.head()).filter(|record| started(&record.fact)).count()
    };
    assert_eq!(started(&history), 1, "it runs without anybody to tell");
    history.input(fault("kube-apiserver", false));
    run(&mut history, 60);
    assert_eq!(pods(&history)[0]["status"]["phase"], "Running", "{:?}", pods(&history));
    history.input(Input::Kubelet { node: "node-1".into(), stop: true });
    run(&mut history, 5);
    history.input(Input::Kubelet { node: "node-1".into(), stop: false });
    run(&mut history, 30);
    assert_eq!(started(&history), 1, "its container ran on");
    assert_eq!(pods(&history)[0]["status"]["phase"], "Running");
    let reads = |history: &History| -> Vec<String> {
        let trace = history.trace();
        let error = |fact: &Fact| match fact {
            Fact::ManifestRead { error, .. } => Some(error.to_string()),
            _ => None,
        };
        trace.range(0, trace.head()).filter_map(|record| error(&record.fact)).collect()
    };
    place(&mut history, "node-1", &STATIC.replace("image: nginx:1.29", "image: a, envFrom: [{secretRef: {name: s}}]"));
    run(&mut history, 1);
    assert_eq!(reads(&history), ["", "static pods may not reference secrets"]);
}

#[test]
fn the_control_plane_is_made_of_static_pods_of_its_node() {
    let mut history = common::three_ships(1);
    let of_plane = |history: &History| -> Vec<Value> {
        let all = history.world().objects(&pod::KIND).map(bottle::api::Object::to_value);
        all.filter(|pod| pod["metadata"]["labels"]["tier"] == "control-plane").collect()
    };
    let before = of_plane(&history);
    let names: Vec<&str> = before.iter().map(|pod| text(&pod["metadata"]["name"])).collect();
    let parts = ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"];
    assert_eq!(names, parts.map(|part| format!("{part}-control-plane")));
    for pod in &before {
        assert_eq!(pod["metadata"]["ownerReferences"][0]["name"], "control-plane");
        assert_eq!(pod["status"]["conditions"][2]["status"], "True", "{pod}");
        assert_eq!(pod["spec"]["priority"], 2_000_001_000);
    }
    delete(&mut history, "kube-system", "etcd-control-plane");
    run(&mut history, 5);
    let after = of_plane(&history);
    assert_eq!(after.len(), 4);
    assert_eq!(after[0]["status"]["containerStatuses"], before[0]["status"]["containerStatuses"]);
}

#[test]
fn an_ephemeral_container_is_started_once_and_says_nothing_about_its_pod() {
    let mut history = common::three_ships(1);
    apply(
        &mut history,
        "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: [{name: web, image: nginx}]}\n",
    );
    run(&mut history, 20);
    let debug = |name: &str, pod: (&str, &str), command: &str| Input::Debug {
        object: Name { api_version: "v1".into(), kind: "Pod".into(), namespace: pod.0.into(), name: pod.1.to_owned() },
        name: name.to_owned(),
        image: "busybox".into(),
        container: "web".into(),
        text: command.to_owned(),
    };
    history.input(debug("look", ("default", "web"), "sleep 30"));
    run(&mut history, 10);
    let pod = pods(&history).remove(0);
    let seen = &pod["status"]["ephemeralContainerStatuses"][0];
    assert!(seen["state"]["running"].is_object(), "{pod}");
    assert_eq!((&seen["ready"], &seen["restartCount"]), (&Value::Bool(false), &Value::from(0)));
    assert_eq!(pod["metadata"]["generation"], 2);
    run(&mut history, 60);
    let pod = pods(&history).remove(0);
    let seen = &pod["status"]["ephemeralContainerStatuses"][0];
    assert_eq!(seen["state"]["terminated"]["exitCode"], 0, "it is not started again: {pod}");
    assert_eq!(pod["status"]["phase"], "Running");
    assert_eq!(pod["status"]["conditions"][2]["status"], "True");
    let events: Vec<Value> = history.world().objects(&event::KIND).map(bottle::api::Object::to_value).collect();
    let of_it = |event: &&Value| text(&event["involvedObject"]["fieldPath"]) == "spec.ephemeralContainers{look}";
    let reasons: Vec<&str> = events.iter().filter(of_it).map(|event| text(&event["reason"])).collect();
    assert!(reasons.contains(&"Started") && reasons.contains(&"Created"), "{reasons:?}");

    let refused = |history: &mut History, input: Input| -> String {
        let before = history.trace().head();
        history.input(input);
        run(history, 2);
        let trace = history.trace();
        let message = |fact: &Fact| match fact {
            Fact::Answer { refused, .. } => refused.first().map(|(_, status)| status.message.clone()),
            _ => None,
        };
        trace.range(before, trace.head()).find_map(|record| message(&record.fact)).unwrap_or_default()
    };
    let changed = refused(&mut history, debug("look", ("default", "web"), "sleep 31"));
    assert!(changed.contains("existing ephemeral containers \"look\" may not be changed"), "{changed}");
    let mut other = debug("b", ("default", "web"), "");
    if let Input::Debug { container, .. } = &mut other {
        "no".clone_into(container);
    }
    let target = refused(&mut history, other);
    assert!(target.contains("spec.ephemeralContainers[0].targetContainerName: Not found: \"no\""), "{target}");
    assert_eq!(refused(&mut history, debug("second", ("default", "web"), "sleep 9")), "");
    run(&mut history, 6);
    let pod = pods(&history).remove(0);
    let seen = &pod["status"]["ephemeralContainerStatuses"];
    assert!(seen[0]["state"]["terminated"].is_object() && seen[1]["state"]["running"].is_object(), "{pod}");
    let fixed = refused(&mut history, debug("c", ("kube-system", "etcd-control-plane"), ""));
    assert!(fixed.contains("static pods do not support ephemeral containers"), "{fixed}");
}

/// What a container has printed, its lines joined.
fn printed(history: &History, pod: &str, container: &str) -> Vec<String> {
    let lines = history.world().logs(&Key::new("default", pod), container, false).expect("there is a log");
    lines.into_iter().map(|(_, line)| line.to_string()).collect()
}

const VOLUMES: &str = r#"
apiVersion: v1
kind: ConfigMap
metadata: {name: game}
data: {colour: blue, game.properties: "lives=3\n"}
---
apiVersion: v1
kind: Secret
metadata: {name: door}
stringData: {user: admin, password: "1f2d1e2e67df"}
---
apiVersion: v1
kind: Pod
metadata: {name: reader, labels: {app: reader, tier: back}}
spec:
  terminationGracePeriodSeconds: 1
  initContainers:
  - name: writer
    image: busybox
    command: [sh, -c, "echo made by the init container > /work/note; cat /etc/config/colour > /work/colour"]
    volumeMounts: [{name: work, mountPath: /work}, {name: config, mountPath: /etc/config}]
  containers:
  - name: main
    image: busybox
    command:
    - sh
    - -c
    - cat /work/note; cat /etc/labels/labels; ls /etc/all; cat /etc/all/who;
      cat /var/run/secrets/kubernetes.io/serviceaccount/namespace; hostname;
      while true; do cat /etc/config/colour; sleep 5; done
    readinessProbe: {exec: {command: [cat, /tmp/config/colour]}, periodSeconds: 1}
    livenessProbe: {exec: {command: [test, -f, /etc/config/game.properties]}, periodSeconds: 1, failureThreshold: 1}
    volumeMounts:
    - {name: work, mountPath: /work}
    - {name: config, mountPath: /etc/config}
    - {name: config, mountPath: /tmp/config/colour, subPath: colour}
    - {name: labels, mountPath: /etc/labels}
    - {name: all, mountPath: /etc/all}
  - name: beside
    image: busybox
    command: [sh, -c, "cat /one/colour; sleep 2; echo x > /one/x; touch /work/beside; sleep 3600"]
    volumeMounts:
    - {name: config, mountPath: /one/colour, subPath: colour}
    - {name: work, mountPath: /work}
  volumes:
  - {name: work, emptyDir: {}}
  - {name: config, configMap: {name: game}}
  - {name: labels, downwardAPI: {items: [{path: labels, fieldRef: {fieldPath: metadata.labels}}]}}
  - name: all
    projected:
      defaultMode: 0440
      sources:
      - {configMap: {name: game, items: [{key: colour, path: paint}]}}
      - {secret: {name: door, items: [{key: user, path: who}]}}
      - {configMap: {name: absent, optional: true}}
"#;

#[test]
fn containers_read_what_their_volumes_hold_and_see_it_change() {
    let mut history = common::three_ships(1);
    apply(&mut history, VOLUMES);
    run(&mut history, 30);
    let pod = pods(&history).pop().expect("the pod exists");
    let statuses = &pod["status"];
    assert!(status(&pod, "main")["ready"] == true, "{statuses}");
    let lines = printed(&history, "reader", "main");
    let wanted = [
        "made by the init container",
        "app=\"reader\"",
        "tier=\"back\"",
        "paint",
        "who",
        "admin",
        "default",
        "reader",
        "blue",
    ];
    assert_eq!(lines[..9], wanted);
    assert_eq!(printed(&history, "reader", "beside"), ["blue"]);

    // The map changes: what is mounted follows at the pod's next sync, what is mounted by its sub-path does not.
    let patch = r#"{"data": {"colour": "green"}}"#.to_owned();
    let object =
        Name { api_version: "v1".into(), kind: "ConfigMap".into(), namespace: "default".into(), name: "game".into() };
    let written = |history: &History| {
        let trace = history.trace();
        trace.range(0, trace.head()).filter(|record| matches!(record.fact, Fact::VolumeWritten { .. })).count()
    };
    history.input(Input::Patch { object: object.clone(), patch });
    let asked = history.world().view().t;
    let mut seconds = 0;
    while written(&history) == 0 {
        run(&mut history, 1);
        seconds += 1;
        assert!(seconds <= 91, "a sync comes every 60 to 90 seconds");
    }
    run(&mut history, 11);
    assert!(printed(&history, "reader", "main").last().is_some_and(|line| line.ends_with("green")));
    assert_eq!(written(&history), 2, "two volumes show the key");
    let pod = pods(&history).pop().expect("the pod exists");
    assert!(status(&pod, "main")["ready"] == true, "what is there by its sub-path is still there");

    // New labels are shown at once, and whoever relabels a pod brings its maps up to date as well.
    let before = written(&history);
    let patch = r#"{"metadata": {"labels": {"tier": "front"}}}"#.to_owned();
    history.input(Input::Patch { object: Name { kind: "Pod".into(), name: "reader".into(), ..object.clone() }, patch });
    run(&mut history, 1);
    assert_eq!(written(&history), before + 1, "after {asked:?}");

    // A key goes: the file goes, and the liveness probe that looks for it fails.
    history.input(Input::Patch { object, patch: r#"{"data": {"game.properties": null}}"#.to_owned() });
    run(&mut history, 100);
    let pod = pods(&history).pop().expect("the pod exists");
    assert!(status(&pod, "main")["restartCount"].as_i64() >= Some(1), "{}", status(&pod, "main"));
}

#[test]
fn what_a_host_path_must_be_is_checked_and_what_is_made_stays_on_the_machine() {
    let pod = |name: &str, kind: &str, script: &str| {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}}}\nspec:\n  nodeName: node-1\n  restartPolicy: Never\n  \
             containers:\n  - {{name: c, image: busybox, command: [sh, -c, '{script}'], volumeMounts: [{{name: v, mountPath: /v}}]}}\n  \
             volumes: [{{name: v, hostPath: {{path: /data/shop, type: {kind}}}}}]\n"
        )
    };
    let mut history = common::three_ships(1);
    apply(&mut history, &pod("first", "Directory", "true"));
    run(&mut history, 5);
    let why = "MountVolume.SetUp failed for volume \"v\" : hostPath type check failed: /data/shop is not a directory";
    let said = |history: &History| {
        let all: Vec<Value> = history.world().objects(&event::KIND).map(bottle::api::Object::to_value).collect();
        all.iter().any(|event| event["reason"] == "FailedMount" && event["message"] == why)
    };
    assert!(said(&history));
    apply(&mut history, &pod("second", "DirectoryOrCreate", "echo 1 > /v/count"));
    run(&mut history, 10);
    apply(&mut history, &pod("third", "Directory", "cat /v/count"));
    run(&mut history, 10);
    assert_eq!(printed(&history, "third", "c"), ["1"]);
}

const RESIZED: &str = "
apiVersion: v1
kind: Pod
metadata: {name: grow}
spec:
  nodeName: node-1
  terminationGracePeriodSeconds: 1
  containers:
  - name: c
    image: nginx
    resizePolicy: [{resourceName: cpu, restartPolicy: NotRequired}, {resourceName: memory, restartPolicy: RestartContainer}]
    resources: {requests: {cpu: 100m, memory: 64Mi}, limits: {cpu: 200m, memory: 128Mi}}
  - name: d
    image: 'mysql:8'
    env: [{name: MYSQL_ROOT_PASSWORD, value: x}]
    resources: {requests: {cpu: 100m, memory: 512Mi}, limits: {memory: 1Gi}}
";

fn resize(container: &str, resources: &str) -> Input {
    let object =
        Name { api_version: "v1".into(), kind: "Pod".into(), namespace: "default".into(), name: "grow".into() };
    Input::Resize { object, container: container.into(), patch: resources.into() }
}

fn events(history: &History, reason: &str) -> Vec<String> {
    let all = history.world().objects(&event::KIND).map(bottle::api::Object::to_value);
    all.filter(|event| event["reason"] == reason).map(|event| text(&event["message"]).to_owned()).collect()
}

fn condition<'a>(pod: &'a Value, kind: &str) -> Option<&'a Value> {
    pod["status"]["conditions"].as_array()?.iter().find(|condition| condition["type"] == kind)
}

#[test]
fn a_pod_that_runs_is_given_other_resources_as_its_policies_say() {
    let mut history = common::three_ships(1);
    apply(&mut history, RESIZED);
    run(&mut history, 60);
    let before = pods(&history).remove(0);
    assert_eq!(status(&before, "c")["allocatedResources"]["cpu"], "100m");

    // CPU: as it runs.
    history.input(resize("c", r#"{"requests": {"cpu": "150m"}, "limits": {"cpu": "400m"}}"#));
    run(&mut history, 4);
    let pod = pods(&history).remove(0);
    let seen = status(&pod, "c");
    assert_eq!((&seen["resources"]["limits"]["cpu"], &seen["restartCount"]), (&Value::from("400m"), &Value::from(0)));
    assert_eq!((&seen["allocatedResources"]["cpu"], &pod["metadata"]["generation"]), (&Value::from("150m"), &2.into()));
    assert!(condition(&pod, "PodResizeInProgress").is_none(), "{}", pod["status"]);
    let started = events(&history, "ResizeStarted").remove(0);
    let text = r#"Pod resize started: {"containers":[{"name":"c","resources":{"limits":{"cpu":"400m","memory":"128Mi"},"requests":{"cpu":"150m","memory":"64Mi"}}},"#;
    assert!(started.starts_with(text) && started.ends_with(r#"],"generation":2}"#), "{started}");
    assert_eq!(events(&history, "ResizeCompleted").len(), 1);

    // Memory: by starting the container again.
    history.input(resize("c", r#"{"limits": {"memory": "256Mi"}}"#));
    run(&mut history, 6);
    let pod = pods(&history).remove(0);
    let seen = status(&pod, "c");
    assert_eq!((&seen["resources"]["limits"]["memory"], &seen["restartCount"]), (&"256Mi".into(), &Value::from(1)));
    assert!(events(&history, "Killing").contains(&"Container c resize requires restart".to_owned()));
    assert_eq!(events(&history, "ResizeCompleted").len(), 2);

    // A limit below what is used fails, and what the container has stays.
    history.input(resize("d", r#"{"requests": {"memory": "64Mi"}, "limits": {"memory": "100Mi"}}"#));
    run(&mut history, 4);
    let pod = pods(&history).remove(0);
    let progress = condition(&pod, "PodResizeInProgress").expect("it is being carried out");
    assert_eq!(progress["reason"], "Error");
    let why = progress["message"].as_str().unwrap_or_default();
    assert!(why.contains("attempting to set container \"d\" memory limit (104857600) below current usage ("), "{why}");
    assert_eq!(status(&pod, "d")["resources"]["limits"]["memory"], "1Gi");
    history.input(resize("d", r#"{"requests": {"memory": "64Mi"}, "limits": {"memory": "1Gi"}}"#));
    run(&mut history, 4);
    assert!(condition(&pods(&history).remove(0), "PodResizeInProgress").is_none());
}

#[test]
fn what_a_node_does_not_have_now_comes_later_and_what_it_never_has_is_refused() {
    let mut history = common::three_ships(1);
    apply(&mut history, RESIZED);
    let other = RESIZED.replace("name: grow", "name: other").replace(
        "requests: {cpu: 100m, memory: 64Mi}, limits: {cpu: 200m, memory: 128Mi}",
        "requests: {cpu: 1, memory: 64Mi}",
    );
    apply(&mut history, &other);
    run(&mut history, 60);
    let node = |field: &str| -> i64 {
        let all: Vec<Value> =
            history.world().objects(&bottle::api::kinds::node::KIND).map(bottle::api::Object::to_value).collect();
        let node = all.into_iter().find(|node| node["metadata"]["name"] == "node-1").expect("there is one");
        text(&node["status"]["allocatable"][field]).parse().expect("a number of cores")
    };
    let cores = node("cpu");
    let asks = |milli: i64| {
        resize("c", &format!("{{\"requests\": {{\"cpu\": \"{milli}m\"}}, \"limits\": {{\"cpu\": \"{milli}m\"}}}}"))
    };
    let (far, much) = (asks(cores * 1000 + 1000), asks(cores * 1000 - 500));
    history.input(far);
    run(&mut history, 2);
    let refused = history.trace().range(0, history.trace().head()).find_map(|record| match &record.fact {
        Fact::Answer { refused, .. } => refused.first().map(|(_, status)| status.message.clone()),
        _ => None,
    });
    let why = refused.expect("the server refuses");
    let text = "pods \"grow\" is forbidden: node didn't have enough allocatable resources: cpu, requested: ";
    assert!(why.starts_with(text), "{why}");

    history.input(much);
    run(&mut history, 4);
    let grow =
        |history: &History| pods(history).into_iter().find(|pod| pod["metadata"]["name"] == "grow").expect("runs");
    let pod = grow(&history);
    let pending = condition(&pod, "PodResizePending").expect("it has to wait");
    assert_eq!(pending["reason"], "Deferred");
    let why = pending["message"].as_str().unwrap_or_default();
    assert!(why.starts_with("Node didn't have enough resource: cpu, requested: "), "{why}");
    assert_eq!(status(&pod, "c")["allocatedResources"]["cpu"], "100m");
    assert_eq!(events(&history, "ResizeDeferred").len(), 1);
    // Something ends: there is room.
    let object =
        Name { api_version: "v1".into(), kind: "Pod".into(), namespace: "default".into(), name: "other".into() };
    history.input(Input::Delete { object });
    run(&mut history, 8);
    let pod = grow(&history);
    assert!(condition(&pod, "PodResizePending").is_none(), "{}", pod["status"]);
    assert_eq!(status(&pod, "c")["allocatedResources"]["cpu"], format!("{}m", cores * 1000 - 500));
    assert_eq!(events(&history, "ResizeCompleted").len(), 1);
}

#[test]
fn a_process_of_the_control_plane_ends_and_begins_with_its_manifest_and_its_container() {
    const SCHEDULER: &str = include_str!("../assets/manifests/kube-scheduler.yaml");
    const SERVER: &str = include_str!("../assets/manifests/kube-apiserver.yaml");
    let mut history = common::three_ships(1);
    run(&mut history, 5);
    let node =
        history.world().view().nodes.iter().find(|node| node.control_plane).expect("there is one").name.to_string();
    let place = |history: &mut History, file: &str, text: &str| {
        history.input(Input::Manifest { node: node.clone(), name: file.into(), text: text.into() });
    };
    let stopped =
        |history: &History| -> Vec<String> { history.world().view().stopped.iter().map(ToString::to_string).collect() };
    let web = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: [{name: web, image: nginx}]}\n";
    place(&mut history, "kube-scheduler.yaml", "");
    run(&mut history, 3);
    assert_eq!(stopped(&history), ["kube-scheduler"]);
    apply(&mut history, web);
    run(&mut history, 20);
    assert!(pods(&history)[0]["spec"]["nodeName"].is_null(), "nobody schedules it");
    place(&mut history, "kube-scheduler.yaml", SCHEDULER);
    run(&mut history, 40);
    assert!(stopped(&history).is_empty());
    assert_eq!(pods(&history)[0]["status"]["phase"], "Running");

    // Without an API server nothing is stored; its kubelet starts it again from the file alone.
    place(&mut history, "kube-apiserver.yaml", "");
    run(&mut history, 3);
    assert_eq!(stopped(&history), ["kube-apiserver"]);
    place(&mut history, "kube-apiserver.yaml", SERVER);
    run(&mut history, 60);
    assert!(stopped(&history).is_empty());

    // A crash is one of its container.
    let mirror = |history: &History| {
        let all = history.world().objects(&pod::KIND).map(bottle::api::Object::to_value);
        let mut all = all.filter(|pod| text(&pod["metadata"]["name"]).starts_with("kube-scheduler-"));
        all.next().expect("the API shows it")
    };
    let before = status(&mirror(&history), "kube-scheduler")["restartCount"].as_i64().unwrap_or_default();
    history.input(Input::Fault { fault: "crash".into(), of: "kube-scheduler".into(), on: true });
    run(&mut history, 1);
    run(&mut history, 4);
    let pod = mirror(&history);
    let seen = status(&pod, "kube-scheduler");
    assert_eq!(seen["restartCount"].as_i64(), Some(before + 1), "{seen}");
    assert_eq!(seen["lastState"]["terminated"]["exitCode"], 2);
    assert!(stopped(&history).is_empty());
}

/// A pod on each of the three ships, whose containers three different programs make.
fn on_each(text: &str) -> Vec<Value> {
    let scenario = bottle::cluster::boot::Scenario::named("three-engines").expect("the scenario");
    let mut history = bottle::cluster::boot::boot(&scenario, 1);
    for number in 1..=3 {
        let pod = format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: p{number}}}\nspec: {{nodeName: node-{number}, containers: [{text}]}}\n"
        );
        apply(&mut history, &pod);
    }
    run(&mut history, 60);
    pods(&history)
}

#[test]
fn three_programs_make_containers_and_each_names_them_in_its_own_way() {
    let pods = on_each("{name: c, image: 'nginx:1.27'}");
    let shown: Vec<[&str; 3]> = pods
        .iter()
        .map(|pod| {
            let status = status(pod, "c");
            let scheme = |field: &str| text(&status[field]).split("sha256").next().unwrap_or_default();
            [
                text(&status["containerID"]).split("://").next().unwrap_or_default(),
                text(&status["image"]),
                scheme("imageID"),
            ]
        })
        .collect();
    assert_eq!(
        shown,
        [
            ["containerd", "docker.io/library/nginx:1.27", "docker.io/library/nginx@"],
            ["cri-o", "docker.io/library/nginx:1.27", "docker.io/library/nginx@"],
            ["docker", "nginx:1.27", "docker-pullable://nginx@"],
        ]
    );
}

#[test]
fn a_command_that_is_not_there_fails_in_each_programs_words() {
    let pods = on_each("{name: c, image: busybox, command: [nosuch-command]}");
    let waiting = |pod: &Value| status(pod, "c")["state"]["waiting"].clone();
    let last = |pod: &Value| status(pod, "c")["lastState"]["terminated"].clone();
    assert_eq!(last(&pods[0])["reason"], "StartError");
    assert_eq!(last(&pods[0])["exitCode"], 128);
    // CRI-O does not come so far as to have a container.
    assert_eq!(last(&pods[1]), Value::Null);
    assert_eq!(waiting(&pods[1])["reason"], "CreateContainerError");
    let text =
        "container create failed: executable file `nosuch-command` not found in $PATH: No such file or directory";
    assert_eq!(waiting(&pods[1])["message"], text);
    assert_eq!(last(&pods[2])["reason"], "ContainerCannotRun");
    assert_eq!(last(&pods[2])["exitCode"], 127);
    let message = last(&pods[2])["message"].clone();
    let end = "exec: \"nosuch-command\": executable file not found in $PATH: unknown";
    assert!(message.as_str().is_some_and(|message| message.ends_with(end)), "{message}");
}

#[test]
fn each_node_is_given_its_part_of_the_pod_network_and_its_pods_have_addresses_of_it() {
    let mut history = common::three_ships(1);
    apply(
        &mut history,
        "apiVersion: apps/v1\nkind: DaemonSet\nmetadata: {name: d}\nspec:\n  selector: {matchLabels: {a: d}}\n  template:\n    metadata: {labels: {a: d}}\n    spec: {containers: [{name: c, image: nginx}]}\n",
    );
    run(&mut history, 60);
    let world = history.world();
    let nodes: Vec<Value> = world.objects(&bottle::api::kinds::node::KIND).map(bottle::api::Object::to_value).collect();
    let mut parts: Vec<&str> = nodes.iter().map(|node| text(&node["spec"]["podCIDR"])).collect();
    assert!(nodes.iter().all(|node| node["spec"]["podCIDRs"][0] == node["spec"]["podCIDR"]));
    for pod in pods(&history) {
        let node = nodes.iter().find(|node| node["metadata"]["name"] == pod["spec"]["nodeName"]).expect("its node");
        let network = text(&node["spec"]["podCIDR"]).strip_suffix("0/24").expect("a part");
        assert!(text(&pod["status"]["podIP"]).starts_with(network), "{pod}");
    }
    assert_eq!(pods(&history).len(), 3);
    parts.sort_unstable();
    assert_eq!(parts, ["10.244.0.0/24", "10.244.1.0/24", "10.244.2.0/24", "10.244.3.0/24"]);
}
