//! Jobs, workers and a matchmaker with a clock, to be changed where a test needs it.

use super::plain;
pub(crate) use super::plain::{DIGEST, KIND, advert, id, kind};
use jiff::Timestamp;
use samepath_fleet::matchmaker::{Action, Answer, Event, Now, Order, State, Ticket, Timing};
use samepath_wire::*;
use std::time::Duration;

pub(crate) fn job(number: u64) -> Job {
    Job {
        name: format!("job {number}"),
        parameters: [("LABELS".to_owned(), "project/labels.slp".into())].into(),
        base_paths: [("vast".to_owned(), vec!["/Volumes/talmo".to_owned()])].into(),
        ..plain::job(number)
    }
}

pub(crate) fn record(job: Job, order: u64) -> JobRecord {
    JobRecord {
        job,
        order,
        state: JobState::Queued,
        epoch: 1,
        attempts: Vec::new(),
        retried_after: 0,
        history: Vec::new(),
        excluded: Vec::new(),
        stop: None,
        progress: Progress::default(),
        outputs: None,
        failure: None,
    }
}

pub(crate) fn worker(name: &str) -> Worker {
    Worker { name: format!("{name}-name"), ..plain::worker(name) }
}

pub(crate) fn failure(cause: Cause, message: &str) -> Failure {
    Failure { cause, message: message.to_owned(), exit_code: None, last_line: None }
}

pub(crate) fn succeeded() -> AttemptEnd {
    AttemptEnd::Succeeded { outputs: Manifest::default() }
}

pub(crate) fn bench(workers: &[&str]) -> Bench {
    let mut bench = Bench::new();
    for name in workers {
        bench.online(worker(name));
    }
    bench
}

pub(crate) fn states(record: &JobRecord) -> Vec<JobState> {
    record.history.iter().map(|change| change.state).collect()
}

pub(crate) fn lost(proved: bool) -> AttemptEnd {
    AttemptEnd::Lost { reason: "the guard died".into(), proved }
}

pub(crate) fn unfit(message: &str) -> AttemptEnd {
    AttemptEnd::Unfit { failure: failure(Cause::PathError, message) }
}

