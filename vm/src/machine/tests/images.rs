//! Images, and what goes with them.

use super::*;

/// Little-endian numbers of these lengths in bytes.
fn numbers(numbers: &[(u64, usize)]) -> Vec<u8> {
    numbers.iter().flat_map(|(number, bytes)| number.to_le_bytes()[..*bytes].to_vec()).collect()
}

/// A file of ELF, of 32 bits: the machine, the entry point, and one segment with four bytes.
fn elf(machine: u64, entry: u64, at: u64, place: u64, length: u64) -> Vec<u8> {
    let header = [(2, 2), (machine, 2), (1, 4), (entry, 4), (52, 4), (0, 4), (0, 4)];
    let sizes = [(52, 2), (32, 2), (1, 2), (40, 2), (0, 2), (0, 2)];
    let segment = [(1, 4), (84, 4), (at, 4), (place, 4), (4, 4), (length, 4), (7, 4), (4, 4)];
    let mark = b"\x7fELF\x01\x01\x01\0\0\0\0\0\0\0\0\0".to_vec();
    [mark, numbers(&header), numbers(&sizes), numbers(&segment), b"code".to_vec()].concat()
}

/// A kernel of Linux with one sector of code: version, flags, where it goes, the alignment, and
/// whether it can be moved.
fn linux(version: u64, loadflags: u64, code32: u64, align: u64, moves: u64) -> Vec<u8> {
    let mut file = vec![0; 1024 + 512];
    let fields: [(usize, u64, usize); 12] = [
        (0x1f1, 1, 1),
        (0x1fe, 0xaa55, 2),
        (0x202, 0x5372_6448, 4),
        (0x206, version, 2),
        (0x211, loadflags, 1),
        (0x214, code32, 4),
        (0x22c, 0x7f_ffff, 4),
        (0x230, align, 4),
        (0x234, moves, 1),
        (0x238, 8, 4),
        (0x258, 0x40_0000, 8),
        (0x260, 0x10_0000, 4),
    ];
    for (at, number, bytes) in fields {
        file[at..at + bytes].copy_from_slice(&number.to_le_bytes()[..bytes]);
    }
    file[1024..1028].copy_from_slice(b"code");
    file
}

/// A header of multiboot with these flags.
fn header(flags: u32) -> Vec<u8> {
    let sum = 0_u32.wrapping_sub(0x1bad_b002_u32.wrapping_add(flags));
    numbers(&[(0x1bad_b002, 4), (flags.into(), 4), (sum.into(), 4)])
}

/// An ACPI table with this length in its header.
fn table(length: u8) -> Vec<u8> {
    let mut table = vec![0; 40];
    (table[..4]).copy_from_slice(b"TEST");
    table[4] = length;
    table[9] = table.iter().fold(0, |sum: u8, byte| sum.wrapping_sub(*byte));
    table
}

fn start(text: &str, files: &Files) -> Start {
    let (_guest, built, config) = all(text, &files.0).unwrap();
    built.start(&config)
}

fn bytes<const N: usize>(guest: &Guest, at: u64) -> [u8; N] {
    let mut bytes = [0; N];
    guest.read(at, &mut bytes).unwrap();
    bytes
}

fn word(guest: &Guest, at: u64) -> u64 {
    u32::from_le_bytes(bytes(guest, at)).into()
}

/// Where an image is told what is where.
fn told(start: Start) -> crate::config::ImageStart {
    match start {
        Start::Image(image) => image,
        other => panic!("{other:?}"),
    }
}

const LINUX: &str = "ram 0,640k ram 1m,15m load @linux";

