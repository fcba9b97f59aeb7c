//! An API server with its etcd on a kernel of their own, and a caller who waits for each answer.

use crate::api::manifest::json_type;
use crate::api::object::{Key, Object};
use crate::api::{Body, Kind, Options, Request, Status, Target, Verb, kinds};
use crate::cluster::apiserver::ApiServer;
use crate::cluster::etcd::Etcd;
use crate::cluster::fact::Fact;
use crate::cluster::wire::{Address, Event, Message, Reply, User};
use crate::cluster::{Cx, timing};
use crate::http::{self, Answer, Asked, Begun};
use crate::sim::{Duration, Kernel, Time, Trace};
use serde_json::{Value, json};
use std::rc::Rc;

/// What the server said.
pub type Outcome = Result<Reply, Rc<Status>>;

/// Who asks unless somebody else is named.
const ADMINISTRATOR: &str = "kubernetes-admin";
/// More steps than any request takes.
const MOST_STEPS: usize = 100_000;

/// The two processes.
#[derive(Clone)]
pub struct Server {
    kernel: Kernel<Address, Event>,
    trace: Trace<Fact>,
    api: ApiServer,
    etcd: Etcd,
    answer: Option<(u64, Outcome)>,
    next: u64,
}

impl Server {
    /// A server that is ready, with the system's objects.
    pub fn new() -> Self {
        let mut server = Self {
            kernel: Kernel::new(7, Time::from_secs(-60), timing::LINK),
            trace: Trace::default(),
            api: ApiServer::new(),
            etcd: Etcd::new(),
            answer: None,
            next: 1,
        };
        server.etcd.start(&mut Cx::new(&mut server.kernel, &mut server.trace, Address::Etcd(0), None));
        server.api.start(&mut Cx::new(&mut server.kernel, &mut server.trace, Address::ApiServer, None));
        for _ in 0..MOST_STEPS {
            if server.api.is_ready() {
                break;
            }
            server.step();
        }
        assert!(server.api.is_ready(), "the server did not become ready");
        server.furnish("default");
        server
    }

