//! Images: whether one has to be pulled, one after another, with waits after failures.
//!
//! Upstream: `pkg/kubelet/images/image_manager.go` and `serialized_image_puller.go` (`serializeImagePulls: true`). Left
//! out: credentials, the limit of pulls a second (never reached by one at a time).

use super::admit::Amounts;
use super::backoff::Backoff;
use super::report::{normal, warning};
use super::worker::{Stage, Worker, container};
use super::{Asked, Kubelet, env};
use crate::cluster::Cx;
use crate::cluster::fact::Fact;
use crate::cluster::runtime::images::{Name, full_reference};
use crate::cluster::timing;
use crate::cluster::wire::{CriCall, CriError, CriReply, ImageStatus};
use crate::sim::{Map, Order, Time};
use std::collections::VecDeque;
use std::rc::Rc;

/// What the kubelet knows of images and of who waits for them.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Pulls {
    /// By full name: those that are there.
    images: Map<Rc<str>, ImageStatus>,
    /// Who waits: pod, container, and since when.
    queue: VecDeque<(Rc<str>, usize, Time)>,
    /// Since when the one in front is being pulled.
    pulling: Option<Time>,
    /// What the pods of the node have asked for.
    pub used: Amounts,
}

impl Pulls {
    /// These images are there.
    pub fn have(&mut self, images: &[ImageStatus]) {
        self.images.extend(images.iter().map(|image| (image.name.clone(), image.clone())));
    }

    /// An image is gone.
    pub fn forget(&mut self, image: &str) {
        self.images.remove(image);
    }

    /// All images, the biggest first as the node's status lists them.
    #[must_use]
    pub fn by_size(&self) -> Vec<&ImageStatus> {
        let mut images: Vec<_> = self.images.values().collect();
        images.order_by(|a, b| b.bytes.cmp(&a.bytes).then_with(|| a.name.cmp(&b.name)));
        images
    }

    /// The `imageID` of an image that is there, or nothing.
    #[must_use]
    pub fn id_of(&self, image: &str) -> Rc<str> {
        self.images.get(&full_reference(image)).map(|image| image.id.clone()).unwrap_or_default()
    }

    /// Adds what a pod asks for to what is used, or takes it away.
    pub fn reserve(&mut self, worker: &Worker, add: bool) {
        let amounts = Amounts::of(&worker.spec());
        self.used.change(amounts, add);
    }
}

impl Kubelet {
    /// Sees to it that a container's image is there. Upstream: `EnsureImageExists`.
    pub(super) fn ensure_image(&mut self, cx: &mut Cx, uid: &Rc<str>, slot: usize) {
        let now = cx.now();
        let Some(worker) = self.workers.get_mut(uid) else { return };
        let spec = worker.spec();
        let container = container(&spec, slot);
        let image = container.image.as_deref().unwrap_or("");
        let policy = container.image_pull_policy.as_deref().unwrap_or_else(|| default_policy(image));
        if Name::parse(image).is_none() {
            let text = format!(
                "Failed to apply default image tag \"{image}\": couldn't parse image name \"{image}\": invalid reference format"
            );
            self.say(cx, uid, Some(slot), &warning("InspectFailed", &text));
            self.say(cx, uid, Some(slot), &warning("Failed", "Error: InvalidImageName"));
            self.note_start_failed(cx, uid, slot, ("InvalidImageName", &text));
            return self.hold(cx, uid, slot, ("InvalidImageName", &text));
        }
        let there = self.pulls.images.get(&full_reference(image)).cloned();
        match there {
            Some(status) if policy != "Always" => {
                let at = &mut worker.slots[slot];
                at.image_id = status.id;
                let (node, pod, name) = (self.machine.name.clone(), worker.what.clone(), at.name.clone());
                cx.note(Fact::Pulled { node, pod, container: name, image: image.into(), cached: true });
                let text =
                    format!("Container image \"{image}\" already present on machine and can be accessed by the pod");
                self.say(cx, uid, Some(slot), &normal("Pulled", &text));
                self.create(cx, uid, slot);
            }
            None if policy == "Never" => {
                let text = format!("Container image \"{image}\" is not present with pull policy of Never");
                self.say(cx, uid, Some(slot), &warning("ErrImageNeverPull", &text));
                self.say(cx, uid, Some(slot), &warning("Failed", "Error: ErrImageNeverPull"));
                self.note_start_failed(cx, uid, slot, ("ErrImageNeverPull", &text));
                self.hold(cx, uid, slot, ("ErrImageNeverPull", &text));
            }
            _ => {
                // Upstream: the key is pod and image: containers of one image wait together, another image does not wait.
                let waits = worker.pulls.get(image).cloned();
                let waits =
                    waits.and_then(|(b, error)| Some((b.until(b.updated, now, timing::IMAGE_BACKOFF_MAX)?, error)));
                if let Some((until, error)) = waits {
                    return self.pull_backoff(cx, uid, slot, (image, until, &error));
                }
                self.say(cx, uid, Some(slot), &normal("Pulling", &format!("Pulling image \"{image}\"")));
                self.pulls.queue.push_back((uid.clone(), slot, now));
                self.pull_next(cx);
            }
        }
    }

