//! `vdev`.

#![allow(clippy::unwrap_used)]

use super::*;

fn option(name: &str, value: Option<&str>, line: u32, column: u32) -> VdevOption {
    let (name, value) = (name.to_owned(), value.map(str::to_owned));
    // The first line is that of the command line.
    VdevOption { name, value, position: Position { line: line + 1, column } }
}

fn only(text: &str) -> VdevConfig {
    let found = statements(text);
    let [Statement::Vdev(vdev)] = &found[..] else { panic!("{found:?}") };
    vdev.clone()
}

#[test]
fn options() {
    let text = "vdev dev quiet\n  loc io:0x3f8 intr apic:4\n  size 2 vdev dev ram 1m";
    let found = statements(text);
    let [Statement::Vdev(first), Statement::Vdev(second), Statement::Memory(_)] = &found[..] else {
        panic!("{found:?}")
    };
    assert_eq!((first.name.as_str(), first.position), ("dev", Position { line: 2, column: 6 }));
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

#[test]
fn three_spellings() {
    for name in ["dev", "vdev-dev", "vdev-dev.so", "dev.so"] {
        assert_eq!(only(&format!("vdev {name}")).name, "dev");
    }
}

/// An option of the vdev's own goes before an option of every vdev or of the guest.
#[test]
fn whose_word_it_is() {
    struct Greedy;
    impl Outside for Greedy {
        fn load_vdev(&mut self, _: &str) -> Result<OptionList, String> {
            let own = ["ram", "loc", "log", "set"].map(|name| (name.to_owned(), true));
            Ok(OptionList(own.into()))
        }
        fn vdevs(&self) -> Vec<String> {
            Vec::new()
        }
        fn read_file(&self, _: &str) -> Result<Vec<u8>, String> {
            Err(String::new())
        }
        fn variable(&self, _: &str) -> Option<String> {
            None
        }
    }
    let words = "vdev x ram 1q loc nowhere log x set y".split(' ').map(str::to_owned);
    let found = super::super::read(&words.collect::<Vec<_>>(), &mut Greedy);
    assert_eq!(found.errors, []);
    let [Statement::Vdev(vdev)] = &found.config.statements[..] else { panic!() };
    assert_eq!(vdev.options.len(), 4);
}

#[test]
fn locations() {
    for (text, meant) in [
        ("0x1000", "0x1000"),
        ("mem:a000", "mem:a000"),
        ("io:3f8", "io:3f8"),
        ("0x2f8,8", "0x2f8"),
        ("pci:0:1", "pci:0:1"),
        ("pci:0:1.0", "pci:0:1.0"),
    ] {
        let vdev = only(&format!("vdev dev loc {text}"));
        assert_eq!(vdev.options[0].value.as_deref(), Some(meant));
    }
    for text in ["pci:1", "pci:a:0", "x", "io:0x10000"] {
        assert!(refusal(&format!("vdev dev loc {text}")).contains("expected "), "{text}");
    }
}

#[test]
fn of_every_vdev() {
    let vdev = only("vdev dev name n sched 10r hostvector 7 intr myioapic:4");
    let names: Vec<_> = vdev.options.iter().map(|option| option.name.as_str()).collect();
    assert_eq!(names, ["name", "sched", "hostvector", "intr"]);
    assert_eq!(notes("vdev dev hostvector 7 vdev dev log error stderr"), [""; 0]);
}

#[test]
fn refused() {
    let said = "1:6: expected NAME, as in vdev-NAME.so, found '../x'";
    assert_eq!(refusal("vdev ../x"), said);
    assert!(refusal("vdev vdev-.so").contains("expected NAME"));
    let said = refusal("vdev dev colour red");
    assert!(
        said.starts_with(
            "1:10: expected an option of vdev dev (loc, intr, name, hostvector, log, sched, size, \
             quiet) or of the guest, found 'colour'"
        ),
        "{said}"
    );
}

/// They are listed once.
#[test]
fn the_vdevs_that_are_there() {
    let listed = vec!["dev", "watchdog"];
    let mut fake = Fake { listed, ..Fake::default() };
    let words = ["vdev", "wotchdog", "vdev", "ioapic", "vdev", "strange"];
    assert_eq!(
        refusals_of(&with(&mut fake, &words)),
        [
            "command line:1:6: vdev-wotchdog.so: not found; did you mean 'watchdog'?; the vdevs \
             here are dev, watchdog",
            "command line:1:20: vdev-ioapic.so: not found",
            "command line:1:32: vdev-strange.so: not found",
        ]
    );
}

/// Vdevs are loaded in order, before the words after them.
#[test]
fn loading_in_order() {
    let mut fake = Fake::default();
    let words = ["vdev", "other", "vdev", "dev", "vdev", "other", "oops"];
    assert_eq!(refusals_of(&with(&mut fake, &words)).len(), 1);
    assert_eq!(fake.loaded, ["other", "dev", "other"]);
}
