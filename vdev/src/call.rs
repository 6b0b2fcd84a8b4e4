//! What a call of a vdev is: which function, and for what.

#![forbid(unsafe_code)]

use core::fmt;

/// The functions of a vdev that are called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u32)]
pub(crate) enum Callback {
    Read,
    Write,
    Control,
    Timer,
    Pulse,
    /// That of a `qvm_callback`.
    PulseFunction,
    /// Of a controller, as the next ones.
    Signal,
    Notify,
    Parse,
    String,
    TableSpec,
    Deliver,
    /// For a change of the power state.
    Power,
    Instruction,
    /// Not a call: a thread of the vdev's own.
    Thread,
}

/// All, with their names.
const CALLBACKS: [(Callback, &str); 15] = [
    (Callback::Read, "vread"),
    (Callback::Write, "vwrite"),
    (Callback::Control, "control"),
    (Callback::Timer, "timer"),
    (Callback::Pulse, "pulse"),
    (Callback::PulseFunction, "the function of a pulse"),
    (Callback::Signal, "signal"),
    (Callback::Notify, "notify"),
    (Callback::Parse, "parse"),
    (Callback::String, "string"),
    (Callback::TableSpec, "table_spec"),
    (Callback::Deliver, "a function for messages"),
    (Callback::Power, "a function for the power state"),
    (Callback::Instruction, "a function for instructions"),
    (Callback::Thread, "a thread"),
];

impl Callback {
    /// The one with a number.
    pub(crate) fn of(number: usize) -> Self {
        CALLBACKS.get(number).map_or(Self::Thread, |(callback, _)| *callback)
    }

    /// The name of the function.
    pub(crate) fn name(self) -> &'static str {
        CALLBACKS[self as usize].1
    }
}

/// A call of a vdev.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Call {
    /// The address of the state of its set.
    pub(crate) set: usize,
    /// The address of the vdev; 0: none is called.
    pub(crate) vdev: usize,
    pub(crate) callback: Callback,
    /// The location of an access, the step of a control function, the input of a controller, the
    /// address of a message, the code of a pulse, or which instruction.
    pub(crate) number: u64,
    /// The length of an access; 0: it is none.
    pub(crate) length: usize,
}

impl Call {
    /// None.
    pub(crate) const NONE: Self =
        Self { set: 0, vdev: 0, callback: Callback::Thread, number: 0, length: 0 };
}

/// For people; it can be written by a signal handler.
impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { callback, number, length, .. } = *self;
        f.write_str(callback.name())?;
        match callback {
            Callback::Read | Callback::Write => write!(f, " of {length} bytes at {number:#x}"),
            Callback::Control => write!(f, " with step {number}"),
            Callback::Pulse => write!(f, " with code {}", i64::from_ne_bytes(number.to_ne_bytes())),
            Callback::Signal | Callback::Notify | Callback::String | Callback::TableSpec => {
                write!(f, " for the input {number:#x}")
            }
            Callback::Deliver => write!(f, " at {number:#x}"),
            Callback::Instruction => write!(f, " such as {number:#x}"),
            Callback::Thread => f.write_str(" of its own"),
            Callback::Timer | Callback::PulseFunction | Callback::Parse | Callback::Power => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_function_is_found_by_its_number() {
        for (index, (callback, _)) in CALLBACKS.into_iter().enumerate() {
            assert_eq!((callback as usize, Callback::of(index)), (index, callback));
        }
        assert_eq!(Callback::of(CALLBACKS.len()), Callback::Thread);
    }

    #[test]
    fn a_call_says_what_it_is_for() {
        let text = |callback, number, length| {
            Call { set: 1, vdev: 2, callback, number, length }.to_string()
        };
        assert_eq!(text(Callback::Read, 0x1000, 8), "vread of 8 bytes at 0x1000");
        assert_eq!(text(Callback::Control, 4, 0), "control with step 4");
        assert_eq!(text(Callback::Pulse, u64::MAX, 0), "pulse with code -1");
        assert_eq!(text(Callback::Signal, 3, 0), "signal for the input 0x3");
        assert_eq!(
            text(Callback::Deliver, 0xfee0_0000, 0),
            "a function for messages at 0xfee00000"
        );
        assert_eq!(text(Callback::Instruction, 2, 0), "a function for instructions such as 0x2");
        assert_eq!(text(Callback::Thread, 0, 0), "a thread of its own");
    }
}
