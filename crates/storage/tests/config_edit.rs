//! What a change does to the file's bytes, and what it refuses.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod config_lab;

use config_lab::{Lab, add, base_path, names, remove, set};
use samepath_storage::{BackendFields, Change, Config, ConfigError, ConfigFile, Origin};
use std::time::Duration;

/// (file before, change, file after)
fn check(cases: &[(&str, Change, &str)]) {
    for (before, change, after) in cases {
        let lab = Lab::with(before);
        let config = lab.apply(change).unwrap_or_else(|error| panic!("{before:?} {change:?}: {error}"));
        assert_eq!(lab.text(), *after, "{before:?} {change:?}");
        assert_eq!(config, lab.load().unwrap(), "what is returned is what is there");
        assert_eq!(names(lab.home()), [".config.toml.lock", "config.toml"]);
    }
}

#[test]
fn adding_appends_and_changes_nothing_else() {
    let full = Change::Add {
        name: "vast".to_owned(),
        fields: BackendFields {
            base_path: Some("/v".to_owned()),
            kind: Some("nfs".to_owned()),
            description: Some("the \"big\" one".to_owned()),
            user_subdir: Some("amick".to_owned()),
            subpath: Some(String::new()),
        },
    };
    check(&[
        ("", add("vast", "/v"), "[storage.vast]\nbase_path = \"/v\"\n"),
        (
            "",
            full,
            "[storage.vast]\nbase_path = \"/v\"\ntype = \"nfs\"\ndescription = 'the \"big\" one'\nuser_subdir = \"amick\"\n",
        ),
        ("# only a comment", add("vast", "/v"), "# only a comment\n\n[storage.vast]\nbase_path = \"/v\"\n"),
        ("x = 1\n", add("vast", "/v"), "x = 1\n\n[storage.vast]\nbase_path = \"/v\"\n"),
        ("x = 1\n\n", add("vast", "/v"), "x = 1\n\n[storage.vast]\nbase_path = \"/v\"\n"),
        ("x = 1 \r\n", add("vast", "/v"), "x = 1 \r\n\r\n[storage.vast]\r\nbase_path = \"/v\"\r\n"),
        ("\u{feff}", add("vast", "/v"), "\u{feff}[storage.vast]\nbase_path = \"/v\"\n"),
        ("\u{feff}x = 1", add("vast", "/v"), "\u{feff}x = 1\n\n[storage.vast]\nbase_path = \"/v\"\n"),
        ("[storage]\n", add("vast", "/v"), "[storage]\n\n[storage.vast]\nbase_path = \"/v\"\n"),
        (
            "[storage]\nold = {base_path='/o'}\n",
            add("vast", "/v"),
            "[storage]\nold = {base_path='/o'}\n\n[storage.vast]\nbase_path = \"/v\"\n",
        ),
        (
            "storage.old.base_path = '/o'\n[z]\n",
            add("vast", "/v"),
            "storage.old.base_path = '/o'\n[z]\n\n[storage.vast]\nbase_path = \"/v\"\n",
        ),
        (
            "storage = { old = {base_path='/o'} } # all\ny = 2\n",
            add("vast", "/v"),
            "storage = { old = {base_path='/o'}, vast = { base_path = \"/v\" } } # all\ny = 2\n",
        ),
        (
            "[[path_mappings]]\nlocal = 'a'\nworker = 'b'\n",
            add("vast", r"/v\w"),
            "[[path_mappings]]\nlocal = 'a'\nworker = 'b'\n\n[storage.vast]\nbase_path = '/v\\w'\n",
        ),
    ]);
}

