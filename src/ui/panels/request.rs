//! One request with the decisions of its gates; while it is shown, the lamps of the bridge show them too.

use super::moment;
use super::problems::gate_key;
use super::transport::clock_text;
use crate::inspect::passage::{Passage, Passed, passage};
use crate::inspect::requests::Lamp;
use crate::scene::sprites::bridge;
use crate::ui::dom::{El, afterwards, button, el};
use crate::ui::handle::{Tab, Ui};
use crate::ui::select::Selection;
use leptos::prelude::*;

/// So many changed fields are shown of each plugin.
const FIELDS: usize = 12;

/// The panel of the request that is chosen.
pub fn request_panel(ui: Ui) -> El {
    let chosen = ui.sight.request;
    // What has been answered does not change any more: until then each new fact may bring the answer.
    let answered = StoredValue::new(None::<u64>);
    let found = Memo::new(move |before: Option<&Option<Passage>>| {
        let fact = chosen.get().filter(|_| ui.tab.get() == Tab::Requests)?;
        if answered.get_value() == Some(fact) && before.is_some_and(Option::is_some) {
            ui.language.track();
        } else {
            ui.head.track();
        }
        let found = moment::read(ui, |shown| passage(shown, fact));
        answered.set_value(found.as_ref().and_then(|found| found.code).map(|_| fact));
        found
    });
    afterwards(move || {
        let lamps = found.with(|found| found.as_ref().map(|found| found.lamps().map(lamp)));
        if ui.sight.lamps.get_untracked() != lamps {
            ui.sight.lamps.set(lamps);
            ui.stage.update_value(crate::ui::stage::Stage::soil);
        }
    });
    let content = move || match found.get() {
        Some(found) => vec![head(ui, &found), facts(ui, &found), gates(ui, &found)],
        None => vec![el("p", "quiet").word(ui, "req-choose")],
    };
    el("div", "request")
        .attr("data-testid", "request")
        .attr("tabindex", "0")
        .attr("role", "region")
        .label(ui, "req-one")
        .part(content)
}

fn lamp(lamp: Lamp) -> bridge::Lamp {
    match lamp {
        Lamp::Dark => bridge::Lamp::Dark,
        Lamp::Lit => bridge::Lamp::Passed,
        Lamp::Refused => bridge::Lamp::Refused,
    }
}

fn head(ui: Ui, found: &Passage) -> El {
    let (at, link) = (found.at, found.link.clone());
    let go = move || {
        ui.play(false);
        ui.seek(at);
    };
    let time = button("button", go).text(&ui.say("req-go", &[("time", clock_text(at).into())]));
    let show = move || ui.select(Selection::read(&link));
    let object = (!found.link.is_empty()).then(|| button("button", show).text(&ui.text("req-object")));
    let heading = el("strong", "").attr("lang", "en").text(&format!("{} {}", found.method, found.path));
    el("div", "request-head").add(el("p", "request-line").add(heading)).add(time).all(object)
}

fn facts(ui: Ui, found: &Passage) -> El {
    let user = found.gates.first().and_then(|gate| gate.words.first());
    let user = user.map_or(found.actor.name.clone(), |user| format!("{} ({user})", found.actor.name));
    let code = found.code.map_or_else(|| "…".to_owned(), |code| code.to_string());
    let number = |value: Option<String>| value.unwrap_or_else(|| "–".to_owned());
    let revision = (found.revision > 0).then(|| found.revision.to_string());
    let rows = [
        ("req-who", user),
        ("req-code", code),
        ("req-latency", number(found.latency.map(|took| format!("{:.1} ms", took.as_secs_f64() * 1000.0)))),
        ("req-size", number(found.bytes.map(|bytes| format!("{bytes} B")))),
        ("req-revision", number(revision)),
    ];
    let row = |(key, value): (&'static str, String)| {
        el("div", "").add(el("dt", "").text(&ui.text(key))).add(el("dd", "").text(&value))
    };
    el("dl", "request-facts").all(rows.into_iter().map(row))
}

/// The gates that it reached, each with what it found.
fn gates(ui: Ui, found: &Passage) -> El {
    let gate = |passed: &Passed| {
        let mark = if passed.refused.is_some() { "lamp refused" } else { "lamp lit" };
        let state = ui.text(if passed.refused.is_some() { "req-refused" } else { "req-let-through" });
        let name = el("p", "gate-name")
            .add(el("span", mark).attr("aria-hidden", "true"))
            .add(el("strong", "").text(&ui.text(gate_key(passed.gate))))
            .add(el("span", "gate-state").text(&state));
        el("li", "gate").add(name).all(decision(ui, found, passed))
    };
    let none = found.gates.is_empty().then(|| el("li", "quiet").text(&ui.text("req-no-gates")));
    el("ol", "request-gates").attr("data-testid", "request-gates").all(found.gates.iter().map(gate)).all(none)
}

fn decision(ui: Ui, found: &Passage, passed: &Passed) -> Vec<El> {
    use crate::cluster::fact::Gate;
    let mut out = Vec::new();
    let mut words = passed.words.iter().map(String::as_str);
    let said = match passed.gate {
        Gate::Authentication => {
            let user = words.next().unwrap_or("system:anonymous").to_owned();
            let groups = words.collect::<Vec<_>>().join(", ");
            Some(ui.say("gate-who", &[("user", user.into()), ("groups", groups.into())]))
        }
        Gate::Authorization if passed.refused.is_none() => {
            let rule = words.next().unwrap_or_default();
            let none = rule.is_empty();
            Some(if none { ui.text("gate-no-rule") } else { ui.say("gate-rule", &[("rule", rule.into())]) })
        }
        Gate::Storage if found.revision > 0 => {
            let revision = found.revision.to_string();
            Some(ui.say("gate-stored", &[("key", found.key.as_str().into()), ("revision", revision.into())]))
        }
        gate if passed.fields.is_empty() && passed.refused.is_none() => Some(ui.text(match gate {
            Gate::Decoding => "gate-nothing-filled",
            Gate::Mutating => "gate-nothing-changed",
            Gate::Storage => "gate-nothing-stored",
            _ => "gate-no-objection",
        })),
        Gate::Decoding => Some(ui.text("gate-filled")),
        Gate::Validation if passed.refused.is_none() => Some(ui.text("gate-set")),
        _ => None,
    };
    out.extend(said.map(|said| el("p", "gate-said").text(&said)));
    out.extend(passed.refused.iter().map(|text| el("p", "gate-said request-refusal").attr("lang", "en").text(text)));
    let mut plugin = "";
    let mut list: Option<El> = None;
    for (number, [by, path, value]) in passed.fields.iter().enumerate() {
        if number == 0 || by != plugin {
            out.extend(list.take());
            plugin = by;
            list = Some(el("ul", "gate-fields"));
            if !by.is_empty() {
                out.push(el("p", "gate-plugin").attr("lang", "en").text(by));
            }
        }
        let own = passed.fields[..number].iter().filter(|[other, ..]| other == by).count();
        if path.is_empty() || own > FIELDS {
            continue;
        }
        let row = el("li", "").attr("lang", "en");
        let row =
            if own == FIELDS { row.text("…") } else { row.add(el("code", "").text(path)).text(&format!(" {value}")) };
        list = list.map(|list| list.add(row));
    }
    out.extend(list);
    out
}
