//! Tools that read and write files, and filters: with a file's name they read that, else what comes through a pipe.

use super::Program;
use crate::cluster::runtime::process::files::Look;
use crate::cluster::runtime::process::{Flow, OnTerm, Process, base};
use crate::cluster::wire::File;
use crate::sim::Order;

/// The programs of this file.
pub static PROGRAMS: &[Program] = &[
    Program { names: &["cat", "less", "more"], run: |process, argv| filter(process, argv, str::to_owned) },
    Program { names: &["head"], run: |process, argv| ends(process, argv, true) },
    Program { names: &["tail"], run: tail },
    Program { names: &["sort"], run: |process, argv| filter(process, argv, sorted) },
    Program { names: &["wc"], run: count },
    Program { names: &["grep", "egrep"], run: grep },
    Program { names: &["ls"], run: list },
    Program { names: &["rev", "md5sum", "sha256sum", "readlink", "file"], run: look },
    Program { names: &["touch"], run: touch },
    Program { names: &["mkdir"], run: make_folder },
    Program { names: &["rm", "rmdir", "unlink"], run: remove },
    Program { names: &["find"], run: find },
    Program { names: &["cp", "mv", "install"], run: copy },
    Program { names: &["tee"], run: tee },
];

/// The words that are no flags.
fn operands(argv: &[String]) -> impl Iterator<Item = &String> {
    argv[1..].iter().filter(|word| !word.starts_with('-') && !word.starts_with('+'))
}

/// Says what is wrong with a file, as busybox does.
fn complain(process: &mut Process, argv: &[String], what: &str) -> Flow {
    process.print(&format!("{}: {what}\n", base(&argv[0])));
    Flow::Next(1)
}

fn missing(process: &mut Process, argv: &[String], path: &str) -> Flow {
    let name = base(&argv[0]);
    let text = match name {
        "rm" | "rmdir" | "unlink" => format!("can't remove '{path}': No such file or directory"),
        "cp" | "mv" => format!("can't stat '{path}': No such file or directory"),
        "ls" | "grep" | "egrep" => format!("{path}: No such file or directory"),
        _ => format!("can't open '{path}': No such file or directory"),
    };
    complain(process, argv, &text)
}

/// What a tool reads: the files that it names, or what comes through the pipe; of a file of which only that it is there is
/// known, nothing.
fn read<'a>(
    process: &mut Process,
    argv: &[String],
    files: impl Iterator<Item = &'a String>,
) -> Result<Vec<(String, String)>, Flow> {
    let mut texts = Vec::new();
    for path in files {
        match process.look(path) {
            Look::File(file) => texts.push((path.clone(), file.text.to_string())),
            Look::Unknown => texts.push((path.clone(), String::new())),
            Look::Folder if base(&argv[0]) == "cat" => {
                return Err(complain(process, argv, "read error: Is a directory"));
            }
            Look::Folder => {}
            Look::Missing => return Err(missing(process, argv, path)),
        }
    }
    if texts.is_empty()
        && let Some(input) = process.input.take()
    {
        texts.push((String::new(), input));
    }
    Ok(texts)
}

fn filter(process: &mut Process, argv: &[String], of: impl Fn(&str) -> String) -> Flow {
    match read(process, argv, operands(argv)) {
        Ok(texts) => {
            let text: String = texts.into_iter().map(|(_, text)| text).collect();
            process.print(&of(&text));
            Flow::Next(0)
        }
        Err(flow) => flow,
    }
}

fn lines(lines: &[&str]) -> String {
    lines.iter().flat_map(|line| [*line, "\n"]).collect()
}

fn sorted(text: &str) -> String {
    let mut all: Vec<&str> = text.lines().collect();
    all.order();
    lines(&all)
}

