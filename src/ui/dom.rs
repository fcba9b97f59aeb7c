//! The elements of the page: made once by plain DOM calls; what changes in them follows signals.
//!
//! leptos' signals, memos, effects and owners drive the page. Its `view!` is not used: each view is a type of its own,
//! with code of its own to build, rebuild and drop it, and that was a sixth of the program. Here every part is an [`El`],
//! and whatever follows a signal is a closure in a box.
//!
//! ```text
//! el("button", "button primary").attr("type", "button").word(ui, "apply").on("click", move |_| apply(ui))
//! ```
//!
//! The language of texts, the value of an attribute, a part that comes and goes: all of them end with the owner under
//! which they were made, as everything of leptos does.

mod focus;

use self::focus::Focus;
use super::browser::{get, put};
use super::handle::Ui;
use super::late;
use crate::sim::Sorted;
use crate::ui::signal::Memo;
use leptos::prelude::*;
use std::rc::Rc;
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Element, Event, Node};

/// An element. Clones are handles of the same one.
#[derive(Clone)]
pub struct El(Element);

/// Makes an element; `class` may be empty.
pub fn el(tag: &str, class: &str) -> El {
    // Fails only for names that are none; those here are literals.
    let made = El(document().create_element(tag).expect("the name of an element"));
    if class.is_empty() { made } else { made.attr("class", class) }
}

/// A picture whose words stand elsewhere. It has a language of its own, none: the page would be laid out at once, and once
/// more than needed, when it is given another one and pictures inherit that.
pub fn canvas(class: &str) -> El {
    el("canvas", class).attr("aria-hidden", "true").attr("lang", "")
}

/// A button that does something.
pub fn button(class: &str, act: impl Fn() + 'static) -> El {
    el("button", class).attr("type", "button").on("click", move |_| act())
}

/// A button that does something that needs nothing of the rest of the program.
pub fn button_at_once(class: &str, act: impl Fn() + 'static) -> El {
    el("button", class).attr("type", "button").at_once("click", move |_: &Event| act())
}

/// Lines on a field of 20 × 20; what they mean is said by the text beside them.
pub fn drawing(class: &str, size: &str, path: &str, fill: &str, line: &str) -> El {
    let of = |tag: &str| {
        let made = document().create_element_ns(Some("http://www.w3.org/2000/svg"), tag);
        El(made.expect("the name of an element"))
    };
    let line = of("path").attr("d", path).attr("fill", fill).attr("stroke", "currentColor").attr("stroke-width", line);
    let line = line.attr("stroke-linecap", "round").attr("stroke-linejoin", "round");
    of("svg").attr("class", class).attr("viewBox", "0 0 20 20").attr("width", size).attr("height", size).add(line)
}

/// What an attribute can be: a text, nothing, or just there.
pub trait Value {
    /// The attribute's text; `None`: the attribute is not there.
    fn written(self) -> Option<String>;
}

impl Value for String {
    fn written(self) -> Option<String> {
        Some(self)
    }
}

impl Value for &str {
    fn written(self) -> Option<String> {
        Some(self.to_owned())
    }
}

impl Value for Option<String> {
    fn written(self) -> Option<String> {
        self
    }
}

impl Value for bool {
    fn written(self) -> Option<String> {
        self.then(String::new)
    }
}

/// A row of a list: its key, and how it is made.
type Row = (String, Box<dyn FnOnce() -> El>);

impl El {
    /// Sets an attribute.
    pub fn attr(self, name: &str, value: &str) -> Self {
        set(&self.0, name, Some(value));
        self
    }

    /// An attribute that follows signals.
    pub fn bind<T: Value>(self, name: &'static str, value: impl Fn() -> T + 'static) -> Self {
        self.bound(name, Box::new(move || value().written()));
        self
    }

    fn bound(&self, name: &'static str, value: Box<dyn Fn() -> Option<String>>) {
        let element = self.0.clone();
        let mut shown = None;
        follow(move || {
            let value = value();
            if value != shown {
                set(&element, name, value.as_deref());
                shown = value;
            }
        });
    }

    /// A name for assistive technology, from the catalogue.
    pub fn label(self, ui: Ui, key: &'static str) -> Self {
        self.named(ui, "aria-label", key)
    }

