//! What must hold whatever happens: random work and faults over many seeds.
//!
//! Each seed is a cluster of 3 to 5 ships on which people deploy, scale, update and delete while processes, lines, ships,
//! disks and certificates fail and are repaired. After every event [`rules`] are checked; after the last repair the
//! cluster has [`PATIENCE`] to come to what [`settled`] says. `make soak` runs more seeds for longer.

mod chance;
mod rules;
mod settled;
mod watch;

use bottle::cluster::input::Input;
use bottle::sim::rng::Rng;
use bottle::sim::{Duration, Time};
use std::sync::atomic::{AtomicU64, Ordering};
use watch::Watch;

/// How many runs, and how long each: `SOAK_SEEDS`, `SOAK_MINUTES`.
const SEEDS: u64 = 100;
const MINUTES: u64 = 10;
/// `SOAK_FIRST` begins with another seed.
const FIRST: u64 = 0;
/// Failed work waits up to ten minutes before it is tried again, a lost ship's pods five before they go.
const PATIENCE: Duration = Duration::from_mins(40);
/// What has settled stays so.
const REST: Duration = Duration::from_mins(1);

/// A run; in the end how much has been written, or what was wrong.
fn run(seed: u64, minutes: u64) -> Result<u64, String> {
    let mut rng = Rng::fork(seed, &"chaos");
    let workers = 3 + usize::try_from(seed % 3).expect("small");
    // In every fourth run nothing breaks.
    let calm = seed % 4 == 3;
    let mut watch = Watch::new(seed, (workers, calm), rules::RULES);
    if seed.is_multiple_of(2) {
        watch.input(&chance::second_scheduler())?;
    }
    for input in chance::beginning(&mut rng, calm) {
        watch.input(&input)?;
    }
    let end = Time::ZERO + Duration::from_mins(minutes);
    let mut repairs: Vec<(Time, Input)> = Vec::new();
    let mut next = watch.now() + chance::gap(&mut rng);
    while next < end || !repairs.is_empty() {
        repairs.sort_by_key(|(at, _)| *at);
        if repairs.first().is_some_and(|(at, _)| *at <= next || next >= end) {
            let (at, repair) = repairs.remove(0);
            watch.until(at.min(end).max(watch.now()))?;
            watch.input(&repair)?;
            continue;
        }
        watch.until(next)?;
        let (deed, undone) = if calm || rng.chance(400) {
            chance::deed(&mut rng, &watch, workers)
        } else {
            chance::fault(&mut rng, &watch, workers)
        };
        repairs.extend(undone.into_iter().map(|(after, input)| (next + after, input)));
        watch.input(&deed)?;
        next = next + chance::gap(&mut rng);
    }
    // What was said while nobody listened is said again.
    watch.until(watch.now() + REST)?;
    for number in 1..=workers {
        watch.input(&Input::Cordon { node: format!("node-{number}"), on: false })?;
    }
    settles(&mut watch)?;
    Ok(watch.world.revision())
}

/// All that was repaired comes right, and stays so.
fn settles(watch: &mut Watch) -> Result<(), String> {
    let limit = watch.now() + PATIENCE;
    let mut since = None;
    loop {
        watch.until(watch.now() + Duration::from_secs(5))?;
        let Some(lack) = settled::lacks(&watch.known).or_else(|| watch.leaked()) else {
            let since = *since.get_or_insert(watch.now());
            if watch.now().since(since) >= REST {
                return Ok(());
            }
            continue;
        };
        since = None;
        if watch.now() > limit {
            watch.tell_all();
            return Err(format!("does not settle: {lack}"));
        }
    }
}

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

#[test]
fn whatever_happens_the_rules_hold_and_the_cluster_comes_right() {
    let (first, seeds, minutes) =
        (number("SOAK_FIRST", FIRST), number("SOAK_SEEDS", SEEDS), number("SOAK_MINUTES", MINUTES));
    let next = AtomicU64::new(first);
    let turn = || {
        let mut wrong = Vec::new();
        let mut written = 0;
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= first + seeds {
                return (wrong, written);
            }
            match run(seed, minutes) {
                Ok(writes) => written += writes,
                Err(why) => wrong.push(format!("seed {seed}: {why}")),
            }
        }
    };
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    let (mut wrong, mut written) = (Vec::new(), 0);
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..workers).map(|_| scope.spawn(turn)).collect();
        for thread in threads {
            let (found, writes) = thread.join().expect("a run that comes to its end");
            wrong.extend(found);
            written += writes;
        }
    });
    println!("{seeds} runs of {minutes} minutes: {written} writes");
    assert!(wrong.is_empty(), "{} of {seeds}:\n{}", wrong.len(), wrong.join("\n"));
}
