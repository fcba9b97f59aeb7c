//! The string notation of label selectors: tokens, then one requirement after another.

use super::{Operator, Requirement, key_error};
use crate::sim::Order;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token {
    Word,
    Symbol,
    End,
}

/// All tokens with their text; the last is `End`.
fn tokens(text: &str) -> Vec<(Token, String)> {
    let mut tokens = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches([' ', '\t', '\r', '\n']);
        let Some(first) = rest.chars().next() else {
            tokens.push((Token::End, String::new()));
            return tokens;
        };
        let (token, length) = if is_symbol(first) {
            symbol(rest)
        } else {
            let end = rest.find(|c| is_symbol(c) || matches!(c, ' ' | '\t' | '\r' | '\n'));
            (Token::Word, end.unwrap_or(rest.len()))
        };
        let (literal, tail) = rest.split_at(length);
        tokens.push((token, literal.to_owned()));
        rest = tail;
    }
}

fn is_symbol(c: char) -> bool {
    matches!(c, '=' | '!' | '(' | ')' | ',' | '>' | '<')
}

/// The longest known symbol at the start.
fn symbol(rest: &str) -> (Token, usize) {
    if rest.starts_with("==") || rest.starts_with("!=") { (Token::Symbol, 2) } else { (Token::Symbol, 1) }
}

struct Parser {
    tokens: Vec<(Token, String)>,
    position: usize,
}

impl Parser {
    fn peek(&self) -> (Token, &str) {
        self.tokens.get(self.position).map_or((Token::End, ""), |(token, text)| (*token, text))
    }

    fn next(&mut self) -> (Token, String) {
        let item = self.tokens.get(self.position).cloned();
        self.position += 1;
        item.unwrap_or((Token::End, String::new()))
    }

    fn requirement(&mut self) -> Result<Requirement, String> {
        let (mut token, mut text) = self.next();
        let absent = token == Token::Symbol && text == "!";
        if absent {
            (token, text) = self.next();
        }
        if token != Token::Word {
            return Err(format!("found '{text}', expected: identifier"));
        }
        if let Some(error) = key_error("<nil>", &text) {
            return Err(error);
        }
        if absent {
            return Requirement::new(&text, Operator::DoesNotExist, Vec::new());
        }
        if matches!(self.peek(), (Token::End, _) | (Token::Symbol, ",")) {
            return Requirement::new(&text, Operator::Exists, Vec::new());
        }
        let operator = self.operator()?;
        let mut values = match operator {
            Operator::In | Operator::NotIn => self.values()?,
            _ => vec![self.exact_value()?],
        };
        values.order();
        values.dedup();
        Requirement::new(&text, operator, values)
    }

    fn operator(&mut self) -> Result<Operator, String> {
        let (_, text) = self.next();
        Ok(match text.as_str() {
            "in" => Operator::In,
            "notin" => Operator::NotIn,
            "=" => Operator::Equals,
            "==" => Operator::DoubleEquals,
            "!=" => Operator::NotEquals,
            ">" => Operator::GreaterThan,
            "<" => Operator::LessThan,
            _ => {
                return Err(format!("found '{text}', expected: in, notin, =, ==, !=, gt, lt"));
            }
        })
    }

    fn values(&mut self) -> Result<Vec<String>, String> {
        let (_, open) = self.next();
        if open != "(" {
            return Err(format!("found '{open}' expected: '('"));
        }
        match self.peek() {
            (Token::Symbol, ")") => {
                self.next();
                Ok(vec![String::new()])
            }
            (Token::Word, _) | (Token::Symbol, ",") => self.list(),
            (_, other) => Err(format!("found '{other}', expected: ',', ')' or identifier")),
        }
    }

    /// Identifiers between commas, up to and with the closing parenthesis; nothing between two commas is an empty one.
    fn list(&mut self) -> Result<Vec<String>, String> {
        let mut values = Vec::new();
        loop {
            match self.next() {
                (Token::Word, text) => {
                    values.push(text);
                    match self.peek() {
                        (Token::Symbol, ",") => {}
                        (Token::Symbol, ")") => break,
                        (_, other) => return Err(format!("found '{other}', expected: ',' or ')'")),
                    }
                }
                (Token::Symbol, text) if text == "," => {
                    if values.is_empty() || matches!(self.peek(), (Token::Symbol, "," | ")")) {
                        values.push(String::new());
                    }
                    if matches!(self.peek(), (Token::Symbol, ")")) {
                        break;
                    }
                }
                (_, text) => return Err(format!("found '{text}', expected: ',', or identifier")),
            }
        }
        self.next();
        Ok(values)
    }

    fn exact_value(&mut self) -> Result<String, String> {
        if matches!(self.peek(), (Token::End, _) | (Token::Symbol, ",")) {
            return Ok(String::new());
        }
        match self.next() {
            (Token::Word, text) => Ok(text),
            (_, text) => Err(format!("found '{text}', expected: identifier")),
        }
    }
}

/// All requirements of a selector string, in the order written.
pub(super) fn requirements(text: &str) -> Result<Vec<Requirement>, String> {
    let mut parser = Parser { tokens: tokens(text), position: 0 };
    let mut requirements = Vec::new();
    loop {
        match parser.peek() {
            (Token::Word, _) | (Token::Symbol, "!") => {}
            (Token::End, _) => return Ok(requirements),
            (_, other) => {
                return Err(format!("found '{other}', expected: !, identifier, or 'end of string'"));
            }
        }
        let requirement = parser.requirement().map_err(|error| format!("unable to parse requirement: {error}"))?;
        requirements.push(requirement);
        match parser.next() {
            (Token::End, _) => return Ok(requirements),
            (Token::Symbol, comma) if comma == "," => {}
            (_, other) => return Err(format!("found '{other}', expected: ',' or 'end of string'")),
        }
        match parser.peek() {
            (Token::Word, _) | (Token::Symbol, "!") => {}
            (_, other) => return Err(format!("found '{other}', expected: identifier after ','")),
        }
    }
}
