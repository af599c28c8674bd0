use fs_err as fs;
use samepath_storage::{Purpose, ResolveError, Storages, WrittenPath, locate_here, nfc, split_below_root};
use samepath_wire::StoragePath;
use std::cell::RefCell;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// A file that is really there.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) at: Option<StoragePath>,
    pub(crate) local: PathBuf,
    pub(crate) size: u64,
    pub(crate) identity: Identity,
}

impl Seen {
    /// For people.
    pub(crate) fn name(&self) -> String {
        self.at.as_ref().map_or_else(|| self.local.display().to_string(), ToString::to_string)
    }
}

/// Equal for two paths if and only if they are one file.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Identity {
    #[cfg(unix)]
    Inode(u64, u64),
    #[cfg(not(unix))]
    Canonical(PathBuf),
}

/// Why nothing is there.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Miss {
    #[error(transparent)]
    Resolve(#[from] ResolveError),
    #[error("`{0}` is not answering")]
    Silent(String),
    #[error("{} is not a file", .0.display())]
    NotAFile(PathBuf),
    #[error("{} cannot be read: {}", .0.display(), .1.kind())]
    Unreadable(PathBuf, std::io::Error),
}

impl Miss {
    /// The same where this computer is called so.
    pub(crate) fn told_of(&self, computer: &str) -> String {
        match self {
            Self::Resolve(error) => error.told_of(computer),
            _ => self.to_string(),
        }
    }

    /// Whether something is there, only not which.
    pub(crate) fn is_ambiguous(&self) -> bool {
        matches!(self, Self::Resolve(ResolveError::Ambiguous { .. }))
    }
}

/// Looks for files, on storages and around one project.
pub(crate) struct Look<'a> {
    storages: &'a Storages,
    silent: &'a [String],
    /// Those that are not silent.
    answering: Storages,
    project_path: PathBuf,
    /// None where the project is on no storage.
    project_at: Option<StoragePath>,
    local_bases: Vec<(String, WrittenPath)>,
    /// Folders that were asked for already, and whether they are there: thousands of videos share a few.
    folders: RefCell<HashMap<StoragePath, bool>>,
    /// The first path that was asked for and may not be used, and why.
    refused: RefCell<Option<(StoragePath, String)>>,
}

impl<'a> Look<'a> {
    pub(crate) fn new(project_path: &Path, storages: &'a Storages, silent: &'a [String]) -> Self {
        let base = |path: &Path| path.to_str().map(WrittenPath::new);
        let bases = storages.iter().filter_map(|backend| Some((backend.name.clone(), base(&backend.base_path)?)));
        let mut look = Self {
            storages,
            silent,
            answering: if silent.is_empty() { storages.clone() } else { answering(storages, silent) },
            project_path: project_path.to_owned(),
            project_at: None,
            local_bases: bases.collect(),
            folders: RefCell::default(),
            refused: RefCell::default(),
        };
        let by_text = project_path.to_str().and_then(|text| look.locate_by_text(&WrittenPath::new(text)));
        look.project_at = by_text.or_else(|| look.locate(project_path));
        look
    }

    pub(crate) fn project_path(&self) -> &Path {
        &self.project_path
    }

    pub(crate) fn project_at(&self) -> Option<&StoragePath> {
        self.project_at.as_ref()
    }

    /// What lies below a storage's root, as a storage path.
    pub(crate) fn place(&self, backend: &str, below_root: &[String]) -> StoragePath {
        let user_subdir =
            self.storages.get(backend).map(|backend| backend.user_subdir_below_root()).unwrap_or_default();
        let (user_subdir, path) = split_below_root(&user_subdir, &below_root.join("/"));
        StoragePath::new(backend, user_subdir, path)
    }

    /// The storage path of a local path by its text alone: through the longest base path that it begins with.
    pub(crate) fn locate_by_text(&self, local: &WrittenPath) -> Option<StoragePath> {
        let below = self.local_bases.iter().filter_map(|(name, base)| Some((name, base, local.below(base)?)));
        let (name, _, rest) = below.max_by_key(|(_, base, _)| base.components.len())?;
        let subpath = self.storages.get(name).ok()?.subpath.split('/').filter(|part| !part.is_empty());
        let below_root: Vec<String> = subpath.map(str::to_owned).chain(rest.iter().cloned()).collect();
        Some(self.place(name, &below_root))
    }

    /// The same, following links.
    fn locate(&self, local: &Path) -> Option<StoragePath> {
        locate_here(&self.answering, local).ok().map(|located| located.at)
    }

    /// The file at a storage path.
    pub(crate) fn at(&self, at: &StoragePath) -> Result<Seen, Miss> {
        if self.silent.contains(&at.storage_backend) {
            return Err(Miss::Silent(at.storage_backend.clone()));
        }
        let local = self.resolve(at)?;
        see(Some(at.clone()), local)
    }

