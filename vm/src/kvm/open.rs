//! Opens `/dev/kvm`, and says what to do if that fails.

#![forbid(unsafe_code)]

use super::error::KvmError;
use kvm_ioctls::{Cap, Kvm};
use std::fs;
use std::os::unix::fs::MetadataExt;

const DEVICE: &str = "/dev/kvm";
/// What a machine needs.
const CAPABILITIES: [Cap; 3] = [Cap::UserMemory, Cap::ReadonlyMem, Cap::ImmediateExit];

/// Opens KVM, if it has what a machine needs.
pub(super) fn open() -> Result<Kvm, KvmError> {
    let kvm = Kvm::new().map_err(|error| match error.errno() {
        // A device node without a driver behind it is no KVM either.
        libc::ENOENT | libc::ENODEV | libc::ENXIO => KvmError::Missing(error),
        libc::EACCES | libc::EPERM => KvmError::Denied { error, advice: advice(error.errno()) },
        _ => KvmError::Unusable(error),
    })?;
    let version = kvm.get_api_version();
    if version != i32::try_from(kvm_bindings::KVM_API_VERSION).unwrap_or(i32::MAX) {
        return Err(KvmError::Version(version));
    }
    match CAPABILITIES.into_iter().find(|cap| !kvm.check_extension(*cap)) {
        Some(cap) => Err(KvmError::Capability(cap)),
        None => Ok(kvm),
    }
}

/// The reason why this user may not open the device, and what helps.
fn advice(errno: i32) -> String {
    let Ok(about) = fs::metadata(DEVICE) else { return "its directory cannot be read".to_owned() };
    let groups = fs::read_to_string("/etc/group").unwrap_or_default();
    explain(errno, about.mode(), &group_name(&groups, about.gid()))
}

fn explain(errno: i32, mode: u32, group: &str) -> String {
    let mode = mode & 0o777;
    if errno == libc::EPERM {
        return "this container may not use the device: give it to the container (docker run \
                --device /dev/kvm)"
            .to_owned();
    }
    // Nobody should be in the group root.
    if mode & 0o060 == 0o060 && group != "root" {
        return format!(
            "it belongs to group {group}, and you do not: join it (sudo usermod -aG {group} USER) \
             and log in again"
        );
    }
    format!(
        "its group is {group}, its mode {mode:04o}: open it to group kvm (sudo chgrp kvm {DEVICE}; \
         sudo chmod 660 {DEVICE}), join the group and log in again"
    )
}

/// The name of a group, from `/etc/group`; its number if it is not there.
fn group_name(groups: &str, gid: u32) -> String {
    let number = gid.to_string();
    let line = groups.lines().find(|line| line.split(':').nth(2) == Some(&number));
    line.and_then(|line| line.split(':').next()).map_or(number.clone(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_group() {
        let groups = "root:x:0:\nkvm:x:108:me,you\n";
        assert_eq!(group_name(groups, 108), "kvm");
        assert_eq!(group_name(groups, 10), "10");
        assert_eq!(group_name("", 10), "10");
    }

    #[test]
    fn advice_fits_the_reason() {
        let text = explain(libc::EACCES, 0o20660, "kvm");
        assert!(text.contains("usermod -aG kvm"), "{text}");
        let text = explain(libc::EACCES, 0o20600, "root");
        assert!(text.contains("mode 0600") && text.contains("chmod 660"), "{text}");
        let text = explain(libc::EACCES, 0o20660, "root");
        assert!(text.contains("chgrp kvm"), "{text}");
        let text = explain(libc::EPERM, 0o20666, "kvm");
        assert!(text.contains("container"), "{text}");
    }
}
