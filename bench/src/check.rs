//! Correctness: before anything is timed, every design must give the answers of an oracle.

use crate::design::{Design, Map, Updates};
use crate::device::{self, Seen};
use crate::error::Error;
use crate::functions::EOK;
use crate::layout::{
    ACTIVE, Layout, MEMORY_SPACE, NO_REGION, PAGE, RAM, READ_ONLY, block, clipped, region,
};
use crate::random::Random;
use crate::vcpu::Cpu;
use core::ffi::c_int;
use core::sync::atomic::{AtomicBool, Ordering};
use gasp_abi::{GASP_READ, gasp_region, qvm_state_block};
use std::time::{Duration, Instant};

/// Asks a map and compares.
fn compare(
    map: &Map,
    block: &qvm_state_block,
    expected: Option<gasp_region>,
    when: impl FnOnce() -> String,
) -> Result<(), Error> {
    let answer = map.info(block);
    if answer == expected {
        return Ok(());
    }
    let what = format!("asked {block:?}, expected {expected:?}, got {answer:?}");
    Err(Error::Wrong { design: map.design().label, when: when(), what })
}

/// A filled map against its layout: random locations, and both edges of regions, with short and
/// long queries.
pub fn layout(map: &Map, layout: &Layout) -> Result<(), Error> {
    if map.design().is_empty_call() {
        return Ok(());
    }
    let mut random = Random::new(5);
    let mut locations = layout.uniform(2048);
    for _ in 0..512 {
        let guest = &layout.regions[random.index(layout.regions.len())].guest;
        let end = guest.location + u64::from(guest.length);
        locations.extend([guest.location, end - 1, end, guest.location.saturating_sub(1)]);
    }
    for location in locations {
        let length = [1, 8, 4096, u32::MAX][random.index(4)];
        let block = block(location, length);
        let when = || format!("map of {} regions", layout.regions.len());
        compare(map, &block, layout.expected(&block), when)?;
    }
    Ok(())
}

/// Pages of the space in which random changes are made.
const PAGES: usize = 512;

/// A map as an array of pages: flags and cookie of each.
struct Pages {
    from: u64,
    pages: Vec<Option<(u32, u32)>>,
}

impl Pages {
    fn apply(&mut self, element: &gasp_region) {
        let first = ((element.guest.location - self.from) / PAGE) as usize;
        let count = (u64::from(element.guest.length) / PAGE) as usize;
        let value = (element.flags != 0).then_some((element.flags, element.cookie));
        self.pages[first..first + count].fill(value);
    }

    fn expected(&self, block: &qvm_state_block) -> Option<gasp_region> {
        let page = ((block.location - self.from) / PAGE) as usize;
        let (flags, cookie) = self.pages[page]?;
        let same = |&&page: &&Option<(u32, u32)>| page == Some((flags, cookie));
        let end = page + self.pages[page..].iter().take_while(same).count();
        let last = self.from + end as u64 * PAGE - 1;
        Some(clipped(flags, cookie, last, block))
    }
}

/// A random change of one to four elements.
fn change(random: &mut Random, from: u64) -> Vec<gasp_region> {
    let mut element = || {
        let first = random.index(PAGES);
        let most = [1, 4, 64][random.index(3)].min(PAGES - first);
        let pages = 1 + random.index(most) as u64;
        let flags = [0, RAM, RAM, READ_ONLY][random.index(4)];
        region(from + first as u64 * PAGE, pages, flags, random.index(2) as u32)
    };
    let first = element();
    let more = usize::from(first.cookie == 1) * 3;
    core::iter::once(first).chain((0..more).map(|_| element())).collect()
}

/// Random changes, each followed by random lookups, and by lookups of every page now and then.
pub fn changes(design: &Design, from: u64, count: usize) -> Result<(), Error> {
    if design.is_empty_call() {
        return Ok(());
    }
    let map = design.map()?;
    let mut random = Random::new(6);
    let mut model = Pages { from, pages: vec![None; PAGES] };
    for step in 0..count {
        let elements = change(&mut random, from);
        map.set(&elements)?;
        elements.iter().for_each(|element| model.apply(element));
        let all = step % 64 == 63;
        for question in 0..if all { PAGES } else { 16 } {
            let page = if all { question } else { random.index(PAGES) };
            let location = from + page as u64 * PAGE + random.below(PAGE);
            let length = [1, 8, 65536, u32::MAX][random.index(4)];
            let block = block(location, length);
            compare(&map, &block, model.expected(&block), || format!("after {elements:?}"))?;
        }
    }
    Ok(())
}