    fn resolve(&self, at: &StoragePath) -> Result<PathBuf, ResolveError> {
        let resolved = self.storages.resolve(at, Purpose::Input);
        if let Err(error @ ResolveError::OutOfPlace { .. }) = &resolved {
            let why = format!("{error}. {}", error.hint().unwrap_or_default());
            self.refused.borrow_mut().get_or_insert_with(|| (at.clone(), why));
        }
        resolved.map(|resolved| resolved.path)
    }

    /// The first path since the last call that may not be used, and why: whoever meant it means no other file.
    pub(crate) fn take_refused(&self) -> Option<(StoragePath, String)> {
        self.refused.take()
    }

    /// The file at a path of this computer, on a storage or not.
    pub(crate) fn at_local(&self, local: &Path) -> Option<Seen> {
        let leads_up = local.components().any(|part| part == std::path::Component::ParentDir);
        if !local.is_absolute() || leads_up {
            return None;
        }
        if let Some(at) = local.to_str().and_then(|text| self.locate_by_text(&WrittenPath::new(text))) {
            return self.at(&at).ok();
        }
        if self.storages.are_confined() {
            return self.at(&self.locate(local)?).ok();
        }
        let seen = see(None, local.to_owned()).ok()?;
        match self.locate(local) {
            Some(at) => self.at(&at).ok(),
            None => Some(seen),
        }
    }

    /// A file in the folder of another one.
    pub(crate) fn sibling(&self, of: &Seen, name: &str) -> Option<Seen> {
        match &of.at {
            Some(at) => {
                let path = match at.path.rsplit_once('/') {
                    Some((folder, _)) => format!("{folder}/{name}"),
                    None => name.to_owned(),
                };
                self.at(&StoragePath { path, ..at.clone() }).ok()
            }
            None => self.off_storage(of.local.with_file_name(name)),
        }
    }

    /// A file that is on no storage, where such may be used.
    fn off_storage(&self, local: PathBuf) -> Option<Seen> {
        if self.storages.are_confined() { None } else { see(None, local).ok() }
    }

    /// The file that lies at `tail` below the project's folder; `..` leads up.
    pub(crate) fn beside_project(&self, tail: &[String]) -> Option<Seen> {
        match self.project_folder() {
            Some((backend, folder)) => self.below(backend, walk(folder, tail)?),
            None => {
                let mut path = self.project_path.parent()?.to_owned();
                path.extend(tail);
                self.off_storage(path)
            }
        }
    }

    /// The files at `tail` below a folder above the project, where both were written below a folder of one name: a project
    /// and its videos that moved together.
    pub(crate) fn moved_with_project(&self, tail: &[String]) -> Vec<Seen> {
        let (Some((backend, folder)), [top, _, ..]) = (self.project_folder(), tail) else {
            return Vec::new();
        };
        let shared = (0..folder.len()).filter(|index| nfc(&folder[*index]) == nfc(top));
        shared.filter_map(|index| self.below(backend, walk(folder[..index].to_vec(), tail)?)).collect()
    }

    /// Storage and components of the project's folder.
    fn project_folder(&self) -> Option<(&str, Vec<String>)> {
        let at = self.project_at.as_ref()?;
        let mut folder: Vec<String> = at.below_root().split('/').map(str::to_owned).collect();
        folder.pop();
        Some((&at.storage_backend, folder))
    }

    fn below(&self, backend: &str, below_root: Vec<String>) -> Option<Seen> {
        let (_, folder) = below_root.split_last()?;
        // What may not be used is said of the file.
        if !folder.is_empty() && !self.storages.are_confined() {
            let folder = self.place(backend, folder);
            let known = self.folders.borrow().get(&folder).copied();
            let there = known.unwrap_or_else(|| {
                let there = !self.silent.contains(&folder.storage_backend) && self.resolve(&folder).is_ok();
                self.folders.borrow_mut().insert(folder, there);
                there
            });
            if !there {
                return None;
            }
        }
        self.at(&self.place(backend, &below_root)).ok()
    }
}

fn answering(storages: &Storages, silent: &[String]) -> Storages {
    let answering = storages.iter().filter(|backend| !silent.contains(&backend.name)).cloned();
    Storages::new(answering.collect(), storages.platform())
}

/// `tail` from `folder` on, where that stays below the root.
fn walk(mut folder: Vec<String>, tail: &[String]) -> Option<Vec<String>> {
    for part in tail {
        if part == ".." {
            folder.pop()?;
        } else {
            folder.push(part.clone());
        }
    }
    Some(folder)
}

fn see(at: Option<StoragePath>, local: PathBuf) -> Result<Seen, Miss> {
    let unreadable = |error: std::io::Error| Miss::Unreadable(local.clone(), error);
    let metadata = fs::metadata(&local).map_err(unreadable)?;
    if !metadata.is_file() {
        return Err(Miss::NotAFile(local));
    }
    fs::File::open(&local).map_err(unreadable)?;
    #[cfg(unix)]
    let identity = {
        use std::os::unix::fs::MetadataExt;
        Identity::Inode(metadata.dev(), metadata.ino())
    };
    #[cfg(not(unix))]
    let identity = Identity::Canonical(fs::canonicalize(&local).map_err(unreadable)?);
    Ok(Seen { at, local, size: metadata.len(), identity })
}
