use super::*;
use crate::sim::{FactId, Time};
use motion::Motion;
use std::collections::{BTreeMap, BTreeSet};
use theme::Theme;

/// The three sizes of the stage: desktop, projector, phone.
const SIZES: [(f64, f64); 3] = [(760.0, 524.0), (724.0, 448.0), (390.0, 340.0)];

fn picture(view: &View, trace: &Trace<Fact>, pres_ms: f64, options: &Options, language: Language) -> DisplayList {
    told(view, trace, pres_ms, (SIZES[0], options), language)
}

/// A picture of what is being told, on a stage of a size.
fn told(
    view: &View,
    trace: &Trace<Fact>,
    pres_ms: f64,
    (size, options): ((f64, f64), &Options),
    language: Language,
) -> DisplayList {
    let (script, speed) = (&Script::of(trace), Speed::Adaptive);
    let layout = &layout::Layout::of(view, options.reduced);
    let camera = Camera::whole(size, layout);
    display_list(&Frame { view, trace, script, pres_ms, speed, layout, camera, language, options })
}

fn view_at(trace: &Trace<Fact>, pres_ms: f64) -> View {
    let mut view = testing::harbour(3, 4);
    view.t = Script::of(trace).pace.to_sim(pres_ms, Speed::Adaptive);
    view
}

fn end(trace: &Trace<Fact>) -> f64 {
    let last = trace.get(FactId(trace.len() - 1)).unwrap();
    Script::of(trace).pace.to_pres(last.at, Speed::Adaptive) + 2_000.0
}

#[test]
fn everything_that_moves_stems_from_a_fact() {
    let trace = testing::trace_of_a_deployment();
    let mut before: BTreeMap<String, (f64, f64)> = BTreeMap::new();
    let mut pres = 0.0;
    let mut moved = 0;
    while pres < end(&trace) {
        let list = picture(&view_at(&trace, pres), &trace, pres, &Options::default(), Language::En);
        for item in &list.items {
            let place = (item.area.x, item.area.y);
            if before.get(&item.id).is_some_and(|old| *old != place) {
                assert!(item.fact.is_some() || item.kind == "label", "{} moves without a fact", item.id);
                moved += 1;
            }
            if let Some(fact) = item.fact {
                let record = trace.get(fact).unwrap();
                assert!(record.at <= view_at(&trace, pres).t, "{} shows the future", item.id);
            }
        }
        before = list.items.into_iter().map(|item| (item.id, (item.area.x, item.area.y))).collect();
        pres += 40.0;
    }
    assert!(moved > 100, "only {moved}");
}

#[test]
fn everything_visible_that_happens_is_drawn() {
    let trace = testing::trace_of_a_deployment();
    for reduced in [false, true] {
        let options = Options { reduced, ..Options::default() };
        let mut drawn = BTreeSet::new();
        let mut pres = 0.0;
        while pres < end(&trace) {
            let list = picture(&view_at(&trace, pres), &trace, pres, &options, Language::En);
            drawn.extend(list.items.iter().filter_map(|item| item.fact));
            pres += 30.0;
        }
        for record in trace.range(0, trace.len()).filter(|record| Motion::of(&record.fact).is_some()) {
            assert!(drawn.contains(&record.id), "reduced {reduced}: {:?} is never drawn", record.fact);
        }
    }
}

#[test]
fn in_reduced_motion_nothing_changes_its_place_and_nothing_is_missing() {
    let trace = testing::trace_of_a_deployment();
    let options = Options { reduced: true, ..Options::default() };
    let mut before: BTreeMap<String, (f64, f64)> = BTreeMap::new();
    let mut pres = 0.0;
    let is_thing = |item: &display::Item| item.kind != "label";
    while pres < end(&trace) {
        let view = view_at(&trace, pres);
        let still = picture(&view, &trace, pres, &options, Language::Ko);
        let moving = picture(&view, &trace, pres, &Options::default(), Language::Ko);
        let ids = |list: &DisplayList| -> BTreeSet<FactId> { list.items.iter().filter_map(|item| item.fact).collect() };
        let missing: Vec<_> = ids(&moving).difference(&ids(&still)).copied().collect();
        assert_eq!(missing, [], "at {pres}");
        for item in still.items.iter().filter(|item| is_thing(item)) {
            let place = (item.area.x, item.area.y);
            assert!(before.get(&item.id).is_none_or(|old| *old == place), "{} moves at {pres}", item.id);
        }
        before = still.items.into_iter().map(|item| (item.id, (item.area.x, item.area.y))).collect();
        pres += 50.0;
    }
}

