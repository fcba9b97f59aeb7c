//! Where a field stands in the source, so that the server's answer can light up its line.

use super::Position;
use super::chunks;
use super::tree::{self, Kind, Node};

/// The place of a field of the n-th document ([`super::Document::index`]): of its key, or of its item in a list. If the
/// field does not exist, the place of its nearest parent that does.
///
/// Paths are those of the API's messages: `spec.containers[0].image`, `metadata.labels[app.kubernetes.io/name]`.
#[must_use]
pub fn locate(text: &str, document: usize, path: &str) -> Option<Position> {
    // JSON allows tabs where YAML does not; a tab is one character, as a space is.
    let json = text.trim_start().starts_with('{').then(|| text.replace('\t', " "));
    let mut seen = 0;
    for chunk in chunks::split(json.as_deref().unwrap_or(text)).0 {
        let Some(root) = tree::parse(&chunk).ok()? else { continue };
        let objects = objects(&root);
        if let Some(object) = objects.get(document - seen) {
            return Some(chunk.position(walk(object, path).mark));
        }
        seen += objects.len();
    }
    None
}

/// The objects of a document: the items of a list, or itself; none if it is empty.
fn objects(root: &Node) -> Vec<&Node> {
    if matches!(&root.kind, Kind::Scalar { .. }) {
        return Vec::new();
    }
    let is_list = child(root, "kind")
        .is_some_and(|(_, kind)| matches!(&target(kind).kind, Kind::Scalar { text, .. } if text.ends_with("List")));
    match child(root, "items").map(|(_, items)| &target(items).kind) {
        Some(Kind::Sequence(items)) if is_list => items.iter().flat_map(|item| objects(item)).collect(),
        _ => vec![root],
    }
}

fn target(node: &Node) -> &Node {
    match &node.kind {
        Kind::Alias(target) => target,
        _ => node,
    }
}

/// The key and the value of an entry.
fn child<'a>(node: &'a Node, name: &str) -> Option<(&'a Node, &'a Node)> {
    let Kind::Mapping(entries) = &target(node).kind else { return None };
    let named = |key: &Node| matches!(&key.kind, Kind::Scalar { text, .. } if text == name);
    entries.iter().rev().find(|(key, _)| named(key)).map(|(key, value)| (&**key, &**value))
}

/// The deepest node on the path: the key that names it, or the item.
fn walk<'a>(root: &'a Node, path: &str) -> &'a Node {
    let segments = segments(path);
    let (mut place, mut node, mut at) = (root, root, 0);
    while at < segments.len() {
        let Some((key, value, used)) = step(node, &segments[at..]) else { break };
        (place, node, at) = (key, value, at + used);
    }
    place
}

/// One step along the path and how many segments it took: keys may contain dots.
fn step<'a>(node: &'a Node, segments: &[&str]) -> Option<(&'a Node, &'a Node, usize)> {
    if let Kind::Sequence(items) = &target(node).kind {
        // Some messages leave indices out: then only one item can be meant, or none is.
        let (item, used) = match (segments.first()?.parse::<usize>(), items.as_slice()) {
            (Ok(index), _) => (items.get(index)?, 1),
            (Err(_), [only]) => (only, 0),
            _ => return None,
        };
        return Some((item, item, used));
    }
    (1..=segments.len()).find_map(|used| {
        let (key, value) = child(node, &segments[..used].join("."))?;
        Some((key, value, used))
    })
}

/// `a.b[0][x.y]` → `a`, `b`, `0`, `x.y`.
fn segments(path: &str) -> Vec<&str> {
    let mut segments = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        let (segment, tail) = match rest.strip_prefix('[') {
            Some(inside) => inside.split_once(']').unwrap_or((inside, "")),
            None => rest.split_at(rest.find(['.', '[']).unwrap_or(rest.len())),
        };
        segments.push(segment);
        rest = tail.strip_prefix('.').unwrap_or(tail);
    }
    segments
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_may_be_left_out_where_there_is_one_item() {
        let text = |items: &str| format!("spec:\n  containers:\n{items}");
        let line = |text: &str| locate(text, 0, "spec.containers.ports").map(|place| place.line);
        assert_eq!(line(&text("  - name: a\n    ports: x\n")), Some(4));
        assert_eq!(line(&text("  - name: a\n    ports: x\n  - name: b\n")), Some(2));
    }

    #[test]
    fn paths() {
        assert_eq!(segments("spec.containers[0].image"), ["spec", "containers", "0", "image"]);
        assert_eq!(segments("metadata.labels[a.b/c]"), ["metadata", "labels", "a.b/c"]);
        assert_eq!(segments(""), Vec::<&str>::new());
    }
}
