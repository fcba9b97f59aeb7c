//! Raw answers of the real server: discovery, schemas, tables' columns, errors. The file's name says what was asked.

use super::difference::{check, first};
use super::server::{Http, Server};
use super::{Case, Recognised, Source, Verdict};
use crate::api::Kind;
use crate::api::kinds::KINDS;
use serde_json::{Value, json};
use std::path::Path;

/// A request that has to be told, because the name of the answer's file does not.
struct Asked {
    file: &'static str,
    method: &'static str,
    path: &'static str,
    content_type: &'static str,
    body: &'static str,
    user: &'static str,
}

const GET: Asked = Asked { file: "", method: "GET", path: "", content_type: "", body: "", user: ADMINISTRATOR };
const POST: Asked =
    Asked { method: "POST", path: "/api/v1/namespaces/default/pods", content_type: "application/json", ..GET };
const ADMINISTRATOR: &str = "kubernetes-admin";
const ANONYMOUS: &str = "system:anonymous";

const ASKED: &[Asked] = &[
    Asked { file: "err-401", user: "", path: "/api/v1/pods", ..GET },
    Asked { file: "err-404-path", path: "/nope", ..GET },
    Asked { file: "err-404-pod", path: "/api/v1/namespaces/default/pods/nope", ..GET },
    Asked { file: "err-405", method: "PUT", ..POST },
    Asked { file: "err-415", content_type: "text/plain", body: "x", ..POST },
    Asked { file: "err-anonymous", path: "/api/v1/pods", user: ANONYMOUS, ..GET },
    Asked { file: "err-bad-rv", path: "/api/v1/pods?resourceVersion=abc", ..GET },
    Asked { file: "err-badselector", path: "/api/v1/pods?labelSelector=a%20in%20(", ..GET },
    Asked { file: "err-post-badjson", body: "{bad", ..POST },
    Asked { file: "err-post-empty", body: "{}", ..POST },
    Asked { file: "err-watch-expired", path: "/api/v1/pods?watch=1&resourceVersion=1", ..GET },
    Asked { file: "version", path: "/version", ..GET },
    Asked { file: "root-paths", path: "/", ..GET },
    Asked { file: "openapi-v2", path: "/openapi/v2", ..GET },
    Asked { file: "openapi-v3-index", path: "/openapi/v3", ..GET },
];

/// One answer: a file of `discovery/`.
pub fn answer<'a>(value: &'a Value, source: Source<'a>) -> Option<Recognised<'a>> {
    let kind = value["kind"].as_str().unwrap_or_default();
    let is = kind.starts_with("API")
        || (kind == "Status" && value["code"].is_number())
        || (value["type"] == "ERROR" && value["object"]["kind"] == "Status")
        || value["gitVersion"].is_string()
        || value["swagger"].is_string()
        || value["openapi"].is_string()
        || value["paths"].is_array()
        || value["paths"].as_object().is_some_and(|paths| paths.values().all(|p| p["serverRelativeURL"].is_string()));
    let name = stem(source.path);
    is.then(|| {
        let run = Box::new(move || differs(value, source.path).into());
        Recognised::Cases(vec![Case { name, run }])
    })
}

/// An answer that is no JSON.
pub fn text<'a>(text: &'a str, path: &'a Path) -> Option<Case<'a>> {
    let line = text.strip_suffix('\n').unwrap_or(text);
    let run = Box::new(move || {
        let mut server = Server::new();
        match ask(&mut server, path) {
            Some(http) => check("body", &line.into(), &http.body).into(),
            None => unknown(path),
        }
    });
    (line == "404 page not found").then(|| Case { name: stem(path), run })
}

/// The columns of each resource's table: `table-columns.json`.
pub fn columns<'a>(value: &'a Value, _: Source<'a>) -> Option<Recognised<'a>> {
    let resources = value.as_object().filter(|map| !map.is_empty())?;
    let is = resources.iter().all(|(path, columns)| path.starts_with("/api") && columns[0]["priority"].is_number());
    let cases = resources.iter().map(|(path, columns)| Case {
        name: path.clone(),
        run: Box::new(move || match kind_at(path) {
            None => Verdict::Failed(format!("{path}: expected a table got no such resource")),
            Some(kind) => check("columns", columns, &columns_of(kind)).into(),
        }),
    });
    is.then(|| Recognised::Cases(cases.collect()))
}

