//! Times, and how they are told: each beside its floor.

use std::process::Command;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The time since 1970, as `date +%s%N` tells it.
pub(crate) fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970")
}

/// What `date +%s%N` printed, if it is that.
pub(crate) fn stamp(text: &str) -> Option<Duration> {
    text.trim().parse().ok().map(Duration::from_nanos)
}

/// How long it takes until the tool that prints the time runs, started by nobody but this program.
pub(crate) fn bare_start() -> Duration {
    let begun = now();
    let printed = Command::new("date").arg("+%s%N").output().expect("it starts").stdout;
    stamp(&String::from_utf8_lossy(&printed)).expect("the tool ran").saturating_sub(begun)
}

pub(crate) fn tell(what: &str, ours: &mut [Duration], beside: &str, floor: &mut [Duration]) {
    println!("{what}: p50 {:.2?}, p95 {:.2?}, p99 {:.2?}, of {}", at(ours, 50), at(ours, 95), at(ours, 99), ours.len());
    println!(
        "  {beside}: p50 {:.2?}, p95 {:.2?}, p99 {:.2?}; ratio {:.1}",
        at(floor, 50),
        at(floor, 95),
        at(floor, 99),
        at(ours, 50).as_secs_f64() / at(floor, 50).as_secs_f64()
    );
}

pub(crate) fn at(times: &mut [Duration], percent: usize) -> Duration {
    times.sort();
    times[(times.len() - 1) * percent / 100]
}
