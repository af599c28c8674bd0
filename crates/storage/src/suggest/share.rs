//! What the mount table calls the source of a mount, taken apart.

use crate::Platform;

/// A server and what it shares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Share {
    /// As the mount table has it; without user and password.
    pub(super) text: String,
    /// In small letters; empty where none is named.
    pub(super) server: String,
    /// The components of what is shared.
    pub(super) path: Vec<String>,
}

impl Share {
    /// `vast01:/talmo`, `//amick@vast01/talmo`, `\\vast01\talmo`, `10.0.0.1:6789,10.0.0.2:6789:/talmo`, `gdrive:lab`,
    /// `https://dav.example.org/lab`, `beegfs_nodev`.
    pub(super) fn of(source: &str) -> Self {
        let (server, path, text) = if let Some((scheme, rest)) = source.split_once("://") {
            let rest = without_user(rest);
            let (server, path) = rest.split_once('/').unwrap_or((rest, ""));
            (server, path, format!("{scheme}://{rest}"))
        } else if let Some(rest) = source.strip_prefix("//").or_else(|| source.strip_prefix(r"\\")) {
            let rest = without_user(rest);
            let (server, path) = rest.split_once(['/', '\\']).unwrap_or((rest, ""));
            (server, path, format!("{}{rest}", &source[..2]))
        } else if let Some((server, path)) = source.rsplit_once(":/") {
            let server = without_user(server);
            (server, path, format!("{server}:/{path}"))
        } else if let Some((server, path)) = source.split_once(':') {
            let server = without_user(server);
            (server, path, format!("{server}:{path}"))
        } else {
            ("", source, source.to_owned())
        };
        let path = path.split(['/', '\\']).filter(|part| !part.is_empty()).map(str::to_owned).collect();
        Self { server: server.to_lowercase(), path, text }
    }
}

/// `amick:secret@vast01/talmo` without its beginning.
fn without_user(text: &str) -> &str {
    let server = text.find(['/', '\\']).unwrap_or(text.len());
    text[..server].rfind('@').map_or(text, |at| {
        // `10.0.0.1@tcp` is an address of Lustre's.
        let after = &text[at + 1..server];
        if after.starts_with("tcp") || after.starts_with("o2ib") { text } else { &text[at + 1..] }
    })
}

/// A source without the name and the password of who signs in.
pub(crate) fn share_text(source: &str) -> String {
    Share::of(source).text
}

/// Whether two sources mean one share: server and path are compared, not who signed in nor how the share is spelled. A server's short
/// name and its whole one are one server.
///
/// ```
/// use samepath_storage::same_share;
/// assert!(same_share("vast01:/talmo", "//amick@VAST01.salk.edu/talmo"));
/// assert!(!same_share("vast01:/talmo", "vast02:/talmo"));
/// ```
pub fn same_share(a: &str, b: &str) -> bool {
    part_of_share(a, b).is_some_and(|part| part.is_empty())
}

/// Which part of the share `whole` the source `part` is, as a `/`-separated path that is empty for all of it; none where it is another
/// share.
///
/// ```
/// use samepath_storage::part_of_share;
/// assert_eq!(part_of_share("vast01:/talmo", "//vast01/talmo/labs/amick").as_deref(), Some("labs/amick"));
/// assert_eq!(part_of_share("vast01:/talmo/labs", "vast01:/talmo"), None);
/// ```
pub fn part_of_share(whole: &str, part: &str) -> Option<String> {
    let (whole, part) = (Share::of(whole), Share::of(part));
    if !same_server(&whole.server, &part.server) || whole.path.is_empty() {
        return None;
    }
    part.path.strip_prefix(whole.path.as_slice()).map(|rest| rest.join("/"))
}

