//! URLs, addresses and networks (upstream: `apiserver/pkg/cel/library/{urls,ip,cidr}.go`).

use super::eval::Outcome;
use super::functions::no_overload;
use super::val::Val;
use crate::api::check::{parse_cidr, parse_ip};
use std::net::IpAddr;
use std::rc::Rc;

/// Whether a text is a URL, or the path of one.
pub fn is_url(text: &str) -> bool {
    text.starts_with('/')
        || text.split_once("://").is_some_and(|(scheme, rest)| {
            !scheme.is_empty()
                && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
                && !rest.contains(' ')
        })
}

/// What a URL, an address or a network can be asked.
pub fn of_special(kind: &str, text: &str, name: &str, arguments: &[Val]) -> Outcome {
    match kind {
        "net.IP" => of_ip(text, name),
        "net.CIDR" => of_network(text, name, arguments),
        _ => of_url(text, name),
    }
}

fn of_ip(text: &str, name: &str) -> Outcome {
    let Some(ip) = parse_ip(text) else { return no_overload() };
    match name {
        "family" => Ok(Val::Int(if ip.is_ipv4() { 4 } else { 6 })),
        "isUnspecified" => Ok(Val::Bool(ip.is_unspecified())),
        "isLoopback" => Ok(Val::Bool(ip.is_loopback())),
        _ => no_overload(),
    }
}

fn of_network(text: &str, name: &str, arguments: &[Val]) -> Outcome {
    let Some((first, bits, four)) = parse_cidr(text) else { return no_overload() };
    let width = if four { 32 } else { 128 };
    let inside = |other: u128, other_bits: u32, other_four: bool| {
        let shift = width - bits;
        four == other_four
            && other_bits >= bits
            && (other.checked_shr(shift).unwrap_or(0) == first.checked_shr(shift).unwrap_or(0))
    };
    match (name, arguments) {
        ("containsIP", [Val::Text(ip) | Val::Special("net.IP", ip)]) => {
            let length = if ip.contains(':') { 128 } else { 32 };
            let other = parse_cidr(&format!("{ip}/{length}"));
            Ok(Val::Bool(other.is_some_and(|(first, bits, four)| inside(first, bits, four))))
        }
        ("containsCIDR", [Val::Text(other) | Val::Special("net.CIDR", other)]) => {
            Ok(Val::Bool(parse_cidr(other).is_some_and(|(first, bits, four)| inside(first, bits, four))))
        }
        ("prefixLength", []) => Ok(Val::Int(i64::from(bits))),
        ("ip", []) => Ok(Val::Special("net.IP", text.split('/').next().unwrap_or_default().into())),
        ("masked", []) => {
            let ip = if four {
                IpAddr::V4(u32::try_from(first).unwrap_or_default().into())
            } else {
                IpAddr::V6(first.into())
            };
            Ok(Val::Special("net.CIDR", format!("{ip}/{bits}").into()))
        }
        _ => no_overload(),
    }
}

fn of_url(text: &str, name: &str) -> Outcome {
    let (scheme, rest) = text.split_once("://").unwrap_or(("", text));
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let at = if scheme.is_empty() { 0 } else { rest.find('/').unwrap_or(rest.len()) };
    let (host, path) = rest.split_at(at);
    let port = host.rfind(':').filter(|at| !host[*at..].contains(']'));
    let found = match name {
        "getScheme" => scheme.to_owned(),
        "getHost" => host.to_owned(),
        "getHostname" => host[..port.unwrap_or(host.len())].trim_matches(['[', ']']).to_owned(),
        "getPort" => port.map(|at| host[at + 1..].to_owned()).unwrap_or_default(),
        "getEscapedPath" => path.to_owned(),
        "getQuery" => {
            let pairs =
                query.split('&').filter(|pair| !pair.is_empty()).map(|pair| pair.split_once('=').unwrap_or((pair, "")));
            let entries = pairs.map(|(key, value)| (Val::text(key), Val::List(Rc::from([Val::text(value)]))));
            return Ok(Val::Map(entries.collect()));
        }
        _ => return no_overload(),
    };
    Ok(Val::text(found))
}
