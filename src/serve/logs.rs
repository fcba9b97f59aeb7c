//! `GET …/pods/NAME/log`: what a container has printed, as plain text.

use super::cluster::Cluster;
use crate::api::meta::micro_time;
use crate::api::{Key, Request, Status};
use crate::cluster::logs::Lines;
use crate::http::{Answer, Asked};
use crate::sim::Duration;

/// The answer, if that is what is asked for.
pub fn answer(asked: &Asked, cluster: &dyn Cluster) -> Option<Answer> {
    let path = asked.path.split('?').next()?.strip_prefix("/api/v1/namespaces/")?.strip_suffix("/log")?;
    let (namespace, name) = path.split_once("/pods/")?;
    if asked.method != "GET" || name.contains('/') {
        return None;
    }
    let parameter = |name: &str| Request::parameter(&asked.path, name);
    let key = Key::new(namespace, name);
    let previous = parameter("previous").is_some_and(|value| value == "true");
    let lines = match cluster.logs(&key, &parameter("container").unwrap_or_default(), previous) {
        Ok(lines) => lines,
        Err(why) if why.ends_with("not found") && why.starts_with("pods ") => {
            return Some(Answer::status(&Status::not_found(&crate::api::kinds::pod::KIND, name)));
        }
        Err(why) => return Some(Answer::status(&Status::bad_request(why))),
    };
    let number = |name: &str| parameter(name).and_then(|value| value.parse::<u64>().ok());
    let since = number("sinceSeconds").map(|seconds| cluster.now() - Duration::from_secs(seconds));
    let recent: Lines = lines.into_iter().filter(|(at, _)| since.is_none_or(|since| *at >= since)).collect();
    let tail = number("tailLines").and_then(|lines| usize::try_from(lines).ok()).unwrap_or(usize::MAX);
    let stamped = parameter("timestamps").is_some_and(|value| value == "true");
    let mut text = String::new();
    for (at, line) in &recent[recent.len().saturating_sub(tail)..] {
        if stamped {
            text.extend([micro_time(*at).0.to_string().as_str(), " "]);
        }
        text.extend([&**line, "\n"]);
    }
    let most = number("limitBytes").and_then(|bytes| usize::try_from(bytes).ok()).unwrap_or(usize::MAX);
    let mut body = text.into_bytes();
    body.truncate(most);
    Some(Answer { code: 200, content_type: "text/plain", body, ..Answer::default() })
}
