//! What a container's process does: its command, run once in thought when it starts.
//!
//! A process is not simulated instruction by instruction. Its command line is walked through when it starts, with a clock
//! of its own, and what comes out is its *course*: when it will end and with which code, which ports it will have opened
//! by then, which files it will have made, and what it will do on SIGTERM.
//!
//! ```text
//!   sh -c "touch /tmp/healthy; sleep 30; rm /tmp/healthy; sleep 600"
//!        0 s  + /tmp/healthy        30 s  − /tmp/healthy        630 s  ends with 0
//! ```
//!
//! What others write into its volumes belongs to what it finds, with the moment at which it comes ([`files`]): when that
//! changes, the course is thought through anew, and comes out the same up to now.
//!
//! Left out: output that depends on the outside, the network (what a process asks of others
//! is taken to succeed; what it asks of itself is answered truly), CPU. Files that nobody has made exist, except in volumes
//! and under `/tmp`, `/var/run` and `/run`; what is in them is not known, and reads as nothing.

mod expand;
pub mod files;
mod output;

use self::expand::assignment;
use self::files::Seen;
pub use super::course::{Change, Course, Listen, OnTerm, Site};
use super::programs;
use super::shell::{self, Node, Target};
use crate::cluster::wire::File;
use crate::sim::{Duration, Sorted};
use std::rc::Rc;

/// What a process finds when it starts.
#[derive(Clone, Debug, Default)]
pub struct Surroundings<'a> {
    /// Environment.
    pub env: &'a [(Rc<str>, Rc<str>)],
    /// Whether only commands that are known here exist.
    pub closed: bool,
    /// Whether the container has to end before others start: unknown programs in it end.
    pub init: bool,
    /// Its memory limit in bytes.
    pub memory_limit: Option<u64>,
    /// What is in its file system, and what will be.
    pub files: Seen,
    /// The name of its machine: the pod's.
    pub hostname: Rc<str>,
}

/// How a command went on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Flow {
    /// It ended with a status; the next follows.
    Next(i32),
    /// The whole process ends.
    Exit(i32),
    /// It runs for ever.
    Forever,
    /// `break`.
    Break,
}

/// Why a process could not be started.
pub type StartError = String;

/// How many commands a script may run before it is taken for endless.
const FUEL: u32 = 2_000;

/// A process in the course of being thought through.
pub struct Process<'a> {
    /// What it found.
    pub around: &'a Surroundings<'a>,
    /// What has come out so far.
    pub course: Course,
    /// Its own clock: since its start.
    pub clock: Duration,
    /// What it has printed.
    pub out: String,
    /// Variables.
    pub vars: Sorted<String, String>,
    /// What it has written and removed itself.
    files: Sorted<Rc<str>, (Duration, Option<File>)>,
    /// What comes through a pipe.
    pub input: Option<String>,
    /// Whether it is a command run beside the container's process.
    pub beside: bool,
    /// How many commands around it take what is printed: pipes and substitutions.
    captures: u32,
    fuel: u32,
    failing_fast: bool,
}

/// Thinks a command through from its start.
///
/// # Errors
/// The text of `runc` when the command does not exist.
pub fn course(argv: &[String], around: &Surroundings) -> Result<Course, StartError> {
    let Some(command) = argv.first() else { return Err("no command specified".to_owned()) };
    if missing(command, around) {
        return Err(not_found(command));
    }
    let mut process = Process::new(around);
    let flow = process.run(argv);
    process.write_log();
    if let Flow::Next(code) | Flow::Exit(code) = flow {
        process.course.ends = Some((process.clock, code));
    }
    Ok(process.course)
}

/// Runs a command in a container whose files are known: its exit code, its output, and the files it changes.
///
/// # Errors
/// The text of `runc` when the command does not exist.
pub fn exec<'a>(
    argv: &[String],
    around: &'a Surroundings<'a>,
    listens: Vec<Listen>,
) -> Result<(Flow, Process<'a>), StartError> {
    let Some(command) = argv.first() else { return Err("no command specified".to_owned()) };
    if missing(command, around) {
        return Err(not_found(command));
    }
    let mut process = Process::new(around);
    process.beside = true;
    process.course.listens = listens;
    let flow = process.run(argv);
    Ok((flow, process))
}