    /// An attribute from the catalogue.
    pub fn named(self, ui: Ui, name: &'static str, key: &'static str) -> Self {
        self.bound(name, Box::new(move || Some(ui.text(key))));
        self
    }

    /// A class that comes and goes.
    pub fn class_if(self, class: &'static str, is_there: impl Fn() -> bool + 'static) -> Self {
        self.toggled(class, Box::new(is_there));
        self
    }

    fn toggled(&self, class: &'static str, is_there: Box<dyn Fn() -> bool>) {
        let element = self.0.clone();
        follow(move || {
            let _ = element.class_list().toggle_with_force(class, is_there());
        });
    }

    /// The value of a field; for a menu, after its options.
    pub fn value(self, value: impl Fn() -> String + 'static) -> Self {
        self.filled("value", Box::new(move || value().into()));
        self
    }

    /// Whether a box is ticked.
    pub fn checked(self, is_checked: impl Fn() -> bool + 'static) -> Self {
        self.filled("checked", Box::new(move || is_checked().into()));
        self
    }

    fn filled(&self, property: &'static str, value: Box<dyn Fn() -> JsValue>) {
        let element = self.0.clone();
        follow(move || {
            let value = value();
            // The caret stays where it is while a person writes.
            if get(&element, property) != value {
                put(&element, property, &value);
            }
        });
    }

    /// Calls back when something happens to it; while the rest of the program is on its way, when that has come.
    pub fn on(self, event: &str, act: impl Fn(&Event) + 'static) -> Self {
        self.heard(event, when_whole(Box::new(move |event| act(&event))));
        self
    }

    /// Calls back at once when something happens to it: for what needs nothing of the rest of the program.
    pub fn at_once<E: JsCast + 'static>(self, event: &str, act: impl Fn(&E) + 'static) -> Self {
        self.heard(event, Box::new(move |event| act(event.unchecked_ref())));
        self
    }

    /// The same for an event that is known to be of a kind.
    pub fn on_as<E: JsCast + 'static>(self, event: &str, act: impl Fn(&E) + 'static) -> Self {
        self.on(event, move |event| act(event.unchecked_ref()))
    }

    fn heard(&self, event: &str, act: Box<dyn Fn(Event)>) {
        // The closure goes when the browser forgets the element.
        let act = Closure::wrap(act).into_js_value();
        let _ = self.0.add_event_listener_with_callback(event, act.unchecked_ref());
    }

    /// Adds a text.
    pub fn text(self, text: &str) -> Self {
        append(&self.0, &document().create_text_node(text));
        self
    }

    /// Adds a text of the catalogue.
    pub fn word(self, ui: Ui, key: &'static str) -> Self {
        self.written(Box::new(move || ui.text(key)));
        self
    }

    /// Adds a text that follows signals.
    pub fn words(self, words: impl Fn() -> String + 'static) -> Self {
        self.written(Box::new(words));
        self
    }

    fn written(&self, words: Box<dyn Fn() -> String>) {
        let node = document().create_text_node("");
        append(&self.0, &node);
        let mut shown = String::new();
        follow(move || {
            let words = words();
            if words != shown {
                node.set_text_content(Some(&words));
                shown = words;
            }
        });
    }

    /// Adds a child.
    pub fn add(self, El(child): El) -> Self {
        append(&self.0, &child);
        self
    }

    /// Adds children.
    pub fn all(self, children: impl IntoIterator<Item = El>) -> Self {
        children.into_iter().fold(self, Self::add)
    }

    /// Adds a part that is made anew whenever a signal moves that was read in making it.
    pub fn part<T: IntoIterator<Item = El>>(self, make: impl Fn() -> T + 'static) -> Self {
        self.replaced(Box::new(move || make().into_iter().collect()));
        self
    }

    /// Adds a part that is there while something holds.
    pub fn when(self, holds: impl Fn() -> bool + Send + Sync + 'static, make: impl Fn() -> El + 'static) -> Self {
        let holds = truth(holds);
        self.part(move || holds.get().then(&make))
    }

    fn replaced(&self, make: Box<dyn Fn() -> Vec<El>>) {
        let (parent, end) = (self.clone(), self.marker());
        let mut shown: Vec<El> = Vec::new();
        follow(move || {
            let new = make();
            let focus = Focus::within(&shown);
            for old in shown.drain(..) {
                old.0.remove();
            }
            for element in &new {
                insert(&parent.0, element, &end);
            }
            focus.give_to(&new);
            shown = new;
        });
    }

    /// Adds a list. A row is made once for its key, and goes when there is no longer one with it.
    pub fn rows<T: 'static>(
        self,
        rows: impl Fn() -> Vec<T> + 'static,
        key: fn(&T) -> String,
        make: impl Fn(T) -> El + Copy + 'static,
    ) -> Self {
        let row = move |row: T| -> Row { (key(&row), Box::new(move || make(row))) };
        self.listed(Box::new(move || rows().into_iter().map(row).collect()));
        self
    }

    fn listed(&self, rows: Box<dyn Fn() -> Vec<Row>>) {
        let (parent, end) = (self.clone(), self.marker());
        let owner = Owner::current().unwrap_or_default();
        let mut shown: Sorted<String, (El, Owner)> = Sorted::new();
        follow(move || {
            let rows = rows();
            let mut before = std::mem::take(&mut shown);
            let mut order = Vec::with_capacity(rows.len());
            for (key, make) in rows {
                let row = before.remove(&key).unwrap_or_else(|| {
                    // A row outlives this run.
                    let owner = owner.child();
                    (owner.with(|| untrack(make)), owner)
                });
                order.push(row.0.clone());
                shown.insert(key, row);
            }
            for (old, _) in before.into_values() {
                old.0.remove();
            }
            let mut next: Node = end.clone();
            for row in order.into_iter().rev() {
                if row.0.next_sibling().as_ref() != Some(&next) {
                    insert(&parent.0, &row, &next);
                }
                next = row.0.into();
            }
        });
    }

    /// A place among the children.
    fn marker(&self) -> Node {
        let marker: Node = document().create_comment("").into();
        append(&self.0, &marker);
        marker
    }

    /// The element itself, as what it is.
    pub fn node<T: JsCast>(&self) -> T {
        self.0.clone().unchecked_into()
    }

    /// Puts it at the end of the page.
    pub fn mount(self) {
        if let Some(body) = document().body() {
            append(&body, &self.0);
        }
    }
}

