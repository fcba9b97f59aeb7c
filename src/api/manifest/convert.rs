//! Nodes into JSON values: scalars, merge keys, aliases within a budget, keys that appear twice.

use std::rc::Rc;

use serde_json::{Map, Value};

use super::chunks::Chunk;
use super::tree::{Kind, Node};
use super::{ParseError, Step, scalar};

/// Values that a text may have in all.
const MAX_VALUES: usize = 1_000_000;

/// How much has been made so far, in all and through aliases.
#[derive(Default)]
pub(super) struct Budget {
    values: usize,
    through_aliases: usize,
    alias_depth: usize,
}

impl Budget {
    /// Counts one value; upstream's rule for aliases (`goyaml.v2/decode.go`, `allowedAliasRatio`), in whole numbers:
    /// up to 400,000 values 99 % may come from aliases, from 4,000,000 on 10 %.
    fn count(&mut self) -> Result<(), &'static str> {
        self.values += 1;
        if self.alias_depth > 0 {
            self.through_aliases += 1;
        }
        if self.values > MAX_VALUES {
            return Err("document contains more than 1000000 values");
        }
        let above = self.values.saturating_sub(400_000);
        let allowed_permille = 990 - above * 890 / 3_600_000;
        let excessive = self.through_aliases * 1000 > self.values * allowed_permille;
        if self.through_aliases > 100 && self.values > 1000 && excessive {
            return Err("document contains excessive aliasing");
        }
        Ok(())
    }
}

struct Converter<'a, 'c> {
    chunk: &'c Chunk<'a>,
    budget: &'c mut Budget,
    duplicates: Vec<ParseError>,
}

/// The value of a document and the keys that appear twice in it.
pub(super) fn document(
    node: &Node,
    chunk: &Chunk<'_>,
    budget: &mut Budget,
) -> Result<(Value, Vec<ParseError>), ParseError> {
    let mut converter = Converter { chunk, budget, duplicates: Vec::new() };
    let value = converter.value(node)?;
    Ok((value, converter.duplicates))
}

impl Converter<'_, '_> {
    fn error(&self, node: &Node, message: &str) -> ParseError {
        let message = format!("error converting YAML to JSON: yaml: {message}");
        ParseError { step: Step::Parse, at: self.chunk.position(node.mark), message }
    }

    fn value(&mut self, node: &Node) -> Result<Value, ParseError> {
        self.budget.count().map_err(|message| self.error(node, message))?;
        match &node.kind {
            Kind::Scalar { text, tag, plain } => self.scalar(node, text, tag.as_deref(), *plain),
            Kind::Sequence(items) => {
                let values: Result<Vec<Value>, _> = items.iter().map(|item| self.value(item)).collect();
                values.map(Value::Array)
            }
            Kind::Mapping(entries) => {
                let mut map = Map::new();
                self.entries(entries, &mut map)?;
                Ok(Value::Object(map))
            }
            Kind::Alias(target) => {
                self.budget.alias_depth += 1;
                let value = self.value(target);
                self.budget.alias_depth -= 1;
                value
            }
        }
    }

    fn scalar(&self, node: &Node, text: &str, tag: Option<&str>, plain: bool) -> Result<Value, ParseError> {
        let resolved = match tag {
            Some("int" | "float" | "bool" | "null") => scalar::resolve(text),
            None if plain => scalar::resolve(text),
            _ => Some(Value::from(text)),
        };
        resolved.ok_or_else(|| {
            let value = if text.contains('n') && !text.contains("inf") { "NaN" } else { "+Inf" };
            let message = format!("json: unsupported value: {value}");
            ParseError { step: Step::Parse, at: self.chunk.position(node.mark), message }
        })
    }

    /// Puts entries into a map in the order written: a merge key acts where it stands.
    fn entries(&mut self, entries: &[(Rc<Node>, Rc<Node>)], map: &mut Map<String, Value>) -> Result<(), ParseError> {
        let mut own: Vec<String> = Vec::new();
        for (key, node) in entries {
            if is_merge(key) {
                self.merge(node, map)?;
                continue;
            }
            let name = self.key(key)?;
            let value = self.value(node)?;
            if map.insert(name.clone(), value).is_some() && own.contains(&name) {
                let message = format!("line {}: key {name:?} already set in map", key.mark.line());
                self.duplicates.push(ParseError { step: Step::Parse, at: self.chunk.position(key.mark), message });
            }
            own.push(name);
        }
        Ok(())
    }

    fn merge(&mut self, node: &Node, map: &mut Map<String, Value>) -> Result<(), ParseError> {
        match &node.kind {
            Kind::Mapping(entries) => self.entries(entries, map),
            Kind::Alias(target) if matches!(target.kind, Kind::Mapping(_)) => {
                self.budget.alias_depth += 1;
                let merged = self.merge(target, map);
                self.budget.alias_depth -= 1;
                merged
            }
            // Earlier maps of a sequence win, so they come last.
            Kind::Sequence(items) if items.iter().all(|item| !matches!(item.kind, Kind::Sequence(_))) => {
                items.iter().rev().try_for_each(|item| self.merge(item, map))
            }
            _ => Err(self.error(node, "map merge requires map or sequence of maps as the value")),
        }
    }

    /// A key is a text in JSON, whatever it was in YAML; maps and sequences cannot be one.
    fn key(&mut self, node: &Node) -> Result<String, ParseError> {
        let value = self.value(node)?;
        match value {
            Value::String(text) => Ok(text),
            Value::Bool(_) | Value::Number(_) => Ok(value.to_string()),
            Value::Null => Err(self.error(node, "unsupported map key of type: null")),
            Value::Array(_) | Value::Object(_) => {
                Err(self.error(node, &format!("invalid map key: {}", go_syntax(&value))))
            }
        }
    }
}

fn is_merge(key: &Node) -> bool {
    matches!(&key.kind, Kind::Scalar { text, tag, plain } if text == "<<" && match tag.as_deref() {
        None => *plain,
        Some(tag) => tag == "merge",
    })
}

/// A value as Go's `%#v` prints what go-yaml makes of it.
fn go_syntax(value: &Value) -> String {
    match value {
        Value::Null => "interface {}(nil)".to_owned(),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(go_syntax).collect();
            format!("[]interface {{}}{{{}}}", items.join(", "))
        }
        Value::Object(map) => {
            let entries: Vec<String> = map.iter().map(|(key, value)| format!("{key:?}:{}", go_syntax(value))).collect();
            format!("map[interface {{}}]interface {{}}{{{}}}", entries.join(", "))
        }
        other => other.to_string(),
    }
}
