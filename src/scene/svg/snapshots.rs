//! What everything looks like, as files: each sprite and status, each motion at five phases, each level.
//!
//! A file shows both themes: its colours follow the viewer's, so that it can be opened in a browser. When a picture has
//! changed, its test writes the new one into `target/snapshots`: look at both, and run the test with `BOTTLE_UPDATE=1`
//! if the new one is right.

use super::{Colours, Outlines, Sheet, body, number};
use crate::cluster::fact::{AttemptResult, Fact};
use crate::cluster::view::View;
use crate::cluster::wire::Address;
use crate::i18n::Language;
use crate::scene::camera::Camera;
use crate::scene::display::{Anchor, Area, DisplayList, Words};
use crate::scene::layout::{Layout, Level};
use crate::scene::motion::{Act, Motion};
use crate::scene::pace::Speed;
use crate::scene::script::Script;
use crate::scene::theme::{Theme, Token};
use crate::scene::{Dial, Frame, Options, Truth, attention, display_list, gallery, labels, still, testing};
use crate::sim::{Record, Trace};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::Path;

/// How far a motion has come.
const PHASES: [f64; 5] = [0.0, 0.25, 0.5, 0.75, 0.98];
/// The stage of a laptop.
const STAGE: (f64, f64) = (760.0, 524.0);
/// One phase of a motion, and how near it looks.
const CELL: (f64, f64) = (344.0, 224.0);
const NEAR: f64 = 1.6;

/// The colours of both themes.
fn palette() -> String {
    let values = |theme| {
        Token::ALL.iter().fold(String::new(), |out, token| out + "--" + token.name() + ":" + token.hex(theme) + ";")
    };
    let (light, dark) = (values(Theme::Light), values(Theme::Dark));
    format!("<style>svg{{{light}background:var(--bg)}}@media(prefers-color-scheme:dark){{svg{{{dark}}}}}</style>\n")
}

/// Parts of pictures side by side, one line for each thing.
fn strip(parts: &[(DisplayList, Area)]) -> String {
    let wide: f64 = parts.iter().map(|(_, area)| area.w).sum();
    let high = parts.iter().map(|(_, area)| area.h).fold(0.0, f64::max);
    let size = |w: f64, h: f64| format!("width=\"{}\" height=\"{}\"", number(w), number(h));
    let mut out = format!("<svg xmlns=\"http://www.w3.org/2000/svg\" {}>\n{}", size(wide, high), palette());
    let mut left = 0.0;
    for (list, area) in parts {
        let [x, y, w, h] = [area.x, area.y, area.w, area.h].map(number);
        let _ = write!(out, "<svg x=\"{}\" {} viewBox=\"{x} {y} {w} {h}\">", number(left), size(area.w, area.h));
        out += &body(list, Colours::Page);
        out += "</svg>\n";
        left += area.w;
    }
    out + "</svg>\n"
}

fn whole(list: DisplayList) -> (DisplayList, Area) {
    let area = Area::new(0.0, 0.0, list.width, list.height);
    (list, area)
}

/// Compares pictures with the files of their names, and the files with the pictures: none may be left over.
fn compare(family: &str, pictures: &BTreeMap<String, String>) {
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots").join(family);
    let new = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/snapshots").join(family);
    let update = std::env::var_os("BOTTLE_UPDATE").is_some();
    let mut wrong = Vec::new();
    for (name, picture) in pictures {
        let file = kept.join(format!("{name}.svg"));
        if std::fs::read_to_string(&file).is_ok_and(|old| old == *picture) {
            continue;
        }
        let folder = if update { &kept } else { &new };
        std::fs::create_dir_all(folder).expect("a folder for pictures");
        std::fs::write(folder.join(format!("{name}.svg")), picture).expect("a picture is written");
        wrong.push(name.clone());
    }
    let files = std::fs::read_dir(&kept).into_iter().flatten().flatten();
    let files = files.map(|file| file.file_name().to_string_lossy().trim_end_matches(".svg").to_owned());
    wrong.extend(
        files.filter(|name| !pictures.contains_key(name)).map(|name| format!("{name} (no such picture any more)")),
    );
    assert!(update || wrong.is_empty(), "these look different, see target/snapshots/{family}: {wrong:?}");
}

