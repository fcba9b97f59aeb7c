//! Tokens in the form of a JSON Web Token: three parts, the claims readable.
//!
//! Upstream: `pkg/serviceaccount/jwt.go`. The signature is a hash that only this cluster makes, which is no cryptography
//! and need not be. In a real cluster the API server and the controller manager hold the same key
//! (`--service-account-signing-key-file`, `--service-account-private-key-file`); so do these two.

use super::base64;
use crate::sim::hash::StableHasher;
use serde_json::Value;
use std::hash::{Hash, Hasher};

const HEADER: &str = r#"{"alg":"RS256","kid":"ship-in-a-bottle"}"#;

/// A token that says `claims`.
#[must_use]
pub fn write(claims: &Value) -> String {
    let signed =
        format!("{}.{}", base64::encode_url(HEADER.as_bytes()), base64::encode_url(claims.to_string().as_bytes()));
    let signature = sign(&signed);
    format!("{signed}.{signature}")
}

/// What a token says; `None` if it is not one of this cluster's.
#[must_use]
pub fn read(token: &str) -> Option<Value> {
    let (signed, signature) = token.rsplit_once('.')?;
    let (_, claims) = signed.split_once('.')?;
    let claims = base64::decode_url(claims).filter(|_| sign(signed) == signature)?;
    serde_json::from_str(std::str::from_utf8(&claims).ok()?).ok()
}

fn sign(text: &str) -> String {
    let mut bytes = Vec::new();
    for round in 0..4u8 {
        let mut hasher = StableHasher::default();
        (round, text).hash(&mut hasher);
        bytes.extend(hasher.finish().to_be_bytes());
    }
    base64::encode_url(&bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_written_is_read_and_nothing_else() {
        let token = write(&json!({"sub": "a"}));
        assert_eq!(read(&token), Some(json!({"sub": "a"})));
        let other = format!("{}.{}", base64::encode_url(b"{}"), token.split_once('.').expect("parts").1);
        assert_eq!(read(&other), None, "another header was not signed");
        assert_eq!((read("a.b.c"), read("")), (None, None));
    }
}
