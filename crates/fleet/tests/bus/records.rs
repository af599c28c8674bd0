//! Records: revisions, expectations, how long they stay.

use super::*;

pub(crate) async fn revisions_and_expectations(on: Handles) {
    let (bus, other) = (&*on.person, on.worker());
    assert_eq!(*bus.link().borrow(), Link::Up);
    assert_eq!(bus.get("jobs/1").await, Ok(None));
    let first = bus.put("jobs/1", b"a".to_vec(), Expect::Absent, None).await.expect("absent");
    let second = brief(other, "jobs/2", "b", LONG).await;
    assert!(second > first, "revisions increase over all keys");
    let third = other.put("jobs/1", b"c".to_vec(), Expect::Revision(first), None).await.expect("revision");
    assert!(third > second);
    let conflict = BusError::Conflict { key: "jobs/1".to_owned(), current: Some(third) };
    for expect in [Expect::Revision(first), Expect::Absent] {
        assert_eq!(bus.put("jobs/1", b"d".to_vec(), expect, None).await, Err(conflict.clone()));
        assert_eq!(bus.delete("jobs/1", expect).await, Err(conflict.clone()));
    }
    let entry = bus.get("jobs/1").await.expect("get").expect("there");
    assert_eq!((entry.value.as_slice(), entry.revision), (&b"c"[..], third));
    bus.delete("jobs/1", Expect::Revision(third)).await.expect("deleted");
    bus.delete("jobs/1", Expect::Any).await.expect("deleted already");
    let conflict = BusError::Conflict { key: "jobs/1".to_owned(), current: None };
    assert_eq!(bus.delete("jobs/1", Expect::Revision(third)).await, Err(conflict));
    let again = bus.put("jobs/1", b"e".to_vec(), Expect::Absent, None).await.expect("absent again");
    assert!(again > third, "a key that comes again does not begin anew");
}

pub(crate) async fn every_racer_but_one_is_told_of_the_conflict(on: Handles) {
    let mut racers = tokio::task::JoinSet::new();
    for racer in 0..32u8 {
        let bus = if racer % 2 == 0 { on.person.clone() } else { on.worker.clone().expect("there") };
        racers.spawn(async move { bus.put("prize", vec![racer], Expect::Absent, None).await.map(|_| racer) });
    }
    let results = racers.join_all().await;
    let winners: Vec<u8> = results.iter().filter_map(|result| result.as_ref().ok().copied()).collect();
    let conflicts = results.iter().filter(|result| matches!(result, Err(BusError::Conflict { .. }))).count();
    assert_eq!((winners.len(), conflicts), (1, 31));
    assert_eq!(on.person.get("prize").await.expect("get").expect("there").value, winners);
}

pub(crate) async fn many_records_are_written_at_once(on: Handles) {
    for (bus, prefix) in [(&*on.person, "p"), (on.worker(), "w")] {
        let key = |name: &str| format!("{prefix}/{name}");
        assert_eq!(bus.write(Vec::new()).await, Ok(Vec::new()));
        let old = put(bus, &key("old"), "old").await;
        let goes = put(bus, &key("goes"), "goes").await;
        let mut watch = bus.watch(&key("")).await.expect("watch");
        while next(&mut watch).await != Change::Current {}
        let writes = vec![
            Write::put(key("z"), b"first".to_vec(), Expect::Absent),
            Write::remove(key("goes"), Expect::Revision(goes)),
            Write::remove(key("never was"), Expect::Any),
            Write { ttl: Some(LONG), ..Write::put(key("brief"), b"for a while".to_vec(), Expect::Any) },
            Write::put(key("old"), b"new".to_vec(), Expect::Revision(old)),
        ];
        let spaced = BusError::BadName { name: key("never was") };
        assert_eq!(bus.write(writes.clone()).await, Err(spaced));
        let writes: Vec<_> =
            writes.into_iter().map(|write| Write { key: write.key.replace(' ', "-"), ..write }).collect();
        let revisions = bus.write(writes).await.expect("written");
        let [first, _, _, brief, new] = revisions[..] else { panic!("{revisions:?}") };
        assert!(goes < first && first < brief && brief < new, "{revisions:?}");
        // In their order.
        assert_eq!(next(&mut watch).await, told(&key("z"), "first", first));
        assert_eq!(next(&mut watch).await, gone(&key("goes")));
        assert_eq!(next(&mut watch).await, told(&key("brief"), "for a while", brief));
        assert_eq!(next(&mut watch).await, told(&key("old"), "new", new));

        // More than a frame of the socket holds.
        let many =
            |expect| (0..200).map(move |number| Write::put(format!("{prefix}/many/{number}"), vec![7; 30_000], expect));
        let revisions = bus.write(many(Expect::Absent).collect()).await.expect("written");
        assert!(revisions.len() == 200 && revisions.is_sorted(), "{revisions:?}");
        let last = bus.get(&key("many/199")).await.expect("get").expect("there");
        assert_eq!((last.value.len(), last.revision), (30_000, revisions[199]));
    }
}

