//! Whatever comes in: readers of text never panic, never hang, and answer with little memory, however the text is broken.
//! (The decoder of documents is tried on every kind in `api::json`; ownership and patches have properties of their own in
//! `tests/ownership.rs` and `tests/patches.rs`.)

use bottle::api::cel::{Program, Scope, Val};
use bottle::api::patch::{merge_diff, merge_patch, three_way_merge};
use bottle::api::quantity::Quantity;
use bottle::api::selector::{FieldSelector, Selector};
use bottle::api::{cron, manifest};
use bottle::http::{self, Asked, Begun, LONGEST_BODY};
use bottle::sim::rng::Rng;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// No single reading may take longer, on whatever machine: a thousand times what it needs.
const PATIENCE: Duration = Duration::from_secs(5);

fn pick<'a>(rng: &mut Rng, from: &[&'a str]) -> &'a str {
    from[place(rng, from.len() - 1)]
}

fn place(rng: &mut Rng, length: usize) -> usize {
    usize::try_from(rng.below(u64::try_from(length).expect("short") + 1)).expect("short")
}

/// A text with pieces taken out, put in, doubled and exchanged.
fn broken(text: &str, rng: &mut Rng) -> String {
    const PIECES: [&str; 30] = [
        "",
        " ",
        "\n",
        "\t",
        "\0",
        "{",
        "}",
        "[",
        "]",
        "(",
        ")",
        "\"",
        "'",
        ":",
        ",",
        "-",
        "&a",
        "*a",
        "!!",
        "|",
        ">",
        "%",
        "~",
        "é",
        "한",
        "\u{feff}",
        "99999999999999999999",
        "-1e400",
        "0x",
        "..",
    ];
    let mut letters: Vec<char> = text.chars().collect();
    for _ in 0..=rng.below(6) {
        let (from, to) = (place(rng, letters.len()), place(rng, letters.len()));
        let (from, to) = (from.min(to), from.max(to).min(from.min(to) + 40));
        match rng.below(4) {
            0 => drop(letters.drain(from..to)),
            1 => {
                let copy: Vec<char> = letters[from..to].to_vec();
                letters.splice(from..from, copy);
            }
            _ => {
                letters.splice(from..from, pick(rng, &PIECES).chars());
            }
        }
    }
    letters.into_iter().collect()
}

/// Reads broken versions of the texts, each quickly.
fn hostile(name: &str, texts: &[&str], times: u64, read: &dyn Fn(&str)) {
    for seed in 0..times {
        let mut rng = Rng::fork(seed, &name);
        let text = broken(pick(&mut rng, texts), &mut rng);
        let begun = Instant::now();
        read(&text);
        assert!(begun.elapsed() < PATIENCE, "{name}, seed {seed}: {text:?}");
    }
}

