//! A pod's sandbox and its address.

use super::Runtime;
use crate::api::object::Ref;
use crate::api::{Key, ObjectRef, kinds};
use crate::cluster::Cx;
use crate::cluster::timing;
use crate::cluster::wire::CriReply;
use crate::sim::Duration;
use std::rc::Rc;

/// What a pod's containers share: the pause container and the network.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Sandbox {
    /// The pod.
    pub pod: Ref,
    /// Its address.
    pub ip: Rc<str>,
    /// Whether it stands.
    pub ready: bool,
    /// Its containers, also those that have ended, in the order in which they were created.
    pub containers: Vec<Rc<str>>,
}

/// The reference to a pod.
pub fn reference(key: &Key) -> Ref {
    Rc::new(ObjectRef { kind: &kinds::pod::KIND, key: key.clone() })
}

impl Runtime {
    pub(super) fn run_sandbox(&mut self, cx: &mut Cx, call: u64, pod: Rc<str>, (name, host_network): (&Key, bool)) {
        let ip = if host_network {
            self.machine.ip.clone()
        } else {
            self.addresses.next(|ip| self.sandboxes.values().any(|s| s.ready && *s.ip == *ip))
        };
        let kept = self.sandboxes.get(&pod).map(|old| old.containers.clone()).unwrap_or_default();
        let sandbox = Sandbox { pod: reference(name), ip: ip.clone(), ready: true, containers: kept };
        self.sandboxes.insert(pod, sandbox);
        let spread = u64::try_from(timing::SANDBOX_SPREAD.as_micros()).unwrap_or(0);
        let takes = timing::SANDBOX + Duration::from_micros(cx.rng().below(spread));
        self.reply(cx, call, takes, Ok(CriReply::Sandbox { ip }));
    }

    pub(super) fn stop_sandbox(&mut self, cx: &mut Cx, pod: &Rc<str>) {
        let Some(sandbox) = self.sandboxes.get_mut(pod) else { return };
        sandbox.ready = false;
        for id in sandbox.containers.clone() {
            self.end(cx, &id, 137, "Error");
        }
    }

    pub(super) fn remove_sandbox(&mut self, cx: &mut Cx, pod: &Rc<str>) {
        self.stop_sandbox(cx, pod);
        for id in self.sandboxes.remove(pod).map(|sandbox| sandbox.containers).unwrap_or_default() {
            self.containers.remove(&id);
        }
        self.remove_volumes(pod);
    }
}

/// The addresses of a node's pod network.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Addresses {
    /// The network's first address.
    first: u32,
    /// How many there are.
    count: u32,
    /// The last one that was given.
    last: u32,
}

impl Addresses {
    /// Those of a network such as `10.244.1.0/24`; a text that is none gives a network of its own.
    pub fn of(cidr: &str) -> Self {
        let (base, bits) = cidr.split_once('/').unwrap_or((cidr, "24"));
        let first = base.parse::<std::net::Ipv4Addr>().map_or(0x0af4_0000, u32::from);
        let bits = bits.parse::<u32>().ok().filter(|bits| (8..=30).contains(bits)).unwrap_or(24);
        Self { first, count: 1 << (32 - bits), last: 1 }
    }

    /// The next free address; the first is the network's, the second the bridge's, the last for broadcasts.
    pub fn next(&mut self, taken: impl Fn(&str) -> bool) -> Rc<str> {
        let mut at = self.last;
        for _ in 0..self.count {
            at = if at + 2 >= self.count { 2 } else { at + 1 };
            let text = std::net::Ipv4Addr::from(self.first + at).to_string();
            if !taken(&text) {
                self.last = at;
                return text.into();
            }
        }
        std::net::Ipv4Addr::from(self.first + at).to_string().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_go_round_and_skip_those_in_use() {
        let mut addresses = Addresses::of("10.244.3.0/29");
        let free: Vec<Rc<str>> = (0..6).map(|_| addresses.next(|ip| ip == "10.244.3.4")).collect();
        let free: Vec<&str> = free.iter().map(|ip| &**ip).collect();
        assert_eq!(free, ["10.244.3.2", "10.244.3.3", "10.244.3.5", "10.244.3.6", "10.244.3.2", "10.244.3.3"]);
    }
}
