//! What a job is told to have written, and why it failed where its storage went away: of a lab's own job types.
#![cfg(target_os = "linux")]

mod common;

use common::{Home, until};
use serde_json::{Value, json};

/// A parameter for what is written.
fn writes(what: &str) -> Value {
    json!({ "name": "OUT", "type": "PATH", "objectType": what, "dataFlow": "OUT" })
}

fn listed(job: &Value) -> Vec<&str> {
    job["outputs"].as_array().expect("files").iter().filter_map(|file| file["path"].as_str()).collect()
}

/// A script that waits for a file of this name in the home.
fn waiting_for(home: &Home, name: &str) -> String {
    format!("while [ ! -e '{}' ]; do sleep 0.05; done", home.text(name))
}

/// Until a file is there.
fn written(home: &Home, name: &str) {
    until(|| if home.path(name).exists() { Ok(()) } else { Err(format!("there is no {name}")) });
}

#[test]
fn of_a_folder_that_jobs_share_each_lists_what_it_wrote() {
    let home = Home::new();
    let name = json!({ "name": "WHAT", "type": "STRING" });
    home.kind_taking("adds", &json!([writes("DIRECTORY"), name]), "echo x > \"$1/$2.txt\"");
    let _worker = home.worker("gpu-1");
    // One right after the other: some within one second.
    for what in ["a", "b", "c", "d", "e"] {
        let job = home.ask(&["submit", "adds", "-p", "OUT=vast:amick/all", "-p", &format!("WHAT={what}")]).good();
        assert_eq!(listed(&job), [format!("{what}.txt")], "{job:#}");
    }
}

#[test]
fn a_job_that_writes_one_file_lists_that_one() {
    let home = Home::new();
    home.kind_taking(
        "makes",
        &json!([writes("FILE")]),
        &format!("echo x > \"$1\"; touch '{}'; {}", home.text("began"), waiting_for(&home, "go")),
    );
    let _worker = home.worker("gpu-1");
    let id = home.submit(&["makes", "-p", "OUT=vast:amick/all/mine.csv"]);
    written(&home, "began");
    home.write("storage/amick/all/theirs.csv", "y");
    home.go();
    let job = home.job_until(&id, |job| job["state"] == "succeeded");
    assert_eq!(listed(&job), ["mine.csv"], "{job:#}");
}

#[test]
fn what_another_job_is_writing_below_is_that_one_s() {
    let home = Home::new();
    for (kind, go) in [("outer", "go"), ("inner", "go-inner")] {
        let script = format!("echo x > \"$1/{kind}.txt\"; {}", waiting_for(&home, go));
        home.kind_taking(kind, &json!([writes("DIRECTORY")]), &script);
    }
    let (_first, _second) = (home.worker("gpu-1"), home.worker("gpu-2"));
    let outer = home.submit(&["outer", "-p", "OUT=vast:amick/all"]);
    written(&home, "storage/amick/all/outer.txt");
    let inner = home.submit(&["inner", "-p", "OUT=vast:amick/all/below"]);
    written(&home, "storage/amick/all/below/inner.txt");
    home.go();
    let job = home.job_until(&outer, |job| job["state"] == "succeeded");
    assert_eq!(listed(&job), ["outer.txt"], "{job:#}");
    home.write("go-inner", "");
    let job = home.job_until(&inner, |job| job["state"] == "succeeded");
    assert_eq!(listed(&job), ["inner.txt"], "{job:#}");
}

#[test]
fn a_storage_that_goes_away_under_a_tool_is_why_it_failed() {
    let home = Home::new();
    let reads = json!({ "name": "LABELS", "type": "PATH", "objectType": "FILE", "dataFlow": "IN" });
    home.kind_taking(
        "reads",
        &json!([reads, writes("DIRECTORY")]),
        &format!("touch \"$2/began\"; {}; cat \"$1\" > /dev/null && exit 3", waiting_for(&home, "go")),
    );
    let mut worker = home.worker("gpu-1");
    let submit =
        |out: &str| home.submit(&["reads", "vast:amick/maze/labels.slp", "-p", &format!("OUT=vast:amick/{out}")]);
    let id = submit("one");
    written(&home, "storage/amick/one/began");
    fs_err::remove_file(home.path("mnt/vast")).expect("a link");
    home.go();
    let job = home.job_until(&id, |job| job["state"] == "failed");
    let failure = job["failure"].as_str().unwrap_or_default();
    assert!(failure.starts_with("the storage vast went away on gpu-1 while the job ran: it is missing at"), "{job:#}");
    assert!(failure.contains("No such file"), "with what the tool said last: {job:#}");
    assert_eq!(job["trouble"]["cause"], "storage_gone", "{job:#}");
    worker.interrupt();
    // One that is there is not why.
    std::os::unix::fs::symlink(home.path("storage"), home.path("mnt/vast")).expect("a link");
    let _worker = home.worker("gpu-1");
    let job = home.job_until(&submit("two"), |job| job["state"] == "failed");
    assert_eq!(job["failure"], "the program ended with code 3", "{job:#}");
    // A folder of results may go away alone.
    fs_err::remove_file(home.path("go")).expect("a file");
    let id = submit("three");
    written(&home, "storage/amick/three/began");
    fs_err::remove_dir_all(home.path("storage/amick/three")).expect("a folder");
    home.go();
    let job = home.job_until(&id, |job| job["state"] == "failed");
    let wanted = "the folder of the results, vast:amick/three, is no longer there on gpu-1";
    assert_eq!((&job["failure"], &job["trouble"]["cause"]), (&json!(wanted), &json!("storage_gone")), "{job:#}");
}
