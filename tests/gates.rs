//! Gates that only some users meet: certificates and their signers, kubelets and what is theirs.

use bottle::api::kinds;
use bottle::api::kinds::certificate_signing_request as csr;
use bottle::api::object::{Key, Object};
use bottle::api::request::{Body, PatchType};
use bottle::api::{Kind, Options, Request, Target, Verb};
use bottle::cluster::wire::{Address, Reply, User};
use serde_json::{Value, json};
use std::rc::Rc;

mod bench;

use bench::{Bench, create};

const CLIENT: &str = "kubernetes.io/kube-apiserver-client";

/// A request whose subject is of an organisation: a block of DER that holds the name, and nothing else of a request.
fn signing(name: &str, signer: &str, organization: &str) -> Value {
    let length = u8::try_from(organization.len()).expect("a short name");
    let mut der = vec![6, 3, 0x55, 4, 10, 12, length];
    der.extend(organization.as_bytes());
    let block = base64(&der);
    let pem = format!("-----BEGIN CERTIFICATE REQUEST-----\n{block}\n-----END CERTIFICATE REQUEST-----\n");
    json!({"apiVersion": "certificates.k8s.io/v1", "kind": "CertificateSigningRequest", "metadata": {"name": name},
        "spec": {"request": base64(pem.as_bytes()), "signerName": signer, "usages": ["client auth"]}})
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let word = (0..3).fold(0_u32, |word, n| word << 8 | u32::from(chunk.get(n).copied().unwrap_or(0)));
        for n in 0..4 {
            let letter = char::from(LETTERS[(word >> (18 - 6 * n) & 63) as usize]);
            text.push(if n > chunk.len() { '=' } else { letter });
        }
    }
    text
}

fn condition(name: &str, subresource: &'static str, kind: &str) -> Request {
    let patch = json!({"status": {"conditions": [{"type": kind, "status": "True", "reason": "R", "message": "m"}]}});
    let mut request = Request::patch(&csr::KIND, &Key::new("", name), PatchType::Merge, patch);
    request.target.subresource = subresource;
    request
}

/// A role with one rule, and its binding to a user.
fn allow(bench: &mut Bench, user: &str, rules: &Value) {
    let name = format!("of-{user}");
    bench.create(json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
        "metadata": {"name": name}, "rules": rules}));
    bench.create(json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding",
        "metadata": {"name": name}, "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": user}]}));
}

fn ask(bench: &mut Bench, user: &User, request: Request) -> Result<Reply, String> {
    let id = bench.send_from(Address::User, user, request);
    bench.answer_to(id).map_err(|status| status.message.clone())
}

#[test]
fn who_decides_about_certificates_must_be_allowed_to_for_their_signer() {
    let mut bench = Bench::new();
    let jane = User::new("jane", &["system:authenticated"]);
    let all =
        ["certificatesigningrequests/approval", "certificatesigningrequests/status", "certificatesigningrequests"];
    let mut rules =
        vec![json!({"apiGroups": ["certificates.k8s.io"], "resources": all, "verbs": ["get", "update", "patch"]})];
    allow(&mut bench, "jane", &json!(rules));
    bench.create(signing("one", "example.com/a", "team"));
    bench.create(signing("two", "example.com/a", "team"));
    let refused = ask(&mut bench, &jane, condition("one", "approval", "Approved")).expect_err("no");
    let head = "certificatesigningrequests.certificates.k8s.io \"one\" is forbidden: user not permitted to";
    assert_eq!(refused, format!("{head} approve requests with signerName \"example.com/a\""));
    let refused = ask(&mut bench, &jane, condition("one", "status", "Failed")).expect_err("no");
    assert_eq!(refused, format!("{head} sign requests with signerName \"example.com/a\""));
    rules.push(json!({"apiGroups": ["certificates.k8s.io"], "resources": ["signers"],
        "resourceNames": ["example.com/*"], "verbs": ["approve", "sign"]}));
    let role = Key::new("", "of-jane");
    bench
        .ask(Request::patch(&kinds::cluster_role::KIND, &role, PatchType::Merge, json!({"rules": rules})))
        .expect("patched");
    ask(&mut bench, &jane, condition("one", "approval", "Approved")).expect("for all signers of the domain");
    ask(&mut bench, &jane, condition("two", "status", "Failed")).expect("for all signers of the domain");
}

#[test]
fn nobody_becomes_a_master_by_a_certificate() {
    let mut bench = Bench::new();
    let status = bench.refused(create(signing("root", CLIENT, "system:masters")));
    assert_eq!(
        status.message,
        format!(
            "certificatesigningrequests.certificates.k8s.io \"root\" is forbidden: use of {CLIENT} signer with \
             system:masters group is not allowed"
        )
    );
    bench.create(signing("team", CLIENT, "team"));
    bench.create(signing("other", "example.com/a", "system:masters"));
}

fn kubelet(bench: &mut Bench, request: Request) -> Result<Reply, String> {
    let user = User::new("system:node:n1", &["system:nodes", "system:authenticated"]);
    let id = bench.send_from(Address::Kubelet("n1".into()), &user, request);
    bench.answer_to(id).map_err(|status| status.message.clone())
}

fn merge(kind: &'static Kind, namespace: &str, name: &str, patch: Value) -> Request {
    Request::patch(kind, &Key::new(namespace, name), PatchType::Merge, patch)
}