#[test]
fn an_elf_file_goes_where_it_says() {
    let files = Files::new("elf")
        .write("elf", &elf(3, 0x2001, 0x2000, 0x2000, 0x2000))
        .write("virtual", &elf(3, 0xc000_0001, 0xc000_0000, 0x3000, 4))
        .write("long", &elf(62, 0x2000, 0x2000, 0x2000, 4))
        .write("old", &[0xff; 0x2000]);
    let text = "ram 64k data load 0x2000,@old load @elf";
    let (guest, built, config) = all(text, &files.0).unwrap();
    assert_eq!(built.start(&config), Start::Flat { entry: 0x2001 });
    // The rest of the segment is zero, whatever was there.
    assert_eq!((&bytes(&guest, 0x2000), bytes(&guest, 0x3ffc)), (b"code\0\0\0\0", [0; 4]));
    assert_eq!(start("ram 64k load @virtual", &files), Start::Flat { entry: 0x3001 });
    assert_eq!(start("ram 64k load @long", &files), Start::Flat { entry: 0x2000 });
    // An ELF file is started, whichever was loaded first; a raw image only if it was the first.
    let first =
        Files::new("order").write("raw", b"r").write("elf", &elf(3, 0x2000, 0x2000, 0x2000, 4));
    assert_eq!(start("ram 64k load @raw load @elf", &first), Start::Flat { entry: 0x2000 });
    assert_eq!(start("ram 64k load @elf load @raw", &first), Start::Flat { entry: 0x2000 });
}

#[test]
fn elf_refused() {
    let good = elf(3, 0x2000, 0x2000, 0x2000, 4);
    let mut unloaded = good.clone();
    unloaded[52] = 0;
    let files = Files::new("elf-refused")
        .write("elf", &good)
        .write("arm", &elf(40, 0, 0, 0, 4))
        .write("cut", &good[..good.len() - 1])
        .write("empty", &unloaded)
        .write("outside", &elf(3, 0, 0, 0xfffe, 4))
        .write("zeros", &elf(3, 0, 0, 0xf000, 0x1001));
    let cases = [
        ("@arm", "expected an ELF file for x86: "),
        ("@cut", "expected an ELF file that is whole (a segment is cut): "),
        ("@empty", "expected an ELF file with segments to load: "),
        ("0x2000,@elf", "expected no ADDRESS: this image says itself where it goes: "),
        ("@outside", "expected ram or rom for 4 bytes at 0xfffe: "),
        ("@zeros", "expected ram or rom for 4097 bytes at 0xf000: "),
    ];
    for (text, said) in cases {
        let refusal = make(&format!("ram 64k load {text}"), &files.0).err().unwrap();
        assert!(refusal.starts_with(said), "{text}: {refusal}");
    }
}

#[test]
fn multiboot_headers() {
    let with = |header: Vec<u8>| [elf(3, 0x2000, 0x2000, 0x2000, 4), header].concat();
    let late =
        |before: usize| [elf(3, 0x2000, 0x2000, 0x2000, 4), vec![0; before], header(0)].concat();
    let mut wrong = header(0);
    wrong[8] ^= 1;
    let files = Files::new("multiboot")
        .write("plain", &with(header(7)))
        .write("unknown", &with(header(8)))
        .write("optional", &with(header(1 << 20)))
        .write("wrong", &with(wrong))
        .write("last", &late(8192 - 88 - 12))
        .write("late", &late(8192 - 88 - 8))
        .write("address", &with(header(1 << 16)))
        .write("raw", &header(0));
    let entry = |name| match start(&format!("ram 0,640k ram 1m,1m load @{name}"), &files) {
        Start::Image(image) => (image.entry, image.rax),
        other => panic!("{other:?}"),
    };
    assert_eq!(entry("plain"), (0x2000, 0x2bad_b002));
    assert_eq!(entry("optional"), (0x2000, 0x2bad_b002));
    assert_eq!(entry("last"), (0x2000, 0x2bad_b002));
    for name in ["wrong", "late"] {
        let text = format!("ram 64k load @{name}");
        assert_eq!(start(&text, &files), Start::Flat { entry: 0x2000 }, "{name}");
    }
    let refusal = |name| make(&format!("ram 64k load @{name}"), &files.0).err().unwrap();
    assert!(
        refusal("unknown")
            .starts_with("expected a header of multiboot with flags that are known, not 0x8")
    );
    assert!(
        refusal("address").starts_with("expected a header of multiboot with addresses that fit")
    );
    // Without addresses it says nothing of where a raw image goes.
    assert_eq!(start("ram 64k load @raw", &files), Start::Flat { entry: 0 });
}

