//! What values can be asked (cel-spec's standard library, and what Kubernetes adds: `apiserver/pkg/cel/library`).

use super::eval::Outcome;
use super::lists::{extreme, of_list};
use super::networks::{is_url, of_special};
use super::quantities::of_quantity;
use super::times::{SECOND, civil, duration, moment, of_duration, of_moment};
use super::val::Val;
use crate::api::check::parse_cidr;
use crate::api::quantity::Quantity;
use std::fmt::Write;
use std::net::IpAddr;
use std::rc::Rc;

/// What cel-go says when nothing fits.
pub fn no_overload() -> Outcome {
    Err("no such overload".to_owned())
}

/// Calls a function: of a value (`a.f(b)`), or of arguments alone.
pub fn call(of: Option<&Val>, name: &str, arguments: &[Val]) -> Outcome {
    match (of, arguments) {
        (None, [one]) if name == "size" => size(one),
        (None, arguments) => free(name, arguments),
        (Some(of), arguments) => method(of, name, arguments),
    }
}

fn size(value: &Val) -> Outcome {
    let size = match value {
        Val::Text(text) => text.chars().count(),
        Val::Bytes(bytes) => bytes.len(),
        Val::List(items) => items.len(),
        Val::Map(entries) => entries.len(),
        _ => return no_overload(),
    };
    Ok(whole(size))
}

/// A count.
pub fn whole(number: usize) -> Val {
    Val::Int(i64::try_from(number).unwrap_or(i64::MAX))
}

fn free(name: &str, arguments: &[Val]) -> Outcome {
    match (name, arguments) {
        ("type", [value]) => Ok(Val::Type(value.type_name())),
        ("dyn", [value]) => Ok(value.clone()),
        ("int" | "uint" | "double" | "string" | "bool" | "bytes", [value]) => convert(name, value),
        ("duration", [Val::Text(text)]) => duration(text)
            .map(Val::Duration)
            .ok_or_else(|| format!("error parsing duration: invalid duration {text:?}")),
        ("timestamp", [Val::Text(text)]) => {
            moment(text).map(Val::Moment).ok_or_else(|| format!("error parsing timestamp: {text:?}"))
        }
        ("timestamp", [Val::Int(seconds)]) => Ok(Val::Moment(seconds.saturating_mul(SECOND))),
        (
            "duration" | "timestamp" | "quantity" | "ip" | "cidr" | "url",
            [same @ (Val::Duration(_) | Val::Moment(_) | Val::Quantity(_) | Val::Special(..))],
        ) => Ok(same.clone()),
        ("quantity", [Val::Text(text)]) => Quantity::parse(text).map(Val::Quantity).map_err(|error| error.to_string()),
        ("isQuantity", [Val::Text(text)]) => Ok(Val::Bool(Quantity::parse(text).is_ok())),
        ("isIP", [Val::Text(text)]) => Ok(Val::Bool(text.parse::<IpAddr>().is_ok())),
        ("ip.isCanonical", [Val::Text(text)]) => {
            Ok(Val::Bool(text.parse::<IpAddr>().is_ok_and(|ip| ip.to_string() == **text)))
        }
        ("ip", [Val::Text(text)]) => match text.parse::<IpAddr>() {
            Ok(_) => Ok(Val::Special("net.IP", text.clone())),
            Err(_) => Err(format!(
                "IP Address {text:?} parse error during conversion from string: ParseAddr({text:?}): unable to parse IP"
            )),
        },
        ("isCIDR", [Val::Text(text)]) => Ok(Val::Bool(parse_cidr(text).is_some())),
        ("cidr", [Val::Text(text)]) => match parse_cidr(text) {
            Some(_) => Ok(Val::Special("net.CIDR", text.clone())),
            None => Err(format!(
                "network address parse error during conversion from string: netip.ParsePrefix({text:?}): no '/'"
            )),
        },
        ("isURL", [Val::Text(text)]) => Ok(Val::Bool(is_url(text))),
        ("url", [Val::Text(text)]) if is_url(text) => Ok(Val::Special("kubernetes.URL", text.clone())),
        ("url", [Val::Text(text)]) => {
            Err(format!("URL parse error during conversion from string: parse {text:?}: invalid URI for request"))
        }
        ("optional.of", [value]) => Ok(Val::Optional(Some(Rc::new(value.clone())))),
        ("optional.none", []) => Ok(Val::Optional(None)),
        ("optional.ofNonZeroValue", [value]) => {
            let zero = matches!(value, Val::Null | Val::Bool(false) | Val::Int(0) | Val::Uint(0))
                || matches!(size(value), Ok(Val::Int(0)));
            Ok(Val::Optional((!zero).then(|| Rc::new(value.clone()))))
        }
        ("sets.contains", [Val::List(all), Val::List(some)]) => Ok(Val::Bool(contains(all, some))),
        ("sets.equivalent", [Val::List(a), Val::List(b)]) => Ok(Val::Bool(contains(a, b) && contains(b, a))),
        ("sets.intersects", [Val::List(a), Val::List(b)]) => {
            Ok(Val::Bool(a.iter().any(|item| b.iter().any(|other| other.equals(item)))))
        }
        ("math.greatest" | "math.least", values) => {
            let values = match values {
                [Val::List(items)] => items,
                values => values,
            };
            extreme(values, name == "math.greatest")
        }
        _ => Err(format!("no such overload: {name}")),
    }
}

