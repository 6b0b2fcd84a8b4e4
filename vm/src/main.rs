//! gasp-vm: runs a guest and its C vdevs on KVM, over libgasp's C interface.
//!
//! | module | purpose |
//! |---|---|
//! | `args` | the command line |
//! | `config` | parses configurations; pure |
//! | `core_file` | writes core files of the guest |
//! | `exit`, `log` | exit codes and output |
//! | `files` | finds what a configuration names |
//! | `signals`, `watch`, `control` | handle signals, and what they ask of a running guest |
//! | `host` | runs a guest, from its command line to its end |
//! | `machine`, `mapping` | builds the guest that a configuration describes |
//! | `vdevs` | the guest's vdevs, through libgasp-vdev |
//! | `runner` | runs the guest with `kvm` or, where that is impossible, `trace` |
//! | `platform` | the interface of vdevs to the machine that runs the guest |
//! | `ram` | compares the memory of guest and host |
//! | `report` | what `--map` prints, and the state of a running guest |
//! | `show` | prints the map and the hits as tables |
//! | `slog` | the system's log |

mod args;
mod config;
mod control;
mod core_file;
mod exit;
mod files;
mod host;
mod kvm;
mod lock;
mod log;
mod machine;
mod mapping;
mod platform;
mod ram;
mod report;
mod runner;
mod show;
mod signals;
mod slog;
mod tables;
mod trace;
mod vdevs;
mod watch;

use args::Command;
use exit::{BEFORE, Failure};
use std::env;
use std::process::ExitCode;

fn main() -> ExitCode {
    // First of all: a signal may come while vdevs are loaded.
    let code = match watch::start() {
        Ok(()) => command(),
        Err(error) => {
            log::tell(&format!("signals: {error}"));
            BEFORE
        }
    };
    ExitCode::from(exit::last(code))
}

fn command() -> u8 {
    match args::parse(env::args_os().skip(1)) {
        Ok(Command::Help) => {
            log::say(args::HELP);
            0
        }
        Ok(Command::Version) => {
            log::say(&format!("gasp-vm {}\n", env!("CARGO_PKG_VERSION")));
            0
        }
        Ok(Command::Run(options)) => run(&options),
        Err(message) => {
            log::tell(&format!("{message} (--help explains)"));
            BEFORE
        }
    }
}

fn run(options: &args::Options) -> u8 {
    host::run(options).unwrap_or_else(|Failure { exit_code, message }| {
        log::tell(&message);
        exit_code
    })
}
