//! The steps of a job, as the program itself writes them into its own log.

use super::figures::{at, now};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tracing_subscriber::layer::{Context, Layer};

/// What is written of a job on its way, in order.
const STEPS: [&str; 6] = ["planned", "its input is proved", "recorded", "assigned", "confirmed", "its guard is there"];

/// When each step was written, since [`Steps::begin`].
#[derive(Debug, Clone, Default)]
pub(crate) struct Steps(Arc<Mutex<Vec<Step>>>);

#[derive(Debug)]
struct Step {
    name: &'static str,
    job: String,
    when: Duration,
}

impl Steps {
    /// Forgets what was before.
    pub(crate) fn begin(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Those of one job, in the order in which they came.
    pub(crate) fn of(&self, job: &str) -> Vec<(&'static str, Duration)> {
        let steps = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut steps: Vec<_> =
            steps.iter().filter(|step| step.job == job).map(|step| (step.name, step.when)).collect();
        steps.sort_by_key(|(_, when)| *when);
        steps
    }
}

/// How long each step took after the one before it, over many jobs; in the order in which steps were first seen.
#[derive(Debug, Default)]
pub(crate) struct Timeline(Vec<(&'static str, Vec<Duration>)>);

impl Timeline {
    /// Takes up the steps of one job, which was `begun` then.
    pub(crate) fn add(&mut self, begun: Duration, steps: impl IntoIterator<Item = (&'static str, Duration)>) {
        let mut before = begun;
        for (step, when) in steps {
            let took = when.saturating_sub(before);
            match self.0.iter_mut().find(|(known, _)| *known == step) {
                Some((_, times)) => times.push(took),
                None => self.0.push((step, vec![took])),
            }
            before = before.max(when);
        }
    }

    pub(crate) fn tell(self) {
        for (step, mut times) in self.0 {
            println!("  {step}: p50 {:.2?} after the step before, p95 {:.2?}", at(&mut times, 50), at(&mut times, 95));
        }
    }
}

impl<S: tracing::Subscriber> Layer<S> for Steps {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        let when = now();
        let mut words = Words::default();
        event.record(&mut words);
        if let Some(name) = STEPS.into_iter().find(|name| words.message == *name) {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push(Step { name, job: words.job, when });
        }
    }
}

#[derive(Default)]
struct Words {
    message: String,
    job: String,
}

impl tracing::field::Visit for Words {
    fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn fmt::Debug) {
        match field.name() {
            "message" => self.message = format!("{value:?}"),
            "job" => self.job = format!("{value:?}"),
            _ => {}
        }
    }
}
