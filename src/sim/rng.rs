//! Chance, reproducible: `SplitMix64`, one stream for each address.

use super::hash::stable_hash;
use std::hash::Hash;

/// A stream of pseudo-random numbers. Plain data: a clone continues as the original would.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Rng(u64);

impl Rng {
    /// The stream of `address` under `seed`. Different addresses give unrelated streams.
    #[must_use]
    pub fn fork<A: Hash>(seed: u64, address: &A) -> Self {
        Self(seed ^ stable_hash(address).rotate_left(17))
    }

    /// The next 64 bits.
    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number in `0..bound`; 0 when `bound` is 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        let wide = u128::from(self.next_u64()) * u128::from(bound);
        u64::try_from(wide >> 64).unwrap_or(0)
    }

    /// True in `per_mille` of 1000 draws.
    pub fn chance(&mut self, per_mille: u16) -> bool {
        per_mille > 0 && self.below(1000) < u64::from(per_mille)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_of_two_addresses_differ_and_repeat() {
        let draw = |address: &str| {
            let mut rng = Rng::fork(42, &address);
            (rng.next_u64(), rng.next_u64())
        };
        assert_eq!(draw("a"), draw("a"));
        assert_ne!(draw("a"), draw("b"));
    }

    #[test]
    fn below_stays_below_and_reaches_everything() {
        let mut rng = Rng::fork(1, &0_u8);
        let mut seen = [false; 5];
        for _ in 0..200 {
            let n = rng.below(5);
            seen[usize::try_from(n).expect("small")] = true;
        }
        assert_eq!(seen, [true; 5]);
    }
}
