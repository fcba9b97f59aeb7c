//! Expectations about particular kinds: workloads and their pods, endpoints, events, watches, commands.

use crate::conditions::{Form, count};
use crate::play::{Play, first_container, restarts, text};
use serde_json::{Value, json};
use std::collections::BTreeSet;

fn is(value: bool) -> Result<bool, String> {
    Ok(value)
}

/// A field by the end of its path: under `spec`, `metadata`, `status`, or among the labels.
pub fn field(object: &Value, path: &str) -> Value {
    let pointer = format!("/{}", path.replace('.', "/"));
    let places = ["", "/metadata", "/spec", "/status", "/metadata/labels"];
    if path == "nodePort" {
        return object["spec"]["ports"][0]["nodePort"].clone();
    }
    let found = places.iter().find_map(|place| object.pointer(&format!("{place}{pointer}")));
    found.cloned().unwrap_or_default()
}

/// `replicas=1, strategy RollingUpdate maxUnavailable=25% …` in what was read.
pub fn defaults(play: &mut Play, words: &str) -> Result<bool, String> {
    let spec = play.reply_to("read").unwrap_or_default().body["spec"].clone();
    let mut holds = true;
    for word in words.split([',', ' ']).filter(|word| !word.is_empty() && *word != "strategy") {
        let found = match word.split_once('=') {
            Some((name, value)) => {
                let value = serde_json::from_str(value).unwrap_or_else(|_| json!(value));
                spec[name] == value || spec["strategy"]["rollingUpdate"][name] == value
            }
            None => spec["strategy"]["type"] == word,
        };
        holds &= found;
    }
    is(holds)
}

/// What there is when an expectation has failed.
pub fn evidence(play: &mut Play) -> String {
    let reply = play.reply();
    let about = play.about();
    let cut = |value: &Value| value.to_string().chars().take(1500).collect::<String>();
    let events: Vec<String> =
        play.events().iter().map(|event| format!("{}: {}", text(&event["reason"]), text(&event["message"]))).collect();
    format!(
        "\n      last answer: {} {}\n      object: {}\n      status: {}\n      events: {}",
        reply.code,
        cut(&reply.body["message"]),
        cut(&about["metadata"]["labels"]),
        cut(&about["status"]),
        events.join(" | ")
    )
}

fn uids(pods: &[Value]) -> BTreeSet<String> {
    pods.iter().map(|pod| text(&pod["metadata"]["uid"]).to_owned()).collect()
}

fn old_and_new(play: &mut Play) -> (Vec<Value>, Vec<Value>) {
    let sets = play.replica_sets();
    let (mut old, mut new) = (Vec::new(), Vec::new());
    for set in sets {
        if play.is_new(&set) { new.push(set) } else { old.push(set) }
    }
    (old, new)
}

fn happened(play: &mut Play, reason: &str) -> bool {
    play.events().iter().any(|event| event["reason"] == reason)
}

fn slice(play: &mut Play) -> Value {
    play.all("/apis/discovery.k8s.io/v1", "endpointslices").first().cloned().unwrap_or_default()
}

