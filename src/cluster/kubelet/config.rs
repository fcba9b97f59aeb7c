//! What a container gets from outside: environment variables, and the ConfigMaps and Secrets that volumes and variables
//! name.
//!
//! Upstream: `pkg/kubelet/kubelet_pods.go` (`makeEnvironmentVariables`), `pkg/kubelet/util/manager` and `pkg/volume`.
//! Upstream keeps a watch on each object that a pod of the node names; here an object is read when a pod needs it, and read
//! again when what is known is older than a minute (`kube-root-ca.crt` never changes). What does not exist is asked for
//! anew each time. Left out: variables of services, `fileKeyRef`, updates of mounted files.

use super::worker::{Stage, Worker, container};
use super::{Kubelet, Sent};
use crate::api::kinds::{self, pod::TOKEN_VOLUME};
use crate::api::quantity::Quantity;
use crate::api::{Key, Object, Request, Status};
use crate::cluster::machine::Machine;
use crate::cluster::wire::{Event, Reply, Timer};
use crate::cluster::{Cx, timing};
use crate::sim::{Duration, Time};
use imbl::OrdMap;
use k8s_openapi::api::core::v1::{ConfigMap, Container, EnvVarSource, Secret, Volume};
use std::rc::Rc;

/// A volume that could not be set up is tried again.
pub const MOUNT: &str = "mount";
/// How long something that was read counts as known.
const FRESH: Duration = timing::POD_SYNC;
/// How long something that was not there counts as known.
const FRESH_NOTHING: Duration = Duration::from_millis(400);

/// A ConfigMap or a Secret.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Source {
    secret: bool,
    key: Key,
}

/// A place in a pod that names one.
struct Reference {
    source: Source,
    optional: bool,
    /// The volume, if a volume names it.
    volume: Option<String>,
    /// The keys that have to be there.
    keys: Vec<String>,
}

/// The ConfigMaps and Secrets that are known.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Objects {
    known: OrdMap<Source, (Option<Object>, Time)>,
    /// Requests under way, with the pods that wait for them.
    asked: OrdMap<Source, Vec<Rc<str>>>,
}

impl Objects {
    fn is_fresh(&self, source: &Source, now: Time) -> bool {
        self.known.get(source).is_some_and(|(object, at)| match object {
            Some(_) if &*source.key.name == "kube-root-ca.crt" => true,
            Some(_) => now.since(*at) < FRESH,
            None => now.since(*at) < FRESH_NOTHING,
        })
    }

    fn get(&self, source: &Source) -> Option<&Object> {
        self.known.get(source)?.0.as_ref()
    }

    /// A value; the error says what is not there.
    fn value(&self, source: &Source, key: &str) -> Result<String, String> {
        let object = self.get(source).ok_or_else(|| source.not_found())?;
        data(object, key).ok_or_else(|| source.no_key(key))
    }
}

impl Source {
    fn not_found(&self) -> String {
        let kind = if self.secret { "secret" } else { "configmap" };
        format!("{kind} \"{}\" not found", self.key.name)
    }

    fn no_key(&self, key: &str) -> String {
        let kind = if self.secret { "Secret" } else { "ConfigMap" };
        format!("couldn't find key {key} in {kind} {}", self.key)
    }
}

fn data(object: &Object, key: &str) -> Option<String> {
    if let Some(map) = object.get::<ConfigMap>() {
        return map.data.as_ref()?.get(key).cloned();
    }
    let bytes = object.get::<Secret>()?.data.as_ref()?.get(key)?;
    Some(String::from_utf8_lossy(&bytes.0).into_owned())
}

fn has_key(object: &Object, key: &str) -> bool {
    let binary =
        object.get::<ConfigMap>().and_then(|map| map.binary_data.as_ref()).is_some_and(|data| data.contains_key(key));
    binary || data(object, key).is_some()
}

fn keys(object: &Object) -> Vec<String> {
    let map = object.get::<ConfigMap>().and_then(|map| map.data.as_ref()).map(|data| data.keys().cloned().collect());
    let secret =
        || object.get::<Secret>().and_then(|secret| secret.data.as_ref()).map(|data| data.keys().cloned().collect());
    map.or_else(secret).unwrap_or_default()
}

/// Everything that a pod names.
fn references(worker: &Worker) -> Vec<Reference> {
    let (pod, namespace) = (worker.typed(), worker.pod.namespace());
    let mut all = Vec::new();
    for volume in pod.spec.volumes.as_deref().unwrap_or_default() {
        let suffix = pod.token_suffix.as_deref().filter(|_| volume.name == TOKEN_VOLUME).unwrap_or("");
        of_volume(volume, namespace, &format!("{}{suffix}", volume.name), &mut all);
    }
    let inits = pod.spec.init_containers.as_deref().unwrap_or_default();
    for container in inits.iter().chain(&pod.spec.containers) {
        of_container(container, namespace, &mut all);
    }
    all
}

