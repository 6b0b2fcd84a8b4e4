//! `load`: copies files into the guest's memory.

#![forbid(unsafe_code)]

use crate::config::LoadConfig;
use gasp_safe::Guest;
use gasp_text::ParseError;
use std::fs;
use std::path::Path;

/// The first bytes of an ELF file.
const ELF: &[u8] = b"\x7fELF";

/// Copies one file.
pub(super) fn load(guest: &Guest, config: &LoadConfig, dir: &Path) -> Result<(), ParseError> {
    let &LoadConfig { position, address, ref file } = config;
    let fail = |message| ParseError { position, message };
    let bytes = read(&dir.join(file)).map_err(|why| fail(format!("expected {why}: {file}")))?;
    guest.write(address, &bytes).map_err(|error| {
        let length = bytes.len();
        fail(format!("expected ram or rom for {length} bytes at {address:#x}: {}", error.message))
    })
}

/// Reads a raw image. The error says what was expected instead.
fn read(file: &Path) -> Result<Vec<u8>, String> {
    let about = fs::metadata(file).map_err(|error| format!("a file that can be read ({error})"))?;
    if !about.is_file() {
        return Err("a regular file".to_owned());
    }
    let bytes = fs::read(file).map_err(|error| format!("a file that can be read ({error})"))?;
    if bytes.is_empty() {
        return Err("a file that is not empty".to_owned());
    }
    if bytes.starts_with(ELF) {
        return Err("a raw image, not an ELF file (objcopy -O binary makes one)".to_owned());
    }
    Ok(bytes)
}
