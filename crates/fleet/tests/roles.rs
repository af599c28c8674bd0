//! The table of docs/admin.md of who may do what: each row is tried by everybody, and what was seen is what the table says.
//!
//! `UPDATE_GOLDEN=1` writes the table's words anew.

mod labs;

use labs::*;
use samepath_fleet::{
    bus::{Bus, BusError, Expect, Link, SharedBus, nats},
    lab::{Membership, Part, Places},
};
use serde_json::json;
use std::{collections::BTreeSet, path::PathBuf, sync::Arc, time::Duration};

/// Long enough for an answer, of a request that nobody needs to answer.
const BRIEF: Duration = Duration::from_millis(500);
const JOB: &str = "0199c0de-0000-7000-8000-000000000001";
/// In the table, what begins like this is allowed.
const YES: [&str; 5] = ["yes", "its own", "as itself", "of attempts", "one kept"];

/// One thing that somebody may or may not do.
enum Try {
    Connect,
    /// On the server itself, with another program than ours; `{own}` is the route of whoever tries.
    Publish(&'static str),
    Hear(&'static str),
    Get(&'static str),
    Watch(&'static str),
    ReadLog,
    Ask(&'static str),
    Answer(&'static str),
    /// A record, with an expiry or without.
    Write(&'static str, bool),
    Remove(&'static str),
    /// To the log of this try.
    Append(u32),
    Truncate,
}

use Try::{Answer, Append, Ask, Connect, Get, Hear, Publish, ReadLog, Remove, Truncate, Watch, Write};

/// A row of the table: its words for stranger, member, worker, and who was put out; what is tried for it; and what of the same sort
/// everybody is refused, where the word is of one's own alone.
struct Row {
    what: &'static str,
    words: [&'static str; 4],
    tries: &'static [Try],
    foreign: &'static [Try],
}

const NO: [&str; 4] = ["no", "no", "no", "no"];
const INSIDE: [&str; 4] = ["no", "yes", "yes", "no"];

const ROWS: [Row; 20] = [
    Row {
        what: "connect",
        words: ["no", "yes", "yes", "no; a connection that is there is heard by nobody"],
        tries: &[Connect],
        foreign: &[],
    },
    Row {
        what: "`samepath.up.<itself>.*`, publish",
        words: INSIDE,
        tries: &[Publish("samepath.up.{own}.x")],
        foreign: &[],
    },
    Row {
        what: "`samepath.down.<itself>.*`, hear",
        words: INSIDE,
        tries: &[Hear("samepath.down.{own}.*")],
        foreign: &[],
    },
    Row {
        what: "the same of somebody else",
        words: NO,
        tries: &[
            Publish("samepath.up.member.tom._._.x"),
            Publish("samepath.up.worker.gpu-2.gpu-2._.x"),
            Publish("samepath.up.hub.hub._._.x"),
            Publish("samepath.down.{own}.x"),
            Hear("samepath.down.member.tom._._.*"),
            Hear("samepath.up.{own}.*"),
            Hear("samepath.>"),
        ],
        foreign: &[],
    },
    Row {
        what: "`samepath.record.*`, `samepath.reign`, `samepath.log.*`, `samepath.alive`",
        words: NO,
        tries: &[
            Publish("samepath.record.jobs=2F1"),
            Publish("samepath.reign"),
            Publish("samepath.log.x"),
            Publish("samepath.logs.reign"),
            Publish("samepath.alive"),
            Hear("samepath.record.>"),
            Hear("samepath.alive"),
        ],
        foreign: &[],
    },
    Row {
        what: "`$JS.API.>` (streams, consumers, purges, deletes), `$SYS.>`, `_INBOX.>`",
        words: NO,
        tries: &[
            Publish("$JS.API.STREAM.PURGE.SAMEPATH_RECORDS"),
            Publish("$JS.API.STREAM.MSG.GET.SAMEPATH_RECORDS"),
            Publish("$JS.API.CONSUMER.CREATE.SAMEPATH_LOGS"),
            Publish("$SYS.REQ.USER.AUTH"),
            Hear("$SYS.>"),
            Hear("_INBOX.>"),
        ],
        foreign: &[],
    },
    Row {
        what: "see jobs, workers, who of them was put out, job types, storages' addresses; read logs",
        words: INSIDE,
        tries: &[
            Get("jobs/x"),
            Watch("jobs/"),
            Get("workers/gpu-1"),
            Watch("workers/"),
            Get("kinds/x"),
            Watch("kinds/"),
            Get("lab/storages/vast"),
            Watch("lab/storages/"),
            Get("lab/put-out/gpu-1"),
            Watch("lab/put-out/"),
            ReadLog,
        ],
        foreign: &[],
    },
    Row {
        what: "see invitations and keys",
        words: NO,
        tries: &[
            Get("lab/keys/x"),
            Watch("lab/keys/"),
            Get("lab/invitations/x"),
            Watch("lab/"),
            Watch(""),
            Watch("matchmaker/"),
        ],
        foreign: &[],
    },
    Row {
        what: "submit, stop, kill, retry; invite a further computer of one's own",
        words: ["no", "yes", "no", "no"],
        tries: &[Ask("submit"), Ask("stop"), Ask("kill"), Ask("retry"), Ask("add-computer")],
        foreign: &[],
    },
    Row { what: "see computers", words: ["no", "its own", "no", "no"], tries: &[Ask("computers")], foreign: &[] },
    Row {
        what: "put a computer out",
        words: ["no", "its own", "its own", "no"],
        tries: &[Ask("remove-computer")],
        foreign: &[],
    },
    Row {
        what: "remove jobs that have ended, with their logs",
        words: ["no", "its own", "no", "no"],
        tries: &[Ask("clear")],
        foreign: &[],
    },
    Row { what: "cancel what waits of who was put out", words: NO, tries: &[Ask("cancel-waiting")], foreign: &[] },
    Row {
        what: "ask a worker for paths",
        words: ["no", "yes; one kept to some places, of those alone, and only a worker that heeds them", "no", "no"],
        tries: &[Ask("check.gpu-1")],
        foreign: &[],
    },
    Row {
        what: "have a worker take no new job, or put one out",
        words: ["no", "only who was invited with `--admin`", "no", "no"],
        tries: &[Ask("drain.gpu-1"), Ask("remove-worker")],
        foreign: &[],
    },
    Row {
        what: "claim, confirm, report",
        words: ["no", "no", "as itself", "no"],
        tries: &[Ask("claim"), Ask("confirm"), Ask("report")],
        foreign: &[],
    },
    Row {
        what: "write `workers/<id>`; answer for `<id>`",
        words: ["no", "no", "its own", "no"],
        tries: &[Write("workers/gpu-1", true), Answer("check.gpu-1"), Answer("drain.gpu-1"), Remove("workers/gpu-1")],
        foreign: &[
            Write("workers/gpu-1", false),
            Write("workers/gpu-2", true),
            Remove("workers/gpu-2"),
            Answer("check.gpu-2"),
            Answer("drain.gpu-2"),
            Answer("submit"),
        ],
    },
    Row {
        what: "write a job's record",
        words: NO,
        tries: &[
            Write("jobs/new", false),
            Write("jobs/new", true),
            Remove("jobs/new"),
            Write("matchmaker/leader", true),
        ],
        foreign: &[],
    },
    Row {
        what: "write a job's log",
        words: ["no", "no", "of attempts that it was given", "no"],
        tries: &[Append(1)],
        foreign: &[Append(2), Truncate],
    },
    Row {
        what: "write a job type's definition",
        words: ["no", "no", "yes", "no"],
        tries: &[Write("kinds/new", false)],
        foreign: &[Write("kinds/of-another", false), Write("kinds/new", true), Remove("kinds/new")],
    },
];

/// Somebody, as our own programs come in and as others do.
struct Somebody {
    bus: Arc<SharedBus>,
    thief: Thief,
    own: String,
    sentinel: u32,
}

impl Somebody {
    async fn new(lab: &Lab, membership: &Membership) -> Self {
        let settings = settings(lab, membership);
        let (up, _) = settings.identity.subjects();
        let own = up.trim_start_matches("samepath.up.").trim_end_matches(".*").to_owned();
        let bus = nats::join(settings).await.expect("comes in");
        Self { bus, thief: Thief::with(lab, membership).await, own, sentinel: 0 }
    }

    async fn may(&mut self, what: &Try) -> bool {
        let bus = self.bus.clone();
        let asked = async |result: Result<(), BusError>| match result {
            Err(BusError::Denied { .. }) => false,
            Err(BusError::Unreachable | BusError::Closed | BusError::NotAdmitted { .. }) => panic!("it cannot ask"),
            _ => true,
        };
        match what {
            Connect => true,
            Publish(subject) => self.passes(&subject.replace("{own}", &self.own), false).await,
            Hear(subject) => self.passes(&subject.replace("{own}", &self.own), true).await,
            Get(key) => asked(bus.get(key).await.map(drop)).await,
            Watch(prefix) => asked(bus.watch(prefix).await.map(drop)).await,
            ReadLog => asked(bus.log(&format!("log/{JOB}/1"), 0).await.map(drop)).await,
            Ask(subject) => {
                let question = if *subject == "claim" { &br#"{"holds":[],"wants":false}"#[..] } else { b"{}" };
                asked(bus.request(subject, question.to_vec(), BRIEF).await.map(drop)).await
            }
            Answer(subject) => asked(bus.serve(subject).await.map(drop)).await,
            Write(key, expires) => {
                let ttl = expires.then_some(LONG);
                asked(bus.put(key, b"{}".to_vec(), Expect::Any, ttl).await.map(drop)).await
            }
            Remove(key) => asked(bus.delete(key, Expect::Any).await).await,
            Append(attempt) => {
                asked(bus.append(&format!("log/{JOB}/{attempt}"), 0, vec![b"{}".to_vec()]).await.map(drop)).await
            }
            Truncate => asked(bus.truncate(&format!("log/{JOB}/1"), 1).await).await,
        }
    }

    /// Whether the server lets it through: of what it refuses it tells in order.
    async fn passes(&mut self, subject: &str, hear: bool) -> bool {
        let client = self.thief.client.clone();
        if hear {
            drop(client.subscribe(subject.to_owned()).await.expect("sent"));
        } else {
            client.publish(subject.to_owned(), "".into()).await.expect("sent");
        }
        self.sentinel += 1;
        let sentinel = format!("samepath.sentinel.{}", self.sentinel);
        client.publish(sentinel.clone(), "".into()).await.expect("sent");
        let mut refused = false;
        loop {
            let said = in_time(self.thief.refusals.recv()).await.expect("goes on");
            if said.contains(&sentinel) {
                return !refused;
            }
            refused |= said.contains(subject);
        }
    }
}

fn is_allowed(word: &str) -> bool {
    YES.iter().any(|yes| word.starts_with(yes))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_may_do_what_the_table_says_and_nothing_else() {
    let mut lab = Lab::new().await;
    let (amick, eve) = (lab.member("amick").await, lab.member("eve").await);
    let gpu = Membership::join(&lab.invite(Part::Worker, "gpu-1", 1, HOUR).await).await.expect("joins");
    let gpu_2 = Membership::join(&lab.invite(Part::Worker, "gpu-2", 1, HOUR).await).await.expect("joins");
    let mut others = Somebody::new(&lab, &gpu_2).await;
    for what in [Write("workers/gpu-2", true), Write("kinds/of-another", false)] {
        assert!(others.may(&what).await, "gpu-2 is there");
    }
    let runs = br#"{"kinds":[{"digest":"of-another"}]}"#.to_vec();
    others.bus.put("workers/gpu-2", runs, Expect::Any, Some(LONG)).await.expect("its own");
    // A job of which gpu-1 was given the first try.
    let attempts = json!({ "attempts": [{ "number": 1, "worker": "gpu-1" }, { "number": 2, "worker": "gpu-2" }] });
    lab.put(&amick, &format!("jobs/{JOB}"), &attempts).await;

    let mut out = Somebody::new(&lab, &eve).await;
    let mut member = Somebody::new(&lab, &amick).await;
    let mut worker = Somebody::new(&lab, &gpu).await;
    lab.revoke("eve").await.expect("revoked");
    let stranger = nkeys::KeyPair::new_user().seed().expect("a key");
    for row in &ROWS {
        for (somebody, word) in [(&mut member, row.words[1]), (&mut worker, row.words[2])] {
            for (number, what) in row.tries.iter().enumerate() {
                let seen = somebody.may(what).await;
                assert_eq!(seen, is_allowed(word), "{} by {}, number {number}", row.what, somebody.own);
            }
            for (number, what) in row.foreign.iter().enumerate() {
                assert!(!somebody.may(what).await, "{} by {}, foreign, number {number}", row.what, somebody.own);
            }
        }
        // Who is not let in does nothing at all.
        assert!(!is_allowed(row.words[0]) && !is_allowed(row.words[3]), "{}", row.what);
    }
    assert!(Thief::connect(&lab, &stranger).await.is_err());
    assert!(Thief::connect(&lab, &seed(&eve)).await.is_err());
    let mut link = out.bus.link();
    in_time(link.wait_for(|link| matches!(link, Link::Down { .. }))).await.expect("still there");
    for row in &ROWS {
        for what in row.tries {
            if let Publish(subject) | Hear(subject) = what
                && !subject.contains("{own}")
            {
                assert!(!out.may(what).await, "{} by who was put out", row.what);
            }
        }
    }
    for subject in ["submit", "check.gpu-1"] {
        let asked = out.bus.request(subject, b"{}".to_vec(), BRIEF).await;
        assert!(matches!(asked, Err(BusError::Unreachable)), "{subject}: {asked:?}");
    }
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_member_kept_to_places_asks_only_workers_that_heed_them() {
    let mut lab = Lab::new().await;
    let places = Places { user_subdir: Some("amick".to_owned()), read: Vec::new() };
    let confined = lab.invite_to(Part::Member, "amick", places.clone()).await;
    let confined = Membership::join(&confined).await.expect("joins");
    let gpu = Membership::join(&lab.invite(Part::Worker, "gpu-1", 1, HOUR).await).await.expect("joins");
    let worker = nats::join(settings(&lab, &gpu)).await.expect("comes in");
    let member = nats::join(settings(&lab, &confined)).await.expect("comes in");
    let mut asked = worker.serve("check.gpu-1").await.expect("its own");
    for (record, heeds) in [(r#"{}"#, false), (r#"{"confines":true}"#, true), (r#"{"confines":false}"#, false)] {
        worker.put("workers/gpu-1", record.into(), Expect::Any, Some(LONG)).await.expect("its own");
        let (answer, from) = tokio::join!(member.request("check.gpu-1", Vec::new(), LONG), async {
            if !heeds {
                return None;
            }
            let request = asked.next().await.expect("a question");
            let from = request.from.clone();
            request.reply(b"seen".to_vec());
            Some(from)
        });
        assert_eq!(matches!(answer, Err(BusError::Denied { .. })), !heeds, "{record}: {answer:?}");
        assert_eq!(from.map(|from| from.places), heeds.then(|| Some(places.clone())), "{record}");
    }
    lab.stop().await;
}

#[test]
fn the_table_is_the_one_of_the_documentation() {
    const BEGINNING: &str = "| | stranger | member | worker | who was put out |\n|---|---|---|---|---|\n";
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/admin.md");
    let text = std::fs::read_to_string(&path).expect("the documentation");
    let begin = text.find(BEGINNING).expect("the table") + BEGINNING.len();
    let end = begin + text[begin..].find("\n\n").expect("its end") + 1;
    let rows: String =
        ROWS.iter().map(|Row { what, words, .. }| format!("| {what} | {} |\n", words.join(" | "))).collect();
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, [&text[..begin], &rows, &text[end..]].concat()).expect("written");
        return;
    }
    assert_eq!(&text[begin..end], rows, "UPDATE_GOLDEN=1 writes it");
    let named: BTreeSet<&str> = ROWS.iter().map(|row| row.what).collect();
    assert_eq!(named.len(), ROWS.len(), "each row once");
}
