//! Numbers at the limits of their types, wherever a manifest takes one: refused or obeyed, but nothing overflows (the
//! tests are built with checks for that).

mod common;

use bottle::headless::apply;
use bottle::sim::Time;

const SMALL: [i64; 4] = [-1, 0, 2_147_483_646, 2_147_483_647];
const LARGE: [i64; 5] = [i64::MIN, -1, 0, i64::MAX - 1, i64::MAX];
const AMOUNTS: [&str; 6] = ["9223372036854775807", "100E", "1e30", "-1", "7.9999999Ei", "1e-30"];

fn pod(spec: &str, container: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{generateName: p-}}\n\
         spec: {{{spec}containers: [{{name: c, image: nginx{container}}}]}}\n"
    )
}

fn deployment(spec: &str, container: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: d}}\nspec: {{{spec}selector: {{matchLabels: {{a: b}}}}, \
         template: {{metadata: {{labels: {{a: b}}}}, spec: {{containers: [{{name: c, image: nginx{container}}}]}}}}}}\n"
    )
}

/// Applied to a settled harbour one after the other, then 45 seconds pass; the picture's view is made too.
fn survives(manifests: &[String]) {
    let mut history = common::three_ships(1);
    for manifest in manifests {
        apply(&mut history, manifest.clone(), false, false);
    }
    history.run_until(Time::from_secs(45));
    assert!(history.world().view().nodes.len() >= 4);
}

#[test]
fn seconds() {
    let of = |n: i64| {
        vec![
            pod(&format!("terminationGracePeriodSeconds: {n}, "), ""),
            pod(&format!("activeDeadlineSeconds: {n}, "), ""),
            pod(&format!("tolerations: [{{operator: Exists, effect: NoExecute, tolerationSeconds: {n}}}], "), ""),
            pod("", &format!(", lifecycle: {{preStop: {{sleep: {{seconds: {n}}}}}}}")),
            pod("", &format!(", lifecycle: {{postStart: {{sleep: {{seconds: {n}}}}}}}")),
            pod("", &format!(", command: [sleep, '{n}']")),
            pod("", &format!(", command: [sh, -c, 'exit {n}']")),
        ]
    };
    survives(&LARGE.into_iter().flat_map(of).collect::<Vec<_>>());
}

#[test]
fn probes() {
    let fields = ["initialDelaySeconds", "periodSeconds", "timeoutSeconds", "failureThreshold", "successThreshold"];
    let of = |n: i64| {
        let probe = move |field| pod("", &format!(", livenessProbe: {{exec: {{command: ['false']}}, {field}: {n}}}"));
        fields.into_iter().map(probe)
    };
    survives(&SMALL.into_iter().flat_map(of).collect::<Vec<_>>());
}

#[test]
fn rollouts() {
    for field in ["replicas", "minReadySeconds", "progressDeadlineSeconds", "revisionHistoryLimit"] {
        for n in [-1, 0, 2_147_483_647] {
            survives(&[deployment(&format!("{field}: {n}, "), "")]);
        }
    }
    for n in SMALL {
        let bounds = format!("replicas: 3, strategy: {{rollingUpdate: {{maxSurge: {n}, maxUnavailable: {n}}}}}, ");
        survives(&[deployment("replicas: 3, ", ""), deployment(&bounds, ", env: [{name: A, value: b}]")]);
    }
}

#[test]
fn amounts() {
    for amount in AMOUNTS {
        let container =
            format!(", resources: {{requests: {{cpu: {amount}, memory: {amount}, ephemeral-storage: {amount}}}}}");
        let two = format!("{container}}}, {{name: d, image: nginx{container}");
        let overhead = format!("overhead: {{cpu: {amount}, memory: {amount}}}, ");
        let bound = pod("nodeName: node-1, ", &two);
        survives(&[pod("", &two), pod(&overhead, &container), bound.clone(), bound.clone(), bound]);
    }
}
