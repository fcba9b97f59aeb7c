//! Manifests: YAML or JSON text into documents, as `kubectl -f` reads them, and back.
//!
//! What happens in the real tools, and here:
//!
//! 1. The text is cut at lines that begin with `---` *before* any YAML is read
//!    (`k8s.io/apimachinery/pkg/util/yaml/decoder.go`); that is why lines in kubectl's messages count from the document's
//!    first line. Text that begins with `{` is read as JSON if it is JSON, else as YAML (KYAML looks like JSON).
//! 2. Each piece is read as YAML **1.1** (`sigs.k8s.io/yaml`): `yes`, `on`, `y` are booleans, `0644` is octal, `<<` merges,
//!    a date stays a string. Of two equal keys the last one wins silently in kubectl, while a server that gets YAML
//!    refuses them; so both are known here: the value, and [`Document::duplicates`].
//! 3. Empty documents vanish, lists become their items.
//!
//! The first broken document ends the reading, those before it count: so does kubectl.
//!
//! Budgets, so that no text can stall the page: 4 MiB of text, 255 levels of nesting, 1,000,000 values in all, and
//! upstream's limit for the part of them that comes from aliases ("document contains excessive aliasing").
//!
//! Left out: `!!set`, `!!omap` and other collection tags (ignored, as upstream does for JSON); a few sentences of the
//! YAML scanner are those of our parser where it distinguishes cases that libyaml lumps together.

mod chunks;
mod convert;
mod json;
mod place;
mod scalar;
mod tree;
mod write;

use std::fmt;

use serde_json::Value;

pub use json::json_error;
pub use place::locate;
pub use write::write;

/// Longest text that is read: 4 MiB.
pub const MAX_BYTES: usize = 4 << 20;

/// A place in a text; both count from 1, columns in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1.
    pub column: usize,
}

/// What a text contains.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Read {
    /// The documents up to the first broken one.
    pub documents: Vec<Document>,
    /// Why reading stopped before the end.
    pub error: Option<ParseError>,
}

/// One object of a manifest.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    /// Always a map.
    pub value: Value,
    /// The line on which it begins, from 1.
    pub line: usize,
    /// Its number among the documents of the text, from 0.
    pub index: usize,
    /// Keys that appear twice in one map. kubectl lets the last one win; the server refuses YAML that has any.
    pub duplicates: Vec<ParseError>,
}

impl Document {
    /// kubectl's complaint about a document that does not say what it is.
    ///
    /// # Errors
    /// When `apiVersion` or `kind` is absent, empty or no text.
    pub fn check_type(&self) -> Result<(), ParseError> {
        let absent = |key: &str| self.value.get(key).and_then(Value::as_str).is_none_or(str::is_empty);
        let message = match (absent("apiVersion"), absent("kind")) {
            (false, false) => return Ok(()),
            (true, true) => "[apiVersion not set, kind not set]",
            (true, false) => "apiVersion not set",
            (false, true) => "kind not set",
        };
        let at = Position { line: self.line, column: 1 };
        Err(ParseError { step: Step::Validate, at, message: message.to_owned() })
    }

    /// What a server says when it is sent this document as YAML with strict validation, after
    /// `Pod in version "v1" cannot be handled as a Pod: strict decoding error: `.
    #[must_use]
    pub fn strict_error(&self) -> Option<String> {
        if self.duplicates.is_empty() {
            return None;
        }
        let lines: Vec<&str> = self.duplicates.iter().map(|duplicate| duplicate.message.as_str()).collect();
        Some(format!("yaml: unmarshal errors:\n  {}", lines.join("\n  ")))
    }
}

/// At which step a text failed; kubectl words the beginning of its message accordingly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The text is neither YAML nor JSON.
    Parse,
    /// It is, but not an object of the API: no map, or without `apiVersion` and `kind`.
    Validate,
}

