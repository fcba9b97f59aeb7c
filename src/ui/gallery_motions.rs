//! The motions in the gallery: each as it looked in a real run, a little after its middle.
//!
//! The page's own session plays a run in which everything happens that has a motion; the pictures are the harbour's own,
//! near the place where it happened.

use super::dom::{El, afterwards, canvas, el, truth};
use super::gallery::show;
use super::handle::Ui;
use crate::cluster::input::{Input, Name};
use crate::examples;
use crate::scene::camera::Camera;
use crate::scene::display::DisplayList;
use crate::scene::layout::Layout;
use crate::scene::motion::{Act, Motion};
use crate::scene::{Frame, Options, attention, caption, display_list};
use crate::sim::{FactId, Order, Sorted, Time};
use crate::ui::signal::RwSignal;
use leptos::prelude::*;
use web_sys::HtmlCanvasElement;

/// One picture, in pixels, and how near it looks.
const CELL: (f64, f64) = (344.0, 224.0);
const ZOOM: f64 = 2.1;
/// How far a motion has come when it is shown.
const SHARE: f64 = 0.6;
/// When the run is long enough for every motion.
const END: Time = Time::from_secs(130);

/// A motion: the fact that shows it first, when, and for how long.
type Shown = (FactId, Time, f64);

/// What is done in the run, and when.
fn deeds() -> Vec<(Time, Input)> {
    let apply = |seconds, name: &str| {
        let text = examples::find(name).map(|example| example.text().to_owned()).unwrap_or_default();
        (Time::from_secs(seconds), Input::Apply { text, dry_run: false, create_namespaces: false })
    };
    let web = Name {
        api_version: "apps/v1".into(),
        kind: "Deployment".into(),
        namespace: "default".into(),
        name: "web".into(),
    };
    vec![
        apply(1, "deployment"),
        apply(2, "broken"),
        apply(3, "too-big"),
        apply(4, "bad-image"),
        apply(5, "crash-loop"),
        apply(6, "probes"),
        (Time::from_secs(25), Input::Delete { object: web }),
        (Time::from_secs(40), Input::Kubelet { node: "node-3".into(), stop: true }),
        (Time::from_secs(50), Input::Network { node: "node-2".into(), cut: true }),
    ]
}

/// Begins the run.
pub fn play(ui: Ui) {
    ui.change(|session| session.replay(deeds(), END));
}

/// The first of each motion, once the run is over.
fn found(ui: Ui) -> Vec<Shown> {
    let mut first: Sorted<Act, Shown> = Sorted::new();
    ui.read(|session| {
        let trace = session.trace();
        for record in trace.range(0, trace.head()).filter(|record| record.at > Time::ZERO) {
            let told = |record: &crate::sim::Record<crate::cluster::fact::Fact>| {
                caption::of_fact(&record.fact, crate::i18n::Language::En).is_some()
            };
            if let Some(motion) = Motion::of(&record.fact).filter(|_| told(record) || trace.causes(record.id).any(told))
            {
                first.get_or_insert_with(motion.act, || (record.id, record.at, motion.takes_ms));
            }
        }
    });
    let mut all: Vec<Shown> = first.into_values().collect();
    all.order_by_key(|(id, ..)| *id);
    all
}

/// The picture of a motion and a sentence of what happens.
fn picture(ui: Ui, (id, at, takes_ms): Shown) -> Option<(DisplayList, String)> {
    let language = ui.language.get();
    ui.change(|session| session.seek(at));
    ui.read(|session| {
        let trace = session.trace();
        let fact = &trace.get(id)?.fact;
        let told = trace.causes(id).find_map(|record| caption::of_fact(&record.fact, language));
        let said = caption::of_fact(fact, language).or(told).unwrap_or_default();
        let view = session.picture();
        let options = Options { ambient: false, ..Options::default() };
        let layout = Layout::of(&view, true);
        let centre = attention::of(&layout, fact)?;
        let frame = Frame {
            view: &view,
            trace,
            script: session.script(),
            pres_ms: session.pace().to_pres(at, session.speed()) + takes_ms * SHARE,
            speed: session.speed(),
            layout: &layout,
            camera: Camera { centre, zoom: ZOOM, ..Camera::whole(CELL, &layout) },
            language,
            options: &options,
        };
        Some((display_list(&frame), said))
    })
}

/// All of them.
pub fn motions(ui: Ui) -> El {
    let over = truth(move || ui.now.get() >= END);
    let cells = RwSignal::new(Vec::<Shown>::new());
    afterwards(move || {
        if over.get() && cells.with_untracked(Vec::is_empty) {
            cells.set(found(ui));
        }
    });
    el("div", "gallery-motions")
        .attr("data-testid", "motions")
        .part(move || cells.get().into_iter().map(|shown| cell(ui, shown)).collect::<Vec<_>>())
}

fn cell(ui: Ui, shown: Shown) -> El {
    let made = canvas("");
    let canvas = made.node::<HtmlCanvasElement>();
    let said = RwSignal::new(String::new());
    afterwards(move || {
        let theme = ui.theme.get();
        if let Some((list, sentence)) = picture(ui, shown) {
            show(&canvas, &list, theme, window().device_pixel_ratio().clamp(1.0, 3.0));
            said.set(sentence);
        }
    });
    el("figure", "").add(made).add(el("figcaption", "").words(move || said.get()))
}
