//! Storages of which only some places may be used: where a path really leads counts, not how it is spelled.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use samepath_storage::{Backend, Platform, ProofKey, Purpose, ResolveError, Storages};
use samepath_testkit::tree;
use samepath_wire::{Places, StoragePath};
use std::os::unix::fs::symlink;
use std::path::Path;

fn storages(top: &Path, subpath: &str) -> Storages {
    let backend = |name: &str, base: &str, subpath: &str| Backend {
        name: name.to_owned(),
        base_path: top.join(base),
        kind: None,
        description: None,
        user_subdir: String::new(),
        subpath: subpath.to_owned(),
    };
    Storages::new(vec![backend("vast", "vast", subpath), backend("raw", "raw", "")], Platform::current())
}

fn places(read: &[&str]) -> Places {
    Places { user_subdir: Some("amick".to_owned()), read: read.iter().map(|&it| it.to_owned()).collect() }
}

fn at(text: &str) -> StoragePath {
    let (backend, path) = text.split_once(':').unwrap();
    StoragePath::new(backend, "", path)
}

#[test]
fn what_really_lies_outside_is_refused_however_it_is_spelled() {
    let folder = tree(&[
        ("vast/amick/own.slp", "own"),
        ("vast/amick/deep/x", "x"),
        ("vast/amick2/near.slp", "near"),
        ("vast/tom/secret.slp", "secret"),
        ("vast/shared/maze/s.slp", "s"),
        ("vast/shared/other.slp", "o"),
        ("raw/amick/r", "r"),
        ("raw/tom/r", "r"),
        ("outside/z", "z"),
    ]);
    let top = folder.path().canonicalize().unwrap();
    let amick = top.join("vast/amick");
    for (link, target) in [
        ("to-tom", "../tom".into()),
        ("to-secret", "../tom/secret.slp".into()),
        ("absolute", top.join("vast/tom")),
        ("round", "to-tom".into()),
        ("back", "../tom/../amick/deep".into()),
        ("missing", "../tom/nothing".into()),
        ("inside", "deep".into()),
        ("allowed", "../shared/maze".into()),
        ("out", top.join("outside")),
        ("other", top.join("raw/tom")),
        ("own-missing", "nothing".into()),
    ] {
        symlink(target, amick.join(link)).unwrap();
    }
    symlink("amick", top.join("vast/shortcut")).unwrap();
    symlink("../tom", top.join("vast/shared/maze/to-tom")).unwrap();
    let free = storages(&top, "");
    let confined = free.clone().confined(Some(&places(&["vast:shared/maze"])), "amick");
    assert!(confined.are_confined() && !free.are_confined());
    let code = |path: &str, purpose| match confined.resolve(&at(path), purpose) {
        Ok(_) => "yes",
        Err(ResolveError::OutOfPlace { .. }) => "no",
        Err(error) => error.code(),
    };
    for (path, read, write) in [
        ("vast:amick/own.slp", "yes", "yes"),
        ("vast:amick", "yes", "yes"),
        ("vast:amick/new/folder", "path_not_found", "yes"),
        ("vast:amick/inside/x", "yes", "yes"),
        ("vast:amick/back/x", "yes", "yes"),
        ("vast:shortcut/deep/x", "yes", "yes"),
        ("vast:AMICK/own.slp", "yes", "yes"),
        ("vast:amick/allowed/s.slp", "yes", "no"),
        ("vast:shared/maze/s.slp", "yes", "no"),
        ("vast:shared/maze/new", "path_not_found", "no"),
        ("vast:shared/maze/to-tom/secret.slp", "no", "no"),
        ("vast:shared/other.slp", "no", "no"),
        ("vast:shared", "no", "no"),
        ("vast:", "no", "no"),
        ("vast:amick2/near.slp", "no", "no"),
        ("vast:amick2/nothing", "no", "no"),
        ("vast:tom/secret.slp", "no", "no"),
        ("vast:tom/nothing/at/all", "no", "no"),
        ("vast:nobody", "no", "no"),
        ("vast:amick/to-tom/secret.slp", "no", "no"),
        ("vast:amick/to-tom/nothing", "no", "no"),
        ("vast:amick/to-tom/new/folder", "no", "no"),
        ("vast:amick/to-secret", "no", "no"),
        ("vast:amick/absolute/secret.slp", "no", "no"),
        ("vast:amick/round", "no", "no"),
        ("vast:amick/missing", "no", "no"),
        ("vast:amick/own-missing", "path_not_found", "path_refused"),
        ("vast:amick/other/r", "path_escapes", "path_escapes"),
        ("vast:amick/out/z", "path_escapes", "path_escapes"),
        ("vast:amick/../tom/secret.slp", "path_refused", "path_refused"),
        ("vast:/tom/secret.slp", "path_refused", "path_refused"),
        ("raw:amick/r", "yes", "yes"),
        ("raw:tom/r", "no", "no"),
        ("none:amick/r", "backend_not_found", "backend_not_found"),
    ] {
        assert_eq!((code(path, Purpose::Input), code(path, Purpose::Output)), (read, write), "{path}");
    }
    // What is not there is not told by what is called nearly so: it may be another's.
    let hint = |storages: &Storages| storages.resolve(&at("vast:amick/onw.slp"), Purpose::Input).unwrap_err().hint();
    assert_eq!(hint(&free).unwrap(), "write `vast:amick/own.slp`, if that is meant");
    assert!(!hint(&confined).unwrap().contains("own.slp"));
    // Neither opened, nor looked at, nor proved.
    for path in ["vast:tom/secret.slp", "vast:amick/to-secret"] {
        assert!(free.open(&at(path)).is_ok());
        assert!(matches!(confined.open(&at(path)), Err(ResolveError::OutOfPlace { .. })), "{path}");
        assert!(matches!(confined.look(&at(path), None), Err(ResolveError::OutOfPlace { .. })), "{path}");
        assert!(matches!(confined.look(&at(path), Some(10)), Err(ResolveError::OutOfPlace { .. })), "{path}");
        assert!(matches!(confined.prove(&at(path), &ProofKey::fresh()), Err(ResolveError::OutOfPlace { .. })));
    }
    assert!(confined.prove(&at("vast:amick/own.slp"), &ProofKey::fresh()).unwrap().is_some());
    let error = confined.resolve(&at("vast:amick/to-tom/secret.slp"), Purpose::Input).unwrap_err();
    assert_eq!(
        error.to_string(),
        "jobs of amick may not read `vast:amick/to-tom/secret.slp`: on vast they may read only in `vast:amick` and \
         `vast:shared/maze`"
    );
    assert!(error.hint().unwrap().contains("whoever looks after the lab"));
    // What is not limited is as it was; limits to places that are none allow nothing.
    assert!(free.clone().confined(None, "amick").resolve(&at("vast:tom/secret.slp"), Purpose::Output).is_ok());
    let nowhere =
        free.confined(Some(&Places { user_subdir: Some("../tom".to_owned()), read: vec!["vast".to_owned()] }), "x");
    assert!(nowhere.resolve(&at("vast:amick/own.slp"), Purpose::Input).is_err());
}