/// Whether a command is known not to exist.
fn missing(command: &str, around: &Surroundings) -> bool {
    let name = base(command);
    let known = programs::find(name).is_some();
    !known
        && (around.closed
            || ["definitely-not", "nonexist", "non-exist", "not-exist", "no-such", "doesnotexist"]
                .iter()
                .any(|word| name.contains(word)))
}

fn not_found(command: &str) -> StartError {
    let why = if command.contains('/') {
        format!("stat {command}: no such file or directory")
    } else {
        "executable file not found in $PATH".to_owned()
    };
    format!("exec: \"{command}\": {why}")
}

/// The last part of a path.
#[must_use]
pub fn base(command: &str) -> &str {
    command.rsplit('/').next().unwrap_or(command)
}

impl<'a> Process<'a> {
    fn new(around: &'a Surroundings<'a>) -> Self {
        let mut vars = Sorted::new();
        if !around.hostname.is_empty() {
            vars.insert("HOSTNAME".to_owned(), around.hostname.to_string());
        }
        vars.extend(around.env.iter().map(|(name, value)| (name.to_string(), value.to_string())));
        Self {
            around,
            course: Course::default(),
            clock: Duration::ZERO,
            out: String::new(),
            vars,
            files: Sorted::new(),
            input: None,
            beside: false,
            captures: 0,
            fuel: FUEL,
            failing_fast: false,
        }
    }

    /// Runs one command with its words already expanded.
    pub fn run(&mut self, argv: &[String]) -> Flow {
        let Some(command) = argv.first() else { return Flow::Next(0) };
        match programs::find(base(command)) {
            Some(program) => (program.run)(self, argv),
            None if self.around.closed => {
                self.print(&format!("sh: {command}: not found\n"));
                Flow::Next(127)
            }
            None => programs::service::unknown(self),
        }
    }

    /// Runs a script.
    pub fn script(&mut self, text: &str) -> Flow {
        match shell::parse(text) {
            Some(node) => self.node(&node, true),
            None => programs::service::unknown(self),
        }
    }

    /// Lets time pass.
    pub fn pass(&mut self, time: Duration) {
        self.clock = self.clock.saturating_add(time);
    }

    /// Opens a port.
    pub fn listen(&mut self, port: u16, site: Site) {
        self.course.listens.push(Listen { port, from: self.clock, site });
    }

    /// Runs for ever and ends cleanly on SIGTERM.
    pub fn serve(&mut self, ports: &[u16], site: Site) -> Flow {
        for port in ports {
            self.listen(*port, site);
        }
        self.course.on_term = OnTerm::Exit(Duration::from_millis(100), 0);
        Flow::Forever
    }

    /// Prints.
    pub fn print(&mut self, text: &str) {
        if self.out.len() < 4096 {
            self.out.push_str(text);
        }
    }

    /// A variable, or nothing.
    #[must_use]
    pub fn var(&self, name: &str) -> &str {
        self.vars.get(name).map_or("", String::as_str)
    }

