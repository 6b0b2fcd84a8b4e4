//! The steps of a vdev's life, its options, its place and its region.

#![allow(clippy::unwrap_used)] // a failed step is a failed test

use super::machine::{Machine, RAM, plugin};
use gasp_abi::gasp_region_flags as grf;
use gasp_safe::{Space, flags};

/// A vdev that keeps the steps that it was told of, and hands them out one with each read.
/// A step has the control number in its low bits, and then the first letter of the argument.
fn diary(name: &str, length: &str, fields: &str) -> Machine {
    let text = format!(
        r#"
        struct diary {{ uint64_t steps[64]; unsigned count, next; }};
        static int control(vdev_t *vdev, unsigned ctrl, const char *arg)
        {{
            struct diary *diary = vdev->v_device;
            if (ctrl == VDEV_CTRL_OPTIONS_START) {{
                if (diary->count != 0) return EFAULT; /* the space was not zeroed */
                vdev->v_block.type = QST_MEMORY;
                vdev->v_block.length = {length};
            }}
            diary->steps[diary->count++] = ctrl | (uint64_t)(arg ? (unsigned char)*arg : 0) << 32;
            return arg && strcmp(arg, "refuse") == 0 ? ERANGE : EOK;
        }}
        static enum vdev_ref_status vread(OPERANDS)
        {{
            struct diary *diary = vdev->v_device;
            uint64_t step = diary->next < diary->count ? diary->steps[diary->next++] : 0xdead;
            UNUSED;
            return guest_cpu_write(gcp, 0, oopnd, 1, &step, sizeof step) ? VRS_BUS_ERROR : VRS_NORMAL;
        }}
        static const char *const options[] = {{ "first", "second", "0flag", NULL }};
        REGISTER(.control = control, .vread = vread, .option_list = options,
            .extra_space = sizeof(struct diary), {fields})
        "#
    );
    Machine::with(name, &text)
}

/// The steps that it wrote down.
fn steps(machine: &Machine, location: u64) -> Vec<u64> {
    let next = || machine.read(location).unwrap();
    std::iter::from_fn(|| Some(next()).filter(|step| *step != 0xdead)).collect()
}

#[test]
fn steps_come_in_qnx_s_order() {
    let machine = diary("t_steps", "0x1000", "");
    machine.create("t_steps", "second b loc 0xd0000000 flag first a").unwrap();
    machine.start();
    machine.vdevs.button();
    machine.vdevs.status();
    machine.vdevs.terminate().unwrap();
    assert!(machine.vdevs.terminate().is_err());
    let option = |index: u64, letter: u8| (0x100 + index) | (u64::from(letter) << 32);
    let expected = [0, option(1, b'b'), option(2, 0), option(0, b'a'), 1, 8, 2, 9, 7, 4, 3];
    assert_eq!(steps(&machine, 0xd000_0000), expected);
}

#[test]
fn the_region_is_made_after_the_vdev() {
    let machine = diary("t_region", "0x1800", "");
    machine.create("t_region", "loc mem:0xd0000000").unwrap();
    let regions = machine.guest.spans(Space::Memory);
    assert_eq!(regions.len(), 2);
    assert_eq!((regions[1].location, regions[1].last), (0xd000_0000, 0xd000_17ff));
    let traps = flags([grf::GRF_VIRT_RD, grf::GRF_VIRT_WR]);
    assert_eq!(regions[1].flags & (traps | flags([grf::GRF_PASS_RD, grf::GRF_MEMORY])), traps);
    assert_eq!(machine.vdevs.name_of(regions[1].vdev), Some("t_region"));
}

#[test]
fn a_vdev_without_a_place_gets_the_lowest_that_is_free() {
    let machine = diary("t_placed", "0x1800", "");
    machine.guest.reserve(Space::Memory, RAM, 0x1000).unwrap();
    machine.create("t_placed", "").unwrap();
    machine.create("t_placed", "").unwrap();
    // The place of a later vdev is not given to an earlier one.
    machine.create("t_placed", "loc 0x104000").unwrap();
    machine.vdevs.configured().unwrap();
    let starts: Vec<_> = machine.guest.spans(Space::Memory).iter().map(|at| at.location).collect();
    // Of 0x1800 bytes, at a multiple of 0x2000.
    assert_eq!(starts, [0, RAM + 0x2000, RAM + 0x4000, RAM + 0x6000]);
}

