//! Local path → storage path.

mod support;

use proptest::prelude::*;
use samepath_storage::{
    Backend, CanonicalBases, LocateError, Located, Platform, Purpose, Storages, locate_here, split_below_root,
};
use samepath_testkit::{fill, tree};
use samepath_wire::StoragePath;
use std::path::{Path, PathBuf};
use support::backend;
use unicode_normalization::UnicodeNormalization;

fn pure(storages: &Storages, path: &str) -> Result<StoragePath, LocateError> {
    storages.locate(Path::new(path), &CanonicalBases::as_configured(storages))
}

#[track_caller]
fn at(result: Result<StoragePath, LocateError>, backend: &str, user: &str, path: &str) {
    assert_eq!(result, Ok(StoragePath::new(backend, user, path)));
}

#[test]
fn the_longest_base_wins_component_by_component() {
    let backends = [("vast", "/mnt/vast"), ("scratch", "/mnt/vast/scratch/"), ("other", "/mnt/vast2")];
    let storages = Storages::new(backends.map(|(name, base)| backend(name, base)).into(), Platform::Linux);
    at(pure(&storages, "/mnt/vast/amick/x"), "vast", "amick", "x");
    at(pure(&storages, "/mnt/vast/scratch/amick/x/y"), "scratch", "amick", "x/y");
    at(pure(&storages, "/mnt/vast/scratch2/x"), "vast", "scratch2", "x");
    at(pure(&storages, "/mnt/vast2/x"), "other", "", "x");
    at(pure(&storages, "/mnt/vast"), "vast", "", "");
    let error = pure(&storages, "/mnt/vas/t").unwrap_err();
    assert_eq!(error.code(), "not_in_any_backend");
    for name in ["vast", "scratch", "other"] {
        assert!(error.to_string().contains(&format!("`{name} at ")), "{error}");
    }
    assert!(error.hint().unwrap().contains("samepath storage add NAME /mnt/vas"));
}

#[test]
fn one_rule_for_the_user_subdirectory() {
    for (configured, below, user, path) in [
        ("", "x.slp", "", "x.slp"),
        ("", "amick/x.slp", "amick", "x.slp"),
        ("", "amick/a/b", "amick", "a/b"),
        ("", "", "", ""),
        ("amick", "amick/x", "amick", "x"),
        ("amick", "amick", "amick", ""),
        ("amick", "amick2/x", "amick2", "x"),
        ("amick", "tom/x", "tom", "x"),
        ("amick", "x", "", "x"),
        ("lab/amick", "lab/amick/x/y", "lab/amick", "x/y"),
        ("lab/amick", "lab/tom/x", "lab", "tom/x"),
    ] {
        assert_eq!(split_below_root(configured, below), (user.to_owned(), path.to_owned()), "{configured} {below}");
    }
}

#[test]
fn a_part_of_a_storage_and_its_user() {
    let mut part = Backend { subpath: "labs/talmo".to_owned(), ..backend("vast", "/Volumes/talmo") };
    let storages = Storages::new(vec![part.clone()], Platform::MacOs);
    at(pure(&storages, "/Volumes/talmo/amick/x"), "vast", "labs", "talmo/amick/x");
    for user_subdir in ["amick", "labs/talmo/amick"] {
        part.user_subdir = user_subdir.to_owned();
        let storages = Storages::new(vec![part.clone()], Platform::MacOs);
        at(pure(&storages, "/Volumes/talmo/amick/x"), "vast", "labs/talmo/amick", "x");
        assert_eq!(part.user_subdir_below_root(), "labs/talmo/amick");
    }
}

