//! How components tell people what they do: `Event` objects, and the rules that keep them few.
//!
//! Upstream: `client-go/tools/record` (`event.go`, `events_cache.go`: `EventCorrelator`). In this order:
//!
//! 1. *Aggregation*: the tenth different message about one object with one reason within ten minutes becomes
//!    `(combined from similar events): …`, which then counts for all of them.
//! 2. *Counting*: the same event again only raises `count` and `lastTimestamp` of the stored one (a PATCH).
//! 3. *Spam filter*: each source may say 25 things about an object, and one more every five minutes.
//!
//! What is remembered for this lives in the component's memory (at most 4,096 entries of each sort, the least recently
//! used goes first), so a restarted component begins again with count 1. That events are gone after an hour is the API
//! server's doing.
//!
//! The scheduler uses the newer recorder of `events.k8s.io` ([`Recorder::announce`], upstream: `client-go/tools/events`):
//! its events name an action and who reports, have the moment of the first time, and the same one again begins a *series*
//! (written once; how long it became is written no more).
//!
//! Left out: the broadcaster's queue; that a series is written again after 30 minutes and when it has ended.

use super::{Client, Cx};
use crate::api::Object;
use crate::api::json::encode;
use crate::api::meta::{EPOCH_SECOND, timestamp};
use crate::cluster::timing;
use crate::cluster::wire::User;
use crate::sim::hash::stable_hash;
use crate::sim::{Duration, Time};
use crate::sim::{Map, SortedSet};
use k8s_openapi::api::core::v1::{Event, EventSource, ObjectReference};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta, Time as MetaTime};
use serde_json::{Value, json};
use std::borrow::Cow;
use std::rc::Rc;

/// Upstream: `maxLruCacheEntries`.
const REMEMBERED: usize = 4096;
/// Upstream: `defaultAggregateMaxEvents`.
const SIMILAR: usize = 10;
/// Upstream: `defaultSpamBurst`.
const BURST: u32 = 25;

/// Writes the events of one component.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Recorder {
    component: Rc<str>,
    host: Rc<str>,
    user: Option<User>,
    /// Makes names different that are given in the same microsecond.
    sequence: u64,
    similar: Recent<Similar>,
    written: Recent<Written>,
    allowance: Recent<Allowance>,
}

/// Under what something is remembered: the hash of all that upstream joins into a text. The texts would be long, and there
/// are several for each event.
type Key = u64;

/// Different messages about one object for one reason.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
struct Similar {
    messages: SortedSet<Rc<str>>,
    last: Time,
}

/// What was last written under one key.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Written {
    name: Rc<str>,
    count: i32,
    first: Time,
}

/// How much may still be said about an object, as the time that it took to earn.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Allowance {
    left: Duration,
    at: Time,
}

/// What is to be said.
struct Saying<'a> {
    about: &'a Object,
    field_path: &'a str,
    warning: bool,
    reason: &'a str,
    message: &'a str,
}

/// What the newer recorder is told.
#[derive(Clone, Copy, Debug)]
pub struct Said<'a> {
    warning: bool,
    reason: &'a str,
    action: &'a str,
    message: &'a str,
}

impl<'a> Said<'a> {
    /// Something that is as it should be.
    #[must_use]
    pub fn normal(reason: &'a str, action: &'a str, message: &'a str) -> Self {
        Self { warning: false, reason, action, message }
    }

    /// Something that is not.
    #[must_use]
    pub fn warning(reason: &'a str, action: &'a str, message: &'a str) -> Self {
        Self { warning: true, reason, action, message }
    }
}

