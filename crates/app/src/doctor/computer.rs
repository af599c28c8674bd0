//! GPU, disk and programs of this computer.

use crate::programs::{DEAD_FOLDER, PATIENCE};
use crate::size::bytes;
use crate::view::{Finding, FindingState};
use crate::{LocalStorages, Options, size};
use samepath_storage::helper::DEADLINE;
use samepath_storage::{Backend, Probe, is_network_file_system};
use samepath_wire::{BackendState, HERE};
use samepath_worker::kinds::{places, this_host};
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

/// The driver may need a moment when nobody has used the GPU for a while.
const GPU_PATIENCE: Duration = Duration::from_secs(8);

/// The program of the driver of NVIDIA.
const NVIDIA_SMI: &str = if cfg!(windows) { "nvidia-smi.exe" } else { "nvidia-smi" };

/// Below this the history cannot grow much.
const LITTLE: u64 = 2_000_000_000;
/// Below this it cannot be kept.
const NOTHING: u64 = 100_000_000;

pub(super) async fn gpus(storages: &Arc<LocalStorages>) -> Vec<Finding> {
    let (counted, said) = look_for_gpus(storages).await;
    vec![of_gpus(counted, said)]
}

/// "NVIDIA A40, 45 GB.", or that there is none and what that means.
pub(super) async fn hardware(storages: &Arc<LocalStorages>) -> String {
    let (counted, said) = look_for_gpus(storages).await;
    in_a_sentence(counted, said, cfg!(all(target_os = "macos", target_arch = "aarch64")))
}

fn in_a_sentence(counted: f64, said: Option<Result<String, String>>, apple: bool) -> String {
    let gpu = |line: &str| {
        let mut parts = line.split(',').map(str::trim);
        let (name, memory) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let mib = memory.strip_suffix(" MiB").and_then(|mib| mib.parse::<f64>().ok());
        mib.map_or_else(|| name.to_owned(), |mib| format!("{name} ({:.0} GB)", mib / 1024.0))
    };
    match said {
        Some(Ok(lines)) if counted > 0.0 => format!("{}.", lines.lines().map(gpu).collect::<Vec<_>>().join(", ")),
        _ if counted > 0.0 => "An NVIDIA GPU, whose driver says nothing of it: jobs that need it may fail.".to_owned(),
        _ if apple => "Apple silicon, no NVIDIA GPU: SLEAP training will be slow.".to_owned(),
        _ => "No NVIDIA GPU: SLEAP training will be slow.".to_owned(),
    }
}

/// The GPUs that a job here may use, and the driver's answer; none where there is nobody to be asked.
async fn look_for_gpus(storages: &Arc<LocalStorages>) -> (f64, Option<Result<String, String>>) {
    let counted = this_host().amounts.get("amount.worker.gpu").copied().unwrap_or_default();
    let storages = Arc::clone(storages);
    let looked = tokio::task::spawn_blocking(move || places(storages.helper(), NVIDIA_SMI, PATIENCE)).await;
    let said = match looked {
        Ok(Ok(found)) => match found.first() {
            Some(program) => Some(ask_driver(program).await),
            None => None,
        },
        Ok(Err(error)) => Some(Err(format!("its program cannot be looked for along PATH: {error}"))),
        Err(_) => None,
    };
    (counted, said)
}

/// What `nvidia-smi` says: a line for each GPU, or why it says nothing.
async fn ask_driver(program: &Path) -> Result<String, String> {
    let asked = tokio::process::Command::new(program)
        .args(["--query-gpu=name,memory.total,driver_version", "--format=csv,noheader"])
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    match tokio::time::timeout(GPU_PATIENCE, asked).await {
        Err(_) => Err(format!("nvidia-smi did not answer within {} s", GPU_PATIENCE.as_secs())),
        Ok(Err(error)) => Err(format!("nvidia-smi cannot be run: {error}")),
        Ok(Ok(output)) => {
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().chars().take(2000).collect::<String>();
            let said = text(&output.stdout);
            if output.status.success() && !said.is_empty() {
                Ok(said)
            } else {
                let error = text(&output.stderr);
                Err(if said.is_empty() { error } else { said })
            }
        }
    }
}

/// `counted` are the GPUs that a job here may use; `said` is the driver's answer, none where there is nobody to be asked.
fn of_gpus(counted: f64, said: Option<Result<String, String>>) -> Finding {
    const AREA: &str = "GPU";
    match said {
        Some(Ok(lines)) if counted == 0.0 => {
            let found =
                format!("the driver names {}, but no device is open to this program", lines.replace('\n', "; "));
            let note = Finding::new(AREA, FindingState::Note, "NVIDIA", found);
            note.mend("In a container: give it the GPU when it is started, for example with --gpus all.")
        }
        Some(Ok(lines)) => Finding::new(AREA, FindingState::Good, "NVIDIA", lines.replace('\n', "; ")),
        Some(Err(why)) if counted > 0.0 || !why.is_empty() => {
            let note = Finding::new(AREA, FindingState::Note, "NVIDIA", why.replace('\n', " "));
            note.mend("Jobs that need a GPU may fail here. After an upgrade of the driver, restart the computer.")
        }
        None if counted > 0.0 => {
            let note =
                Finding::new(AREA, FindingState::Note, "NVIDIA", "there is a GPU, but no nvidia-smi to ask about it");
            note.mend("Install the driver's programs (nvidia-utils), or add their folder to PATH.")
        }
        _ => Finding::new(AREA, FindingState::Good, "NVIDIA", "none here: training runs on the processor, slowly"),
    }
}

