//! What this worker can run now.

use super::WorkerSettings;
use crate::kinds::{Catalogue, Choices, Looking, ProgramMissing, Programs, Survey};
use samepath_storage::helper::{Helper, HelperError};
use samepath_wire::{Kind, KindAdvert, KindUnavailable};
use std::path::PathBuf;
use std::time::Duration;

/// For reading some templates and looking into some folders.
const DEADLINE: Duration = Duration::from_secs(10);

/// What a worker can run, and what it cannot.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Offer {
    pub(super) kinds: Vec<Kind>,
    /// Of [`kinds`](Self::kinds), in the same order.
    pub(super) adverts: Vec<KindAdvert>,
    pub(super) unavailable: Vec<KindUnavailable>,
}

impl Offer {
    /// Looks for the programs of all kinds. Blocks the calling thread for [`DEADLINE`] at most.
    pub(super) fn ask(helper: &Helper, settings: &WorkerSettings, chosen: Choices) -> Result<Self, HelperError> {
        let there = |dir: &PathBuf| settings.kinds_named || dir.is_dir();
        let (kinds_dir, home) = (settings.kinds_dir.clone().filter(there), settings.environment.home.clone());
        let survey = Survey::ask(helper, &Looking { kinds_dir, home, chosen }, DEADLINE)?;
        Ok(Self::of(survey, ProgramMissing::to_string))
    }

    /// What can be said without a look: the kinds that come with the program and need no other.
    pub(super) fn without_looking(why: &HelperError) -> Self {
        let survey = Survey::of(Catalogue::built_in(), &Programs::default());
        Self::of(survey, |_| format!("whether its program is here is not known: {why}"))
    }

    fn of(survey: Survey, words: impl Fn(&ProgramMissing) -> String) -> Self {
        let mut offer = Self { unavailable: survey.refused, ..Self::default() };
        for surveyed in survey.kinds {
            let kind = surveyed.kind;
            match surveyed.program {
                Ok(_) => {
                    offer.adverts.push(KindAdvert {
                        name: kind.name.clone(),
                        digest: kind.digest.clone(),
                        notice_seconds: u32::try_from(surveyed.notice.as_secs()).ok(),
                    });
                    offer.kinds.push(kind);
                }
                Err(missing) => {
                    offer.unavailable.push(KindUnavailable { name: kind.name, reason: words(&missing) });
                }
            }
        }
        offer
    }
}
