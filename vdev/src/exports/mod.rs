//! The functions that plugins call. `gasp-abi` documents each function and the promises of its
//! callers; `symbols.txt` has the names that the library exports.
//!
//! Each function checks its arguments and calls one function of another module. Functions with
//! "..." are in `c/outpipe.c`, `vdev_thread_create()` is in `c/thread.c`, pulses are in
//! `c/pulse.c`, and character devices in `c/cdev*.c`.

#![allow(unsafe_code)]

mod guest;
mod instruction;
mod interrupt;
mod parse;
mod power;
mod pulse;
mod register;
mod run_time;
mod text;
mod thread;
mod transfer;
mod wdog;
mod write;

macro_rules! declared {
    ($in_c:literal in C; $($($name:ident),+ in $here:ident;)+) => {
        // Two functions are elements of one array only if their types are equal.
        $($(const _: () = {
            let _ = [gasp_abi::$name, $here::$name];
        };)+)+

        /// How many functions plugins can call.
        pub(crate) const COUNT: usize = [$($(stringify!($name)),+),+].len() + $in_c;
    };
}

declared! {
    14 in C;
    guest_cpu_read, guest_cpu_write, guest_write_all_ones in transfer;
    guest_timer_create, guest_timer_notify, guest_timer_state, guest_terminate,
    guest_write_core_file in guest;
    guest_intr_assign, guest_intr_notify, guest_intr_signal, guest_msi_register, guest_msi_signal
        in interrupt;
    guest_intr_string, vdev_path, vdev_string in text;
    qvm_parse_block, qvm_parse_intr in parse;
    vdev_register_factory in register;
    guest_power_state_current, guest_power_state_notify_create, guest_power_state_notify_delete,
    guest_power_state_notify_register in power;
    guest_instr_register in instruction;
    guest_clock_start, guest_clock_stop in run_time;
    wdog_bite in wdog;
}
