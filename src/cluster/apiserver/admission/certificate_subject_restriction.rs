//! `CertificateSubjectRestriction`: nobody becomes a master by a client certificate
//! (upstream: `plugin/pkg/admission/certificates/subjectrestriction`).

use super::{Attributes, Plugin};
use crate::api::Status;
use crate::api::kinds::document_text;
use crate::api::object::Object;
use crate::api::rules::certificates::Names;

/// The plugin.
pub const PLUGIN: Plugin = Plugin { validate, ..Plugin::named("CertificateSubjectRestriction") };

const CLIENT: &str = "kubernetes.io/kube-apiserver-client";

fn validate(request: &mut Attributes, object: Option<&Object>) -> Result<(), Status> {
    let Some(object) = object.filter(|_| request.creates("CertificateSigningRequest")) else { return Ok(()) };
    if document_text(object, "spec.signerName") != CLIENT {
        return Ok(());
    }
    let names = Names::read(document_text(object, "spec.request"));
    if !names.organizations.iter().any(|name| name == "system:masters") {
        return Ok(());
    }
    let text = format!("use of {CLIENT} signer with system:masters group is not allowed");
    Err(Status::forbidden(object.kind(), object.name(), &text))
}
