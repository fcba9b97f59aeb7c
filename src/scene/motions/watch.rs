//! Watches: the long bar of list and watch, the pulse of a change, and a line that breaks.

use super::{Movers, Shown, moving, progress, travelling};
use crate::cluster::fact::Fact;
use crate::cluster::wire::Address;
use crate::scene::display::{Anchor, Area, Layer, Look};
use crate::scene::layout::Route;
use crate::scene::motion::{Act, Role};
use crate::scene::sprites::{pulse, signs};
use crate::scene::stage::{Stage, Thing};
use crate::scene::theme::Token;

/// The watch line runs beside the lane.
fn line(stage: &Stage, who: &Address) -> Route {
    Route(stage.layout.to_bridge(who).0.iter().map(|(x, y)| (x + 9.0, y + 9.0)).collect()).back()
}

/// Draws a fact of a watch.
pub fn draw<'a>(stage: &mut Stage<'a>, one: &Shown<'a>, movers: &mut Movers) {
    match &one.record.fact {
        Fact::Watched { to, revision, .. } if one.lasts(0.0) => pulse_to(stage, one, (to, *revision), movers),
        Fact::Watched { to, .. } if one.lasts(200.0) => heard(stage, one, to),
        Fact::WatchOpened { by, .. } if one.lasts(0.0) => {
            let route = line(stage, by);
            let share = progress(stage, one.share());
            let steps = [0.0, 0.25, 0.5, 0.75, 1.0];
            let points: Vec<_> = steps.iter().map(|step| route.point(step * share)).collect();
            let at = route.point(0.0);
            let thing = moving(one, "list", "list", at, 6.0).at(0.0, 0.0, 1.0);
            stage.put(thing, |pen| pen.line(&points, Look::line(Token::Api, 6.0)));
        }
        Fact::WatchLost { by, .. } if one.lasts(400.0) => {
            let at = line(stage, by).point(0.5);
            let thing = Thing::new(one.id("break"), "cut", Layer::Fault, Area::around(at.0, at.1, 22.0));
            stage.put(thing.at(at.0, at.1, 0.8).because(one.record.id), signs::cut);
        }
        _ => {}
    }
}

fn pulse_to(stage: &mut Stage, one: &Shown, (to, revision): (&Address, u64), movers: &mut Movers) {
    let route = line(stage, to);
    let length = route.length().max(1.0);
    let share = progress(stage, one.share());
    let at = route.point(share);
    if stage.frame.options.reduced {
        // The line turns solid and says what has come.
        let points = route.0.clone();
        let thing = travelling(one, "pulse", "pulse", at, 10.0).at(0.0, 0.0, 1.0);
        stage.put(thing, |pen| {
            pen.line(&points, Look::line(Token::Api, 4.0));
            pulse::draw(pen, &[at]);
        });
        let text = stage.text("stage-revision", &[("revision", revision.to_string().into())]);
        if one.role == Role::Lead {
            stage.note(&one.id("pulse"), (at.0 + 14.0, at.1), Anchor::Start, &text);
        }
        return;
    }
    let train: Vec<_> = [0.0, 22.0, 40.0]
        .iter()
        .map(|behind| route.point((share - behind / length).max(0.0)))
        .map(|(x, y)| (x - at.0, y - at.1))
        .collect();
    let draw = move |pen: &mut crate::scene::pen::Pen| pulse::draw(pen, &train);
    movers.push(Act::Pulse, to.to_string(), (travelling(one, "pulse", "pulse", at, 10.0), at), Box::new(draw));
}

/// The receiver's room lights up.
fn heard(stage: &mut Stage, one: &Shown, to: &Address) {
    let area = stage.layout.area_of(to);
    let thing = Thing::new(one.id("heard"), "heard", Layer::Moving, area).because(one.record.id).faint(one.opacity());
    stage.put(thing, |pen| {
        pen.rect(
            [area.x - 5.0, area.y - 5.0, area.w + 10.0, area.h + 10.0],
            13.0,
            Look::line(Token::Api, 4.0).faint(0.8),
        );
    });
}
