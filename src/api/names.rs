//! What may be a name: the rules for names, label keys and values, ports and keys, with upstream's sentences.
//!
//! Every function returns the list of what is wrong (empty: nothing), because the API server reports all of them.
//! Follows `k8s.io/apimachinery/pkg/util/validation/validation.go` and, for labels,
//! `k8s.io/apimachinery/pkg/api/validate/content`. The two packages word "too long" differently (characters, bytes).
//! The patterns are matched by hand: they are so simple that a regular expression engine would cost more than it saves.

const DNS1123_LABEL: &str = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const DNS1123_SUBDOMAIN: &str = "[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*";
const QUALIFIED_NAME: &str = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";

/// Longest DNS label, label value, name part of a label key: 63 bytes.
pub const LABEL_MAX: usize = 63;
/// Longest DNS subdomain, and key of a `ConfigMap` or `Secret`: 253 bytes.
pub const SUBDOMAIN_MAX: usize = 253;

/// The sentence for a broken pattern, with examples (upstream's `RegexError`, double spaces included).
#[must_use]
pub fn pattern_error(message: &str, pattern: &str, examples: &[&str]) -> String {
    if examples.is_empty() {
        return format!("{message} (regex used for validation is '{pattern}')");
    }
    let quoted: Vec<String> = examples.iter().map(|example| format!("'{example}', ")).collect();
    format!("{message} (e.g. {}regex used for validation is '{pattern}')", quoted.join(" or "))
}

/// "must be no more than … characters".
#[must_use]
pub fn too_long(max: usize) -> String {
    format!("must be no more than {max} characters")
}

/// "must be between … and …, inclusive".
#[must_use]
pub fn out_of_range(low: i64, high: i64) -> String {
    format!("must be between {low} and {high}, inclusive")
}

fn is_lower_alphanumeric(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit()
}

fn matches_dns_label(value: &str) -> bool {
    let bytes = value.as_bytes();
    let ends = [bytes.first(), bytes.last()];
    ends.iter().all(|end| end.is_some_and(|&byte| is_lower_alphanumeric(byte)))
        && bytes.iter().all(|&byte| byte == b'-' || is_lower_alphanumeric(byte))
}

fn matches_dns_subdomain(value: &str) -> bool {
    value.split('.').all(matches_dns_label)
}

fn matches_qualified(value: &str) -> bool {
    let bytes = value.as_bytes();
    let ends = [bytes.first(), bytes.last()];
    ends.iter().all(|end| end.is_some_and(u8::is_ascii_alphanumeric))
        && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(byte))
}

/// A DNS label as RFC 1123 has it: names of namespaces, containers, ports of services (`IsDNS1123Label`).
#[must_use]
pub fn dns1123_label(value: &str) -> Vec<String> {
    let mut errors = Vec::new();
    if value.len() > LABEL_MAX {
        errors.push(too_long(LABEL_MAX));
    }
    if !matches_dns_label(value) {
        errors.push(if matches_dns_subdomain(value) {
            "must not contain dots".to_owned()
        } else {
            pattern_error(
                "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character",
                DNS1123_LABEL,
                &["my-name", "123-abc"],
            )
        });
    }
    errors
}

/// A DNS subdomain as RFC 1123 has it: names of most objects (`IsDNS1123Subdomain`).
#[must_use]
pub fn dns1123_subdomain(value: &str) -> Vec<String> {
    let mut errors = Vec::new();
    if value.len() > SUBDOMAIN_MAX {
        errors.push(too_long(SUBDOMAIN_MAX));
    }
    if !matches_dns_subdomain(value) {
        errors.push(subdomain_pattern_error());
    }
    errors
}

fn subdomain_pattern_error() -> String {
    pattern_error(
        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
        DNS1123_SUBDOMAIN,
        &["example.com"],
    )
}

/// `*.` and a subdomain: hosts of ingresses (`IsWildcardDNS1123Subdomain`).
#[must_use]
pub fn wildcard_dns1123_subdomain(value: &str) -> Vec<String> {
    let mut errors = Vec::new();
    if value.len() > SUBDOMAIN_MAX {
        errors.push(too_long(SUBDOMAIN_MAX));
    }
    if !value.strip_prefix("*.").is_some_and(matches_dns_subdomain) {
        errors.push(pattern_error(
            "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character",
            &format!("\\*\\.{DNS1123_SUBDOMAIN}"),
            &["*.example.com"],
        ));
    }
    errors
}

