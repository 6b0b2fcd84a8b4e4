//! The numbers of QNX's pages, written down again so that the model takes nothing
//! from the library.

pub(crate) const PAGE: u128 = 4096;
pub(crate) const MEMORY_END: u128 = 1 << 64;
pub(crate) const PORTS_END: u128 = 0x1_0000;
/// `QSL_NO_LOCATION`.
pub(crate) const NO_LOCATION: u64 = u64::MAX;

pub(crate) const QST_MEMORY: u16 = 0;
pub(crate) const QST_PCI_IO: u16 = 6;
pub(crate) const QST_X86_IO: u16 = 0x8000;

pub(crate) const NONE: u32 = 0;
pub(crate) const VIRT_RD: u32 = 1 << 0;
pub(crate) const VIRT_WR: u32 = 1 << 1;
pub(crate) const VIRT_ANY: u32 = 7;
pub(crate) const PASS_RD: u32 = 1 << 3;
pub(crate) const PASS_WR: u32 = 1 << 4;
pub(crate) const PASS_EX: u32 = 1 << 5;
pub(crate) const PASS_ANY: u32 = 7 << 3;
pub(crate) const NOCACHE: u32 = 1 << 6;
pub(crate) const ACTIVE: u32 = 1 << 7;
pub(crate) const MEMORY: u32 = 1 << 8;
pub(crate) const PASSTHRU: u32 = 1 << 9;
pub(crate) const DMA_USES: u32 = 1 << 10;
pub(crate) const DMA_SOURCE: u32 = 1 << 12;
pub(crate) const DMA_TARGET: u32 = 1 << 13;
pub(crate) const PRECIOUS: u32 = 1 << 14;
pub(crate) const NOPERMS: u32 = 1 << 15;
pub(crate) const STICKY: u32 = 0x33 << 8;
pub(crate) const BACKUP_SHIFT: u32 = 28 - 3;
pub(crate) const BACKUP_MASK: u32 = 0xf000_0000;
/// Every bit that has a name.
pub(crate) const DEFINED: u32 = 0xffff | BACKUP_MASK;

pub(crate) const GWS_HOST: u32 = 1;
pub(crate) const HINT_RAM: u32 = 1;
pub(crate) const HINT_ROM: u32 = 2;
pub(crate) const HINT_ALIGN_TOP: u32 = 4;

pub(crate) const EOK: i32 = 0;
pub(crate) const EPERM: i32 = 1;
pub(crate) const ENOENT: i32 = 2;
pub(crate) const ENXIO: i32 = 6;
pub(crate) const EBUSY: i32 = 16;
pub(crate) const EEXIST: i32 = 17;
pub(crate) const EINVAL: i32 = 22;
pub(crate) const ENOSPC: i32 = 28;
pub(crate) const EALREADY: i32 = 114;
