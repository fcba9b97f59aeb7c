//! What a whole cluster costs: thousands of pods of all kinds of workloads, a rollout, the loss of ships, and rest.

use super::{apply, cpu_time, deployments, millis, peak_memory, ready_pods};
use crate::api::kinds::deployment;
use crate::cluster::boot::{Scenario, boot};
use crate::cluster::input::{Input, Name};
use crate::cluster::{History, World};
use crate::sim::{Duration, Simulation};
use k8s_openapi::api::apps::v1::Deployment;
use serde_json::{Map, Value, json};
use std::fmt::Write;

/// What `bottle bench --workloads` is asked to do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct WorkloadsBench {
    /// Workers.
    pub nodes: usize,
    /// Pods in all.
    pub pods: usize,
    /// Prints JSON.
    pub json: bool,
}

/// A stage that is not over after so much simulated time has failed.
const LIMIT: Duration = Duration::from_mins(30);
/// One in so many pods is rolled, one in so many nodes is lost.
const ROLLED: usize = 5;
const LOST: usize = 10;
/// Lost nodes are believed lost after 50 s, tainted one in 10 s, and their pods tolerate that for 300 s.
const LOSS: Duration = Duration::from_secs(350);
const LOSS_OF_EACH: Duration = Duration::from_secs(10);
/// How often the stages are run.
const RUNS: usize = 3;
/// How long rest is measured, and with how many nodes and pods.
const REST: Duration = Duration::from_mins(5);
const RESTING: (usize, usize) = (100, 1000);

/// What a stage cost.
struct Cost {
    stage: &'static str,
    simulated: f64,
    cpu: f64,
    events: u64,
}

/// Runs the stages at a quarter of the size and at the whole one: what a doubled size costs is taken from both doublings,
/// and of each the cheapest of some runs counts, because a single one says more of the machine's moods. `slope` is of CPU
/// time, `event_slope` of events: what there is more to do. `Ok(false)` if a stage did not come to its end.
///
/// # Errors
/// A sentence, when the server refuses a workload.
pub fn workloads(options: &WorkloadsBench) -> Result<bool, String> {
    let (quarter, quarter_ended, _) = cheapest(options.nodes / 4, options.pods / 4)?;
    let (whole, ended, hash) = cheapest(options.nodes, options.pods)?;
    let mut report = Map::new();
    report.insert("nodes".to_owned(), options.nodes.into());
    report.insert("pods".to_owned(), options.pods.into());
    for (whole, quarter) in whole.iter().zip(&quarter) {
        let mut put = |what: &str, value: Value| report.insert(format!("{}_{what}", whole.stage), value);
        put("simulated_seconds", whole.simulated.into());
        put("cpu_seconds", rounded(whole.cpu));
        put("events", whole.events.into());
        put("slope", rounded((whole.cpu / quarter.cpu).log2() / 2.0));
        put("event_slope", rounded((count(whole.events) / count(quarter.events)).log2() / 2.0));
    }
    report.insert("idle_cpu_ms_per_simulated_second".to_owned(), rounded(rest()?));
    report.insert("peak_memory_bytes".to_owned(), peak_memory().into());
    report.insert("state_hash".to_owned(), hash.into());
    if options.json {
        println!("{}", Value::Object(report));
    } else {
        for (name, value) in report {
            println!("{name:<34} {value}");
        }
    }
    Ok(quarter_ended && ended)
}

fn rounded(number: f64) -> Value {
    json!((number * 1000.0).round() / 1000.0)
}

fn count(number: u64) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}

/// The same stages [`RUNS`] times, each with the least that it cost.
fn cheapest(nodes: usize, pods: usize) -> Result<(Vec<Cost>, bool, String), String> {
    let (mut costs, ended, hash) = stages(nodes, pods)?;
    for _ in 1..RUNS {
        for (least, again) in costs.iter_mut().zip(stages(nodes, pods)?.0) {
            least.cpu = least.cpu.min(again.cpu);
        }
    }
    Ok((costs, ended, hash))
}

/// Up, rollout and loss: what each cost, whether all came to their ends, and the state's hash.
fn stages(nodes: usize, pods: usize) -> Result<(Vec<Cost>, bool, String), String> {
    let mut history = boot(&Scenario::named("three-ships")?.with_workers(nodes), 42);
    let mut ended = true;
    let mut costs = Vec::new();
    let text = manifest(nodes, pods);
    costs.push(stage("steady", &mut history, |history| {
        let verdict = apply(history, text, false, false);
        if let Some(message) = verdict.refused.first() {
            return Err(message.clone());
        }
        // The DaemonSet's pod on the control plane's node is one more.
        ended &= until(history, |world| ready_pods(world) > pods);
        Ok(())
    })?);
    costs.push(stage("rollout", &mut history, |history| {
        for number in 1..=pods.div_ceil(ROLLED * 100) {
            let object = Name {
                api_version: "apps/v1".to_owned(),
                kind: "Deployment".to_owned(),
                namespace: "default".to_owned(),
                name: format!("web-{number}"),
            };
            history.input(Input::SetImage { object, container: "web".to_owned(), image: "nginx:1.28".to_owned() });
        }
        ended &= until(history, rolled);
        Ok(())
    })?);
    costs.push(stage("loss", &mut history, |history| {
        for number in 1..=nodes / LOST {
            history.input(Input::Network { node: format!("node-{number}"), cut: true });
        }
        let lost = u64::try_from(nodes / LOST).unwrap_or_default();
        let long = LOSS + Duration::from_secs(LOSS_OF_EACH.as_secs() * lost);
        history.run_until(history.world().now() + long);
        ended &= until(history, rolled);
        Ok(())
    })?);
    Ok((costs, ended, format!("{:016x}", history.world().hash())))
}

