//! The rules of the architecture, as tests: who may import whom, what the engine must not name, how long a file may
//! be, and that both languages say the same. Each failure names the file, the line and the rule.

mod source;

use source::{Source, files, root, sources};
use std::collections::BTreeMap;
use std::fs;

/// Plain words that every component of the cluster speaks.
const WORDS: &[&str] =
    &["cluster::Cx", "cluster::wire", "cluster::fact", "cluster::timing", "cluster::input", "cluster::machine"];
/// What the components that act only through the API server may know.
const CLIENT: &[&str] = &["cluster::client", "@words", "api", "sim"];

/// Who may import whom: a module (with all below it), and what it may name beside itself. The longest entry that fits
/// a file counts. A module that is not here must be entered first: that is the moment to think about it.
const IMPORTS: &[(&str, &[&str])] = &[
    ("sim", &[]),
    ("texts", &[]),
    // No behaviour over time; a uid is drawn from the caller's rng.
    (
        "api",
        &[
            "sim::time",
            "sim::Time",
            "sim::Duration",
            "sim::hash",
            "sim::rng",
            "sim::Order",
            "sim::Sorted",
            "sim::SortedSet",
            "texts",
        ],
    ),
    ("i18n", &["texts"]),
    // Pure `step / tick / ready`; never look inside a value.
    ("cluster::etcd::raft", &["sim"]),
    ("cluster::etcd::mvcc", &["sim"]),
    ("cluster::etcd::lease", &["sim"]),
    ("cluster::etcd", &["@words", "api", "sim"]),
    ("cluster::wire", &["@words", "api", "sim"]),
    ("cluster::fact", &["@words", "api", "sim"]),
    ("cluster::timing", &["@words", "api", "sim"]),
    ("cluster::input", &["@words", "api", "sim"]),
    ("cluster::machine", &["@words", "api", "sim"]),
    // Does not know who uses it.
    ("cluster::client", &["@words", "api", "sim"]),
    // The only component that addresses etcd, and that by messages; knows no controller.
    ("cluster::apiserver", &["@words", "api", "sim", "texts"]),
    // Siblings never import each other: they meet only in the API.
    ("cluster::scheduler", CLIENT),
    ("cluster::controllers", CLIENT),
    ("cluster::cloud", CLIENT),
    ("cluster::dns", CLIENT),
    ("cluster::network", CLIENT),
    ("cluster::storage", CLIENT),
    ("cluster::host", &["@words", "api", "sim"]),
    // The add-on's own process, which runs in a container.
    ("cluster::metrics", CLIENT),
    ("cluster::runtime", &["cluster::host", "cluster::metrics", "@words", "api", "sim"]),
    // Never sees another node.
    (
        "cluster::kubelet",
        &["cluster::runtime", "cluster::network", "cluster::host", "cluster::client", "@words", "api", "sim"],
    ),
    // Routing, no decisions.
    ("cluster::boot", &["cluster", "api", "sim"]),
    ("cluster::view", &["cluster", "api", "sim"]),
    ("cluster::faults", &["cluster", "api", "sim"]),
    ("cluster::sidecars", &["cluster", "sim"]),
    ("cluster::world", &["cluster", "api", "sim"]),
    ("cluster::outside", &["cluster", "api", "sim"]),
    ("cluster::look", &["cluster", "api", "sim"]),
    ("cluster::logs", &["cluster", "api", "sim"]),
    ("cluster::passage", &["cluster", "sim"]),
    // The person outside the ship: only requests.
    ("cluster::user", CLIENT),
    ("cluster::why", &["cluster::view", "@words", "api", "sim"]),
    ("examples", &["texts"]),
    // The native command's engine room.
    ("bench", &["cluster", "api", "sim"]),
    ("headless", &["bench", "cluster", "examples", "api", "sim"]),
    ("ui::bench", &["bench", "ui", "scene", "cluster::view", "cluster::fact", "api", "sim", "i18n"]),
    // A request over HTTP is a request and text; whoever carries it has the world.
    ("http", &["cluster::wire", "api", "sim"]),
    ("serve", &["http", "cluster", "api", "sim"]),
    // Recordings of a real cluster are played against the engine: it may look at everything.
    ("verify", &["http", "serve", "cluster", "api", "sim"]),
    // A verb is only requests and text.
    ("kubectl", CLIENT),
    ("shell", &["kubectl", "cluster::client", "@words", "api", "sim"]),
    // Never `World`, never mutate.
    ("learn", &["cluster::view", "cluster::why", "@words", "kubectl", "api", "sim", "i18n"]),
    ("scene", &["cluster::view", "cluster::why", "@words", "api", "sim", "i18n"]),
    // What the panels tell: as the scene, with its words.
    ("inspect", &["cluster::view", "cluster::why", "cluster::what_if", "@words", "scene", "api", "sim", "i18n"]),
    // No Kubernetes logic; only the session runs the world.
    (
        "ui::session",
        &["cluster", "kubectl", "shell", "learn", "scene", "inspect", "examples", "i18n", "api", "sim", "ui"],
    ),
    (
        "ui",
        &[
            "cluster::view",
            "cluster::why",
            "cluster::what_if",
            "@words",
            "kubectl",
            "shell",
            "learn",
            "scene",
            "inspect",
            "examples",
            "i18n",
            "texts",
            "api",
            "sim",
        ],
    ),
];