fn contains(all: &[Val], some: &[Val]) -> bool {
    some.iter().all(|item| all.iter().any(|other| other.equals(item)))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "CEL's conversions"
)]
fn convert(name: &str, value: &Val) -> Outcome {
    let wrong = |of: &str| format!("type conversion error from '{of}' to '{name}'");
    match (name, value) {
        ("int", Val::Int(_))
        | ("uint", Val::Uint(_))
        | ("double", Val::Double(_))
        | ("bool", Val::Bool(_))
        | ("string", Val::Text(_))
        | ("bytes", Val::Bytes(_)) => Ok(value.clone()),
        ("int", Val::Uint(number)) => i64::try_from(*number).map(Val::Int).map_err(|_| "integer overflow".to_owned()),
        ("int", Val::Double(number)) if number.abs() < 9.2e18 => Ok(Val::Int(*number as i64)),
        ("int", Val::Double(_)) => Err("integer overflow".to_owned()),
        ("int", Val::Text(text)) => text.parse().map(Val::Int).map_err(|_| wrong("string")),
        ("int", Val::Moment(nanos)) => Ok(Val::Int(nanos.div_euclid(SECOND))),
        ("uint", Val::Int(number)) => {
            u64::try_from(*number).map(Val::Uint).map_err(|_| "unsigned integer overflow".to_owned())
        }
        ("uint", Val::Double(number)) if *number >= 0.0 => Ok(Val::Uint(*number as u64)),
        ("uint", Val::Text(text)) => text.parse().map(Val::Uint).map_err(|_| wrong("string")),
        ("double", Val::Int(number)) => Ok(Val::Double(*number as f64)),
        ("double", Val::Uint(number)) => Ok(Val::Double(*number as f64)),
        ("double", Val::Text(text)) => text.parse().map(Val::Double).map_err(|_| wrong("string")),
        ("bool", Val::Text(text)) => match &**text {
            "true" | "True" | "TRUE" | "t" | "1" => Ok(Val::Bool(true)),
            "false" | "False" | "FALSE" | "f" | "0" => Ok(Val::Bool(false)),
            _ => Err(wrong("string")),
        },
        ("bytes", Val::Text(text)) => Ok(Val::Bytes(text.as_bytes().into())),
        ("string", Val::Bytes(bytes)) => String::from_utf8(bytes.to_vec())
            .map(Val::text)
            .map_err(|_| "invalid UTF-8 in bytes, cannot convert to string".to_owned()),
        ("string", Val::List(_) | Val::Map(_) | Val::Null | Val::Optional(_)) => no_overload(),
        ("string", value) => Ok(Val::text(shown(value))),
        _ => no_overload(),
    }
}

