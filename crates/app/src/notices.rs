//! What a person is told of while they look elsewhere: their jobs that ended, failed, wait for long, or began after that.

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
    /// Those that wait for long, or that nobody could run: that they begin is news.
    awaited: BTreeSet<String>,
}

/// What happened to a job.
#[derive(Debug, Clone, PartialEq)]
enum Event {
    Ended(JobView),
    Failed(JobView),
    Waits(JobView),
    Began(JobView),
}

impl Seen {
    /// What a new state of a job is worth telling; nothing of one that is seen for the first time, unless `live`.
    fn take(&mut self, job: JobView, live: bool) -> Option<Event> {
        if job.unserved {
            self.awaited.insert(job.id.clone());
        }
        let goes_on = job.state == "running" || is_over(&job);
        let was_awaited = goes_on && self.awaited.remove(&job.id);
        let before = self.jobs.insert(job.id.clone(), Some(job.clone()).filter(|job| !is_over(job)));
        let was_over = before.is_some_and(|before| before.is_none());
        match job.state.as_str() {
            _ if was_over || !live => None,
            "succeeded" => Some(Event::Ended(job)),
            "failed" => Some(Event::Failed(job)),
            "running" if was_awaited => Some(Event::Began(job)),
            _ => None,
        }
    }

    fn forget(&mut self, id: &str) {
        self.jobs.remove(id);
        self.told.remove(id);
        self.awaited.remove(id);
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
        self.awaited.extend(long.iter().map(|job| job.id.clone()));
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
            Self::Waits(_) | Self::Began(_) => wanted.waiting,
        }
    }

    fn job(&self) -> &JobView {
        match self {
            Self::Ended(job) | Self::Failed(job) | Self::Waits(job) | Self::Began(job) => job,
        }
    }

    fn notice(&self) -> Notice {
        let job = self.job();
        let name = &job.name;
        let (title, text) = match self {
            Self::Ended(_) => {
                let took = between(job.started_at.as_ref(), job.ended_at.as_ref());
                let took = took.map(|took| format!(" – {took}")).unwrap_or_default();
                (format!("{name} finished{took}"), job.status.clone().unwrap_or_default())
            }
            Self::Failed(_) => {
                let why = job.trouble.as_ref().map(|trouble| trouble.message.clone()).unwrap_or_default();
                (format!("{name} failed"), why)
            }
            Self::Waits(_) => (format!("{name} still waits"), job.waiting_for.first().cloned().unwrap_or_default()),
            Self::Began(_) => {
                let on = job.worker.as_ref().map(|worker| format!(" on {worker}")).unwrap_or_default();
                // How long it waited for a further try is not told.
                let first = job.attempts <= 1;
                let waited = first.then(|| between(Some(&job.submitted_at), job.started_at.as_ref())).flatten();
                (format!("{name} began{on}"), waited.map(|waited| format!("It waited {waited}.")).unwrap_or_default())
            }
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
    let count = |is: fn(&Event) -> bool| events.iter().filter(|event| is(event)).count();
    let failed = count(|event| matches!(event, Event::Failed(_)));
    let waiting = count(|event| matches!(event, Event::Waits(_)));
    let began = count(|event| matches!(event, Event::Began(_)));
    let title = match (events.len() - waiting - began, began) {
        (0, 0) => format!("{waiting} jobs still wait"),
        (0, 1) => "1 job began".to_owned(),
        (0, began) => format!("{began} jobs began"),
        (1, _) => "1 job ended".to_owned(),
        (ended, _) => format!("{ended} jobs ended"),
    };
    let names: Vec<&str> = events.iter().map(|event| event.job().name.as_str()).collect();
    let failed = if failed == 0 { String::new() } else { format!("{failed} failed. ") };
    Some(Notice { title, text: format!("{failed}{}", names.join(", ")), job: None })
}

/// "1 h 40", from one time to another.
fn between(from: Option<&String>, to: Option<&String>) -> Option<String> {
    let time = |text: Option<&String>| text?.parse::<Timestamp>().ok();
    let took = time(to)?.duration_since(time(from)?);
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
                self.seen.forget(&id);
            }
            _ => {}
        }
    }

    fn add_waiting(&mut self) {
        let waiting = self.seen.waiting(Timestamp::now());
        self.add(waiting);
    }

    fn add(&mut self, events: impl IntoIterator<Item = Event>) {
        add(&mut self.pending, events, self.wanted);
    }
}

