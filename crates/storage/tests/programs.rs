//! `[samepath.programs]`: which file is meant where a job type names a program.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod config_lab;

use config_lab::Lab;
use samepath_storage::{Change, Config, ConfigError, ConfigFile};
use std::path::PathBuf;

const TEXT: &str = "[samepath.programs]\nsleap-nn = '~/envs/sleap/bin/sleap-nn'\nffmpeg = '/opt/ffmpeg'\n\
                    [samepath.computers.ws-3.programs]\nsleap-nn = '/opt/sleap/bin/sleap-nn'\n";

fn programs(lab: &Lab) -> Vec<(String, PathBuf)> {
    let programs = lab.load().unwrap().programs;
    programs.into_iter().map(|(name, path)| (name, path.unwrap())).collect()
}

#[test]
fn a_program_is_named_for_all_computers_or_for_one() {
    let mut lab = Lab::with(TEXT);
    let ffmpeg = ("ffmpeg".to_owned(), PathBuf::from("/opt/ffmpeg"));
    let at_home = lab.home().join("envs/sleap/bin/sleap-nn");
    assert_eq!(programs(&lab), [ffmpeg.clone(), ("sleap-nn".to_owned(), at_home.clone())]);
    lab.environment.computer = Some("ws-4".to_owned());
    assert_eq!(programs(&lab), [ffmpeg.clone(), ("sleap-nn".to_owned(), at_home)]);
    lab.environment.computer = Some("ws-3".to_owned());
    assert_eq!(programs(&lab), [ffmpeg, ("sleap-nn".to_owned(), PathBuf::from("/opt/sleap/bin/sleap-nn"))]);
}

#[test]
fn a_bad_program_is_named_with_its_place_and_hides_nothing() {
    for (value, problem, mend) in [
        ("'bin/sleap-nn'", "is `bin/sleap-nn`, which is not the whole path of a program", "write its whole path"),
        ("'sleap-nn'", "is `sleap-nn`, which is not the whole path of a program", "write its whole path"),
        ("''", "is ``, which is not the whole path of a program", "write its whole path"),
        ("'~tom/sleap-nn'", "is `~tom/sleap-nn`: another person's home", "instead of `~name`"),
        ("3", "is an integer, not a string", "write a string there"),
        ("\"/a\\nb\"", "holds a control character", "remove the control character"),
    ] {
        let lab = Lab::with(format!(
            "[storage.vast]\nbase_path = '/v'\n[samepath.programs]\nffmpeg = '/f'\nsleap-nn = {value}\n"
        ));
        let config = lab.load().unwrap();
        assert_eq!((config.backends().len(), config.programs["ffmpeg"].clone()), (1, Ok(PathBuf::from("/f"))));
        let error = config.programs["sleap-nn"].clone().unwrap_err();
        let place = format!("{}, line 5: `samepath.programs.sleap-nn` {problem}", lab.file().display());
        assert!(error.to_string().starts_with(&place), "{error}");
        assert!(error.hint().unwrap().contains(mend), "{:?}", error.hint());
        assert_eq!((error.code(), error.line()), ("config_invalid", Some(5)));
    }
}

#[test]
fn programs_of_another_type_are_an_error_of_the_file() {
    let error = Lab::with("[samepath]\nprograms = 'sleap-nn'\n").load().unwrap_err();
    assert!(error.to_string().contains("line 2: `samepath.programs` is a string, not a table"), "{error}");
}

#[test]
fn the_current_folders_file_names_no_program() {
    let mut lab = Lab::new();
    lab.environment.current_dir = Some(lab.home().to_owned());
    lab.environment.computer = Some("ws-3".to_owned());
    for text in [TEXT, "[samepath]\nprograms = 3\n"] {
        std::fs::write(lab.home().join("sleap-rtc.toml"), text).unwrap();
        let file = ConfigFile::find(None, true, &lab.environment);
        assert!(Config::load(&file, &lab.environment).unwrap().programs.is_empty());
    }
}

fn named(name: &str, path: &str) -> Change {
    Change::Program { name: name.to_owned(), path: Some(path.to_owned()) }
}

fn as_usual(name: &str) -> Change {
    Change::Program { name: name.to_owned(), path: None }
}

