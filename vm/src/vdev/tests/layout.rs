//! The structures that plugins see are those of the headers.

#![allow(clippy::unwrap_used)] // a failed step is a failed test

use super::machine::{Directory, compile};
use crate::vdev::abi::{
    guest_intr, guest_timer_data, qvm_sched_info, vdev_factory, vdev_pic_functions, vdev_t,
};
use core::mem::{offset_of, size_of};
use std::fs;

macro_rules! asserts {
    ($c:literal, $type:ty, $($field:ident),+) => {{
        let mut text = format!("_Static_assert(sizeof({}) == {}, \"size\");\n", $c, size_of::<$type>());
        $(text += &format!(
            "_Static_assert(offsetof({}, {field}) == {}, \"{field}\");\n",
            $c, offset_of!($type, $field), field = stringify!($field)
        );)+
        text
    }};
}

#[test]
fn structures_are_those_of_the_headers() {
    let asserts = [
        "#include <qvm/guest.h>\n#include <qvm/vdev-core.h>\n#include <stddef.h>\n".to_owned(),
        asserts!("struct guest_intr", guest_intr, pic, param, src_id),
        asserts!("struct guest_timer_data", guest_timer_data, when, now),
        asserts!("struct qvm_sched_info", qvm_sched_info, policy, priority),
        asserts!("vdev_t", vdev_t, v_device, v_factory, v_gsp, v_block, v_intr, v_mtx, v_sched),
        asserts!(
            "struct vdev_pic_functions",
            vdev_pic_functions,
            flags,
            pnum_mask,
            signal,
            notify,
            parse,
            string,
            table_spec
        ),
        asserts!(
            "struct vdev_factory",
            vdev_factory,
            next,
            control,
            vread,
            vwrite,
            pulse,
            timer,
            pic,
            option_list,
            name,
            factory_flags,
            acc_sizes,
            extra_space,
            safety
        ),
    ];
    compile_asserts(&asserts.concat());
}

#[test]
fn numbers_are_those_of_the_headers() {
    use crate::vdev::abi::{TIMER_OFF, VDEV_ABI, ctrl, qst, vff, vrs};
    let numbers: [(&str, u64); 36] = [
        ("VFF_INTR_NO", vff::INTR_NO.into()),
        ("VFF_INTR_REQ", vff::INTR_REQ.into()),
        ("VFF_INTR_NONPCI", vff::INTR_NONPCI.into()),
        ("VFF_LOC_NO", vff::LOC_NO.into()),
        ("VFF_VDEV_MEM", vff::VDEV_MEM.into()),
        ("VFF_VDEV_X86_IO", vff::VDEV_X86_IO.into()),
        ("VFF_VDEV_PCI", vff::VDEV_PCI.into()),
        ("VFF_MUTEX_RECURSIVE", vff::MUTEX_RECURSIVE.into()),
        ("VFF_MANUAL_REGION", vff::MANUAL_REGION.into()),
        ("VDEV_CTRL_OPTIONS_START", ctrl::OPTIONS_START.into()),
        ("VDEV_CTRL_OPTIONS_END", ctrl::OPTIONS_END.into()),
        ("VDEV_CTRL_GUEST_CONFIGURED", ctrl::GUEST_CONFIGURED.into()),
        ("VDEV_CTRL_TERMINATE", ctrl::TERMINATE.into()),
        ("VDEV_CTRL_STATUS", ctrl::STATUS.into()),
        ("VDEV_CTRL_BUTTON", ctrl::BUTTON.into()),
        ("VDEV_CTRL_ASSIGN", ctrl::ASSIGN.into()),
        ("VDEV_CTRL_GUEST_STARTING", ctrl::GUEST_STARTING.into()),
        ("VDEV_CTRL_FIRST_OPTIDX", ctrl::FIRST_OPTIDX.into()),
        ("VRS_NORMAL", vrs::NORMAL.into()),
        ("VRS_NO_ADVANCE", vrs::NO_ADVANCE.into()),
        ("VRS_BUS_ERROR", vrs::BUS_ERROR.into()),
        ("VRS_TERMINATE", vrs::TERMINATE.into()),
        ("VRS_ERRNO", vrs::ERRNO.into()),
        ("QST_MEMORY", qst::MEMORY.into()),
        ("QST_HOST", qst::HOST.into()),
        ("QST_PCI", qst::PCI.into()),
        ("QST_PCI_IO", qst::PCI_IO.into()),
        ("QST_IMMEDIATE", qst::IMMEDIATE.into()),
        ("QST_X86_IO", qst::X86_IO.into()),
        ("QST_NO_TYPE", qst::NO_TYPE.into()),
        ("GUEST_TIMER_OFF", TIMER_OFF),
        ("QVM_VDEV_ABI", VDEV_ABI.into()),
        ("QL_QVM_ERR", crate::vdev::log::ERROR.into()),
        ("QL_QVM_WARN", crate::vdev::log::WARNING.into()),
        ("GTC_MAX", 63),
        ("GTC_VDEV_ERROR", 6),
    ];
    let asserts = numbers.map(|(name, number)| {
        format!("_Static_assert((uint64_t)({name}) == {number}u, \"{name}\");\n")
    });
    let headers = "#include <qvm/guest.h>\n#include <qvm/log.h>\n#include <qvm/vdev-core.h>\n";
    compile_asserts(&(headers.to_owned() + &asserts.concat()));
}

/// Fails if one of the assertions does not hold.
fn compile_asserts(text: &str) {
    let directory = Directory::new();
    let source = directory.0.join("asserts.c");
    fs::write(&source, text).unwrap();
    compile(&source, &directory.0.join("asserts.so"));
}