    /// Follows a command; `last`: nothing comes after it, so that it stands for the process.
    fn node(&mut self, node: &Node, last: bool) -> Flow {
        let Some(fuel) = self.fuel.checked_sub(1) else { return Flow::Forever };
        self.fuel = fuel;
        match node {
            Node::Simple(words, target) => self.simple(words, target.as_ref(), last),
            Node::List(nodes) => self.list(nodes, last),
            Node::AndOr(left, and, right) => match self.tested(left) {
                Flow::Next(code) if (code == 0) == *and => self.node(right, last),
                flow => flow,
            },
            Node::Not(inner) => match self.tested(inner) {
                Flow::Next(code) => Flow::Next(i32::from(code == 0)),
                flow => flow,
            },
            Node::Pipe(parts) => {
                self.captures += 1;
                let flow = self.pipe(parts, last);
                self.captures -= 1;
                self.write_log();
                flow
            }
            Node::Loop(wanted, condition, body) => self.repeat(*wanted, condition, body),
            Node::For(name, words, body) => self.for_each(name, words, body),
            Node::If(arms, otherwise) => {
                for (condition, body) in arms {
                    match self.tested(condition) {
                        Flow::Next(0) => return self.node(body, last),
                        Flow::Next(_) => {}
                        flow => return flow,
                    }
                }
                otherwise.as_ref().map_or(Flow::Next(0), |node| self.node(node, last))
            }
        }
    }

    /// A command whose failure `set -e` overlooks.
    fn tested(&mut self, node: &Node) -> Flow {
        let before = std::mem::take(&mut self.failing_fast);
        let flow = self.node(node, false);
        self.failing_fast = before;
        flow
    }

    fn list(&mut self, nodes: &[(Node, bool)], last: bool) -> Flow {
        let mut status = 0;
        for (index, (node, background)) in nodes.iter().enumerate() {
            if *background {
                // It runs beside the rest: its ports and files count, its time and its end do not.
                let clock = self.clock;
                self.node(node, true);
                self.clock = clock;
                status = 0;
                continue;
            }
            match self.node(node, last && index + 1 == nodes.len()) {
                Flow::Next(code) if code != 0 && self.failing_fast => return Flow::Exit(code),
                Flow::Next(code) => status = code,
                flow => return flow,
            }
        }
        Flow::Next(status)
    }

    fn repeat(&mut self, wanted: bool, condition: &Node, body: &Node) -> Flow {
        loop {
            match self.tested(condition) {
                Flow::Next(code) if (code == 0) == wanted => {}
                Flow::Next(_) => return Flow::Next(0),
                flow => return flow,
            }
            match self.node(body, false) {
                Flow::Next(_) => {}
                Flow::Break => return Flow::Next(0),
                flow => return flow,
            }
        }
    }

    fn for_each(&mut self, name: &str, words: &[String], body: &Node) -> Flow {
        let items: Vec<String> = words.iter().flat_map(|word| self.expand(word)).collect();
        let mut status = 0;
        for item in items {
            self.vars.insert(name.to_owned(), item);
            match self.node(body, false) {
                Flow::Next(code) => status = code,
                Flow::Break => break,
                flow => return flow,
            }
        }
        Flow::Next(status)
    }

    fn simple(&mut self, words: &[String], target: Option<&Target>, last: bool) -> Flow {
        let mut words = words;
        while let Some((name, value)) = words.first().and_then(|word| assignment(word)) {
            let value = self.expand(value).join(" ");
            self.vars.insert(name.to_owned(), value);
            words = &words[1..];
        }
        let argv: Vec<String> = words.iter().flat_map(|word| self.expand(word)).collect();
        let printed = self.out.len();
        let mut flow = if argv.is_empty() { Flow::Next(0) } else { self.command(&argv, last) };
        if let Some(target) = target {
            let text = self.out.split_off(printed.min(self.out.len()));
            flow = self.redirect(flow, target, text);
        }
        self.write_log();
        flow
    }

