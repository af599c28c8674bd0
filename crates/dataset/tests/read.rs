//! Reading real projects, and everything that only looks like one.

#![expect(clippy::unwrap_used, reason = "a test ends where it fails")]

mod support;

use samepath_dataset::{DatasetError, MAX_VIDEOS, NotAFile, Project};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data").join(name)
}

const REAL: [&str; 8] = [
    "maze/labels.slp",
    "maze/labels.pkg.slp",
    "slp/mac_absolute.slp",
    "slp/windows_absolute.slp",
    "slp/unicode.slp",
    "slp/image_sequence.slp",
    "slp/partly.pkg.slp",
    "slp/many.slp",
];

fn read(bytes: &[u8]) -> Result<Project, DatasetError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("labels.slp");
    std::fs::write(&path, bytes).unwrap();
    Project::read(&path)
}

/// A project made to harm: told from an honest one by code and words alone.
fn refused(bytes: &[u8]) -> DatasetError {
    let error = read(bytes).unwrap_err();
    assert!(!error.to_string().is_empty() && error.hint().is_some() && !error.code().is_empty());
    error
}

#[test]
fn as_many_animals_as_were_labelled_in_one_frame() {
    let mut bytes = std::fs::read(data("maze/labels.slp")).unwrap();
    // Instance, whether it was predicted, frame.
    let row =
        |instance: i64, sort: u8, frame: u64| [&instance.to_le_bytes()[..], &[sort], &frame.to_le_bytes()].concat();
    let mut put = |old: Vec<u8>, new: Vec<u8>| {
        let at = bytes.windows(old.len()).position(|window| window == old).unwrap();
        bytes[at..at + new.len()].copy_from_slice(&new);
        read(&bytes).unwrap().animals
    };
    assert_eq!(put(row(1, 0, 1), row(1, 0, 0)), Some(2));
    assert_eq!(put(row(2, 0, 2), row(2, 0, 0)), Some(3));
    assert_eq!(put(row(2, 0, 0), row(2, 1, 0)), Some(2), "a prediction is none more");
}

#[test]
fn a_frame_that_was_only_predicted_is_not_labelled() {
    let mut bytes = std::fs::read(data("maze/labels.slp")).unwrap();
    let row =
        |instance: i64, sort: u8, frame: u64| [&instance.to_le_bytes()[..], &[sort], &frame.to_le_bytes()].concat();
    let at = |bytes: &[u8], row: &[u8]| bytes.windows(row.len()).position(|window| window == row).unwrap();
    for (predicted, left) in [(1, 9), (2, 8)] {
        let place = at(&bytes, &row(predicted, 0, predicted as u64));
        bytes[place + 8] = 1;
        assert_eq!(read(&bytes).unwrap().labelled_frames, Some(left));
    }
}

#[test]
fn a_project_is_a_package_only_if_it_has_the_frames_of_every_video() {
    let project = Project::read(&data("slp/partly.pkg.slp")).unwrap();
    let embedded: Vec<bool> = project.videos.iter().map(|video| video.embedded).collect();
    assert_eq!((embedded, project.is_package, project.labelled_frames), (vec![true, false], false, Some(3)));
}

#[test]
fn real_projects() {
    let project = Project::read(&data("maze/labels.slp")).unwrap();
    assert_eq!(project.videos.len(), 1);
    assert_eq!(project.videos[0].written, ["/Volumes/talmo/amick/maze/cam0.mp4"]);
    assert_eq!((project.labelled_frames, project.animals), (Some(10), Some(1)));
    assert!(!project.is_package);
    assert_eq!(project.size, 13_728);

    let project = Project::read(&data("slp/mac_absolute.slp")).unwrap();
    let written: Vec<_> = project.videos.iter().map(|video| video.first_written()).collect();
    assert_eq!(
        written,
        [
            "/Volumes/talmo/amick/maze/day1/cam0.mp4",
            "/Volumes/talmo/amick/maze/day1/cam1.mp4",
            "/Volumes/talmo/amick/maze/day2/cam0.mp4"
        ]
    );
    assert_eq!(project.labelled_frames, Some(12));

    let project = Project::read(&data("slp/windows_absolute.slp")).unwrap();
    assert_eq!(project.videos[0].first_written(), "Z:/amick/maze/day1/cam0.mp4");
    assert_eq!(project.videos[1].first_written(), "//vast01/talmo/amick/maze/day2/cam0.mp4");

    let project = Project::read(&data("slp/unicode.slp")).unwrap();
    assert_eq!(project.videos[0].first_written(), "/Volumes/talmo/amick/Zo\u{eb}/Versuch 1/Kamera \u{e4}.mp4");

    let project = Project::read(&data("slp/image_sequence.slp")).unwrap();
    assert_eq!(project.videos.len(), 1);
    assert_eq!(project.videos[0].written.len(), 5);
    assert!(project.videos[0].is_image_sequence());

    let project = Project::read(&data("slp/many.slp")).unwrap();
    assert_eq!(project.videos.len(), 200);
    assert_eq!(project.videos[199].first_written(), "/mnt/vast/amick/bulk/v0199.mp4");
}