#[test]
fn setting_replaces_the_value_alone() {
    let typed = |text: &str| Change::Set {
        name: "vast".to_owned(),
        fields: BackendFields { kind: Some(text.to_owned()), ..BackendFields::default() },
    };
    let description = |text: &str| Change::Set {
        name: "vast".to_owned(),
        fields: BackendFields { description: Some(text.to_owned()), ..BackendFields::default() },
    };
    check(&[
        (
            "# top\n\n[ storage . \"vast\" ]   # head\n  base_path   =   '/a'  # why\n  x = 1\n\n# tail",
            set("vast", "/b"),
            "# top\n\n[ storage . \"vast\" ]   # head\n  base_path   =   \"/b\"  # why\n  x = 1\n\n# tail",
        ),
        (
            "[storage.vast]\r\nbase_path = '''\r\n/a'''\r\n[z]\r\n",
            set("vast", "/b"),
            "[storage.vast]\r\nbase_path = \"/b\"\r\n[z]\r\n",
        ),
        (
            "[storage]\nvast = { base_path='/a' , x = [1,2] }# c\n",
            set("vast", "/b"),
            "[storage]\nvast = { base_path=\"/b\" , x = [1,2] }# c\n",
        ),
        ("storage.vast.base_path='/a'", set("vast", "/b"), "storage.vast.base_path=\"/b\""),
        (
            "storage = { vast.base_path = '/a', b = {} }\n",
            set("vast", "/b"),
            "storage = { vast.base_path = \"/b\", b = {} }\n",
        ),
        (
            "[storage.vast]\nbase_path = '/a'\ntype = 3\n",
            typed("3"),
            "[storage.vast]\nbase_path = '/a'\ntype = \"3\"\n",
        ),
        // A key that is not there yet.
        (
            "[storage.vast]\n\tbase_path = '/a' # c\n\n# next\n[z]\n",
            description("d"),
            "[storage.vast]\n\tbase_path = '/a' # c\n\tdescription = \"d\"\n\n# next\n[z]\n",
        ),
        ("[storage.vast]\nbase_path = '/a'", description("d"), "[storage.vast]\nbase_path = '/a'\ndescription = \"d\""),
        (
            "[storage.vast]\r\n# nothing yet\r\n",
            set("vast", "/a"),
            "[storage.vast]\r\nbase_path = \"/a\"\r\n# nothing yet\r\n",
        ),
        ("[storage.vast]", set("vast", "/a"), "[storage.vast]\nbase_path = \"/a\""),
        (
            "[storage]\n vast . base_path = '/a'\nother = {}\n",
            description("d"),
            "[storage]\n vast . base_path = '/a'\n vast . description = \"d\"\nother = {}\n",
        ),
        (
            "storage.vast.base_path = '/a'\n[z]\n",
            description("d"),
            "storage.vast.base_path = '/a'\nstorage.vast.description = \"d\"\n[z]\n",
        ),
        (
            "[storage]\nvast = { base_path = '/a' } # c\n",
            description("d"),
            "[storage]\nvast = { base_path = '/a', description = \"d\" } # c\n",
        ),
        ("[storage]\nvast = {}\n", set("vast", "/a"), "[storage]\nvast = { base_path = \"/a\" }\n"),
        (
            "[storage.vast.extra]\nx = 1\n",
            set("vast", "/a"),
            "[storage.vast.extra]\nx = 1\n\n[storage.vast]\nbase_path = \"/a\"\n",
        ),
        (
            "[storage.vast]\nx.y = 1\n[storage.vast.extra]\nz = 1\n",
            set("vast", "/a"),
            "[storage.vast]\nx.y = 1\nbase_path = \"/a\"\n[storage.vast.extra]\nz = 1\n",
        ),
        // A key that goes, and one that is not there anyway.
        (
            "[storage.vast]\nbase_path = '/a'\ndescription = '''\nlong''' # c\n# kept\n",
            description(""),
            "[storage.vast]\nbase_path = '/a'\n# kept\n",
        ),
        (
            "[storage]\nvast = { base_path = '/a', description = 'd' }\n",
            description(""),
            "[storage]\nvast = { base_path = '/a' }\n",
        ),
        (
            "[storage]\nvast = { description = 'd', base_path = '/a' }\n",
            description(""),
            "[storage]\nvast = { base_path = '/a' }\n",
        ),
    ]);
}

