//! The small tools of every Unix: files, time, tests, text.

use super::Program;
use crate::cluster::runtime::process::files::Look;
use crate::cluster::runtime::process::{Flow, OnTerm, Process};
use crate::sim::Duration;

/// The programs of this file.
pub static PROGRAMS: &[Program] = &[
    Program { names: &["sleep"], run: sleep },
    Program { names: &["usleep"], run: |_, _| Flow::Next(0) },
    Program {
        names: &["true", ":", "export", "local", "wait", "umask", "ulimit", "unset", "alias", "source", ".", "shift"],
        run: export,
    },
    Program { names: &["false"], run: |_, _| Flow::Next(1) },
    Program { names: &["echo", "printf"], run: echo },
    Program { names: &["date"], run: |process, _| say(process, "Mon Jan  5 09:00:00 UTC 2026\n") },
    Program {
        names: &[
            "id", "uname", "uptime", "ps", "df", "free", "mount", "stat", "du", "nproc", "arch", "dmesg", "sysctl",
        ],
        run: quiet,
    },
    Program { names: &["env", "printenv"], run: printenv },
    Program { names: &["hostname"], run: |process, _| say(process, &format!("{}\n", process.around.hostname)) },
    Program { names: &["cd"], run: cd },
    Program { names: &["pwd"], run: |process, _| say(process, &format!("{}\n", process.path("."))) },
    Program {
        names: &[
            "chmod",
            "chown",
            "ln",
            "sync",
            "mktemp",
            "tar",
            "gzip",
            "gunzip",
            "unzip",
            "kill",
            "killall",
            "pkill",
            "dd",
            "nice",
            "fallocate",
            "truncate",
            "adduser",
            "addgroup",
            "useradd",
            "groupadd",
        ],
        run: quiet,
    },
    Program {
        names: &[
            "sed", "awk", "cut", "tr", "uniq", "xargs", "expr", "basename", "dirname", "base64", "jq", "which", "diff",
            "cmp", "type",
        ],
        run: quiet,
    },
    Program { names: &["seq"], run: seq },
    Program { names: &["shuf"], run: shuf },
    Program { names: &["test", "[", "[["], run: test },
    Program {
        names: &["apt", "apt-get", "apk", "yum", "dnf", "pip", "pip3", "npm", "git", "make", "gcc"],
        run: install,
    },
];

fn say(process: &mut Process, text: &str) -> Flow {
    process.print(text);
    Flow::Next(0)
}

fn quiet(_: &mut Process, _: &[String]) -> Flow {
    Flow::Next(0)
}

fn install(process: &mut Process, _: &[String]) -> Flow {
    process.pass(Duration::from_secs(5));
    Flow::Next(0)
}

fn export(process: &mut Process, argv: &[String]) -> Flow {
    if ["export", "local"].contains(&argv[0].as_str()) {
        for (name, value) in argv[1..].iter().filter_map(|word| word.split_once('=')) {
            process.vars.insert(name.to_owned(), value.to_owned());
        }
    }
    Flow::Next(0)
}

fn echo(process: &mut Process, argv: &[String]) -> Flow {
    let words: Vec<&str> =
        argv[1..].iter().map(String::as_str).skip_while(|word| ["-n", "-e", "-en", "-ne"].contains(word)).collect();
    let bare =
        argv[0] == "printf" || argv.iter().skip(1).take_while(|word| word.starts_with('-')).any(|w| w.contains('n'));
    let text = words.join(" ");
    let text = if argv[0] == "printf" { text.replace("\\n", "\n") } else { text };
    process.print(&text);
    say(process, if bare { "" } else { "\n" })
}

fn printenv(process: &mut Process, argv: &[String]) -> Flow {
    if argv[0] == "env" && argv.len() > 1 {
        let command = argv[1..].iter().position(|word| !word.contains('=') && !word.starts_with('-'));
        return command.map_or(Flow::Next(0), |at| process.run(&argv[1 + at..]));
    }
    let lines: Vec<String> = match argv.get(1) {
        Some(_) => argv[1..]
            .iter()
            .filter(|name| process.vars.contains_key(*name))
            .map(|name| process.var(name).to_owned())
            .collect(),
        None => process.vars.iter().map(|(name, value)| format!("{name}={value}")).collect(),
    };
    let found = lines.len() + 1 >= argv.len();
    for line in lines {
        process.print(&line);
        process.print("\n");
    }
    Flow::Next(i32::from(!found))
}

