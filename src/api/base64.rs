//! Base64 as Go's `encoding/base64` has it: with padding, and line ends do not count.

use ::base64::Engine;
use ::base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

/// Bytes as text.
#[must_use]
pub fn encode(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// The bytes of a text; `None` if it is no base64.
#[must_use]
pub fn decode(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text.replace(['\n', '\r'], "")).ok()
}

/// Bytes as a text for addresses: other letters, no padding.
#[must_use]
pub fn encode_url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The bytes of a text for addresses; `None` if it is none.
#[must_use]
pub fn decode_url(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_ends_do_not_count_and_padding_does() {
        assert_eq!(decode("aGVs\nbG8=\r\n"), Some(b"hello".to_vec()));
        assert_eq!(decode("aGVsbG8"), None);
        assert_eq!(decode("a!"), None);
        assert_eq!(encode_url(b"hello?>"), "aGVsbG8_Pg");
        assert_eq!(decode_url("aGVsbG8_Pg"), Some(b"hello?>".to_vec()));
    }
}
