//! The API server's HTTP without its sockets: what a request over HTTP means, and how an answer is written.
//!
//! [`begin`] either answers at once (discovery, schemas, version, health: what is the same at any moment) or gives the
//! [`Request`] that the simulated server is to be asked; [`Call::answer`] writes what it says in the form that the
//! client wants: JSON or YAML, the object itself, its metadata alone, or a table. Whoever carries the bytes (`bottle
//! serve`, and the verification of recordings) uses these two and knows nothing of what is in them.
//!
//! ```text
//!   Asked ─ begin ─┬─▶ Answer                                   /version, /apis, /openapi/v3 …
//!                  └─▶ Call ─▶ the simulated API server ─▶ Call::answer ─▶ Answer
//!                                                       └▶ Call::event  (each change of a watch)
//! ```
//!
//! Answers in protobuf or CBOR are refused (406) and so are bodies in CBOR (415): clients fall back to JSON. Bodies in
//! protobuf are read, because kubectl sends its own types so and does not fall back.
//!
//! Left out: `exec`, `attach`, `portforward` and `proxy`, which need a connection of their own. Who asks is the affair of
//! whoever carries the bytes.
//!
//! Upstream: `k8s.io/apiserver/pkg/endpoints/handlers/{negotiation,responsewriters}`, `pkg/server/routes`.

mod custom_schemas;
mod customs;
mod discovery;
mod negotiation;
mod openapi;
mod protobuf;
mod render;
mod roots;

use crate::api::request::PatchType;
use crate::api::{Body, Kind, Request, Status, Verb};
use crate::cluster::wire::{Reply, WatchEvent};
use crate::sim::Time;
use serde_json::{Value, json};
use std::rc::Rc;

use self::negotiation::Form;

/// The longest body that is read (upstream: `config.go`, `MaxRequestBodyBytes`: 3 MiB).
pub const LONGEST_BODY: usize = 3 << 20;

/// A request as it comes over HTTP.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// The method.
    pub method: String,
    /// The path with its query.
    pub path: String,
    /// Header `Accept`.
    pub accept: String,
    /// Header `Content-Type`.
    pub content_type: String,
    /// Header `User-Agent`.
    pub user_agent: String,
    /// The body.
    pub body: Vec<u8>,
}

/// An answer, whole or the beginning of a stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// The status code.
    pub code: u16,
    /// Header `Content-Type`.
    pub content_type: &'static str,
    /// The texts of `Warning` headers.
    pub warnings: Vec<String>,
    /// Header `Retry-After`, in seconds.
    pub retry_after: Option<u32>,
    /// The body.
    pub body: Vec<u8>,
}

/// What is to be done for a request.
#[derive(Debug)]
pub enum Begun {
    /// Nothing: this is the answer.
    Answer(Answer),
    /// The API server is to be asked.
    Ask(Box<Call>),
}

/// A request for the API server, and the form in which its answer is wanted.
#[derive(Debug)]
pub struct Call {
    /// What is asked.
    pub request: Rc<Request>,
    /// When a watch is to end, in seconds from its beginning.
    pub timeout: Option<u64>,
    form: Form,
}