    /// A namespace with what its controllers would put into it. One that is there stays.
    pub fn namespace(&mut self, name: &str) {
        if self.object(&kinds::namespace::KIND, "", name).is_none() {
            let _ = self.create(&json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}), "");
        }
        self.furnish(name);
    }

    /// The service account and the root certificate that the controllers give to each namespace.
    fn furnish(&mut self, name: &str) {
        let account = json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}});
        let root = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "kube-root-ca.crt"},
            "data": {"ca.crt": ""}});
        for document in [account, root] {
            // What is there already stays.
            let _ = self.create(&document, name);
        }
    }

    /// Creates a document without ceremony.
    fn create(&mut self, document: &Value, namespace: &str) -> Outcome {
        let text = |name: &str| document[name].as_str().unwrap_or_default();
        let Some(kind) = Kind::find(text("apiVersion"), text("kind")) else {
            return Err(Rc::new(Status::no_such_path()));
        };
        let target = Target::new(kind, namespace, document["metadata"]["name"].as_str().unwrap_or_default());
        let body = Body::Document(Rc::new(document.clone()));
        self.ask(Request { verb: Verb::Create, target, options: Options::default(), body })
    }

    /// Sends a request as the administrator and waits for the answer.
    pub fn ask(&mut self, request: Request) -> Outcome {
        self.ask_as(User::new(ADMINISTRATOR, &["system:masters"]), request)
    }

    /// Sends a request as somebody and waits for the answer.
    pub fn ask_as(&mut self, user: User, request: Request) -> Outcome {
        let id = self.next;
        self.next += 1;
        let mut cx = Cx::new(&mut self.kernel, &mut self.trace, Address::User, None);
        let message = Message::Request { id, user, request: Rc::new(request) };
        cx.send(Address::ApiServer, Event::Message { from: Address::User, message });
        for _ in 0..MOST_STEPS {
            match self.answer.take() {
                Some((answered, answer)) if answered == id => return answer,
                _ => self.step(),
            }
        }
        panic!("the server did not answer within {MOST_STEPS} steps");
    }

    fn step(&mut self) {
        let Some(next) = self.kernel.pop() else { return };
        let mut cx = Cx::new(&mut self.kernel, &mut self.trace, next.to.clone(), next.cause);
        match (next.to, next.event) {
            (Address::ApiServer, event) => self.api.handle(&mut cx, event),
            (Address::Etcd(_), event) => self.etcd.handle(&mut cx, event),
            (_, Event::Message { message: Message::Response { id, outcome }, .. }) => {
                self.answer = Some((id, outcome));
            }
            _ => {}
        }
    }

    /// Lets so much happen to pods that the watch cache forgets what was at the beginning.
    pub fn age(&mut self) {
        let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "aged"},
            "spec": {"containers": [{"name": "c", "image": "c"}]}});
        let _ = self.create(&pod, "default");
        for n in 0..300 {
            let patch = json!({"metadata": {"labels": {"n": n.to_string()}}});
            let key = Key::new("default", "aged");
            let _ = self.ask(Request::patch(&kinds::pod::KIND, &key, crate::api::request::PatchType::Merge, patch));
            let later = self.kernel.now() + Duration::from_secs(1);
            while self.kernel.next_at().is_some_and(|at| at <= later) {
                self.step();
            }
            self.kernel.advance(later);
        }
    }

    /// An object as it is stored.
    pub fn object(&self, kind: &'static Kind, namespace: &str, name: &str) -> Option<&Object> {
        self.api.object(kind, &Key::new(namespace, name))
    }

    /// The kinds that somebody has added.
    pub fn custom_kinds(&self) -> impl Iterator<Item = &'static Kind> {
        self.api.custom_kinds()
    }

    /// Waits until the kinds of a definition are served.
    pub fn wait_for(&mut self, definition: &str) {
        for _ in 0..MOST_STEPS {
            if self.custom_kinds().any(|kind| kind.resource() == definition) {
                return;
            }
            self.step();
        }
    }

    /// All objects of a kind.
    pub fn objects(&self, kind: &'static Kind) -> impl Iterator<Item = &Object> {
        self.api.objects(kind)
    }

    /// A request as it comes over HTTP: its code, its warnings, its body.
    pub fn http(&mut self, method: &str, path: &str, content_type: &str, body: &str) -> Http {
        self.http_as(ADMINISTRATOR, (method, path), (content_type, body))
    }

    /// The same of somebody: method and path, content type and body.
    pub fn http_as(&mut self, user: &str, asked: (&str, &str), body: (&str, &str)) -> Http {
        self.exchange(user, asked, body, false)
    }

    /// Aggregated discovery.
    pub fn aggregated(&mut self, path: &str) -> Http {
        self.exchange(ADMINISTRATOR, ("GET", path), ("", ""), true)
    }

    fn exchange(
        &mut self,
        user: &str,
        (method, path): (&str, &str),
        (content_type, body): (&str, &str),
        accept_aggregated: bool,
    ) -> Http {
        let groups: &[&str] = if user == ADMINISTRATOR { &["system:masters"] } else { &["system:unauthenticated"] };
        let user = User::new(user, groups);
        let [method, path, content_type] = [method, path, content_type].map(str::to_owned);
        let aggregated = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
        let accept = if accept_aggregated { aggregated } else { "application/json" }.to_owned();
        let asked = Asked { method, path, accept, content_type, body: body.as_bytes().to_vec(), ..Asked::default() };
        let custom = self.custom_kinds().collect::<Vec<_>>();
        let mut may = |verb: &str, path: &str| self.api.authorize_path(&user, verb, path);
        let call = match http::begin(&asked, &mut may, &custom) {
            Begun::Answer(answer) => return Http::of(&answer),
            Begun::Ask(call) => call,
        };
        let outcome = self.ask_as(user, (*call.request).clone());
        Http::of(&call.answer(&outcome, self.kernel.now()))
    }
}