#[test]
fn labels_do_not_overlap_and_touch_targets_are_large_enough() {
    let [desktop, projector, phone] = SIZES;
    let sizes = [(desktop, 13.0), (projector, 15.0), (phone, 12.0), (svg::BEAT, 0.0)];
    let dials = Dial::ALL.map(|(_, dial)| dial);
    for (ships, (size, label_px)) in
        [1, 2, 3, 4, 8, 12, 60].into_iter().flat_map(|ships| sizes.map(|size| (ships, size)))
    {
        for (language, dial) in Language::ALL.into_iter().flat_map(|language| dials.map(|dial| (language, dial))) {
            let view = testing::harbour(ships, 6);
            let layout = layout::Layout::of(&view, false);
            let whole = Camera::whole(size, &layout);
            let phone = size.0 < 500.0;
            let camera = if phone { Camera::focus(size, &layout, Some((800.0, 600.0))) } else { whole };
            let label_px = if size == svg::BEAT { svg::names(&layout) } else { label_px };
            let options = Options { label_px, dial, ..Options::default() };
            let list = still(&view, &layout, camera, &options, language);
            let labels: Vec<_> = list.items.iter().filter(|item| item.kind == "label").collect();
            assert!(labels.len() > 4, "{ships} ships, {size:?}");
            for (i, label) in labels.iter().enumerate() {
                for other in &labels[i + 1..] {
                    let both = (&label.text, &other.text);
                    assert!(
                        !label.area.overlaps(&other.area),
                        "{ships} ships, {size:?}, {language:?} {dial:?}: {both:?}"
                    );
                }
            }
            for hit in list.items.iter().filter_map(|item| item.hit) {
                assert!(hit.w >= 24.0 && hit.h >= 24.0);
            }
        }
    }
}

#[test]
fn ids_are_unique_and_pods_can_be_touched() {
    let view = testing::harbour(3, 20);
    let trace = Trace::default();
    let list = picture(&view, &trace, 0.0, &Options::default(), Language::En);
    let mut seen = BTreeSet::new();
    for item in &list.items {
        assert!(seen.insert(item.id.clone()), "{} is there twice", item.id);
    }
    let pods = list.items.iter().filter(|item| item.kind == "pod").count();
    assert_eq!(pods, 62);
    // Twenty crates on a ship are too small for a finger: the stack is touched.
    let stack = list.get("stack/node-1").unwrap().area.middle();
    assert_eq!(list.hit(stack.0, stack.1).unwrap().kind, "stack");
    let few = testing::harbour(3, 4);
    let list = picture(&few, &trace, 0.0, &Options::default(), Language::En);
    for item in list.items.iter().filter(|item| item.kind == "pod" && item.id.contains("web")) {
        let (x, y) = item.area.middle();
        assert_eq!(list.hit(x, y).unwrap().id, item.id);
    }
}

/// Looks at a harbour of three ships at a size of the stage.
fn seen(view: &View, size: (f64, f64), options: &Options) -> DisplayList {
    let layout = layout::Layout::of(view, false);
    still(view, &layout, Camera::whole(size, &layout), options, Language::En)
}

#[test]
fn the_name_of_a_selected_crate_covers_no_cabin_and_no_mast() {
    for (size, ships) in [((760.0, 468.0), 3), ((724.0, 392.0), 3), ((760.0, 468.0), 8)] {
        let view = testing::harbour(ships, 7);
        let nodes = view.nodes.iter().filter(|node| !node.control_plane);
        for pod in nodes.flat_map(|node| &node.pods).map(|pod| pod.object.to_string()) {
            let options = Options { selected: Some(pod.clone()), ..Options::default() };
            let list = seen(&view, size, &options);
            let name = list.get(&format!("label/named/{pod}")).expect("it is named");
            let cabins = list.items.iter().filter(|item| matches!(item.kind, "kubelet" | "radio"));
            for cabin in cabins {
                assert!(!name.area.overlaps(&cabin.area), "{pod} at {size:?}: {:?} {:?}", name.text, cabin.id);
            }
        }
    }
}

