//! Guess first: what made the difference between a ship that somebody pointed at and the one that was chosen.

use super::plugin;
use crate::cluster::fact::{Attempt, AttemptResult, NodeAnswer};
use crate::inspect::Shown;

/// What is said to a guess.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Verdict {
    /// Whether it was right, or as good as the choice.
    pub right: bool,
    /// Why, in one or two sentences.
    pub sentences: Vec<String>,
}

/// What is to be said to a guess; `None`: "no node fits".
#[must_use]
pub fn verdict(shown: &Shown, attempt: &Attempt, guess: Option<&str>) -> Verdict {
    let chosen = match &attempt.result {
        AttemptResult::Chosen(node) => attempt.nodes.iter().find(|answer| answer.node == *node),
        _ => None,
    };
    let own = guess.and_then(|guess| attempt.nodes.iter().find(|answer| *answer.node == *guess));
    match (chosen, guess) {
        (Some(chosen), Some(guess)) if *chosen.node == *guess => right(shown, attempt, chosen),
        (Some(chosen), Some(guess)) => match own {
            None => wrong(shown, "guess-not-asked", chosen, guess, None),
            Some(own) => other(shown, attempt, chosen, own),
        },
        (Some(chosen), None) => wrong(shown, "guess-some", chosen, "", None),
        (None, None) => {
            Verdict { right: true, sentences: vec![shown.text("guess-right-none", &[]), attempt.message.to_string()] }
        }
        (None, Some(guess)) => {
            let refused = own.and_then(|own| own.refused.as_ref());
            let (plugin, reason) = refused.or(attempt.pre_filter.clone().map(std::rc::Rc::new).as_ref()).map_or_else(
                || (String::new(), attempt.message.to_string()),
                |refused| (refused.plugin.to_owned(), refused.reasons.join(", ")),
            );
            let args = [("node", guess.into()), ("plugin", plugin.as_str().into()), ("reason", reason.into())];
            Verdict { right: false, sentences: explained(shown, shown.text("guess-none", &args), &plugin) }
        }
    }
}

fn wrong(shown: &Shown, key: &str, chosen: &NodeAnswer, guess: &str, refused: Option<(&str, String)>) -> Verdict {
    let (name, reason) = refused.unwrap_or_default();
    let args = [
        ("chosen", (&*chosen.node).into()),
        ("node", guess.into()),
        ("plugin", name.into()),
        ("reason", reason.into()),
    ];
    Verdict { right: false, sentences: explained(shown, shown.text(key, &args), name) }
}

/// With the sentence about the plugin, if there is one.
fn explained(shown: &Shown, sentence: String, name: &str) -> Vec<String> {
    [sentence, plugin(shown, name)].into_iter().filter(|sentence| !sentence.is_empty()).collect()
}

fn right(shown: &Shown, attempt: &Attempt, chosen: &NodeAnswer) -> Verdict {
    let others = attempt.nodes.iter().filter(|answer| answer.refused.is_none() && answer.node != chosen.node);
    let second = others.max_by_key(|answer| answer.rating.total);
    let Some(second) = second else {
        return Verdict {
            right: true,
            sentences: vec![shown.text("guess-right-only", &[("node", (&*chosen.node).into())])],
        };
    };
    let said = difference(attempt, chosen, second);
    let said = said.map(|said| (said.0.clone(), points(shown, "guess-right", chosen, second, &said)));
    let lot = || (String::new(), shown.text("guess-right-lot", &[("node", (&*chosen.node).into())]));
    let (name, sentence) = said.unwrap_or_else(lot);
    Verdict { right: true, sentences: explained(shown, sentence, &name) }
}

fn other(shown: &Shown, attempt: &Attempt, chosen: &NodeAnswer, own: &NodeAnswer) -> Verdict {
    if let Some(refused) = &own.refused {
        return wrong(shown, "guess-refused", chosen, &own.node, Some((refused.plugin, refused.reasons.join(", "))));
    }
    if let Some(said) = difference(attempt, chosen, own) {
        let sentence = points(shown, "guess-fewer", chosen, own, &said);
        return Verdict { right: false, sentences: explained(shown, sentence, &said.0) };
    }
    let lot = wrong(shown, "guess-lot", chosen, &own.node, None);
    Verdict { right: true, ..lot }
}

/// A plugin, the points that it gave to the one, and those to the other.
type Said = (String, i64, i64);

fn points(shown: &Shown, key: &str, chosen: &NodeAnswer, other: &NodeAnswer, (plugin, more, fewer): &Said) -> String {
    let args = [
        ("chosen", (&*chosen.node).into()),
        ("node", (&*other.node).into()),
        ("plugin", plugin.as_str().into()),
        ("more", (*more).into()),
        ("fewer", (*fewer).into()),
        ("total", chosen.rating.total.into()),
        ("other", other.rating.total.into()),
    ];
    shown.text(key, &args)
}

/// The plugin whose points made most of the difference; `None`: there was none.
#[must_use]
pub fn difference(attempt: &Attempt, chosen: &NodeAnswer, other: &NodeAnswer) -> Option<Said> {
    if chosen.rating.total <= other.rating.total {
        return None;
    }
    let both = attempt.scorers.iter().zip(chosen.rating.scores.iter().zip(other.rating.scores.iter()));
    let all = both.map(|((name, weight), (a, b))| ((*name).to_owned(), a.1 * weight, b.1 * weight));
    all.max_by_key(|(_, more, fewer)| more - fewer)
}
