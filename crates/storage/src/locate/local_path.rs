use crate::Platform;
use crate::storages::same_name;

/// An absolute local path, taken apart by the rules of a platform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LocalPath {
    /// `/`, or on Windows the drive or share, in lower case.
    root: String,
    names: Vec<String>,
    platform: Platform,
}

impl LocalPath {
    /// `None` if it is not absolute.
    pub(super) fn parse(path: &str, platform: Platform) -> Option<Self> {
        match platform {
            Platform::Linux | Platform::MacOs => {
                let below = path.strip_prefix('/')?;
                Some(Self { root: "/".to_owned(), names: names(below, '/'), platform })
            }
            Platform::Windows => Self::parse_windows(path),
        }
    }

    fn parse_windows(path: &str) -> Option<Self> {
        let path = path.replace('/', r"\");
        let path = match path.strip_prefix(r"\\?\") {
            Some(verbatim) => match strip_prefix_ignoring_case(verbatim, r"UNC\") {
                Some(share) => format!(r"\\{share}"),
                None => verbatim.to_owned(),
            },
            None => path,
        };
        if let Some(share) = path.strip_prefix(r"\\") {
            let mut parts = share.splitn(3, '\\');
            let (server, share) = (parts.next()?, parts.next()?);
            // `\\.\` is the system's own room of devices.
            if matches!(server, "" | "." | "?") || share.is_empty() {
                return None;
            }
            let root = format!(r"\\{server}\{share}").to_lowercase();
            return Some(Self {
                root,
                names: names(parts.next().unwrap_or_default(), '\\'),
                platform: Platform::Windows,
            });
        }
        let (drive, below) = path.split_at_checked(2)?;
        let is_drive = matches!(drive.as_bytes(), [letter, b':'] if letter.is_ascii_alphabetic());
        let below = below.strip_prefix('\\')?;
        is_drive.then(|| Self { root: drive.to_lowercase(), names: names(below, '\\'), platform: Platform::Windows })
    }

    /// What is left of `self` below `base`; `None` if it is not there.
    pub(super) fn below(&self, base: &Self) -> Option<&[String]> {
        let (top, below) = self.names.split_at_checked(base.names.len())?;
        // macOS takes names for one that differ in normalisation, and tells them now in one form, now in the other.
        let same = |(a, b): (&String, &String)| match self.platform {
            Platform::MacOs => same_name(a, b),
            Platform::Linux | Platform::Windows => a == b,
        };
        (self.root == base.root && top.iter().zip(&base.names).all(same)).then_some(below)
    }

    /// How deep it is.
    pub(super) fn depth(&self) -> usize {
        self.names.len()
    }
}

fn names(below: &str, separator: char) -> Vec<String> {
    below.split(separator).filter(|name| !name.is_empty() && *name != ".").map(str::to_owned).collect()
}

fn strip_prefix_ignoring_case<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let (start, rest) = text.split_at_checked(prefix.len())?;
    start.eq_ignore_ascii_case(prefix).then_some(rest)
}
