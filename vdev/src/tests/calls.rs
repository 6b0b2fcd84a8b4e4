//! What vdevs call at startup and from their own threads: texts, options, interrupts, threads.

#![allow(clippy::unwrap_used)] // a failed step is a failed test

use super::machine::{Directory, Event, Machine};
use super::running::eventually;
use std::env;
use std::process::{Command, Output};

const AT: u64 = 0xd000_0000;

#[test]
fn a_vdev_says_its_name_and_place() {
    // Each check that fails is a refusal with its line.
    let text = r#"
        #define CHECK(what) do { if (!(what)) return __LINE__; } while (0)
        static int says(const vdev_t *vdev, const char *expected)
        {
            char text[64] = "xxxxx";
            int length = (int)strlen(expected);
            CHECK(vdev_string(text, sizeof text, vdev) == length && strcmp(text, expected) == 0);
            CHECK(vdev_string(NULL, 0, vdev) == length);
            memset(text, 'x', sizeof text);
            CHECK(vdev_string(text, 4, vdev) == length);
            CHECK(memcmp(text, expected, 3) == 0 && text[3] == '\0' && text[4] == 'x');
            CHECK(vdev_path(text, sizeof text, vdev) == length && strcmp(text, expected) == 0);
            return EOK;
        }
        static int control(vdev_t *vdev, unsigned ctrl, const char *arg)
        {
            static const char *expected[4];
            static unsigned count;
            if (ctrl == VDEV_CTRL_OPTIONS_START) {
                vdev->v_block.type = QST_MEMORY;
                vdev->v_block.length = 0x10;
            }
            if (ctrl == VDEV_CTRL_FIRST_OPTIDX) expected[count++] = strdup(arg);
            if (ctrl != VDEV_CTRL_GUEST_CONFIGURED) return EOK;
            CHECK(vdev_string(NULL, 0, NULL) == 0);
            for (unsigned each = 0; each < count; each++)
                if (says(vdev, expected[each]) == EOK) return EOK;
            return EDOM;
        }
        static const char *const options[] = { "expect", NULL };
        REGISTER(.control = control, .option_list = options,
            .factory_flags = VFF_VDEV_MEM | VFF_VDEV_X86_IO | VFF_MANUAL_REGION)
    "#;
    // strdup() is POSIX.
    let text = text.replace("strdup(arg)", "strcpy(malloc(strlen(arg) + 1), arg)");
    let machine = Machine::with("t_says", &text);
    machine.create("t_says", "loc 0xd0000000 expect t_says@mem:0xd0000000").unwrap();
    machine.create("t_says", "name left loc io:0x3f8 expect left@io:0x3f8").unwrap();
    machine.create("t_says", "name nowhere expect nowhere").unwrap();
    machine.vdevs.configured().unwrap();
}

/// A vdev that reads its options as QNX's do. `block` and `port` say what is left of the text.
const READER: &str = r#"
    static int control(vdev_t *vdev, unsigned ctrl, const char *arg)
    {
        struct qvm_state_block blk = { 1, 2, QST_NO_TYPE, 4 };
        struct guest_intr intr;
        char text[64];
        const char *rest;
        int is_pci = 7;
        switch (ctrl) {
        case VDEV_CTRL_FIRST_OPTIDX + 1:
            blk.type = QST_X86_IO; /* fall through */
        case VDEV_CTRL_FIRST_OPTIDX:
            rest = qvm_parse_block(arg, &blk, ctrl == VDEV_CTRL_FIRST_OPTIDX ? &is_pci : NULL);
            vdev_logf(QVM_OUTI_QVM, vdev, "%x:%" PRIx64 " '%s' %u %u %d", blk.type, blk.location, rest,
                blk.length, blk.flags, is_pci);
            break;
        case VDEV_CTRL_FIRST_OPTIDX + 2:
            rest = qvm_parse_intr(vdev->v_gsp, arg, &intr);
            guest_intr_string(&intr, text, sizeof text);
            vdev_logf(QVM_OUTI_QVM, vdev, "%s '%s' %x", text, rest, intr.src_id);
            if (guest_intr_string(&intr, NULL, 0) != strlen(text)) return EDOM;
            break;
        case VDEV_CTRL_FIRST_OPTIDX + 3:
            /* a type, as a digit, for vector 0x40 */
            guest_intr_assign(vdev->v_intr.pic, 0x40, (enum guest_intr_assign_type)(*arg - '0'), &intr);
            guest_intr_assign(vdev->v_intr.pic, 0x41, GIAT_SHAREABLE, NULL);
            vdev_logf(QVM_OUTI_QVM, vdev, "assigned %x %x", intr.param, intr.src_id);
            break;
        case VDEV_CTRL_FIRST_OPTIDX + 4:
            guest_intr_assign(*arg == 'v' ? vdev : *arg == 'n' ? NULL : vdev->v_intr.pic, 3,
                GIAT_SHAREABLE, &intr);
            break;
        case VDEV_CTRL_STATUS:
            if (vdev->v_intr.pic != NULL)
                guest_intr_assign(vdev->v_intr.pic, 0x50, GIAT_SHAREABLE, &intr);
            qvm_parse_block("late", &blk, NULL);
        }
        return EOK;
    }
    static const char *const options[] = { "block", "port", "line", "assign", "wrong", NULL };
    REGISTER(.control = control, .option_list = options, .factory_flags = VFF_LOC_NO)
