use crate::cause::link_loop;
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, VecDeque};
use std::ffi::OsString;
use std::io;
use std::path::{Component, Path, PathBuf};

/// File systems that cannot hang because another computer, or another process, is silent.
///
/// Whatever is not named here is looked at in a helper process only.
const LOCAL: &[&str] = &[
    "apfs",
    "bcachefs",
    "bpf",
    "btrfs",
    "cgroup",
    "cgroup2",
    "configfs",
    "debugfs",
    "devfs",
    "devpts",
    "devtmpfs",
    "efivarfs",
    "erofs",
    "exfat",
    "ext2",
    "ext3",
    "ext4",
    "f2fs",
    "hfs",
    "hfsplus",
    "hugetlbfs",
    "iso9660",
    "jfs",
    "mqueue",
    "msdos",
    "nilfs2",
    "nsfs",
    "ntfs",
    "ntfs3",
    "overlay",
    "proc",
    "pstore",
    "ramfs",
    "reiserfs",
    "rootfs",
    "securityfs",
    "squashfs",
    "sysfs",
    "tmpfs",
    "tracefs",
    "udf",
    "vfat",
    "xfs",
    "zfs",
];

/// One line of the mount table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Mount {
    pub(crate) point: PathBuf,
    pub(crate) file_system: String,
    pub(crate) source: String,
    /// The folder of the file system that is seen at the mount point; `/` unless only a part was bound there.
    pub(crate) root: String,
    /// What the file system was told, separated by commas.
    pub(crate) options: String,
}

impl Mount {
    pub(crate) fn is_local(&self) -> bool {
        is_local(&self.file_system)
    }
}

/// Whether file systems of this type cannot be silent.
pub(crate) fn is_local(file_system: &str) -> bool {
    LOCAL.contains(&file_system)
}

/// What is mounted where. Reading it never waits for any of the file systems.
#[derive(Debug)]
pub(crate) struct Mounts {
    by_point: HashMap<PathBuf, Mount>,
}

/// A path with its links followed, as far as that is possible without touching a file system that may be silent.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Reached {
    /// Its real path.
    Whole(PathBuf),
    /// It goes on below this mount point, which was not touched; `path` is the real path so far and what is left.
    Stopped { mount: PathBuf, path: PathBuf },
}

impl Mounts {
    /// This process's mount table; `None` where there is none to be read.
    pub(crate) fn read() -> Option<Self> {
        Some(Self::parse(&Self::table()?))
    }

    /// The same, as the kernel writes it.
    pub(crate) fn table() -> Option<Vec<u8>> {
        if !cfg!(target_os = "linux") {
            return None;
        }
        fs_err::read("/proc/self/mountinfo").ok()
    }

    /// What the system lists as mounted, to tell people of and to know a storage again by; on macOS too, where this program
    /// has no table of its own and the system's `mount` prints one.
    pub(crate) fn listed() -> Option<Self> {
        if !cfg!(target_os = "macos") {
            return Self::read();
        }
        let printed = std::process::Command::new("/sbin/mount").stdin(std::process::Stdio::null()).output().ok()?;
        Some(Self::parse_printed(&printed.stdout))
    }

    pub(crate) fn parse(table: &[u8]) -> Self {
        Self::of_lines(table, parse_line)
    }

    /// What `mount` prints on macOS and BSD.
    pub(crate) fn parse_printed(table: &[u8]) -> Self {
        Self::of_lines(table, parse_printed_line)
    }

    fn of_lines(table: &[u8], parse: impl Fn(&[u8]) -> Option<Mount>) -> Self {
        let mut by_point = HashMap::new();
        for line in table.split(|byte| *byte == b'\n') {
            // Later lines lie on top of earlier ones.
            if let Some(mount) = parse(line) {
                by_point.insert(mount.point.clone(), mount);
            }
        }
        Self { by_point }
    }

