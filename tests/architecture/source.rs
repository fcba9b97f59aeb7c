//! Reads the project's Rust files as far as the rules need it: tokens with their lines, without comments, texts and
//! test modules; and the paths that begin with `crate` or `super`, resolved.

use std::fs;
use std::path::{Path, PathBuf};

/// One token of code: a word, a number, `::`, or a single sign. Contents of strings are left out.
#[derive(Clone, Debug, PartialEq)]
pub struct Token {
    pub text: String,
    pub line: usize,
}

/// One file under `src/`, without its tests.
pub struct Source {
    /// From the project's root, with `/`.
    pub path: String,
    /// The module that the file is, such as `["cluster", "wire"]`; empty for the roots.
    pub module: Vec<String>,
    /// The file as it is.
    pub text: String,
    /// The code outside of test modules.
    pub code: Vec<Token>,
    /// Lines outside of test modules.
    pub lines: usize,
}

/// The project's root.
pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// All files below a folder of the project in the order of their names; none when there is no such folder.
pub fn files(folder: &str) -> Vec<(String, PathBuf)> {
    let mut found = Vec::new();
    collect(&root().join(folder), &mut found);
    found.sort();
    let named = |path: PathBuf| {
        let name = path.strip_prefix(root()).expect("below the root").to_string_lossy().replace('\\', "/");
        (name, path)
    };
    found.into_iter().map(named).collect()
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries {
        let path = entry.expect("a readable folder").path();
        if path.is_dir() {
            collect(&path, found);
        } else {
            found.push(path);
        }
    }
}

/// The files under `src/` that are not tests altogether.
pub fn sources() -> Vec<Source> {
    let rust =
        |path: &Path| path.extension().is_some_and(|e| e == "rs") && path.file_name().is_some_and(|f| f != "tests.rs");
    let read = |(name, path): (String, PathBuf)| Source::new(name, fs::read_to_string(path).expect("a UTF-8 file"));
    files("src").into_iter().filter(|(_, path)| rust(path)).map(read).collect()
}

impl Source {
    /// Reads one file's text.
    pub fn new(path: String, text: String) -> Self {
        let (code, test_lines) = without_tests(&tokens(&text));
        let lines = text.lines().count() - test_lines;
        Self { module: module_of(&path), path, lines, text, code }
    }

    /// Every path that begins with `crate` or `super`, resolved from the crate's root, with its line. A `use` of
    /// several names is several paths.
    pub fn paths(&self) -> Vec<(Vec<String>, usize)> {
        let mut found = Vec::new();
        for (i, token) in self.code.iter().enumerate() {
            let starts = is(&self.code, i + 1, "::") && (i == 0 || !is(&self.code, i - 1, "::"));
            let mut prefix = match token.text.as_str() {
                "crate" if starts => Vec::new(),
                "super" if starts => self.module.clone(),
                _ => continue,
            };
            if token.text == "super" {
                prefix.pop();
            }
            expand(&self.code, i + 2, prefix, &mut found);
        }
        found
    }
}

fn is(code: &[Token], i: usize, text: &str) -> bool {
    code.get(i).is_some_and(|token| token.text == text)
}

