//! `[samepath.programs]`: which file is meant where a job type names a program.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod config_lab;

use config_lab::Lab;
use samepath_storage::{Config, ConfigFile};
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
