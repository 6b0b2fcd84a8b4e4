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
    pub(crate) vdevs: &'a mut Vdevs,
    /// The directories of `--vdev-path`.
    pub(crate) search: &'a [PathBuf],
}

impl Outside for Files<'_> {
    fn load_vdev(&mut self, name: &str) -> Result<OptionList, String> {
        self.vdevs.load(name)
    }

    fn vdevs(&self) -> Vec<String> {
        let libraries = env::var_os("LD_LIBRARY_PATH").unwrap_or_default();
        let directories = self.search.iter().cloned().chain(env::split_paths(&libraries));
        let directories = directories.chain(installed());
        let entries = directories.filter_map(|directory| fs::read_dir(directory).ok()).flatten();
        let files = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        let name = |file: String| Some(file.strip_prefix("vdev-")?.strip_suffix(".so")?.to_owned());
        files.filter_map(name).collect::<BTreeSet<_>>().into_iter().collect()
    }

    fn read_file(&self, name: &str) -> Result<Vec<u8>, String> {
        fs::read(name).map_err(|error| error.to_string())
    }

    fn variable(&self, name: &str) -> Option<String> {
        env::var(name).ok()
    }
}
