//! Interrupt controllers: their inputs as texts.

#![allow(clippy::unwrap_used)] // a failed step is a failed test
#![allow(unsafe_code)]

use super::machine::{Directory, Machine};
use core::ffi::c_uint;
use core::ptr;
use gasp_abi::guest_intr;
use gasp_abi::guest_intr_state::GIS_ON;

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
