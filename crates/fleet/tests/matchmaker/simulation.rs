//! Random schedules: submits, claims, lost answers, repeated reports, deaths of workers, restarts of the matchmaker, jumps of time.
//! After every step the invariants hold, and in the end every job that somebody can serve has ended.

use crate::samples::*;
use proptest::prelude::*;
use samepath_fleet::matchmaker::{Event, Order, Ticket};
use samepath_wire::*;
use std::collections::{BTreeMap, BTreeSet};

const WORKERS: usize = 3;

#[derive(Debug, Clone)]
enum Step {
    Submit {
        number: u64,
        member: u8,
    },
    Order {
        number: u64,
        order: u8,
    },
    Claim {
        worker: usize,
        answer_lost: bool,
    },
    /// Confirm what was assigned; the answer may be lost.
    Confirm {
        worker: usize,
        answer_lost: bool,
    },
    Report {
        worker: usize,
        what: u8,
        repeat: bool,
    },
    /// The process and its guards are gone.
    Die {
        worker: usize,
    },
    /// Nothing goes through for a while, while the guard goes on.
    Offline {
        worker: usize,
    },
    Online {
        worker: usize,
    },
    Restart,
    Pass {
        seconds: u64,
    },
    Sleep,
}

fn step() -> impl Strategy<Value = Step> {
    let worker = || 0..WORKERS;
    prop_oneof![
        3 => (1..4u64, 0..2u8).prop_map(|(number, member)| Step::Submit { number, member }),
        1 => (1..4u64, 0..3u8).prop_map(|(number, order)| Step::Order { number, order }),
        8 => (worker(), proptest::bool::weighted(0.2)).prop_map(|(worker, answer_lost)| Step::Claim { worker, answer_lost }),
        6 => (worker(), proptest::bool::weighted(0.2)).prop_map(|(worker, answer_lost)| Step::Confirm { worker, answer_lost }),
        6 => (worker(), 0..12u8, any::<bool>()).prop_map(|(worker, what, repeat)| Step::Report { worker, what, repeat }),
        1 => worker().prop_map(|worker| Step::Die { worker }),
        1 => worker().prop_map(|worker| Step::Offline { worker }),
        2 => worker().prop_map(|worker| Step::Online { worker }),
        1 => Just(Step::Restart),
        3 => (1..40u64).prop_map(|seconds| Step::Pass { seconds }),
        1 => (250..700u64).prop_map(|seconds| Step::Pass { seconds }),
        1 => Just(Step::Sleep),
    ]
}

/// A worker as it is in truth, whatever the matchmaker believes.
#[derive(Debug, Default)]
struct Truth {
    online: bool,
    ticket: Option<Ticket>,
    /// Given, not confirmed.
    given: Option<Assignment>,
    /// What its guards run: where each writes.
    runs: BTreeMap<AttemptRef, String>,
    /// Ended, told, and still named: its next claim was made before the answer came.
    late: Vec<AttemptRef>,
}

struct World {
    bench: Bench,
    workers: Vec<Truth>,
    before: BTreeMap<JobId, JobRecord>,
    retried: BTreeSet<JobId>,
    /// Where something that no guard could end may still write.
    ghosts: BTreeSet<(JobId, String)>,
    epoch: u64,
}

impl World {
    fn new() -> Self {
        let mut world = Self {
            bench: Bench::new(),
            workers: (0..WORKERS).map(|_| Truth::default()).collect(),
            before: BTreeMap::new(),
            retried: BTreeSet::new(),
            ghosts: BTreeSet::new(),
            epoch: 0,
        };
        for at in 0..WORKERS {
            world.do_step(&Step::Online { worker: at });
        }
        world
    }

