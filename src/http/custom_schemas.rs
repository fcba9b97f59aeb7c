//! The schemas of kinds that somebody has added, as the server publishes them: for `kubectl explain`
//! (upstream: `apiextensions-apiserver/pkg/controller/openapi/builder/builder.go`).

use crate::api::Kind;
use serde_json::{Map, Value, json};

/// The type of `metadata`.
pub const METADATA: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";
const CONVENTIONS: &str = "https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md";
const VERSION: &str = "APIVersion defines the versioned schema of this representation of an object. Servers should \
                       convert recognized schemas to the latest internal value, and may reject unrecognized values.";
const KIND: &str = "Kind is a string value representing the REST resource this object represents. Servers may infer \
                    this from the endpoint the client submits requests to. Cannot be updated. In CamelCase.";

/// The name of a kind's type: its group backwards, its version, its own name.
pub fn name(kind: &Kind) -> String {
    let group: Vec<&str> = kind.group.rsplit('.').collect();
    format!("{}.{}.{}", group.join("."), kind.version, kind.kind)
}

/// The type of a kind, in the third version of `OpenAPI` or in the second one.
pub fn schema(kind: &Kind, third: bool) -> Value {
    let mut schema = kind.custom.map(|custom| custom.schema.clone()).unwrap_or_default();
    if !schema.is_object() {
        schema = json!({});
    }
    schema["type"] = "object".into();
    let place = if third { "#/components/schemas/" } else { "#/definitions/" };
    let reference = json!({"$ref": format!("{place}{METADATA}")});
    let text = |words: &str, anchor: &str| format!("{words} More info: {CONVENTIONS}#{anchor}");
    let mut metadata = if third { json!({"allOf": [reference], "default": {}}) } else { reference };
    metadata["description"] = text("Standard object's metadata.", "metadata").into();
    let own = [
        ("apiVersion", json!({"type": "string", "description": text(VERSION, "resources")})),
        ("kind", json!({"type": "string", "description": text(KIND, "types-kinds")})),
        ("metadata", metadata),
    ];
    for (name, field) in own {
        schema["properties"][name] = field;
    }
    schema["x-kubernetes-group-version-kind"] = json!([identity(kind)]);
    schema
}

fn identity(kind: &Kind) -> Value {
    json!({"group": kind.group, "kind": kind.kind, "version": kind.version})
}

/// The paths of a kind, with what tells its kind by its resource.
pub fn paths(kind: &Kind) -> Map<String, Value> {
    let root = format!("/apis/{}", kind.api_version());
    let root = if kind.namespaced { format!("{root}/namespaces/{{namespace}}") } else { root };
    let many = format!("{root}/{}", kind.plural);
    let one = format!("{many}/{{name}}");
    let operation =
        |action: &str| json!({"x-kubernetes-action": action, "x-kubernetes-group-version-kind": identity(kind)});
    // By these clients see that the server checks fields and tries writes itself.
    let parameter =
        |name: &str| json!({"name": name, "in": "query", "schema": {"type": "string", "uniqueItems": true}});
    let mut patch = operation("patch");
    patch["parameters"] = json!([parameter("dryRun"), parameter("fieldValidation")]);
    let (of_many, of_one) = (json!({"get": operation("list")}), json!({"get": operation("get"), "patch": patch}));
    [(many, of_many), (one, of_one)].into_iter().collect()
}
