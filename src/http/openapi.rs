//! The schemas as the server publishes them, for `kubectl explain` and for validation by clients.
//!
//! The documents under `assets/native/openapi` are those of the recordings' server (generated from the sources of
//! Kubernetes, Apache-2.0), compressed. Those of the third version that are not there are made from the second one: the
//! types are the same, and of the paths what tells a resource's kind.

use super::{Answer, custom_schemas};
use crate::api::{Kind, Status};
use flate2::read::GzDecoder;
use serde_json::{Map, Value, json};
use std::io::Read;

macro_rules! documents {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_bytes!(concat!("../../assets/native/openapi/", $name, ".json.gz")) as &[u8])),*]
    };
}

/// Documents by their file's name, which is the path with `_` for `/`.
const DOCUMENTS: &[(&str, &[u8])] = documents![
    "v2",
    "api_v1",
    "apis_apiextensions.k8s.io_v1",
    "apis_apps_v1",
    "apis_autoscaling_v2",
    "apis_batch_v1",
    "apis_coordination.k8s.io_v1",
    "apis_discovery.k8s.io_v1",
    "apis_networking.k8s.io_v1",
    "apis_policy_v1",
    "apis_rbac.authorization.k8s.io_v1",
    "apis_scheduling.k8s.io_v1",
    "apis_storage.k8s.io_v1",
];
const INDEX: &str = include_str!("../../assets/native/openapi-v3.txt");

fn stored(name: &str) -> Option<Vec<u8>> {
    let (_, packed) = DOCUMENTS.iter().find(|(known, _)| *known == name)?;
    let mut text = Vec::new();
    GzDecoder::new(*packed).read_to_end(&mut text).expect("the document was packed whole");
    Some(text)
}

fn body(text: Vec<u8>) -> Answer {
    Answer { code: 200, content_type: "application/json", body: text, ..Answer::default() }
}

/// `/openapi/v2`, in JSON.
pub fn v2(accept: &str) -> Answer {
    let json = accept.is_empty() || accept.contains("json") || accept.contains('*');
    match stored("v2").filter(|_| json) {
        Some(text) => body(text),
        None => {
            Answer::status(&Status::not_acceptable("only the following media types are accepted: application/json"))
        }
    }
}

fn paths() -> impl Iterator<Item = (&'static str, &'static str)> {
    INDEX.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once(' '))
}

/// `/openapi/v3`: which documents there are.
pub fn index() -> Value {
    let entry = |(path, hash): (&str, &str)| {
        (path.to_owned(), json!({"serverRelativeURL": format!("/openapi/v3/{path}?hash={hash}")}))
    };
    json!({"paths": paths().map(entry).collect::<Map<_, _>>()})
}

/// `/openapi/v3/apis/apps/v1`.
pub fn document(path: &str) -> Option<Answer> {
    paths().find(|(known, _)| *known == path)?;
    let text = stored(&path.replace('/', "_")).or_else(|| made(path).map(|value| value.to_string().into_bytes()));
    text.map(body)
}

/// A document of the third version, from the one of the second.
fn made(path: &str) -> Option<Value> {
    let source: Value = serde_json::from_slice(&stored("v2")?).expect("the document is JSON");
    let prefix = format!("/{path}/");
    let mut wanted = Vec::new();
    let mut paths = Map::new();
    for (path, item) in source["paths"].as_object()?.iter().filter(|(path, _)| path.starts_with(&prefix)) {
        let operations = item.as_object()?.iter().filter(|(_, operation)| operation.is_object());
        let operations = operations.map(|(method, operation)| (method.clone(), slim(operation, &mut wanted)));
        paths.insert(path.clone(), Value::Object(operations.collect()));
    }
    let schemas = types(&source, wanted);
    Some(json!({
        "openapi": "3.0.0", "info": source["info"], "paths": paths, "components": {"schemas": schemas},
    }))
}

/// Types of the second version's document and all that they refer to, as the third version has them.
fn types(source: &Value, mut wanted: Vec<String>) -> Map<String, Value> {
    let mut schemas = Map::new();
    while let Some(name) = wanted.pop() {
        if let (Some(definition), false) = (source["definitions"].get(&name), schemas.contains_key(&name)) {
            schemas.insert(name, moved(definition, &mut wanted));
        }
    }
    schemas
}

