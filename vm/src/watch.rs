//! The thread that waits for signals, from the first instruction of the process to the last.
//!
//! It calls no vdev and waits for no lock that another thread holds for long, not even that of
//! standard error, so it always answers.

#![forbid(unsafe_code)]

use crate::control::{CONTROL, Request, Stage};
use crate::exit;
use crate::log::tell;
use crate::signals::{self, Signal, end_process};
use std::io;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// The time that a guest has to end before a second signal ends the process.
const PATIENCE: Duration = Duration::from_secs(1);
/// The time that a guest has to end after the power was cut. With [`LAST_WORDS`], the process ends
/// within a second.
const GRACE: Duration = Duration::from_millis(400);
/// The time for messages, the report among them, of a process that ends at once.
const LAST_WORDS: Duration = Duration::from_millis(300);

/// Starts the thread. Call it before any other thread is created.
pub(crate) fn start() -> io::Result<()> {
    signals::block()?;
    let watch = || {
        let mut watch = Watch { pressed: None, until: None };
        loop {
            match signals::next(watch.until) {
                Some(signal) => watch.obey(signal),
                None => end_at_once(exit::POWER_CUT, "ended at once"),
            }
        }
    };
    thread::Builder::new().name("signals".to_owned()).spawn(watch).map(drop)
}

struct Watch {
    /// The time of the first signal that asked for the end.
    pressed: Option<Instant>,
    /// The time at which the process ends, whatever its threads do.
    until: Option<Instant>,
}

impl Watch {
    fn obey(&mut self, signal: Signal) {
        match signal {
            Signal::Button => self.button(),
            Signal::Cut => self.cut(),
            Signal::Status => _ = CONTROL.ask(Request::Status),
            Signal::Information => match CONTROL.ask(Request::Information) {
                Stage::Starting => beside(|| tell("the guest has not started yet")),
                Stage::Running => {}
                Stage::Ended => beside(|| tell("the guest has ended")),
            },
        }
    }

    /// A second request for the end ends the process at once, because the guest may hang in a vdev;
    /// right after the first it is ignored, because `timeout` sends two.
    fn button(&mut self) {
        match self.pressed {
            Some(first) if first.elapsed() < PATIENCE => {}
            Some(_) => end_at_once(exit::POWER_CUT, "ended at once"),
            None => {
                self.pressed = Some(Instant::now());
                if CONTROL.ask(Request::Button) == Stage::Starting {
                    end_at_once(0, "ended before the guest ran");
                }
            }
        }
    }

    fn cut(&mut self) {
        exit::cut_power();
        if CONTROL.ask(Request::Cut) == Stage::Starting {
            end_at_once(exit::POWER_CUT, "ended before the guest ran");
        }
        self.until.get_or_insert_with(|| Instant::now() + GRACE);
    }
}

/// Runs on a thread of its own, which may hang.
fn beside(run: impl FnOnce() + Send + 'static) {
    // Without a thread nothing is said; there is no other way to say it.
    let _ = thread::Builder::new().spawn(run);
}

/// Ends the process, whatever its threads do.
fn end_at_once(code: u8, message: &'static str) -> ! {
    let (said, waiting) = mpsc::channel();
    beside(move || {
        tell(message);
        CONTROL.report(code, LAST_WORDS);
        // The receiver may have given up.
        let _ = said.send(());
    });
    // The end comes either way.
    let _ = waiting.recv_timeout(LAST_WORDS);
    end_process(code)
}
