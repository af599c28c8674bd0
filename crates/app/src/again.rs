//! What can follow a job: the same once more, or on from where it stopped.

use crate::jobs::results_of;
use crate::kinds::{Role, roles};
use crate::view::{ChosenVideo, Draft, MetricsView};
use samepath_storage::shell_word;
use samepath_wire::{Cause, JobRecord, Kind, Parameter, PathValue, StoragePath};
use serde_json::Value;

/// The parameter that takes the checkpoint which a job goes on from.
const RESUME_FROM: &str = "RESUME_FROM";
/// The parameter that says how many frames are taken at a time.
const BATCH_SIZE: &str = "BATCH_SIZE";

/// What a job told of itself, as far as going on is concerned.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Told {
    /// The run that is under way, or was.
    run: String,
    /// How many runs it has.
    runs: u32,
    batch_size: Option<u32>,
    last: Option<u32>,
    /// The last epoch that there will be, where it said so.
    of: Option<u32>,
    best: Option<(u32, f64)>,
}

impl Told {
    pub(crate) fn take(&mut self, row: MetricsView) {
        if row.run != self.run {
            *self = Self { run: row.run, runs: self.runs + 1, ..Self::default() };
        }
        self.runs = row.runs.unwrap_or(self.runs).max(1);
        self.batch_size = row.batch_size.or(self.batch_size);
        self.of = row.of.or(self.of);
        if row.epoch < 1 {
            return;
        }
        self.last = Some(row.epoch);
        let loss = row.values.get("val/loss").or_else(|| row.values.get("val_loss"));
        if let Some(loss) = loss.filter(|loss| self.best.is_none_or(|(_, best)| **loss < best)) {
            self.best = Some((row.epoch, *loss));
        }
    }

    /// Whether it has had all its epochs: going on with the same values would do nothing.
    pub(crate) fn is_whole(&self) -> bool {
        self.of.is_some_and(|of| self.last.is_some_and(|last| last >= of))
    }
}

/// A checkpoint that may be there.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Checkpoint {
    pub(crate) at: StoragePath,
    /// The epoch that it is of, where the job said so.
    pub(crate) epoch: Option<u32>,
}

/// Whether jobs of this kind can go on from a checkpoint.
pub(crate) fn resumes(kind: &Kind) -> bool {
    parameter(kind, RESUME_FROM).is_some_and(Parameter::is_path)
}

/// Where a job can have left checkpoints, the one to prefer first. None where its kind cannot go on from one, or where the job
/// has several runs, of which a checkpoint holds one only.
pub(crate) fn checkpoints(record: &JobRecord, kind: &Kind, told: &Told) -> Vec<Checkpoint> {
    if !resumes(kind) || told.runs != 1 {
        return Vec::new();
    }
    let Some(mut folder) = results_of(record, Some(kind)) else { return Vec::new() };
    // What was written by a try of its own is in a folder of its own; a manifest names that already.
    let newest = record.attempts.last();
    if let Some(newest) = newest.filter(|attempt| attempt.own_output) {
        let own = format!("attempt-{}", newest.number);
        if folder.path.rsplit('/').next() != Some(own.as_str()) {
            folder.path = below(&folder.path, &own);
        }
    }
    let run = below(&folder.path, &told.run);
    let file = |name: &str, epoch: Option<u32>| Checkpoint {
        at: StoragePath::new(&folder.storage_backend, &folder.user_subdir, below(&run, name)),
        epoch,
    };
    let last = file("last.ckpt", told.last);
    let best = file("best.ckpt", told.best.map(|(epoch, _)| epoch));
    // What was being written when the storage was full is there, and no use.
    let cut_off = record.failure.as_ref().is_some_and(|failure| failure.cause == Cause::StorageFull);
    if cut_off { vec![best] } else { vec![last, best] }
}

fn below(folder: &str, name: &str) -> String {
    [folder, name].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/")
}

/// The same job as a draft, with a results folder of its own.
pub(crate) fn draft(record: &JobRecord, kind: &Kind) -> Draft {
    let job = &record.job;
    let videos = job.videos.iter();
    let videos = videos.map(|choice| ChosenVideo { written: choice.written.clone(), path: choice.at.to_string() });
    let mut draft = Draft {
        kind: kind.name.clone(),
        worker: job.worker.clone(),
        videos: videos.collect(),
        person: job.person.clone(),
        ..Draft::default()
    };
    for (parameter, role) in roles(kind) {
        let Some(value) = job.parameters.get(&parameter.name) else { continue };
        match role {
            Role::Results => {}
            Role::Dataset if !parameter.is_path_list() => {
                draft.dataset = paths(record, value).and_then(|paths| paths.into_iter().next());
            }
            _ if parameter.names_paths() => {
                let Some(paths) = paths(record, value) else { continue };
                let value = match (paths.as_slice(), parameter.is_path_list()) {
                    ([one], false) => Value::from(one.clone()),
                    _ => Value::from(paths),
                };
                draft.values.insert(parameter.name.clone(), value);
            }
            _ => drop(draft.values.insert(parameter.name.clone(), value.clone())),
        }
    }
    draft
}

