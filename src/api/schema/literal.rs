//! Texts with a form of their own inside JSON, and what Go says when the form is broken: times and base64.

/// RFC 3339 as Go's `time` package names it.
pub(super) const SECONDS: &str = "2006-01-02T15:04:05Z07:00";
/// The same with microseconds.
pub(super) const MICROSECONDS: &str = "2006-01-02T15:04:05.000000Z07:00";

/// One piece of the layout: the text by which Go names it, its digits, and its largest value with the word for "too much".
type Piece = (&'static str, usize, Option<(u32, u32, &'static str)>);

const PIECES: [Piece; 11] = [
    ("2006", 4, None),
    ("-", 0, None),
    ("01", 2, Some((1, 12, "month"))),
    ("-", 0, None),
    ("02", 2, Some((1, 31, "day"))),
    ("T", 0, None),
    ("15", 2, Some((0, 23, "hour"))),
    (":", 0, None),
    ("04", 2, Some((0, 59, "minute"))),
    (":", 0, None),
    ("05", 2, Some((0, 59, "second"))),
];

/// Checks a time; the error is the sentence of Go's `time.Parse`.
pub(super) fn time(text: &str, layout: &str) -> Result<(), String> {
    let unreadable = |rest: &str, piece: &str| {
        Err(format!("parsing time {text:?} as {layout:?}: cannot parse {rest:?} as {piece:?}"))
    };
    let mut rest = text;
    let mut numbers = Vec::with_capacity(6);
    for (piece, digits, range) in PIECES {
        if digits == 0 {
            let Some(after) = rest.strip_prefix(piece) else { return unreadable(rest, piece) };
            rest = after;
            continue;
        }
        let number = rest.get(..digits).filter(|head| head.bytes().all(|byte| byte.is_ascii_digit()));
        let Some(number) = number.and_then(|head| head.parse::<u32>().ok()) else { return unreadable(rest, piece) };
        if let Some((low, high, word)) = range
            && !(low..=high).contains(&number)
        {
            return Err(format!("parsing time {text:?}: {word} out of range"));
        }
        numbers.push(number);
        rest = &rest[digits..];
    }
    match fraction(rest, layout == MICROSECONDS) {
        Some(after) => rest = after,
        None => return unreadable(rest, ".000000"),
    }
    let Some(after) = zone(rest) else { return unreadable(rest, "Z07:00") };
    if !after.is_empty() {
        return Err(format!("parsing time {text:?}: extra text: {after:?}"));
    }
    if numbers[2] > days(numbers[0], numbers[1]) {
        return Err(format!("parsing time {text:?}: day out of range"));
    }
    Ok(())
}

/// What follows the fraction of a second: any length, but exactly six digits where the layout asks for them.
fn fraction(rest: &str, micro: bool) -> Option<&str> {
    let digits = rest.strip_prefix(['.', ',']).map_or(0, |tail| tail.bytes().take_while(u8::is_ascii_digit).count());
    match (micro, digits) {
        (true, 6) => Some(&rest[7..]),
        (true, _) => None,
        (false, 0) => Some(rest),
        (false, digits) => Some(&rest[digits + 1..]),
    }
}

/// What follows `Z` or `±07:00`.
fn zone(rest: &str) -> Option<&str> {
    if let Some(after) = rest.strip_prefix('Z') {
        return Some(after);
    }
    let offset = rest.strip_prefix(['+', '-'])?.get(..5)?.as_bytes();
    let form = offset.iter().enumerate().all(|(at, byte)| if at == 2 { *byte == b':' } else { byte.is_ascii_digit() });
    form.then(|| &rest[6..])
}

fn days(year: u32, month: u32) -> u32 {
    match month {
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Checks base64 text with padding; the error is the place that Go's decoder (`encoding/base64`) complains about. Line
/// breaks are skipped.
pub(super) fn base64(text: &str) -> Result<(), usize> {
    let bytes = text.as_bytes();
    let breaks = |at: usize| at + bytes[at..].iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
    let (mut at, mut in_group) = (0, 0);
    loop {
        at = breaks(at);
        let Some(&byte) = bytes.get(at) else {
            return if in_group == 0 { Ok(()) } else { Err(at - in_group) };
        };
        if byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/') {
            in_group = (in_group + 1) % 4;
            at += 1;
            continue;
        }
        if byte != b'=' || in_group < 2 {
            return Err(at);
        }
        at += 1;
        if in_group == 2 {
            at = breaks(at);
            match bytes.get(at) {
                None => return Err(bytes.len()),
                Some(b'=') => at += 1,
                Some(_) => return Err(at - 1),
            }
        }
        at = breaks(at);
        return if at == bytes.len() { Ok(()) } else { Err(at) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        for good in ["2026-11-20T10:00:00Z", "2024-02-29T23:59:59.5+01:00"] {
            assert_eq!(time(good, SECONDS), Ok(()), "{good}");
        }
        assert_eq!(time("2026-11-20T10:00:00.123456Z", MICROSECONDS), Ok(()));
        let error = |text| time(text, SECONDS).unwrap_err();
        let layout = "\"2006-01-02T15:04:05Z07:00\"";
        assert_eq!(
            error("yesterday"),
            format!("parsing time \"yesterday\" as {layout}: cannot parse \"yesterday\" as \"2006\"")
        );
        assert_eq!(error("2026-11-20"), format!("parsing time \"2026-11-20\" as {layout}: cannot parse \"\" as \"T\""));
        assert_eq!(error("2026-13-20T10:00:00Z"), "parsing time \"2026-13-20T10:00:00Z\": month out of range");
        assert_eq!(error("2026-02-30T10:00:00Z"), "parsing time \"2026-02-30T10:00:00Z\": day out of range");
        assert_eq!(error("2026-02-20T10:00:00Zx"), "parsing time \"2026-02-20T10:00:00Zx\": extra text: \"x\"");
    }

    #[test]
    fn base64_places() {
        for good in ["", "YQ==", "YWI=", "YWJj", "YW\nJj\n"] {
            assert_eq!(base64(good), Ok(()), "{good}");
        }
        let cases =
            [("<x>", 0), ("YWJj-", 4), ("YQ", 0), ("YQ=", 3), ("YWJjYQ", 4), ("YQ==x", 4), ("Y===", 1), ("YQ=x", 2)];
        for (text, at) in cases {
            assert_eq!(base64(text), Err(at), "{text}");
        }
    }
}
