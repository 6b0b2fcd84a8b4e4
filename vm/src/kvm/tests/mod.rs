//! Tests of the module as a whole.

mod bench;
mod changes;
mod code;
mod counts;
mod cpuid;
mod device;
mod fake;
mod gate;
mod guests;
mod hold;
mod interrupts;
mod live;
mod numbers;
mod registers;
mod rules;

use super::{KvmError, Machine};
use crate::config::Start;
use counts::TRAP;
use gasp_abi::{gasp_region, qvm_state_block};
use gasp_safe::{Guest, Memory};

/// A machine, unless there is no KVM: then the test is skipped.
fn machine<'g>(name: &str, guest: &'g Guest, start: &Start, cpus: u32) -> Option<Machine<'g>> {
    match Machine::new(guest, start, cpus) {
        Ok(machine) => Some(machine),
        Err(
            error @ (KvmError::Missing(_)
            | KvmError::Denied { .. }
            | KvmError::Unusable(_)
            | KvmError::Version(_)
            | KvmError::Capability(_)),
        ) => {
            // On a line of its own, also after a line that libtest has begun. The thread has the
            // name of the test, by which the runner of all checks counts it as skipped.
            let test = std::thread::current();
            println!("\nskip {}: {error}", test.name().unwrap_or(name));
            None
        }
        Err(error) => panic!("{name}: {error}"),
    }
}

/// A guest with RAM from 0 on, and this code at 0x1000.
fn guest(ram: u64, code: &[u8]) -> Guest {
    let guest = Guest::new().expect("no guest");
    guest.add_memory(0, ram, Memory::Ram).expect("no memory");
    guest.write(0x1000, code).expect("no code");
    guest
}

/// Where [`guest`] has its code.
const START: Start = Start::Real { segment: 0, offset: 0x1000 };

fn word(guest: &Guest, location: u64) -> u32 {
    let mut bytes = [0; 4];
    guest.read(location, &mut bytes).expect("no memory");
    u32::from_le_bytes(bytes)
}

/// Has accesses to a port trap.
fn trap_port(guest: &Guest, port: u64) {
    let ports = qvm_state_block { location: port, length: 1, r#type: 0x8000, flags: 0 };
    let null = core::ptr::null_mut();
    let region = gasp_region { flags: TRAP, cookie: 0, vdev: null, host_location: 0, guest: ports };
    guest.set(&[region]).expect("no port");
}

fn cpu_failed(result: Result<u8, KvmError>) -> String {
    match result {
        Err(error @ KvmError::Cpu { .. }) => error.to_string(),
        other => panic!("{other:?}"),
    }
}
