//! A count or a percentage, as rollouts and budgets have them (upstream: `pkg/apis/apps/validation/validation.go`).

use super::check::{self, Errors};
use super::names;
use super::path::Path;
use super::status::FieldError;
use serde_json::Value;

/// A count that is not negative, or a percentage (`ValidatePositiveIntOrPercent`).
pub fn check(out: &mut Errors, path: &Path, value: &Value) {
    match value {
        Value::String(text) => check::complain(out, path, text, names::percent(text)),
        value => check::not_negative(out, path, value.as_i64().unwrap_or(0)),
    }
}

/// Not more than everything (`IsNotMoreThan100Percent`).
pub fn at_most_all(out: &mut Errors, path: &Path, value: &Value) {
    if percent(value).is_some_and(|percent| percent > 100) {
        out.push(FieldError::invalid(path, value.clone(), "must not be greater than 100%"));
    }
}

/// The number before the sign; too many digits are as good as none, as for Go's `Atoi`.
#[must_use]
pub fn percent(value: &Value) -> Option<i64> {
    let text = value.as_str().filter(|text| names::percent(text).is_empty())?;
    Some(text.trim_end_matches('%').parse().unwrap_or(0))
}

/// The number of either (`getIntOrPercentValue`).
#[must_use]
pub fn number(value: &Value) -> i64 {
    let plain = || value.as_str().map_or_else(|| value.as_i64().unwrap_or(0), |text| text.parse().unwrap_or(0));
    percent(value).unwrap_or_else(plain)
}
