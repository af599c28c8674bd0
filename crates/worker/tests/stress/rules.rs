//! What must hold, of what was seen. It knows no process and no file, so that it can be shown histories that break each rule.

use jiff::SignedDuration;
use samepath_fleet::matchmaker::KEPT_JOBS;
use samepath_wire::{Attempt, AttemptEnd, JobRecord, JobState, LogLine, Stream};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

/// A try: the job's id, and its number.
pub(crate) type Try = (String, u32);

/// What a run came to.
#[derive(Debug, Default)]
pub(crate) struct Found {
    jobs: usize,
    states: BTreeMap<&'static str, usize>,
    attempts: usize,
    lost_proved: usize,
    pub(crate) lost_unproved: usize,
    pub(crate) overlaps: usize,
    looks: usize,
    tools: usize,
    pub(crate) together: usize,
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { jobs, states, attempts, lost_proved, lost_unproved, overlaps, looks, tools, together } = self;
        write!(
            f,
            "{jobs} jobs: {states:?}; {attempts} tries, of which {lost_proved} lost with proof, {lost_unproved} without; \
             {overlaps} overlaps; {looks} looks on the way, at {tools} tries that ran, {together} times two of one job"
        )
    }
}

/// When a try worked, by its own account.
#[derive(Debug, Clone)]
pub(crate) struct Span {
    first: u128,
    last: u128,
    finished: bool,
    pub(crate) output: String,
}

/// What runs at one moment.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sight {
    /// Tries with a guard that lives and has written no end, all at the same time.
    pub(crate) guards: BTreeSet<Try>,
    /// Tries of which a process lives.
    pub(crate) tools: BTreeSet<Try>,
}

/// What is there when all is over.
#[derive(Debug, Clone, Default)]
pub(crate) struct Left {
    pub(crate) submitted: BTreeSet<String>,
    /// Records that the queue still has.
    pub(crate) kept: BTreeMap<String, JobRecord>,
    pub(crate) spans: BTreeMap<Try, Span>,
    /// By the folder that a try worked in.
    pub(crate) results: BTreeMap<String, String>,
    /// Of the last try of each job that is kept.
    pub(crate) logs: BTreeMap<String, Vec<LogLine>>,
}

/// Hears every record and looks at what runs, again and again; keeps whatever breaks a rule.
#[derive(Debug)]
pub(crate) struct Watch {
    lease: Duration,
    records: BTreeMap<String, JobRecord>,
    /// Tries whose guards were seen.
    started: BTreeSet<Try>,
    /// Two tries of a job whose guards lived at the same time, the earlier one first.
    together: BTreeSet<(String, u32, u32)>,
    looks: usize,
    tools: BTreeSet<Try>,
    faults: Vec<String>,
}

impl Watch {
    /// Of a queue with this lease.
    pub(crate) fn new(lease: Duration) -> Self {
        let (records, started, together, tools, faults) = Default::default();
        Self { lease, records, started, together, looks: 0, tools, faults }
    }

    /// What broke a rule so far.
    pub(crate) fn faults(&self) -> &[String] {
        &self.faults
    }

    /// A job's record as somebody was told of it; some in between may not have been heard.
    pub(crate) fn hear(&mut self, record: JobRecord) {
        let id = record.job.id.to_string();
        let mut faults = of_one(&record, self.lease);
        if let Some(before) = self.records.get(&id) {
            faults.extend(since(before, &record));
        }
        faults.extend(self.together.iter().filter(|(job, ..)| *job == id).filter_map(|pair| apart(pair, &record)));
        self.faults.extend(faults.into_iter().map(|fault| format!("{fault}: {record:#?}")));
        self.records.insert(id, record);
    }

    /// What runs, seen after everything that was heard.
    pub(crate) fn look(&mut self, sight: &Sight) {
        self.looks += 1;
        for (job, number) in &sight.guards {
            for (_, later) in sight.guards.range((job.clone(), number + 1)..=(job.clone(), u32::MAX)) {
                let pair = (job.clone(), *number, *later);
                let fault = self.records.get(job).and_then(|record| apart(&pair, record));
                self.faults.extend(fault);
                self.together.insert(pair);
            }
        }
        for (what, tries) in [("a guard", &sight.guards), ("a process", &sight.tools)] {
            for (job, number) in tries {
                let Some(record) = self.records.get(job).filter(|record| record.state.is_ended()) else { continue };
                if !number.checked_sub(1).and_then(|at| record.attempts.get(at as usize)).is_some_and(is_unproved) {
                    self.faults.push(format!("{what} of try {number} runs, and its job has ended: {record:#?}"));
                }
            }
        }
        self.started.extend(sight.guards.iter().cloned());
        self.tools.extend(sight.tools.iter().cloned());
    }

