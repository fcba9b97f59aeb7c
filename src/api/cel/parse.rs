//! Text to tree (cel-spec, `langdef.md`, "Syntax").

use super::escape::RESERVED;
use super::expr::Expr;
use super::tokens::{Token, tokens};
use super::val::Val;
use std::fmt;

/// Nested more deeply, an expression is refused.
const DEEPEST: usize = 120;
/// So many operators may stand in chains: a tree that grows to its left is as deep as they are long.
const LONGEST: usize = 600;

/// What is wrong, and where (characters from 0).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SyntaxError {
    /// Where.
    pub at: usize,
    /// What.
    pub message: String,
}

/// An expression that has been read.
#[derive(Clone, Debug)]
pub struct Program {
    pub(super) root: Expr,
    /// Variables that it uses.
    names: Vec<String>,
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ERROR: <input>:1:{}: {}", self.at + 1, self.message)
    }
}

impl SyntaxError {
    /// The same with the text and a mark below the place, as cel-go tells it.
    #[must_use]
    pub fn in_text(&self, text: &str) -> String {
        let before: String = text.chars().take(self.at).collect();
        let line = before.matches('\n').count();
        let column = before.rsplit('\n').next().map_or(0, |rest| rest.chars().count());
        let shown = text.split('\n').nth(line).unwrap_or_default();
        format!("ERROR: <input>:{}:{}: {}\n | {shown}\n | {}^", line + 1, column + 1, self.message, ".".repeat(column))
    }
}

impl Program {
    /// Reads an expression.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, SyntaxError> {
        let mut parser = Parser {
            tokens: tokens(text)?,
            at: 0,
            depth: 0,
            links: 0,
            names: Vec::new(),
            bound: Vec::new(),
            end: text.chars().count(),
        };
        let root = parser.ternary()?;
        match parser.tokens.get(parser.at) {
            None => Ok(Self { root, names: parser.names }),
            Some((token, at)) => Err(SyntaxError {
                at: *at,
                message: format!("Syntax error: extraneous input '{}' expecting <EOF>", token.shown()),
            }),
        }
    }

    /// Whether it uses a variable.
    #[must_use]
    pub fn uses(&self, name: &str) -> bool {
        self.names.iter().any(|used| used == name)
    }
}

struct Parser {
    tokens: Vec<(Token, usize)>,
    at: usize,
    depth: usize,
    links: usize,
    names: Vec<String>,
    /// Variables of macros around.
    bound: Vec<String>,
    end: usize,
}

type Parsed = Result<Expr, SyntaxError>;

const LEVELS: [&[&str]; 5] =
    [&["||"], &["&&"], &["==", "!=", "<=", ">=", "<", ">", "in"], &["+", "-"], &["*", "/", "%"]];

impl Parser {
    fn place(&self) -> usize {
        self.tokens.get(self.at).map_or(self.end, |(_, at)| *at)
    }

    fn error<T>(&self, message: impl Into<String>) -> Result<T, SyntaxError> {
        Err(SyntaxError { at: self.place(), message: message.into() })
    }

    fn peek(&self, sign: &str) -> bool {
        match self.tokens.get(self.at) {
            Some((Token::Sign(found), _)) => *found == sign,
            Some((Token::Name(found), _)) => found == sign && sign == "in",
            _ => false,
        }
    }

    fn take(&mut self, sign: &str) -> bool {
        let found = self.peek(sign);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, sign: &str) -> Result<(), SyntaxError> {
        if self.take(sign) {
            return Ok(());
        }
        let found = self.tokens.get(self.at).map_or_else(|| "<EOF>".to_owned(), |(token, _)| token.shown());
        self.error(format!("Syntax error: mismatched input '{found}' expecting '{sign}'"))
    }

    fn deeper(&mut self, parse: impl FnOnce(&mut Self) -> Parsed) -> Parsed {
        self.depth += 1;
        let parsed = if self.depth > DEEPEST { self.error("expression recursion limit exceeded") } else { parse(self) };
        self.depth -= 1;
        parsed
    }

    /// A chain of operators or members grows, and the tree with it.
    fn link(&mut self) -> Result<(), SyntaxError> {
        self.links += 1;
        if self.links > LONGEST { self.error("expression recursion limit exceeded") } else { Ok(()) }
    }

