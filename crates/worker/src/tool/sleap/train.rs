//! Training: one configuration after the other, and a prediction with what came of it.

use super::bar::{Bar, read as read_bar};
use super::child::{self, Watch};
use super::config::Configuration;
use super::controller::Controller;
use super::epochs::Epochs;
use super::frames::Frames;
use super::kept::Inputs;
use super::places::Moved;
use super::predict::{Task, file_name, not_started, predict, unused};
use super::projects::{other_projects, several_to_learn_from};
use super::start::{checkpoint, configurations, trained};
use super::{Ended, Session, failure, remark, settings, stem, tell, tell_metrics, together};
use crate::guard::why;
use crate::prepare::MARKER;
use samepath_wire::{Cause, Failure, Metrics};
use serde_json::{Value, json};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// What a training takes where nobody says anything, as `sleap-nn` has it.
const EPOCHS: u64 = 100;
/// What the prediction after a training is of the whole, in percent.
const PREDICTION: f64 = 10.0;
/// Where a configuration says how many frames are taken at a time.
const BATCH_SIZE: &str = "trainer_config.train_data_loader.batch_size";
/// Said where a program was started and loads what it needs.
const STARTING: &str = "Starting SLEAP, about 6 s";

/// One run of `sleap-nn train`.
struct Run {
    /// What it trains, where there are several: `centroid`.
    part: String,
    name: String,
    /// The copy of the configuration.
    configuration: Configuration,
    videos: Moved,
    epochs: u64,
    /// Whether it goes on from where another ended.
    goes_on: bool,
}

/// The job.
pub(in crate::tool) fn run(session: &Session) -> Result<(), Ended> {
    let output = session.needed("OUTPUT_DIR")?;
    let labels = session.needed("LABELS")?;
    let to_itself = is_empty(&output);
    let settings = settings::read(session.value("OVERRIDES"))
        .map_err(|why| failure(Cause::InvalidParameter, format!("OVERRIDES: {why}")))?;
    tell("openjd_status", &format!("Reading {}", file_name(&labels)));
    let placed = session.place(&labels)?;
    session.go_on()?;
    let resume = session.path("RESUME_FROM").map(|path| checkpoint(session, &path)).transpose()?;
    let configurations = configurations(session, &placed.labels, &labels, &output, resume.as_deref())?;
    if resume.is_some() && configurations.len() > 1 {
        let message = format!("RESUME_FROM: {}", settings::ONE_MODEL);
        return Err(failure(Cause::InvalidParameter, message).into());
    }
    let controller = Controller::open().map_err(|error| {
        failure(Cause::Internal, format!("no port of {} can be opened: {error}", session.context.worker))
    })?;
    let several = configurations.len() > 1;
    let names = run_names(session, &labels, (&output, to_itself), &configurations);
    let mut runs = Vec::new();
    for ((path, mut configuration), name) in configurations.into_iter().zip(names) {
        let part = if several { configuration.head().unwrap_or(&name).replace('_', " ") } else { String::new() };
        let mut videos = placed.moved.clone();
        let ours = ours(session, &configuration, &placed.labels, &output, &name, controller.port, resume.as_deref());
        several_to_learn_from(session, &configuration, &labels);
        // What is replaced need not be found here.
        ours.iter().try_for_each(|(key, _)| configuration.set(key, Value::Null))?;
        session.translate(&mut configuration, &path)?;
        ours.into_iter().try_for_each(|(key, value)| configuration.set(key, value))?;
        other_projects(session, &mut configuration, &labels, &mut videos).map_err(|failure| session.ended(failure))?;
        for (key, value) in &settings {
            configuration.set(key, value.clone())?;
        }
        let epochs = configuration.get("trainer_config.max_epochs").and_then(Value::as_u64).unwrap_or(EPOCHS);
        if let Some(done) = resume.as_deref().and_then(trained).filter(|done| *done >= epochs) {
            let message = format!(
                "RESUME_FROM: this run was trained for {done} epochs already, and MAX_EPOCHS, which counts from the very first, \
                 is {epochs}; give more"
            );
            return Err(failure(Cause::InvalidParameter, message).into());
        }
        runs.push(Run { part, name, configuration, videos, epochs, goes_on: resume.is_some() });
    }
    let then = session.value("THEN_PREDICT");
    let frames = match then {
        "suggested frames" => Some(Frames::Suggested),
        "all videos" => Some(Frames::All),
        _ => None,
    };
    if frames.is_some() {
        let models: Vec<&Configuration> = runs.iter().map(|run| &run.configuration).collect();
        together::check(&models)?;
    }
    let share = (100.0 - if frames.is_some() { PREDICTION } else { 0.0 }) / runs.len() as f64;
    let inputs = Inputs::of([labels.clone()].into_iter().chain(resume).chain(session.path("VAL_LABELS")));
    let mut models = Vec::new();
    let mut ended = String::new();
    for (index, run) in runs.iter().enumerate() {
        session.go_on()?;
        let from = share * index as f64;
        let of = several.then_some((index + 1, runs.len()));
        let (words, folder) = train(session, run, &output, &controller, &inputs, (from, from + share), of)?;
        ended = words;
        models.push(folder);
    }
    if let Some(frames) = frames {
        session.go_on()?;
        let task = Task {
            data: &labels,
            parameter: "LABELS",
            models: &models,
            frames,
            batch_size: None,
            peak_threshold: None,
            output: &output,
            share: (100.0 - PREDICTION, 100.0),
        };
        let written = predict(session, &task).map_err(|ended| and_kept(session, ended, &models))?;
        ended = format!("{ended} Predicted: {}", written.join(", "));
    }
    tell("openjd_progress", "100");
    tell("openjd_status", &ended);
    Ok(())
}

