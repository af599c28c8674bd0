//! Health, and living on beside storages that do not answer: a real mount whose server falls silent.

#![cfg(target_os = "linux")]

mod support;

use samepath_storage::helper::{DEADLINE, Helper, HelperError};
use samepath_storage::{Backend, LocateError, Platform, Purpose, ResolveError, Storages, probe};
use samepath_testkit::{FuseMount, fill, tree};
use samepath_wire::{BackendState, StoragePath};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use support::backend;
use support::helper::{helper, program};

/// Short, so that tests are.
const SHORT: Duration = Duration::from_millis(700);
/// What counts as at once, on a busy computer.
const AT_ONCE: Duration = Duration::from_secs(1);

/// One whose processes are told from those of other tests by their name.
fn helper_called(name: &str, folder: &Path) -> Helper {
    let link = folder.join(name);
    std::os::unix::fs::symlink(program(), &link).expect("a link can be made");
    Helper::new(link)
}

fn timed<T>(what: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let value = what();
    (value, start.elapsed())
}

/// Asks until the answer is `wanted`; ends by the test's own patience.
fn until_ready(helper: &Helper, backend: &Backend) {
    let start = Instant::now();
    while helper.probe(backend, DEADLINE).state != BackendState::Ready {
        assert!(start.elapsed() < Duration::from_secs(20), "the storage did not come back");
        std::thread::yield_now();
    }
}