/// `head` and `tail`: `-n 5`, `-5`.
fn ends(process: &mut Process, argv: &[String], first: bool) -> Flow {
    let number = |word: &String| word.trim_start_matches("-n").trim_start_matches('-').parse::<usize>().ok();
    let flag = argv[1..].iter().position(|word| word.starts_with('-'));
    let given = flag.and_then(|at| number(&argv[1 + at]).or_else(|| argv.get(2 + at).and_then(number)));
    let count = given.unwrap_or(10);
    let value = flag.filter(|at| argv[1 + at] == "-n").map(|at| at + 2);
    let files = argv.iter().enumerate().skip(1).filter(|(at, word)| Some(*at) != value && !word.starts_with('-'));
    match read(process, argv, files.map(|(_, word)| word)) {
        Ok(texts) => {
            for (_, text) in texts {
                let all: Vec<&str> = text.lines().collect();
                let part = if first { &all[..count.min(all.len())] } else { &all[all.len().saturating_sub(count)..] };
                process.print(&lines(part));
            }
            Flow::Next(0)
        }
        Err(flow) => flow,
    }
}

/// With `-f` it never ends; what is added to the file later is not followed.
fn tail(process: &mut Process, argv: &[String]) -> Flow {
    let follows = argv[1..].iter().any(|word| word.starts_with('-') && word.to_ascii_lowercase().contains('f'));
    let plain: Vec<String> =
        argv.iter().filter(|word| !["-f", "-F", "--follow"].contains(&word.as_str())).cloned().collect();
    let flow = ends(process, &plain, false);
    if follows {
        process.course.on_term = OnTerm::Ignore;
        return Flow::Forever;
    }
    flow
}

fn count(process: &mut Process, argv: &[String]) -> Flow {
    let has = |flag: char| argv[1..].iter().any(|word| word.starts_with('-') && word.contains(flag));
    let all = !has('l') && !has('w') && !has('c');
    match read(process, argv, operands(argv)) {
        Ok(texts) => {
            for (name, text) in texts {
                let numbers = [
                    (has('l') || all, text.matches('\n').count()),
                    (has('w') || all, text.split_whitespace().count()),
                    (has('c') || all, text.len()),
                ];
                let numbers = numbers.iter().filter(|(wanted, _)| *wanted).map(|(_, number)| number.to_string());
                let words: Vec<String> = numbers.chain(Some(name).filter(|name| !name.is_empty())).collect();
                process.print(&format!("{}\n", words.join(" ")));
            }
            Flow::Next(0)
        }
        Err(flow) => flow,
    }
}

/// Fixed words, `^`, `$` and `|`; more of regular expressions is taken for what it is written as.
fn grep(process: &mut Process, argv: &[String]) -> Flow {
    let has = |flag: char| argv[1..].iter().any(|word| word.starts_with('-') && word.contains(flag));
    let mut words = operands(argv);
    let Some(pattern) = words.next() else { return Flow::Next(2) };
    let (insensitive, inverse, quiet, counts) = (has('i'), has('v'), has('q'), has('c'));
    let fold = |text: &str| if insensitive { text.to_ascii_lowercase() } else { text.to_owned() };
    let choices: Vec<String> = fold(pattern).replace("\\|", "|").split('|').map(str::to_owned).collect();
    let matches = |line: &str| {
        let line = fold(line);
        choices.iter().any(|choice| {
            let bare = choice.trim_start_matches('^').trim_end_matches('$');
            match (choice.starts_with('^'), choice.ends_with('$')) {
                (true, true) => line == bare,
                (true, false) => line.starts_with(bare),
                (false, true) => line.ends_with(bare),
                (false, false) => line.contains(bare),
            }
        })
    };
    // Of what is not known, everything may be in it.
    let unknown = operands(argv).skip(1).any(|path| process.look(path) == Look::Unknown);
    let Ok(texts) = read(process, argv, words) else { return Flow::Next(2) };
    if unknown || texts.is_empty() {
        return Flow::Next(0);
    }
    let found: Vec<&str> =
        texts.iter().flat_map(|(_, text)| text.lines()).filter(|line| matches(line) != inverse).collect();
    if counts {
        process.print(&format!("{}\n", found.len()));
    } else if !quiet {
        process.print(&lines(&found));
    }
    Flow::Next(i32::from(found.is_empty()))
}

