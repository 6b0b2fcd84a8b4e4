//! Interrupt controllers: their inputs as texts.

#![allow(clippy::unwrap_used)] // a failed step is a failed test
#![allow(unsafe_code)]

use super::machine::{Directory, Event, Machine};
use core::ffi::{c_uint, c_void};
use core::ptr;
use gasp_abi::guest_intr;
use gasp_abi::guest_intr_notifications::{GIN_ACK, GIN_UNMASK};
use gasp_abi::guest_intr_state::GIS_ON;
use std::sync::Mutex;

const AT: u64 = 0xd000_0000;

#[test]
fn a_controller_can_read_and_write_its_own_inputs() {
    // Its inputs are letters.
    let text = r#"
        PAGE_OF_REGISTERS(control)
        static int signals(const struct guest_intr *gip, enum guest_intr_state gis)
        { return 100 * (int)gis + (int)gip->param; }
        static const char *parses(struct guest_intr *gip, const char *name)
        {
            if (*name < 'a' || *name > 'h') return NULL;
            gip->param = (unsigned)(*name - 'a') + 1;
            return name + 1;
        }
        static size_t writes(const struct guest_intr *gip, char *buf, size_t buf_len)
        { return (size_t)snprintf(buf, buf_len, "%c", 'a' + (int)gip->param - 1); }
        static const struct vdev_pic_functions pic =
            { .pnum_mask = 0x0f, .signal = signals, .parse = parses, .string = writes };
        static enum vdev_ref_status vwrite(OPERANDS)
        {
            char text[16];
            UNUSED;
            if (guest_intr_string(&vdev->v_intr, text, sizeof text) != 9 || strcmp(text, "letters:c") != 0)
                return VRS_BUS_ERROR;
            return guest_cpu_to_vrs(guest_intr_signal(&vdev->v_intr, GIS_ON));
        }
        REGISTER(.control = control, .vwrite = vwrite, .pic = &pic)
    "#;
    let text = format!("#include <stdio.h>\n{text}");
    let machine = Machine::with("t_letters", &text);
    machine.create("t_letters", "name letters loc 0xd0001000").unwrap();
    for wrong in ["letters:z", "letters:cc", "letters:"] {
        let error = machine.create("t_letters", &format!("name x intr {wrong}")).unwrap_err();
        assert!(error.message.contains("expected an in"), "{error}");
    }
    machine.create("t_letters", "loc 0xd0000000 intr letters:c").unwrap();
    machine.start();
    assert_eq!(machine.write(AT, 1), Err(103));
}

/// A controller whose functions for texts answer as the name of a vdev says.
const TEXTS: &str = r#"
    static int control(vdev_t *vdev, unsigned ctrl, const char *arg)
    {
        struct guest_intr intr;
        char text[1024];
        if (ctrl == VDEV_CTRL_OPTIONS_START) {
            vdev->v_block.type = QST_MEMORY;
            vdev->v_block.length = 0x1000;
        }
        if (ctrl != VDEV_CTRL_FIRST_OPTIDX) return EOK;
        qvm_parse_intr(vdev->v_gsp, arg, &intr);
        return guest_intr_string(&intr, text, sizeof text) == 605 && strlen(text) == 605
            && strncmp(text, "pic:xx", 6) == 0 ? EOK : EDOM;
    }
    static int signals(const struct guest_intr *gip, enum guest_intr_state gis)
    {
        struct qvm_state_block ram = { 0x1000, 8, QST_MEMORY, 0 };
        uint64_t value = gip->param + (unsigned)gis;
        return guest_cpu_write(NULL, GXF_NONE, &ram, 1, &value, sizeof value);
    }
    static const char *parses(struct guest_intr *gip, const char *name)
    {
        gip->param = 5;
        gip->pic = NULL;
        if (*name == '<') return name - 1;
        if (*name == '>') return name + strlen(name) + 1;
        return *name == '0' ? NULL : name + strlen(name);
    }
    static size_t writes(const struct guest_intr *gip, char *buf, size_t buf_len)
    {
        size_t length = 601;
        (void)gip;
        if (buf_len > length) memset(buf, 'x', length);
        return length;
    }
    static const struct vdev_pic_functions pic =
        { .pnum_mask = 0x0f, .signal = signals, .parse = parses, .string = writes };
    static const char *const options[] = { "long", NULL };
    REGISTER(.control = control, .option_list = options, .pic = &pic)