fn method(of: &Val, name: &str, arguments: &[Val]) -> Outcome {
    if name == "size" && arguments.is_empty() {
        return size(of);
    }
    match of {
        Val::Text(text) => of_text(text, name, arguments),
        Val::List(items) => of_list(items, name, arguments),
        Val::Quantity(quantity) => of_quantity(quantity, name, arguments),
        Val::Optional(inner) => of_optional(inner.as_ref(), name, arguments),
        Val::Moment(nanos) => of_moment(*nanos, name, arguments),
        Val::Duration(nanos) => of_duration(*nanos, name),
        Val::Special(kind, text) => of_special(kind, text, name, arguments),
        _ => no_overload(),
    }
}

/// A regular expression.
pub fn regex(pattern: &str) -> Result<regex_lite::Regex, String> {
    regex_lite::Regex::new(pattern).map_err(|error| format!("error parsing regexp: {error}"))
}

fn place(text: &str, at: Option<usize>) -> Val {
    at.map_or(Val::Int(-1), |at| whole(text[..at].chars().count()))
}

fn of_text(text: &str, name: &str, arguments: &[Val]) -> Outcome {
    let flag = |flag| Ok(Val::Bool(flag));
    match (name, arguments) {
        ("startsWith", [Val::Text(part)]) => flag(text.starts_with(&**part)),
        ("endsWith", [Val::Text(part)]) => flag(text.ends_with(&**part)),
        ("contains", [Val::Text(part)]) => flag(text.contains(&**part)),
        ("matches", [Val::Text(pattern)]) => regex(pattern).map(|regex| Val::Bool(regex.is_match(text))),
        ("find", [Val::Text(pattern)]) => {
            regex(pattern).map(|regex| Val::text(regex.find(text).map_or("", |found| found.as_str())))
        }
        ("findAll", [Val::Text(pattern), rest @ ..]) => {
            let most = match rest {
                [Val::Int(most)] => usize::try_from(*most).unwrap_or(usize::MAX),
                _ => usize::MAX,
            };
            regex(pattern).map(|regex| {
                Val::List(regex.find_iter(text).take(most).map(|found| Val::text(found.as_str())).collect())
            })
        }
        ("lowerAscii", []) => Ok(Val::text(text.to_ascii_lowercase())),
        ("upperAscii", []) => Ok(Val::text(text.to_ascii_uppercase())),
        ("trim", []) => Ok(Val::text(text.trim())),
        ("reverse", []) => Ok(Val::text(text.chars().rev().collect::<String>())),
        ("indexOf", [Val::Text(part)]) => Ok(place(text, text.find(&**part))),
        ("lastIndexOf", [Val::Text(part)]) => Ok(place(text, text.rfind(&**part))),
        ("charAt", [Val::Int(index)]) => substring(text, *index, index + 1),
        ("substring", [Val::Int(from)]) => {
            substring(text, *from, i64::try_from(text.chars().count()).unwrap_or(i64::MAX))
        }
        ("substring", [Val::Int(from), Val::Int(to)]) => substring(text, *from, *to),
        ("replace", [Val::Text(from), Val::Text(to)]) => Ok(Val::text(text.replace(&**from, to))),
        ("replace", [Val::Text(from), Val::Text(to), Val::Int(most)]) => Ok(Val::text(
            usize::try_from(*most).map_or_else(|_| text.replace(&**from, to), |most| text.replacen(&**from, to, most)),
        )),
        ("split", [Val::Text(by)]) if by.is_empty() => {
            Ok(Val::List(text.chars().map(|c| Val::text(c.to_string())).collect()))
        }
        ("split", [Val::Text(by)]) => Ok(Val::List(text.split(&**by).map(Val::text).collect())),
        ("split", [Val::Text(by), Val::Int(most)]) => {
            let most = usize::try_from(*most).unwrap_or(usize::MAX);
            Ok(Val::List(text.splitn(most, &**by).map(Val::text).collect()))
        }
        ("format", [Val::List(values)]) => format(text, values).map(Val::text),
        _ => no_overload(),
    }
}

fn substring(text: &str, from: i64, to: i64) -> Outcome {
    let length = i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
    let bad = |index: i64| Err(format!("index out of range: {index}"));
    if from < 0 || from > length {
        return bad(from);
    }
    if to < 0 || to > length {
        return bad(to);
    }
    if from > to {
        return Err(format!("invalid substring range. start: {from}, end: {to}"));
    }
    let (from, to) = (usize::try_from(from).unwrap_or_default(), usize::try_from(to).unwrap_or_default());
    Ok(Val::text(text.chars().skip(from).take(to - from).collect::<String>()))
}

