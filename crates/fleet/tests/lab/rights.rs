//! What a key opens, who puts out whom, and that whoever is out stays out.

use crate::labs::*;
use crate::plain::job;
use samepath_fleet::{
    Fleet,
    bus::{BusError, Link},
    lab::{Invite, LabError, Membership, Part, Places, Registry, Revoked},
};
use samepath_wire::JobState;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_put_out_is_out_at_once_and_nobody_else_notices() {
    let mut lab = Lab::new().await;
    let memberships = [lab.member("amick").await, lab.member("tom").await];
    let unused = lab.invite(Part::Member, "amick", 1, HOUR).await;
    let amick = Fleet::lab(&memberships[0]).await.expect("comes in");
    let tom = Fleet::lab(&memberships[1]).await.expect("comes in");
    let mut toms = tom.link();
    toms.mark_unchanged();
    assert_eq!(lab.revoke("amick").await.expect("revoked"), (1, 1));
    assert!(matches!(lab.revoke("amick").await, Err(LabError::NoSuchName { .. })));
    let mut link = amick.link();
    in_time(link.wait_for(|link| matches!(link, Link::Down { .. }))).await.expect("still there");
    in_time(link.wait_for(|link| matches!(why(link), Some(BusError::NotAdmitted { .. })))).await.expect("told why");
    assert!(!is_answered(&amick).await);
    assert!(is_refused(&memberships[0]).await);
    assert!(matches!(in_time(Membership::join(&unused)).await, Err(LabError::Refused { .. })));
    assert!(is_answered(&tom).await);
    assert!(!toms.has_changed().expect("still there"));
    // The name is free again, and the key that was taken back stays so; also for a hub that was started again.
    let again = lab.member("amick").await;
    Fleet::lab(&again).await.expect("comes in").close().await;
    assert!(is_refused(&memberships[0]).await);
    for fleet in [amick, tom] {
        fleet.close().await;
    }
    lab.stop().await;
    lab.start().await;
    assert!(is_refused(&memberships[0]).await);
    Fleet::lab(&again).await.expect("comes in").close().await;
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_put_out_leaves_no_invitation_behind() {
    let mut lab = Lab::new().await;
    let membership = lab.member("amick").await;
    let fleet = Fleet::lab(&membership).await.expect("comes in");
    let (began, begun) = tokio::sync::oneshot::channel();
    let inviting = tokio::spawn(async move {
        let (mut began, mut got) = (Some(began), Vec::new());
        while let Ok(added) = fleet.add_computer(&membership).await {
            got.push(added);
            if let Some(began) = began.take() {
                let _ = began.send(());
            }
        }
        fleet.close().await;
        got
    });
    begun.await.expect("the first invitation");
    lab.revoke("amick").await.expect("revoked");
    let got = in_time(inviting).await.expect("ends");
    assert!(!got.is_empty());
    for invitation in got {
        assert!(matches!(in_time(Membership::join(&invitation)).await, Err(LabError::Refused { .. })));
    }
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_of_a_member_who_is_put_out_is_cancelled_and_what_waits_of_one_who_leaves_is_not() {
    let mut lab = Lab::new().await;
    let (amick, tom) = (lab.member("amick").await, lab.member("tom").await);
    let gpu = lab.invite(Part::Worker, "gpu-1", 1, HOUR).await;
    Membership::join(&gpu).await.expect("joins");
    let fleets = [Fleet::lab(&amick).await.expect("comes in"), Fleet::lab(&tom).await.expect("comes in")];
    let mut own = Vec::new();
    for (number, fleet) in (1..).zip(&fleets) {
        own.push(fleet.submit(&job(number)).await.expect("submitted").job.id);
    }
    let registry = Registry::open(lab.dir()).await.expect("joins");
    // Tom leaves, as people do who get another computer.
    fleets[1].leave(&tom).await.expect("left");
    let gone = registry.revoke("amick").await.expect("revoked");
    assert_eq!(gone, Revoked { part: Part::Member, computers: 1, invitations: 0, cancelled: 1 });
    let nina = Fleet::lab(&lab.member("nina").await).await.expect("comes in");
    let record = nina.job(own[0]).await.expect("kept");
    let last = record.history.last().expect("a change");
    assert_eq!((record.state, last.reason.as_str()), (JobState::Cancelled, "amick's access ended"));
    assert_eq!(nina.job(own[1]).await.expect("kept").state, JobState::Queued);
    // Whoever left can still be put out, as long as anything of theirs waits.
    assert_eq!(registry.revoke("tom").await.expect("revoked").cancelled, 1);
    assert!(matches!(registry.revoke("tom").await, Err(LabError::NoSuchName { .. })));
    assert_eq!(registry.revoke("gpu-1").await.expect("revoked").part, Part::Worker);
    registry.close().await;
    for fleet in fleets.into_iter().chain([nina]) {
        fleet.close().await;
    }
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_opens_two_subjects_and_nothing_else() {
    let mut lab = Lab::new().await;
    let amick = lab.member("amick").await;
    let gpu = Membership::join(&lab.invite(Part::Worker, "gpu-1", 1, HOUR).await).await.expect("joins");
    let other = Thief::with(&lab, &lab.member("tom").await).await.key;
    for (membership, own) in [(&amick, "member.amick._"), (&gpu, "worker.gpu-1.gpu-1")] {
        let mut thief = Thief::with(&lab, membership).await;
        let own = format!("{own}.{}", thief.key);
        for subject in [
            &format!("samepath.up.member.tom._.{other}.x"),
            &format!("samepath.up.member.amick._.{other}.x"),
            "samepath.up.member.amick._._.x",
            "samepath.up.hub.hub._._.x",
            "samepath.up.worker.gpu-2.gpu-2._.x",
            &format!("samepath.down.{own}.x"),
            &format!("samepath.up.{own}"),
            &format!("samepath.up.{own}.x.y"),
            "samepath.record.jobs=2F1",
            "samepath.record.lab=2Fkeys=2FU",
            "samepath.reign",
            "samepath.log.x",
            "samepath.logs.reign",
            "samepath.alive",
            "$JS.API.STREAM.PURGE.SAMEPATH_RECORDS",
            "$JS.API.STREAM.DELETE.SAMEPATH_LOGS",
            "$JS.API.STREAM.MSG.DELETE.SAMEPATH_RECORDS",
            "$JS.API.STREAM.MSG.GET.SAMEPATH_RECORDS",
            "$JS.API.DIRECT.GET.SAMEPATH_RECORDS",
            "$JS.API.CONSUMER.CREATE.SAMEPATH_RECORDS",
            "$JS.API.STREAM.CREATE.MINE",
            "$SYS.REQ.USER.AUTH",
            "$SYS.REQ.SERVER.PING",
        ] {
            thief.client.publish(subject.to_owned(), "{}".into()).await.expect("sent");
            thief.is_refused(subject).await;
        }
        let mut rollup = async_nats::HeaderMap::new();
        rollup.insert("Nats-Rollup", "all");
        thief.client.publish_with_headers("samepath.record.x", rollup, "".into()).await.expect("sent");
        thief.is_refused("a roll-up").await;
        for subject in [
            ">",
            "samepath.>",
            "samepath.up.>",
            "samepath.down.>",
            &format!("samepath.down.member.tom._.{other}.*"),
            &format!("samepath.up.{own}.*"),
            "samepath.record.>",
            "samepath.alive",
            "_INBOX.>",
            "$SYS.>",
            "$SYS.REQ.USER.AUTH",
            "$JS.EVENT.>",
        ] {
            let heard = thief.client.subscribe(subject.to_owned()).await.expect("sent");
            thief.is_refused(subject).await;
            drop(heard);
        }
    }
    assert_eq!(lab.names().await, ["amick", "gpu-1", "tom"]);
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_outlives_its_key_is_heard_by_nobody() {
    use futures::StreamExt;
    let mut lab = Lab::new().await;
    let eve = lab.member("eve").await;
    let thief = Thief::with(&lab, &eve).await;
    let own = format!("member.eve._.{}", thief.key);
    let mut heard = thief.client.subscribe(format!("samepath.down.{own}.*")).await.expect("its own");
    // Before: a greeting opens a line, and the hub goes on to say that it is there.
    thief.client.publish(format!("samepath.up.{own}.a"), greeting().into()).await.expect("its own");
    let first = in_time(heard.next()).await.expect("answered");
    assert!(first.payload.first().is_some_and(|sort| *sort != 2), "{first:?}");
    lab.revoke("eve").await.expect("revoked");
    // After: the line ends, long before silence would end it, and no other one is opened.
    let began = std::time::Instant::now();
    let bye = in_time(async {
        loop {
            let message = heard.next().await.expect("goes on");
            if message.payload.first() == Some(&2) {
                return message;
            }
        }
    })
    .await;
    assert!(bye.subject.ends_with(".a") && began.elapsed() < Duration::from_secs(5), "{bye:?}");
    thief.client.publish(format!("samepath.up.{own}.b"), greeting().into()).await.expect("its own");
    let answer = in_time(heard.next()).await.expect("answered");
    assert_eq!((answer.payload.first(), answer.subject.ends_with(".b")), (Some(&2), true), "{answer:?}");
    assert!(Thief::connect(&lab, &seed(&eve)).await.is_err(), "it is not let in again");
    let stranger = nkeys::KeyPair::new_user().seed().expect("a new key");
    assert!(Thief::connect(&lab, &stranger).await.is_err(), "nobody knows it");
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_member_sees_and_puts_out_its_own_computers_and_nobody_else_s() {
    let mut lab = Lab::new().await;
    let folder = tempfile::tempdir().expect("a folder");
    let invitation = lab.invite(Part::Member, "amick", 1, HOUR).await;
    let file = folder.path().join("member.json");
    let laptop = Membership::join_and_keep(&invitation, Some("amick-mbp"), &file);
    let laptop = in_time(laptop).await.expect("joins");
    let (other, tom) = (lab.member("amick").await, lab.member("tom").await);
    let fleet = in_time(Fleet::lab(&laptop)).await.expect("comes in");
    let seen = in_time(fleet.computers(&laptop)).await.expect("answers");
    let told: Vec<_> = seen.iter().map(|it| (it.name.as_deref(), it.own)).collect();
    assert_eq!(told, [(Some("amick-mbp"), true), (None, false)], "the longest there first");
    let tom_sees = in_time(Fleet::lab(&tom)).await.expect("comes in");
    let refused = in_time(tom_sees.remove_computer(&seen[1].key)).await;
    assert!(refused.is_err_and(|error| error.code() == "invalid_parameter"));
    // Twice is once: an answer may be lost.
    for _ in 0..2 {
        in_time(fleet.remove_computer(&seen[1].key)).await.expect("its own");
    }
    assert_eq!(in_time(fleet.computers(&laptop)).await.expect("answers").len(), 1);
    assert!(matches!(in_time(Fleet::lab(&other)).await, Err(LabError::Bus(BusError::NotAdmitted { .. }))));
    assert_eq!(lab.names().await, ["amick", "tom"]);
    // A worker takes its own key off, and nobody else's.
    let gpu = lab.invite(Part::Worker, "gpu-1", 1, HOUR).await;
    let gpu = in_time(Membership::join(&gpu)).await.expect("joins");
    let worker = in_time(Fleet::lab(&gpu)).await.expect("comes in");
    let refused = in_time(worker.remove_computer(&seen[0].key)).await;
    assert!(refused.is_err_and(|error| error.code() == "invalid_parameter"));
    in_time(worker.leave(&gpu)).await.expect("left");
    assert_eq!(lab.names().await, ["amick", "tom"]);
    worker.close().await;
    fleet.close().await;
    tom_sees.close().await;
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_looks_after_the_lab_drains_and_puts_out_workers_and_nobody_else_does() {
    let mut lab = Lab::new().await;
    let registry = Registry::open(lab.dir()).await.expect("joins");
    let wanted = Invite {
        part: Part::Member,
        name: "amick".to_owned(),
        uses: 1,
        lasts: HOUR,
        places: Places::default(),
        jobs_at_once: None,
        admin: true,
    };
    let invitation = registry.invite(wanted.clone()).await.expect("invited");
    // A worker is nobody's administrator, whatever it is invited as.
    let worker = Invite { part: Part::Worker, name: "gpu-1".to_owned(), ..wanted };
    let worker = registry.invite(worker).await.expect("invited");
    assert!(invitation.admin && !worker.admin);
    registry.close().await;
    let admin = in_time(Membership::join(&invitation)).await.expect("joins");
    assert!(admin.admin);
    let gpu = in_time(Membership::join(&worker)).await.expect("joins");
    let tom = lab.member("tom").await;
    let served = in_time(Fleet::lab(&gpu)).await.expect("comes in");
    let session = served.session("gpu-1");
    let serving = tokio::spawn(async move {
        let drained = |draining| Ok(samepath_wire::Drained { draining, left: 1 });
        session.serve_drains(drained).await
    });
    let (fleet, plain) = (in_time(Fleet::lab(&admin)).await, in_time(Fleet::lab(&tom)).await);
    let (fleet, plain) = (fleet.expect("comes in"), plain.expect("comes in"));
    let drained = loop {
        match in_time(fleet.drain("gpu-1", true)).await {
            Ok(drained) => break drained,
            Err(error) => assert_eq!(error.code(), "no_worker", "until it answers: {error}"),
        }
    };
    assert_eq!((drained.draining, drained.left), (true, 1));
    for refused in [plain.drain("gpu-1", true).await.map(drop), plain.remove_worker("gpu-1").await.map(drop)] {
        let refused = refused.expect_err("refused");
        assert_eq!(refused.code(), "invalid_parameter");
        assert!(refused.to_string().starts_with("only an administrator of the lab may "), "{refused}");
    }
    // A further computer of the same person looks after it, too.
    let added = in_time(fleet.add_computer(&admin)).await.expect("invited");
    let laptop = in_time(Membership::join(&added)).await.expect("joins");
    let second = in_time(Fleet::lab(&laptop)).await.expect("comes in");
    assert_eq!(in_time(second.remove_worker("gpu-1:0")).await.expect("it may"), 1, "by the name that has joined");
    assert_eq!(in_time(second.remove_worker("amick")).await.expect("it may"), 0, "a member is no worker");
    let mut link = served.link();
    in_time(link.wait_for(|link| matches!(link, Link::Down { .. }))).await.expect("still there");
    assert_eq!(lab.names().await, ["amick", "amick", "tom"]);
    serving.abort();
    for fleet in [fleet, plain, second, served] {
        fleet.close().await;
    }
    lab.stop().await;
}

#[test]
fn what_a_person_may_not_do_is_told_in_their_words() {
    let told = |who: &str, what: &str| {
        let error = BusError::Denied { who: who.to_owned(), what: what.to_owned() };
        (error.to_string(), error.hint().expect("advice"))
    };
    let (drain, _) = told("the member amick", "ask drain.gpu-2");
    assert!(
        drain.starts_with("only an administrator of the lab may stop the worker gpu-2 from taking jobs"),
        "{drain}"
    );
    let (remove, _) = told("the member amick", "ask remove-worker");
    assert_eq!(remove, "only an administrator of the lab may put a worker out of it");
    let (submit, hint) = told("the worker gpu-1", "ask submit");
    assert_eq!(submit, "this computer joined as the worker gpu-1; to submit, join with a member's invitation");
    assert!(hint.contains("hub invite member"), "{hint}");
    // What only a program asks for.
    assert_eq!(told("the worker gpu-1", "write jobs/1").0, "this lab does not let the worker gpu-1 write jobs/1");
}