    fn do_step(&mut self, step: &Step) {
        match *step {
            Step::Submit { number, member } => {
                let submitted_by = ["amick", "tom"][usize::from(member)].to_owned();
                self.bench.submit(Job { submitted_by, ..job(number) }).expect("a good job was refused");
            }
            Step::Order { number, order } => {
                let order = [Order::Stop, Order::Kill, Order::Retry][usize::from(order)];
                if let Ok(record) = self.bench.order(number, order)
                    && order == Order::Retry
                {
                    self.retried.insert(record.job.id);
                }
            }
            Step::Claim { worker, answer_lost } => self.claim(worker, answer_lost),
            Step::Confirm { worker, answer_lost } => self.confirm(worker, answer_lost),
            Step::Report { worker, what, repeat } => self.report(worker, what, repeat),
            Step::Die { worker } => {
                self.workers[worker] = Truth::default();
                self.bench.handle(Event::WorkerGone(name(worker)));
            }
            Step::Offline { worker } => {
                self.workers[worker].online = false;
                self.workers[worker].ticket = None;
                self.bench.handle(Event::WorkerGone(name(worker)));
            }
            Step::Online { worker } => {
                self.workers[worker].online = true;
                self.advertise(worker);
            }
            Step::Restart => {
                self.bench.restart();
                for at in 0..WORKERS {
                    self.workers[at].ticket = None;
                    if self.workers[at].online {
                        self.advertise(at);
                    }
                }
            }
            Step::Pass { seconds } => {
                for second in 0..seconds {
                    self.bench.pass(1);
                    for at in 0..WORKERS {
                        if second % 5 == 0 && self.workers[at].online {
                            self.advertise(at);
                        }
                    }
                }
            }
            Step::Sleep => self.bench.now += std::time::Duration::from_secs(9000),
        }
        self.collect();
        self.check();
    }

    fn advertise(&mut self, at: usize) {
        let holds = self.workers[at].runs.keys().cloned().collect();
        self.bench.online(Worker { holds, ..worker(&name(at)) });
    }

    fn claim(&mut self, at: usize, answer_lost: bool) {
        if !self.workers[at].online || self.workers[at].given.is_some() {
            return;
        }
        let mut holds: Vec<AttemptRef> = self.workers[at].runs.keys().cloned().collect();
        holds.append(&mut self.workers[at].late);
        let ticket = self.bench.claim(&name(at), &holds, holds.is_empty());
        self.workers[at].ticket = (!answer_lost).then_some(ticket);
    }

    /// Workers take the answers that have come.
    fn collect(&mut self) {
        for at in 0..WORKERS {
            let Some(ticket) = self.workers[at].ticket else { continue };
            let Some(answer) = self.bench.claimed(ticket) else { continue };
            self.workers[at].ticket = None;
            for forget in answer.forget {
                self.workers[at].runs.remove(&forget);
            }
            self.workers[at].given = answer.assignment;
        }
    }

    fn confirm(&mut self, at: usize, answer_lost: bool) {
        if !self.workers[at].online {
            return;
        }
        let Some(given) = self.workers[at].given.take() else { return };
        let attempt = AttemptRef { job: given.job.id, attempt: given.attempt };
        let answer = self.bench.confirm(&name(at), &attempt, given.epoch);
        if answer == ConfirmAnswer::Go && !answer_lost {
            let folder = if given.own_output { format!("out/attempt-{}", given.attempt) } else { "out".to_owned() };
            self.workers[at].runs.insert(attempt, folder);
        }
    }

    fn report(&mut self, at: usize, what: u8, repeat: bool) {
        if !self.workers[at].online {
            return;
        }
        let Some(attempt) = self.workers[at].runs.keys().next().cloned() else { return };
        let end = |end| ReportEvent::Ended { end, survivors: false };
        let event = match what {
            0 => ReportEvent::Checking,
            1 | 2 => ReportEvent::Running,
            3 => ReportEvent::Progress { progress: Progress { percent: Some(3.0), status: None, at: None } },
            4 => end(succeeded()),
            5 => end(AttemptEnd::Failed { failure: failure(Cause::ExitCode, "ended with 1") }),
            8 | 9 => end(AttemptEnd::Lost { reason: "something of it hangs".into(), proved: false }),
            6 | 10.. => end(AttemptEnd::Lost { reason: "killed".into(), proved: true }),
            7 => end(AttemptEnd::Cancelled { outputs: Manifest::default() }),
        };
        let ended = matches!(event, ReportEvent::Ended { .. });
        let answer = self.bench.report(&name(at), &attempt, event.clone());
        if repeat {
            let before = self.bench.written.clone();
            assert_eq!(self.bench.report(&name(at), &attempt, event), answer);
            assert_eq!(self.bench.written, before, "a repeated report changed something");
        }
        if ended || answer == ReportAnswer::Superseded {
            let folder = self.workers[at].runs.remove(&attempt);
            if matches!(what, 8 | 9) && answer == ReportAnswer::Accepted {
                self.ghosts.extend(folder.map(|folder| (attempt.job, folder)));
                self.workers[at].late.push(attempt);
            }
        }
    }

