//! Numbers: with prefixes, and with suffixes that multiply.
//!
//! In configurations the number's meaning says how digits without a prefix are read: an address is
//! hexadecimal, everything else decimal. Scripts have C's numbers.

use super::position::ParseError;
use super::readings::MULTIPLIED_ADDRESS_IS_DECIMAL;
use super::words::Word;

/// Examples of a length, for errors.
const LENGTHS: &str = "a number such as 4096, 0x1000 or 4k";
/// Examples of an address, for errors.
const ADDRESSES: &str = "hexadecimal, as 0xa0000 and a0000, or decimal, as 0d4096 and 4k";
/// Examples of a number without a unit, for errors.
const NUMBERS: &str = "a number such as 16 or 0x10";

/// How the digits of a number are read that has no prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bare {
    Decimal,
    /// Unless a suffix multiplies: then they are decimal.
    Hexadecimal,
}

/// A number that is neither an address nor a length: decimal, or after `0x` hexadecimal.
/// `what` names the number in the error.
pub fn number(word: Word<'_>, what: &str) -> Result<u64, ParseError> {
    let text = word.text();
    let (digits, radix, _) = parts(&text, Bare::Decimal);
    value(word, (digits, radix, 0), &format!("{what} ({NUMBERS})"), what)
}

/// A length: decimal, or after `0x` hexadecimal; k, m and g multiply by 2^10, 2^20 and 2^30. 0 is
/// an error.
pub fn length(word: Word<'_>) -> Result<u64, ParseError> {
    match size(word, "a length")? {
        0 => Err(word.expected("a length above 0")),
        length => Ok(length),
    }
}

/// A number as a length, which can be 0.
pub fn size(word: Word<'_>, what: &str) -> Result<u64, ParseError> {
    let text = word.text();
    let (digits, radix, shift) = suffixed(parts(&text, Bare::Decimal));
    value(word, (digits, radix, shift), &format!("{what} ({LENGTHS})"), what)
}

/// The number of an address: hexadecimal, or after `0d` or before a suffix that multiplies decimal.
pub(super) fn hexadecimal(word: Word<'_>, what: &str) -> Result<u64, ParseError> {
    let text = word.text();
    let (digits, radix, shift) = suffixed(parts(&text, Bare::Hexadecimal));
    value(word, (digits, radix, shift), &format!("{what} ({ADDRESSES})"), what)
}

/// A number of a script: as [`size`], but without `0d`, and what C would take for octal is an error.
pub fn c_number(word: Word<'_>, what: &str) -> Result<u64, ParseError> {
    let text = word.text();
    let (digits, radix, shift) = suffixed(parts(&text, Bare::Decimal));
    if text.starts_with("0d") || text.starts_with("0D") {
        return Err(word.expected(&format!("{what} ({LENGTHS})")));
    }
    if radix == 10 && digits.len() > 1 && digits.starts_with('0') {
        return Err(word.expected(&format!("{what} (decimal without a leading 0, or after 0x)")));
    }
    value(word, (digits, radix, shift), &format!("{what} ({LENGTHS})"), what)
}

/// Whether a person may have meant another address than the hexadecimal one: the address has no
/// prefix, and its digits are decimal and stand for another number then.
pub fn is_ambiguous(word: Word<'_>) -> bool {
    let text = word.text();
    let digits = text.trim_start_matches('0');
    digits.len() > 1 && digits.chars().all(|c| c.is_ascii_digit())
}

/// The digits, their radix, and whether a prefix says it.
fn parts(text: &str, bare: Bare) -> (&str, u32, bool) {
    for (prefix, radix) in [("0x", 16), ("0X", 16), ("0d", 10), ("0D", 10)] {
        if let Some(digits) = text.strip_prefix(prefix) {
            return (digits, radix, true);
        }
    }
    (text, if bare == Bare::Hexadecimal { 16 } else { 10 }, false)
}

/// The digits before a suffix, their radix, and by how many bits the suffix shifts them.
fn suffixed((text, radix, prefixed): (&str, u32, bool)) -> (&str, u32, u32) {
    for (letters, shift) in [(['k', 'K'], 10), (['m', 'M'], 20), (['g', 'G'], 30)] {
        if let Some(digits) = text.strip_suffix(letters) {
            let is_decimal = MULTIPLIED_ADDRESS_IS_DECIMAL && !prefixed;
            return (digits, if is_decimal { 10 } else { radix }, shift);
        }
    }
    (text, radix, 0)
}

fn value(
    word: Word<'_>,
    (digits, radix, shift): (&str, u32, u32),
    form: &str,
    what: &str,
) -> Result<u64, ParseError> {
    if digits.is_empty() || !digits.chars().all(|c| c.is_digit(radix)) {
        return Err(word.expected(form));
    }
    u64::from_str_radix(digits, radix)
        .ok()
        .and_then(|number| number.checked_mul(1 << shift))
        .ok_or_else(|| word.expected(&format!("{what} below 2^64")))
}

/// The part of a text up to where a number certainly ends.
pub fn leading_number(text: &str) -> &str {
    text.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default()
}

/// A boolean: `1`, `yes`, `on` or `true`, and their opposites.
pub fn boolean(word: Word<'_>) -> Result<bool, ParseError> {
    match word.text().as_str() {
        "1" | "yes" | "on" | "true" => Ok(true),
        "0" | "no" | "off" | "false" => Ok(false),
        _ => Err(word.expected("1, yes, on or true, or 0, no, off or false")),
    }
}
