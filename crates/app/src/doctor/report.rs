use crate::view::{Finding, FindingState};
use crate::{Options, turns};
use std::fmt::Write;
use std::path::Path;

/// The findings as plain text to send to somebody: with versions, without the names of the person, of the computer and of anybody's home
/// folder, and without passwords, keys or environment.
pub fn report(options: &Options, findings: &[Finding], now: jiff::Timestamp) -> String {
    let environment = &options.environment;
    let secrets = Secrets {
        home: environment.home.as_deref().and_then(Path::to_str),
        computer: environment.computer.as_deref(),
        member: &options.member,
    };
    let mut text = String::new();
    let (os, arch) = (std::env::consts::OS, std::env::consts::ARCH);
    // Writing to a text cannot fail.
    let _ = writeln!(text, "Samepath {} on {COMPUTER} ({os} {arch}), {now:.0}", options.version);
    for finding in findings {
        let mark = match finding.state {
            FindingState::Good => "ok   ",
            FindingState::Note => "note ",
            FindingState::Wrong => "WRONG",
        };
        let (what, found) = (secrets.without(&finding.what), secrets.without(&finding.found));
        let _ = writeln!(text, "{mark} {} · {what}: {found}", finding.area);
        if let Some(mend) = finding.mend.as_ref().filter(|_| finding.state != FindingState::Good) {
            let _ = writeln!(text, "        {}", secrets.without(mend));
        }
    }
    text
}

const COMPUTER: &str = "COMPUTER";
const PERSON: &str = "USER";

/// What a report does not tell.
struct Secrets<'s> {
    home: Option<&'s str>,
    computer: Option<&'s str>,
    member: &'s str,
}

impl Secrets<'_> {
    /// One line: `~` for the home folder, `USER` and `COMPUTER` for names, nothing before the `@` of an address, nothing behind
    /// `password=`.
    fn without(&self, text: &str) -> String {
        let plain = |letter: char| !letter.is_control() && !turns(letter);
        let line: String = text.chars().map(|letter| if plain(letter) { letter } else { ' ' }).collect();
        let home = self.home.map(|home| home.trim_end_matches(['/', '\\'])).filter(|home| home.len() > 1);
        let line = home.map_or_else(|| line.clone(), |home| without_word(&line, home, "~"));
        let line = without_homes(&without_values(&without_passwords(&line)));
        // What everybody is called tells nothing of anybody, and of one letter nobody could tell where it is a name.
        let tells = |name: &&str| name.chars().count() > 1 && !["root", "localhost"].contains(name);
        let line = match Some(self.member).filter(tells) {
            Some(member) => without_word(&line, member, PERSON),
            None => line,
        };
        // Also by the first part of its name in the network.
        let whole = self.computer.filter(tells);
        let short = whole.and_then(|computer| computer.split('.').next()).filter(tells);
        [whole, short].into_iter().flatten().fold(line, |line, name| without_word(&line, name, COMPUTER))
    }
}

/// The line with `word` replaced where nothing joins it to more: also at the end of a sentence.
fn without_word(line: &str, word: &str, instead: &str) -> String {
    let mut plain = String::new();
    let mut rest = line;
    let joins = |letter: char| letter.is_alphanumeric() || "-_.".contains(letter);
    while let Some(at) = rest.find(word) {
        let (before, after) = (&rest[..at], &rest[at + word.len()..]);
        let ends = !after.starts_with(joins) || after.starts_with(". ") || after == ".";
        let begins = word.starts_with('/') || !(before.ends_with(joins) || before.is_empty() && plain.ends_with(joins));
        plain.push_str(before);
        plain.push_str(if begins && ends { instead } else { word });
        rest = after;
    }
    plain + rest
}

/// `/home/tom/x` as `/home/USER/x`: other people have homes, too, also where they are called `/n/home12` or `/users`.
fn without_homes(line: &str) -> String {
    let mut plain = String::new();
    let mut rest = line;
    while let Some(at) = rest.find(['/', '\\']) {
        let (before, after) = rest.split_at(at + 1);
        plain.push_str(before);
        rest = after;
        let Some(end) = after.find(['/', '\\']).filter(|end| holds_homes(&after[..*end])) else { continue };
        let (homes, name) = after.split_at(end + 1);
        plain.push_str(homes);
        let end = name_length(name, homes.ends_with('\\'));
        plain.push_str(if end == 0 { "" } else { PERSON });
        rest = &name[end..];
    }
    plain + rest
}

/// `home`, `home12`, `homes`, `Users`, `people`
fn holds_homes(name: &str) -> bool {
    let name = name.to_lowercase();
    let numbered = name.strip_prefix("home").is_some_and(|rest| rest.chars().all(|letter| letter.is_ascii_digit()));
    numbered || ["homes", "users", "people"].contains(&name.as_str())
}

