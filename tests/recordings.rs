//! Recordings of a real cluster (`tests/oracle`), played against the engine as `bottle verify` does.
//!
//! `tests/oracle/failing.txt` lists the cases that differ today, by what the engine lacks. Any other difference fails
//! the test; a listed case that passes is printed, so that its line can go.

use bottle::verify::{Account, Report, collect};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn oracle(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracle").join(name)
}

/// Lines of `file case`, without those that begin with `#`.
fn known_to_fail(file: &str) -> BTreeSet<String> {
    let text = std::fs::read_to_string(oracle("failing.txt")).expect("the list");
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .filter_map(|line| line.split_once(' '))
        .filter(|(of, _)| *of == file)
        .map(|(_, case)| case.to_owned())
        .collect()
}

/// Plays a recording; gives how many cases passed.
fn play(name: &str) -> usize {
    let Report { passed, failed, account, .. } =
        collect(&[oracle(name)], None, &mut std::io::sink()).expect("a report");
    let known = known_to_fail(name);
    let different: BTreeSet<String> = failed.iter().map(|(_, case, _)| case.clone()).collect();
    println!("{name}: {passed} of {} cases are as recorded", passed + failed.len());
    for case in known.difference(&different) {
        println!("  {case} is listed in failing.txt and passes");
    }
    let new: Vec<String> = failed
        .into_iter()
        .filter(|(_, case, _)| !known.contains(case))
        .map(|(_, case, difference)| format!("{case}: {difference}"))
        .collect();
    assert!(new.is_empty(), "{} differ:\n{}", new.len(), new.join("\n"));
    claims_hold(&account);
    passed
}

/// The fidelity page claims no more than the recordings give. (`make fidelity` writes its numbers.)
fn claims_hold(account: &Account) {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/fidelity.json"));
    let page: Value = serde_json::from_str(&text.expect("assets/fidelity.json")).expect("JSON");
    let claims = page["rows"].as_array().expect("rows");
    let number = |value: &Value| value.as_u64().and_then(|number| usize::try_from(number).ok()).unwrap_or(usize::MAX);
    for (area, kind, passed, all) in account.rows() {
        let claim = claims.iter().find(|row| row[0] == area && row[1] == kind);
        let claim = claim.unwrap_or_else(|| panic!("the fidelity page lacks {area} {kind}: make fidelity"));
        assert!(
            number(&claim[2]) <= passed && number(&claim[3]) == all,
            "{claim}, but {passed} of {all}: make fidelity"
        );
        if number(&claim[2]) < passed {
            println!("  {area} {kind}: the fidelity page says {claim}, it is {passed} of {all}: make fidelity");
        }
    }
    assert_eq!(page["admission"], account.to_value()["admission"], "make fidelity");
}

#[test]
fn the_scheduler_decides_as_the_real_one() {
    assert_eq!(play("scheduler_cases.jsonl.gz"), 400);
    assert_eq!(play("scheduler_sequences.jsonl.gz"), 40);
}

#[test]
fn the_server_answers_as_the_real_one() {
    assert!(play("api-cases.json.gz") >= 193);
}

#[test]
fn the_controllers_do_over_time_what_the_real_ones_did() {
    assert!(play("controllers.jsonl.gz") >= 202);
}

#[test]
fn raw_answers_are_those_of_the_real_server() {
    assert!(play("discovery") >= 82);
}

/// Every public manifest is accepted or refused as by the real server. (The corpus is not part of the project.)
#[test]
fn the_corpus_is_judged_as_by_the_real_server() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus");
    let verdicts = corpus.join("verdicts.jsonl");
    if !verdicts.exists() {
        println!("skipped: ../shared/corpus is not beside this checkout");
        return;
    }
    let report = collect(&[verdicts], Some(&corpus), &mut std::io::sink()).expect("a report");
    println!("corpus: {} of {} manifests are judged as recorded", report.passed, report.passed + report.failed.len());
    assert!(report.passed >= 1129, "{:#?}", report.failed);
}
