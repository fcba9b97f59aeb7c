//! The token controller: a Secret of the type `kubernetes.io/service-account-token` gets the token of its account, and goes
//! with it.
//!
//! Upstream: `pkg/controller/serviceaccount/tokens_controller.go`. Such a token does not run out; that is why pods no longer
//! get one, and only those are filled that somebody asks for. It asks as the controller manager itself, because it gives
//! the other controllers their tokens.
//!
//! Left out: the clean-up of tokens that were made by older versions for every account and that nobody has used for a year.

use super::rootca::CERTIFICATE;
use super::shared::serving::forget_key;
use super::shared::{annotation, subject};
use crate::api::jwt;
use crate::api::kinds::{secret, service_account};
use crate::api::request::DeleteOptions;
use crate::api::{Key, Object, Ref, Request};
use crate::cluster::client::controller::{Controller, Note, Reconcile, Tolerate, Wake, Watch, Write};
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use serde_json::{Value, json};
use std::rc::Rc;

const TYPE: &str = "kubernetes.io/service-account-token";
const NAME: &str = "kubernetes.io/service-account.name";
const UID: &str = "kubernetes.io/service-account.uid";

/// The controller.
pub static CONTROLLER: Controller = Controller {
    name: "serviceaccount-token-controller",
    account: "",
    workers: 5,
    watches: &[Watch::mapped(&secret::KIND, wake_by_secret), Watch::mapped(&service_account::KIND, wake_by_account)],
    period: None,
    retries: 10,
    reconcile,
    failed: None,
};

fn is_token(object: &Object) -> bool {
    object.get().is_some_and(|secret: &Secret| secret.type_.as_deref() == Some(TYPE))
}

/// Whether a Secret is meant for an account of this name (and uid, once it says so).
fn is_of(object: &Object, name: &str, uid: &str) -> bool {
    annotation(object.meta(), NAME) == Some(name)
        && annotation(object.meta(), UID).is_none_or(|of| of.is_empty() || of == uid)
}

/// Secrets that come and change; of one that goes the account's list of secrets may speak.
fn wake_by_secret(wake: &mut Wake, old: Option<&Object>, new: Option<&Object>) {
    let Some(object) = new.or(old).filter(|object| is_token(object)) else { return };
    if new.is_some() {
        return wake.object(object);
    }
    let Some(place) = annotation(object.meta(), NAME).map(|name| Key::new(object.namespace(), name)) else { return };
    let account = wake.cache(&service_account::KIND).get(&place);
    if let Some(account) = account.filter(|account| is_of(object, account.name(), account.uid())) {
        wake.memory().insert(gone(&place, object.name()), Note::Number(0));
        wake.object(account);
    }
}

/// An account that goes takes its Secrets along.
fn wake_by_account(wake: &mut Wake, old: Option<&Object>, new: Option<&Object>) {
    if let Some(account) = old.filter(|old| new.is_none_or(|new| new.uid() != old.uid())) {
        let secrets = wake.cache(&secret::KIND).in_namespace(account.namespace());
        wake.objects(secrets.filter(|it| is_token(it) && is_of(it, account.name(), account.uid())));
    }
}

/// Under what it is remembered that a Secret of an account is gone.
fn gone(account: &Key, secret: &str) -> Rc<str> {
    format!("{account}\u{1f}{secret}").into()
}

fn reconcile(key: &Ref, reconcile: &mut Reconcile) -> Result<(), String> {
    if key.kind == &service_account::KIND {
        forget_secrets(key, reconcile);
        return Ok(());
    }
    let Some(object) = subject(reconcile, key).filter(|object| is_token(object)) else { return Ok(()) };
    let place = Key::new(object.namespace(), annotation(object.meta(), NAME).unwrap_or_default());
    let fits = |account: &&Object| is_of(object, account.name(), account.uid());
    if let Some(account) = reconcile.lookup(&service_account::KIND, &place).filter(fits) {
        return fill(reconcile, object, account);
    }
    // What the cache does not know may be new.
    match reconcile.ask(&service_account::KIND, &place) {
        None => {}
        Some(Ok(account)) if fits(&account) => return fill(reconcile, object, account),
        Some(Err(status)) if status.code != 404 => return Err(status.message.clone()),
        Some(_) => {
            let options = DeleteOptions { uid: Some(object.uid().into()), ..DeleteOptions::default() };
            let write = Write::new(Request::delete(&secret::KIND, &object.key(), options));
            reconcile.write(write.tolerating(Tolerate::NotFoundOrConflict));
        }
    }
    Ok(())
}

