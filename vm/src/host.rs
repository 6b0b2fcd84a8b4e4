//! Runs a guest, from its command line to its end.

#![forbid(unsafe_code)]

use crate::args::Options;
use crate::config::{self, Config, Outcome, VdevConfig};
use crate::control::{CONTROL, Request};
use crate::core_file::CoreFiles;
use crate::exit::{self, Failure};
use crate::files::Files;
use crate::log::{say, tell};
use crate::machine::{self, Built};
use crate::platform::Platform;
use crate::ram;
use crate::report::Report;
use crate::runner::Runner;
use crate::show;
use crate::vdevs::{self, Vdevs, WriteCoreFile};
use gasp_abi::GASP_GUEST_HOLD_MISSES;
use gasp_safe::{FatalHandler, Guest};
use gasp_text::readings::DRYRUN_CODE;
use gasp_text::{ParseError, Sources};
use std::sync::Arc;
use std::thread;

/// Before libgasp ends the process.
static FATAL: FatalHandler = |code| _ = exit::report(code);

/// A guest and its parts, in the order in which they have to be dropped.
#[derive(Debug)]
struct Host {
    vdevs: Vdevs,
    guest: Arc<Guest>,
    built: Built,
}

/// Runs a guest and returns its exit code.
pub(crate) fn run(options: &Options) -> Result<u8, Failure> {
    let guest = Guest::with(GASP_GUEST_HOLD_MISSES).map_err(Failure::before)?;
    let vdevs = Vdevs::new(&guest, &options.vdev_path, options.map).map_err(Failure::before)?;
    let mut host = Host { vdevs, guest: Arc::new(guest), built: Built::default() };
    let (config, sources) = host.read(options)?;
    host.build(&config, &sources)?;
    let Host { vdevs, guest, built } = &mut host;
    vdevs.configured().map_err(Failure::before)?;
    let mut runner = Runner::new(guest, &config, &built.start(&config), options)?;
    if config.dryrun || options.check {
        say("Exiting: dryrun completed\n");
        return Ok(DRYRUN_CODE);
    }
    let (memory, reserved) = (Arc::clone(guest), built.reserved.clone());
    let core_files =
        CoreFiles::new(&config, memory, runner.platform(), reserved, vdevs::name_of).map(Arc::new);
    let core_file =
        core_files.clone().map(|files| Box::new(move || files.write()) as WriteCoreFile);
    vdevs.starting(runner.platform(), core_file).map_err(Failure::before)?;
    guest.start().map_err(Failure::before)?;
    // From here on signals are the guest's, also while the map is printed.
    CONTROL.open();
    let name = config.name.as_deref().unwrap_or("the guest");
    let report = Report::new(name, guest, vdevs, &built.reserved, options.map);
    let result = attended(&mut runner, core_files.as_deref(), &report);
    drop(runner);
    vdevs.terminate();
    result
}

impl Host {
    fn read(&mut self, options: &Options) -> Result<(Config, Sources), Failure> {
        let mut files = Files { vdevs: &mut self.vdevs, search: &options.vdev_path };
        let Outcome { config, sources, errors } = config::read(&options.words, &mut files);
        tell_each(&sources, &config.notes);
        if options.check {
            say(&show::words(&config.used, &sources));
        }
        refuse_with(&sources, &errors)?;
        Ok((config, sources))
    }

    fn build(&mut self, config: &Config, sources: &Sources) -> Result<(), Failure> {
        let Self { vdevs, guest, built } = self;
        let policy = machine::policy(config.unsupported);
        guest.set_unsupported(policy).map_err(Failure::before)?;
        guest.set_fatal_handler(&FATAL);
        let mut loggers = config.loggers.iter();
        loggers
            .try_for_each(|logger| vdevs.logger(&logger.filters, &logger.destination))
            .map_err(Failure::before)?;
        let mut create = |config: &VdevConfig| vdevs.create(config);
        let errors = machine::build(guest, config, &mut create, built);
        tell_each(sources, &built.notes);
        refuse_with(sources, &errors)?;
        ram::check(guest);
        // The vdevs that are placed now have no position of their own.
        vdevs.assign().map_err(|message| Failure { exit_code: exit::CONFIGURATION, message })
    }
}

/// Writes each note with its place.
fn tell_each(sources: &Sources, notes: &[ParseError]) {
    for note in notes {
        tell(&format!("{}: {}", sources.name(note.position), note.message));
    }
}

/// Writes each error with its place and its line.
fn refuse_with(sources: &Sources, errors: &[ParseError]) -> Result<(), Failure> {
    for error in errors {
        tell(&sources.show(error));
    }
    let many = if errors.len() == 1 { "" } else { "s" };
    let message = format!("the configuration has {} error{many}", errors.len());
    if errors.is_empty() {
        Ok(())
    } else {
        Err(Failure { exit_code: exit::CONFIGURATION, message })
    }
}

/// Runs the guest, beside a thread that serves requests.
fn attended(
    runner: &mut Runner<'_>,
    core_files: Option<&CoreFiles>,
    report: &Report<'_>,
) -> Result<u8, Failure> {
    let (platform, vdevs) = (runner.platform(), report.vdevs);
    thread::scope(|scope| {
        let serve = move || CONTROL.serve(|request| obey(request, &*platform, core_files, report));
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

fn obey(
    request: Request,
    platform: &dyn Platform,
    core_files: Option<&CoreFiles>,
    report: &Report<'_>,
) {
    match request {
        Request::Information => tell(&report.information()),
        Request::Status => {
            // A failure has been told. It comes first, because a vdev may hang.
            _ = core_files.map(CoreFiles::write);
            report.vdevs.status();
        }
        Request::Button => {
            report.vdevs.button();
            platform.terminate(0);
        }
        Request::Cut => platform.terminate(exit::POWER_CUT),
        Request::Report(code) => report.print(code),
    }
}
