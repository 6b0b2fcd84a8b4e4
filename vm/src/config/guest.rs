//! The options that have no context.

#![forbid(unsafe_code)]

use super::input::Input;
use super::keywords as row;
use super::types::{Config, Policy, Split};
use super::{cpu, load, logging, memory, variables};
use gasp_text::readings::CMDLINE_LAST_WINS;
use gasp_text::{ParseError, Word, length, number};

/// Reads an option with its arguments; false if the word is none.
pub(super) fn option(
    input: &mut Input<'_>,
    config: &mut Config,
    text: &str,
    word: Word<'_>,
) -> Result<bool, ParseError> {
    let at = word.position;
    match text {
        "system" => {
            input.report.uses(row::SYSTEM, at);
            config.name = Some(input.argument("the guest's name")?.word().text());
        }
        "ram" => memory::memory(input, config, row::RAM, at)?,
        "rom" => memory::memory(input, config, row::ROM, at)?,
        "load" => load::load(input, config, row::LOAD, at)?,
        "cmdline" => cmdline(input, config, word)?,
        "unsupported" => unsupported(input, config, word)?,
        "logger" => {
            input.report.uses(row::LOGGER, at);
            config.loggers.push(logging::logger(input)?);
        }
        "dump" => config.dump = Some(logging::dump(input, word)?),
        "set" => variables::set(input, config, None, word)?,
        "dryrun" => {
            input.report.uses(row::DRYRUN, at);
            config.dryrun = true;
        }
        _ => {
            let is_known = without_effect(input, text, word)?;
            return Ok(is_known || own(input, config, text, word)?);
        }
    }
    Ok(true)
}

/// Options that change nothing here.
fn without_effect(input: &mut Input<'_>, text: &str, word: Word<'_>) -> Result<bool, ParseError> {
    match text {
        "safety" => {
            const FORM: &str = "none, warn or required";
            input.report.uses(row::SAFETY, word.position);
            let token = input.argument(FORM)?;
            let level = token.word();
            if !["none", "warn", "required"].contains(&level.text().as_str()) {
                return Err(level.expected(FORM));
            }
        }
        "debug" => input.report.uses(row::DEBUG, word.position),
        "user" => {
            input.report.uses(row::USER, word.position);
            for id in input.argument("UID[:GID]...")?.word().split(':') {
                number(id, "UID[:GID]...")?;
            }
        }
        _ => return Ok(false),
    }
    Ok(true)
}

/// libgasp's own options.
fn own(
    input: &mut Input<'_>,
    config: &mut Config,
    text: &str,
    word: Word<'_>,
) -> Result<bool, ParseError> {
    let at = word.position;
    match text {
        "gasp-start" => config.start = Some(cpu::start(input, at)?),
        "gasp-ram-chunk" => {
            input.report.uses(row::GASP_RAM_CHUNK, at);
            config.split = Split::Chunks(length(input.argument("a length")?.word())?);
        }
        "gasp-ram-random" => {
            input.report.uses(row::GASP_RAM_RANDOM, at);
            config.split = Split::Random(number(input.argument("a seed")?.word(), "a seed")?);
        }
        "gasp-asinfo" => {
            input.report.uses(row::GASP_ASINFO, at);
            input.add_asinfo()?;
        }
        _ => return Ok(false),
    }
    Ok(true)
}

fn cmdline(input: &mut Input<'_>, config: &mut Config, word: Word<'_>) -> Result<(), ParseError> {
    input.report.uses(row::CMDLINE, word.position);
    let text = input.argument("the command line of the guest's kernel")?.word().text();
    let before = config.cmdline.take().filter(|_| !CMDLINE_LAST_WINS);
    config.cmdline = Some(before.map_or_else(|| text.clone(), |before| format!("{before} {text}")));
    Ok(())
}

fn unsupported(
    input: &mut Input<'_>,
    config: &mut Config,
    word: Word<'_>,
) -> Result<(), ParseError> {
    const KIND: &str = "instruction, reference or register";
    const POLICY: &str = "abort, fail or ignore";
    let kind_token = input.argument(KIND)?;
    let kind = kind_token.word();
    if !["instruction", "reference", "register"].contains(&kind.text().as_str()) {
        return Err(kind.expected(KIND));
    }
    let token = input.argument(POLICY)?;
    let policy = match token.word().text().as_str() {
        "ignore" => Policy::Ignore,
        "fail" => Policy::Fail,
        "abort" => Policy::Abort,
        _ => return Err(token.word().expected(POLICY)),
    };
    let keyword = match (kind.text().as_str(), policy) {
        ("reference", _) => row::UNSUPPORTED_REFERENCE,
        (_, Policy::Fail) => row::UNSUPPORTED_FAIL,
        _ => row::UNSUPPORTED_OTHER,
    };
    input.report.uses(keyword, word.position);
    if keyword == row::UNSUPPORTED_REFERENCE {
        config.unsupported = Some(policy);
    }
    Ok(())
}
