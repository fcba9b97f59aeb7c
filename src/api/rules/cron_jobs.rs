//! `CronJob`.
//!
//! Upstream: `pkg/apis/batch/v1/defaults.go`, `pkg/apis/batch/validation/validation.go`, `ValidateCronJobCreate`.

use super::stateful_sets::not_negative;
use super::{field, jobs};
use crate::api::calendar::Zone;
use crate::api::check::{self, Errors};
use crate::api::cron;
use crate::api::document::Document;
use crate::api::object::Object;
use crate::api::pod::template;
use crate::api::status::FieldError;
use crate::api::tree::At;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use serde_json::json;

/// The defaults of a `CronJob` (`SetDefaults_CronJob`).
pub fn default(job: &mut Document) {
    template::default_in(job, "spec.jobTemplate.spec.template");
    job.set_default("spec.jobTemplate.metadata", json!({}));
    job.set_default("spec.concurrencyPolicy", "Allow".into());
    job.set_default("spec.suspend", false.into());
    job.set_default("spec.successfulJobsHistoryLimit", 3.into());
    job.set_default("spec.failedJobsHistoryLimit", 1.into());
}

/// What is left of the longest name for the time that is put behind a Job's.
const NAME_MAX: usize = 52;

/// All errors of a `CronJob`.
#[must_use]
pub fn validate(object: &Object) -> Errors {
    let mut out = spec(&field(object, "spec"), None);
    if object.name().len() > NAME_MAX {
        let detail = format!("must be no more than {NAME_MAX} characters");
        out.push(FieldError::invalid("metadata.name", object.name(), detail));
    }
    out
}

/// All errors of an update.
#[must_use]
pub fn update(new: &Object, old: &Object) -> Errors {
    let (after, before) = (field(new, "spec"), field(old, "spec"));
    if after.value == before.value { Vec::new() } else { spec(&after, Some(&before)) }
}

/// Upstream: `validateCronJobSpec`.
fn spec(spec: &At, old: Option<&At>) -> Errors {
    let mut out = Vec::new();
    let (at, zone) = (spec.field("schedule"), spec.field("timeZone"));
    if at.is_empty() {
        out.push(at.required(""));
    } else {
        let tolerated = old.is_some_and(|old| old.field("schedule").text().contains("TZ"));
        schedule(&mut out, &at, tolerated, zone.given());
    }
    not_negative(&mut out, spec, &["startingDeadlineSeconds"]);
    if old.is_none_or(|old| old.field("timeZone").value != zone.value) {
        time_zone(&mut out, &zone);
    }
    let policy = spec.field("concurrencyPolicy");
    check::one_of(&mut out, &policy.path, policy.text(), &["Allow", "Forbid", "Replace"]);
    let template = spec.field("jobTemplate");
    let job = template.field("spec");
    jobs::spec(&mut out, &job);
    let selector = job.field("selector");
    if let Some(found) = selector.part::<LabelSelector>() {
        let shown = check::shown_selector(&found);
        out.push(check::invalid_as(&selector.path, shown, "`selector` will be auto-generated"));
    }
    let manual = job.field("manualSelector");
    if manual.flag() {
        out.push(FieldError::not_supported(manual.path, true, &["nil", "false"]));
    }
    not_negative(&mut out, spec, &["successfulJobsHistoryLimit", "failedJobsHistoryLimit"]);
    out
}

/// Upstream: `validateScheduleFormat`. The library reads a zone before the fields.
fn schedule(out: &mut Errors, at: &At, tolerated: bool, zone: bool) {
    let text = at.text();
    let mut fields = text;
    if let Some((place, rest)) = ["TZ=", "CRON_TZ="].iter().find_map(|head| text.strip_prefix(head)?.split_once(' ')) {
        fields = rest.trim();
        if Zone::find(place).is_none() {
            out.push(at.invalid(format!("provided bad location {place}: unknown time zone {place}")));
            fields = "@hourly";
        }
    }
    if let Err(error) = cron::parse(fields) {
        out.push(at.invalid(error));
    }
    if !tolerated && text.contains("TZ") {
        out.push(at.invalid("cannot use TZ or CRON_TZ in schedule, use timeZone field instead"));
    } else if text.contains("TZ") && zone {
        out.push(at.invalid("cannot use both timeZone field and TZ or CRON_TZ in schedule"));
    }
}

/// Upstream: `validateTimeZone`.
fn time_zone(out: &mut Errors, at: &At) {
    let name = at.text();
    if !at.given() {
        return;
    }
    if name.is_empty() {
        out.push(at.invalid("timeZone must be nil or non-empty string"));
        return;
    }
    if name.eq_ignore_ascii_case("Local") {
        let detail = "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones";
        out.push(at.invalid(detail));
    }
    // Go knows its own zone by this name.
    if name != "Local" && Zone::find(name).is_none() {
        out.push(at.invalid(format!("unknown time zone {name}")));
    }
}

/// What the server warns of when a `CronJob` is made (the strategy's `WarningsOnCreate`).
#[must_use]
pub fn warn(object: &Object) -> Vec<String> {
    let mut out = template::warnings(object.name(), None);
    let spec = field(object, "spec");
    let template = spec.field("jobTemplate");
    jobs::many_numbered(&mut out, &template.field("spec"));
    out.extend(template::warnings_in(object, "spec.jobTemplate.spec.template"));
    out
}

#[cfg(test)]
mod tests {
    use super::super::complaints;
    use super::*;

    fn said(spec: &serde_json::Value) -> Vec<String> {
        complaints(validate, &json!({"metadata": {"name": "c"}, "spec": spec}))
    }

    #[test]
    fn an_empty_time_zone_is_not_one_that_was_left_out() {
        let spec = json!({"schedule": "@daily", "timeZone": "", "concurrencyPolicy": "Allow"});
        let document = json!({"metadata": {"name": "c"}, "spec": spec});
        let object = (crate::api::kinds::cron_job::KIND.decode)(document).expect("it can be read");
        let said: Vec<_> = validate(&object).iter().map(ToString::to_string).collect();
        assert!(said.iter().any(|text| text.starts_with("spec.timeZone: Invalid value: \"\"")), "{said:?}");
    }

    #[test]
    fn schedules_and_zones_are_read() {
        let of = |schedule: &str, zone: &str| {
            said(&json!({"schedule": schedule, "timeZone": zone, "concurrencyPolicy": "Allow"}))
                .into_iter()
                .filter(|text| !text.starts_with("spec.jobTemplate"))
                .collect::<Vec<_>>()
        };
        assert!(of("@daily", "Asia/Seoul").is_empty());
        assert_eq!(
            of("TZ=UTC * * * * *", "Mars/X"),
            [
                "spec.schedule: Invalid value: \"TZ=UTC * * * * *\": cannot use TZ or CRON_TZ in schedule, use timeZone \
                 field instead",
                "spec.timeZone: Invalid value: \"Mars/X\": unknown time zone Mars/X"
            ]
        );
        assert_eq!(
            of("61 * * * *", "local"),
            [
                "spec.schedule: Invalid value: \"61 * * * *\": end of range (61) above maximum (59): 61",
                "spec.timeZone: Invalid value: \"local\": timeZone must be an explicit time zone as defined in \
                 https://www.iana.org/time-zones",
                "spec.timeZone: Invalid value: \"local\": unknown time zone local"
            ]
        );
    }
}
