//! What came of something: forward along the causes, as far as the shown moment.

use super::Shown;
use super::story::{Link, link};
use crate::cluster::fact::Fact;
use crate::scene::motion::{Motion, Role};
use crate::sim::SortedSet;

/// So many facts after it are looked through.
const LOOKED_AT: u64 = 200_000;

/// The steps that followed from a fact, in order, at most so many, and how many more there are.
#[must_use]
pub fn effects(shown: &Shown, fact: u64, most: usize) -> (Vec<Link>, usize) {
    let mut family = SortedSet::from([fact]);
    let (mut found, mut more) = (Vec::new(), 0);
    for record in shown.trace.range(fact + 1, shown.trace.head().min(fact + LOOKED_AT)) {
        if !record.cause.is_some_and(|cause| family.contains(&cause.0)) {
            continue;
        }
        family.insert(record.id.0);
        let tells = match &record.fact {
            // Each request ends with its write or its refusal: that is the step.
            Fact::Requested { .. }
            | Fact::Answered { .. }
            | Fact::Watched { .. }
            | Fact::Gate { refused: None, .. } => false,
            fact => Motion::of(fact).is_some_and(|motion| motion.role == Role::Lead),
        };
        if !tells {
            continue;
        }
        let link = link(shown, record, None);
        if link.sentence.is_empty() {
            continue;
        }
        if found.len() < most {
            found.push(link);
        } else {
            more += 1;
        }
    }
    (found, more)
}
