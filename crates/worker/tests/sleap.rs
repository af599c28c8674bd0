//! Training with a program that behaves as `sleap-nn` was seen to: same arguments, same files, same bar.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod sleap_lab;

use rustix::process::{Pid, Signal, kill_process};
use samepath_wire::{Cause, Metrics};
use serde_json::json;
use sleap_lab::{CONFIG, Lab};
use std::io::Read;
use std::net::{Ipv4Addr, TcpStream};
use std::process::Stdio;
use std::time::{Duration, Instant};

#[test]
fn a_training_gets_this_workers_paths_and_tells_how_far_it_is() {
    let lab = Lab::new();
    let config = lab.config("train.yaml", CONFIG);
    let values = [
        ("MAX_EPOCHS", "2"),
        ("BATCH_SIZE", "4"),
        ("LEARNING_RATE", "0"),
        ("RUN_NAME", "run-1"),
        ("OVERRIDES", "trainer_config.seed=7"),
    ];
    let told = lab.train("labels.slp", &values, &[&config]);
    assert!(told.good, "{told:?}");
    let calls: Vec<String> = lab.calls().lines().map(str::to_owned).collect();
    assert_eq!(calls[..3], ["=== sleap-nn", "train", "--config-dir"]);
    let video = lab.maze("cam0.mp4").display().to_string();
    assert_eq!(
        calls[4..],
        ["--config-name", "config.yaml", "--video-path-map", "/Volumes/talmo/amick/maze/cam0.mp4", &video]
    );
    let seen = lab.seen(1);
    assert_eq!(seen["data_config"]["train_labels_path"], json!([lab.maze("labels.slp")]));
    assert_eq!(seen["trainer_config"]["ckpt_dir"], json!(lab.out()));
    assert_eq!(seen["trainer_config"]["run_name"], "run-1");
    assert_eq!(seen["trainer_config"]["max_epochs"], 2);
    assert_eq!(seen["trainer_config"]["seed"], 7);
    assert_eq!(seen["trainer_config"]["optimizer"]["lr"], 1e-4);
    assert_eq!(seen["trainer_config"]["val_data_loader"]["batch_size"], 4);
    assert_eq!(fs_err::read_to_string(lab.maze("train.yaml")).unwrap(), CONFIG, "the original is as it was");
    assert_eq!(told.said("openjd_progress"), ["50", "66", "100", "100"]);
    let status = told.said("openjd_status");
    assert_eq!(status[..3], ["Reading labels.slp", "Starting SLEAP, about 6 s", "Epoch 1 of 2"]);
    assert_eq!(*status.last().unwrap(), "Trained vast:amick/out/run-1. Best epoch 2, validation loss 2.50e-1.");
    let rows: Vec<Metrics> = told.lines.iter().filter_map(|line| Metrics::in_line(line)).collect();
    let (before, rows) = rows.split_first().unwrap();
    assert_eq!((before.epoch, before.of, before.batch_size, before.values.len()), (0, Some(2), Some(4), 0));
    assert_eq!(
        rows.iter().map(|row| (row.epoch, row.of, row.values["val/loss"])).collect::<Vec<_>>(),
        [(1, Some(2), 0.5), (2, Some(2), 0.25)]
    );
    assert!(!told.lines.iter().any(|line| line.contains("it/s")), "the bar is not for the log: {told:?}");
    // The same name again is another folder.
    let told = lab.train("labels.slp", &values, &[&config]);
    assert!(told.good && lab.out().join("run-1-2/best.ckpt").is_file(), "{told:?}");
}

#[test]
fn several_models_are_trained_one_after_the_other() {
    let lab = Lab::new();
    let told = lab.train("labels.pkg.slp", &[("THEN_PREDICT", "suggested frames")], &[]);
    assert!(told.good, "{told:?}");
    let heads = [1, 2].map(|number| lab.seen(number)["trainer_config"]["run_name"].as_str().unwrap().to_owned());
    assert_eq!(heads, ["centroid", "centered_instance"]);
    assert!(told.said("openjd_status").contains(&"Epoch 1 of 2, centered instance (2 of 2)"), "{told:?}");
    let calls = lab.calls();
    let models = heads.map(|head| format!("-m\n{}\n", lab.out().join(head).display())).concat();
    assert!(calls.contains(&models) && calls.contains("--only_suggested_frames"), "{calls}");
    assert!(!calls.contains("--video-path-map"), "a package brings its frames: {calls}");
    assert!(lab.out().join("labels.predictions.slp").is_file());
    assert!(lab.out().join("labels_centroid.yaml").is_file(), "what was made is kept");
    // Beside others it takes a name to know them by.
    let told = lab.train("labels.pkg.slp", &[], &[]);
    assert!(told.good && lab.out().join("labels_2026-11-22_091400.centroid/best.ckpt").is_file(), "{told:?}");
}