#[test]
fn a_package_has_its_frames_inside_and_remembers_their_source() {
    let project = Project::read(&data("maze/labels.pkg.slp")).unwrap();
    assert!(project.is_package);
    assert!(project.videos[0].embedded);
    assert_eq!(project.videos[0].written, ["."]);
    assert_eq!(project.videos[0].source_written.as_deref().unwrap(), ["/Volumes/talmo/amick/maze/cam0.mp4"]);
    assert_eq!(project.videos[0].problem, None);
}

#[test]
fn a_project_of_three_thousand_videos() {
    let project = read(&support::project(&support::entries(3000))).unwrap();
    assert_eq!(project.videos.len(), 3000);
    assert_eq!(project.videos[2999].first_written(), "/mnt/vast/amick/bulk/v2999.mp4");
    assert_eq!(project.labelled_frames, None);
}

#[test]
fn one_bad_entry_hides_no_other() {
    let entries = ["{", r#"{"filename":"/a.mp4","backend":{"fps":NaN}}"#, "", r#"{"filename":"."}"#].map(str::to_owned);
    let project = read(&support::project(&entries)).unwrap();
    assert_eq!(project.videos[1].written, ["/a.mp4"]);
    let problems: Vec<bool> = project.videos.iter().map(|video| video.problem.is_some()).collect();
    assert_eq!(problems, [true, false, true, true]);
    assert!(!project.is_package);
}

#[test]
fn a_project_without_videos_and_a_file_without_a_list() {
    assert_eq!(read(&support::project(&[])).unwrap().videos, []);
    let other = support::Hdf5 { dataset: "video_json", ..support::Hdf5::default() }.write();
    assert!(matches!(refused(&other), DatasetError::NotAProject { .. }));
}

/// A few hundred bytes that claim to be more than any computer holds.
#[test]
fn bombs() {
    let entries = support::entries(2);
    let bomb = |hdf5: support::Hdf5| {
        matches!(refused(&hdf5.write()), DatasetError::TooLarge { .. } | DatasetError::Damaged { .. })
    };
    for count in [MAX_VIDEOS + 1, 1 << 32, 1 << 60, u64::MAX] {
        assert!(bomb(support::Hdf5 { entries: &entries, count: Some(count), ..Default::default() }), "{count}");
    }
    for length in [1 << 20, 1 << 31, u32::MAX] {
        assert!(bomb(support::Hdf5 { entries: &entries, length: Some(length), ..Default::default() }), "{length}");
    }
    // Every one of many videos refers to the same large text: 2 MiB in the file, 40 GiB in memory.
    let large = [format!(r#"{{"filename":"{}"}}"#, "x".repeat(2 << 20))];
    let bytes = support::Hdf5 { entries: &large, repeat: 20_000, ..Default::default() }.write();
    assert!(bytes.len() < 3 << 20);
    assert!(matches!(refused(&bytes), DatasetError::TooLarge { .. }));
}

#[test]
fn what_is_no_project_says_what_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    std::fs::write(at("empty.slp"), "").unwrap();
    std::fs::write(at("text.slp"), "hello").unwrap();
    std::fs::write(at("long.slp"), vec![b'x'; 100_000]).unwrap();
    std::fs::write(at("signature.slp"), b"\x89HDF\r\n\x1a\n").unwrap();
    let error = |name: &str| Project::read(&at(name)).unwrap_err();

    assert!(matches!(error("none.slp"), DatasetError::NotFound { .. }));
    assert_eq!(error("none.slp").code(), "path_not_found");
    assert!(matches!(error("empty.slp/x"), DatasetError::NotFound { .. }));
    assert!(matches!(error("a\0b"), DatasetError::NotFound { .. }));
    assert!(matches!(error(""), DatasetError::NotAFile { what: NotAFile::Folder, .. }));
    assert!(matches!(error("empty.slp"), DatasetError::Empty { .. }));
    assert!(matches!(error("text.slp"), DatasetError::NotHdf5 { .. }));
    assert!(matches!(error("long.slp"), DatasetError::NotHdf5 { .. }));
    assert!(matches!(error("signature.slp"), DatasetError::Damaged { .. }));
    assert!(error("empty.slp").to_string().contains("empty.slp"));
}

#[cfg(unix)]
#[test]
fn a_pipe_or_a_socket_is_not_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("socket.slp");
    let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    let fifo = folder.path().join("fifo.slp");
    assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    for path in [socket.as_path(), &fifo, Path::new("/dev/zero")] {
        assert!(matches!(Project::read(path).unwrap_err(), DatasetError::NotAFile { what: NotAFile::Special, .. }));
    }
}

#[cfg(unix)]
#[test]
fn no_permission_is_said_in_so_many_words() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("labels.slp");
    std::fs::copy(data("maze/labels.slp"), &path).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o000)).unwrap();
    if std::fs::File::open(&path).is_ok() {
        println!("this user may read everything: nothing to see here");
        return;
    }
    let error = Project::read(&path).unwrap_err();
    assert!(matches!(error, DatasetError::Unreadable { denied: true, .. }), "{error:?}");
    assert!(error.hint().unwrap().contains("permission"));
}

