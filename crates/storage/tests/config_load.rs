//! What is found, and what is read from it.

mod config_lab;

use config_lab::Lab;
use samepath_storage::{Backend, Config, ConfigError, ConfigFile, Environment, Origin, Problem};
use std::path::{Path, PathBuf};

fn found(explicit: Option<&str>, look: bool, environment: &Environment) -> (PathBuf, Origin) {
    let file = ConfigFile::find(explicit.map(Path::new), look, environment);
    (file.path, file.origin)
}

#[test]
fn search_order() {
    let lab = Lab::new();
    let here = lab.home().join("project");
    std::fs::create_dir(&here).unwrap();
    let in_home = (lab.home().join(".sleap-rtc/config.toml"), Origin::Home);
    let in_folder = (here.join("sleap-rtc.toml"), Origin::CurrentDir);
    let Lab { folder: _folder, mut environment } = lab;
    environment.current_dir = Some(here.clone());

    assert_eq!(found(None, true, &environment), in_home, "nothing is there: home's");
    std::fs::write(here.join("sleap-rtc.toml"), "").unwrap();
    assert_eq!(found(None, true, &environment), in_folder);
    assert_eq!(found(None, false, &environment), in_home, "the window does not look here");
    environment.samepath_config = Some("lab.toml".into());
    assert_eq!(found(None, true, &environment), (here.join("lab.toml"), Origin::Variable), "even if it is not there");
    assert_eq!(found(Some("x.toml"), true, &environment), (here.join("x.toml"), Origin::Argument));
    assert_eq!(found(Some("/x.toml"), true, &environment).0, Path::new("/x.toml"));
    environment.samepath_config = Some(PathBuf::new());
    assert_eq!(found(None, true, &environment), in_folder, "an empty variable is none");
}

#[test]
#[cfg(unix)]
fn a_dangling_link_in_the_current_folder_is_passed_over_and_a_folder_is_reported() {
    let lab = Lab::new();
    let here = lab.home().to_owned();
    let Lab { folder: _folder, mut environment } = lab;
    environment.current_dir = Some(here.clone());
    std::os::unix::fs::symlink("nowhere", here.join("sleap-rtc.toml")).unwrap();
    assert_eq!(found(None, true, &environment).1, Origin::Home);
    std::fs::remove_file(here.join("sleap-rtc.toml")).unwrap();
    std::fs::create_dir(here.join("sleap-rtc.toml")).unwrap();
    let file = ConfigFile::find(None, true, &environment);
    let error = Config::load(&file, &environment).unwrap_err();
    assert!(matches!(error, ConfigError::NotAFile { .. }), "{error}");
}

#[test]
fn without_a_home_reading_is_empty_and_writing_says_so() {
    let environment = Environment::default();
    let file = ConfigFile::find(None, true, &environment);
    let config = Config::load(&file, &environment).unwrap();
    assert!(config.entries.is_empty());
    assert_eq!(config.apply(&config_lab::add("vast", "/mnt/vast"), &environment), Err(ConfigError::NoHome));
}

#[test]
fn a_missing_file_is_an_empty_configuration() {
    let config = Lab::new().load().unwrap();
    assert!(config.entries.is_empty() && config.remarks(&Environment::default()).is_empty());
}

#[test]
fn everything_of_a_storage() {
    let lab = Lab::with(
        "# lab\n[storage.vast]\nbase_path = \"/Volumes/talmo\"\ntype = \"nfs\"\ndescription = \"VAST\"\n\
         user_subdir = \"amick/\"\nsubpath = \"labs/talmo\"\nelse = 3\n\n[storage.gd-rive_2]\nbase_path = '~/drive'\ntype = 'carrier pigeon'\n",
    );
    let config = lab.load().unwrap();
    let vast = Backend {
        name: "vast".to_owned(),
        base_path: "/Volumes/talmo".into(),
        kind: Some("nfs".to_owned()),
        description: Some("VAST".to_owned()),
        user_subdir: "amick".to_owned(),
        subpath: "labs/talmo".to_owned(),
    };
    assert_eq!(config.backends()[0], vast);
    assert_eq!(config.backends()[1].base_path, lab.home().join("drive"));
    assert_eq!(
        config.backends()[1].kind.as_deref(),
        Some("carrier pigeon"),
        "an unknown type is a hint like any other"
    );
    assert_eq!(config.entries[0].source.to_string(), "config.toml, line 2");
    assert_eq!(config.entries[1].source.line, Some(10));
}

