//! The sentences of what happens on a ship.

use super::object;
use crate::api::object::ObjectRef;
use crate::cluster::fact::{Fact, ProbeKind};
use crate::i18n::{Arg, Language, text};

/// What happens on a ship.
pub fn ship_sentence(fact: &Fact, language: Language) -> Option<String> {
    let say = |key: &str, args: &[(&str, Arg)]| Some(text(language, key, args));
    let on = |node: &str, pod: &ObjectRef| [("node", Arg::from(node)), ("object", Arg::from(object(pod, language)))];
    let with = |node: &str, pod: &ObjectRef, more: (&'static str, Arg)| {
        let [node, pod] = on(node, pod);
        [node, pod, more]
    };
    match fact {
        Fact::PodAccepted { node, pod } => say("caption-accepted", &on(node, pod)),
        Fact::PodRefused { node, pod, reason } => {
            say("caption-pod-refused", &with(node, pod, ("reason", (&**reason).into())))
        }
        Fact::SandboxReady { node, pod, ip } => say("caption-sandbox", &with(node, pod, ("ip", (&**ip).into()))),
        Fact::Pulling { node, pod, image, .. } => {
            say("caption-pulling", &with(node, pod, ("image", (&**image).into())))
        }
        Fact::Pulled { node, pod, image, cached, .. } => {
            let key = if *cached { "caption-pulled-cached" } else { "caption-pulled" };
            say(key, &with(node, pod, ("image", (&**image).into())))
        }
        Fact::PullFailed { node, pod, image, .. } => {
            say("caption-pull-failed", &with(node, pod, ("image", (&**image).into())))
        }
        Fact::ContainerStarted { node, pod, container, .. } => {
            say("caption-container-started", &with(node, pod, ("container", (&**container).into())))
        }
        Fact::StartFailed { node, pod, reason, .. } => {
            say("caption-start-failed", &with(node, pod, ("reason", (&**reason).into())))
        }
        Fact::ContainerExited { node, pod, code, reason, .. } => {
            let [a, b, c] = with(node, pod, ("code", code.to_string().into()));
            say("caption-exited", &[a, b, c, ("reason", (*reason).into())])
        }
        Fact::BackOff { node, pod, pull, restarts, .. } => {
            let args = with(node, pod, ("restarts", i64::from(*restarts).into()));
            if *pull { say("caption-back-off-pull", &on(node, pod)) } else { say("caption-back-off", &args) }
        }
        Fact::Probed { node, pod, probe, ok, .. } => {
            let probe = match probe {
                ProbeKind::Startup => text(language, "probe-startup", &[]),
                ProbeKind::Liveness => text(language, "probe-liveness", &[]),
                ProbeKind::Readiness => text(language, "probe-readiness", &[]),
            };
            let key = if *ok { "caption-probe-ok" } else { "caption-probe-failed" };
            say(key, &with(node, pod, ("probe", probe.into())))
        }
        Fact::PodStopping { node, pod, grace } => {
            let seconds = i64::try_from(grace.as_secs()).unwrap_or(i64::MAX);
            say("caption-stopping", &with(node, pod, ("seconds", seconds.into())))
        }
        Fact::ContainerKilled { node, pod, .. } => say("caption-killed", &on(node, pod)),
        Fact::PodStopped { node, pod } => say("caption-pod-stopped", &on(node, pod)),
        _ => None,
    }
}

/// What befalls a ship itself: a file of static pods, or that it runs short of something.
pub fn want_sentence(fact: &Fact, language: Language) -> Option<String> {
    let say = |key: &str, args: &[(&str, Arg)]| Some(text(language, key, args));
    let with = |node: &str, pod: &ObjectRef, (name, more): (&'static str, &str)| {
        [("node", Arg::from(node)), ("object", object(pod, language).into()), (name, more.into())]
    };
    match fact {
        Fact::VolumeWritten { node, pod, volume } => {
            say("caption-volume-written", &with(node, pod, ("volume", volume)))
        }
        Fact::Resized { node, pod, step, message } => {
            let key = match *step {
                "Deferred" => "caption-resize-deferred",
                "Infeasible" => "caption-resize-infeasible",
                "Started" => "caption-resize-started",
                "Completed" => "caption-resize-completed",
                _ => "caption-resize-failed",
            };
            say(key, &with(node, pod, ("message", message)))
        }
        Fact::PodEvicted { node, pod, resource } => say(
            "caption-evicted-by-node",
            &[("node", (&**node).into()), ("object", object(pod, language).into()), ("resource", (*resource).into())],
        ),
        Fact::ManifestRead { node, file, pod, error } => {
            let (a, b) = (("node", Arg::from(&**node)), ("file", (&**file).into()));
            match pod {
                Some(pod) => say("caption-manifest-read", &[a, b, ("object", object(pod, language).into())]),
                None if error.is_empty() => say("caption-manifest-gone", &[a, b]),
                None => say("caption-manifest-wrong", &[a, b, ("message", (&**error).into())]),
            }
        }
        Fact::Pressure { node, condition, on } => {
            let key = match (*condition, *on) {
                ("MemoryPressure", true) => "caption-memory-pressure",
                ("MemoryPressure", false) => "caption-memory-pressure-ends",
                (_, true) => "caption-disk-pressure",
                (_, false) => "caption-disk-pressure-ends",
            };
            say(key, &[("node", (&**node).into())])
        }
        Fact::ImageRemoved { node, image } => {
            say("caption-image-removed", &[("node", (&**node).into()), ("image", (&**image).into())])
        }
        _ => None,
    }
}
