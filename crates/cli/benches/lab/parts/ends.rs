//! What ends before its time: how soon its job goes on, on another worker, or with the next of the same name.

use super::common::Process;
use super::common::lab::{Computer, Lab};
use super::desk::{aside, fleet_of, job_until, lines_of, member, window, worker_until};
use super::figures::{at, now, stamp, tell};
use super::kinds::script;
use super::person::submit;
use rustix::process::Signal;
use samepath_app::App;
use std::time::Duration;
use tokio::runtime::Runtime;

const ROUNDS: usize = 12;

/// A job type whose tool prints when it runs, and stays until it is let go.
pub(crate) const STAYS: &str = "stays";

/// A lab with a job type whose tool stays.
pub(crate) fn lab() -> Lab {
    let lab = Lab::new();
    let go = lab.home.text("go");
    let stays = script(STAYS, &format!("date +%s%N; while [ ! -e '{go}' ]; do sleep 0.05; done"));
    lab.home.write("kinds/stays.yaml", stays);
    lab
}

/// A worker of a lab, in a process of its own.
pub(crate) fn worker<'a>(lab: &'a Lab, name: &'static str) -> (Computer<'a>, Process) {
    let computer = lab.computer(name);
    computer.join(&lab.invite("worker", name));
    let process = computer.worker();
    (computer, process)
}

/// The guard and the tool of the try that runs.
pub(crate) fn guard_and_tool(computer: &Computer<'_>, id: &str) -> (Vec<i32>, Vec<i32>) {
    let folder = format!("{id}.");
    let has = |process: &i32| {
        let files = std::fs::read_dir(format!("/proc/{process}/fd")).into_iter().flatten();
        let mut links = files.filter_map(|file| std::fs::read_link(file.ok()?.path()).ok());
        links.any(|link| link.display().to_string().contains(&folder) && link.ends_with("lock"))
    };
    (computer.processes().into_iter().filter(has).collect(), computer.home.tools(id))
}

/// A job that runs; who has it.
pub(crate) async fn running(app: &App, attempt: u32, id: Option<&str>) -> (String, String) {
    let id = match id {
        Some(id) => id.to_owned(),
        None => submit(app, STAYS, &[]).await.id,
    };
    let job = job_until(app, &id, |job| job.state == "running" && job.attempts == attempt).await;
    (id, job.worker.expect("a worker"))
}

/// A guard is killed, and with it its tool: the job is tried again. A tool is killed: the job has failed.
pub(crate) fn bench(runtime: &Runtime) {
    let lab = lab();
    let desk = member(&lab, "desk");
    let workers = ["gpu-1", "gpu-2"].map(|name| worker(&lab, name));
    runtime.block_on(async {
        let (app, fleet) = (window(&desk, 2, STAYS).await, fleet_of(&desk, "member").await);
        let (mut retried, mut noticed, mut failed, mut floor, mut elsewhere) = (vec![], vec![], vec![], vec![], 0);
        for _ in 0..ROUNDS {
            let (id, first) = running(&app, 1, None).await;
            let on = &workers.iter().find(|(computer, _)| computer.name == first).expect("one of them").0;
            let (guards, _) = aside(|| guard_and_tool(on, &id));
            let [guard] = guards[..] else { panic!("{guards:?} are guards of {id}") };
            let killed = now();
            super::common::send(guard, Signal::KILL);
            let (_, second) = running(&app, 2, Some(&id)).await;
            elsewhere += usize::from(second != first);
            let again = stamp(&lines_of(&fleet, &id, 2, 1).await[0]).expect("a time");
            retried.push(again.saturating_sub(killed));
            let on = &workers.iter().find(|(computer, _)| computer.name == second).expect("one of them").0;
            let (_, tools) = aside(|| guard_and_tool(on, &id));
            let killed = now();
            tools.iter().for_each(|tool| super::common::send(*tool, Signal::KILL));
            job_until(&app, &id, |job| job.state == "failed").await;
            failed.push(now().saturating_sub(killed));
            let (took, saw) = bare();
            floor.push(took);
            noticed.push(saw);
        }
        let beside = "a killed process, waited for, and a bare start of the same tool";
        tell("a killed guard, until the job's tool runs again", &mut retried, beside, &mut floor);
        println!("  on another worker: {elsewhere} of {ROUNDS}");
        tell(
            "a killed tool, until a member sees that the job failed",
            &mut failed,
            "a killed process, waited for",
            &mut noticed,
        );
        app.shut_down().await;
        fleet.close().await;
    });
    drop(workers);
    lab.stop();
}

/// From a kill until the same is started again, and until its end is noticed.
fn bare() -> (Duration, Duration) {
    let mut sleeps = std::process::Command::new("sleep").arg("60").spawn().expect("it starts");
    let begun = now();
    sleeps.kill().expect("it lives");
    sleeps.wait().expect("it ends");
    let noticed = now().saturating_sub(begun);
    let printed = std::process::Command::new("date").arg("+%s%N").output().expect("it starts").stdout;
    let again = stamp(&String::from_utf8_lossy(&printed)).expect("a time");
    (again.saturating_sub(begun), noticed)
}

/// A worker is killed, and the next of its name finds its job.
pub(crate) fn successor(runtime: &Runtime) {
    for pause in [Duration::ZERO, Duration::from_secs(4)] {
        let lab = lab();
        let desk = member(&lab, "desk");
        let (gpu, mut process) = worker(&lab, "gpu-1");
        let (mut found, mut floor) = (Vec::new(), Vec::new());
        runtime.block_on(async {
            let (app, fleet) = (window(&desk, 1, STAYS).await, fleet_of(&desk, "member").await);
            let (id, _) = running(&app, 1, None).await;
            for _ in 0..ROUNDS / 2 {
                let before = worker_until(&fleet, "gpu-1", |_| true).await.started_at;
                aside(|| process.end());
                tokio::time::sleep(pause).await;
                let begun = now();
                let kinds = lab.home.text("kinds");
                process = Process::start(&mut gpu.command(&["worker", "--kinds", &kinds]));
                worker_until(&fleet, "gpu-1", |worker| {
                    worker.started_at != before && worker.holds.iter().any(|held| held.job.to_string() == id)
                })
                .await;
                found.push(now().saturating_sub(begun));
                let begun = now();
                // A command of the same lab: it comes in, hears of the workers, and ends.
                assert_eq!(aside(|| desk.ask(&["workers"])).status, Some(0));
                floor.push(now().saturating_sub(begun));
            }
            aside(|| lab.home.go());
            job_until(&app, &id, |job| job.ended_at.is_some()).await;
            app.shut_down().await;
            fleet.close().await;
        });
        let what = format!("a killed worker, started again after {pause:?}, until it is seen to have its job");
        tell(&what, &mut found, "a command that joins the lab", &mut floor);
        println!("  the longest {:.2?}", at(&mut found, 100));
        drop(process);
        lab.stop();
    }
}
