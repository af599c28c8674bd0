//! What a person waits for: `samepath locate` as a process, and from *Submit* to the started tool. Each beside its floor, in turns.

use samepath_app::view::{Draft, Update};
use samepath_app::{App, Options};
use serde_json::Value;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

const SAMEPATH: &str = env!("CARGO_BIN_EXE_samepath");

/// A job type whose tool writes a file at once: its time is when the tool ran.
const STAMP: &str = r#"
specificationVersion: jobtemplate-2023-09
name: Stamp
parameterDefinitions:
  - {name: OUTPUT_DIR, type: PATH, objectType: DIRECTORY, dataFlow: OUT}
  - {name: MARKED, type: PATH, objectType: FILE, dataFlow: IN}
steps:
  - name: stamp
    script:
      actions:
        onRun: {command: cp, args: ["/proc/self/stat", "{{Param.OUTPUT_DIR}}/stat"]}
"#;

fn main() {
    // `cargo test --benches` and nextest only ask whether it starts.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let root = folder.path().canonicalize().expect("a real path");
    locate(&root);
    submit(&root);
}

fn config(root: &Path) -> std::path::PathBuf {
    let file = root.join("config.toml");
    let base = Value::from(root.join("storage").display().to_string());
    std::fs::create_dir_all(root.join("storage/amick")).expect("room");
    for name in ["labels.slp", "notes.txt"] {
        std::fs::write(root.join("storage/amick").join(name), "").expect("room");
    }
    std::fs::write(&file, format!("[storage.vast]\nbase_path = {base}\nuser_subdir = \"amick\"\n")).expect("room");
    file
}

fn timed(mut command: Command) -> Duration {
    let begun = Instant::now();
    let status = command.stdout(Stdio::null()).status().expect("it starts");
    let took = begun.elapsed();
    assert!(status.success(), "{command:?} failed");
    took
}

fn locate(root: &Path) {
    let config = config(root);
    let file = root.join("storage/amick/labels.slp");
    let (mut ours, mut floor) = (Vec::new(), Vec::new());
    for _ in 0..100 {
        let mut command = Command::new(SAMEPATH);
        command.arg("--config").arg(&config).arg("locate").arg(&file);
        ours.push(timed(command));
        floor.push(timed(Command::new("/bin/true")));
    }
    tell("samepath locate, as a process", &mut ours, "/bin/true, as a process", &mut floor);
}

fn submit(root: &Path) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("threads");
    let config = config(root);
    let kinds = root.join("kinds");
    std::fs::create_dir_all(&kinds).expect("room");
    std::fs::write(kinds.join("stamp.yaml"), STAMP).expect("room");
    let data = root.join("data");
    let variable = |name: &str| match name {
        "HOME" => Some(OsString::from(root)),
        "SAMEPATH_DATA" => Some(OsString::from(&data)),
        _ => None,
    };
    let mut options = Options::gather(variable, Some(&config), Some(root.to_owned()), "bench").expect("options");
    options.program = SAMEPATH.into();
    let (mut ours, mut floor) = (Vec::new(), Vec::new());
    runtime.block_on(async {
        let app = App::start(options).await.expect("the queue opens");
        app.run_worker(Some("bench".to_owned()), Some(kinds));
        let mut updates = app.watch();
        while !app.workers().iter().any(|worker| worker.storages.iter().any(|storage| storage.state == "ready")) {
            updates.next().await.expect("the worker comes");
        }
        for round in 0..40 {
            let output = format!("vast:amick/out/{round}");
            let values: BTreeMap<String, Value> = BTreeMap::from([
                ("OUTPUT_DIR".to_owned(), output.into()),
                ("MARKED".to_owned(), "vast:amick/notes.txt".into()),
            ]);
            let draft = Draft { kind: "stamp".to_owned(), values, ..Draft::default() };
            let begun = now();
            let job = app.submit(draft).await.expect("it is accepted");
            loop {
                match updates.next().await.expect("the queue stays") {
                    Update::Job(news) if news.id == job.id && news.state == "succeeded" => break,
                    Update::Job(news) if news.id == job.id && news.state == "failed" => panic!("{:?}", news.failure),
                    _ => {}
                }
            }
            let written = root.join(format!("storage/amick/out/{round}/stat"));
            ours.push(started(&written).saturating_sub(begun));
            let begun = now();
            let to = root.join("stat");
            timed({
                let mut command = Command::new("cp");
                command.arg("/proc/self/stat").arg(&to);
                command
            });
            floor.push(started(&to).saturating_sub(begun));
        }
        app.shut_down().await;
    });
    tell("submit → the tool has started", &mut ours, "a bare start of the same tool", &mut floor);
}

/// When the tool wrote, by the clock that file times use.
fn started(file: &Path) -> Duration {
    let written = std::fs::metadata(file).and_then(|metadata| metadata.modified()).expect("the tool wrote");
    written.duration_since(UNIX_EPOCH).expect("after 1970")
}

fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970")
}

fn tell(what: &str, ours: &mut [Duration], beside: &str, floor: &mut [Duration]) {
    let (p50, p95) = (at(ours, 50), at(ours, 95));
    let (floor50, floor95) = (at(floor, 50), at(floor, 95));
    println!("{what}: p50 {p50:.2?}, p95 {p95:.2?}");
    println!(
        "  {beside}: p50 {floor50:.2?}, p95 {floor95:.2?}; ratio {:.1}",
        p50.as_secs_f64() / floor50.as_secs_f64()
    );
}

fn at(times: &mut [Duration], percent: usize) -> Duration {
    times.sort();
    times[(times.len() - 1) * percent / 100]
}
