//! Real HTTP requests into [`Request`] values (upstream: `apiserver/pkg/endpoints/request/requestinfo.go`).

mod options;

use self::options::{delete_options, options};
use super::{Body, FieldValidation, PatchType, Request, Target, Verb};
use crate::api::kinds::{KINDS, Kind};
use crate::api::manifest;
use crate::api::metrics;
use crate::api::object::ObjectRef;
use crate::api::status::Status;
use serde_json::Value;
use std::rc::Rc;

const JSON: &str = "application/json";
const YAML: &str = "application/yaml";

/// Parameters of the query in their order.
type Query = Vec<(String, String)>;

impl Request {
    /// Reads a request as it comes over HTTP. `path` includes the query; `content_type` may be empty.
    ///
    /// # Errors
    /// What the server answers: 404 for a path that leads nowhere, 405 for a method that does not belong there, 415 for
    /// a body in an unknown format, 400 for one that cannot be read or for a parameter that makes no sense.
    pub fn parse(method: &str, path: &str, content_type: &str, body: &str) -> Result<Self, Status> {
        Self::parse_among(&[], (method, path), (content_type, body))
    }

    /// The same where there are further kinds beside the built-in ones: method and path, content type and body.
    ///
    /// # Errors
    /// As [`Request::parse`].
    pub fn parse_among(
        custom: &[&'static Kind],
        (method, path): (&str, &str),
        (content_type, body): (&str, &str),
    ) -> Result<Self, Status> {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let query = parse_query(query);
        let target = parse_path(path, custom)?;
        let watches = parameter(&query, "watch").is_some_and(is_true);
        let verb = verb(method, &target, watches)?;
        let mut options = options(&query, verb)?;
        let (target, body) = match verb {
            Verb::Create | Verb::Update => document(target, content_type, body, options.field_validation)?,
            Verb::Patch => {
                let body = patch(content_type, body, options.field_validation)?;
                (target, body)
            }
            Verb::Delete | Verb::DeleteCollection => {
                let (deletion, dry_run) = delete_options(&query, body)?;
                options.dry_run |= dry_run;
                (target, Body::Delete(deletion))
            }
            _ => (target, Body::Empty),
        };
        Ok(Self { verb, target, options, body })
    }

    /// A parameter of the query of a path, decoded.
    #[must_use]
    pub fn parameter(path: &str, name: &str) -> Option<String> {
        let (_, query) = path.split_once('?')?;
        parameter(&parse_query(query), name).map(str::to_owned)
    }
}

fn parse_path(path: &str, custom: &[&'static Kind]) -> Result<Target, Status> {
    let parts: Vec<String> = path.split('/').filter(|part| !part.is_empty()).map(decode).collect();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    let (group, version, mut rest) = match parts.as_slice() {
        ["api", version, rest @ ..] => ("", *version, rest),
        ["apis", group, version, rest @ ..] => (*group, *version, rest),
        _ => return Err(Status::no_such_path()),
    };
    let mut namespace = "";
    if let ["namespaces", name, beyond, ..] = rest
        && !matches!(*beyond, "status" | "finalize")
    {
        namespace = name;
        rest = &rest[2..];
    }
    if let Some(target) = metrics::target((group, version), namespace, rest) {
        return Ok(target);
    }
    let [plural, rest @ ..] = rest else { return Err(Status::no_such_path()) };
    let here = |kind: &&&Kind| kind.group == group && kind.version == version && kind.plural == *plural;
    let kind: &'static Kind = KINDS.iter().chain(custom).find(here).ok_or_else(Status::no_such_path)?;
    let (name, subresource) = match rest {
        [] => ("", ""),
        [name] => (*name, ""),
        [name, subresource] => (*name, *subresource),
        _ => return Err(Status::no_such_path()),
    };
    let misplaced = kind.namespaced == namespace.is_empty() && (!kind.namespaced || !name.is_empty());
    let known = kind.subresources.iter().copied().find(|known| *known == subresource);
    let subresource = if subresource.is_empty() { Some("") } else { known };
    match subresource {
        Some(subresource) if !misplaced => Ok(Target { object: ObjectRef::new(kind, namespace, name), subresource }),
        _ => Err(Status::no_such_path()),
    }
}

fn verb(method: &str, target: &Target, watches: bool) -> Result<Verb, Status> {
    let one = !target.object.key.name.is_empty();
    let missing_namespace = target.object.kind.namespaced && target.object.key.namespace.is_empty();
    let verb = match (method, one) {
        ("GET" | "HEAD", _) if watches => Verb::Watch,
        ("GET" | "HEAD", true) => Verb::Get,
        ("GET" | "HEAD", false) => Verb::List,
        ("POST", false) if !missing_namespace => Verb::Create,
        ("POST", true) if !target.subresource.is_empty() => Verb::Create,
        ("PUT", true) => Verb::Update,
        ("PATCH", true) => Verb::Patch,
        ("DELETE", true) => Verb::Delete,
        ("DELETE", false) if !missing_namespace => Verb::DeleteCollection,
        _ => return Err(Status::method_not_allowed()),
    };
    Ok(verb)
}

fn parse_query(query: &str) -> Query {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(key, value)| (decode(key), decode(value)))
        .collect()
}

/// Undoes percent encoding; `+` is a space as in forms.
fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [byte, tail @ ..] = rest {
        let escaped = if *byte == b'%' { tail.first_chunk::<2>().and_then(|pair| hex(*pair)) } else { None };
        bytes.push(escaped.unwrap_or(if *byte == b'+' { b' ' } else { *byte }));
        rest = if escaped.is_some() { &tail[2..] } else { tail };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn hex(pair: [u8; 2]) -> Option<u8> {
    u8::from_str_radix(std::str::from_utf8(&pair).ok()?, 16).ok()
}

fn parameter<'a>(query: &'a Query, name: &str) -> Option<&'a str> {
    query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}

