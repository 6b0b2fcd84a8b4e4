//! QNX's vdevs that are not there, and configurations for ARM guests.

#![allow(clippy::unwrap_used)]

use super::*;

/// What each of QNX's vdevs can have is read to its end.
#[test]
fn options_of_vdevs_that_are_not_there() {
    let text = "vdev ioapic loc 0xf8000000 intr apic name myioapic\n\
                vdev hpet intr myioapic:2,myioapic:8 legacy-free frequency 14318180\n\
                vdev mc146818 reg 0x0b,0x02\n\
                vdev shmem create a,4096 allow b* deny c\n\
                vdev virtio-net peer /dev/qvm/a/b mac aa:bb:cc:dd:ee:ff peerfeats 0x7fc3 legacy\n\
                vdev virtio-blk hostdev f dio enable threads 4 delayed forever\n\
                vdev pci-dummy clone pci:0:1.0 reg Vendor_ID=0x8086";
    let said = refusals(text);
    assert_eq!(said.len(), 7, "{said:?}");
    assert!(said.iter().all(|said| said.ends_with(".so: not found")), "{said:?}");
}

#[test]
fn an_unknown_option_of_a_vdev_that_is_not_there() {
    let said = refusals("vdev ioapic colour red");
    assert_eq!(said.len(), 2);
    assert!(said[1].starts_with("1:13: expected an option of vdev ioapic ("), "{said:?}");
}

/// The fake vdev of this name has none of QNX's options.
#[test]
fn options_that_a_vdev_of_qnx_has() {
    assert_eq!(
        refusals("vdev ser8250 hostdev - quiet batch 100 size 1 colour"),
        [
            "1:14: vdev ser8250 has no option 'hostdev' here, as QNX's has",
            "1:30: vdev ser8250 has no option 'batch' here, as QNX's has",
            "1:47: expected an option of vdev ser8250 (loc, intr, name, hostvector, log, sched, \
             size, quiet) or of the guest, found 'colour'",
        ]
    );
}

/// Nothing is known of the options of other vdevs.
#[test]
fn a_vdev_that_nobody_knows() {
    let said = refusals("vdev mine colour red loc 0x1000 size 1 ram 1q");
    assert_eq!(said.len(), 2, "{said:?}");
    assert_eq!(said[0], "1:6: vdev-mine.so: not found");
    assert!(said[1].starts_with("1:44: expected a length"), "{said:?}");
}

const ARM: &str = "system a\nram 0x80000000,128m\ncpu cluster _cpu-1\nload ifs\n\
                   unsupported register ignore\nvdev pl011 loc 0x1c090000 intr gic:37 hostdev >-\n\
                   vdev virtio-blk loc 0x1c0c0000 intr gic:41 hostdev f\nset host-paddr-gicd 0x1\n\
                   fdt load x\nvdev gic version 2";

/// It is read to its end, and refused with one sentence.
#[test]
fn for_an_arm_guest() {
    let said = "6:6: expected a configuration for an x86 guest, found one for an ARM guest (vdev \
                pl011): gasp-vm runs x86 guests only";
    assert_eq!(refusal(ARM), said);
    assert_eq!(outcome(ARM).config.notes, []);
    let broken = refusals(&format!("{ARM} ram 1q"));
    assert_eq!(broken.len(), 2);
}

#[test]
fn signs_of_an_arm_guest() {
    for (text, sign) in [
        ("vdev dev intr gic:37", "(intr gic:...)"),
        ("vdev wdt-sp805", "(vdev wdt-sp805)"),
        ("fdt load 0x1000,x", "(fdt load)"),
        ("set gic-hwassist on", "(set gic-hwassist)"),
        ("pass loc 0xfe204000,4k,rwn intr gic:144", "(intr gic:...)"),
    ] {
        let said = refusal(text);
        assert!(said.contains("an ARM guest") && said.contains(sign), "{said}");
    }
}
