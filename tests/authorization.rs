//! Who may do what: roles and bindings, kubelets, impersonation, and the questions about them.

mod bench;
mod common;

use bench::{Answer, Bench, create};
use bottle::api::jwt;
use bottle::api::kinds::{cluster_role, pod, reviews, role, secret, service_account};
use bottle::api::object::Key;
use bottle::api::request::{Body, DeleteOptions};
use bottle::api::{Kind, Options, Request, Target, Verb};
use bottle::cluster::fact::{Fact, Gate};
use bottle::cluster::wire::{Address, Reply, User};
use bottle::sim::Time;
use serde_json::{Value, json};
use std::rc::Rc;

const GROUP: &str = "rbac.authorization.k8s.io";

fn jane() -> User {
    User::new("jane", &["dev", "system:authenticated"])
}

fn refused(answer: Answer) -> String {
    answer.expect_err("refused").message.clone()
}

fn document(kind: &'static Kind, namespace: &str, document: Value) -> Request {
    let target = Target::new(kind, namespace, document["metadata"]["name"].as_str().unwrap_or_default());
    Request { verb: Verb::Create, target, options: Options::default(), body: Body::Document(Rc::new(document)) }
}

fn status(answer: Answer) -> Value {
    match answer.expect("an answer") {
        Reply::Object { object, created: true, .. } => object.to_value()["status"].clone(),
        other => panic!("{other:?}"),
    }
}

fn role(name: &str, rules: &Value) -> Value {
    json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": name}, "rules": rules})
}

fn binding(name: &str, role: &str, subject: &Value) -> Value {
    json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": {"name": name},
        "roleRef": {"apiGroup": GROUP, "kind": "Role", "name": role}, "subjects": [subject]})
}

fn user(name: &str) -> Value {
    json!({"kind": "User", "name": name, "apiGroup": GROUP})
}

