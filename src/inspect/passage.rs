//! One request in full: who asked what, how long it took, how large it was, and what each gate found.

use super::Shown;
use super::requests::Lamp;
use super::story::{Actor, actor};
use crate::api::object::Object;
use crate::cluster::fact::{Fact, Gate};
use crate::sim::{Duration, FactId, Time};

/// So many facts after a request are looked through for what became of it.
const LOOKED_AT: u64 = 20_000;

/// A request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Passage {
    /// When it was sent.
    pub at: Time,
    /// Who sent it.
    pub actor: Actor,
    /// `POST`, `PATCH` …
    pub method: &'static str,
    /// The path.
    pub path: String,
    /// The answer's code; `None`: none yet.
    pub code: Option<u16>,
    /// From the sending until the answer left.
    pub latency: Option<Duration>,
    /// Bytes of the object as it was stored.
    pub bytes: Option<usize>,
    /// The revision at which it was stored; 0: it was not.
    pub revision: u64,
    /// Its key in etcd; may be empty.
    pub key: String,
    /// The gates that it reached, in their order.
    pub gates: Vec<Passed>,
    /// The object that it is about, for links; may be empty.
    pub link: String,
}

/// What a gate found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Passed {
    /// Which.
    pub gate: Gate,
    /// Why it refused, in the server's words.
    pub refused: Option<String>,
    /// At authentication the user and his groups, at authorization the rule.
    pub words: Vec<String>,
    /// Fields: the plugin that changed or refused (may be empty), the path, and the new value (empty: gone).
    pub fields: Vec<[String; 3]>,
}

impl Passage {
    /// How the seven lamps of the bridge stand after it.
    #[must_use]
    pub fn lamps(&self) -> [Lamp; 7] {
        Gate::ALL.map(|gate| match self.gates.iter().find(|passed| passed.gate == gate) {
            Some(Passed { refused: Some(_), .. }) => Lamp::Refused,
            Some(_) => Lamp::Lit,
            None => Lamp::Dark,
        })
    }
}

/// A request by the place of its first fact.
#[must_use]
pub fn passage(shown: &Shown, fact: u64) -> Option<Passage> {
    let record = shown.trace.get(FactId(fact)).filter(|record| record.id.0 < shown.trace.head())?;
    let Fact::Requested { call, verb, target, .. } = &record.fact else { return None };
    let (mut code, mut latency, mut revision, mut object) = (None, None, 0, None);
    for later in shown.trace.range(fact, (fact + LOOKED_AT).min(shown.trace.head())) {
        match &later.fact {
            Fact::Committed { call: of, object: stored, revision: at, .. } if of == call => {
                (revision, object) = (*at, Some(stored.clone()));
            }
            Fact::Answered { call: of, code: answered, .. } if of == call => {
                (code, latency) = (Some(*answered), Some(later.at.since(record.at)));
                break;
            }
            _ => {}
        }
    }
    let versions = object.as_ref().map(|object| shown.objects.versions(object)).unwrap_or_default();
    let stored = versions.into_iter().find(|(at, _)| *at == revision).and_then(|(_, stored)| stored);
    let size = |object: Object| object.to_value().to_string().len();
    let about = object.unwrap_or_else(|| target.object.clone());
    let (kind, key) = (about.kind, &about.key);
    Some(Passage {
        at: record.at,
        actor: actor(shown, &call.from),
        method: verb.method(),
        path: target.path(),
        code,
        latency,
        bytes: stored.map(size),
        revision,
        key: if revision == 0 { String::new() } else { kind.etcd_key(&key.namespace, &key.name) },
        gates: shown.objects.passage(call, record.at).iter().filter_map(passed).collect(),
        link: if key.name.is_empty() { String::new() } else { super::link(&about) },
    })
}

fn passed(fact: &Fact) -> Option<Passed> {
    let Fact::Gate { gate, refused, decision, .. } = fact else { return None };
    let lines = || decision.lines().map(str::to_owned);
    let (mut words, mut fields) = (Vec::new(), Vec::new());
    match gate {
        Gate::Authentication | Gate::Authorization => words = lines().collect(),
        _ => {
            fields.extend(lines().filter_map(|line| {
                let mut parts = line.splitn(3, '\t').map(str::to_owned);
                Some([parts.next()?, parts.next()?, parts.next()?])
            }));
        }
    }
    // The fields that the server objects to.
    if let Some(details) = refused.as_ref().and_then(|status| status.details.as_ref()) {
        let causes = details.causes.iter().filter(|cause| !cause.field.is_empty());
        fields.extend(causes.map(|cause| [String::new(), cause.field.clone(), cause.message.clone()]));
    }
    Some(Passed { gate: *gate, refused: refused.as_ref().map(|status| status.message.clone()), words, fields })
}
