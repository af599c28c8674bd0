//! The server that a lab is at: a renewed certificate, another one at its address, none yet, and a second hub.

use crate::labs::*;
use samepath_fleet::{
    Fleet,
    bus::{BusError, Link},
    lab::{HubPlace, Invite, LabError, Membership, Part, Places, Registry, Wanted},
};
use samepath_testkit::nats_server;
use std::{path::PathBuf, time::Duration};

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

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_server_says_that_cannot_start_is_told_whether_it_writes_its_log_by_then_or_not() {
    use samepath_fleet::lab::Hub;
    use std::os::unix::fs::PermissionsExt;
    let mut lab = Lab::new().await;
    lab.stop().await;
    let store = lab.dir().join("store");
    std::fs::remove_dir_all(&store).expect("removed");
    std::fs::write(&store, "no folder").expect("written");
    let error = Hub::start(lab.place(), Some(nats_server())).await.err().expect("it cannot keep anything");
    let LabError::ServerEnded { said } = &error else { panic!("{error}") };
    assert!(said.contains("JetStream"), "{said}");
    let program = lab.dir().join("says-why");
    std::fs::write(&program, "#!/bin/sh\n[ $1 = --version ] && echo nats-server: v2.11.0 && exit\necho it has no configuration >&2\nexit 1\n")
        .expect("written");
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o700)).expect("may be run");
    let error = Hub::start(lab.place(), Some(program)).await.err().expect("it says why");
    assert!(matches!(&error, LabError::ServerEnded { said } if said == "it has no configuration"), "{error}");
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
        jobs_at_once: None,
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
