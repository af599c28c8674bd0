//! A path that is typed here as another computer writes it: what it looks like, and which storage path is meant.
//!
//! Text alone, nothing is looked at: whoever finds nothing at a path asks. Whose rules a text follows is seen from how it begins.

use crate::component;
use crate::config::near;
use crate::locate::{named, split_below_root};
use crate::suggest::{part_of_share, share_text};
use crate::written::{WrittenPath, WrittenRoot};
use crate::{Backend, PathMapping, Platform, Storages};
use percent_encoding::percent_decode_str;
use samepath_wire::{HERE, StoragePath};
use std::borrow::Cow;
use std::path::Path;

/// Where the storages of this computer are on others, as far as it is known.
#[derive(Debug, Clone, Default)]
pub struct Elsewhere {
    /// Storage and base path, as some computer writes it that mounts the whole storage.
    pub base_paths: Vec<(String, String)>,
    /// Storage, and what the mount table of this computer says that its base path is: `//vast01/talmo`, `vast01:/talmo/labs`.
    pub shares: Vec<(String, String)>,
    /// Two names of one folder.
    pub mappings: Vec<PathMapping>,
}

/// What a path looks like that this computer does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Looks {
    /// `/Volumes/talmo/x`
    Mac,
    /// `/Users/tom/x`: what lies there is on one computer only.
    MacHome,
    /// `/mnt/vast/x`, on a Mac or on Windows.
    Unix,
    /// `Z:\x`
    Drive,
    /// `C:\x`, the disk of the computer itself, mostly.
    OwnDisk,
    /// `\\server\share\x`
    Share,
    /// `Z:\x` without its `\`, which a shell takes away.
    Eaten,
    /// `smb://server/share/x`
    Address,
    /// `file://server/x`
    FileOf,
    /// `amick@gpu-1:/data/x`
    Remote,
    /// `https://…`
    Web,
    /// `/mnt/other/x`, where there is no `/mnt/other`.
    NotMounted,
    /// Nothing particular, but below a folder at which some computer has a storage.
    Known,
}

/// A path of another computer. `Display` says what it looks like, [`Foreign::hint`] what to write instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{shown}` is no path of {HERE}: {}", .looks.words())]
pub struct Foreign {
    shown: String,
    looks: Looks,
    /// Where the storage may begin there: `/Volumes/talmo`, `Z:`, `\\server\share`.
    top: String,
    /// What lies below, `/`-separated.
    below: String,
    meant: Option<StoragePath>,
    names: Vec<String>,
}

impl Foreign {
    /// What a text looks like at which nothing was found; `None` for a path that this computer could have. `missing` is the first
    /// part of it that is not there, where that is known: what lies in a folder that is there is spelled wrongly, no more.
    pub fn of(text: &str, missing: Option<&Path>, storages: &Storages, elsewhere: &Elsewhere) -> Option<Self> {
        if named(text).is_some_and(|(name, _)| storages.get(name).is_ok()) {
            return None;
        }
        let own = WrittenPath::new(text);
        let is_own = |backend: &Backend| {
            backend.base_path.to_str().is_some_and(|base| own.at_or_below(&WrittenPath::new(base)).is_some())
        };
        if storages.iter().any(is_own) {
            return None;
        }
        let plain = plain(text);
        let meant = elsewhere.meant(&plain, storages);
        let (looks, top, below) = match Looks::of(text, &plain, storages.platform()) {
            Some((looks, top, below)) => {
                let not_there = match looks {
                    Looks::NotMounted => missing == Some(Path::new(&top)) && near_base_path(&top, storages).is_none(),
                    Looks::Mac | Looks::MacHome | Looks::Unix => {
                        missing.is_none_or(|missing| Path::new(&top).starts_with(missing))
                    }
                    _ => true,
                };
                if meant.is_none() && !not_there {
                    return None;
                }
                (looks, top, below)
            }
            None => (Looks::Known, String::new(), String::new()),
        };
        if looks == Looks::Known && meant.is_none() {
            return None;
        }
        let shown = if text.contains("://") { share_text(text) } else { text.to_owned() };
        Some(Self { shown, looks, top, below, meant, names: storages.names() })
    }

    /// The storage path that is meant, where it is known which storage the other computer has there.
    pub fn instead(&self) -> Option<&StoragePath> {
        self.meant.as_ref()
    }

    /// Where it may be, if nobody knows what the other computer has at that place: the same path below the top of each storage.
    pub fn possible(&self, storages: &Storages) -> Vec<StoragePath> {
        let below: Vec<String> = self.below.split('/').filter(|name| !name.is_empty()).map(str::to_owned).collect();
        let elsewhere = matches!(self.looks, Looks::MacHome | Looks::OwnDisk | Looks::Eaten | Looks::Web);
        if elsewhere || below.is_empty() {
            return Vec::new();
        }
        self.names.iter().filter_map(|name| storage_path(storages, name, &below)).collect()
    }