/// The document of the second version, with the types of kinds that somebody has added.
pub fn v2_with(kinds: &[&'static Kind]) -> Option<Answer> {
    let mut source: Value = serde_json::from_slice(&stored("v2")?).ok()?;
    let schemas = kinds.iter().map(|kind| (custom_schemas::name(kind), custom_schemas::schema(kind, false)));
    source["definitions"].as_object_mut()?.extend(schemas);
    let paths = kinds.iter().flat_map(|kind| custom_schemas::paths(kind));
    source["paths"].as_object_mut()?.extend(paths);
    Some(body(source.to_string().into_bytes()))
}

/// The document of a group and version that somebody has added, in the third version.
pub fn custom(kinds: &[&'static Kind]) -> Option<Value> {
    let source: Value = serde_json::from_slice(&stored("v2")?).ok()?;
    let mut schemas = types(&source, vec![custom_schemas::METADATA.to_owned()]);
    schemas.extend(kinds.iter().map(|kind| (custom_schemas::name(kind), custom_schemas::schema(kind, true))));
    let paths: Map<String, Value> = kinds.iter().flat_map(|kind| custom_schemas::paths(kind)).collect();
    Some(json!({"openapi": "3.0.0", "info": source["info"], "paths": paths, "components": {"schemas": schemas}}))
}

/// An operation without its responses and all but its own parameters, whose types are noted. kubectl leaves the check of
/// fields to a server that has the parameter `fieldValidation`.
fn slim(operation: &Value, wanted: &mut Vec<String>) -> Value {
    let kept = ["description", "operationId", "tags", "x-kubernetes-action", "x-kubernetes-group-version-kind"];
    let kept = kept.iter().filter_map(|name| Some(((*name).to_owned(), operation.get(*name)?.clone())));
    moved(&operation["responses"], wanted);
    moved(&operation["parameters"], wanted);
    let own = operation["parameters"].as_array().into_iter().flatten().filter(|one| one["in"] == "query");
    let parameter = |one: &Value| {
        json!({"name": one["name"], "in": "query", "description": one["description"],
            "schema": {"type": one["type"], "uniqueItems": true}})
    };
    let mut kept: Map<String, Value> = kept.collect();
    kept.insert("parameters".to_owned(), own.map(parameter).collect());
    Value::Object(kept)
}

/// A schema whose references lead to where the third version has its types.
fn moved(schema: &Value, wanted: &mut Vec<String>) -> Value {
    match schema {
        Value::Object(fields) => {
            let moved = fields.iter().map(|(name, value)| match value.as_str().filter(|_| name == "$ref") {
                Some(reference) => {
                    let target = reference.trim_start_matches("#/definitions/");
                    wanted.push(target.to_owned());
                    (name.clone(), format!("#/components/schemas/{target}").into())
                }
                None => (name.clone(), moved(value, wanted)),
            });
            Value::Object(moved.collect())
        }
        Value::Array(items) => items.iter().map(|item| moved(item, wanted)).collect(),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_document_of_the_index_is_there() {
        for (path, _) in paths() {
            let answer = document(path).unwrap_or_else(|| panic!("{path} has no document"));
            let value: Value = serde_json::from_slice(&answer.body).expect(path);
            assert_eq!(value["openapi"], "3.0.0", "{path}");
        }
    }

    #[test]
    fn a_made_document_tells_the_kind_of_a_resource_and_its_type() {
        let value = made("apis/autoscaling/v1").expect("a document");
        let path = &value["paths"]["/apis/autoscaling/v1/namespaces/{namespace}/horizontalpodautoscalers"]["get"];
        assert_eq!(path["x-kubernetes-group-version-kind"]["kind"], "HorizontalPodAutoscaler");
        let one =
            &value["paths"]["/apis/autoscaling/v1/namespaces/{namespace}/horizontalpodautoscalers/{name}"]["patch"];
        let parameters = one["parameters"].as_array().expect("parameters");
        assert!(parameters.iter().any(|one| one["name"] == "fieldValidation" && one["schema"]["type"] == "string"));
        let schemas = &value["components"]["schemas"];
        assert!(schemas["io.k8s.api.autoscaling.v1.HorizontalPodAutoscalerSpec"]["properties"].is_object());
        assert!(schemas["io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"].is_object());
    }
}
