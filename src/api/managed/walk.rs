//! Values with their schema: which fields a value has, what changed between two, two merged into one, fields taken out.
//! Upstream: `structured-merge-diff/v6/typed` (`tofieldset.go`, `compare.go`, `merge.go`, `remove.go`).

use super::set::{Set, is_member, member};
use super::type_of;
use crate::api::json;
use crate::api::kinds::Kind;
use crate::api::schema::{ListType, Shape, schema};
use serde_json::{Map, Value};

/// What the schema says of a place. Without a schema (custom fields) maps have fields and lists are one value each.
#[derive(Clone, Copy)]
pub struct At {
    shape: Option<&'static Shape>,
    list: Option<&'static ListType>,
    atomic: bool,
    root: Option<&'static str>,
}

const UNKNOWN: At = At { shape: None, list: None, atomic: false, root: None };

impl At {
    /// Of an object of a kind.
    pub fn root(kind: &Kind) -> Self {
        Self { root: type_of(kind), ..UNKNOWN }
    }

    fn of(shape: &'static Shape) -> Self {
        let atomic = match shape {
            Shape::Object(name) => schema().object(name).is_some_and(|known| known.atomic),
            _ => false,
        };
        Self { shape: Some(shape), atomic, ..UNKNOWN }
    }

    /// Of a field, and whether the schema names it (other keys are those of a map).
    fn field(self, name: &str) -> (Self, bool) {
        let object = match self.shape {
            Some(Shape::Object(object)) => Some(*object),
            Some(Shape::Map(inner, _)) => return (Self::of(inner), false),
            _ => self.root,
        };
        let field = object.and_then(|object| schema().object(object)).and_then(|known| known.fields.get(name));
        match field {
            Some(field) => {
                let at = Self::of(&field.shape);
                (Self { list: Some(&field.list), atomic: at.atomic || field.atomic, ..at }, true)
            }
            None => (UNKNOWN, false),
        }
    }

    /// Of the items of a list.
    fn item(self) -> Self {
        match self.shape {
            Some(Shape::List(inner)) => Self::of(inner),
            _ => UNKNOWN,
        }
    }

    /// Whether a value has one owner as a whole.
    fn is_leaf(self, value: &Value) -> bool {
        match value {
            Value::Object(_) => self.atomic,
            Value::Array(_) => self.atomic || matches!(self.list, None | Some(ListType::Atomic)),
            _ => true,
        }
    }

    /// What tells an item of the list apart.
    fn element(self, item: &Value) -> String {
        match self.list {
            Some(ListType::Map(names)) => {
                let key = |name: &&'static str| {
                    // The only key that is defaulted.
                    let default = || (*name == "protocol").then(|| "TCP".into());
                    let value = item.get(*name).filter(|value| !value.is_null()).cloned().or_else(default)?;
                    Some((*name, value))
                };
                format!("k:{}", Value::Object(json::fields(names.iter().filter_map(key))))
            }
            _ => format!("v:{item}"),
        }
    }
}

