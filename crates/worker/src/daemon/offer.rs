//! What this worker can run now: asked of a helper process, since job types and programs may lie on a storage that is gone.

use super::WorkerSettings;
use crate::kinds::{Catalogue, Choices, Programs, Template};
use samepath_storage::helper::{Helper, HelperError, reply};
use samepath_wire::{Kind, KindAdvert, KindUnavailable};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::path::PathBuf;
use std::time::Duration;

const TOPIC: &str = "offer";

/// For reading some templates and looking into some folders.
const DEADLINE: Duration = Duration::from_secs(10);

/// Stands for all the folders that are looked into.
const ABOUT: &str = "the folders of programs";

#[derive(Serialize, Deserialize)]
struct Question {
    kinds_dir: Option<PathBuf>,
    home: Option<PathBuf>,
    chosen: Choices,
}

/// What a worker can run, and what it cannot.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Offer {
    pub(super) kinds: Vec<Kind>,
    /// Of [`kinds`](Self::kinds), in the same order.
    pub(super) adverts: Vec<KindAdvert>,
    pub(super) unavailable: Vec<KindUnavailable>,
}

impl Offer {
    /// Looks for the programs of all kinds, in a helper. Blocks the calling thread for [`DEADLINE`] at most.
    pub(super) fn ask(helper: &Helper, settings: &WorkerSettings, chosen: Choices) -> Result<Self, HelperError> {
        let question =
            Question { kinds_dir: settings.kinds_dir.clone(), home: settings.environment.home.clone(), chosen };
        helper.ask(TOPIC, &[ABOUT.to_owned()], &question, DEADLINE)
    }

    /// What can be said without a look: the kinds that come with the program and need no other.
    pub(super) fn without_looking(why: &HelperError) -> Self {
        let programs = Programs::default();
        Self::of(&Catalogue::load(None), |template| {
            programs.find(template).map(drop).map_err(|_| format!("whether its program is here is not known: {why}"))
        })
    }

    fn of(catalogue: &Catalogue, runs: impl Fn(&Template) -> Result<(), String>) -> Self {
        let mut offer = Self { unavailable: catalogue.refused(), ..Self::default() };
        for template in catalogue.templates() {
            let kind = template.kind();
            match runs(template) {
                Ok(()) => {
                    offer.adverts.push(KindAdvert {
                        name: kind.name.clone(),
                        digest: kind.digest.clone(),
                        notice_seconds: u32::try_from(template.notice().as_secs()).ok(),
                    });
                    offer.kinds.push(kind.clone());
                }
                Err(reason) => offer.unavailable.push(KindUnavailable { name: kind.name.clone(), reason }),
            }
        }
        offer
    }
}

/// The helper's side; `None` for other topics.
pub(crate) fn answer(topic: &str, question: &Value) -> Option<Value> {
    if topic != TOPIC {
        return None;
    }
    let offer = Question::deserialize(question).map_err(|error| error.to_string()).map(|question| {
        let search_path = crate::entry::search_path();
        let programs = Programs::new(search_path.as_deref(), question.home.as_deref()).choosing(question.chosen);
        Offer::of(&Catalogue::load(question.kinds_dir.as_deref()), |template| {
            programs.find(template).map(drop).map_err(|missing| missing.to_string())
        })
    });
    Some(reply(&offer))
}