#[test]
fn removing_takes_its_own_lines_and_leaves_the_neighbours_comments() {
    check(&[
        ("[storage.vast]\nbase_path = '/a'\n", remove("vast"), ""),
        (
            "# all\n\n# about a\n[storage.aa]\nbase_path = '/a' # here\n# behind a\n\n# about b\n[storage.bb]\nbase_path = '/b'\n",
            remove("aa"),
            "# all\n\n# about a\n# behind a\n\n# about b\n[storage.bb]\nbase_path = '/b'\n",
        ),
        (
            "[storage.aa]\nbase_path = '/a'\n\n[storage.bb]\nbase_path = '/b'\n\n# about c\n[storage.cc]\nbase_path = '/c'\n",
            remove("bb"),
            "[storage.aa]\nbase_path = '/a'\n\n# about c\n[storage.cc]\nbase_path = '/c'\n",
        ),
        ("x = 1\r\n\r\n[storage.aa]\r\nbase_path = '/a'", remove("aa"), "x = 1\r\n"),
        ("[storage]\naa = {base_path='/a'} # c\n# d\nbb = {}\n", remove("aa"), "[storage]\n# d\nbb = {}\n"),
        (
            "storage.aa.base_path = '/a'\nstorage.bb.base_path = '/b'\nstorage.aa.type = 'nfs'\n",
            remove("aa"),
            "storage.bb.base_path = '/b'\n",
        ),
        ("storage = { aa = {base_path='/a'}, bb = {} }\n", remove("aa"), "storage = { bb = {} }\n"),
        ("storage = { bb = {}, aa = {base_path='/a'} }\n", remove("aa"), "storage = { bb = {} }\n"),
        (
            "[storage.aa]\nbase_path='/a'\n[z]\ny=1\n[storage.aa.more]\nx=1\n[[storage.aa.list]]\nv=1\n[storage.aa.list.sub]\n[zz]\n",
            remove("aa"),
            "[z]\ny=1\n[zz]\n",
        ),
        ("[storage.\"a b\"]\nbase_path = '/a'\n", remove("a b"), ""),
        ("[storage]\nvast = 'nonsense'\n", remove("vast"), "[storage]\n"),
        ("[[storage.vast]]\nx=1\n[[storage.vast]]\nx=2\n[z]\n", remove("vast"), "[z]\n"),
        ("x = nan\n[storage.aa]\nbase_path = '/a'\n", remove("aa"), "x = nan\n"),
    ]);
}

/// Whatever stands in the braces: line breaks of either kind, comments, a comma at the end.
#[test]
fn in_braces_a_change_touches_its_own_bytes_alone() {
    let description = |text: &str| Change::Set {
        name: "vast".to_owned(),
        fields: BackendFields { description: Some(text.to_owned()), ..BackendFields::default() },
    };
    let lines =
        "storage = {\r\n\tvast = { # why\r\n base_path = '/a', # here\r\n  }, # c\r\n\tbb = {\n},\n}\r\nx = 1\n";
    check(&[
        (lines, set("vast", "/b"), &lines.replace("'/a'", "\"/b\"")),
        (lines, description("d"), &lines.replace("'/a'", "'/a', description = \"d\"")),
        (lines, add("cc", "/c"), &lines.replace("bb = {\n}", "bb = {\n}, cc = { base_path = \"/c\" }")),
        (lines, remove("vast"), "storage = {\r\n\t# c\r\n\tbb = {\n},\n}\r\nx = 1\n"),
        ("storage = { vast = { base_path = '/a' , } }\n", remove("vast"), "storage = { }\n"),
        ("storage = {vast={base_path='/a'}}\n", remove("vast"), "storage = {}\n"),
        ("storage={}", add("vast", "/a"), "storage={ vast = { base_path = \"/a\" } }"),
        ("storage = { # c\n}\n", add("vast", "/a"), "storage = { vast = { base_path = \"/a\" } # c\n}\n"),
        (
            "storage = { vast.base_path = '/a', bb = {}, vast.type = 'nfs' }\n",
            description("d"),
            "storage = { vast.base_path = '/a', bb = {}, vast.type = 'nfs', vast.description = \"d\" }\n",
        ),
        (
            "storage = { vast.base_path = '/a', bb = {}, vast.type = 'nfs' }\n",
            remove("vast"),
            "storage = { bb = {} }\n",
        ),
        (
            "storage = { bb = {}, \"vast\" . base_path = '/a', cc = [1, 2] }\n",
            remove("vast"),
            "storage = { bb = {}, cc = [1, 2] }\n",
        ),
    ]);
}

