//! What any bus must do, tried on every form of it. A new form is one more constructor.

use samepath_fleet::bus::{
    Bus, BusError, Caller, Change, Expect, Limits, Link, LocalSettings, LogItem, LogRange, LogReader, MAX_LOG_ENTRY,
    MAX_MESSAGE, MAX_RECORD, Requests, SharedBus, Watch, Write, local,
    memory::MemoryBus,
    nats::{self, Identity, NatsSettings},
};
use samepath_testkit::NatsServer;
use std::{any::Any, collections::BTreeMap, collections::BTreeSet, sync::Arc, time::Duration};

const LONG: Duration = Duration::from_secs(30);

/// Two handles on one bus: a person's, and a worker's. Both of the member `amick`; the worker is `gpu-1`.
struct Handles {
    person: Arc<dyn Bus>,
    worker: Option<Arc<dyn Bus>>,
    _keep: Box<dyn Any>,
}

impl Handles {
    fn worker(&self) -> &dyn Bus {
        self.worker.as_deref().expect("still there")
    }
}

/// Small enough to be reached in a test.
fn limits() -> Limits {
    Limits { watch_changes: 64, log_bytes: 200_000, ..Limits::default() }
}

async fn memory() -> Handles {
    let person = MemoryBus::with_limits("amick", limits());
    let worker = person.worker("gpu-1");
    Handles { person: Arc::new(person), worker: Some(Arc::new(worker)), _keep: Box::new(()) }
}

fn settings(dir: &tempfile::TempDir, worker: Option<&str>) -> LocalSettings {
    let mut settings = LocalSettings::new(dir.path().join("fleet"), "amick");
    settings.worker = worker.map(str::to_owned);
    settings.limits = limits();
    settings
}

async fn person_holds() -> Handles {
    let dir = tempfile::tempdir().expect("a folder");
    let person = local::open(settings(&dir, None)).await.expect("opens");
    let worker = local::open(settings(&dir, Some("gpu-1"))).await.expect("joins");
    assert!(person.is_holder() && !worker.is_holder());
    Handles { person, worker: Some(worker), _keep: Box::new(dir) }
}

async fn worker_holds() -> Handles {
    let dir = tempfile::tempdir().expect("a folder");
    let worker = local::open(settings(&dir, Some("gpu-1"))).await.expect("opens");
    let person = local::open(settings(&dir, None)).await.expect("joins");
    assert!(worker.is_holder() && !person.is_holder());
    Handles { person, worker: Some(worker), _keep: Box::new(dir) }
}

async fn another_holds() -> Handles {
    let dir = tempfile::tempdir().expect("a folder");
    let holder = local::open(settings(&dir, None)).await.expect("opens");
    let person = local::open(settings(&dir, None)).await.expect("joins");
    let worker = local::open(settings(&dir, Some("gpu-1"))).await.expect("joins");
    assert!(holder.is_holder() && !person.is_holder() && !worker.is_holder());
    Handles { person, worker: Some(worker), _keep: Box::new((holder, dir)) }
}

async fn in_a_lab(server: &NatsServer, worker: Option<&str>) -> Arc<SharedBus> {
    let mut identity = Identity::hub("amick");
    identity.caller.worker = worker.map(str::to_owned);
    let settings = NatsSettings { limits: limits(), ..NatsSettings::open(server.address(), identity) };
    nats::open(settings).await.expect("opens")
}

async fn lab_person_holds() -> Handles {
    let server = NatsServer::open();
    let person = in_a_lab(&server, None).await;
    let worker = in_a_lab(&server, Some("gpu-1")).await;
    assert!(person.is_holder() && !worker.is_holder());
    Handles { person, worker: Some(worker), _keep: Box::new(server) }
}

async fn lab_worker_holds() -> Handles {
    let server = NatsServer::open();
    let worker = in_a_lab(&server, Some("gpu-1")).await;
    let person = in_a_lab(&server, None).await;
    assert!(worker.is_holder() && !person.is_holder());
    Handles { person, worker: Some(worker), _keep: Box::new(server) }
}

