//! Accesses that trap, and the operands of vdevs.

#![allow(clippy::unwrap_used)] // a failed step is a failed test

use super::machine::{Event, Hit, Machine};
use gasp_abi::{gasp_region, gasp_region_flags as grf, qvm_state_block};
use gasp_safe::{Space, Unsupported, flags};

const AT: u64 = 0xd000_0000;

#[test]
fn operands_say_what_the_guest_touches() {
    // A read returns location, length and type; a write is kept.
    let text = r"
        static uint64_t last[4];
        PAGE_OF_REGISTERS(control)
        static enum vdev_ref_status vread(OPERANDS)
        {
            uint64_t seen = vopnd->location ^ (uint64_t)vopnd->length << 56
                ^ (uint64_t)vopnd->type << 40 ^ (uint64_t)(cookie + 1) << 32;
            if (vopnd->location == vdev->v_block.location + 0x800)
                return guest_cpu_write(gcp, GXF_NONE, oopnd, 1, last, sizeof last) != EOK;
            if (oopnd->type != QST_HOST || oopnd->length != vopnd->length)
                return VRS_ERRNO + EPROTO;
            return guest_cpu_write(gcp, GXF_NONE, oopnd, 1, &seen, sizeof seen) != EOK;
        }
        static enum vdev_ref_status vwrite(OPERANDS)
        {
            (void)vdev;
            memset(last, 0xee, sizeof last);
            (void)cookie;
            last[3] = vopnd->length;
            return guest_cpu_read(gcp, GXF_NONE, oopnd, 1, last, sizeof last[0]) != EOK;
        }
        REGISTER(.control = control, .vread = vread, .vwrite = vwrite)
    ";
    let machine = Machine::with("t_operands", text);
    machine.create("t_operands", "loc 0xd0000000").unwrap();
    machine.start();
    machine.on_cpu(|cpu| {
        assert_eq!(cpu.read(Space::Memory, AT + 3), Ok((AT + 3) ^ 8 << 56 ^ 1 << 32));
        let four = cpu.bytes::<4>(Space::Memory, AT + 0x10).unwrap();
        assert_eq!(u32::from_le_bytes(four), 0xd000_0010);
        cpu.write(Space::Memory, AT, &[1, 0x80]).unwrap();
        // The two bytes, then zeros up to the end of the vdev's variable.
        let seen = cpu.bytes::<32>(Space::Memory, AT + 0x800).unwrap();
        assert_eq!(seen[..9], [1, 0x80, 0, 0, 0, 0, 0, 0, 0xee]);
        assert_eq!(seen[24..26], [2, 0]);
    });
}

