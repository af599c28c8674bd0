use crate::gate::Gate;
use fuser::{
    BackgroundSession, Config, Errno, FileAttr, FileHandle, FileType, Filesystem, Generation, INodeNo, LockOwner,
    MountOption, OpenFlags, ReplyAttr, ReplyData, ReplyDirectory, ReplyEntry, ReplyStatfs, Request,
};
use std::ffi::OsStr;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tempfile::TempDir;

/// What the mount table calls a mount that nobody named.
const SOURCE: &str = "testkit:/share";

/// A real FUSE mount with a few files in it, whose server can be stopped: then it takes questions and answers none, as a
/// file server that died, and whoever asked hangs where even SIGKILL does not reach.
///
/// The server is a thread of this process. Dropping the value lets everybody go and unmounts; if the process dies first,
/// a small process that waits for that unmounts.
#[derive(Debug)]
pub struct FuseMount {
    gate: Arc<Gate>,
    guard: Child,
    _session: BackgroundSession,
    point: PathBuf,
    _folder: TempDir,
}

impl FuseMount {
    /// Mounts a file system with these files, by relative path, on a folder of its own.
    ///
    /// # Panics
    /// Where FUSE cannot be used.
    pub fn new(files: &[(&str, &str)]) -> Self {
        Self::mount(files, SOURCE, &[])
    }

    /// Likewise, as the share `source`: tests that look for a share must not find another test's.
    ///
    /// # Panics
    /// Where FUSE cannot be used.
    pub fn of_share(source: &str, files: &[(&str, &str)]) -> Self {
        Self::mount(files, source, &[])
    }

    /// Likewise, mounted read-only.
    ///
    /// # Panics
    /// Where FUSE cannot be used.
    pub fn read_only(files: &[(&str, &str)]) -> Self {
        Self::mount(files, SOURCE, &[MountOption::RO])
    }

    fn mount(files: &[(&str, &str)], source: &str, options: &[MountOption]) -> Self {
        Self::try_mount(files, source, options).unwrap_or_else(|error| {
            panic!(
                "cannot mount a FUSE file system: {error}\n\
                 This test needs /dev/fuse and fusermount3. Install Debian's `fuse3`; in a container allow it with \
                 `--device /dev/fuse --cap-add SYS_ADMIN --security-opt apparmor=unconfined`."
            )
        })
    }