#[test]
fn a_ready_storage() {
    let folder = tree(&[("amick/x", "")]);
    let id = "0199C0DE-1111-7222-8333-444455556666";
    fill(folder.path(), &[(".samepath/storage.json", &format!(r#"{{"id": "{id}", "made": "2026"}}"#))]);
    let probed = helper().probe(&backend("vast", folder.path()), DEADLINE);
    assert_eq!(probed.state, BackendState::Ready, "{probed:?}");
    assert_eq!(probed.id.as_deref(), Some(id.to_lowercase().as_str()));
    assert!(probed.free_bytes.unwrap() <= probed.total_bytes.unwrap());
    assert!(probed.latency_ms.unwrap() > 0.0);
    // In a changed root the mount table does not tell what the root itself is on: then that is not known.
    let mounts = fs_err::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    let told = mounts.lines().any(|mount| mount.split(' ').nth(4) == Some("/"));
    assert_eq!((probed.file_system.is_some(), probed.source.is_some()), (told, told), "{probed:?}");
}

#[test]
fn nonsense_is_no_id() {
    let long = format!(r#"{{"id": "0199c0de-1111-7222-8333-444455556666", "x": "{}"}}"#, "x".repeat(5000));
    for text in
        ["", "{", "[]", r#"{"id": 7}"#, r#"{"id": "vast"}"#, r#"{"id": "0199c0de-1111-7222-8333-44445555666g"}"#, &long]
    {
        let folder = tree(&[(".samepath/storage.json", text)]);
        assert_eq!(probe(&backend("vast", folder.path())).id, None, "{text}");
    }
    let folder = tree(&[(".samepath/", "")]);
    let pipe = folder.path().join(".samepath/storage.json");
    samepath_testkit::pipe(&pipe);
    assert_eq!(probe(&backend("vast", folder.path())).id, None);
}

#[test]
fn missing_a_file_and_not_mounted() {
    let folder = tree(&[("file", ""), ("empty/", "")]);
    let of = |name: &str, kind: Option<&str>| {
        probe(&Backend { kind: kind.map(str::to_owned), ..backend("vast", folder.path().join(name)) }).state
    };
    assert_eq!(of("none", None), BackendState::Missing);
    assert_eq!(of("file", None), BackendState::Missing);
    assert_eq!(of("empty", None), BackendState::Ready);
    assert_eq!(of("empty", Some("local")), BackendState::Ready);
    assert_eq!(of("empty", Some("nfs")), BackendState::NotMounted);
    assert_eq!(of("empty", Some("google_shared_drive")), BackendState::NotMounted);
    assert_eq!(of("", Some("nfs")), BackendState::Ready);
}

#[test]
fn denied() {
    if rustix::process::geteuid().is_root() {
        eprintln!("root may list every folder: nothing to see");
        return;
    }
    let folder = tree(&[("private/", "")]);
    let private = folder.path().join("private");
    std::fs::set_permissions(&private, std::os::unix::fs::PermissionsExt::from_mode(0o000)).unwrap();
    assert_eq!(probe(&backend("vast", &private)).state, BackendState::Denied);
}

#[test]
fn a_live_mount_is_known_by_its_source() {
    let mount = FuseMount::new(&[("amick/labels.slp", "labels")]);
    let vast = backend("vast", mount.path());
    let probed = helper().probe(&vast, DEADLINE);
    assert_eq!(probed.state, BackendState::Ready, "{probed:?}");
    assert_eq!(probed.source.as_deref(), Some("testkit:/share"));
    assert!(probed.file_system.unwrap().starts_with("fuse"));
    assert_eq!((probed.free_bytes, probed.total_bytes), (Some(500 * 512), Some(1000 * 512)));
    let storages = Storages::new(vec![vast], Platform::Linux);
    let located = helper().locate(&storages, &mount.path().join("amick/labels.slp"), DEADLINE).unwrap();
    assert_eq!((located.at.to_string().as_str(), located.skipped.len()), ("vast:amick/labels.slp", 0));
    let resolved = helper().resolve(&storages, &located.at, Purpose::Input, DEADLINE).unwrap();
    assert_eq!(resolved.path, mount.path().join("amick/labels.slp"));
}

#[test]
fn a_read_only_mount() {
    let mount = FuseMount::read_only(&[("x", "")]);
    assert_eq!(helper().probe(&backend("vast", mount.path()), DEADLINE).state, BackendState::ReadOnly);
}

#[test]
fn a_mount_that_went_away_is_not_mounted_whatever_its_type() {
    let helper = helper();
    let mount = FuseMount::new(&[("x", "")]);
    let folder = tree(&[("link-to-empty/", "")]);
    let base = folder.path().join("base");
    std::os::unix::fs::symlink(mount.path(), &base).unwrap();
    assert_eq!(helper.probe(&backend("vast", &base), DEADLINE).state, BackendState::Ready);
    // The same path, but what it shows is an empty folder of another file system.
    std::fs::remove_file(&base).unwrap();
    std::os::unix::fs::symlink("link-to-empty", &base).unwrap();
    assert_eq!(helper.probe(&backend("vast", &base), DEADLINE).state, BackendState::NotMounted);
    // Whoever resolves is told the same, and nothing is made there.
    let storages = Storages::new(vec![backend("vast", &base)], Platform::Linux);
    let at = StoragePath::new("vast", "amick", "");
    for purpose in [Purpose::Input, Purpose::Output] {
        let error = helper.resolve(&storages, &at, purpose, DEADLINE).unwrap_err();
        assert!(is_not_mounted(&error), "{error:?}");
    }
    assert!(is_not_mounted(&helper.try_folder(&storages, &at, true, DEADLINE).unwrap_err()));
    assert!(!base.join("amick").exists());
}

fn is_not_mounted(error: &ResolveError) -> bool {
    matches!(error, ResolveError::BackendUnavailable { state: BackendState::NotMounted, .. })
}

#[test]
fn an_empty_folder_is_nowhere_the_storage_that_has_ones_own_folder() {
    let folder = tree(&[("base/", "")]);
    let own = Backend { user_subdir: "amick".into(), ..backend("vast", folder.path().join("base")) };
    let storages = Storages::new(vec![own], Platform::Linux);
    for folder in ["amick", "tom"] {
        let error = storages.resolve(&StoragePath::new("vast", folder, "x"), Purpose::Output).unwrap_err();
        assert!(is_not_mounted(&error), "{error:?}");
    }
    std::fs::create_dir(folder.path().join("base/tom")).unwrap();
    storages.resolve(&StoragePath::new("vast", "amick", "x"), Purpose::Output).unwrap();
}

#[test]
fn a_dead_mount_is_not_answering_and_comes_back() {
    let helper = helper();
    let mount = FuseMount::new(&[("amick/x", "x")]);
    let vast = backend("vast", mount.path());
    assert_eq!(helper.probe(&vast, DEADLINE).state, BackendState::Ready);
    mount.stop();

    let (probed, took) = timed(|| helper.probe(&vast, SHORT));
    assert_eq!(probed.state, BackendState::NotAnswering);
    assert!(took >= SHORT && took < SHORT + AT_ONCE, "{took:?}");

    // One is stuck there now; nobody is sent after it, whatever the question.
    let (probed, took) = timed(|| helper.probe(&vast, DEADLINE));
    assert_eq!(probed.state, BackendState::NotAnswering);
    assert!(took < AT_ONCE, "{took:?}");
    let storages = Storages::new(vec![vast.clone()], Platform::Linux);
    let (error, took) =
        timed(|| helper.resolve(&storages, &StoragePath::new("vast", "amick", "x"), Purpose::Input, DEADLINE));
    assert!(took < AT_ONCE, "{took:?}");
    let error = error.unwrap_err();
    assert_eq!(error.code(), "backend_unavailable");
    assert!(matches!(error, ResolveError::BackendUnavailable { state: BackendState::NotAnswering, .. }));
    let error = helper.locate(&storages, &mount.path().join("amick/x"), DEADLINE).unwrap_err();
    assert!(matches!(&error, LocateError::NotAnswering { place, .. } if place == mount.path()), "{error}");

    mount.resume();
    until_ready(&helper, &vast);
}

#[test]
fn a_dead_mount_holds_up_nothing_elsewhere() {
    let helper = helper();
    let folder = tree(&[("disk/amick/x", "x")]);
    let live = FuseMount::new(&[("tom/y", "y")]);
    let dead = FuseMount::new(&[("z", "z")]);
    let storages = Storages::new(
        vec![
            backend("dead", dead.path()),
            backend("below", dead.path().join("folder")),
            backend("disk", folder.path().join("disk")),
            backend("live", live.path()),
        ],
        Platform::Linux,
    );
    dead.stop();
    for (path, expected) in
        [(folder.path().join("disk/amick/x"), "disk:amick/x"), (live.path().join("tom/y"), "live:tom/y")]
    {
        for _ in 0..2 {
            let (located, took) = timed(|| helper.locate(&storages, &path, DEADLINE).unwrap());
            assert_eq!(located.at.to_string(), expected);
            // What is the mount point itself is where it says: nobody has to look.
            assert_eq!(located.skipped, ["below"]);
            assert!(took < Duration::from_secs(1), "{took:?}");
        }
    }
    let (error, took) = timed(|| helper.locate(&storages, Path::new("/etc/passwd"), DEADLINE).unwrap_err());
    assert!(took < Duration::from_secs(1), "{took:?}");
    assert!(error.to_string().ends_with("; not answering: `below`"), "{error}");
    assert_eq!(helper.probe(&backend("live", live.path()), DEADLINE).state, BackendState::Ready);
}

#[test]
fn a_link_to_a_dead_mount_does_not_silence_the_storage_it_is_on() {
    let helper = helper();
    let folder = tree(&[("amick/x", "")]);
    let dead = FuseMount::new(&[("z", "")]);
    std::os::unix::fs::symlink(dead.path().join("z"), folder.path().join("amick/link")).unwrap();
    let storages = Storages::new(vec![backend("disk", folder.path()), backend("dead", dead.path())], Platform::Linux);
    dead.stop();
    for purpose in [Purpose::Input, Purpose::Output] {
        let error =
            helper.resolve(&storages, &StoragePath::new("disk", "amick", "link"), purpose, DEADLINE).unwrap_err();
        assert_eq!(error.code(), "path_escapes", "{error}");
        assert_eq!(error.hint().unwrap(), "use `dead:z`");
    }
    assert_eq!(helper.probe(&backend("disk", folder.path()), DEADLINE).state, BackendState::Ready);
}

#[test]
fn many_who_ask_at_once_leave_one_behind() {
    let disk = tempfile::tempdir().unwrap();
    let helper = helper_called("many-ask", disk.path());
    let mount = FuseMount::new(&[("x", "")]);
    let vast = backend("vast", mount.path());
    mount.stop();
    let start = Instant::now();
    std::thread::scope(|scope| {
        for number in 0..24 {
            let (helper, vast, disk) = (&helper, &vast, &disk);
            scope.spawn(move || {
                assert_eq!(helper.probe(vast, SHORT).state, BackendState::NotAnswering);
                let other = backend(&format!("disk{number}"), disk.path());
                assert_eq!(helper.probe(&other, Duration::from_secs(20)).state, BackendState::Ready);
            });
        }
    });
    // All waited for the one that was sent, and none was sent after it.
    assert!(start.elapsed() < SHORT * 12, "{:?}", start.elapsed());
    // Those that answered end in their own time; the stuck one cannot.
    settles_at("many-ask", 1);
    mount.resume();
    until_ready(&helper, &vast);
}

#[test]
fn nothing_is_asked_where_everything_is_local() {
    let folder = tree(&[("amick/x", "")]);
    let storages = Storages::new(vec![backend("vast", folder.path())], Platform::Linux);
    let nobody = Helper::new(PathBuf::from("/nonexistent/program"));
    let located = nobody.locate(&storages, &folder.path().join("amick/x"), DEADLINE).unwrap();
    assert_eq!(located.at, StoragePath::new("vast", "amick", "x"));
    let refused = nobody.resolve(&storages, &StoragePath::new("vast", "", "../x"), Purpose::Input, DEADLINE);
    assert_eq!(refused.unwrap_err().code(), "path_refused");
}

#[test]
fn a_broken_helper_is_an_error() {
    let vast = backend("vast", "/");
    // Not there; ends at once without an answer; answers nonsense; answers without end.
    for program in ["/nonexistent/program", "/bin/false", "/bin/echo", "/usr/bin/yes"] {
        let helper = Helper::new(program.into());
        let error = helper.ask::<u8>("probe", &["vast".to_owned()], &vast, Duration::from_secs(20)).unwrap_err();
        assert!(matches!(error, HelperError::Failed { .. }), "{program}: {error:?}");
        let probed = helper.probe(&vast, Duration::from_secs(20));
        assert_eq!(probed.state, BackendState::Unknown, "{program}");
        assert!(probed.detail.unwrap().contains("helper process failed"));
        let storages = Storages::new(vec![vast.clone()], Platform::Linux);
        let at = StoragePath::new("vast", "", "etc");
        let error = helper.resolve(&storages, &at, Purpose::Input, Duration::from_secs(20)).unwrap_err();
        assert_eq!(error.code(), "internal", "{error}");
    }
    let error = helper().ask::<u8>("nonsense", &[], &(), DEADLINE).unwrap_err();
    assert!(matches!(error, HelperError::Refused(_)));
    let error = helper().ask::<u8>("probe", &[], &"not a backend", DEADLINE).unwrap_err();
    assert!(matches!(error, HelperError::Refused(_)));
}

#[test]
fn what_is_left_behind_ends_with_the_helper_where_it_can() {
    let folder = tempfile::tempdir().unwrap();
    let helper = helper_called("left-behind", folder.path());
    let first = FuseMount::new(&[("x", "")]);
    let vast = backend("vast", first.path());
    first.stop();
    assert_eq!(helper.probe(&vast, SHORT).state, BackendState::NotAnswering);
    assert_eq!(running("left-behind"), 1);
    drop(helper);
    first.resume();
    settles_at("left-behind", 0);
}

#[test]
fn helpers_that_were_started_ahead_answer_one_question_after_the_other_and_are_replaced_when_they_end() {
    let folder = tempfile::tempdir().unwrap();
    let helper = helper_called("ahead", folder.path());
    let vast = backend("vast", folder.path());
    assert_eq!(running("ahead"), 0);
    helper.keep_ready();
    helper.keep_ready();
    settles_at("ahead", 2);
    let waiting = pids("ahead");
    // From now on none can be started: only one that waits can answer.
    let link = folder.path().join("ahead");
    std::fs::remove_file(&link).unwrap();
    for _ in 0..10 {
        assert_eq!(helper.probe(&vast, DEADLINE).state, BackendState::Ready);
        let error = helper.ask::<u8>("nonsense", &[], &(), DEADLINE).unwrap_err();
        assert!(matches!(error, HelperError::Refused(_)), "{error:?}");
    }
    assert_eq!(pids("ahead"), waiting);
    std::os::unix::fs::symlink(program(), &link).unwrap();
    // One that somebody killed is not asked; another is started.
    for pid in pids("ahead") {
        kill(pid);
    }
    assert_eq!(helper.probe(&vast, DEADLINE).state, BackendState::Ready);
    settles_at("ahead", 2);
    assert!(pids("ahead").iter().all(|pid| !waiting.contains(pid)));
    drop(helper);
    settles_at("ahead", 0);
}

#[test]
fn a_helper_that_was_started_ahead_and_hangs_is_not_asked_again() {
    let folder = tempfile::tempdir().unwrap();
    let helper = helper_called("hangs-ahead", folder.path());
    let mount = FuseMount::new(&[("x", "")]);
    let (vast, disk) = (backend("vast", mount.path()), backend("disk", folder.path()));
    helper.keep_ready();
    settles_at("hangs-ahead", 2);
    mount.stop();
    assert_eq!(helper.probe(&vast, SHORT).state, BackendState::NotAnswering);
    for _ in 0..10 {
        assert_eq!(helper.probe(&disk, DEADLINE).state, BackendState::Ready);
        assert_eq!(helper.probe(&vast, DEADLINE).state, BackendState::NotAnswering);
    }
    // The one that hangs, and two that wait.
    settles_at("hangs-ahead", 3);
    mount.resume();
    until_ready(&helper, &vast);
    settles_at("hangs-ahead", 2);
    drop(helper);
    settles_at("hangs-ahead", 0);
}

#[test]
fn helpers_that_were_started_ahead_end_with_whoever_started_them() {
    let folder = tempfile::tempdir().unwrap();
    let link = folder.path().join("orphans");
    std::os::unix::fs::symlink(program(), &link).unwrap();
    let mut starter = std::process::Command::new(std::env::current_exe().unwrap());
    starter.args(["keeper_process", "--exact", "--nocapture"]).env("SAMEPATH_TEST_KEEP", &link);
    let mut starter = starter.stdout(std::process::Stdio::null()).spawn().unwrap();
    let start = Instant::now();
    while pids_of("orphans", starter.id()).len() < 2 {
        assert!(start.elapsed() < Duration::from_secs(20), "none was started ahead");
        std::thread::yield_now();
    }
    let waiting = pids_of("orphans", starter.id());
    starter.kill().unwrap();
    starter.wait().unwrap();
    while waiting.iter().any(|pid| Path::new(&format!("/proc/{pid}/exe")).exists()) {
        assert!(start.elapsed() < Duration::from_secs(20), "they outlive it");
        std::thread::yield_now();
    }
}

/// Not a test by itself: keeps helpers ready until it is killed.
#[test]
fn keeper_process() {
    let Some(program) = std::env::var_os("SAMEPATH_TEST_KEEP") else { return };
    let helper = Helper::new(program.into());
    helper.keep_ready();
    std::thread::sleep(Duration::from_secs(60));
}

#[test]
fn several_paths_are_looked_at_with_one_question_for_each_storage() {
    let (first, second) = (tree(&[("amick/x", "12"), ("amick/sub/y", "")]), tree(&[("z", "345")]));
    let helper = helper_called("each", first.path());
    let storages =
        Storages::new(vec![backend("vast", first.path()), backend("disk", second.path())], Platform::current());
    let at = |storage: &str, path: &str| StoragePath::new(storage, "", path);
    let paths = [
        at("vast", "amick/x"),
        at("disk", "z"),
        at("none", "z"),
        at("vast", "amick/nothing"),
        at("vast", "../out"),
        at("vast", "amick/sub"),
    ];
    let found = helper.look_each(&storages, &paths, DEADLINE);
    let each: Vec<_> = paths.iter().map(|at| helper.look(&storages, at, None, DEADLINE)).collect();
    assert_eq!(found, each);
    let sizes: Vec<_> =
        found.iter().map(|found| found.as_ref().ok().map(|found| (found.size, found.directory))).collect();
    assert_eq!(sizes, [Some((2, false)), Some((3, false)), None, None, None, Some((0, true))]);
    assert_eq!(helper.look_each(&storages, &[], DEADLINE), []);
}

#[test]
fn a_dead_mount_hides_nothing_elsewhere_from_whoever_looks_at_several_paths() {
    let (dead, live) = (FuseMount::new(&[("x", "")]), tree(&[("x", "12")]));
    let helper = helper();
    let storages = Storages::new(vec![backend("vast", dead.path()), backend("disk", live.path())], Platform::current());
    dead.stop();
    let paths = ["vast", "disk", "vast"].map(|storage| StoragePath::new(storage, "", "x"));
    let (found, took) = timed(|| helper.look_each(&storages, &paths, SHORT));
    assert!(took < SHORT + AT_ONCE, "{took:?}");
    let silent = |found: &Result<_, ResolveError>| {
        matches!(found, Err(ResolveError::BackendUnavailable { state: BackendState::NotAnswering, .. }))
    };
    assert!(silent(&found[0]) && silent(&found[2]));
    assert_eq!(found[1].as_ref().unwrap().size, 2);
    dead.resume();
}

/// Waits until this many of that name are left.
fn settles_at(name: &str, count: usize) {
    let start = Instant::now();
    while running(name) != count {
        assert!(start.elapsed() < Duration::from_secs(20), "{} instead of {count} are left", running(name));
        std::thread::yield_now();
    }
}

/// How many processes of this name this one started that have not ended.
fn running(name: &str) -> usize {
    pids(name).len()
}

fn pids(name: &str) -> Vec<String> {
    pids_of(name, std::process::id())
}

fn kill(pid: String) {
    let pid = pid.parse().ok().and_then(rustix::process::Pid::from_raw).expect("a process id");
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).expect("it is ours");
    let is_dead = |stat: String| stat.contains(") Z ");
    while !std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_pid())).is_ok_and(is_dead) {
        std::thread::yield_now();
    }
}

fn pids_of(name: &str, parent: u32) -> Vec<String> {
    let parent = parent.to_string();
    let stats = std::fs::read_dir("/proc")
        .expect("/proc is mounted")
        .filter_map(|entry| std::fs::read_to_string(entry.ok()?.path().join("stat")).ok());
    // `17 (name) S 16 …`
    let of_name = format!(" ({name}) ");
    stats
        .filter_map(|stat| {
            let (pid, rest) = stat.split_once(&of_name)?;
            (rest.split(' ').nth(1) == Some(parent.as_str())).then(|| pid.to_owned())
        })
        .collect()
}