#[test]
fn nothing_is_allowed_that_no_rule_allows() {
    let mut bench = Bench::new();
    let list = || Request::list(&pod::KIND, "default");
    let no =
        "pods is forbidden: User \"jane\" cannot list resource \"pods\" in API group \"\" in the namespace \"default\"";
    assert_eq!(refused(bench.ask_as(&jane(), list())), no);
    bench.create(binding("b", "reader", &user("jane")));
    let missing = format!("{no}: RBAC: role.rbac.authorization.k8s.io \"reader\" not found");
    assert_eq!(refused(bench.ask_as(&jane(), list())), missing);
    bench.create(role("reader", &json!([{"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]}])));
    assert!(bench.ask_as(&jane(), list()).is_ok());
    assert!(bench.ask_as(&jane(), Request::list(&pod::KIND, "kube-system")).is_err());
    let delete = Request::delete(&role::KIND, &Key::new("default", "reader"), DeleteOptions::default());
    bench.ask(delete).expect("deleted");
    assert!(bench.ask_as(&jane(), list()).is_err());
}

#[test]
fn names_and_places_stand_in_the_refusal() {
    let mut bench = Bench::new();
    let get = |kind, namespace: &str, name: &str| Request::get(kind, &Key::new(namespace, name));
    assert_eq!(
        refused(bench.ask_as(&jane(), get(&bottle::api::kinds::namespace::KIND, "", "default"))),
        "namespaces \"default\" is forbidden: User \"jane\" cannot get resource \"namespaces\" in API group \"\" in the namespace \"default\""
    );
    assert_eq!(
        refused(bench.ask_as(&jane(), get(&bottle::api::kinds::node::KIND, "", "n"))),
        "nodes \"n\" is forbidden: User \"jane\" cannot get resource \"nodes\" in API group \"\" at the cluster scope"
    );
    let deployment = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}});
    assert_eq!(
        refused(bench.ask_as(&jane(), document(&bottle::api::kinds::deployment::KIND, "default", deployment))),
        "deployments.apps is forbidden: User \"jane\" cannot create resource \"deployments\" in API group \"apps\" in the namespace \"default\""
    );
    let path = bench.server.authorize_path(&User::new("system:anonymous", &["system:unauthenticated"]), "get", "/apis");
    assert_eq!(path.expect_err("refused").message, "forbidden: User \"system:anonymous\" cannot get path \"/apis\"");
    assert!(bench.server.authorize_path(&jane(), "get", "/apis").is_ok());
    assert!(
        bench
            .server
            .authorize_path(&User::new("system:anonymous", &["system:unauthenticated"]), "get", "/version")
            .is_ok()
    );
}

#[test]
fn nobody_gives_rights_that_he_has_not() {
    let mut bench = Bench::new();
    let rules = json!([{"apiGroups": [GROUP], "resources": ["roles", "rolebindings"], "verbs": ["create"]},
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]);
    bench.create(role("author", &rules));
    bench.create(binding("author", "author", &user("jane")));
    let wanted =
        role("keeper", &json!([{"apiGroups": [""], "resources": ["pods", "secrets"], "verbs": ["get", "list"]}]));
    assert_eq!(
        refused(bench.ask_as(&jane(), document(&role::KIND, "default", wanted.clone()))),
        "roles.rbac.authorization.k8s.io \"keeper\" is forbidden: user \"jane\" (groups=[\"dev\" \"system:authenticated\"]) is \
         attempting to grant RBAC permissions not currently held:\n{APIGroups:[\"\"], Resources:[\"pods\"], Verbs:[\"list\"]}\n\
         {APIGroups:[\"\"], Resources:[\"secrets\"], Verbs:[\"get\" \"list\"]}"
    );
    let small = role("small", &json!([{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]));
    assert!(bench.ask_as(&jane(), document(&role::KIND, "default", small)).is_ok());
    bench.create(wanted);
    let kind = &bottle::api::kinds::role_binding::KIND;
    let bind = |role| document(kind, "default", binding(role, role, &user("joe")));
    assert!(
        refused(bench.ask_as(&jane(), bind("keeper")))
            .contains("is attempting to grant RBAC permissions not currently held")
    );
    assert!(bench.ask_as(&jane(), bind("small")).is_ok());
    assert_eq!(refused(bench.ask_as(&jane(), bind("none"))), "roles.rbac.authorization.k8s.io \"none\" not found");
    let free = json!([{"apiGroups": [GROUP], "resources": ["roles"], "verbs": ["bind"], "resourceNames": ["keeper"]}]);
    bench.create(role("binder", &free));
    bench.create(binding("binder", "binder", &user("jane")));
    assert!(bench.ask_as(&jane(), bind("keeper")).is_ok());
}

#[test]
fn a_role_is_asked_about_whatever_of_it_changes_and_gathering_needs_everything() {
    let mut bench = Bench::new();
    let roles = json!([{"apiGroups": [GROUP], "resources": ["clusterroles"], "verbs": ["create", "patch", "get"]}]);
    let cluster = |kind: &str, name: &str, rest: Value| {
        let mut document =
            json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind, "metadata": {"name": name}});
        for (field, value) in rest.as_object().into_iter().flatten() {
            document[field] = value.clone();
        }
        document
    };
    let to = |role: &str| json!({"roleRef": {"apiGroup": GROUP, "kind": "ClusterRole", "name": role}, "subjects": [user("jane")]});
    bench.create(cluster("ClusterRole", "author", json!({"rules": roles})));
    bench.create(cluster("ClusterRoleBinding", "author", to("author")));
    bench.create(cluster("ClusterRoleBinding", "one", to("none")));
    bench.create(cluster("ClusterRoleBinding", "two", to("none")));
    let wanted = json!([{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]);
    bench.create(cluster("ClusterRole", "strong", json!({"rules": wanted})));
    let patch = |patch: Value| {
        Request::patch(&cluster_role::KIND, &Key::new("", "strong"), bottle::api::request::PatchType::Merge, patch)
    };
    let text = refused(bench.ask_as(&jane(), patch(json!({"metadata": {"labels": {"a": "b"}}}))));
    assert_eq!(
        text,
        "clusterroles.rbac.authorization.k8s.io \"strong\" is forbidden: user \"jane\" (groups=[\"dev\" \
         \"system:authenticated\"]) is attempting to grant RBAC permissions not currently held:\n\
         {APIGroups:[\"\"], Resources:[\"pods\"], Verbs:[\"get\"]}; resolution errors: \
         [clusterroles.rbac.authorization.k8s.io \"none\" not found]"
    );
    let collected = patch(json!({"metadata": {"finalizers": ["example.com/x"]}}));
    assert!(bench.ask_as(&jane(), collected).is_ok(), "finalizers alone are the collector's affair");
    let selector = json!({"clusterRoleSelectors": [{"matchLabels": {"a": "b"}}]});
    let gathering = cluster("ClusterRole", "all", json!({"aggregationRule": selector, "rules": []}));
    assert_eq!(
        refused(bench.ask_as(&jane(), document(&cluster_role::KIND, "", gathering))),
        "clusterroles.rbac.authorization.k8s.io \"all\" is forbidden: must have cluster-admin privileges to use the \
         aggregationRule"
    );
    let list = refused(bench.ask_as(&jane(), Request::list(&pod::KIND, "default")));
    assert!(list.ends_with("\"default\": RBAC: clusterrole.rbac.authorization.k8s.io \"none\" not found"), "{list}");
}

#[test]
fn who_may_impersonate_asks_in_somebody_elses_name() {
    let mut bench = Bench::new();
    bench.create(role("reader", &json!([{"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]}])));
    bench.create(binding("b", "reader", &json!({"kind": "ServiceAccount", "name": "robot"})));
    let admin = User::new("admin", &["system:masters"]);
    let robot = User::new("system:serviceaccount:default:robot", &[]);
    let list = || Request::list(&pod::KIND, "default");
    assert!(bench.ask_as(&admin.clone().acting_as(robot.clone()), list()).is_ok());
    assert!(
        refused(bench.ask_as(&admin.acting_as(User::new("joe", &[])), list())).contains("User \"joe\" cannot list")
    );
    assert_eq!(
        refused(bench.ask_as(&jane().acting_as(robot), list())),
        "serviceaccounts \"robot\" is forbidden: User \"jane\" cannot impersonate resource \"serviceaccounts\" in API group \"\" in the namespace \"default\""
    );
}

#[test]
fn questions_are_answered_and_stored_nowhere() {
    let mut bench = Bench::new();
    let before = bench.server.revision();
    let mine = |attributes: Value| {
        let review = json!({"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview", "spec": {"resourceAttributes": attributes}});
        document(&reviews::SELF_ACCESS, "", review)
    };
    let pods = json!({"verb": "list", "resource": "pods", "namespace": "default"});
    assert_eq!(status(bench.ask_as(&jane(), mine(pods.clone()))), json!({"allowed": false}));
    let scheduler = User::new("system:kube-scheduler", &["system:authenticated"]);
    assert_eq!(
        status(bench.ask_as(&scheduler, mine(pods.clone()))),
        json!({"allowed": true, "reason": "RBAC: allowed by ClusterRoleBinding \"system:kube-scheduler\" of ClusterRole \"system:kube-scheduler\" to User \"system:kube-scheduler\""})
    );
    let other = json!({"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview",
        "spec": {"user": "x", "groups": ["system:masters"], "resourceAttributes": pods}});
    assert_eq!(status(bench.ask(document(&reviews::ACCESS, "", other))), json!({"allowed": true}));
    let rules = json!({"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectRulesReview", "spec": {"namespace": "default"}});
    let rules = status(bench.ask_as(&jane(), document(&reviews::SELF_RULES, "", rules)));
    assert_eq!(rules["resourceRules"].as_array().map(Vec::len), Some(2));
    let me = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"});
    let me = status(bench.ask_as(&jane(), document(&reviews::SELF_SUBJECT, "", me)));
    assert_eq!(me, json!({"userInfo": {"username": "jane", "groups": ["dev", "system:authenticated"]}}));
    assert_eq!(bench.server.revision(), before);
}

#[test]
fn a_token_is_its_account_until_it_has_run_out() {
    let mut bench = Bench::new();
    let body =
        json!({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 600}});
    let mut request = document(&service_account::KIND, "default", body);
    request.target = Target::sub(&service_account::KIND, &Key::new("default", "default"), "token");
    let token = status(bench.ask(request.clone()))["token"].as_str().expect("a token").to_owned();
    let user = bench.server.authenticate(&token, bench.kernel.now()).expect("a user");
    assert_eq!(&*user.name, "system:serviceaccount:default:default");
    let late = Time::from_secs(3600);
    assert_eq!(bench.server.authenticate(&token, late).expect_err("too late").code, 401);
    assert_eq!(bench.server.authenticate(&token.replace('.', "x."), bench.kernel.now()).expect_err("broken").code, 401);
    request.target = Target::sub(&service_account::KIND, &Key::new("default", "none"), "token");
    assert_eq!(refused(bench.ask(request)), "serviceaccounts \"none\" not found");
}

/// Such a token holds as long as its Secret says the same and the account is the same.
#[test]
fn a_token_in_a_secret_is_its_account_while_both_are_there() {
    let mut bench = Bench::new();
    let uid = bench.get(&service_account::KIND, "default", "default").uid().to_owned();
    let claims = |uid: &str| {
        json!({"iss": "kubernetes/serviceaccount", "sub": "system:serviceaccount:default:default",
            "kubernetes.io/serviceaccount/namespace": "default", "kubernetes.io/serviceaccount/secret.name": "t",
            "kubernetes.io/serviceaccount/service-account.name": "default",
            "kubernetes.io/serviceaccount/service-account.uid": uid})
    };
    let (token, other) = (jwt::write(&claims(&uid)), jwt::write(&claims("another")));
    let keep = |bench: &mut Bench, token: &str| {
        bench.create(json!({"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/service-account-token",
            "metadata": {"name": "t", "annotations": {"kubernetes.io/service-account.name": "default"}},
            "stringData": {"token": token}}))
    };
    let user = |bench: &Bench, token: &str| bench.server.authenticate(token, Time::from_secs(900_000));
    assert!(user(&bench, &token).is_err(), "no Secret keeps it");
    let kept = keep(&mut bench, &token);
    assert_eq!(&*user(&bench, &token).expect("a user").name, "system:serviceaccount:default:default");
    assert!(user(&bench, &other).is_err(), "it is not what the Secret keeps");
    bench.ask(Request::delete(&secret::KIND, &kept.key(), DeleteOptions::default())).expect("deleted");
    keep(&mut bench, &other);
    assert!(user(&bench, &other).is_err(), "it was another account of that name");
}

#[test]
fn a_kubelet_reads_what_its_pods_name() {
    let mut bench = Bench::new();
    let secret = |name: &str| json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}});
    bench.create(secret("mine"));
    bench.create(secret("other"));
    bench.create(json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"nodeName": "n",
        "containers": [{"name": "c", "image": "i", "envFrom": [{"secretRef": {"name": "mine"}}]}]}}));
    let kubelet = User::new("system:node:n", &["system:nodes", "system:authenticated"]);
    let get = |name: &str| Request::get(&secret::KIND, &Key::new("default", name));
    assert!(bench.ask_as(&kubelet, get("mine")).is_ok());
    assert_eq!(
        refused(bench.ask_as(&kubelet, get("other"))),
        "secrets \"other\" is forbidden: User \"system:node:n\" cannot get resource \"secrets\" in API group \"\" in the namespace \"default\": no relationship found between node 'n' and this object"
    );
    assert!(
        refused(bench.ask_as(&kubelet, Request::list(&bottle::api::kinds::node::KIND, "")))
            .ends_with("at the cluster scope: node 'n' cannot read all nodes, only its own Node object")
    );
}

