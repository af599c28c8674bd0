//! What a worker says of its GPUs, and whether somebody else uses them.

use super::presence::Presence;
use crate::gpus;
use samepath_storage::helper::Helper;
use samepath_wire::Gpu;
use std::future::pending;
use std::time::Duration;
use tokio::task::spawn_blocking;
use tokio::time::sleep;

/// Between two looks.
const LOOK: Duration = Duration::from_secs(10);
/// How much busier or less busy, in percent, one has to be for everybody to be told.
const WORTH_TELLING: u8 = 5;

/// Keeps what is said of the GPUs true until dropped. Where there is no driver it looks once.
pub(super) async fn keep(presence: &Presence, helper: &Helper) {
    loop {
        let was_idle = presence.is_idle();
        let helper = helper.clone();
        match spawn_blocking(move || gpus::ask(&helper)).await {
            Ok(Ok(Some(seen))) => presence.see_gpus(seen, was_idle),
            Ok(Ok(None)) => pending().await,
            // What was seen before is not known to be gone.
            Ok(Err(error)) => tracing::warn!(%error, "the GPUs cannot be looked at"),
            Err(error) => tracing::error!(%error, "the GPUs cannot be looked at"),
        }
        sleep(LOOK).await;
    }
}

/// What is to be told now, after `before`. Only while the worker is `idle` is it known that whoever uses a GPU is none of its jobs.
pub(super) fn told(before: &[Gpu], mut seen: Vec<Gpu>, idle: bool) -> Vec<Gpu> {
    for (index, gpu) in seen.iter_mut().enumerate() {
        let before = before.get(index).filter(|before| before.name == gpu.name);
        if !idle {
            gpu.taken = before.and_then(|before| before.taken.clone());
        }
        if let Some((was, is)) = before.and_then(|before| before.busy).zip(gpu.busy)
            && was.abs_diff(is) < WORTH_TELLING
        {
            gpu.busy = Some(was);
        }
    }
    seen
}

#[cfg(test)]
mod tests {
    use super::*;
    use samepath_wire::GpuUse;

    fn gpu(busy: u8, taken: bool) -> Gpu {
        let by = GpuUse { user: Some("tom".into()), program: Some("python".into()), memory: 21_000 };
        Gpu { name: "NVIDIA A40".into(), memory: 46_068, busy: Some(busy), taken: taken.then_some(by) }
    }

    #[test]
    fn a_job_of_ones_own_takes_nothing_and_small_changes_are_not_told() {
        assert_eq!(told(&[], vec![gpu(3, true)], true), [gpu(3, true)]);
        assert_eq!(told(&[], vec![gpu(3, true)], false), [gpu(3, false)], "it may be the job");
        assert_eq!(told(&[gpu(3, false)], vec![gpu(97, true)], false), [gpu(97, false)]);
        assert_eq!(told(&[gpu(3, true)], vec![gpu(97, true)], false), [gpu(97, true)], "who was there stays there");
        assert_eq!(told(&[gpu(90, true)], vec![gpu(94, false)], true), [gpu(90, false)]);
        assert_eq!(told(&[gpu(90, false)], vec![gpu(95, false)], true), [gpu(95, false)]);
        assert_eq!(told(&[gpu(90, false)], Vec::new(), true), [], "it fell off its bus");
    }
}
