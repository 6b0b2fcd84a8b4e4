//! Scripts, as text and on a real guest.

#![allow(clippy::unwrap_used)]

use super::parse;
use super::run::{Failure, Script, run};
use super::step::{Access, Repeat, Step};
use crate::platform::Platform;
use gasp_safe::{AccessKind, Guest, Memory, Space, Unsupported};
use gasp_text::Position;
use std::time::Duration;

fn refusal(text: &str) -> String {
    parse(text).unwrap_err().to_string()
}

fn access(
    kind: AccessKind,
    space: Space,
    location: u64,
    size: usize,
    value: Option<u64>,
) -> Access {
    Access { position: Position { line: 1, column: 1 }, kind, space, location, size, value }
}

#[test]
fn accesses() {
    let cases = [
        ("read io 0x3f8 1", access(AccessKind::Read, Space::Ports, 0x3f8, 1, None)),
        ("read io 0xffff 1", access(AccessKind::Read, Space::Ports, 0xffff, 1, None)),
        (
            "write mem 1m 4 0xdeadbeef # here",
            access(AccessKind::Write, Space::Memory, 1 << 20, 4, Some(0xdead_beef)),
        ),
        ("write mem 0 1 255", access(AccessKind::Write, Space::Memory, 0, 1, Some(255))),
        (
            "expect mem 0xfffffffffffffff8 8 0xffffffffffffffff",
            access(AccessKind::Read, Space::Memory, u64::MAX - 7, 8, Some(u64::MAX)),
        ),
        ("fetch mem 0x7c00 2", access(AccessKind::Execute, Space::Memory, 0x7c00, 2, None)),
    ];
    for (text, access) in cases {
        assert_eq!(parse(text), Ok(vec![Step::Access(access)]), "{text}");
    }
}

#[test]
fn other_statements() {
    let at = Position { line: 1, column: 1 };
    let text = access(AccessKind::Write, Space::Ports, 0x3f8, 1, None);
    let fault = access(AccessKind::Write, Space::Memory, 0, 1, Some(2));
    let after = |ms| Duration::from_millis(ms);
    let cases = [
        ("fault write mem 0 1 2", Step::Fault(fault)),
        ("text io 0x3f8 \"a # b\\n\\\\\"", Step::Text(text, b"a # b\n\\".to_vec())),
        ("wait 5", Step::Wait(after(5))),
        ("interrupt 0x20", Step::Interrupt { position: at, vector: 0x20, within: after(1000) }),
        ("interrupt 255 7", Step::Interrupt { position: at, vector: 255, within: after(7) }),
    ];
    for (text, step) in cases {
        assert_eq!(parse(text), Ok(vec![step]), "{text}");
    }
}

#[test]
fn loops_nest() {
    let steps = parse("repeat 2\nwait 1\nrepeat 3 4k\nend\nend\nwait 2").unwrap();
    let inner = Repeat { times: 3, stride: 4096, steps: Vec::new() };
    let wait = |ms| Step::Wait(Duration::from_millis(ms));
    let outer = Repeat { times: 2, stride: 0, steps: vec![wait(1), Step::Repeat(inner)] };
    assert_eq!(steps, [Step::Repeat(outer), wait(2)]);
}

#[test]
fn refusals() {
    let cases = [
        (
            "peek mem 0 1",
            "1:1: expected read, expect, write, fetch, fault, text, repeat, end, wait or \
             interrupt, found 'peek'",
        ),
        ("read", "1:5: expected mem or io, found the end of the line"),
        ("read pci 0 1", "1:6: expected mem or io, found 'pci'"),
        ("read mem", "1:9: expected a location, found the end of the line"),
        ("read mem 0", "1:11: expected a size, found the end of the line"),
        ("read mem 0 3", "1:12: expected one of the sizes [1, 2, 4, 8], found '3'"),
        ("read io 0 8", "1:11: expected one of the sizes [1, 2, 4], found '8'"),
        (
            "read io 0xffff 2",
            "1:9: expected a location that is in the space with its whole size, found '0xffff'",
        ),
        (
            "read mem 0xfffffffffffffffd 4",
            "1:10: expected a location that is in the space with its whole size, found \
             '0xfffffffffffffffd'",
        ),
        ("read io 64k 1", "1:9: expected a port up to 0xffff, found '64k'"),
        ("read mem 0 1 2", "1:14: expected the end of the line, found '2'"),
        ("\n write mem 0 1", "2:15: expected a value, found the end of the line"),
        ("write mem 0 1 256", "1:15: expected a value of 1 bytes, found '256'"),
        ("write mem 0 4 4g", "1:15: expected a value of 4 bytes, found '4g'"),
        ("fault text io 0 a", "1:7: expected read, write or fetch, found 'text'"),
        ("fault", "1:6: expected read, write or fetch, found the end of the line"),
        ("text io 0 \"\\t\"", "1:11: expected \\n or \\\\ after each \\, found '\"\\t\"'"),
        ("text io 0 a\\", "1:11: expected \\n or \\\\ after each \\, found 'a\\'"),
        ("end", "1:1: expected a 'repeat' before it, found 'end'"),
        ("repeat 2\nrepeat 3\nend", "1:1: expected an 'end' after it, found the end of the file"),
        ("repeat", "1:7: expected how often, found the end of the line"),
        ("interrupt 256", "1:11: expected a vector up to 0xff, found '256'"),
    ];
    for (text, said) in cases {
        assert_eq!(refusal(text), said, "{text}");
    }
}

