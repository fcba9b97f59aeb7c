//! Days, months and hours of wall clocks, in every time zone.
//!
//! `assets/schema/timezones.txt` (made by `tools/timezones.py`) says for each rule which zones follow it; a rule is
//! written as in POSIX' `TZ`: `CET-1CEST,M3.5.0,M10.5.0/3`. That is what is in force today and in years to come; history
//! is left out.

use std::str::FromStr;

const DAY: i64 = 86_400;

/// A moment on somebody's wall: seconds since 1970-01-01T00:00:00 there, and what a calendar shows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Civil {
    /// The year.
    pub year: i64,
    /// January is 1.
    pub month: i64,
    /// The first is 1.
    pub day: i64,
    /// Sunday is 0.
    pub weekday: i64,
    /// The hour.
    pub hour: i64,
    /// The minute.
    pub minute: i64,
    /// The second.
    pub second: i64,
}

impl Civil {
    /// What a calendar shows so many seconds after 1970 on that wall.
    #[must_use]
    pub fn of(wall: i64) -> Self {
        let (days, rest) = (wall.div_euclid(DAY), wall.rem_euclid(DAY));
        // The algorithm of days since 0000-03-01, so that leap days come last.
        let shifted = days + 719_468;
        let era = shifted.div_euclid(146_097);
        let of_era = shifted.rem_euclid(146_097);
        let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let from_march = (5 * of_year + 2) / 153;
        let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
        Self {
            year: year_of_era + era * 400 + i64::from(month <= 2),
            month,
            day: of_year - (153 * from_march + 2) / 5 + 1,
            weekday: (days + 4).rem_euclid(7),
            hour: rest / 3600,
            minute: rest / 60 % 60,
            second: rest % 60,
        }
    }
}

/// Seconds from 1970 to the beginning of a day on one wall; months and days may run over.
#[must_use]
pub fn midnight(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = (year + (month - 1).div_euclid(12), (month - 1).rem_euclid(12) + 1);
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5;
    let days = era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + of_year - 719_468;
    (days + day - 1) * DAY
}

/// A time zone: by how much its wall clocks differ from UTC, and when.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Zone {
    /// Seconds to add to UTC in winter.
    standard: i64,
    /// … and in summer, with its first and last moment on the wall.
    summer: Option<(i64, Turn, Turn)>,
}

/// Monday … of which week of which month at which second: `M3.5.0/2`.
#[derive(Clone, Copy, PartialEq, Debug)]
struct Turn {
    month: i64,
    week: i64,
    weekday: i64,
    second: i64,
}

impl Turn {
    /// Seconds since 1970 on the wall.
    fn of(self, year: i64) -> i64 {
        let first = midnight(year, self.month, 1);
        let skip = (self.weekday - Civil::of(first).weekday).rem_euclid(7);
        let mut day = first + (skip + (self.week - 1) * 7) * DAY;
        while self.week == 5 && day >= midnight(year, self.month + 1, 1) {
            day -= 7 * DAY;
        }
        day + self.second
    }
}

impl Zone {
    /// Greenwich.
    pub const UTC: Self = Self { standard: 0, summer: None };

    /// The zone of a name such as `Asia/Seoul`; an empty name means UTC.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        if matches!(name, "" | "UTC") {
            return Some(Self::UTC);
        }
        let lines = crate::texts::text("schema/timezones.txt").lines();
        let rule = lines.filter_map(|line| line.split_once(' ')).find(|(_, names)| names.split(' ').any(|n| n == name));
        rule.and_then(|(rule, _)| rule.parse().ok())
    }

    /// Seconds to add to UTC at a moment given in seconds since 1970.
    #[must_use]
    pub fn offset(&self, utc: i64) -> i64 {
        let Some((summer, begin, end)) = self.summer else { return self.standard };
        let year = Civil::of(utc + self.standard).year;
        let (begin, end) = (begin.of(year) - self.standard, end.of(year) - summer);
        let is_summer = if begin < end { (begin..end).contains(&utc) } else { !(end..begin).contains(&utc) };
        if is_summer { summer } else { self.standard }
    }

    /// The moment at which the wall shows a time; in the hour that is skipped, what Go's `time.Date` takes.
    #[must_use]
    pub fn utc(&self, wall: i64) -> i64 {
        let guess = wall - self.offset(wall);
        wall - self.offset(guess)
    }

    /// What the wall shows at a moment.
    #[must_use]
    pub fn civil(&self, utc: i64) -> Civil {
        Civil::of(utc + self.offset(utc))
    }
}

