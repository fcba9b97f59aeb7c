//! What kubectl printed on its error channel: the server's words behind kubectl's wrapping, and its own.

use super::client::Trouble;
use super::difference::{cut, texts};
use crate::api::Status;
use std::collections::BTreeSet;

/// What a command printed.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Printed {
    /// Warnings of the server.
    pub warnings: BTreeSet<String>,
    /// One entry for each thing that failed.
    pub failures: Vec<String>,
}

/// A warning of kubectl itself.
const OWN_WARNING: &str = "is missing the kubectl.kubernetes.io/last-applied-configuration annotation";
/// The second line of a failed mapping.
const HINT: &str = "ensure CRDs are installed first";
/// The beginning of a failure to read the metadata.
const UNREADABLE: &str = "error: unable to decode \"";
const MAPPING: &str = "resource mapping not found for name:";

/// Takes apart what was printed.
pub fn read(stderr: &str) -> Printed {
    let mut printed = Printed::default();
    for line in stderr.lines() {
        if let Some(warning) = line.strip_prefix("Warning: ") {
            if !warning.contains(OWN_WARNING) {
                printed.warnings.insert(warning.to_owned());
            }
            continue;
        }
        // Several failed mappings are printed as a list of Go.
        let line = line.strip_prefix(HINT).map_or(line, |rest| rest.trim_start_matches(", ").trim_end_matches(']'));
        let begins = ["error: ", "Error from server", "The ", MAPPING, "["].iter().any(|word| line.starts_with(word));
        match printed.failures.last_mut() {
            _ if line.is_empty() => {}
            Some(last) if !begins => {
                last.push('\n');
                last.push_str(line);
            }
            _ => printed.failures.push(line.trim_start_matches('[').to_owned()),
        }
    }
    printed
}

/// Whether what failed is what was printed; the first difference.
pub fn differ(at: &str, printed: &[String], ours: &[Trouble]) -> Option<String> {
    let mut left: Vec<&Trouble> = ours.iter().collect();
    for failure in printed {
        let said: Vec<Option<String>> = left.iter().map(|trouble| one(at, failure, trouble)).collect();
        let Some(place) = said.iter().position(Option::is_none) else {
            let first = said.into_iter().next().flatten();
            return Some(first.unwrap_or_else(|| format!("{at}: expected {:?} got nothing", cut(failure, 300))));
        };
        left.remove(place);
    }
    left.first().map(|trouble| format!("{at}: expected nothing got {:?}", cut(&told(trouble), 300)))
}

fn told(trouble: &Trouble) -> String {
    match trouble {
        Trouble::Status(status) => format!("{} {}: {}", status.code, status.reason, status.message),
        Trouble::Own(text) => text.clone(),
    }
}

fn one(at: &str, printed: &str, ours: &Trouble) -> Option<String> {
    let same = match ours {
        Trouble::Own(text) => own(printed) == text,
        Trouble::Status(status) => says(printed, status),
    };
    (!same).then(|| texts(at, server_words(printed), &words_of(ours, printed)))
}

/// For the difference: our words in the form in which they would be printed.
fn words_of(ours: &Trouble, printed: &str) -> String {
    match ours {
        Trouble::Own(text) => text.clone(),
        Trouble::Status(status) if printed.starts_with("The ") => printed_invalid(status),
        Trouble::Status(status) => status.message.clone(),
    }
}

/// kubectl's own sentence.
fn own(printed: &str) -> &str {
    let text = printed.strip_prefix("error: ").unwrap_or(printed);
    match text.find("no matches for kind") {
        Some(from) => text[from..].lines().next().unwrap_or_default(),
        None => text,
    }
}

fn printed_invalid(status: &Status) -> String {
    let Some(details) = status.details.as_ref() else { return status.message.clone() };
    let head = format!("The {} {:?} is invalid: ", details.kind, details.name);
    let causes: Vec<String> = complaints(status).into_iter().collect();
    match causes.as_slice() {
        [one] => head + one,
        many => head + "\n* " + &many.join("\n* "),
    }
}

/// The complaints of an Invalid status, each without what its message prints behind a line break: differences, some in a
/// form that Go keeps unstable on purpose.
fn complaints(status: &Status) -> BTreeSet<String> {
    let causes = status.details.iter().flat_map(|details| &details.causes);
    causes.map(|cause| first_line(&format!("{}: {}", cause.field, cause.message)).to_owned()).collect()
}

