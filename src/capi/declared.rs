//! Compile-time checks that each exported function has the type that `gasp-abi` declares.

#![forbid(unsafe_code)]

use super::{
    acting, change, copy, cpu, find, gram, hold, host, map, memory, owner, place, region, text,
    walk,
};

macro_rules! declared {
    ($($($name:ident),+ in $here:ident;)+) => {
        // Two functions are elements of one array only if their types are equal.
        $($(const _: () = {
            let _ = [gasp_abi::$name, $here::$name];
        };)+)+

        // All exported names are here.
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

            let declared = [$($(stringify!($name)),+),+].len();
            assert!(declared == names(include_str!("../../abi/symbols.txt")));
        };
    };
}

declared! {
    gasp_lock, gasp_unlock, gasp_region_set, gasp_region_set_soft, gasp_region_info
        in region;
    gasp_find_free, gasp_find_free_range in find;
    gasp_walk_init, gasp_walk_next, gasp_walk_count, gasp_walk_init_filtered,
    gasp_walk_next_filtered, gasp_walk_count_filtered in walk;
    gram_find_free_range, gram_reserve in gram;
    gasp_map_sys, gasp_map_vdma, gasp_map_contig, gasp_unmap in map;
    gasp_guest_create, gasp_guest_start, gasp_guest_destroy, gasp_last_error, gasp_set_last_error,
    gasp_guest_set_fatal_handler, gasp_guest_reserve, gasp_guest_add_memory, gasp_guest_next,
    gasp_guest_read, gasp_guest_write in host;
    gasp_cpu_create, gasp_cpu_destroy, gasp_cpu_info, gasp_cpu_access,
    gasp_guest_set_trap_handler, gasp_guest_set_unsupported, gasp_guest_synchronize,
    gasp_guest_call_when_quiet, gasp_guest_counts, gasp_guest_backing in cpu;
    gasp_version, gasp_flags_text, gasp_span_text in text;
    gasp_guest_add_listener, gasp_guest_remove_listener, gasp_guest_set, gasp_guest_generation,
    gasp_guest_unique_generation in change;
    gasp_guest_change, gasp_guest_release in owner;
    gasp_guest_find, gasp_guest_claim, gasp_guest_unreserve, gasp_guest_unreserve_gram,
    gasp_guest_previous, gasp_guest_next_gap in place;
    gasp_guest_add_memory_fd, gasp_guest_remove_memory, gasp_guest_runs in memory;
    gasp_acting, gasp_on_failure, gasp_guest_locks_held, gasp_guest_next_mapping,
    gasp_guest_set_unsupported_handler in acting;
    gasp_guest_lock_holder, gasp_guest_set_hold_limit, gasp_guest_settle in hold;
    gasp_guest_copy in copy;
}
