//! The command line.

use crate::error::Error;
use crate::questions::NAMES;
use std::ffi::OsString;
use std::path::PathBuf;

/// The options of this run.
#[derive(Debug, PartialEq, Eq)]
pub struct Options {
    /// Check answers, and measure too little for figures that mean anything.
    pub quick: bool,
    pub peers_only: bool,
    /// The directory for the report's files.
    pub out: Option<PathBuf>,
    /// libgasp.so, or its directory.
    pub library: Option<PathBuf>,
    /// The peers' shared object, or its directory.
    pub peers: Option<PathBuf>,
    /// Two builds of libgasp to compare, the old one first; nothing else is measured then.
    pub versus: Option<[PathBuf; 2]>,
    pub questions: Vec<String>,
}

/// The text of `--help`.
pub const HELP: &str = "\
gasp-bench: libgasp beside its peers, on this machine

  --lib PATH     libgasp.so or its directory (default: beside this program, or $GASP_LIB)
  --peers PATH   libgasp_bench_peers.so or its directory (default: beside this program)
  --out DIR      write the report, a file for each question, and gnuplot's scripts there
  --only A,B     ask these questions only: uniform, same, readers, writer, update, batch, fill,
                 memory, dispatch
  --quick        check answers, exercise every path, in seconds; the figures mean nothing
  --peers-only   without libgasp
  --vs OLD NEW   compare two builds of libgasp.so with each other; the same file twice shows the
                 noise
  --help         this text

The report goes to standard output. Exit status: 0; 1 if a design gave a wrong answer or the run
could not be made; 2 for a command line that makes no sense. Missed targets do not change it.
";

impl Options {
    /// Parse the arguments; `None` if they ask for help.
    pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Option<Self>, Error> {
        let mut options = Self {
            quick: false,
            peers_only: false,
            out: None,
            library: std::env::var_os("GASP_LIB").map(PathBuf::from),
            peers: None,
            versus: None,
            questions: NAMES.map(str::to_owned).to_vec(),
        };
        let mut arguments = arguments.into_iter();
        while let Some(argument) = arguments.next() {
            let name = argument.to_string_lossy().into_owned();
            let mut value = || {
                let missing = || Error::Usage(format!("{name} needs a value"));
                arguments.next().ok_or_else(missing)
            };
            match name.as_str() {
                "--quick" => options.quick = true,
                "--peers-only" => options.peers_only = true,
                "--out" => options.out = Some(value()?.into()),
                "--lib" => options.library = Some(value()?.into()),
                "--peers" => options.peers = Some(value()?.into()),
                "--vs" => options.versus = Some([value()?.into(), value()?.into()]),
                "--only" => options.questions = questions(&value()?.to_string_lossy())?,
                "--help" => return Ok(None),
                _ => return Err(Error::Usage(format!("{name}: no such option"))),
            }
        }
        Ok(Some(options))
    }
}

fn questions(list: &str) -> Result<Vec<String>, Error> {
    let known = |name: &str| {
        let name = NAMES.iter().find(|known| **known == name);
        name.map(|name| (*name).to_owned())
    };
    let unknown = |name| Error::Usage(format!("no question is called {name}"));
    list.split(',').map(|name| known(name).ok_or_else(|| unknown(name))).collect()
}

#[cfg(test)]
mod tests {
    use super::Options;

    fn parse(line: &str) -> Option<Options> {
        Options::parse(line.split_whitespace().map(Into::into)).ok().flatten()
    }

    #[test]
    fn questions_are_picked_by_name() {
        let options = parse("--quick --only same,memory");
        assert_eq!(
            options.map(|o| (o.quick, o.questions.join(" "))),
            Some((true, "same memory".into()))
        );
    }

    #[test]
    fn comparison_takes_two_builds() {
        let builds = parse("--vs old.so new.so").and_then(|options| options.versus);
        assert_eq!(builds, Some(["old.so".into(), "new.so".into()]));
        assert_eq!(parse("--vs old.so"), None);
    }

    #[test]
    fn unknown_question_is_refused() {
        assert_eq!(parse("--only everything"), None);
    }
}
