//! Storage path → local path, on real folders.

#![cfg(unix)]

mod support;

use samepath_storage::{Backend, Match, Platform, Purpose, Refusal, ResolveError, Resolved, Storages};
use samepath_testkit::fill;
use samepath_wire::{BackendState, HERE, StoragePath};
use std::ffi::OsStr;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use support::backend;
use support::lab::Lab;

/// A storage `vast` with some files, beside a folder `outside` and another storage `scratch`.
fn lab() -> Lab {
    Lab::new(&[
        ("vast/amick/labels.slp", "labels"),
        ("vast/amick/project/train.yaml", "train"),
        ("vast/tom/x.mp4", "x"),
        ("outside/secret", "secret"),
        ("scratch/tmp/y", "y"),
    ])
}

impl Lab {
    fn resolve(&self, user: &str, path: &str, purpose: Purpose) -> Result<Resolved, ResolveError> {
        self.storages.resolve(&StoragePath::new("vast", user, path), purpose)
    }

    fn input(&self, path: &str) -> Result<Resolved, ResolveError> {
        self.resolve("amick", path, Purpose::Input)
    }

    fn output(&self, path: &str) -> Result<Resolved, ResolveError> {
        self.resolve("amick", path, Purpose::Output)
    }

    #[track_caller]
    fn finds(&self, path: &str, real: &str) {
        let expected = Resolved { path: self.base().join(real), matched: Match::Exact };
        assert_eq!(self.input(path), Ok(expected.clone()), "{path} as an input");
        assert_eq!(self.output(path), Ok(expected), "{path} as an output");
    }
}

#[test]
fn finds_files_and_folders() {
    let lab = lab();
    lab.finds("labels.slp", "amick/labels.slp");
    lab.finds("project", "amick/project");
    lab.finds("", "amick");
    assert_eq!(lab.resolve("", "", Purpose::Input).unwrap().path, lab.base());
    assert_eq!(
        lab.resolve("amick/project", "train.yaml", Purpose::Input).unwrap().path,
        lab.base().join("amick/project/train.yaml")
    );
}

#[test]
fn follows_links_that_stay() {
    let lab = lab();
    lab.link("amick/relative", "../tom");
    lab.link("amick/absolute", lab.base().join("tom"));
    lab.link("amick/around", format!("../../outside/../vast/{}", "tom"));
    symlink(lab.base().join("tom"), lab.top.join("outside/back")).unwrap();
    lab.link("amick/out-and-back", "../../outside/back");
    lab.link("amick/chain", "absolute");
    lab.link("amick/whole", lab.base());
    for link in ["relative", "absolute", "around", "out-and-back", "chain", "whole/tom"] {
        lab.finds(&format!("{link}/x.mp4"), "tom/x.mp4");
    }
}

#[test]
fn the_base_may_be_a_link() {
    let lab = lab();
    let link = lab.top.join("mnt");
    symlink(lab.base(), &link).unwrap();
    lab.link("amick/through-the-link", link.join("tom/x.mp4"));
    let storages = Storages::new(vec![backend("vast", &link)], Platform::Linux);
    for path in ["labels.slp", "through-the-link"] {
        let found = storages.resolve(&StoragePath::new("vast", "amick", path), Purpose::Input).unwrap().path;
        assert!(found.starts_with(&link) && found.is_file(), "{}", found.display());
    }
}

#[test]
fn a_link_that_leaves_is_refused_by_name() {
    let lab = lab();
    lab.link("amick/link", "/etc");
    for (path, purpose) in [("link", Purpose::Input), ("link/passwd", Purpose::Input), ("link/new/x", Purpose::Output)]
    {
        let error = lab.resolve("amick", path, purpose).unwrap_err();
        assert_eq!(error.to_string(), "`amick/link` points to `/etc`, outside `vast`");
        assert_eq!(error.code(), "path_escapes");
    }
    lab.link("amick/up", "../../outside");
    // Back in by a name of the storage path, not of the link: it was outside in between.
    symlink(lab.base(), lab.top.join("outside/in")).unwrap();
    for path in ["up/secret", "up/in/amick/labels.slp", "up/nothing"] {
        assert_eq!(lab.input(path).unwrap_err().code(), "path_escapes", "{path}");
    }
    lab.link("amick/gone", "/nowhere/at/all");
    assert_eq!(lab.output("gone/x").unwrap_err().code(), "path_escapes");
    lab.link("amick/proc", "/proc/self/root/etc");
    assert_eq!(lab.input("proc/passwd").unwrap_err().code(), "path_escapes");
}