fn list(process: &mut Process, argv: &[String]) -> Flow {
    let long = argv[1..].iter().any(|word| word.starts_with('-') && word.contains('l'));
    let here = ".".to_owned();
    let mut paths: Vec<&String> = operands(argv).collect();
    if paths.is_empty() {
        paths.push(&here);
    }
    for path in paths {
        match process.look(path) {
            Look::Missing => return missing(process, argv, path),
            Look::File(file) => process.print(&entry(path, &file, long)),
            Look::Folder | Look::Unknown => {
                for name in process.entries(path) {
                    let file = match process.look(&format!("{}/{name}", process.path(path))) {
                        Look::File(file) => file,
                        _ => File::folder(),
                    };
                    process.print(&entry(&name, &file, long));
                }
            }
        }
    }
    Flow::Next(0)
}

/// A line of `ls`; with `-l` the permissions and the size.
fn entry(name: &str, file: &File, long: bool) -> String {
    if !long {
        return format!("{name}\n");
    }
    let folder = if file.mode & File::FOLDER == 0 { '-' } else { 'd' };
    let right = |bit: u16, sign: char| if file.mode >> bit & 1 == 1 { sign } else { '-' };
    let rights: String = (0..9).map(|at| right(8 - at, ['r', 'w', 'x'][usize::from(at) % 3])).collect();
    format!("{folder}{rights} 1 root root {:>6} {name}\n", file.text.len())
}

fn look(process: &mut Process, argv: &[String]) -> Flow {
    let absent = operands(argv).find(|path| path.starts_with('/') && !process.exists(path)).cloned();
    absent.map_or(Flow::Next(0), |path| missing(process, argv, &path))
}

fn write(process: &mut Process, argv: &[String], path: &str, file: File) -> Result<(), Flow> {
    process.write(path, file).map_err(|why| complain(process, argv, &format!("{path}: {why}")))
}

fn touch(process: &mut Process, argv: &[String]) -> Flow {
    for path in operands(argv) {
        let before = match process.look(path) {
            Look::File(file) => file,
            Look::Folder => continue,
            Look::Unknown | Look::Missing => File::of(""),
        };
        if let Err(flow) = write(process, argv, path, before) {
            return flow;
        }
    }
    Flow::Next(0)
}

fn make_folder(process: &mut Process, argv: &[String]) -> Flow {
    for path in operands(argv) {
        if process.look(path) == Look::Missing
            && let Err(flow) = write(process, argv, path, File::folder())
        {
            return flow;
        }
    }
    Flow::Next(0)
}

fn remove(process: &mut Process, argv: &[String]) -> Flow {
    let forced = argv[1..].iter().any(|word| word.starts_with('-') && word.contains('f'));
    for path in operands(argv) {
        if !forced && process.look(path) == Look::Missing {
            return missing(process, argv, path);
        }
        if let Err(why) = process.unlink(path) {
            return complain(process, argv, &format!("can't remove '{path}': {why}"));
        }
    }
    Flow::Next(0)
}

/// Only `-delete` does something: all that is in the folder goes.
fn find(process: &mut Process, argv: &[String]) -> Flow {
    let paths: Vec<String> = operands(argv).take_while(|word| word.contains('/')).cloned().collect();
    for path in paths.iter().filter(|_| argv.iter().any(|word| word == "-delete")) {
        for name in process.entries(path) {
            if let Err(why) = process.unlink(&format!("{path}/{name}")) {
                return complain(process, argv, &format!("{path}/{name}: {why}"));
            }
        }
    }
    Flow::Next(0)
}

fn copy(process: &mut Process, argv: &[String]) -> Flow {
    let paths: Vec<String> = operands(argv).cloned().collect();
    let Some((target, sources)) = paths.split_last() else { return Flow::Next(1) };
    for source in sources {
        let file = match process.look(source) {
            Look::File(file) => file,
            Look::Folder => File::folder(),
            Look::Unknown => File::of(""),
            Look::Missing => return missing(process, argv, source),
        };
        let into = process.look(target) == Look::Folder;
        let to = if into { format!("{target}/{}", base(source)) } else { target.clone() };
        if let Err(flow) = write(process, argv, &to, file) {
            return flow;
        }
        if base(&argv[0]) == "mv"
            && let Err(why) = process.unlink(source)
        {
            return complain(process, argv, &format!("can't remove '{source}': {why}"));
        }
    }
    Flow::Next(0)
}