    fn pull_backoff(&mut self, cx: &mut Cx, uid: &Rc<str>, slot: usize, (image, until, error): (&str, Time, &str)) {
        let text = format!("Back-off pulling image \"{image}\"");
        self.say(cx, uid, Some(slot), &normal("BackOff", &text));
        self.say(cx, uid, Some(slot), &warning("Failed", "Error: ImagePullBackOff"));
        let Some(worker) = self.workers.get(uid) else { return };
        let at = &worker.slots[slot];
        if at.held.as_ref().is_none_or(|(reason, _)| *reason != "ImagePullBackOff") {
            let (node, pod, container, restarts) =
                (self.machine.name.clone(), worker.what.clone(), at.name.clone(), at.attempt);
            cx.note(Fact::BackOff { node, pod, container, pull: true, until, restarts });
        }
        self.hold(cx, uid, slot, ("ImagePullBackOff", &format!("{text}: {error}")));
    }

    /// Begins with the next pull, unless one is under way.
    fn pull_next(&mut self, cx: &mut Cx) {
        while self.pulls.pulling.is_none() {
            let Some((uid, slot, _)) = self.pulls.queue.front().cloned() else { return };
            let Some(worker) = self.workers.get(&uid).filter(|worker| worker.stage == Stage::Syncing) else {
                self.pulls.queue.pop_front();
                continue;
            };
            let spec = worker.spec();
            let image = container(&spec, slot).image.as_deref().unwrap_or("").into();
            self.pulls.pulling = Some(cx.now());
            // It is for its own pod that an image is pulled, whatever pull it had to wait for.
            let before = cx.cause();
            cx.because(worker.cause.or(before));
            let call = CriCall::PullImage { pod: uid.clone(), container: worker.slots[slot].name.clone(), image };
            self.call(cx, call, Asked::Pull(uid, slot));
            cx.because(before);
        }
    }

    /// A pull has ended, well or not.
    pub(super) fn pulled(&mut self, cx: &mut Cx, uid: &Rc<str>, slot: usize, outcome: Result<CriReply, CriError>) {
        let now = cx.now();
        let since = self.pulls.queue.pop_front().map_or(now, |(_, _, since)| since);
        let began = self.pulls.pulling.take().unwrap_or(now);
        let image = self
            .workers
            .get(uid)
            .map(|worker| container(&worker.spec(), slot).image.clone().unwrap_or_default())
            .unwrap_or_default();
        let wanted = self.workers.get(uid).is_some_and(|worker| worker.stage == Stage::Syncing);
        match outcome {
            Ok(CriReply::Image(status)) => {
                self.pulls.images.insert(status.name.clone(), status.clone());
                if wanted {
                    let (took, with_waiting) =
                        (env::go_duration(millis(now.since(began))), env::go_duration(millis(now.since(since))));
                    let bytes = status.bytes;
                    let text = format!(
                        "Successfully pulled image \"{image}\" in {took} ({with_waiting} including waiting). Image size: {bytes} bytes."
                    );
                    self.say(cx, uid, Some(slot), &normal("Pulled", &text));
                    if let Some(worker) = self.workers.get_mut(uid) {
                        worker.slots[slot].image_id = status.id;
                        worker.pulls.remove(&*image);
                        worker.cause = cx.cause();
                    }
                    self.create(cx, uid, slot);
                }
            }
            Err(CriError::ImageNotFound(error) | CriError::RegistryUnavailable(error)) if wanted => {
                self.pull_failed(cx, uid, slot, (&image, &error));
            }
            Err(_) if wanted => {
                let text = self.machine.engine.unavailable();
                self.pull_failed(cx, uid, slot, (&image, &text));
            }
            _ => {}
        }
        self.pull_next(cx);
    }

    fn pull_failed(&mut self, cx: &mut Cx, uid: &Rc<str>, slot: usize, (image, error): (&str, &str)) {
        let now = cx.now();
        self.say(cx, uid, Some(slot), &warning("Failed", &format!("Failed to pull image \"{image}\": {error}")));
        self.say(cx, uid, Some(slot), &warning("Failed", "Error: ErrImagePull"));
        if let Some(worker) = self.workers.get_mut(uid) {
            let limits = (timing::IMAGE_BACKOFF, timing::IMAGE_BACKOFF_MAX);
            let next = Backoff::next(worker.pulls.get(image).map(|(backoff, _)| *backoff), now, now, limits);
            worker.pulls.insert(image.into(), (next, format!("ErrImagePull: {error}").into()));
        }
        self.hold(cx, uid, slot, ("ErrImagePull", error));
    }
}

/// Durations in events are cut to milliseconds.
fn millis(duration: crate::sim::Duration) -> crate::sim::Duration {
    crate::sim::Duration::from_millis(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
}

/// The policy that defaulting gives. The API server has done so already for what came through it.
fn default_policy(image: &str) -> &'static str {
    if Name::parse(image).is_some_and(|name| name.tag == "latest") { "Always" } else { "IfNotPresent" }
}