#[test]
fn every_way_to_write_a_storage_is_read() {
    for text in [
        "[storage.vast]\nbase_path = '/v'\nuser_subdir = 'a'\n",
        "[storage]\nvast = { base_path = '/v', user_subdir = 'a' }\n",
        "[storage]\nvast.base_path = '/v'\nvast.user_subdir = 'a'\n",
        "storage.vast.base_path = '/v'\nstorage.vast.user_subdir = 'a'\n",
        "storage = { vast = { base_path = '/v', user_subdir = 'a' } }\n",
        "storage = { vast.base_path = '/v', vast.user_subdir = 'a' }\n",
        "\u{feff}[storage.vast]\r\nbase_path = \"/v\"\r\nuser_subdir = \"\"\"a\"\"\"\r\n",
        "[ \"storage\" . 'vast' ]\n\"base_path\"='/v'\nuser_subdir='a'",
    ] {
        let config = Lab::with(text).load().unwrap();
        let [backend] = &config.backends()[..] else { panic!("{text}: {config:?}") };
        assert_eq!((backend.base_path.as_path(), backend.user_subdir.as_str()), (Path::new("/v"), "a"), "{text}");
    }
}

/// (text of the file, line, key, beginning of the problem)
#[test]
fn a_broken_storage_is_listed_with_file_line_key_and_mend() {
    let cases = [
        ("[storage.vast]\ntype = 'nfs'", 1, "storage.vast.base_path", "is missing"),
        (
            "[storage.vast]\n\nbase_path = 'mnt/vast'",
            3,
            "storage.vast.base_path",
            "is `mnt/vast`, which is not an absolute",
        ),
        ("[storage.vast]\nbase_path = ''", 2, "storage.vast.base_path", "is ``"),
        ("[storage.vast]\nbase_path = '~tom/x'", 2, "storage.vast.base_path", "is `~tom/x`"),
        ("[storage.vast]\nbase_path = \"/a\\u0000b\"", 2, "storage.vast.base_path", "holds a control character"),
        ("[storage.vast]\nbase_path = 3", 2, "storage.vast.base_path", "is an integer, not a string"),
        ("[storage.vast]\nbase_path = ['/v']", 2, "storage.vast.base_path", "is an array, not a string"),
        ("[storage.vast.base_path]\nx = 1", 1, "storage.vast.base_path", "is a table, not a string"),
        ("[storage.vast]\nbase_path = '/v'\ntype = true", 3, "storage.vast.type", "is a boolean"),
        ("[storage.vast]\nbase_path = '/v'\ndescription = 1.5", 3, "storage.vast.description", "is a float"),
        ("[storage.vast]\nbase_path = '/v'\nuser_subdir = '../tom'", 3, "storage.vast.user_subdir", "is `../tom`"),
        ("[storage.vast]\nbase_path = '/v'\nuser_subdir = '/amick'", 3, "storage.vast.user_subdir", "is `/amick`"),
        ("[storage.vast]\nbase_path = '/v'\nuser_subdir = 'a//b'", 3, "storage.vast.user_subdir", "is `a//b`"),
        ("[storage.vast]\nbase_path = '/v'\nsubpath = 'C:/labs'", 3, "storage.vast.subpath", "is `C:/labs`"),
        ("[storage.vast]\nbase_path = '/v'\nsubpath = '.'", 3, "storage.vast.subpath", "is `.`"),
        ("[storage]\nvast = '/mnt/vast'", 2, "storage.vast", "is a string, not a table"),
        ("[[storage.vast]]\nbase_path = '/v'", 1, "storage.vast", "is an array of tables, not a table"),
        ("[storage.v]\nbase_path = '/v'", 1, "storage.v", "is not a name"),
        ("[storage.\"my vast\"]\nbase_path = '/v'", 1, "storage.\"my vast\"", "is not a name"),
        ("[storage.-vast]\nbase_path = '/v'", 1, "storage.-vast", "is not a name"),
    ];
    for (text, line, key, problem) in cases {
        let lab = Lab::with(format!("{text}\n[storage.good]\nbase_path = '/good'\n"));
        let config = lab.load().unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(config.backends().len(), 1, "{text}: the good one is there");
        let error = config.entries[0].backend.clone().unwrap_err();
        assert_eq!(
            (error.line(), error.key(), error.code()),
            (Some(line), Some(key), "config_invalid"),
            "{text}: {error}"
        );
        let expected = format!("{}, line {line}: `{key}` {problem}", lab.file().display());
        assert!(error.to_string().starts_with(&expected), "{text}: {error}");
        assert!(error.hint().is_some_and(|hint| !hint.is_empty()), "{text}");
        let json = serde_json::to_string(&error).unwrap();
        assert_eq!(serde_json::from_str::<ConfigError>(&json).unwrap(), error, "crosses a process");
    }
}

