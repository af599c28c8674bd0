use crate::StoragePath;
use serde::{Deserialize, Serialize};

/// No invitation names more places to read.
const MOST: usize = 16;
/// Bytes of one of them.
const LONGEST: usize = 512;

/// Where the jobs of a member may write and read, as the lab knows it. Neither said: wherever the worker's user may.
///
/// What is said here is about the storage itself: whether a path that is spelled so really leads there only who mounts the storage
/// can tell, and that is the worker.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Places {
    /// The folder, below the root of each storage, in which they may write, and read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_subdir: Option<String>,
    /// What they may read besides: `vast:shared`, or `vast:` for all of a storage.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub read: Vec<String>,
}

/// What is done with a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Doing {
    /// It is read.
    Reading,
    /// It is written.
    Writing,
}

impl Places {
    /// Whether anything is said.
    pub fn are_limited(&self) -> bool {
        *self != Self::default()
    }

    /// In words, for whoever looks after a lab: "writes in amick, reads there and in vast:shared".
    pub fn words(&self) -> String {
        let own = self.user_subdir.as_deref();
        let places = self.read.join(", ");
        match (own, self.read.is_empty()) {
            (None, true) => "writes and reads everywhere".to_owned(),
            (Some(own), true) => format!("writes and reads in {own} only"),
            (Some(own), false) => format!("writes in {own} only, reads there and in {places}"),
            (None, false) => format!("writes nowhere, reads in {places}"),
        }
    }

    /// What is wrong with them, as text; what an administrator wrote is checked once, by this.
    ///
    /// # Errors
    /// A place that nobody could mean.
    pub fn check(&self) -> Result<(), String> {
        if self.read.len() > MOST {
            return Err(format!("{} places to read; {MOST} at most", self.read.len()));
        }
        if let Some(folder) = &self.user_subdir
            && components(folder).is_none_or(|components| components.is_empty())
        {
            return Err(format!("{folder:?} is no folder below a storage's root, such as amick or labs/amick"));
        }
        match self.read.iter().find(|place| split(place).is_none()) {
            Some(place) => {
                Err(format!("{place:?} is no place on a storage, such as vast:shared, or vast: for all of it"))
            }
            None => Ok(()),
        }
    }

    /// The folders of this storage, below its root, in which it may be done; empty for the root itself. A place that cannot be
    /// understood allows nothing.
    pub fn folders(&self, backend: &str, doing: Doing) -> Vec<String> {
        let own =
            self.user_subdir.as_deref().filter(|folder| components(folder).is_some_and(|parts| !parts.is_empty()));
        let read = self.read.iter().filter_map(|place| split(place)).filter(|(name, _)| *name == backend);
        let read = read.filter(|_| doing == Doing::Reading).map(|(_, folder)| folder);
        own.into_iter().chain(read).map(str::to_owned).collect()
    }

    /// Whether this is spelled as something that lies in none of the places, whatever links and capital letters may do. A worker,
    /// which looks, may refuse more.
    pub fn surely_exclude(&self, at: &StoragePath, doing: Doing) -> bool {
        let below_root = at.below_root();
        let path: Vec<&str> = below_root.split('/').filter(|part| !part.is_empty()).collect();
        let same = |ours: &str, theirs: &str| {
            // What is not plain letters may be written in several ways.
            ours.eq_ignore_ascii_case(theirs) || !ours.is_ascii() || !theirs.is_ascii()
        };
        let holds = |folder: &String| {
            let parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
            parts.len() <= path.len() && parts.iter().zip(&path).all(|(ours, theirs)| same(ours, theirs))
        };
        self.are_limited() && !self.folders(&at.storage_backend, doing).iter().any(holds)
    }

    /// What whoever submitted it is told of a path that lies in none of the places: what may not be, and what may.
    pub fn refusal(&self, member: &str, at: &StoragePath, doing: Doing) -> String {
        let verb = match doing {
            Doing::Reading => "read",
            Doing::Writing => "write",
        };
        let backend = &at.storage_backend;
        let folders = self.folders(backend, doing);
        let mut named: Vec<String> = folders.iter().map(|folder| format!("`{backend}:{folder}`")).collect();
        let last = named.pop();
        let allowed = match (named.is_empty(), last) {
            (_, None) => format!("they may {verb} nothing on {backend}"),
            (true, Some(last)) => format!("on {backend} they may {verb} only in {last}"),
            (false, Some(last)) => format!("on {backend} they may {verb} only in {} and {last}", named.join(", ")),
        };
        format!("jobs of {member} may not {verb} `{at}`: {allowed}")
    }

