//! Which storage a storage is: its mark, the proof of a file, and where it is when it is no longer where it was.

#![cfg(target_os = "linux")]

mod support;

use samepath_storage::helper::DEADLINE;
use samepath_storage::{
    Backend, Damage, MarkError, Platform, ProofKey, ResolveError, Sighting, Storages, probe, probe_again,
};
use samepath_testkit::{FuseMount, fill, tree};
use samepath_wire::{BackendState, StoragePath};
use std::collections::BTreeSet;
use std::io::{Seek, SeekFrom, Write};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::time::Duration;
use support::helper::helper;

const ID: &str = "0199c0de-1111-4222-8333-444455556666";

fn backend(base: impl Into<PathBuf>) -> Backend {
    support::backend("vast", base)
}

fn mark_of(id: &str) -> String {
    format!(r#"{{"id": "{id}"}}"#)
}

mod mark {
    use super::*;

    #[test]
    fn is_made_once_and_never_replaced() {
        let folder = tree(&[("amick/x", "")]);
        let vast = backend(folder.path());
        assert_eq!(probe(&vast).id, None);
        let first = helper().mark(&vast, DEADLINE).unwrap();
        assert!(first.made);
        let file = folder.path().join(".samepath/storage.json");
        let text = std::fs::read(&file).unwrap();
        let second = helper().mark(&vast, DEADLINE).unwrap();
        assert_eq!((second.made, &second.id), (false, &first.id));
        assert_eq!(std::fs::read(&file).unwrap(), text);
        assert_eq!(probe(&vast).id, Some(first.id));
        let names = std::fs::read_dir(folder.path().join(".samepath")).unwrap().count();
        assert_eq!(names, 1, "something was left behind");
        // Everybody in the lab can read it, whatever the umask.
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o644);
        assert_eq!(std::fs::metadata(file.parent().unwrap()).unwrap().permissions().mode() & 0o777, 0o755);
    }

    #[test]
    fn of_many_at_once_one_wins_and_all_say_the_same() {
        let folder = tree(&[]);
        let vast = backend(folder.path());
        // Each asks through a helper of its own: as from computers that know nothing of one another.
        let marked: Vec<_> = std::thread::scope(|scope| {
            let asked: Vec<_> = (0..8).map(|_| scope.spawn(|| helper().mark(&vast, Duration::from_secs(20)))).collect();
            asked.into_iter().map(|asked| asked.join().unwrap().unwrap()).collect()
        });
        let ids: BTreeSet<&str> = marked.iter().map(|marked| marked.id.as_str()).collect();
        assert_eq!(ids.len(), 1, "{marked:?}");
        assert_eq!(marked.iter().filter(|marked| marked.made).count(), 1, "{marked:?}");
        assert_eq!(probe(&vast).id.as_deref(), ids.first().copied());
    }

    #[test]
    fn a_part_of_a_storage_has_none_and_gets_none() {
        let folder = tree(&[(".samepath/storage.json", &mark_of(ID))]);
        let part = Backend { subpath: "labs/talmo".into(), ..backend(folder.path()) };
        assert_eq!(probe(&part).id, None, "what is at the top of a part is not the mark of the whole");
        let error = helper().mark(&part, DEADLINE).unwrap_err();
        assert_eq!(error, MarkError::Part { backend: "vast".into(), subpath: "labs/talmo".into() });
        assert_eq!(error.to_string(), "this computer sees only `vast:labs/talmo`, and a storage is marked at its root");
        assert_eq!(error.code(), "path_refused");
    }

    #[test]
    fn what_is_in_its_way_is_left_alone_and_warned_of() {
        let outside = tree(&[("storage.json", &mark_of(ID)), ("folder/storage.json", &mark_of(ID))]);
        let (braced, long) = (mark_of(&format!("{{{ID}}}")), "[".repeat(1 << 20));
        let cases = [
            ("an empty file", "storage.json", "", Damage::Empty),
            ("something else", "storage.json", r#"{"id": "vast"}"#, Damage::Foreign),
            ("no JSON", "storage.json", "\u{0}\u{fffd}", Damage::Foreign),
            ("braces", "storage.json", &braced, Damage::Foreign),
            ("far too much", "storage.json", &long, Damage::Foreign),
            ("a folder", "storage.json/x", "", Damage::Other),
            ("a link", "", "", Damage::Link),
        ];
        for (what, name, text, damage) in cases {
            let folder = tree(&[(".samepath/", "")]);
            let at = folder.path().join(".samepath");
            match damage {
                Damage::Link => symlink(outside.path().join("storage.json"), at.join("storage.json")).unwrap(),
                _ => fill(&at, &[(name, text)]),
            }
            let vast = backend(folder.path());
            let probed = probe(&vast);
            assert_eq!((probed.state, &probed.id), (BackendState::Ready, &None), "{what}");
            assert_eq!(probed.damaged_mark, Some(damage.clone()), "{what}");
            let error = helper().mark(&vast, DEADLINE).unwrap_err();
            assert!(
                matches!(&error, MarkError::Damaged { damage: found, .. } if *found == damage),
                "{what}: {error:?}"
            );
            assert_eq!(error.code(), "already_exists", "{what}");
            assert!(error.to_string().contains(".samepath/storage.json"), "{what}: {error}");
        }
        // The folder itself is a link, out of the storage or within.
        for target in [outside.path().join("folder"), PathBuf::from("elsewhere")] {
            let folder = tree(&[("elsewhere/storage.json", &mark_of(ID))]);
            symlink(target, folder.path().join(".samepath")).unwrap();
            let probed = probe(&backend(folder.path()));
            assert_eq!((probed.id, probed.damaged_mark), (None, Some(Damage::Link)));
            assert!(helper().mark(&backend(folder.path()), DEADLINE).is_err());
        }
    }

    #[test]
    fn a_storage_that_is_not_there_is_not_marked() {
        let folder = tree(&[("empty/", ""), ("file", "")]);
        let state = |vast: &Backend| match helper().mark(vast, DEADLINE).unwrap_err() {
            MarkError::Storage(ResolveError::BackendUnavailable { state, .. }) => state,
            error => panic!("{error:?}"),
        };
        assert_eq!(state(&backend(folder.path().join("none"))), BackendState::Missing);
        assert_eq!(state(&backend(folder.path().join("file"))), BackendState::Missing);
        let unmounted = Backend { kind: Some("nfs".into()), ..backend(folder.path().join("empty")) };
        assert_eq!(state(&unmounted), BackendState::NotMounted);
        assert_eq!(std::fs::read_dir(folder.path().join("empty")).unwrap().count(), 0);
    }

    #[test]
    fn where_a_share_was_mounted_before_the_empty_folder_is_not_marked() {
        let mount = FuseMount::new(&[("amick/x", "")]);
        let folder = tree(&[("empty/", "")]);
        let base = folder.path().join("base");
        symlink(mount.path(), &base).unwrap();
        let seen = Sighting::of(&backend(&base), &probe(&backend(&base))).unwrap();
        std::fs::remove_file(&base).unwrap();
        symlink("empty", &base).unwrap();
        let later = helper();
        later.remember("vast", &seen);
        assert_eq!(later.probe(&backend(&base), DEADLINE).state, BackendState::NotMounted);
        // Nor is what somebody wrote there meanwhile.
        std::fs::write(folder.path().join("empty/x"), "").unwrap();
        let probe = later.probe(&backend(&base), DEADLINE);
        assert_eq!((probe.state, probe.empty), (BackendState::NotMounted, false));
        std::fs::remove_file(folder.path().join("empty/x")).unwrap();
        assert!(later.mark(&backend(&base), DEADLINE).is_err());
        assert_eq!(std::fs::read_dir(folder.path().join("empty")).unwrap().count(), 0);
    }

    #[test]
    fn an_empty_folder_is_not_the_storage_that_carried_a_mark() {
        let folder = tree(&[("base/.samepath/storage.json", &mark_of(ID)), ("base/x", "")]);
        let (base, helper) = (folder.path().join("base"), helper());
        let state = || helper.probe(&backend(&base), DEADLINE).state;
        assert_eq!(state(), BackendState::Ready);
        std::fs::rename(&base, folder.path().join("away")).unwrap();
        std::fs::create_dir(&base).unwrap();
        assert_eq!(state(), BackendState::NotMounted);
        helper.forget("vast");
        assert_eq!(state(), BackendState::Ready, "somebody said that it is right");
    }

    #[test]
    fn an_empty_folder_is_not_the_storage_that_has_ones_own_folder() {
        let folder = tree(&[("base/", "")]);
        let own = Backend { user_subdir: "amick".into(), ..backend(folder.path().join("base")) };
        assert_eq!(probe(&own).state, BackendState::NotMounted);
        std::fs::create_dir(folder.path().join("base/amick")).unwrap();
        assert_eq!(probe(&own).state, BackendState::Ready);
    }

    #[test]
    fn read_only_refusing_and_silent_storages() {
        let mount = FuseMount::read_only(&[("amick/x", "")]);
        let error = helper().mark(&backend(mount.path()), DEADLINE).unwrap_err();
        assert_eq!(error.code(), "backend_unavailable");
        assert!(error.to_string().contains("read-only"), "{error}");
        assert!(error.hint().unwrap().contains("may write"), "{error:?}");
        drop(mount);
        // One that already has a mark is told it, though nothing can be written.
        let marked = FuseMount::read_only(&[(".samepath/storage.json", &mark_of(ID))]);
        let found = helper().mark(&backend(marked.path()), DEADLINE).unwrap();
        assert_eq!((found.made, found.id.as_str()), (false, ID));
        drop(marked);
        let mount = FuseMount::new(&[("amick/x", "")]);
        let error = helper().mark(&backend(mount.path()), DEADLINE).unwrap_err();
        assert!(matches!(error, MarkError::Io { .. }), "{error:?}");
        mount.stop();
        let error = helper().mark(&backend(mount.path()), Duration::from_millis(500)).unwrap_err();
        assert!(
            matches!(
                error,
                MarkError::Storage(ResolveError::BackendUnavailable { state: BackendState::NotAnswering, .. })
            ),
            "{error:?}"
        );
        mount.resume();
    }

    #[test]
    fn who_may_not_write_is_told_whom_to_ask() {
        if rustix::process::geteuid().is_root() {
            eprintln!("root may write everywhere: nothing to see");
            return;
        }
        let folder = tree(&[("x", "")]);
        std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o555)).unwrap();
        let error = helper().mark(&backend(folder.path()), DEADLINE).unwrap_err();
        assert!(matches!(error, MarkError::Denied { .. }), "{error:?}");
        assert!(error.hint().unwrap().contains("samepath storage mark vast"), "{error:?}");
    }
}