pub(crate) async fn a_write_that_cannot_be_is_an_error_about_all_of_it(on: Handles) {
    for (bus, prefix) in [(&*on.person, "p"), (on.worker(), "w")] {
        let write = |name: &str, expect| Write::put(format!("{prefix}/{name}"), b"new".to_vec(), expect);
        let there = put(bus, &format!("{prefix}/there"), "old").await;
        // What can be seen to be wrong before anything is done leaves no trace.
        let twice = bus.write(vec![write("a", Expect::Any), write("b", Expect::Any), write("a", Expect::Any)]).await;
        assert_eq!(twice, Err(BusError::Conflict { key: format!("{prefix}/a"), current: None }));
        let large = Write { value: Some(vec![0; MAX_RECORD + 1]), ..write("b", Expect::Any) };
        let large = bus.write(vec![write("a", Expect::Any), large]).await;
        assert!(matches!(large, Err(BusError::TooLarge { .. })), "{large:?}");
        for name in ["a", "b"] {
            assert_eq!(bus.get(&format!("{prefix}/{name}")).await, Ok(None));
        }
        // Otherwise each is as it was, or as it was to be; the one that was not as expected is as it was.
        let conflict =
            bus.write(vec![write("a", Expect::Absent), write("there", Expect::Absent), write("b", Expect::Any)]).await;
        assert_eq!(conflict, Err(BusError::Conflict { key: format!("{prefix}/there"), current: Some(there) }));
        assert_eq!(value(bus, &format!("{prefix}/there")).await.as_deref(), Some("old"));
        for name in ["a", "b"] {
            assert!(value(bus, &format!("{prefix}/{name}")).await.is_none_or(|value| value == "new"));
        }
        bus.write(vec![write("a", Expect::Any), write("there", Expect::Revision(there))]).await.expect("goes on");
    }
}

pub(crate) async fn sizes_and_names_are_bounded(on: Handles) {
    for bus in [&*on.person, on.worker()] {
        bus.put("a", vec![0; MAX_RECORD], Expect::Any, None).await.expect("fits");
        let too_large = bus.put("a", vec![0; MAX_RECORD + 1], Expect::Any, None).await;
        assert!(matches!(too_large, Err(BusError::TooLarge { size: 65_537, limit: 65_536, .. })), "{too_large:?}");
        let too_large = bus.append("l", 0, vec![vec![0; MAX_LOG_ENTRY + 1]]).await;
        assert!(matches!(too_large, Err(BusError::TooLarge { .. })));
        let too_large = bus.request("s", vec![0; MAX_MESSAGE + 1], LONG).await;
        assert!(matches!(too_large, Err(BusError::TooLarge { .. })));
        for name in ["", "a b", "jobs/*", "jobs/>", "ä", "a\0", &"x".repeat(257)] {
            assert!(matches!(bus.get(name).await, Err(BusError::BadName { .. })), "{name:?}");
            assert!(matches!(bus.put(name, vec![], Expect::Any, None).await, Err(BusError::BadName { .. })));
            assert!(matches!(bus.append(name, 0, vec![]).await, Err(BusError::BadName { .. })));
            assert!(matches!(bus.serve(name).await, Err(BusError::BadName { .. })));
        }
        bus.watch("").await.expect("everything");
    }
}

pub(crate) async fn records_expire(on: Handles) {
    let (bus, other) = (&*on.person, on.worker());
    let mut watch = bus.watch("w/").await.expect("watch");
    assert_eq!(next(&mut watch).await, Change::Current);
    let short = Duration::from_millis(40);
    let long = brief(other, "w/long", "x", LONG).await;
    let first = brief(other, "w/brief", "x", short).await;
    assert_eq!(next(&mut watch).await, told("w/long", "x", long));
    assert_eq!(next(&mut watch).await, told("w/brief", "x", first));
    assert_eq!(next(&mut watch).await, gone("w/brief"));
    assert_eq!(bus.get("w/brief").await, Ok(None));
    bus.put("w/brief", b"y".to_vec(), Expect::Absent, None).await.expect("free again");
    assert!(bus.get("w/long").await.expect("get").is_some());
    // Put again with more time: what was put afterwards with less goes first.
    brief(other, "w/kept", "1", Duration::from_millis(400)).await;
    brief(other, "w/kept", "2", LONG).await;
    brief(other, "w/probe", "x", Duration::from_millis(500)).await;
    loop {
        let change = next(&mut watch).await;
        assert_ne!(change, gone("w/kept"));
        if change == gone("w/probe") {
            break;
        }
    }
    assert_eq!(value(bus, "w/kept").await.as_deref(), Some("2"));
}

pub(crate) async fn records_go_with_whoever_put_them(mut on: Handles) {
    let bus = on.person.clone();
    let worker = on.worker.take().expect("there");
    brief(&*worker, "w/1", "x", LONG).await;
    brief(&*worker, "w/2", "x", LONG).await;
    put(&*worker, "w/3", "x").await;
    brief(&*bus, "w/2", "mine now", LONG).await;
    let mut watch = bus.watch("w/").await.expect("watch");
    while next(&mut watch).await != Change::Current {}
    worker.close().await;
    // Where the worker held the bus, another takes over, and the watch starts over.
    let mut there = BTreeSet::from(["w/1", "w/2", "w/3"].map(str::to_owned));
    let left = BTreeSet::from(["w/2", "w/3"].map(str::to_owned));
    while there != left {
        match next(&mut watch).await {
            Change::Put { key, .. } => drop(there.insert(key)),
            Change::Gone { key } => drop(there.remove(&key)),
            Change::Reset => there.clear(),
            Change::Current => {}
        }
    }
    assert_eq!(value(&*bus, "w/2").await.as_deref(), Some("mine now"));
}

pub(crate) async fn a_put_without_ttl_stays(on: Handles) {
    let (bus, other) = (&*on.person, on.worker());
    let mut watch = bus.watch("k/").await.expect("watch");
    let short = Duration::from_millis(20);
    brief(other, "k/a", "1", short).await;
    put(other, "k/a", "2").await;
    put(other, "k/b", "1").await;
    brief(other, "k/b", "2", short).await;
    while next(&mut watch).await != gone("k/b") {}
    assert_eq!(value(bus, "k/a").await.as_deref(), Some("2"));
    assert_eq!(bus.get("k/b").await, Ok(None));
}
