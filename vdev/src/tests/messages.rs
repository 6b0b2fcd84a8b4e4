//! Message-signalled interrupts.

#![allow(clippy::unwrap_used)] // a failed step is a failed test

use super::machine::{Event, Machine};
use std::env;
use std::process::Command;

const AT: u64 = 0xd000_0000;

/// A vdev that claims messages: with `claim`, those for 0xfee00000 to 0xfeefffff; with `all`, all. A
/// write at an offset sends a message to 0x1fee00000 (0), 0xfee00000 (8) or 0xfef00000 (16), with
/// the written value. Delivery counts in memory at 0x2000 + cookie. `wrong` is for misuse.
const MESSAGES: &str = r#"
    static void deliver(vdev_t *pic, const vdev_t *src, uint64_t paddr, unsigned data, unsigned cookie)
    {
        struct qvm_state_block to = { 0x2000 + cookie, 8, QST_MEMORY, 0 };
        uint64_t value = data | (uint64_t)(pic != src) << 32 | paddr << 40;
        guest_cpu_write(NULL, GXF_NONE, &to, 1, &value, sizeof value);
    }
    static int misuse(vdev_t *vdev, char how)
    {
        if (how == 'v') guest_msi_register(NULL, 0, 0, deliver, 0);
        if (how == 'd') guest_msi_register(vdev, 0, 0, NULL, 0);
        if (how == 'm') guest_msi_register(vdev, 0x1001, ~UINT64_C(1), deliver, 0);
        if (how == 's') return guest_msi_signal(NULL, 0, 0) == EINVAL ? guest_msi_signal(vdev, 0, 0) : EDOM;
        return EOK;
    }
    static int control(vdev_t *vdev, unsigned ctrl, const char *arg)
    {
        switch (ctrl) {
        case VDEV_CTRL_OPTIONS_START:
            vdev->v_block.type = QST_MEMORY;
            vdev->v_block.length = 0x1000;
            break;
        case VDEV_CTRL_FIRST_OPTIDX:
            guest_msi_register(vdev, 0xfee00000, ~UINT64_C(0xfffff), deliver, 8);
            break;
        case VDEV_CTRL_FIRST_OPTIDX + 1:
            guest_msi_register(vdev, 0, 0, deliver, 16);
            break;
        case VDEV_CTRL_FIRST_OPTIDX + 2:
            return misuse(vdev, *arg);
        case VDEV_CTRL_STATUS:
            guest_msi_register(vdev, 0, 0, deliver, 0);
        }
        return EOK;
    }
    static enum vdev_ref_status vwrite(OPERANDS)
    {
        static const uint64_t to[] = { 0x1fee00000, 0xfee00000, 0xfef00000 };
        uint64_t value = 0;
        int error = guest_cpu_read(gcp, 0, oopnd, 1, &value, sizeof value);
        UNUSED;
        if (error == EOK)
            error = guest_msi_signal(vdev, to[vopnd->location % 0x1000 / 8], (unsigned)value);
        return error == EOK ? VRS_NORMAL : guest_cpu_to_vrs(error);
    }
    static const char *const options[] = { "0claim", "0all", "wrong", NULL };
    REGISTER(.control = control, .vwrite = vwrite, .option_list = options)
"#;

#[test]
fn a_message_goes_to_who_claims_it_or_to_the_host() {
    let machine = Machine::with("t_msi", MESSAGES);
    machine.create("t_msi", "loc 0xd0000000").unwrap();
    machine.create("t_msi", "loc 0xd0001000 claim").unwrap();
    assert_eq!(machine.write(AT + 8, 7), Err(libc::EAGAIN));
    machine.start();
    machine.write(AT + 8, 7).unwrap();
    assert_eq!(machine.read(0x2008), Ok(0xfee0_0000 << 40 | 1 << 32 | 7));
    machine.write(AT + 0x1008, 8).unwrap();
    assert_eq!(machine.read(0x2008), Ok(0xfee0_0000 << 40 | 8));
    assert_eq!(machine.platform.events(), []);
    machine.write(AT + 16, 9).unwrap();
    assert_eq!(machine.write(AT, 10), Err(libc::ERANGE));
    let events = [Event::Message(0xfef0_0000, 9), Event::Message(0x1_fee0_0000, 10)];
    assert_eq!(machine.platform.events(), events);
}

#[test]
fn the_first_of_two_claims_counts() {
    let machine = Machine::with("t_claims", MESSAGES);
    machine.create("t_claims", "loc 0xd0000000 claim").unwrap();
    machine.create("t_claims", "loc 0xd0001000 all").unwrap();
    machine.start();
    machine.write(AT + 8, 1).unwrap();
    machine.write(AT + 16, 2).unwrap();
    assert_eq!((machine.read(0x2008).unwrap() & 0xf, machine.read(0x2010).unwrap() & 0xf), (1, 2));
    assert_eq!(machine.platform.events(), []);
}

#[test]
fn a_vdev_that_is_refused_claims_nothing() {
    let machine = Machine::with("t_gone", MESSAGES);
    machine.create("t_gone", "claim loc 0").unwrap_err();
    machine.create("t_gone", "loc 0xd0000000").unwrap();
    machine.start();
    machine.write(AT + 8, 3).unwrap();
    assert_eq!(machine.platform.events(), [Event::Message(0xfee0_0000, 3)]);
}

/// The variable that marks a process as started by a test.
const OPTIONS: &str = "GASP_VDEV_TEST_MESSAGES";

/// Also runs in the processes that it starts.
#[test]
fn misuse_of_messages_ends_the_process() {
    if let Ok(options) = env::var(OPTIONS) {
        let machine = Machine::with("t_misuse", MESSAGES);
        machine.create("t_misuse", &options).unwrap();
        machine.start();
        machine.vdevs.status();
        return;
    }
    for (options, code, words) in [
        ("wrong v", 64, "guest_msi_register: it is no vdev"),
        ("wrong d", 64, "there is no function to deliver messages"),
        ("wrong m", 64, "no address is 0x1001 under the mask 0xfffffffffffffffe"),
        ("wrong s", 101, "Resource temporarily unavailable"),
        ("claim all", 96, "the guest has started, and messages are claimed before"),
    ] {
        let mut command = Command::new(env::current_exe().unwrap());
        command.args(["--exact", "tests::messages::misuse_of_messages_ends_the_process"]);
        let out = command.arg("--nocapture").env(OPTIONS, options).output().unwrap();
        let errors = String::from_utf8(out.stderr).unwrap();
        assert_eq!(out.status.code(), Some(code), "{options}: {errors}");
        assert!(errors.contains(words), "{options}: {errors}");
    }
}