    fn ternary(&mut self) -> Parsed {
        self.deeper(|parser| {
            let condition = parser.binary(0)?;
            let place = parser.place();
            if !parser.take("?") {
                return Ok(condition);
            }
            let yes = parser.binary(0)?;
            parser.expect(":")?;
            let no = parser.ternary()?;
            Ok(Expr::If(Box::new([condition, yes, no]), place))
        })
    }

    fn binary(&mut self, level: usize) -> Parsed {
        let Some(signs) = LEVELS.get(level) else { return self.unary() };
        let mut left = self.binary(level + 1)?;
        while let Some(sign) = signs.iter().find(|sign| self.peek(sign)) {
            let place = self.place();
            self.at += 1;
            self.link()?;
            let right = self.binary(level + 1)?;
            left = Expr::Binary(sign, Box::new(left), Box::new(right), place);
        }
        Ok(left)
    }

    fn unary(&mut self) -> Parsed {
        let place = self.place();
        for sign in ['!', '-'] {
            if self.take(if sign == '!' { "!" } else { "-" }) {
                if let ('-', Some((Token::Int(text), _))) = (sign, self.tokens.get(self.at)) {
                    // The smallest number has no positive twin.
                    let text = format!("-{text}");
                    self.at += 1;
                    let number = Expr::Literal(Val::Int(self.whole(&text)?), place);
                    return self.members(number);
                }
                return self.deeper(|parser| Ok(Expr::Unary(sign, Box::new(parser.unary()?), place)));
            }
        }
        let primary = self.primary()?;
        self.members(primary)
    }

