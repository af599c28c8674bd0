//! The walk of the other systems does what this one's does.

use super::{Match, Purpose, walk};
use crate::{Backend, Platform, Storages};
use samepath_testkit::tree;
use samepath_wire::StoragePath;
use std::os::unix::fs::symlink;

#[test]
fn every_system_walks_alike() {
    let folder = tree(&[("vast/amick/a/x", "x"), ("vast/tom/y", "y"), ("outside/z", "z"), ("vast/amick/A2/f", "f")]);
    let top = folder.path().canonicalize().unwrap();
    let amick = top.join("vast/amick");
    for (link, target) in [
        ("in", "../tom".into()),
        ("abs", top.join("vast/tom")),
        ("out", top.join("outside")),
        ("up", "../../outside".into()),
        ("round", "../../outside/../vast/tom".into()),
        ("loop", "loop".into()),
        ("none", "nothing".into()),
    ] {
        symlink(target, amick.join(link)).unwrap();
    }
    let backend = Backend {
        name: "vast".to_owned(),
        base_path: top.join("vast"),
        kind: None,
        description: None,
        user_subdir: String::new(),
        subpath: String::new(),
    };
    let storages = Storages::new(vec![backend], Platform::Linux);
    let mut found = 0;
    for path in [
        "",
        "a",
        "a/x",
        "a/x/deeper",
        "in/y",
        "abs/y",
        "out/z",
        "up/z",
        "round/y",
        "loop",
        "none",
        "none/x",
        "a2/f",
        "A/x",
        "missing/x",
    ] {
        let at = StoragePath::new("vast", "amick", path);
        for purpose in [Purpose::Input, Purpose::Output] {
            let here = walk::walk::<super::PlatformHandle>(&storages, &at, purpose, None);
            let there = walk::walk::<super::portable::CapHandle>(&storages, &at, purpose, None);
            let seen = |walked: Result<walk::Walked<_>, _>| walked.map(|walked| (walked.names, walked.matched));
            let there = there.map(|walked| (walked.names, walked.matched));
            let here = seen(here);
            found += usize::from(matches!(&here, Ok((_, Match::Exact))));
            assert_eq!(here, there, "{path} as {purpose:?}");
        }
    }
    assert!(found > 10, "{found}");
}

#[test]
fn every_system_opens_alike() {
    use super::handle::Handle;
    use std::io::Read;
    let folder = tree(&[("file", "text"), ("folder/", "")]);
    let base = super::portable::CapHandle::base(folder.path()).unwrap();
    let child = |name: &str| match base.child(name.as_ref()).unwrap() {
        super::handle::Child::There(handle) => handle,
        super::handle::Child::Link(_) => panic!("{name} is a link"),
    };
    let mut text = String::new();
    child("file").open().unwrap().unwrap().read_to_string(&mut text).unwrap();
    assert_eq!(text, "text");
    assert!(child("folder").open().unwrap().is_none());
}