/// A prediction that failed takes nothing away from the models.
fn and_kept(session: &Session, ended: Ended, models: &[PathBuf]) -> Ended {
    let models: Vec<String> = models.iter().map(|model| session.shown(model)).collect();
    let add = |words: String| format!("{words} The training is done: {}.", models.join(", "));
    match ended {
        Ended::Failed(failure) => Ended::Failed(Failure { message: add(failure.message), ..failure }),
        Ended::Stopped(words) => Ended::Stopped(add(words)),
    }
}

/// Whether nothing is in a folder but our own marks.
fn is_empty(folder: &Path) -> bool {
    let entries = fs_err::read_dir(folder).into_iter().flatten().flatten();
    entries.into_iter().all(|entry| entry.file_name().to_str().is_some_and(|name| name.starts_with(MARKER)))
}

/// Names for the runs, none of which is there yet: those that were given, what each one is where they have the results folder to
/// themselves, after the project and the time elsewhere.
fn run_names(
    session: &Session,
    labels: &Path,
    (output, to_itself): (&Path, bool),
    configurations: &[(PathBuf, Configuration)],
) -> Vec<String> {
    let job = &session.context.job;
    let given = session.value("RUN_NAME");
    let base = match given {
        "" if to_itself => None,
        "" => {
            let time = job.submitted_at.strftime("%Y-%m-%d_%H%M%S");
            Some(format!("{}_{time}", plain_name(&stem(labels))))
        }
        given => Some(given.to_owned()),
    };
    let mut names: Vec<String> = Vec::new();
    for (index, (_, configuration)) in configurations.iter().enumerate() {
        let part = configuration.head().map_or_else(|| format!("model-{}", index + 1), plain_name);
        let wanted = match &base {
            Some(base) if configurations.len() == 1 => base.clone(),
            Some(base) => format!("{base}.{part}"),
            None if configurations.len() == 1 => "model".to_owned(),
            None => part,
        };
        let mut name = file_name(&unused(output, &wanted, ""));
        if names.contains(&name) {
            name = file_name(&unused(output, &format!("{wanted}.{}", index + 1), ""));
        }
        if name != wanted {
            remark(&format!("{wanted} is there already; this run is called {name}"));
        }
        names.push(name);
    }
    names
}