    fn whole(&self, text: &str) -> Result<i64, SyntaxError> {
        let (sign, digits) = text.strip_prefix('-').map_or(("", text), |digits| ("-", digits));
        let parsed = match digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
            Some(hexadecimal) => i64::from_str_radix(&format!("{sign}{hexadecimal}"), 16),
            None => text.parse(),
        };
        parsed.or_else(|_| self.error("invalid int literal"))
    }

    fn primary(&mut self) -> Parsed {
        let at = self.place();
        let Some((token, _)) = self.tokens.get(self.at).cloned() else {
            return self.error("Syntax error: mismatched input '<EOF>' expecting {'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}");
        };
        self.at += 1;
        let value = match token {
            Token::Int(text) => Val::Int(self.whole(&text)?),
            Token::Uint(text) => {
                let parsed = text.strip_prefix("0x").map_or_else(|| text.parse(), |hex| u64::from_str_radix(hex, 16));
                Val::Uint(parsed.or_else(|_| self.error("invalid uint literal"))?)
            }
            Token::Double(number) => Val::Double(number),
            Token::Text(text) => Val::text(text),
            Token::Bytes(bytes) => Val::Bytes(bytes.into()),
            Token::Name(name) => match name.as_str() {
                "true" => Val::Bool(true),
                "false" => Val::Bool(false),
                "null" => Val::Null,
                _ => return self.named(name, at),
            },
            Token::Sign("(") => {
                let inner = self.ternary()?;
                self.expect(")")?;
                return Ok(inner);
            }
            Token::Sign("[") => return Ok(Expr::List(self.list("]")?, at)),
            Token::Sign("{") => return self.map(at),
            Token::Sign(".") => return self.primary(),
            other @ Token::Sign(_) => {
                self.at -= 1;
                return self.error(format!("Syntax error: extraneous input '{}'", other.shown()));
            }
        };
        Ok(Expr::Literal(value, at))
    }

    fn named(&mut self, name: String, at: usize) -> Parsed {
        let bracket = self.place();
        if !self.take("(") {
            if RESERVED.contains(&name.as_str()) {
                return Err(SyntaxError { at, message: format!("reserved identifier: {name}") });
            }
            if !self.bound.contains(&name) {
                self.names.push(name.clone());
            }
            return Ok(Expr::Name(name, at));
        }
        let arguments = self.list(")")?;
        if name != "has" {
            return Ok(Expr::Call(None, name, arguments, bracket));
        }
        match <[Expr; 1]>::try_from(arguments) {
            Ok([Expr::Field(of, field, false, _)]) => Ok(Expr::Has(of, field, bracket)),
            Ok([other]) => Err(SyntaxError { at: other.at(), message: "invalid argument to has() macro".to_owned() }),
            Err(arguments) => Ok(Expr::Call(None, name, arguments, bracket)),
        }
    }

    fn list(&mut self, end: &str) -> Result<Vec<Expr>, SyntaxError> {
        let mut items = Vec::new();
        while !self.take(end) {
            if !items.is_empty() {
                self.expect(",")?;
                if self.take(end) {
                    break;
                }
            }
            items.push(self.ternary()?);
        }
        Ok(items)
    }

    fn map(&mut self, at: usize) -> Parsed {
        let mut entries = Vec::new();
        while !self.take("}") {
            if !entries.is_empty() {
                self.expect(",")?;
                if self.take("}") {
                    break;
                }
            }
            let key = self.ternary()?;
            self.expect(":")?;
            entries.push((key, self.ternary()?));
        }
        Ok(Expr::Map(entries, at))
    }

    fn members(&mut self, mut expr: Expr) -> Parsed {
        for _ in 0..DEEPEST {
            let place = self.place();
            if self.take(".") {
                let optional = self.take("?");
                let Some((Token::Name(name), _)) = self.tokens.get(self.at).cloned() else {
                    return self.error("Syntax error: no viable alternative at input '.'");
                };
                self.at += 1;
                let bracket = self.place();
                expr = if self.take("(") {
                    self.method(expr, name, bracket)?
                } else {
                    Expr::Field(Box::new(expr), name, optional, place)
                };
            } else if self.take("[") {
                let optional = self.take("?");
                let index = self.ternary()?;
                self.expect("]")?;
                expr = Expr::Index(Box::new(expr), Box::new(index), optional, place);
            } else {
                return Ok(expr);
            }
        }
        self.error("expression recursion limit exceeded")
    }

    /// A function of a value, or a macro: which it is, its name and the number of its arguments say (cel-go's
    /// `parser/macro.go`, `ext/comprehensions.go`).
    fn method(&mut self, of: Expr, name: String, at: usize) -> Parsed {
        let total = self.arguments_ahead();
        // Some take one variable with two expressions or two with one.
        let kinds =
            [2, 1].into_iter().filter_map(|count| Some((count, macro_of(&name, count, total.checked_sub(count)?)?)));
        let kinds: Vec<(usize, &'static str)> = kinds.collect();
        for (count, known) in &kinds {
            let ahead = self.tokens[self.at..].chunks(2).take(*count);
            let names = ahead.filter_map(|pair| match pair {
                [(Token::Name(name), _), (Token::Sign(","), _)] => Some(name.clone()),
                _ => None,
            });
            let variables: Vec<String> = names.collect();
            if variables.len() == *count {
                self.at += 2 * count;
                self.bound.extend_from_slice(&variables);
                let arguments = self.list(")");
                self.bound.truncate(self.bound.len() - count);
                return Ok(Expr::Each(known, Box::new(of), variables, arguments?, at));
            }
        }
        let arguments = self.list(")")?;
        match arguments.first() {
            Some(first) if !kinds.is_empty() => {
                Err(SyntaxError { at: first.at(), message: "argument must be a simple name".to_owned() })
            }
            _ => Ok(Expr::Call(Some(Box::new(of)), name, arguments, at)),
        }
    }

    /// How many arguments stand before the bracket that closes the open one.
    fn arguments_ahead(&self) -> usize {
        let (mut depth, mut commas) = (0usize, 0);
        for (token, _) in &self.tokens[self.at..] {
            match token {
                Token::Sign("(" | "[" | "{") => depth += 1,
                Token::Sign(")" | "]" | "}") if depth == 0 => break,
                Token::Sign(")" | "]" | "}") => depth -= 1,
                Token::Sign(",") if depth == 0 => commas += 1,
                _ => {}
            }
        }
        let empty = matches!(self.tokens.get(self.at), Some((Token::Sign(")"), _)));
        if empty { 0 } else { commas + 1 }
    }
}

/// The macro of this name with so many variables and expressions.
fn macro_of(name: &str, variables: usize, expressions: usize) -> Option<&'static str> {
    const ONE: [(&str, usize); 9] = [
        ("all", 1),
        ("exists", 1),
        ("exists_one", 1),
        ("existsOne", 1),
        ("filter", 1),
        ("map", 1),
        ("map", 2),
        ("optMap", 1),
        ("optFlatMap", 1),
    ];
    const TWO: [(&str, usize); 9] = [
        ("all", 1),
        ("exists", 1),
        ("existsOne", 1),
        ("transformList", 1),
        ("transformList", 2),
        ("transformMap", 1),
        ("transformMap", 2),
        ("transformMapEntry", 1),
        ("transformMapEntry", 2),
    ];
    let known = if variables == 1 { ONE } else { TWO };
    known.into_iter().find(|known| *known == (name, expressions)).map(|(name, _)| name)
}
