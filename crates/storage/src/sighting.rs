//! How a storage was when it was last seen well, and where it is when it is no longer there: `/Volumes/talmo` that came back as
//! `/Volumes/talmo-1`.

use crate::mounts::{Mount, Mounts, is_local};
use crate::{Backend, Probe, marker, same_share};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// Mounts that are looked at for one storage that is not where it was.
const MOST_PLACES: usize = 16;

/// By what a storage is known again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sighting {
    /// The base path that it was seen at.
    pub base_path: PathBuf,
    /// Where its file system was mounted.
    #[serde(default)]
    pub mount_point: Option<PathBuf>,
    /// Where the base path was below that.
    #[serde(default)]
    pub below_mount: Option<PathBuf>,
    /// Type of that file system.
    #[serde(default)]
    pub file_system: Option<String>,
    /// Server and share, or device.
    #[serde(default)]
    pub source: Option<String>,
    /// Its mark.
    #[serde(default)]
    pub id: Option<String>,
}

/// A place where a storage may be now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Candidate {
    pub(crate) path: PathBuf,
    /// Whether the same share is mounted there.
    pub(crate) same_source: bool,
}

/// What is at such a place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Found {
    pub(crate) is_folder: bool,
    pub(crate) id: Option<String>,
}

impl Sighting {
    /// What a look at a storage saw; none if it was not to be read.
    pub fn of(backend: &Backend, probe: &Probe) -> Option<Self> {
        probe.state.is_readable().then(|| Self {
            base_path: backend.base_path.clone(),
            mount_point: probe.mount_point.clone(),
            below_mount: probe.below_mount.clone(),
            file_system: probe.file_system.clone(),
            source: probe.source.clone(),
            id: probe.id.clone(),
        })
    }

    /// The same, of one that was seen `before`: what had a mark has it still where nobody can tell, because what is in its place is damaged.
    pub fn again(backend: &Backend, probe: &Probe, before: Option<&Self>) -> Option<Self> {
        let mut now = Self::of(backend, probe)?;
        if let (true, Some(before)) = (probe.damaged_mark.is_some(), before) {
            now.id.clone_from(&before.id);
        }
        Some(now)
    }

    /// Whether what was seen then and what is seen at the same place now can be the same storage: by the marks where both have
    /// one, else by the share that is mounted.
    pub fn may_be(&self, now: &Self) -> bool {
        match (&self.id, &now.id) {
            (Some(then), Some(now)) => then == now,
            _ => !self.is_shared() || same_source(self.source.as_deref(), now.source.as_deref()),
        }
    }

