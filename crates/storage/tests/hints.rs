//! What to do about a path that cannot be used: every error says it, and says what is true.

#![cfg(unix)]

mod support;

use samepath_storage::{Backend, LocateError, Platform, Purpose, Storages, locate_here};
use samepath_testkit::fill;
use samepath_wire::StoragePath;
use std::os::unix::fs::symlink;
use std::path::Path;
use support::backend;
use support::lab::Lab;

/// A storage `vast`, a storage `scratch`, and a folder that is on neither.
fn lab() -> Lab {
    Lab::new(&[("vast/amick/labels.slp", ""), ("scratch/", ""), ("home/maze/x.slp", "")])
}

impl Lab {
    fn refused(&self, path: &str) -> LocateError {
        locate_here(&self.storages, &self.top.join(path)).expect_err("refused")
    }

    fn home(&mut self, home: &str) {
        self.storages = self.storages.clone().with_home(Some(self.top.join(home)));
    }
}

#[test]
fn a_component_has_the_same_mend_wherever_it_is_refused() {
    let lab = lab();
    for (rest, mend) in [
        ("/etc", "leave out the `/` at its beginning"),
        ("/amick/labels.slp", "leave out the `/` at its beginning"),
        ("../x", "write the path from the storage's own top, without `.` and `..`"),
        ("amick/./x", "write the path from the storage's own top, without `.` and `..`"),
        ("amick//x", "leave out the `/` that is too many"),
        ("amick/C:/x", "leave out the drive, or rename what is really called so"),
        ("amick/a\u{7}b", "rename it"),
    ] {
        let typed = lab.storages.parse(&format!("vast:{rest}")).unwrap().unwrap_err();
        assert_eq!((typed.code(), typed.hint().as_deref()), ("path_refused", Some(mend)), "{rest}");
        let resolved = lab.storages.join(&StoragePath::new("vast", "", rest)).unwrap_err();
        assert_eq!((resolved.code(), resolved.hint().as_deref()), ("path_refused", Some(mend)), "{rest}");
    }
}

#[test]
fn links_that_lead_round_or_nowhere_are_named_by_either_way() {
    let lab = lab();
    let link = |target: &str, at: &str| symlink(target, lab.top.join("vast/amick").join(at)).expect("a link");
    link("b", "a");
    link("a", "b");
    link("nothing/here", "gone");
    let at = |path: &str| StoragePath::new("vast", "amick", path);
    for path in ["a", "a/x.slp"] {
        let located = lab.refused(&format!("vast/amick/{path}"));
        let resolved = lab.storages.resolve(&at(path), Purpose::Input).unwrap_err();
        assert_eq!((located.code(), resolved.code()), ("path_refused", "path_refused"), "{located}");
        assert_eq!(located.hint(), resolved.hint());
        assert!(located.to_string().contains("vast/amick/a` is a link that leads nowhere"), "{located}");
    }
    for path in ["gone", "gone/x.slp"] {
        let located = lab.refused(&format!("vast/amick/{path}"));
        let resolved = lab.storages.resolve(&at(path), Purpose::Input).unwrap_err();
        assert_eq!((located.code(), resolved.code()), ("path_not_found", "path_not_found"), "{located}");
        assert_eq!(located.hint(), resolved.hint());
        let words = located.to_string();
        let target = lab.top.join("vast/amick/nothing/here");
        let wanted = format!("vast/amick/gone` is a link to `{}`, which does not exist", target.display());
        assert!(words.contains(&wanted), "{words}");
    }
    let file = lab.refused("vast/amick/labels.slp/x");
    assert_eq!(file.code(), "path_not_found");
    assert!(file.to_string().ends_with("vast/amick/labels.slp` is a file, not a folder"), "{file}");
}

#[test]
fn a_name_that_is_too_long_is_refused_by_either_way() {
    let lab = lab();
    let long = "x".repeat(300);
    let located = lab.refused(&format!("vast/amick/{long}"));
    let resolved = lab.storages.resolve(&StoragePath::new("vast", "amick", &*long), Purpose::Input).unwrap_err();
    assert_eq!((located.code(), resolved.code()), ("path_refused", "path_refused"), "{located}");
    assert_eq!((located.hint(), resolved.hint()), (Some("shorten the name".into()), Some("shorten the name".into())));
}

#[test]
fn a_folder_that_is_on_no_storage_is_offered_itself_and_a_file_by_its_folder() {
    let lab = lab();
    let add = format!("samepath storage add NAME {}", lab.top.join("home/maze").display());
    for path in ["home/maze", "home/maze/x.slp"] {
        let hint = lab.refused(path).hint().unwrap();
        assert!(hint.ends_with(&format!("`{add}`")), "{hint}");
    }
}

