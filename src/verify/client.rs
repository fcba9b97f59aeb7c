//! What kubectl does with a manifest, as far as it is requests: create, replace, apply on the client's side.
//!
//! Upstream: `kubectl/pkg/cmd/{create,replace,apply}`. Not a kubectl: what it prints on success is nobody's here, and of
//! its own complaints only those that rest on the server's discovery or schema.

use super::server::{Outcome as Reaction, Server};
use crate::api::manifest::{self, Document};
use crate::api::object::Key;
use crate::api::patch::apply::{last_applied, with_last_applied};
use crate::api::patch::{three_way, three_way_merge};
use crate::api::request::{FieldValidation, PatchType};
use crate::api::schema::schema;
use crate::api::{Body, Kind, Options, Request, Status, Target, Verb};
use crate::cluster::wire::Reply;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::rc::Rc;

/// The name of the manifest in every recording.
const FILE: &str = "m.yaml";

/// A command with its flags.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    verb: Word,
    /// `-n`.
    namespace: Option<String>,
    validation: FieldValidation,
    dry_run: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word {
    Create,
    Replace,
    Apply,
}

impl Command {
    /// `kubectl create --dry-run=server -f m.yaml`.
    pub const DRY_CREATE: Self =
        Self { verb: Word::Create, namespace: None, validation: FieldValidation::Strict, dry_run: true };

    /// Reads a command line.
    ///
    /// # Errors
    /// The word that is not known.
    pub fn parse(line: &str) -> Result<Self, String> {
        let mut words = line.split_whitespace().skip_while(|word| *word == "kubectl");
        let mut verb = None;
        let mut command = Self { dry_run: false, ..Self::DRY_CREATE };
        while let Some(word) = words.next() {
            match word {
                "create" => verb = Some(Word::Create),
                "replace" => verb = Some(Word::Replace),
                "apply" => verb = Some(Word::Apply),
                "-n" | "--namespace" => command.namespace = words.next().map(str::to_owned),
                "-f" => drop(words.next()),
                "--validate=ignore" | "--validate=false" => command.validation = FieldValidation::Ignore,
                "--validate=warn" => command.validation = FieldValidation::Warn,
                "--validate=strict" | "--validate=true" => command.validation = FieldValidation::Strict,
                "--dry-run=server" => command.dry_run = true,
                other => return Err(other.to_owned()),
            }
        }
        command.verb = verb.ok_or_else(|| line.to_owned())?;
        Ok(command)
    }

    /// `kubectl apply` of the set-up.
    pub fn apply(namespace: &str) -> Self {
        Self { verb: Word::Apply, namespace: Some(namespace.to_owned()), dry_run: false, ..Self::DRY_CREATE }
    }

    /// Whether objects that exist matter.
    pub fn is_apply(&self) -> bool {
        self.verb == Word::Apply
    }

    fn options(&self) -> Options {
        let manager = if self.is_apply() { "kubectl-client-side-apply" } else { "kubectl-create" };
        let field_manager = manager.into();
        Options { dry_run: self.dry_run, field_validation: self.validation, field_manager, ..Options::default() }
    }
}

/// Why something failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The server's answer.
    Status(Rc<Status>),
    /// kubectl's own sentence.
    Own(String),
}

/// What became of a manifest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// What failed, in order.
    pub troubles: Vec<Trouble>,
    /// The server's warnings.
    pub warnings: BTreeSet<String>,
    /// Whether the manifest is no YAML: then nothing was sent.
    pub unreadable: bool,
}

/// Runs a command.
pub fn run(server: &mut Server, command: &Command, text: &str) -> Outcome {
    let mut outcome = Outcome::default();
    let read = manifest::read(text);
    if let Some(error) = &read.error {
        outcome.unreadable = error.step == manifest::Step::Parse;
    }
    // kubectl visits all documents first; what it cannot map is told at the end, what it can is sent.
    for document in &read.documents {
        if let Err(trouble) = one(server, command, document, &mut outcome.warnings) {
            outcome.troubles.push(trouble);
        }
    }
    outcome.troubles.extend(read.error.map(|error| Trouble::Own(error.in_file(FILE))));
    outcome
}

/// The kind that a document names; kubectl finds it by its lower-case names, too.
fn mapped(server: &Server, api_version: &str, kind: &str) -> Option<&'static Kind> {
    let named = |known: &&&Kind| {
        known.api_version() == api_version && [known.kind, known.singular, known.plural].contains(&kind)
    };
    let built_in = crate::api::kinds::KINDS.iter().copied();
    built_in.chain(server.custom_kinds()).find(|kind| named(&kind))
}

fn one(
    server: &mut Server,
    command: &Command,
    document: &Document,
    warnings: &mut BTreeSet<String>,
) -> Result<(), Trouble> {
    if command.validation != FieldValidation::Ignore {
        document.check_type().map_err(|error| Trouble::Own(error.in_file(FILE)))?;
    }
    let value = &document.value;
    let text = |name: &str| value[name].as_str().unwrap_or_default();
    let (api_version, kind) = (text("apiVersion"), text("kind"));
    let missing = || Trouble::Own(format!("no matches for kind {kind:?} in version {api_version:?}"));
    let kind = mapped(server, api_version, kind).ok_or_else(missing)?;
    let meta = |name: &str| value["metadata"][name].as_str().unwrap_or_default();
    let namespace = place(command, kind, meta("namespace"))?;
    let name = meta("name");
    let reply = match command.verb {
        Word::Create => server.ask(create(command, kind, &namespace, value.clone())),
        Word::Replace => replace(server, command, kind, &namespace, value),
        Word::Apply if name.is_empty() => {
            let prefix = meta("generateName");
            return Err(Trouble::Own(format!("from {prefix}: cannot use generate name with apply")));
        }
        Word::Apply => apply(server, command, kind, &namespace, value),
    };
    match reply {
        Ok(Reply::Object { warnings: said, .. }) => {
            warnings.extend(said.iter().map(ToString::to_string));
            Ok(())
        }
        Ok(_) => Ok(()),
        Err(status) => Err(Trouble::Status(status)),
    }
}

