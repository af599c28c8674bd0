//! What is read, but perhaps not as it was meant.

mod config_lab;

use config_lab::Lab;
use samepath_storage::{ConfigFile, Environment, Origin};
use samepath_wire::HERE;

fn remarks(text: &str) -> Vec<String> {
    let mut lab = Lab::with(text);
    lab.environment.computer = Some("ws-3.salk.edu".to_owned());
    let folder = format!("{}/", lab.home().display());
    let remarks = lab.load().expect("a configuration").remarks(&lab.environment);
    remarks.iter().map(|remark| format!("{remark}: {}", remark.hint()).replace(&folder, "")).collect()
}

#[test]
fn a_good_file_is_worth_no_remark() {
    for good in [
        "",
        "[storage.vast]\nbase_path = '/mnt/vast'\ntype = 'nfs'\ndescription = 'x'\nuser_subdir = 'a'\nsubpath = 'b'\n",
        "[storage.vast]\nbase_path = '/mnt/vast'\nquota_command = 'somebody elses'\n[environments.x]\na = 1\n",
        "[samepath.computers.ws-4.storage.vast]\nbase_path = '/x'\n[worker.io]\nx = 1\n[stores]\na = 1\n",
        "[samepath.computers.\"ws-3.salk.edu\".storage.vast]\nbase_path = '/x'\n",
        "[samepath.programs]\nsleap-nn = '/x'\n[samepath.computers.ws-4.programs]\nsleap-nn = '/y'\n",
    ] {
        assert_eq!(remarks(good), Vec::<String>::new(), "{good}");
    }
}

#[test]
fn what_nobody_reads_is_named_with_what_was_meant() {
    for (text, wanted) in [
        (
            "[storages.vast]\nbase_path = '/x'\n",
            "config.toml, line 1: `storages` is not read by anybody: if `storage` was meant, write it so",
        ),
        (
            "x = 1\n[same_path.computers]\n",
            "config.toml, line 2: `same_path` is not read by anybody: if `samepath` was meant, write it so",
        ),
        (
            "[storage.vast]\nbase_path = '/x'\nuser-subdir = 'a'\n",
            "config.toml, line 3: `storage.vast.user-subdir` is not read by anybody: if `user_subdir` was meant, write it so",
        ),
        (
            "[storage.vast]\nbase_path = '/x'\nbasepath = '/y'\n",
            "config.toml, line 3: `storage.vast.basepath` is not read by anybody: if `base_path` was meant, write it so",
        ),
        (
            "[samepath]\ncomputer = 1\n",
            "config.toml, line 2: `samepath.computer` is not read by anybody: if `computers` was meant, write it so",
        ),
        (
            "[samepath]\nprogram = { sleap-nn = '/x' }\n",
            "config.toml, line 2: `samepath.program` is not read by anybody: if `programs` was meant, write it so",
        ),
        (
            "[samepath.computers.ws-4.program]\nsleap-nn = '/x'\n",
            "config.toml, line 1: `samepath.computers.ws-4.program` is not read by anybody: if `programs` was meant, write it so",
        ),
        (
            "[samepath]\nhello = 1\n",
            "config.toml, line 2: `samepath.hello` is not read by anybody: take it out, or look its name up in the documentation",
        ),
        (
            "[samepath.computers.ws-4.storage.vast]\nbase_pth = '/x'\n",
            "config.toml, line 2: `samepath.computers.ws-4.storage.vast.base_pth` is not read by anybody: if `base_path` was meant, write it so",
        ),
        (
            "[samepath.computers.WS-3.storage.vast]\nbase_path = '/x'\n",
            "config.toml, line 1: `samepath.computers.WS-3` is for a computer called `WS-3`; this one is called `ws-3.salk.edu`: if this computer was meant, write `ws-3.salk.edu`",
        ),
    ] {
        assert_eq!(remarks(text), [wanted.replace("this computer", HERE)], "{text}");
    }
}

#[test]
fn the_table_in_a_file_of_the_current_folder_and_an_ignored_variable_are_named() {
    let lab = Lab::with("[storage.vast]\nbase_path = '/x'\n[samepath]\nhello = 1\n");
    let environment = Environment { shared_storage_root: Some("/mnt/shared".to_owned()), ..lab.environment.clone() };
    let file = ConfigFile { path: lab.file(), origin: Origin::CurrentDir };
    let config = samepath_storage::Config::load(&file, &environment).expect("a configuration");
    let remarks: Vec<String> = config.remarks(&environment).iter().map(ToString::to_string).collect();
    assert_eq!(remarks.len(), 2, "{remarks:?}");
    assert!(remarks[0].starts_with("SHARED_STORAGE_ROOT (/mnt/shared) is ignored"), "{remarks:?}");
    assert!(remarks[1].contains("line 3: `samepath` is ignored"), "{remarks:?}");
}

#[test]
#[cfg(unix)]
fn a_file_that_others_may_write_and_one_that_is_being_written_are_seen() {
    use std::os::unix::fs::PermissionsExt;
    let lab = Lab::new();
    assert!(!lab.config_file().look().exists);
    std::fs::write(lab.file(), "").expect("a file");
    let seen = lab.config_file().look();
    assert!(seen.exists && !seen.others_may_write && !seen.somebody_elses && !seen.locked, "{seen:?}");
    std::fs::set_permissions(lab.file(), PermissionsExt::from_mode(0o666)).expect("a mode");
    assert!(lab.config_file().look().others_may_write);
    let lock = std::fs::File::create(lab.home().join(".config.toml.lock")).expect("a file");
    assert!(!lab.config_file().look().locked);
    lock.lock().expect("a lock");
    assert!(lab.config_file().look().locked);
}