fn of_volume(volume: &Volume, namespace: &str, name: &str, all: &mut Vec<Reference>) {
    type Items<'a> = Option<&'a Vec<k8s_openapi::api::core::v1::KeyToPath>>;
    let mut add = |secret: bool, object: &str, optional: Option<bool>, items: Items| {
        all.push(Reference {
            source: Source { secret, key: Key::new(namespace, object) },
            optional: optional.unwrap_or(false),
            volume: Some(name.to_owned()),
            keys: items.into_iter().flatten().map(|item| item.key.clone()).collect(),
        });
    };
    if let Some(map) = &volume.config_map {
        add(false, &map.name, map.optional, map.items.as_ref());
    }
    if let Some(secret) = &volume.secret {
        add(true, secret.secret_name.as_deref().unwrap_or(""), secret.optional, secret.items.as_ref());
    }
    let projected = volume.projected.as_ref().and_then(|projected| projected.sources.as_deref());
    for source in projected.unwrap_or_default() {
        if let Some(map) = &source.config_map {
            add(false, &map.name, map.optional, map.items.as_ref());
        }
        if let Some(secret) = &source.secret {
            add(true, &secret.name, secret.optional, secret.items.as_ref());
        }
    }
}

fn of_container(container: &Container, namespace: &str, all: &mut Vec<Reference>) {
    let mut add = |secret: bool, object: &str, optional: Option<bool>| {
        let source = Source { secret, key: Key::new(namespace, object) };
        all.push(Reference { source, optional: optional.unwrap_or(false), volume: None, keys: Vec::new() });
    };
    for from in container.env_from.as_deref().unwrap_or_default() {
        if let Some(map) = &from.config_map_ref {
            add(false, &map.name, map.optional);
        }
        if let Some(secret) = &from.secret_ref {
            add(true, &secret.name, secret.optional);
        }
    }
    for from in container.env.as_deref().unwrap_or_default().iter().filter_map(|env| env.value_from.as_ref()) {
        if let Some(map) = &from.config_map_key_ref {
            add(false, &map.name, map.optional);
        }
        if let Some(secret) = &from.secret_key_ref {
            add(true, &secret.name, secret.optional);
        }
    }
}

impl Kubelet {
    /// Sets up a pod's volumes: reads what they and the containers name, and goes on when it is there.
    pub(super) fn mount(&mut self, cx: &mut Cx, uid: &Rc<str>) {
        let now = cx.now();
        let Some(worker) =
            self.workers.get(uid).filter(|worker| worker.run.is_some() && worker.stage == Stage::Syncing)
        else {
            return;
        };
        let wanted = references(worker);
        let stale: Vec<Source> = wanted
            .iter()
            .map(|wanted| &wanted.source)
            .filter(|source| !self.objects.is_fresh(source, now))
            .cloned()
            .collect();
        if !stale.is_empty() {
            return self.read(cx, uid, stale);
        }
        let lacks: Vec<(String, String)> = wanted.iter().filter_map(|wanted| self.lack(wanted)).collect();
        if lacks.is_empty() {
            if let Some(worker) = self.workers.get_mut(uid) {
                worker.mounting = None;
            }
            return self.mounted(cx, uid);
        }
        for (volume, why) in lacks {
            let text = format!("MountVolume.SetUp failed for volume \"{volume}\" : {why}");
            self.say(cx, uid, None, (true, "FailedMount"), &text);
        }
        let Some(worker) = self.workers.get_mut(uid) else { return };
        let (wait, since) = worker.mounting.unwrap_or((timing::MOUNT_RETRY, now));
        worker.mounting = Some(((wait * 2).min(timing::MOUNT_RETRY_MAX), since));
        cx.after(wait, Event::Timer(Timer::keyed(MOUNT, uid.clone(), 0)));
    }

    /// What a volume lacks: its name, and why it cannot be set up.
    fn lack(&self, wanted: &Reference) -> Option<(String, String)> {
        let volume = wanted.volume.clone().filter(|_| !wanted.optional)?;
        let Some(object) = self.objects.get(&wanted.source) else { return Some((volume, wanted.source.not_found())) };
        let key = wanted.keys.iter().find(|key| !has_key(object, key))?;
        Some((
            volume,
            format!("references non-existent {} key: {key}", if wanted.source.secret { "secret" } else { "config" }),
        ))
    }

