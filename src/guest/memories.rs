//! The list of a guest's memory, with what keeps each part of it.
//!
//! Memory that is removed stays in the list until nobody can use it any more: accesses that had
//! started have ended ([`Memories::are_quiet`]), copies of the host have ended
//! ([`super::copying`]), and its mappings are unmapped.

#![forbid(unsafe_code)]

use super::memory::{File, FileOfHost, InFile, Memory};
use crate::error::Error;
use crate::sys::host_file::HostFile;
use crate::value::region::Region;

#[derive(Debug)]
struct Entry {
    memory: Memory,
    /// The number of mappings that are an address of it.
    mappings: usize,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Regions can have it behind them.
    Live,
    /// Removed; accesses that had started before may still use it.
    Removed { turn: u64 },
    /// Removed, and no access uses it.
    Quiet,
}

impl Entry {
    fn is_unused(&self) -> bool {
        self.state == State::Quiet && self.mappings == 0
    }
}

/// A file of the host, and how much memory needs it.
#[derive(Debug)]
struct Brought {
    file: HostFile,
    users: usize,
}

/// All memory of a guest.
#[derive(Debug, Default)]
pub(super) struct Memories {
    /// In the order of their addresses.
    entries: Vec<Entry>,
    files: Vec<Brought>,
    /// The number of the last removal.
    turn: u64,
}

/// What is to be dropped when the list is not locked any more.
#[derive(Debug)]
pub(super) struct Freed {
    _memory: Memory,
    _file: Option<HostFile>,
}

impl Memories {
    /// Adds memory.
    pub(super) fn add(&mut self, memory: Memory) -> Result<(), Error> {
        if self.entries.try_reserve(1).is_err() {
            if let File::OfHost(file) = &memory.file {
                drop(self.close(file.descriptor));
            }
            return Err(Error::NoMemory);
        }
        let place = self.entries.partition_point(|one| one.memory.start() < memory.start());
        self.entries.insert(place, Entry { memory, mappings: 0, state: State::Live });
        Ok(())
    }

    /// Opens a file of the host for one memory. All memory in one file has one descriptor.
    pub(super) fn open(&mut self, file: HostFile) -> Result<FileOfHost, Error> {
        let known = self.files.iter().position(|one| one.file.is_same_as(&file));
        let place = match known {
            Some(place) => place,
            None => {
                self.files.try_reserve(1).map_err(|_| Error::NoMemory)?;
                self.files.push(Brought { file, users: 0 });
                self.files.len() - 1
            }
        };
        let one = &mut self.files[place];
        one.users += 1;
        Ok(FileOfHost { descriptor: one.file.descriptor(), page_size: one.file.page_size })
    }

    /// Ends what [`Memories::open`] began. The file is returned if nobody else uses it.
    pub(super) fn close(&mut self, descriptor: i32) -> Option<HostFile> {
        let place = self.files.iter().position(|one| one.file.descriptor() == descriptor)?;
        self.files[place].users -= 1;
        (self.files[place].users == 0).then(|| self.files.swap_remove(place).file)
    }

    /// Takes back memory that has just been added.
    pub(super) fn take_back(&mut self, host: u64) -> Option<Freed> {
        let place = self.place_of(host)?;
        Some(self.free(place))
    }

    /// The place of a host address in a file.
    pub(super) fn file_at(&self, host: u64) -> Option<InFile> {
        self.entries[self.place_of(host)?].memory.file_at(host)
    }

    /// The index of the memory that holds a host address.
    fn place_of(&self, host: u64) -> Option<usize> {
        let after = self.entries.partition_point(|one| one.memory.start() <= host);
        let place = after.checked_sub(1)?;
        self.entries[place].memory.file_at(host).map(|_| place)
    }

    /// Counts a mapping at an address. The result is false if it is not in this memory.
    pub(super) fn map(&mut self, host: u64) -> bool {
        let Some(place) = self.place_of(host) else { return false };
        self.entries[place].mappings += 1;
        true
    }

    /// Ends a mapping that [`Memories::map`] counted. Returns whether nobody uses the memory then.
    pub(super) fn unmap(&mut self, host: u64) -> bool {
        self.place_of(host).is_some_and(|place| {
            self.entries[place].mappings -= 1;
            self.entries[place].is_unused()
        })
    }

    /// Removes the memory that was behind `pieces`, where no region has it behind it any more.
    /// Returns the number of the removal, if there was any.
    pub(super) fn remove(
        &mut self,
        pieces: &[Region],
        regions: impl Fn(&dyn Fn(&Region) -> bool) -> bool,
    ) -> Option<u64> {
        let turn = self.turn + 1;
        let (mut removed, mut seen) = (false, None);
        for piece in pieces {
            let place = self.place_of(piece.host).filter(|place| seen != Some(*place));
            let Some(place) = place else { continue };
            seen = Some(place);
            let entry = &mut self.entries[place];
            let memory = &entry.memory;
            if entry.state == State::Live && !regions(&|region| memory.is_behind(region)) {
                entry.state = State::Removed { turn };
                removed = true;
            }
        }
        self.turn += u64::from(removed);
        removed.then_some(turn)
    }

    /// No access can use any more what was removed up to a turn.
    pub(super) fn are_quiet(&mut self, turn: u64) {
        for entry in &mut self.entries {
            if matches!(entry.state, State::Removed { turn: other } if other <= turn) {
                entry.state = State::Quiet;
            }
        }
    }

    /// Takes out one memory that nobody can use. No copy of the host is under way.
    pub(super) fn take_unused(&mut self) -> Option<Freed> {
        let place = self.entries.iter().position(Entry::is_unused)?;
        Some(self.free(place))
    }

    fn free(&mut self, place: usize) -> Freed {
        let memory = self.entries.remove(place).memory;
        let file = match &memory.file {
            File::Own(_) => None,
            File::OfHost(file) => self.close(file.descriptor),
        };
        Freed { _memory: memory, _file: file }
    }
}