fn paths(record: &JobRecord, value: &Value) -> Option<Vec<String>> {
    let value: PathValue = serde_json::from_value(value.clone()).ok()?;
    Some(value.storage_paths(&record.job).iter().map(ToString::to_string).collect())
}

/// The same draft, on from a checkpoint.
pub(crate) fn resumed(draft: &Draft, checkpoint: &Checkpoint) -> Draft {
    let mut draft = draft.clone();
    draft.values.insert(RESUME_FROM.to_owned(), checkpoint.at.to_string().into());
    draft
}

/// The same draft with half of the frames at a time, and how many that are. None where there is nothing to halve.
pub(crate) fn smaller(draft: &Draft, kind: &Kind, told: &Told) -> Option<(u32, Draft)> {
    parameter(kind, BATCH_SIZE)?;
    let given = draft.values.get(BATCH_SIZE).and_then(Value::as_u64).and_then(|given| u32::try_from(given).ok());
    let half = given.filter(|given| *given > 0).or(told.batch_size)? / 2;
    if half < 1 {
        return None;
    }
    let mut draft = draft.clone();
    draft.values.insert(BATCH_SIZE.to_owned(), half.into());
    Some((half, draft))
}

/// The draft as a person can paste it into a terminal, for a job of that name; none: it is made anew.
pub(crate) fn command(draft: &Draft, kind: &Kind, name: &str) -> String {
    let dataset = roles(kind).into_iter().find(|(_, role)| *role == Role::Dataset).map(|(parameter, _)| parameter);
    let mut words = vec!["samepath".to_owned(), "submit".to_owned(), draft.kind.clone()];
    let mut give = |name: &str, value: &Value| {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        words.extend(["-p".to_owned(), shell_word(&format!("{name}={text}"))]);
    };
    if let (Some(parameter), Some(text)) = (dataset, &draft.dataset) {
        give(&parameter.name, &text.as_str().into());
    }
    for (name, value) in &draft.values {
        match value {
            Value::Array(several) => several.iter().for_each(|value| give(name, value)),
            value => give(name, value),
        }
    }
    for video in &draft.videos {
        words.extend(["--video".to_owned(), shell_word(&video.written), shell_word(&video.path)]);
    }
    let options =
        [("--name", Some(name)), ("--worker", draft.worker.as_deref()), ("--person", draft.person.as_deref())];
    for (option, value) in options {
        match value {
            None | Some("") => {}
            // Alone it would be an option.
            Some(value) if value.starts_with('-') => words.push(shell_word(&format!("{option}={value}"))),
            Some(value) => words.extend([option.to_owned(), shell_word(value)]),
        }
    }
    words.join(" ")
}

