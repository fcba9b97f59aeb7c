//! Shells: `sh -c script`. Without a script and without a terminal they end at once.

use super::Program;
use crate::cluster::runtime::process::{Flow, OnTerm, Process};

/// The programs of this file.
pub static PROGRAMS: &[Program] = &[
    Program { names: &["sh", "bash", "ash", "dash", "zsh"], run: shell },
    Program { names: &["busybox"], run: multicall },
];

fn shell(process: &mut Process, argv: &[String]) -> Flow {
    // Process number 1 gets no signal that it has no handler for.
    process.course.on_term = OnTerm::Ignore;
    let flags = argv[1..].iter().take_while(|word| word.starts_with(['-', '+'])).count();
    let given = argv[1..=flags].iter().any(|flag| !flag.starts_with("--") && flag.contains('c'));
    let script = argv.get(1 + flags);
    match script {
        Some(script) if given => {
            let errexit = argv[1..=flags].iter().any(|flag| flag.contains('e') && !flag.starts_with("--"));
            if errexit { process.script(&format!("set -e\n{script}")) } else { process.script(script) }
        }
        Some(_) => super::service::unknown(process),
        None => Flow::Next(0),
    }
}

/// `busybox sh -c …`.
fn multicall(process: &mut Process, argv: &[String]) -> Flow {
    process.run(&argv[1..])
}
