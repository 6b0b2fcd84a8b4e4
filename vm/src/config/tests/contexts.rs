//! Contexts, what closes them, repetition, and order.

#![allow(clippy::unwrap_used)]

use super::*;

/// QNX: options without context do not close one.
#[test]
fn what_has_no_context_closes_none() {
    for text in ["cpu sched 8 ram 32m", "cpu ram 32m sched 8", "ram 32m cpu sched 8"] {
        let config = read(text);
        assert_eq!((config.cpus, config.statements.len()), (1, 1), "{text}");
        assert!(config.used.iter().any(|(row, _)| row.name() == "cpu sched"), "{text}");
    }
    let [_, Statement::Memory(_), ..] = &statements("vdev dev ram 1m loc 1000")[..] else {
        panic!()
    };
    let [Statement::Vdev(vdev), _] = &statements("vdev dev ram 1m loc 0x1000")[..] else {
        panic!()
    };
    assert_eq!(vdev.options.len(), 1);
}

#[test]
fn each_opener_closes_the_one_before() {
    for opener in ["vdev dev", "reserve", "pass"] {
        let said = refusal(&format!("cpu {opener} runmask 1"));
        assert!(said.contains("found 'runmask'"), "{said}");
    }
    assert!(refusal("vdev dev cpu quiet").contains("expected an option of 'cpu' or of the guest"));
    assert!(refusal("loc 0x1000,4k").contains("expected an option, found 'loc'"));
}

#[test]
fn a_context_lasts_over_files() {
    let files = vec![("a", b"vdev dev".to_vec()), ("b", b"loc 0x1000".to_vec())];
    let mut fake = Fake { files, ..Fake::default() };
    let found = with(&mut fake, &["@a", "@b", "size", "7"]);
    assert_eq!(refusals_of(&found), [""; 0]);
    let [Statement::Vdev(vdev)] = &found.config.statements[..] else { panic!() };
    assert_eq!(vdev.options.len(), 2);
}

/// QNX: the same option twice in a context: the last one.
#[test]
fn the_last_one_wins() {
    let text = "cmdline a cmdline b unsupported reference fail unsupported reference abort \
                gasp-start reset gasp-start 0:1 dump a dump b \
                gasp-ram-chunk 4k gasp-ram-random 3";
    let config = read(text);
    assert_eq!(config.cmdline.as_deref(), Some("b"));
    assert_eq!(config.unsupported, Some(Policy::Abort));
    assert_eq!(config.start, Some(Start::Real { segment: 0, offset: 1 }));
    assert_eq!(config.dump, Some(Dump::Directory("b".into())));
    assert_eq!(config.split, Split::Random(3));
    assert_eq!(read("gasp-ram-chunk 4k").split, Split::Chunks(4096));
}

/// What makes a part of the guest can be repeated.
#[test]
fn repeatable() {
    assert_eq!(read("cpu cpu cpu").cpus, 3);
    assert_eq!(statements("reserve loc 0,4k loc io:1,2 reserve loc 8k,4k").len(), 3);
    assert_eq!(statements("pass loc 0,4k,r loc 8k,4k,w").len(), 2);
    assert_eq!(read("logger error stderr logger info,debug stdout").loggers.len(), 2);
    assert_eq!(statements("vdev dev vdev dev").len(), 2);
}

#[test]
fn system_comes_first() {
    for text in ["system a", "# a\nsystem a", "system a ram 1m"] {
        assert_eq!(read(text).name.as_deref(), Some("a"));
    }
    let said = "1:8: expected 'system' before everything else, found 'system'";
    assert_eq!(refusal("ram 1m system a"), said);
    assert!(refusal("system a system b").starts_with("1:10: "));
    assert_eq!(read("ram 1m").name, None);
}

/// The argument comes directly after its option.
#[test]
fn the_end_of_the_file() {
    let cases = [
        ("ram", "1:4: expected [START,]LENGTH"),
        ("ram\n\n", "1:4: expected [START,]LENGTH"),
        ("reserve loc", "1:12: expected PLACE,LENGTH"),
        ("pass loc", "1:9: expected PLACE[,LENGTH][,ATTRIBUTES][=HOST]"),
        ("load", "1:5: expected [ADDRESS,]FILE"),
        ("initrd", "1:7: expected 'load' or 'pass' after 'initrd'"),
        ("gasp-start", "1:11: expected reset, SEGMENT:OFFSET, flat,ENTRY or long,ENTRY,TABLES"),
        ("unsupported reference", "1:22: expected abort, fail or ignore"),
        ("vdev", "1:5: expected the name of a vdev"),
        ("vdev dev size", "1:14: expected the argument of 'size'"),
        ("system", "1:7: expected the guest's name"),
        ("set debug", "1:10: expected the value of the variable"),
    ];
    for (text, said) in cases {
        assert_eq!(refusal(text), format!("{said}, found the end of the file"));
    }
}
