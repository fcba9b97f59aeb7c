//! Which slot of which ship a pod lies in, read from the trace: from the scheduler's choice until the pod's deletion
//! the slot stays the same, whatever comes and goes beside it.

use crate::api::object::Ref;
use crate::cluster::fact::{AttemptResult, Fact};
use crate::cluster::wire::Change;
use crate::sim::{Record, Sorted, SortedSet, Time};
use std::rc::Rc;

/// One pod's stay.
#[derive(Clone, PartialEq, Debug)]
struct Stay {
    node: Rc<str>,
    slot: usize,
    from: Time,
    to: Option<Time>,
}

/// All stays.
#[derive(Clone, Debug, Default)]
pub struct Berths {
    stays: Sorted<Ref, Vec<Stay>>,
    taken: Sorted<Rc<str>, SortedSet<usize>>,
}

impl Berths {
    /// Reads one record.
    pub fn read(&mut self, record: &Record<Fact>) {
        match &record.fact {
            Fact::Attempted(attempt) => {
                if let AttemptResult::Chosen(node) = &attempt.result {
                    self.arrive(&attempt.pod, node, record.at);
                }
            }
            Fact::PodAccepted { node, pod } | Fact::PodRefused { node, pod, .. } => self.arrive(pod, node, record.at),
            Fact::Committed { object, change: Change::Deleted, .. } if object.kind.kind == "Pod" => {
                self.leave(object, record.at);
            }
            _ => {}
        }
    }

    fn arrive(&mut self, pod: &Ref, node: &Rc<str>, at: Time) {
        let open = |stay: &Stay| stay.to.is_none() && stay.node == *node;
        if self.stays.get(pod).is_some_and(|stays| stays.iter().any(open)) {
            return;
        }
        // An attempt whose binding failed may be followed by another ship.
        self.leave(pod, at);
        let taken = self.taken.get_or_default(node.clone());
        let slot = (0..=taken.len()).find(|slot| !taken.contains(slot)).unwrap_or(0);
        taken.insert(slot);
        self.stays.get_or_default(pod.clone()).push(Stay { node: node.clone(), slot, from: at, to: None });
    }

    fn leave(&mut self, pod: &Ref, at: Time) {
        for stay in self.stays.get_mut(pod).into_iter().flatten().filter(|stay| stay.to.is_none()) {
            stay.to = Some(at);
            if let Some(taken) = self.taken.get_mut(&stay.node) {
                taken.remove(&stay.slot);
            }
        }
    }

    /// Ship and slot of a pod at a moment; for a pod that has gone, where it last lay.
    #[must_use]
    pub fn at(&self, pod: &Ref, t: Time) -> Option<(&Rc<str>, usize)> {
        let stays = self.stays.get(pod)?;
        let stay = stays.iter().rev().find(|stay| stay.from <= t).or_else(|| stays.first())?;
        Some((&stay.node, stay.slot))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scene::testing::pod;
    use crate::sim::FactId;

    #[test]
    fn a_pod_keeps_its_slot_and_a_new_one_takes_the_first_free() {
        let mut berths = Berths::default();
        let mut place = 0;
        let mut read = |at: i64, fact: Fact| {
            berths.read(&Record { id: FactId(place), at: Time::from_secs(at), cause: None, fact });
            place += 1;
        };
        let accept = |name: &str| Fact::PodAccepted { node: "node-1".into(), pod: pod(name) };
        for (at, name) in ["a", "b", "c"].iter().enumerate() {
            read(i64::try_from(at).unwrap(), accept(name));
        }
        let call = crate::cluster::fact::Call { from: crate::cluster::wire::Address::User, id: 1 };
        let change = Change::Deleted;
        read(5, Fact::Committed { call, object: pod("b"), change, revision: 9, ambient: false });
        read(6, accept("d"));
        read(7, accept("e"));
        let slot = |name: &str| berths.at(&pod(name), Time::from_secs(8)).map(|(_, slot)| slot);
        assert_eq!(["a", "b", "c", "d", "e", "f"].map(slot), [Some(0), Some(1), Some(2), Some(1), Some(3), None]);
    }
}
