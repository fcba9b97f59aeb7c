//! The words of the interface: Fluent catalogues for Korean and English.
//!
//! `text(language, key, args)` is all there is. Korean is formal (합니다체) and follows the kubernetes.io glossary.
//! Particles that depend on the sound before them are chosen by `JOSA($word, "이/가")` in the catalogue. Adding a
//! language is one file under `assets/locales/` and one variant here.

use crate::texts;
use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use std::sync::LazyLock;

/// A language of the interface.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub enum Language {
    /// 한국어.
    Ko,
    /// English.
    #[default]
    En,
}

impl Language {
    /// All languages.
    pub const ALL: [Self; 2] = [Self::Ko, Self::En];

    /// Its tag, as in routes and `lang` attributes.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::Ko => "ko",
            Self::En => "en",
        }
    }

    /// The language of a tag such as `ko` or `ko-KR`.
    #[must_use]
    pub fn from_tag(tag: &str) -> Option<Self> {
        let primary = tag.split('-').next().unwrap_or(tag);
        Self::ALL.into_iter().find(|language| language.tag() == primary)
    }

    fn source(self) -> &'static str {
        match self {
            Self::Ko => texts::text("locales/ko.ftl"),
            Self::En => texts::text("locales/en.ftl"),
        }
    }
}

/// A value that goes into a text.
#[derive(Clone, PartialEq, Debug)]
pub enum Arg {
    /// A name or a finished text.
    Text(String),
    /// A number, for plurals and counts.
    Number(f64),
}

impl From<&str> for Arg {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Arg {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Arg {
    fn from(number: i64) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "counts and seconds are far below 2^52")]
        Self::Number(number as f64)
    }
}

impl From<usize> for Arg {
    fn from(number: usize) -> Self {
        Self::from(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

static BUNDLES: LazyLock<[FluentBundle<FluentResource>; 2]> = LazyLock::new(|| Language::ALL.map(bundle));

fn bundle(language: Language) -> FluentBundle<FluentResource> {
    let tag = language.tag().parse().unwrap_or_default();
    let mut bundle = FluentBundle::new_concurrent(vec![tag]);
    // The marks around arguments would show as boxes on a canvas.
    bundle.set_use_isolating(false);
    // What can be read of a broken catalogue is kept; a test refuses broken ones.
    let resource = FluentResource::try_new(language.source().to_owned()).unwrap_or_else(|(resource, _)| resource);
    bundle.add_resource_overriding(resource);
    // Fails only when the name is taken; the bundle is new.
    let _ = bundle.add_function("JOSA", particle);
    bundle
}

/// `JOSA($word, "이/가")` of the catalogues: the word with its particle.
fn particle<'a>(positional: &[FluentValue<'a>], _: &FluentArgs) -> FluentValue<'a> {
    let [word, FluentValue::String(pair)] = positional else { return FluentValue::Error };
    let word = match word {
        FluentValue::String(word) => word.to_string(),
        FluentValue::Number(number) => number.as_string().to_string(),
        _ => return FluentValue::Error,
    };
    let particle = josa(&word, pair);
    FluentValue::from(format!("{word}{particle}"))
}

/// The text for a key. A key that does not exist gives itself, so that a gap is seen; a test forbids gaps.
#[must_use]
pub fn text(language: Language, key: &str, args: &[(&str, Arg)]) -> String {
    let bundle = match language {
        Language::Ko => &BUNDLES[0],
        Language::En => &BUNDLES[1],
    };
    let Some(pattern) = bundle.get_message(key).and_then(|message| message.value()) else {
        return key.to_owned();
    };
    let mut values = FluentArgs::new();
    for (name, arg) in args {
        match arg {
            Arg::Text(text) => values.set(*name, text.as_str()),
            Arg::Number(number) => values.set(*name, *number),
        }
    }
    let mut errors = Vec::new();
    bundle.format_pattern(pattern, Some(&values), &mut errors).into_owned()
}

/// Whether the catalogue of a language has a key.
#[must_use]
pub fn has(language: Language, key: &str) -> bool {
    BUNDLES[usize::from(language == Language::En)].has_message(key)
}

/// How a word ends, for the particle after it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ending {
    Vowel,
    Rieul,
    Consonant,
}

/// The particle of a pair such as `은/는`, `이/가`, `을/를`, `과/와`, `으로/로` that fits after `word`: the first after a
/// consonant, the second after a vowel (`로` also after ㄹ). Digits and Latin letters count as Koreans read them.
#[must_use]
pub fn josa<'a>(word: &str, pair: &'a str) -> &'a str {
    let (closed, open) = pair.split_once('/').unwrap_or((pair, pair));
    match ending(word) {
        Ending::Vowel => open,
        Ending::Rieul if closed == "으로" => open,
        Ending::Rieul | Ending::Consonant => closed,
    }
}

fn ending(word: &str) -> Ending {
    // A remark in brackets is not read: 노드(Node)는.
    let word = word.trim_end_matches(['"', '\'', '`', '”', '’', ' ', '.']);
    let word = if word.ends_with(')') { word.rsplit_once('(').map_or(word, |(head, _)| head) } else { word };
    let mut letters = word.chars().rev().filter(|c| c.is_alphanumeric());
    let Some(last) = letters.next() else { return Ending::Vowel };
    let before = letters.next().unwrap_or(' ');
    match last {
        '가'..='힣' => match (u32::from(last) - 0xAC00) % 28 {
            0 => Ending::Vowel,
            8 => Ending::Rieul,
            _ => Ending::Consonant,
        },
        // Digits and letters as they are read: 일, 칠, 팔, 엘, 알; 영, 삼, 육, 엠, 엔.
        '1' | '7' | '8' | 'L' | 'l' | 'R' => Ending::Rieul,
        '0' | '3' | '6' | 'M' | 'm' | 'N' | 'n' => Ending::Consonant,
        'g' if before == 'n' => Ending::Consonant,
        // A short closed syllable: web, Job, kubelet, endpoint-slice keeps its vowel.
        'b' | 'c' | 'k' | 'p' | 't' if "aeiou".contains(before) => Ending::Consonant,
        _ => Ending::Vowel,
    }
}

#[cfg(test)]
mod tests;
