//! `<gasp/vdev-host.h>`: the functions that hosts call. `gasp-abi` documents each function and the
//! promises of its callers.
//!
//! Each function converts its arguments, calls one method, and converts the result.

#![allow(unsafe_code)]

mod args;
mod machine;
mod ret;
mod sets;
mod vdevs;

macro_rules! declared {
    ($($($name:ident),+ in $here:ident;)+) => {
        // Two functions are elements of one array only if their types are equal.
        $($(const _: () = {
            let _ = [gasp_abi::$name, $here::$name];
        };)+)+

        // All exported names are here, or in `exports`.
        const _: () = {
            /// The number of names in a list with one name on each line that is not a comment.
            const fn names(list: &str) -> usize {
                let (bytes, mut count, mut at) = (list.as_bytes(), 0, 0);
                while at < bytes.len() {
                    if bytes[at] != b'#' && (at == 0 || bytes[at - 1] == b'\n') {
                        count += 1;
                    }
                    at += 1;
                }
                count
            }

            let declared = [$($(stringify!($name)),+),+].len() + crate::exports::COUNT;
            assert!(declared == names(include_str!("../../symbols.txt")));
        };
    };
}

declared! {
    gasp_vdevs_create, gasp_vdevs_destroy, gasp_vdevs_add_path, gasp_vdevs_load, gasp_vdevs_add,
    gasp_vdevs_control, gasp_vdevs_logger, gasp_vdevs_set_cpu, gasp_vdevs_clock,
    gasp_vdevs_advance, gasp_vdevs_next, gasp_vdev_name, gasp_vdevs_each_hit, gasp_vdevs_counts,
    gasp_vdev_counts, gasp_vdevs_set_limit, gasp_vdevs_non_safety in vdevs;
    gasp_vdevs_watch_intr, gasp_vdevs_table_spec, gasp_vdev_hostvector, gasp_vdev_run_time,
    gasp_vdevs_set_power, gasp_vdevs_instruction in machine;
}
