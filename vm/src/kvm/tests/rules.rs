//! The fake follows KVM's rules: both get the same calls, and must give the same answers.

use super::super::memslots::{Ioctls, Kernel};
use super::changes::Random;
use super::fake::Fake;
use kvm_bindings::KVM_MEM_READONLY;
use kvm_ioctls::Kvm;
use std::collections::BTreeMap;
use std::sync::Arc;

/// KVM's own, with a VM that has no vCPUs, unless there is none.
fn kernel(name: &str) -> Option<Kernel> {
    let vm = Kvm::new().and_then(|kvm| Ok((kvm.create_vm()?, kvm.get_nr_memslots())));
    match vm {
        Ok((vm, limit)) => Some(Kernel::new(Arc::new(vm), limit)),
        Err(error) => {
            let test = std::thread::current();
            let name = test.name().unwrap_or(name);
            println!("\nskip {name}: /dev/kvm does not work: {error}");
            None
        }
    }
}

#[test]
fn the_fake_answers_as_kvm_does() {
    let Some(kernel) = kernel("rules") else { return };
    let fake = Fake::new(kernel.limit());
    let mut random = Random(0x7777_5678_9abc_def1);
    let mut answers = BTreeMap::new();
    for step in 0..5000 {
        let (slot, flags) = (random.next(5), random.one(&[0, 0, 0, KVM_MEM_READONLY]));
        let (gpa, size) = (random.next(10) << 12, random.one(&[0, 1, 1, 2, 2, 3]) << 12);
        let host =
            random.one(&[0x10_0000_u32, 0x10_0000, 0x20_0000]) + random.one(&[0, 0, 0, 0x10]);
        let odd = random.one(&[0, 0, 0, 0, 0, 0, 0, 0x800]);
        let (gpa, size) = (u64::from(gpa + odd), u64::from(size + random.one(&[0, 0, 0, odd])));
        let call = (slot, flags, gpa, size, u64::from(host));
        let set = |to: &dyn Ioctls| to.set(call.0, call.1, call.2, call.3, call.4);
        let answer = set(&fake);
        assert_eq!(set(&kernel), answer, "step {step}: {call:x?}, slots {:x?}", fake.slots());
        *answers.entry(answer).or_insert(0) += 1;
    }
    let seen: Vec<_> = answers.keys().copied().collect();
    assert_eq!(seen, [Ok(()), Err(libc::EEXIST), Err(libc::EINVAL)], "{answers:?}");
}