/// The namespace of a document. Upstream: `resource.RequireNamespace`, `SetNamespace`.
fn place(command: &Command, kind: &Kind, own: &str) -> Result<String, Trouble> {
    match (kind.namespaced, own, command.namespace.as_deref()) {
        (false, ..) => Ok(String::new()),
        (true, "", given) => Ok(given.unwrap_or("default").to_owned()),
        (true, own, Some(given)) if own != given => Err(Trouble::Own(format!(
            "the namespace from the provided object {own:?} does not match the namespace {given:?}. You must pass \
             '--namespace={own}' to perform this operation."
        ))),
        (true, own, _) => Ok(own.to_owned()),
    }
}

fn create(command: &Command, kind: &'static Kind, namespace: &str, value: Value) -> Request {
    let name = value["metadata"]["name"].as_str().unwrap_or_default();
    let target = Target::new(kind, namespace, name);
    Request { verb: Verb::Create, target, options: command.options(), body: Body::Document(Rc::new(value)) }
}

/// Upstream: `resource.Helper.Replace`: the revision is the one of now unless the document has one.
fn replace(server: &mut Server, command: &Command, kind: &'static Kind, namespace: &str, value: &Value) -> Reaction {
    let mut value = value.clone();
    let name = value["metadata"]["name"].as_str().unwrap_or_default().to_owned();
    if value["metadata"]["resourceVersion"].is_null()
        && let Ok(Reply::Object { object, .. }) = server.ask(Request::get(kind, &Key::new(namespace, &name)))
    {
        value["metadata"]["resourceVersion"] = json!(object.meta().resource_version);
    }
    let target = Target::new(kind, namespace, &name);
    let body = Body::Document(Rc::new(value));
    server.ask(Request { verb: Verb::Update, target, options: command.options(), body })
}

/// Upstream: `applyOneObject`, `Patcher.patchSimple`.
fn apply(server: &mut Server, command: &Command, kind: &'static Kind, namespace: &str, value: &Value) -> Reaction {
    let mut wanted = value.clone();
    if kind.namespaced {
        wanted["metadata"]["namespace"] = namespace.into();
    }
    let wanted = with_last_applied(&wanted);
    let key = Key::new(namespace, value["metadata"]["name"].as_str().unwrap_or_default());
    let current = match server.ask(Request::get(kind, &key)) {
        Ok(Reply::Object { object, .. }) => object,
        Err(status) if status.code == 404 => return server.ask(create(command, kind, namespace, wanted)),
        other => return other,
    };
    let current = current.to_value();
    let original = last_applied(&current).unwrap_or(Value::Null);
    let known = schema().kind(kind.group, kind.version, kind.kind);
    let (format, patch) = match known {
        Some(schema) => {
            let patch = three_way(schema, &original, &wanted, &current);
            (PatchType::Strategic, patch.map_err(|error| Rc::new(Status::bad_request(error.to_string())))?)
        }
        None => (PatchType::Merge, three_way_merge(&original, &wanted, &current)),
    };
    if patch.as_object().is_some_and(serde_json::Map::is_empty) {
        return Ok(Reply::Done { revision: 0, uid: "".into() });
    }
    server.ask(Request::patch(kind, &key, format, patch).with(command.options()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn command_lines_are_read() {
        let command = Command::parse("kubectl -n golden create --validate=warn -f m.yaml").expect("known words");
        assert_eq!(command.namespace.as_deref(), Some("golden"));
        assert_eq!((command.verb, command.validation), (Word::Create, FieldValidation::Warn));
        assert_eq!(Command::parse("kubectl apply --prune -f m.yaml"), Err("--prune".to_owned()));
    }

    #[test]
    fn documents_are_created_applied_and_replaced() {
        let mut server = Server::new();
        let text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {a: \"1\"}\n";
        let mut said =
            |line: &str, text: &str| run(&mut server, &Command::parse(line).expect("a command"), text).troubles;
        assert_eq!(said("kubectl create -f m.yaml", text), []);
        assert!(matches!(said("kubectl create -f m.yaml", text).as_slice(), [Trouble::Status(s)] if s.code == 409));
        assert_eq!(said("kubectl apply -f m.yaml", &text.replace("\"1\"", "\"2\"")), []);
        assert_eq!(said("kubectl replace -f m.yaml", text), []);
        let own = said("kubectl -n other create -f m.yaml", &text.replace("name: c", "name: c, namespace: here"));
        assert!(matches!(own.as_slice(), [Trouble::Own(text)] if text.contains("'--namespace=here'")));
        let unknown = said("kubectl create -f m.yaml", "apiVersion: v1\nkind: Nonsense\nmetadata: {name: c}\n");
        assert_eq!(unknown, [Trouble::Own("no matches for kind \"Nonsense\" in version \"v1\"".to_owned())]);
    }
}
