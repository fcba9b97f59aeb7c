//! What all objects have: times, uids, owners, generated names.

use super::object::Object;
use crate::sim::Time;
use crate::sim::rng::Rng;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta, OwnerReference, Time as MetaTime};
use k8s_openapi::jiff::Timestamp;

/// The wall-clock second at which simulated time is zero: 2026-01-05T09:00:00Z, a Monday morning.
pub const EPOCH_SECOND: i64 = 1_767_603_600;

/// The timestamp of `time` as the API writes it: whole seconds.
#[must_use]
pub fn timestamp(time: Time) -> MetaTime {
    MetaTime(Timestamp::from_second(EPOCH_SECOND + time.as_secs()).unwrap_or(Timestamp::UNIX_EPOCH))
}

/// The same with microseconds, as leases and events have it.
#[must_use]
pub fn micro_time(time: Time) -> MicroTime {
    let micros = EPOCH_SECOND * 1_000_000 + time.as_micros();
    MicroTime(Timestamp::from_microsecond(micros).unwrap_or(Timestamp::UNIX_EPOCH))
}

/// The moment that a timestamp of the API means.
#[must_use]
pub fn moment(timestamp: &MetaTime) -> Time {
    Time::from_micros(timestamp.0.as_microsecond() - EPOCH_SECOND * 1_000_000)
}

/// A version-4 UUID from the given stream.
#[must_use]
pub fn uid(rng: &mut Rng) -> String {
    let (a, b) = (rng.next_u64(), rng.next_u64());
    let (a, b) = ((a & !0xf000) | 0x4000, (b & !(0xc << 60)) | (0x8 << 60));
    format!(
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        a >> 32,
        (a >> 16) & 0xffff,
        a & 0xffff,
        b >> 48,
        b & 0xffff_ffff_ffff
    )
}

/// The letters of generated names: no vowels, so that no word arises (upstream: `util/rand`, `alphanums`).
const ALPHANUMS: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";

/// A random suffix of `length` letters (upstream: `util/rand`, `String`).
#[must_use]
pub fn suffix(rng: &mut Rng, length: usize) -> String {
    (0..length).map(|_| char::from(ALPHANUMS[usize::try_from(rng.below(27)).unwrap_or(0)])).collect()
}

/// Makes a number printable as a name part (upstream: `util/rand`, `SafeEncodeString`).
#[must_use]
pub fn safe_encode(text: &str) -> String {
    text.bytes().map(|byte| char::from(ALPHANUMS[usize::from(byte) % 27])).collect()
}

/// The owner that controls the object, if any.
#[must_use]
pub fn controller_of(meta: &ObjectMeta) -> Option<&OwnerReference> {
    meta.owner_references.as_deref().unwrap_or_default().iter().find(|owner| owner.controller == Some(true))
}

/// A reference that makes `owner` the controller of what carries it (upstream: `metav1.NewControllerRef`).
#[must_use]
pub fn controller_ref(owner: &Object) -> OwnerReference {
    OwnerReference {
        api_version: owner.kind().api_version(),
        kind: owner.kind().kind.to_owned(),
        name: owner.name().to_owned(),
        uid: owner.uid().to_owned(),
        controller: Some(true),
        block_owner_deletion: Some(true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_epoch_is_the_documented_moment() {
        assert_eq!(timestamp(Time::ZERO).0.to_string(), "2026-01-05T09:00:00Z");
        assert_eq!(moment(&timestamp(Time::from_millis(-500))), Time::from_secs(-1));
    }

    #[test]
    fn uids_are_version_four() {
        let id = uid(&mut Rng::fork(1, &"x"));
        assert_eq!(id.len(), 36);
        assert_eq!(&id[14..15], "4");
        assert!("89ab".contains(&id[19..20]));
    }
}
