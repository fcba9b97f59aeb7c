//! `CertificateApproval`: only who may approve for a signer decides about what is asked of it
//! (upstream: `plugin/pkg/admission/certificates/approval`).

use super::{Attributes, Plugin};
use crate::api::Status;
use crate::api::kinds::document_text;
use crate::api::object::Object;
use crate::cluster::apiserver::authorizer::{self, ask};

/// The plugin.
pub const PLUGIN: Plugin = Plugin { validate, ..Plugin::named("CertificateApproval") };

fn validate(request: &mut Attributes, object: Option<&Object>) -> Result<(), Status> {
    let Some(object) = object.filter(|_| is_about(request, "approval")) else { return Ok(()) };
    permitted(request, object, "approve")
}

/// Whether the request is about a subresource of requests for certificates.
pub fn is_about(request: &Attributes, subresource: &str) -> bool {
    let target = &request.review.request.target;
    target.object.kind.kind == "CertificateSigningRequest" && target.subresource == subresource
}

/// Whether the user may do this in the name of the request's signer, or of all of its domain
/// (upstream: `IsAuthorizedForSignerName`).
///
/// # Errors
/// 403.
pub fn permitted(request: &Attributes, object: &Object, verb: &str) -> Result<(), Status> {
    let signer = document_text(object, "spec.signerName");
    let all = format!("{}/*", signer.split('/').next().unwrap_or_default());
    let may = |name: &str| {
        let what = authorizer::Attributes::on(verb, "certificates.k8s.io", "signers", "", name);
        ask(request.review.user, &what, request.review.cache).is_ok()
    };
    if may(signer) || may(&all) {
        return Ok(());
    }
    let text = format!("user not permitted to {verb} requests with signerName {signer:?}");
    Err(Status::forbidden(object.kind(), object.name(), &text))
}
