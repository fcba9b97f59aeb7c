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

impl Example {
    /// The manifest with its comments in one language: the lines of comment in Hangul, or the others.
    #[must_use]
    pub fn in_language(&self, korean: bool) -> String {
        let hangul = |line: &str| line.contains(|c| matches!(c, '가'..='힣'));
        let stays = |line: &&str| !line.starts_with('#') || hangul(line) == korean;
        self.text.lines().filter(stays).flat_map(|line| [line, "\n"]).collect()
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_example_says_in_both_languages_what_it_shows() {
        for example in EXAMPLES {
            let [ko, en] = [true, false].map(|korean| example.in_language(korean));
            let manifest = |text: &str| text.lines().filter(|line| !line.starts_with('#')).count();
            assert!(ko.starts_with("# ") && en.starts_with("# ") && ko != en, "{}", example.name);
            assert_eq!(manifest(&ko), manifest(example.text), "{}", example.name);
            assert!(!en.contains(|c| matches!(c, '가'..='힣')), "{}", example.name);
            assert!(!ko.contains("세요"), "{}: the formal style", example.name);
        }
    }
}