// These fail only for children that hold their parents, and for names that are none.

fn append(parent: &Node, child: &Node) {
    let _ = parent.append_child(child);
}

fn insert(parent: &Element, child: &El, before: &Node) {
    let _ = parent.insert_before(&child.0, Some(before));
}

fn set(element: &Element, name: &str, value: Option<&str>) {
    let _ = match value {
        Some(value) => element.set_attribute(name, value),
        None => element.remove_attribute(name),
    };
}

/// Runs now, and again whenever a signal moves that was read, for as long as the present owner lives.
pub fn follow(mut run: impl FnMut() + 'static) {
    let effect = RenderEffect::new(move |_: Option<()>| run());
    let _ = StoredValue::new_local(effect);
}

/// The same, but at first when what is being made is on the page.
pub fn afterwards(run: impl FnMut() + 'static) {
    fn start(mut run: Box<dyn FnMut()>) {
        Effect::new(move |_: Option<()>| run());
    }
    start(Box::new(run));
}

/// Something that holds or not; moves only when that changes.
pub fn truth(holds: impl Fn() -> bool + Send + Sync + 'static) -> Memo<bool> {
    Memo::new(holds)
}

/// Calls back when something happens to the window, for as long as the page lives; see [`El::on`].
pub fn on_window<E: JsCast>(event: &str, act: impl Fn(&E) + 'static) {
    listen(event, when_whole(Box::new(move |event| act(event.unchecked_ref()))));
}

/// The same at once; see [`El::at_once`].
pub fn on_window_at_once<E: JsCast>(event: &str, act: impl Fn(&E) + 'static) {
    listen(event, Box::new(move |event| act(event.unchecked_ref())));
}

fn listen(event: &str, act: Box<dyn Fn(Event)>) {
    let _ = window_event_listener_untyped(event, act);
}

/// What is done only by the whole program.
fn when_whole(act: Box<dyn Fn(Event)>) -> Box<dyn Fn(Event)> {
    let act = Rc::new(act);
    Box::new(move |event| {
        let act = act.clone();
        late::then(move || act(event));
    })
}
