//! When nobody answers: requests that have waited too long, watches that are silent, a certificate that has expired.

use super::{Client, Informer, Notice, REOPEN};
use crate::api::{Kind, Status};
use crate::cluster::fact::Fact;
use crate::cluster::wire::{Address, Event, Message, Timer};
use crate::cluster::{Cx, timing};
use crate::sim::{Duration, Time};
use std::rc::Rc;

impl Client {
    /// Its certificate expires, or is renewed. What is open stays open: the server checks each request by itself.
    /// Upstream: `apiserver/pkg/authentication/request/x509`.
    pub fn expire(&mut self, expired: bool) {
        self.expired = expired;
    }

    /// Whether its certificate has expired.
    #[must_use]
    pub fn is_expired(&self) -> bool {
        self.expired
    }

    /// Gives a watch up and lists again after the back-off.
    pub(super) fn lose(&mut self, cx: &mut Cx, kind: &'static Kind) {
        let Some(informer) = self.informers.get_mut(&kind) else { return };
        if informer.reopening {
            return;
        }
        informer.reopening = true;
        let closed = informer.watch.take();
        let delay = informer.backoff;
        informer.backoff = (delay * 2).min(timing::REFLECTOR_BACKOFF_MAX);
        let name = kind.resource();
        cx.note_aside(Fact::WatchLost { by: cx.me().clone(), resource: kind.plural });
        if let Some((id, _)) = closed {
            let from = cx.me().clone();
            cx.send(Address::ApiServer, Event::Message { from, message: Message::StopWatch { id } });
        }
        cx.after(delay, Event::Timer(Timer::keyed(REOPEN, name, 0)));
    }

    /// Fails requests that have waited too long, and gives up watches that have been silent too long.
    pub(super) fn sweep(&mut self, cx: &mut Cx) -> Vec<Notice> {
        let now = cx.now();
        let overdue = |since: Time, limit: Duration| now.since(since) >= limit;
        let late: Vec<u64> =
            self.pending.iter().filter(|(_, p)| overdue(p.since, timing::REQUEST_TIMEOUT)).map(|(id, _)| *id).collect();
        let mut notices = Vec::new();
        for id in late {
            let status = Status::timeout("context deadline exceeded (Client.Timeout exceeded while awaiting headers)");
            notices.extend(self.response(cx, id, Err(Rc::new(status))));
        }
        // A bookmark comes every minute: longer silence than that and the idle timeout means a dead connection.
        let limit = timing::BOOKMARK + timing::WATCH_IDLE;
        let open = |informer: &Informer| informer.watch.is_some() && overdue(informer.heard, limit);
        let silent: Vec<_> = self.informers.iter().filter(|(_, i)| open(i)).map(|(kind, _)| *kind).collect();
        for kind in silent {
            self.lose(cx, kind);
        }
        self.sweeping = false;
        if !self.pending.is_empty() || !self.informers.is_empty() {
            self.arm(cx);
        }
        notices
    }
}
