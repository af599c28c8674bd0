//! Which frames a prediction is of.

use std::fmt::Write;

/// A list of numbers that is handed over as one argument; the system takes twice as much.
const LONGEST: usize = 64 * 1024;

/// Why some frames of a video are not to be had.
pub(super) const NO_PROJECT: &str = "only a project has labelled or suggested frames; DATA is a video";

/// Which frames.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Frames {
    /// Every frame of every video.
    All,
    /// Those of a project that carry labels.
    Labelled,
    /// Those that a project suggests.
    Suggested,
    /// These, of one video, as `sleap-nn` wants them: one range, or a list of numbers.
    Numbers(String),
}

/// Reads `all`, `labelled`, `suggested`, `0-99`, or `1,5,10-20`.
pub(super) fn read(text: &str) -> Result<Frames, String> {
    match text.trim().to_ascii_lowercase().as_str() {
        "" | "all" => return Ok(Frames::All),
        "labelled" | "labeled" => return Ok(Frames::Labelled),
        "suggested" => return Ok(Frames::Suggested),
        _ => {}
    }
    let part = |part: &str| -> Option<(u32, u32)> {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
        (first <= last).then_some((first, last))
    };
    let parts: Option<Vec<(u32, u32)>> = text.split(',').map(part).collect();
    let Some(parts) = parts else {
        return Err(format!(
            "takes all, labelled, suggested, or numbers such as 0-99 or 1,5,10-20, not {:?}",
            text.chars().take(80).collect::<String>()
        ));
    };
    if let [(first, last)] = parts[..] {
        return Ok(Frames::Numbers(if first == last { first.to_string() } else { format!("{first}-{last}") }));
    }
    // `sleap-nn` takes a range or a list, not both.
    let mut list = String::new();
    for number in parts.into_iter().flat_map(|(first, last)| first..=last) {
        let _ = write!(list, "{}{number}", if list.is_empty() { "" } else { "," });
        if list.len() > LONGEST {
            return Err("names too many frames one by one; give one range".to_owned());
        }
    }
    Ok(Frames::Numbers(list))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_words_or_numbers() {
        let numbers = |text: &str| Ok(Frames::Numbers(text.to_owned()));
        for (text, frames) in [
            ("", Ok(Frames::All)),
            ("All", Ok(Frames::All)),
            ("labelled", Ok(Frames::Labelled)),
            ("suggested", Ok(Frames::Suggested)),
            ("7", numbers("7")),
            ("0-99", numbers("0-99")),
            (" 1, 5 ,7-9", numbers("1,5,7,8,9")),
        ] {
            assert_eq!(read(text), frames, "{text}");
        }
        for text in ["9-7", "-1", "1,,2", "--gui", "1;2", "0-4294967295,1", "99999999999"] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