/// Lookups with the hint of one vCPU, all over the map and again and again in one region, some of
/// them right after the region changed: a hint must never give the old answer.
pub fn hinted(design: &Design, layout: &Layout) -> Result<(), Error> {
    if !design.has_hint() {
        return Ok(());
    }
    let map = &design.filled(&layout.regions)?;
    let mut cpu = Cpu::of(map)?;
    let lookup = cpu.lookup();
    let ask = |location: u64| {
        let block = block(location, 8);
        let mut region = NO_REGION;
        let answer = (lookup(&block, &mut region) == EOK).then_some(region);
        if answer == map.info(&block) {
            return Ok(());
        }
        let what =
            format!("asked {block:?}, got {answer:?}, without a hint {:?}", map.info(&block));
        Err(Error::Wrong { design: map.design().label, when: "with a hint".into(), what })
    };
    layout.uniform(2048).into_iter().try_for_each(ask)?;
    for [change, back] in layout.flips(256) {
        let location = change.guest.location;
        ask(location)?;
        map.set(&[change])?;
        ask(location)?;
        map.set(&[back])?;
        ask(location)?;
    }
    Ok(())
}

/// Accesses to random registers: the handler must be called once for each, with the region that holds
/// it, and the value that it gives must come back. Outside of regions it must not be called.
pub fn dispatch(design: &Design, layout: &Layout) -> Result<(), Error> {
    if design.vcpus.is_none() || design.is_empty_call() {
        return Ok(());
    }
    let mut seen = Box::new(Seen::default());
    let seen: *mut Seen = &raw mut *seen;
    let map = design.map()?;
    // SAFETY: `seen` outlives the map, and only this thread makes accesses.
    unsafe { map.set_handler(Some(device::note), seen.cast())? };
    map.set(&layout.regions)?;
    let mut cpu = Cpu::of(&map)?;
    let read = cpu.read();
    let mut locations = layout.all_registers(2048);
    locations.extend(layout.registers(256, 0.5));
    locations.extend(layout.uniform(512).iter().map(|location| location & !7));
    for location in locations {
        let block = block(location, 8);
        let expected = layout.expected(&block);
        let mut region = NO_REGION;
        // SAFETY: no access is under way.
        unsafe { (*seen).calls = 0 };
        let result = read(&block, &mut region);
        // SAFETY: as above.
        let seen = unsafe { &*seen };
        // The value that was read is in the first 8 bytes.
        let data = u64::from(region.flags) | u64::from(region.cookie) << 32;
        if !reached(expected.as_ref(), seen, (result, data, location)) {
            let what = format!(
                "read {block:?}, expected {expected:?}, result {result}, data {data:#x}, {seen:?}"
            );
            let when = "reading registers".into();
            return Err(Error::Wrong { design: design.label, when, what });
        }
    }
    Ok(())
}

/// Whether an access went where it should.
fn reached(
    expected: Option<&gasp_region>,
    Seen { calls, last }: &Seen,
    (result, data, location): (c_int, u64, u64),
) -> bool {
    let Some(region) = expected else { return *calls == 0 };
    (result, *calls, data) == (EOK, 1, location)
        && (last.location, last.length) == (location, 8)
        && (last.vdev, last.cookie) == (region.vdev, region.cookie)
        && (u32::from(last.kind), last.r#type) == (GASP_READ, MEMORY_SPACE)
}

/// A reader beside a writer that flips pages: every answer must be one of the two states.
pub fn beside_writer(design: &Design, n: usize, time: Duration) -> Result<(), Error> {
    if design.is_empty_call() || design.updates == Updates::Alone {
        return Ok(());
    }
    let layout = Layout::new(n);
    let map = design.filled(&layout.regions)?;
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| write_until(&map, &layout, &done));
        let read = read_for(&map, &layout, time);
        done.store(true, Ordering::Relaxed);
        let written = writer.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        read.and(written)
    })
}

/// Flip pages until told to stop.
fn write_until(map: &Map, layout: &Layout, done: &AtomicBool) -> Result<(), Error> {
    for [change, back] in layout.flips(4096).iter().cycle() {
        map.set(&[*change])?;
        map.set(&[*back])?;
        if done.load(Ordering::Relaxed) {
            break;
        }
    }
    Ok(())
}

/// Look up and judge: only the flags and the place where the run is cut may differ.
fn read_for(map: &Map, layout: &Layout, time: Duration) -> Result<(), Error> {
    let since = Instant::now();
    for (count, location) in layout.uniform(65536).into_iter().cycle().enumerate() {
        let block = block(location, u32::MAX);
        let expected = layout.expected(&block);
        let answer = map.info(&block);
        let fits = match (&expected, &answer) {
            (Some(whole), Some(part)) => is_part(part, whole),
            (None, None) => true,
            _ => false,
        };
        if !fits {
            let what = format!("asked {block:?}, whole region {expected:?}, got {answer:?}");
            let when = "beside a writer".into();
            return Err(Error::Wrong { design: map.design().label, when, what });
        }
        if count % 256 == 0 && since.elapsed() >= time {
            break;
        }
    }
    Ok(())
}

/// Whether an answer can come from a region of which one page may be read-only just now.
fn is_part(part: &gasp_region, whole: &gasp_region) -> bool {
    let flags = part.flags == RAM | ACTIVE || part.flags == READ_ONLY | ACTIVE;
    let mut same = *whole;
    same.flags = part.flags;
    same.guest.length = part.guest.length;
    flags && same == *part && part.guest.length <= whole.guest.length
}