mod proof {
    use super::*;

    fn at(path: &str) -> StoragePath {
        StoragePath::new("vast", "", path)
    }

    fn storages(base: &Path) -> Storages {
        Storages::new(vec![backend(base)], Platform::Linux)
    }

    fn prove(base: &Path, path: &str, key: &ProofKey) -> Option<String> {
        storages(base).prove(&at(path), key).expect("it can be read")
    }

    #[test]
    fn is_equal_for_equal_files_and_for_no_other() {
        let long = "x".repeat(300_000);
        let files = |text: &str| tree(&[("labels.slp", text)]);
        let key = ProofKey::fresh();
        for text in ["x", &long[..65_536], &long[..65_537], &long[..131_072], &long[..131_073], &long] {
            let (here, there) = (files(text), files(text));
            let ours = prove(here.path(), "labels.slp", &key).unwrap();
            assert_eq!(prove(there.path(), "labels.slp", &key).as_ref(), Some(&ours), "{}", text.len());
            let through = helper().prove(&storages(there.path()), &at("labels.slp"), &key, DEADLINE).unwrap();
            assert_eq!(through.as_ref(), Some(&ours));
            // Its first byte, its last, its length.
            for other in [format!("y{}", &text[1..]), format!("{}y", &text[1..]), format!("{text}x")] {
                assert_ne!(prove(files(&other).path(), "labels.slp", &key), Some(ours.clone()), "{}", text.len());
            }
            assert_ne!(prove(here.path(), "labels.slp", &ProofKey::fresh()), Some(ours), "a proof fits one key");
        }
    }

