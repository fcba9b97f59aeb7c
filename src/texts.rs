//! The texts that belong to the program: what it says in each language (`locales`), its examples (`examples`), the
//! schema of Kubernetes (`schema`) and the roles of a new cluster (`rbac`), by the names of their files under `assets`.
//!
//! The native program has them built in. In the browser the page brings them along as data (`tools/assets.mjs` puts
//! them there), so that the program itself is smaller; [`provide`] hands them over before anything is asked.

/// The text of a file such as `locales/ko.ftl`; empty if there is none.
#[must_use]
pub fn text(name: &str) -> &'static str {
    find(name).unwrap_or_default()
}

#[cfg(not(target_arch = "wasm32"))]
fn find(name: &str) -> Option<&'static str> {
    const TEXTS: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/texts.rs"));
    TEXTS.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

#[cfg(target_arch = "wasm32")]
static PROVIDED: std::sync::OnceLock<serde_json::Value> = std::sync::OnceLock::new();

/// Hands over the texts: a JSON object from names to texts. The first one counts.
#[cfg(target_arch = "wasm32")]
pub fn provide(texts: serde_json::Value) {
    let _ = PROVIDED.set(texts);
}

/// The texts that come with the late part of the program.
#[cfg(target_arch = "wasm32")]
static LATER: std::sync::OnceLock<serde_json::Value> = std::sync::OnceLock::new();

/// Hands over the later texts.
#[cfg(target_arch = "wasm32")]
pub fn provide_later(texts: serde_json::Value) {
    let _ = LATER.set(texts);
}

#[cfg(target_arch = "wasm32")]
fn find(name: &str) -> Option<&'static str> {
    PROVIDED.get()?[name].as_str().or_else(|| LATER.get()?[name].as_str())
}