#[test]
fn a_computers_own_values_are_changed_where_they_are_written() {
    let text = "[storage.vast]\nbase_path = '/Volumes/talmo'\ndescription = 'd'\n\n[samepath.computers.ws-3.storage.vast]\n\
                base_path = '/mnt/vast'\n\n[samepath.computers.ws-4.storage.vast]\nbase_path = '/four'\n\n\
                [samepath.computers.ws-3.storage.own]\nbase_path = '/own'\n";
    let change = |computer: Option<&str>, change: Change| {
        let mut lab = Lab::with(text);
        lab.environment.computer = computer.map(str::to_owned);
        lab.apply(&change).map(|_| lab.text())
    };
    assert_eq!(change(Some("ws-3"), set("vast", "/new")).unwrap(), text.replace("'/mnt/vast'", "\"/new\""));
    assert_eq!(change(Some("ws-9"), set("vast", "/new")).unwrap(), text.replace("'/Volumes/talmo'", "\"/new\""));
    let fields = BackendFields { description: Some("e".to_owned()), ..BackendFields::default() };
    let description = Change::Set { name: "vast".to_owned(), fields };
    assert_eq!(change(Some("ws-3"), description).unwrap(), text.replace("'d'", "\"e\""));
    assert_eq!(
        change(Some("ws-3"), remove("vast")).unwrap(),
        "\n[samepath.computers.ws-3.storage.own]\nbase_path = '/own'\n",
        "on all computers"
    );
    let without_own = text.replace("\n[samepath.computers.ws-3.storage.own]\nbase_path = '/own'\n", "");
    assert_eq!(change(Some("ws-3"), remove("own")).unwrap(), without_own);
    assert_eq!(change(Some("ws-4"), remove("own")).unwrap_err().code(), "backend_not_found");
}

#[test]
fn the_current_folders_samepath_table_is_never_written() {
    let text = "[samepath.computers.ws-3.storage.vast]\nbase_path = '/mnt/vast'\n[storage.vast]\nbase_path = '/v'\n";
    let mut lab = Lab::with(text);
    lab.environment.computer = Some("ws-3".to_owned());
    let file = ConfigFile { path: lab.file(), origin: Origin::CurrentDir };
    let config = Config::load(&file, &lab.environment).unwrap();
    let config = config.apply(&set("vast", "/new"), &lab.environment).unwrap();
    assert_eq!(lab.text(), text.replace("'/v'", "\"/new\""));
    config.apply(&remove("vast"), &lab.environment).unwrap();
    assert_eq!(lab.text(), "[samepath.computers.ws-3.storage.vast]\nbase_path = '/mnt/vast'\n");
}

