//! Any text, taken for every message there is. Whether anything can be made of it does not matter; what can is written and read
//! again alike.

use samepath_wire::{
    Assignment, CheckPaths, Checked, Claim, ClaimAnswer, Clear, Cleared, Confirm, ConfirmAnswer, Fit, Job, JobRecord,
    JobRequest, Kind, LogLine, Metrics, PathValue, Refused, Report, ReportAnswer, StoragePath, Submit, Worker,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

pub(crate) fn run(bytes: &[u8]) {
    read::<Assignment>(bytes);
    read::<CheckPaths>(bytes);
    read::<Checked>(bytes);
    read::<Claim>(bytes);
    read::<ClaimAnswer>(bytes);
    read::<Clear>(bytes);
    read::<Cleared>(bytes);
    read::<Confirm>(bytes);
    read::<ConfirmAnswer>(bytes);
    read::<Fit>(bytes);
    read::<Job>(bytes);
    read::<JobRecord>(bytes);
    read::<JobRequest>(bytes);
    read::<Kind>(bytes);
    read::<LogLine>(bytes);
    read::<Metrics>(bytes);
    read::<PathValue>(bytes);
    read::<Refused>(bytes);
    read::<Report>(bytes);
    read::<ReportAnswer>(bytes);
    read::<StoragePath>(bytes);
    read::<Submit>(bytes);
    read::<Worker>(bytes);
    if let Some(row) = std::str::from_utf8(bytes).ok().and_then(Metrics::in_line)
        && let Some(again) = Metrics::in_line(&row.to_line())
    {
        assert!(alike(&again, &row), "{row:?}");
    }
}

fn read<T: Serialize + DeserializeOwned>(bytes: &[u8]) {
    let Ok(message) = serde_json::from_slice::<T>(bytes) else { return };
    let written = serde_json::to_vec(&message).expect("a message can be written");
    let again: T = serde_json::from_slice(&written).expect("what was written can be read");
    assert!(alike(&again, &message), "{}", String::from_utf8_lossy(&written));
}

fn alike<T: Serialize>(a: &T, b: &T) -> bool {
    let value = |message| serde_json::to_value(message).expect("a message can be written");
    value(a) == value(b)
}
