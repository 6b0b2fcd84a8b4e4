//! The header of multiboot, version 1.

#![forbid(unsafe_code)]

use super::segment::Segment;

const MAGIC: u32 = 0x1bad_b002;
/// The header is in so many bytes of the file, at a multiple of 4.
const SEARCHED: usize = 8192;
/// What a loader has to be able to: align modules to pages, a map of memory; a video mode is a wish.
const KNOWN: u32 = 0b111;
/// The other bits that a loader must not pass over.
const REQUIRED: u32 = 0xffff;
/// The header has addresses.
const HAS_ADDRESSES: u32 = 1 << 16;

/// A header, and where in the file it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) struct Header<'a> {
    file: &'a [u8],
    at: usize,
    flags: u32,
}

impl<'a> Header<'a> {
    /// The first header in a file.
    pub(in super::super) fn find(file: &'a [u8]) -> Option<Self> {
        let searched = file.get(..SEARCHED).unwrap_or(file);
        let mut words = searched.windows(12).enumerate().step_by(4);
        words.find_map(|(at, _)| {
            let [magic, flags, checksum] = [0, 1, 2].map(|index| word(file, at, index));
            let flags = flags?;
            let sum = magic?.wrapping_add(flags).wrapping_add(checksum?);
            (magic == Some(MAGIC) && sum == 0).then_some(Self { file, at, flags })
        })
    }

    /// Whether the header, and not the format of the file, says where the image goes.
    pub(in super::super) fn has_addresses(&self) -> bool {
        self.flags & HAS_ADDRESSES != 0
    }

    /// The error says what is wanted that gasp-vm does not have.
    pub(in super::super) fn check(&self) -> Result<(), String> {
        match self.flags & REQUIRED & !KNOWN {
            0 => Ok(()),
            bits => Err(format!("a header of multiboot with flags that are known, not {bits:#x}")),
        }
    }

    /// What the header has loaded, and the entry point.
    pub(in super::super) fn addresses(&self) -> Result<(Segment<'a>, u64), String> {
        self.segment().ok_or_else(|| "a header of multiboot with addresses that fit".to_owned())
    }

    fn segment(&self) -> Option<(Segment<'a>, u64)> {
        let address = |index| word(self.file, self.at, index);
        let (header, load, load_end) = (address(3)?, address(4)?, address(5)?);
        let (bss_end, entry) = (address(6)?, address(7)?);
        // The place of the header tells the place of all else.
        let before = usize::try_from(header.checked_sub(load)?).ok()?;
        let rest = self.file.get(self.at.checked_sub(before)?..)?;
        let bytes = match load_end {
            0 => rest,
            end => rest.get(..usize::try_from(end.checked_sub(load)?).ok()?)?,
        };
        let loaded = u64::try_from(bytes.len()).ok()?;
        let length = match bss_end {
            0 => loaded,
            end => loaded.max(u64::from(end.checked_sub(load)?)),
        };
        let address = u64::from(load);
        (length > 0).then_some((Segment { address, bytes, length }, u64::from(entry)))
    }
}

/// A word of the header that is at `at`.
fn word(file: &[u8], at: usize, index: usize) -> Option<u32> {
    let start = at.checked_add(index.checked_mul(4)?)?;
    file.get(start..)?.first_chunk().copied().map(u32::from_le_bytes)
}
