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
