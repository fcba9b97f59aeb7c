use serde_json::json;

use super::*;

fn values(text: &str) -> Vec<Value> {
    let read = read(text);
    assert_eq!(read.error, None, "{text}");
    read.documents.into_iter().map(|document| document.value).collect()
}

fn message(text: &str) -> String {
    read(text).error.expect("an error").message
}

#[test]
fn several_documents() {
    let text = "# licence\n---\na: 1\n---\n---\n# nothing\n---\nb: {c: [x, 'y', \"z\"]}\n--- # end\nd: |\n  e\n  f\n";
    let read = read(text);
    assert_eq!(read.error, None);
    let lines: Vec<usize> = read.documents.iter().map(|document| document.line).collect();
    assert_eq!(lines, [3, 8, 10]);
    assert_eq!(read.documents[1].value, json!({"b": {"c": ["x", "y", "z"]}}));
    assert_eq!(read.documents[2].value, json!({"d": "e\nf\n"}));
    assert_eq!(read.documents[2].index, 2);
    assert!(values("").is_empty() && values("---\n---\n# x\n").is_empty());
}

#[test]
fn json_and_kyaml() {
    assert_eq!(values("{\"a\": 1}\n{\"b\": \"\\u00e9\"}"), [json!({"a": 1}), json!({"b": "é"})]);
    let kyaml =
        "---\n{\n  # a comment\n  apiVersion: \"v1\",\n  metadata: { name: \"x\", labels: {}, },\n  l: [ 1, ],\n}\n";
    assert_eq!(values(kyaml), [json!({"apiVersion": "v1", "metadata": {"name": "x", "labels": {}}, "l": [1]})]);
    assert_eq!(values("{ a: \"b\", }"), [json!({"a": "b"})]);
    assert_eq!(values("\u{feff}a: 1"), [json!({"a": 1})]);
    assert_eq!(values("a: 1\r\n---\r\nb: 2\r\n"), [json!({"a": 1}), json!({"b": 2})]);
}

#[test]
fn lists_become_their_items() {
    let text = "apiVersion: v1\nkind: List\nitems:\n- kind: Pod\n  a: 1\n- apiVersion: v1\n  kind: PodList\n  items:\n  - b: 2\n";
    let expected = [json!({"kind": "Pod", "a": 1}), json!({"apiVersion": "v1", "kind": "Pod", "b": 2})];
    assert_eq!(values(text), expected);
    assert_eq!(locate(text, 1, "b"), Some(Position { line: 9, column: 5 }));
}

#[test]
fn merge_keys_and_anchors() {
    let text = "base: &b {x: 1, z: 2}\none: {<<: *b, z: 3}\nlist: [*b]\nboth: {<<: [{x: 7}, *b]}\n";
    let expected = json!({
        "base": {"x": 1, "z": 2}, "one": {"x": 1, "z": 3}, "list": [{"x": 1, "z": 2}], "both": {"x": 7, "z": 2}
    });
    assert_eq!(values(text), [expected]);
    assert!(message("a: {<<: 3}").ends_with("map merge requires map or sequence of maps as the value"));
}

#[test]
fn keys_that_appear_twice() {
    let text = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: p\nspec:\n  containers:\n  - name: c\n    image: nginx\n    image: other\n";
    let read = read(text);
    assert_eq!(read.documents[0].value["spec"]["containers"][0]["image"], "other");
    assert_eq!(
        read.documents[0].strict_error().as_deref(),
        Some("yaml: unmarshal errors:\n  line 9: key \"image\" already set in map")
    );
    assert_eq!(read.documents[0].duplicates[0].at, Position { line: 9, column: 5 });
}

