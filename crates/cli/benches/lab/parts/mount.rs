//! A storage of a worker whose server falls silent: how soon every member sees it, and sees it come back.

use super::common::lab::Lab;
use super::desk::{aside, fleet_of, member, worker_until};
use super::figures::{at, now, tell};
use samepath_testkit::FuseMount;
use samepath_wire::{BackendState, Worker};
use std::time::Duration;
use tokio::runtime::Runtime;

const ROUNDS: u32 = 8;

pub(crate) fn bench(runtime: &Runtime) {
    let mount = FuseMount::writable(&[("amick/labels.slp", "…")]);
    let lab = Lab::new();
    let (desk, gpu) = (member(&lab, "desk"), lab.computer("gpu-1"));
    gpu.join(&lab.invite("worker", "gpu-1"));
    let config = format!("[storage.vast]\nbase_path = {}\n", serde_json::json!(mount.path()));
    lab.home.write("gpu-1/home/.sleap-rtc/config.toml", config);
    let worker = gpu.worker();
    runtime.block_on(async {
        let fleet = fleet_of(&desk, "member").await;
        let state = |worker: &Worker| worker.backends["vast"].state;
        let is_ready = |worker: &Worker| state(worker) == BackendState::Ready;
        let (mut gone, mut back, mut floor) = (Vec::new(), Vec::new(), Vec::new());
        worker_until(&fleet, "gpu-1", is_ready).await;
        for round in 0..ROUNDS {
            // At another moment between two looks each time.
            tokio::time::sleep(Duration::from_secs(3) + Duration::from_millis(370) * round).await;
            mount.stop();
            let stopped = now();
            let seen = worker_until(&fleet, "gpu-1", |worker| !is_ready(worker)).await;
            gone.push(now().saturating_sub(stopped));
            assert_eq!(state(&seen), BackendState::NotAnswering);
            tokio::time::sleep(Duration::from_millis(700)).await;
            mount.resume();
            let resumed = now();
            worker_until(&fleet, "gpu-1", is_ready).await;
            back.push(now().saturating_sub(resumed));
            floor.push(aside(|| {
                let begun = now();
                std::fs::read_dir(mount.path()).expect("answers").for_each(drop);
                now().saturating_sub(begun)
            }));
        }
        let beside = "a bare look into the folder, when it answers";
        tell("a storage falls silent, until members see it", &mut gone, beside, &mut floor);
        println!("  the longest {:.2?}; a look is given up after 3 s", at(&mut gone, 100));
        tell("it answers again, until members see it", &mut back, beside, &mut floor);
        println!("  the longest {:.2?}", at(&mut back, 100));
        fleet.close().await;
    });
    drop(worker);
    lab.stop();
}
