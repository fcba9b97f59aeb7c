//! Resource quantities (`500m`, `1.5Gi`, `1e3`): exact arithmetic and upstream's canonical form.
//!
//! Follows `k8s.io/apimachinery/pkg/api/resource/quantity.go` and `suffix.go`: the smallest unit is a billionth, smaller
//! amounts are rounded away from zero, and each quantity remembers in which notation it was written, because that
//! decides how it is printed (`1024Mi` is `1Gi`, but `1073741824` stays).
//! Left out: amounts beyond ±1.7 × 10^29 are clipped there (upstream has no limit for decimal notations).

use std::cmp::Ordering;
use std::fmt;

use k8s_openapi::apimachinery::pkg::api::resource::Quantity as Text;

/// Billionths in one unit.
const NANO: i128 = 1_000_000_000;
/// Binary notations are capped at the largest 64-bit integer, as upstream does.
const MAX_BINARY: i128 = i64::MAX as i128 * NANO;

/// No machine has more than this of anything, in units or in thousandths: where amounts are summed up they are clipped
/// to it, so that the sums of many still fit.
pub const MOST: i64 = 1 << 50;

/// In which notation a quantity was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// Powers of ten with `n u m k M G T P E`.
    #[default]
    DecimalSi,
    /// Powers of 1024 with `Ki Mi Gi Ti Pi Ei`.
    BinarySi,
    /// Powers of ten with `e3`.
    DecimalExponent,
}

/// An exact amount of a resource. Equality includes the notation; use [`Quantity::compare`] for the amount alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Quantity {
    nano: i128,
    format: Format,
}

/// Why a text is not a quantity; the display is upstream's sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QuantityError {
    /// The text has another form altogether.
    Format,
    /// The suffix consists of the right letters, but is none.
    Suffix,
}

impl fmt::Display for QuantityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Format => {
                "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
            }
            Self::Suffix => "unable to parse quantity's suffix",
        })
    }
}

impl std::error::Error for QuantityError {}

/// The text of a quantity taken apart.
struct Parts<'a> {
    negative: bool,
    whole: &'a str,
    fraction: &'a str,
    suffix: &'a str,
}

impl<'a> Parts<'a> {
    fn split(text: &'a str) -> Result<Self, QuantityError> {
        if text.is_empty() {
            return Err(QuantityError::Format);
        }
        let negative = text.starts_with('-');
        let rest = text.strip_prefix(['+', '-']).unwrap_or(text);
        let (whole, rest) = take_while(rest, |byte| byte.is_ascii_digit());
        let (fraction, suffix) = match rest.strip_prefix('.') {
            Some(rest) => take_while(rest, |byte| byte.is_ascii_digit()),
            None => ("", rest),
        };
        let (_, exponent) = take_while(suffix, |byte| b"eEinumkKMGTP".contains(&byte));
        let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        if digits.bytes().all(|byte| byte.is_ascii_digit()) {
            Ok(Self { negative, whole, fraction, suffix })
        } else {
            Err(QuantityError::Format)
        }
    }
}

fn take_while(text: &str, wanted: impl Fn(u8) -> bool) -> (&str, &str) {
    let end = text.bytes().position(|byte| !wanted(byte)).unwrap_or(text.len());
    text.split_at(end)
}

/// What a suffix multiplies with.
#[derive(Clone, Copy)]
enum Scale {
    Ten(i32),
    Two(u32),
}

const DECIMAL: [(&str, i32); 10] =
    [("n", -9), ("u", -6), ("m", -3), ("", 0), ("k", 3), ("M", 6), ("G", 9), ("T", 12), ("P", 15), ("E", 18)];
const BINARY: [(&str, u32); 6] = [("Ki", 10), ("Mi", 20), ("Gi", 30), ("Ti", 40), ("Pi", 50), ("Ei", 60)];

fn interpret(suffix: &str) -> Result<(Scale, Format), QuantityError> {
    if let Some(&(_, power)) = DECIMAL.iter().find(|(name, _)| *name == suffix) {
        return Ok((Scale::Ten(power), Format::DecimalSi));
    }
    if let Some(&(_, power)) = BINARY.iter().find(|(name, _)| *name == suffix) {
        return Ok((Scale::Two(power), Format::BinarySi));
    }
    let exponent = suffix.strip_prefix(['e', 'E']).and_then(|digits| digits.parse::<i64>().ok());
    let exponent = exponent.ok_or(QuantityError::Suffix)?.clamp(-1000, 1000);
    let exponent = i32::try_from(exponent).unwrap_or_default();
    Ok((Scale::Ten(exponent), Format::DecimalExponent))
}

