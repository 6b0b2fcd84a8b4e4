//! Benchmarks of libgasp beside its peers, through C calls into shared objects.
//!
//! - [`library`], [`functions`]: shared objects, and the C functions found in them
//! - [`design`]: libgasp and the peers, behind four C functions each
//! - [`vcpu`], [`device`]: accesses, and the handler in which they end
//! - [`layout`], [`random`], [`filling`]: the maps and the lookups, the same in every run
//! - [`check`]: correctness, before anything is timed
//! - [`measure`], [`clock`], [`cpu`]: the timed loops (and why this is not criterion)
//! - [`questions`]: one module for each question; [`probe`] is the child process that weighs a map,
//!   [`handover`] the cost of passing a cache line between two CPUs
//! - [`stats`], [`grid`], [`report`], [`plot`], [`machine`], [`output`]: the report
//! - [`verdict`]: the targets against the figures of the run
//! - [`versus`]: two builds of libgasp beside each other

mod bench;
mod check;
mod cli;
mod clock;
mod cpu;
mod design;
mod device;
mod error;
mod filling;
mod functions;
mod grid;
mod handover;
mod layout;
mod library;
mod machine;
mod measure;
mod output;
mod plot;
mod probe;
mod questions;
mod random;
mod report;
mod stats;
mod vcpu;
mod verdict;
mod versus;

use bench::{Bench, Plan};
use cli::Options;
use clock::Clock;
use design::{Design, GASP, Updates};
use error::Error;
use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    let result = match arguments.split_first() {
        Some((first, rest)) if first == probe::ARGUMENT => {
            probe::child(rest).map(|line| print(&line))
        }
        _ => run(arguments),
    };
    let Err(error) = result else { return ExitCode::SUCCESS };
    tell(&error.to_string());
    ExitCode::from(if matches!(error, Error::Usage(_)) { 2 } else { 1 })
}

fn run(arguments: Vec<OsString>) -> Result<(), Error> {
    let Some(options) = Options::parse(arguments)? else {
        print(cli::HELP);
        return Ok(());
    };
    if let Some(builds) = &options.versus {
        return compare(builds, options.peers.as_deref());
    }
    let bench = prepare(&options)?;
    check_everything(&bench.designs)?;
    let mut answers = questions::Answers::default();
    let watch = output::Watch::begin();
    for name in &options.questions {
        tell(&format!("measuring: {name}"));
        answers.ask(&bench, name)?;
    }
    let report = output::Report::new(&bench, &answers, &watch, options.quick);
    print(&report.markdown());
    options.out.as_deref().map_or(Ok(()), |out| report.write(out))
}

/// Check two builds of libgasp, and print how they compare.
fn compare(builds: &[PathBuf; 2], peers: Option<&Path>) -> Result<(), Error> {
    let peers = locate(peers, "libgasp_bench_peers.so")?;
    let paths = [locate(Some(&builds[0]), "libgasp.so")?, locate(Some(&builds[1]), "libgasp.so")?];
    let designs = [design::load_gasp(&paths[0], "old")?, design::load_gasp(&paths[1], "new")?];
    cpu::pin(*cpu::allowed()?.last().expect("this thread runs somewhere"))?;
    check_everything(&designs)?;
    print(&versus::run(&designs, &paths, &peers)?);
    Ok(())
}

/// Load everything, pin this thread, and calibrate the clock.
fn prepare(options: &Options) -> Result<Bench, Error> {
    let peers = locate(options.peers.as_deref(), "libgasp_bench_peers.so")?;
    let gasp = match options.peers_only {
        true => None,
        false => Some(locate(options.library.as_deref(), "libgasp.so")?),
    };
    let design::Loaded { designs, direct } = design::load(gasp.as_deref(), &peers)?;
    let allowed = cpu::allowed()?;
    let here = *allowed.last().ok_or_else(|| Error::Usage("no CPU to run on".into()))?;
    let other = allowed.iter().rev().nth(1).copied();
    cpu::pin(here)?;
    Ok(Bench {
        designs,
        direct,
        plan: if options.quick { Plan::QUICK } else { Plan::FULL },
        clock: Clock::calibrate(),
        cpus: (here, other),
        libraries: (gasp, peers),
        machine: if options.quick { "a quick run: meaningless".into() } else { machine::short() },
    })
}

/// A shared object: as given, in the directory given, or beside this program.
fn locate(given: Option<&Path>, name: &str) -> Result<PathBuf, Error> {
    let path = match given {
        Some(path) if path.is_dir() => path.join(name),
        Some(path) => path.to_owned(),
        None => {
            let itself = std::env::current_exe().map_err(Error::io("the program's own path"))?;
            itself.with_file_name(name)
        }
    };
    std::path::absolute(&path).map_err(Error::io(path.display().to_string()))
}

/// The checks that every run begins with.
fn check_everything(designs: &[Design]) -> Result<(), Error> {
    const FOUR_GIB: u64 = 4 << 30;
    for design in designs {
        tell(&format!("checking: {}", design.label));
        for n in [1, 2, 3, 16, 1000] {
            let layout = layout::Layout::new(n);
            check::layout(&design.filled(&layout.regions)?, &layout)?;
            check::layout(&design.filled(&layout.shuffled())?, &layout)?;
        }
        let count = if design.updates == Updates::Alone { 500 } else { 3000 };
        check::changes(design, 0, count)?;
        check::changes(design, FOUR_GIB - 256 * layout::PAGE, count)?;
        check::beside_writer(design, 256, Duration::from_millis(100))?;
        check::hinted(design, &layout::Layout::new(256))?;
        for n in [1, 16, 1000] {
            check::dispatch(design, &layout::Layout::new(n).trapped())?;
        }
    }
    if !designs.iter().any(|design| design.key == GASP) {
        tell("libgasp is left out");
    }
    Ok(())
}

/// Print to standard output. A closed pipe is not an error.
fn print(text: &str) {
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// Print progress and errors to standard error.
fn tell(text: &str) {
    let _ = writeln!(std::io::stderr(), "gasp-bench: {text}");
}