    /// The code that programs see.
    pub fn code(&self) -> &'static str {
        "path_not_found"
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        if let Some(meant) = &self.meant {
            return Some(format!("write `{meant}`, which means the same on every computer"));
        }
        let (top, below) = (&self.top, &self.below);
        Some(match (self.looks, self.names.as_slice()) {
            (Looks::Web, _) => "download it to one of the storages first, and give its path there".to_owned(),
            (Looks::MacHome | Looks::OwnDisk, _) => {
                "copy it to one of the storages first, on the computer that has it".to_owned()
            }
            (Looks::Eaten, _) => {
                r"put it between quotation marks, 'Z:\…', so that the shell leaves each `\` where it is".to_owned()
            }
            (_, []) => {
                format!("if {HERE} mounts that storage too, name it first: `samepath storage add NAME FOLDER`")
            }
            (_, [only]) => format!("if that computer has {only} at `{top}`, write `{only}:{below}`"),
            (_, names) => {
                let names = names.join(", ");
                format!(
                    "if that computer has one of your storages at `{top}` ({names}), write its name and the rest: `NAME:{below}`"
                )
            }
        })
    }
}

impl Looks {
    fn words(self) -> &'static str {
        match self {
            Self::Mac => "it looks like a path of a Mac",
            Self::MacHome => "it looks like a file in somebody's home on a Mac",
            Self::Unix => "it looks like a path of Linux",
            Self::Drive => "it looks like a path of Windows, on a drive",
            Self::OwnDisk => "it looks like a path of Windows, on a computer's own disk",
            Self::Share => "it looks like a share, as Windows writes it",
            Self::Eaten => r"it looks like a path of Windows that lost each `\`",
            Self::Address => "it is the address of a share",
            Self::FileOf => "it is the address of a file on another computer",
            Self::Remote => "it is a path on another computer, as ssh writes it",
            Self::Web => "it is an address on the web",
            Self::NotMounted => "nothing is mounted there; it may be one of another computer",
            Self::Known => "another computer has a storage there",
        }
    }

    /// With where a storage may begin, and what lies below. `plain` is the text without an address's `%20`.
    fn of(text: &str, plain: &str, platform: Platform) -> Option<(Self, String, String)> {
        let windows = platform == Platform::Windows;
        if let Some((scheme, _)) = url(text) {
            let looks = match scheme.to_ascii_lowercase().as_str() {
                "http" | "https" | "ftp" | "ftps" | "s3" | "gs" => Self::Web,
                "file" => Self::FileOf,
                _ => Self::Address,
            };
            let address = share_text(plain);
            let top = address.match_indices('/').nth(3).map_or(address.len(), |(end, _)| end);
            let (top, below) = address.split_at(top);
            return Some((looks, top.to_owned(), below.trim_matches('/').to_owned()));
        }
        if let Some((host, path)) = text.split_once(":/").filter(|(host, _)| host.contains('@') && !host.contains('/'))
        {
            let (top, below) = path.split_once('/').unwrap_or((path, ""));
            return Some((Self::Remote, format!("{host}:/{top}"), below.to_owned()));
        }
        let written = WrittenPath::new(text);
        let below = |from: usize| written.components.get(from..).unwrap_or_default().join("/");
        let first: Vec<&str> = written.components.iter().map(String::as_str).take(2).collect();
        match (&written.root, first.as_slice()) {
            (WrittenRoot::Drive('C'), _) if !windows => Some((Self::OwnDisk, "C:".to_owned(), below(0))),
            (WrittenRoot::Drive(letter), _) if !windows => Some((Self::Drive, format!("{letter}:"), below(0))),
            (WrittenRoot::Share(server, share), _) if !windows && text.starts_with('\\') => {
                Some((Self::Share, format!(r"\\{server}\{share}"), below(0)))
            }
            (WrittenRoot::None, _) if !windows && lost_its_backslashes(text) => {
                Some((Self::Eaten, String::new(), String::new()))
            }
            (WrittenRoot::Slash, ["Volumes", name]) if platform != Platform::MacOs => {
                Some((Self::Mac, format!("/Volumes/{name}"), below(2)))
            }
            (WrittenRoot::Slash, ["Users", name]) if platform != Platform::MacOs => {
                Some((Self::MacHome, format!("/Users/{name}"), below(2)))
            }
            (WrittenRoot::Slash, [top @ ("home" | "mnt" | "media" | "net" | "srv"), name])
                if platform != Platform::Linux =>
            {
                Some((Self::Unix, format!("/{top}/{name}"), below(2)))
            }
            (WrittenRoot::Slash, ["mnt" | "media" | "net" | "Volumes", _]) => {
                Some((Self::NotMounted, format!("/{}", first.join("/")), below(2)))
            }
            _ => None,
        }
    }
}

