//! Watches: what is there, then every change.

use super::*;

pub(crate) async fn a_watch_tells_what_is_there_and_then_every_change(on: Handles) {
    let (bus, other) = (&*on.person, on.worker());
    let b = put(other, "jobs/b", "2").await;
    let a = put(bus, "jobs/a", "1").await;
    put(bus, "jobs", "not under jobs/").await;
    put(bus, "workers/a", "elsewhere").await;
    let mut watch = bus.watch("jobs/").await.expect("watch");
    assert_eq!(next(&mut watch).await, told("jobs/a", "1", a));
    assert_eq!(next(&mut watch).await, told("jobs/b", "2", b));
    assert_eq!(next(&mut watch).await, Change::Current);
    let a = put(other, "jobs/a", "3").await;
    put(other, "workers/a", "elsewhere").await;
    other.delete("jobs/b", Expect::Any).await.expect("deleted");
    other.delete("jobs/b", Expect::Any).await.expect("deleted already");
    let c = put(bus, "jobs/c", "").await;
    assert_eq!(next(&mut watch).await, told("jobs/a", "3", a));
    assert_eq!(next(&mut watch).await, gone("jobs/b"));
    assert_eq!(next(&mut watch).await, told("jobs/c", "", c));
}

pub(crate) async fn a_watch_loses_nothing_while_others_write(on: Handles) {
    let bus = on.person.clone();
    let writer = tokio::spawn(async move {
        let mut newest = 0;
        for turn in 0..200u32 {
            newest = put(&*bus, &format!("n/{}", turn % 7), &turn.to_string()).await;
        }
        newest
    });
    // Begun in the midst of it.
    let mut watch = on.worker().watch("n/").await.expect("watch");
    let newest = writer.await.expect("wrote");
    let mut seen = BTreeMap::new();
    let (mut current, mut last) = (false, 0);
    while !current || last < newest {
        match next(&mut watch).await {
            Change::Put { key, value, revision } => {
                assert!(!current || revision > last, "in order, none twice");
                last = last.max(revision);
                seen.insert(key, String::from_utf8_lossy(&value).parse::<u32>().expect("a number"));
            }
            Change::Current => current = true,
            Change::Reset => {
                current = false;
                last = 0;
                seen.clear();
            }
            Change::Gone { key } => panic!("{key} never went"),
        }
    }
    let mut expected: Vec<u32> = (193..200).collect();
    expected.sort_by_key(|turn| turn % 7);
    assert_eq!(seen.into_values().collect::<Vec<_>>(), expected);
}

pub(crate) async fn a_watch_that_lags_starts_over(on: Handles) {
    let (bus, other) = (&*on.person, on.worker());
    let mut watch = other.watch("n/").await.expect("watch");
    assert_eq!(next(&mut watch).await, Change::Current);
    // Far beyond what may wait, and what a socket may hold.
    let mut newest = 0;
    for turn in 0..1000u32 {
        let value = format!("{turn} {}", "x".repeat(8_000));
        newest = brief(bus, &format!("n/{}", turn % 5), &value, LONG).await;
    }
    let mut seen = BTreeMap::new();
    let (mut resets, mut current) = (0, false);
    while !(current && seen.values().any(|revision| *revision == newest)) {
        match next(&mut watch).await {
            Change::Put { key, revision, .. } => drop(seen.insert(key, revision)),
            Change::Current => current = true,
            Change::Reset => {
                resets += 1;
                current = false;
                seen.clear();
            }
            Change::Gone { key } => panic!("{key} never went"),
        }
    }
    assert!(resets >= 1, "it lagged");
    assert_eq!(seen.len(), 5, "and has everything again");
}
