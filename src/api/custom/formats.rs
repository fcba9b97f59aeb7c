//! Texts with a form (upstream: `kube-openapi/pkg/validation/strfmt`). A form that is not known here asks for nothing.

use crate::api::base64;
use crate::api::check::{parse_cidr, parse_ip};
use crate::api::names;

/// Whether a text has the form.
#[must_use]
pub fn fits(format: &str, text: &str) -> bool {
    match format {
        "date" => date(text),
        "date-time" | "datetime" => {
            let (day, time) = text.split_once(['T', 't', ' ']).unwrap_or_default();
            date(day) && clock(time)
        }
        "ipv4" => text.parse::<std::net::Ipv4Addr>().is_ok(),
        "ipv6" => text.parse::<std::net::Ipv6Addr>().is_ok(),
        "ip" => parse_ip(text).is_some(),
        "cidr" => parse_cidr(text).is_some(),
        "mac" => text.split([':', '-']).count() == 6 && text.split([':', '-']).all(|part| hex(part, 2)),
        "uuid" | "uuid3" | "uuid4" | "uuid5" => {
            let parts: Vec<&str> = text.split('-').collect();
            parts.len() == 5 && parts.iter().zip([8, 4, 4, 4, 12]).all(|(part, length)| hex(part, length))
        }
        "byte" => base64::decode(text).is_some(),
        "email" => text
            .split_once('@')
            .is_some_and(|(name, host)| !name.is_empty() && host.contains(|c| c != '@') && !host.contains('@')),
        "hostname" => {
            !text.is_empty() && text.len() <= 255 && names::dns1123_subdomain(&text.to_ascii_lowercase()).is_empty()
        }
        "uri" => {
            text.split_once(':').is_some_and(|(scheme, rest)| !scheme.is_empty() && !rest.is_empty())
                || text.starts_with('/')
        }
        "duration" => duration(text),
        _ => true,
    }
}

fn hex(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn number(text: &str, digits: usize, range: std::ops::RangeInclusive<u32>) -> bool {
    text.len() == digits && text.parse().is_ok_and(|number| range.contains(&number))
}

fn date(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    matches!(parts[..], [year, month, day] if number(year, 4, 0..=9999) && number(month, 2, 1..=12) && number(day, 2, 1..=31))
}

fn clock(text: &str) -> bool {
    let zone = text.rfind(['Z', 'z', '+', '-']).unwrap_or(text.len());
    let (time, zone) = text.split_at(zone);
    let (time, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let parts: Vec<&str> = time.split(':').collect();
    let right = matches!(parts[..], [hour, minute, second] if number(hour, 2, 0..=23) && number(minute, 2, 0..=59) && number(second, 2, 0..=60));
    let zoned = matches!(zone, "Z" | "z")
        || zone.get(1..).is_some_and(|zone| zone.split(':').all(|part| number(part, 2, 0..=59)));
    right && zoned && !fraction.is_empty() && fraction.bytes().all(|byte| byte.is_ascii_digit())
}

/// Go's durations, such as `1h30m`.
fn duration(text: &str) -> bool {
    let mut rest = text.trim_start_matches(['-', '+']);
    if rest == "0" {
        return true;
    }
    if rest.is_empty() {
        return false;
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let unit = ["ns", "us", "µs", "ms", "s", "m", "h"].iter().filter(|unit| rest[digits..].starts_with(**unit));
        let Some(unit) = unit.max_by_key(|unit| unit.len()).filter(|_| digits > 0) else { return false };
        rest = &rest[digits + unit.len()..];
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_known() {
        for (format, good, bad) in [
            ("date", "2026-01-02", "2026-13-02"),
            ("date-time", "2026-01-02T03:04:05.1Z", "2026-01-02"),
            ("date-time", "2026-01-02T03:04:05+01:00", "2026-01-02T25:04:05Z"),
            ("ipv4", "10.0.0.1", "::1"),
            ("cidr", "10.0.0.0/8", "10.0.0.0"),
            ("uuid", "0884fd4d-1b62-4121-a033-7a2c63415d44", "x"),
            ("byte", "aGk=", "a!"),
            ("duration", "1h30m5.5s", "1 hour"),
            ("mac", "00:11:22:33:44:55", "00:11"),
        ] {
            assert!(fits(format, good) && !fits(format, bad), "{format}");
        }
        assert!(fits("no-such-format", "anything"));
    }
}
