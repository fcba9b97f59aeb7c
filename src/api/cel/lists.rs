//! Lists (upstream: `apiserver/pkg/cel/library/lists.go`).

use super::eval::Outcome;
use super::functions::{no_overload, shown, whole};
use super::val::Val;
use crate::sim::Order;
use std::cmp::Ordering;

/// The greatest or the least.
pub fn extreme(items: &[Val], greatest: bool) -> Outcome {
    let wanted = if greatest { Ordering::Greater } else { Ordering::Less };
    let mut best = items
        .first()
        .cloned()
        .ok_or_else(|| format!("{} called on empty list", if greatest { "max" } else { "min" }))?;
    for item in items {
        match item.order(&best) {
            Some(order) if order == wanted => best = item.clone(),
            Some(_) => {}
            None => return no_overload(),
        }
    }
    Ok(best)
}

/// What a list can be asked.
pub fn of_list(items: &[Val], name: &str, arguments: &[Val]) -> Outcome {
    let texts = || items.iter().map(shown).collect::<Vec<_>>();
    match (name, arguments) {
        ("join", []) => Ok(Val::text(texts().concat())),
        ("join", [Val::Text(by)]) => Ok(Val::text(texts().join(by))),
        ("isSorted", []) => {
            let pairs = items.windows(2).map(|pair| pair[0].order(&pair[1]));
            pairs
                .map(|order| order.map(|order| order != Ordering::Greater))
                .collect::<Option<Vec<_>>>()
                .map_or_else(no_overload, |all| Ok(Val::Bool(all.into_iter().all(|one| one))))
        }
        ("min" | "max", []) => extreme(items, name == "max"),
        ("sum", []) => {
            let mut sum = match items.first() {
                Some(Val::Double(_)) => Val::Double(0.0),
                Some(Val::Duration(_)) => Val::Duration(0),
                Some(Val::Uint(_)) => Val::Uint(0),
                _ => Val::Int(0),
            };
            for item in items {
                sum = match (&sum, item) {
                    (Val::Int(a), Val::Int(b)) => Val::Int(a.checked_add(*b).ok_or("integer overflow")?),
                    (Val::Uint(a), Val::Uint(b)) => Val::Uint(a.checked_add(*b).ok_or("unsigned integer overflow")?),
                    (Val::Duration(a), Val::Duration(b)) => Val::Duration(a.checked_add(*b).ok_or("integer overflow")?),
                    (Val::Double(a), Val::Double(b)) => Val::Double(a + b),
                    _ => return no_overload(),
                };
            }
            Ok(sum)
        }
        ("indexOf", [value]) => Ok(items.iter().position(|item| item.equals(value)).map_or(Val::Int(-1), whole)),
        ("lastIndexOf", [value]) => Ok(items.iter().rposition(|item| item.equals(value)).map_or(Val::Int(-1), whole)),
        ("reverse", []) => Ok(Val::List(items.iter().rev().cloned().collect())),
        ("distinct", []) => {
            let mut out: Vec<Val> = Vec::new();
            for item in items {
                if !out.iter().any(|known| known.equals(item)) {
                    out.push(item.clone());
                }
            }
            Ok(Val::List(out.into()))
        }
        ("sort", []) => {
            let mut out = items.to_vec();
            out.order_by(|a, b| a.order(b).unwrap_or(Ordering::Equal));
            Ok(Val::List(out.into()))
        }
        ("slice", [Val::Int(from), Val::Int(to)]) => {
            let range = usize::try_from(*from).ok().zip(usize::try_from(*to).ok());
            let found = range.and_then(|(from, to)| items.get(from..to));
            found
                .map(|items| Val::List(items.into()))
                .ok_or_else(|| format!("cannot slice({from}, {to}), list is length {}", items.len()))
        }
        _ => no_overload(),
    }
}
