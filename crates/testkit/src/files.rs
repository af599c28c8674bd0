use crate::gate::Gate;
use fuser::{
    BsdFileFlags, Errno, FileAttr, FileHandle, FileType, Filesystem, FopenFlags, Generation, INodeNo, LockOwner,
    OpenFlags, RenameFlags, ReplyAttr, ReplyCreate, ReplyData, ReplyDirectory, ReplyEmpty, ReplyEntry, ReplyStatfs,
    ReplyWrite, Request, TimeOrNow, WriteFlags,
};
use std::ffi::OsStr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

/// What goes wrong on a file server that answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// The quota is used up: files can be made, and nothing written into them. There is room for others.
    Quota,
    /// Nobody may make or write anything, whatever the rights say: root, where the server squashes it.
    Denied,
    /// It was mounted read-only under those who write, as a system does whose disk breaks.
    ReadOnly,
    /// The server knows no file any more that was opened or found before.
    Stale,
}

#[derive(Clone)]
struct Node {
    parent: u64,
    name: String,
    /// None for a folder.
    content: Option<Vec<u8>>,
    /// A file where a program listens; that is the kernel's affair.
    socket: bool,
    modified: SystemTime,
}

/// A small file system in memory. Inode 1 is the first node, and so on; numbers are not given again.
pub(crate) struct Files {
    nodes: Mutex<Vec<Option<Node>>>,
    writable: bool,
    gate: Arc<Gate>,
    trouble: Arc<Mutex<Option<Trouble>>>,
}

/// Nothing is remembered by the kernel: every look is a question to the server.
const TTL: Duration = Duration::ZERO;

/// As modes say it on Linux.
const FILE_KIND: u32 = 0o170_000;
const SOCKET: u32 = 0o140_000;

type Nodes = Vec<Option<Node>>;

impl Files {
    pub(crate) fn new(
        files: &[(&str, &str)],
        writable: bool,
        gate: Arc<Gate>,
        trouble: Arc<Mutex<Option<Trouble>>>,
    ) -> Self {
        let mut nodes: Nodes = Vec::new();
        add(&mut nodes, 1, "", None, SystemTime::UNIX_EPOCH);
        for (path, content) in files {
            let mut folder = 1;
            let mut names = path.split('/').filter(|name| !name.is_empty()).peekable();
            while let Some(name) = names.next() {
                let is_file = names.peek().is_none() && !path.ends_with('/');
                folder = find(&nodes, folder, name).unwrap_or_else(|| {
                    let content = is_file.then(|| content.as_bytes().to_vec());
                    add(&mut nodes, folder, name, content, SystemTime::UNIX_EPOCH)
                });
            }
        }
        Self { nodes: Mutex::new(nodes), writable, gate, trouble }
    }

    fn nodes(&self) -> MutexGuard<'_, Nodes> {
        self.nodes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn has(&self, wanted: Trouble) -> bool {
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) == Some(wanted)
    }

    /// Whoever asks anything comes through here.
    fn enter(&self) -> Result<(), Errno> {
        self.gate.pass();
        if self.has(Trouble::Stale) { Err(Errno::ESTALE) } else { Ok(()) }
    }

    /// Whoever wants to change something.
    fn enter_to_change(&self) -> Result<(), Errno> {
        self.enter()?;
        match self.writable {
            false => Err(Errno::ENOSYS),
            true if self.has(Trouble::Denied) => Err(Errno::EACCES),
            true if self.has(Trouble::ReadOnly) => Err(Errno::EROFS),
            true => Ok(()),
        }
    }

    fn looked_up(&self, parent: INodeNo, name: &OsStr) -> Result<FileAttr, Errno> {
        self.enter()?;
        let nodes = self.nodes();
        let found = name.to_str().and_then(|name| find(&nodes, u64::from(parent), name));
        found.and_then(|number| attributes(&nodes, number)).ok_or(Errno::ENOENT)
    }

    /// Makes a file or a folder.
    fn made(&self, parent: INodeNo, name: &OsStr, content: Option<Vec<u8>>) -> Result<FileAttr, Errno> {
        self.enter_to_change()?;
        let name = name.to_str().ok_or(Errno::EINVAL)?;
        let mut nodes = self.nodes();
        if find(&nodes, u64::from(parent), name).is_some() {
            return Err(Errno::EEXIST);
        }
        let number = add(&mut nodes, u64::from(parent), name, content, SystemTime::now());
        attributes(&nodes, number).ok_or(Errno::EIO)
    }

    fn removed(&self, parent: INodeNo, name: &OsStr) -> Result<(), Errno> {
        self.enter_to_change()?;
        let mut nodes = self.nodes();
        let found = name.to_str().and_then(|name| find(&nodes, u64::from(parent), name)).ok_or(Errno::ENOENT)?;
        if numbered(&nodes).any(|(number, node)| number != 1 && node.parent == found) {
            return Err(Errno::ENOTEMPTY);
        }
        nodes[found as usize - 1] = None;
        Ok(())
    }

    fn renamed(&self, from: (INodeNo, &OsStr), to: (INodeNo, &OsStr)) -> Result<(), Errno> {
        self.enter_to_change()?;
        let mut nodes = self.nodes();
        let found = from.1.to_str().and_then(|name| find(&nodes, u64::from(from.0), name)).ok_or(Errno::ENOENT)?;
        let name = to.1.to_str().ok_or(Errno::EINVAL)?;
        if let Some(replaced) = find(&nodes, u64::from(to.0), name) {
            nodes[replaced as usize - 1] = None;
        }
        let node = node_mut(&mut nodes, found).ok_or(Errno::ENOENT)?;
        (node.parent, node.name) = (u64::from(to.0), name.to_owned());
        Ok(())
    }

    /// Writes, or cuts, a file.
    fn changed(&self, inode: INodeNo, change: impl FnOnce(&mut Vec<u8>)) -> Result<FileAttr, Errno> {
        self.enter_to_change()?;
        let mut nodes = self.nodes();
        let node = node_mut(&mut nodes, u64::from(inode)).ok_or(Errno::ENOENT)?;
        change(node.content.as_mut().ok_or(Errno::EISDIR)?);
        node.modified = SystemTime::now();
        attributes(&nodes, u64::from(inode)).ok_or(Errno::EIO)
    }
}