    /// When every job has ended, and nothing runs.
    pub(crate) fn end(&mut self, left: &Left) -> Found {
        let mut found = Found {
            jobs: self.records.len(),
            looks: self.looks,
            tools: self.tools.len(),
            together: self.together.len(),
            ..Found::default()
        };
        let mut faults = Vec::new();
        if !self.records.keys().eq(left.submitted.iter()) {
            faults.push(format!("{} jobs were submitted, {} are known", left.submitted.len(), self.records.len()));
        }
        if left.kept.len() < self.records.len().min(KEPT_JOBS) {
            faults.push(format!("{} of {} records are left", left.kept.len(), self.records.len()));
        }
        let changed = left.kept.iter().filter(|(id, record)| self.records.get(*id) != Some(record));
        faults.extend(changed.map(|(_, record)| format!("it changed after it had ended: {record:#?}")));
        for (id, record) in &self.records {
            faults.extend(count(record, &mut found));
            faults.extend(overlaps(id, record, &left.spans, &mut found));
            if record.state == JobState::Succeeded {
                faults.extend(result(id, record, left));
            }
            faults.extend(left.logs.get(id).and_then(|log| complete(id, record.state, log)));
        }
        for (job, number) in left.spans.keys().chain(&self.started) {
            let of_try = |record: &JobRecord| record.attempts.iter().any(|attempt| attempt.number == *number);
            if !self.records.get(job).is_some_and(of_try) {
                faults.push(format!("try {number} of {job} ran, and the record does not know it"));
            }
        }
        self.faults.extend(faults);
        found
    }
}

fn is_unproved(attempt: &Attempt) -> bool {
    attempt.survivors || matches!(attempt.end, Some(AttemptEnd::Lost { proved: false, .. }))
}

/// Both tries of the pair had a guard at the same time: nobody may have known better of the earlier one.
fn apart((job, earlier, later): &(String, u32, u32), record: &JobRecord) -> Option<String> {
    let known = record.attempts.len() >= *later as usize;
    let fine = record.attempts.iter().any(|attempt| attempt.number == *earlier && is_unproved(attempt));
    (known && !fine).then(|| format!("tries {earlier} and {later} of {job} had a guard at the same time"))
}

/// What holds of a record by itself.
fn of_one(record: &JobRecord, lease: Duration) -> Vec<String> {
    let mut faults = Vec::new();
    let ends = record.history.iter().filter(|change| change.state.is_ended()).count();
    if ends != usize::from(record.state.is_ended()) {
        faults.push(format!("it ended {ends} times"));
    }
    for (number, attempt) in (1..).zip(&record.attempts) {
        if attempt.number != number {
            faults.push(format!("try {number} has number {}", attempt.number));
        }
        let is_last = number as usize == record.attempts.len();
        match &attempt.end {
            None if record.state.is_ended() => faults.push(format!("try {number} has no end")),
            None if !is_last => faults.push(format!("try {number} still ran when the next was made")),
            Some(AttemptEnd::Lost { proved: false, .. }) => faults.extend(silent(record, attempt, lease)),
            None | Some(AttemptEnd::Lost { .. }) => {}
            Some(_) if !is_last => faults.push(format!("it went on after try {number} had ended")),
            Some(_) => {}
        }
    }
    faults
}

/// What was lost without proof was not heard of for a lease.
fn silent(record: &JobRecord, attempt: &Attempt, lease: Duration) -> Option<String> {
    let ended = attempt.ended_at?;
    let works = |state| matches!(state, JobState::Checking | JobState::Running);
    let changes = record.history.iter().filter(|change| works(change.state) && change.at <= ended);
    let heard = changes.map(|change| change.at).chain(attempt.confirmed_at).max().unwrap_or(attempt.assigned_at);
    let silence = ended.duration_since(heard);
    let short = SignedDuration::try_from(lease).is_ok_and(|lease| silence < lease);
    short.then(|| format!("try {} was lost without proof after {silence:#}, before its lease was over", attempt.number))
}

/// What holds of a record and of what it was before.
fn since(before: &JobRecord, now: &JobRecord) -> Vec<String> {
    let mut faults = Vec::new();
    if before.state.is_ended() && before != now {
        faults.push("it changed after it had ended".to_owned());
    }
    for (at, was) in before.attempts.iter().enumerate() {
        let number = was.number;
        match now.attempts.get(at) {
            // One that was never confirmed leaves no trace.
            None if was.confirmed_at.is_none() => {}
            None => faults.push(format!("try {number} is no longer known")),
            Some(is) if was.confirmed_at.is_some() && is.worker != was.worker => {
                faults.push(format!("try {number} was given to another worker"));
            }
            Some(is) => {
                // Given up for want of news, and the newest: it may have been found again.
                let found_again = !was.told && is_unproved(was) && at + 1 == before.attempts.len();
                if was.end.is_some() && is.end != was.end && !found_again {
                    faults.push(format!("the end of try {number} was recorded twice"));
                }
            }
        }
    }
    faults
}

