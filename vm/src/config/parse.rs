//! Words to statements.

#![forbid(unsafe_code)]

use super::cursor::Cursor;
use super::memory;
use super::types::{Config, OptionList, Policy, Start, Statement, VdevConfig, VdevOption};
use gasp_text::{ParseError, Position};
use gasp_text::{Word, lines};
use gasp_text::{address, location, size};

/// The list of statements, for errors.
const STATEMENTS: &str = "a statement (cpu, load, pass, ram, reserve, rom, system, unsupported or \
                          vdev)";
const WORDS: [&str; 9] =
    ["cpu", "load", "pass", "ram", "reserve", "rom", "system", "unsupported", "vdev"];
/// The options that every vdev has, each with an argument. A vdev's own options come first.
const EVERY_VDEV: [&str; 4] = ["loc", "intr", "name", "sched"];
/// Options of `cpu` that QNX has and gasp-vm does not.
const CPU_ELSEWHERE: [&str; 3] = ["sched", "runmask", "partition"];

/// Loads a vdev by its name and returns its options.
pub(crate) type LoadVdev<'a> = &'a mut dyn FnMut(&str) -> Result<OptionList, String>;

/// Reads a configuration. `load_vdev` is called once for each `vdev`, in order.
pub(crate) fn parse(text: &str, load_vdev: LoadVdev<'_>) -> Result<Config, ParseError> {
    let mut cursor = Cursor::new(lines(text)?);
    let (mut config, mut once) = (Config::default(), Once::default());
    while let Some(word) = cursor.next() {
        statement(&mut cursor, word, &mut config, &mut once, load_vdev)?;
    }
    Ok(config)
}

/// The positions of statements that a file may have only once.
#[derive(Debug, Default)]
struct Once {
    system: Option<Position>,
    unsupported: Option<Position>,
    start: Option<Position>,
}

fn only_once(before: &mut Option<Position>, word: Word<'_>) -> Result<(), ParseError> {
    match before.replace(word.position) {
        None => Ok(()),
        Some(Position { line, .. }) => {
            let message = format!("expected one '{}', but line {line} has one too", word.text());
            Err(ParseError { position: word.position, message })
        }
    }
}

fn statement(
    cursor: &mut Cursor<'_>,
    word: Word<'_>,
    config: &mut Config,
    once: &mut Once,
    load_vdev: LoadVdev<'_>,
) -> Result<(), ParseError> {
    match word.text().as_str() {
        "system" => {
            only_once(&mut once.system, word)?;
            config.name = Some(cursor.argument("the guest's name")?.text());
        }
        "unsupported" => {
            only_once(&mut once.unsupported, word)?;
            config.unsupported = Some(unsupported(cursor)?);
        }
        "cpu" => {
            config.cpus = config.cpus.saturating_add(1);
            cpu(cursor, &mut config.start, &mut once.start)?;
        }
        name => config.statements.push(in_order(cursor, name, word, load_vdev)?),
    }
    Ok(())
}

/// A statement that stays in the order of the file.
fn in_order(
    cursor: &mut Cursor<'_>,
    name: &str,
    word: Word<'_>,
    load_vdev: LoadVdev<'_>,
) -> Result<Statement, ParseError> {
    Ok(match name {
        "ram" => Statement::Memory(memory::memory(cursor, true)?),
        "rom" => Statement::Memory(memory::memory(cursor, false)?),
        "reserve" => Statement::Reserve(memory::reserve(cursor)?),
        "pass" => Statement::Pass(memory::pass(cursor)?),
        "load" => Statement::Load(memory::load(cursor)?),
        "vdev" => Statement::Vdev(vdev(cursor, load_vdev)?),
        _ => return Err(word.expected(STATEMENTS)),
    })
}