#[test]
fn where_a_kernel_goes() {
    let files = Files::new("linux-place")
        .write("linux", &linux(0x20c, 1, 0x10_0000, 0x1_0000, 1))
        .write("old", &linux(0x204, 1, 0x10_0000, 0, 0));
    let entry = |text: &str| told(start(text, &files)).entry;
    // Where it prefers to be, else the lowest place above 1 MiB, else where the configuration says.
    assert_eq!(entry(LINUX), 0x40_0000);
    assert_eq!(entry("ram 0,640k ram 1m,2m load @linux"), 0x10_0000);
    assert_eq!(entry("ram 0,640k ram 1m,15m reserve loc 0x400000,1 load @linux"), 0x10_0000);
    assert_eq!(entry("ram 0,640k ram 1m,15m load 0x230000,@linux"), 0x23_0000);
    assert_eq!(entry("ram 0,640k ram 1m,15m load @old"), 0x10_0000);
    assert_eq!(entry("ram 0,640k ram 1m,15m load 0x100000,@old"), 0x10_0000);
}

/// The RAM disk is clear of the RAM into which the kernel unpacks itself.
#[test]
fn where_a_ram_disk_goes() {
    let files = Files::new("linux-disk")
        .write("linux", &linux(0x20c, 1, 0x10_0000, 0x1_0000, 1))
        .write("disk", &[7; 0x1001]);
    let disk = |ram: &str| {
        let text = format!("ram 0,640k {ram} load @linux initrd load @disk");
        let (guest, built, config) = all(&text, &files.0).unwrap();
        word(&guest, told(built.start(&config)).rsi + 0x218)
    };
    assert_eq!(disk("ram 4m,2m"), 0x5f_e000);
    assert_eq!(disk("ram 4m,1m"), 0x9_e000);
    // Where it can be, and where the kernel prefers to be.
    assert_eq!(disk("ram 1m,4m reserve loc 0x4f0000,4k"), 0x3f_e000);
}

#[test]
fn linux_refused() {
    let files = Files::new("linux-refused")
        .write("linux", &linux(0x20c, 1, 0x10_0000, 0x1_0000, 1))
        .write("still", &linux(0x20c, 1, 0x10_0000, 0x1_0000, 0))
        .write("old", &linux(0x201, 1, 0x10_0000, 0, 0))
        .write("low", &linux(0x20c, 0, 0x10_0000, 0x1000, 1))
        .write("disk", &[1; 0x1000]);
    let cases = [
        ("@old", "expected a kernel of Linux with boot protocol 2.02 or newer, not 0x201: "),
        ("@low", "expected ram or rom for a kernel of Linux at 0x400000: "),
        ("0x100001,@linux", "expected an ADDRESS below 4 GiB that is a multiple of 0x10000: "),
        ("0x200000,@still", "expected no ADDRESS, or 0x100000: this kernel cannot be moved: "),
        ("0xfff0000,@linux", "expected ram or rom for a kernel of Linux at 0xfff0000: "),
        ("@linux cmdline 123456789", "expected at most 8 bytes of 'cmdline' for this kernel"),
        ("@linux initrd load @disk initrd load @disk", "expected one 'initrd load': "),
    ];
    for (text, said) in cases {
        let refusal = make(&format!("ram 0,640k ram 1m,15m load {text}"), &files.0).err().unwrap();
        assert!(refusal.starts_with(said), "{text}: {refusal}");
    }
    let small = make("ram 1m,4k reserve loc 1m,1 load @linux", &files.0).err().unwrap();
    assert!(small.contains("bytes of free ram for this kernel"), "{small}");
    // There is room for the kernel, and not for what it is told.
    let full = make("ram 1m,4k load @still", &files.0).err().unwrap();
    assert!(full.starts_with("expected a free place in ram below 4 GiB for "), "{full}");
}

