//! What a person is told of while they look elsewhere: their jobs that ended, failed, or wait for long.

use crate::board::Updates;
use crate::view::{JobView, NoticesView, Update};
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tokio::time::Instant;

/// Between two notices: what happens meanwhile is told together.
const APART: Duration = Duration::from_secs(10);

/// How long a job waits before that is told.
const LONG: SignedDuration = SignedDuration::from_mins(10);

/// What is told of at one time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// "maze day 3 finished – 1 h 40".
    pub title: String,
    /// More, where there is more to say.
    pub text: String,
    /// The job, by id, where it is about one.
    pub job: Option<String>,
}

/// Jobs of one person, as they were when they were last seen.
#[derive(Debug, Default)]
struct Seen {
    /// By id; of one that has ended nothing more is needed than that.
    jobs: BTreeMap<String, Option<JobView>>,
    /// Waiting ones that were told of.
    told: BTreeSet<String>,
}

/// What happened to a job.
#[derive(Debug, Clone, PartialEq)]
enum Event {
    Ended(JobView),
    Failed(JobView),
    Waits(JobView),
}

impl Seen {
    /// What a new state of a job is worth telling; nothing of one that is seen for the first time, unless `live`.
    fn take(&mut self, job: JobView, live: bool) -> Option<Event> {
        let before = self.jobs.insert(job.id.clone(), Some(job.clone()).filter(|job| !is_over(job)));
        let was_over = before.is_some_and(|before| before.is_none());
        match job.state.as_str() {
            _ if was_over || !live => None,
            "succeeded" => Some(Event::Ended(job)),
            "failed" => Some(Event::Failed(job)),
            _ => None,
        }
    }

    /// Jobs that wait and were not told of.
    fn untold(&self) -> impl Iterator<Item = &JobView> {
        let waits = |job: &&JobView| job.state == "queued" && !self.told.contains(&job.id);
        self.jobs.values().flatten().filter(waits)
    }

    /// Jobs that have waited for long and were not told of yet.
    fn waiting(&mut self, now: Timestamp) -> Vec<Event> {
        let waits_long =
            |job: &&JobView| job.submitted_at.parse::<Timestamp>().is_ok_and(|since| now.duration_since(since) >= LONG);
        let long: Vec<JobView> = self.untold().filter(waits_long).cloned().collect();
        self.told.extend(long.iter().map(|job| job.id.clone()));
        long.into_iter().map(Event::Waits).collect()
    }
}

fn is_over(job: &JobView) -> bool {
    ["succeeded", "failed", "cancelled"].contains(&job.state.as_str())
}

impl Event {
    fn is_wanted(&self, wanted: NoticesView) -> bool {
        match self {
            Self::Ended(_) => wanted.ended,
            Self::Failed(_) => wanted.failed,
            Self::Waits(_) => wanted.waiting,
        }
    }

    fn job(&self) -> &JobView {
        match self {
            Self::Ended(job) | Self::Failed(job) | Self::Waits(job) => job,
        }
    }

    fn notice(&self) -> Notice {
        let job = self.job();
        let name = &job.name;
        let (title, text) = match self {
            Self::Ended(_) => {
                let took = duration(job).map(|took| format!(" – {took}")).unwrap_or_default();
                (format!("{name} finished{took}"), job.status.clone().unwrap_or_default())
            }
            Self::Failed(_) => {
                let why = job.trouble.as_ref().map(|trouble| trouble.message.clone()).unwrap_or_default();
                (format!("{name} failed"), why)
            }
            Self::Waits(_) => (format!("{name} still waits"), job.waiting_for.first().cloned().unwrap_or_default()),
        };
        Notice { title, text, job: Some(job.id.clone()) }
    }
}

/// One notice for all of them; none for nothing.
fn told(events: &[Event]) -> Option<Notice> {
    let [first, more @ ..] = events else { return None };
    if more.is_empty() {
        return Some(first.notice());
    }
    let failed = events.iter().filter(|event| matches!(event, Event::Failed(_))).count();
    let waiting = events.iter().filter(|event| matches!(event, Event::Waits(_))).count();
    let ended = events.len() - waiting;
    let title = match (ended, waiting) {
        (0, waiting) => format!("{waiting} jobs still wait"),
        (1, _) => "1 job ended".to_owned(),
        (ended, _) => format!("{ended} jobs ended"),
    };
    let names: Vec<&str> = events.iter().map(|event| event.job().name.as_str()).collect();
    let failed = if failed == 0 { String::new() } else { format!("{failed} failed. ") };
    Some(Notice { title, text: format!("{failed}{}", names.join(", ")), job: None })
}

/// "1 h 40", of a job that has ended.
fn duration(job: &JobView) -> Option<String> {
    let time = |text: &Option<String>| text.as_ref()?.parse::<Timestamp>().ok();
    let took = time(&job.ended_at)?.duration_since(time(&job.started_at)?);
    let (minutes, seconds) = (took.as_mins(), took.as_secs());
    Some(match minutes {
        ..1 => format!("{seconds} s"),
        1..60 => format!("{minutes} min"),
        _ => format!("{} h {:02}", minutes / 60, minutes % 60),
    })
}

/// The notices for one person, as they are due.
#[derive(Debug)]
pub struct Notices {
    updates: Updates,
    member: String,
    seen: Seen,
    /// Whether everything that was known has been told: what comes then is new.
    live: bool,
    pending: Vec<Event>,
    wanted: NoticesView,
    /// Not before.
    free: Instant,
    /// When those that wait are looked at next.
    look: Instant,
}