/// A DNS label that begins with a letter, as RFC 1035 has it (`IsDNS1035Label`).
#[must_use]
pub fn dns1035_label(value: &str) -> Vec<String> {
    let mut errors = Vec::new();
    if value.len() > LABEL_MAX {
        errors.push(too_long(LABEL_MAX));
    }
    if !matches_dns_label(value) || !value.starts_with(|first: char| first.is_ascii_lowercase()) {
        errors.push(pattern_error(
            "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
            "[a-z]([-a-z0-9]*[a-z0-9])?",
            &["my-name", "abc-123"],
        ));
    }
    errors
}

/// The same for a name that will be a prefix (`generateName`): the end `x-` counts as `a`, as in upstream's
/// `maskTrailingDash`, because more characters will follow the dash.
#[must_use]
pub fn as_prefix(value: &str, rule: fn(&str) -> Vec<String>) -> Vec<String> {
    let mut masked = value.to_owned();
    if masked.len() > 1 && masked.ends_with('-') {
        masked.pop();
        masked.pop();
        masked.push('a');
    }
    rule(&masked)
}

/// A label key, taint key, annotation key, resource name: `[prefix/]name` (`IsQualifiedName`).
#[must_use]
pub fn qualified_name(value: &str) -> Vec<String> {
    let pattern = |prefix: &str| {
        let message = format!(
            "{prefix}must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character"
        );
        pattern_error(&message, QUALIFIED_NAME, &["MyName", "my.name", "123-abc"])
    };
    let mut errors = Vec::new();
    let name = match value.split('/').collect::<Vec<_>>()[..] {
        [name] => name,
        [prefix, name] => {
            errors.extend(prefix_errors(prefix));
            name
        }
        _ => {
            let message = pattern("a qualified name ");
            return vec![format!(
                "{message} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
            )];
        }
    };
    if name.is_empty() {
        errors.push("name part must be non-empty".to_owned());
    } else if name.len() > LABEL_MAX {
        errors.push(format!("name part must be no more than {LABEL_MAX} bytes"));
    }
    if !matches_qualified(name) {
        errors.push(pattern("name part "));
    }
    errors
}

fn prefix_errors(prefix: &str) -> Vec<String> {
    if prefix.is_empty() {
        return vec!["prefix part must be non-empty".to_owned()];
    }
    let mut errors = Vec::new();
    if prefix.len() > SUBDOMAIN_MAX {
        errors.push(format!("prefix part must be no more than {SUBDOMAIN_MAX} bytes"));
    }
    if !matches_dns_subdomain(prefix) {
        errors.push(format!("prefix part {}", subdomain_pattern_error()));
    }
    errors
}

/// A label's value; empty is fine (`IsValidLabelValue`).
#[must_use]
pub fn label_value(value: &str) -> Vec<String> {
    let mut errors = Vec::new();
    if value.len() > LABEL_MAX {
        errors.push(format!("must be no more than {LABEL_MAX} bytes"));
    }
    if !value.is_empty() && !matches_qualified(value) {
        errors.push(pattern_error(
            "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
            &format!("({QUALIFIED_NAME})?"),
            &["MyValue", "my_value", "12345"],
        ));
    }
    errors
}

/// The name of a port of a container, at most 15 bytes (`IsValidPortName`).
#[must_use]
pub fn port_name(value: &str) -> Vec<String> {
    let mut errors = Vec::new();
    if value.len() > 15 {
        errors.push(too_long(15));
    }
    if value.is_empty() || !value.bytes().all(|byte| byte == b'-' || is_lower_alphanumeric(byte)) {
        errors.push("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)".to_owned());
    }
    if !value.bytes().any(|byte| byte.is_ascii_lowercase()) {
        errors.push("must contain at least one letter (a-z)".to_owned());
    }
    if value.contains("--") {
        errors.push("must not contain consecutive hyphens".to_owned());
    }
    if value.starts_with('-') || value.ends_with('-') {
        errors.push("must not begin or end with a hyphen".to_owned());
    }
    errors
}

/// A port number from 1 to 65535 (`IsValidPortNum`).
#[must_use]
pub fn port_number(value: i64) -> Vec<String> {
    if (1..=65535).contains(&value) { Vec::new() } else { vec![out_of_range(1, 65535)] }
}

