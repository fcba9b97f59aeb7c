//! The machine's disk as far as containers share it: what is in their volumes, who writes there, who has to be told.
//!
//! A folder's content is what its mounts began with, what the kubelet has written since, and what the processes of the
//! containers that mount it write in the course of time; a process that is thought through knows all of that, also what
//! running others will write later. When anything of it changes, the others are thought through anew (once: what follows
//! from that for those who have caused it is left out).

use super::Runtime;
use super::container::Container;
use super::course::Change;
use super::process::files::Seen;
use crate::cluster::Cx;
use crate::cluster::wire::{ContainerState, File, Mount};
use crate::sim::{Map, Order, Time};
use std::rc::Rc;

/// A folder of a machine: the pod that it belongs to (empty: none), and its name.
type Place = (Rc<str>, Rc<str>);
/// What has changed in the folders of a machine, since it came up.
pub type Disk = Map<Place, Vec<Change<Time>>>;

/// So many changes of a folder are kept at least.
const MOST_CHANGES: usize = 256;

fn place(pod: &Rc<str>, source: &Rc<str>) -> Place {
    let pod = if source.starts_with('/') { Rc::default() } else { pod.clone() };
    (pod, source.clone())
}

/// Where in a container a path of a folder is.
fn inside(mount: &Mount, path: &str) -> Option<Rc<str>> {
    let path = if mount.sub_path.is_empty() { path } else { path.strip_prefix(&*mount.sub_path)? };
    let path = path.trim_start_matches('/');
    Some(if path.is_empty() { mount.path.clone() } else { format!("{}/{path}", mount.path).into() })
}

/// Where in a folder a path of a container is.
fn outside(mount: &Mount, path: &str) -> Option<Rc<str>> {
    let rest = path.strip_prefix(&*mount.path)?;
    (rest.is_empty() || rest.starts_with('/'))
        .then(|| format!("{}{rest}", mount.sub_path).trim_start_matches('/').into())
}

impl Runtime {
    /// What a process finds that begins at a moment in a container.
    pub(super) fn seen(&self, id: &Rc<str>, start: Time) -> Seen {
        let Some(container) = self.containers.get(id) else { return Seen::default() };
        let mut changes: Vec<Change<Time>> = Vec::new();
        for mount in container.spec.mounts.iter() {
            let origin = Time::from_micros(i64::MIN);
            let put = |at, path: &str, file: &Option<File>| {
                Some(Change { at, path: inside(mount, path)?, file: file.clone() })
            };
            changes.extend(mount.files.iter().filter_map(|(path, file)| put(origin, path, &Some(file.clone()))));
            let at = place(&container.spec.pod, &mount.source);
            let past = self.disk.get(&at).into_iter().flatten();
            changes.extend(past.filter_map(|change| put(change.at, &change.path, &change.file)));
            for other in self.sharers(&at).filter(|other| other != id) {
                let theirs = self.containers.get(&other).map(|other| own_changes(other, &at)).unwrap_or_default();
                changes.extend(theirs.iter().filter_map(|change| put(change.at, &change.path, &change.file)));
            }
        }
        changes.extend(container.touched.iter().cloned());
        changes.order_by_key(|change| change.at);
        let relative =
            |change: Change<Time>| Change { at: change.at.since(start), path: change.path, file: change.file };
        let mounts = container.spec.mounts.iter().map(|mount| (mount.path.clone(), mount.read_only));
        Seen { mounts: mounts.collect(), changes: changes.into_iter().map(relative).collect() }
    }

