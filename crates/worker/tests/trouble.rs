//! A file server in trouble, by a real mount: the quota used up, nobody allowed to write, files gone stale, the mount gone.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;
mod sleap_lab;

use common::{Plan, until};
use samepath_testkit::{Disk, Fault, FuseMount, Trouble, with_disks};
use samepath_wire::{AttemptEnd, Cause, Failure};
use sleap_lab::{CONFIG, Lab, Told};
use std::path::Path;
use std::process::Stdio;

#[test]
fn results_that_cannot_be_written_are_told_before_anything_runs() {
    for (trouble, words) in [
        (Trouble::Quota, "the quota there is used up"),
        (Trouble::Denied, "the user that gpu-1 runs as may not write there"),
    ] {
        let mount = FuseMount::writable(&[("amick/out/", "")]);
        mount.trouble(Some(trouble));
        let mut case = Plan::new("echo ran").on(mount.path(), "OUT", "DIRECTORY", "amick/out").start();
        let _worker = case.connect();
        let AttemptEnd::Failed { failure } = case.end() else { panic!("{trouble:?}") };
        assert_eq!(failure.cause, Cause::OutputNotUsable, "{trouble:?}");
        assert!(failure.message.contains(words), "{trouble:?}: {failure:?}");
        assert!(!case.said("ran"));
        mount.trouble(None);
        let left: Vec<_> = fs_err::read_dir(mount.path().join("amick/out")).unwrap().collect();
        assert!(left.is_empty(), "{trouble:?}: {left:?}");
    }
}

/// A training on such a mount that has begun, to which something happens before it writes its checkpoint.
fn training(happens: impl FnOnce(&FuseMount, &Lab)) -> Failure {
    let mount = FuseMount::writable(&[("amick/out/", ""), ("amick/maze/", "")]);
    let lab = Lab::on(mount.path());
    lab.mode("write");
    let config = lab.config("train.yaml", CONFIG);
    let (labels, out) = (lab.maze("labels.pkg.slp"), lab.out());
    let values = [("LABELS", labels.to_str().unwrap()), ("OUTPUT_DIR", out.to_str().unwrap()), ("RUN_NAME", "run")];
    let started = lab.command("sleap-train", &values, &[&config]).stdout(Stdio::piped()).spawn().unwrap();
    until("the training has begun", || lab.out().join("run/training_log.csv").is_file().then_some(()));
    happens(&mount, &lab);
    fs_err::write(lab.path("bin/go"), "").unwrap();
    Told::new(started.wait_with_output().unwrap()).failure()
}

#[test]
fn a_training_whose_quota_is_used_up_says_so() {
    let failure = training(|mount, _| mount.trouble(Some(Trouble::Quota)));
    assert_eq!(failure.cause, Cause::StorageFull);
    assert!(
        failure.message.starts_with("the quota of the results' storage is used up at epoch 2 of 7."),
        "{failure:?}"
    );
    assert!(failure.message.contains("Kept: best.ckpt (epoch 1) in vast:amick/out/run."), "{failure:?}");
    assert!(failure.last_line.unwrap().contains("Disk quota exceeded"));
}

#[test]
fn a_training_whose_storage_went_away_says_so() {
    let stale = training(|mount, _| mount.trouble(Some(Trouble::Stale)));
    assert_eq!(stale.cause, Cause::StorageGone);
    assert!(stale.message.starts_with("a storage went away at epoch 2 of 7."), "{stale:?}");
    assert!(stale.last_line.unwrap().contains("Stale file handle"));

    let gone = training(|mount, _| mount.vanish());
    assert_eq!(gone.cause, Cause::StorageGone);
    assert!(gone.message.starts_with("the storage of the results went away"), "{gone:?}");
}

#[test]
fn a_training_that_fails_after_its_project_was_changed_or_removed_says_so() {
    let changed = training(|_, lab| {
        let project = lab.maze("labels.pkg.slp");
        fs_err::write(&project, [fs_err::read(&project).unwrap(), vec![0]].concat()).unwrap();
    });
    assert_eq!(changed.cause, Cause::InputChanged);
    assert!(changed.message.starts_with("labels.pkg.slp was changed while the job ran"), "{changed:?}");

    let removed = training(|_, lab| fs_err::remove_file(lab.maze("labels.pkg.slp")).unwrap());
    assert_eq!(removed.cause, Cause::StorageGone);
    assert!(removed.message.starts_with("labels.pkg.slp is no longer there"), "{removed:?}");
}

/// Trains on a configuration that is made for the project, or on one that is given.
fn trained(lab: &Lab, work: &Path, configs: &[&str]) -> Told {
    let (labels, out) = (lab.maze("labels.pkg.slp"), lab.out());
    let values = [("LABELS", labels.to_str().unwrap()), ("OUTPUT_DIR", out.to_str().unwrap()), ("RUN_NAME", "run")];
    Told::new(lab.command("sleap-train", &values, configs).current_dir(work).output().unwrap())
}

#[test]
fn a_configuration_that_the_worker_s_own_disk_does_not_take_is_why_nothing_is_trained() {
    with_disks("a_configuration_that_the_worker_s_own_disk_does_not_take_is_why_nothing_is_trained", || {
        for fault in Fault::ALL {
            let (disk, storage) = (Disk::new(fault), tempfile::tempdir().unwrap());
            let lab = Lab::on(storage.path());
            let config = lab.config("train.yaml", CONFIG);
            disk.strike();
            let failure = trained(&lab, &disk.path(), &[&config]).unfit();
            disk.mend();
            let begins = "the configuration cannot be copied to this worker's own folder ";
            assert!(failure.message.starts_with(begins), "{fault:?}: {failure:?}");
            assert!(fault.words().iter().any(|word| failure.message.contains(word)), "{fault:?}: {failure:?}");
            assert!(!lab.calls().contains("\ntrain\n"), "{fault:?}: {}", lab.calls());
            assert!(trained(&lab, &disk.path(), &[&config]).good, "{fault:?}");
        }
    });
}

#[test]
fn a_configuration_that_the_results_do_not_take_is_not_left_in_part() {
    with_disks("a_configuration_that_the_results_do_not_take_is_not_left_in_part", || {
        for fault in Fault::ALL {
            let disk = Disk::new(fault);
            let lab = Lab::on(&disk.path());
            disk.strike();
            let told = trained(&lab, &lab.path("work"), &[]);
            disk.mend();
            let kept = "The configuration was made, but is not kept in the results folder: ";
            assert!(told.lines.iter().any(|line| line.contains(kept)), "{fault:?}: {told:?}");
            let found = fs_err::read_dir(lab.out()).unwrap().map(|entry| entry.unwrap().file_name());
            let parts: Vec<_> = found.filter(|name| name.to_string_lossy().ends_with(".yaml")).collect();
            assert!(parts.is_empty(), "{fault:?}: {parts:?}");
        }
    });
}
