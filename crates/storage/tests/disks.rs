//! What is written onto a storage, or beside the program, on a disk that takes nothing.
#![cfg(target_os = "linux")]

mod support;

use samepath_storage::helper::Stop;
use samepath_storage::{CopyFailure, Platform, Storages, read_json, write_json};
use samepath_testkit::{Disk, Fault, with_disks};
use samepath_wire::StoragePath;
use std::collections::BTreeMap;
use support::helper::helper;

#[test]
fn a_copy_is_whole_or_nothing_is_there() {
    with_disks("a_copy_is_whole_or_nothing_is_there", || {
        let desk = tempfile::tempdir().unwrap();
        let from = desk.path().join("film.mp4");
        fs_err::write(&from, vec![7; 200_000]).unwrap();
        for fault in Fault::ALL {
            let disk = Disk::new(fault);
            fs_err::create_dir(disk.path().join("amick")).unwrap();
            let storages = Storages::new(vec![support::backend("vast", disk.path())], Platform::current());
            let to = StoragePath::new("vast", "amick", "new/film.mp4");
            let copy = || helper().copy(&storages, &from, &to, &Stop::default(), &mut |_| {});
            disk.strike();
            let error = copy().unwrap_err();
            disk.mend();
            // A disk without a byte is seen before anything is written.
            let known = matches!(error.failure, CopyFailure::NoRoom { .. } | CopyFailure::Unwritable { .. });
            assert!(known && error.left.is_none(), "{fault:?}: {error:?}");
            let told = format!("{error} {}", error.hint().unwrap());
            assert!(
                fault.words().iter().any(|word| told.contains(word)) || told.contains("0 bytes free"),
                "{fault:?}: {told}"
            );
            assert!(told.contains("vast"), "{fault:?}: {told}");
            let folder = disk.path().join("amick/new");
            let left = fs_err::read_dir(&folder).map_or(0, Iterator::count);
            assert_eq!(left, 0, "{fault:?}: half a file is left");
            assert_eq!(copy().unwrap().at, to, "{fault:?}");
            assert_eq!(fs_err::metadata(folder.join("film.mp4")).unwrap().len(), 200_000, "{fault:?}");
        }
    });
}

#[test]
fn a_file_of_our_own_is_as_it_was_or_new() {
    with_disks("a_file_of_our_own_is_as_it_was_or_new", || {
        for fault in Fault::ALL {
            let disk = Disk::new(fault);
            let file = disk.path().join("window.json");
            let value = |number: usize| (0..number).map(|each| (each.to_string(), each)).collect::<BTreeMap<_, _>>();
            write_json(&file, &value(3)).unwrap();
            disk.strike();
            let error = write_json(&file, &value(10_000)).unwrap_err().to_string();
            disk.mend();
            assert!(fault.words().iter().any(|word| error.contains(word)), "{fault:?}: {error}");
            assert_eq!(read_json::<BTreeMap<String, usize>>(&file), value(3), "{fault:?}");
            assert_eq!(fs_err::read_dir(disk.path()).unwrap().count(), 1, "{fault:?}: a draft is left");
            write_json(&file, &value(10_000)).unwrap();
            assert_eq!(read_json::<BTreeMap<String, usize>>(&file), value(10_000), "{fault:?}");
        }
    });
}