/// The forms.
pub const FORMS: &[Form] = &[
    (r"^(?:again )?(\d+) active(?: \(not deleting\))?(?: pods)?(?: with new image)?$", |play, c| {
        let pods = play.active();
        let images = if c[0].contains("new image") {
            let deployment = play.find("deployment").map(|thing| play.read(thing)).unwrap_or_default();
            let wanted = deployment["spec"]["template"]["spec"]["containers"][0]["image"].clone();
            pods.iter().all(|pod| pod["spec"]["containers"][0]["image"] == wanted)
        } else {
            true
        };
        is(pods.len() == count(&c[1]) && images)
    }),
    (r"^(?:exactly |only )?(\d+) (?:matching )?pods?$", |play, c| is(play.active().len() == count(&c[1]))),
    (r"^0 RS and 0 pods$", |play, _| is(play.replica_sets().is_empty() && play.pods().is_empty())),
    (r"^(\d+) deployments$", |play, c| is(play.all("/apis/apps/v1", "deployments").len() == count(&c[1]))),
    (r"^(?:at least )?(?:one|with a) (?:with a )?new name$", |play, _| {
        let names = play.names.clone();
        is(play.active().iter().any(|pod| !names.contains(text(&pod["metadata"]["name"]))))
    }),
    (r"^(\d+) active with a new name$", |play, c| {
        let (names, pods) = (play.names.clone(), play.active());
        is(pods.len() == count(&c[1]) && pods.iter().any(|pod| !names.contains(text(&pod["metadata"]["name"]))))
    }),
    (r"^same (?:\d+ )?UIDs$", |play, _| {
        let pods = play.active();
        is(!play.noted.is_empty() && uids(&pods) == play.noted)
    }),
    (r"^none old UID$", |play, _| {
        let pods = play.active();
        is(!play.noted.is_empty() && uids(&pods).is_disjoint(&play.noted))
    }),
    (r"^all carry the annotation$", |play, _| {
        let pods = play.active();
        is(pods.iter().all(|pod| pod["metadata"]["annotations"]["kubectl.kubernetes.io/restartedAt"].is_string()))
    }),
    (r"^some container restartCount > 0$", |play, _| is(play.active().iter().any(|pod| restarts(pod) > 0))),
    (r"^(?:exactly |only )?(\d+) (?:ReplicaSets?|RS)(?: \(new\) with replicas (\d+))?$", |play, c| {
        let sets = play.replica_sets();
        play.focus = sets.first().cloned();
        let new = match c.get(2) {
            Some(replicas) => {
                let replicas = count(replicas.as_str());
                sets.iter().all(|set| set["spec"]["replicas"] == replicas)
                    && play.is_new(&sets.first().cloned().unwrap_or_default())
            }
            None => true,
        };
        is(sets.len() == count(&c[1]) && new)
    }),
    (r"^(\d+) ReplicaSets: (.*)$", |play, c| {
        Ok(play.replica_sets().len() == count(&c[1]) && crate::conditions::holds(play, &c[2])?)
    }),
    (r"^(new|old) (?:RS )?spec\.replicas (\d+)$", |play, c| {
        let (old, new) = old_and_new(play);
        let sets = if &c[1] == "new" { new } else { old };
        is(sets.len() == 1 && sets[0]["spec"]["replicas"] == count(&c[2]))
    }),
    (r"^no RS with new image$", |play, _| is(old_and_new(play).1.is_empty())),
    (r"^(\d+) non-deleting pods$", |play, c| is(play.active().len() == count(&c[1]))),
    (r"^both old pods have deletionTimestamp$", |play, _| {
        let names = play.names.clone();
        let mut pods = play.pods();
        pods.retain(|pod| names.contains(text(&pod["metadata"]["name"])));
        is(pods.len() == 2 && pods.iter().all(|pod| pod["metadata"]["deletionTimestamp"].is_string()))
    }),
    (r"^the pre-existing one$", |play, _| {
        let found = play.about()["metadata"]["uid"].clone();
        is(play.things.iter().any(|thing| thing.created["metadata"]["uid"] == found))
    }),
    (r"^(?:now )?(?:(\w+) is )?controller-owned by (\w+)$", |play, c| {
        let owned = match c.get(1) {
            Some(word) => {
                let thing = play.find(word.as_str()).ok_or("not understood: who is owned?")?;
                play.read(thing)
            }
            None => play.about(),
        };
        let owner = play.find(&c[2]).ok_or("not understood: who owns?")?;
        let owner = play.things[owner].created["metadata"]["uid"].clone();
        let owners = owned["metadata"]["ownerReferences"].as_array().cloned().unwrap_or_default();
        is(owners.iter().any(|one| one["uid"] == owner && one["controller"] == true))
    }),
    (r"^(released )?pod (?:has|exists with) no ownerReferences$", |play, c| {
        let names = play.names.clone();
        let pods = play.pods();
        let mut mine = pods.iter().filter(|pod| c.get(1).is_none() || names.contains(text(&pod["metadata"]["name"])));
        is(mine.any(|pod| pod["metadata"]["ownerReferences"].as_array().is_none_or(Vec::is_empty)))
    }),
    (r"^a new pod owned by (\w+) exists$", |play, _| {
        let names = play.names.clone();
        let pods = play.active();
        is(pods.iter().any(|pod| {
            !names.contains(text(&pod["metadata"]["name"]))
                && pod["metadata"]["ownerReferences"][0]["controller"] == true
        }))
    }),
    (r"^spec\.replicas (\d+) then (\d+)$", |play, c| {
        let scales: Vec<Value> = play
            .log
            .iter()
            .filter(|(word, _)| word == "scale")
            .map(|(_, answer)| answer.body["spec"]["replicas"].clone())
            .collect();
        is(scales.len() >= 2 && scales[scales.len() - 2] == count(&c[1]) && scales[scales.len() - 1] == count(&c[2]))
    }),
    (r"^autoscaling/v1 Scale, (\d+), status\.replicas (\d+), selector string$", |play, c| {
        let first = play
            .log
            .iter()
            .find(|(word, _)| word == "scale")
            .map(|(_, answer)| answer.body.clone())
            .unwrap_or_default();
        is(first["apiVersion"] == "autoscaling/v1"
            && first["kind"] == "Scale"
            && first["spec"]["replicas"] == count(&c[1])
            && first["status"]["replicas"] == count(&c[2])
            && first["status"]["selector"].is_string())
    }),
    (r"^results kinds are \[([\w,]+)\] in order$", |play, c| {
        let made = play.log.iter().filter(|(word, _)| word == "apply" || word == "create");
        let kinds: Vec<String> = made.map(|(_, answer)| text(&answer.body["kind"]).to_owned()).collect();
        is(kinds.join(",") == c[1])
    }),
    (r"^both carry annotation ([\w./-]+)$", |play, c| {
        let all: Vec<Value> = (0..play.things.len()).map(|thing| play.read(thing)).collect();
        is(all.iter().all(|one| one["metadata"]["annotations"][&c[1]].is_string()))
    }),
    (r"^last-applied annotation now present$", |play, _| {
        is(play.about()["metadata"]["annotations"]["kubectl.kubernetes.io/last-applied-configuration"].is_string())
    }),
    (r"^(\w+) keeps its image$", |play, c| {
        let thing = play.find(&c[1]).ok_or("not understood: what keeps its image?")?;
        let wanted = play.things[thing].manifest["spec"]["containers"][0]["image"].clone();
        is(play.read(thing)["spec"]["containers"][0]["image"] == wanted)
    }),
    (r"^(\w+) has a non-empty clusterIP and port (\d+)$", |play, c| {
        let thing = play.find(&c[1]).ok_or("not understood: what has an address?")?;
        let spec = play.read(thing)["spec"].clone();
        is(!text(&spec["clusterIP"]).is_empty() && spec["ports"][0]["port"] == count(&c[2]))
    }),
    (r"^port (\d+) kept$|^(?:clusterIP and )?port kept$", |play, _| {
        let (spec, created) = (play.about()["spec"].clone(), play.things[play.subject].created["spec"].clone());
        is(spec["ports"][0]["port"] == created["ports"][0]["port"] && spec["clusterIP"] == created["clusterIP"])
    }),
    (r"^patched$", |play, _| {
        let now = play.about();
        is(now["metadata"]["labels"]["app"] == "patched"
            && now["metadata"]["labels"]["remove"].is_null()
            && now["spec"]["selector"]["app"] == "patched")
    }),
    (r"^message stored$", |play, _| is(play.about()["status"]["message"] == "patched")),
    (r"^involvedObject kept$", |play, _| {
        let wanted = play.things[0].manifest["involvedObject"]["name"].clone();
        is(play.reply_to("read").unwrap_or_default().body["involvedObject"]["name"] == wanted)
    }),
    (r"^created fields round-trip(?: \(.*\))?$", |play, _| {
        let (made, read) = (play.things[0].manifest.clone(), play.reply_to("read").unwrap_or_default().body);
        is(["addressType", "ports", "endpoints"].iter().all(|name| made[name] == read[name]))
    }),
    (r"^kind (\w+) v1, involvedObject kept$", |play, c| {
        let read = play.reply_to("read").unwrap_or_default().body;
        is(read["kind"] == c[1]
            && read["apiVersion"] == "v1"
            && read["involvedObject"]["name"] == play.things[0].manifest["involvedObject"]["name"])
    }),
    (r"^v1 Node with generateName prefix$", |play, _| {
        let made = play.reply_to("create").unwrap_or_default().body;
        let prefix = play.things[0].manifest["metadata"]["generateName"].clone();
        is(made["kind"] == "Node" && text(&made["metadata"]["name"]).starts_with(text(&prefix)))
    }),
    (r"^reply and read have deletionTimestamp, deletionGracePeriodSeconds (\d+)$", |play, c| {
        let (said, read) = (play.reply().body, play.about());
        let mut both = [said, read].into_iter();
        is(both.all(|one| {
            one["metadata"]["deletionTimestamp"].is_string()
                && one["metadata"]["deletionGracePeriodSeconds"] == count(&c[1])
        }))
    }),
    (
        r"^(?:deletionTimestamp set and phase != Active|terminating) \((?:or gone|deletionTimestamp, not Active)\)$",
        |play, _| {
            let now = play.about();
            is(now.is_null() || now["metadata"]["deletionTimestamp"].is_string() && now["status"]["phase"] != "Active")
        },
    ),
    (r"^slice exists with no ports and no endpoints$", |play, _| {
        let found = slice(play);
        let none = |value: &Value| value.as_array().is_none_or(Vec::is_empty);
        is(!found.is_null() && none(&found["ports"]) && none(&found["endpoints"]))
    }),
    (r"^(?:(\d+) ready endpoints, )?(?:slice )?port (\w+)/(\d+)/(\w+)$", |play, c| {
        let found = slice(play);
        let port = &found["ports"][0];
        let ready = play.endpoints().iter().filter(|one| one["conditions"]["ready"] == true).count();
        is(c.get(1).is_none_or(|wanted| count(wanted.as_str()) == ready)
            && port["name"] == c[2]
            && port["port"] == count(&c[3])
            && port["protocol"] == c[4])
    }),
    (r"^an endpoint has (\w+)'s IP$", |play, c| {
        let ip = play.pod_ip(&c[1]);
        is(ip.is_some_and(|ip| play.endpoints().iter().any(|one| one["addresses"][0] == ip.as_str())))
    }),
    (r"^(?:both IPs are endpoints|only (\w+)'s IP remains)$", |play, c| {
        let names: Vec<String> = match c.get(1) {
            Some(name) => vec![name.as_str().to_owned()],
            None => {
                play.things.iter().filter(|one| one.manifest["kind"] == "Pod").map(|one| one.name.clone()).collect()
            }
        };
        let wanted: BTreeSet<String> = names.iter().filter_map(|name| play.pod_ip(name)).collect();
        let found: BTreeSet<String> =
            play.endpoints().iter().map(|one| text(&one["addresses"][0]).to_owned()).collect();
        is(wanted.len() == names.len() && wanted == found)
    }),
    (r"^(\w+) is endpoint$", |play, c| {
        let ip = play.pod_ip(&c[1]);
        is(ip.is_some_and(|ip| play.endpoints().iter().any(|one| one["addresses"][0] == ip.as_str())))
    }),
    (r"^slice labels include service labels \+ ([\w./=-]+) \+ ([\w./=-]+)$", |play, c| {
        let labels = slice(play)["metadata"]["labels"].clone();
        let own = play.things[0].manifest["metadata"]["labels"].as_object().cloned().unwrap_or_default();
        let pair = |word: &str| word.split_once('=').is_some_and(|(name, value)| labels[name] == value);
        is(own.iter().all(|(name, value)| labels[name] == *value) && pair(&c[1]) && pair(&c[2]))
    }),
    (r"^controller ownerRef v1 Service (\w+) with its uid$", |play, c| {
        let owner = slice(play)["metadata"]["ownerReferences"][0].clone();
        let uid = play.things[0].created["metadata"]["uid"].clone();
        is(owner["apiVersion"] == "v1"
            && owner["kind"] == "Service"
            && owner["name"] == c[1]
            && owner["uid"] == uid
            && owner["controller"] == true)
    }),
    (r"^endpoint (?:address kept with )?ready==?(\w+),? serving==?(\w+),? terminating==?(\w+)$", |play, c| {
        let wanted = json!({"ready": &c[1] == "true", "serving": &c[2] == "true", "terminating": &c[3] == "true"});
        is(play.endpoints().first().is_some_and(|one| one["conditions"] == wanted))
    }),
    (r"^slice\.ports == \[\{(\w+),(\d+),(\w+),appProtocol ([\w./-]+)\}\] only(?: \(.*\))?$", |play, c| {
        let wanted = json!([{"name": &c[1], "port": count(&c[2]), "protocol": &c[3], "appProtocol": &c[4]}]);
        is(slice(play)["ports"] == wanted)
    }),
    (r"^event reasons include (.*)$", |play, c| is(c[1].split(", ").all(|reason| happened(play, reason)))),
    (r"^event (\w+)$|^(Killing)$", |play, c| {
        let reason = c.get(1).or_else(|| c.get(2)).map_or("", |found| found.as_str()).to_owned();
        is(happened(play, &reason))
    }),
    (r"^(\w+) from ([\w-]+)$", |play, c| {
        let events = play.events();
        let mut those = events.iter().filter(|event| event["reason"] == c[1]);
        is(those.any(|event| event["source"]["component"] == c[2] || event["reportingComponent"] == c[2]))
    }),
    (r"^(\w+) event count grew$", |play, c| {
        let before = play.counts.get(&c[1]).copied().unwrap_or(0);
        is(seen(play, &c[1]) > before)
    }),
    (r"^(Unhealthy)(?: event)? '([^']*)'(.*)$", |play, c| {
        let probe = |name: &str| play.things[0].manifest["spec"]["containers"][0][name]["exec"]["command"][0].clone();
        let command = ["readinessProbe", "livenessProbe", "startupProbe"].into_iter().map(probe).find(Value::is_string);
        let quoted: Vec<&str> = c[3].split('\'').skip(1).step_by(2).collect();
        let negative = c[3].contains("not '");
        let named = !c[3].contains("naming the command") || command.is_some();
        let events = play.events();
        let mut those =
            events.iter().filter(|event| event["reason"] == c[1] && text(&event["message"]).starts_with(&c[2]));
        is(named
            && those.any(|event| {
                let message = text(&event["message"]);
                let has = |word: &&str| message.contains(*word);
                let words = if negative { !quoted.iter().any(has) } else { quoted.iter().all(has) };
                words
                    && (!c[3].contains("naming the command")
                        || command.as_ref().is_some_and(|word| message.contains(text(word))))
            }))
    }),
    (r"^(ADDED|MODIFIED|DELETED)(?: event for)? (\w+)$|^synthetic (ADDED) (\w+)$", |play, c| {
        let word = |n: usize, m: usize| c.get(n).or_else(|| c.get(m)).map_or("", |found| found.as_str()).to_owned();
        let (kind, name) = (word(1, 3), word(2, 4));
        let watch = play.watch.ok_or("nothing is watched")?;
        is(play
            .rig
            .events(watch)
            .iter()
            .any(|event| event["type"] == kind.as_str() && event["object"]["metadata"]["name"] == name.as_str()))
    }),
    (r"^first event is ADDED with label (\w+)(?: \(.*\))?$", |play, c| {
        let watch = play.watch.ok_or("nothing is watched")?;
        let first = play.rig.events(watch).first().cloned().unwrap_or_default();
        is(first["type"] == "ADDED" && first["object"]["metadata"]["labels"]["revision"] == c[1])
    }),
    (r"^MODIFIED with new label and a newer resourceVersion than listed$", |play, _| {
        let watch = play.watch.ok_or("nothing is watched")?;
        let version = |text: &str| text.parse::<u64>().unwrap_or(0);
        let listed = version(&play.listed);
        let mut events = play.rig.events(watch).iter();
        is(events.any(|event| {
            let metadata = &event["object"]["metadata"];
            event["type"] == "MODIFIED"
                && metadata["labels"]["revision"] == "updated"
                && version(text(&metadata["resourceVersion"])) > listed
        }))
    }),
    (r"^only (\w+) seen$", |play, c| {
        let watch = play.watch.ok_or("nothing is watched")?;
        let seen: BTreeSet<&str> =
            play.rig.events(watch).iter().map(|event| text(&event["object"]["metadata"]["name"])).collect();
        is(seen.len() == 1 && seen.contains(&c[1]))
    }),
    (r"^done callback receives an error$", |play, _| {
        let refused = play.reply_to("watch").is_some_and(|answer| answer.code >= 400);
        is(refused
            || play.watch.is_some_and(|watch| play.rig.events(watch).iter().any(|event| event["type"] == "ERROR")))
    }),
    (r"^add\((\w+)\) and cache has (\w+)$", |play, c| {
        let cache = cache(play)?;
        is(changes(play)?.contains(&format!("ADDED {}", &c[1])) && cache.contains(&c[2]))
    }),
    (r"^change fired for (\w+)'s add, update, delete$", |play, c| {
        let heard = play.informer.as_ref().and_then(|informer| informer.off).unwrap_or(0);
        let all = changes(play)?;
        let early = &all[..heard.min(all.len())];
        is(["ADDED", "MODIFIED", "DELETED"].iter().all(|kind| early.contains(&format!("{kind} {}", &c[1]))))
    }),
    (r"^for (\w+) add/update/delete fire but change count unchanged$", |play, c| {
        let heard = play.informer.as_ref().and_then(|informer| informer.off).unwrap_or(0);
        let all = changes(play)?;
        let (early, late) = all.split_at(heard.min(all.len()));
        let those = ["ADDED", "MODIFIED", "DELETED"].map(|kind| format!("{kind} {}", &c[1]));
        is(those.iter().all(|change| late.contains(change) && !early.contains(change)))
    }),
    (r"^add, update, delete in turn$", |play, _| {
        let mut kinds: Vec<String> =
            changes(play)?.iter().map(|one| one.split(' ').next().unwrap_or_default().to_owned()).collect();
        kinds.dedup();
        is(kinds == ["ADDED", "MODIFIED", "DELETED"])
    }),
    (r"^cache has (\w+), then v2, then nothing$|^cache follows$", |play, _| is(cache(play)?.is_empty())),
    (r"^add\((\w+)\) on entering$", |play, c| is(changes(play)?.contains(&format!("ADDED {}", &c[1])))),
    (r"^delete\((\w+)\) on leaving$", |play, c| is(changes(play)?.contains(&format!("DELETED {}", &c[1])))),
    (r"^Running with podIP inside that node's spec\.podCIDR$", |play, _| {
        let nodes = play.items("/api/v1/nodes");
        let pods: Vec<Value> = (0..play.things.len()).map(|thing| play.read(thing)).collect();
        is(!pods.is_empty()
            && pods.iter().all(|pod| {
                let node = nodes
                    .iter()
                    .find(|node| node["metadata"]["name"] == pod["spec"]["nodeName"])
                    .cloned()
                    .unwrap_or_default();
                let network = text(&node["spec"]["podCIDR"])
                    .rsplit_once('.')
                    .map(|(network, _)| format!("{network}."))
                    .unwrap_or_default();
                pod["status"]["phase"] == "Running"
                    && !network.is_empty()
                    && text(&pod["status"]["podIP"]).starts_with(&network)
            }))
    }),
    (r"^exit (\d+)$", |play, c| is(play.exec.as_ref().is_some_and(|(code, _)| code.to_string() == c[1]))),
    (r"^same explicit env, but none of the \d+ (\w+)_\* variables; references to them stay verbatim$", |play, c| {
        let printed = play.exec.clone().unwrap_or_default().1;
        let pod = play.find("pod").map(|thing| play.read(thing)).unwrap_or_default();
        let given = pod["spec"]["containers"][0]["env"].as_array().cloned().unwrap_or_default();
        let prefix = format!("{}_", &c[1]);
        is(printed.contains("KUBERNETES_SERVICE_HOST=")
            && !printed.lines().any(|line| line.starts_with(&prefix))
            && given.iter().all(|one| printed.contains(text(&one["name"]))))
    }),
    (r"^container (?:ready and started); ContainersReady True$", |play, _| {
        let pod = play.about();
        let status = first_container(&pod);
        is(status["ready"] == true
            && status["started"] == true
            && crate::play::condition(&pod, "ContainersReady") == "True")
    }),
];

/// How often an event was seen.
pub fn seen(play: &mut Play, reason: &str) -> i64 {
    let events = play.events();
    events.iter().filter(|event| event["reason"] == reason).map(|event| event["count"].as_i64().unwrap_or(1)).sum()
}

/// What the informer was told, in order.
fn changes(play: &Play) -> Result<Vec<String>, String> {
    let informer = play.informer.as_ref().ok_or("there is no informer")?;
    let line = |event: &Value| format!("{} {}", text(&event["type"]), text(&event["object"]["metadata"]["name"]));
    Ok(play.rig.events(informer.watch).iter().map(line).collect())
}

/// What the informer's cache holds.
fn cache(play: &Play) -> Result<BTreeSet<String>, String> {
    let informer = play.informer.as_ref().ok_or("there is no informer")?;
    let mut cache: BTreeSet<String> =
        informer.listed.iter().map(|one| text(&one["metadata"]["name"]).to_owned()).collect();
    for event in play.rig.events(informer.watch) {
        let name = text(&event["object"]["metadata"]["name"]).to_owned();
        if event["type"] == "DELETED" {
            cache.remove(&name);
        } else {
            cache.insert(name);
        }
    }
    Ok(cache)
}
