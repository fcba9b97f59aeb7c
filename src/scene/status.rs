//! How a pod's state looks: from what the API says to the status language of crates.

use super::Truth;
use super::sprites::crate_::{Cargo, Status};
use crate::cluster::view::{ContainerLook, ContainerView, NodeView, PodView, Readiness};
use crate::sim::Time;

/// The sign for a pod on a node (`None`: not bound yet).
#[must_use]
pub fn of(pod: &PodView, node: Option<&NodeView>, (now, truth): (Time, Truth)) -> Status {
    let ended = matches!(&*pod.phase, "Succeeded" | "Failed");
    if is_dead(node, truth) && !ended {
        return Status::Failed;
    }
    if let Some(deadline) = pod.deadline {
        // Of the usual 30 s; longer graces begin full.
        return Status::Terminating((deadline.since(now).as_secs_f64() / 30.0).clamp(0.0, 1.0));
    }
    let lost = node.is_some_and(|node| node.readiness == Readiness::Unknown);
    if lost && truth == Truth::Believed && &*pod.phase == "Running" {
        return Status::Unknown;
    }
    match &*pod.phase {
        _ if &*pod.reason == "Evicted" => Status::Evicted,
        "Failed" => Status::Failed,
        "Succeeded" => Status::Succeeded,
        _ if fails(&pod.status) => Status::Failed,
        "Running" if pod.ready => Status::Ready,
        "Running" => Status::Running,
        _ if node.is_some() && (!pod.ip.is_empty() || begun(pod)) => Status::Creating(share(pod)),
        _ => Status::Pending,
    }
}

/// Whether what is really so is shown, and nothing runs on the node.
fn is_dead(node: Option<&NodeView>, truth: Truth) -> bool {
    truth == Truth::Actual && node.is_some_and(|node| node.dark)
}

/// Whether kubectl's STATUS column names a failure.
fn fails(status: &str) -> bool {
    ["Error", "BackOff", "ErrImage", "Err", "OOMKilled", "InvalidImageName", "OutOf"]
        .iter()
        .any(|word| status.trim_start_matches("Init:").contains(word))
}

fn begun(pod: &PodView) -> bool {
    let waits = |reason: &str| reason == "ContainerCreating" || reason == "PodInitializing";
    pod.containers.iter().any(|c| matches!(&c.state, ContainerLook::Waiting(reason) if waits(reason)))
}

/// How many of its containers stand, as a share.
fn share(pod: &PodView) -> f64 {
    let stands = |state: &ContainerLook| matches!(state, ContainerLook::Running | ContainerLook::Terminated(0, _));
    let standing = pod.containers.iter().filter(|container| stands(&container.state)).count();
    #[expect(clippy::cast_precision_loss, reason = "a few containers")]
    let (standing, all) = (standing as f64, pod.containers.len().max(1) as f64);
    // The sandbox is there, so something is.
    let sandbox = if pod.ip.is_empty() { 0.0 } else { 0.2 };
    sandbox + (1.0 - sandbox) * standing / all
}

/// A pod's crate.
#[must_use]
pub fn cargo(pod: &PodView, node: Option<&NodeView>, (now, truth): (Time, Truth)) -> Cargo {
    let main = pod.containers.iter().filter(|container| !container.init);
    let runs = |container: &&ContainerView| container.state == ContainerLook::Running && !is_dead(node, truth);
    let (running, containers) = (main.clone().filter(runs).count(), main.count());
    let (status, workload) = (of(pod, node, (now, truth)), pod.workload);
    Cargo { workload, status, containers, running, outdated: pod.outdated, moored: pod.mirror }
}

/// Two letters for a workload's name, different for each of those before it where that is possible.
#[must_use]
pub fn codes(names: &[&str]) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for name in names {
        // Names are ASCII, and the general function brings a table of all scripts.
        let letters = name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase());
        let letters: Vec<char> = letters.collect();
        let first = letters.first().copied().unwrap_or('X');
        let second = letters.iter().skip(1).copied().chain('0'..='9').map(|second| format!("{first}{second}"));
        let free = second.clone().find(|code| !found.contains(code));
        found.push(free.or_else(|| second.into_iter().next()).unwrap_or_default());
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scene::testing;

    #[test]
    fn the_sign_follows_what_the_api_says() {
        let node = NodeView { readiness: Readiness::Ready, ..NodeView::default() };
        let lost = NodeView::default();
        let at = |phase: &str, status: &str, ready: bool, node: Option<&NodeView>| {
            let pod = PodView { phase: phase.into(), status: status.into(), ready, ..testing::pod_view("a", None) };
            of(&pod, node, (Time::ZERO, Truth::Believed))
        };
        assert_eq!(at("Pending", "Pending", false, None), Status::Pending);
        assert_eq!(at("Running", "Running", true, Some(&node)), Status::Ready);
        assert_eq!(at("Running", "Running", false, Some(&node)), Status::Running);
        assert_eq!(at("Running", "Running", true, Some(&lost)), Status::Unknown);
        assert_eq!(at("Running", "CrashLoopBackOff", false, Some(&node)), Status::Failed);
        assert_eq!(at("Pending", "Init:ErrImagePull", false, Some(&node)), Status::Failed);
        assert_eq!(at("Succeeded", "Completed", false, Some(&node)), Status::Succeeded);
        let evicted = PodView { phase: "Failed".into(), reason: "Evicted".into(), ..testing::pod_view("a", None) };
        assert_eq!(of(&evicted, Some(&node), (Time::ZERO, Truth::Believed)), Status::Evicted);
        let ending = PodView { deadline: Some(Time::from_secs(15)), ..testing::pod_view("a", None) };
        assert_eq!(of(&ending, Some(&lost), (Time::ZERO, Truth::Believed)), Status::Terminating(0.5));
    }

    #[test]
    fn without_power_nothing_runs_whatever_the_api_says() {
        let dark = NodeView { readiness: Readiness::Ready, dark: true, ..NodeView::default() };
        let at = |phase: &str, truth| {
            let pod = PodView { phase: phase.into(), ready: true, ..testing::pod_view("a", None) };
            let cargo = cargo(&pod, Some(&dark), (Time::ZERO, truth));
            (cargo.status, cargo.running)
        };
        assert_eq!(at("Running", Truth::Believed), (Status::Ready, 1));
        assert_eq!(at("Running", Truth::Actual), (Status::Failed, 0));
        assert_eq!(at("Succeeded", Truth::Actual).0, Status::Succeeded);
    }

    #[test]
    fn codes_differ() {
        assert_eq!(codes(&["web", "website", "api", "w"]), ["WE", "WB", "AP", "W0"]);
    }
}
