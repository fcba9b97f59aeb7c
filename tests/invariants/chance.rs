//! Random work of all kinds, and random faults that are repaired after a while.

use crate::watch::Watch;
use bottle::cluster::controllers::CONTROLLERS;
use bottle::cluster::input::{Input, Name};
use bottle::sim::Duration;
use bottle::sim::rng::Rng;

/// A throw of the dice: what somebody does, and how it is undone after a while.
pub type Deed = (Input, Vec<(Duration, Input)>);

fn pick<'a, T>(rng: &mut Rng, of: &'a [T]) -> &'a T {
    &of[usize::try_from(rng.below(of.len() as u64)).expect("small")]
}

fn word<'a, S: AsRef<str>>(rng: &mut Rng, of: &'a [S]) -> &'a str {
    pick(rng, of).as_ref()
}

fn some(rng: &mut Rng, least: u64, most: u64) -> u64 {
    least + rng.below(most - least + 1)
}

fn apply(text: String) -> Input {
    Input::Apply { text, dry_run: false, create_namespaces: true }
}

fn name(kind: &str, name: &str) -> Name {
    let api_version = match kind {
        "Pod" | "Namespace" => "v1",
        "Job" | "CronJob" => "batch/v1",
        _ => "apps/v1",
    };
    let namespace = if kind == "Namespace" { "" } else { "default" };
    Name { api_version: api_version.into(), kind: kind.into(), namespace: namespace.into(), name: name.into() }
}

const WORKLOADS: [(&str, &str); 6] = [
    ("Deployment", "web-0"),
    ("Deployment", "web-1"),
    ("Deployment", "web-2"),
    ("StatefulSet", "db-0"),
    ("StatefulSet", "db-1"),
    ("DaemonSet", "agent"),
];

const IMAGES: [&str; 4] = ["nginx:1.27", "nginx:1.28", "redis:7", "httpd:2.4"];

/// Something that runs until it is told to end. Without any grace it would be gone from the API at once, wherever it runs.
fn server(rng: &mut Rng, app: &str) -> String {
    let ready = if rng.chance(300) { some(rng, 1, 12) } else { 0 };
    format!(
        "selector: {{matchLabels: {{app: {app}}}}}\n  minReadySeconds: {ready}\n  template:\n    metadata: {{labels: {{app: {app}}}}}\n    \
         spec:\n      terminationGracePeriodSeconds: {}\n      containers:\n      - name: c\n        image: {}\n        \
         resources: {{requests: {{cpu: {}m, memory: 32Mi}}}}\n",
        some(rng, 1, 12),
        word(rng, &IMAGES),
        some(rng, 10, 60),
    )
}

fn service(app: &str) -> String {
    format!(
        "---\napiVersion: v1\nkind: Service\nmetadata: {{name: {app}}}\nspec: {{selector: {{app: {app}}}, ports: [{{port: 80}}]}}\n"
    )
}

fn guard(app: &str, least: u64) -> String {
    format!(
        "---\napiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {{name: {app}}}\nspec:\n  minAvailable: {least}\n  selector: \
         {{matchLabels: {{app: {app}}}}}\n"
    )
}

fn workload(rng: &mut Rng, kind: &str, app: &str, calm: bool) -> String {
    let head = format!("apiVersion: apps/v1\nkind: {kind}\nmetadata: {{name: {app}}}\nspec:\n  ");
    let body = server(rng, app);
    match kind {
        "Deployment" => {
            let strategies = [
                "{type: Recreate}",
                "{}",
                "{rollingUpdate: {maxSurge: 0, maxUnavailable: 1}}",
                "{rollingUpdate: {maxSurge: 2, maxUnavailable: 0}}",
                "{rollingUpdate: {maxSurge: 50%, maxUnavailable: 50%}}",
            ];
            let (strategy, replicas) = (pick(rng, &strategies), some(rng, 2, 7));
            let rest = format!("{}{}", service(app), guard(app, some(rng, 1, replicas - 1)));
            format!("{head}replicas: {replicas}\n  strategy: {strategy}\n  {body}{rest}")
        }
        "StatefulSet" => {
            let policy = if app == "db-0" { "OrderedReady" } else { "Parallel" };
            let replicas = some(rng, 2, 4);
            format!(
                "{head}replicas: {replicas}\n  podManagementPolicy: {policy}\n  serviceName: {app}\n  {body}{}{}",
                service(app),
                guard(app, 1),
            )
        }
        _ => {
            // With a surge the controller makes a new pod for each that a ship short of disk refuses, without end and
            // without waiting, as upstream: only where nothing breaks.
            let strategies = ["maxUnavailable: 1", "maxUnavailable: 2", "maxSurge: 1, maxUnavailable: 0"];
            let strategy = word(rng, &strategies[..if calm { 3 } else { 2 }]);
            format!("{head}updateStrategy: {{rollingUpdate: {{{strategy}}}}}\n  {body}")
        }
    }
}

fn work(rng: &mut Rng, spec: &str) -> String {
    format!(
        "{spec}backoffLimit: 1000, template: {{spec: {{restartPolicy: Never, terminationGracePeriodSeconds: 3, containers: [{{name: c, \
         image: 'busybox:1.36', command: [sleep, '{}']}}]}}}}}}",
        some(rng, 3, 40)
    )
}

