//! Manifests to begin with: one file under `assets/examples`, one line here, one title in the locales
//! (`example-<name>`).

/// An example.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Example {
    /// Its name, which is that of its file.
    pub name: &'static str,
    /// The manifest.
    pub text: &'static str,
}

macro_rules! example {
    ($name:literal) => {
        Example { name: $name, text: include_str!(concat!("../assets/examples/", $name, ".yaml")) }
    };
}

/// All examples in the order of the menu.
pub static EXAMPLES: &[Example] = &[
    example!("pod"),
    example!("deployment"),
    example!("service"),
    example!("rolling-update"),
    example!("rollback"),
    example!("probes"),
    example!("init-container"),
    example!("crash-loop"),
    example!("bad-image"),
    example!("node-selector"),
    example!("too-big"),
    example!("taints"),
    example!("node-loss"),
    example!("broken"),
];

/// The example of that name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Example> {
    EXAMPLES.iter().find(|example| example.name == name)
}
