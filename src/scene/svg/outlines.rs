//! The outlines of letters: a picture with them looks the same where our fonts are not.

use crate::scene::display::Words;
use serde_json::Value;

/// What the lengths of outlines are parts of: an em.
pub const EM: f64 = 1000.0;

/// The glyphs of the interface's font, for each weight that pictures use: `tools/outlines.mjs` writes them. Without any,
/// words stay words.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Outlines(Value);

/// A glyph where it stands.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Glyph<'a> {
    /// Which character.
    pub character: char,
    /// From the beginning of the line, in parts of an em.
    pub x: i64,
    /// Its outline, in parts of an em from its own place.
    pub path: &'a str,
}

/// A line of glyphs.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Line<'a> {
    /// All that are to be seen: a space is not.
    pub glyphs: Vec<Glyph<'a>>,
    /// Parts of an em.
    pub wide: i64,
}

impl Outlines {
    /// Reads the file; nothing if it is not what it should be.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok().filter(Value::is_object).map(Self)
    }

    /// A line set from these glyphs, with kerning; nothing if one is missing: then another font has to write it.
    #[must_use]
    pub fn set(&self, words: &Words) -> Option<Line<'_>> {
        let font = self.0.get(words.weight.to_string()).filter(|_| !words.code)?;
        let mut line = Line::default();
        let mut before = None;
        for character in words.text.chars() {
            let glyph = font["glyphs"].get(character.to_string())?;
            let pair = before.map(|before: char| format!("{before}{character}"));
            line.wide += pair.and_then(|pair| font["pairs"].get(pair)?.as_i64()).unwrap_or(0);
            let path = glyph[1].as_str()?;
            if !path.is_empty() {
                line.glyphs.push(Glyph { character, x: line.wide, path });
            }
            line.wide += glyph[0].as_i64()?;
            before = Some(character);
        }
        Some(line)
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::scene::display::Anchor;

    /// The outlines of a few letters, made up.
    pub const MADE_UP: &str = r#"{
        "500": {"glyphs": {"A": [700, "m0 0h690z"]}, "pairs": {}},
        "600": {
            "glyphs": {"A": [700, "m0 0h700z"], "V": [700, "m0 0v700z"], "P": [600, "m0 0h600z"], "I": [300, "m0 0h300z"],
                " ": [240, ""], "항": [900, "m0 0h900z"]},
            "pairs": {"AV": -40}
        }
    }"#;

    fn words(text: &str, weight: u16) -> Words {
        Words { text: text.to_owned(), size: 13.0, weight, code: false, anchor: Anchor::Start }
    }

    #[test]
    fn a_line_is_as_wide_as_its_glyphs_with_their_pairs() {
        let outlines = Outlines::read(MADE_UP).expect("it can be read");
        let line = outlines.set(&words("AV 항", 600)).expect("all are there");
        let places: Vec<_> = line.glyphs.iter().map(|glyph| (glyph.character, glyph.x)).collect();
        assert_eq!(places, [('A', 0), ('V', 660), ('항', 1600)]);
        assert_eq!(line.wide, 2500);
        assert_eq!(line.glyphs[0].path, "m0 0h700z");
    }

    #[test]
    fn what_is_not_in_the_file_is_not_set() {
        let outlines = Outlines::read(MADE_UP).expect("it can be read");
        assert_eq!(outlines.set(&words("A漢", 600)), None);
        assert_eq!(outlines.set(&words("A", 400)), None);
        assert_eq!(outlines.set(&Words { code: true, ..words("A", 600) }), None);
        assert_eq!(Outlines::default().set(&words("A", 600)), None);
        assert_eq!(Outlines::read("<!doctype html>"), None);
    }
}