#[test]
fn each_sprite_and_each_status() {
    let mut pictures: BTreeMap<String, String> = BTreeMap::new();
    for (sheet, of) in
        [(gallery::sprites(168.0, Language::En), "sprite"), (gallery::statuses(168.0, Language::En), "status")]
    {
        for item in &sheet.items {
            let one = DisplayList { items: vec![item.clone()], ..sheet.clone() };
            let name = format!("{of}-{}", item.kind.trim_start_matches("status-"));
            let again = pictures.keys().filter(|other| other.starts_with(&name)).count();
            let name = if item.kind == "workload" { format!("{name}-{again}") } else { name };
            assert!(pictures.insert(name, strip(&[(one, item.area)])).is_none(), "two of {}", item.kind);
        }
    }
    compare("sprites", &pictures);
}

/// A fact's name among the motions: its act, the fact's own, and what tells it from others of the name.
fn name(act: Act, fact: &Fact) -> String {
    let fact_name: String = format!("{fact:?}").chars().take_while(char::is_ascii_alphanumeric).collect();
    let more = match fact {
        Fact::Gate { refused: Some(_), .. } => "-refused",
        Fact::Attempted(attempt) if !matches!(attempt.result, AttemptResult::Chosen(_)) => "-in-vain",
        Fact::Pulled { cached: true, .. } => "-cached",
        Fact::Probed { ok: false, .. } | Fact::ContainerExited { code: 1.., .. } => "-failed",
        Fact::ManifestRead { error, .. } if !error.is_empty() => "-refused",
        Fact::Reconciled { by: Address::Sidecar(..), .. } | Fact::Retried { by: Address::Sidecar(..), .. } => {
            "-program"
        }
        _ => "",
    };
    format!("{act:?}-{fact_name}{more}").to_lowercase()
}

/// What a motion alone adds to the harbour, at its five phases.
fn phases(trace: &Trace<Fact>, script: &Script, record: &Record<Fact>, motion: Motion) -> Vec<(DisplayList, Area)> {
    let begin = script.pace.to_pres(record.at, Speed::Adaptive);
    let phase = |share: f64| {
        let pres_ms = begin + motion.takes_ms * share;
        let mut view = testing::harbour(3, 4);
        view.t = script.pace.to_sim(pres_ms, Speed::Adaptive);
        let layout = Layout::of(&view, false);
        let centre = attention::of(&layout, &record.fact).expect("a place");
        let options = Options { ambient: false, ..Options::default() };
        let camera = Camera { centre, zoom: NEAR, ..Camera::whole(CELL, &layout) };
        let frame = Frame {
            view: &view,
            trace,
            script,
            pres_ms,
            speed: Speed::Adaptive,
            layout: &layout,
            camera,
            language: Language::En,
            options: &options,
        };
        let mut list = display_list(&frame);
        let says = format!("note/{}", record.id.0);
        list.items.retain(|item| item.fact == Some(record.id) || item.id.ends_with(&says));
        whole(list)
    };
    PHASES.map(phase).into()
}

#[test]
fn each_motion_at_five_phases() {
    let mut pictures = BTreeMap::new();
    let mut acts = BTreeSet::new();
    for trace in [testing::trace_of_a_deployment(), testing::trace_of_trouble(), testing::trace_of_programs()] {
        let script = Script::of(&trace);
        for record in trace.range(0, trace.len()) {
            let Some(motion) = Motion::of(&record.fact) else { continue };
            let name = name(motion.act, &record.fact);
            if pictures.contains_key(&name) {
                continue;
            }
            let strips = phases(&trace, &script, record, motion);
            let drawn = strips.iter().map(|(list, _)| list).filter(|list| !list.items.is_empty()).count();
            assert!(drawn > 0, "{name} is not to be seen at any phase");
            acts.insert(motion.act);
            pictures.insert(name, strip(&strips));
        }
    }
    let last = Act::Sign as usize;
    assert_eq!(acts.len(), last + 1, "an act is in no trace: {acts:?}");
    compare("motions", &pictures);
}

