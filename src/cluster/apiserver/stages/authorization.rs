//! May you? Rules decide; nothing is allowed that no rule allows.
//!
//! A request may also be made in somebody else's name (`Impersonate-User` and its kin): then he who asks must be allowed
//! to impersonate, and the other one to do what is asked (upstream: `endpoints/filters/impersonation`).

use crate::api::{Request, Status};
use crate::cluster::apiserver::authorizer::{Attributes, Authorizer};
use crate::cluster::apiserver::watch_cache::WatchCache;
use crate::cluster::wire::User;
use std::rc::Rc;

/// Gives back the rule that lets the request pass, in words.
///
/// # Errors
/// 403 in the words of the real server.
pub fn check(
    authorizer: &mut Authorizer,
    cache: &WatchCache,
    user: &User,
    request: &Request,
) -> Result<Rc<str>, Status> {
    let mut field = String::new();
    let what = Attributes::of(request, &mut field);
    authorizer.decide(user, &what, cache).map_err(|reason| what.refusal(user, &reason))
}

/// Gives back the user in whose name the request is to be carried out.
///
/// # Errors
/// 403 when he who asks may not impersonate him or one of his groups.
pub fn impersonated(authorizer: &mut Authorizer, cache: &WatchCache, user: &User) -> Result<User, Status> {
    let Some(other) = &user.acts_as else { return Ok(user.clone()) };
    let account = other.name.strip_prefix("system:serviceaccount:").and_then(|rest| rest.split_once(':'));
    let who = match account {
        Some((namespace, name)) => Attributes::on("impersonate", "", "serviceaccounts", namespace, name),
        None => Attributes::on("impersonate", "", "users", "", &other.name),
    };
    let groups = other.groups.iter().map(|group| Attributes::on("impersonate", "", "groups", "", group));
    for what in std::iter::once(who).chain(groups) {
        authorizer.decide(user, &what, cache).map_err(|reason| what.refusal(user, &reason))?;
    }
    Ok(completed(other, account.map(|(namespace, _)| namespace)))
}

/// The groups that everybody has who is so named.
fn completed(user: &User, account: Option<&str>) -> User {
    let mut groups: Vec<Rc<str>> = user.groups.to_vec();
    if let (Some(namespace), true) = (account, groups.is_empty()) {
        groups.push("system:serviceaccounts".into());
        groups.push(format!("system:serviceaccounts:{namespace}").into());
    }
    let known = if &*user.name == "system:anonymous" { "system:unauthenticated" } else { "system:authenticated" };
    if !groups.iter().any(|group| matches!(&**group, "system:authenticated" | "system:unauthenticated")) {
        groups.push(known.into());
    }
    User { name: user.name.clone(), groups: groups.into(), acts_as: None }
}