/// The fields that a value has (upstream: `ToFieldSet`).
pub fn fields(value: &Value, at: At) -> Set {
    let mut set = Map::new();
    let mut put = |element: String, value: &Value, at: At, own: bool| {
        let empty = value.as_object().is_some_and(Map::is_empty);
        let mut inner = if at.is_leaf(value) || empty { Map::new() } else { fields(value, at) };
        if own {
            member(&mut inner);
        }
        if own || at.is_leaf(value) || empty || !inner.is_empty() {
            set.insert(element, Value::Object(inner));
        }
    };
    match value {
        Value::Object(object) => {
            for (name, value) in object {
                let (at, named) = at.field(name);
                put(format!("f:{name}"), value, at, !named);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| put(at.element(item), item, at.item(), true)),
        _ => {}
    }
    set
}

/// What differs between two values: what is other or new in the second one, and what it lacks. `None`: nothing.
#[derive(Default)]
pub struct Change {
    /// Changed and added.
    pub changed: Option<Set>,
    /// Gone.
    pub removed: Option<Set>,
}

/// Compares two values (upstream: `compare.go`). What is null is there; to what was there before it is as nothing.
pub fn compare(old: Option<&Value>, new: Option<&Value>, at: At) -> Change {
    // Whether it is there says who owns the place itself; what is null is there.
    let (appears, goes) = (old.is_none(), new.is_none());
    if appears && new.is_some_and(Value::is_null) {
        return Change { changed: Some(Map::new()), removed: None };
    }
    let (old, new) = (old.filter(|old| !old.is_null()), new.filter(|new| !new.is_null()));
    if old == new {
        return Change::default();
    }
    let all = || [old, new].into_iter().flatten();
    let empty = |value: &Value| match value {
        Value::Object(object) => object.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => true,
    };
    let mixed = matches!((old, new), (Some(old), Some(new)) if old.is_object() != new.is_object());
    if mixed || all().any(|value| at.is_leaf(value)) || all().all(empty) {
        let whole = Some(Map::new());
        let gone = new.is_none();
        return Change { changed: whole.clone().filter(|_| !gone), removed: whole.filter(|_| gone) };
    }
    let (mut changed, mut removed) = (Map::new(), Map::new());
    let mut note = |element: &str, change: Change| {
        for (set, part) in [(&mut changed, change.changed), (&mut removed, change.removed)] {
            if let Some(part) = part {
                set.insert(element.to_owned(), Value::Object(part));
            }
        }
    };
    if all().any(Value::is_object) {
        let get = |value: Option<&'_ Value>, name: &str| value.and_then(|value| value.get(name)).cloned();
        let names = all().filter_map(Value::as_object).flat_map(Map::keys);
        for name in names {
            let (before, after) = (get(old, name), get(new, name));
            note(&format!("f:{name}"), compare(before.as_ref(), after.as_ref(), at.field(name).0));
        }
    } else {
        let (before, after) = (items(old, at), items(new, at));
        for element in before.iter().chain(&after).map(|(element, _)| element) {
            let find =
                |list: &[(String, Value)]| list.iter().find(|(known, _)| known == element).map(|(_, v)| v.clone());
            note(element, compare(find(&before).as_ref(), find(&after).as_ref(), at.item()));
        }
    }
    let (some_changed, some_removed) = (!changed.is_empty(), !removed.is_empty());
    if appears {
        member(&mut changed);
    }
    if goes {
        member(&mut removed);
    }
    Change { changed: Some(changed).filter(|_| some_changed), removed: Some(removed).filter(|_| some_removed) }
}

/// Parts that Go's types always have, however empty the object is: to fill them in is not to add them.
const ALWAYS: &[&str] =
    &["metadata", "spec", "status", "strategy", "updateStrategy", "template", "jobTemplate", "scaleTargetRef"];

/// An object of the type with nothing in it, as Go has it.
pub fn empty(at: At) -> Value {
    let object = match at.shape {
        Some(Shape::Object(object)) => Some(*object),
        Some(_) => return Value::Null,
        None => at.root,
    };
    let fields = object.and_then(|object| schema().object(object)).map(|known| &known.fields);
    let fields = fields.into_iter().flatten().filter_map(|(name, field)| {
        let nothing = match &field.shape {
            Shape::Object(_) if ALWAYS.contains(name) => empty(at.field(name).0),
            Shape::List(_) if field.required => Value::Null,
            _ => return None,
        };
        Some((*name, nothing))
    });
    Value::Object(json::fields(fields))
}

fn items(list: Option<&Value>, at: At) -> Vec<(String, Value)> {
    let items = list.and_then(Value::as_array).into_iter().flatten();
    items.map(|item| (at.element(item), item.clone())).collect()
}

/// What an applied value makes of the one that is there (upstream: `merge.go`).
pub fn merge(live: Option<&Value>, config: &Value, at: At) -> Value {
    match (live, config) {
        (Some(Value::Object(old)), Value::Object(new)) if !at.is_leaf(config) => {
            let mut merged = old.clone();
            for (name, value) in new {
                merged.insert(name.clone(), merge(old.get(name), value, at.field(name).0));
            }
            Value::Object(merged)
        }
        (Some(Value::Array(_)), Value::Array(_)) if !at.is_leaf(config) => {
            merge_lists(&items(live, at), &items(Some(config), at), at)
        }
        _ => config.clone(),
    }
}

/// The applied items come in their order, the others stay where they are among them.
fn merge_lists(live: &[(String, Value)], config: &[(String, Value)], at: At) -> Value {
    let find = |list: &'_ [(String, Value)], element: &str| list.iter().position(|(known, _)| known == element);
    let (mut merged, mut next) = (Vec::new(), 0);
    for (element, item) in config {
        // What stands before the next applied item and is not applied itself.
        while next < live.len() && find(config, &live[next].0).is_none() {
            merged.push(live[next].1.clone());
            next += 1;
        }
        let place = find(live, element);
        merged.push(merge(place.map(|place| &live[place].1), item, at.item()));
        if place == Some(next) {
            next += 1;
        }
    }
    merged.extend(live[next..].iter().filter(|(element, _)| find(config, element).is_none()).map(|(_, v)| v.clone()));
    Value::Array(merged)
}

/// Takes the members of a set out of a value (upstream: `remove.go`).
pub fn remove(value: &mut Value, set: &Set, at: At) {
    let below = |element: &str| set.get(element).and_then(Value::as_object);
    match value {
        Value::Object(object) => {
            object.retain(|name, _| !below(&format!("f:{name}")).is_some_and(is_member));
            for (name, value) in object.iter_mut() {
                if let Some(inner) = below(&format!("f:{name}")) {
                    remove(value, inner, at.field(name).0);
                }
            }
        }
        Value::Array(items) => {
            items.retain(|item| !below(&at.element(item)).is_some_and(is_member));
            for item in items.iter_mut() {
                if let Some(inner) = below(&at.element(item)) {
                    remove(item, inner, at.item());
                }
            }
        }
        _ => {}
    }
}