/// What of a name may be part of a run's.
fn plain_name(name: &str) -> String {
    let plain: String = name
        .chars()
        .take(40)
        .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-') { c } else { '-' })
        .collect();
    let plain = plain.trim_start_matches(['.', '_', '-']);
    if plain.is_empty() { "run".to_owned() } else { plain.to_owned() }
}

/// What the job says, and what is this computer's business: the settings that the copy gets.
fn ours(
    session: &Session,
    configuration: &Configuration,
    labels: &Path,
    output: &Path,
    name: &str,
    port: u16,
    resume: Option<&Path>,
) -> Vec<(&'static str, Value)> {
    let path = |path: &Path| json!(path.to_string_lossy());
    let cached = configuration.get("data_config.data_pipeline_fw").and_then(Value::as_str)
        == Some("torch_dataset_cache_img_disk");
    if cached && configuration.get("data_config.use_existing_imgs") == Some(&Value::Bool(true)) {
        let worker = &session.context.worker;
        remark(&format!("Images that another training kept are not used; they are made anew on {worker}'s own disk."));
    }
    let mut values = vec![
        ("data_config.train_labels_path", json!([path(labels)])),
        ("data_config.use_existing_imgs", json!(false)),
        ("data_config.cache_img_path", if cached { path(&session.work.join("images")) } else { Value::Null }),
        ("trainer_config.ckpt_dir", path(output)),
        ("trainer_config.run_name", json!(name)),
        ("trainer_config.save_ckpt", json!(true)),
        ("trainer_config.model_ckpt.save_last", json!(true)),
        ("trainer_config.enable_progress_bar", json!(true)),
        ("trainer_config.zmq.controller_port", json!(port)),
        ("trainer_config.zmq.publish_port", Value::Null),
    ];
    if let Some(resume) = resume {
        values.push(("trainer_config.resume_ckpt_path", path(resume)));
    }
    if let Some(labels) = session.path("VAL_LABELS") {
        values.push(("data_config.val_labels_path", json!([path(&labels)])));
    }
    if let Some(epochs) = session.number("MAX_EPOCHS") {
        values.push(("trainer_config.max_epochs", json!(epochs as u64)));
    }
    if let Some(frames) = session.number("BATCH_SIZE") {
        values.push((BATCH_SIZE, json!(frames as u64)));
        values.push(("trainer_config.val_data_loader.batch_size", json!(frames as u64)));
    }
    if let Some(rate) = session.number("LEARNING_RATE") {
        values.push(("trainer_config.optimizer.lr", json!(rate)));
    }
    values
}

/// Trains one model; what there is to say of it, and its folder.
fn train(
    session: &Session,
    run: &Run,
    output: &Path,
    controller: &Controller,
    inputs: &Inputs,
    share: (f64, f64),
    of: Option<(usize, usize)>,
) -> Result<(String, PathBuf), Ended> {
    let folder = session.work.join(format!("config-{}", run.name));
    let written = fs_err::create_dir_all(&folder)
        .and_then(|()| fs_err::write(folder.join("config.yaml"), run.configuration.text()));
    written.map_err(|error| {
        let message = format!(
            "the configuration cannot be copied to this worker's own folder {}: {}",
            folder.display(),
            why(&error)
        );
        failure(Cause::Other, message)
    })?;
    // The older form, which every release understands.
    let mut args: Vec<OsString> = vec!["train".into(), "--config-dir".into(), folder.into()];
    args.extend(["--config-name".into(), "config.yaml".into()]);
    for (old, new) in &run.videos {
        args.extend(["--video-path-map".into(), old.into(), new.into()]);
    }
    let made = output.join(&run.name);
    let part = match of {
        Some((number, count)) => format!(", {} ({number} of {count})", run.part),
        None => String::new(),
    };
    tell("openjd_status", &format!("{STARTING}{part}"));
    let mut watch = Training {
        controller,
        epochs: Epochs::new(made.join("training_log.csv"), &run.name),
        told: Metrics {
            run: run.name.clone(),
            of: Some(run.epochs),
            runs: of.map(|(_, count)| count as u64),
            batch_size: run.configuration.get(BATCH_SIZE).and_then(Value::as_u64),
            ..Metrics::default()
        },
        of: run.epochs,
        before: if run.goes_on { None } else { Some(0) },
        part,
        share,
        epoch: None,
        percent: None,
        status: String::new(),
        finished: false,
        stopping: false,
    };
    tell_metrics(&watch.told);
    let outcome = child::run(session, &session.program, &args, &mut watch)
        .map_err(|error| not_started(&session.program, &error))?;
    session.begun.set(true);
    let kept = session.kept(&made, &watch.epochs, &outcome);
    if outcome.stopped {
        let kept = kept.unwrap_or_else(|| "Nothing was saved yet".to_owned());
        return Err(Ended::Stopped(format!("Stopped{}. {kept}.", watch.when())));
    }
    if !outcome.status.success() {
        return Err(session.why(&outcome, inputs, output, &watch.when(), kept).into());
    }
    let best = watch.epochs.best.map(|(epoch, loss)| format!(" Best epoch {epoch}, validation loss {loss:.2e}."));
    Ok((format!("Trained {}.{}", session.shown(&made), best.unwrap_or_default()), made))
}

