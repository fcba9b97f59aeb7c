//! What a kubelet does over time, in a whole world: real API server, scheduler and controllers.

use crate::api::kinds::{self, pod::Pod};
use crate::api::{Key, Object};
use crate::cluster::History;
use crate::cluster::boot::{Scenario, boot};
use crate::cluster::fact::Fact;
use crate::cluster::input::{Input, Name};
use crate::sim::{Duration, Time};
use k8s_openapi::api::core::v1::{ContainerStatus, Event};

struct Harbour(History);

impl Harbour {
    fn with(manifest: &str) -> Self {
        let scenario = Scenario::named("three-ships").expect("the scenario exists");
        let mut harbour = Self(boot(&scenario, 7));
        harbour.input(Input::Apply { text: manifest.to_owned(), dry_run: false, create_namespaces: false });
        harbour
    }

    fn input(&mut self, input: Input) {
        self.0.input(input);
    }

    fn until(&mut self, seconds: i64) {
        self.0.run_until(Time::from_secs(seconds));
    }

    fn object(&self, name: &str) -> Option<&Object> {
        self.0.world().object(&kinds::pod::KIND, &Key::new("default", name))
    }

    fn pod(&self, name: &str) -> &Pod {
        self.object(name).and_then(|object| object.get::<Pod>()).expect("the pod exists")
    }

    fn container(&self, name: &str) -> &ContainerStatus {
        &self.pod(name).status.container_statuses.as_ref().expect("has statuses")[0]
    }

    /// Events about a pod: reason, message, count.
    fn events(&self, name: &str) -> Vec<(String, String, i32)> {
        let mut events: Vec<&Event> =
            self.0.world().objects(&kinds::event::KIND).filter_map(|object| object.get::<Event>()).collect();
        events.retain(|event| event.involved_object.name.as_deref() == Some(name));
        events.sort_by_key(|event| event.first_timestamp.as_ref().map(|time| time.0));
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        events.iter().map(|event| (text(&event.reason), text(&event.message), event.count.unwrap_or(1))).collect()
    }

    fn facts<T>(&self, pick: impl Fn(Time, &Fact) -> Option<T>) -> Vec<T> {
        let trace = self.0.trace();
        trace.range(0, trace.head()).filter_map(|record| pick(record.at, &record.fact)).collect()
    }

    /// When a pod's containers were started, in milliseconds.
    fn starts(&self, name: &str) -> Vec<i64> {
        self.facts(|at, fact| match fact {
            Fact::ContainerStarted { pod, .. } if &*pod.key.name == name => Some(at.as_millis()),
            _ => None,
        })
    }

    fn ends(&self, name: &str) -> Vec<(i64, i32)> {
        self.facts(|at, fact| match fact {
            Fact::ContainerExited { pod, code, .. } if &*pod.key.name == name => Some((at.as_millis(), *code)),
            _ => None,
        })
    }
}

fn one(name: &str, container: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}}}\nspec:\n  containers:\n  - {{name: c, {container}}}\n"
    )
}

fn reason(status: &ContainerStatus) -> &str {
    let waiting = status.state.as_ref().and_then(|state| state.waiting.as_ref());
    waiting.and_then(|waiting| waiting.reason.as_deref()).unwrap_or_default()
}

#[test]
fn a_pod_becomes_ready_and_says_so_field_for_field() {
    let mut harbour = Harbour::with(&one("web", "image: 'nginx:1.27', readinessProbe: {httpGet: {path: /, port: 80}}"));
    harbour.until(30);
    let pod = harbour.pod("web");
    assert_eq!((pod.phase(), pod.is_ready()), ("Running", true));
}
