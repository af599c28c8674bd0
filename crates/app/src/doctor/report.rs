use crate::Options;
use crate::view::{Finding, FindingState};
use std::fmt::Write;
use std::path::Path;

/// The findings as plain text to send to somebody: with versions, without anybody's home folder, passwords or environment.
pub fn report(options: &Options, findings: &[Finding], now: jiff::Timestamp) -> String {
    let mut text = String::new();
    let computer = options.environment.computer.as_deref().unwrap_or("?");
    let (os, arch) = (std::env::consts::OS, std::env::consts::ARCH);
    // Writing to a text cannot fail.
    let _ = writeln!(text, "Samepath {} on {computer} ({os} {arch}), {now:.0}", options.version);
    for finding in findings {
        let mark = match finding.state {
            FindingState::Good => "ok   ",
            FindingState::Note => "note ",
            FindingState::Wrong => "WRONG",
        };
        let found = plain(&finding.found, options.environment.home.as_deref());
        let _ = writeln!(text, "{mark} {} · {}: {found}", finding.area, finding.what);
        if let Some(mend) = finding.mend.as_ref().filter(|_| finding.state != FindingState::Good) {
            let _ = writeln!(text, "        {}", plain(mend, options.environment.home.as_deref()));
        }
    }
    text
}

/// One line, with `~` for the home folder and without what stands before the `@` of an address.
fn plain(text: &str, home: Option<&Path>) -> String {
    let line: String = text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    let home = home.and_then(Path::to_str).map(|home| home.trim_end_matches(['/', '\\'])).filter(|home| home.len() > 1);
    let line = match home {
        Some(home) => without_home(&line, home),
        None => line,
    };
    without_passwords(&line)
}

fn without_home(line: &str, home: &str) -> String {
    let mut plain = String::new();
    let mut rest = line;
    while let Some(at) = rest.find(home) {
        let after = &rest[at + home.len()..];
        let whole = !after.starts_with(|next: char| next.is_alphanumeric() || "-_.".contains(next))
            || after.starts_with(". ")
            || after == ".";
        plain.push_str(&rest[..at]);
        plain.push_str(if whole { "~" } else { home });
        rest = after;
    }
    plain + rest
}

/// `//amick:secret@vast01/talmo` as `//vast01/talmo`; also behind `https:`.
fn without_passwords(line: &str) -> String {
    let mut plain = String::new();
    let mut rest = line;
    while let Some(at) = rest.find("//") {
        let (before, after) = rest.split_at(at + 2);
        plain.push_str(before);
        let server = after.find(|next: char| next == '/' || next.is_whitespace()).unwrap_or(after.len());
        rest = after[..server].rfind('@').map_or(after, |user| &after[user + 1..]);
    }
    plain + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_anybody_is_told() {
        let home = Some(Path::new("/home/amick"));
        for (text, wanted) in [
            ("/home/amick/.sleap-rtc/config.toml, 2 storages", "~/.sleap-rtc/config.toml, 2 storages"),
            ("at /home/amick and /home/amick2 and /home/amick.", "at ~ and /home/amick2 and ~."),
            ("smbfs from //amick:secret@vast01/talmo", "smbfs from //vast01/talmo"),
            ("https://amick:p@ss@dav.org/lab, a@b", "https://dav.org/lab, a@b"),
            ("two\nlines\u{1b}[31m", "two lines [31m"),
        ] {
            assert_eq!(plain(text, home), wanted);
        }
        assert_eq!(plain("/x", Some(Path::new("/"))), "/x");
    }
}
