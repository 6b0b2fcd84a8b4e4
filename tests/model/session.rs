//! One guest and its model, step by step: the same call to both, then everything compared.

use super::cells::Extent;
use super::change::Snapshot;
use super::generate::{Generator, block};
use super::hold::Generations;
use super::library::{FILTERS, Guest, Walk};
use super::listener::{Notification, Recorder, SetOptions};
use super::numbers::*;
use super::owner::act_for;
use super::report::{Check, Story, same};
use super::search::Wish;
use super::state::{Kind, Model};
use super::walk::Way;
use gasp_abi::gasp_region;

/// A walk that goes on while the map changes under it.
struct Stroll {
    library: Walk,
    cursor: u128,
    way: Way,
}

pub(crate) struct Session {
    stroll: Option<Stroll>,
    pub(super) guest: Guest,
    /// The listener, which the guest has while there is an id. It outlives the guest.
    pub(super) recorder: Box<Recorder>,
    pub(super) listener: Option<u64>,
    /// The notifications that it should get for the present call.
    pub(super) expected: Vec<Notification>,
    /// How often each space has changed.
    pub(super) generations: [u64; 2],
    /// The generations after the last call.
    pub(super) last: Generations,
    pub(crate) model: Model,
    pub(crate) story: Story,
}

impl Session {
    pub(crate) fn new(generator: &Generator, strict: bool) -> Self {
        let by_environment = std::env::var_os("GASP_STRICT").is_some_and(|value| value == "1");
        act_for(0);
        let (memory, ports) = (generator.memory.edges.clone(), generator.ports.edges.clone());
        let model = Model::new(memory, ports, strict || by_environment);
        Self {
            stroll: None,
            guest: Guest::create(strict),
            recorder: Box::default(),
            listener: None,
            expected: vec![],
            generations: [0; 2],
            last: [(0, 0); 2],
            model,
            story: Story::default(),
        }
    }

    /// One call of a random kind, then all comparisons.
    pub(crate) fn step(&mut self, generator: &mut Generator) -> Check {
        self.story.begin(&self.model);
        match generator.random.below(100) {
            0..30 => self.set_array(&generator.array(&self.model)),
            30..32 => self.claim(generator),
            32..34 => self.unreserve(generator),
            34..38 => self.act(generator),
            38..40 => self.release(generator),
            40..44 => self.guest_change(generator),
            44..46 => self.set_refused(generator),
            46..60 => self.guest_set(generator),
            60..64 => self.add_or_remove_listener(generator),
            64..70 => self.set_back(generator),
            70..75 => self.delete_loop(generator),
            75..82 => self.lock_or_unlock(generator),
            82..85 => self.reserve(generator),
            85..90 => self.gram_find(generator),
            90..93 => self.gram_reserve(generator),
            93..95 => self.start(),
            95..97 => self.set_nothing(generator),
            _ => self.begin_stroll(generator),
        }?;
        self.compare_maps()?;
        self.compare_locks()?;
        self.compare_unique()?;
        self.ask(generator)
    }

    /// The heart of it: one call to both.
    pub(super) fn set_array(&mut self, array: &[gasp_region]) -> Check {
        self.story.array(array);
        let before = Snapshot::of(&self.model);
        let expected = self.model.set_soft(array);
        let expected = self.after_set(before, SetOptions::default(), expected);
        let (count, errno) = self.guest.set_soft(array);
        same("the return value", expected.0, count)?;
        same("errno (None: untouched)", expected.1, errno)?;
        self.compare_notifications()
    }

    fn compare_maps(&self) -> Check {
        for (kind, generation) in [Kind::Memory, Kind::Ports].into_iter().zip(self.generations) {
            let what = format!("the generation of {kind:?}");
            same(&what, generation, self.guest.generation(kind))?;
            let what = format!("the regions of {kind:?}");
            same(&what, self.model.spans(kind), self.guest.spans(kind))?;
        }
        Ok(())
    }

    /// Random queries, which change nothing.
    fn ask(&mut self, generator: &mut Generator) -> Check {
        for _ in 0..4 {
            self.ask_info(generator)?;
        }
        for _ in 0..2 {
            self.ask_free(generator)?;
        }
        self.ask_next(generator)?;
        self.ask_space(generator)?;
        if generator.random.percent(30) {
            self.ask_walk(generator)?;
        }
        self.stroll_on()
    }

    fn ask_info(&self, generator: &mut Generator) -> Check {
        let (block, aliased) = (generator.block(&self.model), generator.random.percent(50));
        let answer = self.guest.info(&block, aliased);
        same(&format!("info of {block:x?}"), self.model.info(&block), answer)
    }

    fn ask_free(&self, generator: &mut Generator) -> Check {
        let kind = generator.kind();
        let (qst, wish) = (generator.qst(kind), generator.wish(&self.model, kind));
        let what = format!("find_free of type {qst:#x}, {wish:x?}");
        same(&what, self.model.find_free(qst, &wish), self.guest.find_free(qst, &wish))
    }

