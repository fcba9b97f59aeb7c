//! What a client wants to read (upstream: `handlers/negotiation/negotiate.go`).

use super::{Asked, parameter};
use crate::api::{Status, Verb, manifest};
use serde_json::Value;

/// What of an object is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shape {
    /// All of it.
    Whole,
    /// `PartialObjectMetadata`.
    Metadata,
    /// A row of a `Table`, and what stands beside its cells.
    Table(Beside),
}

/// `includeObject` of a table.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Beside {
    /// Nothing.
    None,
    /// The metadata.
    Metadata,
    /// The object.
    Object,
}

/// How an answer is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Form {
    /// What of an object.
    pub shape: Shape,
    yaml: bool,
    pretty: bool,
}

const ACCEPTED: &str = "only the following media types are accepted: application/json, \
                        application/json;stream=watch, application/yaml";

/// One of the things that an `Accept` header asks for.
struct Clause<'a> {
    media_type: &'a str,
    parameters: Vec<(&'a str, &'a str)>,
}

impl<'a> Clause<'a> {
    fn parse(text: &'a str) -> Self {
        let mut parts = text.split(';').map(str::trim);
        let media_type = parts.next().unwrap_or_default();
        Self { media_type, parameters: parts.map(|part| part.split_once('=').unwrap_or((part, ""))).collect() }
    }

    fn parameter(&self, name: &str) -> &'a str {
        self.parameters.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value)
    }

    /// In thousandths.
    fn quality(&self) -> u32 {
        let text = self.parameter("q");
        let whole = text.starts_with('1') || text.is_empty();
        let digits = text.split_once('.').map_or("", |(_, digits)| digits);
        if whole { 1000 } else { format!("{digits:0<3}")[..3].parse().unwrap_or(0) }
    }
}

/// The clauses of an `Accept` header, the most wanted first.
fn clauses(accept: &str) -> Vec<Clause<'_>> {
    let accept = if accept.trim().is_empty() { "*/*" } else { accept };
    let mut clauses: Vec<Clause> = accept.split(',').map(|text| Clause::parse(text.trim())).collect();
    clauses.sort_by_key(|clause| std::cmp::Reverse(clause.quality()));
    clauses
}

/// The `as` of the first clause for JSON that names one of `known` (with group and version), or nothing where plain JSON
/// is wanted first.
pub fn wanted_as(accept: &str, known: &str, group: &str, version: &str) -> bool {
    let json = |clause: &&Clause| matches!(clause.media_type, "application/json" | "*/*" | "application/*");
    let binding = clauses(accept);
    let first = binding.iter().filter(json).find(|clause| {
        let name = clause.parameter("as");
        name.is_empty() || (name == known && clause.parameter("g") == group && clause.parameter("v") == version)
    });
    first.is_some_and(|clause| clause.parameter("as") == known)
}

impl Form {
    /// The first form of those that the client takes that the server has.
    ///
    /// # Errors
    /// 406 if there is none.
    pub fn wanted(asked: &Asked, verb: Verb) -> Result<Self, Status> {
        let table = verb != Verb::Create || asked.accept.contains("as=Table");
        let pretty = parameter(&asked.path, "pretty").is_some_and(|value| !matches!(value.as_str(), "0" | "false"));
        for clause in clauses(&asked.accept) {
            let yaml = match clause.media_type {
                "application/json" | "*/*" | "application/*" => false,
                "application/yaml" if verb != Verb::Watch => true,
                _ => continue,
            };
            let current = clause.parameter("g") == "meta.k8s.io" && clause.parameter("v") == "v1";
            let shape = match clause.parameter("as") {
                "" => Shape::Whole,
                "Table" if current && table => Shape::Table(beside(&asked.path)?),
                "PartialObjectMetadata" | "PartialObjectMetadataList" if current => Shape::Metadata,
                _ => continue,
            };
            return Ok(Self { shape, yaml, pretty });
        }
        Err(Status::not_acceptable(ACCEPTED))
    }

    /// Header `Content-Type`.
    pub fn content_type(self) -> &'static str {
        if self.yaml { "application/yaml" } else { "application/json" }
    }

    /// An answer as bytes.
    pub fn write(self, value: &Value) -> Vec<u8> {
        match (self.yaml, self.pretty) {
            (true, _) => manifest::write(value).into_bytes(),
            (false, true) => format!("{value:#}\n").into_bytes(),
            (false, false) => format!("{value}\n").into_bytes(),
        }
    }

    /// One line of a stream.
    #[expect(clippy::unused_self, reason = "a stream is always of JSON today")]
    pub fn frame(self, value: &Value) -> Vec<u8> {
        format!("{value}\n").into_bytes()
    }
}

fn beside(path: &str) -> Result<Beside, Status> {
    match parameter(path, "includeObject").unwrap_or_default().as_str() {
        "None" => Ok(Beside::None),
        "" | "Metadata" => Ok(Beside::Metadata),
        "Object" => Ok(Beside::Object),
        other => Err(Status::bad_request(format!("unrecognized includeObject value: \"{other}\""))),
    }
}
