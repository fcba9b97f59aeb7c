//! One container: what it is, and what its process does.

use super::process::files::Seen;
use super::process::{self, Change, Course, Surroundings};
use super::{Runtime, images, programs};
use crate::cluster::wire::{ContainerSpec, ContainerState, ContainerStatus, CriReply};
use crate::cluster::{Cx, timing};
use crate::sim::Time;
use std::rc::Rc;

/// A container.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Container {
    /// What was asked for.
    pub spec: Rc<ContainerSpec>,
    /// What it does.
    pub state: ContainerState,
    /// What its process will do.
    pub course: Rc<Course>,
    /// Files that commands run in it have changed.
    pub touched: Vec<Change<Time>>,
    /// The number of the timer that counts: an older one is outdated.
    pub timer: u64,
    /// Stops asked for: the kubelet's numbers. Answered when it has ended.
    pub stops: Vec<u64>,
    /// Whether its program talks to the API server.
    pub works: bool,
    /// Whether that program says that it is ready.
    pub ready: bool,
}

impl Container {
    /// Since when it runs, if it does.
    pub fn since(&self) -> Option<Time> {
        match self.state {
            ContainerState::Running { since } => Some(since),
            _ => None,
        }
    }

    /// When it ends by itself, if it runs and ends.
    pub fn ends_at(&self) -> Option<Time> {
        Some(self.since()? + self.course.ends?.0)
    }

    /// What the kubelet is told of it.
    pub fn status(&self, id: &Rc<str>) -> ContainerStatus {
        let ContainerSpec { pod, name, image, attempt, .. } = &*self.spec;
        let (id, state) = (id.clone(), self.state.clone());
        ContainerStatus { id, pod: pod.clone(), name: name.clone(), image: image.clone(), attempt: *attempt, state }
    }

    /// What it has printed until a moment: when, and what.
    pub fn log(&self, now: Time) -> Vec<(Time, Rc<str>)> {
        let (since, until) = match &self.state {
            ContainerState::Running { since } => (*since, now),
            ContainerState::Exited { since, at, .. } => (*since, (*at).min(now)),
            ContainerState::Created => return Vec::new(),
        };
        let lines = self.course.log.iter().map(|(after, line)| (since + *after, line.clone()));
        lines.take_while(|(at, _)| *at <= until).collect()
    }

    /// The ports that are open at a moment.
    pub fn open(&self, now: Time) -> impl Iterator<Item = &process::Listen> {
        let age = self.since().map(|since| now.since(since));
        self.course.listens.iter().filter(move |listen| age.is_some_and(|age| listen.from <= age))
    }
}

impl Runtime {
    pub(super) fn resize(&mut self, cx: &mut Cx, call: u64, id: &Rc<str>, memory_limit: Option<u64>) {
        let Some(container) = self.containers.get_mut(id) else { return self.unknown(cx, call, id) };
        Rc::make_mut(&mut container.spec).memory_limit = memory_limit;
        self.think(cx, id);
        self.reply(cx, call, timing::CONTAINER_CREATE, Ok(CriReply::Done));
    }

    pub(super) fn remove(&mut self, id: &Rc<str>) {
        let Some(container) = self.containers.remove(id) else { return };
        if let Some(sandbox) = self.sandboxes.get_mut(&container.spec.pod) {
            sandbox.containers.retain(|other| other != id);
        }
    }
}

impl ContainerSpec {
    /// What its process finds.
    #[must_use]
    pub fn surroundings(&self, files: Seen) -> Surroundings<'_> {
        let closed = images::Name::parse(&self.image).and_then(|name| name.entry()).is_some_and(|known| known.closed);
        let Self { env, init, memory_limit, hostname, .. } = self;
        Surroundings { env, closed, init: *init, memory_limit: *memory_limit, files, hostname: hostname.clone() }
    }

    /// What its process will do: `command` replaces the image's entrypoint and its own arguments, `args` only these.
    ///
    /// # Errors
    /// The text of `runc`, when its command does not exist.
    pub fn course(&self, files: Seen) -> Result<Course, process::StartError> {
        let known = images::Name::parse(&self.image).and_then(|name| name.entry());
        let texts = |words: &[Rc<str>]| words.iter().map(ToString::to_string).collect::<Vec<_>>();
        let own = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        let arguments = self.args.as_deref().map(texts);
        let argv = match (&self.command, known) {
            (Some(command), _) => [texts(command), arguments.unwrap_or_default()].concat(),
            (None, Some(known)) => {
                let given = arguments.unwrap_or_else(|| own(known.cmd));
                // Entrypoints of well-known images take flags for their default command.
                let flags = known.entrypoint.is_empty() && given.first().is_some_and(|word| word.starts_with('-'));
                if flags { [own(known.cmd), given].concat() } else { [own(known.entrypoint), given].concat() }
            }
            (None, None) => return Ok(self.unknown_image(&arguments.unwrap_or_default(), files)),
        };
        process::course(&argv, &self.surroundings(files))
    }

    /// An image of which nothing is known: arguments that begin with a well-known command are taken for one, an image
    /// called like a well-known server for that server, everything else is a service.
    fn unknown_image(&self, arguments: &[String], files: Seen) -> Course {
        const SERVERS: &[&str] = &[
            "caddy",
            "coredns",
            "envoy",
            "haproxy",
            "http-echo",
            "memcached",
            "nginx",
            "pause",
            "podinfo",
            "sleep",
            "whoami",
        ];
        let name = images::Name::parse(&self.image).map(|name| name.repository).unwrap_or_default();
        let family = process::base(&name).to_owned();
        let is_command = arguments.first().is_some_and(|word| programs::find(process::base(word)).is_some());
        let argv = match SERVERS.contains(&family.as_str()) {
            _ if is_command => arguments.to_vec(),
            true => [vec![family], arguments.to_vec()].concat(),
            // No program has such a name.
            false => vec![format!("{name}:")],
        };
        process::course(&argv, &self.surroundings(files)).unwrap_or_default()
    }
}
