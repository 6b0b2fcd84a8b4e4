//! The exported C functions: convert, call one method of the safe API, convert back.
//!
//! The crate `gasp-abi` declares and documents them. [`args`] turns C pointers into references,
//! [`ret`] turns results into return values and errno.
//!
//! # Safety
//!
//! Every function here relies on the same promises of its C caller. `SAFETY:` comments cite them by
//! number, and add a reason where the promise alone does not suffice.
//!
//! 1. A `gsp` is NULL or came from `gasp_guest_create()`, a `cpu` is NULL or came from
//!    `gasp_cpu_create()`. Its guest or vCPU may be destroyed. While it is being destroyed, no other
//!    call uses it.
//! 2. Any other pointer is NULL, or valid for its type (and count, or size) for the duration of the
//!    call. Rust code has no reference to its target.
//! 3. A function pointer is NULL, or can be called from any thread, with the arguments of its type
//!    and the `arg` that was given with it.
//!
//! A NULL pointer that is required is an error, never undefined behaviour.

#![allow(unsafe_code)]

mod acting;
mod args;
mod change;
mod convert;
mod copy;
mod cpu;
mod declared;
mod find;
mod gram;
pub(crate) mod handles;
mod hold;
mod host;
mod map;
mod memory;
mod owner;
mod place;
mod region;
mod ret;
mod sized;
mod text;
mod walk;