/// `mantissa × 10^power`, rounded away from zero, clipped to what fits.
fn times_power_of_ten(mantissa: i128, power: i32) -> i128 {
    let factor = 10_i128.checked_pow(power.unsigned_abs());
    match factor {
        _ if mantissa == 0 => 0,
        Some(factor) if power >= 0 => mantissa.saturating_mul(factor),
        Some(factor) => divide_up(mantissa, factor),
        None if power >= 0 => i128::MAX,
        None => 1,
    }
}

/// Division that rounds away from zero.
fn divide_up(value: i128, by: i128) -> i128 {
    let quotient = value / by;
    if value % by == 0 { quotient } else { quotient + value.signum() }
}

impl Quantity {
    /// Reads a quantity (`ParseQuantity`); surrounding white space is an error, as in the real server's defaulted forms.
    ///
    /// # Errors
    /// When the text does not have the form of a quantity, or its suffix is unknown.
    pub fn parse(text: &str) -> Result<Self, QuantityError> {
        let parts = Parts::split(text)?;
        let (scale, mut format) = interpret(parts.suffix)?;
        let mut places = i32::try_from(parts.fraction.len()).unwrap_or(i32::MAX);
        let mut mantissa: i128 = 0;
        for digit in parts.whole.bytes().chain(parts.fraction.bytes()) {
            mantissa = mantissa.saturating_mul(10).saturating_add(i128::from(digit - b'0'));
        }
        // Digits far beyond the smallest unit would overflow before they are rounded away.
        while places > 18 && mantissa % 10 == 0 {
            mantissa /= 10;
            places -= 1;
        }
        let mut nano = match scale {
            Scale::Ten(power) => times_power_of_ten(mantissa, power - places + 9),
            Scale::Two(power) => times_power_of_ten(mantissa.saturating_mul(1 << power), 9 - places),
        };
        if format == Format::BinarySi {
            nano = nano.min(MAX_BINARY);
            if nano > 0 && nano < NANO {
                format = Format::DecimalSi;
            }
        }
        Ok(Self { nano: if parts.negative { -nano } else { nano }, format })
    }

    /// So many whole units.
    #[must_use]
    pub fn from_units(units: i64, format: Format) -> Self {
        Self { nano: i128::from(units) * NANO, format }
    }

    /// So many thousandths, written with decimal suffixes.
    #[must_use]
    pub fn from_milli(milli: i64) -> Self {
        Self { nano: i128::from(milli) * (NANO / 1000), format: Format::DecimalSi }
    }

    /// Whole units, rounded away from zero and clipped to 64 bits (`Value`).
    #[must_use]
    pub fn value(&self) -> i64 {
        clip(divide_up(self.nano, NANO))
    }

    /// Thousandths, rounded away from zero and clipped to 64 bits (`MilliValue`).
    #[must_use]
    pub fn milli_value(&self) -> i64 {
        clip(divide_up(self.nano, NANO / 1000))
    }

    /// Billionths: the exact amount.
    #[must_use]
    pub fn nano_value(&self) -> i128 {
        self.nano
    }

    /// The notation that it is printed in.
    #[must_use]
    pub fn format(&self) -> Format {
        self.format
    }

    /// Nothing of it.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        self.nano == 0
    }

    /// -1, 0 or 1.
    #[must_use]
    pub fn sign(&self) -> i32 {
        match self.nano.cmp(&0) {
            Ordering::Less => -1,
            Ordering::Equal => 0,
            Ordering::Greater => 1,
        }
    }

    /// Whether it is a whole number of units.
    #[must_use]
    pub fn is_integer(&self) -> bool {
        self.nano % NANO == 0
    }

    /// Compares the amounts; the notation does not matter (`Cmp`).
    #[must_use]
    pub fn compare(&self, other: &Self) -> Ordering {
        self.nano.cmp(&other.nano)
    }

    /// Adds; zero takes over the other's notation (`Add`).
    pub fn add(&mut self, other: &Self) {
        if self.is_zero() {
            self.format = other.format;
        }
        self.nano = self.nano.saturating_add(other.nano);
    }

    /// Subtracts; zero takes over the other's notation (`Sub`).
    pub fn subtract(&mut self, other: &Self) {
        if self.is_zero() {
            self.format = other.format;
        }
        self.nano = self.nano.saturating_sub(other.nano);
    }

    /// The form in which the API server stores it: `parse(text)` printed again.
    ///
    /// # Errors
    /// As [`Quantity::parse`].
    pub fn canonical(text: &str) -> Result<String, QuantityError> {
        Self::parse(text).map(|quantity| quantity.to_string())
    }
}