#[test]
fn no_label_is_cut_by_the_edge_of_a_phones_stage() {
    let (size, mut whole) = ((390.0, 284.0), 0);
    for (ships, language) in [3, 12].into_iter().flat_map(|ships| Language::ALL.map(|language| (ships, language))) {
        let view = testing::harbour(ships, 6);
        let layout = layout::Layout::of(&view, false);
        for (x, y) in (0..=12).flat_map(|x| (0..=12).map(move |y| (f64::from(x) / 12.0, f64::from(y) / 12.0))) {
            let around = (x * layout.world.0, y * layout.world.1);
            let camera = Camera::focus(size, &layout, Some(around));
            let options = Options::default();
            let list = still(&view, &layout, camera, &options, language);
            let stage = display::Area::new(0.0, 0.0, size.0, size.1);
            for label in list.items.iter().filter(|item| item.kind == "label" && item.area.overlaps(&stage)) {
                let area = label.area;
                let inside = area.x >= 0.0 && area.y >= 0.0 && area.x + area.w <= size.0 && area.y + area.h <= size.1;
                assert!(inside, "{ships} ships, around {around:?}: {:?} {area:?}", label.text);
                whole += 1;
            }
        }
    }
    assert!(whole > 1000, "{whole} labels");
}

#[test]
fn the_registrys_name_stays_off_the_lane_to_the_ships() {
    for ships in [3, 8, 60, 200] {
        let view = testing::harbour(ships, 1);
        let layout = layout::Layout::of(&view, false);
        let list = seen(&view, (760.0, 468.0), &Options::default());
        let lane = Camera::whole((760.0, 468.0), &layout).place(&layout).point(layout.riser_x(), 0.0).0;
        let name: Vec<_> = list.items.iter().filter(|item| item.id.starts_with("label/registry")).collect();
        let told: Vec<_> = name.iter().filter_map(|line| line.text.as_deref()).collect();
        assert_eq!(told.join(" "), "Image registry");
        for line in name {
            assert!(line.area.x + line.area.w + 3.0 < lane, "{ships} ships: {:?}", line.text);
        }
    }
}

#[test]
fn what_kubectl_prints_and_the_new_revision_do_not_cover_each_other() {
    let trace = testing::trace_of_a_deployment();
    let mut both = 0;
    for revision in [471, 4711, 12_345, 1_234_567] {
        let mut pres = 0.0;
        while pres < end(&trace) {
            let view = View { revision, ..view_at(&trace, pres) };
            for language in Language::ALL {
                let list = picture(&view, &trace, pres, &Options::default(), language);
                let labels =
                    |start: &str| list.items.iter().filter(|item| item.id.starts_with(start)).collect::<Vec<_>>();
                let answers = labels("answer/");
                for (answer, told) in
                    answers.iter().flat_map(|a| labels("label/revision/").into_iter().map(move |r| (a, r)))
                {
                    assert!(!answer.area.overlaps(&told.area), "{:?} and {:?} at {pres}", answer.text, told.text);
                    both += 1;
                }
            }
            pres += 100.0;
        }
    }
    assert!(both > 0, "they are never there together");
}

#[test]
fn of_commands_that_follow_each_other_fast_the_latest_has_the_place_for_answers() {
    let mut trace = Trace::default();
    for (at, line) in [(1_000, "deployment.apps/web created"), (1_200, "deployment.apps/web configured")] {
        let lines = [line.into()].into();
        let answer = Fact::Answer { lines, refused: [].into(), warned: [].into(), dry_run: false };
        trace.note(Time::from_millis(at), None, answer);
    }
    let (mut told, mut pres) = (Vec::new(), 0.0);
    while pres < 8_000.0 {
        let list = picture(&view_at(&trace, pres), &trace, pres, &Options::default(), Language::En);
        let answers: Vec<_> = list.items.iter().filter(|item| item.kind == "answer").collect();
        assert!(answers.len() <= 1, "{} at {pres}", answers.len());
        told.extend(answers.into_iter().filter_map(|answer| answer.text.clone()));
        pres += 50.0;
    }
    told.dedup();
    assert_eq!(told, ["deployment.apps/web created", "deployment.apps/web configured"]);
}

