//! Sessions of a real `kubectl`, repeated by a real `kubectl` against `bottle serve --scenario oracle`.
//!
//! Each step's command runs in a shell in a copy of the recording's `files`; what it prints on both sides and its exit
//! status must be the recorded ones, after what differs from run to run is masked on both sides alike: ages, times, uids,
//! revisions, generated names, addresses, the node chosen, and the width of columns that follows from them.
//!
//! The kubectl is the one that `BOTTLE_KUBECTL` names, the one in `.tools/bin` (`tools/setup.sh kubectl` puts it there),
//! or the one on the PATH, if it is of v1.36. Without one the cases are skipped, which is said.

use super::{Case, Recognised, Source, Verdict};
use crate::serve::{Pace, Serve, start};
use regex_lite::Regex;
use serde_json::Value;
use std::cell::RefCell;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::rc::Rc;
use std::sync::OnceLock;

/// The version whose words were recorded.
const VERSION: &str = "v1.36.";

/// One session: a file of `kubectl/`.
pub fn session<'a>(value: &'a Value, source: Source<'a>) -> Option<Recognised<'a>> {
    let (name, steps) = (value["session"].as_str()?, value["steps"].as_array()?);
    let session = Rc::new(RefCell::new(None));
    let mut waits = Vec::new();
    let mut cases = Vec::new();
    for (number, step) in steps.iter().enumerate() {
        if let Some(sync) = step["sync"].as_str() {
            waits.push(sync);
            continue;
        }
        let before = std::mem::take(&mut waits);
        let (session, folder) = (session.clone(), source.path.parent().unwrap_or(Path::new(".")));
        let run = Box::new(move || {
            let Some(kubectl) = kubectl() else {
                return Verdict::Skipped(format!("no kubectl {VERSION}x: tools/setup.sh kubectl installs one"));
            };
            let mut session = session.borrow_mut();
            if session.is_none() {
                match Session::begin(kubectl, folder) {
                    Ok(begun) => *session = Some(begun),
                    Err(why) => return Verdict::Failed(format!("set-up: expected a server got {why}")),
                }
            }
            session.as_ref().map_or(Verdict::Passed, |session| session.step(&before, step))
        });
        let command = step["cmd"].as_str().unwrap_or_default();
        cases.push(Case { name: format!("{name}[{number}] {command}"), run });
    }
    Some(Recognised::Cases(cases))
}

/// A kubectl of the recorded version.
pub fn kubectl() -> Option<&'static Path> {
    static FOUND: OnceLock<Option<PathBuf>> = OnceLock::new();
    FOUND
        .get_or_init(|| {
            let named = std::env::var_os("BOTTLE_KUBECTL").map(PathBuf::from);
            let own = Path::new(env!("CARGO_MANIFEST_DIR")).join(".tools/bin/kubectl");
            let fits = |path: &PathBuf| {
                let said = Command::new(path).args(["version", "--client"]).output();
                said.is_ok_and(|said| String::from_utf8_lossy(&said.stdout).contains(VERSION))
            };
            [named, Some(own), Some(PathBuf::from("kubectl"))].into_iter().flatten().find(fits)
        })
        .as_deref()
}

/// A server, and a folder in which a shell finds the files, the kubectl and how to reach the server.
struct Session {
    folder: PathBuf,
    path: String,
    /// The cluster's time does not run away from a kubectl that is slow to start.
    pace: Pace,
}

impl Session {
    fn begin(kubectl: &Path, recording: &Path) -> Result<Self, String> {
        let serve = Serve::oracle();
        let address = start(&serve)?;
        // The port is this session's alone.
        let folder = std::env::temp_dir().join(format!("bottle-kubectl-{}-{}", std::process::id(), address.port()));
        let told = |error: std::io::Error| error.to_string();
        copy(&recording.join("files"), &folder.join("files")).map_err(told)?;
        fs::create_dir_all(folder.join("bin")).map_err(told)?;
        let kubectl = if kubectl.components().count() > 1 { kubectl.to_owned() } else { found(kubectl) };
        std::os::unix::fs::symlink(kubectl, folder.join("bin/kubectl")).map_err(told)?;
        let server = format!("http://{address}");
        fs::write(folder.join("config"), CONFIG.replace("SERVER", &server)).map_err(told)?;
        let path = std::env::var("PATH").unwrap_or_default();
        let path = format!("{}:{path}", folder.join("bin").display());
        Ok(Self { folder, path, pace: serve.pace })
    }

