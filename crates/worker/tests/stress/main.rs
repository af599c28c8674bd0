//! Everything is killed, again and again at random moments, while jobs flow. At any moment, and in the end, what is promised must
//! hold (`rules.rs`): every job ends, once; no two tries of one share an output folder while both run; what counts is of the try that
//! won; nothing runs on.
//!
//! `SAMEPATH_STRESS_KILLS` says how often, `SAMEPATH_STRESS_JOBS` with how many jobs in a lab, `SAMEPATH_STRESS_SECONDS` for how long
//! at most they are given out there, `SAMEPATH_STRESS_SEED` repeats the choices of a run (not its timing).
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod aim;
mod check;
mod forged;
mod hubs;
mod lab;
mod rules;

use aim::Moment;
use fastrand::Rng;
use lab::{Lab, Target};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Kills in a usual run, and jobs that are on their way at the same time.
const KILLS: usize = 25;
const JOBS_AT_ONCE: usize = 6;
/// In a lab: jobs in a usual run, and the time between two faults, in milliseconds.
const JOBS: usize = 120;
/// For how long nothing more breaks where no job ends.
const STANDSTILL: Duration = Duration::from_secs(30);
/// Between two words of a long run.
const TELL: Duration = Duration::from_secs(300);
const CALM: std::ops::Range<u64> = 2_000..8_000;

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
    let mut lab = Lab::here();
    let mut killed: BTreeMap<Target, usize> = BTreeMap::new();
    let mut aimed: BTreeMap<Moment, usize> = BTreeMap::new();
    while killed.values().chain(aimed.values()).sum::<usize>() < kills {
        while lab.on_their_way() < JOBS_AT_ONCE {
            lab.submit(random.u32(1..15));
        }
        if random.u8(..3) == 0 {
            let moment = *random.choice(&Moment::ALL).unwrap();
            if lab.aim(moment, &mut random) {
                *aimed.entry(moment).or_default() += 1;
            }
        } else {
            std::thread::sleep(Duration::from_millis(random.u64(10..300)));
            let target = *random.choice(&Target::HERE).unwrap();
            if lab.kill(target, &mut random) {
                *killed.entry(target).or_default() += 1;
            }
        }
        lab.look();
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
    println!("killed {killed:?}, and when it mattered {aimed:?}\n{found}\nin {:?}", began.elapsed());
}

#[test]
fn whatever_breaks_in_a_lab_every_job_ends_once() {
    let jobs = number("SAMEPATH_STRESS_JOBS").map_or(JOBS, |jobs| usize::try_from(jobs).unwrap());
    let most = number("SAMEPATH_STRESS_SECONDS").map_or(Duration::MAX, Duration::from_secs);
    let seed = number("SAMEPATH_STRESS_SEED").unwrap_or_else(|| fastrand::u64(..1_000_000));
    println!("{jobs} jobs with SAMEPATH_STRESS_SEED={seed}");
    let mut random = Rng::with_seed(seed);
    let began = Instant::now();
    let mut told = began;
    let mut lab = Lab::in_a_lab();
    let mut broken: BTreeMap<Target, usize> = BTreeMap::new();
    let mut aimed: BTreeMap<(Moment, &str), usize> = BTreeMap::new();
    let twice = lab.begin_twice();
    let mut ran_twice = false;
    let (mut next, mut before) = (began, 0);
    while !ran_twice || lab.jobs.len() < jobs && began.elapsed() < most {
        while lab.on_their_way() < 2 * JOBS_AT_ONCE && lab.jobs.len() < jobs {
            // Most are over at once, some outlast a line that is cut, a few a lease.
            lab.submit(match random.u8(..100) {
                0 => random.u32(60..110),
                1..10 => random.u32(3..12),
                _ => random.u32(..2),
            });
        }
        std::thread::sleep(Duration::from_millis(10));
        // Until two tries of the first job have worked at the same time nothing else breaks.
        if !ran_twice {
            ran_twice = lab.run_twice(&twice);
            continue;
        }
        lab.mend(false);
        // What died comes back within the second, mostly.
        if random.u8(..30) == 0 {
            lab.start_what_is_missing();
        }
        // Where other programs have the processor, what broke takes longer to come back than the next thing to break.
        let over = lab.jobs.len() - lab.on_their_way();
        if Instant::now() < next || over == before && Instant::now() < next + STANDSTILL {
            continue;
        }
        before = over;
        next = Instant::now() + Duration::from_millis(random.u64(CALM));
        let moment = *random.choice(&Moment::ALL).unwrap();
        match random.u8(..4) {
            0 if lab.aim(moment, &mut random) => *aimed.entry((moment, "killed")).or_default() += 1,
            1 if lab.aim_and_cut_off(moment) => *aimed.entry((moment, "cut off")).or_default() += 1,
            _ => {
                let target = *random.choice(&Target::LAB).unwrap();
                if lab.kill(target, &mut random) {
                    *broken.entry(target).or_default() += 1;
                }
            }
        }
        if random.u8(..10) == 0 {
            lab.order(if random.bool() { "stop" } else { "kill" }, &mut random);
        }
        lab.look();
        if told.elapsed() > TELL {
            told = Instant::now();
            println!("{} of {jobs} jobs submitted after {:?}, broken {broken:?}", lab.jobs.len(), began.elapsed());
        }
    }
    println!("{} were submitted after {:?}", lab.jobs.len(), began.elapsed());
    lab.until_all_have_ended();
    let found = check::all(lab);
    println!("broken {broken:?}, and when it mattered {aimed:?}\n{found}\nin {:?}", began.elapsed());
    // The first job has seen to it.
    assert!(found.lost_unproved > 0 && found.overlaps > 0, "the rules were not put to the test");
}
