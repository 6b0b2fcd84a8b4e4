//! libgasp-vdev: loads vdevs, plugins written in C for qvm, and calls them.
//!
//! [`Vdevs`](set::Vdevs) are the vdevs of one guest: it loads them (`loader`), takes each through
//! its life (`sequence`, over `instance`), and calls them when a guest's access traps (`trap`, on
//! the thread of the access). Hosts call the functions in `capi`, plugins those in `exports` and in
//! `c/`, which `docs/vdevs.md` lists. Vdevs reach the machine through [`Host`](host::Host).
//!
//! Libraries stay loaded until the process ends, because a plugin may have threads.

#[cfg(feature = "static")]
extern crate gasp as _;

mod acting;
mod bounded;
mod call;
mod calling;
mod capi;
mod clock;
mod controller;
mod crash;
mod ending;
mod events;
mod exports;
mod factory;
mod failure;
mod failures;
mod fatal;
mod filter;
mod hits;
mod host;
mod hostvectors;
mod instance;
mod instructions;
mod interrupt;
mod leftovers;
mod loader;
mod lock;
mod log;
mod msi;
mod operands;
mod outside;
mod pins;
mod place;
mod power;
mod pulse;
mod pulse_thread;
mod refusals;
mod refuse;
mod run_time;
mod run_times;
mod safety;
mod sequence;
mod set;
mod shared;
mod slog;
mod slots;
mod stack;
mod threads;
mod timer;
mod timer_thread;
mod transfer;
mod trap;
mod watch;
mod watchdog;
mod watches;

#[cfg(test)]
mod tests;