#[test]
fn a_place_may_be_a_link_itself_or_lie_above_what_is_mounted() {
    let folder = tree(&[("vast/groups/neuro/amick/x", "x"), ("vast/groups/neuro/tom/y", "y"), ("vast/a", "")]);
    let top = folder.path().canonicalize().unwrap();
    symlink("groups/neuro/amick", top.join("vast/amick")).unwrap();
    let confined = storages(&top, "").confined(Some(&places(&[])), "amick");
    for path in ["vast:amick/x", "vast:groups/neuro/amick/x"] {
        assert!(confined.resolve(&at(path), Purpose::Output).is_ok(), "{path}");
    }
    assert!(confined.resolve(&at("vast:groups/neuro/tom/y"), Purpose::Input).is_err());
    // A computer that mounts a part of the storage alone.
    let whole = Places { user_subdir: Some("labs".to_owned()), read: Vec::new() };
    let part = storages(&top, "labs/talmo").confined(Some(&whole), "amick");
    assert!(part.resolve(&at("vast:labs/talmo/groups/neuro/tom/y"), Purpose::Output).is_ok());
    let own = Places { user_subdir: Some("labs/talmo/groups".to_owned()), read: Vec::new() };
    let part = storages(&top, "labs/talmo").confined(Some(&own), "amick");
    assert!(part.resolve(&at("vast:labs/talmo/groups/neuro/tom/y"), Purpose::Output).is_ok());
    assert!(matches!(part.resolve(&at("vast:labs/talmo/a"), Purpose::Input), Err(ResolveError::OutOfPlace { .. })));
}
