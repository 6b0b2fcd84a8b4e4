//! Interrupt controllers: their inputs as texts.

#![allow(clippy::unwrap_used)] // a failed step is a failed test

use super::machine::Machine;

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