#[test]
fn names_are_two_to_sixty_four_plain_characters() {
    let longest = "a".repeat(64);
    let too_long = "a".repeat(65);
    for (name, good) in [
        ("ab", true),
        ("0-", true),
        ("A_b-9", true),
        (longest.as_str(), true),
        ("a", false),
        ("_a", false),
        (too_long.as_str(), false),
        ("", false),
        ("a.b", false),
        ("vást", false),
    ] {
        let config = Lab::with(format!("[storage.\"{name}\"]\nbase_path = '/v'\n")).load().unwrap();
        assert_eq!(config.entries[0].backend.is_ok(), good, "{name}");
    }
}

#[test]
fn a_broken_file_names_line_and_column() {
    for (text, line, column) in [
        ("[storage.vast]\nbase_path = \n", 2, 13),
        ("[storage.vast]\nbase_path = '/a'\nbase_path = '/b'\n", 3, 1),
        ("# é\n[storage.vást]\n", 2, 11),
        ("x = 'abc", 1, 9),
    ] {
        let error = Lab::with(text).load().unwrap_err();
        let ConfigError::Syntax { line: l, column: c, .. } = error else { panic!("{text}: {error}") };
        assert_eq!((l, c), (line, column), "{text}: {error}");
        assert!(error.hint().unwrap().contains(&format!("line {line}")));
    }
}

#[test]
fn a_storage_table_of_another_type_is_an_error_of_the_file() {
    for (text, key) in [("storage = 3", "storage"), ("[[storage]]\nx = 1", "storage"), ("samepath = 'on'", "samepath")]
    {
        let mut lab = Lab::with(text);
        lab.environment.computer = Some("ws-3".to_owned());
        let error = lab.load().unwrap_err();
        assert_eq!((error.key(), error.line(), error.code()), (Some(key), Some(1), "config_invalid"), "{error}");
    }
}

#[test]
fn what_is_no_text_or_endless_is_an_error() {
    let error = Lab::with(b"# one\n# two \xff\n").load().unwrap_err();
    assert!(matches!(error, ConfigError::NotText { line: 2, .. }), "{error}");
    let huge = Lab::with("# filler\n".repeat(500_000)).load().unwrap_err();
    assert!(matches!(huge, ConfigError::TooLarge { .. }), "{huge}");
    for (name, depth) in
        [("dots", "a.".repeat(200_000) + "a = 1"), ("brackets", format!("a = {}", "[".repeat(200_000)))]
    {
        let error = Lab::with(depth).load().unwrap_err();
        assert!(matches!(error, ConfigError::Syntax { .. }), "{name}: {}", error.code());
    }
}

