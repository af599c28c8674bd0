//! Whatever is in a record and whatever workers say: what is written fits the bus.

use crate::samples::*;
use proptest::prelude::*;
use samepath_fleet::bus::MAX_RECORD;
use samepath_fleet::matchmaker::{Order, State, Timing, check};
use samepath_wire::*;

/// Text of hostile length; control characters are six times as long in JSON.
fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![Just("x"), Just("\u{1}"), Just("ü"), Just("\""), Just("\u{1f980}")];
    let count = prop_oneof![4 => 0..20usize, 2 => 0..3_000usize, 1 => 0..70_000usize];
    (piece, count).prop_map(|(piece, count)| piece.repeat(count))
}

fn fail() -> impl Strategy<Value = Failure> {
    (text(), proptest::option::of(text())).prop_map(|(message, last_line)| Failure {
        cause: Cause::PathError,
        message,
        exit_code: Some(1),
        last_line,
    })
}

fn files() -> impl Strategy<Value = Manifest> {
    let file = |path| ManifestEntry { folder: 0, path, size: u64::MAX, modified: jiff::Timestamp::MAX };
    (0..1_000usize, 0..400usize, 0..8usize, text(), 0..40usize).prop_map(
        move |(count, length, folders, long, remarks)| Manifest {
            folders: vec![StoragePath::new("vast", "amick", &long); folders],
            files: (0..count).map(|at| file(format!("{at}{}", "p".repeat(length)))).collect(),
            remarks: vec![long; remarks],
            ..Manifest::default()
        },
    )
}

fn lost() -> impl Strategy<Value = AttemptEnd> {
    (text(), any::<bool>()).prop_map(|(reason, proved)| AttemptEnd::Lost { reason, proved })
}

fn end() -> impl Strategy<Value = AttemptEnd> {
    prop_oneof![
        files().prop_map(|outputs| AttemptEnd::Succeeded { outputs }),
        files().prop_map(|outputs| AttemptEnd::Cancelled { outputs }),
        fail().prop_map(|failure| AttemptEnd::Failed { failure }),
        fail().prop_map(|failure| AttemptEnd::Unfit { failure }),
        lost(),
    ]
}

/// As no matchmaker of ours ever wrote it.
fn hostile() -> impl Strategy<Value = JobRecord> {
    // Of what was written, the job's own list alone is long.
    let one = || (text(), text(), prop_oneof![fail().prop_map(|failure| AttemptEnd::Failed { failure }), lost()]);
    let attempts = proptest::collection::vec(one(), 0..40);
    let history = proptest::collection::vec(text(), 0..60);
    let excluded = proptest::collection::vec((text(), text(), fail()), 0..30);
    (text(), text(), text(), attempts, history, excluded, fail(), files()).prop_map(
        |(name, value, status, attempts, history, excluded, failure, outputs)| {
            let mut hostile = record(Job { name, ..job(1) }, 1);
            hostile.job.parameters.insert("X".into(), value.into());
            for (number, (worker, worker_name, end)) in (1..).zip(attempts) {
                hostile.attempts.push(Attempt {
                    number,
                    worker,
                    worker_name,
                    state: AttemptState::Ended,
                    assigned_at: jiff::Timestamp::MAX,
                    confirmed_at: Some(jiff::Timestamp::MAX),
                    ended_at: Some(jiff::Timestamp::MAX),
                    end: Some(end),
                    survivors: true,
                    log_file: Some(StoragePath::new("vast", "amick", "a".repeat(70_000))),
                    told: true,
                    own_output: true,
                });
            }
            let change = |reason| StateChange { state: JobState::Queued, at: jiff::Timestamp::MAX, reason };
            hostile.history = history.into_iter().map(change).collect();
            let exclude = |(worker, worker_name, failure)| Exclusion { worker, worker_name, failure };
            hostile.excluded = excluded.into_iter().map(exclude).collect();
            hostile.progress.status = Some(status);
            hostile.failure = Some(failure);
            hostile.outputs = Some(outputs);
            hostile
        },
    )
}

fn all_fit(bench: &Bench) {
    for record in bench.written.values() {
        let json = serde_json::to_vec(record).expect("written");
        assert!(json.len() <= MAX_RECORD, "{} bytes", json.len());
        assert_eq!(&serde_json::from_slice::<JobRecord>(&json).expect("read"), record);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn whatever_was_in_a_record_it_fits_when_it_is_written(hostile in hostile(), name in text(), order in 0..3u8) {
        let mut bench = Bench::new();
        bench.state = State::rebuild(9, Timing::default(), [hostile], at(bench.now));
        bench.online(Worker { name, ..worker("gpu-1") });
        let ticket = bench.claim("gpu-1", &[], true);
        let given = bench.claimed(ticket).and_then(|answer| answer.assignment);
        bench.order(1, [Order::Stop, Order::Kill, Order::Retry][usize::from(order)]).ok();
        all_fit(&bench);
        // What could not be kept whole has failed, says so, and is not run again.
        if bench.written.values().any(|record| record.job.version == 0) {
            let record = bench.job(1).clone();
            prop_assert_eq!(record.state, JobState::Failed);
            prop_assert!(record.failure.unwrap().message.contains("larger than the queue takes"));
            prop_assert!(bench.order(1, Order::Retry).unwrap_err().message.contains("submit it anew"));
            if let Some(given) = given {
                let attempt = AttemptRef { job: given.job.id, attempt: given.attempt };
                prop_assert_eq!(bench.confirm("gpu-1", &attempt, given.epoch), ConfirmAnswer::Withdrawn);
            }
        }
    }

    #[test]
    fn whatever_workers_say_of_a_good_job_it_is_kept_whole(
        value in 0..31_000usize,
        ends in proptest::collection::vec((end(), text(), text(), any::<bool>()), 1..40),
    ) {
        let mut bench = Bench::new();
        let mut good = job(1);
        good.parameters.insert("X".into(), "y".repeat(value).into());
        prop_assert_eq!(check(&good), Ok(()));
        bench.submit(good.clone()).unwrap();
        for (at, (end, name, status, stop)) in ends.into_iter().enumerate() {
            // A bus takes no longer name than this.
            let gpu = format!("{at:0>240}");
            bench.online(Worker { name, ..worker(&gpu) });
            let ticket = bench.claim(&gpu, &[], true);
            let Some(given) = bench.claimed(ticket).and_then(|answer| answer.assignment) else { break };
            let attempt = AttemptRef { job: given.job.id, attempt: given.attempt };
            prop_assert_eq!(bench.confirm(&gpu, &attempt, given.epoch), ConfirmAnswer::Go);
            let progress = Progress { percent: None, status: Some(status.clone()), at: None };
            bench.report(&gpu, &attempt, ReportEvent::Progress { progress });
            if stop {
                let member = status;
                bench.order_by(&member, None, 1, Order::Stop).ok();
            }
            prop_assert_eq!(bench.end(&gpu, &attempt, end), ReportAnswer::Accepted);
            all_fit(&bench);
            prop_assert_eq!(&bench.job(1).job, &good);
            bench.order(1, Order::Retry).ok();
            all_fit(&bench);
        }
    }
}
