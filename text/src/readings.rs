//! What QNX's pages leave open in the configuration language, and how it is read here.
//!
//! One row for each decision, so that a correction is one line. `docs/gasp-vm.md` has the same
//! table.

/// Where a rule is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// QNX's pages state it.
    Qnx,
    /// The pages leave it open: our reading of them, or of configurations that others published.
    Read,
    /// libgasp's own choice.
    Own,
}

/// A decision.
#[derive(Debug, Clone, Copy)]
pub struct Reading {
    /// The value, as Rust writes it.
    pub value: &'static str,
    /// Where it is from.
    pub mark: Mark,
    /// What it decides.
    pub about: &'static str,
}

macro_rules! readings {
    ($($name:ident: $type:ty = $value:expr, $mark:ident, $about:literal;)*) => {
        $(#[doc = $about] pub const $name: $type = $value;)*
        /// All decisions.
        pub const READINGS: &[Reading] =
            &[$(Reading { value: stringify!($value), mark: Mark::$mark, about: $about }),*];
    };
}

#[rustfmt::skip] // a row is a line
readings! {
    ESCAPED: &[char] = &['"', '\\'], Read, "the characters that a `\\` between quotation marks makes ordinary";
    JOINED_LINES: &str = "", Read, "what a `\\` at the end of a line between quotation marks stands for, with the line end";
    LINE_END_IN_QUOTES: &str = "\n", Read, "what a line end between quotation marks stands for";
    COMMENT_IN_QUOTES: bool = false, Read, "whether a `#` between quotation marks begins a comment";
    MULTIPLIED_ADDRESS_IS_DECIMAL: bool = true, Read, "whether the digits of an address before `k`, `m` or `g` are decimal (`ram 4096M,2048M`)";
    INCLUDES: bool = true, Read, "whether `@FILE` is possible in a file";
    INCLUDE_DEPTH: usize = 16, Own, "the depth to which files can include files";
    CONTEXT_ENDS_WITH_FILE: bool = false, Own, "whether the context of a `cpu`, `vdev`, `pass` or `reserve` ends with its file";
    IGNORES_CASE: bool = false, Read, "whether options can have capitals";
    SUBSTITUTES_IN_QUOTES: bool = true, Read, "whether `$env{NAME}` is replaced between quotation marks";
    SUBSTITUTES_ON_COMMAND_LINE: bool = true, Own, "whether `$env{NAME}` is replaced on the command line, where the shell has left it";
    UNKNOWN_REFERENCE_REFUSED: bool = true, Read, "whether `$env{NAME}` without a variable NAME is an error; else it is replaced by nothing";
    ASINFO_PREFIX: &str = "0x", Read, "what is before the hexadecimal digits that replace `$asinfo_start{NAME}`";
    PORTS: u64 = 1, Read, "the number of ports of `reserve` and `pass` with `loc io:PORT` without a length";
    PASS_LENGTH: u64 = 0x1000, Read, "the length of `pass loc ADDRESS,ATTRIBUTES`";
    PASS_ATTRIBUTES: &str = "rw", Read, "the attributes of `pass loc` without attributes";
    PASS_HOST_IS_SAME: bool = false, Own, "whether `pass loc` without a host address maps the same address of the host; else zeroed memory";
    MOST_CPUS: u32 = 255, Own, "the largest number of `cpu`";
    CMDLINE_LAST_WINS: bool = true, Read, "whether the last of several `cmdline` counts; else they are joined";
    UNKNOWN_VARIABLE_REFUSED: bool = true, Read, "whether `set` refuses a variable that it does not know";
    RAW_IMAGE_AT_PAGES: u64 = 0x1000, Own, "the alignment of a raw image without an address; it goes to the lowest free `ram`";
    RAW_IMAGE_IN_FLAT_MODE: bool = true, Own, "whether the first byte of a raw image runs in 32-bit flat protected mode; else in 16-bit mode";
    DRYRUN_CODE: u8 = 0, Read, "the exit code of `dryrun`";
}