/// A training under way.
struct Training<'a> {
    controller: &'a Controller,
    epochs: Epochs,
    /// What every row says of the run.
    told: Metrics,
    /// Epochs in all.
    of: u64,
    /// Epochs that an earlier run had; not known before the first of this one.
    before: Option<u64>,
    part: String,
    share: (f64, f64),
    /// The epoch that is under way, from 1.
    epoch: Option<u64>,
    percent: Option<u64>,
    status: String,
    /// Whether the loop is over and its checkpoints are written.
    finished: bool,
    /// Whether it was asked to stop: then there is nothing else to say of it.
    stopping: bool,
}

impl Training<'_> {
    fn when(&self) -> String {
        match self.epoch {
            Some(epoch) => format!(" at epoch {epoch} of {}{}", self.of, self.part),
            None => format!(" before the first epoch{}", self.part),
        }
    }

    /// Of this run: what an earlier one did took none of its time.
    fn progress(&mut self, epoch: u64, part: f64) {
        let before = *self.before.get_or_insert(epoch);
        let done = epoch.saturating_sub(before) as f64 + part.clamp(0.0, 1.0);
        let whole = done / self.of.saturating_sub(before).max(1) as f64;
        let percent = (self.share.0 + whole.clamp(0.0, 1.0) * (self.share.1 - self.share.0)).floor() as u64;
        if self.percent.is_none_or(|before| percent > before) {
            self.percent = Some(percent);
            tell("openjd_progress", &percent.to_string());
        }
    }

    fn status(&mut self, status: String) {
        if self.status != status && !self.stopping {
            tell("openjd_status", &status);
            self.status = status;
        }
    }
}

impl Watch for Training<'_> {
    fn line(&mut self, line: &str) -> bool {
        let (bar, _) = read_bar(line);
        if let Some(Bar::Epoch { epoch, done, total }) = bar {
            self.epoch = Some(epoch + 1);
            self.progress(epoch, done as f64 / total.max(1) as f64);
            let best = self.epochs.best.map(|(_, loss)| format!(", best validation loss {loss:.2e}"));
            self.status(format!("Epoch {} of {}{}{}", epoch + 1, self.of, self.part, best.unwrap_or_default()));
        }
        if line.contains("Finished training loop") {
            self.finished = true;
            self.status(format!("Judging the model{}", self.part));
        }
        bar.is_none()
    }

    fn tick(&mut self) {
        for Metrics { epoch, values, .. } in self.epochs.read() {
            // Where no bar is seen, too, a stop waits for what there is to save.
            self.epoch = self.epoch.max(Some(epoch));
            tell_metrics(&Metrics { epoch, values, ..self.told.clone() });
        }
    }

    fn ask_to_stop(&mut self) -> bool {
        // Before the first batch there is nothing to save, and nobody who listens.
        let asked = self.epoch.is_some() && !self.finished && self.controller.stop();
        if asked {
            self.status("Saving a checkpoint".to_owned());
        }
        self.stopping = true;
        asked
    }

    fn is_saved(&self) -> bool {
        self.finished
    }
}