#[test]
#[cfg(unix)]
fn a_pipe_is_not_waited_for_and_a_device_not_read_for_ever() {
    let lab = Lab::new();
    let pipe = lab.file();
    samepath_testkit::pipe(&pipe);
    assert!(matches!(lab.load(), Err(ConfigError::NotAFile { .. })));
    let load = |path: &str| Config::load(&ConfigFile { path: path.into(), origin: Origin::Argument }, &lab.environment);
    assert!(matches!(load("/dev/zero"), Err(ConfigError::TooLarge { .. })));
    assert!(load("/dev/null").unwrap().entries.is_empty());
}

#[test]
fn a_computer_overrides_what_it_mounts_elsewhere() {
    let text = "[storage.vast]\nbase_path = '/Volumes/talmo'\nuser_subdir = 'amick'\n\
                [samepath.computers.ws-3.storage.vast]\nbase_path = '/mnt/vast'\n\
                [samepath.computers.ws-3.storage.scratch]\nbase_path = '/scratch'\n\
                [samepath.computers.ws-4.storage.vast]\nbase_path = 'relative'\n";
    let mut lab = Lab::with(text);
    let paths = |lab: &Lab| -> Vec<String> {
        let config = lab.load().unwrap();
        config.backends().iter().map(|b| format!("{}={}:{}", b.name, b.base_path.display(), b.user_subdir)).collect()
    };
    assert_eq!(paths(&lab), ["vast=/Volumes/talmo:amick"]);
    let lines = |lab: &Lab| lab.load().unwrap().entries.iter().map(|entry| entry.source.line).collect::<Vec<_>>();
    assert_eq!(lines(&lab), [Some(1)]);
    lab.environment.computer = Some("ws-3".to_owned());
    assert_eq!(paths(&lab), ["vast=/mnt/vast:amick", "scratch=/scratch:"]);
    assert_eq!(lines(&lab), [Some(4), Some(6)]);
    lab.environment.computer = Some("ws-4".to_owned());
    let error = lab.load().unwrap().entries[0].backend.clone().unwrap_err();
    assert_eq!((error.line(), error.key()), (Some(9), Some("samepath.computers.ws-4.storage.vast.base_path")));
    lab.environment.computer = Some("ws-5".to_owned());
    assert_eq!(paths(&lab), ["vast=/Volumes/talmo:amick"]);
}

