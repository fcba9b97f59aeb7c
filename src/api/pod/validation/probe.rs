//! Probes and the handlers of a container's lifecycle.

use super::super::super::check::{self, Errors};
use super::super::super::names;
use super::super::super::path::Path;
use super::super::super::status::FieldError;
use crate::sim::Order;
use k8s_openapi::api::core::v1::{
    ExecAction, GRPCAction, HTTPGetAction, Lifecycle, Probe, SleepAction, TCPSocketAction,
};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

/// One of several ways to act on a container.
struct Handler<'a> {
    exec: Option<&'a ExecAction>,
    http_get: Option<&'a HTTPGetAction>,
    tcp_socket: Option<&'a TCPSocketAction>,
    grpc: Option<&'a GRPCAction>,
    sleep: Option<&'a SleepAction>,
}

/// A liveness or startup probe, for which one success is enough (`validateLivenessProbe`, `validateStartupProbe`).
pub fn once(out: &mut Errors, path: &Path, probe: &Probe) {
    check_probe(out, path, probe);
    let threshold = probe.success_threshold.unwrap_or(0);
    if threshold != 1 {
        out.push(FieldError::invalid(path.field("successThreshold"), threshold, "must be 1"));
    }
}

/// A readiness probe, which kills nothing (`validateReadinessProbe`).
pub fn readiness(out: &mut Errors, path: &Path, probe: &Probe) {
    check_probe(out, path, probe);
    if let Some(seconds) = probe.termination_grace_period_seconds {
        let path = path.field("terminationGracePeriodSeconds");
        out.push(FieldError::invalid(path, seconds, "must not be set for readinessProbes"));
    }
}

fn check_probe(out: &mut Errors, path: &Path, probe: &Probe) {
    let of_probe = Handler {
        exec: probe.exec.as_ref(),
        http_get: probe.http_get.as_ref(),
        tcp_socket: probe.tcp_socket.as_ref(),
        grpc: probe.grpc.as_ref(),
        sleep: None,
    };
    handler(out, path, &of_probe, None);
    let numbers = [
        ("initialDelaySeconds", probe.initial_delay_seconds),
        ("timeoutSeconds", probe.timeout_seconds),
        ("periodSeconds", probe.period_seconds),
        ("successThreshold", probe.success_threshold),
        ("failureThreshold", probe.failure_threshold),
    ];
    for (field, number) in numbers {
        check::not_negative(out, &path.field(field), i64::from(number.unwrap_or(0)));
    }
    if let Some(seconds) = probe.termination_grace_period_seconds.filter(|&seconds| seconds <= 0) {
        out.push(FieldError::invalid(path.field("terminationGracePeriodSeconds"), seconds, "must be greater than 0"));
    }
}

/// What happens at the beginning and the end (`validateLifecycle`); `grace` is the pod's, in seconds.
pub fn lifecycle(out: &mut Errors, path: &Path, lifecycle: &Lifecycle, grace: Option<i64>, os: Option<&str>) {
    for (field, found) in [("postStart", &lifecycle.post_start), ("preStop", &lifecycle.pre_stop)] {
        let Some(found) = found else { continue };
        let parts = Handler {
            exec: found.exec.as_ref(),
            http_get: found.http_get.as_ref(),
            tcp_socket: found.tcp_socket.as_ref(),
            grpc: None,
            sleep: found.sleep.as_ref(),
        };
        handler(out, &path.field(field), &parts, grace);
    }
    if let Some(signal) = lifecycle.stop_signal.as_deref() {
        stop_signal(out, &path.field("stopSignal"), signal, os);
    }
}

/// Signals that Linux containers can be stopped with, in the order in which errors list them.
const SIGNALS: [&str; 34] = [
    "SIGABRT",
    "SIGALRM",
    "SIGBUS",
    "SIGCHLD",
    "SIGCLD",
    "SIGCONT",
    "SIGFPE",
    "SIGHUP",
    "SIGILL",
    "SIGINT",
    "SIGIO",
    "SIGIOT",
    "SIGKILL",
    "SIGPIPE",
    "SIGPOLL",
    "SIGPROF",
    "SIGPWR",
    "SIGQUIT",
    "SIGSEGV",
    "SIGSTKFLT",
    "SIGSTOP",
    "SIGSYS",
    "SIGTERM",
    "SIGTRAP",
    "SIGTSTP",
    "SIGTTIN",
    "SIGTTOU",
    "SIGURG",
    "SIGUSR1",
    "SIGUSR2",
    "SIGVTALRM",
    "SIGWINCH",
    "SIGXCPU",
    "SIGXFSZ",
];

