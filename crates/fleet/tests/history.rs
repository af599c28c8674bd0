//! What the history takes of the disk: bounded, and used again.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use samepath_fleet::bus::{Bus, Limits, LocalSettings, LogRange, local};
use std::path::Path;

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
