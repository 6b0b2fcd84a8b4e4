//! Accesses, against the location-by-location model, with real bytes.
//!
//! The model of the map is that of the set calls. Behind some locations is an arena of real memory,
//! of which the model keeps a copy. At each step the map is changed by a random array, and a
//! vCPU makes random accesses: result, data, calls of the trap handler, counts and all bytes of
//! the arena have to equal those of the model.

#![allow(unsafe_code)]

mod copy;

use super::cells::{Attributes, Extent};
use super::device::{Call, Device, EIO, checksum, device_byte, trap};
use super::numbers::*;
use super::random::Random;
use super::report::{Check, same};
use super::runner::setting;
use super::state::{Errno, Kind, Model};
use gasp_abi::{
    GASP_GUEST_HOLD_MISSES, gasp_counts, gasp_cpu, gasp_guest_options, gasp_region, guest_system,
    qvm_state_block,
};
use std::ptr::{from_ref, without_provenance_mut};
use std::sync::Mutex;

const EFAULT: Errno = 14;
const ENOTSUP: Errno = 95;
const WRITE: usize = 1;
/// Pages of the arena.
const ARENA: u128 = 24;
/// Pages that an element has at most.
const LONGEST: u128 = 5;
/// A byte of data that no piece of an access has written.
const UNTOUCHED: u8 = 0xa5;
/// `GASP_UNSUPPORTED_FAIL`; `GASP_UNSUPPORTED_IGNORE` is 0.
const FAIL: u32 = 1;

/// An access.
#[derive(Clone)]
struct Access {
    kind: Kind,
    what: usize,
    start: u64,
    data: Vec<u8>,
}

/// The outcome of an access.
struct Outcome {
    result: Errno,
    data: Vec<u8>,
    calls: Vec<Call>,
}

struct World {
    random: Random,
    model: Model,
    gsp: *mut guest_system,
    cpu: *mut gasp_cpu,
    device: Box<Mutex<Device>>,
    /// Real memory, whole pages; reached by raw pointers only.
    arena: Vec<u8>,
    arena_start: u128,
    copy: Vec<u8>,
    policy: u32,
    counts: gasp_counts,
}

/// Changes begin and end near the ends of a few pages at both ends of memory, and near both ends
/// of the ports.
fn edges(kind: Kind) -> Vec<u128> {
    let pages = (0..=8).map(|page| page * PAGE);
    let tops = (0..=8).map(|page| MEMORY_END - page * PAGE);
    let near = |centre: u128| (0..=18).map(move |at| (centre + at).saturating_sub(9));
    let mut edges: Vec<u128> = match kind {
        Kind::Memory => pages.chain(tops).flat_map(near).filter(|at| *at <= MEMORY_END).collect(),
        Kind::Ports => (0..=0x20).chain(PORTS_END - 0x20..=PORTS_END).collect(),
    };
    edges.sort_unstable();
    edges.dedup();
    edges
}

/// So many changes for each seed, and after each some accesses.
pub(crate) fn run(steps: u64) {
    let steps = setting("GASP_MODEL_STEPS").unwrap_or(steps);
    let seeds = setting("GASP_MODEL_SEED").map_or(1..5, |seed| seed..seed + 1);
    seeds.for_each(|seed| run_seed(seed, steps));
}

fn run_seed(seed: u64, steps: u64) {
    let mut world = World::new(seed);
    for step in 0..steps {
        let again = format!("GASP_MODEL_SEED={seed} GASP_MODEL_STEPS={}", step + 1);
        let done = world.step();
        done.unwrap_or_else(|difference| {
            panic!("{again} cargo test --test model accesses\n{difference}")
        });
    }
}

