use crate::Platform;
use std::borrow::Cow;
use unicode_normalization::{UnicodeNormalization, is_nfc};

/// An absolute local path, taken apart by the rules of a platform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LocalPath<'p> {
    /// `/`, or on Windows the drive or share, in lower case.
    root: Cow<'p, str>,
    names: Vec<&'p str>,
    platform: Platform,
}

/// What a place is called wherever it is written: equal for two paths if and only if they name one place, and one that begins with
/// another lies in that or is it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Key(String);

impl Key {
    pub(super) fn begins_with(&self, other: &Self) -> bool {
        self.0.starts_with(&other.0)
    }

    pub(super) fn text(&self) -> &str {
        &self.0
    }
}

/// Ends every name of a key. No name on Unix has it, and on Windows none has either.
const END: char = '/';

impl<'p> LocalPath<'p> {
    /// `None` if it is not absolute.
    pub(super) fn parse(path: &'p str, platform: Platform) -> Option<Self> {
        match platform {
            Platform::Linux | Platform::MacOs => {
                let below = path.strip_prefix('/')?;
                Some(Self { root: "".into(), names: names(below, platform), platform })
            }
            Platform::Windows => Self::parse_windows(path),
        }
    }

    fn parse_windows(path: &'p str) -> Option<Self> {
        let of = |root: String, below| {
            Some(Self { root: root.into(), names: names(below, Platform::Windows), platform: Platform::Windows })
        };
        let verbatim = after(path, r"\\?\");
        let share = match verbatim {
            Some(verbatim) => after(verbatim, r"UNC\"),
            None => after(path, r"\\"),
        };
        if let Some(share) = share {
            let mut parts = share.splitn(3, is_separator);
            let (server, share) = (parts.next()?, parts.next()?);
            // `\\.\` is the system's own room of devices.
            if matches!(server, "" | "." | "?") || share.is_empty() {
                return None;
            }
            return of(format!(r"\\{server}\{share}").to_lowercase(), parts.next().unwrap_or_default());
        }
        let (drive, below) = verbatim.unwrap_or(path).split_at_checked(2)?;
        let is_drive = matches!(drive.as_bytes(), [letter, b':'] if letter.is_ascii_alphabetic());
        let below = below.strip_prefix(is_separator)?;
        if is_drive { of(drive.to_lowercase(), below) } else { None }
    }

    /// The names below the root.
    pub(super) fn names(&self) -> &[&'p str] {
        &self.names
    }

    /// The key of the path, and where in it those of the folders above end: that of the first `n` names at place `n`.
    pub(super) fn key(&self) -> (Key, Vec<usize>) {
        let mut text =
            String::with_capacity(self.root.len() + 1 + self.names.iter().map(|name| name.len() + 1).sum::<usize>());
        let mut ends = Vec::with_capacity(self.names.len() + 1);
        text.push_str(&self.root);
        text.push(END);
        ends.push(text.len());
        for name in &self.names {
            // macOS takes names for one that differ in normalisation, and tells them now in one form, now in the other.
            match self.platform {
                Platform::MacOs if !is_nfc(name) => text.extend(name.nfc()),
                Platform::MacOs | Platform::Linux | Platform::Windows => text.push_str(name),
            }
            text.push(END);
            ends.push(text.len());
        }
        (Key(text), ends)
    }
}

fn is_separator(character: char) -> bool {
    character == '\\' || character == '/'
}

fn names(below: &str, platform: Platform) -> Vec<&str> {
    let separates = |character| character == '/' || (platform == Platform::Windows && character == '\\');
    below.split(separates).filter(|name| !name.is_empty() && *name != ".").collect()
}

/// What follows a Windows prefix, whose case and kind of slash do not count.
fn after<'a>(path: &'a str, prefix: &str) -> Option<&'a str> {
    let (start, rest) = path.split_at_checked(prefix.len())?;
    let same = |(a, b): (char, char)| a.eq_ignore_ascii_case(&b) || (is_separator(a) && is_separator(b));
    start.chars().zip(prefix.chars()).all(same).then_some(rest)
}