fn add(nodes: &mut Nodes, parent: u64, name: &str, content: Option<Vec<u8>>, modified: SystemTime) -> u64 {
    nodes.push(Some(Node { parent, name: name.to_owned(), content, socket: false, modified }));
    nodes.len() as u64
}

fn numbered(nodes: &Nodes) -> impl Iterator<Item = (u64, &Node)> {
    (1..).zip(nodes).filter_map(|(number, node)| Some((number, node.as_ref()?)))
}

fn find(nodes: &Nodes, folder: u64, name: &str) -> Option<u64> {
    let found = numbered(nodes).skip(1).find(|(_, node)| node.parent == folder && node.name == name);
    found.map(|(number, _)| number)
}

fn node(nodes: &Nodes, number: u64) -> Option<&Node> {
    nodes.get(usize::try_from(number).ok()?.checked_sub(1)?)?.as_ref()
}

fn node_mut(nodes: &mut Nodes, number: u64) -> Option<&mut Node> {
    nodes.get_mut(usize::try_from(number).ok()?.checked_sub(1)?)?.as_mut()
}

fn attributes(nodes: &Nodes, number: u64) -> Option<FileAttr> {
    let node = node(nodes, number)?;
    let size = node.content.as_ref().map(|content| content.len() as u64);
    let time = node.modified;
    Some(FileAttr {
        ino: INodeNo(number),
        size: size.unwrap_or(0),
        blocks: 1,
        atime: time,
        mtime: time,
        ctime: time,
        crtime: time,
        kind: kind(node),
        perm: if size.is_some() { 0o644 } else { 0o755 },
        nlink: 1,
        uid: 0,
        gid: 0,
        rdev: 0,
        blksize: 512,
        flags: 0,
    })
}

fn kind(node: &Node) -> FileType {
    match node {
        Node { socket: true, .. } => FileType::Socket,
        Node { content: Some(_), .. } => FileType::RegularFile,
        Node { content: None, .. } => FileType::Directory,
    }
}

fn empty(done: Result<(), Errno>, reply: ReplyEmpty) {
    match done {
        Ok(()) => reply.ok(),
        Err(error) => reply.error(error),
    }
}

impl Filesystem for Files {
    fn lookup(&self, _req: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        match self.looked_up(parent, name) {
            Ok(attributes) => reply.entry(&TTL, &attributes, Generation(0)),
            Err(error) => reply.error(error),
        }
    }