/// The layers that decide what happens: all but the interface and the commands.
const ENGINE: &[&str] = &["sim", "api", "cluster", "kubectl", "shell", "learn", "scene", "inspect", "i18n"];
/// Their order or value differs from run to run or from machine to machine.
const UNREPEATABLE: &[&str] = &["HashMap", "HashSet", "Instant", "SystemTime", "RandomState"];
/// The browser stays in the interface.
const BROWSER: &[&str] = &["leptos", "web_sys", "js_sys", "wasm_bindgen", "gloo_timers"];
/// Kubernetes' words; the kernel would be as good for a harbour of letters.
const KUBERNETES: &[&str] = &[
    "kube",
    "kubernetes",
    "kubelet",
    "kubectl",
    "etcd",
    "pod",
    "pods",
    "apiserver",
    "deployment",
    "replica",
    "replicas",
    "replicaset",
    "namespace",
    "container",
    "containers",
    "manifest",
];
/// Limits that nobody lifts for himself.
const STRICT_LINTS: &[&str] = &["unwrap_used", "too_many_lines", "excessive_nesting"];

const LONGEST_FILE: usize = 400;
const LESSON_LINES: std::ops::RangeInclusive<usize> = 10..=40;

/// Fails with all that was found, one a line.
fn report(rule: &str, found: &[String]) {
    assert!(found.is_empty(), "{rule}\n  {}\n", found.join("\n  "));
}

fn in_layer(source: &Source, layers: &[&str]) -> bool {
    source.module.first().is_some_and(|first| layers.contains(&first.as_str()))
}

fn starts_with(path: &[String], prefix: &str) -> bool {
    let mut segments = path.iter();
    prefix.split("::").all(|wanted| segments.next().is_some_and(|segment| segment == wanted))
}

/// The entry for a module; the roots and the module `cluster` itself (routing) have none and may name everything.
fn layer(module: &[String]) -> Option<&'static (&'static str, &'static [&'static str])> {
    IMPORTS.iter().filter(|(name, _)| starts_with(module, name)).max_by_key(|(name, _)| name.len())
}

fn allowed(path: &[String], own: &str, others: &[&str]) -> bool {
    let listed = |name: &&str| {
        if *name == "@words" { WORDS.iter().any(|w| starts_with(path, w)) } else { starts_with(path, name) }
    };
    starts_with(path, own) || others.iter().any(listed)
}

