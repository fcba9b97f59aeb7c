//! "Why this ship, why not that one, why none?": what the scheduler view tells of an attempt, in the language of the
//! interface.
//!
//! | File | What |
//! | --- | --- |
//! | [`attempts`] | all attempts of a pod, or of the scheduler; what came of one |
//! | [`queue`] | the queues that the pod went through before it, and why it was woken |
//! | [`matrix`] | nodes × plugins: every verdict, every score |
//! | [`export`] | the same as Markdown and as CSV |
//! | [`what_if`] | what can be changed in thought, in words; what is to be done to make it so |
//! | [`suggest`] | the smallest single changes that would let the pod fit |
//! | [`guess`] | what made the difference to somebody's guess |
//!
//! All of it follows from the record of the attempt in the trace, from which the light cone on the stage is drawn, too;
//! what is only thought is made by the scheduler's own code ([`crate::cluster::what_if`]).

pub mod attempts;
pub mod export;
pub mod guess;
pub mod matrix;
pub mod queue;
pub mod suggest;
pub mod what_if;

use super::Shown;
use crate::i18n;

/// What a plugin does, in one sentence; empty for one that nobody has described.
#[must_use]
pub fn plugin(shown: &Shown, name: &str) -> String {
    let key = format!("plugin-{name}");
    if i18n::has(shown.language, &key) { shown.text(&key, &[]) } else { String::new() }
}

/// Names with numbers in the order of the numbers: `node-2` before `node-10`.
fn natural(name: &str) -> (&str, u64, &str) {
    let head = name.trim_end_matches(|c: char| c.is_ascii_digit());
    (head, name[head.len()..].parse().unwrap_or(0), name)
}
