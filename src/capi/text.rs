//! `<gasp/host.h>`: the version, and flags and regions as text.

use super::{args, ret};
use crate::error::Error;
use crate::raw::bytes::Buffer;
use crate::value::flags::Names;
use crate::value::kind::SpaceKind;
use core::ffi::{c_char, c_uint};
use core::fmt::{self, Write};
use gasp_abi::gasp_span;

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn gasp_version() -> c_uint {
    gasp_abi::GASP_VERSION
}

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn gasp_flags_text(
    flags: u32,
    buffer: *mut c_char,
    size: usize,
) -> usize {
    ret::length(c"gasp_flags_text", || {
        // SAFETY: promise 2.
        let buffer = unsafe { args::text_buffer(buffer, size)? };
        Ok(write(buffer, format_args!("{}", Names(flags))))
    })
}

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn gasp_span_text(
    span: *const gasp_span,
    r#type: c_uint,
    buffer: *mut c_char,
    size: usize,
) -> usize {
    ret::length(c"gasp_span_text", || {
        // SAFETY: promise 2.
        let span = unsafe { args::required_input("span", span)? };
        // SAFETY: promise 2.
        let buffer = unsafe { args::text_buffer(buffer, size)? };
        let space = SpaceKind::from_type(r#type).ok_or(Error::BadType(r#type))?;
        Ok(write(buffer, format_args!("{}", SpanText { span, space })))
    })
}

/// A region of a space as one line.
struct SpanText<'s> {
    span: &'s gasp_span,
    space: SpaceKind,
}

impl fmt::Display for SpanText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let gasp_span { location, last, host_location, vdev, flags, cookie } = *self.span;
        write!(f, "{} [{location:#x}, {last:#x}], flags {}", self.space, Names(flags))?;
        if host_location != 0 {
            write!(f, ", host {host_location:#x}")?;
        }
        if !vdev.is_null() {
            write!(f, ", vdev {:#x}", vdev.addr())?;
        }
        if cookie != 0 {
            write!(f, ", cookie {cookie}")?;
        }
        Ok(())
    }
}

/// Writes as much of a text as fits, and a NUL. Returns the length of the whole text.
fn write(buffer: Buffer, text: fmt::Arguments<'_>) -> usize {
    let mut writer = TextWriter { buffer, length: 0 };
    // The only error is that of a `Display`, and those here have none of their own.
    let _ = writer.write_fmt(text);
    let end = writer.length.min(buffer.len().saturating_sub(1));
    buffer.part(end as u64, 1).fill(0);
    writer.length
}

/// Writes text into a buffer, and counts what does not fit.
struct TextWriter {
    buffer: Buffer,
    length: usize,
}

impl Write for TextWriter {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.buffer.part(self.length as u64, text.len() as u64).copy_in(text.as_bytes());
        self.length += text.len();
        Ok(())
    }
}
