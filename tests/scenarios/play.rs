//! One scenario being played: its objects, what has been answered, and what later sentences may refer to.

use crate::rig::{Answer, Rig};
use bottle::api::{Kind, Target};
use bottle::sim::Duration;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// An object of the scenario.
#[derive(Clone, Default)]
pub struct Thing {
    /// The manifest.
    pub manifest: Value,
    /// Its namespace; empty: it has none.
    pub namespace: String,
    /// Its name once it was created (names may be generated).
    pub name: String,
    /// As it was created.
    pub created: Value,
}

/// What sentences may refer to.
pub struct Play {
    pub rig: Rig,
    pub id: String,
    pub things: Vec<Thing>,
    pub namespaces: Vec<String>,
    /// Which thing a sentence without a name is about.
    pub subject: usize,
    /// All answers, with the word for what was asked.
    pub log: Vec<(String, Answer)>,
    /// The revision of the last list.
    pub listed: String,
    /// UIDs and names of pods that were noted.
    pub noted: BTreeSet<String>,
    pub names: BTreeSet<String>,
    /// The watch, if one is open, and the informer's handlers.
    pub watch: Option<u64>,
    pub informer: Option<Informer>,
    /// Steps that come between expectations.
    pub later: Vec<String>,
    /// The object that the present sentence has singled out.
    pub focus: Option<Value>,
    /// How often each event had been seen before the last step.
    pub counts: BTreeMap<String, i64>,
    /// Output of the last command in a container.
    pub exec: Option<(i32, String)>,
}

/// A client's cache, kept by list and watch.
#[derive(Default)]
pub struct Informer {
    pub watch: u64,
    /// Objects there were when it began.
    pub listed: Vec<Value>,
    /// From this number of events on nobody listens for changes of any sort.
    pub off: Option<usize>,
}

impl Play {
    pub fn new(mut rig: Rig, scenario: &Value, number: usize) -> Self {
        let namespace = format!("s{number}");
        for name in [namespace.clone(), format!("{namespace}-other")] {
            let body = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
            rig.ask("POST", "/api/v1/namespaces", &body);
        }
        // The namespaces get their service accounts.
        rig.run(Duration::from_secs(1));
        let objects = scenario["objects"].as_array().cloned().unwrap_or_default();
        let thing = |manifest: Value| {
            let namespaced = kind_of(&manifest).is_some_and(|kind| kind.namespaced);
            let namespace = if namespaced { namespace.clone() } else { String::new() };
            Thing { namespace, name: text(&manifest["metadata"]["name"]).to_owned(), manifest, created: Value::Null }
        };
        Self {
            rig,
            id: text(&scenario["id"]).to_owned(),
            things: objects.into_iter().map(thing).collect(),
            namespaces: vec![namespace.clone(), format!("{namespace}-other")],
            subject: 0,
            log: Vec::new(),
            listed: String::new(),
            noted: BTreeSet::new(),
            names: BTreeSet::new(),
            watch: None,
            informer: None,
            later: Vec::new(),
            focus: None,
            counts: BTreeMap::new(),
            exec: None,
        }
    }

    /// The thing that a word names: its name, its kind or the beginning of its generated name.
    pub fn find(&self, word: &str) -> Option<usize> {
        let at = |fits: &dyn Fn(&Thing) -> bool| self.things.iter().position(fits);
        let kind = match word {
            "rs" => "replicaset",
            "ns" => "namespace",
            "svc" => "service",
            "pod" | "deployment" | "service" | "node" | "slice" | "event" => word,
            _ => "",
        };
        at(&|thing| text(&thing.manifest["metadata"]["name"]) == word)
            .or_else(|| at(&|thing| text(&thing.manifest["metadata"]["generateName"]) == format!("{word}-")))
            .or_else(|| at(&|thing| !kind.is_empty() && text(&thing.manifest["kind"]).to_lowercase().contains(kind)))
    }

    /// The path of a collection.
    pub fn collection(&self, thing: usize, namespace: &str) -> String {
        let kind = self.things.get(thing).and_then(|thing| kind_of(&thing.manifest)).unwrap_or(family(&self.id));
        Target::new(kind, namespace, "").path()
    }

    /// The path of a thing.
    pub fn path(&self, thing: usize) -> String {
        let Thing { manifest, namespace, name, .. } = &self.things[thing];
        Target::new(kind_of(manifest).expect("a kind"), namespace, name).path()
    }

    /// Asks, and keeps the answer under a word.
    pub fn ask(&mut self, word: &str, method: &str, path: &str, body: &Value) -> Answer {
        let answer = self.rig.ask(method, path, body);
        self.log.push((word.to_owned(), answer.clone()));
        answer
    }

    /// Creates a thing, in a form of its own if one is given.
    pub fn create(&mut self, thing: usize) -> Answer {
        let namespace = self.things[thing].namespace.clone();
        self.create_in(thing, &namespace)
    }