    fn read(&mut self, cx: &mut Cx, uid: &Rc<str>, sources: Vec<Source>) {
        for source in sources {
            if let Some(waiting) = self.objects.asked.get_mut(&source) {
                if !waiting.contains(uid) {
                    waiting.push(uid.clone());
                }
                continue;
            }
            self.objects.asked.insert(source.clone(), vec![uid.clone()]);
            let kind = if source.secret { &kinds::secret::KIND } else { &kinds::config_map::KIND };
            let id = self.client.request(cx, Request::get(kind, &source.key));
            self.requests.insert(id, Sent::Config(source));
        }
    }

    pub(super) fn fetched(&mut self, cx: &mut Cx, source: Source, outcome: Result<Reply, Rc<Status>>) {
        let object = match outcome {
            Ok(Reply::Object { object, .. }) => Some(object),
            _ => None,
        };
        self.objects.known.insert(source.clone(), (object, cx.now()));
        for uid in self.objects.asked.remove(&source).unwrap_or_default() {
            self.mount(cx, &uid);
        }
    }
}

/// A container's environment.
///
/// # Errors
/// The text of `CreateContainerConfigError`, when something that it names is not there.
pub fn environment(
    worker: &Worker,
    container: &Container,
    objects: &Objects,
    machine: &Machine,
) -> Result<Vec<(Rc<str>, Rc<str>)>, String> {
    let namespace = worker.pod.namespace();
    let mut env: Vec<(Rc<str>, Rc<str>)> = Vec::new();
    for from in container.env_from.as_deref().unwrap_or_default() {
        let prefix = from.prefix.as_deref().unwrap_or("");
        let map = from.config_map_ref.as_ref().map(|map| (false, &map.name, map.optional));
        let secret = from.secret_ref.as_ref().map(|secret| (true, &secret.name, secret.optional));
        let Some((secret, name, optional)) = map.or(secret) else { continue };
        let source = Source { secret, key: Key::new(namespace, name) };
        match objects.get(&source) {
            Some(object) => keys(object).iter().for_each(|key| {
                set(&mut env, &format!("{prefix}{key}"), data(object, key).unwrap_or_default());
            }),
            None if optional == Some(true) => {}
            None => return Err(source.not_found()),
        }
    }
    for variable in container.env.as_deref().unwrap_or_default() {
        let value = match (&variable.value, &variable.value_from) {
            (Some(value), _) => Some(expand(value, &env).to_string()),
            (None, Some(from)) => value_from(worker, container, from, (objects, machine))?,
            (None, None) => Some(String::new()),
        };
        if let Some(value) = value {
            set(&mut env, &variable.name, value);
        }
    }
    Ok(env)
}

fn set(env: &mut Vec<(Rc<str>, Rc<str>)>, name: &str, value: String) {
    env.retain(|(other, _)| &**other != name);
    env.push((name.into(), value.into()));
}

fn value_from(
    worker: &Worker,
    own: &Container,
    from: &EnvVarSource,
    (objects, machine): (&Objects, &Machine),
) -> Result<Option<String>, String> {
    let namespace = worker.pod.namespace();
    let map = from.config_map_key_ref.as_ref().map(|map| (false, &map.name, &map.key, map.optional));
    let secret = from.secret_key_ref.as_ref().map(|secret| (true, &secret.name, &secret.key, secret.optional));
    if let Some((secret, name, key, optional)) = map.or(secret) {
        let value = objects.value(&Source { secret, key: Key::new(namespace, name) }, key);
        return if optional == Some(true) { Ok(value.ok()) } else { value.map(Some) };
    }
    if let Some(field) = &from.field_ref {
        return Ok(Some(field_value(worker, machine, &field.field_path)));
    }
    let Some(resource) = &from.resource_field_ref else { return Ok(Some(String::new())) };
    let spec = worker.spec();
    let named = resource
        .container_name
        .as_deref()
        .and_then(|name| (0..worker.slots.len()).map(|slot| container(&spec, slot)).find(|c| c.name == name));
    Ok(Some(resource_value(
        named.unwrap_or(own),
        machine,
        &resource.resource,
        resource.divisor.as_ref().map(|divisor| divisor.0.as_str()),
    )))
}

