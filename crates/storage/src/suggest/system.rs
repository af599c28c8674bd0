//! What the three systems say of their mounts, and what of it is a share.

use super::share::Share;
use crate::Platform;
use crate::mounts::Mount;
use std::path::Path;

/// Whether a file system of this name, as the mount table has it, lies on another computer.
pub fn is_network_file_system(name: &str) -> bool {
    network_type(name).is_some()
}

/// The configuration's `type` for a file system that lies on another computer; none for the others.
fn network_type(file_system: &str) -> Option<&'static str> {
    let plain = file_system.strip_prefix("fuse.").unwrap_or(file_system);
    Some(match plain.to_ascii_lowercase().as_str() {
        "nfs" | "nfs3" | "nfs4" => "nfs",
        "cifs" | "smb2" | "smb3" | "smbfs" | "smbnetfs" => "smb",
        "afpfs" => "afp",
        "afs" | "openafs" => "afs",
        "lustre" => "lustre",
        "beegfs" | "fhgfs" => "beegfs",
        "ceph" | "ceph-fuse" => "ceph",
        "gpfs" => "gpfs",
        "glusterfs" => "glusterfs",
        "9p" => "9p",
        "sshfs" => "sshfs",
        "rclone" => "rclone",
        "google-drive-ocamlfuse" => "google_drive",
        "gcsfuse" => "gcs",
        "s3fs" | "goofys" | "mount-s3" | "geesefs" => "s3",
        "davfs" | "davfs2" | "webdav" => "webdav",
        "juicefs" | "mfs" | "orangefs" | "panfs" | "pvfs2" | "seaweedfs" | "virtiofs" | "wekafs" | "ncpfs"
        | "vboxsf" | "prl_fs" => "network",
        _ => return None,
    })
}

/// The `type` of a mount that lies on another computer. One of a program's own making does where its source names a server.
pub(super) fn network_type_of(mount: &Mount) -> Option<&'static str> {
    network_type(&mount.file_system).or_else(|| {
        let of_a_program = mount.file_system == "fuse" || mount.file_system.starts_with("fuse.");
        let share = Share::of(&mount.source);
        (of_a_program && !share.server.is_empty() && (!share.path.is_empty() || mount.source.ends_with(":/")))
            .then_some("network")
    })
}

/// Places that belong to the system: no lab keeps its storage there.
pub(super) fn is_the_systems(point: &Path, platform: Platform) -> bool {
    const LINUX: &[&str] = &[
        "/boot", "/dev", "/etc", "/lib", "/lib32", "/lib64", "/nix", "/proc", "/run", "/sbin", "/bin", "/snap", "/sys",
        "/usr", "/var",
    ];
    const MAC: &[&str] = &["/System", "/private/var", "/dev", "/usr", "/Library", "/nix"];
    let (places, exceptions): (&[&str], &[&str]) = match platform {
        Platform::Linux => (LINUX, &["/run/media", "/run/mount"]),
        Platform::MacOs => (MAC, &["/System/Volumes/Data/mnt", "/System/Volumes/Data/Volumes"]),
        Platform::Windows => (&[], &[]),
    };
    let below = |places: &[&str]| places.iter().any(|place| point.starts_with(place));
    point == Path::new("/") || (below(places) && !below(exceptions))
}

/// The answer of Windows's `net use`, in any language: a drive, and what it is connected to.
pub(super) fn windows_table(text: &str) -> Vec<Mount> {
    text.lines()
        .filter_map(|line| {
            let remote_at = line.find(r"\\")?;
            let drive = line[..remote_at].split_whitespace().last()?;
            let [letter, b':'] = drive.as_bytes() else { return None };
            // What follows the name stands two spaces away, or on the next line.
            let remote = line[remote_at..].split("  ").next()?.trim_end();
            letter.is_ascii_alphabetic().then(|| Mount {
                point: format!("{}:\\", char::from(letter.to_ascii_uppercase())).into(),
                file_system: "smb3".to_owned(),
                source: remote.to_owned(),
                root: "/".to_owned(),
                options: String::new(),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(mounts: &[Mount]) -> Vec<String> {
        let line = |mount: &Mount| format!("{} {} {}", mount.point.display(), mount.file_system, mount.source);
        mounts.iter().map(line).collect()
    }

    #[test]
    fn windowss_table_in_two_languages() {
        let english = "New connections will be remembered.\r\n\r\n\
            Status       Local     Remote                    Network\r\n\r\n\
            ---------------------------------------------------------------\r\n\
            OK           Z:        \\\\vast01\\talmo            Microsoft Windows Network\r\n\
            Disconnected y:        \\\\nas\\my photos           Microsoft Windows Network\r\n\
            OK                     \\\\vast01\\IPC$             Microsoft Windows Network\r\n\
            \x20            X:        \\\\a-very-long-name.example.org\\share\r\n\
            \x20                                               Microsoft Windows Network\r\n\
            The command completed successfully.\r\n";
        assert_eq!(
            shown(&windows_table(english)),
            [r"Z:\ smb3 \\vast01\talmo", r"Y:\ smb3 \\nas\my photos", r"X:\ smb3 \\a-very-long-name.example.org\share",]
        );
        let german = "Getrennt     Z:        \\\\vast01\\talmo            Microsoft Windows Network\n";
        assert_eq!(shown(&windows_table(german)), [r"Z:\ smb3 \\vast01\talmo"]);
    }

    #[test]
    fn every_type_that_is_told_is_one_that_a_configuration_knows_as_a_networks() {
        for name in [
            "nfs4",
            "cifs",
            "smb3",
            "fuse.sshfs",
            "lustre",
            "beegfs",
            "ceph",
            "9p",
            "fuse.rclone",
            "fuse.gcsfuse",
            "fuse.s3fs",
            "davfs",
            "afpfs",
            "wekafs",
            "gpfs",
            "fuse.glusterfs",
            "smbfs",
            "fuse.google-drive-ocamlfuse",
        ] {
            let kind = network_type(name).unwrap_or_else(|| panic!("{name}"));
            assert!(crate::health::is_network_type(Some(kind)), "{name}: {kind}");
        }
        for name in ["ext4", "overlay", "tmpfs", "autofs", "fuse.gvfsd-fuse", "fuse.portal", "fuse.lxcfs", "fusectl"] {
            assert_eq!(network_type(name), None, "{name}");
        }
    }
}
