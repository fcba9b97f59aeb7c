//! The engine without a window: what the native command does.

pub mod api;
pub mod scheduling;
pub mod workloads;

use crate::api::kinds;
use crate::api::manifest;
use crate::api::object::Object;
use crate::cluster::boot::{Scenario, boot};
use crate::cluster::fact::Fact;
use crate::cluster::input::Input;
use crate::cluster::{History, World};
use crate::sim::{Duration, Simulation, Time};
use k8s_openapi::api::core::v1::Event;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// What `bottle run` is asked to do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Run {
    /// Name of the scenario.
    pub scenario: String,
    /// So many workers instead of the scenario's own.
    pub nodes: Option<usize>,
    /// The seed.
    pub seed: u64,
    /// A `KubeSchedulerConfiguration` for the scheduler.
    pub scheduler_config: Option<PathBuf>,
    /// Manifests and folders of manifests.
    pub files: Vec<PathBuf>,
    /// Store nothing.
    pub dry_run: bool,
    /// Create the namespaces that the manifests name.
    pub create_namespaces: bool,
    /// How long to run.
    pub length: Duration,
    /// What to print.
    pub output: Output,
}

/// What `bottle bench` is asked to do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Bench {
    /// Workers.
    pub nodes: usize,
    /// Pods in all.
    pub pods: usize,
    /// Prints JSON.
    pub json: bool,
}

/// What `bottle run` prints.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Output {
    /// Counts.
    Summary,
    /// A List of all objects.
    Json,
    /// The same as YAML.
    Yaml,
}

impl FromStr for Output {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "summary" => Ok(Self::Summary),
            "json" => Ok(Self::Json),
            "yaml" => Ok(Self::Yaml),
            other => Err(format!("unknown output \"{other}\": use summary, json or yaml")),
        }
    }
}

/// What became of one manifest.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Verdict {
    /// kubectl's lines for what was accepted.
    pub lines: Vec<String>,
    /// The server's messages for what was refused.
    pub refused: Vec<String>,
}

/// Runs the engine. `Ok(false)` when something was refused.
///
/// # Errors
/// A sentence, when a file cannot be read or there is no such scenario.
pub fn run(options: &Run) -> Result<bool, String> {
    let mut scenario = Scenario::named(&options.scenario)?;
    if let Some(nodes) = options.nodes {
        scenario = scenario.with_workers(nodes);
    }
    let mut history = boot(&scenario, options.seed);
    if let Some(file) = &options.scheduler_config {
        let config = std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
        World::check_scheduler_configuration(&config).map_err(|why| format!("{}: {why}", file.display()))?;
        history.input(Input::Scheduler { name: String::new(), config });
    }
    let mut accepted = true;
    for file in files(&options.files)? {
        let text = std::fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
        let verdict = apply(&mut history, text, options.dry_run, options.create_namespaces);
        for message in verdict.refused {
            accepted = false;
            eprintln!("{}: {message}", file.display());
        }
    }
    if !options.dry_run {
        history.run_until(Time::ZERO + options.length);
    }
    print(history.world(), options.output);
    Ok(accepted)
}

/// Applies one manifest and runs until the server has answered for all of it.
pub fn apply(history: &mut History, text: String, dry_run: bool, create_namespaces: bool) -> Verdict {
    let before = history.trace().head();
    history.input(Input::Apply { text, dry_run, create_namespaces });
    while !history.world().is_answered() && history.next_at().is_some() {
        history.step();
    }
    let mut verdict = Verdict { lines: Vec::new(), refused: Vec::new() };
    for record in history.trace().range(before, history.trace().head()) {
        if let Fact::Answer { lines, refused, .. } = &record.fact {
            verdict.lines.extend(lines.iter().map(ToString::to_string));
            verdict.refused.extend(refused.iter().map(|(_, status)| status.message.clone()));
        }
    }
    verdict
}

/// The manifests that the paths name, folders searched through, in order.
fn files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, String> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            folder(path, &mut files).map_err(|error| format!("{}: {error}", path.display()))?;
        } else {
            files.push(path.clone());
        }
    }
    Ok(files)
}

fn folder(path: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    let mut entries: Vec<PathBuf> =
        std::fs::read_dir(path)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>()?;
    entries.sort();
    for entry in entries {
        if entry.is_dir() {
            folder(&entry, files)?;
        } else if entry.extension().is_some_and(|ext| ["yaml", "yml", "json"].iter().any(|known| ext == *known)) {
            files.push(entry);
        }
    }
    Ok(())
}

fn print(world: &World, output: Output) {
    let hash = world.hash();
    match output {
        Output::Summary => print!("{}", summary(world)),
        Output::Json | Output::Yaml => {
            let items: Vec<Value> =
                kinds::KINDS.iter().flat_map(|kind| world.objects(kind)).map(Object::to_value).collect();
            let list = json!({"apiVersion": "v1", "kind": "List", "items": items, "metadata": {"resourceVersion": ""}});
            if output == Output::Json {
                println!("{list:#}");
            } else {
                print!("{}", manifest::write(&list));
            }
            eprintln!("{hash:016x}");
        }
    }
}

