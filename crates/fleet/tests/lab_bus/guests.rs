//! Guests: what is theirs, what is not, and one whose end nobody told.

use super::{LONG, PASSWORD, hub, in_time, strict_server, value, with_password};
use samepath_fleet::bus::{
    Bus, BusError, Expect, SharedBus,
    nats::{self, Identity, NatsSettings},
};
use samepath_testkit::{Cable, NatsServer};
use std::time::{Duration, Instant};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn members_and_workers_do_what_is_theirs_and_nothing_else() {
    let (amick, gpu) = (Identity::member("amick"), Identity::worker("gpu-1"));
    let server = strict_server(&[("amick", &amick), ("gpu", &gpu)]);
    let hub = nats::open(with_password(&server, Identity::hub("hub"), "hub")).await.expect("opens");
    let member = nats::open(with_password(&server, amick, "amick")).await.expect("joins");
    let worker = nats::open(with_password(&server, gpu, "gpu")).await.expect("joins");
    let denied = |result: Result<(), BusError>| matches!(result, Err(BusError::Denied { .. }));
    let put = async |bus: &SharedBus, key: &str, ttl: Option<Duration>| {
        bus.put(key, b"{}".to_vec(), Expect::Any, ttl).await.map(drop)
    };
    let job = "0199c0de-0000-7000-8000-000000000001";
    hub.put(&format!("jobs/{job}"), b"{}".to_vec(), Expect::Any, None).await.expect("put");

    // What is theirs.
    put(&worker, "workers/gpu-1", Some(LONG)).await.expect("its own");
    for bus in [&member, &worker] {
        assert!(bus.get(&format!("jobs/{job}")).await.expect("seen").is_some());
        bus.watch("workers/").await.expect("seen");
        bus.log("log/x/1", 0).await.expect("seen");
    }
    let mut asked = hub.serve("submit").await.expect("served");
    let (answer, ()) = tokio::join!(member.request("submit", b"x".to_vec(), LONG), async {
        let request = asked.next().await.expect("a request");
        assert_eq!((request.from.member.as_str(), request.from.worker.as_deref()), ("amick", None));
        request.reply(b"ok".to_vec());
    });
    assert_eq!(answer, Ok(b"ok".to_vec()));
    let mut checks = worker.serve("check.gpu-1").await.expect("served");
    let (answer, ()) = tokio::join!(member.request("check.gpu-1", vec![], LONG), async {
        checks.next().await.expect("a request").reply(b"seen".to_vec());
    });
    assert_eq!(answer, Ok(b"seen".to_vec()));

    // A job type that another worker runs is said to be what it is by that one.
    let runs = br#"{"kinds":[{"name":"train","digest":"1"}]}"#;
    put(&worker, "kinds/1", None).await.expect("a new one");
    put(&worker, "kinds/1", None).await.expect("its own");
    hub.put("workers/gpu-2", runs.to_vec(), Expect::Any, Some(LONG)).await.expect("put");
    assert!(denied(put(&worker, "kinds/1", None).await), "another worker runs it");
    put(&worker, "kinds/2", None).await.expect("nobody else runs it");
    assert!(denied(put(&worker, "kinds/2", Some(LONG)).await), "it is not to go by itself");
    assert!(denied(worker.delete("kinds/2", Expect::Any).await), "the matchmaker removes it");

    // What is not.
    for bus in [&member, &worker] {
        for key in [&format!("jobs/{job}"), "matchmaker/leader", "workers/gpu-2", "jobs/new", "anything"] {
            assert!(denied(put(bus, key, None).await), "{key}");
            assert!(denied(put(bus, key, Some(LONG)).await), "{key}");
            assert!(denied(bus.delete(key, Expect::Any).await), "{key}");
        }
        for subject in ["submit", "claim", "check.gpu-2", "stop"] {
            assert!(denied(bus.serve(subject).await.map(drop)), "{subject}");
        }
        assert!(denied(bus.watch("").await.map(drop)));
        assert!(denied(bus.watch("matchmaker/").await.map(drop)));
        assert!(denied(bus.get("lab/members").await.map(drop)));
        assert!(denied(bus.log("other/1", 0).await.map(drop)));
        assert!(denied(bus.append(&format!("log/{job}/1"), 0, vec![vec![1]]).await.map(drop)));
        assert!(denied(bus.truncate(&format!("log/{job}/1"), 1).await));
        assert!(denied(bus.forget_log(&format!("log/{job}/1")).await));
    }
    assert!(denied(put(&member, "workers/gpu-1", Some(LONG)).await));
    assert!(denied(put(&worker, "workers/gpu-1", None).await), "it is not to outlive the worker");
    for subject in ["claim", "confirm", "report"] {
        assert!(denied(member.request(subject, vec![], LONG).await.map(drop)), "{subject}");
    }
    for subject in ["submit", "stop", "kill", "retry", "clear", "check.gpu-1"] {
        assert!(denied(worker.request(subject, vec![], LONG).await.map(drop)), "{subject}");
    }
    let error = put(&member, "jobs/1", None).await.expect_err("denied");
    assert_eq!(error.to_string(), "this lab does not let the member amick write jobs/1");
}

