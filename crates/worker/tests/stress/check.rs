use crate::lab::Lab;
use samepath_fleet::matchmaker::KEPT_JOBS;
use samepath_fleet::{LogItem, Update};
use samepath_wire::{Attempt, AttemptEnd, JobRecord, JobState};
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// What a run came to.
#[derive(Debug, Default)]
pub(crate) struct Found {
    jobs: usize,
    states: BTreeMap<&'static str, usize>,
    attempts: usize,
    lost_proved: usize,
    lost_unproved: usize,
    overlaps: usize,
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { jobs, states, attempts, lost_proved, lost_unproved, overlaps } = self;
        write!(
            f,
            "{jobs} jobs: {states:?}; {attempts} tries, of which {lost_proved} lost with proof, {lost_unproved} without; \
             {overlaps} overlaps"
        )
    }
}

/// When a try worked, by its own account.
struct Span {
    first: u128,
    last: u128,
    finished: bool,
    output: String,
}

/// By job and number of the try.
fn journal(lab: &Lab) -> BTreeMap<(String, u32), Span> {
    let mut spans = BTreeMap::new();
    for line in fs_err::read_to_string(lab.dir.path().join("journal")).unwrap_or_default().lines() {
        let words: Vec<&str> = line.splitn(4, ' ').collect();
        let [mark, what, at, output] = words[..] else { panic!("{line:?}") };
        let (job, attempt) = mark.split_once('.').unwrap();
        let at: u128 = at.parse().unwrap();
        let fresh = || Span { first: at, last: at, finished: false, output: output.to_owned() };
        let span = spans.entry((job.to_owned(), attempt.parse().unwrap())).or_insert_with(fresh);
        span.last = span.last.max(at);
        assert!(what != "begin" || span.first == at, "a try was begun twice: {line}");
        assert!(!span.finished, "a try went on after its end: {line}");
        span.finished = what == "end";
        assert_eq!(span.output, output, "a try changed its folder");
    }
    spans
}

fn is_unproved(attempt: &Attempt) -> bool {
    matches!(attempt.end, Some(AttemptEnd::Lost { proved: false, .. }))
}

/// Checks everything, when all jobs have ended.
pub(crate) fn all(mut lab: Lab) -> Found {
    until("folders of attempts that were told are left", || lab.attempts_left().is_empty());
    lab.close();
    until("processes of jobs run on", || lab.tools().is_empty() && lab.guards().is_empty());
    let spans = journal(&lab);
    let (kept, logs) = tokio::runtime::Runtime::new().unwrap().block_on(read(&lab));
    lab.close_hub();
    let records = std::mem::take(&mut lab.ended);
    assert_eq!(records.len(), lab.jobs.len(), "a job was lost, or made up");
    assert!(kept.len() >= records.len().min(KEPT_JOBS), "{} of {} records are left", kept.len(), records.len());
    for (id, record) in &kept {
        assert_eq!(Some(record), records.get(id), "it changed after it had ended");
    }
    let mut found = Found { jobs: records.len(), ..Found::default() };
    for (id, record) in &records {
        assert!(lab.jobs.contains_key(id));
        record_holds(record, &mut found);
        for (at, earlier) in record.attempts.iter().enumerate() {
            let Some(before) = spans.get(&(id.clone(), earlier.number)) else { continue };
            for later in &record.attempts[at + 1..] {
                let Some(after) = spans.get(&(id.clone(), later.number)) else { continue };
                if before.last >= after.first {
                    found.overlaps += 1;
                    assert!(is_unproved(earlier), "tries {} and {} of {id} overlap", earlier.number, later.number);
                }
                let apart = before.output != after.output;
                assert!(
                    apart || !is_unproved(earlier),
                    "a folder was used again while it may be written to: {record:#?}"
                );
            }
        }
        if record.state == JobState::Succeeded {
            let won = record.attempts.last().unwrap().number;
            let span = &spans[&(id.clone(), won)];
            assert!(span.finished, "{id} is said to be done, and is not");
            let result = fs_err::read_to_string(format!("{}/result", span.output)).unwrap();
            assert_eq!(result.trim(), format!("{id}.{won}"), "the output is not of the try that won");
            if let Some(log) = logs.get(id) {
                assert_eq!(log.last().map(String::as_str), Some("done"), "{id}: {log:?}");
            }
        }
    }
    let tried = |(job, number): &(String, u32)| records[job].attempts.iter().any(|attempt| attempt.number == *number);
    assert!(spans.keys().all(tried), "something ran that the record does not know");
    found
}

fn record_holds(record: &JobRecord, found: &mut Found) {
    let ends = record.history.iter().filter(|change| change.state.is_ended()).count();
    assert_eq!(ends, 1, "it did not end exactly once: {record:#?}");
    assert!(record.state.is_ended());
    let word = match record.state {
        JobState::Succeeded => "succeeded",
        JobState::Failed => "failed",
        _ => "cancelled",
    };
    *found.states.entry(word).or_default() += 1;
    for (number, attempt) in (1..).zip(&record.attempts) {
        assert_eq!(attempt.number, number);
        let lost = match &attempt.end {
            Some(AttemptEnd::Lost { proved: true, .. }) => &mut found.lost_proved,
            Some(AttemptEnd::Lost { proved: false, .. }) => &mut found.lost_unproved,
            Some(_) => {
                assert_eq!(number as usize, record.attempts.len(), "it went on after an end: {record:#?}");
                continue;
            }
            None => panic!("a try without an end: {record:#?}"),
        };
        *lost += 1;
    }
    found.attempts += record.attempts.len();
    if record.state == JobState::Succeeded {
        let last = record.attempts.last().unwrap();
        assert!(matches!(last.end, Some(AttemptEnd::Succeeded { .. })), "{record:#?}");
        assert_eq!(record.outputs.as_ref().unwrap().attempt, last.number);
    }
}

/// The records that are kept, and what the last try of each of these jobs printed.
async fn read(lab: &Lab) -> (BTreeMap<String, JobRecord>, BTreeMap<String, Vec<String>>) {
    let fleet = lab.fleet().await;
    let (mut records, mut logs) = (BTreeMap::new(), BTreeMap::new());
    let mut jobs = fleet.jobs();
    while let Some(update) = jobs.next().await {
        match update {
            Update::Put(id, record) => drop(records.insert(id, record)),
            Update::Current => break,
            Update::Gone(_) | Update::Reset => panic!("nobody else is there"),
        }
    }
    for (id, record) in &records {
        let number = record.attempts.len() as u32;
        let mut log = fleet.log(record.job.id, number, 0).await.unwrap();
        let mut lines = Vec::new();
        while let Some(LogItem::Line(line)) = log.next().await {
            assert_eq!(line.seq, lines.len() as u64, "the log of {id} has a gap");
            if line.stream != samepath_wire::Stream::Samepath {
                lines.push(line.text);
            }
            // Our own lines are numbered too.
            else {
                lines.push(String::new());
            }
        }
        lines.retain(|line| !line.is_empty());
        logs.insert(id.clone(), lines);
    }
    fleet.close().await;
    (records, logs)
}

fn until(what: &str, mut is: impl FnMut() -> bool) {
    let began = std::time::Instant::now();
    while !is() {
        assert!(began.elapsed() < Duration::from_secs(60), "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
