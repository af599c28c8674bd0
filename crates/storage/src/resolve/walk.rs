use super::handle::{Child, Handle};
use super::{Match, Purpose, ResolveError};
use crate::alike::{MOST_NAMES, alike};
use crate::cause::Cause;
use crate::component::Refusal;
use crate::confined::Bounds;
use crate::mounts::Mounts;
use crate::storages::same_name;
use crate::{Backend, Storages, health};
use samepath_wire::StoragePath;
use std::cell::OnceCell;
use std::collections::{BTreeSet, VecDeque};
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Component, Path, PathBuf};
use unicode_normalization::UnicodeNormalization;

/// More links than this in one path are taken for a loop, as the kernel does.
const MOST_LINKS: usize = 40;
/// More candidates than this are not listed.
const MOST_CANDIDATES: usize = 10;

/// Where a walk ended.
pub(super) struct Walked<H> {
    /// The file or folder; `None` where an output is not there yet.
    pub(super) handle: Option<H>,
    /// Its real names below the base path.
    pub(super) names: Vec<OsString>,
    pub(super) matched: Match,
}

/// One walk, from a handle on the base path, one component after the other.
///
/// Every component of the storage path ends inside the base, also where the link that it is leaves and comes back.
struct Walk<'a, H> {
    storages: &'a Storages,
    at: &'a StoragePath,
    backend: &'a Backend,
    base: H,
    base_real: PathBuf,
    place: Place<H>,
    /// The component that is being entered, as asked for, with all before it.
    shown: String,
    /// The components after it.
    ahead: &'a [&'a str],
    links: usize,
    matched: Match,
    /// Read when a link first leads outside.
    mounts: OnceCell<Option<Mounts>>,
    /// Where it may lead, where that is not anywhere on the storage.
    bounds: Option<&'a Bounds>,
    /// Whether it is said of what is not there what may be meant.
    advises: bool,
}

enum Place<H> {
    /// Below the base: real names, each with its handle.
    Inside(Vec<(OsString, H)>),
    /// Elsewhere, at a real path: only ever in the middle of a link.
    Outside(PathBuf),
}

pub(super) fn walk<H: Handle>(
    storages: &Storages,
    at: &StoragePath,
    purpose: Purpose,
    bounds: Option<&Bounds>,
) -> Result<Walked<H>, ResolveError> {
    walk_as(storages, at, purpose, bounds, true)
}

fn walk_as<H: Handle>(
    storages: &Storages,
    at: &StoragePath,
    purpose: Purpose,
    bounds: Option<&Bounds>,
    advises: bool,
) -> Result<Walked<H>, ResolveError> {
    let (backend, components) = storages.below_base(at)?;
    let unavailable = |error: io::Error| health::unavailable(backend, &error);
    let base = H::base(&backend.base_path).map_err(unavailable)?;
    if let Some((handle, below)) = base.quick(&backend.base_path, &components.join("/")) {
        let names: Vec<OsString> = below.components().map(|name| name.as_os_str().to_owned()).collect();
        hold(bounds, &names)?;
        return Ok(Walked { handle: Some(handle), names, matched: Match::Exact });
    }
    let base_real = base.base_real(&backend.base_path).map_err(unavailable)?;
    let place = Place::Inside(Vec::new());
    let mut walk = Walk {
        storages,
        at,
        backend,
        base,
        base_real,
        place,
        shown: String::new(),
        ahead: &[],
        links: 0,
        matched: Match::Exact,
        mounts: OnceCell::new(),
        bounds,
        advises,
    };
    for (number, component) in components.iter().enumerate() {
        if number > 0 {
            walk.shown.push('/');
        }
        walk.shown.push_str(component);
        walk.ahead = &components[number + 1..];
        let mut names = walk.names();
        let entered = walk.enter(component, purpose);
        walk.pass(&names, component, &entered)?;
        if entered? {
            continue;
        }
        walk.check_mounted()?;
        if purpose == Purpose::Input {
            names.push(component.into());
            let path = storages.under_base(backend, names);
            let plainly = storages.written_plainly(at).map(Box::new);
            let (nearly, beside) = walk.nearly(component).unzip();
            let nearly = nearly.flatten().map(Box::new);
            let beside = beside.filter(|_| nearly.is_none()).map(Box::new);
            let (backend, component) = (backend.name.clone(), walk.shown);
            return Err(ResolveError::NotFound { backend, component, path, plainly, nearly, beside });
        }
        names.extend(components[number..].iter().map(OsString::from));
        hold(bounds, &names)?;
        return Ok(Walked { handle: None, names, matched: walk.matched });
    }
    let names = walk.names();
    hold(bounds, &names)?;
    let last = match walk.place {
        Place::Inside(mut stack) => stack.pop(),
        Place::Outside(_) => None,
    };
    let handle = last.map_or(walk.base, |(_, handle)| handle);
    Ok(Walked { handle: Some(handle), names, matched: walk.matched })
}

