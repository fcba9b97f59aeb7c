//! How keys get into the work queues: by what has changed, by a period, by an alarm for those whose time comes later.

use super::{DUE, PERIOD, Runner};
use crate::cluster::client::Cx;
use crate::cluster::client::controller::Wake;
use crate::cluster::client::round::Desk;
use crate::cluster::timing;
use crate::cluster::wire::{Event, Timer};

impl Runner {
    pub(super) fn periodic(&mut self, cx: &mut Cx, desk: usize) {
        let Some((period, map)) = self.desks[desk].controller.period else { return };
        cx.because(None);
        self.wake(cx, desk, map);
        // The next period begins when the work is done, so that nothing is ever looked at exactly when it ends.
        cx.after(period + timing::RECONCILE, Event::Timer(Timer::keyed(PERIOD, "", desk as u64)));
    }

    pub(super) fn wake(&mut self, cx: &mut Cx, desk: usize, map: impl FnOnce(&mut Wake)) {
        let now = cx.now();
        let Desk { memory, queue, .. } = &mut self.desks[desk];
        let mut wake = Wake::new((&self.client, &self.flags), now, memory);
        map(&mut wake);
        for (key, delay) in wake.keys {
            if delay.is_zero() {
                queue.add(key, cx.cause());
            } else {
                queue.add_at(key, now + delay, cx.cause());
            }
        }
        self.set_alarm(cx, desk);
    }

    pub(super) fn set_alarm(&mut self, cx: &mut Cx, desk: usize) {
        let Desk { queue, alarm, .. } = &mut self.desks[desk];
        let Some(at) = queue.next_at().filter(|at| alarm.is_none_or(|alarm| *at < alarm)) else { return };
        *alarm = Some(at);
        cx.after(at.since(cx.now()), Event::Timer(Timer::keyed(DUE, "", desk as u64)));
    }
}
