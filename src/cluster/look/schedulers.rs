//! What is read off the schedulers of a world: their queues, their files, their attempts.

use crate::api::kinds;
use crate::api::object::Ref;
use crate::cluster::fact::{Attempt, Queue};
use crate::cluster::input::Input;
use crate::cluster::scheduler::Scheduler;
use crate::cluster::scheduler::configuration::{self, Configuration};
use crate::cluster::what_if::Thought;
use crate::cluster::wire::Address;
use crate::cluster::{Process, World};
use std::rc::Rc;

impl World {
    /// All schedulers, the cluster's own first.
    fn schedulers(&self) -> impl Iterator<Item = (&str, &Scheduler)> {
        self.processes.iter().filter_map(|(address, process)| match (address, &**process) {
            (Address::OtherScheduler(name), Process::Scheduler(scheduler)) => Some((&**name, &**scheduler)),
            (_, Process::Scheduler(scheduler)) => Some(("", &**scheduler)),
            _ => None,
        })
    }

    /// The names of all schedulers; that of the cluster's own is empty.
    #[must_use]
    pub fn scheduler_names(&self) -> Vec<String> {
        self.schedulers().map(|(name, _)| name.to_owned()).collect()
    }

    /// The file that a scheduler was started with (empty: none); `name`: empty for the cluster's own. `None`: there is none
    /// of that name.
    #[must_use]
    pub fn scheduler_configuration(&self, name: &str) -> Option<&str> {
        let found = self.schedulers().find(|(other, _)| *other == name);
        found.map(|(_, scheduler)| &*scheduler.configuration().text)
    }

    /// Whether a scheduler would start with this file.
    ///
    /// # Errors
    /// What the real one says.
    pub fn check_scheduler_configuration(text: &str) -> Result<(), String> {
        Configuration::read(text).map(|_| ())
    }

    /// A file that says what holds without one.
    #[must_use]
    pub fn default_scheduler_configuration() -> String {
        configuration::default_text()
    }

    /// What would give other weights to a profile's plugins; `None`: no scheduler has it.
    #[must_use]
    pub fn weighed(&self, profile: &str, weights: &[(&str, i64)]) -> Option<Input> {
        let (name, scheduler) = self.responsible(profile)?;
        let config = configuration::weighed(&scheduler.configuration().text, profile, weights)?;
        Some(Input::Scheduler { name: name.to_owned(), config })
    }

    fn responsible(&self, profile: &str) -> Option<(&str, &Scheduler)> {
        self.schedulers().find(|(_, scheduler)| scheduler.configuration().named(profile).is_some())
    }

    /// An attempt that was made at this very moment, to be thought through again.
    #[must_use]
    pub fn thought(&self, attempt: &Rc<Attempt>) -> Option<Thought> {
        let pod = self.object(&kinds::pod::KIND, &attempt.pod.key)?;
        self.responsible(&attempt.profile).map(|(_, scheduler)| scheduler.thought(attempt, pod))
    }

    /// The pod that a scheduler is about to try, and which attempt that is.
    #[must_use]
    pub fn trying(&self) -> Option<(Ref, u32)> {
        self.schedulers().find_map(|(_, scheduler)| scheduler.trying())
    }

    pub(super) fn queue(&self) -> Vec<(Ref, Queue)> {
        self.schedulers().flat_map(|(_, scheduler)| scheduler.queued()).collect()
    }
}
