//! The model test: random calls to the library and to a model of it, and everything compared.
//!
//! The model (`state`, `cells`, `set`, `query`, `search`, `walk`, `owner`, `space`) is written from
//! sections 1 to 3, 6, 11, 14 and 15 of the specification, location by location, and knows nothing
//! of how the library works. A test makes guests, and at each step gives the same random call to
//! the library and to the model: mostly `gasp_region_set_soft` with a random array, good and bad
//! elements mixed. It compares the return value and errno, a listener's notifications, then all
//! regions and the generation of both spaces, then the answers to random queries, searches and
//! walks. Host addresses are invented: nothing is ever read or written there.
//!
//! A failure prints its seed, its step, the map before and the array given, and the command that
//! repeats it. `GASP_MODEL_SEED=n` runs one seed, `GASP_MODEL_STEPS=n` that many steps for each
//! seed (the heavy form: `GASP_MODEL_STEPS=200000 cargo test --release --test model`).

use gasp as _; // linked, and called through its C interface

mod model {
    pub(crate) mod access;
    pub(crate) mod areas;
    pub(crate) mod cells;
    pub(crate) mod change;
    pub(crate) mod device;
    pub(crate) mod follow;
    pub(crate) mod generate;
    pub(crate) mod hold;
    pub(crate) mod library;
    pub(crate) mod listener;
    pub(crate) mod numbers;
    pub(crate) mod owner;
    pub(crate) mod query;
    pub(crate) mod random;
    pub(crate) mod ranges;
    pub(crate) mod report;
    pub(crate) mod runner;
    pub(crate) mod search;
    pub(crate) mod self_test;
    pub(crate) mod session;
    pub(crate) mod set;
    pub(crate) mod space;
    pub(crate) mod state;
    pub(crate) mod walk;
}

use model::access;
use model::areas;
use model::runner::{Mode, Plan};
use model::self_test;
use model::session;
use model::state::Kind;

#[test]
fn memory_at_zero() {
    memory("memory_at_zero", areas::memory_at_zero()).run();
}

#[test]
fn memory_at_4g() {
    memory("memory_at_4g", areas::memory_at_4g()).run();
}

#[test]
fn memory_at_top() {
    Plan { steps: 6000, ..memory("memory_at_top", areas::memory_at_top()) }.run();
}

/// Each of the 65,536 ports is a cell of its own.
#[test]
fn ports() {
    let plan = memory("ports", areas::memory_at_zero());
    Plan { ports: areas::ports(), port_share: 100, steps: 300, ..plan }.run();
}

/// Thousands of regions: more than one node of a tree can hold, whatever the tree.
#[test]
fn crowded_ports() {
    crowded_ports_plan().run();
}

/// The same at the end of the memory space.
#[test]
fn crowded_top() {
    crowded_top_plan().run();
}

#[test]
fn both_spaces() {
    both_spaces_plan().run();
}

#[test]
fn strict() {
    Plan { name: "strict", mode: Mode::Strict, ..both_spaces_plan() }.run();
}

/// Accesses, with real bytes.
#[test]
fn accesses() {
    access::run(600);
}

#[test]
fn guests_start_unlocked() {
    session::guests_start_unlocked();
}

fn memory(name: &'static str, memory: areas::Ground) -> Plan {
    let ports = areas::few_ports();
    Plan { name, memory, ports, port_share: 2, crowds: 0, mode: Mode::Default, steps: 3000 }
}

fn both_spaces_plan() -> Plan {
    let plan = memory("both_spaces", areas::memory_at_top());
    Plan { port_share: 50, mode: Mode::Both, ..plan }
}

fn crowded_ports_plan() -> Plan {
    let plan = memory("crowded_ports", areas::memory_at_zero());
    Plan { ports: areas::crowded_ports(), port_share: 100, crowds: 12, steps: 150, ..plan }
}

fn crowded_top_plan() -> Plan {
    let plan = memory("crowded_top", areas::crowded_top());
    Plan { crowds: 12, steps: 600, ..plan }
}

/// The tests above show something only if the random calls meet every row of every table.
#[test]
fn arrays_reach_every_row() {
    self_test::arrays_reach_every_row(&both_spaces_plan());
}

#[test]
fn whole_arrays_reach_every_row() {
    self_test::whole_arrays_reach_every_row(&both_spaces_plan());
}

#[test]
fn arrays_reach_every_state() {
    self_test::arrays_reach_every_state(&both_spaces_plan());
}

#[test]
fn crowds_are_crowded() {
    self_test::crowds_are_crowded(&crowded_ports_plan(), Kind::Ports);
    self_test::crowds_are_crowded(&crowded_top_plan(), Kind::Memory);
}

#[test]
fn searches_are_exhaustive() {
    self_test::searches_are_exhaustive();
}
