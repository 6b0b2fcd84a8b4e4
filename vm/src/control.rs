//! Requests to the thread that serves a running guest.
//!
//! Some requests call vdevs, which may never return. So the thread that waits for signals, and
//! threads that end the process, leave them to this thread, and wait for it only so long.

#![forbid(unsafe_code)]

use crate::lock::unpoisoned;
use std::sync::{Condvar, Mutex, MutexGuard};
use std::thread::{self, ThreadId};
use std::time::Duration;

/// What the thread is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Request {
    /// Tell the state of the guest.
    Information,
    /// Write a core file of the guest, if the configuration has `dump`, and have vdevs tell their
    /// state.
    Status,
    /// Press the power button.
    Button,
    /// Cut the power.
    Cut,
    /// Print the report of a run that ends with this exit code.
    Report(u8),
}

/// The part of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// The guest does not run yet.
    Starting,
    Running,
    /// The guest has ended, or the thread could not be made.
    Ended,
}

/// The requests of a process, which runs one guest.
#[derive(Debug)]
pub(crate) struct Control {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    stage: Stage,
    /// In their order, each once, as with signals that nobody has taken.
    waiting: Vec<Request>,
    serving: Option<ThreadId>,
    reported: bool,
}

/// The requests of this process.
pub(crate) static CONTROL: Control = Control::new();

impl Control {
    const fn new() -> Self {
        let waiting = Vec::new();
        let state = State { stage: Stage::Starting, waiting, serving: None, reported: false };
        Self { state: Mutex::new(state), changed: Condvar::new() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        unpoisoned(self.state.lock())
    }

    /// The guest runs from now on.
    pub(crate) fn open(&self) {
        self.state().stage = Stage::Running;
    }

    /// Adds a request, unless the guest has ended. Those of before the start wait for it. Returns
    /// the stage.
    pub(crate) fn ask(&self, request: Request) -> Stage {
        let mut state = self.state();
        if state.stage != Stage::Ended && !state.waiting.contains(&request) {
            state.waiting.push(request);
            self.changed.notify_all();
        }
        state.stage
    }

    /// Serves requests on this thread until [`Control::close`].
    pub(crate) fn serve(&self, mut obey: impl FnMut(Request)) {
        let mut state = self.state();
        state.serving = Some(thread::current().id());
        while state.stage != Stage::Ended {
            if state.waiting.is_empty() {
                state = unpoisoned(self.changed.wait(state));
                continue;
            }
            let request = state.waiting.remove(0);
            drop(state);
            obey(request);
            state = self.state();
            state.reported |= matches!(request, Request::Report(_));
            self.changed.notify_all();
        }
    }

    /// Has the report printed, and waits for it up to a limit. Without a guest that runs, and on
    /// the serving thread itself, nothing is printed.
    pub(crate) fn report(&self, exit_code: u8, limit: Duration) {
        let mut state = self.state();
        let own = state.serving == Some(thread::current().id());
        if state.stage != Stage::Running || own {
            return;
        }
        state.waiting.push(Request::Report(exit_code));
        self.changed.notify_all();
        let done = |state: &mut State| !state.reported && state.stage == Stage::Running;
        drop(unpoisoned(self.changed.wait_timeout_while(state, limit, done)));
    }

    /// The guest has ended: requests are ignored from now on.
    pub(crate) fn close(&self) {
        let mut state = self.state();
        state.stage = Stage::Ended;
        self.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    #[test]
    fn requests_of_before_the_start_are_served_once() {
        let (control, mut served) = (Control::new(), Vec::new());
        for request in [Request::Status, Request::Information, Request::Status] {
            assert_eq!(control.ask(request), Stage::Starting);
        }
        control.open();
        control.serve(|request| {
            served.push(request);
            if request == Request::Information {
                control.close();
            }
        });
        assert_eq!(served, [Request::Status, Request::Information]);
        assert_eq!(control.ask(Request::Status), Stage::Ended);
        assert!(control.state().waiting.is_empty());
    }

    #[test]
    fn a_report_is_waited_for() {
        let (control, (printed, at)) = (Control::new(), mpsc::channel());
        control.open();
        thread::scope(|scope| {
            scope.spawn(|| control.serve(|request| printed.send(request).expect("nobody waits")));
            control.report(5, Duration::MAX);
            assert_eq!(at.try_recv(), Ok(Request::Report(5)));
            control.close();
        });
    }

    #[test]
    fn a_report_does_not_wait_for_a_thread_that_hangs() {
        let control = Control::new();
        control.report(5, Duration::MAX);
        control.open();
        control.report(5, Duration::from_millis(1));
        control.serve(|_| {
            control.report(5, Duration::MAX);
            control.close();
        });
        control.report(5, Duration::MAX);
    }
}