"#;

#[test]
fn what_a_controller_makes_of_a_text_is_checked() {
    let machine = Machine::with("t_texts", TEXTS);
    machine.create("t_texts", "name pic loc 0xd0001000").unwrap();
    for wrong in ["pic:0", "pic:<", "pic:>"] {
        let error = machine.create("t_texts", &format!("name x intr {wrong}")).unwrap_err();
        assert!(error.message.contains("an input of pic"), "{error}");
    }
    // The controller stays the one that was named, and a long text is whole.
    machine.create("t_texts", "name a loc 0xd0002000 intr pic:a long pic:b").unwrap();
}

#[test]
fn a_controller_acts_for_itself() {
    let machine = Machine::with("t_acts", TEXTS);
    machine.create("t_acts", "name pic").unwrap();
    // With a second guest, memory without a vCPU is that of the vdev for which the thread acts.
    let other = Machine::new(Directory::new());
    machine.start();
    other.start();
    let intr = guest_intr { pic: machine.vdevs.next(ptr::null()), param: 0x40, src_id: 1 };
    // SAFETY: an interrupt.
    assert_eq!(unsafe { gasp_abi::guest_intr_signal(&raw const intr, GIS_ON as c_uint) }, 0);
    assert_eq!((machine.read(0x1000), other.read(0x1000)), (Ok(0x41), Ok(0)));
}

/// A controller that is chained to another one. A write at 0 asserts the line of its interrupt; a
/// write at 8 tells of the events that are written, for its input 3, and a write at 16 for no
/// controller. A read is what `notify` was asked for.
const CHAIN: &str = r#"
    struct state { unsigned events, param; };
    PAGE_OF_REGISTERS(control)
    static int signals(const struct guest_intr *gip, enum guest_intr_state gis)
    { return guest_intr_signal(&gip->pic->v_intr, gis); }
    static void notifies(const struct guest_intr *gip, enum guest_intr_notifications gin)
    {
        struct state *state = gip->pic->v_device;
        state->events = gin;
        state->param = gip->param;
    }
    static ssize_t specs(const struct guest_intr *gip, enum guest_table_spec_component component,
        void *buf, size_t buf_len)
    {
        if (component != GTSC_FDT_INTR) return -EINVAL;
        if (buf_len < 8) return -ENOSPC;
        memcpy(buf, (uint32_t[2]){ 1, gip->param }, 8);
        return 8;
    }
    static const struct vdev_pic_functions pic =
        { .pnum_mask = 0x0f, .signal = signals, .notify = notifies, .table_spec = specs };
    static enum vdev_ref_status vwrite(OPERANDS)
    {
        uint64_t value = 0;
        UNUSED;
        guest_cpu_read(gcp, 0, oopnd, 1, &value, sizeof value);
        if (vopnd->location % 0x1000 == 0)
            return guest_intr_signal(&vdev->v_intr, GIS_ON) ? VRS_BUS_ERROR : VRS_NORMAL;
        guest_intr_notify(vopnd->location & 8 ? vdev : NULL, 0x73, (enum guest_intr_notifications)value);
        return VRS_NORMAL;
    }
    static enum vdev_ref_status vread(OPERANDS)
    {
        struct state *state = vdev->v_device;
        uint64_t value = state->events | (uint64_t)state->param << 32;
        UNUSED;
        return guest_cpu_write(gcp, 0, oopnd, 1, &value, sizeof value) ? VRS_BUS_ERROR : VRS_NORMAL;
    }
    REGISTER(.control = control, .vread = vread, .vwrite = vwrite, .pic = &pic,
        .extra_space = sizeof(struct state))
