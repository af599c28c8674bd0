//! Everything is killed, again and again at random moments, while jobs flow. In the end what is promised must hold: every job
//! ended, once; no two tries of one shared an output folder while both ran; what counts is of the try that won; nothing runs on.
//!
//! `SAMEPATH_STRESS_KILLS` says how often, `SAMEPATH_STRESS_SEED` repeats the choices of a run (not its timing).
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod check;
mod lab;

use fastrand::Rng;
use lab::{Lab, Target};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Kills in a usual run, and jobs that are on their way at the same time.
const KILLS: usize = 25;
const JOBS_AT_ONCE: usize = 6;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().filter(|text| !text.is_empty()).map(|text| text.parse().expect(name))
}

#[test]
fn whatever_is_killed_whenever_every_job_ends_once() {
    let kills = number("SAMEPATH_STRESS_KILLS").map_or(KILLS, |kills| usize::try_from(kills).unwrap());
    let seed = number("SAMEPATH_STRESS_SEED").unwrap_or_else(|| fastrand::u64(..1_000_000));
    println!("{kills} kills with SAMEPATH_STRESS_SEED={seed}");
    let mut random = Rng::with_seed(seed);
    let began = Instant::now();
    let mut lab = Lab::new();
    let mut killed: BTreeMap<Target, usize> = BTreeMap::new();
    while killed.values().sum::<usize>() < kills {
        while lab.on_their_way() < JOBS_AT_ONCE {
            lab.submit(random.u32(1..15));
        }
        std::thread::sleep(Duration::from_millis(random.u64(10..300)));
        let target = *random.choice(&Target::ALL).unwrap();
        if lab.kill(target, &mut random) {
            *killed.entry(target).or_default() += 1;
        }
        if random.u8(..10) == 0 {
            lab.order(if random.bool() { "stop" } else { "kill" }, &mut random);
        }
        if random.u8(..10) < 7 {
            lab.start_what_is_missing();
        }
    }
    lab.start_what_is_missing();
    lab.until_all_have_ended();
    let found = check::all(lab);
    println!("killed {killed:?}\n{found}\nin {:?}", began.elapsed());
}