/// Why a text is not a manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    /// The step that failed.
    pub step: Step,
    /// Where, in the whole text.
    pub at: Position,
    /// The tool's sentence without the file's name; lines in it count from the document's first line.
    pub message: String,
}

impl ParseError {
    /// kubectl's line for it, without the leading `error: `.
    #[must_use]
    pub fn in_file(&self, name: &str) -> String {
        match self.step {
            Step::Parse => format!("error parsing {name}: {}", self.message),
            Step::Validate => format!(
                "error validating {name:?}: error validating data: {}; if you choose to ignore these errors, turn validation off with --validate=false",
                self.message
            ),
        }
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ParseError {}

/// Reads all documents of a text.
#[must_use]
pub fn read(text: &str) -> Read {
    let mut read = Read::default();
    if let Err(error) = read_into(text, &mut read.documents) {
        read.error = Some(error);
    }
    read
}

fn read_into(text: &str, documents: &mut Vec<Document>) -> Result<(), ParseError> {
    if text.len() > MAX_BYTES {
        let message = format!("the text has {} bytes, more than {MAX_BYTES} are not read", text.len());
        return Err(ParseError { step: Step::Parse, at: Position { line: 1, column: 1 }, message });
    }
    if let Some(values) = json_stream(text) {
        return values.into_iter().try_for_each(|(value, line)| push(documents, value, line, Vec::new()));
    }
    let mut budget = convert::Budget::default();
    let (chunks, error) = chunks::split(text);
    for chunk in chunks {
        let Some(node) = tree::parse(&chunk)? else { continue };
        let (value, duplicates) = convert::document(&node, &chunk, &mut budget)?;
        push(documents, value, chunk.line(node.mark), duplicates)?;
    }
    error.map_or(Ok(()), Err)
}

/// The documents of a JSON text with their lines; nothing if it is not JSON from beginning to end.
fn json_stream(text: &str) -> Option<Vec<(Value, usize)>> {
    let text = text.trim_start_matches('\u{feff}');
    if !text.trim_start().starts_with('{') {
        return None;
    }
    let mut values = Vec::new();
    let mut stream = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    loop {
        let rest = &text[stream.byte_offset()..];
        let start = text.len() - rest.trim_start().len();
        let line = 1 + text[..start].matches('\n').count();
        match stream.next() {
            None => return Some(values),
            Some(Ok(value)) => values.push((value, line)),
            Some(Err(_)) => return None,
        }
    }
}

fn push(
    documents: &mut Vec<Document>,
    value: Value,
    line: usize,
    duplicates: Vec<ParseError>,
) -> Result<(), ParseError> {
    if value.is_null() {
        return Ok(());
    }
    let Some(items) = list_items(&value) else {
        if !value.is_object() {
            let message = "invalid object to validate".to_owned();
            return Err(ParseError { step: Step::Validate, at: Position { line, column: 1 }, message });
        }
        documents.push(Document { value, line, index: documents.len(), duplicates });
        return Ok(());
    };
    for (number, item) in items.into_iter().enumerate() {
        let duplicates = if number == 0 { duplicates.clone() } else { Vec::new() };
        push(documents, item, line, duplicates)?;
    }
    Ok(())
}

/// The items of a list; those without a type get the one that the list's kind implies (`PodList` → `Pod`).
fn list_items(value: &Value) -> Option<Vec<Value>> {
    let kind = value.get("kind")?.as_str()?.strip_suffix("List")?;
    let mut items = value.get("items")?.as_array()?.clone();
    for item in items.iter_mut().filter_map(Value::as_object_mut) {
        if !kind.is_empty() && !item.contains_key("kind") && !item.contains_key("apiVersion") {
            item.insert("kind".to_owned(), Value::from(kind));
            item.insert("apiVersion".to_owned(), value.get("apiVersion").cloned().unwrap_or_default());
        }
    }
    Some(items)
}

/// The name of a value's type in Go's JSON messages.
#[must_use]
pub fn json_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

#[cfg(test)]
mod tests;
