//! Moments and spans of time.

use super::eval::Outcome;
use super::functions::no_overload;
use super::val::Val;

/// A second in nanoseconds.
pub const SECOND: i64 = 1_000_000_000;

/// A moment's date as people write it: year, month, day (from 1), and the day of the week (Sunday is 0).
pub fn civil(days: i64) -> (i64, i64, i64) {
    // Howard Hinnant, "chrono-compatible low-level date algorithms".
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let day_of_era = z.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day_of_year - (153 * shifted + 2) / 5 + 1)
}

fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// What a moment can be asked, in UTC.
pub fn of_moment(nanos: i64, name: &str, arguments: &[Val]) -> Outcome {
    // Other zones than UTC are not known here.
    if !arguments.is_empty() {
        return no_overload();
    }
    let seconds = nanos.div_euclid(SECOND);
    let (day, rest) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let (year, month, date) = civil(day);
    let found = match name {
        "getFullYear" => year,
        "getMonth" => month - 1,
        "getDate" => date,
        "getDayOfMonth" => date - 1,
        "getDayOfWeek" => (day + 4).rem_euclid(7),
        "getDayOfYear" => day - days(year, 1, 1),
        "getHours" => rest / 3600,
        "getMinutes" => rest / 60 % 60,
        "getSeconds" => rest % 60,
        "getMilliseconds" => nanos.rem_euclid(SECOND) / 1_000_000,
        _ => return no_overload(),
    };
    Ok(Val::Int(found))
}

/// What a span of time can be asked.
pub fn of_duration(nanos: i64, name: &str) -> Outcome {
    let unit = match name {
        "getHours" => 3600 * SECOND,
        "getMinutes" => 60 * SECOND,
        "getSeconds" => SECOND,
        "getMilliseconds" => 1_000_000,
        _ => return no_overload(),
    };
    Ok(Val::Int(nanos / unit))
}

/// Go's durations in nanoseconds.
#[must_use]
pub fn duration(text: &str) -> Option<i64> {
    const UNITS: [(&str, i64); 7] = [
        ("ns", 1),
        ("us", 1000),
        ("µs", 1000),
        ("ms", 1_000_000),
        ("s", SECOND),
        ("m", 60 * SECOND),
        ("h", 3600 * SECOND),
    ];
    let (sign, mut rest) = text.strip_prefix('-').map_or((1, text.trim_start_matches('+')), |rest| (-1, rest));
    if rest == "0" {
        return Some(0);
    }
    let mut total: i64 = 0;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, after) = rest.split_at(end);
        let (unit, nanos) =
            UNITS.iter().filter(|(unit, _)| after.starts_with(unit)).max_by_key(|(unit, _)| unit.len())?;
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if whole.is_empty() && fraction.is_empty() {
            return None;
        }
        let whole: i64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
        total = total.checked_add(whole.checked_mul(*nanos)?)?;
        let mut part = *nanos;
        for digit in fraction.bytes() {
            part /= 10;
            total = total.checked_add(i64::from(digit.checked_sub(b'0').filter(|digit| *digit < 10)?) * part)?;
        }
        rest = &after[unit.len()..];
    }
    Some(sign * total)
}

/// A moment as RFC 3339 writes it, in nanoseconds since 1970.
#[must_use]
pub fn moment(text: &str) -> Option<i64> {
    let (date, time) = text.split_once(['T', 't'])?;
    let zone = time.rfind(['Z', 'z', '+', '-'])?;
    let (time, zone) = time.split_at(zone);
    let numbers = |text: &str, by: char| -> Option<Vec<i64>> { text.split(by).map(|part| part.parse().ok()).collect() };
    let (time, fraction) = time.split_once('.').unwrap_or((time, ""));
    let (date, time) = (numbers(date, '-')?, numbers(time, ':')?);
    let ([year, month, day], [hour, minute, second]) = (date[..].try_into().ok()?, time[..].try_into().ok()?);
    if !(1..=12).contains(&month)
        || !(1..=31).contains(&day)
        || hour > 23
        || minute > 59
        || second > 60
        || !(0..=9999).contains(&year)
    {
        return None;
    }
    let offset = match zone {
        "Z" | "z" => 0,
        zone => {
            let parts = numbers(&zone[1..], ':')?;
            let [hours, minutes]: [i64; 2] = parts[..].try_into().ok()?;
            (hours * 3600 + minutes * 60) * if zone.starts_with('-') { -1 } else { 1 }
        }
    };
    let nanos: i64 = if fraction.is_empty() { 0 } else { format!("{fraction:0<9}").get(..9)?.parse().ok()? };
    (days(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - offset)
        .checked_mul(SECOND)?
        .checked_add(nanos)
}