const MANIFEST: &str = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: &n web\n  labels: {app: *n, \"a\\u00e9\": 'it''s'}\n\
    spec:\n  containers:\n  - name: c\n    image: nginx\n    args: [\"-v\", 1e3, 0o17, yes, ~]\n    command:\n    - |-\n      \
    echo a\n      echo b\n    - >+\n      folded\n      text\n---\n{\"apiVersion\": \"v1\", \"kind\": \"ConfigMap\"}\n";

#[test]
fn manifests() {
    let flow = "{".repeat(300);
    let deep = (0..300).map(|n| " ".repeat(n) + "a:\n").collect::<String>();
    hostile("manifest", &[MANIFEST, &flow, &deep], 4_000, &|text| {
        let read = manifest::read(text);
        assert!(read.documents.len() <= text.len() + 1);
    });
}

#[test]
fn an_alias_that_multiplies_is_refused_before_it_fills_the_memory() {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for n in 1..12 {
        let items = vec![format!("*a{}", n - 1); 10].join(", ");
        text.push_str(&["a", &n.to_string(), ": &a", &n.to_string(), " [", &items, "]\n"].concat());
    }
    assert!(manifest::read(&text).error.is_some());
}

#[test]
fn selectors_amounts_and_schedules() {
    let selectors = ["a=b,c!=d,e in (x,y),f notin (g),h,!i,j>1,k<2", "app.kubernetes.io/name==web,x in ()"];
    hostile("selector", &selectors, 6_000, &|text| {
        if let Ok(selector) = Selector::parse(text) {
            let again = Selector::parse(&selector.to_string()).expect("what is printed can be read");
            assert_eq!(again.to_string(), selector.to_string());
        }
    });
    hostile("fields", &["metadata.name=web,spec.nodeName!=n1", "a==b\\,c\\=d"], 4_000, &|text| {
        drop(FieldSelector::parse(text));
    });
    let amounts = ["100m", "1.5Gi", "9223372036854775807", "1e30", "-0.000000001n", "12E", "3Ki"];
    hostile("quantity", &amounts, 6_000, &|text| {
        if let Ok(amount) = Quantity::parse(text) {
            let again = Quantity::parse(&amount.to_string()).expect("what is printed can be read");
            assert_eq!(again.to_string(), amount.to_string(), "{text:?}");
        }
    });
    let schedules = ["*/5 0-6,12 1 JAN-MAR MON", "@every 1h", "TZ=Asia/Seoul 0 3 * * *", "59 23 31 12 7"];
    hostile("cron", &schedules, 4_000, &|text| drop(cron::parse(text)));
}

const EXPRESSIONS: [&str; 7] = [
    "self.items.all(x, x.name.matches('^[a-z]+$') && size(x.list) < 3) || !has(self.b)",
    "self.list.map(x, x * 2).filter(x, x > 1).exists_one(x, x == 4) ? 'a' + string(self.n) : \"b\"",
    "duration('1h2m') + duration('3s') > duration('1h') && timestamp('2026-01-05T09:00:00Z').getFullYear() == 2026",
    "quantity('1Gi').compareTo(quantity('500Mi')) > 0 && isIP('10.0.0.1') && cidr('10.0.0.0/8').containsIP('10.1.1.1')",
    "self.items.map(i, i.name).join(',').split(',').size() == 2 && [1, 2, 3].sum() == 6",
    "{'a': 1, 'b': [1u, 2.5e3, 0x1f, b'x', r'\\d']}.a + -self.n % 3 / 1",
    "optional.of(self.b).orValue(3) == 3 && 'abc'.find('[a-c]+') == 'abc' && self[?'x'].hasValue()",
];

#[test]
fn rules_in_cel() {
    let object = json!({"n": 7, "list": [1, 2, 3], "items": [{"name": "a", "list": [1]}, {"name": "b", "list": []}]});
    hostile("cel", &EXPRESSIONS, 6_000, &|text| {
        if let Ok(program) = Program::parse(text) {
            drop(Scope::default().with("self", Val::of(&object, &Value::Null)).evaluate(&program));
        }
    });
    // Deep, long and slow ones are given up.
    for text in
        ["(".repeat(10_000), "!".repeat(10_000), "[".repeat(10_000), "a?".repeat(10_000), "1+".repeat(50_000) + "1"]
    {
        if let Ok(program) = Program::parse(&text) {
            drop(Scope::default().evaluate(&program));
        }
    }
    let nested = "[1,2,3,4,5,6,7,8,9,10]";
    let slow = (0..9).fold("true".to_owned(), |inner, n| format!("{nested}.all(x{n}, {inner})"));
    let program = Program::parse(&slow).expect("it is well formed");
    let begun = Instant::now();
    let outcome = Scope::default().evaluate(&program).expect_err("it costs too much");
    assert_eq!(outcome, "operation cancelled: actual cost limit exceeded");
    assert!(begun.elapsed() < PATIENCE);
    let doubling = (0..60).fold("'xx'".to_owned(), |inner, n| format!("[{inner}].map(s{n}, s{n} + s{n})[0]"));
    if let Ok(program) = Program::parse(&doubling) {
        assert!(Scope::default().evaluate(&program).is_err(), "2^60 letters do not fit anywhere");
    }
}

/// A random tree.
fn tree(rng: &mut Rng, depth: u64) -> Value {
    match rng.below(if depth == 0 { 4 } else { 7 }) {
        0 => json!(rng.below(3)),
        1 => json!(pick(rng, &["a", "b", ""])),
        2 => json!(rng.below(2) == 0),
        3 => json!({}),
        4 => (0..rng.below(3)).map(|_| tree(rng, depth - 1)).collect(),
        _ => {
            let names = ["a", "b", "c", "d/e", "~f"];
            let field = |rng: &mut Rng| (pick(rng, &names).to_owned(), tree(rng, depth - 1));
            Value::Object((0..rng.below(4)).map(|_| field(rng)).collect())
        }
    }
}

#[test]
fn merge_patches_lead_from_one_to_the_other() {
    for seed in 0..4_000 {
        let mut rng = Rng::fork(seed, &"merge");
        let object = |rng: &mut Rng| json!({"x": tree(rng, 3), "y": tree(rng, 3)});
        let (a, b, c) = (object(&mut rng), object(&mut rng), object(&mut rng));
        assert_eq!(merge_patch(&a, &merge_diff(&a, &b)), b, "seed {seed}");
        assert_eq!(merge_diff(&a, &a), json!({}), "seed {seed}");
        // Whoever applies what is there already changes nothing of it.
        let patch = three_way_merge(&a, &b, &c);
        let applied = merge_patch(&c, &patch);
        assert_eq!(merge_patch(&applied, &three_way_merge(&b, &b, &applied)), applied, "seed {seed}");
    }
}

fn begun(asked: &Asked) -> Begun {
    http::begin(asked, &mut |_, _| Ok(()), &[])
}

#[test]
fn requests_over_http() {
    let paths = [
        "/api/v1/namespaces/default/pods/web?fieldManager=x&dryRun=All",
        "/apis/apps/v1/deployments?labelSelector=a%3Db&limit=5&continue=eyJ2Ijoi&resourceVersion=7&watch=1",
        "/api/v1/namespaces/%64efault/pods/a/exec?command=%ff%zz",
        "/openapi/v3/apis/apps/v1?hash=%00",
        "/apis//v1/../../x?&&==&timeoutSeconds=-1",
    ];
    let bodies = [
        "{\"apiVersion\": \"v1\", \"kind\": \"Pod\", \"metadata\": {\"name\": \"a\"}, \"spec\": {\"containers\": []}}",
        "[{\"op\": \"replace\", \"path\": \"/spec/a~1b\", \"value\": 1}, {\"op\": \"test\", \"path\": \"\"}]",
        "{\"propagationPolicy\": \"Background\", \"preconditions\": {\"uid\": 5}}",
        "spec:\n  replicas: 3\n",
        "k8s\0\n\x0a\x02v1\x12\x03Pod",
    ];
    let types = [
        "application/json",
        "application/yaml",
        "application/json-patch+json",
        "application/merge-patch+json",
        "application/strategic-merge-patch+json",
        "application/apply-patch+yaml",
        "application/vnd.kubernetes.protobuf",
        "text/plain; charset",
    ];
    for seed in 0..6_000 {
        let mut rng = Rng::fork(seed, &"http");
        let text = broken(pick(&mut rng, &bodies), &mut rng);
        let mut body = text.into_bytes();
        if rng.chance(200) {
            body.push(0xff);
        }
        let asked = Asked {
            method: pick(&mut rng, &["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "BREW"]).to_owned(),
            path: broken(pick(&mut rng, &paths), &mut rng),
            accept: broken("application/json;as=Table;v=v1;g=meta.k8s.io,application/json;q=0.5,*/*", &mut rng),
            content_type: broken(pick(&mut rng, &types), &mut rng),
            user_agent: broken("kubectl/v1.36.4 (linux/amd64)", &mut rng),
            body,
        };
        let since = Instant::now();
        if let Begun::Answer(answer) = begun(&asked) {
            assert!((200..600).contains(&answer.code), "seed {seed}");
        }
        assert!(since.elapsed() < PATIENCE, "seed {seed}: {asked:?}");
    }
}

#[test]
fn three_mebibytes_are_the_limit() {
    let head =
        "{\"apiVersion\": \"v1\", \"kind\": \"ConfigMap\", \"metadata\": {\"name\": \"a\"}, \"data\": {\"a\": \"";
    let asked = |length: usize| {
        let mut body = head.to_owned();
        body.push_str(&"x".repeat(length - head.len() - 3));
        body.push_str("\"}}");
        Asked {
            method: "POST".to_owned(),
            path: "/api/v1/namespaces/default/configmaps".to_owned(),
            content_type: "application/json".to_owned(),
            body: body.into_bytes(),
            ..Asked::default()
        }
    };
    assert!(matches!(begun(&asked(LONGEST_BODY)), Begun::Ask(_)), "just fits");
    let Begun::Answer(answer) = begun(&asked(LONGEST_BODY + 1)) else { panic!("it does not fit") };
    let status: Value = serde_json::from_slice(&answer.body).expect("a Status");
    assert_eq!((answer.code, &status["reason"]), (413, &json!("RequestEntityTooLarge")));
    assert_eq!(status["message"], "Request entity too large: limit is 3145728");
}