async fn lab_another_holds() -> Handles {
    let server = NatsServer::open();
    let holder = in_a_lab(&server, None).await;
    let person = in_a_lab(&server, None).await;
    let worker = in_a_lab(&server, Some("gpu-1")).await;
    assert!(holder.is_holder() && !person.is_holder() && !worker.is_holder());
    Handles { person, worker: Some(worker), _keep: Box::new((holder, server)) }
}

/// `cases! { form: case case … }` makes a test of every case on that form.
macro_rules! cases {
    ($form:ident: $($case:ident)*) => { mod $form { $(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $case() {
            let case = async { super::$case(super::$form().await).await };
            tokio::time::timeout(super::LONG, case).await.expect("in time");
        }
    )* } };
}

macro_rules! conformance {
    ($($form:ident)*) => { $(cases! { $form:
        revisions_and_expectations
        every_racer_but_one_is_told_of_the_conflict
        many_records_are_written_at_once
        a_write_that_cannot_be_is_an_error_about_all_of_it
        sizes_and_names_are_bounded
        a_watch_tells_what_is_there_and_then_every_change
        a_watch_loses_nothing_while_others_write
        a_watch_that_lags_starts_over
        records_expire
        records_go_with_whoever_put_them
        a_put_without_ttl_stays
        a_request_carries_who_asks
        requests_at_once_are_answered_out_of_order
        a_request_nobody_serves_fails_at_once
        a_request_ends_in_time
        a_dropped_request_fails_at_once
        a_responder_that_goes_fails_what_it_took
        a_request_given_up_is_seen_to_be
        a_request_may_be_held_open
        the_newest_serves
        a_log_is_idempotent_and_has_no_gaps
        a_log_reader_gets_backlog_end_and_what_follows
        a_log_drops_its_oldest
        a_log_can_be_truncated
        a_slow_log_reader_misses_nothing_kept
        a_large_append_passes
        closing_ends_everything
    })* };
}

conformance! {
    memory person_holds worker_holds another_holds lab_person_holds lab_worker_holds lab_another_holds
}

async fn put(bus: &dyn Bus, key: &str, value: &str) -> u64 {
    bus.put(key, value.into(), Expect::Any, None).await.expect("put")
}

async fn brief(bus: &dyn Bus, key: &str, value: &str, ttl: Duration) -> u64 {
    bus.put(key, value.into(), Expect::Any, Some(ttl)).await.expect("put")
}

async fn value(bus: &dyn Bus, key: &str) -> Option<String> {
    let entry = bus.get(key).await.expect("get")?;
    Some(String::from_utf8_lossy(&entry.value).into_owned())
}

async fn next(watch: &mut Watch) -> Change {
    watch.next().await.expect("the watch goes on")
}

fn told(key: &str, value: &str, revision: u64) -> Change {
    Change::Put { key: key.to_owned(), value: value.into(), revision }
}

fn gone(key: &str) -> Change {
    Change::Gone { key: key.to_owned() }
}

/// Answers everything with who asked and what.
fn echo(mut requests: Requests) -> tokio::task::JoinHandle<()> {
    tokio::spawn(async move {
        while let Some(request) = requests.next().await {
            let worker = request.from.worker.as_deref().unwrap_or("-");
            let what = String::from_utf8_lossy(&request.payload);
            let answer = format!("{}/{worker}: {what}", request.from.member);
            request.reply(answer.into_bytes());
        }
    })
}

