//! The model of a guest: its two spaces, its mode, whether it has started and which locks its
//! only thread holds.

use super::cells::{Cells, Extent, Run};
use super::numbers::*;

/// Which space.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Memory,
    Ports,
}

impl Kind {
    /// The space that a `type` value names.
    pub(crate) fn of(qst: u32) -> Option<Self> {
        match u16::try_from(qst) {
            Ok(QST_MEMORY | QST_PCI_IO) => Some(Self::Memory),
            Ok(QST_X86_IO) => Some(Self::Ports),
            _ => None,
        }
    }

    /// A `type` value that names this space.
    pub(crate) fn qst(self) -> u16 {
        match self {
            Self::Memory => QST_MEMORY,
            Self::Ports => QST_X86_IO,
        }
    }
}

/// An errno as an error.
pub(crate) type Errno = i32;

pub(crate) fn refuse_if(condition: bool, errno: Errno) -> Result<(), Errno> {
    if condition { Err(errno) } else { Ok(()) }
}

pub(crate) struct Space {
    pub(crate) cells: Cells,
    /// How often the lock is held.
    pub(crate) held: u32,
    /// The host's reservations, which `find_free` leaves out.
    pub(crate) reserved: Vec<Extent>,
}

impl Space {
    fn new(edges: Vec<u128>) -> Self {
        Self { cells: Cells::new(edges), held: 0, reserved: Vec::new() }
    }

    /// [location, location + length), if it is a range of this space.
    pub(crate) fn range(&self, location: u64, length: u64) -> Result<Extent, Errno> {
        let start = u128::from(location);
        let range = Extent::new(start, start + u128::from(length));
        refuse_if(length == 0 || range.end > self.cells.end(), EINVAL)?;
        Ok(range)
    }
}

pub(crate) struct Model {
    pub(crate) memory: Space,
    pub(crate) ports: Space,
    pub(crate) strict: bool,
    pub(crate) started: bool,
    /// The vdev for which the thread acts (12.1); 0: none.
    pub(crate) acting: usize,
    /// The places that gram found or reserved.
    pub(crate) gram: Vec<Extent>,
}

impl Model {
    pub(crate) fn new(memory: Vec<u128>, ports: Vec<u128>, strict: bool) -> Self {
        let (memory, ports) = (Space::new(memory), Space::new(ports));
        Self { memory, ports, strict, started: false, acting: 0, gram: Vec::new() }
    }

    pub(crate) fn space(&self, kind: Kind) -> &Space {
        match kind {
            Kind::Memory => &self.memory,
            Kind::Ports => &self.ports,
        }
    }

    pub(crate) fn space_mut(&mut self, kind: Kind) -> &mut Space {
        match kind {
            Kind::Memory => &mut self.memory,
            Kind::Ports => &mut self.ports,
        }
    }

    pub(crate) fn runs(&self, kind: Kind) -> &[Run] {
        self.space(kind).cells.runs()
    }

    /// Strict mode, guest started, and the caller does not hold the lock of that space.
    pub(crate) fn lacks_lock(&self, kind: Kind) -> bool {
        self.strict && self.started && self.space(kind).held == 0
    }

    pub(crate) fn start(&mut self) -> Result<(), Errno> {
        refuse_if(self.started, EALREADY)?;
        self.started = true;
        Ok(())
    }

    pub(crate) fn lock(&mut self, qst: u16) -> Result<(), Errno> {
        let kind = self.lock_of(qst)?;
        self.space_mut(kind).held += 1;
        Ok(())
    }

    pub(crate) fn unlock(&mut self, qst: u16) -> Result<(), Errno> {
        let kind = self.lock_of(qst)?;
        refuse_if(self.space(kind).held == 0, EPERM)?;
        self.space_mut(kind).held -= 1;
        Ok(())
    }

    fn lock_of(&self, qst: u16) -> Result<Kind, Errno> {
        refuse_if(self.strict && qst == QST_PCI_IO, EINVAL)?;
        Kind::of(qst.into()).ok_or(EINVAL)
    }
}