#[test]
fn imports_go_one_way() {
    let mut found = Vec::new();
    for source in sources().iter().filter(|s| !s.module.is_empty() && s.module[0] != "bin" && s.module != ["cluster"]) {
        let Some((own, others)) = layer(&source.module) else {
            found.push(format!("{}: the module is not in the import table (tests/architecture/main.rs)", source.path));
            continue;
        };
        for (path, line) in source.paths() {
            if !path.is_empty() && !allowed(&path, own, others) {
                found.push(format!("{}:{line}: `{own}` must not import `{}`", source.path, path.join("::")));
            }
        }
    }
    report("imports go one way only (ARCHITECTURE 3, the table in tests/architecture/main.rs)", &found);
}

/// Where one of these words stands in the code of these files.
fn named(words: &[&str], holds: impl Fn(&Source) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    for source in sources().iter().filter(|s| holds(s)) {
        for token in source.code.iter().filter(|t| words.contains(&t.text.as_str())) {
            found.push(format!("{}:{}: `{}`", source.path, token.line, token.text));
        }
    }
    found
}

#[test]
fn the_engine_is_repeatable() {
    let found = named(UNREPEATABLE, |source| in_layer(source, ENGINE));
    report("the engine uses ordered maps and simulated time only", &found);
}

#[test]
fn the_browser_stays_in_the_interface() {
    let found = named(BROWSER, |source| !source.module.is_empty() && source.module[0] != "ui");
    report("only the interface (src/ui, src/main.rs) knows the browser", &found);
}

#[test]
fn the_kernel_knows_no_kubernetes() {
    let mut found = Vec::new();
    for source in sources().iter().filter(|s| in_layer(s, &["sim"])) {
        for token in &source.code {
            let words = words_of(&token.text);
            if words.iter().any(|word| KUBERNETES.contains(&word.as_str())) {
                found.push(format!("{}:{}: `{}`", source.path, token.line, token.text));
            }
        }
    }
    report("src/sim has no Kubernetes word", &found);
}

#[test]
fn sorting_is_compiled_once() {
    let words = [
        "sort",
        "sort_by",
        "sort_by_key",
        "sort_by_cached_key",
        "sort_unstable",
        "sort_unstable_by",
        "sort_unstable_by_key",
    ];
    let in_the_page = |source: &Source| {
        !["src/sim/order.rs", "src/headless.rs"].contains(&source.path.as_str())
            && !source
                .module
                .first()
                .is_some_and(|first| ["verify", "bin", "headless", "http", "serve"].contains(&first.as_str()))
    };
    let mut found = Vec::new();
    for source in sources().iter().filter(|source| in_the_page(source)) {
        for call in source.code.windows(3) {
            if call[0].text == "." && words.contains(&call[1].text.as_str()) && call[2].text == "(" {
                found.push(format!("{}:{}: `{}`", source.path, call[1].line, call[1].text));
            }
        }
    }
    report("what is sorted in the page is sorted by sim::Order (src/sim/order.rs says why)", &found);
}

