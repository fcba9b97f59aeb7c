//! What the inspector says of etcd: revisions, the tree of keys, leases, watches.

use super::inspector::Thing;
use super::inspector_why::badge;
use super::moment;
use super::transport::clock_text;
use crate::api::kinds::{KINDS, lease};
use crate::cluster::fact::Fact;
use crate::cluster::wire::{Address, Change};
use crate::inspect::story::{Actor, actor};
use crate::scene::caption;
use crate::sim::{Order, SortedSet, Time};
use crate::ui::dom::{El, button, el};
use crate::ui::handle::Ui;
use crate::ui::select::Selection;
use crate::ui::signal::{Memo, RwSignal};
use leptos::prelude::*;

/// So many keys of a kind, and so many writes, are shown.
const KEYS: usize = 200;
const WRITES: usize = 25;

/// A write: revision, moment, who, key, link.
type Write = (u64, Time, Actor, String, String);

/// The sections.
pub fn etcd_sections(ui: Ui, thing: Thing) -> El {
    let open = RwSignal::new(SortedSet::<&'static str>::new());
    let kinds = Memo::new(move || {
        thing.changes.track();
        ui.read(|session| {
            let count = |kind: &&'static crate::api::Kind| (kind.storage, session.objects(kind).len());
            KINDS.iter().map(count).filter(|(_, count)| *count > 0).collect::<Vec<_>>()
        })
    });
    let row = move |(storage, count): (&'static str, usize)| {
        let turn = move || {
            open.update(|open| {
                if !open.remove(storage) {
                    open.insert(storage);
                }
            });
        };
        let head = button("fold-button", turn)
            .bind("aria-expanded", move || open.with(|open| open.contains(storage)).to_string())
            .text(&format!("/registry/{storage} · {count}"));
        el("li", "").add(head).part(move || open.with(|open| open.contains(storage)).then(|| keys(ui, storage)))
    };
    let tree = el("ul", "etcd-tree").rows(move || kinds.get(), |(storage, count)| format!("{storage} {count}"), row);
    let facts = move || {
        thing.changes.track();
        let (keys, compacted) = ui.read(crate::ui::session::Session::etcd_size);
        let leases = ui.read(|session| session.objects(&lease::KIND).len());
        let watches = ui.view.with(|view| view.watches.len());
        let args = [
            ("keys", keys.into()),
            ("compacted", compacted.to_string().into()),
            ("leases", leases.into()),
            ("watches", watches.into()),
        ];
        ui.say("etcd-facts", &args)
    };
    let writes = Memo::new(move || {
        thing.changes.track();
        writes(ui)
    });
    let list = el("ol", "causes history").rows(
        move || writes.get(),
        |write: &Write| write.0.to_string(),
        move |write| written(ui, write),
    );
    el("div", "")
        .attr("data-testid", "etcd")
        .add(
            el("section", "insp-section")
                .add(el("h3", "").word(ui, "etcd-title"))
                .add(el("p", "").words(facts))
                .add(tree),
        )
        .add(el("section", "insp-section").add(el("h3", "").word(ui, "etcd-writes")).add(list))
        .add(table(ui, thing, ("etcd-leases", "leases"), leases))
        .add(table(ui, thing, ("etcd-watchers", "watchers"), watchers))
}

/// A list of lines that are read anew now and then.
fn table(ui: Ui, thing: Thing, (title, name): (&'static str, &'static str), read: fn(Ui) -> Vec<String>) -> El {
    let lines = Memo::new(move || {
        thing.changes.track();
        read(ui)
    });
    let row = |line: String| el("li", "").text(&line);
    let list = el("ul", "etcd-lines").attr("data-testid", name).rows(move || lines.get(), String::clone, row);
    el("section", "insp-section").add(el("h3", "").word(ui, title)).add(list)
}

/// Each lease of the API: who holds it and since when it has not been renewed.
fn leases(ui: Ui) -> Vec<String> {
    let now = ui.now.get_untracked();
    ui.read(|session| {
        let line = |object: &crate::api::object::Object| {
            let spec = object.to_value()["spec"].clone();
            let holder = spec["holderIdentity"].as_str().unwrap_or("–").to_owned();
            let renewed = object.get::<k8s_openapi::api::coordination::v1::Lease>();
            let renewed = renewed.and_then(|lease| lease.spec.as_ref()?.renew_time.clone());
            let renewed = renewed.map(|time| {
                let time = k8s_openapi::apimachinery::pkg::apis::meta::v1::Time(time.0);
                now.since(crate::api::meta::moment(&time)).as_secs().to_string()
            });
            (object.key().to_string(), holder, renewed.unwrap_or_default())
        };
        let leases = session.objects(&lease::KIND);
        let more = leases.len().saturating_sub(KEYS);
        let all = leases.into_iter().take(KEYS).map(line).collect::<Vec<_>>();
        let told = |(key, holder, seconds): (String, String, String)| {
            ui.say("etcd-lease", &[("key", key.into()), ("holder", holder.into()), ("seconds", seconds.into())])
        };
        let rest = (more > 0).then(|| ui.say("stage-more", &[("count", more.into())]));
        all.into_iter().map(told).chain(rest).collect()
    })
}

/// Who watches what.
fn watchers(ui: Ui) -> Vec<String> {
    let language = ui.language.get();
    ui.view.with_untracked(|view| {
        // All of one client stand together.
        let clients: Vec<_> = view.watches.chunk_by(|one, next| one.0 == next.0).collect();
        let line = |all: &&[(Address, &'static str)]| {
            let mut kinds: Vec<&str> = all.iter().map(|(_, what)| *what).collect();
            kinds.order();
            kinds.dedup();
            format!("{}: {}", caption::actor(&all[0].0, language), kinds.join(", "))
        };
        let more = clients.len().saturating_sub(KEYS);
        let rest = (more > 0).then(|| ui.say("stage-more", &[("count", more.into())]));
        clients.iter().take(KEYS).map(line).chain(rest).collect()
    })
}

fn keys(ui: Ui, storage: &'static str) -> El {
    let kind = KINDS.iter().find(|kind| kind.storage == storage);
    let found: Vec<(String, String)> = ui.read(|session| {
        let objects = kind.map(|kind| session.objects(kind)).unwrap_or_default();
        let key = |object: &&crate::api::object::Object| {
            let reference = object.reference();
            let resource = object.meta().resource_version.clone().unwrap_or_default();
            (crate::inspect::link(&reference), format!("{} · rev {resource}", reference.key))
        };
        objects.iter().take(KEYS).map(key).collect()
    });
    let row = |(link, text): (String, String)| {
        el("li", "").add(button("event-link", move || ui.select(Selection::read(&link))).text(&text))
    };
    el("ul", "").all(found.into_iter().map(row))
}

fn writes(ui: Ui) -> Vec<Write> {
    moment::read(ui, |shown| {
        let write = |record: &crate::sim::Record<Fact>| match &record.fact {
            Fact::Committed { call, object, change, revision, ambient: false } => {
                let kind = caption::kind(object.kind.kind, shown.language);
                let key = match change {
                    Change::Created => "etcd-created",
                    Change::Updated => "etcd-updated",
                    Change::Deleted => "etcd-deleted",
                };
                let text = shown.text(key, &[("object", format!("{kind} {}", object.key).into())]);
                let link = crate::inspect::link(object);
                Some((*revision, record.at, actor(shown, &call.from), text, link))
            }
            _ => None,
        };
        shown.trace.range(0, shown.trace.head()).rev().filter_map(write).take(WRITES).collect()
    })
}

fn written(ui: Ui, (revision, at, actor, text, link): Write) -> El {
    let go = move || {
        ui.play(false);
        ui.seek(at);
        ui.select(Selection::read(&link));
    };
    let head = button("cause-seek", go)
        .add(el("span", "cause-sentence").text(&text))
        .add(el("span", "cause-when").text(&format!("{} · rev {revision}", clock_text(at))));
    el("li", "cause").add(badge(&actor)).add(el("div", "cause-body").add(head))
}
