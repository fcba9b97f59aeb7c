//! `RuntimeClass`: a pod may only name a runtime class that exists (upstream: `plugin/pkg/admission/runtimeclass`).
//!
//! The kind is not modelled, so none exists.

use super::{Attributes, Plugin};
use crate::api::Status;
use crate::api::kinds::pod::Pod;
use crate::api::object::Object;

/// The plugin.
pub const PLUGIN: Plugin = Plugin { mutate, ..Plugin::named("RuntimeClass") };

fn mutate(request: &mut Attributes, object: &mut Object) -> Result<(), Status> {
    let class = object.get::<Pod>().and_then(|pod| pod.spec.runtime_class_name.as_deref());
    match class.filter(|class| !class.is_empty() && request.creates("Pod")) {
        Some(class) => {
            let text = format!("pod rejected: RuntimeClass \"{class}\" not found");
            Err(Status::forbidden(object.kind(), object.name(), &text))
        }
        None => Ok(()),
    }
}