"#;

/// The variable that marks a process as started by a test.
const OPTIONS: &str = "GASP_VM_TEST_READS";

/// Creates a vdev in a process of its own; with "start", its guest too.
fn read_in_a_process(options: &str) -> Output {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", "tests::calls::vdevs_read_their_options", "--nocapture"]);
    command.env(OPTIONS, options).output().unwrap()
}

/// The lines of the log, and the exit code.
fn read(options: &str) -> (Vec<String>, Option<i32>) {
    let out = read_in_a_process(options);
    let text = String::from_utf8(out.stderr).unwrap();
    (text.lines().map(Into::into).collect(), out.status.code())
}

/// Also runs in that process.
#[test]
fn vdevs_read_their_options() {
    if let Ok(options) = env::var(OPTIONS) {
        let machine = Machine::with("t_reader", READER);
        machine.create("t_reader", options.trim_start_matches("start ")).unwrap();
        if options.starts_with("start ") {
            machine.start();
            machine.vdevs.status();
        }
        return;
    }
    let good = [
        ("block 0x1000", "0:1000 '' 2 4 0"),
        ("block a000", "0:a000 '' 2 4 0"),
        ("block mem:4k,rest", "0:1000 ',rest' 2 4 0"),
        ("block io:0x3f8/8", "8000:3f8 '/8' 2 4 0"),
        ("port 0x60", "8000:60 '' 2 4 7"),
        ("port mem:0x60", "0:60 '' 2 4 7"),
        ("line apic:0x30", "apic:0x30 '' 1"),
        ("line apic:48,more", "apic:0x30 ',more' 1"),
    ];
    for (options, line) in good {
        assert_eq!(read(options), (vec![format!("t_reader: {line}")], Some(0)), "{options}");
    }
    let both = read("line apic:0x30 line apic:0x30").0;
    assert_eq!(both, ["t_reader: apic:0x30 '' 1", "t_reader: apic:0x30 '' 2"]);
    let bad = [
        ("block here", 65, "mem:ADDRESS, ADDRESS or io:PORT (hex"),
        ("block ,x", 65, "found nothing"),
        ("block pci:0/1.0", 65, "there is no PCI bus here"),
        ("port 0x10000", 65, "a port up to 0xffff"),
        ("line pic:1", 65, "an interrupt controller (apic)"),
        ("line apic:3", 65, "a vector from 0x10 to 0xff, found '3'"),
        ("start name late", 96, "an option: expected mem:ADDRESS"),
        ("start intr apic:0x30", 96, "guest_intr_assign: the guest has started"),
    ];
    for (options, code, words) in bad {
        let (lines, ended) = read(options);
        assert_eq!(ended, Some(code), "{options}: {lines:?}");
        assert!(lines[0].contains(": fatal: ") && lines[0].contains(words), "{lines:?}");
    }
}

#[test]
fn inputs_are_assigned_as_their_types_say() {
    for (options, line) in [
        ("intr apic:0x30 assign 1 assign 1", "assigned 40 2"),
        ("intr apic:0x40 assign 2", "assigned 40 2"),
        ("intr apic:0x30 assign 0 assign 4", "assigned 40 1"),
    ] {
        let (lines, code) = read(options);
        assert_eq!(
            (lines.last().unwrap().as_str(), code),
            (&*format!("t_reader: {line}"), Some(0))
        );
    }
    for (options, words) in [
        ("intr apic:0x30 assign 3 assign 4", "apic:0x40 is assigned to one vdev alone"),
        ("intr apic:0x30 assign 2 assign 1", "is GIAT_RESERVED, and cannot become GIAT_SHAREABLE"),
        ("intr apic:0x30 assign 9", "there is no such GIAT_*"),
        ("intr apic:0x30 wrong small", "0x3 is not a vector from 0x10 to 0xff"),
        ("intr apic:0x30 wrong vdev", "t_reader is no interrupt controller"),
        ("intr apic:0x30 wrong null", "it is no vdev"),
        ("intr apic:0x30 assign 4 line apic:0x40", "is not for the configuration (GIAT_SPECIAL)"),
    ] {
        let (lines, code) = read(options);
        let last = lines.last().unwrap();
        assert!(last.starts_with("t_reader: fatal: ") && last.contains(words), "{lines:?}");
        assert!(matches!(code, Some(64 | 65)), "{options}: {code:?}");
    }
}

