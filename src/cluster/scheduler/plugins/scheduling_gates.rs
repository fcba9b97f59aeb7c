//! `SchedulingGates`: a pod with scheduling gates stays out of the queues until they are gone.
//! Upstream: `plugins/schedulinggates/scheduling_gates.go`.

use crate::cluster::scheduler::events::{Action, Interest, Of};
use crate::cluster::scheduler::framework::{Plugin, Refused, Verdict};
use crate::cluster::scheduler::pod::PodInfo;

/// The plugin.
#[derive(Debug)]
pub struct SchedulingGates;

impl Plugin for SchedulingGates {
    fn name(&self) -> &'static str {
        "SchedulingGates"
    }

    fn interests(&self) -> &'static [Interest] {
        const {
            &[Interest {
                of: Of::Pods,
                actions: Action::POD_GATES_ELIMINATED,
                hint: |pod, change| change.is_about(pod),
            }]
        }
    }

    fn pre_enqueue(&self, pod: &PodInfo) -> Verdict {
        let gates = pod.spec().scheduling_gates.as_deref().unwrap_or_default();
        if gates.is_empty() {
            return Ok(());
        }
        let names: Vec<_> = gates.iter().map(|gate| gate.name.as_str()).collect();
        let reason = format!("waiting for scheduling gates: [{}]", names.join(" "));
        Err(Refused { resolvable: false, reasons: vec![reason.into()] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::scheduler::testing::pod;
    use serde_json::json;

    #[test]
    fn all_gates_are_named() {
        let gated = pod(&json!({"containers": [], "schedulingGates": [{"name": "a"}, {"name": "b"}]}));
        let refused = SchedulingGates.pre_enqueue(&gated).expect_err("gated");
        assert_eq!(refused.reasons, ["waiting for scheduling gates: [a b]"]);
        assert!(SchedulingGates.pre_enqueue(&pod(&json!({"containers": []}))).is_ok());
    }
}
