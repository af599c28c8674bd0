//! What a component of a storage path may be: pure rules, by platform.

use crate::Platform;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Which part of a storage path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    /// The user subdirectory.
    UserSubdir,
    /// The relative path.
    Path,
}

/// Why a component of a path is refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum Refusal {
    /// The path begins with `/`.
    Absolute,
    /// Begins with `\\`, as a server's share and `\\?\` do.
    Unc,
    /// `..`
    Parent,
    /// `.`
    Current,
    /// Nothing between two slashes, or after the last.
    Empty,
    /// A control character.
    Control {
        /// Which.
        character: char,
    },
    /// Begins like a Windows drive, `C:`.
    Drive,
    /// Windows: a name that means a device, with or without an extension.
    Reserved,
    /// Windows: ends with a dot or a space.
    TrailingDotOrSpace,
    /// Windows: one of `<>:"|?*\`.
    Character {
        /// Which.
        character: char,
    },
    /// Longer than the file system takes.
    TooLong,
    /// Where the storage's mark is: nothing else may be written there.
    Kept,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absolute => write!(f, "a path on a storage does not begin with `/`"),
            Self::Unc => write!(f, "it begins like a Windows share, with `\\\\`"),
            Self::Parent => write!(f, "`..` is not allowed in a path on a storage"),
            Self::Current => write!(f, "`.` is not allowed in a path on a storage"),
            Self::Empty => write!(f, "a component is empty: two slashes in a row, or one at the end"),
            Self::Control { character } => {
                write!(f, "it contains the control character U+{:04X}", u32::from(*character))
            }
            Self::Drive => write!(f, "it begins like a Windows drive"),
            Self::Reserved => write!(f, "Windows keeps this name for a device"),
            Self::TrailingDotOrSpace => write!(f, "Windows takes no name that ends with a dot or a space"),
            Self::Character { character } => write!(f, "Windows takes no name with `{character}` in it"),
            Self::TooLong => write!(f, "it is longer than the file system takes"),
            Self::Kept => write!(f, "it is kept for the mark by which computers know a storage"),
        }
    }
}

impl Refusal {
    /// What to do about it: the one rule, whichever way the path came.
    pub fn mend(&self) -> &'static str {
        match self {
            Self::Absolute => "leave out the `/` at its beginning",
            Self::Parent | Self::Current => "write the path from the storage's own top, without `.` and `..`",
            Self::Empty => "leave out the `/` that is too many",
            Self::Unc | Self::Drive => "leave out the drive, or rename what is really called so",
            Self::Character { character: '\\' } => "write `/` between folders",
            Self::Control { .. } | Self::Reserved | Self::TrailingDotOrSpace | Self::Character { .. } => "rename it",
            Self::TooLong => "shorten the name",
            Self::Kept => "give another folder",
        }
    }
}

/// The component at fault, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) component: String,
    pub(crate) refusal: Refusal,
}

/// The components of a `/`-separated relative path, each checked; none for the empty text.
pub(crate) fn split(text: &str, platform: Platform) -> Result<Vec<&str>, Refused> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    if text.starts_with('/') {
        return Err(Refused { component: text.to_owned(), refusal: Refusal::Absolute });
    }
    text.split('/')
        .map(|component| match refusal(component, platform) {
            None => Ok(component),
            Some(refusal) => Err(Refused { component: component.to_owned(), refusal }),
        })
        .collect()
}

fn refusal(component: &str, platform: Platform) -> Option<Refusal> {
    match component {
        "" => return Some(Refusal::Empty),
        "." => return Some(Refusal::Current),
        ".." => return Some(Refusal::Parent),
        _ => {}
    }
    if let Some(character) = component.chars().find(|character| character.is_control()) {
        return Some(Refusal::Control { character });
    }
    if let [letter, b':', ..] = component.as_bytes()
        && letter.is_ascii_alphabetic()
    {
        return Some(Refusal::Drive);
    }
    if component.starts_with(r"\\") {
        return Some(Refusal::Unc);
    }
    if platform == Platform::Windows { refusal_on_windows(component) } else { None }
}

fn refusal_on_windows(component: &str) -> Option<Refusal> {
    if let Some(character) = component.chars().find(|character| r#"<>:"|?*\"#.contains(*character)) {
        return Some(Refusal::Character { character });
    }
    if component.ends_with(['.', ' ']) {
        return Some(Refusal::TrailingDotOrSpace);
    }
    let stem = component.split('.').next().unwrap_or(component).trim_end_matches(' ').to_uppercase();
    let numbered = |device: &str| {
        stem.strip_prefix(device).is_some_and(|number| {
            let mut characters = number.chars();
            matches!((characters.next(), characters.next()), (Some('0'..='9' | '¹' | '²' | '³'), None))
        })
    };
    let reserved = matches!(stem.as_str(), "CON" | "PRN" | "AUX" | "NUL" | "CONIN$" | "CONOUT$")
        || numbered("COM")
        || numbered("LPT");
    reserved.then_some(Refusal::Reserved)
}
