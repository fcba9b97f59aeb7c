//! The kubelets as the recordings had them: pods become Running after `sim/start-ms`, end as their annotations say.

use super::names::Names;
use super::pace::Pace;
use super::statuses::{self, Begin};
use crate::api::kinds;
use crate::api::kinds::pod::Pod;
use crate::api::request::DeleteOptions;
use crate::api::{Key, Object, Request};
use crate::cluster::Cx;
use crate::cluster::client::{Client, Notice, TIMER_PREFIX};
use crate::cluster::wire::{Event, Message, Timer, User};
use crate::sim::{Duration, Time};
use serde_json::Value;
use std::collections::BTreeSet;

const START: &str = "start";
const READY: &str = "ready";
pub(super) const EXIT: &str = "exit";
pub(super) const RESTART: &str = "restart";
const GONE: &str = "gone";
const LEASE: &str = "lease";

pub struct Ships {
    pub(super) client: Client,
    nodes: Vec<Value>,
    pub(super) down: BTreeSet<String>,
    begun: BTreeSet<String>,
    ips: u32,
    /// What the pods use, as the last step of that name said.
    pub(super) load: Option<Value>,
    /// Real names by placeholders, and what is counted for them.
    pub names: Names,
    /// How fast the recorded kubelets were.
    pace: Pace,
}

impl Ships {
    pub fn new(nodes: Vec<Value>, pace: Pace) -> Self {
        Self {
            client: Client::new(User::new("system:node:all", &["system:masters"])),
            nodes,
            down: BTreeSet::new(),
            begun: BTreeSet::new(),
            ips: 10,
            load: None,
            names: Names::default(),
            pace,
        }
    }

    pub fn start(&mut self, cx: &mut Cx) {
        for kind in kinds::KINDS
            .iter()
            .filter(|kind| kind.face.is_none() && kind.verbs.contains(&"watch") && kind.kind != "Event")
        {
            self.client.inform(cx, kind, "");
        }
        for (index, node) in self.nodes.clone().iter().enumerate() {
            self.join(cx, node, index);
        }
        // Renewed a second before time zero, as in most recordings.
        cx.after(Duration::from_secs(9), Event::Timer(Timer::new(LEASE)));
    }

    /// Another ship.
    pub fn add(&mut self, cx: &mut Cx, node: &Value) {
        self.nodes.push(node.clone());
        self.join(cx, node, self.nodes.len() - 1);
    }

    pub fn handle(&mut self, cx: &mut Cx, event: Event) {
        let notices = match event {
            Event::Message { message: Message::Request { id, request, .. }, .. } => {
                self.tell_load(cx, id, &request);
                Vec::new()
            }
            Event::Message { message, .. } => self.client.handle(cx, message),
            Event::Timer(timer) if timer.what.starts_with(TIMER_PREFIX) => self.client.timer(cx, &timer),
            Event::Timer(timer) => {
                self.timer(cx, &timer);
                Vec::new()
            }
        };
        for notice in notices {
            if let Notice::Changed { old, new: Some(new), .. } = notice {
                if old.is_none() {
                    self.names.learn(&new);
                }
                if new.get::<Pod>().is_some() {
                    self.see(cx, &new);
                }
            }
        }
    }

    pub(super) fn see(&mut self, cx: &mut Cx, object: &Object) {
        let Some(pod) = object.get::<Pod>() else { return };
        if pod.node().is_none_or(|node| self.down.contains(node)) {
            return;
        }
        let key: std::rc::Rc<str> = object.key().to_string().into();
        let name = self.names.replaced.get(object.name()).map_or(object.name(), String::as_str);
        // Where no time was recorded: one status after the other, as it was.
        let turn = 10 * (u64::from(self.ips) % 8);
        if object.is_terminating() {
            let after = duration(object, "sim/term-ms", 1000);
            if let Some(after) = after.filter(|_| self.begun.insert(format!("end {}", object.uid()))) {
                let late = self.pace.end_delay(name, millis(after)).unwrap_or(0);
                cx.after(after + Duration::from_millis(late), Event::Timer(Timer::keyed(GONE, key, 0)));
            }
        } else if pod.phase() == "Pending"
            && let Some(after) = duration(object, "sim/start-ms", 1000)
            && self.begun.insert(object.uid().to_owned())
        {
            let late = self.pace.start_delay(name, millis(after)).unwrap_or(turn);
            cx.after(after + Duration::from_millis(late), Event::Timer(Timer::keyed(START, key, 0)));
        }
    }