#[test]
fn a_kubelet_changes_neither_its_taints_nor_the_labels_that_steer_work() {
    let mut bench = Bench::new();
    let node = |labels: Value| {
        create(json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n1", "labels": labels}}))
    };
    let refused = kubelet(&mut bench, node(json!({"node-restriction.kubernetes.io/x": "y", "a.k8s.io/b": "c"})));
    assert_eq!(
        refused.expect_err("no"),
        "nodes \"n1\" is forbidden: node \"n1\" is not allowed to set the following labels: a.k8s.io/b, \
         node-restriction.kubernetes.io/x"
    );
    let own = json!({"kubernetes.io/os": "linux", "x.node.kubernetes.io/y": "z", "example.com/any": "thing"});
    kubelet(&mut bench, node(own)).expect("its own labels");
    let change = |patch: Value| merge(&kinds::node::KIND, "", "n1", patch);
    let refused = kubelet(&mut bench, change(json!({"metadata": {"labels": {"node-role.kubernetes.io/master": ""}}})));
    assert_eq!(
        refused.expect_err("no"),
        "nodes \"n1\" is forbidden: is not allowed to modify labels: node-role.kubernetes.io/master"
    );
    let refused = kubelet(&mut bench, change(json!({"spec": {"taints": []}})));
    assert_eq!(refused.expect_err("no"), "nodes \"n1\" is forbidden: node \"n1\" is not allowed to modify taints");
    let owner = json!({"apiVersion": "v1", "kind": "Node", "name": "n2", "uid": "u"});
    let refused = kubelet(&mut bench, change(json!({"metadata": {"ownerReferences": [owner]}})));
    assert_eq!(
        refused.expect_err("no"),
        "nodes \"n1\" is forbidden: node \"n1\" is not allowed to modify ownerReferences"
    );
    kubelet(&mut bench, change(json!({"metadata": {"labels": {"example.com/any": "other"}}})))
        .expect("not Kubernetes' own");
}

fn mirror(owners: &Value) -> Request {
    create(json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "m", "namespace": "default",
        "annotations": {"kubernetes.io/config.mirror": "x"}, "ownerReferences": owners},
        "spec": {"nodeName": "n1", "containers": [{"name": "c", "image": "i"}]}}))
}

#[test]
fn a_kubelets_own_pods_belong_to_its_node() {
    let mut bench = Bench::new();
    let node = bench.create(json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n1"}}));
    let owner = |uid: &str, controller: bool| json!([{"apiVersion": "v1", "kind": "Node", "name": "n1", "uid": uid, "controller": controller}]);
    let text = |rest: &str| format!("pods \"m\" is forbidden: {rest}");
    for (owners, why) in [
        (json!([]), "node \"n1\" can only create pods with an owner reference set to itself".to_owned()),
        (
            owner("x", false),
            "node \"n1\" can only create pods with a controller owner reference set to itself".to_owned(),
        ),
        (owner("x", true), format!("node n1 UID mismatch: expected x got {}", node.uid())),
    ] {
        assert_eq!(kubelet(&mut bench, mirror(&owners)).expect_err("no"), text(&why));
    }
    kubelet(&mut bench, mirror(&owner(node.uid(), true))).expect("its own");
    let mut labels = merge(&kinds::pod::KIND, "default", "m", json!({"metadata": {"labels": {"a": "b"}}}));
    labels.target.subresource = "status";
    assert_eq!(
        kubelet(&mut bench, labels).expect_err("no"),
        text("node \"n1\" cannot update labels through pod status")
    );
}

#[test]
fn a_kubelet_asks_only_for_tokens_of_its_own_pods() {
    let mut bench = Bench::new();
    let pod = bench.create(json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"},
        "spec": {"nodeName": "n1", "containers": [{"name": "c", "image": "i"}]}}));
    let token = |bound: Value| {
        let body = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"boundObjectRef": bound}});
        let mut target = Target::new(&kinds::service_account::KIND, "default", "default");
        target.subresource = "token";
        Request { verb: Verb::Create, target, options: Options::default(), body: Body::Document(Rc::new(body)) }
    };
    let head = "serviceaccounts \"default\" is forbidden: node requested token";
    let refused = kubelet(&mut bench, token(Value::Null)).expect_err("no");
    assert_eq!(refused, format!("{head} not bound to a pod"));
    let bound = |uid: &str| json!({"apiVersion": "v1", "kind": "Pod", "name": "p", "uid": uid});
    assert_eq!(
        kubelet(&mut bench, token(bound(""))).expect_err("no"),
        format!("{head} with a pod binding without a uid")
    );
    assert!(kubelet(&mut bench, token(bound("x"))).expect_err("no").contains("does not match the UID in record"));
    kubelet(&mut bench, token(bound(pod.uid()))).expect("its own pod's");
}

#[test]
fn both_versions_of_events_select_by_their_own_fields() {
    let mut bench = Bench::new();
    for (name, about) in [("a", "web"), ("b", "db")] {
        bench.create(json!({"apiVersion": "v1", "kind": "Event", "metadata": {"name": name}, "type": "Normal",
            "reason": "R", "involvedObject": {"apiVersion": "v1", "kind": "Pod", "namespace": "default", "name": about}}));
    }
    let mut list = |kind: &'static Kind, fields: &str| {
        let options = Options { field_selector: fields.into(), ..Options::default() };
        let target = Target::new(kind, "default", "");
        let answer = bench.ask(Request { verb: Verb::List, target, options, body: Body::Empty });
        match answer {
            Ok(Reply::List { items, .. }) => items.iter().map(Object::name).collect::<Vec<_>>().join(","),
            Ok(other) => panic!("{other:?}"),
            Err(status) => status.message.clone(),
        }
    };
    let (old, new) = (&kinds::event::KIND, &kinds::event_v1::KIND);
    assert_eq!(list(old, "involvedObject.name=web"), "a");
    assert_eq!(list(new, "regarding.name=db,reason=R"), "b");
    assert_eq!(list(new, "involvedObject.name=web"), "field label not supported: involvedObject.name");
    assert_eq!(list(old, "regarding.name=web"), "field label not supported: regarding.name");
}
