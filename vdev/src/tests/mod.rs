//! Vdevs in C, compiled here and called through a real guest of libgasp's.

mod accesses;
mod calls;
mod controllers;
mod ends;
mod console_options;
mod consoles;
mod examples;
mod host;
mod life;
mod loading;
mod machine;
mod machinery;
mod messages;
mod output;
mod recorder;
mod pulses;
mod running;
mod watchdog;