    /// The containers that run and have a folder.
    fn sharers(&self, at: &Place) -> impl Iterator<Item = Rc<str>> + use<'_> {
        let has = {
            let at = at.clone();
            move |container: &Container| {
                container.since().is_some()
                    && container.spec.mounts.iter().any(|mount| place(&container.spec.pod, &mount.source) == at)
            }
        };
        // A pod's volumes are its own containers' only.
        let own = (!at.0.is_empty()).then(|| self.sandboxes.get(&at.0).map(|one| one.containers.clone()));
        let ids: Vec<Rc<str>> = match own {
            Some(own) => own.unwrap_or_default(),
            None => self.containers.keys().cloned().collect(),
        };
        ids.into_iter().filter(move |id| self.containers.get(id).is_some_and(&has))
    }

    /// The kubelet writes into a volume.
    pub(super) fn write(&mut self, cx: &mut Cx, at: (&Rc<str>, &Rc<str>), files: &[(Rc<str>, Option<File>)]) {
        let now = cx.now();
        let at = place(at.0, at.1);
        let changes = files.iter().map(|(path, file)| Change { at: now, path: path.clone(), file: file.clone() });
        self.disk.get_or_default(at.clone()).extend(changes);
        self.think_again(cx, &at, None);
    }

    /// What a container has written into volumes stays when its process has ended.
    pub(super) fn keep_writings(&mut self, cx: &mut Cx, id: &Rc<str>) {
        let now = cx.now();
        let Some(container) = self.containers.get_mut(id).filter(|container| !container.spec.mounts.is_empty()) else {
            return;
        };
        let pod = container.spec.pod.clone();
        let places: Vec<Place> = container.spec.mounts.iter().map(|mount| place(&pod, &mount.source)).collect();
        for at in places {
            let Some(container) = self.containers.get(id) else { return };
            let mut made = own_changes(container, &at);
            made.retain(|change| change.at <= now);
            if !made.is_empty() {
                let all = self.disk.get_or_default(at.clone());
                all.extend(made);
                all.order_by_key(|change| change.at);
                let surplus = all.len().saturating_sub(MOST_CHANGES);
                forget_old(all, surplus);
            }
            self.think_again(cx, &at, Some(id));
        }
    }

    /// Thinks the processes that have a folder through anew, except the one because of which.
    pub(super) fn think_again(&mut self, cx: &mut Cx, at: &Place, but: Option<&Rc<str>>) {
        let others: Vec<Rc<str>> = self.sharers(at).filter(|id| Some(id) != but).collect();
        for id in others {
            self.think(cx, &id);
        }
    }

    /// The same with all folders of a container.
    pub(super) fn think_around(&mut self, cx: &mut Cx, id: &Rc<str>) {
        let Some(container) = self.containers.get(id) else { return };
        let pod = container.spec.pod.clone();
        let writable = container.spec.mounts.iter().filter(|mount| !mount.read_only);
        let places: Vec<Place> = writable.map(|mount| place(&pod, &mount.source)).collect();
        for at in places {
            self.think_again(cx, &at, Some(id));
        }
    }

    /// Thinks a process that runs through anew: what it has done stays, what it will do may be something else.
    pub(super) fn think(&mut self, cx: &mut Cx, id: &Rc<str>) {
        let Some(since) = self.containers.get(id).and_then(Container::since) else { return };
        let seen = self.seen(id, since);
        let Some(container) = self.containers.get_mut(id) else { return };
        let Ok(course) = container.spec.course(seen) else { return };
        // One that has been told to end does so.
        if course == *container.course || !container.stops.is_empty() {
            return;
        }
        container.course = Rc::new(course);
        container.timer += 1;
        if let Some(at) = container.ends_at() {
            self.arm(cx, id, super::ENDS, at.since(cx.now()));
        }
    }

    /// A pod's volumes are gone with it.
    pub(super) fn remove_volumes(&mut self, pod: &Rc<str>) {
        let own: Vec<Place> = self.disk.keys().filter(|at| at.0 == *pod).cloned().collect();
        for at in own {
            self.disk.remove(&at);
        }
    }
}

/// What a container writes into a folder: until its end, or for ever.
fn own_changes(container: &Container, at: &Place) -> Vec<Change<Time>> {
    let (since, until) = match &container.state {
        ContainerState::Running { since } => (*since, None),
        ContainerState::Exited { since, at, .. } => (*since, Some(*at)),
        ContainerState::Created => return Vec::new(),
    };
    let own = container.course.files.iter().map(|change| (since + change.at, &change.path, &change.file));
    let touched = container.touched.iter().map(|change| (change.at, &change.path, &change.file));
    let mounts = container.spec.mounts.iter().filter(|mount| place(&container.spec.pod, &mount.source) == *at);
    let all: Vec<_> = own.chain(touched).filter(|(at, ..)| until.is_none_or(|until| *at <= until)).collect();
    mounts
        .flat_map(|mount| {
            all.iter().filter_map(move |(at, path, file)| {
                Some(Change { at: *at, path: outside(mount, path)?, file: (*file).clone() })
            })
        })
        .collect()
}

/// Forgets the oldest of what was written over since.
fn forget_old(changes: &mut Vec<Change<Time>>, mut surplus: usize) {
    let mut at = 0;
    while surplus > 0 && at < changes.len() {
        if changes[at + 1..].iter().any(|later| later.path == changes[at].path) {
            changes.remove(at);
            surplus -= 1;
        } else {
            at += 1;
        }
    }
}
