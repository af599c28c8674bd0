//! A pretend lab on this computer: one folder, reached by two different paths, as by two computers.
//!
//! Everything is in one temporary folder: the storage, the two "mounts", two configurations, the queue. The worker is a real
//! worker in a process of its own, which ends with this one.

use crate::output::{Output, Tone};
use crate::{block_on, progress, submit};
use samepath_app::view::{Draft, Update};
use samepath_app::{App, Error, ErrorCode, Options};
use samepath_storage::{ConfigFile, Environment, Origin};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{ExitCode, Stdio};
use std::time::Duration;
use tokio::process::{Child, ChildStdin, Command};

const LABELS: &[u8] = include_bytes!("../../../tests/data/maze/labels.slp");
const VIDEO: &[u8] = include_bytes!("../../../tests/data/maze/cam0.mp4");

/// How long the worker may take to come, and to see its storage.
const PATIENCE: Duration = Duration::from_secs(30);

/// The pretend lab's folders.
struct Lab {
    root: PathBuf,
}

impl Lab {
    /// Where the lab member's computer mounts the storage.
    fn desktop_mount(&self) -> PathBuf {
        self.root.join("laptop/Volumes/talmo")
    }

    /// Where the worker's computer mounts the same storage.
    fn worker_mount(&self) -> PathBuf {
        self.root.join("gpu-1/mnt/vast")
    }

    fn project(&self) -> PathBuf {
        self.desktop_mount().join("amick/maze/project/labels.slp")
    }

    /// Makes the storage, reaches it by two paths, and copies the project to it. The project's video is not beside it.
    fn build(&self) -> std::io::Result<()> {
        let storage = self.root.join("storage");
        let maze = storage.join("amick/maze");
        fs_err::create_dir_all(maze.join("project"))?;
        fs_err::write(maze.join("project/labels.slp"), LABELS)?;
        fs_err::write(maze.join("cam0.mp4"), VIDEO)?;
        for mount in [self.desktop_mount(), self.worker_mount()] {
            if let Some(parent) = mount.parent() {
                fs_err::create_dir_all(parent)?;
            }
            link(&storage, &mount)?;
        }
        fs_err::write(
            self.desktop_config(),
            format!("[storage.vast]\nbase_path = {}\nuser_subdir = \"amick\"\n", quoted(&self.desktop_mount())),
        )?;
        // Whoever labelled had the storage at /Volumes/talmo, on a Mac.
        let mount = quoted(&self.worker_mount());
        fs_err::write(
            self.worker_config(),
            format!(
                "[storage.vast]\nbase_path = {mount}\n\n[[path_mappings]]\nlocal = \"/Volumes/talmo\"\nworker = {mount}\n"
            ),
        )
    }

    fn desktop_config(&self) -> PathBuf {
        self.root.join("laptop/config.toml")
    }

    fn worker_config(&self) -> PathBuf {
        self.root.join("gpu-1/config.toml")
    }

    fn data(&self) -> PathBuf {
        self.root.join("data")
    }
}

/// A path as a TOML string.
fn quoted(path: &Path) -> String {
    Value::from(path.display().to_string()).to_string()
}

#[cfg(unix)]
fn link(storage: &Path, mount: &Path) -> std::io::Result<()> {
    std::os::unix::fs::symlink(storage, mount)
}

#[cfg(windows)]
fn link(storage: &Path, mount: &Path) -> std::io::Result<()> {
    std::os::windows::fs::symlink_dir(storage, mount)
}

/// Runs the demonstration and shows its report.
pub(crate) fn run(options: &Options, keep: bool, output: &Output) -> Result<ExitCode, Error> {
    let failed = |error: std::io::Error| Error::new(ErrorCode::Io, format!("The pretend lab cannot be made: {error}."));
    let mut folder = tempfile::Builder::new().prefix("samepath-demo-").tempdir().map_err(failed)?;
    folder.disable_cleanup(keep);
    // Without links in its own path: what is shown is what is there.
    let lab = Lab { root: fs_err::canonicalize(folder.path()).map_err(failed)? };
    lab.build().map_err(failed)?;
    let code = block_on(show(options, &lab, output))?;
    if keep && !output.is_json() {
        output.line(&format!("Everything is left in {}", lab.root.display()))?;
    }
    Ok(code)
}