    pub fn create_in(&mut self, thing: usize, namespace: &str) -> Answer {
        let path = self.collection(thing, namespace);
        let mut manifest = self.things[thing].manifest.clone();
        if text(&manifest["kind"]) == "Event" && manifest["involvedObject"]["namespace"].is_null() {
            manifest["involvedObject"]["namespace"] = namespace.into();
        }
        for owner in manifest["metadata"]["ownerReferences"].as_array_mut().into_iter().flatten() {
            if owner["apiVersion"].is_null() {
                owner["apiVersion"] = "v1".into();
            }
        }
        let answer = self.ask("create", "POST", &path, &manifest);
        if answer.code < 300 {
            let made = &mut self.things[thing];
            made.name = text(&answer.body["metadata"]["name"]).to_owned();
            made.created = answer.body.clone();
        }
        self.subject = thing;
        answer
    }

    pub fn read(&mut self, thing: usize) -> Value {
        let path = self.path(thing);
        let answer = self.rig.ask("GET", &path, &Value::Null);
        if answer.code == 200 { answer.body } else { Value::Null }
    }

    /// Everything at a path.
    pub fn items(&mut self, path: &str) -> Vec<Value> {
        let answer = self.rig.ask("GET", path, &Value::Null);
        answer.body["items"].as_array().cloned().unwrap_or_default()
    }

    /// Everything of a plural in the scenario's namespace.
    pub fn all(&mut self, prefix: &str, plural: &str) -> Vec<Value> {
        let path = format!("{prefix}/namespaces/{}/{plural}", self.namespaces[0]);
        self.items(&path)
    }

    pub fn pods(&mut self) -> Vec<Value> {
        self.all("/api/v1", "pods")
    }

    /// Pods that nobody has deleted and that have not ended.
    pub fn active(&mut self) -> Vec<Value> {
        let ended = |pod: &Value| matches!(text(&pod["status"]["phase"]), "Succeeded" | "Failed");
        let mut pods = self.pods();
        pods.retain(|pod| pod["metadata"]["deletionTimestamp"].is_null() && !ended(pod));
        pods
    }

    pub fn replica_sets(&mut self) -> Vec<Value> {
        self.all("/apis/apps/v1", "replicasets")
    }

    pub fn events(&mut self) -> Vec<Value> {
        self.all("/api/v1", "events")
    }

    /// What the present sentence is about: the object that it has singled out, or the subject.
    pub fn about(&mut self) -> Value {
        match &self.focus {
            Some(value) => value.clone(),
            None if self.things.is_empty() => Value::Null,
            None => self.read(self.subject),
        }
    }

    /// The last answer.
    pub fn reply(&self) -> Answer {
        self.log.last().map(|(_, answer)| answer.clone()).unwrap_or_default()
    }

    /// The last answer to something.
    pub fn reply_to(&self, word: &str) -> Option<Answer> {
        self.log.iter().rev().find(|(asked, _)| asked == word).map(|(_, answer)| answer.clone())
    }

    /// The template's image, labels and annotations make a new ReplicaSet; all others are old.
    pub fn is_new(&mut self, set: &Value) -> bool {
        let deployment = self.find("deployment").map(|thing| self.read(thing)).unwrap_or_default();
        let mut template = set["spec"]["template"].clone();
        if let Some(labels) = template["metadata"]["labels"].as_object_mut() {
            labels.remove("pod-template-hash");
        }
        template == deployment["spec"]["template"]
    }

    /// The pod's address on which a thing named so can be reached.
    pub fn pod_ip(&mut self, name: &str) -> Option<String> {
        let thing = self.find(name)?;
        self.read(thing)["status"]["podIP"].as_str().map(str::to_owned)
    }

    /// The endpoints of all slices.
    pub fn endpoints(&mut self) -> Vec<Value> {
        let slices = self.all("/apis/discovery.k8s.io/v1", "endpointslices");
        slices.iter().flat_map(|slice| slice["endpoints"].as_array().cloned().unwrap_or_default()).collect()
    }
}

/// A text, or nothing.
pub fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// The kind of a manifest.
pub fn kind_of(manifest: &Value) -> Option<&'static Kind> {
    Kind::find(text(&manifest["apiVersion"]), text(&manifest["kind"]))
}

/// The kind that a scenario without objects is about: its id begins with it.
fn family(id: &str) -> &'static Kind {
    let word = id.split('/').next().unwrap_or_default();
    let known = bottle::api::kinds::KINDS.iter().find(|kind| kind.singular == word);
    known.copied().unwrap_or(&bottle::api::kinds::pod::KIND)
}

/// A condition's status.
pub fn condition(object: &Value, name: &str) -> String {
    let list = object["status"]["conditions"].as_array().cloned().unwrap_or_default();
    list.iter().find(|one| text(&one["type"]) == name).map(|one| text(&one["status"]).to_owned()).unwrap_or_default()
}

/// The status of a pod's first container.
pub fn first_container(pod: &Value) -> Value {
    pod["status"]["containerStatuses"][0].clone()
}

/// Restarts of all containers.
pub fn restarts(pod: &Value) -> i64 {
    let all = pod["status"]["containerStatuses"].as_array().cloned().unwrap_or_default();
    all.iter().filter_map(|status| status["restartCount"].as_i64()).sum()
}
