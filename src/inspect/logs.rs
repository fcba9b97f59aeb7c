//! What a pod's containers have printed last.

use super::Shown;
use crate::api::object::ObjectRef;

/// The last lines; of several containers each line begins with its container's name.
#[must_use]
pub fn of_pod(shown: &Shown, pod: &ObjectRef) -> Vec<String> {
    let Some((seen, _)) = shown.pod(pod) else { return Vec::new() };
    let many = seen.containers.len() + seen.debuggers.len() > 1;
    let of = |name: &str| {
        let lines = shown.objects.log(pod, name).into_iter();
        lines.map(|line| if many { format!("{name}: {line}") } else { line.to_string() }).collect::<Vec<_>>()
    };
    seen.containers.iter().chain(&seen.debuggers).flat_map(|container| of(&container.name)).collect()
}
