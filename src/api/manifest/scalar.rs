//! What a plain scalar means in YAML 1.1, as `sigs.k8s.io/yaml` resolves it (`goyaml.v2/resolve.go`).

use serde_json::{Number, Value};

/// What a text without quotes and without a tag stands for. `None`: a float that JSON cannot say (`.nan`, `.inf`).
pub(super) fn resolve(text: &str) -> Option<Value> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Some(Value::Null),
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            return Some(Value::Bool(true));
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            return Some(Value::Bool(false));
        }
        ".nan" | ".NaN" | ".NAN" => return None,
        _ => {}
    }
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") {
        return None;
    }
    let number = match text.as_bytes().first() {
        Some(b'0'..=b'9' | b'+' | b'-') => integer_or_float(&text.replace('_', "")),
        Some(b'.') => float(text),
        _ => None,
    };
    Some(number.unwrap_or_else(|| Value::from(text)))
}

fn integer_or_float(plain: &str) -> Option<Value> {
    if let Some(value) = integer(plain) {
        return Some(value);
    }
    float(plain)
}

/// A whole number with Go's prefixes: `0x`, `0b`, `0o` and the bare `0` of octal.
fn integer(plain: &str) -> Option<Value> {
    let (negative, digits) = match plain.as_bytes().first()? {
        b'-' => (true, &plain[1..]),
        b'+' => (false, &plain[1..]),
        _ => (false, plain),
    };
    let prefix = digits.get(..2).map(str::to_ascii_lowercase);
    let (radix, digits) = match prefix.as_deref() {
        Some("0x") => (16, &digits[2..]),
        Some("0b") => (2, &digits[2..]),
        Some("0o") => (8, &digits[2..]),
        _ if digits.len() > 1 && digits.starts_with('0') => (8, &digits[1..]),
        _ => (10, digits),
    };
    if !digits.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    let magnitude = u64::from_str_radix(digits, radix).ok()?;
    let signed = if negative { 0_i64.checked_sub_unsigned(magnitude) } else { i64::try_from(magnitude).ok() };
    match signed {
        Some(value) => Some(Value::from(value)),
        // Beyond 64 bits with sign the real decoders go on with a float.
        None if !negative => float(&magnitude.to_string()),
        None => None,
    }
}

/// A decimal fraction; whole ones that fit become integers, because that is what their JSON text says.
fn float(text: &str) -> Option<Value> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
    let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let form = digits(whole) && digits(fraction) && digits(exponent) && !exponent.is_empty();
    if !form || whole.len() + fraction.len() == 0 {
        return None;
    }
    let value: f64 = text.parse().ok()?;
    Some(number(value))
}

/// A float as the real decoders see it after its way through JSON text.
pub(super) fn number(value: f64) -> Value {
    let text = format!("{value}");
    if value.abs() < 1e21
        && !text.contains('.')
        && let Ok(whole) = text.parse::<i64>()
    {
        return Value::from(whole);
    }
    Number::from_f64(value).map_or(Value::Null, Value::Number)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn yaml_1_1() {
        let cases = [
            ("yes", json!(true)),
            ("y", json!(true)),
            ("N", json!(false)),
            ("off", json!(false)),
            ("On", json!(true)),
            ("yEs", json!("yEs")),
            ("~", json!(null)),
            ("null", json!(null)),
            ("nUll", json!("nUll")),
            ("0644", json!(420)),
            ("010", json!(8)),
            ("08", json!(8)),
            ("0o17", json!(15)),
            ("0x1F", json!(31)),
            ("0b101", json!(5)),
            ("-0x10", json!(-16)),
            ("1_000", json!(1000)),
            ("+5", json!(5)),
            ("-7", json!(-7)),
            ("1e3", json!(1000)),
            ("1E3", json!(1000)),
            ("0.1", json!(0.1)),
            (".5", json!(0.5)),
            ("1.", json!(1)),
            ("1.0", json!(1)),
            ("1e-7", json!(1e-7)),
            ("9223372036854775807", json!(9_223_372_036_854_775_807_i64)),
            ("18446744073709551615", json!(18_446_744_073_709_551_615.0)),
            ("2001-12-14", json!("2001-12-14")),
            ("2001-12-14T21:59:43Z", json!("2001-12-14T21:59:43Z")),
            ("12:30", json!("12:30")),
            ("1.2.3", json!("1.2.3")),
            ("10.0.0.0/8", json!("10.0.0.0/8")),
            ("1Gi", json!("1Gi")),
            ("-", json!("-")),
            ("+", json!("+")),
            ("0", json!(0)),
            ("1e", json!("1e")),
            ("e3", json!("e3")),
            (".", json!(".")),
            ("--x", json!("--x")),
            ("0x", json!("0x")),
            ("<<", json!("<<")),
        ];
        for (text, expected) in cases {
            assert_eq!(resolve(text), Some(expected), "{text}");
        }
        assert_eq!(resolve(".nan"), None);
        assert_eq!(resolve("-.inf"), None);
    }
}
