//! The metrics API as the recorder served it: a load that is split among the ready pods, always of this moment.

use super::kubelets::Ships;
use crate::api::Object;
use crate::api::kinds::pod::{self, Pod};
use crate::cluster::Cx;
use crate::cluster::wire::{Address, Amount, Event, Message, Sample};
use crate::sim::Duration;
use serde_json::Value;

impl Ships {
    pub(super) fn set_load(&mut self, cx: &mut Cx, load: &Value) {
        self.load = Some(load.clone());
        self.report_load(cx);
    }

    /// Samples are those of a minute ahead, because the recorder's were of the moment at which they were asked for.
    pub(super) fn report_load(&self, cx: &mut Cx) {
        let Some(load) = &self.load else { return };
        let ready = |object: &&&Object| object.get().is_some_and(|pod: &Pod| pod.is_ready() && !pod.is_terminal());
        let all: Vec<&Object> = self.pods().collect();
        let pods: Vec<&&Object> = all.iter().filter(ready).collect();
        let number = i64::try_from(pods.len()).unwrap_or(1).max(1);
        let cpu = load["each"].as_i64().or(load["total"].as_i64().map(|total| total / number));
        let Some(cpu) = cpu else { return };
        let memory = load["mem"].as_i64().unwrap_or(0) << 20;
        let samples = pods.into_iter().map(|object| {
            let containers = object.get::<Pod>().into_iter().flat_map(|pod| &pod.spec.containers);
            let amounts = containers.enumerate().map(|(place, container)| Amount {
                container: container.name.as_str().into(),
                cpu_milli: if place == 0 { cpu } else { 0 },
                memory_bytes: if place == 0 { memory } else { 0 },
            });
            let at = cx.now() + Duration::from_mins(1);
            (object.key(), Sample { at, window: Duration::from_secs(10), amounts: amounts.collect() })
        });
        let message = Message::Usage(samples.collect());
        let from = cx.me().clone();
        cx.send(Address::ControllerManager, Event::Message { from, message });
    }

    fn pods(&self) -> impl Iterator<Item = &Object> {
        self.cache(&pod::KIND)
    }
}
