//! Everything that could be wrong on this computer, looked at one by one.
//!
//! Each look has a deadline, and storages are asked through the helper alone, so an examination ends whatever is dead. What is
//! found is told in [`Finding`]s, with its mend; window and command line show the same list. [`report`] is the list as text to
//! send to somebody.

mod computer;
mod configuration;
mod fleet;
mod kinds;
mod report;
mod storages;

pub use report::report;

use crate::view::{Finding, FindingState};
use crate::{ErrorCode, LocalStorages, Options};
use std::path::PathBuf;
use std::sync::Arc;

/// Looks at everything; `kinds` are the lab's own job types, as a worker here would be told of them. Writes nothing but a small file in the person's own folder of each storage, which it removes.
pub async fn examine(options: &Options, storages: &Arc<LocalStorages>, kinds: Option<PathBuf>) -> Vec<Finding> {
    let blocking = |work: Box<dyn FnOnce() -> Vec<Finding> + Send>| async {
        tokio::task::spawn_blocking(work).await.unwrap_or_default()
    };
    let (file, places, types, local) = (storages.clone(), storages.clone(), storages.clone(), storages.clone());
    let (kinds_options, disk_options) = (options.clone(), options.clone());
    let (computer, seen) = (storages.clone(), storages.clone());
    let (configuration, storages, kinds, computer, fleet) = tokio::join!(
        blocking(Box::new(move || configuration::examine(&file))),
        blocking(Box::new(move || storages::examine(&places))),
        blocking(Box::new(move || kinds::examine(&kinds_options, &types, kinds))),
        async {
            let mut found = computer::gpus(&computer).await;
            let rest = Box::new(move || [computer::disk(&disk_options, &local), computer::programs(&local)].concat());
            found.extend(blocking(rest).await);
            found
        },
        fleet::examine(options, &seen),
    );
    [configuration, storages, kinds, computer, fleet].concat()
}

/// What jobs find here to compute with, in a sentence.
pub(crate) async fn hardware(storages: &Arc<LocalStorages>) -> String {
    computer::hardware(storages).await
}

/// What the gravest of the findings is, for an exit status: none where nothing is wrong.
pub fn verdict(findings: &[Finding]) -> Option<ErrorCode> {
    let wrong = findings.iter().find(|finding| finding.state == FindingState::Wrong)?;
    Some(wrong.code.as_deref().map_or(ErrorCode::Internal, ErrorCode::parse))
}
