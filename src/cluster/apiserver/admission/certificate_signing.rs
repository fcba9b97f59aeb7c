//! `CertificateSigning`: only who may sign for a signer writes certificates and conditions
//! (upstream: `plugin/pkg/admission/certificates/signing`).

use super::certificate_approval::{is_about, permitted};
use super::{Attributes, Plugin};
use crate::api::Status;
use crate::api::object::Object;

/// The plugin.
pub const PLUGIN: Plugin = Plugin { validate, ..Plugin::named("CertificateSigning") };

fn validate(request: &mut Attributes, object: Option<&Object>) -> Result<(), Status> {
    let (Some(new), Some(old)) = (object, request.old) else { return Ok(()) };
    let part = |object: &Object, path: &str| object.document().and_then(|document| document.at(path).cloned());
    let same = |path: &str| part(new, path) == part(old, path);
    if !is_about(request, "status") || (same("status.certificate") && same("status.conditions")) {
        return Ok(());
    }
    permitted(request, old, "sign")
}
