//! Which plugins are refused, and why.

#![allow(clippy::unwrap_used)] // a failed step is a failed test

use super::machine::{Directory, Vdevs, here, plugin, system_plugin};
use gasp_safe::Guest;
use std::collections::BTreeSet;
use std::fs;

const CONTROL: &str = "static int control(vdev_t *vdev, unsigned ctrl, const char *arg)
{ (void)vdev, (void)ctrl, (void)arg; return EOK; }";

/// The options of a vdev whose file is in this directory, or why it is refused.
fn load_from(directory: &Directory, name: &str) -> Result<Vec<String>, String> {
    let guest = Guest::new().unwrap();
    Vdevs::new(&guest, None, &directory.0).load(name)
}

/// Why a plugin with this text is refused.
fn refusal(name: &str, text: &str) -> String {
    load_from(&plugin(name, text), name).unwrap_err()
}

#[test]
fn a_symbol_that_is_not_there_refuses_the_plugin_at_load() {
    // Never called: the reference alone refuses the plugin.
    let text = "#include <qvm/vpci.h>
        static int control(vdev_t *vdev, unsigned ctrl, const char *arg)
        { return ctrl == 12345 && vdev ? vpci_ctrl_pci_bars(NULL, arg) : EOK; }
        REGISTER(.control = control)";
    assert_eq!(
        refusal("t_bars", text),
        "vdev-t_bars.so needs vpci_ctrl_pci_bars, which libgasp-vdev does not have (docs/vdevs.md \
         lists what it has)"
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
    let expected = ["with", "0without"];
    assert_eq!(load_from(&directory, "t_good").unwrap(), expected);
    // The file is not looked at again.
    fs::remove_file(directory.0.join("vdev-t_good.so")).unwrap();
    for name in ["t_good", "vdev-t_good", "t_good.so", "vdev-t_good.so"] {
        assert_eq!(load_from(&Directory::new(), name).unwrap(), expected);
    }
}

#[test]
fn what_is_no_plugin_is_refused() {
    let missing = load_from(&Directory::new(), "t_missing").unwrap_err();
    assert!(missing.starts_with("vdev-t_missing.so cannot be loaded: "), "{missing}");
    let directory = Directory::new();
    fs::write(directory.0.join("vdev-t_text.so"), "no library").unwrap();
    let text = load_from(&directory, "t_text").unwrap_err();
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
            "it is for version 2048 of the interface, not 2019090401",
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

/// The last word before the parenthesis of a prototype.
fn name(prototype: &str) -> Option<String> {
    let (before, _) = prototype.split_once('(')?;
    before.rsplit([' ', '*']).next().map(Into::into)
}

/// The functions that a header declares: a line that starts with what they return has the name, and a
/// parenthesis.
fn declared(header: &str) -> BTreeSet<String> {
    const RESULTS: [&str; 8] =
        ["QVM_NO_RETURN", "char", "int", "size_t", "ssize_t", "struct", "unsigned", "void"];
    let text = fs::read_to_string(here().join("../include/qvm").join(header)).unwrap();
    let code = text.lines().filter(|line| {
        let first = line.split(' ').next().unwrap_or_default();
        RESULTS.contains(&first)
    });
    code.filter_map(name).collect()
}

/// A section of docs/vdevs.md.
fn section(title: &str) -> String {
    let page = fs::read_to_string(here().join("../docs/vdevs.md")).unwrap();
    let (_, rest) = page.split_once(&format!("\n## {title}\n")).unwrap();
    rest.split_once("\n## ").map_or(rest, |(section, _)| section).to_owned()
}

/// The functions that docs/vdevs.md says are there, without those that headers define and `gasp_*`.
fn documented() -> BTreeSet<String> {
    let functions = section("Functions");
    let rows = functions.lines().filter_map(|line| line.strip_prefix("| `"));
    rows.filter(|row| !row.starts_with("static ")).filter_map(name).collect()
}

/// The functions that docs/vdevs.md says are only declared: the first column of the table.
fn documented_as_missing() -> BTreeSet<String> {
    let missing = section("What is only declared");
    let rows = missing.lines().filter_map(|line| line.strip_prefix("| "));
    let first = rows.filter_map(|row| row.split_once(" |")).map(|(names, _)| names);
    let names = first.flat_map(|names| names.split(", ")).filter_map(|name| name.strip_prefix('`'));
    names.filter_map(|name| name.strip_suffix('`')).map(Into::into).collect()
}

#[test]
fn what_headers_declare_is_exported_or_documented_as_missing() {
    let list = fs::read_to_string(here().join("symbols.txt")).unwrap();
    let for_vdevs = |name: &&str| !name.starts_with('#') && !name.starts_with("gasp_vdev");
    let listed: Vec<_> = list.lines().filter(for_vdevs).collect();
    assert!(listed.is_sorted(), "{listed:?}");
    let exported: BTreeSet<_> = listed.iter().map(|name| (*name).to_owned()).collect();
    let headers =
        ["cdev.h", "guest.h", "outpipe.h", "utils.h", "vdev-core.h", "vio.h", "vpci.h", "wdog.h"];
    let declared: BTreeSet<_> = headers.into_iter().flat_map(declared).collect();
    assert_eq!(exported, documented(), "docs/vdevs.md, Functions");
    let missing: BTreeSet<_> = declared.difference(&exported).cloned().collect();
    assert_eq!(missing, documented_as_missing(), "docs/vdevs.md, What is only declared");
    assert!(exported.is_subset(&declared), "{exported:?} {declared:?}");
    // A plugin that needs every one of them can be loaded.
    let uses: String = listed.iter().map(|name| format!("(any)({name}),\n")).collect();
    let text = format!(
        "#include <qvm/cdev.h>
         #include <qvm/wdog.h>
         typedef void (*any)(void);
         const any all[] = {{ {uses} }};
         {CONTROL}
         REGISTER(.control = control)"
    );
    let directory = system_plugin("t_all", &text);
    assert!(load_from(&directory, "t_all").is_ok());
}

#[test]
fn each_function_that_is_only_declared_refuses_a_plugin_by_its_name() {
    for name in documented_as_missing() {
        let text = format!(
            "#include <qvm/vio.h>
             #include <qvm/vpci.h>
             #include <qvm/wdog.h>
             typedef void (*any)(void);
             {}
             extern const any needed;
             const any needed = (any){name};
             {CONTROL}
             REGISTER(.control = control)",
            // <qvm/cdev.h> needs POSIX, which these plugins are compiled without.
            if name.starts_with("cdev_") { format!("void {name}(void);") } else { String::new() }
        );
        let plugin = format!("t_no_{name}");
        let refused = refusal(&plugin, &text);
        assert!(refused.starts_with(&format!("vdev-{plugin}.so needs {name}, ")), "{refused}");
    }
}