#[test]
fn where_other_computers_mount_a_storage_is_known() {
    let text = "[storage.vast]\nbase_path = '/Volumes/talmo'\n\
                [samepath.computers.ws-3.storage.vast]\nbase_path = '/mnt/vast'\n\
                [samepath.computers.ws-3.storage.scratch]\nbase_path = '/scratch'\n\
                [samepath.computers.ws-4.storage.vast]\nbase_path = 'relative'\n\
                [samepath.computers.part.storage.vast]\nbase_path = '/part'\nsubpath = 'labs'\n\
                [samepath.computers.home.storage.vast]\nbase_path = '~/vast'\n\
                [samepath.computers.pc.storage.vast]\nbase_path = 'Z:\\'\n\
                [samepath.computers.broken]\nstorage = 3\n";
    let mut lab = Lab::with(text);
    let elsewhere = |lab: &Lab| {
        let known = lab.load().unwrap().elsewhere;
        known.into_iter().map(|(name, paths)| format!("{name}={}", paths.join(" "))).collect::<Vec<_>>()
    };
    assert_eq!(elsewhere(&lab), ["scratch=/scratch", r"vast=/mnt/vast Z:\"]);
    lab.environment.computer = Some("ws-3".to_owned());
    assert_eq!(elsewhere(&lab), [r"vast=Z:\ /Volumes/talmo"]);
    lab.environment.current_dir = Some(lab.home().to_owned());
    std::fs::write(lab.home().join("sleap-rtc.toml"), text).unwrap();
    let file = ConfigFile::find(None, true, &lab.environment);
    assert!(Config::load(&file, &lab.environment).unwrap().elsewhere.is_empty());
}

#[test]
fn for_which_computers_the_file_says_where_a_storage_is_is_known() {
    let text = "[storage.vast]\nbase_path = '/Volumes/talmo'\n\
                [samepath.computers.ws-4.storage.vast]\nbase_path = 'relative'\n\
                [samepath.computers.ws-3.storage.vast]\nbase_path = '/mnt/vast'\n\
                [samepath.computers.ws-3.storage.scratch]\nbase_path = '/scratch'\n\
                [samepath.computers.mbp.storage.vast]\nuser_subdir = 'amick'\n\
                [samepath.computers.broken]\nstorage = 3\n";
    let mut lab = Lab::with(text);
    let spoken_for = |lab: &Lab, file: &ConfigFile| {
        let known = Config::load(file, &lab.environment).unwrap().spoken_for;
        known.into_iter().map(|(name, by)| (name, by.own, by.others.join(" "))).collect::<Vec<_>>()
    };
    let row = |name: &str, own: bool, others: &str| (name.to_owned(), own, others.to_owned());
    let file = lab.config_file();
    assert_eq!(spoken_for(&lab, &file), [row("scratch", false, "ws-3"), row("vast", false, "ws-4 ws-3")]);
    lab.environment.computer = Some("ws-3".to_owned());
    assert_eq!(spoken_for(&lab, &file), [row("scratch", true, ""), row("vast", true, "ws-4")]);
    lab.environment.computer = Some("mbp".to_owned());
    assert_eq!(spoken_for(&lab, &file), [row("scratch", false, "ws-3"), row("vast", false, "ws-4 ws-3")]);
    lab.environment.current_dir = Some(lab.home().to_owned());
    std::fs::write(lab.home().join("sleap-rtc.toml"), text).unwrap();
    assert_eq!(spoken_for(&lab, &ConfigFile::find(None, true, &lab.environment)), []);
}

#[test]
fn the_current_folders_file_cannot_switch_anything_on() {
    let mut lab = Lab::new();
    lab.environment.computer = Some("ws-3".to_owned());
    lab.environment.current_dir = Some(lab.home().to_owned());
    let text = "samepath = 'not even a table'\n[storage.vast]\nbase_path = '/v'\n";
    std::fs::write(lab.home().join("sleap-rtc.toml"), text).unwrap();
    let file = ConfigFile::find(None, true, &lab.environment);
    assert_eq!(Config::load(&file, &lab.environment).unwrap().backends()[0].base_path, Path::new("/v"));
    let overriding = "[storage.vast]\nbase_path = '/v'\n[samepath.computers.ws-3.storage.vast]\nbase_path = '/etc'\n";
    std::fs::write(lab.home().join("sleap-rtc.toml"), overriding).unwrap();
    assert_eq!(Config::load(&file, &lab.environment).unwrap().backends()[0].base_path, Path::new("/v"));
}

#[test]
fn shared_storage_root_is_one_storage_unless_the_file_has_any() {
    let mut lab = Lab::with("[storage]\n[worker]\nname = 'x'\n");
    lab.environment.shared_storage_root = Some("/mnt/shared".to_owned());
    let config = lab.load().unwrap();
    let backend = &config.backends()[0];
    assert_eq!((backend.name.as_str(), backend.user_subdir.as_str()), ("default", ""));
    assert_eq!(config.entries[0].source.to_string(), "SHARED_STORAGE_ROOT");
    assert_eq!((config.ignored_variable.clone(), config.remarks(&lab.environment)), (None, vec![]));

    lab.environment.shared_storage_root = Some("shared".to_owned());
    let error = lab.load().unwrap().entries[0].backend.clone().unwrap_err();
    assert!(matches!(&error, ConfigError::Value { problem: Problem::Relative { .. }, .. }));
    assert!(error.to_string().starts_with("`SHARED_STORAGE_ROOT` is `shared`"), "{error}");

    lab.environment.shared_storage_root = Some(String::new());
    assert!(lab.load().unwrap().entries.is_empty());

    lab.environment.shared_storage_root = Some("/mnt/shared".to_owned());
    std::fs::write(lab.file(), "[storage.v]\nbase_path = '/v'\n").unwrap();
    let config = lab.load().unwrap();
    assert_eq!(config.entries.len(), 1, "even a broken one counts");
    assert_eq!(config.ignored_variable.as_deref(), Some("/mnt/shared"));
    assert!(config.remarks(&lab.environment)[0].to_string().contains("SHARED_STORAGE_ROOT"));
}

#[test]
fn sleap_rtcs_own_tables_become_suggestions() {
    let lab = Lab::with(
        r#"
[[path_mappings]]
local = "/Volumes/talmo/amick/data"
worker = "/root/vast/amick/data"

[[path_mappings]]
local = "/Volumes/talmo/tom"
worker = "/root/vast/tom"

[[path_mappings]]
local = "incomplete"

[[path_mappings]]
local = 'Z:\gdrive\lab'
remote = "/mnt/g drive/lab"

[[path_mappings]]
local = "/same/here"
worker = "/same/here"

[[path_mappings]]
local = "/known/x"
worker = "/elsewhere/x"

[storage.known]
base_path = "/known"

[[worker.io.mounts]]
path = "/scratch"
label = "Fast scratch"

[[worker.io.mounts]]
name = "lab_data"
worker_path = "/home/jovyan/talmo/amick"
client_paths = ["/mnt/talmo/amick", 7]
"#,
    );
    let config = lab.load().unwrap();
    assert_eq!(config.path_mappings.len(), 5, "what is incomplete is skipped");
    assert_eq!(config.mounts.len(), 2);
    let shown: Vec<String> = config
        .suggestions()
        .into_iter()
        .map(|s| format!("{} {} {} {}", s.name, s.base_path, s.elsewhere.unwrap_or_default(), s.folder))
        .collect();
    assert_eq!(
        shown,
        [
            "vast /Volumes/talmo /root/vast amick/data",
            r"g-drive Z:\gdrive /mnt/g drive lab",
            "Fast-scratch /scratch  ",
            "lab_data /mnt/talmo /home/jovyan/talmo amick",
        ]
    );
    let words: Vec<String> = config.suggestions().iter().map(samepath_storage::Suggestion::words).collect();
    assert_eq!(words[0], "from [[path_mappings]], line 2; from [[path_mappings]], line 6");
    assert!(words[2].starts_with("from [[worker.io.mounts]], line 2"), "{words:?}");
    for nonsense in
        ["path_mappings = 3", "path_mappings = [1, {}]", "worker = 1", "[worker]\nio = 2", "[worker.io]\nmounts = 'x'"]
    {
        assert_eq!(Lab::with(nonsense).load().unwrap().suggestions(), [], "{nonsense}");
    }
}

/// Any look at this base path fails, and an error of a look would make the storage a broken one.
#[test]
#[cfg(unix)]
fn loading_touches_no_base_path() {
    let lab = Lab::new();
    let circle = lab.home().join("circle");
    std::os::unix::fs::symlink(&circle, &circle).unwrap();
    std::fs::write(lab.file(), format!("[storage.vast]\nbase_path = '{}'\n", circle.join("x").display())).unwrap();
    assert_eq!(lab.load().unwrap().backends()[0].base_path, circle.join("x"));
}
