//! The shown moment for the panels: what they read it from, and when they read it anew.

use crate::api::Kind;
use crate::api::object::{Object, ObjectRef};
use crate::cluster::fact::{Call, Fact};
use crate::inspect::{Objects, Shown};
use crate::sim::Time;
use crate::ui::browser;
use crate::ui::dom::afterwards;
use crate::ui::handle::Ui;
use crate::ui::session::Session;
use crate::ui::signal::Memo;
use leptos::prelude::*;
use std::time::Duration;

/// While time passes, panels are read anew at most so often (milliseconds): nobody reads faster.
const PERIOD: f64 = 200.0;

impl Objects for Session {
    fn object(&self, object: &ObjectRef) -> Option<&Object> {
        Self::object(self, object)
    }

    fn objects(&self, kind: &'static Kind) -> Vec<&Object> {
        Self::objects(self, kind)
    }

    fn log(&self, pod: &ObjectRef, container: &str) -> Vec<std::rc::Rc<str>> {
        Self::log(self, pod, container)
    }

    fn versions(&self, object: &ObjectRef) -> crate::inspect::history::Versions {
        Self::versions(self, object)
    }

    fn passage(&self, call: &Call, at: Time) -> Vec<Fact> {
        Self::passage(self, call, at)
    }
}

/// Reads the shown moment in the language of the interface; tracks the language.
pub fn read<T>(ui: Ui, read: impl FnOnce(&Shown) -> T) -> T {
    ui.language.track();
    peek(ui, read)
}

/// The same for what follows [`changes`] only: a panel that is not seen has no use for another language.
pub fn peek<T>(ui: Ui, read: impl FnOnce(&Shown) -> T) -> T {
    let language = ui.language.get_untracked();
    ui.read(|session| {
        let view = session.view();
        let (now, trace) = (session.now(), session.trace());
        read(&Shown { now, view: &view, trace, objects: session, language })
    })
}

/// A signal that moves when something has happened, a second has passed, or the language is another, while `visible` holds.
pub fn changes(ui: Ui, visible: impl Fn() -> bool + 'static) -> ReadSignal<u64> {
    let (beat, set_beat) = signal(0_u64);
    let second = Memo::new(move || ui.now.get().as_secs());
    let last = StoredValue::new(f64::MIN);
    let waits = StoredValue::new(false);
    let fire = move || {
        waits.set_value(false);
        last.set_value(browser::clock());
        set_beat.update(|beat| *beat += 1);
    };
    afterwards(move || {
        ui.head.track();
        second.track();
        ui.language.track();
        if !visible() || waits.get_value() {
            return;
        }
        let left = last.get_value() + PERIOD - browser::clock();
        if left <= 0.0 {
            fire();
        } else {
            waits.set_value(true);
            set_timeout(
                move || {
                    if waits.try_get_value().is_some() {
                        fire();
                    }
                },
                Duration::from_secs_f64(left / 1000.0),
            );
        }
    });
    beat
}