    #[test]
    fn is_what_the_protocol_says() {
        let text: String = (0..200_000_u32).map(|number| char::from(b'a' + (number % 23) as u8)).collect();
        let folder = tree(&[("long", &text), ("short", "labels")]);
        let key = ProofKey::parse(&"07".repeat(32)).unwrap();
        let hash = |parts: &[&[u8]]| blake3::keyed_hash(&[7; 32], &parts.concat()).to_hex().to_string();
        let bytes = text.as_bytes();
        let long = hash(&[&200_000_u64.to_le_bytes(), &bytes[..65_536], &bytes[200_000 - 65_536..]]);
        assert_eq!(prove(folder.path(), "long", &key), Some(long));
        assert_eq!(prove(folder.path(), "short", &key), Some(hash(&[&6_u64.to_le_bytes(), b"labels"])));
    }

    #[test]
    fn an_empty_file_proves_nothing() {
        let folder = tree(&[("empty", "")]);
        assert_eq!(prove(folder.path(), "empty", &ProofKey::fresh()), None);
    }

    #[test]
    fn of_a_huge_file_only_its_ends_are_read() {
        let folder = tree(&[]);
        let path = folder.path().join("huge");
        let mut file = std::fs::File::create(&path).unwrap();
        file.write_all(b"head").unwrap();
        file.seek(SeekFrom::Start(5 << 30)).unwrap();
        file.write_all(b"tail").unwrap();
        drop(file);
        let key = ProofKey::fresh();
        let first = prove(folder.path(), "huge", &key).unwrap();
        std::fs::OpenOptions::new().append(true).open(&path).unwrap().write_all(b"!").unwrap();
        assert_ne!(prove(folder.path(), "huge", &key), Some(first));
    }

