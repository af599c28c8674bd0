//! Prediction with a program that behaves as `sleap-nn` was seen to: same arguments, same files, same bar.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod sleap_lab;

use rustix::process::{Pid, Signal, kill_process};
use samepath_wire::Cause;
use serde_json::json;
use sleap_lab::{Lab, Told};
use std::io::Read;
use std::process::Stdio;

/// A prediction on this project; the parameter that names it says so.
fn predicting(lab: &mut Lab, data: &str, frames: &str) -> std::process::Command {
    let model = lab.maze("model");
    fs_err::create_dir_all(&model).unwrap();
    for name in ["best.ckpt", "training_config.yaml"] {
        fs_err::write(model.join(name), "").unwrap();
    }
    lab.parameters = json!({ "DATA": format!("maze/{data}") });
    let (data, out) = (lab.maze(data).display().to_string(), lab.out().display().to_string());
    let values = [("DATA", data.as_str()), ("OUTPUT_DIR", &out), ("FRAMES", frames)];
    lab.command("sleap-predict", &values, &[model.to_str().unwrap()])
}

fn predict(lab: &mut Lab, data: &str, frames: &str) -> Told {
    let _ = fs_err::remove_file(lab.path("bin/calls"));
    Told::new(predicting(lab, data, frames).output().unwrap())
}

#[test]
fn the_predictions_of_a_package_name_no_path_of_this_worker() {
    let mut lab = Lab::new();
    fs_err::remove_file(lab.maze("cam0.mp4")).unwrap();
    assert!(predict(&mut lab, "labels.pkg.slp", "all").good);
    let (package, known) = (lab.maze("labels.pkg.slp"), "/Volumes/talmo/amick/maze/labels.pkg.slp");
    let back = format!("--map\n{}\n{known}\n", package.display());
    assert!(lab.calls().ends_with(&back), "{}", lab.calls());
    // What lies beside it would be taken for what the frames are of.
    fs_err::write(lab.maze("cam0.mp4"), "").unwrap();
    assert!(predict(&mut lab, "labels.pkg.slp", "all").good);
    let link = lab.path("work/project-0/labels.pkg.slp");
    let calls = lab.calls();
    assert!(calls.contains(&format!("predict\n-i\n{}\n", link.display())), "{calls}");
    assert!(calls.contains(&format!("--map\n{}\n{known}\n", link.display())), "{calls}");
}

#[test]
fn of_a_project_with_some_frames_inside_each_video_is_predicted_where_its_frames_are() {
    let mut lab = Lab::new();
    fs_err::copy(sleap_lab::data("slp/partly.pkg.slp"), lab.maze("partly.slp")).unwrap();
    fs_err::remove_file(lab.maze("cam0.mp4")).unwrap();
    let failure = predict(&mut lab, "partly.slp", "all").unfit();
    assert!(failure.message.contains("gpu-1 does not see 1 of the 1 videos"), "{failure:?}");
    fs_err::create_dir(lab.maze("day2")).unwrap();
    fs_err::write(lab.maze("day2/cam1.mp4"), "").unwrap();
    let told = predict(&mut lab, "partly.slp", "all");
    assert!(told.good, "{told:?}");
    let (whole, copy) = (lab.maze("partly.slp").display().to_string(), lab.path("work/data.slp").display().to_string());
    let calls = lab.calls();
    let call = |data: &str, frames: &str| {
        let call = calls.split("=== ").find(|call| call.contains(&format!("predict\n-i\n{data}\n")));
        call.is_some_and(|call| call.ends_with(frames))
    };
    assert!(call(&whole, "--video_index\n0\n--only_labeled_frames\n"), "{calls}");
    assert!(call(&copy, "--video_index\n1\n"), "{calls}");
    let known = "/Volumes/talmo/amick/maze/partly.slp";
    assert!([&whole, &copy].iter().all(|here| calls.contains(&format!("--map\n{here}\n{known}\n"))), "{calls}");
    assert!(
        lab.out().join("partly.cam0.predictions.slp").is_file()
            && lab.out().join("partly.cam1.predictions.slp").is_file()
    );
    let failure = predict(&mut lab, "partly.slp", "labelled").failure();
    assert!(failure.message.contains("of such a project only all frames are predicted"), "{failure:?}");
}

#[test]
fn a_prediction_that_does_not_come_to_its_end_says_what_is_there() {
    let mut lab = Lab::new();
    let written = ["/Volumes/talmo/amick/maze/a.mp4", "/Volumes/talmo/amick/maze/b.mp4"];
    lab.project("maze/two.slp", &written.map(|path| json!(path)));
    for name in ["a.mp4", "b.mp4"] {
        fs_err::write(lab.maze(name), name).unwrap();
    }
    lab.mode("break");
    let failure = predict(&mut lab, "two.slp", "all").failure();
    let message = "sleap-nn ended with code 1 at frame 25 of 50. Predictions written: two.a.predictions.slp.";
    assert_eq!(failure.message, message);
    lab.mode("hang");
    let _ = fs_err::remove_file(lab.path("bin/calls"));
    let mut tool = predicting(&mut lab, "two.slp", "all").stdout(Stdio::piped()).spawn().unwrap();
    let mut out = std::io::BufReader::new(tool.stdout.take().unwrap());
    let mut said = String::new();
    while said.matches("Predicting, frame 25 of 50").count() < 2 {
        assert!(std::io::BufRead::read_line(&mut out, &mut said).unwrap() > 0, "{said}");
    }
    kill_process(Pid::from_child(&tool), Signal::INT).unwrap();
    out.read_to_string(&mut said).unwrap();
    assert_eq!(tool.wait().unwrap().code(), Some(130), "{said}");
    let end = "openjd_status: Stopped at frame 25 of 50. Predictions written: two.a.predictions-2.slp.\n";
    assert!(said.contains(end), "{said}");
}

