//! Any text, taken for every message there is. Whether anything can be made of it does not matter; what can is written and read
//! again alike.

use samepath_wire::{
    Assignment, CheckPaths, Checked, Claim, ClaimAnswer, Confirm, ConfirmAnswer, Fit, Job, JobRecord, JobRequest, Kind,
    LogLine, Metrics, PathValue, Refused, Report, ReportAnswer, StoragePath, Submit, Worker,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

pub(crate) fn run(bytes: &[u8]) {
    read::<Assignment>(bytes);
    read::<CheckPaths>(bytes);
    read::<Checked>(bytes);
    read::<Claim>(bytes);
    read::<ClaimAnswer>(bytes);
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

/// Equal but for the last digit of a number of seventeen digits: those are read quickly rather than exactly.
fn alike<T: Serialize>(a: &T, b: &T) -> bool {
    let value = |message| serde_json::to_value(message).expect("a message can be written");
    values_alike(&value(a), &value(b))
}

fn values_alike(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) if a.is_f64() && b.is_f64() => {
            let (a, b) = (a.as_f64().unwrap_or_default(), b.as_f64().unwrap_or_default());
            a == b || (a - b).abs() <= 2.0 * f64::EPSILON * a.abs()
        }
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| values_alike(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| values_alike(a, b)))
        }
        _ => a == b,
    }
}