fn is_true(value: &str) -> bool {
    !matches!(value, "0" | "false")
}

fn media_type(content_type: &str) -> &str {
    content_type.split(';').next().unwrap_or_default().trim()
}

/// The object of a creation or replacement. Its name is the target's if the path does not name one.
fn document(target: Target, content_type: &str, text: &str, strict: FieldValidation) -> Result<(Target, Body), Status> {
    let kind = target.object.kind;
    let value = match media_type(content_type) {
        "" | JSON => json(text, kind)?,
        YAML => yaml(text, kind, strict)?,
        _ => {
            return Err(Status::unsupported_media_type(
                "the body of the request was in an unknown format - accepted media types include: application/json, \
                 application/yaml, application/vnd.kubernetes.protobuf",
            ));
        }
    };
    let name = value["metadata"]["name"].as_str().unwrap_or_default();
    let target =
        if target.object.key.name.is_empty() { Target::new(kind, &target.object.key.namespace, name) } else { target };
    Ok((target, Body::Document(Rc::new(value))))
}

fn json(text: &str, kind: &Kind) -> Result<Value, Status> {
    serde_json::from_str(text).map_err(|error| {
        let error = manifest::json_error(text).unwrap_or_else(|| error.to_string());
        unrecognized(kind, &format!("couldn't get version/kind; json parse error: {error}"), text)
    })
}

fn unrecognized(kind: &Kind, why: &str, text: &str) -> Status {
    let kind = kind.kind;
    Status::bad_request(format!("the object provided is unrecognized (must be of type {kind}): {why} ({text})"))
}

fn yaml(text: &str, kind: &Kind, strict: FieldValidation) -> Result<Value, Status> {
    let read = manifest::read(text);
    let Some(document) = read.documents.into_iter().next() else {
        let why = read.error.map_or_else(|| "Object 'Kind' is missing".to_owned(), |error| error.to_string());
        return Err(unrecognized(kind, &format!("couldn't get version/kind; json parse error: {why}"), text));
    };
    match document.strict_error().filter(|_| strict == FieldValidation::Strict) {
        Some(error) => {
            let text = |field: &str, default: &str| document.value[field].as_str().unwrap_or(default).to_owned();
            let (found, version) = (text("kind", kind.kind), text("apiVersion", kind.version));
            let version = version.rsplit('/').next().unwrap_or_default();
            Err(Status::bad_request(format!(
                "{found} in version \"{version}\" cannot be handled as a {found}: strict decoding error: {error}"
            )))
        }
        None => Ok(document.value),
    }
}

