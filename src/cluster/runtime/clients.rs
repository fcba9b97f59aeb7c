//! Containers whose programs are clients of the API server: the sidecars of a storage driver.
//!
//! Such a program works as long as its container and that of its driver run: it waits at the driver's socket before it does
//! anything else. It asks with the token that lies in its container; without one it does nothing.

use super::Runtime;
use super::container::Container;
use crate::cluster::Cx;
use crate::cluster::wire::{Address, Driver, Event, Message, Program, User, program};
use crate::sim::Duration;
use std::rc::Rc;

/// The programs that are clients.
const CLIENTS: [&str; 3] = ["csi-attacher", "csi-provisioner", "csi-resizer"];

fn is_client(container: &Container) -> bool {
    CLIENTS.contains(&program(&container.spec.image))
}

impl Runtime {
    /// Something in a pod has started or ended: its programs begin after a moment, or end at once.
    pub(super) fn tell_clients(&mut self, cx: &mut Cx, pod: &str, after: Duration) {
        let Some(sandbox) = self.sandboxes.get(pod) else { return };
        let all = || sandbox.containers.iter().filter_map(|id| Some((id, self.containers.get(id)?)));
        if all().any(|(_, container)| is_client(container)) {
            self.tell_them(cx, pod, after);
        }
    }

    #[inline(never)]
    fn tell_them(&mut self, cx: &mut Cx, pod: &str, after: Duration) {
        let Some(sandbox) = self.sandboxes.get(pod) else { return };
        let all = || sandbox.containers.iter().filter_map(|id| Some((id, self.containers.get(id)?)));
        let running = |container: &Container| container.since().is_some();
        let driver = all().filter(|(_, one)| running(one)).find_map(|(_, one)| {
            let args: Vec<&str> = one.spec.args.iter().flat_map(|args| args.iter()).map(|word| &**word).collect();
            Driver::of(&one.spec.image, &args)
        });
        let mut told = Vec::new();
        for (id, container) in all().filter(|(_, container)| is_client(container)) {
            let works = driver.as_ref().filter(|_| running(container)).zip(container.spec.account.as_ref());
            if works.is_some() == container.works {
                continue;
            }
            let begun = works.map(|(driver, (namespace, account))| {
                Rc::new(Program {
                    name: program(&container.spec.image).into(),
                    host: sandbox.pod.key.name.clone(),
                    id: id.clone(),
                    user: User::account(namespace, account),
                    driver: driver.clone(),
                })
            });
            let name = format!("{}/{}", sandbox.pod.key, container.spec.name);
            told.push((id.clone(), Address::Sidecar(self.machine.name.clone(), name.into()), begun));
        }
        for (id, address, begun) in told {
            if let Some(container) = self.containers.get_mut(&id) {
                container.works = begun.is_some();
            }
            let delay = if begun.is_some() { after } else { Duration::ZERO };
            let from = cx.me().clone();
            cx.hand(address, delay, Event::Message { from, message: Message::Program(begun) });
        }
    }
}