/// Kinds, pods by phase, events by reason, and the hash.
#[must_use]
pub fn summary(world: &World) -> String {
    let mut text = String::new();
    let view = world.view();
    let mut line = |head: &str, counts: &BTreeMap<String, usize>| {
        let counts: Vec<String> = counts.iter().map(|(name, count)| format!("{name} {count}")).collect();
        let _ = writeln!(text, "{head}: {}", counts.join(", "));
    };
    line("objects", &view.objects.iter().map(|(kind, count)| ((*kind).to_owned(), *count)).collect());
    let mut phases = BTreeMap::new();
    let mut ready = 0;
    for pod in view.nodes.iter().flat_map(|node| &node.pods).chain(&view.pending) {
        *phases.entry(pod.phase.to_string()).or_insert(0) += 1;
        ready += usize::from(pod.ready);
    }
    phases.insert("(ready)".to_owned(), ready);
    line("pods", &phases);
    let mut reasons = BTreeMap::new();
    for object in world.objects(&kinds::event::KIND) {
        if let Some(event) = object.get::<Event>() {
            let count = usize::try_from(event.count.unwrap_or(1)).unwrap_or(1);
            *reasons.entry(event.reason.clone().unwrap_or_default()).or_insert(0) += count;
        }
    }
    line("events", &reasons);
    let _ = writeln!(
        text,
        "time: {:.3} s, revision {}, hash {:016x}",
        millis(world.now()) / 1000.0,
        view.revision,
        world.hash()
    );
    text
}

#[allow(clippy::cast_precision_loss, reason = "milliseconds of a run are far below 2^52")]
fn millis(time: Time) -> f64 {
    time.as_millis() as f64
}

/// How many pods one Deployment of the benchmark has.
const PODS_PER_DEPLOYMENT: usize = 100;
/// The benchmark gives up after so much simulated time.
const BENCH_LIMIT: Time = Time::from_secs(3600);

/// Applies Deployments of `pods` pods and reports what it cost until all were Ready. `Ok(false)` if they never were.
///
/// # Errors
/// A sentence, when the server refuses the Deployments.
pub fn bench(options: &Bench) -> Result<bool, String> {
    let scenario = Scenario::named("three-ships")?.with_workers(options.nodes);
    let mut history = boot(&scenario, 42);
    let events_before = history.world().handled();
    let before = cpu_time();
    let verdict = apply(&mut history, deployments(options.pods), false, false);
    if let Some(message) = verdict.refused.first() {
        return Err(message.clone());
    }
    let mut second = 0;
    let all_ready = loop {
        if ready_pods(history.world()) >= options.pods {
            break true;
        }
        if Time::from_secs(second) >= BENCH_LIMIT {
            break false;
        }
        second += 1;
        history.run_until(Time::from_secs(second));
    };
    let cpu = (cpu_time().saturating_sub(before)).as_secs_f64();
    let events = history.world().handled() - events_before;
    report(options, &history, cpu, events);
    Ok(all_ready)
}

#[allow(clippy::cast_precision_loss, reason = "counts of a benchmark are far below 2^52")]
fn report(options: &Bench, history: &History, cpu: f64, events: u64) {
    let report = json!({
        "nodes": options.nodes,
        "pods": options.pods,
        "simulated_seconds": millis(history.world().now()) / 1000.0,
        "cpu_seconds": (cpu * 1000.0).round() / 1000.0,
        "pods_per_cpu_second": (options.pods as f64 / cpu).round(),
        "events_per_cpu_second": (events as f64 / cpu).round(),
        "peak_memory_bytes": peak_memory(),
        "state_hash": format!("{:016x}", history.world().hash()),
    });
    if options.json {
        println!("{report}");
        return;
    }
    for (name, value) in report.as_object().into_iter().flatten() {
        println!("{name:<22} {value}");
    }
}

/// A manifest of Deployments with `pods` pods in all.
#[must_use]
pub fn deployments(pods: usize) -> String {
    let mut text = String::new();
    let mut left = pods;
    let mut number = 0;
    while left > 0 {
        let replicas = left.min(PODS_PER_DEPLOYMENT);
        left -= replicas;
        number += 1;
        let _ = write!(
            text,
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web-{number}}}\nspec:\n  replicas: {replicas}\n  \
             selector: {{matchLabels: {{app: web-{number}}}}}\n  template:\n    metadata: {{labels: {{app: web-{number}}}}}\n    \
             spec:\n      containers:\n      - name: web\n        image: nginx:1.27\n        \
             resources: {{requests: {{cpu: 10m, memory: 16Mi}}}}\n---\n"
        );
    }
    text
}

fn ready_pods(world: &World) -> usize {
    let pods = world.objects(&kinds::pod::KIND).filter(|object| object.namespace() == "default");
    pods.filter(|object| object.get::<kinds::pod::Pod>().is_some_and(kinds::pod::Pod::is_ready)).count()
}

/// Time that this process has spent on a processor; zero where the system does not say.
fn cpu_time() -> Duration {
    let text = std::fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
    let nanos = text.split_whitespace().next().and_then(|first| first.parse().ok());
    Duration::from_nanos(nanos.unwrap_or(0))
}

/// The most memory that this process has held, in bytes; 0 where the system does not say.
fn peak_memory() -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib: Option<u64> = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok());
    kib.unwrap_or(0) * 1024
}