impl World {
    fn new(seed: u64) -> Self {
        // No thread but this one has the lock, so nothing waits: the results are the same.
        let flags = if seed % 2 == 0 { GASP_GUEST_HOLD_MISSES } else { 0 };
        let options = gasp_guest_options { size: size_of::<gasp_guest_options>(), flags };
        // SAFETY: options lives through the call.
        let gsp = unsafe { gasp_abi::gasp_guest_create(&raw const options) };
        // SAFETY: gsp came from gasp_guest_create().
        let cpu = unsafe { gasp_abi::gasp_cpu_create(gsp) };
        assert!(!gsp.is_null() && !cpu.is_null());
        let bytes = usize::try_from((ARENA + 1) * PAGE).expect("a small number");
        let mut arena = vec![0; bytes];
        let start = arena.as_mut_ptr().expose_provenance() as u128;
        let device = Box::new(Mutex::new(Device::default()));
        let arg = from_ref::<Mutex<Device>>(&device).cast_mut().cast();
        // SAFETY: the device lives as long as the guest.
        let set = unsafe { gasp_abi::gasp_guest_set_trap_handler(gsp, Some(trap), arg) };
        assert_eq!(set, EOK);
        Self {
            random: Random::new(seed),
            model: Model::new(edges(Kind::Memory), edges(Kind::Ports), false),
            gsp,
            cpu,
            device,
            arena_start: start.next_multiple_of(PAGE),
            copy: vec![0; bytes],
            arena,
            policy: 0,
            counts: gasp_counts::default(),
        }
    }

    fn step(&mut self) -> Check {
        self.change()?;
        if self.random.percent(5) {
            self.policy = self.random.pick(&[0, FAIL]);
            // SAFETY: gsp came from gasp_guest_create().
            let set = unsafe { gasp_abi::gasp_guest_set_unsupported(self.gsp, self.policy) };
            assert_eq!(set, EOK);
        }
        for _ in 0..4 {
            self.ask()?;
            self.access()?;
        }
        self.copy_memory()?;
        self.compare_bytes()?;
        same("the counts", self.counts, self.library_counts())
    }

    // ---- Changes ----

    fn change(&mut self) -> Check {
        let count = self.random.below(3) + 1;
        let array: Vec<gasp_region> = (0..count).map(|_| self.element()).collect();
        let number = u32::try_from(array.len()).expect("a short array");
        // SAFETY: the array lives through the call; what becomes backed is in the arena.
        let set = unsafe { gasp_abi::gasp_region_set_soft(self.gsp, number, array.as_ptr()) };
        let expected = self.model.set_soft(&array).count;
        same(&format!("the return value of a set of {array:#x?}"), expected, set as usize)
    }