/// What is told of a job is the last that happened to it.
fn add(pending: &mut Vec<Event>, events: impl IntoIterator<Item = Event>, wanted: NoticesView) {
    for event in events {
        pending.retain(|earlier| earlier.job().id != event.job().id);
        if event.is_wanted(wanted) {
            pending.push(event);
        }
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
            "lost": false, "submitted_by": "amick", "by": "amick", "submitted_at": "2026-11-22T09:00:00Z", "waiting_for": ["gpu-1: busy"], "waits": true, "unserved": false,
            "worker": "gpu-1",
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
    fn one_that_nobody_could_run_or_that_waited_for_long_is_told_of_when_it_begins_and_once() {
        let mut seen = Seen::default();
        let unserved = |id| JobView { unserved: true, ..job(id, "queued") };
        assert_eq!(seen.take(unserved("1"), true), None);
        // A worker has come, looks at its files, and cannot: that is no beginning.
        assert_eq!(seen.take(job("1", "queued"), true), None);
        assert_eq!(seen.take(job("1", "checking"), true), None);
        assert_eq!(seen.take(job("1", "queued"), true), None);
        let notice = seen.take(job("1", "running"), true).unwrap().notice();
        assert_eq!((notice.title.as_str(), notice.text.as_str()), ("maze 1 began on gpu-1", "It waited 10 min."));
        assert_eq!(notice.job.as_deref(), Some("1"));
        assert_eq!(seen.take(job("1", "running"), true), None, "its progress");
        let again = Event::Began(JobView { attempts: 2, ..job("1", "running") }).notice();
        assert_eq!((again.title.as_str(), again.text.as_str()), ("maze 1 began on gpu-1", ""));
        // One that had its turn soon is no news; one that waited for long is.
        seen.take(job("2", "queued"), true);
        assert_eq!(seen.take(job("2", "running"), true), None);
        seen.take(job("3", "queued"), true);
        assert_eq!(seen.waiting("2026-11-22T09:30:00Z".parse().unwrap()).len(), 1);
        assert!(matches!(seen.take(job("3", "running"), true), Some(Event::Began(_))));
        // What was missed is told by its end alone.
        seen.take(unserved("4"), false);
        assert!(matches!(seen.take(job("4", "failed"), true), Some(Event::Failed(_))));
        assert_eq!(seen.take(job("4", "running"), true), None);
    }

    #[test]
    fn of_one_job_the_last_is_told_that_happened_to_it() {
        let (mut pending, all) = (Vec::new(), NoticesView::default());
        let began = |id| Event::Began(job(id, "running"));
        add(&mut pending, [Event::Waits(job("1", "queued")), began("1"), began("2")], all);
        assert_eq!(told(&pending).unwrap().title, "2 jobs began");
        add(&mut pending, [Event::Ended(job("1", "succeeded"))], all);
        let notice = told(&pending).unwrap();
        assert_eq!((notice.title.as_str(), notice.text.as_str()), ("1 job ended", "maze 2, maze 1"));
        // Whoever does not want the end told does not want the beginning after it, either.
        add(&mut pending, [Event::Ended(job("2", "succeeded"))], NoticesView { ended: false, ..all });
        assert_eq!(told(&pending).unwrap().title, "maze 1 finished – 1 h 40");
    }

    #[test]
    fn several_are_one_notice() {
        let events = [Event::Ended(job("1", "succeeded")), Event::Failed(job("2", "failed"))];
        let notice = told(&events).unwrap();
        assert_eq!((notice.title.as_str(), notice.text.as_str()), ("2 jobs ended", "1 failed. maze 1, maze 2"));
        assert_eq!(notice.job, None);
        assert_eq!(told(&[]), None);
        let began = [Event::Waits(job("1", "queued")), Event::Began(job("2", "running"))];
        assert_eq!(told(&began).unwrap().title, "1 job began");
        assert!(!began[1].is_wanted(NoticesView { waiting: false, ..NoticesView::default() }));
        assert!(!events[0].is_wanted(NoticesView { ended: false, ..NoticesView::default() }));
        assert!(events[1].is_wanted(NoticesView { ended: false, ..NoticesView::default() }));
    }
}
