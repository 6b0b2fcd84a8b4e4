//! A parsed configuration.

#![forbid(unsafe_code)]

use gasp_text::{Place, Position};

/// A configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Config {
    /// `system`: the guest's name.
    pub(crate) name: Option<String>,
    /// `unsupported reference`.
    pub(crate) unsupported: Option<Policy>,
    /// The number of `cpu` statements.
    pub(crate) cpus: u32,
    /// The state in which all vCPUs start.
    pub(crate) start: Start,
    /// All other statements, in the order of the file.
    pub(crate) statements: Vec<Statement>,
}

/// A statement that makes or fills a part of the guest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Statement {
    /// `ram` and `rom`.
    Memory(MemoryConfig),
    /// `reserve loc`.
    Reserve(Range),
    /// `pass loc`.
    Pass(PassConfig),
    /// `load`.
    Load(LoadConfig),
    /// `vdev`.
    Vdev(VdevConfig),
}

/// `ram [start,]length` and `rom [start,]length`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MemoryConfig {
    /// The position of the statement's argument.
    pub(crate) position: Position,
    /// Whether the guest can write it.
    pub(crate) writable: bool,
    /// `None`: right after the highest memory so far.
    pub(crate) start: Option<u64>,
    /// Bytes; not 0.
    pub(crate) length: u64,
}

/// A contiguous range of locations, and its position in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Range {
    pub(crate) position: Position,
    /// The first location.
    pub(crate) place: Place,
    /// The number of locations; not 0, and the last one is inside the space.
    pub(crate) length: u64,
}

/// `pass loc PLACE,LENGTH,ATTRIBUTES[=HOST]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PassConfig {
    pub(crate) range: Range,
    pub(crate) attributes: Attributes,
    pub(crate) host: Host,
}

/// The memory of the host that a `pass` gives access to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Host {
    /// The configuration does not say.
    Unsaid,
    /// `=ADDRESS`: host-physical memory.
    Physical(u64),
    /// `=file:PATH[@OFFSET]`: a part of a file or of a device's memory.
    File(String, u64),
}

/// The attribute letters of a `pass`, a bit for each.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Attributes(u16);

impl Attributes {
    /// Every letter, in the order of their bits.
    pub(crate) const LETTERS: &str = "rwxcmdnst";

    fn bit(letter: char) -> Option<u16> {
        let index = Self::LETTERS.find(letter)?;
        1_u16.checked_shl(u32::try_from(index).ok()?)
    }

    /// Adds or removes a letter; false if there is no such letter.
    pub(super) fn set(&mut self, letter: char, add: bool) -> bool {
        let Some(bit) = Self::bit(letter) else { return false };
        self.0 = if add { self.0 | bit } else { self.0 & !bit };
        true
    }

    /// Whether a letter was given.
    pub(crate) fn has(self, letter: char) -> bool {
        Self::bit(letter).is_some_and(|bit| self.0 & bit != 0)
    }
}

/// `load ADDRESS,FILE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LoadConfig {
    /// The position of the address.
    pub(crate) position: Position,
    pub(crate) address: u64,
    /// The path, as written.
    pub(crate) file: String,
}

/// `unsupported reference`: the result of an access that nothing handles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Policy {
    /// Reads give all ones, writes are dropped.
    Ignore,
    /// An exception in the guest.
    Fail,
    /// The guest ends with exit code 5.
    Abort,
}

/// The state in which the vCPUs of a guest start. It is the same for all but for RDI, the number of
/// the vCPU. All other registers are as after a reset; interrupts are disabled.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Start {
    /// As hardware starts: 16-bit code at 0xfffffff0, CS base 0xffff0000.
    #[default]
    Reset,
    /// 16-bit code at `segment`:`offset`; all segments are `segment`.
    Real { segment: u16, offset: u16 },
    /// 64-bit code at `entry`. RAM from `tables` on is overwritten with identity page tables for
    /// each GiB of the lowest 512 in which the map has a region, and a GDT with a code segment 8
    /// and a data segment 16. They take three pages, and one for each GiB. The stack of vCPU n
    /// begins 4096*n below `tables`.
    Long { entry: u64, tables: u64 },
}

/// `vdev NAME` with its options.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct VdevConfig {
    pub(crate) name: String,
    /// The position of the name.
    pub(crate) position: Position,
    /// In the order of the file; `loc` and `intr` are among them.
    pub(crate) options: Vec<VdevOption>,
}

/// An option of a vdev.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct VdevOption {
    pub(crate) name: String,
    /// The argument, if the option takes one.
    pub(crate) value: Option<String>,
    /// The position of the argument or, without one, of the name.
    pub(crate) position: Position,
}

/// The options of a vdev: the name, and whether it takes an argument.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct OptionList(pub(crate) Vec<(String, bool)>);