fn is_word(text: &str) -> bool {
    text.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// Follows one path from its next segment on; returns where it ends.
fn expand(code: &[Token], mut i: usize, mut prefix: Vec<String>, found: &mut Vec<(Vec<String>, usize)>) -> usize {
    let line = code.get(i).map_or(0, |token| token.line);
    loop {
        if is(code, i, "{") {
            i += 1;
            while i < code.len() && !is(code, i, "}") {
                i = expand(code, i, prefix.clone(), found);
                // What follows a name inside a group: `as other`, and the comma.
                while i < code.len() && !is(code, i, ",") && !is(code, i, "}") {
                    i += 1;
                }
                i += usize::from(is(code, i, ","));
            }
            return i + 1;
        }
        match code.get(i).map(|token| token.text.as_str()) {
            Some("super") => drop(prefix.pop()),
            Some("self") => {}
            Some(word) if is_word(word) => prefix.push(word.to_string()),
            _ => break,
        }
        i += 1;
        if !is(code, i, "::") {
            break;
        }
        i += 1;
    }
    found.push((prefix, line));
    i + usize::from(is(code, i, "*"))
}

fn module_of(path: &str) -> Vec<String> {
    let inner = path.trim_start_matches("src/").trim_end_matches(".rs");
    let mut module: Vec<String> = inner.split('/').map(str::to_string).collect();
    if matches!(module.last().map(String::as_str), Some("mod" | "lib" | "main")) {
        module.pop();
    }
    module
}

/// Leaves out each item under `#[cfg(test)]`; tells how many lines that were.
fn without_tests(tokens: &[Token]) -> (Vec<Token>, usize) {
    const ATTRIBUTE: [&str; 7] = ["#", "[", "cfg", "(", "test", ")", "]"];
    let (mut code, mut left_out, mut i) = (Vec::new(), 0, 0);
    while i < tokens.len() {
        if ATTRIBUTE.iter().enumerate().all(|(k, text)| is(tokens, i + k, text)) {
            let end = end_of_item(tokens, i + ATTRIBUTE.len());
            left_out += tokens[end.min(tokens.len() - 1)].line - tokens[i].line + 1;
            i = end + 1;
        } else {
            code.push(tokens[i].clone());
            i += 1;
        }
    }
    (code, left_out)
}

/// The index of the `;` or of the closing brace that ends an item.
fn end_of_item(tokens: &[Token], from: usize) -> usize {
    let mut depth = 0usize;
    for (i, token) in tokens.iter().enumerate().skip(from) {
        match token.text.as_str() {
            "{" | "[" | "(" => depth += 1,
            "]" | ")" => depth -= 1,
            "}" => {
                depth -= 1;
                if depth == 0 {
                    return i;
                }
            }
            ";" if depth == 0 => return i,
            _ => {}
        }
    }
    tokens.len().saturating_sub(1)
}

/// Splits Rust text into tokens; comments and the contents of strings and characters go away.
pub fn tokens(text: &str) -> Vec<Token> {
    let chars: Vec<char> = text.chars().collect();
    let (mut found, mut i, mut line) = (Vec::new(), 0, 1);
    while i < chars.len() {
        let start = i;
        let mut word = None;
        match chars[i] {
            '/' if chars.get(i + 1) == Some(&'/') => i = until(&chars, i, '\n'),
            '/' if chars.get(i + 1) == Some(&'*') => i = end_of_comment(&chars, i),
            '"' => i = end_of_string(&chars, i),
            'r' | 'b' if raw_string(&chars, i).is_some() => i = raw_string(&chars, i).expect("just looked"),
            '\'' => i = end_of_quote(&chars, i),
            c if c.is_alphanumeric() || c == '_' => {
                while i < chars.len() && (chars[i].is_alphanumeric() || chars[i] == '_') {
                    i += 1;
                }
                word = Some(chars[start..i].iter().collect());
            }
            ':' if chars.get(i + 1) == Some(&':') => {
                i += 2;
                word = Some("::".to_string());
            }
            c => {
                i += 1;
                word = (!c.is_whitespace()).then(|| c.to_string());
            }
        }
        found.extend(word.map(|text| Token { text, line }));
        line += chars[start..i.min(chars.len())].iter().filter(|c| **c == '\n').count();
    }
    found
}

fn until(chars: &[char], from: usize, end: char) -> usize {
    chars[from..].iter().position(|c| *c == end).map_or(chars.len(), |n| from + n)
}

fn end_of_comment(chars: &[char], from: usize) -> usize {
    let (mut depth, mut i) = (0, from);
    while i + 1 < chars.len() {
        match (chars[i], chars[i + 1]) {
            ('/', '*') => (depth, i) = (depth + 1, i + 2),
            ('*', '/') => (depth, i) = (depth - 1, i + 2),
            _ => i += 1,
        }
        if depth == 0 {
            return i;
        }
    }
    chars.len()
}

fn end_of_string(chars: &[char], from: usize) -> usize {
    let mut i = from + 1;
    while i < chars.len() && chars[i] != '"' {
        i += 1 + usize::from(chars[i] == '\\');
    }
    i + 1
}

/// Where a raw or byte string that begins here ends; `None` when none begins.
fn raw_string(chars: &[char], from: usize) -> Option<usize> {
    let mut i = from + usize::from(chars[from] == 'b');
    if chars.get(i) == Some(&'"') && i > from {
        return Some(end_of_string(chars, i));
    }
    if chars.get(i) != Some(&'r') || (from > 0 && (chars[from - 1].is_alphanumeric() || chars[from - 1] == '_')) {
        return None;
    }
    i += 1;
    let hashes = chars[i..].iter().take_while(|c| **c == '#').count();
    i += hashes;
    if chars.get(i) != Some(&'"') {
        return None;
    }
    let closes =
        |at: usize| chars[at] == '"' && chars[at + 1..].iter().take(hashes).filter(|c| **c == '#').count() == hashes;
    (i + 1..chars.len()).find(|at| closes(*at)).map(|at| at + 1 + hashes)
}

/// A character's end, or the place after the quote of a lifetime.
fn end_of_quote(chars: &[char], from: usize) -> usize {
    match (chars.get(from + 1), chars.get(from + 2)) {
        (Some('\\'), _) => until(chars, from + 3, '\'') + 1,
        (Some(_), Some('\'')) => from + 3,
        _ => from + 1,
    }
}
