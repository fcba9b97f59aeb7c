//! How fast the scheduler decides, natively.

use super::cpu_time;
use crate::bench::{Race, Workload};
use serde_json::json;

/// What `bottle bench --scheduler` is asked to do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SchedulerBench {
    /// Nodes.
    pub nodes: usize,
    /// Pods to be scheduled.
    pub pods: usize,
    /// What the pods ask for.
    pub workload: Workload,
    /// Prints JSON.
    pub json: bool,
}

/// Schedules all pods and reports what it cost. `Ok(false)` if some were not scheduled.
///
/// # Errors
/// Never; a measurement may say why it could not be made.
pub fn scheduler(options: &SchedulerBench) -> Result<bool, String> {
    let mut race = Race::new(options.workload, options.nodes, options.pods);
    let before = cpu_time();
    let decided = race.run(usize::MAX);
    let cpu = cpu_time().saturating_sub(before).as_secs_f64();
    report(options, decided, cpu);
    Ok(decided == options.pods)
}

#[allow(clippy::cast_precision_loss, reason = "counts of a benchmark are far below 2^52")]
fn report(options: &SchedulerBench, decided: usize, cpu: f64) {
    let report = json!({
        "workload": options.workload.name(),
        "nodes": options.nodes,
        "pods": options.pods,
        "decided": decided,
        "cpu_seconds": (cpu * 1000.0).round() / 1000.0,
        "pods_per_cpu_second": (decided as f64 / cpu).round(),
        "peak_memory_bytes": super::peak_memory(),
    });
    if options.json {
        println!("{report}");
        return;
    }
    for (name, value) in report.as_object().into_iter().flatten() {
        println!("{name:<22} {value}");
    }
}
