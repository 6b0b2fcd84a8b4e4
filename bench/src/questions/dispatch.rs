//! Question 9: what does it cost to reach a device, and do two vCPUs slow each other down?

use super::lookup::{Sample, time};
use crate::bench::Bench;
use crate::design::{Design, Map};
use crate::device;
use crate::error::Error;
use crate::grid::Grid;
use crate::layout::Layout;
use crate::measure::{between, interleave};
use crate::plot::{self, Words};
use crate::report::{Section, Table, number, ratios, spread};
use crate::stats::Summary;
use crate::vcpu::Cpu;
use core::ptr::null_mut;

/// Figures by design.
#[derive(Debug, Default)]
pub struct Answer {
    /// Accesses to one device, by number of regions.
    pub hot: Figures,
    /// Accesses to random devices, by number of regions.
    pub anywhere: Figures,
    /// Two vCPUs; `None` where there is only one CPU.
    pub two: Option<Two>,
}

/// Nanoseconds an access.
#[derive(Debug, Default)]
pub struct Figures {
    /// One at a time, without the empty call of the same round.
    pub net: Grid,
    /// Back to back, with the call.
    pub throughput: Grid,
}

/// Columns [`ALONE`], [`OWN`] and [`SAME`].
#[derive(Debug, Default)]
pub struct Two {
    /// Nanoseconds an access, mean of both vCPUs.
    pub each: Grid,
    /// The worse of both vCPUs, each over itself alone on its CPU; no column [`ALONE`].
    pub ratio: Grid,
}

pub const ALONE: &str = "one vCPU";
pub const OWN: &str = "two, each at a device of its own";
pub const SAME: &str = "two, at the same device";

/// The places of the hot device and of a second one: 0 is the map's first region, 1 its last.
const DEVICES: [f64; 2] = [0.33, 0.67];
/// Regions of the map in which two vCPUs are measured.
const TWO_SIZE: usize = 256;

/// The designs that take part, each with a map of devices behind the timed handler.
struct Machines<'b>(Vec<Map<'b>>);

impl<'b> Machines<'b> {
    fn new(bench: &'b Bench, layout: &Layout) -> Result<Self, Error> {
        let designs = bench.designs.iter().chain([&bench.direct]);
        let machine = |design: &'b Design| {
            let map = design.map()?;
            // SAFETY: the handler uses nothing but the trap.
            unsafe { map.set_handler(Some(device::read), null_mut())? };
            map.set(&layout.regions)?;
            Ok(map)
        };
        let designs = designs.filter(|design| design.vcpus.is_some());
        designs.map(machine).collect::<Result<_, _>>().map(Self)
    }

    /// One vCPU of each.
    fn cpus(&self) -> Result<Vec<Cpu<'_>>, Error> {
        self.0.iter().map(Cpu::of).collect()
    }

    fn designs(&self) -> impl Iterator<Item = &Design> {
        self.0.iter().map(Map::design)
    }
}

/// Measure.
pub fn ask(bench: &Bench) -> Result<Answer, Error> {
    let mut answer = Answer::default();
    for &n in bench.plan.sizes.iter().filter(|&&n| n <= 65_536) {
        let layout = Layout::new(n).trapped();
        let count = bench.plan.lookups * 8;
        let machines = Machines::new(bench, &layout)?;
        let hot = layout.registers(count, DEVICES[0]);
        answer.hot.record(n, &machines, &rounds(bench, &machines, &hot)?);
        let anywhere = layout.all_registers(count);
        answer.anywhere.record(n, &machines, &rounds(bench, &machines, &anywhere)?);
    }
    answer.two = bench.cpus.1.map(|other| two(bench, other)).transpose()?;
    Ok(answer)
}

fn rounds(
    bench: &Bench,
    machines: &Machines,
    locations: &[u64],
) -> Result<Vec<Vec<Sample>>, Error> {
    let parts: Vec<&[u64]> = locations.chunks_exact(bench.plan.lookups).collect();
    let mut cpus = machines.cpus()?;
    interleave(cpus.len(), bench.plan.rounds, |design, round| {
        let part = |number: usize| parts[number % parts.len()];
        let warm = &part(round + parts.len() - 1)[..bench.plan.lookups / 8];
        Ok(time(bench, warm, part(round), cpus[design].read()))
    })
}

impl Figures {
    fn record(&mut self, n: usize, machines: &Machines, samples: &[Vec<Sample>]) {
        let empty = machines.designs().zip(samples).find(|(design, _)| design.is_empty_call());
        let Some((_, empty)) = empty else { return };
        for (design, row) in machines.designs().zip(samples) {
            let throughput: Vec<f64> = row.iter().map(|s| s.throughput).collect();
            self.throughput.put(design, n, &throughput);
            if !design.is_empty_call() {
                let net = row.iter().zip(empty).map(|(s, empty)| s.isolated - empty.isolated);
                self.net.put(design, n, &net.collect::<Vec<_>>());
            }
        }
    }
}

/// Nanoseconds an access of the vCPU here and of the one there.
type Pair = (f64, f64);

/// One round of a design.
struct Both {
    alone: Pair,
    own: Pair,
    same: Pair,
}

