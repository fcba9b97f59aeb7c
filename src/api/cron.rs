//! The grammar of a CronJob's schedule.
//!
//! Upstream: `github.com/robfig/cron/v3`, `ParseStandard` and `SpecSchedule.Next`, with its error texts. Written anew
//! because no crate that was tried reads this grammar, also not after thin wrapping (the test `dialects` holds the cases):
//!
//! | | `5/20` | Sunday | `0 0 13 * 5` | `?`, `1,,2` | `L`, `1W`, `5#2` | `@every 90s`, `@midnight` | six fields |
//! | --- | --- | --- | --- | --- | --- | --- | --- |
//! | here, as upstream | yes | 0, not 7 | either day | yes | refused | yes | refused |
//! | croner 4 | refused | 0 and 7 | either day | yes | accepted | refused | accepted |
//! | cron 0.17 | yes | 1, not 0 | both days | `?` only | refused | refused | accepted |
//! | saffron 0.1 | yes | 1, not 0 | either day | refused | accepted | refused | refused |
//!
//! Each also brings a calendar library along that is larger than this by two orders of magnitude, and complains in other
//! words than the API server.

use super::calendar::{Civil, Zone, midnight};

/// When a Job is to be made.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Schedule {
    /// At certain minutes.
    Fields(Fields),
    /// `@every 90s`: so many seconds after the last time.
    Every(i64),
}

/// Which minutes, hours … match: a bit for each, and whether all days were meant.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Fields {
    minute: u64,
    hour: u64,
    day: u64,
    month: u64,
    weekday: u64,
    /// `*` in either field of days: both must match; otherwise one is enough.
    both_days: bool,
}

struct Bounds {
    min: u32,
    max: u32,
    names: &'static [&'static str],
}

const MONTHS: &[&str] = &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS: &[&str] = &["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
const BOUNDS: [Bounds; 5] = [
    Bounds { min: 0, max: 59, names: &[] },
    Bounds { min: 0, max: 23, names: &[] },
    Bounds { min: 1, max: 31, names: &[] },
    Bounds { min: 1, max: 12, names: MONTHS },
    Bounds { min: 0, max: 6, names: WEEKDAYS },
];

/// Reads a schedule without a time zone.
///
/// # Errors
/// What is wrong with it, in the library's words.
pub fn parse(text: &str) -> Result<Schedule, String> {
    if text.is_empty() {
        return Err("empty spec string".to_owned());
    }
    if text.starts_with('@') {
        return descriptor(text);
    }
    let fields: Vec<&str> = text.split_whitespace().collect();
    let [minute, hour, day, month, weekday] = fields.as_slice() else {
        return Err(format!("expected exactly 5 fields, found {}: [{}]", fields.len(), fields.join(" ")));
    };
    let [minute, hour, day, month, weekday] = {
        let mut bits = [(0, false); 5];
        for ((bits, text), bounds) in bits.iter_mut().zip([minute, hour, day, month, weekday]).zip(&BOUNDS) {
            *bits = field(text, bounds)?;
        }
        bits
    };
    Ok(Schedule::Fields(Fields {
        minute: minute.0,
        hour: hour.0,
        day: day.0,
        month: month.0,
        weekday: weekday.0,
        both_days: day.1 || weekday.1,
    }))
}

fn descriptor(text: &str) -> Result<Schedule, String> {
    let fields = match text {
        "@yearly" | "@annually" => "0 0 1 1 *",
        "@monthly" => "0 0 1 * *",
        "@weekly" => "0 0 * * 0",
        "@daily" | "@midnight" => "0 0 * * *",
        "@hourly" => "0 * * * *",
        _ => {
            let Some(text) = text.strip_prefix("@every ") else {
                return Err(format!("unrecognized descriptor: {text}"));
            };
            let seconds = duration(text)
                .ok_or_else(|| format!("failed to parse duration @every {text}: time: {}", bad_duration(text)))?;
            return Ok(Schedule::Every(seconds.max(1)));
        }
    };
    parse(fields)
}

fn quoted(text: &str) -> String {
    format!("{text:?}")
}

/// What Go says of a text that is no duration (`time.ParseDuration`).
fn bad_duration(text: &str) -> String {
    let mut rest = text.trim_start_matches(['-', '+']);
    while let Some(end) =
        rest.find(|c: char| !c.is_ascii_digit() && c != '.').or(Some(rest.len())).filter(|end| *end > 0)
    {
        let tail = &rest[end..];
        let unit = &tail[..tail.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(tail.len())];
        match unit {
            "" => return format!("missing unit in duration {}", quoted(text)),
            "h" | "m" | "s" | "ms" | "us" | "µs" | "ns" => rest = &tail[unit.len()..],
            _ => return format!("unknown unit {} in duration {}", quoted(unit), quoted(text)),
        }
    }
    format!("invalid duration {}", quoted(text))
}

/// Go's `1h30m10s`, in whole seconds.
fn duration(text: &str) -> Option<i64> {
    let (sign, mut rest) = text.strip_prefix('-').map_or((1, text.trim_start_matches('+')), |rest| (-1, rest));
    if rest == "0" {
        return Some(0);
    }
    let mut micros = 0_i64;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, tail) = rest.split_at(digits);
        let unit = tail.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(unit);
        let scale = match unit {
            "h" => 3_600_000_000,
            "m" => 60_000_000,
            "s" => 1_000_000,
            "ms" => 1_000,
            "us" | "µs" | "μs" => 1,
            "ns" => 0,
            _ => return None,
        };
        let (whole, part) = number.split_once('.').unwrap_or((number, ""));
        if whole.is_empty() && part.is_empty() {
            return None;
        }
        let mut total = if whole.is_empty() { 0 } else { whole.parse::<i64>().ok()?.checked_mul(scale)? };
        let mut place = scale;
        for digit in part.chars() {
            place /= 10;
            total += i64::from(digit.to_digit(10)?) * place;
        }
        micros = micros.checked_add(total)?;
        rest = tail;
    }
    (!text.is_empty()).then_some(sign * micros / 1_000_000)
}

