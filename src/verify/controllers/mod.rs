//! Recordings of the real controllers over time, played again: the same steps at the same moments, in a control plane of
//! their own with the kubelets that the recordings describe.
//!
//! Compared are each step's code and message, the Events of the controllers, the bounds of each rollout and the objects at
//! the end. Left out today: the order of each object's writes. Numbers of pods created in one parallel batch, nodes and
//! times differ between two runs of the real thing, too.

mod compare;
mod drain;
mod exits;
mod kubectl;
mod kubelets;
mod load;
mod names;
mod steps;
mod world;

use self::world::World;
use super::difference::check;
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
    let mut world = World::new(nodes(recording), &recording["kcm_flags"]);
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}});
    world.send(steps::create(&namespace)?);
    let begin = begin(recording);
    world.run_to(begin);
    let mut sent = Vec::new();
    for (number, step) in recording["steps"].as_array().into_iter().flatten().enumerate() {
        let at = format!("steps[{number}]");
        let time = step["t_ms"].as_i64().ok_or_else(|| format!("{at}: expected a time got {}", step["t_ms"]))?;
        world.run_to(Time::from_millis(begin.as_millis() + time));
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
    steps.or_else(|| compare::compare(recording, &world).into_iter().next()).map_or(Ok(()), Err)
}

/// Where the recording's time zero is: schedules depend on the second of the minute.
fn begin(recording: &Value) -> Time {
    if recording["family"] != "cronjob" {
        return Time::ZERO;
    }
    let text = recording["clock"]["t0_second_of_minute"].to_string();
    let (seconds, part) = text.split_once('.').unwrap_or((&text, "0"));
    let millis: i64 = format!("{part:0<3}")[..3].parse().unwrap_or(0);
    Time::from_millis(seconds.parse::<i64>().unwrap_or(0) * 1000 + millis)
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
    // Several complaints come in any order.
    let same = recorded == message || recorded.contains(": [") && recorded.len() == message.len();
    let words = || (!same).then(|| super::difference::texts(&format!("{at}.message"), recorded, &message));
    code_differs.map(told).or_else(words)
}