fn tee(process: &mut Process, argv: &[String]) -> Flow {
    let text = process.input.take().unwrap_or_default();
    process.print(&text);
    let appends = argv[1..].iter().any(|word| word == "-a");
    for path in operands(argv) {
        let before = match process.look(path) {
            Look::File(file) if appends => file.text.to_string(),
            _ => String::new(),
        };
        if let Err(flow) = write(process, argv, path, File::of(&format!("{before}{text}"))) {
            return flow;
        }
    }
    Flow::Next(0)
}

#[cfg(test)]
mod tests {
    use crate::cluster::runtime::course::Change;
    use crate::cluster::runtime::process::files::Seen;
    use crate::cluster::runtime::process::{Flow, Surroundings, exec};
    use crate::cluster::wire::File;
    use crate::sim::Duration;

    /// What a script prints beside a container with a configuration that changes after ten seconds, and how it ends.
    fn run(script: &str) -> (String, Flow) {
        let change = |seconds, path: &str, file: File| Change {
            at: Duration::from_secs(seconds),
            path: path.into(),
            file: Some(file),
        };
        let files = Seen {
            mounts: vec![("/etc/config".into(), true), ("/data".into(), false)],
            changes: vec![
                change(0, "/etc/config/colour", File { mode: 0o400, ..File::of("blue") }),
                change(0, "/etc/config/game.properties", File::of("lives=3\nenemies=aliens\n")),
                change(10, "/etc/config/colour", File::of("green")),
            ],
        };
        let around = Surroundings { closed: true, files, ..Surroundings::default() };
        let argv = ["sh", "-c", script].map(str::to_owned);
        let (flow, process) = exec(&argv, &around, Vec::new()).expect("there is a shell");
        (process.out.clone(), flow)
    }

    #[test]
    fn files_of_volumes_are_read_and_change_while_one_sleeps() {
        assert_eq!(run("cat /etc/config/colour").0, "blue");
        assert_eq!(run("ls /etc/config").0, "colour\ngame.properties\n");
        assert_eq!(run("ls -l /etc/config/colour").0, "-r-------- 1 root root      4 /etc/config/colour\n");
        assert_eq!(run("cd /etc && grep -i LIVES config/game.properties | wc -l").0, "1\n");
        assert_eq!(run("sleep 9; cat /etc/config/colour; sleep 2; cat /etc/config/colour").0, "bluegreen");
        assert_eq!(run("head -n 1 /etc/config/game.properties").0, "lives=3\n");
        let missing = "cat: can't open '/etc/config/none': No such file or directory\n";
        assert_eq!(run("cat /etc/config/none"), (missing.to_owned(), Flow::Next(1)));
        assert_eq!(run("test -f /etc/config"), (String::new(), Flow::Next(1)));
        assert_eq!(run("test -d /etc/config && test -f /etc/config/colour"), (String::new(), Flow::Next(0)));
    }

    #[test]
    fn what_may_only_be_read_is_not_written() {
        assert_eq!(run("touch /etc/config/x").0, "touch: /etc/config/x: Read-only file system\n");
        assert_eq!(run("echo x > /etc/config/x").0, "sh: can't create /etc/config/x: Read-only file system\n");
        assert_eq!(run("echo one > /data/log; echo two >> /data/log; cat /data/log").0, "one\ntwo\n");
        assert_eq!(run("cp /etc/config/colour /data; mv /data/colour /data/c; ls /data; cat /data/c").0, "c\nblue");
        assert_eq!(
            run("mkdir -p /data/a; echo x | tee /data/a/f; ls /data; rm -r /data/a; ls /data/a").1,
            Flow::Next(1)
        );
    }

    #[test]
    fn pipes_hand_on_what_is_printed() {
        assert_eq!(run("printf 'b\\na\\n' | sort | head -n 1").0, "a\n");
        assert_eq!(run("echo yes | grep no"), (String::new(), Flow::Next(1)));
        assert_eq!(run("cat /etc/config/game.properties | grep -v lives").0, "enemies=aliens\n");
    }
}
