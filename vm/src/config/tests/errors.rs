//! All errors of a configuration, and what each says.

#![allow(clippy::unwrap_used)]

use super::*;

#[test]
fn all_errors_of_a_file() {
    let text = "system a\nram 1q rom 4k,\n  lod 0,x\nreserve loc io:0x10000,1\nram 1m\nvdev no";
    let said = refusals(text);
    let starts = [
        "2:5: expected a length (a number such as 4096, 0x1000 or 4k), found '1q'",
        "2:15: expected a length (a number such as 4096, 0x1000 or 4k), found nothing",
        "3:3: expected an option, found 'lod'; did you mean 'load'?",
        "4:16: expected a port up to 0xffff, found '0x10000'",
        "6:6: vdev-no.so: not found",
    ];
    assert_eq!(said, starts);
}

/// Words after an error may belong to it; the next known one does not.
#[test]
fn one_mistake_is_one_error() {
    assert_eq!(
        refusals("colour red,1 x y ram 1q"),
        [
            "1:1: expected an option, found 'colour'",
            "1:22: expected a length (a number such as 4096, 0x1000 or 4k), found '1q'",
        ]
    );
}

#[test]
fn near_misses() {
    let cases = [
        ("rma 1m", "'ram'"),
        ("resrve", "'reserve'"),
        ("cpu shed 8", "'sched'"),
        ("vdev dev lco 0", "'loc'"),
        ("vdev dev quit", "'quiet'"),
        ("set exit-on-hlt on", "'exit-on-halt'"),
        ("logger eror stderr", "'error'"),
        ("vdev ioapik", "'ioapic'"),
    ];
    for (text, meant) in cases {
        let said = refusal(text);
        assert!(said.ends_with(&format!("did you mean {meant}?")), "{said}");
    }
}

#[test]
fn a_quotation_without_an_end() {
    let said = "1:8: expected another '\"' after this one, found the end of the file";
    assert_eq!(refusal("load 0,\"none\nram 1m"), said);
}

/// The line is shown, with a mark.
#[test]
fn the_line_of_an_error() {
    let found = outcome("ram 1m\n\trom\t1q");
    assert!(
        found.sources.show(&found.errors[0]).ends_with("found '1q'\n    \trom\t1q\n    \t   \t^")
    );
}
