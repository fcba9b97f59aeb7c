//! Load generators: they need the memory that they are told to, and are killed when it is more than they may have.

use super::{Program, flag};
use crate::api::quantity::Quantity;
use crate::cluster::runtime::process::{Flow, OnTerm, Process};
use crate::sim::Duration;

/// The programs of this file.
pub static PROGRAMS: &[Program] =
    &[Program { names: &["stress", "stress-ng"], run: stress }, Program { names: &["stress-vish"], run: vish }];

fn stress(process: &mut Process, argv: &[String]) -> Flow {
    let workers = flag(argv, &["vm", "m"]).and_then(|count| count.parse().ok()).unwrap_or(0);
    // 256M is stress' own default.
    let each = flag(argv, &["vm-bytes"]).and_then(bytes).unwrap_or(256 << 20);
    let time = flag(argv, &["timeout", "t"]).and_then(|text| text.trim_end_matches('s').parse().ok());
    load(process, each.saturating_mul(workers), time)
}

/// `vish/stress`: `-mem-total 150Mi`.
fn vish(process: &mut Process, argv: &[String]) -> Flow {
    let total = flag(argv, &["mem-total"]).and_then(|text| Quantity::parse(text).ok());
    load(process, total.map_or(0, |total| u64::try_from(total.value()).unwrap_or(0)), None)
}

fn load(process: &mut Process, bytes: u64, seconds: Option<u64>) -> Flow {
    process.course.on_term = OnTerm::Exit(Duration::from_millis(50), 143);
    if process.around.memory_limit.is_some_and(|limit| bytes > limit) {
        process.pass(Duration::from_millis(800));
        process.course.out_of_memory = true;
        return Flow::Exit(137);
    }
    match seconds {
        Some(seconds) => {
            process.pass(Duration::from_secs(seconds));
            Flow::Next(0)
        }
        None => Flow::Forever,
    }
}

/// `150M`, `1G`: powers of 1024.
fn bytes(text: &str) -> Option<u64> {
    let unit = text.chars().last().filter(char::is_ascii_alphabetic);
    let number: u64 = unit.map_or(text, |_| &text[..text.len() - 1]).parse().ok()?;
    let shift = match unit.map(|unit| unit.to_ascii_uppercase()) {
        Some('K') => 10,
        Some('M') => 20,
        Some('G') => 30,
        _ => 0,
    };
    number.checked_shl(shift)
}

#[cfg(test)]
mod tests {
    use crate::cluster::runtime::process::{Surroundings, course};

    #[test]
    fn more_than_the_limit_is_fatal() {
        let run = |limit| {
            let around = Surroundings { memory_limit: Some(limit), ..Surroundings::default() };
            let argv: Vec<String> =
                ["stress", "--vm", "1", "--vm-bytes", "250M", "--vm-hang", "1"].map(str::to_owned).to_vec();
            course(&argv, &around).expect("starts")
        };
        assert!(run(100 << 20).out_of_memory);
        assert_eq!(run(300 << 20).ends, None);
    }
}
