//! The difference of two texts in the unified form, line for line as Go's `difflib` finds it (`github.com/pmezard/go-difflib`,
//! a port of Python's): the longest run of lines that both have, then the same before and after it.
//!
//! Written here because no crate finds the same: `similar` looks for the shortest difference, and `difflib` 0.4 keeps the
//! lines that it should leave out where there are many.

use crate::sim::{Order, Sorted};
use std::fmt::Write;

/// So many lines are shown around a difference.
const CONTEXT: usize = 3;
/// In a text of at least so many lines, those that make up more than a hundredth of it begin no run.
const MANY: usize = 200;

/// Lines that both texts have: where in the first, where in the second, how many.
type Run = (usize, usize, usize);

/// The difference, hunk for hunk; empty if there is none.
#[must_use]
pub fn difference(before: &str, after: &str) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) = (before.split('\n').collect(), after.split('\n').collect());
    let mut out = String::new();
    for hunk in hunks(&runs(&old, &new)) {
        let (Some((_, first, to)), Some((_, last, end))) = (hunk.first(), hunk.last()) else { continue };
        let _ = writeln!(out, "@@ -{} +{} @@", range(first.0, last.1), range(to.0, end.1));
        for (same, from, to) in &hunk {
            let mut say = |sign: char, lines: &[&str]| {
                for line in lines {
                    let _ = writeln!(out, "{sign}{line}");
                }
            };
            if *same {
                say(' ', &old[from.0..from.1]);
            } else {
                say('-', &old[from.0..from.1]);
                say('+', &new[to.0..to.1]);
            }
        }
    }
    out
}

/// `FIRST,COUNT`; an empty range names the line before it.
fn range(from: usize, to: usize) -> String {
    match to - from {
        1 => format!("{}", from + 1),
        0 => format!("{from},0"),
        count => format!("{},{count}", from + 1),
    }
}

/// A part of both texts: whether it is the same in both; from and to in the first, and in the second.
type Part = (bool, (usize, usize), (usize, usize));

/// The parts that differ, with what is the same around them (`SequenceMatcher.GetGroupedOpCodes`).
fn hunks(runs: &[Run]) -> Vec<Vec<Part>> {
    let mut parts: Vec<Part> = Vec::new();
    let (mut at, mut to) = (0, 0);
    for &(i, j, size) in runs {
        if at < i || to < j {
            parts.push((false, (at, i), (to, j)));
        }
        (at, to) = (i + size, j + size);
        if size > 0 {
            parts.push((true, (i, at), (j, to)));
        }
    }
    // Of what both begin and end with, only the lines beside a difference.
    if let Some((true, old, new)) = parts.first_mut() {
        *old = behind(*old);
        *new = behind(*new);
    }
    if let Some((true, old, new)) = parts.last_mut() {
        *old = before(*old);
        *new = before(*new);
    }
    let mut hunks = vec![Vec::new()];
    for (same, old, new) in parts {
        let far = same && old.1 - old.0 > 2 * CONTEXT;
        let (mut old, mut new) = (old, new);
        if far && let Some(hunk) = hunks.last_mut() {
            hunk.push((same, before(old), before(new)));
            hunks.push(Vec::new());
            (old, new) = (behind(old), behind(new));
        }
        if let Some(hunk) = hunks.last_mut() {
            hunk.push((same, old, new));
        }
    }
    hunks.retain(|hunk| hunk.iter().any(|(same, ..)| !same));
    hunks
}

/// The first lines of a part,
fn before((from, to): (usize, usize)) -> (usize, usize) {
    (from, to.min(from + CONTEXT))
}

/// and its last ones.
fn behind((from, to): (usize, usize)) -> (usize, usize) {
    (from.max(to.saturating_sub(CONTEXT)), to)
}

/// All runs in order, neighbours joined, and at the end one of no lines (`SequenceMatcher.GetMatchingBlocks`).
fn runs(old: &[&str], new: &[&str]) -> Vec<Run> {
    let mut places: Sorted<&str, Vec<usize>> = Sorted::new();
    for (place, line) in new.iter().enumerate() {
        places.get_or_default(*line).push(place);
    }
    if new.len() >= MANY {
        let most = new.len() / 100 + 1;
        places.retain(|_, places| places.len() <= most);
    }
    let mut found = Vec::new();
    let mut open = vec![((0, old.len()), (0, new.len()))];
    while let Some((of_old, of_new)) = open.pop() {
        let (i, j, size) = longest((old, of_old), (new, of_new), &places);
        if size > 0 {
            found.push((i, j, size));
            open.push(((of_old.0, i), (of_new.0, j)));
            open.push(((i + size, of_old.1), (j + size, of_new.1)));
        }
    }
    found.order_by_key(|run| *run);
    let mut joined: Vec<Run> = Vec::new();
    for (i, j, size) in found {
        match joined.last_mut() {
            Some((a, b, n)) if (*a + *n, *b + *n) == (i, j) => *n += size,
            _ => joined.push((i, j, size)),
        }
    }
    joined.push((old.len(), new.len(), 0));
    joined
}

/// The longest run within parts of both, the first of them (`SequenceMatcher.findLongestMatch`).
fn longest(
    (old, (old_from, old_to)): (&[&str], (usize, usize)),
    (new, (new_from, new_to)): (&[&str], (usize, usize)),
    places: &Sorted<&str, Vec<usize>>,
) -> Run {
    let (mut i, mut j, mut size) = (old_from, new_from, 0);
    // How long the run is that ends at a line of the second text and at the line before of the first.
    let mut ends: Vec<usize> = vec![0; new_to + 1];
    for (at, line) in old.iter().enumerate().take(old_to).skip(old_from) {
        let mut next = vec![0; new_to + 1];
        for &to in places.get(line).into_iter().flatten().filter(|to| (new_from..new_to).contains(*to)) {
            let long = if to == new_from { 1 } else { ends[to] + 1 };
            next[to + 1] = long;
            if long > size {
                (i, j, size) = (at + 1 - long, to + 1 - long, long);
            }
        }
        ends = next;
    }
    // Lines that are too frequent to begin a run belong to it all the same.
    while i > old_from && j > new_from && old[i - 1] == new[j - 1] {
        (i, j, size) = (i - 1, j - 1, size + 1);
    }
    while i + size < old_to && j + size < new_to && old[i + size] == new[j + size] {
        size += 1;
    }
    (i, j, size)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_stands_between_three_lines_before_and_after_it() {
        let text = |fourth: &str| format!("1\n2\n3\n{fourth}\n5\n6\n7\n8");
        assert_eq!(difference(&text("4"), &text("4")), "");
        assert_eq!(difference(&text("4"), &text("x")), "@@ -1,7 +1,7 @@\n 1\n 2\n 3\n-4\n+x\n 5\n 6\n 7\n");
        assert_eq!(difference("a\nb", "b"), "@@ -1,2 +1 @@\n-a\n b\n");
        assert_eq!(difference("b", "a\nb"), "@@ -1 +1,2 @@\n+a\n b\n");
    }

    #[test]
    fn differences_far_apart_are_two() {
        let lines: Vec<String> = (0..20).map(|line| line.to_string()).collect();
        let mut other = lines.clone();
        other[1] = "x".to_owned();
        other.remove(18);
        let said = difference(&lines.join("\n"), &other.join("\n"));
        let heads: Vec<&str> = said.lines().filter(|line| line.starts_with("@@")).collect();
        assert_eq!(heads, ["@@ -1,5 +1,5 @@", "@@ -16,5 +16,4 @@"]);
    }
}
