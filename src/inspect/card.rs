//! The card of a component: what it is in the harbour, what it is in Kubernetes, where the analogy breaks, and how it
//! is doing at the shown moment.

use super::Shown;
use super::story::{Actor, actor, actor_of};
use crate::api::age;
use crate::cluster::fact::{Attempt, AttemptResult, Fact, Queue};
use crate::cluster::view::{ContainerLook, NodeView, Readiness};
use crate::cluster::wire::Address;
use crate::scene::caption;
use crate::sim::{Sorted, Time};

/// The card of a component.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Card {
    /// Letter and colour.
    pub actor: Actor,
    /// What it is in Kubernetes.
    pub kubernetes: String,
    /// What it is in the harbour.
    pub harbour: String,
    /// Where the analogy breaks.
    pub breaks: String,
    /// What it did last.
    pub last: Option<Deed>,
    /// Names and values of the moment.
    pub facts: Vec<(String, String)>,
    /// The ship that it is on, in links; empty: none.
    pub ship: String,
}

/// Something that a component did.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Deed {
    /// The fact.
    pub fact: u64,
    /// When.
    pub at: Time,
    /// What, in one sentence.
    pub sentence: String,
}

/// So far back a component's last deed is looked for.
const REACH: u64 = 20_000;

/// The card of a component.
#[must_use]
pub fn of(shown: &Shown, component: &Address) -> Card {
    let (kubernetes, harbour, breaks) = match component {
        Address::User => ("card-user", "card-user-harbour", "card-user-breaks"),
        Address::ApiServer => ("card-api-server", "card-api-server-harbour", "card-api-server-breaks"),
        Address::Etcd(_) => ("card-etcd", "card-etcd-harbour", "card-etcd-breaks"),
        Address::Scheduler | Address::OtherScheduler(_) => {
            ("card-scheduler", "card-scheduler-harbour", "card-scheduler-breaks")
        }
        Address::ControllerManager => ("card-controllers", "card-controllers-harbour", "card-controllers-breaks"),
        Address::Kubelet(_) => ("card-kubelet", "card-kubelet-harbour", "card-kubelet-breaks"),
        Address::Sidecar(..) => ("card-sidecar", "card-sidecar-harbour", "card-sidecar-breaks"),
        Address::Runtime(_) => ("card-runtime", "card-runtime-harbour", "card-runtime-breaks"),
    };
    let ship = component.node().map_or_else(String::new, |node| format!("nodes/{node}"));
    Card {
        actor: actor(shown, component),
        kubernetes: shown.text(kubernetes, &[]),
        harbour: shown.text(harbour, &[]),
        breaks: shown.text(breaks, &[]),
        last: last_deed(shown, component),
        facts: facts(shown, component),
        ship,
    }
}

/// What a component did last that is worth a sentence.
#[must_use]
pub fn last_deed(shown: &Shown, component: &Address) -> Option<Deed> {
    let head = shown.trace.head();
    shown.trace.range(head.saturating_sub(REACH), head).rev().find_map(|record| {
        let ambient = matches!(
            &record.fact,
            Fact::Watched { .. }
                | Fact::Committed { .. }
                | Fact::Requested { .. }
                | Fact::Reconciled { writes: 0, .. }
                | Fact::Probed { turned: false, .. }
        );
        if ambient || actor_of(&record.fact) != *component {
            return None;
        }
        let sentence = caption::of_fact(&record.fact, shown.language)?;
        Some(Deed { fact: record.id.0, at: record.at, sentence })
    })
}

fn facts(shown: &Shown, component: &Address) -> Vec<(String, String)> {
    let fact = |key: &str, value: String| (shown.text(key, &[]), value);
    let view = shown.view;
    let mut facts = match component {
        Address::User | Address::ControllerManager | Address::Sidecar(..) => Vec::new(),
        Address::ApiServer => vec![
            fact("card-fact-watchers", view.watches.len().to_string()),
            fact("card-fact-objects", view.objects.values().sum::<usize>().to_string()),
        ],
        Address::Etcd(_) => vec![
            fact("card-fact-revision", view.revision.to_string()),
            fact("card-fact-keys", view.objects.values().sum::<usize>().to_string()),
            fact("card-fact-members", "1".to_owned()),
        ],
        Address::Scheduler | Address::OtherScheduler(_) => scheduler(shown),
        Address::Kubelet(node) => shown.node(node).map_or_else(Vec::new, |node| kubelet(shown, node)),
        Address::Runtime(node) => shown.node(node).map_or_else(Vec::new, |node| {
            let containers = node.pods.iter().flat_map(|pod| &pod.containers);
            let running = containers.filter(|container| container.state == ContainerLook::Running).count();
            vec![fact("card-fact-containers", running.to_string()), fact("card-fact-images", node.images.to_string())]
        }),
    };
    let own = view.watches.iter().filter(|(who, _)| who == component).map(|(_, what)| *what);
    let mut open: Sorted<&str, usize> = Sorted::new();
    for what in own {
        *open.get_or_default(what) += 1;
    }
    if !open.is_empty() {
        facts.push(fact("card-fact-watches", open.into_keys().collect::<Vec<_>>().join(", ")));
    }
    facts
}

fn scheduler(shown: &Shown) -> Vec<(String, String)> {
    let of = |queue: Queue| shown.view.queue.iter().filter(|(_, other)| *other == queue).count().to_string();
    let mut facts = vec![
        (shown.text("card-fact-active", &[]), of(Queue::Active)),
        (shown.text("card-fact-backoff", &[]), of(Queue::Backoff)),
        (shown.text("card-fact-unschedulable", &[]), of(Queue::Unschedulable)),
        (shown.text("card-fact-gated", &[]), of(Queue::Gated)),
    ];
    if let Some(attempt) = last_attempt(shown) {
        let outcome = match &attempt.result {
            AttemptResult::Chosen(node) => format!("{} → {node}", attempt.pod.key.name),
            _ => format!("{} → –", attempt.pod.key.name),
        };
        facts.push((shown.text("card-fact-attempt", &[]), outcome));
    }
    facts
}

fn last_attempt<'a>(shown: &'a Shown) -> Option<&'a Attempt> {
    let head = shown.trace.head();
    shown.trace.range(head.saturating_sub(REACH), head).rev().find_map(|record| match &record.fact {
        Fact::Attempted(attempt) => Some(&**attempt),
        _ => None,
    })
}

fn kubelet(shown: &Shown, node: &NodeView) -> Vec<(String, String)> {
    let ready = match node.readiness {
        Readiness::Ready => "True",
        Readiness::NotReady => "False",
        Readiness::Unknown => "Unknown",
    };
    let mut facts = vec![
        (shown.text("card-fact-pods", &[]), node.pods.len().to_string()),
        (shown.text("card-fact-ready", &[]), ready.to_owned()),
    ];
    if let Some(lease) = node.lease {
        let ago = age::human(shown.now.since(lease));
        facts.push((shown.text("card-fact-lease", &[]), shown.text("insp-ago", &[("age", ago.into())])));
    }
    facts
}
