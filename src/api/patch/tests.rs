use serde_json::json;

use super::apply::{LAST_APPLIED, last_applied, with_last_applied};
use super::*;

const POD: &str = "core.v1.Pod";
const DEPLOYMENT: &str = "apps.v1.Deployment";

fn containers(list: &Value) -> Value {
    json!({"spec": {"containers": list}})
}

#[test]
fn merge_patches() {
    // The examples of RFC 7386, appendix A.
    let cases = [
        (json!({"a": "b"}), json!({"a": "c"}), json!({"a": "c"})),
        (json!({"a": "b"}), json!({"b": "c"}), json!({"a": "b", "b": "c"})),
        (json!({"a": "b", "b": "c"}), json!({"a": null}), json!({"b": "c"})),
        (json!({"a": ["b"]}), json!({"a": "c"}), json!({"a": "c"})),
        (json!({"a": {"b": "c"}}), json!({"a": {"b": "d", "c": null}}), json!({"a": {"b": "d"}})),
        (json!({"a": [{"b": "c"}]}), json!({"a": [1]}), json!({"a": [1]})),
        (json!(["a", "b"]), json!(["c", "d"]), json!(["c", "d"])),
        (json!({"a": "foo"}), json!(null), json!(null)),
        (json!({"e": null}), json!({"a": 1}), json!({"e": null, "a": 1})),
        (json!([1, 2]), json!({"a": "b", "c": null}), json!({"a": "b"})),
        (json!({}), json!({"a": {"bb": {"ccc": null}}}), json!({"a": {"bb": {}}})),
    ];
    for (document, patch, expected) in cases {
        assert_eq!(merge_patch(&document, &patch), expected, "{patch}");
    }
    let (old, new) = (json!({"a": 1, "b": {"c": [1], "d": 2}}), json!({"b": {"c": [2], "d": 2}, "e": {}}));
    assert_eq!(merge_diff(&old, &new), json!({"a": null, "b": {"c": [2]}, "e": {}}));
    assert_eq!(merge_patch(&old, &merge_diff(&old, &new)), new);
    assert_eq!(
        three_way_merge(&old, &new, &json!({"a": 1, "z": 9, "b": {"d": 3}})),
        json!({"a": null, "b": {"c": [2], "d": 2}, "e": {}})
    );
}

#[test]
fn json_patches() {
    let document = json!({"spec": {"replicas": 1, "list": ["a", "b"]}, "x/y": {"~": 1}});
    let patched = |patch: &Value| json_patch(&document, patch);
    let done = patched(&json!([
        {"op": "test", "path": "/spec/replicas", "value": 1},
        {"op": "replace", "path": "/spec/replicas", "value": 3},
        {"op": "add", "path": "/spec/list/-", "value": "d"},
        {"op": "add", "path": "/spec/list/2", "value": "c"},
        {"op": "remove", "path": "/spec/list/0"},
        {"op": "copy", "from": "/spec/replicas", "path": "/copied"},
        {"op": "move", "from": "/x~1y/~0", "path": "/moved"}
    ]));
    let expected = json!({"spec": {"replicas": 3, "list": ["b", "c", "d"]}, "x/y": {}, "copied": 3, "moved": 1});
    assert_eq!(done, Ok(expected));
    let refused = [
        json!([{"op": "remove", "path": "/metadata/nope"}]),
        json!([{"op": "test", "path": "/spec/replicas", "value": 9}]),
        json!([{"op": "replace", "path": "/spec/nope", "value": 9}]),
        json!([{"op": "add", "path": "/spec/list/7", "value": 9}]),
    ];
    for patch in refused {
        assert_eq!(patched(&patch).unwrap_err().fault, PatchFault::Unprocessable, "{patch}");
    }
    assert_eq!(patched(&json!({})).unwrap_err().fault, PatchFault::BadRequest);
}