#[test]
fn a_vdev_moves_values_through_its_vcpu() {
    // The vdev checks all of it itself: a write answers with the line that failed.
    let text = r"
        #define CHECK(what) do { if (!(what)) return (enum vdev_ref_status)(VRS_ERRNO + __LINE__); } while (0)
        PAGE_OF_REGISTERS(control)
        static struct qvm_state_block block(unsigned type, uint64_t location, uint32_t length, unsigned flags)
        {
            struct qvm_state_block blk = { location, length, (uint16_t)type, (uint16_t)flags };
            return blk;
        }
        static enum vdev_ref_status vwrite(OPERANDS)
        {
            struct qvm_state_block blk, two[2];
            unsigned char host[8], got[8];
            uint64_t value = 0;

            (void)cookie, (void)vopnd;
            /* memory of the guest */
            blk = block(QST_MEMORY, 0x1000, 8, 0);
            CHECK(guest_cpu_write(gcp, GXF_NONE, &blk, 1, &(uint64_t){0x1122334455667788u}, 8) == EOK);
            CHECK(guest_cpu_read(gcp, GXF_PAUSE | GXF_FLUSH, &blk, 1, &value, 8) == EOK);
            CHECK(value == 0x1122334455667788u);
            blk.type = QST_PCI_IO;
            blk.length = 2;
            CHECK(guest_cpu_read(gcp, GXF_NONE, &blk, 1, &value, 8) == EOK && value == 0x7788);
            /* signs and zeros */
            blk.flags = 1 << QSF_SEXT_SHIFT;
            CHECK(guest_cpu_read(gcp, GXF_NONE, &blk, 1, &value, 8) == EOK);
            CHECK(value == 0xffffffffffffff88u);
            blk.flags = 1 << QSF_SEXT_SHIFT | 4 << QSF_ZEXT_SHIFT;
            CHECK(guest_cpu_read(gcp, GXF_NONE, &blk, 1, &value, 8) == EOK && value == 0xffffff88u);
            blk = block(QST_HOST, (uint64_t)(uintptr_t)host, 8, 1 << QSF_SEXT_SHIFT);
            CHECK(guest_cpu_write(gcp, GXF_NONE, &blk, 1, &(uint8_t){0x80}, 1) == EOK);
            CHECK(host[0] == 0x80 && host[1] == 0xff && host[7] == 0xff);
            CHECK(guest_write_all_ones(gcp, GXF_NONE, &(struct qvm_state_block){ blk.location, 8, QST_HOST, 2 << QSF_ZEXT_SHIFT }) == EOK);
            CHECK(host[0] == 0xff && host[1] == 0xff && host[2] == 0 && host[7] == 0);
            /* a value that is shorter than its block: what follows it in the vdev is not its */
            memset(host, 0xaa, sizeof host);
            memset(got, 0xee, sizeof got);
            blk.flags = 0;
            CHECK(guest_cpu_write(gcp, GXF_NONE, &blk, 1, got, 2) == EOK);
            CHECK(host[0] == 0xee && host[1] == 0xee && host[2] == 0 && host[7] == 0);
            /* an immediate, and several blocks */
            two[0] = block(QST_IMMEDIATE, 0x0403020100ffu, 2, 0);
            two[1] = block(QST_MEMORY, 0x1000, 3, 0);
            memset(got, 0xaa, sizeof got);
            CHECK(guest_cpu_read(gcp, GXF_NONE, two, 2, got, 6) == EOK);
            CHECK(memcmp(got, '\xff\x00\x88\x77\x66\x00\xaa\xaa', 8) == 0);
            CHECK(guest_cpu_write(gcp, GXF_NONE, two, 1, got, 2) == EINVAL);
            /* refusals */
            /* no vCPU: on its own thread, this one is used */
            blk = block(QST_MEMORY, 0x1000, 2, 0);
            CHECK(guest_cpu_read(NULL, GXF_NONE, &blk, 1, &value, 8) == EOK && value == 0x7788);
            CHECK(guest_cpu_read(NULL, GXF_GDB, &blk, 1, &value, 8) == ENOTSUP);
            CHECK(guest_cpu_read(gcp, GXF_NONE, NULL, 1, &value, 8) == EINVAL);
            CHECK(guest_cpu_read(gcp, GXF_NONE, oopnd, 0, &value, 8) == EINVAL);
            CHECK(guest_cpu_read(gcp, GXF_NONE, oopnd, 1, NULL, 8) == EINVAL);
            CHECK(guest_cpu_read(gcp, 0x20, oopnd, 1, &value, 8) == EINVAL);
            CHECK(guest_write_all_ones(gcp, 0x20, oopnd) == EINVAL);
            CHECK(guest_write_all_ones(gcp, GXF_NONE, NULL) == EINVAL);
            CHECK(guest_cpu_read(gcp, GXF_ASYNC, oopnd, 1, &value, 8) == ENOTSUP);
            CHECK(guest_cpu_read((struct guest_cpu *)&value, GXF_NONE, oopnd, 1, &value, 8) == EPERM);
            blk = block(QST_CPUREGS, 0, 8, 0);
            CHECK(guest_cpu_read(gcp, GXF_NONE, &blk, 1, &value, 8) == ENOTSUP);
            blk = block(QST_NO_TYPE, 0, 8, 0);
            CHECK(guest_cpu_read(gcp, GXF_NONE, &blk, 1, &value, 8) == EINVAL);
            /* its own registers: the answer is ELOOP, not an endless loop */
            blk = block(QST_MEMORY, vdev->v_block.location, 4, 0);
            CHECK(guest_cpu_read(gcp, GXF_NONE, &blk, 1, &value, 8) == ELOOP);
            /* nothing is there, and the policy says that this fails */
            blk = block(QST_MEMORY, 0xe0000000u, 4, 0);
            CHECK(guest_cpu_read(gcp, GXF_NONE, &blk, 1, &value, 8) == -1);
            blk = block(QST_X86_IO, 0x80, 1, 0);
            CHECK(guest_cpu_write(gcp, GXF_NONE, &blk, 1, &value, 1) == -1);
            CHECK(guest_cpu_to_vrs(-1) == VRS_BUS_ERROR);
            CHECK(guest_cpu_to_vrs(EINVAL) == (enum vdev_ref_status)(VRS_ERRNO + EINVAL));
            return VRS_NORMAL;
        }
        REGISTER(.control = control, .vwrite = vwrite)
    ";
    // A string of C cannot be written in a raw string of Rust without its quotes.
    let text = text.replace('\'', "\"");
    let machine = Machine::with("t_values", &text);
    machine.create("t_values", "loc 0xd0000000").unwrap();
    machine.guest.set_unsupported(Unsupported::Fail).unwrap();
    machine.start();
    assert_eq!(machine.write(AT, 0).map_err(|line| format!("line {line} of the vdev")), Ok(()));
}

