//! Recordings of the real controllers over time, played again: the same steps at the same moments, in a control plane of
//! their own with the kubelets that the recordings describe.
//!
//! What is compared, and under which conditions, stands in [`compare`]; how values are made comparable in [`normal`].

mod bounds;
mod compare;
mod drain;
mod entry;
mod exits;
mod kubectl;
mod kubelets;
mod load;
mod log;
mod names;
mod nodes;
mod normal;
mod order;
mod pace;
mod progress;
mod rest;
mod statuses;
mod steps;
mod times;
mod world;

use self::world::World;
use super::difference::{self, check};
use super::server::hide_uids;
use super::{Case, Recognised, Source, Verdict};
use crate::sim::{Duration, Time};
use serde_json::{Value, json};

/// The namespace of every recording.
const NAMESPACE: &str = "demo";

/// One scenario: a file of `controllers/`.
pub fn scenario<'a>(value: &'a Value, _: Source<'a>) -> Option<Recognised<'a>> {
    (value["steps"].is_array() && value["clock"].is_object() && value["expect"].is_object()).then_some(())?;
    let name = value["name"].as_str().unwrap_or("(without a name)").to_owned();
    let run = Box::new(|| play(value).into());
    Some(Recognised::Cases(vec![Case { name, run }]))
}

impl From<Result<(), String>> for Verdict {
    fn from(result: Result<(), String>) -> Self {
        result.map_or_else(Self::Failed, |()| Self::Passed)
    }
}

fn play(recording: &Value) -> Result<(), String> {
    let mut world = World::new(nodes(recording), &recording["kcm_flags"], pace::Pace::of(recording));
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}});
    world.send(steps::create(&namespace)?);
    if recording["family"] == "hpa" {
        load::register(&mut world);
    }
    let begin = begin(recording);
    world.run_to(begin);
    let mut sent = Vec::new();
    for (number, step) in recording["steps"].as_array().into_iter().flatten().enumerate() {
        let at = format!("steps[{number}]");
        let time = step["t_ms"].as_i64().ok_or_else(|| format!("{at}: expected a time got {}", step["t_ms"]))?;
        world.run_to(Time::from_millis(begin.as_millis() + time + pace::kubectl_delay(recording, step)));
        for (action, what) in step["action"].as_object().into_iter().flatten() {
            let id = steps::act(&mut world, action, what)
                .map_err(|lacks| format!("{at}: expected {action} got: the engine lacks {lacks}"))?;
            sent.extend(id.map(|id| (at.clone(), id, &step["result"])));
        }
    }
    world.run_to(Time::from_millis(begin.as_millis() + recording["clock"]["duration_ms"].as_i64().unwrap_or(0)));
    world.after(Duration::from_millis(500));
    let answers = || sent.iter().find_map(|(at, id, result)| answer_differs(at, *id, result, &world));
    let steps = if recording["repeat"]["same_steps"] == false { None } else { answers() };
    let mut problems = compare::compare(recording, &world, begin).into_iter();
    steps.or_else(|| problems.next()).map_or(Ok(()), Err)
}

/// Where the recording's time zero is: schedules depend on the second of the minute, and what is stored with whole
/// seconds (when a pod became ready) on the part of the second.
fn begin(recording: &Value) -> Time {
    let text = recording["clock"]["t0_second_of_minute"].to_string();
    let (seconds, part) = text.split_once('.').unwrap_or((&text, "0"));
    let millis: i64 = format!("{part:0<3}")[..3].parse().unwrap_or(0);
    let seconds: i64 = if recording["family"] == "cronjob" { seconds.parse().unwrap_or(0) } else { 0 };
    Time::from_millis(seconds * 1000 + millis)
}

/// The ships of a recording; three large ones where many recordings shared a cluster.
fn nodes(recording: &Value) -> Vec<Value> {
    let shared = ["job", "cronjob", "hpa"].iter().any(|family| recording["family"] == *family);
    if shared {
        let large = |n: u8| json!({"name": format!("n{n}"), "cpu": "64", "memory": "256Gi", "pods": "500"});
        return (1..=3).map(large).collect();
    }
    recording["nodes"].as_array().cloned().unwrap_or_default()
}

fn answer_differs(at: &str, id: u64, result: &Value, world: &World) -> Option<String> {
    let Some((code, message)) = world.answer(id) else { return Some(format!("{at}: expected an answer got none")) };
    let message = &compare::replace(world, message);
    let code_differs = check(&format!("{at}.code"), &result["code"], &(*code).into());
    let told = |difference| if message.is_empty() { difference } else { format!("{difference} ({message})") };
    // Uids stand in messages too.
    let recorded = hide_uids(result["message"].as_str().unwrap_or_default());
    let (recorded, message) = (recorded.as_str(), hide_uids(message));
    let words = || {
        (complaints(recorded) != complaints(&message))
            .then(|| difference::texts(&format!("{at}.message"), recorded, &message))
    };
    code_differs.map(told).or_else(words)
}

/// A message; several complaints in brackets come in any order.
fn complaints(message: &str) -> (&str, Vec<&str>) {
    match message.split_once(": [").and_then(|(head, rest)| Some((head, rest.strip_suffix(']')?))) {
        Some((head, rest)) => {
            let mut all: Vec<&str> = rest.split(", ").collect();
            all.sort_unstable();
            (head, all)
        }
        None => (message, Vec::new()),
    }
}