#[test]
fn strategic_merges_lists_by_key() {
    let pod = containers(
        &json!([{"name": "a", "image": "x", "ports": [{"containerPort": 80}]}, {"name": "b", "image": "y"}]),
    );
    let patch = containers(
        &json!([{"name": "a", "image": "z", "ports": [{"containerPort": 81}]}, {"name": "c", "image": "q"}]),
    );
    let expected = containers(&json!([
        {"name": "a", "image": "z", "ports": [{"containerPort": 81}, {"containerPort": 80}]},
        {"name": "c", "image": "q"},
        {"name": "b", "image": "y"}
    ]));
    assert_eq!(strategic(POD, &pod, &patch), Ok(expected));
    let args = containers(&json!([{"name": "a", "args": ["x", "y"]}]));
    let patch = containers(&json!([{"name": "a", "args": ["z"]}]));
    assert_eq!(strategic(POD, &args, &patch), Ok(patch));
    let finalizers = json!({"metadata": {"finalizers": ["a", "b"]}});
    let patch = json!({"metadata": {"finalizers": ["c"], "$deleteFromPrimitiveList/finalizers": ["a"]}});
    assert_eq!(strategic(POD, &finalizers, &patch), Ok(json!({"metadata": {"finalizers": ["c", "b"]}})));
}

#[test]
fn strategic_directives() {
    let pod = containers(&json!([{"name": "a", "image": "x"}, {"name": "b", "image": "y"}]));
    let deleted = strategic(POD, &pod, &containers(&json!([{"name": "a", "$patch": "delete"}])));
    assert_eq!(deleted, Ok(containers(&json!([{"name": "b", "image": "y"}]))));
    let replaced = strategic(POD, &pod, &containers(&json!([{"$patch": "replace"}, {"name": "n"}])));
    assert_eq!(replaced, Ok(containers(&json!([{"name": "n"}]))));
    let whole = strategic(POD, &pod, &json!({"spec": {"$patch": "replace", "nodeName": "n"}}));
    assert_eq!(whole, Ok(json!({"spec": {"nodeName": "n"}})));
    let ordered = json!({"spec": {"$setElementOrder/containers": [{"name": "b"}, {"name": "a"}], "containers": [{"name": "a", "image": "z"}]}});
    let expected = containers(&json!([{"name": "b", "image": "y"}, {"name": "a", "image": "z"}]));
    assert_eq!(strategic(POD, &pod, &ordered), Ok(expected));
    let rolling = json!({"spec": {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}}});
    let recreate = json!({"spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}});
    assert_eq!(strategic(DEPLOYMENT, &rolling, &recreate), Ok(json!({"spec": {"strategy": {"type": "Recreate"}}})));
    assert_eq!(
        strategic(DEPLOYMENT, &rolling, &json!({"spec": {"strategy": null, "x": null}})),
        Ok(json!({"spec": {}}))
    );
}

#[test]
fn strategic_refusals() {
    let pod = containers(&json!([{"name": "a"}]));
    let error = |patch: &Value| strategic(POD, &pod, patch).unwrap_err();
    assert_eq!(
        error(&json!("nojson")).message,
        "json: cannot unmarshal string into Go value of type map[string]interface {}"
    );
    assert_eq!(
        error(&containers(&json!([{"image": "x"}]))).message,
        "map: map[image:x] does not contain declared merge key: name"
    );
    assert_eq!(error(&json!({"spec": {"$retainKeys": 1}})).message, "invalid patch format of retainKeys");
    assert_eq!(error(&json!({"spec": {"$patch": "x"}})).message, "unknown patch type: x in map: map[$patch:x]");
}

#[test]
fn differences() {
    let old = containers(&json!([{"name": "a", "image": "x"}, {"name": "b", "image": "y"}]));
    let new = containers(&json!([{"name": "b", "image": "z"}, {"name": "c", "image": "q"}]));
    let expected = json!({"spec": {
        "$setElementOrder/containers": [{"name": "b"}, {"name": "c"}],
        "containers": [{"name": "b", "image": "z"}, {"name": "c", "image": "q"}, {"$patch": "delete", "name": "a"}]
    }});
    assert_eq!(diff(POD, &old, &new), Ok(expected.clone()));
    assert_eq!(strategic(POD, &old, &expected), Ok(new));
    assert_eq!(diff(POD, &old, &old), Ok(json!({})));
    let rolling = json!({"spec": {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}}});
    let recreate = json!({"spec": {"strategy": {"type": "Recreate"}}});
    let expected = json!({"spec": {"strategy": {"$retainKeys": ["type"], "rollingUpdate": null, "type": "Recreate"}}});
    assert_eq!(diff(DEPLOYMENT, &rolling, &recreate), Ok(expected.clone()));
    assert_eq!(strategic(DEPLOYMENT, &rolling, &expected), Ok(recreate));
}