    fn shell(&self, command: &str) -> Result<Output, String> {
        let output = Command::new("bash")
            .args(["-c", command])
            .current_dir(self.folder.join("files"))
            .env("PATH", &self.path)
            .env("HOME", &self.folder)
            .env("KUBECONFIG", self.folder.join("config"))
            // Where the recorded kubectl put its temporary files, and the preferences that it was without.
            .env("TMPDIR", self.folder.join("files"))
            .env("KUBECTL_KUBERC", "false")
            .env_remove("EDITOR")
            .stdin(std::process::Stdio::null())
            .output();
        output.map_err(|error| error.to_string())
    }

    fn step(&self, before: &[&str], step: &Value) -> Verdict {
        let done: Result<(), String> = before.iter().try_for_each(|sync| self.shell(sync).map(|_| ()));
        let command = step["cmd"].as_str().unwrap_or_default();
        self.pace.starts();
        let output = done.and_then(|()| self.shell(command));
        self.pace.free();
        let output = match output {
            Ok(output) => output,
            Err(why) => return Verdict::Failed(format!("shell: expected a command to run got {why}")),
        };
        let exit = i64::from(output.status.code().unwrap_or(-1));
        let texts = [("stdout", &output.stdout), ("stderr", &output.stderr)];
        for (name, ours) in texts {
            let recorded = masked(step[name].as_str().unwrap_or_default(), &self.folder);
            let ours = masked(&String::from_utf8_lossy(ours), &self.folder);
            if let Some((expected, got)) = differ(&recorded, &ours) {
                return Verdict::Failed(format!("{name}: expected {expected:?} got {got:?}"));
            }
        }
        let expected = step["exit"].as_i64().unwrap_or(0);
        super::difference::check("exit", &expected.into(), &exit.into()).into()
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // What is left behind lies in the folder for temporary files.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// The recorded context; the server lends its own identity.
const CONFIG: &str = "apiVersion: v1
kind: Config
clusters:
- name: kubernetes
  cluster: {server: SERVER}
contexts:
- name: kubernetes-admin@kubernetes
  context: {cluster: kubernetes, user: kubernetes-admin}
current-context: kubernetes-admin@kubernetes
users:
- name: kubernetes-admin
  user: {}
";

/// Where a command of the PATH is.
fn found(command: &Path) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let places = std::env::split_paths(&path).map(|folder| folder.join(command));
    places.into_iter().find(|place| place.is_file()).unwrap_or_else(|| command.to_owned())
}

fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::write(target, fs::read(entry.path())?)?;
        }
    }
    Ok(())
}