/// How long `sleep` sleeps: `5`, `0.5`, `10s`, `2m`, `1h`, `1d`, `infinity`.
fn span(text: &str) -> Option<Duration> {
    let unit = text.chars().last().filter(char::is_ascii_alphabetic);
    let number = unit.map_or(text, |_| &text[..text.len() - 1]);
    let seconds = match unit {
        None | Some('s') => 1,
        Some('m') => 60,
        Some('h') => 3_600,
        Some('d') => 86_400,
        Some(_) => return None,
    };
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    let millis: u64 = format!("{part:0<3}").get(..3)?.parse().ok()?;
    let whole: u64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    Some(Duration::from_millis(whole.checked_mul(1000)?.checked_add(millis)?.checked_mul(seconds)?))
}

/// Longer than anybody watches: ten years.
const TOO_LONG: Duration = Duration::from_hours(24 * 3650);

fn sleep(process: &mut Process, argv: &[String]) -> Flow {
    process.course.on_term = match process.course.on_term {
        // A shell's trap runs when its sleep is over; one handler stays one.
        trapped @ OnTerm::Exit(_, code) if code != 143 => trapped,
        _ => OnTerm::Ignore,
    };
    if argv.len() < 2 {
        process.print("sleep: missing operand\n");
        return Flow::Next(1);
    }
    for word in &argv[1..] {
        if ["infinity", "inf", "infinite"].contains(&word.as_str()) {
            return Flow::Forever;
        }
        let Some(span) = span(word) else {
            process.print(&format!("sleep: invalid number '{word}'\n"));
            return Flow::Next(1);
        };
        process.pass(span);
    }
    if process.clock > TOO_LONG { Flow::Forever } else { Flow::Next(0) }
}

fn cd(process: &mut Process, argv: &[String]) -> Flow {
    let to = process.path(argv.get(1).map_or("/root", String::as_str));
    process.vars.insert("PWD".to_owned(), to);
    Flow::Next(0)
}

fn seq(process: &mut Process, argv: &[String]) -> Flow {
    let numbers: Vec<i64> = argv[1..].iter().filter_map(|word| word.parse().ok()).collect();
    let (from, step, to) = match numbers[..] {
        [to] => (1, 1, to),
        [from, to] => (from, 1, to),
        [from, step, to] if step > 0 => (from, step, to),
        _ => return Flow::Next(1),
    };
    let mut at = from;
    while at <= to && at - from < 1000 * step {
        process.print(&format!("{at}\n"));
        at += step;
    }
    Flow::Next(0)
}

/// `shuf -i 20-200`: of all its numbers the middle one.
fn shuf(process: &mut Process, argv: &[String]) -> Flow {
    let range = super::flag(argv, &["i"]).and_then(|range| range.split_once('-'));
    let ends = range.and_then(|(from, to)| Some((from.parse::<i64>().ok()?, to.parse::<i64>().ok()?)));
    match ends {
        Some((from, to)) => say(process, &format!("{}\n", from.midpoint(to))),
        None => Flow::Next(0),
    }
}

fn test(process: &mut Process, argv: &[String]) -> Flow {
    let words: Vec<&str> = argv[1..].iter().map(String::as_str).filter(|word| *word != "]" && *word != "]]").collect();
    Flow::Next(i32::from(!holds(process, &words)))
}

fn holds(process: &Process, words: &[&str]) -> bool {
    let number = |text: &str| text.parse::<i64>().unwrap_or(0);
    match words {
        [] => false,
        ["!", rest @ ..] => !holds(process, rest),
        [word] => !word.is_empty(),
        ["-f", path] => matches!(process.look(path), Look::File(_) | Look::Unknown),
        ["-d", path] => matches!(process.look(path), Look::Folder | Look::Unknown),
        ["-s", path] => match process.look(path) {
            Look::File(file) => !file.text.is_empty(),
            look => look != Look::Missing,
        },
        ["-e" | "-r" | "-x" | "-w" | "-S" | "-L", path] => process.exists(path),
        ["-n", text] => !text.is_empty(),
        ["-z", text] => text.is_empty(),
        [a, "=" | "==", b] => a == b,
        [a, "!=", b] => a != b,
        [a, "-eq", b] => number(a) == number(b),
        [a, "-ne", b] => number(a) != number(b),
        [a, "-lt", b] => number(a) < number(b),
        [a, "-le", b] => number(a) <= number(b),
        [a, "-gt", b] => number(a) > number(b),
        [a, "-ge", b] => number(a) >= number(b),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sleep_takes_all_its_units() {
        for (text, millis) in
            [("5", 5_000), ("0.25", 250), (".5", 500), ("2m", 120_000), ("1.5h", 5_400_000), ("1d", 86_400_000)]
        {
            assert_eq!(span(text), Some(Duration::from_millis(millis)), "{text}");
        }
        assert_eq!(span("five"), None);
    }
}
