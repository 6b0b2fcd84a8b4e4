//! A part of an image.

#![forbid(unsafe_code)]

/// A part of an image: where it goes, its bytes, and how many there are with the zeros behind them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) struct Segment<'a> {
    pub(in super::super) address: u64,
    pub(in super::super) bytes: &'a [u8],
    /// Not less than the bytes, and not 0.
    pub(in super::super) length: u64,
}
