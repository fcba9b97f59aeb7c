//! What pods use, as the metrics server knows it.
//!
//! In a cluster `metrics-server` asks every kubelet every fifteen seconds and serves the answers as
//! `metrics.k8s.io/v1beta1`. Here its knowledge stands beside the controllers that read it: samples by pod, each with
//! its moment. It asks only while some autoscaler exists.

use super::{Client, Cx};
use crate::api::Key;
use crate::api::kinds::{horizontal_pod_autoscaler, node};
use crate::cluster::timing;
use crate::cluster::wire::{Address, Event, Message, Sample, Timer};
use crate::sim::{Map, Time};

pub(super) const SCRAPE: &str = "run/scrape";

/// While there is an autoscaler, asks every kubelet what its pods use, and does so again after a while. Tells whether it
/// has asked.
pub(super) fn scrape(client: &Client, cx: &mut Cx) -> bool {
    if client.cache(&horizontal_pod_autoscaler::KIND).is_empty() {
        return false;
    }
    let before = cx.cause();
    cx.because(None);
    for node in client.cache(&node::KIND) {
        let from = cx.me().clone();
        cx.send(Address::Kubelet(node.name().into()), Event::Message { from, message: Message::Scrape });
    }
    cx.after(timing::SCRAPE, Event::Timer(Timer::new(SCRAPE)));
    cx.because(before);
    true
}

/// The samples of all pods.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Usage(Map<Key, Sample>);

impl Usage {
    /// Takes samples in, and forgets those that are older than two minutes.
    pub fn take(&mut self, now: Time, samples: impl IntoIterator<Item = (Key, Sample)>) {
        for (key, sample) in samples {
            self.0.insert(key, sample);
        }
        let old: Vec<Key> =
            self.0.iter().filter(|(_, s)| now.since(s.at).as_secs() > 120).map(|(k, _)| k.clone()).collect();
        for key in old {
            self.0.remove(&key);
        }
    }

    /// The last sample of a pod.
    #[must_use]
    pub fn of(&self, pod: &Key) -> Option<&Sample> {
        self.0.get(pod)
    }
}