fn level(view: &View, layout: &Layout, zoom: f64, options: &Options, language: Language) -> String {
    let whole_world = Camera::whole(STAGE, layout);
    let first = layout.field.as_ref().map(|field| field.square(0).middle());
    let centre = first.filter(|_| zoom > 1.0).unwrap_or(whole_world.centre);
    let camera = Camera { centre, zoom, ..whole_world };
    strip(&[whole(still(view, layout, camera, options, language))])
}

fn decorated(ships: usize, pods: usize) -> View {
    let mut view = testing::harbour(ships, pods);
    testing::decorate(&mut view);
    for (place, node) in view.nodes.iter_mut().enumerate() {
        node.zone = ["zone-a", "zone-b"][place % 2].into();
    }
    view
}

#[test]
fn each_level() {
    let mut pictures = BTreeMap::new();
    let options = Options { ambient: false, ..Options::default() };
    let (en, ko) = (Language::En, Language::Ko);
    for (pods, language) in [(0, en), (1, ko), (4, en), (12, ko)] {
        let view = decorated(3, pods);
        let picture = level(&view, &Layout::deck(&view, 2), 1.0, &options, language);
        pictures.insert(format!("deck-{pods:02}-pods"), picture);
    }
    let words = |dial| Options { dial, ..options.clone() };
    let actual = Options { truth: Truth::Actual, ..options.clone() };
    let selected =
        Options { selected: Some("Node//node-1".into()), focused: Some("Node//node-2".into()), ..options.clone() };
    let harbours = [
        ("harbour-01-ship", 1, &options, en),
        ("harbour-03-ships-ko", 3, &options, ko),
        ("harbour-03-ships-own-words", 3, &words(Dial::Harbour), ko),
        ("harbour-03-ships-both-words", 3, &words(Dial::Both), en),
        ("harbour-03-ships-actual", 3, &actual, en),
        ("harbour-03-ships-selected", 3, &selected, en),
        ("harbour-12-ships", 12, &options, en),
    ];
    for (name, ships, options, language) in harbours {
        let view = decorated(ships, 7);
        pictures.insert(name.to_owned(), level(&view, &Layout::of(&view, false), 1.0, options, language));
    }
    for (name, ships, zoom, expected) in [
        ("basin-040-ships", 40, 1.0, Level::Basin),
        ("basin-040-ships-near", 40, 3.0, Level::Basin),
        ("fleet-152-ships", 152, 1.0, Level::Fleet),
        ("fleet-152-ships-near", 152, 6.0, Level::Fleet),
    ] {
        let view = decorated(ships, 5);
        let layout = Layout::of(&view, false);
        assert_eq!(layout.level, expected);
        pictures.insert(name.to_owned(), level(&view, &layout, zoom, &options, en));
    }
    compare("levels", &pictures);
}

