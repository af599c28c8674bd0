//! How each storage was, hour by hour, for a week.

use crate::view::{HourView, StorageView};
use jiff::Timestamp;
use std::collections::BTreeMap;

const HOURS: u32 = 7 * 24;
const SECONDS: i64 = 60 * 60;

/// From the best to the worst: an hour counts as the worst that was seen in it.
const WORSE: [&str; 7] = ["ready", "read_only", "full", "not_answering", "not_mounted", "denied", "missing"];

/// Adds what the last look at each storage saw; what is older than a week before it goes.
pub(super) fn take(history: &mut BTreeMap<String, Vec<HourView>>, storages: &[StorageView]) {
    for (storage, health) in storages.iter().filter_map(|storage| Some((storage, storage.health.as_ref()?))) {
        let Some(rank) = rank(&health.state) else { continue };
        let Some(hour) = health.checked_at.parse().ok().and_then(hour_of) else { continue };
        let hours = history.entry(storage.name.clone()).or_default();
        match hours.iter_mut().find(|seen| seen.hour == hour) {
            Some(seen) if self::rank(&seen.state).is_some_and(|before| before >= rank) => continue,
            Some(seen) => seen.state.clone_from(&health.state),
            None => hours.push(HourView { hour, state: health.state.clone() }),
        }
        hours.retain(|seen| seen.hour <= hour && seen.hour + HOURS > hour && self::rank(&seen.state).is_some());
    }
}

fn rank(state: &str) -> Option<usize> {
    WORSE.iter().position(|known| *known == state)
}

fn hour_of(at: Timestamp) -> Option<u32> {
    u32::try_from(at.as_second() / SECONDS).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::HealthView;

    fn seen(name: &str, at: &str, state: &str) -> StorageView {
        let health = serde_json::json!({ "state": state, "words": state, "checked_at": at });
        let health: HealthView = serde_json::from_value(health).unwrap();
        let storage = serde_json::json!({ "name": name, "user_subdir": "", "subpath": "", "own_place": "", "source": "", "warnings": [] });
        StorageView { health: Some(health), ..serde_json::from_value(storage).unwrap() }
    }

    fn states(history: &BTreeMap<String, Vec<HourView>>, name: &str) -> Vec<String> {
        history[name].iter().map(|seen| format!("{} {}", seen.hour % 24, seen.state)).collect()
    }

    #[test]
    fn an_hour_is_the_worst_that_was_seen_in_it_and_a_week_is_kept() {
        let mut history = BTreeMap::new();
        for (at, state) in [
            ("2026-11-20T08:10:00Z", "not_mounted"),
            ("2026-11-20T08:20:00Z", "ready"),
            ("2026-11-20T09:00:00Z", "ready"),
            ("2026-11-20T09:59:59Z", "not_answering"),
            ("2026-11-20T09:59:59Z", "unknown"),
            ("nonsense", "missing"),
            ("2026-11-20T10:00:00Z", "ready"),
        ] {
            take(&mut history, &[seen("vast", at, state)]);
        }
        assert_eq!(states(&history, "vast"), ["8 not_mounted", "9 not_answering", "10 ready"]);
        take(
            &mut history,
            &[seen("vast", "2026-11-27T08:30:00Z", "ready"), seen("scratch", "2026-11-27T08:30:00Z", "full")],
        );
        assert_eq!(states(&history, "vast"), ["9 not_answering", "10 ready", "8 ready"], "a week is 168 hours");
        assert_eq!(states(&history, "scratch"), ["8 full"]);
        // What is not known is no reason to keep a name for.
        take(&mut history, &[seen("other", "2026-11-27T08:30:00Z", "unknown")]);
        assert!(!history.contains_key("other"));
        // A clock that was put back: what comes later than now was never seen.
        take(&mut history, &[seen("vast", "2026-11-20T10:30:00Z", "full")]);
        assert_eq!(states(&history, "vast"), ["9 not_answering", "10 full"]);
    }
}