pub(super) fn disk(options: &Options, storages: &LocalStorages) -> Vec<Finding> {
    // Where it is not there yet, it will be made below the nearest folder that is.
    for folder in options.data_dir.ancestors() {
        let probe = storages.helper().probe(&data_folder(folder), DEADLINE);
        if probe.state != BackendState::Missing {
            return of_disk(&options.data_dir, &probe);
        }
    }
    Vec::new()
}

fn data_folder(folder: &Path) -> Backend {
    Backend {
        name: "the data folder".to_owned(),
        base_path: folder.to_owned(),
        kind: None,
        description: None,
        user_subdir: String::new(),
        subpath: String::new(),
    }
}

fn of_disk(data_dir: &Path, probe: &Probe) -> Vec<Finding> {
    const AREA: &str = "disk";
    let elsewhere = format!("Set SAMEPATH_DATA to a folder on {HERE}'s own disk.");
    let shown = data_dir.display();
    if !matches!(probe.state, BackendState::Ready) {
        let found = format!("{shown}, where jobs and their history are kept, is {}", probe.state.words());
        return vec![Finding::new(AREA, FindingState::Wrong, "data folder", found).code("io").mend(&elsewhere)];
    }
    let mut findings = Vec::new();
    if let Some(kind) = probe.file_system.as_deref().filter(|kind| is_network_file_system(kind)) {
        let found = format!("{shown} is on a file system of another computer ({kind}), where locks may not hold");
        findings.push(Finding::new(AREA, FindingState::Note, "data folder", found).mend(&elsewhere));
    }
    let Some(free) = probe.free_bytes else { return findings };
    let found = format!("{shown}, {} free", size(bytes(free)));
    findings.push(if free < NOTHING {
        let wrong = Finding::new(AREA, FindingState::Wrong, "data folder", found).code("io");
        wrong.mend(format!("Make room, or move it. {elsewhere}"))
    } else if free < LITTLE {
        Finding::new(AREA, FindingState::Note, "data folder", found).mend("Make room: logs are kept there.")
    } else {
        Finding::new(AREA, FindingState::Good, "data folder", found)
    });
    findings
}

/// Several programs of ours, of which a shell takes the first; or that nobody can say.
pub(super) fn programs(storages: &LocalStorages) -> Vec<Finding> {
    let found = match places(storages.helper(), if cfg!(windows) { "samepath.exe" } else { "samepath" }, PATIENCE) {
        Ok(found) => found,
        Err(error) => {
            let note = Finding::new("programs", FindingState::Note, "PATH", format!("cannot be looked along: {error}"));
            return vec![note.mend(DEAD_FOLDER)];
        }
    };
    let [_, _, ..] = found.as_slice() else { return Vec::new() };
    let shown: Vec<String> = found.iter().map(|path| path.display().to_string()).collect();
    let note = Finding::new(
        "programs",
        FindingState::Note,
        "samepath",
        format!("is there several times: {}", shown.join(", ")),
    );
    vec![note.mend("The first is the one that runs. Remove the others, or upgrade them too.")]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_job_finds_here_is_a_sentence() {
        let said = |lines: &str| Some(Ok(lines.to_owned()));
        let two = "NVIDIA A40, 46068 MiB, 550.54\nNVIDIA RTX 3090, 24576 MiB, 550.54";
        assert_eq!(in_a_sentence(2.0, said(two), false), "NVIDIA A40 (45 GB), NVIDIA RTX 3090 (24 GB).");
        assert_eq!(in_a_sentence(1.0, said("Odd"), false), "Odd.");
        // A container that was given none sees the driver all the same.
        assert_eq!(in_a_sentence(0.0, said(two), false), "No NVIDIA GPU: SLEAP training will be slow.");
        assert!(in_a_sentence(1.0, None, false).contains("jobs that need it may fail"));
        assert!(in_a_sentence(0.0, None, true).starts_with("Apple silicon"));
    }

    #[test]
    fn what_is_said_of_the_gpu() {
        let state = |counted, said: Option<Result<&str, &str>>| {
            of_gpus(counted, said.map(|said| said.map(str::to_owned).map_err(str::to_owned))).state
        };
        assert_eq!(state(1.0, Some(Ok("NVIDIA A40, 46068 MiB, 550.54"))), FindingState::Good);
        assert_eq!(state(0.0, None), FindingState::Good);
        assert_eq!(state(0.0, Some(Ok("NVIDIA A40"))), FindingState::Note);
        assert_eq!(state(1.0, None), FindingState::Note);
        assert_eq!(
            state(1.0, Some(Err("Failed to initialize NVML: Driver/library version mismatch"))),
            FindingState::Note
        );
    }

    #[test]
    fn a_data_folder_on_a_server_without_room_or_that_does_not_answer_is_told() {
        let probe = |state, kind: &str, free| Probe {
            state,
            file_system: Some(kind.to_owned()),
            free_bytes: Some(free),
            ..Probe::of(BackendState::Ready)
        };
        let states = |probe: &Probe| -> Vec<_> {
            of_disk(Path::new("/home/amick/.local/state/samepath"), probe).iter().map(|it| it.state).collect()
        };
        use FindingState::{Good, Note, Wrong};
        assert_eq!(states(&probe(BackendState::Ready, "ext4", 1 << 40)), [Good]);
        assert_eq!(states(&probe(BackendState::Ready, "nfs4", 1 << 40)), [Note, Good]);
        assert_eq!(states(&probe(BackendState::Ready, "ext4", LITTLE - 1)), [Note]);
        assert_eq!(states(&probe(BackendState::Ready, "ext4", 5)), [Wrong]);
        for state in [BackendState::NotAnswering, BackendState::ReadOnly, BackendState::Full, BackendState::Denied] {
            assert_eq!(states(&probe(state, "ext4", 1 << 40)), [Wrong], "{state:?}");
        }
    }
}