    fn command(&mut self, argv: &[String], last: bool) -> Flow {
        let number = |text: Option<&String>| text.and_then(|text| text.parse().ok());
        match argv[0].as_str() {
            "exit" => Flow::Exit(number(argv.get(1)).unwrap_or(0)),
            "break" => Flow::Break,
            "set" => {
                self.failing_fast |= argv[1..].iter().any(|flag| flag.starts_with('-') && flag.contains('e'));
                Flow::Next(0)
            }
            "exec" | "nohup" | "command" | "sudo" | "time" | "tini" | "dumb-init" if argv.len() > 1 => {
                self.command(&argv[1..], last)
            }
            "timeout" if argv.len() > 2 => self.command(&argv[2..], false),
            "trap" => {
                let on_term = argv[1..].iter().any(|word| ["TERM", "SIGTERM", "15"].contains(&word.as_str()));
                if on_term {
                    let code = argv[1]
                        .rsplit_once("exit ")
                        .and_then(|(_, code)| code.trim().trim_end_matches(';').parse().ok());
                    self.course.on_term = OnTerm::Exit(Duration::from_millis(50), code.unwrap_or(0));
                }
                Flow::Next(0)
            }
            name if programs::find(base(name)).is_none() && !self.around.closed && !last => {
                // An unknown step on the way to something else: it succeeds.
                self.pass(Duration::from_secs(1));
                Flow::Next(0)
            }
            _ => match self.run(argv) {
                Flow::Exit(code) => Flow::Next(code),
                flow => flow,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(argv: &[&str]) -> Course {
        let around = Surroundings { env: &[("N".into(), "7".into())], closed: true, ..Surroundings::default() };
        let argv: Vec<String> = argv.iter().map(|word| (*word).to_owned()).collect();
        course(&argv, &around).expect("starts")
    }

    fn ends(script: &str) -> Option<(u64, i32)> {
        of(&["sh", "-c", script]).ends.map(|(at, code)| (at.as_secs(), code))
    }

    #[test]
    fn scripts_end_when_and_as_they_say() {
        assert_eq!(ends("echo hello; sleep 3; exit 4"), Some((3, 4)));
        assert_eq!(ends("date && false || sleep 2"), Some((2, 0)));
        assert_eq!(ends("while true; do date; sleep 10; done"), None);
        assert_eq!(ends("for i in 1 2 3; do echo $i; sleep $i; done"), Some((6, 0)));
        assert_eq!(ends("i=0; while [ $i -lt 5 ]; do i=$((i+1)); sleep 1; done"), Some((5, 0)));
        assert_eq!(ends("if [ $N -gt 5 ]; then exit 3; else sleep 1; fi"), Some((0, 3)));
        assert_eq!(ends("set -e; false; sleep 9"), Some((0, 1)));
        assert_eq!(ends("unknown"), Some((0, 127)));
        assert_eq!(ends("exec sleep 1h"), Some((3600, 0)));
        assert_eq!(ends("(sleep 5; exit 1) & sleep 1"), Some((1, 0)));
    }

    #[test]
    fn files_come_and_go() {
        let course = of(&["/bin/sh", "-c", "touch /tmp/healthy; sleep 30; rm -f /tmp/healthy; sleep 600"]);
        let files: Vec<_> =
            course.files.iter().map(|change| (change.at.as_secs(), &*change.path, change.file.is_some())).collect();
        assert_eq!(files, [(0, "/tmp/healthy", true), (30, "/tmp/healthy", false)]);
        assert_eq!(course.ends, Some((Duration::from_secs(630), 0)));
    }

    #[test]
    fn a_shell_with_number_one_ignores_sigterm_unless_it_traps_it() {
        assert_eq!(of(&["sh", "-c", "sleep 3600"]).on_term, OnTerm::Ignore);
        assert_eq!(of(&["sleep", "3600"]).on_term, OnTerm::Ignore);
        let trapped = of(&["sh", "-c", "trap 'echo bye; exit 3' TERM; while true; do sleep 1; done"]);
        assert_eq!(trapped.on_term, OnTerm::Exit(Duration::from_millis(50), 3));
    }

    #[test]
    fn a_command_that_does_not_exist_cannot_be_started() {
        let around = Surroundings { closed: true, ..Surroundings::default() };
        let error = course(&["nonsense".to_owned()], &around).err();
        assert_eq!(error.as_deref(), Some("exec: \"nonsense\": executable file not found in $PATH"));
    }

    #[test]
    fn what_is_written_to_the_termination_log_is_the_message() {
        assert_eq!(&*of(&["sh", "-c", "echo oops > /dev/termination-log; exit 2"]).message, "oops");
    }
}