#[test]
fn a_link_into_another_storage_is_refused_with_the_path_there() {
    let lab = lab();
    lab.link("amick/link", lab.top.join("scratch/tmp"));
    let error = lab.input("link/y").unwrap_err();
    assert_eq!(error.code(), "path_escapes");
    assert!(matches!(&error, ResolveError::Escapes { instead: Some(at), .. } if at.to_string() == "scratch:tmp/y"));
    assert_eq!(error.hint().unwrap(), "use `scratch:tmp/y`");
}

#[test]
fn loops_and_dangling_links_are_named() {
    let lab = lab();
    lab.link("amick/a", "b");
    lab.link("amick/b", "a");
    let error = lab.input("a/x").unwrap_err();
    assert!(matches!(&error, ResolveError::LinkLoop { link, .. } if link == "amick/a"), "{error}");
    lab.link("amick/dangling", "../tom/none");
    for path in ["dangling", "dangling/x"] {
        let error = lab.input(path).unwrap_err();
        assert!(matches!(&error, ResolveError::DanglingLink { link, .. } if link == "amick/dangling"), "{error}");
        assert_eq!(error.code(), "path_not_found");
        assert_eq!(lab.output(path).unwrap_err().code(), "path_refused");
    }
    for number in 0..45 {
        lab.link(&format!("amick/n{number}"), format!("n{}", number + 1));
    }
    fill(&lab.base(), &[("amick/n45", "end")]);
    lab.finds("n10", "amick/n45");
    assert!(matches!(lab.input("n0"), Err(ResolveError::LinkLoop { .. })));
}

#[test]
fn outputs_need_not_be_there() {
    let lab = lab();
    let found = lab.output("project/models/run 1/best.ckpt").unwrap();
    assert_eq!(found.path, lab.base().join("amick/project/models/run 1/best.ckpt"));
    lab.link("amick/link", lab.base().join("tom"));
    assert_eq!(lab.output("link/new/x").unwrap().path, lab.base().join("tom/new/x"));
    let error = lab.output("labels.slp/x").unwrap_err();
    assert_eq!(error.to_string(), "`amick/labels.slp` on `vast` is a file, not a folder");
}

#[test]
fn what_is_missing_is_named() {
    let lab = lab();
    let error = lab.input("projct/models/x").unwrap_err();
    assert!(matches!(&error, ResolveError::NotFound { component, .. } if component == "amick/projct"), "{error}");
    assert_eq!(error.code(), "path_not_found");
    // Nothing is at the path with that name: it is not for writing.
    let beside = "there is a `vast:amick/project`, but nothing of that name in it: check the spelling";
    assert_eq!(error.hint().unwrap(), beside);
    let error = lab.input("projct/train.yaml").unwrap_err();
    assert_eq!(error.hint().unwrap(), "write `vast:amick/project/train.yaml`, if that is meant");
    let error = lab.input("nothing/models/x").unwrap_err();
    assert_eq!(error.hint().unwrap(), "check the spelling, and that the file is on this storage");
}