/// An answer over HTTP.
pub struct Http {
    /// The status code.
    pub code: i64,
    /// Texts of the `Warning` headers.
    pub warnings: Vec<String>,
    /// The body.
    pub body: Value,
}

impl Http {
    fn of(answer: &Answer) -> Self {
        let text = String::from_utf8_lossy(&answer.body);
        let body = serde_json::from_str(&text).unwrap_or_else(|_| text.trim_end_matches('\n').into());
        Self { code: answer.code.into(), warnings: answer.warnings.clone(), body }
    }
}

/// Whether a value may stand where a recording has a mask: `<uid>`, `<timestamp>`, `web-<sfx>`.
pub fn masked(recorded: &Value, ours: &Value) -> bool {
    let Value::String(recorded) = recorded else { return false };
    let Some((before, rest)) = recorded.split_once('<') else { return false };
    let Some((mask, after)) = rest.split_once('>') else { return false };
    match ours {
        Value::String(ours) if mask == "timestamp" => looks_like_a_time(ours),
        Value::String(ours) => {
            ours.len() > before.len() + after.len() && ours.starts_with(before) && ours.ends_with(after)
        }
        Value::Number(_) => before.is_empty() && after.is_empty(),
        other => {
            debug_assert!(json_type(other) != "string");
            false
        }
    }
}

/// The text with every uid in it masked as the recordings mask those in `metadata.uid`.
pub fn hide_uids(text: &str) -> String {
    const PARTS: [usize; 5] = [8, 4, 4, 4, 12];
    let is_uid = |text: &str| {
        let parts: Vec<&str> = text.split('-').collect();
        let lengths = parts.iter().map(|part| part.len()).eq(PARTS);
        lengths && parts.iter().all(|part| part.bytes().all(|byte| byte.is_ascii_hexdigit()))
    };
    let (mut out, mut rest) = (String::new(), text);
    // Recordings of the controllers say whose it is.
    let placeholder = |rest: &str| rest.strip_prefix("<uid:").and_then(|tail| tail.find('>').map(|end| end + 6));
    while let Some(letter) = rest.chars().next() {
        if rest.get(..36).is_some_and(is_uid) {
            out.push_str("<uid>");
            rest = &rest[36..];
        } else if let Some(end) = placeholder(rest) {
            out.push_str("<uid>");
            rest = &rest[end..];
        } else {
            out.push(letter);
            rest = &rest[letter.len_utf8()..];
        }
    }
    out
}

/// The same in all texts of a value.
pub fn without_uids(value: &Value) -> Value {
    match value {
        Value::String(text) => hide_uids(text).into(),
        Value::Array(items) => items.iter().map(without_uids).collect(),
        Value::Object(fields) => fields.iter().map(|(name, field)| (name.clone(), without_uids(field))).collect(),
        other => other.clone(),
    }
}

fn looks_like_a_time(text: &str) -> bool {
    let digits =
        |range: std::ops::Range<usize>| text.get(range).is_some_and(|part| part.bytes().all(|b| b.is_ascii_digit()));
    digits(0..4)
        && digits(5..7)
        && digits(8..10)
        && digits(11..13)
        && text.as_bytes().get(10) == Some(&b'T')
        && text.ends_with('Z')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_stand_for_what_they_name() {
        let fits = |recorded: &str, ours: Value| masked(&json!(recorded), &ours);
        assert!(fits("<uid>", json!("abc")) && fits("<nodePort>", json!(30000)));
        assert!(fits("<timestamp>", json!("2026-01-05T09:00:00Z")) && !fits("<timestamp>", json!("soon")));
        assert!(fits("web-<sfx>", json!("web-abc")) && !fits("web-<sfx>", json!("api-abc")));
        let text = "uid ca61a3dc-2fb5-4e66-aca2-0b1a93e86fe0, not ca61a3dc-2fb5";
        assert_eq!(without_uids(&json!([text])), json!(["uid <uid>, not ca61a3dc-2fb5"]));
        assert!(!fits("<uid>", Value::Null) && !fits("plain", json!("other")));
    }
}
