//! `DefaultBinder`: POSTs a Binding. Upstream: `plugins/defaultbinder/default_binder.go`.

use crate::api::document::Document;
use crate::api::kinds::{binding, named, pod};
use crate::api::object::Object;
use crate::api::request::{Body, Options, Request, Target, Verb};
use crate::cluster::scheduler::framework::Plugin;
use crate::cluster::scheduler::pod::PodInfo;

/// The plugin.
#[derive(Debug)]
pub struct DefaultBinder;

impl Plugin for DefaultBinder {
    fn name(&self) -> &'static str {
        "DefaultBinder"
    }

    fn bind(&self, pod: &PodInfo, node: &str) -> Option<Request> {
        let key = &pod.reference.key;
        let mut metadata = named(&key.namespace, &key.name);
        metadata.uid = Some(pod.uid.to_string());
        let mut wish = Document::new(&binding::KIND, metadata);
        wish.set("target.kind", "Node".into());
        wish.set("target.name", node.into());
        Some(Request {
            verb: Verb::Create,
            target: Target::sub(&pod::KIND, key, "binding"),
            options: Options::default(),
            body: Body::Object(Object::from_document(wish)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::scheduler::testing::pod;

    #[test]
    fn the_binding_goes_to_the_pods_subresource() {
        let request = DefaultBinder.bind(&pod(&serde_json::json!({"containers": []})), "node-1").expect("a request");
        assert_eq!(request.target.path(), "/api/v1/namespaces/default/pods/p/binding");
        assert_eq!(request.verb, Verb::Create);
    }
}