#[test]
fn a_refused_change_leaves_the_file_alone() {
    let text = "[storage.vast]\nbase_path = '/v'\n[storage.broken]\nbase_path = 'relative'\n";
    let field = |name: &str, fields: BackendFields| Change::Set { name: name.to_owned(), fields };
    let subdir = |text: &str| BackendFields { user_subdir: Some(text.to_owned()), ..BackendFields::default() };
    let kind = BackendFields { kind: Some("a\nb".to_owned()), ..BackendFields::default() };
    for (change, code, key) in [
        (add("vast", "/x"), "already_exists", None),
        (add("broken", "/x"), "already_exists", None),
        (set("other", "/x"), "backend_not_found", None),
        (remove("other"), "backend_not_found", None),
        (remove("VAST"), "backend_not_found", None),
        (add("x", "/x"), "config_invalid", Some("storage.x")),
        (add("a.b", "/x"), "config_invalid", Some("storage.\"a.b\"")),
        (add("other", "relative"), "config_invalid", Some("storage.other.base_path")),
        (
            Change::Add { name: "other".to_owned(), fields: subdir("a") },
            "config_invalid",
            Some("storage.other.base_path"),
        ),
        (set("vast", ""), "config_invalid", Some("storage.vast.base_path")),
        (set("vast", "~tom"), "config_invalid", Some("storage.vast.base_path")),
        (field("vast", subdir("..")), "config_invalid", Some("storage.vast.user_subdir")),
        (field("vast", kind), "config_invalid", Some("storage.vast.type")),
    ] {
        let lab = Lab::with(text);
        let error = lab.apply(&change).unwrap_err();
        assert_eq!((error.code(), error.key()), (code, key), "{change:?}: {error}");
        assert!(error.hint().is_some(), "{error}");
        assert_eq!(lab.text(), text);
    }
    let lab = Lab::with(text);
    lab.apply(&set("broken", "/mended")).unwrap();
    assert_eq!(lab.load().unwrap().backends().len(), 2, "a broken one can be mended");
}

#[test]
fn a_form_that_cannot_be_changed_safely_is_refused() {
    for (text, change) in [
        ("[storage]\nvast = 'x'\n", set("vast", "/b")),
        ("[storage.vast.base_path]\nx = 1\n", set("vast", "/b")),
        ("storage = { bb = {}, # c\n aa = { base_path = '/a' } }\n", remove("aa")),
        ("storage = { aa = { base_path = '/a' } # c\n , bb = {} }\n", remove("aa")),
        ("storage = { vast = 'x' }\n", set("vast", "/b")),
    ] {
        let lab = Lab::with(text);
        let error = lab.apply(&change).unwrap_err();
        assert!(matches!(error, ConfigError::CannotEdit { .. }), "{text}: {error}");
        assert_eq!(lab.text(), text);
    }
}

#[test]
fn a_file_that_broke_meanwhile_is_not_written() {
    let lab = Lab::with("[storage.vast]\nbase_path = '/v'\n");
    let config = lab.load().unwrap();
    std::fs::write(lab.file(), "[storage.vast").unwrap();
    let error = config.apply(&set("vast", "/w"), &lab.environment).unwrap_err();
    assert_eq!((error.code(), error.line()), ("config_invalid", Some(1)));
    assert_eq!(lab.text(), "[storage.vast");
}

