//! gasp-vm: runs a guest and its C vdevs on KVM, over libgasp's C interface.
//!
//! | module | purpose |
//! |---|---|
//! | `args` | the command line |
//! | `config` | parses configurations; pure |
//! | `exit`, `log` | exit codes and output |
//! | `host` | runs a guest, from its command line to its end |
//! | `machine`, `mapping` | builds the guest that a configuration describes |
//! | `vdevs` | the guest's vdevs, through libgasp-vdev |
//! | `runner` | runs the guest with `kvm` or, where that is impossible, `trace` |
//! | `platform` | the interface of vdevs to the machine that runs the guest |
//! | `show` | prints the map and the hits as tables |
//! | `signals` | handles signals |

mod args;
mod config;
mod exit;
mod host;
mod kvm;
mod lock;
mod log;
mod machine;
mod mapping;
mod platform;
mod runner;
mod show;
mod signals;
mod trace;
mod vdevs;

use args::Command;
use exit::{BEFORE, Failure};
use std::env;
use std::process::ExitCode;

fn main() -> ExitCode {
    let code = match args::parse(env::args_os().skip(1)) {
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
    };
    ExitCode::from(code)
}

fn run(options: &args::Options) -> u8 {
    let result = signals::block().map_err(Failure::before).and_then(|()| host::run(options));
    result.unwrap_or_else(|Failure { exit_code, message }| {
        log::tell(&message);
        exit_code
    })
}
