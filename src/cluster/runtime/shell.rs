//! The shell's language, as far as manifests use it: lists, pipes, loops, conditions, quotes.
//!
//! Left out: functions, `case`, here-documents, subshell variables, job control. What cannot be read is `None`, and the
//! script is then taken for an unknown program.

/// A command.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Node {
    /// Words as written, quotes and all, and where output is redirected to.
    Simple(Vec<String>, Option<Target>),
    /// One after another; the flag says that the command runs in the background.
    List(Vec<(Node, bool)>),
    /// The second if the first succeeds (`&&`, true) or fails (`||`, false).
    AndOr(Box<Node>, bool, Box<Node>),
    /// `! command`.
    Not(Box<Node>),
    /// Commands joined by pipes.
    Pipe(Vec<Node>),
    /// `while` (true) or `until` (false): condition, body.
    Loop(bool, Box<Node>, Box<Node>),
    /// `for name in words`: body.
    For(String, Vec<String>, Box<Node>),
    /// Conditions with their branches, and the last resort.
    If(Vec<(Node, Node)>, Option<Box<Node>>),
}

/// The file that output is redirected to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Target {
    /// As written.
    pub file: String,
    /// Whether it is added to what is there.
    pub append: bool,
}

/// Reads a script.
#[must_use]
pub fn parse(text: &str) -> Option<Node> {
    let tokens = tokens(text)?;
    let mut parser = Parser { tokens, at: 0 };
    let node = parser.list(&[])?;
    (parser.at == parser.tokens.len()).then_some(node)
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Token {
    Word(String),
    Op(&'static str),
}

const OPERATORS: &[&str] =
    &["&&", "||", ";;", ">>", "2>&1", "1>&2", ">&2", "2>", "1>", "&>", ";", "&", "|", ">", "<", "(", ")", "\n"];

fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches([' ', '\t', '\r']).trim_start_matches("\\\n");
        let Some(first) = rest.chars().next() else { return Some(tokens) };
        if first == '#' {
            rest = rest.find('\n').map_or("", |end| &rest[end..]);
        } else if first == '\\' && rest.starts_with("\\\n") {
            rest = &rest[2..];
        } else if let Some(op) = OPERATORS.iter().copied().find(|op| rest.starts_with(op)) {
            tokens.push(Token::Op(op));
            rest = &rest[op.len()..];
        } else {
            let end = word_end(rest)?;
            tokens.push(Token::Word(rest[..end].replace("\\\n", "")));
            rest = &rest[end..];
        }
    }
}

/// Where a word ends: quotes, `$(…)`, `${…}` and backquotes belong to it.
fn word_end(text: &str) -> Option<usize> {
    let mut chars = text.char_indices();
    let mut nesting: Vec<char> = Vec::new();
    while let Some((at, c)) = chars.next() {
        let quoted = nesting.last().copied();
        match (quoted, c) {
            (Some('\''), '\'') => drop(nesting.pop()),
            (Some('\''), _) => {}
            (_, '\\') => drop(chars.next()),
            (Some(open), _) if c == open => drop(nesting.pop()),
            (Some('"'), '\'') => {}
            (_, '\'' | '"' | '`') => nesting.push(c),
            (_, '$') if text[at..].starts_with("$(") => {
                chars.next();
                nesting.push(')');
            }
            (_, '$') if text[at..].starts_with("${") => {
                chars.next();
                nesting.push('}');
            }
            (Some(')'), '(') => nesting.push(')'),
            (None, ' ' | '\t' | '\n' | ';' | '&' | '|' | '<' | '>' | '(' | ')') => return Some(at),
            _ => {}
        }
    }
    nesting.is_empty().then_some(text.len())
}