"#;

/// Two controllers: `outer` at [`AT`], whose interrupt is an input of `inner`, whose interrupt is
/// one of `apic`.
fn chain(name: &str) -> Machine {
    let machine = Machine::with(name, CHAIN);
    machine.create(name, "name inner loc 0xd0001000 intr apic:0x30").unwrap();
    machine.create(name, "name outer loc 0xd0000000 intr inner:2").unwrap();
    machine.start();
    machine
}

#[test]
fn controllers_are_chained() {
    let machine = chain("t_chain");
    machine.write(AT, 1).unwrap();
    assert_eq!(machine.platform.events(), [Event::Interrupt(0x30, true)]);
}

/// Keeps what it is told of.
unsafe extern "C" fn told(arg: *mut c_void, gip: *const guest_intr, gin: u32) {
    // SAFETY: the list of `watch`.
    let list = unsafe { &*arg.cast::<Mutex<Vec<(u32, u32, u32)>>>() };
    // SAFETY: an interrupt.
    let intr = unsafe { *gip };
    list.lock().unwrap().push((intr.param, intr.src_id, gin));
}

#[test]
fn a_host_is_told_of_what_it_watches() {
    let machine = chain("t_watch");
    let list = Mutex::<Vec<(u32, u32, u32)>>::default();
    let pic = machine.vdevs.next(machine.vdevs.next(ptr::null()));
    let watch = |pic, gin, function| {
        let intr = guest_intr { pic, param: 0x43, src_id: 2 };
        let arg = ptr::from_ref(&list).cast_mut().cast();
        // SAFETY: a set, an interrupt, and a list that outlives the calls.
        unsafe {
            gasp_abi::gasp_vdevs_watch_intr(machine.vdevs.0, &raw const intr, gin, function, arg)
        }
    };
    let both = GIN_UNMASK as u32 | GIN_ACK as u32;
    machine.write(AT + 8, 3).unwrap();
    assert_eq!(watch(pic, GIN_ACK as u32, Some(told)), 0);
    assert_eq!(machine.read(AT), Ok(0x43 << 32 | 2));
    // The bits beside the number of the input do not count; what was not asked for is not told.
    machine.write(AT + 8, 1).unwrap();
    machine.write(AT + 8, 3).unwrap();
    assert_eq!(list.lock().unwrap().drain(..).collect::<Vec<_>>(), [(0x43, 2, 2)]);
    assert_eq!(watch(pic, both, Some(told)), 0);
    machine.write(AT + 8, 3).unwrap();
    assert_eq!(list.lock().unwrap().drain(..).collect::<Vec<_>>(), [(0x43, 2, 3)]);
    // By a vdev that is no controller: a line in the log.
    machine.write(AT + 16, 3).unwrap();
    assert_eq!(watch(pic, 0, None), 0);
    assert_eq!(machine.read(AT), Ok(0x43 << 32));
    machine.write(AT + 8, 3).unwrap();
    assert_eq!(list.lock().unwrap().len(), 0);
    for (pic, gin, function) in
        [(ptr::null_mut(), 1, Some(told as _)), (pic, 4, Some(told as _)), (pic, 1, None)]
    {
        assert_eq!(watch(pic, gin, function), libc::EINVAL);
    }
    // SAFETY: it is a vdev.
    let apic = unsafe { (*machine.vdevs.next(ptr::null())).v_intr.pic };
    assert_eq!(watch(apic, 1, Some(told)), libc::ENOTSUP);
    let other = chain("t_watch");
    assert_eq!(watch(other.vdevs.next(ptr::null()), 1, Some(told)), libc::EINVAL);
}