#[test]
fn what_is_not_here_is_refused_by_its_name() {
    let lab = Lab::new();
    for (old, new, part) in [
        ("test_file_path: null", "test_file_path: /Volumes/talmo/gone.slp", "gpu-1 does not see it"),
        (
            "pretrained_head_weights: null",
            "pretrained_head_weights: old/best.ckpt",
            "model_config.pretrained_head_weights is old/best.ckpt",
        ),
        ("max_epochs: 7", "odd: /etc/passwd_of_nobody", "trainer_config.odd is /etc/passwd_of_nobody"),
    ] {
        let config = lab.config("train.yaml", &CONFIG.replace(old, new));
        let failure = lab.train("labels.slp", &[], &[&config]).unfit();
        assert_eq!(failure.cause, Cause::PathError);
        assert!(failure.message.contains(part), "{failure:?}");
    }
    // No other worker would read that either.
    let config = lab.config("train.yaml", &CONFIG.replace("path: null", "path: s3://bucket/x.slp"));
    let failure = lab.train("labels.slp", &[], &[&config]).failure();
    assert_eq!(failure.cause, Cause::InvalidParameter);
    assert!(failure.message.contains("data_config.test_file_path is s3://bucket/x.slp. An address"), "{failure:?}");
    fs_err::remove_file(lab.maze("cam0.mp4")).unwrap();
    let failure = lab.train("labels.slp", &[], &[]).unfit();
    assert!(
        failure.message.starts_with(
            "gpu-1 does not see 1 of the 1 videos of vast:amick/maze/labels.slp: /Volumes/talmo/amick/maze/cam0.mp4"
        ),
        "{failure:?}"
    );
    assert_eq!(lab.calls(), "", "nothing was started");
}

#[test]
fn a_failure_has_a_cause_and_says_what_was_kept() {
    let lab = Lab::new();
    let config = lab.config("train.yaml", CONFIG);
    let kept = "at epoch 2 of 7.";
    for (mode, cause, part) in [
        ("gpu", Cause::GpuMemory, "the GPU ran out of memory"),
        ("full", Cause::StorageFull, "no space is left"),
        ("kill", Cause::Memory, "sleap-nn was killed"),
        ("loader", Cause::Memory, "the computer ran out of memory"),
        ("shared", Cause::Memory, "the memory that its processes share is used up"),
        ("warned", Cause::ExitCode, "sleap-nn ended with code 1"),
        ("speak", Cause::ExitCode, "sleap-nn ended with code 3"),
        ("change", Cause::InputChanged, "labels.pkg.slp was changed while the job ran"),
    ] {
        lab.mode(mode);
        let told = lab.train("labels.pkg.slp", &[("RUN_NAME", mode)], &[&config]);
        let failure = told.failure();
        assert_eq!(failure.cause, cause, "{told:?}");
        let end = format!(
            "Kept: best.ckpt (epoch 1){} in vast:amick/out/{mode}.",
            if mode == "full" { "" } else { ", last.ckpt (epoch 1)" }
        );
        assert!(
            failure.message.starts_with(part) && failure.message.contains(kept) && failure.message.ends_with(&end),
            "{failure:?}"
        );
        assert_eq!(told.said("samepath_failure").len(), 1, "only we speak to the guard: {told:?}");
        assert!(told.said("openjd_fail").is_empty(), "{told:?}");
    }
}

#[test]
fn what_is_seen_counts_more_than_what_was_said_before() {
    let lab = Lab::new();
    let config = lab.config("train.yaml", CONFIG);
    lab.mode("away");
    let failure = lab.train("labels.pkg.slp", &[], &[&config]).failure();
    assert_eq!(failure.cause, Cause::StorageGone);
    assert!(failure.message.starts_with("the storage of the results went away"), "{failure:?}");
}

