//! What any bus must do, tried on every form of it. A new form is one more constructor.

mod logs;
mod records;
mod requests;
mod watches;

use {logs::*, records::*, requests::*, watches::*};

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
        an_answer_that_is_too_large_is_told_as_that
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