/// What differs from run to run, and what stands for it. Beyond the recordings' own FORMAT (ages, times, uids, revisions,
/// generated names, addresses, ports, the node chosen, temporary names, the client's build) each has its reason.
const MASKS: &[(&str, &str)] = &[
    (r"https?://(127\.0\.0\.1|localhost):[0-9]+", "<server>"),
    // How a client reaches the server is the machine's matter: over TLS with a certificate there, in plain HTTP here.
    (r"(?m)^ +(certificate-authority|client-certificate|client-key): .*\n", ""),
    (r"(?m)^  user:( \{\})?$", "  user:"),
    (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "<uid>"),
    (r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}(\.[0-9]+)?Z", "<time>"),
    (r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:]{8} \+0000 UTC", "<time>"),
    (r"[A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9:]{8} [+-][0-9]{4}", "<time>"),
    (r#"(resourceVersion"?: ?"?)[0-9]+"#, "${1}<rv>"),
    (r"(kube-api-access-)[a-z0-9]{5}", "${1}<sfx>"),
    (r"\b(10\.244\.[0-9]+\.[0-9]+|10\.(9[6-9]|1[01][0-9])\.[0-9]+\.[0-9]+)\b", "<ip>"),
    // Ports of nodes are drawn at random, and stand before the protocol like the ports that are not.
    (r"\b([0-9]+)(/TCP|/UDP)\b", "<port>$2"),
    (r"(nodePort: |NodePort: +\S+ +)[0-9]+", "${1}<port>"),
    (
        r"\b([a-z0-9][-a-z0-9]*?)-[bcdfghjklmnpqrstvwxz2456789]{6,10}-[bcdfghjklmnpqrstvwxz2456789]{5}\b",
        "$1-<hash>-<sfx>",
    ),
    (
        r"\b(once|manual|tick-[0-9]+|agent|web|ext|web-np|web-lb|db-hl|db|d2|exp)-[bcdfghjklmnpqrstvwxz2456789]{5}\b",
        "$1-<sfx>",
    ),
    (r"\b(web|d2|z)-[bcdfghjklmnpqrstvwxz2456789]{6,10}\b", "$1-<hash>"),
    (r"(pod-template-hash=|pod-template-hash: |controller-revision-hash=|controller-revision-hash: )\S+", "${1}<hash>"),
    (r"(tick-)[0-9]{8}", "${1}<minute>"),
    // Nodes of the same score are chosen at random, and the zone and what else stands beside follow.
    (r"node-[123]\b", "<node>"),
    (r"zone-[abc]\b", "<zone>"),
    (r"(kubectl-edit-|/tmp/kubectl-)[a-zA-Z0-9]+", "${1}<tmp>"),
    (r"\b([0-9]+(d|h|m|s))+( ago)?\b", "<age>"),
    // How often an event was repeated by then is a matter of when one looks.
    (r"<age> \(x[0-9]+ over <age>\)", "<age>"),
    // An age that was asked for before there was a time to count from.
    (r"<unknown>", "<age>"),
    // A time, and a write that is refused and repeated loses it (upstream: `endpoints_controller.go`).
    (r"endpoints.kubernetes.io/last-change-trigger-time: <time>", "<none>"),
    // kubectl compares with what it read a moment before; meanwhile the controllers write statuses.
    (r"(?m)^((deployment|replicaset|statefulset|daemonset)\.apps/\S+ patched) \(no change\)$", "$1"),
    (r"(Client Version: |Kustomize Version: ).*", "$1<version>"),
    // The width of columns follows from names and ages of different length.
    (r"[ \t]+", " "),
    // What is on a node follows from the nodes chosen.
    (r"Non-terminated Pods: \([0-9]+ in total\)", "Non-terminated Pods: (<n> in total)"),
    (r"(?m)^( [a-z][-a-z0-9./]*)( \S+ \([0-9]+%\)){2}$", "$1 <sum>"),
    // A masked value at the end of a row, and lines drawn as long as the text above them.
    (r"(?m) $", ""),
    (r"-{3,}( -{3,})*", "---"),
];

fn masked(text: &str, folder: &Path) -> String {
    static RULES: OnceLock<Vec<(Regex, &'static str)>> = OnceLock::new();
    let rules = RULES.get_or_init(|| {
        MASKS.iter().map(|(pattern, by)| (Regex::new(pattern).expect("a pattern of the table"), *by)).collect()
    });
    let text = text.replace(&folder.join("files").display().to_string(), "<dir>");
    let text = rules.iter().fold(text, |text, (pattern, by)| pattern.replace_all(&text, *by).into_owned());
    let ends = if text.ends_with('\n') { "\n" } else { "" };
    text.lines().map(warnings).collect::<Vec<_>>().join("\n") + ends
}

/// kubectl tells several warnings of `drain` in any order (a map of Go).
fn warnings(line: &str) -> String {
    let Some(several) = line.strip_prefix("Warning: ").filter(|rest| rest.contains("; ")) else {
        return line.to_owned();
    };
    let mut several: Vec<&str> = several.split("; ").collect();
    several.sort_unstable();
    format!("Warning: {}", several.join("; "))
}

/// The beginning of a line that says through which state something passed: how many of them are seen, and which, is a
/// matter of when one looks.
const PASSING: &str = "Waiting for ";
/// A line that says that a pod is on a node: in `describe node` and in `drain`.
const PLACED: &str = r"^( \S+ \S+( \S+ \([0-9]+%\)){4} <age>|evicting pod \S+|pod/\S+ evicted)$";

/// The first lines that differ. Lines in whose names chance has a part come in any order; where pods are is compared as
/// far as both clusters have them in the same place.
fn differ(recorded: &str, ours: &str) -> Option<(String, String)> {
    static RULE: OnceLock<Regex> = OnceLock::new();
    if recorded == ours {
        return None;
    }
    let placed = RULE.get_or_init(|| Regex::new(PLACED).expect("a pattern of this file"));
    // Lists of labels and rows of limits come in any order, too (maps of Go).
    let labels = recorded.lines().all(|line| line.contains('=') && !line.contains(' '));
    let limits = recorded.contains("Max Limit/Request Ratio");
    let chance = labels || limits || ["<sfx>", "<hash>", "<node>"].iter().any(|mask| recorded.contains(mask));
    let lines = |text: &str, other: &str| {
        let known = |line: &str| !placed.is_match(line) || other.lines().any(|other| other == line);
        let mut lines: Vec<String> = text.lines().filter(|line| known(line)).map(str::to_owned).collect();
        if chance {
            lines.sort();
        }
        lines
    };
    let (mut recorded, mut ours) = (lines(recorded, ours), lines(ours, recorded));
    pass(&mut recorded, &mut ours);
    let all = 0..recorded.len().max(ours.len());
    let at = |lines: &[String], n: usize| lines.get(n).cloned().unwrap_or_else(|| "(the end)".to_owned());
    all.map(|n| (at(&recorded, n), at(&ours, n))).find(|(a, b)| a != b)
}

/// Takes out the states passed through, if they are the same ones as far as they have been seen.
fn pass(recorded: &mut Vec<String>, ours: &mut Vec<String>) {
    let passed = |lines: &[String]| {
        let mut passed: Vec<String> = lines.iter().filter(|line| line.starts_with(PASSING)).cloned().collect();
        passed.dedup();
        passed
    };
    let (first, second) = (passed(recorded), passed(ours));
    let within = |few: &[String], many: &[String]| {
        let mut many = many.iter();
        few.iter().all(|line| many.any(|other| other == line))
    };
    if within(&first, &second) || within(&second, &first) {
        for lines in [recorded, ours] {
            lines.retain(|line| !line.starts_with(PASSING));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_chance_decides_is_masked() {
        let mask = |text: &str| masked(text, Path::new("/none"));
        assert_eq!(mask("web-6d588fcc69-2pg8n   1/1   Running   0     15s"), "web-<hash>-<sfx> 1/1 Running 0 <age>");
        assert_eq!(mask("uid: 2a6f626c-26bb-4171-89d6-df6eeac1a996"), "uid: <uid>");
        assert_eq!(mask("resourceVersion: \"331\""), "resourceVersion: \"<rv>\"");
        assert_eq!(mask("Fri, 20 Nov 2026 20:28:03 +0000"), "<time>");
        assert_eq!(mask("pods \"solo\" not found"), "pods \"solo\" not found");
    }

    #[test]
    fn rows_of_limits_come_in_any_order() {
        let text = |rows: [&str; 2]| format!("Type Resource Min Max Max Limit/Request Ratio\n{}\n", rows.join("\n"));
        let (cpu, memory) = ("Container cpu - 1 -", "Container memory - 1Gi -");
        assert_eq!(differ(&text([cpu, memory]), &text([memory, cpu])), None);
        assert!(differ(&text([cpu, memory]), &text([cpu, cpu])).is_some(), "a row is missing");
    }

    #[test]
    fn states_are_passed_through_as_one_looks() {
        let text = |states: &[&str]| {
            states.iter().flat_map(|state| ["Waiting for ", state, "\n"]).collect::<String>() + "done\n"
        };
        assert_eq!(differ(&text(&["0", "1", "1", "2"]), &text(&["1", "2", "2"])), None);
        assert!(differ(&text(&["0", "1"]), &text(&["1", "0"])).is_some(), "in another order");
        assert!(differ(&text(&["0", "1"]), &text(&["1", "3"])).is_some(), "another state");
        assert!(differ(&text(&["0"]), "Waiting for 0\nfailed\n").is_some());
    }

    #[test]
    fn pods_may_be_elsewhere() {
        let (here, there) = ("node/<node> drained\npod/db-2 evicted\n", "node/<node> drained\npod/db-0 evicted\n");
        assert_eq!(differ(here, there), None);
        assert!(differ(here, "node/<node> drained\npod/db-2 refused\n").is_some());
    }

    #[test]
    fn rows_of_generated_names_come_in_any_order() {
        assert_eq!(differ("a-<sfx> 1\na-<sfx> 2\n", "a-<sfx> 2\na-<sfx> 1\n"), None);
        assert_eq!(differ("1\n2\n", "2\n1\n"), Some(("1".to_owned(), "2".to_owned())));
    }
}
