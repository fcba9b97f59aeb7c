use super::*;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

fn keys(language: Language) -> BTreeSet<String> {
    let is_key = |line: &&str| line.starts_with(|c: char| c.is_ascii_lowercase());
    let key = |line: &str| line.split_once('=').map(|(key, _)| key.trim().to_owned());
    language.source().lines().filter(is_key).filter_map(key).collect()
}

/// The program's own text, tests left out.
fn sources(folder: &Path, found: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") && !path.ends_with("tests.rs") {
            *found += &fs::read_to_string(path).unwrap();
        }
    }
}

#[test]
fn catalogues_can_be_read_to_the_end() {
    for language in Language::ALL {
        let broken = FluentResource::try_new(language.source().to_owned()).err().map(|(_, errors)| errors);
        assert_eq!(broken, None, "{language:?}");
    }
}

#[test]
fn both_languages_have_the_same_keys_with_the_same_arguments() {
    let (ko, en) = (keys(Language::Ko), keys(Language::En));
    assert_eq!(ko.difference(&en).collect::<Vec<_>>(), Vec::<&String>::new(), "only in Korean");
    assert_eq!(en.difference(&ko).collect::<Vec<_>>(), Vec::<&String>::new(), "only in English");
    let used = |language: Language, key: &str| -> BTreeSet<String> {
        let source = language.source();
        let start = source.find(&format!("\n{key} =")).unwrap() + 1;
        let message = &source[start..];
        let end = message.find("\n\n").into_iter().chain(next_key(message)).min().unwrap_or(message.len());
        let arguments = message[..end].split('$').skip(1);
        arguments.map(|rest| rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '-').collect()).collect()
    };
    for key in &en {
        assert_eq!(used(Language::Ko, key), used(Language::En, key), "{key}");
    }
}

fn next_key(message: &str) -> Option<usize> {
    let mut at = 0;
    for line in message.split_inclusive('\n') {
        if at > 0 && line.starts_with(|c: char| c.is_ascii_lowercase() || c == '#') {
            return Some(at);
        }
        at += line.len();
    }
    None
}

/// Keys that are put together from a registry's names.
fn families() -> BTreeSet<String> {
    let sprites = crate::scene::gallery::names().map(|name| format!("sprite-{name}"));
    let examples = crate::examples::EXAMPLES.iter().map(|example| format!("example-{}", example.name));
    let plugins = crate::cluster::scheduler::plugins::PLUGINS.iter().map(|entry| entry.plugin.name());
    let plugins = plugins.chain(["PreFilterResult"]).map(|name| format!("plugin-{name}"));
    let faults = crate::cluster::input::FAULTS.iter().flat_map(|name| {
        // Processes that stop have a sentence of their own.
        let facts = if ["stop", "crash"].contains(name) { &["fault"][..] } else { &["fault", "caption-fault"] };
        facts.iter().flat_map(move |what| [format!("{what}-{name}"), format!("{what}-{name}-ends")])
    });
    sprites.chain(examples).chain(plugins).chain(faults).collect()
}

#[test]
fn every_key_is_used_somewhere() {
    let mut text = String::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut text);
    let families = families();
    let used = |key: &String| families.contains(key) || text.contains(&format!("\"{key}\""));
    let unused: Vec<_> = keys(Language::En).into_iter().filter(|key| !used(key)).collect();
    for key in &families {
        assert!(has(Language::En, key), "{key} is missing");
    }
    assert_eq!(unused, Vec::<String>::new(), "write keys in full, as literals, where they are used");
}

#[test]
fn every_used_key_exists() {
    let mut source = String::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut source);
    let mut missing = BTreeSet::new();
    // Calls of the form text(…, "key" and t(…, "key".
    for call in source.split("text(").skip(1) {
        let Some((head, rest)) = call.split_once('"') else { continue };
        let key = rest.split('"').next().unwrap_or("");
        let plain = !head.contains([';', '{', ')']) && head.contains("anguage");
        if plain && key.contains('-') && !key.contains('{') && !has(Language::En, key) {
            missing.insert(key.to_owned());
        }
    }
    assert_eq!(missing, BTreeSet::new());
}

#[test]
fn particles_follow_the_sound_before_them() {
    for (word, pair, particle) in [
        ("파드", "을/를", "를"),
        ("노드", "은/는", "는"),
        ("레플리카셋", "이/가", "이"),
        ("스케줄러", "이/가", "가"),
        ("kubelet", "이/가", "이"),
        ("kubectl", "이/가", "이"),
        ("kubectl", "으로/로", "로"),
        ("node-1", "으로/로", "로"),
        ("node-3", "으로/로", "으로"),
        ("node-2", "은/는", "는"),
        ("web", "을/를", "을"),
        ("etcd", "은/는", "는"),
        ("API 서버", "이/가", "가"),
        ("노드(Node)", "은/는", "는"),
        ("컨트롤 플레인", "은/는", "은"),
        ("", "이/가", "가"),
    ] {
        assert_eq!(josa(word, pair), particle, "{word} {pair}");
    }
}

#[test]
fn korean_is_formal() {
    for line in Language::Ko.source().lines().filter(|line| !line.starts_with('#')) {
        let polite = ["해요", "네요", "어요", "이에요", "예요"].iter().any(|ending| line.contains(ending));
        let plain = line.trim_end_matches(['.', ' ', '}']).ends_with("한다") || line.contains("한다. ");
        assert!(!polite && !plain, "{line}");
    }
}