/// What a redirection redirects.
enum Redirect {
    Output(Target),
    Other,
    None,
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
}

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn op(&mut self, op: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Op(next)) if *next == op);
        self.at += usize::from(found);
        found
    }

    fn word(&mut self, word: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Word(next)) if next == word);
        self.at += usize::from(found);
        found
    }

    fn skip_lines(&mut self) {
        while self.op("\n") || self.op(";") {}
    }

    /// Commands up to one of the words (which is left) or the end.
    fn list(&mut self, until: &[&str]) -> Option<Node> {
        let mut nodes = Vec::new();
        loop {
            self.skip_lines();
            match self.peek() {
                None | Some(Token::Op(")")) => break,
                Some(Token::Word(word)) if until.contains(&word.as_str()) => break,
                _ => {}
            }
            let node = self.and_or()?;
            nodes.push((node, self.op("&")));
        }
        if nodes.len() == 1 && !nodes[0].1 { nodes.pop().map(|(node, _)| node) } else { Some(Node::List(nodes)) }
    }

    fn and_or(&mut self) -> Option<Node> {
        let mut left = self.pipe()?;
        loop {
            let and = self.op("&&");
            if !and && !self.op("||") {
                return Some(left);
            }
            while self.op("\n") {}
            left = Node::AndOr(Box::new(left), and, Box::new(self.pipe()?));
        }
    }

    fn pipe(&mut self) -> Option<Node> {
        if self.word("!") {
            return Some(Node::Not(Box::new(self.pipe()?)));
        }
        let mut parts = vec![self.command()?];
        while self.op("|") {
            while self.op("\n") {}
            parts.push(self.command()?);
        }
        if parts.len() == 1 { parts.pop() } else { Some(Node::Pipe(parts)) }
    }

    fn command(&mut self) -> Option<Node> {
        if self.op("(") {
            let inner = self.list(&[])?;
            return self.op(")").then_some(inner);
        }
        if self.word("{") {
            let inner = self.list(&["}"])?;
            return self.word("}").then_some(inner);
        }
        if self.word("while") {
            return self.repeat(true);
        }
        if self.word("until") {
            return self.repeat(false);
        }
        if self.word("for") {
            return self.for_each();
        }
        if self.word("if") {
            return self.condition();
        }
        self.simple()
    }

    fn body(&mut self) -> Option<Node> {
        self.skip_lines();
        let body = self.word("do").then(|| self.list(&["done"]))??;
        let end = self.word("done");
        self.redirect();
        end.then_some(body)
    }

    fn repeat(&mut self, while_true: bool) -> Option<Node> {
        let condition = self.list(&["do"])?;
        Some(Node::Loop(while_true, Box::new(condition), Box::new(self.body()?)))
    }

    fn for_each(&mut self) -> Option<Node> {
        let Some(Token::Word(name)) = self.peek().cloned() else { return None };
        self.at += 1;
        let mut words = Vec::new();
        if self.word("in") {
            while let Some(Token::Word(word)) = self.peek().cloned() {
                words.push(word);
                self.at += 1;
            }
        }
        Some(Node::For(name, words, Box::new(self.body()?)))
    }

    fn condition(&mut self) -> Option<Node> {
        let mut arms = Vec::new();
        loop {
            let condition = self.list(&["then"])?;
            let body = self.word("then").then(|| self.list(&["elif", "else", "fi"]))??;
            arms.push((condition, body));
            if !self.word("elif") {
                break;
            }
        }
        let otherwise = if self.word("else") { Some(Box::new(self.list(&["fi"])?)) } else { None };
        self.word("fi").then_some(Node::If(arms, otherwise))
    }

    fn simple(&mut self) -> Option<Node> {
        let mut words = Vec::new();
        let mut target = None;
        loop {
            match self.peek().cloned() {
                Some(Token::Word(word)) => {
                    words.push(word);
                    self.at += 1;
                }
                Some(Token::Op(_)) => match self.redirect() {
                    Redirect::Output(file) => target = Some(file),
                    Redirect::Other => {}
                    Redirect::None => break,
                },
                None => break,
            }
        }
        (!words.is_empty() || target.is_some()).then_some(Node::Simple(words, target))
    }

    /// Takes a redirection, if one follows.
    fn redirect(&mut self) -> Redirect {
        let Some(Token::Op(op)) = self.peek().cloned() else { return Redirect::None };
        if ["2>&1", "1>&2", ">&2"].contains(&op) {
            self.at += 1;
            return Redirect::Other;
        }
        if ![">", ">>", "1>", "2>", "&>", "<"].contains(&op) {
            return Redirect::None;
        }
        let Some(Token::Word(file)) = self.tokens.get(self.at + 1).cloned() else { return Redirect::None };
        self.at += 2;
        if op == "<" || op == "2>" { Redirect::Other } else { Redirect::Output(Target { file, append: op == ">>" }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn simple(words: &[&str]) -> Node {
        Node::Simple(words.iter().map(|word| (*word).to_owned()).collect(), None)
    }

    #[test]
    fn loops_and_lists_are_read() {
        let node = parse("while true; do echo $(date) >> /out; sleep 5; done").expect("a loop");
        let Node::Loop(true, condition, body) = node else { panic!("{node:?}") };
        assert_eq!(*condition, simple(&["true"]));
        let Node::List(body) = *body else { panic!("{body:?}") };
        assert_eq!(
            body[0].0,
            Node::Simple(vec!["echo".into(), "$(date)".into()], Some(Target { file: "/out".into(), append: true }))
        );
        assert_eq!(body[1].0, simple(&["sleep", "5"]));
    }

    #[test]
    fn conditions_and_quotes_are_read() {
        assert!(parse("if [ -f /a ]; then exit 0; elif false; then :; else exit 1; fi").is_some());
        assert_eq!(parse("echo 'a b' \"c $D\""), Some(simple(&["echo", "'a b'", "\"c $D\""])));
        assert_eq!(parse("echo 'open"), None);
    }
}
