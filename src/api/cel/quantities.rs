//! Amounts (upstream: `apiserver/pkg/cel/library/quantity.go`).

use super::eval::Outcome;
use super::functions::no_overload;
use super::val::Val;
use crate::api::quantity::Quantity;
use std::cmp::Ordering;

/// What an amount can be asked.
pub fn of_quantity(quantity: &Quantity, name: &str, arguments: &[Val]) -> Outcome {
    let other = match arguments {
        [Val::Quantity(other)] => Some(*other),
        [Val::Int(number)] => Some(Quantity::from_units(*number, quantity.format())),
        _ => None,
    };
    match (name, other) {
        ("isInteger", None) => Ok(Val::Bool(quantity.is_integer())),
        ("asInteger", None) if quantity.is_integer() => Ok(Val::Int(quantity.value())),
        ("asInteger", None) => Err("cannot convert value to integer".to_owned()),
        #[expect(clippy::cast_precision_loss, reason = "approximate by name")]
        ("asApproximateFloat", None) => Ok(Val::Double(quantity.nano_value() as f64 / 1e9)),
        ("sign", None) => Ok(Val::Int(i64::from(quantity.sign()))),
        ("compareTo", Some(other)) => Ok(Val::Int(quantity.compare(&other) as i64)),
        ("isGreaterThan", Some(other)) => Ok(Val::Bool(quantity.compare(&other) == Ordering::Greater)),
        ("isLessThan", Some(other)) => Ok(Val::Bool(quantity.compare(&other) == Ordering::Less)),
        ("add" | "sub", Some(other)) => {
            let mut result = *quantity;
            if name == "add" {
                result.add(&other);
            } else {
                result.subtract(&other);
            }
            Ok(Val::Quantity(result))
        }
        _ => no_overload(),
    }
}
