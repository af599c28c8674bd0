//! Requests, and who serves them.

use super::*;

pub(crate) async fn a_request_carries_who_asks(on: Handles) {
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

pub(crate) async fn requests_at_once_are_answered_out_of_order(on: Handles) {
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

pub(crate) async fn a_request_nobody_serves_fails_at_once(on: Handles) {
    let nobody = Err(BusError::NoResponder { subject: "nobody".to_owned() });
    assert_eq!(on.person.request("nobody", vec![], LONG).await, nobody);
    assert_eq!(on.worker().request("nobody", vec![], LONG).await, nobody);
    drop(on.person.serve("nobody").await.expect("served for a moment"));
    // Over a socket the end of serving is told, not awaited.
    let again = on.person.request("nobody", vec![], LONG).await;
    assert!(matches!(again, Err(BusError::NoResponder { .. } | BusError::ResponderGone { .. })), "{again:?}");
}

pub(crate) async fn a_request_ends_in_time(on: Handles) {
    let mut requests = on.person.serve("slow").await.expect("served");
    let answer = on.worker().request("slow", vec![], Duration::from_millis(30)).await;
    assert_eq!(answer, Err(BusError::TimedOut { name: "slow".to_owned(), waited_ms: 30 }));
    requests.next().await.expect("it came").reply(b"too late".to_vec());
    let serving = echo(requests);
    assert_eq!(on.worker().request("slow", b"!".to_vec(), LONG).await, Ok(b"amick/gpu-1: !".to_vec()));
    serving.abort();
}

pub(crate) async fn a_dropped_request_fails_at_once(on: Handles) {
    for (server, asker) in [(&*on.person, on.worker()), (on.worker(), &*on.person)] {
        let mut requests = server.serve("fragile").await.expect("served");
        let (answer, ()) = tokio::join!(asker.request("fragile", vec![], LONG), async {
            drop(requests.next().await.expect("a request"));
        });
        assert_eq!(answer, Err(BusError::ResponderGone { subject: "fragile".to_owned() }));
    }
}

pub(crate) async fn an_answer_that_is_too_large_is_told_as_that(on: Handles) {
    for (server, asker) in [(&*on.person, on.worker()), (on.worker(), &*on.person)] {
        let mut requests = server.serve("large").await.expect("served");
        let (answer, ()) = tokio::join!(asker.request("large", vec![], LONG), async {
            requests.next().await.expect("a request").reply(vec![0; MAX_MESSAGE + 1]);
        });
        let refused: samepath_wire::Refused = serde_json::from_slice(&answer.expect("answered")).expect("refused");
        assert_eq!(refused.code, "too_large");
        assert_eq!(refused.message, "the answer has 524289 bytes, and 524288 are the most: ask for less at a time");
    }
}

pub(crate) async fn a_responder_that_goes_fails_what_it_took(mut on: Handles) {
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

pub(crate) async fn a_request_given_up_is_seen_to_be(on: Handles) {
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

pub(crate) async fn a_request_may_be_held_open(on: Handles) {
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

pub(crate) async fn the_newest_serves(on: Handles) {
    let old = echo(on.person.serve("who").await.expect("served"));
    let mut new = on.worker().serve("who").await.expect("served");
    let (answer, ()) = tokio::join!(on.person.request("who", vec![], LONG), async {
        new.next().await.expect("a request").reply(b"new".to_vec());
    });
    assert_eq!(answer, Ok(b"new".to_vec()));
    old.abort();
}
