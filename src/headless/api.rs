//! What the API server costs, natively.

use super::cpu_time;
use crate::bench::api::{Office, decode, deployment, sent};
use serde_json::json;
use std::hint::black_box;

/// Pods that are created.
const PODS: usize = 20_000;
/// Watches of one object, and how often it changes.
const WATCHES: usize = 1_000;
const CHANGES: usize = 100;
/// How often a Deployment is read.
const READS: u32 = 2_000;

/// Measures and reports: processor time in microseconds of a pod that is created and stored while nobody watches, of an
/// event for one of a thousand watches, and of a Deployment of a hundred lines that is decoded, defaulted and validated.
///
/// # Errors
/// When the server did not do what it was asked.
pub fn api(in_json: bool) -> Result<bool, String> {
    let mut office = Office::new();
    let (created, create) = timed(|| office.create(PODS));
    office.watch(WATCHES);
    let (heard, fanout) = timed(|| office.change(CHANGES));
    let (events, text) = (WATCHES * CHANGES, sent(&deployment()));
    if (created, heard, decode(&text)) != (PODS, events, 0) {
        return Err(format!("{created} of {PODS} pods were created, {heard} of {events} events heard"));
    }
    let (_, read) = timed(|| (0..READS).map(|_| decode(black_box(&text))).sum::<usize>());
    let each = |total: f64, count: usize| (total * 1e7 / f64::from(u32::try_from(count).unwrap_or(1))).round() / 10.0;
    let report = json!({
        "create_us": each(create, PODS),
        "watch_fanout_us": each(fanout, events),
        "decode_us": each(read, READS as usize),
    });
    if in_json {
        println!("{report}");
        return Ok(true);
    }
    for (name, value) in report.as_object().into_iter().flatten() {
        println!("{name:<22} {value}");
    }
    Ok(true)
}

/// What a piece of work gives, and the processor seconds that it took.
fn timed<T>(work: impl FnOnce() -> T) -> (T, f64) {
    let before = cpu_time();
    let result = work();
    (result, cpu_time().saturating_sub(before).as_secs_f64())
}