/// The words of a name: `ReplicaSet` and `replica_set` are `replica` and `set`.
fn words_of(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    for c in name.chars() {
        if c.is_uppercase() || c == '_' {
            words.push(String::new());
        }
        if c != '_' {
            words.last_mut().expect("never empty").extend(c.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[test]
fn files_are_short() {
    let long = sources().into_iter().filter(|s| s.lines > LONGEST_FILE);
    let found: Vec<_> = long.map(|s| format!("{}:1: {} lines without tests", s.path, s.lines)).collect();
    report("a file has at most 400 lines without its tests: split it by what it knows", &found);
}

#[test]
fn each_component_teaches_itself() {
    let mut found = Vec::new();
    for source in
        sources().iter().filter(|s| s.module.len() == 2 && s.module[0] == "cluster" && s.path.ends_with("/mod.rs"))
    {
        let lines = source.text.lines().take_while(|line| line.starts_with("//!")).count();
        if !LESSON_LINES.contains(&lines) {
            found.push(format!("{}:1: begins with {lines} lines of //!", source.path));
        }
    }
    report(
        "a component's mod.rs begins with 10 to 40 lines that teach it: what it is, what is modelled, what is left out",
        &found,
    );
}

#[test]
fn nothing_is_left_open() {
    let mut found = Vec::new();
    for source in sources() {
        let code = |i: usize| source.code.get(i).map_or("", |token| token.text.as_str());
        for (i, token) in source.code.iter().enumerate() {
            let strict = STRICT_LINTS.contains(&token.text.as_str());
            let unwraps = token.text == "unwrap" && code(i + 1) == "(" && i > 0 && code(i - 1) == ".";
            let open = matches!(token.text.as_str(), "todo" | "unimplemented" | "dbg") && code(i + 1) == "!";
            if strict || unwraps || open {
                found.push(format!("{}:{}: `{}`", source.path, token.line, token.text));
            }
        }
        for (n, line) in source.text.lines().enumerate() {
            if ["TODO", "FIXME", "XXX"].iter().any(|word| line.contains(word)) {
                found.push(format!("{}:{}: an open end", source.path, n + 1));
            }
        }
    }
    report("no unwrap outside tests, no open ends, and no limit lifted by an attribute", &found);
}

/// The line of each `allow` or `expect` attribute that gives no reason.
fn unexplained(source: &Source) -> Vec<usize> {
    let texts: Vec<&str> = source.code.iter().map(|token| token.text.as_str()).collect();
    let opens = |i: usize| texts[i] == "[" && matches!(texts.get(i + 1), Some(&("allow" | "expect")));
    let reasoned = |i: usize| texts[i..].iter().take_while(|text| **text != "]").any(|text| *text == "reason");
    (0..texts.len()).filter(|i| opens(*i) && !reasoned(*i)).map(|i| source.code[i].line).collect()
}

#[test]
fn each_exception_has_its_reason() {
    let lines = |source: &Source| -> Vec<String> {
        unexplained(source).iter().map(|line| format!("{}:{line}: no `reason = \"…\"`", source.path)).collect()
    };
    let found: Vec<String> = sources().iter().flat_map(lines).collect();
    report("an attribute that silences a lint says why", &found);
}

/// The project's own text files: sources, content, scripts, and what lies at the top.
fn own_texts() -> Vec<(String, String)> {
    let mut found: Vec<_> =
        ["src", "tests", "assets", "tools", ".ci"].iter().flat_map(|folder| files(folder)).collect();
    for entry in fs::read_dir(root()).expect("the project's root") {
        let path = entry.expect("a readable folder").path();
        // Git's own file of a second work tree names where that lies.
        if path.is_file() && !path.ends_with(".git") {
            found.push((path.file_name().expect("a file").to_string_lossy().into_owned(), path));
        }
    }
    found.into_iter().filter_map(|(name, path)| Some((name, fs::read_to_string(path).ok()?))).collect()
}

#[test]
fn no_file_names_the_machine_it_was_written_on() {
    // Put together here, so that this file does not name them.
    let places = ["work/main", "work/shared", "work/setup", "work/wt-", "root/.cargo"].map(|place| format!("/{place}"));
    let mut found = Vec::new();
    for (name, text) in own_texts().iter().filter(|(name, _)| !name.ends_with("package-lock.json")) {
        for (n, line) in text.lines().enumerate() {
            if let Some(place) = places.iter().find(|place| line.contains(place.as_str())) {
                found.push(format!("{name}:{}: `{place}`", n + 1));
            }
        }
    }
    report("no file names a path of somebody's machine", &found);
}

#[test]
fn icons_are_drawn() {
    let sign = |c: char| matches!(c, '\u{2300}'..='\u{23ff}' | '\u{25a0}'..='\u{27bf}' | '\u{2b00}'..='\u{2bff}' | '\u{fe0f}' | '\u{1f000}'..='\u{1faff}');
    let mut found = Vec::new();
    for (name, text) in own_texts() {
        if !["src/ui", "src/scene", "src/i18n", "assets/locales", "assets/editor", "assets/boot", "index.html"]
            .iter()
            .any(|p| name.starts_with(p))
        {
            continue;
        }
        // A drawing in a comment is for readers of the code.
        for (n, line) in text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//")) {
            if let Some(c) = line.chars().find(|c| sign(*c)) {
                found.push(format!("{name}:{}: `{c}` (U+{:04X})", n + 1, u32::from(c)));
            }
        }
    }
    report("icons are drawn (SVG or canvas paths), never characters of a font", &found);
}

#[test]
fn each_dependency_has_its_reason() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).expect("Cargo.toml");
    let (mut inside, mut previous, mut found) = (false, "", Vec::new());
    for (n, line) in manifest.lines().enumerate() {
        if line.starts_with('[') {
            inside = line.contains("dependencies");
        } else if inside && line.starts_with(|c: char| c.is_alphabetic()) && !previous.starts_with('#') {
            found.push(format!("Cargo.toml:{}: `{}`", n + 1, line.split_whitespace().next().unwrap_or_default()));
        }
        previous = line;
    }
    report("the line above each dependency says why it is there", &found);
}

/// The keys of a Fluent file, attributes as `key.attribute`, with their lines.
fn keys(text: &str) -> BTreeMap<String, usize> {
    let (mut message, mut found) = (String::new(), BTreeMap::new());
    for (n, line) in text.lines().enumerate() {
        let Some((name, _)) = line.split_once('=') else { continue };
        let name = name.trim_end();
        let word = |name: &str| name.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_'));
        if let Some(attribute) = name.trim_start().strip_prefix('.').filter(|a| name.starts_with(' ') && word(a)) {
            found.insert(format!("{message}.{attribute}"), n + 1);
        } else if name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '-') && word(name) {
            message = name.to_string();
            found.insert(message.clone(), n + 1);
        }
    }
    found
}

