//! Containers whose programs are clients of the API server, or servers behind it.
//!
//! The sidecars of a storage driver work as long as its container runs, too: they wait at the driver's socket before they
//! do anything else. All ask with the token that lies in their container; without one they do nothing.

use super::Runtime;
use super::container::Container;
use super::course::{LONGEST_LOG, Site};
use crate::api::Status;
use crate::cluster::Cx;
use crate::cluster::wire::{Address, Driver, Event, Message, Program, Told, User, program};
use crate::sim::Duration;
use std::rc::Rc;

/// Programs that talk to the API server, and whether they need a storage driver beside them.
const CLIENTS: [(&str, bool); 5] = [
    ("csi-attacher", true),
    ("csi-provisioner", true),
    ("csi-resizer", true),
    ("metrics-server", false),
    ("prometheus-adapter", false),
];

fn is_client(container: &Container) -> bool {
    CLIENTS.iter().any(|(name, _)| *name == program(&container.spec.image))
}

fn needs_driver(container: &Container) -> bool {
    CLIENTS.contains(&(program(&container.spec.image), true))
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
            let waits = needs_driver(container) && driver.is_none();
            let account = container.spec.account.as_ref().filter(|_| running(container) && !waits);
            if account.is_some() == container.works {
                continue;
            }
            let spec = &container.spec;
            let begun = account.map(|(namespace, account)| {
                Rc::new(Program {
                    name: program(&spec.image).into(),
                    host: sandbox.pod.key.name.clone(),
                    id: id.clone(),
                    user: User::account(namespace, account),
                    words: spec.command.iter().chain(&spec.args).flat_map(|words| words.iter().cloned()).collect(),
                    driver: driver.clone(),
                })
            });
            told.push((id.clone(), self.address_of(sandbox, container), begun));
        }
        for (id, address, begun) in told {
            if let Some(container) = self.containers.get_mut(&id) {
                container.works = begun.is_some();
                container.ready = false;
            }
            let delay = if begun.is_some() { after } else { Duration::ZERO };
            let from = cx.me().clone();
            cx.hand(address, delay, Event::Message { from, message: Message::Program(begun) });
        }
    }

    fn address_of(&self, sandbox: &super::Sandbox, container: &Container) -> Address {
        let name = format!("{}/{}", sandbox.pod.key, container.spec.name);
        Address::Sidecar(self.machine.name.clone(), name.into())
    }

    /// What is not the kubelet's: requests to a server in a container, and what programs let know.
    #[inline(never)]
    pub(super) fn outer(&mut self, cx: &mut Cx, from: Address, message: Message) {
        match message {
            Message::Told(told) => self.told(cx, &told),
            Message::Request { id, ref request, .. } => {
                if let Some(server) = self.server_of(request.target.object.kind.group) {
                    return cx.hand(server, Duration::ZERO, Event::Message { from, message });
                }
                // Nobody listens at the port.
                let (me, outcome) = (cx.me().clone(), Err(Rc::new(Status::unavailable())));
                cx.send(from, Event::Message { from: me, message: Message::Response { id, outcome } });
            }
            _ => {}
        }
    }

    fn server_of(&self, group: &str) -> Option<Address> {
        let serves = |container: &&Container| {
            let site = |site: Site| matches!(site, Site::Groups(groups) if groups.contains(&group));
            container.works && container.course.listens.iter().any(|listen| site(listen.site))
        };
        let container = self.containers.values().find(serves)?;
        Some(self.address_of(self.sandboxes.get(&container.spec.pod)?, container))
    }

    fn told(&mut self, cx: &Cx, told: &Told) {
        let Some(container) = self.containers.get_mut(&told.container).filter(|container| container.works) else {
            return;
        };
        container.ready = told.ready;
        let Some(since) = container.since().filter(|_| !told.lines.is_empty()) else { return };
        let log = &mut Rc::make_mut(&mut container.course).log;
        let space = LONGEST_LOG.saturating_sub(log.len());
        log.extend(told.lines.iter().take(space).map(|line| (cx.now().since(since), line.clone())));
    }
}