#[test]
fn the_zero_page() {
    let files = Files::new("zero-page")
        .write("linux", &linux(0x20c, 1, 0x10_0000, 0x1_0000, 1))
        .write("disk", &[7; 0x1001]);
    let text = format!("{LINUX} cmdline 12345678 initrd load @disk reserve loc 0xf00000,1m");
    let (guest, built, config) = all(&text, &files.0).unwrap();
    let page = told(built.start(&config)).rsi;
    assert_eq!(&bytes(&guest, word(&guest, page + 0x228)), b"12345678\0");
    // Below what the kernel allows, 8 MiB.
    assert_eq!((word(&guest, page + 0x218), word(&guest, page + 0x21c)), (0x7f_e000, 0x1001));
    assert_eq!((bytes(&guest, page + 0x210), bytes(&guest, 0x7f_f000)), ([0xff], [7, 0]));
    assert_eq!(bytes(&guest, page + 0x1fa), [0xff, 0xff]);
    let ram = |entry: u64| {
        let at = page + 0x2d0 + 20 * entry;
        (word(&guest, at), word(&guest, at + 8), word(&guest, at + 16))
    };
    let tables = word(&guest, page + 0x70);
    let below = tables - 0x10_0000;
    assert_eq!(&bytes(&guest, tables), b"RSD PTR ");
    assert_eq!((ram(0), ram(1)), ((0, 0xa_0000, 1), (0x10_0000, below, 1)));
    assert_eq!((ram(2), ram(3)), ((tables, 0x1000, 3), (0xf0_0000, 0x10_0000, 2)));
    assert_eq!(bytes(&guest, page + 0x1e8), [4]);
}

/// Nothing that the kernel needs is where something else is.
#[test]
fn nothing_overlaps() {
    let files = Files::new("overlaps")
        .write("linux", &linux(0x20c, 1, 0x10_0000, 0x1_0000, 1))
        .write("disk", &[7; 0x1001]);
    let text = format!("data load 0x1000,@disk {LINUX} cmdline x initrd load @disk");
    let text =
        text.replacen("data load 0x1000,@disk ram 0,640k", "ram 0,640k data load 0x1000,@disk", 1);
    let (_guest, built, _) = all(&text, &files.0).unwrap();
    let mut ranges = [built.places.loaded, built.places.tables].concat();
    // The kernel is inside of the RAM into which it unpacks itself.
    ranges.retain(|(first, _)| *first != 0x40_0000);
    ranges.push((0x40_0000, 0x4f_ffff));
    ranges.sort_unstable();
    assert!(ranges.len() > 6 && ranges.windows(2).all(|pair| pair[0].1 < pair[1].0), "{ranges:x?}");
}

#[test]
fn tables_of_the_configuration() {
    let files = Files::new("acpi")
        .write("linux", &linux(0x20c, 1, 0x10_0000, 0x1_0000, 1))
        .write("a", &table(40))
        .write("long", &table(41))
        .write("short", &table(40)[..35])
        .write("sum", &[&table(40)[..39], &[1]].concat());
    let text = format!("{LINUX} acpi load @a acpi load 0x800000,@a");
    let (guest, built, config) = all(&text, &files.0).unwrap();
    let rsdp = word(&guest, told(built.start(&config)).rsi + 0x70);
    let xsdt = word(&guest, rsdp + 24);
    // FADT, MADT, and these two.
    assert_eq!(word(&guest, xsdt + 4), 36 + 4 * 8);
    let listed = |index: u64| word(&guest, xsdt + 36 + 8 * index);
    assert_eq!((bytes(&guest, listed(2)), listed(3)), (*b"TEST", 0x80_0000));
    assert_eq!(&bytes(&guest, 0x80_0000), b"TEST");
    let cases = [
        ("@long", "expected an ACPI table of 41 bytes, as its header says: "),
        ("@short", "expected an ACPI table, which has a header of 36 bytes: "),
        ("@sum", "expected an ACPI table with its checksum: "),
    ];
    for (text, said) in cases {
        let refusal = make(&format!("{LINUX} acpi load {text}"), &files.0).err().unwrap();
        assert!(refusal.starts_with(said), "{text}: {refusal}");
    }
}

