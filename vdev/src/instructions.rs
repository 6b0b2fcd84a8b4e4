//! The instructions of the guest for which vdevs want to be called.

#![forbid(unsafe_code)]

use super::lock::unpoisoned;
use gasp_abi::{guest_instr_callback_func_t, guest_instr_type as git};
use std::sync::RwLock;

/// For any qualifier.
const ANY: u32 = git::GIT_FLAG_NO_QUALIFIER as u32;

/// A function of a vdev for an instruction.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Handler {
    /// The address of the vdev.
    pub(crate) vdev: usize,
    /// GIT_*.
    pub(crate) instruction: u32,
    pub(crate) qualifier: u32,
    pub(crate) function: guest_instr_callback_func_t,
}

impl Handler {
    fn is_for(&self, instruction: u32, qualifier: u32) -> bool {
        self.instruction & !ANY == instruction
            && (self.instruction & ANY != 0 || self.qualifier == qualifier)
    }
}

/// The functions of a guest's vdevs.
#[derive(Debug, Default)]
pub(crate) struct Handlers(RwLock<Vec<Handler>>);

impl Handlers {
    pub(crate) fn add(&self, handler: Handler) {
        unpoisoned(self.0.write()).push(handler);
    }

    /// Those for an instruction, in the order in which they were added.
    pub(crate) fn of(&self, instruction: u32, qualifier: u32) -> Vec<Handler> {
        let all = unpoisoned(self.0.read());
        all.iter().filter(|handler| handler.is_for(instruction, qualifier)).copied().collect()
    }

    /// Forgets those of a vdev.
    pub(crate) fn remove(&self, vdev: usize) {
        unpoisoned(self.0.write()).retain(|handler| handler.vdev != vdev);
    }
}