fn hold(bounds: Option<&Bounds>, names: &[OsString]) -> Result<(), ResolveError> {
    bounds.map_or(Ok(()), |bounds| bounds.hold(names))
}

impl<H: Handle> Walk<'_, H> {
    /// Refuses to go on where the last component led to no place that may be used, and to tell what is or is not there.
    fn pass(
        &self,
        before: &[OsString],
        component: &str,
        entered: &Result<bool, ResolveError>,
    ) -> Result<(), ResolveError> {
        let Some(bounds) = self.bounds else { return Ok(()) };
        match entered {
            Ok(true) => bounds.pass(&self.names()),
            // Nobody can tell anything where nothing answers.
            Err(ResolveError::BackendUnavailable { .. }) => Ok(()),
            Err(ResolveError::DanglingLink { target, .. }) if target.starts_with(&self.base_real) => {
                let below = target.strip_prefix(&self.base_real).unwrap_or(target);
                bounds.pass(&below.iter().map(OsString::from).collect::<Vec<_>>())
            }
            Ok(false) | Err(_) => bounds.pass(&[before, &[component.into()]].concat()),
        }
    }

    /// The deepest folder that was reached inside the base.
    fn top(&self) -> &H {
        match &self.place {
            Place::Inside(stack) => stack.last().map_or(&self.base, |(_, handle)| handle),
            Place::Outside(_) => &self.base,
        }
    }

    fn names(&self) -> Vec<OsString> {
        match &self.place {
            Place::Inside(stack) => stack.iter().map(|(name, _)| name.clone()).collect(),
            Place::Outside(_) => Vec::new(),
        }
    }

    /// Enters a component of the storage path; false if there is nothing of that name, or any that is taken for it.
    fn enter(&mut self, component: &str, purpose: Purpose) -> Result<bool, ResolveError> {
        let mut name = OsString::from(component);
        let mut child = self.top().child(&name);
        if is_missing(&child) {
            let Some((other, matched)) = self.other_name(component)? else { return Ok(false) };
            self.matched = self.matched.max(matched);
            name = other;
            child = self.top().child(&name);
        }
        match child {
            Ok(Child::There(handle)) => self.push(name, handle),
            Ok(Child::Link(target)) => self.follow(target, purpose)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(self.failed(&error)),
        }
        Ok(true)
    }

    fn push(&mut self, name: OsString, handle: H) {
        if let Place::Inside(stack) = &mut self.place {
            stack.push((name, handle));
        }
    }

    /// Follows the link that the current component is, and those that it leads to, to where they end: inside.
    fn follow(&mut self, target: PathBuf, purpose: Purpose) -> Result<(), ResolveError> {
        let mut pending = VecDeque::new();
        self.turn(&target, &mut pending)?;
        while let Some(name) = pending.pop_front() {
            if name == ".." {
                self.leave();
                continue;
            }
            let child = match &self.place {
                Place::Inside(_) => self.top().child(&name).map(|child| match child {
                    Child::Link(target) => Step::Link(target),
                    Child::There(handle) => Step::Inside(handle),
                }),
                Place::Outside(place) => self.look_outside(&place.join(&name)),
            };
            match child {
                Ok(Step::Link(target)) => self.turn(&target, &mut pending)?,
                Ok(Step::Inside(handle)) => self.push(name, handle),
                Ok(Step::Outside(place)) if place == self.base_real => self.place = Place::Inside(Vec::new()),
                Ok(Step::Outside(place)) => self.place = Place::Outside(place),
                Err(error) => return Err(self.broken(name, pending, &error, purpose)),
            }
        }
        match &self.place {
            Place::Inside(_) => Ok(()),
            Place::Outside(place) => Err(self.escapes(place.clone())),
        }
    }

    /// Takes up what a link says: where to go on from, and by which names.
    fn turn(&mut self, target: &Path, pending: &mut VecDeque<OsString>) -> Result<(), ResolveError> {
        self.links += 1;
        if self.links > MOST_LINKS {
            return Err(ResolveError::LinkLoop { backend: self.backend.name.clone(), link: self.shown.clone() });
        }
        let mut rest = target;
        if let Ok(below) =
            target.strip_prefix(&self.base_real).or_else(|_| target.strip_prefix(&self.backend.base_path))
        {
            self.place = Place::Inside(Vec::new());
            rest = below;
        }
        let mut root = PathBuf::new();
        let mut names = Vec::new();
        for part in rest.components() {
            match part {
                Component::Prefix(_) | Component::RootDir => root.push(part),
                Component::CurDir => {}
                Component::ParentDir | Component::Normal(_) => names.push(part.as_os_str().to_owned()),
            }
        }
        if !root.as_os_str().is_empty() {
            self.place = if root == self.base_real { Place::Inside(Vec::new()) } else { Place::Outside(root) };
        }
        for name in names.into_iter().rev() {
            pending.push_front(name);
        }
        Ok(())
    }

    /// `..`
    fn leave(&mut self) {
        match &mut self.place {
            Place::Inside(stack) => {
                if stack.pop().is_none()
                    && let Some(parent) = self.base_real.parent()
                {
                    self.place = Place::Outside(parent.to_owned());
                }
            }
            Place::Outside(place) => {
                place.pop();
            }
        }
    }

    /// What to say of a link in the middle of which something is missing or cannot be looked at.
    fn broken(&self, name: OsString, rest: VecDeque<OsString>, error: &io::Error, purpose: Purpose) -> ResolveError {
        let mut target = match &self.place {
            Place::Inside(stack) => stack.iter().fold(self.base_real.clone(), |path, (name, _)| path.join(name)),
            Place::Outside(place) => place.clone(),
        };
        for name in std::iter::once(name).chain(rest) {
            if name == ".." {
                target.pop();
            } else {
                target.push(name);
            }
        }
        if !target.starts_with(&self.base_real) {
            return self.escapes(target);
        }
        match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => ResolveError::DanglingLink {
                backend: self.backend.name.clone(),
                link: self.shown.clone(),
                target,
                output: purpose == Purpose::Output,
            },
            _ => self.failed(error),
        }
    }

    /// Looks at a place that is not on the storage, unless what is mounted there may be silent: it must not silence this one.
    fn look_outside(&self, path: &Path) -> io::Result<Step<H>> {
        let mounts = self.mounts.get_or_init(Mounts::read).as_ref();
        if mounts.is_some_and(|mounts| mounts.may_be_silent(path)) && !self.base_real.starts_with(path) {
            return Err(io::Error::other("not looked at"));
        }
        if std::fs::symlink_metadata(path)?.is_symlink() {
            return Ok(Step::Link(std::fs::read_link(path)?));
        }
        Ok(Step::Outside(path.to_owned()))
    }

    fn escapes(&self, target: PathBuf) -> ResolveError {
        let whole: PathBuf = std::iter::once(target.as_path()).chain(self.ahead.iter().map(Path::new)).collect();
        let instead = self.storages.locate_without_touching(&whole, &self.backend.name).map(Box::new);
        ResolveError::Escapes { backend: self.backend.name.clone(), link: self.shown.clone(), target, instead }
    }

    /// The one name in the current folder that differs from `wanted` in normalisation or, failing that, in case.
    fn other_name(&self, wanted: &str) -> Result<Option<(OsString, Match)>, ResolveError> {
        let folded = fold(wanted);
        let (mut normalized, mut cased) = (BTreeSet::new(), BTreeSet::new());
        let seen = self.top().each_name(&mut |name: &OsStr| {
            // A name that is not text is not what was asked for, which is text.
            if let Some(name) = name.to_str() {
                if same_name(name, wanted) {
                    normalized.insert(name.to_owned());
                } else if cased.len() < MOST_CANDIDATES && fold(name) == folded {
                    cased.insert(name.to_owned());
                }
            }
            normalized.len() < MOST_CANDIDATES
        });
        if seen.is_err() {
            // A folder that may be entered but not listed: its names must be known exactly.
            return Ok(None);
        }
        let (candidates, matched) =
            if normalized.is_empty() { (cased, Match::Case) } else { (normalized, Match::Normalization) };
        if candidates.len() > 1 {
            return Err(ResolveError::Ambiguous {
                backend: self.backend.name.clone(),
                component: self.shown.clone(),
                candidates: candidates.into_iter().collect(),
            });
        }
        Ok(candidates.into_iter().next().map(|name| (name.into(), matched)))
    }

    /// What was meant by a name that is not in the current folder: the whole path with the one that is, if that is there, and the path
    /// up to that name. Nobody who may not see the whole storage is told any.
    fn nearly(&self, component: &str) -> Option<(Option<StoragePath>, StoragePath)> {
        if self.bounds.is_some() || !self.advises {
            return None;
        }
        let mut names = Vec::new();
        let listed = self.top().each_name(&mut |name: &OsStr| {
            names.extend(name.to_str().map(str::to_owned));
            names.len() < MOST_NAMES
        });
        listed.ok()?;
        let meant = alike(component, &names)?;
        let subpath = self.backend.subpath.split('/').filter(|part| !part.is_empty());
        let before = self.shown.rsplit_once('/').map(|(folder, _)| folder);
        let top: Vec<&str> = subpath.chain(before).chain([meant.as_str()]).collect();
        let path = |names: &[&str]| StoragePath::new(&self.backend.name, "", names.join("/"));
        let whole = path(&[&top, self.ahead].concat());
        let is_there = walk_as::<H>(self.storages, &whole, Purpose::Input, None, false).is_ok();
        Some((is_there.then_some(whole), path(&top)))
    }

    /// A missing first component under an empty base path may mean that the storage itself is not there.
    fn check_mounted(&self) -> Result<(), ResolveError> {
        let at_base = matches!(&self.place, Place::Inside(stack) if stack.is_empty());
        if !at_base {
            return Ok(());
        }
        let mut empty = true;
        let listed = self.base.each_name(&mut |_| {
            empty = false;
            false
        });
        let before = self.storages.seen.get(&self.backend.name);
        if listed.is_ok() && empty && health::is_unmounted(self.backend, &self.base_real, before) {
            return Err(health::not_mounted(self.backend));
        }
        Ok(())
    }

    fn failed(&self, error: &io::Error) -> ResolveError {
        let backend = self.backend.name.clone();
        // The folder in which we looked, which is what may not be entered or is no folder.
        let folder = self.shown.rsplit_once('/').map(|(folder, _)| folder.to_owned());
        match error.kind() {
            io::ErrorKind::PermissionDenied => match folder {
                Some(component) => {
                    let path = self.storages.under_base(self.backend, self.names());
                    ResolveError::Denied { backend, component, path }
                }
                None => health::unavailable(self.backend, error),
            },
            io::ErrorKind::NotADirectory => ResolveError::NotAFolder { backend, component: folder.unwrap_or_default() },
            io::ErrorKind::InvalidFilename => ResolveError::Refused {
                at: self.at.clone(),
                field: crate::Field::Path,
                component: self.shown.rsplit('/').next().unwrap_or_default().to_owned(),
                refusal: Refusal::TooLong,
            },
            _ if health::is_silence(error) => health::unavailable(self.backend, error),
            _ => {
                let (component, cause) = (self.shown.clone(), Cause::of(error));
                ResolveError::Io { backend, component, cause, detail: error.to_string() }
            }
        }
    }
}

enum Step<H> {
    Link(PathBuf),
    Inside(H),
    Outside(PathBuf),
}

fn is_missing<H>(child: &io::Result<Child<H>>) -> bool {
    matches!(child, Err(error) if error.kind() == io::ErrorKind::NotFound)
}

/// One form for all cases of a name.
fn fold(name: &str) -> String {
    name.nfc().flat_map(char::to_lowercase).nfc().collect()
}
