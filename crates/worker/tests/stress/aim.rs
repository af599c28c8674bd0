//! Faults at moments that chance seldom finds: whoever is at such a moment is waited for, for a while.

use super::hubs::LEASE;
use super::lab::{Lab, end, kill};
use fastrand::Rng;
use rustix::process::{Pid, Signal, kill_process};
use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::{Duration, Instant};

/// For somebody to come to the moment.
const WAIT: Duration = Duration::from_millis(500);
/// For the jobs that are on their way to become fewer than workers.
const DRAINED: Duration = Duration::from_secs(5);
/// Between two looks: the moments are short.
const LOOK: Duration = Duration::from_micros(200);

/// For the first job to run, and again for its second try: where other tests have the processor, a lab takes its time.
const RUNS: Duration = Duration::from_secs(120);
/// For how long a worker's line is cut so that it loses a job that goes on.
const CUT_OFF: Duration = LEASE.saturating_add(Duration::from_secs(4));

/// A moment, and who dies at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Moment {
    /// A worker was given a job and has not confirmed it: the worker.
    Given,
    /// It has confirmed, and its guard is not there yet: the worker.
    Confirmed,
    /// The same moment: the guard, which knows its folder and has no tool.
    Begun,
    /// The tool has done its work, and the guard has not written so: the guard.
    Done,
    /// The end is written, and not recorded: the worker.
    Ended,
}

impl Moment {
    pub(crate) const ALL: [Self; 5] = [Self::Given, Self::Confirmed, Self::Begun, Self::Done, Self::Ended];
}

impl Lab {
    /// Waits for such a moment and strikes; whether somebody came to it.
    pub(crate) fn aim(&mut self, moment: Moment, random: &mut Rng) -> bool {
        if moment == Moment::Given {
            return self.strike_before_it_confirms(random);
        }
        within(WAIT, || match self.who_is_at(moment) {
            None => false,
            Some((_, dir)) if matches!(moment, Moment::Begun | Moment::Done) => self.kill_guard_of(&dir),
            Some((at, _)) => self.workers[at].take().map(end).is_some(),
        })
    }

    /// Likewise, and cuts the worker off instead, for longer than a lease: what it has is lost without proof, wherever it is by then.
    pub(crate) fn aim_and_cut_off(&mut self, moment: Moment) -> bool {
        within(WAIT, || self.who_is_at(moment).is_some_and(|(at, _)| self.cut_for(at, CUT_OFF)))
    }

    /// A worker at such a moment, and the folder of the attempt.
    fn who_is_at(&self, moment: Moment) -> Option<(usize, PathBuf)> {
        for at in 0..self.workers.len() {
            for dir in self.attempts_of(at) {
                let has = |name: &str| dir.join(name).exists();
                let is_now = match moment {
                    Moment::Confirmed => !has("log.jsonl") && !has("end.json"),
                    Moment::Begun => has("socket") && !has("tool.pid"),
                    Moment::Done => is_done(&dir) && !has("end.json"),
                    Moment::Ended => has("end.json"),
                    Moment::Given => false,
                };
                if is_now {
                    return Some((at, dir));
                }
            }
        }
        None
    }

    fn kill_guard_of(&self, dir: &Path) -> bool {
        let Ok(dir) = dir.canonicalize() else { return false };
        let guards = || self.guards_below(&dir).into_iter().map(|(id, _)| id).collect::<Vec<_>>();
        guards().into_iter().any(|id| kill(id, &|id| guards().contains(&id)))
    }

    /// A worker that waits for work is frozen, is given a job, and dies before it confirms.
    fn strike_before_it_confirms(&mut self, random: &mut Rng) -> bool {
        let drained = Instant::now() + DRAINED;
        while self.on_their_way() >= self.workers.len() && Instant::now() < drained {
            std::thread::sleep(Duration::from_millis(5));
        }
        // Whoever holds the queue would give out nothing.
        let holder = self.holder();
        let waits = |at: &usize| {
            let id = self.workers[*at].as_ref().map(Child::id);
            id.filter(|id| Some(*id) != holder && self.attempts_of(*at).is_empty())
        };
        let Some((at, id)) = (0..self.workers.len()).find_map(|at| Some((at, waits(&at)?))) else { return false };
        let (id, name) = (Pid::from_raw(id.cast_signed()).unwrap(), self.worker_id(at));
        kill_process(id, Signal::STOP).unwrap();
        // The others may be given the first ones.
        for _ in 0..=self.workers.len() {
            self.submit(random.u32(1..5));
        }
        let until = Instant::now() + WAIT;
        while Instant::now() < until {
            self.listen();
            if self.given.values().any(|attempt| Some(&attempt.worker) == name.as_ref()) {
                return self.workers[at].take().map(end).is_some();
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        kill_process(id, Signal::CONT).unwrap();
        false
    }

    /// Submits a job that works until two tries of it do, and cuts off whoever runs the first.
    pub(crate) fn begin_twice(&mut self) -> Twice {
        let job = self.submit_for(-2);
        let runs = |lab: &Self| {
            (0..lab.workers.len()).find(|at| lab.attempts_of(*at).iter().any(|dir| dir.join("tool.pid").exists()))
        };
        let until = Instant::now() + RUNS;
        let at = loop {
            match runs(self) {
                Some(at) => break at,
                None => assert!(Instant::now() < until, "nobody runs the job"),
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        self.cut_for(at, 2 * RUNS);
        Twice { job, until: Instant::now() + RUNS }
    }

    /// Lets the job end, and its first worker come back, once the second try works; whether it does.
    pub(crate) fn run_twice(&mut self, twice: &Twice) -> bool {
        let journal = fs_err::read_to_string(self.path("journal")).unwrap_or_default();
        if !journal.contains(&format!("{}.2 begin", twice.job)) {
            assert!(Instant::now() < twice.until, "the job was given to nobody else");
            return false;
        }
        self.look();
        fs_err::write(self.path("journal.go"), "").unwrap();
        self.mend(true);
        true
    }
}

/// A job that is lost without proof, and works twice at the same time.
pub(crate) struct Twice {
    job: String,
    until: Instant,
}

/// Whether it comes about in this time.
fn within(time: Duration, mut look: impl FnMut() -> bool) -> bool {
    let until = Instant::now() + time;
    while Instant::now() < until {
        if look() {
            return true;
        }
        std::thread::sleep(LOOK);
    }
    false
}

/// Whether the tool has said its last word.
fn is_done(dir: &Path) -> bool {
    std::fs::read_to_string(dir.join("log.jsonl")).is_ok_and(|log| log.contains(r#""text":"done""#))
}