fn unsupported(cursor: &mut Cursor<'_>) -> Result<Policy, ParseError> {
    const WHAT: &str = "'reference' after 'unsupported' (instructions and registers are KVM's)";
    let word = cursor.argument(WHAT)?;
    if word.text() != "reference" {
        return Err(word.expected(WHAT));
    }
    const POLICY: &str = "ignore, fail or abort";
    let word = cursor.argument(POLICY)?;
    match word.text().as_str() {
        "ignore" => Ok(Policy::Ignore),
        "fail" => Ok(Policy::Fail),
        "abort" => Ok(Policy::Abort),
        _ => Err(word.expected(POLICY)),
    }
}

/// All vCPUs start alike, so one of them says how.
fn cpu(
    cursor: &mut Cursor<'_>,
    how: &mut Start,
    before: &mut Option<Position>,
) -> Result<(), ParseError> {
    let Some(word) = cursor.peek() else { return Ok(()) };
    match word.text().as_str() {
        "start" => {
            cursor.next();
            only_once(before, word)?;
            *how = start(cursor)?;
            Ok(())
        }
        other if CPU_ELSEWHERE.contains(&other) => {
            Err(word.expected("'start' or another statement after 'cpu'"))
        }
        _ => Ok(()),
    }
}

fn start(cursor: &mut Cursor<'_>) -> Result<Start, ParseError> {
    const WHAT: &str = "reset, SEGMENT:OFFSET or long,ENTRY,TABLES";
    let word = cursor.argument(WHAT)?;
    if word.text() == "reset" {
        return Ok(Start::Reset);
    }
    if let Some((segment, offset)) = word.split_once(':') {
        let (segment, offset) = (half(segment, "a segment")?, half(offset, "an offset")?);
        return Ok(Start::Real { segment, offset });
    }
    let [mode, entry, tables] = word.split(',')[..] else { return Err(word.expected(WHAT)) };
    if mode.text() != "long" {
        return Err(word.expected(WHAT));
    }
    Ok(Start::Long { entry: address(entry)?, tables: address(tables)? })
}

fn half(word: Word<'_>, what: &str) -> Result<u16, ParseError> {
    let wide = size(word, what)?;
    u16::try_from(wide).map_err(|_| word.expected(&format!("{what} up to 0xffff")))
}

fn vdev(cursor: &mut Cursor<'_>, load_vdev: LoadVdev<'_>) -> Result<VdevConfig, ParseError> {
    let word = cursor.argument("the name of a vdev")?;
    let (name, position) = (word.text(), word.position);
    if name.is_empty() || name.contains('/') {
        return Err(word.expected("NAME, as in vdev-NAME.so"));
    }
    let known = load_vdev(&name).map_err(|message| ParseError { position, message })?;
    let mut options = Vec::new();
    while let Some(word) = cursor.peek() {
        let option_name = word.text();
        match takes_argument(&known, &option_name) {
            Some(argument) => {
                cursor.next();
                options.push(option(cursor, option_name, argument, word.position)?);
            }
            None if WORDS.contains(&option_name.as_str()) => break,
            None => return Err(word.expected(&what_follows(&name, &known))),
        }
    }
    Ok(VdevConfig { name, position, options })
}

/// A description of the words that may follow the name of a vdev.
fn what_follows(name: &str, known: &OptionList) -> String {
    let own = known.0.iter().map(|(own, _)| own.as_str());
    let all: Vec<_> = own.chain(EVERY_VDEV).collect();
    format!("an option of vdev {name} ({}) or {STATEMENTS}", all.join(", "))
}

/// Whether an option has an argument; `None`: the vdev has no such option.
fn takes_argument(known: &OptionList, name: &str) -> Option<bool> {
    let own = known.0.iter().find(|(own, _)| own == name).map(|&(_, argument)| argument);
    own.or_else(|| EVERY_VDEV.contains(&name).then_some(true))
}

fn option(
    cursor: &mut Cursor<'_>,
    name: String,
    argument: bool,
    position: Position,
) -> Result<VdevOption, ParseError> {
    if !argument {
        return Ok(VdevOption { name, value: None, position });
    }
    let word = cursor.argument(&format!("the argument of '{name}'"))?;
    if name == "loc" {
        location(word)?;
    }
    Ok(VdevOption { name, value: Some(word.text()), position: word.position })
}