#[test]
fn a_paused_picture_is_always_the_same() {
    let trace = testing::trace_of_a_deployment();
    let view = view_at(&trace, 3_000.0);
    let draw = || picture(&view, &trace, 3_000.0, &Options::default(), Language::Ko);
    assert_eq!(draw(), draw());
}

#[test]
fn the_picture_in_the_page_is_the_real_harbour() {
    let drawn = boot_picture();
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/boot/boot.svg");
    if std::env::var_os("BOTTLE_UPDATE").is_some() {
        std::fs::write(file, &drawn).unwrap();
    }
    let stored = std::fs::read_to_string(file).unwrap();
    assert!(stored == drawn, "assets/boot/boot.svg is old: run this test with BOTTLE_UPDATE=1");
}

/// The settled harbour without words, one pixel for a world unit.
fn boot_picture() -> String {
    let view = testing::harbour(3, 0);
    let layout = layout::Layout::of(&view, false);
    let camera = Camera::whole((1600.0, 1000.0), &layout);
    let options = Options { label_px: 0.0, ..Options::default() };
    let view = View { watches: Vec::new(), services: Vec::new(), ..view };
    svg::picture(&still(&view, &layout, camera, &options, Language::En))
}

/// Writes pictures of key moments to the folder that `BOTTLE_PICTURES` names.
#[test]
fn pictures_can_be_written() {
    let Some(folder) = std::env::var_os("BOTTLE_PICTURES") else { return };
    let write = |name: &str, list: &DisplayList, theme: Theme| {
        let path = std::path::Path::new(&folder).join(format!("{name}.svg"));
        let outlines = svg::Outlines::default();
        let sheet = svg::Sheet { title: name, theme, language: Language::En, outlines: &outlines };
        std::fs::write(path, svg::document(list, &sheet)).unwrap();
    };
    let trace = testing::trace_of_a_deployment();
    for (language, theme, name) in [(Language::Ko, Theme::Light, "ko-light"), (Language::En, Theme::Dark, "en-dark")] {
        for ships in [1, 3, 6, 12] {
            let mut view = testing::harbour(ships, 7);
            testing::decorate(&mut view);
            let list = large(&view, &Trace::default(), 0.0, language);
            write(&format!("settled-{ships}-{name}"), &list, theme);
        }
        let mut pres = 700.0;
        while pres < end(&trace) {
            let view = view_at(&trace, pres);
            write(&format!("story-{name}-{pres:05}"), &large(&view, &trace, pres, language), theme);
            pres += 900.0;
        }
        for (i, around) in [(300.0, 500.0), (1300.0, 600.0)].into_iter().enumerate() {
            let mut view = testing::harbour(3, 7);
            testing::decorate(&mut view);
            let layout = layout::Layout::of(&view, false);
            let camera = Camera::focus(SIZES[2], &layout, Some(around));
            let options = Options {
                label_px: 12.0,
                selected: Some("Pod/default/web-1-1".to_owned()),
                focused: Some("node/node-1".to_owned()),
                hovered: Some("Pod/default/web-0-2".to_owned()),
                ..Options::default()
            };
            write(&format!("phone-{i}-{name}"), &still(&view, &layout, camera, &options, language), theme);
        }
        write(&format!("gallery-{name}"), &gallery::sprites(1180.0, language), theme);
        write(&format!("statuses-{name}"), &gallery::statuses(1180.0, language), theme);
    }
}

fn large(view: &View, trace: &Trace<Fact>, pres_ms: f64, language: Language) -> DisplayList {
    let options = Options { label_px: 16.0, ..Options::default() };
    told(view, trace, pres_ms, ((1120.0, 700.0), &options), language)
}

/// A real run: an example applied to three ships. The history stands at its beginning; its future is known.
fn real(example: &str, seconds: i64) -> crate::cluster::History {
    let scenario = crate::cluster::boot::Scenario::named("three-ships").unwrap();
    let mut history = crate::cluster::boot::boot(&scenario, 42);
    let text = crate::examples::find(example).unwrap().text().to_owned();
    history.run_until(Time::from_secs(1));
    history.input(crate::cluster::input::Input::Apply { text, dry_run: false, create_namespaces: true });
    if example == "node-loss" {
        history.run_until(Time::from_secs(10));
        history.input(crate::cluster::input::Input::Kubelet { node: "node-1".to_owned(), stop: true });
    }
    history.run_until(Time::from_secs(seconds));
    history.seek(Time::ZERO);
    history
}