/// The bits of a field, and whether it was a plain `*`.
fn field(text: &str, bounds: &Bounds) -> Result<(u64, bool), String> {
    let mut all = (0, false);
    for part in text.split(',').filter(|part| !part.is_empty()) {
        let (bits, star) = range(part, bounds)?;
        all = (all.0 | bits, all.1 || star);
    }
    Ok(all)
}

fn range(text: &str, bounds: &Bounds) -> Result<(u64, bool), String> {
    let parts: Vec<&str> = text.split('/').collect();
    let ends: Vec<&str> = parts[0].split('-').collect();
    let mut star = matches!(ends[0], "*" | "?");
    let (start, mut end) = match ends.as_slice() {
        _ if star => (bounds.min, bounds.max),
        [one] => (number(one, bounds)?, number(one, bounds)?),
        [first, last] => (number(first, bounds)?, number(last, bounds)?),
        _ => return Err(format!("too many hyphens: {text}")),
    };
    let step = match parts.as_slice() {
        [_] => 1,
        [_, step] => {
            let step = integer(step)?;
            // `N/step` means from N to the end.
            end = if ends.len() == 1 { bounds.max } else { end };
            star &= step <= 1;
            step
        }
        _ => return Err(format!("too many slashes: {text}")),
    };
    if start < bounds.min {
        return Err(format!("beginning of range ({start}) below minimum ({}): {text}", bounds.min));
    }
    if end > bounds.max {
        return Err(format!("end of range ({end}) above maximum ({}): {text}", bounds.max));
    }
    if start > end {
        return Err(format!("beginning of range ({start}) beyond end of range ({end}): {text}"));
    }
    if step == 0 {
        return Err(format!("step of range should be a positive number: {text}"));
    }
    let bits = (start..=end).step_by(usize::try_from(step).unwrap_or(usize::MAX)).fold(0, |bits, n| bits | 1_u64 << n);
    Ok((bits, star))
}

fn number(text: &str, bounds: &Bounds) -> Result<u32, String> {
    let lower = text.to_ascii_lowercase();
    match bounds.names.iter().position(|name| *name == lower) {
        Some(place) => Ok(bounds.min + u32::try_from(place).unwrap_or(0)),
        None => integer(text),
    }
}

/// Go's `strconv.Atoi`, not negative.
fn integer(text: &str) -> Result<u32, String> {
    let number: i64 = text.parse().map_err(|_| {
        let digits = text.trim_start_matches(['-', '+']);
        let why = if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) {
            "value out of range"
        } else {
            "invalid syntax"
        };
        format!("failed to parse int from {text}: strconv.Atoi: parsing {}: {why}", quoted(text))
    })?;
    if number < 0 {
        return Err(format!("negative number ({number}) not allowed: {text}"));
    }
    Ok(u32::try_from(number).unwrap_or(u32::MAX))
}

impl Schedule {
    /// The next time after a moment, both in seconds since 1970; `None`: none within five years.
    #[must_use]
    pub fn next(&self, after: i64, zone: &Zone) -> Option<i64> {
        match self {
            Self::Every(seconds) => Some(after + seconds),
            Self::Fields(fields) => fields.next(after, zone),
        }
    }
}

fn has(bits: u64, n: i64) -> bool {
    bits >> n & 1 == 1
}