    fn ask_next(&self, generator: &mut Generator) -> Check {
        let kind = generator.kind();
        let (qst, from) = (generator.qst(kind), generator.byte(&self.model, kind));
        let what = format!("guest_next of type {qst:#x} from {from:#x}");
        same(&what, self.model.next(qst, from), self.guest.next(qst, from))
    }

    fn ask_walk(&self, generator: &mut Generator) -> Check {
        let way = self.way(generator);
        let mut walk = self.guest.walk(way);
        let entries: Vec<_> = std::iter::from_fn(|| walk.next()).take(10_000).collect();
        let expected = self.model.walk(way);
        same(&format!("the walk {way:x?}"), &expected, &entries)?;
        let count = usize::try_from(self.guest.walk_count(way));
        same(&format!("the count of the walk {way:x?}"), Ok(expected.len()), count)?;
        // Striding through gigabytes page by page takes too long.
        if self.model.memory_size() <= 1 << 20 {
            self.ask_filtered(generator)?;
        }
        Ok(())
    }

    fn ask_filtered(&self, generator: &mut Generator) -> Check {
        let max_length = generator.random.pick(&[0, 0, 4096, 3 * 4096]);
        let way = Way { max_length, host: generator.random.percent(50) };
        let number = generator.random.index(FILTERS.len());
        let (pure, for_c) = FILTERS[number];
        let what = format!("the walk {way:x?} with filter {number}");
        let expected = self.model.walk_filtered(way, pure);
        let (entries, count) = self.guest.walk_filtered(way, for_c);
        same(&what, &expected, &entries)?;
        same(&format!("the count of {what}"), Ok(expected.len()), usize::try_from(count))
    }

    /// Arguments for a walk of at most some thousand entries.
    fn way(&self, generator: &mut Generator) -> Way {
        let small = self.model.memory_size() <= 1 << 20;
        let max_length = match small {
            true => generator.random.pick(&[0, 0, 1000, 4096, 3 * 4096, u64::MAX]),
            false => generator.random.pick(&[0, 0, 0x1000_0001, 1 << 30, u64::MAX]),
        };
        Way { max_length, host: generator.random.percent(50) }
    }

    fn begin_stroll(&mut self, generator: &mut Generator) -> Check {
        self.story.call("gasp_walk_init".into());
        let way = self.way(generator);
        self.stroll = Some(Stroll { library: self.guest.walk(way), cursor: 0, way });
        Ok(())
    }

    /// One more entry of the walk that goes on while the map changes: each step sees the map of its
    /// moment (6.2.6).
    fn stroll_on(&mut self) -> Check {
        let Some(stroll) = &mut self.stroll else {
            return Ok(());
        };
        let expected = self.model.walk_next(stroll.cursor, stroll.way);
        let what = format!("the walk {:x?} that has got to {:#x}", stroll.way, stroll.cursor);
        same(&what, expected, stroll.library.next())?;
        match expected {
            Some(entry) => stroll.cursor = u128::from(entry.guest_loc) + u128::from(entry.length),
            None => self.stroll = None,
        }
        Ok(())
    }

    /// 3.7: setting what a query of whole pages returned changes nothing.
    fn set_back(&mut self, generator: &mut Generator) -> Check {
        let kind = generator.kind();
        let range = generator.range(&self.model, kind, true);
        if self.model.has_piecewise_page(kind, range) {
            return Ok(());
        }
        let block = block(kind.qst(), range);
        let Ok(region) = self.guest.info(&block, false) else {
            return Ok(());
        };
        let before = self.model.space(kind).cells.clone();
        self.act_for(0);
        self.held(kind, |session| session.set_array(&[region]))?;
        let unchanged = self.model.space(kind).cells.same_map(&before);
        same("nothing changed by what info returned", (true, 0), (unchanged, self.story.refusals()))
    }

    /// QNX's published loop over a range that is present: as printed it changes nothing, with
    /// GRF_NONE it deletes exactly the range.
    fn delete_loop(&mut self, generator: &mut Generator) -> Check {
        let kind = generator.kind();
        let near = generator.range(&self.model, kind, true);
        let Some(range) = self.present_part(kind, near) else {
            return Ok(());
        };
        if self.model.has_piecewise_page(kind, range) {
            return Ok(());
        }
        self.act_for(0);
        let delete = generator.random.percent(70);
        let mut wanted = self.model.space(kind).cells.clone();
        if delete {
            wanted.change(range, |_, _| None);
        }
        self.held(kind, |session| session.qnx_loop(kind, range, delete))?;
        let exactly = self.model.space(kind).cells.same_map(&wanted);
        same(&format!("the loop over {range:x?} did its work"), true, exactly)
    }

