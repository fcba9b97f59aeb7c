//! What can befall a machine's runtime and what it fetches.

use super::container::Container;
use super::process::OnTerm;
use super::{ContainerState, ENDS, Runtime, images};
use crate::cluster::Cx;
use crate::cluster::wire::ImageStatus;
use crate::sim::{Map, Time};
use std::rc::Rc;

impl Runtime {
    /// An image comes slowly from now on, or no longer.
    pub fn slow_image(&mut self, image: &str, slow: bool) {
        let image = images::full_reference(image);
        if slow {
            self.slow.insert(image);
        } else {
            self.slow.remove(&image);
        }
    }

    /// A registry is corrupt from now on, or no longer.
    pub fn corrupt_registry(&mut self, host: &str, corrupt: bool) {
        if corrupt {
            self.corrupt.insert(host.into());
        } else {
            self.corrupt.remove(host);
        }
    }

    /// Everything survives: containers run on without their runtime's daemon.
    #[must_use]
    pub fn restarted(&self) -> Self {
        // Who asked has been told that nobody is there.
        Self { pulls: Map::new(), ..self.clone() }
    }

    /// Sets the timers of what runs. What was told to end before the daemon ended has heard of it.
    pub fn start(&mut self, cx: &mut Cx) {
        let told = |container: &&Container| !container.stops.is_empty();
        let told: Vec<_> =
            self.containers.iter().filter(|(_, container)| told(container)).map(|(id, _)| id.clone()).collect();
        let running: Vec<_> = self
            .containers
            .iter()
            .filter_map(|(id, container)| container.ends_at().map(|at| (id.clone(), at)))
            .collect();
        for (id, at) in running {
            self.arm(cx, &id, ENDS, at.since(cx.now()));
        }
        for id in told {
            let Some(container) = self.containers.get_mut(&id) else { continue };
            container.stops.clear();
            if let OnTerm::Exit(after, _) = container.course.on_term {
                self.arm(cx, &id, ENDS, after);
            }
        }
    }

    /// The machine has lost its power: every process has ended. What is on its disk stays.
    pub fn lose_power(&mut self, now: Time) {
        let ids: Vec<Rc<str>> = self.containers.keys().cloned().collect();
        for id in ids {
            let Some(container) = self.containers.get_mut(&id) else { continue };
            container.timer += 1;
            container.stops.clear();
            (container.works, container.ready) = (false, false);
            if let Some(since) = container.since() {
                let (at, message) = (now.max(since), "".into());
                container.state = ContainerState::Exited { since, at, code: 255, reason: "Unknown", message };
            }
        }
        let pods: Vec<Rc<str>> = self.sandboxes.keys().cloned().collect();
        for pod in pods {
            if let Some(sandbox) = self.sandboxes.get_mut(&pod) {
                sandbox.ready = false;
            }
        }
    }

    /// What a corrupt registry delivers does not fit its digest (containerd: `content/local`, `Commit`).
    pub(super) fn intact(&self, image: ImageStatus) -> Result<ImageStatus, String> {
        let host = image.name.split('/').next().unwrap_or_default();
        if self.images.contains_key(&image.name) || !self.corrupt.contains(host) {
            return Ok(image);
        }
        let digest = image.id.split_once('@').map_or("", |(_, digest)| digest);
        let other = images::digest(&image.id);
        Err(format!(
            "FailedPrecondition desc = failed to pull and unpack image \"{}\": failed commit on ref \"manifest-{digest}\": unexpected \
             commit digest {other}, expected {digest}: failed precondition",
            image.name
        ))
    }
}