#[test]
fn other_normalisation_then_other_case() {
    let lab = lab();
    let (nfc, nfd) = ("Zo\u{eb}", "Zoe\u{308}");
    fill(&lab.base(), &[(&format!("amick/{nfd}/Data.slp"), "")]);
    let found = lab.input(&format!("{nfc}/Data.slp")).unwrap();
    assert_eq!(
        found,
        Resolved { path: lab.base().join("amick").join(nfd).join("Data.slp"), matched: Match::Normalization }
    );
    let found = lab.input(&format!("{nfc}/data.SLP")).unwrap();
    assert_eq!(found.matched, Match::Case);
    let found = lab.output(&format!("{}/new", nfc.to_uppercase())).unwrap();
    assert_eq!(found, Resolved { path: lab.base().join("amick").join(nfd).join("new"), matched: Match::Case });
    // Both forms there: the exact one is not ambiguous, and normalisation comes before case.
    fill(&lab.base(), &[(&format!("amick/{nfc}/other"), "")]);
    assert_eq!(lab.input(&format!("{nfc}/other")).unwrap().matched, Match::Exact);
}

#[test]
fn two_candidates_are_ambiguous() {
    let lab = lab();
    fill(&lab.base(), &[("amick/Run/x", ""), ("amick/RUN/x", "")]);
    std::fs::write(lab.base().join("amick").join(OsStr::from_bytes(b"ru\xff\xfe")), "").unwrap();
    for purpose in [Purpose::Input, Purpose::Output] {
        let error = lab.resolve("amick", "run/x", purpose).unwrap_err();
        let expected = vec!["RUN".to_owned(), "Run".to_owned()];
        assert!(matches!(&error, ResolveError::Ambiguous { candidates, .. } if *candidates == expected), "{error}");
        assert_eq!(error.code(), "path_ambiguous");
    }
    // A name that is no text is in nobody's way.
    assert_eq!(lab.input("LABELS.slp").unwrap().matched, Match::Case);
}

#[test]
fn an_unknown_storage_names_those_there_are() {
    let lab = lab();
    let error = lab.storages.join(&StoragePath::new("Vast", "", "x")).unwrap_err();
    assert_eq!(error.code(), "backend_not_found");
    assert_eq!(error.to_string(), format!("{HERE} has no storage `Vast`; it has `vast`, `scratch`"));
}

#[test]
fn whoever_reads_it_elsewhere_is_told_which_computer_looked() {
    let lab = lab();
    let told = |at: StoragePath| {
        let error = lab.storages.resolve(&at, Purpose::Input).unwrap_err();
        assert!(error.to_string().contains(HERE), "{error}");
        error.told_of("gpu-1")
    };
    assert_eq!(told(StoragePath::new("Vast", "", "x")), "gpu-1 has no storage `Vast`; it has `vast`, `scratch`");
    let absent = told(StoragePath::new("vast", "", "absent.slp"));
    assert!(
        absent.starts_with("`absent.slp` does not exist on `vast` (`") && absent.ends_with("` on gpu-1)"),
        "{absent}"
    );
}

#[test]
fn a_missing_base_is_the_storages_fault() {
    let storages = Storages::new(vec![backend("gone", "/nowhere/at/all")], Platform::Linux);
    let error = storages.resolve(&StoragePath::new("gone", "", "x"), Purpose::Output).unwrap_err();
    assert_eq!(error.code(), "backend_unavailable");
    assert!(matches!(error, ResolveError::BackendUnavailable { state: BackendState::Missing, .. }));
}

#[test]
fn an_empty_folder_of_a_network_storage_is_not_mounted() {
    let folder = tempfile::tempdir().unwrap();
    let share = Backend { kind: Some("NFS".to_owned()), ..backend("vast", folder.path()) };
    let storages = Storages::new(vec![share], Platform::Linux);
    for purpose in [Purpose::Input, Purpose::Output] {
        let error = storages.resolve(&StoragePath::new("vast", "amick", "x"), purpose).unwrap_err();
        assert!(matches!(error, ResolveError::BackendUnavailable { state: BackendState::NotMounted, .. }), "{error}");
    }
}