/// Somebody with a member's password and another program than ours.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_lets_nobody_speak_for_another() {
    use futures::StreamExt;
    let (amick, tom) = (Identity::member("amick"), Identity::member("tom"));
    let server = strict_server(&[("amick", &amick), ("tom", &tom)]);
    let hub = nats::open(with_password(&server, Identity::hub("hub"), "hub")).await.expect("opens");
    hub.put("jobs/1", b"x".to_vec(), Expect::Any, None).await.expect("put");
    let mut submits = hub.serve("submit").await.expect("served");
    let began = Instant::now();
    let error = nats::open(with_password(&server, amick, "tom")).await.err().expect("amick's subjects, tom's password");
    assert!(
        matches!(&error, BusError::Server { detail, .. } if detail.contains("samepath.down.member.amick")),
        "{error}"
    );
    assert!(began.elapsed() < Duration::from_secs(10));

    let (refused, mut refusals) = tokio::sync::mpsc::unbounded_channel();
    let thief = async_nats::ConnectOptions::with_user_and_password("tom".into(), PASSWORD.into())
        .event_callback(move |event| {
            let refused = refused.clone();
            async move {
                if let async_nats::Event::ServerError(error) = event {
                    drop(refused.send(error.to_string()));
                }
            }
        })
        .connect(server.address())
        .await
        .expect("connects");
    let mut expect_refusal = async |what: &str| {
        let said = in_time(refusals.recv()).await.expect("goes on");
        assert!(said.to_lowercase().contains("permissions violation"), "{what}: {said}");
    };
    for subject in [
        "samepath.up.member.amick._._.x",
        "samepath.up.hub.hub._._.x",
        "samepath.up.worker.gpu-1.gpu-1._.x",
        "samepath.down.member.amick._._.x",
        "samepath.record.jobs=2F1",
        "samepath.reign",
        "samepath.alive",
        "$JS.API.STREAM.PURGE.SAMEPATH_RECORDS",
        "$JS.API.STREAM.DELETE.SAMEPATH_RECORDS",
        "$JS.API.STREAM.MSG.DELETE.SAMEPATH_RECORDS",
        "$JS.API.DIRECT.GET.SAMEPATH_RECORDS",
        "$JS.API.CONSUMER.CREATE.SAMEPATH_RECORDS",
        "$JS.API.STREAM.CREATE.MINE",
        "$JS.API.STREAM.UPDATE.SAMEPATH_LOGS",
        "$SYS.REQ.SERVER.PING",
    ] {
        thief.publish(subject, "{}".into()).await.expect("sent");
        expect_refusal(subject).await;
    }
    // A roll-up would erase a whole stream.
    let mut rollup = async_nats::HeaderMap::new();
    rollup.insert("Nats-Rollup", "all");
    thief.publish_with_headers("samepath.record.jobs=2F1", rollup, "".into()).await.expect("sent");
    expect_refusal("roll-up").await;
    for subject in [
        ">",
        "samepath.>",
        "samepath.up.>",
        "samepath.down.>",
        "samepath.down.member.amick._._.*",
        "samepath.down.member.*._._.*",
        "_INBOX.>",
        "$SYS.>",
        "$JS.EVENT.>",
    ] {
        let mut heard = thief.subscribe(subject).await.expect("sent");
        expect_refusal(subject).await;
        drop(heard.next());
    }
    assert_eq!(value(&*hub, "jobs/1").await.as_deref(), Some("x"));
    let none = tokio::time::timeout(Duration::from_millis(200), submits.next()).await;
    assert!(none.is_err(), "nobody was asked anything");
}

/// A worker that was killed, and is started again at once: nobody may wait for the one before.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_line_that_is_dead_ends_when_its_guest_comes_anew() {
    let server = NatsServer::open();
    let _hub = hub(&server).await;
    let member = nats::join(NatsSettings::open(server.address(), Identity::member("amick"))).await.expect("joins");
    let cable = Cable::to(&server.address());
    for round in 0..4 {
        cable.mend();
        let first = NatsSettings::open(cable.address().to_owned(), Identity::worker("gpu-1"));
        let first = nats::join(first).await.expect("joins");
        let _asked = first.serve("check.gpu-1").await.expect("served");
        cable.cut();
        let again = NatsSettings::open(server.address(), Identity::worker("gpu-1"));
        let _again = nats::join(again).await.expect("joins");
        let began = Instant::now();
        let answer = in_time(member.request("check.gpu-1", vec![], LONG)).await;
        assert!(answer.is_err(), "{answer:?}");
        assert!(began.elapsed() < Duration::from_millis(500), "in round {round} after {:?}", began.elapsed());
    }
}
