//! The memory that a map takes, measured in a process of its own.
//!
//! A child process runs one fill of one design and prints how much memory the kernel holds for it. So
//! memory that other designs have freed is not reused, which would falsify the figure.

use crate::design::{self, Design, Map, Updates};
use crate::error::Error;
use crate::filling::{Fill, one_by_one};
use crate::layout::{Layout, PAGE};
use crate::random::Random;
use gasp_abi::gasp_region;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The argument that makes a process such a child.
pub const ARGUMENT: &str = "--memory-of";

/// Bytes held by the kernel for some maps.
#[derive(Debug, Clone, Copy)]
pub struct Weight {
    /// Touched by the maps when they were made, empty.
    pub empty: f64,
    /// Address space that they reserved then.
    pub reserved: f64,
    /// Touched when they were full.
    pub full: f64,
    /// Still held when every region had been deleted.
    pub emptied: f64,
    /// Still held when they had been destroyed.
    pub destroyed: f64,
}

/// Have a child process measure so many maps. It loads libgasp and the peers from these files.
pub fn ask(
    (gasp, peers): &(Option<PathBuf>, PathBuf),
    design: &Design,
    (n, copies): (usize, usize),
    fill: Fill,
) -> Result<Weight, Error> {
    let failed = |reason: String| Error::Probe { design: design.label, reason };
    let itself = std::env::current_exe().map_err(Error::io("the program's own path"))?;
    let mut child = Command::new(itself);
    child.args([ARGUMENT, design.key, &n.to_string(), &copies.to_string(), fill.name()]);
    child.arg(peers).args(gasp);
    let output = child.output().map_err(Error::io("starting a child"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let numbers: Vec<f64> = text.split_whitespace().map_while(|word| word.parse().ok()).collect();
    let [empty, reserved, full, emptied, destroyed] = numbers[..] else {
        return Err(failed(String::from_utf8_lossy(&output.stderr).trim().to_owned()));
    };
    Ok(Weight { empty, reserved, full, emptied, destroyed })
}

/// The child process, with its arguments after [`ARGUMENT`]. Returns its output.
pub fn child(arguments: &[OsString]) -> Result<String, Error> {
    let usage = || Error::Usage(format!("{ARGUMENT} is for the benchmark's own use"));
    let text = |at: usize| arguments.get(at).and_then(|word| word.to_str()).ok_or_else(usage);
    let number = |at| text(at)?.parse::<usize>().map_err(|_| usage());
    let fill = text(3)?;
    let fill = Fill::ALL.into_iter().find(|f| f.name() == fill).ok_or_else(usage)?;
    let peers = arguments.get(4).map(PathBuf::from).ok_or_else(usage)?;
    let gasp = arguments.get(5).map(Path::new);
    let designs = design::load(gasp, &peers)?.designs;
    let key = text(0)?;
    let design = designs.iter().find(|design| design.key == key).ok_or_else(usage)?;
    let weight = weigh(design, (number(1)?, number(2)?), fill)?;
    let Weight { empty, reserved, full, emptied, destroyed } = weight;
    Ok(format!("{empty} {reserved} {full} {emptied} {destroyed}"))
}

fn weigh(design: &Design, (n, copies): (usize, usize), fill: Fill) -> Result<Weight, Error> {
    let layout = Layout::new(n);
    let deletions = deletions(&layout, design);
    fill.run(&design.map()?, &Layout::new(64))?;
    let before = Held::now()?;
    let maps = (0..copies).map(|_| design.map()).collect::<Result<Vec<Map>, _>>()?;
    let empty = Held::now()?;
    for map in &maps {
        fill.run(map, &layout)?;
    }
    let full = Held::now()?;
    for map in &maps {
        match design.updates {
            Updates::Cheap => one_by_one(map, &deletions)?,
            Updates::Linear | Updates::Alone => map.set(&deletions)?,
        }
    }
    let emptied = Held::now()?;
    drop(maps);
    let destroyed = Held::now()?;
    Ok(Weight {
        empty: empty.touched - before.touched,
        reserved: empty.reserved - before.reserved,
        full: full.touched - before.touched,
        emptied: emptied.touched - before.touched,
        destroyed: destroyed.touched - before.touched,
    })
}

/// Deletions of every region, in random order. A design with a sorted array would take hours for that,
/// so its regions are deleted from the last to the first.
fn deletions(layout: &Layout, design: &Design) -> Vec<gasp_region> {
    let mut regions = layout.regions.clone();
    match design.updates {
        Updates::Cheap => Random::new(8).shuffle(&mut regions),
        Updates::Linear | Updates::Alone => regions.reverse(),
    }
    regions.iter_mut().for_each(|region| region.flags = 0);
    regions
}

/// Memory that the kernel holds for this process, in bytes.
struct Held {
    touched: f64,
    reserved: f64,
}

impl Held {
    /// Anonymous and shared pages; pages of files (code) are left out.
    fn now() -> Result<Self, Error> {
        let path = "/proc/self/smaps_rollup";
        let text = fs::read_to_string(path).map_err(Error::io(path))?;
        let field = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or("");
            let kib = line.split_whitespace().next().and_then(|kib| kib.parse::<f64>().ok());
            kib.unwrap_or(0.0) * 1024.0
        };
        let touched = field("Pss_Anon:") + field("Pss_Shmem:");
        let path = "/proc/self/statm";
        let statm = fs::read_to_string(path).map_err(Error::io(path))?;
        let pages = statm.split_whitespace().next().and_then(|pages| pages.parse::<f64>().ok());
        Ok(Self { touched, reserved: pages.unwrap_or(0.0) * PAGE as f64 })
    }
}