impl Elsewhere {
    /// The storage path that a path of another computer means: by the longest place that holds it. `None` also where two storages
    /// are at that place, and where no storage path may be so.
    fn meant(&self, text: &str, storages: &Storages) -> Option<StoragePath> {
        let mut found: Vec<(usize, StoragePath)> = Vec::new();
        let mut take = |length: usize, name: &str, below_root: Vec<String>| {
            if let Some(at) = storage_path(storages, name, &below_root) {
                found.push((length, at));
            }
        };
        for (name, base) in &self.base_paths {
            if let Some(rest) = rest(text, base) {
                take(base.len(), name, rest);
            }
        }
        for (name, share) in &self.shares {
            if let (Some(rest), Ok(backend)) = (rest(text, share), storages.get(name)) {
                let subpath = backend.subpath.split('/').filter(|part| !part.is_empty()).map(str::to_owned);
                take(share.len(), name, subpath.chain(rest).collect());
            }
        }
        for (from, to) in self.mappings.iter().flat_map(|it| [(&it.local, &it.worker), (&it.worker, &it.local)]) {
            let Some(below) = rest(text, from) else { continue };
            let other = WrittenPath::new(to);
            let there = WrittenPath { components: [other.components, below].concat(), root: other.root };
            for (name, base) in &self.base_paths {
                if let Some(rest) = there.at_or_below(&WrittenPath::new(base)) {
                    take(from.len(), name, rest.to_vec());
                }
            }
        }
        let longest = found.iter().map(|(length, _)| *length).max()?;
        let mut longest = found.into_iter().filter(|(length, _)| *length == longest).map(|(_, at)| at);
        let at = longest.next()?;
        longest.all(|other| other == at).then_some(at)
    }
}

/// The base path of a storage of this computer that a place is written nearly as: that is a matter of spelling.
pub fn near_base_path(place: &str, storages: &Storages) -> Option<String> {
    let own: Vec<&str> = storages.iter().filter_map(|backend| backend.base_path.to_str()).collect();
    near(place, &own)
}

/// What is left of a text below a place, whichever way either is written.
fn rest(text: &str, place: &str) -> Option<Vec<String>> {
    if let Some(rest) = WrittenPath::new(text).at_or_below(&WrittenPath::new(place)) {
        return Some(rest.to_vec());
    }
    let part = part_of_share(&plain(place), text)?;
    Some(part.split('/').filter(|name| !name.is_empty()).map(str::to_owned).collect())
}

fn storage_path(storages: &Storages, name: &str, below_root: &[String]) -> Option<StoragePath> {
    let backend = storages.get(name).ok()?;
    let below_root = below_root.join("/");
    component::split(&below_root, storages.platform()).ok()?;
    let (user_subdir, path) = split_below_root(&backend.user_subdir_below_root(), &below_root);
    Some(StoragePath::new(name, user_subdir, path))
}

/// An address without its `%20`; any other text as it is.
fn plain(text: &str) -> Cow<'_, str> {
    match url(text) {
        Some(_) => percent_decode_str(text).decode_utf8().unwrap_or(Cow::Borrowed(text)),
        None => Cow::Borrowed(text),
    }
}

/// `scheme://rest`
fn url(text: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = text.split_once("://")?;
    let fits = scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.chars().all(|each| each.is_ascii_alphanumeric() || "+-.".contains(each));
    fits.then_some((scheme, rest))
}

/// `Z:\amick\x.slp` and `\\nas\lab`, typed without quotation marks, come as `Z:amickx.slp` and `\naslab`.
fn lost_its_backslashes(text: &str) -> bool {
    let drive =
        matches!(text.as_bytes(), [letter, b':', next, ..] if letter.is_ascii_alphabetic() && !b"/\\".contains(next));
    drive || (text.starts_with('\\') && !text.starts_with(r"\\"))
}

/// The path that a `file:` address of this computer means; `None` for any other text. `computer` is this computer's name.
///
/// ```
/// use samepath_storage::path_of_url;
/// assert_eq!(path_of_url("file:///mnt/vast/day%201/x.slp", None).as_deref(), Some("/mnt/vast/day 1/x.slp"));
/// assert_eq!(path_of_url("file://nas/lab/x.slp", Some("ws-3")), None);
/// assert_eq!(path_of_url("/mnt/vast/x.slp", None), None);
/// ```
pub fn path_of_url(text: &str, computer: Option<&str>) -> Option<String> {
    let (scheme, rest) = text.split_at_checked("file:".len())?;
    if !scheme.eq_ignore_ascii_case("file:") {
        return None;
    }
    let path = match rest.strip_prefix("//") {
        Some(rest) => {
            let (host, path) = rest.split_at(rest.find('/')?);
            let here = host.is_empty()
                || host.eq_ignore_ascii_case("localhost")
                || computer.is_some_and(|computer| host.eq_ignore_ascii_case(computer));
            Some(path).filter(|_| here)?
        }
        None => Some(rest).filter(|rest| rest.starts_with('/'))?,
    };
    let path = percent_decode_str(path).decode_utf8().ok()?;
    let drive = matches!(path.as_bytes(), [b'/', letter, b':', ..] if letter.is_ascii_alphabetic());
    Some(path[usize::from(drive)..].to_owned())
}
