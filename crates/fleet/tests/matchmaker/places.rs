//! Members whom the lab keeps to some places: what a job says of itself counts for nothing.

use crate::samples::*;
use samepath_fleet::matchmaker::{Answer, Event, Order};
use samepath_wire::*;
use serde_json::{Value, json};

fn places() -> Places {
    Places { user_subdir: Some("amick".to_owned()), read: vec!["vast:shared".to_owned()] }
}

fn submit(bench: &mut Bench, job: Job, places: Option<Places>) -> Result<JobRecord, Refused> {
    let ticket = bench.ask(|ticket| Event::Submit {
        ticket,
        member: "amick".to_owned(),
        places,
        jobs_at_once: None,
        job: Box::new(job),
    });
    match bench.answer(ticket) {
        Some(Answer::Record(record)) => Ok(*record),
        Some(Answer::Refused(refused)) => Err(refused),
        other => panic!("not an answer: {other:?}"),
    }
}

fn known_kind(bench: &mut Bench) {
    let parameter = |name: &str, flow: &str| -> Parameter {
        serde_json::from_value(json!({ "name": name, "type": "PATH", "dataFlow": flow })).expect("a parameter")
    };
    let list: Parameter =
        serde_json::from_value(json!({ "name": "MORE", "type": "LIST[PATH]", "default": [] })).expect("a parameter");
    let parameters = vec![parameter("LABELS", "IN"), parameter("OUTPUT_DIR", "OUT"), list];
    bench.handle(Event::KindSeen(Box::new(Kind { parameters, ..kind(Value::Null) })));
}

#[test]
fn what_a_client_says_of_its_places_is_overwritten() {
    let mut bench = Bench::new();
    let wide = Places { user_subdir: Some("tom".to_owned()), read: vec!["vast:".to_owned()] };
    let record = submit(&mut bench, Job { places: Some(wide.clone()), ..job(1) }, Some(places())).expect("recorded");
    assert_eq!(record.job.places, Some(places()));
    assert_eq!(submit(&mut bench, job(2), Some(places())).expect("recorded").job.places, Some(places()));
    assert_eq!(submit(&mut bench, Job { places: Some(wide), ..job(3) }, None).expect("recorded").job.places, None);
    bench.online(worker("gpu-1"));
    assert_eq!(bench.take("gpu-1").job.places, Some(places()), "the worker is told");
}

#[test]
fn a_retry_by_somebody_else_changes_nothing_of_it() {
    let mut bench = Bench::new();
    submit(&mut bench, job(1), Some(places())).expect("recorded");
    bench.order(1, Order::Kill).expect("ended");
    // By tom, whom nothing confines.
    assert_eq!(bench.order(1, Order::Retry).expect("again").job.places, Some(places()));
    bench.restart();
    bench.online(worker("gpu-1"));
    bench.pass(5);
    let given = bench.take("gpu-1").job;
    assert_eq!((given.places, given.submitted_by.as_str()), (Some(places()), "amick"));
    // Submitted once more under its id, with nothing in the way: it is the job that there is.
    let again = submit(&mut bench, job(1), None).expect("that one");
    assert_eq!(again.job.places, Some(places()));
}

#[test]
fn a_retry_by_whose_job_it_is_is_kept_to_what_the_lab_says_now() {
    let mut bench = Bench::new();
    known_kind(&mut bench);
    let parameters = |folder: &str| {
        let at = json!({ "storage_backend": "vast", "user_subdir": folder, "path": "x.slp" });
        serde_json::from_value(json!({ "LABELS": at, "OUTPUT_DIR": "out" })).expect("values")
    };
    for (number, folder) in [(1, "amick"), (2, "tom")] {
        let free = Job { parameters: parameters(folder), ..job(number) };
        submit(&mut bench, free, None).expect("recorded");
        bench.order(number, Order::Kill).expect("ended");
    }
    let again = bench.order_by("amick", Some(places()), 1, Order::Retry).expect("again");
    assert_eq!(again.job.places, Some(places()));
    let refused = bench.order_by("amick", Some(places()), 2, Order::Retry).expect_err("the folder is tom's");
    assert!(refused.message.contains("jobs of amick may not read `vast:tom/x.slp`"), "{refused}");
    assert_eq!(bench.job(2).job.places, None, "nothing changed");
    // The lab lets them use all of it once more.
    bench.order(1, Order::Kill).expect("ended");
    assert_eq!(bench.order_by("amick", None, 1, Order::Retry).expect("again").job.places, None);
}

#[test]
fn a_worker_that_keeps_nobody_to_anything_gets_no_such_job() {
    let mut bench = Bench::new();
    bench.online(Worker { confines: false, ..worker("old") });
    submit(&mut bench, job(1), Some(places())).expect("recorded");
    let waiting = bench.claim("old", &[], true);
    assert_eq!(bench.claimed(waiting), None);
    submit(&mut bench, job(2), None).expect("recorded");
    let given = bench.claimed(waiting).and_then(|answer| answer.assignment).expect("the job of somebody else");
    assert_eq!(given.job.id, id(2));
    bench.online(worker("gpu-1"));
    assert_eq!(bench.take("gpu-1").job.id, id(1));
}

#[test]
fn what_is_surely_out_of_place_is_refused_at_once() {
    let mut bench = Bench::new();
    known_kind(&mut bench);
    let at = |folder: &str, path: &str| json!({ "storage_backend": "vast", "user_subdir": folder, "path": path });
    let good = json!({ "LABELS": "x.slp", "OUTPUT_DIR": "out" });
    let with = |number, name: &str, value: Value| {
        let mut parameters = good.clone();
        parameters[name] = value;
        Job { parameters: serde_json::from_value(parameters).expect("values"), ..job(number) }
    };
    for (number, name, value, allowed) in [
        (1, "LABELS", "x.slp".into(), true),
        (2, "LABELS", at("shared", "x.slp"), true),
        (3, "LABELS", at("tom", "x.slp"), false),
        (4, "LABELS", at("amick2", "x.slp"), false),
        (5, "OUTPUT_DIR", at("shared", "out"), false),
        (6, "OUTPUT_DIR", at("", ""), false),
        (7, "MORE", json!(["x.slp", at("tom", "y.slp")]), false),
        (8, "MORE", json!(["x.slp", at("shared", "y.slp")]), true),
    ] {
        let job = with(number, name, value.clone());
        let answer = submit(&mut bench, job.clone(), Some(places()));
        assert_eq!(answer.is_ok(), allowed, "{name} = {value}: {answer:?}");
        if let Err(Refused { code, message }) = answer {
            assert_eq!(code, "invalid_parameter");
            for part in [name, "jobs of amick may not", "`vast:amick`", "whoever looks after the lab"] {
                assert!(message.contains(part), "{part}: {message}");
            }
        }
        let free = Job { id: id(number + 100), ..job };
        assert!(submit(&mut bench, free, None).is_ok(), "nobody else is refused");
    }
    let chosen = VideoChoice { written: "C:\\x.mp4".to_owned(), at: StoragePath::new("vast", "tom", "x.mp4") };
    let job = Job { videos: vec![chosen], ..with(9, "LABELS", "x.slp".into()) };
    let refused = submit(&mut bench, job, Some(places())).expect_err("a video of tom's");
    assert!(refused.message.starts_with("C:\\x.mp4: jobs of amick may not read `vast:tom/x.mp4`"), "{refused}");
}