    fn timer(&mut self, cx: &mut Cx, timer: &Timer) {
        if timer.what == LEASE {
            let up =
                self.nodes.iter().filter_map(|node| node["name"].as_str()).filter(|node| !self.down.contains(*node));
            let renewals: Vec<Request> = up.map(|node| self.renewal(node, cx.now())).collect();
            for renewal in renewals {
                self.client.request(cx, renewal);
            }
            cx.after(Duration::from_secs(10), Event::Timer(Timer::new(LEASE)));
            return;
        }
        let (namespace, name) = timer.key.split_once('/').expect("a pod's key");
        let Some(object) = self.client.lookup(&kinds::pod::KIND, &Key::new(namespace, name)).cloned() else { return };
        if object.get::<Pod>().and_then(Pod::node).is_some_and(|node| self.down.contains(node)) {
            return;
        }
        match timer.what {
            START => self.run(cx, &object),
            READY => self.set_ready(cx, &object, true),
            EXIT => self.exit(cx, &object),
            RESTART => self.restart(cx, &object),
            _ => self.end(cx, &object),
        }
    }

    fn run(&mut self, cx: &mut Cx, object: &Object) {
        if object.is_terminating() {
            return;
        }
        let Some(pod) = object.get::<Pod>() else { return };
        let bad = pod.spec.containers.iter().any(|c| c.image.as_deref().is_some_and(|image| image.contains("bad")));
        let ready = duration(object, "sim/ready-ms", 0);
        let ready_now = !bad && ready == Some(Duration::ZERO);
        let ip = format!("10.244.0.{}", self.ips);
        self.ips += 1;
        let place = self.nodes.iter().position(|node| node["name"].as_str() == pod.node()).unwrap_or(0);
        let begin = Begin { ip, host: format!("10.0.0.{}", 11 + place), bad, ready: ready_now };
        self.patch(cx, object, |pod, now| statuses::begin(pod, now, begin));
        if let Some(after) = ready.filter(|after| !bad && !after.is_zero()) {
            cx.after(after, Event::Timer(Timer::keyed(READY, object.key().to_string(), 0)));
        }
        if !bad {
            self.expect_exit(cx, object);
        }
    }

    fn end(&mut self, cx: &mut Cx, object: &Object) {
        let code = annotation(object, "sim/term-code").and_then(|code| code.parse().ok()).unwrap_or(0);
        if object.get().is_some_and(|pod: &Pod| !pod.is_terminal()) {
            self.finish(cx, object, code);
        }
        let options =
            DeleteOptions { grace_period_seconds: Some(0), uid: Some(object.uid().into()), ..DeleteOptions::default() };
        self.client.request(cx, Request::delete(&kinds::pod::KIND, &object.key(), options));
    }

    pub fn set_ready(&mut self, cx: &mut Cx, object: &Object, ready: bool) {
        self.patch(cx, object, |pod, now| statuses::set_ready(pod, ready, now));
    }

    pub fn pod(&self, key: &Key) -> Option<Object> {
        self.client.lookup(&kinds::pod::KIND, key).cloned()
    }

    pub(super) fn cache(&self, kind: &'static crate::api::Kind) -> impl Iterator<Item = &Object> {
        self.client.cache(kind).iter()
    }

    pub fn lookup(&self, kind: &'static crate::api::Kind, key: &Key) -> Option<Object> {
        self.client.lookup(kind, key).cloned()
    }

    pub fn owned(&self, kind: &'static crate::api::Kind, uid: &str) -> Vec<Object> {
        self.client.cache(kind).owned_by(uid).cloned().collect()
    }

    pub(super) fn patch(&mut self, cx: &mut Cx, object: &Object, change: impl FnOnce(&mut Pod, Time)) {
        let mut object = object.clone();
        let now = cx.now();
        if let Some(pod) = object.get_mut::<Pod>() {
            change(pod, now);
        }
        self.client.request(cx, Request::patch_status(object));
    }
}

pub(super) fn annotation<'a>(object: &'a Object, name: &str) -> Option<&'a str> {
    object.meta().annotations.as_ref()?.get(name).map(String::as_str)
}

/// A duration in an annotation; `never` and `stuck` give none.
fn duration(object: &Object, name: &str, default: u64) -> Option<Duration> {
    annotation(object, name).map_or(Some(default), |text| text.parse().ok()).map(Duration::from_millis)
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