/// A list with `limit=2` of more objects: `list-limit.json`.
pub fn limited<'a>(value: &'a Value, source: Source<'a>) -> Option<Recognised<'a>> {
    value["metadata"]["continue"].as_str()?;
    let count = value["n"].as_u64()?;
    let run = Box::new(move || {
        let mut server = Server::new();
        let list = server.http("GET", &format!("/api/v1/namespaces?limit={count}"), "", "").body;
        let ours = list["items"].as_array().map_or(0, Vec::len);
        let shape = |value: &Value| -> Vec<String> {
            value["metadata"].as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect()
        };
        check("n", &count.into(), &ours.into())
            .or_else(|| check("metadata", &json!(shape(value)), &json!(shape(&list))))
            .into()
    });
    Some(Recognised::Cases(vec![Case { name: stem(source.path), run }]))
}

/// The file's name without what says how it is packed.
fn stem(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let name = name.strip_suffix(".gz").unwrap_or(&name);
    name.rsplit_once('.').filter(|(_, end)| matches!(*end, "json" | "txt")).map_or(name, |(stem, _)| stem).to_owned()
}

/// The path that a name stands for: `apis_apps_v1` is `/apis/apps/v1`.
fn path_of(path: &Path) -> Option<String> {
    let name = stem(path);
    let name = name.strip_suffix("-aggregated").unwrap_or(&name);
    let within = path.parent().and_then(Path::file_name).filter(|folder| *folder == "openapi-v3");
    let prefix = if within.is_some() { "/openapi/v3" } else { "" };
    (name == "api" || name == "apis" || name.starts_with("api_") || name.starts_with("apis_"))
        .then(|| format!("{prefix}/{}", name.replace('_', "/")))
}

fn ask(server: &mut Server, path: &Path) -> Option<Http> {
    let name = stem(path);
    if let Some(path) = path_of(path) {
        let aggregated = name.ends_with("-aggregated");
        return Some(if aggregated { server.aggregated(&path) } else { server.http("GET", &path, "", "") });
    }
    let asked = ASKED.iter().find(|asked| asked.file == name)?;
    Some(server.http_as(asked.user, (asked.method, asked.path), (asked.content_type, asked.body)))
}

fn unknown(path: &Path) -> Verdict {
    Verdict::Failed(format!("request: expected a file whose name says what was asked got {}", stem(path)))
}

fn differs(recorded: &Value, path: &Path) -> Option<String> {
    let mut server = Server::new();
    if recorded["type"] == "ERROR" {
        // The recorded server had been at work for a while.
        server.age();
    }
    let Some(http) = ask(&mut server, path) else {
        return Some(format!("request: expected a file whose name says what was asked got {}", stem(path)));
    };
    let (recorded, ours) = (recorded, &http.body);
    let code = recorded["code"].as_i64().filter(|_| recorded["kind"] == "Status").unwrap_or(200);
    check("code", &code.into(), &http.code.into()).or_else(|| first("body", recorded, ours, &same))
}

/// Revisions differ.
fn same(recorded: &Value, ours: &Value) -> bool {
    let head = |value: &Value| value.as_str()?.split_once(" (").map(|(head, _)| head.to_owned());
    head(recorded).is_some_and(|text| text.starts_with("too old resource version") && head(ours) == Some(text))
}

fn kind_at(path: &str) -> Option<&'static Kind> {
    KINDS.iter().copied().find(|kind| {
        let version = kind.api_version();
        let root = if kind.group.is_empty() { "/api/" } else { "/apis/" };
        *path == format!("{root}{version}/{}", kind.plural)
    })
}

fn columns_of(kind: &Kind) -> Value {
    let told = kind.columns.iter().map(|column| {
        json!({"name": column.name, "type": column.kind, "format": column.format(), "priority": i32::from(column.wide)})
    });
    told.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_what_was_asked() {
        let of = |path: &str| path_of(Path::new(path));
        assert_eq!(of("d/apis_apps_v1.json").as_deref(), Some("/apis/apps/v1"));
        assert_eq!(of("d/apis-aggregated.json").as_deref(), Some("/apis"));
        assert_eq!(of("d/openapi-v3/api_v1.json.gz").as_deref(), Some("/openapi/v3/api/v1"));
        assert_eq!(stem(Path::new("d/openapi-v2.json.gz")), "openapi-v2");
        assert_eq!(of("d/version.json"), None);
    }
}