    fn qnx_loop(&mut self, kind: Kind, range: Extent, delete: bool) -> Check {
        let mut block = block(kind.qst(), range);
        while block.length != 0 {
            let answer = self.guest.info(&block, false);
            same(&format!("the loop's info of {block:x?}"), self.model.info(&block), answer)?;
            let mut region = answer.map_err(|errno| format!("info in a loop: errno {errno}"))?;
            let size = region.guest.length;
            if delete {
                region.flags = NONE;
            }
            self.set_array(&[region])?;
            same("refusals in the loop", 0, self.story.refusals())?;
            block.location = block.location.wrapping_add(size.into());
            block.length -= size;
        }
        Ok(())
    }

    /// The first part of a range that is all present, in memory cut to whole pages.
    fn present_part(&self, kind: Kind, range: Extent) -> Option<Extent> {
        let mut part: Option<Extent> = None;
        for run in self.model.runs(kind).iter().filter(|run| run.extent.overlaps(range)) {
            match &mut part {
                None => part = Some(run.extent),
                Some(part) if part.end == run.extent.start => part.end = run.extent.end,
                Some(_) => break,
            }
        }
        let unit = if kind == Kind::Memory { PAGE } else { 1 };
        let part = part?;
        let start = part.start.max(range.start).next_multiple_of(unit);
        let end = part.end.min(range.end);
        let end = end - end % unit;
        (start < end).then(|| Extent::new(start, end))
    }

    /// Do something with the lock of a space held.
    fn held(&mut self, kind: Kind, act: impl FnOnce(&mut Self) -> Check) -> Check {
        same("gasp_lock", self.model.lock(kind.qst()), self.guest.lock(kind.qst()))?;
        act(self)?;
        same("gasp_unlock", self.model.unlock(kind.qst()), self.guest.unlock(kind.qst()))
    }

    fn lock_or_unlock(&mut self, generator: &mut Generator) -> Check {
        let kind = generator.kind();
        let qst = u16::try_from(generator.qst(kind)).unwrap_or(4);
        if generator.random.percent(62) {
            self.story.call(format!("gasp_lock({qst:#x})"));
            same("the return value", self.model.lock(qst), self.guest.lock(qst))
        } else {
            self.story.call(format!("gasp_unlock({qst:#x})"));
            same("the return value", self.model.unlock(qst), self.guest.unlock(qst))
        }
    }

    fn start(&mut self) -> Check {
        self.story.call("gasp_guest_start".into());
        same("the return value", self.model.start(), self.guest.start())
    }

    fn reserve(&mut self, generator: &mut Generator) -> Check {
        let kind = generator.kind();
        let qst = generator.qst(kind);
        let location = generator.byte(&self.model, kind);
        let length = generator.random.pick(&[0, 1, 1, 7, 0x1000, 0x3000, u64::MAX]);
        self.story.call(format!("gasp_guest_reserve({qst:#x}, {location:#x}, {length:#x})"));
        let expected = self.model.reserve(qst, location, length);
        same("the return value", expected, self.guest.reserve(qst, location, length))
    }

    fn gram_find(&mut self, generator: &mut Generator) -> Check {
        let wish: Wish = generator.wish(&self.model, Kind::Memory);
        let hints = if generator.random.percent(4) { 8 } else { low_bits(generator, 8) };
        self.story.call(format!("gram_find_free_range({wish:x?}, hints {hints:#x})"));
        let expected = self.model.gram_find(&wish, hints);
        same("the return value", expected, self.guest.gram_find(&wish, hints))
    }

    fn gram_reserve(&mut self, generator: &mut Generator) -> Check {
        let place = generator.byte(&self.model, Kind::Memory);
        let size = generator.random.pick(&[0, 1, 1, 0x100, 0x1000, 0x2000, u64::MAX]);
        self.story.call(format!("gram_reserve({place:#x}, {size:#x})"));
        let expected = self.model.gram_reserve(place, size);
        same("the return value", expected, self.guest.gram_reserve(place, size))
    }

    /// n = 0 with any pointers is 0; NULL pointers with n > 0 are refused at index 0.
    fn set_nothing(&mut self, generator: &mut Generator) -> Check {
        let n = generator.random.pick(&[0, 1, 5, u32::MAX]);
        let no_guest = generator.random.percent(50);
        self.story.call(format!("gasp_region_set_soft(NULL: {no_guest}, {n}, NULL)"));
        let expected = (0, (n != 0).then_some(EINVAL));
        same("the return value and errno", expected, self.guest.set_nothing(n, no_guest))
    }
}

/// A new guest has free locks, even if the earlier guest in its slot was destroyed with locks held:
/// slots are reused after 1,024 guests.
pub(crate) fn guests_start_unlocked() {
    for number in 0..1200 {
        let guest = Guest::create(false);
        for kind in [Kind::Memory, Kind::Ports] {
            let stray = guest.unlock(kind.qst());
            assert_eq!(stray, Err(EPERM), "gasp_unlock({kind:?}) of guest {number}, just created");
            assert_eq!(guest.lock(kind.qst()), Ok(()));
        }
    }
}

fn low_bits(generator: &mut Generator, below: u64) -> u32 {
    u32::try_from(generator.random.below(below)).expect("a small number")
}
