//! Two runs side by side with one clock: both harbours, which objects, placements and states differ, what was done in each,
//! and which events only one of them has.

use super::branches;
use super::sheet::sheet;
use super::transport::clock_text;
use crate::cluster::fact::Fact;
use crate::cluster::input::Input;
use crate::cluster::view::View;
use crate::inspect::branch::{Difference, compare as differences, events};
use crate::scene::camera::Camera;
use crate::scene::caption::{input_sentence, kind};
use crate::scene::layout::Layout;
use crate::scene::pace::Speed;
use crate::scene::script::Script;
use crate::scene::{Frame, Options, display_list};
use crate::sim::{Time, Trace};
use crate::ui::dom::{El, button, el};
use crate::ui::gallery::show;
use crate::ui::handle::Ui;
use crate::ui::session::{Run, Session};
use crate::ui::signal::{Memo, RwSignal};
use crate::ui::stage;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::HtmlCanvasElement;

/// So many differences are shown.
const SHOWN: usize = 200;
/// Each picture in pixels; the style makes them as wide as there is room.
const PICTURE: (f64, f64) = (480.0, 300.0);
const SHARPNESS: f64 = 2.0;

/// The dialog.
pub fn compare(ui: Ui) -> El {
    let open = RwSignal::new(false);
    crate::ui::dom::afterwards(move || {
        if ui.sight.compare.get().is_some() {
            open.set(true);
        }
    });
    sheet(ui, ("compare", "compare-title"), open, move || content(ui))
}

#[inline(never)]
fn content(ui: Ui) -> El {
    let branch = ui.sight.compare.get_untracked().unwrap_or(0);
    ui.sight.compare.set(None);
    ui.play(false);
    let name = el("input", "field")
        .attr("type", "text")
        .attr("maxlength", "60")
        .attr("data-testid", "branch-name")
        .value(move || branches::all(ui).into_iter().nth(branch).unwrap_or_default())
        .on("change", move |event| branches::name(ui, branch, &event_target_value(event)));
    let now = Memo::new(move || ui.now.get());
    let switch = move || ui.switch(branch);
    let body = move || {
        let _ = now.get();
        ui.theme.track();
        ui.read(|session| session.branch(branch).map(|run| beside(ui, session, &run)))
            .unwrap_or_else(|| vec![el("p", "quiet").word(ui, "compare-none")])
    };
    el("div", "share")
        .add(el("label", "settings-row").add(el("span", "").word(ui, "compare-name")).add(name))
        .add(clock(ui))
        .part(body)
        .add(el("div", "share-row").add(button("button", switch).word(ui, "compare-switch")))
}

/// The clock of both runs: a line to go along.
fn clock(ui: Ui) -> El {
    let end = ui.read(Session::end);
    let line = el("input", "")
        .attr("type", "range")
        .attr("min", "0")
        .attr("max", &end.as_millis().to_string())
        .attr("step", "10")
        .attr("data-testid", "compare-clock")
        .bind("aria-valuetext", move || clock_text(ui.now.get()))
        .value(move || ui.now.get().as_millis().to_string())
        .on("input", move |event| {
            if let Ok(millis) = event_target_value(event).parse() {
                ui.seek(Time::from_millis(millis).min(end));
            }
        });
    el("label", "compare-clock")
        .add(el("span", "").word(ui, "compare-clock"))
        .add(line)
        .add(el("span", "cause-when").words(move || clock_text(ui.now.get())))
}

/// Both runs at the shown moment.
fn beside(ui: Ui, session: &Session, run: &Run) -> Vec<El> {
    let (now, language) = (session.now(), ui.language.get_untracked());
    let pictures = el("div", "compare-pictures")
        .add(picture(ui, "compare-here", &session.view(), session.trace()))
        .add(picture(ui, "compare-there", &run.view(), run.trace()));
    let left = (run.end() < now)
        .then(|| el("p", "quiet").text(&ui.say("compare-left", &[("time", clock_text(run.end()).into())])));
    let found = differences(session, run);
    let counted = ui.say("compare-count", &[("count", found.len().into()), ("time", clock_text(now).into())]);
    let cell = |lines: Option<&Vec<String>>| match lines.map(Vec::as_slice) {
        None => el("td", "quiet").text(&ui.text("compare-absent")),
        Some([]) => el("td", "").text(&ui.text("compare-present")),
        Some(lines) => el("td", "").attr("lang", "en").all(lines.iter().map(|line| el("div", "").text(line))),
    };
    let row = |difference: &Difference| {
        let name = format!("{} {}", kind(difference.object.kind.kind, language), difference.object.key);
        el("tr", "differ")
            .add(el("th", "").attr("scope", "row").text(&name))
            .add(cell(difference.here.as_ref()))
            .add(cell(difference.there.as_ref()))
    };
    let done = |inputs: &[(Time, Input)]| {
        let line = |(at, input): &(Time, Input)| {
            el("li", "").text(&format!("{}  {}", clock_text(*at), input_sentence(input, language)))
        };
        let past = inputs.partition_point(|(at, _)| *at <= now);
        el("td", "").add(el("ul", "compare-inputs").all(inputs[past.saturating_sub(8)..past].iter().map(line)))
    };
    let done = el("tr", "")
        .add(el("th", "").attr("scope", "row").word(ui, "compare-done"))
        .add(done(session.inputs()))
        .add(done(run.inputs()));
    let told = |events: &[String]| {
        let line = |event: &String| el("li", "").attr("lang", "en").text(event);
        el("td", "").add(el("ul", "compare-inputs").all(events.iter().take(SHOWN).map(line)))
    };
    let noted = el("tr", "compare-events")
        .add(el("th", "").attr("scope", "row").word(ui, "compare-events"))
        .add(told(&events(session, run)))
        .add(told(&events(run, session)));
    let heads =
        ["compare-object", "compare-here", "compare-there"].map(|key| el("th", "").attr("scope", "col").word(ui, key));
    let body = el("tbody", "").all(found.iter().take(SHOWN).map(row)).add(done).add(noted);
    let table = el("table", "compare").add(el("thead", "").add(el("tr", "").all(heads))).add(body);
    [pictures].into_iter().chain(left).chain([el("p", "").text(&counted), table]).collect()
}

/// One of the two harbours, with its name under it.
fn picture(ui: Ui, name: &'static str, view: &View, trace: &Trace<Fact>) -> El {
    let options = Options { selected: None, focused: None, hovered: None, found: None, ..stage::options(ui) };
    let (layout, script) = (Layout::of(view, options.reduced), Script::of(trace));
    let frame = Frame {
        view,
        trace,
        script: &script,
        pres_ms: script.pace.to_pres(view.t, Speed::Adaptive),
        speed: Speed::Adaptive,
        layout: &layout,
        camera: Camera::whole(PICTURE, &layout),
        language: ui.language.get_untracked(),
        options: &options,
    };
    let made = el("canvas", "").attr("role", "img").label(ui, name);
    if let Ok(canvas) = made.clone().node::<web_sys::Element>().dyn_into::<HtmlCanvasElement>() {
        show(&canvas, &display_list(&frame), ui.theme.get_untracked(), SHARPNESS);
    }
    el("figure", "").add(made).add(el("figcaption", "").word(ui, name))
}