#[test]
fn what_somebody_else_changed_is_kept_unless_it_is_the_same_key() {
    let before = "[storage.vast]\nbase_path = '/v'\ntype = 'nfs'\n";
    let others = |theirs: &str, change: Change| {
        let lab = Lab::with(before);
        let config = lab.load().unwrap();
        std::fs::write(lab.file(), theirs).unwrap();
        let done = config.apply(&change, &lab.environment).map(|_| ());
        (done, lab.text())
    };
    let assert_changed = |error: ConfigError, key: &str, theirs: Option<&str>, yours: Option<&str>| match error {
        ConfigError::Changed { key: k, theirs: t, yours: y, .. } => {
            assert_eq!((k.as_str(), t.as_deref(), y.as_deref()), (key, theirs, yours));
        }
        other => panic!("{other}"),
    };
    // Another key, another storage, another place for the same: merged.
    let (done, text) = others(
        "# new\n[storage.vast]\nbase_path = '/v'\ntype = 'smb'\n[storage.two]\nbase_path = '/2'\n",
        set("vast", "/w"),
    );
    assert_eq!(done, Ok(()));
    assert_eq!(text, "# new\n[storage.vast]\nbase_path = \"/w\"\ntype = 'smb'\n[storage.two]\nbase_path = '/2'\n");
    let (done, text) = others("storage.vast = { type = 'nfs', base_path = '/v' }\n", set("vast", "/w"));
    assert_eq!(done, Ok(()));
    assert_eq!(text, "storage.vast = { type = 'nfs', base_path = \"/w\" }\n");
    // The same key, to the same value: nothing to quarrel about.
    let theirs = "[storage.vast]\nbase_path = '/w'\ntype = 'nfs'\n";
    assert_eq!(others(theirs, set("vast", "/w")), (Ok(()), theirs.to_owned()));
    // The same key: refused, and theirs stays.
    let (done, text) = others("[storage.vast]\nbase_path = '/x'\ntype = 'nfs'\n", set("vast", "/w"));
    assert_changed(done.unwrap_err(), "storage.vast.base_path", Some("/x"), Some("/w"));
    assert!(text.contains("'/x'"));
    let (done, _) = others("[storage.vast]\nbase_path = '/v'\ntype = 'smb'\n", remove("vast"));
    assert_changed(done.unwrap_err(), "storage.vast.type", Some("smb"), None);
    let (done, _) = others("", set("vast", "/w"));
    assert_changed(done.unwrap_err(), "storage.vast", None, Some("/w"));
    let (done, _) = others("[storage.two]\nbase_path = '/2'\n", add("two", "/w"));
    assert_eq!(done.unwrap_err().code(), "already_exists");
    assert_eq!(others("", remove("vast")).0.unwrap_err().code(), "backend_not_found");
}

#[test]
fn the_variables_storage_is_in_no_file() {
    let mut lab = Lab::new();
    lab.environment.shared_storage_root = Some("/mnt/shared".to_owned());
    let error = lab.apply(&set("default", "/x")).unwrap_err();
    assert!(matches!(error, ConfigError::FromVariable { .. }), "{error}");
    assert_eq!(error.code(), "backend_not_found");
    let config = lab.apply(&add("default", "/x")).unwrap();
    assert_eq!(config.backends()[0].base_path, std::path::Path::new("/x"));
}

#[test]
fn home_s_folder_is_made_for_its_owner_alone() {
    let lab = Lab::new();
    let file = ConfigFile::find(None, true, &lab.environment);
    let config = Config::load(&file, &lab.environment).unwrap();
    config.apply(&add("vast", "/v"), &lab.environment).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(file.path.parent().unwrap()), mode(&file.path)), (0o700, 0o600));
    }
    let elsewhere = ConfigFile { path: lab.home().join("none/x.toml"), origin: Origin::Argument };
    let error =
        Config::load(&elsewhere, &lab.environment).unwrap().apply(&add("vast", "/v"), &lab.environment).unwrap_err();
    assert_eq!(error.code(), "io");
    assert!(error.hint().unwrap().contains("make the folder"), "a misspelt path makes no folders");
}

#[test]
#[cfg(unix)]
fn a_link_stays_a_link_and_its_target_keeps_its_mode() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let lab = Lab::new();
    let dotfiles = lab.home().join("dotfiles");
    std::fs::create_dir(&dotfiles).unwrap();
    symlink("second.toml", lab.file()).unwrap();
    symlink("dotfiles/real.toml", lab.home().join("second.toml")).unwrap();
    lab.apply(&add("vast", "/v")).unwrap();
    assert!(dotfiles.join("real.toml").is_file(), "a dangling link is filled");
    std::fs::set_permissions(dotfiles.join("real.toml"), std::fs::Permissions::from_mode(0o664)).unwrap();
    lab.apply(&add("two", "/2")).unwrap();
    for name in ["real.toml", ".real.toml.lock"] {
        let mode = std::fs::metadata(dotfiles.join(name)).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o664, "{name}: whoever may write the file may lock it");
    }
    assert!(std::fs::symlink_metadata(lab.file()).unwrap().is_symlink());
    assert_eq!(lab.load().unwrap().backends().len(), 2);
    assert_eq!(names(&dotfiles), [".real.toml.lock", "real.toml"]);
    assert_eq!(names(lab.home()), ["config.toml", "dotfiles", "second.toml"]);

    std::fs::remove_file(lab.file()).unwrap();
    symlink("config.toml", lab.file()).unwrap();
    assert_eq!(lab.load().unwrap_err().code(), "io", "a link to itself");
}

