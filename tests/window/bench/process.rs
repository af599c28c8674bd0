//! What a program and everything that it started take of the computer, as Linux counts it.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

/// This process and all below it.
pub(crate) fn family(first: u32) -> Vec<u32> {
    let mut children: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for entry in fs::read_dir("/proc").expect("Linux has it").flatten() {
        let Some(process) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        let stat = fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        let parent = stat.rsplit_once(") ").and_then(|(_, rest)| rest.split(' ').nth(1)?.parse().ok());
        children.entry(parent.unwrap_or_default()).or_default().push(process);
    }
    let mut all = vec![first];
    let mut next = 0;
    while let Some(process) = all.get(next).copied() {
        all.extend(children.remove(&process).unwrap_or_default());
        next += 1;
    }
    all
}

/// Memory of each by its program's name, in MiB; what several share is shared out among them.
pub(crate) fn memory(family: &[u32]) -> BTreeMap<String, f64> {
    let mut memory = BTreeMap::new();
    for process in family {
        let name = fs::read_to_string(format!("/proc/{process}/comm")).unwrap_or_default();
        let smaps = fs::read_to_string(format!("/proc/{process}/smaps_rollup")).unwrap_or_default();
        let line = smaps.lines().find_map(|line| line.strip_prefix("Pss:"));
        let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<f64>().ok()).unwrap_or_default();
        *memory.entry(name.trim().to_owned()).or_default() += kib / 1024.0;
    }
    memory
}

/// Of each thread: nanoseconds on a processor so far, and how often it was put on one.
pub(crate) type Work = BTreeMap<u32, (u64, u64)>;

pub(crate) fn work(family: &[u32]) -> Work {
    let mut work = Work::new();
    for process in family {
        for task in fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten() {
            let Some(thread) = task.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
            // Nanoseconds on a processor, nanoseconds waited for one, how often it had one.
            let stat = fs::read_to_string(task.path().join("schedstat")).unwrap_or_default();
            let mut fields = stat.split_whitespace().map(|field| field.parse::<u64>().unwrap_or_default());
            let time = fields.next().unwrap_or_default();
            work.insert(thread, (time, fields.nth(1).unwrap_or_default()));
        }
    }
    work
}

/// What was done between two looks, but for threads that ended meanwhile.
pub(crate) fn done(before: &Work, after: &Work) -> (Duration, u64) {
    let since = |(thread, (time, times)): (&u32, &(u64, u64))| {
        let (earlier, fewer) = before.get(thread).copied().unwrap_or_default();
        (time.saturating_sub(earlier), times.saturating_sub(fewer))
    };
    let (time, times) = after.iter().map(since).fold((0, 0), |(all, sum), (time, times)| (all + time, sum + times));
    (Duration::from_nanos(time), times)
}

/// The threads that did most of it, in percent of a processor, each under its process's name.
pub(crate) fn busiest(before: &Work, after: &Work, seconds: f64) -> String {
    let since = |(thread, (time, _)): (&u32, &(u64, u64))| {
        (time.saturating_sub(before.get(thread).map_or(0, |(earlier, _)| *earlier)), *thread)
    };
    let mut threads: Vec<(u64, u32)> = after.iter().map(since).collect();
    threads.sort_unstable_by(|one, other| other.cmp(one));
    let name =
        |process: &str| fs::read_to_string(format!("/proc/{process}/comm")).unwrap_or_default().trim().to_owned();
    let told = threads.iter().take(5).map(|(time, thread)| {
        let status = fs::read_to_string(format!("/proc/{thread}/status")).unwrap_or_default();
        let process = status.lines().find_map(|line| line.strip_prefix("Tgid:")).unwrap_or_default().trim();
        let share = *time as f64 / 1e7 / seconds;
        format!("{}/{} {share:.2}", name(process), name(&thread.to_string()))
    });
    told.collect::<Vec<_>>().join(", ")
}
