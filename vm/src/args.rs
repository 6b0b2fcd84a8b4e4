//! The command line.

#![forbid(unsafe_code)]

use std::ffi::OsString;
use std::path::PathBuf;

/// The text that `--help` prints.
pub(crate) const HELP: &str = "\
usage: gasp-vm [OPTION]... CONFIG

Runs the guest that the qvm configuration CONFIG describes, with its virtual devices.

  --trace FILE     no vCPU: make the accesses that the script FILE lists
  --kvm            run vCPUs on KVM, or fail; without this, a script runs if there is no /dev/kvm
  --no-kvm         as if there were no /dev/kvm: the script is CONFIG with .trace as its suffix
  --vdev-path DIR  look for vdev-NAME.so in DIR first; can be given several times
  --map            print the map before and after the run, and how often each region was hit
  --help           print this
  --version        print the version

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
    /// The configuration of the guest.
    pub(crate) config: PathBuf,
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

/// Reads a command line, without the program's name.
pub(crate) fn parse(words: impl IntoIterator<Item = OsString>) -> Result<Command, String> {
    let (mut words, mut options, mut config) = (words.into_iter(), Options::default(), None);
    let mut only_files = false;
    while let Some(word) = words.next() {
        match word.to_str().filter(|word| word.starts_with('-') && !only_files) {
            None => {
                if config.replace(PathBuf::from(word)).is_some() {
                    return Err("expected one CONFIG, found two".to_owned());
                }
            }
            Some("--help") => return Ok(Command::Help),
            Some("--version") => return Ok(Command::Version),
            Some("--kvm") => options.kvm = true,
            Some("--no-kvm") => options.no_kvm = true,
            Some("--map") => options.map = true,
            Some("--") => only_files = true,
            Some(option) => with_value(&mut options, option, &mut words)?,
        }
    }
    if options.kvm && (options.no_kvm || options.trace.is_some()) {
        return Err("expected --kvm, or --no-kvm and --trace, but not both".to_owned());
    }
    options.config = config.ok_or("expected CONFIG, a configuration file")?;
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

    #[test]
    fn everything() {
        let words =
            ["--map", "--trace", "a", "box.conf", "--vdev-path=d", "--vdev-path", "e", "--no-kvm"];
        let options = Options {
            config: "box.conf".into(),
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
        let options = Options { config: "a".into(), kvm: true, ..Options::default() };
        assert_eq!(read(&["--kvm", "a"]), Ok(Command::Run(options)));
    }

    #[test]
    fn only_files_after_two_dashes() {
        let config = Options { config: "--map".into(), ..Options::default() };
        assert_eq!(read(&["--", "--map"]), Ok(Command::Run(config)));
    }

    #[test]
    fn help_and_version() {
        assert_eq!(read(&["--help"]), Ok(Command::Help));
        assert_eq!(read(&["x", "--version"]), Ok(Command::Version));
    }

    #[test]
    fn refusals() {
        let cases: [(&[&str], &str); 8] = [
            (&["--kvm", "--no-kvm", "a"], "expected --kvm, or --no-kvm and --trace, but not both"),
            (&["a", "--trace=b", "--kvm"], "expected --kvm, or --no-kvm and --trace, but not both"),
            (&[], "expected CONFIG, a configuration file"),
            (&["--map"], "expected CONFIG, a configuration file"),
            (&["a", "b"], "expected one CONFIG, found two"),
            (&["-m", "a"], "expected an option that --help lists, found -m"),
            (&["a", "--trace"], "expected a file after --trace"),
            (&["--map=1", "a"], "expected an option that --help lists, found --map=1"),
        ];
        for (words, said) in cases {
            assert_eq!(read(words), Err(said.to_owned()));
        }
    }
}
