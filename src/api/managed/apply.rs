//! Server-side apply (upstream: `merge/update.go`, `Apply`, and `managedfields/internal/conflict.go`).

use super::walk::{self, At};
use super::{Entry, Writer, entry_of, set, stripped};
use crate::api::kinds::Kind;
use crate::api::status::{Cause, Details, Status};
use serde_json::{Map, Value};

/// What an apply comes to.
#[derive(Clone, PartialEq, Debug)]
pub struct Applied {
    /// The object as it is to be.
    pub value: Value,
    /// The owners of its fields.
    pub entries: Vec<Entry>,
}

/// A field that somebody else owns and that the apply would change.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Conflict {
    /// The owner as errors name him.
    pub manager: String,
    /// The field's path.
    pub path: String,
}

/// Applies `config` to `live` (`None`: there is nothing yet), whose fields are owned as `entries` say.
///
/// # Errors
/// The fields of others that it would change, unless forced.
pub fn applied(
    live: Option<&Value>,
    entries: Vec<Entry>,
    config: &Value,
    kind: &Kind,
    (writer, force): (&Writer, bool),
) -> Result<Applied, Vec<Conflict>> {
    let at = At::root(kind);
    let named = walk::fields(config, at);
    let fields = stripped(named.clone(), kind, writer.subresource);
    let mine = Entry { fields, ..entry_of(kind, writer, true) };
    let (last, mut others): (Vec<Entry>, Vec<Entry>) = entries.into_iter().partition(|entry| entry.is_of(&mine));
    let mut value = walk::merge(live, config, at);
    if let Some(last) = last.first() {
        let owned = others.iter().fold(named, |all, entry| set::union(&all, &entry.fields));
        let gone = set::difference(&set::with_named(&last.fields), &set::with_named(&owned));
        walk::remove(&mut value, &gone, at);
    }
    let change = walk::compare(live, Some(&value), at);
    let changed = stripped(change.changed.unwrap_or_default(), kind, writer.subresource);
    let removed = change.removed.unwrap_or_default();
    let conflicts = conflicts(&others, &changed);
    if !conflicts.is_empty() && !force {
        return Err(conflicts);
    }
    for entry in &mut others {
        entry.fields = set::difference(&set::difference(&entry.fields, &changed), &removed);
    }
    others.retain(|entry| !entry.fields.is_empty());
    let time = match last.into_iter().next() {
        // An apply that changes nothing leaves no trace.
        Some(last) if last.fields == mine.fields && changed.is_empty() && removed.is_empty() => last.time,
        _ => mine.time.clone(),
    };
    if !mine.fields.is_empty() {
        others.push(Entry { time, ..mine });
    }
    Ok(Applied { value, entries: others })
}

fn conflicts(others: &[Entry], changed: &Map<String, Value>) -> Vec<Conflict> {
    let mut conflicts = Vec::new();
    for entry in others {
        let both = set::intersection(&entry.fields, changed);
        let manager = named(entry);
        set::each(&both, "", &mut |path| conflicts.push(Conflict { manager: manager.clone(), path }));
    }
    conflicts
}

fn named(entry: &Entry) -> String {
    let mut name = format!("{:?}", entry.manager);
    if !entry.subresource.is_empty() {
        name = format!("{name} with subresource {:?}", entry.subresource);
    }
    if entry.applied { name } else { format!("{name} using {}", entry.api_version) }
}

/// 409 with every conflict.
#[must_use]
pub fn conflict_status(conflicts: &[Conflict]) -> Status {
    let cause = |conflict: &Conflict| Cause {
        reason: "FieldManagerConflict",
        message: format!("conflict with {}", conflict.manager),
        field: conflict.path.clone(),
    };
    let message = match conflicts {
        [one] => format!("Apply failed with 1 conflict: conflict with {}: {}", one.manager, one.path),
        many => {
            let mut managers: Vec<&str> = Vec::new();
            for conflict in many {
                if !managers.contains(&conflict.manager.as_str()) {
                    managers.push(&conflict.manager);
                }
            }
            let mut lines = Vec::new();
            for manager in managers {
                lines.push(format!("conflicts with {manager}:"));
                let own = many.iter().filter(|conflict| conflict.manager == *manager);
                lines.extend(own.map(|conflict| format!("- {}", conflict.path)));
            }
            format!("Apply failed with {} conflicts: {}", many.len(), lines.join("\n"))
        }
    };
    let details = Details { causes: conflicts.iter().map(cause).collect(), ..Details::default() };
    Status { code: 409, reason: "Conflict", message, details: Some(Box::new(details)) }
}
