//! What the history takes of the disk: bounded, and used again.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use samepath_fleet::bus::{Bus, Limits, LocalSettings, LogRange, local};
use std::path::Path;
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};
use std::time::Duration;

const LINE: usize = 8 * 1024;

fn lines(count: usize) -> Vec<Vec<u8>> {
    vec![vec![b'x'; LINE]; count]
}

fn size(dir: &Path) -> u64 {
    fs_err::metadata(dir.join("history.redb")).unwrap().len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn room_of_what_is_gone_is_used_again() {
    let dir = tempfile::tempdir().unwrap();
    let mut sizes = Vec::new();
    for round in 0..16 {
        let bus = local::open(LocalSettings::new(dir.path(), "amick")).await.unwrap();
        let log = format!("log/{round}");
        for piece in 0..4 {
            bus.append(&log, piece * 256, lines(256)).await.unwrap();
        }
        let key = format!("jobs/{round}");
        bus.put(&key, vec![b'x'; 60_000], samepath_fleet::bus::Expect::Absent, None).await.unwrap();
        bus.forget_log(&log).await.unwrap();
        assert_eq!(bus.log_range(&log).await.unwrap(), LogRange::default());
        bus.delete(&key, samepath_fleet::bus::Expect::Any).await.unwrap();
        // One that was forgotten begins anew.
        assert_eq!(bus.append(&log, 0, lines(1)).await.unwrap(), 1);
        bus.forget_log(&log).await.unwrap();
        bus.close().await;
        sizes.push(size(dir.path()));
    }
    println!("bytes after each round of 8 MiB: {sizes:?}");
    // How much is free at the end of a round depends on how the writes were put together; it must not add up.
    let largest = *sizes.iter().max().unwrap();
    assert!(largest < 6 * 8 * 1024 * 1024, "it grows and grows: {sizes:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_logs_together_are_bounded_and_the_oldest_goes_first() {
    let dir = tempfile::tempdir().unwrap();
    let limit = 4 * 1024 * 1024;
    let limits = Limits { all_log_bytes: limit, ..Limits::default() };
    let settings = LocalSettings { limits, ..LocalSettings::new(dir.path(), "amick") };
    let mut opened = local::open(settings.clone()).await.unwrap();
    for log in 0..64 {
        opened.append(&format!("log/{log}"), 0, lines(128)).await.unwrap();
        // The count is kept, whoever holds it next.
        if log % 5 == 0 {
            opened.close().await;
            opened = local::open(settings.clone()).await.unwrap();
        }
    }
    let mut kept = 0;
    for log in 0..64 {
        let range = opened.log_range(&format!("log/{log}")).await.unwrap();
        assert_eq!(range.end, 128);
        // Whoever looks sees that there was something.
        assert!(range.first < range.end);
        kept += (range.end - range.first) * LINE as u64;
    }
    assert!(kept <= limit && kept > limit / 2, "{kept} bytes of at most {limit}");
    assert_eq!(opened.log_range("log/0").await.unwrap().first, 127);
    assert_eq!(opened.log_range("log/63").await.unwrap().first, 0);
    opened.close().await;
    // 64 MiB were written; what is free is not given back, and a write needs room beside what it replaces.
    assert!(size(dir.path()) < 8 * limit, "{} bytes", size(dir.path()));
}

/// Bytes that are others than they were, and where the file ends. Most of a history is empty: damage there is of no interest.
fn damaged(good: &[u8], used: &[usize], random: &mut fastrand::Rng) -> Vec<u8> {
    let mut bytes = good.to_vec();
    for _ in 0..random.usize(1..24) {
        let place = if random.bool() { random.usize(..1024) } else { random.usize(..used.len()) };
        let at = used[place.min(used.len() - 1)];
        match random.u8(..4) {
            0 => bytes[at] = random.u8(..),
            1 => bytes[at] ^= 1 << random.u8(..8),
            2 => bytes[at] = *random.choice(&[0, 1, 0x7f, 0x80, 0xff]).unwrap(),
            _ => {
                let from = used[random.usize(..used.len())];
                let length = random.usize(1..64).min(bytes.len() - from.max(at));
                bytes.copy_within(from..from + length, at);
            }
        }
    }
    if random.u8(..8) == 0 {
        bytes.truncate(random.usize(..bytes.len()));
    }
    bytes
}

/// What anybody may do with a history, whatever it holds. Every answer is as good as another, as long as there is one.
async fn used_as_ever(dir: &Path) {
    let Ok(bus) = local::open(LocalSettings::new(dir, "amick")).await else { return };
    let _ = bus.append("log/new", 0, lines(2)).await;
    for log in ["log/0", "log/3"] {
        if let Ok(range) = bus.log_range(log).await {
            let _ = bus.append(log, range.end, lines(1)).await;
        }
        let _ = bus.forget_log(log).await;
    }
    for job in 0..4 {
        let key = format!("jobs/{job}");
        let _ = bus.get(&key).await;
        let _ = bus.put(&key, b"new".to_vec(), samepath_fleet::bus::Expect::Any, None).await;
        let _ = bus.delete(&key, samepath_fleet::bus::Expect::Any).await;
    }
    bus.close().await;
}

#[test]
fn damage_is_never_a_panic() {
    let rounds = std::env::var("SAMEPATH_DAMAGE_ROUNDS").map_or(150, |rounds| rounds.parse().unwrap());
    let seed = std::env::var("SAMEPATH_DAMAGE_SEED").map_or_else(|_| fastrand::u64(..), |seed| seed.parse().unwrap());
    println!("SAMEPATH_DAMAGE_SEED={seed}");
    // Before the first history is opened, so that those which are caught do not come here.
    let panics = Arc::new(AtomicUsize::new(0));
    std::panic::set_hook(Box::new({
        let panics = panics.clone();
        move |info| {
            panics.fetch_add(1, Ordering::Relaxed);
            eprintln!("{info}\n{}", std::backtrace::Backtrace::force_capture());
        }
    }));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let dir = tempfile::tempdir().unwrap();
    runtime.block_on(async {
        let bus = local::open(LocalSettings::new(dir.path(), "amick")).await.unwrap();
        for job in 0..40 {
            let value = vec![b'x'; 100 * job];
            bus.put(&format!("jobs/{job}"), value, samepath_fleet::bus::Expect::Absent, None).await.unwrap();
            bus.append(&format!("log/{job}"), 0, vec![vec![b'y'; 200]; 20]).await.unwrap();
        }
        bus.close().await;
    });
    let history = dir.path().join("history.redb");
    let good = fs_err::read(&history).unwrap();
    let used: Vec<usize> = good.iter().enumerate().filter(|(_, byte)| **byte != 0).map(|(at, _)| at).collect();
    for round in 0..rounds {
        let mut random = fastrand::Rng::with_seed(seed.wrapping_add(round));
        fs_err::write(&history, damaged(&good, &used, &mut random)).unwrap();
        // A panic while another one unwinds ends the process: the last line says which damage did it.
        println!("SAMEPATH_DAMAGE_SEED={} SAMEPATH_DAMAGE_ROUNDS=1", seed.wrapping_add(round));
        runtime.block_on(async {
            let bounded = tokio::time::timeout(Duration::from_secs(20), used_as_ever(dir.path())).await;
            bounded.expect("an answer");
        });
        assert_eq!(panics.load(Ordering::Relaxed), 0);
        for entry in fs_err::read_dir(dir.path()).unwrap() {
            let path = entry.unwrap().path();
            if path.to_string_lossy().contains(".damaged-") {
                fs_err::remove_file(path).unwrap();
            }
        }
    }
}
