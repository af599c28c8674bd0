//! Another name for a storage: written wherever the file speaks of it, and nowhere else.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod config_lab;

use config_lab::{Lab, base_path, rename};
use samepath_storage::{BackendFields, Change, ConfigError};

/// On the computer `ws-3`.
fn lab(text: &str) -> Lab {
    let mut lab = Lab::with(text);
    lab.environment.computer = Some("ws-3".to_owned());
    lab
}

#[test]
fn the_name_changes_and_every_other_byte_stays() {
    for (before, after) in [
        (
            "# all\n[ storage . \"vast\" ] # why vast\n  base_path = '/vast' # vast\nuser_subdir = \"vast\"\nodd.vast = 1\n# vast\n",
            "# all\n[ storage . talmo ] # why vast\n  base_path = '/vast' # vast\nuser_subdir = \"vast\"\nodd.vast = 1\n# vast\n",
        ),
        (
            "storage.vast.base_path='/v'\nstorage.vast.type='nfs'",
            "storage.talmo.base_path='/v'\nstorage.talmo.type='nfs'",
        ),
        (
            "[storage]\r\n'vast'.base_path = '/v'\r\nvast2 = {}\r\n",
            "[storage]\r\ntalmo.base_path = '/v'\r\nvast2 = {}\r\n",
        ),
        (
            "storage = { vast = {base_path='/v', vast=1}, b={} } # c",
            "storage = { talmo = {base_path='/v', vast=1}, b={} } # c",
        ),
        (
            "\u{feff}[storage.vast]\nbase_path='/v'\n[storage.vast.extra]\nx=[{storage.vast=1}]\n[[storage.vast.list]]\n[[storage.vast.list]]\n[vast.storage.vast]\n",
            "\u{feff}[storage.talmo]\nbase_path='/v'\n[storage.talmo.extra]\nx=[{storage.vast=1}]\n[[storage.talmo.list]]\n[[storage.talmo.list]]\n[vast.storage.vast]\n",
        ),
        // What computers that share the file say of it goes with it; also those that this one is not.
        (
            "x = nan\n[storage.vast]\nbase_path='/v'\n[samepath.computers.ws-3.storage.vast]\nbase_path='/w'\n\n# theirs\n[samepath.computers]\ngpu.storage.vast.base_path = '/g'\nvast.storage.vast.subpath = 'a'\n",
            "x = nan\n[storage.talmo]\nbase_path='/v'\n[samepath.computers.ws-3.storage.talmo]\nbase_path='/w'\n\n# theirs\n[samepath.computers]\ngpu.storage.talmo.base_path = '/g'\nvast.storage.talmo.subpath = 'a'\n",
        ),
        // One that only this computer has is not another computer's own of the same name.
        (
            "[samepath.computers.ws-3.storage.vast]\nbase_path='/w'\n[samepath.computers.gpu.storage.vast]\nbase_path='/g'\n",
            "[samepath.computers.ws-3.storage.talmo]\nbase_path='/w'\n[samepath.computers.gpu.storage.vast]\nbase_path='/g'\n",
        ),
        // A broken one may be called otherwise, too.
        ("[storage.vast]\ntype = 3\n", "[storage.talmo]\ntype = 3\n"),
    ] {
        let lab = lab(before);
        let config = lab.apply(&rename("vast", "talmo")).unwrap_or_else(|error| panic!("{before:?}: {error}"));
        assert_eq!(lab.text(), after);
        assert_eq!(config, lab.load().unwrap());
        lab.apply(&rename("talmo", "vast")).unwrap();
    }
}

#[test]
fn other_values_are_written_in_the_same_step() {
    let lab = lab("[storage.vast]\nbase_path = '/v' # why\ntype = 'nfs'\n");
    let fields = BackendFields { kind: Some(String::new()), ..base_path("/w") };
    lab.apply(&Change::Rename { name: "vast".to_owned(), to: "talmo".to_owned(), fields }).unwrap();
    assert_eq!(lab.text(), "[storage.talmo]\nbase_path = \"/w\" # why\n");
}

#[test]
fn a_name_that_is_taken_or_none_is_refused_and_the_file_stays() {
    let shared = "[storage.vast]\nbase_path='/v'\n";
    for (text, name, to, code) in [
        (format!("{shared}[storage.talmo]\n"), "vast", "talmo", "already_exists"),
        (shared.to_owned(), "vast", "vast", "already_exists"),
        // It would become what that computer says of another storage.
        (
            format!("{shared}[samepath.computers.gpu.storage.talmo]\nbase_path='/g'\n"),
            "vast",
            "talmo",
            "already_exists",
        ),
        (shared.to_owned(), "other", "talmo", "backend_not_found"),
        (shared.to_owned(), "vast", "v", "config_invalid"),
        (shared.to_owned(), "vast", "a b", "config_invalid"),
    ] {
        let lab = lab(&text);
        let error = lab.apply(&rename(name, to)).unwrap_err();
        assert_eq!(error.code(), code, "{text:?} {to}: {error}");
        assert_eq!(lab.text(), text);
    }
    let mut lab = lab("");
    lab.environment.shared_storage_root = Some("/v".to_owned());
    let error = lab.apply(&rename("default", "vast")).unwrap_err();
    assert!(matches!(error, ConfigError::FromVariable { .. }), "{error}");
}

#[test]
fn what_somebody_else_changed_meanwhile_is_kept_or_asked_about() {
    let lab = lab("[storage.vast]\nbase_path='/v'\n");
    let config = lab.load().unwrap();
    std::fs::write(lab.file(), "[storage.vast]\nbase_path='/w'\n# theirs\n").unwrap();
    let both = Change::Rename { name: "vast".to_owned(), to: "talmo".to_owned(), fields: base_path("/x") };
    assert_eq!(config.apply(&both, &lab.environment).unwrap_err().code(), "config_changed");
    config.apply(&rename("vast", "talmo"), &lab.environment).unwrap();
    assert_eq!(lab.text(), "[storage.talmo]\nbase_path='/w'\n# theirs\n");
}