#[test]
fn a_real_deployment_is_told_in_a_minute() {
    let mut history = real("deployment", 30);
    let trace = history.trace().clone();
    let script = Script::of(&trace);
    history.run_until(Time::from_secs(29));
    let view = history.world().view();
    let ready = view.nodes.iter().flat_map(|node| &node.pods).filter(|pod| pod.ready).count();
    assert!(ready >= 5, "{ready} ready");
    let last = |record: &&crate::sim::Record<Fact>| matches!(record.fact, Fact::ContainerStarted { .. });
    let started = trace.range(0, trace.len()).rev().find(last).unwrap();
    let pres = script.pace.to_pres(started.at, Speed::Adaptive) / 1000.0;
    println!("all started at {} s, shown at {pres:.1} s", started.at.as_millis());
    if std::env::var_os("BOTTLE_PICTURES").is_some() {
        for caption in caption::between(&script.pace, &trace, (Time::ZERO, Time::from_secs(30)), Language::En) {
            let shown = script.pace.to_pres(caption.at, Speed::Adaptive) / 1000.0;
            println!("{shown:7.2} {:8} ms {}", caption.at.as_millis(), caption.text);
        }
    }
    assert!((10.0..60.0).contains(&pres), "{pres}");
}

/// Writes pictures of a real run to the folder that `BOTTLE_PICTURES` names: `BOTTLE_STORY=example:from:to:step`, in
/// seconds on the screen.
#[test]
fn pictures_of_a_real_run_can_be_written() {
    let Some(folder) = std::env::var_os("BOTTLE_PICTURES") else { return };
    let story = std::env::var("BOTTLE_STORY").unwrap_or_else(|_| "deployment:0.6:28:1.7".to_owned());
    let mut parts = story.split(':');
    let example = parts.next().unwrap().to_owned();
    let [from, to, step] = [0; 3].map(|_| parts.next().unwrap().parse::<f64>().unwrap() * 1000.0);
    let mut history = real(&example, 120);
    let trace = history.trace().clone();
    let script = Script::of(&trace);
    let mut pres = from;
    while pres < to {
        history.run_until(script.pace.to_sim(pres, Speed::Adaptive));
        let list = large(&history.world().view(), &trace, pres, Language::Ko);
        let path = std::path::Path::new(&folder).join(format!("real-{example}-{pres:06}.svg"));
        let outlines = svg::Outlines::default();
        let sheet = svg::Sheet { title: &example, theme: Theme::Light, language: Language::En, outlines: &outlines };
        std::fs::write(path, svg::document(&list, &sheet)).unwrap();
        pres += step;
    }
}

#[test]
fn a_ship_that_is_not_heard_of_lies_in_fog_and_is_replaced() {
    let mut history = real("node-loss", 420);
    let trace = history.trace().clone();
    let picture_at = |history: &mut crate::cluster::History, seconds: i64| {
        history.seek(Time::from_secs(seconds));
        let pres = Script::of(&trace).pace.to_pres(Time::from_secs(seconds), Speed::Adaptive);
        picture(&history.world().view(), &trace, pres, &Options::default(), Language::En)
    };
    // The captain has gone, but the control plane still believes in him.
    assert!(picture_at(&mut history, 30).get("fog/node-1").is_none());
    assert!(picture_at(&mut history, 90).get("fog/node-1").is_some());
    let ready = |list: &DisplayList, ship: &str| {
        let hull = list.get(ship).unwrap().area;
        let on = |item: &&display::Item| item.kind == "pod" && item.area.x >= hull.x && item.area.x < hull.x + hull.w;
        list.items.iter().filter(on).count()
    };
    let (before, after) = (picture_at(&mut history, 90), picture_at(&mut history, 415));
    let others = |list: &DisplayList| ready(list, "node/node-2") + ready(list, "node/node-3");
    assert!(others(&after) > others(&before), "{} then {}", others(&before), others(&after));
    assert!(after.items.iter().any(|item| item.kind == "pod" && item.id.starts_with("pod/")));
}