#[test]
fn a_program_that_cannot_be_executed_is_missing() {
    let lab = Lab::new();
    let config = lab.config("train.yaml", CONFIG);
    // As in an environment whose Python was removed.
    fs_err::write(lab.path("bin/sleap-nn"), "#!/no/such/python\n").unwrap();
    let failure = lab.train("labels.pkg.slp", &[], &[&config]).unfit();
    assert_eq!(failure.cause, Cause::ProgramMissing, "{failure:?}");
    let end = "bin/sleap-nn cannot be started: /no/such/python, which runs it, is not there";
    assert!(failure.message.ends_with(end), "{failure:?}");
    // As an installer writes it where the path is long.
    let long = "#!/bin/sh\n'''exec' /no/such/python \"$0\" \"$@\"\n' '''\n";
    fs_err::write(lab.path("bin/sleap-nn"), long).unwrap();
    let failure = lab.train("labels.pkg.slp", &[], &[&config]).unfit();
    assert_eq!(failure.cause, Cause::ProgramMissing, "{failure:?}");
    assert!(
        failure.message.contains("cannot be started") && failure.message.contains("/no/such/python"),
        "{failure:?}"
    );
    // One that ran, and failed with such a code.
    fs_err::write(lab.path("bin/sleap-nn"), "#!/bin/sh\necho 'ValueError: odd'; exit 127\n").unwrap();
    assert_eq!(lab.train("labels.pkg.slp", &[], &[&config]).failure().cause, Cause::ExitCode);
}

#[test]
fn what_is_missing_once_a_training_ran_is_no_reason_to_train_elsewhere() {
    let lab = Lab::new();
    let config = lab.config("train.yaml", CONFIG);
    lab.mode("lose");
    let told = lab.train("labels.slp", &[("THEN_PREDICT", "all videos")], &[&config]);
    let failure = told.failure();
    assert_eq!(failure.cause, Cause::PathError, "{failure:?}");
    assert!(failure.message.contains("gpu-1 does not see 1 of the 1 videos"), "{failure:?}");
    assert!(failure.message.contains("The training is done: vast:amick/out/model."), "{failure:?}");
}

#[test]
fn models_that_cannot_predict_together_are_refused_before_the_first_is_trained() {
    let lab = Lab::new();
    let (one, other) = (lab.config("one.yaml", CONFIG), lab.config("other.yaml", CONFIG));
    let failure = lab.train("labels.slp", &[("THEN_PREDICT", "all videos")], &[&one, &other]).failure();
    assert_eq!(failure.cause, Cause::InvalidParameter);
    let begins = "THEN_PREDICT: sleap-nn cannot predict with these models together: one.yaml (single_instance), other.yaml (single_instance).";
    assert!(failure.message.starts_with(begins), "{failure:?}");
    assert_eq!(lab.calls(), "", "nothing was started");
    assert!(lab.train("labels.slp", &[], &[&one, &other]).good, "they are trained where nothing is predicted");
}

#[test]
fn a_configuration_of_several_projects_is_told_to_learn_from_one() {
    let lab = Lab::new();
    let config = lab.config("train.yaml", &CONFIG.replace("[elsewhere.slp]", "[a.slp, b.slp]"));
    let told = lab.train("labels.slp", &[], &[&config]);
    let remark = "train.yaml names 2 projects to learn from. A job learns from one: from LABELS, vast:amick/maze/labels.slp, and not \
                  from the others.";
    assert!(told.good && told.lines.iter().any(|line| line == remark), "{told:?}");
    let config = lab.config("train.yaml", CONFIG);
    let told = lab.train("labels.slp", &[], &[&config]);
    assert!(!told.lines.iter().any(|line| line.contains("to learn from")), "{told:?}");
}

