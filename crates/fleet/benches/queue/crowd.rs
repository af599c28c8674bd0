//! Many jobs and many workers without a tool, and what a process takes meanwhile.
#![expect(clippy::unwrap_used, reason = "a failing bench has nobody to tell")]

use super::plain::{job, worker};
use futures::StreamExt;
use samepath_fleet::{Fleet, Update, WorkerSession};
use samepath_wire::*;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// Submitted at a time.
pub(crate) const AT_A_TIME: usize = 256;

pub(crate) fn told(what: &str, figure: &str) {
    println!("{what:<55} {figure}");
}

pub(crate) fn rate(count: u64, began: Instant) -> String {
    let seconds = began.elapsed().as_secs_f64();
    format!("{:.0}/s ({seconds:.1} s)", count as f64 / seconds)
}

/// Processor time that a process has taken so far, as Linux counts it: in hundredths of a second.
pub(crate) fn processor(process: u32) -> Option<Duration> {
    let stat = fs_err::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let mut next = || fields.next()?.parse::<u64>().ok();
    Some(Duration::from_millis(10 * (next()? + next()?)))
}

/// Memory of a process, as Linux counts it.
pub(crate) fn memory(process: u32) -> String {
    let file = format!("/proc/{process}/smaps_rollup");
    let smaps = fs_err::read_to_string(file).unwrap_or_default();
    let mib = |name: &str| {
        let line = smaps.lines().find_map(|line| line.strip_prefix(name))?;
        Some(line.trim().trim_end_matches(" kB").parse::<f64>().ok()? / 1024.0)
    };
    match (mib("Rss:"), mib("Pss:")) {
        (Some(rss), Some(pss)) => format!("{rss:.0} MiB (of its own {pss:.0})"),
        _ => "not known here".to_owned(),
    }
}

pub(crate) async fn submit(fleet: &Fleet, numbers: std::ops::Range<u64>) {
    let submitted =
        futures::stream::iter(numbers).map(|number| async move { fleet.submit(&job(number)).await.unwrap() });
    submitted.buffer_unordered(AT_A_TIME).for_each(|_| async {}).await;
}

/// Has them say that they are there, until the fleet sees all of them.
pub(crate) async fn online(fleet: &Fleet, sessions: &[WorkerSession]) {
    for session in sessions {
        session.advertise(worker(session.worker()));
    }
    let (mut seen, mut there) = (fleet.workers(), std::collections::BTreeSet::new());
    while there.len() < sessions.len() {
        match seen.next().await.unwrap() {
            Update::Put(id, _) => drop(there.insert(id)),
            Update::Gone(id) => drop(there.remove(&id)),
            Update::Reset => there.clear(),
            Update::Current => {}
        }
    }
}

/// The workers work until so many jobs have ended.
pub(crate) async fn work(sessions: Vec<WorkerSession>, jobs: u64) {
    let (ended, mut news) = mpsc::unbounded_channel();
    let working: Vec<_> = sessions.into_iter().map(|session| tokio::spawn(work_on(session, ended.clone()))).collect();
    for _ in 0..jobs {
        news.recv().await.unwrap();
    }
    working.iter().for_each(|work| work.abort());
}

async fn work_on(session: WorkerSession, ended: mpsc::UnboundedSender<()>) {
    loop {
        let given = match session.claim(&Claim { holds: Vec::new(), wants: true }).await {
            Ok(answer) => answer.assignment,
            Err(error) if error.is_passing() => None,
            Err(error) => panic!("{error}"),
        };
        let Some(given) = given else { continue };
        let attempt = AttemptRef { job: given.job.id, attempt: given.attempt };
        let confirm = Confirm { attempt: attempt.clone(), epoch: given.epoch };
        if !session.confirm(&confirm).await.is_ok_and(|answer| answer == ConfirmAnswer::Go) {
            continue;
        }
        let event =
            ReportEvent::Ended { end: AttemptEnd::Succeeded { outputs: Manifest::default() }, survivors: false };
        let report = Report { attempt, event, log_end: None, log_file: None };
        if session.report(&report).await.unwrap() == ReportAnswer::Accepted && ended.send(()).is_err() {
            return;
        }
    }
}