async fn show(options: &Options, lab: &Lab, output: &Output) -> Result<ExitCode, Error> {
    let say = |text: &str| if output.is_json() { Ok(()) } else { output.line(text) };
    say("A pretend lab, in a temporary folder; nothing of yours is touched.")?;
    say(&format!("  your computer has the storage vast at  {}", lab.desktop_mount().display()))?;
    say(&format!("  the worker gpu-1 has it at             {}", lab.worker_mount().display()))?;
    let pretend = Options {
        config: ConfigFile { path: lab.desktop_config(), origin: Origin::Argument },
        environment: Environment {
            current_dir: None,
            samepath_config: None,
            shared_storage_root: None,
            ..options.environment.clone()
        },
        data_dir: lab.data(),
        ..options.clone()
    };
    let app = App::start(pretend).await?;
    let answer = submit_and_show(&app, options, lab, output).await;
    app.shut_down().await;
    answer
}

async fn submit_and_show(app: &App, options: &Options, lab: &Lab, output: &Output) -> Result<ExitCode, Error> {
    let mut worker = start_worker(options, lab)?;
    // Waiting for a process closes its input, and this one ends by that: it is held here.
    let input = worker.stdin.take();
    tokio::time::timeout(PATIENCE, worker_ready(app, &mut worker)).await.map_err(|_| {
        Error::new(ErrorCode::NoWorker, format!("The worker did not come within {} s.", PATIENCE.as_secs()))
    })??;
    let project = lab.project().display().to_string();
    let dataset = app.open_dataset(project.clone(), Vec::new()).await?;
    if let (false, Some(place)) = (output.is_json(), &dataset.place) {
        output.line(&format!("You pick {}", dataset.local))?;
        output.line(&format!("  which everybody in the lab can call {}", place.text))?;
    }
    let draft = Draft { kind: "slp-check".to_owned(), dataset: Some(project), ..Draft::default() };
    let readiness = app.readiness(draft.clone()).await?;
    if !output.is_json() {
        output.line(&output.toned(&readiness.sentence, Tone::Good))?;
    }
    let job = app.submit(draft).await?;
    let job = progress::wait(app, job, output).await?;
    if job.state == "succeeded" && !output.is_json() {
        output.line(&format!("Done on {}.", job.worker.as_deref().unwrap_or("the worker")))?;
        if let Some(report) = app.report(&job.id).await? {
            report_lines(&report, output)?;
        }
        let results = job.results.as_ref().map(|results| results.text.clone()).unwrap_or_default();
        output.line(&format!("Its report: {results}/report.html"))?;
        stop_worker(worker, input).await;
        return Ok(ExitCode::SUCCESS);
    }
    let code = submit::ended(&job, output);
    stop_worker(worker, input).await;
    code
}

fn report_lines(report: &Value, output: &Output) -> Result<(), Error> {
    let videos = report.get("videos").and_then(Value::as_array).cloned().unwrap_or_default();
    for video in &videos {
        let text = |key: &str| video.get(key).and_then(Value::as_str).unwrap_or("–").to_owned();
        let found = video.get("found").and_then(Value::as_bool) == Some(true);
        let (mark, tone) = if found { ("✓ found", Tone::Good) } else { ("✕ not found", Tone::Bad) };
        output.line(&format!("  {}  {}", output.toned(mark, tone), text("written")))?;
        output.line(&format!("           on gpu-1 at {}", text("local")))?;
    }
    Ok(())
}

/// The worker's process: the same program, another configuration. It ends when its standard input closes: with this process.
fn start_worker(options: &Options, lab: &Lab) -> Result<Child, Error> {
    Command::new(&options.program)
        .arg("--config")
        .arg(lab.worker_config())
        .args(["worker", "--name", "gpu-1", "--end-with-stdin"])
        .env("SAMEPATH_DATA", lab.data())
        .env_remove("SHARED_STORAGE_ROOT")
        .current_dir(&lab.root)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| Error::new(ErrorCode::Io, format!("The worker cannot be started: {error}.")))
}

/// Ends when the worker is there, and sees its storage.
async fn worker_ready(app: &App, worker: &mut Child) -> Result<(), Error> {
    let mut updates = app.watch();
    loop {
        let update = tokio::select! {
            update = updates.next() => update,
            ended = worker.wait() => {
                let how = ended.map_or_else(|error| error.to_string(), |status| status.to_string());
                return Err(Error::new(ErrorCode::NoWorker, format!("The worker ended at once: {how}.")));
            }
        };
        match update {
            Some(Update::Worker(worker)) if worker.storages.iter().any(|storage| storage.state == "ready") => {
                return Ok(());
            }
            Some(_) => {}
            None => return Err(Error::new(ErrorCode::FleetUnreachable, "The queue went away.")),
        }
    }
}

/// Lets the worker end by itself, which it does within seconds, and sees that it did.
async fn stop_worker(mut worker: Child, input: Option<ChildStdin>) {
    drop(input);
    let _ = tokio::time::timeout(Duration::from_secs(10), worker.wait()).await;
}
