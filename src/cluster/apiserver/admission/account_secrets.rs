//! Which secrets a pod may name: a mirror pod none, and others those that their account names, where the account says so.
//!
//! Upstream: `plugin/pkg/admission/serviceaccount/admission.go`, `Validate`, `enforceMountableSecrets`,
//! `limitSecretReferences`.

use crate::api::document::Document;
use crate::api::object::Object;
use k8s_openapi::api::core::v1::{Container, PodSpec};

/// The mark of an account whose pods may only use the secrets that it names.
const ENFORCES: &str = "kubernetes.io/enforce-mountable-secrets";

/// What a mirror pod may not have.
pub fn of_mirror(spec: &PodSpec) -> Option<&'static str> {
    if spec.service_account_name.as_ref().is_some_and(|account| !account.is_empty()) {
        return Some("a mirror pod may not reference service accounts");
    }
    let volumes = || spec.volumes.iter().flatten();
    let sources =
        || volumes().filter_map(|volume| volume.projected.as_ref()).flat_map(|own| own.sources.iter().flatten());
    let containers = spec.containers.iter().chain(spec.init_containers.iter().flatten());
    let whole = |container: &Container| container.env_from.iter().flatten().any(|from| from.secret_ref.is_some());
    let secrets = spec.image_pull_secrets.as_ref().is_some_and(|pulls| !pulls.is_empty())
        || volumes().any(|volume| volume.secret.is_some())
        || sources().any(|source| source.secret.is_some())
        || containers.clone().any(|container| whole(container) || !variables(container).is_empty());
    if secrets {
        return Some("a mirror pod may not reference secrets");
    }
    let tokens = sources().any(|source| source.service_account_token.is_some());
    tokens.then_some("a mirror pod may not use ServiceAccountToken volume projections")
}

/// The variables of a container that stand in secrets: their names and those of the secrets.
fn variables(container: &Container) -> Vec<(&str, &str)> {
    let variables = container.env.iter().flatten();
    let found = variables.filter_map(|variable| {
        let secret = variable.value_from.as_ref()?.secret_key_ref.as_ref()?;
        Some((variable.name.as_str(), secret.name.as_str()))
    });
    found.collect()
}

/// The first secret that a pod uses and its account, of this name, does not.
pub fn not_of_account(spec: &PodSpec, name: &str, account: &Document) -> Option<String> {
    let named = |list: &str| -> Vec<&str> {
        account.list(list).iter().filter_map(|reference| reference["name"].as_str()).collect()
    };
    let (secrets, pulls) = (named("secrets"), named("imagePullSecrets"));
    let end = format!("is not allowed because service account {name} does not reference that");
    for secret in spec.volumes.iter().flatten().filter_map(|volume| volume.secret.as_ref()) {
        let secret = secret.secret_name.as_deref().unwrap_or_default();
        if !secrets.contains(&secret) {
            return Some(format!("volume with secret.secretName=\"{secret}\" {end} secret"));
        }
    }
    let inits = spec.init_containers.iter().flatten().map(|container| ("init container", container));
    for (sort, container) in inits.chain(spec.containers.iter().map(|container| ("container", container))) {
        let one = variables(container).into_iter().map(|(variable, secret)| (format!("envVar {variable}"), secret));
        let whole = container.env_from.iter().flatten().filter_map(|from| from.secret_ref.as_ref());
        let whole = whole.map(|secret| ("envFrom".to_owned(), secret.name.as_str()));
        if let Some((by, secret)) = one.chain(whole).find(|(_, secret)| !secrets.contains(secret)) {
            let own = &container.name;
            return Some(format!("{sort} {own} with {by} referencing secret.secretName=\"{secret}\" {end} secret"));
        }
    }
    let mut wanted = spec.image_pull_secrets.iter().flatten().enumerate();
    let (index, pull) = wanted.find(|(_, pull)| !pulls.contains(&pull.name.as_str()))?;
    Some(format!("imagePullSecrets[{index}].name=\"{}\" {end} imagePullSecret", pull.name))
}

/// Whether an account says so (Go's `strconv.ParseBool`).
pub fn enforces(account: &Object) -> bool {
    let mark = account.meta().annotations.as_ref().and_then(|annotations| annotations.get(ENFORCES));
    matches!(mark.map(String::as_str), Some("1" | "t" | "T" | "true" | "TRUE" | "True"))
}
