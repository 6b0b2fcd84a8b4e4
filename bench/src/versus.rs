//! Two builds of libgasp beside each other (`--vs OLD NEW`): is the new one faster or slower?
//!
//! A round makes new maps of one build and measures everything on them, then the same of the other
//! build; the next round begins with the other one. So the place of the maps in memory, and the load
//! of the machine, change from round to round and not from build to build.

use crate::clock::Clock;
use crate::design::Design;
use crate::device;
use crate::error::Error;
use crate::filling::Fill;
use crate::grid::Grid;
use crate::layout::{Layout, PAGE};
use crate::measure::{back_to_back, each_in_parts, interleave, isolated, once};
use crate::probe;
use crate::report::{Table, number, ratios};
use crate::vcpu::Cpu;
use core::ffi::c_int;
use core::ptr::null_mut;
use gasp_abi::{gasp_region, qvm_state_block};
use std::path::{Path, PathBuf};

/// Numbers of regions.
const SIZES: [usize; 5] = [1, 64, 256, 4096, 100_000];
const ROUNDS: usize = 31;
/// Calls of one kind in a round; the next round has other locations.
const CALLS: usize = 4096;

/// Ticks of one call, by the name of the operation.
type Samples = Vec<(String, f64)>;

/// Compare two builds, loaded from `paths`, the old one first. The answer is Markdown.
pub fn run(designs: &[Design; 2], paths: &[PathBuf; 2], peers: &Path) -> Result<String, Error> {
    let clock = Clock::calibrate();
    let (mut old, mut ratio) = (Grid::with_columns(SIZES), Grid::with_columns(SIZES));
    let mut put = |name: &str, n: usize, pairs: &[(f64, f64)]| {
        let pick = |part: fn(&(f64, f64)) -> f64| pairs.iter().map(part).collect::<Vec<_>>();
        old.put_row(name, name, n, &pick(|pair| pair.0));
        ratio.put_row(name, name, n, &pick(|pair| pair.1 / pair.0));
    };
    for n in SIZES {
        let setting = Setting::new(n);
        let samples = interleave(2, ROUNDS, |at, round| setting.sample(&designs[at], round % 8))?;
        for (kind, (name, _)) in samples[0][0].iter().enumerate() {
            let ns = |sample: &Samples| sample[kind].1 / clock.ghz();
            let pairs = samples[0].iter().zip(&samples[1]).map(|(old, new)| (ns(old), ns(new)));
            put(name, n, &pairs.collect::<Vec<_>>());
        }
    }
    for n in [4096, 100_000] {
        for fill in [Fill::AscendingBatch, Fill::Random] {
            let weigh = |at: usize| {
                let (libraries, copies) =
                    ((Some(paths[at].clone()), peers.to_owned()), 100_000 / n);
                let weight = probe::ask(&libraries, &designs[at], (n, copies), fill)?;
                Ok::<_, Error>(weight.full / (n * copies) as f64)
            };
            put(&format!("bytes a region: {}", fill.name()), n, &[(weigh(0)?, weigh(1)?)]);
        }
    }
    let caption = "**New over old, by number of regions**: median (quartiles) of the rounds.";
    let ratio = Table::of_grid(caption, &ratio, ratios).markdown();
    let old = Table::of_grid("**Old**: ns, or bytes.", &old, |s| number(s.median)).markdown();
    Ok(format!("{ratio}\n{old}"))
}

/// The inputs of all rounds at one number of regions.
struct Setting {
    plain: Layout,
    shuffled: Vec<gasp_region>,
    trapped: Layout,
    passed: Layout,
    uniform: Vec<u64>,
    same: Vec<u64>,
    flips: Vec<[gasp_region; 2]>,
    /// The memory behind every region of `passed`.
    _memory: Vec<u8>,
}

impl Setting {
    fn new(n: usize) -> Self {
        let (plain, mut passed) = (Layout::new(n), Layout::new(n));
        let longest = passed.regions.iter().map(|region| region.guest.length).max();
        let memory = vec![0; longest.unwrap_or(0) as usize + PAGE as usize];
        let host = (memory.as_ptr().addr() as u64).next_multiple_of(PAGE);
        passed.regions.iter_mut().for_each(|region| region.host_location = host);
        Self {
            shuffled: plain.shuffled(),
            trapped: Layout::new(n).trapped(),
            passed,
            uniform: plain.all_registers(CALLS * 8),
            same: plain.registers(CALLS * 8, 0.33),
            flips: plain.flips(CALLS),
            plain,
            _memory: memory,
        }
    }

    /// Everything that is measured, on new maps, with one eighth of the locations.
    fn sample(&self, design: &Design, part: usize) -> Result<Samples, Error> {
        let (plain, shuffled) = (design.map()?, design.map()?);
        let (trapped, passed) = (design.map()?, design.filled(&self.passed.regions)?);
        // SAFETY: the handler uses nothing but the trap.
        unsafe { trapped.set_handler(Some(device::read), null_mut())? };
        trapped.set(&self.trapped.regions)?;
        let mut out = Vec::new();
        for (name, map, regions) in [
            ("set all, ascending", &plain, &self.plain.regions),
            ("set all, random order", &shuffled, &self.shuffled),
        ] {
            let mut filled = Ok(());
            out.push((name.to_owned(), once(|| filled = map.set(regions)) as f64));
            filled?;
        }
        let flips = each_in_parts(&self.flips[part * CALLS / 8..][..CALLS / 8], |part| {
            once(|| {
                for change in part.as_flattened() {
                    plain.set_raw(core::slice::from_ref(change), 1);
                }
            })
        });
        out.push(("set a page's flags and back".to_owned(), flips));
        let [uniform, same] = [&self.uniform, &self.same].map(|all| &all[part * CALLS..][..CALLS]);
        let mut cpus = [Cpu::of(&plain)?, Cpu::of(&trapped)?, Cpu::of(&passed)?];
        calls("lookup", plain.lookup(), uniform, &mut out);
        calls("hinted, same region", cpus[0].lookup(), same, &mut out);
        calls("trapped, same region", cpus[1].read(), same, &mut out);
        calls("trapped", cpus[1].read(), uniform, &mut out);
        calls("passed, same region", cpus[2].read(), same, &mut out);
        calls("passed", cpus[2].read(), uniform, &mut out);
        Ok(out)
    }
}

/// Ticks of a call, one at a time and back to back, after a pass that warms caches up.
fn calls(
    name: &str,
    call: impl Fn(&qvm_state_block, &mut gasp_region) -> c_int + Copy,
    locations: &[u64],
    out: &mut Samples,
) {
    back_to_back(call, locations);
    let alone = each_in_parts(locations, |part| isolated(call, part));
    let together = each_in_parts(locations, |part| back_to_back(call, part));
    out.extend([(name.to_owned(), alone), (format!("{name}, back to back"), together)]);
}
