//! What is noted of the gates that a request has passed.
//!
//! Each gate is a fact with who it was and which rule lets him. What defaulting and admission have changed costs more than
//! the write itself to find out, so it is looked for only in a copy of the world that somebody asks about one request
//! ([`ApiServer::explain`]): the copy does again what was done, and looks closely.

use super::ApiServer;
use super::stages::{Refused, Review};
use crate::api::object::Object;
use crate::cluster::Cx;
use crate::cluster::fact::{Fact, Gate};
use serde_json::Value;
use std::rc::Rc;

impl ApiServer {
    /// Looks closely from now on: every gate of every request is noted, with all that it found.
    pub fn explain(&mut self) {
        self.explains = true;
    }

    /// The gates as the picture shows them: those passed, and the one that refused. Routine only shows refusals.
    pub(super) fn note_gates(&self, cx: &mut Cx, number: u64, refused: Option<&Refused>) {
        let Some(flight) = self.flights.get(&number) else { return };
        if flight.call.from == *cx.me() {
            return;
        }
        let ambient = flight.is_ambient();
        let last = refused.map(|refused| refused.gate);
        for gate in Gate::ALL {
            let refused = refused.filter(|refused| refused.gate == gate);
            let refused = refused.map(|refused| Rc::new(refused.status.clone()));
            if !ambient || refused.is_some() || self.explains {
                let decision = match gate {
                    Gate::Authentication if self.explains => {
                        let groups = flight.user.groups.iter().map(|group| &**group);
                        std::iter::once(&*flight.user.name).chain(groups).collect::<Vec<_>>().join("\n").into()
                    }
                    Gate::Authentication => flight.user.name.clone(),
                    Gate::Authorization => flight.rule.clone(),
                    _ if flight.told.is_empty() => "".into(),
                    _ => {
                        let own = flight.told.iter().filter(|(at, _)| *at == gate).map(|(_, line)| &**line);
                        own.collect::<Vec<_>>().join("\n").into()
                    }
                };
                cx.note(Fact::Gate { call: flight.call.clone(), gate, refused, decision, ambient });
            }
            if last == Some(gate) {
                return;
            }
        }
    }
}

impl Review<'_> {
    /// The object as it is now, before something may change it; `None` while nobody looks closely.
    pub fn before(&self, object: &Object) -> Option<Value> {
        self.told.as_ref().map(|_| object.to_value())
    }

    /// Tells which fields have been changed since, and by which plugin (empty: by the gate itself): one line for each, its
    /// three parts parted by tabs.
    pub fn changed(&mut self, (gate, by): (Gate, &str), before: Option<Value>, object: &Object) {
        let (Some(told), Some(before)) = (&mut self.told, before) else { return };
        differences(Some(&before), Some(&object.to_value()), "", &mut |path, value| {
            told.push((gate, format!("{by}\t{path}\t{value}").into()));
        });
    }

    /// Tells which plugin has refused.
    pub fn objected(&mut self, gate: Gate, by: &str) {
        if let Some(told) = &mut self.told {
            told.push((gate, format!("{by}\t\t").into()));
        }
    }
}

/// The fields in which two trees differ, each with its new value (empty: gone).
fn differences(before: Option<&Value>, after: Option<&Value>, path: &str, found: &mut dyn FnMut(&str, String)) {
    if before == after {
        return;
    }
    match (before.unwrap_or(&Value::Null), after) {
        (old, Some(Value::Object(new))) if old.is_object() || old.is_null() => {
            let gone =
                old.as_object().into_iter().flatten().map(|(name, _)| name).filter(|name| !new.contains_key(*name));
            for name in new.keys().chain(gone) {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                differences(old.get(name), new.get(name), &path, found);
            }
        }
        (old, Some(Value::Array(new))) if old.is_array() || old.is_null() => {
            let count = old.as_array().map_or(0, Vec::len).max(new.len());
            for index in 0..count {
                differences(old.get(index), new.get(index), &format!("{path}[{index}]"), found);
            }
        }
        (_, Some(Value::String(text))) => found(path, text.replace(['\n', '\t'], " ")),
        (_, after) => found(path, after.map(Value::to_string).unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn differences_name_each_field_with_its_new_value() {
        let before = json!({"spec": {"a": 1, "list": [{"b": 1}], "gone": true}});
        let after = json!({"spec": {"a": 1, "list": [{"b": 2}, {"c": "x\ty"}], "new": {"d": null}}});
        let mut found = Vec::new();
        differences(Some(&before), Some(&after), "", &mut |path, value| found.push(format!("{path}={value}")));
        assert_eq!(found, ["spec.list[0].b=2", "spec.list[1].c=x y", "spec.new.d=null", "spec.gone="]);
    }
}
