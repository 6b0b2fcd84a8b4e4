//! The command line.

#![forbid(unsafe_code)]

use std::ffi::OsString;
use std::path::PathBuf;

/// The text that `--help` prints.
pub(crate) const HELP: &str = "\
usage: gasp-vm [--OPTION]... [@FILE | WORD [ARGUMENT]]...

Runs the guest that a qvm configuration describes, with its virtual devices. FILE has the
configuration; its words can also stand on the command line. The @ can be left out if the
name of FILE has a '.' or a '/'.

  --check          build the machine, say what each word of the configuration does, run nothing
  --trace FILE     no vCPU: make the accesses that the script FILE lists
  --kvm            run vCPUs on KVM, or fail; without this, a script runs if there is no /dev/kvm
  --no-kvm         as if there were no /dev/kvm: the script is the first FILE with the suffix .trace
  --vdev-path DIR  look for vdev-NAME.so in DIR first; can be given several times
  --map            print the map before and after the run, and how often each region was hit
  --               all that follows are words of the configuration
  -h, --help       print this
  -V, --version    print the version

Exit code: the guest's (0 normal end, 3 power cut, 4 watchdog, 5 unsupported access, 6 failed
device, 7 unexpected, 32 to 63 devices' own), 64 fatal before the guest ran, 65 configuration
error, 96 fatal afterwards.
";

/// The meaning of a command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Command {
    /// `--help`
    Help,
    /// `--version`
    Version,
    /// Run a guest.
    Run(Options),
}

/// How to run a guest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Options {
    /// The words of the configuration.
    pub(crate) words: Vec<String>,
    /// `--check`
    pub(crate) check: bool,
    /// `--trace`
    pub(crate) trace: Option<PathBuf>,
    /// `--kvm`
    pub(crate) kvm: bool,
    /// `--no-kvm`
    pub(crate) no_kvm: bool,
    /// All `--vdev-path`, in order.
    pub(crate) vdev_path: Vec<PathBuf>,
    /// `--map`
    pub(crate) map: bool,
}

/// Reads a command line, without the program's name. The words of a configuration never begin with
/// two dashes.
pub(crate) fn parse(words: impl IntoIterator<Item = OsString>) -> Result<Command, String> {
    let (mut words, mut options) = (words.into_iter(), Options::default());
    let mut only_words = false;
    while let Some(word) = words.next() {
        let word = word.into_string().map_err(|word| format!("expected UTF-8, found {word:?}"))?;
        match word.as_str() {
            _ if only_words => options.words.push(word),
            "-h" | "--help" => return Ok(Command::Help),
            "-V" | "--version" => return Ok(Command::Version),
            "--kvm" => options.kvm = true,
            "--no-kvm" => options.no_kvm = true,
            "--map" => options.map = true,
            "--check" => options.check = true,
            "--" => only_words = true,
            option if option.starts_with("--") => with_value(&mut options, option, &mut words)?,
            _ => options.words.push(word),
        }
    }
    if options.kvm && (options.no_kvm || options.trace.is_some()) {
        return Err("expected --kvm, or --no-kvm and --trace, but not both".to_owned());
    }
    if options.words.is_empty() {
        return Err("expected a configuration: a FILE, or its words".to_owned());
    }
    Ok(Command::Run(options))
}

/// Reads an option that has a value: after `=`, or the next word.
fn with_value(
    options: &mut Options,
    option: &str,
    words: &mut impl Iterator<Item = OsString>,
) -> Result<(), String> {
    let (name, value) = match option.split_once('=') {
        Some((name, value)) => (name, Some(OsString::from(value))),
        None => (option, None),
    };
    let value = |what| {
        let value = value.or_else(|| words.next());
        value.ok_or_else(|| format!("expected {what} after {name}")).map(PathBuf::from)
    };
    match name {
        "--trace" => options.trace = Some(value("a file")?),
        "--vdev-path" => options.vdev_path.push(value("a directory")?),
        _ => return Err(format!("expected an option that --help lists, found {option}")),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &[&str]) -> Result<Command, String> {
        parse(words.iter().map(OsString::from))
    }

    fn strings(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn everything() {
        let words = [
            "--map",
            "--trace",
            "a",
            "box.conf",
            "--vdev-path=d",
            "ram",
            "1m",
            "--vdev-path",
            "e",
            "--no-kvm",
            "--check",
            "hostdev",
            "-",
        ];
        let options = Options {
            words: strings(&["box.conf", "ram", "1m", "hostdev", "-"]),
            check: true,
            trace: Some("a".into()),
            kvm: false,
            no_kvm: true,
            vdev_path: vec!["d".into(), "e".into()],
            map: true,
        };
        assert_eq!(read(&words), Ok(Command::Run(options)));
    }

    #[test]
    fn kvm_alone() {
        let options = Options { words: strings(&["a"]), kvm: true, ..Options::default() };
        assert_eq!(read(&["--kvm", "a"]), Ok(Command::Run(options)));
    }

    #[test]
    fn only_words_after_two_dashes() {
        let words = strings(&["cmdline", "--map", "-h", "--"]);
        let config = Options { words, ..Options::default() };
        assert_eq!(read(&["--", "cmdline", "--map", "-h", "--"]), Ok(Command::Run(config)));
    }

    #[test]
    fn help_and_version() {
        for words in [["--help"], ["-h"]] {
            assert_eq!(read(&words), Ok(Command::Help));
        }
        for words in [["x", "--version"], ["x", "-V"]] {
            assert_eq!(read(&words), Ok(Command::Version));
        }
    }

    #[test]
    fn refusals() {
        let cases: [(&[&str], &str); 7] = [
            (&["--kvm", "--no-kvm", "a"], "expected --kvm, or --no-kvm and --trace, but not both"),
            (&["a", "--trace=b", "--kvm"], "expected --kvm, or --no-kvm and --trace, but not both"),
            (&[], "expected a configuration: a FILE, or its words"),
            (&["--map"], "expected a configuration: a FILE, or its words"),
            (&["--m", "a"], "expected an option that --help lists, found --m"),
            (&["a", "--trace"], "expected a file after --trace"),
            (&["--map=1", "a"], "expected an option that --help lists, found --map=1"),
        ];
        for (words, said) in cases {
            assert_eq!(read(words), Err(said.to_owned()));
        }
    }
}