impl Fields {
    fn next(&self, after: i64, zone: &Zone) -> Option<i64> {
        let mut at = after + 1;
        at += (60 - at.rem_euclid(60)) % 60;
        let limit = zone.civil(at).year + 5;
        loop {
            let civil = zone.civil(at);
            let Civil { year, month, day, hour, minute, .. } = civil;
            if year > limit {
                return None;
            }
            if !has(self.month, month) {
                at = zone.utc(midnight(year, month + 1, 1));
            } else if !self.has_day(&civil) {
                // Where clocks are turned at midnight the day begins at one.
                let next = zone.utc(midnight(year, month, day + 1));
                at = if next > at { next } else { next + 3600 };
            } else if !has(self.hour, hour) {
                at += 3600 - minute * 60;
            } else if !has(self.minute, minute) {
                at += 60;
            } else {
                return Some(at);
            }
        }
    }

    fn has_day(&self, civil: &Civil) -> bool {
        let (day, weekday) = (has(self.day, civil.day), has(self.weekday, civil.weekday));
        if self.both_days { day && weekday } else { day || weekday }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(text: &str, after: i64, zone: &str) -> Option<i64> {
        parse(text).expect("a schedule").next(after, &Zone::find(zone).expect("a zone"))
    }

    #[test]
    fn times_follow_the_fields() {
        let monday = midnight(2026, 1, 5);
        let cases = [
            ("* * * * *", monday, monday + 60),
            ("*/15 9-17 * * mon-fri", monday + 17 * 3600 + 45 * 60, midnight(2026, 1, 6) + 9 * 3600),
            ("0 0 1 1 *", monday, midnight(2027, 1, 1)),
            ("0 0 29 2 *", monday, midnight(2028, 2, 29)),
            ("0 0 13 * 5", monday, midnight(2026, 1, 9)),
            ("0 0 */10 * 5", monday, midnight(2026, 1, 9)),
            ("@weekly", monday, midnight(2026, 1, 11)),
            ("@every 1h30m", monday, monday + 5400),
            ("5/20 * * * *", monday, monday + 300),
            ("30 2 * JAN,Mar ?", midnight(2026, 1, 31) + 9000, midnight(2026, 3, 1) + 9000),
        ];
        for (text, after, expected) in cases {
            assert_eq!(next(text, after, "UTC"), Some(expected), "{text}");
        }
        assert_eq!(next("0 0 31 2 *", monday, "UTC"), None);
        assert_eq!(next("0 9 * * *", monday, "Asia/Seoul"), Some(midnight(2026, 1, 6)));
        assert_eq!(
            next("0 3 * * *", midnight(2026, 3, 28) + 9000, "Europe/Berlin"),
            Some(midnight(2026, 3, 29) + 3600)
        );
    }

    /// What the crates that were tried read in another way.
    #[test]
    fn dialects() {
        let monday = midnight(2026, 1, 5);
        let cases = [
            ("5/20 * * * *", Some(monday + 300)),
            ("0 0 * * 0", Some(midnight(2026, 1, 11))),
            ("0 0 * * 7", None),
            ("0 0 13 * 5", Some(midnight(2026, 1, 9))),
            ("0 0 13 * ?", Some(midnight(2026, 1, 13))),
            ("1,,2 * * * *", Some(monday + 60)),
            ("*/70 * * * *", Some(monday + 3600)),
            ("*-5 * * * *", Some(monday + 60)),
            ("+5 * * * *", Some(monday + 300)),
            ("0 0 * * sunday", None),
            ("0 0 * * L", None),
            ("0 0 1W * *", None),
            ("0 0 * * 5#2", None),
            ("* * * * * *", None),
            ("@every 90s", Some(monday + 90)),
            ("@midnight", Some(midnight(2026, 1, 6))),
            ("@Hourly", None),
            ("@reboot", None),
        ];
        for (text, expected) in cases {
            let zone = Zone::find("UTC").expect("a zone");
            assert_eq!(parse(text).ok().and_then(|schedule| schedule.next(monday, &zone)), expected, "{text}");
        }
    }

    #[test]
    fn complaints_are_the_library_s() {
        let cases = [
            ("", "empty spec string"),
            ("* * * *", "expected exactly 5 fields, found 4: [* * * *]"),
            ("60 * * * *", "end of range (60) above maximum (59): 60"),
            ("* * 0 * *", "beginning of range (0) below minimum (1): 0"),
            ("5-1 * * * *", "beginning of range (5) beyond end of range (1): 5-1"),
            ("*/0 * * * *", "step of range should be a positive number: */0"),
            ("a * * * *", "failed to parse int from a: strconv.Atoi: parsing \"a\": invalid syntax"),
            ("1-2-3 * * * *", "too many hyphens: 1-2-3"),
            ("1/2/3 * * * *", "too many slashes: 1/2/3"),
            ("* * * * 7", "end of range (7) above maximum (6): 7"),
            ("@often", "unrecognized descriptor: @often"),
        ];
        for (text, expected) in cases {
            assert_eq!(parse(text), Err(expected.to_owned()), "{text}");
        }
    }
}
