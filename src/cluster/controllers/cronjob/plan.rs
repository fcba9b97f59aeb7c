//! When Jobs are due: the times of a schedule, and which of them have been missed.
//!
//! Upstream: `pkg/controller/cronjob/utils.go`.

use crate::api::Object;
use crate::api::calendar::{Civil, Zone};
use crate::api::cron::{self, Schedule};
use crate::api::document::Document;
use crate::api::meta::{self, EPOCH_SECOND};
use crate::cluster::controllers::job::spec::at;
use crate::cluster::timing;
use crate::sim::{Duration, Time};
use serde_json::Value;

/// When Jobs are due.
pub(super) struct Plan {
    pub(super) schedule: Schedule,
    pub(super) zone: Zone,
    /// The last time that is dealt with.
    pub(super) last: Time,
    /// `spec.startingDeadlineSeconds`.
    pub(super) deadline: Option<u64>,
}

/// What has been missed.
pub(super) struct Missed {
    pub(super) earliest: i64,
    pub(super) latest: Option<i64>,
    pub(super) any: bool,
    pub(super) many: bool,
}

const TOO_CLOSE: &str = "time difference between two schedules is less than 1 second";

fn unix(time: Time) -> i64 {
    EPOCH_SECOND + time.as_secs()
}

impl Plan {
    pub(super) fn read(object: &Object, document: &Document) -> Result<Self, String> {
        let zone = Zone::find(document.text("spec.timeZone")).ok_or("unknown time zone")?;
        let created = object.meta().creation_timestamp.as_ref().map(meta::moment).unwrap_or_default();
        Ok(Self {
            schedule: cron::parse(document.text("spec.schedule"))?,
            zone,
            last: document.at("status.lastScheduleTime").and_then(at).unwrap_or(created),
            deadline: document.at("spec.startingDeadlineSeconds").and_then(Value::as_u64),
        })
    }

    /// Upstream: `mostRecentScheduleTime`.
    pub(super) fn missed(&self, now: Time, with_deadline: bool) -> Result<Missed, &'static str> {
        let mut earliest = unix(self.last);
        if let Some(seconds) = self.deadline.filter(|_| with_deadline) {
            earliest = earliest.max(unix(now - Duration::from_secs(seconds)));
        }
        let now = unix(now);
        let none = Missed { earliest, latest: None, any: false, many: false };
        let next = |after: i64| self.schedule.next(after, &self.zone);
        // A time that never comes is the zero time upstream, twice.
        let Some(first) = next(earliest) else { return Err(TOO_CLOSE) };
        if first > now {
            return Ok(none);
        }
        let Some(second) = next(first).filter(|second| *second <= now) else {
            return Ok(Missed { latest: Some(first), ..none });
        };
        if second - first < 1 {
            return Err(TOO_CLOSE);
        }
        let number = (now - first) / (second - first) + 1;
        let mut latest = None;
        let mut time = next(first + (number - 2) * (second - first));
        while let Some(found) = time.filter(|time| *time <= now) {
            latest = Some(found);
            time = next(found);
        }
        Ok(Missed { earliest, latest, any: true, many: number > 100 })
    }

    /// How long until the time after the last one (upstream: `nextScheduleTimeDuration`).
    pub(super) fn wait(&self, now: Time) -> Duration {
        let from = match self.missed(now, false) {
            Ok(Missed { latest: Some(latest), .. }) => latest,
            Ok(Missed { earliest, any: false, .. }) => earliest,
            _ => unix(now),
        };
        let next = self.schedule.next(from, &self.zone);
        next.map_or(Duration::from_secs(u64::from(u32::MAX)), |next| {
            (Time::from_secs(next - EPOCH_SECOND) + timing::CRON_DELTA).since(now)
        })
    }
}

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const DAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

pub(super) fn rfc1123(unix: i64) -> String {
    let Civil { year, month, day, weekday, hour, minute, second } = Civil::of(unix);
    let named =
        |names: &[&'static str], n: i64| usize::try_from(n).ok().and_then(|n| names.get(n).copied()).unwrap_or("");
    let (weekday, month) = (named(&DAYS, weekday), named(&MONTHS, month - 1));
    format!("{weekday}, {day:02} {month} {year} {hour:02}:{minute:02}:{second:02} +0000")
}

pub(super) fn rfc3339(unix: i64, zone: &Zone) -> String {
    let Civil { year, month, day, hour, minute, second, .. } = zone.civil(unix);
    let offset = zone.offset(unix);
    let zone = if offset == 0 {
        "Z".to_owned()
    } else {
        let sign = if offset < 0 { '-' } else { '+' };
        format!("{sign}{:02}:{:02}", offset.abs() / 3600, offset.abs() / 60 % 60)
    };
    format!("{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{zone}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(text: &str, last: i64, deadline: Option<u64>) -> Plan {
        let schedule = cron::parse(text).expect("a schedule");
        Plan { schedule, zone: Zone::UTC, last: Time::from_secs(last), deadline }
    }

    #[test]
    fn the_most_recent_missed_time_counts() {
        let plan = plan("*/10 * * * *", 30, None);
        let missed = |now: i64| plan.missed(Time::from_secs(now), true).map(|missed| (missed.latest, missed.many));
        assert_eq!(missed(599), Ok((None, false)));
        assert_eq!(missed(601), Ok((Some(EPOCH_SECOND + 600), false)));
        assert_eq!(missed(3700), Ok((Some(EPOCH_SECOND + 3600), false)));
        assert_eq!(missed(600 * 200), Ok((Some(EPOCH_SECOND + 600 * 200), true)));
    }

    #[test]
    fn a_deadline_hides_older_times() {
        let plan = plan("0 * * * *", 30, Some(60));
        let missed = |now: i64| plan.missed(Time::from_secs(now), true).map(|missed| missed.latest);
        assert_eq!(missed(3650), Ok(Some(EPOCH_SECOND + 3600)));
        assert_eq!(missed(3700), Ok(None));
        assert_eq!(plan.wait(Time::from_secs(3700)).as_secs(), 3500);
    }

    #[test]
    fn a_time_that_never_comes_is_an_error() {
        let plan = plan("59 23 31 2 *", 30, None);
        assert_eq!(plan.missed(Time::from_secs(60), true).map(|missed| missed.latest), Err(TOO_CLOSE));
    }

    #[test]
    fn times_are_written_as_go_does() {
        assert_eq!(rfc1123(EPOCH_SECOND), "Mon, 05 Jan 2026 09:00:00 +0000");
        let seoul = Zone::find("Asia/Seoul").expect("a zone");
        assert_eq!(rfc3339(EPOCH_SECOND, &seoul), "2026-01-05T18:00:00+09:00");
        assert_eq!(rfc3339(EPOCH_SECOND, &Zone::UTC), "2026-01-05T09:00:00Z");
    }
}