#[test]
fn equal_keys_in_one_list() {
    let ports = json!({"spec": {"ports": [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}]}});
    assert_eq!(diff("core.v1.Service", &ports, &ports), Ok(json!({})));
    assert_eq!(three_way("core.v1.Service", &ports, &ports, &ports), Ok(json!({})));
}

#[test]
fn three_ways() {
    let original = json!({"metadata": {"labels": {"a": "1", "gone": "x"}}, "spec": {"replicas": 2, "template": {"spec": {"containers": [{"name": "old"}, {"name": "web", "image": "x"}]}}}});
    let modified = json!({"metadata": {"labels": {"a": "2"}}, "spec": {"template": {"spec": {"containers": [{"name": "web", "image": "y"}]}}}});
    let current = json!({"metadata": {"labels": {"a": "1", "gone": "x", "server": "s"}, "uid": "u"}, "spec": {"replicas": 5, "template": {"spec": {"dnsPolicy": "ClusterFirst", "containers": [{"name": "old"}, {"name": "web", "image": "x", "imagePullPolicy": "Always"}, {"name": "sidecar"}]}}}});
    let patch = three_way(DEPLOYMENT, &original, &modified, &current).unwrap();
    let expected = json!({
        "metadata": {"labels": {"a": "2", "gone": null}},
        "spec": {"replicas": null, "template": {"spec": {
            "$setElementOrder/containers": [{"name": "web"}],
            "containers": [{"name": "web", "image": "y"}, {"$patch": "delete", "name": "old"}]
        }}}
    });
    assert_eq!(patch, expected);
    let applied = strategic(DEPLOYMENT, &current, &patch).unwrap();
    assert_eq!(
        applied["spec"],
        json!({"template": {"spec": {"dnsPolicy": "ClusterFirst", "containers": [{"name": "web", "image": "y", "imagePullPolicy": "Always"}, {"name": "sidecar"}]}}})
    );
    assert_eq!(applied["metadata"]["labels"], json!({"a": "2", "server": "s"}));
    // A container that only the server has makes the orders differ, and upstream then always sends the order.
    let order = json!({"spec": {"template": {"spec": {"$setElementOrder/containers": [{"name": "web"}]}}}});
    assert_eq!(three_way(DEPLOYMENT, &modified, &modified, &applied), Ok(order.clone()));
    assert_eq!(strategic(DEPLOYMENT, &applied, &order), Ok(applied.clone()));
    let mut alone = applied;
    alone["spec"]["template"]["spec"]["containers"].as_array_mut().unwrap().pop();
    assert_eq!(three_way(DEPLOYMENT, &modified, &modified, &alone), Ok(json!({})));
}

#[test]
fn remembers_what_was_applied() {
    let wanted = json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {"a": "<1>"}, "metadata": {"name": "c", "namespace": "golden"}});
    let sent = with_last_applied(&wanted);
    assert_eq!(
        sent["metadata"]["annotations"][LAST_APPLIED],
        "{\"apiVersion\":\"v1\",\"data\":{\"a\":\"\\u003c1\\u003e\"},\"kind\":\"ConfigMap\",\"metadata\":{\"annotations\":{},\"name\":\"c\",\"namespace\":\"golden\"}}\n"
    );
    assert_eq!(last_applied(&sent).unwrap()["data"], wanted["data"]);
    assert_eq!(with_last_applied(&sent), sent);
    assert_eq!(last_applied(&wanted), None);
    assert_eq!(go_print(&json!({"spec": {"replicas": "x", "l": [1, null]}})), "map[spec:map[l:[1 <nil>] replicas:x]]");
}
