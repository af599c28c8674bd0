//! Holds what `ARCHITECTURE.md` says of the house: which crate stands on which, and who may name what.
#![expect(clippy::unwrap_used, reason = "a house that cannot be read fails the test")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every source file of ours below `folder`, relative to the root.
fn sources(folder: &str, extensions: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                if !matches!(name.as_str(), "node_modules" | "dist" | "target" | "tests" | "benches" | "examples") {
                    folders.push(path);
                }
            } else if path.extension().is_some_and(|extension| extensions.iter().any(|wanted| extension == *wanted)) {
                found.push(path.strip_prefix(root()).unwrap().to_owned());
            }
        }
    }
    assert!(!found.is_empty(), "no sources in {folder}");
    found
}

/// A file's code: without comments, and without what comes after its own tests begin.
fn code(file: &Path) -> String {
    let text = fs::read_to_string(root().join(file)).unwrap();
    let text = text.split("\n#[cfg(test)]\nmod ").next().unwrap().to_owned();
    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

fn manifest(folder: &Path) -> toml::Table {
    fs::read_to_string(folder.join("Cargo.toml")).unwrap().parse().unwrap()
}

fn names_in(table: Option<&toml::Value>) -> BTreeSet<String> {
    table.and_then(toml::Value::as_table).map(|table| table.keys().cloned().collect()).unwrap_or_default()
}

#[test]
fn crates_stand_on_one_another_in_one_direction() {
    let allowed: BTreeMap<&str, &[&str]> = BTreeMap::from([
        ("wire", &[][..]),
        ("storage", &["wire"][..]),
        ("dataset", &["wire", "storage"][..]),
        ("fleet", &["wire"][..]),
        ("worker", &["wire", "storage", "dataset", "fleet"][..]),
        ("app", &["wire", "storage", "dataset", "fleet", "worker"][..]),
        ("cli", &["wire", "storage", "dataset", "fleet", "worker", "app"][..]),
        ("testkit", &[][..]),
    ]);
    for entry in fs::read_dir(root().join("crates")).unwrap() {
        let folder = entry.unwrap().path();
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        let allowed =
            allowed.get(name.as_str()).unwrap_or_else(|| panic!("crates/{name} has no place in ARCHITECTURE.md"));
        for dependency in names_in(manifest(&folder).get("dependencies")) {
            if let Some(ours) = dependency.strip_prefix("samepath-") {
                assert!(allowed.contains(&ours), "crates/{name} must not depend on {dependency}");
            }
        }
    }
}

#[test]
fn the_lower_crates_know_neither_an_async_runtime_nor_the_network() {
    for name in ["wire", "storage", "dataset"] {
        let dependencies = names_in(manifest(&root().join("crates").join(name)).get("dependencies"));
        for foreign in ["tokio", "futures", "interprocess", "ureq"] {
            assert!(!dependencies.contains(foreign), "crates/{name} must not depend on {foreign}");
        }
    }
    let wire = names_in(manifest(&root().join("crates/wire")).get("dependencies"));
    for foreign in ["fs-err", "rustix", "tracing"] {
        assert!(!wire.contains(foreign), "crates/wire is plain data and must not depend on {foreign}");
    }
}

#[test]
fn a_headless_worker_links_no_window_system() {
    let lock: toml::Table = fs::read_to_string(root().join("Cargo.lock")).unwrap().parse().unwrap();
    let mut dependencies: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for package in lock["package"].as_array().unwrap() {
        let name = package["name"].as_str().unwrap().to_owned();
        let names = package.get("dependencies").and_then(toml::Value::as_array).into_iter().flatten();
        let names = names.map(|name| name.as_str().unwrap().split(' ').next().unwrap().to_owned());
        dependencies.entry(name).or_default().extend(names);
    }
    let mut reached = BTreeSet::new();
    let mut next = vec!["samepath-cli".to_owned()];
    while let Some(name) = next.pop() {
        if reached.insert(name.clone()) {
            next.extend(dependencies.get(&name).cloned().unwrap_or_default());
        }
    }
    assert!(reached.contains("samepath-worker"), "the lock file was not understood");
    for window in ["tauri", "wry", "gtk", "webkit2gtk", "rfd"] {
        assert!(!reached.contains(window), "the command line reaches {window}");
    }
}

#[test]
fn what_is_foreign_is_named_in_one_place() {
    let rules: [(&[&str], &[&str]); 11] = [
        (
            &["interprocess::"],
            &["crates/fleet/src/bus/local/", "crates/worker/src/guard/", "crates/worker/src/daemon/"],
        ),
        (&["tauri::", "tauri_specta", "rfd::", "notify_rust"], &["src-tauri/"]),
        (&["redb::"], &["crates/fleet/src/bus/local/"]),
        (&["async_nats"], &["crates/fleet/src/bus/nats/"]),
        (&["openjd_model", "openjd_expr"], &["crates/worker/src/kinds/"]),
        (&["hdf5_reader"], &["crates/dataset/src/"]),
        (&["serde_saphyr"], &["crates/worker/src/tool/sleap/"]),
        (&["toml_edit", "toml_parser"], &["crates/storage/src/config/"]),
        (&["clap::", "indicatif::"], &["crates/cli/src/"]),
        (&["specta::"], &["crates/app/src/view/", "crates/app/src/error.rs", "src-tauri/"]),
        // One place reads the environment: the binaries. A hidden command and a tool are programs, too.
        (
            &["env::var(", "env::var_os(", "env::vars(", "env::vars_os("],
            &["crates/cli/src/main.rs", "src-tauri/main.rs", "crates/worker/src/entry.rs", "crates/worker/src/tool/"],
        ),
    ];
    let files: Vec<PathBuf> = sources("crates", &["rs"])
        .into_iter()
        .chain(sources("src-tauri", &["rs"]))
        .filter(|file| !file.starts_with("crates/testkit"))
        .collect();
    for file in files {
        let code = code(&file);
        for (names, places) in rules {
            let home = places.iter().any(|place| file.to_string_lossy().starts_with(place));
            let named = names.iter().find(|name| code.contains(*name));
            assert!(
                home || named.is_none(),
                "{} names {}, which belongs to {places:?}",
                file.display(),
                named.unwrap()
            );
        }
    }
}

#[test]
fn the_page_reaches_the_shell_through_one_folder() {
    for file in sources("ui/src", &["ts", "svelte"]) {
        let inside = file.starts_with("ui/src/lib/ipc");
        assert!(inside || !code(&file).contains("@tauri-apps"), "{} names @tauri-apps", file.display());
    }
}

#[test]
fn nothing_from_outside_is_ever_taken_for_markup() {
    for file in sources("ui/src", &["ts", "svelte"]) {
        let code = code(&file);
        for door in ["{@html", "innerHTML", "insertAdjacentHTML", "document.write", "eval("] {
            assert!(!code.contains(door), "{} uses {door}", file.display());
        }
    }
}

/// The table of stories names tests by their file, below `crates` or here, and their name; further names are of the same file.
#[test]
fn every_test_that_the_documentation_names_is_there() {
    let text = fs::read_to_string(root().join("docs/reliability.md")).unwrap();
    let (mut file, mut seen) = (String::new(), 0);
    for word in text.lines().filter(|line| line.starts_with('|')).flat_map(|line| line.split('`').skip(1).step_by(2)) {
        let name = match word.split_once(": ") {
            Some((path, name)) if path.ends_with(".rs") => {
                let below = if path.starts_with("tests/") { path.to_owned() } else { format!("crates/{path}") };
                file = fs::read_to_string(root().join(&below)).unwrap_or_else(|error| panic!("{below}: {error}"));
                name
            }
            _ if word.contains('_') && word.chars().all(|it| it.is_ascii_lowercase() || it == '_') => word,
            _ => continue,
        };
        assert!(file.contains(&format!("fn {name}(")), "{word} names no test");
        seen += 1;
    }
    assert!(seen > 70, "only {seen} tests were found in the documentation");
}