/// A matchmaker with a clock of its own. What it writes is checked and kept, as a bus would.
pub(crate) struct Bench {
    pub(crate) state: State,
    pub(crate) now: Duration,
    /// By how much the clock on the wall was set back.
    pub(crate) behind: jiff::SignedDuration,
    ticket: Ticket,
    /// Answers not looked at yet.
    pub(crate) answers: Vec<(Ticket, Answer)>,
    /// The records as they were written.
    pub(crate) written: std::collections::BTreeMap<JobId, JobRecord>,
    pub(crate) writes: usize,
    /// Digests of the definitions that were removed.
    pub(crate) kinds_gone: Vec<String>,
    pub(crate) stepped_down: bool,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let now = Duration::from_secs(1000);
        let mut bench = Self {
            state: State::rebuild(7, Timing::default(), [], at(now)),
            now,
            behind: jiff::SignedDuration::ZERO,
            ticket: 0,
            answers: Vec::new(),
            written: Default::default(),
            writes: 0,
            kinds_gone: Vec::new(),
            stepped_down: false,
        };
        bench.pass(5);
        bench
    }

    /// A new matchmaker, from what was written.
    pub(crate) fn restart(&mut self) {
        let epoch = self.state.epoch() + 1;
        self.state = State::rebuild(epoch, Timing::default(), self.written.values().cloned(), at(self.now));
        self.answers.clear();
    }

    pub(crate) fn handle(&mut self, event: Event) {
        let Now { clock, wall } = at(self.now);
        for action in self.state.handle(event, Now { clock, wall: wall - self.behind }) {
            match action {
                Action::Write(record) => {
                    self.writes += 1;
                    self.written.insert(record.job.id, *record);
                }
                Action::Remove { job, .. } => {
                    drop(self.written.remove(&job).expect("what was never written is removed"))
                }
                Action::RemoveKind { digest } => self.kinds_gone.push(digest),
                Action::Answer(ticket, answer) => self.answers.push((ticket, answer)),
                Action::StepDown => self.stepped_down = true,
            }
        }
    }

    pub(crate) fn ask(&mut self, event: impl FnOnce(Ticket) -> Event) -> Ticket {
        self.ticket += 1;
        self.handle(event(self.ticket));
        self.ticket
    }

    pub(crate) fn answer(&mut self, ticket: Ticket) -> Option<Answer> {
        let at = self.answers.iter().position(|(answered, _)| *answered == ticket)?;
        Some(self.answers.remove(at).1)
    }

    /// Ticks as time passes.
    pub(crate) fn pass(&mut self, seconds: u64) {
        for _ in 0..seconds {
            self.now += Duration::from_secs(1);
            self.handle(Event::Tick);
        }
    }

    pub(crate) fn online(&mut self, worker: Worker) {
        self.handle(Event::WorkerSeen(Box::new(worker)));
    }

    pub(crate) fn submit(&mut self, job: Job) -> Result<JobRecord, Refused> {
        let member = job.submitted_by.clone();
        let ticket =
            self.ask(|ticket| Event::Submit { ticket, member, places: None, jobs_at_once: None, job: Box::new(job) });
        self.record_answer(ticket)
    }

    pub(crate) fn order(&mut self, number: u64, order: Order) -> Result<JobRecord, Refused> {
        self.order_by("tom", None, number, order)
    }

    pub(crate) fn order_by(
        &mut self,
        member: &str,
        places: Option<Places>,
        number: u64,
        order: Order,
    ) -> Result<JobRecord, Refused> {
        let (member, job) = (member.to_owned(), id(number));
        let ticket = self.ask(|ticket| Event::Order { ticket, member, places, jobs_at_once: None, job, order });
        self.record_answer(ticket)
    }

    fn record_answer(&mut self, ticket: Ticket) -> Result<JobRecord, Refused> {
        match self.answer(ticket) {
            Some(Answer::Record(record)) => Ok(*record),
            Some(Answer::Refused(refused)) => Err(refused),
            other => panic!("not an answer to a person: {other:?}"),
        }
    }

    pub(crate) fn claim(&mut self, worker: &str, holds: &[AttemptRef], wants: bool) -> Ticket {
        let (worker, holds) = (worker.to_owned(), holds.to_vec());
        self.ask(|ticket| Event::Claim { ticket, worker, claim: Claim { holds, wants } })
    }

    /// The answer to a claim, if it has come.
    pub(crate) fn claimed(&mut self, ticket: Ticket) -> Option<ClaimAnswer> {
        match self.answer(ticket)? {
            Answer::Claim(answer) => Some(*answer),
            other => panic!("not an answer to a claim: {other:?}"),
        }
    }

    /// Claims, and is given this attempt at once.
    pub(crate) fn take(&mut self, worker: &str) -> Assignment {
        let ticket = self.claim(worker, &[], true);
        self.claimed(ticket).and_then(|answer| answer.assignment).expect("nothing was given")
    }

    pub(crate) fn confirm(&mut self, worker: &str, attempt: &AttemptRef, epoch: u64) -> ConfirmAnswer {
        let (worker, confirm) = (worker.to_owned(), Confirm { attempt: attempt.clone(), epoch });
        let ticket = self.ask(|ticket| Event::Confirm { ticket, worker, confirm });
        match self.answer(ticket) {
            Some(Answer::Confirm(answer)) => answer,
            other => panic!("not an answer to a confirm: {other:?}"),
        }
    }

    /// Claims, is given an attempt, and confirms it.
    pub(crate) fn start(&mut self, worker: &str) -> AttemptRef {
        let given = self.take(worker);
        let attempt = AttemptRef { job: given.job.id, attempt: given.attempt };
        assert_eq!(self.confirm(worker, &attempt, given.epoch), ConfirmAnswer::Go);
        attempt
    }

    pub(crate) fn report(&mut self, worker: &str, attempt: &AttemptRef, event: ReportEvent) -> ReportAnswer {
        let (worker, report) =
            (worker.to_owned(), Box::new(Report { attempt: attempt.clone(), event, log_end: None, log_file: None }));
        let ticket = self.ask(|ticket| Event::Report { ticket, worker, report });
        match self.answer(ticket) {
            Some(Answer::Report(answer)) => answer,
            other => panic!("not an answer to a report: {other:?}"),
        }
    }

    pub(crate) fn end(&mut self, worker: &str, attempt: &AttemptRef, end: AttemptEnd) -> ReportAnswer {
        self.report(worker, attempt, ReportEvent::Ended { end, survivors: false })
    }

    pub(crate) fn job(&self, number: u64) -> &JobRecord {
        self.state.job(id(number)).expect("no such job")
    }
}

pub(crate) fn at(clock: Duration) -> Now {
    let wall =
        Timestamp::from_second(1_790_000_000).expect("a time") + jiff::SignedDuration::try_from(clock).expect("short");
    Now { clock, wall }
}
