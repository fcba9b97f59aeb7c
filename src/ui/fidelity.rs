//! What is as in a real cluster and what is not: the numbers of the recordings (`assets/fidelity.json`, written by
//! `bottle verify --report`), fetched when the page is opened, and the list of what is not simulated.

use super::browser;
use super::dom::{El, el};
use super::handle::Ui;
use super::icons::{Icon, icon};
use super::panels::top_bar;
use crate::ui::signal::RwSignal;
use serde_json::Value;

/// The areas in the data and the keys of their names.
const AREAS: [(&str, &str); 4] = [
    ("api", "fidelity-api"),
    ("controllers", "fidelity-controllers"),
    ("scheduler", "fidelity-scheduler"),
    ("discovery", "fidelity-discovery"),
];

/// What is not simulated, beside admission plugins.
const LACKS: [&str; 9] = [
    "fidelity-lack-etcd",
    "fidelity-lack-api",
    "fidelity-lack-webhooks",
    "fidelity-lack-volumes",
    "fidelity-lack-metrics",
    "fidelity-lack-kubelet",
    "fidelity-lack-programs",
    "fidelity-lack-images",
    "fidelity-lack-network",
];

/// The page.
#[inline(never)]
pub fn fidelity(ui: Ui) -> El {
    let data = RwSignal::new(None::<Value>);
    load(data);
    let content = move || match data.get() {
        Some(data) if data["rows"].is_array() => vec![numbers(ui, &data), lacks(ui, &data), back(ui)],
        Some(_) => {
            let failed = el("p", "").attr("role", "alert").text(&ui.text("fidelity-failed"));
            vec![failed, lacks(ui, &Value::Null), back(ui)]
        }
        // Nothing stands below that would be pushed away.
        None => vec![el("p", "quiet").text(&ui.text("fidelity-loading"))],
    };
    let page = el("main", "fidelity")
        .attr("data-testid", "fidelity")
        .attr("tabindex", "0")
        .label(ui, "fidelity-title")
        .add(el("h2", "").word(ui, "fidelity-title"))
        .add(el("p", "").word(ui, "fidelity-text"))
        .part(content);
    el("div", "app gallery").add(top_bar(ui)).add(page)
}

fn back(ui: Ui) -> El {
    let link =
        el("a", "").bind("href", move || format!("{}/sandbox", ui.language.get().tag())).word(ui, "fidelity-back");
    el("p", "").add(link)
}

/// Fetches the numbers; `Null` if they do not come.
fn load(data: RwSignal<Option<Value>>) {
    browser::fetched("fidelity.json", move |text| {
        data.set(Some(text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()));
    });
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or(0)
}

/// The tables: one for each area, with its sum first.
fn numbers(ui: Ui, data: &Value) -> El {
    let version = data["kubernetes"].as_str().unwrap_or_default();
    let rows = data["rows"].as_array().map_or(&[][..], Vec::as_slice);
    let sum = |rows: &[&Value], at: usize| rows.iter().map(|row| number(&row[at])).sum::<u64>();
    let all: Vec<&Value> = rows.iter().collect();
    let told = [
        ("passed", sum(&all, 2).to_string().into()),
        ("total", sum(&all, 3).to_string().into()),
        ("version", version.into()),
    ];
    let summary = el("p", "fidelity-sum").add(el("strong", "").text(&ui.say("fidelity-sum", &told)));
    let tables = AREAS.iter().map(|(area, key)| {
        let own: Vec<&Value> = rows.iter().filter(|row| row[0] == *area).collect();
        let row = |name: &str, good: u64, all: u64, class: &str| {
            let told = format!("{good} / {all}");
            let sign = icon(if good == all { Icon::Tick } else { Icon::Alert });
            el("tr", class)
                .add(el("th", "").attr("scope", "row").text(name))
                .add(el("td", if good == all { "tone-ok" } else { "tone-warn" }).text(&told).add(sign))
        };
        let name = |name: &str| match name {
            "cases" => ui.text("fidelity-cases"),
            "sequences" => ui.text("fidelity-sequences"),
            "columns" => ui.text("fidelity-columns"),
            "answers" => ui.text("fidelity-answers"),
            "custom and unreadable" => ui.text("fidelity-custom"),
            kind => kind.to_owned(),
        };
        let body =
            own.iter().map(|one| row(&name(one[1].as_str().unwrap_or_default()), number(&one[2]), number(&one[3]), ""));
        let total = row(&ui.text("fidelity-total"), sum(&own, 2), sum(&own, 3), "total");
        let heads = ["fidelity-what", "fidelity-passed"];
        let heads = heads.map(|key| el("th", "").attr("scope", "col").text(&ui.text(key)));
        el("table", "fidelity-table")
            .attr("data-area", area)
            .add(el("caption", "").text(&ui.text(key)))
            .add(el("thead", "").add(el("tr", "").all(heads)))
            .add(el("tbody", "").add(total).all(body))
    });
    el("section", "").add(summary).add(el("div", "fidelity-tables").all(tables))
}

/// What is not simulated, by name.
fn lacks(ui: Ui, data: &Value) -> El {
    let plugins = |key: &str| {
        let names = data[key].as_array().into_iter().flatten().filter_map(Value::as_str);
        names.collect::<Vec<_>>().join(", ")
    };
    let lacking = plugins("admission_lacking");
    let admission = (!lacking.is_empty())
        .then(|| el("li", "").text(&ui.say("fidelity-lack-admission", &[("names", lacking.into())])));
    let items = LACKS.iter().map(|key| el("li", "").text(&ui.text(key)));
    el("section", "")
        .add(el("h3", "").text(&ui.text("fidelity-lacks")))
        .add(el("ul", "fidelity-lacks").attr("data-testid", "not-simulated").all(items).all(admission))
}
