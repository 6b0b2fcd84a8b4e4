//! Vdevs in C, compiled here and called through a real guest of libgasp's.

mod accesses;
mod acting;
mod calls;
mod console_options;
mod consoles;
mod controllers;
mod crashing;
mod ends;
mod examples;
mod failing;
mod host;
mod leaving;
mod life;
mod loading;
mod looking;
mod machine;
mod machinery;
mod messages;
mod output;
mod pulses;
mod recorder;
mod reports;
mod running;
mod watchdog;
mod watching;
