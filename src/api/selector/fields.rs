//! Field selectors: equality on a few fields of an object (`k8s.io/apimachinery/pkg/fields/selector.go`).

use std::fmt;

/// One comparison of a field selector.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FieldTerm {
    /// The field, for example `spec.nodeName`.
    pub field: String,
    /// Whether it must be equal (`=`, `==`) or different (`!=`).
    pub equal: bool,
    /// The value; an absent field counts as empty.
    pub value: String,
}

/// A field selector: all its terms must hold; none: every object.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FieldSelector {
    /// The comparisons in the order written.
    pub terms: Vec<FieldTerm>,
}

impl FieldSelector {
    /// Reads `metadata.name=web,spec.nodeName!=n1`; `\` escapes `\`, `,` and `=` inside values.
    ///
    /// # Errors
    /// Upstream's sentence when a part is no comparison or an escape is wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut terms = Vec::new();
        for part in split_terms(text) {
            if part.is_empty() {
                continue;
            }
            let (field, equal, value) =
                split_term(part).ok_or_else(|| format!("invalid selector: '{text}'; can't understand '{part}'"))?;
            terms.push(FieldTerm { field: field.to_owned(), equal, value: unescape(value)? });
        }
        Ok(Self { terms })
    }

    /// Whether an object is selected; `field` gives the values of its fields (an unknown one counts as empty).
    pub fn matches<'a>(&self, field: impl Fn(&str) -> Option<&'a str>) -> bool {
        self.terms.iter().all(|term| (field(&term.field).unwrap_or_default() == term.value) == term.equal)
    }

    /// The value that a field must have, if one is required.
    #[must_use]
    pub fn required(&self, field: &str) -> Option<&str> {
        self.terms.iter().find(|term| term.equal && term.field == field).map(|term| term.value.as_str())
    }

    /// Whether it selects every object.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        self.terms.is_empty()
    }
}

/// Splits at commas that are not escaped.
fn split_terms(text: &str) -> Vec<&str> {
    let mut terms = Vec::new();
    let (mut start, mut escaped) = (0, false);
    for (index, byte) in text.bytes().enumerate() {
        if byte == b',' && !escaped {
            terms.push(&text[start..index]);
            start = index + 1;
        }
        escaped = byte == b'\\' && !escaped;
    }
    terms.push(&text[start..]);
    terms
}

/// Field, whether equal, and raw value: the first operator counts.
fn split_term(term: &str) -> Option<(&str, bool, &str)> {
    let at = (0..term.len())
        .find(|&at| term.is_char_boundary(at) && (term[at..].starts_with("!=") || term[at..].starts_with('=')))?;
    let (field, rest) = term.split_at(at);
    let (equal, value) = match rest.strip_prefix("!=") {
        Some(value) => (false, value),
        None => (true, rest.strip_prefix("==").or_else(|| rest.strip_prefix('='))?),
    };
    Some((field, equal, value))
}

fn unescape(value: &str) -> Result<String, String> {
    let mut plain = String::with_capacity(value.len());
    let mut rest = value.chars();
    while let Some(c) = rest.next() {
        match c {
            '\\' => match rest.next() {
                Some(escaped @ ('\\' | ',' | '=')) => plain.push(escaped),
                Some(other) => {
                    return Err(format!("invalid field selector: invalid escape sequence: \\{other}"));
                }
                None => {
                    return Err("invalid field selector: invalid escape sequence: \\".to_owned());
                }
            },
            ',' | '=' => {
                return Err(format!("invalid field selector: unescaped character in value: {c}"));
            }
            other => plain.push(other),
        }
    }
    Ok(plain)
}

impl fmt::Display for FieldSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, term) in self.terms.iter().enumerate() {
            let comma = if index > 0 { "," } else { "" };
            let operator = if term.equal { "=" } else { "!=" };
            let value = term.value.replace('\\', "\\\\").replace(',', "\\,").replace('=', "\\=");
            write!(f, "{comma}{}{operator}{value}", term.field)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_and_matches() {
        let selector = FieldSelector::parse("metadata.name=web,spec.nodeName!=n1").unwrap();
        let field = |name: &str| match name {
            "metadata.name" => Some("web"),
            _ => None,
        };
        assert!(selector.matches(field));
        assert_eq!(selector.required("metadata.name"), Some("web"));
        assert_eq!(selector.to_string(), "metadata.name=web,spec.nodeName!=n1");
        assert!(!FieldSelector::parse("spec.nodeName==n1").unwrap().matches(field));
        assert!(FieldSelector::parse("").unwrap().is_everything());
        assert_eq!(FieldSelector::parse("a=b\\,c,d!=").unwrap().to_string(), "a=b\\,c,d!=");
    }

    #[test]
    fn sentences() {
        let error = |text| FieldSelector::parse(text).unwrap_err();
        assert_eq!(error("foo"), "invalid selector: 'foo'; can't understand 'foo'");
        assert_eq!(error("a=b=c"), "invalid field selector: unescaped character in value: =");
        assert_eq!(error("a=\\x"), "invalid field selector: invalid escape sequence: \\x");
    }
}
