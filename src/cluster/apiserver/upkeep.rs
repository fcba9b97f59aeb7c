//! What the server does by the clock: bookmarks, compaction, and giving up what etcd does not answer.

use super::flight::{Flight, Phase};
use super::{ApiServer, BOOKMARKS, COMPACT, ETCD_COMPACT, SWEEP, tell_etcd};
use crate::api::Status;
use crate::cluster::wire::{EtcdOp, Event, Timer};
use crate::cluster::{Cx, timing};

impl ApiServer {
    /// Tells watchers that asked for it how far they are.
    pub(super) fn bookmarks(&mut self, cx: &mut Cx) {
        if self.ready {
            self.watches.bookmarks(cx, self.cache.revision());
        }
        cx.after(timing::BOOKMARK, Event::Timer(Timer::new(BOOKMARKS)));
    }

    /// Lets etcd forget what is older than two rounds (upstream: `storage/etcd3/compact.go`: each round compacts to
    /// where the store was at the round before, so history lives between five and ten minutes).
    pub(super) fn compact(&mut self, cx: &mut Cx) {
        if self.ready {
            tell_etcd(cx, ETCD_COMPACT, EtcdOp::Compact { revision: self.compact_next }, None);
            self.compact_next = self.cache.revision();
        }
        cx.after(timing::COMPACTION, Event::Timer(Timer::new(COMPACT)));
    }

    pub(super) fn arm_sweep(&mut self, cx: &mut Cx) {
        if !self.sweeping {
            self.sweeping = true;
            let cause = cx.cause();
            cx.because(None);
            cx.after(timing::ETCD_TIMEOUT, Event::Timer(Timer::new(SWEEP)));
            cx.because(cause);
        }
    }

    /// Requests that etcd has not answered in time fail, and since something was lost the watch is opened again.
    pub(super) fn sweep(&mut self, cx: &mut Cx) {
        self.sweeping = false;
        let now = cx.now();
        let late = |flight: &Flight| now.since(flight.since) >= timing::ETCD_TIMEOUT;
        let overdue: Vec<u64> = self.flights.iter().filter(|(_, flight)| late(flight)).map(|(n, _)| *n).collect();
        if !self.ready {
            self.read_everything(cx);
        } else if !overdue.is_empty() {
            self.follow_etcd(cx);
        }
        for number in overdue {
            let status = match self.flights.get(&number).map(|flight| &flight.phase) {
                Some(Phase::HandedOn) => Status::unavailable(),
                Some(Phase::Waiting(revision)) => Status::too_large_version(*revision, self.cache.revision()),
                _ => Status::internal("etcdserver: request timed out"),
            };
            self.answer(cx, number, Err(status));
        }
        if !self.flights.is_empty() {
            self.arm_sweep(cx);
        }
    }
}
