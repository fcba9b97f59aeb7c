//! Rollouts: how far each workload has come from one revision to the next, and within which bounds.

use super::display::{Anchor, Area, Layer};
use super::labels::width;
use super::sprites::tally;
use super::stage::{Stage, Thing};
use crate::cluster::view::Rollout;
use crate::i18n::Arg;

/// So many are shown beside each other.
const SHOWN: usize = 3;
/// Between a tally and its line, and between two.
const GAP: f64 = 24.0;

/// Draws the tallies, each with a line beside it that says the same in numbers.
pub fn draw(stage: &mut Stage) {
    let view = stage.frame.view;
    let shown = &view.rollouts[..view.rollouts.len().min(SHOWN)];
    let place = stage.layout.tallies();
    #[expect(clippy::cast_precision_loss, reason = "at most three")]
    let each = place.w / shown.len().max(1) as f64 - GAP;
    let mut left = place.x + GAP / 2.0;
    for rollout in shown {
        one(stage, rollout, Area { x: left, w: each, ..place });
        left += each + GAP;
    }
}

#[inline(never)]
fn one(stage: &mut Stage, rollout: &Rollout, place: Area) {
    let workload = &stage.frame.view.workloads[rollout.workload];
    let numbers: [(&str, Arg); 5] = [
        ("name", (&*workload.key.name).into()),
        ("available", (rollout.new.0 + rollout.old.0).into()),
        ("least", rollout.least.into()),
        ("all", (rollout.new.0 + rollout.new.1 + rollout.old.0 + rollout.old.1).into()),
        ("most", rollout.most.into()),
    ];
    let says = stage.text("stage-rollout", &numbers);
    let (size, scale) = (stage.frame.options.label_px, stage.place.scale);
    let natural = tally::width(rollout, place.w);
    // Where the sentence has no room beside the crates, its numbers alone; and where those have none, none.
    let fits = |text: &str, crates: f64| crates + GAP + width(text, size) / scale <= place.w;
    let short = stage.text("stage-rollout-short", &numbers);
    let beside = match () {
        () if fits(&says, natural) => says.clone(),
        () if fits(&short, natural.min(0.4 * place.w)) => short,
        () => String::new(),
    };
    let words = if beside.is_empty() { 0.0 } else { GAP + width(&beside, size) / scale };
    let wide = tally::width(rollout, place.w - words);
    let x = place.x + (place.w - wide - words) / 2.0;
    let y = place.y + (place.h - tally::HEIGHT) / 2.0;
    let area = Area::new(x - 6.0, y, wide + 12.0, tally::HEIGHT);
    let layer = Layer::Water(stage.layout.rows() - 1);
    let thing = Thing::new(format!("rollout/{workload}"), "rollout", layer, area).at(x, y + tally::ABOVE, 1.0);
    let hue = stage.frame.options.groups.of_workload(rollout.workload);
    stage.put(thing.of(workload).says(says).touched(), |pen| tally::draw(pen, rollout, hue, place.w - words));
    let at = (x + wide + GAP, y + tally::HEIGHT / 2.0 + 0.35 * size / scale);
    stage.label(&format!("rollout/{workload}"), at, Anchor::Start, &beside);
}

#[cfg(test)]
mod tests {
    use crate::api::kinds;
    use crate::api::object::ObjectRef;
    use crate::cluster::view::{Rollout, View};
    use crate::i18n::Language;
    use crate::scene::display::{Area, Item};
    use crate::scene::layout::Layout;
    use crate::scene::{Camera, Options, still, testing};

    fn picture(view: &View, size: (f64, f64), language: Language) -> Vec<Item> {
        let layout = Layout::of(view, false);
        still(view, &layout, Camera::whole(size, &layout), &Options::default(), language).items
    }

    fn with(ships: usize, rollouts: &[Rollout]) -> View {
        let mut view = testing::harbour(ships, 3);
        testing::decorate(&mut view);
        view.workloads = ["web", "shop"].map(|name| ObjectRef::new(&kinds::deployment::KIND, "default", name)).to_vec();
        view.rollouts = rollouts.to_vec();
        view
    }

    /// What a tally and its line may not cover.
    const SOLID: [&str; 10] =
        ["ship", "pod", "ghost", "kubelet", "queue-board", "service", "lighthouse", "hut", "registry", "control-ship"];

    /// All that lies on a tally or on its line, by name.
    fn covered(items: &[Item]) -> Vec<(&str, &str)> {
        let own = |item: &&Item| item.kind == "rollout" || item.id.starts_with("label/rollout");
        let blocks = |item: &&Item| SOLID.contains(&item.kind) || item.kind == "label" && !own(item);
        let on = |own: &Item| {
            let (area, id) = (own.area, own.id.clone());
            items.iter().filter(blocks).filter(move |item| item.area.overlaps(&area) && item.id != id)
        };
        items.iter().filter(own).flat_map(|own| on(own).map(|other| (&*own.id, &*other.id))).collect()
    }

    #[test]
    fn a_tally_covers_nothing_and_lies_on_the_stage() {
        let one = Rollout { least: 3, most: 4, new: (1, 1), old: (2, 0), ..Rollout::default() };
        let many = Rollout { workload: 1, least: 75, most: 125, new: (40, 20), old: (44, 0) };
        let sizes = [((760.0, 476.0), Language::En), ((760.0, 476.0), Language::Ko), ((390.0, 300.0), Language::Ko)];
        for ships in [1, 3, 4, 8, 12, 40] {
            for (size, language) in sizes {
                let items = picture(&with(ships, &[one.clone(), many.clone()]), size, language);
                assert_eq!(covered(&items), [], "{ships} ships, {size:?}");
                let inside = Area::new(0.0, 0.0, size.0, size.1);
                let tallies: Vec<_> =
                    items.iter().filter(|item| item.kind == "rollout").map(|item| item.area).collect();
                let ends =
                    |area: &Area| inside.contains(area.x, area.y) && inside.contains(area.x + area.w, area.y + area.h);
                assert!(tallies.len() == 2 && tallies.iter().all(ends), "{ships} ships: {tallies:?}");
            }
        }
    }

    #[test]
    fn a_tally_says_in_numbers_what_it_shows() {
        let one = Rollout { least: 3, most: 4, new: (1, 1), old: (2, 0), ..Rollout::default() };
        let items = picture(&with(3, &[one]), (760.0, 476.0), Language::En);
        let said = items.iter().find(|item| item.id.starts_with("label/rollout")).and_then(|item| item.text.clone());
        assert!(said.is_some_and(|said| said.ends_with("3 available, at least 3 · 4 in all, at most 4")));
        assert!(!picture(&with(3, &[]), (760.0, 476.0), Language::En).iter().any(|item| item.kind == "rollout"));
    }
}
