//! The functions of an interrupt controller. The thread acts for the controller while they run.

#![allow(unsafe_code)]

use super::call::Callback;
use super::{calling, ending, slots};
use core::ffi::{CStr, c_int, c_void};
use core::ptr;
use gasp_abi::{
    any_guest_intr_notifications, any_guest_intr_state, any_guest_table_spec_component, guest_intr,
    vdev_pic_functions, vdev_t,
};

/// The longest text of an input.
const LONGEST: usize = 0xffff;

/// The answer of one that has not given any.
const LEFT: isize = -(libc::ECANCELED as isize);

/// A vdev that is an interrupt controller.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Controller {
    vdev: *mut vdev_t,
    functions: &'static vdev_pic_functions,
}

impl Controller {
    /// `None`: it is no vdev, or no controller.
    pub(crate) fn of(vdev: *mut vdev_t) -> Option<Self> {
        if !slots::is_vdev(vdev) {
            return None;
        }
        // SAFETY: it is a vdev.
        let factory = unsafe { (*vdev).v_factory };
        // SAFETY: factories live as long as the process.
        let pic = unsafe { factory.as_ref() }?.pic;
        // SAFETY: the functions of a controller, which live as long, or NULL.
        Some(Self { vdev, functions: unsafe { pic.as_ref() }? })
    }

    /// Calls a function of it for an input; `None` if its error is fatal. What `run` does need not
    /// return.
    fn call<T: Copy>(
        self,
        (callback, input): (Callback, u32),
        run: impl FnOnce() -> T + Copy,
    ) -> Option<T> {
        let shared = slots::shared(self.vdev)?;
        calling::make_within(&shared, self.vdev, (callback, input.into()), run)
    }

    /// The number of an interrupt's input.
    fn input(self, intr: &guest_intr) -> u32 {
        intr.param & self.mask()
    }

    /// The bits of a parameter that are the number of the input.
    pub(crate) fn mask(self) -> u32 {
        if self.functions.pnum_mask == 0 { u32::MAX } else { self.functions.pnum_mask }
    }

    /// Its answer to a change of a line. The caller has nothing to drop.
    pub(crate) fn signal(self, intr: &guest_intr, state: any_guest_intr_state) -> c_int {
        let Some(signal) = self.functions.signal else { return libc::EINVAL };
        // SAFETY: the controller's function, with an interrupt of its.
        let run = || unsafe { signal(intr, state) };
        let answer = self.call((Callback::Signal, self.input(intr)), run);
        ending::go_on();
        answer.unwrap_or(libc::EINVAL)
    }

    /// Tells it of which events of an input it has to tell from now on. False: it cannot.
    pub(crate) fn notify(self, intr: &guest_intr, events: any_guest_intr_notifications) -> bool {
        let Some(notify) = self.functions.notify else { return false };
        // SAFETY: the controller's function, with an interrupt of its.
        self.call((Callback::Notify, self.input(intr)), || unsafe { notify(intr, events) });
        true
    }

    /// Writes an interrupt as a table for the guest has it. `None`: it has no such function.
    ///
    /// # Safety
    /// `room` bytes can be written.
    pub(crate) unsafe fn table_spec(
        self,
        intr: &guest_intr,
        component: any_guest_table_spec_component,
        (bytes, room): (*mut c_void, usize),
    ) -> Option<isize> {
        let table_spec = self.functions.table_spec?;
        // SAFETY: the controller's function, with an interrupt of its; the caller's promise.
        let run = || unsafe { table_spec(intr, component, bytes, room) };
        let written = self.call((Callback::TableSpec, self.input(intr)), run);
        Some(written.unwrap_or(LEFT))
    }

    /// Has it read the text of an input. `None`: it leaves that to others. Otherwise how much of
    /// the text it has read; `Some(None)`: the text is no input.
    pub(crate) fn parse(self, intr: &mut guest_intr, text: &CStr) -> Option<Option<usize>> {
        let parse = self.functions.parse?;
        let (intr, start) = (ptr::from_mut(intr), text.as_ptr());
        // SAFETY: the controller's function, with an interrupt of its and a string.
        let rest = self.call((Callback::Parse, 0), || unsafe { parse(intr, start) });
        let rest = rest.unwrap_or(ptr::null_mut());
        let read = rest.addr().checked_sub(text.as_ptr().addr());
        Some(read.filter(|read| !rest.is_null() && *read <= text.count_bytes()))
    }

    /// The text of an input; `None`: it leaves that to others.
    pub(crate) fn string(self, intr: &guest_intr) -> Option<String> {
        const USUAL: usize = 256;
        let mut text = vec![0_u8; USUAL];
        let length = self.string_into(intr, &mut text)?;
        if length >= text.len() {
            text = vec![0_u8; length.min(LONGEST).saturating_add(1)];
            self.string_into(intr, &mut text)?;
        }
        let text = CStr::from_bytes_until_nul(&text).unwrap_or_default();
        Some(text.to_string_lossy().into_owned())
    }

    fn string_into(self, intr: &guest_intr, text: &mut [u8]) -> Option<usize> {
        let string = self.functions.string?;
        let (to, room) = (text.as_mut_ptr().cast(), text.len());
        // SAFETY: the controller's function, with an interrupt of its and room for a text.
        let run = || unsafe { string(intr, to, room) };
        self.call((Callback::String, self.input(intr)), run)
    }
}
