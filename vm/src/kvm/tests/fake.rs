//! KVM's memslots without KVM: it follows KVM's rules, counts, and fails when told to.

use super::super::gate::Gate;
use super::super::listener::Slots;
use super::super::memslots::Ioctls;
use super::super::runs::{Area, MAX_PAGES};
use gasp_abi::{gasp_region_flags as grf, gasp_span};
use gasp_safe::{Error, Guest, Listening, Space};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

/// The error of an injected failure.
pub(super) const INJECTED: i32 = libc::ENOMEM;

#[derive(Debug, Default)]
struct State {
    slots: BTreeMap<u32, Area>,
    calls: u32,
    /// The calls, counted from the last [`Fake::calls`] on, that fail.
    failing: Option<std::ops::Range<u32>>,
}

/// A VM as far as memslots go.
#[derive(Debug)]
pub(super) struct Fake {
    state: Mutex<State>,
    limit: usize,
}

impl Fake {
    pub(super) fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self { state: Mutex::default(), limit })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("a test panicked")
    }

    /// How many calls there were since this was called last.
    pub(super) fn calls(&self) -> u32 {
        std::mem::take(&mut self.state().calls)
    }

    /// Has calls fail, counted from 0.
    pub(super) fn fail(&self, calls: Option<std::ops::Range<u32>>) {
        self.calls();
        self.state().failing = calls;
    }

    /// All slots, by number.
    pub(super) fn slots(&self) -> BTreeMap<u32, Area> {
        self.state().slots.clone()
    }
}

/// Whether the areas differ in nothing but their places.
pub(super) fn moves_to(from: &Area, to: &Area) -> bool {
    Area { gpa: to.gpa, ..*from } == *to
}

impl Ioctls for Arc<Fake> {
    fn set(&self, slot: u32, flags: u32, gpa: u64, size: u64, host: u64) -> Result<(), i32> {
        let mut state = self.state();
        let call = state.calls;
        state.calls += 1;
        if state.failing.as_ref().is_some_and(|failing| failing.contains(&call)) {
            return Err(INJECTED);
        }
        let writable = flags & kvm_bindings::KVM_MEM_READONLY == 0;
        let area = Area { gpa, pages: size >> 12, host, writable };
        let unaligned = (gpa | size | host) & 0xfff != 0;
        if unaligned || area.pages > MAX_PAGES || slot as usize >= self.limit {
            return Err(libc::EINVAL);
        }
        match (state.slots.get(&slot).copied(), area.pages) {
            (None, 0) => return Err(libc::EINVAL),
            (Some(_), 0) => {
                state.slots.remove(&slot);
                return Ok(());
            }
            (Some(old), _) if !moves_to(&old, &area) => return Err(libc::EINVAL),
            _ => {}
        }
        if state.slots.iter().any(|(other, old)| *other != slot && old.overlaps(&area)) {
            return Err(libc::EEXIST);
        }
        state.slots.insert(slot, area);
        Ok(())
    }

    fn limit(&self) -> usize {
        self.limit
    }
}

/// A guest whose map is followed by a fake.
#[derive(Debug)]
pub(super) struct Followed<'g> {
    pub(super) guest: &'g Guest,
    pub(super) fake: Arc<Fake>,
    pub(super) slots: Arc<Slots>,
    gate: Arc<Gate>,
    /// The messages about slots that differ from the map.
    pub(super) fatal: Arc<Mutex<Vec<String>>>,
    _listening: Listening<'g>,
}

impl<'g> Followed<'g> {
    pub(super) fn new(guest: &'g Guest, limit: usize) -> Self {
        Self::try_new(guest, limit).1.expect("no listener")
    }

    /// Also the fake, if the present map is refused.
    pub(super) fn try_new(guest: &'g Guest, limit: usize) -> (Arc<Fake>, Result<Self, Error>) {
        let fake = Fake::new(limit);
        let fatal = Arc::<Mutex<Vec<String>>>::default();
        let said = Arc::clone(&fatal);
        let say = Box::new(move |message| said.lock().expect("poisoned").push(message));
        let gate = Arc::new(Gate::new(1));
        let slots = Arc::new(Slots::new(Box::new(Arc::clone(&fake)), Arc::clone(&gate), say));
        let listening = guest.listen(i32::MAX, Arc::clone(&slots));
        let follow = |_listening| {
            let fake = Arc::clone(&fake);
            Self { guest, fake, slots, gate, fatal, _listening }
        };
        let followed = listening.map(follow);
        fake.calls();
        (fake, followed)
    }

    /// Checks that the slots are equal to the map, page by page, and that no vCPU is held.
    pub(super) fn check(&self) {
        assert!(self.slots.changes() & 1 == 0, "a change is not over");
        assert!(!self.gate.held(), "vCPUs wait for nothing");
        let mut slots: Vec<Area> = self.fake.slots().into_values().collect();
        slots.sort_unstable();
        assert_eq!(slots, expected(&self.guest.spans(Space::Memory)));
    }
}

/// The slots that a map needs, computed page by page.
fn expected(spans: &[gasp_span]) -> Vec<Area> {
    let mut slots: Vec<Area> = Vec::new();
    for span in spans {
        let has = |flag: grf| span.flags & flag as u32 != 0;
        if span.host_location == 0 || !has(grf::GRF_PASS_RD) || has(grf::GRF_VIRT_RD) {
            continue;
        }
        let writable = has(grf::GRF_PASS_WR) && !has(grf::GRF_VIRT_WR);
        for page in (span.location..=span.last).step_by(0x1000) {
            let host = span.host_location + (page - span.location);
            match slots.last_mut() {
                Some(slot)
                    if slot.gpa + slot.pages * 0x1000 == page
                        && slot.host + slot.pages * 0x1000 == host
                        && slot.writable == writable =>
                {
                    slot.pages += 1;
                }
                _ => slots.push(Area { gpa: page, pages: 1, host, writable }),
            }
        }
    }
    slots
}