/// A vdev whose reads answer with the number in the lowest byte of the offset, or with more.
const ANSWERS: &str = r"
    PAGE_OF_REGISTERS(control)
    static enum vdev_ref_status vread(OPERANDS)
    {
        uint64_t offset = vopnd->location - vdev->v_block.location;
        UNUSED;
        if (offset == 0x800) guest_terminate(vdev->v_gsp, 42);
        if (offset == 0x808) guest_terminate(vdev->v_gsp, 64);
        return offset >= 0x800 ? VRS_TERMINATE : offset >= 0x100
            ? (enum vdev_ref_status)(VRS_ERRNO + offset - 0x100) : (enum vdev_ref_status)(offset / 8);
    }
    REGISTER(.control = control, .vread = vread, .acc_sizes = 1u << 1 | 1u << 8)
";

#[test]
fn answers_become_error_numbers() {
    let machine = Machine::with("t_answers", ANSWERS);
    machine.create("t_answers", "loc 0xd0000000").unwrap();
    machine.start();
    let read = |offset| machine.read(AT + offset).map(|_| ());
    assert_eq!((read(0), read(8)), (Ok(()), Ok(())));
    assert_eq!(read(3 * 8), Err(libc::EFAULT));
    assert_eq!(read(0x100 + 5), Err(5));
    assert_eq!(machine.platform.events(), []);
}

#[test]
fn a_vdev_can_end_the_guest() {
    let machine = Machine::with("t_ends", ANSWERS);
    machine.create("t_ends", "loc 0xd0000000").unwrap();
    machine.start();
    let events = |offset| {
        let before = machine.platform.events().len();
        assert_eq!(machine.read(AT + offset).map(|_| ()), Ok(()));
        machine.platform.events().split_off(before)
    };
    let vdev_error = Event::Terminate(6);
    assert_eq!(events(0x810), [vdev_error]);
    // The first call counts: the platform sees to that.
    assert_eq!(events(0x800), [Event::Terminate(42), vdev_error]);
    assert_eq!(events(0x808), [vdev_error, vdev_error]);
    // VRS_ABORT and VRS_CONTINUE are no answers.
    assert_eq!(events(2 * 8), [vdev_error]);
    assert_eq!(events(4 * 8), [vdev_error]);
}

#[test]
fn what_a_vdev_does_not_handle_goes_where_unsupported_says() {
    let machine = Machine::with("t_sizes", ANSWERS);
    machine.create("t_sizes", "loc 0xd0000000").unwrap();
    machine.start();
    let four = || machine.on_cpu(|cpu| cpu.bytes::<4>(Space::Memory, AT));
    let long = || machine.on_cpu(|cpu| cpu.bytes::<33>(Space::Memory, AT));
    let one = || machine.on_cpu(|cpu| cpu.bytes::<1>(Space::Memory, AT));
    assert_eq!((four(), long(), one()), (Ok([0xff; 4]), Ok([0xff; 33]), Ok([0])));
    // No vwrite at all.
    assert_eq!(machine.write(AT, 1), Ok(()));
    machine.guest.set_unsupported(Unsupported::Fail).unwrap();
    assert_eq!((four(), long(), one()), (Err(libc::EFAULT), Err(libc::EFAULT), Ok([0])));
    assert_eq!(machine.write(AT, 1), Err(libc::EFAULT));
    assert_eq!(machine.platform.events(), []);
}