    #[test]
    fn what_cannot_be_read_is_an_error() {
        let folder = tree(&[("folder/x", "")]);
        let of = |path: &str| storages(folder.path()).prove(&at(path), &ProofKey::fresh());
        assert!(matches!(of("none"), Err(ResolveError::NotFound { .. })));
        assert!(matches!(of("folder"), Err(ResolveError::NotAFile { .. })));
        symlink("/etc/hostname", folder.path().join("out")).unwrap();
        assert!(matches!(of("out"), Err(ResolveError::Escapes { .. })));
        if rustix::process::geteuid().is_root() {
            eprintln!("root may read every file");
            return;
        }
        fill(folder.path(), &[("private", "x")]);
        std::fs::set_permissions(folder.path().join("private"), PermissionsExt::from_mode(0o000)).unwrap();
        assert!(matches!(of("private"), Err(ResolveError::Denied { .. })));
    }

    #[test]
    fn a_file_that_changes_meanwhile_is_never_proved_by_halves() {
        // Two states that take turns while it is read: whatever is answered is the proof of one of them, or none.
        let folder = tree(&[("x", &"a".repeat(100_000))]);
        let key = ProofKey::fresh();
        let states: BTreeSet<Option<String>> = ["a".repeat(100_000), "b".repeat(140_000)]
            .iter()
            .map(|text| prove(tree(&[("x", text)]).path(), "x", &key))
            .chain([None])
            .collect();
        let path = folder.path().join("x");
        std::thread::scope(|scope| {
            let writer = scope.spawn(|| {
                for round in 0..200 {
                    let draft = folder.path().join("draft");
                    let text = if round % 2 == 0 { "b".repeat(140_000) } else { "a".repeat(100_000) };
                    std::fs::write(&draft, text).unwrap();
                    std::fs::rename(&draft, &path).unwrap();
                }
            });
            while !writer.is_finished() {
                match storages(folder.path()).prove(&at("x"), &key) {
                    Ok(proof) => assert!(states.contains(&proof), "{proof:?}"),
                    Err(error) => panic!("{error}"),
                }
            }
        });
    }

    #[test]
    fn keys_are_written_and_read() {
        let key = ProofKey::fresh();
        assert_eq!(ProofKey::parse(&key.to_string()), Some(key));
        assert_ne!(key, ProofKey::fresh());
        for nonsense in ["", "07", &"0".repeat(63), &"g".repeat(64), &"0".repeat(65)] {
            assert_eq!(ProofKey::parse(nonsense), None);
        }
        assert_eq!(format!("{key:?}"), "ProofKey", "it is not for logs");
    }
}

mod moved {
    use super::*;

    /// A share, or a mark, that no other test has: they run at the same time, and all see all mounts.
    fn unique() -> String {
        uuid::Uuid::new_v4().to_string()
    }

    fn marked(id: &str) -> FuseMount {
        FuseMount::of_share(&unique(), &[(".samepath/storage.json", &mark_of(id))])
    }

    fn sighting(base: &Path) -> Sighting {
        Sighting::of(&backend(base), &probe(&backend(base))).expect("it is readable")
    }

    #[test]
    fn a_share_is_found_again_where_it_is_mounted_now() {
        let share = unique();
        let before = FuseMount::of_share(&share, &[("amick/x", "")]);
        let seen = sighting(&before.path().join("amick"));
        assert_eq!(seen.moved_to(&backend(before.path().join("amick"))), None);
        let old = before.path().to_owned();
        drop(before);
        assert!(!matches!(probe_again(&backend(old.join("amick")), None).state, BackendState::Ready));
        let now = FuseMount::of_share(&share, &[("amick/x", "")]);
        assert_eq!(seen.moved_to(&backend(old.join("amick"))), Some(now.path().join("amick")));
        assert_eq!(helper().find_again(&seen, DEADLINE), Some(now.path().join("amick")));
    }

    #[test]
    fn by_its_mark_and_not_where_another_mark_is() {
        let (id, other) = (unique(), unique());
        let before = marked(&id);
        let seen = sighting(before.path());
        assert_eq!(seen.id.as_ref(), Some(&id));
        drop(before);
        let foreign = marked(&other);
        assert_eq!(helper().find_again(&seen, DEADLINE), None, "{}", foreign.path().display());
        let now = marked(&id);
        assert_eq!(helper().find_again(&seen, DEADLINE).as_deref(), Some(now.path()));
    }

    #[test]
    fn a_silent_mount_holds_up_no_search() {
        let id = unique();
        let before = marked(&id);
        let seen = sighting(before.path());
        drop(before);
        let silent = FuseMount::new(&[("x", "")]);
        silent.stop();
        let now = marked(&id);
        let found = helper().find_again(&seen, Duration::from_secs(1));
        assert_eq!(found.as_deref(), Some(now.path()));
        silent.resume();
    }
}
