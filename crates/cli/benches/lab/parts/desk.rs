//! A member's computer, in this process.

use super::common::lab::{Computer, Lab};
use samepath_app::App;
use samepath_app::view::{JobView, Update};
use samepath_fleet::Fleet;
use samepath_fleet::lab::Membership;
use samepath_wire::{JobId, JobRecord, Worker};
use std::time::Duration;
use tokio::task::block_in_place;

/// For what must happen.
pub(crate) const SOON: Duration = Duration::from_secs(120);

/// The lab as this computer's programs see it, without a face.
pub(crate) async fn fleet_of(computer: &Computer<'_>, part: &str) -> Fleet {
    let key = computer.home.path(&format!("{}/data/lab/{part}.json", computer.name));
    let membership = Membership::kept(&key).expect("read").expect("has joined");
    Fleet::lab(&membership).await.expect("the lab answers")
}

/// A member has joined on this computer.
pub(crate) fn member<'a>(lab: &'a Lab, name: &'static str) -> Computer<'a> {
    let computer = lab.computer(name);
    computer.join(&lab.invite("member", "amick"));
    computer
}

/// A window on this computer, without a page, once these workers are ready and a job type is known.
pub(crate) async fn window(computer: &Computer<'_>, workers: usize, kind: &str) -> App {
    let app = App::for_window(computer.options()).await.expect("opens");
    app.keep_watch();
    let mut updates = app.watch();
    let ready = || {
        let workers_ready = app.workers().iter().filter(|it| it.storages.iter().any(|at| at.state == "ready")).count();
        workers_ready >= workers && app.kinds().iter().any(|known| known.name == kind)
    };
    tokio::time::timeout(SOON, async {
        while !ready() {
            updates.next().await.expect("the lab stays");
        }
    })
    .await
    .expect("the workers come");
    app
}

/// Until a job is like this.
pub(crate) async fn job_until(app: &App, id: &str, is: impl Fn(&JobView) -> bool) -> JobView {
    let mut updates = app.watch();
    tokio::time::timeout(SOON, async {
        loop {
            if let Update::Job(job) = updates.next().await.expect("the lab stays")
                && job.id == id
                && is(&job)
            {
                return *job;
            }
        }
    })
    .await
    .expect("the job's state")
}

/// What a try of a job has printed, once it has printed this many lines.
pub(crate) async fn lines_of(fleet: &Fleet, id: &str, attempt: u32, count: usize) -> Vec<String> {
    let id: JobId = id.parse().expect("an id");
    let mut log = fleet.log(id, attempt, 0).await.expect("a log");
    let mut lines = Vec::new();
    let read = async {
        while lines.len() < count {
            if let samepath_fleet::LogItem::Line(line) = log.next().await.expect("the log goes on")
                && line.stream != samepath_wire::Stream::Samepath
            {
                lines.push(line.text);
            }
        }
    };
    tokio::time::timeout(SOON, read).await.expect("its lines");
    lines
}

pub(crate) async fn record_of(fleet: &Fleet, id: &str) -> JobRecord {
    fleet.job(id.parse().expect("an id")).await.expect("a record")
}

/// Until a worker says of itself what is looked for.
pub(crate) async fn worker_until(fleet: &Fleet, name: &str, is: impl Fn(&Worker) -> bool) -> Worker {
    let mut workers = fleet.workers();
    tokio::time::timeout(SOON, async {
        loop {
            if let samepath_fleet::Update::Put(id, worker) = workers.next().await.expect("the lab stays")
                && id == name
                && is(&worker)
            {
                return worker;
            }
        }
    })
    .await
    .expect("what the worker says")
}

/// Does what blocks, beside what the runtime does.
pub(crate) fn aside<T>(work: impl FnOnce() -> T) -> T {
    block_in_place(work)
}