fn job(rng: &mut Rng) -> String {
    let mode = if rng.chance(500) { "Indexed" } else { "NonIndexed" };
    let (name, many, wide) = (rng.below(4), some(rng, 1, 6), some(rng, 1, 3));
    let spec = format!("{{completions: {many}, parallelism: {wide}, completionMode: {mode}, ");
    format!("apiVersion: batch/v1\nkind: Job\nmetadata: {{name: work-{name}}}\nspec: {}\n", work(rng, &spec))
}

fn cron_job(rng: &mut Rng) -> String {
    let policy = pick(rng, &["Forbid", "Forbid", "Replace", "Allow"]);
    format!(
        "apiVersion: batch/v1\nkind: CronJob\nmetadata: {{name: tide}}\nspec: {{schedule: '*/2 * * * *', concurrencyPolicy: {policy}, \
         jobTemplate: {{spec: {}}}}}\n",
        work(rng, "{")
    )
}

/// What is there from the beginning.
pub fn beginning(rng: &mut Rng, calm: bool) -> Vec<Input> {
    let mut all: Vec<String> = WORKLOADS.iter().map(|(kind, app)| workload(rng, kind, app, calm)).collect();
    all.retain(|_| rng.chance(700));
    all.push(job(rng));
    all.push(cron_job(rng));
    all.into_iter().map(apply).collect()
}

/// What people do on a working day.
pub fn deed(rng: &mut Rng, watch: &Watch, workers: usize) -> Deed {
    let (kind, app) = *pick(rng, &WORKLOADS);
    let object = name(kind, app);
    let input = match rng.below(22) {
        0..=4 => apply(workload(rng, kind, app, watch.known.calm)),
        5..=7 if kind != "DaemonSet" => Input::Scale { object, replicas: i32::try_from(rng.below(8)).expect("small") },
        5..=10 => Input::SetImage { object, container: "c".into(), image: word(rng, &IMAGES).into() },
        11..=12 => Input::Restart { object },
        13 => Input::Undo { object, revision: 0 },
        14 => Input::Delete { object },
        15 => {
            let namespace = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web-0, namespace: cove}\nspec:\n  replicas: 3\n  ";
            let end = Input::Delete { object: name("Namespace", "cove") };
            let text = format!("{namespace}{}", server(rng, "cove"));
            return (apply(text), vec![(Duration::from_secs(some(rng, 1, 60)), end)]);
        }
        16 => Input::Delete { object: name("Job", &format!("work-{}", rng.below(4))) },
        17 => apply(cron_job(rng)),
        19 => {
            let node = format!("node-{}", some(rng, 1, workers as u64));
            let back = Input::Cordon { node: node.clone(), on: false };
            return (Input::Drain { node }, vec![(Duration::from_secs(some(rng, 2, 120)), back)]);
        }
        18 => match a_pod(rng, watch) {
            Some(pod) => Input::Delete { object: name("Pod", &pod) },
            None => apply(job(rng)),
        },
        _ => apply(job(rng)),
    };
    (input, Vec::new())
}

fn a_pod(rng: &mut Rng, watch: &Watch) -> Option<String> {
    let pods: Vec<_> = watch.known.all("Pod").filter(|pod| pod.object.namespace() == "default").collect();
    (!pods.is_empty()).then(|| pick(rng, &pods).object.name().to_owned())
}

/// What breaks, and its repair.
pub fn fault(rng: &mut Rng, watch: &Watch, workers: usize) -> Deed {
    let node = format!("node-{}", some(rng, 1, workers as u64));
    let length = Duration::from_secs(if rng.chance(150) { some(rng, 200, 420) } else { some(rng, 2, 90) });
    let fault = |fault: &str, of: &str| {
        let put = |on| Input::Fault { fault: fault.into(), of: of.into(), on };
        (put(true), vec![(length, put(false))])
    };
    let agents = [format!("kubelet/{node}"), format!("containerd/{node}")];
    let plane = ["etcd-0", "kube-apiserver", "kube-scheduler", "kube-controller-manager"].map(str::to_owned);
    let processes: Vec<String> = plane.iter().chain(&agents).cloned().collect();
    let callers = [&plane[1..], &agents[..1]].concat();
    match rng.below(16) {
        0 => {
            let put = |stop| Input::Kubelet { node: node.clone(), stop };
            (put(true), vec![(length, put(false))])
        }
        1 => {
            let put = |cut| Input::Network { node: node.clone(), cut };
            (put(true), vec![(length, put(false))])
        }
        2 | 3 => fault("memory", &node),
        4 => fault("power", &node),
        5 => fault("disk", &node),
        6 => fault("clock", &node),
        7 | 8 => fault("crash", word(rng, &processes)),
        9 => fault("stop", word(rng, &processes)),
        10 => fault("slow", word(rng, &callers)),
        11 => fault("cut", word(rng, &callers)),
        12 => fault("certificate", word(rng, &callers[1..])),
        13 => fault("controller", pick(rng, CONTROLLERS).name),
        14 => fault(word(rng, &["image", "registry"]), word(rng, &["docker.io", "nginx:1.28", "redis:7"])),
        _ => {
            let pod = a_pod(rng, watch).unwrap_or_default();
            (Input::Crash { namespace: "default".into(), pod, container: String::new() }, Vec::new())
        }
    }
}

/// The moment of the next thing.
pub fn gap(rng: &mut Rng) -> Duration {
    Duration::from_millis(some(rng, 100, 30_000))
}

/// A second scheduler that wants to lead as well.
pub fn second_scheduler() -> Input {
    Input::Scheduler { name: "second-scheduler".into(), config: String::new() }
}