async fn revisions_and_expectations(on: Handles) {
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

async fn every_racer_but_one_is_told_of_the_conflict(on: Handles) {
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

async fn many_records_are_written_at_once(on: Handles) {
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

async fn a_write_that_cannot_be_is_an_error_about_all_of_it(on: Handles) {
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

async fn sizes_and_names_are_bounded(on: Handles) {
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

async fn a_watch_tells_what_is_there_and_then_every_change(on: Handles) {
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

async fn a_watch_loses_nothing_while_others_write(on: Handles) {
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

async fn a_watch_that_lags_starts_over(on: Handles) {
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

async fn records_expire(on: Handles) {
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

async fn records_go_with_whoever_put_them(mut on: Handles) {
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

async fn a_put_without_ttl_stays(on: Handles) {
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

async fn a_request_carries_who_asks(on: Handles) {
    for (server, asker, expected) in [
        (&*on.person, on.worker(), "amick/gpu-1: hello"),
        (on.worker(), &*on.person, "amick/-: hello"),
        (on.worker(), on.worker(), "amick/gpu-1: hello"),
    ] {
        let serving = echo(server.serve("hello").await.expect("served"));
        let answer = asker.request("hello", b"hello".to_vec(), LONG).await.expect("answered");
        assert_eq!(String::from_utf8_lossy(&answer), expected);
        let large = asker.request("hello", vec![b'x'; MAX_MESSAGE - 100], LONG).await.expect("answered");
        assert!(large.len() > MAX_MESSAGE - 100);
        serving.abort();
        drop(serving.await);
    }
}

async fn requests_at_once_are_answered_out_of_order(on: Handles) {
    let mut requests = on.person.serve("many").await.expect("served");
    let mut asking = tokio::task::JoinSet::new();
    for number in 0..100u8 {
        let bus = on.worker.clone().expect("there");
        asking.spawn(async move { (number, bus.request("many", vec![number], LONG).await) });
    }
    let mut taken = Vec::new();
    while taken.len() < 100 {
        taken.push(requests.next().await.expect("a request"));
    }
    for request in taken.into_iter().rev() {
        let answer = request.payload.clone();
        request.reply(answer);
    }
    for (number, answer) in asking.join_all().await {
        assert_eq!(answer, Ok(vec![number]));
    }
}

async fn a_request_nobody_serves_fails_at_once(on: Handles) {
    let nobody = Err(BusError::NoResponder { subject: "nobody".to_owned() });
    assert_eq!(on.person.request("nobody", vec![], LONG).await, nobody);
    assert_eq!(on.worker().request("nobody", vec![], LONG).await, nobody);
    drop(on.person.serve("nobody").await.expect("served for a moment"));
    // Over a socket the end of serving is told, not awaited.
    let again = on.person.request("nobody", vec![], LONG).await;
    assert!(matches!(again, Err(BusError::NoResponder { .. } | BusError::ResponderGone { .. })), "{again:?}");
}

async fn a_request_ends_in_time(on: Handles) {
    let mut requests = on.person.serve("slow").await.expect("served");
    let answer = on.worker().request("slow", vec![], Duration::from_millis(30)).await;
    assert_eq!(answer, Err(BusError::TimedOut { name: "slow".to_owned(), waited_ms: 30 }));
    requests.next().await.expect("it came").reply(b"too late".to_vec());
    let serving = echo(requests);
    assert_eq!(on.worker().request("slow", b"!".to_vec(), LONG).await, Ok(b"amick/gpu-1: !".to_vec()));
    serving.abort();
}

async fn a_dropped_request_fails_at_once(on: Handles) {
    for (server, asker) in [(&*on.person, on.worker()), (on.worker(), &*on.person)] {
        let mut requests = server.serve("fragile").await.expect("served");
        let (answer, ()) = tokio::join!(asker.request("fragile", vec![], LONG), async {
            drop(requests.next().await.expect("a request"));
        });
        assert_eq!(answer, Err(BusError::ResponderGone { subject: "fragile".to_owned() }));
        let (answer, ()) = tokio::join!(asker.request("fragile", vec![], LONG), async {
            requests.next().await.expect("a request").reply(vec![0; MAX_MESSAGE + 1]);
        });
        assert_eq!(answer, Err(BusError::ResponderGone { subject: "fragile".to_owned() }));
    }
}

async fn a_responder_that_goes_fails_what_it_took(mut on: Handles) {
    let person = on.person.clone();
    let worker = on.worker.take().expect("there");
    let mut requests = worker.serve("check.gpu-1").await.expect("served");
    let asking = tokio::spawn(async move { person.request("check.gpu-1", vec![], LONG * 10).await });
    let request = requests.next().await.expect("a request");
    worker.close().await;
    drop((request, requests, worker));
    let answer = asking.await.expect("ended");
    assert!(matches!(answer, Err(BusError::ResponderGone { .. } | BusError::Unreachable)), "{answer:?}");
}

async fn a_request_given_up_is_seen_to_be(on: Handles) {
    let worker = on.worker.clone().expect("there");
    for (server, asker) in [(on.person.clone(), worker.clone()), (worker, on.person.clone())] {
        let mut requests = server.serve("claim").await.expect("served");
        let asking = tokio::spawn(async move { asker.request("claim", vec![], LONG * 10).await });
        let request = requests.next().await.expect("a request");
        assert!(!request.is_abandoned());
        asking.abort();
        request.abandoned().cancelled().await;
        assert!(request.is_abandoned());
    }
}

async fn a_request_may_be_held_open(on: Handles) {
    let mut requests = on.person.serve("claim").await.expect("served");
    let bus = on.worker.clone().expect("there");
    let asking = tokio::spawn(async move { bus.request("claim", b"work?".to_vec(), LONG).await });
    let request = requests.next().await.expect("a request");
    assert_eq!(request.from, Caller::new("amick", Some("gpu-1".to_owned())));
    // Everything else goes on meanwhile.
    for turn in 0..50 {
        put(on.worker(), "meanwhile", &turn.to_string()).await;
    }
    assert!(!request.is_abandoned());
    request.reply(b"here".to_vec());
    assert_eq!(asking.await.expect("ended"), Ok(b"here".to_vec()));
}

async fn the_newest_serves(on: Handles) {
    let old = echo(on.person.serve("who").await.expect("served"));
    let mut new = on.worker().serve("who").await.expect("served");
    let (answer, ()) = tokio::join!(on.person.request("who", vec![], LONG), async {
        new.next().await.expect("a request").reply(b"new".to_vec());
    });
    assert_eq!(answer, Ok(b"new".to_vec()));
    old.abort();
}

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

async fn a_log_is_idempotent_and_has_no_gaps(on: Handles) {
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

async fn a_log_reader_gets_backlog_end_and_what_follows(on: Handles) {
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

async fn a_log_drops_its_oldest(on: Handles) {
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

async fn a_log_can_be_truncated(on: Handles) {
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

async fn a_slow_log_reader_misses_nothing_kept(on: Handles) {
    let (bus, other) = (&*on.person, on.worker());
    let mut reader = bus.log("log/1", 0).await.expect("reader");
    assert_eq!(reader.next().await, Some(LogItem::End));
    for number in 0..1000 {
        other.append("log/1", number, lines(number..number + 1)).await.expect("append");
    }
    expect_lines(&mut reader, 0..1000).await;
}

async fn a_large_append_passes(on: Handles) {
    let entries: Vec<_> = (0..6u8).map(|fill| vec![fill; MAX_LOG_ENTRY]).collect();
    for bus in [on.worker(), &*on.person] {
        assert_eq!(bus.append("log/large", 0, entries.clone()).await, Ok(6));
    }
    assert_eq!(on.worker().append("log/many", 0, lines(0..10_000)).await, Ok(10_000));
    let mut reader = on.person.log("log/many", 0).await.expect("reader");
    expect_lines(&mut reader, 0..10_000).await;
    assert_eq!(reader.next().await, Some(LogItem::End));
}

async fn closing_ends_everything(on: Handles) {
    let bus = on.worker();
    let mut watch = bus.watch("x/").await.expect("watch");
    let mut reader = bus.log("log/1", 0).await.expect("reader");
    let mut requests = bus.serve("s").await.expect("served");
    assert_eq!(next(&mut watch).await, Change::Current);
    assert_eq!(reader.next().await, Some(LogItem::End));
    bus.close().await;
    bus.close().await;
    assert_eq!(watch.next().await, None);
    assert_eq!(reader.next().await, None);
    assert!(requests.next().await.is_none());
    assert_eq!(bus.get("x/1").await, Err(BusError::Closed));
    assert_eq!(bus.put("x/1", vec![], Expect::Any, None).await, Err(BusError::Closed));
    assert_eq!(bus.request("s", vec![], LONG).await, Err(BusError::Closed));
    assert_eq!(bus.append("log/1", 0, vec![]).await, Err(BusError::Closed));
    // The others go on, be it after a moment.
    while let Err(error) = on.person.put("x/1", b"still".to_vec(), Expect::Any, None).await {
        assert!(error.is_passing(), "{error}");
    }
    assert_eq!(value(&*on.person, "x/1").await.as_deref(), Some("still"));
}
