//! gasp-vm: runs a guest and its C vdevs on KVM, over libgasp's C interface.
//!
//! | module | what it does |
//! |---|---|
//! | `args` | the command line |
//! | `config` | the language of configurations; pure |
//! | `exit`, `log` | exit codes, and what is printed |
//! | `host` | from a command line to a guest that has ended |
//! | `machine`, `mapping` | makes the guest that a configuration describes |
//! | `vdev` | loads vdevs written in C, and calls them |
//! | `runner` | what runs the guest: `kvm`, or `trace` where it cannot |
//! | `platform` | what vdevs can do to whatever runs the guest |
//! | `show` | the map and the hits, as tables |
//! | `signals` | what signals do |
//! | `gasp` | libgasp, as safe Rust |

mod args;
mod config;
mod exit;
mod gasp;
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
mod vdev;

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