    /// What can be seen, in no order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Mount> {
        self.by_point.values()
    }

    /// The mount that a real path is on.
    pub(crate) fn holding(&self, real: &Path) -> Option<&Mount> {
        real.ancestors().find_map(|folder| self.by_point.get(folder))
    }

    /// Whether something is mounted exactly here that another computer or process may leave without an answer.
    pub(crate) fn may_be_silent(&self, point: &Path) -> bool {
        self.by_point.get(point).is_some_and(|mount| !mount.is_local())
    }

    /// Follows the links of an absolute path without touching what is not local.
    pub(crate) fn reach(&self, path: &Path) -> io::Result<Reached> {
        self.reach_by(path, |place| {
            let is_link = fs_err::symlink_metadata(place)?.is_symlink();
            if is_link { fs_err::read_link(place).map(Some) } else { Ok(None) }
        })
    }

    /// The same; `look` says what the link at a place says, and `None` where no link is.
    pub(crate) fn reach_by(
        &self,
        path: &Path,
        mut look: impl FnMut(&Path) -> io::Result<Option<PathBuf>>,
    ) -> io::Result<Reached> {
        let mut real = PathBuf::new();
        let mut pending: VecDeque<OsString> = VecDeque::new();
        let mut links = 0;
        queue(path, &mut real, &mut pending);
        while let Some(name) = pending.pop_front() {
            if name == ".." {
                real.pop();
                continue;
            }
            real.push(&name);
            if self.may_be_silent(&real) {
                let mount = real.clone();
                real.extend(pending);
                return Ok(Reached::Stopped { mount, path: real });
            }
            let Some(target) = look(&real)? else { continue };
            links += 1;
            if links > 40 {
                return Err(link_loop());
            }
            real.pop();
            queue(&target, &mut real, &mut pending);
        }
        Ok(Reached::Whole(real))
    }
}

/// Puts the names of `path` before what is pending; an absolute one starts again.
fn queue(path: &Path, real: &mut PathBuf, pending: &mut VecDeque<OsString>) {
    let mut names = Vec::new();
    for part in path.components() {
        match part {
            Component::Prefix(_) | Component::RootDir => real.push(part),
            Component::CurDir => {}
            Component::ParentDir | Component::Normal(_) => names.push(part.as_os_str().to_owned()),
        }
    }
    for name in names.into_iter().rev() {
        pending.push_front(name);
    }
}

/// `36 35 98:0 /mnt1 /mnt/parent rw,noatime master:1 - ext3 /dev/root rw,errors=continue`
fn parse_line(line: &[u8]) -> Option<Mount> {
    let mut fields = line.split(|byte| *byte == b' ');
    let root = String::from_utf8_lossy(&unescape(fields.nth(3)?)).into_owned();
    let point = unescape(fields.next()?);
    let mut after = fields.skip_while(|field| *field != b"-").skip(1);
    let file_system = String::from_utf8_lossy(&unescape(after.next()?)).into_owned();
    let source = String::from_utf8_lossy(&unescape(after.next()?)).into_owned();
    let options = after.next().map(|field| String::from_utf8_lossy(field).into_owned()).unwrap_or_default();
    Some(Mount { point: path_of(point)?, file_system, source, root, options })
}

/// `//amick@vast01/talmo on /Volumes/talmo (smbfs, nodev, nosuid, mounted by amick)`
fn parse_printed_line(line: &[u8]) -> Option<Mount> {
    // A file system's options hold no parenthesis; a share's name may hold anything, ` on ` included.
    let line = line.strip_suffix(b")")?;
    let open = line.windows(2).rposition(|pair| pair == b" (")?;
    let options = line.get(open + 2..)?;
    let named = line.get(..open)?;
    let on = named.windows(5).position(|part| part == b" on /")?;
    let file_system = options.split(|byte| *byte == b',').next().unwrap_or_default();
    Some(Mount {
        point: path_of(named.get(on + 4..)?.to_vec())?,
        file_system: String::from_utf8_lossy(file_system).into_owned(),
        source: String::from_utf8_lossy(named.get(..on)?).into_owned(),
        root: "/".to_owned(),
        options: String::from_utf8_lossy(options).into_owned(),
    })
}

#[cfg(unix)]
fn path_of(bytes: Vec<u8>) -> Option<PathBuf> {
    use std::os::unix::ffi::OsStringExt;
    Some(OsString::from_vec(bytes).into())
}

#[cfg(not(unix))]
fn path_of(bytes: Vec<u8>) -> Option<PathBuf> {
    String::from_utf8(bytes).ok().map(PathBuf::from)
}