#[test]
fn recorded_sentences() {
    let tab = read("a: 1\n---\napiVersion: v1\nkind: Pod\nmetadata:\n\tname: x\n");
    assert_eq!(tab.documents.len(), 1);
    let error = tab.error.expect("an error");
    assert_eq!(
        error.in_file("m.yaml"),
        "error parsing m.yaml: error converting YAML to JSON: yaml: line 4: found character that cannot start any token"
    );
    assert_eq!(error.at.line, 6);
    assert_eq!(
        message("a: 1\nspec:\n      b: 1\n      c:\n      -   name: http\n        protocol: HTTP\n"),
        "error converting YAML to JSON: yaml: line 5: did not find expected key"
    );
    assert_eq!(
        message("apiVersion: apps/v1\n    kind: Deployment\n"),
        "error converting YAML to JSON: yaml: line 2: mapping values are not allowed in this context"
    );
    assert_eq!(
        message("a: {{cell}}"),
        "error converting YAML to JSON: yaml: invalid map key: map[interface {}]interface {}{\"cell\":interface {}(nil)}"
    );
    assert_eq!(message("--- x\na: 1"), "invalid Yaml document separator: x");
    assert_eq!(read("a: 1\n--- x\nb: 1").documents.len(), 0);
    let tail = "; if you choose to ignore these errors, turn validation off with --validate=false";
    assert_eq!(
        read("just a text").error.expect("an error").in_file("m.yaml"),
        format!("error validating \"m.yaml\": error validating data: invalid object to validate{tail}")
    );
    assert_eq!(
        read("a: 1").documents[0].check_type().unwrap_err().in_file("m.yaml"),
        format!("error validating \"m.yaml\": error validating data: [apiVersion not set, kind not set]{tail}")
    );
    assert_eq!(message("a: *b"), "error converting YAML to JSON: yaml: unknown anchor 'b' referenced");
    assert_eq!(message("a: &a [*a]"), "error converting YAML to JSON: yaml: anchor 'a' value contains itself");
}

#[test]
fn budgets() {
    let mut laughs = String::from("a0: &a0 [x,x,x,x,x,x,x,x,x]\n");
    for level in 1..10 {
        let previous = vec![format!("*a{}", level - 1); 9].join(",");
        laughs.extend(format!("a{level}: &a{level} [{previous}]\n").chars());
    }
    assert_eq!(message(&laughs), "error converting YAML to JSON: yaml: document contains excessive aliasing");
    assert!(message(&format!("a: {}", "[".repeat(100_000))).contains("exceeded max depth of 255"));
    let steps: Vec<String> = (0..300).map(|depth| format!("{}a:", " ".repeat(depth))).collect();
    assert!(message(&steps.join("\n")).contains("exceeded max depth of 255"));
    assert!(read(&" ".repeat(MAX_BYTES + 1)).error.is_some());
    // Aliases may not pile up what the parser's own limit allows once.
    let mut tower = format!("- &a0 {}{}\n", "[".repeat(200), "]".repeat(200));
    for level in 1..100 {
        let nested = format!("{}*a{}{}", "[".repeat(200), level - 1, "]".repeat(200));
        tower.extend(format!("- &a{level} {nested}\n").chars());
    }
    assert!(message(&tower).ends_with("exceeded max depth of 512"));
}

#[test]
fn fields_have_places() {
    let text = "a: 1\n---\nspec:\n  template:\n    spec:\n      containers:\n      - name: a\n      - name: b\n        ports:\n        - {name: x, containerPort: 80}\n  labels:\n    app.kubernetes.io/name: x\n";
    let at = |path| locate(text, 1, path).map(|place| (place.line, place.column));
    assert_eq!(at("spec.template.spec.containers[1].ports[0].containerPort"), Some((10, 21)));
    assert_eq!(at("spec.template.spec.containers[1].name"), Some((8, 9)));
    assert_eq!(at("spec.template.spec.containers[0].image.x"), Some((7, 9)));
    assert_eq!(at("spec.labels[app.kubernetes.io/name]"), Some((12, 5)));
    assert_eq!(at("spec.labels.app.kubernetes.io/name"), Some((12, 5)));
    assert_eq!(at("status"), Some((3, 1)));
    assert_eq!(locate(text, 2, "spec"), None);
    let after_empty = "---\n# nothing\n---\n---\na:\n  b: 1\n---\nc: 1\n--- x";
    assert_eq!(locate(after_empty, 0, "a.b"), Some(Position { line: 6, column: 3 }));
    assert_eq!(locate("{\n\t\"a\": {\"b\": 1}\n}", 0, "a.b"), Some(Position { line: 2, column: 8 }));
}