    /// Where the storage was a mount itself and nothing is mounted there now: where the file system is mounted that the folder below lies
    /// on. What carries the storage's mark is it all the same.
    pub(crate) fn bared<'p>(&self, now: &'p Probe) -> Option<&'p Path> {
        let (then, below) = (self.mount_point.as_deref()?, now.mount_point.as_deref()?);
        let was_mount = self.below_mount.as_deref().is_some_and(|below| below.as_os_str().is_empty());
        let is_below = then != below && then.starts_with(below);
        let is_known = self.id.is_some() && self.id == now.id;
        (was_mount && is_below && !is_known).then_some(below)
    }

    /// Whether both carry a mark, and not the same.
    pub fn contradicts(&self, now: &Self) -> bool {
        self.id.is_some() && now.id.is_some() && self.id != now.id
    }

    /// Whether it carried a mark then, and carries none now.
    pub fn lost_mark(&self, now: &Self) -> bool {
        self.id.is_some() && now.id.is_none()
    }

    /// Where the share that the storage was seen on is mounted now, if not where it was, by the system's list of mounts alone:
    /// nothing is touched.
    pub fn moved_to(&self, backend: &Backend) -> Option<PathBuf> {
        self.listed_elsewhere(backend, &Mounts::listed()?)
    }

    fn listed_elsewhere(&self, backend: &Backend, mounts: &Mounts) -> Option<PathBuf> {
        let (Some(point), true) = (&self.mount_point, self.base_path == backend.base_path) else { return None };
        let still = mounts.iter().any(|mount| mount.point == *point && self.is_on(mount));
        let place = self.candidates(mounts).into_iter().find(|candidate| candidate.same_source);
        place.filter(|_| !still).map(|candidate| candidate.path)
    }

    /// The places worth looking at: mounts of the same share first, then, for a storage with a mark, other mounts.
    pub(crate) fn candidates(&self, mounts: &Mounts) -> Vec<Candidate> {
        let Some(below) = &self.below_mount else { return Vec::new() };
        let mut candidates: Vec<Candidate> = mounts
            .iter()
            .filter(|mount| mount.point != Path::new("/") && may_hold_a_storage(mount))
            .map(|mount| Candidate {
                path: if below.as_os_str().is_empty() { mount.point.clone() } else { mount.point.join(below) },
                same_source: self.is_on(mount),
            })
            .filter(|candidate| candidate.path != self.base_path && (candidate.same_source || self.id.is_some()))
            .collect();
        candidates.sort_by(|a, b| (!a.same_source, &a.path).cmp(&(!b.same_source, &b.path)));
        candidates.truncate(MOST_PLACES);
        candidates
    }

    /// The folders beside the base path, of these names, that are worth looking at too: for a storage with a mark, those that are called
    /// nearly as it was first. Where it was no mount itself, nothing else says where it went.
    pub(crate) fn beside(&self, names: &[String]) -> Vec<Candidate> {
        let (Some(folder), Some(_)) = (self.base_path.parent(), &self.id) else { return Vec::new() };
        let own = self.base_path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let mut names: Vec<&String> = names.iter().filter(|name| *name != own).collect();
        let is_like = |name: &str| name.starts_with(own) || own.starts_with(name);
        names.sort_by_key(|name| (!is_like(name), name.as_str()));
        names.truncate(MOST_PLACES);
        names.into_iter().map(|name| Candidate { path: folder.join(name), same_source: false }).collect()
    }

    /// Whether what is at a candidate is the storage.
    pub(crate) fn is_at(&self, candidate: &Candidate, found: &Found) -> bool {
        let same_mark = match (&self.id, &found.id) {
            (Some(then), Some(now)) => Some(then == now),
            _ => None,
        };
        found.is_folder && same_mark.unwrap_or(candidate.same_source)
    }

    /// What other computers know the storage's base path by: server and share, and the rest of the way. `None` of a local disk.
    pub fn share(&self) -> Option<String> {
        let source = self.source.as_deref().filter(|_| self.is_shared())?;
        let below = self.below_mount.as_deref()?.to_str()?;
        Some(if below.is_empty() { source.to_owned() } else { format!("{}/{below}", source.trim_end_matches('/')) })
    }

    /// Whether it was a share of another computer: a local disk's device name says little.
    fn is_shared(&self) -> bool {
        match (&self.file_system, &self.source) {
            (Some(file_system), Some(_)) => !is_local(file_system),
            _ => false,
        }
    }

    fn is_on(&self, mount: &Mount) -> bool {
        self.is_shared()
            && self.file_system.as_deref() == Some(&mount.file_system)
            && same_source(self.source.as_deref(), Some(&mount.source))
    }
}

/// Kernel tables, automounters that wait and the like hold none.
fn may_hold_a_storage(mount: &Mount) -> bool {
    let source = &mount.source;
    mount.file_system != "autofs" && (!mount.is_local() || (source.starts_with('/') && mount.file_system != "devfs"))
}

/// Who signed in, and the case of a server's name, say nothing.
fn same_source(a: Option<&str>, b: Option<&str>) -> bool {
    a.zip(b).is_some_and(|(a, b)| a == b || same_share(a, b))
}