#[test]
fn a_program_is_written_where_it_is_named_and_nothing_else_changes() {
    for (before, change, after) in [
        ("", named("sleap-nn", "/s"), "[samepath.programs]\nsleap-nn = \"/s\"\n"),
        (
            "# mine\n[storage.vast]\nbase_path = '/v'",
            named("python3.11", "~/p"),
            "# mine\n[storage.vast]\nbase_path = '/v'\n\n[samepath.programs]\n\"python3.11\" = \"~/p\"\n",
        ),
        (
            "[samepath.programs] # ours\nffmpeg = '/f' # video\n[other]\na = 1\n",
            named("sleap-nn", "/s"),
            "[samepath.programs] # ours\nffmpeg = '/f' # video\nsleap-nn = \"/s\"\n[other]\na = 1\n",
        ),
        (
            "[samepath.programs]\nsleap-nn = '/old' # why\n",
            named("sleap-nn", "/new"),
            "[samepath.programs]\nsleap-nn = \"/new\" # why\n",
        ),
        ("samepath = {}\n", named("sleap-nn", "/s"), "samepath = { programs = { sleap-nn = \"/s\" } }\n"),
        ("samepath.programs = { a = '/a' }\n", named("b", "/b"), "samepath.programs = { a = '/a', b = \"/b\" }\n"),
        ("[samepath]\nprograms.a = '/a'\n", named("b", "/b"), "[samepath]\nprograms.a = '/a'\nprograms.b = \"/b\"\n"),
        ("[samepath.programs]\na = '/a'\nb = 3\n", as_usual("b"), "[samepath.programs]\na = '/a'\n"),
        ("[storage]\n", as_usual("b"), "[storage]\n"),
        (TEXT, named("ffmpeg", "/new"), &TEXT.replace("'/opt/ffmpeg'", "\"/new\"")),
        (TEXT, named("sleap-nn", "/new"), &TEXT.replace("'/opt/sleap/bin/sleap-nn'", "\"/new\"")),
        (
            TEXT,
            as_usual("sleap-nn"),
            "[samepath.programs]\nffmpeg = '/opt/ffmpeg'\n[samepath.computers.ws-3.programs]\n",
        ),
    ] {
        let mut lab = Lab::with(before);
        lab.environment.computer = Some("ws-3".to_owned());
        let config = lab.apply(&change).unwrap();
        assert_eq!(lab.text(), after);
        assert_eq!(lab.load().unwrap(), config);
        let Change::Program { name, path } = change else { unreachable!() };
        let expected = path.map(|path| path.strip_prefix('~').map_or(PathBuf::from(&path), |_| lab.home().join("p")));
        assert_eq!(config.programs.get(&name).cloned().transpose().unwrap(), expected);
    }
}

#[test]
fn a_program_that_cannot_be_named_is_refused_and_nothing_is_written() {
    for (change, words) in [
        (
            named("sleap-nn", "bin/sleap-nn"),
            "`samepath.programs.sleap-nn` is `bin/sleap-nn`, which is not the whole path",
        ),
        (named("sleap-nn", ""), "which is not the whole path of a program"),
        (named("", "/s"), "is missing"),
        (named("a\nb", "/s"), "holds a control character"),
    ] {
        let lab = Lab::with(TEXT);
        let error = lab.apply(&change).unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
        assert_eq!((error.code(), lab.text()), ("config_invalid", TEXT.to_owned()));
    }
}

#[test]
fn what_somebody_else_wrote_of_the_same_program_meanwhile_is_kept() {
    let lab = Lab::with("[samepath.programs]\nsleap-nn = '/a'\n");
    let seen = lab.load().unwrap();
    let theirs = "[samepath.programs]\nsleap-nn = '/theirs'\nffmpeg = '/f'\n";
    std::fs::write(lab.file(), theirs).unwrap();
    for change in [named("sleap-nn", "/mine"), as_usual("sleap-nn")] {
        let error = seen.apply(&change, &lab.environment).unwrap_err();
        assert!(matches!(&error, ConfigError::Changed { theirs: Some(theirs), .. } if theirs == "/theirs"), "{error}");
        assert_eq!(lab.text(), theirs);
    }
    seen.apply(&named("other", "/o"), &lab.environment).unwrap();
    assert_eq!(lab.text(), format!("{theirs}other = \"/o\"\n"));
}

#[test]
fn a_program_is_not_written_where_it_would_not_be_read() {
    let mut lab = Lab::new();
    lab.environment.current_dir = Some(lab.home().to_owned());
    std::fs::write(lab.home().join("sleap-rtc.toml"), "").unwrap();
    let config = Config::load(&ConfigFile::find(None, true, &lab.environment), &lab.environment).unwrap();
    let error = config.apply(&named("sleap-nn", "/s"), &lab.environment).unwrap_err();
    assert!(error.to_string().starts_with("`samepath.programs.sleap-nn` is not read from"), "{error}");
    assert!(error.hint().unwrap().contains("--config"));
    assert_eq!(std::fs::read_to_string(lab.home().join("sleap-rtc.toml")).unwrap(), "");
}

#[test]
fn a_lab_is_this_computers_alone_and_nothing_else_changes() {
    let lab_is =
        |part: &str, value: Option<&str>| Change::Lab { part: part.to_owned(), value: value.map(str::to_owned) };
    let joined =
        "# mine\n[storage.vast]\nbase_path = '/v'\n\n[samepath.computers.ws-3.lab]\nmember = \"amick at hub:1\"\n";
    for (before, change, after) in [
        ("# mine\n[storage.vast]\nbase_path = '/v'\n", lab_is("member", Some("amick at hub:1")), joined),
        (
            "[samepath.computers.ws-4.lab]\nmember = 'tom at hub:1'\n",
            lab_is("worker", Some("gpu-1 at hub:1")),
            "[samepath.computers.ws-4.lab]\nmember = 'tom at hub:1'\n\n[samepath.computers.ws-3.lab]\nworker = \"gpu-1 at hub:1\"\n",
        ),
        ("[samepath.lab]\nworker = 'w'\nmember = 'm'\n", lab_is("worker", None), "[samepath.lab]\nmember = 'm'\n"),
        (joined, lab_is("worker", None), joined),
    ] {
        let mut lab = Lab::with(before);
        lab.environment.computer = Some("ws-3".to_owned());
        let config = lab.apply(&change).unwrap();
        assert_eq!(lab.text(), after);
        assert_eq!(lab.load().unwrap(), config);
        let Change::Lab { part, value } = change else { unreachable!() };
        assert_eq!(config.lab.get(&part), value.as_ref());
    }
    let lab = Lab::with(joined);
    for change in [lab_is("hub", Some("x")), lab_is("member", Some("two\nlines"))] {
        assert_eq!(lab.apply(&change).unwrap_err().code(), "config_invalid");
        assert_eq!(lab.text(), joined);
    }
}
