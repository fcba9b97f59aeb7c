//! The hold: a key is not looked at again before its own writes have come back through the watch.

use super::Runner;
use crate::api::Kind;
use crate::cluster::client::round::Round;

impl Runner {
    /// A kind whose cache does not show yet what the round has written.
    pub(super) fn missing(&self, round: &Round) -> Option<(&'static Kind, u64)> {
        let behind = |(kind, revision): &&(&'static Kind, u64)| self.seen(kind) < *revision;
        round.wrote.iter().find(behind).copied()
    }

    /// Up to where a kind has been seen; of one that is followed no more nothing is waited for.
    fn seen(&self, kind: &'static Kind) -> u64 {
        if self.client.informs(kind) { self.client.cache(kind).revision() } else { u64::MAX }
    }

    /// Gives back the keys whose writes have all been seen.
    pub(super) fn release(&mut self) {
        let kinds: Vec<&'static Kind> = self.held.keys().copied().collect();
        for kind in kinds {
            let seen = self.seen(kind);
            while let Some(waiting) = self.held.get_mut(&kind) {
                let Some(((revision, id), ())) = waiting.first().copied() else {
                    self.held.remove(&kind);
                    break;
                };
                if revision > seen {
                    break;
                }
                waiting.remove(&(revision, id));
                self.let_go(id);
            }
        }
    }

    fn let_go(&mut self, id: u64) {
        let Some(round) = self.rounds.get(&id) else { return };
        if let Some((kind, revision)) = self.missing(round) {
            self.held.get_or_default(kind).insert((revision, id), ());
        } else if let Some(round) = self.rounds.remove(&id) {
            self.desks[round.desk].queue.done(&round.key);
        }
    }
}