#[test]
fn what_a_model_is_tested_with_names_its_videos_as_they_are_here() {
    let lab = Lab::new();
    // The project itself, too: what is said of its videos is forgotten when the training is over.
    for name in ["labels.slp", "judge.slp"] {
        let test = lab.maze(name);
        if name == "judge.slp" {
            lab.project("maze/judge.slp", &[json!("/Volumes/talmo/amick/maze/cam0.mp4")]);
        }
        let config = lab.config("train.yaml", &CONFIG.replace("path: null", &format!("path: {name}")));
        let _ = fs_err::remove_file(lab.path("bin/calls"));
        let told = lab.train("labels.slp", &[], &[&config]);
        assert!(told.good, "{told:?}");
        let copy = lab.seen(1)["data_config"]["test_file_path"].as_str().unwrap().to_owned();
        assert!(copy.starts_with(lab.path("work").to_str().unwrap()), "{copy}");
        let renamed = format!(
            "=== sio\nfilenames\n-i\n{}\n-o\n{copy}\n--map\n/Volumes/talmo/amick/maze/cam0.mp4\n{}\n",
            test.display(),
            lab.maze("cam0.mp4").display()
        );
        assert!(lab.calls().contains(&renamed), "{}", lab.calls());
    }
    // One that brings its frames along needs no copy.
    let config = lab.config("train.yaml", &CONFIG.replace("path: null", "path: labels.pkg.slp"));
    assert!(lab.train("labels.slp", &[], &[&config]).good);
    assert_eq!(lab.seen(2)["data_config"]["test_file_path"], json!(lab.maze("labels.pkg.slp")));
}

fn chosen(written: &str, path: &str) -> serde_json::Value {
    json!([{ "written": written, "storage_backend": "vast", "user_subdir": "amick", "path": path }])
}

#[test]
fn an_image_sequence_that_was_located_by_its_first_image_is_handed_over_whole() {
    let mut lab = Lab::new();
    let config = lab.config("train.yaml", CONFIG);
    let written = ["/Users/amick/imgs/f0.png", "/Users/amick/imgs/f1.png", "/Users/amick/imgs/f2.png"];
    lab.project("maze/images.slp", &[json!(written)]);
    fs_err::create_dir_all(lab.path("vast/amick/moved")).unwrap();
    for name in ["f0.png", "f1.png", "f2.png"] {
        fs_err::write(lab.path("vast/amick/moved").join(name), name).unwrap();
    }
    lab.videos = chosen(written[0], "moved/f0.png");
    let told = lab.train("images.slp", &[], &[&config]);
    assert!(told.good, "{told:?}");
    let calls = lab.calls();
    for (written, name) in written.iter().zip(["f0.png", "f1.png", "f2.png"]) {
        let local = lab.path("vast/amick/moved").join(name);
        let pair = format!("--video-path-map\n{written}\n{}\n", local.display());
        assert!(calls.contains(&pair), "{calls}");
    }
    fs_err::remove_file(lab.path("vast/amick/moved/f1.png")).unwrap();
    let failure = lab.train("images.slp", &[], &[&config]).unfit();
    assert!(failure.message.contains("1 of its 3 images are missing; the first is f1.png"), "{failure:?}");
}

#[test]
fn an_entry_that_cannot_be_used_says_why() {
    let lab = Lab::new();
    let config = lab.config("train.yaml", CONFIG);
    lab.project("maze/odd.slp", &[json!(7), json!("/Volumes/talmo/amick/maze/cam0.mp4")]);
    let failure = lab.train("odd.slp", &[], &[&config]).unfit();
    assert_eq!(failure.cause, Cause::PathError);
    let start = "gpu-1 does not see 1 of the 2 videos of vast:amick/maze/odd.slp: The project's entry for this video cannot be used: ";
    assert!(failure.message.starts_with(start), "{failure:?}");
}

#[test]
fn videos_of_two_projects_are_not_mistaken_for_each_other() {
    let mut lab = Lab::new();
    let config = lab.config("train.yaml", CONFIG);
    // The second project writes what is here the first one's video, and means another by it.
    let here = lab.maze("cam0.mp4").display().to_string();
    let judge = lab.project("maze/judge.slp", &[json!(here)]);
    fs_err::write(lab.maze("other.mp4"), "another").unwrap();
    lab.videos = chosen(&here, "maze/other.mp4");
    let failure = lab.train("labels.slp", &[("VAL_LABELS", &judge)], &[&config]).unfit();
    assert_eq!(failure.cause, Cause::PathError);
    assert!(failure.message.contains("sleap-nn would take one for the other"), "{failure:?}");
    assert_eq!(lab.calls(), "", "nothing was started");
}

