//! A lab's hub on a real server: invitations, keys that never leave, expiry, being put out, and another hub taking over.

mod labs;

use labs::*;
use samepath_fleet::{
    Fleet,
    bus::{BusError, Link},
    lab::{HubPlace, Invitation, Invite, LabError, Membership, Part, Places, Registry, Wanted},
};
use samepath_testkit::nats_server;
use std::{path::PathBuf, time::Duration};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_invitation_is_for_one_computer_and_for_its_time() {
    let mut lab = Lab::new().await;
    let invitation = lab.invite(Part::Member, "amick", 1, HOUR).await;
    let invitation: Invitation = invitation.to_string().parse().expect("pasted");
    let membership = in_time(Membership::join(&invitation)).await.expect("joins");
    assert_eq!((membership.part, membership.name.as_str()), (Part::Member, "amick"));
    assert_eq!((membership.lab.as_str(), membership.server.as_str()), ("Test Lab", &*lab.listen.to_string()));
    let again = in_time(Membership::join(&invitation)).await;
    assert!(matches!(again, Err(LabError::Refused)), "{again:?}");
    let late = lab.invite(Part::Member, "tom", 1, -HOUR).await;
    let late = in_time(Membership::join(&late)).await;
    assert!(matches!(late, Err(LabError::Expired { .. })), "{late:?}");
    // What was kept is enough from now on, also for a hub that was started again.
    for _ in 0..2 {
        let fleet = in_time(Fleet::lab(&membership)).await.expect("comes in");
        assert!(is_answered(&fleet).await);
        fleet.close().await;
        lab.stop().await;
        lab.start().await;
    }
    assert_eq!(lab.names().await, ["amick"]);
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_who_use_one_token_at_once_one_comes_in() {
    let mut lab = Lab::new().await;
    let invitation = lab.invite(Part::Member, "amick", 1, HOUR).await;
    let tries: Vec<_> = (0..8)
        .map(|_| {
            let invitation = invitation.clone();
            tokio::spawn(async move { Membership::join(&invitation).await })
        })
        .collect();
    let mut came_in = 0;
    for tried in tries {
        match in_time(tried).await.expect("ended") {
            Ok(_) => came_in += 1,
            Err(error) => assert!(matches!(error, LabError::Refused), "{error}"),
        }
    }
    assert_eq!(came_in, 1);
    assert_eq!(lab.names().await, ["amick"]);
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_takes_a_name_that_was_not_invited() {
    let mut lab = Lab::new().await;
    let members = lab.member("amick").await;
    // As another member, as a worker, with a token that was never given, and with somebody's key at another name.
    let forge = |invitation: &Invitation, with: &[(&str, serde_json::Value)]| -> Invitation {
        let mut forged = serde_json::to_value(invitation).expect("plain data");
        for (key, value) in with {
            forged[key] = value.clone();
        }
        serde_json::from_value(forged).expect("an invitation")
    };
    let given = lab.invite(Part::Member, "eve", 1, HOUR).await;
    let forged = forge(&given, &[("token", "0".repeat(48).into())]);
    assert!(matches!(in_time(Membership::join(&forged)).await, Err(LabError::Refused)));
    for with in [("name", "amick".into()), ("part", "worker".into()), ("many", true.into())] {
        let given = lab.invite(Part::Member, "eve", 1, HOUR).await;
        let error = in_time(Membership::join(&forge(&given, std::slice::from_ref(&with)))).await.expect_err("refused");
        assert!(!matches!(error, LabError::Refused), "{with:?}: the server lets eve in as eve: {error}");
    }
    let mut other = serde_json::to_value(&members).expect("plain data");
    other["name"] = "tom".into();
    let other: Membership = serde_json::from_value(other).expect("a membership");
    let error = in_time(Fleet::lab(&other)).await.expect_err("refused");
    assert!(matches!(error, LabError::Bus(BusError::Server { .. })), "{error}");
    assert!(!lab.names().await.contains(&"tom".to_owned()));
    lab.stop().await;
}

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
    assert!(matches!(in_time(Membership::join(&unused)).await, Err(LabError::Refused)));
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
async fn a_worker_is_one_computer() {
    let mut lab = Lab::new().await;
    let own = "something".to_owned();
    let old = Membership::join(&lab.invite(Part::Worker, "gpu-1", 1, HOUR).await).await.expect("joins");
    let fleet = Fleet::lab(&old).await.expect("comes in");
    assert_eq!(fleet.worker_id(&own).as_deref(), Some("gpu-1"));
    let new = Membership::join(&lab.invite(Part::Worker, "gpu-1", 1, HOUR).await).await.expect("joins");
    let mut link = fleet.link();
    in_time(link.wait_for(|link| matches!(link, Link::Down { .. }))).await.expect("still there");
    fleet.close().await;
    assert!(is_refused(&old).await);
    Fleet::lab(&new).await.expect("comes in").close().await;
    let member = Fleet::lab(&lab.member("amick").await).await.expect("comes in");
    assert_eq!(member.worker_id(&own), None, "a member is no worker");
    member.close().await;
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_invitation_for_several_makes_as_many_workers() {
    let mut lab = Lab::new().await;
    let invitation = lab.invite(Part::Worker, "gpu", 3, HOUR).await;
    let mut memberships = Vec::new();
    for _ in 0..3 {
        memberships.push(in_time(Membership::join(&invitation)).await.expect("joins"));
    }
    assert!(matches!(in_time(Membership::join(&invitation)).await, Err(LabError::Refused)));
    let mut names: Vec<&str> = memberships.iter().map(|membership| membership.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(lab.names().await, names);
    for membership in &memberships {
        let fleet = in_time(Fleet::lab(membership)).await.expect("comes in");
        assert_eq!(fleet.worker_id(&String::new()), Some(membership.name.clone()));
        fleet.close().await;
    }
    let (one, rest) = (memberships[0].name.clone(), memberships.split_off(1));
    assert_eq!(lab.revoke(&one).await.expect("revoked"), (1, 0));
    Fleet::lab(&rest[0]).await.expect("comes in").close().await;
    assert_eq!(lab.revoke("gpu").await.expect("revoked"), (2, 0));
    assert!(is_refused(&rest[1]).await);
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_line_that_got_about_is_taken_back_without_those_who_joined_by_it() {
    let mut lab = Lab::new().await;
    let invitation = lab.invite(Part::Worker, "gpu", 3, HOUR).await;
    let joined = Membership::join(&invitation).await.expect("joins");
    let registry = Registry::open(lab.dir()).await.expect("joins");
    assert_eq!(registry.withdraw("gpu").await.expect("taken back"), 1);
    assert!(matches!(registry.withdraw("gpu").await, Err(LabError::NoSuchName { .. })));
    assert!(matches!(in_time(Membership::join(&invitation)).await, Err(LabError::Refused)));
    in_time(Fleet::lab(&joined)).await.expect("stays").close().await;
    // Whoever is put out by a name is one.
    for (part, name) in [(Part::Member, "gpu"), (Part::Member, joined.name.as_str())] {
        let wanted =
            Invite { part, name: name.to_owned(), uses: 1, lasts: HOUR, places: Places::default(), admin: false };
        assert!(matches!(registry.invite(wanted).await, Err(LabError::Taken { .. })), "{name}");
    }
    lab.invite(Part::Member, "amick", 1, HOUR).await;
    let wanted = Invite {
        part: Part::Worker,
        name: "amick".to_owned(),
        uses: 1,
        lasts: HOUR,
        places: Places::default(),
        admin: false,
    };
    let error = registry.invite(wanted).await.expect_err("refused");
    assert_eq!(error.to_string(), "the lab has a member amick already");
    registry.close().await;
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_whose_certificate_was_renewed_is_the_one_that_was_joined() {
    let mut lab = Lab::new().await;
    let membership = lab.member("amick").await;
    let invited_before = lab.invite(Part::Member, "lee", 1, HOUR).await;
    lab.stop().await;
    let certificate = lab.dir().join("certificate.pem");
    let key = std::fs::read_to_string(lab.dir().join("certificate-key.pem")).expect("a key");
    let key = rcgen::KeyPair::from_pem(&key).expect("a key");
    let renewed = rcgen::CertificateParams::new(vec!["renewed.example".to_owned()]).expect("names");
    let renewed = renewed.self_signed(&key).expect("a certificate").pem();
    assert_ne!(std::fs::read_to_string(&certificate).expect("a certificate"), renewed);
    std::fs::write(&certificate, renewed).expect("renewed");
    lab.start().await;
    Fleet::lab(&membership).await.expect("comes in").close().await;
    Membership::join(&invited_before).await.expect("joins");
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_server_at_the_address_is_not_trusted() {
    let mut lab = Lab::new().await;
    let membership = lab.member("amick").await;
    lab.stop().await;
    for name in ["certificate.pem", "certificate-key.pem"] {
        std::fs::remove_file(lab.dir().join(name)).expect("removed");
    }
    lab.start().await;
    let error = Fleet::lab(&membership).await.expect_err("another key");
    assert!(matches!(error, LabError::Bus(BusError::OtherServer { .. })), "{error}");
    let later = Fleet::lab_later(&membership).expect("a membership");
    let mut link = later.link();
    in_time(link.wait_for(|link| matches!(why(link), Some(BusError::OtherServer { .. })))).await.expect("told why");
    later.close().await;
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lab_that_does_not_answer_yet_is_joined_when_it_does() {
    let mut lab = Lab::new().await;
    let membership = lab.member("amick").await;
    lab.stop().await;
    let later = Fleet::lab_later(&membership).expect("a membership");
    let mut link = later.link();
    assert!(matches!(&*link.borrow_and_update(), Link::Down { why: None, .. }));
    let mut jobs = later.jobs();
    lab.start().await;
    in_time(link.wait_for(|link| *link == Link::Up)).await.expect("still there");
    assert!(is_answered(&later).await);
    assert_eq!(in_time(jobs.next()).await, Some(samepath_fleet::Update::Current), "who watched meanwhile is told");
    later.close().await;
    // Closed before anybody was there.
    lab.stop().await;
    let never = Fleet::lab_later(&membership).expect("a membership");
    in_time(never.close()).await;
    assert!(!is_answered(&never).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lab_serves_so_many_and_its_administrator_besides() {
    let mut lab = Lab::new().await;
    lab.stop().await;
    let place = |connections| {
        let wanted = Wanted { connections: Some(connections), ..Wanted::default() };
        HubPlace::make(lab.dir(), wanted, "127.0.0.1")
    };
    for count in [0, 15, 65_537] {
        assert!(matches!(place(count), Err(LabError::Connections { .. })), "{count}");
    }
    drop(place(16).expect("a number"));
    // It is kept.
    lab.start().await;
    let configuration = std::fs::read_to_string(lab.dir().join("nats-server.conf")).expect("written");
    assert!(configuration.contains("max_connections: 272"), "{configuration}");
    let (mut inside, mut first) = (Vec::new(), None);
    for name in ["one", "two", "three", "four"] {
        let membership = lab.member(name).await;
        for _ in 0..4 {
            inside.push(in_time(Fleet::lab(&membership)).await.expect("comes in"));
        }
        first.get_or_insert_with(|| membership.clone());
        // No member has more than a quarter.
        let fifth = Fleet::lab_later(&membership).expect("a membership");
        let mut link = fifth.link();
        let up = tokio::time::timeout(Duration::from_secs(1), link.wait_for(|link| *link == Link::Up));
        assert!(up.await.is_err(), "{name}");
        fifth.close().await;
    }
    // It is full; whoever looks after it is served.
    assert_eq!(lab.names().await, ["four", "one", "three", "two"]);
    let waiting = Fleet::lab_later(&first.expect("joined")).expect("a membership");
    let mut link = waiting.link();
    assert!(tokio::time::timeout(Duration::from_secs(1), link.wait_for(|link| *link == Link::Up)).await.is_err());
    // A place that comes free is somebody else's.
    inside.remove(0).close().await;
    in_time(link.wait_for(|link| *link == Link::Up)).await.expect("still there");
    waiting.close().await;
    for fleet in inside {
        fleet.close().await;
    }
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_hub_in_the_folder_takes_over_with_all_that_was_agreed() {
    let mut lab = Lab::new().await;
    let (member, out) = (lab.member("amick").await, lab.member("eve").await);
    let unused = lab.invite(Part::Member, "tom", 1, HOUR).await;
    lab.revoke("eve").await.expect("revoked");
    let second = Running::start(lab.place()).await;
    let fleet = Fleet::lab(&member).await.expect("comes in");
    // The server goes with the first hub, and comes with the second.
    lab.stop().await;
    in_time(async {
        while !is_answered(&fleet).await {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await;
    in_time(Membership::join(&unused)).await.expect("joins");
    assert!(is_refused(&out).await);
    assert_eq!(lab.names().await, ["amick", "tom"]);
    fleet.close().await;
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_hub_elsewhere_takes_over_on_the_server_of_the_first() {
    let mut lab = Lab::new().await;
    let member = lab.member("amick").await;
    let elsewhere = tempfile::tempdir().expect("a folder");
    for name in ["hub.json", "certificate.pem"] {
        std::fs::copy(lab.dir().join(name), elsewhere.path().join(name)).expect("copied");
    }
    let wanted = Wanted { server: Some(lab.listen.to_string()), ..Wanted::default() };
    let place = HubPlace::make(elsewhere.path(), wanted, "elsewhere").expect("a hub's folder");
    assert!(!place.runs_server());
    let second = Running::start(place).await;
    let fleet = Fleet::lab(&member).await.expect("comes in");
    // The first dies without a word; its server was told to stay.
    let server = lab.hub.take().expect("runs");
    server.task.abort();
    drop(server.task.await);
    // With it went its server, which is a child of this process: somebody starts it again.
    let configuration: PathBuf = lab.dir().join("nats-server.conf");
    let again = tokio::process::Command::new(nats_server())
        .arg("--config")
        .arg(configuration)
        .stderr(std::process::Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .expect("starts");
    in_time(async {
        while !is_answered(&fleet).await {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await;
    let registry = Registry::open(elsewhere.path()).await.expect("joins");
    let wanted = Invite {
        part: Part::Member,
        name: "tom".to_owned(),
        uses: 1,
        lasts: HOUR,
        places: Places::default(),
        admin: false,
    };
    let invitation = registry.invite(wanted).await.expect("invited");
    registry.close().await;
    in_time(Membership::join(&invitation)).await.expect("joins");
    fleet.close().await;
    second.stop().await;
    drop(again);
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
async fn who_does_not_want_to_wait_tries_at_once() {
    let mut lab = Lab::new().await;
    let mut membership = lab.member("amick").await;
    lab.stop().await;
    // As behind a firewall: it is reached, and says nothing.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    membership.server = silent.local_addr().expect("it has one").to_string();
    let fleet = Fleet::lab_later(&membership).expect("a membership");
    let mut tries = Vec::new();
    for _ in 0..4 {
        let began = std::time::Instant::now();
        tries.push(in_time(silent.accept()).await.expect("tried"));
        assert!(tries.len() == 1 || began.elapsed() < Duration::from_millis(1500), "one try waits for two seconds");
        fleet.hurry();
    }
    fleet.close().await;
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
        assert_eq!(refused.expect_err("refused").code(), "invalid_parameter");
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
