//! Questions to the server in the form of objects: they are created, answered, and stored nowhere.

use super::Kind;
use crate::api::document::Document;
use crate::api::object::Object;

const AUTHENTICATION: &str = "authentication.k8s.io";
const AUTHORIZATION: &str = "authorization.k8s.io";

const fn review(group: &'static str, kind: &'static str, plural: &'static str, singular: &'static str) -> Kind {
    Kind { verbs: &["create"], storage: "", columns: &[], ..Kind::tree(group, kind, plural, singular).cluster() }
}

/// Who am I?
pub static SELF_SUBJECT: Kind = Kind {
    decode: |value| Document::read(&SELF_SUBJECT, value).map(Object::from_document),
    ..review(AUTHENTICATION, "SelfSubjectReview", "selfsubjectreviews", "selfsubjectreview")
};

/// Whose is this token?
pub static TOKEN: Kind = Kind {
    decode: |value| Document::read(&TOKEN, value).map(Object::from_document),
    ..review(AUTHENTICATION, "TokenReview", "tokenreviews", "tokenreview")
};

/// A token for a service account, please: `serviceaccounts/NAME/token`. Not in the registry: no path leads to it alone.
pub static TOKEN_REQUEST: Kind = Kind {
    decode: |value| Document::read(&TOKEN_REQUEST, value).map(Object::from_document),
    namespaced: true,
    ..review(AUTHENTICATION, "TokenRequest", "", "")
};

/// May somebody do this in a namespace?
pub static LOCAL_ACCESS: Kind = Kind {
    decode: |value| Document::read(&LOCAL_ACCESS, value).map(Object::from_document),
    namespaced: true,
    ..review(AUTHORIZATION, "LocalSubjectAccessReview", "localsubjectaccessreviews", "localsubjectaccessreview")
};

/// May I do this?
pub static SELF_ACCESS: Kind = Kind {
    decode: |value| Document::read(&SELF_ACCESS, value).map(Object::from_document),
    ..review(AUTHORIZATION, "SelfSubjectAccessReview", "selfsubjectaccessreviews", "selfsubjectaccessreview")
};

/// What may I do in a namespace?
pub static SELF_RULES: Kind = Kind {
    decode: |value| Document::read(&SELF_RULES, value).map(Object::from_document),
    ..review(AUTHORIZATION, "SelfSubjectRulesReview", "selfsubjectrulesreviews", "selfsubjectrulesreview")
};

/// May somebody do this?
pub static ACCESS: Kind = Kind {
    decode: |value| Document::read(&ACCESS, value).map(Object::from_document),
    ..review(AUTHORIZATION, "SubjectAccessReview", "subjectaccessreviews", "subjectaccessreview")
};
