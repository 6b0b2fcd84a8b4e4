//! Runs a guest, from its command line to its end.

#![forbid(unsafe_code)]

use crate::args::Options;
use crate::config::{self, Config, OptionList, VdevConfig};
use crate::exit::{self, Failure};
use crate::log::{say, tell};
use crate::machine::{self, Built};
use crate::platform::Platform;
use crate::runner::Runner;
use crate::show::{self, Rows};
use crate::signals::{Signal, Watch};
use crate::vdevs::Vdevs;
use gasp_safe::Guest;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

/// The time that a guest has to end before a second signal ends the process.
const PATIENCE: Duration = Duration::from_secs(1);

/// A guest and its parts, in the order in which they have to be dropped.
#[derive(Debug)]
struct Host {
    vdevs: Vdevs,
    guest: Guest,
    built: Built,
}

/// Runs a guest and returns its exit code.
pub(crate) fn run(options: &Options) -> Result<u8, Failure> {
    let guest = Guest::new().map_err(Failure::before)?;
    let vdevs = Vdevs::new(&guest, &options.vdev_path, options.map).map_err(Failure::before)?;
    let mut host = Host { vdevs, guest, built: Built::default() };
    let config = host.read(&options.config)?;
    host.build(&config, &options.config)?;
    let Host { vdevs, guest, built } = &mut host;
    vdevs.configured().map_err(Failure::before)?;
    let mut runner = Runner::new(guest, &config, options)?;
    vdevs.starting(runner.platform()).map_err(Failure::before)?;
    guest.start().map_err(Failure::before)?;
    let before = options.map.then(|| rows(guest, built, vdevs));
    let name = config.name.as_deref().unwrap_or("the guest");
    if let Some(before) = &before {
        say(&format!("The map before {name} runs:\n\n{}\n", show::map(before)));
    }
    let result = attended(&mut runner, vdevs);
    // Before vdevs are told that the guest has ended: they may change the map.
    let now = options.map.then(|| rows(guest, built, vdevs));
    drop(runner);
    vdevs.terminate();
    if let (Some(before), Some(now), Ok(code)) = (&before, &now, &result) {
        say(&format!("\n{name} has ended with exit code {code}. "));
        say(&outcome(guest, vdevs, before, now));
    }
    result
}

/// The map after the run, the hits and the counts.
fn outcome(guest: &Guest, vdevs: &Vdevs, before: &Rows, now: &Rows) -> String {
    let hits = show::hits(before, now, &vdevs.hits(), |vdev| vdev_name(vdevs, vdev));
    let changes = show::changes(before, now);
    let counts = show::counts(&guest.counts());
    format!(
        "The map now (- gone, + new):\n\n{changes}\n\
         How often the guest's accesses called a device:\n\n{hits}\n\
         Where accesses went, without those that did not leave a vCPU:\n\n{counts}"
    )
}

impl Host {
    fn read(&mut self, file: &Path) -> Result<Config, Failure> {
        let bytes = fs::read(file)
            .map_err(|error| Failure::before(format!("{}: {error}", file.display())))?;
        let mut load = |name: &str| -> Result<OptionList, String> { self.vdevs.load(name) };
        let config = gasp_text::decode(bytes).and_then(|text| config::parse(&text, &mut load));
        config.map_err(|error| Failure::in_file(exit::CONFIGURATION, file, &error))
    }

    fn build(&mut self, config: &Config, file: &Path) -> Result<(), Failure> {
        let Self { vdevs, guest, built } = self;
        let policy = machine::policy(config.unsupported);
        guest.set_unsupported(policy).map_err(Failure::before)?;
        let mut create = |config: &VdevConfig| vdevs.create(config);
        let directory = file.parent().unwrap_or(Path::new(""));
        machine::build(guest, config, directory, &mut create, built)
            .map_err(|error| Failure::in_file(exit::CONFIGURATION, file, &error))?;
        vdevs.assign().map_err(|why| Failure {
            exit_code: exit::CONFIGURATION,
            message: format!("{}: {why}", file.display()),
        })?;
        for note in &built.notes {
            tell(&format!("{}:{note}", file.display()));
        }
        Ok(())
    }
}

/// Runs the guest, beside a thread that handles signals.
fn attended(runner: &mut Runner<'_>, vdevs: &Vdevs) -> Result<u8, Failure> {
    let (watch, platform) = (Watch::default(), runner.platform());
    thread::scope(|scope| {
        let mut first = None;
        let told = move |signal| obey(signal, vdevs, &platform, &mut first);
        watch.start(scope, told).map_err(|error| Failure::before(format!("signals: {error}")))?;
        let result = runner.run(vdevs);
        watch.end();
        result
    })
}

/// Handles a signal. A second one that asks for the end ends the process at once, because the guest
/// may hang in a vdev; right after the first it is ignored, because `timeout` sends two.
fn obey(signal: Signal, vdevs: &Vdevs, platform: &Arc<dyn Platform>, first: &mut Option<Instant>) {
    if signal == Signal::Status {
        vdevs.status();
        return;
    }
    if let Some(first) = first {
        if first.elapsed() >= PATIENCE {
            tell("ended at once");
            exit::now(exit::POWER_CUT);
        }
        return;
    }
    *first = Some(Instant::now());
    if signal == Signal::Button {
        vdevs.button();
        platform.terminate(0);
    } else {
        platform.terminate(exit::POWER_CUT);
    }
}

fn rows(guest: &Guest, built: &Built, vdevs: &Vdevs) -> Rows {
    Rows::of(guest, &built.reserved, |vdev| vdev_name(vdevs, vdev))
}

fn vdev_name(vdevs: &Vdevs, address: usize) -> String {
    vdevs.name_of(address).unwrap_or("?").to_owned()
}
