//! What the API server's benchmarks run: the server and its etcd, without anybody else. The clock is the caller's:
//! `bottle bench --api` natively, `tools/bench-api.mjs` in Wasm.

use crate::api::kinds::pod::{self, Pod};
use crate::api::kinds::{config_map, named};
use crate::api::object::{Key, Object};
use crate::api::request::PatchType;
use crate::api::schema::{check, schema};
use crate::api::{Body, Kind, Options, Request, Target, Verb, manifest, meta_validation};
use crate::cluster::apiserver::ApiServer;
use crate::cluster::etcd::Etcd;
use crate::cluster::fact::Fact;
use crate::cluster::wire::{Address, Event, Message, OUTSIDE, User};
use crate::cluster::{Cx, timing};
use crate::sim::{Duration, Kernel, Time, Trace};
use serde_json::{Value, json};
use std::rc::Rc;

/// The trace is begun anew after so many events: nobody reads it.
const KEPT: u64 = 20_000;
/// So many requests are under way at once: a controller's batch.
const BATCH: usize = 100;

/// The server and its store.
pub struct Office {
    kernel: Kernel<Address, Event>,
    trace: Trace<Fact>,
    server: ApiServer,
    etcd: Etcd,
    user: User,
    next: u64,
    answered: usize,
    refused: usize,
    heard: usize,
}

impl Default for Office {
    fn default() -> Self {
        Self::new()
    }
}

impl Office {
    /// A server that has just begun to answer.
    #[must_use]
    pub fn new() -> Self {
        let mut office = Self {
            kernel: Kernel::new(42, Time::from_secs(-60), timing::LINK),
            trace: Trace::default(),
            server: ApiServer::new(),
            etcd: Etcd::new(),
            user: User::new("kubernetes-admin", &["system:masters"]),
            next: OUTSIDE,
            answered: 0,
            refused: 0,
            heard: 0,
        };
        office.etcd.start(&mut Cx::new(&mut office.kernel, &mut office.trace, Address::Etcd(0), None));
        office.server.start(&mut Cx::new(&mut office.kernel, &mut office.trace, Address::ApiServer, None));
        let until = office.kernel.now() + Duration::from_secs(5);
        while office.kernel.next_at().is_some_and(|at| at <= until) {
            office.step();
        }
        let account = json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}});
        office.ask(create(account));
        office.settle();
        office
    }

    /// Creates so many pods of one template, as a controller does; how many were stored.
    pub fn create(&mut self, pods: usize) -> usize {
        let template = template();
        let before = self.answered - self.refused;
        for number in 0..pods {
            let metadata = named("default", &format!("pod-{:07}", self.answered + number));
            let pod = Pod { metadata, spec: template.clone(), ..Pod::default() };
            self.ask(Request::create(Object::new(pod)));
            if number % BATCH == BATCH - 1 {
                self.settle();
            }
        }
        self.settle();
        self.answered - self.refused - before
    }

    /// Opens so many watches of all `ConfigMaps`, and creates the one that [`Office::change`] changes.
    pub fn watch(&mut self, watches: usize) {
        let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "watched"}, "data": {"n": ""}});
        self.ask(create(map));
        self.settle();
        for _ in 0..watches {
            let target = Target::new(&config_map::KIND, "", "");
            let body = Body::Empty;
            self.ask(Request { verb: Verb::Watch, target, options: Options::default(), body });
        }
        self.settle();
        self.heard = 0;
    }

    /// Changes the watched object so often; how many events the watches have had.
    pub fn change(&mut self, times: usize) -> usize {
        let key = Key::new("default", "watched");
        for time in 0..times {
            let patch = json!({"data": {"n": time.to_string()}});
            self.ask(Request::patch(&config_map::KIND, &key, PatchType::Merge, patch));
            self.settle();
        }
        std::mem::take(&mut self.heard)
    }

    fn ask(&mut self, request: Request) {
        let message = Message::Request { id: self.next, user: self.user.clone(), request: Rc::new(request) };
        self.next += 1;
        let mut cx = Cx::new(&mut self.kernel, &mut self.trace, Address::User, None);
        cx.send(Address::ApiServer, Event::Message { from: Address::User, message });
    }

    /// Until all that was asked is answered and told.
    fn settle(&mut self) {
        let until = self.kernel.now() + Duration::from_secs(1);
        while self.kernel.next_at().is_some_and(|at| at <= until) {
            self.step();
        }
        self.kernel.advance(until);
    }

    fn step(&mut self) {
        let Some(next) = self.kernel.pop() else { return };
        if self.trace.len() > KEPT {
            self.trace = Trace::default();
        }
        let mut cx = Cx::new(&mut self.kernel, &mut self.trace, next.to.clone(), next.cause);
        match (next.to, next.event) {
            (Address::ApiServer, event) => self.server.handle(&mut cx, event),
            (Address::Etcd(_), event) => self.etcd.handle(&mut cx, event),
            (_, Event::Message { message: Message::Response { outcome, .. }, .. }) => {
                self.answered += 1;
                self.refused += usize::from(outcome.is_err());
            }
            (_, Event::Message { message: Message::Watch { events, .. }, .. }) => self.heard += events.len(),
            _ => {}
        }
    }
}