    fn element(&mut self) -> gasp_region {
        let kind = self.kind();
        let backing = [PASS_ANY | MEMORY, PASS_RD | MEMORY, PASS_WR, PASS_RD | VIRT_WR];
        let trapping = [VIRT_ANY, VIRT_ANY, VIRT_RD, VIRT_WR, NOCACHE];
        let flags = match self.random.below(10) {
            0..4 => self.random.pick(&backing),
            4..8 => self.random.pick(&trapping),
            _ => NONE,
        };
        let range = self.range(kind, flags & (PASS_ANY | MEMORY) != 0);
        let page = u128::from(self.random.below(19));
        let host_location = narrow(match kind {
            Kind::Memory => self.arena_start + page * PAGE,
            Kind::Ports => range.start,
        });
        let vdev = without_provenance_mut(self.random.index(3) * 64);
        let length = u32::try_from(range.length()).expect("a short range");
        let location = narrow(range.start);
        let guest = qvm_state_block { location, length, r#type: kind.qst(), flags: 0 };
        gasp_region { flags, cookie: self.random.u32() % 3, vdev, host_location, guest }
    }

    /// A range between two edges; of whole pages, for memory that is backed.
    fn range(&mut self, kind: Kind, backed: bool) -> Extent {
        let aligned = |edge: &u128| kind == Kind::Ports || !backed || edge % PAGE == 0;
        let edges: Vec<u128> = edges(kind).into_iter().filter(aligned).collect();
        let start = edges[self.random.index(edges.len() - 1)];
        let ends: Vec<u128> = edges
            .into_iter()
            .filter(|end| (start + 1..=start + LONGEST * PAGE).contains(end))
            .collect();
        match ends.is_empty() {
            true => self.range(kind, backed),
            false => Extent::new(start, self.random.pick(&ends)),
        }
    }

    fn kind(&mut self) -> Kind {
        if self.random.percent(20) { Kind::Ports } else { Kind::Memory }
    }

    // ---- Queries, which remember what they found ----

    fn ask(&mut self) -> Check {
        let kind = self.kind();
        let access = self.random_access(kind);
        let length = u32::try_from(access.data.len()).expect("a short range");
        let block =
            qvm_state_block { location: access.start, length, r#type: kind.qst(), flags: 0 };
        let expected = self.model.info(&block);
        let mut got = gasp_region {
            flags: 0,
            cookie: 0,
            vdev: without_provenance_mut(0),
            host_location: 0,
            guest: block,
        };
        let rgn = &raw mut got;
        // SAFETY: cpu came from gasp_cpu_create(); block and got live through the call.
        let result = unsafe { gasp_abi::gasp_cpu_info(self.cpu, &raw const block, rgn) };
        let got = if result == EOK { Ok(got) } else { Err(result) };
        same(&format!("info of {block:x?}"), expected, got)
    }

    // ---- Accesses ----

    fn access(&mut self) -> Check {
        let kind = self.kind();
        let access = self.random_access(kind);
        let fails_at = self.random.pick(&[0, 1, 2, 99, 99, 99]);
        let expected = self.expect(&access, fails_at);
        *self.device() = Device { calls: Vec::new(), fails_at };
        let mut data = access.data.clone();
        let pointer = data.as_mut_ptr().cast();
        let (qst, what) = (kind.qst().into(), u32::try_from(access.what).expect("0, 1 or 2"));
        // SAFETY: cpu came from gasp_cpu_create(); data has that many bytes.
        let result = unsafe {
            gasp_abi::gasp_cpu_access(self.cpu, qst, what, access.start, pointer, data.len())
        };
        let calls = std::mem::take(&mut self.device().calls);
        let name = format!(
            "access of kind {what} to {kind:?} at {:#x}, {} bytes: ",
            access.start,
            data.len()
        );
        same(&(name.clone() + "the result"), expected.result, result)?;
        same(&(name.clone() + "the calls"), expected.calls, calls)?;
        same_bytes(&(name + "the data"), &expected.data, &data)
    }

    fn random_access(&mut self, kind: Kind) -> Access {
        let edges = edges(kind);
        let edge = self.random.pick(&edges[..edges.len() - 1]);
        let end = edges[edges.len() - 1];
        let length = match self.random.below(4) {
            0 => u128::from(self.random.pick(&[1u8, 2, 4, 8])),
            1 => self.random.between(1..3 * PAGE),
            _ => self.random.between(1..48),
        };
        let length = usize::try_from(length.min(end - edge)).expect("a small number");
        let what = self.random.index(3);
        let written = self.random.next().to_le_bytes()[0];
        let byte = |at: usize| written.wrapping_add(at.to_le_bytes()[0]);
        let data = match what {
            WRITE => (0..length).map(byte).collect(),
            _ => vec![UNTOUCHED; length],
        };
        Access { kind, what, start: narrow(edge), data }
    }

    /// The outcome in the model, piece by piece and location by location. Updates the counts and the
    /// copy of the arena.
    fn expect(&mut self, access: &Access, fails_at: usize) -> Outcome {
        let mut outcome = Outcome { result: EOK, data: access.data.clone(), calls: Vec::new() };
        let start = u128::from(access.start);
        let mut rest = Extent::new(start, start + access.data.len() as u128);
        while rest.start < rest.end && outcome.result == EOK {
            let cells = &self.model.space(access.kind).cells;
            let piece = cells.uniform_part(rest);
            outcome.result = match cells.at(piece.start) {
                Some(first) if traps(&first, access.what) => {
                    self.expect_trap(access, piece, first, fails_at, &mut outcome)
                }
                Some(first) if passes(&first, access.what) => {
                    self.expect_memory(access, piece, &mut outcome)
                }
                _ => self.expect_nothing(access, piece, &mut outcome),
            };
            rest.start = piece.end;
        }
        outcome
    }

    fn expect_trap(
        &mut self,
        access: &Access,
        piece: Extent,
        first: Attributes,
        fails_at: usize,
        outcome: &mut Outcome,
    ) -> Errno {
        self.counts.trapped[access.what] += 1;
        let at = places(access, piece);
        let written = if access.what == WRITE { checksum(&access.data[at.clone()]) } else { 0 };
        outcome.calls.push(Call {
            kind: u16::try_from(access.what).expect("0, 1 or 2"),
            qst: access.kind.qst(),
            location: narrow(piece.start),
            length: at.len(),
            cookie: first.cookie,
            vdev: first.vdev,
            written,
        });
        if access.what != WRITE {
            (piece.start..).zip(&mut outcome.data[at]).for_each(|(l, byte)| *byte = device_byte(l));
        }
        if outcome.calls.len() == fails_at { EIO } else { EOK }
    }

    fn expect_memory(&mut self, access: &Access, piece: Extent, outcome: &mut Outcome) -> Errno {
        if access.kind == Kind::Ports {
            return ENOTSUP;
        }
        self.counts.passed[access.what] += 1;
        for (location, at) in (piece.start..piece.end).zip(places(access, piece)) {
            let host = self.model.memory.cells.at(location).and_then(|attributes| attributes.host);
            let byte = &mut self.copy[in_arena(host.expect("backed"), self.arena_start)];
            match access.what {
                WRITE => *byte = access.data[at],
                _ => outcome.data[at] = *byte,
            }
        }
        EOK
    }

    fn expect_nothing(&mut self, access: &Access, piece: Extent, outcome: &mut Outcome) -> Errno {
        self.counts.unsupported[access.what] += 1;
        if self.policy == FAIL {
            return EFAULT;
        }
        if access.what != WRITE {
            outcome.data[places(access, piece)].fill(0xff);
        }
        EOK
    }

    // ---- The state of the library ----

    fn device(&self) -> std::sync::MutexGuard<'_, Device> {
        self.device.lock().expect("no panic in the handler")
    }

    fn compare_bytes(&self) -> Check {
        let skipped = in_arena(self.arena_start, self.arena.as_ptr().expose_provenance() as u128);
        for (at, expected) in (0..self.arena.len() - skipped).zip(&self.copy) {
            let byte = self.arena.as_ptr().wrapping_add(skipped + at);
            // SAFETY: inside of the arena; volatile, because the library writes it by addresses.
            let got = unsafe { byte.read_volatile() };
            if got != *expected {
                return same(&format!("byte {at:#x} of the arena"), *expected, got);
            }
        }
        Ok(())
    }

    fn library_counts(&self) -> gasp_counts {
        let mut counts = gasp_counts::default();
        // SAFETY: gsp came from gasp_guest_create(); counts can be written.
        let result = unsafe { gasp_abi::gasp_guest_counts(self.gsp, &raw mut counts) };
        assert_eq!(result, EOK);
        counts
    }
}

impl Drop for World {
    fn drop(&mut self) {
        // SAFETY: gsp came from gasp_guest_create(), and is not used afterwards.
        unsafe { gasp_abi::gasp_guest_destroy(self.gsp) };
    }
}

/// Reports only the first difference.
fn same_bytes(what: &str, expected: &[u8], got: &[u8]) -> Check {
    match expected.iter().zip(got).position(|(expected, got)| expected != got) {
        Some(at) => same(&format!("{what}, byte {at:#x}"), expected[at], got[at]),
        None => Ok(()),
    }
}

/// 10.6.2: a read or a write can trap; a trapped fetch is unsupported.
fn traps(attributes: &Attributes, what: usize) -> bool {
    attributes.flags & [VIRT_RD, VIRT_WR, NONE][what] != 0
}

fn passes(attributes: &Attributes, what: usize) -> bool {
    attributes.flags & [PASS_RD, PASS_WR, PASS_EX][what] != 0
}

/// Where the bytes of a piece are in the data.
fn places(access: &Access, piece: Extent) -> std::ops::Range<usize> {
    let from = in_arena(piece.start, access.start.into());
    from..from + usize::try_from(piece.length()).expect("part of the data")
}

fn in_arena(address: u128, start: u128) -> usize {
    usize::try_from(address - start).expect("not before the start")
}

fn narrow(location: u128) -> u64 {
    u64::try_from(location).expect("a location")
}
