//! What Go says about a text that is not JSON: `encoding/json/scanner.go`. Servers pass its sentences on, for example for
//! a broken request body or a `.dockerconfigjson` that is none.

/// The sentence for the first thing that is wrong; nothing if the text is one JSON value.
#[must_use]
pub fn json_error(text: &str) -> Option<String> {
    Scan { bytes: text.as_bytes(), at: 0 }.document().err()
}

type Scanned = Result<(), String>;

struct Scan<'a> {
    bytes: &'a [u8],
    at: usize,
}

/// What a value stands in.
#[derive(Clone, Copy)]
enum Inside {
    Array,
    Object,
}

impl Scan<'_> {
    fn document(&mut self) -> Scanned {
        let mut open = Vec::new();
        loop {
            // One value, or the beginning of a collection.
            self.space();
            match self.peek() {
                Some(b'[') => {
                    self.at += 1;
                    self.space();
                    if self.peek() != Some(b']') {
                        open.push(Inside::Array);
                        continue;
                    }
                    self.at += 1;
                }
                Some(b'{') => {
                    self.at += 1;
                    self.space();
                    if self.peek() != Some(b'}') {
                        open.push(Inside::Object);
                        self.key()?;
                        continue;
                    }
                    self.at += 1;
                }
                _ => self.plain()?,
            }
            if self.close(&mut open)? {
                return Ok(());
            }
        }
    }

    /// What follows a value: ends collections, and says whether the document has ended, too.
    fn close(&mut self, open: &mut Vec<Inside>) -> Result<bool, String> {
        loop {
            self.space();
            match (open.last(), self.peek()) {
                (None, None) => return Ok(true),
                (None, Some(_)) => return self.wrong("after top-level value").map(|()| true),
                (Some(Inside::Array), Some(b',')) => {
                    self.at += 1;
                    return Ok(false);
                }
                (Some(Inside::Object), Some(b',')) => {
                    self.at += 1;
                    return self.key().map(|()| false);
                }
                (Some(Inside::Array), Some(b']')) | (Some(Inside::Object), Some(b'}')) => {
                    self.at += 1;
                    open.pop();
                }
                (Some(Inside::Array), _) => return self.wrong("after array element").map(|()| true),
                (Some(Inside::Object), _) => return self.wrong("after object key:value pair").map(|()| true),
            }
        }
    }

    fn key(&mut self) -> Scanned {
        self.space();
        if self.peek() != Some(b'"') {
            return self.wrong("looking for beginning of object key string");
        }
        self.string()?;
        self.space();
        if self.peek() != Some(b':') {
            return self.wrong("after object key");
        }
        self.at += 1;
        Ok(())
    }

    fn plain(&mut self) -> Scanned {
        match self.peek() {
            Some(b'"') => self.string(),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.literal("true"),
            Some(b'f') => self.literal("false"),
            Some(b'n') => self.literal("null"),
            _ => self.wrong("looking for beginning of value"),
        }
    }

    fn string(&mut self) -> Scanned {
        self.at += 1;
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(b'\\') => self.escape()?,
                Some(0x20..) => self.at += 1,
                _ => return self.wrong("in string literal"),
            }
        }
    }

    fn escape(&mut self) -> Scanned {
        self.at += 1;
        match self.peek() {
            Some(b'b' | b'f' | b'n' | b'r' | b't' | b'\\' | b'/' | b'"') => self.at += 1,
            Some(b'u') => {
                self.at += 1;
                for _ in 0..4 {
                    if !self.peek().is_some_and(|byte| byte.is_ascii_hexdigit()) {
                        return self.wrong("in \\u hexadecimal character escape");
                    }
                    self.at += 1;
                }
            }
            _ => return self.wrong("in string escape code"),
        }
        Ok(())
    }

    fn number(&mut self) -> Scanned {
        self.at += usize::from(self.peek() == Some(b'-'));
        if self.peek() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits("in numeric literal")?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits("after decimal point in numeric literal")?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            self.at += usize::from(matches!(self.peek(), Some(b'+' | b'-')));
            self.digits("in exponent of numeric literal")?;
        }
        Ok(())
    }

    /// At least one digit.
    fn digits(&mut self, context: &str) -> Scanned {
        if !self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            return self.wrong(context);
        }
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        Ok(())
    }

    fn literal(&mut self, word: &str) -> Scanned {
        for expected in word.bytes() {
            if self.peek() != Some(expected) {
                return self.wrong(&format!("in literal {word} (expecting '{}')", char::from(expected)));
            }
            self.at += 1;
        }
        Ok(())
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn wrong(&self, context: &str) -> Scanned {
        let Some(byte) = self.peek() else { return Err("unexpected end of JSON input".to_owned()) };
        // Go quotes the byte as if it were a character.
        let quoted = match byte {
            b'\'' => "\\'".to_owned(),
            b'"' => "\"".to_owned(),
            b'\\' => "\\\\".to_owned(),
            b'\n' => "\\n".to_owned(),
            b'\r' => "\\r".to_owned(),
            b'\t' => "\\t".to_owned(),
            0x07 => "\\a".to_owned(),
            0x08 => "\\b".to_owned(),
            0x0b => "\\v".to_owned(),
            0x0c => "\\f".to_owned(),
            0..0x20 | 0x7f => format!("\\x{byte:02x}"),
            0x80..0xa0 | 0xad => format!("\\u{:04x}", u32::from(byte)),
            other => char::from(other).to_string(),
        };
        Err(format!("invalid character '{quoted}' {context}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences() {
        let cases = [
            ("{bad", "invalid character 'b' looking for beginning of object key string"),
            ("not json", "invalid character 'o' in literal null (expecting 'u')"),
            ("", "unexpected end of JSON input"),
            ("{\"a\" 1}", "invalid character '1' after object key"),
            ("{\"a\":1 2}", "invalid character '2' after object key:value pair"),
            ("{\"a\":1,}", "invalid character '}' looking for beginning of object key string"),
            ("[1 2]", "invalid character '2' after array element"),
            ("[1,]", "invalid character ']' looking for beginning of value"),
            ("{} x", "invalid character 'x' after top-level value"),
            ("01", "invalid character '1' after top-level value"),
            ("-a", "invalid character 'a' in numeric literal"),
            ("1.x", "invalid character 'x' after decimal point in numeric literal"),
            ("1ex", "invalid character 'x' in exponent of numeric literal"),
            ("\"a\nb\"", "invalid character '\\n' in string literal"),
            ("\"\\q\"", "invalid character 'q' in string escape code"),
            ("\"\\u12g4\"", "invalid character 'g' in \\u hexadecimal character escape"),
            ("'a'", "invalid character '\\'' looking for beginning of value"),
            ("[{\"a\":[", "unexpected end of JSON input"),
        ];
        for (text, expected) in cases {
            assert_eq!(json_error(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn agrees_with_the_decoder() {
        for text in ["{}", " [ ] ", "[1,-2.5e+3,\"\\u00e9\",null,true,{\"a\":{\"b\":[]}}]", "\"é\"", "0", "[[[]]]"] {
            assert_eq!(json_error(text), None, "{text}");
            assert!(serde_json::from_str::<serde_json::Value>(text).is_ok(), "{text}");
        }
    }
}