fn field_value(worker: &Worker, machine: &Machine, path: &str) -> String {
    let meta = worker.pod.meta();
    let spec = worker.spec();
    let entry = |prefix: &str| path.strip_prefix(prefix).and_then(|rest| rest.strip_suffix("']")).map(str::to_owned);
    let of = |map: &Option<std::collections::BTreeMap<String, String>>, key: String| {
        map.as_ref().and_then(|map| map.get(&key).cloned())
    };
    let value = match path {
        "metadata.name" => meta.name.clone(),
        "metadata.namespace" => meta.namespace.clone(),
        "metadata.uid" => meta.uid.clone(),
        "spec.nodeName" => Some(machine.name.to_string()),
        "spec.serviceAccountName" => spec.service_account_name.clone(),
        "status.hostIP" | "status.hostIPs" => Some(machine.ip.to_string()),
        "status.podIP" | "status.podIPs" => worker.ip.as_ref().map(ToString::to_string),
        _ => entry("metadata.labels['")
            .and_then(|key| of(&meta.labels, key))
            .or_else(|| entry("metadata.annotations['").and_then(|key| of(&meta.annotations, key))),
    };
    value.unwrap_or_default()
}

/// A request or limit, divided and rounded up. What is not limited is limited by the node.
fn resource_value(container: &Container, machine: &Machine, name: &str, divisor: Option<&str>) -> String {
    let (side, resource) = name.split_once('.').unwrap_or(("limits", name));
    let resources = container.resources.as_ref();
    let given = match side {
        "requests" => resources.and_then(|resources| resources.requests.as_ref()?.get(resource)),
        _ => resources.and_then(|resources| resources.limits.as_ref()?.get(resource)),
    };
    let parsed = given.and_then(|quantity| Quantity::parse(&quantity.0).ok()).map(|quantity| quantity.nano_value());
    let node = match (side, resource) {
        ("requests", _) => 0,
        (_, "cpu") => i128::from(machine.cpu_milli) * 1_000_000,
        _ => i128::from(super::admit::allocatable(machine).memory) * 1_000_000_000,
    };
    let divisor = divisor
        .and_then(|text| Quantity::parse(text).ok())
        .map(|quantity| quantity.nano_value())
        .filter(|nano| *nano > 0);
    let divisor = divisor.unwrap_or(1_000_000_000);
    ((parsed.unwrap_or(node) + divisor - 1) / divisor).to_string()
}

/// Replaces `$(NAME)` by the variable's value; what is not known stays as it is, `$$` is a `$`.
/// Upstream: `third_party/forked/golang/expansion`.
#[must_use]
pub fn expand(text: &str, env: &[(Rc<str>, Rc<str>)]) -> Rc<str> {
    if !text.contains('$') {
        return text.into();
    }
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            out.push('$');
            rest = after;
        } else if let Some((name, after)) = rest.strip_prefix('(').and_then(|rest| rest.split_once(')')) {
            match env.iter().find(|(known, _)| &**known == name) {
                Some((_, value)) => out.push_str(value),
                None => out.push_str(&format!("$({name})")),
            }
            rest = after;
        } else {
            out.push('$');
        }
    }
    out.push_str(rest);
    out.into()
}

/// A duration as Go prints it: `10s`, `1m20s`, `1.204s`, `850ms`.
#[must_use]
pub fn go_duration(duration: Duration) -> String {
    let (seconds, millis) = (duration.as_secs(), duration.subsec_millis());
    if seconds == 0 {
        return if millis == 0 { "0s".to_owned() } else { format!("{millis}ms") };
    }
    let part = if millis == 0 { String::new() } else { format!(".{millis:03}").trim_end_matches('0').to_owned() };
    let (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match (hours, minutes) {
        (0, 0) => format!("{rest}{part}s"),
        (0, _) => format!("{minutes}m{rest}{part}s"),
        _ => format!("{hours}h{minutes}m{rest}{part}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_to_variables_are_expanded_as_upstream_does() {
        let env = [("A".into(), "1".into()), ("B_C".into(), "two".into())];
        for (text, expected) in [
            ("$(A)-$(B_C)", "1-two"),
            ("$(X) $A", "$(X) $A"),
            ("$$(A)", "$(A)"),
            ("cost: 5$", "cost: 5$"),
            ("$(A", "$(A"),
        ] {
            assert_eq!(&*expand(text, &env), expected, "{text}");
        }
    }

    #[test]
    fn durations_are_printed_as_go_does() {
        for (millis, expected) in [
            (850, "850ms"),
            (10_000, "10s"),
            (80_000, "1m20s"),
            (300_000, "5m0s"),
            (1_204, "1.204s"),
            (61_500, "1m1.5s"),
        ] {
            assert_eq!(go_duration(Duration::from_millis(millis)), expected);
        }
    }
}