/// The creation of a document in `default`.
fn create(document: Value) -> Request {
    let word = |name: &str| document[name].as_str().unwrap_or_default();
    let kind = Kind::find(word("apiVersion"), word("kind")).expect("a kind that is known");
    let target = Target::new(kind, "default", document["metadata"]["name"].as_str().unwrap_or_default());
    Request { verb: Verb::Create, target, options: Options::default(), body: Body::Document(Rc::new(document)) }
}

/// The spec that all pods of a controller share.
fn template() -> Rc<k8s_openapi::api::core::v1::PodSpec> {
    let document = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": [{
        "name": "web", "image": "nginx:1.27", "ports": [{"containerPort": 80}],
        "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}},
        "readinessProbe": {"httpGet": {"path": "/", "port": 80}}}]}});
    let mut object = (pod::KIND.decode)(document).expect("a document of our own can be decoded");
    (pod::KIND.default)(&mut object);
    object.get::<Pod>().map(|pod| pod.spec.clone()).unwrap_or_default()
}

/// A Deployment of a hundred lines.
#[must_use]
pub fn deployment() -> String {
    let container = |name: &str, port: &str| CONTAINER.replace("NAME", name).replace("PORT", port);
    [HEAD, &container("web", "8080"), &container("proxy", "9090"), TAIL].concat()
}

const HEAD: &str = "apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  namespace: default
  labels:
    app: web
spec:
  replicas: 3
  selector:
    matchLabels:
      app: web
  strategy:
    rollingUpdate:
      maxSurge: 1
  template:
    metadata:
      labels:
        app: web
    spec:
      terminationGracePeriodSeconds: 45
      securityContext:
        runAsNonRoot: true
      containers:
";
const CONTAINER: &str = "      - name: NAME
        image: registry.example.com/NAME:1.2.3
        args:
        - --verbose
        ports:
        - name: http
          containerPort: PORT
        env:
        - name: MODE
          value: production
        - name: POD_IP
          valueFrom:
            fieldRef:
              fieldPath: status.podIP
        resources:
          requests:
            cpu: 100m
            memory: 128Mi
          limits:
            memory: 256Mi
        readinessProbe:
          httpGet:
            path: /healthz
            port: http
          periodSeconds: 5
        livenessProbe:
          tcpSocket:
            port: http
        volumeMounts:
        - name: config
          mountPath: /etc/app
          readOnly: true
";
const TAIL: &str = "      volumes:
      - name: config
        configMap:
          name: web-config
          items:
          - key: app.yaml
            path: app.yaml
      tolerations:
      - key: dedicated
        operator: Equal
        value: web
        effect: NoSchedule
";

/// Decodes a document in JSON strictly, fills in the defaults and validates; how many errors there are.
#[must_use]
pub fn decode(text: &str) -> usize {
    let Ok(document) = serde_json::from_str::<Value>(text) else { return 1 };
    let word = |name: &str| document[name].as_str().unwrap_or_default();
    let Some(kind) = Kind::find(word("apiVersion"), word("kind")) else { return 1 };
    let known = schema().kind(kind.group, kind.version, kind.kind);
    let checked = known.map(|name| check(name, &document)).unwrap_or_default();
    let Ok(mut object) = kind.read(document) else { return 1 };
    (kind.default)(&mut object);
    checked.unknown.len() + meta_validation::create(&object).len() + (kind.validate)(&object).len()
}

/// A manifest in YAML as JSON, as kubectl sends it.
#[must_use]
pub fn sent(text: &str) -> String {
    manifest::read(text).documents.first().map(|document| document.value.to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_manifest_has_a_hundred_lines_and_no_error() {
        assert_eq!(deployment().lines().count(), 100);
        assert_eq!(decode(&sent(&deployment())), 0);
        assert_eq!(decode(&sent(&deployment()).replace("replicas", "replica")), 1);
    }

    #[test]
    fn pods_are_stored_and_every_watch_hears_of_every_change() {
        let mut office = Office::new();
        assert_eq!(office.create(250), 250);
        office.watch(7);
        assert_eq!(office.change(3), 21);
    }
}
