//! All other statements.

#![allow(clippy::unwrap_used)]

use super::*;
use crate::config::types::VdevOption;

#[test]
fn system_and_unsupported() {
    let config = read("system box unsupported reference fail").unwrap();
    assert_eq!(config.name.as_deref(), Some("box"));
    assert_eq!(config.unsupported, Some(Policy::Fail));
    for (word, policy) in [("ignore", Policy::Ignore), ("abort", Policy::Abort)] {
        let config = read(&format!("unsupported reference {word}")).unwrap();
        assert_eq!(config.unsupported, Some(policy));
    }
}

#[test]
fn once_only() {
    assert_eq!(
        refusal("system a\n\nsystem b"),
        "3:1: expected one 'system', but line 1 has one too"
    );
    assert_eq!(
        refusal("unsupported reference fail\nunsupported reference fail"),
        "2:1: expected one 'unsupported', but line 1 has one too"
    );
}

#[test]
fn unsupported_refused() {
    assert_eq!(
        refusal("unsupported instruction fail"),
        "1:13: expected 'reference' after 'unsupported' (instructions and registers are \
         KVM's), found 'instruction'"
    );
    assert_eq!(
        refusal("unsupported reference panic"),
        "1:23: expected ignore, fail or abort, found 'panic'"
    );
}

#[test]
fn cpus() {
    let cases = [
        ("ram 1m", 0, Start::Reset),
        ("cpu cpu", 2, Start::Reset),
        ("cpu start reset", 1, Start::Reset),
        ("cpu start 65535:0xffff cpu", 2, Start::Real { segment: 0xffff, offset: 0xffff }),
        ("cpu cpu start 0x100:0 cpu", 3, Start::Real { segment: 0x100, offset: 0 }),
        ("cpu start long,4g,64k", 1, Start::Long { entry: 1 << 32, tables: 0x1_0000 }),
    ];
    for (text, cpus, start) in cases {
        let config = read(text).unwrap();
        assert_eq!((config.cpus, config.start), (cpus, start), "{text}");
    }
}

#[test]
fn cpus_refused() {
    let form = "expected reset, SEGMENT:OFFSET or long,ENTRY,TABLES";
    let cases = [
        ("start", format!("1:10: {form}, found the end of the file")),
        ("start 5", format!("1:11: {form}, found '5'")),
        ("start long,1", format!("1:11: {form}, found 'long,1'")),
        ("start long,1,2,3", format!("1:11: {form}, found 'long,1,2,3'")),
        ("start short,1,2", format!("1:11: {form}, found 'short,1,2'")),
        ("start 0x10000:0", "1:11: expected a segment up to 0xffff, found '0x10000'".to_owned()),
        ("start 0:64k", "1:13: expected an offset up to 0xffff, found '64k'".to_owned()),
        (
            "start reset\ncpu start reset",
            "2:5: expected one 'start', but line 1 has one too".to_owned(),
        ),
        (
            "sched 10",
            "1:5: expected 'start' or another statement after 'cpu', found 'sched'".to_owned(),
        ),
    ];
    for (text, said) in cases {
        assert_eq!(refusal(&format!("cpu {text}")), said, "{text}");
    }
}

fn option(name: &str, value: Option<&str>, line: u32, column: u32) -> VdevOption {
    let (name, value) = (name.to_owned(), value.map(str::to_owned));
    VdevOption { name, value, position: Position { line, column } }
}

#[test]
fn vdevs() {
    let text = "vdev dev quiet\n  loc io:0x3f8 intr apic:4\n  size 2 vdev dev ram 1m";
    let found = statements(text);
    let [Statement::Vdev(first), Statement::Vdev(second), Statement::Memory(_)] = &found[..] else {
        panic!("{found:?}")
    };
    assert_eq!((first.name.as_str(), first.position), ("dev", Position { line: 1, column: 6 }));
    assert_eq!(
        first.options,
        [
            option("quiet", None, 1, 10),
            option("loc", Some("io:0x3f8"), 2, 7),
            option("intr", Some("apic:4"), 2, 21),
            option("size", Some("2"), 3, 8),
        ]
    );
    assert_eq!(second.options, []);
}

/// A word that is no option of the vdev begins a statement.
#[test]
fn whose_word_it_is() {
    assert!(refusal("vdev dev colour red").contains("1:10: expected an option of vdev dev ("));
    let mut load = |_: &str| Ok(OptionList(vec![("ram".to_owned(), true)]));
    let config = parse("vdev dev ram 1m", &mut load).unwrap();
    assert_eq!(config.statements.len(), 1);
}

#[test]
fn vdevs_refused() {
    let cases = [
        ("absent", "1:6: vdev-absent.so: not found"),
        ("../x", "1:6: expected NAME, as in vdev-NAME.so, found '../x'"),
        (
            "dev loc ram 1m",
            "1:14: expected mem:ADDRESS, ADDRESS or io:PORT (hexadecimal, as 0xa0000 and a0000, \
             or decimal, as 0d4096 and 4k), found 'ram'",
        ),
    ];
    for (text, said) in cases {
        assert_eq!(refusal(&format!("vdev {text}")), said, "{text}");
    }
}

/// A vdev is loaded before the words after it are parsed, once for each statement.
#[test]
fn loading_in_order() {
    let mut names = Vec::new();
    let mut load = |name: &str| {
        names.push(name.to_owned());
        Ok(OptionList::default())
    };
    assert!(parse("vdev b vdev a vdev b oops", &mut load).is_err());
    assert_eq!(names, ["b", "a", "b"]);
}
