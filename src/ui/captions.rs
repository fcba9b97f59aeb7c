//! What is told: the sentence of the present beat, the transcript, and what screen readers announce.

use super::dom::{El, el};
use super::handle::Ui;
use super::session::Session;
use crate::i18n::{Language, text};
use crate::scene::caption::{self, ANNOUNCE_MS, Caption};
use crate::scene::pace::Beat;
use leptos::prelude::*;
use serde_json::{Value, json};
use std::time::Duration;

/// At most so many sentences are merged into one announcement: nobody hears more in its time. Where there are more, as when
/// time passes quickly, it has the latest few and says how many it leaves to the transcript.
const MERGED: usize = 8;
/// These few.
const LATEST: usize = 3;
/// So many announcements are remembered.
const REMEMBERED: usize = 2000;

/// The state of the telling.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Captions {
    /// The present beat's sentence is about the facts from this place on.
    present: Option<Beat>,
    /// Facts before this place have been announced.
    said_to: u64,
    /// Milliseconds and words of what was announced, and the language of the last.
    said: Vec<(f64, String)>,
    spoken: Language,
}

impl Captions {
    /// Nothing before this place is announced: the boot is over when the person comes.
    #[must_use]
    pub fn new(head: u64) -> Self {
        Self { said_to: head, ..Self::default() }
    }
}

/// The beats of the story up to the present moment, the latest first.
pub fn beats(session: &Session) -> impl Iterator<Item = &Beat> {
    let head = session.trace().head();
    let beats = session.pace().beats();
    let end = beats.partition_point(|beat| beat.head < head);
    beats[..end].iter().rev().filter(|beat| beat.lead)
}

/// Finds the present beat; called whenever something happened.
pub fn read(ui: Ui) {
    let present = ui.read(|session| beats(session).next().copied());
    let before = ui.captions.with_untracked(|captions| captions.present);
    if present == before {
        return;
    }
    let another = present.map(|beat| beat.head) != before.map(|beat| beat.head);
    ui.captions.update(|captions| captions.present = present);
    if another {
        super::stage::follow(ui);
    }
}

/// The sentence of the present beat.
#[must_use]
pub fn present(ui: Ui) -> Option<String> {
    let beat = ui.captions.with(|captions| captions.present)?;
    let language = ui.language.get();
    ui.read(|session| caption::of(&beat, session.trace(), language)).map(|caption| caption.text)
}

/// The latest sentences, the latest last.
#[must_use]
pub fn transcript(ui: Ui, most: usize) -> Vec<Caption> {
    let language = ui.language.get();
    ui.read(|session| {
        let told = beats(session).filter_map(|beat| caption::of(beat, session.trace(), language));
        let mut told: Vec<Caption> = told.take(most).collect();
        told.reverse();
        told
    })
}

/// Announces what is new, at most once in a second and a half.
pub fn announce(ui: Ui) {
    set_interval(move || say(ui), Duration::from_secs_f64(ANNOUNCE_MS / 1000.0));
}

fn say(ui: Ui) {
    let language = ui.language.get_untracked();
    let from = ui.captions.with_untracked(|captions| captions.said_to);
    let (head, sentences, more) = ui.read(|session| {
        let new = || beats(session).take_while(|beat| beat.head >= from);
        let count = new().count();
        let most = if count > MERGED { LATEST } else { count };
        let told = new().take(most).filter_map(|beat| caption::of(beat, session.trace(), language));
        (session.trace().head(), told.map(|caption| caption.text).collect::<Vec<_>>(), count - most)
    });
    if head == from {
        return;
    }
    let mut told = sentences;
    if more > 0 {
        told.push(text(language, "said-more", &[("count", more.into())]));
    }
    told.reverse();
    told.dedup();
    let t = ui.shown_millis();
    let note = |captions: &mut Captions| {
        captions.said_to = head;
        if !told.is_empty() {
            captions.said.push((t, told.join(" ")));
            captions.spoken = language;
            let surplus = captions.said.len().saturating_sub(REMEMBERED);
            captions.said.drain(..surplus);
        }
    };
    ui.captions.update(note);
}

/// All announcements, for the test hook.
#[must_use]
pub fn announced(ui: Ui) -> Value {
    ui.captions.with_untracked(|captions| captions.said.iter().map(|(t, text)| json!({"t": t, "text": text})).collect())
}

/// The region that screen readers listen to.
#[must_use]
pub fn live(ui: Ui) -> El {
    let said = move || {
        // What was said in another language is not left standing.
        let language = ui.language.get();
        ui.captions.with(|captions| match captions.said.last() {
            Some((_, text)) if captions.spoken == language => text.clone(),
            _ => String::new(),
        })
    };
    el("p", "visually-hidden").attr("aria-live", "polite").attr("data-testid", "live").words(said)
}

/// The language's name for the interface's switch.
#[must_use]
pub const fn language_name(language: Language) -> &'static str {
    match language {
        Language::Ko => "한국어",
        Language::En => "English",
    }
}