fn patch(content_type: &str, text: &str, strict: FieldValidation) -> Result<Body, Status> {
    let format = match media_type(content_type) {
        "application/json-patch+json" => PatchType::Json,
        "application/merge-patch+json" => PatchType::Merge,
        "application/strategic-merge-patch+json" => PatchType::Strategic,
        "application/apply-patch+yaml" => return applied(text, strict),
        _ => {
            return Err(Status::unsupported_media_type(
                "the body of the request was in an unknown format - accepted media types include: \
                 application/json-patch+json, application/merge-patch+json, application/strategic-merge-patch+json, \
                 application/apply-patch+yaml",
            ));
        }
    };
    let value: Value = serde_json::from_str(text).map_err(|error| {
        let error = manifest::json_error(text).unwrap_or_else(|| error.to_string());
        Status::bad_request(format!("error decoding patch: {error}"))
    })?;
    let (fits, wanted) = match format {
        PatchType::Json => (value.is_array(), "[]interface {}"),
        _ => (value.is_object(), "map[string]interface {}"),
    };
    if !fits {
        let error = format!("json: cannot unmarshal {} into Go value of type {wanted}", manifest::json_type(&value));
        let before = if format == PatchType::Strategic { "" } else { "error decoding patch: " };
        return Err(Status::bad_request(format!("{before}{error}")));
    }
    Ok(Body::Patch(format, Rc::new(value)))
}

