//! The detail levels: what a deck, a basin and a fleet show.

use super::colours::{Colours, Groups};
use super::display::Form;
use super::layout::{Layout, Level};
use super::*;
use crate::sim::FactId;

const SIZE: (f64, f64) = (760.0, 476.0);

fn shown(view: &View, layout: &Layout, camera: Camera, options: &Options) -> DisplayList {
    let trace = testing::trace_of_a_deployment();
    let script = Script::of(&trace);
    let speed = Speed::Adaptive;
    let frame = Frame {
        view,
        trace: &trace,
        script: &script,
        pres_ms: 0.0,
        speed,
        layout,
        camera,
        language: Language::En,
        options,
    };
    display_list(&frame)
}

fn zoned(ships: usize, pods: usize) -> View {
    let mut view = testing::harbour(ships, pods);
    testing::decorate(&mut view);
    for (place, node) in view.nodes.iter_mut().enumerate() {
        node.zone = ["zone-a", "zone-b", "zone-c"][place % 3].into();
    }
    view
}

/// The picture, looked at so closely that a square is `side` pixels wide, around the first.
fn close(view: &View, side: f64, options: &Options) -> DisplayList {
    let layout = Layout::of(view, false);
    let field = layout.field.as_ref().expect("there");
    let whole = Camera::whole(SIZE, &layout);
    let zoom = side / (field.pitch * whole.scale(&layout));
    let centre = if zoom > 1.01 { field.square(0).middle() } else { whole.centre };
    shown(view, &layout, Camera { centre, zoom, ..whole }, options)
}

#[test]
fn thirteen_ships_are_a_basin_and_hundreds_a_fleet() {
    for (ships, level) in [(12, Level::Harbour), (13, Level::Basin), (150, Level::Basin), (151, Level::Fleet)] {
        assert_eq!(Layout::of(&testing::harbour(ships, 0), false).level, level);
    }
}

#[test]
fn a_square_shows_more_the_nearer_it_is() {
    let view = zoned(60, 20);
    let options = Options::default();
    let kinds = |side: f64, kind: &str| close(&view, side, &options).items.iter().filter(|i| i.kind == kind).count();
    assert_eq!((kinds(20.0, "hull"), kinds(20.0, "field")), (0, 1), "tiles");
    assert!(kinds(60.0, "hull") >= 12 && kinds(60.0, "field") == 1, "hulls with pixels");
    let near = close(&view, 500.0, &options);
    assert!(near.items.iter().filter(|item| item.kind == "pod").count() >= 20, "crates");
    let small = |item: &&display::Item| item.hit.is_some_and(|hit| hit.w < 23.9 || hit.h < 23.9);
    for side in [5.0, 23.0, 30.0, 80.0, 500.0] {
        let list = close(&view, side, &options);
        assert_eq!(list.items.iter().find(small).map(|item| &item.id), None, "at {side} pixels");
    }
}

#[test]
fn far_away_the_field_is_one_thing_that_is_touched_and_the_selected_ship_still_has_its_ring() {
    let view = zoned(1000, 3);
    let name = format!("Node//{}", view.nodes[700].name);
    let options = Options { selected: Some(name.clone()), ..Options::default() };
    let layout = Layout::of(&view, false);
    let list = shown(&view, &layout, Camera::whole(SIZE, &layout), &options);
    assert!(list.get("fleet").is_some_and(|fleet| fleet.hit.is_some() && fleet.text.is_some()));
    assert!(list.of(&name).is_some() && list.get("ring/selected").is_some());
    assert!(list.items.len() < 120, "{} things", list.items.len());
}

#[test]
fn what_a_search_has_not_found_is_faint() {
    let view = zoned(60, 5);
    let mut found = Found::default();
    found.nodes.insert(view.nodes[1].name.clone());
    let options = Options { found: Some(Rc::new(found)), ..Options::default() };
    let list = close(&view, 60.0, &options);
    let opacity = |place: usize| list.get(&format!("hull/{}", view.nodes[place].name)).map(|item| item.opacity);
    assert_eq!(
        list.items.iter().filter(|item| item.kind == "hull" && item.opacity < 1.0).count() + 1,
        list.items.iter().filter(|item| item.kind == "hull").count()
    );
    assert!(opacity(1).is_none_or(|opacity| opacity > 0.9));
    let raster = |options: &Options| {
        let list = close(&view, 30.0, options);
        let field = list.get("field").and_then(|field| field.shapes.first().cloned()).expect("there");
        let Form::Pixels(_, raster) = field.form else { panic!("pixels") };
        raster.cells.iter().filter_map(|cell| raster::read(*cell)).filter(|(_, faint)| *faint).count()
    };
    assert_eq!(raster(&Options::default()), 0);
    assert!(raster(&options) > 1000);
}

