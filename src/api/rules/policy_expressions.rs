//! The expressions of admission policies and of webhooks' conditions: whether they can be compiled.
//!
//! Upstream: `pkg/apis/admissionregistration/validation/validation.go` (`validateCELCondition` and its kin),
//! `apiserver/pkg/admission/plugin/cel/compile.go` (`CompileCELExpression`, `BuildRequestType`, `BuildNamespaceType`).

use crate::api::cel::rules::program;
use crate::api::cel::types::{Type, compile};
use crate::api::check::Errors;
use crate::api::status::FieldError;
use crate::api::tree::At;

/// The fields of what expressions see, one type in each line.
const TYPES: &str = "\
    GroupVersionKind group=string version=string kind=string\n\
    GroupVersionResource group=string version=string resource=string\n\
    UserInfo username=string uid=string groups=*string extra=%string\n\
    AdmissionRequest kind=GroupVersionKind resource=GroupVersionResource subResource=string requestKind=GroupVersionKind \
    requestResource=GroupVersionResource requestSubResource=string name=string namespace=string operation=string \
    userInfo=UserInfo dryRun=bool options=dyn\n\
    NamespaceMetadata name=string generateName=string namespace=string labels=:string annotations=:string UID=string \
    creationTimestamp=timestamp deletionGracePeriodSeconds=int deletionTimestamp=timestamp generation=int \
    resourceVersion=string finalizers=*string\n\
    NamespaceSpec finalizers=*string\n\
    NamespaceStatus phase=string\n\
    Namespace metadata=NamespaceMetadata spec=NamespaceSpec status=NamespaceStatus";

/// What an expression must give.
pub const BOOL: &[&str] = &["bool"];
/// What a message must give.
pub const STRING: &[&str] = &["string"];
/// What an audit annotation must give.
pub const STRING_OR_NULL: &[&str] = &["string", "null_type"];

/// What the expressions of a policy may name.
pub struct Names {
    /// Whether there are parameters.
    pub params: bool,
    /// Whether expressions may ask what somebody may do.
    pub authorizer: bool,
    /// `variables`: those that have been read so far; none where there are no such.
    pub variables: Option<Vec<(String, Type<'static>)>>,
}

impl Names {
    /// The same for messages, which cannot ask what somebody may do.
    #[must_use]
    pub fn of_messages(&self) -> Self {
        Self { params: self.params, authorizer: false, variables: self.variables.clone() }
    }

    fn all(&self) -> Vec<(&'static str, Type<'static>)> {
        const AUTHORIZER: &str = "kubernetes.authorization.Authorizer";
        const RESOURCE: &str = "kubernetes.authorization.ResourceCheck";
        let mut all = vec![
            ("object", Type::Dyn),
            ("oldObject", Type::Dyn),
            ("namespaceObject", named("Namespace")),
            ("request", named("AdmissionRequest")),
        ];
        if self.params {
            all.push(("params", Type::Dyn));
        }
        if self.authorizer {
            all.push(("authorizer", Type::Plain(AUTHORIZER)));
            all.push(("authorizer.requestResource", Type::Plain(RESOURCE)));
        }
        if let Some(variables) = &self.variables {
            all.push(("variables", Type::Record("variables", variables.as_slice().into())));
        }
        all
    }
}

/// One of [`TYPES`], or a type that CEL has.
fn named(name: &'static str) -> Type<'static> {
    let of = |text: &'static str| match text.split_at(1) {
        ("*", inner) => Type::list(named(inner)),
        (":", inner) => Type::map(named(inner)),
        ("%", inner) => Type::map(Type::list(named(inner))),
        _ => named(text),
    };
    match TYPES.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')) {
        Some(fields) => {
            let fields = fields.split(' ').filter_map(|field| field.split_once('='));
            let fields = fields.map(|(field, text)| (field.to_owned(), of(text)));
            Type::Record(name, fields.collect())
        }
        None if name == "dyn" => Type::Dyn,
        None => Type::Plain(name),
    }
}

/// Checks an expression, and tells its type; `wanted`: what it must give, anything if that is nothing.
pub fn check(out: &mut Errors, at: &At, text: &str, names: &Names, wanted: &[&str]) -> Type<'static> {
    let result = match program(text) {
        Ok(program) => compile(&program, text, &names.all()),
        Err(error) => Err(error.in_text(text)),
    };
    let detail = match result {
        Ok(found) => {
            let shown = if found == Type::Null { "null_type".to_owned() } else { found.shown() };
            if wanted.is_empty() || wanted.contains(&shown.as_str()) {
                return found;
            }
            match wanted {
                [one] => format!("must evaluate to {one}"),
                several => format!("must evaluate to one of [{}]", several.join(" ")),
            }
        }
        Err(error) => format!("compilation failed: {error}"),
    };
    out.push(FieldError::invalid(at.path, text, detail));
    Type::Dyn
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::path::Path;
    use serde_json::json;

    #[test]
    fn what_an_expression_names_has_a_type() {
        let variables = Some(vec![("n".to_owned(), Type::Plain("int"))]);
        let names = Names { params: false, authorizer: true, variables };
        let said = |text: &str, wanted: &[&str]| {
            let (mut out, value) = (Vec::new(), json!(text));
            check(&mut out, &At::new(Some(&value), Path::new("e")), text, &names, wanted);
            out.iter().map(|one| one.detail.clone()).collect::<Vec<_>>().join("; ")
        };
        for right in [
            "object.spec.replicas > 3 && request.namespace == 'a' && request.userInfo.groups.exists(g, g == 'b')",
            "variables.n > 2 && namespaceObject.metadata.labels['a'] == 'b'",
            "authorizer.group('').resource('pods').namespace('x').check('get').allowed()",
            "authorizer.requestResource.check('create').reason() == ''",
            "request.userInfo.extra['a'].all(x, x != '') && object == null && namespaceObject != null",
        ] {
            assert_eq!(said(right, BOOL), "", "{right}");
        }
        assert_eq!(said("object.spec.replicas", BOOL), "must evaluate to bool");
        assert_eq!(said("variables.n", STRING_OR_NULL), "must evaluate to one of [string null_type]");
        assert!(said("params.x == 1", BOOL).contains("1:1: undeclared reference to 'params' (in container '')"));
        assert!(said("variables.m > 1", BOOL).contains("undefined field 'm'"));
        assert!(said("request.names == ''", BOOL).contains("undefined field 'names'"));
        assert!(said("request.name.size(2) == 1", BOOL).contains("'size' applied to 'string.(int)'"));
        assert!(
            said("request.kind == 'Pod'", BOOL)
                .contains("found no matching overload for '_==_' applied to '(kubernetes.GroupVersionKind, string)'")
        );
    }
}