/// How much of a text is the name with which it begins. On Windows it may have spaces, where a `\` follows it.
fn name_length(text: &str, windows: bool) -> usize {
    let ends = |next: char| "/\\,;:'\"`)".contains(next);
    let with_spaces = text.find(ends).filter(|end| windows && text[*end..].starts_with('\\'));
    with_spaces.or_else(|| text.find(|next: char| ends(next) || next.is_whitespace())).unwrap_or(text.len())
}

/// `password=hush` as `password=…`, of whatever is called like a secret.
fn without_values(line: &str) -> String {
    const CALLED: [&str; 8] = ["password", "passwd", "token", "secret", "key", "signature", "sig", "credentials"];
    let mut plain = String::new();
    let mut rest = line;
    while let Some(at) = rest.find(['=', ':']) {
        let (before, after) = (&rest[..at], &rest[at + 1..]);
        let name = before.to_lowercase();
        let secret = CALLED.iter().any(|called| name.ends_with(called));
        let value = after.trim_start_matches(' ');
        let end = value.find(|next: char| ",;&'\"`)".contains(next) || next.is_whitespace()).unwrap_or(value.len());
        plain.push_str(&rest[..=at]);
        rest = if secret && end > 0 {
            plain.push('…');
            &value[end..]
        } else {
            after
        };
    }
    plain + rest
}

/// `//amick:secret@vast01/talmo` as `//vast01/talmo`; also behind `https:`, and `amick:secret@gpu-1:/data` as `gpu-1:/data`.
fn without_passwords(line: &str) -> String {
    let word = |word: &str| match word.split_once('@') {
        Some((user, _)) if user.contains(':') && !user.contains("//") => {
            word.rsplit_once('@').map_or(word, |(_, server)| server).to_owned()
        }
        _ => word.to_owned(),
    };
    let line: String = line.split_inclusive(' ').map(word).collect();

    let mut plain = String::new();
    let mut rest = line.as_str();
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
        let secrets = Secrets { home: Some("/home/amick"), computer: Some("ws-3.salk.edu"), member: "amick" };
        for (text, wanted) in [
            ("/home/amick/.sleap-rtc/config.toml, 2 storages", "~/.sleap-rtc/config.toml, 2 storages"),
            ("at /home/amick and /home/amick2 and /home/amick.", "at ~ and /home/USER and ~."),
            ("/Users/tom/x and C:\\Users\\Tom Jones\\x", "/Users/USER/x and C:\\Users\\USER\\x"),
            ("C:\\Users\\tom and C:\\Users\\Tom Jones, ok", "C:\\Users\\USER and C:\\Users\\USER Jones, ok"),
            ("/n/home12/tom/x, /nfs/homes/tom, /users/tom.", "/n/home12/USER/x, /nfs/homes/USER, /users/USER"),
            ("nfs4 from fs01:/export/home/tom/lab at /mnt", "nfs4 from fs01:/export/home/USER/lab at /mnt"),
            ("\\\\nas\\home\\tom\\x and /mnt/homework/x", "\\\\nas\\home\\USER\\x and /mnt/homework/x"),
            ("smbfs from //amick:secret@vast01/talmo", "smbfs from //vast01/talmo"),
            ("sshfs from amick:secret@gpu-1:/data", "sshfs from gpu-1:/data"),
            ("https://amick:p@ss@dav.org/lab, a@b", "https://dav.org/lab, a@b"),
            ("two\nlines\u{1b}[31m, \u{202e}txt.exe", "two lines [31m,  txt.exe"),
            ("your folder vast:amick is not there", "your folder vast:USER is not there"),
            ("amick, amicka, camick, amick-2, (amick)", "USER, amicka, camick, amick-2, (USER)"),
            ("See to it on ws-3: samepath doctor", "See to it on COMPUTER: samepath doctor"),
            ("ws-3.salk.edu and ws-30 and ws-3.", "COMPUTER and ws-30 and COMPUTER."),
            ("mount: username=x,password=hush,vers=3", "mount: username=x,password=…,vers=3"),
            ("API_TOKEN: abc.def; HF_KEY=xyz, ok", "API_TOKEN:…; HF_KEY=…, ok"),
            ("https://s3/lab?X-Amz-Signature=abc&x=1", "https://s3/lab?X-Amz-Signature=…&x=1"),
            ("amickamick amick", "amickamick USER"),
        ] {
            assert_eq!(secrets.without(text), wanted);
        }
        let nobody = Secrets { home: Some("/"), computer: None, member: "root" };
        assert_eq!(nobody.without("/x of root"), "/x of root");
    }

    #[test]
    fn no_text_is_a_panic() {
        let secrets = Secrets { home: Some("/home/é"), computer: Some("é"), member: "né" };
        for text in ["", "@", "//", "//@", "é@:é", "/home/", "/Users/é", "key=", "key=é", "né né", "/home/é/home/é"]
        {
            secrets.without(text);
        }
    }
}