#[test]
fn a_ship_that_is_not_ready_is_crossed_out() {
    let mut view = zoned(300, 2);
    let crossed = |view: &View| {
        let list = close(view, 20.0, &Options::default());
        let Form::Pixels(_, raster) = &list.get("field").expect("there").shapes[0].form else { panic!("pixels") };
        raster
            .cells
            .iter()
            .filter(|cell| raster::read(**cell).is_some_and(|(token, _)| token == theme::Token::Error))
            .count()
    };
    let before = crossed(&view);
    for node in view.nodes.iter_mut().filter(|node| &*node.zone == "zone-b") {
        node.readiness = crate::cluster::view::Readiness::Unknown;
    }
    assert!(crossed(&view) > before);
}

#[test]
fn a_deck_shows_every_pod_with_its_containers_and_the_runtimes_calls() {
    for pods in [0, 1, 4, 12, 110] {
        let mut view = testing::harbour(3, pods);
        view.t = crate::sim::Time::from_secs(40);
        view.nodes[2].pods.truncate(pods);
        let layout = Layout::deck(&view, 2);
        let trace = testing::trace_of_a_deployment();
        let script = Script::of(&trace);
        let end = script.pace.to_pres(trace.get(FactId(trace.len() - 1)).expect("there").at, Speed::Adaptive);
        let options = Options::default();
        let frame = Frame {
            view: &view,
            trace: &trace,
            script: &script,
            pres_ms: end,
            speed: Speed::Adaptive,
            layout: &layout,
            camera: Camera::whole(SIZE, &layout),
            language: Language::Ko,
            options: &options,
        };
        let list = display_list(&frame);
        assert_eq!(list.items.iter().filter(|item| item.kind == "pod").count(), pods);
        let says = |words: &str| list.items.iter().any(|item| item.text.as_deref().is_some_and(|t| t.contains(words)));
        assert!(says("StartContainer") && says("exit 1"), "{pods} pods");
        if pods == 1 {
            assert!(says("main") && says("web:1"));
        }
        for label in list.items.iter().filter(|item| item.kind == "label") {
            let inside = label.area.x >= 0.0 && label.area.x + label.area.w <= SIZE.0;
            assert!(inside, "{pods} pods: {:?} is cut", label.text);
        }
    }
}

/// The deck of a ship with so many pods, of which one is selected.
fn deck(pods: usize, most: i64, selected: Option<usize>) -> (View, DisplayList) {
    let mut view = testing::harbour(3, pods);
    view.nodes[2].pods.truncate(pods);
    view.nodes[2].allocatable.pods = most;
    let selected = selected.map(|pod| view.nodes[2].pods[pod].object.to_string());
    let options = Options { selected, ..Options::default() };
    let layout = Layout::deck(&view, 2);
    let list = shown(&view, &layout, Camera::whole(SIZE, &layout), &options);
    (view, list)
}

#[test]
fn a_deck_shows_no_more_free_places_than_there_are() {
    let free = |pods: usize, most: i64| {
        let (_, list) = deck(pods, most, None);
        list.items.iter().filter(|item| item.kind == "free").count()
    };
    assert_eq!([free(0, 110), free(1, 110), free(4, 110), free(12, 110)], [3, 2, 2, 0]);
    assert_eq!([free(20, 110), free(110, 110)], [68, 0]);
    assert_eq!([free(1, 1), free(1, 2), free(20, 21)], [0, 1, 1]);
}

#[test]
fn on_a_deck_the_selected_pods_name_covers_nothing() {
    for pods in [1, 2, 5, 12, 20, 110] {
        for pod in [0, pods / 2, pods - 1] {
            let (view, list) = deck(pods, 110, Some(pod));
            let name = &view.nodes[2].pods[pod].object.key.name;
            let labels: Vec<_> = list.items.iter().filter(|item| item.kind == "label").collect();
            let named: Vec<_> =
                labels.iter().filter(|l| l.text.as_ref().is_some_and(|t| t.contains(&**name))).collect();
            assert!(!named.is_empty(), "{pods} pods: {name} is named");
            for label in named {
                let covered = labels.iter().find(|other| other.id != label.id && other.area.overlaps(&label.area));
                assert_eq!(covered.map(|other| &other.text), None, "{pods} pods: {:?} covers it", label.text);
            }
        }
    }
}

