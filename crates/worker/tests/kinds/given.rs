//! Which values a kind takes, and which storages they need.

use super::*;

#[test]
fn every_problem_is_reported_at_once() {
    let kind = kind(json!([
        { "name": "NEEDED", "type": "STRING" },
        { "name": "EPOCHS", "type": "INT", "minValue": 1, "maxValue": 100, "default": 5 },
        { "name": "RATE", "type": "FLOAT", "default": 0.5, "maxValue": 1 },
        { "name": "GAIN", "type": "FLOAT", "default": 1 },
        { "name": "MODE", "type": "STRING", "allowedValues": ["fast", "slow"], "default": "fast" },
        { "name": "RUN_NAME", "type": "STRING", "default": "run" },
        { "name": "FILE", "type": "PATH", "default": "" },
        { "name": "LIST", "type": "LIST[INT]", "default": [], "item": { "maxValue": 3 } },
        { "name": "YES", "type": "BOOL", "default": true },
    ]));
    let problems = check_values(
        &kind,
        &values(json!({
            "EPOCHS": 0, "RATE": "fast", "GAIN": "-inf", "MODE": "medium", "RUN_NAME": "../up", "FILE": 7, "LIST": [1, 9], "YES": 2, "NO": 1,
        })),
    )
    .unwrap_err();
    assert_eq!(problems.code(), "invalid_parameter");
    let named: Vec<&str> = problems.0.iter().map(|problem| problem.parameter.as_str()).collect();
    assert_eq!(named, ["NEEDED", "EPOCHS", "RATE", "GAIN", "MODE", "RUN_NAME", "FILE", "LIST", "YES", "NO"]);
    let text = problems.to_string();
    for part in [
        "NEEDED: needs a value",
        "EPOCHS: is 0; 1 at least",
        "RATE: takes a number, not \"fast\"",
        "GAIN: takes a finite number, not \"-inf\"",
        "MODE: is \"medium\"; it may be \"fast\", \"slow\"",
        "RUN_NAME: is \"../up\"; a name begins with",
        "FILE: takes a storage path",
        "LIST: entry 2: is 9; 3 at most",
        "YES: takes true or false, not 2",
        "NO: tried has no such parameter",
    ] {
        assert!(text.contains(part), "{part:?} in {text}");
    }
}

#[test]
fn values_are_taken_in_every_form_that_the_standard_takes() {
    let types = |of: &str| kind(json!([{ "name": "V", "type": of }]));
    for (of, good, bad) in [
        ("STRING", vec![json!("a"), json!("")], vec![json!(1), json!(null), json!("a\0b"), json!(["a"])]),
        ("INT", vec![json!(3), json!("3"), json!(-3.0)], vec![json!(3.5), json!("3.5"), json!(1e300), json!("x")]),
        ("FLOAT", vec![json!(3), json!("3.5"), json!(-1e9)], vec![json!("nan"), json!("inf"), json!(true)]),
        ("BOOL", vec![json!(true), json!("yes"), json!(0)], vec![json!("maybe"), json!(2)]),
        ("RANGE_EXPR", vec![json!("1-10"), json!("1,3,5-9:2")], vec![json!("a-b"), json!(3)]),
        (
            "PATH",
            vec![json!("a/b"), json!({ "storage_backend": "x", "path": "a" })],
            vec![json!(1), json!(["a"]), json!({})],
        ),
        ("LIST[PATH]", vec![json!(["a", { "storage_backend": "x" }])], vec![json!("a"), json!([["a"]]), json!([1])]),
        ("LIST[STRING]", vec![json!(["a"]), json!([])], vec![json!("a"), json!([1])]),
        ("LIST[LIST[INT]]", vec![json!([[1], []])], vec![json!([1]), json!([["a"]])]),
    ] {
        let kind = types(of);
        for value in good {
            let checked = check_values(&kind, &values(json!({ "V": value })));
            assert_eq!(checked, Ok(()), "{of} takes {value}");
        }
        for value in bad {
            assert!(check_values(&kind, &values(json!({ "V": value }))).is_err(), "{of} does not take {value}");
        }
    }
}

#[test]
fn names_are_names() {
    let kind = kind(json!([{ "name": "RUN_NAME", "type": "STRING" }]));
    let long = "a".repeat(64);
    for (name, good) in [
        ("a", true),
        ("Maze-day_3.v2", true),
        (&long, true),
        (&format!("{long}a"), false),
        ("", false),
        ("-x", false),
        (".hidden", false),
        ("a b", false),
        ("a/b", false),
        ("ä", false),
        ("a\n", false),
    ] {
        assert_eq!(check_values(&kind, &values(json!({ "RUN_NAME": name }))).is_ok(), good, "{name:?}");
    }
}

#[test]
fn storages_come_from_the_paths() {
    let kind = kind(json!([
        { "name": "IN", "type": "PATH" },
        { "name": "MORE", "type": "LIST[PATH]", "default": [] },
        { "name": "OUT", "type": "PATH", "dataFlow": "OUT", "objectType": "DIRECTORY", "default": "out" },
        { "name": "LEFT", "type": "PATH", "default": "" },
        { "name": "TEXT", "type": "STRING", "default": "scratch:x" },
    ]));
    let needed = |parameters| storages_needed(&kind, &job(parameters)).unwrap();
    let needs = needed(json!({ "IN": "a.slp", "MORE": ["b", { "storage_backend": "scratch", "path": "c" }] }));
    assert_eq!(needs.keys().collect::<Vec<_>>(), ["scratch", "vast"]);
    assert_eq!((needs["vast"].access, needs["vast"].id.as_deref()), (Access::Write, Some("5f0c")));
    assert_eq!((needs["scratch"].access, needs["scratch"].id.as_deref()), (Access::Read, None));
    let needs = needed(json!({ "IN": "a.slp", "OUT": { "storage_backend": "scratch", "path": "o" } }));
    assert_eq!((needs["vast"].access, needs["scratch"].access), (Access::Read, Access::Write));
    assert!(storages_needed(&kind, &job(json!({ "IN": 1 }))).is_err());
}
