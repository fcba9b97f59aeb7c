//! Recordings of a real cluster, run against the engine: `bottle verify PATH…`.
//!
//! A recording is recognised by its content, whatever its name and folder are (discovery's answers alone are told apart
//! by their names); plain or gzip, one JSON value or several. [`RECORDINGS`] has one entry for each kind of recording: it
//! makes [`Case`]s of a value, and a case runs what was recorded and says where the engine first differs.
//!
//! | Recording | Played against |
//! | --- | --- |
//! | scheduler cases and sequences | the functions that decide in the cluster |
//! | API cases, verdicts of a corpus, discovery | an API server with its etcd |
//! | sessions of kubectl | a real kubectl against a server of `bottle serve` |
//! | controllers | a whole control plane with the kubelets that the recording describes |
//!
//! Nothing may disappear: what the engine lacks, a step of an unknown kind, a damaged line and a panic are each that
//! case's failure. Only what is documented as not run is skipped, with the reason. Natively only: it costs the site
//! nothing.

mod account;
mod api;
mod client;
mod controllers;
mod corpus;
mod difference;
mod discovery;
mod kubectl;
mod others;
mod reading;
mod scheduler;
mod server;
mod words;

pub use self::account::Account;
pub use kubectl::kubectl;
use serde_json::Value;
use std::any::Any;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

/// What came of one case.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Verdict {
    /// The engine did what was recorded.
    Passed,
    /// Where it differs first: `where: expected … got …`.
    Failed(String),
    /// Why there is nothing to compare.
    Skipped(String),
}

/// Differences found, the first counts.
impl From<Option<String>> for Verdict {
    fn from(difference: Option<String>) -> Self {
        difference.map_or(Self::Passed, Self::Failed)
    }
}

/// One case of a recording.
struct Case<'a> {
    /// Its name in the recording.
    name: String,
    /// Runs it.
    run: Box<dyn Fn() -> Verdict + 'a>,
}

/// Where a value was read.
#[derive(Clone, Copy)]
struct Source<'a> {
    /// The file.
    path: &'a Path,
    /// The folder in which the files of a corpus lie, if one was named.
    corpus: Option<&'a Path>,
}

/// What a value turned out to be.
enum Recognised<'a> {
    /// Cases to run.
    Cases(Vec<Case<'a>>),
    /// A recording that is known and not run, with the reason.
    NotRun(&'static str),
}

/// Recognises one kind of recording; `None`: it is another one, or none.
type Recogniser = for<'a> fn(&'a Value, Source<'a>) -> Option<Recognised<'a>>;

/// All kinds of recordings.
const RECORDINGS: &[Recogniser] = &[
    scheduler::case,
    scheduler::sequence,
    api::cases,
    controllers::scenario,
    kubectl::session,
    corpus::verdict,
    discovery::columns,
    discovery::limited,
    others::known,
    discovery::answer,
];

/// What came of all.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Report {
    /// How many cases passed.
    pub passed: usize,
    /// Each failure: file, case, first difference.
    pub failed: Vec<(String, String, String)>,
    /// Each file or case that was skipped, with the reason.
    pub skipped: Vec<(String, String)>,
    /// The same by area and kind.
    pub account: Account,
}

impl Report {
    /// The line that ends the output.
    #[must_use]
    pub fn summary(&self) -> String {
        format!("{} passed, {} failed", self.passed, self.failed.len())
    }
}

/// Runs all recordings under the paths and writes the fidelity page's numbers into a file.
///
/// # Errors
/// A sentence, when a path does not exist or the file cannot be written.
pub fn account(paths: &[PathBuf], file: &Path) -> Result<bool, String> {
    let report = collect(paths, None, &mut std::io::stdout().lock())?;
    println!("{}", report.summary());
    let rows = report.account.to_value().to_string().replace("],[", "],\n[");
    std::fs::write(file, rows + "\n").map_err(|error| format!("{}: {error}", file.display()))?;
    Ok(true)
}

/// Runs all recordings under the paths and prints a line for each failure and each file that is skipped, at last the
/// counts. `Ok(false)` when something failed.
///
/// # Errors
/// A sentence, when a path does not exist or no case is found.
pub fn verify(paths: &[PathBuf], corpus: Option<&Path>) -> Result<bool, String> {
    let hook = std::panic::take_hook();
    // A panic is told in the line of its case.
    std::panic::set_hook(Box::new(|_| {}));
    let report = collect(paths, corpus, &mut std::io::stdout().lock());
    std::panic::set_hook(hook);
    let report = report?;
    println!("{}", report.summary());
    if report.passed + report.failed.len() == 0 {
        return Err("no case of a recording was found".to_owned());
    }
    Ok(report.failed.is_empty())
}

/// Runs all recordings under the paths; lines are written as they come.
///
/// # Errors
/// A sentence, when a path does not exist.
pub fn collect(paths: &[PathBuf], corpus: Option<&Path>, out: &mut dyn Write) -> Result<Report, String> {
    let mut report = Report::default();
    if let Some(folder) = corpus.filter(|folder| !folder.is_dir()) {
        return Err(format!("{}: no such folder", folder.display()));
    }
    for path in reading::files(paths)? {
        run_file(Source { path: &path, corpus }, &mut report, out);
    }
    Ok(report)
}