fn of_optional(inner: Option<&Rc<Val>>, name: &str, arguments: &[Val]) -> Outcome {
    match (name, arguments, inner) {
        ("hasValue", [], inner) => Ok(Val::Bool(inner.is_some())),
        ("value", [], Some(inner)) | ("orValue", [_], Some(inner)) => Ok((**inner).clone()),
        ("value", [], None) => Err("optional.none() dereference".to_owned()),
        ("orValue" | "or", [other], None) => Ok(other.clone()),
        ("or", [_], Some(inner)) => Ok(Val::Optional(Some(inner.clone()))),
        _ => no_overload(),
    }
}

/// `%`-clauses (cel-go, `ext/formatting.go`).
fn format(text: &str, values: &[Val]) -> Result<String, String> {
    let (mut out, mut next, mut characters) = (String::new(), values.iter(), text.chars());
    while let Some(c) = characters.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        let mut precision = String::new();
        let verb = loop {
            match characters.next() {
                Some(c @ ('.' | '0'..='9')) => precision.push(c),
                Some(verb) => break verb,
                None => return Err("unexpected end of string".to_owned()),
            }
        };
        if verb == '%' {
            out.push('%');
            continue;
        }
        let value = next.next().ok_or_else(|| "index 0 out of range".to_owned())?;
        let digits = precision.trim_start_matches('.').parse().unwrap_or(6);
        match (verb, value) {
            ('f', Val::Double(number)) => put(&mut out, format_args!("{number:.digits$}")),
            ('e', Val::Double(number)) => put(&mut out, format_args!("{number:.digits$e}")),
            ('x', Val::Int(number)) => put(&mut out, format_args!("{number:x}")),
            ('X', Val::Int(number)) => put(&mut out, format_args!("{number:X}")),
            ('o', Val::Int(number)) => put(&mut out, format_args!("{number:o}")),
            ('b', Val::Int(number)) => put(&mut out, format_args!("{number:b}")),
            ('s' | 'd' | 'b', value) => out.push_str(&shown(value)),
            (verb, _) => {
                return Err(format!("could not parse formatting clause: unrecognized formatting clause \"{verb}\""));
            }
        }
    }
    Ok(out)
}

fn put(out: &mut String, text: std::fmt::Arguments) {
    // Writing to a text cannot fail.
    let _ = out.write_fmt(text);
}

/// A value as text.
#[must_use]
pub fn shown(value: &Val) -> String {
    match value {
        Val::Null => "null".to_owned(),
        Val::Bool(flag) => flag.to_string(),
        Val::Int(number) => number.to_string(),
        Val::Uint(number) => number.to_string(),
        Val::Double(number) => number.to_string(),
        Val::Text(text) | Val::Special(_, text) => text.to_string(),
        Val::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        Val::List(items) => format!("[{}]", items.iter().map(shown).collect::<Vec<_>>().join(", ")),
        Val::Map(entries) => {
            let entry = |(key, value): &(Val, Val)| format!("{}: {}", shown(key), shown(value));
            format!("{{{}}}", entries.iter().map(entry).collect::<Vec<_>>().join(", "))
        }
        Val::Duration(nanos) => {
            let (whole, part) = (nanos / SECOND, (nanos % SECOND).abs());
            if part == 0 {
                format!("{whole}s")
            } else {
                format!("{whole}.{}s", format!("{part:09}").trim_end_matches('0'))
            }
        }
        Val::Moment(nanos) => {
            let seconds = nanos.div_euclid(SECOND);
            let (year, month, day) = civil(seconds.div_euclid(86_400));
            let rest = seconds.rem_euclid(86_400);
            format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", rest / 3600, rest / 60 % 60, rest % 60)
        }
        Val::Quantity(quantity) => quantity.to_string(),
        Val::Optional(inner) => inner.as_ref().map_or_else(|| "optional.none()".to_owned(), |inner| shown(inner)),
        Val::Type(name) => (*name).to_owned(),
    }
}
