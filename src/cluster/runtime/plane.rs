//! The control plane's programs: where one of them runs in the static pod of its name, it is a process of the simulation,
//! which begins and ends as its container does.

use super::Runtime;
use super::container::Container;
use crate::sim::FactId;
use std::rc::Rc;

/// A container of the control plane begins to run (true) or ends: whose it is, and because of what.
pub type Turn = (&'static str, bool, Option<FactId>);

/// The programs that are processes of the simulation when they run in the static pods of their names.
const PLANE: [&str; 4] = ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"];

impl Runtime {
    /// What of the control plane has begun or ended since this was asked last.
    pub fn take_turns(&mut self) -> Vec<Turn> {
        std::mem::take(&mut self.turns)
    }

    /// Remembers that a container of the control plane has begun or ended.
    pub(super) fn turn(&mut self, id: &Rc<str>, runs: bool, cause: Option<FactId>) {
        let Some(program) = self.containers.get(id).and_then(|container| self.program_of_plane(container)) else {
            return;
        };
        self.turns.push((program, runs, cause));
    }

    fn program_of_plane(&self, container: &Container) -> Option<&'static str> {
        let program = PLANE.into_iter().find(|program| **program == *container.spec.name)?;
        let pod = &self.sandboxes.get(&container.spec.pod)?.pod.key;
        let own = pod.name.strip_prefix(program)?.strip_prefix('-')? == &*self.machine.name;
        (own && &*pod.namespace == "kube-system").then_some(program)
    }

    /// The container in which a program of the control plane runs.
    #[must_use]
    pub fn of_plane(&self, program: &str) -> Option<Rc<str>> {
        let runs =
            |container: &Container| container.since().is_some() && self.program_of_plane(container) == Some(program);
        self.containers.iter().find(|(_, container)| runs(container)).map(|(id, _)| id.clone())
    }
}
