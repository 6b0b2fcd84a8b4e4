//! Kernels of Linux with a header of their boot protocol (bzImage).

#![forbid(unsafe_code)]

use super::super::places::{Places, Range, Wanted, last};
use gasp_memory::{View, snapshot};
use gasp_safe::Guest;
use linux_loader::bootparam::setup_header;
use linux_loader::loader::{BzImage, KernelLoader};
use std::io::Cursor;
use vm_memory::{ByteValued, GuestAddress};

/// Where the header's mark is in the file, and the mark.
pub(super) const MARK_AT: usize = 0x202;
pub(super) const MARK: &[u8] = b"HdrS";
/// Where the header is.
const HEADER_AT: usize = 0x1f1;
/// The first protocol with a pointer to the command line.
const OLDEST: u16 = 0x202;
/// Where kernels without a place of their own go.
const USUAL: u64 = 0x10_0000;
/// Kernels run below 4 GiB.
const LAST: u64 = 0xffff_ffff;
/// A bit of `xloadflags`: there is an entry in 64 bits, 0x200 behind the other.
const ENTRY_64: u16 = 1;

/// A kernel in the guest's memory.
#[derive(Debug, Clone)]
pub(in super::super) struct Linux {
    pub(in super::super) header: setup_header,
    /// Where it is.
    pub(in super::super) range: Range,
}

impl Linux {
    /// Whether it starts in 64 bits.
    pub(in super::super) fn has_64_bits(&self) -> bool {
        self.header.version >= 0x20c && self.header.xloadflags & ENTRY_64 != 0
    }

    /// The most bytes of a command line, without the zero behind it.
    pub(in super::super) fn most_of_cmdline(&self) -> usize {
        let size = if self.header.version >= 0x206 { self.header.cmdline_size } else { 255 };
        usize::try_from(size).unwrap_or(usize::MAX)
    }

    /// Where it unpacks itself: around where it is, or where it prefers to be.
    pub(in super::super) fn unpacks(&self) -> Vec<Range> {
        let size = u64::from(self.header.init_size);
        if self.header.version < 0x20a || size == 0 {
            return Vec::new();
        }
        [self.range.0, self.header.pref_address].map(|start| (start, last(start, size))).to_vec()
    }

    /// The last address of an initial RAM disk.
    pub(in super::super) fn last_of_initrd(&self) -> u64 {
        let last =
            if self.header.version >= 0x203 { self.header.initrd_addr_max } else { 0x37ff_ffff };
        u64::from(last)
    }
}

/// Copies a kernel to its place. The error says what was expected.
pub(in super::super) fn load(
    guest: &Guest,
    bytes: &[u8],
    address: Option<u64>,
    places: &Places,
) -> Result<Linux, String> {
    let end = HEADER_AT.saturating_add(size_of::<setup_header>());
    let header = bytes.get(HEADER_AT..end).and_then(setup_header::from_slice);
    let header = *header.ok_or("a kernel of Linux that is whole")?;
    let version = header.version;
    if version < OLDEST {
        return Err(format!(
            "a kernel of Linux with boot protocol 2.02 or newer, not {version:#x}"
        ));
    }
    let image = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    let address = place(&header, image, address, places)?;
    let ram = snapshot(guest, View::Host).map_err(|error| format!("its memory: {error}"))?;
    let at = Some(GuestAddress(address));
    let loaded = BzImage::load(&ram, at, &mut Cursor::new(bytes), None)
        .map_err(|error| format!("ram or rom for a kernel of Linux at {address:#x}: {error}"))?;
    let header = loaded.setup_header.unwrap_or(header);
    Ok(Linux { header, range: (address, loaded.kernel_end.saturating_sub(1)) })
}

/// Where a kernel goes: to ADDRESS, where it prefers to be, or to the lowest place of RAM.
fn place(
    header: &setup_header,
    image: u64,
    address: Option<u64>,
    places: &Places,
) -> Result<u64, String> {
    let usual = u64::from(header.code32_start);
    let moves = header.version >= 0x205 && header.relocatable_kernel != 0;
    let align = u64::from(header.kernel_alignment).max(1);
    let fits =
        |address: u64| address <= LAST && (address == usual || moves && address % align == 0);
    match address {
        Some(address) if fits(address) => return Ok(address),
        Some(_) if moves => {
            return Err(format!("an ADDRESS below 4 GiB that is a multiple of {align:#x}"));
        }
        Some(_) => return Err(format!("no ADDRESS, or {usual:#x}: this kernel cannot be moved")),
        None if !moves => return Ok(usual),
        None => {}
    }
    let (preferred, length) = match header.version {
        ..0x20a => (usual, image),
        _ => (header.pref_address, image.max(u64::from(header.init_size))),
    };
    if places.is_free_ram(preferred, length) {
        return Ok(preferred);
    }
    let wanted = Wanted { length, align, first: USUAL, last: LAST };
    places.lowest(&wanted).ok_or_else(|| format!("{length:#x} bytes of free ram for this kernel"))
}
