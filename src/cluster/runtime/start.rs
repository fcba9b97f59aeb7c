//! Containers that cannot be started, in the words of the machine's runtime.

use crate::cluster::machine::Engine;
use crate::cluster::wire::ContainerState;
use crate::sim::Time;
use std::rc::Rc;

/// What it says of a command that is not there. containerd (`client/task`) and Docker start with runc, CRI-O with crun
/// (`libcrun/utils.c`, `find_executable`), which speaks otherwise.
#[must_use]
#[inline(never)]
pub fn refused(engine: Engine, why: &str) -> String {
    let runc = "failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: \
                error during container init";
    match engine {
        Engine::Containerd => format!("failed to create containerd task: {runc}: {why}"),
        Engine::CriDockerd => {
            format!(
                "failed to start container: Error response from daemon: failed to create task for container: {runc}: {why}: unknown"
            )
        }
        Engine::CriO => {
            let command = why.split('"').nth(1).unwrap_or_default();
            let place = if command.contains('/') { "" } else { " in $PATH" };
            format!("container create failed: executable file `{command}` not found{place}: No such file or directory")
        }
    }
}

/// The state of a container that never began. containerd gives the beginning of time, because its task never was.
#[must_use]
#[inline(never)]
pub fn never(engine: Engine, at: Time, text: &Rc<str>) -> ContainerState {
    let (since, message) = (Time::from_micros(i64::MIN), text.clone());
    let (code, reason) = match engine {
        Engine::CriDockerd => (127, "ContainerCannotRun"),
        _ => (128, "StartError"),
    };
    ContainerState::Exited { since, at, code, reason, message }
}