    fn getattr(&self, _req: &Request, inode: INodeNo, _handle: Option<FileHandle>, reply: ReplyAttr) {
        let found = self.enter().and_then(|()| attributes(&self.nodes(), u64::from(inode)).ok_or(Errno::ENOENT));
        match found {
            Ok(attributes) => reply.attr(&TTL, &attributes),
            Err(error) => reply.error(error),
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
        if let Err(error) = self.enter() {
            return reply.error(error);
        }
        let nodes = self.nodes();
        let content = node(&nodes, u64::from(inode)).and_then(|node| node.content.as_deref()).unwrap_or_default();
        let start = usize::try_from(offset).unwrap_or(usize::MAX).min(content.len());
        let end = start.saturating_add(size as usize).min(content.len());
        reply.data(content.get(start..end).unwrap_or_default());
    }

    fn readdir(&self, _req: &Request, inode: INodeNo, _handle: FileHandle, offset: u64, mut reply: ReplyDirectory) {
        if let Err(error) = self.enter() {
            return reply.error(error);
        }
        let (nodes, folder) = (self.nodes(), u64::from(inode));
        let own = [(folder, FileType::Directory, "."), (1, FileType::Directory, "..")];
        let within = numbered(&nodes)
            .skip(1)
            .filter(|(_, node)| node.parent == folder)
            .map(|(number, node)| (number, kind(node), node.name.as_str()));
        for (next, (number, kind, name)) in (1..).zip(own.into_iter().chain(within)) {
            if next > offset && reply.add(INodeNo(number), next, kind, name) {
                break;
            }
        }
        reply.ok();
    }

    fn statfs(&self, _req: &Request, _inode: INodeNo, reply: ReplyStatfs) {
        match self.enter() {
            Ok(()) => reply.statfs(1000, 500, 500, 100, 50, 512, 255, 512),
            Err(error) => reply.error(error),
        }
    }

    fn create(
        &self,
        _req: &Request,
        parent: INodeNo,
        name: &OsStr,
        _mode: u32,
        _umask: u32,
        _flags: i32,
        reply: ReplyCreate,
    ) {
        match self.made(parent, name, Some(Vec::new())) {
            Ok(attributes) => {
                reply.created(&TTL, &attributes, Generation(0), FileHandle(0), FopenFlags::empty());
            }
            Err(error) => reply.error(error),
        }
    }

    fn mknod(
        &self,
        _req: &Request,
        parent: INodeNo,
        name: &OsStr,
        mode: u32,
        _umask: u32,
        _rdev: u32,
        reply: ReplyEntry,
    ) {
        let made = self.made(parent, name, Some(Vec::new())).and_then(|made| {
            let mut nodes = self.nodes();
            if let Some(node) = node_mut(&mut nodes, u64::from(made.ino)) {
                node.socket = mode & FILE_KIND == SOCKET;
            }
            attributes(&nodes, u64::from(made.ino)).ok_or(Errno::EIO)
        });
        match made {
            Ok(attributes) => reply.entry(&TTL, &attributes, Generation(0)),
            Err(error) => reply.error(error),
        }
    }

    fn mkdir(&self, _req: &Request, parent: INodeNo, name: &OsStr, _mode: u32, _umask: u32, reply: ReplyEntry) {
        match self.made(parent, name, None) {
            Ok(attributes) => reply.entry(&TTL, &attributes, Generation(0)),
            Err(error) => reply.error(error),
        }
    }

    fn write(
        &self,
        _req: &Request,
        inode: INodeNo,
        _handle: FileHandle,
        offset: u64,
        data: &[u8],
        _write_flags: WriteFlags,
        _flags: OpenFlags,
        _lock_owner: Option<LockOwner>,
        reply: ReplyWrite,
    ) {
        if self.has(Trouble::Quota) {
            return reply.error(Errno::EDQUOT);
        }
        let written = self.changed(inode, |content| {
            let start = usize::try_from(offset).unwrap_or(content.len());
            content.resize(content.len().max(start + data.len()), 0);
            content[start..start + data.len()].copy_from_slice(data);
        });
        match written {
            Ok(_) => reply.written(u32::try_from(data.len()).unwrap_or(u32::MAX)),
            Err(error) => reply.error(error),
        }
    }

    fn setattr(
        &self,
        _req: &Request,
        inode: INodeNo,
        _mode: Option<u32>,
        _uid: Option<u32>,
        _gid: Option<u32>,
        size: Option<u64>,
        _atime: Option<TimeOrNow>,
        _mtime: Option<TimeOrNow>,
        _ctime: Option<SystemTime>,
        _handle: Option<FileHandle>,
        _crtime: Option<SystemTime>,
        _chgtime: Option<SystemTime>,
        _bkuptime: Option<SystemTime>,
        _flags: Option<BsdFileFlags>,
        reply: ReplyAttr,
    ) {
        let size = size.and_then(|size| usize::try_from(size).ok());
        let set = match size {
            Some(size) => self.changed(inode, |content| content.resize(size, 0)),
            None => {
                self.enter_to_change().and_then(|()| attributes(&self.nodes(), u64::from(inode)).ok_or(Errno::ENOENT))
            }
        };
        match set {
            Ok(attributes) => reply.attr(&TTL, &attributes),
            Err(error) => reply.error(error),
        }
    }

    fn unlink(&self, _req: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        empty(self.removed(parent, name), reply);
    }

    fn rmdir(&self, _req: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        empty(self.removed(parent, name), reply);
    }

    fn rename(
        &self,
        _req: &Request,
        parent: INodeNo,
        name: &OsStr,
        new_parent: INodeNo,
        new_name: &OsStr,
        flags: RenameFlags,
        reply: ReplyEmpty,
    ) {
        // Like many a server it knows no other way than to replace.
        if !flags.is_empty() {
            return reply.error(Errno::EINVAL);
        }
        empty(self.renamed((parent, name), (new_parent, new_name)), reply);
    }

    fn flush(&self, _req: &Request, _inode: INodeNo, _handle: FileHandle, _owner: LockOwner, reply: ReplyEmpty) {
        empty(self.enter(), reply);
    }

    fn fsync(&self, _req: &Request, _inode: INodeNo, _handle: FileHandle, _datasync: bool, reply: ReplyEmpty) {
        empty(self.enter(), reply);
    }
}