fn two(bench: &Bench, other: usize) -> Result<Two, Error> {
    let layout = Layout::new(TWO_SIZE).trapped();
    let devices = DEVICES.map(|device| layout.registers(65_536, device));
    let machines = Machines::new(bench, &layout)?;
    let (mut here, mut there) = (machines.cpus()?, machines.cpus()?);
    let samples = interleave(here.len(), bench.plan.rounds * 2, |design, _| {
        both(bench, other, [&mut here[design], &mut there[design]], &devices)
    })?;
    let mut two = Two::default();
    for (design, samples) in machines.designs().zip(samples) {
        let mut each = |column, pick: fn(&Both) -> Pair| {
            let mean = |s: &Both| (pick(s).0 + pick(s).1) / 2.0;
            two.each.put(design, column, &samples.iter().map(mean).collect::<Vec<_>>());
        };
        each(ALONE, |s| s.alone);
        each(OWN, |s| s.own);
        each(SAME, |s| s.same);
        let mut ratio = |column, pick: fn(&Both) -> Pair| {
            let worst = |s: &Both| (pick(s).0 / s.alone.0).max(pick(s).1 / s.alone.1);
            two.ratio.put(design, column, &samples.iter().map(worst).collect::<Vec<_>>());
        };
        ratio(OWN, |s| s.own);
        ratio(SAME, |s| s.same);
    }
    Ok(two)
}

fn both(
    bench: &Bench,
    other: usize,
    [here, there]: [&mut Cpu; 2],
    devices: &[Vec<u64>; 2],
) -> Result<Both, Error> {
    let read = |cpu: &mut Cpu, device: usize, (from, until): (u64, u64)| {
        let (count, ticks) = between(cpu.read(), &devices[device], from, until);
        bench.clock.ns(ticks) / count as f64
    };
    let length = bench.plan.window;
    let rest = |_: (u64, u64)| std::thread::sleep(length);
    let alone_here = read(here, 0, bench.window(length));
    let ((), alone_there) =
        bench.side_by_side((other, length), rest, |window| read(there, 0, window))?;
    let own = bench.side_by_side(
        (other, length),
        |window| read(here, 0, window),
        |window| read(there, 1, window),
    )?;
    let same = bench.side_by_side(
        (other, length),
        |window| read(here, 0, window),
        |window| read(there, 0, window),
    )?;
    Ok(Both { alone: (alone_here, alone_there), own, same })
}

/// The answer in words.
pub fn section(answer: &Answer, bench: &Bench) -> Section {
    let words = Words {
        title: "An access that reaches a device's handler in C",
        subtitle: "One device again and again. lfence; call; lfence. Empty call subtracted, median. \
                   Lower is better.",
        y: "ns an access (log scale)",
        machine: &bench.machine,
    };
    let hot = "**The same device, one access at a time, empty call subtracted**: ns.";
    let hot_throughput = "**The same device, back to back**: ns an access, both calls included.";
    let anywhere = "**Random devices, one access at a time, empty call subtracted**: ns.";
    let plain = |s: Summary| number(s.median);
    let mut tables = vec![
        Table::of_grid(hot, &answer.hot.net, spread),
        Table::of_grid(hot_throughput, &answer.hot.throughput, plain),
        Table::of_grid(anywhere, &answer.anywhere.net, plain),
    ];
    if let Some(two) = &answer.two {
        let each = format!("**Two vCPUs on two CPUs**, {TWO_SIZE} regions: ns an access.");
        let ratio = "**Two vCPUs over one**: the worse of both, each over itself alone on its CPU.";
        tables.push(Table::of_grid(each, &two.each, plain));
        tables.push(Table::of_grid(ratio, &two.ratio, ratios));
    }
    Section {
        file: "dispatch",
        title: "Reaching a device",
        text: TEXT,
        tables,
        plots: vec![(
            "dispatch",
            "nanoseconds an access to one device over the number of regions".into(),
            plot::script("dispatch", &answer.hot.net, &words),
        )],
    }
}

const TEXT: &str = "\
A read of 8 bytes through `gasp_cpu_access` finds the region, sees that it traps, and calls the \
handler, a C function that is told the vdev, the cookie, the location and where the data goes, and \
gives a value back. The peers do the same behind the same kind of call and end in the same handler: \
cloud-hypervisor's shape takes a RwLock to read, upgrades a `Weak`, clones an `Arc` and takes the \
device's Mutex; crosvm's takes the bus's Mutex, clones an `Arc` and takes the device's Mutex; \
Firecracker's takes two RwLocks to read, upgrades a `Weak` and takes the device's Mutex. libgasp leaves \
the device's lock to the device, counts the access, and keeps account of accesses under way, so that a \
vdev can be unloaded: all in memory of the vCPU's own. \"The handler called directly\" is a function that \
calls the handler without looking anything up: two calls are part of every row.

For a VMM: this is what is left of an exit when the kernel has done its part (1 to 10 µs), so on one \
vCPU all of these designs will do. A lock or a count that every access writes is another matter: it \
makes vCPUs wait for each other although they talk to different devices, and the more of them there \
are, the longer.";