#[test]
#[cfg(unix)]
fn the_owner_is_kept_where_we_may() {
    use std::os::unix::fs::{MetadataExt, chown};
    let lab = Lab::with("x = 1\n");
    if chown(lab.file(), Some(12345), Some(12346)).is_err() {
        println!("not checked: only root may give a file away");
        return;
    }
    lab.apply(&add("vast", "/v")).unwrap();
    let seen = std::fs::metadata(lab.file()).unwrap();
    assert_eq!((seen.uid(), seen.gid()), (12345, 12346));
}

#[test]
fn a_lock_that_stays_taken_is_named_after_the_wait() {
    let lab = Lab::with("x = 1\n");
    let config = lab.load().unwrap();
    let lock = lab.home().join(".config.toml.lock");
    let holder = std::fs::File::create(&lock).unwrap();
    holder.lock().unwrap();
    let wait = Duration::from_millis(50);
    let error = config.apply_within(&add("vast", "/v"), &lab.environment, wait).unwrap_err();
    assert_eq!(error, ConfigError::Locked { lock, waited: wait });
    assert!(error.to_string().contains(".config.toml.lock"));
    assert_eq!(lab.text(), "x = 1\n");
    drop(holder);
    config.apply(&add("vast", "/v"), &lab.environment).unwrap();
}

#[test]
fn what_a_killed_writer_left_is_cleared_away() {
    let lab = Lab::with("x = 1\n");
    std::fs::write(lab.home().join(".config.toml.new"), "half a fi").unwrap();
    lab.apply(&add("vast", "/v")).unwrap();
    assert_eq!(names(lab.home()), [".config.toml.lock", "config.toml"]);
}

#[test]
fn a_change_that_changes_nothing_writes_nothing() {
    let lab = Lab::with("[storage.vast]\nbase_path = \"/v\"\n");
    let before = std::fs::metadata(lab.file()).unwrap().modified().unwrap();
    lab.apply(&set("vast", "/v")).unwrap();
    let fields = BackendFields { description: Some(String::new()), ..base_path("/v") };
    lab.apply(&Change::Set { name: "vast".to_owned(), fields }).unwrap();
    assert_eq!(std::fs::metadata(lab.file()).unwrap().modified().unwrap(), before);
}

#[test]
fn a_proposed_storage_is_what_adding_it_gives_or_refuses() {
    let lab = Lab::with("");
    let mut fields = base_path("~/vast");
    fields.user_subdir = Some("amick/".to_owned());
    fields.kind = Some(String::new());
    let proposed = samepath_storage::Backend::proposed("vast", &fields, &lab.environment).unwrap();
    let change = Change::Add { name: "vast".to_owned(), fields };
    assert_eq!(lab.apply(&change).unwrap().backends(), [proposed]);
    for (name, path, folder) in [("v", "/x", ""), ("vast", "x", ""), ("vast", "/x", "../x"), ("vast", "", "")] {
        let mut fields = base_path(path);
        fields.user_subdir = Some(folder.to_owned());
        let proposed = samepath_storage::Backend::proposed(name, &fields, &lab.environment);
        let change = Change::Add { name: name.to_owned(), fields };
        assert_eq!(proposed.unwrap_err(), Lab::with("").apply(&change).unwrap_err(), "{name} {path} {folder}");
    }
}
