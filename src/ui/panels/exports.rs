//! What can be taken along: pictures, beats side by side, the transcript, the manifests. Each says its scenario, seed, moment
//! and version.

use super::transport::clock_text;
use crate::cluster::input::Input;
use crate::scene::camera::Camera;
use crate::scene::layout::Layout;
use crate::scene::pace::{Beat, Speed};
use crate::scene::svg::{self, Outlines, Sheet};
use crate::scene::{Frame, Options, caption, display_list};
use crate::ui::browser;
use crate::ui::captions;
use crate::ui::handle::Ui;
use crate::ui::link::Notice;
use crate::ui::session::Session;
use crate::ui::stage::{self, Stage};
use leptos::prelude::*;

/// So many sentences of the transcript are exported.
const SENTENCES: usize = 5000;
/// So many beats stand side by side, and at most so many of those that somebody has marked.
const BEATS: usize = 4;
const MARKED: usize = 6;

/// Scenario, seed, moment and version: what every export carries.
pub fn stamp(ui: Ui) -> String {
    let now = clock_text(ui.now.get_untracked()).replace(':', "-");
    ui.link.with_value(|link| format!("{}-{}-{now}-v{}", link.scenario, link.seed, env!("CARGO_PKG_VERSION")))
}

/// The stage's picture.
pub fn picture(ui: Ui) {
    let (list, stamp) = (ui.stage.with_value(Stage::list), stamp(ui));
    let list = svg::stamped(&list, &stamp);
    drawn(ui, stamp, "", move |sheet| svg::document(&list, sheet));
}

/// Keeps an SVG under a name as soon as the outlines of its letters have come. Without them its words are texts, and that is
/// said: where our fonts are not, they look otherwise.
fn drawn(ui: Ui, stamp: String, more: &'static str, write: impl FnOnce(&Sheet) -> String + 'static) {
    let (theme, language) = (ui.theme.get_untracked(), ui.language.get_untracked());
    browser::fetched("fonts/outlines.json", move |text| {
        let outlines = text.and_then(|text| Outlines::read(&text));
        if outlines.is_none() {
            ui.notify(Notice::new("notice-outlines", &[]));
        }
        let outlines = outlines.unwrap_or_default();
        let text = write(&Sheet { title: &stamp, theme, language, outlines: &outlines });
        browser::save(&format!("{stamp}{more}.svg"), "image/svg+xml", &text);
    });
}

/// The same in pixels: so many for each of the page's.
pub fn pixels(ui: Ui, ratio: u32) {
    let (stamp, theme) = (stamp(ui), ui.theme.get_untracked());
    let list = svg::stamped(&ui.stage.with_value(Stage::list), &stamp);
    match crate::ui::paint::png(&list, theme, ratio) {
        Some(url) => browser::save_url(&format!("{stamp}-{ratio}x.png"), &url),
        None => ui.notify(Notice::new("notice-png", &[])),
    }
}

/// Whether anything has been told by now.
pub fn has_beats(ui: Ui) -> bool {
    ui.now.track();
    ui.read(|session| captions::beats(session).next().is_some())
}

/// Beats side by side: those of the bookmarks, or else the latest.
pub fn strip(ui: Ui) {
    let language = ui.language.get_untracked();
    let options = Options { selected: None, focused: None, hovered: None, found: None, ..stage::options(ui) };
    let pictures: Vec<_> = ui.read(|session| {
        let told = told(session, &ui.sight.bookmarks.get_untracked());
        let each = |beat: &Beat| {
            let (view, pres_ms) = session.scene(beat)?;
            let sentence = caption::of(beat, session.trace(), language)?;
            let layout = Layout::of(&view, options.reduced);
            let options = Options { label_px: svg::names(&layout), ..options.clone() };
            let frame = Frame {
                view: &view,
                trace: session.trace(),
                script: session.script(),
                pres_ms,
                speed: Speed::Adaptive,
                layout: &layout,
                camera: Camera::whole(svg::BEAT, &layout),
                language,
                options: &options,
            };
            Some((display_list(&frame), format!("{}  {}", clock_text(sentence.at), sentence.text)))
        };
        told.iter().filter_map(each).collect()
    });
    drawn(ui, stamp(ui), "-beats", move |sheet| svg::strip(&pictures, sheet));
}

/// The beats that are shown, in their order.
fn told(session: &Session, marks: &[crate::sim::Time]) -> Vec<Beat> {
    let marked = marks.iter().rev().filter_map(|mark| captions::beats(session).find(|beat| beat.at <= *mark));
    let mut told: Vec<Beat> = marked.copied().collect();
    told.dedup();
    told.truncate(MARKED);
    if told.is_empty() {
        told = captions::beats(session).take(BEATS).copied().collect();
    }
    told.reverse();
    told
}

/// What has been told.
pub fn transcript(ui: Ui) {
    let line = |caption: &caption::Caption| format!("{}  {}\n", clock_text(caption.at), caption.text);
    let told: String = captions::transcript(ui, SENTENCES).iter().map(line).collect();
    browser::save(&format!("{}.txt", stamp(ui)), "text/plain", &format!("{}\n\n{told}", stamp(ui)));
}

/// Whether any manifest has been applied by now.
pub fn has_manifests(ui: Ui) -> bool {
    ui.now.track();
    !applied(ui).is_empty()
}

/// What has been applied up to now, in one file.
pub fn manifests(ui: Ui) {
    let text = format!("# {}\n{}", stamp(ui), applied(ui));
    browser::save(&format!("{}.yaml", stamp(ui)), "application/yaml", &text);
}

fn applied(ui: Ui) -> String {
    let now = ui.now.get_untracked();
    ui.read(|session| {
        let past = session.inputs().iter().filter(|(at, _)| *at <= now);
        let each = past.filter_map(|(at, input)| match input {
            Input::Apply { text, dry_run: false, .. } => {
                Some(format!("---\n# {}\n{}\n", clock_text(*at), text.trim_end()))
            }
            _ => None,
        });
        each.collect()
    })
}
