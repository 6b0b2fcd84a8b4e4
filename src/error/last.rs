//! The last failure of each thread, which becomes a message only on request.
//!
//! The thread-local variables have no destructors, so that the library can be unloaded.

#![forbid(unsafe_code)]

use super::refusal::Refusal;
use super::report;
use super::text::Text;
use core::cell::{Cell, RefCell};
use core::ffi::{CStr, c_char};

thread_local! {
    static LAST: Cell<Last> = const { Cell::new(Last::None) };
    static TEXT: RefCell<Text> = const { RefCell::new(Text::new()) };
}

/// A thread's last failure.
#[derive(Debug, Clone, Copy)]
enum Last {
    /// Nothing has failed.
    None,
    /// A failure of this library.
    Refusal(Refusal),
    /// One of a library above, whose sentence is in `TEXT`.
    Given,
}

/// Keeps a failure of a C function as this thread's last, and reports it.
#[cold]
pub(crate) fn record(function: &CStr, refusal: impl Into<Refusal>) {
    let refusal = refusal.into();
    LAST.set(Last::Refusal(refusal));
    report::report(function, &refusal);
    // The function that was told may have failed in calls of its own.
    LAST.set(Last::Refusal(refusal));
}

/// Makes a sentence this thread's last failure.
pub(crate) fn give(sentence: Option<&CStr>) {
    let Some(sentence) = sentence else { return LAST.set(Last::None) };
    // The sentence may be the one in `TEXT`.
    let mut text = Text::new();
    text.append(sentence.to_bytes());
    TEXT.set(text);
    LAST.set(Last::Given);
}

/// The message for this thread's last failure; "" if there was none.
pub(crate) fn message() -> *const c_char {
    TEXT.with_borrow_mut(|text| {
        match LAST.get() {
            Last::None => text.clear(),
            Last::Refusal(refusal) => {
                text.clear();
                text.format(format_args!("{refusal}"));
            }
            Last::Given => {}
        }
        text.as_c_str().as_ptr()
    })
}
