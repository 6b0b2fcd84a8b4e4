//! SIGBUS and SIGSEGV of instructions that may fault. All others go on to the handler that was
//! there before.

use super::failure::SystemError;
use core::ffi::{c_int, c_void};
use core::mem::{self, MaybeUninit};
use core::ptr;
use core::sync::atomic::{
    AtomicI32, AtomicUsize,
    Ordering::{Acquire, Relaxed, Release},
};
use std::sync::OnceLock;

/// Where a thread goes on that has faulted at an instruction. `None`: that must not fault.
pub(crate) type Recover = fn(instruction: usize) -> Option<usize>;

type Handler = unsafe extern "C" fn(c_int);
type InfoHandler = unsafe extern "C" fn(c_int, *mut libc::siginfo_t, *mut c_void);

static RECOVER: OnceLock<Recover> = OnceLock::new();

/// What was there before.
struct Previous {
    signal: c_int,
    handler: AtomicUsize,
    flags: AtomicI32,
}

static PREVIOUS: [Previous; 2] = [Previous::new(libc::SIGBUS), Previous::new(libc::SIGSEGV)];

/// Catches faults. Only the first call in the process does anything; all have its result.
pub(crate) fn catch(recover: Recover) -> Result<(), SystemError> {
    static CAUGHT: OnceLock<Result<(), SystemError>> = OnceLock::new();
    *CAUGHT.get_or_init(|| {
        RECOVER.get_or_init(|| recover);
        stay_loaded();
        PREVIOUS.iter().try_for_each(Previous::replace)
    })
}

/// Keeps `dlclose` from unloading the library: handlers that come later may call the one here.
fn stay_loaded() {
    let mut info = MaybeUninit::<libc::Dl_info>::uninit();
    let here = on_signal as *const () as *const c_void;
    // SAFETY: the structure can be written, and any address may be asked for.
    if unsafe { libc::dladdr(here, info.as_mut_ptr()) } == 0 {
        return;
    }
    // SAFETY: `dladdr` has filled it.
    let info = unsafe { info.assume_init() };
    let flags = libc::RTLD_NOW | libc::RTLD_NOLOAD | libc::RTLD_NODELETE;
    // SAFETY: `dladdr` gave a C string. The call loads nothing. It fails in a program that is
    // linked with the static library, which nobody unloads.
    unsafe { libc::dlopen(info.dli_fname, flags) };
}

impl Previous {
    const fn new(signal: c_int) -> Self {
        let handler = AtomicUsize::new(libc::SIG_DFL);
        Self { signal, handler, flags: AtomicI32::new(0) }
    }

    /// Puts [`on_signal`] in the place of the handler.
    fn replace(&self) -> Result<(), SystemError> {
        let mut action = change_action(self.signal, None)?;
        // Before the change, because a signal can come at once.
        self.remember(&action);
        // With its mask and flags the earlier handler runs as it would without this one, but for
        // the stack: it must do for code whose threads have small ones, such as that of Go.
        action.sa_flags &= libc::SA_NODEFER | libc::SA_RESTART;
        action.sa_flags |= libc::SA_SIGINFO | libc::SA_ONSTACK;
        action.sa_sigaction = on_signal as *const () as usize;
        self.remember(&change_action(self.signal, Some(&action))?);
        Ok(())
    }

    fn remember(&self, action: &libc::sigaction) {
        self.flags.store(action.sa_flags, Relaxed);
        self.handler.store(action.sa_sigaction, Release);
    }

    /// Does what would have been done without [`on_signal`].
    ///
    /// # Safety
    /// The arguments are those of a signal handler for this signal.
    unsafe fn act(&self, info: *mut libc::siginfo_t, context: *mut c_void, is_fault: bool) {
        let handler = self.handler.load(Acquire);
        let flags = self.flags.load(Relaxed);
        match handler {
            libc::SIG_IGN if !is_fault => {}
            // The kernel does not let faults be ignored.
            libc::SIG_DFL | libc::SIG_IGN => self.act_by_default(is_fault),
            _ => {
                if flags & libc::SA_RESETHAND != 0 {
                    self.handler.store(libc::SIG_DFL, Relaxed);
                }
                if flags & libc::SA_SIGINFO != 0 {
                    // SAFETY: `sigaction` gave it as a handler with these arguments.
                    let handler = unsafe { mem::transmute::<usize, InfoHandler>(handler) };
                    // SAFETY: the arguments are the kernel's.
                    unsafe { handler(self.signal, info, context) };
                } else {
                    // SAFETY: `sigaction` gave it as a handler with this argument.
                    let handler = unsafe { mem::transmute::<usize, Handler>(handler) };
                    // SAFETY: the argument is the kernel's.
                    unsafe { handler(self.signal) };
                }
            }
        }
    }

    /// Takes the handler away and lets the signal come again: the end of the process, with the
    /// registers as they are at the fault.
    fn act_by_default(&self, is_fault: bool) {
        // SAFETY: all zeros is a valid action, that of SIG_DFL, without flags and mask.
        let action = unsafe { MaybeUninit::<libc::sigaction>::zeroed().assume_init() };
        // It cannot fail: `replace` has succeeded with this signal.
        let _ = change_action(self.signal, Some(&action));
        if !is_fault {
            // SAFETY: the call has no requirement.
            unsafe { libc::raise(self.signal) };
        }
    }
}

/// Sets the action of a signal, and returns the earlier one. `None` leaves it.
fn change_action(
    signal: c_int,
    action: Option<&libc::sigaction>,
) -> Result<libc::sigaction, SystemError> {
    let new = action.map_or(ptr::null(), ptr::from_ref);
    let mut old = MaybeUninit::uninit();
    // SAFETY: `new` is NULL or valid, with an action that can be taken; `old` can be written.
    match unsafe { libc::sigaction(signal, new, old.as_mut_ptr()) } {
        // SAFETY: the call has filled it.
        0 => Ok(unsafe { old.assume_init() }),
        _ => Err(SystemError::last("sigaction")),
    }
}

/// The signal handler. Until a fault is caught, it only reads constants and atomics, and calls
/// nothing of the C library.
unsafe extern "C" fn on_signal(signal: c_int, info: *mut libc::siginfo_t, context: *mut c_void) {
    // SAFETY: the kernel gives a valid one.
    let code = unsafe { (*info).si_code };
    // Signals that a process or thread sends have codes up to 0. BUS_MCEERR_AO is news of memory
    // that this thread need not have touched.
    let is_fault = code > 0 && !(signal == libc::SIGBUS && code == libc::BUS_MCEERR_AO);
    // SAFETY: the kernel gives a valid one, and reads it when this function has returned.
    let thread = unsafe { &mut *context.cast::<libc::ucontext_t>() };
    if is_fault && resume(thread).is_some() {
        return;
    }
    if let Some(previous) = PREVIOUS.iter().find(|previous| previous.signal == signal) {
        // SAFETY: the arguments are the kernel's, for this signal.
        unsafe { previous.act(info, context, is_fault) };
    }
}

/// Lets the thread go on elsewhere, if the fault is caught.
fn resume(thread: &mut libc::ucontext_t) -> Option<()> {
    let instruction = &mut thread.uc_mcontext.gregs[libc::REG_RIP as usize];
    let recover = RECOVER.get()?;
    let next = recover(usize::try_from(*instruction).ok()?)?;
    *instruction = next.try_into().ok()?;
    Some(())
}
