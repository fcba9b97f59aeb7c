//! The lanterns of the controllers and of the scheduler: each has a lease, and whoever holds it leads.

use super::display::{Area, Layer};
use super::sprites::signs;
use super::stage::{Stage, Thing};
use crate::cluster::timing::LEADER_RETRY;
use crate::cluster::wire::Address;

/// Draws a lantern on the roof of each room whose lease somebody has held. It burns while the lease lasts; a ring says how
/// long that is when it is no longer renewed.
pub fn draw(stage: &mut Stage) {
    for (who, renewed, until) in &stage.frame.view.leaders {
        let room = stage.layout.area_of(who);
        let (x, y) = (room.x + if *who == Address::Scheduler { 20.0 } else { 22.0 }, room.y);
        let left = if *until > stage.t { until.since(stage.t).as_secs_f64() } else { 0.0 };
        let burns = left > 0.0;
        let says =
            stage.text(if burns { "stage-leader" } else { "stage-no-leader" }, &[("process", who.to_string().into())]);
        let thing =
            Thing::new(format!("lantern/{who}"), "lantern", Layer::Control, Area::new(x - 9.0, y - 26.0, 18.0, 26.0));
        stage.put(thing.at(x, y, 1.0).says(says), |pen| signs::lantern(pen, burns));
        // It has just been renewed.
        if burns && *renewed <= stage.t && stage.t < *renewed + LEADER_RETRY / 5 {
            let area = Area::new(x - 18.0, y - 28.0, 36.0, 28.0);
            let rays = Thing::new(format!("renewal/{who}"), "renewal", Layer::Control, area).at(x, y, 1.0);
            stage.put(rays, signs::rays);
        }
        // It has missed one renewal.
        if burns && *renewed + 2 * LEADER_RETRY < stage.t {
            let seconds = format!("{:.0}", left.ceil());
            let share = left / until.since(*renewed).as_secs_f64();
            let area = Area::around(x - 26.0, y - 12.0, 18.0);
            let ring = Thing::new(format!("lease/{who}"), "ring", Layer::Control, area).at(x - 26.0, y - 12.0, 0.8);
            stage.put(ring.says(seconds.clone()), |pen| signs::ring(pen, share, &seconds));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::cluster::boot::{Scenario, boot};
    use crate::cluster::wire::Address;
    use crate::i18n::Language;
    use crate::scene::layout::Layout;
    use crate::scene::{Camera, Options, still, testing};
    use crate::sim::Time;

    #[test]
    fn a_lantern_burns_while_its_lease_lasts_and_a_ring_says_how_long() {
        let mut view = testing::harbour(3, 0);
        view.leaders = vec![(Address::Scheduler, Time::ZERO, Time::from_secs(15))];
        let mut at = |seconds: i64| {
            view.t = Time::from_secs(seconds);
            let layout = Layout::of(&view, false);
            let camera = Camera::whole((1440.0, 900.0), &layout);
            let list = still(&view, &layout, camera, &Options::default(), Language::En);
            let of = |kind: &str| list.items.iter().find(|item| item.kind == kind).and_then(|item| item.text.clone());
            (of("lantern").map(|says| says.contains("holds")), of("ring"))
        };
        assert_eq!(at(2), (Some(true), None));
        assert_eq!(at(9), (Some(true), Some("6".into())));
        assert_eq!(at(20), (Some(false), None));
    }

    #[test]
    fn each_renewal_makes_its_lantern_flare_up() {
        let mut history = boot(&Scenario::named("three-ships").unwrap(), 42);
        let mut flared = Vec::new();
        for tenth in 0..100 {
            history.run_until(Time::from_millis(100 * tenth));
            let view = history.world().view();
            let layout = Layout::of(&view, false);
            let camera = Camera::whole((1440.0, 900.0), &layout);
            let list = still(&view, &layout, camera, &Options::default(), Language::En);
            flared.push(list.items.iter().any(|item| item.id == format!("renewal/{}", Address::Scheduler)));
        }
        let times = flared.windows(2).filter(|two| !two[0] && two[1]).count();
        assert!((4..=5).contains(&times), "once in two seconds: {flared:?}");
    }

    #[test]
    fn in_a_settled_harbour_both_lanterns_burn() {
        let history = boot(&Scenario::named("three-ships").unwrap(), 42);
        let view = history.world().view();
        let who: Vec<_> = view.leaders.iter().filter(|(_, _, until)| *until > view.t).map(|(who, ..)| who).collect();
        assert_eq!(who, [&Address::ControllerManager, &Address::Scheduler]);
    }
}