/// What a Secret lacks: the certificate, the namespace, the token (upstream: `secretUpdateNeeded`).
fn lacks(object: &Object) -> [bool; 3] {
    let data = object.get().and_then(|secret: &Secret| secret.data.as_ref());
    let part = |key: &str| data.and_then(|data| data.get(key)).map(|bytes| &*bytes.0).unwrap_or_default();
    [part("ca.crt") != CERTIFICATE.as_bytes(), part("namespace").is_empty(), part("token").is_empty()]
}

/// Upstream: `generateTokenIfNeeded`. The Secret is read from the API server itself before it is written.
fn fill(reconcile: &mut Reconcile, object: &Object, account: &Object) -> Result<(), String> {
    let [needs_certificate, needs_namespace, needs_token] = lacks(object);
    if !needs_certificate && !needs_namespace && !needs_token {
        return Ok(());
    }
    match reconcile.ask(&secret::KIND, &object.key()) {
        Some(Ok(live)) if live.revision() == object.revision() => {}
        Some(Err(status)) if status.code != 404 => return Err(status.message.clone()),
        // It is gone, or it has changed: that will be heard of.
        _ => return Ok(()),
    }
    let mut object = object.clone();
    let (namespace, name) = (object.namespace().to_owned(), object.name().to_owned());
    let Some(secret) = object.get_mut::<Secret>() else { return Ok(()) };
    let data = secret.data.get_or_insert_default();
    let mut put = |key: &str, text: &str| data.insert(key.to_owned(), ByteString(text.as_bytes().to_vec()));
    if needs_certificate {
        put("ca.crt", CERTIFICATE);
    }
    if needs_namespace {
        put("namespace", &namespace);
    }
    if needs_token {
        put("token", &jwt::write(&claims(account, &name)));
    }
    let annotations = object.meta_mut().annotations.get_or_insert_default();
    annotations.insert(NAME.to_owned(), account.name().to_owned());
    annotations.insert(UID.to_owned(), account.uid().to_owned());
    reconcile.write(Write::new(Request::update(object)).tolerating(Tolerate::NotFoundOrConflict));
    Ok(())
}

/// Upstream: `LegacyClaims`.
fn claims(account: &Object, secret: &str) -> Value {
    let (namespace, name) = (account.namespace(), account.name());
    json!({
        "iss": "kubernetes/serviceaccount",
        "kubernetes.io/serviceaccount/namespace": namespace,
        "kubernetes.io/serviceaccount/secret.name": secret,
        "kubernetes.io/serviceaccount/service-account.name": name,
        "kubernetes.io/serviceaccount/service-account.uid": account.uid(),
        "sub": format!("system:serviceaccount:{namespace}:{name}"),
    })
}

/// Takes Secrets that are gone out of their account's list (upstream: `removeSecretReference`).
fn forget_secrets(key: &Ref, reconcile: &mut Reconcile) {
    let Some(account) = subject(reconcile, key) else { return forget_key(reconcile.memory, &key.key.to_string()) };
    let mut changed = account.clone();
    let Some(document) = changed.document_mut() else { return };
    let known = document.list("secrets").to_vec();
    let is_gone = |name: &&Value| {
        let name = name["name"].as_str().unwrap_or_default();
        let there = reconcile.lookup(&secret::KIND, &Key::new(account.namespace(), name)).is_some();
        reconcile.memory.contains_key(&gone(&key.key, name)) && !there
    };
    let left: Vec<Value> = known.iter().filter(|name| !is_gone(name)).cloned().collect();
    if left.len() == known.len() {
        return forget_key(reconcile.memory, &key.key.to_string());
    }
    if left.is_empty() {
        document.remove("secrets");
    } else {
        document.set("secrets", left.into());
    }
    reconcile.write(Write::new(Request::update(changed)).tolerating(Tolerate::NotFound));
}
