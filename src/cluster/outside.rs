//! Callers outside the simulation: real clients whose requests come over a real wire. Each request is a client of its
//! own, who speaks as the user and is told apart by his number (see [`OUTSIDE`]).

use super::apiserver::ApiServer;
use super::fact::Fact;
use super::wire::{Address, Event, Message, OUTSIDE};
use super::{Cx, Process, World};
use crate::api::Kind;
use crate::sim::{Time, Trace};
use std::rc::Rc;

/// What the API server says to a caller outside.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Said {
    /// To the caller of this number.
    Outside(u64, Message),
    /// Something else has happened.
    Inside,
}

/// The number that a message from the API server to the user is about, if it is a caller's outside.
#[must_use]
pub fn caller(to: &Address, event: &Event) -> Option<u64> {
    let Event::Message { message, .. } = event else { return None };
    let (Message::Response { id, .. } | Message::Watch { id, .. } | Message::WatchEnded { id, .. }) = message else {
        return None;
    };
    Some(*id).filter(|id| *to == Address::User && *id >= OUTSIDE)
}

impl World {
    /// Sends something to the API server on behalf of a caller outside.
    pub fn send_from_outside(&mut self, message: Message, trace: &mut Trace<Fact>) {
        let mut cx = Cx::new(&mut self.kernel, trace, Address::User, None);
        cx.send(Address::ApiServer, Event::Message { from: Address::User, message });
    }

    /// The kinds that somebody has added and the API server serves.
    #[must_use]
    pub fn custom_kinds(&self) -> Vec<&'static Kind> {
        match self.process(&Address::ApiServer) {
            Some(Process::ApiServer(server)) => server.custom_kinds().collect(),
            _ => Vec::new(),
        }
    }

    /// Looks something up in the API server.
    pub fn with_server(&mut self, look: &mut dyn FnMut(&mut ApiServer, Time)) {
        let now = self.kernel.now();
        let server = self.processes.get_mut(&Address::ApiServer).map(Rc::make_mut);
        if let Some(Process::ApiServer(server)) = server {
            look(server, now);
        }
    }

    /// Runs a command in a container (with an empty name in the pod's first), as `kubectl exec` does: its exit code and
    /// what it prints.
    ///
    /// # Errors
    /// Why it could not be run.
    pub fn exec(&mut self, pod: (&str, &str), container: &str, argv: &[String]) -> Result<(i32, String), String> {
        let now = self.kernel.now();
        let (node, id) = self.find_container(pod, container).ok_or("the container does not run")?;
        let runtime = self.processes.get_mut(&Address::Runtime(node)).map(Rc::make_mut);
        let Some(Process::Runtime(runtime)) = runtime else { return Err("the node is gone".to_owned()) };
        match runtime.command(now, &id, (argv, super::timing::HOOK)) {
            Some((_, Ok(super::wire::CriReply::Exec { code, output }))) => Ok((code, output.to_string())),
            Some((_, Err(super::wire::CriError::StartError(why)))) => Err(why.to_string()),
            _ => Err("the command does not end".to_owned()),
        }
    }

    /// Handles the next event, and tells if it was for a caller outside.
    pub fn step_outside(&mut self, trace: &mut Trace<Fact>) -> Said {
        let Some(event) = self.kernel.pop() else { return Said::Inside };
        if let Some(id) = caller(&event.to, &event.event) {
            return match event.event {
                Event::Message { message, .. } => Said::Outside(id, message),
                Event::Timer(_) => Said::Inside,
            };
        }
        self.deliver(event, trace);
        Said::Inside
    }
}
