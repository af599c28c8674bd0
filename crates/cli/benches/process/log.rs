//! What a tool prints: how fast 1 GB is taken.

use crate::SAMEPATH;
use crate::lab::{Lab, flood, lines};
use samepath_wire::{Assignment, AttemptEnd, AttemptRef, Job};
use samepath_worker::guard::{AttemptDir, Patience, Spec};
use std::io::Read;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// 1 GB of lines, and 100,000 of them, through a guard, beside the same bytes through a bare pipe, thrown away, and written to a file.
pub(crate) fn throughput(lab: &Lab) {
    const BYTES: f64 = 1_010_000_000.0;
    let rate = |took: Duration| format!("{:.0} MB/s", BYTES / 1e6 / took.as_secs_f64());
    let told = through_guard(lab, "flood", 1);
    let took = told.took;
    println!(
        "1 GB of log through a guard: {took:.2?}, {}, at most {} KiB of memory ({} KiB within half a second), {} MB kept",
        rate(took),
        told.most,
        told.early,
        told.kept / 1_000_000
    );
    let (read, written) = floors(lab, &flood());
    println!("  read from a bare pipe: {read:.2?}, {}; ratio {:.1}", rate(read), ratio(took, read));
    println!("  and written to a file: {written:.2?}, {}; ratio {:.1}", rate(written), ratio(took, written));
    let told = through_guard(lab, "lines", 2);
    println!(
        "100,000 lines through a guard, its start and end included: {:.0?}, at most {} KiB of memory",
        told.took, told.most
    );
    let (read, written) = floors(lab, &lines());
    println!(
        "  read from a bare pipe: {read:.1?}; and written to a file: {written:.1?}; ratio {:.1}",
        ratio(told.took, written)
    );
}

/// What a guard took for a job.
struct Told {
    took: Duration,
    /// The most memory that it had, in KiB: within half a second, and in all.
    early: u64,
    most: u64,
    /// Bytes of its log.
    kept: u64,
}

fn through_guard(lab: &Lab, kind: &str, number: u8) -> Told {
    let job = serde_json::json!({
        "version": 1, "id": format!("00000000-0000-7000-8000-{number:012}"), "kind": kind, "submitted_at": "2026-11-22T09:00:00Z",
    });
    let job: Job = serde_json::from_value(job).expect("a job");
    let dir = AttemptDir::new(&lab.root.join("attempts"), AttemptRef { job: job.id, attempt: 1 });
    let spec = Spec {
        version: samepath_worker::guard::VERSION,
        assignment: Assignment { job, attempt: 1, epoch: 1, own_output: false },
        worker: "bench".to_owned(),
        backends: Vec::new(),
        kinds_dir: Some(lab.kinds.clone()),
        base_paths: Default::default(),
        path_mappings: Vec::new(),
        programs: Default::default(),
        patience: Patience::default(),
        machine: None,
    };
    dir.create(&spec).expect("room");
    let begun = Instant::now();
    let mut guard = Command::new(SAMEPATH).arg("guard").arg(dir.path()).stdout(Stdio::null()).spawn().expect("a guard");
    let (mut early, mut most) = (0, 0);
    while guard.try_wait().expect("it can be asked").is_none() {
        most = peak(guard.id()).unwrap_or(most);
        if begun.elapsed() < Duration::from_millis(500) {
            early = most;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    let took = begun.elapsed();
    assert!(matches!(dir.end(), Ok(Some(AttemptEnd::Succeeded { .. }))), "{:?}", dir.end());
    Told { took, early, most, kept: std::fs::metadata(dir.log()).expect("it has a log").len() }
}

/// The same bytes read from a bare pipe, and written to a file besides.
fn floors(lab: &Lab, script: &str) -> (Duration, Duration) {
    let read = tool(script, |out| {
        let mut piece = vec![0; 64 * 1024];
        while out.read(&mut piece).is_ok_and(|read| read > 0) {}
    });
    let file = lab.root.join("flood");
    let written = tool(script, |out| {
        std::io::copy(out, &mut std::fs::File::create(&file).expect("room")).expect("room");
    });
    drop(std::fs::remove_file(file));
    (read, written)
}

fn ratio(ours: Duration, floor: Duration) -> f64 {
    ours.as_secs_f64() / floor.as_secs_f64()
}

/// How long this tool runs, where this takes what it prints.
fn tool(script: &str, take: impl FnOnce(&mut std::process::ChildStdout)) -> Duration {
    let begun = Instant::now();
    let mut bare = Command::new("sh").args(["-c", script]).stdout(Stdio::piped()).spawn().expect("it starts");
    take(&mut bare.stdout.take().expect("its pipe"));
    bare.wait().expect("it ends");
    begun.elapsed()
}

/// The most memory that a process had, in KiB.
fn peak(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().split(' ').next()?.parse().ok())
}