#[test]
fn a_place_that_is_taken_is_refused_with_what_is_in_the_way() {
    let machine = diary("t_taken", "0x1000", "");
    let error = machine.create("t_taken", "loc 0xff800").unwrap_err();
    assert_eq!(error.option, 1);
    assert_eq!(
        error.message,
        "vdev t_taken is at 0xff800 to 0x1007ff, where 0x0 to 0xfffff is in the way"
    );
    assert_eq!(machine.guest.spans(Space::Memory).len(), 1);
    let error = machine.create("t_taken", "loc 0xfffffffffffff800").unwrap_err();
    assert!(error.message.contains("goes past the end of its space"), "{error}");
}

#[test]
fn flags_say_where_a_vdev_can_be() {
    let machine = diary("t_ports", "8", ".factory_flags = VFF_VDEV_X86_IO");
    let error = machine.create("t_ports", "loc mem:0xd0000000").unwrap_err();
    assert_eq!((error.option, error.message.as_str()), (0, "vdev t_ports cannot be in memory"));
    let error = machine.create("t_ports", "loc 0xd0000000").unwrap_err();
    assert!(error.message.contains("a port up to 0xffff"), "{error}");
    machine.create("t_ports", "loc io:0x3f8").unwrap();
    // Where it cannot be in memory, a place without a prefix is a port.
    machine.create("t_ports", "loc 2f8").unwrap();
    let error = machine.create("t_ports", "loc 0xd0000000").unwrap_err();
    assert!(error.message.contains("a port up to 0xffff"), "{error}");
    let ports = machine.guest.spans(Space::Ports);
    assert_eq!((ports[0].location, ports[0].last), (0x2f8, 0x2ff));
    assert_eq!((ports[1].location, ports[1].last), (0x3f8, 0x3ff));
    let error = machine.create("t_ports", "loc io:0xfff9").unwrap_err();
    assert!(error.message.contains("goes past the end of its space"), "{error}");

    let machine = diary("t_nowhere", "8", ".factory_flags = VFF_LOC_NO");
    let error = machine.create("t_nowhere", "loc 0xd0000000").unwrap_err();
    assert_eq!(error.message, "vdev t_nowhere takes no location");
    machine.create("t_nowhere", "").unwrap();
    assert_eq!(machine.guest.spans(Space::Memory).len(), 1);
}

#[test]
fn a_vdev_can_make_its_region_itself() {
    let machine = diary("t_manual", "0x1000", ".factory_flags = VFF_MANUAL_REGION");
    machine.create("t_manual", "loc 0x1000").unwrap();
    assert_eq!(machine.guest.spans(Space::Memory).len(), 1);
}

#[test]
fn refusals_name_the_option_and_its_place() {
    let machine = diary("t_refuse", "0x1000", ".factory_flags = VFF_INTR_NO");
    let error = machine.create("t_refuse", "first a second refuse").unwrap_err();
    assert_eq!(error.option, 1);
    assert!(
        error.message.starts_with("vdev t_refuse refused second refuse: Numerical result out of"),
        "{error}"
    );
    let error = machine.create("t_refuse", "third x").unwrap_err();
    assert_eq!((error.option, error.message.as_str()), (0, "vdev t_refuse has no option third"));
    let error = machine.create("t_refuse", "intr apic:0x30").unwrap_err();
    assert_eq!(error.message, "vdev t_refuse takes no interrupt");
    assert_eq!(machine.guest.spans(Space::Memory).len(), 1);
}

#[test]
fn a_vdev_that_needs_an_interrupt_has_to_get_one() {
    let machine = diary("t_intr", "0x1000", ".factory_flags = VFF_INTR_REQ");
    machine.create("t_intr", "loc 0xd0000000 intr apic:0x30").unwrap();
    for (wrong, expected) in [
        ("apic", "an interrupt such as apic:0x30"),
        ("pic:3", "an interrupt controller (apic)"),
        ("apic:15", "a vector from 0x10 to 0xff"),
        ("apic:0x100", "a vector from 0x10 to 0xff"),
        ("apic:x", "an input of apic"),
        ("t_intr:1", "an interrupt controller (apic)"),
    ] {
        let error = machine.create("t_intr", &format!("intr {wrong}")).unwrap_err();
        assert!(error.message.contains(expected), "{error}");
    }
    let error = machine.create("t_intr", "name bare loc 0xd0001000").unwrap_err();
    assert_eq!(error.message, "vdev bare needs an interrupt, such as intr apic:0x30");
}