#[test]
fn a_part_of_a_storage() {
    let lab = lab();
    let part = Backend { subpath: "labs/talmo".to_owned(), ..backend("vast", lab.base()) };
    let storages = Storages::new(vec![part], Platform::Linux);
    let at = StoragePath::new("vast", "labs", "talmo/amick/labels.slp");
    assert_eq!(storages.resolve(&at, Purpose::Input).unwrap().path, lab.base().join("amick/labels.slp"));
    for outside in ["labs", "labs/other/x", "amick/labels.slp", ""] {
        let error = storages.join(&StoragePath::new("vast", "", outside)).unwrap_err();
        assert_eq!(error.code(), "path_refused");
        assert!(error.to_string().contains(&format!("the only part of the storage that {HERE} sees")), "{error}");
    }
}

#[test]
fn no_permission_is_said() {
    let lab = lab();
    fill(&lab.base(), &[("amick/private/x", "")]);
    let private = lab.base().join("amick/private");
    std::fs::set_permissions(&private, std::os::unix::fs::PermissionsExt::from_mode(0o000)).unwrap();
    let result = lab.input("private/x");
    std::fs::set_permissions(&private, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    if rustix::process::geteuid().is_root() {
        eprintln!("root may enter every folder: only looked that it is found");
        assert!(result.is_ok());
    } else {
        let error = result.unwrap_err();
        assert!(matches!(&error, ResolveError::Denied { component, .. } if component == "amick/private"), "{error}");
    }
}

#[test]
fn too_long_a_name_is_refused() {
    let lab = lab();
    let error = lab.input(&"x".repeat(300)).unwrap_err();
    assert!(matches!(error, ResolveError::Refused { refusal: Refusal::TooLong, .. }), "{error}");
}

#[test]
fn opens_regular_files_only() {
    let lab = lab();
    let open = |path: &str| lab.storages.open(&StoragePath::new("vast", "amick", path));
    let (mut file, resolved) = open("labels.slp").unwrap();
    let mut text = String::new();
    file.read_to_string(&mut text).unwrap();
    assert_eq!((text.as_str(), resolved.path), ("labels", lab.base().join("amick/labels.slp")));
    samepath_testkit::pipe(&lab.base().join("amick/pipe"));
    for path in ["project", "pipe"] {
        assert!(matches!(open(path), Err(ResolveError::NotAFile { .. })), "{path}");
    }
}

/// Somebody swaps links, to inside and outside, as fast as possible: what is opened was inside. `SAMEPATH_SWAP_ROUNDS` says how
/// often it is opened, for whoever does it by hand.
#[test]
fn what_is_opened_never_lies_outside() {
    use std::sync::atomic::{AtomicBool, Ordering};
    let rounds = std::env::var("SAMEPATH_SWAP_ROUNDS").map_or(20_000, |text| text.parse::<u32>().unwrap());
    let lab = lab();
    fill(&lab.top, &[("vast/a/f", "inside"), ("vast/b/f", "inside"), ("outside/f", "outside")]);
    let door = lab.base().join("door");
    let (inside, absolute, outside) = (PathBuf::from("a"), lab.base().join("b"), lab.top.join("outside"));
    let done = AtomicBool::new(false);
    let at = StoragePath::new("vast", "door", "f");
    let (mut opened, mut refused) = (0, 0);
    std::thread::scope(|scope| {
        let swapping = scope.spawn(|| {
            let spare = lab.base().join("spare");
            let mut swaps = 0_u32;
            for target in [&inside, &outside, &absolute, &outside].into_iter().cycle() {
                if done.load(Ordering::Relaxed) {
                    break;
                }
                symlink(target, &spare).unwrap();
                std::fs::rename(&spare, &door).unwrap();
                swaps += 1;
            }
            swaps
        });
        for _ in 0..rounds {
            match lab.storages.open(&at) {
                Ok((mut file, _)) => {
                    let mut text = String::new();
                    file.read_to_string(&mut text).unwrap();
                    if text != "inside" {
                        done.store(true, Ordering::Relaxed);
                    }
                    assert_eq!(text, "inside");
                    opened += 1;
                }
                Err(_) => refused += 1,
            }
        }
        done.store(true, Ordering::Relaxed);
        println!("opened {opened} times, refused {refused} times, swapped {} times", swapping.join().unwrap());
    });
    assert!(opened > 0 && refused > 0, "opened {opened}, refused {refused}");
}
