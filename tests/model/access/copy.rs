//! The host's reads and writes, against the model: the bytes, or the lowest location that is not
//! backed (specification 7.8).

#![allow(unsafe_code)]

use super::{Access, WRITE, World, in_arena, narrow, same_bytes};
use crate::model::numbers::*;
use crate::model::report::{Check, same};
use crate::model::state::Kind;

impl World {
    /// One call of `gasp_guest_copy` to both.
    pub(super) fn copy_memory(&mut self) -> Check {
        let access = self.random_access(Kind::Memory);
        let write = access.what == WRITE;
        let mut data = access.data.clone();
        let mut failed = None;
        let result = self.library_copy(&access, &mut data, &mut failed);
        let name = format!("copy (write: {write}) at {:#x}, {} bytes: ", access.start, data.len());
        let lowest = self.locations(&access).find(|at| self.host(*at).is_none());
        same(&(name.clone() + "the location"), lowest.map(narrow), failed)?;
        same(&(name.clone() + "the result"), if lowest.is_some() { ENXIO } else { EOK }, result)?;
        let mut expected = access.data.clone();
        if lowest.is_none() {
            self.copy_in_model(&access, &mut expected);
        }
        same_bytes(&(name + "the data"), &expected, &data)
    }

    fn library_copy(&self, access: &Access, data: &mut [u8], failed: &mut Option<u64>) -> i32 {
        const UNWRITTEN: u64 = 0x5a5a_5a5a_5a5a_5a5a;
        let mut at = UNWRITTEN;
        let (pointer, length) = (data.as_mut_ptr().cast(), data.len());
        let kind = u32::from(access.what == WRITE);
        // SAFETY: gsp came from gasp_guest_create(); data has that many bytes; `at` can be written.
        let result = unsafe {
            gasp_abi::gasp_guest_copy(self.gsp, kind, access.start, pointer, length, &raw mut at)
        };
        *failed = (at != UNWRITTEN).then_some(at);
        result
    }

    fn locations(&self, access: &Access) -> impl Iterator<Item = u128> + use<> {
        let start = u128::from(access.start);
        start..start + access.data.len() as u128
    }

    fn host(&self, location: u128) -> Option<u128> {
        self.model.memory.cells.at(location)?.host
    }

    fn copy_in_model(&mut self, access: &Access, data: &mut [u8]) {
        for (location, byte) in self.locations(access).zip(data) {
            let host = self.host(location).expect("backed");
            let own = &mut self.copy[in_arena(host, self.arena_start)];
            match access.what {
                WRITE => *own = *byte,
                _ => *byte = *own,
            }
        }
    }
}