fn clip(value: i128) -> i64 {
    i64::try_from(value).unwrap_or(if value < 0 { i64::MIN } else { i64::MAX })
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.nano == 0 {
            return f.write_str("0");
        }
        // Small or broken binary amounts are shown in decimal notation rather than rounded.
        let binary = self.format == Format::BinarySi && self.nano.abs() >= 1024 * NANO && self.is_integer();
        if binary { fmt_binary(self.nano / NANO, f) } else { fmt_decimal(self.nano, self.format, f) }
    }
}

fn fmt_binary(mut units: i128, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut suffix = "";
    for (name, _) in BINARY {
        if units % 1024 != 0 {
            break;
        }
        units /= 1024;
        suffix = name;
    }
    write!(f, "{units}{suffix}")
}

fn fmt_decimal(nano: i128, format: Format, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let (mut mantissa, mut exponent) = (nano, -9);
    while mantissa % 1000 == 0 && (format == Format::DecimalExponent || exponent < 18) {
        mantissa /= 1000;
        exponent += 3;
    }
    match DECIMAL.iter().find(|(_, power)| *power == exponent) {
        Some((suffix, _)) if format != Format::DecimalExponent => write!(f, "{mantissa}{suffix}"),
        _ if exponent == 0 => write!(f, "{mantissa}"),
        _ => write!(f, "{mantissa}e{exponent}"),
    }
}

impl TryFrom<&Text> for Quantity {
    type Error = QuantityError;

    fn try_from(text: &Text) -> Result<Self, Self::Error> {
        Self::parse(&text.0)
    }
}

impl From<Quantity> for Text {
    fn from(quantity: Quantity) -> Self {
        Text(quantity.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(text: &str) -> String {
        Quantity::canonical(text).unwrap()
    }

    #[test]
    fn canonical_forms() {
        let cases = [
            ("1024Mi", "1Gi"),
            ("1000m", "1"),
            ("0.5", "500m"),
            ("1.5Gi", "1536Mi"),
            ("0", "0"),
            ("0Gi", "0"),
            ("1500M", "1500M"),
            ("1e3", "1e3"),
            ("1E3", "1e3"),
            ("1E", "1E"),
            ("100Ki", "100Ki"),
            ("1023", "1023"),
            ("1024", "1024"),
            ("1Ki", "1Ki"),
            ("0.5Ki", "512"),
            ("0.1", "100m"),
            ("2000m", "2"),
            ("1.", "1"),
            (".5", "500m"),
            ("+1", "1"),
            ("-1.5", "-1500m"),
            ("0.0000000001", "1n"),
            ("12e6", "12e6"),
            ("1100000", "1100k"),
            ("3000000000", "3G"),
            ("1048576", "1048576"),
            ("0.3Ki", "307200m"),
            ("100n", "100n"),
            ("1234567890123456789012", "1234567890123456789012"),
            ("9Ei", "9223372036854775807"),
            ("1e-3", "1e-3"),
            ("110", "110"),
            ("16Gi", "16Gi"),
            ("0.5Mi", "512Ki"),
            ("1.5", "1500m"),
            ("1e1", "10"),
            ("m", "0"),
        ];
        for (text, expected) in cases {
            assert_eq!(canonical(text), expected, "{text}");
        }
    }

    #[test]
    fn refused() {
        for text in ["", "1x", "1g", "1e3Mi", "1.2.3", " 1", "1 ", "1Gi5x", "abc", "1_000"] {
            assert_eq!(Quantity::parse(text), Err(QuantityError::Format), "{text}");
        }
        for text in ["1KK", "1e", "1Gi5", "1i", "1K", "--1"] {
            assert_eq!(Quantity::parse(text), Err(QuantityError::Suffix), "{text}");
        }
    }

    #[test]
    fn values_round_up() {
        let quantity = |text| Quantity::parse(text).unwrap();
        assert_eq!(quantity("1m").value(), 1);
        assert_eq!(quantity("-1m").value(), -1);
        assert_eq!(quantity("100u").milli_value(), 1);
        assert_eq!(quantity("1.5Gi").value(), 1_610_612_736);
        assert_eq!(quantity("1e30").value(), i64::MAX);
        assert_eq!(quantity("1Gi").compare(&quantity("1073741824")), Ordering::Equal);
        let mut sum = Quantity::default();
        sum.add(&quantity("512Mi"));
        sum.add(&quantity("512Mi"));
        assert_eq!(sum.to_string(), "1Gi");
        sum.subtract(&quantity("1Gi"));
        assert!(sum.is_zero());
    }
}
