//! Messages as text.

#![forbid(unsafe_code)]

use core::ffi::CStr;
use core::fmt::{self, Write};

/// The size of the longest message, with its NUL. A longer one is cut.
const CAPACITY: usize = 512;

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

    /// Removes the text.
    pub(crate) fn clear(&mut self) {
        self.length = 0;
    }

    /// Appends text, cut at the end of the buffer.
    pub(crate) fn format(&mut self, text: fmt::Arguments<'_>) {
        // The only error is a full buffer, which has kept the start of the text.
        let _ = self.write_fmt(text);
    }

    /// Appends bytes, cut at the end of the buffer. Returns whether all had room.
    pub(crate) fn append(&mut self, bytes: &[u8]) -> bool {
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
