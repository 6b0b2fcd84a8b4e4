//! Vdevs in C, compiled here and called through a real guest of libgasp's.

mod accesses;
mod examples;
mod layout;
mod life;
mod loading;
mod machine;
mod running;
