//! Kinds that somebody has added are followed like all others, as long as they are served.
//!
//! Upstream: `pkg/controller/garbagecollector/garbagecollector.go`, `Sync`, looks around by discovery every 30 seconds, the
//! namespace controller whenever it empties a namespace. Here the definitions, which are followed anyway, tell of a new kind
//! at once; one that is gone is forgotten half a minute later, so that what its last objects owned can still be judged.

use super::Runner;
use crate::api::custom::kinds;
use crate::api::kinds::custom_resource_definition::KIND;
use crate::api::rules::definitions::is_established;
use crate::cluster::Cx;
use crate::cluster::timing;
use crate::cluster::wire::{Event, Timer};

/// Time to forget kinds that are served no more.
pub const FORGET: &str = "run/forget";

/// A definition has changed: follows its kind, in one of the versions that are served.
#[inline(never)]
pub fn follow(runner: &mut Runner, cx: &mut Cx) {
    for kind in served(runner) {
        if !runner.client.informs(kind) {
            runner.client.inform(cx, kind, "");
        }
    }
    cx.after(timing::DISCOVERY_SYNC, Event::Timer(Timer::new(FORGET)));
}

/// Ends the informers of kinds that are served no more.
#[inline(never)]
pub fn forget(runner: &mut Runner, cx: &mut Cx) {
    let served = served(runner);
    let gone: Vec<_> = runner.client.kinds().filter(|kind| kind.custom.is_some() && !served.contains(kind)).collect();
    for kind in gone {
        runner.client.forget(cx, kind);
    }
}

fn served(runner: &Runner) -> Vec<&'static crate::api::Kind> {
    let definitions = runner.client.cache(&KIND).iter().filter(|definition| is_established(definition));
    definitions.filter_map(|definition| kinds(definition).first().copied()).collect()
}
