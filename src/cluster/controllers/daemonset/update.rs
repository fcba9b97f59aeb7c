//! How a DaemonSet goes from one template to the next.
//!
//! Upstream: `pkg/controller/daemon/update.go`, `rollingUpdate`. Without a surge old pods are deleted, first those that are
//! not available anyway, and the next look creates new ones; with a surge new pods come beside the old ones, which go
//! when the new ones are available.

use super::Wish;
use super::place::{Family, Place};
use crate::api::Object;
use crate::cluster::controllers::shared::scaled;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

/// On how many nodes there may be two pods.
#[must_use]
pub fn surge(family: &Family) -> usize {
    bound(family, "maxSurge")
}

/// How many nodes should have a pod.
fn wanted(family: &Family) -> usize {
    family.places.iter().filter(|place| place.should()).count()
}

/// A number or percentage of the nodes that should have a pod, rounded up.
fn bound(family: &Family, field: &str) -> usize {
    let wanted = wanted(family);
    let tree = family.set.object.document();
    let value: Option<IntOrString> =
        tree.and_then(|tree| tree.part(&format!("spec.updateStrategy.rollingUpdate.{field}")));
    let number = scaled(value.as_ref(), i32::try_from(wanted).unwrap_or(i32::MAX), true);
    usize::try_from(number).unwrap_or(0)
}

/// How many nodes may be without an available pod; never 0 if there is no surge either.
fn most_unavailable(family: &Family) -> usize {
    let tree = family.set.object.document();
    let given = tree.is_some_and(|tree| tree.at("spec.updateStrategy.rollingUpdate.maxUnavailable").is_some());
    let most = if given { bound(family, "maxUnavailable") } else { 1 };
    if most == 0 && surge(family) == 0 { 1 } else { most }
}

/// The new and the old pod of a node; `None`: there are more than one of either.
fn pair<'a>(family: &Family, place: &Place<'a>) -> Option<(Option<&'a Object>, Option<&'a Object>)> {
    let (mut new, mut old) = (None, None);
    for pod in place.pods.iter().copied().filter(|pod| !pod.is_terminating()) {
        let place = if family.is_updated(pod) { &mut new } else { &mut old };
        if place.replace(pod).is_some() {
            return None;
        }
    }
    Some((new, old))
}

/// What the update does next.
#[must_use]
pub fn roll<'a>(family: &Family<'_, 'a>) -> Wish<'a> {
    if surge(family) == 0 { replace(family) } else { overlap(family) }
}

/// The nodes that have a pod, and those that should.
fn concerned<'f, 'a>(family: &'f Family<'_, 'a>) -> impl Iterator<Item = &'f Place<'a>> {
    family.places.iter().filter(|place| place.should() || !place.pods.is_empty())
}

fn replace<'a>(family: &Family<'_, 'a>) -> Wish<'a> {
    let (mut unavailable, mut lame, mut candidates) = (0, Vec::new(), Vec::new());
    for place in concerned(family) {
        match pair(family, place) {
            Some((Some(new), None)) => unavailable += usize::from(!family.is_available(new)),
            Some((None, Some(old))) if family.is_available(old) => candidates.push(old),
            Some((None, Some(old))) => {
                unavailable += 1;
                lame.push(old);
            }
            _ => unavailable += 1,
        }
    }
    let room = most_unavailable(family).saturating_sub(unavailable);
    lame.extend(candidates.into_iter().take(room));
    Wish { create: Vec::new(), delete: lame }
}

fn overlap<'a>(family: &Family<'_, 'a>) -> Wish<'a> {
    let mut wish = Wish::default();
    let (mut surging, mut available, mut candidates, mut misplaced) = (0, 0, Vec::new(), Vec::new());
    for place in concerned(family) {
        let Some((new, old)) = pair(family, place) else {
            surging += 1;
            continue;
        };
        let is_available = |pod: Option<&Object>| pod.is_some_and(|pod| family.is_available(pod));
        available += usize::from(is_available(new) || is_available(old));
        match (new, old) {
            (_, None) => {}
            (None, Some(old)) => match place.fits {
                Some((false, _)) => misplaced.push(old),
                _ if !family.is_available(old) => wish.create.push(place.node),
                _ => candidates.push(place.node),
            },
            (Some(new), Some(old)) if family.is_available(new) => wish.delete.push(old),
            (Some(_), Some(_)) => surging += 1,
        }
    }
    let wanted = wanted(family);
    wish.delete.extend(misplaced.into_iter().take(available.saturating_sub(wanted)));
    wish.create.extend(candidates.into_iter().take(surge(family).saturating_sub(surging)));
    wish
}
