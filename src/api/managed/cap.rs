//! How many updaters are remembered: of more than ten the oldest become one (upstream: `internal/capmanagers.go`).

use super::{Entry, set};
use crate::sim::Order;

/// So many.
const MOST: usize = 10;
/// The name of those of long ago.
const ANCIENT: &str = "ancient-changes";

/// Makes one of the oldest updaters, each version of the kind for itself.
pub fn cap(entries: &mut Vec<Entry>) {
    let mut updaters: Vec<usize> = (0..entries.len()).filter(|n| !entries[*n].applied).collect();
    if updaters.len() <= MOST {
        return;
    }
    updaters.order_by_key(|n| (entries[*n].time.clone(), entries[*n].manager.clone(), *n));
    let mut left = updaters.len();
    // Of each version the entry into which the others go, or the first of them.
    let mut first: Vec<usize> = Vec::new();
    for updater in updaters {
        if left <= MOST {
            break;
        }
        let into = first.iter().copied().find(|n| entries[*n].api_version == entries[updater].api_version);
        let Some(into) = into else {
            first.push(updater);
            continue;
        };
        let old = std::mem::take(&mut entries[updater].fields);
        let time = entries[updater].time.clone();
        let bucket = &mut entries[into];
        bucket.fields = set::union(&bucket.fields, &old);
        bucket.time = time;
        ANCIENT.clone_into(&mut bucket.manager);
        bucket.subresource.clear();
        left -= 1;
    }
    entries.retain(|entry| !entry.fields.is_empty());
}
