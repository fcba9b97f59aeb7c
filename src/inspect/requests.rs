//! Every request to the API server with its gates, the latest first.

use super::Shown;
use super::story::{Actor, actor};
use crate::cluster::fact::{Call, Fact, Gate};
use crate::sim::{Sorted, Time};

/// So many facts are looked through.
const LOOKED_AT: u64 = 60_000;

/// A gate as a request met it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Lamp {
    /// Not reached.
    #[default]
    Dark,
    /// Passed.
    Lit,
    /// It refused.
    Refused,
}

/// A request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Row {
    /// The place of its first fact.
    pub fact: u64,
    /// When it was sent.
    pub at: Time,
    /// Who sent it.
    pub actor: Actor,
    /// `POST /api/v1/namespaces/default/pods`.
    pub line: String,
    /// The answer's code; `None`: none yet.
    pub code: Option<u16>,
    /// Why it was refused; may be empty.
    pub refusal: String,
    /// The gates in their order.
    pub gates: [Lamp; 7],
    /// The object that it is about, for links; may be empty.
    pub link: String,
}

/// Which requests are wanted.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Filter {
    /// All of these words must be in the row.
    pub words: String,
    /// Heartbeats and other routine too.
    pub routine: bool,
}

#[derive(Default)]
struct Seen {
    code: Option<u16>,
    refusal: String,
    gates: [Lamp; 7],
}

/// The latest requests, at most so many.
#[must_use]
pub fn list(shown: &Shown, filter: &Filter, most: usize) -> Vec<Row> {
    let mut calls: Sorted<&Call, Seen> = Sorted::new();
    let mut rows = Vec::new();
    let words: Vec<String> = filter.words.to_ascii_lowercase().split_whitespace().map(str::to_owned).collect();
    let head = shown.trace.head();
    for record in shown.trace.range(head.saturating_sub(LOOKED_AT), head).rev() {
        match &record.fact {
            Fact::Answered { call, code, .. } => calls.get_or_default(call).code = Some(*code),
            Fact::Gate { call, gate, refused, .. } => {
                let seen = calls.get_or_default(call);
                let place = Gate::ALL.iter().position(|known| known == gate).unwrap_or(0);
                seen.gates[place] = if refused.is_some() { Lamp::Refused } else { Lamp::Lit };
                if let Some(status) = refused {
                    seen.refusal.clone_from(&status.message);
                }
            }
            Fact::Requested { call, verb, target, ambient } => {
                let seen = calls.remove(call).unwrap_or_default();
                if *ambient && !filter.routine {
                    continue;
                }
                let actor = actor(shown, &call.from);
                let line = format!("{} {}", verb.method(), target.path());
                let hay =
                    format!("{line} {} {} {}", actor.name, seen.code.unwrap_or(0), seen.refusal).to_ascii_lowercase();
                if !words.iter().all(|word| hay.contains(word)) {
                    continue;
                }
                let about = if target.object.key.name.is_empty() { String::new() } else { super::link(&target.object) };
                let Seen { code, refusal, mut gates } = seen;
                // Of routine only refusals are noted.
                if *ambient && code.is_some_and(|code| code < 400) {
                    gates = [Lamp::Lit; 7];
                }
                rows.push(Row { fact: record.id.0, at: record.at, actor, line, code, refusal, gates, link: about });
                if rows.len() >= most {
                    break;
                }
            }
            _ => {}
        }
    }
    rows
}

/// A sentence without the method and path of its request, for which a phone has no room; the transcript has them.
#[must_use]
pub fn without_path(text: &str) -> String {
    let Some(start) = ["(POST /", "(PUT /", "(PATCH /", "(DELETE /", "(GET /"].iter().find_map(|open| text.find(open))
    else {
        return text.to_owned();
    };
    let end = text[start..].find(')').map_or(text.len(), |end| start + end + 1);
    format!("{}{}", text[..start].trim_end(), &text[end..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phone_is_told_all_but_the_path() {
        let text = "The scheduler asks: Pod a (POST /api/v1/pods/a/binding → 201). It loads nothing.";
        assert_eq!(without_path(text), "The scheduler asks: Pod a. It loads nothing.");
        assert_eq!(without_path("It renews its lease (Lease)."), "It renews its lease (Lease).");
    }
}
