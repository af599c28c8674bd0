use super::state::live_attempt;
use super::{Answer, Order, State, Ticket, bounds};
use crate::matching::Kinds;
use samepath_wire::{
    Cleared, Doing, Job, JobId, JobRecord, JobState, Kind, PathValue, Places, Progress, Refused, StopMode, StopRequest,
    StoragePath,
};
use serde_json::Value;
use std::num::NonZeroU32;

/// What the lab says of somebody's jobs: where they may write and read, and how many may run at a time.
pub(super) type Limits = (Option<Places>, Option<NonZeroU32>);

/// The most characters of a job's name and of other short texts.
const NAME_CHARS: usize = 200;
/// The most storages of a job.
const STORAGES: usize = 32;

/// Refuses what cannot be a job. What only a worker can know (values, paths) is left to the worker.
pub fn check(job: &Job) -> Result<(), Refused> {
    let refuse = |message: String| Err(Refused { code: "invalid_parameter".to_owned(), message });
    let is_name = |text: &str| {
        (2..=64).contains(&text.len())
            && text.starts_with(|first: char| first.is_ascii_alphanumeric())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
    };
    if job.version == 0 {
        return refuse("the job has no version".to_owned());
    }
    if job.id.is_nil() {
        return refuse("the job has no id".to_owned());
    }
    if job.kind.trim().is_empty() {
        return refuse("the job names no kind".to_owned());
    }
    let texts = [
        ("kind", job.kind.as_str()),
        ("name", &job.name),
        ("kind's digest", job.kind_digest.as_deref().unwrap_or_default()),
        ("worker", job.worker.as_deref().unwrap_or_default()),
    ];
    for (what, text) in texts {
        if text.chars().count() > NAME_CHARS {
            return refuse(format!("the job's {what} is longer than {NAME_CHARS} characters"));
        }
        if text.chars().any(char::is_control) {
            return refuse(format!("the job's {what} contains a control character"));
        }
    }
    if job.worker.as_ref().is_some_and(String::is_empty) {
        return refuse("the job is for a worker without a name".to_owned());
    }
    if job.storages.len() > STORAGES {
        return refuse(format!("the job needs {} storages; {STORAGES} at most", job.storages.len()));
    }
    let named = job.storages.keys().chain(job.base_paths.keys()).chain([&job.storage_backend]);
    if let Some(bad) = named.into_iter().find(|name| !is_name(name)) {
        let shown: String = bad.chars().take(80).collect();
        return refuse(format!("{shown:?} is not the name of a storage"));
    }
    if job.parameters.keys().any(|name| name.is_empty() || name.chars().count() > NAME_CHARS) {
        return refuse("a parameter's name is empty or too long".to_owned());
    }
    if let Some((name, _)) = job.parameters.iter().find(|(_, value)| is_deeper(value, 8)) {
        return refuse(format!("the value of {name} is nested too deeply"));
    }
    match serde_json::to_vec(job) {
        Ok(json) if json.len() <= bounds::JOB_BYTES => Ok(()),
        Ok(json) => refuse(format!("the job has {} bytes; {} at most", json.len(), bounds::JOB_BYTES)),
        Err(error) => refuse(format!("the job cannot be written: {error}")),
    }
}

/// Refuses what names a path in none of the places of its member, as far as that can be told from here. The worker looks where each
/// path really leads, and at those that are written in files.
fn refuse_out_of_place(job: &Job, kinds: &Kinds) -> Result<(), Refused> {
    let Some(places) = &job.places else { return Ok(()) };
    let refuse = |what: &str, at: &StoragePath, doing| {
        let message = format!("{what}: {}. {}", places.refusal(&job.submitted_by, at, doing), Places::mend());
        Refused { code: "invalid_parameter".to_owned(), message }
    };
    let of_the_job = |kind: &&Kind| match &job.kind_digest {
        Some(digest) => kind.digest == *digest,
        None => kind.name == job.kind,
    };
    let parameters = kinds.values().find(of_the_job).map(|kind| kind.parameters.as_slice()).unwrap_or_default();
    for parameter in parameters.iter().filter(|parameter| parameter.names_paths()) {
        let value = job.parameters.get(&parameter.name).or(parameter.default.as_ref());
        let named = value.and_then(|value| serde_json::from_value::<PathValue>(value.clone()).ok());
        for at in named.iter().flat_map(|named| named.storage_paths(job)) {
            let read = parameter.is_input().then_some(Doing::Reading);
            let doing = [read, parameter.is_output().then_some(Doing::Writing)];
            // What was left out names nothing.
            if value.and_then(Value::as_str) == Some("") {
                continue;
            }
            if let Some(doing) = doing.into_iter().flatten().find(|doing| places.surely_exclude(&at, *doing)) {
                return Err(refuse(&parameter.name, &at, doing));
            }
        }
    }
    match job.videos.iter().find(|video| places.surely_exclude(&video.at, Doing::Reading)) {
        Some(video) => Err(refuse(&video.written, &video.at, Doing::Reading)),
        None => Ok(()),
    }
}

fn is_deeper(value: &Value, levels: usize) -> bool {
    match value {
        Value::Array(values) => levels == 0 || values.iter().any(|value| is_deeper(value, levels - 1)),
        Value::Object(values) => levels == 0 || values.values().any(|value| is_deeper(value, levels - 1)),
        _ => false,
    }
}

