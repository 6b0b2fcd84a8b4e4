//! Which plugins are refused, and why.

#![allow(clippy::unwrap_used)] // a failed step is a failed test

use super::machine::{Directory, here, plugin};
use crate::vdev::Vdevs;
use std::collections::BTreeSet;
use std::fs;

const CONTROL: &str = "static int control(vdev_t *vdev, unsigned ctrl, const char *arg)
{ (void)vdev, (void)ctrl, (void)arg; return EOK; }";

/// Why a plugin with this text is refused.
fn refusal(name: &str, text: &str) -> String {
    let directory = plugin(name, text);
    Vdevs::new(vec![directory.0.clone()]).load(name).unwrap_err()
}

#[test]
fn a_symbol_that_is_not_there_refuses_the_plugin_at_load() {
    // Never called: the reference alone refuses the plugin.
    let text = "int guest_msi_register(vdev_t *vdev);
        static int control(vdev_t *vdev, unsigned ctrl, const char *arg)
        { return ctrl == 12345 && arg ? guest_msi_register(vdev) : EOK; }
        REGISTER(.control = control)";
    assert_eq!(
        refusal("t_msi", text),
        "vdev-t_msi.so needs guest_msi_register, which gasp-vm does not have (docs/vdevs.md lists \
         what it has)"
    );
}

#[test]
fn a_plugin_that_is_complete_is_loaded_once() {
    let text = format!(
        "{CONTROL}
         static const char *const options[] = {{ \"with\", \"0without\", NULL }};
         REGISTER(.control = control, .option_list = options)"
    );
    let directory = plugin("t_good", &text);
    let mut vdevs = Vdevs::new(vec![directory.0.clone()]);
    let expected = [("with".to_owned(), true), ("without".to_owned(), false)];
    assert_eq!(vdevs.load("t_good").unwrap().0, expected);
    // The file is not looked at again.
    fs::remove_file(directory.0.join("vdev-t_good.so")).unwrap();
    assert_eq!(vdevs.load("t_good").unwrap().0, expected);
    assert_eq!(Vdevs::new(vec![]).load("t_good").unwrap().0, expected);
}

#[test]
fn what_is_no_plugin_is_refused() {
    let missing = Vdevs::new(vec![]).load("t_missing").unwrap_err();
    assert!(missing.starts_with("vdev-t_missing.so cannot be loaded: "), "{missing}");
    let directory = Directory::new();
    fs::write(directory.0.join("vdev-t_text.so"), "no library").unwrap();
    let text = Vdevs::new(vec![directory.0.clone()]).load("t_text").unwrap_err();
    assert!(text.starts_with("vdev-t_text.so cannot be loaded: "), "{text}");
}

#[test]
fn a_factory_that_cannot_be_used_is_refused() {
    let register = |fields: &str| format!("{CONTROL}\nREGISTER(.control = control, {fields})");
    let cases = [
        ("t_none", "int nothing;".to_owned(), "it registered no factory"),
        ("t_ctrl", "REGISTER(.control = NULL)".to_owned(), "has no control function"),
        ("t_name", register(".name = \"other\""), "its factory is for vdevs named other"),
        (
            "t_pulse",
            "static int pulse(vdev_t *v, int8_t c) { (void)v; return c; }\n".to_owned()
                + &register(".pulse = pulse"),
            "there are no pulses here",
        ),
        (
            "t_pic",
            "static struct vdev_pic_functions pic;\n".to_owned() + &register(".pic = &pic"),
            "has no signal function",
        ),
        (
            "t_version",
            format!(
                "{CONTROL}
                 static struct vdev_factory factory = {{ .control = control }};
                 static void __attribute__((constructor)) registers(void)
                 {{ vdev_register_factory(&factory, 0x0800); }}"
            ),
            "it is for version 0x800 of the interface, not 0x701",
        ),
        (
            "t_null",
            "static void __attribute__((constructor)) registers(void)
             { vdev_register_factory(NULL, QVM_VDEV_ABI); }"
                .to_owned(),
            "it registered NULL",
        ),
    ];
    for (name, text, why) in cases {
        let refused = refusal(name, &text);
        assert!(refused.starts_with(&format!("vdev-{name}.so cannot be used: ")), "{refused}");
        assert!(refused.contains(why), "{refused}");
    }
}

/// The functions that a header declares: names at the start of a line, with what they return, and
/// a parenthesis.
fn declared(header: &str) -> BTreeSet<String> {
    let text = fs::read_to_string(here().join("../include/qvm").join(header)).unwrap();
    let code = text.lines().filter(|line| {
        let first = line.split_whitespace().next().unwrap_or_default();
        ["void", "int", "struct", "QVM_NO_RETURN"].contains(&first) && !line.starts_with(' ')
    });
    let before = code.filter_map(|line| line.split_once('(')).map(|(before, _)| before);
    before.filter_map(|words| words.rsplit([' ', '*']).next()).map(Into::into).collect()
}

/// The functions that docs/vdevs.md says are there, without those that headers define.
fn documented() -> BTreeSet<String> {
    let page = fs::read_to_string(here().join("../docs/vdevs.md")).unwrap();
    let (_, tables) = page.split_once("\n## Functions\n").unwrap();
    let (tables, _) = tables.split_once("\n### `<qvm/gasp.h>`\n").unwrap();
    let rows = tables.lines().filter_map(|line| line.strip_prefix("| `"));
    let prototypes = rows.filter(|row| !row.starts_with("static inline "));
    let before = prototypes.filter_map(|row| row.split_once('(')).map(|(before, _)| before);
    before.filter_map(|words| words.rsplit([' ', '*']).next()).map(Into::into).collect()
}

#[test]
fn what_headers_declare_is_exported_and_documented() {
    let list = fs::read_to_string(here().join("vdev-symbols.list")).unwrap();
    let listed: Vec<_> = list.lines().filter_map(|line| line.trim().strip_suffix(';')).collect();
    let listed: Vec<_> = listed.into_iter().filter(|name| *name != "}").collect();
    assert!(listed.is_sorted(), "{listed:?}");
    let headers = ["guest.h", "log.h", "vdev-core.h"];
    let declared: BTreeSet<_> = headers.into_iter().flat_map(declared).collect();
    assert_eq!(listed.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>(), declared);
    assert_eq!(declared, documented(), "docs/vdevs.md");
    // A plugin that needs every one of them can be loaded.
    let uses: String = listed.iter().map(|name| format!("(any)({name}),\n")).collect();
    let text = format!(
        "typedef void (*any)(void);
         const any all[] = {{ {uses} }};
         {CONTROL}
         REGISTER(.control = control)"
    );
    let directory = plugin("t_all", &text);
    assert!(Vdevs::new(vec![directory.0.clone()]).load("t_all").is_ok());
}