/// Looks at a candidate. Touches it.
pub(crate) fn look_at(path: &Path) -> Found {
    let is_folder = fs_err::metadata(path).is_ok_and(|found| found.is_dir());
    Found { is_folder, id: if is_folder { marker::read(path).ok().flatten() } else { None } }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn backend() -> Backend {
        Backend {
            name: "vast".into(),
            base_path: "/Volumes/talmo".into(),
            kind: None,
            description: None,
            user_subdir: String::new(),
            subpath: String::new(),
        }
    }

    fn seen() -> Sighting {
        Sighting {
            base_path: "/Volumes/talmo".into(),
            mount_point: Some("/Volumes/talmo".into()),
            below_mount: Some(PathBuf::new()),
            file_system: Some("smbfs".into()),
            source: Some("//amick@vast01/talmo".into()),
            id: None,
        }
    }

    fn moved(printed: &str, seen: &Sighting) -> Option<PathBuf> {
        seen.listed_elsewhere(&backend(), &Mounts::parse_printed(printed.as_bytes()))
    }

    const ROOT: &str = "/dev/disk3s1s1 on / (apfs, local)\n";

    #[test]
    fn the_same_share_at_another_place() {
        let other = format!("{ROOT}//VAST01/talmo on /Volumes/talmo-1 (smbfs, nodev)\n");
        assert_eq!(moved(&other, &seen()), Some("/Volumes/talmo-1".into()));
        let inside = Sighting {
            base_path: "/Volumes/talmo".into(),
            mount_point: Some("/Volumes".into()),
            below_mount: Some("talmo".into()),
            ..seen()
        };
        assert_eq!(moved(&other, &inside), Some("/Volumes/talmo-1/talmo".into()));
    }

    #[test]
    fn no_move_without_need_and_without_a_reason() {
        for printed in [
            // Still there, and mounted twice.
            "//amick@vast01/talmo on /Volumes/talmo (smbfs)\n//amick@vast01/talmo on /Volumes/talmo-1 (smbfs)\n",
            // Nowhere.
            "",
            // Another share of the server, another server, another protocol.
            "//amick@vast01/photos on /Volumes/talmo-1 (smbfs)\n",
            "//amick@vast02/talmo on /Volumes/talmo-1 (smbfs)\n",
            "//amick@vast01/talmo on /Volumes/talmo-1 (afpfs)\n",
            "//amick@vast01/talmo on /Volumes/talmo-1 (autofs)\n",
        ] {
            assert_eq!(moved(&format!("{ROOT}{printed}"), &seen()), None, "{printed}");
        }
        let disk = Sighting { file_system: Some("apfs".into()), source: Some("/dev/disk4s1".into()), ..seen() };
        assert_eq!(moved("/dev/disk4s1 on /Volumes/other (apfs, local)\n", &disk), None);
        let elsewhere = Sighting { base_path: "/Volumes/before".into(), ..seen() };
        assert_eq!(moved("//amick@vast01/talmo on /Volumes/talmo-1 (smbfs)\n", &elsewhere), None);
    }

    #[test]
    fn by_its_mark_among_all_mounts_and_never_against_it() {
        let marked = Sighting { id: Some("a".into()), ..seen() };
        let printed =
            b"/dev/disk4s1 on /Volumes/usb (apfs)\n//x/y on /Volumes/y (smbfs)\n//vast01/talmo on /z (smbfs)\n\
            devfs on /dev (devfs)\nmap auto on /net (autofs)\n";
        let candidates = marked.candidates(&Mounts::parse_printed(printed));
        let paths: Vec<_> = candidates.iter().map(|candidate| candidate.path.to_str().unwrap()).collect();
        assert_eq!(paths, ["/z", "/Volumes/usb", "/Volumes/y"]);
        let found = |id: Option<&str>| Found { is_folder: true, id: id.map(str::to_owned) };
        let verdicts = |id| candidates.iter().map(|place| marked.is_at(place, &found(id))).collect::<Vec<_>>();
        assert_eq!(verdicts(Some("a")), [true, true, true]);
        assert_eq!(verdicts(None), [true, false, false]);
        assert_eq!(verdicts(Some("b")), [false, false, false]);
        assert!(!marked.is_at(&candidates[0], &Found { is_folder: false, id: None }));
    }

    #[test]
    fn by_its_mark_in_the_folders_beside_it_too() {
        let names = ["photos", "talmo", "talmo-1", "tal"].map(str::to_owned);
        assert_eq!(seen().beside(&names), []);
        let marked = Sighting { id: Some("a".into()), ..seen() };
        let beside = marked.beside(&names);
        let paths: Vec<_> = beside.iter().map(|candidate| candidate.path.to_str().unwrap()).collect();
        assert_eq!(paths, ["/Volumes/tal", "/Volumes/talmo-1", "/Volumes/photos"]);
        assert!(!marked.is_at(&beside[0], &Found { is_folder: true, id: None }));
    }

    #[test]
    fn what_was_seen_then_and_now() {
        let with = |id: Option<&str>, source: &str| Sighting {
            id: id.map(str::to_owned),
            source: Some(source.to_owned()),
            ..seen()
        };
        let then = with(Some("a"), "//s/a");
        assert!(then.may_be(&with(Some("a"), "//s/other")) && !then.contradicts(&with(Some("a"), "//s/other")));
        assert!(!then.may_be(&with(Some("b"), "//s/a")) && then.contradicts(&with(Some("b"), "//s/a")));
        assert!(then.may_be(&with(None, "//s/a")));
        assert!(!then.may_be(&with(None, "//s/b")) && !then.contradicts(&with(None, "//s/b")));
        assert!(with(None, "//s/a").may_be(&with(Some("a"), "//amick@S/a")));
        let disk = Sighting { file_system: Some("ext4".into()), source: Some("/dev/sda1".into()), ..seen() };
        assert!(disk.may_be(&Sighting { source: Some("/dev/sdb1".into()), ..disk.clone() }));
    }
}
