//! `Event`s that somebody writes in their newer form: what is asked of them beyond the older one.
//!
//! Upstream: `pkg/apis/core/validation/events.go`, `ValidateEventCreate`.

use crate::api::check::Errors;
use crate::api::status::FieldError;
use k8s_openapi::api::core::v1::Event;

/// All errors of a new event of `events.k8s.io/v1` that the older form does not have.
#[must_use]
pub fn check(event: &Event) -> Errors {
    let mut out = Vec::new();
    if event.event_time.is_none() {
        out.push(FieldError::required("eventTime", ""));
    }
    let kind = event.type_.as_deref().unwrap_or_default();
    if !matches!(kind, "Normal" | "Warning") {
        out.push(FieldError::invalid("type", "", format!("has invalid value: {kind}")));
    }
    let source = event.source.as_ref();
    for (name, given) in [
        ("firstTimestamp", event.first_timestamp.is_some()),
        ("lastTimestamp", event.last_timestamp.is_some()),
        ("count", event.count.is_some_and(|count| count != 0)),
        ("source", source.is_some_and(|source| source.component.is_some() || source.host.is_some())),
    ] {
        if given {
            out.push(FieldError::invalid(name, "", "needs to be unset"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_new_must_be_said_and_what_is_old_must_not() {
        let said = |event: serde_json::Value| -> Vec<String> {
            let event: Event = serde_json::from_value(event).expect("an event");
            check(&event).iter().map(ToString::to_string).collect()
        };
        let mut event = json!({"metadata": {"namespace": "default"}, "involvedObject": {}, "type": "Normal",
            "eventTime": "2026-01-01T00:00:00.000000Z", "reportingComponent": "a.b/c", "reportingInstance": "i",
            "action": "a", "reason": "r"});
        assert!(said(event.clone()).is_empty());
        event["count"] = 2.into();
        event["type"] = "Bad".into();
        event["eventTime"] = serde_json::Value::Null;
        assert_eq!(
            said(event),
            [
                "eventTime: Required value",
                "type: Invalid value: \"\": has invalid value: Bad",
                "count: Invalid value: \"\": needs to be unset",
            ]
        );
    }
}