/// Reads a rule.
impl FromStr for Zone {
    type Err = ();

    fn from_str(rule: &str) -> Result<Self, ()> {
        let (names, turns) = rule.split_once(',').unwrap_or((rule, ""));
        let (standard, rest) = named_offset(names).ok_or(())?;
        if rest.is_empty() {
            return Ok(Self { standard, summer: None });
        }
        let (summer, rest) = named_offset(rest).unwrap_or((standard + 3600, ""));
        let (begin, end) = turns.split_once(',').ok_or(())?;
        let turns = (turn(begin).ok_or(())?, turn(end).ok_or(())?);
        if rest.is_empty() { Ok(Self { standard, summer: Some((summer, turns.0, turns.1)) }) } else { Err(()) }
    }
}

/// `CET-1…`: the offset (POSIX counts westwards), and what follows; without a number one hour more than before.
fn named_offset(text: &str) -> Option<(i64, &str)> {
    let end = match text.strip_prefix('<') {
        Some(quoted) => quoted.find('>')? + 2,
        None => text.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(text.len()),
    };
    let rest = &text[end..];
    let length = rest.find(|c: char| !(c.is_ascii_digit() || matches!(c, '-' | '+' | ':'))).unwrap_or(rest.len());
    Some((-clock(&rest[..length])?, &rest[length..]))
}

/// `2`, `-1:30`: seconds.
fn clock(text: &str) -> Option<i64> {
    let (sign, text) = text.strip_prefix('-').map_or((1, text.trim_start_matches('+')), |text| (-1, text));
    let mut seconds = 0;
    for (part, unit) in text.split(':').zip([3600, 60, 1]) {
        seconds += part.parse::<i64>().ok()? * unit;
    }
    Some(sign * seconds)
}

fn turn(text: &str) -> Option<Turn> {
    let (day, second) = text.split_once('/').unwrap_or((text, "2"));
    let mut parts = day.strip_prefix('M')?.split('.').map(|part| part.parse::<i64>().ok());
    Some(Turn { month: parts.next()??, week: parts.next()??, weekday: parts.next()??, second: clock(second)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_become_dates_and_back() {
        let civil = Civil::of(1_767_603_600);
        assert_eq!((civil.year, civil.month, civil.day, civil.weekday, civil.hour), (2026, 1, 5, 1, 9));
        for day in (-200_000..200_000).step_by(97) {
            let civil = Civil::of(day * DAY);
            assert_eq!(midnight(civil.year, civil.month, civil.day), day * DAY);
        }
        assert_eq!(midnight(2026, 13, 1), midnight(2027, 1, 1));
    }

    #[test]
    fn zones_know_summer_and_half_hours() {
        let at = |name: &str, utc: i64| Zone::find(name).expect("a zone").offset(utc);
        let (winter, summer) = (midnight(2026, 1, 5), midnight(2026, 7, 5));
        assert_eq!((at("Asia/Seoul", winter), at("Asia/Seoul", summer)), (32_400, 32_400));
        assert_eq!((at("Europe/Berlin", winter), at("Europe/Berlin", summer)), (3600, 7200));
        assert_eq!((at("America/New_York", winter), at("America/New_York", summer)), (-18_000, -14_400));
        assert_eq!((at("Australia/Lord_Howe", winter), at("Australia/Lord_Howe", summer)), (39_600, 37_800));
        assert_eq!(at("Asia/Kathmandu", winter), 20_700);
        assert_eq!(Zone::find("Nowhere/City"), None);
        // Berlin's clocks go from 01:59:59 to 03:00:00 on 2026-03-29.
        let turn = midnight(2026, 3, 29) + 3600;
        assert_eq!((at("Europe/Berlin", turn - 1), at("Europe/Berlin", turn)), (3600, 7200));
    }

    #[test]
    fn every_zone_can_be_read() {
        for line in crate::texts::text("schema/timezones.txt").lines() {
            let (rule, names) = line.split_once(' ').expect("a rule and names");
            assert!(rule.parse::<Zone>().is_ok() && !names.is_empty(), "{line}");
        }
    }
}
