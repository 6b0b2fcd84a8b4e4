//! Runs a guest, from its command line to its end.

#![forbid(unsafe_code)]

use crate::args::Options;
use crate::config::{self, Config, OptionList, VdevConfig};
use crate::control::{CONTROL, Request};
use crate::exit::{self, Failure};
use crate::log::tell;
use crate::machine::{self, Built};
use crate::platform::Platform;
use crate::ram;
use crate::report::Report;
use crate::runner::Runner;
use crate::vdevs::Vdevs;
use gasp_safe::{FatalHandler, Guest};
use std::fs;
use std::path::Path;
use std::thread;

/// Before libgasp ends the process.
static FATAL: FatalHandler = |code| _ = exit::report(code);

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
    // From here on signals are the guest's, also while the map is printed.
    CONTROL.open();
    let name = config.name.as_deref().unwrap_or("the guest");
    let result =
        attended(&mut runner, &Report::new(name, guest, vdevs, &built.reserved, options.map));
    drop(runner);
    vdevs.terminate();
    result
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
        guest.set_fatal_handler(&FATAL);
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
        ram::check(guest);
        Ok(())
    }
}

/// Runs the guest, beside a thread that serves requests.
fn attended(runner: &mut Runner<'_>, report: &Report<'_>) -> Result<u8, Failure> {
    let (platform, vdevs) = (runner.platform(), report.vdevs);
    thread::scope(|scope| {
        let serve = move || CONTROL.serve(|request| obey(request, &*platform, report));
        let served = thread::Builder::new().name("requests".to_owned()).spawn_scoped(scope, serve);
        let result = match served {
            Ok(_) => runner.run(vdevs),
            Err(error) => Err(Failure::before(format!("no thread for requests: {error}"))),
        };
        let code = result.as_ref().map_or_else(|failure| failure.exit_code, |code| *code);
        report.print(exit::last(code));
        CONTROL.close();
        result
    })
}

fn obey(request: Request, platform: &dyn Platform, report: &Report<'_>) {
    match request {
        Request::Information => tell(&report.information()),
        Request::Status => report.vdevs.status(),
        Request::Button => {
            report.vdevs.button();
            platform.terminate(0);
        }
        Request::Cut => platform.terminate(exit::POWER_CUT),
        Request::Report(code) => report.print(code),
    }
}
