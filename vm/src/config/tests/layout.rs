//! How a configuration is made of words.

#![allow(clippy::unwrap_used)]

use super::*;

#[test]
fn nothing() {
    for text in ["", "\n", "   \t\r\n", "# only a comment", "#", "\n\n # another\n"] {
        assert_eq!(statements(text), [], "{text:?}");
    }
}

/// Several options on a line, an argument on another line, comments anywhere.
#[test]
fn line_ends_mean_nothing() {
    let plain = sizes("ram 1m\nrom 64k\n");
    let cases = [
        "ram 1m rom 64k",
        "ram\n1m\n\nrom # the BIOS\n64k",
        "ram 1m\r\nrom 64k\r\n",
        "# first\n\tram\t1m # second # third\n#\nrom 64k# last",
        "ram \"1m\" r\"om\" 6\"4k\"",
    ];
    for text in cases {
        assert_eq!(sizes(text), plain, "{text:?}");
    }
}

fn sizes(text: &str) -> Vec<(bool, u64)> {
    let memory = |statement: &Statement| match statement {
        Statement::Memory(memory) => (memory.writable, memory.length),
        other => panic!("{other:?}"),
    };
    statements(text).iter().map(memory).collect()
}

#[test]
fn quotation_marks() {
    let [Statement::Load(load)] = &statements("load 0,\"a, b # c\"")[..] else { panic!() };
    assert_eq!(load.file, "a, b # c");
    let config = read("cmdline \"root=/dev/vda \\\n  console=ttyS0\" dump \"|gzip >f.gz\"");
    assert_eq!(config.cmdline.as_deref(), Some("root=/dev/vda   console=ttyS0"));
    assert_eq!(config.dump, Some(Dump::Command("gzip >f.gz".to_owned())));
}

#[test]
fn words_are_case_sensitive() {
    assert!(refusal("RAM 1m").contains("expected an option, found 'RAM'"));
}

#[test]
fn columns_count_characters() {
    assert!(refusal("system ü ram 0,é").starts_with("1:16: "));
    assert!(refusal("\t\tfoo").starts_with("1:3: "));
}

#[test]
fn environment() {
    let environment = vec![("SIZE", "2m"), ("BOTH", "1m,4k"), ("NAME", "a b")];
    let text = "ram $env{SIZE} rom $env{BOTH} system2";
    let files = vec![("f", text.replace(" system2", "").into())];
    let mut fake = Fake { files, environment, ..Fake::default() };
    let found = with(&mut fake, &["system", "$env{NAME}", "@f"]);
    assert_eq!(refusals_of(&found), [""; 0]);
    assert_eq!(found.config.name.as_deref(), Some("a b"));
    let [Statement::Memory(ram), Statement::Memory(rom)] = &found.config.statements[..] else {
        panic!()
    };
    assert_eq!((ram.length, rom.start, rom.length), (2 << 20, Some(1 << 20), 4096));
    let said = "1:5: expected the environment to have the variable 'NONE'";
    assert_eq!(refusal("ram $env{NONE}"), said);
}

#[test]
fn the_system_page() {
    let entry = "gasp-asinfo m=0xd0000000,16m ";
    let found = statements(&format!(
        "{entry}pass loc 0x10000000,$asinfo_length{{m}},rw=$asinfo_start{{m}}"
    ));
    let [Statement::Pass(pass)] = &found[..] else { panic!() };
    assert_eq!((pass.range.length, &pass.host), (16 << 20, &Host::Physical(0xd000_0000)));
    let last = statements(&format!("{entry}gasp-asinfo m=1000,4k ram $asinfo_start{{m}},4k"));
    let [Statement::Memory(memory)] = &last[..] else { panic!() };
    assert_eq!(memory.start, Some(0x1000));
    assert_eq!(
        refusal("ram $asinfo_start{m},4k"),
        "1:5: expected 'gasp-asinfo m=START,LENGTH' before: this host has no system page"
    );
    assert!(refusal("gasp-asinfo m").starts_with("1:13: expected NAME=START,LENGTH"));
}

#[test]
fn an_address_of_digits_is_warned_about_once() {
    let said =
        "1:5: warning: the address 100000 is 0x100000, as QNX reads it (0d100000 is decimal)";
    assert_eq!(notes("ram 100000,4k\nram 200000,4k vdev dev loc 3000"), [said]);
    let said = "1:14: warning: the address 10 is 0x10, as QNX reads it (0d10 is decimal)";
    assert_eq!(notes("vdev dev loc 10"), [said]);
    assert_eq!(notes("vdev dev loc io:378").len(), 1);
    assert_eq!(notes("ram 0,4k ram 0x1000,4k ram a000,4k ram 1m,4k ram 0d8192,4k"), [""; 0]);
}