    /// What is to be done about a refusal.
    pub fn mend() -> &'static str {
        "Use a place that is allowed, or ask whoever looks after the lab for an invitation that allows more."
    }
}

/// The components of a folder; none where it could mean another one.
fn components(folder: &str) -> Option<Vec<&str>> {
    let fits = |part: &&str| {
        !part.is_empty()
            && *part != "."
            && *part != ".."
            && !part.contains(['\\', ':'])
            && !part.chars().any(char::is_control)
    };
    if folder.is_empty() {
        return Some(Vec::new());
    }
    let parts: Vec<&str> = folder.split('/').collect();
    (folder.len() <= LONGEST && parts.iter().all(fits)).then_some(parts)
}

/// `vast:shared` as storage and folder.
fn split(place: &str) -> Option<(&str, &str)> {
    let (backend, folder) = place.split_once(':')?;
    let named = backend.len() >= 2 && backend.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
    (named && components(folder).is_some()).then_some((backend, folder))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places() -> Places {
        Places { user_subdir: Some("amick".to_owned()), read: vec!["vast:shared/maze".to_owned(), "raw:".to_owned()] }
    }

    fn excluded(text: &str, doing: Doing) -> bool {
        let (backend, rest) = text.split_once(':').expect("a storage path");
        places().surely_exclude(&StoragePath::new(backend, "", rest), doing)
    }

    #[test]
    fn a_folder_is_no_other_folder_that_begins_like_it() {
        for (path, doing, is) in [
            ("vast:amick", Doing::Writing, false),
            ("vast:amick/project/x.slp", Doing::Writing, false),
            ("other:amick/x", Doing::Writing, false),
            ("vast:Amick/x", Doing::Writing, false),
            ("vast:amick2/x", Doing::Reading, true),
            ("vast:am/x", Doing::Reading, true),
            ("vast:", Doing::Reading, true),
            ("vast:tom/x", Doing::Reading, true),
            ("vast:shared/maze/x", Doing::Reading, false),
            ("vast:shared/maze/x", Doing::Writing, true),
            ("vast:shared/maze2", Doing::Reading, true),
            ("vast:shared", Doing::Reading, true),
            ("raw:tom/x", Doing::Reading, false),
            ("raw:tom/x", Doing::Writing, true),
        ] {
            assert_eq!(excluded(path, doing), is, "{path} {doing:?}");
        }
        assert!(!Places::default().surely_exclude(&StoragePath::new("vast", "tom", "x"), Doing::Writing));
    }

    #[test]
    fn what_nobody_could_mean_is_refused_and_allows_nothing() {
        for folder in ["", "/amick", "amick/", "a//b", "..", "a/../b", ".", "a\\b", "C:", "a\nb"] {
            let places = Places { user_subdir: Some(folder.to_owned()), read: Vec::new() };
            assert!(places.check().is_err(), "{folder:?}");
            assert!(places.folders("vast", Doing::Writing).is_empty(), "{folder:?}");
            assert!(places.surely_exclude(&StoragePath::new("vast", "", "x"), Doing::Writing), "{folder:?}");
        }
        for place in ["", "shared", ":shared", "v:x", "vast:/x", "vast:../x", "va st:x", "vast:a:b"] {
            let places = Places { user_subdir: None, read: vec![place.to_owned()] };
            assert!(places.check().is_err(), "{place:?}");
            assert!(places.folders("vast", Doing::Reading).is_empty(), "{place:?}");
        }
        assert_eq!(places().check(), Ok(()));
        assert!(Places { read: vec!["vast:x".to_owned(); 17], ..places() }.check().is_err());
    }

    #[test]
    fn a_refusal_names_the_path_the_member_and_what_is_allowed() {
        let refusal = |backend: &str, doing| places().refusal("amick", &StoragePath::new(backend, "tom", "x"), doing);
        assert_eq!(
            refusal("vast", Doing::Reading),
            "jobs of amick may not read `vast:tom/x`: on vast they may read only in `vast:amick` and `vast:shared/maze`"
        );
        assert_eq!(
            refusal("vast", Doing::Writing),
            "jobs of amick may not write `vast:tom/x`: on vast they may write only in `vast:amick`"
        );
        let nowhere = Places { user_subdir: None, read: vec!["vast:shared".to_owned()] };
        assert_eq!(
            nowhere.refusal("amick", &StoragePath::new("vast", "tom", "x"), Doing::Writing),
            "jobs of amick may not write `vast:tom/x`: they may write nothing on vast"
        );
    }
}