/// A key of a `ConfigMap` or `Secret` (`IsConfigMapKey`).
#[must_use]
pub fn config_key(value: &str) -> Vec<String> {
    let mut errors = Vec::new();
    if value.len() > SUBDOMAIN_MAX {
        errors.push(too_long(SUBDOMAIN_MAX));
    }
    if value.is_empty() || !value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte)) {
        errors.push(pattern_error(
            "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
            "[-._a-zA-Z0-9]+",
            &["key.name", "KEY_NAME", "key-name"],
        ));
    }
    match value {
        "." => errors.push("must not be '.'".to_owned()),
        ".." => errors.push("must not be '..'".to_owned()),
        _ if value.starts_with("..") => errors.push("must not start with '..'".to_owned()),
        _ => {}
    }
    errors
}

/// The name of an environment variable: printable ASCII without `=` (`IsRelaxedEnvVarName`, the rule since v1.34).
#[must_use]
pub fn environment_name(value: &str) -> Vec<String> {
    let mut errors = Vec::new();
    if value.is_empty() {
        errors.push("environment variable name must be non-empty".to_owned());
    }
    if !value.bytes().all(|byte| (b' '..=b'~').contains(&byte) && byte != b'=') {
        errors.push(
            "a valid environment variable name must consist only of printable ASCII characters other than '='"
                .to_owned(),
        );
    }
    errors
}

/// The name of an HTTP header (`IsHTTPHeaderName`).
#[must_use]
pub fn http_header_name(value: &str) -> Vec<String> {
    if !value.is_empty() && value.bytes().all(|byte| byte == b'-' || byte.is_ascii_alphanumeric()) {
        return Vec::new();
    }
    let message = "a valid HTTP header must consist of alphanumeric characters or '-'";
    vec![pattern_error(message, "[-A-Za-z0-9]+", &["X-Header-Name"])]
}

/// A segment of a path: names of roles and of what refers to anything (`IsValidPathSegmentName`).
#[must_use]
pub fn path_segment(value: &str) -> Vec<String> {
    if matches!(value, "." | "..") {
        return vec![format!("may not be '{value}'")];
    }
    ["/", "%"].iter().filter(|sign| value.contains(**sign)).map(|sign| format!("may not contain '{sign}'")).collect()
}

/// Digits and `%` (`IsValidPercent`).
#[must_use]
pub fn percent(value: &str) -> Vec<String> {
    let digits = value.strip_suffix('%').unwrap_or_default();
    if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Vec::new();
    }
    let message = "a valid percent string must be a numeric string followed by an ending '%'";
    vec![pattern_error(message, "[0-9]+%", &["1%", "93%"])]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recorded_sentences() {
        assert_eq!(
            dns1123_subdomain("Web_1"),
            [
                "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
            ]
        );
        assert_eq!(dns1123_label("a.b"), ["must not contain dots"]);
        assert_eq!(
            qualified_name("/-x"),
            [
                "prefix part must be non-empty",
                "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
            ]
        );
        assert_eq!(label_value(&"a".repeat(64)), ["must be no more than 63 bytes"]);
        assert_eq!(dns1123_subdomain(&"a".repeat(254)), ["must be no more than 253 characters"]);
    }

    #[test]
    fn accepts() {
        for name in ["a", "1svc", "a-b", "0"] {
            assert!(dns1123_label(name).is_empty(), "{name}");
        }
        for key in ["app", "app.kubernetes.io/name", "A_b.c", "example.com/MyName"] {
            assert!(qualified_name(key).is_empty(), "{key}");
        }
        assert!(label_value("").is_empty() && label_value("v1.2_x").is_empty());
        assert!(dns1123_subdomain("kube-root-ca.crt").is_empty());
        assert!(wildcard_dns1123_subdomain("*.a.b").is_empty());
        assert!(as_prefix("web-", dns1123_subdomain).is_empty());
        assert!(environment_name("my var-1").is_empty());
    }

    #[test]
    fn refuses() {
        for name in ["", "-a", "a-", "A", "a_b"] {
            assert_eq!(dns1123_label(name).len(), 1, "{name}");
        }
        assert!(!dns1035_label("1svc").is_empty());
        assert!(!dns1123_subdomain("a..b").is_empty());
        assert_eq!(qualified_name("a/b/c").len(), 1);
        assert_eq!(port_name("123"), ["must contain at least one letter (a-z)"]);
        assert_eq!(port_name("-a--b").len(), 2);
        assert_eq!(config_key(".."), ["must not be '..'"]);
        assert_eq!(port_number(0), ["must be between 1 and 65535, inclusive"]);
        assert_eq!(environment_name("A=B").len(), 1);
        assert_eq!(percent("5").len(), 1);
    }
}
