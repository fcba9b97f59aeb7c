//! What is expected: the forms of the scenarios' expectations.

use crate::facts;
use crate::play::{Play, condition, first_container, restarts, text};
use bottle::sim::Duration;
use regex_lite::{Captures, Regex};
use serde_json::{Value, json};
use std::sync::OnceLock;

/// How long an expectation may take, in simulated time, and how often it is looked at.
const PATIENCE: Duration = Duration::from_mins(3);
const LOOK: Duration = Duration::from_millis(20);
/// Until then it is looked at often.
const SOON: Duration = Duration::from_secs(3);

/// An expectation's form and whether it holds.
pub type Form = (&'static str, Check);
type Check = fn(&mut Play, &Captures) -> Result<bool, String>;

static KNOWN: OnceLock<Vec<(Regex, Check)>> = OnceLock::new();

/// Whether what a sentence says holds now.
pub fn holds(play: &mut Play, sentence: &str) -> Result<bool, String> {
    let sentence = sentence.trim();
    let sentence = sentence.strip_prefix("then ").unwrap_or(sentence);
    let known = KNOWN.get_or_init(|| {
        let forms = FORMS.iter().chain(facts::FORMS);
        forms.map(|(form, check)| (Regex::new(form).expect("a form"), *check)).collect()
    });
    let found = known.iter().find_map(|(form, check)| Some((form.captures(sentence)?, check)));
    if let Some((captures, check)) = found {
        return check(play, &captures);
    }
    // Several things at once.
    for between in ["; ", ", and ", " and ", " while ", ", ", " with "] {
        if let Some((first, rest)) = sentence.split_once(between) {
            let first = holds(play, first);
            let rest = holds(play, rest);
            match (first, rest) {
                (Ok(first), Ok(rest)) => return Ok(first && rest),
                (Err(why), _) | (_, Err(why)) if !why.starts_with("not understood") => return Err(why),
                _ => {}
            }
        }
    }
    Err(format!("not understood: '{sentence}'"))
}

/// Waits until it holds.
pub fn eventually(play: &mut Play, sentence: &str) -> Result<(), String> {
    let since = play.rig.now();
    loop {
        play.focus = None;
        if holds(play, sentence)? {
            return Ok(());
        }
        let waited = play.rig.now().since(since);
        if waited >= PATIENCE {
            return Err(format!("never: {sentence}{}", facts::evidence(play)));
        }
        // What is short-lived comes soon.
        play.rig.run(if waited < SOON { LOOK } else { LOOK * 10 });
    }
}

/// Checks one expectation with its mark.
pub fn expect(play: &mut Play, sentence: &str) -> Result<(), String> {
    let (mark, mut rest) = sentence.split_once(": ").ok_or_else(|| format!("not understood: {sentence}"))?;
    for before in ["after clearing, ", "after delete also ", "after delete "] {
        if let Some(after) = rest.strip_prefix(before) {
            for step in std::mem::take(&mut play.later) {
                crate::steps::step(play, &step)?;
            }
            rest = after;
        }
    }
    let rest = rest.strip_prefix("then ").unwrap_or(rest);
    play.focus = None;
    match mark {
        "E" => eventually(play, rest),
        "N" if holds(play, rest)? => Ok(()),
        "N" => Err(format!("not so: {rest}{}", facts::evidence(play))),
        mark => {
            let seconds = mark.strip_prefix("H(").and_then(|mark| mark.strip_suffix("s)"));
            let seconds: f64 = seconds.and_then(|n| n.parse().ok()).ok_or_else(|| format!("not understood: {mark}"))?;
            let until = play.rig.now() + Duration::from_secs_f64(seconds);
            while play.rig.now() < until {
                if !holds(play, rest)? {
                    return Err(format!("no longer: {rest}{}", facts::evidence(play)));
                }
                play.rig.run(LOOK);
            }
            Ok(())
        }
    }
}

fn is(value: bool) -> Result<bool, String> {
    Ok(value)
}

fn number(text: &str) -> usize {
    text.parse().unwrap_or(usize::MAX)
}

/// The general forms; those about particular kinds are in `facts`.
const FORMS: &[Form] = &[
    (r"^(?:(\w+) )?(?:both )?(not )?ready$", |play, c| {
        let negative = c.get(2).is_some() || c.get(1).is_some_and(|word| word.as_str() == "not");
        let wanted = if negative { "False" } else { "True" };
        match c.get(1).and_then(|word| play.find(word.as_str())) {
            Some(thing) => is(condition(&play.read(thing), "Ready") == wanted),
            None if c.get(1).is_some_and(|word| !["both", "not"].contains(&word.as_str())) => {
                Err(format!("not understood: '{}'", &c[0]))
            }
            None => {
                let pods = play.pods();
                is(!pods.is_empty() && pods.iter().all(|pod| condition(pod, "Ready") == wanted))
            }
        }
    }),
    (r"^HTTP (\d+)$", |play, c| is(play.reply().code.to_string() == c[1])),
    (r"^(\d{3})(?:,? message:?)? (.*)$", |play, c| {
        is(play.reply().code.to_string() == c[1] && says(play.reply().message(), &c[2]))
    }),
    (r"^(\d{3})$", |play, c| is(play.reply().code.to_string() == c[1])),
    (r"^message == (.*)$", |play, c| is(says(play.reply().message(), &c[1]))),
    (r"^error text contains '(.*)'$", |play, c| is(play.reply().message().contains(&c[1]))),
    (r"^error: (.*)$", |play, c| is(play.reply().code >= 400 && says(play.reply().message(), &c[1]))),
    (r"^real cluster message: (.*?) \(both times\)", |play, c| {
        let refused: Vec<_> = play.log.iter().filter(|(_, answer)| answer.code >= 400).collect();
        is(refused.len() == 2 && refused.iter().all(|(_, answer)| says(answer.message(), &c[1])))
    }),
    (r"^each 422 with the ListOptions", |play, _| {
        let wanted = ["Unsupported value", "is forbidden", "is forbidden for resourceVersion \"0\""];
        let last = &play.log[play.log.len().saturating_sub(3)..];
        let mut pairs = last.iter().zip(wanted);
        is(last.len() == 3
            && pairs
                .all(|((_, answer), _)| answer.code == 422 && answer.message().starts_with("ListOptions.meta.k8s.io"))
            && last[0].1.message().contains("Unsupported value: \"NotARealMatch\"")
            && last[1].1.message().contains("forbidden unless resourceVersion is provided")
            && last[2].1.message().contains("\"exact\" is forbidden for resourceVersion \"0\""))
    }),
    (r"^NotFound error$|^error NotFound$", |play, _| is(text(&play.reply().body["reason"]) == "NotFound")),
    (r"^(?:accepted|second delete succeeds)$", |play, _| is(play.reply().code < 300)),
    (r"^delete (?:returns )?status Success$", |play, _| {
        let answer = play.reply_to("delete").unwrap_or_default();
        is(answer.code == 200 && (answer.body["status"] == "Success" || answer.body["metadata"]["uid"].is_string()))
    }),
    (r"^read afterwards is NotFound$|^NotFound$", |play, _| {
        let path = play.path(play.subject);
        is(play.rig.ask("GET", &path, &Value::Null).code == 404)
    }),
    (r"^not stored$|^(\w+ )?not listed$|^gone$", |play, _| is(play.read(play.subject).is_null())),
    (r"^(?:object )?kept$|^object still there$|^still there without deletionTimestamp$", |play, _| {
        let object = play.read(play.subject);
        is(!object.is_null() && object["metadata"]["deletionTimestamp"].is_null())
    }),
    (r"^object still there with ([\d.]+)$|^(?:replaced )?address ([\d.]+)$", |play, c| {
        let wanted = c.get(1).or_else(|| c.get(2)).map_or("", |found| found.as_str()).to_owned();
        is(play.read(play.subject)["endpoints"][0]["addresses"] == json!([wanted]))
    }),
    (r"^reply names (\w+)$|^name (\w+)$", |play, c| {
        let wanted = c.get(1).or_else(|| c.get(2)).map_or("", |found| found.as_str()).to_owned();
        is(play.reply().body["metadata"]["name"] == wanted.as_str()
            || play.reply().body["details"]["name"] == wanted.as_str())
    }),
    (r"^labels? (?:app=)?(fresh|unchanged)$|^fresh kept$|^message stays '(fresh)'$", |play, c| {
        let object = play.read(play.subject);
        if c.get(1).is_some_and(|word| word.as_str() == "unchanged") {
            let created = play.things[play.subject].created["metadata"]["labels"].clone();
            return is(object["metadata"]["labels"] == created);
        }
        let labels = object["metadata"]["labels"].as_object().cloned().unwrap_or_default();
        is(object["message"] == "fresh" || labels.values().any(|value| value == "fresh"))
    }),
    (r"^replace visible$|^replaced address visible$", |play, _| {
        // The object may be gone by now: what the server said to the replacement counts.
        let replaced = play.reply_to("replace").unwrap_or_default();
        let seen = &replaced.body;
        is(replaced.code == 200
            && (seen["message"] == "replaced message" || seen["endpoints"][0]["addresses"] == json!(["10.0.0.11"])))
    }),
    (r"^found in each$", |play, _| {
        let name = play.things[play.subject].name.clone();
        let lists: Vec<Value> =
            play.log.iter().filter(|(word, _)| word == "list").map(|(_, answer)| answer.body.clone()).collect();
        is(!lists.is_empty() && lists.iter().all(|list| names(list) == [name.as_str()]))
    }),
    (r"^(?:each list is )?exactly (?:\[(\w+)\]|that node)$", |play, c| {
        let wanted = match c.get(1) {
            Some(name) => name.as_str().to_owned(),
            None => crate::steps::first_node(play),
        };
        let mine = play.namespaces.clone();
        let lists: Vec<Value> =
            play.log.iter().filter(|(word, _)| word == "list").map(|(_, answer)| answer.body.clone()).collect();
        let own = |list: &Value| -> Vec<String> {
            let items = list["items"].as_array().into_iter().flatten();
            let here = items.filter(|item| match item["metadata"]["namespace"].as_str() {
                Some(namespace) => mine.iter().any(|own| own == namespace),
                None => true,
            });
            here.map(|item| text(&item["metadata"]["name"]).to_owned()).collect()
        };
        is(!lists.is_empty() && lists.iter().all(|list| own(list) == [wanted.as_str()]))
    }),
    (r"^(?:list )?RV (?:== RV|echoed)$", |play, _| {
        is(play.reply_to("list").unwrap_or_default().body["metadata"]["resourceVersion"] == play.listed.as_str())
    }),
    (r"^(?:list )?RV >=(?: RV)?$", |play, _| {
        let version = |text: &str| text.parse::<u64>().unwrap_or(0);
        let list = play.reply_to("list").unwrap_or_default().body;
        is(version(text(&list["metadata"]["resourceVersion"])) >= version(&play.listed))
    }),
    (r"^0 items$", |play, _| is(play.reply_to("list").unwrap_or_default().body["items"] == json!([]))),
    (r"^(?:list )?contains ([\w-]+)(?:,? not ([\w-]+))?$|^([\w-]+) in(?:, ([\w-]+) out)?$", |play, c| {
        let word = |n: usize| c.get(n).map(|found| found.as_str().to_owned());
        listed(play, word(1).or(word(3)), word(2).or(word(4)))
    }),
    (r"^not ([\w-]+)$|^([\w-]+) out$", |play, c| {
        let word = c.get(1).or_else(|| c.get(2)).map(|found| found.as_str().to_owned());
        listed(play, None, word)
    }),
    (r"^(\w+) and (\w+) in, (\w+) out$", |play, c| {
        Ok(listed(play, Some(c[1].to_owned()), Some(c[3].to_owned()))? && listed(play, Some(c[2].to_owned()), None)?)
    }),
    (r"^list has metadata\.resourceVersion$", |play, _| {
        is(play.reply_to("list").unwrap_or_default().body["metadata"]["resourceVersion"].is_string())
    }),
    (r"^restartCount ?(>|==)? ?(\d+)$", |play, c| {
        let about = play.about();
        // Of something that keeps pods, one of them.
        let count = if about["kind"] == "Pod" {
            restarts(&about)
        } else {
            play.active().iter().map(restarts).max().unwrap_or(0)
        };
        let wanted: i64 = c[2].parse().unwrap_or(-1);
        is(if c.get(1).is_some_and(|sign| sign.as_str() == ">") { count > wanted } else { count == wanted })
    }),
    (r"^(?:first )?container (?:ready=(true|false)|(ready))$|^ready=(true|false)$", |play, c| {
        let wanted = c.get(1).or_else(|| c.get(3)).is_none_or(|word| word.as_str() == "true");
        is(first_container(&play.about())["ready"] == wanted)
    }),
    (r"^started$", |play, _| is(first_container(&play.about())["started"] == true)),
    (r"^(\w+)[= ](True|False)$", |play, c| is(condition(&play.about(), &c[1]) == c[2])),
    (r"^(?:(\w+) )?(?:phase )?(Running|Succeeded|Failed|Pending)$", |play, c| {
        let thing = match c.get(1).filter(|word| word.as_str() != "phase") {
            Some(word) => play.find(word.as_str()),
            None => play.find("pod"),
        };
        let thing = thing.ok_or_else(|| format!("not understood: '{}'", &c[0]))?;
        is(play.read(thing)["status"]["phase"] == c[2])
    }),
    (r"^state running$", |play, _| is(first_container(&play.about())["state"]["running"].is_object())),
    (r"^apiVersion (\S+), kind (\w+)$|^kind (\w+) (\w+)$", |play, c| {
        let word = |n: usize| c.get(n).map(|found| found.as_str().to_owned());
        let (version, kind) = word(1).map_or((word(4), word(3)), |version| (Some(version), word(2)));
        let seen = play.reply_to("read").or_else(|| play.reply_to("create")).unwrap_or_default().body;
        is(Some(text(&seen["apiVersion"])) == version.as_deref() && Some(text(&seen["kind"])) == kind.as_deref())
    }),
    (r"^defaults (.*)$", |play, c| facts::defaults(play, &c[1])),
    (r"^(ownerReferences|finalizers) == \[([\w./-]*)\]$", |play, c| {
        let list = play.about()["metadata"][&c[1]].as_array().cloned().unwrap_or_default();
        let found: Vec<&str> = list.iter().map(|one| one["name"].as_str().unwrap_or_else(|| text(one))).collect();
        is(found == [&c[2]])
    }),
    (r"^([a-zA-Z][\w.]*) ?==? ?([^\s,;]+)$|^([a-z]\w*\.\w+) (\d+)$", |play, c| {
        let word = |n: usize| c.get(n).map_or("", |found| found.as_str());
        let (path, wanted) = if word(1).is_empty() { (word(3), word(4)) } else { (word(1), word(2)) };
        let about = play.about();
        let found = facts::field(&about, path);
        let wanted = serde_json::from_str(wanted).unwrap_or_else(|_| json!(wanted));
        is(found == wanted)
    }),
    (r"^([a-zA-Z][\w.]*) absent$", |play, c| {
        let about = play.about();
        is(!about.is_null() && facts::field(&about, &c[1]).is_null())
    }),
    (r"^((?:\w+, )*\w+(?: and \w+)?) unchanged$", |play, c| {
        let about = play.about();
        let created = play.things[play.subject].created.clone();
        let words = c[1].replace(" and ", ", ");
        if words == "status" {
            return is(about["status"]["message"].is_null() && about["metadata"]["uid"] == created["metadata"]["uid"]);
        }
        let mut all = words.split(", ").map(|word| (facts::field(&about, word), facts::field(&created, word)));
        is(all.all(|(now, then)| !now.is_null() && now == then))
    }),
];

/// What a list holds.
fn names(list: &Value) -> Vec<&str> {
    list["items"].as_array().into_iter().flatten().map(|item| text(&item["metadata"]["name"])).collect()
}

/// Whether the last list has a thing, and another not.
fn listed(play: &mut Play, inside: Option<String>, outside: Option<String>) -> Result<bool, String> {
    let list = play.reply_to("list").unwrap_or_default().body;
    let found = |word: &str| -> Result<bool, String> {
        let thing = play.find(word).ok_or_else(|| format!("not understood: nothing is called '{word}'"))?;
        let (namespace, name) = (play.things[thing].namespace.clone(), play.things[thing].name.clone());
        let mut items = list["items"].as_array().into_iter().flatten();
        Ok(items
            .any(|item| text(&item["metadata"]["name"]) == name && text(&item["metadata"]["namespace"]) == namespace))
    };
    let present = inside.map_or(Ok(true), |word| found(&word))?;
    let absent = outside.map_or(Ok(true), |word| found(&word).map(|found| !found))?;
    Ok(present && absent)
}

/// Whether a message is what a sentence says it is; words in capitals stand for anything.
fn says(message: &str, wanted: &str) -> bool {
    let mut form = String::from("^");
    for (index, piece) in Regex::new(r"\b(?:UID|NAME|[XYN])\b").expect("a form").split(wanted).enumerate() {
        if index > 0 {
            form.push_str("[^ ]+");
        }
        form.push_str(&regex_lite::escape(piece));
    }
    form.push('$');
    Regex::new(&form).expect("a form").is_match(message)
}

/// So many of something, or at least one.
pub fn count(text: &str) -> usize {
    number(text)
}
