/// What a tool says to us in a line of its output.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Message {
    /// `openjd_progress: 42`: 0 to 100.
    Progress(f64),
    /// `openjd_status: epoch 3`.
    Status(String),
    /// `openjd_fail: no labelled frames`.
    Fail(String),
}

/// Longest text taken from a message, in characters.
const LONGEST: usize = 500;

/// The message in this line, if it is one. A progress that is no number of 0 to 100 is none.
pub(crate) fn parse(line: &str) -> Option<Message> {
    let (name, value) = line.strip_prefix("openjd_")?.split_once(':')?;
    let value = value.trim();
    let text = || value.chars().take(LONGEST).collect();
    match name {
        "progress" => value.parse().ok().filter(|percent| (0.0..=100.0).contains(percent)).map(Message::Progress),
        "status" => Some(Message::Status(text())),
        "fail" => Some(Message::Fail(text())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_found_at_the_start_of_a_line_only() {
        assert_eq!(parse("openjd_progress: 42"), Some(Message::Progress(42.0)));
        assert_eq!(parse("openjd_progress:99.5 "), Some(Message::Progress(99.5)));
        assert_eq!(parse("openjd_status: epoch 3: good"), Some(Message::Status("epoch 3: good".into())));
        assert_eq!(parse("openjd_fail: no frames"), Some(Message::Fail("no frames".into())));
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
        ] {
            assert_eq!(parse(line), None, "{line}");
        }
    }
}
