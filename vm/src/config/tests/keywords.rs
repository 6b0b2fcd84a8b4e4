//! Every row of the table of words.

#![allow(clippy::unwrap_used)]

use super::super::keywords::KEYWORDS;
use super::*;

/// A use of each word, in the order of the table.
const USES: &str = "system a | ram 1m | rom 1m | load f | guest load f | data load f | \
    initrd load f | acpi load f | fdt load f | cmdline x | unsupported reference fail | \
    unsupported register fail | unsupported instruction ignore | logger error none | dump d | \
    set exit-on-halt on | safety none | debug | dryrun | user 1 | @g | cpu | cpu sched 8 | \
    cpu runmask 1 | cpu partition p | cpu cluster c | cpu start reset | reserve | \
    reserve loc 0,4k | reserve loc pci:0:1.0 | reserve intr 39 | pass | data pass loc 0,4k,r | \
    pass loc 0,4k,r | pass loc pci:0:1.0=pci:0x1/0x2 | pass intr x:1 | vdev dev | vdev dev loc 0 | \
    vdev dev intr a:1 | vdev dev name n | vdev dev hostvector 1 | vdev dev log error none | \
    vdev dev sched 1 | set exit-on-halt on | set fdt-dump-file f | set grow-heap 1 | \
    set message-block-timeout 1 | vdev dev set vdev-message-block-timeout 1 | set slog-buffer 1 | \
    set counter-offset 1 | vdev dev set debug on | set gic-hwassist on | set host-paddr-gicd 1 | \
    set host-paddr-gich 1 | set host-paddr-gicv 1 | set host-paddr-gicr 1 | gasp-start reset | \
    gasp-ram-chunk 4k | gasp-ram-random 1 | gasp-asinfo a=0,4k";

/// A row is used where its word is, and its fate is what happens.
#[test]
fn every_word_has_its_fate() {
    let uses: Vec<_> = USES.split(" | ").collect();
    assert_eq!(uses.len(), KEYWORDS.len());
    for (row, text) in KEYWORDS.iter().zip(uses) {
        let files = vec![("f", text.into()), ("g", Vec::new())];
        let found = with(&mut Fake { files, ..Fake::default() }, &["@f"]);
        assert!(found.config.used.iter().any(|(used, _)| used == row), "{text}: {}", row.form);
        assert_eq!(found.errors.is_empty(), row.fate != Fate::Refused, "{text}");
        let is_noted = found.config.notes.iter().any(|note| note.message.contains(row.about));
        assert_eq!(is_noted, row.fate == Fate::NoEffect, "{text}");
    }
}
