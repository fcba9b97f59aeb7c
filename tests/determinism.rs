//! Same seed and inputs, same state hash: forward, after rewinds, after replay.

mod common;

use bottle::sim::Time;
use bottle::sim::rng::Rng;

const SEEDS: u64 = 200;
const SECONDS: u64 = 40;

/// Runs a seed's random inputs and gives the hashes at whole seconds, and the history.
fn forward(seed: u64) -> (bottle::cluster::History, Vec<u64>) {
    let mut rng = Rng::fork(seed, &"determinism");
    let mut history = common::three_ships(seed);
    let mut hashes = Vec::new();
    for second in 0..=SECONDS {
        history.run_until(Time::from_secs(i64::try_from(second).expect("small")));
        hashes.push(history.world().hash());
        if rng.chance(250) {
            history.input(common::random_input(&mut rng));
            // The hash of a moment is the one after everything that was done in it.
            hashes.pop();
            hashes.push(history.world().hash());
        }
    }
    (history, hashes)
}

#[test]
fn every_moment_is_the_same_forward_after_rewind_and_after_replay() {
    for seed in 0..SEEDS {
        let (mut history, hashes) = forward(seed);
        let mut rng = Rng::fork(seed, &"rewinds");
        for _ in 0..4 {
            let second = rng.below(SECONDS + 1);
            history.seek(Time::from_secs(i64::try_from(second).expect("small")));
            let expected = hashes[usize::try_from(second).expect("small")];
            assert_eq!(history.world().hash(), expected, "seed {seed}, rewind to {second} s");
        }
        let mut replay = common::three_ships(seed);
        for (at, input) in history.inputs() {
            replay.enter(*at, input.clone());
        }
        replay.run_until(Time::from_secs(i64::try_from(SECONDS).expect("small")));
        assert_eq!(Some(&replay.world().hash()), hashes.last(), "seed {seed}, replay");
    }
}

#[test]
fn different_seeds_differ() {
    let hashes: std::collections::BTreeSet<u64> = (0..5).map(|seed| common::three_ships(seed).world().hash()).collect();
    assert_eq!(hashes.len(), 5);
}