#[test]
fn both_languages_have_the_same_keys() {
    let catalogue = |lang: &str| {
        let path = format!("assets/locales/{lang}.ftl");
        let keys = fs::read_to_string(root().join(&path)).map(|text| keys(&text)).unwrap_or_default();
        (path, keys)
    };
    let (ko, en) = (catalogue("ko"), catalogue("en"));
    let missing = |(path, has): &(String, BTreeMap<_, _>), (other, lacks): &(String, BTreeMap<_, _>)| -> Vec<String> {
        has.iter()
            .filter(|(key, _)| !lacks.contains_key(*key))
            .map(|(key, line)| format!("{path}:{line}: `{key}` is not in {other}"))
            .collect()
    };
    report("both languages have the same keys", &[missing(&ko, &en), missing(&en, &ko)].concat());
}

#[test]
fn the_scanner_sees_what_it_must() {
    let text = "use crate::{a::{b, c as d}, e::*};\nuse super::f::G; // crate::no\nfn x() { let s = \"crate::no\"; crate::h::i::<u8>(r#\"crate::no\"#, '\"', b\"crate::no\"); }\n#[cfg(test)]\nmod tests { use crate::no::No; }\nfn y<'a>(_: &'a crate::z::Z) {}\n";
    let source = Source::new("src/top/inner.rs".into(), text.into());
    let paths: Vec<_> = source.paths().iter().map(|(path, line)| format!("{}@{line}", path.join("::"))).collect();
    assert_eq!(paths, ["a::b@1", "a::c@1", "e@1", "top::f::G@2", "h::i@3", "z::Z@6"]);
    assert_eq!(source.lines, 4);
    assert_eq!(words_of("ReplicaSet_count"), ["replica", "set", "count"]);
    assert_eq!(
        keys("a = 1\nb =\n    .c = 2\n# d = 3\n-e = 4\n    text = 5\n").into_keys().collect::<Vec<_>>(),
        ["-e", "a", "b", "b.c"]
    );
    assert!(allowed(&["cluster".into(), "wire".into()], "scene", &["@words"]));
    assert!(!allowed(&["cluster".into(), "World".into()], "scene", &["cluster::view", "@words"]));
}
