//! What a probe asks, and what the runtime's answer means.
//!
//! Upstream: `pkg/kubelet/prober/prober.go`, `pkg/probe/{exec,grpc,http,tcp}`. A probe that names a host asks there, from
//! the machine and not from within the pod. Left out: certificates, headers, redirects; hosts on other machines, of which
//! it says so.

use crate::cluster::kubelet::restart::Doom;
use crate::cluster::kubelet::worker::container;
use crate::cluster::machine::Engine;
use crate::cluster::wire::{CriCall, CriError, CriReply};
use crate::sim::Duration;
use k8s_openapi::api::core::v1::{Container, PodSpec, Probe};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use std::rc::Rc;

/// What an answer of the runtime means for a probe.
pub enum Answer {
    /// It is well.
    Ok,
    /// It is not: the text of the event.
    Failed(String),
    /// It could not be asked: nothing changes.
    Errored(String),
}

/// The question that a probe puts: to a command, or to a pod's port.
pub fn question(pod: &Rc<str>, id: &Rc<str>, container: &Container, probe: &Probe) -> CriCall {
    if let Some(exec) = &probe.exec {
        let command = exec.command.as_deref().unwrap_or_default().iter().map(|word| Rc::from(word.as_str())).collect();
        return CriCall::ExecSync { id: id.clone(), command, timeout: seconds(probe.timeout_seconds, 1) };
    }
    let (port, path) = target(container, probe);
    let tls = probe.http_get.as_ref().map(|http| http.scheme.as_deref() == Some("HTTPS"));
    CriCall::Connect { pod: pod.clone(), port, path: path.map(Rc::from), tls }
}

/// The host that a probe names.
pub fn host(probe: &Probe) -> Option<&str> {
    let http = probe.http_get.as_ref().and_then(|http| http.host.as_deref());
    let tcp = || probe.tcp_socket.as_ref().and_then(|tcp| tcp.host.as_deref());
    http.or_else(tcp).filter(|host| !host.is_empty())
}

/// What a probe of a host hears without anybody having been asked: nobody listens on the machine itself, or the host is
/// somewhere else.
pub fn unheard(container: &Container, probe: &Probe, host: &str) -> CriError {
    let (port, _) = target(container, probe);
    if is_here(host) {
        return CriError::ConnectionRefused(format!("dial tcp {host}:{port}: connect: connection refused").into());
    }
    CriError::StartError(format!("a probe of another host ({host}) is not simulated").into())
}

/// Whether a host is the machine itself.
pub fn is_here(host: &str) -> bool {
    matches!(host, "localhost" | "127.0.0.1" | "::1")
}

/// The port that a probe asks.
pub fn port(container: &Container, probe: &Probe) -> u16 {
    target(container, probe).0
}

fn target<'a>(container: &Container, probe: &'a Probe) -> (u16, Option<&'a str>) {
    if let Some(http) = &probe.http_get {
        return (number(container, &http.port), Some(http.path.as_deref().unwrap_or("/")));
    }
    if let Some(tcp) = &probe.tcp_socket {
        return (number(container, &tcp.port), None);
    }
    (probe.grpc.as_ref().and_then(|grpc| u16::try_from(grpc.port).ok()).unwrap_or(0), None)
}

/// A port by its number or its name.
pub fn number(container: &Container, port: &IntOrString) -> u16 {
    let number = match port {
        IntOrString::Int(number) => *number,
        IntOrString::String(name) => {
            let ports = container.ports.as_deref().unwrap_or_default();
            ports
                .iter()
                .find(|port| port.name.as_ref() == Some(name))
                .map_or_else(|| name.parse().unwrap_or(0), |port| port.container_port)
        }
    };
    u16::try_from(number).unwrap_or(0)
}

/// What the runtime's answer means.
pub fn read(
    container: &Container,
    probe: &Probe,
    (ip, engine): (&str, Engine),
    outcome: Result<CriReply, CriError>,
) -> Answer {
    let (port, path) = target(container, probe);
    let ip = host(probe).unwrap_or(ip);
    let scheme = probe.http_get.as_ref().and_then(|http| http.scheme.as_deref()).unwrap_or("HTTP").to_ascii_lowercase();
    let slash = if path.is_some_and(|path| path.starts_with('/')) { "" } else { "/" };
    match outcome {
        Ok(CriReply::Exec { code: 0, .. } | CriReply::Connected(0 | 200..400)) => Answer::Ok,
        Ok(CriReply::Exec { output, .. }) => Answer::Failed(output.to_string()),
        Ok(CriReply::Connected(code)) => Answer::Failed(format!("HTTP probe failed with statuscode: {code}")),
        Ok(_) => Answer::Errored("unexpected answer".to_owned()),
        Err(CriError::ConnectionRefused(text)) => match path {
            Some(path) => Answer::Failed(format!("Get \"{scheme}://{ip}:{port}{slash}{path}\": {text}")),
            None if probe.grpc.is_some() => {
                let limit = seconds(probe.timeout_seconds, 1).as_secs();
                Answer::Failed(format!(
                    "timeout: failed to connect service \"{ip}:{port}\" within {limit}s: context deadline exceeded"
                ))
            }
            None => Answer::Failed(text.to_string()),
        },
        Err(CriError::Timeout(text)) => Answer::Failed(text.to_string()),
        Err(CriError::Unavailable) => Answer::Errored(engine.unavailable()),
        Err(CriError::StartError(text)) if probe.exec.is_none() => Answer::Errored(text.to_string()),
        Err(
            CriError::StartError(text)
            | CriError::NotFound(text)
            | CriError::ImageNotFound(text)
            | CriError::RegistryUnavailable(text),
        ) => Answer::Errored(format!("rpc error: code = Unknown desc = {text}")),
    }
}

/// Seconds as a spec has them; none and nothing are the default.
pub fn seconds(value: Option<i32>, default: u64) -> Duration {
    Duration::from_secs(value.and_then(|value| u64::try_from(value).ok()).filter(|value| *value > 0).unwrap_or(default))
}

/// The liveness or startup probe's own grace period, if it has one.
#[must_use]
pub fn grace(spec: &PodSpec, slot: usize, doom: Doom) -> Option<Duration> {
    let container = container(spec, slot);
    let probe = if doom == Doom::Startup { &container.startup_probe } else { &container.liveness_probe };
    let seconds = probe.as_ref()?.termination_grace_period_seconds?;
    Some(Duration::from_secs(u64::try_from(seconds).unwrap_or(0)))
}
