//! The layouts of the specification (1.5), asserted when the crate is compiled. The C tests assert
//! the same table.

use crate::vdev_core::vdev_s;
use crate::{
    acting, change, cpu, gasp, guest, hold, host, memory, owner, types, vdev_core, vio, vpci,
};
use core::mem::{offset_of, size_of};

macro_rules! layout {
    ($type:ty, $size:expr, $($field:ident at $offset:expr),+) => {
        const _: () = {
            assert!(size_of::<$type>() == $size);
            $(assert!(offset_of!($type, $field) == $offset);)+
        };
    };
}

layout!(types::qvm_state_block, 16, location at 0, length at 8, r#type at 12, flags at 14);
layout!(types::gasp_region, 40, flags at 0, cookie at 4, vdev at 8, host_location at 16, guest at 24);
layout!(
    gasp::gasp_walk_state, 56,
    span at 0, gsp at 8, guest_loc at 16, host_loc at 24, length at 32, max_length at 40, flags at 48
);
layout!(
    gasp::gasp_walk_state_filtered, 80,
    ws at 0, filter at 56, remaining_guest_loc at 64, remaining_length at 72
);
layout!(types::guest_intr, 16, pic at 0, param at 8, src_id at 12);
layout!(types::qvm_sched_info, 8, policy at 0, sched at 4);
layout!(
    guest::guest_timer_data, 32,
    host_notify_start at 0, host_current at 8, guest_notify_start at 16, guest_current at 24
);
layout!(
    vio::vio_description, 32,
    device_type at 0, vendor_id at 2, pci_class at 4, num_queues at 8, device_config_size at 12,
    device_features at 16
);
layout!(vio::vio_state, 32, vsip at 0, qinfo at 8, driver_features at 16);
layout!(
    vio::vio_iov, 40,
    vi_iov at 0, vi_paddrs at 8, vi_iov_len at 16, vi_reserved at 20, vi_flags at 24,
    vi_hdr_len at 28, vi_count at 32, vi_payload at 36
);
layout!(
    vpci::vpci_bar, 56,
    vb_mapping at 0, vb_value at 40, vb_value_upper at 44, vb_slice at 48, vb_breg at 50
);
layout!(
    vdev_core::vdev_factory, 88,
    next at 0, control at 8, vread at 16, vwrite at 24, pulse at 32, timer at 40, pic at 48,
    option_list at 56, name at 64, factory_flags at 72, acc_sizes at 76, extra_space at 80,
    safety at 84
);
layout!(
    vdev_core::vdev_pic_functions, 48,
    flags at 0, pnum_mask at 4, signal at 8, notify at 16, parse at 24, string at 32,
    table_spec at 40
);
layout!(host::gasp_guest_options, 16, size at 0, flags at 8);
layout!(
    host::gasp_span, 40,
    location at 0, last at 8, host_location at 16, vdev at 24, flags at 32, cookie at 36
);

const _: () = {
    assert!(offset_of!(vdev_s, v_device) == 0);
    assert!(offset_of!(vdev_s, v_factory) == 8);
    assert!(offset_of!(vdev_s, v_gsp) == 16);
    assert!(offset_of!(vdev_s, v_block) == 24);
    assert!(offset_of!(vdev_s, v_intr) == 40);
    assert!(offset_of!(vdev_s, v_mtx) == 56);
    assert!(offset_of!(vdev_s, v_sched) == 56 + size_of::<libc::pthread_mutex_t>());
};
layout!(
    cpu::gasp_trap, 40,
    vdev at 0, location at 8, data at 16, length at 24, cookie at 32, kind at 36, r#type at 38
);
layout!(cpu::gasp_counts, 72, passed at 0, trapped at 24, unsupported at 48);
layout!(cpu::gasp_backing, 24, fd at 0, offset at 8, length at 16);
layout!(change::gasp_span_list, 16, first at 0, count at 8);
layout!(
    change::gasp_difference, 64,
    memory_removed at 0, memory_added at 16, ports_removed at 32, ports_added at 48
);
layout!(change::gasp_cost, 24, slots at 0, slots_left at 8, ioctls at 16);
layout!(
    change::gasp_listener, 48,
    size at 0, priority at 8, estimate at 16, prepare at 24, commit at 32, abort at 40
);
layout!(
    change::gasp_report, 88,
    size at 0, index at 8, error at 12, r#type at 16, conflict at 24, cost at 64
);
layout!(
    owner::gasp_change, 48,
    location at 0, last at 8, host_location at 16, vdev at 24, flags at 32, cookie at 36,
    r#type at 40
);
layout!(
    owner::gasp_released, 40,
    size at 0, spans at 8, room at 16, count at 24, ports at 32
);
layout!(
    memory::gasp_run, 48,
    location at 0, length at 8, host_location at 16, offset at 24, page_size at 32, fd at 40,
    prot at 44
);
layout!(acting::gasp_acting, 16, vdev at 0, data at 8);
layout!(hold::gasp_holder, 16, vdev at 0, thread at 8);
layout!(
    acting::gasp_mapping, 40,
    number at 0, address at 8, length at 16, location at 24, vdev at 32
);

const _: () = {
    /// The number in a text, which is one of Cargo's.
    const fn number(text: &str) -> u32 {
        match u32::from_str_radix(text, 10) {
            Ok(number) => number,
            Err(_) => panic!("not a number"),
        }
    }

    assert!(crate::GASP_VERSION_MAJOR == number(env!("CARGO_PKG_VERSION_MAJOR")));
    assert!(crate::GASP_VERSION_MINOR == number(env!("CARGO_PKG_VERSION_MINOR")));
    assert!(crate::GASP_VERSION_PATCH == number(env!("CARGO_PKG_VERSION_PATCH")));
};