    fn check(&mut self) {
        assert!(self.bench.state.epoch() >= self.epoch);
        self.epoch = self.bench.state.epoch();
        // What is believed is what was written.
        assert_eq!(self.bench.state.jobs().count(), self.bench.written.len());
        let mut folders = BTreeSet::new();
        for (at, truth) in self.workers.iter().enumerate() {
            for (attempt, folder) in &truth.runs {
                assert!(folders.insert((attempt.job, folder)), "{} shares {folder} with another", name(at));
                let ghost = self.ghosts.contains(&(attempt.job, folder.clone()));
                assert!(!ghost, "{} writes to {folder}, where something else may write", name(at));
            }
        }
        let mut live = BTreeSet::new();
        for (id, record) in &self.bench.written {
            assert_eq!(self.bench.state.job(*id), Some(record));
            let numbers: Vec<u32> = record.attempts.iter().map(|attempt| attempt.number).collect();
            assert_eq!(numbers, (1..=record.attempts.len() as u32).collect::<Vec<_>>());
            let unended: Vec<&Attempt> =
                record.attempts.iter().filter(|attempt| attempt.state != AttemptState::Ended).collect();
            assert!(unended.len() <= 1, "{record:?}");
            if let Some(attempt) = unended.first() {
                assert_eq!(attempt.number, record.attempts.len() as u32);
                assert!(live.insert(attempt.worker.clone()), "two attempts at {}", attempt.worker);
                assert!(matches!(record.state, JobState::Assigned | JobState::Checking | JobState::Running));
            } else {
                assert!(record.state.is_ended() || record.state == JobState::Queued);
            }
            let losses = record.attempts.iter().filter(|attempt| {
                attempt.number > record.retried_after && matches!(attempt.end, Some(AttemptEnd::Lost { .. }))
            });
            let losses = losses.count();
            assert!(losses <= 3 && (losses < 3 || record.state.is_ended()), "{record:?}");
            assert_eq!(record.history.last().map(|change| change.state), Some(record.state));
            if let Some(before) = self.before.get(id).filter(|before| before.state.is_ended()) {
                assert!(before == record || self.retried.contains(id), "an ended job changed: {before:?} {record:?}");
            }
            // Where somebody who could serve it asks, nothing waits.
            if record.state == JobState::Queued {
                let idle = (0..WORKERS).find(|at| {
                    self.workers[*at].online
                        && self.workers[*at].ticket.is_some()
                        && self.bench.state.is_asking(&name(*at))
                });
                assert_eq!(idle, None, "{record:?} waits while somebody asks");
            }
        }
        self.before = self.bench.written.clone();
        self.retried.clear();
    }

    /// From here on nothing goes wrong: whatever waits or runs must end.
    fn finish(&mut self) {
        for at in 0..WORKERS {
            self.do_step(&Step::Online { worker: at });
        }
        for _ in 0..60 {
            if self.bench.state.jobs().all(|record| record.state.is_ended()) {
                return;
            }
            for worker in 0..WORKERS {
                self.do_step(&Step::Claim { worker, answer_lost: false });
                self.do_step(&Step::Confirm { worker, answer_lost: false });
                self.do_step(&Step::Report { worker, what: 4, repeat: true });
            }
            self.do_step(&Step::Pass { seconds: 6 });
        }
        panic!("stuck: {:#?}", self.bench.written);
    }
}

fn name(at: usize) -> String {
    format!("gpu-{at}")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_lost_done_twice_or_stuck(steps in proptest::collection::vec(step(), 0..120)) {
        let mut world = World::new();
        for step in &steps {
            world.do_step(step);
        }
        world.finish();
    }
}
