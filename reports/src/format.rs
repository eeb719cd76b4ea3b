//! How figures are written: in one way everywhere, the same on every machine.
//!
//! Each function here is also a helper of the templates: `{{number x}}`, `{{fixed x 3}}`,
//! `{{percent x 1}}`, `{{date x}}`.

use handlebars::{
    Context, Handlebars, Helper, HelperDef, HelperResult, Output, RenderContext, RenderErrorReason, html_escape,
};
use time::OffsetDateTime;

/// What stands where a value is missing or not a number.
pub const MISSING: &str = "–";

/// A count with thousands separators: `12,345`.
pub fn number(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A value with a fixed number of decimals and thousands separators: `1,234.50`.
pub fn fixed(value: f64, decimals: usize) -> String {
    if !value.is_finite() {
        return MISSING.to_owned();
    }
    let text = format!("{:.decimals$}", value.abs());
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let whole = whole.parse().map_or_else(|_| whole.to_owned(), number);
    // A value that rounds to zero has no sign.
    let sign = if value < 0.0 && text.bytes().any(|byte| (b'1'..=b'9').contains(&byte)) { "−" } else { "" };
    if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

/// A share (0 to 1) as a percentage: `12.3 %`.
pub fn percent(share: f64, decimals: usize) -> String {
    if share.is_finite() { format!("{} %", fixed(share * 100.0, decimals)) } else { MISSING.to_owned() }
}

/// The day of a time in Unix seconds, UTC: `2018-03-14`.
pub fn date(seconds: i64) -> String {
    OffsetDateTime::from_unix_timestamp(seconds).map_or_else(|_| MISSING.to_owned(), |time| time.date().to_string())
}

/// A probability: three decimals, or `< 0.001`.
pub fn p_value(value: f64) -> String {
    if value < 0.001 { "< 0.001".to_owned() } else { fixed(value, 3) }
}

/// A size in bytes with three digits: `950 B`, `1.20 kB`, `35.0 MB`.
pub fn bytes(value: u64) -> String {
    let mut scaled = value as f64;
    let mut unit = "B";
    for next in ["kB", "MB", "GB", "TB"] {
        if scaled < 1000.0 {
            break;
        }
        (scaled, unit) = (scaled / 1000.0, next);
    }
    let decimals = if unit == "B" || scaled >= 100.0 { 0 } else { 1 + usize::from(scaled < 10.0) };
    format!("{scaled:.decimals$} {unit}")
}

/// A count in few characters, for axes: `950`, `12k`, `3.5M`.
pub fn compact(value: f64) -> String {
    let (scaled, unit) = match value.abs() {
        size if size >= 1e9 => (value / 1e9, "G"),
        size if size >= 1e6 => (value / 1e6, "M"),
        size if size >= 1e4 => (value / 1e3, "k"),
        _ => (value, ""),
    };
    // Values below a hundredth keep their first digit.
    let decimals = if value != 0.0 && value.abs() < 0.01 { (-value.abs().log10() - 1e-9).ceil() as usize } else { 2 };
    let text = format!("{scaled:.decimals$}");
    format!("{}{unit}", text.trim_end_matches('0').trim_end_matches('.'))
}

/// Adds the helpers to a registry.
pub(crate) fn register(registry: &mut Handlebars<'_>) {
    registry.register_helper("number", helper(|value, _| number(value.max(0.0).round() as u64)));
    registry.register_helper("fixed", helper(fixed));
    registry.register_helper("percent", helper(percent));
    registry.register_helper("date", helper(|value, _| date(value as i64)));
}

/// A helper of a number and, optionally, how many decimals to write (1 unless told). Null is [`MISSING`].
fn helper(write: fn(f64, usize) -> String) -> Box<dyn HelperDef + Send + Sync> {
    Box::new(
        move |helper: &Helper<'_>,
              _: &Handlebars<'_>,
              _: &Context,
              _: &mut RenderContext<'_, '_>,
              out: &mut dyn Output|
              -> HelperResult {
            let wrong = || RenderErrorReason::ParamTypeMismatchForName("format", "0".to_owned(), "number".to_owned());
            let value = helper.param(0).ok_or_else(wrong)?.value();
            let decimals = helper.param(1).and_then(|param| param.value().as_u64()).unwrap_or(1) as usize;
            let text = match value.as_f64() {
                Some(value) => write(value, decimals),
                None if value.is_null() => MISSING.to_owned(),
                None => return Err(wrong().into()),
            };
            Ok(out.write(&html_escape(&text))?)
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_read_the_same_everywhere() {
        assert_eq!(number(0), "0");
        assert_eq!(number(999), "999");
        assert_eq!(number(1_234_567), "1,234,567");
        assert_eq!(fixed(-1234.567, 1), "−1,234.6");
        assert_eq!(fixed(-0.004, 2), "0.00");
        assert_eq!(fixed(f64::NAN, 2), MISSING);
        assert_eq!(percent(0.1234, 1), "12.3 %");
        assert_eq!(date(1_393_372_800), "2014-02-26");
        assert_eq!(date(i64::MAX), MISSING);
        assert_eq!(p_value(0.0004), "< 0.001");
        assert_eq!(p_value(0.25), "0.250");
        assert_eq!(["950 B", "1.20 kB", "35.0 MB"], [950, 1_200, 35_000_000].map(bytes).each_ref().map(String::as_str));
        assert_eq!(compact(12_500.0), "12.5k");
        assert_eq!(compact(3e6), "3M");
        assert_eq!(compact(0.05), "0.05");
        assert_eq!([compact(0.001), compact(0.0), compact(0.0005)], ["0.001", "0", "0.0005"]);
    }
}
