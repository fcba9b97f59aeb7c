//! What becomes of the controllers when their process begins to lead, or leads no longer.

use super::{Controller, Desk, Runner};
use crate::api::Status;
use crate::api::kinds::KINDS;
use crate::cluster::Cx;
use crate::cluster::client::election::Turn;
use crate::cluster::wire::Reply;
use crate::sim::Map;
use std::rc::Rc;

impl Runner {
    /// Begins to work, or to wait until it leads.
    pub fn start(&mut self, cx: &mut Cx) {
        match &mut self.election {
            Some(election) => election.start(cx, &mut self.client),
            None => self.open(cx),
        }
    }

    /// Opens the informers of all kinds that some controller follows.
    fn open(&mut self, cx: &mut Cx) {
        // Not of what can only be listed, such as ComponentStatus.
        let watched = KINDS.iter().filter(|kind| kind.face.is_none() && kind.verbs.contains(&"watch"));
        for kind in watched {
            let followed = |desk: &Desk| desk.controller.watches.iter().any(|watch| watch.follows(kind));
            if self.desks.iter().any(followed) {
                self.client.inform(cx, kind, "");
            }
        }
    }

    /// Ends its watches.
    pub fn close(&mut self, cx: &mut Cx) {
        let kinds: Vec<_> = self.client.kinds().collect();
        for kind in kinds {
            self.client.forget(cx, kind);
        }
    }

    /// Whether its controllers may work.
    #[must_use]
    pub fn leads(&self) -> bool {
        self.election.as_ref().is_none_or(super::Election::leads)
    }

    pub(super) fn elect(&mut self, cx: &mut Cx) {
        let turn = self.election.as_mut().map_or(Turn::Same, |election| election.timer(cx, &mut self.client));
        self.turn(cx, turn);
    }

    /// Whether an answer was one to the election.
    pub(super) fn elected(&mut self, cx: &mut Cx, id: u64, outcome: &Result<Reply, Rc<Status>>) -> bool {
        let Some(election) = &mut self.election else { return false };
        let Some(turn) = election.reply(cx, &mut self.client, id, outcome) else { return false };
        self.turn(cx, turn);
        true
    }

    fn turn(&mut self, cx: &mut Cx, turn: Turn) {
        match turn {
            Turn::Same => {}
            Turn::Begins => self.open(cx),
            Turn::Ends => {
                // Upstream the process ends: what was under way is forgotten, answers to it included, and who leads again
                // knows nothing but what it hears then.
                self.close(cx);
                self.ready = false;
                let (user, reporter) = (self.client.user(), self.reporter.as_deref());
                let desk = |controller: &&'static Controller| Desk::new(controller, user, reporter);
                self.desks = self.registry.iter().map(desk).collect();
                self.rounds = Map::new();
                self.calls = Map::new();
                self.held = Map::new();
            }
        }
    }
}
