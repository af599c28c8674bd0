//! Paths as other computers write them: what they look like, and which storage path is meant.

use samepath_storage::{Backend, Elsewhere, Foreign, PathMapping, Platform, Storages, path_of_url};
use std::path::Path;

fn backend(name: &str, base_path: &str, user_subdir: &str, subpath: &str) -> Backend {
    Backend {
        name: name.into(),
        base_path: base_path.into(),
        kind: None,
        description: None,
        user_subdir: user_subdir.into(),
        subpath: subpath.into(),
    }
}

fn linux() -> Storages {
    let backends = vec![backend("vast", "/data/vast", "amick", ""), backend("part", "/data/part", "", "labs/talmo")];
    Storages::new(backends, Platform::Linux)
}

fn elsewhere() -> Elsewhere {
    let pair = |name: &str, place: &str| (name.to_owned(), place.to_owned());
    Elsewhere {
        base_paths: vec![
            pair("vast", "/data/vast"),
            pair("vast", "/Volumes/talmo"),
            pair("vast", r"Z:\"),
            pair("vast", "/mnt/vast"),
            pair("part", "/mnt/vast/labs/part"),
            pair("gone", "/mnt/gone"),
        ],
        shares: vec![pair("vast", "//vast01/talmo"), pair("part", "nas.salk.edu:/export/labs/talmo")],
        mappings: vec![PathMapping { local: "/Users/amick/lab".into(), worker: "/mnt/vast/amick".into() }],
    }
}

fn meant(text: &str) -> Option<String> {
    Foreign::of(text, None, &linux(), &elsewhere())?.instead().map(ToString::to_string)
}

#[test]
fn what_is_known_elsewhere_has_a_storage_path() {
    for (text, at) in [
        ("/Volumes/talmo/amick/x.slp", Some("vast:amick/x.slp")),
        ("/Volumes/talmo", Some("vast:")),
        ("/Volumes/talmo2/amick/x.slp", None),
        (r"Z:\amick\day 1\x.slp", Some("vast:amick/day 1/x.slp")),
        ("z:/amick/x.slp", Some("vast:amick/x.slp")),
        (r"Y:\amick\x.slp", None),
        ("/mnt/vast/amick/x.slp", Some("vast:amick/x.slp")),
        // The longest place holds it.
        ("/mnt/vast/labs/part/x.slp", Some("part:x.slp")),
        ("/mnt/gone/x.slp", None),
        (r"\\VAST01\talmo\amick\x.slp", Some("vast:amick/x.slp")),
        ("//vast01/talmo/amick/x.slp", Some("vast:amick/x.slp")),
        ("smb://amick:secret@vast01.salk.edu/talmo/amick/day%201/x.slp", Some("vast:amick/day 1/x.slp")),
        ("file://vast01/talmo/amick/x.slp", Some("vast:amick/x.slp")),
        ("nfs://nas/export/labs/talmo/tom/x.slp", Some("part:labs/talmo/tom/x.slp")),
        ("nas:/export/labs/talmo/tom/x.slp", Some("part:labs/talmo/tom/x.slp")),
        ("smb://vast02/talmo/amick/x.slp", None),
        ("/Users/amick/lab/day1/x.slp", Some("vast:amick/day1/x.slp")),
        ("/Volumes/talmo/../x.slp", None),
    ] {
        assert_eq!(meant(text).as_deref(), at, "{text}");
    }
}

#[test]
fn two_storages_at_one_place_are_no_answer() {
    let mut elsewhere = elsewhere();
    elsewhere.base_paths.push(("part".into(), "/Volumes/talmo".into()));
    let foreign = Foreign::of("/Volumes/talmo/x", None, &linux(), &elsewhere).unwrap();
    assert_eq!(foreign.instead(), None);
    assert!(foreign.hint().unwrap().contains("(vast, part)"), "{foreign:?}");
}

#[test]
fn what_nobody_knows_may_lie_so_on_each_storage_but_not_what_is_on_a_computer_s_own_disk() {
    let possible = |text: &str| {
        let foreign = Foreign::of(text, None, &linux(), &Elsewhere::default()).unwrap_or_else(|| panic!("{text}"));
        foreign.possible(&linux()).iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(possible(r"Y:\amick\day 1\x.slp"), ["vast:amick/day 1/x.slp", "part:amick/day 1/x.slp"]);
    assert_eq!(possible("/Volumes/lab/x.slp"), ["vast:x.slp", "part:x.slp"]);
    for text in [r"C:\Users\tom\x.slp", "/Users/tom/x.slp", "https://example.org/x.slp", "smb://nas", r"Z:\..\x.slp"] {
        assert_eq!(possible(text), [""; 0], "{text}");
    }
}

fn told(text: &str, platform: Platform, names: &[&str]) -> Option<(String, String)> {
    let storages = Storages::new(names.iter().map(|name| backend(name, "/data/x", "", "")).collect(), platform);
    let foreign = Foreign::of(text, None, &storages, &Elsewhere::default())?;
    Some((foreign.to_string(), foreign.hint().unwrap_or_default()))
}

#[test]
fn what_nobody_knows_is_told_by_what_it_looks_like() {
    for (text, looks, write) in [
        (
            "/Volumes/talmo/amick/x.slp",
            "a path of a Mac",
            "if that computer has vast at `/Volumes/talmo`, write `vast:amick/x.slp`",
        ),
        ("/Users/tom/x.slp", "home on a Mac", "copy it to one of the storages first"),
        (r"Z:\x\y.slp", "a path of Windows", "if that computer has vast at `Z:`, write `vast:x/y.slp`"),
        (r"\\server\share\x.slp", "a share, as Windows writes it", r"has vast at `\\server\share`, write `vast:x.slp`"),
        (r"C:\Users\tom\x.slp", "computer's own disk", "copy it to one of the storages first"),
        ("Z:xy.slp", "lost each `\\`", "quotation marks"),
        (r"\serversharex.slp", "lost each `\\`", "quotation marks"),
        ("smb://nas/lab/day%201/x.slp", "address of a share", "has vast at `smb://nas/lab`, write `vast:day 1/x.slp`"),
        ("smb://nas", "address of a share", "has vast at `smb://nas`, write `vast:`"),
        ("file://nas/lab/x.slp", "a file on another computer", "has vast at `file://nas/lab`, write `vast:x.slp`"),
        ("amick@gpu-1:/data/x.slp", "as ssh writes it", "has vast at `amick@gpu-1:/data`, write `vast:x.slp`"),
        ("https://example.org/x.slp", "on the web", "download it"),
    ] {
        let (message, hint) = told(text, Platform::Linux, &["vast"]).unwrap_or_else(|| panic!("{text}"));
        assert!(message.contains(looks), "{text}: {message}");
        assert!(hint.contains(write), "{text}: {hint}");
    }
    let (_, hint) = told("/Volumes/talmo/x", Platform::Linux, &["vast", "scratch"]).unwrap();
    assert!(hint.contains("(vast, scratch)") && hint.contains("`NAME:x`"), "{hint}");
    let (_, hint) = told("/Volumes/talmo/x", Platform::Linux, &[]).unwrap();
    assert!(hint.contains("samepath storage add"), "{hint}");
    let (message, _) = told("smb://amick:secret@nas/lab", Platform::Linux, &["vast"]).unwrap();
    assert!(!message.contains("secret"), "{message}");
}

#[test]
fn each_platform_has_paths_of_its_own() {
    use Platform::{Linux, MacOs, Windows};
    for (text, strange_on) in [
        ("/Volumes/talmo/x", &[Linux, Windows][..]),
        ("/Users/tom/x", &[Linux, Windows]),
        ("/mnt/vast/x", &[MacOs, Windows]),
        ("/home/amick/x", &[MacOs, Windows]),
        (r"Z:\x", &[Linux, MacOs]),
        (r"\\nas\lab\x", &[Linux, MacOs]),
        ("Z:x", &[Linux, MacOs]),
        ("smb://nas/lab", &[Linux, MacOs, Windows]),
        ("/tmp/x", &[]),
        ("x", &[]),
        ("./Z:", &[]),
        ("nope:x", &[]),
        ("vast:a\\b", &[]),
        ("//mnt/vast/x", &[]),
        ("", &[]),
        ("://", &[]),
        ("/", &[]),
        ("/Volumes", &[]),
    ] {
        for platform in [Linux, MacOs, Windows] {
            let strange = told(text, platform, &["vast"]).is_some();
            assert_eq!(strange, strange_on.contains(&platform), "{text} on {platform:?}");
        }
    }
}

#[test]
fn a_path_that_this_computer_could_have_is_its_own() {
    // Below one of its own storages.
    assert_eq!(Foreign::of("/data/vast/amick/typo", None, &linux(), &elsewhere()), None);
    // The Mac's folder is here: only its last part is spelled wrongly.
    let of = |missing: &str| Foreign::of("/Volumes/x/typo", Some(Path::new(missing)), &linux(), &elsewhere());
    assert_eq!(of("/Volumes/x/typo"), None);
    assert!(of("/Volumes/x").is_some() && of("/Volumes").is_some());
    // Where things are mounted, and nothing of that name is; nearly that of a storage is a matter of spelling.
    let storages = Storages::new(vec![backend("vast", "/mnt/vast", "", "")], Platform::Linux);
    let of = |text: &str, missing: &str| Foreign::of(text, Some(Path::new(missing)), &storages, &Elsewhere::default());
    let foreign = of("/mnt/other/amick/x", "/mnt/other").unwrap();
    assert!(foreign.to_string().contains("nothing is mounted there"), "{foreign}");
    assert!(foreign.hint().unwrap().contains("has vast at `/mnt/other`, write `vast:amick/x`"), "{foreign:?}");
    assert_eq!(of("/mnt/other/amick/x", "/mnt/other/amick"), None);
    assert_eq!(of("/mnt/vats/amick/x", "/mnt/vats"), None);
}

#[test]
fn addresses_of_files_of_this_computer_are_paths() {
    for (text, path) in [
        ("file:///mnt/vast/x", Some("/mnt/vast/x")),
        ("FILE:///mnt/a%20b", Some("/mnt/a b")),
        ("file:/mnt/vast/x", Some("/mnt/vast/x")),
        ("file://localhost/x", Some("/x")),
        ("file://ws-3/x", Some("/x")),
        ("file:///Z:/x", Some("Z:/x")),
        ("file://nas/x", None),
        ("file:x", None),
        ("file://", None),
        ("file:///%ff", None),
        ("fil", None),
        ("/x", None),
    ] {
        assert_eq!(path_of_url(text, Some("WS-3")).as_deref(), path, "{text}");
    }
}
