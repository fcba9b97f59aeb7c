//! The words of a failed attempt. Upstream: `framework.FitError.Error`.

use crate::sim::{Order, Sorted};

/// An event's message is cut to so many bytes. Upstream: `schedule_one.go`, `truncateMessage`.
pub const MESSAGE_MAX: usize = 1024;

/// Counts each reason once more.
pub fn count_reasons<T: AsRef<str>>(counts: &mut Sorted<String, usize>, reasons: &[T]) {
    for reason in reasons {
        *counts.get_or_default(reason.as_ref().to_owned()) += 1;
    }
}

/// `0/4 nodes are available: 1 Insufficient cpu, 3 node(s) had untolerated taint(s).` The parts are sorted as strings.
#[must_use]
pub fn no_nodes(all: usize, counts: &Sorted<String, usize>) -> String {
    let mut parts: Vec<String> = counts.iter().map(|(reason, count)| format!("{count} {reason}")).collect();
    parts.order();
    if parts.is_empty() {
        return format!("0/{all} nodes are available:");
    }
    format!("0/{all} nodes are available: {}.", parts.join(", "))
}

/// Cuts a message to the length that an event may have.
#[must_use]
pub fn truncated(message: &str) -> String {
    if message.len() <= MESSAGE_MAX {
        return message.to_owned();
    }
    let suffix = " ...";
    let end = (0..=MESSAGE_MAX - suffix.len()).rev().find(|end| message.is_char_boundary(*end)).unwrap_or(0);
    format!("{}{suffix}", &message[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_counted_and_sorted_as_strings() {
        let mut counts = Sorted::new();
        for _ in 0..10 {
            count_reasons(&mut counts, &["Insufficient cpu"]);
        }
        count_reasons(&mut counts, &["Too many pods", "Insufficient cpu"]);
        count_reasons(&mut counts, &["Too many pods"]);
        assert_eq!(no_nodes(13, &counts), "0/13 nodes are available: 11 Insufficient cpu, 2 Too many pods.");
        assert_eq!(truncated(&"x".repeat(2000)).len(), MESSAGE_MAX);
    }
}
