//! What the hold shows beside its pods: room for more, and the name of the one that is selected.

use super::HOLD;
use crate::cluster::view::NodeView;
use crate::scene::display::{Anchor, Area, Layer, Look};
use crate::scene::labels::{PLAIN, shortened};
use crate::scene::stage::{Stage, Thing};
use crate::scene::theme::Token;

/// What has room for a pod.
pub(super) fn free(stage: &mut Stage, i: usize, area: Area, named: bool) {
    let thing = Thing::new(format!("free/{i}"), "free", Layer::Control, area);
    let outline = [area.x, area.y, area.w, area.h];
    stage.put(thing, |pen| pen.rect(outline, 4.0, Look::line(Token::Ink2, 2.5).dashed(7.0, 9.0).faint(0.45)));
    if named {
        let (text, size) = (stage.text("deck-free", &[]), stage.frame.options.label_px);
        let (x, y) = stage.place.area(area).middle();
        stage.write(&format!("free/{i}"), (x, y + 0.35 * size), &text, (Anchor::Middle, Look::fill(Token::Ink2)));
    }
}

/// Closed crates have no room for names: that of the selected one stands beside the hold's.
pub(super) fn chosen(stage: &mut Stage, node: &NodeView, taken: f64) {
    let selected = stage.frame.options.selected.as_deref();
    let pod = node.pods.iter().find(|pod| selected == Some(&*pod.object.to_string()));
    let Some(pod) = pod else { return };
    let (size, hold) = (stage.frame.options.label_px, stage.place.area(Area::new(HOLD[0], HOLD[1], HOLD[2], HOLD[3])));
    let text = format!("{} {}", pod.object.key.name, pod.status);
    let shown = shortened(&text, size, hold.w - taken - 20.0 - 2.0 * size);
    let at = (hold.x + hold.w - 10.0, hold.y + 1.5 * size);
    stage.write("chosen", at, &shown, (Anchor::End, Look { line: None, ..PLAIN }));
}
