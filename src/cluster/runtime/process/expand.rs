//! What a shell makes of a word: quotes, variables, commands, sums.

use super::Process;

impl Process<'_> {
    /// Expands quotes, variables and commands in a word; unquoted variables are split at white space.
    pub(super) fn expand(&mut self, word: &str) -> Vec<String> {
        let mut text = String::new();
        let mut splits = false;
        let mut quote = None;
        let mut rest = word;
        while let Some(c) = rest.chars().next() {
            rest = &rest[c.len_utf8()..];
            match (quote, c) {
                (Some(q), c) if q == c => quote = None,
                (None, '\'' | '"') => quote = Some(c),
                (Some('\''), c) => text.push(c),
                (_, '\\') => {
                    let next = rest.chars().next().unwrap_or('\\');
                    rest = &rest[next.len_utf8().min(rest.len())..];
                    text.push(next);
                }
                (_, '$' | '`') => {
                    let (value, after) = self.substitute(c, rest);
                    splits |= quote.is_none();
                    text.push_str(&value);
                    rest = after;
                }
                (None, '~') if text.is_empty() => text.push_str("/root"),
                (_, c) => text.push(c),
            }
        }
        if splits && !word.contains(['"', '\'']) {
            text.split_whitespace().map(str::to_owned).collect()
        } else {
            vec![text]
        }
    }

    fn substitute<'t>(&mut self, sign: char, rest: &'t str) -> (String, &'t str) {
        if sign == '`' {
            let end = rest.find('`').unwrap_or(rest.len());
            return (self.output(&rest[..end]), rest.get(end + 1..).unwrap_or(""));
        }
        if let Some(inner) = rest.strip_prefix("((") {
            let end = inner.find("))").unwrap_or(inner.len());
            return (self.arithmetic(&inner[..end]).to_string(), inner.get(end + 2..).unwrap_or(""));
        }
        if let Some(inner) = rest.strip_prefix('(') {
            let end = matching(inner);
            return (self.output(&inner[..end]), inner.get(end + 1..).unwrap_or(""));
        }
        if let Some(inner) = rest.strip_prefix('{') {
            let end = inner.find('}').unwrap_or(inner.len());
            let (name, default) = inner[..end].split_once(":-").unwrap_or((&inner[..end], ""));
            let value = Some(self.var(name)).filter(|value| !value.is_empty()).unwrap_or(default);
            return (value.to_owned(), inner.get(end + 1..).unwrap_or(""));
        }
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        if end == 0 {
            return (String::new(), rest.get(1..).unwrap_or(""));
        }
        (self.var(&rest[..end]).to_owned(), &rest[end..])
    }

    fn output(&mut self, script: &str) -> String {
        let before = std::mem::take(&mut self.out);
        self.captures += 1;
        self.script(script);
        self.captures -= 1;
        let text = std::mem::replace(&mut self.out, before);
        text.trim_end().to_owned()
    }

    /// `a + b - c * d`, from left to right.
    fn arithmetic(&self, text: &str) -> i64 {
        let spaced =
            ["+", "-", "*", "/", "%"].iter().fold(text.to_owned(), |text, op| text.replace(op, &format!(" {op} ")));
        let value = |word: &str| {
            let name = word.trim_start_matches('$');
            name.parse().or_else(|_| self.var(name).parse()).unwrap_or(0)
        };
        let mut words = spaced.split_whitespace();
        let mut sum: i64 = words.next().map_or(0, value);
        while let (Some(op), Some(word)) = (words.next(), words.next()) {
            let right = value(word);
            sum = match op {
                "+" => sum.saturating_add(right),
                "-" => sum.saturating_sub(right),
                "*" => sum.saturating_mul(right),
                "/" => sum.checked_div(right).unwrap_or(0),
                _ => sum.checked_rem(right).unwrap_or(0),
            };
        }
        sum
    }
}

/// Where the parenthesis opened before `text` closes.
fn matching(text: &str) -> usize {
    let mut depth = 1;
    for (at, c) in text.char_indices() {
        depth += i32::from(c == '(') - i32::from(c == ')');
        if depth == 0 {
            return at;
        }
    }
    text.len()
}

/// `name=value` before a command.
pub(super) fn assignment(word: &str) -> Option<(&str, &str)> {
    let (name, value) = word.split_once('=')?;
    let fine = !name.is_empty() && !name.starts_with(|c: char| c.is_ascii_digit());
    (fine && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')).then_some((name, value))
}
