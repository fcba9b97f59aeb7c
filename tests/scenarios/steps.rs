//! What is done: the forms of the scenarios' steps.

use crate::conditions;
use crate::play::{Informer, Play, kind_of, text};
use bottle::sim::Duration;
use regex_lite::{Captures, Regex};
use serde_json::{Map, Value, json};
use std::sync::OnceLock;

/// A step's form and what it does.
type Form = (&'static str, Act);
type Act = fn(&mut Play, &Captures) -> Result<(), String>;

static KNOWN: OnceLock<Vec<(Regex, Act)>> = OnceLock::new();

/// Words that stand for a thing of the scenario.
const FORMS: &[Form] = &[
    (r"^(create|apply) \[([\w,-]+)\]$", |play, c| each(play, &c[1], &c[2].replace(',', " "))),
    (r"^create (?:both|all)$", |play, _| all(play)),
    (r"^create(?: it)?$", |play, _| all(play)),
    (r"^create in a? ?non-existent namespace$", |play, _| create_in(play, "no-such-namespace")),
    (r"^create in default without metadata\.namespace$", |play, _| create_in(play, "default")),
    (r"^create ([\w-]+) with ([\w-]+)'s nodePort(?: \(fails\))?$", |play, c| with_port(play, &c[1], &c[2])),
    (r"^create ([\w-]+) with it(?: \(fails\))?$", |play, c| with_port(play, &c[1], "")),
    (r"^(create|apply) ([\w-]+)(?: \(0 replicas, same selector\+template\))?$", |play, c| each(play, &c[1], &c[2])),
    (r"^apply (\w+) without metadata\.name$", |play, _| {
        let thing = play.subject;
        apply(play, thing);
        Ok(())
    }),
    (r"^apply ([\w-]+) with (labels|selector) \{(.*)\}(?: only)?$", |play, c| {
        let thing = named(play, &c[1])?;
        let place = if &c[2] == "labels" { "metadata" } else { "spec" };
        play.things[thing].manifest[place][&c[2]] = map(&c[3]);
        apply(play, thing);
        Ok(())
    }),
    (r"^two namespaces$", |play, _| two_namespaces(play)),
    (r"^(read|get)(?: ([\w-]+))?$", |play, c| {
        if c.get(2).is_some_and(|word| word.as_str() == "scale") {
            let path = format!("{}/scale", play.path(play.subject));
            play.ask("scale", "GET", &path, &Value::Null);
            return Ok(());
        }
        let thing = c.get(2).map_or(Ok(play.subject), |word| named(play, word.as_str()))?;
        let path = play.path(thing);
        play.ask("read", "GET", &path, &Value::Null);
        Ok(())
    }),
    (r"^list with match (\w+) and no RV$", |play, c| list(play, &format!("resourceVersionMatch={}", &c[1]), false)),
    (r"^match (\w+) and no RV$", |play, c| list(play, &format!("resourceVersionMatch={}", &c[1]), false)),
    (r"^RV (\w+) \+ (\w+)$", |play, c| {
        list(play, &format!("resourceVersion={}&resourceVersionMatch={}", &c[1], &c[2]), false)
    }),
    (r"^list(.*)$", |play, c| lists(play, &c[1])),
    (r"^delete(.*)$", |play, c| delete(play, c[1].trim())),
    (r"^strategic-merge-patch: (.*)$", |play, c| strategic(play, &c[1])),
    (r"^merge-patch (.*)$", |play, c| merge(play, &c[1])),
    (r"^(replace|set|label|add|then|mark) (.*)$", |play, c| crate::changes::change(play, &c[1], &c[2])),
    (r"^replace$", |play, _| crate::changes::change(play, "replace", "label updated")),
    (r"^watch(.*)$", |play, c| watch(play, c[1].trim())),
    (r"^later (.*)$", |play, c| {
        play.later.push(c[1].to_owned());
        Ok(())
    }),
    (r"^clear the finalizers$", |play, _| {
        for pod in play.pods() {
            let path = text(&pod["metadata"]["name"]).to_owned();
            let path = format!("/api/v1/namespaces/{}/pods/{path}", play.namespaces[0]);
            let patch = json!({"metadata": {"finalizers": null}});
            play.rig.ask_as("PATCH", &path, "application/merge-patch+json", &patch);
        }
        Ok(())
    }),
    (r"^one pod per node with podCIDR$", |play, _| one_on_each(play)),
    (r"^exec (.*)$", |play, c| exec(play, &c[1])),
    (r"^informer whose list function creates (\w+) right after listing$", |play, c| {
        let thing = named(play, &c[1])?;
        inform(play, "", Some(thing))
    }),
    (r"^start(?: (selected) informer)?$", |play, c| {
        let selector = if c.get(1).is_some() { "labelSelector=app%3Dselected" } else { "" };
        if c.get(1).is_some() {
            all(play)?;
        }
        inform(play, selector, None)
    }),
    (r"^register change/add/update/delete$", |play, _| inform(play, "", None)),
    (r"^off\(change\)$", |play, _| {
        play.rig.run(Duration::from_secs(1));
        let watch = play.informer.as_ref().map_or(0, |informer| informer.watch);
        let seen = play.rig.events(watch).len();
        if let Some(informer) = &mut play.informer {
            informer.off = Some(seen);
        }
        Ok(())
    }),
    (r"^create, update, delete (\w+)$", |play, c| {
        let thing = named(play, &c[1])?;
        play.create(thing);
        crate::changes::change(play, "replace", "label updated")?;
        delete(play, "grace 0")
    }),
];

/// Does what a step says.
pub fn step(play: &mut Play, sentence: &str) -> Result<(), String> {
    for part in sentence.split(';').map(str::trim).filter(|part| !part.is_empty()) {
        // Some endings only say what follows of itself.
        let part = part.split(" -> container exits").next().unwrap_or(part);
        if let Some(condition) = part.strip_prefix("E:") {
            wait(play, condition.trim())?;
            continue;
        }
        let known =
            KNOWN.get_or_init(|| FORMS.iter().map(|(form, act)| (Regex::new(form).expect("a form"), *act)).collect());
        let found = known.iter().find_map(|(form, act)| Some((form.captures(part)?, act)));
        match found {
            Some((captures, act)) => act(play, &captures).map_err(|why| format!("step '{part}': {why}"))?,
            None => wait(play, part)?,
        }
    }
    Ok(())
}

fn wait(play: &mut Play, sentence: &str) -> Result<(), String> {
    let (sentence, notes) = match sentence.split_once(", note UIDs") {
        Some((before, _)) => (before, true),
        None => (sentence, false),
    };
    conditions::eventually(play, sentence)?;
    // Whoever has seen it needs a moment before he does the next thing; until then containers have started.
    play.rig.run(Duration::from_secs(2));
    if notes {
        play.noted = play.active().iter().map(|pod| text(&pod["metadata"]["uid"]).to_owned()).collect();
    }
    Ok(())
}

pub fn named(play: &mut Play, word: &str) -> Result<usize, String> {
    let thing = play.find(word).ok_or_else(|| format!("not understood: nothing is called '{word}'"))?;
    play.subject = thing;
    Ok(thing)
}

fn each(play: &mut Play, verb: &str, words: &str) -> Result<(), String> {
    for word in words.split_whitespace() {
        let thing = named(play, word)?;
        if verb == "apply" {
            apply(play, thing);
        } else {
            play.create(thing);
        }
    }
    Ok(())
}

fn all(play: &mut Play) -> Result<(), String> {
    for thing in 0..play.things.len() {
        play.create(thing);
    }
    play.subject = 0;
    Ok(())
}

fn create_in(play: &mut Play, namespace: &str) -> Result<(), String> {
    play.things[0].namespace = namespace.to_owned();
    play.create(0);
    Ok(())
}

/// Another service asks for the port of the first.
fn with_port(play: &mut Play, name: &str, owner: &str) -> Result<(), String> {
    let owner = if owner.is_empty() { 0 } else { named(play, owner)? };
    let port = play.read(owner)["spec"]["ports"][0]["nodePort"].clone();
    let thing = named(play, name)?;
    play.things[thing].manifest["spec"]["ports"][0]["nodePort"] = port;
    play.create(thing);
    Ok(())
}

/// `kubectl apply`, by the same three-way patch as kubectl's.
fn apply(play: &mut Play, thing: usize) {
    use bottle::api::patch::apply::{last_applied, with_last_applied};
    let mut wanted = play.things[thing].manifest.clone();
    play.subject = thing;
    if text(&wanted["metadata"]["name"]).is_empty() {
        let body = json!({"message": "resource name may not be empty", "code": 0});
        play.log.push(("apply".to_owned(), crate::rig::Answer { code: 0, body }));
        return;
    }
    wanted["metadata"]["namespace"] = play.things[thing].namespace.clone().into();
    let wanted = with_last_applied(&wanted);
    let current = play.read(thing);
    if current.is_null() {
        let path = play.collection(thing, &play.things[thing].namespace.clone());
        let answer = play.ask("apply", "POST", &path, &wanted);
        play.things[thing].created = answer.body;
        return;
    }
    let original = last_applied(&current).unwrap_or(Value::Null);
    let kind = kind_of(&wanted).expect("a kind");
    let schema = bottle::api::schema::schema().kind(kind.group, kind.version, kind.kind).expect("a schema");
    let patch = bottle::api::patch::three_way(schema, &original, &wanted, &current).expect("a patch");
    let path = play.path(thing);
    let answer = play.rig.ask_as("PATCH", &path, "application/strategic-merge-patch+json", &patch);
    play.log.push(("apply".to_owned(), answer));
}

/// The first things in one namespace, every second in another.
fn two_namespaces(play: &mut Play) -> Result<(), String> {
    for thing in 0..play.things.len() {
        play.things[thing].namespace = play.namespaces[thing % 2].clone();
        play.create(thing);
    }
    Ok(())
}

/// A list of the subject's kind; `everywhere`: of all namespaces.
fn list(play: &mut Play, query: &str, everywhere: bool) -> Result<(), String> {
    let namespaced = play.things.first().is_none_or(|thing| !thing.namespace.is_empty());
    let namespace = if everywhere || !namespaced { String::new() } else { play.namespaces[0].clone() };
    let namespace = if play.things.is_empty() && play.id.starts_with("node") { String::new() } else { namespace };
    let path = play.collection(play.subject, &namespace);
    let separator = if query.is_empty() { "" } else { "?" };
    let answer = play.ask("list", "GET", &format!("{path}{separator}{query}"), &Value::Null);
    if play.listed.is_empty() && answer.code == 200 {
        text(&answer.body["metadata"]["resourceVersion"]).clone_into(&mut play.listed);
    }
    Ok(())
}

/// A list with its parameters, given by the words that stand in the sentence.
fn lists(play: &mut Play, words: &str) -> Result<(), String> {
    let mut query = Vec::new();
    let mut rest = words.to_owned();
    let mut take = |form: &str| -> Option<String> {
        let form = Regex::new(form).expect("a form");
        let found = form.captures(&rest)?;
        let value = found.get(1).map_or(String::new(), |value| value.as_str().to_owned());
        let whole = found.get(0).map_or(0..0, |whole| whole.range());
        rest.replace_range(whole, " ");
        Some(value)
    };
    let exact = take(r"\bmatch=(Exact)|\bExact\b").is_some();
    let newer = take(r"\bmatch=NotOlderThan|\bNotOlderThan\b").is_some();
    let refers = take(r"resourceVersion=RV").is_some();
    let field = take(r"(?:with )?fieldSelector ([\w.=<>-]+)");
    let labels = take(r"(?:with )?labelSelector ([\w.=-]+)");
    let by_label = take(r"(?:by label)|labelSelector").is_some();
    let by_field = take(r"fieldSelector").is_some();
    let both = take(r"\(?ns,? ?(?:and|\+)? ?all-ns\)?").is_some();
    let everywhere = take(r"\ball\b").is_some();
    let noted = take(r"-> ?RV|->RV").is_some();
    let noted = noted || take(r"\bRV\b").is_some();
    if !rest.trim().is_empty() {
        return Err(format!("not understood: list '{}'", rest.trim()));
    }
    if exact || newer {
        let how = if exact { "Exact" } else { "NotOlderThan" };
        query.push(format!("resourceVersion={}&resourceVersionMatch={how}", play.listed));
    }
    let _ = (refers, noted);
    if let Some(field) = field.or_else(|| by_field.then(|| "metadata.name=a".to_owned())) {
        let field = if field.contains('<') { format!("metadata.name={}", first_node(play)) } else { field };
        query.push(format!("fieldSelector={}", field.replace('=', "%3D")));
    }
    if let Some(labels) = labels {
        query.push(format!("labelSelector={}", labels.replace('=', "%3D")));
    } else if by_label {
        let labels = &play.things[0].manifest["metadata"]["labels"];
        let pairs = labels.as_object().into_iter().flatten();
        let words: Vec<String> =
            pairs.map(|(key, value)| format!("{}%3D{}", key.replace('/', "%2F"), text(value))).collect();
        query.push(format!("labelSelector={}", words.join(",")));
    }
    let query = query.join("&");
    if both {
        list(play, &query, false)?;
    }
    list(play, &query, both || everywhere)
}

pub fn first_node(play: &mut Play) -> String {
    let nodes = play.items("/api/v1/nodes");
    text(&nodes[0]["metadata"]["name"]).to_owned()
}

fn delete(play: &mut Play, words: &str) -> Result<(), String> {
    if let Some(name) = words.strip_prefix("namespace ") {
        play.ask("delete", "DELETE", &format!("/api/v1/namespaces/{name}"), &Value::Null);
        return Ok(());
    }
    let mut options = json!({"kind": "DeleteOptions", "apiVersion": "v1"});
    let mut thing = None;
    let mut pod = false;
    let mut words = words
        .replace("(default grace)", "")
        .replace('+', " ")
        .replace("with preconditions.resourceVersion = first RV", "with old RV");
    if words.contains("with old RV") {
        let first = play.things[play.subject].created["metadata"]["resourceVersion"].clone();
        options["preconditions"] = json!({"resourceVersion": first});
        words = words.replace("with old RV precondition", "").replace("with old RV", "");
    }
    let mut list = words.split_whitespace().peekable();
    while let Some(word) = list.next() {
        match word.split_once('=') {
            Some(("propagationPolicy", value)) => options["propagationPolicy"] = value.into(),
            Some(("orphanDependents", value)) => options["orphanDependents"] = (value == "true").into(),
            _ if word == "grace" => {
                let seconds = list.next().and_then(|n| n.parse::<i64>().ok()).ok_or("not understood: which grace?")?;
                options["gracePeriodSeconds"] = seconds.into();
            }
            _ if ["Orphan", "Background", "Foreground"].contains(&word) => options["propagationPolicy"] = word.into(),
            _ if word == "one" || word == "pod" && pod => pod = true,
            _ if word == "again" => {}
            _ => thing = Some(named(play, word)?),
        }
    }
    if pod {
        let pods = play.active();
        play.names = pods.iter().map(|pod| text(&pod["metadata"]["name"]).to_owned()).collect();
        let name = play.names.first().cloned().ok_or("there is no pod")?;
        let path = format!("/api/v1/namespaces/{}/pods/{name}", play.namespaces[0]);
        play.ask("delete", "DELETE", &path, &options);
        return Ok(());
    }
    // What controllers have made of it is noted first: its pods are asked for later.
    play.names = play.active().iter().map(|pod| text(&pod["metadata"]["name"]).to_owned()).collect();
    let path = play.path(thing.unwrap_or(play.subject));
    play.ask("delete", "DELETE", &path, &options);
    Ok(())
}

fn strategic(play: &mut Play, words: &str) -> Result<(), String> {
    let mut patch = Map::new();
    let owner = Regex::new(r"ownerReferences \[\{\$patch:delete, uid:([\w-]+)\}\]").expect("a form");
    if let Some(found) = owner.captures(words) {
        patch.insert("ownerReferences".to_owned(), json!([{"$patch": "delete", "uid": &found[1]}]));
    }
    let list = Regex::new(r"\$deleteFromPrimitiveList/finalizers \[([\w./-]+)\]").expect("a form");
    if let Some(found) = list.captures(words) {
        patch.insert("$deleteFromPrimitiveList/finalizers".to_owned(), json!([&found[1]]));
    }
    let path = play.path(play.subject);
    let body = json!({"metadata": patch});
    let answer = play.rig.ask_as("PATCH", &path, "application/strategic-merge-patch+json", &body);
    play.log.push(("patch".to_owned(), answer));
    Ok(())
}

fn merge(play: &mut Play, words: &str) -> Result<(), String> {
    let uid = Regex::new(r"^(\w+)/status with (wrong|right) (?:metadata\.)?uid(, message text)?$").expect("a form");
    let pair = Regex::new(r"^(\w+) labels\.([\w.]+)=(\w+)$").expect("a form");
    let labels = Regex::new(r"^labels \{(.*)\}(, selector)?$").expect("a form");
    let (mut path, body) = if let Some(found) = uid.captures(words) {
        let thing = named(play, &found[1])?;
        let own = play.things[thing].created["metadata"]["uid"].clone();
        let uid = if &found[2] == "right" { own } else { json!("00000000-0000-4000-8000-000000000000") };
        (format!("{}/status", play.path(thing)), json!({"metadata": {"uid": uid}, "status": {"message": "patched"}}))
    } else if let Some(found) = pair.captures(words) {
        let thing = named(play, &found[1])?;
        (play.path(thing), json!({"metadata": {"labels": {&found[2]: &found[3]}}}))
    } else if let Some(found) = labels.captures(words) {
        let mut body = json!({"metadata": {"labels": map(&found[1])}});
        if found.get(2).is_some() {
            body["spec"] = json!({"selector": {"app": "patched"}});
        }
        (play.path(play.subject), body)
    } else if words == "metadata.name" {
        let path = if play.things.is_empty() {
            format!("/api/v1/nodes/{}", first_node(play))
        } else {
            play.path(play.subject)
        };
        (path, json!({"metadata": {"name": "another-name"}}))
    } else if let Ok(replicas) = words.parse::<i64>() {
        (play.path(play.subject), json!({"spec": {"replicas": replicas}}))
    } else {
        return Err(format!("not understood: merge-patch '{words}'"));
    };
    if words.parse::<i64>().is_ok() {
        path.push_str("/scale");
    }
    let answer = play.rig.ask_as("PATCH", &path, "application/merge-patch+json", &body);
    play.log.push((if path.ends_with("/scale") { "scale" } else { "patch" }.to_owned(), answer));
    Ok(())
}

fn watch(play: &mut Play, words: &str) -> Result<(), String> {
    let collection = match words.strip_prefix('/') {
        Some(path) => format!("/{}", path.replace("NS", &play.namespaces[0])),
        None => play.collection(play.subject, &play.namespaces[0].clone()),
    };
    let query = match words {
        path if path.starts_with('/') => String::new(),
        "" | "ns pods" => String::new(),
        "without RV fieldSelector name" => format!("&fieldSelector=metadata.name%3D{}", play.things[play.subject].name),
        "from RV" => format!("&resourceVersion={}", play.listed),
        other => match other.split_once(['=', ' ']) {
            Some(("resourceVersion", value)) => format!("&resourceVersion={value}"),
            Some(("labelSelector", value)) => format!("&labelSelector={}", value.replace('=', "%3D")),
            _ => return Err(format!("not understood: watch '{words}'")),
        },
    };
    match play.rig.watch(&format!("{collection}?watch=1{query}")) {
        Ok(watch) => play.watch = Some(watch),
        Err(answer) => play.log.push(("watch".to_owned(), answer)),
    }
    play.rig.run(Duration::from_millis(10));
    Ok(())
}

/// A list, and a watch from there on. `between`: what is created after the list and before the watch.
fn inform(play: &mut Play, selector: &str, between: Option<usize>) -> Result<(), String> {
    let path = play.collection(0, &play.namespaces[0].clone());
    let answer = play.rig.ask("GET", &format!("{path}?{selector}"), &Value::Null);
    let listed = answer.body["items"].as_array().cloned().unwrap_or_default();
    if let Some(thing) = between {
        play.create(thing);
    }
    let revision = text(&answer.body["metadata"]["resourceVersion"]);
    let watch = play.rig.watch(&format!("{path}?watch=1&resourceVersion={revision}&{selector}"));
    let watch = watch.map_err(|answer| answer.message().to_owned())?;
    play.informer = Some(Informer { watch, listed, off: None });
    Ok(())
}

/// The pod of the scenario once on each node.
fn one_on_each(play: &mut Play) -> Result<(), String> {
    let model = play.things[0].clone();
    play.things.clear();
    for node in play.items("/api/v1/nodes") {
        if node["spec"]["podCIDR"].is_string() {
            let mut thing = model.clone();
            thing.manifest["metadata"]["name"] = format!("p-{}", text(&node["metadata"]["name"])).into();
            thing.manifest["spec"]["nodeName"] = node["metadata"]["name"].clone();
            play.things.push(thing);
        }
    }
    all(play)
}

/// A command in a container of a pod.
fn exec(play: &mut Play, words: &str) -> Result<(), String> {
    let place = Regex::new(r"^in (\w+) container: (.*)$").expect("a form");
    let (container, command) = match place.captures(words) {
        Some(found) => (found[1].to_owned(), found[2].to_owned()),
        None => (String::new(), words.to_owned()),
    };
    let thing = play.find("pod").ok_or("there is no pod")?;
    let (namespace, name) = (play.things[thing].namespace.clone(), play.things[thing].name.clone());
    let argv: Vec<String> = command.split_whitespace().map(str::to_owned).collect();
    play.exec = Some(play.rig.world.exec((&namespace, &name), &container, &argv)?);
    Ok(())
}

/// `a:b,c:null`.
pub fn map(words: &str) -> Value {
    let pairs = words.split(',').filter_map(|pair| pair.trim().split_once(':'));
    pairs
        .map(|(key, value)| {
            (key.trim().to_owned(), if value.trim() == "null" { Value::Null } else { value.trim().into() })
        })
        .collect()
}
