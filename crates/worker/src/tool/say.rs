//! What a tool of ours prints for its guard to read.

use std::io::{self, Write};

/// A name may contain a line end, and behind it what looks like a message to the worker.
pub(super) fn one_line(text: &str) -> String {
    text.chars().flat_map(|c| if c.is_control() { c.escape_default().collect() } else { vec![c] }).collect()
}

/// Says something to the guard, at once.
pub(super) fn say(out: &mut impl Write, what: &str, text: &str) -> io::Result<()> {
    writeln!(out, "{what}: {}", one_line(text))?;
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_speak_to_the_worker() {
        assert_eq!(one_line("a\nopenjd_fail: b\r\u{1b}[2J"), "a\\nopenjd_fail: b\\r\\u{1b}[2J");
        let mut out = Vec::new();
        say(&mut out, "openjd_status", "x\nopenjd_fail: y").unwrap();
        assert_eq!(String::from_utf8(out).unwrap().lines().count(), 1);
    }
}