/// The I/O APIC of the configuration, and all vCPUs, are in the tables.
#[test]
fn tables_tell_of_the_configuration() {
    let files = Files::new("hardware").write("linux", &linux(0x20c, 1, 0x10_0000, 0x1_0000, 1));
    let madt = |more: &str| {
        let (guest, built, config) = all(&format!("{LINUX} {more}"), &files.0).unwrap();
        let xsdt = word(&guest, word(&guest, told(built.start(&config)).rsi + 0x70) + 24);
        let madt = word(&guest, xsdt + 44);
        let mut bytes = vec![0; usize::try_from(word(&guest, madt + 4)).unwrap()];
        guest.read(madt, &mut bytes).unwrap();
        bytes[44..].to_vec()
    };
    assert_eq!(madt(""), [0, 8, 0, 0, 1, 0, 0, 0]);
    assert_eq!(madt("cpu cpu")[8..], [0, 8, 1, 1, 1, 0, 0, 0]);
    assert_eq!(madt("vdev ioapic")[8..], [1, 12, 1, 0, 0, 0, 0, 0xf8, 0, 0, 0, 0]);
}

/// Systems that get no pointer look from 0xe0000 to 0xfffff.
#[test]
fn where_the_acpi_tables_are() {
    let files = Files::new("rsdp").write("linux", &linux(0x20c, 1, 0x10_0000, 0x1_0000, 1));
    let place = |memory: &str| {
        let (guest, built, config) = all(&format!("{memory} load @linux"), &files.0).unwrap();
        word(&guest, told(built.start(&config)).rsi + 0x70)
    };
    assert_eq!(place("ram 0,640k rom 0xd0000,192k ram 1m,15m"), 0xe_0000);
    assert_eq!(place("ram 0,16m reserve loc 0xe0000,0xff01"), 0xe_ff10);
    assert_eq!(place("ram 0,640k ram 1m,15m"), 0xff_f000);
}

/// In the firmware's memory, else in the last KiB of base memory, else nowhere.
#[test]
fn where_the_mp_table_is() {
    let files = Files::new("mp").write("linux", &linux(0x20c, 1, 0x10_0000, 0x1_0000, 1));
    let is_at = |memory: &str, at| {
        let text = format!("{memory} vdev ioapic load @linux");
        let (guest, _built, _) = all(&text, &files.0).unwrap();
        let mut mark = [0; 4];
        guest.read(at, &mut mark).is_ok() && mark == *b"_MP_"
    };
    assert!(is_at("ram 0,640k rom 0xe0000,128k ram 1m,15m", 0xf_0000));
    assert!(is_at("ram 0,640k rom 0xe0000,64k ram 1m,15m", 0x9_fc00));
    assert!(!is_at("ram 0,636k ram 1m,15m", 0x9_fc00) && is_at("ram 0,16m", 0xf_0000));
}

/// With `gasp-start` nobody is told anything, so nothing is added to the guest's memory.
#[test]
fn gasp_start_is_enough() {
    let files = Files::new("gasp-start").write("linux", &linux(0x20c, 1, 0x10_0000, 0x1_0000, 1));
    let text = format!("{LINUX} cmdline x gasp-start flat,0x400000");
    let (guest, built, config) = all(&text, &files.0).unwrap();
    assert_eq!(built.start(&config), Start::Flat { entry: 0x40_0000 });
    assert_eq!((built.places.loaded.len(), bytes(&guest, 0x40_0000)), (1, *b"code"));
    assert!(built.notes[0].message.starts_with("'cmdline' has no effect: "), "{:?}", built.notes);
}