#[test]
fn names_are_one_vdevs_alone() {
    let machine = diary("t_named", "0x1000", "");
    machine.create("t_named", "name left loc 0xd0000000 sched 10r").unwrap();
    let error = machine.create("t_named", "name left").unwrap_err();
    assert_eq!(error.message, "vdev t_named cannot be called left: another one is");
    machine.create("t_named", "name right loc 0xd0001000").unwrap();
    let error = machine.create("t_named", "sched high").unwrap_err();
    assert!(error.message.contains("a priority"), "{error}");
    machine.start();
    machine.read(0xd000_1000).unwrap();
    let hits = machine.vdevs.hits();
    assert_eq!((hits.len(), hits[0].vdev.as_str(), hits[0].reads), (1, "right", 1));
}

/// Says what two locks of `v_mtx` answer, with an error number that refuses the vdev.
const LOCKS: &str = r"
    static int control(vdev_t *vdev, unsigned ctrl, const char *arg)
    {
        int once, twice;
        (void)arg;
        if (ctrl != VDEV_CTRL_GUEST_CONFIGURED) return EOK;
        once = pthread_mutex_lock(&vdev->v_mtx);
        twice = pthread_mutex_trylock(&vdev->v_mtx);
        if (once == EOK && twice == EOK) return ERANGE;
        return once == EOK && twice == EBUSY ? EDOM : once != EOK ? ENOLCK : EOK;
    }
    REGISTER(.control = control, .factory_flags = VFF_LOC_NO | FLAGS)
";

#[test]
fn flags_say_whether_a_vdev_has_a_mutex() {
    for (name, flags, expected) in [
        ("t_mutex", "VFF_MUTEX", "Numerical argument out of domain"),
        ("t_recursive", "VFF_MUTEX | VFF_MUTEX_RECURSIVE", "Numerical result out of range"),
        ("t_half", "VFF_MUTEX_RECURSIVE", "No locks available"),
        ("t_no_mutex", "0", "No locks available"),
    ] {
        let machine = Machine::with(name, &LOCKS.replace("FLAGS", flags));
        machine.create(name, "").unwrap();
        let error = machine.vdevs.configured().unwrap_err();
        assert!(error.contains(expected), "{flags}: {error}");
    }
}

#[test]
fn a_location_without_a_prefix_is_in_the_default_space() {
    for (name, flags, r#type, at_ports) in [
        ("t_place_1", "VFF_VDEV_X86_IO", "QST_X86_IO", true),
        ("t_place_2", "VFF_VDEV_X86_IO", "QST_NO_TYPE", true),
        ("t_place_3", "VFF_VDEV_X86_IO | VFF_VDEV_PCI", "QST_PCI", true),
        ("t_place_4", "VFF_VDEV_X86_IO | VFF_VDEV_MEM", "QST_NO_TYPE", false),
        ("t_place_5", "VFF_VDEV_X86_IO | VFF_VDEV_MEM", "QST_X86_IO", true),
        ("t_place_6", "VFF_VDEV_MEM", "QST_X86_IO", false),
        ("t_place_7", "VFF_NONE", "QST_X86_IO", true),
        ("t_place_8", "VFF_NONE", "QST_NO_TYPE", false),
    ] {
        let text = format!(
            "static int control(vdev_t *vdev, unsigned ctrl, const char *arg)
            {{
                (void)arg;
                if (ctrl == VDEV_CTRL_OPTIONS_START) {{
                    vdev->v_block.type = {type};
                    vdev->v_block.length = 8;
                }}
                return EOK;
            }}
            REGISTER(.control = control, .factory_flags = {flags})"
        );
        let machine = Machine::new(plugin(name, &text));
        let beyond_ram = if at_ports { "loc 0x3f8" } else { "loc 0x200000" };
        machine.create(name, beyond_ram).unwrap();
        let ports = machine.guest.spans(Space::Ports).len();
        assert_eq!(ports, usize::from(at_ports), "{flags} {type}");
        // Without a flag for places none is checked; a prefix wins.
        if flags == "VFF_NONE" {
            machine.create(name, "loc io:0x10").unwrap();
            machine.create(name, "loc mem:0x300000").unwrap();
        }
    }
}