/// Where the desktop of this platform can connect a share by itself, and ask the person to sign in: none where it cannot.
///
/// The text comes from other computers: a server's name with any other character than those of names, or a path with one that
/// means something to a shell, is refused.
///
/// ```
/// use samepath_storage::{Platform, address_of_share};
/// assert_eq!(address_of_share("//amick@vast01/talmo", Platform::MacOs).as_deref(), Some("smb://vast01/talmo"));
/// assert_eq!(address_of_share("//vast01/talmo", Platform::Windows).as_deref(), Some(r"\\vast01\talmo"));
/// assert_eq!(address_of_share("vast01:/talmo", Platform::Linux), None);
/// ```
pub fn address_of_share(source: &str, platform: Platform) -> Option<String> {
    let is_windows_share = source.starts_with("//") || source.starts_with(r"\\") || source.starts_with("smb://");
    let is_nfs = source.contains(":/") && !source.contains("://") && !source.contains(',');
    let share = Share::of(source);
    let named = |text: &str| {
        !text.is_empty()
            && text.chars().all(|each| each.is_alphanumeric() || matches!(each, '.' | '-' | '_' | ' ' | '$'))
    };
    let server = |text: &str| named(text) && !text.starts_with('-') && !text.contains([' ', '$']);
    if !server(&share.server) || share.path.is_empty() || !share.path.iter().all(|part| named(part) && part != "..") {
        return None;
    }
    let path = |joint: &str| share.path.join(joint);
    match platform {
        Platform::Windows if is_windows_share => Some(format!(r"\\{}\{}", share.server, path(r"\"))),
        Platform::MacOs | Platform::Linux if is_windows_share => {
            Some(format!("smb://{}/{}", share.server, path("/").replace(' ', "%20")))
        }
        Platform::MacOs if is_nfs => Some(format!("nfs://{}/{}", share.server, path("/").replace(' ', "%20"))),
        _ => None,
    }
}

/// `vast01` and `vast01.salk.edu` are one, two whole names or addresses only if they are equal.
fn same_server(a: &str, b: &str) -> bool {
    let whole = |name: &str| name.contains(['.', ':', ',', '@', '[']);
    let first = |name: &str| name.split('.').next().map(str::to_owned);
    !a.is_empty() && (a == b || (whole(a) != whole(b) && first(a) == first(b) && !a.contains(',') && !b.contains(',')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_an_address_is_none_whoever_says_it() {
        for (source, mac) in [
            ("vast01.salk.edu:/talmo/labs", Some("nfs://vast01.salk.edu/talmo/labs")),
            ("//nas/Lab Data", Some("smb://nas/Lab%20Data")),
            ("smb://nas/hidden$", Some("smb://nas/hidden$")),
            ("//-oProxy/talmo", None),
            ("//nas/a;b", None),
            ("//nas/..", None),
            ("//nas/%2e%2e", None),
            ("//na s/x", None),
            ("//nas", None),
            ("10.0.0.1:6789,10.0.0.2:6789:/talmo", None),
            ("https://dav.example.org/lab", None),
            ("javascript:/alert", Some("nfs://javascript/alert")),
            ("gdrive:lab", None),
            ("/dev/sda1", None),
        ] {
            assert_eq!(address_of_share(source, Platform::MacOs).as_deref(), mac, "{source}");
        }
        assert_eq!(address_of_share("vast01:/talmo", Platform::Windows), None);
    }

    #[test]
    fn sources_are_taken_apart_and_tell_nobodys_password() {
        for (source, text, server, path) in [
            ("vast01:/talmo", "vast01:/talmo", "vast01", "talmo"),
            ("vast01:/", "vast01:/", "vast01", ""),
            ("Vast01.salk.edu:/a/b", "Vast01.salk.edu:/a/b", "vast01.salk.edu", "a/b"),
            ("[fe80::1]:/talmo", "[fe80::1]:/talmo", "[fe80::1]", "talmo"),
            ("//amick:secret@vast01/talmo", "//vast01/talmo", "vast01", "talmo"),
            ("//SALK;amick@vast01/my%20share", "//vast01/my%20share", "vast01", "my%20share"),
            (r"\\vast01\talmo\labs", r"\\vast01\talmo\labs", "vast01", "talmo/labs"),
            ("amick@gpu-1:/data", "gpu-1:/data", "gpu-1", "data"),
            ("10.0.0.1@tcp:/lustre", "10.0.0.1@tcp:/lustre", "10.0.0.1@tcp", "lustre"),
            ("10.0.0.1:6789,10.0.0.2:6789:/t", "10.0.0.1:6789,10.0.0.2:6789:/t", "10.0.0.1:6789,10.0.0.2:6789", "t"),
            ("gdrive:lab", "gdrive:lab", "gdrive", "lab"),
            ("https://amick:pw@dav.org/lab", "https://dav.org/lab", "dav.org", "lab"),
            ("beegfs_nodev", "beegfs_nodev", "", "beegfs_nodev"),
            ("", "", "", ""),
        ] {
            let share = Share::of(source);
            assert_eq!((share.text.as_str(), share.server.as_str()), (text, server), "{source}");
            assert_eq!(share.path.join("/"), path, "{source}");
        }
    }

    #[test]
    fn one_share_by_two_protocols_is_one_and_a_missing_server_is_none() {
        assert!(same_share("//vast01/talmo", r"\\VAST01\talmo"));
        assert!(same_share("vast01.salk.edu:/talmo", "vast01:/talmo"));
        for (a, b) in [
            ("tmpfs", "tmpfs"),
            ("vast01:/", "vast01:/"),
            ("vast01:/a", "vast01:/a/b"),
            ("", ""),
            ("vast01.salk.edu:/talmo", "vast01.ucsd.edu:/talmo"),
            ("10.0.0.1:/talmo", "10:/talmo2"),
        ] {
            assert!(!same_share(a, b), "{a} {b}");
        }
    }
}
