use samepath_wire::{Cause, Failure, Metrics};

/// What a tool says to us in a line of its output.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Message {
    /// `openjd_progress: 42`: 0 to 100.
    Progress(f64),
    /// `openjd_status: epoch 3`.
    Status(String),
    /// `openjd_fail: no labelled frames`, or `samepath_failure:` and a [`Failure`] as JSON: why it will end badly.
    Fail(Failure),
    /// `samepath_unfit:` and a [`Failure`] as JSON: why this worker cannot do it, found before anything was begun. Another may.
    Unfit(Failure),
}

/// Longest text taken from a message, in characters.
const LONGEST: usize = 500;

/// Likewise, of a failure.
const LONGEST_FAILURE: usize = 2000;

/// What begins a failure as JSON.
const FAILURE: &str = "samepath_failure:";
/// Likewise, of one that speaks of this worker.
const UNFIT: &str = "samepath_unfit:";

/// The message in this line, if it is one. A progress that is no number of 0 to 100 is none.
pub(crate) fn parse(line: &str) -> Option<Message> {
    let failure = |json| serde_json::from_str(json).ok().map(bounded);
    if let Some(json) = line.strip_prefix(FAILURE) {
        return failure(json).map(Message::Fail);
    }
    if let Some(json) = line.strip_prefix(UNFIT) {
        return failure(json).map(Message::Unfit);
    }
    let (name, value) = line.strip_prefix("openjd_")?.split_once(':')?;
    let value = value.trim();
    let text = || value.chars().take(LONGEST).collect();
    match name {
        "progress" => value.parse().ok().filter(|percent| (0.0..=100.0).contains(percent)).map(Message::Progress),
        "status" => Some(Message::Status(text())),
        "fail" => {
            Some(Message::Fail(Failure { cause: Cause::Reported, message: text(), exit_code: None, last_line: None }))
        }
        _ => None,
    }
}

/// Whether a line of a job's output is for Samepath, which shows what it says elsewhere, and not for people who read the log. A
/// reason that is told as text (`openjd_fail`) is for both.
pub fn is_for_us(line: &str) -> bool {
    line.starts_with(Metrics::PREFIX)
        || (line.starts_with(FAILURE) || line.starts_with(UNFIT)) && parse(line).is_some()
        || matches!(parse(line), Some(Message::Progress(_) | Message::Status(_)))
}

/// A tool speaks of itself alone: what only the fleet or we can know is not its to say.
fn bounded(failure: Failure) -> Failure {
    let cause = match failure.cause {
        Cause::Lost | Cause::NoWorker | Cause::Internal | Cause::Other => Cause::Reported,
        cause => cause,
    };
    let cut = |text: String, most: usize| text.chars().take(most).collect();
    Failure {
        cause,
        message: cut(failure.message, LONGEST_FAILURE),
        exit_code: failure.exit_code,
        last_line: failure.last_line.map(|line| cut(line, LONGEST)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_for_us_is_not_for_readers() {
        let unfit = r#"samepath_unfit: {"cause":"path_error","message":"not here"}"#;
        for line in ["openjd_progress: 42", "openjd_status: epoch 3", "samepath_metrics:{}", unfit] {
            assert!(is_for_us(line), "{line}");
        }
        for line in ["openjd_fail: no frames", "openjd_progress: much", "samepath_failure: x", "epoch 3", ""] {
            assert!(!is_for_us(line), "{line}");
        }
    }

    #[test]
    fn messages_are_found_at_the_start_of_a_line_only() {
        assert_eq!(parse("openjd_progress: 42"), Some(Message::Progress(42.0)));
        assert_eq!(parse("openjd_progress:99.5 "), Some(Message::Progress(99.5)));
        assert_eq!(parse("openjd_status: epoch 3: good"), Some(Message::Status("epoch 3: good".into())));
        let failure = |cause, message: &str| {
            Some(Message::Fail(Failure { cause, message: message.into(), exit_code: None, last_line: None }))
        };
        assert_eq!(parse("openjd_fail: no frames"), failure(Cause::Reported, "no frames"));
        let line = |cause: &str| format!(r#"samepath_failure: {{"cause":"{cause}","message":"no room"}}"#);
        assert_eq!(parse(&line("storage_full")), failure(Cause::StorageFull, "no room"));
        assert_eq!(parse(&line("internal")), failure(Cause::Reported, "no room"), "not a tool's to say");
        let unfit = r#"samepath_unfit: {"cause":"path_error","message":"not here"}"#;
        assert!(matches!(parse(unfit), Some(Message::Unfit(Failure { cause: Cause::PathError, .. }))));
        assert_eq!(parse(" openjd_progress: 42"), None);
    }

    #[test]
    fn nonsense_is_no_message() {
        for line in [
            "openjd_progress: NaN",
            "openjd_progress: -1",
            "openjd_progress: 101",
            "openjd_progress: x",
            "openjd_env: A=B",
            "openjd_",
            "samepath_failure: no room",
            "samepath_failure: {}",
            "samepath_unfit: no room",
        ] {
            assert_eq!(parse(line), None, "{line}");
        }
    }
}