#[test]
fn windows_drives_and_shares_have_no_case_and_no_verbatim_prefix() {
    let backends = [("vast", r"Z:\Lab"), ("share", r"\\Server\Talmo"), ("deep", r"\\?\UNC\server\talmo\deep")];
    let storages = Storages::new(backends.map(|(name, base)| backend(name, base)).into(), Platform::Windows);
    for path in [r"z:\Lab\amick\x y", r"\\?\Z:\Lab\amick\x y", "Z:/Lab/amick/x y"] {
        at(pure(&storages, path), "vast", "amick", "x y");
    }
    for path in [r"\\server\talmo\amick\x", r"\\?\unc\SERVER\TALMO\amick\x", "//server/Talmo/amick/x"] {
        at(pure(&storages, path), "share", "amick", "x");
    }
    at(pure(&storages, r"\\server\talmo\deep\a\b"), "deep", "a", "b");
    for path in [r"Z:\Lab2\x", r"\\server\talmo2\x", r"Y:\Lab\x"] {
        assert_eq!(pure(&storages, path).unwrap_err().code(), "not_in_any_backend", "{path}");
    }
    for path in [r"Z:relative", "relative", r"\rooted", r"\\server", ""] {
        assert!(matches!(pure(&storages, path), Err(LocateError::NotAbsolute { .. })), "{path}");
    }
    assert_eq!(pure(&storages, r"Z:\Lab\amick\nul").unwrap_err().code(), "path_refused");
}

#[test]
fn refuses_what_resolving_would_refuse() {
    let storages = Storages::new(vec![backend("vast", "/mnt/vast")], Platform::Linux);
    for path in ["/mnt/vast/a/b\nc", "/mnt/vast/C:/x", "/mnt/vast/a/d:", r"/mnt/vast/a/\\b"] {
        let error = pure(&storages, path).unwrap_err();
        assert!(matches!(error, LocateError::Refused { .. }), "{path}: {error}");
        assert_eq!(error.code(), "path_refused");
    }
}

#[test]
fn text_with_a_storages_name_is_a_storage_path() {
    let vast = Backend { user_subdir: "lab/amick".to_owned(), ..backend("vast", "/mnt/vast") };
    let storages = Storages::new(vec![vast], Platform::Linux);
    for (text, user, path) in [
        ("vast:lab/amick/project/labels.slp", "lab/amick", "project/labels.slp"),
        ("vast:tom/x", "tom", "x"),
        ("vast:x", "", "x"),
        ("vast:", "", ""),
        ("vast:a:b/c", "a:b", "c"),
    ] {
        if text == "vast:a:b/c" {
            // Begins like a drive.
            assert_eq!(storages.parse(text).unwrap().unwrap_err().code(), "path_refused");
        } else {
            at(storages.parse(text).unwrap(), "vast", user, path);
        }
    }
    for text in ["./vast:x", "Vast:x", "vast", "C:\\x", "/mnt/vast/x", "", ":x"] {
        assert!(storages.parse(text).is_none(), "{text}");
    }
    for text in ["vast:/etc", "vast:../x", "vast:a//b"] {
        assert_eq!(storages.parse(text).unwrap().unwrap_err().code(), "path_refused", "{text}");
    }
}

#[cfg(unix)]
mod on_the_file_system {
    use super::*;
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::symlink;

    #[test]
    fn gives_the_canonical_place() {
        let folder = tree(&[("real/vast/amick/x", ""), ("real/scratch/tmp/y", ""), ("elsewhere/z", "")]);
        let top = folder.path().canonicalize().unwrap();
        symlink("real/vast", top.join("vast")).unwrap();
        symlink(top.join("real/scratch/tmp"), top.join("real/vast/amick/link")).unwrap();
        let storages = Storages::new(
            vec![backend("vast", top.join("vast")), backend("scratch", top.join("real/scratch"))],
            Platform::Linux,
        );
        let located = |path: &str| locate_here(&storages, &top.join(path)).map(|Located { at, .. }| at);
        at(located("vast/amick/x"), "vast", "amick", "x");
        at(located("real/vast/amick/x"), "vast", "amick", "x");
        at(located("vast/amick/link/y"), "scratch", "tmp", "y");
        at(located("elsewhere/../vast/amick"), "vast", "", "amick");
        assert_eq!(located("elsewhere/z").unwrap_err().code(), "not_in_any_backend");
        assert_eq!(located("vast/none").unwrap_err().code(), "path_not_found");
        assert!(matches!(locate_here(&storages, Path::new("x")), Err(LocateError::NotAbsolute { .. })));
    }