/// What a request means. `may` says whether the caller may use a verb on a path that is about no resource; `custom` are the
/// kinds that somebody has added to the cluster.
#[must_use]
pub fn begin(asked: &Asked, may: &mut dyn FnMut(&str, &str) -> Result<(), Status>, custom: &[&'static Kind]) -> Begun {
    let path = asked.path.split('?').next().unwrap_or_default();
    let own = customs::answer(asked, path, custom);
    let own = own.map(|answer| may(&asked.method.to_lowercase(), path).err().map_or(answer, |no| Answer::status(&no)));
    if let Some(answer) = own.or_else(|| roots::answer(asked, path, may)) {
        return Begun::Answer(answer);
    }
    match call(asked, custom) {
        Ok(call) => Begun::Ask(Box::new(call)),
        Err(status) if status == Status::no_such_path() => Begun::Answer(Answer::not_found()),
        Err(status) => Begun::Answer(Answer::status(&status)),
    }
}

fn call(asked: &Asked, custom: &[&'static Kind]) -> Result<Call, Status> {
    let Asked { method, path, content_type, .. } = asked;
    if asked.body.len() > LONGEST_BODY {
        return Err(Status::too_large(LONGEST_BODY));
    }
    let packed = content_type.starts_with("application/vnd.kubernetes.protobuf");
    let unpacked = if packed { protobuf::decode(&asked.body) } else { None };
    let (content_type, body) = match unpacked {
        Some(value) => ("application/json", value.to_string().into()),
        None if packed && asked.body.is_empty() => ("application/json", "".into()),
        None => (content_type.as_str(), String::from_utf8_lossy(&asked.body)),
    };
    let mut request = Request::parse_among(custom, (method, path), (content_type, &body))?;
    let form = Form::wanted(asked, request.verb)?;
    let applies = matches!(request.body, Body::Patch(PatchType::Apply, _));
    if request.options.field_manager.is_empty() && !applies {
        request.options.field_manager = manager(&asked.user_agent).into();
    }
    let timeout = parameter(path, "timeoutSeconds").and_then(|seconds| seconds.parse().ok()).filter(|n| *n > 0);
    Ok(Call { request: Rc::new(request), timeout, form })
}

/// The manager that a client is by its name (upstream: `handlers/create.go`, `prefixFromUserAgent`).
fn manager(user_agent: &str) -> String {
    let prefix = user_agent.split('/').next().unwrap_or_default();
    let printable: String = prefix.chars().filter(|c| !c.is_control()).take(128).collect();
    if printable.is_empty() { "unknown".to_owned() } else { printable }
}

/// A parameter of the query, as it is written.
fn parameter(path: &str, name: &str) -> Option<String> {
    Request::parameter(path, name)
}

impl Call {
    /// Writes what the API server said. A watch that has begun is the head of a stream.
    #[must_use]
    pub fn answer(&self, outcome: &Result<Reply, Rc<Status>>, now: Time) -> Answer {
        let (code, warnings, value) = match outcome {
            // A watch that comes too late begins, and ends with the error (upstream: `cacher.go`, `newErrWatcher`).
            Err(status) if self.request.verb == Verb::Watch && status.code == 410 => {
                let body = self.ended(status);
                return Answer { code: 200, content_type: self.form.content_type(), body, ..Answer::default() };
            }
            Err(status) => return Answer::status(status),
            Ok(Reply::Watching) => {
                let warnings = self.deprecation().map(str::to_owned).into_iter().collect();
                return Answer { code: 200, content_type: self.form.content_type(), warnings, ..Answer::default() };
            }
            Ok(Reply::Object { object, created, warnings }) => {
                let code = if *created { 201 } else { 200 };
                (code, warnings.iter().map(ToString::to_string).collect(), render::object(object, self.form, now))
            }
            Ok(Reply::List { items, revision, continue_token, remaining }) => {
                let kind = self.request.target.object.kind;
                let page = render::Page { revision: *revision, token: continue_token, remaining: *remaining };
                (200, Vec::new(), render::list(kind, items, &page, self.form, now))
            }
            Ok(Reply::Gone { items, listed, .. }) => {
                let kind = self.request.target.object.kind;
                let page = render::Page { revision: *listed, token: "", remaining: None };
                (200, Vec::new(), render::list(kind, items, &page, self.form, now))
            }
            Ok(Reply::Done { uid, .. }) => {
                let code = if self.request.verb == Verb::Create { 201 } else { 200 };
                (code, Vec::new(), self.done(uid))
            }
        };
        let warnings = self.deprecation().into_iter().map(str::to_owned).chain(warnings).collect();
        Answer {
            code,
            content_type: self.form.content_type(),
            warnings,
            body: self.form.write(&value),
            retry_after: None,
        }
    }

    /// What every answer about a kind that is going out of use warns of (upstream: `APILifecycleDeprecated`).
    fn deprecation(&self) -> Option<&'static str> {
        let kind = self.request.target.object.kind;
        match (kind.group, kind.kind) {
            ("", "Endpoints") => Some("v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"),
            ("", "ComponentStatus") => Some("v1 ComponentStatus is deprecated in v1.19+"),
            _ => None,
        }
    }

    /// `Status: Success`, with what it was done to.
    fn done(&self, uid: &str) -> Value {
        let mut status = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"});
        if self.request.verb == Verb::Create {
            status["code"] = json!(201);
            return status;
        }
        let target = &self.request.target.object;
        let mut details = json!({"name": &*target.key.name, "kind": target.kind.plural, "uid": uid});
        if !target.kind.group.is_empty() {
            details["group"] = target.kind.group.into();
        }
        status["details"] = details;
        status
    }

    /// One event of a watch, as a line of the stream. `first`: nothing has been sent before it.
    #[must_use]
    pub fn event(&self, event: &WatchEvent, first: bool, now: Time) -> Vec<u8> {
        let kind = self.request.target.object.kind;
        self.form.frame(&render::event(kind, event, self.form, first, now))
    }

    /// The last line of a watch that the server has ended.
    #[must_use]
    pub fn ended(&self, status: &Status) -> Vec<u8> {
        self.form.frame(&json!({"type": "ERROR", "object": status.to_value()}))
    }
}

impl Answer {
    /// A refusal.
    #[must_use]
    pub fn status(status: &Status) -> Self {
        let retry_after = status.details.as_ref().and_then(|details| details.retry_after_seconds);
        Self { retry_after, ..Self::json(status.code, &status.to_value()) }
    }

    fn json(code: u16, value: &Value) -> Self {
        let mut body = value.to_string().into_bytes();
        body.push(b'\n');
        Self { code, content_type: "application/json", body, ..Self::default() }
    }

    fn text(code: u16, text: &str) -> Self {
        Self { code, content_type: "text/plain; charset=utf-8", body: text.as_bytes().to_vec(), ..Self::default() }
    }

    fn not_found() -> Self {
        Self::text(404, "404 page not found\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::kinds;

    fn asked(method: &str, path: &str, accept: &str) -> Asked {
        let [method, path, accept] = [method, path, accept].map(str::to_owned);
        Asked { method, path, accept, user_agent: "kubectl/v1.36.4 (linux/amd64)".to_owned(), ..Asked::default() }
    }

    fn begun(asked: &Asked) -> Begun {
        begin(asked, &mut |_, _| Ok(()), &[])
    }

    fn answer(method: &str, path: &str, accept: &str) -> (u16, String) {
        match begun(&asked(method, path, accept)) {
            Begun::Answer(answer) => (answer.code, String::from_utf8_lossy(&answer.body).into_owned()),
            Begun::Ask(call) => panic!("{:?}", call.request),
        }
    }

    fn call(path: &str, accept: &str) -> Call {
        match begun(&asked("GET", path, accept)) {
            Begun::Ask(call) => *call,
            Begun::Answer(answer) => panic!("{answer:?}"),
        }
    }

    #[expect(clippy::unnecessary_wraps, reason = "what the server says")]
    fn pods() -> Result<Reply, Rc<Status>> {
        let pod = json!({"metadata": {"name": "p", "namespace": "n"}, "spec": {"containers": []}});
        let pod = (kinds::pod::KIND.decode)(pod).expect("a pod");
        Ok(Reply::List { items: [pod].into(), revision: 7, continue_token: "".into(), remaining: None })
    }

    fn body(answer: &Answer) -> Value {
        serde_json::from_slice(&answer.body).expect("JSON")
    }

    #[test]
    fn the_server_speaks_of_itself_without_being_asked_by_name() {
        assert_eq!(answer("GET", "/healthz", ""), (200, "ok".to_owned()));
        assert_eq!(answer("GET", "/readyz/ping", ""), (200, "ok".to_owned()));
        assert_eq!(answer("GET", "/nope", ""), (404, "404 page not found\n".to_owned()));
        assert_eq!(answer("GET", "/api/v1/boats", ""), (404, "404 page not found\n".to_owned()));
        assert_eq!(answer("POST", "/version", "").0, 405);
        assert!(answer("GET", "/version", "").1.contains("v1.36.2"));
        let mut may = |verb: &str, path: &str| {
            assert_eq!((verb, path), ("get", "/apis"));
            Err(Status::unauthorized())
        };
        let refused = begin(&asked("GET", "/apis", ""), &mut may, &[]);
        assert!(matches!(refused, Begun::Answer(answer) if answer.code == 401));
    }

    #[test]
    fn a_client_gets_the_form_that_it_asks_for() {
        let list = "/api/v1/pods";
        let table = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";
        let value = body(&call(list, table).answer(&pods(), Time::ZERO));
        assert_eq!((&value["kind"], &value["rows"][0]["cells"][0]), (&json!("Table"), &json!("p")));
        assert_eq!(value["rows"][0]["object"]["kind"], "PartialObjectMetadata");
        let value = body(&call("/api/v1/pods?includeObject=Object", table).answer(&pods(), Time::ZERO));
        assert_eq!(value["rows"][0]["object"]["kind"], "Pod");
        let partial = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";
        let value = body(&call(list, partial).answer(&pods(), Time::ZERO));
        assert_eq!(value["kind"], "PartialObjectMetadataList");
        assert!(value["items"][0]["spec"].is_null());
        let value =
            body(&call(list, "application/vnd.kubernetes.protobuf,application/json").answer(&pods(), Time::ZERO));
        assert_eq!((&value["kind"], &value["items"][0]["kind"]), (&json!("PodList"), &Value::Null));
        let yaml = call(list, "application/json;q=0.5,application/yaml").answer(&pods(), Time::ZERO);
        assert!(yaml.content_type == "application/yaml" && yaml.body.starts_with(b"apiVersion: v1\n"));
        assert_eq!(answer("GET", list, "application/vnd.kubernetes.protobuf").0, 406);
    }

    #[test]
    fn the_manager_of_a_write_is_the_client_by_its_name() {
        assert_eq!(&*call("/api/v1/pods", "").request.options.field_manager, "kubectl");
        assert_eq!(manager(""), "unknown");
    }

    #[test]
    fn bodies_are_limited_and_of_known_formats() {
        let path = "/api/v1/namespaces/default/pods";
        let mut long = asked("POST", path, "");
        long.body = vec![b' '; LONGEST_BODY + 1];
        let refused = |asked: &Asked| match begun(asked) {
            Begun::Answer(answer) => answer,
            Begun::Ask(call) => panic!("{:?}", call.request),
        };
        let answer = refused(&long);
        assert_eq!(
            (answer.code, body(&answer)["message"].clone()),
            (413, json!("Request entity too large: limit is 3145728"))
        );
        let protobuf = Asked {
            content_type: "application/vnd.kubernetes.protobuf".to_owned(),
            body: b"x".to_vec(),
            ..asked("POST", path, "")
        };
        assert_eq!(refused(&protobuf).code, 415);
    }

    #[test]
    fn a_watch_tells_its_columns_once_and_where_the_beginning_ends() {
        let table = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";
        let call = call("/api/v1/pods?watch=1", table);
        let Ok(Reply::List { items, .. }) = pods() else { unreachable!() };
        let added = WatchEvent::Change(crate::cluster::wire::Change::Created, items[0].clone());
        let line = |first| -> Value { serde_json::from_slice(&call.event(&added, first, Time::ZERO)).expect("JSON") };
        assert!(
            line(true)["object"]["columnDefinitions"].is_array()
                && line(false)["object"]["columnDefinitions"].is_null()
        );
        let end =
            super::tests::call("/api/v1/pods?watch=1", "").event(&WatchEvent::InitialEventsEnd(9), true, Time::ZERO);
        let end: Value = serde_json::from_slice(&end).expect("JSON");
        assert_eq!(end["object"]["metadata"]["annotations"]["k8s.io/initial-events-end"], "true");
    }
}
