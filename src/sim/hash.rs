//! A hash of plain data that is equal on every machine.
//!
//! `std`'s `Hash` feeds lengths and discriminants as machine words; [`StableHasher`] widens them to 64 bits and
//! fixes the byte order, so that a 32-bit Wasm and a 64-bit native run agree.

use std::hash::{Hash, Hasher};

/// 64-bit FNV-1a over little-endian words with a final mix.
#[derive(Clone, Debug)]
pub struct StableHasher(u64);

impl Default for StableHasher {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl StableHasher {
    fn word(&mut self, word: u64) {
        self.0 = (self.0 ^ word).wrapping_mul(0x0000_0100_0000_01b3);
        self.0 ^= self.0 >> 29;
    }
}

impl Hasher for StableHasher {
    fn finish(&self) -> u64 {
        let mut z = self.0;
        z = (z ^ (z >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
        z ^ (z >> 33)
    }

    fn write(&mut self, bytes: &[u8]) {
        let mut chunks = bytes.chunks_exact(8);
        for chunk in &mut chunks {
            let mut word = [0; 8];
            word.copy_from_slice(chunk);
            self.word(u64::from_le_bytes(word));
        }
        let rest = chunks.remainder();
        if !rest.is_empty() {
            let mut word = [0; 8];
            word[..rest.len()].copy_from_slice(rest);
            self.word(u64::from_le_bytes(word) ^ ((rest.len() as u64) << 56));
        }
    }

    fn write_u8(&mut self, n: u8) {
        self.word(u64::from(n));
    }
    fn write_u16(&mut self, n: u16) {
        self.word(u64::from(n));
    }
    fn write_u32(&mut self, n: u32) {
        self.word(u64::from(n));
    }
    fn write_u64(&mut self, n: u64) {
        self.word(n);
    }
    fn write_usize(&mut self, n: usize) {
        self.word(n as u64);
    }
    fn write_i8(&mut self, n: i8) {
        self.word(i64::from(n).cast_unsigned());
    }
    fn write_i16(&mut self, n: i16) {
        self.word(i64::from(n).cast_unsigned());
    }
    fn write_i32(&mut self, n: i32) {
        self.word(i64::from(n).cast_unsigned());
    }
    fn write_i64(&mut self, n: i64) {
        self.word(n.cast_unsigned());
    }
    fn write_isize(&mut self, n: isize) {
        self.word((n as i64).cast_unsigned());
    }
}

/// The stable hash of `value`.
pub fn stable_hash<T: Hash + ?Sized>(value: &T) -> u64 {
    let mut hasher = StableHasher::default();
    value.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golden_values_are_the_same_on_every_machine() {
        // The browser test computes the same two through the built site's state hash; a change here breaks links.
        assert_eq!(stable_hash("web"), stable_hash(&String::from("web")));
        assert_eq!(stable_hash(&(1_usize, -1_i32)), stable_hash(&(1_u64, -1_i64)));
        assert_ne!(stable_hash(&["ab", "c"][..]), stable_hash(&["a", "bc"][..]));
    }
}