#[test]
fn five_thousand_ships_with_all_their_pods_are_few_things() {
    let view = zoned(5000, 30);
    let options = Options { groups: Groups::of(&view, Colours::Status), ..Options::default() };
    let layout = Layout::of(&view, false);
    let list = shown(&view, &layout, Camera::whole(SIZE, &layout), &options);
    assert!(list.items.len() < 200, "{} things", list.items.len());
}

#[test]
fn between_squares_and_between_their_pods_all_gaps_are_alike() {
    let view = zoned(300, 60);
    let gaps = |side: f64| {
        let list = close(&view, side, &Options::default());
        let field = list.items.iter().find(|item| item.kind == "field").expect("there");
        let raster = field.shapes.iter().find_map(|shape| match &shape.form {
            Form::Pixels(_, raster) => Some(raster.clone()),
            _ => None,
        });
        let raster = raster.expect("there");
        let row = |at: usize| &raster.cells[at * raster.width..(at + 1) * raster.width];
        // Between the first thing of the fullest row and its last; the alleys between zones are wider.
        let fullest = (0..raster.height).max_by_key(|at| row(*at).chunk_by(|a, b| (*a == 0) == (*b == 0)).count());
        let runs: Vec<_> = row(fullest.expect("rows")).chunk_by(|a, b| (*a == 0) == (*b == 0)).collect();
        let gaps = runs[1..runs.len() - 1].iter().filter(|run| run[0] == 0).map(|run| run.len()).filter(|gap| *gap < 6);
        gaps.collect::<std::collections::BTreeSet<_>>()
    };
    for side in [7.3, 8.6, 9.1, 11.7, 13.4] {
        assert_eq!(gaps(side).len(), 1, "{side}: {:?}", gaps(side));
    }
}

#[test]
fn a_program_in_a_container_works_at_its_own_crate_or_where_its_ship_is() {
    let trace = testing::trace_of_programs();
    let script = Script::of(&trace);
    let at = |view: &View, fact: u64, kind: &str| {
        let layout = Layout::of(view, false);
        let record = trace.get(FactId(fact)).expect("there");
        let pres_ms = script.pace.to_pres(record.at, Speed::Adaptive) + 10.0;
        let frame = Frame {
            view: &View { t: script.pace.to_sim(pres_ms, Speed::Adaptive), ..view.clone() },
            trace: &trace,
            script: &script,
            pres_ms,
            speed: Speed::Adaptive,
            layout: &layout,
            camera: Camera::whole(SIZE, &layout),
            language: Language::En,
            options: &Options::default(),
        };
        let list = display_list(&frame);
        let place = |item: &display::Item| item.area.middle();
        let shown = list.items.iter().find(|item| item.kind == kind && item.fact == Some(FactId(fact)));
        let crate_ = list.of("Pod/default/web-1-1").map(place);
        let rooms = ["controllers", "window"].map(|room| list.items.iter().any(|i| i.kind == room && i.fact.is_some()));
        assert_eq!(rooms, [false, false], "it is none of the controllers' windows");
        (shown.map(place).expect("it is drawn"), crate_)
    };
    let near = |(x, y): (f64, f64), (a, b): (f64, f64)| (x - a).abs() < 1.0 && (y - b).abs() < 1.0;
    let aboard = testing::harbour(3, 4);
    for (fact, kind) in [(0, "program"), (1, "ring")] {
        let (place, crate_) = at(&aboard, fact, kind);
        assert!(near(place, crate_.expect("its crate")), "{kind}: {place:?}, {crate_:?}");
    }
    // Its pod has gone meanwhile: what it did is told at the ship.
    let mut gone = testing::harbour(3, 4);
    gone.nodes[2].pods.clear();
    let (place, crate_) = at(&gone, 0, "program");
    let hull = Layout::of(&gone, false).area_of(&crate::cluster::wire::Address::Runtime("node-2".into()));
    let layout = Layout::of(&gone, false);
    let engine = Camera::whole(SIZE, &layout).place(&layout).area(hull).middle();
    assert!(crate_.is_none() && near(place, engine), "{place:?}, {engine:?}");
}
