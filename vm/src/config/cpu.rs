//! `cpu`, and `gasp-start`.

#![forbid(unsafe_code)]

use super::input::Input;
use super::keywords as row;
use super::types::{Config, Start};
use gasp_text::readings::MOST_CPUS;
use gasp_text::{ParseError, Position, Word, number, size};

/// `cpu`.
pub(super) fn add(
    input: &mut Input<'_>,
    config: &mut Config,
    word: Word<'_>,
) -> Result<(), ParseError> {
    input.report.uses(row::CPU, word.position);
    config.cpus = config.cpus.saturating_add(1);
    if config.cpus == MOST_CPUS.saturating_add(1) {
        return Err(word.expected(&format!("at most {MOST_CPUS} vCPUs")));
    }
    Ok(())
}

/// An option of `cpu`.
pub(super) fn option(
    input: &mut Input<'_>,
    text: &str,
    word: Word<'_>,
) -> Result<bool, ParseError> {
    match text {
        "sched" => {
            input.report.uses(row::CPU_SCHED, word.position);
            scheduling(input.argument("a priority")?.word())?;
        }
        "runmask" => {
            input.report.uses(row::CPU_RUNMASK, word.position);
            for cpu in input.argument("CPU[,CPU]...")?.word().split(',') {
                number(cpu, "the number of a CPU")?;
            }
        }
        "partition" => {
            input.report.uses(row::CPU_PARTITION, word.position);
            input.argument("the name of a partition")?;
        }
        "cluster" => {
            input.report.uses(row::CPU_CLUSTER, word.position);
            input.argument("the name of a cluster")?;
        }
        "start" => {
            start(input, word.position)?;
            input.report.uses(row::CPU_START, word.position);
        }
        _ => return Ok(false),
    }
    Ok(true)
}

/// A priority with its policy, or the five values of sporadic scheduling.
fn scheduling(word: Word<'_>) -> Result<(), ParseError> {
    let parts = word.split(',');
    let [high, others @ ..] = &parts[..] else { return Ok(()) };
    if others.is_empty() {
        let text = high.text();
        let digits = text.strip_suffix(['r', 'f', 'o']).unwrap_or(&text);
        return number(Word::new(digits, high.position), "a priority, with f, r or o after it")
            .map(drop);
    }
    let [.., budget] = others else { return Ok(()) };
    let (others, text) = (&parts[..parts.len().saturating_sub(1)], budget.text());
    let Some(budget_number) = text.strip_suffix('s').filter(|_| others.len() == 4) else {
        return Err(word.expected("HIGH,LOW,REPLENISHMENTS,PERIOD,BUDGETs"));
    };
    number(Word::new(budget_number, budget.position), "a budget in nanoseconds")?;
    others.iter().try_for_each(|part| number(*part, "a number").map(drop))
}

/// After `gasp-start`.
pub(super) fn start(input: &mut Input<'_>, at: Position) -> Result<Start, ParseError> {
    const WHAT: &str = "reset, SEGMENT:OFFSET, flat,ENTRY or long,ENTRY,TABLES";
    let token = input.argument(WHAT)?;
    let word = token.word();
    input.report.uses(row::GASP_START, at);
    if word.text() == "reset" {
        return Ok(Start::Reset);
    }
    if let Some((segment, offset)) = word.split_once(':') {
        let (segment, offset) = (half(segment, "a segment")?, half(offset, "an offset")?);
        return Ok(Start::Real { segment, offset });
    }
    match word.split(',')[..] {
        [mode, entry] if mode.text() == "flat" => {
            flat(input.address(entry)?).ok_or_else(|| entry.expected("an address below 4 GiB"))
        }
        [mode, entry, tables] if mode.text() == "long" => {
            Ok(Start::Long { entry: input.address(entry)?, tables: input.address(tables)? })
        }
        _ => Err(word.expected(WHAT)),
    }
}

fn flat(entry: u64) -> Option<Start> {
    u32::try_from(entry).ok().map(|entry| Start::Flat { entry })
}

fn half(word: Word<'_>, what: &str) -> Result<u16, ParseError> {
    let wide = size(word, what)?;
    u16::try_from(wide).map_err(|_| word.expected(&format!("{what} up to 0xffff")))
}