/// Upstream: `validateStopSignal`.
fn stop_signal(out: &mut Errors, path: &Path, signal: &str, os: Option<&str>) {
    match os {
        None => out.push(FieldError::forbidden(path, "may not be set for containers with empty `spec.os.name`")),
        Some("windows") if !["SIGKILL", "SIGTERM"].contains(&signal) => {
            out.push(FieldError::not_supported(path, signal, &["SIGKILL", "SIGTERM"]));
        }
        Some("linux") if !SIGNALS.contains(&signal) && !is_realtime(signal) => {
            let mut known: Vec<String> = SIGNALS.iter().map(|&name| name.to_owned()).collect();
            known.extend(realtime());
            known.order();
            let known: Vec<&str> = known.iter().map(String::as_str).collect();
            out.push(FieldError::not_supported(path, signal, &known));
        }
        Some(_) => {}
    }
}

/// `SIGRTMIN` to `SIGRTMIN+15` and `SIGRTMAX-14` to `SIGRTMAX`.
fn realtime() -> impl Iterator<Item = String> {
    let up = (1..=15).map(|number| format!("SIGRTMIN+{number}"));
    let down = (1..=14).map(|number| format!("SIGRTMAX-{number}"));
    up.chain(down).chain(["SIGRTMIN".to_owned(), "SIGRTMAX".to_owned()])
}

fn is_realtime(signal: &str) -> bool {
    realtime().any(|known| known == signal)
}

/// Exactly one way (`validateHandler`).
fn handler(out: &mut Errors, path: &Path, handler: &Handler, grace: Option<i64>) {
    let mut first = true;
    let mut is_first = |out: &mut Errors, field: &str| {
        if !first {
            out.push(FieldError::forbidden(path.field(field), "may not specify more than 1 handler type"));
        }
        std::mem::take(&mut first)
    };
    if let Some(exec) = handler.exec
        && is_first(out, "exec")
        && exec.command.as_ref().is_none_or(Vec::is_empty)
    {
        out.push(FieldError::required(path.field("exec.command"), ""));
    }
    if let Some(get) = handler.http_get
        && is_first(out, "httpGet")
    {
        http_get(out, &path.field("httpGet"), get);
    }
    if let Some(socket) = handler.tcp_socket
        && is_first(out, "tcpSocket")
    {
        check::port(out, &path.field("tcpSocket.port"), &socket.port);
    }
    if let Some(grpc) = handler.grpc
        && is_first(out, "grpc")
    {
        check::port(out, &path.field("grpc.port"), &IntOrString::Int(grpc.port));
    }
    if let Some(sleep) = handler.sleep
        && is_first(out, "sleep")
        && let Some(grace) = grace
        && (sleep.seconds < 0 || sleep.seconds > grace)
    {
        let detail = format!("must be non-negative and less than terminationGracePeriodSeconds ({grace})");
        out.push(FieldError::invalid(path.field("sleep"), sleep.seconds, detail));
    }
    if first {
        out.push(FieldError::required(path, "must specify a handler type"));
    }
}

/// Upstream: `validateHTTPGetAction`.
fn http_get(out: &mut Errors, path: &Path, get: &HTTPGetAction) {
    check::required(out, &path.field("path"), get.path.as_deref().unwrap_or_default());
    check::port(out, &path.field("port"), &get.port);
    let scheme = get.scheme.as_deref().unwrap_or_default();
    if !["HTTP", "HTTPS"].contains(&scheme) {
        out.push(FieldError::not_supported(path.field("scheme"), scheme, &["HTTP", "HTTPS"]));
    }
    for header in get.http_headers.iter().flatten() {
        check::complain(out, &path.field("httpHeaders"), &header.name, names::http_header_name(&header.name));
    }
}