/// Runs a script on 64 KiB of RAM and 4 KiB of ROM.
fn play(text: &str, script: &Script) -> Result<u8, Failure> {
    let guest = Guest::new().unwrap();
    guest.add_memory(0, 0x1_0000, Memory::Ram).unwrap();
    guest.add_memory(0x1_0000, 0x1000, Memory::Rom).unwrap();
    guest.set_unsupported(Unsupported::Fail).unwrap();
    let steps = parse(text).unwrap();
    run(&steps, &mut guest.cpu().unwrap(), script)
}

fn said(text: &str) -> String {
    let Failure { exit_code, error } = play(text, &Script::new()).unwrap_err();
    assert_eq!(exit_code, 96);
    error.to_string()
}

#[test]
fn memory_keeps_what_is_written() {
    let text = "write mem 0x1000 4 0xdeadbeef\nexpect mem 0x1000 4 0xdeadbeef\n\
                expect mem 0x1002 2 0xdead\nexpect mem 0x1004 8 0\nread mem 0x1000 4\n\
                fetch mem 0x1000 2\nfault write mem 0x10000 1 0\nfault read io 0 1\n\
                text mem 0x2000 \"ab\"\nexpect mem 0x2000 1 0x62";
    assert_eq!(play(text, &Script::new()), Ok(0));
}

#[test]
fn loops_move_on() {
    let text = "repeat 3 0x1000\nrepeat 2 8\nwrite mem 16 1 1\nend\nend\n\
                expect mem 0x2018 1 1\nexpect mem 0x2020 1 0\nexpect mem 0x3010 1 0";
    assert_eq!(play(text, &Script::new()), Ok(0));
}

#[test]
fn what_fails() {
    assert_eq!(said("\nexpect mem 0 2 0x12"), "2:1: read mem 0x0 2: expected 0x0012, read 0x0000");
    assert_eq!(said(" read mem 0x11000 1"), "1:2: read mem 0x11000 1: a guest would fault");
    assert_eq!(
        said("fault read mem 0 1"),
        "1:1: read mem 0x0 1: expected a fault, and it succeeded"
    );
    assert_eq!(said("interrupt 0x20 1"), "1:1: expected interrupt 0x20 within 1 ms");
    assert_eq!(
        said("repeat 2 0xffffffffffffffff\nread mem 1 1\nend"),
        "2:1: read mem 0x1 1: goes past the end of memory"
    );
}

#[test]
fn interrupts_are_counted() {
    let script = Script::new();
    script.interrupt(0x20, true);
    script.interrupt(0x20, false);
    script.interrupt(0x20, true);
    assert_eq!(play("interrupt 0x20 0\ninterrupt 0x20 0", &script), Ok(0));
    assert!(play("interrupt 0x20 0", &script).is_err());
}

#[test]
fn an_ended_guest_does_nothing_more() {
    let script = Script::new();
    script.terminate(4);
    script.terminate(0);
    assert_eq!(play("repeat 1000000000\nend\nexpect mem 0 1 1", &script), Ok(4));
}

/// Both kinds of waiting end with the guest.
#[test]
fn waiting_ends_with_the_guest() {
    for text in ["wait 600000", "interrupt 1 600000"] {
        let script = Script::new();
        std::thread::scope(|scope| {
            let play = scope.spawn(|| play(text, &script));
            std::thread::sleep(Duration::from_millis(5));
            script.terminate(33);
            assert_eq!(play.join().unwrap(), Ok(33));
        });
    }
}
