//! Who comes in: invitations for one and for several, and how many a lab serves.

use crate::labs::*;
use crate::plain::job;
use samepath_fleet::{
    Fleet,
    bus::{BusError, Link},
    lab::{HubPlace, Invitation, Invite, LabError, Membership, Part, Places, Registry, Wanted},
};
use samepath_wire::Job;
use std::{num::NonZeroU32, time::Duration};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_invitation_is_for_one_computer_and_for_its_time() {
    let mut lab = Lab::new().await;
    let invitation = lab.invite(Part::Member, "amick", 1, HOUR).await;
    let invitation: Invitation = invitation.to_string().parse().expect("pasted");
    let membership = in_time(Membership::join(&invitation)).await.expect("joins");
    assert_eq!((membership.part, membership.name.as_str()), (Part::Member, "amick"));
    assert_eq!((membership.lab.as_str(), membership.server.as_str()), ("Test Lab", &*lab.listen.to_string()));
    let again = in_time(Membership::join(&invitation)).await;
    assert!(matches!(again, Err(LabError::Refused { .. })), "{again:?}");
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
            Err(error) => assert!(matches!(error, LabError::Refused { .. }), "{error}"),
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
    assert!(matches!(in_time(Membership::join(&forged)).await, Err(LabError::Refused { .. })));
    for with in [("name", "amick".into()), ("part", "worker".into()), ("many", true.into())] {
        let given = lab.invite(Part::Member, "eve", 1, HOUR).await;
        let error = in_time(Membership::join(&forge(&given, std::slice::from_ref(&with)))).await.expect_err("refused");
        assert!(!matches!(error, LabError::Refused { .. }), "{with:?}: the server lets eve in as eve: {error}");
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
    assert!(matches!(in_time(Membership::join(&invitation)).await, Err(LabError::Refused { .. })));
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
    assert!(matches!(in_time(Membership::join(&invitation)).await, Err(LabError::Refused { .. })));
    in_time(Fleet::lab(&joined)).await.expect("stays").close().await;
    // Whoever is put out by a name is one.
    for (part, name) in [(Part::Member, "gpu"), (Part::Member, joined.name.as_str())] {
        let wanted = Invite {
            part,
            name: name.to_owned(),
            uses: 1,
            lasts: HOUR,
            places: Places::default(),
            jobs_at_once: None,
            admin: false,
        };
        assert!(matches!(registry.invite(wanted).await, Err(LabError::Taken { .. })), "{name}");
    }
    lab.invite(Part::Member, "amick", 1, HOUR).await;
    let wanted = Invite {
        part: Part::Worker,
        name: "amick".to_owned(),
        uses: 1,
        lasts: HOUR,
        places: Places::default(),
        jobs_at_once: None,
        admin: false,
    };
    let error = registry.invite(wanted).await.expect_err("refused");
    assert_eq!(error.to_string(), "the lab has a member amick already");
    registry.close().await;
    lab.stop().await;
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
    Running::start(place(16).expect("a number")).await.stop().await;
    // It is kept.
    lab.start().await;
    let configuration = std::fs::read_to_string(lab.dir().join("nats-server.conf")).expect("written");
    assert!(configuration.contains("max_connections: 272"), "{configuration}");
    // Strangers make the server say much: its log takes so much of the disk and no more.
    for bound in ["logfile_size_limit: 16MB", "logfile_max_num: 4"] {
        assert!(configuration.contains(bound), "{configuration}");
    }
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
async fn how_many_jobs_of_a_member_may_run_at_a_time_is_kept_with_the_member_and_put_into_each_job() {
    let mut lab = Lab::new().await;
    let registry = Registry::open(lab.dir()).await.expect("joins");
    let invite = async |jobs_at_once: Option<u32>| {
        let jobs_at_once = jobs_at_once.and_then(NonZeroU32::new);
        let (part, name, places) = (Part::Member, "amick".to_owned(), Places::default());
        registry.invite(Invite { part, name, uses: 1, lasts: HOUR, places, jobs_at_once, admin: false }).await
    };
    let first = invite(Some(2)).await.expect("invited");
    // Of one name there is one number: a further computer has that of the first.
    let second = invite(None).await.expect("invited");
    assert_eq!(second.jobs_at_once, NonZeroU32::new(2));
    let refused = invite(Some(3)).await.expect_err("another number");
    assert_eq!(refused.to_string(), "amick may run 2 jobs at a time already");
    let membership = in_time(Membership::join(&first)).await.expect("joins");
    assert_eq!(membership.jobs_at_once, NonZeroU32::new(2));
    let fleet = Fleet::lab(&membership).await.expect("comes in");
    let added = fleet.add_computer(&membership).await.expect("invited");
    assert_eq!(in_time(Membership::join(&added)).await.expect("joins").jobs_at_once, NonZeroU32::new(2));
    // Whatever a client says.
    let wanted = Job { jobs_at_once: NonZeroU32::new(100), ..job(1) };
    assert_eq!(fleet.submit(&wanted).await.expect("submitted").job.jobs_at_once, NonZeroU32::new(2));
    let tom = Fleet::lab(&lab.member("tom").await).await.expect("comes in");
    let wanted = Job { jobs_at_once: NonZeroU32::new(1), ..job(2) };
    assert_eq!(tom.submit(&wanted).await.expect("submitted").job.jobs_at_once, None);
    let told = registry.joined().await.expect("told");
    assert!(
        told.iter().all(|it| it.jobs_at_once.map(NonZeroU32::get) == (it.name == "amick").then_some(2)),
        "{told:?}"
    );
    registry.close().await;
    for fleet in [fleet, tom] {
        fleet.close().await;
    }
    lab.stop().await;
}