#[test]
fn nobody_is_offered_to_make_a_storage_of_their_home() {
    let mut lab = lab();
    let folders = ["Desktop", "Documents", "Downloads"];
    for folder in folders {
        fill(&lab.top, &[(&format!("home/{folder}/x.slp"), "")]);
    }
    fill(&lab.top, &[("home/x.slp", ""), ("x.slp", "")]);
    lab.home("home");
    for path in ["home", "home/x.slp", "x.slp", "home/Desktop", "home/Documents/x.slp", "home/Downloads/x.slp"] {
        let hint = lab.refused(path).hint().unwrap();
        assert_eq!(hint, "copy it to one of the storages", "{path}");
    }
    assert!(lab.refused("home/maze/x.slp").hint().unwrap().contains("storage add"));
    for path in ["/", "/home/amick", "/Users/amick/Desktop/x.slp", "/root/x.slp"] {
        let error = lab.storages.locate(Path::new(path), &samepath_storage::CanonicalBases::default()).unwrap_err();
        assert_eq!(error.hint().as_deref(), Some("copy it to one of the storages"), "{path}");
    }
}

#[test]
fn a_link_into_another_storage_offers_the_whole_path_there() {
    let lab = lab();
    fill(&lab.top, &[("scratch/tmp/run/y", "")]);
    symlink(lab.top.join("scratch/tmp"), lab.top.join("vast/amick/link")).unwrap();
    for (path, purpose, wanted) in [
        ("link", Purpose::Input, "use `scratch:tmp`"),
        ("link/run/y", Purpose::Input, "use `scratch:tmp/run/y`"),
        ("link/new/z", Purpose::Output, "use `scratch:tmp/new/z`"),
    ] {
        let error = lab.storages.resolve(&StoragePath::new("vast", "amick", path), purpose).unwrap_err();
        assert_eq!(error.hint().as_deref(), Some(wanted));
        assert!(error.to_string().ends_with("scratch/tmp`, outside `vast`"), "{error}");
    }
}

#[test]
fn a_place_on_two_storages_is_ambiguous_never_guessed() {
    let lab = lab();
    let link = lab.top.join("same");
    symlink(lab.top.join("vast"), &link).unwrap();
    let part = Backend { subpath: "labs/talmo".to_owned(), ..backend("part", lab.top.join("vast/")) };
    let storages = [backend("vast", lab.top.join("vast")), backend("again", &link), part];
    let storages = Storages::new(storages.into(), Platform::current());
    let error = locate_here(&storages, &lab.top.join("vast/amick/labels.slp")).unwrap_err();
    assert_eq!(error.code(), "path_ambiguous");
    for place in ["vast:amick/labels.slp", "again:amick/labels.slp", "part:labs/talmo/amick/labels.slp"] {
        assert!(error.to_string().contains(&format!("`{place}`")), "{error}");
    }
    assert!(error.hint().unwrap().contains("`vast:amick/labels.slp`"), "{:?}", error.hint());
}

#[test]
fn every_failure_of_the_system_has_a_mend() {
    use rustix::io::Errno;
    let error = |errno: Errno| std::io::Error::from_raw_os_error(errno.raw_os_error());
    for (errno, part) in [
        (Errno::ACCESS, "ask"),
        (Errno::PERM, "ask"),
        (Errno::NOSPC, "free some space"),
        (Errno::DQUOT, "ask for more"),
        (Errno::ROFS, "read-only"),
        (Errno::NOTDIR, "a file where a folder must be"),
        (Errno::LOOP, "mend or remove the link"),
        (Errno::NAMETOOLONG, "shorten the name"),
        (Errno::STALE, "mount"),
        (Errno::TIMEDOUT, "mount"),
        (Errno::IO, "mount"),
        (Errno::BUSY, "another program"),
        (Errno::NFILE, "close"),
        (Errno::MFILE, "close"),
        (Errno::XDEV, "try again"),
    ] {
        let cause = samepath_storage::Cause::of(&error(errno));
        assert!(cause.mend("/mnt/vast").contains(part), "{errno:?}: {}", cause.mend("/mnt/vast"));
    }
}

#[test]
fn places_that_have_to_do_with_one_another_are_known() {
    use samepath_storage::{CanonicalBases, Nesting};
    let lab = lab();
    symlink(lab.top.join("vast"), lab.top.join("link")).unwrap();
    let storages = [("vast", "vast/"), ("same", "link"), ("inner", "vast/amick"), ("outer", ""), ("apart", "scratch")]
        .map(|(name, base)| backend(name, lab.top.join(base)));
    let storages = Storages::new(storages.into(), Platform::current());
    let overlaps = |name: &str, bases: &CanonicalBases| -> Vec<(String, Nesting)> {
        storages.overlaps(name, bases).into_iter().map(|overlap| (overlap.other.name.clone(), overlap.how)).collect()
    };
    let known = CanonicalBases::known(&storages);
    let all = [("same", Nesting::Same), ("inner", Nesting::Around), ("outer", Nesting::Inside)];
    assert_eq!(overlaps("vast", &known), all.map(|(name, how)| (name.to_owned(), how)));
    assert_eq!(overlaps("apart", &known), [("outer".to_owned(), Nesting::Inside)]);
    // By the text alone a link is another place.
    let written = CanonicalBases::as_configured(&storages);
    assert_eq!(overlaps("same", &written), [("outer".to_owned(), Nesting::Inside)]);
    assert!(storages.overlaps("nobody", &known).is_empty());
}