#[test]
fn a_run_is_taken_up_with_its_own_configuration() {
    let lab = Lab::new();
    let run = lab.maze("old");
    fs_err::create_dir_all(&run).unwrap();
    fs_err::write(run.join("initial_config.yaml"), CONFIG).unwrap();
    fs_err::write(run.join("last.ckpt"), "").unwrap();
    let told = lab.train("labels.pkg.slp", &[("RESUME_FROM", run.to_str().unwrap())], &[]);
    assert!(told.good, "{told:?}");
    assert_eq!(lab.seen(1)["trainer_config"]["resume_ckpt_path"], json!(run.join("last.ckpt")));
    // A run that has had its epochs already would end without a word.
    fs_err::write(run.join("training_log.csv"), "epoch,val/loss\n0,0.5\n1,0.4\n2,0.3\n").unwrap();
    let again =
        |epochs| lab.train("labels.pkg.slp", &[("RESUME_FROM", run.to_str().unwrap()), ("MAX_EPOCHS", epochs)], &[]);
    let failure = again("3").failure();
    assert_eq!(failure.cause, Cause::InvalidParameter);
    assert!(failure.message.contains("trained for 3 epochs already"), "{failure:?}");
    lab.mode("later");
    let told = again("4");
    assert!(told.good, "{told:?}");
    assert_eq!(told.said("openjd_progress"), ["50", "75", "100"], "what the run before did is none of this one's work");
    let failure = lab.train("labels.pkg.slp", &[("RESUME_FROM", lab.out().to_str().unwrap())], &[]).failure();
    assert!(failure.message.contains("has neither last.ckpt nor best.ckpt"), "{failure:?}");
}

/// Stops a training once it said `seen`; what it said in all.
fn stopped(mode: &str, seen: &str) -> String {
    let lab = Lab::new();
    lab.mode(mode);
    let config = lab.config("train.yaml", CONFIG);
    let (labels, out) = (lab.maze("labels.pkg.slp").display().to_string(), lab.out().display().to_string());
    let values = [("LABELS", labels.as_str()), ("OUTPUT_DIR", &out), ("RUN_NAME", "stopped")];
    let mut tool = lab.command("sleap-train", &values, &[&config]).stdout(Stdio::piped()).spawn().unwrap();
    let deadline = Instant::now() + Duration::from_secs(60);
    while !lab.out().join("stopped/training_log.csv").is_file() {
        assert!(Instant::now() < deadline, "it never started");
        std::thread::sleep(Duration::from_millis(20));
    }
    let port = lab.seen(1)["trainer_config"]["zmq"]["controller_port"].as_u64().unwrap();
    let mut subscriber = TcpStream::connect((Ipv4Addr::LOCALHOST, u16::try_from(port).unwrap())).unwrap();
    subscriber.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let mut greeting = [0; 64 + 27];
    subscriber.read_exact(&mut greeting).unwrap();
    // Until it has seen an epoch there is nothing to save.
    let mut out = std::io::BufReader::new(tool.stdout.take().unwrap());
    let mut said = String::new();
    while !said.contains(seen) {
        assert!(std::io::BufRead::read_line(&mut out, &mut said).unwrap() > 0, "{said}");
    }
    kill_process(Pid::from_child(&tool), Signal::INT).unwrap();
    let mut message = [0; 21];
    subscriber.read_exact(&mut message).unwrap();
    assert_eq!(&message[2..], br#"{"command": "stop"}"#);
    fs_err::write(lab.path("bin/go"), "").unwrap();
    out.read_to_string(&mut said).unwrap();
    assert_eq!(tool.wait().unwrap().code(), Some(130), "{said}");
    assert!(said.contains("Saving a checkpoint"), "{said}");
    said
}

const KEPT: &str = "Kept: best.ckpt (epoch 1), last.ckpt (epoch 1) in vast:amick/out/stopped.";

#[test]
fn a_stop_asks_the_training_to_save_and_waits_for_it() {
    let said = stopped("wait", "openjd_status: Epoch 2 of 7");
    assert!(said.contains(&format!("openjd_status: Stopped at epoch 2 of 7. {KEPT}")), "{said}");
}

#[test]
fn a_stop_waits_also_where_no_bar_is_seen() {
    let said = stopped("quiet", "\"val/loss\":0.5");
    assert!(said.contains(&format!("openjd_status: Stopped at epoch 1 of 7. {KEPT}")), "{said}");
}
