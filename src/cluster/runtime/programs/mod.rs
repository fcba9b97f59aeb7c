//! The programs that containers run: one file for each family, one line in [`PROGRAMS`].
//!
//! A program is found by the name of its command. What a program does is told by walking through it once
//! (see [`super::process`]): it lets time pass, opens ports, makes files, and ends or runs for ever.

use super::process::{Flow, Process};

pub mod basics;
pub mod files;
pub mod kubernetes;
pub mod net;
pub mod samples;
pub mod service;
pub mod shells;
pub mod stores;
pub mod stress;
pub mod web;

/// A program.
#[derive(Debug)]
pub struct Program {
    /// The names of its command.
    pub names: &'static [&'static str],
    /// Runs it with its words, the command's name first.
    pub run: fn(&mut Process, &[String]) -> Flow,
}

/// All programs.
pub static PROGRAMS: &[&[Program]] = &[
    shells::PROGRAMS,
    basics::PROGRAMS,
    files::PROGRAMS,
    net::PROGRAMS,
    web::PROGRAMS,
    stores::PROGRAMS,
    kubernetes::PROGRAMS,
    stress::PROGRAMS,
    samples::PROGRAMS,
];

/// The program of a command's name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Program> {
    PROGRAMS.iter().copied().flatten().find(|program| program.names.contains(&name))
}

/// The value of `--flag=value`, `--flag value` or `-flag value`.
#[must_use]
pub fn flag<'a>(argv: &'a [String], names: &[&str]) -> Option<&'a str> {
    for (index, word) in argv.iter().enumerate() {
        let bare = word.trim_start_matches('-');
        if bare.len() == word.len() {
            continue;
        }
        let (name, value) = bare.split_once('=').map_or((bare, None), |(name, value)| (name, Some(value)));
        if names.contains(&name) {
            return value.or_else(|| argv.get(index + 1).map(String::as_str));
        }
    }
    None
}

/// The port at the end of `8080`, `:8080` or `0.0.0.0:8080`.
#[must_use]
pub fn port(text: &str) -> Option<u16> {
    text.rsplit(':').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_programs_share_a_name() {
        let mut names: Vec<_> = PROGRAMS.iter().copied().flatten().flat_map(|program| program.names).collect();
        let all = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), all);
    }

    #[test]
    fn flags_are_found_in_all_their_forms() {
        let argv: Vec<String> = ["x", "--port=80", "-l", ":81"].map(str::to_owned).to_vec();
        assert_eq!(flag(&argv, &["port"]), Some("80"));
        assert_eq!(flag(&argv, &["l"]).and_then(port), Some(81));
        assert_eq!(flag(&argv, &["q"]), None);
    }
}
