//! The roles and bindings that a new cluster has, from `assets/rbac/bootstrap.txt` (its head explains the format).
//!
//! Upstream: the post-start hook `rbac/bootstrap-roles`, `plugin/pkg/auth/authorizer/rbac/bootstrappolicy`.

use crate::api::Kind;
use crate::api::document::Document;
use crate::api::kinds::{cluster_role, cluster_role_binding, named, role, role_binding};
use crate::api::object::Object;
use crate::api::rules::rbac::GROUP;
use crate::sim::Order;
use crate::texts;
use serde_json::{Value, json};

const READ: &str = "get,list,watch";
const WRITE: &str = "create,delete,deletecollection,patch,update";
const EVENTS: &str = "create,patch,update -,events.k8s.io events";

/// All of them, in the order of the text.
pub fn objects() -> Vec<Object> {
    read(texts::text("rbac/bootstrap.txt"))
}

fn read(text: &str) -> Vec<Object> {
    let mut out: Vec<Document> = Vec::new();
    let mut bindings: Vec<Document> = Vec::new();
    let mut labelled = true;
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let words: Vec<&str> = line.split(' ').collect();
        match words[..] {
            ["kubeadm"] => labelled = false,
            ["role", name, ref relations @ ..] => out.push(cluster_role(name, relations, labelled)),
            ["local", namespace, name] => out.push(made(&role::KIND, namespace, name, labelled)),
            ["controller", name] => {
                let full = format!("system:controller:{name}");
                out.push(cluster_role(&full, &[], labelled));
                let account = format!("account=kube-system/{name}");
                bindings.push(binding("", &full, &full, &[&account], labelled));
            }
            ["bind", name, role, ref subjects @ ..] => bindings.push(binding("", name, role, subjects, labelled)),
            ["rolebind", namespace, name, role, ref subjects @ ..] => {
                bindings.push(binding(namespace, name, role, subjects, labelled));
            }
            _ => {
                let rules = out.last_mut().and_then(|role| role.field_mut("rules"));
                match rules {
                    Some(Value::Array(rules)) => rules.push(rule(&words)),
                    Some(rules) => *rules = json!([rule(&words)]),
                    None => {}
                }
            }
        }
    }
    out.into_iter().chain(bindings).map(Object::from_document).collect()
}

fn made(kind: &'static Kind, namespace: &str, name: &str, labelled: bool) -> Document {
    let mut metadata = named(namespace, name);
    if labelled {
        metadata
            .labels
            .get_or_insert_default()
            .insert("kubernetes.io/bootstrapping".to_owned(), "rbac-defaults".to_owned());
        let update = ("rbac.authorization.kubernetes.io/autoupdate".to_owned(), "true".to_owned());
        metadata.annotations.get_or_insert_default().extend([update]);
    }
    let mut document = Document::new(kind, metadata);
    document.set("rules", Value::Null);
    document
}

fn cluster_role(name: &str, relations: &[&str], labelled: bool) -> Document {
    let mut role = made(&cluster_role::KIND, "", name, labelled);
    for relation in relations {
        let label = |of: &str| format!("{GROUP}/aggregate-to-{of}");
        if let Some(of) = relation.strip_prefix("of=") {
            role.set("aggregationRule", json!({"clusterRoleSelectors": [{"matchLabels": {label(of): "true"}}]}));
        } else if let Some(to) = relation.strip_prefix("to=") {
            role.metadata_mut().labels.get_or_insert_default().insert(label(to), "true".to_owned());
        }
    }
    role
}

fn rule(words: &[&str]) -> Value {
    let list = |word: &str| -> Vec<String> {
        let mut list: Vec<String> =
            word.split(',').map(|word| if word == "-" { "" } else { word }.to_owned()).collect();
        list.order();
        list
    };
    let verbs = |word: &str| list(&word.replace("read", READ).replace("write", WRITE));
    match words[..] {
        ["events"] => rule(&EVENTS.split(' ').collect::<Vec<_>>()),
        [word, "url", urls] => json!({"verbs": verbs(word), "nonResourceURLs": list(urls)}),
        [word, groups, resources] => {
            json!({"verbs": verbs(word), "apiGroups": list(groups), "resources": list(resources)})
        }
        [word, groups, resources, names] => json!({"verbs": verbs(word), "apiGroups": list(groups),
            "resources": list(resources), "resourceNames": list(names)}),
        _ => Value::Null,
    }
}

fn binding(namespace: &str, name: &str, role: &str, subjects: &[&str], labelled: bool) -> Document {
    let (kind, of): (&'static Kind, _) = match namespace {
        "" => (&cluster_role_binding::KIND, "ClusterRole"),
        _ => (&role_binding::KIND, "Role"),
    };
    let mut binding = made(kind, namespace, name, labelled);
    binding.remove("rules");
    binding.set("roleRef", json!({"apiGroup": GROUP, "kind": of, "name": role}));
    let subject = |word: &&str| match word.split_once('=') {
        Some(("user", name)) => json!({"kind": "User", "apiGroup": GROUP, "name": name}),
        Some(("group", name)) => json!({"kind": "Group", "apiGroup": GROUP, "name": name}),
        Some((_, account)) => {
            let (namespace, name) = account.split_once('/').unwrap_or(("", account));
            json!({"kind": "ServiceAccount", "name": name, "namespace": namespace})
        }
        None => Value::Null,
    };
    if !subjects.is_empty() {
        binding.set("subjects", subjects.iter().map(subject).collect());
    }
    binding
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::meta_validation;

    #[test]
    fn every_line_is_understood_and_valid() {
        let objects = objects();
        assert!(objects.len() > 120, "{}", objects.len());
        for object in &objects {
            let errors = [meta_validation::create(object), (object.kind().validate)(object)].concat();
            assert!(errors.is_empty(), "{object:?}: {errors:?}");
        }
        let find = |kind: &str, name: &str| {
            objects.iter().find(|object| object.kind().kind == kind && object.name() == name).expect(name).to_value()
        };
        assert_eq!(find("ClusterRole", "cluster-admin")["rules"][1], json!({"verbs": ["*"], "nonResourceURLs": ["*"]}));
        let view = find("ClusterRole", "view");
        assert_eq!(
            (&view["rules"], &view["metadata"]["labels"]["rbac.authorization.k8s.io/aggregate-to-edit"]),
            (&Value::Null, &json!("true"))
        );
        let binding = find("ClusterRoleBinding", "system:controller:job-controller");
        assert_eq!(
            binding["subjects"],
            json!([{"kind": "ServiceAccount", "name": "job-controller", "namespace": "kube-system"}])
        );
        let binding = find("ClusterRoleBinding", "kubeadm:cluster-admins");
        assert_eq!(binding["metadata"]["labels"], Value::Null);
    }
}
