//! A vdev that fails in the functions that are called for others, as its option `fail` says.

/// It is a controller, and calls itself.
pub(super) const FAILS: &str = r#"
    static const char *const options[] = { "fail", NULL };
    static char where[16];
    static void fail(const char *here)
    {
        if (strcmp(where, here) == 0) qvm_fatal(QVM_OUTF_QVM, "at the %s", here);
    }
    static void deliver(vdev_t *pic, const vdev_t *src, uint64_t paddr, unsigned data, unsigned cookie)
    {
        (void)pic, (void)src, (void)paddr, (void)data, (void)cookie;
        fail("message");
    }
    static void power(void *data)
    {
        (void)data;
        fail("power");
    }
    static enum vdev_ref_status instruction(vdev_t *vdp, struct guest_cpu *gcp,
        enum guest_instr_type git, unsigned qualifier)
    {
        (void)vdp, (void)gcp, (void)git, (void)qualifier;
        fail("instruction");
        return VRS_CONTINUE;
    }
    static int begin(vdev_t *vdev)
    {
        struct guest_power_state_notify *wish = guest_power_state_notify_create(vdev->v_gsp);
        vdev->v_block.type = QST_MEMORY;
        vdev->v_block.length = 0x1000;
        memset(where, 0, sizeof where);
        guest_msi_register(vdev, 0xfee00000, ~0xfffffull, deliver, 0);
        guest_power_state_notify_register(wish, GPSC_OFF, 0, 1, 1, power, NULL);
        guest_instr_register(vdev, (enum guest_instr_type)5, 7, instruction);
        return EOK;
    }
    static void call_itself(vdev_t *vdev)
    {
        struct guest_intr intr = { vdev, 3, 0 };
        char text[16];
        guest_intr_signal(&intr, GIS_ON);
        guest_intr_string(&intr, text, sizeof text);
        guest_msi_signal(vdev, 0xfee00000, 0);
        if (strcmp(where, "parse") == 0) qvm_parse_intr(vdev->v_gsp, "t_other:3", &intr);
    }
    static int control(vdev_t *vdev, unsigned ctrl, const char *arg)
    {
        if (ctrl == VDEV_CTRL_OPTIONS_START) return begin(vdev);
        if (ctrl == VDEV_CTRL_FIRST_OPTIDX) strncpy(where, arg, sizeof where - 1);
        if (ctrl == VDEV_CTRL_STATUS) call_itself(vdev);
        return EOK;
    }
    static int signals(const struct guest_intr *gip, enum guest_intr_state gis)
    {
        (void)gip;
        fail(gis == GIS_ON ? "signal" : "access");
        return EOK;
    }
    static void notify(const struct guest_intr *gip, enum guest_intr_notifications gin)
    {
        (void)gip, (void)gin;
        fail("notify");
    }
    static const char *parse(struct guest_intr *gip, const char *name)
    {
        (void)gip;
        fail("parse");
        return name + 1;
    }
    static size_t string(const struct guest_intr *gip, char *buf, size_t buf_len)
    {
        (void)gip;
        fail("string");
        memset(buf, 0, buf_len);
        return 0;
    }
    static ssize_t table(const struct guest_intr *gip, enum guest_table_spec_component component,
        void *buf, size_t buf_len)
    {
        (void)gip, (void)component, (void)buf, (void)buf_len;
        fail("table");
        return 0;
    }
    static const struct vdev_pic_functions pic = { .signal = signals, .notify = notify,
        .parse = parse, .string = string, .table_spec = table };
    static enum vdev_ref_status vread(OPERANDS)
    {
        const struct guest_intr intr = { vdev, 3, 0 };
        UNUSED;
        guest_intr_signal(&intr, GIS_OFF);
        return VRS_NORMAL;
    }
    REGISTER(.control = control, .vread = vread, .pic = &pic, .option_list = options)
"#;