    #[test]
    fn a_path_that_is_no_text_is_refused_not_guessed() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(OsStr::from_bytes(b"caf\xe9.slp"));
        std::fs::write(&file, "").unwrap();
        let storages = Storages::new(vec![backend("vast", folder.path())], Platform::Linux);
        let error = locate_here(&storages, &file).unwrap_err();
        assert_eq!(error.code(), "path_refused");
        assert!(error.to_string().contains(r"caf\xE9.slp"), "{error}");
        // Also where only the link's target is none.
        symlink(&file, folder.path().join("link")).unwrap();
        assert!(matches!(locate_here(&storages, &folder.path().join("link")), Err(LocateError::NotUnicode { .. })));
    }

    /// What is asked of storages that were asked before is what would be asked of new ones.
    #[track_caller]
    fn as_if_asked_first(kept: &Storages, path: &Path) -> Result<StoragePath, LocateError> {
        let fresh = Storages::new(kept.iter().cloned().collect(), kept.platform());
        let located = locate_here(kept, path).map(|located| located.at);
        assert_eq!(located, locate_here(&fresh, path).map(|located| located.at));
        located
    }

    /// A link that is put in the place of whatever is there.
    fn point(link: &Path, target: &Path) {
        let draft = link.with_extension("draft");
        symlink(target, &draft).expect("a link can be made");
        std::fs::rename(draft, link).expect("what is there gives way");
    }

    #[track_caller]
    fn nowhere(storages: &Storages, path: &Path) {
        let located = as_if_asked_first(storages, path);
        assert_eq!(located.expect_err("it is on no storage").code(), "not_in_any_backend");
    }

    #[test]
    fn a_base_path_that_leads_elsewhere_by_now_is_noticed() {
        let folder = tree(&[("one/amick/x", ""), ("two/amick/x", ""), ("links/", ""), ("deep/", "")]);
        let top = folder.path().canonicalize().unwrap();
        symlink("../links/vast", top.join("deep/way")).unwrap();
        symlink(top.join("one"), top.join("links/vast")).unwrap();
        let storages = Storages::new(vec![backend("vast", top.join("deep/way"))], Platform::Linux);
        let (one, two) = (top.join("one/amick/x"), top.join("two/amick/x"));
        let follow = |here: &Path, there: &Path| {
            at(as_if_asked_first(&storages, here), "vast", "amick", "x");
            nowhere(&storages, there);
        };
        follow(&one, &two);
        point(&top.join("links/vast"), &top.join("two"));
        follow(&two, &one);
        // So long that a folder's time alone tells of the next change.
        let learned = std::time::Instant::now();
        while learned.elapsed() < std::time::Duration::from_millis(3_100) {
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
        follow(&two, &one);
        follow(&two, &one);
        point(&top.join("links/vast"), &top.join("one"));
        follow(&one, &two);
        // A folder on the way that is another one by now.
        fill(&top, &[("other/", "")]);
        symlink(top.join("two"), top.join("other/vast")).unwrap();
        std::fs::rename(top.join("links"), top.join("gone")).unwrap();
        nowhere(&storages, &one);
        nowhere(&storages, &two);
        std::fs::rename(top.join("other"), top.join("links")).unwrap();
        follow(&two, &one);
    }

    #[test]
    fn of_a_thousand_storages_the_longest_wins_and_two_at_one_place_are_two() {
        let folder = tree(&[("base/500/deep/amick/x", "")]);
        let top = folder.path().canonicalize().unwrap();
        symlink(top.join("base/500"), top.join("same")).unwrap();
        let mut backends: Vec<Backend> =
            (0..1_000).map(|number| backend(&format!("storage{number}"), top.join(format!("base/{number}")))).collect();
        let file = top.join("base/500/deep/amick/x");
        at(
            as_if_asked_first(&Storages::new(backends.clone(), Platform::Linux), &file),
            "storage500",
            "deep",
            "amick/x",
        );
        backends.push(backend("again", top.join("same")));
        let error = as_if_asked_first(&Storages::new(backends.clone(), Platform::Linux), &file).unwrap_err();
        let LocateError::Ambiguous { places, .. } = error else { panic!("{error}") };
        assert_eq!(places.iter().map(|at| at.storage_backend.as_str()).collect::<Vec<_>>(), ["storage500", "again"]);
        backends.insert(0, backend("deeper", top.join("same/deep")));
        at(as_if_asked_first(&Storages::new(backends, Platform::Linux), &file), "deeper", "amick", "x");
    }

    /// A name that some system has trouble with, or none.
    fn name() -> impl Strategy<Value = String> {
        prop_oneof![
            "[a-zA-Z0-9]{1,4}",
            "[a-z .;'$-]{1,5}[a-z]",
            Just("Zo\u{eb}".to_owned()),
            Just("Zoe\u{308}".to_owned()),
            Just("日本".to_owned())
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

        /// Whatever the tree and the storages: what locating names, resolving finds, and it is the same file.
        #[test]
        fn locating_then_resolving_gives_the_same_file(
            files in prop::collection::vec(prop::collection::vec(name(), 1..5), 1..8),
            bases in prop::collection::vec((0..8_usize, 0..3_usize, any::<bool>(), any::<bool>(), any::<bool>()), 1..4),
            links in prop::collection::vec((0..8_usize, 0..8_usize, any::<bool>()), 0..4),
        ) {
            let folder = tempfile::tempdir().unwrap();
            let top = folder.path().canonicalize().unwrap();
            let mut known = Vec::new();
            for names in &files {
                // A shorter path may be where a longer one needs a folder.
                let file = top.join(names.join("/"));
                if std::fs::create_dir_all(file.parent().unwrap()).is_ok() && std::fs::write(&file, names.join("/")).is_ok() {
                    known.push(file);
                }
            }
            for (number, (from, to, absolute)) in links.into_iter().enumerate() {
                let from = known[from % known.len()].clone();
                let to = known[to % known.len()].parent().unwrap().to_owned();
                let link = from.with_file_name(format!("link{number}"));
                let up: PathBuf = from.parent().unwrap().strip_prefix(&top).unwrap().components().map(|_| "..").collect();
                let target = if absolute { to.clone() } else { Path::new(".").join(up).join(to.strip_prefix(&top).unwrap()) };
                symlink(target, &link).unwrap();
                for file in known.clone() {
                    if let Ok(below) = file.strip_prefix(&to) {
                        known.push(link.join(below));
                    }
                }
                // A relative link made behind another link may lead nowhere.
                known.retain(|file| file.exists());
                known.truncate(64);
            }
            let backends = bases.into_iter().enumerate().map(|(number, (file, up, by_link, has_user, is_part))| {
                let file = &known[file % known.len()];
                let mut base = file.ancestors().nth(up + 1).filter(|base| base.starts_with(&top)).unwrap_or(&top).to_owned();
                let user_subdir = match file.strip_prefix(&base).unwrap().parent() {
                    Some(user) if has_user => user.to_str().unwrap().to_owned(),
                    _ => String::new(),
                };
                if by_link {
                    let link = top.join(format!("base{number}"));
                    symlink(&base, &link).unwrap();
                    base = link;
                }
                let subpath = if is_part { "labs/Zo\u{eb}".to_owned() } else { String::new() };
                Backend { user_subdir, subpath, ..backend(&format!("storage{number}"), base) }
            });
            let storages = Storages::new(backends.collect(), Platform::Linux);
            let mut located = 0;
            for file in &known {
                let at = match locate_here(&storages, file) {
                    Ok(Located { at, .. }) => at,
                    Err(LocateError::NotInAnyBackend { .. }) => continue,
                    // Each of its names is one of the same file.
                    Err(LocateError::Ambiguous { places, .. }) => {
                        located += 1;
                        prop_assert!(places.len() > 1);
                        for at in places {
                            let resolved = storages.resolve(&at, Purpose::Input).unwrap();
                            prop_assert_eq!(resolved.path.canonicalize().unwrap(), file.canonicalize().unwrap());
                        }
                        continue;
                    }
                    Err(error) => panic!("{}: {error}", file.display()),
                };
                located += 1;
                let resolved = storages.resolve(&at, Purpose::Input).unwrap();
                prop_assert_eq!(resolved.path.canonicalize().unwrap(), file.canonicalize().unwrap(), "{}", &at);
                prop_assert_eq!(&storages.resolve(&at, Purpose::Output).unwrap(), &resolved);
                prop_assert_eq!(&locate_here(&storages, &resolved.path).unwrap().at, &at);
                prop_assert_eq!(storages.parse(&at.to_string()).unwrap().unwrap(), at.clone());
                // Another system writes the same names in another form. Where both forms are there, they are two names.
                let has = |name: &str| files.iter().flatten().any(|other| other == name);
                let two_names = has("Zo\u{eb}") && has("Zoe\u{308}");
                for form in [|text: &str| text.nfc().collect::<String>(), |text: &str| text.nfd().collect()] {
                    let written = StoragePath::new(&at.storage_backend, form(&at.user_subdir), form(&at.path));
                    let found = storages.resolve(&written, Purpose::Input).map(|found| found.path.canonicalize().unwrap());
                    let same = found.as_ref().is_ok_and(|found| *found == file.canonicalize().unwrap());
                    prop_assert!(same || two_names, "{} {:?}", &written, found);
                }
            }
            prop_assert!(located > 0);
        }

        /// Whatever is done to the ways to base paths between two questions.
        #[test]
        fn whatever_changes_the_answer_is_that_of_now(
            changes in prop::collection::vec((0..6_u8, 0..4_usize, 0..4_usize), 1..12),
        ) {
            let folder = tree(&[("0/amick/x", ""), ("1/amick/x", ""), ("2/amick/x", ""), ("3/amick/x", "")]);
            let top = folder.path().canonicalize().unwrap();
            let place = |number: usize| top.join(number.to_string());
            let link = |number: usize| top.join(format!("links{}/{number}", number / 2));
            fill(&top, &[("links0/", ""), ("links1/", "")]);
            let bases = [link(0), link(1).join("amick"), link(2), place(0), place(3)];
            let backends = bases.iter().enumerate().map(|(number, base)| backend(&format!("s{number}"), base));
            let kept = Storages::new(backends.collect(), Platform::Linux);
            for (change, one, other) in changes {
                match change {
                    // What cannot be done leaves all as it is, which is a case, too.
                    0 => drop(std::fs::remove_file(link(one))),
                    1 => point(&link(one), &place(other)),
                    2 => point(&link(one), &link(other)),
                    3 => drop(std::fs::rename(place(one), place(other))),
                    4 => drop(std::fs::rename(top.join("links0"), top.join("links2"))),
                    _ => drop(std::fs::rename(top.join("links2"), top.join("links0"))),
                }
                if !top.join("links0").exists() {
                    fill(&top, &[("links0/", "")]);
                }
                for number in 0..4 {
                    let _ = as_if_asked_first(&kept, &place(number).join("amick/x"));
                }
            }
        }

        /// No text, however strange, makes anything panic, and nothing lexical leaves the base.
        #[test]
        fn no_text_leaves_the_base(user in ".{0,12}", path in r"[./\\:a\x00~]{0,12}|.{0,24}") {
            for platform in [Platform::Linux, Platform::MacOs, Platform::Windows] {
                let storages = Storages::new(vec![backend("vast", "/mnt/vast")], platform);
                let _ = storages.parse(&path);
                let _ = storages.parse(&format!("vast:{path}"));
                let _ = pure(&storages, &path);
                if let Ok(joined) = storages.join(&StoragePath::new("vast", &*user, &*path)) {
                    let mut below = joined.strip_prefix("/mnt/vast").ok().into_iter().flat_map(Path::components);
                    let normal = |part| matches!(part, std::path::Component::Normal(_));
                    prop_assert!(platform == Platform::Windows || below.all(normal), "{}", joined.display());
                }
            }
        }
    }

    #[test]
    fn a_link_into_the_storage_is_located_where_it_leads() {
        let folder = tree(&[("vast/tom/x", "")]);
        fill(folder.path(), &[("home/", "")]);
        let top = folder.path().canonicalize().unwrap();
        symlink("../vast/tom", top.join("home/data")).unwrap();
        let storages = Storages::new(vec![backend("vast", top.join("vast"))], Platform::Linux);
        at(locate_here(&storages, &top.join("home/data/x")).map(|located| located.at), "vast", "tom", "x");
    }
}
