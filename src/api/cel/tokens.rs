//! Text to tokens (cel-spec, `langdef.md`, "Syntax").

use super::parse::SyntaxError;

/// A word, a number, a text or a sign.
#[derive(Clone, PartialEq, Debug)]
pub enum Token {
    /// A word.
    Name(String),
    /// A whole number.
    Int(String),
    /// One without sign.
    Uint(String),
    /// A number.
    Double(f64),
    /// A text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
    /// A sign.
    Sign(&'static str),
}

impl Token {
    /// As the text has it.
    pub fn shown(&self) -> String {
        match self {
            Self::Name(text) | Self::Int(text) | Self::Uint(text) => text.clone(),
            Self::Double(number) => number.to_string(),
            Self::Text(text) => format!("\"{text}\""),
            Self::Bytes(_) => "b\"\"".to_owned(),
            Self::Sign(sign) => (*sign).to_owned(),
        }
    }
}

const SIGNS: [&str; 24] = [
    "&&", "||", "==", "!=", "<=", ">=", "<", ">", "+", "-", "*", "/", "%", "!", "?", ":", "(", ")", "[", "]", "{", "}",
    ",", ".",
];

/// The tokens of a text with their places.
///
/// # Errors
/// A character that begins none, a text that does not end.
pub fn tokens(text: &str) -> Result<Vec<(Token, usize)>, SyntaxError> {
    let chars: Vec<char> = text.chars().collect();
    let mut out = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        let start = at;
        let c = chars[at];
        if c.is_whitespace() {
            at += 1;
        } else if c == '/' && chars.get(at + 1) == Some(&'/') {
            at = chars[at..].iter().position(|c| *c == '\n').map_or(chars.len(), |end| at + end);
        } else if let Some((token, end)) = string(&chars, at)? {
            out.push((token, start));
            at = end;
        } else if c.is_ascii_digit() || (c == '.' && chars.get(at + 1).is_some_and(char::is_ascii_digit)) {
            let (token, end) = number(&chars, at)?;
            out.push((token, start));
            at = end;
        } else if c == '_' || c.is_ascii_alphabetic() {
            let length = chars[at..].iter().take_while(|c| **c == '_' || c.is_ascii_alphanumeric()).count();
            out.push((Token::Name(chars[at..at + length].iter().collect()), start));
            at += length;
        } else {
            let sign = SIGNS.iter().find(|sign| sign.chars().enumerate().all(|(n, c)| chars.get(at + n) == Some(&c)));
            let unknown = || SyntaxError { at, message: format!("Syntax error: token recognition error at: '{c}'") };
            let sign = sign.ok_or_else(unknown)?;
            out.push((Token::Sign(sign), start));
            at += sign.len();
        }
    }
    Ok(out)
}

fn number(chars: &[char], start: usize) -> Result<(Token, usize), SyntaxError> {
    let mut end = start;
    let hexadecimal = chars[start] == '0' && matches!(chars.get(start + 1), Some('x' | 'X'));
    if hexadecimal {
        end += 2;
    }
    let mut whole = true;
    while let Some(c) = chars.get(end) {
        let sign = matches!(c, '+' | '-') && !hexadecimal && matches!(chars[end - 1], 'e' | 'E') && end > start;
        match c {
            _ if sign => {}
            '0'..='9' => {}
            'a'..='f' | 'A'..='F' if hexadecimal => {}
            'e' | 'E' if !hexadecimal => whole = false,
            '.' if !hexadecimal && whole && chars.get(end + 1).is_some_and(char::is_ascii_digit) => whole = false,
            _ => break,
        }
        end += 1;
    }
    let text: String = chars[start..end].iter().collect();
    if matches!(chars.get(end), Some('u' | 'U')) && whole {
        return Ok((Token::Uint(text), end + 1));
    }
    if whole {
        return Ok((Token::Int(text), end));
    }
    let wrong = |_| SyntaxError { at: start, message: "invalid double literal".to_owned() };
    text.parse().map(|number| (Token::Double(number), end)).map_err(wrong)
}

/// A text or bytes, if one begins here.
fn string(chars: &[char], start: usize) -> Result<Option<(Token, usize)>, SyntaxError> {
    let (mut at, mut raw, mut bytes) = (start, false, false);
    while let Some(c @ ('r' | 'R' | 'b' | 'B')) = chars.get(at) {
        let known = if matches!(c, 'r' | 'R') { &mut raw } else { &mut bytes };
        if std::mem::replace(known, true) {
            return Ok(None);
        }
        at += 1;
    }
    let Some(quote @ ('"' | '\'')) = chars.get(at).copied() else { return Ok(None) };
    let long = chars.get(at + 1) == Some(&quote) && chars.get(at + 2) == Some(&quote);
    let length = if long { 3 } else { 1 };
    at += length;
    let mut text = String::new();
    let unclosed =
        || SyntaxError { at: start, message: "Syntax error: token recognition error at: unterminated text".to_owned() };
    loop {
        let c = *chars.get(at).ok_or_else(unclosed)?;
        let closes = (0..length).all(|n| chars.get(at + n) == Some(&quote));
        if closes {
            at += length;
            break;
        }
        if c == '\n' && !long {
            return Err(unclosed());
        }
        if c != '\\' || raw {
            text.push(c);
            at += 1;
            continue;
        }
        let (escaped, next) = escape(chars, at + 1).ok_or_else(unclosed)?;
        text.push(escaped);
        at = next;
    }
    let token = if bytes { Token::Bytes(text.into_bytes()) } else { Token::Text(text) };
    Ok(Some((token, at)))
}

fn escape(chars: &[char], at: usize) -> Option<(char, usize)> {
    let code = |digits: usize, radix: u32, from: usize| {
        let text: String = chars.get(from..from + digits)?.iter().collect();
        char::from_u32(u32::from_str_radix(&text, radix).ok()?).map(|c| (c, from + digits))
    };
    let plain = match chars.get(at)? {
        'n' => '\n',
        't' => '\t',
        'r' => '\r',
        'a' => '\u{7}',
        'b' => '\u{8}',
        'f' => '\u{c}',
        'v' => '\u{b}',
        c @ ('\\' | '\'' | '"' | '`' | '?') => *c,
        'x' | 'X' => return code(2, 16, at + 1),
        'u' => return code(4, 16, at + 1),
        'U' => return code(8, 16, at + 1),
        '0'..='3' => return code(3, 8, at),
        _ => return None,
    };
    Some((plain, at + 1))
}