#[test]
fn a_controller_describes_its_interrupts_for_tables() {
    let machine = chain("t_spec");
    let pic = machine.vdevs.next(ptr::null());
    let spec = |pic, component, room| {
        let intr = guest_intr { pic, param: 3, src_id: 1 };
        let mut cells = [0_u32; 2];
        let buf = cells.as_mut_ptr().cast();
        // SAFETY: a set, an interrupt, and no more room than there is.
        let written = unsafe {
            gasp_abi::gasp_vdevs_table_spec(machine.vdevs.0, &raw const intr, component, buf, room)
        };
        (written, cells)
    };
    assert_eq!(spec(pic, 0, 8), (8, [1, 3]));
    assert_eq!(spec(pic, 0, 4).0, -libc::ENOSPC as isize);
    assert_eq!(spec(pic, 1, 8).0, -libc::EINVAL as isize);
    assert_eq!(spec(ptr::null_mut(), 0, 8).0, -libc::EINVAL as isize);
    // SAFETY: it is a vdev.
    let apic = unsafe { (*pic).v_intr.pic };
    assert_eq!(spec(apic, 0, 8).0, -libc::ENOTSUP as isize);
}

#[test]
fn controllers_have_consecutive_vectors_of_the_host() {
    let machine = Machine::with("t_vectors", TEXTS);
    machine.create("t_vectors", "name first loc 0xd0000000").unwrap();
    for wrong in ["0x100000000", "x"] {
        let wrong = format!("hostvector {wrong}");
        let error = machine.create("t_vectors", &wrong).unwrap_err();
        assert!(error.message.contains("cannot have this hostvector"), "{error}");
    }
    machine.create("t_vectors", "name second loc 0xd0001000").unwrap();
    machine.create("t_vectors", "hostvector 0x40 name third loc 0xd0002000").unwrap();
    machine.create("t_vectors", "name fourth loc 0xd0003000").unwrap();
    // SAFETY: any pointer.
    let vector = |vdev| unsafe { gasp_abi::gasp_vdev_hostvector(vdev) };
    let mut vectors = Vec::new();
    let mut vdev = machine.vdevs.next(ptr::null());
    while !vdev.is_null() {
        vectors.push(vector(vdev));
        vdev = machine.vdevs.next(vdev);
    }
    assert_eq!(vectors, [0, 0x10, 0x40, 0x50]);
    assert_eq!(vector(ptr::null()), gasp_abi::GASP_NO_HOSTVECTOR);
    let plain =
        Machine::with("t_no_vectors", "PAGE_OF_REGISTERS(control)\nREGISTER(.control = control)");
    let error = plain.create("t_no_vectors", "hostvector 1").unwrap_err();
    assert!(
        error.message.ends_with("is no interrupt controller, and takes no hostvector"),
        "{error}"
    );
    plain.create("t_no_vectors", "").unwrap();
    assert_eq!(vector(plain.vdevs.next(ptr::null())), gasp_abi::GASP_NO_HOSTVECTOR);
    let error = plain.create("t_no_vectors", "intr apic").unwrap_err();
    assert!(error.message.contains("an interrupt such as apic:0x30"), "{error}");
}

#[test]
fn a_controller_can_have_the_apic_as_a_whole() {
    let text = r#"
        static int control(vdev_t *vdev, unsigned ctrl, const char *arg)
        {
            struct guest_intr vector = { vdev->v_intr.pic, 0x44, 0 };
            char text[16];
            (void)arg;
            if (ctrl != VDEV_CTRL_GUEST_STARTING) return EOK;
            if (guest_intr_string(&vdev->v_intr, text, sizeof text) != 4 || strcmp(text, "apic") != 0
                || guest_intr_signal(&vdev->v_intr, GIS_ON) != EINVAL)
                return EDOM;
            return guest_intr_signal(&vector, GIS_ON);
        }
        static int signals(const struct guest_intr *gip, enum guest_intr_state gis)
        { return (void)gip, (void)gis, EOK; }
        static const struct vdev_pic_functions pic = { .signal = signals };
        REGISTER(.control = control, .pic = &pic, .factory_flags = VFF_LOC_NO | VFF_INTR_REQ)
    "#;
    let machine = Machine::with("t_whole", text);
    machine.create("t_whole", "intr apic").unwrap();
    machine.start();
    assert_eq!(machine.platform.events(), [Event::Interrupt(0x44, true)]);
}
