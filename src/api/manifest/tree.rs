//! A document's text into a tree of nodes that know where they stand.

use crate::sim::Sorted;
use std::rc::Rc;

use granit_parser::{ErrorKind, Event, Marker, Parser, ScalarStyle, ScanError, Span, Tag};

use super::chunks::Chunk;
use super::{ParseError, Step};

/// A node of a document; anchored nodes are shared by their aliases.
#[derive(Debug)]
pub(super) struct Node {
    /// Where it begins.
    pub mark: Marker,
    /// Levels of nesting below it, aliases followed.
    height: usize,
    /// What it is.
    pub kind: Kind,
}

/// Levels of nesting, aliases followed: the parser's limit of 255 counts only what is written, and whoever walks the tree
/// (its destructor, too) does so by recursion.
const MAX_HEIGHT: usize = 512;

/// What a node is.
#[derive(Debug)]
pub(super) enum Kind {
    /// A text with its tag (`!!str` is `str`) and whether it was written without quotes.
    Scalar {
        /// The text after escapes.
        text: String,
        /// Its tag, if any.
        tag: Option<String>,
        /// Without quotes, not a block.
        plain: bool,
    },
    /// `- …` or `[…]`.
    Sequence(Vec<Rc<Node>>),
    /// Keys and values in the order written.
    Mapping(Vec<(Rc<Node>, Rc<Node>)>),
    /// `*name`.
    Alias(Rc<Node>),
}

impl Kind {
    fn height(&self) -> usize {
        let below = match self {
            Self::Scalar { .. } => return 0,
            Self::Sequence(items) => items.iter().map(|item| item.height).max(),
            Self::Mapping(entries) => entries.iter().map(|(key, value)| key.height.max(value.height)).max(),
            Self::Alias(target) => Some(target.height),
        };
        1 + below.unwrap_or(0)
    }
}

type Events<'a> = Parser<'a, granit_parser::StrInput<'a>>;

struct Builder<'a, 'c> {
    events: Events<'a>,
    chunk: &'c Chunk<'a>,
    anchors: Sorted<usize, Rc<Node>>,
}

/// The first document of a chunk; nothing if there is none.
pub(super) fn parse(chunk: &Chunk<'_>) -> Result<Option<Rc<Node>>, ParseError> {
    let events = Parser::new_from_str(chunk.text);
    let mut builder = Builder { events, chunk, anchors: Sorted::new() };
    loop {
        let (event, span) = builder.next()?;
        match event {
            Event::StreamStart | Event::DocumentStart(..) => {}
            Event::StreamEnd => return Ok(None),
            event => {
                let node = builder.node(event, span)?;
                // What follows decides whether the document was whole.
                while !matches!(builder.next()?.0, Event::DocumentEnd | Event::StreamEnd) {}
                return Ok(Some(node));
            }
        }
    }
}

impl<'a> Builder<'a, '_> {
    fn next(&mut self) -> Result<(Event<'a>, Span), ParseError> {
        match self.events.next_event() {
            Some(Ok(item)) => Ok(item),
            Some(Err(error)) => Err(parse_error(self.chunk, &error)),
            None => Ok((Event::StreamEnd, Span::empty(Marker::new(0, 1, 0)))),
        }
    }

    /// The node that begins with this event. Recursion is bounded by the parser's own limits of nesting.
    fn node(&mut self, event: Event<'a>, span: Span) -> Result<Rc<Node>, ParseError> {
        let mark = span.start;
        let (kind, anchor) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                let plain = style == ScalarStyle::Plain;
                let tag = tag.map(|tag| short_tag(&tag));
                (Kind::Scalar { text: text.into_owned(), tag, plain }, anchor)
            }
            Event::SequenceStart(_, anchor, _) => (self.sequence()?, anchor),
            Event::MappingStart(_, anchor, _) => (self.mapping()?, anchor),
            Event::Alias(id) => match self.anchors.get(&id) {
                Some(node) => (Kind::Alias(Rc::clone(node)), 0),
                None => return Err(self.contains_itself(mark)),
            },
            _ => (Kind::Scalar { text: String::new(), tag: None, plain: true }, 0),
        };
        let height = kind.height();
        if height > MAX_HEIGHT {
            let message = format!("error converting YAML to JSON: yaml: exceeded max depth of {MAX_HEIGHT}");
            return Err(ParseError { step: Step::Parse, at: self.chunk.position(mark), message });
        }
        let node = Rc::new(Node { mark, height, kind });
        if anchor != 0 {
            self.anchors.insert(anchor, Rc::clone(&node));
        }
        Ok(node)
    }

    fn sequence(&mut self) -> Result<Kind, ParseError> {
        let mut items = Vec::new();
        loop {
            let (event, span) = self.next()?;
            if event == Event::SequenceEnd {
                return Ok(Kind::Sequence(items));
            }
            items.push(self.node(event, span)?);
        }
    }

    fn mapping(&mut self) -> Result<Kind, ParseError> {
        let mut entries = Vec::new();
        loop {
            let (event, span) = self.next()?;
            if event == Event::MappingEnd {
                return Ok(Kind::Mapping(entries));
            }
            let key = self.node(event, span)?;
            let (event, span) = self.next()?;
            entries.push((key, self.node(event, span)?));
        }
    }

    /// An alias inside the node that it names.
    fn contains_itself(&self, mark: Marker) -> ParseError {
        let rest = self.chunk.text.lines().nth(mark.line().saturating_sub(1)).unwrap_or_default();
        let name: String =
            rest.chars().skip(mark.col() + 1).take_while(|c| c.is_alphanumeric() || matches!(c, '-' | '_')).collect();
        let message = format!("error converting YAML to JSON: yaml: anchor '{name}' value contains itself");
        ParseError { step: Step::Parse, at: self.chunk.position(mark), message }
    }
}