impl Notices {
    pub(crate) fn of(updates: Updates, member: String) -> Self {
        Self {
            updates,
            member,
            seen: Seen::default(),
            live: false,
            pending: Vec::new(),
            wanted: NoticesView::default(),
            free: Instant::now(),
            look: Instant::now(),
        }
    }

    /// The next one; none when the program ends. At most one in ten seconds: several things that happen meanwhile are one.
    pub async fn next(&mut self) -> Option<Notice> {
        loop {
            let due = (!self.pending.is_empty()).then_some(self.free);
            // One that waits changes nothing, so nobody tells of it: it is looked at now and then, while there is one.
            let look = self.seen.untold().next().map(|_| self.look);
            tokio::select! {
                update = self.updates.next() => self.take(update?),
                () = until(due) => {
                    let events = std::mem::take(&mut self.pending);
                    self.free = Instant::now() + APART;
                    if let Some(notice) = told(&events) {
                        return Some(notice);
                    }
                }
                () = until(look) => {
                    self.look = Instant::now() + APART;
                    self.add_waiting();
                }
            }
        }
    }

    fn take(&mut self, update: Update) {
        match update {
            Update::Kept(kept) => self.wanted = kept.notices,
            Update::Reset => self.live = false,
            Update::Current => {
                self.live = true;
                // Whoever opens the window sees what has waited for long.
                let _ = self.seen.waiting(Timestamp::now());
            }
            Update::Job(job) if job.submitted_by == self.member => {
                let event = self.seen.take(*job, self.live);
                self.add(event);
            }
            Update::JobGone(id) => {
                self.seen.jobs.remove(&id);
                self.seen.told.remove(&id);
            }
            _ => {}
        }
    }

    fn add_waiting(&mut self) {
        let waiting = self.seen.waiting(Timestamp::now());
        self.add(waiting);
    }

    fn add(&mut self, events: impl IntoIterator<Item = Event>) {
        let wanted = self.wanted;
        self.pending.extend(events.into_iter().filter(|event| event.is_wanted(wanted)));
    }
}

async fn until(due: Option<Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn job(id: &str, state: &str) -> JobView {
        serde_json::from_value(json!({
            "id": id, "name": format!("maze {id}"), "kind": "k", "what": "k", "state": state, "words": state,
            "lost": false, "submitted_by": "amick", "by": "amick", "submitted_at": "2026-11-22T09:00:00Z", "waiting_for": ["gpu-1: busy"], "waits": true,
            "started_at": "2026-11-22T09:10:00Z", "ended_at": "2026-11-22T10:50:00Z", "status": "best val loss 4.3e-4",
            "confirmed": [], "attempts": 1, "tries": [], "timeline": [], "outputs": [], "settings": [],
            "trouble": { "cause": "gpu_memory", "message": "the GPU ran out of memory", "last_line": null },
        }))
        .unwrap()
    }

    #[test]
    fn a_job_is_told_of_once_and_what_was_over_before_never() {
        let mut seen = Seen::default();
        assert_eq!(seen.take(job("0", "succeeded"), false), None);
        assert_eq!(seen.take(job("0", "succeeded"), true), None);
        assert_eq!(seen.take(job("1", "running"), false), None);
        let ended = seen.take(job("1", "succeeded"), true).unwrap();
        assert_eq!(ended.notice().title, "maze 1 finished – 1 h 40");
        assert_eq!(ended.notice().text, "best val loss 4.3e-4");
        assert_eq!(seen.take(job("1", "succeeded"), true), None);
        // One that was made and ended between two looks is told of, too; one that somebody cancelled is not.
        let failed = seen.take(job("2", "failed"), true).unwrap();
        assert_eq!(
            (failed.notice().title.as_str(), failed.notice().text.as_str()),
            ("maze 2 failed", "the GPU ran out of memory")
        );
        assert_eq!(seen.take(job("3", "cancelled"), true), None);
        // Tried again, it is another end.
        assert_eq!(seen.take(job("2", "queued"), true), None);
        assert!(seen.take(job("2", "failed"), true).is_some());
    }

    #[test]
    fn one_that_waits_is_told_of_after_ten_minutes_and_once() {
        let mut seen = Seen::default();
        seen.take(job("1", "queued"), true);
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        assert_eq!(seen.waiting(at("2026-11-22T09:09:59Z")), []);
        let waits = seen.waiting(at("2026-11-22T09:10:00Z"));
        let notice = told(&waits).unwrap();
        assert_eq!((notice.title.as_str(), notice.text.as_str()), ("maze 1 still waits", "gpu-1: busy"));
        assert_eq!(seen.waiting(at("2026-11-22T09:30:00Z")), []);
    }

    #[test]
    fn several_are_one_notice() {
        let events = [Event::Ended(job("1", "succeeded")), Event::Failed(job("2", "failed"))];
        let notice = told(&events).unwrap();
        assert_eq!((notice.title.as_str(), notice.text.as_str()), ("2 jobs ended", "1 failed. maze 1, maze 2"));
        assert_eq!(notice.job, None);
        assert_eq!(told(&[]), None);
        assert!(!events[0].is_wanted(NoticesView { ended: false, ..NoticesView::default() }));
        assert!(events[1].is_wanted(NoticesView { ended: false, ..NoticesView::default() }));
    }
}