#[test]
fn a_busy_picture_of_twelve_ships_is_drawn_in_a_few_milliseconds() {
    let view = testing::harbour(12, 60);
    let mut trace = testing::trace_of_a_deployment();
    for n in 0..20_000i64 {
        let at = Time::from_micros(20_000_000 + n * 10);
        trace.note(at, None, Fact::PodAccepted { node: "node-7".into(), pod: testing::pod("web-6-3") });
    }
    let script = Script::of(&trace);
    let view = View { t: Time::from_millis(20_150), ..view };
    let layout = layout::Layout::of(&view, false);
    let camera = Camera::whole(SIZES[0], &layout);
    let options = Options::default();
    let speed = Speed::Adaptive;
    let pres_ms = script.pace.to_pres(view.t, speed) + 20.0;
    let language = Language::Ko;
    let frame = Frame {
        view: &view,
        trace: &trace,
        script: &script,
        pres_ms,
        speed,
        layout: &layout,
        camera,
        language,
        options: &options,
    };
    let began = std::time::Instant::now();
    let rounds = 5;
    for _ in 0..rounds {
        assert!(!display_list(&frame).items.is_empty());
    }
    let each = began.elapsed() / rounds;
    println!("{each:?} for a picture of {} things", display_list(&frame).items.len());
    // Without optimisation and beside other tests; in the browser it is a tenth of this.
    assert!(each.as_millis() < 250, "{each:?}");
}

#[test]
fn what_really_happens_is_drawn_when_it_happens() {
    for example in ["deployment", "crash-loop", "bad-image", "too-big", "probes", "init-container", "taints", "broken"]
    {
        let mut history = real(example, 25);
        let trace = history.trace().clone();
        let script = Script::of(&trace);
        let options = Options::default();
        let mut checked = 0;
        for record in trace.range(0, trace.len()).filter(|record| script.pace.role(record.id.0).is_some()) {
            history.run_until(record.at);
            let view = history.world().view();
            let pres_ms = script.pace.to_pres(record.at, Speed::Adaptive);
            let list = picture(&view, &trace, pres_ms, &options, Language::En);
            let call = |fact: &Fact| match fact {
                Fact::Requested { call, .. } | Fact::Gate { call, .. } | Fact::Answered { call, .. } => {
                    Some(format!("launch/{}/{}", call.from, call.id))
                }
                _ => None,
            };
            // A request is one launch, whichever of its facts it shows; many on one way are a bundle.
            let launch = call(&record.fact).is_some_and(|id| list.get(&id).is_some());
            let bundled = list.items.iter().any(|item| item.id.starts_with("label/bundle"));
            let shown = list.items.iter().any(|item| item.fact == Some(record.id));
            assert!(shown || launch || bundled, "{example}: {:?} at {:?} is not drawn", record.fact, record.at);
            checked += 1;
        }
        assert!(checked > 15, "{example}: {checked}");
    }
}

#[test]
fn flags_and_plates_are_those_of_one_attempt() {
    // Pods of one Deployment are tried within milliseconds: at real speed their lights would fall upon each other.
    let mut history = real("deployment", 10);
    let trace = history.trace().clone();
    let script = Script::of(&trace);
    let attempts = trace
        .range(0, trace.len())
        .filter(|record| matches!(record.fact, Fact::Attempted(_)) && record.at > Time::ZERO);
    let attempts: Vec<(FactId, Time)> = attempts.map(|record| (record.id, record.at)).collect();
    assert!(attempts.len() >= 3);
    for (id, at) in attempts {
        history.seek(at);
        let view = history.world().view();
        let layout = layout::Layout::of(&view, false);
        let camera = Camera::whole(SIZES[0], &layout);
        let (speed, language, options) = (Speed::Times(10.0), Language::En, &Options::default());
        let pres_ms = script.pace.to_pres(at, speed) + 1_000.0;
        let (view, script) = (&view, &script);
        let frame =
            Frame { view, trace: history.trace(), script, pres_ms, speed, layout: &layout, camera, language, options };
        let list = display_list(&frame);
        let said = list.items.iter().filter(|item| ["score-plate", "refusal-flag", "light-cone"].contains(&item.kind));
        let of: BTreeSet<Option<FactId>> = said.map(|item| item.fact).collect();
        assert_eq!(of, BTreeSet::from([Some(id)]), "at {at:?}");
    }
}
