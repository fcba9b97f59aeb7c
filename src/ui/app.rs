//! The page as a whole.

use super::browser;
use super::captions;
use super::dom::{El, afterwards, el, on_window};
use super::embed::embed;
use super::fidelity::fidelity;
use super::frame;
use super::gallery::gallery;
use super::handle::{Tab, Ui};
use super::hook;
use super::keys;
use super::late;
use super::link::{Link, Page, theme_name};
use super::panels::{dock, guide, inspector, top_bar, transport};
use super::panic;
use super::session::{Boot, Session};
use super::stage::stage_panel;
use crate::texts;
use leptos::prelude::*;

/// Starts the app on the page.
///
/// # Panics
/// When the scenario that comes with the program cannot be read: the page says so.
pub fn start() {
    texts::provide(browser::texts());
    panic::catch();
    let link = browser::link();
    if is_first_sight(&link) {
        open(link);
    } else {
        late::then(move || open(link));
        late::fetch();
    }
}

/// Whether this is what everybody sees first. Only that can be shown by the first part of the program: it is always the
/// same run (`tools/split`).
fn is_first_sight(link: &Link) -> bool {
    let (language, theme, reduced) = (link.language, link.theme, link.reduced);
    *link == Link { language, theme, reduced, ..Link::default() } && !browser::remembers_work()
}

/// Shows the page of an address, once its harbour has come up.
fn open(mut link: Link) {
    let boot = Boot::of(&link).unwrap_or_else(|_| {
        // The address named a scenario that cannot be read; the one without a name always can.
        link = Link { scenario: Link::default().scenario, ..link.clone() };
        match Boot::of(&link) {
            Ok(boot) => boot,
            Err(sentence) => panic!("{sentence}"),
        }
    });
    come_up(boot, link);
}

fn come_up(mut boot: Boot, link: Link) {
    if boot.go_on() {
        return mount(boot.session(&link), link);
    }
    browser::call(&browser::get(&window(), "__bottleBoot"), "progress", &[boot.share().into()]);
    browser::soon(Box::new(move || come_up(boot, link)));
}

fn mount(session: Session, link: Link) {
    leptos::mount::mount_to_body(move || {
        let ui = Ui::new(session, link);
        ui.restore();
        page_follows(ui);
        keys::listen(ui);
        super::keep::watch(ui);
        captions::announce(ui);
        browser::on_fonts(move || ui.stage.update_value(super::stage::Stage::soil));
        let page = ui.link.with_value(|link| link.page);
        frame::run(ui, move || {
            hook::install(ui);
            if let Some(boot) = document().get_element_by_id("boot") {
                boot.remove();
            }
            browser::mark("bottle:ready");
            if !late::is_here() {
                late::fetch();
            }
        });
        let page = match page {
            Page::Sandbox => sandbox(ui),
            Page::Gallery => gallery(ui),
            Page::Fidelity => fidelity(ui),
            Page::Embed => embed(ui),
        };
        page.mount();
    });
}

/// The sandbox: the stage with everything around it.
fn sandbox(ui: Ui) -> El {
    let mut before = None;
    afterwards(move || {
        // On a phone what is selected comes to the front.
        let selected = ui.selected.with(Option::is_some);
        if selected && before != Some(true) && ui.phone.get_untracked() {
            ui.tab.set(Tab::Inspector);
        }
        before = Some(selected);
    });
    let skip = |id: &'static str, key| {
        let link = el("a", "").attr("href", &format!("#{id}")).word(ui, key);
        link.on("click", move |event| skip(event, id))
    };
    el("div", "app")
        .bind("data-tab", move || ui.tab.get().name())
        .class_if("selected", move || ui.selected.with(Option::is_some))
        .add(el("nav", "skip").label(ui, "skip-label").add(skip("stage", "skip-stage")).add(skip("dock", "skip-dock")))
        .add(top_bar(ui))
        .add(guide(ui))
        .add(stage_panel(ui))
        .add(dock(ui))
        .add(inspector(ui))
        .add(transport(ui))
        .add(captions::live(ui))
}

/// Jumps within the page: its address has a base, which plain fragments would leave.
fn skip(event: &web_sys::Event, id: &str) {
    use wasm_bindgen::JsCast;
    event.prevent_default();
    if let Some(element) = document().get_element_by_id(id).and_then(|e| e.dyn_into::<web_sys::HtmlElement>().ok()) {
        let _ = element.focus();
    }
}

/// Language, theme, title and address of the page follow the signals.
fn page_follows(ui: Ui) {
    afterwards(move || {
        browser::set_root("lang", ui.language.get().tag());
        document().set_title(&ui.text("title"));
    });
    afterwards(move || browser::set_root("data-theme", theme_name(ui.theme.get())));
    afterwards(move || {
        let reduced = ui.reduced.get();
        browser::set_root("data-motion", if reduced { "reduced" } else { "full" });
        ui.change(|session| session.reduce(reduced));
    });
    let mut started = false;
    afterwards(move || {
        let (language, speed) = (ui.language.get(), ui.speed.get());
        let (selected, truth) = (ui.selected.get(), ui.truth.get());
        let panel = ui.scheduling.shown.get();
        // A moment is in the address only while time stands still there.
        let t = (!ui.moving.get()).then(|| ui.now.get());
        ui.theme.track();
        let sight = ui.sight;
        let (colours, dial, search) = (sight.colours.get(), sight.dial.get(), sight.search.get());
        let (deck, camera) = (sight.deck.get().map(|deck| deck.to_string()), sight.camera.get());
        let marks = sight.bookmarks.get();
        let before = ui.link.with_value(|link| link.selected.clone());
        let moved = before != selected;
        ui.link.update_value(|link| {
            (link.speed, link.selected, link.t, link.truth) = (speed, selected, t, truth);
            (link.colours, link.dial, link.search, link.deck, link.camera) = (colours, dial, search, deck, camera);
            (link.panel, link.marks) = (panel, marks);
            // Back leads to what was selected before; all else changes the address that is there.
            browser::set_address(&link.write(language), moved && started);
        });
        started = true;
    });
    on_window("popstate", move |_: &web_sys::Event| {
        let link = browser::link();
        if let Some(t) = link.t {
            ui.play(false);
            ui.seek(t);
        }
        ui.truth.set(link.truth);
        ui.scheduling.shown.set(link.panel);
        ui.sight.colours.set(link.colours);
        ui.sight.dial.set(link.dial);
        ui.sight.search.set(link.search);
        ui.sight.deck.set(link.deck.map(Into::into));
        // The address has it already: selecting it is no new step.
        ui.link.update_value(|now| now.selected.clone_from(&link.selected));
        ui.select(link.selected);
    });
}
