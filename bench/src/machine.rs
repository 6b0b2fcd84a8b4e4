//! The machine, and the load that other programs put on it.

use crate::clock::Clock;
use std::fs;
use std::process::Command;

/// Time of all CPUs together since the system started, in the kernel's ticks.
#[derive(Debug, Clone, Copy)]
pub struct Usage {
    all: u64,
    busy: u64,
    stolen: u64,
    /// The part of `busy` that this process and its children had.
    own: u64,
}

/// Where the time of the CPUs went, in percent.
#[derive(Debug, Clone, Copy)]
pub struct Parts {
    /// To other programs of this machine.
    pub others: f64,
    /// To others on the host.
    pub stolen: f64,
}

impl Usage {
    /// Now, from `/proc/stat` and `/proc/self/stat`.
    pub fn now() -> Option<Self> {
        let stat = fs::read_to_string("/proc/stat").ok()?;
        let cpu = numbers(stat.lines().next()?.split_once(' ')?.1);
        let [user, nice, system, idle, wait, irq, soft, stolen] = *cpu.first_chunk()?;
        let itself = fs::read_to_string("/proc/self/stat").ok()?;
        // After the name, which is in brackets, and the state: ten numbers, then four times.
        let itself = numbers(itself.rsplit_once(')')?.1.trim_start().split_once(' ')?.1);
        let busy = user + nice + system + irq + soft;
        let own = itself.get(10..14)?.iter().sum();
        Some(Self { all: busy + idle + wait + stolen, busy, stolen, own })
    }

    /// Where the time went since then.
    pub fn since(self, before: Self) -> Parts {
        let all = (self.all - before.all).max(1) as f64;
        let others = (self.busy - before.busy).saturating_sub(self.own - before.own);
        let stolen = self.stolen - before.stolen;
        Parts { others: others as f64 * 100.0 / all, stolen: stolen as f64 * 100.0 / all }
    }
}

/// The numbers at the beginning of a line; negative ones count as zero.
fn numbers(line: &str) -> Vec<u64> {
    let number = |word: &str| word.parse::<i64>().ok().map(|n| u64::try_from(n).unwrap_or(0));
    line.split_whitespace().map_while(number).collect()
}

/// The load averages, as the kernel words them.
pub fn load() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split_whitespace().take(3).collect::<Vec<_>>().join(" ")
}

/// The processor and the kernel, in one line.
pub fn short() -> String {
    let cpu = cpu_info("model name");
    format!(
        "{cpu} (family {}, model {}), {} CPUs, Linux {}, {}",
        cpu_info("cpu family"),
        cpu_info("model"),
        count("processor"),
        read("/proc/sys/kernel/osrelease"),
        rustc()
    )
}

/// Everything that matters, one item a line.
pub fn long(clock: Clock) -> Vec<(&'static str, String)> {
    let virtual_machine = cpu_info("flags").split(' ').any(|flag| flag == "hypervisor");
    let virtual_machine = if virtual_machine { "a virtual machine" } else { "not virtualised" };
    vec![
        (
            "CPU",
            format!(
                "{} (family {}, model {}, stepping {}), {virtual_machine}",
                cpu_info("model name"),
                cpu_info("cpu family"),
                cpu_info("model"),
                cpu_info("stepping")
            ),
        ),
        ("CPUs online", count("processor").to_string()),
        ("caches as the system shows them", caches()),
        ("time stamp counter", format!("{:.3} GHz", clock.ghz())),
        ("memory", format!("{:.1} GiB", memory_kib() / f64::from(1 << 20))),
        ("transparent huge pages", read("/sys/kernel/mm/transparent_hugepage/enabled")),
        ("kernel", read("/proc/sys/kernel/osrelease")),
        ("compiler", rustc()),
        ("date", today()),
    ]
}

fn rustc() -> String {
    env!("GASP_BENCH_RUSTC").to_owned()
}

fn read(path: &str) -> String {
    fs::read_to_string(path).map_or_else(|_| "unknown".into(), |text| text.trim().to_owned())
}

/// The first value of a field of `/proc/cpuinfo`.
fn cpu_info(field: &str) -> String {
    let text = read("/proc/cpuinfo");
    let mut fields = text.lines().filter_map(|line| line.split_once(':'));
    let value = fields.find(|(name, _)| name.trim() == field);
    value.map_or_else(|| "unknown".into(), |(_, value)| value.trim().to_owned())
}

fn count(field: &str) -> usize {
    read("/proc/cpuinfo").lines().filter(|line| line.starts_with(field)).count()
}

fn memory_kib() -> f64 {
    let text = read("/proc/meminfo");
    let total = text.lines().find_map(|line| line.strip_prefix("MemTotal:"));
    let number = total.and_then(|rest| rest.split_whitespace().next()?.parse().ok());
    number.unwrap_or(0.0)
}

fn caches() -> String {
    let cache = |index: usize| {
        let item = |name| read(&format!("/sys/devices/system/cpu/cpu0/cache/index{index}/{name}"));
        let (level, kind, size) = (item("level"), item("type"), item("size"));
        (size != "unknown").then(|| format!("L{level} {kind} {size}"))
    };
    (0..8).map_while(cache).collect::<Vec<_>>().join(", ")
}

/// The date in UTC.
fn today() -> String {
    let output = Command::new("date").args(["-u", "+%F"]).output();
    let text = output
        .map_or_else(|_| "unknown".into(), |o| String::from_utf8_lossy(&o.stdout).into_owned());
    text.trim().to_owned()
}