#[test]
fn a_version_that_leaves_frames_out_is_told_of() {
    let mut lab = Lab::new();
    for (version, told_of) in [("0.3.2", true), ("0.3.5", false)] {
        let info = lab.path(&format!("lib/python3.12/site-packages/sleap_nn-{version}.dist-info"));
        fs_err::create_dir_all(&info).unwrap();
        for (data, tells) in [("labels.slp", told_of), ("labels.pkg.slp", false), ("cam0.mp4", false)] {
            let told = predict(&mut lab, data, "all");
            assert!(told.good, "{told:?}");
            let remark =
                told.lines.iter().any(|line| line.starts_with("sleap-nn 0.3.2 predicts, of a project, only frames"));
            assert_eq!(remark, tells, "{version} {data}: {told:?}");
        }
        fs_err::remove_dir_all(info).unwrap();
    }
}

#[test]
fn a_prediction_names_videos_as_its_reader_does() {
    let mut lab = Lab::new();
    let model = lab.maze("model");
    fs_err::create_dir_all(&model).unwrap();
    for name in ["best.ckpt", "training_config.yaml"] {
        fs_err::write(model.join(name), "").unwrap();
    }
    lab.parameters = json!({ "DATA": "maze/cam0.mp4" });
    let (video, out) = (lab.maze("cam0.mp4").display().to_string(), lab.out().display().to_string());
    let model = model.display().to_string();
    let values = [
        ("DATA", video.as_str()),
        ("OUTPUT_DIR", &out),
        ("FRAMES", "0-3,9"),
        ("BATCH_SIZE", "4"),
        ("PEAK_THRESHOLD", "0.2"),
    ];
    let predict = |values: &[(&str, &str)], models: &[&str]| {
        Told::new(lab.command("sleap-predict", values, models).output().unwrap())
    };
    let told = predict(&values, &[&model]);
    assert!(told.good, "{told:?}");
    assert!(told.said("openjd_status").contains(&"Predicting, frame 25 of 50"), "{told:?}");
    let raw = lab.path("work/predictions.slp").display().to_string();
    let call = format!(
        "=== sleap-nn\npredict\n-i\n{video}\n-m\n{model}\n-o\n{raw}\n--gui\n--batch_size\n4\n--peak_threshold\n0.2\n--frames\n0,1,2,3,9\n"
    );
    assert!(lab.calls().starts_with(&call), "{}", lab.calls());
    let back = format!("--map\n{video}\n/Volumes/talmo/amick/maze/cam0.mp4\n");
    assert!(lab.calls().ends_with(&back), "{}", lab.calls());
    assert!(lab.out().join("cam0.predictions.slp").is_file());
    // SLEAP's own name for a version stays whole.
    fs_err::copy(lab.maze("labels.pkg.slp"), lab.maze("labels.v003.pkg.slp")).unwrap();
    let versioned = lab.maze("labels.v003.pkg.slp").display().to_string();
    assert!(predict(&[("DATA", &versioned), ("OUTPUT_DIR", &out)], &[&model]).good);
    assert!(lab.out().join("labels.v003.predictions.slp").is_file());
    // Of a training's results folder the model in it is meant, where there is one; or a pair.
    let above = lab.maze("trained");
    let trained = |name: &str| {
        let folder = above.join(name);
        fs_err::create_dir_all(&folder).unwrap();
        for file in ["training_config.yaml", "best.ckpt"] {
            fs_err::write(folder.join(file), "").unwrap();
        }
        folder.display().to_string()
    };
    let called = |models: &[&str]| {
        let given: String = models.iter().map(|model| format!("-m\n{model}\n")).collect();
        lab.calls().rsplit("=== sleap-nn\npredict").next().unwrap().contains(&given)
    };
    let above = above.to_str().unwrap();
    let second = trained("td.centroid");
    assert!(predict(&values, &[above]).good && called(&[&second]), "{}", lab.calls());
    let first = trained("td.centered_instance");
    assert!(predict(&values, &[above]).good && called(&[&first, &second]), "{}", lab.calls());
    trained("other");
    let failure = predict(&values, &[above]).failure();
    assert!(failure.message.contains("vast:amick/maze/trained is no folder of a trained model"), "{failure:?}");
    let failure = predict(&values, &[lab.out().to_str().unwrap()]).failure();
    assert!(failure.message.contains("vast:amick/out is no folder of a trained model"), "{failure:?}");
    let odd = [("DATA", video.as_str()), ("OUTPUT_DIR", &out), ("FRAMES", "--headers")];
    assert_eq!(predict(&odd, &[&model]).failure().cause, Cause::InvalidParameter);
}
