//! The last failure of each thread, which becomes a message only on request.
//!
//! The thread-local variables have no destructors, so that the library can be unloaded.

#![forbid(unsafe_code)]

use super::Refusal;
use core::cell::{Cell, RefCell};
use core::ffi::{CStr, c_char};
use core::fmt::{self, Write};

/// The size of the longest message, with its NUL. A longer one is cut.
const CAPACITY: usize = 512;

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

/// Keeps a failure as this thread's last.
pub(crate) fn record(refusal: impl Into<Refusal>) {
    LAST.set(Last::Refusal(refusal.into()));
}

/// Makes a sentence this thread's last failure.
pub(crate) fn give(sentence: Option<&CStr>) {
    let Some(sentence) = sentence else { return LAST.set(Last::None) };
    TEXT.with_borrow_mut(|text| {
        text.length = 0;
        text.append(sentence.to_bytes());
    });
    LAST.set(Last::Given);
}

/// The message for this thread's last failure; "" if there was none.
pub(crate) fn message() -> *const c_char {
    TEXT.with_borrow_mut(|text| {
        match LAST.get() {
            Last::None => text.length = 0,
            Last::Refusal(refusal) => {
                text.length = 0;
                text.format(format_args!("{refusal}"));
            }
            Last::Given => {}
        }
        text.as_c_str().as_ptr()
    })
}

/// Text in a buffer of fixed size. It allocates nothing, because memory may just have run out.
#[derive(Debug)]
pub(crate) struct Text {
    bytes: [u8; CAPACITY],
    length: usize,
}

impl Text {
    /// No text.
    pub(crate) const fn new() -> Self {
        Self { bytes: [0; CAPACITY], length: 0 }
    }

    /// Appends text, cut at the end of the buffer.
    pub(crate) fn format(&mut self, text: fmt::Arguments<'_>) {
        // The only error is a full buffer, which has kept the start of the text.
        let _ = self.write_fmt(text);
    }

    /// Appends bytes, cut at the end of the buffer. Returns whether all had room.
    fn append(&mut self, bytes: &[u8]) -> bool {
        let room = CAPACITY - 1 - self.length;
        let fits = bytes.len().min(room);
        self.bytes[self.length..self.length + fits].copy_from_slice(&bytes[..fits]);
        self.length += fits;
        fits == bytes.len()
    }

    /// The text so far.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }

    /// The text so far, as a C string.
    pub(crate) fn as_c_str(&mut self) -> &CStr {
        self.bytes[self.length] = 0;
        CStr::from_bytes_until_nul(&self.bytes).unwrap_or_default()
    }
}

impl Write for Text {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if self.append(text.as_bytes()) { Ok(()) } else { Err(fmt::Error) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cut_where_the_buffer_ends() {
        let mut text = Text::new();
        for _ in 0..CAPACITY {
            text.format(format_args!("abc"));
        }
        assert_eq!(text.as_bytes().len(), CAPACITY - 1);
        assert!(text.as_bytes().starts_with(b"abcabc"));
    }
}