impl State {
    /// What the lab says of the member's jobs is in it already.
    pub(super) fn submit(&mut self, ticket: Ticket, member: String, mut job: Job) {
        if let Some(refused) = self.unreadable(job.id) {
            return self.answer(ticket, Answer::Refused(refused));
        }
        if let Some(known) = self.jobs.get(&job.id) {
            let known = Box::new(known.clone());
            return self.answer(ticket, Answer::Record(known));
        }
        job.submitted_by = member;
        if let Err(refused) = check(&job)
            .and_then(|()| refuse_out_of_place(&job, &self.kinds))
            .and_then(|()| self.one_more_may_wait(&job.submitted_by))
        {
            return self.answer(ticket, Answer::Refused(refused));
        }
        let id = job.id;
        let order = self.next_order;
        self.next_order += 1;
        let mut record = JobRecord {
            job,
            order,
            state: JobState::Queued,
            epoch: self.epoch,
            attempts: Vec::new(),
            retried_after: 0,
            history: Vec::new(),
            excluded: Vec::new(),
            stop: None,
            progress: Progress::default(),
            outputs: None,
            failure: None,
        };
        self.change(&mut record, JobState::Queued, "submitted".to_owned());
        self.store(record);
        self.answer_record(ticket, id);
    }

    pub(super) fn order(&mut self, ticket: Ticket, mut member: String, limits: Limits, id: JobId, order: Order) {
        bounds::clip(&mut member, bounds::NAME_BYTES);
        if let Some(refused) = self.unreadable(id) {
            return self.answer(ticket, Answer::Refused(refused));
        }
        let Some(record) = self.jobs.get(&id) else {
            let message = format!("there is no job {id}");
            return self.answer(ticket, Answer::Refused(Refused { code: "job_not_found".to_owned(), message }));
        };
        if order == Order::Retry {
            let mut job = record.job.clone();
            // Whose job it is, the lab may have changed its word since; of somebody else it says nothing about it.
            if job.submitted_by == member {
                (job.places, job.jobs_at_once) = limits;
            }
            let may = may_retry(record)
                .and_then(|()| refuse_out_of_place(&job, &self.kinds))
                .and_then(|()| self.one_more_may_wait(&job.submitted_by));
            if let Err(refused) = may {
                return self.answer(ticket, Answer::Refused(refused));
            }
            self.retry(job, &member);
        } else if !record.state.is_ended() {
            let mode = if order == Order::Kill { StopMode::Kill } else { StopMode::Stop };
            self.end(id, mode, member);
        }
        self.answer_record(ticket, id);
    }

    /// Refused where as many jobs of this person wait as may.
    fn one_more_may_wait(&self, member: &str) -> Result<(), Refused> {
        let Some(most) = self.rules.waiting else { return Ok(()) };
        let waiting = self.queue.waiting(member);
        if u32::try_from(waiting).is_ok_and(|waiting| waiting < most) {
            return Ok(());
        }
        let message = format!(
            "{waiting} jobs of {member} wait already, and the lab lets {most} of one person wait: submit it when some have run, or stop \
             some of them"
        );
        Err(Refused { code: "invalid_parameter".to_owned(), message })
    }

    /// Cancels what of a person waits whom the lab lets in no more. What runs goes on.
    pub(super) fn cancel_waiting(&mut self, ticket: Ticket, member: &str) {
        let waiting = self.queue.of(member);
        for id in &waiting {
            let Some(mut record) = self.take(*id) else { continue };
            self.change(&mut record, JobState::Cancelled, format!("{member}'s access ended"));
            self.store(record);
        }
        self.answer(ticket, Answer::Cleared(Cleared { jobs: waiting.len() as u64 }));
    }

    fn answer_record(&mut self, ticket: Ticket, id: JobId) {
        if let Some(record) = self.jobs.get(&id) {
            let record = Box::new(record.clone());
            self.answer(ticket, Answer::Record(record));
        }
    }

    fn retry(&mut self, job: Job, member: &str) {
        let Some(mut record) = self.take(job.id) else { return };
        record.job = job;
        record.retried_after = record.attempts.len() as u32;
        record.excluded.clear();
        record.stop = None;
        record.progress = Progress::default();
        record.outputs = None;
        record.failure = None;
        let sentence = if record.attempts.is_empty() {
            format!("put back by {member}")
        } else {
            format!("{member} asked for another try")
        };
        self.change(&mut record, JobState::Queued, sentence);
        self.store(record);
    }

    fn end(&mut self, id: JobId, mode: StopMode, member: String) {
        let request = StopRequest { mode, by: member, at: self.now.wall };
        let by = request.words();
        let confirmed = self.jobs.get(&id).and_then(live_attempt).map(|attempt| attempt.confirmed_at.is_some());
        match confirmed {
            Some(true) => {
                let asked = self.jobs.get(&id).and_then(|record| record.stop.as_ref());
                if asked.is_some_and(|asked| asked.mode >= mode) {
                    return;
                }
                let Some(mut record) = self.take(id) else { return };
                record.stop = Some(request);
                self.store(record);
            }
            Some(false) | None => {
                let Some(mut record) = self.take(id) else { return };
                if confirmed.is_some() {
                    record.attempts.pop();
                }
                record.stop = Some(request);
                self.change(&mut record, JobState::Cancelled, by);
                self.store(record);
            }
        }
    }
}

fn may_retry(record: &JobRecord) -> Result<(), Refused> {
    let refuse = |message: String| Err(Refused { code: "invalid_parameter".to_owned(), message });
    if !record.state.is_ended() {
        return refuse(format!("job {} has not ended: only a job that has ended can be retried", record.job.id));
    }
    if record.job.version == 0 {
        return refuse(format!("job {} was too large to be kept whole: submit it anew", record.job.id));
    }
    if record.attempts.len() >= bounds::ATTEMPTS {
        return refuse(format!("job {} was tried {} times: submit it anew", record.job.id, record.attempts.len()));
    }
    Ok(())
}
