//! Pages of lists: `limit` and `continue` (upstream: `k8s.io/apiserver/pkg/storage/continue.go`).

use crate::api::Request;
use crate::api::object::{Key, Object};
use crate::cluster::apiserver::watches::Selection;
use crate::cluster::wire::Reply;
use serde_json::{Value, json};

/// What is said when the revision of a list's first page is gone.
pub const EXPIRED: &str = "The provided continue parameter is too old to display a consistent list result. \
                           You can start a new list without the continue parameter.";

/// What is said when the revision of which exactly was to be listed is gone.
pub const TOO_OLD: &str = "The resourceVersion for the provided list is too old.";

/// Where a list goes on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Page {
    /// The revision of the first page.
    pub revision: u64,
    /// The last object already shown.
    pub after: Key,
}

impl Page {
    /// Reads a token; `None` for an empty one.
    pub fn parse(token: &str) -> Option<Self> {
        let value: Value = serde_json::from_str(&String::from_utf8(unbase64(token)?).ok()?).ok()?;
        let start = value["start"].as_str()?.trim_matches(['/', '\0']);
        let (namespace, name) = start.split_once('/').unwrap_or(("", start));
        Some(Self { revision: value["rv"].as_u64()?, after: Key::new(namespace, name) })
    }

    /// The token.
    pub fn token(&self) -> String {
        let start = format!("/{}\0", self.after);
        base64(json!({"v": "meta.k8s.io/v1", "rv": self.revision, "start": start}).to_string().as_bytes())
    }
}

/// The part of a list that the request asks for. `objects` come in order of their keys.
pub fn cut<'a>(
    objects: impl Iterator<Item = &'a Object>,
    selection: &Selection,
    request: &Request,
    revision: u64,
) -> Reply {
    let after = Page::parse(&request.options.continue_token).map(|page| page.after);
    let not_shown = |object: &&Object| after.as_ref().is_none_or(|after| object.key() > *after);
    let mut rest = objects.filter(not_shown).filter(|object| selection.matches(object));
    let limit = if request.options.limit == 0 { usize::MAX } else { request.options.limit };
    let items: Vec<Object> = rest.by_ref().take(limit).cloned().collect();
    let more = rest.next().is_some();
    // What is left can only be told where nothing is left out.
    let all = selection.labels.is_everything() && selection.fields.terms.is_empty();
    let remaining = (more && all).then(|| rest.count() + 1);
    let token = items.last().filter(|_| more).map(|last| Page { revision, after: last.key() }.token());
    Reply::List { items: items.into(), revision, continue_token: token.unwrap_or_default().into(), remaining }
}

const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Base64 for URLs, without padding (Go's `RawURLEncoding`).
fn base64(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let word = (0..3).fold(0_u32, |word, n| word << 8 | u32::from(chunk.get(n).copied().unwrap_or(0)));
        for n in 0..=chunk.len() {
            text.push(char::from(LETTERS[(word >> (18 - 6 * n) & 63) as usize]));
        }
    }
    text
}

fn unbase64(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let (mut word, mut bits) = (0_u32, 0);
    for letter in text.bytes() {
        let value = LETTERS.iter().position(|known| *known == letter)?;
        word = (word << 6 | u32::try_from(value).ok()?) & 0xffff;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from(word >> bits & 255).ok()?);
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_those_of_the_real_server() {
        let page = Page { revision: 7, after: Key::new("default", "web") };
        let token = page.token();
        assert_eq!(Page::parse(&token), Some(page));
        assert_eq!(Page::parse(""), None);
        let text = String::from_utf8(unbase64(&token).expect("base64")).expect("text");
        assert!(text.contains(r#""v":"meta.k8s.io/v1""#) && text.contains(r#""/default/web\u0000""#), "{text}");
    }

    #[test]
    fn base64_is_the_usual_one() {
        for (bytes, text) in [("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg")] {
            assert_eq!(base64(bytes.as_bytes()), text);
            assert_eq!(unbase64(text).as_deref(), Some(bytes.as_bytes()));
        }
    }
}