/// What server-side apply is given: an object, in YAML (upstream: `handlers/patch.go`, `applyPatcher`).
fn applied(text: &str, strict: FieldValidation) -> Result<Body, Status> {
    let read = manifest::read(text);
    let Some(document) = read.documents.into_iter().next() else {
        let why = read.error.map_or_else(|| "the body is empty".to_owned(), |error| error.to_string());
        return Err(Status::bad_request(format!("error decoding YAML: {why}")));
    };
    match document.strict_error().filter(|_| strict == FieldValidation::Strict) {
        Some(error) => Err(Status::bad_request(format!("error decoding YAML: {error}"))),
        None => Ok(Body::Patch(PatchType::Apply, Rc::new(document.value))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::kinds;
    use crate::api::request::{DeleteOptions, Propagation};

    fn read(method: &str, path: &str) -> Request {
        Request::parse(method, path, JSON, "{}").expect("a request")
    }

    #[test]
    fn paths_lead_where_the_real_ones_lead() {
        for path in [
            "/api/v1/pods",
            "/api/v1/namespaces/default/pods/web",
            "/api/v1/namespaces/default/pods/web/binding",
            "/api/v1/namespaces/blue",
            "/api/v1/namespaces/blue/finalize",
            "/apis/apps/v1/namespaces/default/deployments/web/scale",
        ] {
            assert_eq!(parse_path(path, &[]).expect(path).path(), path);
        }
        for path in [
            "/",
            "/api",
            "/api/v1",
            "/api/v1/boats",
            "/apis/apps/v1/pods",
            "/api/v1/pods/web",
            "/api/v1/namespaces/a/nodes/b",
        ] {
            assert_eq!(parse_path(path, &[]).expect_err(path).code, 404, "{path}");
        }
    }

    #[test]
    fn methods_become_verbs() {
        assert_eq!(read("GET", "/api/v1/pods").verb, Verb::List);
        assert_eq!(read("GET", "/api/v1/pods?watch=1&resourceVersion=7").verb, Verb::Watch);
        assert_eq!(read("GET", "/api/v1/nodes/a").verb, Verb::Get);
        assert_eq!(read("DELETE", "/api/v1/namespaces/a/pods").verb, Verb::DeleteCollection);
        for (method, path) in [
            ("POST", "/api/v1/pods"),
            ("POST", "/api/v1/namespaces/a/pods/b"),
            ("PUT", "/api/v1/nodes"),
            ("TRACE", "/api/v1/nodes"),
        ] {
            let status = Request::parse(method, path, JSON, "{}").expect_err("refused");
            assert_eq!((status.code, status.reason), (405, "MethodNotAllowed"));
        }
    }

    #[test]
    fn parameters_are_read_and_decoded() {
        let request = read("GET", "/api/v1/pods?labelSelector=app%20in+%28a%2Cb%29&limit=5&allowWatchBookmarks=true");
        assert_eq!(&*request.options.label_selector, "app in (a,b)");
        assert!(request.options.bookmarks);
        assert_eq!(request.options.limit, 5);
        let refused = |path: &str| Request::parse("GET", path, "", "").expect_err("refused").message;
        assert_eq!(refused("/api/v1/pods?limit=x"), "strconv.ParseInt: parsing \"x\": invalid syntax");
        assert_eq!(refused("/api/v1/pods?timeoutSeconds=1s"), "strconv.ParseInt: parsing \"1s\": invalid syntax");
        let long = "a".repeat(129);
        let create = |query: &str| {
            let path = format!("/api/v1/namespaces/a/pods?fieldManager={query}");
            Request::parse("POST", &path, JSON, "{}").expect_err("refused").message
        };
        assert_eq!(
            create(&long),
            "CreateOptions.meta.k8s.io \"\" is invalid: fieldManager: Too long: may not be more than 128 bytes"
        );
        assert!(create("%01").ends_with("invalid character U+0001 (at position 0)"));
        let patch = |format: &str, text: &str| {
            let format = format!("application/{format}+json");
            Request::parse("PATCH", "/api/v1/nodes/a", &format, text).expect_err("refused").message
        };
        let map = "json: cannot unmarshal array into Go value of type map[string]interface {}";
        assert_eq!(patch("merge-patch", "[]"), format!("error decoding patch: {map}"));
        assert_eq!(patch("strategic-merge-patch", "[]"), map);
        assert_eq!(
            patch("json-patch", "{}"),
            "error decoding patch: json: cannot unmarshal object into Go value of type []interface {}"
        );
        let status = Request::parse("GET", "/api/v1/pods?resourceVersion=abc", "", "").expect_err("refused");
        assert_eq!(
            status.message,
            "invalid resource version: resourceVersion: Invalid value: \"abc\": strconv.ParseUint: parsing \"abc\": invalid syntax"
        );
    }

    #[test]
    fn bodies_are_read_in_their_format() {
        let path = "/api/v1/namespaces/default/pods";
        let request = Request::parse("POST", path, YAML, "kind: Pod\nmetadata: {name: p}\n").expect("a request");
        assert_eq!(request.target, Target::new(&kinds::pod::KIND, "default", "p"));
        let broken = Request::parse("POST", path, "application/json; charset=utf-8", "{bad").expect_err("refused");
        assert_eq!(
            broken.message,
            "the object provided is unrecognized (must be of type Pod): couldn't get version/kind; json parse error: \
             invalid character 'b' looking for beginning of object key string ({bad)"
        );
        assert_eq!(Request::parse("POST", path, "text/plain", "x").expect_err("refused").code, 415);
        let deletion = r#"{"gracePeriodSeconds": 3, "preconditions": {"uid": "u"}, "propagationPolicy": "Orphan"}"#;
        let request = Request::parse("DELETE", &format!("{path}/p"), JSON, deletion).expect("a request");
        let options = DeleteOptions {
            grace_period_seconds: Some(3),
            uid: Some("u".into()),
            resource_version: None,
            propagation: Some(Propagation::Orphan),
        };
        assert_eq!(request.body, Body::Delete(options));
        let dry = |text: &str| Request::parse("DELETE", &format!("{path}/p"), JSON, text);
        assert!(dry(r#"{"dryRun": ["All"]}"#).expect("a request").options.dry_run);
        assert_eq!(dry(r#"{"dryRun": ["Some"]}"#).expect_err("refused").code, 422);
    }
}