/// Every prefix of a small project, and many of the others, is an error or a project, and quick.
#[test]
fn truncated_files() {
    for name in REAL {
        let bytes = std::fs::read(data(name)).unwrap();
        let step = (bytes.len() / 150).max(1) | 1;
        for length in (1..bytes.len()).step_by(step) {
            let _ = read(&bytes[..length]).map_err(|error| assert!(!error.to_string().is_empty()));
        }
    }
}

/// Bits flipped all over the real files. Most do no harm to the list of videos; none may do any to us.
#[test]
fn flipped_bits() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("labels.slp");
    let (mut good, mut bad) = (0, 0);
    for name in ["maze/labels.slp", "slp/unicode.slp", "slp/image_sequence.slp", "slp/many.slp", "maze/labels.pkg.slp"]
    {
        let original = std::fs::read(data(name)).unwrap();
        // Structure comes first and in the places that are not zero; pixels are of no interest.
        let places: Vec<usize> =
            (0..original.len().min(24_000)).filter(|at| original[*at] != 0 || at % 16 == 0).collect();
        let step = (places.len() / 200).max(1);
        for (round, at) in places.into_iter().step_by(step).enumerate() {
            for flip in [1u8 << (round % 8), 0xff, 0x80] {
                let mut bytes = original.clone();
                bytes[at] ^= flip;
                std::fs::write(&path, &bytes).unwrap();
                match Project::read(&path) {
                    Ok(_) => good += 1,
                    Err(error) => {
                        bad += 1;
                        assert!(!error.to_string().is_empty() && error.hint().is_some());
                    }
                }
            }
        }
    }
    assert!(good > 100 && bad > 100, "{good} read, {bad} refused");
}

/// Every eight bytes that could be a length or an address, made huge.
#[test]
fn claims_of_enormous_sizes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("labels.slp");
    let original = std::fs::read(data("slp/mac_absolute.slp")).unwrap();
    for at in (8..original.len() - 8).step_by(8) {
        if original[at..at + 8] == [0; 8] {
            continue;
        }
        for claim in [u64::MAX, u64::MAX - 7, 1 << 62, 1 << 40, (1 << 32) - 1, 1 << 31, 0] {
            let mut bytes = original.clone();
            bytes[at..at + 8].copy_from_slice(&claim.to_le_bytes());
            std::fs::write(&path, &bytes).unwrap();
            let _ = Project::read(&path);
        }
    }
}

/// A sparse file of 1 TB: only what is wanted of it is read.
#[cfg(unix)]
#[test]
fn a_huge_file_is_not_read_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("labels.slp");
    std::fs::copy(data("maze/labels.slp"), &path).unwrap();
    let file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
    if let Err(error) = file.set_len(1 << 40) {
        println!("no sparse files here ({error}): a smaller one");
        file.set_len(64 << 20).unwrap();
    }
    let started = Instant::now();
    let project = Project::read(&path).unwrap();
    assert_eq!(project.videos.len(), 1);
    assert!(started.elapsed() < Duration::from_secs(5));
}

#[test]
fn zeros_and_noise_behind_a_good_signature() {
    let mut bytes = b"\x89HDF\r\n\x1a\n".to_vec();
    for length in [1, 40, 88, 1000, 100_000] {
        bytes.resize(8 + length, 0);
        refused(&bytes);
        bytes.truncate(8);
    }
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for _ in 0..300 {
        for version in 0..4u8 {
            bytes.truncate(8);
            bytes.push(version);
            for _ in 0..400 {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                bytes.extend_from_slice(&(state >> 33).to_le_bytes()[..5]);
            }
            refused(&bytes);
        }
    }
}