impl Recorder {
    /// Says what was done about an object, and with which other one it has to do. `reporter`: in whose name; which of
    /// several such processes it was is `<reporter>-<host>`.
    #[expect(clippy::too_many_arguments, reason = "who says what about whom, to whom, in whose name")]
    pub fn announce(
        &mut self,
        cx: &mut Cx,
        client: &mut Client,
        reporter: &str,
        (about, related): (&Object, Option<&Object>),
        said: Said,
    ) {
        let Said { warning, reason, action, message } = said;
        let now = cx.now();
        let revision = about.meta().resource_version.as_deref().unwrap_or_default();
        let key = stable_hash(&(reporter, self.object_key(about), revision, reason, message));
        let before = self.written.get(key).cloned();
        let (name, count) = match &before {
            Some(before) => (before.name.clone(), before.count.saturating_add(1)),
            None => (self.name(now, about), 1),
        };
        self.written.put(key, Written { name: name.clone(), count, first: now });
        if count > 2 {
            return;
        }
        let moment = MicroTime(timestamp(now).0);
        let mut event = self.event(&Saying { about, field_path: "", warning, reason, message }, message, &name);
        event.source = None;
        event.action = Some(action.to_owned());
        event.event_time = Some(moment.clone());
        event.reporting_component = Some(reporter.to_owned());
        event.reporting_instance = Some(format!("{reporter}-{}", self.host));
        event.related = related.map(reference);
        let patch = before.map(|_| json!({"series": {"count": count, "lastObservedTime": encode(&moment)}}));
        client.write_event(cx, self.user.as_ref(), event, patch);
    }

    /// The recorder of a component (`deployment-controller`, `kubelet`) on a host (may be empty).
    #[must_use]
    pub fn new(component: &str, host: &str) -> Self {
        Self {
            component: component.into(),
            host: host.into(),
            user: None,
            sequence: stable_hash(component) % 1000,
            similar: Recent::default(),
            written: Recent::default(),
            allowance: Recent::default(),
        }
    }

    /// The same, writing with other credentials than the client's.
    #[must_use]
    pub fn as_user(mut self, user: User) -> Self {
        self.user = Some(user);
        self
    }

    /// Says something about an object.
    #[expect(clippy::too_many_arguments, reason = "who says what about whom, to whom: there is no smaller sentence")]
    pub fn record(
        &mut self,
        cx: &mut Cx,
        client: &mut Client,
        about: &Object,
        warning: bool,
        reason: &str,
        message: &str,
    ) {
        self.say(cx, client, &Saying { about, field_path: "", warning, reason, message });
    }

    /// Says something about a part of an object, such as `spec.containers{web}`.
    #[expect(clippy::too_many_arguments, reason = "the same words as `record`, and where")]
    pub fn record_at(
        &mut self,
        cx: &mut Cx,
        client: &mut Client,
        about: &Object,
        field_path: &str,
        warning: bool,
        reason: &str,
        message: &str,
    ) {
        self.say(cx, client, &Saying { about, field_path, warning, reason, message });
    }

    fn say(&mut self, cx: &mut Cx, client: &mut Client, saying: &Saying) {
        let now = cx.now();
        let spam_key = self.object_key(saying.about);
        let kind = kind_word(saying.warning);
        let similar_key = stable_hash(&(spam_key, kind, saying.reason));
        let (key, message) = self.aggregate(now, similar_key, saying);
        let (event, patch) = self.observe(now, key, saying, &message);
        if self.allow(now, spam_key) {
            client.write_event(cx, self.user.as_ref(), event, patch);
        }
    }

    fn object_key(&self, about: &Object) -> Key {
        let Self { component, host, .. } = self;
        stable_hash(&(component, host, about.kind().kind, about.namespace(), about.name(), about.uid()))
    }