#[test]
fn exported_pictures_say_what_they_show_and_where_they_are_from() {
    let view = decorated(3, 2);
    let layout = Layout::of(&view, false);
    let list = still(&view, &layout, Camera::whole(CELL, &layout), &Options::default(), Language::En);
    let line = "three-ships-42-00-01.000-v1 <&>";
    let long = "The kubelet on node-1 asks the API server for a change & waits for its answer.";
    let outlines = Outlines::default();
    let sheet = Sheet { title: line, theme: Theme::Dark, language: Language::Ko, outlines: &outlines };
    let told = super::strip(&[(list.clone(), long.to_owned()), (list.clone(), "Quiet.".to_owned())], &sheet);
    assert_eq!(told.matches("<svg ").count(), 3, "two pictures in one");
    assert_eq!(told.matches("v1 &lt;&amp;&gt;").count(), 2, "in the title and below");
    assert!(told.contains(">Quiet.</text>") && told.contains(">The kubelet on"));
    assert!(!told.contains(&format!(">{}</text>", long.replace('&', "&amp;"))), "a long sentence is in lines");
    assert!(told.contains("for its answer. Quiet.</desc>"), "who does not see it is told both sentences");
    // Six stand in two rows of three, four in two of two; under each is the same room.
    let many = |count: usize| super::strip(&vec![(list.clone(), "Quiet.".to_owned()); count], &sheet);
    let corners = |svg: &str| -> Vec<String> {
        svg.split("<svg x=").skip(1).map(|part| part.chars().take_while(|c| *c != 'w').collect()).collect()
    };
    let six = corners(&many(6));
    assert_eq!(six[0], "\"16\" y=\"16\" ");
    assert_eq!(six[2], "\"736\" y=\"16\" ");
    assert_eq!(six[3], "\"16\" y=\"298.5\" ");
    let four = corners(&many(4));
    assert_eq!(four, [six[0].clone(), six[1].clone(), six[3].clone(), six[4].clone()]);
    // Labels have a halo as on the stage, in any program: it lies below the words and is not read twice.
    let svg = super::document(&list, &sheet);
    let label = svg.lines().find(|line| line.contains(">API server</text>")).expect("the bridge's name");
    let (below, above) = label.split_once("</text>").expect("a halo and the words");
    assert!(below.contains("aria-hidden=\"true\" stroke=") && !below.contains(" fill="), "{below}");
    assert!(above.contains(" fill=") && !above.contains("stroke=") && !svg.contains("paint-order"), "{above}");
    assert!(svg.contains(" lang=\"ko\"") && svg.contains("API server · "), "{svg}");
    let stamped = super::stamped(&list, line);
    let stamp = stamped.items.last().expect("there");
    assert_eq!(stamp.text.as_deref(), Some(line));
    assert!(stamp.area.y + stamp.area.h <= list.height && stamp.area.x >= 0.0, "{:?}", stamp.area);
}

#[test]
fn labels_are_outlines_where_all_their_letters_have_one() {
    let words = |text: &str| Words { text: text.to_owned(), size: 20.0, weight: 600, code: false, anchor: Anchor::End };
    let label = |id: &str, text: &str| labels::item(id.to_owned(), (100.0, 50.0), words(text), labels::PLAIN);
    let items = vec![label("a", "\"AV"), label("b", "API"), label("c", "AVA"), label("d", "漢")];
    let list = DisplayList { width: 200.0, height: 100.0, items };
    let outlines = Outlines::read(super::outlines::tests::MADE_UP).expect("it can be read");
    let sheet = Sheet { title: "t", theme: Theme::Light, language: Language::En, outlines: &outlines };
    let svg = super::document(&list, &sheet);
    // 700 + 700 + 700 − 40 thousandths of 20 pixels end at the label's point; its halo is as wide as ever.
    let (_, label) = svg.split_once("<g role=\"img\" aria-label=\"AVA\"").expect("one label");
    let (label, _) = label.split_once('\n').expect("a line of its own");
    assert!(label.starts_with(" transform=\"translate(58.8 50) scale(0.020000)\">"), "{label}");
    let (halo, words) = label.split_once("</g>").expect("a halo below the words");
    assert!(halo.contains("stroke-width=\"200\"") && !halo.contains("fill="), "{halo}");
    assert!(words.starts_with("<g fill=\"") && !words.contains("stroke"), "{words}");
    assert!(words.contains("<use xlink:href=\"#l600-56\" x=\"660\"/>"), "{words}");
    // Each letter's outline stands there once, and none that no label has.
    assert_eq!(svg.matches("<path id=").count(), 4, "A, I, P, V");
    assert_eq!(svg.matches("<path id=\"l600-41\" d=\"m0 0h700z\"/>").count(), 1);
    // A letter that is not known leaves its label a text.
    assert_eq!(svg.matches("</text>").count(), 4, "two texts with their halos");
    assert!(svg.contains(">漢</text>") && svg.contains(">\"AV</text>"));
}
