//! `cpu` and `gasp-start`.

#![allow(clippy::unwrap_used)]

use super::*;

#[test]
fn scheduling_of_the_host() {
    for text in ["8", "10r", "10f", "10o", "20,8,3,40000000,10000000s"] {
        let all = notes(&format!("cpu sched {text}"));
        assert_eq!(all.len(), 1, "{text}");
        assert!(all[0].starts_with("1:5: 'cpu sched' has no effect here: "), "{all:?}");
    }
    for text in ["r", "x8", "8x", "1,2", "1,2,3,4,5", "1,2,3,4,s", "1,2,3,4,5,6s", ""] {
        let said = refusal(&format!("cpu sched \"{text}\""));
        assert!(said.starts_with("1:11: expected "), "{said}");
    }
}

#[test]
fn cpus_of_the_host() {
    assert_eq!(notes("cpu runmask 0,1,2 partition P cluster _cpu-1").len(), 3);
    // Each is told once.
    assert_eq!(notes("cpu runmask 0 cpu runmask 1").len(), 1);
    assert!(refusal("cpu runmask 0,").contains("expected the number of a CPU"));
}

#[test]
fn at_most_255() {
    assert_eq!(read(&"cpu ".repeat(255)).cpus, 255);
    assert!(refusal(&"cpu ".repeat(300)).contains("expected at most 255 vCPUs"));
}

#[test]
fn starts() {
    let cases = [
        ("reset", Start::Reset),
        ("65535:0xffff", Start::Real { segment: 0xffff, offset: 0xffff }),
        ("0x100:0", Start::Real { segment: 0x100, offset: 0 }),
        ("flat,0x100000", Start::Flat { entry: 0x10_0000 }),
        ("flat,0xffffffff", Start::Flat { entry: u32::MAX }),
        ("long,4g,64k", Start::Long { entry: 1 << 32, tables: 0x1_0000 }),
    ];
    for (text, start) in cases {
        assert_eq!(read(&format!("gasp-start {text}")).start, Some(start), "{text}");
    }
    assert_eq!(read("cpu").start, None);
}

#[test]
fn starts_refused() {
    let form = "expected reset, SEGMENT:OFFSET, flat,ENTRY or long,ENTRY,TABLES";
    let cases = [
        ("5", format!("1:12: {form}, found '5'")),
        ("long,1", format!("1:12: {form}, found 'long,1'")),
        ("long,1,2,3", format!("1:12: {form}, found 'long,1,2,3'")),
        ("flat,1,2", format!("1:12: {form}, found 'flat,1,2'")),
        ("flat,4g", "1:17: expected an address below 4 GiB, found '4g'".to_owned()),
        ("0x10000:0", "1:12: expected a segment up to 0xffff, found '0x10000'".to_owned()),
        ("0:64k", "1:14: expected an offset up to 0xffff, found '64k'".to_owned()),
    ];
    for (text, said) in cases {
        assert_eq!(refusal(&format!("gasp-start {text}")), said, "{text}");
    }
}

/// The form of before is named with the new one.
#[test]
fn the_old_start() {
    let said = "1:5: 'cpu start' is refused: it is `gasp-start STATE` now";
    assert_eq!(refusal("cpu start 0:0x7c00"), said);
}