fn short_tag(tag: &Tag) -> String {
    tag.core_suffix().map_or_else(|| tag.original(), ToOwned::to_owned)
}

/// The sentence of go-yaml (a port of libyaml) for an error of our parser.
fn parse_error(chunk: &Chunk<'_>, error: &ScanError) -> ParseError {
    let mark = *error.marker();
    let (problem, from_parser) = problem(error);
    // go-yaml prints the line of a scanner's error, but the line before that of a parser's error, and none for 0.
    let line = if from_parser { mark.line().saturating_sub(1) } else { mark.line() };
    let place = if line == 0 { String::new() } else { format!("line {line}: ") };
    let place = if matches!(error.kind(), ErrorKind::UnknownAnchor) { String::new() } else { place };
    let message =
        format!("error converting YAML to JSON: yaml: {place}{}", problem.replace("{name}", &alias_name(chunk, mark)));
    ParseError { step: Step::Parse, at: chunk.position(mark), message }
}

fn alias_name(chunk: &Chunk<'_>, mark: Marker) -> String {
    let line = chunk.text.lines().nth(mark.line().saturating_sub(1)).unwrap_or_default();
    let tail: String = line.chars().skip(mark.col()).collect();
    tail.trim_start_matches('*').chars().take_while(|c| c.is_alphanumeric() || matches!(c, '-' | '_')).collect()
}

/// What is wrong, and whether it is the parser (and not the scanner) who says so.
fn problem(error: &ScanError) -> (String, bool) {
    let fixed = |text: &str, from_parser| (text.to_owned(), from_parser);
    match error.kind() {
        ErrorKind::ExpectedBlockMappingKey => fixed("did not find expected key", true),
        ErrorKind::ExpectedBlockSequenceEntry => fixed("did not find expected '-' indicator", true),
        ErrorKind::ExpectedFlowMappingSeparator | ErrorKind::UnclosedFlowCollection { open: '{' } => {
            fixed("did not find expected ',' or '}'", true)
        }
        ErrorKind::ExpectedFlowSequenceSeparator | ErrorKind::UnclosedFlowCollection { .. } => {
            fixed("did not find expected ',' or ']'", true)
        }
        ErrorKind::ExpectedNodeContent
        | ErrorKind::MisplacedFlowCollectionEnd
        | ErrorKind::MismatchedFlowCollectionEnd { .. } => fixed("did not find expected node content", true),
        ErrorKind::ExpectedDocumentStart => fixed("did not find expected <document start>", true),
        ErrorKind::UnknownAnchor => fixed("unknown anchor '{name}' referenced", true),
        ErrorKind::UndeclaredTagHandle => fixed("found undefined tag handle", true),
        ErrorKind::TabNotAllowed
        | ErrorKind::TabInBlockIndentation
        | ErrorKind::TabInIndentation
        | ErrorKind::TabInPlainScalar
        | ErrorKind::UnexpectedCharacter { .. } => fixed("found character that cannot start any token", false),
        ErrorKind::UnclosedQuotedScalar => fixed("found unexpected end of stream", false),
        ErrorKind::SimpleKeyExpected | ErrorKind::InvalidSimpleKey => fixed("could not find expected ':'", false),
        ErrorKind::RecursionLimitExceeded => fixed("exceeded max depth of 255", false),
        _ => {
            let text = error.info();
            // The parser's sentences begin with what it was doing, which go-yaml does not print.
            let plain =
                text.strip_prefix("while ").and_then(|rest| rest.split_once(", ")).map(|(_, rest)| rest.to_owned());
            (plain.unwrap_or(text), false)
        }
    }
}