fn parameter<'a>(kind: &'a Kind, name: &str) -> Option<&'a Parameter> {
    kind.parameters.iter().find(|parameter| parameter.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use samepath_wire::{Attempt, Failure, Job};
    use samepath_worker::kinds::Catalogue;
    use serde_json::json;

    fn kind() -> Kind {
        Catalogue::built_in().kinds().into_iter().find(|kind| kind.name == "sleap-train").unwrap()
    }

    fn record() -> JobRecord {
        let job: Job = serde_json::from_value(json!({
            "version": 1, "id": "0199c0de-0000-7000-8000-000000000001", "kind": "sleap-train", "storage_backend": "vast", "user_subdir": "amick",
            "parameters": {
                "LABELS": "maze/labels.slp", "OUTPUT_DIR": "maze/models/m", "MAX_EPOCHS": 50, "OVERRIDES": "a=1\nb=it's",
                "CONFIG": ["maze/train.yaml", { "storage_backend": "scratch", "user_subdir": "", "path": "t.yaml" }],
            },
            "submitted_at": "2026-11-22T09:00:00Z",
        }))
        .unwrap();
        let attempt: Attempt = serde_json::from_value(json!({
            "number": 1, "worker": "w1", "worker_name": "gpu-1", "state": "ended", "assigned_at": "2026-11-22T09:00:00Z",
        }))
        .unwrap();
        serde_json::from_value(json!({ "job": job, "order": 1, "state": "failed", "epoch": 1, "attempts": [attempt] }))
            .unwrap()
    }

    fn told(rows: &[(&str, u32, Option<f64>)]) -> Told {
        let mut told = Told::default();
        for (run, epoch, loss) in rows {
            told.take(MetricsView {
                run: (*run).to_owned(),
                epoch: *epoch,
                of: None,
                runs: None,
                batch_size: Some(5),
                values: loss.iter().map(|loss| ("val/loss".to_owned(), *loss)).collect(),
            });
        }
        told
    }

    #[test]
    fn the_same_job_is_a_draft_and_a_command() {
        let draft = draft(&record(), &kind());
        assert_eq!(draft.dataset.as_deref(), Some("vast:amick/maze/labels.slp"));
        assert_eq!(
            serde_json::to_value(&draft.values).unwrap(),
            json!({ "MAX_EPOCHS": 50, "OVERRIDES": "a=1\nb=it's", "CONFIG": ["vast:amick/maze/train.yaml", "scratch:t.yaml"] })
        );
        assert_eq!(
            command(&draft, &kind(), ""),
            "samepath submit sleap-train -p 'LABELS=vast:amick/maze/labels.slp' -p 'CONFIG=vast:amick/maze/train.yaml' \
             -p 'CONFIG=scratch:t.yaml' -p 'MAX_EPOCHS=50' -p 'OVERRIDES=a=1\nb=it'\\''s'"
        );
    }

    #[test]
    fn the_command_has_the_videos_that_were_located_the_name_and_who_it_was() {
        let mut record = record();
        record.job.name = "maze's day 3".to_owned();
        record.job.worker = Some("gpu-1".to_owned());
        record.job.person = Some("Anna".to_owned());
        record.job.parameters.retain(|name, _| name == "LABELS");
        let video = json!({ "written": "C:\\cams\\day 1.mp4", "storage_backend": "vast", "user_subdir": "amick", "path": "day1/a b.mp4" });
        record.job.videos = vec![serde_json::from_value(video).unwrap()];
        let draft = draft(&record, &kind());
        assert_eq!(
            command(&draft, &kind(), &record.job.name),
            "samepath submit sleap-train -p 'LABELS=vast:amick/maze/labels.slp' --video 'C:\\cams\\day 1.mp4' 'vast:amick/day1/a b.mp4' \
             --name 'maze'\\''s day 3' --worker gpu-1 --person Anna"
        );
        assert!(command(&draft, &kind(), "-3").contains(" '--name=-3' --worker"));
    }

    #[test]
    fn a_job_goes_on_from_its_last_checkpoint() {
        let told = told(&[("run", 0, None), ("run", 1, Some(0.2)), ("run", 2, Some(0.1)), ("run", 3, Some(0.3))]);
        let list = |record: &JobRecord| {
            let found = checkpoints(record, &kind(), &told);
            found.into_iter().map(|one| (one.at.to_string(), one.epoch)).collect::<Vec<_>>()
        };
        let mut record = record();
        let last = ("vast:amick/maze/models/m/run/last.ckpt".to_owned(), Some(3));
        let best = ("vast:amick/maze/models/m/run/best.ckpt".to_owned(), Some(2));
        assert_eq!(list(&record), [last, best.clone()]);
        record.failure =
            Some(Failure { cause: Cause::StorageFull, message: String::new(), exit_code: None, last_line: None });
        assert_eq!(list(&record), [best], "the newest one may be cut off");
        record.failure = None;
        record.attempts[0].own_output = true;
        assert_eq!(list(&record)[0].0, "vast:amick/maze/models/m/attempt-1/run/last.ckpt");
    }

    #[test]
    fn a_run_that_has_had_all_its_epochs_is_whole() {
        let rows = |last: u32, of: Option<u32>| {
            let mut told = told(&[("run", last, Some(0.1))]);
            told.of = of;
            told.is_whole()
        };
        assert!(rows(3, Some(3)) && rows(4, Some(3)));
        assert!(!rows(2, Some(3)) && !rows(3, None) && !Told::default().is_whole());
    }

    #[test]
    fn of_several_models_none_is_gone_on_with() {
        let told = told(&[("a.centroid", 1, Some(0.1)), ("a.instance", 1, Some(0.1))]);
        assert_eq!(checkpoints(&record(), &kind(), &told), []);
        assert_eq!(checkpoints(&record(), &kind(), &Told::default()), [], "nothing was told");
    }

    #[test]
    fn half_of_what_was_given_else_of_what_was_told() {
        let mut draft = draft(&record(), &kind());
        let told = told(&[("run", 0, None)]);
        let half = |draft: &Draft, told: &Told| smaller(draft, &kind(), told).map(|(half, _)| half);
        assert_eq!(half(&draft, &told), Some(2));
        assert_eq!(half(&draft, &Told::default()), None);
        draft.values.insert(BATCH_SIZE.to_owned(), 16.into());
        assert_eq!(smaller(&draft, &kind(), &told).unwrap().1.values[BATCH_SIZE], 8);
        draft.values.insert(BATCH_SIZE.to_owned(), 1.into());
        assert_eq!(half(&draft, &told), None);
    }
}
