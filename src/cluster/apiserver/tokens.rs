//! Tokens of service accounts: who holds one is the account, until it has run out or the account is gone.
//!
//! Upstream: `pkg/serviceaccount/{jwt,claims}.go`. A token has the real form (three parts, the claims readable); its
//! signature is a hash that this server alone makes, which is no cryptography and need not be.

use super::watch_cache::WatchCache;
use crate::api::base64;
use crate::api::kinds::service_account;
use crate::api::object::{Key, Object};
use crate::cluster::wire::User;
use crate::sim::Time;
use crate::sim::hash::StableHasher;
use serde_json::{Value, json};
use std::hash::{Hash, Hasher};

/// Who issues tokens, and for whom they are meant if nobody else is named.
pub const ISSUER: &str = "https://kubernetes.default.svc.cluster.local";
const HEADER: &str = r#"{"alg":"RS256","kid":"ship-in-a-bottle"}"#;

/// The claims of a token in the form of a JSON object; times in seconds.
pub struct Claims<'a> {
    /// Whose.
    pub account: &'a Object,
    /// For whom it is meant.
    pub audiences: &'a [String],
    /// From when.
    pub now: Time,
    /// How long.
    pub seconds: i64,
    /// Its own name.
    pub id: &'a str,
}

/// A token.
#[must_use]
pub fn issue(claims: &Claims) -> String {
    let (namespace, name) = (claims.account.namespace(), claims.account.name());
    let now = unix(claims.now);
    let claims = json!({
        "aud": claims.audiences, "exp": now + claims.seconds, "iat": now, "nbf": now, "iss": ISSUER, "jti": claims.id,
        "kubernetes.io": {"namespace": namespace, "serviceaccount": {"name": name, "uid": claims.account.uid()}},
        "sub": format!("system:serviceaccount:{namespace}:{name}"),
    });
    let signed =
        format!("{}.{}", base64::encode_url(HEADER.as_bytes()), base64::encode_url(claims.to_string().as_bytes()));
    let signature = sign(&signed);
    format!("{signed}.{signature}")
}

/// The user whom a token names.
///
/// # Errors
/// Why it is not accepted, in the words of a `TokenReview`.
pub fn user(token: &str, cache: &WatchCache, now: Time) -> Result<User, String> {
    let invalid = || "invalid bearer token".to_owned();
    let (signed, signature) = token.rsplit_once('.').ok_or_else(invalid)?;
    let (_, claims) = signed.split_once('.').ok_or_else(invalid)?;
    if sign(signed) != signature {
        return Err(invalid());
    }
    let claims = base64::decode_url(claims).and_then(|claims| String::from_utf8(claims).ok()).ok_or_else(invalid)?;
    let claims: Value = serde_json::from_str(&claims).map_err(|_| invalid())?;
    if claims["exp"].as_i64().unwrap_or(0) <= unix(now) {
        return Err("[invalid bearer token, service account token has expired]".to_owned());
    }
    let of = &claims["kubernetes.io"];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (namespace, name) = (text(&of["namespace"]), text(&of["serviceaccount"]["name"]));
    let account = cache.get(&service_account::KIND, &Key::new(&namespace, &name));
    match account {
        Some(account) if account.uid() == text(&of["serviceaccount"]["uid"]) => Ok(account_user(&namespace, &name)),
        _ => Err("[invalid bearer token, service account token has been invalidated]".to_owned()),
    }
}

/// The user that a service account is.
#[must_use]
pub fn account_user(namespace: &str, name: &str) -> User {
    let groups = ["system:serviceaccounts", &format!("system:serviceaccounts:{namespace}"), "system:authenticated"];
    User::new(&format!("system:serviceaccount:{namespace}:{name}"), &groups)
}

fn unix(time: Time) -> i64 {
    crate::api::meta::timestamp(time).0.as_second()
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