    /// The key to count under, and the message to write.
    fn aggregate<'a>(&mut self, now: Time, similar_key: Key, saying: &Saying<'a>) -> (Key, Cow<'a, str>) {
        let mut similar = self.similar.get(similar_key).cloned().unwrap_or_default();
        if now.since(similar.last) > timing::EVENT_SIMILAR_WITHIN {
            similar.messages.clear();
        }
        similar.last = now;
        similar.messages.insert(saying.message.into());
        let many = similar.messages.len() >= SIMILAR;
        if many {
            similar.messages.pop_first();
        }
        self.similar.put(similar_key, similar);
        if many {
            let message = format!("(combined from similar events): {}", saying.message);
            return (similar_key, message.into());
        }
        (stable_hash(&(similar_key, saying.field_path, saying.message)), saying.message.into())
    }

    /// The event to create, or the patch of the one to repeat.
    fn observe(&mut self, now: Time, key: Key, saying: &Saying, message: &str) -> (Event, Option<Value>) {
        let before = self.written.get(key).cloned();
        let repeated = before.is_some();
        let (name, count, first) = match before {
            Some(Written { name, count, first }) => (name, count.saturating_add(1), first),
            None => (self.name(now, saying.about), 1, now),
        };
        self.written.put(key, Written { name: name.clone(), count, first });
        let mut event = self.event(saying, message, &name);
        event.count = Some(count);
        event.first_timestamp = Some(timestamp(first));
        event.last_timestamp = Some(timestamp(now));
        let patch = repeated.then(|| json!({"count": count, "lastTimestamp": stamp(now), "message": message}));
        (event, patch)
    }

    fn event(&self, saying: &Saying, message: &str, name: &str) -> Event {
        let about = saying.about;
        let namespace = if about.namespace().is_empty() { "default" } else { about.namespace() };
        let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Event {
            metadata: ObjectMeta {
                name: Some(name.to_owned()),
                namespace: Some(namespace.to_owned()),
                ..ObjectMeta::default()
            },
            involved_object: ObjectReference { field_path: text(saying.field_path), ..reference(about) },
            reason: Some(saying.reason.to_owned()),
            message: Some(message.to_owned()),
            source: Some(EventSource { component: text(&self.component), host: text(&self.host) }),
            type_: Some(kind_word(saying.warning).to_owned()),
            reporting_component: Some(self.component.to_string()),
            reporting_instance: Some(self.host.to_string()),
            ..Event::default()
        }
    }

    /// `<object>.<nanoseconds of the wall clock in hexadecimal>`.
    fn name(&mut self, now: Time, about: &Object) -> Rc<str> {
        self.sequence = (self.sequence + 1) % 1000;
        let nanos = (EPOCH_SECOND * 1_000_000 + now.as_micros()) * 1000 + self.sequence.cast_signed();
        format!("{}.{nanos:x}", about.name()).into()
    }

    fn allow(&mut self, now: Time, spam_key: Key) -> bool {
        let one = timing::EVENT_SPAM_REFILL;
        let full = one * BURST;
        let before = self.allowance.get(spam_key);
        let mut left = before.map_or(full, |before| (before.left + now.since(before.at)).min(full));
        let allowed = left >= one;
        if allowed {
            left -= one;
        }
        self.allowance.put(spam_key, Allowance { left, at: now });
        allowed
    }
}

fn reference(object: &Object) -> ObjectReference {
    let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    ObjectReference {
        api_version: Some(object.kind().api_version()),
        kind: Some(object.kind().kind.to_owned()),
        namespace: text(object.namespace()),
        name: text(object.name()),
        uid: text(object.uid()),
        resource_version: object.meta().resource_version.clone(),
        field_path: None,
    }
}

fn kind_word(warning: bool) -> &'static str {
    if warning { "Warning" } else { "Normal" }
}

fn stamp(now: Time) -> String {
    let MetaTime(stamp) = timestamp(now);
    stamp.to_string()
}

/// A map that forgets what has not been used for longest when it holds [`REMEMBERED`] entries.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Recent<V: Clone> {
    entries: Map<Key, (u64, V)>,
    by_use: Map<u64, Key>,
    uses: u64,
}

impl<V: Clone> Default for Recent<V> {
    fn default() -> Self {
        Self { entries: Map::new(), by_use: Map::new(), uses: 0 }
    }
}

impl<V: Clone> Recent<V> {
    fn get(&self, key: Key) -> Option<&V> {
        self.entries.get(&key).map(|(_, value)| value)
    }

