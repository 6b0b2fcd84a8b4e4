//! Numbers with suffixes.

use super::position::ParseError;
use super::words::Word;

/// A number: decimal or, after `0x`, hexadecimal; k, m and g multiply by 2^10, 2^20 and 2^30.
/// `what` names the number in the error.
pub fn number(word: Word<'_>, what: &str) -> Result<u64, ParseError> {
    let text = word.text();
    let hexadecimal = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    let (digits, radix) = match hexadecimal {
        Some(digits) => (digits, 16),
        None => (text.as_str(), 10),
    };
    let (digits, shift) = suffix(digits);
    if digits.is_empty() || !digits.chars().all(|c| c.is_digit(radix)) {
        return Err(word.expected(&format!("{what} (a number such as 4096, 0x1000 or 4k)")));
    }
    if radix == 10 && digits.len() > 1 && digits.starts_with('0') {
        return Err(word.expected(&format!("{what} (decimal without a leading 0, or after 0x)")));
    }
    u64::from_str_radix(digits, radix)
        .ok()
        .and_then(|number| number.checked_mul(1 << shift))
        .ok_or_else(|| word.expected(&format!("{what} below 2^64")))
}

/// The digits, and by how many bits the suffix shifts them.
fn suffix(text: &str) -> (&str, u32) {
    for (letters, shift) in [(['k', 'K'], 10), (['m', 'M'], 20), (['g', 'G'], 30)] {
        if let Some(digits) = text.strip_suffix(letters) {
            return (digits, shift);
        }
    }
    (text, 0)
}

/// A length; 0 is an error.
pub fn length(word: Word<'_>) -> Result<u64, ParseError> {
    match number(word, "a length")? {
        0 => Err(word.expected("a length above 0")),
        length => Ok(length),
    }
}

/// The part of a text up to where a number certainly ends.
pub fn leading_number(text: &str) -> &str {
    text.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default()
}
