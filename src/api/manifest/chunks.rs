//! Cuts a text into documents at lines that begin with `---`, before any YAML is read.

use granit_parser::Marker;

use super::{ParseError, Position, Step};

/// One document's text and where it lies.
#[derive(Clone, Copy, Debug)]
pub(super) struct Chunk<'a> {
    /// Its text, from the beginning of a line.
    pub text: &'a str,
    /// How many lines of the whole text come before it.
    pub lines_before: usize,
}

impl Chunk<'_> {
    /// The line in the whole text, from 1.
    pub(super) fn line(&self, mark: Marker) -> usize {
        self.lines_before + mark.line()
    }

    /// The place in the whole text.
    pub(super) fn position(&self, mark: Marker) -> Position {
        Position { line: self.line(mark), column: mark.col() + 1 }
    }
}

/// All documents, empty ones included, up to a separator that is none.
///
/// A document begins with its `---` line only if nothing came before that line since the last cut, which is what makes
/// upstream's line numbers; the mark at the very beginning of a file is dropped.
pub(super) fn split(text: &str) -> (Vec<Chunk<'_>>, Option<ParseError>) {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut chunks = Vec::new();
    let (mut start, mut start_line, mut offset) = (0, 0, 0);
    for (number, line) in text.split_inclusive('\n').enumerate() {
        let end = offset + line.len();
        if let Some(after) = line.strip_prefix("---") {
            let after = after.trim();
            if !after.is_empty() && !after.starts_with('#') {
                let message = format!("invalid Yaml document separator: {after}");
                let at = Position { line: number + 1, column: 1 };
                return (chunks, Some(ParseError { step: Step::Parse, at, message }));
            }
            if offset > start {
                chunks.push(Chunk { text: &text[start..offset], lines_before: start_line });
                (start, start_line) = (end, number + 1);
            }
        }
        offset = end;
    }
    chunks.push(Chunk { text: &text[start..], lines_before: start_line });
    (chunks, None)
}