#[test]
fn components_have_the_rights_that_they_need_and_the_gates_say_which() {
    let mut history = common::three_ships(3);
    history.input(common::heal().remove(0));
    let trace = history.trace();
    let facts = || trace.range(0, trace.head()).map(|record| &record.fact);
    let refused: Vec<String> = facts()
        .filter_map(|fact| match fact {
            Fact::Gate { call, refused: Some(status), .. } if call.from != Address::User => {
                Some(status.message.clone())
            }
            _ => None,
        })
        .filter(|message| message.contains(" cannot "))
        .collect();
    assert_eq!(refused, [""; 0]);
    let mut bindings = facts().filter_map(|fact| match fact {
        Fact::Gate { call, gate: Gate::Authorization, decision, .. } if call.from == Address::Scheduler => {
            Some(&**decision)
        }
        _ => None,
    });
    let expected = "ClusterRoleBinding \"system:kube-scheduler\" of ClusterRole \"system:kube-scheduler\" to User \"system:kube-scheduler\"";
    assert_eq!(bindings.next_back(), Some(expected));
}

#[test]
fn a_user_without_rights_is_refused_at_the_second_gate() {
    let mut bench = Bench::new();
    let config = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}});
    let mut request = create(config);
    request.target = Target::new(request.target.object.kind, "default", "c");
    assert!(bench.ask_as(&jane(), request).is_err());
    let mut last = bench.trace.range(0, bench.trace.head()).filter_map(|record| match &record.fact {
        Fact::Gate { gate, refused: Some(_), .. } => Some(*gate),
        _ => None,
    });
    assert_eq!(last.next_back(), Some(Gate::Authorization));
}
