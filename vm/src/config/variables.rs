//! `set`.

#![forbid(unsafe_code)]

use super::input::Input;
use super::keywords::{self as row, Keyword};
use super::types::{Config, Value, Variable};
use gasp_text::readings::UNKNOWN_VARIABLE_REFUSED;
use gasp_text::{ParseError, Position, Word, boolean, did_you_mean, number, size};

/// After `set`. `vdev` is the position of the vdev in whose context it is.
pub(super) fn set(
    input: &mut Input<'_>,
    config: &mut Config,
    vdev: Option<Position>,
    word: Word<'_>,
) -> Result<(), ParseError> {
    input.report.uses(row::SET, word.position);
    let token = input.argument("a variable")?;
    let name = token.word();
    let value_token = input.argument("the value of the variable")?;
    let Some(variable) = row::variable(&name.text()) else {
        let mut error = name.expected("a variable of 'set'");
        error.message += &did_you_mean(&name.text(), row::variables().map(Keyword::word));
        return if UNKNOWN_VARIABLE_REFUSED { Err(error) } else { Ok(()) };
    };
    let is_of_vdev = variable.context != row::SET.word();
    if is_of_vdev && vdev.is_none() {
        return Err(name.expected("a variable of the guest outside of a 'vdev'"));
    }
    if variable.word().starts_with("gic-") || variable.word().starts_with("host-paddr-gic") {
        input.report.arm(name.position, &format!("set {}", variable.word()));
    }
    let value = value(input, variable, value_token.word())?;
    input.report.uses(variable, name.position);
    let vdev = vdev.filter(|_| is_of_vdev);
    config.variables.push(Variable { name: variable.word(), value, vdev });
    Ok(())
}

/// A value of the type that the row of the variable names.
fn value(input: &mut Input<'_>, variable: &Keyword, word: Word<'_>) -> Result<Value, ParseError> {
    match variable.form.split(' ').nth(1) {
        Some("BOOLEAN") => boolean(word).map(Value::Boolean),
        Some("NUMBER") => number(word, "a number").map(Value::Number),
        Some("SIZE") => size(word, "a size").map(Value::Number),
        Some("ADDRESS") => input.address(word).map(Value::Number),
        _ => Ok(Value::Text(word.text())),
    }
}