/// Takes account of a record that has ended.
fn count(record: &JobRecord, found: &mut Found) -> Option<String> {
    let word = match record.state {
        JobState::Succeeded => "succeeded",
        JobState::Failed => "failed",
        JobState::Cancelled => "cancelled",
        _ => return Some(format!("it did not end: {record:#?}")),
    };
    *found.states.entry(word).or_default() += 1;
    found.attempts += record.attempts.len();
    for attempt in &record.attempts {
        match &attempt.end {
            Some(AttemptEnd::Lost { proved: true, .. }) => found.lost_proved += 1,
            Some(AttemptEnd::Lost { proved: false, .. }) => found.lost_unproved += 1,
            _ => {}
        }
    }
    None
}

/// Tries that worked at the same time, or in a folder where one that nobody knew the end of may still have worked.
fn overlaps(id: &str, record: &JobRecord, spans: &BTreeMap<Try, Span>, found: &mut Found) -> Vec<String> {
    let mut faults = Vec::new();
    for (at, earlier) in record.attempts.iter().enumerate() {
        let Some(before) = spans.get(&(id.to_owned(), earlier.number)) else { continue };
        for later in &record.attempts[at + 1..] {
            let Some(after) = spans.get(&(id.to_owned(), later.number)) else { continue };
            if before.last >= after.first {
                found.overlaps += 1;
                if !is_unproved(earlier) {
                    faults.push(format!("tries {} and {} of {id} overlap", earlier.number, later.number));
                }
            }
            if is_unproved(earlier) && before.output == after.output {
                faults.push(format!("a folder was used again while it may be written to: {record:#?}"));
            }
        }
    }
    faults
}

/// A job that succeeded has the result of the try that won.
fn result(id: &str, record: &JobRecord, left: &Left) -> Option<String> {
    let won = record.attempts.last()?;
    if !matches!(won.end, Some(AttemptEnd::Succeeded { .. })) {
        return Some(format!("{id} succeeded, and its last try did not"));
    }
    if record.outputs.as_ref().map(|outputs| outputs.attempt) != Some(won.number) {
        return Some(format!("the outputs of {id} are not of the try that won"));
    }
    let Some(span) = left.spans.get(&(id.to_owned(), won.number)).filter(|span| span.finished) else {
        return Some(format!("{id} is said to be done, and is not"));
    };
    let result = left.results.get(&span.output).map(|text| text.trim());
    (result != Some(&*format!("{id}.{}", won.number)))
        .then(|| format!("the result of {id} is not of the try that won: {result:?}"))
}

/// A log has no gap, and ends with the job's last word.
fn complete(id: &str, state: JobState, log: &[LogLine]) -> Option<String> {
    if log.iter().zip(0..).any(|(line, seq)| line.seq != seq) {
        return Some(format!("the log of {id} has a gap"));
    }
    // On the other stream a shell says whom of its own somebody killed.
    let last = log.iter().rfind(|line| line.stream == Stream::Out).map(|line| &*line.text);
    (state == JobState::Succeeded && last != Some("done")).then(|| format!("the log of {id} ends with {last:?}"))
}

/// What the tries wrote of themselves, each line `JOB.TRY begin|tick|end NANOSECONDS FOLDER`; and what is wrong with it.
pub(crate) fn spans(journal: &str) -> (BTreeMap<Try, Span>, Vec<String>) {
    let (mut spans, mut faults) = (BTreeMap::new(), Vec::new());
    for line in journal.lines() {
        let words: Vec<&str> = line.splitn(4, ' ').collect();
        let read = || {
            let [mark, what, at, output] = words[..] else { return None };
            let (job, attempt) = mark.split_once('.')?;
            // None: the program that tells the time was killed before the shell that asked it, which goes on.
            let at = if at.is_empty() { None } else { Some(at.parse::<u128>().ok()?) };
            Some(((job.to_owned(), attempt.parse().ok()?), what, at, output))
        };
        let Some((of, what, at, output)) = read() else {
            faults.push(format!("no try wrote this: {line}"));
            continue;
        };
        let Some(at) = at.or_else(|| spans.get(&of).map(|span: &Span| span.last)) else { continue };
        let is_new = !spans.contains_key(&of);
        let fresh = Span { first: at, last: at, finished: false, output: output.to_owned() };
        let span: &mut Span = spans.entry(of).or_insert(fresh);
        if what == "begin" && !is_new {
            faults.push(format!("a try was begun twice: {line}"));
        }
        if span.finished {
            faults.push(format!("a try went on after its end: {line}"));
        }
        if span.output != output {
            faults.push(format!("a try changed its folder: {line}"));
        }
        span.last = span.last.max(at);
        span.finished = what == "end";
    }
    (spans, faults)
}
