//! How the containers of the recordings' kubelets end: `sim/exit-ms` after they began, with `sim/exit-code`.

use super::kubelets::{EXIT, RESTART, Ships, annotation};
use super::statuses::{self, terminated};
use crate::api::Object;
use crate::api::kinds::pod::Pod;
use crate::api::meta::timestamp;
use crate::cluster::Cx;
use crate::cluster::wire::{Event, Timer};
use crate::sim::Duration;
use k8s_openapi::api::core::v1::{ContainerState, ContainerStateRunning, ContainerStateWaiting};

/// First wait in `CrashLoopBackOff`, doubling up to five minutes.
const CRASH: u64 = 10;
const CRASH_MAX: u64 = 300;

/// The value for one pod: `a,b,c` by the order of its owner's pods, `0:x;1:y;*:z` by completion index.
fn choose<'a>(text: &'a str, object: &Object, ordinal: usize) -> &'a str {
    if text.contains(':') {
        let index = annotation(object, "batch.kubernetes.io/job-completion-index").unwrap_or("*");
        let mut rules = text.split(';').filter_map(|rule| rule.split_once(':'));
        let found = rules.clone().find(|(name, _)| *name == index).or_else(|| rules.find(|(name, _)| *name == "*"));
        return found.map_or("", |(_, value)| value);
    }
    let values: Vec<&str> = text.split(',').collect();
    values.get(ordinal.saturating_sub(1)).or(values.last()).copied().unwrap_or("")
}

impl Ships {
    fn chosen<'a>(&self, object: &'a Object, name: &str) -> Option<&'a str> {
        let placeholder = self.names.replaced.get(object.name()).map(String::as_str).unwrap_or_default();
        let digits = placeholder.rsplit("<p").next().unwrap_or_default().trim_end_matches('>');
        Some(choose(annotation(object, name)?, object, digits.parse().unwrap_or(1)))
    }

    /// A container has begun: when does it end?
    pub(super) fn expect_exit(&self, cx: &mut Cx, object: &Object) {
        let after = self.chosen(object, "sim/exit-ms").and_then(|text| text.parse().ok());
        if let Some(after) = after.map(Duration::from_millis) {
            cx.after(after, Event::Timer(Timer::keyed(EXIT, object.key().to_string(), 0)));
        }
    }

    fn exit_code(&self, object: &Object) -> i32 {
        self.chosen(object, "sim/exit-code").and_then(|text| text.parse().ok()).unwrap_or(0)
    }

    /// A container has ended: the pod too, or the container begins anew after a while.
    pub(super) fn exit(&mut self, cx: &mut Cx, object: &Object) {
        let code = self.exit_code(object);
        let Some(pod) = object.get::<Pod>().filter(|pod| !object.is_terminating() && !pod.is_terminal()) else {
            return;
        };
        let ends = match pod.spec.restart_policy.as_deref() {
            Some("Never") => true,
            Some("OnFailure") => code == 0,
            _ => false,
        };
        if ends {
            return self.finish(cx, object, code);
        }
        let restarts = pod.status.container_statuses.iter().flatten().map(|status| status.restart_count).max();
        let restarts = u32::try_from(restarts.unwrap_or(0)).unwrap_or(0);
        let wait = match restarts {
            0 => 1,
            n => (CRASH << (n - 1).min(5)).min(CRASH_MAX),
        };
        if restarts > 0 {
            self.patch(cx, object, |pod, now| {
                for status in pod.status.container_statuses.iter_mut().flatten() {
                    let waiting = ContainerStateWaiting { reason: Some("CrashLoopBackOff".into()), message: None };
                    let ended = terminated(status.state.as_ref(), code, now);
                    status.last_state = Some(ContainerState { terminated: Some(ended), ..ContainerState::default() });
                    status.state = Some(ContainerState { waiting: Some(waiting), ..ContainerState::default() });
                    (status.ready, status.started) = (false, Some(false));
                }
                statuses::set_ready(pod, false, now);
            });
        }
        cx.after(Duration::from_secs(wait), Event::Timer(Timer::keyed(RESTART, object.key().to_string(), 0)));
    }

    /// The container runs again.
    pub(super) fn restart(&mut self, cx: &mut Cx, object: &Object) {
        if object.is_terminating() {
            return;
        }
        let code = self.exit_code(object);
        self.patch(cx, object, |pod, now| {
            for status in pod.status.container_statuses.iter_mut().flatten() {
                if status.state.as_ref().is_some_and(|state| state.running.is_some()) {
                    let ended = terminated(status.state.as_ref(), code, now);
                    status.last_state = Some(ContainerState { terminated: Some(ended), ..ContainerState::default() });
                }
                let running = ContainerStateRunning { started_at: Some(timestamp(now)) };
                status.state = Some(ContainerState { running: Some(running), ..ContainerState::default() });
                status.restart_count += 1;
                (status.ready, status.started) = (true, Some(true));
            }
            statuses::set_ready(pod, true, now);
        });
        self.expect_exit(cx, object);
    }

    /// The pod ends with its container.
    pub(super) fn finish(&mut self, cx: &mut Cx, object: &Object, code: i32) {
        self.patch(cx, object, |pod, now| statuses::finish(pod, code, now));
    }
}