fn stage(
    stage: &'static str,
    history: &mut History,
    run: impl FnOnce(&mut History) -> Result<(), String>,
) -> Result<Cost, String> {
    let (from, events, before) = (history.world().now(), history.world().handled(), cpu_time());
    run(history)?;
    let cpu = cpu_time().saturating_sub(before).as_secs_f64();
    let simulated = (millis(history.world().now()) - millis(from)) / 1000.0;
    Ok(Cost { stage, simulated, cpu, events: history.world().handled() - events })
}

/// Runs until something is so, looking after every second: what was just asked for is not done yet. Whether it came to be.
fn until(history: &mut History, done: impl Fn(&World) -> bool) -> bool {
    let limit = history.world().now() + LIMIT;
    while history.world().now() < limit {
        history.run_until(history.world().now() + Duration::from_secs(1));
        if done(history.world()) {
            return true;
        }
    }
    false
}

/// Milliseconds of the processor that a second of a cluster costs in which nothing happens.
fn rest() -> Result<f64, String> {
    let mut history = boot(&Scenario::named("three-ships")?.with_workers(RESTING.0), 42);
    apply(&mut history, deployments(RESTING.1), false, false);
    until(&mut history, |world| ready_pods(world) >= RESTING.1);
    history.run_until(history.world().now() + REST);
    let (from, before) = (history.world().now(), cpu_time());
    history.run_until(from + REST);
    Ok(cpu_time().saturating_sub(before).as_secs_f64() * 1000.0 / REST.as_secs_f64())
}

/// Whether every Deployment has as many pods of its present template as it wants, all available.
fn rolled(world: &World) -> bool {
    world.objects(&deployment::KIND).filter_map(|object| object.get::<Deployment>()).all(|it| {
        let wanted = it.spec.as_ref().and_then(|spec| spec.replicas);
        let seen = it.status.as_ref().filter(|status| status.observed_generation == it.metadata.generation);
        seen.is_some_and(|status| {
            [status.replicas, status.updated_replicas, status.available_replicas].iter().all(|count| *count == wanted)
        })
    })
}

/// Half of the pods in Deployments, a fifth in StatefulSets, one on each node, the rest in Jobs and in Jobs of CronJobs.
fn manifest(nodes: usize, pods: usize) -> String {
    let mut text = deployments(pods / 2);
    let spec = |image: &str, command: &str| {
        format!(
            "spec:\n      containers:\n      - name: c\n        image: {image}\n{command}        \
             resources: {{requests: {{cpu: 10m, memory: 16Mi}}}}\n"
        )
    };
    let (server, sleeper) = (spec("redis:7", ""), spec("busybox:1.36", "        command: [sleep, '1000000']\n"));
    for (number, replicas) in parts(pods / 5) {
        let _ = write!(
            text,
            "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {{name: db-{number}}}\nspec:\n  replicas: {replicas}\n  \
             podManagementPolicy: Parallel\n  serviceName: db\n  selector: {{matchLabels: {{app: db-{number}}}}}\n  \
             template:\n    metadata: {{labels: {{app: db-{number}}}}}\n    {server}---\n"
        );
    }
    let _ = write!(
        text,
        "apiVersion: apps/v1\nkind: DaemonSet\nmetadata: {{name: agent}}\nspec:\n  selector: {{matchLabels: {{app: agent}}}}\n  \
         template:\n    metadata: {{labels: {{app: agent}}}}\n    {}      tolerations: [{{operator: Exists}}]\n---\n",
        spec("redis:7", "")
    );
    let rest = pods.saturating_sub(pods / 2 + pods / 5 + nodes);
    for (number, pods) in parts(rest / 2) {
        let _ = write!(
            text,
            "apiVersion: batch/v1\nkind: Job\nmetadata: {{name: work-{number}}}\nspec:\n  parallelism: {pods}\n  \
             completions: {pods}\n  template:\n    {sleeper}      restartPolicy: Never\n---\n"
        );
    }
    let job = sleeper.replace('\n', "\n    ");
    for (number, pods) in parts(rest - rest / 2) {
        let _ = write!(
            text,
            "apiVersion: batch/v1\nkind: CronJob\nmetadata: {{name: tide-{number}}}\nspec:\n  schedule: '* * * * *'\n  \
             concurrencyPolicy: Forbid\n  jobTemplate:\n    spec:\n      parallelism: {pods}\n      completions: {pods}\n      \
             template:\n        {}          restartPolicy: Never\n---\n",
            job.trim_end_matches(' ')
        );
    }
    text
}

/// A number in parts of fifty, each with its own number.
fn parts(whole: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..whole.div_ceil(50)).map(move |number| (number, (whole - number * 50).min(50)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_stages_come_to_their_ends() {
        let (costs, ended, _) = stages(10, 100).expect("stages");
        assert!(ended, "a stage did not end");
        assert_eq!(costs.iter().map(|cost| cost.stage).collect::<Vec<_>>(), ["steady", "rollout", "loss"]);
        assert!(costs.iter().all(|cost| cost.events > 0));
    }
}