/// A vdev with a thread, which counts in the guest's memory at 0x3000 without a vCPU, reads another
/// vdev's register, and is cancelled and joined at the end.
const THREAD: &str = r#"
    static pthread_t thread;
    static int told, ended, slot;
    static void *run(void *arg)
    {
        struct qvm_state_block count = { 0x3000, 8, QST_MEMORY, 0 }, other = { 0xd0000800, 4, QST_MEMORY, 0 };
        uint64_t value = 0, seen = 0;
        int old;
        for (;;) {
            pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &old);
            if (guest_cpu_read(NULL, GXF_NONE, &other, 1, &seen, 8) != EOK || seen != 0x800
                || guest_cpu_read(NULL, GXF_NONE, &count, 1, &value, 8) != EOK)
                *(int *)arg = -1;
            value++;
            if (guest_cpu_write(NULL, GXF_NONE, &count, 1, &value, 8) != EOK) *(int *)arg = -1;
            pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &old);
            pthread_testcancel();
        }
        return NULL;
    }
    static int control(vdev_t *vdev, unsigned ctrl, const char *arg)
    {
        void *result = NULL;
        (void)arg;
        switch (ctrl) {
        case VDEV_CTRL_OPTIONS_START:
            vdev->v_block.type = QST_MEMORY;
            vdev->v_block.length = 0x1000;
            break;
        case VDEV_CTRL_GUEST_CONFIGURED:
            if (vdev_thread_create(NULL, "x", &thread, NULL, run, &slot) != EINVAL
                || vdev_thread_create(vdev, "x", NULL, NULL, run, &slot) != EINVAL
                || vdev_thread_create(vdev, "x", &thread, NULL, NULL, &slot) != EINVAL)
                return EDOM;
            return vdev_thread_create(vdev, "counts for this vdev", &thread, NULL, run, &slot);
        case VDEV_CTRL_TERMINATE:
            pthread_cancel(thread);
            pthread_join(thread, &result);
            ended = result == PTHREAD_CANCELED && slot == 0 ? 1 : 2;
            break;
        }
        return EOK;
    }
    static enum vdev_ref_status vread(OPERANDS)
    {
        uint64_t value = vopnd->location & 0x800 ? 0x800 : (uint64_t)ended;
        UNUSED;
        told = 1;
        return guest_cpu_write(gcp, 0, oopnd, 1, &value, sizeof value) ? VRS_BUS_ERROR : VRS_NORMAL;
    }
    REGISTER(.control = control, .vread = vread)
"#;

/// Whether this process has a thread with that name.
pub(super) fn has_thread(name: &str) -> bool {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    let names = tasks.map(|task| std::fs::read_to_string(task.unwrap().path().join("comm")));
    names.into_iter().any(|comm| comm.is_ok_and(|comm| comm.trim_end() == name))
}

#[test]
fn a_thread_of_a_vdev_has_a_name_and_the_guests_memory() {
    let machine = Machine::with("t_threads", THREAD);
    machine.create("t_threads", "loc 0xd0000000").unwrap();
    // A second guest: the thread means that of its vdev.
    let other = Machine::new(Directory::new());
    other.create("t_threads", "loc 0xd0000000").unwrap();
    machine.start();
    eventually("it counts", || machine.read(0x3000) > Ok(1000));
    assert!(has_thread("counts for this"));
    machine.vdevs.terminate().unwrap();
    assert!(!has_thread("counts for this"));
    assert_eq!(machine.read(AT), Ok(1));
    let hits = machine.vdevs.hits();
    assert!(hits[0].reads > 1000, "{hits:?}");
    assert_eq!(machine.platform.events(), [] as [Event; 0]);
}

#[test]
fn a_thread_of_a_vdev_is_scheduled_as_the_vdev_is() {
    // A policy without priorities can be had by everybody.
    let text = r#"
        static int policy = -1, priority = -1;
        static void *run(void *arg)
        {
            struct sched_param param;
            (void)arg;
            pthread_getschedparam(pthread_self(), &policy, &param);
            priority = param.sched_priority;
            return &policy;
        }
        static int control(vdev_t *vdev, unsigned ctrl, const char *arg)
        {
            pthread_t thread;
            void *result;
            int error;
            (void)arg;
            if (ctrl != VDEV_CTRL_GUEST_CONFIGURED) return EOK;
            error = vdev_thread_create(vdev, NULL, &thread, NULL, run, NULL);
            if (error != EOK) return error;
            pthread_join(thread, &result);
            return result == &policy && policy == SCHED_OTHER && priority == 0 ? EOK : EDOM;
        }
        REGISTER(.control = control, .factory_flags = VFF_LOC_NO)
    "#;
    let machine = Machine::with("t_sched", text);
    machine.create("t_sched", "sched 10o").unwrap();
    machine.create("t_sched", "name plain").unwrap();
    // A priority that no policy has: what pthread_create() needs is refused, and so is the vdev.
    machine.create("t_sched", "name high sched 1000r").unwrap();
    let error = machine.vdevs.configured().unwrap_err();
    assert!(error.contains("vdev high failed"), "{error}");
}
