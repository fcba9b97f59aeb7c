//! Leader election: of several processes that could do the same work only the one that holds the lease does it.
//!
//! Upstream: `client-go/tools/leaderelection/leaderelection.go`. A candidate reads the lease and waits until the moment at
//! which it has seen no renewal for the lease's duration, by its own clock; then it writes its own name into it. The
//! leader renews it; one that cannot for the renew deadline stops leading before anybody else can begin. Both races are
//! decided by the revision that a write names.
//!
//! Left out: a leader that has lost the lease ends as a process and is started again; here its owner only stops working (the
//! controllers forget what they knew).

use super::{Client, Cx};
use crate::api::kinds::{lease, named};
use crate::api::meta::{self, micro_time};
use crate::api::{Key, Object, Request, Status};
use crate::cluster::fact::Fact;
use crate::cluster::timing;
use crate::cluster::wire::{Event, Reply, Timer};
use crate::sim::{Duration, Time};
use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use std::rc::Rc;

/// The timer of the next try or renewal.
pub const ELECT: &str = "elect";
const NAMESPACE: &str = "kube-system";

/// One candidate.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Election {
    /// The lease's name.
    name: &'static str,
    /// What the candidate calls itself; a new process has a new name.
    holder: Rc<str>,
    /// The lease as it was last seen, and since when it has been so.
    seen: Option<(Object, Time)>,
    /// The request that is on its way.
    asked: Option<u64>,
    /// When the lease was last renewed by this candidate.
    renewed: Time,
    leads: bool,
}

/// What has become of a candidate.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Turn {
    /// Nothing new.
    Same,
    /// It leads from now on.
    Begins,
    /// It leads no longer.
    Ends,
}

impl Election {
    /// A candidate for a lease in `kube-system`.
    #[must_use]
    pub fn new(name: &'static str) -> Self {
        Self { name, holder: "".into(), seen: None, asked: None, renewed: Time::ZERO, leads: false }
    }

    /// Whether it leads.
    #[must_use]
    pub fn leads(&self) -> bool {
        self.leads
    }

    /// What it calls itself.
    #[must_use]
    pub fn holder(&self) -> &str {
        &self.holder
    }

    /// Begins to try, or goes on.
    pub fn start(&mut self, cx: &mut Cx, client: &mut Client) {
        if self.holder.is_empty() {
            self.holder = format!("control-plane_{}", meta::uid(cx.rng())).into();
        }
        self.asked = None;
        self.go(cx, client);
    }

    /// The next try or renewal is due.
    pub fn timer(&mut self, cx: &mut Cx, client: &mut Client) -> Turn {
        let late = self.leads && cx.now().since(self.renewed) >= timing::LEADER_DEADLINE;
        if late {
            self.leads = false;
            cx.note(Fact::LeaderChanged { lease: self.name, by: cx.me().clone(), leads: false });
        }
        self.asked = None;
        self.go(cx, client);
        if late { Turn::Ends } else { Turn::Same }
    }

    /// An answer, if it is to one of its requests.
    pub fn reply(
        &mut self,
        cx: &mut Cx,
        client: &mut Client,
        id: u64,
        outcome: &Result<Reply, Rc<Status>>,
    ) -> Option<Turn> {
        if self.asked != Some(id) {
            return None;
        }
        self.asked = None;
        match outcome {
            Ok(Reply::Object { object, .. }) => {
                if self.seen.as_ref().is_none_or(|(seen, _)| seen.revision() != object.revision()) {
                    self.seen = Some((object.clone(), cx.now()));
                }
                if spec(object).and_then(|spec| spec.holder_identity.as_deref()) == Some(&*self.holder) {
                    return Some(self.held(cx));
                }
                if self.is_over(cx.now()) {
                    self.write(cx, client);
                }
            }
            Err(status) if status.code == 404 => self.create(cx, client),
            // Somebody was faster, or nobody answers: look again at the next try.
            _ => self.seen = self.seen.take().filter(|_| !self.leads),
        }
        Some(Turn::Same)
    }

    fn held(&mut self, cx: &mut Cx) -> Turn {
        self.renewed = cx.now();
        if std::mem::replace(&mut self.leads, true) {
            return Turn::Same;
        }
        cx.note(Fact::LeaderChanged { lease: self.name, by: cx.me().clone(), leads: true });
        Turn::Begins
    }

    /// Whether the lease is nobody's, or has not been renewed for its duration.
    fn is_over(&self, now: Time) -> bool {
        let Some((lease, since)) = &self.seen else { return true };
        let spec = spec(lease);
        let free = spec.and_then(|spec| spec.holder_identity.as_deref()).is_none_or(str::is_empty);
        free || now.since(*since) >= timing::LEADER_LEASE
    }

    /// A leader renews what it knows; others read first.
    fn go(&mut self, cx: &mut Cx, client: &mut Client) {
        cx.because(None);
        let wait = if self.leads {
            timing::LEADER_RETRY
        } else {
            let spread = u64::try_from(timing::LEADER_RETRY.as_micros()).unwrap_or(0) * 6 / 5;
            timing::LEADER_RETRY + Duration::from_micros(cx.rng().below(spread))
        };
        cx.after(wait, Event::Timer(Timer::new(ELECT)));
        if self.leads && self.seen.is_some() {
            return self.write(cx, client);
        }
        self.asked = Some(client.request(cx, Request::get(&lease::KIND, &Key::new(NAMESPACE, self.name))));
    }

    fn create(&mut self, cx: &mut Cx, client: &mut Client) {
        let spec = LeaseSpec { acquire_time: Some(micro_time(cx.now())), lease_transitions: Some(0), ..self.spec(cx) };
        let lease = Lease { metadata: named(NAMESPACE, self.name), spec: Some(spec) };
        self.asked = Some(client.request(cx, Request::create(Object::new(lease))));
    }

    fn spec(&self, cx: &Cx) -> LeaseSpec {
        LeaseSpec {
            holder_identity: Some(self.holder.to_string()),
            lease_duration_seconds: i32::try_from(timing::LEADER_LEASE.as_secs()).ok(),
            renew_time: Some(micro_time(cx.now())),
            ..LeaseSpec::default()
        }
    }

    /// Writes its own name into the lease that it has seen.
    fn write(&mut self, cx: &mut Cx, client: &mut Client) {
        let Some((mut object, _)) = self.seen.clone() else { return };
        let mine = self.spec(cx);
        let Some(Lease { spec, .. }) = object.get_mut::<Lease>() else { return };
        let old = spec.take().unwrap_or_default();
        let renews = old.holder_identity == mine.holder_identity;
        *spec = Some(LeaseSpec {
            acquire_time: if renews { old.acquire_time } else { mine.renew_time.clone() },
            lease_transitions: Some(old.lease_transitions.unwrap_or(0) + i32::from(!renews)),
            ..mine
        });
        self.asked = Some(client.request(cx, Request::update(object)));
    }
}

fn spec(lease: &Object) -> Option<&LeaseSpec> {
    lease.get::<Lease>()?.spec.as_ref()
}
