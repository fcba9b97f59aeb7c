//! Who may do what: the node authorizer for kubelets, then roles and their bindings.
//!
//! Nothing is allowed that no rule allows. Of each user the server remembers which rules are his, until a role or a binding
//! changes. Upstream: `plugin/pkg/auth/authorizer/{node,rbac}`, `pkg/registry/rbac/validation/rule.go`.
//!
//! ```text
//!   system:masters ▸ always          system:node:NAME ▸ what its own pods need (node.rs)
//!   everybody      ▸ ClusterRoleBindings, then the RoleBindings of the namespace ▸ the first rule that fits
//! ```
//!
//! Left out: webhooks, attributes from a file, and selectors in the attributes of a request.

mod access;
pub mod escalation;
mod node;

pub use access::{Access, Rule};
pub use node::name as node_of;

use super::watch_cache::WatchCache;
use crate::api::selector::FieldSelector;
use crate::api::{Request, Status, Verb, metrics};
use crate::cluster::wire::User;
use crate::sim::Map;
use std::hash::{Hash, Hasher};
use std::rc::Rc;

/// Who is never asked.
pub const MASTERS: &str = "system:masters";

/// What is asked, as authorization sees it (upstream: `authorizer.Attributes`).
#[derive(Clone, Copy, Debug)]
pub struct Attributes<'a> {
    /// Such as `get`.
    pub verb: &'a str,
    /// API group.
    pub group: &'a str,
    /// Plural.
    pub resource: &'a str,
    /// May be empty.
    pub subresource: &'a str,
    /// Empty: the whole cluster.
    pub namespace: &'a str,
    /// Empty: many, or not yet known.
    pub name: &'a str,
    /// The path, of requests that are about no resource.
    pub path: Option<&'a str>,
    /// `fieldSelector`.
    pub fields: &'a str,
}

/// The word of a verb.
#[must_use]
pub fn word(verb: Verb) -> &'static str {
    match verb {
        Verb::Get => "get",
        Verb::List => "list",
        Verb::Watch => "watch",
        Verb::Create => "create",
        Verb::Update => "update",
        Verb::Patch => "patch",
        Verb::Delete => "delete",
        Verb::DeleteCollection => "deletecollection",
    }
}

impl<'a> Attributes<'a> {
    /// Those of a request (upstream: `endpoints/request/requestinfo.go`). `field` receives the name that a field selector
    /// gives to a request for many.
    pub fn of(request: &'a Request, field: &'a mut String) -> Self {
        let target = &request.target.object;
        let many = matches!(request.verb, Verb::List | Verb::Watch | Verb::DeleteCollection);
        if many && target.key.name.is_empty() && !request.options.field_selector.is_empty() {
            let selector = FieldSelector::parse(&request.options.field_selector).ok();
            *field =
                selector.and_then(|selector| selector.required("metadata.name").map(str::to_owned)).unwrap_or_default();
        }
        let name: &str = match request.verb {
            // The name of a new object stands in its body, where nobody looks yet.
            Verb::Create if request.target.subresource.is_empty() => "",
            _ if target.key.name.is_empty() => field,
            _ => &target.key.name,
        };
        if metrics::OTHER_GROUPS.contains(&target.kind.group) {
            let (verb, resource, name, subresource) = metrics::asked(target.kind, &target.key.name);
            return Self { subresource, ..Self::on(verb, target.kind.group, resource, &target.key.namespace, name) };
        }
        // A namespace is its own namespace.
        let namespace = if target.kind.kind == "Namespace" { name } else { &target.key.namespace };
        Self {
            verb: word(request.verb),
            group: target.kind.group,
            resource: target.kind.plural,
            subresource: request.target.subresource,
            namespace,
            name,
            path: None,
            fields: &request.options.field_selector,
        }
    }

    /// Those of a path that is about no resource.
    #[must_use]
    pub fn path(verb: &'a str, path: &'a str) -> Self {
        Self { verb, group: "", resource: "", subresource: "", namespace: "", name: "", path: Some(path), fields: "" }
    }

    /// The same on something else.
    #[must_use]
    pub fn on(verb: &'a str, group: &'a str, resource: &'a str, namespace: &'a str, name: &'a str) -> Self {
        Self { verb, group, resource, subresource: "", namespace, name, path: None, fields: "" }
    }

    /// The sentence that says no (upstream: `endpoints/handlers/responsewriters/errors.go`).
    #[must_use]
    pub fn forbidden(&self, user: &User) -> String {
        let (name, verb) = (&user.name, self.verb);
        if let Some(path) = self.path {
            return format!("User \"{name}\" cannot {verb} path \"{path}\"");
        }
        let separator = if self.subresource.is_empty() { "" } else { "/" };
        let place = match self.namespace {
            "" => "at the cluster scope".to_owned(),
            namespace => format!("in the namespace \"{namespace}\""),
        };
        let (resource, subresource, group) = (self.resource, self.subresource, self.group);
        format!(
            "User \"{name}\" cannot {verb} resource \"{resource}{separator}{subresource}\" in API group \"{group}\" {place}"
        )
    }

    /// 403.
    #[must_use]
    pub fn refusal(&self, user: &User, reason: &str) -> Status {
        let sentence = self.forbidden(user);
        let why = if reason.is_empty() { sentence } else { format!("{sentence}: {reason}") };
        Status::forbidden_resource(self.group, self.resource, self.name, &why)
    }
}

/// Yes with the rule that says so, or no with what there is to say about it (mostly nothing).
pub type Decision = Result<Rc<str>, String>;

/// What the server has found out about who may do what. It follows from the objects, so it is no state of its own.
#[derive(Clone, Debug, Default)]
pub struct Authorizer {
    known: Map<User, Rc<Access>>,
}

impl PartialEq for Authorizer {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}
impl Eq for Authorizer {}
impl Hash for Authorizer {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

impl Authorizer {
    /// A role or a binding has changed.
    pub fn forget(&mut self) {
        self.known = Map::new();
    }

    /// Whether a user may do something.
    pub fn decide(&mut self, user: &User, what: &Attributes, cache: &WatchCache) -> Decision {
        if is_master(user) {
            return Ok("".into());
        }
        let access = if let Some(access) = self.known.get(user) {
            access.clone()
        } else {
            let access = Rc::new(Access::of(user, cache));
            self.known.insert(user.clone(), access.clone());
            access
        };
        decide(user, what, &access, cache)
    }
}

/// Whether a user may do something, found out anew.
pub fn ask(user: &User, what: &Attributes, cache: &WatchCache) -> Decision {
    if is_master(user) { Ok("".into()) } else { decide(user, what, &Access::of(user, cache), cache) }
}

fn decide(user: &User, what: &Attributes, access: &Access, cache: &WatchCache) -> Decision {
    let mut reasons = String::new();
    if let Some(node) = node::name(user) {
        match node::decide(node, what, cache) {
            Ok(()) => return Ok("Node".into()),
            Err(reason) => reasons = reason,
        }
    }
    access.allows(what).map_err(|reason| match (reasons.is_empty(), reason.is_empty()) {
        (true, _) => reason,
        (_, true) => reasons,
        _ => format!("{reasons}\n{reason}"),
    })
}

/// Whether nobody asks what he may do.
#[must_use]
pub fn is_master(user: &User) -> bool {
    user.groups.iter().any(|group| &**group == MASTERS)
}
