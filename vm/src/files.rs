//! What a configuration names: files, vdevs, the environment.

#![forbid(unsafe_code)]

use crate::config::{OptionList, Outside};
use crate::vdevs::{Vdevs, installed};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::{env, fs};

/// The files of this process's directories.
#[derive(Debug)]
pub(crate) struct Files<'a> {
    vdevs: &'a mut Vdevs,
    search: &'a [PathBuf],
    /// Whether the vdevs that are there have been listed.
    has_listed: bool,
}

impl Outside for Files<'_> {
    fn load_vdev(&mut self, name: &str) -> Result<OptionList, String> {
        let refused = match self.vdevs.load(name) {
            Ok(options) => return Ok(options),
            Err(why) => why,
        };
        let names = self.names();
        if names.is_empty() || core::mem::replace(&mut self.has_listed, true) {
            return Err(refused);
        }
        Err(format!("{refused}; the vdevs here are {}", names.join(", ")))
    }

    fn read_file(&self, name: &str) -> Result<Vec<u8>, String> {
        fs::read(name).map_err(|error| error.to_string())
    }

    fn variable(&self, name: &str) -> Option<String> {
        env::var(name).ok()
    }
}

impl<'a> Files<'a> {
    /// `search`: the directories of `--vdev-path`.
    pub(crate) fn new(vdevs: &'a mut Vdevs, search: &'a [PathBuf]) -> Self {
        Self { vdevs, search, has_listed: false }
    }

    /// The names of all vdevs in the directories that are searched, sorted.
    fn names(&self) -> Vec<String> {
        let libraries = env::var_os("LD_LIBRARY_PATH").unwrap_or_default();
        let directories = self.search.iter().cloned().chain(env::split_paths(&libraries));
        let directories = directories.chain(installed());
        let entries = directories.filter_map(|directory| fs::read_dir(directory).ok()).flatten();
        let files = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        let name = |file: String| Some(file.strip_prefix("vdev-")?.strip_suffix(".so")?.to_owned());
        files.filter_map(name).collect::<BTreeSet<_>>().into_iter().collect()
    }
}