/// The difference of two specs behind a complaint, without the names that chance gives.
fn hunks(text: &str) -> Vec<String> {
    let named = |line: &str| match line.split_once("kube-api-access-") {
        Some((head, rest)) => format!("{head}kube-api-access-{}", rest.get(5..).unwrap_or_default()),
        None => line.to_owned(),
    };
    text.lines().skip_while(|line| !line.starts_with("@@ ")).map(named).collect()
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

/// The server's words without what kubectl put around them.
fn server_words(printed: &str) -> &str {
    let Some(rest) = printed.strip_prefix("Error from server") else { return printed };
    let rest = rest.split_once(": ").map_or(rest, |(_, rest)| rest);
    // `error when creating "m.yaml": `; of a patch the last of several lines.
    match rest.rfind("error when ").and_then(|from| Some(from + rest[from..].find("\": ")? + 3)) {
        Some(from) => &rest[from..],
        None => rest,
    }
}

/// Whether kubectl would have printed this for this status. Upstream: `cmd/util/helpers.go`, `checkErr`.
fn says(printed: &str, status: &Status) -> bool {
    // kubectl reads the metadata itself, with the types that the server has for it.
    if let Some((_, words)) = printed.strip_prefix(UNREADABLE).and_then(|rest| rest.split_once("\": ")) {
        return status.code == 400 && status.message.ends_with(words);
    }
    if let Some(rest) = printed.strip_prefix("The request is invalid: ") {
        return status.reason == "Invalid" && status.message.contains(first_line(rest));
    }
    if printed.starts_with("The ") {
        let head =
            status.details.as_ref().map(|details| format!("The {} {:?} is invalid: ", details.kind, details.name));
        let rest = head.filter(|_| status.reason == "Invalid").and_then(|head| printed.strip_prefix(&head));
        let Some(rest) = rest else { return false };
        let listed = || rest.lines().filter_map(|line| line.strip_prefix("* ")).map(str::to_owned).collect();
        let recorded = if rest.starts_with('\n') { listed() } else { BTreeSet::from([first_line(rest).to_owned()]) };
        return recorded == complaints(status) && hunks(rest) == hunks(&status.message);
    }
    let reason = printed.strip_prefix("Error from server (").and_then(|rest| rest.split(')').next());
    let words = server_words(printed);
    reason.is_some_and(|reason| reason == status.reason) && (words == status.message || same_causes(words, status))
}

/// An Invalid message with the same complaints in another order.
fn same_causes(words: &str, status: &Status) -> bool {
    let causes = complaints(status);
    causes.len() > 1 && words.len() == status.message.len() && causes.iter().all(|cause| words.contains(cause.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{FieldError, kinds};
    use std::rc::Rc;

    fn invalid(errors: &[(&str, &str)]) -> Trouble {
        let errors: Vec<FieldError> =
            errors.iter().map(|(field, detail)| FieldError::required(*field, *detail)).collect();
        Trouble::Status(Rc::new(Status::invalid(&kinds::pod::KIND, "p", &errors)))
    }

    #[test]
    fn causes_are_a_set() {
        let printed = read("The Pod \"p\" is invalid: \n* b: Required value\n* a: Required value: x\n").failures;
        assert_eq!(printed.len(), 1);
        assert_eq!(differ("stderr", &printed, &[invalid(&[("a", "x"), ("b", "")])]), None);
        assert!(differ("stderr", &printed, &[invalid(&[("a", "x")])]).is_some());
    }

    #[test]
    fn wrapping_is_taken_off() {
        let text = "Error from server (NotFound): error when creating \"m.yaml\": namespaces \"n\" not found\n";
        assert_eq!(server_words(&read(text).failures[0]), "namespaces \"n\" not found");
        let status = Status::not_found(&kinds::namespace::KIND, "n");
        assert_eq!(differ("stderr", &read(text).failures, &[Trouble::Status(Rc::new(status))]), None);
    }

    #[test]
    fn warnings_and_failures_are_told_apart() {
        let text = "Warning: unknown field \"spec.a\"\nerror: [resource mapping not found for name: \"a\" namespace: \"\" \
                    from \"m.yaml\": no matches for kind \"A\" in version \"a/v1\"\nensure CRDs are installed first, resource \
                    mapping not found for name: \"b\" namespace: \"\" from \"m.yaml\": no matches for kind \"B\" in version \
                    \"b/v1\"\nensure CRDs are installed first]\n";
        let printed = read(text);
        assert_eq!(printed.warnings, BTreeSet::from(["unknown field \"spec.a\"".to_owned()]));
        let ours = ["B\" in version \"b/v1\"", "A\" in version \"a/v1\""];
        let ours = ours.map(|rest| Trouble::Own(format!("no matches for kind \"{rest}")));
        assert_eq!(differ("stderr", &printed.failures, &ours), None);
    }
}
