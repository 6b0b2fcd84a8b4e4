//! The name of a core file, from the time.

#![allow(unsafe_code)]

use core::mem::MaybeUninit;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// How many files of one second there are beside the first.
const CLASHES: u32 = 9;
/// A guest's memory is for the user who runs it.
const MODE: u32 = 0o600;

/// Makes a file with the name of now. The error has the path that failed.
pub(super) fn create(
    directory: &Path,
    prefix: &str,
) -> Result<(PathBuf, File), (PathBuf, io::Error)> {
    create_at(directory, &format!("{prefix}-{}", now()))
}

fn create_at(directory: &Path, stem: &str) -> Result<(PathBuf, File), (PathBuf, io::Error)> {
    let path = |suffix: &str| directory.join(format!("{stem}{suffix}.gcore"));
    let mut found = open(path(""));
    for clash in 1..=CLASHES {
        match &found {
            Err((_, error)) if error.kind() == io::ErrorKind::AlreadyExists => {
                found = open(path(&format!("-{clash}")));
            }
            _ => break,
        }
    }
    found
}

fn open(path: PathBuf) -> Result<(PathBuf, File), (PathBuf, io::Error)> {
    match OpenOptions::new().write(true).create_new(true).mode(MODE).open(&path) {
        Ok(file) => Ok((path, file)),
        Err(error) => Err((path, error)),
    }
}

/// YYYYMMDD-hhmmss of now, in local time.
fn now() -> String {
    // SAFETY: NULL: the time is only returned.
    let seconds = unsafe { libc::time(core::ptr::null_mut()) };
    let mut parts = MaybeUninit::<libc::tm>::zeroed();
    // SAFETY: the time can be read, and the parts written. A failure leaves zeros.
    unsafe { libc::localtime_r(&raw const seconds, parts.as_mut_ptr()) };
    // SAFETY: zeros are valid, too.
    stamp(&unsafe { parts.assume_init() })
}

fn stamp(parts: &libc::tm) -> String {
    format!(
        "{:04}{:02}{:02}-{:02}{:02}{:02}",
        parts.tm_year.saturating_add(1900),
        parts.tm_mon.saturating_add(1),
        parts.tm_mday,
        parts.tm_hour,
        parts.tm_min,
        parts.tm_sec
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time() {
        // SAFETY: zeros are valid.
        let mut parts: libc::tm = unsafe { MaybeUninit::zeroed().assume_init() };
        (parts.tm_year, parts.tm_mon, parts.tm_mday) = (126, 0, 9);
        (parts.tm_hour, parts.tm_min, parts.tm_sec) = (7, 5, 3);
        assert_eq!(stamp(&parts), "20260109-070503");
        assert_eq!(now().len(), 15);
    }

    #[test]
    fn the_eleventh_file_of_a_second_is_not_written() {
        let directory = super::super::tests::directory("clash");
        let made: Vec<_> = (0..10)
            .map(|_| create_at(&directory, "box-1").expect("no file").0)
            .map(|path| path.file_name().expect("no name").to_string_lossy().into_owned())
            .collect();
        assert_eq!(made[..2], ["box-1.gcore", "box-1-1.gcore"]);
        assert_eq!(made[9], "box-1-9.gcore");
        let (path, error) = create_at(&directory, "box-1").expect_err("a file");
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        assert!(path.ends_with("box-1-9.gcore"));
    }

    #[test]
    fn a_directory_that_is_missing() {
        let directory = super::super::tests::directory("missing").join("none");
        let (path, error) = create_at(&directory, "box-1").expect_err("a file");
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        assert!(path.ends_with("none/box-1.gcore"));
    }
}
