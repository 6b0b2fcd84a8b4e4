//! Runs a test: seeds, steps, one guest after the other, and the report of a failure.
//!
//! `GASP_MODEL_SEED=n` runs that one seed instead of the fixed ones and a fresh one;
//! `GASP_MODEL_STEPS=n` is the number of steps for each seed.

use super::areas::Ground;
use super::generate::Generator;
use super::random::Random;
use super::session::Session;
use std::any::Any;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{SystemTime, UNIX_EPOCH};

/// Which mode the guests of a test are in.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Mode {
    Default,
    Strict,
    Both,
}

/// A test.
pub(crate) struct Plan {
    pub(crate) name: &'static str,
    pub(crate) memory: Ground,
    pub(crate) ports: Ground,
    /// How many per cent of the changes are about ports.
    pub(crate) port_share: u64,
    /// How many per cent of the arrays make crowds of regions.
    pub(crate) crowds: u64,
    pub(crate) mode: Mode,
    /// Steps for each seed.
    pub(crate) steps: u64,
}

/// How long a guest lives.
const STEPS_OF_A_GUEST: u64 = 150;

impl Plan {
    pub(crate) fn run(&self) {
        let steps = setting("GASP_MODEL_STEPS").unwrap_or(self.steps);
        match setting("GASP_MODEL_SEED") {
            Some(seed) => self.run_seed(seed, steps),
            None => {
                [1, 2, self.fresh_seed()].into_iter().for_each(|seed| self.run_seed(seed, steps))
            }
        }
    }

    fn run_seed(&self, seed: u64, steps: u64) {
        let mut generator = self.generator(seed);
        let mut done = 0;
        while done < steps {
            let strict = self.strict(&mut generator.random);
            let mut session = Session::new(&generator, strict);
            for step in done..steps.min(done + STEPS_OF_A_GUEST) {
                let result = catch_unwind(AssertUnwindSafe(|| session.step(&mut generator)));
                let difference = result.unwrap_or_else(|panic| Err(words(panic.as_ref())));
                if let Err(difference) = difference {
                    panic!("{}{difference}", self.heading(seed, step, &session));
                }
            }
            done += STEPS_OF_A_GUEST;
        }
    }

    pub(crate) fn generator(&self, seed: u64) -> Generator {
        Generator {
            random: Random::new(seed),
            memory: self.memory.clone(),
            ports: self.ports.clone(),
            port_share: self.port_share,
            crowds: self.crowds,
        }
    }

    fn strict(&self, random: &mut Random) -> bool {
        match self.mode {
            Mode::Default => false,
            Mode::Strict => true,
            Mode::Both => random.percent(50),
        }
    }

    fn heading(&self, seed: u64, step: u64, session: &Session) -> String {
        let (name, story, steps) = (self.name, session.story.tell(), step + 1);
        format!(
            "\nmodel test {name}, seed {seed}, step {step}; to see it again:\n  \
             GASP_MODEL_SEED={seed} GASP_MODEL_STEPS={steps} cargo test --test model {name}\n{story}"
        )
    }

    /// A new seed. It is written to a file too, in case the process dies.
    fn fresh_seed(&self) -> u64 {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock after 1970");
        let seed = now.as_secs() << 20 | u64::from(now.subsec_micros());
        let file = format!("{}/model-seed-{}", env!("CARGO_TARGET_TMPDIR"), self.name);
        fs::write(&file, format!("{seed}\n")).expect("CARGO_TARGET_TMPDIR can be written");
        seed
    }
}

/// The message of a panic, which is a failed assertion about a single call.
fn words(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or(panic.downcast_ref().copied()).unwrap_or("panic").to_owned()
}

pub(crate) fn setting(name: &str) -> Option<u64> {
    let value = std::env::var(name).ok()?;
    Some(value.parse().unwrap_or_else(|_| panic!("{name}={value}: not a number")))
}
