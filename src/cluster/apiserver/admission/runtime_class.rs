//! `RuntimeClass`: a pod may only name a runtime class that exists, costs what the class says, and runs where it says
//! (upstream: `plugin/pkg/admission/runtimeclass`).

use super::{Attributes, Plugin, attempted};
use crate::api::Status;
use crate::api::document::Document;
use crate::api::kinds::pod::Pod;
use crate::api::kinds::runtime_class::KIND;
use crate::api::object::{Key, Object};
use k8s_openapi::api::core::v1::Toleration;
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as Text;
use std::collections::BTreeMap;
use std::rc::Rc;

/// The plugin.
pub const PLUGIN: Plugin = Plugin { mutate, validate, ..Plugin::named("RuntimeClass") };

const DIFFERS: &str = "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead";

type Overhead = BTreeMap<String, Text>;

fn overhead(class: &Document) -> Option<Overhead> {
    class.at("overhead")?;
    Some(class.part("overhead.podFixed").unwrap_or_default())
}

/// The class that the pod names, if it names one.
fn class<'a>(request: &Attributes<'_, 'a>, object: &Object) -> Result<Option<&'a Document>, Status> {
    let name = object.get::<Pod>().and_then(|pod| pod.spec.runtime_class_name.as_deref());
    let Some(name) = name.filter(|name| !name.is_empty()) else { return Ok(None) };
    let found = request.review.cache.get(&KIND, &Key::new("", name)).and_then(Object::document);
    let text = format!("pod rejected: RuntimeClass \"{name}\" not found");
    found.map(Some).ok_or_else(|| Status::forbidden(object.kind(), attempted(object), &text))
}

fn mutate(request: &mut Attributes, object: &mut Object) -> Result<(), Status> {
    if !request.creates("Pod") {
        return Ok(());
    }
    let Some(class) = class(request, object)? else { return Ok(()) };
    let (kind, name) = (object.kind(), attempted(object).to_owned());
    let refuse = |text: String| Err(Status::forbidden(kind, &name, &text));
    let Some(pod) = object.get_mut::<Pod>() else { return Ok(()) };
    let spec = Rc::make_mut(&mut pod.spec);
    if let Some(overhead) = overhead(class) {
        if spec.overhead.as_ref().is_some_and(|own| *own != overhead) {
            return refuse(DIFFERS.to_owned());
        }
        spec.overhead = Some(overhead);
    }
    let labels: BTreeMap<String, String> = class.part("scheduling.nodeSelector").unwrap_or_default();
    for (key, value) in labels {
        let own = spec.node_selector.get_or_insert_default().entry(key.clone()).or_insert_with(|| value.clone());
        if *own != value {
            return refuse(format!(
                "conflict: runtimeClass.scheduling.nodeSelector[{key}] = {value}; pod.spec.nodeSelector[{key}] = {own}"
            ));
        }
    }
    let tolerations: Vec<Toleration> = class.part("scheduling.tolerations").unwrap_or_default();
    for toleration in tolerations {
        let own = spec.tolerations.get_or_insert_default();
        if !own.contains(&toleration) {
            own.push(toleration);
        }
    }
    Ok(())
}

fn validate(request: &mut Attributes, object: Option<&Object>) -> Result<(), Status> {
    let Some(object) = object.filter(|_| request.creates("Pod")) else { return Ok(()) };
    let wanted = class(request, object)?.and_then(overhead);
    let own = object.get::<Pod>().and_then(|pod| pod.spec.overhead.as_ref());
    let text = match (wanted, own) {
        (Some(wanted), own) if own != Some(&wanted) => DIFFERS,
        (None, Some(_)) => "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead",
        _ => return Ok(()),
    };
    Err(Status::forbidden(object.kind(), object.name(), text))
}