/// A reader that has gone away does not stop the run: the exit status still counts.
fn say(out: &mut dyn Write, line: &str) {
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

fn run_file(source: Source, report: &mut Report, out: &mut dyn Write) {
    let file = source.path.display().to_string();
    let (values, damage) = match reading::values(source.path) {
        Ok(read) => read,
        Err(reason) => return skip(report, out, &file, &reason),
    };
    let (mut found, mut reason) = (false, "no recording that is known");
    for (number, value) in values.iter().enumerate() {
        match RECORDINGS.iter().find_map(|recognise| recognise(value, source)) {
            Some(Recognised::Cases(cases)) => {
                found = true;
                for case in &cases {
                    run_case(&file, (case, account::subject(value, &case.name)), report, out);
                }
            }
            Some(Recognised::NotRun(why)) => reason = why,
            // A value among recognised ones must not go unnoticed.
            None if found => {
                let difference = "content: expected a recording like the others got something else".to_owned();
                fail(report, out, (file.clone(), format!("value {}", number + 1), difference));
            }
            None => {}
        }
    }
    match damage {
        Some(damage) if found => {
            let name = format!("value {}", values.len() + 1);
            fail(report, out, (file, name, format!("content: expected JSON got {damage}")));
        }
        Some(damage) => {
            match reading::text(source.path).ok().as_deref().and_then(|text| discovery::text(text, source.path)) {
                Some(case) => run_case(&file, (&case, account::subject(&Value::Null, &case.name)), report, out),
                None => skip(report, out, &file, &format!("no JSON: {damage}")),
            }
        }
        None if !found => skip(report, out, &file, reason),
        None => {}
    }
}

fn run_case(file: &str, (case, subject): (&Case, (&'static str, String)), report: &mut Report, out: &mut dyn Write) {
    let verdict = catch_unwind(AssertUnwindSafe(|| (case.run)()))
        .unwrap_or_else(|panic| Verdict::Failed(format!("run: expected an end got a panic: {}", words(&*panic))));
    if !matches!(verdict, Verdict::Skipped(_)) {
        report.account.count(subject, verdict == Verdict::Passed);
    }
    match verdict {
        Verdict::Passed => report.passed += 1,
        Verdict::Failed(difference) => fail(report, out, (file.to_owned(), case.name.clone(), one_line(&difference))),
        Verdict::Skipped(reason) => skip(report, out, &format!("{file} {}", case.name), &reason),
    }
}

fn fail(report: &mut Report, out: &mut dyn Write, failure: (String, String, String)) {
    say(out, &format!("{} {}: {}", failure.0, failure.1, failure.2));
    report.failed.push(failure);
}

fn skip(report: &mut Report, out: &mut dyn Write, what: &str, reason: &str) {
    say(out, &format!("skipped: {what} ({reason})"));
    report.skipped.push((what.to_owned(), reason.to_owned()));
}

fn words(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("of an unknown kind")
}

fn one_line(text: &str) -> String {
    text.lines().collect::<Vec<_>>().join("⏎")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(name: &str, text: &str) -> (Report, String) {
        let path = std::env::temp_dir().join(format!("bottle-verify-{}-{name}", std::process::id()));
        std::fs::write(&path, text).expect("written");
        let mut out = Vec::new();
        let report = collect(std::slice::from_ref(&path), None, &mut out).expect("a report");
        std::fs::remove_file(&path).expect("removed");
        (report, String::from_utf8(out).expect("text").replace(&path.display().to_string(), name))
    }

    const CASE: &str = r#"{"name": "one", "input": {"items": [{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p",
        "annotations": {"golden/incoming": "true"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}]},
        "expected": {"result": "unschedulable", "nodes": {},
        "filterMessage": "no nodes available to schedule pods", "finalMessage": "no nodes available to schedule pods"}}"#;

    #[test]
    fn what_is_no_recording_is_skipped_with_the_reason() {
        assert_eq!(run("a", "# Notes").1, "skipped: a (no JSON: expected value at line 1 column 1)\n");
        assert_eq!(run("b", r#"{"a": 1}"#).1, "skipped: b (no recording that is known)\n");
        assert_eq!(run("c", "").1, "skipped: c (empty)\n");
    }

    #[test]
    fn each_failure_is_one_line_with_the_first_difference() {
        let case = CASE.replace('\n', " ");
        let report = run("d", &case).0;
        assert_eq!((report.passed, report.failed.len()), (1, 0));
        assert_eq!(report.account.rows().collect::<Vec<_>>(), [("scheduler", "cases", 1, 1)]);
        let (report, out) = run("e", &format!("{case}\n{}", case.replace("no nodes available", "none")));
        assert_eq!((report.passed, report.failed.len()), (1, 1));
        assert_eq!(
            out,
            "e one: filterMessage: expected \"none to schedule pods\" got \"no nodes available to schedule pods\"\n"
        );
    }

    #[test]
    fn damaged_lines_and_panics_are_failures() {
        let case = CASE.replace('\n', " ");
        let (report, out) = run("f", &format!("{case}\n{{\"name\": "));
        assert_eq!((report.passed, report.failed.len()), (1, 1), "{out}");
        let without_pod = r#"{"name": "two", "input": {"items": []}, "expected": {"result": "scheduled"}}"#;
        let (report, out) = run("g", &format!("{without_pod}\n{case}\n{{\"a\": 1}}"));
        assert_eq!((report.passed, report.failed.len()), (1, 2), "{out}");
        let case = Case { name: "three".into(), run: Box::new(|| panic!("at sea")) };
        let mut report = Report::default();
        run_case("h", (&case, ("api", String::new())), &mut report, &mut Vec::new());
        assert_eq!(report.failed[0].2, "run: expected an end got a panic: at sea");
    }

    #[test]
    fn a_path_that_does_not_exist_is_wrong_use() {
        assert!(verify(&[PathBuf::from("/no/such/path")], None).is_err());
    }
}