    fn try_mount(files: &[(&str, &str)], source: &str, options: &[MountOption]) -> std::io::Result<Self> {
        let folder = tempfile::tempdir()?;
        let point = folder.path().canonicalize()?.join("mount");
        fs_err::create_dir(&point)?;
        let gate = Arc::new(Gate::default());
        // Before the mount, so that nothing is ever mounted unguarded; and out of our process group, so that it outlives us.
        let guard = Command::new("sh")
            .args(["-c", r#"read _; fusermount3 -u -z "$1" || umount -l "$1""#, "sh"])
            .arg(&point)
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let mut config = Config::default();
        config.mount_options = [&[MountOption::FSName(source.to_owned())], options].concat();
        let session = fuser::spawn_mount(Files::new(files, Arc::clone(&gate)), &point, &config)?;
        Ok(Self { gate, guard, _session: session, point, _folder: folder })
    }

    /// Where it is mounted: a real path, without links.
    pub fn path(&self) -> &Path {
        &self.point
    }

    /// The server falls silent.
    pub fn stop(&self) {
        self.gate.set_shut(true);
    }

    /// The server answers again, also what it was asked meanwhile.
    pub fn resume(&self) {
        self.gate.set_shut(false);
    }
}

impl Drop for FuseMount {
    fn drop(&mut self) {
        self.gate.set_shut(false);
        drop(self.guard.stdin.take());
        // It ends by itself once it has unmounted.
        let _ = self.guard.wait();
    }
}

struct Node {
    parent: u64,
    name: String,
    /// None for a folder.
    content: Option<String>,
}

/// Inode 1 is the first node, and so on.
struct Files {
    nodes: Vec<Node>,
    gate: Arc<Gate>,
}

/// Nothing is remembered by the kernel: every look is a question to the server.
const TTL: Duration = Duration::ZERO;

impl Files {
    fn new(files: &[(&str, &str)], gate: Arc<Gate>) -> Self {
        let mut this = Self { nodes: vec![Node { parent: 1, name: String::new(), content: None }], gate };
        for (path, content) in files {
            let mut folder = 1;
            let mut names = path.split('/').filter(|name| !name.is_empty()).peekable();
            while let Some(name) = names.next() {
                let is_file = names.peek().is_none() && !path.ends_with('/');
                folder = this.find(folder, name).unwrap_or_else(|| {
                    let content = is_file.then(|| (*content).to_owned());
                    this.nodes.push(Node { parent: folder, name: name.to_owned(), content });
                    this.nodes.len() as u64
                });
            }
        }
        this
    }

    fn numbered(&self) -> impl Iterator<Item = (u64, &Node)> {
        (1..).zip(&self.nodes)
    }

    fn find(&self, folder: u64, name: &str) -> Option<u64> {
        let found = self.numbered().skip(1).find(|(_, node)| node.parent == folder && node.name == name);
        found.map(|(number, _)| number)
    }

    fn node(&self, inode: INodeNo) -> Option<&Node> {
        self.nodes.get(usize::try_from(u64::from(inode)).ok()?.checked_sub(1)?)
    }

    fn attributes(&self, inode: INodeNo) -> Option<FileAttr> {
        let size = self.node(inode)?.content.as_ref().map(|content| content.len() as u64);
        let time = SystemTime::UNIX_EPOCH;
        Some(FileAttr {
            ino: inode,
            size: size.unwrap_or(0),
            blocks: 1,
            atime: time,
            mtime: time,
            ctime: time,
            crtime: time,
            kind: if size.is_some() { FileType::RegularFile } else { FileType::Directory },
            perm: if size.is_some() { 0o644 } else { 0o755 },
            nlink: 1,
            uid: 0,
            gid: 0,
            rdev: 0,
            blksize: 512,
            flags: 0,
        })
    }
}

impl Filesystem for Files {
    fn lookup(&self, _req: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        self.gate.pass();
        let found = name.to_str().and_then(|name| self.find(u64::from(parent), name));
        match found.and_then(|number| self.attributes(INodeNo(number))) {
            Some(attributes) => reply.entry(&TTL, &attributes, Generation(0)),
            None => reply.error(Errno::ENOENT),
        }
    }

    fn getattr(&self, _req: &Request, inode: INodeNo, _handle: Option<FileHandle>, reply: ReplyAttr) {
        self.gate.pass();
        match self.attributes(inode) {
            Some(attributes) => reply.attr(&TTL, &attributes),
            None => reply.error(Errno::ENOENT),
        }
    }

    fn read(
        &self,
        _req: &Request,
        inode: INodeNo,
        _handle: FileHandle,
        offset: u64,
        size: u32,
        _flags: OpenFlags,
        _lock_owner: Option<LockOwner>,
        reply: ReplyData,
    ) {
        self.gate.pass();
        let content = self.node(inode).and_then(|node| node.content.as_deref()).unwrap_or_default().as_bytes();
        let start = usize::try_from(offset).unwrap_or(usize::MAX).min(content.len());
        let end = start.saturating_add(size as usize).min(content.len());
        reply.data(content.get(start..end).unwrap_or_default());
    }

    fn readdir(&self, _req: &Request, inode: INodeNo, _handle: FileHandle, offset: u64, mut reply: ReplyDirectory) {
        self.gate.pass();
        let folder = u64::from(inode);
        let own = [(folder, FileType::Directory, "."), (1, FileType::Directory, "..")];
        let within = self.numbered().skip(1).filter(|(_, node)| node.parent == folder).map(|(number, node)| {
            let kind = if node.content.is_some() { FileType::RegularFile } else { FileType::Directory };
            (number, kind, node.name.as_str())
        });
        for (next, (number, kind, name)) in (1..).zip(own.into_iter().chain(within)) {
            if next > offset && reply.add(INodeNo(number), next, kind, name) {
                break;
            }
        }
        reply.ok();
    }

    fn statfs(&self, _req: &Request, _inode: INodeNo, reply: ReplyStatfs) {
        self.gate.pass();
        reply.statfs(1000, 500, 500, 100, 50, 512, 255, 512);
    }
}