/// Undoes the kernel's `\040` for a space and the like.
fn unescape(field: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field;
    while let [first, tail @ ..] = rest {
        if let (b'\\', [a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', tail @ ..]) = (first, tail) {
            bytes.push((a - b'0') * 64 + (b - b'0') * 8 + (c - b'0'));
            rest = tail;
        } else {
            bytes.push(*first);
            rest = tail;
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &[u8] = b"27 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n\
        40 27 0:50 / /mnt/my\\040share rw master:1 shared:2 - nfs4 vast01:/talmo\\134x rw,vers=4.2\n\
        41 27 0:51 / /mnt/auto rw - autofs systemd-1 rw\n\
        42 41 0:52 / /mnt/auto rw - tmpfs tmpfs rw\n\
        nonsense\n\n7 7 7\n";

    #[test]
    fn reads_the_kernels_table() {
        let mounts = Mounts::parse(TABLE);
        let share = mounts.holding(Path::new("/mnt/my share/amick/x.slp")).unwrap();
        assert_eq!((share.file_system.as_str(), share.source.as_str()), ("nfs4", r"vast01:/talmo\x"));
        assert!(!share.is_local());
        assert_eq!(mounts.holding(Path::new("/mnt/my share2")).unwrap().point, Path::new("/"));
    }

    #[test]
    fn reads_what_macos_prints() {
        let mounts = Mounts::parse_printed(
            b"/dev/disk3s1s1 on / (apfs, sealed, local, read-only, journaled)\n\
              devfs on /dev (devfs, local, nobrowse)\n\
              map auto_home on /System/Volumes/Data/home (autofs, automounted, nobrowse)\n\
              //amick@vast01/talmo on /Volumes/talmo-1 (smbfs, nodev, nosuid, mounted by amick)\n\
              vast01:/labs (old) on /Volumes/labs (old) (nfs, nodev)\n\
              nonsense (x)\nnonsense\n\n",
        );
        let of = |path: &str| {
            mounts.holding(Path::new(path)).map(|mount| (mount.source.as_str(), mount.file_system.as_str()))
        };
        assert_eq!(of("/Volumes/talmo-1/amick"), Some(("//amick@vast01/talmo", "smbfs")));
        assert_eq!(of("/Volumes/labs (old)/x"), Some(("vast01:/labs (old)", "nfs")));
        assert_eq!(of("/Volumes/talmo"), Some(("/dev/disk3s1s1", "apfs")));
        assert_eq!(of("/System/Volumes/Data/home"), Some(("map auto_home", "autofs")));
        assert_eq!(mounts.iter().count(), 5);
        assert!(mounts.holding(Path::new("/dev/null")).unwrap().is_local());
    }

    #[test]
    fn the_later_of_two_mounts_on_one_point_counts() {
        assert_eq!(Mounts::parse(TABLE).holding(Path::new("/mnt/auto/x")).unwrap().file_system, "tmpfs");
    }

    #[cfg(unix)]
    #[test]
    fn stops_before_a_mount_that_may_be_silent_also_behind_links() {
        let folder = tempfile::tempdir().unwrap();
        let top = folder.path().canonicalize().unwrap();
        std::fs::create_dir(top.join("here")).unwrap();
        std::fs::write(top.join("here/file"), "").unwrap();
        // Nothing is at `share`: touching it would be an error.
        std::os::unix::fs::symlink(top.join("share/inner"), top.join("here/link")).unwrap();
        std::os::unix::fs::symlink("../here/../here", top.join("here/round")).unwrap();
        let table = format!("1 1 0:1 / / rw - ext4 a rw\n2 1 0:2 / {}/share rw - nfs4 b rw\n", top.display());
        let mounts = Mounts::parse(table.as_bytes());
        let stopped = Reached::Stopped { mount: top.join("share"), path: top.join("share/inner/x") };
        assert_eq!(mounts.reach(&top.join("here/link/x")).unwrap(), stopped);
        assert_eq!(mounts.reach(&top.join("here/round/file")).unwrap(), Reached::Whole(top.join("here/file")));
        assert_eq!(mounts.reach(&top.join("here/none")).unwrap_err().kind(), io::ErrorKind::NotFound);
        assert_eq!(mounts.reach(&top.join("here/file/x")).unwrap_err().kind(), io::ErrorKind::NotADirectory);
    }
}