    fn put(&mut self, key: Key, value: V) {
        self.uses += 1;
        if let Some((used, _)) = self.entries.insert(key, (self.uses, value)) {
            self.by_use.remove(&used);
        }
        self.by_use.insert(self.uses, key);
        if self.entries.len() > REMEMBERED
            && let Some((_, oldest)) = self.by_use.pop_first()
        {
            self.entries.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::kinds::named;
    use crate::api::kinds::pod::Pod;
    use crate::api::{Body, Request, Verb};
    use crate::cluster::wire::{Address, Event as Wire, Message};
    use crate::sim::kernel::Kernel;
    use crate::sim::trace::Trace;

    /// Lets `say` record and gives what was sent: verb, count, message.
    fn sent(say: impl Fn(&mut Cx, &mut Client, &mut Recorder, &Object)) -> Vec<(Verb, i64, String)> {
        let mut kernel = Kernel::new(1, Time::ZERO, Duration::ZERO);
        let mut trace = Trace::default();
        let mut client = Client::new(User::new("x", &[]));
        let mut recorder = Recorder::new("test", "");
        let pod = Object::new(Pod { metadata: named("default", "web"), ..Pod::default() });
        say(&mut Cx::new(&mut kernel, &mut trace, Address::Scheduler, None), &mut client, &mut recorder, &pod);
        let mut requests = Vec::new();
        while kernel.next_at().is_some() {
            if let Some(Wire::Message { message: Message::Request { request, .. }, .. }) = kernel.pop().map(|s| s.event)
            {
                requests.push(plain(&request));
            }
        }
        requests
    }

    fn plain(request: &Request) -> (Verb, i64, String) {
        let value = match &request.body {
            Body::Object(object) => object.to_value(),
            Body::Patch(_, patch) => (**patch).clone(),
            _ => Value::Null,
        };
        let message = value["message"].as_str().unwrap_or_default().to_owned();
        (request.verb, value["count"].as_i64().unwrap_or(0), message)
    }

    #[test]
    fn the_same_again_is_counted() {
        let requests = sent(|cx, client, recorder, pod| {
            recorder.record(cx, client, pod, true, "BackOff", "again");
            recorder.record(cx, client, pod, true, "BackOff", "again");
        });
        let again = || "again".to_owned();
        assert_eq!(requests, [(Verb::Create, 1, again()), (Verb::Patch, 2, again())]);
    }

    #[test]
    fn the_tenth_different_message_stands_for_all_that_follow() {
        let requests = sent(|cx, client, recorder, pod| {
            for n in 0..12 {
                recorder.record(cx, client, pod, false, "R", &format!("n{n:02}"));
            }
        });
        let tail: Vec<_> = requests[8..].iter().map(|(verb, count, text)| (*verb, *count, text.as_str())).collect();
        let combined = |n| format!("(combined from similar events): {n}");
        assert_eq!(
            tail,
            [
                (Verb::Create, 1, "n08"),
                (Verb::Create, 1, combined("n09").as_str()),
                (Verb::Patch, 2, combined("n10").as_str()),
                (Verb::Patch, 3, combined("n11").as_str()),
            ]
        );
    }

    #[test]
    fn an_object_is_talked_about_25_times_at_most() {
        let requests = sent(|cx, client, recorder, pod| {
            for _ in 0..30 {
                recorder.record(cx, client, pod, false, "R", "m");
            }
        });
        assert_eq!(requests.len(), 25);
        assert_eq!(requests[24].1, 25);
    }

    #[test]
    fn the_newer_recorder_writes_a_series_once() {
        let requests = sent(|cx, client, recorder, pod| {
            for _ in 0..3 {
                let said = Said::warning("FailedScheduling", "Scheduling", "no");
                recorder.announce(cx, client, "default-scheduler", (pod, None), said);
            }
        });
        let verbs: Vec<_> = requests.iter().map(|(verb, count, _)| (*verb, *count)).collect();
        assert_eq!(verbs, [(Verb::Create, 0), (Verb::Patch, 0)]);
    }

    #[test]
    fn the_least_recently_used_is_forgotten() {
        let mut recent = Recent::default();
        for n in 0..=REMEMBERED as u64 {
            recent.put(n, n);
            recent.put(0, 0);
        }
        assert!(recent.get(0).is_some());
        assert!(recent.get(1).is_none());
        assert_eq!(recent.entries.len(), recent.by_use.len());
    }
}
