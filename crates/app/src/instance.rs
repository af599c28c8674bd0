//! One window for each of a person's computers: a further start hands what it was to open to the first, and ends.

use crate::{Error, ErrorCode, Options};
use samepath_fleet::bus::BusError;
use samepath_fleet::bus::local::first::{Arrival, Ears, Hold, arrive};
use samepath_wire::HERE;
use std::ffi::OsString;
use std::path::Path;

/// What starting the window leads to.
#[derive(Debug)]
pub enum Start {
    /// There was none. This is the one window of this computer for as long as the first value lives; the system lets go of it when the
    /// process ends, however that is.
    First(Held, Starts),
    /// There is one, which shows itself now, and opens what this start was to open.
    Shown,
}

/// That this is the one window. A further start that is not heard waits until it is dropped, and is the next.
#[derive(Debug)]
pub struct Held {
    _hold: Hold,
}

/// Hears of further starts until it is dropped.
#[derive(Debug)]
pub struct Starts {
    ears: Ears,
}

impl Starts {
    /// What the next further start is to open; nothing where somebody only wants to see the window.
    pub async fn next(&self) -> Vec<String> {
        serde_json::from_slice(&self.ears.next().await).unwrap_or_default()
    }
}

/// Is the one window, or has it shown; `files` are what is to be opened, as paths or storage paths.
///
/// # Errors
/// `already_exists` where there is one that does not answer, `io` where the data folder cannot be used.
pub async fn begin(options: &Options, files: &[String]) -> Result<Start, Error> {
    let folder = options.data_dir.join("window");
    // Texts can always be written so.
    let message = serde_json::to_vec(files).unwrap_or_default();
    match arrive(&folder, options.runtime_dir.as_deref(), message).await {
        Ok(Arrival::First(hold, ears)) => Ok(Start::First(Held { _hold: hold }, Starts { ears })),
        Ok(Arrival::Told) => Ok(Start::Shown),
        Err(BusError::Unreachable) => {
            Err(Error::new(ErrorCode::AlreadyExists, "Samepath is open already, and does not answer.")
                .with_hint("Close its window, or end it, then start it again."))
        }
        Err(error) => Err(Error::new(ErrorCode::Io, error.to_string())
            .with_hint(format!("Set SAMEPATH_DATA to a folder of your own on {HERE}'s disk."))),
    }
}

/// What a program was asked to open: paths from the root, and storage paths as they are. Looks at no file.
pub fn files(arguments: impl IntoIterator<Item = OsString>, current_dir: Option<&Path>) -> Vec<String> {
    let whole = |path: String| match current_dir {
        // `vast:amick/labels.slp` is a storage path wherever it is written.
        Some(here) if Path::new(&path).is_relative() && !path.contains(':') => {
            here.join(path).to_str().map(str::to_owned)
        }
        _ => Some(path),
    };
    let texts = arguments.into_iter().filter_map(|argument| argument.into_string().ok());
    // What begins so is an option, and the window has none.
    texts.filter(|text| !text.is_empty() && !text.starts_with('-')).filter_map(whole).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_to_be_opened_is_the_same_wherever_it_is_opened() {
        let files =
            |arguments: &[&str]| super::files(arguments.iter().map(OsString::from), Some(Path::new("/home/amick")));
        assert_eq!(
            files(&["maze.slp", "/mnt/x.slp", "vast:amick/x.slp", "--version", "", "a b/c.slp"]),
            ["/home/amick/maze.slp", "/mnt/x.slp", "vast:amick/x.slp", "/home/amick/a b/c.slp"]
        );
        assert_eq!(super::files([OsString::from("maze.slp")], None), ["maze.slp"]);
    }
}