#[test]
fn regions_without_a_vdev_are_unsupported() {
    let machine = Machine::with("t_nobody", ANSWERS);
    machine.create("t_nobody", "loc 0xd0000000").unwrap();
    machine.start();
    // Mistakes of a vdev: a region for NULL, and one for an address that is no vdev.
    let mut no_vdev = [0_u64; 32];
    for (location, vdev) in
        [(AT + 0x1000, core::ptr::null_mut()), (AT + 0x2000, no_vdev.as_mut_ptr().cast())]
    {
        let guest = qvm_state_block { location, length: 0x1000, r#type: 0, flags: 0 };
        let flags = flags([grf::GRF_VIRT_RD, grf::GRF_VIRT_WR]);
        machine
            .guest
            .set(&[gasp_region { flags, cookie: 9, vdev, host_location: 0, guest }])
            .unwrap();
        assert_eq!(machine.read(location), Ok(u64::MAX));
    }
    assert_eq!(machine.vdevs.hits(), []);
}

#[test]
fn a_vcpu_without_a_number_makes_accesses_too() {
    let machine = Machine::with("t_thread", ANSWERS);
    machine.create("t_thread", "loc 0xd0000000").unwrap();
    machine.start();
    let mut cpu = machine.guest.cpu().unwrap();
    let mut data = [0; 8];
    let read = cpu.access(Space::Memory, gasp_safe::AccessKind::Read, AT, &mut data);
    assert_eq!(read, Ok(()));
}

/// Two regions of one vdev, and a mutex that is needed: every access adds one, not atomically.
const COUNTER: &str = r"
    static volatile uint64_t count;
    static int control(vdev_t *vdev, unsigned ctrl, const char *arg)
    {
        struct gasp_region rgn = { .flags = GRF_VIRT_RD | GRF_VIRT_WR, .vdev = vdev };
        (void)arg;
        if (ctrl != VDEV_CTRL_GUEST_CONFIGURED) return EOK;
        rgn.guest.length = 0x1000;
        for (rgn.cookie = 5; rgn.cookie < 7; rgn.cookie++) {
            rgn.guest.location = 0xd0000000u + 0x1000 * rgn.cookie;
            gasp_region_set(vdev->v_gsp, 1, &rgn);
        }
        return EOK;
    }
    static enum vdev_ref_status either(OPERANDS)
    {
        uint64_t now;
        UNUSED;
        pthread_mutex_lock(&vdev->v_mtx);
        pthread_mutex_lock(&vdev->v_mtx); /* it is a recursive one */
        now = count;
        count = now + 1;
        pthread_mutex_unlock(&vdev->v_mtx);
        pthread_mutex_unlock(&vdev->v_mtx);
        return guest_cpu_write(gcp, 0, oopnd, 1, &now, sizeof now) ? VRS_BUS_ERROR : VRS_NORMAL;
    }
    REGISTER(.control = control, .vread = either, .vwrite = either,
        .factory_flags = VFF_MUTEX | VFF_MUTEX_RECURSIVE | VFF_LOC_NO)
";

#[test]
fn vcpus_count_hits_without_losing_one() {
    const EACH: u64 = 20_000;
    let machine = Machine::with("t_counter", COUNTER);
    machine.create("t_counter", "name both").unwrap();
    machine.start();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                machine.on_cpu(|cpu| {
                    for _ in 0..EACH {
                        cpu.read(Space::Memory, AT + 0x5000).unwrap();
                        cpu.write(Space::Memory, AT + 0x6000, &[0; 8]).unwrap();
                    }
                });
            });
        }
    });
    // All that was counted before this read: the mutex kept them apart.
    assert_eq!(machine.read(AT + 0x6ff8), Ok(4 * EACH));
    let hits = machine.vdevs.hits();
    let hit = |cookie, reads, writes| Hit { vdev: "both".into(), cookie, reads, writes };
    assert_eq!(hits, [hit(5, 2 * EACH, 0), hit(6, 1, 2 * EACH)]);
}
