//! Tokens of service accounts: who holds one is the account, until it has run out or the account is gone.
//!
//! Upstream: `pkg/serviceaccount/{claims,legacy}.go`. There are two sorts: those that are asked for and run out, and those
//! that the controller manager puts into a Secret and that hold as long as it is there. Of the second sort the day of
//! their last use (`kubernetes.io/legacy-token-last-used`) is not written down.

use super::watch_cache::WatchCache;
use crate::api::jwt;
use crate::api::kinds::{secret, service_account};
use crate::api::object::{Key, Object};
use crate::cluster::wire::User;
use crate::sim::Time;
use k8s_openapi::api::core::v1::Secret;
use serde_json::{Value, json};

/// Who issues tokens, and for whom they are meant if nobody else is named.
pub const ISSUER: &str = "https://kubernetes.default.svc.cluster.local";
/// Who issues those in Secrets (upstream: `LegacyIssuer`).
const LEGACY_ISSUER: &str = "kubernetes/serviceaccount";

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
    jwt::write(&claims)
}

/// The user whom a token names.
///
/// # Errors
/// Why it is not accepted, in the words of a `TokenReview`.
pub fn user(token: &str, cache: &WatchCache, now: Time) -> Result<User, String> {
    let claims = jwt::read(token).ok_or("invalid bearer token")?;
    if claims["iss"] == LEGACY_ISSUER {
        return kept(token, &claims, cache);
    }
    if claims["exp"].as_i64().unwrap_or(0) <= unix(now) {
        return Err("[invalid bearer token, service account token has expired]".to_owned());
    }
    let of = &claims["kubernetes.io"];
    let (namespace, name) = (text(&of["namespace"]), text(&of["serviceaccount"]["name"]));
    match cache.get(&service_account::KIND, &Key::new(namespace, name)) {
        Some(account) if account.uid() == text(&of["serviceaccount"]["uid"]) => Ok(account_user(namespace, name)),
        _ => Err("[invalid bearer token, service account token has been invalidated]".to_owned()),
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// The user of a token that a Secret keeps (upstream: `legacyValidator.Validate`).
#[inline(never)]
fn kept(token: &str, claims: &Value, cache: &WatchCache) -> Result<User, String> {
    let claim = |name: &str| text(&claims[&format!("kubernetes.io/serviceaccount/{name}")]);
    let (namespace, name) = (claim("namespace"), claim("service-account.name"));
    let place = Key::new(namespace, claim("secret.name"));
    let Some(secret) = cache.get(&secret::KIND, &place).filter(|secret| !secret.is_terminating()) else {
        return Err("[invalid bearer token, service account token has been invalidated]".to_owned());
    };
    let data = secret.get().and_then(|secret: &Secret| secret.data.as_ref()?.get("token"));
    if data.is_none_or(|data| data.0 != token.as_bytes()) {
        return Err("[invalid bearer token, service account token does not match server's copy]".to_owned());
    }
    let uid = claim("service-account.uid");
    match cache.get(&service_account::KIND, &Key::new(namespace, name)) {
        None => Err(format!("[invalid bearer token, serviceaccounts \"{name}\" not found]")),
        Some(account) if account.is_terminating() => {
            Err(format!("[invalid bearer token, service account {namespace}/{name} has been deleted]"))
        }
        Some(account) if account.uid() != uid => {
            let own = account.uid();
            Err(format!("[invalid bearer token, service account UID ({own}) does not match claim ({uid})]"))
        }
        Some(_) => Ok(account_user(namespace, name)),
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
