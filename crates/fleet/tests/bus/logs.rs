//! Logs: numbered lines, without gaps.

use super::*;

fn lines(range: std::ops::Range<u64>) -> Vec<Vec<u8>> {
    range.map(|number| format!("line {number}").into_bytes()).collect()
}

async fn expect_lines(reader: &mut LogReader, range: std::ops::Range<u64>) {
    for number in range {
        match reader.next().await {
            Some(LogItem::Entry(entry)) => {
                let text = String::from_utf8_lossy(&entry.value).into_owned();
                assert_eq!((entry.seq, text), (number, format!("line {number}")));
            }
            other => panic!("line {number} was to come, not {other:?}"),
        }
    }
}

pub(crate) async fn a_log_is_idempotent_and_has_no_gaps(on: Handles) {
    let (bus, other) = (&*on.person, on.worker());
    let gap = |first, end| Err(BusError::Gap { log: "log/1".to_owned(), first, end });
    assert_eq!(bus.log_range("log/1").await, Ok(LogRange { first: 0, end: 0 }));
    assert_eq!(other.append("log/1", 1, lines(1..2)).await, gap(1, 0));
    assert_eq!(other.append("log/1", 0, lines(0..3)).await, Ok(3));
    assert_eq!(other.append("log/1", 0, lines(0..3)).await, Ok(3), "again is the same");
    assert_eq!(bus.append("log/1", 1, lines(1..5)).await, Ok(5), "what is new of it");
    assert_eq!(bus.append("log/1", 5, vec![]).await, Ok(5));
    assert_eq!(other.append("log/1", 7, lines(7..8)).await, gap(7, 5));
    assert_eq!(bus.log_range("log/1").await, Ok(LogRange { first: 0, end: 5 }));
    let mut reader = bus.log("log/1", 0).await.expect("reader");
    expect_lines(&mut reader, 0..5).await;
    assert_eq!(reader.next().await, Some(LogItem::End));
}

pub(crate) async fn a_log_reader_gets_backlog_end_and_what_follows(on: Handles) {
    let (bus, other) = (&*on.person, on.worker());
    let mut early = bus.log("log/1", 0).await.expect("reader");
    assert_eq!(early.next().await, Some(LogItem::End), "a log that is not there yet is empty");
    other.append("log/1", 0, lines(0..10)).await.expect("append");
    let mut late = other.log("log/1", 7).await.expect("reader");
    assert_eq!(late.range(), LogRange { first: 0, end: 10 });
    expect_lines(&mut late, 7..10).await;
    assert_eq!(late.next().await, Some(LogItem::End));
    bus.append("log/1", 10, lines(10..12)).await.expect("append");
    other.append("log/1", 12, lines(12..13)).await.expect("append");
    expect_lines(&mut late, 10..13).await;
    expect_lines(&mut early, 0..13).await;
}

pub(crate) async fn a_log_drops_its_oldest(on: Handles) {
    let (bus, other) = (&*on.person, on.worker());
    for number in 0..50 {
        other.append("log/1", number, vec![vec![b'x'; 10_000]]).await.expect("append");
    }
    assert_eq!(bus.log_range("log/1").await, Ok(LogRange { first: 30, end: 50 }), "200,000 bytes");
    let mut reader = bus.log("log/1", 0).await.expect("reader");
    let first = reader.next().await;
    assert!(matches!(first, Some(LogItem::Entry(ref entry)) if entry.seq == 30), "{first:?}");
    assert_eq!(bus.append("log/1", 3, vec![vec![1]]).await, Ok(50), "known, though dropped");
}

pub(crate) async fn a_log_can_be_truncated(on: Handles) {
    let (bus, other) = (&*on.person, on.worker());
    other.append("log/1", 0, lines(0..10)).await.expect("append");
    other.truncate("log/1", 4).await.expect("truncate");
    assert_eq!(bus.log_range("log/1").await, Ok(LogRange { first: 4, end: 10 }));
    other.truncate("log/1", 2).await.expect("nothing to do");
    other.truncate("log/1", 1000).await.expect("all");
    assert_eq!(bus.log_range("log/1").await, Ok(LogRange { first: 10, end: 10 }));
    assert_eq!(bus.append("log/1", 10, lines(10..11)).await, Ok(11), "the numbers go on");
    let mut reader = other.log("log/1", 0).await.expect("reader");
    expect_lines(&mut reader, 10..11).await;
    assert_eq!(reader.next().await, Some(LogItem::End));
    bus.truncate("log/none", 1).await.expect("not there, nothing to do");
    assert_eq!(bus.log_range("log/none").await, Ok(LogRange::default()));
}

pub(crate) async fn a_slow_log_reader_misses_nothing_kept(on: Handles) {
    let (bus, other) = (&*on.person, on.worker());
    let mut reader = bus.log("log/1", 0).await.expect("reader");
    assert_eq!(reader.next().await, Some(LogItem::End));
    for number in 0..1000 {
        other.append("log/1", number, lines(number..number + 1)).await.expect("append");
    }
    expect_lines(&mut reader, 0..1000).await;
}

pub(crate) async fn a_large_append_passes(on: Handles) {
    let entries: Vec<_> = (0..6u8).map(|fill| vec![fill; MAX_LOG_ENTRY]).collect();
    for bus in [on.worker(), &*on.person] {
        assert_eq!(bus.append("log/large", 0, entries.clone()).await, Ok(6));
    }
    assert_eq!(on.worker().append("log/many", 0, lines(0..10_000)).await, Ok(10_000));
    let mut reader = on.person.log("log/many", 0).await.expect("reader");
    expect_lines(&mut reader, 0..10_000).await;
    assert_eq!(reader.next().await, Some(LogItem::End));
}
