//! A parsed configuration.

#![forbid(unsafe_code)]

use super::keywords::Keyword;
use gasp_safe::PAGE_SIZE;
use gasp_text::{ParseError, Place, Position};
use std::path::PathBuf;

/// A configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Config {
    /// `system`: the guest's name.
    pub(crate) name: Option<String>,
    /// The first file, if there is one.
    pub(crate) file: Option<PathBuf>,
    /// `unsupported reference`.
    pub(crate) unsupported: Option<Policy>,
    /// The number of `cpu` statements.
    pub(crate) cpus: u32,
    /// `gasp-start`: the state in which all vCPUs start.
    pub(crate) start: Option<Start>,
    /// `gasp-ram-chunk` and `gasp-ram-random`.
    pub(crate) split: Split,
    /// `cmdline`.
    pub(crate) cmdline: Option<String>,
    /// `logger`, in order.
    pub(crate) loggers: Vec<Logger>,
    /// `dump`.
    pub(crate) dump: Option<Dump>,
    /// `set`, in order.
    pub(crate) variables: Vec<Variable>,
    /// `dryrun`.
    pub(crate) dryrun: bool,
    /// All other statements, in the order of the file.
    pub(crate) statements: Vec<Statement>,
    /// The words of the configuration, each with the position of its first use.
    pub(crate) used: Vec<(&'static Keyword, Position)>,
    /// Notes for the user.
    pub(crate) notes: Vec<ParseError>,
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

/// How `ram` is made of pieces that are apart in the host.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Split {
    /// Each `ram` is one piece.
    #[default]
    No,
    /// Pieces of this length.
    Chunks(u64),
    /// Pieces of lengths that follow from this number.
    Random(u64),
}

/// A `loc` of a `pass`.
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
    pub(crate) const LETTERS: &str = "rwxcemdnst";
    /// The letters that `m` adds, too.
    const OF_MEMORY: &str = "rwxcstn";

    fn bit(letter: char) -> Option<u16> {
        let index = Self::LETTERS.find(letter)?;
        1_u16.checked_shl(u32::try_from(index).ok()?)
    }

    /// Adds or removes a letter; false if there is no such letter.
    pub(super) fn set(&mut self, letter: char, add: bool) -> bool {
        let Some(bit) = Self::bit(letter) else { return false };
        let with = if letter == 'm' { Self::OF_MEMORY } else { "" };
        let with = with.chars().filter_map(Self::bit).fold(bit, |bits, bit| bits | bit);
        self.0 = if add { self.0 | with } else { self.0 & !bit };
        true
    }

    /// Whether a letter was given.
    pub(crate) fn has(self, letter: char) -> bool {
        Self::bit(letter).is_some_and(|bit| self.0 & bit != 0)
    }
}

/// What the file of a `load` is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Blob {
    /// `load` and `guest load`: what the guest runs.
    Image,
    /// `data load`.
    Data,
    /// `initrd load`.
    Initrd,
    /// `acpi load`.
    Acpi,
}

/// `[TYPE] load [ADDRESS,]FILE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LoadConfig {
    /// The position of the argument.
    pub(crate) position: Position,
    pub(crate) blob: Blob,
    /// `None`: the first place where it fits.
    pub(crate) address: Option<u64>,
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

/// The state in which the first vCPU starts an image that a loader has prepared; the others do not
/// start. Segments are the lowest 4 GiB. RAM from `tables` on is overwritten with a GDT, in which
/// the code segment is 16 and the data segment 24, as Linux has them. Other registers are 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ImageStart {
    pub(crate) entry: u64,
    pub(crate) tables: u64,
    /// In 64 bits, with identity page tables for the lowest 4 GiB; else in 32, without paging.
    pub(crate) long: bool,
    pub(crate) rax: u64,
    pub(crate) rbx: u64,
    pub(crate) rsi: u64,
}

impl ImageStart {
    /// The bytes of RAM that are overwritten: three pages, and one for each GiB, or a page.
    pub(crate) fn tables_length(long: bool) -> u64 {
        if long { 7 * PAGE_SIZE } else { PAGE_SIZE }
    }
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
    /// 32-bit code at `entry` without paging; all segments are the lowest 4 GiB. There is no GDT.
    Flat { entry: u32 },
    /// 64-bit code at `entry`. RAM from `tables` on is overwritten with identity page tables for
    /// each GiB of the lowest 512 in which the map has a region, and a GDT with a code segment 8
    /// and a data segment 16. They take three pages, and one for each GiB. The stack of vCPU n
    /// begins 4096*n below `tables`.
    Long { entry: u64, tables: u64 },
    /// As the protocol of an image wants it.
    Image(ImageStart),
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

/// `logger FILTER[,FILTER]... DESTINATION`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Logger {
    /// With commas.
    pub(crate) filters: String,
    pub(crate) destination: String,
}

/// `dump`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Dump {
    /// A file in this directory.
    Directory(PathBuf),
    /// The standard input of this command for a shell.
    Command(String),
}

/// The value of a variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    Boolean(bool),
    /// A number, a size or an address.
    Number(u64),
    Text(String),
}

/// `set VARIABLE VALUE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Variable {
    pub(crate) name: &'static str,
    pub(crate) value: Value,
    /// The position of the name of the vdev in whose context it is.
    pub(crate) vdev: Option<Position>,
}
