//! The exported C functions: convert, call one method of the safe API, convert back.
//!
//! What each of them promises is written where it is declared, in the crate `gasp-abi`.
//! [`args`] is the only place that turns C pointers into references, [`ret`] the only place that
//! turns results into return values and errno.
//!
//! # Safety
//!
//! Every function here relies on the same promises of its C caller. `SAFETY:` comments cite them by
//! number and add what is special.
//!
//! 1. A `gsp` is NULL or came from `gasp_guest_create()`, a `cpu` is NULL or came from
//!    `gasp_cpu_create()`. What they name may be destroyed. No other call uses it while it is being
//!    destroyed.
//! 2. Any other pointer is NULL, or points to what its type (and count, or size) says, for the
//!    duration of the call. Rust has no reference to it.
//! 3. A function pointer is NULL, or can be called with the arguments that its type names, from any
//!    thread.
//!
//! NULL where something is needed is an error, never undefined behaviour.

#![allow(unsafe_code)]

mod args;
mod change;
mod convert;
mod cpu;
mod declared;
mod find;
mod gram;
pub(crate) mod handles;
mod host;
mod map;
mod region;
mod ret;
mod sized;
mod text;
mod walk;
