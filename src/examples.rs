//! Manifests to begin with: one file under `assets/examples`, one line here, one title in the locales
//! (`example-<name>`).

use crate::texts;

/// An example.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Example {
    /// Its name, which is that of its file.
    pub name: &'static str,
}

impl Example {
    /// The manifest.
    #[must_use]
    pub fn text(&self) -> &'static str {
        texts::text(&format!("examples/{}.yaml", self.name))
    }

    /// The manifest with its comments in one language: the lines of comment in Hangul, or the others.
    #[must_use]
    pub fn in_language(&self, korean: bool) -> String {
        let hangul = |line: &str| line.contains(|c| matches!(c, '가'..='힣'));
        let stays = |line: &&str| !line.starts_with('#') || hangul(line) == korean;
        self.text().lines().filter(stays).flat_map(|line| [line, "\n"]).collect()
    }
}

/// All examples in the order of the menu.
pub static EXAMPLES: &[Example] = &[
    Example { name: "pod" },
    Example { name: "deployment" },
    Example { name: "service" },
    Example { name: "rolling-update" },
    Example { name: "rollback" },
    Example { name: "stateful-set" },
    Example { name: "storage" },
    Example { name: "daemon-set" },
    Example { name: "job" },
    Example { name: "cron-job" },
    Example { name: "probes" },
    Example { name: "metrics-server" },
    Example { name: "autoscaler" },
    Example { name: "prometheus-adapter" },
    Example { name: "init-container" },
    Example { name: "crash-loop" },
    Example { name: "bad-image" },
    Example { name: "node-selector" },
    Example { name: "too-big" },
    Example { name: "taints" },
    Example { name: "node-loss" },
    Example { name: "broken" },
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
            assert_eq!(manifest(&ko), manifest(example.text()), "{}", example.name);
            assert!(!en.contains(|c| matches!(c, '가'..='힣')), "{}", example.name);
            assert!(!ko.contains("세요"), "{}: the formal style", example.name);
        }
    }
}
